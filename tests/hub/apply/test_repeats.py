"""Which exchange said an original before: by the plain reading of the sentence, and in one pass however often a number comes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.apply import settle
from tests.effort import examples

KINDS = {1: "erp", 4: "supplier", 6: "customer"}
asked = 0


class Row:
    """An application, which counts how often it is looked at."""

    def __init__(self, number: int, exchange: int, purpose: str, kind: str, partner: int) -> None:
        self.id, self._exchange, self.purpose, self.kind, self.partner_id = number, exchange, purpose, kind, partner

    @property
    def exchange_id(self) -> int:
        global asked
        asked += 1
        return self._exchange


def plainly(group: list[Row], roots: dict[int, int]) -> dict[int, int]:
    """For each row, all others."""
    found = {}
    for row in group:
        if row.kind != "invoice" or row.purpose != "original" or KINDS[row.partner_id] == "erp":
            continue
        own = roots.get(row.exchange_id, row.exchange_id)
        before = [one.exchange_id for one in group if one.id < row.id and one.purpose == "original"]
        others = [exchange for exchange in before if roots.get(exchange, exchange) != own]
        if others:
            found[row.id] = min(others)
    return found


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from(["original", "change"]), st.sampled_from([1, 4, 6])), max_size=12),
    st.dictionaries(st.integers(1, 40), st.integers(1, 40), max_size=12),
    st.sampled_from(["invoice", "inventory_report"]),
)
def test_it_is_the_first_of_the_others(said: list[tuple[int, str, int]], roots: dict[int, int], kind: str) -> None:
    group: list[Any] = [Row(number, exchange, purpose, kind, partner) for number, (exchange, purpose, partner) in enumerate(said)]
    assert settle._repeats(group[::-1], roots, KINDS) == plainly(group, roots)


def test_a_number_that_comes_thousands_of_times_is_looked_at_once_each() -> None:
    global asked
    asked = 0
    group: list[Any] = [Row(number, number, "original", "invoice", 4) for number in range(5000)]
    assert len(settle._repeats(group, {}, KINDS)) == 4999
    assert asked < 5 * len(group)
