from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from hub.store import controls
from hub.store.database import Database
from hub.store.tables import control_number


def take(database: Database, count: int = 1, receiver: str = "ZZ:JNPOLY", kind: controls.Kind = "interchange") -> int:
    with database.begin("writer") as uow:
        return controls.next_control(uow.connection, kind, "ZZ:NOVAMEDSZ", receiver, count)


def test_numbers_follow_each_other_for_each_pair_and_kind(database: Database) -> None:
    assert [take(database), take(database), take(database, 3), take(database)] == [1, 2, 3, 6]
    assert take(database, receiver="ZZ:OTHER") == 1
    assert take(database, kind="group") == 1


def test_a_number_comes_back_when_its_document_was_not_written(database: Database) -> None:
    take(database)
    with pytest.raises(KeyError), database.begin("writer") as uow:
        assert controls.next_control(uow.connection, "interchange", "ZZ:NOVAMEDSZ", "ZZ:JNPOLY") == 2
        raise KeyError
    assert take(database) == 2


@pytest.mark.parametrize(
    ("last", "count", "expected"), [(999_999_998, 1, [999_999_999]), (999_999_999, 1, [1]), (999_999_998, 3, [999_999_999, 1, 2])]
)
def test_one_follows_nine_nines(database: Database, last: int, count: int, expected: list[int]) -> None:
    with database.begin("writer") as uow:
        uow.connection.execute(sa.insert(control_number).values(kind="interchange", sender="ZZ:NOVAMEDSZ", receiver="ZZ:JNPOLY", last=last))
    assert controls.numbers(take(database, count), count) == expected
    assert take(database) == expected[-1] + 1 if expected[-1] < 999_999_999 else 1


def test_threads_get_no_gap_and_no_repeat(database: Database) -> None:
    sizes = [random.Random(7).randint(1, 5) for _ in range(100)]
    with ThreadPoolExecutor(10) as pool:
        blocks = list(pool.map(lambda count: controls.numbers(take(database, count), count), sizes))
    assert sorted(number for block in blocks for number in block) == list(range(1, sum(sizes) + 1))


def test_a_count_below_one_is_a_mistake(database: Database) -> None:
    with pytest.raises(ValueError, match="count"):
        take(database, 0)
