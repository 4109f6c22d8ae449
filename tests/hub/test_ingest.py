"""`udihub ingest` says what the store holds: outcome, exchanges and answer, not what a second look at the file would say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from data_contracts.config_texts import told
from data_contracts.errors import ConfigError
from hub.cli import application
from hub.clock import FrozenClock, SystemClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables
from hub.store.database import Database
from tests.hub.acknowledge.test_business import functional, sent_orders
from tests.hub.conftest import SITE
from tests.hub_api.papers import ACME, WRONG_GTIN, despatch, interchange


@pytest.fixture
def ingest(database_url: str, tmp_path: Path) -> Any:
    environment = {
        "UDIHUB_HOME": str(tmp_path / "home"),
        "UDIHUB_SITE": str(SITE),
        "UDIHUB_DATABASE_URL": database_url,
        "UDIHUB_CLOCK": "2026-11-22T08:00:00+00:00",
    }

    def run(name: str, content: bytes, partner: str = "acme") -> tuple[int, dict[str, Any]]:
        file = tmp_path / name
        if not file.exists():  # the same file again is the same delivery
            file.write_bytes(content)
        ran = CliRunner().invoke(application(), ["ingest", str(file), "--partner", partner, "--json"], env=environment)
        (line,) = [line for line in ran.stdout.splitlines() if line.startswith("{")] or [ran.output]
        return ran.exit_code, json.loads(line)

    return run


def test_what_was_taken_is_told_with_its_answer(ingest: Any) -> None:
    code, answer = ingest("a.edi", interchange(ACME, 7, despatch("S1")))
    assert (code, answer["outcome"], answer["state"], answer["format"], answer["valid"]) == (0, "new", "processed", "x12", True)
    assert [(row["type"], row["state"], row["acknowledgement"]) for row in answer["exchanges"]] == [("856", "applied", "accepted")]
    assert "AK9*A*1*1*1" in answer["acknowledgement"]
    (envelope,) = answer["interchanges"]
    assert (envelope["sender"], envelope["control"], envelope["outcome"]) == ("ZZ:ACME", "000000007", "accepted")
    assert [(group["type"], len(group["messages"])) for group in envelope["groups"]] == [("SH", 1)]
    again = ingest("a.edi", interchange(ACME, 7, despatch("S1")))[1]
    assert {**again, "outcome": "new"} == answer and again["outcome"] == "repeat", "the first answer again"
    _, other = ingest("copy.edi", interchange(ACME, 7, despatch("S1")))
    assert (other["outcome"], other["exchanges"], other["interchanges"][0]["outcome"]) == ("new", [], "repeat")
    assert other["acknowledgement"] == answer["acknowledgement"]


def test_a_used_number_with_other_bytes_is_told_as_refused(ingest: Any) -> None:
    ingest("a.edi", interchange(ACME, 7, despatch("S1")))
    code, answer = ingest("b.edi", interchange(ACME, 7, despatch("S2")))
    assert (code, answer["valid"], answer["exchanges"][0]["state"]) == (1, False, "rejected")
    assert "TA1*000000007*" in answer["acknowledgement"] and "*R*025" in answer["acknowledgement"]
    assert "AK9" not in answer["acknowledgement"]
    assert [(row["outcome"], row["valid"], [one["rule"] for one in row["findings"]]) for row in answer["interchanges"]] == [
        ("conflict", False, ["DUP-03"])
    ]


def test_what_is_held_or_unreadable_is_told(ingest: Any) -> None:
    code, answer = ingest("a.edi", interchange(ACME, 7, despatch("S1", gtin=WRONG_GTIN)))
    assert (code, answer["state"], answer["valid"], answer["exchanges"][0]["state"]) == (1, "quarantined", False, "quarantined")
    code, answer = ingest("b.bin", b"\x00\x01\x02" * 100)
    assert (code, answer["state"], answer["valid"], answer["interchanges"]) == (2, "rejected", False, [])
    assert answer["findings"]


@pytest.mark.parametrize(
    ("arguments", "english", "chinese"),
    [
        (
            ("--partner", "acme", "--agreement", "acme_inn"),
            "partner acme has no agreement 'acme_inn'; what it sends is read by acme_in, acme_south_in",
            "伙伴 acme 没有协议 'acme_inn'；其发来的文件由 acme_in, acme_south_in 读取",
        ),
        (("--partner", "acmee"), "the site has no partner 'acmee'; did you mean acme?", "站点没有伙伴 'acmee'；是否应为 acme？"),
    ],
)
def test_whom_or_what_the_site_does_not_know_is_refused_before_anything_is_landed(
    tmp_path: Path, arguments: tuple[str, ...], english: str, chinese: str
) -> None:
    home, file = tmp_path / "home", tmp_path / "a.edi"
    file.write_bytes(interchange(ACME, 7, despatch("S1")))
    environment = {"UDIHUB_HOME": str(home), "UDIHUB_SITE": str(SITE), "UDIHUB_CLOCK": "2026-11-22T08:00:00+00:00"}
    ran = CliRunner().invoke(application(), ["ingest", str(file), *arguments], env=environment)
    assert isinstance(ran.exception, ConfigError) and str(ran.exception) == english
    assert told(english, "zh-CN") == chinese
    database = Database.open(f"sqlite:///{home / 'udihub.db'}", home, SystemClock())
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.document)).scalar_one() == 0
    database.close()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "850 4500000002, exchange 4: REJECTED by the partner (R)"), ("zh-CN", "伙伴已拒绝")]
)
def test_an_answer_is_told_as_what_it_says_of_which_document(
    database_url: str, tmp_path: Path, clock: FrozenClock, language: str, words: str
) -> None:
    hub = Hub.open(Settings(tmp_path / "home", SITE, database_url, "en", 1_000_000, clock))
    one, two = sent_orders(hub, "4500000001", "4500000002")
    hub.database.close()
    file = tmp_path / "997.edi"
    file.write_bytes(functional(50, ("0001", "R"), group="2") + functional(51, ("0001", "A"), group="1"))
    environment = {"UDIHUB_HOME": str(tmp_path / "home"), "UDIHUB_SITE": str(SITE), "UDIHUB_DATABASE_URL": database_url}
    ran = CliRunner().invoke(application(), ["ingest", str(file), "--partner", "acme"], env={**environment, "UDIHUB_LANG": language})
    told = [line.strip() for line in ran.output.splitlines() if "4500000" in line]
    assert [(str(one) in told[0], "4500000001" in told[0]), (str(two) in told[1], "4500000002" in told[1])] == [(True, True)] * 2
    assert words in told[1] and words not in told[0] and "acknowledged" not in ran.output
