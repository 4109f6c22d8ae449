"""A grammar as a guide for people: what a partner may send us, as Markdown, from the tables that read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.formats.x12.grammar import ElementUse, Grammar, LoopUse, SegmentUse

_CONDITIONS = {
    "P": "all or none of {}",
    "R": "at least one of {}",
    "E": "at most one of {}",
    "C": "if {0} then {rest}",
    "L": "if {0} then at least one of {rest}",
}
_LISTED = 12
"""Codes that are listed in full; of longer lists the first and the last are named."""


def describe(grammar: Grammar) -> str:
    """The set as Markdown: its structure, then each segment once with elements, lengths, codes and conditions."""
    lines = [
        f"# {grammar.message} {grammar.name} ({grammar.version})",
        "",
        f"Functional group {' or '.join(grammar.groups)}. Tables `{grammar.hash[:12]}`.",
        *(["HL levels nest by HL02, in any order."] if grammar.hierarchy else []),
        "",
        "| segment | name | use | at most |",
        "| --- | --- | --- | --- |",
        *_rows(grammar.body, 0),
    ]
    described: dict[str, SegmentUse] = {}
    for use in grammar.segments():
        described.setdefault(use.id, use)
    for use in described.values():
        lines += ["", *_segment(use)]
    return "\n".join(lines) + "\n"


def _rows(body: Sequence[SegmentUse | LoopUse], depth: int) -> Iterator[str]:
    indent = "&emsp;" * depth
    for use in body:
        if isinstance(use, SegmentUse):
            yield f"| {indent}{use.id} | {use.name} | {use.use} | {use.max or 'any'} |"
            continue
        only = f" where {use.first.id}{use.qualifier[0]:02d} is {use.qualifier[1]}" if use.qualifier else ""
        yield f"| {indent}**loop {use.id}** | {use.name}{only} | {use.use} | {use.max or 'any'} |"
        yield from _rows(use.body, depth + 1)


def _segment(use: SegmentUse) -> Iterator[str]:
    yield f"## {use.id} {use.name}"
    yield ""
    yield "| place | element | name | use | type | length | codes |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for number, element in enumerate(use.elements, 1):
        yield _element(f"{use.id}{number:02d}", element)
        for part, component in enumerate(element.components, 1):
            yield _element(f"{use.id}{number:02d}-{part}", component)
    if use.syntax:
        yield ""
        yield "Conditions: " + "; ".join(_condition(use.id, note) for note in use.syntax) + "."


def _element(place: str, use: ElementUse) -> str:
    length = str(use.min) if use.min == use.max else f"{use.min} to {use.max}"
    kind, length = ("composite", "") if use.components else (use.type, length)
    repeats = f", up to {use.repeat} times" if use.repeat > 1 else ""
    return f"| {place} | {use.number} | {use.name} | {use.use}{repeats} | {kind} | {length} | {_codes(use)} |"


def _codes(use: ElementUse) -> str:
    codes = sorted(use.codes or ())
    if len(codes) > _LISTED:
        return f"{codes[0]} to {codes[-1]} ({len(codes)} codes)"
    return " ".join(codes)


def _condition(segment: str, note: str) -> str:
    places = [f"{segment}{note[start : start + 2]}" for start in range(1, len(note), 2)]
    return _CONDITIONS[note[0]].format(places[0] if note[0] in "CL" else ", ".join(places), rest=", ".join(places[1:]))
