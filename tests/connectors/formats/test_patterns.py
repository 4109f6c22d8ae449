"""Possessive repeats keep the scanners linear, but Python before 3.11.5 gets groups of them wrong (gh-106052): each pattern is held
against its twin without them, on the Python that runs."""

from __future__ import annotations

import random
import re

import pytest

from connectors.formats.json import parser
from connectors.formats.json import scanner as json_scanner
from connectors.formats.xml import scanner as xml_scanner

PATTERNS = {
    "to bracket": (json_scanner._TO_BRACKET, '{}[]",\\:a1\n', ""),
    "string": (json_scanner._STRING, '"\\a1\n', '"'),
    "scalar": (json_scanner._SCALAR, "a1,} ", ""),
    "member": (parser._MEMBER, '"\\a1:,}{[. e+-0n\n', '"a":'),
    "element": (parser._ELEMENT, '"\\a1:,]{[. e+-0n\n', ""),
    "tag": (xml_scanner._TAG, "<>/\"'= abc", "<a"),
    "partial tag": (xml_scanner._PARTIAL_TAG, "<>/\"'= abc", "<a"),
}


@pytest.mark.parametrize("name", list(PATTERNS))
def test_possessive_patterns_match_what_plain_ones_match(name: str) -> None:
    pattern, alphabet, start = PATTERNS[name]
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    plain = re.sub(r"([*+?])\+", r"\1", text)
    chance, matches = random.Random(name), 0
    for _ in range(20_000):
        value = start + "".join(chance.choice(alphabet) for _ in range(chance.randint(0, 12)))
        subject = value if isinstance(pattern.pattern, str) else value.encode()
        twin = re.compile(plain if isinstance(subject, str) else plain.encode("latin-1"), pattern.flags)
        found, expected = pattern.match(subject), twin.match(subject)
        matches += found is not None
        assert (found and (found.span(), found.groups())) == (expected and (expected.span(), expected.groups())), subject
    assert matches > 100
