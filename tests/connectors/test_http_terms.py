"""What a peer says of how long it wants to be left alone, and of how its answer is packed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import httpx
import pytest

from connectors.http_terms import retry_after, unpacked
from data_contracts.errors import RetriableError

NOW = 1_795_000_000.0  # a clock of ours that is far from the peer's


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "Sun, 29 Nov 2026 10:00:30 GMT", "Date": "Sun, 29 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"Retry-After": "Sun, 29 Nov 2026 09:00:00 GMT", "Date": "Sun, 29 Nov 2026 10:00:00 GMT"}, 0.0),
        ({}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": b"\xb2"}, None),
    ],
    ids=["a number", "by the peer's clock", "over already", "nothing", "no moment", "a digit that is none"],
)
def test_how_long_a_peer_asks_us_to_wait(headers: dict[str, str | bytes], seconds: float | None) -> None:
    told = httpx.Headers([(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers.items()])
    assert retry_after(told, NOW) == seconds


def test_a_moment_without_the_peer_s_clock_is_judged_by_ours() -> None:
    assert retry_after(httpx.Headers({"Retry-After": "Sun, 29 Nov 2026 10:00:30 GMT"}), 1_795_946_400.0) == 30.0


class Stream(httpx.SyncByteStream):
    """A body in pieces of seven bytes."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __iter__(self) -> Iterator[bytes]:
        return (self.content[at : at + 7] for at in range(0, len(self.content), 7))


def came(said: str, content: bytes) -> httpx.Response:
    """An answer that says how it is packed."""
    return httpx.Response(
        200, headers={"Content-Encoding": said}, stream=Stream(content), request=httpx.Request("GET", "https://erp.example/")
    )


ROWS = b'{"rows": [' + b"1, " * 100_000 + b"1]}"


@pytest.mark.parametrize(
    ("said", "content"),
    [
        ("identity", ROWS),
        ("", ROWS),
        ("gzip", gzip.compress(ROWS)),
        ("deflate", zlib.compress(ROWS)),
        ("gzip", gzip.compress(ROWS[:1000]) + gzip.compress(ROWS[1000:])),
        ("gzip", ROWS),
        ("x-new", b"[1]"),
    ],
    ids=["as it is", "no word", "gzip", "deflate", "one behind the other", "called gzip", "called anything"],
)
def test_a_body_is_read_as_what_it_is_whatever_it_is_called(said: str, content: bytes) -> None:
    pieces = list(unpacked(came(said, content)))
    assert b"".join(pieces) == (ROWS if len(content) > 3 else content)
    assert max(map(len, pieces)) <= 64 * 1024, "however much comes out of a few bytes"


@pytest.mark.parametrize(
    ("said", "content", "told"),
    [("gzip", b"\x00no", "no gzip"), ("gzip", gzip.compress(ROWS)[:-9], "in the middle"), ("br", b"\x0b\x01", "nobody asked for")],
)
def test_a_body_that_nobody_can_unpack_is_no_answer(said: str, content: bytes, told: str) -> None:
    with pytest.raises(RetriableError, match=told):
        list(unpacked(came(said, content)))
