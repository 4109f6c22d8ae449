"""The command line on a real home: exit codes, public JSON shapes, and words instead of tracebacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mappings.engine import load
from tests import nursery
from tests.hub_api.papers import ACME, WRONG_GTIN, despatch, interchange, orders

LINES = '[{"line": "1", "gtin": "06901234000023", "quantity": "5", "unit": "EA"}]'
SITE = Path(__file__).parents[1] / "samples" / "site"


@pytest.fixture
def udihub(tmp_path: Path):  # type: ignore[no-untyped-def]
    environment = {**os.environ, "UDIHUB_HOME": str(tmp_path / "home"), "UDIHUB_SITE": str(SITE), "UDIHUB_LANG": "en"}
    environment.pop("UDIHUB_DATABASE_URL", None)

    def run(*arguments: str, anew: bool = False) -> subprocess.CompletedProcess[str]:
        if not anew:
            return nursery.run(arguments, environment, tmp_path, 120)
        command = [sys.executable, "-m", "hub.cli", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.mark.slow
def test_check_map_ingest_and_explain(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    good, bad, torn = tmp_path / "good.edi", tmp_path / "bad.edi", tmp_path / "torn.edi"
    good.write_bytes(interchange(ACME, 1, despatch("D1")))
    bad.write_bytes(interchange(ACME, 2, despatch("D2", gtin=WRONG_GTIN)))
    torn.write_bytes(b"")
    done = udihub("check", str(good), "--partner", "acme", "--json", anew=True)
    answer = json.loads(done.stdout)
    assert (
        done.returncode == 0
        and answer["valid"]
        and list(answer)[:6] == ["file", "format", "valid", "findings", "acknowledgement", "interchanges"]
    )
    (message,) = answer["interchanges"][0]["groups"][0]["messages"]
    assert (message["type"], message["version"], message["valid"]) == ("856", "004010", True)
    done = udihub("check", str(bad), "--partner", "acme", "--json")
    (finding,) = [f for f in json.loads(done.stdout)["interchanges"][0]["groups"][0]["messages"][0]["findings"] if f["severity"] == "error"]
    assert done.returncode == 1
    assert finding["rule"] == "GS1-01" and finding["place"]["segment"] == "LIN" and finding["place"]["element"] == 3
    assert set(finding) == {"rule", "severity", "action", "code", "place", "expected", "got", "message"}
    done = udihub("check", str(torn), "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["findings"][0]["rule"] == "FED-01"
    done = udihub("map", str(good), "--partner", "acme")
    assert json.loads(done.stdout)["lines"][0]["quantity"] == "24"
    done = udihub("ingest", str(good), "--partner", "acme", "--json")
    (exchange,) = json.loads(done.stdout)["exchanges"]
    assert (exchange["state"], exchange["acknowledgement"]) == ("applied", "accepted")
    order = tmp_path / "orders.json"
    order.write_bytes(orders("4500000001"))
    assert udihub("ingest", str(order), "--partner", "erp", "--agreement", "orders_north").returncode == 0
    explained = json.loads(udihub("explain", "order/4500000001/1", "despatched", "--json").stdout)
    assert explained["value"] == "24"
    assert (explained["steps"][0]["segment"], explained["steps"][0]["element"], explained["steps"][0]["mapping"]) == (
        "SN1",
        2,
        f"x12/856 version {load('x12/856').version}",
    )
    shown = json.loads(udihub("exchange", "show", str(exchange["id"]), "--json").stdout)
    assert shown["partner"] == "acme" and shown["history"][0]["state"] == "applied"
    listed = udihub("exchange", "list", "--find", "4500000001").stdout
    assert "despatch_advice/D1" in listed and "purchase_order/4500000001" in listed, "a pipe has whole keys"
    verified = udihub("audit", "verify")
    assert verified.returncode == 0 and "INTACT: " in verified.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nowhere.edi"], "No such file"),
        (["check", "x", "--partner", "nobody"], "no partner 'nobody'"),
        (["explain", "order/1/1", "received"], "no order"),
        (["exchange", "show", "99"], "no exchange 99"),
        (["exchange", "replay", "99", "--reason", "r"], "no "),
        (["flow", "run", "nothing"], "no flow"),
        (["document", "retry", "7", "--reason", "r"], "not put aside"),
    ],
)
def test_a_mistake_is_answered_in_words(udihub, arguments: list[str], words: str) -> None:  # type: ignore[no-untyped-def]
    done = udihub(*arguments, anew=arguments[-1] == "99")  # one that starts from nothing: exit codes and words are all that a shell sees
    assert done.returncode != 0
    assert words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_what_cannot_be_written_is_said_in_words(udihub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "record.json"
    file.write_text("{")
    assert "not readable as JSON" in udihub("write", str(file), "--to", "x12/850").stderr
    file.write_text('{"entity": "DespatchAdvice", "number": "D1", "issued_at": "2026-11-22T08:00:00+01:00"}')
    assert "says a PurchaseOrder" in udihub("write", str(file), "--to", "x12/850").stderr
    file.write_text('{"entity": "PurchaseOrder", "number": "45", "issued_at": "2026-11-22T08:00:00+01:00", "lines": ' + LINES + "}")
    done = udihub("write", str(file), "--to", "x12/850", "--partner", "acme")
    assert done.returncode == 0 and "BEG*00*" in done.stdout and "*ZZ*NORTH" in done.stdout
