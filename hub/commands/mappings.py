"""`mapping`: which mappings there are, by the names that agreements and `udihub write --to` use."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from data_contracts.errors import ConfigError
from hub.commands.words import word
from hub.settings import Settings
from mappings.resolve import names, outline


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Mappings: what becomes which canonical record.", no_args_is_help=True)
    group.command("list")(list_command)
    app.add_typer(group, name="mapping")


def list_command(
    format_name: Annotated[str | None, typer.Argument(metavar="FORMAT", help="One format only, e.g. x12.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a mapping.")] = False,
) -> None:
    """All mappings, shipped ones and the site's, with the canonical record that each is of and the ways it goes."""
    settings = Settings.from_environment()
    own = settings.site / "mappings"
    folders = (own,) if own.is_dir() else ()
    listed = sorted(name for name in names(folders) if format_name in (None, name.partition("/")[0]))
    if not listed:
        formats = sorted({name.partition("/")[0] for name in names(folders)})
        raise ConfigError(f"there is no mapping of a format {format_name}; there are {', '.join(formats)}")
    for name in listed:
        mapping = outline(name, folders)
        if as_json:
            shown = {"mapping": name, **{key: getattr(mapping, key) for key in ("version", "entity", "message", "direction")}}
            typer.echo(json.dumps(shown, ensure_ascii=False))
        else:
            typer.echo(f"{name:40} {mapping.entity:22} {word(f'direction_{mapping.direction}', settings.language)}")
