"""Statements of cases: what causes say anew, cases as a list, one with its story, and steps that are added."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.store import bulk
from hub.store.case_tables import STANDING, WAITING, case_signature, case_step, steward_case
from hub.store.causes import CAUSES
from hub.store.causes import COLUMNS as SAID
from hub.store.chain import Link
from hub.store.evidence import not_of_others
from hub.store.identity import allocate
from hub.store.lists import among
from hub.store.tables import finding, organisation, partner
from hub.store.types import moment
from hub.store.unit_of_work import HUB, UnitOfWork

COLUMNS = (
    "id", "cause", "cause_id", "cause_key", "kind", "organisation_id", "partner_id", "severity", "rule", "subject", "exchange_id",
    "document_id", "finding_id", "lots", "print", "rank", "state", "owner", "escalated", "times", "due_at", "opened_at", "closed_at",
    "changed_at", "changed_by", "reason",
)  # fmt: skip
_STEP = ("case_id", "ordinal", "at", "actor", "action", "reason", "before", "after")
_OF_ALL = ("difference",)
"""Kinds of nobody's cases that a key of any organisation sees. Duplicates and approvals need one for all, as they do at the registers."""


def fresh(connection: sa.Connection, cause: str, limit: int) -> list[sa.Row[Any]]:
    """Causes that no case has yet."""
    return list(connection.execute(_fresh(cause, limit)))


@cache  # stating it takes longer than asking it, and all causes are asked for whenever anything was told
def _fresh(cause: str, limit: int) -> sa.Select[Any]:
    said = CAUSES[cause].subquery("said")
    return sa.select(said).outerjoin(steward_case, _same(said, cause)).where(steward_case.c.id.is_(None)).limit(limit)


