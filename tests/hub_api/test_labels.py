"""Labels over HTTP: what the hub knows of a lot stands on them, and nothing that sources contradict."""

from __future__ import annotations

import re

import pytest

from tests.hub.labels.reading import millimetres, scanned, texts
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, BOREALIS, DEVICE, GTIN, despatch, devices, interchange, orders

PACKAGE = "16901234500056"
SSCC = "106141412345678908"


def despatched(number: str, lot: str, expires: str | None = "20281231", made: str | None = None, serial: str | None = None) -> list[str]:
    """A despatch of the device, with dates as DTM 036 and 094 of X12."""
    body = [part for part in despatch(number, gtin=DEVICE, lot=lot, quantity="1") if not part.startswith("DTM*036")]
    dates = [f"DTM*036*{expires}"] * (expires is not None) + [f"DTM*094*{made}"] * (made is not None)
    serials = [f"REF*SE*{serial}"] * (serial is not None)
    return [*body[:-1], *serials, *dates, body[-1]]


@pytest.fixture
def told(api: Api) -> Api:
    """One device, an order, and a lot that ACME sent of it."""
    assert api.post(devices(), "erp", key="1", params={"agreement": "devices"}).status_code == 200
    assert api.post(orders("4500000001"), "erp", key="2", params={"agreement": "orders_north"}).status_code == 200
    answer = api.post(interchange(ACME, 1, despatched("S1", "L1"), despatch("S2", lot="R7")), "acme")
    assert answer.status_code == 200, answer.text
    api.settle()
    return api


def test_a_device_has_its_label_at_every_level(told: Api) -> None:
    label = told.get("/v1/labels", params={"of": DEVICE}).json()
    assert label["udi_di"] == DEVICE and label["name"] == "Orthia bone screw"
    assert label["hri"] == f"(01){DEVICE}" and label["digital_link"] == f"https://id.example.com/01/{DEVICE}"
    for of, di in ((DEVICE[1:], DEVICE), (PACKAGE, PACKAGE), ("A99912345", DEVICE), ("+A99912345", DEVICE)):
        assert told.get("/v1/labels", params={"of": of}).json()["elements"] == [["01", di]], of
    for path in label["symbols"].values():
        answer = told.get(path)
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/svg+xml"
        assert DEVICE in scanned(answer.text)
        assert told.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_lot_bears_the_dates_that_documents_state(told: Api) -> None:
    label = told.get("/v1/labels", params={"of": f"{DEVICE}|L1"}).json()
    assert label["elements"] == [["01", DEVICE], ["17", "281231"], ["10", "L1"]]
    assert label["digital_link"] == f"https://id.example.com/01/{DEVICE}/10/L1?17=281231"
    square = told.get(label["symbols"]["data-matrix"]).text
    assert scanned(square) == f"]d201{DEVICE}1728123110L1"
    assert texts(square) == [f"(01){DEVICE}", "(17)281231", "(10)L1"]
    assert scanned(told.get(label["symbols"]["qr"]).text) == f"]Q1{label['digital_link']}"
    assert scanned(told.get(label["symbols"]["gs1-128"]).text) == f"]C101{DEVICE}1728123110L1"
    small = told.get(f"{label['symbols']['data-matrix']}&module=0.25&text=false").text
    assert texts(small) == [] and millimetres(small)[0] < 8
    raw = told.get("/v1/labels", params={"of": f"{GTIN}|R7"}).json()
    assert (raw["udi_di"], raw["name"], raw["hri"]) == (None, None, f"(01){GTIN}(17)281231(10)R7"), "known from papers only"


def test_a_serial_number_brings_its_lot(told: Api) -> None:
    told.post(interchange(ACME, 2, despatched("S3", "L3", made="20261001", serial="Z9")), "acme")
    told.settle()
    for of in (f"{DEVICE}|Z9", f"serial:{DEVICE}|Z9"):
        label = told.get("/v1/labels", params={"of": of})
        assert label.json()["hri"] == f"(01){DEVICE}(17)281231(11)261001(10)L3(21)Z9", label.text


def test_a_partners_label_bears_no_lot_that_only_others_have_named(told: Api) -> None:
    told.post(interchange(ACME, 2, despatched("S3", "L3", serial="Z9")), "acme")
    told.post(interchange(BOREALIS, 1, despatched("B1", "OTHER", serial="Z9")), "borealis")
    told.settle()
    of = {"of": f"{DEVICE}|Z9"}
    assert dict(told.get("/v1/labels", "acme", params=of).json()["elements"])["10"] == "L3"
    assert dict(told.get("/v1/labels", "borealis", params=of).json()["elements"])["10"] == "OTHER"
    both = told.get("/v1/labels", params=of)
    assert both.status_code == 409 and "L3, OTHER" in both.json()["detail"], "whoever sees both has no label for it, and is told why"


