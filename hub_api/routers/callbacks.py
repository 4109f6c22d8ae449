"""Callbacks of platforms: each posts to the address of its own flow, without a key. Who it is is said by its signature.

Not under `/v1`: what is posted and what is answered is the platform's, not ours to version.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from hub import callbacks
from hub_api.errors import ProblemError, answered
from hub_api.intake import TooLargeError, take
from hub_api.security import Attempts, HubDependency

_MOST = 16 * 1024 * 1024
"""Bytes of a body that is read before anybody knows whose it is."""
router = APIRouter(tags=["documents"], include_in_schema=False)


@router.post("/callbacks/{flow}")
async def post_callback(flow: str, request: Request, hub: HubDependency) -> Response:
    """Verified, landed, then answered as the platform expects it."""
    try:
        body = await take(request, min(hub.settings.max_body, _MOST), forms=False)
    except TooLargeError as error:
        return answered(request, 413, "Too large", f"A body may have {error.limit} bytes.", headers={"Connection": "close"})
    with body.stream as stream:
        content = stream.read()
    query = tuple(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    headers = {name.lower(): value for name, value in request.headers.items()}
    attempts: Attempts = request.app.state.attempts
    address = f"callback {request.client.host if request.client else 'unknown'}"
    told = partial(callbacks.take, hub, flow, "POST", query, headers, content, keep=not attempts.spent(address))
    reply = await run_in_threadpool(told)
    if reply.refused and attempts.failed(address):
        raise ProblemError(429, "Too many requests", "Too many refused callbacks from this address.", headers={"Retry-After": "60"})
    if reply.landed:
        request.app.state.wake.set()
    return Response(reply.body, reply.status, media_type=reply.media_type if reply.body else None)
