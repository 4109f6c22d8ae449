"""What a peer says of how long it wants to be left alone."""

from __future__ import annotations

import httpx
import pytest

from connectors.http_terms import retry_after

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
