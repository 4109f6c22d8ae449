"""What people do about a case: each with who, when, why, before and after, in the case's story and in the audit chain.

correct    a new version of the message with the reason; the original stays, the new exchange names it
accept     it may stay as it is: findings are closed, what is held stays held, a difference is dismissed, a duplicate is left for later;
           what a flow wants to tell is approved
ask        the partner, in writing; optionally by its route of notices
note       what somebody said, the partner's answer among it
assign, escalate     to whom, and one rank up
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa

from data_contracts.errors import ConflictError, HubError, RefusedError
from data_contracts.source import Message
from hub import exchange, pipeline, stewardship
from hub.cases import demanded, signatures
from hub.cases.kinds import named
from hub.cases.signatures import Signer
from hub.content import Reading, rows_at, said_by
from hub.registers.settle import settle as settle_differences
from hub.runtime import Hub
from hub.store import approvals, blobs, cases, evidence, outbox
from hub.store.case_tables import steward_case
from hub.store.causes import findings_of
from hub.store.lists import among
from hub.store.tables import exchange as exchange_table
from hub.store.tables import finding
from hub.store.types import micros, moment
from hub.store.unit_of_work import UnitOfWork

_HOUR = 3_600_000_000
_MASTER = ("difference", "suspect")
"""Causes that are decided in the registers of master data, by whoever may decide there."""
_DECIDED = (*_MASTER, "request")
"""Causes about master data: only who decides on these says whose they are, how urgent, and what was said."""
_STEWARDS = "a steward or an administrator decides on master data"
_RELEASERS = "a steward or an administrator approves what goes out"
_json = msgspec.json.Encoder(order="deterministic").encode
_EVERY = re.compile(r"^(\w+)\[\*\]")


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts, and whose cases that person may see; null: all."""

    label: str
    organisations: Collection[int] | None = None
    unowned: bool = True
    key: int | None = None
    """The credential; null: somebody at the machine."""
    decides: bool = True
    """Whether that person decides on master data: a steward or an administrator."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case of a selection."""

    case: int | None
    """Null: it was done to a message that is no case."""
    done: bool
    error: str | None = None
    exchange: int | None = None
    """The message, where it is no case."""


def assign(hub: Hub, case_id: int, who: Who, owner: str | None, reason: str) -> None:
    """Say whose a case is; null: nobody's. Raises NotFoundError, ConflictError."""
    with _acting(hub, case_id, who, reason) as act:
        act.done("assigned", {"owner": act.row.owner}, {"owner": owner}, owner=owner)


def note(hub: Hub, case_id: int, who: Who, reason: str) -> None:
    """Write down what somebody said; what was asked is open again with it."""
    with _acting(hub, case_id, who, reason) as act:
        state = "open" if act.row.state == "asked" else act.row.state
        act.done("noted", {"state": act.row.state}, {"state": state}, state=state)


def escalate(hub: Hub, case_id: int, who: Who, to: str, reason: str) -> None:
    """Give a case to somebody who can decide more, one rank up (never into safety by that), due in half of the time that is left."""
    if not to.strip():
        raise ConflictError("say to whom it is escalated")
    with _acting(hub, case_id, who, reason) as act:
        row = act.row
        rank = row.rank if row.rank <= 2 else row.rank - 1
        due = row.due_at - max(0, row.due_at - act.uow.now) // 2
        before = {"owner": row.owner, "rank": named(row.rank), "due": moment(row.due_at).isoformat()}
        after = {"owner": to, "rank": named(rank), "due": moment(due).isoformat()}
        act.done("escalated", before, after, owner=to, rank=rank, due_at=due, escalated=row.escalated + 1)


