"""Thirty days of twelve partners: three fall silent, two drift in volume, all are found in time and nobody else is named."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from data_contracts.findings import Finding
from hub import pipeline
from hub.cases.kinds import told
from hub.clock import FrozenClock
from hub.quality import silence
from hub.quality.volume import LITTLE, MUCH, SILENT, History, judge
from hub.runtime import Hub
from hub.settings import Settings
from hub.stopping import stop
from hub.store import bulk, cases, tables
from hub.store.identity import allocate
from hub.store.types import micros

START = datetime(2026, 9, 7, tzinfo=UTC)  # a Monday
BEFORE, DAYS = 21, 30
"""Days that are only learned from, and days that are watched."""
AGREEMENT = """version: 1
agreement: %s_in
partner: %s
organisation: north
direction: in
format: json
grammar: erp_orders
messages: [{type: erp_orders, mapping: json/erp_orders}]
"""
CONTRACT = """apiVersion: v3.1.0
kind: DataContract
id: promise
version: 1.0.0
status: active
team: {name: Test}
schema:
  - name: every_%s
    logicalType: object
    customProperties: [{property: canonicalEntity, value: PurchaseOrder}]
    properties: [{name: number, logicalType: string, required: true, primaryKey: true}]
slaProperties: [{property: frequency, value: %s, unit: d}]
"""


@dataclass
class Partner:
    """How much one brings on a day, and when it changes."""

    name: str
    daily: float
    weekends: bool = False
    every: int = 1
    """Days between two deliveries."""
    promised: int | None = None
    silent_from: int | None = None
    factor_from: tuple[int, float] | None = None

    def brings(self, chance: random.Random, number: int, day: date) -> int:
        if (self.silent_from is not None and number >= self.silent_from) or number % self.every:
            return 0
        if day.weekday() >= 5 and not self.weekends:
            return 0
        usual = self.daily * chance.lognormvariate(0, 0.12) * (0.5 if day.weekday() >= 5 else 1.0)
        if self.factor_from is not None and number >= self.factor_from[0]:
            usual *= self.factor_from[1]
        return (
            max(1, round(chance.gauss(usual, usual**0.5))) if usual > 12 else max(1, sum(chance.random() < usual / 40 for _ in range(40)))
        )


def house(chance: random.Random) -> list[Partner]:
    """Twelve partners; when the five change is drawn, on a working day."""

    def when() -> int:
        return next(day for day in iter(lambda: chance.randrange(BEFORE + 3, BEFORE + DAYS - 12), None) if day % 7 in (0, 1, 2))

    return [
        Partner("silent_daily", 40, silent_from=when()),
        Partner("silent_always", 60, weekends=True, silent_from=when()),
        Partner("silent_promised", 3, weekends=True, every=3, promised=3, silent_from=when()),
        Partner("drift_down", 70, factor_from=(when(), 0.25)),
        Partner("drift_up", 50, weekends=True, factor_from=(when(), 2.6)),
        Partner("steady", 30),
        Partner("busy", 110, weekends=True),
        Partner("small", 8),
        Partner("weekly", 5, weekends=True, every=7),
        Partner("weekly_promised", 5, weekends=True, every=7, promised=7),
        Partner("third_day", 20, weekends=True, every=3),
        Partner("rare", 1, weekends=True, every=10),
    ]


def opened(folder: Path, database_url: str, clock: FrozenClock, partners: list[Partner]) -> Hub:
    site = folder / "site"
    for room in ("partners", "agreements", "contracts"):
        (site / room).mkdir(parents=True, exist_ok=True)
    (site / "site.yaml").write_text("version: 1\nname: T\norganisations: [{key: north, name: North, time_zone: Asia/Shanghai}]\n")
    for one in partners:
        (site / "partners" / f"{one.name}.yaml").write_text(f"version: 1\npartner: {one.name}\nname: {one.name}\nkind: customer\n")
        agreement = AGREEMENT % (one.name, one.name)
        if one.promised is not None:
            agreement += f"contract: every_{one.promised}\n"
            (site / "contracts" / f"every_{one.promised}.odcs.yaml").write_text(CONTRACT % (one.promised, one.promised))
        (site / "agreements" / f"{one.name}_in.yaml").write_text(agreement)
    return Hub.open(Settings(folder / "home", site, database_url, "en", 1_000_000, clock))


def bring(hub: Hub, name: str, at: list[datetime], processed: datetime | None = None) -> None:
    """Messages that came under a partner's agreement at these times, and were processed at once, or all at one time."""
    with hub.database.begin("test") as uow:
        ids = allocate(uow.connection, "exchange", len(at))
        documents = allocate(uow.connection, "document", len(at))
        organisation, partner = hub.organisation_id("north"), hub.partner_id(name)
        landed = ("id", "organisation_id", "partner_id", "channel", "delivery_key", "sha256", "received_at", "received_by", "state")
        columns = (
            "id",
            "document_id",
            "ordinal",
            "direction",
            "organisation_id",
            "partner_id",
            "agreement",
            "state",
            "recorded_at",
            "changed_at",
        )
        times = [(micros(when), micros(processed or when)) for when in sorted(at)]
        bulk.insert(
            uow.connection,
            tables.document,
            landed,
            [
                (number, organisation, partner, "http", f"k{number}", b"0" * 32, received, name, "processed")
                for number, (received, _) in zip(documents, times, strict=True)
            ],
        )
        rows = [
            (number, document, 1, "in", organisation, partner, f"{name}_in", "applied", done, done)
            for number, document, (_, done) in zip(ids, documents, times, strict=True)
        ]
        bulk.insert(uow.connection, tables.exchange, columns, rows)


