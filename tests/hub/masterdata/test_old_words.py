"""What was said of places before words were judged breaks no list of places and no decision: it is told until it is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.errors import ConflictError
from hub.masterdata import places
from hub.store import decisions, facts
from hub.store import golden as store
from hub.store import places as said_of_places
from hub.store.database import Database
from tests.hub.masterdata.test_locations_and_lots import TODAY, says, settle
from tests.hub.masterdata.test_merging import decide
from tests.hub.world import World

W1 = ("erp", "W1")


@pytest.fixture
def database(database: Database) -> Database:
    """A warehouse with a rack in it."""
    world = World(database)
    says(world, "erp", "Location", "W1", level="warehouse", name="Main", status="active")
    says(world, "erp", "Location", "W2", level="storage_place", name="Rack", parent="W1", status="active")
    settle(database)
    return database


def word(database: Database, field: str, value: Any) -> None:
    """A person's word as it was taken without being judged."""
    with database.begin("old") as uow:
        number = decisions.add_request(uow, "location", "value", {"source": [*W1], "field": field, "value": value}, {}, "old", None)
        decisions.add_word(uow, number, "location", W1, field, value, None, "Ann", "old")
        decisions.end_request(uow, number, "done", None, None)
        facts.mark_stale(uow.connection, store.subjects_of(uow.connection, "location", {W1}))
    settle(database)


def seen(database: Database) -> dict[str, dict[str, Any]]:
    with database.read() as connection:
        found = places.tree(connection, TODAY)
        assert places.unplaced(connection, TODAY) == []
        return found


@pytest.mark.parametrize(
    ("field", "value"),
    [("level", "kitchen"), ("level", 3), ("level", ["warehouse"]), ("parent", ["x"]), ("parent", {"a": 1}), ("name", 5), ("name_zh", [1])],
)
def test_a_bad_word_is_told_of_its_place_and_breaks_nothing(database: Database, field: str, value: Any) -> None:
    whole = seen(database)
    assert whole["W2"]["path"][-2:] == ["W1", "W2"] and whole["W1"]["findings"] == []
    word(database, field, value)
    found = seen(database)
    assert set(found) == set(whole) and found["W1"][field] in (None, whole["W1"]["path"][0])
    (told,) = found["W1"]["findings"]
    assert (told.rule, told.place.path, told.got, found["W2"]["findings"]) == ("MDM-05", field, str(value), [])
    for language in ("en", "zh-CN"):
        assert "W1" in told.text(language) and str(value) in told.text(language)  # type: ignore[arg-type]
    with database.read() as connection:
        said = {"level": "storage_place", "name": "n", "parent": "W1"}
        if field == "level":
            with pytest.raises(ConflictError, match="there is no place W1"):
                places.check(connection, "W9", said, None, TODAY)
        else:
            places.check(connection, "W9", said, None, TODAY)
    decide(database, "release", W1, kind="location", field=field)
    assert seen(database) == whole


def test_a_bad_word_that_was_said_of_a_place_itself(database: Database) -> None:
    whole = seen(database)
    with database.begin("old") as uow:
        number = decisions.add_request(uow, "place", "place", {"source": ["place", "W1"]}, {}, "old", None)
        said_of_places.add(uow, number, "W1", {"level": "planet", "name": "Mars", "parent": whole["W1"]["parent"]}, None)
        decisions.end_request(uow, number, "done", None, None)
    found = seen(database)
    assert found["W1"]["level"] is None and [one.got for one in found["W1"]["findings"]] == ["planet"]
    said = {"level": "warehouse", "name": "Main", "parent": whole["W1"]["parent"]}
    with database.begin("Ann") as uow:
        number = decisions.add_request(uow, "place", "place", {"source": ["place", "W1"]}, {}, "mended", None)
        places.put(uow, number, "W1", said, None)
        decisions.end_request(uow, number, "done", None, None)
    assert seen(database)["W1"]["findings"] == [] and seen(database)["W1"]["level"] == "warehouse"
