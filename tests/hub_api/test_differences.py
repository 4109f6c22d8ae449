"""Differences from registers over HTTP: pages, filters, who may see and decide them."""

from __future__ import annotations

import pytest

from hub.store import credentials
from tests.hub.registers.complete import complete, feed
from tests.hub.registers.conftest import DEVICE, device, extract, run
from tests.hub_api.conftest import Api
from tests.hub_api.papers import devices


@pytest.fixture
def queued(api: Api) -> Api:
    """One device that GUDID has otherwise in three members."""
    api.post(devices(), "erp", key="1", params={"agreement": "devices"})
    api.settle()
    hub = api.app.state.hub
    run(hub, extract(device(hub, mri="unsafe", name="Other", single_use=False)), "gudid_full_20261101.xml")
    return api


def test_the_queue_comes_in_pages_with_filters(queued: Api) -> None:
    first = queued.get("/v1/devices/differences?limit=2").json()
    rest = queued.get(f"/v1/devices/differences?limit=2&cursor={first['next']}").json()
    rows = [*first["items"], *rest["items"]]
    assert [row["member"] for row in rows] == ["single_use", "name", "mri"] and rest["next"] is None
    assert {row["called"] for row in rows} == {"MRI Safety Status", "Brand Name", "For Single-Use"}
    for query, members in (
        ("severity=warning", ["name"]),
        ("register=nmpa", []),
        (f"di={DEVICE}&register=gudid&kind=value", ["single_use", "name", "mri"]),
        ("state=closed&state=sent", []),
        ("state=open&severity=error", ["single_use", "mri"]),
    ):
        assert [row["member"] for row in queued.get(f"/v1/devices/differences?{query}").json()["items"]] == members, query
    assert queued.get("/v1/devices/differences?cursor=x").status_code == 400
    assert queued.get("/v1/devices/differences?state=lost").status_code == 422
    (compared,) = queued.get("/v1/devices/extracts").json()["items"]
    assert (compared["register"], compared["scope"], compared["records"], compared["matched"]) == ("gudid", "full", 1, 1)


def test_a_steward_decides_and_the_device_follows(queued: Api) -> None:
    rows = {row["member"]: row["id"] for row in queued.get("/v1/devices/differences").json()["items"]}
    body = {"ids": [rows["mri"], rows["name"]], "decision": "accept", "reason": "the label says so"}
    answer = queued.request("POST", "/v1/devices/differences/decisions", "admin", json=body)
    assert answer.status_code == 200, answer.text
    assert [(row["state"], row["changed_by"]) for row in answer.json()] == [("accepted", "admin key")] * 2
    now = queued.get(f"/v1/devices/{DEVICE}").json()
    assert (now["mri"], now["name"], now["single_use"]) == ("unsafe", "Other", True)
    one = queued.get(f"/v1/devices/differences/{rows['mri']}")
    assert [step["state"] for step in one.json()["history"]] == ["open", "accepted"]
    etag = {"If-None-Match": one.headers["ETag"]}
    assert queued.get(f"/v1/devices/differences/{rows['mri']}", headers=etag).status_code == 304
    again = queued.request("POST", "/v1/devices/differences/decisions", "admin", json=body)
    assert again.status_code == 409 and again.headers["content-type"] == "application/problem+json"
    missing = {"ids": [999], "decision": "dismiss", "reason": "x"}
    assert queued.request("POST", "/v1/devices/differences/decisions", "admin", json=missing).status_code == 404
    assert queued.request("POST", "/v1/devices/differences/decisions", "admin", json=body | {"reason": ""}).status_code == 422
    assert queued.get("/v1/devices/differences/999").status_code == 404


def test_only_our_own_people_see_them_and_only_stewards_decide(queued: Api) -> None:
    rows = queued.get("/v1/devices/differences").json()["items"]
    body = {"ids": [rows[0]["id"]], "decision": "dismiss", "reason": "x"}
    hub = queued.app.state.hub
    for role in ("integration", "auditor"):
        with hub.database.begin("test") as uow:
            queued.keys[role] = credentials.issue(uow, role, role).secret
        assert queued.get("/v1/devices/differences", role).status_code == 200
        assert queued.request("POST", "/v1/devices/differences/decisions", role, json=body).status_code == 403
    for path in ("/v1/devices/differences", "/v1/devices/extracts", f"/v1/devices/differences/{rows[0]['id']}"):
        assert queued.get(path, "erp").status_code == 403 and queued.get(path, None).status_code == 401
    assert queued.request("POST", "/v1/devices/differences/decisions", "erp", json=body).status_code == 403
    assert queued.get("/v1/devices/differences").json()["items"] == rows


def test_a_device_goes_to_a_register_when_it_lacks_nothing(api: Api) -> None:
    api.post(feed(complete()), "erp", key="1", params={"agreement": "devices"})
    lacking = complete(
        udi_di="06901234500073", packages=None, direct_marks=None, secondary_dis=None, name=None, unit_of_use_di="06901234500080"
    )
    api.post(feed(lacking), "erp", key="2", params={"agreement": "devices"})
    api.settle()
    (row,) = [row for row in api.get("/v1/devices/readiness?to=gudid").json()["items"] if not row["ready"]]
    assert (row["di"], row["findings"][0]["place"]["path"]) == ("06901234500073", "name")
    assert "Brand Name" in row["findings"][0]["message"]
    chinese = api.get("/v1/devices/readiness?to=gudid&di=06901234500073", headers={"Accept-Language": "zh-CN"}).json()["items"]
    assert "要求填写" in chinese[0]["findings"][0]["message"]
    refused = api.get("/v1/devices/export?to=gudid")
    assert refused.status_code == 422 and refused.json()["findings"][0]["rule"] == "REG-01"
    for register, kind, start in (
        ("gudid", "xml", b"<?xml"),
        ("nmpa", "xlsx", b"PK"),
        ("eudamed", "xml", b"<?xml"),
        ("nmpa", "json", b"{"),
    ):
        answer = api.get(f"/v1/devices/export?to={register}&format={kind}&di=26901234500053")
        assert answer.status_code == 200 and answer.content.startswith(start), answer.text
        assert answer.headers["content-disposition"].endswith(f'.{kind}"')
    assert api.get("/v1/devices/export?to=eudamed&format=xlsx").status_code == 422
    assert api.get("/v1/devices/export?to=gudid&di=06901234000023").status_code == 404
    assert api.get("/v1/devices/export?to=gudid", "erp").status_code == 403
