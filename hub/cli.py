"""`udihub`: the hub from the command line. Commands register by the entry-point group `udihub.commands`.

Each entry point is a function that takes the Typer application and adds its commands, so that this module imports nothing
upward: `serve` comes from `hub_api`, an outsider's command from an outsider's package. Scripts depend on names, options, JSON
shapes and exit codes.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from importlib.metadata import entry_points

import structlog
import typer

from data_contracts.config_texts import told
from data_contracts.errors import ConfigError, HubError, RefusedError
from hub.cases.refusals import refusal
from hub.commands import (
    administration,
    audits,
    cases,
    contracts,
    demo,
    devices,
    documents,
    events,
    exchanges,
    grammars,
    labels,
    mappings,
    masterdata,
    presets,
    quality,
    recalls,
    site,
    trace,
)
from hub.masterdata.words import WordError
from hub.settings import Settings
from hub.site_reading import SiteError

MACHINERY = 3
"""Exit code of an error of the machinery; 0, 1 and 2 belong to the commands' own answers."""


def application() -> typer.Typer:
    """The command line with every registered command."""
    app = typer.Typer(
        name="udihub",
        help="UDIHub: the integration hub for medical-device supply chains. / 医疗器械供应链集成中枢。",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for module in (
        demo,
        site,
        documents,
        grammars,
        mappings,
        presets,
        exchanges,
        events,
        devices,
        masterdata,
        cases,
        labels,
        trace,
        recalls,
        contracts,
        quality,
        administration,
        audits,
    ):
        module.register(app)
    for entry in sorted(entry_points(group="udihub.commands"), key=lambda entry: entry.name):
        try:
            entry.load()(app)
        except ImportError as error:
            app.command(entry.name, help=f"Not usable here: {error}.")(_unusable(entry.name, error))
    return app


def _unusable(name: str, error: ImportError) -> Callable[[], None]:
    """A command whose package lacks a dependency says so when it is asked for, and disturbs no other."""

    def refuse() -> None:
        raise ConfigError(f"`{name}` cannot be used here: {error}")

    return refuse


def main() -> None:
    """Run the command line; errors of the machinery are one line for a person and exit code 3."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    try:
        application()()
    except HubError as error:
        typer.echo(f"udihub: {_told(error)}", err=True)
        sys.exit(MACHINERY)


def _told(error: HubError) -> str:
    """In the reader's language, as far as the error has one: faults of the site, of files and of settings."""
    try:
        language = Settings.from_environment().language
    except ConfigError:  # the settings themselves are at fault: nobody knows in which language
        return str(error)
    if isinstance(error, SiteError | WordError):
        return error.text(language)
    if isinstance(error, RefusedError):
        return refusal(str(error), language)
    return told(str(error), language) if isinstance(error, ConfigError) else str(error)


if __name__ == "__main__":
    main()
