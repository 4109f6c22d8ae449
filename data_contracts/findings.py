"""Findings: what is wrong with data, said as a value.

Bad data never raises. A check that does not like what it sees yields a `Finding`: the public id of the
rule, where in the source it stands, what was expected and what came. People read its text in their
own language; the store keeps rule and parameters, so that text is rendered on reading (`text`).

    >>> Finding("GS1-01", place=Place(segment="LIN", position=14, element=3), expected="6", got="7").severity
    'error'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, dataclass_transform

from data_contracts.rules.catalogue import rule_named
from data_contracts.rules.phrases import in_chinese

_T = TypeVar("_T")

Severity = Literal["error", "warning", "info"]
Action = Literal["none", "row", "message", "flow"]
Language = Literal["en", "zh-CN"]


_SAID_BY_PARSERS = frozenset({"XML-01", "FED-01"})
"""Rules whose `got` is a parser's sentence, or our own, and no text of the document."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def _value(cls: type[_T]) -> type[_T]:
    """A dataclass that nobody changes, which mypy checks: to be told so while running costs two thirds of its making, and files of bad
    rows have a hundred thousand of these.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


@_value
class Place:
    """Where in a document something stands.

    `segment` is a segment's tag, a code of lines, or the sheet of a workbook. `position` counts segments within the message (ST or UNH
    is 1), or rows of a delimited file or a sheet (header is 1). `element` and `component` count from 1; of rows `element` is the column,
    of fixed width its first character. `line` is the text line, from 1. `path` is an XPath-like or JSON-Pointer path, a cell, or the
    canonical field (`lines[2].gtin`) where the format has no other address.
    """

    segment: str | None = None
    position: int | None = None
    element: int | None = None
    component: int | None = None
    line: int | None = None
    path: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The six public keys, null where unknown."""
        return {
            "segment": self.segment,
            "position": self.position,
            "element": self.element,
            "component": self.component,
            "line": self.line,
            "path": self.path,
        }


NOWHERE = Place()


@_value
class Finding:
    """One thing that a rule found. Severity and action default to what the rule catalogue says.

    `code` is the standard's own code for it (TA1 note, AK3/AK4/AK5/AK9 code, CONTRL 0085), null if none.
    `params` fill the placeholders of the rule's text beyond `expected` and `got`.
    """

    rule: str
    place: Place = NOWHERE
    expected: str | None = None
    got: str | None = None
    code: str | None = None
    severity: Severity = None  # type: ignore[assignment]  # filled from the catalogue
    action: Action = None  # type: ignore[assignment]
    params: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.severity is not None and self.action is not None:
            return  # the same finding elsewhere (`at`)
        rule = rule_named(self.rule)
        if self.severity is None:
            object.__setattr__(self, "severity", rule.severity)
        if self.action is None:
            object.__setattr__(self, "action", rule.action)

    def at(self, place: Place) -> Finding:
        """The same finding at another place. Files of bad rows have a hundred thousand, and `dataclasses.replace` is slow."""
        return Finding(self.rule, place, self.expected, self.got, self.code, self.severity, self.action, self.params)

    def text(self, language: Language = "en") -> str:
        """One sentence for a person: what was expected and what came."""
        expected, got = self.expected or "", self.got or ""
        if language == "zh-CN":
            expected, got = in_chinese(expected), in_chinese(got) if self.rule in _SAID_BY_PARSERS else got
        return rule_named(self.rule).text(language, {"expected": expected, "got": got, "code": self.code or "", **self.params})

    def as_json(self, language: Language = "en") -> dict[str, Any]:
        """The public shape (design.md section 9); scripts depend on it."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "action": self.action,
            "code": self.code,
            "place": self.place.as_json(),
            "expected": self.expected,
            "got": self.got,
            "message": self.text(language),
        }


def has_error(findings: Iterable[Finding]) -> bool:
    """Whether any finding is of severity error, which makes its level invalid."""
    for finding in findings:  # noqa: SIM110  # a generator costs more than the whole question, which is asked often of nothing
        if finding.severity == "error":
            return True
    return False
