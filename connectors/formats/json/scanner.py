"""Finds where messages begin and end in a JSON document without reading them, so that memory stays flat and one whose values are
broken does not take its neighbours along. Where brackets or quotes do not match, nobody can say where the next one begins: there it stops.

Only brackets and quotes are looked at, by one pattern that skips everything between two brackets at the speed of C.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Self

from connectors.byte_window import ByteWindow
from connectors.feed_check import shown
from data_contracts.findings import Finding, Place

_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+([{}\[\]])', re.DOTALL)
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,{}\[\]:\"]++(?=[\s,{}\[\]:\"])")
_SPACE = frozenset(b" \t\r\n")
_BLANK = re.compile(rb"[ \t\r\n]++")
_HOPELESS = 2_000
"""Levels of nesting from which no count of brackets is worth the time."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Where one value stands. `start` and `stop` are byte offsets, `line` counts from 1, `depth` is its deepest level."""

    start: int
    stop: int
    line: int
    depth: int
    content: bytes


class BrokenError(Exception):
    """The document cannot be followed further; the finding says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.rule)
        self.finding = finding


class Scanner:
    """Walks a document by brackets. `cap` is the most bytes that one value may have."""

    def __init__(self, window: ByteWindow, cap: int) -> None:
        self.window = window
        self.cap = cap
        self.at = window.base

    @classmethod
    def over(cls, stream: BinaryIO, cap: int) -> Self:
        """A walk through a whole document in UTF-8, behind its byte order mark."""
        scanner = cls(ByteWindow(stream), cap)
        scanner.window.byte(len(BOM_UTF8) - 1)
        if scanner.window.slice(0, len(BOM_UTF8)) == BOM_UTF8:
            scanner.at = len(BOM_UTF8)
        return scanner

    def broken(self, rule: str, at: int, expected: str | None, path: str, got: str | None = None) -> BrokenError:
        """The fault at an offset; the end of the document is a truncation whatever was expected."""
        place = Place(line=self.window.line_at(min(at, self.window.end)), path=path or "/")
        if rule == "JSN-01" and self.window.byte(at) < 0:
            return BrokenError(Finding("JSN-03", place=place, expected=expected, got="end of document"))
        return BrokenError(Finding(rule, place=place, expected=expected, got=got or self.window.glimpse(at), params={"what": "bytes"}))

    def space(self) -> int:
        """Skip white space; the next byte, or -1 at the end."""
        window, at = self.window, self.at
        while (byte := window.byte(at)) in _SPACE:
            match = _BLANK.match(window.data, at - window.base)
            at = window.base + match.end() if match is not None else at + 1
            window.keep = at
        self.at = at
        return byte

    def expect(self, mark: bytes, path: str) -> None:
        """Step over one structural character."""
        if self.space() != mark[0]:
            raise self.broken("JSN-01", self.at, f"'{mark.decode()}'", path)
        self.at += 1

    def name(self, path: str) -> str:
        """A member's name and its colon."""
        if self.space() != ord('"'):
            raise self.broken("JSN-01", self.at, "name in quotes", path)
        raw = self._token(_STRING, path)[1:-1]
        self.expect(b":", path)
        return raw.decode("utf-8", "replace")

    def value(self, path: str) -> Slice:
        """The next value, sliced. Raises BrokenError when it never ends or is larger than the cap."""
        byte = self.space()
        window, start = self.window, self.at
        window.keep = start
        line = window.line_at(start)
        if byte == ord('"'):
            self._token(_STRING, path)
            depth = 0
        elif byte in (ord("{"), ord("[")):
            depth = self._balanced(path)
        else:
            self._token(_SCALAR, path)
            depth = 0
        return Slice(start, self.at, line, depth, window.slice(start, self.at))

    def members(self, path: str) -> Iterator[str]:
        """Names of the object that begins here. The caller takes each value before asking for the next name."""
        self.expect(b"{", path)
        if self.space() == ord("}"):
            self.at += 1
            return
        while True:
            self.window.keep = self.at
            yield self.name(path)
            if self.space() == ord("}"):
                self.at += 1
                return
            self.expect(b",", path)

    def elements(self, path: str) -> Iterator[Slice]:
        """Values of the array that begins here, one slice at a time."""
        self.expect(b"[", path)
        if self.space() == ord("]"):
            self.at += 1
            return
        index = 0
        while True:
            yield self.value(f"{path}/{index}")
            index += 1
            if self.space() == ord("]"):
                self.at += 1
                return
            if self.window.byte(self.at) != ord(","):
                raise self.broken("JSN-01", self.at, "',' or ']'", f"{path}/{index}")
            self.at += 1

    def _token(self, pattern: re.Pattern[bytes], path: str) -> bytes:
        window, start = self.window, self.at
        window.keep = min(window.keep, start)
        while (match := pattern.match(window.data, start - window.base)) is None:
            if len(window.data) - (start - window.base) > self.cap:
                raise self.broken("FED-14", start, str(self.cap), path)
            if not window.grow():
                rest = window.data[start - window.base :]
                if pattern is _SCALAR and re.fullmatch(rb"[^\s,{}\[\]:\"]+", rest):
                    self.at = window.end
                    return rest
                raise self.broken("JSN-03" if rest.startswith(b'"') else "JSN-01", start, "value", path)
        self.at = window.base + match.end()
        return match[0]

    def _balanced(self, path: str) -> int:
        """Step over an object or array; its deepest level."""
        window, start, at = self.window, self.at, self.at
        depth = deepest = 0
        data, base, match_bracket = window.data, window.base, _TO_BRACKET.match
        while True:
            match = match_bracket(data, at - base)
            if match is None:
                if window.end - start > self.cap:
                    raise self.broken("FED-14", start, str(self.cap), path)
                if not window.grow():
                    raise self.broken("JSN-03", start, "the closing bracket", path, got=shown(window.glimpse(start)))
                data, base = window.data, window.base
                continue
            at = base + match.end()
            if match[1] in b"{[":
                depth += 1
                if depth > deepest:
                    deepest = depth
                    if depth > _HOPELESS:
                        raise self.broken("JSN-05", start, "64", path)
            else:
                depth -= 1
                if depth == 0:
                    break
        if at - start > self.cap:
            raise self.broken("FED-14", start, str(self.cap), path)
        self.at = at
        return deepest
