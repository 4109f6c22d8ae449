"""A large genealogy after late, corrected and removed documents: every recall list is the walk's and the generator's."""

from __future__ import annotations

import pytest

from benchmarks.amend_genealogy import amend
from benchmarks.generate_genealogy import generate
from benchmarks.load_genealogy import load
from benchmarks.recall_truth import Recalls
from hub.store import lot_pages, tables
from hub.store.database import Database
from hub.trace import closure
from hub.trace.by_walk import recall_list_by_walk
from hub.trace.walk import walk


@pytest.mark.slow
def test_the_closure_is_the_generators(database: Database) -> None:
    made = generate(3_000)
    load(database, made)
    true = Recalls(made)
    with database.read() as connection:
        pairs = connection.execute(tables.lot_closure.select()).all()
        lines = lot_pages.rows(connection)
    assert {tuple(row) for row in pairs} == set(true.pairs()) and pairs
    assert lines == sorted(true.lines()) and lines


@pytest.mark.slow
def test_late_corrected_and_removed_documents(database: Database) -> None:
    made = generate(3_000)
    load(database, made, Recalls(made))
    seen = []
    for name, amended in amend(database, made, each=4):
        now = amended.now()
        true = Recalls(now)
        seen.append((name, len(now.src) - len(made.src)))
        with database.read() as connection:
            for start in sorted({*amended.lots, *made.starts["bulk"].tolist()}):
                assert closure.recall_list(connection, [start]) == true.list_of(start)
            for start in sorted(amended.lots)[-3:]:  # the lots made last, of which least was made: to walk from a raw one takes seconds
                assert recall_list_by_walk(connection, [start]) == true.list_of(start)
                below = walk(connection, now.key(start), "down")
                assert below is not None
                assert set(below.keys.values()) == {now.key(node) for node in now.reached(start).tolist()}
    assert [name for name, _ in seen] == ["late", "corrected", "removed"]
    assert seen[0][1] > seen[2][1] > 0
