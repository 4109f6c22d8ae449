from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.errors import ConfigError
from hub import audit
from hub.store import chain
from hub.store.database import Database
from hub.store.tables import audit as rows
from hub.store.tables import audit_head
from tests.effort import examples

ROWS = 20


@pytest.fixture
def chained(database: Database) -> Database:
    """A store with chains of 20 rows for organisation 1, of 5 for organisation 2, written in transactions of five."""
    for start in range(0, ROWS, 5):
        with database.begin("engineer") as uow:
            for number in range(start, start + 5):
                if start == 0:
                    uow.audit(2, "order.applied", f"order/{number}")
                uow.audit(1, "document.landed", f"document/{number}", reason="订单", before={"b": 1, "a": None}, after={"n": number})
    return database


def check(database: Database, organisation_id: int = 1, head: audit.Head | None = None) -> audit.Broken | None:
    with database.read() as connection:
        return audit.verify(connection, organisation_id, head)


def tamper(database: Database, *statements: str) -> None:
    """What somebody with full rights on the database does."""
    with database._writer.begin() as connection:
        for statement in statements:
            assert connection.exec_driver_sql(statement).rowcount != 0


def test_an_untouched_chain_holds(chained: Database) -> None:
    assert check(chained) is None
    assert check(chained, 2) is None
    assert check(chained, 99) is None
    with chained.read() as connection:
        assert audit.verify_all(connection, audit.heads(connection)) == []
        assert {number: head.sequence for number, head in audit.heads(connection).items()} == {1: ROWS, 2: 5}


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'nobody'", "action = 'x'", "subject = 'document/0'", "reason = NULL", "reason = 'x'", "before = NULL", "after = '{}'",
        "at = at + 1", "previous = hash", "hash = previous",
    ],
)  # fmt: skip
def test_an_edited_row_is_named(chained: Database, change: str) -> None:
    tamper(chained, f"UPDATE audit SET {change} WHERE organisation_id = 1 AND sequence = 7")
    broken = check(chained)
    assert broken is not None
    assert broken.sequence == 7
    assert check(chained, 2) is None


def test_an_edited_row_with_a_new_hash_shows_at_the_next(chained: Database) -> None:
    with chained._writer.begin() as connection:
        row = connection.execute(sa.select(rows).where(rows.c.organisation_id == 1, rows.c.sequence == 7)).one()
        forged = chain.link((1, 7, row.at, "nobody", row.action, row.subject, row.reason, row.before, row.after), bytes(row.previous))
        connection.execute(sa.update(rows).where(rows.c.organisation_id == 1, rows.c.sequence == 7).values(actor="nobody", hash=forged))
    assert check(chained) == audit.Broken(1, 8, "does not follow the row before it")


def test_a_cut_row_is_named(chained: Database) -> None:
    tamper(chained, "DELETE FROM audit WHERE organisation_id = 1 AND sequence = 7")
    assert check(chained) == audit.Broken(1, 7, "is missing")


def test_a_cut_row_with_the_gap_closed_is_named(chained: Database) -> None:
    tamper(
        chained,
        "DELETE FROM audit WHERE organisation_id = 1 AND sequence = 7",
        *(f"UPDATE audit SET sequence = {number - 1} WHERE organisation_id = 1 AND sequence = {number}" for number in range(8, ROWS + 1)),
        f"UPDATE audit_head SET sequence = {ROWS - 1} WHERE organisation_id = 1",
    )
    assert check(chained) == audit.Broken(1, 7, "does not follow the row before it")


def test_swapped_rows_are_named(chained: Database) -> None:
    tamper(
        chained,
        "UPDATE audit SET sequence = 1000 WHERE organisation_id = 1 AND sequence = 7",
        "UPDATE audit SET sequence = 7 WHERE organisation_id = 1 AND sequence = 12",
        "UPDATE audit SET sequence = 12 WHERE organisation_id = 1 AND sequence = 1000",
    )
    broken = check(chained)
    assert broken is not None
    assert broken.sequence == 7


def test_an_inserted_row_is_named(chained: Database) -> None:
    head = "SELECT 1, {0}, at, actor, action, subject, reason, before, after, hash, previous FROM audit"
    tamper(chained, f"INSERT INTO audit {head.format(ROWS + 1)} WHERE organisation_id = 1 AND sequence = {ROWS}")
    broken = check(chained)
    assert broken is not None
    assert broken.sequence == ROWS + 1


def test_a_row_of_another_chain_is_named(chained: Database) -> None:
    tamper(
        chained,
        "DELETE FROM audit WHERE organisation_id = 1 AND sequence = 3",
        "UPDATE audit SET organisation_id = 1 WHERE organisation_id = 2 AND sequence = 3",
    )
    assert check(chained) is not None
    assert check(chained, 2) == audit.Broken(2, 3, "is missing")


