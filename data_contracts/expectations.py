"""From the quality rules of a contract to Great Expectations configurations, as plain dictionaries.

This floor knows nothing of the library: `hub/quality/run.py` turns the dictionaries into its objects. What ODCS can say and
what becomes of it:

| ODCS | expectation |
| --- | --- |
| `metric: nullValues` | `expect_column_values_to_not_be_null` |
| `metric: duplicateValues` (on a column) | `expect_column_values_to_be_unique` |
| `metric: duplicateValues`, `arguments: {properties: [...]}` (on the dataset) | rows whose values together stand more than once |
| `metric: invalidValues`, `arguments: {validValues: [...]}` or `{pattern: ...}` | `..._to_be_in_set`, `..._to_match_regex` |
| `metric: rowCount` | `expect_table_row_count_to_be_between` |
| `type: sql`, `query: SELECT COUNT(*) FROM {object} WHERE …`, `mustBe: 0` | the rows that the query counts |
| `type: custom`, `engine: greatExpectations` | as it stands, with `{property}` filled in |

Library rules tolerate nothing (`mustBe: 0`) or a share (`mustBeLessOrEqualTo: 5`, `unit: percent`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from data_contracts.contract import Contract, QualityRule
from data_contracts.errors import ConfigError

ROWS = "unexpected_rows_expectation"
"""The expectation whose query selects the failing rows; `{batch}` stands for the dataset."""

_COUNTING = re.compile(
    r"\s*SELECT\s+COUNT\s*\(\s*\*\s*\)\s+FROM\s+\$?\{(?:object|table)\}\s+WHERE\s+(?P<where>.+)", re.IGNORECASE | re.DOTALL
)
_OBJECT = re.compile(r"\$?\{(?:object|table)\}")
_PROPERTY = re.compile(r"\$?\{(?:property|column)\}")


def compiled(contract: Contract) -> list[dict[str, Any]]:
    """Expectations of a contract, in the order of its rules: `{"type", "kwargs", "severity", "meta": {"rule", "dimension"}}`.

    Raises ConfigError for a rule that can't be turned into one; nothing is left out in silence.
    """
    return [
        {
            **_expectation(contract, rule),
            "severity": {"error": "critical", "warning": "warning", "info": "info"}[rule.severity],
            "meta": {"rule": rule.id, "dimension": rule.dimension},
        }
        for rule in contract.rules
    ]


def _expectation(contract: Contract, rule: QualityRule) -> dict[str, Any]:
    if rule.applies_to is not None and rule.type != "sql":
        raise _wrong(contract, rule, "appliesTo is for sql rules; say the condition in the query")
    if rule.type == "sql":
        return _rows(f"{_applies(rule)}({_condition(contract, rule)})")
    if rule.type == "custom":
        implementation: dict[str, Any] = _filled(dict(rule.implementation), rule.column)
        if set(implementation) != {"type", "kwargs"}:
            raise _wrong(contract, rule, "an implementation has type and kwargs")
        if implementation["type"] == ROWS:
            raise _wrong(contract, rule, "rows are selected by a sql rule, not by a custom one")
        return implementation
    if rule.metric == "rowCount":
        return {"type": "expect_table_row_count_to_be_between", "kwargs": _range(contract, rule)}
    if rule.metric == "duplicateValues" and rule.column is None:
        return _rows(_repeated(contract, rule))
    if rule.column is None:
        raise _wrong(contract, rule, f"metric {rule.metric} belongs to a property")
    kwargs: dict[str, Any] = {"column": rule.column, **_tolerance(contract, rule)}
    if rule.metric in ("nullValues", "missingValues"):
        return {"type": "expect_column_values_to_not_be_null", "kwargs": kwargs}
    if rule.metric == "duplicateValues":
        return {"type": "expect_column_values_to_be_unique", "kwargs": kwargs}
    if "validValues" in rule.arguments:
        return {"type": "expect_column_values_to_be_in_set", "kwargs": {**kwargs, "value_set": list(rule.arguments["validValues"])}}
    if "pattern" in rule.arguments:
        return {"type": "expect_column_values_to_match_regex", "kwargs": {**kwargs, "regex": rule.arguments["pattern"]}}
    raise _wrong(contract, rule, "invalidValues needs arguments validValues or pattern")


def _rows(where: str) -> dict[str, Any]:
    return {"type": ROWS, "kwargs": {"unexpected_rows_query": f"SELECT * FROM {{batch}} WHERE {where}"}}  # noqa: S608


def _applies(rule: QualityRule) -> str:
    return f"({rule.applies_to}) AND " if rule.applies_to else ""


def _condition(contract: Contract, rule: QualityRule) -> str:
    """What a failing row fulfils."""
    match = _COUNTING.fullmatch(rule.query or "")
    if match is None or rule.operator != "mustBe" or rule.bound != 0:
        raise _wrong(contract, rule, "a sql rule counts failing rows: SELECT COUNT(*) FROM {object} WHERE …, mustBe: 0")
    where = _OBJECT.sub("{batch}", match["where"]).strip().rstrip(";")
    return " ".join(_PROPERTY.sub(rule.column or "", where).split())


def _repeated(contract: Contract, rule: QualityRule) -> str:
    """Rows whose values in several columns stand more than once together; an unknown value equals no other."""
    columns = list(rule.arguments.get("properties") or ())
    if len(columns) < 2:
        raise _wrong(contract, rule, "duplicateValues of the dataset needs arguments properties, two or more")
    _tolerance(contract, rule, exactly=True)
    inner = " AND ".join(f"{name} IS NOT NULL" for name in columns)
    together = ", ".join(columns)
    return f"({together}) IN (SELECT {together} FROM {{batch}} WHERE {inner} GROUP BY {together} HAVING COUNT(*) > 1)"  # noqa: S608


def _tolerance(contract: Contract, rule: QualityRule, *, exactly: bool = False) -> dict[str, float]:
    if rule.operator == "mustBe" and rule.bound == 0:
        return {}
    if rule.operator == "mustBeLessOrEqualTo" and rule.unit == "percent" and not exactly:
        return {"mostly": float(1 - Decimal(str(rule.bound)) / 100)}
    raise _wrong(contract, rule, "expected mustBe: 0, or mustBeLessOrEqualTo with unit percent")


def _range(contract: Contract, rule: QualityRule) -> dict[str, int]:
    bound = rule.bound
    match rule.operator:
        case "mustBe":
            return {"min_value": bound, "max_value": bound}
        case "mustBeGreaterThan":
            return {"min_value": bound + 1}
        case "mustBeGreaterOrEqualTo":
            return {"min_value": bound}
        case "mustBeLessThan":
            return {"max_value": bound - 1}
        case "mustBeLessOrEqualTo":
            return {"max_value": bound}
        case "mustBeBetween":
            return {"min_value": bound[0], "max_value": bound[1]}
    raise _wrong(contract, rule, f"rowCount can't be compared by {rule.operator}")


def _filled(value: Any, column: str | None) -> Any:
    if isinstance(value, str):
        return _PROPERTY.sub(column or "", value)
    if isinstance(value, Mapping):
        return {name: _filled(item, column) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, column) for item in value]
    return value


def _wrong(contract: Contract, rule: QualityRule, what: str) -> ConfigError:
    return ConfigError(f"contract {contract.name}, rule {rule.id}: {what}")
