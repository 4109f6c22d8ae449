"""What a row says of a text that it could not take, with the place where the text stands."""

from __future__ import annotations

from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord
from mappings.code_tables import CodeTable
from mappings.context import place_of
from mappings.getters import Run
from mappings.path import COMPONENT_MARK, locate
from mappings.plan import Rule


def refused(rule: Rule, record: SourceRecord, text: str, error: ValueError, run: Run) -> None:
    """MAP-02: the function could not take the text."""
    run.told += 1
    if run.full():
        return
    place = _place(rule, record, text, run)
    got = text.replace(COMPONENT_MARK, ":")
    _tell(Finding("MAP-02", place, expected=str(error), got=got, params={"to": rule.row.to or ""}), run)


def unknown_code(rule: Rule, table: CodeTable, record: SourceRecord, text: str, run: Run) -> str | None:
    """MAP-03: not in the table. The row says whether the value is left out or kept with a warning."""
    keep = rule.row.unknown == "keep"
    run.told += 1
    if run.full():
        return text if keep else None
    finding = Finding(
        "MAP-03",
        _place(rule, record, text, run),
        expected=table.expected(),
        got=text,
        severity="warning" if keep else "error",
        action="none" if keep else "message",
        params={"to": rule.row.to or "", "table": table.name},
    )
    _tell(finding, run)
    return text if keep else None


_LOOKED_BACK = 64
"""Findings among which one that was told already is looked for: two lists that may take a record are read one after the other."""


def _tell(finding: Finding, run: Run) -> None:
    """Add a finding, once for a member and a place: a record that one list leaves to another is read by both."""
    for told in run.findings[-_LOOKED_BACK:]:
        if told.place == finding.place and told.rule == finding.rule and told.params == finding.params:
            return
    run.findings.append(finding)


def _place(rule: Rule, record: SourceRecord, text: str, run: Run) -> Place:
    for path in rule.paths:
        for place in locate(path, record, run.context.components):
            if place.text == text or text.startswith(place.text):
                return place_of(place.record, place.key, place.component)
    return place_of(record)
