"""Words of a set that is to be written, made fit for it: which data elements hold words, how long, in which letters."""

from __future__ import annotations

from typing import Any

from connectors.formats.x12.grammar import load
from connectors.formats.x12.segment_text import Syntax
from connectors.words import changed, fitted
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord

WORDS = frozenset({"3", "19", "61", "79", "93", "153", "166", "352", "369", "933", "1035", "1036"})
"""Data elements for people: messages, cities, names, addresses, descriptions. No number or code is among them."""


def fit(message: str, version: str, root: SourceRecord, syntax: Syntax) -> list[Finding]:
    """Cut and spell the words of a set so that it carries them; what was changed."""
    grammar = load(message, version)
    if grammar is None:
        return []
    segments = {use.id: use for use in grammar.segments()}
    marks = {mark.encode() for mark in (syntax.element, syntax.component, syntax.repetition, syntax.segment) if mark}

    def carried(letter: str) -> bool:
        if syntax.refused.match(letter):
            return False
        return letter.isascii() or not any(mark in letter.encode(syntax.charset) for mark in marks)

    findings = []
    for record in root.walk():
        use, values = segments.get(record.tag), record.values
        if use is None or not isinstance(values, list):
            continue
        texts: Any = values
        for number, element in enumerate(use.elements[: len(texts) - 1], 1):
            text = texts[number]
            if element.number in WORDS and text:
                now = fitted(text, element.max, syntax.charset, carried)
                if now != text:
                    findings.append(changed(Place(record.tag, record.position, number), text, now))
                    texts[number] = now
    return findings
