"""`partner` and `flow`: what the site says, and running one flow by hand."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from data_contracts import config_texts
from data_contracts.errors import ConfigError
from hub import approving, callbacks, outbound, pipeline, polling, reaching, soundness, stopping, worker
from hub.as2 import expiry
from hub.commands import listening, selftest
from hub.commands.persons import Actor
from hub.commands.registers import tell_outcome
from hub.commands.selftest_page import said
from hub.commands.words import counted, word
from hub.registers.fetch import fetch_extracts
from hub.runtime import Hub
from hub.selftest import OUTCOMES
from hub.settings import Settings
from hub.site import Site
from hub.site_reading import SiteError
from hub.store import approvals, stops, watermarks

Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]
Approval = Annotated[int, typer.Argument(help="Number, as `flow approvals` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_NAMED = 5
"""Suppliers that are named when nobody tells them anything."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    partners = typer.Typer(help="Partners and their agreements.", no_args_is_help=True)
    partners.command("list")(partner_list_command)
    partners.command("check")(partner_check_command)
    partners.command("selftest")(selftest.selftest_command)
    app.add_typer(partners, name="partner")
    flows = typer.Typer(help="Flows: what moves when.", no_args_is_help=True)
    flows.command("list")(flow_list_command)
    flows.command("run")(flow_run_command)
    flows.command("stopped")(flow_stopped_command)
    flows.command("stop")(flow_stop_command)
    flows.command("resume")(flow_resume_command)
    flows.command("approvals")(flow_approvals_command)
    flows.command("approve")(flow_approve_command)
    flows.command("refuse")(flow_refuse_command)
    flows.command("watermarks")(flow_watermarks_command)
    flows.command("rewind")(flow_rewind_command)
    listening.register(flows)
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


def partner_check_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a fault.")] = False,
    reach: Annotated[bool, typer.Option("--reach", help="Also connect to the peers of flows, with their credentials.")] = False,
) -> None:
    """Load the whole site and all that it names, and tell what is certain to fail, by file and key. Exit code: 0 sound, 3 not."""
    settings = Settings.from_environment()
    site: Site | None = None
    try:
        site = Site.load(settings.site)
        found = [*soundness.faults(site), *expiry.check(site, settings.home, settings.clock.now()), *callbacks.check(site, settings.home)]
    except SiteError as error:
        found = list(error.faults)
    for one in found:
        if as_json:
            typer.echo(json.dumps(one.as_json(settings.language), ensure_ascii=False))
        else:
            typer.echo(f"{word(one.severity, settings.language):8} {one.rule}  {one.place.path}: {one.text(settings.language)}")
    wrong = sum(one.severity == "error" for one in found)
    if wrong:
        raise ConfigError(word(counted("faults", wrong), settings.language).format(count=wrong, folder=settings.site))
    if reach and site is not None and not _reached(site, settings, as_json):
        raise ConfigError(word("unreached", settings.language))
    if not as_json and site is not None:
        counts = {"partners": len(site.partners), "agreements": len(site.agreements), "flows": len(site.flows)}
        messages = sum(len(agreement.messages) for agreement in site.agreements.values())
        typer.echo(word("sound", settings.language).format(**counts, messages=messages))


def _reached(site: Site, settings: Settings, as_json: bool) -> bool:
    """Tell of each peer that can be asked whether it is there and lets us in. Whether all are."""
    told, language = list(reaching.reached(site, settings.home, settings.clock.now())), settings.language
    for one in told:
        if as_json:
            typer.echo(json.dumps(one.as_json(language), ensure_ascii=False))
            continue
        typer.echo(f"{word('reached' if one.reached else 'not_reached', language):8} {one.flow}: {config_texts.told(one.said, language)}")
        if one.sample:
            counts = ", ".join(f"{count} {said(OUTCOMES[fate], language)}" for fate, count in one.sample.items())
            typer.echo(f"         {word('sample', language)}: {counts}")
        for finding in one.findings:
            typer.echo(f"           {finding.rule} {finding.text(language)}")
    return all(one.reached and one.usable for one in told)


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
    if flow.compare is not None:
        for outcome in fetch_extracts(hub, flow):
            tell_outcome(hub, outcome)
    elif flow.direction == "in":
        landings = pipeline.fetch(hub, flow)
        processed = worker.drain(hub)
        typer.echo(f"{len(landings)} fetched, {processed} processed, {pipeline.reconcile(hub)} keys reconciled")
    else:
        language = hub.settings.language
        written, sent = len(outbound.push(hub, flow)), outbound.send(hub)
        typer.echo(word("pushed", language).format(written=written, sent=sent))
        if not written and (waiting := outbound.unclaimed(hub, flow)):
            named = ", ".join(f"{name} ({count})" for name, count in waiting[:_NAMED]) + (" …" if len(waiting) > _NAMED else "")
            codes = ", ".join(sorted(filter(None, [flow.on.get("supplier")])))
            typer.echo(word("unclaimed", language).format(named=named, entity=flow.on["entity"], supplier=codes))


