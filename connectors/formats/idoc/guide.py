"""A basic type as a guide for people: which segments stand where, and each segment's fields with their columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.formats.idoc.grammar import CONTROL, Grammar, Segment, Tables, Use, walk
from connectors.formats.idoc.values import KINDS
from connectors.guide_names import named
from data_contracts.findings import Language

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "messages": "Message types (MESTYP)",
        "also": "Older basic types read by it",
        "tables": "Tables",
        "structure": "| segment | flat name | name | use | at most |",
        "field": "| field | type | length | first column |",
        "any": "any",
        "columns": "In the flat representation a record has 63 characters before the data; columns count from 1 within the data.",
    },
    "zh-CN": {
        "messages": "报文类型（MESTYP）",
        "also": "也可读取的旧基本类型",
        "tables": "语法表",
        "structure": "| 段 | 平面名称 | 名称 | 必选 | 最多 |",
        "field": "| 字段 | 类型 | 长度 | 起始列 |",
        "any": "不限",
        "columns": "平面格式每条记录的数据前有 63 个字符；列号在数据内从 1 开始。",
    },
}


def describe(grammar: Grammar, tables: Tables, language: Language) -> str:
    """The basic type as Markdown."""
    words = _WORDS[language]
    lines = [
        f"# {grammar.basic_type} {named(grammar.name, language)}",
        "",
        f"{words['messages']}: {', '.join(grammar.messages)}.",
        *([f"{words['also']}: {', '.join(grammar.also)}."] if grammar.also else []),
        f"{words['tables']} `{grammar.hash[:12]}`.",
        words["columns"],
        "",
        words["structure"],
        "| --- | --- | --- | --- | --- |",
        *_rows(grammar.body, words["any"], language),
    ]
    for segment in (tables.segments[CONTROL], *(use.segment for use in walk(grammar.body))):
        lines += ["", *_segment(segment, words["field"], language)]
    return "\n".join(lines) + "\n"


def _rows(body: Sequence[Use], any_number: str, language: Language) -> Iterator[str]:
    for use in walk(body):
        segment = use.segment
        name, must = f"{'&emsp;' * use.depth}{segment.tag}", "M" if use.must else "O"
        yield f"| {name} | {segment.flat} | {named(segment.name, language)} | {must} | {use.most or any_number} |"


def _segment(segment: Segment, heading: str, language: Language) -> Iterator[str]:
    yield f"## {segment.tag} {named(segment.name, language)}"
    yield ""
    yield heading
    yield "| --- | --- | --- | --- |"
    for one in segment.fields:
        expects = KINDS[one.kind][1] if one.kind in ("DATS", "TIMS") else one.kind
        yield f"| {one.name} | {expects} | {one.length} | {one.offset + 1} |"
