"""`partner` and `flow`: what the site says, and running one flow by hand."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from data_contracts.errors import ConfigError
from hub import outbound, pipeline, worker
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Site


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    partners = typer.Typer(help="Partners and their agreements.", no_args_is_help=True)
    partners.command("list")(partner_list_command)
    partners.command("check")(partner_check_command)
    app.add_typer(partners, name="partner")
    flows = typer.Typer(help="Flows: what moves when.", no_args_is_help=True)
    flows.command("list")(flow_list_command)
    flows.command("run")(flow_run_command)
    app.add_typer(flows, name="flow")


def partner_list_command() -> None:
    """All partners with their agreements."""
    site = _site()
    for partner in site.partners.values():
        typer.echo(f"{partner.partner:20} {partner.kind:10} {partner.name}{f' / {partner.name_zh}' if partner.name_zh else ''}")
        for agreement in site.agreements.values():
            if agreement.partner == partner.partner:
                messages = ", ".join(f"{m.type} {m.version or ''}".strip() for m in agreement.messages)
                typer.echo(
                    f"    {agreement.direction:3} {agreement.agreement:28} {agreement.organisation:12} {agreement.format}: {messages}"
                )


def partner_check_command() -> None:
    """Load the whole site and every mapping that it names. Exit code 3 with file and field if anything is wrong."""
    site = _site()
    count = 0
    for agreement in site.agreements.values():
        for message in agreement.messages:
            pipeline.mapping_of(site.mapping_folders, message)
            count += 1
        pipeline.syntax_of(agreement)
    pairs: dict[tuple[str, str, str], str] = {}
    for agreement in site.agreements.values():
        if agreement.envelope is not None:
            pair = (agreement.direction, agreement.envelope.sender, agreement.envelope.receiver)
            other = pairs.setdefault(pair, agreement.agreement)
            if other != agreement.agreement:
                typer.echo(f"note: {other} and {agreement.agreement} have the same identities {pair[1]} > {pair[2]}")
    typer.echo(f"{len(site.partners)} partners, {len(site.agreements)} agreements, {count} messages, {len(site.flows)} flows: all sound")


def flow_list_command(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """All flows with their schedules."""
    for flow in _site().flows.values():
        if as_json:
            typer.echo(json.dumps(flow.model_dump(mode="json"), ensure_ascii=False))
        else:
            typer.echo(f"{flow.direction:3} {flow.flow:32} {flow.schedule or '-':16} {'' if flow.enabled else 'disabled'}")


def flow_run_command(name: str) -> None:
    """Run one flow now: fetch, land, process and reconcile, or push and send."""
    hub = Hub.open()
    flow = hub.site.flows.get(name)
    if flow is None:
        raise ConfigError(f"the site has no flow {name!r}; it has {', '.join(sorted(hub.site.flows))}")
    if flow.direction == "in":
        landings = pipeline.fetch(hub, flow)
        processed = worker.drain(hub)
        typer.echo(f"{len(landings)} fetched, {processed} processed, {pipeline.reconcile(hub)} keys reconciled")
    else:
        typer.echo(f"{len(outbound.push(hub, flow))} written, {outbound.send(hub)} sent")


def _site() -> Site:
    return Site.load(Settings.from_environment().site)
