"""Words of a message that is to be written, made fit for it: which data elements hold words, how long, in which letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.formats.edifact.grammar import ElementUse, load
from connectors.formats.edifact.ink import Ink
from connectors.formats.edifact.separators import COMPONENT, REPETITION
from connectors.words import changed, fitted
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord

WORDS = frozenset({"3036", "3042", "3124", "3128", "3164", "3192", "3224", "3228", "3432", "4440", "5388", "7008", "7064", "8212"})
"""Data elements for people: names, streets, cities, descriptions, free text. No number or code is among them."""


def fit(message: str, version: str, root: SourceRecord, ink: Ink) -> list[Finding]:
    """Cut and spell the words of a message so that it carries them; what was changed."""
    grammar = load(message, version)
    if grammar is None:
        return []
    segments = {use.id: use for use in grammar.segments()}
    release = bool(ink.separators.release)

    def carried(letter: str) -> bool:
        return bool(ink.allowed.fullmatch(letter)) and (release or ink.guarded is None or not ink.guarded.search(letter))

    findings = []
    for record in root.walk():
        use, values = segments.get(record.tag), record.values
        if use is None or not isinstance(values, list):
            continue
        texts: Any = values
        for number, element in enumerate(use.elements[: len(texts) - 1], 1):
            uses = element.components or (element,)
            if REPETITION in texts[number] or not any(one.number in WORDS for one in uses):
                continue
            parts = _spread(texts[number].split(COMPONENT), uses)
            for at, (part, one) in enumerate(zip(parts, uses, strict=False)):
                if part and one.number in WORDS and (now := fitted(part, one.max, ink.charset, carried)) != part:
                    findings.append(changed(Place(record.tag, record.position, number, at + 1 if element.components else None), part, now))
                    parts[at] = now
            texts[number] = COMPONENT.join(parts)
    return findings


def _spread(parts: list[str], uses: Sequence[ElementUse]) -> list[str]:
    """The components of an element, with what is too long for one in those like it behind it: names and descriptions have several lines."""
    for at, use in enumerate(uses[:-1]):
        if at < len(parts) and use.number in WORDS and len(parts[at]) > use.max and uses[at + 1].number == use.number:
            if at + 1 == len(parts):
                parts.append("")
            if not parts[at + 1]:
                parts[at : at + 2] = parts[at][: use.max], parts[at][use.max :]
    return parts
