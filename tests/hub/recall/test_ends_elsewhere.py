"""What a partner uses or destroys in its own house is taken from what it holds, wherever it says that it happened; never from our stock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from hub.store import recalls
from hub.store.database import Database
from hub.store.tables import application
from tests.hub.recall.papers import CL, CLINIC, came, made, row, rules, sent, story, where
from tests.hub.recall.test_by_events import seen
from tests.hub.world import PLANT, World, at

D = Decimal
ELSEWHERE = "https://id.gs1.org/414/4098765000019"


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def destroyed(quantity: int, place: str | None, day: int = 21) -> dict[str, Any]:
    gone = seen("x1", "destroying", quantity, place or "", day) | {"action": "DELETE", "disposition": "destroyed"}
    return {name: value for name, value in gone.items() if value}


@pytest.mark.parametrize("place", [ELSEWHERE, None], ids=["elsewhere", "nowhere stated"])
def test_a_customer_destroys_of_its_own(world: World, place: str | None) -> None:
    found = story(world, ("mes", made()), ("wms", sent()), ("stadtspital", destroyed(1, place)))
    at_place = ELSEWHERE[-13:] if place else CL
    assert where(found) == [("on_hand", PLANT, D(6)), ("shipped", CL, D(3)), ("destroyed", at_place, D(1))]
    assert (found.consignees, rules(found)) == ({CL: D(4)}, [])


def test_a_customer_s_report_of_a_destruction_is_of_its_own_stock(world: World) -> None:
    gone = {
        "entity": "InventoryMovement", "number": "M1", "issued_at": at(21), "occurred_at": at(21), "location": {"code": "OR-3"}, "@": 1,
        "lines": [row(-2, reason="destroyed", status="available")],
    }  # fmt: skip
    found = story(world, ("mes", made()), ("wms", sent()), ("stadtspital", gone))
    assert where(found) == [("on_hand", PLANT, D(6)), ("shipped", CL, D(2)), ("destroyed", "stadtspital:OR-3", D(2))]
    assert (found.consignees, rules(found)) == ({CL: D(4)}, [])


def test_what_a_customer_destroys_and_never_got_by_any_document_is_told_and_leaves_our_stock_alone(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent(to=CLINIC)), ("stadtspital", destroyed(2, ELSEWHERE)))
    assert where(found) == [("on_hand", PLANT, D(6)), ("shipped", CLINIC, D(4)), ("destroyed", ELSEWHERE[-13:], D(2))]
    assert (found.consignees, rules(found)) == ({CLINIC: D(4), ELSEWHERE[-13:]: D(0)}, ["more_found", "passed_on_more"])


def test_more_than_a_customer_has_is_said_and_leaves_our_stock_alone(world: World) -> None:
    found = story(world, ("mes", made()), ("wms", sent()), ("stadtspital", destroyed(5, ELSEWHERE)))
    assert (where(found)[0], rules(found)) == (("on_hand", PLANT, D(6)), ["more_found", "passed_on_more"])


def test_of_several_places_that_could_have_had_it_the_one_is_said_to_be_open(world: World) -> None:
    other = {"code": "OR-3"}
    onward = sent("D2", 1, other, 20, ship_from={"gln": CL})
    found = story(world, ("mes", made()), ("wms", sent()), ("stadtspital", onward), ("stadtspital", destroyed(1, ELSEWHERE)))
    assert (found.sum("on_hand"), found.sum("shipped"), found.sum("destroyed")) == (D(6), D(3), D(1))
    assert rules(found) == ["ended_where"]
    assert set(found.consignees) == {CL, "stadtspital:OR-3"}


def test_what_a_supplier_says_that_it_made_is_not_made_again_by_its_despatch(world: World) -> None:
    supplier = "6901234500017"
    born = seen("e1", "commissioning", 8, f"https://id.gs1.org/414/{supplier}", 9) | {"action": "ADD"}
    raw = came("R1", 5, day=12, ship_from={"gln": supplier}) | {"despatch_number": "S1"}
    despatch = sent("S1", 5, PLANT, 11, ship_from={"gln": supplier})
    found = story(world, ("jiangnan_polymer", born), ("jiangnan_polymer", despatch), ("wms", raw))
    assert (where(found), found.total, rules(found)) == ([("on_hand", PLANT, D(5)), ("on_hand", supplier, D(3))], D(8), [])


def test_what_a_supplier_destroys_of_what_it_never_sent_us_is_none_of_ours(world: World) -> None:
    raw = came("R1", 5, day=12, ship_from={"gln": "6901234500017"})
    gone = destroyed(3, "https://id.gs1.org/414/6901234500017")
    found = story(
        world, ("jiangnan_polymer", sent("S1", 5, PLANT, 11)), ("wms", raw | {"despatch_number": "S1"}), ("jiangnan_polymer", gone)
    )
    assert (where(found), found.total, rules(found)) == ([("on_hand", PLANT, D(5))], D(5), [])


def test_what_a_carrier_destroys_names_the_despatches_that_were_on_their_way(world: World) -> None:
    arrived = came("R1", 2, CL, "D1", day=19)
    parcels = [("wms", sent("D1", 2, day=18)), ("wms", sent("D2", 3, CLINIC, day=20)), ("wms", sent("D3", 1, CLINIC, day=23))]
    found = story(world, ("mes", made()), *parcels, ("stadtspital", arrived), ("spedition", destroyed(1, ELSEWHERE, day=22)))
    [fault] = [one for one in found.contradictions if one.rule == "passed_on_more"]
    with world.database.read() as connection:
        numbers = recalls.despatches_of(connection, fault.evidence)
        said = sorted(connection.execute(sa.select(application.c.number).where(application.c.exchange_id.in_(fault.evidence))).scalars())
    assert (fault.place, fault.quantity) == (ELSEWHERE[-13:], D(1))
    assert (list(numbers.values()), said) == ([["D2"]], ["D2", "x1"])