def test_a_cut_end_shows_against_the_stored_head(chained: Database) -> None:
    tamper(chained, f"DELETE FROM audit WHERE organisation_id = 1 AND sequence > {ROWS - 3}")
    broken = check(chained)
    assert broken is not None
    assert broken.sequence == ROWS - 2


def cut_end(database: Database, keep: int) -> None:
    """Remove the last rows and make the stored head agree: inside the database nothing shows any more."""
    tamper(
        database,
        f"DELETE FROM audit WHERE organisation_id = 1 AND sequence > {keep}",
        f"UPDATE audit_head SET sequence = {keep}, hash = (SELECT hash FROM audit WHERE organisation_id = 1 AND sequence = {keep}) "
        "WHERE organisation_id = 1",
    )


def test_a_cut_end_with_its_head_mended_shows_against_the_export(chained: Database, tmp_path: Path) -> None:
    with chained.read() as connection:
        exported = audit.export_head(connection, tmp_path / "heads.json")
    assert audit.read_heads(tmp_path / "heads.json") == exported
    cut_end(chained, ROWS - 3)
    assert check(chained) is None
    assert check(chained, head=exported[1]) == audit.Broken(1, ROWS - 2, f"is missing: the exported head is row {ROWS}")


def test_a_cut_end_that_was_written_anew_shows_against_the_export(chained: Database) -> None:
    with chained.read() as connection:
        exported = audit.heads(connection)
    cut_end(chained, ROWS - 3)
    with chained.begin("forger") as uow:
        for _ in range(5):
            uow.audit(1, "document.landed", "document/0")
    assert check(chained) is None
    assert check(chained, head=exported[1]) == audit.Broken(1, ROWS, "is not the row that was exported as head")


def test_a_chain_that_was_removed_shows_against_the_export(chained: Database) -> None:
    with chained.read() as connection:
        exported = audit.heads(connection)
    tamper(chained, "DELETE FROM audit WHERE organisation_id = 2", "DELETE FROM audit_head WHERE organisation_id = 2")
    with chained.read() as connection:
        assert audit.verify_all(connection) == []
        assert [broken.organisation_id for broken in audit.verify_all(connection, exported)] == [2]


def test_a_growing_chain_still_holds_against_an_older_export(chained: Database) -> None:
    with chained.read() as connection:
        exported = audit.heads(connection)
    with chained.begin("engineer") as uow:
        uow.audit(1, "document.landed", "document/99")
    assert check(chained, head=exported[1]) is None


@pytest.mark.parametrize("content", ["", "{}", '{"udihub_audit_heads":1,"heads":{"x":{"sequence":1,"hash":""}}}', '{"heads":[]}'])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "heads.json").write_text(content)
    with pytest.raises(ConfigError):
        audit.read_heads(tmp_path / "heads.json")


def test_a_block_that_fails_leaves_no_entry(chained: Database) -> None:
    with pytest.raises(KeyError), chained.begin("engineer") as uow:
        uow.audit(1, "document.landed", "document/x")
        raise KeyError
    with chained.read() as connection:
        assert audit.heads(connection)[1].sequence == ROWS


def test_hostile_text_is_chained_and_verified(chained: Database) -> None:
    with chained.begin("a\x00b\ud800\\\n\t") as uow:
        uow.audit(1, "document.landed", "document/\x00", reason="\x00\x1f\x7f\u2028", after={"k\x00": ["\ud800", {"n": "\x00"}]})
    assert check(chained) is None


@settings(max_examples=examples(300), deadline=None)
@given(
    st.tuples(
        st.integers(0, 9), st.integers(1, 10**9), st.integers(0, 2**53), st.text(), st.text(), st.text(),
        st.none() | st.text(), st.none() | st.text(), st.none() | st.text(),
    ),
    st.binary(min_size=32, max_size=32),
)  # fmt: skip
def test_anybody_can_compute_the_hash(fields: tuple[Any, ...], previous: bytes) -> None:
    """As the module of the chain describes it, with Python's own json."""
    text = json.dumps([*fields, previous.hex()], ensure_ascii=False, separators=(",", ":"))
    assert chain.link(fields, previous) == hashlib.sha256(text.encode()).digest()


def test_transactions_that_touch_chains_crosswise_do_not_wait_for_ever(database: Database) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(number: int) -> None:
        for _ in range(10):
            with database.begin(f"worker {number}") as uow:
                for organisation_id in (1, 2, 3) if number % 2 else (3, 2, 1):
                    uow.audit(organisation_id, "document.landed", "document/1")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    with database.read() as connection:
        assert audit.verify_all(connection) == []
        assert {row.sequence for row in connection.execute(sa.select(audit_head))} == {80}
