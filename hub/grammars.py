"""The grammar that a message was read by, as evidence: its hash on the exchange, its content in the store, once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import msgspec

from connectors.feed import grammar_for
from connectors.formats.x12.grammar import load as x12_grammar
from connectors.spec import Profile
from data_contracts.source import Message
from hub.site import Agreement


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
    if agreement.grammar is not None:
        grammar = grammar_for(agreement.format, agreement.grammar, profile)
        known = _feeds.get(grammar.hash)
        if known is None:
            body = msgspec.json.encode(grammar, enc_hook=_named).decode()
            known = _feeds[grammar.hash] = UsedGrammar(f"{agreement.format}/{grammar.name}", grammar.hash, str(grammar.version), body)
        return known
    if agreement.format == "x12":
        return _x12(message.type, message.version or "")
    return None


def _named(value: object) -> str:
    """Functions that a grammar was compiled to stand by their names."""
    return getattr(value, "__qualname__", None) or str(value)


@lru_cache(maxsize=256)
def _x12(message: str, version: str) -> UsedGrammar | None:
    grammar = x12_grammar(message, version)
    if grammar is None:
        return None
    body = msgspec.json.encode(grammar, order="deterministic").decode()
    return UsedGrammar(f"x12/{grammar.message}", grammar.hash, grammar.version, body)
