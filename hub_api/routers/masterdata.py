"""Golden records: suspected duplicates, whose word counts and why, and what people decide. For keys of all organisations."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.findings import Finding, Language
from hub import stewardship
from hub.masterdata import places, shown
from hub.masterdata.decide import Answer, Asked
from hub.masterdata.kinds import Kind
from hub.store import decisions
from hub.store import suspects as cases
from hub_api.dependencies import Id, LanguageDependency, conditional, render
from hub_api.errors import problems
from hub_api.paging import Cursor, Limit, Page, after_id, after_key, encode, page
from hub_api.routers.views import need_all
from hub_api.schemas import Number, Reason, Severity, Shape, Time
from hub_api.security import HubDependency, Staff, Steward
from hub_api.view_schemas import Name

router = APIRouter(prefix="/v1/masterdata", tags=["master data"])
Why = Literal["only", "agreed", "names", "verified", "rank", "recent", "complete", "collect"]
OfWhat = Literal["item", "party", "device", "location", "lot", "place"]
SuspectState = Literal["open", "later", "same", "different", "gone"]
RequestState = Literal["waiting", "done", "refused"]
OfKind = Annotated[Kind, Path(description="item, party, device, location or lot.")]
Named = Annotated[
    str,
    Path(description="`system/code`, or any code, GTIN, GLN, tax number, licence or UDI-DI; of a lot `item|number`.", max_length=300),
]
OnDay = Annotated[date | None, Query(description="As of a day; now if left out.")]


class SourceName(Shape):
    """A source record, by the system that keeps it and its code there."""

    system: str = Field(examples=["erp"])
    code: str = Field(examples=["V1001"])


class Namesake(SourceName):
    """Another record that is called the same."""

    name: str | None = Field(examples=["Acme GmbH"])


class Said(Shape):
    """A value that somebody says."""

    value: Any
    system: str
    code: str
    exchange_id: int | None = Field(description="The message that says so; null for a person's word.")
    person: str | None
    at: Time
    lost_by: Why | None = Field(description="The criterion by which it lost; null for the winner and for who says the same.")


class GoldenField(Shape):
    """The value of one field, why it won, and what else was said."""

    field: str = Field(examples=["city"])
    value: Any
    why: Why
    criteria: list[str] = Field(description="The site's rule for this field, in order.")
    said_by: Said
    others: list[Said]


class SourceVersion(Shape):
    """One version of a source record."""

    system: str
    code: str
    organisation: str
    revision: int
    exchange_id: int
    document_id: int | None
    issued_at: Time
    begins_on: str
    in_effect: bool


class SourceBody(SourceVersion):
    """One version of a source record with what it says, as it came."""

    recorded_at: Time
    retracted: bool = Field(description="Replayed or withdrawn by a person: it counts no more.")
    body: dict[str, Any]


class Touched(Shape):
    """How many, and the first names."""

    count: int
    first: list[str]


class Impact(Shape):
    """What a change touches."""

    maps: Touched = Field(description="Mappings by which its source records were read.")
    orders: Touched = Field(description="Open orders.")
    lots: Touched
    partners: Touched


class MasterRequest(Shape):
    """What a person wants of master data."""

    id: int
    kind: OfWhat
    action: Literal["merge", "unmerge", "different", "value", "release", "place"]
    said: dict[str, Any] = Field(description="Sources, field and value that were named.")
    impact: dict[str, Touched] = Field(description="What it was seen to touch when it was asked for.")
    reason: str
    state: RequestState = Field(description="`waiting` for a second person.")
    asked_at: Time
    asked_by: str
    decided_at: Time | None
    decided_by: str | None
    decided_reason: str | None


class Suspect(Shape):
    """Two source records that seem to be one thing."""

    id: int
    kind: Kind
    left: SourceName
    right: SourceName
    score: Number = Field(description="0 to 1.", examples=["0.93"])
    reasons: list[Any]
    state: SuspectState
    opened_at: Time
    changed_at: Time
    changed_by: str
    reason: str | None
    request: MasterRequest | None = Field(default=None, description="Just answered: the request that came of it.")


class Compared(Shape):
    """One field on both sides."""

    field: str
    left: Any
    right: Any
    differs: bool


class SuspectBeside(Suspect):
    """A suspect with the golden records of both sides, field by field."""

    fields: list[Compared]
    also: list[list[SourceName]] = Field(description="What is one with the left already, and with the right.")


class GoldenRecord(Shape):
    """A golden record with everything that it is made of."""

    kind: Kind
    golden_id: int
    source: SourceName = Field(description="The source record that the name leads to.")
    also: list[Namesake] = Field(description="Other records that the same name leads to.")
    on: str | None
    fields: list[GoldenField]
    names: list[Name]
    sources: list[SourceVersion]
    decisions: list[MasterRequest]
    suspects: list[Suspect]


class SaidWrong(Shape):
    """A word about a place that counts for nothing."""

    rule: str = Field(examples=["MDM-05"])
    severity: Severity
    field: str | None = Field(examples=["level"])
    got: str | None
    message: str


class MasterPlace(Shape):
    """Where a place belongs."""

    key: str = Field(examples=["6901234000012"])
    level: Literal["organisation", "plant", "warehouse", "storage_place"] | None = Field(description="null: it belongs nowhere yet.")
    name: str | None
    name_zh: str | None
    parent: str | None
    organisation: str | None
    path: list[str] = Field(description="From the organisation to the place itself.")
    findings: list[SaidWrong] = Field(description="What somebody once said of it that no place can be; it counts for nothing.")


class SourceGiven(BaseModel):
    """A source record by system and code; of a place its key as code."""

    model_config = ConfigDict(extra="forbid")

    system: str = Field(min_length=1, max_length=200)
    code: str = Field(min_length=1, max_length=200)


class Wanted(BaseModel):
    """What is asked of master data."""

    model_config = ConfigDict(extra="forbid")

    kind: OfWhat
    action: Literal["merge", "unmerge", "different", "value", "release", "place"]
    source: SourceGiven
    other: SourceGiven | None = Field(default=None, description="Of merge and different: the other one.")
    field: str | None = Field(default=None, max_length=200, description="Of value and release.")
    value: Any = Field(default=None, description="Of value; of place `level`, `name`, `name_zh`, `parent`, `gone`.")
    from_on: date | None = Field(default=None, description="From which day a value or place holds; always if left out.")
    reason: Reason

    @model_validator(mode="after")
    def _of_its_kind(self) -> Wanted:
        if (self.kind == "place") != (self.action == "place"):
            raise ValueError("the action place is for places, and only that")
        return self


class Answered(BaseModel):
    """The answer to a suspect."""

    model_config = ConfigDict(extra="forbid")

    answer: Answer = Field(description="same: merge them; different: do not ask again until something that matters changes; later.")
    reason: Reason


class Because(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


@router.get("/suspects", summary="List suspected duplicates", response_model=Page[Suspect], responses=problems(400, 401, 403, 422, 429))
def list_suspects(
    hub: HubDependency,
    caller: Staff,
    kind: Annotated[Kind | None, Query(description="item, party, device, location or lot.")] = None,
    state: Annotated[list[SuspectState] | None, Query(description="Repeatable; the open ones if left out.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The likeliest first."""
    need_all(hub, caller)
    score, _, number = (after_key(cursor) or "").partition("|")
    after = (score, int(number)) if number.isdecimal() and len(number) < 19 and score.replace(".", "", 1).isdecimal() else None
    with hub.database.read() as connection:
        rows = cases.listed(connection, kind=kind, states=state or ["open"], after=after, limit=limit + 1)
    following = encode(f"{rows[limit - 1]['score']}|{rows[limit - 1]['id']}") if len(rows) > limit else None
    return render({"items": rows[:limit], "next": following})


