"""Posting documents: what a partner's system sees."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from hub.store import credentials, tables
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, BOREALIS, WRONG_GTIN, despatch, found, interchange, segments, stock


def count(api: Api, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
    with api.hub.database.read() as connection:
        number: int = connection.execute(sa.select(sa.func.count()).select_from(table).where(*conditions)).scalar_one()
    return number


def rows(api: Api) -> dict[str, int]:
    """Rows of every table that a document can write to."""
    return {table.name: count(api, table) for table in tables.metadata.sorted_tables if table.name not in ("credential", "counter")}


def test_a_good_despatch_advice_gets_its_997_and_is_applied(api: Api) -> None:
    answer = api.post(interchange(ACME, 1, despatch("S1")), "acme")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/edi-x12"
    assert answer.headers["Preference-Applied"] == "wait"
    assert found(answer.content, "AK5") == [["AK5", "A"]] and found(answer.content, "AK9") == [["AK9", "A", "1", "1", "1"]]
    shown = api.get(answer.headers["Location"], "acme").json()
    assert (shown["state"], shown["format"]) == ("processed", "x12")
    assert [exchange["state"] for exchange in shown["exchanges"]] == ["applied"]
    assert count(api, tables.application, tables.application.c.standing) == 1


def test_without_waiting_it_is_202_and_a_worker_does_the_rest(api: Api) -> None:
    answer = api.post(interchange(ACME, 1, despatch("S1")), "acme", wait=False)
    assert answer.status_code == 202
    assert answer.json() == {"document": 1, "outcome": "new", "state": "received"}
    location = answer.headers["Location"]
    assert api.app.state.wake.is_set()
    assert api.get(f"{location}/acknowledgements", "acme").json() == []
    assert api.get(f"{location}/acknowledgements", "acme", headers={"Accept": "application/edi-x12"}).status_code == 404
    api.settle()
    (listed,) = api.get(f"{location}/acknowledgements", "acme").json()
    assert (listed["kind"], listed["verdict"], listed["state"], listed["route"]) == ("997", "accepted", "sent", "response")
    content = api.get(f"{location}/acknowledgements", "acme", headers={"Accept": "application/edi-x12"}).content
    assert content.decode() == listed["content"] and found(content, "AK5") == [["AK5", "A"]]


def test_the_same_again_gets_the_first_answer_again_and_nothing_new(api: Api) -> None:
    content = interchange(ACME, 1, despatch("S1"))
    first = api.post(content, "acme")
    before = rows(api)
    again = api.post(content, "acme")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["UDIHub-Repeat"] == "true" and "UDIHub-Repeat" not in first.headers
    assert again.headers["Location"] == first.headers["Location"]
    late = api.post(content, "acme", wait=False)
    assert late.status_code == 202 and late.json() == {"document": 1, "outcome": "repeat", "state": "processed"}
    assert rows(api) == before


def test_a_used_control_number_with_other_bytes_is_a_conflict_and_both_are_kept(api: Api) -> None:
    good, other = interchange(ACME, 7, despatch("S1")), interchange(ACME, 7, despatch("S2"))
    api.post(good, "acme")
    answer = api.post(other, "acme")
    assert answer.status_code == 409 and answer.headers["content-type"] == "application/problem+json"
    location = answer.headers["Location"]
    assert location == f"/v1/documents/{answer.json()['document']}" != "/v1/documents/1"
    assert api.get("/v1/documents/1/content", "acme").content == good
    assert api.get(f"{location}/content", "acme").content == other
    (refusal,) = api.get(f"{location}/acknowledgements", "acme").json()
    assert (refusal["kind"], refusal["verdict"]) == ("TA1", "rejected")
    assert found(refusal["content"].encode(), "TA1")[0][4:6] == ["R", "025"]
    assert not found(refusal["content"].encode(), "AK9")
    before = rows(api)
    assert api.post(other, "acme").status_code == 409
    assert rows(api) == before
    assert count(api, tables.application) == 1


def test_a_conflict_under_a_key_of_its_own_is_a_conflict_all_the_same(api: Api) -> None:
    api.post(interchange(ACME, 7, despatch("S1")), "acme", key="first")
    answer = api.post(interchange(ACME, 7, despatch("S2")), "acme", key="second")
    assert answer.status_code == 409
    (refusal,) = api.get(f"{answer.headers['Location']}/acknowledgements", "acme").json()
    assert found(refusal["content"].encode(), "TA1")[0][4:6] == ["R", "025"]


def test_one_bad_set_among_good_ones_gets_a_partial_997(api: Api) -> None:
    content = interchange(ACME, 1, despatch("S1"), despatch("S2"), despatch("S3"), miscounted=1)
    answer = api.post(content, "acme")
    assert answer.status_code == 200
    assert [segment[1] for segment in found(answer.content, "AK5")] == ["A", "R", "A"]
    assert found(answer.content, "AK9") == [["AK9", "P", "3", "3", "2"]]
    exchanges = api.get(answer.headers["Location"], "acme").json()["exchanges"]
    assert [exchange["state"] for exchange in exchanges] == ["applied", "rejected", "applied"]
    with api.hub.database.read() as connection:
        numbers = connection.execute(sa.select(tables.application.c.number).where(tables.application.c.standing)).scalars().all()
    assert sorted(numbers) == ["S1", "S3"]


def test_an_envelope_of_another_partner_is_not_accepted(api: Api) -> None:
    answer = api.post(interchange(BOREALIS, 1, despatch("S1")), "acme")
    assert answer.status_code == 200
    assert found(answer.content, "TA1")[0][4:6] == ["R", "006"]
    shown = api.get(answer.headers["Location"], "acme").json()
    assert shown["state"] == "rejected" and [finding["rule"] for finding in shown["findings"]] == ["SEC-01"]
    assert count(api, tables.application) == 0
    assert api.post(interchange(BOREALIS, 1, despatch("S1")), "borealis").status_code == 200, "its owner can still use the number"


def test_a_key_for_one_organisation_does_not_reach_another(api: Api) -> None:
    with api.hub.database.begin("test") as uow:
        api.keys["acme_south"] = credentials.issue(
            uow, "acme in the south", "partner", partner_id=api.hub.partner_id("acme"), organisations=("south",)
        ).secret
    answer = api.post(interchange(ACME, 1, despatch("S1")), "acme_south")
    assert answer.status_code == 200
    assert found(answer.content, "TA1")[0][4:6] == ["R", "009"]
    assert count(api, tables.application) == 0
    assert api.post(interchange(ACME, 1, despatch("S1")), "acme").status_code == 200, "its own key can still use the number"


def test_a_feed_needs_a_key_and_the_same_bytes_under_a_new_key_are_news(api: Api) -> None:
    refused = api.post(stock(), "wms", params={"agreement": "stock_north"})
    assert refused.status_code == 400 and "Idempotency-Key" in refused.json()["detail"]
    assert count(api, tables.document) == 0
    answer = api.post(stock(), "wms", key="monday", params={"agreement": "stock_north"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert [exchange["state"] for exchange in answer.json()["exchanges"]] == ["applied"]
    assert api.post(stock(), "wms", key="tuesday", params={"agreement": "stock_north"}).json()["document"] == 2
    again = api.post(stock(), "wms", key="monday", params={"agreement": "stock_north"})
    assert again.json()["document"] == answer.json()["document"] == 1 and again.headers["UDIHub-Repeat"] == "true"
    assert [exchange["state"] for exchange in again.json()["exchanges"]] == ["superseded"], "as it stands now, after Tuesday's"
    assert api.post(stock(11), "wms", key="monday", params={"agreement": "stock_north"}).status_code == 409


def test_an_agreement_that_is_not_the_partners_is_unknown(api: Api) -> None:
    for agreement in ("borealis_in", "nothing", "orders_to_acme"):
        answer = api.post(stock(), "acme", key="x", params={"agreement": agreement})
        assert answer.status_code == 404
    assert api.post(stock(), "acme", key="x", params={"partner": "borealis"}).status_code == 404
    assert count(api, tables.document) == 0


def test_own_people_name_the_partner(api: Api) -> None:
    content = interchange(ACME, 1, despatch("S1"))
    assert api.post(content, "integration").status_code == 400
    assert api.post(content, "integration", params={"partner": "nobody"}).status_code == 404
    assert api.post(content, "integration", params={"partner": "acme"}).status_code == 200
    assert api.post(content, "auditor", params={"partner": "acme"}).status_code == 403


def test_unreadable_bytes_are_kept_and_the_answer_says_why(api: Api) -> None:
    for content, status in ((b"", 422), (b"\x00\x01\x02" * 100, 422), (b"hello", 422)):
        answer = api.post(content, "acme")
        assert answer.status_code == status, answer.text
        body = answer.json()
        assert body["findings"][0]["severity"] == "error"
        assert api.get(f"/v1/documents/{body['document']}/content", "acme").content == content
        assert api.get(f"/v1/documents/{body['document']}", "acme").json()["state"] == "rejected"
    before = rows(api)
    again = api.post(b"", "acme", wait=False)
    assert again.status_code == 422 and again.headers["UDIHub-Repeat"] == "true"
    assert rows(api) == before


def test_a_quarantined_message_is_accepted_by_its_syntax_and_held(api: Api) -> None:
    answer = api.post(interchange(ACME, 1, despatch("S1", gtin=WRONG_GTIN)), "acme")
    assert found(answer.content, "AK5") == [["AK5", "A"]]
    shown = api.get(answer.headers["Location"], "acme").json()
    assert (shown["state"], shown["exchanges"][0]["state"]) == ("quarantined", "quarantined")
    exchange = api.get(f"/v1/exchanges/{shown['exchanges'][0]['id']}", "acme").json()
    (finding,) = [one for one in exchange["findings"] if one["rule"] == "GS1-01"]
    assert finding["place"]["segment"] == "LIN" and finding["place"]["element"] == 3


def test_the_cap_holds_with_and_without_an_honest_length(api: Api) -> None:
    large = interchange(ACME, 1, despatch("S" + "1" * 200_000))

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(large), 10_000):
            yield large[start : start + 10_000]

    before = rows(api)
    assert api.post(large, "acme").status_code == 413
    assert api.request("POST", "/v1/documents", "acme", content=pieces()).status_code == 413
    assert api.request("POST", "/v1/documents", "acme", files={"file": ("x.edi", large)}).status_code == 413
    after = rows(api)
    assert after.pop("finding") == before.pop("finding") + 3 and after == before
    found_rows = api.get("/v1/findings", "acme").json()["items"]
    assert [row["rule"] for row in found_rows] == ["SEC-03"] * 3
    assert api.get("/v1/findings", "borealis").json()["items"] == []


def test_multipart_carries_one_file_and_its_name_is_a_label(api: Api) -> None:
    content = interchange(ACME, 1, despatch("S1"))
    answer = api.request("POST", "/v1/documents", "acme", files={"file": ("../../etc/asn.edi", content)}, headers={"Prefer": "wait"})
    assert answer.status_code == 200
    assert api.get("/v1/documents/1", "acme").json()["name"] == "asn.edi"
    assert api.get("/v1/documents/1/content", "acme").content == content
    two = api.request("POST", "/v1/documents", "acme", files=[("a", ("a", content)), ("b", ("b", content))])
    assert two.status_code == 400
    broken = api.request("POST", "/v1/documents", "acme", content=b"nonsense", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert broken.status_code == 400


def test_json_instead_of_the_acknowledgement_when_only_that_is_wanted(api: Api) -> None:
    answer = api.post(interchange(ACME, 1, despatch("S1")), "acme", headers={"Accept": "application/json"})
    assert answer.status_code == 200 and answer.json()["exchanges"][0]["acknowledgement"] in (None, "accepted")


def test_downloads_are_exact_and_inert(api: Api) -> None:
    content = interchange(ACME, 1, despatch("S1"), despatch("S2"))
    api.post(content, "acme")
    answer = api.get("/v1/documents/1/content", "acme")
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment") and answer.headers["x-content-type-options"] == "nosniff"
    ids = [exchange["id"] for exchange in api.get("/v1/documents/1", "acme").json()["exchanges"]]
    parts = [api.get(f"/v1/exchanges/{number}/content", "acme").content for number in ids]
    assert [segments_of(part)[0] for part in parts] == ["ST*856*0001", "ST*856*0002"]
    assert all(segments_of(part)[-1].startswith("SE*") and part in content for part in parts)
    assert len(segments(content)) > 4


def segments_of(part: bytes) -> list[str]:
    return [segment for segment in part.decode().split("~") if segment]


def test_pages_by_cursor_and_etags(api: Api) -> None:
    for control in range(1, 6):
        api.post(interchange(ACME, control, despatch(f"S{control}")), "acme", wait=False)
    first = api.get("/v1/documents", "acme", params={"limit": 2}).json()
    assert [row["id"] for row in first["items"]] == [5, 4]
    api.post(interchange(ACME, 6, despatch("S6")), "acme", wait=False)
    second = api.get("/v1/documents", "acme", params={"limit": 2, "cursor": first["next"]}).json()
    third = api.get("/v1/documents", "acme", params={"limit": 2, "cursor": second["next"]}).json()
    assert [row["id"] for row in second["items"]] == [3, 2]
    assert [row["id"] for row in third["items"]] == [1] and third["next"] is None
    for cursor in ("nonsense", "", "IjEi", "dHJ1ZQ", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5"):
        assert api.get("/v1/documents", "acme", params={"cursor": cursor}).status_code == 400, cursor
    shown = api.get("/v1/documents/1", "acme")
    tag = shown.headers["ETag"]
    assert api.get("/v1/documents/1", "acme", headers={"If-None-Match": tag}).status_code == 304
    api.settle()
    changed = api.get("/v1/documents/1", "acme", headers={"If-None-Match": tag})
    assert changed.status_code == 200 and changed.json()["state"] == "processed"


def test_a_feed_without_acknowledgement_is_answered_with_what_is_wrong_in_its_messages(api: Api) -> None:
    bad = stock().replace(b'"quantity": "10"', b'"quantity": "ten"').replace(b'"quantity": 10', b'"quantity": "ten"')
    assert bad != stock()
    answer = api.post(bad, "wms", key="bad", params={"agreement": "stock_north"})
    body = answer.json()
    assert (answer.status_code, body["exchanges"][0]["state"]) == (200, "rejected")
    told = body["message_findings"][0]
    assert (told["rule"], told["exchange_id"]) == ("FED-06", body["exchanges"][0]["id"]) and "quantity" in told["place"]["path"]
