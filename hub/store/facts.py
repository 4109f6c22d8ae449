"""Statements for what messages said and what follows: applications, subjects, lines, movements, edges. All work on whole batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hub.store import bulk, visibility
from hub.store.lists import MARK, among, joined
from hub.store.tables import (
    application,
    balance,
    document,
    edge,
    edge_withdrawn,
    exchange,
    finding,
    line,
    master_record,
    movement,
    organisation,
    partner,
    subject,
)
from hub.store.unit_of_work import UnitOfWork
from hub.store.watermark_tables import watermark

SubjectKey = tuple[int, str, int, str]
"""organisation_id, kind, issuer_id, key."""


def known_subjects(connection: sa.Connection, keys: Iterable[SubjectKey]) -> dict[SubjectKey, int]:
    """Ids of the subjects that exist."""
    groups: dict[tuple[int, str, int], list[str]] = {}
    for organisation_id, kind, issuer_id, key in keys:
        groups.setdefault((organisation_id, kind, issuer_id), []).append(key)
    found: dict[SubjectKey, int] = {}
    for (organisation_id, kind, issuer_id), names in groups.items():
        rows = connection.execute(
            sa.select(subject.c.key, subject.c.id).where(
                subject.c.organisation_id == organisation_id,
                subject.c.kind == kind,
                subject.c.issuer_id == issuer_id,
                among(connection, subject.c.key, names),
            )
        )
        found.update({(organisation_id, kind, issuer_id, row.key): row.id for row in rows})
    return found


def add_subjects(connection: sa.Connection, rows: Sequence[tuple[int, int, str, int, str, int | None, str]]) -> set[int]:
    """Insert (id, organisation_id, kind, issuer_id, key, standing_id, state) where the key is new; returns the ids that were taken.

    On PostgreSQL this waits for a transaction that is making the same subject.
    """
    if not rows:
        return set()
    columns = ("id", "organisation_id", "kind", "issuer_id", "key", "standing_id", "state")
    ordered = sorted(rows, key=lambda row: row[1:5])
    if connection.dialect.name != "postgresql":  # one writer: what was unknown a moment ago still is
        bulk.insert(connection, subject, columns, ordered)
        return {row[0] for row in ordered}
    return bulk.insert_new(connection, subject, columns, ordered)


def lock_subjects(connection: sa.Connection, ids: Collection[int]) -> dict[int, sa.Row[Any]]:
    """Rows of subjects by id, locked in the order of their ids until the transaction ends."""
    rows = connection.execute(sa.select(subject).where(among(connection, subject.c.id, ids)).order_by(subject.c.id).with_for_update())
    return {row.id: row for row in rows}


def pulled_from(connection: sa.Connection, exchange_ids: Collection[int]) -> dict[int, tuple[str, int]]:
    """Exchange → the flow that asked for it and the page's document, for those that a pull (or a stream) brought. Documents of one flow
    are in the order in which they were asked for."""
    statement = (
        sa.select(exchange.c.id, document.c.flow, document.c.id.label("page"))
        .join_from(exchange, document, exchange.c.document_id == document.c.id)
        .join(watermark, watermark.c.flow == document.c.flow)
        .where(among(connection, exchange.c.id, exchange_ids))
    )
    return {row.id: (row.flow, row.page) for row in connection.execute(statement)}


def replay_roots(connection: sa.Connection, exchange_ids: Collection[int]) -> dict[int, int]:
    """Exchange → first exchange of its replay chain, for those that have one before them."""
    roots: dict[int, int] = {}
    pending = dict(
        connection.execute(
            sa.select(exchange.c.id, exchange.c.origin_id).where(
                among(connection, exchange.c.id, exchange_ids), exchange.c.origin_id.is_not(None)
            )
        ).all()
    )
    while pending:
        before = dict(
            connection.execute(
                sa.select(exchange.c.id, exchange.c.origin_id).where(
                    among(connection, exchange.c.id, set(pending.values())), exchange.c.origin_id.is_not(None)
                )
            ).all()
        )
        roots.update({name: origin for name, origin in pending.items() if origin not in before})
        pending = {name: before[origin] for name, origin in pending.items() if origin in before}
    return roots


def replayed(connection: sa.Connection, roots: Collection[int], before: int) -> list[sa.Row[Any]]:
    """Live applications older than `before`, of exchanges that are or descend from these roots: id, subject_id, organisation_id."""
    chain: set[int] = set(roots)
    edge_of_chain = set(roots)
    while edge_of_chain:
        edge_of_chain = (
            set(connection.execute(sa.select(exchange.c.id).where(among(connection, exchange.c.origin_id, edge_of_chain))).scalars())
            - chain
        )
        chain |= edge_of_chain
    return list(
        connection.execute(
            sa.select(application.c.id, application.c.subject_id, application.c.organisation_id).where(
                among(connection, application.c.exchange_id, chain), application.c.id < before, sa.not_(application.c.retracted)
            )
        )
    )


def retract(uow: UnitOfWork, ids: Collection[int], reason: str) -> None:
    """Take applications out for good: they never stand again. Their effects are withdrawn when their subject is settled."""
    uow.connection.execute(
        application.update()
        .where(among(uow.connection, application.c.id, ids))
        .values(retracted=True, withdrawn_at=uow.now, withdrawn_reason=reason)
    )
    visibility.hide(uow.connection, ids)


def set_standing(uow: UnitOfWork, standing: Collection[int], withdrawn: Collection[int]) -> None:
    """Flag what stands now, and what no longer does because something newer decided."""
    connection = uow.connection
    if standing:
        connection.execute(
            application.update()
            .where(among(connection, application.c.id, standing))
            .values(standing=True, withdrawn_at=None, withdrawn_reason=None, stood_at=uow.now)
        )
    if withdrawn:
        connection.execute(application.update().where(among(connection, application.c.id, withdrawn)).values(standing=False))
        connection.execute(
            application.update()
            .where(among(connection, application.c.id, withdrawn), application.c.withdrawn_at.is_(None))
            .values(withdrawn_at=uow.now, withdrawn_reason="superseded")
        )


def set_subjects(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `state`, `standing_id` and `changes` of subjects (`subject_id` names them)."""
    if rows:
        connection.execute(
            subject.update()
            .where(subject.c.id == sa.bindparam("subject_id"))
            .values(
                state=sa.bindparam("new_state"),
                standing_id=sa.bindparam("new_standing"),
                changes=sa.bindparam("new_changes", type_=subject.c.changes.type),
            ),
            list(rows),
        )


