"""Errors of the machinery, grouped by what to do next. Bad data is a `Finding`, never one of these.

HubError
 ├── ConfigError           a person mends a file of the site
 ├── RetriableError        try again later: peer away, database restarting
 │    └── BusyError        the peer is there and says when it takes more
 ├── AwaitedError          the peer has it and says later, by another way, whether it takes it
 ├── FatalError            stop and tell a person: durability or integrity is in doubt
 └── RefusedError          the caller may not do this
      ├── InvalidError     what the caller says is wrong; mended, it may be asked again
      ├── NotFoundError    unknown, or not the caller's to see: the two look the same
      └── ConflictError    same key, other bytes; a state that forbids the step
"""

from __future__ import annotations


class HubError(Exception):
    """Anything the hub raises on purpose."""


class ConfigError(HubError):
    """A file of the site, or a setting, is wrong; the message names file and field."""


class RetriableError(HubError):
    """The same call may succeed later."""


class BusyError(RetriableError):
    """The peer is there and takes nothing more for now; it may say for how long."""

    def __init__(self, told: str, seconds: float = 0) -> None:
        super().__init__(told)
        self.seconds = seconds


class AwaitedError(HubError):
    """The peer has the bytes; whether it takes them it says by another way. Ask again after `seconds`."""

    def __init__(self, told: str, seconds: float) -> None:
        super().__init__(told)
        self.seconds = seconds


class FatalError(HubError):
    """Going on could lose or falsify data."""


class RefusedError(HubError):
    """The request is understood and refused."""


class InvalidError(RefusedError):
    """What was asked cannot be right, whoever asks: an amount that does not fit, a time that cannot be."""


class NotFoundError(RefusedError):
    """There is no such thing for this caller."""


class ConflictError(RefusedError):
    """The request contradicts what is recorded."""
