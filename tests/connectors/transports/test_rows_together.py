"""Records that are spread over rows: the lines of an order in a query are one record, wherever a page ends."""

from __future__ import annotations

import pytest

from connectors.deltas import Delta, identified
from connectors.http_paging import Paging, Place
from connectors.http_peer import Answered
from connectors.pulling import Question
from data_contracts.errors import ConfigError

DELTA = Delta.of({"delta": {"kind": "stamp", "field": "1", "id": "0", "sorted": True, "rows": True}}, "rest")


def rows(*said: str) -> list[list[str]]:
    return [[name, "2026-11-22T07:00:00", name] for name in said]


def next_page(said: list[list[str]], since: str | None = None) -> Place | None:
    paging = Paging({"style": "offset", "size": 4}, "rest", DELTA)
    return paging.next(Question(since=since), Answered(200, {}, b""), said, said)  # type: ignore[arg-type]


def test_adjacent_rows_are_one_record_whose_version_is_that_of_all() -> None:
    first = identified(DELTA, rows("a", "a", "b"), "x")
    assert [key for key, _ in first] == ["a", "b"]
    changed = [["a", "2026-11-22T07:00:00", "a"], ["a", "2026-11-22T07:00:00", "other"], *rows("b")]
    again = identified(DELTA, changed, "x")
    assert again[0] != first[0] and again[1] == first[1]


def test_the_next_page_begins_with_the_record_that_may_be_cut() -> None:
    stamp = "2026-11-22T07:00:00.000000+00:00"
    assert next_page(rows("a", "a", "b", "b"), stamp) == Place(2, None)
    assert next_page(rows("a", "a", "b"), stamp) is None, "a page that is not full is the last one"
    with pytest.raises(ConfigError, match="more rows than a page"):
        next_page(rows("a", "a", "a", "a"), stamp)
    with pytest.raises(ConfigError, match="style offset alone"):
        Paging({"style": "page"}, "rest", DELTA)
