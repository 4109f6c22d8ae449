"""`recall`: open one, see where the units are, tell who must be told, note what they say, prove it all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data_contracts.errors import InvalidError
from data_contracts.findings import Language
from hub.check import plain
from hub.recall import campaign, proof, report
from hub.recall.campaign import Met, Opening
from hub.recall.page import address_text, clause_text, name_of, percent, place_text, told_text
from hub.recall.picture import head, overdue, picture
from hub.recall.scope import Scope
from hub.recall.words import word
from hub.runtime import Hub
from hub.store import recalls

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Actor = Annotated[str, typer.Option("--by", help="Who does it.")]
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
    scope = Scope(tuple(lot or ()), tuple(serial or ()), supplier, _aware(since), _aware(until))
    regimes = {}
    for text in regime or ():
        name, colon, grade = text.partition(":")
        if not colon:
            raise InvalidError(f"{text}: a regime is said with its class, e.g. eu:fsca")
        regimes[name] = grade
    opening = Opening(organisation, title, reason, scope, "drill" if drill else "recall", regimes, _aware(aware), _aware(decided))
    with hub.database.begin(by) as uow:
        number = campaign.open_recall(hub, uow, opening)
    _show(hub, number, as_json)


def list_command(as_json: AsJson = False) -> None:
    """All recalls and drills, the newest first."""
    hub = Hub.open()
    with hub.database.read() as connection:
        rows = [head(hub, row) | {"overdue": overdue(hub, connection, row)} for row in recalls.listed(connection, None, None, None, 1000)]
    for row in rows:
        opened = f"{row['opened_at']:%Y-%m-%d %H:%M}"
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
    _show(hub, number, as_json)


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
    with hub.database.read() as connection:
        shown = picture(hub, connection, number)
    typer.echo(f"{len(made)} {word('notices_sent', hub.settings.language)}")
    for one in shown["notices"]:
        if one["id"] in made or one["place"] in unreachable:
            typer.echo(_notice_line(hub, shown, one), err=one["partner"] is None)
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
        campaign.tell(uow, number, notice, how, _aware(at))
    _show_notice(hub, number, notice)


def acknowledge_command(number: Number, notice: Notice, by: Actor = "cli") -> None:
    """Note that a receiver has read its notice (it says so itself by the API)."""
    with Hub.open().database.begin(by) as uow:
        campaign.acknowledge(uow, number, notice, None)


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
    _show_notice(hub, number, notice)


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
    with Hub.open().database.begin(by) as uow:
        campaign.check(uow, number, notice, method, outcome, note)


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
        campaign.meet(hub, uow, number, Met(regime, act, evidence, _aware(at), exchange))


def close_command(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why it may end; stands in the report.")] = "",
    by: Actor = "cli",
) -> None:
    """End a recall. Without a reason it is refused, and what is left open is told."""
    hub = Hub.open()
    with hub.database.begin(by) as uow:
        campaign.close(hub, uow, number, reason)


def reopen_command(number: Number, reason: Annotated[str, typer.Option("--reason", help="Why it goes on.")], by: Actor = "cli") -> None:
    """Open a closed recall again."""
    with Hub.open().database.begin(by) as uow:
        campaign.reopen(uow, number, reason)


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
    folder: Annotated[Path, typer.Argument(help="Folder of a report.")],
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


def _aware(moment: datetime | None) -> datetime | None:
    return moment.astimezone() if moment is not None and moment.tzinfo is None else moment


def _show(hub: Hub, number: str, as_json: bool) -> None:
    with hub.database.read() as connection:
        shown = picture(hub, connection, number)
    if as_json:
        typer.echo(json.dumps(plain(shown), ensure_ascii=False))
        return
    shown = report.in_zone(shown, ZoneInfo(shown["time_zone"]))
    console = Console()

    def say(name: str) -> str:
        return word(name, hub.settings.language)

    console.print(f"[bold]{shown['number']}[/bold]  {say(shown['state'])}  {escape(shown['title'])}", highlight=False)
    if shown["located_at"] is not None:
        console.print(f"{say('located')} {shown['located_at']:%Y-%m-%d %H:%M %Z}", highlight=False)
    for total in shown["totals"]:
        parts = ", ".join(f"{say(where)} {quantity:f}" for where, quantity in total["positions"].items() if quantity)
        share = percent(total["coverage"])
        console.print(
            f"{escape(total['item'])} {escape(name_of(total, hub.settings.language))} ({say('named' if total['named'] else 'made')}): "
            f"{total['total']:f} {escape(total['unit'])}, {share} {say('coverage')}: {parts or '-'}",
            highlight=False,
        )
    for lot in shown["lots"]:
        for one in lot["contradictions"]:
            said = f"{one['quantity']:f} {lot['unit']}, {say('exchange')} {' '.join(map(str, one['evidence'])) or '-'}"
            text = f"{say('contradiction').upper()} {lot['item']} {lot['lot']}: {one['rule']} ({say(one['rule'])}) {one['place']} {said}"
            console.print(escape(text), style="red", highlight=False, soft_wrap=True)
    console.print(_positions(shown, hub.settings.language, say))
    for clock in shown["clocks"]:
        done = clock["met"]
        late = f"  {say('overdue').upper()}" if clock["overdue"] else ""
        if done is not None:
            at = f"{done['at']:%Y-%m-%d %H:%M %Z}{' ' + say('late') if done['late'] else ''}"
            late = f"  {say('met')} {at}: {done['evidence']} ({done['marked_by']})"
        what = f"{clock['regime']} {clock['act']} ({say(clock['act'])}): {clock['due_at']:%Y-%m-%d %H:%M %Z}"
        console.print(f"{what}  {escape(clause_text(clock, say))}{escape(late)}", highlight=False)
    for one in (*shown["holds"], *shown["notices"]):
        console.print(escape(_notice_line(hub, shown, one)), highlight=False, soft_wrap=True)
    for place in shown["unreachable"]:
        said = escape(place_text(shown, place, hub.settings.language))
        console.print(f"{say('unreachable')}: {said}", style="red", highlight=False, soft_wrap=True)
    if shown["closed_at"]:
        console.print(
            f"{say('closed_at')} {shown['closed_at']:%Y-%m-%d %H:%M %Z}: {escape(shown['closed_reason'] or '-')}", highlight=False
        )


def _show_notice(hub: Hub, number: str, notice: int) -> None:
    """Say what stands of a notice now."""
    with hub.database.read() as connection:
        shown = picture(hub, connection, number)
    typer.echo(next(_notice_line(hub, shown, one) for one in shown["notices"] if one["id"] == notice))


def _notice_line(hub: Hub, shown: dict[str, Any], one: dict[str, Any]) -> str:
    """A notice or hold in one line, with the id by which it is answered, and each lot with its key."""
    language = hub.settings.language
    whom = one["partner"] or word("no_partner", language)
    lots = ", ".join(
        f"{lot.get('answer_as', lot['lot_key'])}" + (f" ({lot['quantity']} {lot['unit']})" if lot.get("quantity") else "")
        for lot in one["lots"]
    )
    place = place_text(shown, one["place"] or "", language)
    line = f"{word(one['kind'], language)} {one['id']}: {whom} {place} {word(one['state'], language)} {told_text(one)}".rstrip()
    address = address_text(one["party"]) if one["partner"] is None else ""
    return f"{line}{' · ' + address if address else ''}: {lots}"


def _positions(shown: dict[str, Any], language: Language, say: Callable[[str], str]) -> Table:
    table = Table(*map(say, ("item", "lot", "position", "holder", "quantity", "why")))
    for lot in shown["lots"]:
        for one in lot["positions"]:
            place = place_text(shown, one["holder"], language) or "?"
            style = "red" if one["position"] == "unknown" else None
            said = (lot["item"], lot["lot"], say(one["position"]), place, f"{one['quantity']:f} {lot['unit']}", say(one["why"]))
            table.add_row(*map(escape, said), style=style)
    return table
