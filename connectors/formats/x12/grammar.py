"""X12 grammars: what a set may hold, at which place, how often and how long, read from YAML tables.

One grammar reads, validates, writes and documents a transaction set, and generates the maps of the second judge
(`second_opinion.py`). The tables stand in `connectors/grammars/x12/` and are our own writing from published partner
guides: `elements.yaml` (data elements and composites), `segments.yaml` (segments and their syntax notes) and one file for
each set. They describe the base versions 004010, 004030, 005010 and 006020; `connectors/grammars/x12/README.md` tells how to
extend them.

    >>> grammar = load("856", "004010VICS")
    >>> grammar.name, grammar.group, grammar.version, grammar.hierarchy
    ('Ship Notice/Manifest', 'SH', '004010', True)
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from connectors.freshness import forgets
from data_contracts.errors import ConfigError

TABLES = Path(__file__).resolve().parents[2] / "grammars" / "x12"
"""The folder of the YAML tables."""

BASE_VERSIONS = ("004010", "004030", "005010", "006020")
"""Versions for which sets are described; the others are read as the nearest before them, those before the first as the first."""

_REPEATING = "004030"
"""First base version whose ISA names a repetition separator; ISA12 has it from 00402 on."""

_SIX_DIGIT_DATES = "003070"
"""Last release before dates got eight digits. Its sets are read by the 004010 tables with six-digit dates."""

_SET = re.compile("[0-9A-Za-z]{3}")
_NOT_SETS = frozenset({"elements", "segments"})


@dataclass(frozen=True, slots=True)
class ElementUse:
    """An element at its place in a segment, or a component at its place in a composite.

    `min` and `max` count characters; for numeric types neither minus sign nor decimal point counts.
    """

    number: str
    """Data element number (`373`; `I06` in envelopes), or the composite's (`C001`): what AK403 reports."""
    name: str
    type: str
    """AN, ID, DT, TM, R, N0 to N9, B; empty for a composite."""
    min: int
    max: int
    use: str
    """M or O; conditions stand in the segment's syntax notes."""
    codes: frozenset[str] | None = None
    """The values that are allowed; null = any, since long code lists are the partners' business."""
    components: tuple[ElementUse, ...] = ()
    repeat: int = 1
    """How often it may repeat between repetition separators (from 00402 on)."""


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A segment at its place in a set. `max` 0 means no limit.

    `syntax` holds the relational conditions: a letter and two-digit element positions. P all or none, R at least one, E at
    most one, C if the first then all others, L if the first then at least one other.
    """

    id: str
    name: str
    use: str
    max: int
    elements: tuple[ElementUse, ...]
    syntax: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoopUse:
    """A loop: its first segment, which must be there when the loop is, and what follows it. `max` 0 means no limit."""

    id: str
    name: str
    use: str
    max: int
    body: tuple[SegmentUse | LoopUse, ...]
    qualifier: tuple[int, str] | None = None
    """(element position, value) that the first segment must carry for this loop to be meant; null = any."""

    @property
    def first(self) -> SegmentUse:
        """The segment that opens the loop."""
        segment = self.body[0]
        if isinstance(segment, LoopUse):
            raise TypeError(f"loop {self.id} opens with a loop")  # the loader refuses it
        return segment


@dataclass(frozen=True, slots=True)
class Totals:
    """A count that the set carries of itself: `segment` element `element` says how many `of` segments there are."""

    segment: str
    element: int
    of: str


@dataclass(frozen=True, slots=True)
class HashTotal:
    """A sum that the set carries of itself: element `element` of its totals segment adds up `value` of every `of` segment."""

    element: int
    of: str
    value: int


@dataclass(frozen=True, slots=True)
class Grammar:
    """One transaction set in one base version. `body` is without ST and SE."""

    message: str
    version: str
    """Base version that the tables describe, not the version of the document."""
    name: str
    group: str
    """Functional group that writers use (GS01)."""
    body: tuple[SegmentUse | LoopUse, ...]
    hierarchy: bool
    """HL segments nest by HL02, in any order of levels."""
    hash: str
    """SHA-256 of everything above and below in canonical form: kept with what was read by it."""
    groups: tuple[str, ...] = ()
    """Every GS01 under which the set is met: the base's first, then those of industry variants."""
    totals: Totals | None = None
    hash_total: HashTotal | None = None
    """CTT01: the number of lines, or of HL segments in an 856."""
    says: str = ""
    """What the set is for, where its name does not tell, and how it is meant; for people."""
    says_zh: str = ""

    def segments(self) -> Iterator[SegmentUse]:
        """Every segment use, in the order of the set."""
        yield from _segments(self.body)


