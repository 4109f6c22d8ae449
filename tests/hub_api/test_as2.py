"""POST /as2 on both databases: what is taken, what is answered, and some fifty messages that change nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from asn1crypto import cms
from fastapi.testclient import TestClient

from connectors.transports.as2 import mdn, mime
from connectors.transports.as2.certificates import Identity
from connectors.transports.as2.compressed import compress
from connectors.transports.as2.enveloped import encrypt
from connectors.transports.as2.message import Built, build, sealed
from connectors.transports.as2.signed import sign
from connectors.transports.as2.station import Station, station
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import credentials, tables
from hub.store.as2_tables import as2_message
from hub_api.app import create_app
from hub_api.security import Attempts
from tests.as2_keys import pair, settings
from tests.hub_api.conftest import PARTNERS, SITE, Api
from tests.hub_api.papers import ACME, despatch, interchange

ALL = ["sha1", "3des", "unsigned", "unencrypted"]
PAPER = interchange(ACME, 1, despatch("SHPA1"))
MDN_URL = "https://as2.acme.example/mdn"


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    """A hub that agreed with Acme on AS2."""
    site, home = tmp_path / "site", tmp_path / "home"
    shutil.copytree(SITE, site)
    transport = {**settings(home / "as2"), "mdn_url": MDN_URL}
    transport |= {name: f"as2/{Path(str(value)).name}" for name, value in transport.items() if name.endswith("_file")}
    (site / "flows" / "acme_as2.yaml").write_text(
        yaml.safe_dump({"version": 1, "flow": "acme_as2", "direction": "in", "agreement": "acme_in", "transport": transport})
    )
    opened = Hub.open(Settings(home, site, database_url, "en", 200_000, clock))
    yield opened
    opened.database.close()


@dataclass
class Acme:
    """The partner: builds messages and posts them."""

    api: Api
    station: Station
    folder: Path

    def built(self, content: bytes = PAPER, number: str = "1@acme", **changed: Any) -> Built:
        return build(replace(self.station, **changed), content, "856.edi", "application/edi-x12", number, self.api.hub.clock.now())

    def post(self, headers: mime.Headers, body: bytes) -> Any:
        self.api.app.state.attempts = Attempts()
        return self.api.client.post("/as2", content=body, headers=dict(headers))

    def read(self, answer: Any) -> mdn.Receipt:
        return mdn.understood(self.station, mime.of_request(list(answer.headers.items()), answer.content), self.api.hub.clock.now())

    def wrapped(self, inner: bytes, number: str = "1@acme", encrypted: bool = True) -> tuple[mime.Headers, bytes]:
        """An entity of any kind, encrypted as agreed, with the headers of a message."""
        head = self.built(number=number).headers
        if encrypted:
            return head, encrypt(inner, self.station.partner[0], "aes256")
        entity = mime.read(inner)
        own = [(name, value) for name, value in head if not name.startswith("Content-")]
        return [*own, *((name, str(value)) for name, value in entity.head.items())], entity.body

    def signed(self, inner: bytes, signer: Identity | None = None, digest: str = "sha256") -> bytes:
        who = self.station if signer is None else replace(self.station, identities=(signer,))
        return mime.written(*sealed(who, inner, digest, "seed", self.api.hub.clock.now()))


@pytest.fixture
def acme(hub: Hub, tmp_path: Path) -> Iterator[Acme]:
    keys = {}
    with hub.database.begin("test") as uow:
        for partner in PARTNERS:
            keys[partner] = credentials.issue(uow, f"{partner} key", "partner", partner_id=hub.partner_id(partner)).secret
        keys["admin"] = credentials.issue(uow, "admin key", "admin").secret
    app = create_app(hub)
    with TestClient(app, raise_server_exceptions=False) as client:
        folder = tmp_path / "acme"
        pair("other").write(folder)
        yield Acme(Api(hub, app, client, keys), station({**settings(folder, "acme", "hub"), "allow": ALL}), folder)


def test_a_message_is_durable_before_its_receipt_and_comes_once_however_often_it_is_sent(acme: Acme) -> None:
    api, built = acme.api, acme.built()
    first = acme.post(built.headers, built.body)
    said = acme.read(first)
    assert (first.status_code, said.text, said.original, said.mic, said.digest) == (200, "processed", "1@acme", built.mic, "sha256")
    assert said.signed is not None
    (row,) = api.get("/v1/documents").json()["items"]
    assert (row["channel"], row["partner"], row["name"], row["state"]) == ("as2", "acme", "856.edi", "received")
    assert api.get(f"/v1/documents/{row['id']}/content").content == PAPER
    api.hub.database.clock.advance(60)  # type: ignore[attr-defined]  # a frozen clock
    again = acme.built()
    assert again.body != built.body, "encrypted anew"
    repeated = acme.post(again.headers, again.body)
    assert repeated.content == first.content and repeated.headers["message-id"] == first.headers["message-id"]
    api.settle()
    assert [one["type"] for one in api.get("/v1/exchanges").json()["items"]] == ["856"]
    assert len(api.get("/v1/documents").json()["items"]) == 1
    other = acme.built(PAPER.replace(b"SHPA1", b"SHPA9"))
    refused = acme.read(acme.post(other.headers, other.body))
    assert refused.text == "processed/error: unexpected-processing-error" and refused.mic is None
    assert {one["state"] for one in api.get("/v1/documents").json()["items"]} == {"processed", "rejected"}
    assert "DUP-01" in {one["rule"] for one in api.get("/v1/findings").json()["items"]}
    with api.hub.database.read() as connection:
        (kept,) = connection.execute(sa.select(as2_message)).all()
    assert (kept.direction, kept.message_id, kept.mic, kept.disposition) == ("in", "1@acme", built.mic, "processed")


def test_a_receipt_goes_where_it_was_agreed_or_nowhere(acme: Acme) -> None:
    api, plain = acme.api, acme.built(number="2@acme")
    asynchronous = [*plain.headers, ("Receipt-Delivery-Option", MDN_URL)]
    for _ in range(2):
        answer = acme.post(asynchronous, plain.body)
        assert (answer.status_code, answer.content) == (200, b"")
    with api.hub.database.read() as connection:
        (parcel,) = connection.execute(sa.select(tables.outbox)).all()
    assert (parcel.route["url"], parcel.kind, parcel.state) == (MDN_URL, "acknowledgement", "waiting")
    silent = acme.built(number="3@acme")
    unasked = acme.post([one for one in silent.headers if not one[0].startswith("Disposition")], silent.body)
    assert (unasked.status_code, unasked.content) == (200, b"")
    assert len(api.get("/v1/documents").json()["items"]) == 2


Bad = Callable[[Acme], tuple[mime.Headers, bytes]]
PART = b"Content-Type: application/edi-x12\r\nContent-Transfer-Encoding: binary\r\n\r\n" + PAPER
SENT = "Content-Type"


def headed(changes: dict[str, str | None], **built: Any) -> Bad:
    """A right message with other headers."""

    def make(acme: Acme) -> tuple[mime.Headers, bytes]:
        message = acme.built(**built)
        kept = [one for one in message.headers if one[0] not in changes]
        return [*kept, *((name, value) for name, value in changes.items() if value is not None)], message.body

    return make


def agreed_otherwise(**changed: Any) -> Bad:
    """A right message of a station that thinks otherwise."""
    return lambda acme: (lambda message: (message.headers, message.body))(acme.built(**changed))


def inside(make: Callable[[Acme], bytes]) -> Bad:
    """Any entity, encrypted as agreed."""
    return lambda acme: acme.wrapped(make(acme))


def body(change: Callable[[bytes], bytes]) -> Bad:
    """A right message whose body was changed on the way."""
    return lambda acme: (lambda message: (message.headers, change(message.body)))(acme.built())


def outer(changes: Callable[[Any], None]) -> Bad:
    """A right message whose CMS was changed on the way."""

    def change(data: bytes) -> bytes:
        info = cms.ContentInfo.load(data)
        changes(info["content"])
        return bytes(info.dump(force=True))

    return body(change)


def other(acme: Acme) -> Identity:
    return station({**settings(acme.folder, "other", "hub"), "allow": ALL}).identities[0]


def forged(acme: Acme) -> bytes:
    """Signed by another key in the partner's name."""
    return acme.signed(PART, replace(other(acme), certificate=acme.station.identities[0].certificate))


