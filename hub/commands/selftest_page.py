"""A self-test as a partner reads it: lines on a screen, or one HTML page that can be mailed; in English and Chinese."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.guide_page import as_html
from data_contracts.findings import Language
from hub.commands.findings import spot
from hub.commands.words import word

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Self-test of {file}", "自测报告：{file}"),
    "for": ("For {partner}, {at}. Nothing was stored, and nothing was sent.", "合作方 {partner}，{at}。未存储任何内容，也未发送。"),
    "recognised": ("Recognised as", "识别为"),
    "agreement": ("By the agreement", "适用协议"),
    "no_agreement": ("none; possible: {possible}", "无；可选：{possible}"),
    "nothing": ("nothing that is known", "无法识别"),
    "verdict": ("What would become of it", "处理结果"),
    "whole": ("On the file", "文件整体"),
    "message": ("Message {number}: {type}", "报文 {number}：{type}"),
    "finding": ("Finding", "检查结果"),
    "place": ("Where", "位置"),
    "rule": ("Rule", "规则"),
    "severity": ("Severity", "级别"),
    "no_finding": ("Nothing is wrong.", "未发现问题。"),
    "left_out": ("{count} rows would be left out, the others taken in.", "{count} 行将被略去，其余收录。"),
    "understood": ("What was understood", "理解结果"),
    "member": ("Member", "成员"),
    "value": ("Value", "值"),
    "acknowledgement": ("The acknowledgement that you would get", "您将收到的确认"),
    "no_acknowledgement": ("This syntax has no acknowledgement, or your agreement wants none.", "该语法没有确认报文，或协议未要求确认。"),
    "more": ("{count} further messages are not told one by one.", "另有 {count} 条报文未逐条列出。"),
    "not_judged": (
        "Not judged here, for only the running hub knows: whether the number came before, whether the orders, lots and items that it names "
        "are known, and what others say of the same.",
        "此处不判断（仅运行中的中枢知道）：编号是否重复、所引用的订单、批号和物料是否存在，以及其他各方的说法。",
    ),
    "taken": ("would be taken in", "将被收录"),
    "held": ("would be held for a person", "将被搁置，待人工处理"),
    "refused": ("would be refused", "将被拒绝"),
    "answer": ("would be read as an answer to what we sent", "将作为对我方报文的答复读取"),
    "test": ("is a test, and would be taken for one", "是测试，将按测试处理"),
    "unreadable": ("cannot be read", "无法读取"),
}
_MOST_MEMBERS = 60


def said(key: str, language: Language, **values: Any) -> str:
    """A text of the report."""
    return _WORDS[key][language == "zh-CN"].format(**values)


def lines(told: Mapping[str, Any], language: Language) -> Iterator[str]:
    """The report on a screen."""
    yield f"{told['file']}: {said(told['verdict'], language)}"
    yield f"  {said('recognised', language)}: {told['format'] or said('nothing', language)}; {_agreement(told, language)}"
    yield from (f"  {text}" for text in _told(told["findings"], told["format"], language))
    for number, message in enumerate(told["messages"], 1):
        yield f"  {said('message', language, number=number, type=_named(message))}: {said(message['outcome'], language)}"
        yield from (f"    {text}" for text in _told(message["findings"], told["format"], language))
        if message["rows_left_out"]:
            yield f"    {said('left_out', language, count=message['rows_left_out'])}"
        if message["understood"] is not None:
            yield f"    {said('understood', language)}: {json.dumps(message['understood'], ensure_ascii=False)}"
    if told["count"] > len(told["messages"]):
        yield f"  {said('more', language, count=told['count'] - len(told['messages']))}"
    if told["acknowledgement"]:
        yield f"  {said('acknowledgement', language)}:"
        yield from (f"    {text}" for text in told["acknowledgement"].splitlines())
    else:
        yield f"  {said('no_acknowledgement', language)}"
    yield f"  {said('not_judged', language)}"


def page(told: Mapping[str, Any], language: Language) -> str:
    """The report as one HTML page without scripts or links to elsewhere. Everything that the file states is escaped."""
    return as_html("\n".join(_markdown(told, language)), language)


def _markdown(told: Mapping[str, Any], language: Language) -> Iterator[str]:
    yield f"# {_text(said('title', language, file=told['file']))}"
    yield _text(said("for", language, partner=told["partner"], at=told["checked_at"]))
    yield ""
    yield f"- {said('recognised', language)}: **{told['format'] or said('nothing', language)}**"
    yield f"- {_text(_agreement(told, language))}"
    yield f"- {said('verdict', language)}: **{said(told['verdict'], language)}**"
    yield f"## {said('whole', language)}"
    yield from _table(told["findings"], told["format"], language)
    for number, message in enumerate(told["messages"], 1):
        yield f"## {_text(said('message', language, number=number, type=_named(message)))}"
        yield f"**{said(message['outcome'], language)}**"
        if message["rows_left_out"]:
            yield said("left_out", language, count=message["rows_left_out"])
        yield from _table(message["findings"], told["format"], language)
        if message["understood"] is not None:
            yield f"### {said('understood', language)}"
            yield f"| {said('member', language)} | {said('value', language)} |"
            yield "|---|---|"
            for place, (name, value) in enumerate(_members(message["understood"])):
                if place == _MOST_MEMBERS:
                    yield "| … | … |"
                    break
                yield f"| {_text(name)} | {_text(value)} |"
    if told["count"] > len(told["messages"]):
        yield said("more", language, count=told["count"] - len(told["messages"]))
    yield f"## {said('acknowledgement', language)}"
    if told["acknowledgement"]:
        yield from (f"- `{_text(text).replace('`', '´')}`" for text in _broken(told["acknowledgement"]))
    else:
        yield said("no_acknowledgement", language)
    yield ""
    yield said("not_judged", language)


def _agreement(told: Mapping[str, Any], language: Language) -> str:
    names = ", ".join(told["agreements"])
    return f"{said('agreement', language)}: " + (names or said("no_agreement", language, possible=", ".join(told["possible"]) or "–"))


def _named(message: Mapping[str, Any]) -> str:
    return " ".join(str(part) for part in (message["type"], message["version"], message["control"]) if part)


def _told(found: list[dict[str, Any]], format_name: str | None, language: Language) -> Iterator[str]:
    for one in found:
        where = spot(one["place"], format_name, language)
        yield f"{word(one['severity'], language):7} {one['rule']:8} {where}{'  ' if where else ''}{one['message']}"


def _table(found: list[dict[str, Any]], format_name: str | None, language: Language) -> Iterator[str]:
    if not found:
        yield said("no_finding", language)
        return
    yield f"| {said('severity', language)} | {said('rule', language)} | {said('place', language)} | {said('finding', language)} |"
    yield "|---|---|---|---|"
    for one in found:
        cells = (word(one["severity"], language), one["rule"], spot(one["place"], format_name, language), one["message"])
        yield f"| {' | '.join(_text(cell) for cell in cells)} |"


def _text(text: str) -> str:
    """A text of the file in Markdown that says nothing but itself: no cell ends in it, and it stays on its line."""
    return " ".join(str(text).split()).replace("|", "\\|")


def _broken(text: str) -> Iterator[str]:
    """The lines of an acknowledgement; of X12 and EDIFACT, which know no lines, its segments."""
    for line in text.splitlines():
        mark = next((mark for mark in ("~", "'") if line.count(mark) > 2 and line.startswith(("ISA", "UN"))), None)
        if mark is None:
            yield line
            continue
        parts = line.split(mark)
        yield from (f"{part}{mark}" for part in parts[:-1])
        if parts[-1].strip():
            yield parts[-1]


def _members(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each fact by its path: `lines[0].quantity`."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _members(member, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from _members(member, f"{path}[{place}]")
    elif value is not None:
        yield path, str(value)
