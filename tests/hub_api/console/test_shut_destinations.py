"""The outbox over HTTP and in the console: what was given up and why, where nothing arrives any more, and the way to send again."""

from __future__ import annotations

from hub import delivery, outbound
from hub.store import blobs, outbox
from tests.hub_api.conftest import Api
from tests.hub_api.console.test_gate import sign_in


def test_what_does_not_arrive_is_listed_and_sent_again(api: Api) -> None:
    blocked = api.hub.settings.home / "out"
    blocked.write_text("a file where the folder should be")
    with api.hub.database.begin("pipeline") as uow:
        sha256, _ = blobs.keep(uow.connection, uow.home, b"<order>")
        whose = api.hub.organisation_id("south"), api.hub.partner_id("borealis")
        for name in ("first", "second"):
            outbox.put(uow, outbox.Parcel(name, *whose, "document", {"use": "folder", "folder": "out"}, name, "text/xml", sha256))
    for _ in range(5):
        assert outbound.send(api.hub) == 1
        api.hub.clock.advance(3600)  # type: ignore[attr-defined]
    (place,) = api.get("/v1/outbox/destinations").json()["items"]
    assert (place["partner"], place["destination"], place["waiting"]) == ("borealis", "folder out", 2)
    assert (place["state"], place["failures"]) == ("open", 5)
    assert "udihub_destinations_open 1.0" in api.get("/metrics").text
    sign_in(api, "steward")
    assert "folder out takes nothing, 2 wait" in api.client.get("/console").text
    api.client.cookies.clear()
    for _ in range(outbox.ATTEMPTS - 5):
        assert outbound.send(api.hub) == 1
        api.hub.clock.advance(3600)  # type: ignore[attr-defined]
    (dead,) = api.get("/v1/outbox?state=dead").json()["items"]
    assert (dead["name"], dead["attempts"], dead["destination"]) == ("first", outbox.ATTEMPTS, "folder out")
    newest = api.get("/v1/outbox?limit=1").json()
    assert newest["items"][0]["name"] == "second"
    assert [row["name"] for row in api.get(f"/v1/outbox?limit=1&cursor={newest['next']}").json()["items"]] == ["first"]
    blocked.unlink()
    assert delivery.send(api.hub) == 1, "the second one is let try"
    assert api.get("/v1/outbox/destinations").json()["items"][0]["state"] == "closed"
    address = f"/v1/outbox/{dead['id']}/resend"
    assert api.request("POST", address, "acme", json={"reason": "x"}).status_code == 403
    assert api.request("POST", "/v1/outbox/987654/resend", "steward", json={"reason": "x"}).status_code == 404
    assert api.request("POST", address, "steward", json={"reason": "the disk is mended"}).status_code == 202
    assert delivery.send(api.hub) == 1
    with api.hub.database.begin("sender") as uow:
        for name in ("third", "fourth"):
            outbox.put(uow, outbox.Parcel(name, *whose, "document", {"use": "folder", "folder": "out"}, name, "text/xml", sha256))
    for parcel in outbox.claim(api.hub.database, 1, 60):
        with api.hub.database.begin("sender") as uow:
            outbox.failed(uow, parcel, "their disk is full", 0)
    what = {"destination": "folder out", "partner": "borealis", "reason": "the disk is larger"}
    assert api.request("POST", "/v1/outbox/destinations/resend", "acme", json=what).status_code == 403
    for other, status in (
        ({"destination": "folder in"}, 404),
        ({"partner": "acme"}, 404),
        ({"destination": ""}, 422),
        ({"reason": " "}, 422),
    ):
        assert api.request("POST", "/v1/outbox/destinations/resend", "steward", json=what | other).status_code == status
    answer = api.request("POST", "/v1/outbox/destinations/resend", "steward", json=what)
    assert (answer.status_code, answer.json()) == (202, {"count": 1, "superseded": 0})
    assert delivery.send(api.hub) == 2
    assert {row["state"] for row in api.get("/v1/outbox").json()["items"]} == {"sent"}
    assert api.get("/v1/outbox/destinations").json()["items"] == []
