"""The transport `s3` on a bucket that is as strict as Amazon's documents say, and beside a client that is not ours (minio)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from minio import Minio
from minio.error import S3Error

from connectors.registry import transport_named
from connectors.spec import Checked, Delivered, Reachable
from data_contracts.errors import BusyError, ConfigError, ConflictError, RefusedError, RetriableError
from tests.connectors.transports.test_webhook import certificate
from tests.peers import s3_peer
from tests.peers.s3_peer import ACCESS, BUCKET, REGION, SECRET, S3Peer, bucket_of, running_s3

S3 = transport_named("s3")


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_ACCESS", ACCESS)
    monkeypatch.setenv("S3_SECRET", SECRET)
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):  # a proxy of the environment must not be used
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "somebody-elses")
    monkeypatch.setenv("NO_PROXY", "")


@pytest.fixture
def peer() -> Iterator[S3Peer]:
    with running_s3() as made:
        yield made


def minio(peer: S3Peer, secret: str = SECRET) -> Minio:
    return Minio(f"127.0.0.1:{peer.port}", access_key=ACCESS, secret_key=secret, region=REGION, secure=False)


def fetch(peer: S3Peer, **more: Any) -> list[Delivered]:
    return list(S3.fetch(bucket_of(peer, **more)))


def read(peer: S3Peer, delivered: Delivered) -> bytes:
    with S3.open(bucket_of(peer), delivered) as stream:
        return stream.read()


def keys(peer: S3Peer) -> dict[str, bytes]:
    return {key.removeprefix("partner/out/"): one.content for key, one in peer.objects.items()}


def test_a_client_that_is_not_ours_and_we_understand_each_other(peer: S3Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name)
    theirs = minio(peer)
    for name in ("订单 +&%=~'().csv", "plain.edi"):
        theirs.put_object(BUCKET, f"partner/out/{name}", io.BytesIO(b"theirs"), 6)
    found = fetch(peer)
    assert sorted(one.name for one in found) == ["plain.edi", "订单 +&%=~'().csv"] and {read(peer, one) for one in found} == {b"theirs"}
    S3.send(bucket_of(peer), "855 回执.edi", b"ours", "exchange/7")
    answer = theirs.get_object(BUCKET, "partner/out/855 回执.edi")
    assert answer.read() == b"ours" and answer.headers["x-amz-meta-udihub-id"] == "exchange/7"
    peer.most = 2
    assert len(list(theirs.list_objects(BUCKET, prefix="partner/out/"))) == 3, "its pages are pages to others too"
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        minio(peer, "another").get_object(BUCKET, "partner/out/plain.edi")


def test_a_signature_is_for_one_request_alone(peer: S3Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[dict[str, str]] = []
    peer.put("partner/out/a", b"a")
    peer.put("partner/out/b", b"b")
    S3.send(bucket_of(peer), "c", b"c", "1")
    with running_s3() as other:
        monkeypatch.setattr(s3_peer, "proved", lambda request, *_: heard.append(dict(request.headers)))
        S3.send(bucket_of(other), "c", b"c", "1")
        monkeypatch.undo()
    put = {name: value for name, value in heard[-1].items() if name.lower() not in ("expect", "connection", "host")}
    put["Host"] = f"127.0.0.1:{other.port}"  # it is signed, so whoever takes it elsewhere must say so
    with httpx.Client(trust_env=False) as client:
        said = client.put(f"{peer.url}/{BUCKET}/partner/out/c", headers=put, content=b"d")
        assert (said.status_code, "XAmzContentSHA256Mismatch" in said.text) == (400, True)
        for path in ("partner/out/d", "partner/out/c?versionId=1"):
            assert "SignatureDoesNotMatch" in client.put(f"{peer.url}/{BUCKET}/{path}", headers=put, content=b"c").text
        assert (
            "were not signed" in client.put(f"{peer.url}/{BUCKET}/partner/out/c", headers=put | {"x-amz-acl": "public"}, content=b"c").text
        )
        assert "AccessDenied" in client.get(f"{peer.url}/{BUCKET}/partner/out/a").text


def test_a_folder_is_listed_page_by_page_and_nothing_else(peer: S3Peer) -> None:
    peer.most = 3
    for number in range(10):
        peer.put(f"partner/out/orders_{number}.json", b"{}", at=1_700_000_000 - number)
    for other in ("", "done/old.json", "deeper/x.json", "orders\n1.json", ".orders_x.json", "orders_x.json.part"):
        peer.put(f"partner/out/{other}", b"no")
    for other in ("partner/other.json", "partner/output.json", "orders_0.json"):
        peer.put(other, b"no")
    found = fetch(peer, pattern="orders*.json")
    assert [one.name for one in found] == [f"orders_{number}.json" for number in reversed(range(10))], "oldest first"
    lists = [line for line in peer.asked if "list-type=2" in line]
    assert len(lists) >= 5 and all("delimiter=%2F" in line for line in lists)
    root = fetch(peer, folder="", pattern="orders*")
    assert [one.name for one in root] == ["orders_0.json"]


def test_one_that_is_written_again_is_another_delivery_also_within_a_second(peer: S3Peer) -> None:
    peer.put("partner/out/a.edi", b"first", at=1_700_000_000)
    (first,) = fetch(peer)
    peer.put("partner/out/a.edi", b"again", at=1_700_000_000)
    with pytest.raises(RetriableError, match="changed"):
        read(peer, first)
    S3.settle(bucket_of(peer), first)
    assert keys(peer) == {"a.edi": b"again"}
    (second,) = fetch(peer)
    assert second.delivery_key != first.delivery_key and read(peer, second) == b"again"
    del peer.objects["partner/out/a.edi"]
    with pytest.raises(RetriableError, match="changed"):
        read(peer, second)
    S3.settle(bucket_of(peer), second)


@pytest.mark.parametrize("at", ["PUT", "DELETE"])
def test_what_comes_under_a_name_that_is_being_settled_stays(peer: S3Peer, at: str) -> None:
    peer.put("partner/out/a.edi", b"first")
    (first,) = fetch(peer)

    def meanwhile(method: str, _key: str) -> None:
        if method == at:
            peer.before = None
            peer.put("partner/out/a.edi", b"second, longer")

    peer.before = meanwhile
    S3.settle(bucket_of(peer), first)
    assert keys(peer)["a.edi"] == b"second, longer"
    (second,) = fetch(peer)
    S3.settle(bucket_of(peer), second)
    assert fetch(peer) == [] and b"second, longer" in keys(peer).values()


def test_what_was_taken_is_kept_beside_others_of_its_name_and_once(peer: S3Peer) -> None:
    for number in range(3):
        peer.put("partner/out/stock|1.csv", b"x" * number, at=1_700_000_000 + number)
        (found,) = fetch(peer)
        S3.settle(bucket_of(peer), found)
        S3.settle(bucket_of(peer), found)
    assert sorted(keys(peer).values()) == [b"", b"x", b"xx"] and all(key.startswith("done/") for key in keys(peer))
    peer.put("partner/out/b.csv", b"b")
    (found,) = fetch(peer)
    peer.faults = ["", "", "", "500", "500", "500"]  # looked at twice, copied, and the deletion fails
    with pytest.raises(RetriableError):
        S3.settle(bucket_of(peer), found)
    S3.settle(bucket_of(peer), found)
    assert [key for key in keys(peer) if "b.csv" in key] == ["done/b.csv"]
    peer.put("partner/out/gone.csv", b"x")
    (found,) = fetch(peer)
    S3.settle(bucket_of(peer, settle="delete"), found)
    assert not [key for key in keys(peer) if "gone" in key]


def test_a_mark_says_that_an_object_may_be_taken(peer: S3Peer) -> None:
    for name in ("a.edi", "b.edi", "a.edi.done"):
        peer.put(f"partner/out/{name}", b"a")
    (marked,) = fetch(peer, ready="mark")
    assert marked.name == "a.edi"
    S3.settle(bucket_of(peer, ready="mark"), marked)
    assert set(keys(peer)) == {"b.edi", "done/a.edi"}
    assert [one.name for one in fetch(peer, ready="stable", look_seconds=0.05, age_seconds=0.05)] == ["b.edi"]


def test_a_download_that_breaks_goes_on_where_it_stopped(peer: S3Peer) -> None:
    content = os.urandom(3_000_000)
    peer.put("partner/out/large.bin", content)
    (found,) = fetch(peer)
    peer.faults = ["cut"]
    assert read(peer, found) == content
    assert [line.split()[0] for line in peer.asked].count("GET") == 3, "the list, half of it, and the rest"
    peer.faults = ["cut"] * 9
    with pytest.raises(RetriableError):
        read(peer, found)


def test_what_somebody_else_writes_meanwhile_is_never_written_over(peer: S3Peer) -> None:
    def meanwhile(method: str, key: str) -> None:
        if method == "PUT":
            peer.before = None
            peer.put(key, b"theirs")

    peer.before = meanwhile
    with pytest.raises(ConflictError, match=r"ack\.edi"):
        S3.send(bucket_of(peer), "ack.edi", b"ours", "exchange/1")
    assert keys(peer) == {"ack.edi": b"theirs"}
    peer.before = meanwhile
    assert S3.send(bucket_of(peer), "same.edi", b"theirs", "exchange/2").endswith("was there")


@pytest.mark.parametrize("overlooked", [{"if-none-match", "if-match"}, {"refuses"}])
def test_servers_that_know_no_conditions_serve_too(peer: S3Peer, overlooked: set[str]) -> None:
    peer.overlooks = overlooked
    assert S3.send(bucket_of(peer), "a.edi", b"a", "1") == "a.edi, 1 bytes"
    assert S3.send(bucket_of(peer), "a.edi", b"a", "1").endswith("was there")
    with pytest.raises(ConflictError):
        S3.send(bucket_of(peer), "a.edi", b"b", "2")
    (found,) = fetch(peer)
    S3.settle(bucket_of(peer), found)
    assert keys(peer) == {"done/a.edi": b"a"}


def test_what_a_person_mends_and_what_time_does(peer: S3Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong, said in (
        ({"bucket": "nowhere"}, "NoSuchBucket"),
        ({"bucket": "no bucket!"}, "(?i)bucket"),
        ({"region": "eu-west-1"}, "."),
        ({"url": "http://s3.example"}, "plain http"),
        ({"addressing": "maybe"}, "addressing"),
        ({"access_key_env": "NOWHERE"}, "NOWHERE"),
        ({"ca_file": "/nowhere.pem"}, "ca_file"),
    ):
        with pytest.raises((ConfigError, RefusedError), match=said):
            fetch(peer, **wrong)
    without = bucket_of(peer)
    del without["secret_key_env"]
    with pytest.raises(ConfigError, match="credentials"):  # those of the environment are somebody else's
        list(S3.fetch(without))
    monkeypatch.setenv("S3_SECRET", "wrong-secret")
    with pytest.raises(ConfigError, match="SignatureDoesNotMatch") as told:
        fetch(peer)
    assert "wrong-secret" not in str(told.value)
    monkeypatch.setenv("S3_SECRET", SECRET)
    peer.faults = ["503"]
    assert fetch(peer) == [], "asked again at once"
    peer.faults = ["503"] * 3
    with pytest.raises(BusyError):
        fetch(peer)
    peer.faults = []
    with pytest.raises(RetriableError):
        fetch(peer, url="http://127.0.0.1:1", timeout_seconds=1)
    for name in ("../a", "a/b", ""):
        with pytest.raises(RefusedError):
            S3.open(bucket_of(peer), Delivered(name, "a|1|1|x", 1))
    assert isinstance(S3, Reachable)
    peer.put("partner/out/a.edi", b"a")
    assert S3.reach(bucket_of(peer), asks=True) == "exchange lets us in, 1 objects in partner/out/"
    with pytest.raises(ConfigError, match="NoSuchBucket"):
        S3.reach(bucket_of(peer, bucket="nowhere"), asks=False)
    assert isinstance(S3, Checked)
    S3.check(bucket_of(peer), asks=True)
    with pytest.raises(ConfigError):
        S3.check(bucket_of(peer, ready="maybe"), asks=True)


def test_certificates_are_verified(tmp_path: Path) -> None:
    path, context = certificate(tmp_path, "localhost")
    with running_s3(context) as peer:
        given = bucket_of(peer, url=f"https://localhost:{peer.port}", ca_file=str(path))
        assert S3.send(given, "a.edi", b"a", "1") == "a.edi, 1 bytes" and len(list(S3.fetch(given))) == 1
        with pytest.raises(RetriableError, match=r"(?i)certificate|SSL"):
            list(S3.fetch(given | {"url": f"https://127.0.0.1:{peer.port}"}))
        del given["ca_file"]
        with pytest.raises(RetriableError, match=r"(?i)certificate|SSL"):
            list(S3.fetch(given))
