"""Merge and unmerge in any order: the same golden record, and nothing lost. The store is asked after every step."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from data_contracts.errors import ConflictError
from hub.masterdata.clusters import Pair, Source, clusters, pair_of, verdicts_for
from hub.masterdata.decide import Asked, ask
from hub.masterdata.golden import names_of
from hub.masterdata.renew import plain
from hub.masterdata.settings import MasterSettings
from hub.masterdata.survivorship import survive
from hub.reconcile.run import reconcile
from hub.store import decisions, golden_tables, tables, views
from hub.store import golden as store
from hub.store.database import Database
from hub.trace.aliases import SAME_AS
from tests.effort import examples
from tests.hub.conftest import fresh
from tests.hub.world import PLANT, World, at, item, order, party, production, receipt, receipt_line, stock

__all__ = ["fresh"]
RULES = MasterSettings().rules
CODES = [(system, f"{kind}{number}") for system, kind in (("erp", "E"), ("wms", "W"), ("erp_south", "S")) for number in range(2)]
GTINS = ("06901234000016", "06901234000023", None)


# --- the pure part -----------------------------------------------------------------------------------------------------
SOURCES = [("s", letter) for letter in "abcdef"]


@given(st.data(), st.lists(st.lists(st.sampled_from(SOURCES), min_size=2, max_size=4, unique=True), max_size=3))
@settings(max_examples=examples(200))
def test_verdicts_bring_about_exactly_what_is_wanted(data: st.DataObject, shared: list[list[Source]]) -> None:
    pairs = [pair_of(*pair) for pair in itertools.combinations(SOURCES, 2)]
    verdicts: dict[Pair, str] = data.draw(
        st.dictionaries(st.sampled_from(pairs), st.sampled_from(("same", "different", "open")), max_size=6)
    )
    wanted = {source: data.draw(st.sampled_from(SOURCES[:3])) for source in SOURCES}
    added = verdicts_for(shared, wanted, verdicts)
    found = clusters(shared, SOURCES, verdicts | added)
    for one, other in pairs:
        assert (found[one] == found[other]) == (wanted[one] == wanted[other])


@given(
    st.dictionaries(
        st.sampled_from([pair_of(*pair) for pair in itertools.combinations(SOURCES, 2)]), st.sampled_from(("same", "different"))
    )
)
@settings(max_examples=examples(100))
def test_what_was_called_different_is_never_together_and_order_does_not_matter(verdicts: dict[Pair, str]) -> None:
    shared = [SOURCES[:4], SOURCES[2:]]
    found = clusters(shared, SOURCES, verdicts)
    for (one, other), verdict in verdicts.items():
        assert verdict != "different" or found[one] != found[other]
    mixed = list(verdicts.items())
    Random(3).shuffle(mixed)
    assert clusters(shared, list(reversed(SOURCES)), dict(mixed)) == found


# --- the store ---------------------------------------------------------------------------------------------------------
def decide(database: Database, action: str, source: Source, other: Source | None = None, kind: str = "party", **more: Any) -> None:
    with database.begin("Li") as uow:
        ask(uow, Asked(kind, action, source, "as the steward sees it", other, **more), RULES)
    with database.begin("reconcile") as uow:
        reconcile(uow)


def picture(database: Database, kind: str) -> dict[frozenset[Source], dict[str, Any]]:
    """The golden records, by the sources that they are made of."""
    with database.read() as connection:
        rows = connection.execute(sa.select(tables.crosswalk).where(tables.crosswalk.c.kind == kind)).all()
        golden = {
            row.golden_id: row
            for row in connection.execute(sa.select(golden_tables.golden_record).where(golden_tables.golden_record.c.kind == kind))
        }
    members: dict[int, set[Source]] = {}
    for row in rows:
        if row.scheme.startswith("code:"):
            members.setdefault(row.golden_id, set()).add((row.scheme[5:], row.value))
    assert set(members) == set(golden)
    return {frozenset(sources): golden[number].body for number, sources in members.items()}


class Stewardship(RuleBasedStateMachine):
    """Parties are merged and unmerged while systems send new versions. The model is a plain partition."""

    make: Any
    kind = "party"

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        self.database: Database = self.stack.enter_context(self.make())
        self.world = World(self.database)
        self.revisions: dict[Source, int] = {}
        self.said: dict[Source, dict[str, Any]] = {}
        self.parts: dict[Source, int] = {}
        for place, source in enumerate(CODES):
            self.parts[source] = place
            self._say(source, name=f"name of {source[1]}", gln=None, tax_number=None)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    def _say(self, source: Source, **body: Any) -> None:
        system, code = source
        self.revisions[source] = self.revisions.get(source, 0) + 1
        self.said[source] = body
        self.world.send((system, party(code, revision=self.revisions[source], **body)))
        with self.database.begin("reconcile") as uow:
            reconcile(uow)

    @rule(source=st.sampled_from(CODES), name=st.sampled_from(["A", "B"]), city=st.sampled_from([None, "Suzhou"]))
    def says(self, source: Source, name: str, city: str | None) -> None:
        self._say(source, name=name, city=city, gln=None, tax_number=None)

    @rule(one=st.sampled_from(CODES), other=st.sampled_from(CODES))
    def merges(self, one: Source, other: Source) -> None:
        together = self.parts[one] == self.parts[other]
        try:
            decide(self.database, "merge", one, other)
        except ConflictError:
            assert together
            return
        assert not together
        gone = self.parts[other]
        self.parts = {source: self.parts[one] if part == gone else part for source, part in self.parts.items()}

    @rule(one=st.sampled_from(CODES))
    def unmerges(self, one: Source) -> None:
        alone = list(self.parts.values()).count(self.parts[one]) == 1
        try:
            decide(self.database, "unmerge", one)
        except ConflictError:
            assert alone
            return
        assert not alone
        self.parts[one] = max(self.parts.values()) + 1

    @rule(one=st.sampled_from(CODES), value=st.sampled_from(["PERSON 1", "PERSON 2"]))
    def verifies(self, one: Source, value: str) -> None:
        decide(self.database, "value", one, field="city", value=value)

    @invariant()
    def the_same_golden_record_by_any_way(self) -> None:
        found = picture(self.database, "party")
        wanted: dict[int, set[Source]] = {}
        for source, part in self.parts.items():
            wanted.setdefault(part, set()).add(source)
        assert set(found) == {frozenset(sources) for sources in wanted.values()}
        with self.database.read() as connection:
            records = plain(store.standing_records(connection, "party"))
            words = decisions.words(connection, "party", CODES)
        assert {record.source for record in records} == set(CODES), "a source record is lost"
        for sources, body in found.items():
            own = [record for record in records if record.source in sources]
            Random(1).shuffle(own)
            assert survive("party", own, [word for word in words if word.source in sources], RULES).body == body
        for record in records:
            assert record.body["name"] == self.said[record.source]["name"], "a source record was changed"

    @invariant()
    def every_name_leads_to_the_record_that_bears_it(self) -> None:
        with self.database.read() as connection:
            records = plain(store.standing_records(connection, "party"))
            rows = connection.execute(sa.select(tables.crosswalk).where(tables.crosswalk.c.kind == "party")).all()
        golden = {(row.scheme, row.value): row.golden_id for row in rows}
        for record in records:
            for name, _, _ in names_of("party", record):
                assert name in golden


@pytest.mark.hypothesis
@pytest.mark.slow
def test_merging_in_any_order(fresh: Any) -> None:
    machine = type("Here", (Stewardship,), {"make": staticmethod(fresh)})
    told = settings(max_examples=examples(30), stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine, settings=told)


def merged_orders() -> Iterator[Sequence[tuple[int, int]]]:
    yield ((0, 2), (2, 4))
    yield ((2, 4), (0, 4))
    yield ((4, 0), (2, 0))


def test_three_ways_to_merge_one_golden_record(fresh: Any) -> None:
    seen = []
    for steps in merged_orders():
        with fresh() as database:
            world = World(database)
            world.send(*((system, party(code, name=f"{system} says", gln=None, tax_number=None)) for system, code in CODES))
            with database.begin("reconcile") as uow:
                reconcile(uow)
            before = picture(database, "party")
            for one, other in steps:
                decide(database, "merge", CODES[one], CODES[other])
            seen.append(picture(database, "party"))
            for number in (0, 2):
                decide(database, "unmerge", CODES[number])
            assert picture(database, "party") == before, "unmerged, it is as if nothing had been"
    assert seen[0] == seen[1] == seen[2]
    whole = next(sources for sources in seen[0] if len(sources) == 3)
    assert seen[0][whole]["name"] == "erp says"


def test_items_that_share_a_gtin_can_be_taken_apart_and_stay_so(fresh: Any) -> None:
    with fresh() as database:
        world = World(database)

        def says(system: str, code: str, revision: int = 1, **body: Any) -> None:
            world.send((system, item(code, revision=revision, supplier_items=[], **body)))
            with database.begin("reconcile") as uow:
                reconcile(uow)

        for system, code in (("erp", "A"), ("mes", "B"), ("wms", "C")):
            says(system, code, gtin=GTINS[0])
        assert {frozenset(sources) for sources in picture(database, "item")} == {frozenset({("erp", "A"), ("mes", "B"), ("wms", "C")})}
        decide(database, "unmerge", ("mes", "B"), kind="item")
        apart = {frozenset({("erp", "A"), ("wms", "C")}), frozenset({("mes", "B")})}
        assert set(picture(database, "item")) == apart
        says("mes", "B", revision=2, gtin=GTINS[0], name="again")
        assert set(picture(database, "item")) == apart, "a new version changes nothing of what was decided"
        says("erp", "A", revision=2, gtin=GTINS[1])
        assert set(picture(database, "item")) == {frozenset({("erp", "A")}), frozenset({("wms", "C")}), frozenset({("mes", "B")})}
        with pytest.raises(ConflictError, match="counted in one unit"):
            says("wms", "D", base_unit="KGM")
            decide(database, "merge", ("erp", "A"), ("wms", "D"), kind="item")


def test_decisions_are_in_the_audit_chain_with_who_and_why(fresh: Any) -> None:
    with fresh() as database:
        world = World(database)
        world.send(("erp", party("V1", gln=None, tax_number=None)), ("wms", party("V2", gln=None, tax_number=None)))
        with database.begin("reconcile") as uow:
            reconcile(uow)
        decide(database, "merge", ("erp", "V1"), ("wms", "V2"))
        with database.read() as connection:
            rows = connection.execute(sa.select(tables.audit).where(tables.audit.c.action == "party.merged")).all()
            asked = decisions.requests_of(connection, "party", [("wms", "V2")])
        assert [(row.actor, row.reason) for row in rows] == [("Li", "as the steward sees it")]
        assert [(row["action"], row["state"], row["asked_by"]) for row in asked] == [("merge", "done", "Li")]


def test_a_merge_survives_the_end_of_the_record_between(fresh: Any) -> None:
    """A is B and B is C: when B is withdrawn, A and C are still one, as the steward said."""
    with fresh() as database:
        world = World(database)
        for code in ("A", "B", "C"):
            world.send(("erp", party(code, gln=None, tax_number=None)))
        with database.begin("reconcile") as uow:
            reconcile(uow)
        decide(database, "merge", ("erp", "A"), ("erp", "B"))
        decide(database, "merge", ("erp", "B"), ("erp", "C"))
        world.send(("erp", party("B", purpose="cancel", revision=2)))
        with database.begin("reconcile") as uow:
            reconcile(uow)
        assert set(picture(database, "party")) == {frozenset({("erp", "A"), ("erp", "C")})}
        decide(database, "unmerge", ("erp", "C"))
        assert set(picture(database, "party")) == {frozenset({("erp", "A")}), frozenset({("erp", "C")})}


def test_orders_stock_and_trace_follow_a_merge_and_come_back(fresh: Any) -> None:
    """The warehouse calls an item otherwise than the ERP: merged, its receipt, count and lot belong to the ERP's; taken out, no more."""
    with fresh() as database:
        world = World(database)
        world.send(
            ("erp", item("RM-100", supplier_items=[])),
            ("wms", item("X-9", supplier_items=[], name="granulate, 25 kg")),
            ("erp", order()),
            ("wms", receipt(lines=[receipt_line(item_code="X-9", order_line=None)])),
            ("erp", stock(PLANT, at(13))),
            (
                "wms",
                stock(PLANT, at(13), {"item_code": "X-9", "quantity": Decimal(90)}),
            ),
            ("mes", production()),
        )
        with database.begin("reconcile") as uow:
            reconcile(uow)
        apart = followed(database)
        decide(database, "merge", ("erp", "RM-100"), ("wms", "X-9"), kind="item")
        together = followed(database)
        assert apart["received"] is None and together["received"] == Decimal(100)
        assert apart["stock"] == [[("erp", 0), ("wms", 90)], [("erp", 100), ("wms", 0)]]
        assert together["stock"] == [[("erp", 100), ("wms", 90)]]
        assert apart["joined"] == set()
        assert together["joined"] == {("lot:mes:RM-100|L1", "lot:wms:X-9|L1"), ("lot:wms:X-9|L1", "lot:mes:RM-100|L1")}
        decide(database, "unmerge", ("wms", "X-9"), kind="item")
        assert followed(database) == apart


def followed(database: Database) -> dict[str, Any]:
    """What an order, the stock and the lots say of the item."""
    with database.read() as connection:
        (line,) = views.order(connection, "4500000123")["lines"]
        rows, _ = views.inventory(connection)
        node = tables.node.alias()
        joined = connection.execute(
            sa.select(tables.node.c.key, node.c.key)
            .select_from(tables.edge)
            .join(tables.node, tables.node.c.id == tables.edge.c.src)
            .join(node, node.c.id == tables.edge.c.dst)
            .where(tables.edge.c.kind == SAME_AS)
        ).all()
    return {
        "received": line["received"]["quantity"],
        "stock": sorted(sorted((system["partner"], system["quantity"]) for system in row["systems"]) for row in rows if row["lot"] == "L1"),
        "joined": {tuple(row) for row in joined},
    }
