"""The control record of an IDoc, EDI_DC40: who sends what to whom under which number.

Each IDoc is an interchange of its own: sender and receiver are partner type and number (`LS:DEVCLNT100`), the control number is
DOCNUM, and `TEST` = X flags a test. (Sender, DOCNUM) is the key by which a repeat is known. The message's type is the message type
(MESTYP, `ORDERS`), its version the basic type (IDOCTYP, `ORDERS05`), so that an agreement reads `type: ORDERS` and, where it matters,
`version: ORDERS05`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectors.formats.idoc.grammar import CONTROL, Grammar, Tables
from connectors.spec import Envelope, Profile
from data_contracts.findings import Finding, Place
from data_contracts.source import Group, Interchange, Message

HEADER = ("MANDT", "DOCNUM", "IDOCTYP", "MESTYP", "SNDPOR", "SNDPRT", "SNDPFC", "SNDPRN", "RCVPOR", "RCVPRT", "RCVPFC", "RCVPRN")
"""Fields that an answer must copy back, in the order in which `Interchange.header` keeps them; the representation
(`xml`, `flat`) stands behind them, so that an answer takes the same."""


def interchange_of(control: Mapping[str, str], ordinal: int, offset: int, length: int, representation: str) -> Interchange:
    """The envelope that a control record is, with findings for what it must say and does not."""
    made = Interchange(
        sender=party(control.get("SNDPRT", ""), control.get("SNDPRN", "")),
        receiver=party(control.get("RCVPRT", ""), control.get("RCVPRN", "")),
        control=control.get("DOCNUM") or None,
        test=control.get("TEST", "") == "X",
        ordinal=ordinal,
        offset=offset,
        length=length,
        header=(*(control.get(name, "") for name in HEADER), representation),
        group_count=1,
    )
    for name in ("DOCNUM", "SNDPRN", "RCVPRN"):
        if not control.get(name):
            made.findings.append(Finding("IDC-02", Place(segment=CONTROL, path=f"{CONTROL}/{name}"), expected=name))
    return made


def group_of(control: Mapping[str, str]) -> Group:
    """The one group of an IDoc, which SAP has not: it repeats what the control record says."""
    return Group(
        type=control.get("MESTYP") or None,
        control=control.get("DOCNUM") or None,
        version=control.get("IDOCTYP") or None,
        sender=party(control.get("SNDPRT", ""), control.get("SNDPRN", "")),
        receiver=party(control.get("RCVPRT", ""), control.get("RCVPRN", "")),
        ordinal=1,
    )


def message_of(control: Mapping[str, str], ordinal: int, offset: int, length: int) -> Message:
    """The message, yet without its tree."""
    return Message(control.get("MESTYP", ""), control.get("IDOCTYP") or None, control.get("DOCNUM") or None, None, ordinal, offset, length)


def grammar_of(control: Mapping[str, str], tables: Tables) -> tuple[Grammar | None, Finding | None]:
    """The grammar of the basic type, or the finding that says why there is none."""
    basic_type, message = control.get("IDOCTYP", ""), control.get("MESTYP", "")
    grammar = tables.by_type.get(basic_type)
    if not message:
        return grammar, Finding("IDC-02", Place(segment=CONTROL, path=f"{CONTROL}/MESTYP"), expected="MESTYP")
    if grammar is None:
        known = ", ".join(sorted(tables.grammars))
        return None, Finding("IDC-03", Place(segment=CONTROL, path=f"{CONTROL}/IDOCTYP"), expected=known, got=basic_type or "nothing")
    return grammar, None


def party(kind: str, number: str) -> str | None:
    """`LS:DEVCLNT100`; the number alone where no partner type is said."""
    return f"{kind}:{number}" if kind and number else number or None


def control_for(
    said: Mapping[str, str], message: str, envelope: Envelope | None, profile: Profile, tables: Tables, number: int
) -> dict[str, str]:
    """The control record to write: what the tree says of it, then what envelope and agreement say.

    `number` counts the IDocs of the document from 0. Raises ValueError for a message that no basic type carries.
    """
    known = tables.by_type.get(envelope.version if envelope is not None else "") or tables.by_type.get(said.get("IDOCTYP", ""))
    if known is None:
        known = tables.by_message.get(message)
    if known is None:
        raise ValueError(f"no basic type carries the message {message or 'without a type'}")
    version = envelope.version if envelope is not None and envelope.version in tables.by_type else said.get("IDOCTYP") or known.basic_type
    made = {**said, "TABNAM": CONTROL, "IDOCTYP": version, "MESTYP": message}
    if envelope is None:
        return made
    envelope = replace(envelope, control=envelope.control + number)
    sender, receiver = envelope.sender.rpartition(":"), envelope.receiver.rpartition(":")
    made |= {
        "DOCNUM": f"{envelope.control:016d}",
        "DIRECT": said.get("DIRECT", "2"),
        "SNDPRT": sender[0],
        "SNDPRN": sender[2],
        "RCVPRT": receiver[0],
        "RCVPRN": receiver[2],
        "TEST": "X" if envelope.test else "",
    }
    made.setdefault("CREDAT", envelope.created_at.strftime("%Y%m%d"))
    made.setdefault("CRETIM", envelope.created_at.strftime("%H%M%S"))
    options = profile.options.get("control", {})
    return {**made, **{str(name): str(text) for name, text in options.items()}}
