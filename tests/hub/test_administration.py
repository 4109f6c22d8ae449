"""The worker's command and the outbox's, as a person types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub import outbound, worker
from hub.cli import application
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import outbox
from tests.hub.conftest import SITE, take
from tests.hub_api.papers import orders


@pytest.fixture
def home(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one order that waits in the outbox, behind a file that stands where the folder should be."""
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(shutil.copytree(SITE, tmp_path / "site")))
    monkeypatch.setenv("UDIHUB_DATABASE_URL", database_url)
    monkeypatch.setattr(worker, "tune", lambda: None)  # of a process that does nothing else; this one runs tests
    hub = Hub.open(Settings.from_environment())
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    outbound.push(hub, hub.site.flows["orders_to_acme"])
    hub.database.close()
    return tmp_path / "home"


def run(*words: str) -> tuple[int, str]:
    """Exit code and what was said on standard output; a log of the store is none of it."""
    done = CliRunner().invoke(application(), words)
    lines = [line for line in done.stdout.splitlines(keepends=True) if "durability checks are off" not in line]
    return done.exit_code, "".join(lines)


def test_the_outbox_is_listed_and_what_is_dead_is_sent_again(home: Path) -> None:
    hub = Hub.open(Settings.from_environment())
    (parcel,) = outbox.claim(hub.database, 1, 60)
    with hub.database.begin("test") as uow:
        outbox.failed(uow, parcel, "the peer is gone", 0)
    hub.database.close()
    assert run("outbox", "list", "--state", "waiting") == (0, "")
    code, text = run("outbox", "list", "--state", "dead")
    row = json.loads(text)
    assert code == 0 and (row["partner"], row["state"], row["answer"], row["route"]) == ("acme", "dead", "the peer is gone", "folder")
    assert run("key", "create", "ira", "--role", "integration")[0] == 0
    for wrong in ((), (str(row["id"]), "--destination", "folder out"), (str(row["id"]), "--partner", "acme")):
        assert run("outbox", "resend", *wrong, "--reason", "x")[0] != 0
    all_of_it = ("outbox", "resend", "--destination", row["destination"], "--partner", "acme", "--reason", "it is back", "--by", "ira")
    assert run(*all_of_it) == (0, "1 sent again\n") and run(*all_of_it)[0] != 0, "there is no other"
    assert run("outbox", "resend", str(row["id"]), "--reason", "it is back", "--by", "ira") == (0, f"outbox {row['id']}\n")
    assert run("worker", "--once") == (0, "")
    assert json.loads(run("outbox", "list")[1])["state"] == "sent"
    assert len([path for path in (home / "out" / "acme").iterdir() if path.is_file()]) == 1


def test_a_worker_that_could_not_do_everything_says_so_at_its_end(home: Path, tmp_path: Path) -> None:
    agreement = tmp_path / "site" / "agreements" / "orders_to_acme.yaml"
    agreement.write_text(agreement.read_text().replace("x12/850", "x12/856"))
    done = CliRunner().invoke(application(), ["worker", "--once"])
    assert done.exit_code == 1 and "not done: push orders_to_acme" in done.stderr
    assert json.loads(run("outbox", "list")[1])["state"] == "sent", "what waited went out all the same"
