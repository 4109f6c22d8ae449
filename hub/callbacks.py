"""What platforms post by themselves, each to the address of its own flow: verified over the very bytes, made durable, then answered.

Nobody has a key there: who posts is known by the signature that the flow's signer verifies (`connectors/signing.py`). A callback that comes
again has the same delivery key, lands nothing new and is answered as before. What does not verify is told once for the agreement
(SEC-04), until one does: most often a key has changed on one side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import sqlalchemy as sa
import structlog

from connectors.credentials import seconds
from connectors.registry import signer_named
from connectors.signing import WINDOW_SECONDS, Heard, Pairs, Signing, Verifying, Vouched, keys_of
from data_contracts.errors import ConfigError, RefusedError, RetriableError
from data_contracts.findings import Finding
from hub.receive import GIVEN, Reception, receive
from hub.runtime import Hub, local
from hub.site import Agreement, Flow, Site
from hub.site_reading import unloadable
from hub.store import documents, evidence, incidents
from hub.store.types import micros

RULE = "SEC-04"
TRANSPORT = "signed_http"
REPEATED_SECONDS = 600
"""Within which the same callback again is the same one: platforms repeat what was not answered within some minutes."""
_CHANNEL = "callback"
_TURNS = 100
"""How often one and the same statement may be made anew."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back on the connection."""

    status: int
    media_type: str = "text/plain"
    body: bytes = b""
    landed: bool = False
    refused: bool = False


REFUSED = Reply(403, refused=True)
"""For an unknown flow as for a wrong signature: nobody learns which flows there are."""


def take(hub: Hub, name: str, method: str, query: Pairs, headers: Mapping[str, str], body: bytes, *, keep: bool = True) -> Reply:
    """One callback for the flow `name`. `headers`: names in lower case. `keep`: what is refused is told.

    Raises RetriableError where our own side is not fit to judge it.
    """
    flow = hub.site.flows.get(name)
    if flow is None or not flow.enabled or flow.direction != "in" or flow.transport.get("use") != TRANSPORT:
        return REFUSED
    settings = hub.transport_settings(flow)
    try:
        signer = signer_named(str(settings.get("signer")))
        if not isinstance(signer, Verifying):
            return REFUSED
        window = seconds(settings, "window_seconds", WINDOW_SECONDS)
        vouched = signer.verify(Heard(method, query, headers, body), keys_of(signer, settings.get("keys", {})), hub.clock.now(), window)
    except ConfigError as error:
        _log.error("callbacks of a flow cannot be verified", flow=name, reason=str(error))
        raise RetriableError("this side is not ready") from error
    except RefusedError as error:
        _log.warning("a callback was refused", flow=name, reason=str(error))
        if keep:
            _tell(hub, flow, str(error))
        return REFUSED
    agreement = hub.site.agreements[flow.agreement]
    key, held_back = _key(hub, agreement, name, vouched)
    landing = receive(
        hub,
        Reception(
            partner=agreement.partner,
            channel=_CHANNEL,
            stream=BytesIO(vouched.content),
            by=f"callback:{name}",
            organisations=[agreement.organisation],
            name=f"{name}-{vouched.delivery_key}"[:200],
            agreement=flow.agreement,
            delivery_key=key,
        ),
    )
    _settled(hub, flow)
    if held_back and keep:
        _tell_repeated(hub, agreement, name, landing.document_id)
    if landing.outcome == "conflict":
        return Reply(409, refused=True)
    media_type, told = signer.taken
    if settings.get("answer") is not None:
        told = str(settings["answer"]).encode()
        media_type = "text/xml; charset=utf-8" if told.startswith(b"<") else "application/json" if told[:1] in b"{[" else "text/plain"
    return Reply(200, media_type, told, landed=landing.outcome == "new")


def _key(hub: Hub, agreement: Agreement, name: str, vouched: Vouched) -> tuple[str, bool]:
    """The delivery key of a callback, and whether it is taken for a repetition although the flow has said otherwise since.

    Released, blocked, and released again is three statements, of which the third is no repetition of the first: so a callback whose moment
    was verified, and which comes later than any repetition of a lost answer, is a new one where something else came in between. Of one
    that states no moment nobody can tell: what was caught may be played back.
    """
    key = f"{name}/{vouched.delivery_key}"
    whose = hub.organisation_id(agreement.organisation), hub.partner_id(agreement.partner)
    keys = [f"{GIVEN}{key}", *(f"{GIVEN}{key}/{turn}" for turn in range(2, _TURNS))]
    with hub.database.read() as connection:
        said, last = documents.said_before(connection, *whose, _CHANNEL, keys, f"callback:{name}")
    if not said:
        return key, False
    old = micros(hub.clock.now()) - said[-1].received_at > REPEATED_SECONDS * 1_000_000
    if last == said[-1].id or not old or len(said) + 1 >= _TURNS:
        return str(said[-1].delivery_key).removeprefix(GIVEN), False
    return (f"{key}/{len(said) + 1}", False) if vouched.fresh else (key, True)


def _tell_repeated(hub: Hub, agreement: Agreement, name: str, document_id: int) -> None:
    whose = hub.partner_id(agreement.partner), hub.organisation_id(agreement.organisation)
    with hub.database.begin(f"callback:{name}") as uow:
        evidence.add_findings(uow, [evidence.Found(Finding("SEC-05", expected=name), document_id, None, None, *whose)])


def check(site: Site, home: Path) -> Iterator[Finding]:
    """What will keep signed flows from working on this machine: signers that are none or sign nothing, keys that lack or cannot be read."""
    for flow in site.flows.values():
        if flow.transport.get("use") != TRANSPORT:
            continue
        settings = local(flow.transport, home)
        try:
            signer = signer_named(str(settings.get("signer")))
            keys_of(signer, settings.get("keys", {}))
            if settings.get("url") and not isinstance(signer, Signing):
                raise ConfigError(f"signer {signer.name} signs nothing: it verifies callbacks")
            if not settings.get("url") and not isinstance(signer, Verifying):
                raise ConfigError(f"signer {signer.name} verifies no callbacks: name the url that is asked")
        except ConfigError as error:
            yield unloadable(f"flows/{flow.flow}.yaml", "transport", error)


def _tell(hub: Hub, flow: Flow, reason: str) -> None:
    agreement = hub.site.agreements[flow.agreement]
    try:
        with hub.database.begin("callbacks") as uow:
            if all(row.agreement != flow.agreement for row in incidents.lasting(uow.connection, RULE)):
                whose = hub.organisation_id(agreement.organisation), hub.partner_id(agreement.partner)
                incidents.begin(uow, *whose, flow.agreement, Finding(RULE, expected=flow.flow, got=reason))
    except sa.exc.IntegrityError:
        _log.info("another callback has told it", flow=flow.flow)


def _settled(hub: Hub, flow: Flow) -> None:
    with hub.database.read() as connection:
        known = [row for row in incidents.lasting(connection, RULE) if row.agreement == flow.agreement]
    if known:
        with hub.database.begin("callbacks") as uow:
            for row in incidents.lasting(uow.connection, RULE):
                if row.agreement == flow.agreement:
                    incidents.end(uow, row, "a callback was verified again")
