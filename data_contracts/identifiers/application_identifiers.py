"""GS1 application identifiers (AI): what each value may hold, and which belong together.

The table is data, `application_identifiers.yaml`; this compiles each row once into a regular expression for length and
characters and a short list of checks on slices, so that reading a scan costs two look-ups and a match an element.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from data_contracts.identifiers.components import CHECKS, CSET39, CSET64, CSET82, Check, Fault

_TABLE = Path(__file__).with_name("application_identifiers.yaml")

_CLASSES = {
    "n": "[0-9]",
    "x": f"[{re.escape(CSET82)}]",
    "y": f"[{re.escape(CSET39)}]",
    "z": f"[{re.escape(CSET64)}]",
}
_CHARACTERS = {"n": "0-9", "x": "GS1 character set 82", "y": "GS1 character set 39", "z": "A-Z a-z 0-9 - _ ="}

Group = tuple[str, ...]
"""AIs, or patterns such as `31nn`, that must all be present."""


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a value: `length` characters at most, from `start` on."""

    kind: str
    minimum: int
    maximum: int
    start: int
    optional: bool
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class ApplicationIdentifier:
    """One AI. `fixed` is the length of the value if GS1 predefines it, so that no FNC1 follows, else 0."""

    ai: str
    title: str
    fixed: int
    minimum: int
    maximum: int
    attribute: bool
    parts: tuple[Part, ...]
    shape: re.Pattern[str]
    match: Callable[[str], object]
    """Null where a value has the wrong length or characters."""
    check: Check | None
    """What else there is to look at, null if nothing."""
    needs: tuple[tuple[Group, ...], ...]
    excludes: tuple[str, ...]
    qualifiers: tuple[Group, ...] | None
    """Null if no primary key of a Digital Link URI; else the sequences of AIs that may qualify it."""

    def fault(self, value: str) -> Fault | None:
        """What is wrong with a value, null if nothing: length, then characters, then the checks of its parts in order."""
        if self.match(value) is None:
            return self._misfit(value)
        return None if self.check is None else self.check(value)

    def _misfit(self, value: str) -> Fault:
        """Which of length and characters it is; characters first, since a stray one often shifts the rest."""
        for part in self.parts:
            piece = value[part.start : part.start + part.maximum]
            allowed = re.compile(f"(?:{_CLASSES[part.kind]})*" + ("={0,2}" if part.kind == "z" else ""))
            if allowed.fullmatch(piece) is None:
                return Fault("GS1-05", _CHARACTERS[part.kind], piece)
        wanted = str(self.minimum) if self.minimum == self.maximum else f"{self.minimum}-{self.maximum}"
        return Fault("GS1-04", wanted, str(len(value)))


def _check(parts: list[Part]) -> Check | None:
    """All checks of the parts as one. Null where there is none."""
    if not any(part.checks for part in parts):
        return None
    if len(parts) == 1:
        # A numeric key begins with digits, so the test of the company prefix can add nothing to it.
        trivial = (CHECKS["prefix_first"], CHECKS["prefix_second"]) if parts[0].kind == "n" else ()
        checks = [check for check in parts[0].checks if check not in trivial]
        if len(checks) == 1:
            return checks[0]

    def of_parts(value: str) -> Fault | None:
        for part in parts:
            if part.checks:
                piece = value[part.start : part.start + part.maximum]
                if not piece:
                    break
                for check in part.checks:
                    fault = check(piece)
                    if fault is not None:
                        return fault
        return None

    return of_parts


def _compile_part(text: str, start: int) -> tuple[Part, str]:
    shape, *names = text.split()
    optional = shape.startswith("?")
    kind, length = shape.lstrip("?")[0], shape.lstrip("?")[1:]
    variable = length.startswith("..")
    maximum = int(length.lstrip("."))
    minimum = 1 if variable else maximum
    checks = tuple(CHECKS[name] for name in names)
    expression = f"{_CLASSES[kind]}{{{minimum},{maximum}}}" if minimum != maximum else f"{_CLASSES[kind]}{{{maximum}}}"
    if kind == "z":
        # base64url: `=` may only fill the end, and the dictionary asks for no more than two.
        expression = f"(?=.{{{minimum},{maximum}}}$){_CLASSES[kind]}+={{0,2}}"
    return Part(kind, minimum, maximum, start, optional, checks), expression


def _compile(ai: str, row: dict[str, Any]) -> ApplicationIdentifier:
    parts: list[Part] = []
    pattern = ""
    closing = ""
    start = 0
    for text in row["parts"]:
        part, expression = _compile_part(text, start)
        parts.append(part)
        pattern += f"(?:{expression}" if part.optional else expression
        closing += ")?" if part.optional else ""
        start += part.maximum
    minimum = sum(part.minimum for part in parts if not part.optional)
    shape = re.compile(pattern + closing)
    qualifiers = row.get("qualifiers")
    return ApplicationIdentifier(
        ai=ai,
        title=row["title"],
        fixed=0 if row["separator"] else start,
        minimum=minimum,
        maximum=start,
        attribute=row["attribute"],
        parts=tuple(parts),
        shape=shape,
        match=shape.fullmatch,
        check=_check(parts),
        needs=tuple(tuple(tuple(group.split("+")) for group in need.split(" | ")) for need in row.get("needs", ())),
        excludes=tuple(row.get("excludes", "").split()),
        qualifiers=None if qualifiers is None else tuple(tuple(group.split()) for group in qualifiers.split(" | ")),
    )


@cache
def table() -> dict[str, ApplicationIdentifier]:
    """Every AI by its digits; ranges of the file are spelled out."""
    rows: dict[str, dict[str, Any]] = yaml.load(_TABLE.read_bytes(), Loader=yaml.CSafeLoader)
    compiled: dict[str, ApplicationIdentifier] = {}
    for name, row in rows.items():
        first, _, last = name.partition("-")
        for number in range(int(first), int(last or first) + 1):
            ai = str(number).zfill(len(first))
            compiled[ai] = _compile(ai, row)
    return compiled


@cache
def lengths() -> dict[str, int]:
    """How many digits an AI has, by its first two: no two lengths share a beginning (General Specifications 3.2)."""
    found: dict[str, int] = {}
    for ai in table():
        if found.setdefault(ai[:2], len(ai)) != len(ai):
            raise ValueError(f"AIs that begin with {ai[:2]} differ in length")
    return found


@cache
def heads() -> dict[str, ApplicationIdentifier | int]:
    """By the first two digits of an AI itself where it has no more, else how many it has."""
    known = table()
    return {head: known[head] if count == 2 else count for head, count in lengths().items()}
