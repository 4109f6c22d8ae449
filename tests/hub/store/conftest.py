"""Two organisations and three partners, which every row of evidence refers to."""

from __future__ import annotations

import pytest

from hub.store import bulk
from hub.store.database import Database
from hub.store.tables import organisation, partner


@pytest.fixture
def house(database: Database) -> Database:
    """The store of `database` with organisations 1 and 2 and partners 1 to 3."""
    with database.begin("site") as uow:
        bulk.insert(
            uow.connection,
            organisation,
            ("id", "key", "name", "time_zone"),
            [
                (1, "suzhou", "诺康医疗器械（苏州）有限公司", "Asia/Shanghai"),
                (2, "rotterdam", "NovaCare Medical Europe B.V.", "Europe/Amsterdam"),
            ],
        )
        bulk.insert(
            uow.connection,
            partner,
            ("id", "key", "name", "kind"),
            [
                (1, "erp", "ERP", "erp"),
                (2, "jiangnan_polymer", "江南高分子材料", "supplier"),
                (3, "rheintal_titan", "Rheintal Titan GmbH", "supplier"),
            ],
        )
    return database
