"""EPCIS's interface and whoever means it ill: questions, tokens and bodies that are meant to break it, and looks at others' events."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

from tests.connectors.formats.epcis.documents import PACKED, UNIT, document
from tests.hub_api.conftest import Api
from tests.hub_api.test_epcis import ROOT, api, post  # noqa: F401 - the fixture

DIGITS = "9" * 5000
HALF = "\ud800"
QUERIES: list[dict[str, Any]] = [
    {"GE_eventTime": "2026-02-31T00:00:00Z"},
    {"GE_eventTime": "0001-01-01T00:00:00+14:00"},
    {"LT_eventTime": "9999-12-31T23:59:59-14:00"},
    {"GE_eventTime": f"2026-11-22T08:00:00.{'1' * 30}Z"},
    {"GE_eventTime": ["2026-11-22T08:00:00Z", "2026-11-23T08:00:00Z"]},
    {"eventCountLimit": f"0000000001{DIGITS}", "orderBy": "eventTime"},
    {"eventCountLimit": {"a": 1}, "orderBy": "eventTime"},
    {"maxEventCount": DIGITS},
    {"maxEventCount": 10**18},
    {"EQ_bizStep": ["ship\x00ping"]},
    {"EQ_bizStep": [HALF]},
    {"MATCH_anyEPC": [f"urn:x:{HALF}"]},
    {"MATCH_anyEPC": ["urn:epc:idpat:sgtin:*.*.*"]},
    {"EQ_eventID": [HALF]},
    {"EQ_bizTransaction_po": ["urn:x:\x00"]},
    {f"EQ_bizTransaction_{HALF}": ["urn:x:1"]},
    {"EQ_readPoint": ["'; DROP TABLE event; --"]},
    {"EQ_nova:x' OR 1=1 --": ["x"]},
    {"EQ_https://own.example/#x": [DIGITS, "1e999999999", "NaN", 1e300]},
    {"GE_value_CEL": "1" * 400},
    {"EQ_quantity": [True]},
    {"orderBy": {"a": 1}},
    {"orderBy": ["eventTime"]},
    {"orderDirection": ["ASC"]},
    {"eventType": [["ObjectEvent"]]},
    {"EXISTS_errorDeclaration": {"a": []}},
    {"EQ_INNER_ILMD_https://own.example/#x": [{"a": 1}]},
    {"WD_readPoint": ["https://id.gs1.org/414/6926365000018/254/%00"]},
    {"": ["x"]},
    {"EQ_bizStep": ["x" * 70_000]},
]
TOKENS = (
    "²", "--5.0.0", "0.--5.0", "9999999999999999999.0.0", "0.0.-5", f"0.0.{'9' * 19}", "1.2", "٣.٣.٣", DIGITS, HALF, "\x00",
    5, -1, [1], True,
)  # fmt: skip


def token(said: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def test_no_question_breaks_anything(api: Api) -> None:  # noqa: F811
    assert post(api, "/capture", document(PACKED)).status_code == 202
    api.settle()
    for place, query in enumerate(QUERIES):
        made = post(api, "/queries", {"name": f"q{place}", "query": query})
        assert made.status_code in (201, 400), (query, made.text)
        if made.status_code == 201:
            found = api.get(f"{ROOT}/queries/q{place}/events", "plant")
            assert found.status_code in (200, 400, 413), (query, found.text)
        for name, value in query.items():
            said = quote(f"{name}={value[0] if isinstance(value, list) else value}", safe="=", errors="replace")[:20_000]
            answered = api.get(f"{ROOT}/events?{said}", "plant")
            assert answered.status_code in (200, 400, 414), (said, answered.text)


def test_no_token_breaks_anything(api: Api) -> None:  # noqa: F811
    assert post(api, "/queries", {"name": "own", "query": {"EQ_bizStep": ["shipping"]}}).status_code == 201
    for path in ("/events", "/capture", "/queries", "/epcs", "/bizSteps", "/queries/own/events", "/queries/own/subscriptions"):
        for said in TOKENS:
            answered = api.get(f"{ROOT}{path}?nextPageToken={token(said)}", "plant")
            assert answered.status_code in (200, 400), (path, said, answered.text)
            assert answered.status_code == 400 or "Link" not in answered.headers


def test_no_body_breaks_anything(api: Api) -> None:  # noqa: F811
    deep, long = b'{"name": ' + b"[" * 100_000, b'{"name": "' + b"x" * 400_000 + b'"}'
    for body, status in ((deep, 400), (long, 413), (b"[]", 400), (b"", 400), (b"\xff", 400), (b'{"name": 1e999}', 400)):
        for path in ("/queries", "/queries/none/subscriptions"):
            refused = post(api, path, body)
            assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json"), (path, body[:20])
    assert post(api, "/queries", b"{}", Content_Type="text/plain").status_code == 415
    for body in (b'{"isA": ' + b"[" * 3_000, b"{" * 100_000, b"<a>" * 50_000):
        assert post(api, "/capture", body).status_code in (202, 400)
    api.settle()
    assert api.get(f"{ROOT}/capture", "plant").status_code == 200


def test_a_pattern_over_everything_is_answered_in_the_store(api: Api) -> None:  # noqa: F811
    assert post(api, "/capture", document(PACKED)).status_code == 202
    api.settle()
    for wide in ("urn:epc:idpat:sscc:0692636.*", "urn:epc:idpat:sgtin:6926365.*.*"):
        assert len(found(api, f"MATCH_anyEPC={wide}")) == 1 and found(api, f"MATCH_anyEPC={wide}", "clinic") == []
    assert len(found(api, f"MATCH_anyEPC={quote(f'urn:epc:idpat:sscc:7640123.*|{UNIT}')}")) == 1


def found(api: Api, question: str, who: str = "plant") -> list[dict[str, Any]]:  # noqa: F811
    answered = api.get(f"{ROOT}/events?{question}", who)
    assert answered.status_code == 200, answered.text
    listed: list[dict[str, Any]] = answered.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return listed
