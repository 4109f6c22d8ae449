"""A grammar as a guide for people: what a partner may send us, as Markdown, from the tables that read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.formats.x12.grammar import ElementUse, Grammar, LoopUse, SegmentUse
from connectors.guide_names import named
from data_contracts.findings import Language

_WORDS: dict[str, tuple[str, str]] = {
    "P": ("all or none of {}", "{} 须同时出现或同时省略"),
    "R": ("at least one of {}", "{} 至少出现一个"),
    "E": ("at most one of {}", "{} 最多出现一个"),
    "C": ("if {0} then {rest}", "有 {0} 时须有 {rest}"),
    "L": ("if {0} then at least one of {rest}", "有 {0} 时 {rest} 至少出现一个"),
    "group": ("Functional group {}. Tables `{}`.", "功能组 {}。表 `{}`。"),
    "or": (" or ", " 或 "),
    "hierarchy": ("HL levels nest by HL02, in any order.", "HL 层级按 HL02 嵌套，顺序不限。"),
    "totals": ("{}{:02d} counts the {} segments.", "{}{:02d} 为 {} 段的个数。"),
    "hash_total": ("{}{:02d} adds up {}{:02d}.", "{}{:02d} 为 {}{:02d} 的合计。"),
    "body": ("| segment | name | use | at most |", "| 段 | 名称 | 要求 | 最多次数 |"),
    "any": ("any", "不限"),
    "loop": ("loop", "循环"),
    "where": (" where {} is {}", "，当 {} 为 {}"),
    "elements": ("| place | element | name | use | type | length | codes |", "| 位置 | 数据元 | 名称 | 要求 | 类型 | 长度 | 代码 |"),
    "conditions": ("Conditions: {}.", "条件：{}。"),
    "to": ("{} to {}", "{} 至 {}"),
    "composite": ("composite", "复合"),
    "times": (", up to {} times", "，最多 {} 次"),
    "codes": ("{} to {} ({} codes)", "{} 至 {}（共 {} 个代码）"),
}
_LISTED = 12
"""Codes that are listed in full; of longer lists the first and the last are named."""


def describe(grammar: Grammar, language: Language = "en") -> str:
    """The set as Markdown: its structure, then each segment once with elements, lengths, codes and conditions."""
    say = {key: texts[1 if language == "zh-CN" else 0] for key, texts in _WORDS.items()}
    lines = [
        f"# {grammar.message} {named(grammar.name, language)} ({grammar.version})",
        "",
        *([meaning, ""] if (meaning := grammar.says_zh if language == "zh-CN" else grammar.says) else []),
        say["group"].format(say["or"].join(grammar.groups), grammar.hash[:12]),
        *([say["totals"].format(totals.segment, totals.element, totals.of)] if (totals := grammar.totals) else []),
        *([say["hash_total"].format("CTT", hashed.element, hashed.of, hashed.value)] if (hashed := grammar.hash_total) else []),
        *([say["hierarchy"]] if grammar.hierarchy else []),
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


def _rows(body: Sequence[SegmentUse | LoopUse], depth: int, say: Mapping[str, str], language: Language) -> Iterator[str]:
    indent = "&emsp;" * depth
    for use in body:
        if isinstance(use, SegmentUse):
            yield f"| {indent}{use.id} | {named(use.name, language)} | {use.use} | {use.max or say['any']} |"
            continue
        only = say["where"].format(f"{use.first.id}{use.qualifier[0]:02d}", use.qualifier[1]) if use.qualifier else ""
        yield f"| {indent}**{say['loop']} {use.id}** | {named(use.name, language)}{only} | {use.use} | {use.max or say['any']} |"
        yield from _rows(use.body, depth + 1, say, language)


def _segment(use: SegmentUse, say: Mapping[str, str], language: Language) -> Iterator[str]:
    yield f"## {use.id} {named(use.name, language)}"
    yield ""
    yield say["elements"]
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for number, element in enumerate(use.elements, 1):
        yield _element(f"{use.id}{number:02d}", element, say, language)
        for part, component in enumerate(element.components, 1):
            yield _element(f"{use.id}{number:02d}-{part}", component, say, language)
    if use.syntax:
        yield ""
        yield say["conditions"].format("; ".join(_condition(use.id, note, say) for note in use.syntax))


def _element(place: str, use: ElementUse, say: Mapping[str, str], language: Language) -> str:
    length = str(use.min) if use.min == use.max else say["to"].format(use.min, use.max)
    kind, length = (say["composite"], "") if use.components else (use.type, length)
    repeats = say["times"].format(use.repeat) if use.repeat > 1 else ""
    return f"| {place} | {use.number} | {named(use.name, language)} | {use.use}{repeats} | {kind} | {length} | {_codes(use, say)} |"


def _codes(use: ElementUse, say: Mapping[str, str]) -> str:
    codes = sorted(use.codes or ())
    if len(codes) > _LISTED:
        return say["codes"].format(codes[0], codes[-1], len(codes))
    return " ".join(codes)


def condition(segment: str, note: str, language: Language) -> str:
    """A syntax note in words: P0607 of N1 is "all or none of N106, N107"."""
    return _condition(segment, note, {key: texts[language == "zh-CN"] for key, texts in _WORDS.items()})


def _condition(segment: str, note: str, say: Mapping[str, str]) -> str:
    places = [f"{segment}{note[start : start + 2]}" for start in range(1, len(note), 2)]
    return say[note[0]].format(places[0] if note[0] in "CL" else ", ".join(places), rest=", ".join(places[1:]))
