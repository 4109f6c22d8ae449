"""Exchanges: found, shown, and given another chance with a reason."""

from __future__ import annotations

import json

from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, GTIN, WRONG_GTIN, despatch, interchange, orders


def states(api: Api) -> dict[int, str]:
    return {row["id"]: row["state"] for row in api.get("/v1/exchanges").json()["items"]}


def test_found_by_a_number_that_it_mentions_and_filtered(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("S1", order="4500000001"), despatch("S2", order="4500000002", gtin=WRONG_GTIN)), "acme")
    for find, expected in (("S1", [1]), ("4500000002", [2]), ("despatch_advice/S2", [2]), ("0002", [2]), ("S", []), ("L1", [1, 2])):
        found = sorted(row["id"] for row in api.get("/v1/exchanges", params={"find": find}).json()["items"])
        assert found == expected, find
    for query, expected in (
        ("state=quarantined", [2]),
        ("type=856", [1, 2]),
        ("type=810", []),
        ("partner=acme", [1, 2]),
        ("partner=borealis", []),
        ("partner=nobody", []),
        ("direction=out", []),
    ):
        assert sorted(row["id"] for row in api.get(f"/v1/exchanges?{query}").json()["items"]) == expected, query


def test_a_held_message_is_corrected_with_a_reason_beside_the_original(api: Api) -> None:
    original = interchange(ACME, 1, despatch("S1", gtin=WRONG_GTIN))
    api.post(original, "acme")
    assert states(api) == {1: "quarantined"}
    guess = {"reason": "guess", "fields": {"lines[0].gtin": "06901234000022"}}
    refused = api.request("POST", "/v1/exchanges/1/correct", "steward", json=guess)
    assert refused.status_code == 409 and states(api) == {1: "quarantined"}
    for body in ({"fields": {"lines[0].gtin": GTIN}}, {"reason": "  ", "fields": {"lines[0].gtin": GTIN}}, {"reason": "x", "fields": {}}):
        assert api.request("POST", "/v1/exchanges/1/correct", "steward", json=body).status_code == 422
    answer = api.request(
        "POST", "/v1/exchanges/1/correct", "steward", json={"reason": "supplier confirmed", "fields": {"lines[0].gtin": GTIN}}
    )
    assert answer.status_code == 201 and answer.json() == {"exchange": 2, "state": "applied"}
    assert answer.headers["Location"] == "/v1/exchanges/2"
    first, second = api.get("/v1/exchanges/1").json(), api.get("/v1/exchanges/2").json()
    assert first["state"] == "superseded" and second["origin"] == 1 and [row["id"] for row in first["replays"]] == [2]
    assert api.get("/v1/documents/1/content").content == original
    assert b"supplier confirmed" in api.get("/v1/exchanges/2/content").content


def test_replay_maps_the_original_again(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("S1")), "acme")
    assert api.request("POST", "/v1/exchanges/1/replay", "steward", json={"reason": ""}).status_code == 422
    answer = api.request("POST", "/v1/exchanges/1/replay", "integration", json={"reason": "mapping was mended"})
    assert answer.status_code == 201 and states(api) == {1: "superseded", 2: "applied"}
    assert api.get("/v1/exchanges/2/content").content == api.get("/v1/exchanges/1/content").content
    assert api.request("POST", "/v1/exchanges/987654321/replay", "steward", json={"reason": "x"}).status_code == 404


def test_a_replay_of_a_correction_keeps_or_drops_it(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("S1")), "acme")
    correction = {"reason": "misread", "fields": {"lines[0].lot": "L9"}}
    assert api.request("POST", "/v1/exchanges/1/correct", "steward", json=correction).json() == {"exchange": 2, "state": "applied"}
    assert api.request("POST", "/v1/exchanges/1/replay", "steward", json={"reason": "again"}).json() == {"exchange": 3, "state": "applied"}
    assert api.get("/v1/exchanges/3").json()["keys"]["lots"] == ["L9"]
    dropped = {"reason": "it was right", "drop_corrections": True}
    assert api.request("POST", "/v1/exchanges/2/replay", "steward", json=dropped).json() == {"exchange": 4, "state": "applied"}
    assert api.get("/v1/exchanges/4").json()["keys"]["lots"] == ["L1"]
    assert states(api) == {1: "superseded", 2: "superseded", 3: "superseded", 4: "applied"}


