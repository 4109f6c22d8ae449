"""Golden records over HTTP: the queue of duplicates, four eyes, why a value won, impact, places."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.masterdata.settings import KindRules, MasterSettings
from hub.store import credentials, decisions, facts, views
from hub.store import golden as golden_store
from tests.hub.world import item, party
from tests.hub_api.conftest import Api
from tests.hub_api.masters import say
from tests.hub_api.papers import orders, stock


@pytest.fixture
def kept(api: Api) -> Api:
    """One supplier entered twice in the ERP, once more in the WMS; an item; an order and a count."""
    say(
        api.hub,
        "erp",
        party("V1", name="Acme Polymers GmbH", name_zh="艾克美高分子有限公司", gln="4012345000016", tax_number="DE811", city="Berlin"),
    )
    say(api.hub, "erp", party("V9", name="ACME Polymers", gln=None, tax_number="DE811", phone="030-1"))
    say(api.hub, "wms", party("W1", name="Acme", gln=None, tax_number=None, city="Berlin-Mitte"))
    say(api.hub, "erp", item("RM-1", supplier_items=[{"supplier": "V1", "code": "A-7"}]))
    api.post(orders("4500000001", "V1"), "erp", key="o", params={"agreement": "orders_north"})
    api.post(stock(gln="8799999010023"), "wms", key="s", params={"agreement": "stock_north"})
    api.settle()
    return api


def ask(api: Api, *, who: str = "steward", **body: Any) -> Any:
    return api.request("POST", "/v1/masterdata/requests", who, json={"reason": "seen the papers", **body})


def strict(api: Api, **rules: Any) -> None:
    api.hub.site.masterdata = MasterSettings(kinds={"party": KindRules(**rules)})


def test_a_duplicate_is_seen_side_by_side_and_merged(kept: Api) -> None:
    (case,) = kept.get("/v1/masterdata/suspects").json()["items"]
    assert (case["left"]["code"], case["right"]["code"], case["score"], case["reasons"]) == ("V1", "V9", "0.99", ["name", "tax_number"])
    beside = kept.get(f"/v1/masterdata/suspects/{case['id']}").json()
    differing = {one["field"] for one in beside["fields"] if one["differs"]}
    assert {"name", "gln", "city", "phone"} <= differing and "tax_number" not in differing
    path = f"/v1/masterdata/suspects/{case['id']}/answer"
    assert kept.request("POST", path, "steward", json={"answer": "same"}).status_code == 422
    done = kept.request("POST", path, "steward", json={"answer": "same", "reason": "one tax number"})
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["request"]["state"], done.json()["request"]["asked_by"]) == ("same", "done", "steward key")
    assert done.json()["request"]["impact"]["orders"] == {"count": 1, "first": ["4500000001"]}
    merged = kept.get("/v1/parties/V9").json()
    assert (merged["name"], merged["phone"], merged["number"]) == ("Acme Polymers GmbH", "030-1", "V1")
    assert merged["chosen"]["phone"] == {"why": "only", "system": "erp", "code": "V9"}
    assert kept.request("POST", path, "steward", json={"answer": "different", "reason": "no"}).status_code == 409
    assert kept.get("/v1/masterdata/suspects").json()["items"] == []
    assert kept.get("/v1/discrepancies?rule=MDM-01").json()["items"] == []


def test_discrepancies_of_master_data_need_a_key_of_all_organisations(kept: Api) -> None:
    with kept.hub.database.begin("test") as uow:
        kept.keys["north_steward"] = credentials.issue(uow, "north steward", "steward", organisations=("north",)).secret
    with kept.hub.database.read() as connection:
        everything = views.discrepancies(connection, limit=1000)[0]
    of_nobody = [one for one in everything if one["rule"].startswith("MDM-")]
    assert of_nobody, "a supplier stands twice in one system"
    for who in ("steward", "integration", "auditor", "admin"):
        rules = [one["rule"] for one in kept.get("/v1/discrepancies?limit=100", who).json()["items"]]
        assert len([rule for rule in rules if rule.startswith("MDM-")]) == len(of_nobody), who
    for who in ("north_steward", "south_auditor", "acme"):
        answer = kept.get("/v1/discrepancies?limit=100", who)
        assert answer.status_code == 200 and not [one for one in answer.json()["items"] if one["rule"].startswith("MDM-")], who
    with kept.hub.database.read() as connection:
        north = [kept.hub.organisation_id("north")]
        whole, own = views.tally(connection, north, unowned=True), views.tally(connection, north)
    assert {rule for rule in whole if rule.startswith("MDM-")} and not {rule for rule in own if rule.startswith("MDM-")}
    assert {rule: count for rule, count in whole.items() if not rule.startswith("MDM-")} == own


def test_a_code_that_several_records_have_shows_all_of_them(kept: Api) -> None:
    say(kept.hub, "wms", party("V1", name="Quite another Ltd", gln=None, tax_number="GB1"))
    kept.settle()
    both = {("erp", "V1"), ("wms", "V1")}
    golden = kept.get("/v1/masterdata/golden/party/V1").json()
    assert {(one["system"], one["code"]) for one in (golden["source"], *golden["also"])} == both
    (other,) = golden["also"]
    assert other["name"] in ("Quite another Ltd", "Acme Polymers GmbH")
    for system, name in (("erp", "Acme Polymers GmbH"), ("wms", "Quite another Ltd")):
        alone = kept.get(f"/v1/masterdata/golden/party/{system}/V1").json()
        assert alone["source"] == {"system": system, "code": "V1"} and alone["also"] == []
        one = kept.get(f"/v1/parties/{system}/V1").json()
        assert one["name"] == name and one["also"] == []
    shown = kept.get("/v1/parties/V1").json()
    (also,) = shown["also"]
    assert {shown["name"], also["name"]} == {"Acme Polymers GmbH", "Quite another Ltd"}
    assert {(one["system"], one["code"]) for part in (shown, also) for one in part["sources"]} >= both
    touched = kept.get("/v1/masterdata/impact/party/V1", "steward")
    assert touched.status_code == 409 and "erp/V1, wms/V1" in touched.json()["detail"]
    assert kept.get("/v1/masterdata/impact/party/erp/V1", "steward").status_code == 200


def test_a_number_that_is_taken_is_told_with_whose_it_is(kept: Api) -> None:
    say(kept.hub, "erp", party("V7", name="Third Ltd", gln=None, tax_number=None, licence="沪药20240159"))
    say(kept.hub, "erp", party("V8", name="Fourth Ltd", gln=None, tax_number=None))
    kept.settle()
    source = {"system": "erp", "code": "V8"}
    taken = (("tax_number", " DE811 ", "erp/V1 (Acme Polymers GmbH)"), ("licence", "沪药20240159", "erp/V7 (Third Ltd)"))
    for field, value, whose in taken:
        refused = ask(kept, kind="party", action="value", source=source, field=field, value=value)
        assert refused.status_code == 422, refused.text
        assert refused.json()["detail"].startswith(f"{field} {value.strip()} is taken: it is that of {whose};")
        body = {"reason": "x", "kind": "party", "action": "value", "source": source, "field": field, "value": value}
        chinese = kept.request("POST", "/v1/masterdata/requests", "steward", json=body, headers={"Accept-Language": "zh"}).json()
        assert "已被占用" in chinese["detail"] and whose.partition(" ")[0] in chinese["detail"]
    assert ask(kept, kind="party", action="value", source=source, field="tax_number", value="DE999").json()["state"] == "done"
    own = {"system": "erp", "code": "V7"}
    assert ask(kept, kind="party", action="value", source=own, field="licence", value="沪药20240159").json()["state"] == "done"


def test_places_are_listed_though_a_word_of_old_cannot_be(kept: Api) -> None:
    erp = {"entity": "Location", "number": "W1", "revision": 1, "issued_at": datetime(2026, 10, 1, tzinfo=UTC), "@": 1}
    say(kept.hub, "erp", {**erp, "level": "warehouse", "name": "Main", "status": "active"})
    with kept.hub.database.begin("old") as uow:
        number = decisions.add_request(uow, "location", "value", {"source": ["erp", "W1"]}, {}, "old", None)
        decisions.add_word(uow, number, "location", ("erp", "W1"), "level", "kitchen", None, "Ann", "old")
        decisions.end_request(uow, number, "done", None, None)
        facts.mark_stale(uow.connection, golden_store.subjects_of(uow.connection, "location", {("erp", "W1")}))
    kept.settle()
    for language, part in (("en", "no place can have"), ("zh-CN", "不是库位可有的值")):
        listed = kept.get("/v1/masterdata/places", headers={"Accept-Language": language})
        assert listed.status_code == 200, listed.text
        (wrong,) = [one for one in listed.json()["items"] if one["findings"]]
        (told,) = wrong["findings"]
        assert (wrong["key"], wrong["level"], told["rule"], told["field"], told["got"]) == ("W1", None, "MDM-05", "level", "kitchen")
        assert part in told["message"]


def test_why_each_value_won_and_the_record_of_a_day(kept: Api) -> None:
    asked = ask(kept, kind="party", action="merge", source={"system": "erp", "code": "V1"}, other={"system": "wms", "code": "W1"})
    assert asked.status_code == 201, asked.text
    golden = kept.get("/v1/masterdata/golden/party/wms/W1")
    fields = {one["field"]: one for one in golden.json()["fields"]}
    assert (fields["city"]["value"], fields["city"]["why"]) == ("Berlin", "rank")
    assert [(one["value"], one["lost_by"]) for one in fields["city"]["others"]] == [("Berlin-Mitte", "rank")]
    assert kept.get("/v1/masterdata/golden/party/4012345000016", headers={"If-None-Match": golden.headers["ETag"]}).status_code == 200
    said = ask(
        kept, kind="party", action="value", source={"system": "erp", "code": "V1"}, field="city", value="Potsdam", from_on="2026-12-01"
    )
    assert said.json()["state"] == "done"

    def city(on: str) -> Any:
        shown = kept.get(f"/v1/masterdata/golden/party/V1{on}").json()
        return next(one["value"] for one in shown["fields"] if one["field"] == "city")

    assert city("?on=2026-11-30") == "Berlin" and city("?on=2026-12-01") == "Potsdam"
    assert kept.get("/v1/masterdata/golden/party/V1?on=2020-01-01").status_code == 404
    versions = kept.get("/v1/masterdata/versions/party/V1").json()["items"]
    assert [(row["code"], row["body"]["city"]) for row in versions] == [("V1", "Berlin"), ("W1", "Berlin-Mitte")]
    assert kept.get("/v1/masterdata/impact/party/V1").json()["orders"]["first"] == ["4500000001"]
    assert kept.get("/v1/masterdata/impact/party/nobody").status_code == 404


def test_a_person_does_not_approve_what_they_asked_for(kept: Api) -> None:
    strict(kept, approve=("merge",), approve_fields=("tax_number",))
    body: dict[str, Any] = {
        "kind": "party",
        "action": "merge",
        "source": {"system": "erp", "code": "V1"},
        "other": {"system": "wms", "code": "W1"},
    }
    waiting = ask(kept, **body).json()
    assert waiting["state"] == "waiting"
    assert kept.get("/v1/parties/W1").json()["name"] == "Acme"
    path = f"/v1/masterdata/requests/{waiting['id']}/approve"
    own = kept.request("POST", path, "steward", json={"reason": "quick"})
    assert own.status_code == 409 and "somebody else" in own.json()["detail"]
    with kept.hub.database.begin("test") as uow:  # another key of the same name is the same person
        kept.keys["second"] = credentials.issue(uow, "steward key", "steward").secret
    assert kept.request("POST", path, "second", json={"reason": "quick"}).status_code == 409
    done = kept.request("POST", path, "admin", json={"reason": "seen them too"})
    assert (done.json()["state"], done.json()["decided_by"]) == ("done", "admin key")
    assert kept.get("/v1/parties/W1").json()["name"] == "Acme Polymers GmbH"
    tax = ask(kept, kind="party", action="value", source={"system": "erp", "code": "V1"}, field="tax_number", value="DE812").json()
    assert [row["id"] for row in kept.get("/v1/masterdata/requests").json()["items"]] == [tax["id"]]
    refused = kept.request("POST", f"/v1/masterdata/requests/{tax['id']}/refuse", "steward", json={"reason": "a typing error"})
    assert refused.json()["state"] == "refused"
    assert kept.request("POST", f"/v1/masterdata/requests/{tax['id']}/approve", "admin", json={"reason": "x"}).status_code == 409


def test_what_cannot_be_is_refused(kept: Api) -> None:
    source, other = {"system": "erp", "code": "V1"}, {"system": "erp", "code": "V9"}
    wrong: tuple[tuple[dict[str, Any], int], ...] = (
        ({"kind": "party", "action": "unmerge", "source": source}, 409),
        ({"kind": "party", "action": "merge", "source": source, "other": source}, 409),
        ({"kind": "party", "action": "merge", "source": source}, 409),
        ({"kind": "party", "action": "merge", "source": source, "other": {"system": "erp", "code": "nobody"}}, 404),
        ({"kind": "party", "action": "value", "source": source, "field": "city"}, 409),
        ({"kind": "party", "action": "place", "source": source}, 422),
        ({"kind": "person", "action": "merge", "source": source, "other": other}, 422),
    )
    for body, status in wrong:
        assert ask(kept, **body).status_code == status, body
    assert ask(kept, who="auditor", kind="party", action="merge", source=source, other=other).status_code == 403
    assert kept.get("/v1/masterdata/suspects?cursor=x").status_code == 400
    assert kept.get("/v1/masterdata/golden/person/V1").status_code == 422


def test_a_persons_word_is_judged_as_a_systems_would_be(kept: Api) -> None:
    say(kept.hub, "erp", {**item("L-1"), "entity": "Location", "name": "Hall", "level": "plant"})
    lot = {"entity": "Lot", "number": "L7", "revision": 1, "issued_at": datetime(2026, 10, 1, tzinfo=UTC), "@": 2}
    say(kept.hub, "erp", {**lot, "item_code": "RM-1", "manufactured_on": "2026-05-01"})

    def word(kind: str, field: str, value: Any, **more: Any) -> Any:
        code = {"item": "RM-1", "party": "V1", "location": "L-1", "lot": "RM-1|L7"}[kind]
        return ask(kept, kind=kind, action="value", source={"system": "erp", "code": code}, field=field, value=value, **more)

    for kind, field, value, rule in (
        ("item", "base_unit", 12345, "DOC-07"),
        ("item", "status", "banana", "DOC-07"),
        ("item", "shelf_life_days", "abc", "DOC-07"),
        ("item", "udi_di", "06901234000017", "UDI-04"),
        ("party", "name", ["a"], "DOC-07"),
        ("party", "name", "a\x00b", "TXT-01"),
        ("lot", "expires_on", "2028-13-45", "DTE-01"),
        ("lot", "expires_on", "2026-02", "LOT-03"),  # before it was made, as its own record says
        ("location", "level", "factory", "DOC-07"),
        ("location", "parent", {"a": 1}, "DOC-07"),
    ):
        told = word(kind, field, value)
        assert told.status_code == 422, (field, value, told.text)
        assert rule in {one["rule"] for one in told.json()["findings"]}, (field, value, told.text)
    fixed: tuple[tuple[str, str, Any], ...] = (
        ("item", "gtin", "06901234000016"),
        ("item", "trade_items", [{"gtin": ["a"]}]),
        ("location", "gln", ["a"]),
    )
    for kind, field, value in (("item", "nonsense", 1), ("party", "entity", "Item"), ("item", "number", "B"), *fixed):
        told = word(kind, field, value)
        assert told.status_code == 422 and field in told.json()["detail"], (field, told.text)
    assert kept.get("/v1/masterdata/requests?state=done&state=waiting").json()["items"] == [], "nothing is written"
    body = {"kind": "item", "action": "value", "source": {"system": "erp", "code": "RM-1"}, "field": "status", "value": "x", "reason": "r"}
    told = kept.request("POST", "/v1/masterdata/requests", "steward", json=body, headers={"Accept-Language": "zh-CN"})
    assert told.json()["detail"] == "status: DOC-07: “x”不是此处应有的值（active, blocked, retired）。"
    assert word("item", "shelf_life_days", "730").json()["said"]["value"] == 730, "as records keep it"
    assert word("lot", "expires_on", "2028-04").status_code == 201
    assert ask(kept, kind="item", action="release", source=body["source"], field="nonsense").status_code == 201, (
        "of before words were judged"
    )


def test_places_belong_where_people_say(kept: Api) -> None:
    rows = kept.get("/v1/masterdata/places").json()["items"]
    roots = [row["key"] for row in rows if row["level"] == "organisation"]
    loose = [row["key"] for row in rows if row["level"] is None]
    assert len(roots) == 2 and loose == ["8799999010023"]

    def put(key: str, level: str, parent: str, **more: Any) -> Any:
        value = {"level": level, "name": key, "parent": parent, **more.pop("value", {})}
        return ask(kept, kind="place", action="place", source={"system": "place", "code": key}, value=value, **more)

    assert put("PLANT", "plant", roots[0]).status_code == 201
    assert put(loose[0], "warehouse", "PLANT", value={"name_zh": "一号仓"}).status_code == 201
    assert put("P27", "plant", roots[0], from_on="2027-06-01").status_code == 201
    assert put("W27", "warehouse", "P27").status_code == 409, "there is no P27 yet"
    assert put("W28", "warehouse", roots[0], from_on="2026-01-01").status_code == 201
    assert put("W28", "warehouse", "PLANT").status_code == 201
    assert put("W28", "warehouse", "P27", from_on="2027-07-01").status_code == 201
    assert put("W28", "warehouse", "PLANT", value={"name_zh": "二号仓"}).status_code == 201
    for day, parent in (("2026-11-22", "PLANT"), ("2027-07-01", "P27")):
        (told,) = [row for row in kept.get(f"/v1/masterdata/places?on={day}").json()["items"] if row["key"] == "W28"]
        assert told["parent"] == parent, (day, told)
    assert put("BIN-1", "storage_place", loose[0], from_on="2026-12-01").status_code == 201
    for key, level, parent in (
        ("X", "warehouse", "nowhere"),
        ("X", "plant", "PLANT"),
        (roots[0], "plant", roots[1]),
        ("PLANT", "storage_place", roots[0]),
    ):
        assert put(key, level, parent).status_code == 409, (key, level, parent)
    today = {row["key"]: row for row in kept.get("/v1/masterdata/places").json()["items"]}
    assert today[loose[0]]["path"] == [roots[0], "PLANT", loose[0]] and "BIN-1" not in today
    later = {row["key"]: row for row in kept.get("/v1/masterdata/places?on=2026-12-01").json()["items"]}
    assert later["BIN-1"]["organisation"] == today[roots[0]]["organisation"]


def test_a_key_of_one_organisation_is_not_told(kept: Api) -> None:
    for path in ("suspects", "requests", "places", "golden/party/V1", "impact/party/V1", "versions/party/V1"):
        assert kept.get(f"/v1/masterdata/{path}", "south_auditor").status_code == 403


def test_cases_of_master_data_are_for_keys_of_all_organisations(kept: Api) -> None:
    with kept.hub.database.begin("test") as uow:
        kept.keys["south"] = credentials.issue(uow, "south", "steward", organisations=("south",)).secret
    (one, *_) = [case for case in kept.get("/v1/exceptions").json()["items"] if case["rule"].startswith("MDM-")]
    assert not [case for case in kept.request("GET", "/v1/exceptions", "south").json()["items"] if case["rule"].startswith("MDM-")]
    refused = kept.request("POST", f"/v1/exceptions/{one['id']}/accept", "south", json={"reason": "not mine"})
    assert refused.status_code == 404 and kept.get(f"/v1/exceptions/{one['id']}").json()["state"] == "open"
