"""What we say: the answers that an agreement wants of one received interchange, numbered from the store, and their bytes.

A refused interchange is answered as its standard has it (X12: a TA1 and nothing else), an acknowledgement never, a repeat as the first was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.answering import Answering, Received, Wanted, answers_to, groups_spoken_of, never_answered
from connectors.registry import answering_of
from connectors.spec import Envelope, Profile
from data_contracts.findings import Finding
from hub.acknowledge.judge import Outcome, judge, judged
from hub.examine import Examination, ExaminedInterchange, ExaminedMessage
from hub.site import Acknowledge
from hub.store import controls, envelopes, evidence
from hub.store.types import moment
from hub.store.unit_of_work import UnitOfWork

SAME_CONNECTION = "answer"
"""Channel of documents that came as the answer to a delivery, and so have none themselves; their delivery key begins with the number of
the parcel."""
_STRICT_ANSWER = Acknowledge(functional="always", interchange="on_rejection")
"""What a sender hears whose envelope selects no agreement."""


@dataclass(slots=True)
class Due:
    """One answer to be written: for which interchange, of which kind."""

    document: Any
    examined: ExaminedInterchange
    answering: Answering
    received: Received
    interchange_id: int
    policy: Acknowledge
    wanted: Wanted


def policy_of(examined: ExaminedInterchange) -> Acknowledge:
    """What the agreement says of answers; the strict policy where none was selected."""
    return examined.agreement.acknowledge if examined.agreement is not None else _STRICT_ANSWER


def remember(examined: ExaminedInterchange, message: ExaminedMessage) -> None:
    """Keep of a message only what its acknowledgement must say."""
    answering = answering_of(examined.format)
    if answering is None:
        return
    if never_answered(answering, message.message.type, message.group):
        examined.unanswered = True
        return
    profile = examined.profile
    if message.message.type in answering.answers:
        profile = replace(profile, accept_with_errors=True)  # it is heard in spite of faults in its segments
    refusal = next((finding for finding in message.syntax if finding.rule == "AGR-01"), None)
    verdict = answering.remember(message.message, message.group, profile, refusal)
    if verdict is not None:
        examined.verdicts.append((message.group.ordinal if message.group is not None else 0, verdict))


def word_for(interchange: ExaminedInterchange, message: ExaminedMessage) -> str | None:
    """`accepted` or `rejected` as the answer says of a message's syntax; None where nothing is said of it."""
    answering = answering_of(interchange.format)
    if answering is None or policy_of(interchange).functional == "never" or never_answered(answering, message.message.type, message.group):
        return None
    return "rejected" if message.fate == "rejected" else "accepted"


def needs_tree(message: ExaminedMessage) -> bool:
    """Whether more will be said of a message than its verdict: then its tree must stay until it is answered."""
    return message.agreement is not None and (message.agreement.acknowledge.functional_as is not None or judged(message))


def due(document: Any, examined: ExaminedInterchange, envelope: envelopes.Registered) -> list[Due]:
    """The answers that the policy wants."""
    answering = answering_of(examined.format)
    if answering is None or envelope.outcome == "repeat" or document.channel == SAME_CONNECTION or _unspoken(examined):
        return []
    policy, received = policy_of(examined), _received(examined, answering)
    return [
        Due(document, examined, answering, received, envelope.interchange_id, policy, wanted)
        for wanted in answers_to(received, answering, policy)
    ]


def _unspoken(examined: ExaminedInterchange) -> bool:
    """Whether nothing can be said to anybody: the site itself is at fault (AGR-05), or nobody is named to whom an answer could go."""
    interchange = examined.interchange
    named = interchange.sender is not None or interchange.receiver is not None or interchange.header
    return any(finding.rule == "AGR-05" for finding in examined.admission) or not (examined.agreement is not None or named)


def _received(examined: ExaminedInterchange, answering: Answering) -> Received:
    groups = groups_spoken_of(answering, examined.groups)
    return Received(
        examined.interchange,
        groups,
        examined.verdicts,
        examined.findings,
        examined.refused,
        examined.judgements,
        unanswered=examined.unanswered or bool(examined.answers) or len(groups) < len(examined.groups),
    )


