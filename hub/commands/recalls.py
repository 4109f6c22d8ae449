"""`recall`: open one, see where the units are, tell who must be told, note what they say, prove it all."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from data_contracts.errors import InvalidError
from hub.check import plain
from hub.commands.persons import Actor
from hub.commands.recall_screen import notice_line, seen, show, show_check, show_clock, show_notice, show_state
from hub.recall import campaign, proof, report
from hub.recall.campaign import Met, Opening
from hub.recall.picture import head, overdue
from hub.recall.scope import Scope
from hub.recall.sending import zone_of
from hub.recall.words import word
from hub.runtime import Hub
from hub.store import recalls

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Number = Annotated[str, typer.Argument(help="As `recall open` printed it.")]
Notice = Annotated[int, typer.Argument(help="Id of the notice, as `recall status` shows it.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Recalls and drills: where is it, who has it, who was told. / 召回与演练。", no_args_is_help=True)
    for name, command in (
        ("open", open_command), ("list", list_command), ("status", status_command), ("hold", hold_command), ("notify", notify_command),
        ("told", told_command),
        ("acknowledge", acknowledge_command), ("answer", answer_command), ("remind", remind_command), ("check", check_command),
        ("met", met_command), ("close", close_command), ("reopen", reopen_command), ("report", report_command), ("verify", verify_command),
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="recall")


def open_command(
    organisation: Annotated[str, typer.Option("--organisation", help="Key of the organisation that recalls.")],
    title: Annotated[str, typer.Option("--title")],
    reason: Annotated[str, typer.Option("--reason", help="What is wrong with the device.")],
    lot: Annotated[
        list[str] | None, typer.Option("--lot", help="Lot, finished or component: GTIN|LOT, a key, a Digital Link. Repeatable.")
    ] = None,
    serial: Annotated[list[str] | None, typer.Option("--serial", help="GTIN|SERIAL or GTIN|FIRST..LAST. Repeatable.")] = None,
    supplier: Annotated[str | None, typer.Option("--supplier", help="All lots that this partner despatched.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", help="With --supplier: despatched from then.")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="With --supplier: despatched up to then.")] = None,
    regime: Annotated[
        list[str] | None, typer.Option("--regime", help="us:I|II|III, eu:public_health_threat|death|serious|fsca, cn:1|2|3.")
    ] = None,
    aware: Annotated[datetime | None, typer.Option("--aware", help="When the fault became known; now if left out.")] = None,
    decided: Annotated[datetime | None, typer.Option("--decided", help="When the recall was decided; now if left out.")] = None,
    drill: Annotated[bool, typer.Option("--drill", help="Rehearse: nothing is sent to anybody.")] = False,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Open a recall and locate every unit of what is affected."""
    hub = Hub.open()
    zone = _zone(hub, organisation)
    scope = Scope(tuple(lot or ()), tuple(serial or ()), supplier, _aware(since, zone), _aware(until, zone))
    regimes = {}
    for text in regime or ():
        name, colon, grade = text.partition(":")
        if not colon:
            raise InvalidError(f"{text}: a regime is said with its class, e.g. eu:fsca")
        regimes[name] = grade
    opening = Opening(
        organisation, title, reason, scope, "drill" if drill else "recall", regimes, _aware(aware, zone), _aware(decided, zone)
    )
    with hub.database.begin(by) as uow:
        number = campaign.open_recall(hub, uow, opening)
    show(hub, number, as_json)


def list_command(as_json: AsJson = False) -> None:
    """All recalls and drills, the newest first."""
    hub = Hub.open()
    with hub.database.read() as connection:
        rows = [
            (zone_of(hub, row), head(hub, row) | {"overdue": overdue(hub, connection, row)})
            for row in recalls.listed(connection, None, None, None, 1000)
        ]
    for zone, row in rows:
        opened = row["opened_at"].astimezone(zone).isoformat(" ", "minutes")
        late = f"  {row['overdue']} {word('clocks_overdue', hub.settings.language)}" if row["overdue"] else ""
        state = word(row["state"], hub.settings.language)
        typer.echo(
            json.dumps(plain(row), ensure_ascii=False) if as_json else f"{row['number']:14} {state:7} {opened}  {row['title']}{late}"
        )


