"""Signers: every scheme against digests made by hand here, what is refused, and that no secret is ever shown."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import hashlib
import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from subprocess import run
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors import registry
from connectors.masking import masked
from connectors.signing import Call, Heard, Lending, Opening, Pairs, Signing, Verifying, hidden, keys_of
from data_contracts.errors import ConfigError, RefusedError, RetriableError

NOW = dt.datetime(2026, 11, 22, 2, 56, tzinfo=dt.UTC)
SECONDS, MILLIS, CHINESE = "1795316160", "1795316160000", "2026-11-22 10:56:00"
NONCE = "0123456789abcdef0123456789abcdef"
DOCS = (Path(__file__).parents[2] / "docs" / "signers.md").read_text(encoding="utf-8")


def by_hand(key: str | bytes, text: str | bytes, kind: str = "sha256") -> bytes:
    """HMAC as RFC 2104 writes it, with nothing but a hash."""
    key, text = (one.encode() if isinstance(one, str) else one for one in (key, text))
    padded = key.ljust(64, b"\0")
    inner = hashlib.new(kind, bytes(byte ^ 0x36 for byte in padded) + text).digest()
    return hashlib.new(kind, bytes(byte ^ 0x5C for byte in padded) + inner).digest()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def signing(name: str) -> Signing:
    found = registry.signer_named(name)
    assert isinstance(found, Signing)
    return found


def lending(name: str) -> Lending:
    found = registry.signer_named(name)
    assert isinstance(found, Lending)
    return found


def verifying(name: str) -> Verifying:
    found = registry.signer_named(name)
    assert isinstance(found, Verifying)
    return found


def test_kingdee_signs_the_path_with_the_unmasked_half_of_the_id() -> None:
    mask = b"0054f397c6234378b09ca7d3e5debce7"
    real = b"a client's secret, 24 by"
    app_id = f"987654_{b64(bytes(one ^ two for one, two in zip(real, mask, strict=False)))}"
    keys = {"account": "acct", "user": "hub", "app_id": app_id, "app_secret": "s3cret"}
    made = signing("k3cloud").sign(Call("POST", "https://k.example/k3cloud/A.Save.common.kdsvc"), keys, NOW, "77").headers
    signed = f"POST\n%2Fk3cloud%2FA.Save.common.kdsvc\n\nx-api-nonce:77\nx-api-timestamp:{SECONDS}\n"
    assert made["X-Api-ClientID"] == "987654"
    assert made["X-Api-Signature"] == b64(by_hand(b64(real), signed).hex().encode())
    assert made["X-Kd-Appdata"] == b64(b"acct,hub,2052,0")
    assert made["X-Kd-Signature"] == b64(by_hand("s3cret", app_id + "acct,hub,2052,0").hex().encode())
    with pytest.raises(ConfigError, match="32 characters"):
        signing("k3cloud").sign(Call("POST", "https://k"), keys | {"app_id": "987654"}, NOW, "77")


def test_yonyou_puts_its_tokens_where_each_product_wants_them() -> None:
    u8 = {"from_account": "A", "to_account": "B", "app_key": "K", "app_secret": "s e+c"}
    asked = lending("u8").ask("https://u8.example/api", u8, NOW, NONCE)
    assert asked.target == "https://u8.example/api/system/token?from_account=A&app_key=K&app_secret=s%20e%2Bc"
    token = lending("u8").granted({"errcode": "0", "token": {"id": "T/1", "expiresIn": 7200}})
    assert token is not None and (token.value, token.seconds) == ("T/1", 6900)
    assert lending("u8").granted({"errcode": "20001", "token": {"id": "T"}}) is None
    called = lending("u8").sign(Call("GET", "https://u8.example/api/x", (("page_index", "1"),)), u8 | {"token": "T/1"}, NOW, "")
    assert called.target == "https://u8.example/api/x?page_index=1&from_account=A&to_account=B&app_key=K&token=T%2F1"

    u9 = {"client_id": "c", "client_secret": "s", "enterprise": "e", "organisation": "o", "user": "u"}
    assert lending("u9").ask("https://u9", u9, NOW, "").query[1:4] == (("clientsecret", "s"), ("entCode", "e"), ("orgCode", "o"))
    assert (
        lending("u9").granted({"Success": True, "Data": "T"}) is not None and lending("u9").granted({"Success": False, "Data": "T"}) is None
    )
    assert lending("u9").granted({"ResCode": 0, "Data": "T"}) is not None, "0 is success, with Success beside it or without"
    assert [lending("u9").granted(answer) for answer in ({"ResCode": 503, "Data": "T"}, {"Data": "T"}, {"ResCode": 0, "Data": ""})] == [
        None
    ] * 3
    assert lending("u9").sign(Call("POST", "https://u9"), u9 | {"token": "T"}, NOW, "").headers == {"token": "T"}

    bip = {"app_key": "K", "app_secret": "sec"}
    signature = b64(by_hand("sec", f"appKeyKtimestamp{MILLIS}"))
    query = lending("yonbip").ask("https://y.example/g", bip, NOW, "").query
    assert query == (("appKey", "K"), ("timestamp", MILLIS), ("signature", signature))
    assert lending("yonbip").granted({"code": "00000", "data": {"access_token": "T", "expire": 7200}}) is not None
    assert (
        lending("yonbip").sign(Call("GET", "https://y/x"), bip | {"token": "a+b="}, NOW, "").target == "https://y/x?access_token=a%2Bb%3D"
    )


def test_nc_cloud_encrypts_its_secret_for_the_platform_and_salts_what_it_signs() -> None:
    private = rsa.generate_private_key(65537, 2048)
    public = b64(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    keys = {"client_id": "hub", "client_secret": "s3cret", "public_key": public, "business_centre": "01", "data_source": "NCC"}
    asked = dict(lending("nccloud").ask("https://n", keys, NOW, "").query)
    opened = private.decrypt(base64.b64decode(asked["client_secret"]), padding.OAEP(padding.MGF1(SHA256()), SHA256(), None))
    assert opened == b"s3cret"
    salt = b64(hashlib.sha1(hashlib.sha1(public.encode()).digest()).digest()[:16])
    assert asked["signature"] == hashlib.sha256(f"hubs3cret{public}{salt}".encode()).hexdigest()
    made = lending("nccloud").sign(Call("POST", "https://n", body="{张}".encode()), keys | {"token": "T"}, NOW, "").headers
    assert made == {
        "access_token": "T",
        "client_id": "hub",
        "ucg_flag": "y",
        "signature": hashlib.sha256(f"hub{{张}}{public}".encode()).hexdigest(),
    }
    salted = lending("nccloud").sign(Call("POST", "https://n", body=b"{}"), keys | {"token": "T", "calls": "salted"}, NOW, "").headers
    assert salted["signature"] == hashlib.sha256(f"hub{{}}{public}{salt}".encode()).hexdigest()
    with pytest.raises(ConfigError, match="no RSA key"):
        lending("nccloud").ask("https://n", keys | {"public_key": "eA=="}, NOW, "")


@pytest.mark.parametrize("level", ["L1", "L2", "L3", "L4"])
def test_nc_cloud_closes_bodies_as_openssl_and_gzip_open_them(level: str) -> None:
    key = b64(bytes(range(1, 33)))
    granted = lending("nccloud").granted({"success": True, "data": {"access_token": "T", "expires_in": 7200, "security_key": key}})
    assert granted is not None and granted.key == key
    keys = {"client_id": "hub", "public_key": "P", "token": "T", "token_key": key, "level": level}
    plain = '{"物料": ["导丝"]}'.encode()

    def opened(content: bytes) -> bytes:
        for step in {"L1": "e", "L2": "p", "L3": "ep", "L4": "pe"}[level]:
            content = base64.b64decode(content)
            told = ["openssl", "enc", "-d", "-aes-256-ctr", "-K", bytes(range(1, 33)).hex(), "-iv", key[:16].encode().hex()]
            content = run(told, input=content, capture_output=True, check=True).stdout if step == "e" else gzip.decompress(content)
        return content

    made = lending("nccloud").sign(Call("POST", "https://n", body=plain), keys, NOW, "")
    assert opened(made.body) == plain != made.body
    assert made.headers["signature"] == hashlib.sha256(b"hub" + plain + b"P").hexdigest(), "the digest is over the plain body"
    signer = registry.signer_named("nccloud")
    assert isinstance(signer, Opening)
    assert signer.opened(made.body, keys) == plain
    assert signer.opened(b'{"success": false}', keys) == b'{"success": false}', "a failure comes plainly"
    with pytest.raises(RetriableError, match="as the level says"):
        signer.opened(b"bm90aGluZw" if level != "L1" else b"!", keys)
    assert key in hidden(signer, keys)
    with pytest.raises(ConfigError, match="level is one of"):
        lending("nccloud").sign(Call("POST", "https://n"), keys | {"level": "L9"}, NOW, "")
    if level != "L2":
        with pytest.raises(ConfigError, match="no key for bodies"):
            lending("nccloud").sign(Call("POST", "https://n", body=plain), keys | {"token_key": ""}, NOW, "")


def test_flux_and_sf_digest_what_they_carry() -> None:
    body = '{"data":"箱"}'.encode()
    inner = b64(hashlib.md5(b"sec" + body + b"sec").hexdigest().encode())
    keys = {"app_token": "T", "app_secret": "sec"}
    made = signing("flux").sign(Call("POST", "https://f/", (("method", "putASN"),), body=body), keys, NOW, "")
    assert made.query == (("method", "putASN"), ("apptoken", "T"), ("timestamp", CHINESE), ("sign", inner.upper()), ("format", "JSON"))
    assert signing("flux").sign(Call("POST", "https://f/", body=body), keys | {"letters": "as_is"}, NOW, "").told("sign") == inner
    assert signing("flux").sign(Call("POST", "https://f/"), {"app_token": "T", "constant_sign": "FNLT"}, NOW, "").told("sign") == "FNLT"
    form = dict(signing("flux").sign(Call("POST", "https://f/", form=(("data", body.decode()),)), keys, NOW, "").form or ())
    assert form["sign"] == quote_plus(made.told("sign")) and form["apptoken"] == keys["app_token"], "the same digest, in the form"
    with pytest.raises(ConfigError, match="app_secret"):
        signing("flux").sign(Call("POST", "https://f/"), {"app_token": "T"}, NOW, "")

    # As java.net.URLEncoder has it: * stays, ~ does not, a space is a plus.
    text = "%7B%22no%22%3A%22a+*%7E%22%7D" + SECONDS + "word"
    call = Call("POST", "https://sf", form=(("serviceCode", "EXP"), ("msgData", '{"no":"a *~"}')))
    form = dict(signing("sf").sign(call, {"partner_id": "P", "check_word": "word"}, NOW, NONCE).form or ())
    assert form["msgDigest"] == b64(hashlib.md5(text.encode()).digest())
    assert (form["partnerID"], form["requestID"], form["timestamp"], form["serviceCode"]) == ("P", NONCE, SECONDS, "EXP")


def test_nmpa_puts_its_token_into_the_question() -> None:
    keys = {"app_id": "A", "app_secret": "S", "credit_code": "91310000MA1FL000XX"}
    call = lending("nmpa").ask("https://u", keys, NOW, NONCE)
    asked = json.loads(dict(call.form or ())["params"])
    assert call.url == "https://u/api/v2/token/get"
    assert (asked["apiCode"], asked["appSecret"], asked["TYSHXYDM"]) == ("P002", "S", "91310000MA1FL000XX")
    assert lending("nmpa").granted({"returnCode": 3, "accessToken": "T"}) is None
    call = Call("POST", "https://u", form=(("params", '{"apiCode":"D003","accessToken":"{token}"}'),))
    signed = lending("nmpa").sign(call, keys | {"token": 'a"b'}, NOW, NONCE).form
    assert json.loads(dict(signed or ())["params"])["accessToken"] == 'a"b'


QIMEN = {"app_key": "20", "secret": "qimen-secret", "customer_id": "C1"}
QIMEN_BODY = "<request><orderCode>入库1</orderCode></request>".encode()


def qimen_call(**changed: str) -> Heard:
    """A call of the warehouse, signed by hand."""
    names = {"app_key": "20", "customerId": "C1", "method": "entryorder.confirm", "timestamp": CHINESE, "v": "2.0"} | changed
    text = "".join(f"{name}{names[name]}" for name in sorted(names))
    sign = hashlib.md5(b"qimen-secret" + text.encode() + QIMEN_BODY + b"qimen-secret").hexdigest().upper()
    return Heard("POST", (*names.items(), ("sign", sign)), {}, QIMEN_BODY)


def test_qimen_is_signed_and_verified_by_the_same_digest() -> None:
    vouched = verifying("qimen").verify(qimen_call(), QIMEN, NOW)
    assert vouched.content == QIMEN_BODY
    assert vouched == verifying("qimen").verify(qimen_call(), QIMEN, NOW + dt.timedelta(seconds=299))  # again: the same delivery
    made = signing("qimen").sign(Call("POST", "https://q/", (("method", "entryorder.confirm"),), body=QIMEN_BODY), QIMEN, NOW, "")
    assert verifying("qimen").verify(Heard("POST", made.query, {}, QIMEN_BODY), QIMEN, NOW).content == QIMEN_BODY


LATER = NOW + dt.timedelta(seconds=30)


def test_what_a_platform_sends_again_is_the_same_delivery_although_it_is_stamped_and_signed_anew() -> None:
    stamp = LATER.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")
    millis = str(int(LATER.timestamp() * 1000))
    for signer, keys, first, again, other in (
        ("qimen", QIMEN, qimen_call(), qimen_call(timestamp=stamp), qimen_call(method="stockout.confirm")),
        ("fasc", FASC, fasc_call(), fasc_call(moment=millis, nonce="another"), fasc_call("sign-task-canceled")),
        ("esign", ESIGN, esign_call(), esign_call(moment=millis), None),
    ):
        key = verifying(signer).verify(first, keys, NOW).delivery_key
        if other is not None:
            assert verifying(signer).verify(other, keys, NOW).delivery_key != key
        assert verifying(signer).verify(again, keys, LATER).delivery_key == key, signer


def fasc_call(event: str = "sign-task-finished", moment: str = MILLIS, application: str = "app", nonce: str = NONCE) -> Heard:
    content = '{ "signTaskId": "1", "name": "张三+& " }'
    stated = {
        "X-FASC-App-Id": application,
        "X-FASC-Sign-Type": "HMAC-SHA256",
        "X-FASC-Timestamp": moment,
        "X-FASC-Nonce": nonce,
        "X-FASC-Event": event,
    }
    text = f"X-FASC-App-Id={application}&X-FASC-Event={event}&X-FASC-Nonce={nonce}&X-FASC-Sign-Type=HMAC-SHA256&X-FASC-Timestamp={moment}"
    signed = hashlib.sha256(f"{text}&bizContent={content}".encode()).hexdigest()
    stated["X-FASC-Sign"] = by_hand(by_hand("sec", moment), signed).hex()
    return Heard("POST", (), {name.lower(): value for name, value in stated.items()}, urlencode({"bizContent": content}).encode())


def test_fadada_verifies_the_exact_content_and_asks_for_its_token_without_any() -> None:
    keys = {"app_id": "app", "app_secret": "sec"}
    vouched = verifying("fasc").verify(fasc_call(), keys, NOW)
    assert vouched.content.decode() == '{ "signTaskId": "1", "name": "张三+& " }' and vouched.delivery_key.startswith("sign-task-finished/")
    asked = lending("fasc").ask("https://f/api", keys, NOW, NONCE)
    text = "&".join(f"{name}={value}" for name, value in sorted(asked.headers.items()) if name != "X-FASC-Sign")
    assert "bizContent" not in text and "X-FASC-Grant-Type=client_credential" in text
    assert asked.headers["X-FASC-Sign"] == by_hand(by_hand("sec", MILLIS), hashlib.sha256(text.encode()).hexdigest()).hex()
    assert lending("fasc").granted({"code": "100000", "data": {"accessToken": "T", "expiresIn": "7200"}}) is not None
    assert lending("fasc").granted({"code": "100002", "data": None}) is None


def esign_call(moment: str = MILLIS, application: str = "app", query: Pairs = (("b", "2"), ("a", "1"))) -> Heard:
    body = b'{"action":"SIGN_FLOW_COMPLETE"}'
    headers = {"x-tsign-open-app-id": application, "x-tsign-open-timestamp": moment}
    return Heard("POST", query, headers | {"x-tsign-open-signature": by_hand("sec", f"{moment}12".encode() + body).hex()}, body)


def test_e_sign_signs_the_sorted_query_and_verifies_its_callbacks() -> None:
    keys = {"app_id": "app", "app_secret": "sec"}
    made = signing("esign").sign(Call("GET", "https://e/v3/x", (("z", "1"), ("a", "号"))), keys, NOW, "").headers
    assert made["Content-MD5"] == ""
    assert made["X-Tsign-Open-Ca-Signature"] == b64(by_hand("sec", "GET\n*/*\n\napplication/json; charset=UTF-8\n\n/v3/x?a=号&z=1"))
    assert verifying("esign").verify(esign_call(), keys, NOW).content == b'{"action":"SIGN_FLOW_COMPLETE"}'


def docusign_call(*keys: str) -> Heard:
    body = b'{"event":"envelope-completed"}'
    return Heard("POST", (), {f"x-docusign-signature-{at}": b64(by_hand(key, body)) for at, key in enumerate(keys, 1)}, body)


def test_docusign_takes_any_of_several_keys_on_either_side() -> None:
    keys = {"key": "new", "previous_key": "old"}
    first = verifying("docusign").verify(docusign_call("strange", "old"), keys, NOW)
    assert first == verifying("docusign").verify(docusign_call("new"), keys, NOW + dt.timedelta(days=2))  # a repetition, known by its bytes


def hub_call(moment: str = SECONDS, nonce: str = "n1") -> Heard:
    headers = {"x-at": moment, "x-once": nonce, "x-signature": "v1=" + b64(by_hand("sec", f"{moment}|{nonce}|{{}}", "sha1"))}
    return Heard("POST", (), headers, b"{}")


HMAC = {"secret": "sec", "prefix": "v1=", "digest": "sha1", "spelling": "base64", "over": "moment, nonce, body", "join": "|"}
HMAC |= {"moment_header": "X-At", "nonce_header": "X-Once"}


def test_any_hmac_can_be_said_by_keys() -> None:
    # The example of GitHub's documentation on validating webhook deliveries.
    github = {"secret": "It's a Secret to Everybody", "header": "X-Hub-Signature-256", "prefix": "sha256="}
    known = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    heard = Heard("POST", (), {"x-hub-signature-256": known}, b"Hello, World!")
    assert verifying("hmac_header").verify(heard, github, NOW).content == b"Hello, World!"
    assert (
        signing("hmac_header").sign(Call("POST", "https://h", body=b"Hello, World!"), github, NOW, "").headers["X-Hub-Signature-256"]
        == known
    )
    assert verifying("hmac_header").verify(hub_call(), HMAC, NOW).delivery_key == "n1"
    sent = signing("hmac_header").sign(Call("POST", "https://h", body=b"{}"), HMAC, NOW, "n1").headers
    assert sent == {"X-Signature": hub_call().header("x-signature"), "X-At": SECONDS, "X-Once": "n1"}
    for wrong in ({"over": "moment"}, {"over": "body, cookie"}, {"digest": "md5"}, {"over": "moment, body", "moment_header": ""}):
        with pytest.raises((ConfigError, RefusedError)):
            verifying("hmac_header").verify(hub_call(), {**HMAC, **wrong}, NOW)


def other_body(heard: Heard) -> Heard:
    return replace(heard, body=heard.body + b" ")


OLD, AHEAD = "2026-11-22 10:50:59", "2026-11-22 11:01:01"
FASC = ESIGN = {"app_id": "app", "app_secret": "sec"}
FALSE = {
    "qimen, other body": ("qimen", QIMEN, other_body(qimen_call())),
    "qimen, other secret": ("qimen", {**QIMEN, "secret": "x"}, qimen_call()),
    "qimen, old": ("qimen", QIMEN, qimen_call(timestamp=OLD)),
    "qimen, ahead": ("qimen", QIMEN, qimen_call(timestamp=AHEAD)),
    "qimen, no time": ("qimen", QIMEN, qimen_call(timestamp="soon")),
    "qimen, other customer": ("qimen", QIMEN, qimen_call(customerId="C2")),
    "qimen, a name twice": ("qimen", QIMEN, replace(qimen_call(), query=(*qimen_call().query, ("customerId", "C1")))),
    "qimen, no method": ("qimen", QIMEN, qimen_call(method="")),
    "qimen, nothing": ("qimen", QIMEN, Heard("POST", (), {}, b"")),
    "fasc, other body": ("fasc", FASC, replace(fasc_call(), body=b"bizContent=x")),
    "fasc, other event": (
        "fasc",
        {"app_id": "app", "app_secret": "sec"},
        replace(fasc_call(), headers={**fasc_call().headers, "x-fasc-event": "y"}),
    ),
    "fasc, other application": ("fasc", FASC, fasc_call(application="b")),
    "fasc, old": ("fasc", FASC, fasc_call(moment="1795315000000")),
    "fasc, no form": ("fasc", FASC, replace(fasc_call(), body=b"\xff=\xfe")),
    "esign, other query": ("esign", ESIGN, esign_call(query=(("a", "2"),))),
    "esign, old": ("esign", ESIGN, esign_call(moment="1795315000000")),
    "esign, other application": ("esign", ESIGN, esign_call(application="b")),
    "docusign, strangers": ("docusign", {"key": "new"}, docusign_call("a", "b")),
    "docusign, nothing": ("docusign", {"key": "new"}, docusign_call()),
    "hmac, old": ("hmac_header", HMAC, hub_call(moment="1795315000")),
    "hmac, no time": ("hmac_header", HMAC, hub_call(moment="")),
    "hmac, other nonce": ("hmac_header", HMAC, replace(hub_call(), headers={**hub_call().headers, "x-once": "n2"})),
}


@pytest.mark.parametrize("case", FALSE)
def test_a_callback_that_is_not_the_partners_or_not_of_now_is_refused(case: str) -> None:
    name, keys, heard = FALSE[case]
    with pytest.raises(RefusedError) as refused:
        verifying(name).verify(heard, keys, NOW)
    assert not any(value in str(refused.value) for key, value in keys.items() if "secret" in key)


def test_keys_are_named_never_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    qimen = registry.signer_named("qimen")
    (tmp_path / "secret").write_text("from a file\n")
    given = {"app_key": "20", "customer_id": "C1", "secret_file": str(tmp_path / "secret")}
    assert keys_of(qimen, given) == {"app_key": "20", "customer_id": "C1", "secret": "from a file"}
    monkeypatch.setenv("QIMEN", "of the environment")
    assert keys_of(qimen, {"app_key": 20, "customer_id": "C1", "secret_env": "QIMEN"})["secret"] == "of the environment"
    for wrong, told in (
        ({**given, "secret": "x"}, "does not belong into a site's file"),
        ({**given, "costumer": "x"}, "unknown key costumer"),
        ({"app_key": "20", "secret_env": "QIMEN"}, "customer_id is missing"),
        ("secret", "keys are names and values"),
    ):
        with pytest.raises(ConfigError, match=told):
            keys_of(qimen, wrong)
    with pytest.raises(ConfigError, match="there is no signer 'kimen'"):
        registry.signer_named("kimen")


def test_no_text_shows_a_secret_however_it_is_spelled() -> None:
    u8 = registry.signer_named("u8")
    keys = {"app_key": "K", "app_secret": "a b/c+d", "token": "t=1"}
    assert hidden(u8, keys) == {"a b/c+d", "t=1"}
    address = f"https://u8/?{urlencode({'app_secret': 'a b/c+d'})}&also=a%20b%2Fc%2Bd&path=a%20b/c%2Bd&token=t%3D1 plain a b/c+d t=1"
    assert masked(address, hidden(u8, keys)) == "https://u8/?app_secret=***&also=***&path=***&token=*** plain *** ***"
    assert parse_qs(urlsplit(masked("https://u8/?token=t%3D1&x=2", hidden(u8, keys))).query) == {"token": ["***"], "x": ["2"]}


@pytest.mark.parametrize("name", registry.signer_names())
def test_every_signer_says_what_it_was_held_against(name: str) -> None:
    found = registry.signer_named(name)
    assert found.name == name and (isinstance(found, Signing | Verifying))
    assert found.secrets <= found.needs | found.may
    said = import_module(f"connectors.signers.{name}").__doc__ or ""
    assert ("UNVERIFIED" in said) == (found.proof is None or "unverified" in found.proof)
    (row,) = [line for line in DOCS.splitlines() if line.startswith(f"| `{name}` |")]
    assert ("**unverified**" in row) == (found.proof is None or "unverified" in found.proof)
    assert all(f"`{key}`" in row or f"`{key}_env`" in row for key in found.needs | found.may)
