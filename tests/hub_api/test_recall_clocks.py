"""What is due in a recall is marked as done: when, by whom, by what it is shown, in time or late; in API, console and report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.clock import FrozenClock
from hub.recall import proof, report
from hub.store.tables import audit
from tests.hub_api.conftest import Api
from tests.hub_api.console.test_gate import sign_in
from tests.hub_api.papers import ACME, despatch, interchange

DAY = 86_400


def test_a_clock_is_met(api: Api, clock: FrozenClock, tmp_path: Path) -> None:
    assert api.post(interchange(ACME, 1, despatch("S1", quantity="20")), "acme").status_code == 200
    api.settle()
    new = {"organisation": "north", "title": "T", "reason": "R", "lots": ["L1"], "regimes": {"eu": "fsca", "us": "II"}}
    opened = api.request("POST", "/v1/recalls", "steward", json=new).json()
    path = f"/v1/recalls/{opened['number']}"
    assert {one["met"] for one in opened["clocks"]} == {None}

    def mark(status: int = 201, who: str = "steward", **done: Any) -> Any:
        body = {"regime": "eu", "act": "consignee_notice", "evidence": "FSN-1 by post", **done}
        answer = api.request("POST", f"{path}/clocks", who, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def met(shown: Any, act: str = "consignee_notice") -> Any:
        (found,) = (one for one in shown["clocks"] if one["regime"] == "eu" and one["act"] == act)
        return found

    clock.advance(5 * DAY)
    assert met(api.get(path, "steward").json())["overdue"]
    shown = met(mark(exchange=1))
    assert not shown["overdue"] and shown["met"]["late"]
    assert (shown["met"]["evidence"], shown["met"]["exchange"], shown["met"]["marked_by"]) == ("FSN-1 by post", 1, "steward key")
    clock.advance(60)
    again = met(mark(met_at="2026-11-23T10:00:00+01:00", evidence="FSN-1, receipt 77"))
    assert again["met"]["at"] == "2026-11-23T09:00:00+00:00" and not again["met"]["late"] and again["met"]["exchange"] is None
    mark(status=422, act="recall_plan")
    mark(status=422, evidence=" ")
    mark(status=422, met_at="2026-11-21T10:00:00Z")
    mark(status=422, met_at="2030-11-21T10:00:00Z")
    mark(status=404, exchange=999)
    mark(status=403, who="acme")
    assert api.request("POST", f"{path}/close", "steward", json={"reason": "done"}).status_code == 200
    assert met(mark(act="authority_report", exchange=1), "authority_report")["met"]["exchange"] == 1

    sign_in(api)
    console = api.client.get(f"/console/recalls/{opened['number']}")
    assert console.status_code == 200 and "FSN-1, receipt 77" in console.text
    with api.hub.database.read() as connection:
        rows = connection.execute(sa.select(audit).where(audit.c.action == "recall.met").order_by(audit.c.at)).all()
    assert len(rows) == 3
    folder = tmp_path / "report"
    report.write(api.hub, opened["number"], folder, "zh-CN")
    page = (folder / "report.zh-CN.html").read_text(encoding="utf-8")
    assert "完成情况" in page and "FSN-1, receipt 77" in page and "未标记完成" in page
    assert 1 in {one["exchange"] for one in json.loads((folder / "report.json").read_text(encoding="utf-8"))["evidence"]}
    assert proof.verify(folder) == []


def test_the_page_of_a_trace_says_who_brought_a_lot(api: Api) -> None:
    assert api.post(interchange(ACME, 1, despatch("S1", quantity="20")), "acme").status_code == 200
    api.settle()
    sign_in(api)
    up = api.client.get("/console/trace?key=L1&direction=up")
    assert up.status_code == 200 and "Who brought it" in up.text and "S1" in up.text
    named = api.hub.site.partners["acme"]
    api.hub.site.partners["acme"] = named.model_copy(update={"name_zh": "艾克美"})
    chinese = api.client.get("/console/trace?key=L1&direction=up", headers={"Accept-Language": "zh-CN"}).text
    assert "艾克美" in chinese and "艾克美" not in up.text
    assert "Who brought it" not in api.client.get("/console/trace?key=L1&direction=down").text
    before, after = (api.client.get(f"/console/trace?key=L1&direction=down&as_of={day}").text for day in ("2026-11-01", "2030-01-01"))
    assert "S1" in after and "S1" not in before and "2026-11-01" in before, "the day stays in its field"
    assert "soon is no time" in api.client.get("/console/trace?key=L1&as_of=soon").text
    wrong = api.client.get("/console/devices?on=soon")
    assert (wrong.status_code, "soon is no day" in wrong.text) == (422, True)


def test_a_refusal_is_told_in_the_reader_s_language(api: Api) -> None:
    assert api.post(interchange(ACME, 1, despatch("S1", quantity="20")), "acme").status_code == 200
    api.settle()
    new = {"organisation": "north", "title": " ", "reason": "R", "lots": ["L1"]}
    for asked, said in (("zh-CN", "召回须有标题和原因"), ("en", "a recall has a title and a reason")):
        answer = api.request("POST", "/v1/recalls", "steward", json=new, headers={"Accept-Language": asked})
        assert (answer.status_code, answer.json()["detail"], answer.headers["Content-Language"]) == (422, said, asked)
