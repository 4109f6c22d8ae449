"""What X12 answers and what its answers say, in the words of `connectors/answering.py`: TA1 for the interchange, 997 or 999 for its groups,
824 for what its documents say.

A refused interchange gets a TA1 at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.answering import Answering, Numbered, Policy, Received, Refusals, Said, Wanted, Word, envelope_is_answered
from connectors.formats.x12 import acknowledge, application_advice
from connectors.formats.x12.answers import read_functional_acknowledgement
from connectors.formats.x12.grammar import known_messages
from connectors.formats.x12.verdicts import FRAME, GroupVerdict, MessageVerdict, group_verdict, message_verdict
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.findings import Finding, Place
from data_contracts.source import Group, Message

_WORDS: dict[str, Word] = {"A": "accepted", "E": "accepted", "P": "partly", "R": "rejected"}
_NOTED = "E"
"""AK501, AK901: accepted, but errors were noted."""
_MOST_PLACES = 5
_NOT_SUPPORTED = "1"
"""AK502: a set that was not agreed."""
_CONTENT = "024"
"""TA105: the content is not valid."""
_OLDEST = "004010"
"""Version of an answer to what states none, or an older one."""


class X12Answering:
    """The `Answering` of X12."""

    media_type = "application/edi-x12"
    suffix = "edi"
    answers = frozenset({acknowledge.FUNCTIONAL, acknowledge.IMPLEMENTATION, application_advice.KIND})
    answered = frozenset({application_advice.KIND})
    frame = FRAME
    coded = True
    refusals = Refusals(
        sender=(Place(segment="ISA", position=1, element=6), "006"),
        receiver=(Place(segment="ISA", position=1, element=8), "009"),
        message=(Place(segment="ST", position=1, element=1), _NOT_SUPPORTED),
        production="020",
        duplicate="025",
    )
    numbered: frozenset[Numbered] = frozenset({"interchange", "group"})

    def remember(self, message: Message, group: Group | None, profile: Profile, refusal: Finding | None) -> MessageVerdict | None:
        """AK2 to AK5 of one set."""
        if group is None:
            return None
        verdict = message_verdict(message, profile)
        if refusal is not None:
            why = refusal.code or _NOT_SUPPORTED
            verdict = replace(verdict, verdict="R", codes=(why, *(code for code in verdict.codes if code != why)))
        return verdict

    def wanted(self, received: Received, policy: Policy) -> list[Wanted]:
        """A TA1 on rejection, when asked or always, as the agreement has it; a 997 for the groups of what was not refused, an
        824 for documents that were judged.
        """
        kinds: list[Wanted] = []
        refused = received.refused
        if envelope_is_answered(received, policy):
            kinds.append(Wanted("TA1"))
        if not refused and policy.functional == "always":
            kind = policy.functional_as or acknowledge.FUNCTIONAL
            if groups := acknowledge.functional_groups(_groups(received), kind):
                kinds.append(Wanted(kind, groups=groups))
        if received.judgements and not refused:
            kinds.append(Wanted(application_advice.KIND, groups=1))
        return kinds

    def write(self, kind: str, received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
        """One interchange that answers."""
        version = envelope.version[:6]
        version = max(version, _OLDEST) if len(version) == 6 and version.isascii() and version.isdigit() else _OLDEST
        if version != envelope.version:
            envelope = replace(envelope, version=version)
        if kind == "TA1":
            code, note = _interchange_verdict(received.findings, received.refused)
            header = received.interchange.header
            return _WORDS[code], acknowledge.interchange_acknowledgement(header, note, code, envelope, profile)
        if kind == application_advice.KIND:
            return application_advice.write(received, envelope, profile)
        groups = _groups(received)
        return _summary(groups), acknowledge.functional_acknowledgement(groups, envelope, profile, kind)

    def read(self, message: Message, profile: Profile = STRICT) -> list[Said]:
        """What a 997 or 999 says of one of our groups and of its sets, or an 824 of our documents."""
        if message.type == application_advice.KIND:
            return application_advice.read(message)
        verdict = read_functional_acknowledgement(message.root, message.components) if message.root is not None else None
        if verdict is None:
            return []
        group = verdict.type, verdict.control
        statements = [_of_group(verdict)]
        # Errors that a group notes and none of its sets: they are of all that were taken.
        shared = verdict.verdict == _NOTED and all(one.verdict != _NOTED for one in verdict.messages)
        for one in verdict.messages:
            # No set of a rejected group was taken, whatever is said of the set.
            spoken: GroupVerdict | MessageVerdict = verdict if verdict.verdict == "R" and one.verdict != "R" else one
            if shared and one.verdict == "A":
                spoken = verdict
            told = _said("message", spoken.verdict, spoken.codes, group, (one.type, one.control))
            statements.append(replace(told, notes=told.notes + _places(one)) if one.verdict == _NOTED else told)
        return statements

    def read_note(self, note: Any) -> list[Said]:
        """A TA1: its rejection closes every document of that interchange, its acceptance says that it arrived."""
        refused = note.get("status") == "R"
        return [
            Said(
                "interchange",
                "rejected" if refused else "received",
                control=str(note.get("control", "")),
                notes=f"{note.get('status')} TA1 {note.get('note')}",
            )
        ]

    def group_type(self, message_type: str) -> str | None:
        """GS01 of a set."""
        return known_messages().get(message_type)


def _of_group(verdict: GroupVerdict) -> Said:
    """What a group's verdict says of the sets that no AK2 names: they share those that AK9 counts as not accepted."""
    said = _said("group", verdict.verdict, verdict.codes, (verdict.type, verdict.control))
    refused = verdict.received - verdict.accepted
    unnamed = verdict.received - len(verdict.messages)
    hidden = refused - sum(one.verdict not in _WORDS or _WORDS[one.verdict] == "rejected" for one in verdict.messages)
    if said.verdict == "rejected" or verdict.received <= 0:
        return said
    word: Word = said.verdict  # type: ignore[assignment]  # a group is never merely received
    if hidden > 0:
        word = "rejected" if verdict.accepted <= 0 or unnamed <= hidden else "partly"
    elif verdict.verdict == "P":
        word = "accepted"
    counted = f"{verdict.accepted} of {verdict.received} sets accepted" if refused > 0 else ""
    return replace(said, verdict=word, notes=", ".join(part for part in (said.notes, counted) if part))


