"""What people decide of master data: asked for with a reason, approved by a second person where the rules say so, then carried out.

    merge      two source records, and all that is one with them, are one thing
    unmerge    one source record is taken out of its golden record; those that stay stay together
    different  two source records are not the same, whatever they look like
    value      a field of a source record is so; `verified` puts this first. Dated by `from_on` where it holds from a day
    release    such a word is taken back
    place      a place belongs where it is said to (`places`)

Nothing is changed or deleted by any of them: source records stay as they came, decisions are added, and the golden record is made anew
from both. Documents, stock, lots and orders name things as their senders do and find them by the crosswalk, so that all of them follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.masterdata import places, suspects, words
from hub.masterdata.clusters import DIFFERENT, SAME, Pair, Source, pair_of, verdicts_for
from hub.masterdata.golden import shared_by
from hub.masterdata.renew import Neighbourhood, around
from hub.masterdata.settings import Rules
from hub.masterdata.survivorship import blank
from hub.store import decisions, discrepancies, facts
from hub.store import golden as store
from hub.store import suspects as cases
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork

Answer = Literal["same", "different", "later"]
ACTIONS = ("merge", "unmerge", "different", "value", "release", "place")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: sources by system and code. `key` is the credential of whoever asks; null at the machine itself."""

    kind: str
    action: str
    source: Source
    reason: str
    other: Source | None = None
    field: str | None = None
    value: Any = None
    from_on: str | None = None
    key: int | None = None

    @property
    def said(self) -> dict[str, Any]:
        """As it is kept."""
        said: dict[str, Any] = {"source": list(self.source)}
        if self.other is not None:
            said["other"] = list(self.other)
        for name in ("field", "value", "from_on"):
            if getattr(self, name) is not None:
                said[name] = getattr(self, name)
        return said


def ask(uow: UnitOfWork, asked: Asked, rules: Rules, impact: Mapping[str, Any] | None = None) -> tuple[int, str]:
    """Ask for a decision; returns its id and state: `done`, or `waiting` for a second person.

    Raises NotFoundError for records that do not stand, ConflictError for what cannot be, and WordError for a value that no record could
    state (`words`). The caller reconciles afterwards.
    """
    if not asked.reason.strip():
        raise ConflictError("a decision needs a reason")
    discrepancies.take_turn(uow)
    near, asked = _checked(uow, asked)
    number = decisions.add_request(uow, asked.kind, asked.action, asked.said, impact or {}, asked.reason, asked.key)
    if rules.needs_approval(asked.kind, asked.action, asked.field):
        return number, "waiting"
    _carry_out(uow, number, near, asked, rules)
    decisions.end_request(uow, number, "done", None, asked.key)
    return number, "done"


def approve(uow: UnitOfWork, request_id: int, reason: str | None, key: int | None, rules: Rules) -> None:
    """Approve and carry out what somebody else asked for. Raises ConflictError for the same key, or the same name, or where it can no
    longer be."""
    discrepancies.take_turn(uow)
    row = decisions.waiting_request(uow, request_id)
    if (key is not None and key == row.asked_key) or uow.actor == row.asked_by:
        raise ConflictError(f"request {request_id} must be approved by somebody else than {row.asked_by}")
    near, asked = _checked(uow, asked_of(row))
    _carry_out(uow, request_id, near, asked, rules)
    decisions.end_request(uow, request_id, "done", reason, key)


def refuse(uow: UnitOfWork, request_id: int, reason: str, key: int | None) -> None:
    """Refuse what was asked for, or take it back: whoever asked may do that too."""
    if not reason.strip():
        raise ConflictError("a decision needs a reason")
    decisions.waiting_request(uow, request_id)
    decisions.end_request(uow, request_id, "refused", reason, key)


def settle(
    uow: UnitOfWork,
    suspect_id: int,
    answer: Answer,
    reason: str,
    rules: Rules,
    key: int | None = None,
    impact: Mapping[str, Any] | None = None,
) -> tuple[int | None, str]:
    """Decide a case: `same` merges, `different` is remembered, `later` puts it aside. Returns the request that came of it and its state:
    done, or waiting for a second person.

    Raises NotFoundError, and ConflictError for what cannot be.
    """
    if not reason.strip():
        raise ConflictError("a decision needs a reason")
    discrepancies.take_turn(uow)
    row = cases.taken(uow, suspect_id)
    if row.state in ("same", "different", "gone"):
        raise ConflictError(f"suspect {suspect_id} is {row.state} already")
    if answer == "later":
        cases.change(uow, row, reason, state="later")
        return None, "done"
    one, other = cases.pair(row)
    action = "merge" if answer == "same" else "different"
    return ask(uow, Asked(row.kind, action, one, reason, other, key=key), rules, impact)


def asked_of(row: sa.Row[Any]) -> Asked:
    """A stored request as it was asked."""
    said = row.said
    return Asked(
        kind=row.kind,
        action=row.action,
        source=(said["source"][0], said["source"][1]),
        reason=row.reason,
        other=(said["other"][0], said["other"][1]) if "other" in said else None,
        field=said.get("field"),
        value=said.get("value"),
        from_on=said.get("from_on"),
        key=row.asked_key,
    )


