"""Extracts as XML: AccessGUDID's releases and NMPA's, any number of parts, each sliced record by record without parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import BinaryIO

from connectors.byte_window import ByteWindow
from connectors.extracts.record import GUDID, NMPA, Layout, Published, Tally, Wanted
from connectors.formats.xml.scanner import BrokenError, Scanner
from data_contracts.findings import Finding

_RECORD_BYTES = 4 * 1024 * 1024
_ROOTS = ((re.compile(rb"<(?:[\w.-]+:)?gudid[\s>]"), GUDID), (re.compile(rb"<(?:[\w.-]+:)?udid[\s>]"), NMPA))
_CHARSET = re.compile(rb"<\?xml[^>]{0,80}?encoding\s*=\s*[\"']([A-Za-z0-9_.-]{1,40})[\"']")
_NAME = re.compile(rb"<([^\s/>]+)")
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));", re.IGNORECASE)
"""Characters that XML 1.0 clause 2.2 does not allow, raw or by number. NMPA's releases hold some."""


def _elements(*names: str) -> tuple[re.Pattern[bytes], ...]:
    """One pattern an element, each beginning with its plain name, which is sought at the speed of memory. What stands behind an end tag
    is seen too, and is blank. All lengths are bounded: a record may be made to be searched for ever."""
    return tuple(re.compile(name.encode() + rb"(?:\s[^>]{0,400})?>\s*(?:<!\[CDATA\[(.{0,400}?)\]\]>|([^<]*))", re.DOTALL) for name in names)


_DIS = {"gudid": _elements("deviceId"), "nmpa": _elements("zxxsdycpbs", "sydycpbs", "btcpbs", "bzcpbs")}
_COMPANIES = {"gudid": _elements("dunsNumber", "companyName"), "nmpa": _elements("tyshxydm", "ylqxzcrbarmc", "ylqxzcrbarywmc")}


def layout_of(head: bytes) -> Layout | None:
    """Whose records a document holds, told by its root element."""
    return next((layout for pattern, layout in _ROOTS if pattern.search(head)), None)


def read(name: str, stream: BinaryIO, layout: Layout, wanted: Wanted, tally: Tally) -> Iterator[Published]:
    """The wanted records of one document."""
    window = ByteWindow(stream)
    window.byte(1000)
    declared = _CHARSET.search(window.slice(0, min(window.end, 1000)))
    charset = declared[1] if declared is not None else b"utf-8"
    dis_in, companies_in = _DIS[layout.register], _COMPANIES[layout.register]
    scanner = Scanner(window, layout.path, _RECORD_BYTES)
    ordinal = 0
    try:
        scanner.root()
        for part in scanner.messages():
            ordinal += 1
            tally.records += 1
            dis, companies = _texts(dis_in, part.content), _texts(companies_in, part.content)
            if wanted(dis, companies):
                content, forbidden = _FORBIDDEN.subn(b"", part.content)
                findings = (Finding("EXT-03", got=str(forbidden)),) if forbidden else ()
                yield Published(layout, f"{name}#{ordinal}", tuple(dis), tuple(companies), _alone(scanner, content, charset), findings)
    except BrokenError as error:
        tally.broken(Finding("EXT-01", got=f"{name}: {error.finding.text()}"))


def _texts(patterns: Sequence[re.Pattern[bytes]], content: bytes) -> list[str]:
    found = (plain or cdata for pattern in patterns for cdata, plain in pattern.findall(content))
    return [unescape(text.decode("utf-8", "replace")).strip() for text in found if text and not text.isspace()]


def _alone(scanner: Scanner, content: bytes, charset: bytes) -> bytes:
    """A document of one record: the elements around it, and it."""
    names = [found[1] for start in scanner.ancestors if (found := _NAME.match(start)) is not None]
    ends = b"".join(b"</" + name + b">" for name in reversed(names))
    return b'<?xml version="1.0" encoding="' + charset + b'"?>' + b"".join(scanner.ancestors) + content + ends
