"""Metrics: what the process did and what the store holds, in Prometheus' words. Labels are routes, states and rule ids, never content."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.store.figures import Figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_MICROS = 1_000_000


class _Once(Collector):
    """Hands the gauges of one scrape to the text writer."""

    def __init__(self, gauges: Iterable[GaugeMetricFamily]) -> None:
        self._gauges = list(gauges)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._gauges


class Metrics:
    """Counters of one application; two applications in one process do not share them."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter("udihub_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry)
        self.seconds = Histogram(
            "udihub_request_seconds", "Seconds to the end of the answer.", ["method", "route"], registry=self._registry
        )

    def text(self, figures: Figures, now: int) -> bytes:
        """Counters, and gauges of the store at this moment (`now` in microseconds)."""
        waited = 0.0 if figures.oldest_waiting is None else (now - figures.oldest_waiting) / _MICROS
        gauges = [
            _gauge("udihub_documents", "Documents by state.", ["state"], {(key,): value for key, value in figures.documents.items()}),
            _gauge("udihub_exchanges", "Exchanges by direction and state.", ["direction", "state"], figures.exchanges),
            _gauge("udihub_findings_open", "Open findings by severity.", ["severity"], {(key,): n for key, n in figures.findings.items()}),
            _gauge(
                "udihub_discrepancies_open",
                "Open discrepancies by rule.",
                ["rule"],
                {(key,): n for key, n in figures.discrepancies.items()},
            ),
            _gauge("udihub_outbox", "Parcels by state.", ["state"], {(key,): value for key, value in figures.outbox.items()}),
            _gauge("udihub_flows_stopped", "Flows that take nothing in until a person resumes them.", [], {(): figures.stopped}),
            _gauge("udihub_destinations_open", "Destinations that take nothing any more.", [], {(): figures.circuits}),
            _gauge("udihub_oldest_waiting_seconds", "Age of the oldest document that waits.", [], {(): waited}),
        ]
        once = CollectorRegistry()
        once.register(_Once(gauges))
        return generate_latest(self._registry) + generate_latest(once)


def _gauge(name: str, text: str, labels: list[str], values: Mapping[Any, float]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for key, value in sorted(values.items()):
        gauge.add_metric(list(key), value)
    return gauge


class Measured:
    """Counts each request under its route's template, so that ids make no labels."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE") else "other"
            self.metrics.requests.labels(method, route, str(status)).inc()
            self.metrics.seconds.labels(method, route).observe(time.perf_counter() - began)