def candidates(connection: sa.Connection, subject_ids: Collection[int]) -> list[sa.Row[Any]]:
    """Live applications of subjects: id, subject_id, exchange_id, purpose, revision, issued_at, standing, and more for effects."""
    return list(
        connection.execute(
            sa.select(application).where(among(connection, application.c.subject_id, subject_ids), sa.not_(application.c.retracted))
        )
    )


def applications(connection: sa.Connection, ids: Collection[int]) -> list[sa.Row[Any]]:
    """Applications by id, in the order of their ids."""
    return list(connection.execute(sa.select(application).where(among(connection, application.c.id, ids)).order_by(application.c.id)))


def lines_of(connection: sa.Connection, ids: Collection[int], columns: Sequence[str]) -> dict[int, list[tuple[Any, ...]]]:
    """Lines of applications, the given columns, by ordinal."""
    found: dict[int, list[tuple[Any, ...]]] = {number: [] for number in ids}
    if ids:
        chosen = [line.c[name] for name in columns]
        statement = (
            sa.select(line.c.application_id, *chosen)
            .where(among(connection, line.c.application_id, ids))
            .order_by(line.c.application_id, line.c.ordinal)
        )
        for number, *values in connection.execute(statement):
            found[number].append(tuple(values))
    return found


def take_effects(uow: UnitOfWork, ids: Collection[int]) -> tuple[list[sa.Row[Any]], set[tuple[int, int, int]]]:
    """Delete movements and edges of applications. Returns the movements as they were, and the ends and kinds of the edges.

    The edges stay in `edge_withdrawn` with the time in which they stood: what was known then can still be asked.
    """
    connection = uow.connection
    movements = list(connection.execute(sa.select(movement).where(among(connection, movement.c.application_id, ids))))
    of_these = among(connection, edge.c.application_id, ids)
    rows = connection.execute(
        sa.select(
            edge.c.src, edge.c.dst, edge.c.kind, edge.c.application_id, edge.c.quantity, edge.c.unit,
            sa.func.coalesce(application.c.stood_at, application.c.recorded_at).label("stood_at"),
        )
        .join(application, application.c.id == edge.c.application_id)
        .where(of_these)
    ).all()  # fmt: skip
    bulk.insert(
        connection,
        edge_withdrawn,
        ("src", "dst", "kind", "application_id", "quantity", "unit", "stood_at", "fell_at"),
        [(*row, uow.now) for row in rows if row.stood_at < uow.now],  # what stood for no time was never known
    )
    connection.execute(movement.delete().where(among(connection, movement.c.application_id, ids)))
    connection.execute(edge.delete().where(of_these))
    return movements, {(row.src, row.dst, row.kind) for row in rows}


