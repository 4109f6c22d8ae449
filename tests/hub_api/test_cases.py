"""Cases over HTTP: who may decide what, and what a request must say."""

from __future__ import annotations

from hub import pipeline
from tests.hub.registers.conftest import device, extract, run
from tests.hub.world import party
from tests.hub_api.conftest import Api
from tests.hub_api.masters import say
from tests.hub_api.papers import ACME, WRONG_GTIN, despatch, devices, interchange


def of(api: Api, kind: str) -> int:
    pipeline.reconcile(api.hub)
    return int(api.get(f"/v1/exceptions?kind={kind}").json()["items"][0]["id"])


def test_a_key_that_does_not_decide_on_differences_does_not_accept_their_cases(api: Api) -> None:
    api.post(devices(), "erp", key="d", params={"agreement": "devices"})
    pipeline.reconcile(api.hub)
    run(api.hub, extract(device(api.hub, mri="unsafe")), "gudid_full_20261101.xml")
    number = of(api, "difference")
    refused = api.request("POST", f"/v1/exceptions/{number}/accept", "integration", json={"reason": "known"})
    assert refused.status_code == 403, refused.text
    act = {"cases": [number], "act": {"action": "accept", "reason": "known"}}
    assert api.request("POST", "/v1/exceptions/bulk", "integration", json=act).json()[0]["done"] is False
    assert api.request("POST", f"/v1/exceptions/{number}/accept", "steward", json={"reason": "known"}).json()["state"] == "closed"


def test_what_was_accepted_is_told_though_its_findings_are_closed(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)), "acme")
    number = of(api, "held")
    (open_,) = api.get(f"/v1/exceptions/{number}").json()["findings"]
    done = api.request("POST", f"/v1/exceptions/{number}/accept", "steward", json={"reason": "known"}).json()
    assert done["state"] == "accepted" and done["accepted"]["by"] == "steward key"
    (seen,) = done["accepted"]["findings"]
    assert (seen["id"], seen["rule"], seen["message"]) == (open_["id"], "GS1-01", open_["message"])
    assert done["accepted"]["exchange"] == done["exchange_id"]
    chinese = api.get(f"/v1/exceptions/{number}", headers={"Accept-Language": "zh"}).json()["accepted"]["findings"][0]
    assert "校验位" in chinese["message"]


def test_until_when_an_answer_is_due_is_said_with_its_offset(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)), "acme")
    path = f"/v1/exceptions/{of(api, 'held')}/ask"
    refused = api.request("POST", path, "steward", json={"text": "Which GTIN?", "answer_by": "2026-12-01T08:00:00"})
    assert refused.status_code == 422, refused.text
    done = api.request("POST", path, "steward", json={"text": "Which GTIN?", "answer_by": "2026-12-01T08:00:00+01:00"})
    assert done.status_code == 200 and done.json()["due_at"].startswith("2026-12-01T07:00:00")


def test_a_case_of_master_data_shows_both_sides(api: Api) -> None:
    api.post(devices(), "erp", key="d", params={"agreement": "devices"})
    pipeline.reconcile(api.hub)
    run(api.hub, extract(device(api.hub, mri="unsafe")), "gudid_full_20261101.xml")
    compared = api.get(f"/v1/exceptions/{of(api, 'difference')}").json()["compared"]
    (field,) = compared["fields"]
    assert compared["right"] == "gudid" and field["differs"] and field["left"] != field["right"]
    say(api.hub, "erp", party("V1", name="Acme GmbH", city="Berlin"))
    say(api.hub, "erp", party("V9", name="ACME", gln=None, city="Bonn"))
    one = api.get(f"/v1/exceptions/{of(api, 'duplicate')}").json()
    assert (one["compared"]["left"], one["compared"]["right"], one["beside"]) == ("erp/V1", "erp/V9", [])
    fields = {each["field"]: each for each in one["compared"]["fields"]}
    assert (fields["city"]["left"], fields["city"]["right"], fields["city"]["differs"]) == ("Berlin", "Bonn", True)
    assert not fields["tax_number"]["differs"]
    api.post(interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)), "acme")
    held = api.get(f"/v1/exceptions/{of(api, 'held')}").json()
    assert (held["compared"], held["beside"]) == (None, [])
