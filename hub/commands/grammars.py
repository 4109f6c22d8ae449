"""`grammar`: what a message looks like, as a page for the partner."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectors.guide_page import as_html
from connectors.guides import guide_of, listed
from connectors.spec import Profile
from data_contracts.errors import ConfigError
from data_contracts.mistakes import meant
from hub.commands.words import word
from hub.drafting import draft_feed
from hub.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    grammars = typer.Typer(help="What messages look like: guides for partners, and drafts from samples.", no_args_is_help=True)
    grammars.command("list")(list_command)
    grammars.command("show")(show_command)
    grammars.command("draft")(draft_command)
    app.add_typer(grammars, name="grammar")


def list_command(
    format_name: Annotated[str | None, typer.Argument(metavar="FORMAT", help="One format only, e.g. x12.")] = None,
) -> None:
    """All messages that have a guide: shipped ones and the site's own."""
    settings = Settings.from_environment()
    entries = list(listed(site_profile(settings), settings.language))
    formats = {entry.format for entry in entries}
    if format_name is not None and format_name not in formats:
        raise ConfigError(f"there is no grammar of a format {format_name!r}; did you mean {meant(format_name, formats)}?")
    for entry in entries:
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


def draft_command(
    samples: Annotated[list[Path], typer.Argument(help="Files of one feed: delimited, fixed width, XLSX, JSON or XML.")],
    out: Annotated[Path | None, typer.Option("--out", help="Site folder to write grammars/ and mappings/ into; stdout without it.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the feed; the first file's without it.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="What the samples are, e.g. DespatchAdvice; guessed without it.")] = None,
) -> None:
    """Propose a grammar and a mapping from samples, with how sure each line is and why, for a person to finish.

    Exit code: 0 the mapping is complete, 1 something mandatory is left to a person (lines with TODO).
    """
    settings = Settings.from_environment()
    draft = draft_feed(samples, name, entity, settings.language)
    folders = (("grammars", draft.grammar), ("mappings", draft.mapping))
    for folder, text in folders:
        where = f"{folder}/{draft.format}/{draft.name}.yaml"
        if out is None:
            typer.echo(f"# --- {where}\n{text}")
            continue
        path = out / where
        if path.exists():
            raise ConfigError(f"{path} is there already; a draft never writes over what a person may have finished")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        typer.echo(str(path))
    said = {"name": draft.name, "entity": draft.entity, "sure": draft.sure, "records": draft.records, "missing": ", ".join(draft.missing)}
    typer.echo(word("draft_made", settings.language).format(**said), err=True)
    if draft.missing:
        typer.echo(word("draft_left", settings.language).format(**said), err=True)
    if draft.advice:
        typer.echo(draft.advice, err=True)
    if draft.missing or draft.advice:
        raise typer.Exit(1)


def site_profile(settings: Settings) -> Profile:
    """A profile that knows the site's grammars beside the shipped ones. The site need not be complete: guides come first."""
    own = settings.site / "grammars"
    return Profile(options={"grammar_folders": [str(own)]} if own.is_dir() else {})
