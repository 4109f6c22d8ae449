"""`device compare`, `differences`, `settle`, `extracts`, `export`: what registers publish of our devices, what is decided of each
difference, and what goes to a register."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from data_contracts.errors import ConfigError
from data_contracts.registers import RegisterName, register_named
from hub.check import plain
from hub.commands.persons import Actor
from hub.commands.words import word
from hub.registers.compare import Outcome, compare
from hub.registers.export import export
from hub.registers.settle import Decision, settle
from hub.runtime import Hub
from hub.store import differences as store

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_PAGE = 500


def register(group: typer.Typer) -> None:
    """Add the commands of this module to `device`."""
    for name, command in (
        ("compare", compare_command),
        ("differences", differences_command),
        ("settle", settle_command),
        ("extracts", extracts_command),
        ("export", export_command),
    ):
        group.command(name)(command)


def compare_command(
    extracts: Annotated[list[Path], typer.Argument(help="Releases of GUDID or NMPA, or EUDAMED's public answers; ZIP, XML or JSON.")],
    of: Annotated[RegisterName | None, typer.Option("--register", help="Refuse extracts of any other.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Day of the extract, YYYY-MM-DD; else as its name says.")] = None,
    scope: Annotated[
        Literal["full", "changes"] | None, typer.Option("--scope", help="Whether it holds all devices; else as its name says.")
    ] = None,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Compare published extracts with our devices. Exit 1: something in an extract could not be read."""
    hub = Hub.open()
    whole = True
    for path in extracts:
        try:
            stream = path.open("rb")
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error
        columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
        with stream, Progress(*columns, console=Console(stderr=True), transient=True, disable=as_json) as progress:
            task = progress.add_task(path.name, total=None)
            outcome = compare(
                hub, stream, path.name, by, register=of, as_of=_day(as_of), scope=scope,
                progress=lambda records, task=task, progress=progress: progress.update(task, completed=records),  # type: ignore[misc]
            )  # fmt: skip
        tell_outcome(hub, outcome, as_json)
        whole = whole and outcome.whole
    raise typer.Exit(0 if whole else 1)


def tell_outcome(hub: Hub, outcome: Outcome, as_json: bool = False) -> None:
    """Say what came of a comparison."""
    language = hub.settings.language
    numbers = {name: getattr(outcome, name) for name in ("records", "matched", "opened", "reopened", "closed")}
    if as_json:
        said = {name: getattr(outcome, name) for name in ("register", "name", "as_of", "scope", "whole")}
        findings = [finding.as_json(language) for finding in outcome.findings]
        typer.echo(json.dumps({"extract": outcome.extract_id, **said, **numbers, "findings": findings}, ensure_ascii=False))
        return
    scope = word(f"scope_{outcome.scope}", language)
    typer.echo(f"{outcome.name}: {register_named(outcome.register).title(language)} {outcome.as_of}, {scope}")
    typer.echo(word("compared", language).format(**numbers))
    for finding in outcome.findings:
        typer.echo(f"{word(finding.severity, language):8} {finding.rule}  {finding.text(language)}", err=True)


def differences_command(
    number: Annotated[int | None, typer.Argument(help="Id of one, to see its history.")] = None,
    of: Annotated[RegisterName | None, typer.Option("--register")] = None,
    state: Annotated[str, typer.Option("--state", help="open, accepted, sent, dismissed, closed; several with commas; all.")] = "open",
    severity: Annotated[Literal["error", "warning", "info"] | None, typer.Option("--severity")] = None,
    di: Annotated[str | None, typer.Option("--device", help="UDI-DI of one device.")] = None,
    as_json: AsJson = False,
) -> None:
    """The queue: what a register says otherwise than we do. With an id, one with all that was decided of it."""
    hub = Hub.open()
    if number is not None:
        with hub.database.read() as connection:
            _show(hub, store.difference(connection, number), as_json)
        return
    states = None if state == "all" else [one.strip() for one in state.split(",")]
    if states is not None and (strange := sorted(set(states) - set(store.STATES))):
        raise ConfigError(f"--state: unknown {', '.join(strange)}; known are {', '.join(store.STATES)}, all")
    before: int | None = None
    while True:
        with hub.database.read() as connection:
            rows = store.listed(connection, register=of, states=states, severity=severity, di=di, before=before, limit=_PAGE)
        for row in rows:
            typer.echo(json.dumps(plain(row), ensure_ascii=False) if as_json else _line(hub, row))
        if len(rows) < _PAGE:
            return
        before = rows[-1]["id"]


