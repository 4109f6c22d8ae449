"""`event`: visibility events by what they speak of, and those of business documents."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from data_contracts.errors import ConfigError
from hub.runtime import Hub
from hub.store.lots import Sight
from hub.visibility.answers import MOST_PER_PAGE, PER_PAGE, answer, one_json
from hub.visibility.project import mark_all
from hub.visibility.question import QuestionError, TooLargeError, from_query_string, read_question


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    events = typer.Typer(help="Visibility events (EPCIS).", no_args_is_help=True)
    events.command("find")(find_command)
    events.command("derive")(derive_command)
    app.add_typer(events, name="event")


def find_command(
    parameters: Annotated[
        list[str] | None,
        typer.Argument(help="NAME=VALUE as EPCIS's query language has them, e.g. MATCH_anyEPC=https://… EQ_bizStep='shipping|receiving'."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST_PER_PAGE)] = PER_PAGE,
) -> None:
    """Events that answer, the newest first, one JSON-LD object a line."""
    hub = Hub.open()
    try:
        question = read_question(from_query_string(one.partition("=")[::2] for one in parameters or ()))
        with hub.database.read() as connection:
            page = answer(connection, Sight(), question, None, limit)
            while page.next is not None and not page.events:  # a page that looked through events of which none answers
                page = answer(connection, Sight(), question, page.next, limit)
    except (QuestionError, TooLargeError) as error:
        raise ConfigError(str(error)) from error
    for event in page.events:
        typer.echo(one_json(event, "Always_GS1_Digital_Link").decode())


def derive_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Have events derived from all documents that the hub holds already; needed once, when `epcis.yaml` begins to say `documents: true`."""
    hub = Hub.open()
    if not hub.site.events.documents:
        raise ConfigError("epcis.yaml of the site does not say documents: true")
    with hub.database.begin("cli") as uow:
        marked = mark_all(uow)
    typer.echo(json.dumps({"documents": marked}) if as_json else f"{marked} documents: the worker derives their events in its next turn")
