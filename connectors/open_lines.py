"""Connections to peers that stay open while a sender works: with a peer far away a new one costs several journeys there and back before the
document's own, and with SSH a tenth of a second of work besides.

Within `kept_open()` whatever this thread opens to one peer may be kept for what goes there next; at the end of the block all of it is
closed. Each protocol says what tells two peers apart (`http_connections`, `transports/sftp.py`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Protocol

_here = local()


class Line(Protocol):
    """An open connection."""

    def hang_up(self) -> None:
        """The end of it. Never fails."""
        ...


@contextmanager
def kept_open() -> Iterator[None]:
    """What this thread connects to within the block stays connected until its end."""
    if lines() is not None:  # a block within a block belongs to the outer one
        yield
        return
    _here.lines = {}
    try:
        yield
    finally:
        kept, _here.lines = _here.lines, None
        for line in kept.values():
            line.hang_up()


def lines() -> dict[Hashable, Line] | None:
    """This thread's open connections by whom they lead to; None where none is kept."""
    found: dict[Hashable, Line] | None = getattr(_here, "lines", None)
    return found
