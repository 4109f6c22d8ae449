"""Signed HTTP against emulators with the traps of the real ones: failures under 200, lent tokens that end, rows as arrays."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from connectors.http_peer import Answered
from connectors.preset import Presets
from connectors.registry import transport_named
from connectors.spec import Polling
from connectors.transports import signed_http
from data_contracts.errors import BusyError, ConfigError, RefusedError, RetriableError
from tests.http_peer import HttpPeer
from tests.peers import k3cloud_peer
from tests.peers.k3cloud_peer import ACCOUNT, APP_ID, APP_SECRET, USER, K3Cloud

SIGNED = transport_named("signed_http")
SERVICE = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService"


@pytest.fixture
def k3cloud() -> Iterator[K3Cloud]:
    with k3cloud_peer.running() as peer:
        yield peer


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("K3_ID", APP_ID)
    monkeypatch.setenv("K3_SECRET", APP_SECRET)
    return {"account": ACCOUNT, "user": USER, "app_id_env": "K3_ID", "app_secret_env": "K3_SECRET"}


def saving(peer: K3Cloud, keys: dict[str, Any], **more: Any) -> dict[str, Any]:
    status = "Result.ResponseStatus"
    return {
        "signer": "k3cloud", "url": peer.url, "keys": keys,
        "send": {"path": f"{SERVICE}.Save.common.kdsvc", "body": {"formid": "PUR_PurchaseOrder", "data": "{document}"}},
        "success": {"at": f"{status}.IsSuccess", "is": [True], "says": f"{status}.Errors"}, **more,
    }  # fmt: skip


def asking(peer: K3Cloud, keys: dict[str, Any]) -> dict[str, Any]:
    data = {"FormId": "PUR_PurchaseOrder", "FieldKeys": "FID,FBillNo,FModifyDate", "FilterString": "FModifyDate>='{since}'",
            "OrderString": "FModifyDate,FID", "StartRow": "{offset}", "Limit": "{limit}"}  # fmt: skip
    delta = {"kind": "stamp", "id": "0", "field": "2", "sorted": True, "time_zone": "Asia/Shanghai", "from": "2026-11-01T00:00:00Z"}
    return {
        "signer": "k3cloud", "url": peer.url, "keys": keys, "path": f"{SERVICE}.ExecuteBillQuery.common.kdsvc", "body": {"data": data},
        "paging": {"style": "offset", "size": 5}, "delta": delta | {"ask_as": "%Y-%m-%dT%H:%M:%S"},
        "failure": {"at": "0.0.Result.ResponseStatus.Errors", "says": "0.0.Result.ResponseStatus.Errors"},
    }  # fmt: skip


def bill(number: int, **more: Any) -> bytes:
    model = {"FBillNo": f"CGDD{number:03}", "FModifyDate": f"2026-11-22T10:{number // 3:02}:00", **more}
    return json.dumps({"Model": model}, ensure_ascii=False).encode()


def test_a_bill_is_saved_and_a_failure_under_200_is_none(k3cloud: K3Cloud, keys: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    content = b'{"Model": {"FBillNo": "CGDD001", "FModifyDate": "x", "FNote": "\xe5\xaf\xbc\xe7\xae\xa1", "FPrice": 1.10}}'
    assert SIGNED.send(saving(k3cloud, keys), "1.json", content, "order/1").startswith("200 ")
    assert k3cloud.bills["CGDD001"]["FNote"] == "导管"
    with pytest.raises(RefusedError, match="已存在"):
        SIGNED.send(saving(k3cloud, keys), "1.json", content, "order/2")
    monkeypatch.setenv("K3_SECRET", "f" * 32)
    with pytest.raises(RefusedError, match="会话信息已丢失"):
        SIGNED.send(saving(k3cloud, keys), "2.json", bill(2), "order/3")
    again = saving(k3cloud, keys)
    again["success"] = {**again["success"], "again": [False]}
    with pytest.raises(RetriableError):
        SIGNED.send(again, "2.json", bill(2), "order/3")
    assert list(k3cloud.bills) == ["CGDD001"]


def test_rows_come_page_by_page_from_the_watermark_on(k3cloud: K3Cloud, keys: dict[str, Any]) -> None:
    for number in range(1, 13):
        SIGNED.send(saving(k3cloud, keys), "n.json", bill(number), f"order/{number}")
    k3cloud.cap = 4
    assert isinstance(SIGNED, Polling)
    pages = list(SIGNED.pages(asking(k3cloud, keys), None))
    assert {key for page in pages for key, _version in page.records or ()} == {str(100_000 + number) for number in range(12)}
    assert json.loads(pages[0].content)[0] == [100_000, "CGDD001", "2026-11-22T10:00:00"], "values in the order of FieldKeys"
    SIGNED.send(saving(k3cloud, keys), "n.json", bill(20), "order/20")
    news = [key for page in SIGNED.pages(asking(k3cloud, keys), pages[-1].watermark) for key, _version in page.records or ()]
    assert "100012" in news and "100000" in news, "five minutes before the watermark come again"
    with pytest.raises(RefusedError, match="会话信息已丢失"):
        list(SIGNED.pages(asking(k3cloud, {**keys, "user": "stranger"}), None))


@pytest.mark.parametrize("approved", ["2026-11-24T09:00:00", "2026-11-24T00:00:00"])
def test_an_order_that_was_audited_after_the_pull_comes_though_its_date_of_change_stays(
    approved: str, k3cloud: K3Cloud, keys: dict[str, Any]
) -> None:
    product = Presets().named("kingdee-k3cloud").resources["purchase_orders"].transport
    settings = {**product, "use": "signed_http", "signer": "k3cloud", "url": k3cloud.url, "keys": keys}
    for number, day in ((1, 20), (2, 24)):
        names = dict.fromkeys(product["body"]["data"]["FieldKeys"].split(","), "")
        k3cloud.bills[f"CG-{number}"] = names | {
            "FID": number, "FBillNo": f"CG-{number}", "FModifyDate": f"2026-11-{day}T08:30:00", "FDocumentStatus": "A",
        }  # fmt: skip
    k3cloud.audit("CG-2", "2026-11-24T08:40:00")
    first = list(SIGNED.pages(settings, None))
    assert [key for page in first for key, _ in page.records or ()] == ["2"]
    k3cloud.audit("CG-1", approved)
    then = list(SIGNED.pages(settings, first[-1].watermark))
    assert [key for page in then for key, _ in page.records or ()] == ["1", "2"]
    assert then[-1].watermark == first[-1].watermark, "an old date of change moves nothing back"


def test_the_official_sdk_is_let_in_by_the_emulator(k3cloud: K3Cloud) -> None:
    """In a process of its own: the SDK keeps everything in globals."""
    program = (
        "import json, sys; from k3cloud_webapi_sdk.main import K3CloudApiSdk as Sdk; sdk = Sdk(sys.argv[1]);"
        "sdk.InitConfig(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5], sys.argv[1]);"
        "print(sdk.Save('PUR_PurchaseOrder', {'Model': {'FBillNo': 'X1', 'FModifyDate': '2026'}}));"
        "print(sdk.ExecuteBillQuery({'FormId': 'PUR_PurchaseOrder', 'FieldKeys': 'FBillNo,FID', 'FilterString': ''}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, k3cloud.url, ACCOUNT, USER, APP_ID, APP_SECRET],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    saved, rows = run.stdout.strip().splitlines()[-2:]
    assert json.loads(saved)["Result"]["ResponseStatus"]["IsSuccess"] is True and json.loads(rows) == [["X1", 100_000]]


class Lender:
    """YonBIP: a token for a signed moment, good until it is taken back, in the address of every call."""

    def __init__(self) -> None:
        self.token, self.asked, self.calls = "to+ken/1=", 0, 0
        self.ends = "401"

    def __call__(self, request: Any, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(request.path)
        said = dict(parse_qsl(parts.query))
        if parts.path.endswith("getAccessToken"):
            self.asked += 1
            text = f"appKey{said['appKey']}timestamp{said['timestamp']}".encode()
            good = base64.b64encode(hmac.new(b"bip+secret", text, hashlib.sha256).digest()).decode() == said["signature"]
            told = (
                {"code": "00000", "data": {"access_token": self.token, "expire": 7200}}
                if good
                else {"code": "50000", "message": "bip+secret?"}
            )
            return 200, json.dumps(told).encode()
        self.calls += 1
        if said.get("access_token") != self.token:
            return (401, b"token?") if self.ends == "401" else (200, b'{"code": "310036", "message": "token"}')
        return 200, b'{"code": "200"}'


@pytest.mark.parametrize("ends", ["401", "200"])
def test_a_token_is_borrowed_once_renewed_when_it_ends_and_never_told(
    ends: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("BIP_SECRET", "bip+secret")
    signed_http._lent.clear()
    lender = Lender()
    lender.ends = ends
    peer = HttpPeer(key=lambda request, _body: f"{request.path}{lender.calls}", answers=lender)
    peer.start()
    try:
        settings = {
            "signer": "yonbip",
            "url": f"{peer.url}/gateway/",
            "token_base": f"{peer.url}/auth",
            "keys": {"app_key": "K", "app_secret_env": "BIP_SECRET"},
            "send": {"path": "yonbip/save", "query": {"id": "{id}"}},
            "success": {"at": "code", "is": ["200"]},
            "renew": {"at": "code", "is": ["310036"]},
        }
        with caplog.at_level(logging.DEBUG):
            for number in range(3):
                assert SIGNED.send(settings, "a.json", b"{}", f"x/{number}") == '200 {"code": "200"}'
            assert lender.asked == 1
            lender.token = "to+ken/2="
            assert SIGNED.send(settings, "a.json", b"{}", "x/4").startswith("200") and lender.asked == 2
            peer.faults = ["429"]
            with pytest.raises(BusyError) as busy:
                SIGNED.send(settings, "a.json", b"{}", "x/5")
            assert busy.value.seconds == 600
            signed_http._lent.clear()
            monkeypatch.setenv("BIP_SECRET", "bip+other")
            with pytest.raises(ConfigError, match="does not let us in") as refused:
                SIGNED.send(settings, "a.json", b"{}", "x/6")
            peer.stop()
            with pytest.raises(RetriableError) as away:
                SIGNED.send(settings, "a.json", b"{}", "x/7")
        texts = [str(busy.value), str(refused.value), str(away.value), *(record.getMessage() for record in caplog.records)]
        for hidden in ("to+ken", "to%2Bken", "bip+other", "bip%2Bother"):
            assert not [text for text in texts if hidden in text]
        assert any("HTTP Request" in text for text in texts), "addresses are logged, without what stands behind the question mark"
    finally:
        peer.stop()


def test_documents_are_wrapped_as_the_platform_wants_them() -> None:
    assert signed_http.wrapped({}, b"<a/>", "i") == (b"<a/>", None, "application/xml")
    body, _form, _kind = signed_http.wrapped({"body": {"no": "{id}", "all": ["{document}"], "text": "x {document}"}}, b'{"p": 1.10}', "i/1")
    assert body == b'{"no": "i/1", "all": [{"p": 1.10}], "text": "x {\\"p\\": 1.10}"}'
    _body, form, _kind = signed_http.wrapped({"form": {"msgData": "{document}", "serviceCode": "EXP"}}, "{箱}".encode(), "i")
    assert form == {"msgData": "{箱}", "serviceCode": "EXP"}
    soap = signed_http.wrapped({"text": "<soap>{escaped}</soap>"}, b"<a>&amp;</a>", "i")
    assert soap[0] == b"<soap>&lt;a&gt;&amp;amp;&lt;/a&gt;</soap>"
    for given, content in (({"body": "{document}"}, b"<a/>"), ({"text": "{document}"}, b"\xff\xfe")):
        with pytest.raises(RefusedError):
            signed_http.wrapped(given, content, "i")
    with pytest.raises(ConfigError, match="one of body, form and text"):
        signed_http.wrapped({"body": {}, "form": {}}, b"{}", "i")


def test_answers_in_xml_are_members_and_declare_nothing() -> None:
    def read(content: bytes) -> Any:
        return signed_http.understood(Answered(200, httpx.Headers(), content), "peer")

    assert read("\ufeff<r xmlns='x'><flag>failure</flag><m>存在</m><flag>2</flag></r>".encode()) == {"flag": "failure", "m": "存在"}
    assert read(b'{"code": 1.10}') == {"code": "1.10"}
    with pytest.raises(RefusedError, match="document type"):
        read(b'<!DOCTYPE r [<!ENTITY a "success">]><r><flag>&a;</flag></r>')
    for half in (b"<r><flag>succ", b'{"flag": "succ'):
        with pytest.raises(RetriableError):
            read(half)
