"""Exchanges: every message in and out, the newest first; found by any number that it mentions."""

from __future__ import annotations

from hub.store import listing
from hub_api.console.frame import Visit, console_page, nothing, show, title
from hub_api.console.markup import choice, el, field, form, link, row, table, when
from hub_api.console.sentences import message_of, partly, state

_STATES = (
    "received", "applied", "acknowledged", "quarantined", "settled", "rejected", "waiting", "superseded", "cancelled", "sent", "failed",
    "refused",
)  # fmt: skip
_ROWS = 50


@console_page("/exchanges", nav="exchanges", order=20)
async def exchanges(visit: Visit) -> None:
    """Filter by state, partner and direction; `find` takes an order, despatch, invoice, lot or control number."""
    find, chosen, partner, direction = (visit.asked(name) for name in ("find", "state", "partner", "direction"))
    named = visit.hub.registry.partners.get(partner) if partner else None
    found = await visit.read(
        lambda connection: listing.exchanges(
            connection,
            find=find,
            state=chosen,
            direction=direction if direction in ("in", "out") else None,
            partner_id=-1 if partner and named is None else named,
            organisations=visit.organisations,
            before=visit.asked_id("before"),
            limit=_ROWS + 1,
        )
    )
    say = visit.say
    title(visit, say("frame.exchanges"))
    everything = ("", say("frame.all"))
    show(
        form(
            [
                field(say("exchanges.find"), "find", find, say("exchanges.find_hint")),
                choice(say("exchanges.state"), "state", [everything, *((one, visit.word("state", one)) for one in _STATES)], chosen),
                choice(
                    say("exchanges.partner"), "partner", [everything, *((key, key) for key in sorted(visit.hub.site.partners))], partner
                ),
                choice(
                    say("exchanges.direction"),
                    "direction",
                    [everything, *((one, visit.word("direction", one)) for one in ("in", "out"))],
                    direction,
                ),
            ],
            say("frame.show"),
            "/exchanges",
        )
    )
    if not found:
        show(nothing(visit, "exchanges.none"))
        return
    heads = ["id", "recorded", "direction", "partner", "message", "number", "control", "state", "answer"]
    show(
        table(
            [say(f"exchanges.{head}") for head in heads],
            (
                row(
                    link(one["id"], f"/exchanges/{one['id']}"),
                    (when(one["recorded_at"]), "time"),
                    visit.word("direction", one["direction"]),
                    one["partner"],
                    message_of(visit, one),
                    link((one["business_key"] or "–").partition("/")[2] or "–", f"/exchanges/{one['id']}", cls="key"),
                    one["control"],
                    [state(visit, one["state"]), " ", partly(visit, one["rows_left_out"])],
                    state(visit, one["acknowledgement"]),
                )
                for one in found[:_ROWS]
            ),
        )
    )
    if len(found) > _ROWS:
        older = link(
            say("frame.older"), "/exchanges", find=find, state=chosen, partner=partner, direction=direction, before=found[_ROWS - 1]["id"]
        )
        show(el("p", older, cls="more"))
