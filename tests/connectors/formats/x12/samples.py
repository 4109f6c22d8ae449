"""Own X12 samples: small interchanges that tests take apart."""

from __future__ import annotations

import io
from collections.abc import Sequence

from connectors.formats.x12 import FORMAT
from connectors.formats.x12.acknowledge import verdicts
from connectors.formats.x12.verdicts import InterchangeVerdict
from connectors.spec import STRICT, Profile
from data_contracts.findings import Finding
from data_contracts.source import Message, ReadEvent

ORDER = (
    "BEG*00*SA*4500000123**20261122",
    "CUR*BY*EUR",
    "REF*CT*FRAME-7",
    "DTM*002*20261215",
    "N1*ST*CENTRAL STORE*UL*7640123000011",
    "N3*HAVENWEG 12",
    "N4*ROTTERDAM**3088GA*NL",
    "PO1*1*12*EA*9.95**UK*07640123000011*BP*100234",
    "PID*F****BONE SCREW 3.5MM TI",
    "PO1*2*4*EA*115**UK*07640123000028*BP*100235",
    "CTT*2",
)

DESPATCH = (
    "BSN*00*DA00000001*20261122*1415*0001",
    "HL*1**S",
    "TD1*CTN25*2****G*12*KG",
    "N1*SF*RHEINTAL TITAN*92*V1002",
    "HL*2*1*O",
    "PRF*4500000123***20261118",
    "HL*3*2*P",
    "MAN*GM*00376401230000000012",
    "HL*4*3*I",
    "LIN*1*UK*07640123000011*VN*100234",
    "SN1*1*12*EA",
    "REF*LT*L0000001",
    "DTM*036*20310630",
    "CTT*4",
)


def isa(control: str = "000000001", version: str = "00401", eleventh: str = "U", component: str = ">", fourteenth: str = "0") -> str:
    """An ISA of the standard's width, with `*` and without its terminator."""
    first = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'RHEINTAL':15}*ZZ*{'NOVACARE':15}*261122*1415*{eleventh}*{version}"
    return f"{first}*{control}*{fourteenth}*P*{component}"


def transaction(kind: str, body: Sequence[str], control: str = "0001") -> list[str]:
    """ST to SE with the right count."""
    return [f"ST*{kind}*{control}", *body, f"SE*{len(body) + 2}*{control}"]


def group(sets: Sequence[Sequence[str]], code: str = "PO", control: str = "1", version: str = "004010") -> list[str]:
    """GS to GE with the right count."""
    inside = [segment for one in sets for segment in one]
    return [f"GS*{code}*RHEINTAL*NOVACARE*20261122*1415*{control}*X*{version}", *inside, f"GE*{len(sets)}*{control}"]


def interchange(groups: Sequence[Sequence[str]], header: str | None = None, control: str = "000000001", end: str = "~") -> bytes:
    """ISA to IEA with the right count."""
    inside = [segment for one in groups for segment in one]
    return (end.join([header or isa(control), *inside, f"IEA*{len(groups)}*{control}"]) + end).encode()


def one(kind: str, body: Sequence[str], version: str = "004010") -> bytes:
    """An interchange with this set alone."""
    code = {"850": "PO", "855": "PR", "856": "SH", "810": "IN", "997": "FA"}[kind]
    header = isa() if version < "004020" else isa(version=version[:5], eleventh="^")
    return interchange([group([transaction(kind, body)], code, version=version)], header)


def events(document: bytes, profile: Profile = STRICT) -> list[ReadEvent]:
    """Everything that reading tells."""
    return list(FORMAT.read(io.BytesIO(document), profile))


def messages(document: bytes, profile: Profile = STRICT) -> list[Message]:
    """The sets of a document."""
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


def said(findings: Sequence[Finding]) -> list[tuple[str, str | None, int | None, int | None]]:
    """Rule, segment, position, element of each finding."""
    return [(finding.rule, finding.place.segment, finding.place.position, finding.place.element) for finding in findings]


def verdict(document: bytes, profile: Profile = STRICT) -> InterchangeVerdict:
    """The verdict on a document of one interchange."""
    (result,) = verdicts(events(document, profile), profile)
    return result
