"""Runs the story through the hub: every file is delivered at its moment, by the flow that would fetch it, and every answer is given.

The clock follows the story, so that what is late is late and what expired has expired. Nothing here looks at `faults.json`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from hub import outbound, pipeline, worker
from hub.clock import FrozenClock
from hub.demonstration.story import Story
from hub.runtime import Hub
from hub.store import blobs, tables


@dataclass(slots=True)
class Played:
    """What was done, by count."""

    files: int = 0
    sent: int = 0
    answered: int = 0
    told: set[int] = field(default_factory=set)


def play(hub: Hub, clock: FrozenClock, story: Story, progress: Callable[[int, int], None]) -> Played:
    """Deliver all arrivals in order, process each, send what follows, let the suppliers answer, then look at it all as of now."""
    played = Played()
    for number, arrival in enumerate(story.arrivals, start=1):
        clock.set(max(clock.now(), arrival.at))
        flow = hub.site.flows[arrival.flow]
        _deliver(story.folder / arrival.path, hub.settings.home / str(flow.transport["folder"]))
        played.files += len(pipeline.fetch(hub, flow))
        worker.drain(hub)
        _answer_orders(hub, story, played)
        progress(number, len(story.arrivals))
    clock.set(max(clock.now(), story.now))
    pipeline.reconcile(hub)
    outbound.send(hub)
    outbound.watch(hub)
    pipeline.reconcile(hub)
    return played


def _deliver(source: Path, folder: Path) -> None:
    """Put a file into a mailbox as a careful sender does: complete, by renaming."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{source.name}.part"
    shutil.copy2(source, partial)
    partial.replace(folder / source.name)


def _answer_orders(hub: Hub, story: Story, played: Played) -> None:
    """Send orders that stand, and deliver the suppliers' 997s for them."""
    made: list[int] = []
    for flow in hub.site.flows.values():
        if flow.direction == "out" and flow.enabled:
            made += outbound.push(hub, flow)
    while outbound.send(hub):
        pass
    for exchange_id in made:
        sent = _sent(hub, exchange_id)
        if sent is None:  # what the partner was told before says this too
            continue
        played.sent += 1
        content, partner, agreement = sent
        answer = story.acknowledge(content)
        if answer is None:
            continue
        inward = next(
            flow
            for flow in hub.site.flows.values()
            if flow.direction == "in"
            and flow.compare is None
            and hub.site.agreements[flow.agreement].partner == partner
            and hub.site.agreements[flow.agreement].organisation == agreement
        )
        folder = hub.settings.home / str(inward.transport["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        name = f"997_{exchange_id}.edi"
        (folder / f".{name}.part").write_bytes(answer)
        (folder / f".{name}.part").replace(folder / name)
        pipeline.fetch(hub, inward)
        worker.drain(hub)
        played.answered += 1


def _sent(hub: Hub, exchange_id: int) -> tuple[bytes, str, str] | None:
    """Bytes, partner and organisation of an exchange that went out; null for one that did not."""
    with hub.database.read() as connection:
        row = connection.execute(
            sa.select(tables.outbox.c.sha256, tables.outbox.c.partner_id, tables.outbox.c.organisation_id).where(
                tables.outbox.c.exchange_id == exchange_id
            )
        ).one_or_none()
        if row is None:
            return None
        content = blobs.read_blob(connection, hub.settings.home, bytes(row.sha256))
    return content, hub.registry.partner_key(row.partner_id), hub.registry.organisation_key(row.organisation_id)
