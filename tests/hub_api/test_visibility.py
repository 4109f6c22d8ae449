"""Nobody sees what is not theirs: every GET route, for partners and for keys of one organisation; every role on every route."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from hub.store import credentials, watermarks
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, BOREALIS, DEVICE, WRONG_GTIN, despatch, devices, interchange, orders, stock

ROLES = ("partner", "integration", "steward", "auditor", "admin")
READ_BY = {
    "/v1/items": {"integration", "steward", "auditor", "admin"},
    "/v1/items/{name:path}": {"integration", "steward", "auditor", "admin"},
    "/v1/parties": {"integration", "steward", "auditor", "admin"},
    "/v1/parties/{name:path}": {"integration", "steward", "auditor", "admin"},
    "/v1/recalls/{number}/report": {"integration", "steward", "auditor", "admin"},
    "/v1/quality": {"integration", "steward", "auditor", "admin"},
    "/v1/devices/differences": {"integration", "steward", "auditor", "admin"},
    "/v1/devices/differences/{difference_id}": {"integration", "steward", "auditor", "admin"},
    "/v1/devices/extracts": {"integration", "steward", "auditor", "admin"},
    "/v1/devices/readiness": {"integration", "steward", "auditor", "admin"},
    "/v1/devices/export": {"integration", "steward", "auditor", "admin"},
    "/v1/exceptions": {"integration", "steward", "auditor", "admin"},
    "/v1/exceptions/summary": {"integration", "steward", "auditor", "admin"},
    "/v1/exceptions/{case_id}": {"integration", "steward", "auditor", "admin"},
    "/v1/masterdata/suspects": {"integration", "steward", "auditor", "admin"},
    "/v1/masterdata/suspects/{suspect_id}": {"integration", "steward", "auditor", "admin"},
    "/v1/masterdata/golden/{kind}/{name:path}": {"integration", "steward", "auditor", "admin"},
    "/v1/masterdata/versions/{kind}/{name:path}": {"integration", "steward", "auditor", "admin"},
    "/v1/masterdata/impact/{kind}/{name:path}": {"integration", "steward", "auditor", "admin"},
    "/v1/masterdata/requests": {"integration", "steward", "auditor", "admin"},
    "/v1/masterdata/requests/{request_id}": {"integration", "steward", "auditor", "admin"},
    "/v1/masterdata/places": {"integration", "steward", "auditor", "admin"},
    "/v1/flows/stopped": {"integration", "steward", "auditor", "admin"},
    "/v1/flows/approvals": {"integration", "steward", "auditor", "admin"},
    "/v1/flows/watermarks": {"integration", "steward", "auditor", "admin"},
    "/v1/outbox": {"integration", "steward", "auditor", "admin"},
    "/v1/outbox/destinations": {"integration", "steward", "auditor", "admin"},
    "/v1/audit": {"auditor", "admin"},
    "/metrics": {"integration", "auditor", "admin"},
}
"""Who may read at all; routes that are not named here are for every role."""
WRITTEN_BY = {
    "/v1/devices/differences/decisions": {"steward", "admin"},
    "/v1/masterdata/requests": {"steward", "admin"},
    "/v1/masterdata/requests/{request_id}/approve": {"steward", "admin"},
    "/v1/masterdata/requests/{request_id}/refuse": {"steward", "admin"},
    "/v1/masterdata/suspects/{suspect_id}/answer": {"steward", "admin"},
    "/v1/exceptions/{case_id}/assign": {"integration", "steward", "admin"},
    "/v1/exceptions/{case_id}/note": {"integration", "steward", "admin"},
    "/v1/exceptions/{case_id}/escalate": {"integration", "steward", "admin"},
    "/v1/exceptions/{case_id}/ask": {"integration", "steward", "admin"},
    "/v1/exceptions/{case_id}/accept": {"integration", "steward", "admin"},
    "/v1/exceptions/{case_id}/correct": {"integration", "steward", "admin"},
    "/v1/exceptions/bulk": {"integration", "steward", "admin"},
    "/v1/exceptions/preview": {"integration", "steward", "admin"},
    "/v1/exceptions/fix": {"integration", "steward", "admin"},
    "/v1/exceptions/signing": {"integration", "steward", "admin"},
    "/v1/documents": {"partner", "integration", "admin"},
    "/v1/selftest": {"partner", "integration", "admin"},
    "/v1/epcis/capture": {"partner", "integration", "admin"},
    "/v1/epcis/events": {"partner", "integration", "admin"},
    "/v1/epcis/queries": {"partner", "integration", "admin"},
    "/v1/epcis/queries/{name}/subscriptions": {"partner", "integration", "admin"},
    "/v1/exchanges/{exchange_id}/replay": {"integration", "steward", "admin"},
    "/v1/exchanges/{exchange_id}/correct": {"integration", "steward", "admin"},
    "/v1/exchanges/{exchange_id}/copy": {"integration", "steward", "admin"},
    "/v1/exchanges/{exchange_id}/resend": {"integration", "steward", "admin"},
    "/v1/outbox/destinations/resend": {"integration", "steward", "admin"},
    "/v1/outbox/{outbox_id}/resend": {"integration", "steward", "admin"},
    "/v1/flows/approvals/{approval_id}/approve": {"steward", "admin"},
    "/v1/flows/approvals/{approval_id}/refuse": {"steward", "admin"},
    "/v1/flows/{agreement}/stop": {"integration", "steward", "admin"},
    "/v1/flows/{agreement}/resume": {"integration", "steward", "admin"},
    "/v1/recalls": {"integration", "steward", "admin"},
    "/v1/recalls/{number}/locate": {"integration", "steward", "admin"},
    "/v1/recalls/{number}/holds": {"integration", "steward", "admin"},
    "/v1/recalls/{number}/notices": {"integration", "steward", "admin"},
    "/v1/recalls/{number}/reminders": {"integration", "steward", "admin"},
    "/v1/recalls/{number}/clocks": {"integration", "steward", "admin"},
    "/v1/recalls/{number}/reopen": {"integration", "steward", "admin"},
    "/v1/recalls/{number}/close": {"integration", "steward", "admin"},
    "/v1/recalls/{number}/notices/{notice}/acknowledge": {"partner", "integration", "steward", "admin"},
    "/v1/recalls/{number}/notices/{notice}/answer": {"partner", "integration", "steward", "admin"},
    "/v1/recalls/{number}/notices/{notice}/checks": {"integration", "steward", "admin"},
    "/v1/recalls/{number}/notices/{notice}/told": {"integration", "steward", "admin"},
}
OPEN = {"/health/live", "/health/ready"}
SIGNED = {"/as2", "/callbacks/{flow}"}
"""Posted to without a key, or with any: who posts is known by the signature of what is posted (test_as2.py, test_callbacks.py)."""
OURS = ("telephoned with", "steward key", "lines[0].lot", "steward")
"""What our people did to a message of Borealis, and why: for no partner."""
SECRETS = ("BOREALIS", "borealis", "Borealis", "SECRET-LOT", "4599999999", "SHPB1", "SHPB2")
"""What only Borealis and our own people may read: its name, its lot, its order, its despatch advices."""


@pytest.fixture
def busy(api: Api) -> Api:
    """Both suppliers have an order, good and bad despatch advices, a conflict, an unreadable document and one that was too large."""
    for number, supplier, agreement in (("4500000001", "V1", "orders_north"), ("4599999999", "V2", "orders_south")):
        assert api.post(orders(number, supplier), "erp", key=number, params={"agreement": agreement}).status_code == 200
    mine = despatch("SHPA1", quantity="20", gtin="06901234000092")
    api.post(interchange(ACME, 1, [part.replace("LIN*1*", "LIN*1*BP*OTHER*") for part in mine]), "acme")
    api.post(interchange(BOREALIS, 1, despatch("SHPB1", "4599999999", "20", lot="SECRET-LOT")), "borealis")
    bad = despatch("SHPB2", "4599999999", gtin=WRONG_GTIN)
    api.post(interchange(BOREALIS, 2, bad, despatch("SHPB3", "4599999999"), miscounted=1), "borealis")
    api.post(interchange(BOREALIS, 2, despatch("SHPB2", "4599999999")), "borealis")
    api.post(b"\x00BOREALIS" * 20, "borealis")
    api.post(b"BOREALIS" * 100_000, "borealis")
    api.post(stock(gln="6999999010005"), "wms", key="1", params={"agreement": "stock_south"})
    api.post(devices(name="Borealis screw"), "erp", key="d", params={"agreement": "devices"})
    api.settle()
    good = next(row["id"] for row in api.get("/v1/exchanges?find=SHPB1").json()["items"])
    because = {"reason": "telephoned with their Ms Li", "fields": {"lines[0].lot": "SECRET-LOT"}}
    assert api.request("POST", f"/v1/exchanges/{good}/correct", "steward", json=because).status_code == 201
    assert api.request("POST", f"/v1/exchanges/{good}/replay", "steward", json={"reason": "telephoned with them"}).status_code == 201
    api.settle()
    with api.hub.database.begin("flow:pulled") as uow:
        mark = watermarks.opened(uow, "pulled", api.hub.organisation_id("south"), api.hub.partner_id("borealis"))
        watermarks.moved(uow, mark, "SECRET-LOT")
    for agreement in ("acme_in", "borealis_in"):
        stopped = api.request("POST", f"/v1/flows/{agreement}/stop", "steward", json={"reason": f"telephoned with {agreement}"})
        assert stopped.status_code == 200
    return api


def paths(app: FastAPI, method: str) -> list[str]:
    return sorted(route.path for route in app.routes if isinstance(route, APIRoute) and method in route.methods)


Things = dict[str, list[Any]]
"""By the name of a path's parameter, what can stand there."""


