"""Characters of a message that the repertoire which UNB declares (UNOA to UNOK) does not hold: which, and where the first stands.

Asked only of interchanges in which such a character was met, so that a good one pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.formats.edifact.charsets import foreign
from connectors.formats.edifact.separators import COMPONENT
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord

_MOST_SHOWN = 10


def beyond_repertoire(root: SourceRecord, identifier: str) -> list[Finding]:
    """One finding on a message, at the first place; how many elements hold such characters. Empty where none does."""
    met: dict[str, None] = {}
    first: Place | None = None
    count = 0
    for record in root.walk():
        for number, value in enumerate(list(record.values)[1:], 1):
            letters = foreign(identifier, value)
            if not letters:
                continue
            count += 1
            if first is None:
                before, mark, _ = value[: value.index(letters[0])].rpartition(COMPONENT)
                component = before.count(COMPONENT) + 2 if mark else 1 if COMPONENT in value else None
                first = Place(record.tag, record.position, number, component, record.line)
            met.update(dict.fromkeys(letters))
    if first is None:
        return []
    return [Finding("EDF-E101", first, identifier, told(met), params={"count": str(count)})]


def told(letters: Iterable[str]) -> str:
    """Some of these characters, apart from each other so that they are no word, those beyond ASCII first: they are what may be lost.

    >>> told("heint上")
    '上 h e i n t'
    """
    return " ".join(sorted(letters, key=str.isascii)[:_MOST_SHOWN])
