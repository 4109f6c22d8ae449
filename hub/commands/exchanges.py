"""`exchange` and `explain`: what happened to a message, where a value came from."""

from __future__ import annotations

import json
import sys
from textwrap import indent
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from data_contracts.errors import ConfigError
from data_contracts.findings import Language
from data_contracts.mistakes import meant
from hub import acknowledge, exchange
from hub.check import plain
from hub.commands.persons import Actor
from hub.commands.words import word
from hub.explain import explain
from hub.runtime import Hub
from hub.store import evidence, listing

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]
AlthoughSuperseded = Annotated[
    bool,
    typer.Option(
        "--although-superseded", help="Also where something newer of the same number, or stock of the same place, has left since."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Find exchanges, show them, give them another chance.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    group.command("answers")(answers_command)
    group.command("replay")(replay_command)
    group.command("resend")(resend_command)
    group.command("copy")(copy_command)
    group.command("correct")(correct_command)
    app.add_typer(group, name="exchange")
    app.command("explain")(explain_command)


OVERDUE = "overdue"
"""No state of an exchange, but of the answer to it that never came."""


def list_command(
    find: Annotated[str | None, typer.Option("--find", help="Order, despatch, invoice or lot number.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="applied, quarantined, sent …, or overdue: no answer came in time.")] = None,
    partner: Annotated[str | None, typer.Option("--partner")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest exchanges, or those that mention a number."""
    if state not in (None, OVERDUE, *listing.STATES):
        raise ConfigError(f"--state: there is no state {state}; did you mean {meant(state, (OVERDUE, *listing.STATES))}?")
    hub = Hub.open()
    with hub.database.read() as connection:
        rows = listing.exchanges(
            connection,
            find=find,
            state=None if state == OVERDUE else state,
            acknowledgement=OVERDUE if state == OVERDUE else None,
            partner_id=hub.partner_id(partner) if partner else None,
            limit=limit,
        )
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    columns = ("id", "partner", "direction", "type", "business_key", "state", "acknowledgement", "rows_left_out", "recorded_at")
    table = Table()
    for name in columns:
        table.add_column(word(f"head_{name}", hub.settings.language), overflow="fold", no_wrap=name in ("id", "type", "state"))
    for row in rows:
        table.add_row(*(str(row.get(name) or "") for name in columns))
    # A pipe has no width: nothing is folded there, so that `grep` finds whole keys.
    (Console() if sys.stdout.isatty() else Console(width=200)).print(table)


def show_command(exchange_id: int, as_json: AsJson = False) -> None:
    """One exchange: identity, states, findings, rows that were left out, acknowledgements both ways, replays."""
    hub = Hub.open()
    with hub.database.read() as connection:
        shown = evidence.show(connection, exchange_id, hub.settings.language)
    typer.echo(json.dumps(shown, ensure_ascii=False) if as_json else json.dumps(shown, ensure_ascii=False, indent=2))


def answers_command(exchange_id: int, as_json: AsJson = False) -> None:
    """The acknowledgements of an exchange as they were written: ours of what came, the partner's of what we sent."""
    hub = Hub.open()
    with hub.database.read() as connection:
        found = acknowledge.answers_of(connection, hub.settings.home, exchange_id)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        typer.echo(word("no_answers", hub.settings.language), err=True)
    for one in found:
        typer.echo(f"{one['kind']} {one['verdict']} {one['recorded_at']}")
        if "answered" in one and one["reference"] is not None:
            typer.echo("  " + _answered(one, hub.settings.language))
        typer.echo(indent(one["content"].replace("~\n", "~").replace("~", "~\n").rstrip(), "  "))


def _answered(one: dict[str, Any], language: Language) -> str:
    """What the partner's system said of an answer of ours."""
    heard = one["answered"]
    if heard is None:
        return word("not_answered", language).format(number=one["reference"])
    return word("answered", language).format(number=one["reference"], **{**heard, "said": heard["said"] or ""}).rstrip()


def replay_command(
    exchange_id: int,
    reason: Reason,
    by: Actor = "cli",
    drop_corrections: Annotated[bool, typer.Option("--drop-corrections", help="Leave out what was corrected in it.")] = False,
) -> None:
    """Map the original bytes again, with today's mapping, in place of what speaks now; corrections are laid over it again."""
    typer.echo(f"exchange {exchange.replay(Hub.open(), exchange_id, by, reason, drop_corrections=drop_corrections)}")


def resend_command(exchange_id: int, reason: Reason, by: Actor = "cli", although_superseded: AlthoughSuperseded = False) -> None:
    """Only send again what was sent, under the same identity."""
    typer.echo(f"outbox {exchange.resend(Hub.open(), exchange_id, by, reason, although_superseded=although_superseded)}")


def copy_command(exchange_id: int, reason: Reason, by: Actor = "cli") -> None:
    """Send it as something new, under new control numbers."""
    typer.echo(f"exchange {exchange.copy(Hub.open(), exchange_id, by, reason)}")


def correct_command(
    exchange_id: int,
    fields: Annotated[list[str], typer.Option("--set", help="path=value, e.g. lines[0].gtin=06901234567892; path= removes.")],
    reason: Reason,
    by: Actor = "cli",
) -> None:
    """Apply a new version of a message's content, over earlier corrections; the original stays. Paths count all rows, held back or not."""
    changes: dict[str, Any] = {}
    for field in fields:
        path, mark, value = field.partition("=")
        if not mark:
            raise ConfigError(f"--set {field!r}: expected path=value")
        changes[path] = value or None
    typer.echo(f"exchange {exchange.correct(Hub.open(), exchange_id, changes, by, reason)}")


def explain_command(entity: str, field: str, as_json: AsJson = False) -> None:
    """Where a value came from: `udihub explain order/4500000123/10 received` walks from the view back to the bytes."""
    hub = Hub.open()
    explained = explain(hub, entity, field)
    if as_json:
        typer.echo(json.dumps(plain(explained), ensure_ascii=False))
        return
    typer.echo(f"{entity} {field} = {explained['value']}")
    for step in explained["steps"]:
        typer.echo(f"  {step['value']} {step.get('unit') or ''} from {step['source']} ({step['standing']})")
        for key in (
            "exchange",
            "document",
            "sha256",
            "message",
            "segment",
            "element",
            "position",
            "path",
            "raw",
            "mapping",
            "row",
            "agreement",
            "rules",
        ):
            if step.get(key) not in (None, "", []):
                typer.echo(f"      {key:10} {step[key]}")
    for one in explained["left_out"]:
        typer.echo(f"  {word(one['why'], hub.settings.language).format(**one)}")
