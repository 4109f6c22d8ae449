"""Each change of a contract is named with whom it breaks, and the version must say so."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts import contract
from data_contracts.contract import Column, Contract, QualityRule, ServiceLevel
from data_contracts.contract_changes import changes, version_fault

RULE = QualityRule(
    "A-1", "library", "completeness", "error", "A unit is stated.", "unit", "nullValues", "mustBeLessOrEqualTo", 2, "percent"
)
SET = QualityRule(
    "A-2", "library", "conformity", "error", "Known units.", "unit", "invalidValues", "mustBe", 0, arguments={"validValues": ["EA", "CS"]}
)
WISH = replace(RULE, id="A-3", severity="warning")
COLUMNS = (
    Column("number", "string", True, True, "Number of the document."),
    Column("unit", "string", True, False, "Unit of measure.", {"maxLength": 3}),
    Column("quantity", "number", True, False, "How many."),
    Column("lot", "string", False, False, "Production lot."),
)
DAILY = ServiceLevel("frequency", 1, "d", None, "")
OLD = Contract("stock", "1.2.0", "Stock", "What is there.", None, None, COLUMNS, (RULE, SET, WISH), "", "old", "Ann", "active", (DAILY,))


def column(called: str, **more: Any) -> Contract:
    return replace(OLD, columns=tuple(replace(one, **more) if one.name == called else one for one in COLUMNS))


def rule(name: str, **more: Any) -> Contract:
    return replace(OLD, rules=tuple(replace(one, **more) if one.id == name else one for one in OLD.rules))


@pytest.mark.parametrize(
    ("new", "kind", "breaks"),
    [
        (replace(OLD, columns=COLUMNS[:3]), "CON-30", {"readers", "writers"}),
        (column("lot", name="batch"), "CON-31", {"readers", "writers"}),
        (replace(OLD, columns=(*COLUMNS, Column("colour", "string", False, False, ""))), "CON-32", set()),
        (replace(OLD, columns=(*COLUMNS, Column("colour", "string", True, False, ""))), "CON-32", {"writers"}),
        (column("quantity", type="integer"), "CON-33", {"writers"}),
        (column("quantity", type="string"), "CON-34", {"readers"}),
        (column("quantity", type="boolean"), "CON-35", {"readers", "writers"}),
        (column("unit", options={"maxLength": 2}), "CON-33", {"writers"}),
        (column("unit", options={"maxLength": 9}), "CON-34", {"readers"}),
        (column("unit", options={}), "CON-34", {"readers"}),
        (column("lot", options={"pattern": "^L"}), "CON-33", {"writers"}),
        (column("lot", required=True), "CON-36", {"writers"}),
        (column("unit", required=False), "CON-37", {"readers"}),
        (column("lot", primary_key=True), "CON-38", {"readers", "writers"}),
        (replace(OLD, rules=(*OLD.rules, replace(RULE, id="A-9"))), "CON-40", {"writers"}),
        (replace(OLD, rules=(*OLD.rules, replace(WISH, id="A-9"))), "CON-40", set()),
        (replace(OLD, rules=(*OLD.rules, replace(WISH, id="A-9", action="message"))), "CON-40", {"writers"}),
        (replace(OLD, rules=(SET, WISH)), "CON-41", {"readers"}),
        (replace(OLD, rules=(RULE, SET)), "CON-41", set()),
        (rule("A-3", action="message"), "CON-42", {"writers"}),
        (rule("A-3", severity="error"), "CON-42", {"writers"}),
        (rule("A-1", severity="warning"), "CON-43", {"readers"}),
        (rule("A-1", bound=1), "CON-42", {"writers"}),
        (rule("A-1", bound=5), "CON-43", {"readers"}),
        (rule("A-3", bound=1), "CON-42", set()),
        (rule("A-1", action="flow"), "CON-42", {"writers"}),
        (rule("A-2", arguments={"validValues": ["EA"]}), "CON-42", {"writers"}),
        (rule("A-2", arguments={"validValues": ["EA", "CS", "PF"]}), "CON-43", {"readers"}),
        (rule("A-2", arguments={"validValues": ["EA", "PF"]}), "CON-44", {"readers", "writers"}),
        (rule("A-1", column="lot"), "CON-44", {"readers", "writers"}),
        (replace(OLD, service=(replace(DAILY, value=7),)), "CON-45", {"readers"}),
        (replace(OLD, service=(replace(DAILY, value=1, unit="h"),)), "CON-45", {"writers"}),
        (replace(OLD, service=(replace(DAILY, value=24, unit="h"),)), "CON-45", set()),
        (replace(OLD, service=()), "CON-46", {"readers"}),
        (replace(OLD, service=(DAILY, replace(DAILY, name="latency"))), "CON-47", {"writers"}),
        (replace(OLD, owner="Bob"), "CON-48", set()),
        (column("lot", description="Batch."), "CON-48", set()),
    ],
)
def test_one_change_is_named_with_whom_it_breaks(new: Contract, kind: str, breaks: set[str]) -> None:
    (change,) = changes(OLD, new)
    assert (change.rule, set(change.breaks)) == (kind, breaks)
    finding = change.finding()
    assert finding.severity == ("error" if breaks else "info")
    assert finding.text("en") != finding.text("zh-CN")
    for side in ("readers", "writers"):
        assert (change.finding(side).severity == "error") == (side in breaks)


def test_a_warning_that_holds_messages_is_a_promise_to_readers() -> None:
    (change,) = changes(rule("A-3", action="message"), replace(OLD, rules=(RULE, SET)))
    assert (change.rule, set(change.breaks)) == ("CON-41", {"readers"})


@pytest.mark.parametrize(
    ("before", "after", "breaking", "fault"),
    [
        ("1.2.0", "1.3.0", False, None),
        ("1.2.0", "1.2.1", False, None),
        ("1.2.0", "1.3.0", True, "CON-50"),
        ("1.2.0", "2.0.0", True, None),
        ("0.2.0", "0.3.0", True, None),
        ("0.2.0", "0.2.1", True, "CON-50"),
        ("1.2.0", "1.2.0", False, "CON-51"),
        ("1.2.0", "1.1.9", False, "CON-51"),
        ("1.9.0", "1.10.0", False, None),
        ("1.2.0", "2", True, "CON-06"),
    ],
)
def test_the_version_says_what_changed(before: str, after: str, breaking: bool, fault: str | None) -> None:
    found = version_fault(replace(OLD, version=before), replace(OLD, version=after, body="new"), breaking)
    assert (None if found is None else found.rule) == fault


def test_a_demanded_version_is_named() -> None:
    found = version_fault(OLD, replace(OLD, version="1.3.0", body="new"), True)
    assert found is not None and found.expected == "2.0.0"


@pytest.mark.slow
@given(st.sampled_from(contract.names()), st.sampled_from(contract.names()))
def test_nothing_changes_between_a_contract_and_itself_and_what_one_way_adds_the_other_takes(one: str, other: str) -> None:
    a, b = contract.named(one), contract.named(other)
    assert changes(a, a) == [] and version_fault(a, a, False) is None
    there, back = changes(a, b), changes(b, a)
    gone = {change.path for change in there if change.rule == "CON-30"}
    come = {change.path for change in back if change.rule == "CON-32"}
    assert gone == come
    assert {change.path for change in there if change.rule == "CON-41"} == {change.path for change in back if change.rule == "CON-40"}
    assert hashlib.sha256(a.body.encode()).hexdigest() == a.hash