def open_findings(hub: Hub) -> set[tuple[str, str]]:
    finding = tables.finding
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(finding.c.params, finding.c.rule).where(finding.c.closed_at.is_(None)))
        return {(row.params["agreement"].removesuffix("_in"), row.rule) for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_thirty_days(tmp_path: Path, database_url: str, clock: FrozenClock, seed: int) -> None:
    chance = random.Random(seed)
    partners = house(chance)
    clock.set(START)
    hub = opened(tmp_path, database_url, clock, partners)
    begun: dict[tuple[str, str], int] = {}
    for number in range(BEFORE + DAYS):
        midnight = START + timedelta(days=number) - timedelta(hours=8)  # in Shanghai
        for one in partners:
            count = one.brings(chance, number, (START + timedelta(days=number)).date())
            if count:
                bring(hub, one.name, [midnight + timedelta(hours=6 + 12 * chance.random()) for _ in range(count)])
        clock.set(midnight + timedelta(days=1, minutes=35))
        for incident in silence.watch(hub):
            assert incident.opened or incident.rule != SILENT, f"seed {seed}, day {number}: {incident}"
            if incident.opened:
                key = (incident.agreement.removesuffix("_in"), incident.rule)
                assert key not in begun, "told once"
                begun[key] = number
        assert silence.watch(hub) == [], "a second look finds nothing new"
    wanted = {("silent_daily", SILENT), ("silent_always", SILENT), ("silent_promised", SILENT), ("drift_down", LITTLE), ("drift_up", MUCH)}
    assert set(begun) == wanted, f"seed {seed}: {begun}"
    for one in partners:
        if one.silent_from is not None:
            last = max(day for day in range(one.silent_from) if not day % one.every and (one.weekends or day % 7 < 5))
            assert begun[one.name, SILENT] + 1 - last <= 2 * one.every + (2 if not one.weekends and last % 7 == 4 else 0)
        if one.factor_from is not None:
            (kind,) = [rule for name, rule in begun if name == one.name]
            assert begun[one.name, kind] + 1 - one.factor_from[0] <= 2 * one.every
    hub.database.close()


def test_it_is_closed_when_messages_come_again_and_can_begin_anew(tmp_path: Path, database_url: str, clock: FrozenClock) -> None:
    hub = opened(tmp_path, database_url, clock, [Partner("one", 30, promised=1)])
    clock.set(START)
    bring(hub, "one", [START])
    for day, expected in ((1, []), (2, [True]), (3, [])):
        clock.set(START + timedelta(days=day))
        assert [one.opened for one in silence.watch(hub)] == expected
    assert open_findings(hub) == {("one", SILENT)}
    bring(hub, "one", [clock.now()])
    assert [one.opened for one in silence.watch(hub)] == [False] and open_findings(hub) == set()
    clock.advance(2 * 86_400)
    assert [one.opened for one in silence.watch(hub)] == [True]
    with hub.database.read() as connection:
        actions = connection.execute(sa.select(tables.audit.c.action).order_by(tables.audit.c.sequence)).scalars().all()
        row = connection.execute(sa.select(tables.finding).where(tables.finding.c.closed_at.is_not(None))).one()
    assert [action for action in actions if action.startswith("finding.")] == ["finding.opened", "finding.closed", "finding.opened"]
    assert row.closed_reason == "messages come again" and row.closed_by == "quality"
    hub.database.close()


def test_a_stopped_flow_is_not_called_silent(tmp_path: Path, database_url: str, clock: FrozenClock) -> None:
    hub = opened(tmp_path, database_url, clock, [Partner("one", 30, promised=1)])
    bring(hub, "one", [clock.now()])
    stop(hub, "one_in", "Ann", "holiday")
    clock.advance(9 * 86_400)
    assert silence.watch(hub) == []
    hub.database.close()


def test_who_promised_and_never_sent_is_told(tmp_path: Path, database_url: str, clock: FrozenClock) -> None:
    """Counted from the first look that knew the promise; who promised nothing, and whose agreement begins later, is not missed."""
    clock.set(START)
    partners = [Partner("one", 30, promised=2), Partner("free", 30), Partner("later", 30, promised=2)]
    hub = opened(tmp_path, database_url, clock, partners)
    path = tmp_path / "site" / "agreements" / "later_in.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "valid: {from: 2026-09-11}\n", encoding="utf-8")
    hub = Hub.open(hub.settings)
    told: list[tuple[int, str, bool]] = []
    for day in range(9):
        clock.set(START + timedelta(days=day, hours=1 if day else 0))
        told += [(day, one.agreement, one.opened) for one in silence.watch(hub)]
        assert silence.watch(hub) == []
    assert told == [(3, "one_in", True), (7, "later_in", True)]  # later_in begins on the fifth day at midnight in Shanghai
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.finding).order_by(tables.finding.c.id)).all()
    said = Finding(rows[0].rule, expected=rows[0].expected, got=rows[0].got, params=rows[0].params)
    assert said.text("en") == "one is silent: nothing came under one_in for 3.0 d, nor ever before, and something comes within 2.0 d."
    assert "此前也从未有过来件" in said.text("zh-CN")
    bring(hub, "one", [clock.now()])
    assert [(one.agreement, one.opened) for one in silence.watch(hub)] == [("one_in", False)]
    hub.database.close()


