"""Golden records: which master records mean the same thing, and every name it is known by. Pure. `kinds.yaml` has what is data of it.

Two item records are one when they bear the same code in one system, or share a GTIN of any packaging level. Device records are one when
they share a UDI-DI, primary or secondary, however it is written. Party records are one when they bear the same code in one system; that
two codes are one company is never decided here but shown to a steward (`suspects`). Locations are one when they share a GLN, lots when
their golden item and their number are the same. What a steward decided of a pair goes before all of this (`clusters`). The golden id is
the smallest subject id of a cluster; a name that two claim is the first one's by system and code, so that the outcome depends on the
standing records and the decisions alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from data_contracts.identifiers.device_identifier import normal
from hub.masterdata.clusters import Pair, Partition, Source, clusters
from hub.masterdata.kinds import described

Name = tuple[str, str]
"""Scheme and value."""


@dataclass(frozen=True, slots=True)
class Record:
    """A standing master record."""

    subject_id: int
    application_id: int
    exchange_id: int
    organisation_id: int
    system: str
    code: str
    body: Mapping[str, Any]
    keeper: str = ""
    """Kind of system: erp, wms, supplier …"""
    issued_at: int = 0
    """When the system said so, microseconds UTC."""
    thing: str = ""
    """What it is of: the name of a lot's item (`things`)."""

    @property
    def source(self) -> Source:
        """By which decisions name it."""
        return (self.system, self.code)

    @property
    def order(self) -> tuple[str, str, int, int]:
        """Decides whose word counts."""
        return (self.system, self.code, self.organisation_id, self.subject_id)


@dataclass(frozen=True, slots=True)
class NameRow:
    """A row of the crosswalk."""

    scheme: str
    value: str
    golden_id: int
    application_id: int
    base_quantity: Decimal
    unit: str | None


def item_names(record: Record) -> list[tuple[Name, Decimal, str | None]]:
    """Every name of an item record, with the base units that it stands for and their unit."""
    body = record.body
    base_unit = body.get("base_unit")
    found: list[tuple[Name, Decimal, str | None]] = [((f"code:{record.system}", record.code), Decimal(1), base_unit)]
    if body.get("gtin"):
        found.append((("gtin", _gtin14(body["gtin"])), Decimal(1), base_unit))
    for level in body.get("trade_items") or ():
        found.append((("gtin", _gtin14(level["gtin"])), Decimal(str(level.get("quantity", 1))), level.get("unit")))
    for offered in body.get("supplier_items") or ():
        found.append(((f"supplier:{record.system}/{offered['supplier']}", offered["code"]), Decimal(1), base_unit))
    return found


def party_names(record: Record) -> list[tuple[Name, Decimal, str | None]]:
    """Every name of a party record."""
    found: list[tuple[Name, Decimal, str | None]] = [((f"code:{record.system}", record.code), Decimal(1), None)]
    for scheme, member in (("gln", "gln"), ("tax", "tax_number"), ("licence", "licence")):
        if record.body.get(member):
            found.append(((scheme, str(record.body[member]).strip()), Decimal(1), None))
    tax = "".join(str(record.body.get("tax_number") or "").split()).upper()
    if is_credit_code(tax):
        found.append((("credit_code", tax), Decimal(1), None))
    return found


