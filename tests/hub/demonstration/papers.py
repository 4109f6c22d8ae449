"""Reads the story's files with the standard library alone: a second judge, which shares no code with the generator or the hub."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

NAMESPACE = "{urn:hansa:wms:receipts:1}"


def interchange(content: bytes) -> tuple[list[str], list[list[list[str]]]]:
    """ISA elements and the segments of each set. Raises AssertionError for whatever is wrong with the envelope."""
    text = content.decode("ascii")
    element, ends = text[3], text[105]
    assert all(text[place] == element for place in (6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)), "ISA is not fixed"
    segments = [part.strip("\n").split(element) for part in text.split(ends)[:-1]]
    assert text.rstrip("\n").endswith(ends), "the last segment has no terminator"
    isa, gs, ge, iea = segments[0], segments[1], segments[-2], segments[-1]
    assert (isa[0], gs[0], ge[0], iea[0]) == ("ISA", "GS", "GE", "IEA"), "frame is broken"
    assert iea[1] == "1" and iea[2] == isa[13] and ge[2] == gs[6], "control numbers differ"
    assert gs[8][:5] == isa[12] and len(gs[4]) == 8, "version or date of the group"
    sets: list[list[list[str]]] = []
    for parts in segments[2:-2]:
        if parts[0] == "ST":
            sets.append([])
        sets[-1].append(parts)
    assert ge[1] == str(len(sets)), "GE01"
    for body in sets:
        assert body[-1][0] == "SE" and body[-1][2] == body[0][2] and body[-1][1] == str(len(body)), "SE"
    return isa, sets


@dataclass
class Line:
    """What everybody says about one order line, in the unit each of them states."""

    ordered: tuple[Decimal, str, Decimal] = (Decimal(0), "", Decimal(0))
    requested: str = ""
    confirmed: list[tuple[Decimal, str]] = field(default_factory=list)
    despatched: dict[str, list[tuple[str, Decimal, str]]] = field(default_factory=lambda: defaultdict(list))
    """Despatch number to lot, quantity, unit."""
    received: list[tuple[str, Decimal, str]] = field(default_factory=list)
    invoiced: list[tuple[Decimal, str, Decimal]] = field(default_factory=list)


@dataclass
class Papers:
    """All believable documents of a story, put together by business key."""

    lines: dict[tuple[str, str], Line] = field(default_factory=lambda: defaultdict(Line))
    revisions: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    stock: dict[tuple[str, str], tuple[str, dict[tuple[str, str, str], Decimal]]] = field(default_factory=dict)
    """(system, location) to the newest count: when, and (gtin, lot, status) to quantity."""
    expiry: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    parties: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: dict[str, dict[str, str]] = field(default_factory=dict)
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    moves: list[tuple[str, str, str, Decimal]] = field(default_factory=list)
    """(location, gtin, lot, quantity) of receipts, production and deliveries."""
    serials: list[tuple[str, str]] = field(default_factory=list)
    keys: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Kind of identifier to all values met."""


def read(folder: Path, paths: list[str]) -> Papers:
    """Read the documents at these paths, in order."""
    papers = Papers()
    for path in paths:
        content = (folder / path).read_bytes()
        name = path.rpartition("/")[2]
        if name.endswith(".edi"):
            _, sets = interchange(content)
            for body in sets:
                {"855": _response, "856": _despatch, "810": _invoice}[body[0][1]](papers, body)
        elif name.startswith("items"):
            for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"))):
                papers.items[row["item_code"]] = row
                papers.keys["gtin"] |= {row["gtin_each"], row["gtin_case"]} - {""}
        elif name.startswith("parties"):
            for party in json.loads(content)["parties"]:
                papers.parties[party["code"]] = party
                papers.keys["gln"] |= {party["gln"]} if "gln" in party else set()
        elif name.startswith("devices"):
            for device in json.loads(content)["devices"]:
                papers.devices[device["udi_di"]] = device
                papers.keys["gtin"] |= {device["udi_di"], *(level["di"] for level in device["packages"])}
        elif name.startswith("orders"):
            _orders(papers, name, content)
        elif name.startswith("stock"):
            _stock(papers, name, content)
        elif name.startswith("receipts"):
            _receipts(papers, content)
        elif name.startswith("despatches"):
            _deliveries(papers, content)
        else:
            _production(papers, content)
    return papers


def _pairs(parts: list[str], first: int) -> dict[str, str]:
    return dict(zip(parts[first::2], parts[first + 1 :: 2], strict=True))


def _gtin(papers: Papers, pairs: dict[str, str]) -> str:
    gtin = pairs.get("UK") or pairs["EN"]
    papers.keys["gtin"].add(gtin)
    return gtin


def _names(papers: Papers, body: list[list[str]]) -> None:
    papers.keys["gln"] |= {parts[4] for parts in body if parts[0] == "N1"}


def _response(papers: Papers, body: list[list[str]]) -> None:
    order = next(parts for parts in body if parts[0] == "BAK")[3]
    _names(papers, body)
    line = ""
    for parts in body:
        if parts[0] == "PO1":
            line = parts[1]
            _gtin(papers, _pairs(parts, 6))
        elif parts[0] == "ACK":
            papers.lines[(order, line)].confirmed.append((Decimal(parts[2]), parts[3]))


