"""Extracts of a register that wait at a flow's source, compared one after the other, the oldest first."""

from __future__ import annotations

import shutil
import tempfile
from typing import BinaryIO, cast

from connectors.registry import transport_named
from data_contracts.errors import ConflictError, FatalError, HubError
from hub.registers.compare import Outcome, compare
from hub.runtime import Hub
from hub.site import Flow


def fetch_extracts(hub: Hub, flow: Flow) -> list[Outcome]:
    """Compare what waits and settle it there. One that fails stops no other; the first failure is raised at the end.

    One that is older than what was compared before can teach nothing: it is settled, and the others are looked at.
    """
    transport = transport_named(flow.transport["use"])
    settings = hub.transport_settings(flow)
    outcomes: list[Outcome] = []
    failed: HubError | None = None
    for delivered in transport.fetch(settings):
        try:
            with (
                transport.open(settings, delivered) as stream,
                tempfile.TemporaryFile(dir=hub.settings.home) as copy,  # an archive is read from its end, which a server may not offer
            ):
                shutil.copyfileobj(stream, copy, 1 << 20)
                try:
                    by = f"flow:{flow.flow}"
                    outcomes.append(compare(hub, cast("BinaryIO", copy), delivered.name, by, register=flow.compare, scope=flow.scope))
                except ConflictError as error:
                    failed = failed or error
            transport.settle(settings, delivered)
        except FatalError:
            raise
        except HubError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return outcomes
