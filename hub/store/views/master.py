"""Items and parties: what every system says of them, and the names by which they are known. Master data belongs to all organisations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.store.crosswalk import supplier_codes
from hub.store.golden_tables import golden_record
from hub.store.lists import among
from hub.store.tables import application, crosswalk, master_record, partner, subject


def items(
    connection: sa.Connection, partner_id: int | None = None, *, find: str | None = None, cursor: str | None = None, limit: int = 100
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of items by code, and the cursor of the next page. A partner sees what it supplies.

    `find` is part of a code or name, or a GTIN.
    """
    return page(connection, "item", partner_id, find, cursor, limit)


def parties(
    connection: sa.Connection, partner_id: int | None = None, *, find: str | None = None, cursor: str | None = None, limit: int = 100
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of parties by code, and the cursor of the next page. A partner sees itself.

    `find` is part of a code or name, a GLN or tax number.
    """
    return page(connection, "party", partner_id, find, cursor, limit)


def item(connection: sa.Connection, name: str, partner_id: int | None = None) -> dict[str, Any]:
    """One item by a code of any system (`system/code` of one), a supplier's number or a GTIN of any packaging level; `also` has the others
    that are called the same. Raises NotFoundError."""
    return _one(connection, "item", name.zfill(14) if name.isdigit() and len(name) in (8, 12, 13) else name, name, partner_id)


def party(connection: sa.Connection, name: str, partner_id: int | None = None) -> dict[str, Any]:
    """One party by code (`system/code` of one system), GLN or tax number; `also` has the others that are called the same. Raises
    NotFoundError."""
    return _one(connection, "party", name, name, partner_id)


def _one(connection: sa.Connection, kind: str, value: str, stated: str, partner_id: int | None) -> dict[str, Any]:
    system, slash, code = stated.partition("/")
    named: sa.ColumnElement[bool] = crosswalk.c.value.in_({value, stated})
    if slash:
        named = sa.or_(named, sa.and_(crosswalk.c.scheme == f"code:{system}", crosswalk.c.value == code))
    goldens = set(connection.execute(sa.select(crosswalk.c.golden_id).where(crosswalk.c.kind == kind, named)).scalars())
    seen = visible(connection, kind, partner_id)
    if seen is not None:
        goldens &= seen
    if not goldens:
        raise NotFoundError(f"there is no {kind} {stated}")
    first, *others = golden_records(connection, kind, sorted(goldens))
    namesakes = [{"golden_id": one["golden_id"], "code": one["code"], "name": one.get("name"), "sources": one["sources"]} for one in others]
    return {**first, "also": namesakes}


def page(
    connection: sa.Connection,
    kind: str,
    partner_id: int | None,
    find: str | None,
    cursor: str | None,
    limit: int,
    chosen: sa.Select[Any] | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of golden records of a kind by code; `chosen` selects the golden ids among which it is."""
    first = sa.func.min(crosswalk.c.value)
    query = (
        sa.select(crosswalk.c.golden_id, first.label("code"))
        .where(crosswalk.c.kind == kind, crosswalk.c.scheme.startswith("code:", autoescape=True))
        .group_by(crosswalk.c.golden_id)
        .order_by(first, crosswalk.c.golden_id)
    )
    seen = visible(connection, kind, partner_id)
    if seen is not None:
        query = query.where(among(connection, crosswalk.c.golden_id, sorted(seen)))
    if chosen is not None:
        query = query.where(crosswalk.c.golden_id.in_(chosen))
    if find:
        query = query.where(crosswalk.c.golden_id.in_(_found(kind, find)))
    if cursor is not None:
        golden, _, code = cursor.partition("|")
        query = query.having(sa.or_(first > code, sa.and_(first == code, crosswalk.c.golden_id > int(golden))))
    rows = connection.execute(query.limit(limit + 1)).all()
    following = f"{rows[limit - 1].golden_id}|{rows[limit - 1].code}" if len(rows) > limit else None
    return golden_records(connection, kind, [row.golden_id for row in rows[:limit]]), following


def _found(kind: str, text: str) -> sa.Select[Any]:
    """Golden ids of records with this text in a code, number or name."""
    known = crosswalk.alias()
    names = master_record.c.name, master_record.c.name_zh, master_record.c.code
    return (
        sa.select(known.c.golden_id)
        .select_from(known)
        .join(master_record, sa.and_(master_record.c.application_id == known.c.application_id, master_record.c.kind == kind))
        .where(
            known.c.kind == kind,
            sa.or_(known.c.value == text, known.c.value == text.zfill(14), *(column.icontains(text, autoescape=True) for column in names)),
        )
    )


def visible(connection: sa.Connection, kind: str, partner_id: int | None) -> set[int] | None:
    """Golden ids that a partner may see; null: all."""
    if partner_id is None:
        return None
    row = connection.execute(sa.select(partner.c.key, partner.c.gln).where(partner.c.id == partner_id)).one()
    codes = sorted(supplier_codes(connection).get(partner_id, ()))
    schemes = [f"code:{row.key}", *(f"supplier:{code}" for code in codes)]
    chosen: sa.ColumnElement[bool] = crosswalk.c.scheme.in_(schemes)
    if kind == "party":
        chosen = sa.or_(chosen, sa.and_(crosswalk.c.scheme == "gln", crosswalk.c.value == row.gln))
    if kind == "device":
        supplied = crosswalk.alias()
        known = crosswalk.alias()
        gtins = (
            sa.select(known.c.value)
            .select_from(supplied)
            .join(known, sa.and_(known.c.kind == "item", known.c.scheme == "gtin", known.c.golden_id == supplied.c.golden_id))
            .where(supplied.c.kind == "item", supplied.c.scheme.in_(schemes))
        )
        chosen = sa.or_(chosen, sa.and_(crosswalk.c.scheme == "di", crosswalk.c.value.in_(gtins)))
    return set(connection.execute(sa.select(crosswalk.c.golden_id).where(crosswalk.c.kind == kind, chosen)).scalars())


def golden_records(connection: sa.Connection, kind: str, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Golden records in the order of `ids`: the record whose word counts, all names, all sources."""
    names: dict[int, list[Any]] = {number: [] for number in ids}
    for row in connection.execute(
        sa.select(crosswalk)
        .where(crosswalk.c.kind == kind, among(connection, crosswalk.c.golden_id, list(ids)))
        .order_by(crosswalk.c.scheme, crosswalk.c.value)
    ):
        names[row.golden_id].append(row)
    codes = {(row.scheme[5:], row.value): row.golden_id for rows in names.values() for row in rows if row.scheme.startswith("code:")}
    records: dict[int, list[Any]] = {number: [] for number in ids}
    if codes:
        statement = (
            sa.select(
                partner.c.key.label("system"),
                subject.c.key.label("code"),
                application.c.exchange_id,
                application.c.revision,
                master_record.c.body,
            )
            .select_from(subject)
            .join(application, application.c.id == subject.c.standing_id)
            .join(master_record, master_record.c.application_id == application.c.id)
            .join(partner, partner.c.id == subject.c.issuer_id)
            .where(subject.c.kind == kind, among(connection, subject.c.key, sorted({code for _, code in codes})))
            .order_by(partner.c.key, subject.c.key, subject.c.organisation_id)
        )
        for row in connection.execute(statement):
            golden = codes.get((row.system, row.code))
            if golden is not None:
                records[golden].append(row)
    made = _made(connection, kind, ids) if kind in ("item", "party") else {}  # a device is what its version in effect says
    return [_shown(number, names[number], records[number], made.get(number)) for number in ids]


def _made(connection: sa.Connection, kind: str, ids: Sequence[int]) -> dict[int, Any]:
    """The values that won, as reconcile keeps them."""
    statement = sa.select(golden_record).where(golden_record.c.kind == kind, among(connection, golden_record.c.golden_id, list(ids)))
    return {row.golden_id: row for row in connection.execute(statement)}


def body_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says of the thing, without what it says of itself as a message."""
    return {name: value for name, value in body.items() if name not in ("purpose", "issued_at_source", "entity")}


def _shown(number: int, names: Sequence[Any], records: Sequence[Any], made: Any) -> dict[str, Any]:
    return {
        "golden_id": number,
        "code": records[0].code if records else None,
        **(body_of(records[0].body) if records else {}),
        **({} if made is None else made.body),
        "names": [{"scheme": row.scheme, "value": row.value, "base_quantity": row.base_quantity, "unit": row.unit} for row in names],
        "sources": [{"system": row.system, "code": row.code, "revision": row.revision, "exchange_id": row.exchange_id} for row in records],
        **({} if made is None else {"chosen": {name: dict(zip(_WON, won, strict=True)) for name, won in made.won.items()}}),
    }


_WON = ("why", "system", "code")
