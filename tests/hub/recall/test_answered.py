"""An answer tells of the time at which it was given: what came or left later is beside it, and no unit counts twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.recall.answered import Answer, Change, Holding, weighed
from hub.store.database import Database
from hub.store.types import micros
from tests.effort import examples
from tests.hub.recall.papers import CL, CLINIC, F1, came, made, rules, sent, story, where
from tests.hub.recall.test_ends_elsewhere import destroyed
from tests.hub.world import PLANT, World, at

D = Decimal
ANSWERED = micros(at(22))
SAID = Answer(on_hand=D(2), used=D(1), destroyed=D(1), at=ANSWERED, asked=D(4))
"""At noon of the fourth day, of all four that it had got."""


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def after(world: World, *later: tuple[str, dict[str, Any]], said: Answer = SAID) -> Any:
    return story(world, ("mes", made(quantity=20)), ("wms", sent()), *later, answers={(CL, F1, "EA"): said})


HOME, USED = ("on_hand", PLANT, D(16)), ("used", CL, D(1))


def test_what_is_destroyed_after_an_answer_was_on_hand_then(world: World) -> None:
    found = after(world, ("stadtspital", destroyed(1, f"https://id.gs1.org/414/{CL}", day=25)))
    assert where(found) == [("on_hand", CL, D(1)), HOME, USED, ("destroyed", CL, D(1)), ("destroyed", CL, D(1))]
    assert (found.sum("destroyed"), rules(found)) == (D(2), [])


def test_what_was_destroyed_before_an_answer_is_part_of_it(world: World) -> None:
    found = after(world, ("stadtspital", destroyed(1, f"https://id.gs1.org/414/{CL}", day=20)))
    assert (found.sum("destroyed"), found.sum("on_hand"), rules(found)) == (D(1), D(18), [])


def test_what_comes_after_an_answer_is_with_the_consignee_and_not_unknown(world: World) -> None:
    found = after(world, ("wms", sent("D2", 3, day=25)), said=Answer(on_hand=D(2), used=D(1), at=ANSWERED, asked=D(4)))
    at_home = ("on_hand", PLANT, D(13))
    assert where(found) == [("on_hand", CL, D(2)), at_home, ("shipped", CL, D(3)), USED, ("unknown", CL, D(1))]
    assert (found.consignees, rules(found)) == ({CL: D(7)}, [])


def test_what_is_sent_back_or_on_after_an_answer_left_what_was_on_hand(world: World) -> None:
    back, on = came("R9", 1, ship_from={"gln": CL}, day=25), sent("D9", 1, CLINIC, 26, ship_from={"gln": CL})
    found = after(world, ("wms", back), ("stadtspital", on))
    assert where(found) == [("on_hand", PLANT, D(17)), ("shipped", CLINIC, D(1)), USED, ("destroyed", CL, D(1))]
    assert (found.total, rules(found)) == (D(20), [])


def test_what_was_on_its_way_back_when_it_was_answered_arrives_once() -> None:
    said = Answer(on_hand=D(1), returned=D(3), at=10, asked=D(4))
    assert weighed(said, [Change("got", D(4), 1), Change("sent_back", D(3), 20)]) == Holding(on_hand=D(1))


def test_what_was_not_known_when_it_was_asked_is_not_asked_yet() -> None:
    said = Answer(used=D(3), at=10, asked=D(4))
    found = weighed(said, [Change("got", D(4), 1), Change("got", D(5), 2)])
    assert found == Holding(used=D(3), not_asked=D(5), not_accounted_for=D(1))


def test_what_a_later_document_tells_of_and_was_asked_for_came_before() -> None:
    assert weighed(Answer(on_hand=D(3), at=10, asked=D(4)), [Change("got", D(4), 11)]) == Holding(on_hand=D(3), not_accounted_for=D(1))


hows = st.sampled_from(["got", "passed_on", "sent_back", "consumed", "written_off"])
changes = st.lists(st.builds(Change, hows, st.integers(1, 9).map(D), st.integers(0, 20)), max_size=6)
some = st.integers(0, 9).map(D)


@settings(max_examples=examples(200), deadline=None)
@given(st.builds(Answer, some, some, some, some, st.integers(0, 20), some), changes)
def test_units_that_a_consignee_ever_got_are_with_it_once(said: Answer, told: list[Change]) -> None:
    """What it has, and what left it, is what it got, and what it claims beyond that is said."""
    found = weighed(said, told)
    got = sum((one.quantity for one in told if one.how == "got"), D(0))
    gone = sum((one.quantity for one in told if one.how != "got"), D(0))
    held = found.on_hand + found.used + found.destroyed + found.returned + found.not_asked + found.not_accounted_for
    assert min(held, found.excess, found.on_hand, found.not_asked, found.not_accounted_for) >= 0
    assert max(got - gone, D(0)) <= held <= max(got - gone, D(0)) + found.excess + gone
    if not found.excess and not any(one.how != "got" and one.at <= said.at for one in told) and said.at:
        assert held == got - gone
