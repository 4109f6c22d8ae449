"""Every message of ubl, cxml and b2mml, found by its grammar: what is written is read back equal and without a finding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from connectors.feed import Field, grammar_for, grammar_names
from connectors.formats.xml.dialect import Dialect
from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.source import SourceRecord
from tests.connectors.reading import read, tree
from tests.effort import examples

MESSAGES = [(name, message) for name in ("b2mml", "cxml", "ubl") for message in grammar_names(name)]
OF_THE_WRITER = frozenset({"ApplicationArea", "StorageLocation", "Location"})
"""What the envelope of B2MML says, and the place that lots share: written otherwise than it is read."""

_texts = st.text("abcXYZ019 -_.<&>\"'é批", min_size=1, max_size=12).map(str.strip).filter(bool)
_KINDS: dict[str, st.SearchStrategy[str]] = {
    "text": _texts,
    "integer": st.integers(0, 10**6).map(str),
    "decimal": st.decimals(-(10**6), 10**6, places=3).map(lambda value: format(value, "f")),
    "xml_date": st.dates(date(1971, 1, 1), date(2100, 1, 1)).map(date.isoformat),
    "xml_time": st.times(max_value=time(23, 59, 59)).map(lambda at: at.isoformat("seconds")),
    "instant_local": st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.isoformat("T", "seconds")),  # noqa: DTZ001
}


def _value(field: Field) -> st.SearchStrategy[str]:
    if field.enum:
        return st.sampled_from(sorted(field.enum))
    return st.sampled_from(["EUR", "CNY"]) if field.pattern is not None else _KINDS[field.kind]


@st.composite
def records(draw: st.DrawFn, tag: str, fields: Mapping[str, Field], depth: int, left_out: frozenset[str]) -> SourceRecord:
    """A record with all that is required and a little of the rest, as a reader would build it."""
    values: dict[str, str] = {}
    record = SourceRecord(tag, values, 0)
    for name, field in fields.items():
        if name in left_out or not (field.required or (depth > 0 and draw(st.integers(0, 7)) == 0)):
            continue
        for _ in range(draw(st.integers(1, 2)) if field.many else 1):
            if field.kind == "record":
                record.children.append(draw(records(name, field.fields, depth - 1, left_out)))
                continue
            attributes = draw(records(name, field.fields, depth, left_out))
            if field.many:
                attributes.values = {**attributes.values, "": draw(_value(field))}  # type: ignore[dict-item]
            else:
                values[name] = draw(_value(field))
            if attributes.values:
                record.children.append(attributes)
    for child in record.children:
        child.parent = record
    return record


def _shape(record: SourceRecord) -> Any:
    """A tree in which neighbours of different names may have changed places, as the grammar's order has it."""
    tag, values, children = tree(record)
    assert isinstance(children, list)
    return tag, values, sorted((_shape(child) for child in record.children), key=lambda one: str(one[0])) if children else []


@pytest.mark.parametrize(("name", "message"), MESSAGES, ids=["/".join(one) for one in MESSAGES])
def test_what_is_written_is_read_back(name: str, message: str) -> None:
    grammar = grammar_for(name, message, STRICT)
    format_ = format_named(name)

    @settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
    @given(records(message, grammar.fields, 5, OF_THE_WRITER if name == "b2mml" else frozenset()))
    def law(record: SourceRecord) -> None:
        assume(not (isinstance(format_, Dialect) and format_.judge(message, record, "")))
        found = read(name, format_.write([(message, record)], None, STRICT))
        assert [finding.text() for one in found.messages for finding in one.findings] == [] and found.rules_around == []
        (one,) = found.messages
        assert one.root is not None and one.type == message
        assert _shape(one.root) == _shape(record)

    law()
