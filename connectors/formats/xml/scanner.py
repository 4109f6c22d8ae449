"""Finds where message elements begin and end in an XML document, so that each is parsed alone.

Only tags are looked at, in bytes; every charset that is let in here has `<`, `>` and quotes at their ASCII values and nowhere
else. What is no message, the envelope, is kept aside so that it can be judged too. Whether any of it is well-formed XML is
not decided here but by the parser (libxml2), which sees every byte that is taken as data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.byte_window import ByteWindow
from connectors.feed_check import shown
from connectors.feed_reading import DEPTH
from data_contracts.findings import Finding, Place

# No possessive groups: Python before 3.11.5 forgets to step back out of one that fails half-way (gh-106052). The length of a tag is
# bounded instead.
_TAG = re.compile(rb"<(/?)([^\s/>\"'<=&!?]++)([^<>\"']*(?:(?:\"[^\"]*\"|'[^']*')[^<>\"']*)*)>")
_PARTIAL_TAG = re.compile(rb"</?[^\s/>\"'<=&!?]*[^<>\"']*(?:(?:\"[^\"]*\"|'[^']*')[^<>\"']*)*")
_NAME_START = re.compile(rb"[A-Za-z_:\x80-\xff]")
_QUOTED = rb"(?:\"[^\"<>]{0,400}\"|'[^'<>]{0,400}')"
_DOCTYPE = re.compile(rb"<!DOCTYPE\s+[\w:.-]{1,80}\s+(?:SYSTEM|PUBLIC\s+" + _QUOTED + rb")\s+" + _QUOTED + rb"\s*>")
_TAG_BYTES = 64 * 1024
ENVELOPE_BYTES = 64 * 1024
"""The most of what is no message that is kept to be judged."""
_PROLOG_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Slice:
    """One message element: byte offsets, its text line, and the start tags around it."""

    start: int
    stop: int
    line: int
    content: bytes


class BrokenError(Exception):
    """The document cannot be followed further; the finding says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.rule)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class _Tag:
    """A start or end tag."""

    start: int
    stop: int
    name: bytes
    closing: bool
    empty: bool


