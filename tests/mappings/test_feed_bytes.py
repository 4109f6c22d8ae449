"""The feeds over real bytes: what mapping and format write is read again by both, equal and without findings."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from connectors.registry import format_named
from connectors.spec import Envelope, Profile
from mappings.engine import Context
from tests.mappings.samples import sample
from tests.mappings.shipped import load, writing
from tests.mappings.trees import without_places

FEEDS = [name for name in writing() if not name.startswith(("x12/", "edifact/"))]
CONTEXT = Context(time_zone="Asia/Shanghai")


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_goes_there_and_back(name: str) -> None:
    syntax, grammar = name.split("/")
    mapping, profile = load(name), Profile(time_zone="Asia/Shanghai")
    first = mapping.read(sample(name), CONTEXT).entity
    assert first is not None
    tree = mapping.write(first, CONTEXT)
    envelope = Envelope("ZZ:A", "ZZ:B", 1, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC))
    content = format_named(syntax).write([(mapping.message, tree)], envelope, profile, grammar)
    events = list(format_named(syntax).read(io.BytesIO(content), profile, grammar))
    (message,) = [event.message for event in events if event.message is not None]
    assert [finding.text() for finding in message.findings] == []
    assert message.type == mapping.message
    assert message.root is not None
    again = mapping.read(message.root, CONTEXT)
    assert again.findings == []
    expected = mapping.read(tree, CONTEXT).entity
    assert without_places(again.entity) == without_places(expected)
    assert mapping.unmapped(message.root, again) == []
    origins = mapping.trace(message.root, CONTEXT)
    assert origins["number"].place.path or origins["number"].place.line
