"""`trace` and `closure`: where goods went and came from, and whether the look-up of recall lists says the same."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated

import typer

from hub.runtime import Hub
from hub.trace import closure, genealogy

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("trace")(trace_command)
    group = typer.Typer(help="The look-up of which lots are in which lots and shipments.", no_args_is_help=True)
    group.command("verify")(verify_command)
    group.command("rebuild")(rebuild_command)
    app.add_typer(group, name="closure")


def trace_command(
    key: Annotated[str, typer.Argument(help="GTIN|lot, SSCC, serial, or a node key.")],
    up: Annotated[bool, typer.Option("--up", help="Towards the sources.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Towards the users (default).")] = False,
    as_json: AsJson = False,
) -> None:
    """Everything upstream or downstream of a lot, serial or logistic unit."""
    hub = Hub.open()
    direction: genealogy.Direction = "both" if up and down else "up" if up else "down"
    with hub.database.read() as connection:
        traced = genealogy.trace(connection, key, direction)
    if as_json:
        typer.echo(json.dumps(traced, ensure_ascii=False, default=str))
        return
    for node in traced["nodes"]:
        typer.echo(f"{'  ' * node['depth']}{node['kind']} {node['key']}")


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
