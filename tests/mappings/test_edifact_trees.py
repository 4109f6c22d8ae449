"""EDIFACT mappings on any tree that a grammar takes: nothing raises, and the compiled reader and the plain tracer agree."""

from __future__ import annotations

from random import Random

import pytest

from connectors.formats.edifact.grammar import load as grammar_of
from data_contracts.source import SourceRecord
from mappings.engine import Context, shipped_names
from tests.connectors.formats.edifact.instances import instance
from tests.mappings.shipped import load
from tests.mappings.trees import leaves

NAMES = [name for name in shipped_names() if name.startswith("edifact/")]
CONTEXT = Context(time_zone="Asia/Shanghai", currency="CNY")
HEAD = (("BGM", "351", "D1", "9"), ("DTM", "137\x1f20261122\x1f102"))
QUALIFIERS = (
    *("137", "2", "11", "361", "94", "12", "21", "47", "48", "194", "195", "113", "145", "153", "83", "ON", "BX", "BN", "BJ", "EN", "IN"),
    *("SA", "AAA", "203", "77", "9", "92", "102", "718", "616", "F", "S", "D", "PCE", "20261122"),
)


def _likely(value: str, random: Random) -> str:
    """The value, or one that mappings look for, so that rows meet and not only pass by."""
    return "\x1f".join(random.choice(QUALIFIERS) if random.random() < 0.4 else part for part in value.split("\x1f"))


@pytest.mark.parametrize("name", NAMES)
def test_reader_and_tracer_agree(name: str) -> None:
    mapping = load(name)
    made = 0
    for directory in ("D.96A", "D.01B"):
        grammar = grammar_of(mapping.message, directory)
        assert grammar is not None
        for seed in range(12):
            random = Random(seed)
            tree = instance(grammar, random, 0.3)
            tree.children[:0] = [SourceRecord(values[0], list(values), 0, tree) for values in HEAD]
            for position, record in enumerate(tree.walk(), 1):
                record.position = position
                if position > len(HEAD) + 1:
                    record.values = [record.tag, *(_likely(value, random) for value in list(record.values)[1:])]
            mapped = mapping.read(tree, CONTEXT)
            made += mapped.entity is not None
            origins = mapping.trace(tree, CONTEXT)
            mapping.unmapped(tree, mapped)
            if mapped.entity is None:
                continue
            said = leaves(mapped.entity)
            said.pop("issued_at_source", None)
            assert set(origins) == set(said), (directory, seed)
            for member, origin in origins.items():
                if origin.function == "text" and origin.values and "codes" not in origin.row:
                    assert said[member] == origin.values[0]
    assert made > 6 or mapping.entity in ("Party", "OrderResponse")  # of which more is mandatory than a number and a day
