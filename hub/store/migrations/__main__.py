"""Write migrations by comparing the tables with what the migrations make.

python -m hub.store.migrations "what changes"    the next revision, versions/<n>_<what>.py
python -m hub.store.migrations --initial         the first revision anew; only until the first release
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from hub.clock import SystemClock
from hub.store import migrations
from hub.store.database import Database


def main(what: str) -> None:
    """Compare a fresh store with the tables and write what differs."""
    initial = what == "--initial"
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(f"sqlite:///{folder}/fresh.db", Path(folder), SystemClock())
        with database._writer.begin() as connection:
            config = migrations.config(connection)
            number = "0001"
            if initial:
                config.set_main_option("version_locations", folder)
            else:
                number = f"{len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1:04}"
                command.upgrade(config, "head")
            command.revision(config, message="tables" if initial else what, autogenerate=True, rev_id=number)
        database.close()
        made = next(Path(folder if initial else migrations.FOLDER / "versions").glob(f"{number}_*.py"))
        # SQLite's dialect spells false as 0, which PostgreSQL does not take for a boolean.
        text = made.read_text().replace("sa.Boolean(), server_default=sa.text('0')", "sa.Boolean(), server_default=sa.false()")
        (migrations.FOLDER / "versions" / made.name).write_text(text)


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