def there(api: Api) -> Things:
    """All that exists, as an administrator knows it; reading changes nothing of it."""
    return {
        "document_id": [row["id"] for row in api.get("/v1/documents?limit=200").json()["items"]],
        "exchange_id": [row["id"] for row in api.get("/v1/exchanges?limit=200").json()["items"]],
        "number": [row["number"] for row in api.get("/v1/orders").json()["items"]],
        "key": ["SECRET-LOT", "shipment:borealis:SHPB1", "06901234000023|SECRET-LOT"],
        "name": ["RM-1", "borealis", "06901234000023"],
        "di": [DEVICE, "16901234500056"],
        "value": ["06901234000023", "06901234000023/10/SECRET-LOT"],
        "symbol": ["data-matrix", "qr", "gs1-128"],
        "kind": ["item", "party", "device"],
        "suspect_id": [row["id"] for row in api.get("/v1/masterdata/suspects").json()["items"]] or [1],
        "request_id": [row["id"] for row in api.get("/v1/masterdata/requests").json()["items"]] or [1],
        "case_id": [row["id"] for row in api.get("/v1/exceptions?limit=200").json()["items"]] or [1],
        "difference_id": [row["id"] for row in api.get("/v1/devices/differences").json()["items"]] or [1],
        "event_id": [quote(number, safe="") for number in _events(api)] or ["1"],
        "epc": [quote(uri, safe="") for uri in api.get("/v1/epcis/epcs").json()["member"]] or ["1"],
        "event_type": ["ObjectEvent", "AggregationEvent"],
        "capture_id": ["1"],
    }


