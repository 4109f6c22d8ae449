"""A REST interface in every style of paging and of letting us in, by a server that has the traps of real ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from connectors import flagging
from connectors.spec import Page
from connectors.transports.rest import TRANSPORT
from data_contracts.errors import ConfigError, HubError, RefusedError, RetriableError
from tests.peers.rest_peer import Handler, RestPeer, running

STAMP = {"kind": "stamp", "field": "modified", "id": "id", "sorted": True, "ask_as": "%Y-%m-%d %H:%M:%S", "overlap_seconds": 0}
WHOLE: dict[str, Any] = {"query": {"limit": "99"}, "paging": {"style": "none"}}
HIDDEN = "hush/so secret+"
STYLES: dict[str, dict[str, Any]] = {
    "offsets": {"paging": {"style": "offset", "size": 3}},
    "hasmore": {"paging": {"style": "offset", "size": 3, "more": "hasMore"}},
    "total": {"paging": {"style": "offset", "size": 3, "more": "total"}},
    "pages": {"paging": {"style": "page", "size": 300, "limit": "pageSize", "first": 0}},
    "links": {"paging": {"style": "next", "at": "links[rel=next].href"}},
    "link": {"paging": {"style": "link"}, "records": None},
    "cursor": {"paging": {"style": "cursor", "at": "next"}},
    "range": {"paging": {"style": "range", "size": 4}, "records": None},
}


@pytest.fixture
def peer() -> Iterator[RestPeer]:
    with running(Handler, RestPeer()) as served:
        for number in range(1, 48):
            served.put(number, f"2026-11-22 07:{number // 4:02}:00")
        yield served


def settings(peer: RestPeer, path: str = "offsets", **more: Any) -> dict[str, Any]:
    asked = {"path": f"/{path}", "records": "data", "query": {"since": "{since}"}, "paging": STYLES["offsets"]["paging"], "delta": STAMP}
    return {"use": "rest", "url": peer.url, **asked, **more}


def ids(pages: list[Page]) -> list[int]:
    return [int(key) for page in pages for key, _ in page.records or ()]


@pytest.mark.parametrize("style", list(STYLES))
def test_every_style_of_paging_brings_every_record(peer: RestPeer, style: str) -> None:
    more = STYLES[style]
    pages = list(TRANSPORT.pages(settings(peer, style, **more), None))
    assert sorted(set(ids(pages))) == list(range(1, 48))
    assert pages[-1].watermark == "2026-11-22T07:11:00.000000+00:00"
    assert set(ids(list(TRANSPORT.pages(settings(peer, style, **more), pages[-1].watermark)))) == {44, 45, 46, 47}
    assert not any("None" in path or "%7B" in path for _, path, _ in peer.asked)


@pytest.mark.parametrize("style", ["offsets", "hasmore", "total"])
def test_a_record_that_is_changed_while_pages_are_read_shifts_none_out_of_sight(peer: RestPeer, style: str) -> None:
    """By plain offsets the record behind the changed one would be passed over, and the watermark would pass it for good."""
    changed = iter(range(1, 12))

    def somebody_works_on() -> None:
        if (number := next(changed, None)) is not None:
            peer.put(number, "2026-11-22 07:59:00")

    peer.between = somebody_works_on
    assert set(ids(list(TRANSPORT.pages(settings(peer, style, **STYLES[style]), None)))) == set(range(1, 48))


def test_stamps_finer_than_what_can_be_asked_for_neither_stop_nor_lose(peer: RestPeer) -> None:
    """Asked for by seconds, a second of many records begins anew with each page; they are behind it by their number."""
    peer.records.clear()
    for number in range(30):
        peer.put(number, f"2026-11-22 07:00:0{number // 12}.{number:06}")
    pages = list(TRANSPORT.pages(settings(peer), None))
    assert set(ids(pages)) == set(range(30)) and pages[-1].watermark == "2026-11-22T07:00:02.000029+00:00"


def test_a_token_is_shown_the_next_time(peer: RestPeer) -> None:
    for number in range(1, 48):
        peer.put(number, None, version=number)
    asked = settings(peer, "changes", query={"token": "{token}"}, delta={"kind": "token", "token": "token", "id": "id"})
    asked["paging"] = {"style": "cursor", "at": "cursor"}
    pages = list(TRANSPORT.pages(asked, None))
    assert ids(pages) == list(range(1, 48)) and [page.watermark for page in pages][-2:] == [None, "v47"]
    assert ids(list(TRANSPORT.pages(asked, "v47"))) == []
    peer.put(5, None, version=48)
    assert ids(list(TRANSPORT.pages(asked, "v47"))) == [5]


def test_a_flag_is_set_only_where_we_say_so(peer: RestPeer) -> None:
    asked = settings(
        peer,
        query={"exported": "false", "limit": "10"},
        paging={"style": "none"},
        delta={"kind": "exported", "id": "id"},
        acknowledge={"path": "/orders/{id}", "query": {"exported": "true"}},
    )
    seen = []
    for page in TRANSPORT.pages(asked, None):
        assert not any(peer.records[number]["exported"] for number in ids([page]))
        TRANSPORT.acknowledge(asked, page)
        seen += ids([page])
    assert sorted(seen) == list(range(1, 48)) and all(row["exported"] for row in peer.records.values())
    assert list(TRANSPORT.pages(asked, None)) == []
    peer.put(3, "2026-11-22 07:59:00")
    with pytest.raises(RetriableError, match="comes again"):
        list(TRANSPORT.pages(asked, None))  # nobody flags it


FLAGGED: dict[str, Any] = {
    "query": {"exported": "false", "limit": "3"},
    "paging": {"style": "none"},
    "delta": {"kind": "exported", "id": "id", "ignore": ["exported"]},
    "acknowledge": {"path": "/orders/{id}", "query": {"exported": "true"}},
}


def test_a_version_that_was_not_taken_in_is_not_flagged(peer: RestPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody saves a record between our page and our flag, or while flags are set: flagged then, it would never be seen."""
    monkeypatch.setattr(flagging, "LOOK_SECONDS", 0.0)
    asked, seen = settings(peer, **FLAGGED), []

    def meddle() -> None:
        if any(peer.records[number]["exported"] for number in (1, 3, 4)):
            peer.between = None
            peer.put(5, "2026-11-22 07:01:00", name="saved between two flags")

    for number, page in enumerate(TRANSPORT.pages(asked, None)):
        seen += [(row["id"], row.get("name")) for row in json.loads(page.content)["data"]]
        if number == 0:
            peer.put(2, "2026-11-22 07:00:00", name="saved behind the page")
            flagged = [row["id"] for row in peer.records.values() if row["exported"]]
            assert flagged == []
        if number == 1:
            peer.between = meddle
        TRANSPORT.acknowledge(asked, page)
    assert (2, None) in seen and (2, "saved behind the page") in seen, "both versions"
    assert (5, "saved between two flags") in seen
    assert {number for number, _ in seen} == set(range(1, 48)) and all(row["exported"] for row in peer.records.values())


