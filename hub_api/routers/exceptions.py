"""Exceptions: cases, one work list of what a person must decide. Own people see those of their organisations; partners see none."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hub.cases import acts, fixes, signatures
from hub.cases.acts import Who
from hub.cases.kinds import LISTED
from hub.cases.kinds import named as named_rank
from hub.cases.shown import shown, worded
from hub.cases.signatures import Signer
from hub.content import Reading
from hub.runtime import Hub
from hub.store import cases
from hub.store.credentials import Caller
from hub.store.types import micros
from hub_api.case_schemas import (
    Accepting,
    Act,
    Asking,
    Assigning,
    Bulk,
    BulkOutcome,
    Case,
    CaseCorrection,
    CaseRow,
    CaseTally,
    Escalating,
    FixDone,
    Fixing,
    FreedMessage,
    KindOf,
    Noting,
    Previewing,
    Signing,
    SigningSecret,
    StateOf,
)
from hub_api.dependencies import Id, LanguageDependency, conditional, render
from hub_api.errors import ProblemError, problems
from hub_api.languages import language_of
from hub_api.paging import Cursor, Limit, Page, after_key, encode
from hub_api.routers.views import need_all
from hub_api.security import DECIDERS, HubDependency, Mender, Staff, sees_all

router = APIRouter(prefix="/v1/exceptions", tags=["exceptions"])
_READING = problems(400, 401, 403, 422, 429)
_ONE = problems(401, 403, 404, 422, 429)
_ACTING = problems(401, 403, 404, 409, 422, 429, 503, s409="It is closed, its kind or state forbids it, or a signature is missing.")


@router.get("", summary="List cases", response_model=Page[CaseRow], responses=_READING)
def list_cases(
    hub: HubDependency,
    caller: Staff,
    language: LanguageDependency,
    state: Annotated[list[StateOf] | None, Query(description="Repeatable; those that wait (open, asked) if left out.")] = None,
    kind: Annotated[list[KindOf] | None, Query(description="Repeatable.")] = None,
    rule: Annotated[str | None, Query(description="E.g. GS1-01.", max_length=40)] = None,
    partner: Annotated[str | None, Query(description="Key of the partner that is concerned.", max_length=200)] = None,
    owner: Annotated[str | None, Query(description="Whose they are.", max_length=200)] = None,
    unassigned: Annotated[bool, Query(description="Only those that nobody owns.")] = False,
    overdue: Annotated[bool, Query(description="Only those that are past their due time.")] = False,
    find: Annotated[str | None, Query(description="A part of what they are about: a number, a lot, an item.", max_length=200)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """In the order in which they are worked on: safety, what blocks supply, then the rest; within that by due time."""
    after = _after(cursor)
    who = _who(hub, caller)
    named = None if partner is None else hub.registry.partners.get(partner, 0)
    with hub.database.read() as connection:
        rows = cases.listed(
            connection,
            organisations=who.organisations,
            unowned=who.unowned,
            states=state or LISTED,
            kinds=kind,
            rule=rule,
            partner_id=named,
            owner=owner,
            nobodys=unassigned,
            overdue_at=micros(hub.clock.now()) if overdue else None,
            find=find,
            after=after,
            limit=limit + 1,
        )
        told = worded(connection, rows[:limit], language)
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = encode(f"{last['rank']}/{micros(last['due_at'])}/{last['id']}")
    return render({"items": told, "next": following})


@router.get("/summary", summary="How many cases wait", response_model=list[CaseTally], responses=problems(401, 403, 429))
def summary(hub: HubDependency, caller: Staff) -> Response:
    """Those that wait, by rank and kind, and how many of them are overdue."""
    who = _who(hub, caller)
    with hub.database.read() as connection:
        rows = cases.tally(connection, who.organisations, who.unowned, micros(hub.clock.now()))
    return render([{**row, "rank": named_rank(row["rank"])} for row in rows])


@router.get("/{case_id}", summary="Show a case", response_model=Case, responses=_ONE)
def show_case(case_id: Id, request: Request, hub: HubDependency, caller: Staff, language: LanguageDependency) -> Response:
    """With its findings and their places, what others say, its story, and whether its signatures hold."""
    with hub.database.read() as connection:
        return conditional(request, shown(hub, connection, case_id, _who(hub, caller), language))


@router.post("/{case_id}/assign", summary="Assign", response_model=Case, responses=_ACTING)
def assign(case_id: Id, given: Assigning, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Say whose it is; null gives it back to everybody."""
    acts.assign(hub, case_id, _who(hub, caller), given.owner, given.reason)
    return _now(request, hub, caller, case_id)


