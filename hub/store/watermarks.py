"""Watermarks in the store: how far a flow has asked, what it has taken in, and how a person sets it back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError, RetriableError
from hub.store.lists import among
from hub.store.tables import organisation, partner
from hub.store.types import moment, storable
from hub.store.unit_of_work import UnitOfWork
from hub.store.watermark_tables import pulled_page, pulled_record, watermark

_TOLD = 500
"""Characters of a failure that are kept."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a flow has come."""

    flow: str
    value: str | None
    turn: int
    begun: int


def opened(uow: UnitOfWork, flow: str, organisation_id: int, partner_id: int) -> Mark:
    """The flow's watermark; made, where it has none yet."""
    row = uow.connection.execute(sa.select(watermark).where(watermark.c.flow == flow)).one_or_none()
    if row is not None:
        return Mark(flow, row.value, row.turn, row.begun)
    try:
        uow.connection.execute(
            sa.insert(watermark).values(
                flow=flow, organisation_id=organisation_id, partner_id=partner_id, turn=0, begun=0, pages=0, records=0
            )
        )
    except sa.exc.IntegrityError as error:
        raise RetriableError(f"{flow}: another fetch of this flow has just begun") from error
    return Mark(flow, None, 0, 0)


def versions(connection: sa.Connection, flow: str, keys: Collection[str]) -> dict[str, str]:
    """Version by id of the records that were taken in."""
    query = sa.select(pulled_record.c.key, pulled_record.c.version).where(
        pulled_record.c.flow == flow, among(connection, pulled_record.c.key, list(keys))
    )
    return {row.key: row.version for row in connection.execute(query)} if keys else {}


def moved(
    uow: UnitOfWork,
    mark: Mark,
    value: str | None,
    *,
    document_id: int | None = None,
    taken: Sequence[tuple[str, str]] = (),
    known: Iterable[int] = (),
) -> Mark:
    """Move a watermark, in the transaction of the page that it covers (`document_id`), with what is now known of its records.

    `known` are the ordinals of records that change nothing. Raises RetriableError when another fetch of this flow was faster: then the
    whole transaction must end, and the page comes again where it is still new.
    """
    row = uow.connection.execute(sa.select(watermark.c.organisation_id).where(watermark.c.flow == mark.flow)).one()
    change: dict[str, Any] = {"turn": mark.turn + 1}
    if value != mark.value:
        change |= {"value": value, "moved_at": uow.now}
    if document_id is not None:
        change |= {"document_id": document_id, "pages": watermark.c.pages + 1, "records": watermark.c.records + len(taken)}
    where = (watermark.c.flow == mark.flow, watermark.c.turn == mark.turn, watermark.c.begun == mark.begun)
    if uow.connection.execute(sa.update(watermark).where(*where).values(change)).rowcount != 1:
        raise RetriableError(f"{mark.flow}: another fetch of this flow goes on")
    if document_id is not None:
        _remember(uow, mark.flow, document_id, dict(taken), sorted(known))
    if value != mark.value:
        uow.audit(
            row.organisation_id, "watermark.moved", f"flow/{mark.flow}", before={"watermark": mark.value},
            after={"watermark": value, "document": document_id},
        )  # fmt: skip
    return Mark(mark.flow, value, mark.turn + 1, mark.begun)


def _remember(uow: UnitOfWork, flow: str, document_id: int, taken: dict[str, str], known: list[int]) -> None:
    if taken:
        uow.connection.execute(
            sa.delete(pulled_record).where(pulled_record.c.flow == flow, among(uow.connection, pulled_record.c.key, list(taken)))
        )
        rows = [{"flow": flow, "key": key, "version": version, "document_id": document_id} for key, version in sorted(taken.items())]
        uow.connection.execute(sa.insert(pulled_record), rows)
    if known:
        uow.connection.execute(sa.insert(pulled_page).values(document_id=document_id, known=known))


def ended(uow: UnitOfWork, flow: str, failure: str | None = None) -> None:
    """A pull came to its end, or to a failure that is shown until one does."""
    values: dict[str, Any] = {"asked_at": uow.now, "failure": None, "failed_at": None}
    if failure is not None:
        values = {"failure": storable(failure)[:_TOLD], "failed_at": uow.now}
    uow.connection.execute(sa.update(watermark).where(watermark.c.flow == flow).values(values))


def rewound(uow: UnitOfWork, flow: str, value: str | None, reason: str, *, again: bool) -> dict[str, Any]:
    """Set a watermark by hand. `again`: records that are known are taken in once more. Returns what was before and is now.

    Raises NotFoundError where the flow never pulled.
    """
    row = uow.connection.execute(sa.select(watermark).where(watermark.c.flow == flow)).one_or_none()
    if row is None:
        raise NotFoundError(f"the flow {flow} has no watermark: it has not asked for anything yet")
    forgotten = 0
    if again:
        forgotten = uow.connection.execute(sa.delete(pulled_record).where(pulled_record.c.flow == flow)).rowcount
    uow.connection.execute(
        sa.update(watermark)
        .where(watermark.c.flow == flow)
        .values(value=value, moved_at=uow.now, turn=watermark.c.turn + 1, begun=watermark.c.begun + int(again))
    )
    before, after = {"watermark": row.value}, {"watermark": value, "again": again, "forgotten": forgotten}
    uow.audit(row.organisation_id, "watermark.rewound", f"flow/{flow}", reason=reason, before=before, after=after)
    return {"before": row.value, "after": value, "forgotten": forgotten}


def passed_over(connection: sa.Connection, documents: Collection[int]) -> dict[int, frozenset[int]]:
    """Of these documents, the ordinals of records that were known when the page came."""
    if not documents:
        return {}
    query = sa.select(pulled_page).where(among(connection, pulled_page.c.document_id, list(documents)))
    return {row.document_id: frozenset(row.known) for row in connection.execute(query)}


def listed(connection: sa.Connection, organisations: Collection[int] | None = None) -> list[dict[str, Any]]:
    """All watermarks, as people and programs see them; of these organisations only."""
    query = (
        sa.select(watermark, organisation.c.key.label("organisation"), partner.c.key.label("partner"))
        .join(organisation, organisation.c.id == watermark.c.organisation_id)
        .join(partner, partner.c.id == watermark.c.partner_id)
        .order_by(watermark.c.flow)
    )
    if organisations is not None:
        query = query.where(watermark.c.organisation_id.in_(sorted(organisations)))
    return [
        {
            "flow": row.flow,
            "organisation": row.organisation,
            "partner": row.partner,
            "watermark": row.value,
            "pages": row.pages,
            "records": row.records,
            "document_id": row.document_id,
            "moved_at": _time(row.moved_at),
            "asked_at": _time(row.asked_at),
            "failure": row.failure,
            "failed_at": _time(row.failed_at),
        }
        for row in connection.execute(query)
    ]


def _time(micros: int | None) -> str | None:
    return None if micros is None else moment(micros).isoformat()
