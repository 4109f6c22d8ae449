"""The fast first pass: which interchanges a document holds, which groups of them can be taken, before anything is applied.

Sets are only counted. With its result the pipeline knows, before the first set is read, whether the interchange will be
rejected (a wrong IEA stands at the very end) and which groups are; the SHA-256 of each interchange's bytes tells a resend
from a conflict (same ISA13, other bytes).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import BinaryIO

from connectors.formats.x12.envelope import Reading
from connectors.formats.x12.grammar import Grammar
from connectors.formats.x12.sets import CONTROL, CONTROL_STARTS, MOST_SEGMENTS, Opened
from connectors.formats.x12.tokens import Batch
from connectors.spec import STRICT, Profile
from data_contracts.findings import Finding, has_error
from data_contracts.source import Group, Interchange, SourceRecord

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class GroupScan:
    """One GS to GE. `accepted` is false when the group as a whole is rejected, so that none of its sets may be applied."""

    group: Group
    accepted: bool


@dataclass(frozen=True, slots=True)
class InterchangeScan:
    """One ISA to IEA with its verdict."""

    interchange: Interchange
    accepted: bool
    """False = TA1 R: nothing inside may be applied, no 997 is sent."""
    sha256: str
    """Of the bytes from ISA to the end of IEA."""
    groups: tuple[GroupScan, ...]


def scan(stream: BinaryIO, profile: Profile = STRICT) -> list[InterchangeScan]:
    """The interchanges of a document; empty when it holds none. The stream is seekable and is read twice."""
    found: list[tuple[Interchange, list[Group]]] = []
    for event in Reading(stream, profile, CountedSets()).events():
        if event.kind == "interchange" and event.interchange is not None:
            found.append((event.interchange, []))
        elif event.kind == "group" and event.group is not None:
            found[-1][1].append(event.group)
    result = []
    for interchange, groups in found:
        taken = not has_error(interchange.findings)
        marked = tuple(GroupScan(group, taken and not has_error(group.findings)) for group in groups)
        result.append(InterchangeScan(interchange, taken, _digest(stream, interchange.offset, interchange.length), marked))
    return result


def _digest(stream: BinaryIO, offset: int, length: int) -> str:
    digest = hashlib.sha256()
    stream.seek(offset)
    while length > 0:
        block = stream.read(min(_BLOCK, length))
        if not block:
            break
        digest.update(block)
        length -= len(block)
    return digest.hexdigest()


@dataclass(slots=True)
class CountedSets:
    """Passes over sets without looking into them."""

    open: bool = False
    position: int = 0
    findings: list[Finding] = field(default_factory=list)
    root: SourceRecord | None = None
    most_segments: int = MOST_SEGMENTS
    _mark: str = "*"

    @property
    def keeps(self) -> bool:
        """No: nothing is told of the sets."""
        return False

    @property
    def known(self) -> Grammar | None:
        """Not looked up."""
        return None

    def begin(self, opened: Opened) -> None:
        """An ST has come."""
        self.open, self.position, self._mark = True, 1, opened.delimiters.element

    def feed(self, batch: Batch) -> str | None:
        """Pass on to the next segment of the envelope."""
        stop, count = batch.pass_over(self._mark, CONTROL, CONTROL_STARTS)
        self.position += count
        return stop

    def finish(self, line: int, complete: bool) -> None:
        """The set ends."""
        self.open = False
