"""What the readers of json, xml and delimited feeds share: the one interchange and group around messages, caps, re-reading.

These syntaxes have no envelope: a document is one interchange with one group, both with nulls.
"""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from connectors.first_bytes import HEAD
from connectors.spec import Format, Profile
from connectors.undecodable import byte_ordered, not_text
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place
from data_contracts.source import Group, Interchange, Message, ReadEvent

OPTIONS = frozenset({"grammar_folders", "max_message_bytes", "max_message_records"})
"""Names of `profile.options` that every feed has."""
OTHER_SYNTAX = re.compile(rb"[<{\[]|ISA[^A-Za-z0-9]|UNA|UNB(?:\+|[^A-Za-z0-9\s][A-Z]{4}[^A-Za-z0-9\s][0-9])|EDI_DC")
"""How a document begins that is none of rows or lines."""
DEPTH = 64
"""Levels of nesting that a reader follows; business data has fewer than ten."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What one message may hold. A site raises them in `profile.options` for a feed that needs more."""

    message_bytes: int = 32 * 1024 * 1024
    message_records: int = 250_000
    lenient: bool = False
    """As `Profile.lenient`."""

    @classmethod
    def of(cls, profile: Profile) -> Caps:
        """The caps of an agreement. Raises ConfigError when an option is no positive number."""
        values = []
        for option, default in (("max_message_bytes", cls().message_bytes), ("max_message_records", cls().message_records)):
            value = profile.options.get(option, default)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ConfigError(f"profile.options.{option} is a positive number, not {value!r}")
            values.append(value)
        size, records = values
        return cls(size, records, lenient=profile.lenient)


class FeedDocument:
    """The interchange and group of a document whose `size` is known, and the events that open and close them."""

    def __init__(self, size: int) -> None:
        self.interchange = Interchange(None, None, None, False, 1, 0, size)
        self.group = Group(None, None, None, None, None, 1)
        self.opened = False

    def open(self) -> Iterator[ReadEvent]:
        """The first two events; nothing when they were given before."""
        if not self.opened:
            self.opened = True
            self.interchange.group_count = 1
            yield ReadEvent("interchange", interchange=self.interchange)
            yield ReadEvent("group", group=self.group)

    def message(self, message: Message) -> Iterator[ReadEvent]:
        """A message's event, counted; before the first one those that open the document."""
        yield from self.open()
        self.group.message_count += 1
        yield ReadEvent("message", message=message)

    def close(self) -> Iterator[ReadEvent]:
        """The last two events. A sound document without messages says so."""
        yield from self.open()
        if not self.group.message_count and not self.interchange.findings:
            self.interchange.findings.append(Finding("FED-13"))
        yield ReadEvent("group_end", group=self.group)
        yield ReadEvent("interchange_end", interchange=self.interchange)

    def stop(self, finding: Finding) -> Iterator[ReadEvent]:
        """A fault from which reading cannot go on: unreadable when nothing was read, else a finding of the interchange."""
        if not self.opened:
            yield ReadEvent("unreadable", finding=finding)
            return
        self.interchange.findings.append(finding)
        yield from self.close()


def in_utf8(stream: BinaryIO, charset: str) -> tuple[BinaryIO, Finding | None]:
    """A document in another charset as UTF-8 in a temporary file, for syntaxes whose marks are sought in bytes.

    The finding says where the text stops being of that charset; then the file ends there.
    """
    stream.seek(0)
    charset = byte_ordered(charset, stream.read(4))
    decoder = codecs.getincrementaldecoder(charset)("strict")
    output: BinaryIO = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=1024 * 1024))  # noqa: SIM115  # the caller closes it
    stream.seek(0)
    line, offset = 1, 0
    while True:
        chunk = stream.read(64 * 1024)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(charset, "replace")
            output.write(good.encode("utf-8", "replace"))
            output.seek(0)
            return output, not_text(error, charset, Place(line=line + good.count("\n")))
        line += text.count("\n")
        output.write(text.removeprefix("\ufeff").encode("utf-8", "replace") if offset == 0 else text.encode("utf-8", "replace"))
        offset += len(chunk)
        if not chunk:
            output.seek(0)
            return output, None


def reread(format_: Format, stream: BinaryIO, profile: Profile, grammar: str | None, ordinal: int) -> Message | None:
    """The message with this ordinal, read again from the document's bytes; None when there is none.

    `Message.offset` and `length` are exact for UTF-8 and other charsets that the syntax can be sliced in. Where a document
    had to be converted first (UTF-16, and GB18030 under json), they are those of the document, and this is the way back.
    """
    stream.seek(0)
    for event in format_.read(stream, profile, grammar):
        if event.message is not None and event.message.ordinal == ordinal:
            return event.message
    return None


def sniffable(head: bytes) -> bytes:
    """The head without byte order mark, zero bytes and leading space, for a look at the first mark."""
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        head = head.removeprefix(mark)
    return head[:HEAD].replace(b"\0", b"").lstrip(b" \t\r\n")
