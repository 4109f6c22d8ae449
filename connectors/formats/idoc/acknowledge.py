"""What we answer to SAP: one STATUS IDoc (SYSTAT01) for each IDoc that came, with a status record for each thing that is said of it.

Two ways to say it, by `profile.options["status_codes"]`. `receiver` (the default) speaks of our own processing in the numbers of an
inbound IDoc:

    64 ready to be passed on    53 posted    52 not fully posted    51 not posted    60 syntax error    56 not accepted at all

`subsystem` speaks of SAP's outbound IDoc in the numbers that its port for EDI subsystems takes:

    16 functional acknowledgement positive, 17 negative    41 document created in the target system, 40 not    15 interchange refused

STATXT is the finding in words, STAMID and STAMNO its rule, STAPA1 and STAPA2 what was expected and what came, SEGNUM and SEGFLD
where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.answering import Judgement, Received, Word, is_refused
from connectors.formats.idoc.control import HEADER
from connectors.formats.idoc.grammar import CONTROL
from connectors.formats.idoc.writer import representation_of, write_document
from connectors.legible import spelled
from connectors.spec import Envelope, Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding
from data_contracts.source import Message, SourceRecord

KIND = "STATUS"
BASIC_TYPE = "SYSTAT01"
FRAME = frozenset({CONTROL})
"""What is wrong with this record always refuses an IDoc."""
_CODES: Mapping[str, Mapping[str, str]] = {
    "receiver": {"taken": "64", "refused": "56", "syntax": "60", "accepted": "53", "partly": "52", "rejected": "51"},
    "subsystem": {"taken": "16", "refused": "15", "syntax": "17", "accepted": "41", "partly": "41", "rejected": "40"},
}
_TOLD = 10
"""Findings of one IDoc that are told; the others would be told again when it is sent anew."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is kept of one IDoc to answer it."""

    control: str
    outcome: str
    """`taken`, `syntax` (it is wrong) or `refused` (it was not agreed)."""
    findings: tuple[Finding, ...] = ()


def verdict_of(message: Message, profile: Profile, refusal: Finding | None) -> Verdict:
    """The verdict of one IDoc by its syntax and by whether it was agreed."""
    wrong = tuple(finding for finding in message.findings if finding.severity == "error")[:_TOLD]
    outcome = "refused" if refusal is not None else "syntax" if is_refused(message, profile, FRAME) else "taken"
    return Verdict(message.control or "", outcome, wrong if refusal is None else (refusal, *wrong)[:_TOLD])


def write(received: Received, envelope: Envelope, profile: Profile) -> tuple[Word, bytes]:
    """One STATUS IDoc for what came, and one word for all of it."""
    codes, answered = _codes(profile), dialect(received, profile)
    charset = (answered.charset if representation_of(answered) == "flat" else None) or "utf-8"
    root = SourceRecord(KIND, {}, 0)
    positive: list[bool] = []
    judged = {judgement.control: judgement for judgement in received.judgements}
    for _, verdict in received.verdicts:
        judgement = judged.get(verdict.control)
        outcome = "refused" if received.refused else verdict.outcome
        positive.append(outcome == "taken" and (judgement is None or judgement.verdict != "rejected"))
        why = [*received.findings, *verdict.findings] if outcome == "refused" else list(verdict.findings)
        if outcome != "taken" or judgement is None:
            _say(root, verdict.control, codes[outcome], outcome, why, envelope, charset)
        else:
            _say(root, verdict.control, codes[judgement.verdict], judgement.verdict, _told(judgement), envelope, charset)
    if not received.verdicts:  # refused before its message was looked at
        positive.append(False)
        _say(root, received.interchange.control or "", codes["refused"], "refused", list(received.findings), envelope, charset)
    mixed = any(positive) and (not all(positive) or any(judgement.verdict == "partly" for judgement in received.judgements))
    word: Word = "partly" if mixed else "accepted" if all(positive) else "rejected"
    return word, write_document([(KIND, root)], replace(envelope, version=BASIC_TYPE), answered)


def dialect(received: Received, profile: Profile) -> Profile:
    """How an interchange is answered: in its own representation unless the agreement names one."""
    return replace(profile, options={**_copied(received.interchange.header), **profile.options})


def _copied(header: Sequence[str]) -> dict[str, object]:
    """What an answer copies back: the representation, the client, and ports and partner functions turned round."""
    if len(header) <= len(HEADER):
        return {}
    said = dict(zip(HEADER, header, strict=False))
    turned = {"SNDPOR": said["RCVPOR"], "RCVPOR": said["SNDPOR"], "SNDPFC": said["RCVPFC"], "RCVPFC": said["SNDPFC"]}
    control = {name: text for name, text in {"MANDT": said["MANDT"], **turned}.items() if text}
    return {"representation": header[-1], "control": control}


def _codes(profile: Profile) -> Mapping[str, str]:
    word = str(profile.options.get("status_codes", "receiver"))
    if word not in _CODES:
        raise ConfigError(f"profile.options.status_codes is {' or '.join(_CODES)}, not {word}")
    return _CODES[word]


def _told(judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.severity != "info"][:_TOLD]


_TEXTS = {
    "taken": "Syntax is right, the IDoc is taken",
    "accepted": "Posted",
    "partly": "Posted in part: some items are left out",
    "rejected": "Not posted",
    "syntax": "Syntax is wrong, the IDoc is not taken",
    "refused": "The IDoc is not accepted",
}
_TYPES = {"taken": "S", "accepted": "S", "partly": "W"}


def _say(root: SourceRecord, control: str, code: str, outcome: str, why: Sequence[Finding], envelope: Envelope, charset: str) -> None:
    """Status records of one IDoc: one for each finding, or one that says how it went."""
    values = {
        "TABNAM": "EDI_DS40",
        "DOCNUM": control[-16:],
        "LOGDAT": envelope.created_at.strftime("%Y%m%d"),
        "LOGTIM": envelope.created_at.strftime("%H%M%S"),
        "STATUS": code,
        "STATYP": _TYPES.get(outcome, "E"),
    }
    for finding in why or (None,):
        record = SourceRecord(
            "E1STATS", {**values, **(_reason(finding, charset) if finding is not None else {"STATXT": _TEXTS[outcome]})}, 0, root
        )
        root.children.append(record)


def _reason(finding: Finding, charset: str) -> dict[str, str]:
    family, _, number = finding.rule.partition("-")
    place = finding.place
    said = {
        "STATXT": _line(finding.text("en"), 70, charset),
        "STAMID": f"UDIHUB_{family}"[:20],
        "STAMNO": number.zfill(3) if number.isdecimal() and int(number) else "",
        "STAPA1": _line(finding.expected or "", 50, charset),
        "STAPA2": _line(finding.got or "", 50, charset),
        # Records count from the IDoc itself (1) and its control record (2); SAP's segments from the first after it.
        "SEGNUM": f"{place.position - 2:06d}" if place.position is not None and place.position > 2 and place.segment != CONTROL else "",
        "SEGFLD": _line((place.path or "").rpartition("/")[2] if place.path and "/" in place.path else "", 30, charset),
    }
    return {name: text for name, text in said.items() if text}


def _line(text: str, most: int, charset: str) -> str:
    """One line that the field holds, in letters that the file has, cut where a person sees that it is."""
    plain = spelled(" ".join("".join(letter if letter.isprintable() else " " for letter in text).split()), charset)
    mark = spelled("…", charset)
    return plain if len(plain) <= most else plain[: most - len(mark)] + mark