def test_a_record_that_cannot_be_flagged_stops_no_other(peer: RestPeer) -> None:
    asked = settings(peer, **FLAGGED)
    peer.locked = {2, 7}
    for _ in range(2):
        pages = []
        for page in TRANSPORT.pages(asked, None):
            TRANSPORT.acknowledge(asked, page)
            pages.append(page)
        assert {number for number, row in peer.records.items() if not row["exported"]} == {2, 7}
        assert {key: "locked by an approval" in str(why) for key, why in pages[-1].unflagged.items()} == {"2": True, "7": True}
    peer.locked = set()
    for page in TRANSPORT.pages(asked, None):
        TRANSPORT.acknowledge(asked, page)
    assert all(row["exported"] for row in peer.records.values())


def test_a_record_that_says_something_else_each_time_ends_the_pull(peer: RestPeer) -> None:
    asked = settings(peer, **FLAGGED)
    times = count()
    found = peer.found
    peer.found = lambda query: [row | {"now": next(times)} for row in found(query)]  # type: ignore[method-assign]
    with pytest.raises(RetriableError, match="ignore"):
        for page in TRANSPORT.pages(asked, None):
            TRANSPORT.acknowledge(asked, page)
    for page in TRANSPORT.pages(asked | {"delta": FLAGGED["delta"] | {"ignore": ["exported", "now"]}}, None):
        TRANSPORT.acknowledge(asked | {"delta": FLAGGED["delta"] | {"ignore": ["exported", "now"]}}, page)
    assert all(row["exported"] for row in peer.records.values())


