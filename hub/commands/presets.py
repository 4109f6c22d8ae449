"""`preset`: which products the hub knows, and what it knows of one."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from connectors.preset import Presets
from connectors.preset_document import section
from hub.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Presets: products that the hub knows, of which a partner's flow names one.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    app.add_typer(group, name="preset")


def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a preset.")] = False) -> None:
    """All presets, shipped ones and the site's own, with what they read and tell."""
    settings = Settings.from_environment()
    presets = Presets.of(settings.site)
    for name in presets.names():
        preset = presets.named(name)
        product = preset.product.text(settings.language)
        if as_json:
            resources = {key: {"entities": preset.entities(key), "direction": one.direction} for key, one in preset.resources.items()}
            typer.echo(json.dumps({"preset": name, "product": product, "resources": resources}, ensure_ascii=False))
        else:
            typer.echo(f"{name:20} {product}\n{'':20} {', '.join(preset.resources)}")


def show_command(
    name: Annotated[str, typer.Argument(help="A name of `udihub preset list`.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the preset as JSON.")] = False,
) -> None:
    """What is known of a product: resources, credentials, changes, quirks, how far it is verified, a flow to copy."""
    settings = Settings.from_environment()
    preset = Presets.of(settings.site).named(name)
    if as_json:
        typer.echo(json.dumps(preset.model_dump(mode="json", by_alias=True), ensure_ascii=False))
        return
    typer.echo("\n".join(section(preset, settings.language)))
