"""Locations however they are written, and what few records say of the same thing: found, with reasons, and what only looks alike is not."""

from __future__ import annotations

from typing import Any

import pytest

from hub.masterdata.matching import locations
from hub.masterdata.matching.items import Items
from hub.masterdata.matching.matcher import match
from hub.masterdata.matching.weights import FEW
from hub.masterdata.reasons import in_words
from hub.masterdata.search import look, propose
from hub.masterdata.settings import MasterSettings
from hub.store import suspects
from hub.store.database import Database
from tests.hub.masterdata.test_locations_and_lots import says, settle
from tests.hub.world import World, item

MAIN = {"name": "Main warehouse Suzhou", "address": "8 Xinghu Street", "city": "Suzhou", "level": "warehouse"}


def chance(kind: str, *bodies: dict[str, Any]) -> float:
    """The chance that the first two are one; 0 where nobody compares them."""
    return next((one.chance for one in match(kind, bodies).likely(0.0) if (one.first, one.second) == (0, 1)), 0.0)


@pytest.mark.parametrize(
    "other",
    [
        {**MAIN, "name": "Suzhou main WH", "address": "Xinghu St. 8"},
        {**MAIN, "name": "MAIN WAREHOUSE, SUZHOU"},
        {**MAIN, "name": "Main wharehouse Suzhou", "postal_code": "215000"},
        {**MAIN, "address": None},
    ],
)
def test_one_place_written_otherwise_is_found(other: dict[str, Any]) -> None:
    assert chance("location", MAIN, other) >= 0.75


@pytest.mark.parametrize(
    "other",
    [
        {**MAIN, "name": "Cold store"},
        {**MAIN, "city": "Rotterdam"},
        {**MAIN, "level": "plant"},
        {**MAIN, "name": "Main warehouse Suzhou 2"},
        {**MAIN, "address": "310 Lianhu Road", "city": None},
    ],
)
def test_another_place_that_looks_alike_is_not(other: dict[str, Any]) -> None:
    assert chance("location", MAIN, other) < 0.5


def test_names_are_compared_in_each_script_and_shelves_by_their_numbers() -> None:
    han = {"name": "苏州主仓库", "address": "苏州工业园区星湖街8号", "city": "苏州", "level": "warehouse"}
    assert chance("location", han, {**han, "name": "苏州主仓", "address": "星湖街8号"}) > 0.9
    assert chance("location", {**MAIN, "name_zh": "苏州主仓库"}, {**han, "address": None}) >= 0.75, "one of two names is enough"
    shelf = {"name": "Shelf A-01", "level": "storage_place"}
    assert chance("location", shelf, {**shelf, "name": "Shelf A-02"}) == 0.0
    assert chance("location", shelf, {**shelf, "name": "Rack A 1"}) > 0.5
    assert [len(match("location", bodies).pairs[0]) for bodies in ([], [MAIN])] == [0, 0]


def test_many_locations_are_found_by_what_they_share() -> None:
    bodies = [{"name": f"Store {number:04}", "city": f"Town {number % 9}", "level": "warehouse"} for number in range(2 * FEW)]
    bodies += [MAIN, {**MAIN, "name": "Suzhou main WH", "address": "Xinghu St. 8"}]
    found = [(one.first, one.second) for one in match("location", bodies).likely(0.5)]
    assert found == [(2 * FEW, 2 * FEW + 1)]


def test_few_items_that_say_the_same_are_found_and_among_many_they_are_not() -> None:
    screw = {"name": "Bone screw 3.5 x 20 mm titanium", "base_unit": "EA", "kind": "finished"}
    granulate = {"name": "Polymer granulate", "name_zh": "高分子颗粒", "base_unit": "KG", "kind": "raw"}
    for one, other in ((screw, {**screw, "name": "Bone screw, titanium, 3.5x20mm"}), (granulate, dict(granulate))):
        assert chance("item", one, other) > 0.5
        others = [{"name": f"Thing {number} of another kind", "base_unit": "EA"} for number in range(FEW)]
        assert chance("item", one, other, *others) < 0.5
    gtins = ("06901234000023", "06901234000030")
    assert chance("item", *({**screw, "gtin": gtin} for gtin in gtins)) < 0.1
    assert chance("item", screw, {**screw, "name": "Bone screw 3.5 x 24 mm titanium"}) < 0.5
    assert chance("item", {**screw, "manufacturer": "Orthia"}, {**screw, "manufacturer": "Rheintal"}) < 0.5


def test_every_level_of_locations_has_a_weight_and_words() -> None:
    for spec in (*locations.SPECS, *Items.specs):
        for level in spec.levels:
            for language in ("en", "zh-CN"):
                said = in_words({"field": spec.name, "level": level, "weight": 1.0}, language)  # type: ignore[arg-type]
                assert spec.name not in said.split(" ")[:1] or language == "en", said
                assert "_" not in said, said


def test_pairs_of_the_store_come_before_a_steward(database: Database) -> None:
    world = World(database)
    says(world, "erp", "Location", "W1", status="active", **MAIN)
    says(world, "wms", "Location", "MAIN", level="warehouse", name="Suzhou main WH", address="Xinghu St. 8", city="Suzhou", status="active")
    ours, theirs = item("RM-7", name="Titanium rod 12 mm"), item("W-7", name="Rod, titanium, 12mm")
    world.send(("erp", {**ours, "supplier_items": []}), ("wms", {**theirs, "supplier_items": []}))
    settle(database)
    for kind, pair in (("location", {("erp", "W1"), ("wms", "MAIN")}), ("item", {("erp", "RM-7"), ("wms", "W-7")})):
        with database.read() as connection:
            looked = look(connection, kind, 0.5)  # type: ignore[arg-type]
        assert [{left, right} for left, right, _, _ in looked.found] == [pair]
        (number,) = propose(database, kind, looked, MasterSettings().rules, "Ann")  # type: ignore[arg-type]
        with database.read() as connection:
            found = suspects.suspect(connection, number or 0)
        assert (found["kind"], found["state"]) == (kind, "open")
