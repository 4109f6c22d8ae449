"""What all readers of extracts share: a record that is wanted, how it is laid out, and the count of what was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from data_contracts.findings import Finding

Wanted = Callable[[Sequence[str], Sequence[str]], bool]
"""Told the identifiers and the companies of a record as they are written, whether it is wanted."""
_MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Layout:
    """How a record is written: whose it is, the format and grammar that read it, and the mapping that makes a device of it."""

    register: str
    format: str
    grammar: str
    mapping: str
    path: tuple[str, ...] = ()
    """Of XML: elements from the root to a record."""


GUDID = Layout("gudid", "xml", "gudid", "xml/gudid", ("gudid", "device"))
NMPA = Layout("nmpa", "xml", "nmpa", "xml/nmpa", ("udid", "devices", "device"))
EUDAMED = Layout("eudamed", "json", "eudamed", "json/eudamed")
EUDAMED_DEVICE = Layout("eudamed", "json", "eudamed_device", "json/eudamed_device")


@dataclass(frozen=True, slots=True)
class Published:
    """A record that is wanted. `content` is a document that holds it alone."""

    layout: Layout
    where: str
    """Part of the extract and number of the record in it."""
    dis: tuple[str, ...]
    companies: tuple[str, ...]
    content: bytes
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class Tally:
    """What was seen of an extract."""

    records: int = 0
    whole: bool = True
    findings: list[Finding] = field(default_factory=list)

    def broken(self, finding: Finding) -> None:
        """Something could not be read, so that what is missing may stand there."""
        self.whole = False
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)
