"""Devices on their way to a register: what each lacks there, and the document that the register takes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from data_contracts.findings import Finding as Found
from data_contracts.findings import Language
from data_contracts.registers import RegisterName
from hub.registers.export import FORMATS, export
from hub_api.dependencies import LanguageDependency, conditional, render
from hub_api.errors import ProblemError, problems
from hub_api.paging import Page
from hub_api.schemas import Place, Severity, Shape
from hub_api.security import HubDependency, Staff

router = APIRouter(prefix="/v1/devices", tags=["master data"])
To = Annotated[RegisterName, Query(description="The register: GUDID, EUDAMED or NMPA's UDID.")]
Dis = Annotated[
    list[str] | None,
    Query(alias="di", description="Repeatable: devices by any of their DIs; left out: all that are sold there.", max_length=1000),
]


class Lack(Shape):
    """One finding on a device that may go to a register."""

    rule: str = Field(examples=["REG-01"])
    severity: Severity
    action: str
    code: str | None
    place: Place = Field(description="`path`: the member of the device.")
    expected: str | None
    got: str | None
    message: str = Field(description="With the register's own name for the member.")


class Readiness(Shape):
    """Whether a device may go to a register."""

    di: str
    ready: bool
    findings: list[Lack] = Field(description="What it lacks (errors), and what the register has no place or word for.")


@router.get(
    "/readiness",
    summary="Tell what devices lack for a register",
    response_model=Page[Readiness],
    responses=problems(401, 403, 404, 422, 429),
)
def show_readiness(hub: HubDependency, caller: Staff, language: LanguageDependency, to: To, dis: Dis = None) -> Response:
    """Required members, code lists, lengths and conditional demands of the register, each by its own name for the member.

    Devices without a finding are not listed unless they are asked for.
    """
    made = export(hub, to, dis)
    rows = [_row(di, False, findings, language) for di, findings in made.lacking.items()]
    told = made.untold if dis is None else {di: made.untold.get(di, []) for one in made.documents for di in one.dis}
    rows += [_row(di, True, findings, language) for di, findings in told.items()]
    return render({"items": sorted(rows, key=lambda row: str(row["di"])), "next": None})


@router.get(
    "/export",
    summary="Write devices for a register",
    response_class=Response,
    responses={
        200: {
            "description": "The register's own format.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **problems(401, 403, 404, 422, 429, s422="A device lacks something, or they do not fit into one document."),
    },
)
def write_export(
    request: Request,
    hub: HubDependency,
    caller: Staff,
    language: LanguageDependency,
    to: To,
    dis: Dis = None,
    kind: Annotated[str | None, Query(alias="format", description="xml, json, xlsx; else what the register customarily takes.")] = None,
) -> Response:
    """All of the devices or none: where one lacks something, the findings say what."""
    if kind is not None and kind not in FORMATS[to]:
        raise ProblemError(422, "Not processable", f"{to} takes {', '.join(FORMATS[to])}, not {kind}")
    made = export(hub, to, dis, kind)
    if made.lacking:
        findings = [finding.as_json(language) for found in made.lacking.values() for finding in found]
        raise ProblemError(422, "Not processable", f"These lack something: {', '.join(made.lacking)}", findings=findings[:200])
    if len(made.documents) != 1:
        raise ProblemError(422, "Not processable", f"{len(made.documents)} documents: choose devices that fit into one")
    (document,) = made.documents
    name = {"Content-Disposition": f'attachment; filename="{document.name}"'}
    return conditional(request, document.content, document.media_type, name)


def _row(di: str, ready: bool, findings: list[Found], language: Language) -> dict[str, Any]:
    return {"di": di, "ready": ready, "findings": [finding.as_json(language) for finding in findings]}
