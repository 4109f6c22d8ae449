"""A web service of things (`things.wsdl`), document/literal, in SOAP 1.1 and 1.2 at one address, by a server of our own writing.

It answers in the version that it is asked in, and holds a request against what the standard asks: the action of the operation, in 1.1 a
header and in 1.2 a parameter of the content type; a UsernameToken, whose nonce counts once; the order of elements. It lists by stamp with
offsets or cursors, by a token, by a flag that `Mark` sets; `Put` answers like a BAPI, with messages of a type under HTTP 200; `Run` takes
XML in a text and answers with such a text. `mischief` is what happens to the next requests, one after the other.
"""

from __future__ import annotations

import base64
import re
import time
from collections import deque
from hashlib import sha1
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from tests.peers.rest_peer import RestPeer, Saying

SPACE = "urn:example:things"
ENVELOPES = {"http://schemas.xmlsoap.org/soap/envelope/": "1.1", "http://www.w3.org/2003/05/soap-envelope": "1.2"}
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
ORDER = ["since", "createdSince", "never", "exported", "offset", "limit", "cursor", "token", "id"]
"""Of what `List` is asked for by, as the schema has it."""


class SoapPeer(RestPeer):
    """The things, who is let in, and what goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.user: tuple[str, str, str] | None = None
        """Name, password and kind (text, digest) of a UsernameToken that is asked for."""
        self.nonces: set[str] = set()
        self.attached: dict[str, bytes] = {}
        """Parts that come beside a list, by their ids; one whose id is a thing's is its drawing, by XOP."""
        self.charset = "utf-8"
        self.put_says: deque[tuple[str, str]] = deque()
        """Type and text of the message of the next `Put`; an E puts nothing."""
        self.kept: dict[str, str] = {}
        """Number of what was put, by its key."""
        self.log: list[int] = []
        """Numbers in the order in which they were written: what tokens count."""

    def put(self, number: int, modified: str | None, created: str = "2026-11-22 06:00:00", **more: Any) -> None:
        super().put(number, modified, created, **more)
        self.log.append(number)


class FaultError(Exception):
    """What is answered by a Fault: code in the words of 1.2, subcode, reason."""

    def __init__(self, code: str, reason: str, subcode: str = "", status: int | None = None) -> None:
        super().__init__(reason)
        self.code, self.reason, self.subcode, self.status = code, reason, subcode, status