def with_signature(data: Callable[[Acme], bytes], kind: str = "application/pkcs7-signature", more: int = 0) -> Callable[[Acme], bytes]:
    def make(acme: Acme) -> bytes:
        signature = mime.written([("Content-Type", kind), ("Content-Transfer-Encoding", "binary")], data(acme))
        head = [("Content-Type", 'multipart/signed; protocol="application/pkcs7-signature"; boundary="-b-"')]
        return mime.written(head, mime.multipart("-b-", [PART, *[signature] * (1 + more)]))

    return make


def unsigned_by_anybody(acme: Acme) -> bytes:
    info = cms.ContentInfo.load(sign(PART, acme.station.identities[0], "sha256"))
    info["content"]["signer_infos"] = []
    return bytes(info.dump(force=True))


def attributes_as_content(acme: Acme) -> bytes:
    """The attributes of a real signature passed off as what was signed."""
    info = cms.ContentInfo.load(sign(PART, acme.station.identities[0], "sha256"))
    signer = info["content"]["signer_infos"][0]
    attributes = b"\x31" + signer["signed_attrs"].dump()[1:]
    del signer["signed_attrs"]
    signature = mime.written([("Content-Type", "application/pkcs7-signature")], info.dump(force=True))
    head = [("Content-Type", 'multipart/signed; boundary="-b-"')]
    return mime.written(head, mime.multipart("-b-", [attributes, signature]))


