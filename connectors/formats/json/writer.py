"""Writes source records as a JSON document: the mirror of the reader.

Numbers are written as they are spelled, never through a float; a decimal or integer whose spelling is no JSON number, or
whose field is `quoted`, becomes a string. Members follow the grammar's order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json import dumps

from connectors.feed import FeedGrammar, Field
from connectors.spec import Envelope
from data_contracts.source import SourceRecord

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_UNCARRIED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def write_document(messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, grammar: FeedGrammar | None) -> bytes:
    """UTF-8 bytes with a line feed at the end; each message on a line of its own.

    Raises ValueError for a name that the grammar does not have, for control characters, and for several messages in a
    feed whose document is one message.
    """
    roots = _carried(messages, grammar)
    fields = grammar.fields if grammar is not None else None
    if grammar is not None and grammar.columns:
        body = "[\n" + ",\n".join(row for root in roots for row in _rows(root, grammar)) + "\n]"
        return (_around(body, grammar, envelope) + "\n").encode("utf-8")
    if grammar is not None and grammar.group is not None:
        roots = (row for root in roots for row in _flat(root))
    texts = [_object(root, fields) for root in roots]
    if grammar is None or grammar.whole:
        if len(texts) != 1:
            raise ValueError(f"a document of this feed is one message, not {len(texts)}")
        return (texts[0] + "\n").encode("utf-8")
    if grammar.lines:
        return "".join(text + "\n" for text in texts).encode("utf-8")
    if grammar.single and len(texts) == 1:
        return (_around(texts[0], grammar, envelope) + "\n").encode("utf-8")
    body = "[\n" + ",\n".join(texts) + "\n]" if texts else "[]"
    return (_around(body, grammar, envelope) + "\n").encode("utf-8")


def _carried(messages: Iterable[tuple[str, SourceRecord]], grammar: FeedGrammar | None) -> Iterator[SourceRecord]:
    for kind, root in messages:
        if grammar is not None and kind != grammar.message:
            raise ValueError(f"the feed {grammar.name} carries {grammar.message}, not {kind}")
        yield root


def _around(body: str, grammar: FeedGrammar, envelope: Envelope | None) -> str:
    """The members that lead to the messages, from the inside out."""
    for level in range(len(grammar.path) - 1, -1, -1):
        head = _envelope_members(grammar, envelope) if level == 0 else ""
        body = "{" + head + f"{dumps(grammar.path[level], ensure_ascii=False)}:{body}" + "}"
    return body


def _envelope_members(grammar: FeedGrammar, envelope: Envelope | None) -> str:
    members = ""
    for name, field in grammar.envelope.items():
        if envelope is not None and field.write == "created_at":
            members += f"{_text(name)}:{_text(envelope.created_at.isoformat(timespec='seconds'))},"
    return members


def _object(record: SourceRecord, fields: Mapping[str, Field] | None) -> str:
    values = record.values
    if not isinstance(values, Mapping):
        raise ValueError(f"{record.tag}: a record of a segment syntax cannot be written as JSON")
    groups: dict[str, list[SourceRecord]] = {}
    for child in record.children:
        groups.setdefault(child.tag, []).append(child)
    names = [*values, *(tag for tag in groups if tag not in values)]
    if fields is not None:
        unknown = [name for name in names if name not in fields]
        if unknown:
            raise ValueError(f"{record.tag}: the feed has no {', '.join(unknown)}")
        names = [name for name in fields if name in values or name in groups]
    members = []
    for name in names:
        field = fields[name] if fields is not None else None
        if name in values:
            text = _scalar(values[name], field)
        else:
            text = _children(groups[name], field)
        members.append(f"{_text(name)}:{text}")
    return "{" + ",".join(members) + "}"


def _flat(root: SourceRecord) -> Iterator[SourceRecord]:
    """The rows of a grouped message, each with what the message says."""
    for row in root.children:
        yield SourceRecord(root.tag, {**dict(root.values), **dict(row.values)}, row.position)  # type: ignore[arg-type]  # mappings
    if not root.children:
        raise ValueError(f"{root.tag}: a message of rows has none")


def _rows(root: SourceRecord, grammar: FeedGrammar) -> Iterator[str]:
    """Arrays of the grammar's columns; a grouped message is an array for each of its rows."""
    for record in root.children if grammar.group is not None else [root]:
        values = {**dict(root.values), **dict(record.values)}  # type: ignore[arg-type]  # mappings in named syntaxes
        unknown = [name for name in values if name not in grammar.columns]
        if unknown or record.children:
            raise ValueError(f"{root.tag}: the feed has no {', '.join(unknown) or record.children[0].tag}")
        cells = (_scalar(values[name], grammar.fields[name]) if name in values else "null" for name in grammar.columns)
        yield "[" + ",".join(cells) + "]"


def _children(children: Sequence[SourceRecord], field: Field | None) -> str:
    texts = []
    for child in children:
        if isinstance(child.values, Mapping) and "" in child.values:
            texts.append(_scalar(child.values[""], field))
        else:
            texts.append(_object(child, field.fields if field is not None else None))
    single = field is not None and not field.many
    if single and len(texts) > 1:
        raise ValueError(f"{children[0].tag} may stand once, stands {len(texts)} times")
    return texts[0] if single else "[" + ",".join(texts) + "]"


def _scalar(value: str, field: Field | None) -> str:
    if field is not None and not field.quoted:
        if field.kind in ("integer", "decimal") and _NUMBER.fullmatch(value):
            return value
        if field.kind == "boolean" and value in ("true", "false"):
            return value
    return _text(value)


def _text(value: str) -> str:
    wrong = _UNCARRIED.search(value)
    if wrong is not None:
        raise ValueError(f"the character U+{ord(wrong[0]):04X} cannot be written")
    return dumps(value, ensure_ascii=False)
