"""The audit chain names what was applied and what it put out of force, and holds a digest of the facts."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hub import audit
from hub.apply import withdraw
from hub.apply.digest import numbers, spans, stored_digest
from hub.store import tables
from hub.store.database import Database
from tests.hub.world import ROTTERDAM, SUZHOU, World, at, despatch, despatch_line, item, order, party, production, receipt, stock


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def chain(database: Database, organisation: int = SUZHOU) -> list[dict[str, Any]]:
    """What the chain holds of applied facts, oldest first."""
    with database.read() as connection:
        rows = connection.execute(sa.select(tables.audit).where(tables.audit.c.organisation_id == organisation).order_by("sequence")).all()
        assert audit.verify(connection, organisation) is None
    return [
        {"action": row.action, "applications": numbers(row.subject.partition("/")[2]), "reason": row.reason, **json.loads(row.after)}
        for row in rows
    ]


def test_a_cancellation_is_in_the_chain_with_what_it_put_out_of_force(world: World) -> None:
    (first,) = world.send(("jiangnan_polymer", despatch()))
    (cancel,) = world.send(("jiangnan_polymer", despatch(purpose="cancel", issued_at=at(11), lines=[])))
    one, two = chain(world.database)
    assert (one["action"], one["applications"], one["standing"], one["fallen"]) == (
        "facts.applied", [first.application_id], str(first.application_id), "",
    )  # fmt: skip
    assert one["exchanges"] == str(first.exchange_id)
    assert (two["applications"], two["exchanges"]) == ([cancel.application_id], str(cancel.exchange_id))
    assert (two["standing"], two["fallen"]) == ("", str(first.application_id))


def test_replays_and_withdrawals_name_what_they_take_back(world: World) -> None:
    (first,) = world.send(("jiangnan_polymer", despatch()))
    (again,) = world.send(("jiangnan_polymer", despatch(lines=[despatch_line(quantity=9)])), origins=[first.exchange_id])
    assert again.application_id is not None
    replayed = chain(world.database)[-1]
    assert (replayed["retracted"], replayed["fallen"], replayed["standing"]) == (
        str(first.application_id), str(first.application_id), str(again.application_id),
    )  # fmt: skip
    with world.database.begin("steward") as uow:
        withdraw(uow, again.application_id, "sent by mistake")
    taken = chain(world.database)[-1]
    assert (taken["action"], taken["reason"], taken["fallen"], taken["standing"]) == (
        "application.withdrawn", "sent by mistake", str(again.application_id), "",
    )  # fmt: skip


def test_the_digest_is_that_of_the_store_until_somebody_changes_it(world: World) -> None:
    odd = despatch(
        lines=[despatch_line(quantity=3), despatch_line("L2", serials=["S1"], description="a\x00b") | {"quantity": Decimal("2.50")}]
    )
    everything = [order(), production(), receipt(), stock(), item(trade_items=[{"gtin": "1", "quantity": Decimal(20)}]), party()]
    world.send(("jiangnan_polymer", odd), *(("erp", entity) for entity in everything))
    world.send(("jiangnan_polymer", despatch()), organisation=ROTTERDAM)
    (entry,) = chain(world.database)
    assert len(entry["applications"]) == 7
    with world.database.read() as connection:
        assert stored_digest(connection, entry["applications"]) == entry["digest"]
        (elsewhere,) = chain(world.database, ROTTERDAM)
        assert stored_digest(connection, elsewhere["applications"]) == elsewhere["digest"] != entry["digest"]
    for table, column, value in (
        (tables.line, "quantity", Decimal(4)),
        (tables.application, "order_number", "4500000999"),
        (tables.master_record, "name", "another"),
    ):
        with world.database.begin("thief") as uow:
            before = (
                uow.connection.execute(sa.select(table.c.application_id if table is not tables.application else table.c.id))
                .scalars()
                .first()
            )
            key = table.c.id if table is tables.application else table.c.application_id
            old = uow.connection.execute(sa.select(table.c[column]).where(key == before)).scalars().first()
            uow.connection.execute(table.update().where(key == before).values({column: value}))
            assert stored_digest(uow.connection, entry["applications"]) != entry["digest"], (table.name, old)
            uow.connection.execute(table.update().where(key == before).values({column: old}))


@given(st.sets(st.integers(1, 60)))
def test_spans_give_the_numbers_back(ids: set[int]) -> None:
    assert numbers(spans(ids)) == sorted(ids)
