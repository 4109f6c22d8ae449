"""Locations and lots as golden records, by the machinery of items and parties: joined, chosen by rules, contradicted, placed, unmerged."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConflictError
from hub.cases.renew import renew as renew_cases
from hub.cases.settings import CaseSettings
from hub.masterdata import places, shown
from hub.masterdata.impact import impact
from hub.masterdata.settings import MasterSettings
from hub.reconcile.run import reconcile
from hub.store import views
from hub.store.case_tables import steward_case
from hub.store.database import Database
from tests.hub.masterdata.test_merging import decide, picture
from tests.hub.world import World, item, stock

RULES = MasterSettings().rules
TODAY = date(2026, 11, 22)
GTIN = "06901234000029"
GLN = "6901234000104"


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def says(world: World, system: str, entity: str, number: str, revision: int = 1, **body: Any) -> None:
    issued = datetime(2026, 10, revision, tzinfo=UTC)
    world.send((system, {"entity": entity, "number": number, "revision": revision, "issued_at": issued, "@": 1, **body}))


def settle(database: Database) -> None:
    with database.begin("reconcile") as uow:
        reconcile(uow)


def lots(database: Database) -> set[frozenset[tuple[str, str]]]:
    return set(picture(database, "lot"))


def contradictions(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        found, _ = views.discrepancies(connection, rule="MDM-04")
    return [(row["lot"], row["left"]["value"], row["right"]["value"]) for row in found]


def cases(database: Database) -> list[tuple[str, str, str]]:
    with database.begin("cases") as uow:
        renew_cases(uow, CaseSettings())
    with database.read() as connection:
        return [(row.rule, row.kind, row.state) for row in connection.execute(sa.select(steward_case)) if row.rule == "MDM-04"]


def test_lots_of_one_golden_item_and_number_are_one_and_their_dates_must_not_contradict(world: World) -> None:
    database = world.database
    world.send(("erp", item("RM-100", gtin=GTIN)), ("wms", item("W-7", supplier_items=[])))
    made = {"supplier": "V1", "supplier_lot": "S-7"}
    says(world, "erp", "Lot", "L1", item_code="RM-100", expires_on="2028-12", manufactured_on="2026-01-15", **made)
    says(world, "mes", "Lot", "L1", gtin=GTIN, expires_on="2028-12-31")
    says(world, "wms", "Lot", "L1", item_code="W-7", expires_on="2028-11-30")
    says(world, "wms", "Lot", "L2", item_code="W-7")
    settle(database)
    erp, mes, wms, other = ("erp", "RM-100|L1"), ("mes", f"{GTIN}|L1"), ("wms", "W-7|L1"), ("wms", "W-7|L2")
    assert lots(database) == {frozenset({erp, mes}), frozenset({wms}), frozenset({other})}
    assert contradictions(database) == [], "a month and a day in it agree"
    with pytest.raises(ConflictError, match="merge these first"):
        decide(database, "merge", erp, wms, kind="lot")

    decide(database, "merge", ("erp", "RM-100"), ("wms", "W-7"), kind="item")  # what their lots are of is one now
    assert lots(database) == {frozenset({erp, mes, wms}), frozenset({other})}
    assert contradictions(database) == [("L1", "2028-12", "2028-11-30")]
    assert cases(database) == [("MDM-04", "disagreement", "open")]
    with database.read() as connection:
        found = shown.golden(connection, "lot", f"{GTIN}|L1", RULES, TODAY)
        assert shown.source_named(connection, "lot", "wms/W-7|L1") == wms
    chosen = {one["field"]: one for one in found["fields"]}
    assert (chosen["expires_on"]["value"], chosen["expires_on"]["why"]) == ("2028-12", "rank")
    assert {one["value"]: one["lost_by"] for one in chosen["expires_on"]["others"]} == {"2028-12-31": "rank", "2028-11-30": "rank"}
    assert (chosen["manufactured_on"]["why"], chosen["manufactured_on"]["said_by"]["system"]) == ("only", "erp")
    assert (chosen["supplier"]["value"], chosen["supplier_lot"]["value"]) == ("V1", "S-7")

    decide(database, "value", erp, kind="lot", field="expires_on", value="2028-11-30")  # somebody read the label
    assert contradictions(database) == [] and cases(database) == [("MDM-04", "disagreement", "closed")]
    decide(database, "release", erp, kind="lot", field="expires_on")
    assert len(contradictions(database)) == 1
    decide(database, "unmerge", wms, kind="lot")
    assert lots(database) == {frozenset({erp, mes}), frozenset({wms}), frozenset({other})}
    assert contradictions(database) == [], "each is right by itself"


def test_a_lot_whose_record_is_cancelled_leaves_its_name_to_the_other(world: World) -> None:
    database = world.database
    says(world, "erp", "Lot", "L1", gtin=GTIN, expires_on="2028-12-31")
    says(world, "wms", "Lot", "L1", gtin=GTIN, expires_on="2027-01-31")
    settle(database)
    decide(database, "unmerge", ("wms", f"{GTIN}|L1"), kind="lot")
    says(world, "erp", "Lot", "L1", 2, gtin=GTIN, purpose="cancel")
    settle(database)
    assert lots(database) == {frozenset({("wms", f"{GTIN}|L1")})} and contradictions(database) == []
    with database.read() as connection:
        assert shown.golden(connection, "lot", f"{GTIN}|L1", RULES, TODAY)["source"]["system"] == "wms"


def test_locations_are_one_by_gln_and_stand_where_their_systems_put_them_until_a_person_says_otherwise(world: World) -> None:
    database = world.database
    says(world, "erp", "Location", "P1", name="Plant one", level="plant", address="1 Long Road")
    says(world, "erp", "Location", "W01", name="Store", level="warehouse", parent="P1", gln=GLN)
    says(world, "erp", "Location", "MAIN", name="Main store", level="warehouse", gln="6901234000005")  # the GLN of the company itself
    says(world, "erp", "Location", "M-01", name="Shelf", level="storage_place", parent="MAIN")
    says(world, "wms", "Location", "HC-7", name="Hansa hall 7", level="warehouse", gln=GLN, city="Rotterdam")
    says(world, "wms", "Location", "A-01", name="Shelf", level="storage_place", parent="HC-7")
    world.send(("wms", {**stock(), "location": {"code": "HC-7"}}), ("wms", {**stock(), "location": {"code": "HC-8"}}))
    settle(database)
    assert frozenset({("erp", "W01"), ("wms", "HC-7")}) in picture(database, "location")
    with database.read() as connection:
        paths = {key: place["path"] for key, place in places.tree(connection).items()}
        assert places.unplaced(connection) == ["HC-8"], "a code of a placed location is placed"
        golden = shown.golden(connection, "location", GLN, RULES, TODAY)
        touched = impact(connection, "location", [("erp", "W01")])
    assert paths["M-01"] == ["6901234000005", "MAIN", "M-01"], "below the company, not below itself"
    assert paths["A-01"] == ["6901234000005", "P1", GLN, "A-01"]
    assert {one["field"]: one["value"] for one in golden["fields"]}["city"] == "Rotterdam"
    assert touched["partners"]["first"] == ["erp", "wms"] and touched["lots"]["count"] >= 1
    with database.read() as connection:
        places.check(connection, GLN, {"level": "warehouse", "name": "Hall 7", "parent": "8712345000003"}, None, TODAY)
    said = {"level": "warehouse", "name": "Hall 7", "parent": "8712345000003"}
    decide(database, "place", ("place", GLN), kind="place", value=said)
    with database.read() as connection:
        assert places.tree(connection)["A-01"]["path"] == ["8712345000003", GLN, "A-01"], "what is in it moves with it"
