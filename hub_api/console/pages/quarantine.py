"""Quarantine: messages that are held because their content must not be believed as it is."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hub.store import listing
from hub_api.console.frame import Visit, console_page, nothing, show, title
from hub_api.console.markup import el, link, row, table, when
from hub_api.console.sentences import findings_list, message_of

_ROWS = 50


@console_page("/quarantine", nav="quarantine", order=60)
async def quarantine(visit: Visit) -> None:
    """The newest first, each with what holds it."""
    held = await visit.read(lambda connection: _read(visit, connection))
    say = visit.say
    title(visit, say("frame.quarantine"))
    show(el("p", say("quarantine.about"), cls="about"))
    if not held:
        show(nothing(visit, "attention.none_held"))
        return
    heads = ["exchanges.id", "exchanges.recorded", "exchanges.partner", "exchanges.message", "exchanges.number", "quarantine.held_by"]
    opens = say("quarantine.open") if visit.may_mend else say("quarantine.look")
    show(
        table(
            [*(say(head) for head in heads), ""],
            (
                row(
                    link(one["id"], f"/exchanges/{one['id']}"),
                    (when(one["recorded_at"]), "time"),
                    one["partner"],
                    message_of(visit, one),
                    el("span", (one["business_key"] or "–").partition("/")[2], cls="key"),
                    findings_list(visit, one["findings"], anchors=False, format_name=one["format"]),
                    link(opens, f"/quarantine/{one['id']}" if visit.may_mend else f"/exchanges/{one['id']}", cls="button"),
                )
                for one in held[:_ROWS]
            ),
        )
    )
    if len(held) > _ROWS:
        show(el("p", link(say("frame.older"), "/quarantine", before=held[_ROWS - 1]["id"]), cls="more"))


def _read(visit: Visit, connection: sa.Connection) -> list[dict[str, Any]]:
    found = listing.exchanges(
        connection, state="quarantined", organisations=visit.organisations, before=visit.asked_id("before"), limit=_ROWS + 1
    )
    return [
        {**one, "findings": listing.findings(connection, visit.language, exchange_id=one["id"], severity="error", limit=5)} for one in found
    ]
