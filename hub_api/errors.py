"""Errors at the edge: the hub's error tree as problem+json (RFC 9457). HTTP statuses live here and nowhere below."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from lxml import etree
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from data_contracts.errors import (
    ConfigError,
    ConflictError,
    FatalError,
    HubError,
    InvalidError,
    NotFoundError,
    RefusedError,
    RetriableError,
)
from data_contracts.findings import Language
from hub.masterdata.words import WordError
from hub_api.languages import language_of, said

PROBLEM, PROBLEM_XML = "application/problem+json", "application/problem+xml"
_TYPE = "urn:udihub:problem:"
_log = structlog.get_logger(__name__)
_STATUS: tuple[tuple[type[HubError], int, str], ...] = (
    (NotFoundError, 404, "Not found"),
    (ConflictError, 409, "Conflict"),
    (InvalidError, 422, "Not processable"),
    (RefusedError, 403, "Refused"),
    (RetriableError, 503, "Try again later"),
    (ConfigError, 500, "Configuration"),
    (FatalError, 500, "Stopped"),
    (HubError, 500, "Error"),
)
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Refused",
    404: "Not found",
    406: "Not acceptable",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not processable",
    429: "Too many requests",
    500: "Error",
    503: "Try again later",
}


EPCIS_ROOT = "/v1/epcis"
_EPCIS = "epcisException:"
EPCIS_SPACE = "urn:epcglobal:epcis:xsd:2"
_EXCEPTIONS = {
    400: "ValidationException", 401: "SecurityException", 403: "SecurityException", 404: "NoSuchNameException",
    406: "NotAcceptableException", 409: "ResourceAlreadyExistsException", 413: "CaptureLimitExceededException", 414: "URITooLongException",
    415: "UnsupportedMediaTypeException", 429: "SecurityException",
}  # fmt: skip


class Problem(BaseModel):
    """What went wrong, for machines and people (RFC 9457)."""

    type: str = Field(description="Stable name of the kind of problem.", examples=[f"{_TYPE}not-found"])
    title: str = Field(description="The kind of problem in a few words.", examples=["Not found"])
    status: int = Field(description="The HTTP status again.", examples=[404])
    detail: str | None = Field(default=None, description="This occurrence.", examples=["there is no exchange 17"])
    findings: list[dict[str, Any]] | None = Field(default=None, description="What was found wrong with the data, where that is the reason.")
    document: int | None = Field(default=None, description="Id of the document that was kept all the same.", examples=[18])


class ProblemError(Exception):
    """An answer that is a problem; for conditions that only HTTP knows (too large, not authenticated, precondition)."""

    def __init__(self, status: int, title: str, detail: str | None = None, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail or title)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers
        self.more = more


def problem(
    language: Language,
    status: int,
    title: str,
    detail: str | None = None,
    headers: dict[str, str] | None = None,
    kind: str | None = None,
    spoken: bool = False,
    **more: Any,
) -> JSONResponse:
    """A problem+json response in the reader's language; title and detail are the English ones, and `type` is the same in every language.

    `kind` where another standard names the kind of problem; `spoken` where the detail is in that language already.
    """
    kind = kind or _kind(title)
    told = detail if detail is None or spoken else said(detail, language)
    body = Problem(type=kind, title=said(title, language), status=status, detail=told, **more).model_dump(exclude_none=True)
    return JSONResponse(body, status_code=status, media_type=PROBLEM, headers=_spoken(headers, language))


def _kind(title: str) -> str:
    return _TYPE + "-".join(title.lower().split())


def _spoken(headers: Mapping[str, str] | None, language: Language) -> dict[str, str]:
    """Headers that say in which language the answer is, and that it depends on what was asked for."""
    return {"Content-Language": language, "Vary": "Accept, Accept-Language, Authorization", **(headers or {})}


def exception_of(status: int) -> str:
    """EPCIS's own name of a kind of problem (EPCIS 2.0 clause 12.4)."""
    return _EPCIS + _EXCEPTIONS.get(status, "ImplementationException")


def status_of(error: HubError) -> tuple[int, str]:
    """HTTP status and title of an error of the hub."""
    return next((status, title) for kind, status, title in _STATUS if isinstance(error, kind))


def _in_xml(kind: str, title: str, status: int, detail: str | None) -> bytes:
    """A problem for whoever takes XML only, as the OpenAPI of EPCIS names its parts."""
    root = etree.Element(f"{{{EPCIS_SPACE}}}EPCISException", nsmap={"epcis": EPCIS_SPACE})
    fill(root, {"type": kind, "title": title, "status": status, "detail": detail})
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def fill(element: etree._Element, members: Mapping[str, Any]) -> None:
    """Give an element one child a member that is not null, its text without what XML can't hold."""
    for name, value in members.items():
        if value is not None:
            etree.SubElement(element, name).text = "".join(one for one in str(value) if one.isprintable())


def answered(
    request: Request, status: int, title: str, detail: str | None = None, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """The problem in the words of the interface that was called and in the reader's language; `title` and `detail` are in English."""
    language = language_of(request)
    if f"{request.url.path}/".startswith(f"{EPCIS_ROOT}/"):
        if status == 422:  # the standard knows 400 only
            status, title = 400, _TITLES[400]
        more.setdefault("kind", exception_of(status))
        accepted = request.headers.get("accept", "").lower()
        if "xml" in accepted and "json" not in accepted and "*/*" not in accepted:
            told = None if detail is None else said(detail, language)
            body = _in_xml(more["kind"], said(title, language), status, told)
            return Response(body, status, _spoken(headers, language), PROBLEM_XML)
    return problem(language, status, title, detail, headers, **more)


def problems(*statuses: int, **descriptions: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for these statuses; `s404="…"` says more about one."""
    return {status: _documented(status, descriptions.get(f"s{status}", _TITLES[status] + ".")) for status in statuses}


def _documented(status: int, description: str) -> dict[str, Any]:
    title = _TITLES[status]
    example = {"type": _kind(title), "title": title, "status": status, "detail": description}
    return {"description": description, "content": {PROBLEM: {"schema": _REFERENCE, "example": example}}}


_REFERENCE = {"$ref": "#/components/schemas/Problem"}


def answer_errors(app: FastAPI) -> None:
    """Teach an application to answer every error as a problem. What is our own fault is logged and not told."""

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> Response:
        return answered(request, error.status, error.title, error.detail, error.headers, **error.more)

    @app.exception_handler(HubError)
    async def _hub(request: Request, error: HubError) -> Response:
        status, title = status_of(error)
        if status >= 500:
            _log.error("request failed", error=str(error), kind=type(error).__name__)
            return answered(request, status, title, headers={"Retry-After": "5"} if status == 503 else None)
        if isinstance(error, WordError):
            language = language_of(request)
            findings = [one.as_json(language) for one in error.findings] or None
            return answered(request, status, title, error.text(language), spoken=True, findings=findings)
        return answered(request, status, title, str(error))

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        first: dict[str, Any] = dict(_listed(error)[0])
        return answered(request, 422, "Not processable", f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        title = _TITLES.get(error.status_code, str(error.detail))
        return answered(request, error.status_code, title, str(error.detail), dict(error.headers) if error.headers else None)

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        _log.error("request failed", kind=type(error).__name__, trace=trace_of(error))
        return answered(request, 500, "Error")


def trace_of(error: BaseException) -> str:
    """Where an error came from, without the values of variables: those may be keys or partners' data."""
    return "".join(traceback.format_tb(error.__traceback__))


def _listed(error: RequestValidationError) -> Sequence[Any]:
    return error.errors()
