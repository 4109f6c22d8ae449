"""The envelope around what is asked and answered, in SOAP 1.1 and 1.2, and what is in a multipart answer.

An answer is read in whichever version it comes. Of `multipart/related` the root part is the envelope (RFC 2387); what it includes by XOP
stands in its place as Base64, as MTOM means it. A part that nothing refers to is not read, and told (SOA-01).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from urllib.parse import unquote

from lxml import etree

from connectors.http_peer import Answered
from connectors.transports.as2 import mime
from connectors.transports.as2.faults import FaultError
from connectors.xml_answers import Names, charset_read, read_xml, text_of
from data_contracts.errors import RefusedError, RetriableError

SOAP_1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_1_2 = "http://www.w3.org/2003/05/soap-envelope"
VERSIONS: Mapping[str, str] = {"1.1": SOAP_1_1, "1.2": SOAP_1_2}
_XOP = "{http://www.w3.org/2004/08/xop/include}Include"


def written(version: str, names: Names, header: Callable[[etree._Element], bool], body: Callable[[etree._Element], bool]) -> bytes:
    """An envelope; `header` and `body` put their elements into theirs, and a header without any is left out."""
    space = VERSIONS[version]
    used = {prefix or None: one for prefix, one in names.spaces.items() if prefix not in ("soap", "wsse", "wsu", "xsi")}
    spaces: dict[str | None, str] = {"soap": space, **used}
    envelope = etree.Element(f"{{{space}}}Envelope", nsmap=spaces)  # type: ignore[arg-type]  # the stubs know no default namespace
    head = etree.SubElement(envelope, f"{{{space}}}Header")
    if not header(head):
        envelope.remove(head)
    body(etree.SubElement(envelope, f"{{{space}}}Body"))
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)


def headers_of(version: str, action: str) -> dict[str, str]:
    """Content type and action: a header of its own in 1.1, there even where it is empty, a parameter of the type in 1.2."""
    quoted = action.replace("\\", "\\\\").replace('"', '\\"')
    if version == "1.1":
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{quoted}"', "Accept": "text/xml, multipart/related"}
    kind = "application/soap+xml; charset=utf-8" + (f'; action="{quoted}"' if action else "")
    return {"Content-Type": kind, "Accept": "application/soap+xml, multipart/related"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP Fault: its codes by local names, the finest last, and what it says."""

    codes: tuple[str, ...]
    reason: str
    detail: str
    """Name of the first element of the detail; empty where there is none."""
    said: str
    """Text of the detail."""

    @property
    def names(self) -> frozenset[str]:
        """All by which it may be known: `Server.Busy` is `Server` too, and a detail its element's name."""
        return frozenset({*self.codes, *(code.partition(".")[0] for code in self.codes), *filter(None, [self.detail])})

    def text(self) -> str:
        """For people; it is masked before it is cut."""
        detail = f"; {self.detail}: {self.said}" if self.detail and self.said and self.said != self.reason else ""
        return f"{' '.join(filter(None, self.codes)) or 'no code'}: {self.reason or 'no reason'}{detail}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came in an envelope."""

    status: int
    content: bytes
    """The envelope: as it came, unless it was in a charset of which only HTTP knew, or included parts."""
    body: tuple[etree._Element, ...]
    fault: Fault | None = None
    loose: tuple[str, ...] = ()
    """Parts of a multipart answer that nothing refers to."""


def opened(answer: Answered, where: str) -> Reply:
    """The envelope of an answer. Raises RetriableError for what is none, as a page of a proxy or half a body is not."""
    content, kind, parts = _root(answer, where)
    charset = kind.get_param("charset")
    charset = charset if isinstance(charset, str) else None
    root = read_xml(content, where, charset)
    space = etree.QName(root).namespace
    if etree.QName(root).localname != "Envelope" or space not in (SOAP_1_1, SOAP_1_2):
        raise RetriableError(f"{where}: the answer is no SOAP envelope but {etree.QName(root).localname[:40]}")
    body = root.find(f"{{{space}}}Body")
    if body is None:
        raise RetriableError(f"{where}: the envelope has no Body")
    included = _include(root, parts, where)
    if included or charset_read(content, where, charset) != charset_read(content, where):
        content = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    found = tuple(child for child in body.iterchildren("*"))
    faulty = next((child for child in found if child.tag == f"{{{space}}}Fault"), None)
    fault = None if faulty is None else _fault(faulty)
    return Reply(answer.status, content, found, fault, tuple(sorted(parts.keys() - included)))


def _root(answer: Answered, where: str) -> tuple[bytes, Message, dict[str, bytes]]:
    """The envelope's bytes, the type that they bear, and the other parts by their ids."""
    kind = Message()
    kind["Content-Type"] = answer.headers.get("content-type", "text/xml")
    if not kind.get_content_type().startswith("multipart/"):
        return answer.content, kind, {}
    try:
        entity = mime.of_request([("Content-Type", str(kind["Content-Type"]))], answer.content)
        read = [mime.read(part) for part in mime.parts(entity)]
        named = {str(part.head.get("Content-ID") or f"<part {number}>").strip()[1:-1]: part for number, part in enumerate(read)}
        start = entity.parameter("start").strip().strip("<>")
        if not read or (start and start not in named):
            raise RetriableError(f"{where}: a multipart answer without its envelope")
        root = start or next(iter(named))
        contents = {name: part.content() for name, part in named.items()}
    except FaultError as error:
        raise RetriableError(f"{where}: the multipart answer cannot be read: {error}") from error
    head = Message()
    head["Content-Type"] = str(named[root].head.get("Content-Type", "text/xml"))
    return contents.pop(root), head, contents


def _include(root: etree._Element, parts: Mapping[str, bytes], where: str) -> set[str]:
    """Put what is included by XOP in its place; the ids of the parts that were."""
    used: set[str] = set()
    for include in list(root.iter(_XOP)):
        name = unquote(str(include.get("href", "")).removeprefix("cid:"))
        holder = include.getparent()
        if name not in parts or holder is None or len(holder) != 1:
            raise RefusedError(f"{where}: the answer includes a part {name[:80]!r} that did not come")
        holder.remove(include)
        holder.text = base64.b64encode(parts[name]).decode()
        used.add(name)
    return used


def _fault(element: etree._Element) -> Fault:
    """A Fault of 1.1 (faultcode, faultstring, detail) or 1.2 (Code, Reason, Detail), whatever namespace its members are put in."""
    codes: list[str] = []
    reason, detail, said = "", "", ""
    for child in element.iterchildren("*"):
        match etree.QName(child).localname:
            case "faultcode":
                codes.append(_code(text_of(child)))
            case "Code":
                codes += [_code(text_of(one)) for one in child.iter("{*}Value")]
            case "faultstring" | "Reason":
                texts = [text_of(one) for one in child.iterchildren("*")] or [text_of(child)]
                reason = " ".join(texts[0].split())
            case "detail" | "Detail":
                inner = next(child.iterchildren("*"), None)
                detail = etree.QName(inner).localname if inner is not None else ""
                said = " ".join(" ".join(str(text) for text in child.itertext()).split())
    return Fault(tuple(codes), reason, detail, said)


def _code(text: str) -> str:
    return text.rpartition(":")[2].strip()
