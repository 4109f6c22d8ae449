"""Web services by SOAP: both versions, what is asked and answered judged by a public client, faults by their codes, hostile answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from lxml import etree
from zeep import Client, Settings
from zeep.exceptions import Fault as ClientFault
from zeep.wsse.username import UsernameToken as ClientToken

from connectors import xml_answers
from connectors.http_peer import Answered
from connectors.spec import Page
from connectors.transports.soap import TRANSPORT, envelope
from connectors.transports.soap.security import digest
from data_contracts.errors import BusyError, ConfigError, HubError, RefusedError, RetriableError
from tests.peers.rest_peer import running
from tests.peers.soap_peer import SPACE, SoapHandler, SoapPeer

WSDL = str(Path(__file__).parents[2] / "peers" / "things.wsdl")
HIDDEN = "hush/so <secret>&+"
STAMP = {"kind": "stamp", "field": "t:modified", "id": "t:id", "sorted": True, "ask_as": "%Y-%m-%d %H:%M:%S", "overlap_seconds": 0}
BODY = {"t:List": {"t:since": "{since}", "t:offset": "{offset}", "t:limit": "{limit}"}}
THINGS = "t:ListResponse/t:things/t:thing"
MESSAGE = "t:PutResponse/t:message/t:type"
EMPTY = '<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body/></E:Envelope>'
DOCUMENT = '<t:thing xmlns:t="urn:example:things" lang="zh"><t:id>7</t:id><t:name>心脏 &lt;&amp;&gt; "支架"</t:name></t:thing>'.encode()


@pytest.fixture
def peer() -> Iterator[SoapPeer]:
    with running(SoapHandler, SoapPeer()) as served:
        for number in range(1, 24):
            served.put(number, f"2026-11-22 07:{number // 4:02}:00", name=f"Thing {number} <&>")
        yield served


def asked(peer: SoapPeer, **more: Any) -> dict[str, Any]:
    own = {"action": f"{SPACE}#List", "namespaces": {"t": SPACE}, "body": BODY, "records": THINGS, "delta": STAMP}
    return {"use": "soap", "url": f"{peer.url}/things", "paging": {"style": "offset", "size": 4}, **own, **more}


def sent(peer: SoapPeer, **more: Any) -> dict[str, Any]:
    send = {"action": f"{SPACE}#Put", "body": {"t:Put": {"t:key": "{id}", "$document": "element"}}, "says": "t:PutResponse/t:number"}
    failure = {"at": MESSAGE, "is": ["E", "A"], "says": "../t:text", "again": ["A"]}
    return {"use": "soap", "url": f"{peer.url}/things", "namespaces": {"t": SPACE}, "send": send, "failure": failure, **more}


def pages(peer: SoapPeer, watermark: str | None = None, **more: Any) -> list[Page]:
    return list(TRANSPORT.pages(asked(peer, **more), watermark))


def ids(found: list[Page]) -> list[int]:
    return [int(key) for page in found for key, _ in page.records or ()]


def client(peer: SoapPeer, version: str = "1.1", **more: Any) -> Any:
    made = Client(WSDL, settings=Settings(strict=True), **more)
    return made, made.create_service(f"{{{SPACE}}}Things{version.replace('.', '')}", f"{peer.url}/things")


def canonical(content: bytes) -> str:
    return ElementTree.canonicalize(content.decode(), rewrite_prefixes=True)


# --- asking -----------------------------------------------------------------------------------------------------------------
STYLES: dict[str, dict[str, Any]] = {
    "offsets": {},
    "more": {"paging": {"style": "offset", "size": 4, "more": "t:ListResponse/t:more"}},
    "total": {"paging": {"style": "offset", "size": 4, "more": "*/t:total"}},
    "cursor": {
        "body": {"t:List": {"t:since": "{since}", "t:cursor": "{cursor}"}}, "paging": {"style": "cursor", "at": "t:ListResponse/*:cursor"},
    },
    "none": {"body": {"t:List": {"t:since": "{since}", "t:limit": 99}}, "paging": {"style": "none"}},
}  # fmt: skip


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("style", STYLES)
def test_every_style_of_paging_brings_every_record(peer: SoapPeer, style: str, version: str) -> None:
    more = STYLES[style] | {"version": version}
    found = pages(peer, **more)
    assert sorted(set(ids(found))) == list(range(1, 24)) and found[-1].watermark == "2026-11-22T07:05:00.000000+00:00"
    assert set(ids(pages(peer, found[-1].watermark, **more))) == {20, 21, 22, 23}
    assert not any(b"{" in body for body in peer.bodies) and b"since" not in peer.bodies[0]
    (first, *_) = found
    assert first.delivered.name == "List-1.xml" and first.delivered.media_type == "text/xml"
    assert etree.QName(etree.fromstring(first.content)).localname == "Envelope"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_public_client_makes_the_same_request_of_the_same_service(peer: SoapPeer, version: str) -> None:
    _, service = client(peer, version)
    service.List(since="2026-11-22 07:05:00", offset=0, limit=4)
    pages(peer, "2026-11-22T07:05:00.000000+00:00", version=version)
    theirs, ours = peer.bodies[0], peer.bodies[1]
    assert canonical(ours) == canonical(theirs)
    headers = [{name.lower(): value for name, value in one[2].items()} for one in peer.asked[:2]]
    assert headers[1].get("soapaction") == (headers[0]["soapaction"] if version == "1.1" else None)
    assert len({one["content-type"].replace(" ", "") for one in headers}) == 1
    document = etree.fromstring(DOCUMENT)
    thing = {"id": "7", "name": document.findtext(f"{{{SPACE}}}name"), "lang": "zh"}
    assert service.Put(key="delivery/1", thing=thing)["number"] == "4500000001"
    assert TRANSPORT.send(sent(peer, version=version), "a", DOCUMENT, "delivery/1") == "200 4500000001"
    assert canonical(peer.bodies[-1]) == canonical(peer.bodies[-2])


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_public_client_reads_what_the_peer_answers(peer: SoapPeer, version: str) -> None:
    _, service = client(peer, version)
    listed = service.List(limit=2)
    assert [one["name"] for one in listed["things"]["thing"]] == ["Thing 1 <&>", "Thing 2 <&>"] and listed["more"] is True
    peer.mischief.append("Receiver")
    with pytest.raises(ClientFault, match="come again"):
        service.List()
    assert service.Mark(id="3") == "0" and peer.records[3]["exported"] is True


@pytest.mark.parametrize("kind", ["text", "digest"])
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_token_of_ws_security_lets_in_once_and_is_the_one_of_a_public_client(
    peer: SoapPeer, kind: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOAP_PASSWORD", HIDDEN)
    peer.user = ("HUB", HIDDEN, kind)
    security = {"user": "HUB", "password_env": "SOAP_PASSWORD", "kind": kind}
    clock = {"clock": lambda: datetime(2026, 11, 22, 8, tzinfo=UTC)}
    found = pages(peer, version=version, security=security, **clock)
    assert len(set(ids(found))) == 23 and len(peer.nonces) == len(peer.bodies) > 3, "each request has a nonce of its own"
    peer.mischief += ["busy", None]
    pages(peer, "2026-11-22T07:05:00.000000+00:00", version=version, security=security, paging={"style": "none"}, **clock)
    assert len(peer.nonces) == len(peer.bodies) - 1, "a repeat of the same request too"
    monkeypatch.setattr("connectors.transports.soap.security.secrets.token_bytes", lambda _: b"0123456789abcdef")
    pages(peer, "2026-11-22T07:05:00.000000+00:00", version=version, security=security, paging={"style": "none"}, **clock)
    moment = (
        {"nonce": "0123456789abcdef", "created": datetime(2026, 11, 22, 8, tzinfo=UTC), "zulu_timestamp": True} if kind == "digest" else {}
    )
    public = ClientToken("HUB", HIDDEN, use_digest=kind == "digest", **moment)
    theirs = next(public.apply(etree.fromstring(EMPTY), {})[0].iter("{*}UsernameToken"))
    ours = next(etree.fromstring(peer.bodies[-1]).iter("{*}UsernameToken"))
    if kind == "text":  # where we say nonce and moment too, as the profile recommends
        assert [etree.QName(one).localname for one in ours] == ["Username", "Password", "Nonce", "Created"]
        ours[:] = ours[:2]
    assert canonical(etree.tostring(ours)) == canonical(etree.tostring(theirs))
    monkeypatch.setenv("SOAP_PASSWORD", "another")
    with pytest.raises(ConfigError, match=r"FailedAuthentication") as told:
        pages(peer, version=version, security=security | {"lives_seconds": 300}, **clock)
    assert "another" not in str(told.value)
    expires = etree.fromstring(peer.bodies[-1]).find(".//{*}Timestamp/{*}Expires")
    assert expires is not None and expires.text == "2026-11-22T08:05:00Z"


def test_the_digest_is_the_one_of_the_profile() -> None:
    """UsernameToken Profile 1.1.1, 3.1, by hand: Base64(SHA-1(nonce + created + password))."""
    by_hand = base64.b64encode(sha1(b"0123456789abcdef" + b"2003-07-16T01:24:32Z" + "密码".encode()).digest()).decode()
    assert digest(b"0123456789abcdef", "2003-07-16T01:24:32Z", "密码") == by_hand


def test_basic_and_headers_of_ones_own(peer: SoapPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAP_PASSWORD", "geheim")
    peer.lets_in = {"Authorization": "Basic SFVCOmdlaGVpbQ=="}
    header = {"t:Call": {"@soap:mustUnderstand": "0", "": "no <one>"}, "t:Since": "{since}"}
    found = pages(peer, auth={"kind": "basic", "user": "HUB", "password_env": "SOAP_PASSWORD"}, header=header)
    assert len(set(ids(found))) == 23
    (first, *_) = (etree.fromstring(body).find("{*}Header") for body in peer.bodies)
    assert first is not None and [etree.QName(one).localname for one in first] == ["Call"] and first[0].text == "no <one>"
    assert "Since" in [etree.QName(one).localname for one in next(etree.fromstring(peer.bodies[-1]).iter("{*}Header"))]
    with pytest.raises(ConfigError, match="does not let us in"):
        pages(peer)


def test_a_token_moves_the_watermark_and_a_flag_is_set_once_a_page_is_durable(peer: SoapPeer) -> None:
    by_token = {"body": {"t:List": {"t:cursor": "{cursor}", "t:limit": "50", "t:token": "{token}"}}}
    by_token |= {"delta": {"kind": "token", "token": "t:ListResponse/t:token", "id": "t:id"}}
    by_token |= {"paging": {"style": "cursor", "at": "t:ListResponse/t:cursor"}}
    assert [page.watermark for page in pages(peer, **by_token)] == ["23"]
    peer.put(5, "2026-11-22 09:00:00")
    peer.put(50, "2026-11-22 09:00:00")
    (page,) = pages(peer, "23", **by_token)
    assert ids([page]) == [5, 50] and page.watermark == "25"
    flagged = asked(peer, paging={"style": "none"}, body={"t:List": {"t:exported": "false", "t:limit": "10"}})
    flagged |= {
        "delta": {"kind": "exported", "id": "t:id"},
        "acknowledge": {"action": f"{SPACE}#Mark", "body": {"t:Mark": {"t:id": "{id}"}}},
    }
    seen = []
    for page in TRANSPORT.pages(flagged, None):
        seen += ids([page])
        TRANSPORT.acknowledge(flagged, page)
    assert sorted(seen) == [*range(1, 24), 50] and all(row["exported"] for row in peer.records.values())
    peer.put(7, "2026-11-22 09:00:00")
    (first, second) = (TRANSPORT.pages(flagged, None) for _ in range(2))
    page = next(first)
    peer.put(7, "2026-11-22 09:30:00")  # saved behind the page: this version was not taken in
    TRANSPORT.acknowledge(flagged, page)
    assert peer.records[7]["exported"] is False and page.unflagged == {"7": None}
    for page in second:
        TRANSPORT.acknowledge(flagged, page)
    assert peer.records[7]["exported"] is True


def test_names_without_a_prefix_may_have_a_namespace_and_attributes_have_none(peer: SoapPeer) -> None:
    """As toolkits write it that put all elements into one namespace."""
    body = {"List": {"since": "{since}", "offset": "{offset}", "limit": "{limit}", "@lang": "en", "@soap:role": "x"}}
    more = {"records": "ListResponse/things/thing", "delta": STAMP | {"field": "modified", "id": "id"}}
    found = pages(peer, namespaces={"": SPACE}, body=body, **more)
    assert sorted(set(ids(found))) == list(range(1, 24))
    call = etree.fromstring(peer.bodies[0])[0][0]
    assert (call.prefix, call.tag, sorted(call.attrib)) == (
        None,
        f"{{{SPACE}}}List",
        ["lang", "{http://schemas.xmlsoap.org/soap/envelope/}role"],
    )
    by_language = {"records": "*/things/thing", "delta": {"kind": "whole", "id": ["@lang", "id"]}, "paging": {"style": "none"}}
    (page,) = pages(peer, namespaces={"": SPACE}, body={"List": {"limit": 2}}, **by_language)
    assert [key for key, _ in page.records or ()] == ['["en", "1"]', '["en", "2"]']


def test_one_question_for_each_of_a_list(peer: SoapPeer) -> None:
    each = {"word": "number", "values": ["3", "99", "7"], "at": "t:id"}
    found = pages(peer, each=each, body={"t:List": {"t:id": "{number}"}}, paging={"style": "none"}, delta={"kind": "whole", "id": "t:id"})
    assert [ids([page]) for page in found] == [[3], [], [7]]
    with pytest.raises(RefusedError, match="does not heed"):
        pages(peer, each=each, body={"t:List": {"t:limit": "1"}}, paging={"style": "none"}, delta={"kind": "whole", "id": "t:id"})


def test_xml_and_json_that_stand_as_a_text(peer: SoapPeer) -> None:
    """As platforms of hospitals and provinces have it: one operation, a text that is XML, another one back."""
    template = {"t:Run": {"t:request": {"$xml": {"REQ": {"CODE": "HH001", "SAY": "耗材 ]]> & <b>"}}}}}
    inside: dict[str, Any] = {"action": f"{SPACE}#Run", "body": template, "inside": {"at": "t:RunResponse/t:result"}, "records": "out/row"}
    inside |= {
        "paging": {"style": "none"},
        "delta": {"kind": "whole", "id": "id"},
        "success": {"at": "out/code", "is": [0], "says": "out/say"},
    }
    (page,) = pages(peer, **inside)
    assert len(ids([page])) == 23 and page.content.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<out>")
    assert "耗材 ]]" in page.content.decode()
    template["t:Run"]["t:request"]["$xml"]["REQ"]["CODE"] = "YY009"
    with pytest.raises(RefusedError, match=r"answered 9 耗材 ]]> & <b>"):
        pages(peer, **inside)
    with pytest.raises(RetriableError, match="no JSON"):
        pages(peer, **inside | {"inside": {"at": "t:RunResponse/t:result", "as": "json"}, "records": "rows", "success": {"at": "code"}})
    with pytest.raises(RetriableError, match="no text at"):
        pages(peer, **inside | {"inside": {"at": "t:RunResponse/t:other"}})


def test_json_that_stands_as_a_text() -> None:
    class Told(SoapHandler):
        def call_Run(self, call: etree._Element) -> None:
            self.short("RunResponse", result=json.dumps({"code": "0", "rows": [{"id": 1}, json.loads(call[0].text or "")]}))

    with running(Told, SoapPeer()) as peer:
        body = {"t:Run": {"t:request": {"$json": {"id": 2, "since": "{since}", "say": '"{limit}"', "no": None}}}}
        inside = {"at": "t:RunResponse/t:result", "as": "json"}
        (page,) = pages(
            peer, action=f"{SPACE}#Run", body=body, inside=inside, records="rows", success={"at": "code", "is": ["0"]},
            paging={"style": "none"}, delta={"kind": "whole", "id": "id"},
        )  # fmt: skip
        assert page.delivered.media_type == "application/json" and ids([page]) == [1, 2]
        assert json.loads(page.content)["rows"][1] == {"id": 2, "say": '"100"', "no": None}


# --- what is answered ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    ("trouble", "kind", "said"),
    [
        ("Receiver", RetriableError, "come again; Held: noon"),
        ("Receiver 200", RetriableError, "come again"),
        ("Sender", RefusedError, "this is how it is"),
        ("Sender 200", RefusedError, "this is how it is"),
        ("Sender 404", RefusedError, "this is how it is"),
        ("VersionMismatch", ConfigError, "VersionMismatch"),
        ("MustUnderstand", ConfigError, "MustUnderstand"),
        (" 500", RetriableError, "this is how it is"),
        (" 400", RefusedError, "this is how it is"),
        ("broken", RetriableError, "answered 500"),
        ("html", RetriableError, "answered 200 with a page of HTML"),
        ("half", RetriableError, "127.0.0.1"),
        ("cut", RetriableError, "no XML"),
        ("dropped", RetriableError, "127.0.0.1"),
        ("silent", RetriableError, "127.0.0.1"),
        ("dtd", RefusedError, "document type"),
    ],
)
def test_what_goes_wrong_is_told_by_what_to_do_next(peer: SoapPeer, version: str, trouble: str, kind: type[HubError], said: str) -> None:
    peer.mischief.append(trouble)
    with pytest.raises(kind, match=said) as pulled:
        pages(peer, version=version, timeout_seconds=0.5)
    assert type(pulled.value) is kind
    peer.mischief.append(trouble)
    with pytest.raises(kind, match=said):
        TRANSPORT.send(sent(peer, version=version, timeout_seconds=0.5), "a", DOCUMENT, "delivery/1")
    assert len(set(ids(pages(peer, version=version)))) == 23


def test_a_code_that_a_peer_means_otherwise(peer: SoapPeer) -> None:
    for faults, kind in (
        ({"refuse": ["Server"]}, RefusedError),
        ({"refuse": ["Held"]}, RefusedError),
        ({"again": ["Client"]}, RetriableError),
    ):
        peer.mischief.append("Sender" if "again" in faults else "Receiver")
        with pytest.raises(kind):
            pages(peer, faults=faults)


def test_a_peer_that_is_busy_is_waited_for_and_says_when(peer: SoapPeer) -> None:
    peer.mischief += ["busy", "busy"]
    assert len(set(ids(pages(peer)))) == 23
    peer.mischief += ["busy"] * 6
    with pytest.raises(BusyError):
        pages(peer)


def test_an_answer_without_a_place_for_records_is_no_empty_page(peer: SoapPeer) -> None:
    peer.records.clear()
    (page,) = pages(peer)
    assert page.records == ()
    with pytest.raises(RetriableError, match="no place for"):
        pages(peer, records="t:ListResponse/t:stuff/t:thing")
    with pytest.raises(RetriableError, match="no place for"):
        pages(peer, records="t:OtherResponse")
    assert [page.records for page in pages(peer, records="t:OtherResponse", empty={"at": "*/t:total", "is": ["0"]})] == [()]
    assert [page.records for page in pages(peer, records="t:OtherResponse", empty={"at": "*/t:nothing", "is": [""]})] == [()]


def test_parts_that_an_answer_includes_stand_in_their_place_and_others_are_told(peer: SoapPeer) -> None:
    peer.attached = {"3": b"\x00drawing\xff", "loose": b"?"}
    found = pages(peer, paging={"style": "offset", "size": 50}, version="1.2")
    drawing = next(etree.fromstring(found[0].content).iter(f"{{{SPACE}}}drawing"))
    assert drawing.text == "AGRyYXdpbmf/" and not len(drawing)
    assert [(one.rule, one.got) for one in found[0].findings] == [("SOA-01", "loose")]
    peer.attached = {"3": b"\x00drawing\xff"}
    assert pages(peer, paging={"style": "offset", "size": 50})[0].findings == ()
    _, service = client(peer)
    assert service.List(id=["3"], limit=1)["things"]["thing"][0]["drawing"] == b"\x00drawing\xff", "and a public client reads them so"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/related", b"--cut\r\n\r\n<a/>\r\n--cut--"),
        ('multipart/related; boundary=cut; start="<x>"', b"--cut\r\nContent-ID: <y>\r\n\r\n<a/>\r\n--cut--"),
        ("multipart/related; boundary=cut", b"--cut\r\nContent-ID: <y>\r\n\r\n<a/>\r\n"),
        ("multipart/related; boundary=cut", b"--cut\r\nContent-Transfer-Encoding: base64\r\n\r\n<<\r\n--cut--"),
        ("multipart/related; boundary=cut", b"--cut--"),
    ],
)
def test_a_multipart_answer_that_is_none_is_told(kind: str, body: bytes) -> None:
    with pytest.raises(RetriableError, match="multipart"):
        envelope.opened(Answered(200, httpx.Headers({"content-type": kind}), body), "peer")


def test_a_part_that_is_included_but_did_not_come_is_refused() -> None:
    inner = '<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body><a><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include"'
    content = f'--cut\r\n\r\n{inner} href="cid:gone"/></a></E:Body></E:Envelope>\r\n--cut--'.encode()
    with pytest.raises(RefusedError, match="did not come"):
        envelope.opened(Answered(200, httpx.Headers({"content-type": "multipart/related; boundary=cut"}), content), "peer")


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", RefusedError, "document type"),
        (b"<?xml version='1.0'?><!-- <a> --><?x <a?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", RefusedError, "document type"),
        (b"<a>&undefined;</a>", RetriableError, "no XML"),
        (b"<a>", RetriableError, "no XML"),
        (b"", RetriableError, "no XML"),
        (b"<!-- <a>", RetriableError, "no XML"),
        (b"<" + b"<a>" * 300 + b"</a>" * 300, RetriableError, "no XML"),
        (b"<a>" * 300 + b"</a>" * 300, RetriableError, "no XML"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", RefusedError, "charset"),
        ("<a>é</a>".encode("latin-1"), RetriableError, "charset"),
        (b"<a/>" * 300, RefusedError, "tags"),
    ],
)
def test_hostile_xml_reaches_nothing(content: bytes, kind: type[HubError], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if said == "tags":
        monkeypatch.setattr(xml_answers, "MOST_MARKS", 200)
    with pytest.raises(kind, match=said):
        xml_answers.read_xml(content, "peer")


def test_damaged_envelopes_are_told_in_words_that_the_hub_knows() -> None:
    """Whatever comes: an envelope, or an error that says what to do next."""
    chance = Random(1)
    inner = '<S:Body><t:R xmlns:t="urn:t" a="1"><t:x>é箱&amp;</t:x><y/></t:R>'
    inner += "<S:Fault><faultcode>S:Server</faultcode><detail><a/></detail></S:Fault>"
    whole = f'<?xml version="1.0"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">{inner}</S:Body></S:Envelope>'
    parts = (
        f"--cut\r\nContent-ID: <r>\r\n\r\n{whole}\r\n--cut\r\nContent-ID: <1>\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==\r\n--cut--"
    )
    pieces = [b"<!DOCTYPE a>", b"<!--", b"<?", b"&a;", b"\x00", b"\xff", b"]]>", b"</t:R>", b"--cut", b"\xef\xbb\xbf"]
    pieces.append(b"<x:Include xmlns:x='http://www.w3.org/2004/08/xop/include' href='cid:1'/>")
    kinds = [
        "text/xml",
        "text/xml; charset=gbk",
        "text/xml; charset=rot13",
        "",
        "multipart/related; boundary=cut",
        'multipart/x; boundary="cut',
    ]
    read = 0
    for _ in range(1500):
        content = bytearray(chance.choice([whole.encode(), whole.encode("utf-16"), whole.encode("gb18030"), parts.encode()]))
        for _ in range(chance.choice([0, 1, 2, 20])):
            at = chance.randrange(len(content))
            content[at : at + chance.choice([0, 0, 1, 9])] = chance.choice([*pieces, bytes([chance.randrange(256)])])
        try:
            opened = envelope.opened(Answered(200, httpx.Headers({"content-type": chance.choice(kinds)}), bytes(content)), "peer")
        except HubError:
            continue
        read += 1
        looked = xml_answers.Looked(xml_answers.Names({}), opened.body)
        assert isinstance(dict(looked.items()), dict) and isinstance(looked.texts("*/*:x"), list)
        assert opened.fault is None or opened.fault.text()
    assert read > 100


def test_an_answer_is_read_in_the_charset_that_http_says() -> None:
    text = '<?xml version="1.0" encoding="utf-8"?><E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body><a>é箱</a></E:Body></E:Envelope>'
    for charset, named, same in (("gbk", "gbk", False), ("utf-8", "UTF-8", True), ("utf-8", None, True), ("utf-8", "no-such", True)):
        content = text.replace("é", "").encode(charset) if charset == "gbk" else text.encode(charset)
        kind = "text/xml" if named is None else f"text/xml; charset={named}"
        read = envelope.opened(Answered(200, httpx.Headers({"content-type": kind}), content), "peer")
        assert str(read.body[0].text).endswith("箱") and (read.content == content) is same
        assert xml_answers.read_xml(read.content, "peer") is not None


# --- sending ------------------------------------------------------------------------------------------------------------------
def test_what_is_said_under_200_is_no_success(peer: SoapPeer) -> None:
    peer.put_says += [("E", "no such <thing>"), ("A", "locked"), ("W", "mind it")]
    with pytest.raises(RefusedError, match="answered E no such <thing>"):
        TRANSPORT.send(sent(peer), "a", DOCUMENT, "delivery/1")
    with pytest.raises(RetriableError, match="answered A locked"):
        TRANSPORT.send(sent(peer), "a", DOCUMENT, "delivery/1")
    assert TRANSPORT.send(sent(peer), "a", DOCUMENT, "delivery/1") == "200 4500000001"
    success = {"at": MESSAGE, "is": ["S"], "says": "t:PutResponse/t:message/t:text"}
    assert TRANSPORT.send(sent(peer, success=success), "a", DOCUMENT, "delivery/2") == "200 4500000002"
    peer.put_says += [("W", "mind it")]
    with pytest.raises(RefusedError, match="answered W mind it"):
        TRANSPORT.send(sent(peer, success=success), "a", DOCUMENT, "delivery/2")
    with pytest.raises(RefusedError, match="nothing at t:PutResponse/t:other"):
        TRANSPORT.send(sent(peer, success={"at": "t:PutResponse/t:other"}), "a", DOCUMENT, "delivery/2")


def test_a_document_that_was_sent_before_is_not_sent_again_and_what_comes_behind_it_is_called(peer: SoapPeer) -> None:
    given = sent(peer)
    unless = {"action": f"{SPACE}#List", "body": {"t:List": {"t:id": "{document.thing.id}"}}, "found": f"{THINGS}/t:id"}
    given["send"] |= {
        "body": {"t:Put": {"t:key": "{id}", "t:thing": {"t:id": "{document.thing.id}", "t:name": "{document.thing.name}"}}},
        "unless": unless,
        "then": {"action": f"{SPACE}#Mark", "body": {"t:Mark": {"t:id": "1"}}},
    }
    name = 'x"</t:name>{id} &'
    content = json.dumps({"thing": {"id": "90", "name": name}}).encode()
    assert TRANSPORT.send(given, "a", content, "delivery/9") == "200 4500000001"
    put = next(etree.fromstring(body) for body in peer.bodies if b"Put" in body)
    assert put.findtext(f".//{{{SPACE}}}name") == name, "words of a document are never templates, nor tags"
    assert peer.records[1]["exported"] is True
    peer.put(90, "2026-11-22 09:00:00")
    assert TRANSPORT.send(given, "a", content, "delivery/9").endswith("was there") and len(peer.kept) == 1
    unless["absent"] = {"at": "t:ListResponse/t:total", "is": ["0", "Held"]}
    del peer.records[90]
    assert TRANSPORT.send(given, "a", content, "delivery/9") == "200 4500000001"
    peer.mischief.append("Receiver")
    assert TRANSPORT.send(given, "a", content, "delivery/10") == "200 4500000002", "a fault may say that there is none"
    unless["absent"] = {"at": "t:ListResponse/t:total", "is": ["7"]}
    with pytest.raises(RefusedError, match="neither"):
        TRANSPORT.send(given, "a", content, "delivery/9")


def test_a_document_stands_as_element_as_members_as_text_or_alone(peer: SoapPeer) -> None:
    given = sent(peer)
    for template, found in (
        ({"t:Put": {"$document": "children"}}, f".//{{{SPACE}}}Put/{{{SPACE}}}id"),
        ({"t:Put": {"t:key": "{document}"}}, f".//{{{SPACE}}}key"),
        (None, f".//{{*}}Body/{{{SPACE}}}thing/{{{SPACE}}}id"),
    ):
        given["send"] = {"action": f"{SPACE}#Put", "body": template}
        peer.mischief.append("accepted")
        assert TRANSPORT.send(given, "a", DOCUMENT, "delivery/1") == "202"
        element = etree.fromstring(peer.bodies[-1]).find(found)
        assert element is not None and element.text == (DOCUMENT.decode() if template and "t:key" in template["t:Put"] else "7")
    with pytest.raises(RefusedError, match="no XML"):
        TRANSPORT.send(given, "a", b'{"id": 7}', "delivery/1")
    given["send"] = {"body": {"t:Put": {"t:key": "{document.id}"}}}
    with pytest.raises(RefusedError, match="no JSON"):
        TRANSPORT.send(given, "a", DOCUMENT, "delivery/1")
    with pytest.raises(RefusedError, match="character that XML does not have"):
        TRANSPORT.send(given, "a", b'{"id": "\\u0001"}', "delivery/1")


def test_elements_repeat_for_each_of_a_list_and_stand_only_where_there_is_a_value(peer: SoapPeer) -> None:
    item = {
        "$each": "order.lines",
        "@n": "{each.no}",
        "a": "{each.item.code}",
        "b": "{each.price?}",
        "c": {"$when": "{each.price?}", "": "X"},
    }
    given = sent(peer)
    given["send"] = {
        "action": f"{SPACE}#Put",
        "body": {"t:Put": {"t:key": "{document.order.no?}", "row": item, "none": {"$each": "gone", "a": 1}}},
    }
    lines = [{"no": 1, "item": {"code": "{id}<"}, "price": "1.10"}, {"no": 2, "item": {"code": "{each.no}"}, "price": ""}]
    assert TRANSPORT.send(given, "a", json.dumps({"order": {"lines": lines}}).encode(), "delivery/1").startswith("200")
    put = etree.fromstring(peer.bodies[-1]).find(f".//{{{SPACE}}}Put")
    assert put is not None
    told = [[one.get("n"), *((etree.QName(child).localname, child.text) for child in one)] for one in put]
    assert told == [["1", ("a", "{id}<"), ("b", "1.10"), ("c", "X")], ["2", ("a", "{each.no}")]]
    with pytest.raises(RefusedError, match=r"no item\.code"):
        TRANSPORT.send(given, "a", b'{"order": {"lines": [{"no": 1}]}}', "delivery/1")


# --- settings -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"version": "2.0"}, "version"),
        ({"body": None}, "body"),
        ({"body": ["t:List"]}, "body"),
        ({"body": {"u:List": None}}, "prefix u"),
        ({"body": {"a b": None}}, "no name"),
        ({"body": {"t:List": {"@a": {"b": "c"}}}}, "no template"),
        ({"body": {"t:List": {"$xml": {"a": "1", "b": "2"}}}}, "one element"),
        ({"body": {"t:List": {"$document": "element"}}}, "document"),
        ({"body": {"t:List": {"t:id": {"$each": "ids", "": "1"}}}}, "each"),
        ({"records": "u:ListResponse"}, "prefix u"),
        ({"records": "t:ListResponse/@id"}, "attribute"),
        ({"records": "t:List Response"}, "no path"),
        ({"namespaces": ["t"]}, "namespaces"),
        ({"delta": STAMP | {"id": "x:id"}}, "prefix x"),
        ({"delta": STAMP | {"created": "t:created"}}, "created_body"),
        ({"delta": {"kind": "exported", "id": "t:id"}}, "acknowledge"),
        ({"acknowledge": {"body": {"x:Mark": "{id}"}}}, "prefix x"),
        ({"acknowledge": {"bodi": {}}}, "bodi"),
        ({"paging": {"style": "link"}}, "style"),
        ({"paging": {"style": "cursor", "at": "x:cursor"}}, "prefix x"),
        ({"empty": {"at": "t:total"}}, "empty"),
        ({"success": {"at": "x:code"}}, "prefix x"),
        ({"failure": {"is": ["E"]}}, "failure"),
        ({"faults": {"refuse": "Server"}}, "faults"),
        ({"faults": {"retry": ["Server"]}}, "retry"),
        ({"inside": {"at": "t:a", "as": "csv"}}, "inside"),
        ({"security": {"user": "HUB", "kind": "plain"}}, "security"),
        ({"security": {"user": "HUB", "lives_seconds": 0}}, "lives_seconds"),
        ({"security": {"user": "HUB", "pasword_env": "A"}}, "pasword_env"),
        ({"url": "http://erp.example/"}, "plain http"),
        ({"each": {"word": "x", "values": []}}, "each"),
    ],
)
def test_settings_that_nobody_could_follow_are_told_before_anything_is_asked(peer: SoapPeer, more: dict[str, Any], said: str) -> None:
    TRANSPORT.check(asked(peer), asks=True)
    with pytest.raises(ConfigError, match=said):
        TRANSPORT.check(asked(peer, **more), asks=True)
    assert peer.bodies == []


@pytest.mark.parametrize(
    ("send", "said"),
    [
        ([], "send"),
        ({"bodi": {}}, "bodi"),
        ({"says": "x:a"}, "prefix x"),
        ({"unless": {"body": {"t:List": None}}}, "found"),
        ({"unless": {"found": "t:a", "absent": {"at": "t:b"}}}, "absent"),
        ({"then": {"body": {"x:Commit": None}}}, "prefix x"),
        ({"body": {"t:Put": {"$document": "whole"}}}, "document"),
        ({"body": {"t:Put": None}, "success": {"is": ["1"]}}, "success"),
    ],
)
def test_what_cannot_be_sent_is_told_before(peer: SoapPeer, send: Any, said: str) -> None:
    TRANSPORT.check(sent(peer), asks=False)
    with pytest.raises(ConfigError, match=said):
        TRANSPORT.check(sent(peer) | {"send": send}, asks=False)


def test_a_secret_of_a_template_is_named_and_masked_however_it_comes_back(peer: SoapPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_WORD", HIDDEN)
    body = {"t:Run": {"t:request": {"$xml": {"REQ": {"CODE": "{limit}", "SAY": "{keys.word}"}}}}}
    given = asked(
        peer,
        action=f"{SPACE}#Run",
        body=body,
        inside={"at": "t:RunResponse/t:result"},
        records="out/row",
        keys={"word_env": "PLATFORM_WORD"},
    )
    given |= {
        "paging": {"style": "none"},
        "delta": {"kind": "whole", "id": "id"},
        "success": {"at": "out/code", "is": ["0"], "says": "out/say"},
    }
    with pytest.raises(RefusedError) as told:
        list(TRANSPORT.pages(given, None))
    request = etree.fromstring(peer.bodies[-1]).findtext(f".//{{{SPACE}}}request")
    assert (
        etree.fromstring(request or "").findtext("SAY") == HIDDEN
        and "so <secret>" not in str(told.value)
        and "answered 9 ***" in str(told.value)
    )
    sending = sent(peer) | {"keys": {"word_env": "PLATFORM_WORD"}}
    sending["send"] = {"action": f"{SPACE}#Nothing", "body": {"t:Put": {"t:key": "{keys.word} {document.a}"}}}
    monkeypatch.setenv("PLATFORM_WORD", "{document.a}{id}")
    with pytest.raises(RefusedError, match="the action of Put"):
        TRANSPORT.send(sending, "a", b'{"a": "{keys.word}"}', "delivery/1")
    assert etree.fromstring(peer.bodies[-1]).findtext(f".//{{{SPACE}}}key") == "{document.a}{id} {keys.word}", "each is filled once"
    TRANSPORT.check(given, asks=True)
    for more, said in (
        ({"keys": {"word": "geheim"}}, "by name_env"),
        ({"keys": {"other_env": "X"}}, "keys.word"),
        ({"keys": {"word_env": "NO_SUCH_VARIABLE"}}, "NO_SUCH_VARIABLE"),
        ({"body": {"t:Run": {"t:sPassword": "geheim"}}}, "holds a secret"),
    ):
        with pytest.raises(ConfigError, match=said):
            list(TRANSPORT.pages(given | more, None))


def test_a_password_is_named_and_never_written(peer: SoapPeer) -> None:
    for security in ({"user": "HUB", "password": "geheim"}, {"user": "HUB"}, {"user": "HUB", "password_env": "NO_SUCH_VARIABLE"}):
        with pytest.raises(ConfigError):
            pages(peer, security=security)
