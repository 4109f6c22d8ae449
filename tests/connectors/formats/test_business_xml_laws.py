"""Every message of ubl, cxml and b2mml, found by its grammar: what is written is read back equal and without a finding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from random import Random
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

_texts = st.text("abcXYZ019 -_.<&>\"'é批", min_size=1, max_size=9).map(str.strip).filter(bool)
_KINDS: dict[str, st.SearchStrategy[str]] = {
    "text": _texts,
    "integer": st.integers(0, 10**6).map(str),
    "decimal": st.decimals(-(10**6), 10**6, places=3).map(lambda value: format(value, "f")),
    "xml_date": st.dates(date(1971, 1, 1), date(2100, 1, 1)).map(date.isoformat),
    "xml_time": st.times(max_value=time(23, 59, 59)).map(lambda at: at.isoformat("seconds")),
    "instant_local": st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.isoformat("T", "seconds")),  # noqa: DTZ001
}


_POOLS = st.fixed_dictionaries({kind: st.lists(values, min_size=8, max_size=8) for kind, values in _KINDS.items()})


class Making:
    """Records at random, of values that Hypothesis drew: to draw each of a thousand fields by itself takes longer than all else."""

    def __init__(self, seed: int, pools: Mapping[str, list[str]], left_out: frozenset[str]) -> None:
        self._chance = Random(seed)
        self._pools = pools
        self._left_out = left_out
        self._rare = self._chance.choice((4, 8, 8))
        """One in how many of the fields that need not be said is said."""
        self._texts = 0

    def record(self, tag: str, fields: Mapping[str, Field], depth: int) -> SourceRecord:
        """A record with all that is required and a little of the rest, as a reader would build it."""
        values: dict[str, str] = {}
        record = SourceRecord(tag, values, 0)
        for name, field in fields.items():
            if name in self._left_out or not (field.required or (depth > 0 and self._chance.randrange(self._rare) == 0)):
                continue
            for _ in range(self._chance.randint(1, 2) if field.many else 1):
                if field.kind == "record":
                    record.children.append(self.record(name, field.fields, depth - 1))
                    continue
                attributes = self.record(name, field.fields, depth)
                if field.many:
                    attributes.values = {**attributes.values, "": self._value(field)}  # type: ignore[dict-item]
                else:
                    values[name] = self._value(field)
                if attributes.values:
                    record.children.append(attributes)
        for child in record.children:
            child.parent = record
        return record

    def _value(self, field: Field) -> str:
        if field.enum:
            return self._chance.choice(sorted(field.enum))
        if field.pattern is not None:
            return self._chance.choice(["EUR", "CNY"])
        value = self._chance.choice(self._pools[field.kind])
        if field.kind != "text":
            return value
        self._texts += 1  # no two alike, so that none can stand in another's place
        return f"{value}{self._texts}" if self._texts % 2 else f"{self._texts}{value}"


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
    @given(st.integers(0, 2**32 - 1), _POOLS)
    def law(seed: int, pools: dict[str, list[str]]) -> None:
        record = Making(seed, pools, OF_THE_WRITER if name == "b2mml" else frozenset()).record(message, grammar.fields, 5)
        assume(not (isinstance(format_, Dialect) and format_.judge(message, record, "")))
        found = read(name, format_.write([(message, record)], None, STRICT))
        assert [finding.text() for one in found.messages for finding in one.findings] == [] and found.rules_around == []
        (one,) = found.messages
        assert one.root is not None and one.type == message
        assert _shape(one.root) == _shape(record)

    law()
