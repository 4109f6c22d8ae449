"""What reading an identifier yields: the value in its normal form, and what is wrong with it.

Nothing here raises for bad data. A parsed thing is valid when none of its findings is an error; what could be
read is kept beside the findings, so that a screen can show both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from data_contracts.findings import Finding, has_error


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """One GS1 identification key as read from `text`.

    `value` is the normal form (GTIN: 14 digits), null when length or characters are wrong. It is given when only the
    check digit is wrong, since a person may want to look it up; ask `valid` before trusting it.
    """

    kind: str
    """`gtin`, `gln`, `sscc`."""
    text: str
    value: str | None
    findings: tuple[Finding, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether no finding is an error."""
        return not has_error(self.findings)


class ParsedMessage(NamedTuple):
    """GS1 element strings in the order they came: pairs of application identifier (AI) and value.

    `text` is the input as received. With findings, `elements` holds what could be read.
    """

    text: str
    elements: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether no finding is an error."""
        return not has_error(self.findings)

    def first(self, ai: str) -> str | None:
        """The value of the first element with this AI."""
        for name, value in self.elements:
            if name == ai:
                return value
        return None
