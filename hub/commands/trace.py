"""`trace` and `closure`: where goods went and came from, and whether the look-up of recall lists says the same."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console

from data_contracts.errors import ConfigError
from hub.check import plain
from hub.recall.consignees import site_places
from hub.runtime import Hub
from hub.store.views.called import Called
from hub.trace import closure, genealogy, rendering, times
from hub.trace.naming import node_names
from hub.visibility.answers import as_json
from hub.visibility.traced import events_behind

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("trace")(trace_command)
    group = typer.Typer(help="The look-up of which lots are in which lots and shipments.", no_args_is_help=True)
    group.command("verify")(verify_command)
    group.command("rebuild")(rebuild_command)
    app.add_typer(group, name="closure")


def trace_command(
    key: Annotated[str, typer.Argument(help="GTIN|lot, GTIN|serial, SSCC, a bare number, what a label says, or a node key.")],
    up: Annotated[bool, typer.Option("--up", help="Towards the sources.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Towards the users (default).")] = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="What had happened by then: a day or a time, ISO 8601; UTC unless it says otherwise.")
    ] = None,
    known_at: Annotated[str | None, typer.Option("--known-at", help="What the hub knew then: a day or a time, ISO 8601.")] = None,
    plainly: AsJson = False,
    as_graph: Annotated[bool, typer.Option("--graph", help="Print JSON Graph Format.")] = False,
    as_epcis: Annotated[bool, typer.Option("--epcis", help="Print the events behind it, an EPCISDocument in JSON-LD.")] = False,
) -> None:
    """Everything upstream or downstream of a lot, serial or logistic unit, and what nobody has said."""
    hub = Hub.open()
    direction: genealogy.Direction = "both" if up and down else "up" if up else "down"
    language = hub.settings.language
    happened, known = _time("--as-of", as_of), _time("--known-at", known_at)
    with hub.database.read() as connection:
        if as_epcis:
            followed = genealogy.follow(connection, key, direction, as_of=happened, known_at=known)
            events = events_behind(connection, followed)
            typer.echo(as_json(events, hub.clock.now(), None, "Always_GS1_Digital_Link").decode())
            if followed.truncated:
                typer.echo(f"cut after {genealogy.LIMIT} connections: there is more", err=True)
            return
        traced = genealogy.trace(connection, key, direction, as_of=happened, known_at=known, language=language)
        names = node_names(connection, [node["key"] for node in traced["nodes"]], site_places(hub))
        names |= {f"partner:{key}": Called(one.name, one.name_zh) for key, one in hub.site.partners.items()}
    if plainly or as_graph:
        typer.echo(json.dumps(plain(rendering.graph(traced) if as_graph else traced), ensure_ascii=False))
        return
    # A pipe has no width: nothing is folded there, so that `grep` finds whole keys.
    (Console() if sys.stdout.isatty() else Console(width=250)).print(rendering.table(traced, language, names))
    for gap in traced["gaps"]:
        typer.echo(f"{gap['rule']}: {gap['message']}")
    if traced["truncated"]:
        typer.echo("…")


def _time(option: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else times.read(text)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{option}: {text} is neither a day nor a time of ISO 8601") from error


def verify_command(
    limit: Annotated[int, typer.Option("--limit", min=1, help="Lots to show.")] = 20,
) -> None:
    """Walk down from every lot and compare with the look-up; exit 1 where they differ."""
    hub = Hub.open()
    with hub.database.read() as connection:
        found = list(islice(closure.differences(connection), limit))
    for key, kept, walked in found:
        missing, surplus = set(walked) - set(kept), set(kept) - set(walked)
        typer.echo(f"{key}: missing {sorted(row.shipment for row in missing)}, too much {sorted(row.shipment for row in surplus)}")
    typer.echo("DIFFERENT: udihub closure rebuild makes it anew" if found else "EQUAL: every lot's recall list is what the walk finds")
    raise typer.Exit(1 if found else 0)


def rebuild_command() -> None:
    """Make the look-up anew from the edges of the trace."""
    hub = Hub.open()
    with hub.database.begin("cli") as uow:
        closure.rebuild(uow.connection)
    typer.echo("rebuilt")
