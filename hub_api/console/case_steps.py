"""What dialogs about cases share: fields corrected by hand, and the two components of a signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from data_contracts.errors import RefusedError
from hub.cases import signatures
from hub.cases.signatures import MEANINGS, Meaning, Signer
from hub_api.console.asking import Fields, chosen, said
from hub_api.console.frame import Visit


def must_sign(one: Mapping[str, Any], action: str) -> bool:
    """Whether this act on this case, as it is shown, needs a signature."""
    return action in one["must_sign"]


def signature(visit: Visit, needed: bool) -> dict[str, Any]:
    """The fields for a signature, where one is needed: what it means, and the secret. The name is that of who is signed in."""
    if not needed:
        return {}
    meanings: dict[str, str] = {one: visit.word("case_meaning", one) for one in MEANINGS}
    meaning = chosen(visit.say("cases.meaning"), "meaning", meanings, MEANINGS[0])
    secret = ui.input(visit.say("cases.secret"), password=True).props("outlined dense stack-label autocomplete=off").classes("whole")
    return {"meaning": meaning, "secret": secret.mark("secret")}


def signer_of(visit: Visit, actor: str, fields: Fields) -> Signer | None:
    """Who signs; null where nothing is signed. Asked once for all that one dialog does, and not kept. Raises RefusedError."""
    if "secret" not in fields:
        return None
    meaning: Meaning = next(one for one in MEANINGS if one == said(fields, "meaning"))
    return signatures.identify(visit.hub, actor, said(fields, "secret"), meaning)


def by_hand(visit: Visit, text: str) -> dict[str, Any]:
    """`lines[*].unit = EA`, a line a field; an empty value removes. Raises RefusedError for a line that says nothing."""
    out: dict[str, Any] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        path, mark, value = line.partition("=")
        if not mark or not path.strip():
            raise RefusedError(visit.say("cases.no_field", text=line.strip()))
        out[path.strip()] = value.strip() or None
    if not out:
        raise RefusedError(visit.say("quarantine.nothing_changed"))
    return out
