"""Extracts: what device registers publish of all devices, in files of any size.

    with open(path, "rb") as stream:
        extract = Extract(stream, path.name)
        for one in extract.published(lambda dis, companies: bool(ours & {*dis})):
            one.content        # a document of this record alone, as `one.layout.format` reads it by `one.layout.grammar`

Read are AccessGUDID's full and daily releases, as XML and as delimited text, NMPA's full, monthly and daily releases, what its sharing
interface answers, and what EUDAMED's public interface answers, both kept as JSON. Of a record only identifiers and company are looked at;
what nobody wants costs no more than that. Memory is that of the largest record. An archive is hostile until it was read
(`connectors.archive`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from connectors.archive import Archive, ArchiveError, Bounds
from connectors.extracts import delimited, listing, markup, sharing
from connectors.extracts.record import EUDAMED, GUDID, NMPA, Layout, Published, Tally, Wanted
from data_contracts.findings import Finding

__all__ = ["EUDAMED", "GUDID", "NMPA", "Extract", "Layout", "Published", "Wanted", "told_by_name"]

_HEAD = 4096
_ZIP = b"PK"
_DOCUMENTS = (".xml", ".json", ".jsonl")
_DAY = re.compile(r"(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")
_CHANGES = re.compile(r"(?i)update|daily|day|week|month")
_READ = "GUDID XML, GUDID delimited, NMPA XML, NMPA sharing JSON, EUDAMED JSON"


def told_by_name(name: str) -> tuple[date | None, bool | None]:
    """The day that a release's name states, and whether it says that it is of all devices (or only of changes).

    >>> told_by_name("AccessGUDID_Delimited_Full_Release_20261101.zip")
    (datetime.date(2026, 11, 1), True)
    """
    found = _DAY.search(name)
    try:
        day = date(int(found[1]), int(found[2]), int(found[3])) if found is not None else None
    except ValueError:
        day = None
    return day, True if "full" in name.lower() else False if _CHANGES.search(name) else None


class Extract:
    """One extract. `records` and `findings` grow while it is read; `whole` says afterwards that nothing of it was left unread."""

    def __init__(self, stream: BinaryIO, name: str, bounds: Bounds | None = None) -> None:
        self._stream, self._name, self._bounds = stream, name, bounds
        self._tally = Tally()

    @property
    def records(self) -> int:
        """Records that were seen."""
        return self._tally.records

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the extract, the first hundred."""
        return self._tally.findings

    @property
    def whole(self) -> bool:
        """Whether every record could be looked at."""
        return self._tally.whole

    def told(self) -> str | None:
        """Whose extract it is, told by its first bytes; None, with a finding, for what is none."""
        try:
            self._stream.seek(0)
            head = self._stream.read(_HEAD)
            if not head.startswith(_ZIP):
                return self._register(self._name, head)
            archive = Archive(self._stream, self._bounds)
            if delimited.fits(archive.names):
                return GUDID.register
            for name in archive.names:
                if name.lower().endswith(_DOCUMENTS):
                    with archive.part(name) as part:
                        return self._register(name, part.read(_HEAD))
            self._tally.broken(Finding("EXT-04", expected=_READ, got=self._name))
        except ArchiveError as error:
            self._tally.broken(error.finding)
        return None

    def _register(self, name: str, head: bytes) -> str | None:
        layout = markup.layout_of(head)
        if layout is None and not listing.fits(head):
            self._tally.broken(Finding("EXT-04", expected=_READ, got=name))
            return None
        if layout is not None:
            return layout.register
        return NMPA.register if sharing.fits(head) else EUDAMED.register

    def published(self, wanted: Wanted) -> Iterator[Published]:
        """The records whose identifiers or company are wanted. What cannot be read is a finding, and the rest is read."""
        try:
            self._stream.seek(0)
            head = self._stream.read(_HEAD)
            self._stream.seek(0)
            if head.startswith(_ZIP):
                yield from self._archived(Archive(self._stream, self._bounds), wanted)
            else:
                yield from self._document(self._name, head, self._stream, wanted)
        except ArchiveError as error:
            self._tally.broken(error.finding)

    def _archived(self, archive: Archive, wanted: Wanted) -> Iterator[Published]:
        if delimited.fits(archive.names):
            yield from delimited.read(archive, wanted, self._tally)
            return
        seen = False
        for name in archive.names:
            if name.lower().endswith(_DOCUMENTS):
                seen = True
                try:
                    with archive.part(name) as part:
                        yield from self._document(name, part.peek(_HEAD)[:_HEAD], part, wanted)
                except ArchiveError as error:  # this part; the others may be sound
                    self._tally.broken(error.finding)
        if not seen:
            self._tally.broken(Finding("EXT-04", expected=_READ, got=self._name))

    def _document(self, name: str, head: bytes, stream: BinaryIO, wanted: Wanted) -> Iterator[Published]:
        layout = markup.layout_of(head)
        if layout is not None:
            yield from markup.read(name, stream, layout, wanted, self._tally)
        elif sharing.fits(head):
            yield from sharing.read(name, stream, wanted, self._tally)
        elif listing.fits(head):
            yield from listing.read(name, stream, wanted, self._tally)
        else:
            self._tally.broken(Finding("EXT-04", expected=_READ, got=name))