def packed(data: bytes) -> Callable[[Acme], bytes]:
    head = [("Content-Type", "application/pkcs7-mime; smime-type=compressed-data"), ("Content-Transfer-Encoding", "binary")]
    return lambda acme: acme.signed(mime.written(head, data))


SECURITY, DECRYPTION, AUTHENTICATION = "insufficient-message-security", "decryption-failed", "authentication-failed"
INTEGRITY, DECOMPRESSION, UNEXPECTED = "integrity-check-failed", "decompression-failed", "unexpected-processing-error"
DNO = "Disposition-Notification-Options"
BAD: dict[str, tuple[Bad, str | None, str]] = {
    "no AS2-From": (headed({"AS2-From": None}), None, "AS2-01"),
    "no AS2-To": (headed({"AS2-To": None}), None, "AS2-01"),
    "unknown sender": (headed({"AS2-From": "EVIL"}), None, "AS2-01"),
    "unknown receiver": (headed({"AS2-To": "EVIL"}), None, "AS2-01"),
    "a name in other letters": (headed({"AS2-From": "acme"}), None, "AS2-01"),
    "names the wrong way round": (headed({"AS2-From": "HUB", "AS2-To": "ACME"}), None, "AS2-01"),
    "no Message-ID": (headed({"Message-ID": None}), UNEXPECTED, "AS2-08"),
    "a Message-ID with blanks": (headed({"Message-ID": "<a b@acme>"}), UNEXPECTED, "AS2-08"),
    "receipt to a stranger": (headed({"Receipt-Delivery-Option": "https://evil.example/"}), UNEXPECTED, "AS2-08"),
    "receipt to the cloud's metadata": (headed({"Receipt-Delivery-Option": "http://169.254.169.254/"}), UNEXPECTED, "AS2-08"),
    "receipt to a longer address": (headed({"Receipt-Delivery-Option": MDN_URL + ".evil.example"}), UNEXPECTED, "AS2-08"),
    "MD5 required": (headed({DNO: "signed-receipt-micalg=required, md5"}), "unsupported mic-algorithms", "AS2-07"),
    "SHA-1 required": (headed({DNO: "signed-receipt-micalg=required, sha1"}), "unsupported mic-algorithms", "AS2-07"),
    "PGP required": (headed({DNO: "signed-receipt-protocol=required, pgp-signature"}), "unsupported format", "AS2-07"),
    "neither signed nor encrypted": (agreed_otherwise(sign=None, encrypt=None), SECURITY, "AS2-06"),
    "not encrypted": (agreed_otherwise(encrypt=None), SECURITY, "AS2-06"),
    "not signed": (agreed_otherwise(sign=None), SECURITY, "AS2-06"),
    "compressed and not signed": (agreed_otherwise(sign=None, compress=True), SECURITY, "AS2-06"),
    "signed by SHA-1": (headed({DNO: "signed-receipt-protocol=required, pkcs7-signature"}, sign="sha1"), SECURITY, "AS2-06"),
    "encrypted by 3DES": (agreed_otherwise(encrypt="3des"), SECURITY, "AS2-06"),
    "encrypted by an unknown cipher": (
        outer(lambda content: content["encrypted_content_info"]["content_encryption_algorithm"].__setitem__("algorithm", "rc2")),
        SECURITY, "AS2-06",
    ),
    "encrypted for another": (
        lambda acme: (acme.built().headers, encrypt(acme.signed(PART), other(acme).certificate, "aes256")), DECRYPTION, "AS2-02",
    ),
    "no CMS at all": (body(lambda _: b"hello"), DECRYPTION, "AS2-02"),
    "cut in the middle": (body(lambda data: data[: len(data) // 2]), DECRYPTION, "AS2-02"),
    "nothing in it": (body(lambda _: b""), DECRYPTION, "AS2-02"),
    "ten thousand layers of ASN.1": (body(lambda _: b"\x30\x80" * 10_000), DECRYPTION, "AS2-02"),
    "no recipient": (outer(lambda content: content.__setitem__("recipient_infos", [])), DECRYPTION, "AS2-02"),
    "another key inside": (
        outer(lambda content: content["recipient_infos"][0].chosen.__setitem__("encrypted_key", b"\x01" * 256)), DECRYPTION, "AS2-02",
    ),
    "a vector of one byte": (
        outer(lambda content: content["encrypted_content_info"]["content_encryption_algorithm"].__setitem__("parameters", b"\x00")),
        DECRYPTION, "AS2-02",
    ),
    "signed data where encrypted was said": (body(lambda data: compress(data)), DECRYPTION, "AS2-02"),
    "nothing encrypted": (inside(lambda acme: b""), DECRYPTION, "AS2-02"),
    "signed by another": (inside(lambda acme: acme.signed(PART, other(acme))), AUTHENTICATION, "AS2-03"),
    "signed by another in its name": (inside(forged), AUTHENTICATION, "AS2-03"),
    "no signer": (inside(with_signature(unsigned_by_anybody)), AUTHENTICATION, "AS2-03"),
    "no signature": (inside(with_signature(lambda acme: b"", more=-1)), AUTHENTICATION, "AS2-03"),
    "two signatures": (
        inside(with_signature(lambda acme: sign(PART, acme.station.identities[0], "sha256"), more=1)), AUTHENTICATION, "AS2-03",
    ),
    "a signature that is none": (inside(with_signature(lambda acme: b"\x30\x03abc")), AUTHENTICATION, "AS2-03"),
    "a signature of another kind": (inside(with_signature(lambda acme: b"x", "application/pgp-signature")), AUTHENTICATION, "AS2-03"),
    "a document as signature": (inside(with_signature(lambda acme: compress(PART))), AUTHENTICATION, "AS2-03"),
    "attributes as content": (inside(attributes_as_content), UNEXPECTED, "AS2-08"),
    "changed after signing": (inside(lambda acme: acme.signed(PART).replace(b"SHPA1", b"SHPA2")), INTEGRITY, "AS2-04"),
    "renamed after signing": (inside(lambda acme: acme.signed(PART).replace(b"edi-x12", b"edifact")), INTEGRITY, "AS2-04"),
    "signed for another content": (
        inside(with_signature(lambda acme: sign(b"x", acme.station.identities[0], "sha256"))), INTEGRITY, "AS2-04",
    ),
    "compressed, it says": (inside(packed(b"hello")), DECOMPRESSION, "AS2-05"),
    "compressed and cut": (inside(packed(compress(PART)[:-40])), DECOMPRESSION, "AS2-05"),
    "a bomb": (inside(packed(compress(b"0" * 5_000_000))), DECOMPRESSION, "AS2-05"),
    "encrypted for another where compressed was said": (
        inside(lambda acme: packed(encrypt(PART, other(acme).certificate, "aes128"))(acme)), DECOMPRESSION, "AS2-05",
    ),
    "no boundary": (inside(lambda acme: b"Content-Type: multipart/signed\r\n\r\nx"), UNEXPECTED, "AS2-08"),
    "no end": (inside(lambda acme: acme.signed(PART)[:-6]), UNEXPECTED, "AS2-08"),
    "many parts": (
        inside(lambda acme: mime.written([(SENT, 'multipart/signed; boundary="b"')], mime.multipart("b", [PART[:90]] * 40))),
        UNEXPECTED, "AS2-08",
    ),
    "an empty document": (inside(lambda acme: acme.signed(b"Content-Type: text/plain\r\n\r\n")), UNEXPECTED, "AS2-08"),
    "attachments": (
        inside(lambda acme: acme.signed(mime.written([(SENT, 'multipart/mixed; boundary="m"')], mime.multipart("m", [PART])))),
        UNEXPECTED, "AS2-08",
    ),
    "signed twice": (inside(lambda acme: acme.signed(acme.signed(PART))), UNEXPECTED, "AS2-08"),
    "no base64": (
        inside(lambda acme: acme.signed(b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!")), UNEXPECTED, "AS2-08",
    ),
    "an unknown transfer encoding": (
        inside(lambda acme: acme.signed(b"Content-Type: text/plain\r\nContent-Transfer-Encoding: uu\r\n\r\nx")), UNEXPECTED, "AS2-08",
    ),
}  # fmt: skip


@pytest.mark.slow
def test_bad_messages_are_told_why_kept_and_change_nothing(acme: Acme) -> None:
    assert len(BAD) >= 40
    api, told = acme.api, {}
    for name, (make, *_) in BAD.items():
        headers, content = make(acme)
        answer = acme.post(headers, content)
        (finding, *_) = api.get("/v1/findings?limit=1").json()["items"]
        if answer.status_code == 403:
            assert answer.content == b"", name
            told[name] = (None, finding["rule"])
            continue
        assert answer.status_code == 200, f"{name}: {answer.status_code} {answer.text}"
        said = acme.read(answer)
        assert said.mic is None and said.signed is not None, name
        told[name] = (said.modifier.rpartition(": ")[2], finding["rule"])
        (row, *_) = api.get("/v1/documents?limit=1").json()["items"]
        assert (row["state"], row["channel"]) == ("rejected", "as2"), name
        kept = mime.read(api.get(f"/v1/documents/{row['id']}/content").content)
        assert kept.body == content and kept.head["as2-from"] == "ACME", name
        assert [one["rule"] for one in api.get(f"/v1/documents/{row['id']}").json()["findings"]] == [finding["rule"]], name
        assert acme.post(headers, content).status_code == 200, name
        (same, *_) = api.get("/v1/documents?limit=1").json()["items"]
        assert same["id"] == row["id"], f"{name}: the same bytes are kept once"
    assert told == {name: (modifier, rule) for name, (_, modifier, rule) in BAD.items()}
    api.settle()
    with api.hub.database.read() as connection:
        for table in (tables.exchange, tables.outbox, as2_message):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0, table.name
    built = acme.built()
    assert acme.read(acme.post(built.headers, built.body)).text == "processed", "no bad message has taken the Message-ID"


def test_a_flood_of_refused_messages_fills_no_store_and_stops_no_right_one(acme: Acme) -> None:
    built, bad = acme.built(), acme.built(sign=None)
    statuses = []
    for number in range(23):
        headers = [*(one for one in bad.headers if one[0] != "Message-ID"), ("Message-ID", f"<{number}@evil>")]
        statuses.append(acme.api.client.post("/as2", content=bad.body, headers=dict(headers)).status_code)
    assert statuses == [200] * 20 + [429] * 3
    assert len(acme.api.get("/v1/documents?limit=50").json()["items"]) == 20
    assert acme.api.client.post("/as2", content=built.body, headers=dict(built.headers)).status_code == 200
    for wrong in ({}, {"AS2-From": "ACME", "AS2-To": "HUB", "Content-Type": "multipart/report; boundary=x"}):
        assert acme.api.client.post("/as2", content=b"x", headers=wrong).status_code in (400, 429)
