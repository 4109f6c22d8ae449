"""Finds plug-ins: a file or package in `formats/`, `transports/` or `signers/` is a connector part; its name is the word of the sites.

A module offers `FORMAT`, `TRANSPORT` or `SIGNER`, a format also `ANSWERING` where its standard knows acknowledgements; names that begin
with `_` and modules that offer neither are parts of others.
Packages from outside join by entry points of the groups `udihub.formats`, `udihub.transports` and `udihub.signers`, which point at such an
object; the hub's own name wins. Nothing is imported before it is asked for, and a plug-in whose optional dependency is absent
is refused on use with the name of what lacks, without disturbing the others.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from connectors.answering import Answering
from connectors.first_bytes import HEAD, unreadable
from connectors.first_bytes import unrecognised as unrecognised
from connectors.signing import Signer
from connectors.spec import Format, Profile, Traits, Transport
from data_contracts.errors import ConfigError

_FOLDER = Path(__file__).parent


@cache
def _own(room: str) -> dict[str, str]:
    """Module path by plug-in name of one room."""
    names = {}
    for path in sorted((_FOLDER / room).iterdir()):
        module = path.stem if path.suffix == ".py" else path.name if (path / "__init__.py").is_file() else ""
        if module and not module.startswith("_"):
            names[module] = f"connectors.{room}.{module}"
    return names


@cache
def _foreign(room: str) -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=f"udihub.{room}")}


def _plugin(room: str, attribute: str, name: str) -> object | None:
    """The object that a plug-in offers; None when it is a part of another one. Raises ConfigError when there is none."""
    own = _own(room)
    try:
        if name in own:
            plugin: object | None = getattr(import_module(own[name]), attribute, None)
            return plugin
        if name in _foreign(room):
            loaded: object = _foreign(room)[name].load()
            return loaded
    except ImportError as error:
        missing = error.name or str(error)
        raise ConfigError(f"{room.removesuffix('s')} {name!r} cannot be used: {missing} is not installed ({error})") from error
    known = ", ".join(sorted({*own, *_foreign(room)}))
    raise ConfigError(f"there is no {room.removesuffix('s')} {name!r}; known: {known}")


def format_named(name: str) -> Format:
    """The format of this name. Raises ConfigError when there is none, or its dependency is not installed."""
    plugin = _plugin("formats", "FORMAT", name)
    if not isinstance(plugin, Format):
        raise ConfigError(f"format {name!r} offers no FORMAT that reads and writes (connectors/spec.py)")
    return plugin


@cache
def answering_of(name: str | None) -> Answering | None:
    """How the format of this name acknowledges (`ANSWERING` beside its `FORMAT`); None where its standard does not.

    Raises ConfigError when there is no such format.
    """
    if name is None:
        return None
    if name in _own("formats"):
        offered = _plugin("formats", "ANSWERING", name)
    else:
        offered = getattr(format_named(name), "answering", None)  # from outside: the format itself names it
    if offered is not None and not isinstance(offered, Answering):
        raise ConfigError(f"format {name!r} offers an ANSWERING that does not answer (connectors/answering.py)")
    return offered


def transport_named(name: str) -> Transport:
    """The transport of this name. Raises ConfigError when there is none, or its dependency is not installed."""
    plugin = _plugin("transports", "TRANSPORT", name)
    if not isinstance(plugin, Transport):
        raise ConfigError(f"transport {name!r} offers no TRANSPORT that fetches and sends (connectors/spec.py)")
    return plugin


def signer_named(name: str) -> Signer:
    """The signer of this name. Raises ConfigError when there is none, or its dependency is not installed."""
    plugin = _plugin("signers", "SIGNER", name)
    if not isinstance(plugin, Signer):
        raise ConfigError(f"signer {name!r} offers no SIGNER that signs or verifies (connectors/signing.py)")
    return plugin


def traits_of(name: str, profile: Profile | None = None, grammar: str | None = None) -> Traits:
    """What the format of this name says of itself; the defaults where it says nothing. Raises ConfigError when there is none.

    A syntax with several representations (IDoc: XML and flat; tabs or commas, one JSON document or lines of them) says by `traits_for`
    what holds for an agreement's profile and grammar.
    """
    format_ = format_named(name)
    by_profile: Callable[[Profile, str | None], Traits] | None = getattr(format_, "traits_for", None)
    traits = by_profile(profile, grammar) if by_profile is not None and profile is not None else getattr(format_, "traits", None)
    return traits if isinstance(traits, Traits) else Traits()


def format_names() -> list[str]:
    """Names of the formats that can be used here."""
    return _usable("formats", "FORMAT")


def transport_names() -> list[str]:
    """Names of the transports that can be used here."""
    return _usable("transports", "TRANSPORT")


def signer_names() -> list[str]:
    """Names of the signers that can be used here."""
    return _usable("signers", "SIGNER")


def _usable(room: str, attribute: str) -> list[str]:
    names = []
    for name in sorted({*_own(room), *_foreign(room)}):
        try:
            if _plugin(room, attribute, name) is not None:
                names.append(name)
        except ConfigError:
            continue
    return names


def sniff(head: bytes) -> Format | None:
    """The format that the first 4 KiB look like, or None; `unrecognised(head)` is then the finding.

    A format with a weak sign states `sniff_last = True` and is asked after the others; one that takes every document of a whole syntax,
    `sniff_general = True`, after those that know a kind of it (xml after ubl). Only one that states `sniffs_binary = True` is asked
    about what is no text. A format whose documents begin with a word of their own (`opens_with`) is asked before all others, and of
    whatever bytes: its separators may be control characters (X12.5; level B of ISO 9735), and a file full of those is no less text.
    """
    head = head[:HEAD]
    begins = head.removeprefix(codecs.BOM_UTF8).lstrip()
    for opening, opened in _openings():
        if begins.startswith(opening) and opened.sniff(head):
            return opened
    binary = unreadable(head) is not None
    candidates = (candidate for candidate in _sniffers() if not binary or getattr(candidate, "sniffs_binary", False))
    return next((candidate for candidate in candidates if candidate.sniff(head)), None)


@cache
def _openings() -> tuple[tuple[bytes, Format], ...]:
    """The words with which documents of a format begin, and of no other."""
    return tuple((opening, found) for found in _sniffers() for opening in getattr(found, "opens_with", ()))


@cache
def _sniffers() -> tuple[Format, ...]:
    """The usable formats in the order in which they are asked."""
    candidates = [format_named(name) for name in format_names()]
    return tuple(sorted(candidates, key=_turn))


def _turn(found: Format) -> tuple[bool, bool, str]:
    return bool(getattr(found, "sniff_last", False)), bool(getattr(found, "sniff_general", False)), found.name