def settle_command(
    numbers: Annotated[list[int], typer.Argument(help="Ids, as `device differences` shows them; of one device for --accept.")],
    decision: Annotated[Decision, typer.Option("--decision", help="accept: theirs is right; send: ours is; dismiss; reopen.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the history and the audit trail.")],
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Decide differences. What is accepted becomes a version of our device in your name."""
    hub = Hub.open()
    for row in settle(hub, numbers, decision, by, reason):
        typer.echo(json.dumps(plain(row), ensure_ascii=False) if as_json else _line(hub, row))


def export_command(
    to: Annotated[RegisterName, typer.Option("--to", help="The register.")],
    dis: Annotated[
        list[str] | None, typer.Argument(help="UDI-DIs, or DIs of packages and units; left out: all that are sold there.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--format", help="xml, json, xlsx; else what the register customarily takes.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the documents.")] = Path(),
    check: Annotated[bool, typer.Option("--check", help="Only tell what devices lack; write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Devices as a register takes them, its demands checked first. Exit 1: some lack something and are in no document."""
    hub = Hub.open()
    made = export(hub, to, dis or None, kind)
    language = hub.settings.language
    written = []
    for document in () if check else made.documents:
        out.mkdir(parents=True, exist_ok=True)
        (out / document.name).write_bytes(document.content)
        written.append({"file": str(out / document.name), "devices": list(document.dis)})
    if as_json:
        lacking, untold = (
            {di: [finding.as_json(language) for finding in findings] for di, findings in told.items()}
            for told in (made.lacking, made.untold)
        )
        typer.echo(json.dumps({"register": to, "documents": written, "lacking": lacking, "untold": untold}, ensure_ascii=False))
    else:
        for one in written:
            typer.echo(word("exported", language).format(file=one["file"], count=len(one["devices"])))
        for di, findings in (*made.lacking.items(), *made.untold.items()):
            for finding in findings:
                typer.echo(f"{di}  {finding.rule}  {finding.place.path}: {finding.text(language)}", err=not check)
    raise typer.Exit(1 if made.lacking else 0)


def extracts_command(as_json: AsJson = False) -> None:
    """The extracts that were compared, the newest first."""
    hub = Hub.open()
    with hub.database.read() as connection:
        rows = store.extracts(connection)
    for row in rows:
        shown = f"{row['id']:5} {row['register']:8} {row['as_of']} {row['scope']:8} {row['records'] or '-':>9} {row['name']}"
        typer.echo(json.dumps(plain(row), ensure_ascii=False) if as_json else shown)


def _line(hub: Hub, row: dict[str, Any]) -> str:
    language = hub.settings.language
    what = register_named(row["register"]).named(row["member"]) if row["member"] else word(row["kind"], language)
    sides = f"{_said(row['ours'])} | {_said(row['theirs'])}"
    state = word(f"difference_{row['state']}", language)
    return f"{row['id']:6} {row['register']:8} {state:9} {word(row['severity'], language):8} {row['di']:16} {what}: {sides}"


def _show(hub: Hub, shown: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(plain(shown), ensure_ascii=False))
        return
    typer.echo(_line(hub, shown))
    for step in shown["history"]:
        state = word(f"difference_{step['state']}", hub.settings.language)
        beside = step["reason"] or step["extract"] or ""
        typer.echo(f"  {step['at']:%Y-%m-%d %H:%M} {state:9} {step['actor']:16} {_said(step['ours'])} | {_said(step['theirs'])}  {beside}")


def _said(value: Any) -> str:
    if value is None:
        return "–"
    return "; ".join(value) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError as error:
        raise ConfigError(f"--as-of: {text!r} is no day like 2026-11-22") from error
