"""EDIFACT grammars: what a message may hold, at which place, how often and how long, read from YAML tables.

One grammar reads, validates, writes and documents a message. The tables stand in `connectors/grammars/edifact/`: elements, composites
and segments of the UN/EDIFACT directories D.96A and D.01B, service segments of ISO 9735, and one file for each message;
its README.md tells how to read and extend them.

    >>> grammar = load("CONTRL", "D.3")
    >>> grammar.name, grammar.tables
    ('Syntax and service report message', '3')
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from connectors.freshness import forgets
from data_contracts.errors import ConfigError

TABLES = Path(__file__).resolve().parents[2] / "grammars" / "edifact"
"""The folder of the YAML tables."""

DIRECTORIES = ("D.96A", "D.01B")
"""Directories that the tables describe; others are read by the nearest that is not later."""

SYNTAXES = ("3", "4")
"""Versions of ISO 9735 that differ in their service segments; 1 and 2 are read as 3."""

_NOT_MESSAGES = frozenset({"elements", "composites", "segments", "service"})
_RELEASE = re.compile(r"(?:[A-Z0-9]{1,3}\.)?([0-9]{2})([A-Z])")
_MESSAGE = re.compile("[A-Z][A-Z0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class ElementUse:
    """A data element or composite at its place in a segment, or an element at its place in a composite.

    `min` and `max` count characters; of numbers neither sign nor decimal mark counts.
    """

    number: str
    """`6060`, or `C186` of a composite."""
    name: str
    type: str
    """a, n or an; empty for a composite."""
    min: int
    max: int
    use: str
    """M or C."""
    codes: frozenset[str] | None = None
    """The values that are allowed; null = any, since long code lists are the partners' business."""
    components: tuple[ElementUse, ...] = ()
    repeat: int = 1
    """How often it may repeat between repetition separators (syntax 4)."""
    _hash: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        """Made once: what is kept by an element is looked up for every value that is looked at by itself."""
        if not self._hash:
            self._hash.append(hash((self.number, self.name, self.type, self.min, self.max, self.use, self.codes, self.components)))
        return self._hash[0]


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A segment at its place in a message. `max` 0 means no limit."""

    id: str
    name: str
    use: str
    max: int
    elements: tuple[ElementUse, ...]
    _hash: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        """Made once, as that of an element."""
        if not self._hash:
            self._hash.append(hash((self.id, self.name, self.use, self.max, self.elements)))
        return self._hash[0]


@dataclass(frozen=True, slots=True)
class GroupUse:
    """A segment group: its trigger, which must be there when the group is, and what follows it. `max` 0 means no limit."""

    id: str
    """`SG2`, as the directory numbers it."""
    use: str
    max: int
    body: tuple[SegmentUse | GroupUse, ...]

    @property
    def first(self) -> SegmentUse:
        """The trigger."""
        segment = self.body[0]
        if isinstance(segment, GroupUse):
            raise TypeError(f"group {self.id} opens with a group")  # the loader refuses it
        return segment


@dataclass(frozen=True, slots=True)
class Totals:
    """A count that the message carries of itself: CNT with this qualifier says how many `of` segments there are."""

    segment: str
    qualifier: str
    of: str


@dataclass(frozen=True, slots=True)
class Grammar:
    """One message by one directory's tables. `body` is without UNH and UNT."""

    message: str
    tables: str
    """`D.96A` or `D.01B`; `3` or `4` of a service message. Not always what the document says, which may be later."""
    name: str
    body: tuple[SegmentUse | GroupUse, ...]
    hash: str
    """SHA-256 of everything in it in canonical form: kept with what was read by it."""
    totals: Totals | None = None
    hierarchy: str | None = None
    """The segment whose groups name each other and nest (CPS); null where none does."""

    @property
    def service(self) -> bool:
        """Whether the message belongs to the syntax itself (CONTRL)."""
        return self.tables in SYNTAXES

    def segments(self) -> Iterator[SegmentUse]:
        """Every segment use, in the order of the message."""
        yield from _segments(self.body)


def _segments(body: Sequence[SegmentUse | GroupUse]) -> Iterator[SegmentUse]:
    for use in body:
        if isinstance(use, SegmentUse):
            yield use
        else:
            yield from _segments(use.body)