def test_the_device_master_says_which_dates_a_label_bears(told: Api) -> None:
    bare = devices(revision=9, updated_at="2026-11-20T08:00:00+08:00", pi={"lot": True, "manufacturing_date": False, "expiry_date": True})
    assert told.post(bare, "erp", key="9", params={"agreement": "devices"}).status_code == 200
    told.post(interchange(ACME, 2, despatched("S3", "L3", made="20261001")), "acme")
    told.settle()
    assert told.get("/v1/labels", params={"of": f"{DEVICE}|L3"}).json()["hri"] == f"(01){DEVICE}(17)281231(10)L3"


def test_no_label_is_made_from_dates_that_contradict_each_other(told: Api) -> None:
    told.post(interchange(ACME, 2, despatched("S4", "L1", expires="20291231")), "acme")
    told.settle()
    answer = told.get("/v1/labels", params={"of": f"{DEVICE}|L1"})
    assert answer.status_code == 409 and answer.headers["content-type"] == "application/problem+json"
    assert all(word in answer.json()["detail"] for word in ("2028-12-31", "2029-12-31", "S1", "S4"))
    assert told.get("/v1/labels/data-matrix", params={"of": f"{DEVICE}|L1"}).status_code == 409


def test_element_strings_are_taken_as_given_where_nothing_speaks_against_them(told: Api) -> None:
    new = f"(01){DEVICE}(17)300101(10)NEW-1"
    for of in (new, f"https://id.gs1.org/01/{DEVICE}/10/NEW-1?17=300101", f"]d201{DEVICE}1730010110NEW-1"):
        assert told.get("/v1/labels", params={"of": of}).json()["hri"] == new
    completed = told.get("/v1/labels", params={"of": f"(01){DEVICE}(10)L1"}).json()
    assert completed["hri"] == f"(01){DEVICE}(17)281231(10)L1"
    against = told.get("/v1/labels", params={"of": f"(01){DEVICE}(17)300101(10)L1"})
    assert against.status_code == 409 and "281231" in against.json()["detail"]
    assert told.get("/v1/labels", params={"of": "urn:epc:id:sgtin:69012345.00005.S7"}).json()["hri"] == f"(01){DEVICE}(21)S7"


WRONG = {
    404: ("06901234000016", f"{DEVICE}|L99", SSCC, "nonsense", ""),
    422: (f"(01){DEVICE}(10)", "(01)06901234500051", "(10)L1", "RM-1|L1"),
}


def test_what_is_unknown_or_no_label_is_said(told: Api) -> None:
    for status, texts_asked in WRONG.items():
        for of in texts_asked:
            for path in ("/v1/labels", "/v1/labels/qr"):
                answer = told.get(path, params={"of": of})
                assert answer.status_code == status, f"{of}: {answer.text}"
    chinese = told.get("/v1/labels", params={"of": f"(01){DEVICE}(10)"}, headers={"Accept-Language": "zh-CN"}).json()["findings"]
    assert re.search("[一-鿿]", chinese[0]["message"]), "in the reader's language"


def test_gs1_128_has_room_for_48_characters(told: Api) -> None:
    long = f"(01){DEVICE}(17)300101(10){'L' * 20}(21){'S' * 20}"
    answer = told.get("/v1/labels/gs1-128", params={"of": long})
    assert answer.status_code == 422 and "48" in answer.json()["detail"]
    assert len(scanned(told.get("/v1/labels/data-matrix", params={"of": long}).text)) == 3 + 16 + 8 + 22 + 1 + 22
    for path in ("/v1/labels/aztec?", "/v1/labels/qr?module=99&", "/v1/labels/qr?module=nan&", "/v1/labels/qr?of=x&module=0&"):
        assert told.get(f"{path}of={DEVICE}").status_code == 422, path


def test_partners_get_labels_of_their_own_only(told: Api) -> None:
    assert told.get("/v1/labels", None, params={"of": DEVICE}).status_code == 401
    mine = told.get("/v1/labels", "acme", params={"of": f"{DEVICE}|L1"}).json()
    assert mine["hri"] == f"(01){DEVICE}(17)281231(10)L1" and mine["name"] is None, "its own paper, not our device"
    for of in (f"{DEVICE}|L1", DEVICE):
        assert told.get("/v1/labels", "borealis", params={"of": of}).status_code == 404
    assert told.get("/v1/labels", "south_auditor", params={"of": f"{DEVICE}|L1"}).status_code == 404, "a lot of the other organisation"
    assert told.get("/v1/labels", "south_auditor", params={"of": DEVICE}).status_code == 200, "master data belong to all"
