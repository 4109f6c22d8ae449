"""What EDIFACT answers and what its answers say, in the words of `connectors/answering.py`: CONTRL for syntax, APERAK for content.

One CONTRL answers an interchange with everything in it. It leaves where the agreement wants every message's syntax answered
(`functional`), where the sender asked (UNB 0031) or the interchange was refused, as `interchange` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from connectors.answering import Answering, Numbered, Policy, Received, Refusals, Said, Wanted, Word, envelope_is_answered
from connectors.formats.edifact import acknowledge
from connectors.formats.edifact.acknowledge import MessageVerdict
from connectors.formats.edifact.answers import read_application, read_control
from connectors.formats.edifact.application import VERSION, application_error, carried
from connectors.formats.edifact.application_codes import Codes
from connectors.formats.edifact.charsets import DECLARED
from connectors.formats.edifact.ink import DEFAULT_SYNTAX
from connectors.formats.edifact.separators import COMPONENT
from connectors.formats.edifact.writer import write
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.findings import Finding, Place
from data_contracts.source import Group, Message, SourceRecord

CONTROL, APPLICATION = "CONTRL", "APERAK"


class EdifactAnswering:
    """The `Answering` of EDIFACT."""

    media_type = "application/edifact"
    suffix = "edi"
    answers = frozenset({CONTROL, APPLICATION})
    answered = frozenset({APPLICATION})
    frame = acknowledge.FRAME
    coded = True
    refusals = Refusals(
        sender=(Place("UNB", 1, 2), "23"),
        receiver=(Place("UNB", 1, 3), "7"),
        message=(Place("UNH", 1, 2), acknowledge.NOT_AGREED),
        production="25",
        duplicate="26",
    )
    numbered: frozenset[Numbered] = frozenset({"interchange"})

    def remember(self, message: Message, group: Group | None, profile: Profile, refusal: Finding | None) -> MessageVerdict:
        """UCM to UCD of one message."""
        return acknowledge.message_verdict(message, profile, refusal)

    def wanted(self, received: Received, policy: Policy) -> list[Wanted]:
        """A CONTRL, and an APERAK for each document on which the agreement wants one."""
        kinds: list[Wanted] = []
        if policy.functional == "always" or envelope_is_answered(received, policy):
            kinds.append(Wanted(CONTROL))
        if received.judgements and not received.refused:
            kinds.append(Wanted(APPLICATION))
        return kinds

    def write(self, kind: str, received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
        """One interchange that answers, in the syntax that the sender speaks unless the agreement names one."""
        if kind == APPLICATION:
            return self._application(received, envelope, profile)
        fault = acknowledge.interchange_fault(received.findings)
        messages = [verdict for _, verdict in received.verdicts]
        report = acknowledge.Report(
            received.interchange, received.groups, received.verdicts, fault, received.refused, arrived_only=self._arrived_only(profile)
        )
        refused = received.refused or (bool(messages) and all(verdict.rejected for verdict in messages))
        partly = any(verdict.rejected for verdict in messages) or any(
            acknowledge.interchange_fault(group.findings) for group in received.groups
        )
        return "rejected" if refused else "partly" if partly else "accepted", _control(report, received, envelope, profile)

    def _arrived_only(self, profile: Profile) -> bool:
        return profile.options.get("contrl") == "receipt"

    def _application(self, received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
        identifier = _syntax(received, profile)[0].partition(":")[0]
        trees: list[tuple[str, SourceRecord]] = [
            (APPLICATION, application_error(judgement, f"{envelope.control}-{number}", envelope.created_at, profile, identifier))
            for number, judgement in enumerate(received.judgements, 1)
        ]
        words = {judgement.verdict for judgement in received.judgements}
        attempts = ((syntax, trees) for syntax in _syntax(received, profile))
        return words.pop() if len(words) == 1 else "partly", _written(attempts, replace(envelope, version=VERSION), profile)

    def read(self, message: Message, profile: Profile = STRICT) -> list[Said]:
        """What a CONTRL or an APERAK says; codes of the partner's own guide in an APERAK are the agreement's (`options.aperak`)."""
        return read_control(message) if message.type == CONTROL else read_application(message, Codes.of(profile))

    def read_note(self, note: Any) -> list[Said]:
        """There are none: EDIFACT acknowledges by messages only."""
        return []

    def group_type(self, message_type: str) -> str | None:
        """CONTRL names groups by their reference alone."""
        return None


def _syntax(received: Received, profile: Profile) -> list[str]:
    """S001 in which to answer, the best first: the agreement's, else the sender's own, else one that carries more."""
    if "syntax" in profile.options:
        return [str(profile.options["syntax"])]
    identifier, _, rest = (received.interchange.header[0] if received.interchange.header else "").partition(COMPONENT)
    version = rest.partition(COMPONENT)[0]
    if version not in ("1", "2", "3", "4"):
        return [DEFAULT_SYNTAX]
    own = [f"{identifier}:{version}"] if identifier in DECLARED else []
    return [*own, f"UNOC:{version}"]


def _control(report: acknowledge.Report, received: Received, envelope: Envelope, profile: Profile) -> bytes:
    """A CONTRL in the first syntax that carries it; where none does, what it repeats is spelled in letters of the last."""
    syntaxes = _syntax(received, profile)
    version = syntaxes[0].partition(":")[2]
    charset = profile.charset or DECLARED.get(syntaxes[-1].partition(":")[0], "ascii")
    spellings: list[tuple[str, Callable[[str], str]]] = [(syntax, str) for syntax in syntaxes]
    spellings.append((syntaxes[-1], lambda text: carried(text.replace("\ufffd", "?"), charset)))
    attempts = ((syntax, [(CONTROL, report.tree(version, spell))]) for syntax, spell in spellings)
    return _written(attempts, replace(envelope, version="4.1" if version == "4" else "D.3"), profile)


def _written(attempts: Iterable[tuple[str, Sequence[tuple[str, SourceRecord]]]], envelope: Envelope, profile: Profile) -> bytes:
    """The first of these that can be written. Raises ValueError, the first attempt's, where none can."""
    refusal: ValueError | None = None
    for syntax, messages in attempts:
        options = {**profile.options, "syntax": syntax, "groups": False, "association": ""}
        try:
            return write(messages, replace(envelope, acknowledgement_requested=False), replace(profile, options=options))
        except ValueError as error:
            refusal = refusal or error
    raise refusal or ValueError("nothing to write")


ANSWERING: Answering = EdifactAnswering()
