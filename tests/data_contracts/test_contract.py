"""Contracts are valid ODCS, say nothing that can't be judged, and can't drift from datasets, entities and the catalogue of rules."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts import contract, expectations
from data_contracts.canonical import master, operations, trade
from data_contracts.errors import ConfigError
from data_contracts.rules.catalogue import all_rules
from hub.quality.datasets import DATASETS

NAMES = contract.names()
MODELS: dict[str, Any] = {name: item for module in (trade, master, operations) for name, item in vars(module).items()}
ORDER_LINE = contract.named("order_lines").json_schema()
SHIPPED = (contract.FOLDER / "order_lines.odcs.yaml").read_text(encoding="utf-8")


def broken(folder: Path, old: str, new: str, name: str = "order_lines") -> Path:
    assert old in SHIPPED
    path = folder / f"{name}.odcs.yaml"
    path.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_canonical_datasets_have_contracts() -> None:
    assert set(NAMES) == set(DATASETS)


@pytest.mark.parametrize("name", NAMES)
def test_contract_and_dataset_have_the_same_columns_in_the_same_order(name: str) -> None:
    each = contract.named(name)
    assert [column.name for column in each.columns] == [column.name for column in DATASETS[name](0).selected_columns]
    assert {"partner_id", "exchange_id"} <= {column.name for column in each.columns}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_the_hubs_own_is_a_member_of_the_entity(name: str) -> None:
    each = contract.named(name)
    if each.entity is None:
        assert all(column.of_the_hub for column in each.columns)
        return
    models = [MODELS[model] for model in (each.entity, each.line_entity) if model]
    members = {member for model in models for member in model.model_fields}
    assert {column.name for column in each.columns if not column.of_the_hub} <= members
    required = {member for member, field in models[-1].model_fields.items() if field.is_required()}
    assert required - {"issued_at"} <= {column.name for column in each.columns}, "a member that the entity needs is promised"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_required_of_an_entity_is_checked(name: str) -> None:
    each = contract.named(name)
    checked = {rule.column for rule in each.rules if rule.metric in ("nullValues", "invalidValues")}
    said = {column.name for column in each.columns if column.required and not column.primary_key and not column.of_the_hub}
    assert said <= checked


@pytest.mark.parametrize("name", NAMES)
def test_rules_stand_in_the_catalogue_with_dimension_severity_and_text(name: str) -> None:
    each = contract.named(name)
    for rule in each.rules:
        known = all_rules()[rule.id]
        assert (known.dimension, known.severity) == (rule.dimension, rule.severity)
        assert known.text("en", {}) == rule.description
    assert len(expectations.compiled(each)) == len(each.rules), "no rule is left out in silence"


def test_every_rule_of_the_catalogue_is_promised_somewhere() -> None:
    promised = {rule.id for name in NAMES for rule in contract.named(name).rules}
    assert promised == {rule for rule in all_rules() if rule.startswith("QLT-")}


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=6), st.text(min_size=1, max_size=10))
def test_the_json_schema_takes_rows_as_json(quantity: Decimal, number: str) -> None:
    row: dict[str, Any] = {"organisation": "suzhou", "partner": "erp", "partner_kind": "erp", "number": number, "position": 1, "line": "10"}
    row |= {"quantity": format(quantity, "f"), "unit": "EA", "partner_id": 1, "exchange_id": 7, "currency": None}
    validator = jsonschema.Draft202012Validator(ORDER_LINE)
    assert validator.is_valid(row)
    assert not validator.is_valid({**row, "quantity": 1.5}), "exact numbers are no floats"
    assert not validator.is_valid({**row, "unit": None})
    assert not validator.is_valid({**row, "colour": "red"})
    assert not validator.is_valid({**row, "requested_on": "1.12.2026"})


def test_a_changed_file_has_another_hash(tmp_path: Path) -> None:
    changed = contract.load(broken(tmp_path, "version: 1.0.0", "version: 1.0.1"))
    assert changed.hash != contract.named("order_lines").hash
    assert contract.named("order_lines", [tmp_path]) == changed, "a site's contract wins"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: DataContract", "kind: [", "while parsing"),
        ("apiVersion: v3.1.0", "apiVersion: v9", "apiVersion"),
        ("dimension: coverage", "dimension: beauty", "dimension"),
        ("severity: warning", "severity: bad", "severity"),
        ("id: QLT-60", "id: QLT-70", "stands twice"),
        ("properties: [organisation, partner, number, line]", "properties: [organisation, colour]", "unknown columns colour"),
        ("- name: order_lines", "- name: orders", "like the file"),
        ("metric: rowCount", "metric: beauty", "metric|valid under"),
    ],
)
def test_a_faulty_contract_is_refused_with_file_and_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = broken(tmp_path, old, new)
    with pytest.raises(ConfigError, match=said) as refused:
        contract.load(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("name", ["", "../order_lines", "Order_Lines", "nothing"])
def test_only_contracts_are_found(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="known are"):
        contract.named(name, [tmp_path])