def _segments(body: Sequence[SegmentUse | LoopUse]) -> Iterator[SegmentUse]:
    for use in body:
        if isinstance(use, SegmentUse):
            yield use
        else:
            yield from _segments(use.body)


_lock = threading.RLock()
_tables: dict[str, Any] = {}
_grammars: dict[tuple[str, str], Grammar | None] = {}
_envelopes: dict[tuple[str, str], SegmentUse] = {}


def load(message: str, version: str) -> Grammar | None:
    """The grammar for a set under a GS08, or null when the set is unknown (or unknown in that version).

    Only the first six characters count: 004010VICS and 004010X357 are read as 004010. Versions that have no tables of
    their own take those of the nearest base version before them: 004060 those of 004030, 005050 those of 005010.
    """
    if not _SET.fullmatch(message):
        return None  # before it becomes a file's name, or is remembered
    step = _step(version)
    key = (message, step)
    with _lock:
        if key not in _grammars:
            _grammars[key] = _build(message, step)
        return _grammars[key]


@cache
def known_messages() -> Mapping[str, str]:
    """Every set that has a grammar, with its functional group: `{"850": "PO", ...}`."""
    with _lock:
        names = sorted(path.stem for path in TABLES.glob("*.yaml"))
        return {name: str(_table(name)["groups"][0]) for name in names if name not in _NOT_SETS}


@cache
def known_groups() -> frozenset[str]:
    """The functional group codes (GS01) under which known sets are met; builds no grammar."""
    with _lock:
        return frozenset(str(group) for name in known_messages() for group in _table(name)["groups"])


def envelope_segment(tag: str, version: str) -> SegmentUse:
    """ISA, GS, ST, SE, GE, IEA or TA1 as the version (GS08, or ISA12 for ISA, IEA and TA1) defines it."""
    step = _step(version)
    # The repetition separator came between two base versions; only ISA11 depends on it.
    if tag == "ISA" and version[:5] >= "00402":
        step = max(step, _REPEATING)
    key = (tag, step)
    with _lock:
        if key not in _envelopes:
            _envelopes[key] = _segment(tag, "M", 1, step, {})
        return _envelopes[key]


@cache
def known_segments() -> frozenset[str]:
    """The ids of every segment that some set may hold; builds no grammar."""
    with _lock:
        return frozenset(_table("segments")["segments"]) - {"ISA", "IEA", "GS", "GE", "ST", "SE", "TA1"}


def base_version(version: str) -> str:
    """The base version whose tables serve this GS08."""
    return max(_step(version), BASE_VERSIONS[0])


def _step(version: str) -> str:
    plain = version[:6].ljust(6, "0")
    if plain <= "003999":
        return _SIX_DIGIT_DATES
    return max((base for base in BASE_VERSIONS if base <= plain), default=BASE_VERSIONS[0])


def _table(name: str) -> Any:
    if name not in _tables:
        path = TABLES / f"{name}.yaml"
        try:
            content = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(f"{path.name}: {error}") from error
        if not isinstance(content, dict) or content.get("version") != 1:
            raise ConfigError(f"{path.name}: expected `version: 1`")
        _tables[name] = content
    return _tables[name]


def _build(message: str, step: str) -> Grammar | None:
    if not (message.isascii() and message.isalnum()) or message in _NOT_SETS or not (TABLES / f"{message}.yaml").is_file():
        return None
    table = _table(message)
    if step < table.get("since", step):
        return None
    version = max(step, BASE_VERSIONS[0])
    groups = tuple(table["groups"])
    body = _body(table["body"], step, message)
    hierarchy = bool(table.get("hierarchy", False))
    totals = Totals(*table["totals"]) if "totals" in table else None
    hashed = table.get("hash_total")
    content = [message, version, table["name"], groups, hierarchy, table.get("totals"), *([hashed] if hashed else []), body]
    canonical = msgspec.json.encode(content, order="deterministic")
    return Grammar(
        message=message,
        version=version,
        name=table["name"],
        group=groups[0],
        body=body,
        hierarchy=hierarchy,
        hash=hashlib.sha256(canonical).hexdigest(),
        groups=groups,
        totals=totals,
        hash_total=HashTotal(*hashed) if hashed else None,
        says=table.get("says", ""),
        says_zh=table.get("says_zh", ""),
    )