def concrete(things: Things, path: str) -> list[str]:
    """The route with everything filled in that exists."""
    if path in ("/v1/devices/readiness", "/v1/devices/export"):
        return [f"{path}?to={register}" for register in ("gudid", "eudamed", "nmpa")]
    if path.startswith("/v1/labels"):
        labelled = ("lot:06901234000023|SECRET-LOT", "06901234000023")
        return [f"{path.replace('{symbol}', symbol)}?of={thing}" for symbol in things["symbol"] for thing in labelled]
    names = re.findall(r"\{(\w+)(?::path)?\}", path)
    if path.startswith("/v1/epcis"):
        things = things | {"name": ["shipping", "packing", "receiving", "in_transit"], "key": ["1"]}
        if not names:
            return [path]
    if path in ("/v1/traces", "/v1/traces/graph", "/v1/traces/epcis"):
        traced = (*things["key"], "SHPB1", "sscc:1", "location:8799999010009", "https://id.gs1.org/01/06901234000023/10/SECRET-LOT")
        return [f"{path}?direction=both&key={thing}" for thing in traced]
    if not names:
        return [path, f"{path}?limit=200&partner=borealis", f"{path}?find=SHPB1", f"{path}?find=4599999999", f"{path}?organisation=south"]
    made = [path]
    for name in names:
        made = [re.sub(rf"\{{{name}(?::path)?\}}", str(value), one) for one in made for value in things[name]]
    return made


