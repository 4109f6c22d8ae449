"""What cXML answers: a Response with a status code at once, and a StatusUpdateRequest when more is known of a document.

    200 taken    400 not readable    403 not for this sender    406 not acceptable: structure or content    409 payloadID used before
    450 a request that was not agreed

A Response names no document: it travels back on the connection of its request. So that it can also be told apart as a file, ours bears the
payloadID of what it answers, and one that comes is taken to do the same. A StatusUpdateRequest names the payloadID.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connectors.answering import Answering, Numbered, Policy, Received, Refusals, Said, Wanted, Word
from connectors.formats.cxml.documents import FORMAT
from connectors.formats.xml.places import put_at, text_at
from connectors.formats.xml.verdict import (
    DocumentVerdict,
    Fault,
    envelope_faults,
    faults_of,
    is_refused,
    judged,
    syntax_is_answered,
    verdict_of,
)
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.findings import Finding, Place
from data_contracts.source import Group, Message, SourceRecord

RESPONSE, UPDATE = "Response", "StatusUpdateRequest"
_INVOICE = "InvoiceDetailRequest"
_TEXTS = {
    "200": "OK",
    "400": "Bad Request",
    "403": "Forbidden",
    "406": "Not Acceptable",
    "409": "Conflict",
    "450": "Not Implemented",
}
_HEARD: dict[str, Word] = {"accepted": "accepted", "paid": "accepted", "rejected": "rejected", "canceled": "rejected"}


class CxmlAnswering:
    """The `Answering` of cXML."""

    media_type = "application/xml"
    suffix = "xml"
    answers = frozenset({RESPONSE, UPDATE})
    answered = frozenset({UPDATE})
    frame: frozenset[str] = frozenset()
    coded = False
    refusals = Refusals(
        sender=(Place(path="/cXML/Header/From"), "403"),
        receiver=(Place(path="/cXML/Header/To"), "403"),
        message=(Place(path="/cXML/Request"), "450"),
        production="406",
        duplicate="409",
    )
    numbered: frozenset[Numbered] = frozenset({"interchange"})

    def remember(self, message: Message, group: Group | None, profile: Profile, refusal: Finding | None) -> DocumentVerdict:
        """Faults of one document."""
        return verdict_of(message, profile, refusal)

    def wanted(self, received: Received, policy: Policy) -> list[Wanted]:
        """A Response, and a status update for what mapping and rules made of the document."""
        kinds = [Wanted(RESPONSE)] if syntax_is_answered(received, policy) else []
        if judged(received, policy) and not is_refused(received):
            kinds.append(Wanted(UPDATE))
        return kinds

    def write(self, kind: str, received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
        """One document. Raises ValueError where a status update would go to nobody."""
        if kind == UPDATE:
            return self._update(received, envelope, profile)
        code, faults = _status(received)
        root = SourceRecord(RESPONSE, {}, 1)
        if received.interchange.control:
            put_at(root, "@payloadID", text=received.interchange.control)
        _say(root, (RESPONSE,), code, faults)
        word: Word = "accepted" if code == "200" else "rejected"
        return word, FORMAT.write([(RESPONSE, root)], envelope, profile)

    def _update(self, received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
        if not (envelope.sender and envelope.receiver):
            raise ValueError("the document names nobody to whom a status update could go")
        words = {judgement.verdict for judgement in received.judgements}
        word: Word = words.pop() if len(words) == 1 else "partly"
        findings = [finding for judgement in received.judgements for finding in judgement.findings]
        root = SourceRecord(UPDATE, {}, 1)
        where = ("Request", UPDATE)
        put_at(root, *where, "DocumentReference", "@payloadID", text=received.interchange.control or "")
        _say(root, where, "406" if word == "rejected" else "200", faults_of(findings))
        return word, FORMAT.write([(UPDATE, root)], replace(envelope, test=received.interchange.test), profile)

    def read(self, message: Message, profile: Profile = STRICT) -> list[Said]:
        """What a status says of the payloadID that it names; of an invoice also what became of it."""
        root = message.root
        where = (RESPONSE,) if message.type == RESPONSE else ("Request", UPDATE)
        code, text = text_at(root, *where, "Status", "@code"), text_at(root, *where, "Status", "@text")
        control = text_at(root, "@payloadID") if message.type == RESPONSE else text_at(root, *where, "DocumentReference", "@payloadID")
        notes = " ".join(part for part in (code, text, text_at(root, *where, "Status")) if part)
        said = []
        if control and code[:1].isdigit():
            said.append(Said("interchange", "accepted" if code.startswith("2") else "rejected", control=control, notes=notes))
        if invoice := text_at(root, *where, "InvoiceStatus", "InvoiceIDInfo", "@invoiceID"):
            state = text_at(root, *where, "InvoiceStatus", "@type")
            said.append(
                Said("document", _HEARD.get(state, "received"), message_type=_INVOICE, number=invoice, notes=f"{state} {notes}".strip())
            )
        return said

    def read_note(self, note: Any) -> list[Said]:
        """There are none."""
        return []

    def group_type(self, message_type: str) -> str | None:
        """cXML has no groups."""
        return None


def _status(received: Received) -> tuple[str, tuple[Fault, ...]]:
    """Code and faults of a Response."""
    outer = envelope_faults(received)
    if received.refused:
        code = next((finding.code for finding in outer if finding.code in _TEXTS), None)
        return code or "400", faults_of(outer)
    rejected = [verdict for _, verdict in received.verdicts if verdict.rejected]
    if not rejected:
        return "200", ()
    faults = tuple(fault for verdict in rejected for fault in verdict.faults)
    refused = (verdict.refusal.code for verdict in rejected if verdict.refusal is not None)
    return next((code for code in refused if code in _TEXTS), None) or "406", faults


def _say(root: SourceRecord, where: tuple[str, ...], code: str, faults: tuple[Fault, ...]) -> None:
    put_at(root, *where, "Status", "@code", text=code)
    put_at(root, *where, "Status", "@text", text=_TEXTS[code])
    if faults:
        put_at(root, *where, "Status", text="; ".join(f"{fault.path}: {fault.text}".strip(": ") for fault in faults)[:2000])


ANSWERING: Answering = CxmlAnswering()
