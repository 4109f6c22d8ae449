"""An XLSX file as a package of parts, opened without trusting it: DTDs are refused and links never followed.

It is an archive from outside like any other (`connectors.archive`), with bounds of its own: nothing is written to disk and no part is held
whole. Parts are read in pieces, and `feed` drives an event parser over them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO, cast

from lxml import etree

from connectors.archive import Archive, ArchiveError, Bounds
from data_contracts.findings import Finding

_PIECE = 64 * 1024
_BOUNDS = Bounds(parts=5_000, part_bytes=512 * 1024 * 1024)
_RULES = {"EXT-01": "XLS-01", "EXT-02": "XLS-02"}
"""What is wrong with an archive, said of a workbook."""
_RELATIONSHIPS = 20_000


class WorkbookError(Exception):
    """The workbook, or the part being read, cannot be followed further; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.rule)
        self.finding = finding


class Part:
    """What an event parser calls, tags being `{namespace}local`: keeps nothing and refuses DTDs; targets of parts inherit it."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """It ends."""

    def data(self, text: str) -> None:
        """A piece of text."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """Refuse: entities of a DTD can reach files and networks and grow without end."""
        raise WorkbookError(Finding("XLS-01", got="a part with a DOCTYPE"))

    def close(self) -> None:
        """The end of the part."""


def local(tag: str) -> str:
    """An element's name without its namespace: Excel's and the strict one differ in nothing else that matters here."""
    return tag[tag.rfind("}") + 1 :]


def _of_workbook(error: ArchiveError) -> WorkbookError:
    return WorkbookError(replace(error.finding, rule=_RULES[error.finding.rule]))


class Package:
    """The parts of a workbook by name."""

    def __init__(self, stream: BinaryIO) -> None:
        """Raises WorkbookError for what is no readable ZIP file, or whose parts cannot be trusted (`connectors.archive`)."""
        try:
            self._archive = Archive(stream, _BOUNDS)
        except ArchiveError as error:
            raise _of_workbook(error) from None
        self._names = {name.casefold(): name for name in self._archive.names}  # Excel finds a part whatever the case of its name

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        return name.casefold() in self._names

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part's bytes, unpacked piece by piece. Raises WorkbookError where it is damaged, too large, a bomb, or not there."""
        if not self.has(name):
            raise WorkbookError(Finding("XLS-01", got=f"{name[:60]} is not there"))
        try:
            with self._archive.part(self._names[name.casefold()]) as part:
                while piece := part.read1(_PIECE):
                    yield piece
        except ArchiveError as error:
            raise _of_workbook(error) from None

    def feed(self, name: str, target: Part) -> Iterator[None]:
        """Parse a part by events; a step for every piece, so that a caller can take what has come so far."""
        parser = etree.XMLParser(
            target=cast("Any", target),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_pis=True,
        )
        empty = True
        try:
            for piece in self.pieces(name):
                parser.feed(piece)
                empty = False
                yield
            if not empty:
                parser.close()
                yield
        except etree.XMLSyntaxError as error:
            raise WorkbookError(Finding("XLS-01", got=f"{name}: {str(error.msg)[:100]}")) from None
        if empty:
            raise WorkbookError(Finding("XLS-01", got=f"{name} is empty"))

    def relationships(self, part: str) -> Relationships:
        """What a part refers to."""
        folder, base = posixpath.split(part)
        target = Relationships(folder)
        name = posixpath.join(folder, "_rels", f"{base}.rels")
        if self.has(name):
            for _ in self.feed(name, target):
                pass
        return target


class Relationships(Part):
    """Parts by id and by kind (the last word of the type), and what lies outside of the file."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.by_id: dict[str, str] = {}
        self.by_kind: dict[str, list[str]] = {}
        self.outside: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """One relationship; targets outside are noted and never opened."""
        if local(tag) != "Relationship" or len(self.by_id) + len(self.outside) >= _RELATIONSHIPS:
            return
        target = attributes.get("Target", "")
        if attributes.get("TargetMode") == "External":
            self.outside.append(target)
            return
        path = posixpath.normpath(target.lstrip("/") if target.startswith("/") else posixpath.join(self._folder, target))
        self.by_id[attributes.get("Id", "")] = path
        self.by_kind.setdefault(attributes.get("Type", "").rpartition("/")[2], []).append(path)