def test_what_came_under_no_agreement_is_refused_with_a_reason(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("S1"), sender="NOBODY"), "acme")
    for what, body in (("replay", {}), ("correct", {"fields": {"lines[0].lot": "L9"}})):
        answer = api.request("POST", f"/v1/exchanges/1/{what}", "steward", json={"reason": "x", **body})
        assert answer.status_code == 409 and "no agreement" in answer.json()["detail"]


def test_rows_that_are_held_back_are_counted(api: Api) -> None:
    second = ["HL*4*2*I", f"LIN*2*UK*{GTIN}", "SN1*2*1.5*EA", "REF*LT*L2", "DTM*036*20281231"]
    api.post(interchange(ACME, 1, [*despatch("S1")[:-1], *second, "CTT*4"]), "acme")
    assert api.get("/v1/exchanges").json()["items"][0]["rows_left_out"] == 1
    assert api.get("/v1/exchanges/1").json()["rows_left_out"] == 1


def test_what_went_out_is_resent_and_copied(api: Api) -> None:
    api.post(orders("4500000001"), "erp", key="1", params={"agreement": "orders_north"})
    api.settle()
    (sent,) = api.get("/v1/exchanges?direction=out").json()["items"]
    assert (sent["type"], sent["partner"], sent["state"]) == ("850", "acme", "sent")
    assert api.get(f"/v1/exchanges/{sent['id']}", "acme").status_code == 200, "it was sent to Acme"
    content = api.get(f"/v1/exchanges/{sent['id']}/content", "acme").content
    assert content.startswith(b"ISA*") and b"4500000001" in content
    folder = api.hub.settings.home / "out" / "acme"
    assert [path.read_bytes() for path in folder.iterdir()] == [content]
    answer = api.request("POST", f"/v1/exchanges/{sent['id']}/resend", "integration", json={"reason": "they lost it"})
    assert answer.status_code == 202 and answer.json()["outbox"] > 0
    assert api.request("POST", "/v1/exchanges/1/resend", "integration", json={"reason": "never sent"}).status_code == 404
    copy = api.request("POST", f"/v1/exchanges/{sent['id']}/copy", "integration", json={"reason": "new number wanted"})
    assert copy.status_code == 201, copy.text
    other = api.get(f"{copy.headers['Location']}/content").content
    assert b"4500000001" in other and other != content


def test_what_is_older_than_the_partners_last_word_is_sent_again_only_when_that_is_asked_for(api: Api) -> None:
    for key, changes in (("1", {}), ("2", {"revision": 2, "issued_at": "2026-11-07T08:00:00+01:00"})):
        said = json.loads(orders("4500000001"))
        said["orders"][0] |= changes
        api.post(json.dumps(said).encode(), "erp", key=key, params={"agreement": "orders_north"})
        api.settle()
    newer, older = api.get("/v1/exchanges?direction=out").json()["items"]
    (parcel,) = [one for one in api.get("/v1/outbox").json()["items"] if one["exchange"] == older["id"]]
    for address in (f"/v1/exchanges/{older['id']}/resend", f"/v1/outbox/{parcel['id']}/resend"):
        refused = api.request("POST", address, "integration", json={"reason": "they lost it"}, headers={"Accept-Language": "zh"})
        assert refused.status_code == 409 and f"在交换记录 {newer['id']} 中重新发出" in refused.json()["detail"], refused.text
        answer = api.request("POST", address, "integration", json={"reason": "they want it", "although_superseded": True})
        assert answer.status_code == 202, answer.text
