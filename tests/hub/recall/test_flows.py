"""Any story of moves, told by one or two systems, with returns, gives what a plain simulation knows to be true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.recall import flows
from hub.recall.flows import Stated, together
from hub.recall.whereabouts import LotAccount, account
from tests.effort import examples

D = Decimal
PLANT, DEPOT = "PLANT", "DEPOT"
OURS = frozenset({PLANT, DEPOT})
AWAY = ("CLINIC", "HOSPITAL", "DISTRIBUTOR")
DAY = 86_400_000_000
Move = tuple[str, str, int]
"""From, to, units: more than there are moves what there is. From '' it is made, to '' it is used or scrapped."""


@dataclass
class Story:
    """A world in which units move, and what it says of itself."""

    held: dict[str, int] = field(default_factory=dict)
    got: dict[str, int] = field(default_factory=dict)
    way: dict[str, int] = field(default_factory=dict)
    used: int = 0
    made: int = 0
    told: list[list[Stated]] = field(default_factory=list)
    """A list a flow."""

    def tell(self, move: Move, step: int, arrives: bool) -> None:
        origin, place, wanted = move
        at, number = (step + 1) * 10 * DAY, f"N{step}"
        quantity = wanted if not origin else min(wanted, self.held.get(origin, 0))
        if origin in AWAY and place == "":
            return  # what a consignee uses nobody tells us
        if not quantity or origin == place:
            return
        amount = D(quantity)
        if origin:
            self.held[origin] -= quantity
        if not origin:
            place = place if place in OURS else PLANT
            self.made += quantity
            self.held[place] = self.held.get(place, 0) + quantity
            self.told.append([Stated("made", amount, place, "", number, "mes", step * 2 + 1, at)])
            return
        if not place:
            self.used += quantity
            self.told.append([Stated("consumed", amount, origin, "", number, "mes", step * 2 + 1, at)])
            return
        kind = "despatched" if origin in OURS else "sent_by_supplier"
        self.told.append([Stated(kind, amount, place, origin, number, "wms" if origin in OURS else origin, step * 2 + 1, at)])  # type: ignore[arg-type]
        if place in OURS and not arrives:
            self.way[place] = self.way.get(place, 0) + quantity
            return
        self.held[place] = self.held.get(place, 0) + quantity
        if place in OURS:
            self.told.append([Stated("received", amount, place, origin, number, "wms", step * 2 + 2, at + DAY)])
        else:
            self.got[place] = self.got.get(place, 0) + quantity


def where(found: LotAccount) -> dict[tuple[str, str], Decimal]:
    return {(one.where, one.holder): one.quantity for one in found.positions if one.where != "used"}


def truth(story: Story) -> dict[tuple[str, str], Decimal]:
    known = {("on_hand" if place in OURS else "shipped", place): D(quantity) for place, quantity in story.held.items() if quantity}
    return known | {("in_transit", place): D(quantity) for place, quantity in story.way.items()}


steps = st.tuples(st.integers(0, 11), st.sampled_from(["", PLANT, DEPOT, *AWAY, *AWAY]), st.integers(1, 50), st.booleans())
moves = st.lists(steps, min_size=3, max_size=14)
Step = tuple[int, str, int, bool]
"""Which of the holders sends (a multiple of 12: it is made), where to, at most how many, and whether we have received them."""


def told_of(chosen: list[Step]) -> Story:
    story = Story()
    story.tell(("", PLANT, 40), 0, True)
    for step, (sender, place, quantity, arrives) in enumerate(chosen):
        having = sorted(name for name, held in story.held.items() if held)
        origin = having[sender % len(having)] if sender and having else ""
        story.tell((origin, place, quantity), step + 1, arrives)
    return story


@settings(max_examples=examples(400), deadline=None)
@given(moves, st.lists(st.sampled_from(["once", "by two", "other number"]), min_size=32, max_size=32), st.randoms(use_true_random=False))
def test_any_story_by_one_or_two_systems_gives_the_truth(chosen: list[Step], ways: list[str], random) -> None:  # type: ignore[no-untyped-def]
    story = told_of(chosen)
    said: list[Stated] = []
    doubted = 0
    for index, ([one], way) in enumerate(zip(story.told, ways, strict=False)):
        said.append(one)
        if way != "once":
            again = replace(one, partner="erp", exchange_id=1000 + index)
            if way == "other number" and one.kind not in ("made", "received"):
                again = replace(again, number=f"E{index}", at=one.at + DAY // 2)
                doubted += 1
            said.append(again)
    random.shuffle(said)
    found = account(said, [], frozenset(), OURS, {})
    assert where(found) == truth(story)
    assert (found.total, found.sum("used"), found.opening) == (D(story.made), D(story.used), D(0))
    assert found.consignees == {place: D(quantity) for place, quantity in story.got.items()}
    assert [one.rule for one in found.contradictions] == ["one_or_two"] * doubted
    assert found.coverage == 1 or doubted


@settings(max_examples=examples(200), deadline=None)
@given(moves)
def test_what_is_taken_together_is_said_once(chosen: list[Step]) -> None:
    told = [one for each in told_of(chosen).told for one in each]
    alone, noted = together(told)
    both, again = together([*told, *(replace(one, partner="erp") for one in told)])
    assert (noted, again) == ([], [])
    assert sorted((one.kind, one.number, one.quantity) for one in both) == sorted((one.kind, one.number, one.quantity) for one in alone)


@settings(max_examples=examples(200), deadline=None)
@given(moves)
def test_documents_that_are_missing_never_add_units_in_silence(chosen: list[Step]) -> None:
    """Without the receipts of a story, or without where from, more units than were made are an alarm."""
    told = [one for each in told_of(chosen).told for one in each]
    for partial in ([one for one in told if one.kind != "received"], [replace(one, origin="") for one in told]):
        found = account(partial, [], frozenset(), OURS, {})
        assert sum((one.quantity for one in found.positions), D(0)) == found.total
        assert not found.opening or "more_found" in {one.rule for one in found.contradictions}
        assert not found.contradictions or (found.coverage or D(0)) < 1


def test_only_flows_that_could_be_one_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def counted(group: Sequence[flows._Telling], known: Sequence[flows._Telling], real: Any = flows._may_be_one) -> bool:
        nonlocal asked
        asked += 1
        return bool(real(group, known))

    monkeypatch.setattr(flows, "_may_be_one", counted)
    told = [
        Stated(
            "despatched",
            Decimal(10),
            f"consignee {day % 5}",
            "plant",
            f"{partner}-{day}",
            partner,
            exchange_id=day + 1,
            at=day * flows.DAYS,
        )
        for day in range(300)
        for partner in ("erp", "wms")
    ]
    once, noted = together(told)
    assert (len(once), len(noted)) == (300, 300)
    assert asked < 4 * 300, "a lot with thousands of despatches must not compare each with each"
