"""`quality`: judge what stands by its contracts, and write the report."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from data_contracts.errors import ConfigError
from data_contracts.inline import judged_inline
from hub.commands.words import word
from hub.quality import report, results, run, scorecard, silence
from hub.runtime import Hub
from hub.settings import language_of
from hub.store.types import moment

FAILED, MACHINERY = 1, 3


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Data contracts: judge what stands, tell it by partner.", no_args_is_help=True)
    group.command("run")(run_command)
    group.command("report")(report_command)
    app.add_typer(group, name="quality")


def run_command(
    contract: Annotated[list[str] | None, typer.Option("--contract", help="Only this one; may be given several times.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one object with runs and scorecard.")] = False,
    data_docs: Annotated[Path | None, typer.Option("--data-docs", help="Also write Great Expectations' own pages here.")] = None,
) -> None:
    """Judge datasets by their contracts, and flows by what they usually bring. Feeds' contracts are judged as documents come.

    Exit code 0 all hold, 1 a rule of severity error fails, 3 a rule could not be judged.
    """
    hub = Hub.open()
    done = run.run(hub.database, hub.clock, contract, _folders(hub), data_docs=data_docs)
    passed_over = run.of_feeds(contract, _folders(hub))
    incidents = [] if contract else silence.watch(hub)
    with hub.database.read() as connection:
        scores = scorecard.by_partner(connection)
    if as_json:
        answer: dict[str, Any] = {
            "runs": [_plain(each) for each in done],
            "scorecard": scores,
            "incidents": [asdict(one) for one in incidents],
        }
        answer |= {"passed_over": [each.name for each in passed_over]}
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        Console().print(_table(done))
        for each in passed_over:
            typer.echo(word("feed_passed_over", hub.settings.language).format(contract=each.name))
            if unjudged := [rule.id for rule in each.rules if not judged_inline(rule)]:
                typer.echo(word("feed_unjudged", hub.settings.language).format(contract=each.name, rules=", ".join(unjudged)))
        for one in incidents:
            state = word("incident_opened" if one.opened else "incident_closed", hub.settings.language)
            typer.echo(f"{one.agreement}: {one.rule} {state}")
    if any(each.errors for each in done):
        raise typer.Exit(MACHINERY)
    if not all(each.success for each in done):
        raise typer.Exit(FAILED)


def report_command(
    out: Annotated[Path | None, typer.Option("--out", help="Folder; default <home>/quality.")] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="Only en or zh-CN; default both, linked to each other.")] = None,
    formats: Annotated[list[str] | None, typer.Option("--format", help="html, csv or xlsx; repeatable; default html and csv.")] = None,
) -> None:
    """Write the newest runs as pages that need no network, all failing rows as CSV, or both with charts over time as a workbook."""
    only = None if lang is None else language_of(lang)
    if lang is not None and only is None:
        raise ConfigError(f"--lang: expected en or zh-CN, got {lang!r}")
    wanted = [each for each in report.FORMATS if each in (formats or report.PAGES)]
    if len(wanted) < len(set(formats or ())):
        raise ConfigError(f"--format: expected html, csv or xlsx, got {', '.join(sorted(set(formats or ()) - set(report.FORMATS)))}")
    hub = Hub.open()
    languages = tuple(each for each in report.LANGUAGES if only in (None, each))
    with hub.database.read() as connection:
        for path in report.write(connection, out or hub.settings.home / "quality", languages, wanted):
            typer.echo(str(path))


def _folders(hub: Hub) -> tuple[Path, ...]:
    folder = hub.settings.site / "contracts"
    return (folder,) if folder.is_dir() else ()


def _plain(result: results.RunResult) -> dict[str, Any]:
    return {**asdict(result), "at": moment(result.at).isoformat()}


def _table(done: list[results.RunResult]) -> Table:
    table = Table("contract", "rows", "rule", "severity", "checked", "failed", "", box=None, pad_edge=False)
    for each in done:
        table.add_row(each.contract, str(each.rows), "", "", "", "", "holds" if each.success else "fails")
        for rule in each.rules:
            if rule.error is not None or rule.failed:
                table.add_row("", "", rule.rule, rule.severity, str(rule.checked), str(rule.failed), rule.error or rule.description)
    return table
