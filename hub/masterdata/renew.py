"""Renew crosswalk and golden records where source records or decisions changed, and say what that touches."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from hub.masterdata.clusters import DIFFERENT, Pair, Partition, Source, pair_of
from hub.masterdata.duplicates import Duplicate, duplicates
from hub.masterdata.golden import Name, Record, golden_ids, names_of, partition_of, rows_of
from hub.masterdata.settings import MasterSettings, Rules
from hub.masterdata.survivorship import Golden, survive
from hub.masterdata.things import with_things
from hub.store import decisions
from hub.store import golden as store
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Renewal:
    """Names that were gained, lost or changed their meaning, and the (system, code) of all records that bear or bore them."""

    names: frozenset[Name]
    codes: frozenset[tuple[str, str]] = frozenset()
    near: Neighbourhood | None = None
    """The records that were looked at; null: nothing changed."""
    golden: tuple[tuple[int, Golden], ...] = ()
    """The golden records that were made, by id."""

    @property
    def values(self) -> set[str]:
        """The names without their schemes."""
        return {value for _, value in self.names}


@dataclass(slots=True)
class Neighbourhood:
    """Source records with all those whose clusters depend on them, and on which theirs depend."""

    kind: str
    records: list[Record] = field(default_factory=list)
    verdicts: dict[Pair, str] = field(default_factory=dict)
    before: list[sa.Row[object]] = field(default_factory=list)
    """Crosswalk rows as they are."""
    codes: set[Source] = field(default_factory=set)

    def partition(self) -> Partition:
        """Which of them are one thing."""
        return partition_of(self.kind, self.records, self.verdicts)

    def of(self, sources: Collection[Source]) -> list[Record]:
        """The records of some of them."""
        return [record for record in self.records if record.source in sources]

    @property
    def standing(self) -> set[Source]:
        """Sources of which a record stands."""
        return {record.source for record in self.records}

    def cluster(self, source: Source) -> list[Source]:
        """All standing sources that are one thing with this one, itself among them; none when no record of it stands."""
        partition, standing = self.partition(), self.standing
        if source not in standing:
            return []
        return sorted(other for other, whole in partition.items() if whole == partition[source] and other in standing)


def around(connection: sa.Connection, kind: str, sources: Collection[Source]) -> Neighbourhood:
    """Everything that must be looked at together with these sources: what bears one of their names, and what a person spoke of beside
    them, and so on until nothing more comes."""
    found = Neighbourhood(kind)
    new = set(sources)
    touched: set[int] = set()
    while new:
        found.codes |= new
        fresh = _records(connection, kind, new)
        found.records += fresh
        said = decisions.verdicts(connection, kind, new)
        found.verdicts |= said
        names: set[Name] = {(f"code:{system}", code) for system, code in new}
        names |= {name for record in fresh for name, _, _ in names_of(kind, record)}
        golden = {row.golden_id for row in store.rows_by_name(connection, kind, names)} - touched
        rows = store.rows_by_golden(connection, kind, golden) if golden else []
        touched |= golden
        found.before += rows
        new = {(row.scheme[5:], row.value) for row in rows if row.scheme.startswith("code:")}
        new |= {source for pair in said for source in pair}
        new -= found.codes
    return found


def renew(uow: UnitOfWork, kind: str, subject_ids: Collection[int], rules: Rules | None = None) -> Renewal:
    """Make crosswalk and golden records anew of all clusters that these subjects belong to, or belonged to."""
    if not subject_ids:
        return Renewal(frozenset())
    rules = rules or MasterSettings().rules
    connection = uow.connection
    near = around(connection, kind, store.subject_codes(connection, subject_ids))
    rows = rows_of(kind, near.records, near.verdicts)
    lost = {(row.scheme, row.value) for row in near.before} - {(row.scheme, row.value) for row in rows}
    given_up = {value.partition("|")[0] for scheme, value in lost if not scheme.startswith("code:")}
    given_up |= {value.partition("/")[2] for value in given_up if "/" in value}  # a lot's item by system and code
    heirs = store.sources_bearing(connection, kind, given_up) - near.codes
    if heirs:  # what one record gave up another bore all the time, behind it
        near = around(connection, kind, near.codes | heirs)
        rows = rows_of(kind, near.records, near.verdicts)
    touched = {row.golden_id for row in near.before}
    store.replace_rows(
        connection,
        kind,
        touched,
        [(row.scheme, row.value, row.golden_id, row.application_id, row.base_quantity, row.unit) for row in rows],
    )
    today = moment(uow.now).date().isoformat()
    said = decisions.words(connection, kind, near.codes)
    made = []
    for number, group in sorted(grouped(near.records, near.partition()).items()):
        sources = {record.source for record in group}
        golden = survive(kind, group, [word for word in said if word.source in sources], rules, today)
        made.append((number, golden))
    store.put_golden(uow, kind, touched, [(number, golden.body, golden.won) for number, golden in made], rules.hash)
    # A golden id says nothing to anybody, but a change of it means that names now stand together, or no longer do.
    old = {((row.scheme, row.value), (row.golden_id, row.base_quantity, row.unit)) for row in near.before}
    new = {((row.scheme, row.value), (row.golden_id, row.base_quantity, row.unit)) for row in rows}
    return Renewal(frozenset(name for name, _ in old ^ new), frozenset(near.codes), near, tuple(made))


def grouped(records: Iterable[Record], partition: Partition) -> dict[int, list[Record]]:
    """The records of each golden id."""
    listed = list(records)
    ids = golden_ids(listed, partition)
    groups: dict[int, list[Record]] = {}
    for record in listed:
        groups.setdefault(ids[record.source], []).append(record)
    return groups


def glns_of(connection: sa.Connection, names: Collection[Name]) -> set[str]:
    """GLNs under which parties with one of these names are known now."""
    goldens = {row.golden_id for row in store.rows_by_name(connection, "party", names)}
    return {row.value for row in store.rows_by_golden(connection, "party", goldens) if row.scheme == "gln"}


def same_parties(connection: sa.Connection) -> list[Duplicate]:
    """Parties that seem to be entered twice, among all standing records, but for those of which a person has decided."""
    found = duplicates(plain(store.standing_records(connection, "party")))
    if not found:
        return []
    sources = {record.source for pair in found for record in (pair.first, pair.second)}
    golden = {
        (row.scheme[5:], row.value): row.golden_id
        for row in store.rows_by_name(connection, "party", {(f"code:{system}", code) for system, code in sources})
    }
    said = decisions.verdicts(connection, "party", sources)
    return [
        pair
        for pair in found
        if golden.get(pair.first.source) != golden.get(pair.second.source)
        and said.get(pair_of(pair.first.source, pair.second.source)) != DIFFERENT
    ]


def _records(connection: sa.Connection, kind: str, codes: Collection[tuple[str, str]]) -> list[Record]:
    return with_things(connection, kind, plain(store.records_by_code(connection, kind, codes)))


def plain(records: Collection[store.StandingRecord]) -> list[Record]:
    """Rows of the store as records."""
    return [
        Record(r.subject_id, r.application_id, r.exchange_id, r.organisation_id, r.system, r.code, r.body, r.keeper, r.issued_at)
        for r in records
    ]
