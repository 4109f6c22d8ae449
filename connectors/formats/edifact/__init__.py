"""EDIFACT: orders, despatch advices, invoices and their reports as most of the world exchanges them (ISO 9735, syntax 1 to 4).

Read in one streaming pass (`envelope.py`, `messages.py`), validated by grammars that are data (`connectors/grammars/edifact/`), answered
with CONTRL and APERAK (`answering.py`), written from trees (`writer.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from connectors.faults_told import FaultsTold
from connectors.feed_reading import sniffable
from connectors.formats.edifact import application_codes, totals
from connectors.formats.edifact.answering import ANSWERING
from connectors.formats.edifact.envelope import Reading
from connectors.formats.edifact.fitting import fit
from connectors.formats.edifact.grammar import DIRECTORIES, known_messages, load, title
from connectors.formats.edifact.guide import describe
from connectors.formats.edifact.header import find_start, parse_header, separators_untold
from connectors.formats.edifact.ink import Ink
from connectors.formats.edifact.interchange import interchange_of
from connectors.formats.edifact.messages import MOST_SEGMENTS, FullMessages
from connectors.formats.edifact.separators import COMPONENT, ELEMENT, Translation
from connectors.formats.edifact.writer import write
from connectors.guide_names import named
from connectors.spec import Envelope, Profile, Traits, UsedGrammar
from data_contracts.findings import Finding, Language, Place
from data_contracts.source import Interchange, ReadEvent, SourceRecord

__all__ = ["ANSWERING", "FORMAT", "Edifact", "first_interchange", "interchange_starts"]


class Edifact:
    """The format of `connectors/spec.py`. Options of a profile: `max_segments` (of one message), `characters: declared` (refuse what UNOA
    and its like do not hold), and for writing `delimiters`, `line_end`, `syntax` (`UNOC:3`), `una`, `control_totals` (codes of CNT)."""

    name = "edifact"
    opens_with = (b"UNA", b"UNB")
    traits = Traits(
        "application/edifact",
        "edi",
        enveloped=True,
        base_version=DIRECTORIES[0],
        components=COMPONENT,
        options=frozenset({"aperak", "application", "association", "characters", "contrl", "control_totals", "delimiters"})
        | {"grammar_folders", "groups"}
        | {"interchange_agreement", "line_end", "max_segments", "syntax", "una"},
        one_by_one=True,
        version_at=Place("UNH", 1, 2, 2),
    )

    def sniff(self, head: bytes) -> bool:
        """Whether a UNA with UNB, or a UNB, stands near the start, behind a byte order mark or a few foreign bytes; or at the start one
        whose separators only a UNA could tell, which is not there.
        """
        return _first(head) is not None or separators_untold(sniffable(head).decode("latin-1")) is not None

    def envelope_reference(self, head: bytes) -> str | None:
        """`sender|receiver|reference` of the first UNB: the name under which its sender knows the interchange; None when there is none."""
        first = first_interchange(head)
        return f"{first.sender}|{first.receiver}|{first.control}" if first is not None and first.control else None

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of a document. EDIFACT names its messages itself, so `grammar` is not looked at."""
        most = int(profile.options.get("max_segments", MOST_SEGMENTS))
        return Reading(stream, profile, FullMessages(most, told=FaultsTold(lenient=profile.lenient))).events()

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """One interchange. Raises ValueError without an envelope, or for what EDIFACT cannot carry."""
        if envelope is None:
            raise ValueError("an EDIFACT interchange needs an envelope")
        return write(messages, envelope, profile)

    def fit(self, message: str, root: SourceRecord, envelope: Envelope | None, profile: Profile) -> list[Finding]:
        """Names, addresses and descriptions that the message cannot carry, cut and spelled so that it can."""
        return [] if envelope is None else fit(message, envelope.version, root, Ink.of(envelope, profile))

    def interchange_starts(self, stream: BinaryIO) -> Iterator[int]:
        """Byte offsets at which interchanges seem to begin."""
        return interchange_starts(stream)

    def grammar_used(self, message: str, version: str, folders: Sequence[str] = ()) -> UsedGrammar | None:
        """The tables by which a message of this version is read."""
        grammar = load(message, version)
        return None if grammar is None else UsedGrammar(f"edifact/{grammar.message}", grammar.hash, grammar.tables, grammar)

    def wrong_options(self, options: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
        """What an agreement says of answers and of control totals that is not understood."""
        yield from application_codes.wrong(options)
        asked = options.get("control_totals", ())
        for code in [asked] if isinstance(asked, str) or not isinstance(asked, Sequence) else asked:
            if str(code) not in totals.KNOWN:
                yield "control_totals", ", ".join(totals.KNOWN), str(code)

    def guided(self, profile: Profile, language: Language) -> Mapping[str, str]:
        """Name of each message that is described."""
        return {message: named(title(message), language) for message in sorted(known_messages())}

    def guide(self, name: str, version: str | None, profile: Profile, language: Language) -> str | None:
        """The guide of a message; without a version by D.96A, which most partners use, or the first directory that has it."""
        versions = [version] if version is not None else [*DIRECTORIES]
        grammar = next((found for one in versions if (found := load(name, one)) is not None), None)
        return None if grammar is None else describe(grammar, language)


def _first(head: bytes) -> tuple[str, int] | None:
    """The first 4 KiB as text, and where an interchange begins in it."""
    text = head[:4096].replace(b"\x00", b"").decode("latin-1")
    start = find_start(text, 0)
    while start >= 0:
        if parse_header(text, start) is not None:
            return text, start
        start = find_start(text, start + 3)
    return None


def first_interchange(head: bytes) -> Interchange | None:
    """The envelope of the first interchange, as far as the first bytes tell it; None where there is none."""
    found = _first(head)
    if found is None:
        return None
    text, start = found
    header = parse_header(text, start)
    assert header is not None  # `_first` has parsed it
    begin = start + header.length
    end = header.separators.first_end(text, begin)
    if not end:
        return None
    unb = Translation(header.separators).segments(text[begin:end], None).segments[0]
    return interchange_of(header, unb.split(ELEMENT), 1, start, 1)


_START = re.compile(rb"UNB([^A-Za-z0-9\s])[A-Z]{4}(?:[^A-Za-z0-9\s][0-9]|\1)")


def interchange_starts(stream: BinaryIO) -> Iterator[int]:
    """Byte offsets at which interchanges seem to begin; flat memory. Tells one interchange from several before anything is read."""
    kept, at = b"", 0
    while piece := stream.read(1 << 20):
        window = kept + piece
        yield from (at + found.start() for found in _START.finditer(window))
        kept = window[-9:]  # one byte less than a whole mark, so that none is found twice
        at += len(window) - len(kept)


FORMAT = Edifact()
