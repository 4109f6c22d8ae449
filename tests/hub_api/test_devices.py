"""Devices over HTTP: by any of their identifiers, as of any day, and for partners no more than is theirs."""

from __future__ import annotations

import json

import pytest

from tests.hub_api.conftest import Api
from tests.hub_api.papers import DEVICE, devices

PACKAGE, CASE, UNIT = "16901234500056", "26901234500053", "06901234500066"


@pytest.fixture
def told(api: Api) -> Api:
    """One device in two versions, of which the second begins next year."""
    api.post(devices(), "erp", key="1", params={"agreement": "devices"})
    later = devices(revision=4, updated_at="2026-11-21T08:00:00+08:00", effective_on="2027-01-01", mri="safe", name="Orthia II")
    api.post(later, "erp", key="2", params={"agreement": "devices"})
    api.settle()
    return api


def test_a_device_is_found_by_every_identifier(told: Api) -> None:
    for di in (DEVICE, DEVICE[1:], PACKAGE, CASE, UNIT, "A99912345", "+A99912345"):
        answer = told.get(f"/v1/devices/{di}")
        assert answer.status_code == 200, f"{di}: {answer.text}"
        assert answer.json()["number"] == DEVICE
    assert told.get("/v1/devices/06901234000023").status_code == 404
    names = {(one["scheme"], one["value"]): one["base_quantity"] for one in told.get(f"/v1/devices/{DEVICE}").json()["names"]}
    assert names["package", CASE] == "200" and names["package", PACKAGE] == "50" and names["di", DEVICE] == "5"
    assert names["unit_of_use", UNIT] == "1"


def test_a_version_holds_from_its_day(told: Api) -> None:
    today = told.get(f"/v1/devices/{DEVICE}").json()
    assert (today["mri"], today["name"]) == ("conditional", "Orthia bone screw")
    assert [(one["revision"], one["begins_on"], one["in_effect"]) for one in today["versions"]] == [
        (3, "2026-11-01", True),
        (4, "2027-01-01", False),
    ]
    then = told.get(f"/v1/devices/{DEVICE}?on=2027-01-01").json()
    assert (then["mri"], then["name"]) == ("safe", "Orthia II")
    assert told.get(f"/v1/devices/{DEVICE}?on=2020-01-01").json()["mri"] == "conditional", "before all of them, the first to come"
    assert told.get(f"/v1/devices/{DEVICE}?on=yesterday").status_code == 422


def test_devices_are_listed_by_model_and_text(told: Api) -> None:
    for query in ("", "?find=bone", "?find=OS-4.0", f"?find={PACKAGE}", "?basic_udi_di=69012345SCREW4LD"):
        (row,) = told.get(f"/v1/devices{query}").json()["items"]
        assert row["number"] == DEVICE
    for query in ("?find=catheter", "?basic_udi_di=69012345"):
        assert told.get(f"/v1/devices{query}").json()["items"] == []


def test_partners_see_their_own_devices_without_who_says_what(told: Api) -> None:
    assert told.get(f"/v1/devices/{DEVICE}", "acme").status_code == 404
    assert told.get("/v1/devices", "acme").json()["items"] == []
    own = told.get(f"/v1/devices/{DEVICE}", "erp").json()
    assert own["number"] == DEVICE and own["packages"][0]["quantity"] == 10
    assert not own.keys() & {"names", "sources", "versions", "exchange_id", "golden_id"}
    assert "exchange" not in json.dumps(told.get("/v1/devices", "erp").json())
    assert told.get(f"/v1/devices/{DEVICE}", None).status_code == 401


def test_a_device_that_contradicts_itself_is_held(api: Api) -> None:
    bad = devices(packages=[{"di": PACKAGE, "contains": CASE, "quantity": 0}, {"di": CASE, "contains": PACKAGE, "quantity": 4}])
    answer = api.post(bad, "erp", key="1", params={"agreement": "devices"}).json()
    rules = {finding["rule"] for finding in api.get("/v1/findings").json()["items"]}
    assert {"DEV-05", "DEV-06"} <= rules, answer
    assert api.get("/v1/devices").json()["items"] == []
