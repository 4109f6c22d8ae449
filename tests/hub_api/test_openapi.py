"""The description of the API: complete, valid, and what the handlers really answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from openapi_spec_validator import validate
from pydantic import TypeAdapter

from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import approvals, blobs, outbox, watermarks
from hub_api.app import create_app
from tests.hub.registers.conftest import device, extract, run
from tests.hub.world import party
from tests.hub_api.conftest import SITE, Api
from tests.hub_api.masters import say
from tests.hub_api.papers import ACME, DEVICE, despatch, devices, interchange, orders, stock

OPEN = {"/health/live", "/health/ready"}


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[FastAPI]:
    """Over one store: what is described does not depend on it."""
    hub = Hub.open(Settings(tmp_path / "home", SITE, sqlite_url, "en", 200_000, clock))
    yield create_app(hub)
    hub.database.close()


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_description_is_valid(app: FastAPI) -> None:
    validate(app.openapi())


def test_every_operation_says_what_it_does_and_what_can_go_wrong(app: FastAPI) -> None:
    schema = app.openapi()
    assert schema["info"]["description"] and schema["servers"] and schema["tags"]
    told = {tag["name"] for tag in schema["tags"]}
    seen = 0
    for path, method, operation in operations(schema):
        seen += 1
        name = f"{method} {path}"
        assert operation["summary"] and operation["description"].strip(), name
        assert set(operation["tags"]) <= told, name
        if path not in OPEN:
            assert operation["security"] == [{"key": []}], name
            assert {"401", "429"} <= set(operation["responses"]), name
        if "{" in path:
            assert "404" in operation["responses"], name
        for status, answer in operation["responses"].items():
            assert answer["description"], name
            if status >= "400" and path not in OPEN:
                assert set(answer["content"]) == {"application/problem+json"}, name
            elif status == "204":
                assert "content" not in answer, name
            else:
                assert answer["content"], name
        for parameter in operation.get("parameters", ()):
            assert parameter["in"] == "path" or parameter["description"], f"{name} {parameter['name']}"
        if method == "post":
            assert operation["requestBody"]["required"], name
    assert seen >= 25
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_every_shape_has_its_description(app: FastAPI) -> None:
    for name, shape in app.openapi()["components"]["schemas"].items():
        assert shape.get("description"), name


def test_every_answer_has_an_example_of_its_shape(app: FastAPI) -> None:
    schema = app.openapi()
    shapes = schema["components"]["schemas"]
    for path, method, operation in operations(schema):
        for status, answer in operation["responses"].items():
            for media_type, content in answer.get("content", {}).items():
                told = content.get("example") or content["schema"].get("examples")
                shape = content["schema"].get("items", content["schema"]).get("$ref", "").rpartition("/")[2]
                binary = content["schema"].get("format") == "binary"
                assert told or binary or shapes[shape].get("examples"), f"{method} {path} {status} {media_type}"
    for route in app.routes:
        if isinstance(route, APIRoute) and isinstance(route.response_model, type):
            name = re.sub(r"[\[\]]", "_", route.response_model.__name__)
            for example in shapes[name].get("examples", ()):
                TypeAdapter(route.response_model).validate_python(example)


def test_answers_have_the_shapes_that_are_described(api: Api) -> None:
    """Every GET route answers with its response model, members and all, on data of every kind."""
    for number in ("4500000001", "4500000002"):
        assert api.post(orders(number), "erp", key=number, params={"agreement": "orders_north"}).status_code == 200
    assert api.post(interchange(ACME, 1, despatch("S1", quantity="20"), despatch("S2", gtin="06901234000029")), "acme").status_code == 200
    assert api.post(stock(), "wms", key="1", params={"agreement": "stock_north"}).status_code == 200
    assert api.post(devices(), "erp", key="d", params={"agreement": "devices"}).status_code == 200
    api.settle()
    opened = api.request("POST", "/v1/recalls", "admin", json={"organisation": "north", "title": "T", "reason": "R", "lots": ["L1"]})
    assert opened.status_code == 201, opened.text
    run(api.app.state.hub, extract(device(api.app.state.hub, mri="unsafe")), "gudid_full_20261101.xml")
    say(api.hub, "erp", party("V1"))
    say(api.hub, "erp", party("V2"))
    place = {"level": "plant", "name": "Plant", "parent": "8799999010009"}
    wanted = {"kind": "place", "action": "place", "source": {"system": "place", "code": "P"}, "value": place, "reason": "drawn so"}
    assert api.request("POST", "/v1/masterdata/requests", "admin", json=wanted).status_code == 201
    with api.hub.database.begin("flow:pulled") as uow:
        watermarks.opened(uow, "pulled", api.hub.organisation_id("north"), api.hub.partner_id("erp"))
    held = next(row["id"] for row in api.get("/v1/exchanges?state=quarantined").json()["items"])
    with api.hub.database.begin("flow:orders_to_acme") as uow:
        approvals.ask(uow, "orders_to_acme", api.hub.organisation_id("north"), api.hub.partner_id("acme"), [held])
    assert api.request("POST", "/v1/flows/acme_in/stop", "admin", json={"reason": "R"}).status_code == 200
    with api.hub.database.begin("test") as uow:
        sha256, _ = blobs.keep(uow.connection, uow.home, b"<order>")
        whose = api.hub.organisation_id("north"), api.hub.partner_id("acme")
        outbox.put(uow, outbox.Parcel("waits", *whose, "document", {"use": "folder", "folder": "out"}, "waits", "text/xml", sha256))
    answers = [api.request("POST", "/v1/flows/approvals/1/approve", who, json={"reason": "R"}) for who in ("erp", "admin", "admin")]
    assert [one.status_code for one in answers] == [403, 200, 409] and answers[1].json()["decided_reason"] == "R"
    examples = {
        "/v1/flows/approvals": ["/v1/flows/approvals?all=true"],
        "/v1/documents/{document_id}": ["/v1/documents/3"],
        "/v1/documents/{document_id}/acknowledgements": ["/v1/documents/3/acknowledgements"],
        "/v1/exchanges/{exchange_id}": [f"/v1/exchanges/{held}", "/v1/exchanges/1"],
        "/v1/orders/{number:path}": ["/v1/orders/4500000001"],
        "/v1/traces": ["/v1/traces?key=L1&direction=both"],
        "/v1/traces/graph": ["/v1/traces/graph?key=L1"],
        "/v1/traces/{key:path}": ["/v1/traces/L1?direction=both"],
        "/v1/devices/{di:path}": [f"/v1/devices/{DEVICE}"],
        "/v1/devices/differences/{difference_id}": ["/v1/devices/differences/1"],
        "/v1/exceptions/{case_id}": [f"/v1/exceptions/{row['id']}" for row in api.get("/v1/exceptions").json()["items"][:6]],
        "/v1/devices/readiness": ["/v1/devices/readiness?to=gudid"],
        "/v1/recalls/{number}": [opened.headers["Location"]],
        "/v1/labels": [f"/v1/labels?of={DEVICE}"],
        "/v1/masterdata/suspects/{suspect_id}": ["/v1/masterdata/suspects/1"],
        "/v1/masterdata/requests": ["/v1/masterdata/requests?state=done"],
        "/v1/masterdata/requests/{request_id}": ["/v1/masterdata/requests/1"],
        "/v1/masterdata/golden/{kind}/{name:path}": [f"/v1/masterdata/golden/device/{DEVICE}", "/v1/masterdata/golden/party/V1"],
        "/v1/masterdata/versions/{kind}/{name:path}": ["/v1/masterdata/versions/party/V1"],
        "/v1/masterdata/impact/{kind}/{name:path}": [f"/v1/masterdata/impact/device/{DEVICE}"],
        "/v1/items/{name:path}": [],
        "/v1/parties/{name:path}": [],
    }
    checked = []
    for route in api.app.routes:
        if not isinstance(route, APIRoute) or "GET" not in route.methods or route.response_model is None:
            continue
        for path in examples.get(route.path, [route.path]):
            for who in ("admin", "acme", "erp", "wms"):
                answer = api.get(path, who)
                if answer.status_code == 200:
                    TypeAdapter(route.response_model).validate_json(answer.content)
                    rows = answer.json()
                    checked.append((route.path, who, len(rows.get("items", "1")) if isinstance(rows, dict) else len(rows)))
                else:
                    assert who != "admin" and answer.status_code in (403, 404), f"{who} {path}: {answer.text}"
    full = {path for path, who, rows in checked if who == "admin" and rows}
    listed = {route.path for route in api.app.routes if isinstance(route, APIRoute) and "GET" in route.methods and route.response_model}
    assert listed - full <= {"/v1/items", "/v1/items/{name:path}", "/v1/parties", "/v1/parties/{name:path}", "/v1/quality"}