def balances_of(connection: sa.Connection, organisation_id: int, items: Collection[int]) -> dict[tuple[Any, ...], Decimal]:
    """Balances of an organisation's items by their key, to see whether an unusually large quantity still fits."""
    rows = connection.execute(
        sa.select(balance).where(balance.c.organisation_id == organisation_id, among(connection, balance.c.item_id, items))
    )
    return {tuple(row)[:-1]: row.quantity for row in rows}


def mark_stale(connection: sa.Connection, marks: Mapping[tuple[str, str, int], int]) -> None:
    """Ask reconcile to look at (kind, key, organisation_id) again; the value is the application that asks.

    `marked` grows with every mark, so that reconcile, which deletes only what it has seen, never loses one that came meanwhile.
    """
    if not marks:
        return
    rows = [(kind, key, owner, marked) for (kind, key, owner), marked in sorted(marks.items())]
    if connection.dialect.name == "postgresql":
        columns = [list(values) for values in zip(*rows, strict=True)]
        texts = [joined(values) for values in columns]
        if None in texts:
            connection.exec_driver_sql(_MARK_ARRAYS, tuple(columns))
        else:
            connection.exec_driver_sql(_MARK_TEXTS, tuple(part for text in texts for part in (text, MARK)))
        return
    connection.exec_driver_sql(
        "INSERT INTO stale (kind, key, organisation_id, marked) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (kind, key, organisation_id) DO UPDATE SET marked = max(marked + 1, excluded.marked)",
        rows,
    )


_MARKS = (
    "INSERT INTO stale (kind, key, organisation_id, marked) SELECT * FROM unnest({}::text[], {}::text[], {}::bigint[], {}::bigint[]) "
    "ON CONFLICT (kind, key, organisation_id) DO UPDATE SET marked = greatest(stale.marked + 1, excluded.marked)"
)
_MARK_ARRAYS = _MARKS.format(*["%s"] * 4)
_MARK_TEXTS = _MARKS.format(*["string_to_array(%s, %s)"] * 4)


def exchange_states(connection: sa.Connection, ids: Collection[int]) -> dict[int, str]:
    """State of exchanges."""
    return dict(connection.execute(sa.select(exchange.c.id, exchange.c.state).where(among(connection, exchange.c.id, ids))).all())


def close_findings(uow: UnitOfWork, rule: str, exchange_ids: Collection[int], reason: str) -> None:
    """Close open findings of a rule on exchanges: what they asked for has come."""
    uow.connection.execute(
        finding.update()
        .where(finding.c.rule == rule, among(uow.connection, finding.c.exchange_id, exchange_ids), finding.c.closed_at.is_(None))
        .values(closed_at=uow.now, closed_by=uow.actor, closed_reason=reason)
    )


def partner_kinds(connection: sa.Connection) -> dict[int, str]:
    """Kind of every partner."""
    return dict(connection.execute(sa.select(partner.c.id, partner.c.kind)).all())


def standing_subjects(connection: sa.Connection, kinds: Sequence[str]) -> list[tuple[int, int]]:
    """Ids and organisations of subjects of these kinds about which something stands."""
    found = sa.select(subject.c.id, subject.c.organisation_id).where(subject.c.kind.in_(kinds), subject.c.standing_id.is_not(None))
    return [(row.id, row.organisation_id) for row in connection.execute(found)]


def partner_keys(connection: sa.Connection) -> dict[int, str]:
    """Key of every partner."""
    return dict(connection.execute(sa.select(partner.c.id, partner.c.key)).all())


def organisation_zones(connection: sa.Connection) -> dict[int, str]:
    """Time zone of every own organisation."""
    return dict(connection.execute(sa.select(organisation.c.id, organisation.c.time_zone)).all())


def master_bodies(connection: sa.Connection, ids: Collection[int]) -> dict[int, Any]:
    """Bodies of master records by application."""
    if not ids:
        return {}
    rows = connection.execute(
        sa.select(master_record.c.application_id, master_record.c.body).where(among(connection, master_record.c.application_id, ids))
    )
    return dict(rows.all())
