"""A recall's report as a download: one ZIP archive, to be unpacked and proved by `udihub recall verify`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO

from starlette.responses import Response, StreamingResponse

from data_contracts.findings import Language
from hub.recall import report
from hub.runtime import Hub
from hub.store.credentials import Caller

ZIP = "application/zip"
_PIECE = 1 << 16


def download(hub: Hub, number: str, caller: Caller, language: Language) -> Response:
    """The report as it is now, in the caller's name. Raises NotFoundError for a recall that the caller does not see."""
    archive = report.packed(hub, number, language, caller.organisations, caller.label)
    headers = {
        "Content-Disposition": f'attachment; filename="{number}.zip"',
        "Content-Length": str(os.fstat(archive.fileno()).st_size),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_pieces(archive), headers=headers, media_type=ZIP)


def _pieces(archive: IO[bytes]) -> Iterator[bytes]:
    with archive:
        while piece := archive.read(_PIECE):
            yield piece