class Scanner:
    """Walks a document by tags. `path` are the local names from the root to the message, `cap` the most bytes of a message.

    A last step `*` takes every element there but those `beside`, which are known parts of the envelope. With `doctype`, a DOCTYPE that
    only names an outside DTD is stepped over, and never fetched; one with declarations of its own is refused by that rule.
    """

    def __init__(
        self, window: ByteWindow, path: tuple[str, ...], cap: int, beside: frozenset[str] = frozenset(), doctype: str | None = None
    ) -> None:
        self.window = window
        self.named = path
        self.path = tuple(step.encode() for step in path)
        self.cap = cap
        self.beside = frozenset(name.encode() for name in beside)
        self.doctype = doctype
        self.at = window.base
        self.ancestors: list[bytes] = []
        """Start tags that are open around the next message."""
        self.envelope: list[tuple[int, bytes]] = []
        """(line, bytes) of everything that is no message, in order."""
        self._envelope_size = 0
        self._over = False
        """The root element has ended: a document says nothing more."""
        self.strangers: dict[str, tuple[int, int]] = {}
        """Elements beside the messages: line of the first, and how often."""

    @property
    def envelope_kept(self) -> bool:
        """Whether the envelope was small enough to be kept whole."""
        return self._envelope_size <= ENVELOPE_BYTES

    def broken(self, rule: str, at: int, expected: str | None, got: str | None = None) -> BrokenError:
        """A fault at an offset."""
        line = self.window.line_at(min(at, self.window.end))
        return BrokenError(Finding(rule, place=Place(line=line), expected=expected, got=got, params={"what": "bytes"}))

    def root(self) -> bytes:
        """Step to the root element and return its start tag, without consuming it. A DOCTYPE stops everything right here."""
        while True:
            at = self._seek(b"<", self.at)
            if at < 0:
                raise self.broken("XML-03", self.window.end, "the root element")
            if at > _PROLOG_BYTES:
                raise self.broken("FED-14", at, str(_PROLOG_BYTES))
            self.at = at
            if not self._skip_doctype(at) and not self._skip_markup(at):
                tag = self._tag(at)
                return self.window.slice(tag.start, tag.stop)

    def messages(self) -> Iterator[Slice]:
        """Message elements in order. Raises BrokenError where the document can be followed no further."""
        names: list[bytes] = []
        matched = 0
        while True:
            at = self._seek(b"<", self.at, collect=True)
            if at < 0:
                if not self._over:
                    raise self.broken("XML-03", self.window.end, f"</{names[-1].decode('utf-8', 'replace') if names else 'root'}>")
                return
            self.at = at
            if self._skip_markup(at):
                continue
            if self._over:
                raise self._more(at)
            tag = self._tag(at)
            if tag.closing:
                self._aside(tag.start, tag.stop)
                self.at = tag.stop
                if names:
                    names.pop()
                    if matched > len(names):
                        matched = len(names)
                        self.ancestors.pop()
                self._over = not names
                continue
            fits = matched == len(names) < len(self.path) and self._fits(tag.name, matched)
            if fits and matched == len(self.path) - 1:
                yield self._message(tag)
                self._over = not names
                continue
            self._aside(tag.start, tag.stop)
            self.at = tag.stop
            if not fits and names and matched == len(names):
                self._stranger(tag)
            if tag.empty:
                self._over = not names
                continue
            if fits:
                matched += 1
                self.ancestors.append(self.window.slice(tag.start, tag.stop))
            names.append(tag.name)
            if len(names) > DEPTH:
                raise self.broken("XML-05", tag.start, str(DEPTH))

    def _message(self, first: _Tag) -> Slice:
        """The element that `first` opens: up to the end tag of its name, whatever stands within it."""
        window = self.window
        window.keep = first.start
        line = window.line_at(first.start)
        opener = re.compile(rb"<(?:!--|!\[CDATA\[|\?|!|/?" + re.escape(first.name) + rb"(?=[\s/>]))")
        at, open_elements = first.stop, 0 if first.empty else 1
        while open_elements:
            match = opener.search(window.data, at - window.base)
            if match is None:
                if window.end - first.start > self.cap:
                    raise self.broken("FED-14", first.start, str(self.cap))
                resume = max(at, window.end - len(first.name) - 12)
                if not window.grow():
                    raise self.broken("XML-03", first.start, f"</{first.name.decode('utf-8', 'replace')}>")
                at = resume
                continue
            found = window.base + match.start()
            self.at = found
            if self._skip_markup(found, within=first.start):
                at = self.at
                continue
            tag = self._tag(found)
            at = tag.stop
            open_elements += -1 if tag.closing else 0 if tag.empty else 1
            if open_elements > DEPTH:
                raise self.broken("XML-05", first.start, str(DEPTH))
        if at - first.start > self.cap:
            raise self.broken("FED-14", first.start, str(self.cap))
        self.at = at
        return Slice(first.start, at, line, window.slice(first.start, at))

    def _skip_markup(self, at: int, within: int | None = None) -> bool:
        """Step over a comment, processing instruction or CDATA section at `at`; false for a tag. Declarations are refused."""
        window = self.window
        window.byte(at + 9)
        head = window.slice(at, at + 9)
        for opening, closing in ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>")):
            if head.startswith(opening):
                end = self._seek(closing, at + len(opening), limit=within if within is not None else at)
                if end < 0:
                    raise self.broken("XML-03", at, closing.decode())
                self.at = end + len(closing)
                return True
        if head.startswith(b"<!"):
            raise self.broken("XML-02", at, None, got=window.glimpse(at))
        return False

    def _skip_doctype(self, at: int) -> bool:
        """Step over a DOCTYPE that only names an outside DTD, where the syntax has one."""
        window = self.window
        if self.doctype is None or (window.byte(at + 9) >= 0 and not window.slice(at, at + 9).startswith(b"<!DOCTYPE")):
            return False
        window.byte(at + 1024)
        match = _DOCTYPE.match(window.data, at - window.base)
        if match is None:
            raise self.broken(self.doctype, at, None, got=window.glimpse(at))
        self.at = window.base + match.end()
        return True

    def _fits(self, name: bytes, depth: int) -> bool:
        step = self.path[depth]
        local = _local(name)
        return local == step or (step == b"*" and local not in self.beside)

    def _tag(self, at: int) -> _Tag:
        window = self.window
        while (match := _TAG.match(window.data, at - window.base, at - window.base + _TAG_BYTES)) is None:
            partial = _PARTIAL_TAG.match(window.data, at - window.base, at - window.base + _TAG_BYTES)
            stopped = window.base + partial.end() if partial is not None else at
            bad_start = window.byte(at + 2) >= 0 and not _NAME_START.match(window.slice(at + 1, at + 3).lstrip(b"/"))
            if bad_start or (stopped < min(window.end, at + _TAG_BYTES) and window.byte(stopped) not in b"\"'"):
                raise self.broken("XML-01", at, None, got=shown(window.glimpse(at)))
            if window.end - at >= _TAG_BYTES:
                raise self.broken("FED-14", at, str(_TAG_BYTES))
            window.keep = min(window.keep, at)
            if not window.grow():
                raise self.broken("XML-03", at, ">")
        start = window.base + match.start()
        return _Tag(start, window.base + match.end(), match[2], match[1] == b"/", match[3].endswith(b"/"))

    def _seek(self, needle: bytes, start: int, *, collect: bool = False, limit: int | None = None) -> int:
        """Offset of the next `needle`, or -1. What is passed is forgotten, or kept as envelope when it says something."""
        window, at = self.window, start
        while True:
            if limit is None:
                window.keep = at
            found = window.data.find(needle, at - window.base)
            if found >= 0:
                if collect:
                    self._aside(at, window.base + found)
                return window.base + found
            if limit is not None and window.end - limit > self.cap:
                raise self.broken("FED-14", limit, str(self.cap))
            upto = max(at, window.end - len(needle) + 1)
            if collect:
                self._aside(at, upto)
            if limit is None:
                window.keep = upto
            at = upto
            if not window.grow():
                return -1

    def _stranger(self, tag: _Tag) -> None:
        name = _local(tag.name).decode("utf-8", "replace")
        if name.encode() in self.beside:
            return
        if name in self.strangers or len(self.strangers) < 100:
            line, count = self.strangers.get(name, (self.window.line_at(tag.start), 0))
            self.strangers[name] = (line, count + 1)

    def _more(self, at: int) -> BrokenError:
        """Something stands behind the end: often a second document, which would be lost unsaid."""
        return self.broken("XML-09", at, None, got=shown(self.window.glimpse(at)))

    def _aside(self, start: int, stop: int) -> None:
        """Keep a piece of envelope, unless it is white space."""
        piece = self.window.slice(start, stop)
        if not piece.strip():
            return
        if self._over:
            raise self._more(start + len(piece) - len(piece.lstrip()))
        self._envelope_size += len(piece)
        if self.envelope_kept:
            self.envelope.append((self.window.line_at(start), piece))


def _local(name: bytes) -> bytes:
    return name.rpartition(b":")[2]
