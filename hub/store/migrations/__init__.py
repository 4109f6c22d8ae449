"""The tables' history. `Database.migrate` calls it; nobody needs the alembic command, except to write the next migration:

python -m hub.store.migrations "what changes"      compares a fresh store with tables.py and writes versions/<n>_<what>.py
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

FOLDER = Path(__file__).parent
HEAD = "0033"
"""Newest revision of this release; a test holds it equal to what the folder says."""
_LOCK = 0x7564_6968_7562
"""PostgreSQL's advisory lock of migrations ("udihub")."""


def is_current(connection: sa.Connection) -> bool:
    """Whether the store stands at this release's revision; raises nothing for an empty store."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return False
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none() == HEAD


def upgrade(connection: sa.Connection) -> None:
    """Apply what is missing, in the transaction of `connection`: after a crash the store is as before or as after."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    if is_current(connection):  # another process was faster
        return
    command.upgrade(config(connection), "head")


def config(connection: sa.Connection) -> Config:
    """Alembic's configuration, bound to a connection that is in a transaction already."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes["connection"] = connection
    return made
