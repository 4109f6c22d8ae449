"""What is written is read back, for every grammar in both representations, and both representations are the same tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.formats.idoc import FORMAT
from connectors.formats.idoc.grammar import CONTROL, tables_for
from connectors.spec import STRICT, Profile
from data_contracts.source import SourceRecord
from tests.connectors.formats.idoc.instances import instances
from tests.connectors.reading import read, tree
from tests.effort import examples

TABLES = tables_for(STRICT)
FLAT = Profile(options={"representation": "flat"})
CURRENCY_ONLY = {"IDC-13"}
"""Random amounts do not mind the decimals of a random currency."""


@pytest.mark.parametrize("name", sorted(TABLES.grammars))
def test_what_is_written_is_read_back_in_both_representations(name: str) -> None:
    grammar = TABLES.grammars[name]

    @settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(st.lists(instances(grammar, TABLES.segments[CONTROL]), min_size=1, max_size=2))
    def law(roots: list[SourceRecord]) -> None:
        messages = [(root.tag, root) for root in roots]
        before = [tree(root) for root in roots]
        marked, flat = FORMAT.write(messages, None, STRICT), FORMAT.write(messages, None, FLAT)
        first, second = read("idoc", marked), read("idoc", flat)
        assert {*first.rules, *second.rules, *first.rules_around} <= CURRENCY_ONLY
        assert [tree(message.root) for message in first.messages] == before
        assert [tree(message.root) for message in second.messages] == before
        for one, other in zip(first.messages, second.messages, strict=True):
            assert [record.position for record in one.root.walk()] == [record.position for record in other.root.walk()]
        assert FORMAT.write([(message.type, message.root) for message in second.messages], None, STRICT) == marked
        assert FORMAT.write([(message.type, message.root) for message in first.messages], None, FLAT) == flat

    law()


def test_a_place_is_one_character_wide_whatever_its_bytes_are() -> None:
    """Each record is as long in characters as SAP's, with Chinese names in it."""
    content = (Path(__file__).parents[3] / "samples" / "idoc" / "ORDERS05.xml").read_bytes()
    written = FORMAT.write([(message.type, message.root) for message in read("idoc", content).messages if message.root], None, FLAT)
    assert len(written) > len(written.decode())
    for line in written.decode().splitlines():
        assert len(line) == (524 if line.startswith(CONTROL) else 1063)
