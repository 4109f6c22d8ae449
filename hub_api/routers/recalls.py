"""Recalls: opened and steered by our own people; a partner sees and answers the notices that it got, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub.recall import campaign
from hub.recall.campaign import AMOUNT, Met, Opening
from hub.recall.clocks import CLASSES
from hub.recall.picture import head, partners_picture, picture
from hub.recall.scope import Scope
from hub.runtime import Hub
from hub.store import recalls
from hub.store.credentials import Caller
from hub_api.dependencies import Id, LanguageDependency, conditional, render
from hub_api.errors import ProblemError, problems
from hub_api.paging import Cursor, Limit, Page, after_id, page
from hub_api.recall_reports import ZIP, download
from hub_api.security import Answerer, CallerDependency, HubDependency, Mender, Staff

router = APIRouter(prefix="/v1/recalls", tags=["recalls"])
Number = Annotated[str, Path(description="As the recall was numbered when it was opened.", max_length=40, examples=["RECALL-0001"])]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Units = Annotated[str, Field(pattern=f"^{AMOUNT}$", max_length=19)] | Annotated[int, Field(ge=0, lt=10**12)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewRecall(_Body):
    """What a recall is about. At least one of lots, serials and supplier."""

    organisation: str = Field(description="Key of the organisation that recalls.", max_length=100)
    title: Text
    reason: Text = Field(description="What is wrong with the device.")
    lots: list[str] = Field(
        default=[], description="Lots, finished or component: `GTIN|LOT`, a node's key, a Digital Link.", max_length=1000
    )
    serials: list[str] = Field(default=[], description="`GTIN|SERIAL` or `GTIN|FIRST..LAST`.", max_length=1000)
    supplier: str | None = Field(default=None, description="Partner key: all lots that it despatched.", max_length=100)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    kind: Literal["recall", "drill"] = "recall"
    regimes: dict[str, str] = Field(default={}, description="; ".join(f"{name}: {', '.join(grades)}" for name, grades in CLASSES.items()))
    aware_at: AwareDatetime | None = Field(default=None, description="When the fault became known; now if left out.")
    decided_at: AwareDatetime | None = Field(default=None, description="When the recall was decided; now if left out.")


class NoticeAnswer(_Body):
    """What became of the units, by `answer_as` of the notice's lots; units that are left out are unknown."""

    lots: dict[str, dict[str, Units]] = Field(
        examples=[{"lot:06999999012580|N40261123218": {"on_hand": "1", "used": "3"}}], max_length=1000
    )


class NewCheck(_Body):
    """An effectiveness check."""

    method: Literal["visit", "call", "letter", "message"]
    outcome: Literal["effective", "not_effective", "not_reached"]
    note: str | None = Field(default=None, max_length=2000)


class Told(_Body):
    """How a person told a consignee."""

    how: Text = Field(description="How, and whom: a letter with its tracking number, a call and who answered.")
    told_at: AwareDatetime | None = Field(default=None, description="When; now if left out.")
    reason: str = Field(default="", description="Why; kept in the audit trail.", max_length=2000)


class Step(_Body):
    """A step of a recall."""

    reason: str = Field(default="", description="Why; kept in the audit trail.", max_length=2000)


class DoneAct(_Body):
    """Something that was due is done."""

    regime: str = Field(description="As the recall's clocks name it.", max_length=20, examples=["us"])
    act: str = Field(description="As the recall's clocks name it.", max_length=100, examples=["authority_report"])
    evidence: Text = Field(description="What shows it: the number that the authority gave, a letter.")
    met_at: AwareDatetime | None = Field(default=None, description="When it was done; now if left out.")
    exchange: int | None = Field(default=None, description="The message that shows it; its original then stands in the report.", ge=1)


class Closing(_Body):
    """The end of a recall."""

    reason: str = Field(
        default="",
        description="Why it may end; stands in the report. Without one it is refused, and what is left open is told.",
        max_length=2000,
    )


class Reopening(_Body):
    """Why a recall goes on."""

    reason: Text


class RecallHead(BaseModel):
    """A recall in a list."""

    model_config = ConfigDict(extra="allow")

    number: str
    kind: Literal["recall", "drill"]
    title: str
    reason: str
    state: Literal["open", "closed"]
    organisation: str
    opened_at: datetime