def test_one_bad_record_stops_none_of_its_neighbours(peer: RestPeer) -> None:
    peer.put(5, "0000-00-00 00:00:00")
    peer.records[9]["id"] = None
    rows = list(peer.records.values())
    peer.found = lambda query: sorted((row for row in rows if row["modified"] >= query.get("since", "")), key=lambda row: row["modified"])  # type: ignore[method-assign]
    pages = list(TRANSPORT.pages(settings(peer), None))
    keys = {key for page in pages for key, _ in page.records or ()}
    assert {str(number) for number in range(1, 48)} - keys == {"9"} and len([key for key in keys if key.startswith("?")]) == 1
    told = {(one.rule, one.got) for page in pages for _, one in page.record_findings}
    assert told == {("PUL-01", "None"), ("PUL-02", "0000-00-00 00:00:00")}
    assert pages[-1].watermark == "2026-11-22T07:11:00.000000+00:00"


def test_trouble_is_waited_for_or_told_and_never_taken_for_an_answer(peer: RestPeer) -> None:
    asked = settings(peer, failure={"at": "code", "is": ["1"], "says": "message", "again": ["1"]}, timeout_seconds=0.5)
    clock = {"clock": lambda: datetime(2026, 11, 22, 8, tzinfo=UTC)}
    peer.mischief.extend(["busy", "down", "busy"])
    assert len(set(ids(list(TRANSPORT.pages(asked | clock, None))))) == 47, "what is busy for a moment is waited for"
    for trouble, said in (
        ("broken", "500"), ("failure", "session lost"), ("html", "no JSON"), ("half", "127.0.0.1"), ("cut", "no JSON"),
        ("gone", "127.0.0.1"), ("silent", "127.0.0.1"),
    ):  # fmt: skip
        peer.mischief.extend([None, None, trouble])
        taken = []
        with pytest.raises(RetriableError, match=said):
            for page in TRANSPORT.pages(asked, None):
                taken.append(page)
        assert len(taken) == 2 and taken[-1].watermark is not None
    peer.mischief.append("moved")
    with pytest.raises(RetriableError, match=r"302 .*sends us to 192\.0\.2\.1, and no redirect is followed"):
        list(TRANSPORT.pages(asked, None))
    peer.mischief.extend(["busy"] * 9)
    with pytest.raises(RetriableError, match="429"):
        list(TRANSPORT.pages(asked, None))


def test_what_a_peer_must_not_do(peer: RestPeer) -> None:
    with pytest.raises(RefusedError, match=r"192\.0\.2\.1"):
        list(TRANSPORT.pages(settings(peer, "elsewhere", paging=STYLES["links"]["paging"]), None))
    with pytest.raises(RetriableError, match="circle"):
        list(TRANSPORT.pages(settings(peer, "circle", paging=STYLES["links"]["paging"]), None))
    with pytest.raises(RefusedError, match="max_bytes"):
        list(TRANSPORT.pages(settings(peer, max_bytes=100), None))
    with pytest.raises(RetriableError, match="no array"):
        list(TRANSPORT.pages(settings(peer, records="rows"), None))
    with pytest.raises(RetriableError, match="no number"):
        list(TRANSPORT.pages(settings(peer, delta=STAMP | {"id": "number"}), None))
    with pytest.raises(RetriableError, match="no stamp"):
        list(TRANSPORT.pages(settings(peer, delta=STAMP | {"field": "exported"}), None))
    peer.found = lambda query: sorted(peer.records.values(), key=lambda row: -row["id"])  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match="order"):
        list(TRANSPORT.pages(settings(peer, query={"limit": "10"}, paging={"style": "none"}), None))
    unsorted = {name: value for name, value in STAMP.items() if name != "sorted"}
    pages = list(TRANSPORT.pages(settings(peer, delta=unsorted), None))
    assert [page.watermark for page in pages][:-1] == [None] * (len(pages) - 1) and set(ids(pages)) == set(range(1, 48))


