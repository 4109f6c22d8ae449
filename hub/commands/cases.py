"""`case …`: the work list of what a person must decide, one case opened, and what is done about it."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from data_contracts.errors import ConfigError
from data_contracts.findings import Language
from hub.cases import acts, fixes, signatures
from hub.cases.acts import Outcome, Who
from hub.cases.kinds import KINDS, LISTED, STATES, told
from hub.cases.shown import shown, worded
from hub.cases.signatures import Meaning, Signer
from hub.check import plain
from hub.commands import findings
from hub.commands.persons import SHELL, Actor, known
from hub.commands.words import word
from hub.content import Reading
from hub.runtime import Hub
from hub.store import cases
from hub.store.types import micros

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the story and the audit trail.")]
Numbers = Annotated[list[int], typer.Argument(help="Ids, as `case list` shows them; each is done for itself.")]
Meant = Annotated[Meaning | None, typer.Option("--sign", help="Sign it, with this meaning; your secret is asked for.")]
_PAGE = 500


def register(app: typer.Typer) -> None:
    """Add `case`."""
    group = typer.Typer(help="Cases: what a person must decide, safety and what blocks supply first.", no_args_is_help=True)
    for name, command in (
        ("list", list_command),
        ("show", show_command),
        ("assign", assign_command),
        ("accept", accept_command),
        ("ask", ask_command),
        ("note", note_command),
        ("escalate", escalate_command),
        ("correct", correct_command),
        ("fix", fix_command),
        ("sign", sign_command),
    ):
        group.command(name)(command)
    app.add_typer(group, name="case")


def list_command(
    state: Annotated[str, typer.Option("--state", help="open, asked, accepted, closed; several with commas; all.")] = ",".join(LISTED),
    kind: Annotated[str | None, typer.Option("--kind", help=f"{', '.join(KINDS)}; several with commas.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="E.g. GS1-01.")] = None,
    partner: Annotated[str | None, typer.Option("--partner")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Whose they are.")] = None,
    unassigned: Annotated[bool, typer.Option("--unassigned", help="Only those that nobody owns.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those past their due time.")] = False,
    find: Annotated[str | None, typer.Option("--find", help="A part of what they are about.")] = None,
    as_json: AsJson = False,
) -> None:
    """The work list, in the order in which it is worked on."""
    hub = Hub.open()
    after: tuple[int, int, int] | None = None
    while True:
        with hub.database.read() as connection:
            rows = cases.listed(
                connection,
                states=_known("--state", state, STATES),
                kinds=None if kind is None else _known("--kind", kind, KINDS),
                rule=rule,
                partner_id=None if partner is None else hub.partner_id(partner),
                owner=owner,
                nobodys=unassigned,
                overdue_at=micros(hub.clock.now()) if overdue else None,
                find=find,
                after=after,
                limit=_PAGE,
            )
            said = worded(connection, rows, hub.settings.language)
        for one in said:
            typer.echo(json.dumps(plain(one), ensure_ascii=False) if as_json else _line(one, hub.settings.language))
        if len(rows) < _PAGE:
            if not rows and after is None and not as_json:
                typer.echo(word("no_case", hub.settings.language), err=True)
            return
        last = rows[-1]
        after = (last["rank"], micros(last["due_at"]), last["id"])


def show_command(number: int, as_json: AsJson = False) -> None:
    """One case: what is wrong and where, what others say, and its story with signatures and whether they hold."""
    hub = Hub.open()
    language = hub.settings.language
    with hub.database.read() as connection:
        one = shown(hub, connection, number, Who("cli"), language)
    if as_json:
        typer.echo(json.dumps(plain(one), ensure_ascii=False))
        return
    typer.echo(_line(one, language))
    for line in findings.lines(one["findings"], None, language):
        typer.echo(f"  {line}")
    _tell_accepted(one, language)
    for other in one["others"]:
        typer.echo(f"  {other['partner']}: {other['type']} {other['business_key'] or ''} ({other['state']}, {other['id']})")
    for step in one["story"]:
        signed = f"  [{step['signed_by']}: {step['meaning']}, {step['signature']}]" if step["signed_by"] else ""
        typer.echo(f"  {step['at']:%Y-%m-%d %H:%M} {step['action']:10} {step['actor']:16} {step['reason'] or ''}{signed}")


def assign_command(numbers: Numbers, to: Annotated[str, typer.Option("--to")], reason: Reason, by: Actor = "cli") -> None:
    """Say whose cases are."""
    hub = Hub.open()
    _each(hub, numbers, lambda number: acts.assign(hub, number, Who(by), to, reason))


def accept_command(numbers: Numbers, reason: Reason, by: Actor = "cli", sign: Meant = None) -> None:
    """They may stay as they are; what was accepted is told. What says something else later is open again."""
    hub = Hub.open()
    signer = _signer(hub, by, sign)
    _each(hub, numbers, lambda number: acts.accept(hub, number, Who(by), reason, signer, follow=False), accepted=True)


def ask_command(
    numbers: Numbers,
    text: Annotated[str, typer.Option("--text", help="What the partner is asked.")],
    answer_by: Annotated[str | None, typer.Option("--answer-by", help="Time with its offset; else as cases.yaml says.")] = None,
    send: Annotated[bool, typer.Option("--send", help="By the partner's route of notices.")] = False,
    by: Actor = "cli",
) -> None:
    """Ask the partner; the case waits for the answer (`note`)."""
    hub = Hub.open()
    due = _time(answer_by)
    _each(hub, numbers, lambda number: acts.ask(hub, number, Who(by), text, due, send))


def note_command(numbers: Numbers, reason: Annotated[str, typer.Option("--text", help="What was said.")], by: Actor = "cli") -> None:
    """Write down what somebody said; what was asked is open again with it."""
    hub = Hub.open()
    _each(hub, numbers, lambda number: acts.note(hub, number, Who(by), reason))


def escalate_command(numbers: Numbers, to: Annotated[str, typer.Option("--to")], reason: Reason, by: Actor = "cli") -> None:
    """Give cases to somebody who can decide more: one rank up, due in half of the time that is left."""
    hub = Hub.open()
    _each(hub, numbers, lambda number: acts.escalate(hub, number, Who(by), to, reason))


def correct_command(
    numbers: Numbers,
    values: Annotated[list[str], typer.Option("--set", help="PATH=VALUE, e.g. 'lines[*].unit=EA'; an empty value removes.")],
    reason: Reason,
    by: Actor = "cli",
    sign: Meant = None,
) -> None:
    """A new version of the message beside its original; [*] is every row that the case is about."""
    hub = Hub.open()
    fields: dict[str, Any] = {}
    for given in values:
        path, mark, value = given.partition("=")
        if not mark:
            raise ConfigError(f"--set: {given!r} is no PATH=VALUE")
        fields[path.strip()] = value.strip() or None
    signer = _signer(hub, by, sign)
    reading = Reading()
    _each(hub, numbers, lambda number: acts.correct(hub, number, Who(by), fields, reason, signer, reading))


def fix_command(
    kind: Annotated[Literal["codes", "mapping"], typer.Argument(help="What is mended.")],
    name: Annotated[str, typer.Argument(help="Of the code list, or of the mapping, e.g. x12/856.")],
    means: Annotated[list[str] | None, typer.Option("--means", help="Codes: SOURCE=CANONICAL, e.g. 'Stk=EA'.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="The whole file as it is to be.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why. Without it only a preview is shown.")] = None,
    again: Annotated[
        list[int] | None, typer.Option("--replay", help="Codes: an applied message that rests on what a value meant, by its exchange, too.")
    ] = None,
    by: Actor = "cli",
    sign: Meant = None,
    as_json: AsJson = False,
) -> None:
    """Show what a mended map or code list would free of all that waits; with --reason change it in the site and replay that.

    Messages that are applied already and rest on a meaning that changes are shown apart, and replayed where --replay names them.
    """
    hub = Hub.open()
    if file is not None:
        fix = fixes.Fix(kind, name, file.read_text(encoding="utf-8"))
    elif kind == "codes" and means:
        pairs = [given.partition("=") for given in means]
        fix = fixes.with_codes(hub, name, {source.strip(): canonical.strip() for source, _, canonical in pairs})
    else:
        raise ConfigError("fix: say --means (codes) or --file")
    if reason is None:
        freed, outcomes = fixes.preview(hub, fix, Who(by), hub.settings.language), None
    else:
        freed, outcomes = fixes.apply(hub, fix, Who(by), reason, signature=_signer(hub, by, sign), again=again or ())
    rested = sum(1 for one in freed if one.changes)
    for place, one in enumerate(freed):
        if rested and place == len(freed) - rested and not as_json:
            typer.echo(word("rest_on_it" if reason is None else "replayed_too", hub.settings.language).format(count=rested))
        typer.echo(json.dumps(_freed(one), ensure_ascii=False) if as_json else _freed_line(one, hub.settings.language))
    _told(outcomes or [])


def sign_command(
    by: Annotated[str, typer.Option("--by", help="Your name, as cases show it and a key of yours has it.", callback=known)],
    administers: Annotated[bool, typer.Option("--reset", help="Set it anew for somebody who forgot it; this is audited.")] = False,
) -> None:
    """Set the secret with which you sign: the second component of your electronic signature. Without a terminal it is read from stdin."""
    hub = Hub.open()
    current = None
    if not administers and signatures.has_secret(hub, by):
        current = typer.prompt("Current secret", hide_input=True)
    secret = typer.prompt("New secret", hide_input=True, confirmation_prompt=True)
    signatures.set_secret(hub, by, secret, by if not administers else "cli", current, administers)
    typer.echo(by)


def _signer(hub: Hub, by: str, meaning: Meaning | None) -> Signer | None:
    if meaning is None:
        return None
    return signatures.identify(hub, by, typer.prompt("Secret", hide_input=True), meaning)


def _each(hub: Hub, numbers: list[int], work: Any, accepted: bool = False) -> None:
    outcomes = acts.in_bulk(hub, numbers, partial(work))
    for one in outcomes:
        if one.done and one.case is not None:
            with hub.database.read() as connection:
                (said,) = worded(connection, [cases.plain(cases.stored(connection, one.case))], hub.settings.language)
                whole = shown(hub, connection, one.case, Who(SHELL), hub.settings.language) if accepted else None
            typer.echo(_line(said, hub.settings.language))
            if whole is not None:
                _tell_accepted(whole, hub.settings.language)
    _told(outcomes)


def _tell_accepted(one: dict[str, Any], language: Language) -> None:
    """What was accepted, as whoever did it saw it."""
    seen = one["accepted"]
    if seen is not None:
        for line in findings.lines(seen["findings"], None, language):
            typer.echo(f"  {word('accepted', language)}  {line}")
        for leaving in seen["leaves"]:
            typer.echo(f"  {word('accepted', language)}  {leaving['subject']} ({leaving['exchange']})")


def _told(outcomes: list[Outcome]) -> None:
    """Exit 1 where something was not done."""
    failed = [one for one in outcomes if not one.done]
    for one in failed:
        typer.echo(f"{one.case or one.exchange}: {one.error}", err=True)
    if failed:
        raise typer.Exit(1)


def _line(one: dict[str, Any], language: Language) -> str:
    state = told(one["state"], language)
    about = " ".join(part for part in (one["partner"], one["subject"], one["owner"] and f"@{one['owner']}") if part)
    said = one["message"] or one["title"]
    return f"{one['id']:6} {one['rank_title']:14} {one['due_at']:%Y-%m-%d %H:%M} {state:8} {one['rule'] or '-':8} {about}: {said}"


def _freed(one: fixes.Freed) -> dict[str, Any]:
    return {
        "exchange": one.exchange, "subject": one.subject, "partner": one.partner, "cases": list(one.cases), "rows_left_out": list(one.rows),
        "state": one.state, "freed": one.better, "findings": list(one.findings),
        "changes": [{"path": change.path, "now": plain(change.now), "then": plain(change.then)} for change in one.changes],
    }  # fmt: skip


def _freed_line(one: fixes.Freed, language: Language) -> str:
    if one.changes:
        changed = [f"{change.path}: {_text(change.now)} -> {_text(change.then)}" for change in one.changes]
        return "\n       ".join((f"{one.exchange:6} {one.partner} {one.subject or ''}", *changed, *one.findings))
    said = word("freed" if one.better else "not_freed", language)
    line = f"{one.exchange:6} {one.partner} {one.subject or ''}: {one.rows[0]} -> {one.rows[1]} {said}"
    return "\n       ".join((line, *one.findings))


def _text(value: Any) -> str:
    return "-" if value is None else value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)


def _known(option: str, given: str, known: tuple[str, ...]) -> list[str] | None:
    if given == "all":
        return None
    wanted = [one.strip() for one in given.split(",")]
    if strange := sorted(set(wanted) - set(known)):
        raise ConfigError(f"{option}: unknown {', '.join(strange)}; known are {', '.join(known)}, all")
    return wanted


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--answer-by: {text!r} is no time like 2026-11-29T14:30+08:00") from error
    if read.tzinfo is None:
        raise ConfigError(f"--answer-by: {text!r} names no offset")
    return read
