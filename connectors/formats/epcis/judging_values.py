"""The plain values of an event: times, numbers, URIs, terms of the vocabulary. Each is taken, or the fault noted and null given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from connectors.formats.epcis.values import TIME, is_uri, shown
from data_contracts.events.vocabulary import Kind, vocabulary
from data_contracts.findings import Finding, Place

MOST_FAULTS = 100
"""Faults that are told of one event."""
_OFFSET = re.compile(r"[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
_NUMERAL = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?")
_ACTIONS = ("ADD", "OBSERVE", "DELETE")
_WORDS = {
    "biz_step": "business step", "disposition": "disposition", "business_transaction": "type of business transaction",
    "source_or_destination": "type of source or destination", "error_reason": "reason of an error", "component": "component",
    "measurement": "type of measurement", "sensor_alert": "sensor alert",
}  # fmt: skip
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, at members and list places from the event down."""

    rule: str
    path: Path
    expected: str | None = None
    got: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)

    def finding(self, path: str, line: int | None) -> Finding:
        """The finding that people see, at its place in the document."""
        return Finding(self.rule, place=Place(line=line, path=path), expected=self.expected, got=self.got, params=self.params)


class Values:
    """Reads plain values. `xml` tells which spelling of terms and numbers is the syntax's own."""

    def __init__(self, xml: bool) -> None:
        self.xml = xml
        self.faults: list[Fault] = []

    def fault(self, rule: str, path: Path, **said: Any) -> None:
        """Note what is wrong."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(rule, path, **said))

    def time(self, value: Any, path: Path) -> datetime | None:
        """A moment with its offset."""
        if isinstance(value, str) and TIME.fullmatch(value):
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
        self.fault("EVT-07", path, got=shown(value))
        return None

    def offset(self, value: Any, path: Path) -> str | None:
        """`+08:00`."""
        if isinstance(value, str) and _OFFSET.fullmatch(value):
            return value
        self.fault("EVT-08", path, got=shown(value))
        return None

    def text(self, value: Any, path: Path) -> str | None:
        """Any text."""
        if isinstance(value, str):
            return value
        self.fault("EVT-06", path, expected="text", got=shown(value))
        return None

    def uri(self, value: Any, path: Path) -> str | None:
        """A URI."""
        if isinstance(value, str) and is_uri(value):
            return value
        self.fault("EVT-12", path, got=shown(value))
        return None

    def number(self, value: Any, path: Path) -> Decimal | None:
        """A number; in XML a text that is one."""
        if isinstance(value, Decimal):
            return value
        if self.xml and isinstance(value, str) and _NUMERAL.fullmatch(value):
            return Decimal(value)
        self.fault("EVT-19", path, expected="number", got=shown(value))
        return None

    def truth(self, value: Any, path: Path) -> bool | None:
        """True or false."""
        if isinstance(value, bool):
            return value
        if self.xml and value in ("true", "false", "1", "0"):
            return value in ("true", "1")
        self.fault("EVT-06", path, expected="true or false", got=shown(value))
        return None

    def hexadecimal(self, value: Any, path: Path) -> str | None:
        """Bytes as hexadecimal digits."""
        if isinstance(value, str) and _HEXADECIMAL.fullmatch(value):
            return value
        self.fault("EVT-06", path, expected="hexadecimal digits", got=shown(value))
        return None

    def action(self, value: Any, path: Path) -> str | None:
        """What happened to the things."""
        if value in _ACTIONS:
            return str(value)
        if value is not None:
            self.fault("EVT-09", path, expected=", ".join(_ACTIONS), got=shown(value))
        return None

    def term(self, kind: Kind, value: Any, path: Path) -> str | None:
        """A term of the vocabulary as its bare word; a URI of the partners' own stays as it is."""
        if not isinstance(value, str):
            self.fault("EVT-06", path, expected="text", got=shown(value))
            return None
        rule, term = _spelled(kind, value, self.xml)
        if rule is not None:
            self.fault(rule, path, expected=term, got=shown(value), params={"what": _WORDS[kind]})
            return None
        return term

    def biz_step(self, value: Any, path: Path) -> str | None:
        """Why the things were where they were."""
        return self.term("biz_step", value, path)

    def disposition(self, value: Any, path: Path) -> str | None:
        """In what condition they are from then on."""
        return self.term("disposition", value, path)

    def measurement(self, value: Any, path: Path) -> str | None:
        """What a sensor measured."""
        return self.term("measurement", value, path)

    def sensor_alert(self, value: Any, path: Path) -> str | None:
        """What a sensor warns of."""
        return self.term("sensor_alert", value, path)

    def component(self, value: Any, path: Path) -> str | None:
        """Which part of a vector or place a measurement is."""
        return self.term("component", value, path)


@lru_cache(maxsize=8192)
def _spelled(kind: Kind, value: str, xml: bool) -> tuple[str | None, str]:
    """The rule that a spelling breaks, or none, and the bare term (or how it should be spelled)."""
    words = vocabulary(kind)
    if value in words.terms:
        return (None, value) if not xml else ("EVT-11", words.written(value))
    prefix, colon, rest = value.partition(":")
    full = {"cbv": "https://ref.gs1.org/cbv/", "gs1": "https://gs1.org/voc/"}.get(prefix, "") + rest if colon else ""
    term = words.term(full if full and full != rest else value)
    if term is None:
        return (None, value) if is_uri(value) else ("EVT-10", ", ".join(sorted(words.terms)))
    if term not in words.terms:
        return "EVT-10", ", ".join(sorted(words.terms))
    if not xml and words.urn is not None and value.startswith(words.urn):
        return "EVT-11", term
    return None, term
