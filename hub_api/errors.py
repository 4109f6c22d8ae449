"""Errors at the edge: the hub's error tree as problem+json (RFC 9457). HTTP statuses live here and nowhere below."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from data_contracts.errors import ConfigError, ConflictError, FatalError, HubError, NotFoundError, RefusedError, RetriableError

PROBLEM = "application/problem+json"
_log = structlog.get_logger(__name__)
_STATUS: tuple[tuple[type[HubError], int, str], ...] = (
    (NotFoundError, 404, "Not found"),
    (ConflictError, 409, "Conflict"),
    (RefusedError, 403, "Refused"),
    (RetriableError, 503, "Try again later"),
    (ConfigError, 500, "Configuration"),
    (FatalError, 500, "Stopped"),
)


class Problem(BaseModel):
    """What went wrong, for machines and people (RFC 9457)."""

    type: str = Field(default="about:blank", examples=["about:blank"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str | None = Field(default=None, examples=["There is no exchange 17."])
    findings: list[dict[str, Any]] | None = Field(default=None, description="What was found wrong with the data, where that is the reason.")
    document: int | None = Field(default=None, description="Id of the document that was kept all the same.")


class ProblemError(Exception):
    """An answer that is a problem; for conditions that only HTTP knows (too large, not authenticated, precondition)."""

    def __init__(self, status: int, title: str, detail: str | None = None, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail or title)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers
        self.more = more


def problem(status: int, title: str, detail: str | None = None, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """A problem+json response."""
    body = Problem(title=title, status=status, detail=detail, **more).model_dump(exclude_none=True)
    return JSONResponse(body, status_code=status, media_type=PROBLEM, headers=headers)


def answer_errors(app: FastAPI) -> None:
    """Teach an application to answer every error as a problem."""

    @app.exception_handler(ProblemError)
    async def _problem(_request: Request, error: ProblemError) -> JSONResponse:
        return problem(error.status, error.title, error.detail, error.headers, **error.more)

    @app.exception_handler(HubError)
    async def _hub(_request: Request, error: HubError) -> JSONResponse:
        status, title = next((status, title) for kind, status, title in (*_STATUS, (HubError, 500, "Error")) if isinstance(error, kind))
        if status >= 500:
            _log.error("request failed", error=str(error), kind=type(error).__name__)
            return problem(status, title, headers={"Retry-After": "5"} if status == 503 else None)
        return problem(status, title, str(error))

    @app.exception_handler(RequestValidationError)
    async def _validation(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return problem(422, "Invalid request", f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")

    @app.exception_handler(StarletteHTTPException)
    async def _http(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=dict(error.headers) if error.headers else None)
