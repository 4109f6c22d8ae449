"""Answering: what a standard says back when something came, and what a partner's answer says of something that we sent.

A format whose standard knows acknowledgements offers, beside `FORMAT`, an object `ANSWERING` with what this page asks (X12: TA1, 997, 999
and 824; UN/EDIFACT: CONTRL and APERAK; IDoc: STATUS; cXML: Response; UBL: ApplicationResponse; B2MML: ConfirmBOD). A format without it is
never answered. The hub knows no syntax: it decides by the agreement whether an answer leaves, draws its numbers from the store, routes it,
and finds the document that a received answer speaks of. What an answer says, and in which words, is the format's.

Two levels, never mixed:

    syntax      could it be read, may it come in: `verdicts` and the envelope's `findings`       policy: functional, interchange
    business    what mapping and rules make of it (an unknown GTIN, an order never placed): `judgements`   policy: application

What a syntax answer refuses, and what becomes of the message, is one decision (`is_refused`): the hub asks it for the message's fate and
each format for its answer, so that nothing is told as taken that was not. Where the standard names faults by code (`coded`), only what
has one is a matter of the syntax answer; the rest is content (`held_as_content`), whatever consequence an agreement gives it.

For authors of formats:

- `wanted` is asked once for each interchange, with everything that may be said of it; `write` once for each kind that it named. Both see
  the same `Received`. Acknowledgements are never acknowledged, or two machines would go on for ever: the hub (`never_answered`,
  `answers_to`) neither remembers them nor asks about an interchange that holds nothing else, whatever is wrong with it. No format need
  think of it.
- `write` gets an `Envelope` back to the sender: `sender` and `receiver` are those of the received interchange turned round, `control` is
  fresh, `group_control` and `first_message_control` are the first of as many numbers as `Wanted` asked for, consecutive. `version` is the
  first group's as it came, or empty. It raises ValueError where the envelope cannot be carried in the delimiters at hand; then it is
  asked again with the sender's own, and after that the answer is finding ACK-04.
- `read` says one thing for each level that the acknowledgement speaks of, the outer level first. Control numbers are given as they stand
  there; leading zeros do not matter to the hub. `rejected` needs codes or texts in `notes`: people read them.
- `numbered` names the numbers that a *document* of this syntax takes from the store when it goes out (`hub/outbound.py`): the hub fills
  `Envelope.control` (interchange), `.group_control` (group) and `.first_message_control` (message) and reads the references back from
  the written bytes by the format's own reader (`Interchange.control`, `Group.control`, `Message.control`), by which answers find it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, Protocol, cast, runtime_checkable

from connectors.spec import STRICT, Envelope, Profile
from data_contracts.findings import Finding, Place
from data_contracts.source import Group, Interchange, Message

Level = Literal["interchange", "group", "message", "document"]
Word = Literal["accepted", "partly", "rejected"]
Numbered = Literal["interchange", "group", "message"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a received acknowledgement says of something that we sent.

    `interchange`, `group` and `message` are answers to syntax, found by control numbers; `document` is a business answer, found by the
    document's own number. An accepted outer level accepts what is inside unless an inner level says otherwise; `received` says that it
    arrived and no more (TA1 A, UCI 8), so that a finer answer is still awaited.
    """

    level: Level
    verdict: Literal["accepted", "partly", "rejected", "received"]
    control: str | None = None
    """The interchange's control number (ISA13, 0020, payloadID)."""
    group_type: str | None = None
    group_control: str | None = None
    message_type: str | None = None
    message_control: str | None = None
    """ST02, UNH 0062, DOCNUM."""
    number: str | None = None
    """The document's own business number (BGM, OTI03, DocumentReference). Never a control number: those are counted apart, so that the
    same digits name another document there."""
    types: frozenset[str] = frozenset()
    """The message types of which `number` may be, where the answer tells what kind of number it is (RFF+IV: an invoice's); empty: any."""
    parties: tuple[str | None, str | None] = (None, None)
    """Sender and receiver of what it speaks of, where it repeats them (UCI); null: it does not."""
    notes: str = ""
    """The standard's codes and texts, short."""
    remarked: bool = False
    """Whether it is taken in spite of errors that were noted (AK501 E): a person should mend what made them."""
    unknown: tuple[str, ...] = ()
    """Codes which neither standard nor agreement knows, beside a verdict that leaves them open: a person is told."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What mapping and rules made of one message that was read: what a business answer says."""

    type: str
    version: str | None
    control: str | None
    group_ordinal: int
    """0 where the syntax has no groups; else `Group.ordinal`."""
    number: str | None
    """The document's own business number, where it could be mapped."""
    verdict: Word
    """`partly`: rows were left out. `rejected`: it is held, nothing of it counts until a person has mended it."""
    findings: tuple[Finding, ...] = ()
    """What is wrong with what it says, worst first; their places name segment and element where known."""


