"""`contract`: what datasets and feeds promise: checked, compared, told."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from connectors.guide_page import as_html
from data_contracts import contract as contracts
from data_contracts import contract_changes, contract_check, contract_page
from data_contracts.contract import Contract
from data_contracts.errors import ConfigError
from data_contracts.expectations import compiled
from data_contracts.findings import Finding, Language, has_error
from hub.commands.words import word
from hub.quality.drift import drift
from hub.settings import Settings

BROKEN, VERSION = 1, 2


class Side(StrEnum):
    """Who relies on a contract."""

    readers = "readers"
    writers = "writers"


class Kind(StrEnum):
    """What is made of a contract."""

    markdown = "markdown"
    html = "html"
    json_schema = "json-schema"
    expectations = "expectations"


_ENDINGS = {Kind.markdown: "md", Kind.html: "html", Kind.json_schema: "schema.json", Kind.expectations: "expectations.json"}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Data contracts (ODCS 3.1): what datasets and feeds promise.", no_args_is_help=True)
    group.command("check")(check_command)
    group.command("diff")(diff_command)
    group.command("docs")(docs_command)
    app.add_typer(group, name="contract")


def check_command(
    which: Annotated[list[str] | None, typer.Argument(metavar="[FILE|NAME]...", help="All contracts of the site without one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one list, an object a file.")] = False,
) -> None:
    """Tell all that is wrong with contracts, with its line. Exit code 0 nothing, 1 errors."""
    settings = Settings.from_environment()
    told = []
    wrong = False
    absent: list[str] = []
    for path in _paths(which, settings, absent):
        made, found = contract_check.check(path)
        if (seen := made or contract_check.outline(path)) is not None:
            found = sorted([*found, *drift(seen, path)], key=lambda finding: finding.place.line or 0)
        wrong = wrong or has_error(found)
        told.append({"file": str(path), "valid": not has_error(found), "findings": [one.as_json(settings.language) for one in found]})
        if not as_json:
            for finding in found:
                typer.echo(f"{path}:{finding.place.line or 1}: {_said(finding, settings.language)}")
            state = word("valid" if not has_error(found) else "not_valid", settings.language)
            typer.echo(f"{path}: {state}")
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    if absent:
        raise ConfigError("; ".join(absent))
    if wrong:
        raise typer.Exit(BROKEN)


def diff_command(
    old: Annotated[str, typer.Argument(help="File or name of the contract as it was.")],
    new: Annotated[str, typer.Argument(help="File or name of the contract as it is to be.")],
    side: Annotated[Side | None, typer.Option("--for", help="Only what breaks readers, or writers; both without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one object.")] = False,
) -> None:
    """Name each change between two versions, and whom it breaks.

    Exit code 0 nothing breaks, 1 something does and the first number of the version says so, 2 the version does not say what changed.
    """
    settings = Settings.from_environment()
    before, after = (_loaded(_path(one, settings)) for one in (old, new))
    chosen: contract_changes.Side | None = None if side is None else side.value
    found = contract_changes.changes(before, after)
    told = [change.finding(chosen) for change in found]
    breaking = has_error(told)
    fault = contract_changes.version_fault(before, after, breaking)
    language = settings.language
    if as_json:
        listed = [{**finding.as_json(language), "breaks": sorted(change.breaks)} for finding, change in zip(told, found, strict=True)]
        answer = {"old": before.version, "new": after.version, "breaking": breaking, "changes": listed}
        typer.echo(json.dumps({**answer, "version": None if fault is None else fault.as_json(language)}, ensure_ascii=False))
    else:
        for finding, change in zip(told, found, strict=True):
            mark = word("breaking" if finding.severity == "error" else "compatible", language)
            whom = ", ".join(word(one, language) for one in sorted(change.breaks))
            typer.echo(f"{mark:10} {finding.rule} {finding.text(language)}" + (f" [{whom}]" if whom else ""))
        if not found and fault is None:
            typer.echo(word("no_change", language))
        if fault is not None:
            typer.echo(_said(fault, language))
    if fault is not None or breaking:
        raise typer.Exit(VERSION if fault is not None else BROKEN)


def docs_command(
    which: Annotated[list[str] | None, typer.Argument(metavar="[FILE|NAME]...", help="All contracts of the site without one.")] = None,
    kind: Annotated[Kind, typer.Option("--as", help="Pages, the JSON Schema of a row, or the Great Expectations suite.")] = Kind.markdown,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write a file a contract into; stdout without it.")] = None,
) -> None:
    """Print contracts as pages (UDIHUB_LANG), or what is derived from them."""
    settings = Settings.from_environment()
    for one in which or contracts.names(_folders(settings)):
        made = _loaded(_path(one, settings))
        text = _made(made, kind, settings.language)
        if out is None:
            typer.echo(text, nl=False)
            continue
        try:
            out.mkdir(parents=True, exist_ok=True)
            path = out / f"{made.name}.{_ENDINGS[kind]}"
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{out}: {error.strerror}") from error
        typer.echo(str(path))


def _made(made: Contract, kind: Kind, language: Language) -> str:
    if kind is Kind.json_schema:
        return json.dumps(made.json_schema(), ensure_ascii=False, indent=2) + "\n"
    if kind is Kind.expectations:
        suite = {"name": made.name, "expectations": compiled(made), "meta": {"contract": made.name, "version": made.version}}
        return json.dumps(suite, ensure_ascii=False, indent=2) + "\n"
    text = contract_page.markdown(made, language)
    return as_html(text, language) if kind is Kind.html else text


def _path(which: str, settings: Settings) -> Path:
    """A file, or the file of a name: the site's before the shipped one."""
    if "/" in which or which.endswith((".yaml", ".yml")):
        path = Path(which)
        if not path.is_file():
            raise ConfigError(f"{path}: there is no such file")
        return path
    return contracts.path_of(which, _folders(settings))


def _paths(which: list[str] | None, settings: Settings, absent: list[str]) -> list[Path]:
    """The files to check, every one without `which`; what is not there is noted in `absent`, so that it hides no fault of the others."""
    if not which:
        files = (path for folder in (contracts.FOLDER, *_folders(settings)) for path in folder.glob("*.odcs.yaml"))
        return [path for _, path in sorted({path.name: path for path in files}.items())]
    found = []
    for one in which:
        try:
            found.append(_path(one, settings))
        except ConfigError as error:
            absent.append(str(error))
    return found


def _loaded(path: Path) -> Contract:
    return contracts.load(path)


def _folders(settings: Settings) -> tuple[Path, ...]:
    folder = settings.site / "contracts"
    return (folder,) if folder.is_dir() else ()


def _said(finding: Finding, language: Language) -> str:
    return f"{word(finding.severity, language)} {finding.rule} {finding.text(language)}"
