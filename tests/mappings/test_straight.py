"""Rows written out as one function give what their closures give one by one, whatever a document holds."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_contracts.source import SourceRecord
from mappings import compile as compiling
from mappings.engine import Context, Mapping, load
from mappings.gather import Found, Gatherer
from mappings.getters import Run
from mappings.plan import Scope
from mappings.straight import Doubts, Fill, Made, Page, Party
from tests.effort import examples
from tests.mappings import shipped
from tests.mappings.test_taken import changed

NAMES = shipped.reading()
CAME = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
CONTEXT = Context(time_zone="Asia/Shanghai", components=":", currency="CNY", sent="20261122 0830", came=CAME)


def one_by_one(scope: Scope, rows: Sequence[Made | Party], doubts: Doubts, gatherer: Gatherer) -> Fill:
    """What `straight` writes out, said with a call a row."""

    def fill(found: Found, out: dict[str, Any], run: Run) -> bool:
        for row in rows:
            if isinstance(row, Made):
                row.reader(found, out, run)
            elif found[row.anchor] is not None:
                holder = out
                for name in row.to[:-1]:
                    holder = holder.setdefault(name, {})
                party = holder.get(row.to[-1], {})
                for member in row.rows:
                    member.reader(found, party, run)
                if party:
                    holder[row.to[-1]] = party
        if any(name not in out for name in scope.needs):
            return False
        for note in doubts.always:
            note(found, run)
        for looks, note in doubts.of_several:
            if sum(found[look.slot] is not None for look in looks) > 1:
                note(found, run)
        if doubts.of_loops is not None:
            doubts.of_loops(found, run)
        return True

    return fill


def said(mapping: Mapping, root: SourceRecord) -> Any:
    mapped = mapping.read(root, CONTEXT)
    assert mapped.run is not None
    passed = {
        record: [([(row.rule.text, row.path, row.qualifier, row.below) for row in rows], kept) for rows, kept in notes]
        for record, notes in mapped.run.passed.items()
    }
    return mapped.entity, mapped.findings, passed, mapping.unmapped(root, mapped)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_out_of_a_file_stands_in_what_is_written(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    written = Page.text
    monkeypatch.setattr(Page, "text", lambda page: texts.append(written(page)) or texts[-1])
    load(name)
    assert texts
    words = {
        "found",
        "out",
        "run",
        "again",
        "text",
        "code",
        "pairs",
        "party",
        "holder",
        "r",
        "v",
        "len",
        "str",
        "taken_apart",
        "taken_apart_above",
        "NONE",
        "NO_PARTS",
        "parted",
        "parted_above",
        "component_of",
        "MARK",
    }
    for node in ast.walk(ast.parse("".join(texts))):
        if isinstance(node, ast.Constant):
            assert node.value is None or node.value is True or node.value is False or node.value == "" or isinstance(node.value, int)
        elif isinstance(node, ast.Name):
            assert node.id in words or re.fullmatch(
                r"v\d+|c\d+_\d+|(row|key|const|convert|codes?|values|get|note|doubt|loops|needs)_\d+|ValueError", node.id
            )
        elif isinstance(node, ast.Attribute):
            assert node.attr in {"values", "strip", "get", "keys", "setdefault", "refusals", "partition", "split", "isdisjoint"}
        elif isinstance(node, ast.FunctionDef):
            assert node.name == "fill"
        else:
            assert not isinstance(node, (ast.Import, ast.ImportFrom, ast.Lambda, ast.ClassDef))


@pytest.mark.parametrize("name", NAMES)
def test_rows_written_out_say_what_their_closures_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written_out = shipped.load(name)
    with monkeypatch.context() as patched:
        patched.setattr(compiling, "straight", one_by_one)
        called = load(name)

    @settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def law(random: Random) -> None:
        root = changed(written_out, random)
        for record in root.walk():
            values: Any = record.values
            for key in [key for key in (values if isinstance(values, dict) else range(1, len(values))) if random.random() < 0.05]:
                values[key] = random.choice((" ", f" {values[key]} ", f"{values[key]}?"))
        assert said(written_out, root) == said(called, root)

    law()
