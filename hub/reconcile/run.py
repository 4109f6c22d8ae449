"""Empties `stale`: each kind by its own step, a batch of keys at a time, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from hub.masterdata import duplicates, suspects
from hub.masterdata import renew as masterdata
from hub.masterdata.golden import Record
from hub.masterdata.golden import names_of as names_of_record
from hub.masterdata.settings import MasterSettings, Rules
from hub.reconcile import master, orders, stock
from hub.reconcile.dates import day_of
from hub.reconcile.orders import Tolerance
from hub.store import discrepancies as store
from hub.store import facts
from hub.store import golden as names
from hub.store.crosswalk import names_of
from hub.store.discrepancies import Scope
from hub.store.suppliers import suppliers
from hub.store.unit_of_work import UnitOfWork
from hub.store.views.lines import order_parts
from hub.store.views.picture import pictures
from hub.store.views.stock import places
from hub.trace import aliases, closure

BATCH = 1000
"""Keys that are looked at together."""


Derive = Callable[[UnitOfWork, Collection[int]], int]
"""Renews the visibility events of documents about these subjects (`hub.visibility.project`)."""


@dataclass(slots=True)
class _Run:
    uow: UnitOfWork
    tolerances: Mapping[int, Tolerance]
    zones: Mapping[int, str]
    joined: set[aliases.Ends] = field(default_factory=set)
    """Names of lots that were joined or parted."""
    lots: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of node ids with lots that came or lost edges."""
    derive: Derive | None = None
    rules: Rules = field(default_factory=lambda: MasterSettings().rules)
    """Whose word counts in golden records."""
    rebuild: bool = False
    """The whole closure is to be made anew, e.g. after an upgrade."""

    @property
    def connection(self) -> sa.Connection:
        return self.uow.connection

    def today(self, organisation_id: int) -> date:
        """The organisation's own date."""
        return day_of(self.uow.now, self.zones.get(organisation_id, "UTC"))

    def mark(self, kind: str, keys: Iterable[tuple[str, int]]) -> None:
        """Something else must be looked at too."""
        facts.mark_stale(self.connection, {(kind, key, owner): 0 for key, owner in keys})


def reconcile(
    uow: UnitOfWork,
    limit: int = 10_000,
    tolerances: Mapping[int, Tolerance] | None = None,
    derive: Derive | None = None,
    rules: Rules | None = None,
) -> int:
    """Look at up to `limit` stale keys; returns how many were. Fewer than `limit` means that nothing is stale any more.

    `tolerances` are by partner id; `derive` null: the site has no events of its documents; `rules` null: whose word counts in golden
    records is as shipped. One reconcile works at a time; what is marked while it works stays marked.
    """
    store.take_turn(uow)
    run = _Run(uow, tolerances or {}, facts.organisation_zones(uow.connection), derive=derive, rules=rules or MasterSettings().rules)
    if derive is None:
        store.forget(uow.connection, "event")
    seen = 0
    for kind, step in _STEPS.items():
        while seen < limit:
            scopes = store.stale_scopes(uow.connection, kind, min(BATCH, limit - seen))
            if not scopes:
                break
            step(run, scopes)
            store.settled(uow.connection, scopes)
            seen += len(scopes)
    if run.rebuild:
        closure.rebuild(uow.connection)
    else:
        closure.keep(uow.connection, run.joined)
        for first, last in run.lots:
            closure.pack(uow.connection, first, last)
    return seen


def mark_due(uow: UnitOfWork, organisations: Collection[int] | None = None, rules: Rules | None = None) -> int:
    """Mark what may have become due by the mere passing of days: counted places (expiry), open orders (promises), and what people said to
    hold from a day. Returns how many.

    `organisations` are those for which a day has begun (null: all). With `rules` also golden records that were made by other rules.
    """
    marks = {("stock", place, owner): 0 for place, owner in names.counted_places(uow.connection)}
    marks |= {("order", number, owner): 0 for number, owner in names.standing_orders(uow.connection)}
    if organisations is not None:
        marks = {key: 0 for key in marks if key[2] in organisations}
    marks |= names.with_dated_words(uow.connection)
    if rules is not None:
        marks |= names.made_by_other_rules(uow.connection, rules.hash)
    facts.mark_stale(uow.connection, marks)
    return len(marks)


