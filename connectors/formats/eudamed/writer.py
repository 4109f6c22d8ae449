"""Writes a `Push` of EUDAMED: devices in the payload, who sends and what is asked around them (Message.xsd 3.0.25)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC
from uuid import UUID, uuid5

from lxml import etree

from connectors.feed import FeedGrammar
from connectors.formats.eudamed.arrangement import laid_out
from connectors.formats.eudamed.names import DEVICE, MESSAGE, SERVICE, SPACES, VERSION, XSI
from connectors.formats.xml.levels import spaces_of
from connectors.formats.xml.places import copied, text_at
from connectors.formats.xml.writer import fill
from connectors.spec import Envelope
from data_contracts.source import SourceRecord

MOST = 300
"""Devices of one message."""
_NUMBERS = UUID("5b1d2b0e-6a64-5a0b-9f0c-3c9b7f1f7a11")
"""Name space of the numbers that messages get: equal devices at an equal time make equal bytes."""


def write_document(grammar: FeedGrammar, records: Sequence[SourceRecord], envelope: Envelope | None, operation: str) -> bytes:
    """UTF-8 bytes. Raises ValueError for what EUDAMED cannot take."""
    if not 1 <= len(records) <= MOST:
        raise ValueError(f"a message holds 1 to {MOST} devices, not {len(records)}")
    trees = [copied(record) for record in records]
    values = [tree.values for tree in trees if isinstance(tree.values, dict)]
    made = max((said.pop("@created", "") for said in values), default="")
    if not made and envelope is not None:
        made = envelope.created_at.astimezone(UTC).isoformat()
    if not made:
        raise ValueError("a message of EUDAMED says when it was made")
    first = trees[0]
    sender = envelope.sender.partition(":")[2] if envelope is not None else ""
    sender = sender or text_at(first, "BasicUDI", "MFActorCode") or text_at(first, "BasicUDI", "PRActorCode")
    spaces = {**SPACES, "xsi": XSI}
    root = etree.Element(_m("Push"), nsmap=spaces)
    root.set("version", VERSION)
    payload = etree.Element(_m("payload"), nsmap=spaces)
    qualify = spaces_of(grammar)
    for tree in trees:
        device = etree.SubElement(payload, f"{{{DEVICE}}}Device")
        fill(device, tree, grammar.fields, qualify)
        laid_out(device, str(dict(tree.values).get("@legislation", "")))  # type: ignore[arg-type]  # a mapping in named syntaxes
    digest = hashlib.sha256(etree.tostring(payload)).hexdigest()
    control = f"{sender}|{envelope.control}" if envelope is not None else digest
    for name, text in (
        ("conversationID", uuid5(_NUMBERS, f"conversation|{made}|{control}")),
        ("correlationID", uuid5(_NUMBERS, f"correlation|{made}|{control}")),
        ("creationDateTime", made),
        ("messageID", uuid5(_NUMBERS, f"message|{made}|{control}")),
    ):
        etree.SubElement(root, _m(name)).text = str(text)
    _end(root, "recipient", "EUDAMED", "eDelivery:EUDAMED", operation)
    root.append(payload)
    _end(root, "sender", sender, "", operation)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _end(root: etree._Element, name: str, actor: str, node: str, operation: str) -> None:
    """Who stands at one end of the message, and for which service."""
    end = etree.SubElement(root, _m(name))
    party = etree.SubElement(end, _m("node"))
    etree.SubElement(party, _s("nodeActorCode")).text = actor
    if node:
        etree.SubElement(party, _s("nodeID")).text = node
    service = etree.SubElement(end, _m("service"))
    etree.SubElement(service, _s("serviceID")).text = "DEVICE"
    etree.SubElement(service, _s("serviceOperation")).text = operation


def _m(name: str) -> str:
    return f"{{{MESSAGE}}}{name}"


def _s(name: str) -> str:
    return f"{{{SERVICE}}}{name}"
