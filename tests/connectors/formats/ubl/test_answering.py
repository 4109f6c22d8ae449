"""What an ApplicationResponse says of what we sent, by its codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.formats.ubl import ANSWERING
from tests.connectors.reading import read

SAMPLE = (Path(__file__).parents[3] / "samples" / "ubl" / "ApplicationResponse.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("AP", "accepted"),
        ("PD", "accepted"),
        ("CA", "partly"),
        ("RE", "rejected"),
        ("AB", "received"),
        ("UQ", "received"),
        ("IP", "received"),
    ],
)
def test_a_code_is_a_verdict_on_the_document_that_it_names(code: str, verdict: str) -> None:
    (message,) = read("ubl", SAMPLE.replace(">RE<", f">{code}<", 1).encode()).messages
    (said,) = ANSWERING.read(message)
    assert (said.level, said.verdict, said.number) == ("document", verdict, "PO-2026-118")
    assert said.notes == f"{code} Rejected due to business rules; 2: No such item BV"