# --- what cannot be ----------------------------------------------------------------------------------------------------
def _checked(uow: UnitOfWork, asked: Asked) -> tuple[Neighbourhood, Asked]:
    """All that must be looked at for a decision which can be, and the decision with its value as records keep it."""
    if asked.action not in ACTIONS or (asked.kind == places.KIND) != (asked.action == "place"):
        raise ConflictError(f"{asked.action} is nothing that can be decided of a {asked.kind}")
    if asked.kind == places.KIND:
        places.check(uow.connection, asked.source[1], asked.value, asked.from_on, moment(uow.now).date())
        return Neighbourhood(asked.kind), asked
    near = around(uow.connection, asked.kind, {asked.source, *([asked.other] if asked.other else [])})
    _CHECKS[asked.action](near, asked)
    if asked.action == "value":
        body = min(near.of({asked.source}), key=lambda record: record.order).body
        value = words.judged(asked.kind, str(asked.field), asked.value, body, moment(uow.now).date())
        own = {record.subject_id for record in near.of(set(near.cluster(asked.source)))}
        words.free(uow.connection, asked.kind, str(asked.field), value, own)
        asked = replace(asked, value=value)
    return near, asked


def _standing(near: Neighbourhood, source: Source) -> None:
    if not near.of({source}):
        raise NotFoundError(f"there is no {near.kind} {source[1]} of {source[0]}")


def _check_pair(near: Neighbourhood, asked: Asked) -> None:
    _standing(near, asked.source)
    if asked.other is None or asked.other == asked.source:
        raise ConflictError("name two records")
    _standing(near, asked.other)


def _check_merge(near: Neighbourhood, asked: Asked) -> None:
    _check_pair(near, asked)
    assert asked.other is not None
    mine, theirs = near.cluster(asked.source), near.cluster(asked.other)
    if asked.other in mine:
        raise ConflictError(f"{asked.source[1]} and {asked.other[1]} are one {near.kind} already")
    if near.kind == "item":
        units = {str(record.body.get("base_unit")) for record in near.of({*mine, *theirs})}
        if len(units) > 1:
            raise ConflictError(f"items are counted in one unit, and these in {', '.join(sorted(units))}; mend that in the systems first")
    things = {record.thing for record in near.of({*mine, *theirs})}
    if len(things) > 1:
        raise ConflictError(f"they are of {' and '.join(sorted(things))}; merge these first")


def _check_unmerge(near: Neighbourhood, asked: Asked) -> None:
    _standing(near, asked.source)
    if len(near.cluster(asked.source)) < 2:
        raise ConflictError(f"{asked.source[1]} of {asked.source[0]} stands alone")


def _check_different(near: Neighbourhood, asked: Asked) -> None:
    _check_pair(near, asked)
    if asked.other in near.cluster(asked.source):
        raise ConflictError(f"they are one {near.kind}; take one of them out (unmerge)")


def _check_word(near: Neighbourhood, asked: Asked) -> None:
    _standing(near, asked.source)
    if not asked.field or (asked.action == "value" and blank(asked.value)):
        raise ConflictError("name a field and its value")


_CHECKS: Mapping[str, Callable[[Neighbourhood, Asked], None]] = {
    "merge": _check_merge,
    "unmerge": _check_unmerge,
    "different": _check_different,
    "value": _check_word,
    "release": _check_word,
}


# --- what is done ------------------------------------------------------------------------------------------------------
def _carry_out(uow: UnitOfWork, number: int, near: Neighbourhood, asked: Asked, rules: Rules) -> None:
    if asked.kind == places.KIND:
        places.put(uow, number, asked.source[1], asked.value, asked.from_on)
        return
    if asked.action in ("value", "release"):
        assert asked.field is not None
        value = asked.value if asked.action == "value" else None
        decisions.add_word(uow, number, near.kind, asked.source, asked.field, value, asked.from_on, uow.actor, asked.reason)
    else:
        said = _verdicts(near, asked)
        decisions.add_verdicts(uow, number, near.kind, said)
        near.verdicts |= said
        for pair, verdict in said.items():
            if verdict == DIFFERENT:
                suspects.answered(uow, near, pair, rules, asked.reason)
        suspects.follow(uow, near, near.codes, asked.reason)
        after = [[*one, *other, verdict] for (one, other), verdict in sorted(said.items())]
        uow.audit(0, f"{near.kind}.{_DONE[asked.action]}", f"request/{number}", asked.reason, after=after)
    facts.mark_stale(uow.connection, store.subjects_of(uow.connection, near.kind, near.codes))


_DONE = {"merge": "merged", "unmerge": "unmerged", "different": "told_apart"}


def _verdicts(near: Neighbourhood, asked: Asked) -> dict[Pair, str]:
    """The verdicts by which exactly what was asked for becomes true, and nothing else moves."""
    partition = near.partition()
    wanted = dict(partition)
    said = dict(near.verdicts)
    own: dict[Pair, str] = {}
    if asked.action == "unmerge":
        rest = [other for other, whole in partition.items() if whole == partition[asked.source] and other != asked.source]
        wanted |= {asked.source: asked.source} | {other: min(rest) for other in rest}
        own = {pair_of(asked.source, other): DIFFERENT for other in rest}
    else:
        assert asked.other is not None
        own = {pair_of(asked.source, asked.other): SAME if asked.action == "merge" else DIFFERENT}
        if asked.action == "merge":
            whole = min(partition[asked.source], partition[asked.other])
            both = {partition[asked.source], partition[asked.other]}
            wanted = {other: whole if label in both else label for other, label in partition.items()}
    return own | verdicts_for(shared_by(near.kind, near.records), wanted, said | own)
