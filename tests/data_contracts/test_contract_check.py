"""All faults of a contract are told at once, each at the line where a person must mend it, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_contracts import contract
from data_contracts.contract_check import check, is_shipped, outline

SHIPPED = (contract.FOLDER / "order_lines.odcs.yaml").read_text(encoding="utf-8")


def changed(folder: Path, *edits: tuple[str, str]) -> Path:
    text = SHIPPED
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "order_lines.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", contract.names())
def test_shipped_contracts_have_no_fault(name: str) -> None:
    path = contract.path_of(name)
    assert is_shipped(path)
    made, found = check(path)
    assert made == contract.load(path)
    assert [finding for finding in found if finding.severity != "info"] == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("version: 1.0.0", "version: '1.0'", "CON-06", "version: '1.0'"),
        ("team:\n  name: Data stewards\n  description:", "contractCreatedTs: '2026-11-01T00:00:00Z'\ntags:\n - ", "CON-07", None),
        ("status: active", "status: alive", "CON-08", "status: alive"),
        ("- name: order_lines", "- name: orders", "CON-10", "schema:"),
        ("- name: number\n", "- name: partner\n", "CON-11", None),
        ("logicalType: integer", "logicalType: array", "CON-13", "logicalType: array"),
        ("dimension: coverage", "dimension: beauty", "CON-02", "dimension: beauty"),
        ("severity: warning", "severity: bad", "CON-03", "- id: QLT-70"),
        ("id: QLT-60", "id: QLT-70", "CON-17", None),
        ("properties: [organisation, partner, number, line]", "properties: [organisation, colour]", "CON-18", "- id: QLT-60"),
        ("SELECT COUNT(*) FROM {object} WHERE item_known = 0", "SELECT MAX(line) FROM {object}", "CON-19", "- id: QLT-50"),
        ("severity: warning", "severity: info", "CON-20", "- id: QLT-70"),
    ],
)
def test_a_fault_is_told_with_rule_and_line(tmp_path: Path, old: str, new: str, rule: str, line: str | None) -> None:
    path = changed(tmp_path, (old, new))
    _, found = check(path)
    told = [finding for finding in found if finding.rule == rule]
    assert told, [finding.text() for finding in found]
    assert told[0].text("en") != told[0].text("zh-CN")
    if line is not None:
        assert told[0].place.line is not None
        assert path.read_text(encoding="utf-8").splitlines()[told[0].place.line - 1].strip().startswith(line)


def test_all_faults_come_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        ("version: 1.0.0", "version: one"),
        ("properties: [organisation, partner, number, line]", "properties: [organisation, colour]"),
        ("mustBe: 0", "mustBeLessThan: 5"),
    )
    made, found = check(path)
    assert made is None
    assert [finding.rule for finding in found if finding.severity == "error"] == ["CON-06", "CON-18", "CON-19"]
    lines = [finding.place.line or 0 for finding in found]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("text", "rule"),
    [("kind: [", "CON-01"), ("- a list", "CON-01"), ("kind: DataContract\n", "CON-02"), ("\x00", "CON-01")],
)
def test_what_is_no_contract_at_all_is_a_finding(tmp_path: Path, text: str, rule: str) -> None:
    path = tmp_path / "order_lines.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    made, found = check(path)
    assert made is None and found[0].rule == rule


@pytest.mark.parametrize(
    ("level", "rule"),
    [
        ("{property: frequency, value: often, unit: d}", "CON-22"),
        ("{property: frequency, value: 1, unit: fortnight}", "CON-22"),
        ("{property: latency, value: 0, unit: h}", "CON-22"),
        ("{property: frequency, value: 1, unit: d, element: order_lines.colour}", "CON-23"),
        ("{property: retention, value: 10, unit: y}", "CON-24"),
    ],
)
def test_service_levels(tmp_path: Path, level: str, rule: str) -> None:
    path = changed(tmp_path, ("team:\n", f"slaProperties:\n  - {level}\nteam:\n"))
    _, found = check(path)
    assert rule in {finding.rule for finding in found}


def test_a_frequency_is_read_in_seconds(tmp_path: Path) -> None:
    path = changed(tmp_path, ("team:\n", "slaProperties:\n  - {property: frequency, value: 2, unit: d}\nteam:\n"))
    made, found = check(path)
    assert made is not None and made.interval == 2 * 86_400 and made.owner == "Data stewards"
    assert "CON-24" not in {finding.rule for finding in found}


@pytest.mark.parametrize(
    ("options", "rule"),
    [("{minLength: 9, maxLength: 3}", "CON-15"), ("{pattern: '['}", "CON-15"), ("{minimum: 3}", "CON-14")],
)
def test_limits_of_a_type(tmp_path: Path, options: str, rule: str) -> None:
    path = changed(tmp_path, ("- name: number\n", f"- name: number\n        logicalTypeOptions: {options}\n"))
    _, found = check(path)
    assert {finding.rule for finding in found} & {rule, "CON-02"}


def test_an_action_is_one_of_the_four(tmp_path: Path) -> None:
    shows = '- {property: shows, value: "line"}'
    good, found = check(changed(tmp_path, (shows, f"{shows}\n          - {{property: action, value: flow}}")))
    assert good is not None and next(rule for rule in good.rules if rule.id == "QLT-01").action == "flow"
    _, found = check(changed(tmp_path, (shows, f"{shows}\n          - {{property: action, value: explode}}")))
    assert "CON-03" in {finding.rule for finding in found}


def test_what_breaks_the_standard_hides_no_other_fault(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        ("version: 1.0.0", "version: one"),
        ("status: active", "status: alive"),
        ("dimension: coverage", "dimension: beauty"),  # the standard's schema knows seven
        ("properties: [organisation, partner, number, line]", "properties: [organisation, colour]"),
        ("logicalType: integer", "logicalType: whole"),  # nor is that a type
        ("team:\n", "slaProperties:\n  - {propery: frequency, value: 1}\n  - {property: latency, value: 0, unit: h}\nteam:\n"),
    )
    made, found = check(path)
    assert made is None
    wrong = [(finding.rule, finding.place.path) for finding in found if finding.severity == "error"]
    assert {rule for rule, _ in wrong} == {"CON-02", "CON-06", "CON-18", "CON-22"}, wrong
    assert {path for rule, path in wrong if rule == "CON-02"} == {
        "schema/0/quality/0/dimension",
        "schema/0/properties/4/logicalType",
        "slaProperties/0",
    }
    assert "CON-08" in {finding.rule for finding in found}
    lines = path.read_text(encoding="utf-8").splitlines()
    for rule, begins in (("CON-06", "version"), ("CON-18", "- id: QLT-60"), ("CON-22", "- {property: latency")):
        told = next(finding for finding in found if finding.rule == rule)
        assert lines[(told.place.line or 0) - 1].strip().startswith(begins)


@pytest.mark.parametrize(
    "edit",
    [
        ("schema:\n", "schema: none\nschemas:\n"),
        ("- name: number\n", "- nam: number\n"),
        ("- name: order_lines", "- nme: order_lines"),
        ("    properties:\n", "    properties: 3\n    columns:\n"),
        ("kind: DataContract\n", ""),
        ("team:\n", "slaProperties: {property: frequency}\nteam:\n"),
    ],
)
def test_what_cannot_be_read_is_told_once_and_nothing_false_follows(tmp_path: Path, edit: tuple[str, str]) -> None:
    _, found = check(changed(tmp_path, edit))
    assert {finding.rule for finding in found if finding.severity == "error"} == {"CON-02"}


def test_a_faulty_file_is_outlined_without_what_cannot_be_read(tmp_path: Path) -> None:
    whole = contract.load(contract.path_of("order_lines"))
    seen = outline(changed(tmp_path, ("- name: number\n", "- nam: number\n"), ("version: 1.0.0", "version: one")))
    assert seen is not None and (seen.entity, seen.line_entity) == (whole.entity, whole.line_entity)
    assert [column.name for column in seen.columns] == [column.name for column in whole.columns if column.name != "number"]
    assert outline(tmp_path / "nothing.odcs.yaml") is None