def ask(hub: Hub, case_id: int, who: Who, text: str, answer_by: datetime | None = None, send: bool = False) -> None:
    """Ask the partner. The text is kept, the case waits for the answer; with `send` it leaves by the partner's route of notices.

    Raises ConflictError where no partner is concerned, or it has no such route.
    """
    with _acting(hub, case_id, who, text) as act:
        row, uow = act.row, act.uow
        if row.partner_id is None:
            raise ConflictError(f"case {case_id} concerns no partner that could be asked")
        due = micros(answer_by) if answer_by is not None else uow.now + hub.site.cases.ask_hours * _HOUR
        after: dict[str, Any] = {"state": "asked", "partner": hub.registry.partner_key(row.partner_id), "due": moment(due).isoformat()}
        ordinal = act.done("asked", {"state": row.state, "due": moment(row.due_at).isoformat()}, after, state="asked", due_at=due)
        if send:
            _send(hub, uow, row, ordinal, text, moment(due))


def accept(hub: Hub, case_id: int, who: Who, reason: str, signature: Signer | None = None, follow: bool = True) -> None:
    """It may stay as it is. `follow`: cases are made to follow at once; `in_bulk` does so once for all.

    Raises ConflictError for what a second person must approve: that is decided at the request itself; RefusedError for differences and
    duplicates where the person does not decide on master data.
    """
    with hub.database.read() as connection:
        row = cases.stored(connection, case_id, who.organisations, who.unowned)
        signed = demanded.of_case(connection, hub.site.cases, row, "accept")
    if row.cause == "request":
        raise ConflictError("a request for master data is approved or refused by a second person, at the request")
    if row.cause in _MASTER and not who.decides:
        raise RefusedError(_STEWARDS)
    if row.cause == "release" and not who.decides:
        raise RefusedError(_RELEASERS)
    _must_sign(row, signed, who, signature)
    if row.cause in _MASTER:
        _reasoned(reason)

        def also(uow: UnitOfWork) -> None:
            _step(uow, cases.taken(uow, case_id), "accepted", reason, {"state": row.state}, {"state": "accepted"}, signature)

        if row.cause == "difference":
            settle_differences(hub, [row.cause_id], "dismiss", who.label, reason, also)
        else:
            stewardship.answer(hub, row.cause_id, "later", reason, who.label, who.key, also)
    else:
        with _acting(hub, case_id, who, reason, signature) as act:
            found = findings_of(act.uow.connection, act.row)
            if act.row.cause not in ("held", "discrepancy"):
                evidence.close_findings(act.uow, found, reason)
            after = {"state": "accepted", "print": act.row.print, "exchange": act.row.exchange_id, "findings": found}
            if act.row.cause == "release":
                approvals.decide(act.uow, act.row.cause_id, "approved", reason)
                after |= approvals.told_of(act.uow.connection, act.row.cause_id)
            act.done("accepted", {"state": act.row.state}, after, state="accepted")
    if follow:
        pipeline.cases(hub)


def correct(
    hub: Hub, case_id: int, who: Who, fields: Mapping[str, Any], reason: str, signature: Signer | None = None,
    together: Reading | None = None,
) -> int:  # fmt: skip
    """A new version of the message that the case is about; returns its exchange. `lines[*].unit` means every row that the case is about.
    `together`: one of many cases (`in_bulk`), which read each document once, and after which what follows is derived once.

    Raises ConflictError where the case is about no message that can be corrected, or the new version is wrong still.
    """
    if together is not None and _moved_on(hub, case_id):  # by what was done to another case of the same message in this go
        pipeline.cases(hub)
    with hub.database.read() as connection:
        row = cases.stored(connection, case_id, who.organisations, who.unowned)
        if row.cause not in ("held", "rows") or row.exchange_id is None or row.state == "closed":
            raise ConflictError(f"case {case_id} is about no message that can be corrected here: the partner must send it again right")
        said, message = said_by(hub, connection, row.exchange_id, together)
        entity = said.whole
        if entity is None:
            raise ConflictError(f"exchange {row.exchange_id} has no readable content")
        given = spread(fields, rows_of(connection, row, entity, message))
        signed = demanded.of_case(connection, hub.site.cases, row, "correct")
    _must_sign(row, signed, who, signature)

    def also(uow: UnitOfWork, new: int) -> None:
        before = {"exchange": row.exchange_id, "fields": {path: _value(entity, path) for path in given}}
        taken = cases.taken(uow, case_id)
        keys = uow.connection.execute(sa.select(exchange_table.c["keys"]).where(exchange_table.c.id == new)).scalar_one()
        if taken.state == "closed" or keys["corrects"] != row.exchange_id:
            raise ConflictError(f"case {case_id} has changed meanwhile: look at it again")
        _step(uow, taken, "corrected", reason, before, {"exchange": new, "fields": dict(given)}, signature)

    made = exchange.correct(hub, row.exchange_id, given, who.label, reason, also, signature is not None, together)
    if together is None:
        pipeline.reconcile(hub)
    return made


