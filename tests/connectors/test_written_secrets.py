"""Secrets that stand in a site's file as they are: refused wherever a peer would be told them, with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from connectors.credentials import is_secret, refuse_written
from connectors.http_access import Access, Asking
from connectors.registry import transport_named
from connectors.spec import Checked
from connectors.sql_access import engine_of, url_of
from data_contracts import config_texts
from data_contracts.errors import ConfigError

REST = {"use": "rest", "url": "https://erp.example/api", "path": "orders", "delta": {"kind": "whole", "id": "id"}}
ODATA = {"use": "odata", "url": "https://erp.example/odata", "entity": "Things", "delta": {"kind": "whole", "id": "id"}}
SENDS = {"use": "rest", "url": "https://erp.example/api", "send": {"path": "orders"}}
LOGIN = {"kind": "login", "path": "login", "at": "token"}
OAUTH = {"kind": "oauth2", "grant": "client_credentials", "token_url": "https://erp.example/token", "client_id": "hub"}


@pytest.mark.parametrize(
    ("settings", "place", "name", "instead"),
    [
        (
            REST | {"headers": {"Authorization": "Bearer SECRET-1"}},
            "headers",
            "Authorization",
            "auth of the kind header with secret_env",
        ),
        (REST | {"headers": {"X-Api-Key": 12345}}, "headers", "X-Api-Key", "of the kind header"),
        (REST | {"query": {"api_key": "SECRET-2"}}, "query", "api_key", "auth of the kind query with secret_env"),
        (REST | {"url": "https://erp.example/api?key=SECRET-3"}, "url", "key", "of the kind query"),
        (REST | {"path": "orders?x=1&accessToken=SECRET-3"}, "path", "accessToken", "of the kind query"),
        (ODATA | {"url": "https://erp.example/odata?subscription-key=SECRET-3"}, "url", "subscription-key", "of the kind query"),
        (ODATA | {"headers": {"Ocp-Apim-Subscription-Key": "SECRET-4"}}, "headers", "Ocp-Apim-Subscription-Key", "of the kind header"),
        (SENDS | {"send": {"path": "o", "headers": {"Cookie": "session=SECRET"}}}, "send.headers", "Cookie", "of the kind header"),
        (SENDS | {"send": {"path": "o?token=SECRET"}}, "send.path", "token", "of the kind query"),
        (
            REST | {"auth": LOGIN | {"json": {"user": "hub", "password": "SECRET-5"}}},
            "auth.json",
            "password",
            "write the word password or secret in braces",
        ),
        (
            REST | {"auth": LOGIN | {"form": {"user": {"pwd": "SECRET-5"}}}},
            "auth.form.user",
            "pwd",
            "write the word password or secret in braces",
        ),
        (
            REST | {"auth": OAUTH | {"extra": {"client_secret": "SECRET-6"}}},
            "auth.extra",
            "client_secret",
            "client_secret_env or client_secret_file",
        ),
        (
            REST | {"auth": OAUTH | {"token_url": "https://erp.example/token?client_secret=S"}},
            "auth.token_url",
            "client_secret",
            "in braces",
        ),
    ],
)
def test_a_secret_that_is_written_is_refused_with_what_to_write_instead(
    settings: dict[str, Any], place: str, name: str, instead: str
) -> None:
    transport = transport_named(settings["use"])
    assert isinstance(transport, Checked)
    with pytest.raises(ConfigError) as refused:
        transport.check(settings, asks="send" not in settings)
    said = str(refused.value)
    assert f": {place} holds the secret {name}," in said and instead in said and "SECRET" not in said and "12345" not in said
    chinese = config_texts.told(said, "zh-CN")
    assert "不应写在站点文件中；请" in chinese and chinese.startswith("传输")
    with pytest.raises(ConfigError, match="holds the secret"):
        if "send" in settings:
            transport.send(settings, "a.json", b"{}", "id")
        else:
            list(transport.pages(settings, None))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "settings",
    [
        REST | {"headers": {"Accept": "application/json", "X-Odoo-Database": "erp", "X-CSRF-Token": "fetch", "Idempotency-Key": "x"}},
        REST | {"query": {"pageToken": "0", "sap-client": "100", "order_key": "7", "fields": "token,password", "since": "{since}"}},
        REST | {"url": "https://erp.example/api?version=2&$skiptoken=1"},
        REST | {"auth": LOGIN | {"json": {"user": "hub", "password": "{password}", "remember_token": False, "secret": ""}}},
        REST | {"auth": OAUTH | {"extra": {"resource": "x", "token_type": "jwt", "api_key_id": "7", "audience": "y"}}},
        REST | {"headers": {"Authorization": "Bearer {token}"}},
        SENDS | {"send": {"path": "orders/{number}?token={token}", "idempotency": "Idempotency-Key", "headers": {"Prefer": "x"}}},
    ],
)
def test_what_is_no_secret_may_be_written(settings: dict[str, Any]) -> None:
    refuse_written(settings, settings["use"])


def test_a_token_endpoint_is_told_secrets_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLD", "hush hush")
    access = Access(OAUTH | {"extra": {"api_key": "{secret}", "audience": "erp"}, "secret_env": "TOLD"}, "rest")
    told: list[Asking] = []

    def post(asking: Asking) -> Any:
        told.append(asking)
        return {"access_token": "lent"}

    headers: dict[str, str] = {}
    access.apply(headers, [], post, lambda: 0.0)
    assert told[0].form is not None and (told[0].form["api_key"], told[0].form["audience"]) == ("hush hush", "erp")
    assert headers == {"Authorization": "Bearer lent"} and "hush hush" in access.used


def test_the_last_word_of_a_name_says_whether_it_is_a_secret() -> None:
    for name in (
        "key",
        "Key",
        "apiKey",
        "APIKey",
        "api-key",
        "apikey",
        "x-functions-key",
        "token",
        "X-Auth-Token",
        "clientsecret",
        "用户密码",
        "PWD",
    ):
        assert is_secret(name), name
    for name in ("", "keys", "key_id", "number", "primary_key", "token_type", "nextPageToken", "$skiptoken", "tokens", "secretary", "客户"):
        assert not is_secret(name), name


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql+psycopg://u@db.example/x?password=SECRET-4", "password does not belong"),
        ("postgresql+psycopg://u@db.example/x?sslpassword=SECRET-4", "sslpassword does not belong"),
        ("mariadb+pymysql://u@db.example/x?passwd=SECRET-4", "passwd does not belong"),
        ("mariadb+pymysql://u@db.example/x?ssl_disabled=true", "may not say ssl_disabled"),
        ("mysql+pymysql://u@db.example/x?ssl_verify_cert=false", "may not say ssl_verify_cert"),
        ("mysql+pymysql://u@db.example/x?read_default_file=/etc/my.cnf", "may not say read_default_file"),
        ("mariadb+pymysql://u@db.example/x?init_command=SET+x", "may not say init_command"),
        ("mariadb+pymysql://u@db.example/x?local_infile=1", "may not say local_infile"),
        ("postgresql+psycopg://u@db.example/x?durable=off", "may not say durable"),
        ("sqlite:///x.db?timeout=5", "may not say timeout"),
    ],
)
def test_an_address_of_a_database_says_neither_a_secret_nor_whom_to_trust(address: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        url_of({"database": address})
    assert "SECRET" not in str(refused.value)
    chinese = config_texts.told(str(refused.value), "zh-CN")
    assert "不应写在站点文件中" in chinese or "地址中不得有" in chinese


def test_what_an_address_may_say_never_weakens_what_is_verified() -> None:
    for address in (
        "mariadb+pymysql://u@db.example/x?charset=utf8mb4",
        "postgresql+psycopg://u@db.example/x?sslmode=disable&sslrootcert=/x&options=-c",
    ):
        engine = engine_of({"database": address}, 5)
        seen: dict[str, Any] = {}

        def connecting(dialect: Any, record: Any, positional: Any, named: dict[str, Any], seen: dict[str, Any] = seen) -> Any:
            seen.update(named)
            raise ConnectionAbortedError

        sa.event.listen(engine, "do_connect", connecting)
        with pytest.raises(ConnectionAbortedError):
            engine.connect()
        assert seen.get("ssl") is not None or (seen["sslmode"], seen["sslrootcert"]) == ("verify-full", "system")


@pytest.mark.parametrize(("auth", "told"), [
    ({"kind": "header", "name": "X-Key", "secret": "abcdef"}, "secret does not belong"),
    ({"kind": "basic", "user": "hub", "password": "abcdef"}, "password does not belong"),
    ({"kind": "basic", "user": "hub"}, "name the password by"),
    ({"kind": "header", "name": "Authorization", "prefix": "Bearer eyJhbGciOiJI.e30.abc", "secret_env": "X"}, "looks like a secret"),
    (OAUTH | {"client_secret": "abcdef"}, "client_secret does not belong"),
    (OAUTH, "name the client_secret by"),
])  # fmt: skip
def test_what_lets_us_in_is_named_before_anybody_is_asked(auth: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Access(auth, "rest")


def test_a_secret_that_no_header_can_bear_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASTED", "“key”")
    access = Access({"kind": "header", "name": "X-Key", "secret_env": "PASTED"}, "rest")
    with pytest.raises(ConfigError, match="no header can bear"):
        access.apply({}, [], lambda _asking: None, lambda: 0.0)