def control_numbers(uow: UnitOfWork, wanted: Sequence[Due]) -> list[tuple[int, int, int]]:
    """Interchange, first group and first message control number of each answer, in order; drawn once a pair of identities."""
    pairs: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(wanted):
        pairs.setdefault((one.received.interchange.receiver or "", one.received.interchange.sender or ""), []).append(place)
    numbers = [(0, 1, 1)] * len(wanted)
    for (sender, receiver), places in sorted(pairs.items()):

        def draw(kind: controls.Kind, counts: list[int], sender: str = sender, receiver: str = receiver) -> list[int]:
            total = sum(counts)
            fresh = controls.numbers(controls.next_control(uow.connection, kind, sender, receiver, total), total) if total else []
            firsts, used = [], 0
            for count in counts:
                firsts.append(fresh[used] if count else 1)
                used += count
            return firsts

        asked = [wanted[place].wanted for place in places]
        drawn = zip(
            draw("interchange", [one.interchanges for one in asked]),
            draw("group", [one.groups for one in asked]),
            draw("message", [one.messages for one in asked]),
            strict=True,
        )
        for place, three in zip(places, drawn, strict=True):
            numbers[place] = three
    return numbers


def carried(uow: UnitOfWork, one: Due, numbers: tuple[int, int, int]) -> tuple[str, bytes] | None:
    """The answer; in the sender's own delimiters where its identities hold one of ours, and a finding where it cannot be written."""
    zone = ZoneInfo(one.examined.profile.time_zone)
    envelope = _envelope(one.received, moment(uow.now).astimezone(zone), *numbers, ours=_agreed_name(one.examined))
    try:
        return _content(one.answering, one.wanted, one.received, envelope, one.examined.profile)
    except ValueError as error:
        reason = str(error)
    document = one.document
    finding = Finding("ACK-04", got=reason)
    evidence.add_findings(
        uow, [evidence.Found(finding, document.id, one.interchange_id, None, document.partner_id, document.organisation_id)]
    )
    return None


def preview(examination: Examination, now: datetime) -> str | None:
    """What would be answered, with control numbers from 1: for `udihub check`. None where the syntax has no acknowledgement."""
    answering = answering_of(examination.format)
    if answering is None:
        return None
    texts = []
    for examined in examination.interchanges:
        if _unspoken(examined):
            continue
        if not examined.verdicts:
            for message in examined.messages:
                remember(examined, message)
        if not examined.judgements:
            judge(None, [Outcome(examined, message, 0) for message in examined.messages if judged(message)])
        received = _received(examined, answering)
        for wanted in answers_to(received, answering, policy_of(examined)):
            try:
                content = _content(
                    answering, wanted, received, _envelope(received, now, 1, 1, 1, ours=_agreed_name(examined)), examined.profile
                )[1]
            except ValueError as error:
                texts.append(f"{wanted.kind}: {error}")
            else:
                texts.append(text_of(content))
    return "\n".join(texts) or None


def text_of(content: bytes) -> str:
    """An answer to be shown."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _content(answering: Answering, wanted: Wanted, received: Received, envelope: Envelope, profile: Profile) -> tuple[str, bytes]:
    """Verdict and bytes of one answer; where our delimiters cannot carry it, in the sender's own. Raises ValueError when neither can."""
    ours = profile.options.get("delimiters")
    try:
        return answering.write(wanted.kind, received, envelope if ours is None else replace(envelope, delimiters=dict(ours)), profile)
    except ValueError:
        theirs = replace(envelope, delimiters=dict(received.interchange.delimiters))
    return answering.write(wanted.kind, received, theirs, profile)


def _agreed_name(examined: ExaminedInterchange) -> str:
    """By which name the agreement knows us."""
    agreement = examined.agreement
    return agreement.envelope.receiver if agreement is not None and agreement.envelope is not None else ""


def _envelope(received: Received, now: datetime, control: int, group_control: int, message_control: int, ours: str) -> Envelope:
    """An envelope back to the sender, from the name that it used for us; where it used none (B2MML), from the agreed one."""
    first = received.groups[0] if received.groups else None
    return Envelope(
        sender=received.interchange.receiver or ours,
        receiver=received.interchange.sender or "",
        control=control,
        group_control=group_control,
        first_message_control=message_control,
        created_at=now,
        version=(first.version or "") if first is not None else "",
        test=received.interchange.test,
        group_sender=first.receiver if first is not None else None,
        group_receiver=first.sender if first is not None else None,
    )
