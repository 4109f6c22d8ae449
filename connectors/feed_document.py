"""A feed grammar as a page for the people on the other side: which fields, of what type, required or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from connectors.feed import XML_FORMATS, FeedGrammar, Field, grammar_for, grammar_names
from connectors.spec import Profile
from data_contracts.findings import Language

_WORDS: dict[str, tuple[str, str]] = {
    "field": ("Field", "字段"),
    "type": ("Type", "类型"),
    "required": ("Required", "必填"),
    "rule": ("Allowed", "允许值"),
    "note": ("Note", "说明"),
    "yes": ("yes", "是"),
    "record": ("record", "记录"),
    "many": ("list of", "列表："),
    "at_most": ("at most {} characters", "最多 {} 个字符"),
    "messages": ("One message: {}", "一条报文：{}"),
    "document": ("the document", "整个文件"),
    "row": ("a row", "一行"),
    "group": ("adjacent rows with equal {}", "{} 相同的相邻行"),
    "separator": ("Separator `{}`, decimal mark `{}`, charset {}", "分隔符 `{}`，小数点 `{}`，编码 {}"),
}


def as_markdown(grammar: FeedGrammar, language: Language = "en") -> str:
    """The page, in English or Chinese. What it says is what the reader checks, since both come from the same file."""
    words = {key: texts[1 if language == "zh-CN" else 0] for key, texts in _WORDS.items()}
    lines = [f"# {grammar.format}/{grammar.name}: {_title(grammar, language)}", "", words["messages"].format(_messages(grammar, words)), ""]
    if grammar.format == "delimited":
        lines += [words["separator"].format(grammar.separator, grammar.decimal, ", ".join(grammar.charsets) or grammar.written_charset), ""]
    if grammar.namespace:
        lines += [f"xmlns `{grammar.namespace}`", ""]
    head = [f"| {words['field']} | {words['type']} | {words['required']} | {words['rule']} | {words['note']} |", "|---|---|---|---|---|"]
    lines += [*head, *_rows(grammar.fields, "", words)]
    for name, fields in _named_types(grammar.fields).items():
        lines += ["", f"## {name}", "", *head, *_rows(fields, "", words)]
    return "\n".join([*lines, "", f"SHA-256 `{grammar.hash}`", ""])


class FeedGuides:
    """The guides of a feed format (`connectors.guides.Guided`), for its class to inherit."""

    name: str

    def guided(self, profile: Profile, language: Language) -> Mapping[str, str]:
        """Title by name of the feed's grammars, shipped ones and the site's."""
        folders = [Path(str(folder)) for folder in profile.options.get("grammar_folders", ())]
        loaded = (grammar_for(self.name, name, profile) for name in grammar_names(self.name, folders))
        return {grammar.name: _title(grammar, language) for grammar in loaded}

    def guide(self, name: str, version: str | None, profile: Profile, language: Language) -> str | None:
        """The page of one feed; feeds have one version only."""
        return as_markdown(grammar_for(self.name, name, profile), language) if version is None else None


def _title(grammar: FeedGrammar, language: Language) -> str:
    return grammar.title.get(language) or grammar.title.get("en") or grammar.name


def _messages(grammar: FeedGrammar, words: Mapping[str, str]) -> str:
    if grammar.format in XML_FORMATS:
        return f"`/{'/'.join(grammar.path)}`"
    if grammar.format == "json":
        return words["document"] if grammar.whole else f"`{'.'.join(grammar.path)}[]`"
    if grammar.group is None:
        return words["row"]
    return words["group"].format(", ".join(f"`{column}`" for column in grammar.group.by))


def _rows(fields: Mapping[str, Field], above: str, words: Mapping[str, str]) -> Iterator[str]:
    for field in fields.values():
        kind = words["record"] if field.kind == "record" else field.expects
        kind = f"**{field.type_name}** ({kind})" if field.type_name else kind
        allowed = [", ".join(sorted(field.enum))] if field.enum else []
        if field.pattern is not None:
            allowed.append(f"`{field.pattern.pattern}`")
        if field.max_length is not None:
            allowed.append(words["at_most"].format(field.max_length))
        cells = (
            f"`{above}{field.name or '.'}`",
            f"{words['many']} {kind}" if field.many else kind,
            words["yes"] if field.required else "",
            "; ".join(allowed),
            field.note,
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        if not field.type_name:
            yield from _rows(field.fields, f"{above}{field.name}/", words)


def _named_types(fields: Mapping[str, Field]) -> dict[str, Mapping[str, Field]]:
    """The named types that a message uses, each once, in order of their first use."""
    found: dict[str, Mapping[str, Field]] = {}
    waiting = list(fields.values())
    while waiting:
        field = waiting.pop(0)
        if not field.type_name:
            waiting += field.fields.values()
        elif field.type_name not in found and field.fields:
            found[field.type_name] = field.fields
            waiting += field.fields.values()
    return found
