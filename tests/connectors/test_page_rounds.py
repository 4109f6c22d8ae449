"""A pull that goes round is left, whatever the length of its rounds; one that goes on, however long, is not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest

from connectors.page_rounds import MOST, Rounds
from connectors.spec import Delivered, Page
from data_contracts.errors import RetriableError


def page(*keys: str) -> Page:
    return Page(Delivered("p", "k", 1), b"x", None, tuple((key, "v") for key in keys))


def passed(pages: Iterable[Page], *, one_by_one: bool = False) -> int:
    """Pages until it was left."""
    rounds, number = Rounds("items", one_by_one=one_by_one), 0
    for number, one in enumerate(pages, 1):
        try:
            rounds.passed(one)
        except RetriableError as error:
            assert f"items: the peer's pages have no end: of {number}, {MOST} hold" in str(error)
            return number
    raise AssertionError(f"it went on for {number} pages")


@pytest.mark.parametrize("length", [1, 2, 7, 64])
@pytest.mark.parametrize("before", [0, 5])
def test_rounds_of_any_length_are_left(length: int, before: int) -> None:
    first = (page(f"new {number}") for number in range(before))
    again = itertools.cycle([page(f"{number}", "x") for number in range(length)])
    assert passed(itertools.chain(first, again)) <= length * (MOST + 20) + 4 * before


def test_pages_without_records_have_an_end_too_but_where_each_of_a_list_is_asked_for() -> None:
    assert passed(itertools.repeat(page())) == MOST + 1
    with pytest.raises(AssertionError, match="went on for 5000"):
        passed(itertools.repeat(page(), 5000), one_by_one=True)


def test_a_long_pull_that_overlaps_goes_on() -> None:
    with pytest.raises(AssertionError, match="went on for 20000"):
        passed(page(str(number), str(number + 1)) for number in range(20_000))
