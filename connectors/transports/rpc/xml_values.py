"""XML-RPC's envelope, written by the standard library and read by libxml2 with entities, DTDs and network shut: answers come from
outside."""

from __future__ import annotations

import re
import xmlrpc.client
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from data_contracts.errors import RetriableError

_DEEPEST = 64
_NO_CHARACTER = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]|&#(?:[1-8]|1[124-9]|2\d|3[01]);")
_INSTEAD = "\ufffd".encode()
"""For what XML has no place for, and pasted descriptions hold: one of them would keep all records from coming."""


def call_of(method: str, arguments: Sequence[Any]) -> bytes:
    """The body of a call."""
    return xmlrpc.client.dumps(tuple(arguments), method, encoding="utf-8", allow_none=True).encode("utf-8", "xmlcharrefreplace")


def result_of(content: bytes, where: str) -> tuple[str | None, Any]:
    """The kind of a fault with its words, or None and the result. Raises RetriableError for what is no answer of XML-RPC."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(_NO_CHARACTER.sub(_INSTEAD, content), parser)
        if root.getroottree().docinfo.internalDTD is not None:
            raise ValueError("a DOCTYPE")
        fault, value = root.find("fault/value"), root.find("params/param/value")
        if root.tag != "methodResponse" or (fault is None) == (value is None):
            raise ValueError(str(root.tag))
        if fault is not None:
            said = _value(fault, 0)
            return str(said["faultCode"]), said["faultString"]
        return None, _value(value, 0)
    except (etree.XMLSyntaxError, ValueError, KeyError, TypeError, InvalidOperation) as error:
        raise RetriableError(f"{where}: the answer is no XML-RPC") from error


def _value(node: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    if not len(node):
        return node.text or ""
    (inner,) = node
    text = (inner.text or "").strip()
    match inner.tag:
        case "int" | "i4" | "i8":
            return int(text)
        case "boolean":
            return text == "1"
        case "double":
            return Decimal(text)
        case "nil":
            return None
        case "array":
            return [_value(one, depth + 1) for one in inner.iterfind("data/value")]
        case "struct":
            return {member.findtext("name"): _value(member.find("value"), depth + 1) for member in inner.iterfind("member")}
        case "dateTime.iso8601":
            return datetime.strptime(text, "%Y%m%dT%H:%M:%S").isoformat()  # noqa: DTZ007 - the protocol states no zone
        case "string" | "base64":
            return inner.text or ""
    raise ValueError(str(inner.tag))
