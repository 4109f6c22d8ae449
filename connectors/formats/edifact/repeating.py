"""What a CONTRL repeats of what came (references, names, message identifiers), made fit to stand in a CONTRL.

The standard wants it copied, and a copy of what is malformed makes the CONTRL malformed, which the partner's translator throws away: then
nobody is told anything. So what is too long is cut, what has too many parts loses the last, and what is mandatory and absent becomes `-`.
The code and the place beside it say what was wrong; what came well-formed is repeated letter for letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connectors.formats.edifact.grammar import ElementUse, SegmentUse
from connectors.formats.edifact.separators import COMPONENT, REPETITION

ABSENT = "-"
"""Stands for a mandatory value that did not come; every repertoire has it."""


def repeated(use: SegmentUse, values: Sequence[str], spell: Callable[[str], str]) -> Iterator[str]:
    """The first elements of an answering segment, in our separators; `spell` puts a value into letters that the answer can carry."""
    for element, value in zip(use.elements, values, strict=False):
        parts = value.split(REPETITION, 1)[0].split(COMPONENT)
        if not element.components:
            yield _fit(element, parts[0], spell)
        else:
            yield COMPONENT.join(_composite(element, parts, spell)).rstrip(COMPONENT)


def _composite(element: ElementUse, parts: list[str], spell: Callable[[str], str]) -> list[str]:
    uses = element.components
    parts = [*parts, *[""] * len(uses)][: len(uses)]
    if element.use != "M" and not all(part.strip() for part, use in zip(parts, uses, strict=True) if use.use == "M"):
        return []  # it may be left out, and is better left out than half made up
    return [_fit(use, part, spell) for part, use in zip(parts, uses, strict=True)]


def _fit(use: ElementUse, value: str, spell: Callable[[str], str]) -> str:
    value = spell(value)[: use.max]
    return value if value.strip() or use.use != "M" else ABSENT
