"""Every operation of EPCIS's own OpenAPI, asked of the hub: status, headers and body are what the standard's description says.

And every document of the reference material, captured by it.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import yaml
from httpx import Response
from jsonschema import Draft7Validator
from lxml import etree

from tests.connectors.formats.epcis.documents import MADE, PACKED, document, with_
from tests.hub_api.conftest import Api
from tests.hub_api.test_epcis import LOTTED, NAMED, PLACE, ROOT, SERIAL, WRONG, api, job, post, single

REFERENCE = Path(os.environ["UDIHUB_REFERENCE"]) / "gs1"
EPCIS = REFERENCE / "epcis"
pytestmark = pytest.mark.reference
__all__ = ["api"]
OPTIONAL = {"Link", "GS1-Next-Page-Token-Expires", "GS1-Extensions", "GS1-EPCIS-Capture-Limit", "GS1-Query-Min-Record-Time"}
"""Headers that the standard lets a server leave out: no further page, no expiry, no extension, no limit."""
OF_ONE = ("get", "/queries/{queryName}")
"""Its schema is that of the list of queries, its example is the one query that is asked for; ours is as the example."""


@cache
def openapi() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EPCIS / "openapi.yaml").read_bytes())
    return found


def resolved(value: Any) -> Any:
    while isinstance(value, dict) and "$ref" in value:
        target: Any = openapi()
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        value = target
    return value


@cache
def query_schema() -> Draft7Validator:
    return Draft7Validator(json.loads((EPCIS / "EPCIS-JSON-Schema.json").read_bytes()))


@cache
def xsd() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(EPCIS / "XSD" / "EPCglobal-epcis-query-2_0.xsd")))


def operations() -> list[tuple[str, str]]:
    methods = ("get", "post", "delete", "options")
    return [(method, path) for path, item in openapi()["paths"].items() for method in methods if method in item]


def without_foreign(schema: Any) -> Any:
    """A schema without what it takes from the web. One of several is any of several: GS1's schema of a capture job refuses its own
    example, for both of its alternatives take it."""
    if isinstance(schema, dict):
        if str(schema.get("$ref", "")).startswith("https:"):
            return {}
        return {"anyOf" if name == "oneOf" else name: without_foreign(value) for name, value in schema.items()}
    return [without_foreign(value) for value in schema] if isinstance(schema, list) else schema


def faults(schema: dict[str, Any], body: Any) -> list[str]:
    root = {**without_foreign(schema), "components": without_foreign(openapi()["components"])}
    return [error.message for error in Draft7Validator(root).iter_errors(body)]


def judge(operation: tuple[str, str], answer: Response) -> None:
    method, path = operation
    described = openapi()["paths"][path][method]["responses"]
    assert str(answer.status_code) in described, (operation, answer.status_code, answer.text)
    response = resolved(described[str(answer.status_code)])
    missing = {name for name in response.get("headers") or () if name not in OPTIONAL and name.lower() not in answer.headers}
    assert not missing, (operation, answer.status_code, missing)
    if answer.status_code == 204:
        assert not answer.content
    media = answer.headers.get("content-type", "").partition(";")[0]
    content = {name.partition(";")[0]: part for name, part in (response.get("content") or {}).items()}
    if not content or not answer.content:
        return
    assert media in content or media == "application/ld+json", (operation, answer.status_code, media, list(content))
    if media.endswith("xml"):
        assert xsd().validate(etree.fromstring(answer.content)), (operation, xsd().error_log)
        return
    schema = content.get(media, content.get("application/json"))["schema"]
    if operation != OF_ONE:
        assert faults(schema, answer.json()) == [], (operation, answer.text)
    if "EPCISQueryDocument" in answer.text[:2000]:
        assert [error.message for error in query_schema().iter_errors(answer.json())] == [], operation


def test_each_operation_answers_as_it_is_described(api: Api) -> None:
    shipped = with_(PACKED, bizStep="packing", disposition="in_progress", readPoint={"id": PLACE}, bizLocation={"id": PLACE})
    captured = post(api, "/capture", document(MADE, LOTTED, shipped))
    judge(("post", "/capture"), captured)
    wrong = post(api, "/capture", document(WRONG))
    api.settle()
    refused = api.get(wrong.headers["Location"], "plant", headers={"Accept": "application/xml"})
    judge(("get", "/capture/{captureID}"), refused)
    assert b"<errors><error>" in refused.content
    made = post(api, "/events", single(with_(LOTTED, eventID="urn:uuid:6b1f0c1e-3f57-4c0a-9d0b-2f3f5a8f0009")))
    judge(("post", "/events"), made)
    judge(("post", "/queries"), post(api, "/queries", {"name": "mine", "query": {"eventType": ["ObjectEvent"]}}))
    subscription = {
        "dest": "https://hooks.partner.example/epcis",
        "stream": True,
        "signatureToken": "13df38d8275b13f05704629e5f1cf3d45d6132d5",
    }
    subscribed = post(api, "/queries/mine/subscriptions", subscription)
    judge(("post", "/queries/{queryName}/subscriptions"), subscribed)
    assert subscribed.status_code == 201, subscribed.text
    values = {
        "captureID": captured.headers["Location"].rpartition("/")[2],
        "eventID": quote(NAMED, safe=""),
        "eventType": "ObjectEvent",
        "epc": quote(SERIAL, safe=""),
        "bizStep": "packing",
        "bizLocation": quote(PLACE, safe=""),
        "readPoint": quote(PLACE, safe=""),
        "disposition": "in_progress",
        "queryName": "mine",
        "subscriptionID": subscribed.headers["Location"].rpartition("/")[2],
        "token": "1",
    }
    first = api.get(f"{ROOT}/events?perPage=1", "plant")
    values["token"] = urlsplit(first.links["next"]["url"]).query.partition("nextPageToken=")[2].partition("&")[0]
    asked = 0
    for method, path in sorted(operations(), key=lambda one: (one[0] == "delete", -len(one[1]))):
        if method == "post":
            continue
        address = ROOT + (path if path != "/" else "").format(**values)
        judge((method, path), answer := api.request(method.upper(), address, "plant"))
        assert answer.status_code in (200, 204), (method, path, answer.text)
        if method == "get" and "application/xml" in (resolved(openapi()["paths"][path]["get"]["responses"]["200"]).get("content") or {}):
            judge((method, path), api.get(address, "plant", headers={"Accept": "application/xml"}))
        for headers in ({"GS1-EPCIS-Min": "2.1"}, {"Authorization": ""}):
            if method == "get":
                judge((method, path), api.request("GET", address, None if "Authorization" in headers else "plant", headers=headers))
        asked += 1
    assert asked == 59, "all but those that post"


def test_each_document_is_captured_or_refused_with_its_place(api: Api) -> None:
    """Two documents of the material may tell two contents of one eventID; then the later one is refused for that (EVT-32) alone."""
    with (REFERENCE / "examples.jsonl").open(encoding="utf-8") as lines:
        found = [case for line in lines if (case := json.loads(line))["kind"] in ("epcis_json", "epcis_xml")]
    captured = []
    for case in found:
        content = (REFERENCE / case["input"]["file"]).read_bytes()
        media = "application/xml" if case["kind"] == "epcis_xml" else "application/json"
        captured.append((case, api.request("POST", f"{ROOT}/capture", "plant", content=content, headers={"Content-Type": media})))
    api.settle()
    verdicts = set()
    for case, answer in captured:
        ended = job(api, answer) if answer.status_code == 202 else {"running": False, "success": False, "errors": []}
        errors = [error for error in ended["errors"] if error["rule"] not in ("EVT-32", "EVT-34")]
        assert ended["running"] is False and (errors == []) is case["valid"], (case["id"], answer.text, ended)
        assert all(error["place"]["path"] and error["place"]["line"] for error in errors), (case["id"], errors)
        verdicts.add((case["kind"], case["valid"]))
    assert len(verdicts) == 4