@router.get("/suspects/{suspect_id}", summary="Show a suspect", response_model=SuspectBeside, responses=problems(401, 403, 404, 422, 429))
def show_suspect(suspect_id: Id, request: Request, hub: HubDependency, caller: Staff) -> Response:
    """Both records side by side."""
    need_all(hub, caller)
    with hub.database.read() as connection:
        return conditional(request, shown.beside(connection, suspect_id, hub.site.masterdata.rules, hub.clock.now().date()))


@router.post(
    "/suspects/{suspect_id}/answer",
    summary="Answer a suspect",
    response_model=Suspect,
    responses=problems(401, 403, 404, 409, 422, 429),
)
def answer_suspect(suspect_id: Id, answered: Answered, hub: HubDependency, caller: Steward) -> Response:
    """By a named steward, with a reason."""
    need_all(hub, caller)
    return render(stewardship.answer(hub, suspect_id, answered.answer, answered.reason, caller.label, caller.credential_id))


@router.get(
    "/golden/{kind}/{name:path}",
    summary="Show a golden record",
    response_model=GoldenRecord,
    responses=problems(401, 403, 404, 422, 429),
)
def show_golden(kind: OfKind, name: Named, request: Request, hub: HubDependency, caller: Staff, on: OnDay = None) -> Response:
    """Every field with why its value won and what else was said; names, sources, decisions."""
    need_all(hub, caller)
    with hub.database.read() as connection:
        return conditional(request, shown.golden(connection, kind, name, hub.site.masterdata.rules, hub.clock.now().date(), on))


