"""Which application stands does not depend on the order in which they came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.reconcile.standing import FOLDING, RANK, Candidate, decide
from hub.store.resent import IN_PART


def said(
    number: int, purpose: str = "original", revision: int = 0, issued: int = 0, root: int | None = None, content: str = ""
) -> Candidate:
    return Candidate(number, root or number, purpose, revision, issued, content)


def test_the_newest_revision_stands_then_the_latest_issue() -> None:
    assert decide([said(1, revision=2, issued=1), said(2, revision=1, issued=9)]).standing_id == 1
    assert decide([said(1, issued=1), said(2, issued=9)]).standing_id == 2


def test_on_the_same_day_a_replacement_is_later_than_its_original_and_a_cancellation_later_than_both() -> None:
    assert decide([said(2), said(1, "replace")]).standing_id == 1
    verdict = decide([said(2), said(3, "cancel"), said(1, "replace")])
    assert (verdict.state, verdict.standing_id, verdict.decided_by, verdict.cancelled) == ("cancelled", None, 3, 1)


def test_what_is_issued_after_a_cancellation_stands() -> None:
    assert decide([said(1, issued=1), said(2, "cancel", issued=2), said(3, issued=3)]).standing_id == 3
    assert decide([said(2, "cancel", issued=2), said(1, issued=1)]).state == "cancelled"


def test_a_change_waits_for_an_original_that_is_not_cancelled() -> None:
    verdict = decide([said(1, "change", revision=2)])
    assert (verdict.state, verdict.waiting) == ("waiting", {1})
    assert decide([said(1, "change", revision=2), said(2, revision=1)]).standing_id == 1
    verdict = decide([said(1, revision=1), said(2, "cancel", revision=2), said(3, "change", revision=3)])
    assert (verdict.state, verdict.waiting) == ("cancelled", {3})


def test_of_one_replay_chain_only_the_last_counts() -> None:
    assert decide([said(1, revision=5, root=10), said(2, revision=1, root=10)]).standing_id == 2


@given(
    st.lists(
        st.builds(
            Candidate,
            application_id=st.integers(1, 10**6),
            root=st.integers(1, 6),
            purpose=st.sampled_from(sorted(RANK)),
            revision=st.integers(0, 2),
            issued_at=st.integers(0, 2),
            content=st.sampled_from("ab"),
        ),
        max_size=7,
        unique_by=lambda candidate: candidate.application_id,
    ),
    st.randoms(use_true_random=False),
    st.sampled_from(["despatch_advice", *FOLDING]),
)
def test_any_permutation_gives_the_same(candidates: list[Candidate], random: object, kind: str) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    verdict = decide(candidates, kind)
    assert decide(shuffled, kind) == verdict
    if kind not in FOLDING:
        assert verdict.changes == ()
    elif verdict.state == "standing":
        purposes = {candidate.application_id: candidate.purpose for candidate in candidates}
        assert {purposes[number] for number in verdict.changes} <= {"change"}
        assert FOLDING[kind] is False or purposes[verdict.standing_id or 0] not in ("change", "cancel")


def test_changes_of_an_order_stand_beside_it_in_their_order_and_of_a_shipment_in_its_place() -> None:
    told = [said(4, "change", revision=2, issued=1), said(3), said(2, "change", revision=1, issued=9), said(1, issued=-1)]
    verdict = decide(told, "purchase_order")
    assert (verdict.standing_id, verdict.changes, verdict.all_standing) == (3, (2, 4), {2, 3, 4})
    assert (decide(told, "despatch_advice").standing_id, decide(told, "despatch_advice").changes) == (4, ())
    assert decide([*told, said(5, "cancel", issued=20)], "purchase_order").cancelled == 3


def test_an_unnumbered_statement_stands_where_its_time_puts_it_among_numbered_ones() -> None:
    numbered = [said(1, issued=1), said(2, "change", revision=1, issued=5), said(3, "change", revision=2, issued=3)]
    assert decide([*numbered, said(4, "replace", issued=4)], "purchase_order").changes == (2, 3), "its number holds change 2 behind 1"
    assert decide([*numbered, said(4, "replace", issued=6)], "purchase_order").all_standing == {4}
    assert decide([*numbered, said(4, "cancel", issued=5)], "purchase_order").state == "cancelled"
    assert decide([*numbered, said(4, "cancel", issued=0)], "purchase_order").state == "standing"


def test_a_change_that_comes_twice_counts_once_and_one_that_takes_another_back_counts() -> None:
    order = said(1, issued=1)
    five, seven = said(2, "change", issued=2, content="five"), said(3, "change", issued=2, content="seven")
    again, back = said(3, "change", issued=2, content="five"), said(4, "change", issued=2, content="five")
    assert decide([order, five, again], "purchase_order").changes == (2,)
    assert decide([order, five, seven, back], "purchase_order").changes == (2, 3, 4)
    assert decide([order, five, said(3, "change", issued=9, content="five")], "purchase_order").changes == (2, 3)


def test_an_answer_to_a_change_stands_without_a_first_answer() -> None:
    verdict = decide([said(1, "change", issued=1), said(2, "change", issued=2)], "order_response")
    assert (verdict.state, verdict.standing_id, verdict.changes) == ("standing", 1, (2,))


def test_what_is_changed_in_part_is_not_settled_by_a_change_that_is_sent_again() -> None:
    assert set(IN_PART) == set(FOLDING)
