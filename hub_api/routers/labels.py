"""Labels: what stands on the label of a thing that the hub knows, and its symbols. A partner gets those of its own things and papers."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from data_contracts.findings import Language
from hub.labels import known as labels
from hub.labels import symbols
from hub.runtime import Hub
from hub.store.credentials import Caller
from hub.store.lots import Sight
from hub_api.dependencies import LanguageDependency, conditional
from hub_api.errors import ProblemError, problems
from hub_api.security import CallerDependency, HubDependency
from hub_api.view_schemas import Label

router = APIRouter(prefix="/v1/labels", tags=["labels"])
SVG = "image/svg+xml"
Of = Annotated[
    str,
    Query(
        description="A DI, `<GTIN>|<lot or serial number>`, an SSCC, element strings in brackets, a scan, a Digital Link or an EPC URI.",
        max_length=2000,
        examples=["06901234500059"],
    ),
]
_WRONG = problems(
    401,
    404,
    409,
    422,
    429,
    s409="Documents contradict each other, or what was asked for.",
    s422="It can't be a label: the findings say why.",
)


@router.get("", summary="Tell what stands on a label", response_model=Label, responses=_WRONG)
def show_label(request: Request, hub: HubDependency, caller: CallerDependency, language: LanguageDependency, of: Of) -> Response:
    """The element strings of a thing, with the dates that documents state of its lot, and where its symbols are."""
    said = _known(hub, caller, of, language).as_json(hub.site.labels.root)
    drawn = {name: f"/v1/labels/{name}?of={quote(of, safe='')}" for name in symbols.SYMBOLS if name != "qr" or said["digital_link"]}
    return conditional(request, {**said, "symbols": drawn})


@router.get(
    "/{symbol}",
    summary="Draw a label's symbol",
    response_class=Response,
    responses={
        200: {"description": "An SVG drawing in millimetres.", "content": {SVG: {"schema": {"type": "string", "format": "binary"}}}},
        **_WRONG,
    },
)
def draw_label(
    symbol: Literal["data-matrix", "qr", "gs1-128"],
    request: Request,
    hub: HubDependency,
    caller: CallerDependency,
    language: LanguageDependency,
    of: Of,
    module: Annotated[
        float | None,
        Query(
            ge=symbols.SMALLEST_MM,
            le=symbols.LARGEST_MM,
            description="Width of a module in mm; 0.38 if left out, 0.495 for bars of an SSCC.",
        ),
    ] = None,
    text: Annotated[bool, Query(description="Whether the element strings stand beside it for people.")] = True,
) -> Response:
    """GS1 DataMatrix (ECC 200), a QR code that holds the Digital Link, or GS1-128 where 48 characters suffice."""
    found = _known(hub, caller, of, language)
    try:
        drawing = symbols.draw(symbol, found.elements, symbols.Look(module, text), hub.site.labels.root)
    except symbols.LabelError as error:
        raise _refused(error, language) from error
    return conditional(request, drawing.encode(), SVG)


def sight_of(caller: Caller) -> Sight:
    """Whose documents a caller may see."""
    return Sight(caller.organisations, caller.partner_id)


def _known(hub: Hub, caller: Caller, of: str, language: Language) -> labels.Known:
    with hub.database.read() as connection:
        try:
            return labels.known(connection, of, sight_of(caller), today=hub.clock.now().date())
        except symbols.LabelError as error:
            raise _refused(error, language) from error


def _refused(error: symbols.LabelError, language: Language) -> ProblemError:
    findings = [finding.as_json(language) for finding in error.findings] or None
    return ProblemError(422, "Not processable", str(error), findings=findings)