def _despatch(papers: Papers, body: list[list[str]]) -> None:
    purpose, number = body[1][1], body[1][2]
    order = next(parts for parts in body if parts[0] == "PRF")[1]
    _names(papers, body)
    for (other, _), line in papers.lines.items():
        if other == order and purpose in ("01", "05"):
            line.despatched.pop(number, None)
    if purpose == "01":
        return
    at, quantity, unit, gtin = "", Decimal(0), "", ""
    for place, parts in enumerate(body):
        if parts[0] == "HL":
            assert int(parts[1]) == sum(1 for other in body[: place + 1] if other[0] == "HL"), "HL01"
        elif parts[0] == "MAN":
            assert re.fullmatch(r"00\d{18}", parts[2])
            papers.keys["sscc"].add(parts[2][2:])
        elif parts[0] == "LIN":
            at, gtin = parts[1], _gtin(papers, _pairs(parts, 2))
        elif parts[0] == "SN1":
            quantity, unit = Decimal(parts[2]), parts[3]
        elif parts[0] == "REF" and parts[1] == "LT":
            papers.lines[(order, at)].despatched[number].append((parts[2], quantity, unit))
        elif parts[0] == "DTM" and parts[1] == "036" and unit != "CA":
            papers.expiry[(gtin.zfill(14), papers.lines[(order, at)].despatched[number][-1][0])].add(_iso(parts[2]))
    assert body[-2] == ["CTT", str(sum(1 for parts in body if parts[0] == "HL"))]


def _invoice(papers: Papers, body: list[list[str]]) -> None:
    order = body[1][4]
    total = Decimal(0)
    _names(papers, body)
    for parts in body:
        if parts[0] == "IT1":
            papers.lines[(order, parts[1])].invoiced.append((Decimal(parts[2]), parts[3], Decimal(parts[4])))
            total += Decimal(parts[2]) * Decimal(parts[4])
        elif parts[0] == "TDS":
            assert Decimal(parts[1]) == total * 100, "TDS01"


def _orders(papers: Papers, name: str, content: bytes) -> None:
    if name.endswith(".json"):
        rows = [
            (
                order["number"],
                order["revision"],
                line["line"],
                str(line["quantity"]),
                line["unit"],
                line["unit_price"],
                line["requested_on"],
            )
            for order in json.loads(content)["orders"]
            for line in order["lines"]
        ]
    else:
        table = csv.DictReader(io.StringIO(content.decode("gb18030")), delimiter=";")
        rows = [
            (
                row["order_no"],
                int(row["revision"]),
                row["line"],
                row["quantity"],
                row["unit"],
                row["unit_price"].replace(",", "."),
                "-".join(reversed(row["requested"].split("."))),
            )
            for row in table
        ]
    for number in dict.fromkeys(row[0] for row in rows):
        papers.revisions[number].append(next(row[1] for row in rows if row[0] == number))
    for number, revision, line, quantity, unit, price, requested in rows:
        if revision == max(papers.revisions[number]):
            entry = papers.lines[(number, line)]
            entry.ordered, entry.requested = (Decimal(quantity), unit, Decimal(price)), requested


def _stock(papers: Papers, name: str, content: bytes) -> None:
    if name.endswith(".csv"):
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"))))
        place, at, system = rows[0]["location_gln"], rows[0]["counted_at"], "erp"
    else:
        report = json.loads(content)
        rows, place, at, system = report["stock"], report["warehouse_gln"], report["counted_at"], "wms"
    papers.keys["gln"].add(place)
    for row in rows:
        papers.expiry[(row["gtin"].zfill(14), row["lot"])].add(row["expires_on"])
    if at > papers.stock.get((system, place), ("", {}))[0]:
        papers.stock[(system, place)] = (at, {(r["gtin"].zfill(14), r["lot"], r["status"]): Decimal(r["quantity"]) for r in rows})


def _receipts(papers: Papers, content: bytes) -> None:
    for receipt in ElementTree.fromstring(content):
        order = receipt.findtext(f"{NAMESPACE}OrderNumber")
        site = receipt.find(f"{NAMESPACE}Warehouse")
        assert site is not None
        for row in receipt.findall(f"{NAMESPACE}Line"):
            said = {child.tag.removeprefix(NAMESPACE): child.text or "" for child in row}
            unit = row.find(f"{NAMESPACE}Quantity")
            assert unit is not None
            papers.keys["sscc"].add(said["SSCC"])
            papers.expiry[(said["GTIN"].zfill(14), said["Lot"])].add(said["Expiry"])
            papers.moves.append((site.attrib["gln"], said["GTIN"].zfill(14), said["Lot"], Decimal(said["Quantity"])))
            if order is not None:
                papers.lines[(order, said["OrderLine"])].received.append((said["Lot"], Decimal(said["Quantity"]), unit.attrib["unit"]))


def _deliveries(papers: Papers, content: bytes) -> None:
    for despatch in json.loads(content)["despatches"]:
        papers.keys["gln"] |= {despatch["ship_from_gln"], despatch["ship_to_gln"]}
        for row in despatch["lines"]:
            papers.keys["sscc"].add(row["sscc"])
            papers.moves.append((despatch["ship_from_gln"], row["gtin"].zfill(14), row["lot"], -Decimal(row["quantity"])))
            assert not row["serials"] or len(row["serials"]) == Decimal(row["quantity"])


def _production(papers: Papers, content: bytes) -> None:
    for event in json.loads(content)["events"]:
        for row in event["consumed"]:
            papers.moves.append((event["plant_gln"], row["gtin"].zfill(14), row["lot"], -Decimal(row["quantity"])))
        for row in event["produced"]:
            papers.moves.append((event["plant_gln"], row["gtin"].zfill(14), row["lot"], Decimal(row["quantity"])))
            papers.serials += [(row["gtin"], serial) for serial in row["serials"]]
            assert not row["serials"] or len(row["serials"]) == Decimal(row["quantity"])


def _iso(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"
