"""The application: `/v1` for partners, systems and people; health and metrics beside it. Handlers call hub functions and hold no logic."""

from __future__ import annotations

import json
import threading
from collections import Counter
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hub.runtime import Hub
from hub_api.epcis import answer_options, answer_refusals, say_400
from hub_api.errors import Problem, answer_errors
from hub_api.metrics import Measured, Metrics
from hub_api.routers import (
    as2,
    audit,
    callbacks,
    device_export,
    devices,
    differences,
    discrepancies,
    documents,
    epcis,
    epcis_queries,
    epcis_resources,
    epcis_streams,
    exceptions,
    exchanges,
    findings,
    flows,
    health,
    inventory,
    items,
    labels,
    masterdata,
    orders,
    outbox,
    parties,
    quality,
    recalls,
    resolver,
    selftest,
    traces,
)
from hub_api.security import guard

_DESCRIPTION = """\
The integration hub for medical-device supply chains: EDI, XML, JSON and CSV between ERP, MES, WMS and partners.

Send an API key with each request: `Authorization: Bearer udi_…`. A partner's key sees what that partner sent and what was sent to it;
unknown and foreign ids give the same 404. Lists come newest first with an opaque `next` cursor; single resources carry an ETag. Errors are
`application/problem+json` (RFC 9457). `Accept-Language: zh-CN` or `en` chooses the language of
findings, of words for states, and of problems' titles and details; their `type` is the same in every language.
"""
_EXAMPLES = Path(__file__).with_name("examples.json")
"""By shape: answers of a hub with one order, its despatch advice and a count."""
_ROUTERS = (
    documents, selftest, exchanges, flows, outbox, orders, inventory, discrepancies, findings, exceptions, items, differences,
    device_export, devices, parties, masterdata, audit, traces, recalls, labels, resolver, epcis_queries, epcis_resources,
    epcis_streams, epcis, quality, health, as2, callbacks,
)  # fmt: skip
_TAGS = [
    {"name": "documents", "description": "Bytes in, acknowledgements back."},
    {"name": "exchanges", "description": "The story of each message."},
    {"name": "orders", "description": "Order lines as everybody sees them."},
    {"name": "inventory", "description": "Stock as every system sees it."},
    {"name": "discrepancies", "description": "Where sources disagree."},
    {"name": "findings", "description": "What rules found."},
    {"name": "exceptions", "description": "Cases: what a person must decide, in the order of what blocks supply or safety."},
    {"name": "flows", "description": "What is stopped, and its end."},
    {"name": "audit", "description": "Who did what, when and why."},
    {"name": "outbox", "description": "What goes out, what was given up, and how it fares where it goes."},
    {"name": "master data", "description": "Items, devices and parties under all their names."},
    {"name": "traces", "description": "What is in it, where did it go."},
    {"name": "recalls", "description": "Where every unit is, who was told, what they said."},
    {"name": "labels", "description": "What is printed on a thing, and what answers when it is scanned."},
    {"name": "epcis", "description": "EPCIS 2.0: capture visibility events, ask for them, subscribe to them."},
    {"name": "quality", "description": "How good the data is."},
    {"name": "health", "description": "For supervisors and Prometheus."},
]


def create_app(hub: Hub) -> FastAPI:
    """The application over an open hub. `state.wake` is set whenever there is new work; `state.worker` is this process's worker, if any."""
    app = FastAPI(
        title="UDIHub",
        version=version("udihub"),
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # the usual pages load scripts from outside hosts
        redoc_url=None,
    )
    app.state.hub = hub
    app.state.wake = threading.Event()
    app.state.worker = None
    app.state.listeners = None
    app.state.streams = Counter()
    app.state.metrics = Metrics()
    answer_errors(app)
    answer_refusals(app)
    for module in _ROUTERS:
        app.router.routes.extend(module.router.routes)  # as they are: `include_router` would analyse each handler once more
    answer_options(app)
    if find_spec("nicegui") is not None:  # the extra `console`
        from hub_api.console import mount

        mount(app, hub)
    guard(app)
    app.add_middleware(Measured, metrics=app.state.metrics)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes, tags=_TAGS)
            shapes = schema.setdefault("components", {}).setdefault("schemas", {})
            say_400(schema)
            shapes["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            for name, example in json.loads(_EXAMPLES.read_text(encoding="utf-8")).items():
                shapes[name]["examples"] = [example]
            schema["servers"] = [{"url": "/", "description": "this hub"}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app