def test_mistakes_are_named(peer: RestPeer) -> None:
    for more, said in (
        ({"url": "http://erp.example/"}, "plain http"),
        ({"url": "ftp://erp.example/"}, "http address"),
        ({"url": "https://user:pass@erp.example/"}, "http address"),
        ({"paging": {"style": "sideways"}}, "style"),
        ({"paging": {"style": "next"}}, "at"),
        ({"paging": {"style": "offset", "sice": 1}}, "sice"),
        ({"auth": {"kind": "magic"}}, "kind"),
        ({"auth": {"kind": "basic"}}, "user"),
        ({"auth": {"kind": "basic", "user": "hub"}}, "password"),
        ({"auth": {"kind": "basic", "user": "hub", "password": "x"}}, "does not belong"),
        ({"auth": {"kind": "oauth2", "grant": "begging", "token_url": "https://x/"}}, "grant"),
        ({"success": {"is": ["0"]}}, "success"),
        ({"delta": STAMP | {"created": "created"}}, "created_query"),
        ({"body": {"q": "{since}"}}, "since"),
        ({"headers": "x"}, "headers"),
        ({"each": {"values": ["1"]}}, "each has word"),
        ({"each": {"word": "di", "values": [1]}}, "list of texts"),
        ({"each": {"word": "di", "values": ["1"], "absent": [500]}}, "404"),
    ):
        with pytest.raises(ConfigError, match=said):
            list(TRANSPORT.pages(settings(peer) | more, None))


def test_certificates_are_verified(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "erp")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2046, 1, 1, tzinfo=UTC))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    certificate, private = tmp_path / "erp.pem", tmp_path / "erp.key"
    certificate.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    with running(Handler, RestPeer(), (certificate, private)) as peer:
        peer.put(1, "2026-11-22 07:00:00")
        with pytest.raises(RetriableError, match=r"CERTIFICATE_VERIFY_FAILED.*ca_file names who signed"):
            list(TRANSPORT.pages(settings(peer), None))
        assert set(ids(list(TRANSPORT.pages(settings(peer, ca_file=str(certificate)), None)))) == {1}


def test_every_way_of_being_let_in(peer: RestPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEER_SECRET", HIDDEN)
    pair = base64.b64encode(f"hub:{HIDDEN}".encode()).decode()
    for auth, header in (
        ({"kind": "basic", "user": "hub", "password_env": "PEER_SECRET"}, ("Authorization", f"Basic {pair}")),
        (
            {"kind": "header", "name": "Authorization", "prefix": "token ", "secret_env": "PEER_SECRET"},
            ("Authorization", f"token {HIDDEN}"),
        ),
        ({"kind": "header", "name": "X-Api-Key", "secret_env": "PEER_SECRET"}, ("X-Api-Key", HIDDEN)),
    ):
        peer.lets_in = dict([header])
        assert len(set(ids(list(TRANSPORT.pages(settings(peer, **WHOLE, auth=auth), None))))) == 47
        peer.lets_in = {"X-Other": "x"}
        with pytest.raises(ConfigError) as told:  # the peer repeats what it was sent
            list(TRANSPORT.pages(settings(peer, **WHOLE, auth=auth), None))
        assert "401" in str(told.value) and HIDDEN not in str(told.value) and pair not in str(told.value)
    with pytest.raises(ConfigError) as told:
        list(TRANSPORT.pages(settings(peer, **WHOLE, auth={"kind": "query", "name": "key", "secret_env": "PEER_SECRET"}), None))
    assert "key=***" in str(told.value) and "hush" not in str(told.value)

    peer.lets_in = {"arena_session_id": "session-1", "Cookie": "SESSION=kept"}
    peer.asked.clear()
    login = {"kind": "login", "path": "/login", "json": {"user": "hub", "password": "{password}"}, "password_env": "PEER_SECRET"}
    login |= {"at": "sessionId", "name": "arena_session_id"}
    assert len(set(ids(list(TRANSPORT.pages(settings(peer, **WHOLE, auth=login), None))))) == 47
    assert [path for _, path, _ in peer.asked].count("/login") == 1


def _assertion(form: dict[str, str], name: str, key: Any) -> dict[str, Any]:
    """The claims of a signed assertion, verified."""
    told, _, signature = form[name].rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    if isinstance(key, rsa.RSAPrivateKey):
        key.public_key().verify(raw, told.encode(), padding.PKCS1v15(), hashes.SHA256())
    else:
        both = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key.public_key().verify(both, told.encode(), ec.ECDSA(hashes.SHA256()))
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(told.partition(".")[2] + "=="))
    return claims


