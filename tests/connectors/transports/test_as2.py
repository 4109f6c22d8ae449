"""AS2 messages and receipts: every way of wrapping there and back, with OpenSSL as judge in both directions."""

from __future__ import annotations

import base64
import hashlib
import itertools
import subprocess
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from connectors.transports.as2 import TRANSPORT, mdn, mime
from connectors.transports.as2.certificates import ending, newest
from connectors.transports.as2.faults import FaultError
from connectors.transports.as2.message import Built, build, sealed
from connectors.transports.as2.names import own_message_id, plain, quoted
from connectors.transports.as2.opening import open_message
from connectors.transports.as2.station import Station, station
from data_contracts.errors import ConfigError, RetriableError
from tests.as2_keys import FROM, pair, settings

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
DOCUMENT = b"ISA*00*~\nST*850*0001~\r\nSE*2*0001~\x00\xff\n--as2-\r\n" * 30
LIMIT = 1 << 20


def two(folder: Path, **more: Any) -> tuple[Station, Station]:
    """The two sides of a relation with the same options."""
    return station(settings(folder, "acme", "hub", **more)), station(settings(folder, "hub", "acme", **more))


def sent(theirs: Station, content: bytes = DOCUMENT, name: str = "850 PO.edi") -> tuple[Built, mime.Entity]:
    built = build(theirs, content, name, "application/edi-x12", own_message_id("p/1", content, theirs.ours), NOW)
    return built, mime.of_request(built.headers, built.body)


def openssl(*arguments: str | Path, content: bytes) -> bytes:
    return subprocess.run(["openssl", "cms", *map(str, arguments)], input=content, capture_output=True, check=True).stdout


COMBINATIONS = [
    {"sign": sign, "encrypt": encrypt, "compress": compress, "allow": ["sha1", "3des", "unsigned", "unencrypted"]}
    for sign, encrypt, compress in (
        *itertools.product(("sha256", "none"), ("aes128", "none"), (True, False)),
        ("sha1", "3des", False), ("sha384", "aes192", True), ("sha512", "aes256", False),
    )
]  # fmt: skip


@pytest.mark.parametrize("agreed", COMBINATIONS, ids=lambda agreed: "-".join(map(str, list(agreed.values())[:3])))
def test_every_wrapping_opens_to_what_was_wrapped_and_both_sides_measure_the_same(tmp_path: Path, agreed: dict[str, Any]) -> None:
    theirs, ours = two(tmp_path, **agreed)
    for content, name in ((DOCUMENT, "850 PO.edi"), (b"\r\n\r\n", "订单.edi"), (b"x" * 100_000, 'a"b.edi')):
        built, request = sent(theirs, content, name)
        opened = open_message(ours, request, NOW, LIMIT)
        assert (opened.payload, opened.media_type) == (content, "application/edi-x12")
        assert opened.name == name
        assert opened.mic(built.digest) == built.mic
        assert (opened.encrypted, opened.compressed) == (agreed["encrypt"] != "none", agreed["compress"])
        assert (opened.signed.digest if opened.signed else "none") == agreed["sign"]
        assert mime.read(request.raw).raw == request.raw and mime.read(request.raw).body == built.body
        assert build(theirs, content, name, "application/edi-x12", built.message_id, NOW).mic == built.mic, "at every attempt"


def test_openssl_reads_what_is_sent(tmp_path: Path) -> None:
    theirs, _ = two(tmp_path)
    built, _ = sent(theirs)
    clear = openssl(
        "-decrypt", "-inform", "DER", "-binary", "-recip", tmp_path / "hub.pem", "-inkey", tmp_path / "hub.key", content=built.body
    )
    part, signature = mime.parts(mime.read(clear))
    (tmp_path / "part").write_bytes(part)
    pem = ("-inform", "DER", "-binary", "-content", tmp_path / "part", "-CAfile", tmp_path / "acme.pem", "-certfile", tmp_path / "acme.pem")
    assert openssl("-verify", *pem, "-purpose", "any", content=mime.read(signature).content()) == part
    assert mime.read(part).content() == DOCUMENT
    assert base64.b64encode(hashlib.sha256(part).digest()).decode() == built.mic


