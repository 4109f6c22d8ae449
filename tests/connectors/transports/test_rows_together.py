"""Records that are spread over rows: the lines of an order in a query are one record, wherever a page ends."""

from __future__ import annotations

import pytest

from connectors.deltas import Delta, identified
from connectors.http_paging import Paging, Place
from connectors.http_peer import Answered
from connectors.pulling import Question
from connectors.record_faults import record_faults
from data_contracts.errors import ConfigError, RetriableError

DELTA = Delta.of({"delta": {"kind": "stamp", "field": "1", "id": "0", "sorted": True, "rows": True}}, "rest")


def rows(*said: str) -> list[list[str]]:
    return [[name, "2026-11-22T07:00:00", name] for name in said]


def next_page(said: list[list[str]], since: str | None = None) -> Place | None:
    paging = Paging({"style": "offset", "size": 4}, "rest", DELTA)
    return paging.next(Question(since=since), Answered(200, {}, b""), said, said)  # type: ignore[arg-type]


def test_adjacent_rows_are_one_record_whose_version_is_that_of_all() -> None:
    first = identified(DELTA, rows("a", "a", "b"))
    assert [key for key, _ in first] == ["a", "b"]
    changed = [["a", "2026-11-22T07:00:00", "a"], ["a", "2026-11-22T07:00:00", "other"], *rows("b")]
    again = identified(DELTA, changed)
    assert again[0] != first[0] and again[1] == first[1]


def test_the_next_page_begins_with_the_record_that_may_be_cut() -> None:
    stamp = "2026-11-22T07:00:00.000000+00:00"
    assert next_page(rows("a", "a", "b", "b"), stamp) == Place(2, None)
    assert next_page(rows("a", "a", "b"), stamp) is None, "a page that is not full is the last one"
    with pytest.raises(ConfigError, match="more rows than a page"):
        next_page(rows("a", "a", "a", "a"), stamp)
    with pytest.raises(ConfigError, match="style offset alone"):
        Paging({"style": "page"}, "rest", DELTA)


def test_an_id_of_several_values_may_be_empty_in_part_and_not_in_all() -> None:
    batches = Delta.of({"delta": {"kind": "whole", "id": ["material", "plant"]}}, "odata")
    same_everywhere = {"material": "RM-7", "plant": ""}
    assert identified(batches, [same_everywhere])[0][0] == '["RM-7", ""]'
    for nothing in ({"material": "", "plant": ""}, {"material": "RM-7", "plant": None}, {"material": "RM-7"}):
        (only,) = identified(batches, [nothing])
        assert only[0] == f"?{only[1]}", "known by what it says"
        assert [(ordinal, one.rule) for ordinal, one in record_faults(batches, "changed", [same_everywhere, nothing], "x")] == [
            (2, "PUL-01")
        ]
    with pytest.raises(RetriableError, match="no material, plant, and no other"):
        record_faults(batches, "changed", [{"material": ""}, {}], "batches")


def test_a_stamp_of_digits_alone_is_read_and_asked_for_in_its_zone() -> None:
    delta = Delta.of({"delta": {"kind": "stamp", "field": "at", "id": "id", "stamps": "compact", "time_zone": "Asia/Shanghai"}}, "rest")
    assert delta.stamp("20261122083000") == "2026-11-22T00:30:00.000000+00:00"
    assert delta.spelled("2026-11-22T00:30:00.000000+00:00") == "20261122083000"
    assert delta.written("2026-11-22T00:30:00Z") == "2026-11-22T00:30:00.000000+00:00", "what a person writes to rewind"
    assert delta.stamp("20261322083000") is None, "the thirteenth month moves nothing"
