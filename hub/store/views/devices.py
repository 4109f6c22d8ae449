"""Devices by any of their identifiers: the version in effect on a day, all versions, all names. Master data belongs to all organisations.

The version in effect is, of what the system says whose word counts, the latest that has begun by the day; before any has begun, the first
to come. A version begins on its `effective_on`, else on the day it was issued.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from data_contracts.identifiers import device_identifier
from hub.store.lists import among
from hub.store.tables import application, crosswalk, master_record, partner, subject
from hub.store.types import moment
from hub.store.views import master

KIND = "device"
_OURS = frozenset({"names", "sources", "versions", "exchange_id", "golden_id"})
"""Who says what inside our house, which partners are not told."""


def devices(
    connection: sa.Connection,
    partner_id: int | None = None,
    *,
    on: date,
    find: str | None = None,
    basic_udi_di: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of devices by UDI-DI as they are on a day, and the cursor of the next page. A partner sees its own and what it supplies.

    `find` is part of a name or model, or any identifier; `basic_udi_di` gives all devices of a model.
    """
    chosen = None
    if basic_udi_di is not None or find is not None:
        chosen = _found(connection, find, basic_udi_di)
    shown, following = master.page(connection, KIND, partner_id, None, cursor, limit, chosen)
    return _at(connection, shown, on, partner_id), following


def device(connection: sa.Connection, di: str, partner_id: int | None = None, *, on: date) -> dict[str, Any]:
    """One device by its UDI-DI or the DI of a package, unit of use, direct mark or other issuer. Raises NotFoundError."""
    goldens = set(
        connection.execute(
            sa.select(crosswalk.c.golden_id).where(crosswalk.c.kind == KIND, crosswalk.c.value.in_({di, *device_identifier.alike(di)}))
        ).scalars()
    )
    visible = master.visible(connection, KIND, partner_id)
    if visible is not None:
        goldens &= visible
    if not goldens:
        raise NotFoundError(f"there is no device {di}")
    return _at(connection, master.golden_records(connection, KIND, [min(goldens)]), on, partner_id)[0]


def versions(connection: sa.Connection, codes: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[Any]]:
    """All versions that systems said of devices, in the order in which they take effect, by (system, code)."""
    begins = sa.func.coalesce(application.c.effective_at, application.c.issued_at)
    statement = (
        sa.select(
            partner.c.key.label("system"),
            subject.c.key.label("code"),
            application.c.id,
            application.c.exchange_id,
            application.c.revision,
            application.c.standing,
            application.c.issued_at,
            begins.label("begins_at"),
            master_record.c.body,
        )
        .select_from(subject)
        .join(application, application.c.subject_id == subject.c.id)
        .join(master_record, master_record.c.application_id == application.c.id)
        .join(partner, partner.c.id == subject.c.issuer_id)
        .where(
            subject.c.kind == KIND,
            among(connection, subject.c.key, sorted({code for _, code in codes})),
            sa.not_(application.c.retracted),
            application.c.purpose != "cancel",
        )
        .order_by(begins, application.c.revision, application.c.issued_at, application.c.id)
    )
    found: dict[tuple[str, str], list[Any]] = {code: [] for code in codes}
    for row in connection.execute(statement):
        if (row.system, row.code) in found:
            found[row.system, row.code].append(row)
    return found


def in_effect(rows: Sequence[sa.Row[Any]], on: date) -> sa.Row[Any] | None:
    """Of versions in their order, the one that holds on a day."""
    begun = [row for row in rows if moment(row.begins_at).date() <= on]
    return begun[-1] if begun else rows[0] if rows else None


def _at(connection: sa.Connection, shown: Sequence[dict[str, Any]], on: date, partner_id: int | None) -> list[dict[str, Any]]:
    """Golden records with what holds on a day, each by the word of its first source."""
    sources = [next(((source["system"], source["code"]) for source in one["sources"]), None) for one in shown]
    said = versions(connection, [source for source in sources if source is not None])
    answers = [_one_at(one, said.get(source or ("", ""), []), on) for one, source in zip(shown, sources, strict=True)]
    return [_for_partner(answer) for answer in answers] if partner_id is not None else answers


