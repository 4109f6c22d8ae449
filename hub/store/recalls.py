"""Statements of recalls. Every function that writes takes the unit of work; the audit entry is the caller's (`hub.recall.campaign`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.store import bulk
from hub.store.identity import allocate
from hub.store.lists import among
from hub.store.recall_tables import recall, recall_check, recall_finding, recall_met, recall_notice
from hub.store.tables import application, exchange, outbox, partner
from hub.store.unit_of_work import UnitOfWork

FINDING_COLUMNS = (
    "lot_key", "item", "gtin", "lot", "named", "unit", "position", "holder", "partner_id", "status", "why", "quantity", "evidence",
    "party",
)  # fmt: skip


def add(uow: UnitOfWork, values: Mapping[str, Any], prefix: str) -> sa.Row[Any]:
    """A new recall, numbered `<prefix>-<id>`; returns its row."""
    (number,) = allocate(uow.connection, "recall", 1)
    row = {"id": number, "number": f"{prefix}-{number:04d}", "state": "open", "opened_at": uow.now, "opened_by": uow.actor, **values}
    uow.connection.execute(sa.insert(recall).values(**row))
    return by_number(uow.connection, str(row["number"]), None)


def by_number(connection: sa.Connection, number: str, organisations: Collection[int] | None) -> sa.Row[Any]:
    """A recall. Raises NotFoundError for one that there is not, or not for these organisations."""
    statement = sa.select(recall).where(recall.c.number == number)
    if organisations is not None:
        statement = statement.where(among(connection, recall.c.organisation_id, sorted(organisations)))
    row = connection.execute(statement).first()
    if row is None:
        raise NotFoundError(f"there is no recall {number}")
    return row


def decided_at(row: Any) -> int:
    """When it was decided to recall, microseconds: of recalls from before the hub asked, when they were opened."""
    return int(row.opened_at if row.decided_at is None else row.decided_at)


def locked(uow: UnitOfWork, number: str) -> sa.Row[Any]:
    """A recall for a step of it: who takes another step of the same recall waits until this one is committed, and then sees it.

    SQLite has one writer at a time; there it is so anyhow. Raises NotFoundError for one that there is not.
    """
    row = uow.connection.execute(sa.select(recall).where(recall.c.number == number).with_for_update()).first()
    if row is None:
        raise NotFoundError(f"there is no recall {number}")
    return row


def reopen(uow: UnitOfWork, recall_id: int) -> None:
    """Open a closed recall again."""
    chosen = sa.update(recall).where(recall.c.id == recall_id)
    uow.connection.execute(chosen.values(state="open", closed_at=None, closed_by=None, closed_reason=None))


def listed(
    connection: sa.Connection, organisations: Collection[int] | None, partner_id: int | None, before: int | None, limit: int
) -> list[sa.Row[Any]]:
    """Recalls, the newest first; a partner's are those of which it has a notice."""
    statement = sa.select(recall).order_by(recall.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(recall.c.id < before)
    if partner_id is not None:
        mine = sa.select(recall_notice.c.recall_id).where(recall_notice.c.partner_id == partner_id)
        statement = statement.where(recall.c.id.in_(mine), recall.c.kind == "recall")  # of a drill nobody outside hears
    elif organisations is not None:
        statement = statement.where(among(connection, recall.c.organisation_id, sorted(organisations)))
    return list(connection.execute(statement))


def close(uow: UnitOfWork, recall_id: int, reason: str) -> bool:
    """Close an open recall; False when it is closed already."""
    done = uow.connection.execute(
        sa.update(recall)
        .where(recall.c.id == recall_id, recall.c.state == "open")
        .values(state="closed", closed_at=uow.now, closed_by=uow.actor, closed_reason=reason)
    )
    return bool(done.rowcount)


def keep_findings(uow: UnitOfWork, recall_id: int, rows: Sequence[Sequence[Any]]) -> None:
    """Where everything is at this moment; rows hold `FINDING_COLUMNS`. What was found earlier in the same microsecond is replaced."""
    uow.connection.execute(sa.delete(recall_finding).where(recall_finding.c.recall_id == recall_id, recall_finding.c.at == uow.now))
    columns = ("recall_id", "at", "ordinal", *FINDING_COLUMNS)
    bulk.insert(uow.connection, recall_finding, columns, [(recall_id, uow.now, ordinal, *row) for ordinal, row in enumerate(rows)])


def findings(connection: sa.Connection, recall_id: int) -> tuple[int | None, list[sa.Row[Any]]]:
    """When the units were located last, and where they were."""
    at = connection.execute(sa.select(sa.func.max(recall_finding.c.at)).where(recall_finding.c.recall_id == recall_id)).scalar_one()
    if at is None:
        return None, []
    rows = connection.execute(
        sa.select(recall_finding)
        .where(recall_finding.c.recall_id == recall_id, recall_finding.c.at == at)
        .order_by(recall_finding.c.ordinal)
    )
    return int(at), list(rows)


def history(connection: sa.Connection, recall_id: int) -> list[sa.Row[Any]]:
    """Units by time and position, each time that they were located."""
    return list(
        connection.execute(
            sa.select(recall_finding.c.at, recall_finding.c.position, sa.func.count().label("rows"))
            .where(recall_finding.c.recall_id == recall_id)
            .group_by(recall_finding.c.at, recall_finding.c.position)
            .order_by(recall_finding.c.at, recall_finding.c.position)
        )
    )


def add_notice(uow: UnitOfWork, recall_id: int, values: Mapping[str, Any]) -> int:
    """A notice or hold that goes out now; returns its id."""
    (number,) = allocate(uow.connection, "recall_notice", 1)
    uow.connection.execute(sa.insert(recall_notice).values(id=number, recall_id=recall_id, sent_at=uow.now, reminders=0, **values))
    return number


def notices(connection: sa.Connection, recall_id: int, partner_id: int | None = None) -> list[sa.Row[Any]]:
    """Notices and holds of a recall with the partner's key and name, the state of the parcel and when it left (null: a drill has none), in
    the order in which they were made; a partner's own only.
    """
    statement = (
        sa.select(
            recall_notice,
            partner.c.key.label("partner_key"),
            partner.c.name.label("partner_name"),
            outbox.c.state.label("parcel"),
            outbox.c.sent_at.label("left_at"),
        )
        .outerjoin(partner, partner.c.id == recall_notice.c.partner_id)
        .outerjoin(outbox, outbox.c.id == recall_notice.c.outbox_id)
        .where(recall_notice.c.recall_id == recall_id)
        .order_by(recall_notice.c.id)
    )
    if partner_id is not None:
        statement = statement.where(recall_notice.c.partner_id == partner_id)
    return list(connection.execute(statement))


def notice(connection: sa.Connection, notice_id: int, recall_id: int, partner_id: int | None) -> sa.Row[Any]:
    """One notice. Raises NotFoundError for one that there is not, or not for this partner."""
    for row in notices(connection, recall_id, partner_id):
        if row.id == notice_id:
            return row
    raise NotFoundError(f"there is no notice {notice_id}")


def change_notice(uow: UnitOfWork, notice_id: int, **values: Any) -> None:
    """Set columns of a notice."""
    uow.connection.execute(sa.update(recall_notice).where(recall_notice.c.id == notice_id).values(**values))


def add_check(uow: UnitOfWork, values: Mapping[str, Any]) -> int:
    """An effectiveness check; returns its id."""
    (number,) = allocate(uow.connection, "recall_check", 1)
    uow.connection.execute(sa.insert(recall_check).values(id=number, at=uow.now, by=uow.actor, **values))
    return number


def checks(connection: sa.Connection, recall_id: int) -> list[sa.Row[Any]]:
    """Effectiveness checks of a recall with the place that was asked, in order."""
    return list(
        connection.execute(
            sa.select(recall_check, recall_notice.c.place, partner.c.key.label("partner_key"))
            .join(recall_notice, recall_notice.c.id == recall_check.c.notice_id)
            .outerjoin(partner, partner.c.id == recall_notice.c.partner_id)
            .where(recall_notice.c.recall_id == recall_id)
            .order_by(recall_check.c.id)
        )
    )


def mark_met(uow: UnitOfWork, recall_id: int, values: Mapping[str, Any]) -> None:
    """Note that something that was due is done; `values` are regime, act, met_at, evidence and exchange_id."""
    same = sa.and_(
        recall_met.c.recall_id == recall_id, recall_met.c.regime == values["regime"], recall_met.c.act == values["act"],
        recall_met.c.marked_at == uow.now,
    )  # fmt: skip
    uow.connection.execute(sa.delete(recall_met).where(same))  # said twice in one microsecond
    uow.connection.execute(sa.insert(recall_met).values(recall_id=recall_id, marked_at=uow.now, marked_by=uow.actor, **values))


def met(connection: sa.Connection, recall_id: int) -> dict[tuple[str, str], sa.Row[Any]]:
    """What is done of what is due, as it was marked last, by regime and act."""
    chosen = sa.select(recall_met).where(recall_met.c.recall_id == recall_id).order_by(recall_met.c.marked_at)
    return {(row.regime, row.act): row for row in connection.execute(chosen)}


def organisations_of(connection: sa.Connection, exchanges: Collection[int]) -> dict[int, int]:
    """Exchange → the organisation that it belongs to."""
    chosen = sa.select(exchange.c.id, exchange.c.organisation_id).where(among(connection, exchange.c.id, sorted(exchanges)))
    return {row.id: row.organisation_id for row in connection.execute(chosen)}


def despatches_of(connection: sa.Connection, exchanges: Collection[int]) -> dict[int, list[str]]:
    """Exchange → the numbers of the despatch advices that stand in it."""
    chosen = (
        sa.select(application.c.exchange_id, application.c.number)
        .where(among(connection, application.c.exchange_id, sorted(exchanges)), application.c.kind == "despatch_advice")
        .order_by(application.c.id)
    )
    found: dict[int, list[str]] = {}
    for row in connection.execute(chosen):
        if row.number and row.number not in found.setdefault(row.exchange_id, []):
            found[row.exchange_id].append(row.number)
    return found


def has_exchange(connection: sa.Connection, exchange_id: int, organisation_id: int) -> bool:
    """Whether an organisation has this exchange."""
    chosen = sa.select(exchange.c.id).where(exchange.c.id == exchange_id, exchange.c.organisation_id == organisation_id)
    return connection.execute(chosen).first() is not None
