"""Flows fetched by their `schedule` without an Airflow: `udihub serve --fetch`, `udihub worker --fetch`.

The same cron that Airflow reads (5 fields or `@hourly`, in UTC), the same promises: a flow that still runs is not begun a second time, and
what a stopped process missed is fetched once, at the next time. What fails is logged and shown with the flow's watermark, and fetched anew
when it is due again. One process does this for a site, or Airflow: two would ask everything twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import structlog
from croniter import CroniterError, croniter

from connectors.registry import transport_named
from connectors.spec import Streaming
from data_contracts.errors import FatalError
from hub import pipeline
from hub.runtime import Hub
from hub.site import Flow, Site

_LOOK_SECONDS = 1.0
"""Between two looks at what is due."""
AT_ONCE = 4
"""Flows that are fetched at a time; others that are due wait for their turn."""
_WORDS = frozenset({"@once", "@continuous"})
"""Schedules of Airflow that are no times: such flows run when they are asked to."""
_log = structlog.get_logger(__name__)


def is_schedule(text: str) -> bool:
    """Whether Airflow and we can read it: cron of 5 fields, or a word such as `@daily`.

    >>> is_schedule("*/5 * * * *"), is_schedule("@hourly"), is_schedule("61 * * * *"), is_schedule("* * * * * *")
    (True, True, False, False)
    """
    if text.startswith("@"):
        return text in _WORDS or croniter.is_valid(text)
    return len(text.split()) == 5 and croniter.is_valid(text)


def after(schedule: str, moment: datetime) -> datetime | None:
    """When a schedule is due next behind a moment (aware, UTC); None where it names no times, or none that ever comes (30 February)."""
    if schedule in _WORDS:
        return None
    try:
        due: datetime = croniter(schedule, moment).get_next(datetime)
    except CroniterError:
        return None
    return due


def scheduled(site: Site) -> Iterator[tuple[Flow, str]]:
    """Enabled flows that fetch by a schedule, with it. Streams are listened to and need none."""
    for flow in site.flows.values():
        if flow.direction != "in" or not flow.enabled or isinstance(transport_named(flow.transport["use"]), Streaming):
            continue
        if flow.schedule is not None:
            yield flow, flow.schedule


class Fetcher(threading.Thread):
    """Looks each second at what is due and fetches it; `current` gives the hub as the site says now, `heard` wakes the worker."""

    def __init__(self, current: Callable[[], Hub], heard: Callable[[], None] = lambda: None) -> None:
        super().__init__(name="udihub-fetcher", daemon=True)
        self.failure: FatalError | None = None
        self._current, self._heard = current, heard
        self._stopping = threading.Event()
        self._due: dict[tuple[str, str], datetime | None] = {}
        self._running: dict[str, threading.Thread] = {}
        self._room = threading.Semaphore(AT_ONCE)

    def run(self) -> None:
        """Look after look, until told to stop or nothing more may be written."""
        while self.failure is None and not self._stopping.wait(_LOOK_SECONDS):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - one look that fails must not end the looking
                _log.error("what is due could not be looked at", reason=f"{type(error).__name__}: {error}")

    def look(self) -> list[str]:
        """Begin what is due now; returns the names of the flows that were begun."""
        hub, begun = self._current(), []
        now, due = hub.clock.now(), {}
        self._running = {name: thread for name, thread in self._running.items() if thread.is_alive()}
        for flow, schedule in scheduled(hub.site):
            key = flow.flow, schedule  # a schedule that was changed is a new one
            moment = self._due[key] if key in self._due else after(schedule, now)
            if moment is not None and moment <= now:
                moment = after(schedule, now)
                if flow.flow in self._running:
                    _log.warning("flow is due and still runs", flow=flow.flow)
                else:
                    thread = threading.Thread(target=self._fetch, args=(hub, flow), name=f"udihub-fetch-{flow.flow}", daemon=True)
                    self._running[flow.flow] = thread
                    thread.start()
                    begun.append(flow.flow)
            due[key] = moment
        self._due = due
        return begun

    def _fetch(self, hub: Hub, flow: Flow) -> None:
        with self._room:
            if self._stopping.is_set():
                return
            try:
                landings = pipeline.fetch(hub, flow)
            except FatalError as error:
                self.failure = error
                _log.error("nothing more can be fetched", flow=flow.flow, reason=str(error))
            except Exception as error:  # noqa: BLE001 - whatever a peer does, the flow must be fetched when it is due again
                _log.error("flow could not be fetched", flow=flow.flow, reason=f"{type(error).__name__}: {error}")
                self._heard()  # what came before it failed is landed
            else:
                _log.info("flow was fetched", flow=flow.flow, documents=len(landings))
                if landings:
                    self._heard()

    def stop(self, seconds: float = 30.0) -> None:
        """Begin nothing more, and wait at most so long for what runs; what is cut off comes again."""
        self._stopping.set()
        until = time.monotonic() + seconds
        for thread in (self, *self._running.values()):
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))
