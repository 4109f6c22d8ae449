"""What is kept of one business document to answer it: which it was, and what was wrong with it, in a few sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.answering import Judgement, Policy, Received, envelope_is_answered
from connectors.answering import is_refused as message_is_refused
from connectors.spec import Profile
from data_contracts.findings import Finding, has_error
from data_contracts.source import Message

MOST = 20
"""Faults that an answer lists."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (an XPath-like path), and what, in English."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentVerdict:
    """One document."""

    type: str
    number: str
    """Its own number; empty where it could not be read."""
    rejected: bool
    refusal: Finding | None
    """Why the agreement does not take this type, where it does not."""
    faults: tuple[Fault, ...]


def verdict_of(message: Message, profile: Profile, refusal: Finding | None) -> DocumentVerdict:
    """What an answer says of a message's syntax. Its tree is gone by then."""
    errors = [finding for finding in message.findings if finding.severity == "error"]
    rejected = refusal is not None or message_is_refused(message, profile)
    return DocumentVerdict(
        message.type, message.control or "", rejected, refusal, faults_of(errors if refusal is None else [refusal, *errors])
    )


def faults_of(findings: Sequence[Finding]) -> tuple[Fault, ...]:
    """Findings in words for the other side."""
    return tuple(Fault(_path(finding), finding.text("en")) for finding in findings[:MOST])


def _path(finding: Finding) -> str:
    place = finding.place
    return place.path or (f"line {place.line}" if place.line is not None else "")


def envelope_faults(received: Received) -> list[Finding]:
    """Errors of the envelope itself."""
    return [finding for finding in received.findings if finding.severity == "error"]


def syntax_is_answered(received: Received, policy: Policy) -> bool:
    """Whether a syntax answer leaves: always where agreed, else for a refusal as the agreement has it."""
    return policy.functional == "always" or envelope_is_answered(received, policy)


def judged(received: Received, policy: Policy) -> list[Judgement]:
    """The documents whose content is to be answered."""
    if policy.application == "always":
        return list(received.judgements)
    return [judgement for judgement in received.judgements if policy.application == "on_error" and judgement.verdict != "accepted"]


def is_refused(received: Received) -> bool:
    """Whether nothing of the document was taken."""
    return received.refused or has_error(received.findings) or any(verdict.rejected for _, verdict in received.verdicts)
