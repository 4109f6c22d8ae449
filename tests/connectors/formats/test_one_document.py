"""A file of XML holds one document: what stands behind it is told, whatever it is, for it would be lost unsaid."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.findings import Finding
from data_contracts.source import ReadEvent

_ROOT = re.compile(rb"<[A-Za-z]|<!DOCTYPE")
SAMPLES = Path(__file__).parents[2] / "samples"
ONE_EACH = [
    ("ubl", "Order.xml", None),
    ("ubl", "Order_enveloped.xml", None),
    ("cxml", "OrderRequest.xml", None),
    ("b2mml", "ProductionPerformance.xml", None),
    ("idoc", "ORDERS05.xml", None),
    ("xml", "wms_receipts.xml", "wms_receipts"),
    ("xml", "qimen_entry_order.xml", "qimen_entry_order"),
]


def read(syntax: str, content: bytes, grammar: str | None) -> tuple[int, list[tuple[str, str | None, int | None]]]:
    """How many messages there are, and the errors beside them: rule, what came, line."""
    messages, errors = 0, {}
    for event in format_named(syntax).read(io.BytesIO(content), STRICT, grammar):
        messages += event.kind == "message"
        for finding in _beside(event):
            line = finding.place.line if finding.place is not None else None
            errors[finding.rule, finding.got, line] = finding.severity
    return messages, [key for key, severity in errors.items() if severity == "error"]


def _beside(event: ReadEvent) -> list[Finding]:
    return [*(event.interchange.findings if event.interchange is not None else ()), *([event.finding] if event.finding is not None else ())]


@pytest.mark.parametrize(("syntax", "name", "grammar"), ONE_EACH, ids=[name for _, name, _ in ONE_EACH])
def test_what_stands_behind_the_document_is_told(syntax: str, name: str, grammar: str | None) -> None:
    content = (SAMPLES / syntax / name).read_bytes().rstrip()
    messages, errors = read(syntax, content, grammar)
    assert messages and errors == []
    assert read(syntax, content + b"\n <!-- sent -->\n<?end?>\n", grammar) == (messages, [])
    line = content.count(b"\n") + 1
    for more, expected in ((b"\njunk", line + 1), (b"</Order>", line), (b"<x/>", line)):
        again, ((rule, got, at),) = read(syntax, content + more, grammar)
        assert (again, rule, got, at) == (messages, "XML-09", more.strip().decode(), expected)
    # A large second document is no other case: nothing of it need be kept to be told.
    root = _ROOT.search(content)
    assert root is not None
    second = content[root.start() :]
    if b"<!DOCTYPE" not in second:
        again, ((rule, got, at),) = read(syntax, content + b"\n" + second + b"<y>" + b"z" * 200_000, grammar)
        assert (again, rule, at) == (messages, "XML-09", line + 1) and got is not None and second.startswith(got[:8].encode())


def test_an_envelope_that_is_too_large_to_judge_is_said_to_be() -> None:
    content = (SAMPLES / "xml" / "wms_receipts.xml").read_bytes()
    at = content.index(b"<Receipt ")
    large = content[:at] + b"<Remark>" + b"r" * 70_000 + b"</Remark>" + content[at:]
    rules = {
        finding.rule
        for event in format_named("xml").read(io.BytesIO(large), STRICT, "wms_receipts")
        for finding in (event.interchange.findings if event.interchange is not None else ())
    }
    assert "XML-10" in rules and "XML-01" not in rules
