"""Renew the crosswalk where master records changed, and say what that touches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from hub.masterdata.duplicates import Duplicate, duplicates
from hub.masterdata.golden import Name, Record, names_of, rows_of
from hub.store import golden as store


@dataclass(frozen=True, slots=True)
class Renewal:
    """Names that were gained, lost or changed their meaning, and the (system, code) of all records that bear or bore them."""

    names: frozenset[Name]
    codes: frozenset[tuple[str, str]] = frozenset()

    @property
    def values(self) -> set[str]:
        """The names without their schemes."""
        return {value for _, value in self.names}


def renew(connection: sa.Connection, kind: str, subject_ids: Collection[int]) -> Renewal:
    """Rebuild the crosswalk of all clusters that these subjects belong to, or belonged to. `kind` is item, party or device."""
    if not subject_ids:
        return Renewal(frozenset())
    codes = store.subject_codes(connection, subject_ids)
    names: set[Name] = {(f"code:{system}", code) for system, code in codes}
    for record in _records(connection, kind, codes):
        names |= {name for name, _, _ in names_of(kind, record)}
    touched = {row.golden_id for row in store.rows_by_name(connection, kind, names)}
    before = store.rows_by_golden(connection, kind, touched) if touched else []
    codes |= {(row.scheme[5:], row.value) for row in before if row.scheme.startswith("code:")}
    rows = rows_of(kind, _records(connection, kind, codes))
    store.replace_rows(
        connection,
        kind,
        touched,
        [(row.scheme, row.value, row.golden_id, row.application_id, row.base_quantity, row.unit) for row in rows],
    )
    # A golden id says nothing to anybody, but a change of it means that names now stand together, or no longer do.
    old = {((row.scheme, row.value), (row.golden_id, row.base_quantity, row.unit)) for row in before}
    new = {((row.scheme, row.value), (row.golden_id, row.base_quantity, row.unit)) for row in rows}
    return Renewal(frozenset(name for name, _ in old ^ new), frozenset(codes))


def glns_of(connection: sa.Connection, names: Collection[Name]) -> set[str]:
    """GLNs under which parties with one of these names are known now."""
    goldens = {row.golden_id for row in store.rows_by_name(connection, "party", names)}
    return {row.value for row in store.rows_by_golden(connection, "party", goldens) if row.scheme == "gln"}


def same_parties(connection: sa.Connection) -> list[Duplicate]:
    """Parties that seem to be entered twice, among all standing records."""
    return duplicates(_plain(store.standing_records(connection, "party")))


def _records(connection: sa.Connection, kind: str, codes: Collection[tuple[str, str]]) -> list[Record]:
    return _plain(store.records_by_code(connection, kind, codes))


def _plain(records: Collection[store.StandingRecord]) -> list[Record]:
    return [Record(r.subject_id, r.application_id, r.exchange_id, r.organisation_id, r.system, r.code, r.body) for r in records]
