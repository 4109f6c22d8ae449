"""What a record is of: the golden item of a lot, so that lots of one item and number are one, however each system names the item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from hub.masterdata.golden import Record
from hub.masterdata.kinds import described
from hub.store.crosswalk import ItemName, Names, names_for


def with_things(connection: sa.Connection, kind: str, records: Sequence[Record]) -> list[Record]:
    """The records with what they are of, for kinds that are of something; the others as they are."""
    if described()[kind].of is None or not records:
        return list(records)
    values = {str(record.body[name]) for record in records for name in ("gtin", "item_code") if record.body.get(name)}
    names = names_for(connection, values)
    partners = {key: number for number, (key, _) in names.partners.items()}
    return [replace(record, thing=_item(names, partners[record.system], record)) for record in records]


def _item(names: Names, partner_id: int, record: Record) -> str:
    """The GTIN of the golden item, else its first code with its system; what nothing is known of, as the record has it."""
    gtin, code = record.body.get("gtin"), record.body.get("item_code")
    stated = str(gtin).zfill(14) if gtin else None
    found = names.item(ItemName(partner_id, gtin=stated, item_code=code))
    if found is None:
        return stated or f"{record.system}/{code}"
    return found.gtin or min(f"{scheme[5:]}/{value}" for scheme, value in found.names if scheme.startswith("code:"))
