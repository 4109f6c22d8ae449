"""X12: purchase orders, despatch advices, invoices and their acknowledgements as most of the Americas exchange them.

Read in one streaming pass (`envelope.py`, `sets.py`), validated by grammars that are data (`connectors/grammars/x12/`),
answered with TA1 and 997 (`answering.py`), written from trees (`writer.py`). `scan` is the fast first pass by which the
pipeline knows, before it applies anything, what will be rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from connectors.faults_told import FaultsTold
from connectors.formats.x12.answering import ANSWERING
from connectors.formats.x12.delimiters import WIDTH, parse_header, stands_here
from connectors.formats.x12.envelope import Reading
from connectors.formats.x12.fitting import fit
from connectors.formats.x12.grammar import BASE_VERSIONS, Grammar, known_messages, load
from connectors.formats.x12.guide import describe
from connectors.formats.x12.header import interchange_of
from connectors.formats.x12.scan import GroupScan, InterchangeScan, scan
from connectors.formats.x12.sets import MOST_SEGMENTS, FullSets
from connectors.formats.x12.writer import syntax_of, write
from connectors.guide_names import named
from connectors.spec import STRICT, Envelope, Profile, Traits, UsedGrammar
from data_contracts.findings import Finding, Language, Place
from data_contracts.source import ReadEvent, SourceRecord

__all__ = ["ANSWERING", "FORMAT", "X12", "GroupScan", "InterchangeScan", "interchange_starts", "scan"]


_START = re.compile(rb"ISA([^A-Za-z0-9\s])[0-9]{2}\1")


def interchange_starts(stream: BinaryIO) -> Iterator[int]:
    """Byte offsets at which interchanges seem to begin; flat memory. Tells one interchange from several before anything is read."""
    kept, at = b"", 0
    while piece := stream.read(1 << 20):
        window = kept + piece
        yield from (at + found.start() for found in _START.finditer(window))
        kept = window[-6:]  # one byte less than a whole mark, so that none is found twice
        at += len(window) - len(kept)


class X12:
    """The format of `connectors/spec.py`. Options of a profile: `max_segments` (of one set), `delimiters`, `line_end` (writing)."""

    name = "x12"
    opens_with = (b"ISA",)
    traits = Traits(
        "application/edi-x12",
        "edi",
        enveloped=True,
        base_version="004010",
        components=":",
        options=frozenset({"delimiters", "grammar_folders", "hash_total", "line_end", "max_segments"}),
        one_by_one=True,
        version_at=Place("GS", element=8),
    )

    def sniff(self, head: bytes) -> bool:
        """Whether an ISA stands near the start, behind a byte order mark or a few foreign bytes."""
        if stands_here(head[:WIDTH].decode("latin-1")):
            return True
        text = head[:4096].replace(b"\x00", b"").decode("latin-1")
        start = text.find("ISA")
        while start >= 0:
            if parse_header(text, start) not in (None, "more"):
                return True
            start = text.find("ISA", start + 3)
        return False

    def envelope_reference(self, head: bytes) -> str | None:
        """`sender|receiver|control` of the first ISA: the name under which its sender knows the interchange.

        None when no ISA can be read.
        """
        text = head[:4096].decode("latin-1")
        start = text.find("ISA")
        while start >= 0:
            header = parse_header(text, start)
            if header is not None and header != "more":
                first = interchange_of(header, STRICT, 1, start, 1)
                return f"{first.sender}|{first.receiver}|{first.control}"
            start = text.find("ISA", start + 3)
        return None

    def interchange_starts(self, stream: BinaryIO) -> Iterator[int]:
        """Byte offsets at which interchanges seem to begin."""
        return interchange_starts(stream)

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of a document. X12 names its sets itself, so `grammar` is not looked at."""
        most = int(profile.options.get("max_segments", MOST_SEGMENTS))
        return Reading(stream, profile, FullSets(most, told=FaultsTold(lenient=profile.lenient))).events()

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """One interchange. Raises ValueError without an envelope, or for what X12 cannot carry."""
        if envelope is None:
            raise ValueError("an X12 interchange needs an envelope")
        return write(messages, envelope, profile)

    def fit(self, message: str, root: SourceRecord, envelope: Envelope | None, profile: Profile) -> list[Finding]:
        """Names, addresses and descriptions that the set cannot carry, cut and spelled so that it can."""
        return [] if envelope is None else fit(message, envelope.version, root, syntax_of(envelope, profile))

    def grammar_used(self, message: str, version: str, folders: Sequence[str] = ()) -> UsedGrammar | None:
        """The tables by which a set of this version is read."""
        grammar = load(message, version)
        return None if grammar is None else UsedGrammar(f"x12/{grammar.message}", grammar.hash, grammar.version, grammar)

    def guided(self, profile: Profile, language: Language) -> Mapping[str, str]:
        """Name of each set that is described."""
        return {message: named(grammar.name, language) for message in known_messages() if (grammar := _newest(message)) is not None}

    def guide(self, name: str, version: str | None, profile: Profile, language: Language) -> str | None:
        """The guide of a set; without a version the oldest that has it, which most partners use."""
        grammar = load(name, version) if version is not None else load(name, BASE_VERSIONS[0]) or _newest(name)
        return None if grammar is None else describe(grammar, language)


def _newest(message: str) -> Grammar | None:
    """A set by the newest version, since some sets do not exist before."""
    return load(message, BASE_VERSIONS[-1])


FORMAT = X12()
