"""`udihub partner check --reach`: whether the peers of flows are there and let us in, told before the first document is to move.

Only transports that can prove it without moving anything are asked (`connectors.spec.Reachable`); of the others nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.registry import transport_named
from connectors.spec import Reachable
from data_contracts.errors import HubError
from hub.runtime import local
from hub.site import Site


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of one flow's peer."""

    flow: str
    reached: bool
    said: str
    """What the peer said, or why it could not be reached."""


def reached(site: Site, home: Path) -> Iterator[Reached]:
    """Each flow whose transport can be asked, in the order of their names. Secrets are looked for; nothing is fetched, sent or kept."""
    for flow in sorted(site.flows.values(), key=lambda flow: flow.flow):
        transport = transport_named(flow.transport["use"])
        if not flow.enabled or not isinstance(transport, Reachable):
            continue
        try:
            said = transport.reach(local(flow.transport, home), asks=flow.direction == "in")
            if said is not None:
                yield Reached(flow.flow, True, said)
        except HubError as error:
            yield Reached(flow.flow, False, str(error))
