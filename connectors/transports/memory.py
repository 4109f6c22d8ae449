"""Deliveries within one process: a transport without a disk or a network, for tests and for trying a flow.

    {use: memory, box: incoming}

`boxes` holds what waits in each box and what was settled; `put` is how somebody outside leaves something there.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Any, BinaryIO

from connectors.credentials import refuse_unknown, required
from connectors.file_names import safe_name
from connectors.spec import Delivered
from data_contracts.errors import ConflictError, RetriableError

_SETTINGS = frozenset({"box"})


@dataclass(slots=True)
class Box:
    """What waits, in order of arrival, and what was taken away."""

    waiting: dict[str, bytes] = field(default_factory=dict)
    settled: dict[str, bytes] = field(default_factory=dict)


class Memory:
    """The transport `memory`."""

    name = "memory"
    settings = _SETTINGS
    needs = frozenset({"box"})

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self._lock = Lock()

    def _box(self, settings: Mapping[str, Any]) -> Box:
        refuse_unknown(settings, _SETTINGS, self.name)
        return self.boxes.setdefault(required(settings, "box", self.name), Box())

    def put(self, box: str, name: str, content: bytes) -> None:
        """Leave something in a box, as a partner would."""
        with self._lock:
            self.boxes.setdefault(box, Box()).waiting[safe_name(name)] = content

    def fetch(self, settings: Mapping[str, Any]) -> Iterator[Delivered]:
        """What waits in the box, oldest first."""
        with self._lock:
            waiting = list(self._box(settings).waiting.items())
        for name, content in waiting:
            yield Delivered(name, f"{name}|{len(content)}|{sha256(content).hexdigest()[:16]}", len(content))

    def open(self, settings: Mapping[str, Any], delivered: Delivered) -> BinaryIO:
        """The bytes. Raises RetriableError when they were taken away meanwhile."""
        with self._lock:
            content = self._box(settings).waiting.get(delivered.name)
        if content is None:
            raise RetriableError(f"{delivered.name} is no longer there")
        return io.BytesIO(content)

    def settle(self, settings: Mapping[str, Any], delivered: Delivered) -> None:
        """Take it out of the box; nothing more when that was done before."""
        with self._lock:
            box = self._box(settings)
            content = box.waiting.get(delivered.name)
            if content is not None and len(content) == delivered.size:
                box.settled[delivered.name] = box.waiting.pop(delivered.name)

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Put it into the box. The same again is no second delivery; other bytes under a name that waits raise ConflictError."""
        with self._lock:
            box = self._box(settings)
            if box.waiting.get(safe_name(name), content) != content:
                raise ConflictError(f"another {name} waits there")
            box.waiting[name] = bytes(content)
        return f"{name}, {len(content)} bytes"


TRANSPORT = Memory()
