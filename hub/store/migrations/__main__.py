"""Write the next migration: `python -m hub.store.migrations "what changes"`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from hub.clock import SystemClock
from hub.store import migrations
from hub.store.database import Database


def main() -> None:
    """Compare a fresh store with the tables and write what differs as the next revision."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(f"sqlite:///{folder}/fresh.db", Path(folder), SystemClock())
        with database._writer.begin() as connection:
            config = migrations.config(connection)
            known = len(list(ScriptDirectory.from_config(config).walk_revisions()))
            if known:
                command.upgrade(config, "head")
            command.revision(config, message=sys.argv[1], autogenerate=True, rev_id=f"{known + 1:04}")
        database.close()
    path = next(migrations.FOLDER.glob(f"versions/{known + 1:04}_*.py"))
    # SQLite's dialect spells false as 0, which PostgreSQL does not take for a boolean.
    path.write_text(path.read_text().replace("sa.Boolean(), server_default=sa.text('0')", "sa.Boolean(), server_default=sa.false()"))


main()
