"""Stopped flows over HTTP: documents wait with 202, a person sees and resumes, others are refused."""

from __future__ import annotations

from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, BOREALIS, despatch, interchange

WHY = {"reason": "their test run"}


def test_a_stopped_flow_takes_documents_in_waits_and_goes_on(api: Api) -> None:
    stopped = api.request("POST", "/v1/flows/acme_in/stop", "steward", json=WHY)
    assert (stopped.status_code, stopped.json()) == (200, {"agreement": "acme_in", "stopped": True, "documents": 0})
    posted = api.post(interchange(ACME, 1, despatch("SHP1")), "acme")
    assert (posted.status_code, posted.json()["state"]) == (202, "waiting"), "durable, and not answered"
    assert api.get(posted.headers["Location"], "acme").json()["state"] == "waiting"
    assert api.get(f"{posted.headers['Location']}/acknowledgements", "acme").json() == []
    assert api.post(interchange(BOREALIS, 1, despatch("SHP2")), "borealis").status_code == 200, "others go on"
    (shown,) = api.get("/v1/flows/stopped").json()["items"]
    assert (shown["agreement"], shown["partner"], shown["rule"], shown["reason"], shown["stopped_by"], shown["waiting"]) == (
        "acme_in", "acme", None, "their test run", "steward key", 1,
    )  # fmt: skip
    assert [row["state"] for row in api.get("/v1/documents?state=waiting").json()["items"]] == ["waiting"]
    metrics = api.get("/metrics").text
    assert "udihub_flows_stopped 1.0" in metrics and 'udihub_documents{state="waiting"} 1.0' in metrics
    resumed = api.request("POST", "/v1/flows/acme_in/resume", "integration", json={"reason": "it was a test"})
    assert resumed.json() == {"agreement": "acme_in", "stopped": False, "documents": 1}
    api.settle()
    assert api.get(posted.headers["Location"], "acme").json()["state"] == "processed"
    assert api.get("/v1/flows/stopped").json()["items"] == []
    (kept,) = api.get("/v1/flows/stopped?all=true").json()["items"]
    assert (kept["resumed_by"], kept["resumed_reason"]) == ("integration key", "it was a test")
    assert api.request("POST", "/v1/flows/acme_in/resume", "steward", json=WHY).status_code == 409


def test_other_bytes_under_the_number_of_what_waits_are_a_conflict(api: Api) -> None:
    api.request("POST", "/v1/flows/acme_in/stop", "steward", json=WHY)
    assert api.post(interchange(ACME, 1, despatch("SHP1")), "acme").json()["state"] == "waiting"
    assert api.post(interchange(ACME, 1, despatch("SHP2")), "acme").status_code == 409


def test_a_flow_of_another_organisation_is_not_there(api: Api) -> None:
    for name in ("nothing", "orders_to_acme"):
        assert api.request("POST", f"/v1/flows/{name}/stop", "admin", json=WHY).status_code == 404
    assert api.request("POST", "/v1/flows/acme_in/stop", "admin", json={"reason": ""}).status_code == 422
    api.request("POST", "/v1/flows/acme_in/stop", "admin", json=WHY)
    assert api.get("/v1/flows/stopped", "south_auditor").json()["items"] == []
    assert api.get("/v1/flows/stopped", "acme").status_code == 403
