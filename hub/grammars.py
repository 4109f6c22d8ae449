"""The grammar that a message was read by, as evidence: its hash on the exchange, its content in the store, once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import msgspec

from connectors import freshness
from connectors.feed import FeedGrammar, SelfNaming, grammar_for
from connectors.registry import answering_of, format_named, traits_of
from connectors.spec import Grammared, Profile
from data_contracts.findings import Finding, Place
from data_contracts.source import Message
from hub import compiled
from hub.site import Agreement, Site


@dataclass(frozen=True, slots=True)
class UsedGrammar:
    """A grammar as `configurations.keep` takes it."""

    name: str
    hash: str
    version: str
    body: str


_feeds: dict[str, UsedGrammar] = {}
"""By hash; a site has as many as it has feeds."""


def used(agreement: Agreement, message: Message, profile: Profile) -> UsedGrammar | None:
    """The grammar by which this agreement's format read the message; None where the syntax was read without one."""
    grammar = _feed(agreement, message, profile)
    if grammar is not None:
        known = _feeds.get(grammar.hash)
        if known is None:
            body = grammar.text or msgspec.json.encode(grammar, enc_hook=_named).decode()
            known = _feeds[grammar.hash] = UsedGrammar(f"{agreement.format}/{grammar.name}", grammar.hash, str(grammar.version), body)
        return known
    folders = tuple(str(folder) for folder in profile.options.get("grammar_folders", ()))
    return _own(agreement.format, message.type, message.version or "", folders)


def _feed(agreement: Agreement, message: Message, profile: Profile) -> FeedGrammar | None:
    """The feed grammar that the agreement names, or that the message itself names to a format with feed grammars (ubl, cxml)."""
    if agreement.grammar is not None:
        return grammar_for(agreement.format, agreement.grammar, profile)
    format_ = _self_naming(agreement.format)
    return format_.grammar_of(message.type, profile) if format_ is not None else None


@lru_cache(maxsize=256)
def _self_naming(syntax: str) -> SelfNaming | None:
    """The format, where its messages name feed grammars; asked once, for what a protocol holds is slow to look up."""
    format_ = format_named(syntax)
    return format_ if isinstance(format_, SelfNaming) else None


def _named(value: object) -> str:
    """Functions that a grammar was compiled to stand by their names."""
    return getattr(value, "__qualname__", None) or str(value)


def look_again(site: Site) -> None:
    """Before a batch of documents or a dry run: grammars and mappings whose files have changed are loaded anew."""
    if freshness.look(site.grammar_folders):
        _own.cache_clear()
        _read_by.cache_clear()
    compiled.look(site.mapping_folders)


def undescribed(syntax: str, message: Message, profile: Profile, agreement: Agreement | None) -> Finding | None:
    """AGR-09 where no grammar describes a message's version and that of another read it; a mere remark where the agreement names it."""
    if message.root is None or not message.version:
        return None
    folders = tuple(str(folder) for folder in profile.options.get("grammar_folders", ()))
    read_by, place = _read_by(syntax, message.type, message.version, folders)
    if place is None or read_by == message.version:
        return None
    named = agreement is not None and any(
        agreed.type == message.type and agreed.version == message.version for agreed in agreement.messages
    )
    return Finding("AGR-09", place, read_by, message.version, severity="info" if named else "warning")


@lru_cache(maxsize=256)
def _read_by(syntax: str, message: str, version: str, folders: tuple[str, ...]) -> tuple[str, Place | None]:
    """The version whose grammar reads this one, and where a message states its own; no place where that is not told."""
    answering, place = answering_of(syntax), traits_of(syntax).version_at
    if place is None or (answering is not None and message in answering.answers):
        return version, None
    found = _own(syntax, message, version, folders)
    return (version, None) if found is None else (found.version, place)


@lru_cache(maxsize=256)
def _own(syntax: str, message: str, version: str, folders: tuple[str, ...]) -> UsedGrammar | None:
    """What a format that names its messages itself read one by."""
    format_ = format_named(syntax)
    found = format_.grammar_used(message, version, folders) if isinstance(format_, Grammared) else None
    if found is None:
        return None
    return UsedGrammar(found.name, found.hash, found.version, msgspec.json.encode(found.content, order="deterministic").decode())
