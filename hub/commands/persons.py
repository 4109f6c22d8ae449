"""Who acts on the command line: a person whom the hub knows, by the name that a key of theirs has, as over HTTP.

Over HTTP the key says who somebody is. Whoever has a shell on the hub's machine has no key to show and is believed, but only a known name
is: a slip of the pen would stand in the audit trail for ever, and a second pair of eyes must not be one that nobody has.
"""

from __future__ import annotations

from typing import Annotated

import typer

from data_contracts.errors import ConfigError
from hub.settings import Settings
from hub.store import credentials
from hub.store.database import Database

SHELL = "cli"
"""Whoever names nobody: somebody at the machine."""


def known(name: str) -> str:
    """The name, where a person of ours has it. Raises ConfigError for any other."""
    if name == SHELL:
        return name
    settings = Settings.from_environment()
    database = Database.open(settings.database_url, settings.home, settings.clock)
    try:
        database.migrate()
        with database.read() as connection:
            persons = credentials.persons(connection)
    finally:
        database.close()
    if name not in persons:
        raise ConfigError(
            f"--by: nobody of the name {name!r} has a key (known: {', '.join(persons) or '-'}); `udihub key create` makes one, "
            "`--link` for a person who works in the console"
        )
    return name


Actor = Annotated[str, typer.Option("--by", help="Who does it: a name that a key of ours has (`udihub key list`).", callback=known)]
"""The option of every command that changes something in somebody's name."""