def _moved_on(hub: Hub, case_id: int) -> bool:
    """Whether the message of a case was replayed or corrected, and the case does not know of it yet."""
    with hub.database.read() as connection:
        query = sa.select(exchange_table.c.state).join(steward_case, steward_case.c.exchange_id == exchange_table.c.id)
        waits = query.where(steward_case.c.id == case_id, steward_case.c.state != "closed")
        return connection.execute(waits).scalar_one_or_none() == "superseded"


def in_bulk(hub: Hub, case_ids: Sequence[int], work: Callable[[int], object]) -> list[Outcome]:
    """The same of many cases, each for itself: what one of them forbids is told and holds no other up.

    What follows of all of it is derived once, at the end: `work` accepts without `follow`, and corrects `together`.
    """
    out = []
    for case_id in dict.fromkeys(case_ids):
        try:
            work(case_id)
        except RefusedError as error:
            out.append(Outcome(case_id, False, str(error)))
        except HubError as error:
            out.append(Outcome(case_id, False, f"{type(error).__name__}: {error}"))
        else:
            out.append(Outcome(case_id, True))
    if any(one.done for one in out):
        pipeline.reconcile(hub)
    return out


def rows_of(connection: sa.Connection, row: Any, whole: Mapping[str, Any], message: Message) -> dict[str, list[int]]:
    """Member and indexes of the rows that a case's findings are about.

    Rules place what they find by the canonical path (`lines[10].unit`), mapping by where the source has it (the record at a position,
    `row[11]/Unit` in a table): that is a row of what was mapped of that record.
    """
    found: set[tuple[str, int]] = set()
    positions = set()
    query = sa.select(finding.c.place).where(among(connection, finding.c.id, findings_of(connection, row)))
    for place in connection.execute(query).scalars():
        member, mark, rest = str((place or {}).get("path") or "").partition("[")
        index = rest.partition("]")[0]
        if mark and index.isdigit() and isinstance(whole.get(member), list):
            found.add((member, int(index)))
        elif (position := (place or {}).get("position")) is not None:
            positions.add(position)
    found |= rows_at(whole, message, positions)
    members = {member for member, _ in found}
    return {member: sorted(index for of, index in found if of == member) for member in sorted(members)}


