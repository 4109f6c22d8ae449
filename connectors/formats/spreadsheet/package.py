"""An XLSX file as a package of parts, opened without trusting it: sizes are capped while unpacking, DTDs refused, links never followed.

Nothing is written to disk and no part is held whole: parts are read in pieces, and `feed` drives an event parser over them.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast

from lxml import etree

from connectors.archive import FAULTS
from data_contracts.findings import Finding

_PIECE = 64 * 1024
_MOST_PARTS = 5_000
_PART_BYTES = 512 * 1024 * 1024
_FREE_BYTES = 8 * 1024 * 1024
"""Unpacked bytes of a part up to which its ratio of packing does not matter."""
_RATIO = 200
"""Times that a larger part may be larger than its packed bytes; real sheets reach some dozens, a bomb a thousand."""
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


class Package:
    """The parts of a workbook by name."""

    def __init__(self, stream: BinaryIO) -> None:
        """Raises WorkbookError for what is no readable ZIP file, or holds too many parts or one name twice."""
        try:
            self._zip = zipfile.ZipFile(stream)
        except FAULTS as error:
            raise WorkbookError(Finding("XLS-01", got=str(error)[:120] or type(error).__name__)) from None
        names = self._zip.namelist()
        if len(names) > _MOST_PARTS:
            raise WorkbookError(Finding("XLS-02", expected=str(_MOST_PARTS), got=str(len(names)), params={"what": "parts"}))
        # Names differ in case only where someone wants two readers to see two files.
        folded = {name.casefold() for name in names}
        if len(folded) != len(names):
            raise WorkbookError(Finding("XLS-01", got="two parts of one name"))
        self._names = {name.casefold(): name for name in names}

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        return name.casefold() in self._names

    def names(self) -> list[str]:
        """All names, as stored."""
        return list(self._names.values())

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part's bytes, unpacked piece by piece. Raises WorkbookError where it is damaged, too large or packed like a bomb."""
        try:
            info = self._zip.getinfo(self._names[name.casefold()])
            with self._zip.open(info) as opened:
                read = 0
                while piece := opened.read(_PIECE):
                    read += len(piece)
                    if read > _PART_BYTES or (read > _FREE_BYTES and read > _RATIO * max(info.compress_size, 1)):
                        cap = min(_PART_BYTES, max(_FREE_BYTES, _RATIO * info.compress_size))
                        raise WorkbookError(Finding("XLS-02", expected=str(cap), got=name, params={"what": "bytes"}))
                    yield piece
        except FAULTS as error:
            raise WorkbookError(Finding("XLS-01", got=f"{name}: {str(error)[:100] or type(error).__name__}")) from None

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