def test_tokens_are_asked_for_kept_and_renewed(peer: RestPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEER_SECRET", HIDDEN)
    keys: dict[str, Any] = {"RSA": rsa.generate_private_key(65537, 2048), "EC": ec.generate_private_key(ec.SECP256R1())}
    for name, key in keys.items():
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        monkeypatch.setenv(f"PEER_{name}", pem.decode())
    oauth = {"kind": "oauth2", "token_url": f"{peer.url}/token", "client_id": "hub"}
    for number, (more, expected) in enumerate(
        (
            ({"grant": "client_credentials", "client_secret_env": "PEER_SECRET", "scope": "orders"}, {"client_secret": HIDDEN}),
            ({"grant": "password", "user": "u", "password_env": "PEER_SECRET"}, {"username": "u", "password": HIDDEN}),
            ({"grant": "jwt_bearer", "private_key_env": "PEER_RSA", "claims": {"sub": "u@x"}}, {"assertion": "RSA"}),
            ({"grant": "client_credentials", "private_key_env": "PEER_EC"}, {"client_assertion": "EC"}),
        )
    ):
        peer.asked.clear()
        peer.bodies.clear()
        peer.token_answers.extend(
            [{"access_token": f"old-{number}", "expires_in": 3600}, {"access_token": f"new-{number}", "expires_in": "600"}]
        )
        peer.lets_in = {"Authorization": f"Bearer old-{number}"}
        asked = settings(peer, **WHOLE, auth=oauth | more)
        assert len(set(ids(list(TRANSPORT.pages(asked, None))))) == 47 == len(set(ids(list(TRANSPORT.pages(asked, None)))))
        assert [path for _, path, _ in peer.asked].count("/token") == 1, "one token for both runs"
        form = {name: values[0] for name, values in parse_qs(peer.bodies[0].decode()).items()}
        for name, value in expected.items():
            if value in keys:
                claims = _assertion(form, name, keys[value])
                assert claims["iss"] == "hub" and claims["exp"] > claims["iat"] and claims["sub"] == ("u@x" if value == "RSA" else "hub")
            else:
                assert form[name] == value
        peer.lets_in = {"Authorization": f"Bearer new-{number}"}  # the peer forgot the old one before its time
        assert len(set(ids(list(TRANSPORT.pages(asked, None))))) == 47
        assert [path for _, path, _ in peer.asked].count("/token") == 2
    peer.lets_in = {"Authorization": "Bearer nobody"}
    peer.token_answers.extend([{"access_token": HIDDEN}, {"access_token": HIDDEN}])
    with pytest.raises(ConfigError) as told:
        list(
            TRANSPORT.pages(settings(peer, **WHOLE, auth=oauth | {"grant": "client_credentials", "client_secret_env": "PEER_SECRET"}), None)
        )
    assert HIDDEN not in str(told.value)


def test_documents_are_sent_and_judged(peer: RestPeer) -> None:
    send = {"send": {"path": "orders", "idempotency": "Idempotency-Key"}, "success": {"at": "code", "is": ["0", 0], "says": "message"}}
    out = {"use": "rest", "url": peer.url, **send}
    assert TRANSPORT.send(out, "a.json", b'{"number": "4500"}', "id-1").startswith("200 ")
    assert peer.asked[-1][2]["Idempotency-Key"] == "id-1" and peer.bodies[-1] == b'{"number": "4500"}'
    with pytest.raises(RefusedError, match=r"4711.*so it is"):
        TRANSPORT.send(out, "a.json", b'{"number": "refuse"}', "id-2")
    put = {"use": "rest", "url": peer.url, "send": {"method": "PUT", "path": "orders/{lines.0.number}"}}
    TRANSPORT.send(put, "a.json", b'{"lines": [{"number": 7}]}', "id-3")
    assert peer.asked[-1][:2] == ("PUT", "/orders/7")
    for content, error in ((b"<x/>", RefusedError), (b"{}", RefusedError)):
        with pytest.raises(error):
            TRANSPORT.send(put, "a.json", content, "id-4")
    peer.mischief.append("broken")
    with pytest.raises(HubError, match="500"):
        TRANSPORT.send(out, "a.json", b"{}", "id-5")