def spread(fields: Mapping[str, Any], rows: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """Fields with `[*]` for every row of a case written out.

    >>> spread({"lines[*].unit": "EA"}, {"lines": [0, 4]})
    {'lines[0].unit': 'EA', 'lines[4].unit': 'EA'}
    """
    out: dict[str, Any] = {}
    for path, value in fields.items():
        every = _EVERY.match(path)
        if every is None:
            out[path] = value
            continue
        for index in rows.get(every[1], ()):
            out[f"{every[1]}[{index}]{path[every.end() :]}"] = value
    if not out:
        raise ConflictError("no field is named that the case is about")
    return out


class _Act:
    """One step in its transaction."""

    def __init__(self, uow: UnitOfWork, row: Any, reason: str, signature: Signer | None) -> None:
        self.uow, self.row, self.reason, self.signature = uow, row, reason, signature

    def done(self, action: str, before: Any, after: Any, **values: Any) -> int:
        """Note it, and give the case what it has now."""
        changed = {"changed_at": self.uow.now, "changed_by": self.uow.actor, "reason": self.reason, **values}
        cases.change(self.uow, self.row.id, changed)
        return _step(self.uow, self.row, action, self.reason, before, after, self.signature)


@contextmanager
def _acting(hub: Hub, case_id: int, who: Who, reason: str, signature: Signer | None = None) -> Iterator[_Act]:
    """A transaction on a case that waits for somebody. Raises NotFoundError; ConflictError for one that is closed, or without a reason."""
    _reasoned(reason)
    with hub.database.read() as connection:
        cases.stored(connection, case_id, who.organisations, who.unowned)
    with hub.database.begin(who.label) as uow:
        row = cases.taken(uow, case_id)
        if row.cause in _DECIDED and not who.decides:
            raise RefusedError(_STEWARDS)
        if row.state == "closed":
            raise ConflictError(f"case {case_id} is closed: what it was about is settled")
        yield _Act(uow, row, reason, signature)


def _step(uow: UnitOfWork, row: Any, action: str, reason: str, before: Any, after: Any, signature: Signer | None) -> int:
    ordinal = cases.step(uow, row.id, action, reason, before, after)
    signed = None if signature is None else signatures.sign(uow, row.id, ordinal, signature)
    if signed is None or signature is None:
        cases.audited(uow, row, action, reason, before, after)
    else:
        told = {**after, "signed": signed.hex(), "meaning": signature.meaning}
        cases.audited(uow, row, action, reason, before, told, partial(signatures.seal, uow, row.id, ordinal, signed))
    return ordinal


def record_step(uow: UnitOfWork, case_id: int, action: str, reason: str, before: Any, after: Any, signature: Signer | None) -> None:
    """Note in a case's story, and in the audit chain, what was done about it by other means."""
    _step(uow, cases.taken(uow, case_id), action, reason, before, after, signature)


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise ConflictError("a reason is needed: it is kept in the audit trail")


def _must_sign(row: Any, needed: bool, who: Who, signature: Signer | None) -> None:
    """Whoever must sign does, and nobody signs for another."""
    if signature is None and needed:
        raise ConflictError(f"case {row.id}: this needs your electronic signature")
    if signature is not None and signature.name != who.label:
        raise RefusedError("a person signs with the own name only")


def _send(hub: Hub, uow: UnitOfWork, row: Any, ordinal: int, text: str, answer_by: datetime) -> None:
    key = hub.registry.partner_key(row.partner_id)
    route = dict(hub.site.partners[key].notices)
    if route.get("use") == "response":
        raise ConflictError(f"{key} has no route for notices: ask by telephone or mail, and leave `send` out")
    said = {"message": "question", "case": row.id, "about": row.subject, "rule": row.rule, "text": text, "answer_by": answer_by.isoformat()}
    sha256, _ = blobs.keep(uow.connection, uow.home, _json(said))
    organisation = row.organisation_id or min(hub.registry.organisations.values())
    name = outbox.file_name(f"question_{row.id}_{ordinal}.json")
    parcel = outbox.Parcel(
        f"case-question/{row.id}/{ordinal}", organisation, row.partner_id, "event", route, name, "application/json", sha256
    )
    outbox.put(uow, parcel)


def _value(entity: Mapping[str, Any], path: str) -> Any:
    """What stands at a path now, as text; null where nothing does."""
    at: Any = entity
    for name in re.findall(r"\w+", path):
        if isinstance(at, list):
            at = at[int(name)] if name.isdigit() and int(name) < len(at) else None
        else:
            at = at.get(name) if isinstance(at, Mapping) else None
    return None if at is None else str(at)


__all__ = [
    "Outcome",
    "Who",
    "accept",
    "ask",
    "assign",
    "correct",
    "escalate",
    "in_bulk",
    "note",
    "record_step",
    "rows_of",
    "spread",
]
