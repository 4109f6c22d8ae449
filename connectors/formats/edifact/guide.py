"""A grammar as a guide for people: what a partner may send us, as Markdown, from the tables that read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.formats.edifact.grammar import ElementUse, Grammar, GroupUse, SegmentUse
from connectors.guide_names import named
from data_contracts.findings import Language

_WORDS: dict[str, tuple[str, str]] = {
    "tables": ("Tables `{}` of {}.", "表 `{}`，依据 {}。"),
    "body": ("| segment | name | use | at most |", "| 段 | 名称 | 要求 | 最多次数 |"),
    "any": ("any", "不限"),
    "group": ("group", "段组"),
    "elements": ("| place | element | name | use | format | codes |", "| 位置 | 数据元 | 名称 | 要求 | 格式 | 代码 |"),
    "composite": ("composite", "复合"),
    "times": (", up to {} times", "，最多 {} 次"),
    "codes": ("{} to {} ({} codes)", "{} 至 {}（共 {} 个代码）"),
}
_LISTED = 12
"""Codes that are listed in full; of longer lists the first and the last are named."""


def describe(grammar: Grammar, language: Language = "en") -> str:
    """The message as Markdown: its structure, then each segment once with elements, formats and codes."""
    say = {key: texts[1 if language == "zh-CN" else 0] for key, texts in _WORDS.items()}
    source = f"ISO 9735, syntax {grammar.tables}" if grammar.service else f"UN/EDIFACT {grammar.tables}"
    lines = [
        f"# {grammar.message} {named(grammar.name, language)} ({grammar.tables})",
        "",
        say["tables"].format(grammar.hash[:12], source),
        "",
        say["body"],
        "| --- | --- | --- | --- |",
        *_rows(grammar.body, 0, say, language),
    ]
    described: dict[str, SegmentUse] = {}
    for use in grammar.segments():
        described.setdefault(use.id, use)
    for use in described.values():
        lines += ["", *_segment(use, say, language)]
    return "\n".join(lines) + "\n"


def _rows(body: Sequence[SegmentUse | GroupUse], depth: int, say: Mapping[str, str], language: Language) -> Iterator[str]:
    indent = "&emsp;" * depth
    for use in body:
        if isinstance(use, SegmentUse):
            yield f"| {indent}{use.id} | {named(use.name, language)} | {use.use} | {use.max or say['any']} |"
            continue
        yield f"| {indent}**{say['group']} {use.id}** | {use.first.id} | {use.use} | {use.max or say['any']} |"
        yield from _rows(use.body, depth + 1, say, language)


def _segment(use: SegmentUse, say: Mapping[str, str], language: Language) -> Iterator[str]:
    yield f"## {use.id} {named(use.name, language)}"
    yield ""
    yield say["elements"]
    yield "| --- | --- | --- | --- | --- | --- |"
    for number, element in enumerate(use.elements, 1):
        yield _element(f"{number:02d}", element, say, language)
        for part, component in enumerate(element.components, 1):
            yield _element(f"{number:02d}-{part}", component, say, language)


def _element(place: str, use: ElementUse, say: Mapping[str, str], language: Language) -> str:
    repeats = say["times"].format(use.repeat) if use.repeat > 1 else ""
    kind = say["composite"] if use.components else f"{use.type}{use.max}" if use.min == use.max else f"{use.type}..{use.max}"
    return f"| {place} | {use.number} | {named(use.name, language)} | {use.use}{repeats} | {kind} | {_codes(use, say)} |"


def _codes(use: ElementUse, say: Mapping[str, str]) -> str:
    codes = sorted(use.codes or ())
    if len(codes) > _LISTED:
        return say["codes"].format(codes[0], codes[-1], len(codes))
    return " ".join(codes)