@router.post("/{case_id}/note", summary="Note", response_model=Case, responses=_ACTING)
def note(case_id: Id, given: Noting, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Write down what somebody said. A case that was asked is open again with the answer."""
    acts.note(hub, case_id, _who(hub, caller), given.reason)
    return _now(request, hub, caller, case_id)


@router.post("/{case_id}/escalate", summary="Escalate", response_model=Case, responses=_ACTING)
def escalate(case_id: Id, given: Escalating, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Give it to somebody who can decide more: one rank up, due in half of the time that is left."""
    acts.escalate(hub, case_id, _who(hub, caller), given.to, given.reason)
    return _now(request, hub, caller, case_id)


@router.post("/{case_id}/ask", summary="Ask the partner", response_model=Case, responses=_ACTING)
def ask(case_id: Id, given: Asking, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Keep the question and wait for the answer; with `send` it leaves by the partner's route of notices."""
    acts.ask(hub, case_id, _who(hub, caller), given.text, given.answer_by, given.send)
    request.app.state.wake.set()
    return _now(request, hub, caller, case_id)


@router.post("/{case_id}/accept", summary="Accept with a comment", response_model=Case, responses=_ACTING)
def accept(case_id: Id, given: Accepting, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """It may stay as it is. It is open again when its cause says something else."""
    acts.accept(hub, case_id, _who(hub, caller), given.reason, _signer(hub, caller, given.signature))
    return _now(request, hub, caller, case_id)


@router.post("/{case_id}/correct", summary="Correct the message", response_model=Case, responses=_ACTING)
def correct(case_id: Id, given: CaseCorrection, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """A new version beside the original. `lines[*].unit` means every row that the case is about."""
    acts.correct(hub, case_id, _who(hub, caller), given.fields, given.reason, _signer(hub, caller, given.signature))
    request.app.state.wake.set()
    return _now(request, hub, caller, case_id)


@router.post("/bulk", summary="The same for a selection", response_model=list[BulkOutcome], responses=_ACTING)
def bulk(given: Bulk, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Each case for itself, with its own entry in the audit trail: what one of them forbids is told and holds no other up."""
    who, act, reading = _who(hub, caller), given.act, Reading()
    signature = _signer(hub, caller, act.signature) if isinstance(act, Accepting | CaseCorrection) else None

    def one(case_id: int) -> None:
        _do(hub, case_id, who, act, signature, reading)

    outcomes = acts.in_bulk(hub, given.cases, one)
    request.app.state.wake.set()
    return render([{"case": out.case, "done": out.done, "error": out.error} for out in outcomes])


@router.post("/preview", summary="What a mended map or code list would free", response_model=list[FreedMessage], responses=_ACTING)
def preview(given: Previewing, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Reads every message that waits again with the change, and those applied that rest on a meaning of a code list which it changes.
    Nothing is stored."""
    return render([_freed(one) for one in fixes.preview(hub, _fix(hub, given), _who(hub, caller), language_of(request))])


@router.post("/fix", summary="Mend a map or code list", response_model=FixDone, responses=_ACTING)
def fix(given: Fixing, request: Request, hub: HubDependency, caller: Mender) -> Response:
    """Change the file in the site and replay what is freed, each linked to its original."""
    need_all(hub, caller)  # a file of the site reads documents of every organisation
    signature = _signer(hub, caller, given.signature)
    freed, outcomes = fixes.apply(hub, _fix(hub, given), _who(hub, caller), given.reason, given.cases, signature, given.replay or ())
    request.app.state.wake.set()
    done = [{"case": out.case, "exchange": out.exchange, "done": out.done, "error": out.error} for out in outcomes]
    return render({"freed": [_freed(one) for one in freed], "outcomes": done})


@router.post("/signing", summary="Set your signing secret", response_model=SigningSecret, responses=_ACTING)
def set_signing_secret(given: SigningSecret, hub: HubDependency, caller: Mender) -> Response:
    """The second component of your signature. Who has one already gives it as `current`. The answer holds no secret."""
    signatures.set_secret(hub, caller.label, given.secret or "", caller.label, given.current)
    return render({"secret": None, "current": None, "signer": caller.label})


def _do(hub: Hub, case_id: int, who: Who, act: Act, signature: Signer | None, reading: Reading) -> None:
    if isinstance(act, CaseCorrection):
        acts.correct(hub, case_id, who, act.fields, act.reason, signature, reading)
    elif isinstance(act, Accepting):
        acts.accept(hub, case_id, who, act.reason, signature, follow=False)
    elif isinstance(act, Asking):
        acts.ask(hub, case_id, who, act.text, act.answer_by, act.send)
    elif isinstance(act, Escalating):
        acts.escalate(hub, case_id, who, act.to, act.reason)
    elif isinstance(act, Assigning):
        acts.assign(hub, case_id, who, act.owner, act.reason)
    else:
        acts.note(hub, case_id, who, act.reason)


def _fix(hub: Hub, given: Previewing) -> fixes.Fix:
    if given.kind == "codes" and given.meanings is not None:
        return fixes.with_codes(hub, given.name, given.meanings)
    return fixes.Fix(given.kind, given.name, given.text or "")


def _freed(one: fixes.Freed) -> dict[str, object]:
    return {
        "exchange": one.exchange,
        "document": one.document,
        "subject": one.subject,
        "partner": one.partner,
        "cases": list(one.cases),
        "rows_left_out": one.rows[0],
        "rows_left_out_then": one.rows[1],
        "state_then": one.state,
        "freed": one.better,
        "findings": list(one.findings),
        "changes": [{"path": change.path, "now": change.now, "then": change.then} for change in one.changes],
    }


def _signer(hub: Hub, caller: Caller, given: Signing | None) -> Signer | None:
    return None if given is None else signatures.identify(hub, caller.label, given.secret, given.meaning)


def _who(hub: Hub, caller: Caller) -> Who:
    return Who(caller.label, caller.organisations, sees_all(hub, caller), caller.credential_id, caller.role in DECIDERS)


def _now(request: Request, hub: Hub, caller: Caller, case_id: int) -> Response:
    with hub.database.read() as connection:
        return render(shown(hub, connection, case_id, _who(hub, caller), language_of(request)))


def _after(cursor: str | None) -> tuple[int, int, int] | None:
    key = after_key(cursor)
    if key is None:
        return None
    parts = key.split("/")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise ProblemError(400, "Bad cursor", "Take the cursor from `next` of the page before.")
    rank, due, number = map(int, parts)
    return rank, due, number