def test_a_changed_promise_counts_anew_and_one_withdrawn_ends_the_silence(tmp_path: Path, database_url: str, clock: FrozenClock) -> None:
    clock.set(START)
    hub = opened(tmp_path, database_url, clock, [Partner("one", 30, promised=2)])
    path = tmp_path / "site" / "contracts" / "every_2.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    assert silence.watch(hub) == []
    clock.advance(2 * 86_400)
    path.write_text(text.replace("team: {name: Test}", "team: {name: Others}"), encoding="utf-8")  # the promise is the same
    assert silence.watch(hub) == []
    clock.advance(86_400 + 1)
    assert [one.opened for one in silence.watch(hub)] == [True]
    path.write_text(text.replace("value: 2", "value: 10"), encoding="utf-8")
    assert silence.watch(hub) == [] and open_findings(hub) == {("one", SILENT)}, "a longer promise alone brings nothing"
    path.write_text(text.partition("slaProperties")[0], encoding="utf-8")
    assert [one.opened for one in silence.watch(hub)] == [False] and open_findings(hub) == set()
    stop(hub, "one_in", "Ann", "holiday")
    path.write_text(text, encoding="utf-8")
    assert silence.watch(hub) == [], "a stopped flow is not watched"
    hub.database.close()


def working_days(hub: Hub, first: int, days: int) -> None:
    """Thirty messages on each working day."""
    for number in range(first, first + days):
        if number % 7 < 5:
            bring(hub, "one", [START + timedelta(days=number, minutes=20 * place) for place in range(30)])