_lock = threading.RLock()
_files: dict[str, Any] = {}
_grammars: dict[tuple[str, str], Grammar | None] = {}


def load(message: str, version: str) -> Grammar | None:
    """The grammar of a message in a version such as `D.97A` (0052 and 0054), or null when the message is unknown."""
    if not _MESSAGE.fullmatch(message) or message not in known_messages():
        return None
    with _lock:
        table = _file(message)
        step = ("4" if version.startswith("4") else "3") if table.get("service") else directory(version)
        key = (message, step)
        if key not in _grammars:
            _grammars[key] = _build(message, table, step)
        return _grammars[key]


@cache
def known_messages() -> frozenset[str]:
    """Every message that has a grammar."""
    return frozenset(path.stem for path in TABLES.glob("*.yaml") if path.stem not in _NOT_MESSAGES)


def title(message: str) -> str:
    """The name of a known message."""
    with _lock:
        return str(_file(message)["name"])


def directory(version: str) -> str:
    """The described directory by which this version is read.

    >>> directory("D.97B"), directory("D.10A"), directory("93A"), directory("2.912")
    ('D.96A', 'D.01B', 'D.96A', 'D.96A')
    """
    rank = _rank(version)
    return next((known for known in reversed(DIRECTORIES) if _rank(known) <= rank), DIRECTORIES[0])


@cache
def service_segment(tag: str, syntax: str) -> SegmentUse:
    """UNB, UNG, UNH, UNT, UNE or UNZ as this version of the syntax defines it."""
    with _lock:
        return _segment(tag, "M", 1, "4" if syntax == "4" else "3", {})


def _rank(version: str) -> tuple[int, str]:
    found = _RELEASE.fullmatch(version)
    if found is None:
        return (0, "")
    year = int(found[1])
    return (year + (1900 if year >= 70 else 2000), found[2])


def _reached(step: str, key: str) -> bool:
    """Whether what came with `key` (a directory, or syntax 4) holds at this step."""
    if key in SYNTAXES or step in SYNTAXES:
        return step in SYNTAXES and key in SYNTAXES and step >= key
    return _rank(step) >= _rank(key)


def _file(name: str) -> Any:
    if name not in _files:
        path = TABLES / f"{name}.yaml"
        try:
            content = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(f"{path.name}: {error}") from error
        if not isinstance(content, dict) or content.get("version") != 1:
            raise ConfigError(f"{path.name}: expected `version: 1`")
        _files[name] = content
    return _files[name]


def _build(message: str, table: Mapping[str, Any], step: str) -> Grammar | None:
    if "since" in table and not _reached(step, table["since"]):
        return None
    if table.get("message") != message or "name" not in table:
        raise ConfigError(f"{message}.yaml: expected `message: {message}` and a `name`")
    body = _body(table["body"], step, message)
    totals = Totals(*map(str, table["totals"])) if "totals" in table else None
    hierarchy = table.get("hierarchy")
    content = [message, step, table["name"], table.get("totals"), body, *([hierarchy] if hierarchy else [])]
    canonical = msgspec.json.encode(content, order="deterministic")
    return Grammar(message, step, table["name"], body, hashlib.sha256(canonical).hexdigest(), totals, hierarchy)


def _body(rows: Sequence[Any], step: str, where: str) -> tuple[SegmentUse | GroupUse, ...]:
    body: list[SegmentUse | GroupUse] = []
    for row in rows:
        if not isinstance(row, dict):
            row = {"segment": row}
        text = row.get("segment") or row.get("loop")
        tag, use, limit, wanted = _place(text, step, where)
        if not wanted:
            continue
        if "loop" not in row:
            body.append(_segment(tag, use, limit, step, row.get("codes", {})))
            continue
        inner = _body(row["body"], step, f"{where} {tag}")
        if not inner or not isinstance(inner[0], SegmentUse) or (inner[0].use, inner[0].max) != ("M", 1):
            raise ConfigError(f"{where}: group {tag} must open with a segment that is mandatory and comes once")
        body.append(GroupUse(tag, use, limit, inner))
    return tuple(body)