class Recall(RecallHead):
    """A recall: to our own people with all positions, clocks, notices and checks; to a partner with its own notices."""

    notices: list[dict[str, Any]]


@router.get("", summary="List recalls", response_model=Page[RecallHead], responses=problems(400, 401, 422, 429))
def list_recalls(hub: HubDependency, caller: CallerDependency, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """The newest first. A partner sees those of which it has a notice."""
    before = after_id(cursor)
    with hub.database.read() as connection:
        rows = recalls.listed(connection, caller.organisations, caller.partner_id, before, limit + 1)
        shown = [{"id": row.id, **head(hub, row, own=caller.partner_id is None)} for row in rows]
    return render(page(shown, limit))


@router.post(
    "", status_code=201, summary="Open a recall or a drill", response_model=Recall, responses=problems(400, 401, 403, 404, 409, 422, 429)
)
def open_recall(wanted: NewRecall, hub: HubDependency, caller: Mender) -> Response:
    """Every affected unit is located at once. 404: a lot, serial number or supplier that the hub does not know."""
    if hub.registry.organisations.get(wanted.organisation) not in caller.organisations:
        raise ProblemError(404, "Not found", "There is no such organisation.")
    scope = Scope(tuple(wanted.lots), tuple(wanted.serials), wanted.supplier, wanted.since, wanted.until)
    opening = Opening(
        wanted.organisation, wanted.title, wanted.reason, scope, wanted.kind, wanted.regimes, wanted.aware_at, wanted.decided_at
    )
    with hub.database.begin(caller.label) as uow:
        number = campaign.open_recall(hub, uow, opening, caller.organisations)
    with hub.database.read() as connection:
        return render(picture(hub, connection, number, caller.organisations), 201, {"Location": f"/v1/recalls/{number}"})


@router.get("/{number}", summary="Show a recall", response_model=Recall, responses=problems(401, 404, 422, 429))
def show_recall(number: Number, request: Request, hub: HubDependency, caller: CallerDependency) -> Response:
    """Our own people see where every unit is; a partner its own notices."""
    with hub.database.read() as connection:
        if caller.partner_id is not None:
            return conditional(request, partners_picture(hub, connection, number, caller.partner_id))
        return conditional(request, picture(hub, connection, number, caller.organisations))


@router.get(
    "/{number}/report",
    summary="Download the report",
    response_class=Response,
    responses={
        200: {
            "description": "A ZIP archive: pages and PDF in both languages, JSON, the original documents, manifest and signature.",
            "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
        },
        **problems(401, 403, 404, 422, 429),
    },
)
def download_report(number: Number, hub: HubDependency, caller: Staff, language: LanguageDependency) -> Response:
    """Of the recall as it was located last. Unpacked, `udihub recall verify FOLDER` proves every file and the signature without the hub."""
    return download(hub, number, caller, language)


@router.post("/{number}/locate", summary="Locate the units anew", response_model=Recall, responses=problems(401, 403, 404, 422, 429))
def locate(number: Number, step: Step, hub: HubDependency, caller: Mender) -> Response:
    """With all documents that came since."""
    _seen(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.relocate(hub, uow, number, step.reason or None, caller.organisations)
    return _shown(hub, number, caller)


@router.post(
    "/{number}/holds", summary="Ask systems to block the lots", response_model=Recall, responses=problems(401, 403, 404, 409, 422, 429)
)
def hold(number: Number, step: Step, hub: HubDependency, caller: Mender) -> Response:
    """Warehouse and quality systems; each is asked once for a lot, and again for lots that are found later."""
    _seen(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.hold(hub, uow, number, step.reason or None, caller.organisations)
    return _shown(hub, number, caller)


@router.post("/{number}/notices", summary="Tell the consignees", response_model=Recall, responses=problems(401, 403, 404, 409, 422, 429))
def notify(number: Number, step: Step, hub: HubDependency, caller: Mender) -> Response:
    """Each is told once, of its own units. `unreachable` lists places that belong to no partner and that nobody has told yet."""
    _seen(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.notify(hub, uow, number, step.reason or None, caller.organisations)
    return _shown(hub, number, caller)


@router.post(
    "/{number}/reminders", summary="Remind who has not confirmed", response_model=Recall, responses=problems(401, 403, 404, 409, 422, 429)
)
def remind(number: Number, step: Step, hub: HubDependency, caller: Mender) -> Response:
    """At most once a day each, once the notice is due."""
    _seen(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.remind(hub, uow, number, step.reason or None)
    return _shown(hub, number, caller)


@router.post(
    "/{number}/notices/{notice}/acknowledge", summary="Confirm a notice", response_model=Recall, responses=problems(401, 403, 404, 422, 429)
)
def acknowledge(number: Number, notice: Id, step: Step, hub: HubDependency, caller: Answerer) -> Response:
    """By the partner that got it, or by our own people in its name."""
    _may_answer(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.acknowledge(uow, number, notice, caller.partner_id, step.reason or None)
    return _shown(hub, number, caller)


@router.post(
    "/{number}/notices/{notice}/answer",
    summary="Say what became of the units",
    response_model=Recall,
    responses=problems(400, 401, 403, 404, 409, 422, 429),
)
def answer(number: Number, notice: Id, said: NoticeAnswer, hub: HubDependency, caller: Answerer) -> Response:
    """A later answer replaces an earlier one; both stand in the audit trail."""
    _may_answer(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.answer(uow, number, notice, said.lots, caller.partner_id)
    return _shown(hub, number, caller)


@router.post(
    "/{number}/notices/{notice}/told",
    summary="Note that a person told a consignee",
    response_model=Recall,
    responses=problems(400, 401, 403, 404, 409, 422, 429),
)
def tell(number: Number, notice: Id, told: Told, hub: HubDependency, caller: Mender) -> Response:
    """As where no partner receives a notice, or it could not be sent. Noted again, the newest counts; all stand in the audit trail.
    409: the consignee has confirmed its notice or answered it.
    """
    _seen(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.tell(uow, number, notice, told.how, told.told_at, told.reason or None)
    return _shown(hub, number, caller)


@router.post(
    "/{number}/notices/{notice}/checks",
    status_code=201,
    summary="Note an effectiveness check",
    response_model=Recall,
    responses=problems(401, 403, 404, 422, 429),
)
def check(number: Number, notice: Id, made: NewCheck, hub: HubDependency, caller: Mender) -> Response:
    """Whether the consignee was reached and did as the notice asks."""
    _seen(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.check(uow, number, notice, made.method, made.outcome, made.note)
    return _shown(hub, number, caller, 201)


@router.post(
    "/{number}/clocks",
    status_code=201,
    summary="Mark as done what was due",
    response_model=Recall,
    responses=problems(400, 401, 403, 404, 422, 429),
)
def meet(number: Number, done: DoneAct, hub: HubDependency, caller: Mender) -> Response:
    """Also of a closed recall. Marked again, the newest mark counts; all stand in the audit trail."""
    _seen(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.meet(hub, uow, number, Met(done.regime, done.act, done.evidence, done.met_at, done.exchange))
    return _shown(hub, number, caller, 201)


@router.post("/{number}/close", summary="End a recall", response_model=Recall, responses=problems(400, 401, 403, 404, 409, 422, 429))
def close(number: Number, closing: Closing, hub: HubDependency, caller: Mender) -> Response:
    """With a reason, which stands in the report. 422 without one: it says who was not told, and who has not answered."""
    _seen(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.close(hub, uow, number, closing.reason)
    return _shown(hub, number, caller)


@router.post(
    "/{number}/reopen", summary="Open a closed recall again", response_model=Recall, responses=problems(400, 401, 403, 404, 409, 422, 429)
)
def reopen(number: Number, again: Reopening, hub: HubDependency, caller: Mender) -> Response:
    """With a reason, which the audit trail keeps beside the earlier end."""
    _seen(hub, caller, number)
    with hub.database.begin(caller.label) as uow:
        campaign.reopen(uow, number, again.reason)
    return _shown(hub, number, caller)


def _seen(hub: Hub, caller: Caller, number: str) -> None:
    """Raises NotFoundError where the caller may not see the recall."""
    with hub.database.read() as connection:
        recalls.by_number(connection, number, caller.organisations)


def _may_answer(hub: Hub, caller: Caller, number: str) -> None:
    if caller.partner_id is None:
        _seen(hub, caller, number)


def _shown(hub: Hub, number: str, caller: Caller, status: int = 200) -> Response:
    with hub.database.read() as connection:
        if caller.partner_id is not None:
            return render(partners_picture(hub, connection, number, caller.partner_id), status)
        return render(picture(hub, connection, number, caller.organisations), status)
