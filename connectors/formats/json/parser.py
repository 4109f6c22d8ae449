"""A strict parser from one JSON object's text to a source record tree (RFC 8259, and I-JSON's rule on duplicate names).

Why not the standard library's: it takes NaN, keeps the last of two equal names, rounds numbers to floats, and knows no lines.
Numbers, `true` and `false` keep their exact spelling; null and empty texts are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from json import loads

from connectors.feed_check import pointer, shown
from connectors.feed_reading import DEPTH
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord

_SPACE = r"[ \t\n\r]*+"
_TEXT = r'"([^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+)"'
# Possessive repeats are of one character class, or of groups that cannot fail half-way: Python before 3.11.5 forgets to step
# back out of a possessive group that does (gh-106052).
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_SCALAR = rf"(?:{_TEXT}|({_NUMBER})|(true|false|null))(?![0-9A-Za-z_.+-])"
_MEMBER = re.compile(rf"{_SPACE}{_TEXT}{_SPACE}:{_SPACE}(?:{_SCALAR}{_SPACE}([,}}])?|([{{\[]))")
_ELEMENT = re.compile(rf"{_SPACE}(?:{_SCALAR}{_SPACE}([,\]])?|([{{\[]))")
_AFTER = re.compile(rf"{_SPACE}([,}}\]])")
_BLANK = re.compile(_SPACE)
_WORD = re.compile(r"[^\s,{}\[\]:\"]{1,40}")
_NUMBER_LIKE = re.compile(r"[-+.]?[0-9]|[-+]?(?:NaN|Infinity|inf|nan)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is no JSON, at a character of it."""

    rule: str
    at: int
    path: str
    expected: str | None
    got: str


