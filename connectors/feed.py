"""Feed grammars: what one feed of an own system or a partner looks like, as one YAML file that an engineer can read.

X12 and EDIFACT messages name their own structure; a JSON, XML or CSV export does not. A feed grammar says where its
messages are and which fields they have; the same file reads, checks, writes and documents the feed.

    version: 1
    grammar: erp_orders            # the file's name
    format: json                   # json | xml | delimited | spreadsheet | fixed (connectors.feed_layout)
    message: erp_orders            # message type, by which agreements and mappings name it
    title: {en: ..., zh-CN: ...}
    messages: orders[]             # json: members to the array (`data.orders[]`, `[]`), to one object or an array (`d{}`),
                                   # "." for the whole document, `lines` for JSON lines (an object a line)
    messages: Receipts/Receipt     # xml: path of the message element from the root
    columns: [FBillNo, FQty]       # json: messages are arrays of values in this order (profile.options.columns wins); may be grouped
    failure: {at: Result/IsSuccess, is: "false", says: Result/Errors/Message}    # json: an answer that tells of a fault, not of data
    answers: {number: data/document, verdict: event, accepted: [completed], rejected: [declined], received: [sent], says: [data/reason]}
                                   # esign: what it says of a document of ours, by the document's own number
    others: leave                  # json, xml: names beside the fields are the other system's business: not read and not told
    nothing: ["false"]             # json: texts that say that there is no value, of whatever field is no boolean
    namespace: urn:x               # xml: namespace of all its elements; absent = none; a list: the first is written, all read
    spaces: {b: urn:y}             # xml: further namespaces by prefix: of a field with `space: b`, of all below one with `inside: b`
    envelope: {exported_at: {type: instant, write: created_at}}      # json: members beside the array
    types: _types                  # file of named types beside this one (connectors/feed_types.py)
    separator: ";"                 # delimited, and quote, bom (written); any one character, "\t" for TSV
    decimal: ","                   # and thousands: ".", booleans: [Y, N], charsets (tried in order; none: told by the bytes)
    group: {by: [order_no], header: [currency], rows: row}  # rows, also flat objects of JSON: adjacent ones with equal `by` are one message
    sheet: Orders                  # spreadsheet: by name, else the first; header_row: 3 where titles stand above the header
    fields:
      number: {type: text, required: true, max_length: 35}
      lines: {type: record, many: true, fields: {...}}

A field has `type` (a key of `connectors.feed_values.KINDS`, or `record`), `required`, `many`, `enum`, `pattern`, `max_length`,
`on_error` (`row` | `message` | `none`, default message), `fields` (of a record; of an XML leaf its attributes), `names`
(rows: other headers that mean this column), `write` (rows: the header that is written, where it is not the field's name), `quoted`
(json: written as a string), `note`. Identifiers are not judged
here: GS1 and UDI rules do that for all formats alike.

Grammars stand in `connectors/grammars/<format>/`; a site's own in `<folder>/<format>/` of `profile.options["grammar_folders"]`, which win.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import yaml

from connectors.feed_fields import Field as Field
from connectors.feed_fields import fields_of, refuse_unknown
from connectors.feed_layout import Layout, layout_of
from connectors.feed_types import expanded, load_types
from connectors.feed_values import Spelling
from connectors.spec import Profile
from data_contracts.errors import ConfigError

SHIPPED = Path(__file__).parent / "grammars"
XML_FORMATS = frozenset({"xml", "ubl", "cxml", "b2mml", "eudamed"})
"""Formats whose messages are XML elements."""
JSON_FORMATS = frozenset({"json", "esign"})
"""Formats whose messages are JSON objects."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TOP_KEYS = frozenset(
    {"version", "grammar", "format", "message", "title", "messages", "namespace", "envelope", "separator", "quote", "decimal"}
    | {"charsets", "bom", "booleans", "group", "fields", "thousands", "types"}
)
_TOP_KEYS_OF: Mapping[str, frozenset[str]] = {
    "fixed": frozenset({"record_type", "code", "skip", "offsets"}),
    "spreadsheet": frozenset({"sheet", "header_row"}),
    "json": frozenset({"columns", "failure", "others", "nothing"}),
    "esign": frozenset({"failure", "others", "nothing", "answers"}),
    "xml": frozenset({"others", "spaces"}),
    "eudamed": frozenset({"spaces"}),
}
ROWS = frozenset({"delimited", "spreadsheet", "fixed"})
"""Formats of rows, which may be grouped to messages."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """How rows of a delimited file make a message."""

    by: tuple[str, ...]
    """Columns whose equal values in adjacent rows make one message."""
    header: tuple[str, ...] = ()
    """Columns that must not differ within it; they stand on the message, not on its rows."""
    rows: str = "row"
    """Tag of the row records below the message."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How an answer says that it is one of a fault: the value at a path, and where the reason stands."""

    at: tuple[str, ...]
    value: str
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedGrammar:
    """A loaded grammar. `hash` is the SHA-256 of its file and goes into evidence."""

    name: str
    format: str
    message: str
    version: int
    hash: str
    fields: Mapping[str, Field]
    path: tuple[str, ...] = ()
    """json: members that lead to the array; xml: element names from the root to the message."""
    whole: bool = False
    """json: the document is one message."""
    single: bool = False
    """json: at the path stands one object, or an array of them."""
    lines: bool = False
    """json: every line is a message."""
    columns: tuple[str, ...] = ()
    """json: names of the values where messages are arrays."""
    failure: Failure | None = None
    answers: Mapping[str, Any] | None = None
    """esign: what a message says of a document of ours (`connectors/formats/esign/answering.py`)."""
    open: bool = False
    """Names that no field has are not read and not told."""
    nothing: frozenset[str] = frozenset()
    """json: texts that stand for no value."""
    namespace: str | None = None
    also: tuple[str | None, ...] = ()
    """xml: other namespaces in which its elements are read."""
    spaces: Mapping[str, str] = field(default_factory=dict)
    """xml: namespaces by prefix, of fields that name one."""
    envelope: Mapping[str, Field] = field(default_factory=dict)
    separator: str = ","
    quote: str = '"'
    decimal: str = "."
    thousands: str = ""
    charsets: tuple[str, ...] = ()
    """Tried in order; none stated: told by the bytes."""
    bom: bool = False
    group: Grouping | None = None
    layout: Layout | None = None
    """fixed: its lines."""
    sheet: str | None = None
    """spreadsheet: name of the sheet; None is the first."""
    header_row: int = 1
    """spreadsheet: row of the header."""
    title: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    """The YAML of a grammar that takes named types, with them, as evidence: written out it would fill a book."""

    def asks_rows(self) -> bool:
        """Whether a message is nothing without rows: a column of a row is required."""
        group = self.group
        return group is not None and any(field.required for name, field in self.fields.items() if name not in (*group.by, *group.header))

    @property
    def written_charset(self) -> str:
        """The charset of documents that we write."""
        return self.charsets[0] if self.charsets else "utf-8"


