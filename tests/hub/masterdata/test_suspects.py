"""Suspected duplicates: a pair is one case, and what was called different is not asked again until something that matters changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConflictError
from hub.masterdata.decide import Asked, approve, ask, refuse, settle
from hub.masterdata.settings import KindRules, MasterSettings, Rules
from hub.masterdata.suspects import suspect
from hub.reconcile.run import reconcile
from hub.store import decisions, tables, views
from hub.store import suspects as store
from hub.store.database import Database
from tests.hub.world import World, item, party

RULES = MasterSettings().rules
LEFT, RIGHT = ("erp", "V1"), ("wms", "W1")


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.send(("erp", party("V1", name="Alpha", gln=None, tax_number=None)), ("wms", party("W1", name="Beta", gln=None, tax_number=None)))
    renew(made)
    return made


def renew(world: World, rules: Rules = RULES) -> None:
    with world.database.begin("reconcile") as uow:
        reconcile(uow, rules=rules)


def found(world: World, score: float = 0.9, reasons: Any = ("name",)) -> int | None:
    with world.database.begin("matcher") as uow:
        return suspect(uow, "party", RIGHT, LEFT, score, reasons)


def states(world: World) -> list[str]:
    with world.database.read() as connection:
        return [row["state"] for row in store.listed(connection, states=store.STATES)]


def answer(world: World, number: int, said: Any, rules: Rules = RULES, key: int | None = None) -> tuple[int | None, str]:
    with world.database.begin("Li") as uow:
        done = settle(uow, number, said, "looked at both", rules, key)
    renew(world, rules)
    return done


def test_a_pair_is_one_case_however_often_it_is_found(world: World) -> None:
    first = found(world)
    assert first is not None and found(world, 0.95, [{"field": "name", "level": "close"}]) == first
    with world.database.read() as connection:
        shown = store.suspect(connection, first)
    assert (shown["left"], shown["right"]) == ({"system": "erp", "code": "V1"}, {"system": "wms", "code": "W1"})
    assert (shown["score"], shown["reasons"], shown["state"]) == (Decimal("0.95"), [{"field": "name", "level": "close"}], "open")


def test_different_is_remembered_until_a_field_that_matters_changes(world: World) -> None:
    number = found(world)
    assert number is not None
    answer(world, number, "different")
    assert found(world, 0.99) is None and states(world) == ["different"]
    world.send(("wms", party("W1", name="Beta", gln=None, tax_number=None, revision=2, status="blocked")))
    renew(world)
    assert found(world) is None, "whether it is blocked does not tell who it is"
    world.send(("wms", party("W1", name="Alpha", gln=None, tax_number=None, revision=3)))
    renew(world)
    assert found(world) == number and states(world) == ["open"]
    with world.database.read() as connection:
        actions = connection.execute(sa.select(tables.audit.c.action).where(tables.audit.c.subject == f"suspect/{number}")).scalars().all()
    assert actions == ["suspect.opened", "suspect.different", "suspect.reopened"]


def test_same_merges_and_later_waits(world: World) -> None:
    number = found(world)
    assert number is not None
    assert answer(world, number, "later") == (None, "done")
    assert found(world) == number and states(world) == ["later"]
    assert answer(world, number, "same")[1] == "done"
    assert states(world) == ["same"] and found(world) is None
    with world.database.read() as connection:
        assert views.party(connection, "V1")["golden_id"] == views.party(connection, "W1")["golden_id"]
    with pytest.raises(ConflictError, match="same already"):
        answer(world, number, "different")
    with world.database.begin("Li") as uow:
        ask(uow, Asked("party", "unmerge", RIGHT, "no, it was another"), RULES)
    renew(world)
    assert states(world) == ["different"] and found(world) is None


def test_a_record_that_goes_takes_its_cases_along(world: World) -> None:
    number = found(world)
    world.send(("wms", party("W1", purpose="cancel", revision=2)))
    renew(world)
    assert states(world) == ["gone"] and found(world) is None
    world.send(("wms", party("W1", name="Beta", gln=None, tax_number=None, revision=3)))
    renew(world)
    assert found(world) == number and states(world) == ["open"]


def test_what_reconcile_sees_itself_becomes_a_case_and_deciding_closes_the_discrepancy(world: World) -> None:
    world.send(("erp", party("V2", name="Alpha GmbH", gln=None, tax_number=None)))
    renew(world)
    with world.database.read() as connection:
        (case,) = store.listed(connection, states=["open"])
        assert len(views.discrepancies(connection, rule="MDM-01")[0]) == 1
    assert (case["left"]["code"], case["right"]["code"], case["reasons"]) == ("V1", "V2", ["name"])
    answer(world, case["id"], "same")
    with world.database.read() as connection:
        assert views.discrepancies(connection, rule="MDM-01")[0] == []


def test_a_second_person_approves_where_the_rules_say_so(world: World) -> None:
    rules = MasterSettings(kinds={"party": KindRules(approve=("merge",), approve_fields=("tax_number",))}).rules
    number = found(world)
    assert number is not None
    request, state = answer(world, number, "same", rules, key=7)
    assert request is not None and state == "waiting" and states(world) == ["open"]
    for name, key in (("somebody", 7), ("Li", 8)):
        with pytest.raises(ConflictError, match="somebody else"), world.database.begin(name) as uow:
            approve(uow, request, None, key, rules)
    with world.database.begin("Wang") as uow:
        approve(uow, request, "seen the papers", 8, rules)
    renew(world, rules)
    assert states(world) == ["same"]
    with world.database.read() as connection:
        said = decisions.request(connection, request)
    assert (said["state"], said["asked_by"], said["decided_by"], said["decided_reason"]) == ("done", "Li", "Wang", "seen the papers")
    with world.database.begin("Li") as uow:
        asked = Asked("party", "value", LEFT, "from the register", field="tax_number", value="91350100M000100Y43", key=7)
        request, state = ask(uow, asked, rules)
    assert state == "waiting"
    with world.database.begin("Wang") as uow:
        refuse(uow, request, "an old number", 8)
    with pytest.raises(ConflictError, match="refused already"), world.database.begin("Wang") as uow:
        approve(uow, request, None, 8, rules)


def test_orders_and_stock_follow_a_merge_of_items(database: Database) -> None:
    """Two systems call one item by codes that have nothing in common: merged, a code of either leads to the other's, and back."""
    world = World(database)
    world.send(("erp", item("RM-1", supplier_items=[])), ("wms", item("X-9", supplier_items=[], name="the same thing")))
    renew(world)
    with database.begin("Li") as uow:
        ask(uow, Asked("item", "merge", ("erp", "RM-1"), "seen the box", ("wms", "X-9")), RULES)
    renew(world)
    with database.read() as connection:
        shown = views.item(connection, "X-9")
        assert {row["value"] for row in shown["names"]} == {"RM-1", "X-9"} and shown["name"] == "Polymer granulate"
    with database.begin("Li") as uow:
        ask(uow, Asked("item", "unmerge", ("wms", "X-9"), "another box"), RULES)
    renew(world)
    with database.read() as connection:
        assert [row["value"] for row in views.item(connection, "X-9")["names"]] == ["X-9"]
