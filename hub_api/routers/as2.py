"""AS2 over HTTP (RFC 4130): partners post here without a key. Who they are is said by their signature, and by nothing else.

Not under `/v1`: what may be posted and what is answered is the standard's, not ours to version.
"""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from connectors.transports.as2 import mime
from hub.as2 import receiving
from hub_api.errors import ProblemError, answered
from hub_api.intake import TooLargeError, take
from hub_api.security import Attempts, HubDependency

router = APIRouter(tags=["documents"], include_in_schema=False)
_UNKEPT = frozenset({"authorization", "cookie", "host", "connection", "content-length", "transfer-encoding", "expect", "accept-encoding"})
"""Headers of the connection, which say nothing about the message; keys and cookies are never kept."""


@router.post("/as2")
async def post_as2(request: Request, hub: HubDependency) -> Response:
    """A message, answered with its receipt when that is asked for on this connection; or a receipt of what we sent."""
    try:
        body = await take(request, hub.settings.max_body, forms=False)
    except TooLargeError as error:
        return answered(request, 413, "Too large", f"A body may have {error.limit} bytes.", headers={"Connection": "close"})
    with body.stream as stream:
        content = stream.read()
    headers = [(name, value) for name, value in request.headers.items() if name not in _UNKEPT]
    attempts: Attempts = request.app.state.attempts
    address = f"as2 {request.client.host if request.client else 'unknown'}"
    # A flood of refused messages fills no store; what is right is taken whatever others do from its address.
    reply = await run_in_threadpool(partial(receiving.take, hub, headers, content, keep=not attempts.spent(address)))
    if reply.refused and attempts.failed(address):
        raise ProblemError(429, "Too many requests", "Too many refused messages from this address.", headers={"Retry-After": "60"})
    if reply.landed:
        request.app.state.wake.set()
    if reply.receipt is None:
        return Response(status_code=reply.status)
    entity = mime.read(reply.receipt)
    return Response(entity.body, reply.status, dict(entity.head.items()))
