"""The trail as an auditor reads it: newest first over all chains, filtered, page by page, of no organisation but the key's."""

from __future__ import annotations

import json
from typing import Any

from hub.commands.audits import audit_list_command
from hub.store.chain import START, link
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, despatch, interchange, orders


def _all(api: Api, who: str, question: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = api.get(f"/v1/audit?limit=3{question}{cursor}", who).json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_an_auditor_reads_who_did_what(api: Api, capsys: Any, monkeypatch: Any) -> None:
    assert api.post(orders("4500000001"), "erp", key="1", params={"agreement": "orders_north"}).status_code == 200
    api.post(interchange(ACME, 1, despatch("SHP1", quantity="7")), "acme")
    api.settle()
    held = next(one["id"] for one in api.get("/v1/exchanges").json()["items"] if one["direction"] == "in")
    assert api.request("POST", f"/v1/exchanges/{held}/replay", "steward", json={"reason": "seen by Ann"}).status_code in (201, 409)
    whole = _all(api, "auditor")
    times = [row["at"] for row in whole]
    assert times == sorted(times, reverse=True) and {"north", None} <= {row["organisation"] for row in whole}
    for organisation in {row["organisation"] for row in whole}:
        numbers = [row["sequence"] for row in whole if row["organisation"] == organisation]
        assert numbers == list(range(len(numbers), 0, -1)), "each chain from its end to its beginning, nothing twice"
    kind = whole[-1]["action"].partition(".")[0]
    alike = _all(api, "auditor", f"&action={kind}")
    assert alike == [row for row in whole if row["action"].partition(".")[0] == kind] and 1 < len(alike) < len(whole)
    one = alike[0]["subject"]
    assert _all(api, "auditor", f"&subject={one}") == [row for row in whole if row["subject"] == one]
    assert not _all(api, "auditor", "&actor=nobody") and not _all(api, "auditor", "&until=2001-01-01T00:00:00Z")
    assert _all(api, "auditor", "&since=2001-01-01T00:00:00Z") == whole
    assert {row["organisation"] for row in _all(api, "south_auditor")} <= {"south"}, "nor the hub's own chain"
    assert api.get("/v1/audit", "steward").status_code == 403
    for cursor in ("W10", "IltdIg", "IntcImFcIjogMX0i"):
        assert api.get(f"/v1/audit?cursor={cursor}", "auditor").status_code == 400
    monkeypatch.setattr("hub.commands.audits.Hub.open", lambda: api.hub)
    audit_list_command(action=kind, limit=2, as_json=True)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == alike[:2]
    audit_list_command(subject=one, organisation=None, limit=50)
    assert one in capsys.readouterr().out


def test_what_is_read_can_be_held_against_its_hash(api: Api) -> None:
    newest = api.get("/v1/audit?limit=2").json()["items"]
    later, earlier = (row for row in newest)
    assert later["organisation"] == earlier["organisation"] and later["previous"] == earlier["hash"] != START.hex()
    with api.hub.database.read() as connection:
        stored = connection.exec_driver_sql("SELECT organisation_id, at, before, after FROM audit WHERE sequence = 1").first()
    assert stored is not None
    first = _all(api, "auditor")[-1]
    said = (stored[0], 1, stored[1], first["actor"], first["action"], first["subject"], first["reason"], stored[2], stored[3])
    assert link(said, START).hex() == first["hash"]
