"""An order is what its documents say in their own order, however they came: changes lay over it line by line, member by member."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from data_contracts.errors import NotFoundError
from hub.apply import withdraw
from hub.reconcile import reconcile
from hub.store import tables, views
from hub.store.database import Database
from tests.effort import examples
from tests.hub.world import World, at, order, response

NUMBER = "4500000123"
NO_SHRINK = (Phase.explicit, Phase.generate)
Document = dict[str, Any]
Lines = dict[str, dict[str, Any]]


def line(number: str, **members: Any) -> Document:
    return {"line": number, "@": int(number), **members}


def change(revision: int, *lines: Document, purpose: str = "change", **header: Any) -> Document:
    return {
        "entity": "OrderChange",
        "number": NUMBER,
        "purpose": purpose,
        "revision": revision,
        "issued_at": at(1) + timedelta(hours=revision),
        "@": 1,
        "lines": list(lines),
        **header,
    }


FIRST = order(
    lines=[
        line("10", item_code="RM-100", quantity=Decimal(100), unit="EA", unit_price=Decimal("12.5")),
        line("20", item_code="RM-200", quantity=Decimal(20), unit="EA", unit_price=Decimal(3), requested_on="2026-11-20"),
        line("30", item_code="RM-300", quantity=Decimal(7), unit="KG"),
    ]
)


# --- the same, told as plainly as can be ---------------------------------------------------------------------------------
def fold(documents: Iterable[Document]) -> Lines | None:
    """Lines that are ordered after these documents, in the order of their numbers; null: there is no such order."""
    lines: Lines | None = None
    day: str | None = None
    for document in sorted(documents, key=lambda one: one.get("revision", 0)):
        purpose = document.get("purpose", "original")
        if purpose == "cancel":
            lines = None
        elif purpose != "change":
            day = document.get("requested_on")
            lines = {one["line"]: {**_said(one), "day": one.get("requested_on") or day} for one in document["lines"]}
        elif lines is not None:
            moved = document.get("requested_on")
            for known in lines.values():
                known["day"] = moved if moved and known["day"] in (None, day) else known["day"]
            day = moved or day
            for one in document["lines"]:
                _apply(lines, one, day)
    return lines


def _said(one: Document) -> dict[str, Any]:
    return {"quantity": one["quantity"], "price": one.get("unit_price"), "cancelled": False}


def _apply(lines: Lines, one: Document, day: str | None) -> None:
    number, action = one["line"], one.get("action")
    if action == "add":
        lines[number] = {**_said(one), "day": one.get("requested_on") or day}
    elif number in lines and action == "delete":
        lines[number] |= {"quantity": Decimal(0), "cancelled": True}
    elif number in lines and action == "change":
        if one.get("quantity") is not None:
            lines[number] |= {"quantity": one["quantity"], "cancelled": False}
        if one.get("unit_price") is not None:
            lines[number]["price"] = one["unit_price"]
        if one.get("requested_on") is not None:
            lines[number]["day"] = one["requested_on"]


def seen(database: Database, number: str = NUMBER) -> Lines | None:
    """The same as the view has it."""
    with database.read() as connection:
        try:
            shown = views.order(connection, number)
        except NotFoundError:
            return None
    return {
        one["line"]: {
            "quantity": one["ordered"]["quantity"],
            "price": one["unit_price"],
            "cancelled": one["cancelled"],
            "day": one["requested_on"],
        }
        for one in shown["lines"]
    }


def settled(database: Database) -> None:
    with database.begin("test") as uow:
        while reconcile(uow, limit=50) == 50:
            pass


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


# --- any order -----------------------------------------------------------------------------------------------------------
_amounts = st.integers(1, 9).map(Decimal)
_days = st.sampled_from(["2026-11-15", "2026-11-18", "2026-12-01"])
_numbers = st.sampled_from(["10", "20", "30", "40"])


@st.composite
def changed_lines(draw: st.DrawFn) -> list[Document]:
    made = []
    for number in draw(st.lists(_numbers, unique=True, max_size=3)):
        action = draw(st.sampled_from(["add", "change", "change", "delete", "keep"]))
        members: dict[str, Any] = {}
        if action == "add" or draw(st.booleans()):
            members |= {"quantity": draw(_amounts), "unit": "KG" if number == "30" else "EA"}
        if draw(st.booleans()):
            members["unit_price"] = draw(_amounts)
        if draw(st.booleans()):
            members["requested_on"] = draw(_days)
        item = {"item_code": f"RM-{int(number) * 10}"} if action == "add" or draw(st.booleans()) else {}
        made.append(line(number, action=action, **item, **members))
    return made


@st.composite
def stories(draw: st.DrawFn) -> list[Document]:
    """The order, and what is said of it afterwards, each with its number."""
    said = [FIRST]
    for revision in range(1, draw(st.integers(1, 5)) + 1):
        kind = draw(st.sampled_from(["change", "change", "change", "change", "replace", "cancel"]))
        if kind == "change":
            header = {"requested_on": draw(_days)} if draw(st.integers(0, 3)) == 0 else {}
            said.append(change(revision, *draw(changed_lines()), **header))
        elif kind == "replace":
            said.append({**FIRST, "purpose": "replace", "revision": revision, "issued_at": at(1) + timedelta(hours=revision)})
        else:
            said.append({**change(revision, purpose="cancel"), "entity": "PurchaseOrder"})
    return said


@pytest.mark.slow
@settings(phases=NO_SHRINK, max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    story=stories(), random=st.randoms(use_true_random=False), together=st.booleans(), replays=st.integers(0, 2), gone=st.integers(-2, 5)
)
def test_any_order_of_arrival_replay_and_withdrawal_is_the_fold(
    world: World, story: list[Document], random: Random, together: bool, replays: int, gone: int
) -> None:
    """Every example is an order of its own in one store."""
    database, number = world.database, f"46{len(world.exchanges):08}"
    arriving = [{**one, "number": number} for one in story]
    random.shuffle(arriving)
    outcomes = [
        outcome
        for batch in ([arriving] if together else [[one] for one in arriving])
        for outcome in world.send(*(("erp", one) for one in batch))
    ]
    for _ in range(replays):
        place = random.randrange(len(arriving))
        outcomes[place] = world.send(("erp", arriving[place]), origins=[outcomes[place].exchange_id])[0]
    left = list(arriving)
    if 0 <= gone < len(arriving):
        with database.begin("test") as uow:
            withdraw(uow, outcomes[gone].application_id or 0, "sent by mistake")
        left.pop(gone)
    settled(database)
    assert seen(database, number) == fold(left)
    _told_truly(database, number, left)


def _told_truly(database: Database, number: str, documents: Sequence[Document]) -> None:
    """Every number says which document gave it, and that document says so."""
    if seen(database, number) is None:
        return
    application = tables.application
    with database.read() as connection:
        rows = connection.execute(sa.select(application.c.id, application.c.revision).where(application.c.number == number))
        revisions = {row.id: row.revision for row in rows}
        for one in views.order(connection, number)["lines"]:
            for field, member in (("ordered", "quantity"), ("unit_price", "unit_price")):
                (part,) = views.contributions(connection, f"order/{number}/{one['line']}", field).contributions
                said = next(
                    row
                    for document in documents
                    if document.get("revision", 0) == revisions[part.application_id]
                    for row in document["lines"]
                    if row["@"] == part.locator
                )
                if one["cancelled"] and member == "quantity":
                    assert (said["action"], part.path.rpartition(".")[2], part.value) == ("delete", "action", 0)
                else:
                    assert said.get(member) == part.value


# --- what a person sees --------------------------------------------------------------------------------------------------
def shown(world: World, **who: Any) -> Mapping[str, Any]:
    settled(world.database)
    with world.database.read() as connection:
        return views.order(connection, NUMBER, **who)


def test_the_view_has_the_history_and_says_which_change_gave_what(world: World) -> None:
    world.send(("erp", FIRST))
    world.send(("erp", change(1, line("10", action="change", quantity=Decimal(80), unit="EA"), line("20", action="delete"))))
    world.send(("erp", change(2, line("10", action="change", unit_price=Decimal(13)), line("40", action="add", item_code="RM-400",
               quantity=Decimal(5), unit="EA"), ship_to={"gln": "4012345000023"})))  # fmt: skip
    first, second, third = world.exchanges
    found = shown(world)
    assert [(one["line"], one["ordered"]["quantity"], one["cancelled"]) for one in found["lines"]] == [
        ("10", 80, False), ("20", 0, True), ("30", 7, False), ("40", 5, False),
    ]  # fmt: skip
    assert {name: giver["exchange_id"] for name, giver in found["lines"][0]["changed_by"].items()} == {
        "quantity": second, "unit": second, "unit_price": third,
    }  # fmt: skip
    assert found["lines"][1]["changed_by"]["quantity"]["exchange_id"] == second
    assert found["lines"][1]["ordered"]["sources"][0]["exchange_id"] == second
    assert found["lines"][2]["changed_by"] == {} and found["lines"][3]["ordered"]["sources"][0]["exchange_id"] == third
    assert [(one["exchange_id"], one["purpose"], one["revision"]) for one in found["history"]] == [
        (first, "original", 0), (second, "change", 1), (third, "change", 2),
    ]  # fmt: skip
    assert (found["revision"], found["ship_to"], found["supplier"]["code"]) == (2, {"gln": "4012345000023"}, "V1001")
    with world.database.read() as connection:
        assert views.contributions(connection, f"order/{NUMBER}", "ship_to.gln").contributions[0].exchange_id == third
        assert views.contributions(connection, f"order/{NUMBER}", "currency").contributions[0].exchange_id == first
    own = shown(world, partner_id=4)
    assert [one["exchange_id"] for one in own["history"]] == [None] * 3 and own["lines"][0]["changed_by"]["quantity"]["exchange_id"] is None


def test_a_change_of_a_line_that_the_order_lacks_is_told_until_the_line_comes(world: World) -> None:
    early = change(2, line("40", action="change", quantity=Decimal(9), unit="EA"))
    (waiting,) = world.send(("erp", early))
    assert (waiting.state, [finding.rule for finding in waiting.findings]) == ("waiting", ["ORD-01"])
    world.send(("erp", FIRST))
    found = shown(world)
    assert [one["line"] for one in found["lines"]] == ["10", "20", "30"]
    assert [(one["rule"], one["order_line"], one["evidence"]) for one in found["discrepancies"]] == [("ORD-20", "40", world.exchanges)]
    world.send(("erp", change(1, line("40", action="add", item_code="RM-400", quantity=Decimal(5), unit="EA"))))
    found = shown(world)
    assert (found["lines"][3]["ordered"]["quantity"], found["discrepancies"]) == (9, [])


def test_a_line_without_an_action_is_changed_or_added(world: World) -> None:
    """Feeds of our own systems say `changed` and name lines, not what is done to them."""
    world.send(("erp", FIRST))
    world.send(("erp", order(purpose="change", revision=1, issued_at=at(2), lines=[
        line("30", item_code="RM-300", quantity=Decimal(8), unit="KG"), line("40", item_code="RM-400", quantity=Decimal(1), unit="EA"),
    ])))  # fmt: skip
    assert [(one["line"], one["ordered"]["quantity"]) for one in shown(world)["lines"]] == [("10", 100), ("20", 20), ("30", 8), ("40", 1)]


def test_another_item_or_unit_takes_nothing_along_that_was_of_the_former(world: World) -> None:
    world.send(("erp", FIRST))
    world.send(
        ("erp", change(1, line("10", action="change", item_code="RM-101"), line("20", action="change", quantity=Decimal(2), unit="CS")))
    )
    ten, twenty, _ = shown(world)["lines"]
    assert (ten["item"]["code"], ten["unit_price"], ten["ordered"]["quantity"]) == ("RM-101", Decimal("12.5"), 100)
    assert (twenty["unit"], twenty["unit_price"]) == ("CS", None)


def test_an_unnumbered_cancellation_ends_a_numbered_change_and_an_older_one_does_not(world: World) -> None:
    world.send(("erp", FIRST), ("erp", change(3, line("20", action="delete"))))
    (late,) = world.send(("erp", {**change(0, purpose="cancel"), "issued_at": at(1) - timedelta(hours=1)}))
    assert late.state == "superseded"
    assert [one["cancelled"] for one in shown(world)["lines"]] == [False, True, False]
    (end,) = world.send(("erp", {**change(0, purpose="cancel"), "issued_at": at(5)}))
    assert end.state == "applied" and seen(world.database) is None
    with world.database.read() as connection:
        states = connection.execute(sa.select(tables.exchange.c.state).order_by(tables.exchange.c.id)).scalars().all()
    assert states == ["cancelled", "cancelled", "superseded", "applied"]


def test_changes_of_one_day_without_a_number_are_taken_as_they_came(world: World) -> None:
    world.send(("erp", FIRST))
    for quantity in (70, 60, 50):
        world.send(("erp", {**change(0, line("10", action="change", quantity=Decimal(quantity), unit="EA")), "issued_at": at(2)}))
    assert shown(world)["lines"][0]["ordered"]["quantity"] == 50


def test_an_order_in_several_parts_of_one_line_takes_a_changed_quantity_as_that_of_the_whole(world: World) -> None:
    parts = [line("10", item_code="RM-100", quantity=Decimal(4), unit="EA"), line("10", item_code="RM-100", quantity=Decimal(6), unit="EA")]
    world.send(("erp", order(lines=parts)))
    world.send(("erp", change(1, line("10", action="change", unit_price=Decimal(2)))))
    assert shown(world)["lines"][0]["ordered"]["quantity"] == 10
    world.send(("erp", change(2, line("10", action="change", quantity=Decimal(7), unit="EA"))))
    assert shown(world)["lines"][0]["ordered"]["quantity"] == 7


def test_an_added_line_lets_nobody_in_whom_the_order_does_not_name(world: World) -> None:
    world.send(("erp", FIRST))
    world.send(("erp", change(1, line("5", action="add", item_code="RM-500", quantity=Decimal(5), unit="EA"))))
    world.send(("rheintal_titan", response(lines=[{"line": "5", "order_line": "5", "quantity": Decimal(5), "unit": "EA", "@": 4}])))
    found = shown(world)
    assert found["lines"][0]["line"] == "5" and found["lines"][0]["confirmed"]["quantity"] is None
    assert [one["partner"] for one in found["unmatched"]] == ["rheintal_titan"]


def test_an_answer_to_a_change_speaks_of_its_lines_only(world: World) -> None:
    world.send(("erp", FIRST))
    answers = [{"line": n, "order_line": n, "quantity": Decimal(q), "unit": u, "@": 4} for n, q, u in (("10", 100, "EA"), ("30", 7, "KG"))]
    changed = response(purpose="change", issued_at=at(4), revision=1, lines=[
        {"line": "10", "order_line": "10", "quantity": Decimal(80), "unit": "EA", "promised_on": "2026-11-30", "@": 4},
    ])  # fmt: skip
    (early,) = world.send(("jiangnan_polymer", changed))
    assert (early.state, early.standing) == ("applied", True), "an answer to a change waits for no first answer"
    world.send(("jiangnan_polymer", response(lines=answers)))
    confirmed = {one["line"]: one["confirmed"]["quantity"] for one in shown(world)["lines"]}
    assert confirmed == {"10": 80, "20": None, "30": 7}