@pytest.mark.parametrize("stream", [True, False], ids=["indefinite lengths", "der"])
@pytest.mark.parametrize("more", [(), ("-keyid",), ("-keyopt", "rsa_padding_mode:pss"), ("-noattr",), ("-nocerts",)], ids=str)
def test_what_openssl_sends_is_read(tmp_path: Path, more: tuple[str, ...], stream: bool) -> None:
    _, ours = two(tmp_path)
    flow = ("-stream",) if stream else ()
    part = b"Content-Type: application/edi-x12\r\nContent-Transfer-Encoding: binary\r\n\r\n" + DOCUMENT
    own = ("-signer", tmp_path / "acme.pem", "-inkey", tmp_path / "acme.key")
    signature = openssl("-sign", "-binary", "-outform", "DER", "-md", "sha256", *own, *more, content=part)
    boundary = "=-b-="
    head = [("Content-Type", f'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="{boundary}"')]
    member = mime.written([("Content-Type", "application/pkcs7-signature"), ("Content-Transfer-Encoding", "binary")], signature)
    whole = mime.written(head, mime.multipart(boundary, [part, member]))
    oaep = ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256") if more[:1] == ("-keyopt",) else ()
    keyid = ("-keyid",) if more == ("-keyid",) else ()
    recipient = ("-recip", tmp_path / "hub.pem", *oaep, *keyid)
    body = openssl("-encrypt", "-binary", *flow, "-outform", "DER", "-aes-256-cbc", *recipient, content=whole)
    request = mime.of_request([("Content-Type", "application/pkcs7-mime; smime-type=enveloped-data")], body)
    opened = open_message(ours, request, NOW, LIMIT)
    assert opened.payload == DOCUMENT and opened.measured == part and opened.signed is not None


def test_text_signed_with_other_line_ends_is_known_all_the_same(tmp_path: Path) -> None:
    """`openssl cms -sign` without -binary signs text as CR LF, whatever line ends it was given."""
    _, ours = two(tmp_path, allow=["unencrypted"])
    text = b"Content-Type: text/plain\n\nISA*~\nIEA*~\n"
    whole = openssl("-sign", "-signer", tmp_path / "acme.pem", "-inkey", tmp_path / "acme.key", content=text)
    opened = open_message(ours, mime.read(whole.replace(b"\r\n", b"\n")), NOW, LIMIT)
    assert opened.payload == b"ISA*~\nIEA*~\n" and opened.measured == mime.canonical(text)


@pytest.mark.parametrize("digest", ["sha256", None])
def test_a_receipt_says_what_came_and_is_the_partners(tmp_path: Path, digest: str | None) -> None:
    theirs, ours = two(tmp_path, **({} if digest else {"allow": ["unsigned"], "sign": "none"}))
    given = mdn.receipt(ours, "m1@acme", "processed/error: decryption-failed", ("bWlj", "sha-256"), digest, NOW)
    entity = mime.read(given)
    assert mdn.is_receipt(entity)
    said = mdn.understood(theirs, entity, NOW)
    assert (said.original, said.text, said.mic, said.digest) == ("m1@acme", "processed/error: decryption-failed", "bWlj", "sha256")
    assert (said.signed is not None) == (digest is not None)
    with pytest.raises(FaultError, match="a receipt of HUB"):
        mdn.understood(ours, entity, NOW)
    if digest:
        changed = mime.read(given.replace(b"processed/error: decryption-failed", b"processed/warning: duplicate-docum"))
        with pytest.raises(FaultError, match="digest"):
            mdn.understood(theirs, changed, NOW)
    else:
        with pytest.raises(FaultError, match="without the signature"):
            mdn.understood(station(settings(tmp_path, "acme", "hub")), entity, NOW)
    assert not mdn.is_receipt(sent(theirs)[1])


def test_while_a_partner_changes_its_certificate_both_count_and_later_one(tmp_path: Path) -> None:
    change = NOW + timedelta(days=3)
    old, new = pair("acme", FROM, change + timedelta(days=7)), pair("acme next", change, datetime(2030, 1, 1, tzinfo=UTC))
    given = settings(tmp_path)
    Path(str(given["partner_certificate_file"])).write_text(old.certificate + new.certificate)
    ours = station(given)
    assert newest(ours.partner, NOW) == ours.partner[0] and newest(ours.partner, change) == ours.partner[1]
    assert ending(ours.partner, NOW) is None and ending(ours.partner[:1], NOW) is ours.partner[0]
    for who, before, after, later in ((old, True, True, False), (new, False, True, True)):
        (tmp_path / "w.key").write_text(who.key)
        (tmp_path / "w.pem").write_text(who.certificate)
        sender = station(
            {**settings(tmp_path / "b", "acme", "hub"), "key_file": str(tmp_path / "w.key"), "certificate_file": str(tmp_path / "w.pem")}
        )
        moments = (NOW, change + timedelta(days=1), change + timedelta(days=8))
        for at, counts in zip(moments, (before, after, later), strict=True):
            inside = change + timedelta(days=1)  # signed while both counted, looked at then
            entity = mime.read(mime.written(*sealed(sender, b"Content-Type: text/plain\r\n\r\nx", "sha256", "s", inside)))
            reader = station({**given, "allow": ["unencrypted"]})
            if counts:
                assert open_message(reader, entity, at, LIMIT).payload == b"x"
            else:
                with pytest.raises(FaultError, match="counts from"):
                    open_message(reader, entity, at, LIMIT)


