"""Facts become rows, and what follows from them stands or falls with them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.apply import withdraw
from hub.store import tables
from hub.store.database import Database
from tests.hub.world import PLANT, World, at, delivery, despatch, despatch_line, order, production, receipt, receipt_line, stock


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def balances(database: Database) -> dict[tuple[str, str, str | None, str], Decimal]:
    """What the balances say, by place, item, lot and status; zero is nothing."""
    lot = tables.node.alias()
    with database.read() as connection:
        rows = connection.execute(
            sa.select(tables.balance, tables.node.c.key, lot.c.key.label("lot"))
            .join(tables.node, tables.node.c.id == tables.balance.c.item_id)
            .outerjoin(lot, lot.c.id == tables.balance.c.lot_id)
        )
        return {(row.location, row.key, row.lot, row.status): row.quantity for row in rows if row.quantity}


def edges(database: Database) -> set[tuple[str, str, int]]:
    """Edges by the keys of their ends."""
    src, dst = tables.node.alias(), tables.node.alias()
    with database.read() as connection:
        rows = connection.execute(
            sa.select(src.c.key, dst.c.key, tables.edge.c.kind)
            .select_from(tables.edge)
            .join(src, src.c.id == tables.edge.c.src)
            .join(dst, dst.c.id == tables.edge.c.dst)
        )
        return {tuple(row) for row in rows}


def count(database: Database, table: sa.Table) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_despatch_puts_goods_in_transit_and_links_lot_carton_shipment_and_place(world: World) -> None:
    (applied,) = world.send(("jiangnan_polymer", despatch()))
    assert (applied.state, applied.standing, list(applied.findings)) == ("applied", True, [])
    lot = "lot:jiangnan_polymer:JN-22|L1"
    assert balances(world.database) == {(PLANT, "item:jiangnan_polymer:JN-22", lot, "in_transit"): Decimal(100)}
    assert edges(world.database) == {
        (lot, "sscc:069012345000000017", 1),
        ("sscc:069012345000000017", "shipment:jiangnan_polymer:SHP1", 4),
        ("shipment:jiangnan_polymer:SHP1", f"location:{PLANT}", 5),
    }


def test_a_despatch_that_names_neither_lot_nor_carton_nor_place_is_taken(world: World) -> None:
    bare = {name: value for name, value in despatch_line().items() if name not in ("lot", "expires_on", "sscc")}
    advice = {name: value for name, value in despatch(lines=[bare]).items() if name != "ship_to"}
    (applied,) = world.send(("jiangnan_polymer", advice))
    assert (applied.state, list(applied.findings)) == ("applied", []) and edges(world.database) == set()
    assert list(balances(world.database).values()) == [Decimal(100)]


def test_a_receipt_moves_from_transit_to_stock_and_sets_rejected_goods_apart(world: World) -> None:
    world.send(("wms", receipt(lines=[receipt_line(rejected_quantity=Decimal("2.5"))])))
    found = {status: quantity for (_, _, _, status), quantity in balances(world.database).items()}
    assert found == {"in_transit": Decimal(-100), "available": Decimal("97.5"), "blocked": Decimal("2.5")}


def test_production_consumes_and_makes(world: World) -> None:
    world.send(("mes", production()))
    assert {key[1:3]: quantity for key, quantity in balances(world.database).items()} == {
        ("item:mes:RM-100", "lot:mes:RM-100|L1"): Decimal(-40),
        ("item:06901234000029", "lot:06901234000029|F1"): Decimal(2),
    }
    assert ("lot:mes:RM-100|L1", "production:mes:PE1", 8) in edges(world.database)
    assert ("lot:06901234000029|F1", "serial:06901234000029|S2", 2) in edges(world.database)


def test_what_we_despatch_leaves_stock(world: World) -> None:
    world.send(("wms", delivery()))
    assert list(balances(world.database).values()) == [Decimal(-1)]


def test_two_counts_of_one_moment_that_say_otherwise_are_told_whichever_stands(world: World) -> None:
    (first,) = world.send(("wms", stock(PLANT, at(20), {"quantity": Decimal(90)})))
    (second,) = world.send(("wms", stock(PLANT, at(20), {"quantity": Decimal(80)})))
    (third,) = world.send(("wms", stock(PLANT, at(20), {"quantity": Decimal(70)})))
    (same,) = world.send(("wms", stock(PLANT, at(20), {"quantity": Decimal(90)})))
    assert first.findings == ()
    for said in (second, third, same):
        (told,) = said.findings
        assert told.rule == "STK-04" and told.severity == "warning"
    standing = {one.exchange_id for one in (first, second, third) if str(one.exchange_id) == same.findings[0].expected}
    assert len(standing) == 1, "one of them stands, and each says which"
    (later,) = world.send(("wms", stock(PLANT, at(21), {"quantity": Decimal(60)})))
    assert later.findings == () and later.state == "applied"
    (late,) = world.send(("wms", stock(PLANT, at(20), {"quantity": Decimal(50)})))
    assert [finding.rule for finding in late.findings] == ["STK-03"], "what a newer one replaced contradicts nothing"


def test_a_newer_count_replaces_the_older_and_an_older_one_that_comes_last_changes_nothing(world: World) -> None:
    world.send(("wms", stock(PLANT, at(20), {"quantity": Decimal(90)})))
    world.send(("wms", stock(PLANT, at(21), {"quantity": Decimal(80)}, {"lot": "L2", "quantity": Decimal(5)})))
    (late,) = world.send(("wms", stock(PLANT, at(19), {"quantity": Decimal(70)})))
    assert (late.state, late.standing, [finding.rule for finding in late.findings]) == ("superseded", False, ["STK-03"])
    assert {key[2]: quantity for key, quantity in balances(world.database).items()} == {
        "lot:wms:RM-100|L1": Decimal(80),
        "lot:wms:RM-100|L2": Decimal(5),
    }


def test_a_replaced_despatch_takes_its_effects_along_and_keeps_its_lines(world: World) -> None:
    world.send(("jiangnan_polymer", despatch()))
    world.send(("jiangnan_polymer", despatch(purpose="replace", issued_at=at(11), lines=[despatch_line(lot="L9", quantity=90)])))
    assert list(balances(world.database).items()) == [
        ((PLANT, "item:jiangnan_polymer:JN-22", "lot:jiangnan_polymer:JN-22|L9", "in_transit"), Decimal(90))
    ]
    assert not any("L1" in end for src, dst, _ in edges(world.database) for end in (src, dst))
    assert count(world.database, tables.line) == 2


def test_a_cancelled_despatch_leaves_nothing_standing(world: World) -> None:
    world.send(("jiangnan_polymer", despatch()))
    (cancel,) = world.send(("jiangnan_polymer", despatch(purpose="cancel", issued_at=at(11), lines=[])))
    assert (cancel.state, cancel.standing) == ("applied", False)
    assert balances(world.database) == {} and edges(world.database) == set()
    assert count(world.database, tables.movement) == 0
    with world.database.read() as connection:
        states = connection.execute(sa.select(tables.exchange.c.state).order_by(tables.exchange.c.id)).scalars().all()
    assert states == ["cancelled", "applied"]


def test_a_change_waits_for_its_original_and_then_stands(world: World) -> None:
    changed = order(purpose="change", revision=2, issued_at=at(3))
    (early,) = world.send(("erp", changed))
    assert (early.state, early.standing, [finding.rule for finding in early.findings]) == ("waiting", False, ["ORD-01"])
    (late,) = world.send(("erp", order(revision=1)))
    assert (late.state, late.standing) == ("applied", True)
    with world.database.read() as connection:
        row = connection.execute(sa.select(tables.subject)).one()
        states = connection.execute(sa.select(tables.exchange.c.state).order_by(tables.exchange.c.id)).scalars().all()
    assert (row.state, row.standing_id, row.changes) == ("standing", late.application_id, [early.application_id])
    assert states == ["applied", "applied"]


def test_a_replay_supersedes_what_the_exchange_said_before_even_about_another_subject(world: World) -> None:
    world.send(("jiangnan_polymer", despatch("SHP-WRONG")))
    world.send(("jiangnan_polymer", despatch("SHP-RIGHT", lines=[despatch_line(quantity=60)])), origins=[world.exchanges[0]])
    assert list(balances(world.database).values()) == [Decimal(60)]
    world.send(("jiangnan_polymer", despatch("SHP-RIGHT", lines=[despatch_line(quantity=61)])), origins=[world.exchanges[1]])
    assert list(balances(world.database).values()) == [Decimal(61)]


def test_a_withdrawn_replacement_lets_the_original_stand_again(world: World) -> None:
    world.send(("jiangnan_polymer", despatch()))
    before = (balances(world.database), edges(world.database))
    (applied,) = world.send(("jiangnan_polymer", despatch(purpose="replace", issued_at=at(11), lines=[despatch_line(lot="L9")])))
    assert applied.application_id is not None
    with world.database.begin("steward") as uow:
        withdraw(uow, applied.application_id, "sent by mistake")
        withdraw(uow, applied.application_id, "again")
    assert (balances(world.database), edges(world.database)) == before
    with world.database.begin("steward") as uow, pytest.raises(NotFoundError):
        withdraw(uow, 10**9, "no such thing")


def test_two_organisations_may_get_one_number_from_one_partner(world: World) -> None:
    world.send(("jiangnan_polymer", despatch()))
    world.send(("jiangnan_polymer", despatch(purpose="cancel", issued_at=at(11))), organisation=2)
    assert list(balances(world.database).values()) == [Decimal(100)]


def test_a_number_that_does_not_fit_is_a_finding_and_stores_nothing_of_its_message(world: World) -> None:
    huge: dict[str, Any] = despatch("SHP-HUGE", lines=[despatch_line(quantity=10**12)])
    refused, good = world.send(("jiangnan_polymer", huge), ("jiangnan_polymer", despatch()))
    assert (refused.state, refused.application_id, [finding.rule for finding in refused.findings]) == ("quarantined", None, ["FACT-01"])
    assert good.standing
    assert count(world.database, tables.application) == 1


def test_stock_that_would_not_fit_is_refused_however_it_adds_up(world: World) -> None:
    most = 4 * 10**11
    first, second = world.send(
        *(("jiangnan_polymer", despatch(f"SHP-{n}", lines=[despatch_line(quantity=most)])) for n in range(2)),
    )
    (third,) = world.send(("jiangnan_polymer", despatch("SHP-3", lines=[despatch_line(quantity=most)])))
    (other,) = world.send(("jiangnan_polymer", despatch("SHP-4", lines=[despatch_line(lot="L2", quantity=most)])))
    assert [one.state for one in (first, second, third, other)] == ["applied", "quarantined", "quarantined", "applied"]
    assert [finding.rule for finding in third.findings] == ["FACT-01"]
    assert sorted(balances(world.database).values()) == [Decimal(most), Decimal(most)]


def test_both_messages_of_one_batch_about_one_subject_are_decided_together(world: World) -> None:
    changed, original = world.send(("erp", order(purpose="change", revision=2, issued_at=at(3))), ("erp", order(revision=1)))
    assert (changed.state, changed.standing, original.state, original.standing) == ("applied", True, "applied", True)


def test_twins_that_differ_only_in_content_are_decided_alike_whichever_comes_first(world: World) -> None:
    one, other = despatch(lines=[despatch_line(quantity=70)]), despatch(lines=[despatch_line(quantity=80)])
    world.send(("jiangnan_polymer", one))
    world.send(("jiangnan_polymer", other))
    world.send(("jiangnan_polymer", other), organisation=2)
    world.send(("jiangnan_polymer", one), organisation=2)
    with world.database.read() as connection:
        kept = connection.execute(sa.select(tables.balance.c.quantity).where(tables.balance.c.quantity != 0)).scalars().all()
    assert len(kept) == 2 and kept[0] == kept[1]