@router.get(
    "/versions/{kind}/{name:path}",
    summary="List source records as they came",
    response_model=Page[SourceBody],
    responses=problems(401, 403, 404, 422, 429),
)
def list_versions(kind: OfKind, name: Named, hub: HubDependency, caller: Staff) -> Response:
    """All versions of all source records of a golden record, in the order in which they take effect; on one page."""
    need_all(hub, caller)
    with hub.database.read() as connection:
        rows = shown.history(connection, kind, name)
    return render({"items": rows, "next": None})


@router.get(
    "/impact/{kind}/{name:path}",
    summary="Show what a change touches",
    response_model=Impact,
    responses=problems(401, 403, 404, 409, 422, 429, s409="Several records are called so; `system/code` names one."),
)
def show_impact(kind: OfKind, name: Named, hub: HubDependency, caller: Staff) -> Response:
    """Before it is made: maps, open orders, lots, partners. Reads all lines: for a person who asks, not for a loop."""
    need_all(hub, caller)
    with hub.database.read() as connection:
        source = shown.sole_source(connection, kind, name)
    return render(stewardship.touches(hub, kind, [source]))


@router.get("/requests", summary="List requests", response_model=Page[MasterRequest], responses=problems(400, 401, 403, 422, 429))
def list_requests(
    hub: HubDependency,
    caller: Staff,
    kind: Annotated[OfWhat | None, Query(description="Of what.")] = None,
    state: Annotated[list[RequestState] | None, Query(description="Repeatable; those that wait if left out.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The newest first."""
    need_all(hub, caller)
    before = after_id(cursor)
    with hub.database.read() as connection:
        rows = decisions.requests(connection, kind=kind, states=state or ["waiting"], before=before, limit=limit + 1)
    return render(page(rows, limit))


@router.get("/requests/{request_id}", summary="Show a request", response_model=MasterRequest, responses=problems(401, 403, 404, 422, 429))
def show_request(request_id: Id, request: Request, hub: HubDependency, caller: Staff) -> Response:
    """With what it was seen to touch."""
    need_all(hub, caller)
    with hub.database.read() as connection:
        return conditional(request, decisions.request(connection, request_id))


@router.post(
    "/requests",
    summary="Ask for a decision",
    response_model=MasterRequest,
    status_code=201,
    responses=problems(401, 403, 404, 409, 422, 429),
)
def ask(wanted: Wanted, hub: HubDependency, caller: Steward) -> Response:
    """Done at once, or `waiting` where the site's rules ask for a second person. Merge, unmerge, a person's word on a field, a place."""
    need_all(hub, caller)
    other = wanted.other
    asked = Asked(
        kind=wanted.kind,
        action=wanted.action,
        source=(places.KIND if wanted.kind == places.KIND else wanted.source.system, wanted.source.code),
        reason=wanted.reason,
        other=None if other is None else (other.system, other.code),
        field=wanted.field,
        value=wanted.value,
        from_on=None if wanted.from_on is None else wanted.from_on.isoformat(),
        key=caller.credential_id,
    )
    return render(stewardship.ask(hub, asked, caller.label), 201)


@router.post(
    "/requests/{request_id}/approve",
    summary="Approve a request",
    response_model=MasterRequest,
    responses=problems(401, 403, 404, 409, 422, 429),
)
def approve(request_id: Id, because: Because, hub: HubDependency, caller: Steward) -> Response:
    """By somebody else than who asked: neither the same key nor the same name."""
    need_all(hub, caller)
    return render(stewardship.approve(hub, request_id, because.reason, caller.label, caller.credential_id))


@router.post(
    "/requests/{request_id}/refuse",
    summary="Refuse a request",
    response_model=MasterRequest,
    responses=problems(401, 403, 404, 409, 422, 429),
)
def refuse(request_id: Id, because: Because, hub: HubDependency, caller: Steward) -> Response:
    """Or take one's own back."""
    need_all(hub, caller)
    return render(stewardship.refuse(hub, request_id, because.reason, caller.label, caller.credential_id))


@router.get("/places", summary="List places", response_model=Page[MasterPlace], responses=problems(401, 403, 422, 429))
def list_places(hub: HubDependency, caller: Staff, language: LanguageDependency, on: OnDay = None) -> Response:
    """The tree from organisations down, and what stock speaks of that belongs nowhere yet; on one page."""
    need_all(hub, caller)
    day = on or hub.clock.now().date()
    with hub.database.read() as connection:
        said = places.tree(connection, day).values()
        rows = [{**place, "findings": [_said_wrong(one, language) for one in place["findings"]]} for place in said]
        loose = places.unplaced(connection, day)
    nowhere = dict.fromkeys(("level", "name", "name_zh", "parent", "organisation"))
    return render({"items": [*rows, *({"key": key, **nowhere, "path": [], "findings": []} for key in loose)], "next": None})


def _said_wrong(one: Finding, language: Language) -> dict[str, Any]:
    return {"rule": one.rule, "severity": one.severity, "field": one.place.path, "got": one.got, "message": one.text(language)}
