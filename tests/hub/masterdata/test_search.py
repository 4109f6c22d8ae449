"""Looking through the store for records that seem to be one: found whatever their spelling, a case once, and not asked again."""

from __future__ import annotations

from typing import Any

from hub.masterdata.clusters import Source
from hub.masterdata.decide import settle
from hub.masterdata.search import Matched, look, propose
from hub.masterdata.settings import MasterSettings
from hub.reconcile.run import reconcile
from hub.store import suspects
from hub.store.database import Database
from tests.hub.world import World, item, party

RULES = MasterSettings().rules


def test_what_seems_to_be_one_comes_before_a_steward_once(database: Database) -> None:
    world = World(database)
    kangrui = {"gln": None, "tax_number": None, "city": "苏州"}
    screw: dict[str, Any] = {"gtin": None, "name_zh": None, "supplier_items": [], "manufacturer": "Rheintal Titan GmbH"}
    world.send(
        ("erp", party("V1", name="苏州康瑞医疗器械有限公司", **kangrui)),
        ("wms", party("W-7", name="蘇州市康瑞醫療器械有限責任公司", **kangrui)),
        ("wms", party("W-8", name="苏州康泰医疗器械有限公司", **kangrui)),
        ("erp", item("R1", name="Cortical screw, titanium, 3.5 x 32 mm", manufacturer_item="CS-3532-T", **screw)),
        ("wms", item("I1", name="CORT. SCREW TITANIUM 3,5X32MM", manufacturer_item="CS3532T", **screw)),
        ("wms", item("I2", name="CORT. SCREW TITANIUM 3,5X34MM", manufacturer_item="CS3534T", **screw)),
    )
    with database.begin("reconcile") as uow:
        reconcile(uow, rules=RULES)
    expected: tuple[tuple[Matched, Source, Source], ...] = (
        ("party", ("erp", "V1"), ("wms", "W-7")),
        ("item", ("erp", "R1"), ("wms", "I1")),
    )
    for kind, one, other in expected:
        with database.read() as connection:
            looked = look(connection, kind, 0.5)
        ((left, right, chance, reasons),) = looked.found
        assert {left, right} == {one, other} and chance > 0.5 and looked.records == 3
        assert {"field", "level", "weight"} <= reasons[0].keys()
        (case,) = propose(database, kind, looked, RULES, "matcher")
        assert case is not None and propose(database, kind, looked, RULES, "matcher") == [case]
        with database.begin("Li") as uow:
            settle(uow, case, "different", "telephoned", RULES, None, None)
        assert propose(database, kind, looked, RULES, "matcher") == [None]
        with database.read() as connection:
            assert suspects.suspect(connection, case)["state"] == "different"