def flow_stopped_command(
    every: Annotated[bool, typer.Option("--all", help="Also those that were resumed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """What is stopped, why, and how many documents wait. Exit code 0 nothing is stopped, 1 something is."""
    hub = Hub.open()
    with hub.database.read() as connection:
        found = stops.listed(connection, all_of_them=every)
    language = hub.settings.language
    for one in found:
        if as_json:
            typer.echo(json.dumps(one, ensure_ascii=False))
        else:
            name = "resumed_at" if one["resumed_at"] else "stopped_since"
            typer.echo(word(name, language).format(**one))
    if any(one["resumed_at"] is None for one in found):
        raise typer.Exit(1)


def flow_stop_command(
    agreement: Annotated[str, typer.Argument(help="What comes in under this agreement is kept waiting.")],
    reason: Reason,
    by: Actor = "cli",
) -> None:
    """Stop a flow: its documents are landed and wait, unanswered, until it is resumed."""
    hub = Hub.open()
    made = stopping.stop(hub, agreement, by, reason)
    typer.echo(word("flow_stopped" if made is not None else "flow_is_stopped", hub.settings.language).format(agreement=agreement))


def flow_resume_command(
    agreement: Annotated[str, typer.Argument(help="The agreement whose flow is stopped.")],
    reason: Reason,
    by: Actor = "cli",
) -> None:
    """Resume a flow: what waits is taken up in the order in which it came, by the next turn of a worker."""
    hub = Hub.open()
    count = stopping.resume(hub, agreement, by, reason)
    typer.echo(word("flow_resumed", hub.settings.language).format(agreement=agreement, count=count))


def flow_approvals_command(
    every: Annotated[bool, typer.Option("--all", help="Also what was decided, the last hundred.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """What flows with `approval: required` want to tell. Exit code 0 nothing waits, 1 something does."""
    hub = Hub.open()
    with hub.database.read() as connection:
        found = approvals.listed(connection, all_of_them=every)
    for one in found:
        _approval(hub, one, as_json)
    if any(one["state"] == "waiting" for one in found):
        raise typer.Exit(1)


def flow_approve_command(
    number: Approval,
    reason: Reason,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Approve what a flow wants to tell: the next push, of a worker or of Airflow, tells it."""
    hub = Hub.open()
    _approval(hub, approving.decide(hub, number, "approved", by, reason), as_json)


def flow_refuse_command(
    number: Approval,
    reason: Reason,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Refuse what a flow wants to tell: it is never told. A later version of the same document is asked for anew."""
    hub = Hub.open()
    _approval(hub, approving.decide(hub, number, "refused", by, reason), as_json)


def _approval(hub: Hub, one: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(one, ensure_ascii=False))
        return
    named = ", ".join(str(fact["subject"]) for fact in one["first"][:_NAMED]) + (" …" if one["count"] > _NAMED else "")
    name = "approval_waiting" if one["state"] == "waiting" else "approval_decided"
    typer.echo(word(name, hub.settings.language).format(**one | {"named": named}))
    for part in one["beside"]:
        if part["state"] != "told":
            said = word(f"approval_part_{part['state']}", hub.settings.language)
            typer.echo(word("approval_beside", hub.settings.language).format(**part | {"said": said}))


def flow_watermarks_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False) -> None:
    """How far flows that ask a system have asked it. Exit code 1 where the last pull of one failed."""
    hub = Hub.open()
    with hub.database.read() as connection:
        found = watermarks.listed(connection)
    for one in found:
        if as_json:
            typer.echo(json.dumps(one, ensure_ascii=False))
        else:
            name = "pull_failed" if one["failure"] else "pulled_up_to"
            typer.echo(
                word(name, hub.settings.language).format(**one | {"watermark": one["watermark"] or "-", "asked_at": one["asked_at"] or "-"})
            )
    if any(one["failure"] for one in found):
        raise typer.Exit(1)


def flow_rewind_command(
    name: Annotated[str, typer.Argument(help="The flow.")],
    reason: Reason,
    to: Annotated[str | None, typer.Option("--to", help="Stamp (2026-11-22T08:00:00Z) or token; left out: from the beginning.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Take in again what is known, too.")] = False,
    by: Actor = "cli",
) -> None:
    """Set the watermark of a flow: its next pull asks from there. What is known by id and version changes nothing, unless with --again."""
    hub = Hub.open()
    done = polling.rewind(hub, name, to, by, reason, again=again)
    told = {key: done[key] or "-" for key in ("before", "after")} | {"forgotten": done["forgotten"]}
    typer.echo(word("flow_rewound", hub.settings.language).format(flow=name, **told))


def _site() -> Site:
    return Site.load(Settings.from_environment().site)
