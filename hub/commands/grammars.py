"""`grammar`: what a message looks like, as a page for the partner."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectors.guide_page import as_html
from connectors.guides import guide_of, listed
from connectors.spec import Profile
from data_contracts.errors import ConfigError
from hub.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    grammars = typer.Typer(help="What messages look like: guides for partners, and drafts from samples.", no_args_is_help=True)
    grammars.command("list")(list_command)
    grammars.command("show")(show_command)
    app.add_typer(grammars, name="grammar")


def list_command(
    format_name: Annotated[str | None, typer.Argument(metavar="FORMAT", help="One format only, e.g. x12.")] = None,
) -> None:
    """All messages that have a guide: shipped ones and the site's own."""
    settings = Settings.from_environment()
    for entry in listed(site_profile(settings), settings.language):
        if format_name in (None, entry.format):
            typer.echo(f"{f'{entry.format}/{entry.name}':36} {entry.title}")


def show_command(
    name: Annotated[str, typer.Argument(help="Format and message, e.g. x12/850 or json/erp_orders.")],
    version: Annotated[str | None, typer.Option("--version", help="Version of the standard, e.g. 005010.")] = None,
    html: Annotated[bool, typer.Option("--html", help="A page that needs no other file, instead of Markdown.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; stdout without it.")] = None,
) -> None:
    """Print the guide of a message, in English or Chinese (UDIHUB_LANG): what it may hold, where, how often, how long."""
    settings = Settings.from_environment()
    format_name, slash, message = name.partition("/")
    if not slash or not message:
        raise ConfigError(f"name format and message, e.g. x12/850, not {name!r}; `udihub grammar list` shows them")
    text = guide_of(format_name, message, version, site_profile(settings), settings.language)
    if html:
        text = as_html(text, settings.language)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}") from error
    typer.echo(f"{out}: {len(text.encode())} bytes", err=True)


def site_profile(settings: Settings) -> Profile:
    """A profile that knows the site's grammars beside the shipped ones. The site need not be complete: guides come first."""
    own = settings.site / "grammars"
    return Profile(options={"grammar_folders": [str(own)]} if own.is_dir() else {})