def _events(api: Api) -> list[str]:
    found = api.get("/v1/epcis/events?perPage=100").json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return [event["eventID"] for event in found]


def test_a_partner_sees_nothing_of_another_on_any_route(busy: Api) -> None:
    routes = [path for path in paths(busy.app, "GET") if path not in OPEN | {"/v1/openapi.json"}]
    assert len(routes) >= 19
    things = there(busy)
    for path in routes:
        for address in concrete(things, path):
            answer = busy.get(address, "acme")
            assert answer.status_code in (200, 400, 403, 404), f"{address}: {answer.text}"  # 400: no link of this kind
            if answer.status_code == 404:
                nobody = busy.get(re.sub(r"\d+", "987654321", address), "acme")
                assert "{" not in path or answer.json().keys() == nobody.json().keys()
            asked = "".join(re.findall(r"[=/](\w[\w:.|-]*)", address)) if answer.status_code in (400, 404) else ""
            for secret in SECRETS:
                if secret not in asked:
                    assert secret not in answer.text, f"{secret} on {address}: {answer.text[:500]}"
            if path in ("/v1/documents/{document_id}", "/v1/exchanges/{exchange_id}"):
                assert {answer.status_code, busy.get(address, "borealis").status_code} != {200}, f"{address} is seen by both"
    shown = busy.get("/v1/documents", "acme").json()["items"]
    assert shown and {row["partner"] for row in shown} == {"acme"}


@pytest.mark.slow
def test_no_partner_reads_what_our_people_corrected_and_why(busy: Api) -> None:
    corrections = [row["id"] for row in busy.get("/v1/documents?limit=200").json()["items"] if row["channel"] == "steward"]
    assert corrections and b"telephoned with" in busy.get(f"/v1/documents/{corrections[0]}/content").content
    (corrected,) = [row for row in busy.get("/v1/exchanges?limit=200").json()["items"] if "corrects" in _keys(busy, row["id"])]
    assert b"telephoned with" in busy.get(f"/v1/exchanges/{corrected['id']}/content").content
    assert busy.get(f"/v1/exchanges/{corrected['id']}/content", "borealis").content.startswith(b"ST*856*"), "a partner reads what it sent"
    for number in corrections:
        for tail in ("", "/content", "/acknowledgements"):
            assert busy.get(f"/v1/documents/{number}{tail}", "borealis").status_code == 404
    things = there(busy)
    for path in paths(busy.app, "GET"):
        if path not in OPEN | {"/v1/openapi.json"}:
            for address in concrete(things, path):
                for who in ("borealis", "acme"):
                    answer = busy.get(address, who)
                    for ours in OURS:
                        assert ours not in answer.text or answer.status_code == 403, f"{ours} on {address} for {who}: {answer.text[:500]}"


def _keys(api: Api, exchange_id: int) -> dict[str, object]:
    keys: dict[str, object] = api.get(f"/v1/exchanges/{exchange_id}").json()["keys"]
    return keys


def test_a_document_for_two_organisations_shows_each_its_own_part(api: Api) -> None:
    north = interchange(ACME, 1, despatch("SHPN", lot="LOTN"))
    south = interchange(replace(ACME, receiver="SOUTH"), 2, despatch("SHPS", lot="LOTS")).replace(b"GE*1*2~", b"GE*7*2~")
    assert api.post(north + south, "acme").status_code == 200
    with api.hub.database.begin("test") as uow:
        api.keys["north_auditor"] = credentials.issue(uow, "north auditor", "auditor", organisations=("north",)).secret
    mine, whole = api.get("/v1/documents/1", "north_auditor"), api.get("/v1/documents/1")
    assert [row["id"] for row in mine.json()["exchanges"]] == [1] and len(whole.json()["exchanges"]) == 2
    assert mine.json()["findings"] == [] and [row["rule"] for row in whole.json()["findings"]] == ["X12-G05"]
    assert api.get("/v1/findings", "north_auditor").json()["items"] == []
    assert api.get("/v1/exchanges/1/content", "north_auditor").status_code == 200
    for tail in ("content", "acknowledgements"):
        assert api.get(f"/v1/documents/1/{tail}", "north_auditor").status_code == 404
        for who in ("acme", "admin"):
            assert api.get(f"/v1/documents/1/{tail}", who).status_code == 200
    assert "LOTS" not in "".join(api.get(path, "north_auditor").text for path in ("/v1/documents/1", "/v1/documents/1/content"))


