"""A document is judged by a contract as the store is: numbers by what they are worth, duplicates and tolerated shares counted alike."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from data_contracts import contract
from data_contracts.inline import Promise

CONTRACT = """apiVersion: v3.1.0
kind: DataContract
id: feed
version: 1.0.0
status: active
team: {name: Test}
schema:
  - name: feed
    logicalType: object
    customProperties: [{property: canonicalEntity, value: PurchaseOrder}, {property: canonicalLine, value: PurchaseOrderLine}]
    properties:
      - {name: number, logicalType: string, required: true, primaryKey: true}
      - name: %s
        logicalType: %s
        quality:
          - {id: T-01, dimension: conformity, severity: error, description: d, type: library, %s}
"""
ONE_OR_TEN = "metric: invalidValues, arguments: {validValues: [1, 10]}, mustBe: 0"
ONCE = "metric: duplicateValues, mustBe: 0"
ONCE_MOSTLY = "metric: duplicateValues, mustBeLessOrEqualTo: %s, unit: percent"
TWENTY = [f"I{number}" for number in range(19)] + ["I0"]


@pytest.mark.parametrize(
    ("column", "kind", "rule", "values", "wrong"),
    [
        ("quantity", "number", ONE_OR_TEN, ["10.00", Decimal(1), "1.0", "1.1", "much"], ["1.1", "much"]),
        ("quantity", "number", ONCE, ["1", "2", "1.00"], ["1.00"]),
        ("item_code", "string", ONCE, ["1", "2", "1.00"], []),
        ("item_code", "string", ONE_OR_TEN, ["10", "1.0"], ["1.0"]),
        ("item_code", "string", ONCE_MOSTLY % "5", TWENTY, ["I0"]),  # both of a pair fail: two of twenty
        ("item_code", "string", ONCE_MOSTLY % "10", TWENTY, []),
    ],
)
def test_what_a_document_is_told(tmp_path: Path, column: str, kind: str, rule: str, values: list[Any], wrong: list[str]) -> None:
    path = tmp_path / "feed.odcs.yaml"
    path.write_text(CONTRACT % (column, kind, rule), encoding="utf-8")
    entity = {"entity": "PurchaseOrder", "lines": [{column: value} for value in values]}
    assert [finding.got for finding in Promise(contract.load(path)).judge(entity)] == wrong