class _StopError(Exception):
    """Carries a fault out of the recursion."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.rule)
        self.fault = fault


class _Parser:
    def __init__(self, text: str, line: int, max_records: int, any_value: bool = False) -> None:
        self.text = text
        self.any_value = any_value
        """Whether arrays may stand in arrays, as RFC 8259 has it and no feed."""
        self.records = 0
        self.max_records = max_records
        self._line = line
        self._line_at = 0

    def record(self, tag: str, parent: SourceRecord | None, at: int) -> SourceRecord:
        if self.records >= self.max_records:
            raise _StopError(Fault("FED-14", at, "", str(self.max_records), "records"))
        self.records += 1
        self._line += self.text.count("\n", self._line_at, at)
        self._line_at = at
        record = SourceRecord(tag, {}, self.records, parent, self._line)
        if parent is not None:
            parent.children.append(record)
        return record

    def object(self, record: SourceRecord, at: int, path: str, depth: int) -> int:
        """Fill a record from the object whose `{` stands before `at`; return the place after its `}`."""
        if depth > DEPTH:
            raise _StopError(Fault("JSN-05", at, path, str(DEPTH), ""))
        text, match_member = self.text, _MEMBER.match
        values: dict[str, str] = record.values  # type: ignore[assignment]  # made as a dict in `record`
        names: set[str] = set()
        blank = _BLANK.match(text, at)
        if blank is not None and text[blank.end() : blank.end() + 1] == "}":
            return blank.end() + 1
        while True:
            match = match_member(text, at)
            if match is None:
                raise _StopError(self.fault(at, path, "member"))
            name, string, number, word, mark, opening = match.groups()
            if "\\" in name:
                name = self.unescape(name, match.start(1), path)
            if name in names:
                raise _StopError(Fault("JSN-02", match.start(1), pointer(path, name, None), None, shown(name)))
            names.add(name)
            at = match.end()
            if opening is None:
                if string is not None:
                    if "\\" in string:
                        string = self.unescape(string, match.start(2), pointer(path, name, None))
                    if string:
                        values[name] = string
                elif number is not None:
                    values[name] = number
                elif word != "null":
                    values[name] = word
            else:
                at = self.nested(record, name, opening, at, path, depth)
                after = _AFTER.match(text, at)
                mark = after[1] if after is not None else None
                at = after.end() if after is not None else at
            if mark == "}":
                return at
            if mark != ",":
                raise _StopError(self.fault(at, path, "',' or '}'"))

    def nested(self, record: SourceRecord, name: str, opening: str, at: int, path: str, depth: int) -> int:
        if opening == "{":
            return self.object(self.record(name, record, at), at, pointer(path, name, None), depth + 1)
        return self.array(record, name, at, pointer(path, name, None), depth + 1)

    def array(self, record: SourceRecord, name: str, at: int, path: str, depth: int) -> int:
        """Children from the array whose `[` stands before `at`."""
        text = self.text
        blank = _BLANK.match(text, at)
        if blank is not None and text[blank.end() : blank.end() + 1] == "]":
            return blank.end() + 1
        index = 0
        while True:
            match = _ELEMENT.match(text, at)
            if match is None:
                raise _StopError(self.fault(at, f"{path}/{index}", "value"))
            string, number, word, mark, opening = match.groups()
            at = match.end()
            if opening == "[" and (depth > DEPTH or not self.any_value):
                raise _StopError(Fault("JSN-05" if depth > DEPTH else "JSN-10", at, f"{path}/{index}", str(DEPTH), "["))
            if opening is not None:
                inner = self.record(name, record, at)
                read = self.object(inner, at, f"{path}/{index}", depth + 1) if opening == "{" else None
                at = read if read is not None else self.array(inner, "", at, f"{path}/{index}", depth + 1)
                after = _AFTER.match(text, at)
                mark = after[1] if after is not None else None
                at = after.end() if after is not None else at
            else:
                if string is not None and "\\" in string:
                    string = self.unescape(string, match.start(1), f"{path}/{index}")
                value = string if string is not None else number if number is not None else word
                if value and not (string is None and value == "null"):
                    self.record(name, record, match.start()).values[""] = value  # type: ignore[index]  # a dict here
            if mark == "]":
                return at
            if mark != ",":
                raise _StopError(self.fault(at, path, "',' or ']'"))
            index += 1

    def unescape(self, raw: str, at: int, path: str) -> str:
        try:
            value: str = loads(f'"{raw}"')
        except ValueError:
            raise _StopError(Fault("JSN-09", at, path, None, shown(raw))) from None
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise _StopError(Fault("JSN-09", at, path, None, shown(raw)))
        control = _CONTROL.search(value)
        if control is not None:
            raise _StopError(Fault("FED-18", at, path, None, f"U+{ord(control[0]):04X}"))
        return value

    def fault(self, at: int, path: str, expected: str) -> Fault:
        """What exactly is wrong where a member or value did not match."""
        text = self.text
        blank = _BLANK.match(text, at)
        at = blank.end() if blank is not None else at
        if expected == "member":
            name = re.compile(_TEXT + _SPACE).match(text, at)
            if name is None:
                return Fault("JSN-01", at, path, "name in quotes", self.glimpse(at))
            path = pointer(path, name[1], None)
            at = name.end()
            if text[at : at + 1] != ":":
                return Fault("JSN-01", at, path, "':'", self.glimpse(at))
            blank = _BLANK.match(text, at + 1)
            at = blank.end() if blank is not None else at + 1
            expected = "value"
        if _NUMBER_LIKE.match(text, at):
            word = _WORD.match(text, at)
            return Fault("JSN-04", at, path, None, word[0] if word else self.glimpse(at))
        if text[at : at + 1] == '"':
            closing = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+').match(text, at)
            stop = closing.end() if closing else at
            if stop < len(text) and text[stop] < " ":
                return Fault("FED-18", stop, path, None, f"U+{ord(text[stop]):04X}")
        return Fault("JSN-01", at, path, expected, self.glimpse(at))

    def glimpse(self, at: int) -> str:
        return self.text[at : at + 24].replace("\n", "⏎").replace("\r", "") or "end"


def parse_any(text: str, tag: str, line: int, path: str, max_records: int) -> tuple[SourceRecord | None, Finding | None]:
    """The same of any value of RFC 8259, where only the syntax matters: of an array, or of a value that is neither, a record that holds it
    under the name of nothing.
    """
    if text.startswith("{"):
        return _parsed(_Parser(text, line, max_records, any_value=True), tag, line, path)
    parser = _Parser(text if text.startswith("[") else f"{text}]", line, max_records, any_value=True)
    return _parsed(parser, tag, line, path, 1 if text.startswith("[") else 0)


def parse(text: str, tag: str, line: int, path: str, max_records: int) -> tuple[SourceRecord | None, Finding | None]:
    """The tree of one object's text, or the finding that says where it is not JSON.

    `line` is the text line on which it begins, `path` its JSON Pointer in the document. A text that is no object, or that
    holds control characters, repeated names or nesting beyond 64 levels, is refused whole: half a business document is none.
    """
    return _parsed(_Parser(text, line, max_records), tag, line, path)


def _parsed(parser: _Parser, tag: str, line: int, path: str, array_from: int | None = None) -> tuple[SourceRecord | None, Finding | None]:
    """What a parser makes of its text: an object, or from that place on the elements of an array."""
    text = parser.text
    try:
        if array_from is None and not text.startswith("{"):
            raise _StopError(Fault("FED-12", 0, path, "record", shown(text)))
        root = parser.record(tag, None, 0)
        end = parser.object(root, 1, path, 1) if array_from is None else parser.array(root, "", array_from, path, 1)
        if end != len(text):
            raise _StopError(Fault("JSN-08", end, path, None, parser.glimpse(end)))
    except _StopError as stop:
        fault = stop.fault
        if array_from == 0:  # a value that is no array has no element
            fault = replace(fault, path=path)
        place = Place(line=line + text.count("\n", 0, fault.at), path=fault.path or path or "/")
        return None, Finding(
            fault.rule, place=place, expected=fault.expected, got=fault.got, params={"field": fault.path or path or "/", "what": fault.got}
        )
    return root, None
