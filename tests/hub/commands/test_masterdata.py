"""`udihub masterdata`: what a steward does at the command line, from the duplicate to the golden record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub import pipeline
from hub.apply import Applicable, apply
from hub.cli import application
from hub.runtime import Hub
from hub.store import bulk, tables
from hub.store.identity import allocate
from tests.hub.conftest import SITE
from tests.hub.world import party


@pytest.fixture
def udihub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A home with one supplier entered twice, and the command line in it."""
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(SITE))
    monkeypatch.setenv("UDIHUB_LANG", "en")
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)
    hub = Hub.open()
    for entity in (party("V1", name="Acme GmbH", city="Berlin"), party("V9", name="ACME", gln=None, city=None, phone="030-1")):
        with hub.database.begin("test") as uow:
            (number,) = allocate(uow.connection, "exchange", 1)
            columns = ("id", "ordinal", "direction", "organisation_id", "partner_id", "state", "recorded_at", "changed_at")
            row = (number, 1, "in", hub.organisation_id("north"), hub.partner_id("erp"), "applied", uow.now, uow.now)
            bulk.insert(uow.connection, tables.exchange, columns, [row])
            apply(uow, [Applicable(number, row[3], row[4], "erp", entity)])
    pipeline.reconcile(hub)
    hub.database.close()
    assert CliRunner().invoke(application(), ["key", "create", "Li", "--role", "steward"]).exit_code == 0
    return lambda *arguments: CliRunner().invoke(application(), ["masterdata", *arguments], catch_exceptions=False)


@pytest.mark.slow
def test_from_the_duplicate_to_the_golden_record(udihub: Callable[..., Result]) -> None:
    (case,) = [json.loads(line) for line in udihub("duplicates", "--json").stdout.splitlines()]
    assert "erp/V1" in udihub("duplicates").stdout
    matched = [json.loads(line) for line in udihub("match", "party", "--json").stdout.splitlines()]
    assert matched[0]["id"] == case["id"] and {"field": "tax_number", "level": "same"}.items() <= matched[0]["reasons"][0].items()
    assert matched[1] == {"records": 2, "compared": 1, "found": 1, "for_a_steward": 1}
    beside = udihub("duplicates", str(case["id"])).stdout
    assert "≠ city" in beside and "  tax_number" in beside
    answered = udihub("answer", str(case["id"]), "--answer", "same", "--reason", "one tax number", "--by", "Li")
    assert answered.exit_code == 0 and "merge" in answered.stdout
    shown = udihub("show", "party", "V9").stdout
    assert "030-1  [only source: erp/V9]" in shown and "Acme GmbH" in shown
    set_ = udihub("set", "party", "erp/V1", "city", "Potsdam", "--reason", "telephoned", "--by", "Li")
    assert set_.exit_code == 0 and "Potsdam  [verified by a person: Li]" in udihub("show", "party", "V1").stdout
    assert "Berlin" in udihub("show", "party", "V1", "--on", "2026-10-02").stdout
    assert udihub("release", "party", "erp/V1", "city", "--reason", "moved back").exit_code == 0
    assert "Potsdam" not in udihub("show", "party", "V1").stdout.partition("* erp")[0]
    assert udihub("unmerge", "party", "erp/V9", "--reason", "two companies after all").exit_code == 0
    assert "Acme GmbH" not in udihub("show", "party", "V9").stdout
    assert "different" in udihub("duplicates", "--state", "all").stdout
    assert [json.loads(line)["code"] for line in udihub("history", "party", "V9", "--json").stdout.splitlines()] == ["V9"]
    assert json.loads(udihub("impact", "party", "V1", "--json").stdout)["partners"]["first"] == ["acme", "erp"]
    assert udihub("requests").stdout == "" and len(udihub("requests", "--state", "done").stdout.splitlines()) == 4
    plant = udihub("place", "P1", "--level", "plant", "--name", "Plant one", "--in", "8799999010009", "--reason", "drawn so")
    assert plant.exit_code == 0 and "  P1  Plant one  [plant]" in udihub("places").stdout
