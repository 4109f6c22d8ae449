"""A message opened: its findings, its bytes with the marks, and what the hub understood. Shared by the pages that show one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub import exchange, outbound
from hub.store import documents, evidence
from hub_api.console import message_view, record_view
from hub_api.console.frame import Visit, nothing, section
from hub_api.console.markup import Html, el

_WHOLE = 4_000_000
"""Bytes of a message that are looked at; more is for the download."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything that is known of one exchange."""

    shown: dict[str, Any]
    content: bytes | None
    first_line: int
    charset: str | None
    header: str | None
    """First line of a delimited document, where the message is a later part of it."""
    entity: dict[str, Any] | None
    organisation: str | None


def open_exchange(visit: Visit, connection: sa.Connection, exchange_id: int) -> Opened:
    """Read an exchange, its bytes and its canonical record. Raises NotFoundError when it is not the visitor's to see."""
    hub = visit.hub
    row = documents.exchange_visible(connection, exchange_id, None, visit.organisations)
    shown = evidence.show(connection, exchange_id, visit.language)
    try:
        content: bytes | None = documents.message_content(connection, hub.settings.home, row, _WHOLE)
    except NotFoundError:
        content = None
    corrected = "corrects" in (row.keys or {})
    if row.format == "spreadsheet":
        content = None  # a packed file has no lines to show; its findings name cells, and the download has it whole
    first_line, header = 1, None
    if row.document_id is not None and row.byte_offset and row.format not in ("x12", "edifact") and not corrected:
        before = documents.content(connection, hub.settings.home, row.document_id, row.byte_offset)
        first_line = before.count(b"\n") + 1
        if row.format == "delimited":
            header = message_view.decoded(before.partition(b"\n")[0]).strip("\ufeff\r")
    agreement = hub.site.agreements.get(row.agreement or "")
    try:
        entity: dict[str, Any] | None = _said(visit, connection, row)
    except (ConflictError, NotFoundError):
        entity = None
    return Opened(
        shown,
        content,
        first_line,
        None if corrected or agreement is None else hub.site.profile(agreement).charset,
        header,
        entity,
        agreement.organisation if agreement else None,
    )


def _said(visit: Visit, connection: sa.Connection, row: sa.Row[Any]) -> dict[str, Any]:
    """What a message says; of one that went out what it was made from. Raises NotFoundError or ConflictError where nothing can be read."""
    if row.direction == "in":
        return exchange.entity_of(visit.hub, connection, row.id, whole=True)
    return outbound.made_from(visit.hub, connection, row)


def source(visit: Visit, opened: Opened) -> Html:
    """The bytes with a mark at the place of each finding."""
    say = visit.say
    if opened.content is None:
        packed = opened.shown["format"] == "spreadsheet"
        return section(say("exchange.source"), nothing(visit, "exchange.packed" if packed else "exchange.no_content"))
    corrects = "corrects" in opened.shown["keys"]
    listed = message_view.rows(
        opened.content,
        "json" if corrects else opened.shown["format"],
        opened.shown["findings"],
        first_line=opened.first_line,
        charset=opened.charset,
    )
    if opened.header is not None:
        listed.insert(0, message_view.Row("1", [message_view.Piece(opened.header)]))
    return section(
        say("exchange.correction_source") if corrects else say("exchange.source"),
        message_view.draw(listed, lambda n: say("exchange.left_out", n=n)),
        cls="panel",
    )


def record(visit: Visit, opened: Opened) -> Html:
    """What the hub understood."""
    say = visit.say
    if opened.entity is None:
        why = "exchange.no_record" if opened.shown["direction"] == "in" else "exchange.no_record_out"
        return section(say("exchange.record"), nothing(visit, why), cls="panel")
    return section(
        [say("exchange.record"), " ", el("small", str(opened.entity.get("entity", "")))],
        record_view.draw(opened.entity, opened.shown["findings"]),
        cls="panel",
    )
