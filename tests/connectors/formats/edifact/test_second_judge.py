"""A second judge: pydifact, written by others, takes apart what our writer writes, and finds the same segments."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydifact.parser import Parser

from connectors.formats.edifact import FORMAT
from connectors.formats.edifact.grammar import Grammar, known_messages, load
from connectors.formats.edifact.separators import COMPONENT
from connectors.spec import Envelope, Profile
from data_contracts.source import SourceRecord
from tests.connectors.formats.edifact.instances import instance

SAMPLES = Path(__file__).parents[3] / "samples" / "edifact"
ENVELOPE = Envelope("14:9506000000022", "14:9506000000015", 815, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), version="D.96A")
GRAMMARS = [grammar for name in sorted(known_messages()) if (grammar := load(name, "D.96A")) is not None and not grammar.service]
Said = list[tuple[str, list[list[str]]]]


def theirs(content: bytes) -> Said:
    """Segments as pydifact has them, elements as lists of components."""
    found = []
    for segment in Parser().parse(content.decode("latin-1")):
        elements = [[part] if isinstance(part, str) else list(part) for part in segment.elements]
        found.append((segment.tag, [_short(element) for element in elements]))
    return [(tag, elements) for tag, elements in found if tag not in ("UNA", "UNB", "UNZ")]


def ours(content: bytes) -> Said:
    """Segments as our reader has them, UNT made up, in the order of the document."""
    (message,) = [event.message for event in FORMAT.read(io.BytesIO(content), Profile()) if event.message is not None]
    assert message.root is not None and message.findings == []
    records: list[Any] = sorted(message.root.walk(), key=lambda record: record.position)
    said = [(record.tag, [_short(value.split(COMPONENT)) for value in record.values[1:]]) for record in records]
    return [*said, ("UNT", [[str(len(records) + 1)], ["1"]])]


def _short(components: list[str]) -> list[str]:
    while len(components) > 1 and not components[-1]:
        components.pop()
    return components


def written(grammar: Grammar, tree: SourceRecord, **options: object) -> bytes:
    return FORMAT.write([(grammar.message, tree)], ENVELOPE, Profile(options=options))


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.message)
def test_pydifact_takes_apart_what_is_written(grammar: Grammar) -> None:
    for seed in range(4):
        content = written(grammar, instance(grammar, Random(seed), 0.15))
        assert theirs(content) == ours(content)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.edi")), ids=lambda path: path.stem)
def test_pydifact_reads_our_samples_alike(path: Path) -> None:
    content = path.read_bytes()
    found = [event.message for event in FORMAT.read(io.BytesIO(content), Profile()) if event.message is not None]
    if len(found) == 1 and not found[0].findings and b"UNG" not in content:
        assert theirs(content) == ours(content)