@dataclass(slots=True)
class Received:
    """One received interchange and all that an answer may say of it."""

    interchange: Interchange
    groups: Sequence[Group]
    """Those that are spoken of: none of acknowledgements."""
    verdicts: Sequence[tuple[int, Any]]
    """Of each message that is spoken of, in order: its group's ordinal (0: none) and what `remember` kept of it."""
    findings: Sequence[Finding]
    """What is wrong with the envelope itself, also who may not send it; codes are the standard's."""
    refused: bool
    """Nothing inside was processed."""
    judgements: Sequence[Judgement] = ()
    """What a business answer is to say; empty unless the agreement wants one."""
    summary: Any = None
    """What a syntax has worked out of all this already, for its several answers; its own matter."""
    unanswered: bool = False
    """Whether acknowledgements came in it that nothing answers."""


class Policy(Protocol):
    """What an agreement says of answers (`acknowledge:` in the site)."""

    @property
    def functional(self) -> Literal["always", "never"]:
        """Whether each message's syntax is answered."""
        ...

    @property
    def functional_as(self) -> str | None:
        """Which of the standard's acknowledgements does it (X12 `999`); null: the customary one."""
        ...

    @property
    def interchange(self) -> Literal["on_rejection", "requested", "always", "never"]:
        """When the envelope is answered by itself. `on_rejection` and `requested`: also, or only, where the sender asks for it."""
        ...

    @property
    def application(self) -> Literal["on_error", "always", "never"]:
        """When what mapping and rules found is answered; the hub passes no judgements otherwise."""
        ...


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Wanted:
    """One document that is to answer, and how many fresh numbers it takes."""

    kind: str
    """The standard's word: TA1, 997, CONTRL, APERAK, STATUS, Response."""
    interchanges: int = 1
    groups: int = 0
    messages: int = 0
    """Control numbers of messages that must not repeat between two parties. 0: they count from 1 inside the interchange."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """Where an envelope says who it is, and by which codes the standard turns it away."""

    sender: tuple[Place, str | None] = (Place(), None)
    """SEC-01: who sends is not who delivered."""
    receiver: tuple[Place, str | None] = (Place(), None)
    """SEC-02: it is for none of us."""
    message: tuple[Place, str | None] = (Place(), None)
    """AGR-01: a type or version that was not agreed."""
    production: str | None = None
    """AGR-02: not flagged as test, though only tests were agreed."""
    duplicate: str | None = None
    """DUP-02, DUP-03: a control number that was used before."""


NO_REFUSALS = Refusals()


@runtime_checkable
class Answering(Protocol):
    """The acknowledgements of one syntax. Pure: findings and numbers in, bytes out; messages in, statements out."""

    media_type: str
    """What answers are said to be, unless each has the shape of what it answers (`Shaped`)."""
    suffix: str
    """Of the files that hold answers, without a point; likewise."""
    answers: frozenset[str]
    """Message types that answer something of ours: they are heard and never mapped, and no business answer speaks of them."""
    answered: frozenset[str]
    """Those of `answers` whose syntax is answered as that of any document, because the standard has it so (a 997 for an 824). All others,
    and whatever is in the groups in which they travel, are never answered."""
    frame: frozenset[str]
    """Segments that frame a message (ST, SE): what is wrong with them always refuses it, also an answer to us."""
    coded: bool
    """Whether its syntax answer names each fault by a code of the standard (X12, EDIFACT): what no code fits it cannot refuse."""
    refusals: Refusals
    numbered: frozenset[Numbered]

    def remember(self, message: Message, group: Group | None, profile: Profile, refusal: Finding | None) -> Any:
        """What must be kept of one message to answer it: small, for messages of a large document do not stay. None: nothing.
        Not asked of what is never answered.

        Whether it is refused is what `is_refused` says of it.
        `refusal` says that the agreement does not take this type (AGR-01), with the standard's code where there is one
        (`Refusals.message`): such a message is refused, whatever else is said of it.
        """
        ...

    def wanted(self, received: Received, policy: Policy) -> list[Wanted]:
        """The answers that the policy wants, in the order in which they leave. Not asked of an interchange in which nothing
        else came than acknowledgements that are never answered."""
        ...

    def write(self, kind: str, received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
        """One word for what it says, and its bytes. Raises ValueError when it cannot be written."""
        ...

    def read(self, message: Message, profile: Profile = STRICT) -> list[Said]:
        """What a received message of `answers` says, by the codes that the agreement knows; empty when it says nothing that can be
        understood."""
        ...

    def read_note(self, note: Any) -> list[Said]:
        """What an `acknowledgement` event of the reader says (X12: a TA1 beside the groups); empty where there are none."""
        ...

    def group_type(self, message_type: str) -> str | None:
        """The group in which messages of this type travel (`PO` for an 850), as acknowledgements name it; None: no groups."""
        ...


def is_refused(message: Message, profile: Profile, frame: frozenset[str] = frozenset(), *, coded: bool = False) -> bool:
    """Whether the answer to a message's syntax refuses it, which is to say that nothing of it is applied.

    What cannot be read is refused. Errors in elements and segments may be taken by an agreement (`accept_with_errors`, AK5 E); one in the
    frame (ST, SE), or for which the flow is to stop, never is. Of a standard that names faults by code, only those that have one count.
    """
    if message.unread:
        return True
    errors = [one for one in message.findings if one.severity == "error" and (one.code is not None or not coded)]
    if not errors:
        return False
    return not profile.accept_with_errors or any(one.place.segment in frame or one.action == "flow" for one in errors)


def held_as_content(findings: Sequence[Finding], coded: bool) -> tuple[list[Finding], list[Finding]]:
    """What the syntax answer speaks of, and those errors for which its standard has no code: they hold the message as its content does."""
    if not coded or not any(one.severity == "error" and one.code is None for one in findings):
        return list(findings), []
    held = [one for one in findings if one.severity == "error" and one.code is None]
    spoken = [one for one in findings if one.severity != "error" or one.code is not None]
    return spoken, [one if one.action == "flow" else replace(one, action="message") for one in held]


@runtime_checkable
class Shaped(Protocol):
    """An `Answering` whose answers have several shapes: each interchange is answered in the one that it came in (IDoc: XML, flat)."""

    def shape(self, received: Received, profile: Profile) -> tuple[str, str]:
        """Media type and suffix of an answer to this interchange."""
        ...


def shape_of(answering: Answering, received: Received, profile: Profile) -> tuple[str, str]:
    """Media type and suffix of the answer to one interchange: what its file is called must say how it is to be read."""
    return answering.shape(received, profile) if isinstance(answering, Shaped) else (answering.media_type, answering.suffix)


def never_answered(answering: Answering, message_type: str, group: Group | None) -> bool:
    """Whether a message is an acknowledgement that nothing ever answers: by the group it travels in where its syntax has groups for
    them (X12: FA, whatever is inside), else by its type.
    """
    types, groups = _last_words(cast("Hashable", answering))
    return group.type in groups if groups and group is not None else message_type in types


def groups_spoken_of(answering: Answering, groups: Sequence[Group]) -> list[Group]:
    """The groups that do not hold acknowledgements which are never answered."""
    types, silent = _last_words(cast("Hashable", answering))
    return [group for group in groups if group.type not in (silent or types)]


def answers_to(received: Received, answering: Answering, policy: Policy) -> list[Wanted]:
    """The answers that a policy wants: none where acknowledgements came that are never answered, and nothing else, whatever is wrong with
    them. An interchange that is too broken to tell what it holds is answered.
    """
    return [] if received.unanswered and not received.verdicts else answering.wanted(received, policy)


@cache
def _last_words(answering: Answering) -> tuple[frozenset[str], frozenset[str]]:
    """Types of messages that nothing answers, and the groups in which they travel; asked of every message."""
    types = answering.answers - answering.answered
    return types, frozenset(group for kind in types if (group := answering.group_type(kind)) is not None)


def envelope_is_answered(received: Received, policy: Policy) -> bool:
    """Whether the envelope is answered by itself: as the policy says when it is refused, and where the sender asked for it (ISA14 = 1,
    UNB 0031 = 1) unless the policy forbids that.
    """
    if policy.interchange in ("always", "never"):
        return policy.interchange == "always"
    return received.interchange.acknowledgement_requested or (policy.interchange == "on_rejection" and received.refused)


__all__ = [
    "NO_REFUSALS",
    "Answering",
    "Judgement",
    "Policy",
    "Received",
    "Refusals",
    "Said",
    "Shaped",
    "Wanted",
    "Word",
    "answers_to",
    "envelope_is_answered",
    "groups_spoken_of",
    "held_as_content",
    "is_refused",
    "never_answered",
    "shape_of",
]
