"""A feed grammar as a page for the people on the other side: which fields, of what type, required or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from connectors.feed import XML_FORMATS, FeedGrammar, Field, grammar_for, grammar_names
from connectors.feed_layout import Column
from connectors.spec import Profile
from data_contracts.findings import Language
from data_contracts.rules.phrases import in_chinese

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
    "line": ("a line, which is one JSON object", "一行，即一个 JSON 对象"),
    "coded": ("a record `{}` with the records below it", "一条 `{}` 记录及其下属记录"),
    "columns": ("Columns in this order: {}", "列顺序：{}"),
    "sheet": ("Sheet {}, header in row {}", "工作表 {}，表头在第 {} 行"),
    "first": ("the first", "第一个"),
    "place": ("Columns", "列位置"),
    "record_type": ("The record code stands in columns {}; charset {}", "记录代码位于第 {} 列；编码 {}"),
    "charset": ("Charset {}", "编码 {}"),
    "others": ("Other names may stand beside these; they are not read.", "其他字段可以存在，但不会被读取。"),
    "nothing": ("{} stands for no value.", "{} 表示没有值。"),
    "group": ("adjacent rows with equal {}", "{} 相同的相邻行"),
    "separator": ("Separator `{}`, decimal mark `{}`, charset {}", "分隔符 `{}`，小数点 `{}`，编码 {}"),
}


def as_markdown(grammar: FeedGrammar, language: Language = "en") -> str:
    """The page, in English or Chinese. What it says is what the reader checks, since both come from the same file."""
    words = {key: texts[1 if language == "zh-CN" else 0] for key, texts in _WORDS.items()}
    lines = [f"# {grammar.format}/{grammar.name}: {_title(grammar, language)}", "", words["messages"].format(_messages(grammar, words)), ""]
    if grammar.format == "delimited":
        lines += [words["separator"].format(grammar.separator, grammar.decimal, ", ".join(grammar.charsets) or grammar.written_charset), ""]
    if grammar.columns:
        lines += [words["columns"].format(", ".join(f"`{name}`" for name in grammar.columns)), ""]
    if grammar.format == "spreadsheet":
        lines += [words["sheet"].format(f"`{grammar.sheet}`" if grammar.sheet else words["first"], grammar.header_row), ""]
    if grammar.layout is not None:
        charset = ", ".join(grammar.charsets) or grammar.written_charset
        code = grammar.layout.discriminator
        lines += [words["record_type"].format(_span(code), charset) if code else words["charset"].format(charset), ""]
    if grammar.open:
        lines += [words["others"], ""]
    if grammar.nothing:
        lines += [words["nothing"].format(", ".join(f"`{text}`" for text in sorted(grammar.nothing))), ""]
    if grammar.namespace:
        lines += [f"xmlns `{grammar.namespace}`", ""]
    heads = [words["field"], words["type"], words["required"], words["rule"], words["note"]]
    placed = grammar.layout is not None
    if placed:
        heads.insert(1, words["place"])
    head = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    lines += [*head, *_rows(grammar.fields, "", words, placed)]
    for name, fields in _named_types(grammar.fields).items():
        lines += ["", f"## {name}", "", *head, *_rows(fields, "", words, placed)]
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
        if grammar.lines:
            return words["line"]
        return words["document"] if grammar.whole else f"`{'.'.join(grammar.path)}{'{}' if grammar.single else '[]'}`"
    if grammar.layout is not None and grammar.layout.discriminator is not None:
        return words["coded"].format(grammar.layout.record.code)
    if grammar.group is None:
        return words["row"]
    return words["group"].format(", ".join(f"`{column}`" for column in grammar.group.by))


def _span(column: Column) -> str:
    """Characters of a column, counted from 1."""
    return f"{column.start + 1}" if column.stop == column.start + 1 else f"{column.start + 1}-{column.stop}"


def _rows(fields: Mapping[str, Field], above: str, words: Mapping[str, str], placed: bool) -> Iterator[str]:
    for field in fields.values():
        kind = words["record"] if field.kind == "record" else in_chinese(field.expects) if words["yes"] == "是" else field.expects
        kind = f"**{field.type_name}** ({kind})" if field.type_name else kind
        allowed = [", ".join(sorted(field.enum))] if field.enum else []
        if field.pattern is not None:
            allowed.append(f"`{field.pattern.pattern}`")
        if field.max_length is not None:
            allowed.append(words["at_most"].format(field.max_length))
        where = _span(field.column) if field.column is not None else f"`{field.code}`" if field.code else ""
        cells = (
            f"`{above}{field.name or '.'}`",
            *((where,) if placed else ()),
            f"{words['many']} {kind}" if field.many else kind,
            words["yes"] if field.required else "",
            "; ".join(allowed),
            field.note,
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        if not field.type_name:
            yield from _rows(field.fields, f"{above}{field.name}/", words, placed)


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
