"""SAP IDocs: orders, deliveries, goods movements, invoices and master data as SAP systems send and take them, in both representations.

XML (`markup.py`) and flat (`flat.py`) become the same tree (`tree.py`) by the same tables (`grammar.py`,
`connectors/grammars/idoc/`), and go out again by them (`writer.py`). Every IDoc of a file is an interchange of its own
(`control.py`). SAP is answered with STATUS (`acknowledge.py`), and what it says of ours comes as STATUS or ALEAUD (`answers.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO

from connectors.feed_reading import OPTIONS, Caps, in_utf8, sniffable
from connectors.first_bytes import look, size_of, unreadable
from connectors.formats.idoc.answering import ANSWERING
from connectors.formats.idoc.charset import charset_of
from connectors.formats.idoc.control import party
from connectors.formats.idoc.fitting import fit
from connectors.formats.idoc.flat import Flat
from connectors.formats.idoc.glimpse import control_at_head
from connectors.formats.idoc.grammar import CONTROL, tables_for
from connectors.formats.idoc.guide import describe
from connectors.formats.idoc.markup import Markup
from connectors.formats.idoc.writer import SHAPES, write_document
from connectors.guide_names import named
from connectors.legible import legible
from connectors.spec import Envelope, Profile, Traits, UsedGrammar
from data_contracts.findings import Finding, Language
from data_contracts.source import ReadEvent, SourceRecord

_DATA_RECORD = re.compile(rb"E2[A-Z0-9_/ ]{28}[0-9 ]{3}[0-9]{22}")
_IDOC = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?IDOC[\s>]")


class Idoc:
    """The format `idoc`.

    Options of a profile. Writing: `representation` (`xml`, `flat`), `definitions` (flat name by segment type where the partner's release
    is older), `control` (fields of EDI_DC40 such as MANDT, SNDPOR, RCVPOR, MESCOD), `line_end`. Answers: `status_codes` (`receiver`,
    `subsystem`). Both ways: `grammar_folders`, `max_message_bytes`, `max_message_records`.
    """

    name = "idoc"
    traits = Traits(
        "application/xml",
        "xml",
        enveloped=True,
        options=OPTIONS | {"representation", "definitions", "control", "line_end", "status_codes"},
    )

    def traits_for(self, profile: Profile, grammar: str | None = None) -> Traits:
        """Those of the representation in which an agreement writes."""
        media_type, suffix = SHAPES.get(str(profile.options.get("representation")), SHAPES["xml"])
        return replace(self.traits, media_type=media_type, suffix=suffix)

    def sniff(self, head: bytes) -> bool:
        """A flat control record, a data record that lost it, or XML whose first elements are an IDOC with its control record."""
        text = sniffable(head)
        if _DATA_RECORD.match(text):
            return True  # reading says what is missing (IDC-01)
        return text.startswith(CONTROL.encode() + b" ") or (text.startswith(b"<") and CONTROL.encode() in text and bool(_IDOC.search(text)))

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document. IDocs name their basic type themselves, so `grammar` is not looked at."""
        head, size = look(stream), size_of(stream)
        refused = unreadable(head)
        text = sniffable(head)
        if refused is None and not text.startswith((b"<", CONTROL.encode())):
            refused = Finding("IDC-01", got=legible(text[:24].decode("latin-1")))
        charset, exact, unknown = charset_of(head, profile)
        finding = refused or unknown
        if finding is not None:
            yield ReadEvent("unreadable", finding=finding)
            return
        reader = Markup if text.startswith(b"<") else Flat
        tables, caps = tables_for(profile), Caps.of(profile)
        if exact:
            yield from reader(stream, size, tables, caps, charset, exact).events()
            return
        converted, wrong = in_utf8(stream, charset)
        with converted:
            if wrong is not None:
                yield ReadEvent("unreadable", finding=wrong)
                return
            yield from reader(converted, size, tables, caps, "utf-8", exact).events()

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """One document of the agreement's representation. Raises ValueError for what IDocs cannot carry."""
        return write_document(messages, envelope, profile)

    def fit(self, message: str, root: SourceRecord, envelope: Envelope | None, profile: Profile) -> list[Finding]:
        """Names, addresses and short texts that an IDoc cannot carry, cut so that it can."""
        return fit(root, tables_for(profile), profile.charset or "utf-8")

    def envelope_reference(self, head: bytes) -> str | None:
        """`sender|receiver|control` of the first IDoc: the name under which its sender knows it. None when it cannot be read."""
        control = control_at_head(head)
        sender = party(control.get("SNDPRT", ""), control.get("SNDPRN", ""))
        receiver = party(control.get("RCVPRT", ""), control.get("RCVPRN", ""))
        return f"{sender}|{receiver}|{control['DOCNUM']}" if sender and control.get("DOCNUM") else None

    def grammar_used(self, message: str, version: str, folders: Sequence[str] = ()) -> UsedGrammar | None:
        """The tables of a basic type, as evidence."""
        tables = tables_for(Profile(options={"grammar_folders": folders}))
        grammar = tables.by_type.get(version) or tables.by_message.get(message)
        return UsedGrammar(f"idoc/{grammar.basic_type}", grammar.hash, grammar.basic_type, grammar.plain) if grammar is not None else None

    def guided(self, profile: Profile, language: Language) -> Mapping[str, str]:
        """Basic types with their titles."""
        return {name: named(grammar.name, language) for name, grammar in tables_for(profile).grammars.items()}

    def guide(self, name: str, version: str | None, profile: Profile, language: Language) -> str | None:
        """The guide of a basic type; there is one version, which reads the older ones."""
        tables = tables_for(profile)
        grammar = tables.grammars.get(name)
        return describe(grammar, tables, language) if grammar is not None and version in (None, name, *grammar.also) else None


FORMAT = Idoc()

__all__ = ["ANSWERING", "FORMAT", "Idoc"]
