"""What handlers share: the reader's language, and answers that need not be sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Path, Request, Response
from starlette.requests import HTTPConnection
from starlette.responses import StreamingResponse

from data_contracts.findings import Language
from hub.store.credentials import Caller
from hub.store.documents import Stretch
from hub_api.languages import language_of, weight_of

LARGEST_ID = 2**63 - 1
Id = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Id, as a list or an answer gave it.")]
_PRIVATE = frozenset({"actor", "closed_by", "closed_reason", "received_by", "evidence", "reason", "fields", "corrects", "corrections"})
"""Members that say which of our people did something, why, and what they corrected."""
_encode = msgspec.json.Encoder().encode


def accepted(request: HTTPConnection, header: str) -> list[str]:
    """What the reader accepts, the best first; what it refuses (q=0) is left out."""
    wishes = []
    for place, part in enumerate(request.headers.get(header, "").split(",")):
        value, _, parameters = part.partition(";")
        weight = weight_of(parameters)
        if value.strip() and weight > 0:
            wishes.append((-weight, place, value.strip()))
    return [value for _, _, value in sorted(wishes)]


LanguageDependency = Annotated[Language, Depends(language_of)]


def render(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json") -> Response:
    """JSON. Decimals are strings without exponent, times ISO with their offset."""
    return Response(_encode(_spelled(payload)), status, dict(headers or {}), media_type=media_type)


def conditional(request: Request, payload: Any, media_type: str = "application/json", headers: Mapping[str, str] | None = None) -> Response:
    """A single resource with its ETag; 304 when the reader has it already. `bytes` go out as they are, other values as JSON."""
    content = payload if isinstance(payload, bytes) else _encode(_spelled(payload))
    tag, out = _tagged(hashlib.sha256(content).hexdigest()[:32], headers)
    if _has(request, tag):
        return Response(status_code=304, headers=out)
    return Response(content, 200, out, media_type=media_type)


def download(request: Request, found: Stretch, name: str) -> Response:
    """Bytes of the store as a download with their ETag, of any size in little memory; 304 when the reader has them already."""
    tag, out = _tagged(found.tag, {"Content-Disposition": f'attachment; filename="{name}"'})
    if _has(request, tag):
        found.stream.close()
        return Response(status_code=304, headers=out)
    out["Content-Length"] = str(found.length)
    return StreamingResponse(found.pieces(), 200, out, media_type="application/octet-stream")


def _tagged(tag: str, headers: Mapping[str, str] | None) -> tuple[str, dict[str, str]]:
    quoted = f'"{tag}"'
    told = {"ETag": quoted, "Vary": "Accept, Accept-Language, Authorization", "Cache-Control": "private, no-cache"}
    return quoted, {**(headers or {}), **told}


def _has(request: Request, tag: str) -> bool:
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    return tag in known or "*" in known


def _spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _spelled(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(member) for member in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime) else value


def for_caller(caller: Caller, value: Any) -> Any:
    """The value as this caller may see it: a partner is not told which of our people did something, nor what they noted."""
    if caller.role != "partner":
        return value
    if isinstance(value, dict):
        return {key: for_caller(caller, member) for key, member in value.items() if key not in _PRIVATE}
    if isinstance(value, list):
        return [for_caller(caller, member) for member in value]
    return value
