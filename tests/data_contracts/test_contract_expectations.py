"""Each kind of ODCS quality rule becomes the expectation that means the same; what can't be said is refused."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.contract import Contract, QualityRule
from data_contracts.errors import ConfigError
from data_contracts.expectations import ROWS, compiled


def one(**members: Any) -> dict[str, Any]:
    rule = QualityRule(**{"id": "T-01", "dimension": "accuracy", "severity": "error", "description": "", **members})
    (made,) = compiled(Contract("t", "1", "t", "", None, None, (), (rule,), "", ""))
    return made


NONE: dict[str, Any] = {"operator": "mustBe", "bound": 0}
COUNT = "SELECT COUNT(*) FROM {object} WHERE "


@pytest.mark.parametrize(
    ("rule", "kind", "kwargs"),
    [
        ({"metric": "nullValues", "column": "lot"}, "expect_column_values_to_not_be_null", {"column": "lot"}),
        ({"metric": "duplicateValues", "column": "gtin"}, "expect_column_values_to_be_unique", {"column": "gtin"}),
        (
            {"metric": "invalidValues", "column": "unit", "arguments": {"validValues": ["EA", "CS"]}},
            "expect_column_values_to_be_in_set",
            {"column": "unit", "value_set": ["EA", "CS"]},
        ),
        (
            {"metric": "invalidValues", "column": "gln", "arguments": {"pattern": "^[0-9]{13}$"}},
            "expect_column_values_to_match_regex",
            {"column": "gln", "regex": "^[0-9]{13}$"},
        ),
    ],
)
def test_library_rules(rule: dict[str, Any], kind: str, kwargs: dict[str, Any]) -> None:
    assert one(type="library", **NONE, **rule) == {
        "type": kind,
        "kwargs": kwargs,
        "severity": "critical",
        "meta": {"rule": "T-01", "dimension": "accuracy"},
    }


def test_a_tolerated_percentage_is_exact() -> None:
    made = one(type="library", metric="nullValues", column="lot", operator="mustBeLessOrEqualTo", bound=0.3, unit="percent")
    assert made["kwargs"] == {"column": "lot", "mostly": 0.997}


@pytest.mark.parametrize(
    ("operator", "bound", "kwargs"),
    [
        ("mustBe", 3, {"min_value": 3, "max_value": 3}),
        ("mustBeGreaterThan", 0, {"min_value": 1}),
        ("mustBeGreaterOrEqualTo", 2, {"min_value": 2}),
        ("mustBeLessThan", 9, {"max_value": 8}),
        ("mustBeLessOrEqualTo", 9, {"max_value": 9}),
        ("mustBeBetween", [1, 5], {"min_value": 1, "max_value": 5}),
    ],
)
def test_row_counts(operator: str, bound: Any, kwargs: dict[str, int]) -> None:
    assert one(type="library", metric="rowCount", operator=operator, bound=bound)["kwargs"] == kwargs


@pytest.mark.parametrize("name", ["{object}", "${object}", "${table}"])
def test_a_sql_rule_selects_what_it_counts(name: str) -> None:
    made = one(
        type="sql", query=f"select count(*) from {name} where\n {{property}} < 0;", column="price", applies_to="a = 1 OR b = 1", **NONE
    )
    assert made["type"] == ROWS
    assert made["kwargs"]["unexpected_rows_query"] == "SELECT * FROM {batch} WHERE (a = 1 OR b = 1) AND (price < 0)"


def test_columns_that_must_be_unique_together_leave_unknown_values_out() -> None:
    made = one(type="library", metric="duplicateValues", arguments={"properties": ["number", "line"]}, **NONE)
    assert made["kwargs"]["unexpected_rows_query"] == (
        "SELECT * FROM {batch} WHERE (number, line) IN (SELECT number, line FROM {batch} "
        "WHERE number IS NOT NULL AND line IS NOT NULL GROUP BY number, line HAVING COUNT(*) > 1)"
    )


def test_the_librarys_own_expectations_pass_through() -> None:
    made = one(type="custom", column="x", implementation={"type": "expect_y", "kwargs": {"column": "{property}", "of": ["${column}"]}})
    assert (made["type"], made["kwargs"]) == ("expect_y", {"column": "x", "of": ["x"]})


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "sql", "query": COUNT + "a < 0", "operator": "mustBeLessThan", "bound": 5},
        {"type": "sql", "query": "SELECT MAX(a) FROM {object}", **NONE},
        {"type": "library", "metric": "nullValues", **NONE},
        {"type": "library", "metric": "nullValues", "column": "a", "operator": "mustBeLessThan", "bound": 5},
        {"type": "library", "metric": "invalidValues", "column": "a", **NONE},
        {"type": "library", "metric": "duplicateValues", "arguments": {"properties": ["a"]}, **NONE},
        {"type": "library", "metric": "rowCount", "operator": "mustNotBe", "bound": 5},
        {"type": "library", "metric": "nullValues", "column": "a", "applies_to": "b = 1", **NONE},
        {"type": "custom", "implementation": {"type": ROWS, "kwargs": {}}},
        {"type": "custom", "implementation": {"type": "expect_y"}},
    ],
)
def test_what_cannot_be_said_is_refused_with_contract_and_rule(rule: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="contract t, rule T-01"):
        one(**rule)