def test_we_change_our_own_key_and_what_was_encrypted_for_the_old_one_is_read(tmp_path: Path) -> None:
    theirs, _ = two(tmp_path)
    pair("hub next").write(tmp_path)
    changed = {
        **settings(tmp_path),
        "key_file": str(tmp_path / "hub next.key"),
        "certificate_file": str(tmp_path / "hub next.pem"),
        "previous_key_file": str(tmp_path / "hub.key"),
        "previous_certificate_file": str(tmp_path / "hub.pem"),
    }
    assert open_message(station(changed), sent(theirs)[1], NOW, LIMIT).payload == DOCUMENT
    assert "PRIVATE" not in repr(station(changed))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sign": "sha1"}, "sha1 is weak"),
        ({"encrypt": "3des"}, "3des is weak"),
        ({"sign": "none"}, "unsigned is weak"),
        ({"encrypt": False}, "unencrypted is weak"),
        ({"sign": "md5"}, "sign is"),
        ({"allow": ["md5"]}, "allow is a list"),
        ({"mdn": "never"}, "mdn is sync or async"),
        ({"mdn": "async"}, "needs answer_url"),
        ({"ours": "ü"}, "no AS2 name"),
        ({"key": "-----BEGIN"}, "does not belong into a site's file"),
        ({"key_file": "nowhere.key"}, "cannot be read"),
        ({"key_file": None}, "name the key by"),
        ({"certificate_file": "{acme}"}, "not that of the private key"),
        ({"key_file": "{pem}"}, "no private key in PEM"),
        ({"partner_certificate_file": "{key}"}, "no certificate in PEM"),
        ({"colour": "blue"}, "unknown setting colour"),
    ],
)
def test_settings_that_cannot_work_are_told_and_no_key_is_quoted(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    given = settings(tmp_path)
    files = {"{acme}": "acme.pem", "{pem}": "hub.pem", "{key}": "hub.key"}
    for key, value in wrong.items():
        given[key] = str(tmp_path / files[value]) if str(value) in files else value
    with pytest.raises(ConfigError, match=said) as error:
        station(given)
    assert not any(line in str(error.value) for line in pair("hub").key.splitlines()[1:])


@pytest.mark.parametrize("name", ["ACME", "Acme Ltd", 'a"b', "back\\slash", "4012345000009"])
def test_names_come_back_from_headers(name: str) -> None:
    assert plain(quoted(name)) == name


def test_a_bomb_is_refused_at_the_cap(tmp_path: Path) -> None:
    theirs, ours = two(tmp_path, compress=True)
    _, request = sent(theirs, b"0" * 20_000_000)
    with pytest.raises(FaultError, match="more than 1048576 bytes") as error:
        open_message(ours, request, NOW, LIMIT)
    assert error.value.disposition == "processed/error: decompression-failed"


def test_who_is_there_is_told_without_sending_anything(tmp_path: Path) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.command)
            self.send_response(405 if self.path == "/as2" else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        ours = settings(tmp_path, "hub", "acme", url=f"{url}/as2", allow_hosts=["127.0.0.1"])
        said = TRANSPORT.reach(ours, asks=False)
        assert said is not None and "answers 405 to GET" in said and "certificates of HUB and ACME can be used" in said
        with pytest.raises(RetriableError, match="503"):
            TRANSPORT.reach(ours | {"url": f"{url}/down"}, asks=False)
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["GET", "GET"]
    with pytest.raises(RetriableError):
        TRANSPORT.reach(ours | {"timeout_seconds": 2}, asks=False)
    with pytest.raises(ConfigError):
        TRANSPORT.reach(ours | {"key_file": str(tmp_path / "gone.key")}, asks=False)
    assert TRANSPORT.reach({name: value for name, value in ours.items() if name != "url"}, asks=True) is None
