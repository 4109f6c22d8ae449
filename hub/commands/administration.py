"""`init`, `worker`, `outbox`, `key`, `udi`: running the hub, who may use it, and what a label says."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, cast, get_args

import structlog
import typer

from data_contracts.errors import ConfigError, FatalError, HubError, InvalidError
from data_contracts.identifiers import udi
from hub import outbound, pipeline, worker
from hub.as2 import expiry
from hub.clock import SystemClock
from hub.commands import findings
from hub.commands.exchanges import AlthoughSuperseded
from hub.commands.persons import Actor
from hub.commands.words import word
from hub.reloading import Reloader
from hub.runtime import Hub
from hub.schedules import Fetcher
from hub.settings import Settings
from hub.site import Flow
from hub.store import claims, credentials, destinations, outbox
from hub.store.database import Database
from hub.visibility import subscriptions

DOCUMENTS = "documents"
"""The step of a worker's turn without which nothing that comes in is processed."""
_log = structlog.get_logger(__name__)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("init")(init_command)
    app.command("worker")(worker_command)
    app.command("udi")(udi_command)
    parcels = typer.Typer(help="What goes out: waiting, sent, held for the partner, dead.", no_args_is_help=True)
    parcels.command("list")(outbox_list_command)
    parcels.command("destinations")(outbox_destinations_command)
    parcels.command("resend")(outbox_resend_command)
    app.add_typer(parcels, name="outbox")
    keys = typer.Typer(help="API keys.", no_args_is_help=True)
    keys.command("create")(key_create_command)
    keys.command("list")(key_list_command)
    keys.command("revoke")(key_revoke_command)
    app.add_typer(keys, name="key")


def init_command(
    home: Annotated[Path | None, typer.Option("--home", help="Where the hub keeps its data; default ~/.udihub.")] = None,
) -> None:
    """Make a new home: the store, and a one-time link for the first administrator. The site is a folder of yours (docs/site.md)."""
    settings = Settings.from_environment()
    folder = home or settings.home
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database.open(settings.database_url if home is None else f"sqlite:///{folder / 'udihub.db'}", folder, SystemClock())
    database.migrate()
    with database.begin("init") as uow:
        link = credentials.issue(uow, "first administrator", "admin", kind="one_time_link", expires_in=24 * 3600).secret
    typer.echo(f"home       {folder}")
    typer.echo(f"database   {database.url.render_as_string(hide_password=True)}")
    missing = "" if (settings.site / "site.yaml").is_file() else "   (there is no site.yaml yet: copy deploy/site, or set UDIHUB_SITE)"
    typer.echo(f"site       {settings.site}{missing}")
    typer.echo(f"sign in    udihub serve, then open /console/sign-in/{link}   (once, within 24 hours)")


def worker_command(
    once: Annotated[bool, typer.Option("--once", help="Process what waits, then stop.")] = False,
    interval: Annotated[float, typer.Option("--interval", min=0.05, help="Seconds between looks when nothing waits.")] = 1.0,
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch flows by their schedule, where no Airflow does.")] = False,
) -> None:
    """Claim and process received documents, reconcile, push and send, until stopped; with --fetch, also fetch what is due."""
    if fetch and once:
        raise typer.BadParameter("--once waits for no schedule: fetch with `udihub flow run`", param_hint="--fetch")
    reloader = Reloader(hub := Hub.open())
    worker.tune()
    fetcher = Fetcher(lambda: hub) if fetch else None
    if fetcher is not None:
        fetcher.start()
    while True:
        hub = reloader.look()
        if fetcher is not None and fetcher.failure is not None:
            raise fetcher.failure
        taken = take_turn(hub)
        if once and not taken.done:
            for name in taken.failed:
                typer.echo(f"not done: {name}", err=True)
            raise typer.Exit(1 if taken.failed else 0)
        if not taken.done:
            time.sleep(interval)


