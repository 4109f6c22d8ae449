"""How IDocs are answered, in the words of `connectors/answering.py`: STATUS out (`acknowledge.py`), STATUS and ALEAUD in (`answers.py`)."""

from __future__ import annotations

from typing import Any

from connectors.answering import Answering, Numbered, Policy, Received, Refusals, Said, Wanted, Word, envelope_is_answered
from connectors.formats.idoc import acknowledge
from connectors.formats.idoc.answers import statements
from connectors.formats.idoc.grammar import CONTROL
from connectors.formats.idoc.writer import SHAPES, representation_of
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.findings import Finding, Place
from data_contracts.source import Group, Message


class IdocAnswering:
    """The `Answering` of IDocs."""

    media_type = "application/xml"
    suffix = "xml"
    answers = frozenset({"STATUS", "ALEAUD"})
    answered: frozenset[str] = frozenset()
    frame = acknowledge.FRAME
    coded = False
    refusals = Refusals(
        sender=(Place(segment=CONTROL, position=2, path=f"{CONTROL}/SNDPRN"), "56"),
        receiver=(Place(segment=CONTROL, position=2, path=f"{CONTROL}/RCVPRN"), "56"),
        message=(Place(segment=CONTROL, position=2, path=f"{CONTROL}/MESTYP"), "56"),
        production="56",
        duplicate="56",
    )
    numbered: frozenset[Numbered] = frozenset({"interchange"})

    def remember(self, message: Message, group: Group | None, profile: Profile, refusal: Finding | None) -> acknowledge.Verdict:
        """The verdict of one IDoc."""
        return acknowledge.verdict_of(message, profile, refusal)

    def wanted(self, received: Received, policy: Policy) -> list[Wanted]:
        """One STATUS, when the envelope is refused, when syntax is answered, or when documents were judged."""
        asked = not received.refused and (policy.functional == "always" or bool(received.judgements))
        return [Wanted(acknowledge.KIND)] if asked or envelope_is_answered(received, policy) else []

    def write(self, kind: str, received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
        """The STATUS IDoc."""
        return acknowledge.write(received, envelope, profile)

    def shape(self, received: Received, profile: Profile) -> tuple[str, str]:
        """Those of the representation in which it is answered."""
        return SHAPES[representation_of(acknowledge.dialect(received, profile))]

    def read(self, message: Message, profile: Profile = STRICT) -> list[Said]:
        """What a STATUS or ALEAUD says of our IDocs."""
        return statements(message)

    def read_note(self, note: Any) -> list[Said]:
        """IDocs have nothing that stands beside the messages."""
        return []

    def group_type(self, message_type: str) -> str | None:
        """IDocs travel in no groups."""
        return None


ANSWERING: Answering = IdocAnswering()