def _said(
    level: Any, code: str, codes: Sequence[str], group: tuple[str, str], message: tuple[str | None, str | None] = (None, None)
) -> Said:
    return Said(
        level,
        _WORDS.get(code, "rejected"),
        group_type=group[0],
        group_control=group[1],
        message_type=message[0],
        message_control=message[1],
        notes=f"{code} {', '.join(codes)}".strip() if code != "A" or codes else "",
        remarked=code == _NOTED,
    )


def _places(verdict: MessageVerdict) -> str:
    """Where the errors of a set were noted: `; PO1 segment 7 element 3: 7`, as far as its AK3 and AK4 say so."""
    told = []
    for error in verdict.segments[:_MOST_PLACES]:
        where = f"{error.segment} segment {error.position}"
        told += [f"{where} element {one.element}: {one.code}" for one in error.elements] or [f"{where}: {error.code}".removesuffix(": ")]
    return "".join(f"; {one}" for one in told[:_MOST_PLACES])


def _interchange_verdict(findings: Sequence[Finding], refused: bool) -> tuple[str, str]:
    """TA1 code and note: the first thing that refuses the interchange, else the first remark that has a note. One that is refused for what
    has no note is told so all the same."""
    for severity, code in (("error", "R"), ("warning", "E")):
        notes = [finding.code for finding in findings if finding.severity == severity and finding.code]
        if notes:
            return ("R" if refused else code), notes[0]
    return ("R", _CONTENT) if refused else ("A", "000")


def _groups(received: Received) -> list[GroupVerdict]:
    if received.summary is None:
        by_group: dict[int, list[MessageVerdict]] = {}
        for ordinal, verdict in received.verdicts:
            by_group.setdefault(ordinal, []).append(verdict)
        received.summary = [group_verdict(group, by_group.get(group.ordinal, [])) for group in received.groups]
    groups: list[GroupVerdict] = received.summary
    return groups


def _summary(verdicts: Sequence[GroupVerdict]) -> Word:
    """One word for all groups together."""
    words = {_WORDS[verdict.verdict] for verdict in acknowledge.answered(verdicts)}
    return words.pop() if len(words) == 1 else "partly"


ANSWERING: Answering = X12Answering()
