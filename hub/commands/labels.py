"""`label`: what stands on the label of a thing that the hub knows, and its symbols."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from data_contracts.errors import ConfigError
from hub.labels import known as labels
from hub.labels import symbols
from hub.runtime import Hub

_SUFFIX = ".svg"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("label")(label_command)


def label_command(
    of: Annotated[
        str,
        typer.Argument(help="A DI, GTIN|LOT or GTIN|SERIAL, an SSCC, element strings in brackets, a scan, a Digital Link or an EPC URI."),
    ],
    symbol: Annotated[str | None, typer.Option("--symbol", help=f"{', '.join(symbols.SYMBOLS)}; told by words if left out.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File for the SVG; standard output if left out.")] = None,
    module: Annotated[float | None, typer.Option("--module", help="Width of a module in mm; 0.38 if left out.")] = None,
    text: Annotated[bool, typer.Option("--text/--no-text", help="Element strings beside the symbol, for people.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What stands on a label: element strings with the dates that documents state, and the symbol to print."""
    if symbol is not None and symbol not in symbols.SYMBOLS:
        raise ConfigError(f"--symbol: {symbol!r} is none of {', '.join(symbols.SYMBOLS)}")
    hub = Hub.open()
    try:
        with hub.database.read() as connection:
            found = labels.known(connection, of, today=hub.clock.now().date())
        drawing = None
        if symbol is not None:
            drawing = symbols.draw(symbol, found.elements, symbols.Look(module, text), hub.site.labels.root)
    except symbols.LabelError as error:
        for finding in error.findings:
            typer.echo(finding.text(hub.settings.language), err=True)
        raise ConfigError(str(error)) from error
    if drawing is None:
        _tell(found, hub.site.labels.root, as_json)
    elif out is None:
        typer.echo(drawing, nl=False)
    else:
        out.with_suffix(out.suffix or _SUFFIX).write_text(drawing, encoding="utf-8")


def _tell(found: labels.Known, root: str, as_json: bool) -> None:
    said = found.as_json(root)
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    typer.echo(said["hri"])
    for name in ("udi_di", "name", "name_zh", "digital_link"):
        if said[name] is not None:
            typer.echo(f"{name:13} {said[name]}")
