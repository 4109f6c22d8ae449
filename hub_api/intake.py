"""Taking a body in: counted while it streams, so that neither a false Content-Length nor a missing one gets past the cap."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import IO, Any

import msgspec
from fastapi import Request
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from hub_api.errors import ProblemError

_IN_MEMORY = 1 << 20
_SMALL = 256 * 1024
_JSON = frozenset(("application/json", "application/ld+json"))
_object = msgspec.json.Decoder(dict[str, Any])
_MULTIPART_FRAME = 64 * 1024
"""Bytes that headers and boundaries of a multipart body may add to the document itself."""


class TooLargeError(Exception):
    """The body is over the cap; `limit` in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


@dataclass(slots=True)
class Body:
    """One posted document. Close the stream."""

    stream: IO[bytes]
    name: str | None
    media_type: str | None


async def take(request: Request, limit: int, *, forms: bool = True) -> Body:
    """The raw body, or the one file of a multipart form (`forms`).

    Raises TooLargeError over the cap, ProblemError 400 for a broken form or a body that ended before its stated length.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()[:100] or None
    multipart = forms and media_type == "multipart/form-data"
    cap = limit + _MULTIPART_FRAME if multipart else limit
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > cap:
        raise TooLargeError(limit)
    spooled: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - handed on to the caller
    try:
        await _fill(spooled, request, cap, limit)
    except BaseException:
        spooled.close()
        raise
    if not multipart:
        return Body(spooled, None, media_type)
    return await _from_form(request.headers, spooled, limit)


async def small_json(request: Request) -> dict[str, Any]:
    """The JSON object of a body that is never large. Raises a problem for what is larger, none, or too deep."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _JSON:
        raise ProblemError(415, "Unsupported media type", "Expected application/json.")
    content = bytearray()
    try:
        async for piece in request.stream():
            content += piece
            if len(content) > _SMALL:
                raise ProblemError(413, "Too large", f"Expected a JSON object of at most {_SMALL} bytes.", headers={"Connection": "close"})
    except ClientDisconnect as error:
        raise ProblemError(400, "Bad request", "The body ended before its end.") from error
    try:
        return _object.decode(bytes(content))
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise ProblemError(400, "Bad request", "Expected a JSON object.") from error


async def _fill(spooled: IO[bytes], request: Request, cap: int, limit: int) -> None:
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > cap:
                raise TooLargeError(limit)
            spooled.write(piece)
    except ClientDisconnect as error:
        raise ProblemError(400, "Bad request", "The body ended before its end.") from error
    spooled.seek(0)


async def _from_form(headers: Headers, spooled: IO[bytes], limit: int) -> Body:
    async def pieces() -> AsyncGenerator[bytes, None]:
        while piece := spooled.read(1 << 16):
            yield piece

    try:
        form = await MultiPartParser(headers, pieces(), max_files=1, max_fields=8).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise ProblemError(400, "Bad request", "Expected one file in multipart/form-data.") from error
    finally:
        spooled.close()
    uploads = [part for part in form.values() if isinstance(part, UploadFile)]
    if len(uploads) != 1:
        raise ProblemError(400, "Bad request", f"Expected one file in multipart/form-data, got {len(uploads)}.")
    upload = uploads[0]
    if (upload.size or 0) > limit:
        await form.close()
        raise TooLargeError(limit)
    upload.file.seek(0)
    return Body(upload.file, _plain_name(upload.filename), upload.content_type)


def _plain_name(name: str | None) -> str | None:
    """A file name from outside is a label and never a path."""
    if not name:
        return None
    label = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in label if character.isprintable())[:200] or None