def _place(text: Any, step: str, where: str) -> tuple[str, str, int, bool]:
    """`RFF * since D.01B` -> (tag, use, max, whether it exists at this step)."""
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"{where}: a row is `ID [M] [max|*] [since DIR] [until DIR]`, got {text!r}")
    words = iter(text.split())
    tag, use, limit, wanted = next(words), "C", 1, True
    for word in words:
        if word in ("M", "C"):
            use = word
        elif word == "*":
            limit = 0
        elif word.isdigit():
            limit = int(word)
        elif word in ("since", "until"):
            wanted = wanted and _lasts(word, next(words, ""), step, f"{where} {text!r}")
        else:
            raise ConfigError(f"{where}: cannot read {word!r} in {text!r}")
    return tag, use, limit, wanted


def _lasts(word: str, key: str, step: str, where: str) -> bool:
    if key not in DIRECTORIES and key not in SYNTAXES:
        raise ConfigError(f"{where}: `{word}` names one of {', '.join(DIRECTORIES)}, got {key!r}")
    return _reached(step, key) if word == "since" else key == step or not _reached(step, key)


def _segment(tag: str, use: str, limit: int, step: str, codes: Mapping[Any, Any]) -> SegmentUse:
    service = _file("service")
    row = service["segments"].get(tag) or _file("segments")["segments"].get(tag)
    if row is None:
        raise ConfigError(f"segments.yaml has no segment {tag}")
    row = _at_step(row, step)
    elements = []
    for position, text in enumerate([*row["elements"], *row.get("append", [])], 1):
        mine = {str(place).partition("-")[2] or "0": str(allowed) for place, allowed in codes.items() if _element_of(place) == position}
        element = _element(text, step, f"segment {tag}", mine)
        if element is not None:
            elements.append(element)
    return SegmentUse(tag, row["name"], use, limit, tuple(elements))


def _element_of(place: Any) -> int:
    return int(str(place).partition("-")[0])


def _element(text: Any, step: str, where: str, codes: Mapping[str, str]) -> ElementUse | None:
    """`C507 M`, `C212 x5`, `3039 M max 17`, or a bare number -> the element as it is at this step; null when it is not there."""
    number, *words = str(text).split()
    use, repeat, limit, wanted = "C", 1, 0, True
    rest = iter(words)
    for word in rest:
        if word in ("M", "C"):
            use = word
        elif word[:1] == "x" and word[1:].isdigit():
            repeat = int(word[1:])
        elif word == "max":
            limit = int(next(rest, "0"))
        elif word in ("since", "until"):
            wanted = wanted and _lasts(word, next(rest, ""), step, f"{where} {text!r}")
        else:
            raise ConfigError(f"{where}: cannot read {word!r} in element {text!r}")
    if not wanted:
        return None
    row = _file("composites")["composites"].get(number) or _file("service")["composites"].get(number)
    if row is not None:
        row = _at_step(row, step)
        parts = [*row["elements"], *row.get("append", [])]
        found = [_element(part, step, number, {"0": codes[str(at)]} if str(at) in codes else {}) for at, part in enumerate(parts, 1)]
        return ElementUse(number, row["name"], "", 0, 0, use, None, tuple(part for part in found if part is not None), repeat)
    row = _file("elements")["elements"].get(number) or _file("service")["elements"].get(number)
    if row is None:
        raise ConfigError(f"elements.yaml has no element {number}, which {where} uses")
    row = _at_step(row, step)
    allowed = codes.get("0") or row.get("codes")
    return ElementUse(
        number=number,
        name=row["name"],
        type=row["type"],
        min=row.get("min", 1),
        max=limit or row["max"],
        use=use,
        codes=frozenset(str(allowed).split()) if allowed else None,
        repeat=repeat,
    )


def _at_step(row: Mapping[str, Any], step: str) -> dict[str, Any]:
    """The row with what later directories (or syntax 4) say laid over it."""
    result = {key: value for key, value in row.items() if key not in DIRECTORIES and key not in SYNTAXES}
    for key in (*DIRECTORIES, *SYNTAXES):
        if key in row and _reached(step, key):
            result.update(row[key])
    return result


def _forget() -> None:
    with _lock:
        _files.clear()
        _grammars.clear()
        known_messages.cache_clear()
        service_segment.cache_clear()


forgets("edifact", _forget)
