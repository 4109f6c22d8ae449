"""`flow listen`: streams that are listened to until told to stop, in a process of their own or until they are quiet."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from data_contracts.errors import ConfigError
from data_contracts.mistakes import meant
from hub import pipeline
from hub.commands.words import word
from hub.listening import Listeners, streams_of
from hub.runtime import Hub

_LOOK_SECONDS = 1.0
"""Between two looks whether a listener has ended."""


def register(flows: typer.Typer) -> None:
    """Add the command to the group `flow`."""
    flows.command("listen")(listen_command)


def listen_command(
    names: Annotated[list[str] | None, typer.Argument(help="Flows; without any, all streams of the site.")] = None,
    drain: Annotated[bool, typer.Option("--drain", help="Take what waits now, until nothing comes for a while, then stop.")] = False,
) -> None:
    """Listen to streams (MQTT, NATS, OPC UA): land what comes, then acknowledge it. `udihub serve` does this by itself.

    Runs until stopped (SIGINT, SIGTERM). One process listens to a flow at a time; a second one waits until the first has gone.
    """
    hub = Hub.open()
    flows = streams_of(hub, names or ())
    known = {flow.flow for flow in streams_of(hub)}
    for name in names or ():
        if name not in known:
            raise ConfigError(f"there is no stream {name!r} to listen to; did you mean {meant(name, known)}?")
    if not flows:
        raise ConfigError("the site has no flow that is listened to")
    if drain:
        for flow in flows:
            typer.echo(word("drained", hub.settings.language).format(flow=flow.flow, count=len(pipeline.fetch(hub, flow))))
        return
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    listeners = Listeners(hub, flows, pipeline.land, lambda: None)
    listeners.start()
    typer.echo(word("listening", hub.settings.language).format(flows=", ".join(flow.flow for flow in flows)))
    while not stopping.wait(_LOOK_SECONDS) and listeners.are_well():
        pass
    listeners.stop()
    if listeners.failure is not None:
        raise listeners.failure
