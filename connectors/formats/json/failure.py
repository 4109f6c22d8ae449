"""Answers that say, often under HTTP 200, that there are no data because something went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.feed import FeedGrammar
from connectors.feed_check import shown
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord


def failure_of(root: SourceRecord, grammar: FeedGrammar, path: str) -> Finding | None:
    """The finding for an answer of failure, with the other system's reason; None for data."""
    failure = grammar.failure
    if failure is None or failure.value not in _values(root, failure.at):
        return None
    reasons = "; ".join(list(_values(root, failure.says))[:5])
    place = Place(position=root.position, line=root.line or None, path=path or "/")
    return Finding("FED-22", place=place, got=shown(reasons) or "/".join(failure.at))


def _values(record: SourceRecord, steps: tuple[str, ...]) -> Iterator[str]:
    """All values at a path, in order."""
    *above, last = steps
    level = [record]
    for step in above:
        level = [child for found in level for child in found.children if child.tag == step]
    for found in level:
        if isinstance(found.values, Mapping) and last in found.values:
            yield found.values[last]
