"""Extracts as JSON: what EUDAMED's public interface answered, page after page or device by device, one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from connectors.extracts.record import EUDAMED, EUDAMED_DEVICE, Published, Tally, Wanted
from connectors.formats.json.scanner import BrokenError, Scanner, Slice
from data_contracts.findings import Finding

_RECORD_BYTES = 4 * 1024 * 1024
_PEEK = 64 * 1024
_PAGES = re.compile(rb'"content"\s*:\s*\[')
_DETAILED = re.compile(rb'"primaryDi"\s*:\s*\{')
_TEXT = rb'\s*:\s*("(?:[^"\\]|\\.)*")'
_DIS = re.compile(rb'"(?:primaryDi|code)"' + _TEXT)
_COMPANIES = re.compile(rb'"(?:manufacturerSrn|manufacturerName)"' + _TEXT)


def fits(head: bytes) -> bool:
    """Whether a document may be JSON."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read(name: str, stream: BinaryIO, wanted: Wanted, tally: Tally) -> Iterator[Published]:
    """The wanted records of one document, or of several that stand one after the other (JSON lines)."""
    scanner = Scanner.over(stream, _RECORD_BYTES)
    ordinal = 0
    try:
        for part in _records(scanner):
            ordinal += 1
            tally.records += 1
            dis, companies = _texts(_DIS, part.content), _texts(_COMPANIES, part.content)
            if wanted(dis, companies):
                detailed = _DETAILED.search(part.content) is not None
                content = b" ".join(part.content.splitlines()) + b"\n" if detailed else b'{"content": [' + part.content + b"]}"
                yield Published(EUDAMED_DEVICE if detailed else EUDAMED, f"{name}#{ordinal}", tuple(dis), tuple(companies), content)
    except BrokenError as error:
        tally.broken(Finding("EXT-01", got=f"{name}: {error.finding.text()}"))


def _records(scanner: Scanner) -> Iterator[Slice]:
    while (byte := scanner.space()) >= 0:
        if byte == ord("["):
            yield from scanner.elements("")
            continue
        scanner.window.byte(scanner.at + _PEEK)
        stop = min(scanner.at + _PEEK, scanner.window.end)
        if _PAGES.search(scanner.window.slice(scanner.at, stop)) is None:
            yield scanner.value("")
            continue
        for member in scanner.members(""):
            if member == "content" and scanner.space() == ord("["):
                yield from scanner.elements("/content")
            else:
                scanner.value(f"/{member}")


def _texts(pattern: re.Pattern[bytes], content: bytes) -> list[str]:
    found = []
    for text in pattern.findall(content):
        try:
            found.append(str(json.loads(text)).strip())
        except ValueError:
            continue  # the whole record is told of when it is read
    return [text for text in found if text]
