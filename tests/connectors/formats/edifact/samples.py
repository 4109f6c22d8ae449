"""Own EDIFACT samples: small interchanges that tests take apart."""

from __future__ import annotations

import io
from collections.abc import Sequence

from connectors.answering import Received, never_answered
from connectors.formats.edifact import ANSWERING, FORMAT
from connectors.spec import STRICT, Profile
from data_contracts.findings import Finding, has_error
from data_contracts.source import Message, ReadEvent

ORDER = (
    "BGM+220+4500000123+9",
    "DTM+137:20261122:102",
    "RFF+CT:FRAME-7",
    "NAD+BY+7640123000001::9",
    "NAD+SU+7612345000008::9++RHEINTAL TITAN?: WERK 2",
    "LIN+1++07640123000018:SRV",
    "PIA+1+100234:SA",
    "IMD+F++:::BONE SCREW 3.5MM TI",
    "QTY+21:12:PCE",
    "PRI+AAA:9.95",
    "LIN+2++07640123000025:SRV",
    "QTY+21:4:PCE",
    "UNS+S",
    "CNT+2:2",
)

DESPATCH = (
    "BGM+351+DA00000001+9",
    "DTM+137:202611221415:203",
    "RFF+ON:4500000123",
    "NAD+SU+7612345000008::9",
    "CPS+1",
    "PAC+1++CT",
    "PCI+33E",
    "GIN+BJ+376401230000000019",
    "LIN+1++07640123000018:SRV",
    "QTY+12:12:PCE",
    "PCI+36E",
    "DTM+361:20310630:102",
    "GIN+BX+L0000001",
    "CNT+2:1",
)

UNB = "UNB+UNOC:3+7612345000008:14+7640123000001:14+261122:1415+4711"


def message(kind: str, body: Sequence[str], reference: str = "1", version: str = "D:96A:UN:EAN008") -> list[str]:
    """UNH to UNT with the right count."""
    return [f"UNH+{reference}+{kind}:{version}", *body, f"UNT+{len(body) + 2}+{reference}"]


def group(messages: Sequence[Sequence[str]], kind: str = "ORDERS", reference: str = "9") -> list[str]:
    """UNG to UNE with the right count."""
    inside = [segment for one in messages for segment in one]
    header = f"UNG+{kind}+7612345000008:14+7640123000001:14+261122:1415+{reference}+UN+D:96A"
    return [header, *inside, f"UNE+{len(messages)}+{reference}"]


def interchange(parts: Sequence[Sequence[str]], unb: str = UNB, reference: str = "4711", una: str = "", end: str = "'") -> bytes:
    """UNB to UNZ with the right count of messages or groups."""
    inside = [segment for one in parts for segment in one]
    return (una + end.join([unb, *inside, f"UNZ+{len(parts)}+{reference}"]) + end).encode()


def one(kind: str, body: Sequence[str], version: str = "D:96A:UN:EAN008") -> bytes:
    """An interchange with this message alone."""
    return interchange([message(kind, body, version=version)])


def events(document: bytes, profile: Profile = STRICT) -> list[ReadEvent]:
    """Everything that reading tells."""
    return list(FORMAT.read(io.BytesIO(document), profile))


def messages(document: bytes, profile: Profile = STRICT) -> list[Message]:
    """The messages of a document."""
    return [event.message for event in events(document, profile) if event.message is not None]


def envelope_findings(document: bytes, profile: Profile = STRICT) -> list[Finding]:
    """The findings on interchanges and groups, and the one of a document that is none."""
    found: list[Finding] = []
    for event in events(document, profile):
        if event.kind == "interchange_end" and event.interchange is not None:
            found += event.interchange.findings
        elif event.kind == "group_end" and event.group is not None:
            found += event.group.findings
        elif event.finding is not None:
            found.append(event.finding)
    return found


def said(findings: Sequence[Finding]) -> list[tuple[str, str | None, int | None, int | None, int | None]]:
    """Rule, segment, position, element, component of each finding."""
    return [(one.rule, one.place.segment, one.place.position, one.place.element, one.place.component) for one in findings]


def received(document: bytes, profile: Profile = STRICT) -> list[Received]:
    """What an answer may say of each interchange of a document."""
    found: list[Received] = []
    for event in events(document, profile):
        if event.kind == "interchange" and event.interchange is not None:
            found.append(Received(event.interchange, [], [], [], False))
        elif event.kind == "group" and event.group is not None:
            found[-1].groups = [*found[-1].groups, event.group]
        elif event.message is not None and never_answered(ANSWERING, event.message.type, event.group):
            found[-1].unanswered = True
        elif event.message is not None:
            ordinal = event.group.ordinal if event.group is not None else 0
            found[-1].verdicts = [*found[-1].verdicts, (ordinal, ANSWERING.remember(event.message, event.group, profile, None))]
    for one in found:
        one.findings = list(one.interchange.findings)
        one.refused = has_error(one.findings)
    return found
