"""The header row of a delimited file or a sheet held against the feed's columns: missing, unknown, repeated, renamed, misspelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from connectors.feed import FeedGrammar, Field
from connectors.feed_check import shown
from data_contracts.findings import Finding, Place


@dataclass(frozen=True, slots=True)
class Header:
    """Which field stands in which column (from 0), how many columns a row has, and what was found."""

    columns: Mapping[str, int]
    width: int
    findings: Sequence[Finding]
    refused: Finding | None
    """Why no row can be read: required columns missing, or one of them twice."""


def folded(name: str) -> str:
    """A column's name as it is compared: case, blanks, hyphens and underscores do not matter."""
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").split())


def match_header(names: Sequence[str], grammar: FeedGrammar, line: int) -> Header:
    """Match the names of a header row to the grammar's fields."""
    exact = {name: field.name for field in grammar.fields.values() for name in field.headers}
    by_folded = {folded(name): target for name, target in exact.items()}
    columns: dict[str, int] = {}
    findings: list[Finding] = []
    unknown: list[tuple[int, str]] = []
    place = Place(position=1, line=line)
    for index, raw in enumerate(names):
        name = raw.strip()
        target = exact.get(name) or by_folded.get(folded(name))
        if target is None:
            if name:
                unknown.append((index, name))
            continue
        if target in columns:
            return Header(columns, len(names), findings, Finding("CSV-04", place=place, got=shown(name)))
        if name not in exact:
            findings.append(Finding("CSV-05", place=Place(position=1, line=line, element=index + 1), expected=target, got=shown(name)))
        columns[target] = index
    missing = [field for field in grammar.fields.values() if field.name not in columns]
    required = [field.name for field in missing if field.required]
    if required:
        got = ", ".join(name.strip() for name in names)
        return Header(columns, len(names), findings, Finding("CSV-01", place=place, expected=", ".join(required), got=got[:400]))
    findings += _unknown_and_missing(unknown, missing, line)
    return Header(columns, len(names), findings, None)


def _unknown_and_missing(unknown: Sequence[tuple[int, str]], missing: Sequence[Field], line: int) -> list[Finding]:
    findings = []
    left = {folded(field.name): field.name for field in missing}
    for index, name in unknown[:100]:
        place = Place(position=1, line=line, element=index + 1)
        close = get_close_matches(folded(name), left, n=1, cutoff=0.75)
        if close:
            findings.append(Finding("CSV-06", place=place, expected=left.pop(close[0]), got=shown(name)))
        else:
            findings.append(Finding("CSV-03", place=place, got=shown(name)))
    if left:
        findings.append(Finding("CSV-02", place=Place(position=1, line=line), expected=", ".join(left.values())))
    return findings