def _body(rows: Sequence[Any], step: str, where: str) -> tuple[SegmentUse | LoopUse, ...]:
    body: list[SegmentUse | LoopUse] = []
    for row in rows:
        if not isinstance(row, dict):
            row = {"segment": row}
        tag, use, limit, wanted = _place(row.get("segment") or row.get("loop"), step, where)
        if not wanted:
            continue
        if "loop" not in row:
            body.append(_segment(tag, use, limit, step, row.get("codes", {})))
            continue
        inner = _body(row["body"], step, f"{where} loop {tag}")
        if not inner or not isinstance(inner[0], SegmentUse) or inner[0].use != "M":
            raise ConfigError(f"{where}: loop {tag} must open with a mandatory segment")
        qualifier = row.get("qualifier")
        body.append(LoopUse(tag, row.get("name", inner[0].name), use, limit, inner, (qualifier[0], qualifier[1]) if qualifier else None))
    return tuple(body)


def _place(text: Any, step: str, where: str) -> tuple[str, str, int, bool]:
    """`REF * since 005010` -> (tag, use, max, whether this version has it). `M` mandatory, a number or `*` = how often."""
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"{where}: a row is `ID [M] [max|*] [since V] [until V]`, got {text!r}")
    words = iter(text.split())
    tag, use, limit, wanted = next(words), "O", 1, True
    for word in words:
        if word == "M":
            use = "M"
        elif word == "*":
            limit = 0
        elif word.isdigit():
            limit = int(word)
        elif word == "since":
            wanted = wanted and max(step, BASE_VERSIONS[0]) >= next(words)
        elif word == "until":
            wanted = wanted and max(step, BASE_VERSIONS[0]) <= next(words)
        else:
            raise ConfigError(f"{where}: cannot read {word!r} in {text!r}")
    return tag, use, limit, wanted


def _segment(tag: str, use: str, limit: int, step: str, codes: Mapping[int, str]) -> SegmentUse:
    try:
        row = _table("segments")["segments"][tag]
    except KeyError:
        raise ConfigError(f"segments.yaml has no segment {tag}") from None
    row = _in_version(row, step)
    elements = []
    for position, text in enumerate([*row["elements"], *row.get("append", [])], 1):
        elements.append(_element(text, step, f"segment {tag}", codes.get(position)))
    return SegmentUse(tag, row["name"], use, limit, tuple(elements), tuple(row.get("syntax", ())))


def _element(text: Any, step: str, where: str, codes: str | None = None) -> ElementUse:
    """`373 M`, `1068 x5`, or a bare number -> the element with name, type and lengths of this version."""
    number, *words = str(text).split()
    use, repeat = "O", 1
    for word in words:
        if word == "M":
            use = "M"
        elif word.startswith("x") and word[1:].isdigit():
            repeat = int(word[1:])
        else:
            raise ConfigError(f"{where}: cannot read {word!r} in element {text!r}")
    tables = _table("elements")
    if number in tables["composites"]:
        row = _in_version(tables["composites"][number], step)
        parts = [*row["components"], *row.get("append", [])]
        components = tuple(_element(part, step, number) for part in parts)
        return ElementUse(number, row["name"], "", 0, 0, use, None, components, repeat)
    try:
        row = _in_version(tables["elements"][number], step)
    except KeyError:
        raise ConfigError(f"elements.yaml has no element {number}, which {where} uses") from None
    allowed = codes if codes is not None else row.get("codes")
    return ElementUse(
        number, row["name"], row["type"], row["min"], row["max"], use, frozenset(allowed.split()) if allowed else None, (), repeat
    )


def _in_version(row: Mapping[str, Any], step: str) -> dict[str, Any]:
    """The row with what other versions say laid over it: `005010: {...}` from that version on, `003070: {...}` up to it."""
    result = {key: value for key, value in row.items() if not key.isdigit()}
    for version in sorted(key for key in row if key.isdigit()):
        if (version <= BASE_VERSIONS[0] and step <= version) or (version > BASE_VERSIONS[0] and step >= version):
            result.update(row[version])
    return result


def _forget() -> None:
    with _lock:
        _tables.clear()
        _grammars.clear()
        _envelopes.clear()
        for kept in (known_messages, known_groups, known_segments):
            kept.cache_clear()


forgets("x12", _forget)