class SoapHandler(Saying):
    """One request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    peer: SoapPeer

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        peer = self.peer
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        peer.asked.append((self.command, self.path, dict(self.headers.items())))
        peer.bodies.append(body)
        self.space = next(iter(ENVELOPES))
        trouble = peer.mischief.popleft() if peer.mischief else None
        try:
            root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
            self.space = str(etree.QName(root).namespace)
            if self.space not in ENVELOPES or etree.QName(root).localname != "Envelope":
                self.space = next(iter(ENVELOPES))
                raise FaultError("VersionMismatch", "no envelope that is known")
            if trouble is not None:
                self.misbehave(trouble)
                return
            if any(self.headers.get(name) != value for name, value in peer.lets_in.items()):
                self.raw(401, b"who are you", "text/plain")
                return
            self.let_in(root)
            (call,) = root.find(f"{{{self.space}}}Body")  # type: ignore[misc]
            name = etree.QName(call).localname
            if etree.QName(call).namespace != SPACE or not hasattr(self, f"call_{name}"):
                raise FaultError("Sender", f"there is no operation {name}")
            if self.action() != f"{SPACE}#{name}":
                raise FaultError("Sender", f"the action of {name} is another one than {self.action()!r}")
            getattr(self, f"call_{name}")(call)
        except FaultError as fault:
            self.fault(fault)
        if peer.between is not None:
            peer.between()

    def action(self) -> str | None:
        """What the request says that it wants, where its version says so."""
        if ENVELOPES[self.space] == "1.1":
            kind, said = "text/xml", re.fullmatch(r'"(.*)"', self.headers.get("SOAPAction", ""))
        else:
            kind, said = "application/soap+xml", re.search(r'action="([^"]*)"', self.headers.get("Content-Type", ""))
        if self.headers.get_content_type() != kind:
            raise FaultError("Sender", f"the content type of this version is {kind}")
        return said[1] if said else None

    def let_in(self, root: etree._Element) -> None:
        """Hold a UsernameToken against the one that is asked for."""
        if self.peer.user is None:
            return
        name, password, kind = self.peer.user
        token = root.find(f"{{{self.space}}}Header/{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
        if token is None:
            raise FaultError("Sender", "no token", "InvalidSecurity", 500)
        nonce, created = token.findtext(f"{{{WSSE}}}Nonce") or "", token.findtext(f"{{{WSU}}}Created") or ""
        said = token.find(f"{{{WSSE}}}Password")
        digest = base64.b64encode(sha1(base64.b64decode(nonce) + created.encode() + password.encode()).digest()).decode()
        expected = {"text": ("#PasswordText", password), "digest": ("#PasswordDigest", digest)}[kind]
        fits = said is not None and said.get("Type", "").endswith(expected[0]) and said.text == expected[1]
        if token.findtext(f"{{{WSSE}}}Username") != name or not fits or nonce in self.peer.nonces:
            raise FaultError("Sender", f"not let in with {said.text if said is not None else None}", "FailedAuthentication", 500)
        self.peer.nonces.add(nonce)

    def call_List(self, call: etree._Element) -> None:
        peer = self.peer
        names = [etree.QName(one).localname for one in call]
        asked = {etree.QName(one).localname: one.text or "" for one in call}
        if names != sorted(names, key=ORDER.index):
            raise FaultError("Sender", f"the order of {names} is not the one of the schema")
        ids = [one.text for one in call.findall(f"{{{SPACE}}}id")]
        query = {"since": asked.get("since", "")}
        if asked.get("never") == "true":
            query = {"never": "1", "created_since": asked.get("createdSince", "")}
        if asked.get("exported") == "false":
            query["exported"] = "false"
        rows = peer.found(query)
        told = {"token": str(len(peer.log))}
        if ids:
            rows = [row for row in rows if str(row["id"]) in ids]
        if "token" in asked:
            seen = int(asked["token"] or 0)
            rows = [peer.records[number] for number in dict.fromkeys(peer.log[seen:])]
        start = int(asked.get("offset") or asked.get("cursor") or 0)
        size = int(asked.get("limit") or 3)
        shown, more = rows[start : start + size], start + size < len(rows)
        if more:
            told = {"cursor": str(start + size), **told}
        answer = etree.Element(f"{{{SPACE}}}ListResponse", nsmap={"ns": SPACE})
        for name, value in {"more": "true" if more else "false", "total": str(len(rows)), **told}.items():
            etree.SubElement(answer, f"{{{SPACE}}}{name}").text = value
        things = etree.SubElement(answer, f"{{{SPACE}}}things")
        for row in shown:
            thing = etree.SubElement(things, f"{{{SPACE}}}thing", lang="en")
            for name in ("id", "modified", "created", "name"):
                if row.get(name) is not None:
                    etree.SubElement(thing, f"{{{SPACE}}}{name}").text = str(row[name])
            if str(row["id"]) in peer.attached:
                drawing = etree.SubElement(thing, f"{{{SPACE}}}drawing")
                etree.SubElement(drawing, "{http://www.w3.org/2004/08/xop/include}Include", href=f"cid:{row['id']}")
        self.answer(answer, peer.attached)

    def call_Mark(self, call: etree._Element) -> None:
        number = int(call.findtext(f"{{{SPACE}}}id") or 0)
        self.peer.records[number]["exported"] = True
        self.short("MarkResponse", code="0")

    def call_Put(self, call: etree._Element) -> None:
        key = call.findtext(f"{{{SPACE}}}key") or ""
        kind, text = self.peer.put_says.popleft() if self.peer.put_says else ("S", "saved")
        answer = etree.Element(f"{{{SPACE}}}PutResponse", nsmap={None: SPACE})  # type: ignore[dict-item]
        message = etree.SubElement(answer, f"{{{SPACE}}}message")
        etree.SubElement(message, f"{{{SPACE}}}type").text = kind
        etree.SubElement(message, f"{{{SPACE}}}text").text = text
        if kind != "E":
            number = self.peer.kept.setdefault(key, str(4500000001 + len(self.peer.kept)))
            etree.SubElement(answer, f"{{{SPACE}}}number").text = number
        self.answer(answer)

    def call_Run(self, call: etree._Element) -> None:
        """XML in a text, as hospitals' platforms have it: a code and a name, answered by rows."""
        request = etree.fromstring((call.findtext(f"{{{SPACE}}}request") or "").encode())
        rows = "".join(f"<row><id>{row['id']}</id><at>{row['modified']}</at></row>" for row in self.peer.found({}))
        code = "0" if request.findtext("CODE") == "HH001" else "9"
        said = escape(request.findtext("SAY") or "")
        text = f'<?xml version="1.0" encoding="gbk"?><out><code>{code}</code><say>{said}</say>{rows}</out>'
        self.short("RunResponse", result=text)

    def short(self, name: str, **members: str) -> None:
        answer = etree.Element(f"{{{SPACE}}}{name}", nsmap={"ns": SPACE})
        for member, value in members.items():
            etree.SubElement(answer, f"{{{SPACE}}}{member}").text = value
        self.answer(answer)

    def answer(self, element: etree._Element, attached: dict[str, bytes] | None = None, status: int = 200) -> None:
        """An envelope around an element, in the version of the request; parts beside it as MTOM has them."""
        envelope = etree.Element(f"{{{self.space}}}Envelope", nsmap={"SOAP-ENV": self.space})
        etree.SubElement(envelope, f"{{{self.space}}}Body").append(element)
        text = etree.tostring(envelope, encoding="unicode")
        kind = "text/xml" if ENVELOPES[self.space] == "1.1" else "application/soap+xml"
        content = text.encode(self.peer.charset)
        if not attached:
            self.raw(status, content, f"{kind}; charset={self.peer.charset}")
            return
        parts = [("root", f'application/xop+xml; charset=utf-8; type="{kind}"', content)]
        parts += [(name, "application/octet-stream", part) for name, part in attached.items()]
        body = b"".join(
            f"--cut\r\nContent-Type: {told}\r\nContent-ID: <{name}>\r\nContent-Transfer-Encoding: binary\r\n\r\n".encode() + part + b"\r\n"
            for name, told, part in parts
        )
        self.raw(
            status,
            body + b"--cut--\r\n",
            f'multipart/related; type="application/xop+xml"; start="<root>"; start-info="{kind}"; boundary=cut',
        )

    def fault(self, fault: FaultError) -> None:
        """A Fault, under the status that its code has."""
        element = etree.Element(f"{{{self.space}}}Fault", nsmap={"wsse": WSSE, "S": self.space})
        if ENVELOPES[self.space] == "1.1":
            code = {"Sender": "S:Client", "Receiver": "S:Server"}.get(fault.code, f"S:{fault.code}" if fault.code else "own:4711")
            etree.SubElement(element, "faultcode").text = (
                f"wsse:{fault.subcode}" if fault.subcode in ("FailedAuthentication", "InvalidSecurity") else code
            )
            etree.SubElement(element, "faultstring").text = fault.reason
            detail = etree.SubElement(element, "detail")
            status = fault.status or 500
        else:
            code_element = etree.SubElement(element, f"{{{self.space}}}Code")
            etree.SubElement(code_element, f"{{{self.space}}}Value").text = f"S:{fault.code}"
            if fault.subcode:
                subcode = etree.SubElement(code_element, f"{{{self.space}}}Subcode")
                etree.SubElement(subcode, f"{{{self.space}}}Value").text = f"wsse:{fault.subcode}"
            reason = etree.SubElement(element, f"{{{self.space}}}Reason")
            etree.SubElement(reason, f"{{{self.space}}}Text", {"{http://www.w3.org/XML/1998/namespace}lang": "en"}).text = fault.reason
            detail = etree.SubElement(element, f"{{{self.space}}}Detail")
            status = fault.status or (400 if fault.code == "Sender" else 500)
        held = etree.SubElement(detail, f"{{{SPACE}}}Held")
        etree.SubElement(held, f"{{{SPACE}}}until").text = "noon"
        self.answer(element, status=status)

    def misbehave(self, trouble: str) -> None:
        if trouble == "busy":
            self.raw(429, b"", "text/plain", headers={"Retry-After": "0"})
        elif trouble == "broken":
            self.raw(500, b"<html>ORA-00001</html>", "text/html")
        elif trouble == "html":
            self.raw(200, b"<html><body>proxy</body></html>", "text/html")
        elif trouble == "half":
            self.raw(200, b"<SOAP-ENV:Envelope xmlns:SOAP", "text/xml", promised=10_000)
            self.close_connection = True
        elif trouble == "cut":
            self.raw(200, b'<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body><ns:ListResp', "text/xml")
        elif trouble == "silent":
            time.sleep(1.5)
            self.close_connection = True
        elif trouble == "dropped":
            self.close_connection = True
        elif trouble == "accepted":
            self.raw(202, b"", "text/plain")
        elif trouble == "dtd":
            self.raw(200, b'<!DOCTYPE E [<!ENTITY a "aaaa">]><E:Envelope xmlns:E="x"><b>&a;</b></E:Envelope>', "text/xml")
        else:  # Receiver 200, Sender, " 500" (a code that nobody knows)
            code, _, status = trouble.partition(" ")
            self.fault(
                FaultError(code, "come again" if code == "Receiver" else "this is how it is", status=int(status) if status else None)
            )
