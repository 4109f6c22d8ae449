"""What stands on a label, told from documents that name one lot by several names and state its dates more or less exactly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from data_contracts.errors import ConflictError, NotFoundError
from hub.labels.known import EVERYTHING, known
from hub.labels.symbols import LabelError
from hub.reconcile import reconcile
from hub.store.database import Database
from hub.store.lots import Sight
from tests.hub.world import KEYS, ROTTERDAM, SUZHOU, World, despatch, despatch_line, item, party, production, receipt, receipt_line

GTIN, CASE = "06901234000023", "16901234000020"
DAY = date(2026, 11, 22)


@pytest.fixture
def world(database: Database) -> World:
    """An item whose supplier calls it JN-22, with two packaging levels."""
    made = World(database)
    levels = [{"gtin": GTIN, "unit": "EA", "quantity": Decimal(1)}, {"gtin": CASE, "unit": "CS", "quantity": Decimal(10)}]
    made.send(("erp", item(gtin=GTIN, trade_items=levels)), ("erp", party()))
    return made


def label(world: World, text: str, sight: Sight = EVERYTHING) -> str:
    with world.database.begin("test") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        hri: str = known(connection, text, sight, today=DAY).as_json()["hri"]
        return hri


def sent(world: World, number: str, **line: Any) -> None:
    """A despatch by the supplier under its own code, of one lot."""
    world.send(("jiangnan_polymer", despatch(number, lines=[despatch_line(**line)])))


def test_a_lot_is_known_by_all_names_of_its_item(world: World) -> None:
    sent(world, "D1", lot="L1", expires_on="2028-01-31")
    assert label(world, f"{GTIN}|L1") == f"(01){GTIN}(17)280131(10)L1"
    assert label(world, f"{CASE}|L1") == f"(01){CASE}(17)280131(10)L1", "the label of the level that was asked for"
    assert label(world, "RM-100") == label(world, "JN-22") == f"(01){GTIN}"


@pytest.mark.parametrize(
    ("stated", "date_element"),
    [
        (["2028-01"], "(17)280100"),
        (["2028-01", "2028-01-15"], "(17)280115"),
        (["2028-01-15", "2028-01", None], "(17)280115"),
        (["2028"], ""),
        ([None], ""),
        (["2076-12-31"], "(17)761231"),
        (["2077-12-31"], ""),
    ],
    ids=str,
)
def test_dates_are_as_exact_as_they_are_stated(world: World, stated: list[str | None], date_element: str) -> None:
    """A year alone has no form in a symbol, and two digits can't tell a year that is more than fifty ahead (7.12)."""
    for place, value in enumerate(stated):
        sent(world, f"D{place}", lot="L1", expires_on=value)
    assert label(world, f"{GTIN}|L1") == f"(01){GTIN}{date_element}(10)L1"


def test_the_same_number_on_another_item_is_another_lot(world: World) -> None:
    sent(world, "D1", lot="L1", expires_on="2028-01-31")
    world.send(("jiangnan_polymer", despatch("D2", lines=[
        despatch_line(lot="L1", expires_on="2028-01-31"),
        despatch_line(lot="L1", supplier_item="OTHER", buyer_item="RM-9", line="2", expires_on="2030-01-31"),
    ])))  # fmt: skip
    assert label(world, f"{GTIN}|L1") == f"(01){GTIN}(17)280131(10)L1"


def test_contradictions_count_while_the_documents_stand(world: World) -> None:
    sent(world, "D1", lot="L1", expires_on="2028-01-31")
    world.send(("wms", receipt("R1", lines=[receipt_line("L1", expires_on="2028-02-01")])))
    with pytest.raises(ConflictError, match=r"2028-0.-.. in .* 2028-0.-.. in "):
        label(world, f"{GTIN}|L1")
    world.send(("wms", receipt("R1", lines=[receipt_line("L1", expires_on="2028-01-31")], revision=2, purpose="replace")))
    assert label(world, f"{GTIN}|L1") == f"(01){GTIN}(17)280131(10)L1"


def test_who_sees_less_knows_less(world: World) -> None:
    sent(world, "D1", lot="L1", expires_on="2028-01-31")
    world.send(("wms", receipt("R1", lines=[receipt_line("L2", expires_on="2029-01-31")])))
    everybody = Sight(frozenset({SUZHOU}))
    assert label(world, f"{GTIN}|L2", everybody) == f"(01){GTIN}(17)290131(10)L2"
    with pytest.raises(NotFoundError):
        label(world, f"{GTIN}|L2", Sight(frozenset({ROTTERDAM})))
    supplier = Sight(frozenset({SUZHOU, ROTTERDAM}), KEYS["jiangnan_polymer"])
    assert label(world, f"{GTIN}|L1", supplier) == f"(01){GTIN}(17)280131(10)L1"
    with pytest.raises(NotFoundError):
        label(world, f"{GTIN}|L2", supplier)


def test_serial_numbers_and_what_carriers_cannot_hold(world: World) -> None:
    outputs = [{"line": "1", "gtin": GTIN, "lot": "F1", "serials": ["S1"], "quantity": Decimal(1), "unit": "EA",
                "expires_on": "2029-10-31", "manufactured_on": "2026-11-14", "@": 3}]  # fmt: skip
    world.send(("mes", production(outputs=outputs)))
    assert label(world, f"{GTIN}|S1") == f"(01){GTIN}(17)291031(11)261114(10)F1(21)S1"
    sent(world, "D1", lot="LOT 1")
    with pytest.raises(LabelError, match="LOT 1") as refused:
        label(world, f"{GTIN}|LOT 1")
    assert [finding.rule for finding in refused.value.findings] == ["GS1-05"]
    with pytest.raises(LabelError, match="no GTIN"):
        label(world, "RM-100|L1")


def test_a_serial_number_of_two_lots_and_one_of_another_lot_get_no_label(world: World) -> None:
    made = {"gtin": GTIN, "quantity": Decimal(1), "unit": "EA", "@": 3}
    world.send(("mes", production("PE1", inputs=[], outputs=[{**made, "line": "1", "lot": "L1", "serials": ["S1"]}])))
    assert label(world, f"{GTIN}|S1") == f"(01){GTIN}(10)L1(21)S1"
    assert label(world, f"(01){GTIN}(10)L1(21)S1") == f"(01){GTIN}(10)L1(21)S1"
    with pytest.raises(ConflictError, match="L1"):
        label(world, f"(01){GTIN}(10)L2(21)S1")
    world.send(("mes", production("PE2", inputs=[], outputs=[{**made, "line": "1", "lot": "L2", "serials": ["S1"]}])))
    with pytest.raises(ConflictError, match="L1, L2"):
        label(world, f"{GTIN}|S1")


@pytest.mark.slow
def test_a_date_that_contradicts_the_first_is_found_however_many_documents_stand_between(world: World) -> None:
    lines = [despatch_line(lot="L1", expires_on="2028-01-31")]
    world.send(*(("jiangnan_polymer", despatch(f"D{place}", lines=lines)) for place in range(1_001)))
    assert label(world, f"{GTIN}|L1") == f"(01){GTIN}(17)280131(10)L1"
    sent(world, "LAST", lot="L1", expires_on="2029-01-31")
    with pytest.raises(ConflictError, match="LAST"):
        label(world, f"{GTIN}|L1")
