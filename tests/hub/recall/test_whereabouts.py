"""Every unit of a lot is somewhere, once: the account balances whatever is stated, in whatever order."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.recall.answered import Answer
from hub.recall.whereabouts import WHERE, Counted, LotAccount, Stated, account
from tests.effort import examples

D = Decimal
PLANT, DEPOT, CLINIC, HOSPITAL = "PLANT", "DEPOT", "CLINIC", "HOSPITAL"
OURS = frozenset({PLANT, DEPOT})


def said(found: LotAccount) -> list[tuple[str, str, Decimal, str]]:
    return [(one.where, one.holder, one.quantity, one.why) for one in found.positions]


def test_what_was_made_is_on_stock_or_at_the_consignee_or_unknown() -> None:
    found = account(
        [Stated("made", D(100), PLANT, exchange_id=1), Stated("despatched", D(30), CLINIC, PLANT, "D1", exchange_id=2)],
        [Counted(PLANT, "available", D(60), "wms", 3)],
        frozenset({PLANT}),
        OURS,
        {},
    )
    assert said(found) == [
        ("on_hand", PLANT, D(60), "counted"),
        ("shipped", CLINIC, D(30), "not_answered"),
        ("unknown", "", D(10), "not_on_stock"),
    ]
    assert found.coverage == D("0.9")
    assert found.consignees == {CLINIC: D(30)}
    assert found.positions[1].evidence == (2,)


def test_a_place_that_nobody_counts_has_what_documents_left_there() -> None:
    found = account([Stated("made", D(10), PLANT), Stated("consumed", D(4), PLANT)], [], frozenset(), OURS, {})
    assert said(found) == [("on_hand", PLANT, D(6), "by_documents"), ("used", PLANT, D(4), "consumed")]
    assert found.coverage == 1


def test_on_the_way_between_our_places_until_any_of_it_is_received_and_what_is_short_then_is_unknown() -> None:
    sent = [Stated("sent_by_supplier", D(100), PLANT, "", "S1"), Stated("sent_by_supplier", D(50), PLANT, "", "S2")]
    found = account([*sent, Stated("received", D(90), PLANT, "", "S1")], [], frozenset(), OURS, {})
    assert said(found) == [
        ("on_hand", PLANT, D(90), "by_documents"),
        ("in_transit", PLANT, D(50), "not_received"),
        ("unknown", PLANT, D(10), "received_short"),
    ]


def test_a_receipt_that_names_no_despatch_is_of_the_despatch_to_its_place() -> None:
    found = account([Stated("sent_by_supplier", D(40), DEPOT, "", "S1"), Stated("received", D(40), DEPOT)], [], frozenset(), OURS, {})
    assert said(found) == [("on_hand", DEPOT, D(40), "by_documents")]
    assert found.total == 40


def test_received_and_sent_by_nobody_came_into_being_by_the_receipt() -> None:
    found = account([Stated("received", D(7), DEPOT)], [], frozenset(), OURS, {})
    assert (found.total, found.coverage) == (D(7), D(1))


def test_an_answer_takes_the_place_of_what_was_shipped_and_the_rest_of_it_is_unknown() -> None:
    lines = [Stated("made", D(10), PLANT), Stated("despatched", D(10), HOSPITAL, PLANT, "D1")]
    found = account(lines, [], frozenset(), OURS, {HOSPITAL: Answer(on_hand=D(3), used=D(4), destroyed=D(1), returned=D(1))})
    assert said(found) == [
        ("on_hand", HOSPITAL, D(3), "answered"),
        ("used", HOSPITAL, D(4), "answered"),
        ("destroyed", HOSPITAL, D(1), "answered"),
        ("returned", HOSPITAL, D(1), "answered"),
        ("unknown", HOSPITAL, D(1), "not_accounted_for"),
    ]


def test_stock_from_before_the_first_document_is_an_opening_and_not_unknown() -> None:
    found = account(
        [Stated("despatched", D(2), CLINIC, PLANT, "D1")], [Counted(PLANT, "blocked", D(5), "wms")], frozenset({PLANT}), OURS, {}
    )
    assert (found.made, found.opening, found.total, found.coverage) == (D(0), D(7), D(7), D(1))


def test_what_was_written_off_is_destroyed() -> None:
    found = account([Stated("made", D(10), PLANT), Stated("written_off", D(3), PLANT)], [], frozenset(), OURS, {})
    assert said(found) == [("on_hand", PLANT, D(7), "by_documents"), ("destroyed", PLANT, D(3), "written_off")]


def test_a_lot_without_units_has_no_coverage() -> None:
    assert account([], [], frozenset(), OURS, {}).coverage is None


amounts = st.integers(1, 1000).map(D)
places = st.sampled_from([PLANT, DEPOT, CLINIC, HOSPITAL])
numbers = st.sampled_from(["", "N1", "N2"])
lines = st.lists(
    st.one_of(
        st.builds(Stated, st.sampled_from(["made", "consumed", "written_off"]), amounts, st.sampled_from([PLANT, DEPOT])),
        st.builds(Stated, st.just("despatched"), amounts, places, st.sampled_from([PLANT, DEPOT]), numbers),
        st.builds(Stated, st.just("sent_by_supplier"), amounts, st.sampled_from([PLANT, DEPOT]), st.just(""), numbers),
        st.builds(Stated, st.just("received"), amounts, st.sampled_from([PLANT, DEPOT]), st.just(""), numbers),
        st.builds(Stated, st.just("received_by_consignee"), amounts, st.sampled_from([CLINIC, HOSPITAL]), st.just(""), numbers),
        st.builds(Stated, st.just("moved"), st.integers(-500, 500).filter(bool).map(D), st.sampled_from([PLANT, DEPOT])),
    ),
    max_size=12,
)
counts = st.lists(
    st.builds(Counted, st.sampled_from([PLANT, DEPOT]), st.sampled_from(["available", "blocked"]), amounts, st.just("wms")), max_size=3
)


@settings(max_examples=examples(400), deadline=None)
@given(lines, counts, st.booleans(), st.randoms(use_true_random=False))
def test_the_account_balances_in_any_order(stated: list[Stated], counted: list[Counted], counts_both: bool, random) -> None:  # type: ignore[no-untyped-def]
    ours_counted = OURS if counts_both else frozenset(one.place for one in counted)
    found = account(stated, counted, ours_counted, OURS, {})
    assert sum((one.quantity for one in found.positions), D(0)) == found.total
    assert all(one.quantity > 0 and one.where in WHERE for one in found.positions)
    assert len({(one.where, one.holder, one.status, one.why) for one in found.positions}) == len(found.positions)
    if found.total:
        assert 0 <= (found.coverage or 0) <= 1
    shuffled = list(stated)
    random.shuffle(shuffled)
    again = account(shuffled, counted, ours_counted, OURS, {})
    assert (again.positions, again.made, again.opening) == (found.positions, found.made, found.opening)
