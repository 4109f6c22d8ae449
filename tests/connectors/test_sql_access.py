"""Beyond this machine no database gets a password before it has shown a certificate that we trust."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.registry import transport_named
from connectors.spec import Polling
from connectors.sql_access import engine_of
from data_contracts.errors import ConfigError, RetriableError
from tests.peers.local_certificate import local_certificate

PASSWORD = "骨钉 42"


@contextmanager
def a_server_without_tls() -> Iterator[tuple[int, list[bytes]]]:
    """It answers PostgreSQL's question for TLS with no, and keeps all that it hears."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                line.settimeout(2)
                while piece := line.recv(4096):
                    heard.append(piece)
                    line.sendall(b"N")

    threading.Thread(target=listen, daemon=True).start()
    yield listener.getsockname()[1], heard
    listener.close()


def settings(database: str, **more: Any) -> dict[str, Any]:
    delta = {"kind": "whole", "id": "id"}
    return {"use": "sql", "database": database, "password_env": "DB_PASSWORD", "view": "v", "columns": ["id"], "delta": delta, **more}


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", PASSWORD)


def test_a_server_that_speaks_no_tls_hears_nothing(tmp_path: Path) -> None:
    certificate, _ = local_certificate(tmp_path)
    transport = transport_named("sql")
    assert isinstance(transport, Polling)
    with a_server_without_tls() as (port, heard), pytest.raises(RetriableError, match="SSL"):
        list(transport.pages(settings(f"postgresql+psycopg://reader@127.0.0.1:{port}/erp", ca_file=str(certificate)), None))
    assert heard == [b"\x00\x00\x00\x08\x04\xd2\x16\x2f"], "the question for TLS, and neither name nor password"


@pytest.mark.parametrize(
    ("address", "more", "verified"),
    [
        ("postgresql+psycopg://r@db.example/erp", {}, True),
        ("postgresql+psycopg://r@10.0.0.7:5433/erp", {}, True),
        ("postgresql+psycopg://r@db.example/erp", {"allow_plain": True}, False),
        ("postgresql+psycopg://r@127.0.0.1/erp", {}, False),
        ("postgresql+psycopg://r@[::1]/erp", {}, False),
        ("postgresql+psycopg://r@/erp?host=/run/postgresql", {}, False),
        ("postgresql+psycopg://r@/erp?host=127.0.0.1:5433", {}, False),
        ("postgresql+psycopg://r@/erp?host=db.example", {}, True),
        ("postgresql+psycopg://r@127.0.0.1/erp?host=db.example", {}, True),
        ("postgresql+psycopg://r@/erp?host=127.0.0.1&host=db.example", {}, True),
        ("postgresql+psycopg://r@127.0.0.1/erp?hostaddr=10.0.0.7", {}, True),
        ("postgresql+psycopg://r@/erp?service=erp", {}, True),
        ("mariadb+pymysql://r@db.example/erp", {}, True),
        ("mariadb+pymysql://r@localhost/erp", {}, False),
        ("mysql+pymysql://r@db.example/erp", {"allow_plain": True}, False),
    ],
)
def test_beyond_this_machine_certificates_are_verified(
    address: str, more: dict[str, Any], verified: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    made = sa.create_engine

    def engine(url: sa.URL, **named: Any) -> sa.Engine:
        given.update(named["connect_args"])
        return made(url, **named)

    monkeypatch.setattr(sa, "create_engine", engine)
    engine_of(settings(address, **more), 5)
    context = given.get("ssl")
    if context is not None:
        assert isinstance(context, ssl.SSLContext) and context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
    assert (context is not None or (given.get("sslmode"), given.get("sslrootcert")) == ("verify-full", "system")) is verified


def test_an_address_cannot_take_it_back(tmp_path: Path) -> None:
    """What the transport says of TLS is said behind what the address says."""
    certificate, _ = local_certificate(tmp_path)
    transport = transport_named("sql")
    assert isinstance(transport, Polling)
    with a_server_without_tls() as (port, heard), pytest.raises(RetriableError, match="SSL"):
        address = f"postgresql+psycopg://reader@127.0.0.1:{port}/erp?sslmode=disable"
        list(transport.pages(settings(address, ca_file=str(certificate)), None))
    assert len(heard) == 1


def test_a_driver_that_cannot_be_told_is_refused_beyond_this_machine() -> None:
    with pytest.raises(ConfigError, match="PyMySQL"):
        engine_of(settings("mysql+mysqldb://r@db.example/erp"), 5)
