"""How B2MML is answered: by a ConfirmBOD, as ISA-95 part 5 has it, which names the BODID of what it confirms and says whether it was taken.

There is one for a document, for its syntax and for what it says alike: it is the only answer that the standard has for a Sync. The sender
asks for it by the ConfirmationCode of its application area (Always, OnError); the agreement has the last word. A document without an
application area names nothing to be confirmed. What is told is in ResponseCriteria (Accepted, Modified: taken in part, Rejected),
and in Description the reasons. ConfirmBODs of a partner close what we sent; they are never answered.
"""

from __future__ import annotations

from typing import Any

from connectors.answering import NO_REFUSALS, Answering, Numbered, Policy, Received, Said, Wanted, Word
from connectors.feed import grammar_for
from connectors.formats.b2mml.writer import write_confirmation
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

CONFIRM = "ConfirmBOD"
_CODES: dict[Word, str] = {"accepted": "Accepted", "partly": "Modified", "rejected": "Rejected"}
_LONGEST = 200


class B2mmlAnswering:
    """The `Answering` of B2MML."""

    media_type = "application/xml"
    suffix = "xml"
    answers = frozenset({CONFIRM})
    answered: frozenset[str] = frozenset()
    frame: frozenset[str] = frozenset()
    coded = False
    refusals = NO_REFUSALS
    numbered: frozenset[Numbered] = frozenset({"interchange"})

    def remember(self, message: Message, group: Group | None, profile: Profile, refusal: Finding | None) -> DocumentVerdict:
        """What is wrong with one object."""
        return verdict_of(message, profile, refusal)

    def wanted(self, received: Received, policy: Policy) -> list[Wanted]:
        """One ConfirmBOD, where syntax is answered, where the sender asks for it, or where there is something to say of the content."""
        if received.interchange.control is None:
            return []
        said = bool(judged(received, policy)) and not is_refused(received)
        return [Wanted(CONFIRM)] if said or syntax_is_answered(received, policy) else []

    def write(self, kind: str, received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
        """The ConfirmBOD, in the namespace of what it confirms."""
        word, faults = _verdict(received)
        root = SourceRecord(CONFIRM, {}, 1)
        namespace, created = (*received.interchange.header, "", "")[:2]
        area = ("DataArea", "Confirm", "OriginalApplicationArea")
        if received.interchange.sender:
            put_at(root, *area, "Sender", "LogicalID", text=received.interchange.sender.partition(":")[2])
        if created:
            put_at(root, *area, "CreationDateTime", text=created)
        put_at(root, *area, "BODID", text=received.interchange.control or "")
        put_at(root, "DataArea", "Confirm", "ResponseCriteria", "ResponseExpression", "@actionCode", text=_CODES[word])
        data = root.children[0]
        bod = SourceRecord("BOD", {}, 0, data)
        data.children.append(bod)
        for fault in faults:
            text = f"{fault.path}: {fault.text}".strip(": ")
            bod.children.append(SourceRecord("Description", {"": text}, 0, bod))
        space = str(profile.options.get("namespace") or namespace)
        return word, write_confirmation(grammar_for("b2mml", CONFIRM, profile), root, envelope, space)

    def read(self, message: Message, profile: Profile = STRICT) -> list[Said]:
        """What a ConfirmBOD says of the BODID that it names. One that says neither yes nor no confirms by having no reasons."""
        data = next((child for child in message.root.children if child.tag == "DataArea"), None) if message.root is not None else None
        control = text_at(data, "Confirm", "OriginalApplicationArea", "BODID") or text_at(data, "BOD", "OriginalApplicationArea", "BODID")
        if data is None or not control:
            return []
        codes = {
            text_at(criterion, "ResponseExpression", "@actionCode")
            for confirm in data.children
            if confirm.tag == "Confirm"
            for criterion in confirm.children
            if criterion.tag == "ResponseCriteria"
        }
        reasons = [text for bod in data.children if bod.tag == "BOD" for text in _texts(bod)]
        verdict: Word = "partly" if "Modified" in codes else "accepted"
        if "Rejected" in codes or (reasons and not codes & {"Accepted", "Modified"}):
            verdict = "rejected"
        notes = "; ".join([*sorted(code for code in codes if code), *reasons])
        return [Said("interchange", verdict, control=control, notes=notes[:_LONGEST])]

    def read_note(self, note: Any) -> list[Said]:
        """There are none."""
        return []

    def group_type(self, message_type: str) -> str | None:
        """B2MML has no groups."""
        return None


def _verdict(received: Received) -> tuple[Word, tuple[Fault, ...]]:
    """One word for the document, and why."""
    outer = faults_of(envelope_faults(received))
    rejected = [verdict for _, verdict in received.verdicts if verdict.rejected]
    if received.refused or outer:
        return "rejected", (*outer, *(fault for verdict in rejected for fault in verdict.faults))
    judgements = [judgement for judgement in received.judgements if judgement.verdict != "accepted"]
    faults = (
        *(fault for verdict in rejected for fault in verdict.faults),
        *(fault for judgement in judgements for fault in faults_of(judgement.findings)),
    )
    refused = len(rejected) + sum(judgement.verdict == "rejected" for judgement in judgements)
    if refused and refused >= len(received.verdicts):
        return "rejected", faults
    return ("partly" if refused or judgements else "accepted"), faults


def _texts(bod: SourceRecord) -> list[str]:
    """The reasons of a BOD, as leaves with attributes or without."""
    own = [str(value) for name, value in bod.values.items() if name in ("Description", "Note") and value]  # type: ignore[union-attr]
    beside = [str(child.values.get("", "")) for child in bod.children if child.tag in ("Description", "Note")]  # type: ignore[union-attr]
    return [*dict.fromkeys(text for text in (*own, *beside) if text)]


ANSWERING: Answering = B2mmlAnswering()