def test_unknown_and_foreign_look_the_same(busy: Api) -> None:
    foreign = {row["id"] for row in busy.get("/v1/documents", "borealis").json()["items"]}
    exchanges = {row["id"] for row in busy.get("/v1/exchanges", "borealis").json()["items"]}
    assert foreign and exchanges
    for kind, ids in (("documents", foreign), ("exchanges", exchanges)):
        for number, tail in itertools.product(ids, ("", "/content")):
            answer = busy.get(f"/v1/{kind}/{number}{tail}", "acme")
            unknown = busy.get(f"/v1/{kind}/987654321{tail}", "acme")
            assert answer.status_code == unknown.status_code == 404
            assert answer.text.replace(f" {number}", " 987654321") == unknown.text


@pytest.mark.slow
def test_a_key_of_one_organisation_sees_that_one_only(busy: Api) -> None:
    things = there(busy)
    for path in paths(busy.app, "GET"):
        if path in OPEN | {"/v1/openapi.json", "/metrics"} or path.startswith(("/v1/items", "/v1/parties")):
            continue  # metrics count rows and say no more; master data belongs to all organisations
        for address in concrete(things, path):
            answer = busy.get(address, "south_auditor")
            assert answer.status_code in (200, 400, 403, 404, 422), f"{address}: {answer.text}"  # 422: see export
            assert "SHPA1" not in answer.text, address
            assert "4500000001" not in answer.text or (answer.status_code == 404 and "4500000001" in address), address
            assert "acme" not in answer.text, f"{address}: {answer.text[:300]}"
    assert busy.get("/v1/orders/4599999999", "south_auditor").status_code == 200
    assert busy.get("/v1/orders/4500000001", "south_auditor").status_code == 404
    assert busy.get("/v1/traces/SECRET-LOT", "south_auditor").status_code == 403
    assert busy.get("/v1/quality", "south_auditor").status_code == 403


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_role_on_every_route(busy: Api) -> None:
    who = dict(zip(ROLES, ("acme", "integration", "steward", "auditor", "admin"), strict=True))
    for path in paths(busy.app, "GET"):
        if path == "/v1/openapi.json":
            continue
        address = re.sub(r"\{[^}]*\}", "1", path)
        for role in ROLES:
            status = busy.get(address, who[role]).status_code
            allowed = role in READ_BY.get(path, ROLES)
            assert (status != 403) == allowed, f"{role} {path}: {status}"
        assert busy.get(address, None).status_code == (200 if path in OPEN else 401), path
    assert paths(busy.app, "POST") == sorted([*WRITTEN_BY, *SIGNED])
    for path in SIGNED:
        before = busy.get("/v1/documents?limit=200").json()["items"]
        for name in (None, *who.values()):
            unsigned = busy.request(
                "POST", path, name, content=b"ISA", headers={"AS2-From": "ACME", "AS2-To": "NORTH", "Message-ID": "<1@a>"}
            )
            assert unsigned.status_code == 403 and unsigned.content == b"", "a key opens nothing here"
        assert busy.get("/v1/documents?limit=200").json()["items"] == before
    for path, roles in WRITTEN_BY.items():
        address = re.sub(r"\{[^}]*\}", "987654321", path)
        for role in ROLES:
            status = busy.request("POST", address, who[role], json={"reason": "x", "fields": {"a": "b"}}).status_code
            assert (status != 403) == (role in roles), f"{role} {path}: {status}"
        assert busy.request("POST", address, None, json={"reason": "x"}).status_code == 401


def test_a_partner_is_not_told_who_of_us_did_something(busy: Api) -> None:
    held = next(row["id"] for row in busy.get("/v1/exchanges?state=quarantined").json()["items"])
    assert busy.request("POST", f"/v1/exchanges/{held}/replay", "steward", json={"reason": "again"}).status_code == 201
    ours, theirs = busy.get(f"/v1/exchanges/{held}"), busy.get(f"/v1/exchanges/{held}", "borealis")
    assert "steward key" in ours.text and theirs.status_code == 200 and "steward key" not in theirs.text
