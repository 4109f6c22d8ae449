"""What a row says of a text that it could not take, with the place where the text stands."""

from __future__ import annotations

from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord
from mappings.code_tables import CodeTable
from mappings.context import place_of
from mappings.getters import Run
from mappings.path import locate
from mappings.plan import Rule


def refused(rule: Rule, record: SourceRecord, text: str, error: ValueError, run: Run) -> None:
    """MAP-02: the function could not take the text."""
    if run.full():
        return
    place = _place(rule, record, text, run)
    run.findings.append(Finding("MAP-02", place, expected=str(error), got=text, params={"to": rule.row.to or ""}))


def unknown_code(rule: Rule, table: CodeTable, record: SourceRecord, text: str, run: Run) -> str | None:
    """MAP-03: not in the table. The row says whether the value is left out or kept with a warning."""
    keep = rule.row.unknown == "keep"
    if run.full():
        return text if keep else None
    run.findings.append(
        Finding(
            "MAP-03",
            _place(rule, record, text, run),
            expected=table.expected(),
            got=text,
            severity="warning" if keep else "error",
            action="none" if keep else "message",
            params={"to": rule.row.to or "", "table": table.name},
        )
    )
    return text if keep else None


def _place(rule: Rule, record: SourceRecord, text: str, run: Run) -> Place:
    for path in rule.paths:
        for place in locate(path, record, run.context.components):
            if place.text == text or text.startswith(place.text):
                return place_of(place.record, place.key, place.component)
    return place_of(record)