@runtime_checkable
class SelfNaming(Protocol):
    """A format with feed grammars whose messages say by which of them they are read."""

    def grammar_of(self, kind: str, profile: Profile) -> FeedGrammar | None:
        """The grammar of a message type, the site's own first; None where there is none."""
        ...


def grammar_for(format_name: str, name: str, profile: Profile) -> FeedGrammar:
    """The grammar that an agreement names. Raises ConfigError when no folder has it or it is wrong."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"grammar {name!r}: a name has letters, digits, '_', '-' and '.' only")
    folders = [Path(str(folder)) for folder in profile.options.get("grammar_folders", ())]
    for folder in [*folders, SHIPPED]:
        path = folder / format_name / f"{name}.yaml"
        if path.is_file():
            status = path.stat()
            types = [other.stat().st_mtime_ns for other in sorted(path.parent.glob("_*.yaml"))]
            return _loaded(path, (status.st_mtime_ns, *types), status.st_size)
    searched = ", ".join(str(folder / format_name) for folder in [*folders, SHIPPED])
    raise ConfigError(f"grammar {name!r} of format {format_name} is in none of: {searched}")


def grammar_names(format_name: str, folders: Iterable[Path] = ()) -> list[str]:
    """Names of the grammars that a format has, shipped ones and those of site folders."""
    found = {path.stem for folder in [*folders, SHIPPED] for path in (folder / format_name).glob("*.yaml")}
    return sorted(name for name in found if not name.startswith("_"))


@lru_cache(maxsize=256)
def _loaded(path: Path, _modified: tuple[int, ...], _size: int) -> FeedGrammar:
    return parse_grammar(path.read_bytes(), str(path), path.stem, path.parent.name)


def parse_grammar(content: bytes, where: str, name: str, format_name: str) -> FeedGrammar:
    """A grammar from its YAML. Raises ConfigError that names file and field."""
    try:
        body = yaml.load(content, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not YAML: {error}") from error
    if not isinstance(body, dict):
        raise ConfigError(f"{where}: a grammar is a mapping")
    refuse_unknown(body, _TOP_KEYS | _TOP_KEYS_OF.get(format_name, frozenset()), where)
    text = ""
    if "types" in body:
        beside = Path(where).parent / f"{body['types']}.yaml"
        types, more = load_types(beside if beside.is_file() else SHIPPED / format_name / beside.name)
        body["fields"] = expanded(body.get("fields"), types, where)
        content += more
        text = content.decode("utf-8")
    for key, expected in (("version", 1), ("grammar", name), ("format", format_name)):
        if body.get(key) != expected:
            raise ConfigError(f"{where}: {key} should be {expected!r}, is {body.get(key)!r}")
    spelling = _spelling(body, where)
    fields = fields_of(body.get("fields"), where, spelling)
    if not fields:
        raise ConfigError(f"{where}: fields is empty")
    message = str(body.get("message", name))
    messages = str(body.get("messages", ""))
    path, whole = _path(format_name, messages, where)
    namespaces = _namespaces(body.get("namespace"), where)
    spaces = {str(prefix): str(name) for prefix, name in dict(body.get("spaces") or {}).items()}
    _refuse_unknown_spaces(fields, spaces, where)
    return FeedGrammar(
        name=name,
        format=format_name,
        message=message,
        version=1,
        hash=hashlib.sha256(content).hexdigest(),
        fields=fields,
        path=path,
        whole=whole,
        single=format_name in JSON_FORMATS and messages.endswith("{}"),
        lines=format_name in JSON_FORMATS and messages == "lines",
        columns=_columns(body.get("columns"), fields, messages, where),
        failure=_failure(body.get("failure"), where),
        answers=_answers(body.get("answers"), where),
        open=_left(body.get("others"), where),
        nothing=_nothing(body.get("nothing"), where),
        namespace=namespaces[0] or None,
        also=tuple(name or None for name in namespaces[1:]),
        spaces=spaces,
        envelope=fields_of(body.get("envelope") or {}, f"{where}: envelope", spelling),
        separator=_one_character(body, "separator", ",", where),
        quote=_one_character(body, "quote", '"', where),
        decimal=spelling.decimal,
        thousands=spelling.thousands,
        charsets=tuple(str(charset) for charset in body.get("charsets", ())),
        bom=bool(body.get("bom", False)),
        group=_grouping(body, format_name, fields, messages, where),
        layout=layout_of(body, message, fields, where) if format_name == "fixed" else None,
        sheet=str(body["sheet"]) if body.get("sheet") is not None else None,
        header_row=_row_number(body.get("header_row", 1), where),
        title=dict(body.get("title") or {}),
        text=text,
    )


def _spelling(body: Mapping[str, Any], where: str) -> Spelling:
    decimal, thousands = str(body.get("decimal", ".")), str(body.get("thousands", ""))
    if decimal not in (".", ","):
        raise ConfigError(f"{where}: decimal is '.' or ','")
    if thousands and (thousands not in ".,' " or thousands == decimal):
        raise ConfigError(f"{where}: thousands is '.', ',', an apostrophe or a blank, and not the decimal mark")
    return Spelling(decimal, thousands, _pair(body.get("booleans", ["true", "false"]), where))


def _row_number(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
        raise ConfigError(f"{where}: header_row is a row number, from 1")
    return value


def _pair(value: Any, where: str) -> tuple[str, str]:
    # YAML 1.1 reads a bare Y or N as text but `yes` and `no` as booleans; either way the spelling must be text here.
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(word, str) for word in value):
        raise ConfigError(f"{where}: booleans is a list of two words, the one for true first (quote yes and no)")
    return value[0], value[1]


def _one_character(body: Mapping[str, Any], key: str, default: str, where: str) -> str:
    value = str(body.get(key, default))
    if len(value) != 1 or value in "\r\n":
        raise ConfigError(f"{where}: {key} is one character")
    return value


def _path(format_name: str, messages: str, where: str) -> tuple[tuple[str, ...], bool]:
    if format_name in ROWS:
        return (), False
    if format_name in XML_FORMATS:
        steps = tuple(messages.split("/"))
        if not all(steps):
            raise ConfigError(f"{where}: messages is the path of the message element, such as Receipts/Receipt")
        return steps, len(steps) == 1
    if messages in (".", "lines"):
        return (), messages == "."
    if not messages.endswith(("[]", "{}")) or messages == "{}":
        raise ConfigError(f"{where}: messages is the path of an array (orders[]) or of an object (d{{}}), '.' for the document, or lines")
    return tuple(step for step in messages[:-2].split(".") if step), False


def _columns(body: Any, fields: Mapping[str, Field], messages: str, where: str) -> tuple[str, ...]:
    if body is None:
        return ()
    if not isinstance(body, list) or not messages.endswith("[]") or len(set(map(str, body))) != len(body):
        raise ConfigError(f"{where}: columns is a list of names, each once, for messages in an array")
    strange = [str(name) for name in body if str(name) not in fields]
    if strange:
        raise ConfigError(f"{where}: columns names {', '.join(strange)}, which is no field")
    return tuple(map(str, body))


def _failure(body: Any, where: str) -> Failure | None:
    if body is None:
        return None
    if not isinstance(body, dict) or set(body) != {"at", "is", "says"} or not all(isinstance(value, str) for value in body.values()):
        raise ConfigError(f"{where}: failure has at, is and says, each a text (quote true and false)")
    return Failure(tuple(body["at"].split("/")), body["is"], tuple(body["says"].split("/")))


def _namespaces(value: Any, where: str) -> list[str]:
    names = value if isinstance(value, list) else ["" if value is None else value]
    if not names or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{where}: namespace is a text or a list of texts, of which an empty one is none")
    return names


def _refuse_unknown_spaces(fields: Mapping[str, Field], spaces: Mapping[str, str], where: str, seen: set[int] | None = None) -> None:
    seen = set() if seen is None else seen
    for one in fields.values():
        if one.space is not None and one.space not in spaces:
            raise ConfigError(
                f"{where}: {one.name}: space {one.space!r} is none of {', '.join(spaces) or 'those in spaces, which names none'}"
            )
        if one.fields and id(one.fields) not in seen:
            seen.add(id(one.fields))
            _refuse_unknown_spaces(one.fields, spaces, where, seen)


def _left(value: Any, where: str) -> bool:
    if value not in (None, "tell", "leave"):
        raise ConfigError(f"{where}: others is tell or leave")
    return bool(value == "leave")


def _answers(value: Any, where: str) -> Mapping[str, Any] | None:
    if value is None:
        return None
    known = {"number", "verdict", "accepted", "rejected", "received", "says"}
    if not isinstance(value, Mapping) or set(value) - known or not {"number", "verdict", "accepted", "rejected"} <= set(value):
        raise ConfigError(f"{where}: answers has number, verdict, accepted and rejected, and may have received and says")
    return dict(value)


def _nothing(value: Any, where: str) -> frozenset[str]:
    if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise ConfigError(f"{where}: nothing is a list of texts (quote false)")
    return frozenset(value or ())


def _grouping(said: Mapping[str, Any], format_name: str, fields: Mapping[str, Field], messages: str, where: str) -> Grouping | None:
    body = said.get("group")
    if body is None:
        return None
    nested = any(field.fields or field.many for field in fields.values())
    flat = format_name == "json" and (messages == "lines" or messages.endswith("[]")) and not nested
    if format_name not in ROWS and not said.get("columns") and not flat:
        raise ConfigError(f"{where}: group puts rows together: of JSON a list or lines of objects without records, never of XML")
    by: Sequence[str] = tuple(body.get("by", ()))
    header: Sequence[str] = tuple(body.get("header", ()))
    for column in [*by, *header]:
        if column not in fields:
            raise ConfigError(f"{where}: group names the column {column!r}, which is no field")
    if not by:
        raise ConfigError(f"{where}: group.by is empty")
    return Grouping(tuple(by), tuple(header), str(body.get("rows", "row")))