def turn(hub: Hub) -> int:
    """One round of a worker: documents, discrepancies, outbound flows, deliveries, overdue answers, subscribers. 0: nothing was to do."""
    return take_turn(hub).done


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one round of a worker."""

    done: int
    """How much was done, of whatever kind; 0: nothing was to do."""
    failed: tuple[str, ...] = ()
    """Steps that ended in an error, e.g. `documents` or `push orders_to_acme`."""


def take_turn(hub: Hub) -> Turn:
    """`turn`, with the names of the steps that failed. A failed step is logged and keeps no other from its work.

    Raises FatalError alone: then nothing more may be written.
    """
    steps: dict[str, Callable[[], int]] = {
        "set aside": partial(_set_aside, hub),
        DOCUMENTS: partial(worker.work, hub),
        "reconcile": partial(pipeline.reconcile, hub),
    }
    for flow in hub.site.flows.values():
        if flow.direction == "out" and flow.enabled:
            steps[f"push {flow.flow}"] = partial(_push, hub, flow)
    steps |= {"send": partial(outbound.send, hub), "watch": partial(outbound.watch, hub), "subscribers": partial(subscriptions.serve, hub)}
    steps["certificates"] = partial(expiry.watch, hub)
    done, failed = 0, []
    for name, step in steps.items():
        try:
            done += step()
        except FatalError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one step meets, the others have work of their own
            where = None if isinstance(error, HubError) else "".join(traceback.format_tb(error.__traceback__))
            _log.error("step of the worker failed", step=name, reason=f"{type(error).__name__}: {error}", trace=where)
            failed.append(name)
    return Turn(done, tuple(failed))


def _set_aside(hub: Hub) -> int:
    with hub.database.begin("worker") as uow:
        claims.set_aside(uow, worker.ATTEMPTS)
    return 0


def _push(hub: Hub, flow: Flow) -> int:
    return len(outbound.push(hub, flow))


def outbox_list_command(
    state: Annotated[str | None, typer.Option("--state", help="waiting, sent, held or dead; default all.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
) -> None:
    """The newest entries of the outbox, one JSON object a line."""
    hub = Hub.open()
    with hub.database.read() as connection:
        for row in outbox.listed(connection, state, limit):
            typer.echo(json.dumps(row, ensure_ascii=False))


def outbox_destinations_command() -> None:
    """Where something waits, was given up or fails, one JSON object a line, those in trouble first."""
    hub = Hub.open()
    with hub.database.read() as connection:
        for row in destinations.listed(connection):
            typer.echo(json.dumps(row, ensure_ascii=False))


def outbox_resend_command(
    outbox_id: Annotated[int | None, typer.Argument(help="Number of the entry.")] = None,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")],
    destination: Annotated[
        str | None, typer.Option("--destination", help="All that was given up for it, named as `outbox destinations` does.")
    ] = None,
    partner: Annotated[str | None, typer.Option("--partner", help="With --destination: of this partner alone.")] = None,
    by: Actor = "cli",
    although_superseded: AlthoughSuperseded = False,
) -> None:
    """Send an entry again under its stable id, also an acknowledgement: when it is dead, or the partner has lost it. Or all of a
    destination that was given up."""
    if (outbox_id is None) == (destination is None) or (partner is not None and destination is None):
        raise InvalidError("name one entry by its number, or --destination (with --partner, if that is meant)")
    hub = Hub.open()
    if destination is not None:
        again = outbound.resend_dead(hub, destination, by, reason, partner, although_superseded=although_superseded)
        typer.echo(
            f"{again.count} sent again" + (f", {again.superseded} left: superseded by what has left since" if again.superseded else "")
        )
    elif outbox_id is not None:
        typer.echo(f"outbox {outbound.resend_parcel(hub, outbox_id, by, reason, although_superseded=although_superseded)}")


def udi_command(
    codes: Annotated[list[str], typer.Argument(help="Identifiers or carrier strings; - reads lines from stdin.")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
    lenient: Annotated[bool, typer.Option("--lenient", help="Return the fields although something is wrong.")] = False,
    kind: Annotated[str | None, typer.Option("--kind", help="Force one kind, e.g. gtin, gln, sscc, element-string, hri, scan.")] = None,
    label: Annotated[bool, typer.Option("--label", help="The codes are the symbols of one label: read them together.")] = False,
) -> None:
    """Say what an identifier or scanned string is. Exit code 1 if any is invalid."""
    settings = Settings.from_environment()
    today, language = settings.clock.now().date(), settings.language
    lines = [line.rstrip("\n") for line in sys.stdin] if codes == ["-"] else codes
    invalid = False
    if label and kind is not None:
        raise ConfigError("--kind forces the kind of a single code, and --label reads several")
    if label:
        read = [(" + ".join(lines), udi.identify_label(lines, strict=not lenient, today=today))]
    else:
        read = [(code, udi.identify(code, kind=kind, strict=not lenient, today=today)) for code in lines]
    for code, one in read:
        found = one.as_json(language)
        invalid = invalid or not found["valid"]
        if as_json:
            typer.echo(json.dumps(found, ensure_ascii=False))
        else:
            verdict = word("valid" if found["valid"] else "not_valid", language)
            typer.echo(f"{code}: {found['kind'] or word('unknown_kind', language)} {verdict} {found['di'] or ''} {found['pi'] or ''}")
            for text in findings.lines(found["findings"], None, language):
                typer.echo(f"  {text}")
    raise typer.Exit(1 if invalid else 0)


def key_create_command(
    label: str,
    role: Annotated[str, typer.Option("--role", help="partner, integration, steward, auditor or admin.")],
    partner: Annotated[str | None, typer.Option("--partner", help="For role partner: whose key it is.")] = None,
    organisation: Annotated[list[str] | None, typer.Option("--organisation", help="Organisations it may see; default all.")] = None,
    link: Annotated[bool, typer.Option("--link", help="A one-time link into the console instead of a key.")] = False,
) -> None:
    """Make an API key, or a one-time link into the console; it is shown once."""
    hub = Hub.open()
    if role not in get_args(credentials.Role):
        raise ConfigError(f"there is no role {role!r}; roles are {', '.join(get_args(credentials.Role))}")
    if (role == "partner") != (partner is not None):
        raise ConfigError("role partner needs --partner, and no other role takes one")
    with hub.database.read() as connection:
        named = [row["id"] for row in credentials.listed(connection) if row["label"] == label and not row["revoked_at"]]
    if named and not link:  # a label is the person in signatures and second opinions
        typer.echo(f"note: {label} is the label of {len(named)} other key(s) that hold: {', '.join(map(str, named))}", err=True)
    with hub.database.begin("cli") as uow:
        issued = credentials.issue(
            uow,
            label,
            cast(credentials.Role, role),
            organisations=tuple(organisation) if organisation else (credentials.EVERY,),
            partner_id=hub.partner_id(partner) if partner else None,
            kind="one_time_link" if link else "api_key",
        )
    typer.echo(f"/console/sign-in/{issued.secret}" if link else issued.secret)


def key_list_command() -> None:
    """The keys by label; never the keys themselves."""
    hub = Hub.open()
    with hub.database.read() as connection:
        for row in credentials.listed(connection):
            typer.echo(json.dumps(row, ensure_ascii=False))


def key_revoke_command(credential_id: int, reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]) -> None:
    """Revoke a key by its id, at once."""
    hub = Hub.open()
    with hub.database.begin("cli") as uow:
        credentials.revoke(uow, credential_id, reason)
    typer.echo(f"credential {credential_id} is revoked")
