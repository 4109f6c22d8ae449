"""Memory does not grow with a document: 12 MB in one interchange, made while they are read (`make prove-stream` reads a gigabyte)."""

from __future__ import annotations

import pytest

from benchmarks.stream import Pieces, interchange, measured


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x12", "edifact"])
def test_an_interchange_of_12_mb_is_read_in_the_memory_of_its_first_messages(name: str) -> None:
    took = measured(name, 12)
    assert took["bytes"] > 11_500_000
    assert took["messages"] > 8_000
    assert took["peak_mb"] < 150
    assert took["peak_mb"] - took["after_first_mb"] < 15


@pytest.mark.parametrize("name", ["x12", "edifact"])
def test_a_document_that_is_made_while_it_is_read_is_a_stream(name: str) -> None:
    whole = b"".join(interchange(name, 900_000))
    stream = Pieces(lambda: interchange(name, 900_000))
    assert stream.read(7) + stream.read(100_000) == whole[:100_007]
    assert (stream.seek(3), stream.read(5), stream.tell()) == (3, whole[3:8], 8)
    assert stream.read() == whole[8:]
    assert stream.read(1) == b""
