"""The post: collects what everybody sends, numbers the interchanges in the order of sending, and writes the files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hub.demonstration.company import CHANNELS, Channel
from hub.demonstration.story import Arrival
from hub.demonstration.x12_files import Envelope, TransactionSet, envelope_to, interchange

FEEDS: dict[str, tuple[str, str, str]] = {
    "erp_items": ("erp", "suzhou", "in/erp"),
    "erp_parties": ("erp", "suzhou", "in/erp"),
    "erp_devices": ("erp", "suzhou", "in/erp"),
    "erp_orders_suzhou": ("erp", "suzhou", "in/erp"),
    "erp_orders_rotterdam": ("erp", "rotterdam", "in/erp"),
    "erp_stock_suzhou": ("erp", "suzhou", "in/erp"),
    "erp_stock_rotterdam": ("erp", "rotterdam", "in/erp"),
    "wms_stock_suzhou": ("wms", "suzhou", "in/wms"),
    "wms_stock_rotterdam": ("wms", "rotterdam", "in/wms"),
    "wms_receipts_suzhou": ("wms", "suzhou", "in/wms"),
    "wms_receipts_rotterdam": ("wms", "rotterdam", "in/wms"),
    "wms_despatches_suzhou": ("wms", "suzhou", "in/wms"),
    "wms_despatches_rotterdam": ("wms", "rotterdam", "in/wms"),
    "mes_production": ("mes", "suzhou", "in/mes"),
}
"""Flow (and agreement) of an own system's feed to partner, organisation and folder."""

_SUFFIX = {"erp_items": "csv", "erp_orders_rotterdam": "csv", "erp_stock_suzhou": "csv", "erp_stock_rotterdam": "csv",
           "wms_receipts_suzhou": "xml", "wms_receipts_rotterdam": "xml"}  # fmt: skip


@dataclass(slots=True, eq=False)
class Posting:
    """One file on its way. `path` and `control` are known once the post is numbered."""

    at: datetime
    flow: str
    partner: str
    organisation: str
    folder: str
    stem: str
    suffix: str
    content: bytes = b""
    envelope: Envelope | None = None
    sets: list[TransactionSet] = field(default_factory=list)
    damage: Callable[[bytes], bytes] | None = None
    declared_offset: int = 0
    """Added to the control number that IEA02 states."""
    fixed_control: int | None = None
    """A number outside the sender's running series."""
    same_control_as: Posting | None = None
    again: Posting | None = None
    """Sends the very bytes of that posting once more."""
    path: str = ""
    control: int | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """Sender and receiver whose control numbers count together."""
        assert self.envelope is not None
        return (self.envelope.sender, self.envelope.receiver)


class Mail:
    """Everything sent in the story."""

    def __init__(self) -> None:
        self.postings: list[Posting] = []

    def file(self, at: datetime, flow: str, content: bytes, *, suffix: str | None = None) -> Posting:
        """A file of an own system."""
        partner, organisation, folder = FEEDS[flow]
        stem = flow.partition("_")[2]
        posting = Posting(at, flow, partner, organisation, folder, stem, suffix or _SUFFIX.get(flow, "json"), content)
        self.postings.append(posting)
        return posting

    def x12(self, at: datetime, channel: Channel, sets: list[TransactionSet], *, envelope: Envelope | None = None) -> Posting:
        """An interchange of a supplier, dated in its own time zone; `envelope` overrides what this mailbox usually carries."""
        posting = Posting(
            at.astimezone(channel.supplier.zone),
            channel.flow,
            channel.supplier.key,
            channel.organisation.key,
            channel.folder,
            sets[0].code if sets else "file",
            "edi",
            envelope=envelope or envelope_to(channel.supplier, channel.organisation),
            sets=sets,
        )
        self.postings.append(posting)
        return posting

    def raw(self, at: datetime, channel: Channel, content: bytes) -> Posting:
        """Bytes in a supplier's mailbox that are no interchange."""
        posting = self.x12(at, channel, [])
        posting.envelope, posting.content = None, content
        return posting

    def drop(self, posting: Posting) -> None:
        """Take a posting back before it is sent."""
        self.postings.remove(posting)

    def number(self, first: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
        """Give control numbers and paths in order of sending, starting at `first` for each pair; returns the next free numbers."""
        following = dict(first)
        self.postings.sort(key=lambda posting: posting.at)
        taken: set[str] = set()
        for posting in self.postings:
            if posting.again is not None:
                posting.control = posting.again.control
            elif posting.same_control_as is not None:
                posting.control = posting.same_control_as.control
            elif posting.fixed_control is not None:
                posting.control = posting.fixed_control
            elif posting.envelope is not None:
                posting.control = following[posting.pair]
                following[posting.pair] += 1
            posting.path = _free_path(posting, taken)
        return following

    def deliver(self, folder: Path) -> tuple[Arrival, ...]:
        """Write all files below the folder, with their times, and say in which order they arrive. Call `number` before."""
        arrivals = []
        for posting in self.postings:
            target = folder / posting.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content_of(posting))
            os.utime(target, (posting.at.timestamp(), posting.at.timestamp()))
            arrivals.append(Arrival(posting.path, posting.partner, posting.flow, posting.flow, posting.organisation, posting.at))
        return tuple(arrivals)


def content_of(posting: Posting) -> bytes:
    """The bytes of a numbered posting."""
    if posting.again is not None:
        return content_of(posting.again)
    if posting.envelope is None:
        return posting.content
    assert posting.control is not None
    declared = posting.control + posting.declared_offset if posting.declared_offset else None
    content = interchange(posting.envelope, posting.control, posting.at, posting.sets, declared=declared)
    return posting.damage(content) if posting.damage is not None else content


def pairs() -> list[tuple[str, str]]:
    """Sender and receiver of every regular mailbox."""
    return [(channel.supplier.x12_id, channel.organisation.x12_id) for channel in CHANNELS]


def _free_path(posting: Posting, taken: set[str]) -> str:
    """Folder and a file name that no other mailbox has, so that the bare name tells which file is meant."""
    stem, copy = f"{posting.stem}_{posting.at:%Y%m%dT%H%M}", 1
    name = f"{stem}.{posting.suffix}"
    while name in taken:
        copy += 1
        name = f"{stem}_{copy}.{posting.suffix}"
    taken.add(name)
    return f"{posting.folder}/{name}"
