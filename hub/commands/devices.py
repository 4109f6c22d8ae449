"""`device`: the device master by any identifier."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import typer

from data_contracts.errors import ConfigError
from hub.check import plain
from hub.commands import registers
from hub.runtime import Hub
from hub.store import views

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OnDay = Annotated[str | None, typer.Option("--on", help="As of a day, YYYY-MM-DD; today if left out.")]
_PAGE = 200


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Devices: UDI-DI, packaging levels, what authorities know of them.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    registers.register(group)
    app.add_typer(group, name="device")


def list_command(
    find: Annotated[str | None, typer.Option("--find", help="Part of a name or model, or any identifier.")] = None,
    basic_udi_di: Annotated[str | None, typer.Option("--basic-udi-di", help="All devices of a model.")] = None,
    on: OnDay = None,
    as_json: AsJson = False,
) -> None:
    """All devices, a line each: UDI-DI, model, name."""
    hub = Hub.open()
    day, cursor, first = _day(hub, on), None, True
    while cursor is not None or first:
        first = False
        with hub.database.read() as connection:
            rows, cursor = views.devices(connection, on=day, find=find, basic_udi_di=basic_udi_di, cursor=cursor, limit=_PAGE)
        for row in rows:
            if as_json:
                typer.echo(json.dumps(plain(row), ensure_ascii=False))
            else:
                typer.echo(f"{row['number']:24} {row.get('model') or '-':20} {row.get('name') or row.get('name_zh') or '-'}")


def show_command(
    di: Annotated[str, typer.Argument(help="UDI-DI, or the DI of a package, unit of use or direct mark.")],
    on: OnDay = None,
    as_json: AsJson = False,
) -> None:
    """One device with all that its record says, the version in effect and all others."""
    hub = Hub.open()
    with hub.database.read() as connection:
        shown = plain(views.device(connection, di, on=_day(hub, on)))
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    for name, value in shown.items():
        _print(name, value, "")


def _print(name: str, value: Any, indent: str) -> None:
    if isinstance(value, Mapping):
        typer.echo(f"{indent}{name}")
        for inner, member in value.items():
            _print(inner, member, indent + "  ")
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        typer.echo(f"{indent}{name}")
        for row in value:
            said = (f"{inner} {_said(member)}" for inner, member in row.items() if member not in (None, []))
            typer.echo(f"{indent}  - {', '.join(said)}")
    elif value not in (None, []):
        typer.echo(f"{indent}{name:24} {_said(value)}")


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_said(one.get("text", one) if isinstance(one, Mapping) else one) for one in value)
    return str(value)


def _day(hub: Hub, on: str | None) -> date:
    try:
        return date.fromisoformat(on) if on is not None else hub.clock.now().date()
    except ValueError as error:
        raise ConfigError(f"--on: {on!r} is no day like 2026-11-22") from error
