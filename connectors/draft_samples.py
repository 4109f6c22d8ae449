"""What samples of an undescribed feed are made of: their syntax, where messages stand, and the tree of their fields with all values.

The first of the three steps of a draft (`connectors.draft_grammar` writes what was found, `mappings.draft` says what it means).
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from lxml import etree

from connectors.charset_choice import choose_charset
from connectors.first_bytes import HEAD
from connectors.registry import format_named, sniff
from connectors.spec import STRICT
from data_contracts.errors import ConfigError
from data_contracts.vocabulary import meaning_of

_LARGEST = 32 * 1024 * 1024
_ROWS = 20_000
_KINDS = 8
"""Kinds of lines that a fixed-width file has at most."""
_OF_MESSAGES = frozenset({"number", "order_number", "despatch_number", "receipt_number", "invoice_number", "location", "supplier"})
"""What no envelope says, but a message does."""
_BESIDE = 3
"""Plain members that make a JSON object a message and not an envelope around messages."""


@dataclass(slots=True)
class Node:
    """One field, or a record with fields. `count` records held it, in `owners` records that could have."""

    name: str
    values: list[str] = field(default_factory=list)
    fields: dict[str, Node] = field(default_factory=dict)
    held: int = 0
    """Records that have it."""
    records: int = 0
    """Records of this kind."""
    many: bool = False
    code: str = ""
    """fixed: the code of the lines that are such records."""
    columns: dict[str, tuple[int, int]] = field(default_factory=dict)
    """fixed: first character from 1, and how many, by field."""
    quoted: bool = False
    """json: a number that is written as a string."""
    space: str | None = None
    """xml: the namespace of its element."""

    def child(self, name: str) -> Node:
        """The field of this name, made when it is new."""
        return self.fields.setdefault(name, Node(name))


@dataclass(slots=True)
class Samples:
    """What all samples of one feed have in common."""

    format: str
    root: Node
    messages: str = ""
    namespace: str | None = None
    spaces: dict[str, str] = field(default_factory=dict)
    """xml: the prefix by which each namespace is named in the grammar, when an element of it was met."""
    separator: str = ""
    charset: str = ""
    nothing: bool = False
    """json: whether `false` stands for nothing."""
    skip: list[str] = field(default_factory=list)
    """fixed: codes of lines around the messages."""


def observe(paths: Sequence[Path]) -> Samples:
    """Read samples of one feed. Raises ConfigError for what cannot be drafted from, or samples of several kinds."""
    found: Samples | None = None
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error
        if len(content) > _LARGEST:
            raise ConfigError(f"{path}: a sample of {len(content)} bytes is more than a draft needs; cut it to {_LARGEST}")
        format_ = sniff(content[:HEAD])
        name = format_.name if format_ is not None else "unknown"
        if name not in _READERS:
            raise ConfigError(f"{path}: a draft is made from delimited, fixed, spreadsheet, JSON or XML samples; this looks {name}")
        if found is not None and found.format != name:
            raise ConfigError(f"{path}: is {name}, the samples before are {found.format}")
        found = _READERS[name](content, found or Samples(name, Node("")), path)
    if found is None or not found.root.records:
        raise ConfigError("the samples hold no message")
    if _false_is_none(found.root):
        found.nothing = True
        _without_false(found.root)
    return found


def _false_is_none(node: Node) -> bool:
    """Whether these systems say `false` where they have nothing (Odoo), as records show that are `false` at times; else it is a value."""
    shown = bool(node.fields) and "false" in node.values
    return any([shown, *(_false_is_none(below) for below in node.fields.values())])


def _without_false(node: Node) -> None:
    for below in node.fields.values():
        said = [value for value in below.values if value != "false"]
        below.held -= len(below.values) - len(said)
        below.values = said if said or below.fields else below.values
        _without_false(below)


# --- rows --------------------------------------------------------------------------------------------------------------
def _rows(content: bytes, samples: Samples, path: Path) -> Samples:
    """Delimited files and workbooks: each row by the columns that the header names."""
    if samples.format == "delimited":
        chosen = choose_charset(io.BytesIO(content), content[:HEAD], STRICT, ())
        first = content[chosen.start : chosen.start + 65536].decode(chosen.charset, "replace").splitlines()[0]
        samples.separator, samples.charset = max(",;\t|", key=first.count), chosen.charset
    for event in format_named(samples.format).read(io.BytesIO(content), STRICT, None):
        message = event.message
        if event.finding is not None:
            raise ConfigError(f"{path}: {event.finding.text()}")
        if message is not None and message.root is not None and samples.root.records < _ROWS:
            samples.root.records += 1
            for name, value in dict(message.root.values).items():  # type: ignore[arg-type]  # a mapping in named syntaxes
                _take(samples.root.child(name), value)
    return samples


def _take(node: Node, value: str) -> None:
    node.held += 1
    node.values.append(value)


# --- fixed width -------------------------------------------------------------------------------------------------------
def _fixed(content: bytes, samples: Samples, path: Path) -> Samples:
    """Lines of one kind, or of kinds told apart by their first two characters: each kind below the one that came before it first."""
    chosen = choose_charset(io.BytesIO(content), content[:HEAD], STRICT, ())
    samples.charset = chosen.charset
    lines = [line for line in content[chosen.start :].decode(chosen.charset, "replace").splitlines() if line.strip()][:_ROWS]
    codes = list(dict.fromkeys(line[:2] for line in lines))
    if not (1 < len(codes) <= _KINDS and all(code.isalnum() for code in codes) and len(codes) < len(lines) - 1):
        _cut(lines, samples.root, 0)
        return samples
    around = [code for code in {lines[0][:2], lines[-1][:2]} if sum(line[:2] == code for line in lines) == 1]
    samples.skip = sorted({*samples.skip, *around})
    node, inner = samples.root, [code for code in codes if code not in around]
    for depth, code in enumerate(inner):
        if depth:
            node.fields.setdefault(f"record_{code}", Node(f"record_{code}", many=True))
            node = node.fields[f"record_{code}"]
        node.code = code
        _cut([line for line in lines if line[:2] == code], node, 2)
    return samples


def _cut(lines: Sequence[str], node: Node, after: int) -> None:
    """Take lines of one kind apart: a column begins where text stands after characters that are blank in every line."""
    if not node.columns:
        start = None
        for at in range(after, max(map(len, lines)) + 1):
            held = any(at < len(line) and line[at] != " " for line in lines)
            if held and start is None:
                start = at
            elif not held and start is not None:
                node.columns[f"column_{start + 1}"] = (start + 1, at - start)
                start = None
    for line in lines:
        node.records += 1
        for name, (first, length) in node.columns.items():
            value = line[first - 1 : first - 1 + length].strip()
            if value:
                _take(node.child(name), value)


# --- JSON --------------------------------------------------------------------------------------------------------------
def _json(content: bytes, samples: Samples, path: Path) -> Samples:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: JSON is UTF-8: {error}") from error
    value: Any
    try:
        value, where = json.loads(text, parse_float=_Number, parse_int=_Number), ""
    except ValueError:
        try:
            value = [json.loads(line, parse_float=_Number, parse_int=_Number) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{path}: neither JSON nor JSON lines: {error}") from error
        where = "lines"
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply") from error
    steps: list[str] = []
    messages: Any = value if where else _messages(value, steps)
    samples.messages = where or (".".join(steps) + "[]" if isinstance(messages, list) else ".".join(steps) + "{}" if steps else ".")
    for message in _listed(messages):
        if isinstance(message, dict):
            _object(message, samples.root)
    return samples


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class _Number(str):
    """A JSON number in its own spelling, told from a string."""

    __slots__ = ()


def _messages(value: Any, steps: list[str]) -> Any:
    """The array of messages, or the one message: down through objects that have little beside it."""
    if isinstance(value, dict):
        plain = [name for name, member in value.items() if not isinstance(member, dict | list)]
        lists = {name: member for name, member in value.items() if isinstance(member, list) and any(isinstance(e, dict) for e in member)}
        inner = {name: member for name, member in value.items() if isinstance(member, dict)}
        telling = any((meaning := meaning_of(name)) is not None and meaning.concept in _OF_MESSAGES for name in plain)
        if len(plain) < _BESIDE and not telling and len(lists) == 1 and not inner:
            name, member = next(iter(lists.items()))
            steps.append(name)
            return member
        if not plain and not lists and len(inner) == 1:
            name, below = next(iter(inner.items()))
            steps.append(name)
            return _messages(below, steps)
    return value


def _object(value: Mapping[str, Any], node: Node) -> None:
    node.records += 1
    for name, member in value.items():
        if member is None or member in ("", [], {}):
            continue
        child = node.child(name)
        child.held += 1
        child.many = child.many or isinstance(member, list)
        for entry in _listed(member):
            if isinstance(entry, dict):
                _object(entry, child)
            elif isinstance(entry, bool):
                child.values.append("true" if entry else "false")
            elif isinstance(entry, str) and entry:
                child.values.append(str(entry))
                child.quoted = child.quoted or not isinstance(entry, _Number)


# --- XML ---------------------------------------------------------------------------------------------------------------
def _xml(content: bytes, samples: Samples, path: Path) -> Samples:
    if b"<!DOCTYPE" in content:
        raise ConfigError(f"{path}: a DOCTYPE is refused")
    try:
        root = etree.fromstring(
            content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
        )
    except etree.XMLSyntaxError as error:
        raise ConfigError(f"{path}: not well-formed: {error.msg}") from error
    samples.namespace = etree.QName(root).namespace
    tags = {child.tag for child in root if isinstance(child.tag, str)}
    # A root whose children are all of one name, and have something below them, is a frame around messages.
    framed = len(tags) == 1 and not root.attrib and all(len(child) or child.attrib for child in root)
    name = etree.QName(root).localname
    samples.messages = f"{name}/{etree.QName(root[0]).localname}" if framed else name
    for message in root if framed else [root]:
        _element(message, samples.root, samples)
    return samples


def _element(element: etree._Element, node: Node, samples: Samples) -> None:
    node.records += 1
    node.space = etree.QName(element).namespace
    for name, value in _attributes(element):
        _take(node.child(name), value)
    counts: dict[str, int] = {}
    for child in element:
        name = etree.QName(child).localname
        counts[name] = counts.get(name, 0) + 1
        below = node.child(name)
        below.space = etree.QName(child).namespace
        samples.spaces.setdefault(below.space or "", _prefix(child, samples.spaces.values()))
        below.held += counts[name] == 1 and bool(len(child) or (child.text or "").strip())
        below.many = below.many or counts[name] > 1
        if len(child):
            _element(child, below, samples)
            continue
        text = (child.text or "").strip()
        if text:
            below.values.append(text)
        below.records += bool(child.attrib)
        for attribute, value in _attributes(child):
            _take(below.child(attribute), value)


def _prefix(element: etree._Element, taken: Collection[str]) -> str:
    """A name for an element's namespace: the document's own prefix, unless that is of another already."""
    own = element.prefix or ("ns" if etree.QName(element).namespace else "none")
    return own if own not in taken else next(name for number in count(2) if (name := f"{own}{number}") not in taken)


def _attributes(element: etree._Element) -> Iterator[tuple[str, str]]:
    """Attributes of no namespace that hold something, by their name in a record."""
    for name, value in element.items():
        if str(value).strip() and not str(name).startswith("{"):
            yield "@" + str(name), str(value).strip()


_READERS = {"delimited": _rows, "spreadsheet": _rows, "fixed": _fixed, "json": _json, "xml": _xml}


def leaves(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """All fields that hold values, by their path from the message."""
    for name, child in node.fields.items():
        if child.values:
            yield f"{path}{name}", child
        yield from leaves(child, f"{path}{name}/")
