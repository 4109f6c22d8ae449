"""Extracts of a register that wait at a flow's source, compared one after the other, the oldest first.

A register that is asked page by page (EUDAMED's public side) gives one extract of changes a day: what it answers now. Where the flow asks
for one device after the other (`each`) and names none, our devices that are sold there are asked for.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from connectors.file_names import readable
from connectors.registry import transport_named
from connectors.spec import Polling
from data_contracts.errors import ConflictError, FatalError, HubError
from data_contracts.registers import register_named
from hub.polling import polling_settings
from hub.registers.compare import Outcome, compare
from hub.runtime import Hub
from hub.site import Flow
from hub.store import views

_PAGE = 500


def fetch_extracts(hub: Hub, flow: Flow) -> list[Outcome]:
    """Compare what waits and settle it there. One that fails stops no other; the first failure is raised at the end.

    One that is older than what was compared before can teach nothing: it is settled, and the others are looked at.
    """
    transport = transport_named(flow.transport["use"])
    if isinstance(transport, Polling):
        return _asked(hub, flow, transport)
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
                    outcomes.append(
                        compare(hub, cast("BinaryIO", copy), readable(delivered.name), by, register=flow.compare, scope=flow.scope)
                    )
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


def _asked(hub: Hub, flow: Flow, transport: Polling) -> list[Outcome]:
    """All pages that a register answers now, as one extract; nothing where there is none to ask for."""
    settings = polling_settings(hub, flow)
    each = settings.get("each")
    if isinstance(each, Mapping) and "values" not in each:
        settings["each"] = {**each, "values": _sold_there(hub, str(flow.compare))}
        if not settings["each"]["values"]:
            return []
    with tempfile.TemporaryFile(dir=hub.settings.home) as gathered:
        for page in transport.pages(settings, None):
            gathered.write(page.content.strip() + b"\n")
        stream = cast("BinaryIO", gathered)
        day = hub.clock.now().date()
        return [compare(hub, stream, f"{flow.flow}.json", f"flow:{flow.flow}", register=flow.compare, as_of=day, scope="changes")]


def _sold_there(hub: Hub, register: str) -> list[Any]:
    """The DIs of our devices that have the register's section."""
    section, today = register_named(register).section, hub.clock.now().date()
    found: list[Any] = []
    cursor: str | None = None
    while True:
        with hub.database.read() as connection:
            devices, cursor = views.devices(connection, on=today, cursor=cursor, limit=_PAGE)
        found += [one["number"] for one in devices if isinstance(one.get(section), Mapping)]
        if cursor is None:
            return found
