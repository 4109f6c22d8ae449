"""EPCIS's own interface: capture, jobs, events, resources, named queries, and what each caller may see."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from httpx import Response
from lxml import etree

from connectors.registry import format_named
from connectors.spec import STRICT
from hub.clock import FrozenClock
from hub.commands.administration import turn
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import credentials
from hub_api.app import create_app
from tests.connectors.formats.epcis.documents import (
    ADD,
    COMMISSIONED,
    CONTEXT,
    EPCS,
    LOT,
    MADE,
    PACKED,
    SERIAL,
    UNIT,
    document,
    with_,
    xml,
    xml_event,
)
from tests.hub_api.conftest import Api

SITE = Path(__file__).parents[1] / "samples" / "site_events"
PLACE = "https://id.gs1.org/414/6926365000018"
ROOT = "/v1/epcis"
NAMED = "urn:uuid:6b1f0c1e-3f57-4c0a-9d0b-2f3f5a8f0001"
LOTTED = with_(COMMISSIONED, ilmd={"cbvmda:lotNumber": "F2611A"}, eventID=NAMED)
WRONG = with_(PACKED, action="PUT")


@pytest.fixture
def api(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Api]:
    """The API over the site of events."""
    from fastapi.testclient import TestClient

    hub = Hub.open(Settings(tmp_path / "home", SITE, database_url, "en", 200_000, clock))
    keys: dict[str, str] = {}
    with hub.database.begin("test") as uow:
        for partner in ("plant", "depot", "clinic"):
            keys[partner] = credentials.issue(uow, f"{partner} key", "partner", partner_id=hub.partner_id(partner)).secret
        keys["admin"] = credentials.issue(uow, "admin key", "admin").secret
        keys["auditor"] = credentials.issue(uow, "auditor key", "auditor").secret
        keys["south"] = credentials.issue(uow, "south auditor", "auditor", organisations=("south",)).secret
    app = create_app(hub)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(hub, app, client, keys)
    hub.database.close()


def post(api: Api, path: str, body: bytes | dict[str, Any], who: str = "plant", **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return api.request("POST", f"{ROOT}{path}", who, content=content, headers=named)


def single(event: dict[str, Any]) -> dict[str, Any]:
    return {"@context": CONTEXT, **event}


def job(api: Api, captured: Response, who: str = "plant") -> dict[str, Any]:
    assert captured.status_code == 202, captured.text
    shown = api.get(captured.headers["Location"], who)
    assert shown.status_code == 200, shown.text
    found: dict[str, Any] = shown.json()
    return found


def listed(answer: Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return found


def refused(answer: Response, status: int, kind: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"epcisException:{kind}" and found["status"] == status
    return found


# --- capture -------------------------------------------------------------------------------------------------------------
def test_a_capture_runs_and_ends_well(api: Api) -> None:
    captured = post(api, "/capture", document(MADE, LOTTED, PACKED))
    assert captured.headers["GS1-EPCIS-Version"] == "2.0.0"
    running = job(api, captured)
    assert (running["running"], running["success"], running["captureErrorBehaviour"], running["errors"]) == (True, True, "rollback", [])
    api.settle()
    ended = job(api, captured)
    assert (ended["running"], ended["success"], ended["errors"]) == (False, True, []) and ended["finishedAt"] >= ended["createdAt"]
    assert [event["type"] for event in listed(api.get(f"{ROOT}/events", "plant"))] == [
        "AggregationEvent",
        "ObjectEvent",
        "TransformationEvent",
    ]


@pytest.mark.parametrize(("behaviour", "left"), [("rollback", 0), ("proceed", 2)])
def test_one_wrong_event_refuses_all_or_only_itself_as_the_sender_wants(api: Api, behaviour: str, left: int) -> None:
    captured = post(api, "/capture", document(MADE, WRONG, LOTTED), GS1_Capture_Error_Behaviour=behaviour)
    api.settle()
    ended = job(api, captured)
    assert (ended["running"], ended["success"], ended["captureErrorBehaviour"]) == (False, False, behaviour)
    error = next(error for error in ended["errors"] if error["rule"] != "EVT-34")
    assert error["type"] == "epcisException:ValidationException" and error["place"]["path"] == "/epcisBody/eventList/1/action"
    assert error["place"]["line"] > 1 and error["title"]
    in_xml = api.get(captured.headers["Location"], "plant", headers={"Accept": "application/xml"})
    assert in_xml.headers["content-type"] == "application/xml"
    told = etree.fromstring(in_xml.content)
    assert etree.QName(told).localname == "EPCISCaptureJob" and dict(told.attrib) == {
        "running": "false", "success": "false", "captureID": ended["captureID"],
    }  # fmt: skip
    assert [one.text for one in told][:3] == [behaviour, ended["createdAt"], ended["finishedAt"]]
    assert [[part.text for part in one][:4] for one in told.iter("error")] == [
        [one["type"], one["title"], str(one["status"]), one["rule"]] for one in ended["errors"]
    ]
    assert len(listed(api.get(f"{ROOT}/events", "plant"))) == left


def test_the_agreement_says_what_holds_where_the_sender_says_nothing(api: Api) -> None:
    captured = post(api, "/capture", document(MADE, WRONG), "clinic")
    assert job(api, captured, "clinic")["captureErrorBehaviour"] == "proceed"


def test_the_same_events_in_another_document_are_captured_once(api: Api) -> None:
    first = post(api, "/capture", document(LOTTED, PACKED))
    again = post(api, "/capture", document(LOTTED, PACKED))
    api.settle()
    assert first.headers["Location"] != again.headers["Location"]
    assert job(api, first)["success"] and job(api, again)["success"]
    assert len(listed(api.get(f"{ROOT}/events", "plant"))) == 2


def test_an_idempotency_key_gives_the_first_job_again(api: Api) -> None:
    first = post(api, "/capture", document(LOTTED), Idempotency_Key="k")
    again = post(api, "/capture", document(LOTTED), Idempotency_Key="k")
    assert first.headers["Location"] == again.headers["Location"] and again.headers["UDIHub-Repeat"] == "true"
    refused(post(api, "/capture", document(PACKED), Idempotency_Key="k"), 409, "ResourceAlreadyExistsException")


def test_xml_of_every_version_is_captured(api: Api) -> None:
    for body in (xml(xml_event(EPCS, ADD)), xml(xml_event(EPCS, ADD, time="2026-11-20T08:16:00+08:00"), space="1", version="1.2")):
        captured = post(api, "/capture", body, Content_Type="application/xml")
        api.settle()
        assert job(api, captured)["success"]
    assert len(listed(api.get(f"{ROOT}/events", "plant"))) == 2


def test_what_is_no_document_of_events_is_refused_at_once(api: Api) -> None:
    refused(post(api, "/capture", b"{}"), 400, "ValidationException")
    refused(post(api, "/capture", document(LOTTED), Content_Type="text/csv"), 415, "UnsupportedMediaTypeException")
    refused(post(api, "/capture", document(LOTTED), GS1_Capture_Error_Behaviour="maybe"), 400, "ValidationException")
    large = refused(post(api, "/capture", document(*[LOTTED] * 2000)), 413, "CaptureLimitExceededException")
    assert "200000" in large["detail"]
    refused(post(api, "/capture", document(LOTTED), "admin"), 400, "ValidationException")
    refused(post(api, "/capture", document(LOTTED), "auditor"), 403, "SecurityException")
    refused(api.request("GET", f"{ROOT}/events", None), 401, "SecurityException")
    assert api.get(f"{ROOT}/capture", "plant").json() == []


def test_own_people_capture_in_a_partners_name(api: Api) -> None:
    captured = post(api, "/capture?partner=depot", document(LOTTED), "admin")
    api.settle()
    assert job(api, captured, "depot")["success"] and job(api, captured, "admin")["success"]
    refused(api.get(captured.headers["Location"], "plant"), 404, "NoSuchNameException")
    refused(api.get(captured.headers["Location"], "south"), 404, "NoSuchNameException")


def test_jobs_are_listed_the_newest_first_in_pages(api: Api) -> None:
    jobs = [post(api, "/capture", document(with_(LOTTED, eventID=f"{NAMED[:-1]}{place}"))).json()["captureID"] for place in range(3)]
    first = api.get(f"{ROOT}/capture?perPage=2", "plant")
    assert [one["captureID"] for one in first.json()] == jobs[:0:-1]
    rest = api.get(first.links["next"]["url"], "plant")
    assert [one["captureID"] for one in rest.json()] == jobs[:1] and "Link" not in rest.headers


# --- one event -----------------------------------------------------------------------------------------------------------
def test_one_event_is_captured_at_once_and_once(api: Api) -> None:
    made = post(api, "/events", single(LOTTED))
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == f"{ROOT}/events/{quote(NAMED, safe='')}" and made.json()["eventID"] == NAMED
    again = post(api, "/events", single(LOTTED))
    assert (again.status_code, again.headers["UDIHub-Repeat"], again.json()) == (201, "true", made.json())
    shown = listed(api.get(made.headers["Location"], "plant"))
    assert [event["eventID"] for event in shown] == [NAMED] and shown[0]["recordTime"]
    changed = refused(post(api, "/events", single(with_(LOTTED, bizStep="inspecting"))), 409, "ResourceAlreadyExistsException")
    assert changed["findings"][0]["rule"] == "EVT-32"


def test_an_event_without_id_is_found_by_its_hash(api: Api) -> None:
    made = post(api, "/events", single(PACKED))
    assert made.json()["eventID"].startswith("ni:///sha-256;") and made.json()["eventID"].endswith("?ver=CBV2.0")
    assert len(listed(api.get(made.headers["Location"], "plant"))) == 1
    assert listed(api.get(f"{ROOT}/events", "plant", params={"EQ_eventID": made.json()["eventID"]}))[0]["parentID"] == UNIT


def test_an_error_declaration_stands_beside_its_event(api: Api) -> None:
    made = post(api, "/events", single(LOTTED))
    declared = with_(LOTTED, errorDeclaration={"declarationTime": "2026-11-21T12:00:00Z", "reason": "did_not_occur"})
    assert post(api, "/events", single(declared)).status_code == 201
    both = listed(api.get(made.headers["Location"], "plant"))
    assert [event.get("errorDeclaration", {}).get("reason") for event in both] == ["did_not_occur", None]
    assert len(listed(api.get(f"{ROOT}/events?EXISTS_errorDeclaration=true", "plant"))) == 1


def test_a_wrong_event_is_refused_with_its_place(api: Api) -> None:
    found = refused(post(api, "/events", single(WRONG)), 400, "ValidationException")
    assert found["findings"][0]["place"]["path"] == "/action" and found["document"]
    refused(post(api, "/events", document(LOTTED, PACKED)), 400, "ValidationException")
    assert listed(api.get(f"{ROOT}/events", "plant")) == []


# --- answers -------------------------------------------------------------------------------------------------------------
def test_events_come_in_the_forms_that_are_asked_for(api: Api) -> None:
    post(
        api,
        "/capture",
        document(
            MADE, with_(LOTTED, epcList=["urn:epc:id:sgtin:6926365.059800.S0001"], bizLocation={"id": "urn:epc:id:sgln:6926365.00001.0"})
        ),
    )
    api.settle()
    asked = {"MATCH_anyEPC": SERIAL}

    def thing(**headers: str) -> str:
        answer = api.get(
            f"{ROOT}/events", "plant", params=asked, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        found: str = listed(answer)[0]["epcList"][0]
        return found

    assert thing() == SERIAL
    assert thing(GS1_EPC_Format="Always_EPC_URN") == thing(GS1_EPC_Format="Never_Translates") == "urn:epc:id:sgtin:6926365.059800.S0001"
    answer = api.get(f"{ROOT}/events", "plant", params=asked, headers={"Accept": "application/xml"})
    assert answer.headers["content-type"].startswith("application/xml") and b"urn:epcglobal:cbv:bizstep:commissioning" in answer.content
    web = api.get(f"{ROOT}/events", "plant", headers={"Accept": "application/xml", "GS1-CBV-XML-Format": "Always_Web_URI"})
    assert b"https://ref.gs1.org/cbv/BizStep-commissioning" in web.content
    for content in (answer.content, web.content, api.get(f"{ROOT}/events", "plant").content):
        read = list(format_named("epcis").read(io.BytesIO(content), STRICT))
        messages = [event.message for event in read if event.message is not None and event.kind == "message"]
        assert messages and not any(message.findings for message in messages)
    assert api.get(f"{ROOT}/events", "plant", headers={"Accept": "application/ld+json"}).headers["content-type"] == "application/ld+json"
    refused(api.get(f"{ROOT}/events", "plant", headers={"Accept": "text/html"}), 406, "NotAcceptableException")
    refused(api.get(f"{ROOT}/events", "plant", headers={"GS1-EPCIS-Max": "1.2"}), 406, "NotAcceptableException")
    refused(api.get(f"{ROOT}/events", "plant", headers={"GS1-EPCIS-Version": "2.1"}), 406, "NotAcceptableException")
    for question, kind in (("EQ_nothing=1", "QueryParameterException"), ("perPage=x", "ValidationException")):
        told = api.get(f"{ROOT}/events?{question}", "plant", headers={"Accept": "application/xml"})
        assert (told.status_code, told.headers["content-type"]) == (400, "application/problem+xml")
        assert b'<epcis:EPCISException xmlns:epcis="urn:epcglobal:epcis:xsd:2"><type>epcisException:' + kind.encode() in told.content
    assert api.get(f"{ROOT}/events", "plant", headers={"GS1-EPCIS-Min": "1.2", "GS1-CBV-Max": "2.0.0"}).status_code == 200


def test_pages_are_linked(api: Api) -> None:
    post(api, "/capture", document(*(with_(PACKED, eventTime=f"2026-11-20T09:0{place}:00+08:00") for place in range(5))))
    api.settle()
    seen, path = [], f"{ROOT}/events?orderBy=eventTime&orderDirection=ASC&perPage=2&EQ_action=ADD"
    while path:
        answer = api.get(path, "plant")
        seen += [event["eventTime"] for event in listed(answer)]
        path = answer.links.get("next", {}).get("url", "")
    assert len(seen) == 5 and seen == sorted(seen)


def test_wrong_questions_are_refused_in_the_standards_words(api: Api) -> None:
    post(api, "/capture", document(LOTTED, PACKED, MADE))
    api.settle()
    refused(api.get(f"{ROOT}/events?EQ_bizstep=shipping", "plant"), 400, "QueryParameterException")
    refused(api.get(f"{ROOT}/events?perPage=0", "plant"), 400, "ValidationException")
    refused(api.get(f"{ROOT}/events?nextPageToken=xyz", "plant"), 400, "ValidationException")
    refused(api.get(f"{ROOT}/events?maxEventCount=2", "plant"), 413, "QueryTooLargeException")
    refused(api.get(f"{ROOT}/events?EQ_bizStep={'a' * 9000}", "plant"), 414, "URITooLongException")
    refused(api.get(f"{ROOT}/events/urn:uuid:nobody", "plant"), 404, "NoSuchNameException")
    refused(api.get(f"{ROOT}/nothing", "plant"), 404, "NoSuchNameException")


def test_everything_that_events_speak_of_is_a_resource(api: Api) -> None:
    shipped = with_(
        PACKED, bizStep="packing", disposition="in_progress", readPoint={"id": "urn:epc:id:sgln:6926365.00001.gate-2"},
        bizLocation={"id": "https://id.gs1.org/414/6926365000018"},
    )  # fmt: skip
    post(api, "/capture", document(MADE, LOTTED, shipped))
    api.settle()

    def members(path: str, who: str = "plant") -> list[str]:
        answer = api.get(f"{ROOT}{path}", who)
        assert answer.status_code == 200 and answer.json()["type"] == "Collection", answer.text
        found: list[str] = answer.json()["member"]
        return found

    assert set(members("")) == {
        "eventTypes",
        "epcs",
        "bizSteps",
        "bizLocations",
        "readPoints",
        "dispositions",
        "queries",
        "events",
        "capture",
    }
    assert len(members("/eventTypes")) == 5 and members("/eventTypes/ObjectEvent") == ["events"]
    assert set(members("/epcs")) == {SERIAL, UNIT} and members("/epcs", "depot") == []
    assert members("/bizSteps") == ["commissioning", "packing"] and members("/bizSteps?perPage=1") == ["commissioning"]
    assert members("/dispositions") == ["in_progress"] and members("/dispositions/in_progress") == ["events"]
    assert members("/readPoints") == ["https://id.gs1.org/414/6926365000018/254/gate-2"]
    assert members("/bizLocations") == ["https://id.gs1.org/414/6926365000018"] and members("/bizLocations", "clinic") == []
    for path, expected in (
        ("/eventTypes/ObjectEvent", 1), (f"/epcs/{quote(SERIAL, safe='')}", 2), ("/epcs/urn:epc:id:sgtin:6926365.059800.S0001", 2),
        (f"/epcs/{quote(LOT, safe='')}", 1), ("/bizSteps/packing", 1), ("/bizSteps/urn:epcglobal:cbv:bizstep:packing", 1),
        ("/readPoints/urn:epc:id:sgln:6926365.00001.gate-2", 1), (f"/bizLocations/{quote(PLACE, safe='')}", 1),
    ):  # fmt: skip
        assert members(path) == ["events"], path
        assert len(listed(api.get(f"{ROOT}{path}/events", "plant"))) == expected, path
        refused(api.get(f"{ROOT}{path}", "depot"), 404, "NoSuchNameException") if "Types" not in path else None
    assert len(listed(api.get(f"{ROOT}/bizSteps/packing/events?EQ_action=DELETE", "plant"))) == 0
    refused(api.get(f"{ROOT}/bizSteps/packing/events?EQ_bizStep=packing", "plant"), 400, "QueryParameterException")
    refused(api.get(f"{ROOT}/epcs/{quote(SERIAL + 'x', safe='')}", "plant"), 404, "NoSuchNameException")
    refused(api.get(f"{ROOT}/eventTypes/QuantityEvent/events", "plant"), 404, "NoSuchNameException")


def test_options_tell_what_is_spoken(api: Api) -> None:
    found = api.request("OPTIONS", f"{ROOT}/capture", "plant")
    assert (found.status_code, found.headers["Allow"]) == (204, "OPTIONS, GET, POST")
    assert found.headers["GS1-EPCIS-Capture-File-Size-Limit"] == "200000" and found.headers["GS1-Capture-Error-Behaviour"] == "all"
    assert api.request("OPTIONS", f"{ROOT}/events/{quote(NAMED, safe='')}", "plant").headers["Allow"] == "OPTIONS, GET"
    assert api.request("OPTIONS", f"{ROOT}/queries/q", "plant").headers["Allow"] == "OPTIONS, DELETE, GET"
    assert api.request("OPTIONS", ROOT, "plant").headers["GS1-EPCIS-Min"] == "2.0.0"
    assert api.request("OPTIONS", f"{ROOT}/capture", None).status_code == 401


def test_others_events_are_nobodys(api: Api) -> None:
    made = post(api, "/events", single(LOTTED))
    for who in ("depot", "south"):
        assert listed(api.get(f"{ROOT}/events", who)) == []
        refused(api.get(made.headers["Location"], who), 404, "NoSuchNameException")
    assert len(listed(api.get(f"{ROOT}/events", "auditor"))) == 1
    assert post(api, "/events", single(LOTTED), "depot").headers.get("UDIHub-Repeat") is None
    assert len(listed(api.get(f"{ROOT}/events", "auditor"))) == 2


# --- named queries -------------------------------------------------------------------------------------------------------
def test_a_named_query_is_kept_asked_and_forgotten(api: Api) -> None:
    query = {"name": "packed", "query": {"eventType": ["AggregationEvent"], "MATCH_parentID": [UNIT]}}
    made = post(api, "/queries", query)
    assert (made.status_code, made.headers["Location"]) == (201, f"{ROOT}/queries/packed")
    post(api, "/capture", document(LOTTED, PACKED))
    api.settle()
    answer = api.get(f"{ROOT}/queries/packed/events", "plant")
    assert [event["type"] for event in listed(answer)] == ["AggregationEvent"]
    assert answer.json()["epcisBody"]["queryResults"]["queryName"] == "packed"
    assert api.get(f"{ROOT}/queries/packed", "plant").json() == query and api.get(f"{ROOT}/queries", "plant").json() == [query]
    refused(post(api, "/queries", query), 409, "ResourceAlreadyExistsException")
    assert post(api, "/queries", query, "depot").status_code == 201 and listed(api.get(f"{ROOT}/queries/packed/events", "depot")) == []
    refused(post(api, "/queries", {"name": "x", "query": {"EQ_nothing": 1}}), 400, "QueryParameterException")
    refused(post(api, "/queries", {"name": "../x", "query": {}}), 400, "QueryParameterException")
    refused(post(api, "/queries", {"query": {}}), 400, "QueryValidationException")
    assert api.request("DELETE", f"{ROOT}/queries/packed", "plant").status_code == 204
    refused(api.get(f"{ROOT}/queries/packed/events", "plant"), 404, "NoSuchNameException")
    assert api.get(f"{ROOT}/queries/packed", "depot").status_code == 200
    assert turn(api.hub) == 0


def test_a_capture_whose_flow_is_stopped_runs_on(api: Api) -> None:
    api.request("POST", "/v1/flows/plant_events/stop", "admin", json={"reason": "they test"})
    captured = post(api, "/capture", document(COMMISSIONED))
    api.settle()
    waits = job(api, captured)
    assert (waits["running"], waits.get("finishedAt")) == (True, None)
