from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.store import bulk
from hub.store.database import Database
from hub.store.facts import mark_stale
from hub.store.tables import audit, balance, blob, line, node, stale
from hub.store.types import storable
from tests.effort import SEARCH

COLUMNS = ("application_id", "ordinal", "role", "locator", "description", "quantity", "serials", "expires_on")
ROW = st.tuples(
    st.none() | st.text(),
    st.none() | st.decimals(-(10**11), 10**11, places=6) | st.integers(-(10**11), 10**11),
    st.none() | st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
    st.none() | st.sampled_from(["2026-08", "2026-08-31"]),
)


@settings(max_examples=40 * (SEARCH or 1), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(ROW, max_size=20))
def test_what_goes_in_comes_out(database: Database, values: list[tuple[Any, ...]]) -> None:
    rows = [(1, number, "line", 1, *value) for number, value in enumerate(values)]
    with database.begin("worker") as uow:
        uow.connection.execute(sa.delete(line))
        bulk.insert(uow.connection, line, COLUMNS, rows)
    with database.read() as connection:
        found = connection.execute(sa.select(*(line.c[name] for name in COLUMNS)).order_by(line.c.ordinal)).all()
    assert [tuple(row) for row in found] == [(*row[:4], None if row[4] is None else storable(row[4]), *row[5:]) for row in rows]


@pytest.mark.parametrize(
    "text", ["\\N", "\\.", "\\", "a\tb", "a\nb", "a\r\nb", "", "\x1f", "\x0b\x0c\x85\u2028", "\x00", "\ud800", '"', "诺康"]
)
def test_texts_that_mean_something_to_a_loader(database: Database, text: str) -> None:
    with database.begin("worker") as uow:
        bulk.insert(
            uow.connection,
            line,
            COLUMNS,
            [(1, 1, "line", 1, text, None, [text.replace("\ud800", "")], None), (1, 2, "line", 1, None, None, None, None)],
        )
    with database.read() as connection:
        rows = connection.execute(sa.select(line.c.description, line.c.serials).order_by(line.c.ordinal)).all()
    assert [tuple(row) for row in rows] == [(storable(text), [text.replace("\ud800", "")]), (None, None)]


@pytest.mark.parametrize("number", [Decimal("0.0000001"), Decimal(10) ** 12])
def test_a_number_that_would_be_rounded_is_refused_on_both(database: Database, number: Decimal) -> None:
    with pytest.raises(OverflowError), database.begin("worker") as uow:
        bulk.insert(uow.connection, line, COLUMNS, [(1, 1, "line", 1, None, number, None, None)])


def test_a_key_that_exists_is_an_integrity_error_on_both(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.begin("worker") as uow:
        bulk.insert(uow.connection, line, COLUMNS, [(1, 1, "line", 1, None, None, None, None)] * 2)
    with database.read() as connection:
        assert connection.execute(sa.select(line)).all() == []


def test_bytes_and_long_columns(database: Database) -> None:
    row = (1, 1, 0, "a", "b", "c", None, None, None, bytes(range(32)), b"\\N\t\n" * 8)
    with database.begin("worker") as uow:
        bulk.insert(uow.connection, audit, [column.name for column in audit.c], [row])
    with database.read() as connection:
        found = connection.execute(sa.select(audit)).one()
    assert (bytes(found.previous), bytes(found.hash)) == row[-2:]


def test_nodes_are_made_once_and_found_again(database: Database) -> None:
    with database.begin("worker") as uow:
        first, all_made = bulk.nodes(uow.connection, {"lot:1:B": "lot", "lot:1:A": "lot"})
        again, made = bulk.nodes(uow.connection, {"lot:1:A": "lot", "sscc:1": "logistic_unit"})
        assert bulk.nodes(uow.connection, {}) == ({}, set())
    assert again["lot:1:A"] == first["lot:1:A"]
    assert (all_made, made) == (set(first.values()), {again["sscc:1"]})
    with database.read() as connection:
        kinds = dict(connection.execute(sa.select(node.c.key, node.c.kind)).all())  # type: ignore[arg-type]
    assert kinds == {"lot:1:A": "lot", "lot:1:B": "lot", "sscc:1": "logistic_unit"}


def test_workers_that_share_nodes_and_balances_agree_and_never_block(database: Database) -> None:
    def work(number: int) -> list[dict[str, int]]:
        found = []
        for turn in range(5):
            keys = [f"lot:{(number * 7 + turn + step) % 40}" for step in range(30)]
            if number % 2:
                keys.reverse()
            with database.begin("worker") as uow:
                found.append(bulk.nodes(uow.connection, dict.fromkeys(keys, "lot"))[0])
                bulk.add_balances(uow.connection, [(1, 1, "4012345", 1, int(key[4:]), "available", "EA", Decimal("0.5")) for key in keys])
        return found

    with ThreadPoolExecutor(6) as pool:
        maps = [mapping for found in pool.map(work, range(6)) for mapping in found]
    ids: dict[str, int] = {}
    for mapping in maps:
        for key, number in mapping.items():
            assert ids.setdefault(key, number) == number
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(node)).scalar_one() == len(ids) == len(set(ids.values()))
        total = sum(row.quantity for row in connection.execute(sa.select(balance.c.quantity)))
    assert total == Decimal("0.5") * 30 * 5 * 6


