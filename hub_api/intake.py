"""Taking a body in: counted while it streams, so that neither a false Content-Length nor a missing one gets past the cap."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import IO

from fastapi import Request
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from hub_api.errors import ProblemError

_IN_MEMORY = 1 << 20
_MULTIPART_FRAME = 64 * 1024
"""Bytes that headers and boundaries of a multipart body may add to the document itself."""


class TooLargeError(Exception):
    """The body is over the cap; `limit` in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


@dataclass(slots=True)
class Body:
    """One posted document."""

    stream: IO[bytes]
    name: str | None
    media_type: str | None


async def take(request: Request, limit: int) -> Body:
    """The raw body, or the one file of a multipart form. Raises TooLargeError over the cap, ProblemError 400 for a broken form."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower() or None
    multipart = media_type == "multipart/form-data"
    cap = limit + _MULTIPART_FRAME if multipart else limit
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > cap:
        raise TooLargeError(limit)
    spooled: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - handed on to the caller
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > cap:
            spooled.close()
            raise TooLargeError(limit)
        spooled.write(piece)
    spooled.seek(0)
    if not multipart:
        return Body(spooled, None, media_type)
    return await _from_form(request.headers, spooled, limit)


async def _from_form(headers: Headers, spooled: IO[bytes], limit: int) -> Body:
    async def pieces() -> AsyncGenerator[bytes, None]:
        while piece := spooled.read(1 << 16):
            yield piece

    try:
        form = await MultiPartParser(headers, pieces(), max_files=1, max_fields=8).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise ProblemError(400, "Broken form", "Expected one file in multipart/form-data.") from error
    finally:
        spooled.close()
    uploads = [part for part in form.values() if isinstance(part, UploadFile)]
    if len(uploads) != 1:
        raise ProblemError(400, "Broken form", f"Expected one file in multipart/form-data, got {len(uploads)}.")
    upload = uploads[0]
    if (upload.size or 0) > limit:
        raise TooLargeError(limit)
    upload.file.seek(0)
    return Body(upload.file, _plain_name(upload.filename), upload.content_type)


def _plain_name(name: str | None) -> str | None:
    """A file name from outside is a label and never a path."""
    if not name:
        return None
    label = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in label if character.isprintable())[:200] or None
