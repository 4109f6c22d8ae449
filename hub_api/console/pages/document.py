"""One document: its bytes as received, what is wrong with the whole of it, and the messages in it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.store import documents, listing
from hub_api.console import message_view
from hub_api.console.frame import Visit, console_page, section, show, show_first_mark, title
from hub_api.console.markup import el, facts, link, row, table, when
from hub_api.console.sentences import findings_list, message_of, state

_WHOLE = 1_000_000
"""Bytes that are looked at."""


@console_page("/documents/{id}", under="exchanges")
async def document(visit: Visit) -> None:
    """Where it came from, its findings, its messages, its bytes."""
    number = visit.path_id()
    found, inside, held = await visit.read(lambda connection: _read(visit, connection, number))
    say = visit.say
    title(visit, f"{say('exchange.document')} {number}", state(visit, found["state"]))
    show(
        facts(
            [
                (say("document.name"), found["name"]),
                (say("exchanges.partner"), found["partner"]),
                (say("document.channel"), found["channel"]),
                (say("document.received"), when(found["received_at"])),
                (say("document.size"), say("document.bytes", n=f"{held[1]:,}") if held is not None else None),
                ("SHA-256", el("code", found["sha256"][:16] + "…", title=found["sha256"])),
            ]
        )
    )
    if found["findings"]:
        show(section(say("exchange.findings"), findings_list(visit, found["findings"], format_name=found["format"])))
    if inside:
        show(
            section(
                say("document.messages"),
                table(
                    [say("exchanges.id"), say("exchanges.message"), say("exchanges.control"), say("exchanges.state")],
                    (
                        row(link(one["id"], f"/exchanges/{one['id']}"), message_of(visit, one), one["control"], state(visit, one["state"]))
                        for one in inside
                    ),
                ),
            )
        )
    if held is None:
        show(section(say("exchange.source"), el("p", say("document.not_all_yours"), cls="nothing")))
        return
    content, _ = held
    if b"\x00" in content[:4096]:
        show(section(say("exchange.source"), el("p", say("document.binary"), cls="nothing")))
        return
    listed = message_view.rows(content, found["format"], found["findings"])
    show(section(say("exchange.source"), message_view.draw(listed, lambda n: say("exchange.left_out", n=n)), cls="panel"))
    show_first_mark()


def _read(visit: Visit, connection: sa.Connection, number: int) -> tuple[dict[str, Any], list[dict[str, Any]], tuple[bytes, int] | None]:
    """The document, its messages, and its first bytes with the number of all; no bytes where some are for others than the visitor."""
    organisations = visit.organisations
    documents.visible(connection, number, None, organisations)
    try:
        documents.wholly_visible(connection, number, None, organisations)
        with documents.opened(connection, visit.hub.settings.home, number) as held:
            content: tuple[bytes, int] | None = held.read(_WHOLE), held.length
    except NotFoundError:
        content = None
    return (
        documents.show(connection, number, visit.language, organisations),
        listing.exchanges_of_document(connection, number, organisations),
        content,
    )
