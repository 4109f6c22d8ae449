"""ApplicationResponse: what became of a UBL document.

Of its syntax a Peppol message level response says AP (accepted) or RE (rejected), and nothing that the rules of that response do not know
(OpenPeppol T71, which its CustomizationID claims). What mapping and rules made of a document is said in a plain UBL 2.1 response that
claims no rules: AP, RE, or CA where it is taken in part. A reason names the place (LineID holds its path, NA where there is none) with
status BV for a business rule, SV for syntax. Received, AP and PD close what we sent, CA closes it with remarks, RE refuses it; AB, IP and
UQ only say that it arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from connectors.answering import NO_REFUSALS, Answering, Numbered, Policy, Received, Said, Wanted, Word
from connectors.formats.ubl.documents import FORMAT
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
from data_contracts.findings import Finding
from data_contracts.source import Group, Message, SourceRecord

SYNTAX, BUSINESS = "MessageLevelResponse", "ApplicationResponse"
_CUSTOMIZATION = "urn:fdc:peppol.eu:poacc:trns:mlr:3"
_PROFILE = "urn:fdc:peppol.eu:poacc:bis:mlr:3"
_CODES: dict[str, str] = {"accepted": "AP", "partly": "CA", "rejected": "RE"}
_HEARD: dict[str, Word] = {"AP": "accepted", "PD": "accepted", "CA": "partly", "RE": "rejected"}
_TYPES = {
    **{"220": "Order", "230": "OrderChange", "231": "OrderResponse", "351": "DespatchAdvice"},
    **{"380": "Invoice", "381": "CreditNote", "632": "ReceiptAdvice"},
}
"""UNCL1001 of the document that is answered; numbers of several kinds of document may be the same."""
_TYPE_CODES = {kind: code for code, kind in _TYPES.items()}
_UNKNOWN = "NA"
"""Number of a document that could not be read so far, and place of what has none."""


class UblAnswering:
    """The `Answering` of UBL."""

    media_type = "application/xml"
    suffix = "xml"
    answers = frozenset({"ApplicationResponse"})
    answered: frozenset[str] = frozenset()
    frame: frozenset[str] = frozenset()
    coded = False
    refusals = NO_REFUSALS
    numbered: frozenset[Numbered] = frozenset({"interchange"})

    def remember(self, message: Message, group: Group | None, profile: Profile, refusal: Finding | None) -> DocumentVerdict:
        """Number and faults of one document."""
        return verdict_of(message, profile, refusal)

    def wanted(self, received: Received, policy: Policy) -> list[Wanted]:
        """A message level response, and a business response for what mapping and rules made of the document."""
        kinds = [Wanted(SYNTAX)] if syntax_is_answered(received, policy) else []
        if judged(received, policy) and not is_refused(received):
            kinds.append(Wanted(BUSINESS))
        return kinds

    def write(self, kind: str, received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
        """One ApplicationResponse. Raises ValueError where nobody is named to whom it could go."""
        root = SourceRecord("ApplicationResponse", {}, 1)
        head = {"UBLVersionID": "2.1"} if kind == BUSINESS else {"CustomizationID": _CUSTOMIZATION, "ProfileID": _PROFILE}
        for name, text in {**head, "ID": f"{envelope.control:09d}"}.items():
            put_at(root, name, text=text)
        put_at(root, "IssueDate", text=envelope.created_at.date().isoformat())
        put_at(root, "IssueTime", text=envelope.created_at.timetz().isoformat(timespec="seconds"))
        for party, identity in (("SenderParty", envelope.sender), ("ReceiverParty", envelope.receiver)):
            scheme, _, value = identity.partition(":")
            if not value:
                raise ValueError(f"the document names no {'receiver' if party == 'SenderParty' else 'sender'} to answer by")
            put_at(root, party, "EndpointID", text=value)
            put_at(root, party, "EndpointID", "@schemeID", text=scheme)
        words: set[Word] = set()
        if kind == BUSINESS:
            for judgement in received.judgements:
                words.add(judgement.verdict)
                _respond(root, judgement.verdict, judgement.number or _UNKNOWN, judgement.type, faults_of(judgement.findings), "BV")
        else:
            outer = faults_of(envelope_faults(received))
            for verdict in [known for _, known in received.verdicts] or [DocumentVerdict("", "", True, None, ())]:
                word: Word = "rejected" if received.refused or verdict.rejected else "accepted"
                words.add(word)
                faults = (*outer, *verdict.faults) if word == "rejected" else ()
                _respond(root, word, verdict.number or _UNKNOWN, verdict.type, faults, "SV")
        return words.pop() if len(words) == 1 else "partly", FORMAT.write([(root.tag, root)], envelope, profile)

    def read(self, message: Message, profile: Profile = STRICT) -> list[Said]:
        """One statement for each document that it answers; a message level status names the envelope that it came in."""
        said = []
        transport = ":mls" in text_at(message.root, "CustomizationID") + text_at(message.root, "ProfileID")
        for response in _children(message.root, "DocumentResponse"):
            code = text_at(response, "Response", "ResponseCode")
            lines = [
                f"{text_at(line, 'LineReference', 'LineID')}: {_reason(line)}".strip(": ") for line in _children(response, "LineResponse")
            ]
            notes = "; ".join(part for part in (f"{code} {_reason(response)}".strip(), *lines[:10]) if part)
            verdict: Word | Literal["received"] = _HEARD.get(code, "received")
            for reference in _children(response, "DocumentReference"):
                number = text_at(reference, "ID")
                if not number:
                    continue
                kind = _TYPES.get(text_at(reference, "DocumentTypeCode"))
                if transport:
                    said.append(Said("interchange", verdict, control=number, notes=notes))
                else:
                    said.append(Said("document", verdict, message_type=kind, number=number, notes=notes))
        return said

    def read_note(self, note: Any) -> list[Said]:
        """There are none."""
        return []

    def group_type(self, message_type: str) -> str | None:
        """UBL has no groups."""
        return None


def _respond(root: SourceRecord, word: Word, number: str, kind: str, faults: Sequence[Fault], status: str) -> None:
    response = _below(root, "DocumentResponse")
    put_at(response, "Response", "ResponseCode", text=_CODES[word])
    if faults:
        how_many = "1 fault" if len(faults) == 1 else f"{len(faults)} faults; the first"
        put_at(response, "Response", "Description", text=f"{how_many}: {faults[0].text}")
    put_at(response, "DocumentReference", "ID", text=number)
    if code := _TYPE_CODES.get(kind):
        put_at(response, "DocumentReference", "DocumentTypeCode", text=code)
    for fault in faults:
        line = _below(response, "LineResponse")
        put_at(line, "LineReference", "LineID", text=fault.path if fault.path.startswith("/") else _UNKNOWN)
        answer = _below(line, "Response")
        put_at(answer, "ResponseCode", text=_CODES["rejected" if word == "rejected" else "partly"])
        put_at(answer, "Description", text=fault.text)
        put_at(answer, "Status", "StatusReasonCode", text=status)


def _below(parent: SourceRecord, tag: str) -> SourceRecord:
    made = SourceRecord(tag, {}, 0, parent)
    parent.children.append(made)
    return made


def _children(record: SourceRecord | None, tag: str) -> list[SourceRecord]:
    return [child for child in record.children if child.tag == tag] if record is not None else []


def _reason(holder: SourceRecord) -> str:
    parts = (text_at(holder, "Response", "Description"), text_at(holder, "Response", "Status", "StatusReasonCode"))
    return " ".join(part for part in (*parts, text_at(holder, "Response", "Status", "StatusReason")) if part)


ANSWERING: Answering = UblAnswering()