def changed(connection: sa.Connection, cause: str, limit: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Cases whose cause is back after they were closed, or says something else: what it says, and the case."""
    rows = [row._mapping for row in connection.execute(_changed(cause, limit))]
    return [({name: row[f"said_{name}"] for name in SAID}, {name: row[f"of_{name}"] for name in COLUMNS}) for row in rows]


@cache
def _changed(cause: str, limit: int) -> sa.Select[Any]:
    said = CAUSES[cause].subquery("said")
    query = sa.select(
        *(said.c[name].label(f"said_{name}") for name in SAID), *(column.label(f"of_{column.name}") for column in steward_case.c)
    )
    query = query.join(steward_case, _same(said, cause))
    return query.where(sa.or_(steward_case.c.state == "closed", steward_case.c.print != said.c.print)).limit(limit)


def gone(connection: sa.Connection, cause: str, limit: int) -> list[sa.Row[Any]]:
    """Cases whose cause is not there any more."""
    return list(connection.execute(_gone(cause, limit)))


@cache
def _gone(cause: str, limit: int) -> sa.Select[Any]:
    said = CAUSES[cause].subquery("said")
    query = (
        sa.select(steward_case)
        .outerjoin(said, _same(said, cause))
        .where(steward_case.c.cause == cause, sa.text(f"steward_case.{STANDING}"), said.c.cause_id.is_(None))
    )
    return query.limit(limit)


def with_lots(connection: sa.Connection, safety: int, any_lots: bool) -> list[sa.Row[Any]]:
    """Cases that wait and name lots; without `any_lots` only those that are ranked as a matter of safety."""
    query = sa.select(steward_case).where(sa.text(f"steward_case.{WAITING}"), steward_case.c.lots.is_not(None))
    return list(connection.execute(query if any_lots else query.where(steward_case.c.rank == safety)))


def add(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """New cases, each with its first step; members as in `COLUMNS` but `id`."""
    ids = allocate(uow.connection, "steward_case", len(rows))
    bulk.insert(
        uow.connection,
        steward_case,
        COLUMNS,
        [(number, *(row[name] for name in COLUMNS[1:])) for number, row in zip(ids, rows, strict=True)],
    )
    steps = [(number, 1, uow.now, uow.actor, "opened", None, None, {"print": row["print"]}) for number, row in zip(ids, rows, strict=True)]
    bulk.insert(uow.connection, case_step, _STEP, steps)
    return ids


def change(uow: UnitOfWork, case_id: int, values: Mapping[str, Any]) -> None:
    """Give a case other values."""
    uow.connection.execute(sa.update(steward_case).where(steward_case.c.id == case_id).values(**values))


def close(uow: UnitOfWork, rows: Sequence[Any], settled: Mapping[int, int] | None = None) -> None:
    """End cases whose cause is gone, each with its step, in as few statements as can be: there may be thousands.

    `settled`: case → the exchange by which a partner sent again what it is about.
    """
    settled = settled or {}
    ids = among(uow.connection, steward_case.c.id, [row.id for row in rows])
    values = {"state": "closed", "closed_at": uow.now, "changed_at": uow.now, "changed_by": uow.actor, "reason": None}
    uow.connection.execute(sa.update(steward_case).where(ids).values(**values))
    of = among(uow.connection, case_step.c.case_id, [row.id for row in rows])
    query = sa.select(case_step.c.case_id, sa.func.max(case_step.c.ordinal).label("last")).where(of).group_by(case_step.c.case_id)
    last = {row.case_id: row.last for row in uow.connection.execute(query)}
    steps_made = []
    for row in rows:
        by = settled.get(row.id)
        after = {"state": "closed"} if by is None else {"state": "closed", "superseded_by": by}
        ordinal = int(last.get(row.id, 0)) + 1
        steps_made.append((row.id, ordinal, uow.now, uow.actor, "closed", superseded(by), {"state": row.state}, after))
    bulk.insert(uow.connection, case_step, _STEP, steps_made)


def superseded(by: int | None) -> str | None:
    """Why a case ended that what was sent again settles; its Chinese stands in `hub/cases/refusals.yaml`."""
    return None if by is None else f"superseded by exchange {by}"


def step(uow: UnitOfWork, of: int, action: str, reason: str | None, before: Any, after: Any) -> int:
    """Add a step to a case's story; returns its ordinal."""
    last = uow.connection.execute(sa.select(sa.func.max(case_step.c.ordinal)).where(case_step.c.case_id == of)).scalar_one()
    ordinal = int(last or 0) + 1
    bulk.insert(uow.connection, case_step, _STEP, [(of, ordinal, uow.now, uow.actor, action, reason, before, after)])
    return ordinal


def free(uow: UnitOfWork, case_ids: Collection[int]) -> dict[int, sa.Row[Any]]:
    """Cases as they are now, held until the transaction ends; those that somebody acts on at this moment are left for the next time."""
    query = sa.select(steward_case).where(among(uow.connection, steward_case.c.id, sorted(case_ids))).order_by(steward_case.c.id)
    return {row.id: row for row in uow.connection.execute(query.with_for_update(skip_locked=True))}


def of_cause(connection: sa.Connection, cause: str, cause_id: int) -> int | None:
    """The case of a cause that has one only; null where none was opened yet."""
    query = sa.select(steward_case.c.id).where(steward_case.c.cause == cause, steward_case.c.cause_id == cause_id)
    return connection.execute(query).scalar_one_or_none()


def taken(uow: UnitOfWork, case_id: int) -> sa.Row[Any]:
    """A case to be acted on, held until the transaction ends. Raises NotFoundError."""
    row = uow.connection.execute(sa.select(steward_case).where(steward_case.c.id == case_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no case {case_id}")
    return row


def audited(
    uow: UnitOfWork, row: Any, action: str, reason: str | None, before: Any, after: Any, then: Callable[[Link], None] | None = None
) -> None:  # fmt: skip
    """Note in the audit chain what a person did to a case; `then` is told where the entry stands."""
    uow.audit(row.organisation_id or HUB, f"case.{action}", f"case/{row.id}", reason, before, after, then)


def visible(organisations: Collection[int] | None, unowned: bool) -> list[sa.ColumnElement[bool]]:
    """Conditions on `steward_case`: cases of these organisations, what registers say otherwise, and with `unowned` those of nobody.
    What sources of master data disagree about is for keys of all organisations only, as duplicates are.

    What is wrong with an envelope whose messages are all for others is theirs (`evidence.not_of_others`).
    """
    if organisations is None:
        return []
    of_hub = sa.and_(steward_case.c.organisation_id == HUB, steward_case.c.cause != "discrepancy")  # those of all are about master data
    mine = [steward_case.c.organisation_id.in_(organisations), of_hub, steward_case.c.kind.in_(_OF_ALL)]
    if unowned:
        mine += [steward_case.c.organisation_id.is_(None), steward_case.c.organisation_id == HUB]
    others = sa.select(finding.c.id).where(finding.c.id == steward_case.c.finding_id, not_of_others(organisations)).exists()
    return [sa.or_(*mine), sa.or_(steward_case.c.cause != "document", others)]


def listed(
    connection: sa.Connection,
    *,
    organisations: Collection[int] | None = None,
    unowned: bool = True,
    states: Collection[str] | None = None,
    kinds: Collection[str] | None = None,
    rule: str | None = None,
    partner_id: int | None = None,
    owner: str | None = None,
    nobodys: bool = False,
    overdue_at: int | None = None,
    find: str | None = None,
    ids: Collection[int] | None = None,
    after: tuple[int, int, int] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Cases in the order in which they are worked on. `after` are rank, due time and id of the last one of the page before.

    `nobodys`: only those that nobody owns; `overdue_at`: only those due before; `find`: a part of what they are about.
    """
    query = _named(*visible(organisations, unowned))
    for column, value in ((steward_case.c.rule, rule), (steward_case.c.partner_id, partner_id), (steward_case.c.owner, owner)):
        if value is not None:
            query = query.where(column == value)
    if states is not None and set(states) == {"open", "asked"}:
        query = query.where(sa.text(f"steward_case.{WAITING}"))
        states = None
    for column, values in ((steward_case.c.state, states), (steward_case.c.kind, kinds), (steward_case.c.id, ids)):
        if values is not None:
            query = query.where(among(connection, column, sorted(values)))
    if nobodys:
        query = query.where(steward_case.c.owner.is_(None))
    if overdue_at is not None:
        query = query.where(steward_case.c.due_at < overdue_at)
    if find:
        query = query.where(steward_case.c.subject.contains(find, autoescape=True))
    if after is not None:
        order = sa.tuple_(steward_case.c.rank, steward_case.c.due_at, steward_case.c.id)
        query = query.where(order > sa.tuple_(*(sa.literal(value) for value in after)))
    query = query.order_by(steward_case.c.rank, steward_case.c.due_at, steward_case.c.id).limit(limit)
    return [plain(row) for row in connection.execute(query)]


def stored(connection: sa.Connection, case_id: int, organisations: Collection[int] | None = None, unowned: bool = True) -> sa.Row[Any]:
    """A case that is visible. Raises NotFoundError, for what is foreign as for what is unknown."""
    row = connection.execute(_named(*visible(organisations, unowned)).where(steward_case.c.id == case_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no case {case_id}")
    return row


def steps(connection: sa.Connection, case_id: int) -> list[dict[str, Any]]:
    """The story of a case, with signatures as they stand at their steps."""
    on = sa.and_(case_signature.c.case_id == case_step.c.case_id, case_signature.c.ordinal == case_step.c.ordinal)
    names = ("ordinal", "actor", "action", "reason", "before", "after")
    signed = (case_signature.c.signer, case_signature.c.meaning)
    query = sa.select(case_step, *signed).outerjoin(case_signature, on).where(case_step.c.case_id == case_id)
    return [
        {"at": moment(row.at), **{name: getattr(row, name) for name in names}, "signed_by": row.signer, "meaning": row.meaning}
        for row in connection.execute(query.order_by(case_step.c.ordinal))
    ]


def tally(connection: sa.Connection, organisations: Collection[int] | None, unowned: bool, now: int) -> list[dict[str, Any]]:
    """How many cases wait, of each rank and kind, and how many of them are overdue."""
    late = sa.func.sum(sa.case((steward_case.c.due_at < now, 1), else_=0)).label("overdue")
    query = sa.select(steward_case.c.rank, steward_case.c.kind, sa.func.count().label("count"), late)
    query = query.where(sa.text(f"steward_case.{WAITING}"), *visible(organisations, unowned))
    rows = connection.execute(query.group_by(steward_case.c.rank, steward_case.c.kind).order_by(steward_case.c.rank, steward_case.c.kind))
    return [{**row._mapping, "overdue": int(row.overdue)} for row in rows]


def plain(row: Any) -> dict[str, Any]:
    """A row as a plain value."""
    names = (
        "id", "kind", "cause", "cause_key", "severity", "rule", "subject", "exchange_id", "document_id", "finding_id", "rank", "state",
        "owner", "escalated", "times", "changed_by", "reason", "partner", "organisation",
    )  # fmt: skip
    times = {
        name: None if (at := getattr(row, name)) is None else moment(at) for name in ("due_at", "opened_at", "closed_at", "changed_at")
    }
    return {**{name: getattr(row, name) for name in names}, **times}


def _named(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(steward_case, partner.c.key.label("partner"), organisation.c.key.label("organisation"))
        .outerjoin(partner, partner.c.id == steward_case.c.partner_id)
        .outerjoin(organisation, organisation.c.id == steward_case.c.organisation_id)
        .where(*conditions)
    )


def _same(said: Any, cause: str) -> sa.ColumnElement[bool]:
    return sa.and_(steward_case.c.cause == cause, steward_case.c.cause_id == said.c.cause_id, steward_case.c.cause_key == said.c.cause_key)
