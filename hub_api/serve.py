"""`udihub serve`: the API, with a worker and the site's streams beside it unless they run elsewhere, and what is due if asked to fetch."""

from __future__ import annotations

import signal
import socket
import threading
import time
from typing import Annotated

import structlog
import typer
import uvicorn
from fastapi import FastAPI

from data_contracts.errors import HubError
from hub import pipeline
from hub.commands.administration import DOCUMENTS, take_turn
from hub.commands.words import word
from hub.listening import Listeners, streams_of
from hub.reloading import Reloader
from hub.runtime import Hub
from hub.schedules import Fetcher, scheduled
from hub_api.app import create_app
from hub_api.errors import trace_of

_log = structlog.get_logger(__name__)
_IDLE_SECONDS = 1.0
"""Longest rest of the worker when nothing waits; a posted document wakes it at once."""
_AFTER_FAILURE_SECONDS = 5.0
_SILENT_SECONDS = 600.0
"""A worker that has not ended a turn for so long is not well."""


class Worker(threading.Thread):
    """Claims and processes in the background until told to stop; a failed step or turn is logged and tried again."""

    def __init__(self, hub: Hub, wake: threading.Event) -> None:
        super().__init__(name="udihub-worker", daemon=True)
        self.hub = hub
        """Of the next turn; one that has begun goes on with the hub that it has."""
        self._wake = wake
        self._stopping = threading.Event()
        self._last_good = time.monotonic()

    def run(self) -> None:
        """Turn after turn. Work that is cut off by a stop is taken up by whoever claims it next."""
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                taken = take_turn(self.hub)
            except HubError as error:
                _log.error("worker's turn failed", error=str(error), kind=type(error).__name__)
                self._stopping.wait(_AFTER_FAILURE_SECONDS)
            except Exception as error:  # noqa: BLE001 - one document that trips it must not end the work on all others
                _log.error("worker's turn failed", kind=type(error).__name__, trace=trace_of(error))
                self._stopping.wait(_AFTER_FAILURE_SECONDS)
            else:
                if DOCUMENTS not in taken.failed:
                    self._last_good = time.monotonic()  # one flow that cannot push does not make the worker unwell
                if not taken.done:
                    self._wake.wait(_AFTER_FAILURE_SECONDS if taken.failed else _IDLE_SECONDS)

    def is_well(self) -> bool:
        """Whether it runs and has ended a turn lately."""
        return self.is_alive() and time.monotonic() - self._last_good < _SILENT_SECONDS

    def stop(self, seconds: float = 30.0) -> None:
        """Let the turn end, then stop; waits at most so long."""
        self._stopping.set()
        self._wake.set()
        self.join(seconds)


class SiteWatcher(threading.Thread):
    """Looks at the files of the site and lets requests, the worker and the listeners go on by what they say now (`hub.reloading`)."""

    def __init__(self, app: FastAPI, reloader: Reloader, listen: bool) -> None:
        super().__init__(name="udihub-site", daemon=True)
        self._app = app
        self._reloader = reloader
        self._listen = listen
        self._stopping = threading.Event()

    def run(self) -> None:
        """Look after look; whatever one meets, the next one is made."""
        while not self._stopping.wait(self._reloader.every):
            try:
                hub = self._reloader.look()
                if hub is not self._app.state.hub:
                    self._take(hub)
            except Exception as error:  # noqa: BLE001 - a site that cannot be looked at must not end the looking
                _log.error("the site could not be looked at", kind=type(error).__name__, trace=trace_of(error))

    def _take(self, hub: Hub) -> None:
        state = self._app.state
        state.hub = hub
        if state.worker is not None:
            state.worker.hub = hub
            state.wake.set()
        if self._listen:
            before, state.listeners = state.listeners, Listeners(hub, (), pipeline.land, state.wake.set)
            before.stop()  # one process listens to a stream at a time
            if not self._stopping.is_set():
                state.listeners = listeners_of(self._app, hub)
                state.listeners.start()

    def stop(self, seconds: float = 30.0) -> None:
        """No more looks; waits at most so long for one that has begun."""
        self._stopping.set()
        self.join(seconds)


def listeners_of(app: FastAPI, hub: Hub) -> Listeners:
    """A listener for each stream of the site, which wakes the worker."""
    return Listeners(hub, streams_of(hub), pipeline.land, app.state.wake.set)


class _Server(uvicorn.Server):
    """Says where it listens: of a port that the system chose nobody else knows the number."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in self.servers:
            for bound in listener.sockets:
                host, port = bound.getsockname()[:2]
                typer.echo(f"http://{f'[{host}]' if ':' in host else host}:{port}")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("serve")(serve_command)


def serve_command(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; beyond this machine put TLS in front.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8080,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Process what comes in here, or leave it to `udihub worker`.")
    ] = True,
    listen: Annotated[
        bool | None,
        typer.Option(
            "--listen/--no-listen", help="Listen to streams here, or leave it to `udihub flow listen`; as the worker, if left out."
        ),
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch/--no-fetch", help="Fetch flows by their schedule, where no Airflow does; without it nothing here does.")
    ] = False,
) -> None:
    """Serve the API on http://127.0.0.1:8080 until stopped; port 0 takes any free one. The address is said once it answers."""
    hub = Hub.open()
    if not fetch and (count := sum(1 for _ in scheduled(hub.site))):
        typer.echo(word("not_fetched", hub.settings.language).format(count=count), err=True)
    serve(hub, host, port, worker=worker, listen=listen, fetch=fetch)


def serve(
    hub: Hub, host: str = "127.0.0.1", port: int = 8080, *, worker: bool = True, listen: bool | None = None, fetch: bool = False
) -> None:
    """Serve an open hub until the process is told to stop (SIGINT, SIGTERM); then requests and the worker's turn come to their end."""
    app = create_app(hub)
    beside = Worker(hub, app.state.wake) if worker else None
    listens = worker if listen is None else listen
    app.state.worker = beside
    app.state.listeners = listeners_of(app, hub) if listens else Listeners(hub, (), pipeline.land, app.state.wake.set)
    watcher = SiteWatcher(app, Reloader(hub), listens)
    fetcher = Fetcher(lambda: app.state.hub, app.state.wake.set) if fetch else None
    server = _Server(
        uvicorn.Config(app, host=host, port=port, log_level="warning", server_header=False, timeout_graceful_shutdown=30, access_log=False)
    )
    # uvicorn raises the signal anew when it has shut down; it must not end the process before the worker's turn has ended.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    if beside is not None:
        beside.start()
    app.state.listeners.start()
    watcher.start()
    if fetcher is not None:
        fetcher.start()
    try:
        server.run()
    finally:
        watcher.stop()
        if fetcher is not None:
            fetcher.stop()
        app.state.listeners.stop()
        if beside is not None:
            beside.stop()
        hub.database.close()
