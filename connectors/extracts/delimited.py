"""AccessGUDID's delimited release: nine tables of text with `|` between columns, joined by the primary DI.

Read twice: identifiers and companies tell which devices are wanted, then the rows of these are put together as the XML release has them,
so that one grammar and one mapping read both. Where many are wanted they are taken in turns, so that memory stays flat.
"""

from __future__ import annotations

import csv
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from lxml import etree

from connectors.archive import Archive
from connectors.extracts.record import GUDID, Published, Tally, Wanted
from data_contracts.findings import Finding

_TURN = 5_000
"""Devices that are put together in one turn."""
_LINE_BYTES = 1024 * 1024
_PIECE = 256 * 1024
_KEY = "PrimaryDI"
_DEVICE = "device.txt"
_IDENTIFIERS = "identifiers.txt"
_BOOLEANS = frozenset({
    "DMExempt", "premarketExempt", "deviceHCTP", "deviceKit", "deviceCombinationProduct", "singleUse", "lotBatch", "serialNumber",
    "manufacturingDate", "expirationDate", "donationIdNumber", "labeledContainsNRL", "labeledNoNRL", "rx", "otc", "deviceSterile",
    "sterilizationPriorToUse", "implantable",
})  # fmt: skip
_STERILE = ("deviceSterile", "sterilizationPriorToUse")
_LISTS = {
    _IDENTIFIERS: ("identifiers", "identifier"),
    "contacts.txt": ("contacts", "customerContact"),
    "gmdnTerms.txt": ("gmdnTerms", "gmdn"),
    "productCodes.txt": ("productCodes", "fdaProductCode"),
    "premarketSubmissions.txt": ("premarketSubmissions", "premarketSubmission"),
    "deviceSizes.txt": ("deviceSizes", "deviceSize"),
    "environmentalConditions.txt": ("environmentalConditions", "storageHandling"),
}
"""Tables whose rows are elements in a list of the XML release."""
_METHODS = "sterilizationMethodTypes.txt"
_NESTED = ("size", "storageHandlingHigh", "storageHandlingLow")
"""Columns `size_unit`, `size.unit` or `sizeUnit` are one element with two below it."""
Row = Mapping[str, str]


def fits(names: Sequence[str]) -> bool:
    """Whether an archive holds the tables of a delimited release."""
    return {_DEVICE, _IDENTIFIERS} <= set(_tables(names))


def read(archive: Archive, wanted: Wanted, tally: Tally) -> Iterator[Published]:
    """The wanted devices."""
    tables = _tables(archive.names)
    chosen: dict[str, None] = {}
    for row in _rows(archive, tables[_DEVICE], tally):
        tally.records += 1
        if wanted([row.get(_KEY, "")], _companies(row)):
            chosen[row[_KEY]] = None
    for row in _rows(archive, tables[_IDENTIFIERS], tally):
        if wanted([row.get("deviceId", "")], []):
            chosen[row.get(_KEY, "")] = None
    keys = [key for key in chosen if key]
    for start in range(0, len(keys), _TURN):
        yield from _turn(archive, tables, frozenset(keys[start : start + _TURN]), tally)


def _turn(archive: Archive, tables: Mapping[str, str], keys: frozenset[str], tally: Tally) -> Iterator[Published]:
    held: dict[str, dict[str, list[Row]]] = {}
    for table, name in tables.items():
        if table in _LISTS or table in (_DEVICE, _METHODS):
            for row in _rows(archive, name, tally):
                if row.get(_KEY) in keys:
                    held.setdefault(row[_KEY], {}).setdefault(table, []).append(row)
    for key, rows in held.items():
        if _DEVICE in rows:
            device = rows[_DEVICE][-1]
            dis = tuple(row["deviceId"] for row in rows.get(_IDENTIFIERS, ()) if row.get("deviceId"))
            yield Published(GUDID, f"{tables[_DEVICE]} {key}", dis, tuple(_companies(device)), _together(device, rows))


def _together(device: Row, rows: Mapping[str, Sequence[Row]]) -> bytes:
    """One device as the XML release has it."""
    root = etree.Element("gudid")
    element = etree.SubElement(root, "device")
    for name, value in device.items():
        if name != _KEY and name not in _STERILE:
            _text(element, name, value)
    for table, (outer, inner) in _LISTS.items():
        if rows.get(table):
            listed = etree.SubElement(element, outer)
            for row in rows[table]:
                _element(etree.SubElement(listed, inner), row)
    methods = [row.get("sterilizationMethod", "") for row in rows.get(_METHODS, ())]
    if methods or any(device.get(name) for name in _STERILE):
        sterilization = etree.SubElement(element, "sterilization")
        for name in _STERILE:
            _text(sterilization, name, device.get(name, ""))
        if methods:
            types = etree.SubElement(sterilization, "methodTypes")
            for method in methods:
                _text(types, "sterilizationMethod", method)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _element(element: etree._Element, row: Row) -> None:
    nested: dict[str, etree._Element] = {}
    for name, value in row.items():
        outer, inner = _split(name)
        if not value or name == _KEY:
            continue
        if outer is None:
            _text(element, name, value)
            continue
        if outer not in nested:
            nested[outer] = etree.SubElement(element, outer)
        _text(nested[outer], inner, value)


def _split(column: str) -> tuple[str | None, str]:
    for outer in _NESTED:
        rest = column.removeprefix(outer).lstrip("_.")
        if rest != column and rest.lower() in ("unit", "value"):
            return outer, rest.lower()
    return None, column


def _text(parent: etree._Element, name: str, value: str) -> None:
    if not value:
        return
    said = value.lower() if name in _BOOLEANS else value
    child = etree.SubElement(parent, name)
    child.text = {"yes": "true", "no": "false"}.get(said, said) if name in _BOOLEANS else said


def _companies(row: Row) -> list[str]:
    return [value for name in ("dunsNumber", "companyName") if (value := row.get(name, ""))]


def _tables(names: Sequence[str]) -> dict[str, str]:
    return {posixpath.basename(name): name for name in names}


def _rows(archive: Archive, name: str, tally: Tally) -> Iterator[dict[str, str]]:
    """Rows of one table by column. A row that is cut or overlong is told, and the rest is read."""
    with archive.part(name) as part:
        reader = csv.reader(_lines(part, name, tally), delimiter="|", quotechar='"', strict=False)
        heads: list[str] | None = None
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                tally.broken(Finding("EXT-01", got=f"{name}, line {reader.line_num}: {error}"))
                continue  # a quote that nobody closes swallows some rows, not the table
            if heads is None:
                heads = [cell.strip().lstrip("﻿") for cell in cells]
                if _KEY not in heads:
                    tally.broken(Finding("EXT-04", expected=f"{_KEY}|…", got=f"{name}: {'|'.join(heads)[:80]}"))
                    return
            elif cells:
                yield {head: _clean(cell) for head, cell in zip(heads, cells, strict=False)}


def _clean(cell: str) -> str:
    """Without the characters that XML, in which the record goes on, does not allow."""
    stripped = cell.strip()
    return stripped if stripped.isprintable() else "".join(mark for mark in stripped if mark >= " " or mark in "\t\n\r")


def _lines(part: BinaryIO, name: str, tally: Tally) -> Iterator[str]:
    """Lines of any length up to the bound; a longer one ends the table, since it may have no end."""
    rest = b""
    while piece := part.read(_PIECE):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace") + "\n"
        if len(rest) > _LINE_BYTES:
            tally.broken(Finding("EXT-02", expected=str(_LINE_BYTES), got=name, params={"what": "bytes"}))
            return
    if rest:
        yield rest.decode("utf-8", "replace")