def _one_at(shown: dict[str, Any], said: Sequence[sa.Row[Any]], on: date) -> dict[str, Any]:
    current = in_effect(said, on)
    if current is None:
        return shown
    return {
        "golden_id": shown["golden_id"],
        "code": shown["code"],
        **master.body_of(current.body),
        "exchange_id": current.exchange_id,
        "names": shown["names"],
        "sources": shown["sources"],
        "versions": [
            {
                "revision": row.revision,
                "begins_on": moment(row.begins_at).date().isoformat(),
                "issued_at": moment(row.issued_at),
                "exchange_id": row.exchange_id,
                "in_effect": row.id == current.id,
            }
            for row in said
        ],
    }


def _for_partner(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name not in _OURS}


def _found(connection: sa.Connection, find: str | None, basic_udi_di: str | None) -> sa.Select[Any]:
    """Golden ids of devices of which any version has this text in a name or model, or this identifier, or this Basic UDI-DI."""
    said = (
        sa.select(crosswalk.c.golden_id)
        .select_from(crosswalk)
        .join(master_record, sa.and_(master_record.c.code == crosswalk.c.value, master_record.c.kind == KIND))
        .join(application, sa.and_(application.c.id == master_record.c.application_id, sa.not_(application.c.retracted)))
        .where(crosswalk.c.kind == KIND, crosswalk.c.scheme.startswith("code:", autoescape=True))
    )
    if basic_udi_di is not None:
        said = said.where(master_record.c.body["basic_udi_di"].as_string() == basic_udi_di)
    if find is not None:
        texts = (
            master_record.c.name,
            master_record.c.name_zh,
            master_record.c.code,
            master_record.c.body["model"].as_string(),
            master_record.c.body["catalogue_number"].as_string(),
        )
        named = sa.select(crosswalk.c.golden_id).where(crosswalk.c.kind == KIND, crosswalk.c.value.in_(device_identifier.alike(find)))
        said = said.where(
            sa.or_(crosswalk.c.golden_id.in_(named), *(column.icontains(find, autoescape=True) for column in texts)),
        )
    return said


def devices_by_id(connection: sa.Connection, golden_ids: Sequence[int], *, on: date) -> list[dict[str, Any]]:
    """Devices as they are on a day, by their golden ids, in that order."""
    return _at(connection, master.golden_records(connection, KIND, golden_ids), on, None)


def known_by(connection: sa.Connection, values: Collection[str]) -> dict[str, list[tuple[str, int]]]:
    """For identifiers in their normal form: under which scheme (`di`, `package`, `unit_of_use` …) of which devices they are known."""
    found: dict[str, list[tuple[str, int]]] = {}
    statement = sa.select(crosswalk.c.value, crosswalk.c.scheme, crosswalk.c.golden_id).where(
        crosswalk.c.kind == KIND, among(connection, crosswalk.c.value, sorted(values))
    )
    for value, scheme, golden in connection.execute(statement):
        found.setdefault(value, []).append((scheme, golden))
    return found


def identifiers(connection: sa.Connection) -> Iterator[str]:
    """Every identifier by which a device is known, one after the other."""
    statement = sa.select(crosswalk.c.value).where(crosswalk.c.kind == KIND)
    yield from connection.execution_options(yield_per=5_000).execute(statement).scalars()


def standing_bodies(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """What systems say of every device now, one after the other."""
    statement = (
        sa.select(master_record.c.body)
        .select_from(subject)
        .join(master_record, master_record.c.application_id == subject.c.standing_id)
        .where(subject.c.kind == KIND)
    )
    yield from connection.execution_options(yield_per=500).execute(statement).scalars()
