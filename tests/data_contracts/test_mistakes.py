"""Mistakes of people are told by member, with what was meant, and never in a library's words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from data_contracts.canonical import PurchaseOrder
from data_contracts.mistakes import explained

LINE = {"line": "1", "quantity": "5", "unit": "EA"}
TIME = "a time with its offset, like 2026-11-22T08:30:00+08:00"
NUMBER = "a number of at most 12 digits before and 6 after the point"
ORDER: dict[str, Any] = {"number": "45", "issued_at": "2026-11-22T08:00:00+01:00", "lines": [LINE]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lines": [{**LINE, "gtn": "1"}]}, "lines[0].gtn: there is no such member; did you mean gtin?"),
        ({"issued_at": "2026-11-22T08:00:00"}, f"issued_at should be {TIME}, is '2026-11-22T08:00:00'"),
        ({"issued_at": "yesterday"}, f"issued_at should be {TIME}, is 'yesterday'"),
        ({"requested_on": "22.11.2026"}, "requested_on should be a day like 2026-11-22 or a month like 2026-11, is '22.11.2026'"),
        ({"number": 45}, "number should be text (in quotes), is 45"),
        ({"purpose": "replaced"}, "purpose should be original, replace, change, cancel, confirm, is 'replaced'"),
        ({"lines": [{**LINE, "quantity": "many"}]}, f"lines[0].quantity should be {NUMBER}, is 'many'"),
    ],
)  # fmt: skip
def test_a_mistake_in_words(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PurchaseOrder.model_validate({**ORDER, **changes})
    assert explained(PurchaseOrder, caught.value) == words


def test_what_is_missing_and_how_many_more() -> None:
    with pytest.raises(ValidationError) as caught:
        PurchaseOrder.model_validate({"lines": [{"gtn": "1"} for _ in range(9)]})
    said = explained(PurchaseOrder, caught.value)
    assert said.startswith("number is missing; issued_at is missing") and said.endswith("more")
    assert "pydantic" not in said
