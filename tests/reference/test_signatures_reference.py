"""Every recorded signature of the reference material is made again by the signer of its scheme."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import signer_named
from connectors.signers import esign, fasc, flux, nccloud, qimen, yonbip
from connectors.signing import Call, Heard, Signing, Verifying, encoded

VECTORS = {
    one["scheme"]: one
    for one in json.loads((Path(os.environ["UDIHUB_REFERENCE"]) / "systems" / "signatures" / "vectors.json").read_text(encoding="utf-8"))
}
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def signing(name: str) -> Signing:
    found = signer_named(name)
    assert isinstance(found, Signing)
    return found


def kingdee(said: dict[str, Any]) -> None:
    keys = {"account": said["acct_id"], "user": said["user"], "app_id": said["app_id"], "app_secret": said["app_secret"]}
    keys |= {"language": str(said["lcid"]), "organisation": str(said["org_num"])}
    at = dt.datetime.fromtimestamp(said["unix_time"], dt.UTC)
    assert signing("k3cloud").sign(Call("POST", said["url"]), keys, at, str(said["unix_time"])).headers == said["headers"]


def qimen_digest(said: dict[str, Any]) -> None:
    assert qimen.digest(said["secret"], tuple(said["params"].items()), said["body"].encode()) == said["sign"]
    at = dt.datetime.fromisoformat(said["params"]["timestamp"] + "+08:00")
    keys = {"app_key": said["params"]["app_key"], "secret": said["secret"], "customer_id": said["params"]["customerId"]}
    made = signing("qimen").sign(
        Call("POST", "https://q", (("method", said["params"]["method"]),), body=said["body"].encode()), keys, at, ""
    )
    assert dict(made.query) == {**said["params"], "sign": said["sign"]}


def yonbip_token(said: dict[str, Any]) -> None:
    made = yonbip.signature(said["appKey"], said["appSecret"], said["timestamp"])
    assert made == said["signature_base64"]
    assert encoded((("signature", made),)) == f"signature={said['signature_query']}"


def fadada(said: dict[str, Any]) -> None:
    assert fasc.signature(said["appSecret"], said["params"]) == said["sign"]
    keys = {"app_id": "app-id", "app_secret": said["appSecret"], "token": "token"}
    at = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(milliseconds=int(said["params"]["X-FASC-Timestamp"]))
    made = signing("fasc").sign(Call("POST", "https://f", form=(("bizContent", "Alice"),)), keys, at, said["params"]["X-FASC-Nonce"])
    assert made.headers["X-FASC-Sign"] == said["sign"]


def e_sign(said: dict[str, Any]) -> None:
    call = Call(said["method"], f"https://openapi.example{said['path']}", body=said["body"].encode())
    text = esign.to_sign(call, "application/json; charset=UTF-8", said["content_md5"])
    assert text == said["string_to_sign"]
    made = signing("esign").sign(call, {"app_id": "1", "app_secret": said["appSecret"]}, NOW, "")
    assert (made.headers["Content-MD5"], made.headers["X-Tsign-Open-Ca-Signature"]) == (said["content_md5"], said["signature"])


def flux_wms(said: dict[str, Any]) -> None:
    keys = {"app_token": "t", "app_secret": said["appSecret"]}
    made = flux.SIGNER.sign(Call("POST", "https://f", body=said["data"].encode()), keys, NOW, "")
    assert encoded((("sign", made.told("sign")),)) == f"sign={said['sign']}"


def nc_cloud(said: dict[str, Any]) -> None:
    assert nccloud.salt(said["pubKey"]) == said["salt"]
    assert nccloud.token_signature(said["client_id"], said["client_secret"], said["pubKey"]) == said["token_signature"]
    keys = {"client_id": said["client_id"], "public_key": said["pubKey"], "token": "t"}
    made = nccloud.SIGNER.sign(Call("POST", "https://n", body=said["body"].encode()), keys, NOW, "")
    assert made.headers["signature"] == said["api_signature"]


def connect(said: dict[str, Any]) -> None:
    found = signer_named("docusign")
    assert isinstance(found, Verifying)
    heard = Heard("POST", (), {"x-docusign-signature-1": said["X-DocuSign-Signature-1"]}, said["raw_body"].encode())
    assert found.verify(heard, {"key": said["key"]}, NOW).content == heard.body


SCHEMES: dict[str, Callable[[dict[str, Any]], None]] = {
    "k3cloud-webapi-sdk-8.2.0": kingdee,
    "qimen-md5": qimen_digest,
    "yonbip-hmac-sha256": yonbip_token,
    "fadada-fasc5-hmac-sha256": fadada,
    "esign-v3-hmac-sha256": e_sign,
    "flux-wms-md5-base64": flux_wms,
    "ncc-2005-token-salted-sha256": nc_cloud,
    "docusign-connect-hmac-sha256": connect,
}


def test_no_vector_is_left_out() -> None:
    assert VECTORS.keys() == SCHEMES.keys()


@pytest.mark.parametrize("scheme", sorted(VECTORS))
def test_a_signature_is_made_again(scheme: str) -> None:
    SCHEMES[scheme](VECTORS[scheme])