_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Characters of a 统一社会信用代码 in the order of their values (GB 32100-2015, table 2)."""


def is_credit_code(text: str) -> bool:
    """Whether this is a unified social credit code with its check character (GB 32100-2015: weights are powers of 3, modulo 31).

    >>> is_credit_code("91350100M000100Y43"), is_credit_code("91350100M000100Y44")
    (True, False)
    """
    if len(text) != 18 or not set(text) <= set(_CREDIT):
        return False
    total = sum(_CREDIT.index(character) * pow(3, place, 31) for place, character in enumerate(text[:17]))
    return _CREDIT[-total % 31] == text[17]


def device_names(record: Record) -> list[tuple[Name, Decimal, str | None]]:
    """Every identifier of a device in its normal form, with the devices that are under it."""
    body = record.body
    held = Decimal(body.get("base_quantity") or 1)
    own = normal(record.code)
    found: list[tuple[Name, Decimal, str | None]] = [((f"code:{record.system}", record.code), held, None), (("di", own), held, None)]
    found += [(("di", normal(other["di"])), held, None) for other in body.get("secondary_dis") or ()]
    found += [(("direct_mark", normal(mark["di"])), Decimal(1), None) for mark in body.get("direct_marks") or ()]
    for scheme, member, quantity in (("unit_of_use", "unit_of_use_di", Decimal(1)), ("previous", "previous_di", held)):
        if body.get(member):
            found.append(((scheme, normal(body[member])), quantity, None))
    inside = {own: held}
    levels = list(body.get("packages") or ())
    while levels:
        known = [level for level in levels if normal(level["contains"]) in inside]
        for level in known:
            inside[normal(level["di"])] = inside[normal(level["contains"])] * int(level["quantity"])
            found.append((("package", normal(level["di"])), inside[normal(level["di"])], None))
        if not known:
            break  # rule DEV-03 or DEV-06 tells of the rest, and they never came in
        levels = [level for level in levels if level not in known]
    return found


def named_by_members(kind: str) -> Callable[[Record], list[tuple[Name, Decimal, str | None]]]:
    """Names of records of a kind that its description tells."""

    def names(record: Record) -> list[tuple[Name, Decimal, str | None]]:
        found: list[tuple[Name, Decimal, str | None]] = [((f"code:{record.system}", record.code), Decimal(1), None)]
        for scheme, members in described()[kind].names.items():
            parts = [record.thing if member == "of" else str(record.body.get(member) or "").strip() for member in members]
            if all(parts):
                found.append(((scheme, "|".join(parts)), Decimal(1), None))
        return found

    return names


_NAMES: Mapping[str, Callable[[Record], list[tuple[Name, Decimal, str | None]]]] = {
    "item": item_names,
    "party": party_names,
    "device": device_names,
    **{kind: named_by_members(kind) for kind, one in described().items() if one.names},
}


def names_of(kind: str, record: Record) -> list[tuple[Name, Decimal, str | None]]:
    """Every name of a record of a kind."""
    return _NAMES[kind](record)


def shared_by(kind: str, records: Sequence[Record]) -> list[list[Source]]:
    """Groups of sources that bear one identifier by which records of this kind are one, each in the order in which their word counts."""
    groups: dict[str, dict[Source, None]] = {}
    joining = described()[kind].joins
    for record in sorted(records, key=lambda record: record.order):
        for (scheme, value), _, _ in names_of(kind, record):
            if scheme == joining:
                groups.setdefault(value, {}).setdefault(record.source)
    return [list(groups[value]) for value in sorted(groups) if len(groups[value]) > 1]


def partition_of(kind: str, records: Sequence[Record], verdicts: Mapping[Pair, str] | None = None) -> Partition:
    """Which sources are one thing: those of the records, and those that only verdicts name, since what was one with them still is."""
    said = verdicts or {}
    named = {record.source for record in records} | {source for pair in said for source in pair}
    return clusters(shared_by(kind, records), named, said)


def golden_ids(records: Iterable[Record], partition: Partition) -> dict[Source, int]:
    """The golden id of each source: the smallest subject id of its cluster."""
    smallest: dict[Source, int] = {}
    listed = list(records)
    for record in listed:
        whole = partition[record.source]
        smallest[whole] = min(smallest.get(whole, record.subject_id), record.subject_id)
    return {record.source: smallest[partition[record.source]] for record in listed}


def rows_of(kind: str, records: Sequence[Record], verdicts: Mapping[Pair, str] | None = None) -> list[NameRow]:
    """The crosswalk of these records, each name once."""
    ordered = sorted(records, key=lambda record: record.order)
    golden = golden_ids(ordered, partition_of(kind, ordered, verdicts))
    rows: dict[Name, NameRow] = {}
    for record in ordered:
        for (scheme, value), quantity, unit in names_of(kind, record):
            rows.setdefault((scheme, value), NameRow(scheme, value, golden[record.source], record.application_id, quantity, unit))
    return [rows[name] for name in sorted(rows)]


def _gtin14(gtin: Any) -> str:
    text = str(gtin)
    return text.zfill(14) if text.isdigit() and len(text) < 14 else text
