"""What a signature service says of a document that it had signed, by the words of a grammar (`answers:`).

    answers:
      number: data/envelopeSummary/customFields/textCustomFields[name=document]/value     the document's own number
      verdict: event
      accepted: [envelope-completed]
      rejected: [envelope-declined, envelope-voided]
      received: [envelope-sent, envelope-delivered]       on its way: the answer is still awaited
      says: [event, data/envelopeSummary/voidedReason]    what people read

A word of none of the lists says nothing that could be understood (ACK-09). Nothing is answered to the service: its callback was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from connectors.answering import NO_REFUSALS, Answering, Numbered, Policy, Received, Said, Wanted, Word
from connectors.feed import grammar_for, grammar_names
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.findings import Finding
from data_contracts.source import Group, Message, SourceRecord

_VERDICTS: tuple[Literal["accepted", "rejected", "received"], ...] = ("accepted", "rejected", "received")
_LONGEST = 200


class ESignAnswering:
    """The `Answering` of `esign`."""

    media_type = "application/vnd.udihub.signature+json"
    """No answer bears it, for none is written; it must not be that of a syntax that is asked for."""
    suffix = "json"
    answered: frozenset[str] = frozenset()
    frame: frozenset[str] = frozenset()
    coded = False
    refusals = NO_REFUSALS
    numbered: frozenset[Numbered] = frozenset()

    def __init__(self) -> None:
        self.answers = frozenset(name for name in grammar_names("esign") if grammar_for("esign", name, STRICT).answers is not None)
        """Message types by which services speak of documents of ours: the shipped grammars that are answers. A site's own of the same name
        wins when it is read."""

    def remember(self, message: Message, group: Group | None, profile: Profile, refusal: Finding | None) -> None:
        """Nothing: nobody is answered."""

    def wanted(self, received: Received, policy: Policy) -> list[Wanted]:
        """No answer."""
        return []

    def write(self, kind: str, received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
        """Raises ValueError: a signature service is not answered."""
        raise ValueError("a signature service is not answered")

    def read(self, message: Message, profile: Profile = STRICT) -> list[Said]:
        """One statement of the document that was to be signed; none where it is not named, or the word is unknown."""
        grammar = grammar_for("esign", message.type, profile)
        if grammar.answers is None or message.root is None:
            return []
        told: Mapping[str, Any] = grammar.answers
        number, word = _at(message.root, str(told["number"])), _at(message.root, str(told["verdict"]))
        verdict = next((one for one in _VERDICTS if word in map(str, told.get(one, ()))), None)
        if not number or verdict is None:
            return []
        notes = " ".join(filter(None, (_at(message.root, str(path)) for path in told.get("says", ()))))
        return [Said("document", verdict, number=number, notes=(notes or word)[:_LONGEST])]

    def read_note(self, note: Any) -> list[Said]:
        """Nothing stands beside messages."""
        return []

    def group_type(self, message_type: str) -> str | None:
        """There are no groups."""
        return None


def _at(record: SourceRecord, path: str) -> str:
    """The first value at a path; `list[name=value]` picks one of several records."""
    *steps, leaf = path.split("/")
    return next((str(one.values[leaf]) for one in _below([record], steps) if isinstance(one.values, Mapping) and one.values.get(leaf)), "")


def _below(records: list[SourceRecord], steps: list[str]) -> Iterator[SourceRecord]:
    for step in steps:
        tag, _, picked = step.partition("[")
        name, _, value = picked.removesuffix("]").partition("=")
        records = [
            child
            for record in records
            for child in record.children
            if child.tag == tag and (not picked or (isinstance(child.values, Mapping) and child.values.get(name) == value))
        ]
    yield from records


ANSWERING: Answering = ESignAnswering()
