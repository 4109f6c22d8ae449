"""What one file of a source brings: itself, or the documents that are packed in it (`unpack` of a folder or SFTP server); and which files
were taken lately, so that it is seen when their writers go on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from connectors import unpacking
from connectors.file_names import is_utf8, readable, spelled
from connectors.spec import Delivered
from data_contracts.findings import Finding
from hub.runtime import Hub
from hub.site import Flow
from hub.store import documents
from hub.store.types import micros

_HOURS = 6
"""For so long after a file was taken it is looked at again: an upload that stands still for longer has broken off."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A document that is to be landed."""

    name: str
    delivery_key: str
    stream: BinaryIO
    media_type: str | None = None
    finding: Finding | None = None
    """What is wrong with a packed file; it comes as it is, so that nothing is lost."""


def arrivals(home: Path, settings: Mapping[str, Any], delivered: Delivered, stream: BinaryIO) -> Iterator[Arrival]:
    """Each to be landed before the next one is asked for. A part's key is that of its file and its own name, so that a repeat is one."""
    kinds, shown = unpacking.wanted(settings), readable(delivered.name)
    if not kinds:
        yield Arrival(shown, delivered.delivery_key, stream, delivered.media_type)
        return
    with tempfile.TemporaryFile(dir=home) as kept:  # an archive is read from its end, which a server may not offer
        copy = cast("BinaryIO", kept)
        shutil.copyfileobj(stream, copy, 1 << 20)
        kind = unpacking.kind_of(copy, kinds)
        wrong = unpacking.fault(copy, kind, shown) if kind is not None else None
        if kind is None or wrong is not None:
            copy.seek(0)
            yield Arrival(shown, delivered.delivery_key, copy, delivered.media_type, wrong)
            return
        for name, part, key in unpacking.parts(copy, kind, shown):
            yield Arrival(name, f"{delivered.delivery_key}!{key}", part)


def misnamed(delivered: Delivered) -> Finding | None:
    """What is to be told of a file whose name is no UTF-8."""
    if is_utf8(delivered.name):
        return None
    return Finding("FIL-02", expected="UTF-8", got=spelled(delivered.name), params={"name": readable(delivered.name)})


def taken_lately(hub: Hub, flow: Flow) -> Iterator[str]:
    """Delivery keys, as the transport gave them, of what this flow took in the last six hours; asked for when the first is wanted."""
    since = micros(hub.clock.now()) - _HOURS * 3_600_000_000
    with hub.database.read() as connection:
        found = documents.keys_since(connection, flow.flow, since)
    yield from (key.removeprefix(f"{flow.flow}/") for key in found)
