"""Golden records: which master records mean the same item, party or device, and every name it is known by. Pure.

Two item records are one when they bear the same code in one system, or share a GTIN of any packaging level. Device records are one when
they share a UDI-DI, primary or secondary, however it is written. Party records are one when they bear the same code in one system; that
two codes are one company is never decided here but shown to a steward (`duplicates`). The golden id is the smallest subject id of a
cluster; which value wins is decided by system and code, so that the outcome depends on the standing records alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from data_contracts.identifiers.device_identifier import normal

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
    for scheme, member in (("gln", "gln"), ("tax", "tax_number")):
        if record.body.get(member):
            found.append(((scheme, str(record.body[member]).strip()), Decimal(1), None))
    return found


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


_NAMES: Mapping[str, Callable[[Record], list[tuple[Name, Decimal, str | None]]]] = {
    "item": item_names,
    "party": party_names,
    "device": device_names,
}
_JOINS = {"item": "gtin", "device": "di"}
"""Scheme whose equal values make records one, beside the code in one system."""


def names_of(kind: str, record: Record) -> list[tuple[Name, Decimal, str | None]]:
    """Every name of a record of a kind."""
    return _NAMES[kind](record)


def rows_of(kind: str, records: Sequence[Record]) -> list[NameRow]:
    """The crosswalk of these records, each name once."""
    ordered = sorted(records, key=lambda record: record.order)
    golden = _clusters(kind, ordered)
    rows: dict[Name, NameRow] = {}
    for record in ordered:
        for (scheme, value), quantity, unit in names_of(kind, record):
            rows.setdefault((scheme, value), NameRow(scheme, value, golden[record.subject_id], record.application_id, quantity, unit))
    return [rows[name] for name in sorted(rows)]


def _clusters(kind: str, records: Iterable[Record]) -> dict[int, int]:
    """Subject id → golden id."""
    parent: dict[int, int] = {}

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    first: dict[Name, int] = {}
    for record in records:
        parent.setdefault(record.subject_id, record.subject_id)
        for name, _, _ in names_of(kind, record):
            if name[0].startswith("code:") or name[0] == _JOINS.get(kind):
                known = root(first.setdefault(name, record.subject_id))
                own = root(record.subject_id)
                parent[max(known, own)] = min(known, own)
    return {number: root(number) for number in parent}


def _gtin14(gtin: Any) -> str:
    text = str(gtin)
    return text.zfill(14) if text.isdigit() and len(text) < 14 else text