def _parties(run: _Run, scopes: Mapping[Scope, int]) -> None:
    renewal = masterdata.renew(run.uow, "party", {int(key) for _, key, _ in scopes}, run.rules)
    alike = masterdata.same_parties(run.connection)
    store.renew(run.uow, "party", [(master.SCOPE, 0)], master.same_parties(alike))
    _follow(run, renewal)
    found = [
        (pair.first.source, pair.second.source, duplicates.likeness(pair.reasons), pair.reasons)
        for pair in alike
        if not renewal.codes.isdisjoint((pair.first.source, pair.second.source))
    ]
    suspects.suspect_all(run.uow, "party", found, run.rules)
    glns = {value for scheme, value in renewal.names if scheme == "gln"}
    if renewal.names:
        # A code gained or lost its GLN: whose supplier codes are whose may have changed.
        partners = names.partners_named(run.connection, glns | masterdata.glns_of(run.connection, renewal.names), renewal.codes)
        keys = facts.partner_keys(run.connection)
        run.mark("order", names.orders_of_partners(run.connection, partners))
        run.joined |= aliases.join_partners(run.connection, [keys[number] for number in partners])
        if partners:
            run.mark("stock", names.counted_places(run.connection))


def _items(run: _Run, scopes: Mapping[Scope, int]) -> None:
    renewal = masterdata.renew(run.uow, "item", {int(key) for _, key, _ in scopes}, run.rules)
    _follow(run, renewal)
    if not renewal.names:
        return
    store.renew(run.uow, "item", [(master.SCOPE, 0)], master.shared_gtins(_everything(run, "item")))
    run.mark("order", names.orders_that_mention(run.connection, renewal.values))
    run.mark("stock", names.counted_places(run.connection))
    run.joined |= aliases.join_items(run.connection, renewal.values)
    if renewal.near is not None:  # what their lots are of may be called otherwise now
        every = {value for record in renewal.near.records for (_, value), _, _ in names_of_record("item", record)}
        facts.mark_stale(run.connection, names.lots_of(run.connection, every | renewal.values))


def _devices(run: _Run, scopes: Mapping[Scope, int]) -> None:
    renewal = masterdata.renew(run.uow, "device", {int(key) for _, key, _ in scopes}, run.rules)
    _follow(run, renewal)
    if renewal.names:
        store.renew(run.uow, "device", [(master.SCOPE, 0)], master.shared_identifiers(_everything(run, "device")))


def _locations(run: _Run, scopes: Mapping[Scope, int]) -> None:
    _follow(run, masterdata.renew(run.uow, "location", {int(key) for _, key, _ in scopes}, run.rules))


def _lot_masters(run: _Run, scopes: Mapping[Scope, int]) -> None:
    renewal = masterdata.renew(run.uow, "lot", {int(key) for _, key, _ in scopes}, run.rules)
    _follow(run, renewal)
    near = names.subjects_of(run.connection, "lot", renewal.codes)
    store.renew(run.uow, "lot", [(key, 0) for _, key, _ in near], master.contradicted("lot", renewal.golden))


def _follow(run: _Run, renewal: masterdata.Renewal) -> None:
    """Cases of suspected duplicates whose records came, went or are one by now."""
    if renewal.near is not None:
        suspects.follow(run.uow, renewal.near, renewal.codes)


def _everything(run: _Run, kind: str) -> list[Record]:
    return masterdata.plain(names.standing_records(run.connection, kind))


def _lots(run: _Run, scopes: Mapping[Scope, int]) -> None:
    for _, key, _ in scopes:
        first, _, last = key.partition("-")
        run.joined |= aliases.join_range(run.connection, int(first), int(last))
        run.lots.append((int(first), int(last)))


def _closure(run: _Run, _scopes: Mapping[Scope, int]) -> None:
    run.rebuild = True


def _stock(run: _Run, scopes: Mapping[Scope, int]) -> None:
    keys = [(place, owner) for _, place, owner in scopes]
    found = [one for (_, owner), picture in places(run.connection, keys).items() for one in stock.judge(picture, run.today(owner))]
    store.renew(run.uow, "stock", keys, found)


def _orders(run: _Run, scopes: Mapping[Scope, int]) -> None:
    keys = {(number, owner) for _, number, owner in scopes}
    parts = [
        part for part in order_parts(run.connection, {number for number, _ in keys}) if (part.order_number, part.organisation_id) in keys
    ]
    known = names_of(run.connection, [part.name for part in parts])
    found = []
    for (_, owner, _), picture in pictures(parts, known, suppliers(run.connection)).items():
        found += orders.judge(picture, known, run.today(owner), run.tolerances)
    store.renew(run.uow, "order", keys, found)


def _events(run: _Run, scopes: Mapping[Scope, int]) -> None:
    if run.derive is not None:
        run.derive(run.uow, {int(key) for _, key, _ in scopes})


_STEPS: Mapping[str, Callable[[_Run, Mapping[Scope, int]], None]] = {
    "party": _parties,
    "item": _items,
    "device": _devices,
    "location": _locations,
    "lot": _lot_masters,
    "lots": _lots,
    "closure": _closure,
    "stock": _stock,
    "order": _orders,
    "event": _events,
}
