"""Which flow a pair of AS2 names belongs to. A relation is agreed by flows whose transport is `as2`, one for each direction."""

from __future__ import annotations

from typing import Literal

from connectors.transports.as2.station import Station, station
from hub.runtime import Hub
from hub.site import Flow, Site


def flows(site: Site) -> list[Flow]:
    """All flows that go by AS2."""
    return [flow for flow in site.flows.values() if flow.transport.get("use") == "as2" and flow.enabled]


def relation(hub: Hub, theirs: str | None, ours: str | None, direction: Literal["in", "out"]) -> Flow | None:
    """The flow of a pair of names, letter for letter; None: nothing of the kind was agreed."""
    for flow in flows(hub.site):
        agreed = (flow.transport.get("theirs"), flow.transport.get("ours"), flow.direction)
        if flow.compare is None and agreed == (theirs, ours, direction):
            return flow
    return None


def station_of(hub: Hub, flow: Flow) -> Station:
    """Names, keys and options of a flow, read anew: a key that was changed counts at once. Raises ConfigError."""
    return station(hub.transport_settings(flow))
