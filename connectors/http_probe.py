"""Whether a peer by HTTP to which documents go is there and lets us in, proved by a question that changes nothing.

A GET of `probe`, an address that the site names, or of `url`, with all that lets us in. Where no harmless address answers, that is said,
and where a page of HTML does or what `success` and `failure` do not let pass: a sign-on, or a refusal under 200. What a peer does with a
document nobody can prove without sending one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.http_peer import Answered, Asked, Peer
from data_contracts.errors import ConfigError, RefusedError, RetriableError

_UNPROVED = "whether it lets us in is not proved; name an address that may be read (probe)"


def probed(peer: Peer, settings: Mapping[str, Any], understood: Callable[[Answered, str], Any] = Answered.json) -> str:
    """What came of it; `understood` reads a body for `success` and `failure`. Raises ConfigError where the peer does not let us in,
    RetriableError where it is away or fails."""
    answer = peer.ask(Asked(path=str(settings.get("probe", "")), headers={"Accept": "*/*"}, also=tuple(range(300, 600))))
    if answer.status in (401, 403):
        raise ConfigError(f"{peer.where} does not let us in: {answer.status}")
    if answer.status >= 500 or answer.status in (408, 429):
        raise RetriableError(f"{peer.where} answered {answer.status}")
    if answer.status >= 300:
        return f"is there and answers {answer.status}: {_UNPROVED}"
    try:
        peer.taken(answer, understood, repeatable=True)
    except (RefusedError, RetriableError) as error:  # rules for what takes a document may not fit what a question is answered
        return f"{error}: {_UNPROVED}"
    return f"lets us in, answers {answer.status}"
