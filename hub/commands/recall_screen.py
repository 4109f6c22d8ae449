"""A recall on the screen of the command line: where its units are, what is due, who was told, what they said, what was checked.

All times are those of the recall's organisation, whose days its clocks count, and say so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data_contracts.findings import Language
from hub.check import plain
from hub.recall import report
from hub.recall.page import address_text, at, clause_text, met_text, name_of, parts, percent, place_text, scores, told_text
from hub.recall.picture import picture
from hub.recall.words import word
from hub.runtime import Hub

Say = Callable[[str], str]


def seen(hub: Hub, number: str) -> dict[str, Any]:
    """A recall's picture with its times in its own zone."""
    with hub.database.read() as connection:
        shown = picture(hub, connection, number)
    local: dict[str, Any] = report.in_zone(shown, ZoneInfo(shown["time_zone"]))
    return local


def show(hub: Hub, number: str, as_json: bool) -> None:
    """All of it."""
    if as_json:
        with hub.database.read() as connection:
            typer.echo(json.dumps(plain(picture(hub, connection, number)), ensure_ascii=False))
        return
    shown, say, language = seen(hub, number), _say(hub), hub.settings.language
    console = Console()
    console.print(f"[bold]{shown['number']}[/bold]  {say(shown['state'])}  {escape(shown['title'])}", highlight=False)
    if shown["located_at"] is not None:
        console.print(f"{say('located')} {at(shown['located_at'])}  ({say('time_zone')} {shown['time_zone']})", highlight=False)
    for total in shown["totals"]:
        where = ", ".join(f"{say(name)} {quantity:f}" for name, quantity in parts(total))
        console.print(
            f"{escape(total['item'])} {escape(name_of(total, language))} ({say('named' if total['named'] else 'made')}): "
            f"{total['total']:f} {escape(total['unit'])}, {percent(total['coverage'])} {say('coverage')}: {where or '-'}",
            highlight=False,
        )
    for lot in shown["lots"]:
        for one in lot["contradictions"]:
            said = f"{one['quantity']:f} {lot['unit']}, {say('exchange')} {' '.join(map(str, one['evidence'])) or '-'}"
            text = f"{say('contradiction').upper()} {lot['item']} {lot['lot']}: {one['rule']} ({say(one['rule'])}) {one['place']} {said}"
            console.print(escape(text), style="red", highlight=False, soft_wrap=True)
    console.print(_positions(shown, language, say))
    for clock in shown["clocks"]:
        console.print(escape(clock_line(clock, say)), highlight=False)
    for one in (*shown["holds"], *shown["notices"]):
        console.print(escape(notice_line(hub, shown, one)), highlight=False, soft_wrap=True)
    for one in shown["checks"]:
        console.print(escape(check_line(hub, shown, one)), highlight=False, soft_wrap=True)
    for place in shown["unreachable"]:
        console.print(f"{say('unreachable')}: {escape(place_text(shown, place, language))}", style="red", highlight=False, soft_wrap=True)
    score = " · ".join(f"{say(name)} {value}" for name, value in scores(shown["score"]))
    console.print(f"{say('score')}: {score}", highlight=False, soft_wrap=True)
    if shown["closed_at"]:
        show_end(shown, say)


def show_end(shown: Mapping[str, Any], say: Say) -> None:
    """When and why a recall ended."""
    Console().print(f"{say('closed_at')} {at(shown['closed_at'])}: {escape(shown['closed_reason'] or '-')}", highlight=False)


def show_state(hub: Hub, number: str) -> None:
    """Whether a recall is open, in one line; of a closed one when and why it ended."""
    shown, say = seen(hub, number), _say(hub)
    typer.echo(f"{shown['number']}  {say(shown['state'])}  {shown['title']}")
    if shown["closed_at"]:
        show_end(shown, say)


def show_notice(hub: Hub, number: str, notice: int) -> None:
    """What stands of a notice or hold now."""
    shown = seen(hub, number)
    typer.echo(next(notice_line(hub, shown, one) for one in (*shown["notices"], *shown["holds"]) if one["id"] == notice))


def show_check(hub: Hub, number: str) -> None:
    """The check that was noted last."""
    shown = seen(hub, number)
    typer.echo(check_line(hub, shown, shown["checks"][-1]))


def show_clock(hub: Hub, number: str, regime: str, act: str) -> None:
    """One thing that is due, and how it stands."""
    for clock in seen(hub, number)["clocks"]:
        if (clock["regime"], clock["act"]) == (regime, act):
            typer.echo(clock_line(clock, _say(hub)))


def _say(hub: Hub) -> Say:
    return lambda name: word(name, hub.settings.language)


def clock_line(clock: Mapping[str, Any], say: Say) -> str:
    """What is due, until when, by which clause; whether it is late, or when it was done and what shows it."""
    late = f"  {say('overdue').upper()}" if clock["overdue"] else ""
    if clock["met"] is not None:
        late = f"  {say('met')} {met_text(clock, say)}"
    return f"{clock['regime']} {clock['act']} ({say(clock['act'])}): {at(clock['due_at'])}  {clause_text(clock, say)}{late}"


def check_line(hub: Hub, shown: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    """An effectiveness check: of which notice and consignee, how, with what outcome, when, by whom."""
    say = _say(hub)
    whom = f"{one['partner'] or say('no_partner')} {place_text(shown, one['place'], hub.settings.language)}"
    note = f" · {one['note']}" if one["note"] else ""
    what = f"{say('check')} ({say('notice')} {one['notice']}): {whom}: {say(one['method'])}, {say(one['outcome'])}"
    return f"{what} · {at(one['at'])} · {one['by']}{note}"


def notice_line(hub: Hub, shown: Mapping[str, Any], one: Mapping[str, Any]) -> str:
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


def _positions(shown: Mapping[str, Any], language: Language, say: Say) -> Table:
    table = Table(*map(say, ("item", "lot", "position", "holder", "quantity", "why")))
    for lot in shown["lots"]:
        for one in lot["positions"]:
            place = place_text(shown, one["holder"], language) or "?"
            style = "red" if one["position"] == "unknown" else None
            said = (lot["item"], lot["lot"], say(one["position"]), place, f"{one['quantity']:f} {lot['unit']}", say(one["why"]))
            table.add_row(*map(escape, said), style=style)
    return table
