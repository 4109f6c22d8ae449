"""Extracts as NMPA's sharing interface answers them: JSON, one answer after the other, with devices and beside them what belongs to them.

    {"returnCode": 1, "dataSet": {"deviceInfo": [{"zxxsdycpbs": …, "deviceRecordKey": …}], "packingInfo": […], "storageInfo": […],
     "clinicalInfo": […]}}

Members are those of the releases, in small or capital letters, so a record is made to the release's own (`xml/nmpa`) and read as one. What
stands beside several devices belongs to the one that `deviceRecordKey` names; where it names none, nobody can tell, and the answer is told
as one that cannot be read (EXT-01) rather than spread over all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from lxml import etree

from connectors.extracts.record import NMPA, Published, Tally, Wanted
from connectors.formats.json.scanner import BrokenError, Scanner
from data_contracts.findings import Finding

_RECORD_BYTES = 32 * 1024 * 1024
_TOLD = re.compile(rb'"(?:dataSet|returnCode)"\s*:')
_NAMES = {name.lower(): name for name in ("deviceRecordKey", "versionNumber", "versionTime", "versionStauts", "correctionNumber")}
_NAMES["versionstatus"] = "versionStauts"  # the releases' own spelling
_BESIDE = {
    "packingInfo": ("packingList", "packing"),
    "storageInfo": ("storageList", "storage"),
    "clinicalInfo": ("clinicalList", "clinical"),
    "contactList": ("contactList", "contact"),
}
_DIS, _COMPANIES = ("zxxsdycpbs", "sydycpbs", "btcpbs"), ("tyshxydm", "ylqxzcrbarmc", "ylqxzcrbarywmc")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")


def fits(head: bytes) -> bool:
    """Whether a document may be such an answer."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and _TOLD.search(head) is not None


def read(name: str, stream: BinaryIO, wanted: Wanted, tally: Tally) -> Iterator[Published]:
    """The wanted devices of all answers of one document."""
    scanner = Scanner.over(stream, _RECORD_BYTES)
    ordinal = 0
    try:
        while scanner.space() >= 0:
            ordinal += 1
            where = f"{name}#{ordinal}"
            try:
                answer = json.loads(scanner.value("").content, parse_float=str, parse_int=str)
            except (ValueError, RecursionError) as error:
                tally.broken(Finding("EXT-01", got=f"{where}: {error}"))
                continue
            yield from _devices(answer, where, wanted, tally)
    except BrokenError as error:
        tally.broken(Finding("EXT-01", got=f"{name}: {error.finding.text()}"))


def _devices(answer: Any, where: str, wanted: Wanted, tally: Tally) -> Iterator[Published]:
    found = answer.get("dataSet") if isinstance(answer, Mapping) else None
    beside = found if isinstance(found, Mapping) else {}
    devices = [_small(one) for one in beside.get("deviceInfo") or () if isinstance(one, Mapping)]
    for device in devices:
        tally.records += 1
        packings = _of(beside, "packingInfo", device, len(devices))
        dis = [str(one[key]) for one in (device, *(packings or ())) for key in (*_DIS, "bzcpbs") if one.get(key)]
        companies = [str(device[key]) for key in _COMPANIES if device.get(key)]
        if not wanted(dis, companies):
            continue
        parts = {name: _of(beside, name, device, len(devices)) for name in _BESIDE}
        if any(part is None for part in parts.values()):
            tally.broken(
                Finding("EXT-01", got=f"{where}: {dis[0] if dis else '-'} stands among others, and nothing says what belongs to it")
            )
            continue
        content, forbidden = _record(device, {name: part or [] for name, part in parts.items()})
        findings = (Finding("EXT-03", got=str(forbidden)),) if forbidden else ()
        yield Published(NMPA, where, tuple(dis), tuple(companies), content, findings)


def _of(beside: Mapping[str, Any], name: str, device: Mapping[str, Any], devices: int) -> list[dict[str, Any]] | None:
    """What belongs to a device; None where that cannot be told."""
    listed = device.get(name.lower()) if name.lower() in device else beside.get(name)
    rows = [_small(row) for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []
    if name.lower() in device or devices == 1 or not rows:
        return rows
    key = device.get("devicerecordkey")
    if not key or any(not row.get("devicerecordkey") for row in rows):
        return None
    return [row for row in rows if row["devicerecordkey"] == key]


def _small(record: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in record.items()}


def _record(device: Mapping[str, Any], parts: Mapping[str, list[dict[str, Any]]]) -> tuple[bytes, int]:
    """A release of this device alone, and how many characters XML does not allow were left out."""
    root = etree.Element("udid", version="1.0")
    record = etree.SubElement(etree.SubElement(root, "devices"), "device")
    forbidden = _members(record, device)
    for name, (listed, tag) in _BESIDE.items():
        if parts[name]:
            holder = etree.SubElement(record, listed)
            forbidden += sum(
                _members(etree.SubElement(holder, tag), {key: value for key, value in row.items() if key != "devicerecordkey"})
                for row in parts[name]
            )
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True), forbidden


def _members(element: Any, record: Mapping[str, Any]) -> int:
    forbidden = 0
    for name, value in record.items():
        if value is None or isinstance(value, dict | list) or _WORD.fullmatch(name) is None:
            continue
        text, count = _FORBIDDEN.subn("", str(value))
        forbidden += count
        etree.SubElement(element, _NAMES.get(name, name)).text = text
    return forbidden