def test_a_silence_that_lasts_is_told_once_and_stays_open(tmp_path: Path, database_url: str, clock: FrozenClock) -> None:
    """Ten weeks: longer than all that is learned from. Weekends and days that leave the window change nothing."""
    hub = opened(tmp_path, database_url, clock, [Partner("one", 30)])
    working_days(hub, 0, 28)
    told = []
    for number in range(28, 98):
        clock.set(START + timedelta(days=number, minutes=35))
        told += [(number, one.opened) for one in silence.watch(hub)]
    assert [opened for _, opened in told] == [True] and told[0][0] <= 31, told
    assert open_findings(hub) == {("one", SILENT)}
    bring(hub, "one", [clock.now()])
    assert [one.opened for one in silence.watch(hub)] == [False]
    hub.database.close()


def test_what_is_not_watched_any_more_is_not_called_over(tmp_path: Path, database_url: str, clock: FrozenClock) -> None:
    hub = opened(tmp_path, database_url, clock, [Partner("one", 30, promised=1)])
    bring(hub, "one", [clock.now()])
    clock.advance(2 * 86_400)
    assert [one.opened for one in silence.watch(hub)] == [True]
    path = tmp_path / "site" / "agreements" / "one_in.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "test: true\n", encoding="utf-8")
    later = Hub.open(hub.settings)
    assert silence.watch(later) == [] and open_findings(later) == {("one", SILENT)}
    pipeline.cases(later)
    with later.database.read() as connection:
        (case,) = cases.listed(connection)
    assert (case["kind"], told(case["kind"], "en"), told(case["kind"], "zh-CN")) == ("flow", "Nothing comes any more", "来件中断")
    later.database.close()
    path.unlink()
    gone = Hub.open(hub.settings)
    assert [one.opened for one in silence.watch(gone)] == [False] and open_findings(gone) == set()
    with gone.database.read() as connection:
        assert connection.execute(sa.select(tables.finding.c.closed_reason)).scalar_one() == "the site has no agreement one_in any more"
    assert silence.watch(gone) == []
    gone.database.close()
    hub.database.close()


def test_what_waited_for_a_stopped_flow_counts_on_the_day_on_which_it_came(tmp_path: Path, database_url: str, clock: FrozenClock) -> None:
    hub = opened(tmp_path, database_url, clock, [Partner("one", 30)])
    working_days(hub, 0, 29)
    resumed = START + timedelta(days=31, hours=1)
    for number in (29, 30):  # a Tuesday and a Wednesday, while the flow is stopped
        came = [START + timedelta(days=number, minutes=20 * place) for place in range(30)]
        bring(hub, "one", came, processed=resumed)
    for number in range(31, 35):
        clock.set(START + timedelta(days=number, hours=2))
        assert silence.watch(hub) == [], number
        working_days(hub, number, 1)
    hub.database.close()


def test_little_history_says_nothing() -> None:
    first = date(2026, 11, 2)
    counts = {first + timedelta(days=number): 20 for number in range(6)}
    assert judge(History(counts, first, 9 * 86_400.0), first + timedelta(days=15)) == []
    assert judge(History({}, first, 0.0), first) == []