def test_balances_add_up_within_a_call_and_over_calls(database: Database) -> None:
    key = (1, 2, "4012345", 3, 4, "available", "EA")
    with database.begin("worker") as uow:
        bulk.add_balances(uow.connection, [(*key, Decimal("1.5")), (*key, Decimal("-0.25"))])
        bulk.add_balances(uow.connection, [(*key, Decimal("0.000001"))])
        bulk.add_balances(uow.connection, [])
    with database.read() as connection:
        assert connection.execute(sa.select(balance.c.quantity)).scalars().all() == [Decimal("1.250001")]


def test_a_balance_of_a_node_made_just_before_is_new_and_others_are_added_to(database: Database) -> None:
    def row(item: int, lot: int, quantity: str) -> tuple[int, int, str, int, int, str, str, Decimal]:
        return 1, 0, "4012345", item, lot, "available", "EA", Decimal(quantity)

    with database.begin("worker") as uow:
        bulk.add_balances(uow.connection, [row(3, 0, "1")])
        bulk.add_balances(uow.connection, [row(3, 0, "2"), row(3, 7, "4"), row(3, 7, "0.5"), row(8, 0, "8")], made={7, 8})
    with database.read() as connection:
        found = connection.execute(
            sa.select(balance.c.item_id, balance.c.lot_id, balance.c.quantity).order_by(balance.c.item_id, balance.c.lot_id)
        )
        assert [tuple(one) for one in found] == [(3, 0, Decimal(3)), (3, 7, Decimal("4.5")), (8, 0, Decimal(8))]


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


BLOB = ("sha256", "size", "body")


def test_what_is_expected_to_be_new_and_is_not_is_left_as_it_is(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_MERGES_AFTER_A_CLASH", 0)
    added = []
    with database.begin("worker") as uow:
        for first, last in ((0, 30), (15, 45), (45, 80), (80, 85), (0, 90), (90, 120)):
            rows = [(key(number), first, None if number % 3 else bytes([first, 0, 255])) for number in range(first, last)]
            if first == 45:
                with uow.connection.begin_nested():
                    added.append(bulk.insert_new(uow.connection, blob, BLOB, rows))
            else:
                added.append(bulk.insert_new(uow.connection, blob, BLOB, rows))
    if database.is_postgresql:  # SQLite is asked only for the row of a single one
        assert added == [{key(n) for n in range(*span)} for span in ((0, 30), (30, 45), (45, 80), (80, 85), (85, 90), (90, 120))]
    with database.read() as connection:
        stored = {bytes(row.sha256): (row.size, row.body) for row in connection.execute(sa.select(blob))}
    firsts = {number: max(first for first in (0, 15, 45, 80, 90) if first <= number) for number in range(120)}
    firsts |= dict.fromkeys(range(15, 30), 0) | dict.fromkeys(range(85, 90), 0)
    assert stored == {key(n): (first, None if n % 3 else bytes([first, 0, 255])) for n, first in firsts.items()}


def test_a_fault_that_is_no_taken_key_is_told(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.begin("worker") as uow:
        bulk.insert_new(uow.connection, blob, BLOB, [(key(number), None, b"") for number in range(30)])


@pytest.mark.parametrize("merges", [0, 2])
def test_many_who_bring_the_same_at_once_add_it_once(database: Database, monkeypatch: pytest.MonkeyPatch, merges: int) -> None:
    monkeypatch.setattr(bulk, "_MERGES_AFTER_A_CLASH", merges)

    def work(number: int) -> list[bytes]:
        added: list[bytes] = []
        for turn in range(6):
            start = (number * 11 + turn * 17) % 60
            with database.begin("worker") as uow:
                rows = [(key(one), 3, b"abc") for one in range(start, start + 40)]
                new = bulk.insert_new(uow.connection, blob, BLOB, rows)
                added += new if database.is_postgresql else ()
                bulk.nodes(uow.connection, {f"lot:{one}": "lot" for one in range(start, start + 40)})
        return added

    with ThreadPoolExecutor(6) as pool:
        added = [one for found in pool.map(work, range(6)) for one in found]
    with database.read() as connection:
        stored = [bytes(one) for one in connection.execute(sa.select(blob.c.sha256)).scalars()]
        keys = connection.execute(sa.select(node.c.key)).scalars().all()
    assert len(keys) == len(stored) == len(set(stored))
    if database.is_postgresql:
        assert sorted(added) == sorted(stored)


@pytest.mark.parametrize("names", [["PO-1", "", "诺康"], ["a\x1fb", "c"], [""], ["PO-2", "PO-1"]])
def test_marks_under_any_name_grow_with_every_mark(database: Database, names: list[str]) -> None:
    with database.begin("worker") as uow:
        mark_stale(uow.connection, {("order", "PO-1", 1): 5})
        mark_stale(uow.connection, {("order", name, 1): 4 for name in names})
        mark_stale(uow.connection, {})
    with database.read() as connection:
        found = {row.key: row.marked for row in connection.execute(sa.select(stale))}
    assert found == dict.fromkeys(names, 4) | {"PO-1": 6 if "PO-1" in names else 5}
