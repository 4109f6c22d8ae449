"""Guides: what a partner may send us or gets from us, written out of the grammar that reads it, so that page and reader agree.

A format joins by having the two methods of `Guided` on its `FORMAT`; nothing else is to register. Guides are Markdown of a small
kind (headings, paragraphs, lists, tables, `code`, **bold**), which `connectors.guide_page` turns into a page that needs no other file.

    udihub grammar list
    udihub grammar show x12/850 --version 005010
    udihub grammar show json/erp_orders --html --out erp_orders.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol, runtime_checkable

from connectors.registry import format_named, format_names
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Language


@runtime_checkable
class Guided(Protocol):
    """A format whose grammars can be read by people."""

    name: str

    def guided(self, profile: Profile, language: Language) -> Mapping[str, str]:
        """Title by name of each message that has a guide: shipped ones, and the site's (`profile.options["grammar_folders"]`)."""
        ...

    def guide(self, name: str, version: str | None, profile: Profile, language: Language) -> str | None:
        """The guide as Markdown; None for a version that the grammar does not describe. `version` None takes the usual one."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """One message that has a guide."""

    format: str
    name: str
    title: str


def listed(profile: Profile = STRICT, language: Language = "en") -> Iterator[Listed]:
    """All messages of all formats that have a guide, by format and name."""
    for format_name in format_names():
        format_ = format_named(format_name)
        if isinstance(format_, Guided):
            for name, title in sorted(format_.guided(profile, language).items()):
                yield Listed(format_name, name, title)


def guide_of(format_name: str, name: str, version: str | None, profile: Profile = STRICT, language: Language = "en") -> str:
    """The guide of one message as Markdown. Raises ConfigError that says what there is instead."""
    format_ = format_named(format_name)
    if not isinstance(format_, Guided):
        raise ConfigError(f"the messages of format {format_name} have no guide")
    known = format_.guided(profile, language)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {format_name}/{near[0]}?" if near else f"; there is {', '.join(sorted(known)) or 'none'}"
        raise ConfigError(f"{format_name} has no message {name!r}{hint}")
    text = format_.guide(name, version, profile, language)
    if text is None:
        raise ConfigError(f"{format_name}/{name} is not described in version {version}")
    return text
