"""`audit list|verify|export-head`: reading what was done and by whom, and proving that none of it was altered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from data_contracts.errors import NotFoundError
from hub import audit
from hub.cases import signatures
from hub.runtime import Hub
from hub.store import trail
from hub.store.types import micros
from hub.store.unit_of_work import HUB


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    audits = typer.Typer(help="The hash-chained audit trail.", no_args_is_help=True)
    audits.command("list")(audit_list_command)
    audits.command("verify")(audit_verify_command)
    audits.command("export-head")(audit_head_command)
    app.add_typer(audits, name="audit")


def audit_list_command(
    subject: Annotated[str | None, typer.Option("--subject", help="What it was done to: case/12, or all cases by case.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="What was done: case.accepted, or all of them by case.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who did it.")] = None,
    organisation: Annotated[str | None, typer.Option("--organisation", help="Of one; default: of all, and the hub's own.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", help="From then on; UTC where no offset is said.")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="Before then.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Entries at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each, with before, after and hashes.")] = False,
) -> None:
    """Who did what, when and why, newest first."""
    hub = Hub.open()
    known = {number: key for key, number in hub.registry.organisations.items()}
    if organisation is not None and organisation not in known.values():
        raise NotFoundError(f"no organisation {organisation}; there are {', '.join(sorted(known.values()))}")
    chains = {number: key for number, key in known.items() if organisation in (None, key)} | ({HUB: None} if organisation is None else {})
    times = [None if at is None else micros(at if at.tzinfo is not None else at.replace(tzinfo=UTC)) for at in (since, until)]
    asked = trail.Asked(by, action, subject, *times)
    read: trail.Read | None = None
    while limit > 0:
        with hub.database.read() as connection:
            rows, read = trail.listed(connection, chains, asked, min(limit, _PAGE), read)
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False) if as_json else _line(row))
        limit -= len(rows)
        if read is None:
            break


_PAGE = 500


def _line(row: dict[str, object]) -> str:
    of = f"{row['organisation'] or '-'} {row['sequence']}"
    return f"{row['at']}  {of:16} {row['action']:24} {row['subject']}  {row['actor']}" + (f": {row['reason']}" if row["reason"] else "")


def audit_verify_command(head: Annotated[Path | None, typer.Option("--head", help="An exported head to compare with.")] = None) -> None:
    """Check the hash chain of every organisation and every signature; names the first bad row of a chain. Exit code 1 if any is bad."""
    hub = Hub.open()
    with hub.database.read() as connection:
        broken = audit.verify_all(connection, audit.read_heads(head) if head is not None else None)
        unsigned = signatures.verify_all(connection)
        signed = signatures.count(connection)
        heads = audit.heads(connection)
    for row in broken:
        typer.echo(f"organisation {row.organisation_id}: entry {row.sequence} is broken: {row.why}")
    for organisation_id, end in sorted(heads.items()):
        typer.echo(f"organisation {organisation_id}: {end.sequence} entries, head {end.hash}")
    for case_id, ordinal in unsigned:
        typer.echo(f"case {case_id}: the signature of step {ordinal} is broken: its record, document or audit entry was altered")
    typer.echo(f"BROKEN: {len(broken)} of {len(heads)} chains" if broken else f"INTACT: {len(heads)} of {len(heads)} chains")
    if signed:
        typer.echo(f"BROKEN: {len(unsigned)} of {signed} signatures" if unsigned else f"INTACT: {signed} of {signed} signatures")
    raise typer.Exit(1 if broken or unsigned else 0)


def audit_head_command(file: Path) -> None:
    """Write the heads of all chains to a file that the application cannot rewrite later."""
    hub = Hub.open()
    with hub.database.read() as connection:
        audit.export_head(connection, file)
    typer.echo(str(file))
