"""Recalls by the API: whoever may see one organisation sees no more, and each consignee is told and heard of what is its own."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console

from data_contracts.errors import ConflictError, FatalError, InvalidError
from hub.apply import Applicable, apply
from hub.clock import FrozenClock
from hub.commands import recall_screen
from hub.recall import campaign, proof, report
from hub.reconcile import reconcile
from hub.store import blobs, bulk, credentials, tables
from hub.store.identity import allocate
from hub.store.recall_tables import recall_notice
from hub.trace import rendering
from hub.trace.genealogy import trace
from tests.hub.world import at, item, production
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, despatch, interchange
from tests.hub_api.papers import GTIN as PAPER

GTIN = "06901234000029"
LOT = f"lot:{GTIN}|F1"
NEW: dict[str, Any] = {"organisation": "north", "title": "T", "reason": "R", "lots": [f"{GTIN}|F1"]}


def speak(api: Api, *messages: tuple[str, Mapping[str, Any]], organisation: str = "north") -> None:
    """Messages (partner, entity) that an organisation was sent, applied."""
    number = api.hub.organisation_id(organisation)
    with api.hub.database.begin("test") as uow:
        ids = list(allocate(uow.connection, "exchange", len(messages)))
        columns = ("id", "ordinal", "direction", "organisation_id", "partner_id", "state", "recorded_at", "changed_at")
        partners = [api.hub.partner_id(key) for key, _ in messages]
        rows = [(one, 1, "in", number, partner, "applied", uow.now, uow.now) for one, partner in zip(ids, partners, strict=True)]
        bulk.insert(uow.connection, tables.exchange, columns, rows)
        named = zip(ids, partners, messages, strict=True)
        done = apply(uow, [Applicable(one, number, partner, key, entity, None) for one, partner, (key, entity) in named])
        assert {one.state for one in done} == {"applied"}
    with api.hub.database.begin("test") as uow:
        reconcile(uow)


def made(number: str = "PE1", units: int = 6, **members: Any) -> dict[str, Any]:
    """A production of lot F1 with its serial numbers."""
    serials = [f"S{one}" for one in range(1, units + 1)]
    line = {"line": "1", "gtin": GTIN, "lot": "F1", "serials": serials, "quantity": Decimal(units), "unit": "EA", "@": 3, **members}
    return production(number, inputs=[], outputs=[line])


def sent(number: str, to: str, *serials: str, quantity: int | None = None, **members: Any) -> dict[str, Any]:
    """A despatch of F1 to a partner, by its code with us."""
    line = {"line": "1", "gtin": GTIN, "lot": "F1", "quantity": Decimal(quantity or len(serials)), "unit": "EA", "@": 2, **members}
    return {
        "entity": "DespatchAdvice", "number": number, "issued_at": at(18), "despatched_at": at(18), "ship_from": {"gln": "6901234000012"},
        "ship_to": {"code": to}, "@": 1, "lines": [line | ({"serials": list(serials)} if serials else {})],
    }  # fmt: skip


def ask(api: Api, path: str, who: str = "steward", status: int = 200, method: str = "POST", **body: Any) -> Any:
    """One request, answered as expected."""
    more = {} if method == "GET" else {"json": body}
    answer = api.request(method, f"/v1/recalls{path}", who, **more)
    assert answer.status_code == status, answer.text
    return answer.json()


def opened(api: Api, **changes: Any) -> str:
    return f"/{ask(api, '', status=201, **{**NEW, **changes})['number']}"


@pytest.fixture
def south(api: Api) -> str:
    """A steward of one organisation."""
    with api.hub.database.begin("test") as uow:
        api.keys["south"] = credentials.issue(uow, "south steward", "steward", organisations=("south",)).secret
    return "south"


def test_a_key_for_one_organisation_opens_no_recall_of_what_lies_with_another(api: Api, south: str) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", "S1")))
    for named in ({"lots": [f"{GTIN}|F1"]}, {"lots": [], "serials": [f"{GTIN}|S1"]}, {"lots": [], "serials": [f"{GTIN}|S1..S4"]}):
        ask(api, "", south, 404, **{**NEW, "organisation": "south", **named})
    speak(api, ("wms", sent("D2", "V2", "S2")), organisation="south")  # now both speak of the lot
    refused = ask(api, "", south, 403, **{**NEW, "organisation": "south"})
    assert "another organisation" in refused["detail"] and "V1" not in str(refused)
    with api.hub.database.read() as connection:
        assert not connection.execute(sa.select(recall_notice)).all()
    assert ask(api, "", south, method="GET")["items"] == []


def test_what_lies_with_another_organisation_is_told_as_that_and_no_more(api: Api, south: str) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", "S1")))
    speak(api, ("wms", sent("D2", "V2", "S2")), organisation="south")
    path = opened(api, organisation="south")
    ask(api, f"{path}/notices")
    whole = ask(api, path, method="GET")
    assert not whole["elsewhere"] and {one["place"] for one in whole["notices"]} == {"V1", "V2"}
    part = ask(api, path, south, method="GET")
    assert part["elsewhere"] and {one["place"] for one in part["notices"]} == {"V2"}
    assert [(one["holder"], one["quantity"]) for one in part["lots"][0]["positions"]] == [("V2", "1")]
    assert "V1" not in str(part) and part["lots"][0]["total"] == "1"
    for step in ("holds", "notices", "locate"):
        ask(api, f"{path}/{step}", south, 403)


def test_each_consignee_is_told_its_own_serial_numbers(api: Api) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", "S1", "S2")), ("wms", sent("D2", "V2", "S3")))
    path = opened(api, lots=[], serials=[f"{GTIN}|S1..S3"])
    told = ask(api, f"{path}/notices")["notices"]
    assert {one["place"]: one["lots"][0]["serials"] for one in told} == {"V1": ["S1", "S2"], "V2": ["S3"]}
    with api.hub.database.read() as connection:
        rows = connection.execute(sa.select(recall_notice.c.place, recall_notice.c.lots)).all()
    assert {row.place: row.lots[0]["serials"] for row in rows} == {"V1": ["S1", "S2"], "V2": ["S3"]}


def test_a_label_with_a_serial_number_opens_a_recall_of_its_lot(api: Api) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", "S1")))
    shown = ask(api, "", status=201, **{**NEW, "lots": [f"(01){GTIN}(10)F1(21)S1"]})
    assert [(one["lot"], one["total"]) for one in shown["lots"]] == [("F1", "6")]


def test_an_answer_stands_when_another_system_speaks_of_the_lot(api: Api) -> None:
    ours: dict[str, Any] = {"gtin": None, "item_code": "A-29"}
    speak(api, ("erp", item("A-29", gtin=GTIN, supplier_items=[])), ("erp", made(**ours)), ("erp", sent("D1", "V1", quantity=3, **ours)))
    path = opened(api, lots=["A-29|F1"])
    (notice,) = ask(api, f"{path}/notices")["notices"]
    ask(api, f"{path}/notices/{notice['id']}/answer", lots={notice["lots"][0]["answer_as"]: {"used": 3}})
    assert notice["lots"][0]["lot_key"] == "lot:erp:A-29|F1"
    speak(api, ("wms", sent("D7", "V2", quantity=1)))  # by the GTIN: the first of the lot's names is another now
    found = ask(api, f"{path}/locate")
    positions = [one for lot in found["lots"] for one in lot["positions"] if one["holder"] == "V1"]
    assert [(one["position"], one["quantity"]) for one in positions] == [("used", "3")]
    assert found["lots"][0]["key"] == LOT
    told = ask(api, f"{path}/notices")["notices"]
    assert [one["place"] for one in told] == ["V1", "V2"]  # V1 is not told again


def test_a_lot_in_two_units_is_told_once_and_answered_for_each(api: Api) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", quantity=3)), ("wms", sent("D2", "V1", quantity=2, unit="CS")))
    path = opened(api)
    (notice,) = ask(api, f"{path}/notices")["notices"]
    assert len(ask(api, f"{path}/notices")["notices"]) == 1
    keys = {lot["unit"]: lot["answer_as"] for lot in notice["lots"]}
    assert keys == {"EA": f"{LOT} EA", "CS": f"{LOT} CS"}
    shown = ask(api, f"{path}/notices/{notice['id']}/answer", lots={keys["EA"]: {"used": "3"}, keys["CS"]: {"on_hand": 1, "returned": 1}})
    found = {(lot["unit"], one["position"]): one["quantity"] for lot in shown["lots"] for one in lot["positions"] if one["holder"] == "V1"}
    assert found == {("EA", "used"): "3", ("CS", "on_hand"): "1", ("CS", "returned"): "1"}


def test_who_is_told_anew_has_still_answered_and_is_reminded_once(api: Api, clock: FrozenClock) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", quantity=3)))
    path = opened(api)
    (first,) = ask(api, f"{path}/notices")["notices"]
    ask(api, f"{path}/notices/{first['id']}/answer", lots={LOT: {"used": 2, "destroyed": 1}})
    speak(api, ("wms", sent("D2", "V1", quantity=2)))
    shown = ask(api, f"{path}/notices")
    old, new = shown["notices"]
    assert (old["state"], old["superseded_by"], new["lots"][0]["quantity"]) == ("superseded", new["id"], "5")
    found = {one["position"]: one["quantity"] for one in shown["lots"][0]["positions"] if one["holder"] == "V1"}
    found |= {one["position"]: one["quantity"] for one in ask(api, f"{path}/locate")["lots"][0]["positions"] if one["holder"] == "V1"}
    assert found == {"used": "2", "destroyed": "1", "shipped": "2"}
    assert shown["score"]["answered"] == "0.0000"
    ask(api, f"{path}/notices/{old['id']}/answer", status=409, lots={LOT: {"used": 3}})
    clock.advance(5 * 86_400)
    assert [one["reminders"] for one in ask(api, f"{path}/reminders")["notices"]] == [0, 1]


def test_warehouse_and_quality_systems_are_both_asked_to_hold(api: Api) -> None:
    partners = api.hub.site.partners
    partners["erp"] = partners["erp"].model_copy(update={"kind": "qms"})  # the sample site has none
    speak(api, ("wms", made()))
    path = opened(api)
    holds = ask(api, f"{path}/holds")["holds"]
    assert [(one["partner"], [lot["lot"] for lot in one["lots"]]) for one in holds] == [("erp", ["F1"]), ("wms", ["F1"])]
    mine = api.get(f"/v1/recalls{path}", "erp").json()["notices"]
    assert [(one["partner"], one["kind"]) for one in mine] == [("erp", "hold")]
    for step, said in (("answer", {"lots": {}}), ("told", {"how": "by telephone"})):  # what a system is asked, nobody answers
        ask(api, f"{path}/notices/{holds[0]['id']}/{step}", status=409, **said)


def test_a_second_hold_names_the_lots_that_were_found_later(api: Api) -> None:
    speak(api, ("wms", made()))
    path = opened(api)
    assert [[lot["lot"] for lot in one["lots"]] for one in ask(api, f"{path}/holds")["holds"]] == [["F1"]]
    used = [{"line": "1", "gtin": GTIN, "lot": "F1", "quantity": Decimal(1), "unit": "EA", "@": 2}]
    into = [{"line": "1", "gtin": GTIN, "lot": "F2", "quantity": Decimal(1), "unit": "EA", "@": 2}]
    speak(api, ("wms", production("PE2", inputs=used, outputs=into)))
    for _ in range(2):
        assert [[lot["lot"] for lot in one["lots"]] for one in ask(api, f"{path}/holds")["holds"]] == [["F1"], ["F2"]]


@pytest.mark.parametrize("amount", ["1E1000000", "1E-400", "NaN", "1.1234567", "1" * 13, "-1", -1, 10**30, "٣"])
def test_an_amount_that_is_none_is_refused_before_it_is_read(api: Api, amount: Any) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", quantity=3)))
    path = opened(api)
    (notice,) = ask(api, f"{path}/notices")["notices"]
    ask(api, f"{path}/notices/{notice['id']}/answer", "acme", 422, lots={LOT: {"used": amount}})


def test_a_partner_sees_no_drill_and_no_clock_of_a_recall(api: Api) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", quantity=3)))
    drill, real = opened(api, kind="drill"), opened(api, regimes={"eu": "fsca"})
    for path in (drill, real):
        ask(api, f"{path}/notices")
    (notice,) = ask(api, drill, method="GET")["notices"]
    assert notice["state"] == "kept"
    ask(api, drill, "acme", 404, method="GET")
    ask(api, f"{drill}/notices/{notice['id']}/acknowledge", "acme", 404)
    ask(api, f"{drill}/notices/{notice['id']}/answer", "acme", 404, lots={})
    (head,) = ask(api, "", "acme", method="GET")["items"]
    mine = ask(api, real, "acme", method="GET")
    assert head["number"] == real[1:]
    assert not {"aware_at", "regimes", "clocks"} & (head.keys() | mine.keys())


def test_a_notice_was_sent_when_its_parcel_went(api: Api) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", quantity=3)))
    path = opened(api)

    ask(api, f"{path}/notices")
    for parcel, said in (("waiting", "waiting"), ("held", "to_fetch"), ("dead", "not_sent"), ("sent", "sent")):
        with api.hub.database.begin("test") as uow:
            uow.connection.execute(sa.update(tables.outbox).values(state=parcel, sent_at=uow.now if parcel == "sent" else None))
        (notice,) = ask(api, path, method="GET")["notices"]
        assert (notice["state"], notice["sent_at"] is not None) == (said, said == "sent")


def test_a_recall_ends_with_a_reason_where_somebody_was_not_told_and_goes_on_with_one(api: Api) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", quantity=3)))
    path = opened(api)
    assert "not told V1" in ask(api, f"{path}/close", status=422)["detail"]
    (notice,) = ask(api, f"{path}/notices")["notices"]
    assert "not answered by V1" in ask(api, f"{path}/close", status=422)["detail"]
    for wrong in ({LOT: {"used": 2, "on_hand": 2}}, {LOT: {"lost": 1}}, {"lot:1|X": {"used": 1}}):
        ask(api, f"{path}/notices/{notice['id']}/answer", "acme", 422, lots=wrong)  # what is said is wrong, not who says it
    ask(api, f"{path}/notices/{notice['id']}/answer", "acme", lots={LOT: {"used": 3}})
    speak(api, ("wms", sent("D3", "NOBODY", quantity=1)))
    assert "not told NOBODY" in ask(api, f"{path}/close", status=422)["detail"]
    ask(api, f"{path}/reopen", status=409, reason="why")
    ended = ask(api, f"{path}/close", reason="telephoned")
    assert (ended["state"], ended["closed_reason"]) == ("closed", "telephoned")
    ask(api, f"{path}/close", status=409, reason="again")
    ask(api, f"{path}/reopen", status=422, reason="")
    again = ask(api, f"{path}/reopen", reason="one more place")
    assert (again["state"], again["closed_at"], again["closed_reason"]) == ("open", None, None)
    with api.hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.audit).where(tables.audit.c.action == "recall.reopened")).all()
    assert len(rows) == 1


def test_a_consignee_that_is_no_partner_is_told_by_a_person_and_answers(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gln, home = "6901234999997", {"name": "Stadtspital", "address": "Hauptstr. 1", "city": "Bern", "country": "CH"}
    speak(api, ("wms", made()), ("wms", {**sent("D1", "V1", quantity=3), "ship_to": {"gln": gln, **home}}))
    path = opened(api, regimes={"cn": "1"})
    shown = ask(api, f"{path}/notices")
    assert shown["unreachable"] == [gln] and shown["names"][gln] == {"name": "Stadtspital", "name_zh": None}
    (consignee,) = shown["lots"][0]["consignees"]
    assert (consignee["partner"], consignee["party"]["address"]) == (None, "Hauptstr. 1")
    (notice,) = shown["notices"]
    assert (notice["partner"], notice["place"], notice["state"], notice["party"]["city"]) == (None, gln, "to_tell", "Bern")
    ask(api, f"{path}/notices/{notice['id']}/told", status=422, how="")
    ask(api, f"{path}/notices/{notice['id']}/told", status=422, how="letter", told_at="2020-01-01T00:00:00Z")
    ask(api, f"{path}/notices/{notice['id']}/told", "acme", 403, how="I told myself")
    told = ask(api, f"{path}/notices/{notice['id']}/told", how="registered letter RR 1 to Dr Li")
    assert told["unreachable"] == [] and told["notices"][0]["state"] == "told"
    assert len(ask(api, f"{path}/notices")["notices"]) == 1
    answered = ask(api, f"{path}/notices/{notice['id']}/answer", lots={LOT: {"used": 3}})
    assert (answered["notices"][0]["state"], answered["score"]["answered"]) == ("answered", "1.0000")
    assert [one["position"] for one in answered["lots"][0]["positions"] if one["holder"] == gln] == ["used"]
    ask(api, f"{path}/notices/{notice['id']}/told", status=409, how="by telephone")  # it has said so itself
    checked = {"method": "call", "outcome": "effective"}
    assert api.request("POST", f"/v1/recalls{path}/notices/{notice['id']}/checks", "steward", json=checked).status_code == 201
    ask(api, f"{path}/clocks", status=201, regime="cn", act="recall_plan", evidence="plan 7")
    capsys.readouterr()
    recall_screen.show_check(api.hub, path[1:])
    recall_screen.show_clock(api.hub, path[1:], "cn", "recall_plan")
    recall_screen.show_notice(api.hub, path[1:], notice["id"])
    check, clock, told_ = capsys.readouterr().out.splitlines()
    assert check.startswith(f"Check (Notice {notice['id']}): no partner {gln} Stadtspital: call, effective · 2026-") and "CET" in check
    assert "plan 7" in clock and clock.count("CET") == 2 and "letter RR 1" in told_ and "CET" in told_
    assert ask(api, f"{path}/close", reason="all heard")["state"] == "closed"
    recall_screen.show(api.hub, path[1:], as_json=False)
    whole = capsys.readouterr().out
    assert check in whole and "Score" in whole and "Europe/Amsterdam" in whole and "UTC" not in whole
    report.write(api.hub, path[1:], tmp_path / "report", "en")
    page = (tmp_path / "report" / "report.en.html").read_text(encoding="utf-8")
    for said in (f"{gln} Stadtspital", "Hauptstr. 1, Bern, CH", "registered letter RR 1 to Dr Li", "all heard", "no partner"):
        assert said in page, said
    assert (tmp_path / "report" / "report.zh-CN.pdf").read_bytes().startswith(b"%PDF")
    packed = api.get(f"/v1/recalls{path}/report", "auditor")
    assert (packed.status_code, packed.headers["content-type"]) == (200, "application/zip"), packed.text
    (whole := tmp_path / "report.zip").write_bytes(packed.content)
    assert proof.verify(whole) == proof.verify(whole, proof.signer(whole)) == []
    for name, said in (("report.json", "changed"), ("evidence/added", "added"), ("../report.json", "the name")):
        told = altered(packed.content, tmp_path / "altered.zip", f"{path[1:]}/{name}")
        if said == "the name":
            with pytest.raises(InvalidError, match="the name"):
                proof.verify(told)
        else:
            assert [said in fault for fault in proof.verify(told)] == [True], name
    assert api.get(f"/v1/recalls{path}/report", "acme").status_code == 403
    assert api.get("/v1/recalls/RECALL-9999/report", "auditor").status_code == 404


def altered(report_: bytes, to: Path, name: str) -> Path:
    """The archive of a report in which one file holds something else."""
    with zipfile.ZipFile(io.BytesIO(report_)) as archive, zipfile.ZipFile(to, "w") as forged:
        for part in archive.namelist():
            if part != name:
                forged.writestr(part, archive.read(part))
        forged.writestr(name, b"{}")
    return to


def test_totals_are_of_one_item_in_one_unit(api: Api) -> None:
    used = [{"line": "1", "gtin": GTIN, "lot": "F1", "quantity": Decimal(4), "unit": "EA", "@": 2}]
    into = [{"line": "1", "gtin": PAPER, "lot": "K1", "quantity": Decimal(4), "unit": "EA", "@": 2}]
    speak(api, ("wms", made()), ("wms", production("PE2", inputs=used, outputs=into)))
    shown = ask(api, opened(api), method="GET")
    assert [(one["gtin"], one["named"], one["total"]) for one in shown["totals"]] == [(GTIN, True, "6"), (PAPER, False, "4")]


def test_a_score_counts_units_of_an_item_whatever_their_lot_and_stock_at_consignees_is_told_apart(api: Api) -> None:
    serials = [f"T{one}" for one in range(1, 95)]
    more = made("PE2", lot="F2", serials=serials, quantity=Decimal(94))
    speak(api, ("wms", made()), ("wms", more), ("wms", sent("D1", "V1", quantity=5)))
    path = opened(api, lots=[f"{GTIN}|F1", f"{GTIN}|F2"])
    (notice,) = ask(api, f"{path}/notices")["notices"]
    shown = ask(api, f"{path}/notices/{notice['id']}/answer", lots={LOT: {"on_hand": 3, "used": 1}})
    (total,) = shown["totals"]
    assert (total["unknown"], total["coverage"], shown["score"]["coverage"]) == ("1", "0.9900", "0.9900"), "one of a hundred units"
    assert (total["positions"]["on_hand"], total["at_consignees"]) == ("98", "3")


def test_a_share_is_never_rounded_up_to_all(api: Api) -> None:
    speak(api, ("wms", made(units=6, quantity=Decimal(99_999_999))), ("wms", sent("D1", "V1", quantity=3)))
    path = opened(api)
    (notice,) = ask(api, f"{path}/notices")["notices"]
    shown = ask(api, f"{path}/notices/{notice['id']}/answer", lots={LOT: {"used": 2}})
    assert shown["totals"][0]["unknown"] == "1"
    assert shown["totals"][0]["coverage"] == shown["score"]["coverage"] == "0.9999"


def test_a_despatch_that_states_a_lot_in_two_units_is_counted_in_both(api: Api) -> None:
    one = sent("D1", "V1", quantity=3)
    one["lines"] = [*one["lines"], {**one["lines"][0], "line": "2", "quantity": Decimal(2), "unit": "CS", "@": 3}]
    speak(api, ("wms", made()), ("wms", one))
    shown = ask(api, f"{opened(api)}/notices")
    (notice,) = shown["notices"]
    assert {(lot["unit"], lot["quantity"]) for lot in notice["lots"]} == {("EA", "3"), ("CS", "2")}
    assert not [fault for lot in shown["lots"] for fault in lot["contradictions"]]


def test_steps_of_one_recall_wait_for_each_other(api: Api) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", quantity=3)), ("wms", sent("D2", "V2", quantity=1)))
    number = opened(api)[1:]
    gate, faults = threading.Barrier(4), list[Exception]()

    def step(name: str) -> None:
        gate.wait()
        try:
            with api.hub.database.begin("racer") as uow:
                {"notify": campaign.notify, "hold": campaign.hold}[name](api.hub, uow, number)
        except Exception as error:  # a thread's error must reach the test
            faults.append(error)

    racers = [threading.Thread(target=step, args=(name,)) for name in ("notify", "notify", "hold", "hold")]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert faults == []
    shown = ask(api, f"/{number}", method="GET")
    assert [one["place"] for one in shown["notices"]] == ["V1", "V2"] and len(shown["holds"]) == 1
    with api.hub.database.begin("test") as uow:
        campaign.close(api.hub, uow, number, "done")
    with pytest.raises(ConflictError), api.hub.database.begin("test") as uow:
        campaign.notify(api.hub, uow, number)


def test_a_recall_says_when_it_was_decided_and_every_time_with_its_offset(api: Api, clock: FrozenClock) -> None:
    speak(api, ("wms", made()), ("wms", sent("D1", "V1", quantity=3)))
    ask(api, "", status=422, **{**NEW, "aware_at": "2026-11-20T10:00:00"})
    ask(api, "", status=422, **{**NEW, "decided_at": "2026-11-20T10:00:00"})
    times = {"aware_at": "2026-11-18T10:00:00+01:00", "decided_at": "2026-11-19T10:00:00+01:00"}
    ask(api, "", status=422, **{**NEW, "aware_at": times["decided_at"], "decided_at": times["aware_at"]})
    path = opened(api, regimes={"cn": "1", "us": "III"}, **times)
    shown = ask(api, f"{path}/notices")
    due = {one["act"]: one["due_at"] for one in shown["clocks"]}
    assert due["consignee_notice"] == "2026-11-20T23:59:59+01:00"
    assert shown["notices"][0]["due_at"] == "2026-11-20T22:59:59+00:00"
    assert due["correction_record"] == "2026-12-03T23:59:59+01:00"


def test_what_comes_from_outside_is_shown_as_it_is(api: Api, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    speak(api, ("wms", made(lot="[bold]F[/bold]1")), ("wms", sent("D1", "[red]X", quantity=3, lot="[bold]F[/bold]1")))
    number = opened(api, lots=[f"{GTIN}|[bold]F[/bold]1"], title="[/red]T")[1:]
    monkeypatch.setenv("COLUMNS", "200")
    recall_screen.show(api.hub, number, as_json=False)
    shown = capsys.readouterr().out
    assert "[/red]T" in shown and "[bold]F[/bold]1" in shown and "[red]X" in shown
    with api.hub.database.read() as connection:
        Console(width=200).print(rendering.table(trace(connection, f"{GTIN}|[bold]F[/bold]1"), "en"))
    assert "[bold]F[/bold]1" in capsys.readouterr().out


def test_a_report_holds_what_the_account_relies_on_and_what_was_sent_in_one_time_zone(api: Api, tmp_path: Path) -> None:
    api.post(interchange(ACME, 1, despatch("S1", quantity="20")), "acme")
    api.settle()
    path = opened(api, lots=["L1"])
    speak(
        api,
        ("wms", {**sent("D1", "V2"), "lines": [{"line": "1", "gtin": PAPER, "lot": "L1", "quantity": Decimal(3), "unit": "EA", "@": 2}]}),
    )
    ask(api, f"{path}/notices")
    folder = tmp_path / "report"
    report.write(api.hub, path[1:], folder, "en", actor="Ann")
    said = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert 1 in {one["exchange"] for one in said["evidence"]}
    (notice,) = said["notices"]
    sent_bytes = (folder / "evidence" / notice["sha256"]).read_bytes()
    assert hashlib.sha256(sent_bytes).hexdigest() == notice["sha256"] and json.loads(sent_bytes)["to"]["place"] == "V2"
    assert proof.verify(folder) == []
    shown = (folder / "report.en.html").read_text(encoding="utf-8")
    assert "UTC" not in shown and "CET" in shown
    with api.hub.database.read() as connection:
        (row,) = connection.execute(sa.select(tables.audit).where(tables.audit.c.action == "recall.reported")).all()
    assert row.actor == "Ann" and hashlib.sha256((folder / proof.MANIFEST).read_bytes()).hexdigest() in str(row.after)


def test_a_report_holds_no_message_for_an_organisation_that_its_reader_may_not_see_and_no_altered_bytes(api: Api, tmp_path: Path) -> None:
    api.post(interchange(ACME, 1, despatch("S1", quantity="20"), despatch("S2", lot="SECRET")), "acme")
    api.settle()
    path = opened(api, lots=["L1"])
    with api.hub.database.begin("test") as uow:
        other = tables.exchange.c.id == 2
        moved = tables.exchange.update().where(other).values(organisation_id=api.hub.organisation_id("south"))
        assert uow.connection.execute(moved).rowcount == 1
        api.keys["north"] = credentials.issue(uow, "north steward", "steward", organisations=("north",)).secret
    for who, told in (("steward", True), ("north", False)):
        packed = api.get(f"/v1/recalls{path}/report", who)
        with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
            archive.extractall(tmp_path / who)
        folder = tmp_path / who / path[1:]
        (said,) = json.loads((folder / "report.json").read_text(encoding="utf-8"))["evidence"]
        content = (folder / "evidence" / said["sha256"]).read_bytes()
        assert proof.verify(folder) == [] and hashlib.sha256(content).hexdigest() == said["sha256"]
        assert said["whole"] is told and (b"SECRET" in content) is told
        assert b"S1" in content[said["offset"] : said["offset"] + said["length"]]
    with api.hub.database.begin("test") as uow:  # as a document of more than 1 MiB is kept, and altered there
        kept = uow.connection.execute(sa.select(tables.document.c.sha256)).scalars().first()
        body = uow.connection.execute(sa.select(tables.blob.c.body).where(tables.blob.c.sha256 == kept)).scalar_one()
        uow.connection.execute(tables.blob.update().where(tables.blob.c.sha256 == kept).values(body=None))
    file = blobs.path_of(api.hub.settings.home, kept)
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(body).replace(b"*20*", b"*10*"))
    with pytest.raises(FatalError, match="altered"):
        report.write(api.hub, path[1:], tmp_path / "altered", "en")
