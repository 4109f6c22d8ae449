"""`partner selftest`: what would become of a partner's file, told before he sends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from data_contracts.errors import ConfigError
from hub import selftest
from hub.commands import selftest_page
from hub.commands.documents import claimant_of
from hub.settings import Settings, language_of
from hub.site import Site


def selftest_command(
    file: Annotated[Path, typer.Argument(help="The file as the partner would send it.")],
    partner: Annotated[str, typer.Option("--partner", help="Whose file it is: key of the partner's file in the site.")],
    agreement: Annotated[str | None, typer.Option("--agreement", help="The agreement, where a partner has several feeds.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML page here, to be mailed.")] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="The partner's language, en or zh-CN (UDIHUB_LANG).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Report what would become of a partner's file, and the acknowledgement that he would get; nothing is stored or sent.

    Exit code: 0 all would be taken in, 1 something would be refused or held, 2 unreadable.
    """
    settings = Settings.from_environment()
    site = Site.load(settings.site)
    claimant = claimant_of(site, partner, agreement)
    language = settings.language if lang is None else language_of(lang)
    if language is None:
        raise ConfigError(f"--lang: expected en or zh-CN, got {lang!r}")
    try:
        with file.open("rb") as stream:
            told = selftest.report(stream, file.name, site, claimant, settings.clock.now(), language)
    except OSError as error:
        typer.echo(f"udihub: {file}: {error.strerror}", err=True)
        raise typer.Exit(selftest.UNREADABLE) from error
    if html is not None:
        html.write_text(selftest_page.page(told, language), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        for text in selftest_page.lines(told, language):
            typer.echo(text)
    raise typer.Exit(selftest.exit_code(told))
