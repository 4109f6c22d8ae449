"""What stands around the messages of an XML document: headers that say who sends, and whether all of it is well-formed."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from connectors.formats.xml.scanner import ENVELOPE_BYTES, Scanner
from connectors.formats.xml.tree import hardened_parser, shown_error
from data_contracts.findings import Finding, Place


def opened(scanner: Scanner, charset: str) -> etree._Element | None:
    """The envelope as far as it stands before the message at hand; None where there is none, or none that can be read."""
    if not scanner.envelope_kept or not scanner.envelope:
        return None
    ends = "".join(f"</{start[1:].split()[0].rstrip(b'>').decode(charset, 'replace')}>" for start in reversed(scanner.ancestors))
    try:
        return etree.fromstring((_text(scanner, charset) + ends).encode("utf-8"), hardened_parser())
    except etree.XMLSyntaxError:
        return None  # `judged` says so when the document is complete


def judged(scanner: Scanner, charset: str) -> list[Finding]:
    """Findings of a document's envelope: parsed with the messages taken out, so that a fault between them is found too."""
    findings = []
    for name, (line, count) in scanner.strangers.items():
        place = Place(line=line, path="/" + "/".join(scanner.named[:-1]) + "/" + name)
        findings.append(Finding("FED-10", place=place, got=name, params={"field": name, "count": str(count)}))
    if not scanner.envelope_kept:
        findings.append(
            Finding("XML-10", place=Place(line=scanner.envelope[0][0] if scanner.envelope else 1), expected=str(ENVELOPE_BYTES))
        )
    elif scanner.envelope:
        try:
            etree.fromstring(_text(scanner, charset).encode("utf-8"), hardened_parser())
        except etree.XMLSyntaxError as error:
            place = Place(line=_document_line(scanner.envelope, error.lineno or 1))
            findings.append(Finding("XML-01", place=place, got=shown_error(error)))
    return findings


def _text(scanner: Scanner, charset: str) -> str:
    return "\n".join(piece.decode(charset, "replace") for _, piece in scanner.envelope)


def _document_line(pieces: Sequence[tuple[int, bytes]], line: int) -> int:
    """Line in the document of a line in the joined pieces."""
    passed = 0
    for start, piece in pieces:
        lines = piece.count(b"\n") + 1
        if passed + lines >= line:
            return start + line - passed - 1
        passed += lines
    return pieces[-1][0]
