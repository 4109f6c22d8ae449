from __future__ import annotations

import sqlalchemy as sa

from hub.store import bulk, identity
from hub.store.database import Database
from hub.store.tables import organisation


def test_a_write_is_there_after_the_block(database: Database) -> None:
    with database.begin("engineer") as unit:
        (key,) = identity.allocate(unit.connection, "organisation", 1)
        row = (key, "suzhou", "诺康\t\\医疗", None, "Asia/Shanghai")
        bulk.insert(unit.connection, organisation, ("id", "key", "name", "gln", "time_zone"), [row])
        unit.audit(key, "organisation.added", f"organisation/{key}", after={"key": "suzhou"})
    with database.read() as connection:
        assert connection.execute(sa.select(organisation.c.name)).scalars().all() == ["诺康\t\\医疗"]