def status_command(
    number: Number,
    refresh: Annotated[bool, typer.Option("--refresh", help="Locate the units anew with all that came since.")] = False,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Where the units are, what is due, who was told and what they said."""
    hub = Hub.open()
    if refresh:
        with hub.database.begin(by) as uow:
            campaign.relocate(hub, uow, number)
    show(hub, number, as_json)


def hold_command(number: Number, by: Actor = "cli") -> None:
    """Ask warehouse and quality systems to block the lots."""
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        made = campaign.hold(hub, uow, number)
    typer.echo(f"{len(made)} {word('holds_sent', hub.settings.language)}")


def notify_command(number: Number, by: Actor = "cli") -> None:
    """Tell every consignee that got affected units. Exit 1: some belong to no partner and wait to be told (`recall told`)."""
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        made, unreachable = campaign.notify(hub, uow, number)
    shown = seen(hub, number)
    typer.echo(f"{len(made)} {word('notices_sent', hub.settings.language)}")
    for one in shown["notices"]:
        if one["id"] in made or one["place"] in unreachable:
            typer.echo(notice_line(hub, shown, one), err=one["partner"] is None)
    raise typer.Exit(1 if unreachable else 0)


def told_command(
    number: Number,
    notice: Notice,
    how: Annotated[str, typer.Option("--how", help="How, and whom: registered letter to Dr Li, tracking number.")],
    at: Annotated[datetime | None, typer.Option("--at", help="When; now if left out.")] = None,
    by: Actor = "cli",
) -> None:
    """Note that a person told a consignee, as where no partner receives the notice."""
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        zone = zone_of(hub, recalls.by_number(uow.connection, number, None))
        campaign.tell(uow, number, notice, how, _aware(at, zone))
    show_notice(hub, number, notice)


def acknowledge_command(number: Number, notice: Notice, by: Actor = "cli") -> None:
    """Note that a receiver has read its notice (it says so itself by the API)."""
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        campaign.acknowledge(uow, number, notice, None)
    show_notice(hub, number, notice)


def answer_command(
    number: Number,
    notice: Notice,
    said: Annotated[list[str], typer.Option("--lot", help="LOTKEY:on_hand=3,used=1,destroyed=0,returned=2. Repeatable.")],
    by: Actor = "cli",
) -> None:
    """Note what a consignee says of its units (it says so itself by the API)."""
    amounts: dict[str, dict[str, str]] = {}
    for text in said:
        key, _, rest = text.rpartition(":")
        amounts[key] = dict(part.partition("=")[::2] for part in rest.split(",") if part)
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        campaign.answer(uow, number, notice, amounts, None)
    show_notice(hub, number, notice)


def remind_command(number: Number, by: Actor = "cli") -> None:
    """Send again what is due and nobody has acknowledged."""
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        again = campaign.remind(hub, uow, number)
    typer.echo(f"{len(again)} {word('reminders_sent', hub.settings.language)}")


def check_command(
    number: Number,
    notice: Notice,
    method: Annotated[str, typer.Option("--method", help="visit, call, letter or message")],
    outcome: Annotated[str, typer.Option("--outcome", help="effective, not_effective or not_reached")],
    note: Annotated[str | None, typer.Option("--note")] = None,
    by: Actor = "cli",
) -> None:
    """Note an effectiveness check: was the consignee reached, did it do as asked."""
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        campaign.check(uow, number, notice, method, outcome, note)
    show_check(hub, number)


def met_command(
    number: Number,
    regime: Annotated[str, typer.Option("--regime", help="us, eu or cn.")],
    act: Annotated[str, typer.Option("--act", help="What was due, as `recall status` names it.")],
    evidence: Annotated[str, typer.Option("--evidence", help="What shows it: the authority's number, a letter.")],
    at: Annotated[datetime | None, typer.Option("--at", help="When it was done; now if left out.")] = None,
    exchange: Annotated[int | None, typer.Option("--exchange", help="The message that shows it.")] = None,
    by: Actor = "cli",
) -> None:
    """Mark as done what was due: an authority was reported to, consignees were told."""
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        zone = zone_of(hub, recalls.by_number(uow.connection, number, None))
        campaign.meet(hub, uow, number, Met(regime, act, evidence, _aware(at, zone), exchange))
    show_clock(hub, number, regime, act)


def close_command(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why it may end; stands in the report.")] = "",
    by: Actor = "cli",
) -> None:
    """End a recall. Without a reason it is refused, and what is left open is told."""
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        campaign.close(hub, uow, number, reason)
    show_state(hub, number)


def reopen_command(number: Number, reason: Annotated[str, typer.Option("--reason", help="Why it goes on.")], by: Actor = "cli") -> None:
    """Open a closed recall again."""
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        campaign.reopen(uow, number, reason)
    show_state(hub, number)


def report_command(
    number: Number,
    to: Annotated[Path, typer.Option("--to", help="Folder for report.html, report.json and the evidence.")],
    language: Annotated[str | None, typer.Option("--language", help="zh-CN or en; both stand in the page, this one first.")] = None,
    by: Actor = "cli",
) -> None:
    """Write the report with its evidence and signature. `recall verify FOLDER` proves it without the hub."""
    hub = Hub.open()
    for path in report.write(hub, number, to, next((one for one in report.LANGUAGES if one == language), hub.settings.language), actor=by):
        typer.echo(str(path))


def verify_command(
    folder: Annotated[Path, typer.Argument(metavar="REPORT", help="Folder of a report, or the ZIP archive that the API gives.")],
    key: Annotated[
        str | None, typer.Option("--key", help="The public key that the maker gave you; without it only the evidence is proved.")
    ] = None,
) -> None:
    """Prove a report: every hash, and the signature. Needs no hub. Exit 1: something is not as it was signed."""
    faults = proof.verify(folder, key)
    for fault in faults:
        typer.echo(fault, err=True)
    if not faults:
        typer.echo("INTACT" if key else f"INTACT, signed by {proof.signer(folder)}: compare this key with the one that the maker gave you")
    raise typer.Exit(1 if faults else 0)


def _aware(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A time without its offset is one of the recall's organisation, as every time that is printed."""
    return moment.replace(tzinfo=zone) if moment is not None and moment.tzinfo is None else moment


def _zone(hub: Hub, organisation: str) -> ZoneInfo:
    """In whose times it speaks. Raises ConfigError for an unknown organisation."""
    hub.organisation_id(organisation)
    return ZoneInfo(hub.site.organisations[organisation].time_zone)
