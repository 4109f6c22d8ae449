"""Cases follow facts: each cause has one case for ever, in any order of arrival; it ends with its cause and comes back with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hub import exchange, outbound, pipeline
from hub.cases.kinds import named
from hub.clock import FrozenClock
from hub.recall import campaign
from hub.recall.campaign import Opening
from hub.recall.scope import Scope
from hub.runtime import Hub
from hub.store import cases, evidence, tables
from hub.store.case_tables import steward_case
from hub.store.recall_tables import recall
from tests.hub.conftest import take
from tests.hub.registers.conftest import device, extract, run
from tests.hub.world import party
from tests.hub_api.masters import say
from tests.hub_api.papers import ACME, BOREALIS, GTIN, WRONG_GTIN, despatch, devices, interchange, orders, stock


def listed(hub: Hub, **more: Any) -> list[dict[str, Any]]:
    pipeline.reconcile(hub)
    with hub.database.read() as connection:
        return cases.listed(connection, **{"states": ("open", "asked"), "limit": 500, **more})


def only(hub: Hub, **more: Any) -> dict[str, Any]:
    (one,) = listed(hub, **more)
    return one


def steps(hub: Hub, case_id: int) -> list[str]:
    with hub.database.read() as connection:
        return [one["action"] for one in cases.steps(connection, case_id)]


def test_a_held_message_is_one_case_through_every_replay_until_it_is_applied(hub: Hub) -> None:
    take(hub, interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)), "acme")
    first = only(hub)
    assert (first["kind"], first["state"], named(first["rank"]), first["partner"]) == ("held", "open", "supply", "acme")
    assert first["subject"] == "despatch_advice/D1" and first["rule"].startswith("GS1-")
    assert first["due_at"] - first["opened_at"] == timedelta(hours=8)
    again = exchange.replay(hub, first["exchange_id"], "ann", "perhaps now")
    second = only(hub)
    assert (second["id"], second["exchange_id"], second["times"]) == (first["id"], again, 1)
    exchange.correct(hub, again, {"lines[0].gtin": GTIN}, "ann", "supplier confirmed by phone")
    assert [one["kind"] for one in listed(hub, kinds=("held",))] == []
    assert steps(hub, first["id"]) == ["opened", "changed", "closed"]
    before = everything(hub)
    pipeline.reconcile(hub)
    assert everything(hub) == before


def test_a_discrepancy_that_comes_back_is_the_same_case_opened_again(hub: Hub) -> None:
    take(hub, orders("4500000001"), "erp", key="o", agreement="orders_north")
    take(hub, interchange(ACME, 1, despatch("D1", quantity="90")), "acme")
    found = {one["rule"]: one for one in listed(hub, kinds=("disagreement",))}
    assert found and all(named(one["rank"]) == "disagreement" for one in found.values())
    with hub.database.read() as connection:
        sent = connection.execute(
            sa.select(tables.exchange.c.id).where(tables.exchange.c.business_key == "despatch_advice/D1")
        ).scalar_one()
    mended = exchange.correct(hub, sent, {"lines[0].quantity": "24"}, "ann", "they miscounted")
    left = {one["rule"] for one in listed(hub, kinds=("disagreement",))}
    gone = set(found) - left
    assert gone
    exchange.correct(hub, mended, {"lines[0].quantity": "90"}, "ann", "they did not")
    back = {one["rule"]: one for one in listed(hub, kinds=("disagreement",))}
    for rule in gone:
        assert back[rule]["id"] == found[rule]["id"] and back[rule]["times"] == 2
        assert steps(hub, back[rule]["id"]) == ["opened", "closed", "reopened"]


def test_every_kind_of_fact_opens_its_case(hub: Hub, clock: FrozenClock) -> None:
    take(hub, orders("4500000001"), "erp", key="o", agreement="orders_north")
    outbound.push(hub, hub.site.flows["orders_to_acme"])
    take(hub, interchange(ACME, 1, despatch("D1", quantity="90"), despatch("D2", gtin=WRONG_GTIN)), "acme")
    take(hub, interchange(BOREALIS, 2, despatch("B1"), miscounted=0), "borealis")
    take(hub, b"\x00 nothing that anybody reads" * 20, "borealis")
    take(hub, stock(expires_on="2026-11-01"), "wms", key="s", agreement="stock_north")
    take(hub, devices(), "erp", key="d", agreement="devices")
    pipeline.reconcile(hub)
    run(hub, extract(device(hub, mri="unsafe")), "gudid_full_20261101.xml")
    say(hub, "erp", party("V1"))
    say(hub, "erp", party("V2"))
    clock.advance(3 * 86400)
    outbound.watch(hub)
    found = listed(hub)
    kinds = {one["kind"] for one in found}
    assert kinds >= {"held", "refused", "overdue", "disagreement", "difference", "duplicate"}, kinds
    assert [one["rank"] for one in found] == sorted(one["rank"] for one in found)
    assert found[0]["rule"] == "STK-02" and named(found[0]["rank"]) == "safety"
    unread = [one for one in found if one["cause"] == "document"]
    assert unread and all(one["document_id"] and one["exchange_id"] is None for one in unread)
    (late,) = [one for one in found if one["kind"] == "overdue"]
    with hub.database.begin("ann") as uow:
        evidence.close_findings(uow, [late["finding_id"]], "they said so by telephone")
    assert late["id"] not in {one["id"] for one in listed(hub)}
    with hub.database.read() as connection:
        told = cases.tally(connection, None, True, 2**62)
    assert sum(one["count"] for one in told) == sum(one["overdue"] for one in told) == len(found) - 1


def test_a_recall_lifts_what_names_its_lot(hub: Hub) -> None:
    take(hub, interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN, lot="L7"), despatch("D2", gtin=WRONG_GTIN, lot="L8")), "acme")
    take(hub, interchange(ACME, 2, despatch("D3", lot="L8")), "acme")
    assert {named(one["rank"]) for one in listed(hub, kinds=("held",))} == {"supply"}
    with hub.database.begin("ann") as uow:
        number = campaign.open_recall(hub, uow, Opening("north", "Particles", "found", Scope(lots=("L8",))))
    first, *_ = listed(hub, kinds=("held",))
    assert (first["subject"], named(first["rank"])) == ("despatch_advice/D2", "safety")
    assert first["due_at"] - first["opened_at"] == timedelta(hours=4)
    lines = ["HL*4*2*I", f"LIN*2*UK*{WRONG_GTIN}", "SN1*2*1*EA", "REF*LT*L5", "CTT*4"]
    take(hub, interchange(ACME, 3, [*despatch("D4", gtin=OTHER, lot="L8")[:-1], *lines]), "acme")  # L8 of another item
    take(hub, interchange(ACME, 4, [*despatch("D5", lot="L8")[:-1], *lines]), "acme")
    found = {one["subject"]: named(one["rank"]) for one in listed(hub, kinds=("held",))}
    assert found == {
        "despatch_advice/D1": "supply", "despatch_advice/D2": "safety",
        "despatch_advice/D4": "supply", "despatch_advice/D5": "safety",
    }  # fmt: skip
    with hub.database.begin("ann") as uow:
        uow.connection.execute(sa.update(recall).where(recall.c.number == number).values(state="closed"))
    assert {named(one["rank"]) for one in listed(hub, kinds=("held",))} == {"supply"}


def test_what_somebody_acts_on_at_this_moment_is_not_written_over(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    take(hub, interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)), "acme")
    first = only(hub)
    exchange.replay(hub, first["exchange_id"], "ann", "perhaps now")
    if hub.database.is_postgresql:
        with hub.database.begin("ann") as uow, ThreadPoolExecutor(1) as worker:  # she holds the case while a worker follows
            cases.taken(uow, first["id"])
            worker.submit(pipeline.cases, hub).result()
            assert only_stored(hub) == (first["exchange_id"], "open", None)
    read = cases.changed

    def then_ann_escalates(*given: Any) -> Any:
        found = read(*given)
        if found:  # after the look, and before anything is written
            monkeypatch.setattr(cases, "changed", read)
            given[0].execute(sa.update(steward_case).values(state="asked", escalated=1, rank=1, owner="Chief"))
        return found

    monkeypatch.setattr(cases, "changed", then_ann_escalates)
    pipeline.cases(hub)
    assert only_stored(hub) == (first["exchange_id"] + 1, "asked", "Chief")


def only_stored(hub: Hub) -> tuple[Any, ...]:
    with hub.database.read() as connection:
        return tuple(connection.execute(sa.select(steward_case.c.exchange_id, steward_case.c.state, steward_case.c.owner)).one())


OTHER = "06901234000047"

_PAPERS: dict[str, Callable[[Hub], object]] = {
    "order": lambda hub: take(hub, orders("4500000001"), "erp", key="o", agreement="orders_north"),
    "much": lambda hub: take(hub, interchange(ACME, 1, despatch("D1", quantity="90")), "acme"),
    "held": lambda hub: take(hub, interchange(ACME, 2, despatch("D2", gtin=WRONG_GTIN)), "acme"),
    "stock": lambda hub: take(hub, stock(), "wms", key="s", agreement="stock_north"),
    "second": lambda hub: take(hub, interchange(BOREALIS, 3, despatch("B1", "4599999999")), "borealis"),
}


@pytest.mark.parametrize("order", [tuple(_PAPERS), tuple(reversed(_PAPERS)), ("second", "held", "order", "stock", "much")])
@pytest.mark.parametrize("between", [True, False], ids=["followed each time", "followed at the end"])
def test_any_order_of_arrival_gives_the_same_cases(hub: Hub, order: tuple[str, ...], between: bool) -> None:
    for name in order:
        _PAPERS[name](hub)
        if between:
            pipeline.reconcile(hub)
    found = {(one["kind"], one["rule"], one["subject"], named(one["rank"]), one["severity"]) for one in listed(hub)}
    assert found == {
        ("held", "GS1-01", "despatch_advice/D2", "supply", "error"),
        ("disagreement", "ORD-11", "4500000001/1", "disagreement", "warning"),
        ("disagreement", "ORD-18", "4599999999/", "disagreement", "error"),
    }


def everything(hub: Hub) -> list[Any]:
    with hub.database.read() as connection:
        return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM steward_case ORDER BY id"))]
