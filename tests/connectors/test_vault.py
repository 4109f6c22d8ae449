"""Secrets that a vault keeps, asked by the vault's own program."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors import vault
from connectors.credentials import secret
from data_contracts.errors import ConfigError, RetriableError
from hub.runtime import local

PROGRAM = """import sys, pathlib
asked = pathlib.Path(sys.argv[1]); asked.write_text(asked.read_text() + sys.argv[-1] + "\\n")
if sys.argv[-1] == "sealed": print("token s3cret is refused", file=sys.stderr); sys.exit(2)
if sys.argv[-1] == "bytes": sys.stdout.buffer.write(b"\\xff\\xfe"); sys.exit(0)
print("" if sys.argv[-1] == "empty" else "of " + sys.argv[-1])
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    program, log = tmp_path / "a vault.py", tmp_path / "asked"
    program.write_text(PROGRAM)
    log.write_text("")
    monkeypatch.setenv("UDIHUB_VAULT_COMMAND", shlex.join([sys.executable, str(program), str(log)]))
    vault.forget()
    yield log
    vault.forget()


def test_a_secret_is_named_where_a_file_may_be_and_asked_for_once_a_minute(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = local({"auth": {"secret_file": "vault:kv/erp#$(id) x"}, "key_file": "keys/a.pem"}, Path("/srv/hub"))
    assert settings == {"auth": {"secret_file": "vault:kv/erp#$(id) x"}, "key_file": "/srv/hub/keys/a.pem"}
    assert [secret(settings["auth"], "secret") for _ in range(3)] == ["of kv/erp#$(id) x"] * 3, "one argument, and no shell"
    assert asked.read_text().splitlines() == ["kv/erp#$(id) x"]
    monkeypatch.setattr(vault, "_KEPT_SECONDS", -1.0)
    assert secret(settings["auth"], "secret") and len(asked.read_text().splitlines()) == 2, "a secret that was changed is in use soon"


def test_the_reference_stands_where_the_braces_are(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UDIHUB_VAULT_COMMAND", f"{shlex.quote(sys.executable)} -c 'import sys; print(sys.argv[1:])' get secret/{{}} -v")
    assert secret({"password_file": "vault:erp"}, "password") == "['get', 'secret/erp', '-v']"


def test_what_a_vault_does_not_give(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RetriableError, match="does not give sealed") as told:
        secret({"password_file": "vault:sealed"}, "password")
    assert "s3cret" not in str(told.value), "what the program says may hold anything"
    for reference, said in (("bytes", "no text"), ("empty", "nothing as empty")):
        with pytest.raises(ConfigError, match=said):
            secret({"password_file": f"vault:{reference}"}, "password")
    monkeypatch.setenv("UDIHUB_VAULT_COMMAND", "/no/such/program")
    with pytest.raises(ConfigError, match="no program /no/such/program"):
        secret({"password_file": "vault:x"}, "password")
    monkeypatch.delenv("UDIHUB_VAULT_COMMAND")
    with pytest.raises(ConfigError, match="set UDIHUB_VAULT_COMMAND"):
        secret({"password_file": "vault:x"}, "password")
    monkeypatch.setenv("UDIHUB_VAULT", "nobody")
    with pytest.raises(ConfigError, match="no package brings a vault nobody"):
        secret({"password_file": "vault:x"}, "password")
