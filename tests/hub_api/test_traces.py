"""Traces over HTTP: by path or parameter, as plain rows or a graph, in the reader's language; a partner sees what it said itself."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import quote

from connectors.registry import format_named
from connectors.spec import STRICT
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, BOREALIS, despatch, interchange

LINK = "https://id.gs1.org/01/06901234000023/10/L1"
LOT = "lot:06901234000023|L1"


def told(api: Api) -> None:
    """Two suppliers despatch the same lot."""
    assert api.post(interchange(ACME, 1, despatch("SHPA1")), "acme").status_code == 200
    assert api.post(interchange(BOREALIS, 1, despatch("SHPB1"), despatch("SHPB2", lot="OTHER")), "borealis").status_code == 200


def test_a_trace_by_path_by_parameter_and_as_a_graph(api: Api) -> None:
    told(api)
    by_path = api.get(f"/v1/traces/{quote(LINK, safe='')}").json()
    assert by_path["key"] == LOT and len(by_path["nodes"]) == 4
    assert api.get("/v1/traces", params={"key": LINK}).json() == by_path
    assert {(edge["quantity"], edge["unit"]) for edge in by_path["edges"] if edge["kind"] == "shipping"} == {("24", "EA")}
    graph = api.get("/v1/traces/graph", params={"key": LINK, "direction": "both"}).json()["graph"]
    assert set(graph["nodes"]) == {node["key"] for node in by_path["nodes"]}
    (gap,) = api.get("/v1/traces", params={"key": LINK}, headers={"Accept-Language": "zh-CN"}).json()["gaps"]
    assert (gap["rule"] == "TRC-03" and "未说明" in gap["message"]) or "没有任何一方" in gap["message"]


def test_a_trace_as_events_of_what_the_caller_may_see(api: Api) -> None:
    told(api)

    def events(who: str, **asked: str) -> list[dict[str, Any]]:
        answer = api.get("/v1/traces/epcis", who, params={"key": LINK, **asked})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ld+json")
        read = [event for event in format_named("epcis").read(BytesIO(answer.content), STRICT) if event.message is not None]
        assert all(event.message is not None and event.message.findings == [] for event in read)
        listed: list[dict[str, Any]] = answer.json()["epcisBody"]["eventList"]
        assert len(listed) == len(read)
        return listed

    steps = [(event["bizStep"], event["bizTransactionList"][0]["bizTransaction"].rpartition(":")[2]) for event in events("admin")]
    assert sorted(steps) == [("shipping", "SHPA1"), ("shipping", "SHPB1")], "the other lot's despatch says nothing of this one"
    assert events("acme") == [event for event in events("admin") if "SHPA1" in str(event)]
    assert events("admin", as_of="2026-11-01T00:00:00Z") == []


def test_a_trace_as_events_that_was_cut_says_so_and_where_it_goes_on(api: Api) -> None:
    told(api)
    whole = api.get("/v1/traces/epcis", params={"key": LINK})
    assert "UDIHub-Truncated" not in whole.headers and "Link" not in whole.headers
    cut = api.get("/v1/traces/epcis", params={"key": LINK, "limit": 1})
    assert cut.headers["UDIHub-Truncated"] == "true"
    address = cut.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
    assert address.startswith("/v1/traces/epcis?") and "limit=10" in address
    assert api.get(address).content == whole.content


def test_times_need_their_offset_and_limit_what_counts(api: Api) -> None:
    told(api)
    before = api.get("/v1/traces", params={"key": LINK, "as_of": "2026-11-01T00:00:00Z"}).json()
    assert [node["key"] for node in before["nodes"]] == [LOT] and before["as_of"] == "2026-11-01T00:00:00+00:00"
    assert len(api.get("/v1/traces", params={"key": LINK, "known_at": "2026-11-23T00:00:00+08:00"}).json()["nodes"]) == 4
    assert len(api.get("/v1/traces", params={"key": LINK, "known_at": "2026-11-22T00:00:00+08:00"}).json()["nodes"]) == 1
    assert api.get("/v1/traces", params={"key": LINK, "as_of": "2026-11-01T00:00:00"}).status_code == 400
    assert api.get("/v1/traces", params={"key": LINK, "as_of": "soon"}).status_code == 422


def test_a_partner_sees_no_node_that_it_did_not_name(api: Api) -> None:
    told(api)
    for key in (LOT, "L1", LINK):
        seen = api.get("/v1/traces", "acme", params={"key": key, "direction": "both"})
        assert {node["key"] for node in seen.json()["nodes"]} == {LOT, "shipment:acme:SHPA1", "location:8799999010009"}
        assert "borealis" not in seen.text and "SHPB1" not in seen.text
    for key in ("SHPB1", "OTHER", "shipment:borealis:SHPB1", "lot:06901234000023|OTHER"):
        answer = api.get("/v1/traces", "acme", params={"key": key})
        unknown = api.get("/v1/traces", "acme", params={"key": "NOBODY"})
        assert answer.status_code == unknown.status_code == 404
        assert answer.text.replace(key, "NOBODY") == unknown.text
    place = api.get("/v1/traces", "acme", params={"key": "location:8799999010009", "direction": "up"}).json()
    assert {node["key"] for node in place["nodes"]} == {LOT, "shipment:acme:SHPA1", "location:8799999010009"}
