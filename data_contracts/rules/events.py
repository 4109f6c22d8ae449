"""Rules on what a visibility event says, beside what the format has asked of it: can its identifiers and times be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from data_contracts.canonical import EVENTS
from data_contracts.events.things import identify
from data_contracts.findings import Finding, Place

_SKEW = timedelta(days=1)
"""Clocks of partners lie in other zones, so that their date may be one ahead of ours."""


def judge(event: Mapping[str, Any], today: date) -> list[Finding]:
    """Every rule on one canonical event; places are canonical paths (`epcs[2]`)."""
    return [*_times(event, today), *_identifiers(event)]


def _times(event: Mapping[str, Any], today: date) -> Iterator[Finding]:
    limit = today + _SKEW
    for member in ("occurred_at", "issued_at"):
        stated = event.get(member)
        if isinstance(stated, datetime) and stated.date() > limit:
            yield Finding("DTE-02", Place(path=member), expected=f"≤ {limit}", got=stated.isoformat(), action="message")
            return


def _identifiers(event: Mapping[str, Any]) -> Iterator[Finding]:
    model = EVENTS[event["entity"]]
    for member in model.things:
        said = event.get(member)
        if isinstance(said, str):
            yield from _faults(said, member)
        else:
            for index, uri in enumerate(said or ()):
                if identify(uri).faults:
                    yield from _faults(uri, f"{member}[{index}]")
    for member in model.amounts:
        for index, row in enumerate(event.get(member) or ()):
            yield from _faults(row["epc_class"], f"{member}[{index}].epc_class")
    for member in ("read_point", "biz_location"):
        if event.get(member):
            yield from _faults(event[member], member)
    for member in ("business_transactions", "sources", "destinations"):
        for index, row in enumerate(event.get(member) or ()):
            yield from _faults(row["id"], f"{member}[{index}].id")


def _faults(uri: str, path: str) -> Iterator[Finding]:
    thing = identify(uri)
    if thing.faults:
        yield Finding("EVT-25", Place(path=path), got=uri, params={"reason": thing.faults[0].text()})
