"""JSON texts strictly: no name twice, numbers exact as `Decimal`, users' names with their name space; and where a member stands.

Python's own decoder reads (in C); what it would let pass is refused here: duplicate names, NaN, endless exponents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from connectors.formats.epcis.judging_values import Path
from data_contracts.events.members import CONTEXT, PREFIXES

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(r"[^\s,\]}]+")
_BLANK = re.compile(r"[ \t\r\n]*")
_SCHEMES = frozenset(("http", "https", "urn", "did", "ni", "tag", "info"))
_CONTEXTS = re.compile(r"https?://(?:ref\.gs1\.org/standards/epcis/|gs1\.github\.io/EPCIS/)\S*epcis-context\.jsonld")
_BRACE = re.compile(r"[{}]")
"""What a name space is written out between; no address may hold it (RFC 3986)."""
_DIGITS = 60
Spaces = Mapping[str, str]


class NotStrictError(ValueError):
    """A JSON text that Python would read and the standard (RFC 8259, RFC 7493) does not."""


def loads(text: str) -> Any:
    """The value of a JSON text. Raises ValueError for what is none."""
    return _DECODER.decode(text)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotStrictError("a name twice")
    return found


def _number(text: str) -> Decimal:
    if len(text) > _DIGITS:
        raise NotStrictError("a number of too many digits")
    value = Decimal(text)
    if "e" in text or "E" in text:
        size = value.adjusted()
        if not -_DIGITS < size < _DIGITS:
            raise NotStrictError("a number of too many digits")
    return value


def _refuse(text: str) -> Any:
    raise NotStrictError(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_number, parse_int=_number, parse_constant=_refuse)


def spaces_of(context: Any, known: Spaces = PREFIXES) -> tuple[dict[str, str], list[str]]:
    """The prefixes that a JSON-LD context declares beside the known ones, and the contexts it names that are not the standard's."""
    spaces, foreign = dict(known), []
    for part in context if isinstance(context, list) else [context]:
        if isinstance(part, str):
            if part != CONTEXT and not _CONTEXTS.fullmatch(part):
                foreign.append(part)
        elif isinstance(part, Mapping):
            for prefix, meant in part.items():
                space = meant.get("@id") if isinstance(meant, Mapping) else meant
                if isinstance(space, str) and not prefix.startswith("@") and ":" in space and not _BRACE.search(space):
                    spaces[prefix] = _plain_space(space)
    return spaces, foreign


def stored_spaces(context: Any) -> dict[str, str]:
    """The prefixes of a body that we wrote ourselves: a name space of XML may be any text."""
    parts = context if isinstance(context, list) else [context]
    return {**PREFIXES, **{prefix: _plain_space(space) for part in parts if isinstance(part, Mapping) for prefix, space in part.items()}}


def _plain_space(space: str) -> str:
    """The name space of ILMD has a colon at its end in JSON-LD and none in XML."""
    return PREFIXES["cbvmda"] if space == "urn:epcglobal:cbv:mda:" else space


def spaced(event: Mapping[str, Any], spaces: Spaces, used: dict[str, str]) -> tuple[dict[str, Any], list[Path]]:
    """The event with users' names written out (`{space}name`), and the places of names whose prefix nobody declared.

    `used` collects the prefixes that were met.
    """
    strangers: list[Path] = []
    return _object(event, spaces, used, (), strangers), strangers


def _object(value: Mapping[str, Any], spaces: Spaces, used: dict[str, str], path: Path, strangers: list[Path]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, one in value.items():
        if name == "@context":
            continue
        full = name
        if ":" in name or name.startswith("{"):  # a brace in front is how names are written out here, and nobody's prefix
            found = None if name.startswith("{") else _full(name, spaces, used)
            if found is None:
                strangers.append((*path, name))
                continue
            full = found
        if isinstance(one, dict):
            one = _object(one, spaces, used, (*path, name), strangers)
        elif isinstance(one, list):
            one = _list(one, spaces, used, (*path, name), strangers)
        out[full] = one if full not in out else _both(out[full], one)  # two prefixes of one name space: two values, as JSON-LD has it
    return out


def _both(one: Any, other: Any) -> list[Any]:
    return [*(one if isinstance(one, list) else (one,)), *(other if isinstance(other, list) else (other,))]


def _list(values: Iterable[Any], spaces: Spaces, used: dict[str, str], path: Path, strangers: list[Path]) -> list[Any]:
    out: list[Any] = []
    for place, one in enumerate(values):
        if isinstance(one, dict):
            one = _object(one, spaces, used, (*path, place), strangers)
        elif isinstance(one, list):
            one = _list(one, spaces, used, (*path, place), strangers)
        out.append(one)
    return out


def _full(name: str, spaces: Spaces, used: dict[str, str]) -> str | None:
    if name.startswith("@"):  # an attribute of a user's element, as XML has it
        found = _full(name[1:], spaces, used)
        return None if found is None else f"@{found}"
    prefix, _, local = name.partition(":")
    space = spaces.get(prefix)
    if space is not None and local:
        if PREFIXES.get(prefix) != space:
            used[prefix] = space
        return f"{{{space}}}{local}"
    if prefix in _SCHEMES and local and not _BRACE.search(name):
        cut = max(name.rfind("/"), name.rfind("#"), name.rfind(":")) + 1
        return f"{{{name[:cut]}}}{name[cut:]}" if cut < len(name) else None
    return None


def lines_of(text: str, paths: Collection[Path], first: int) -> dict[Path, int]:
    """The text lines at which members stand; for one that is not there, that of the object it lacks in. `first` is the text's own line."""
    return _Lines(text, frozenset(paths), first).found


class _Lines:
    """One pass over a JSON text that is known to be sound."""

    def __init__(self, text: str, wanted: frozenset[Path], first: int) -> None:
        self.text = text
        self.seen: dict[Path, int] = {}
        self._line, self._upto = first, 0
        self._value(0, (), 0)
        self.found = {path: self._nearest(path, first) for path in wanted}

    def _nearest(self, path: Path, first: int) -> int:
        return next((self.seen[path[:length]] for length in range(len(path), -1, -1) if path[:length] in self.seen), first)

    def _blank(self, at: int) -> int:
        match = _BLANK.match(self.text, at)
        return match.end() if match is not None else at

    def _note(self, path: Path, at: int) -> None:
        self._line += self.text.count("\n", self._upto, at)
        self._upto = at
        self.seen[path] = self._line

    def _value(self, at: int, path: Path, depth: int) -> int:
        at = self._blank(at)
        if at >= len(self.text) or depth > 100:
            return len(self.text)
        if path not in self.seen:
            self._note(path, at)
        mark = self.text[at]
        if mark in "{[":
            return self._inside(at + 1, path, depth, mark == "{")
        match = (_STRING if mark == '"' else _SCALAR).match(self.text, at)
        return match.end() if match is not None else len(self.text)

    def _inside(self, at: int, path: Path, depth: int, named: bool) -> int:
        place = 0
        while True:
            at = self._blank(at)
            if at >= len(self.text) or self.text[at] in "}]":
                return at + 1
            step: str | int = place
            if named:
                match = _STRING.match(self.text, at)
                if match is None:
                    return len(self.text)
                step = json.loads(match[0], strict=False)
                self._note((*path, step), at)
                at = self._blank(match.end()) + 1
            at = self._blank(self._value(at, (*path, step), depth + 1))
            place += 1
            if at < len(self.text) and self.text[at] == ",":
                at += 1
