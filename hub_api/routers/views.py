"""What the reconciled views share on their way out: the rule's text, whose organisations, and pages by the view's own cursor."""

from __future__ import annotations

from typing import Any

from data_contracts.findings import Language
from data_contracts.rules.catalogue import rule_named
from hub.runtime import Hub
from hub.store.credentials import Caller
from hub_api.errors import ProblemError
from hub_api.paging import encode


def organisations_of(hub: Hub, caller: Caller, named: str | None) -> frozenset[int]:
    """Ids to look into: all of the caller's, or the one that it names; a foreign or unknown one is empty."""
    if named is None:
        return caller.organisations
    return caller.organisations & {hub.registry.organisations.get(named, 0)}


def need_all(hub: Hub, caller: Caller) -> None:
    """Refuse a key that does not name all organisations, where what is asked for is not divided among them."""
    if not set(hub.registry.organisations.values()) <= caller.organisations:
        raise ProblemError(403, "Refused", "This needs a key for all organisations.")


def told(discrepancy: dict[str, Any], language: Language) -> dict[str, Any]:
    """A discrepancy with its sentence."""
    return {**discrepancy, "message": rule_named(discrepancy["rule"]).text(language, discrepancy["params"])}


def view_page(found: tuple[list[dict[str, Any]], int | str | None]) -> dict[str, Any]:
    """A page as a view gives it, with an opaque cursor."""
    rows, following = found
    return {"items": rows, "next": None if following is None else encode(following)}
