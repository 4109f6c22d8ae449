"""`udihub check` of a bare file says how far it looked, and judges what can be judged without an agreement."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from connectors.feed import SHIPPED
from data_contracts.errors import ConfigError
from hub import unagreed
from hub.check import check_file, exit_code
from hub.cli import application
from hub.site import Site
from hub.site_reading import SiteError
from tests.hub_api.papers import ACME, WRONG_GTIN, despatch, interchange

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SAMPLES = Path(__file__).parents[1] / "samples"


def checked(path: Path, content: bytes) -> tuple[int, list[tuple[str, str, str | None]]]:
    """Exit code, and rule, severity and segment of everything found."""
    path.write_bytes(content)
    answer: dict[str, Any] = check_file(path, Site.empty(), None, NOW)
    found = [*answer["findings"]]
    for one in answer["interchanges"]:
        found += one["findings"] + [finding for group in one["groups"] for message in group["messages"] for finding in message["findings"]]
    return exit_code(answer), [(finding["rule"], finding["severity"], finding["place"]["segment"]) for finding in found]


def test_a_good_document_is_valid_and_says_by_what_it_was_read(tmp_path: Path) -> None:
    assert checked(tmp_path / "f", interchange(ACME, 1, despatch("D1"))) == (0, [("AGR-07", "info", None)])


def test_a_wrong_check_digit_is_found_without_a_partner(tmp_path: Path) -> None:
    code, found = checked(tmp_path / "f", interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)))
    assert (code, found) == (1, [("AGR-07", "info", None), ("GS1-01", "error", "LIN")])


def test_a_day_that_no_calendar_has_is_found_without_a_partner(tmp_path: Path) -> None:
    good = (SAMPLES / "edifact" / "DESADV_D96A.edi").read_bytes()
    assert b"DTM+137:2026" in good
    code, found = checked(tmp_path / "f", re.sub(rb"DTM\+137:2026[0-9]{4}", b"DTM+137:20261138", good))
    assert code == 1 and ("MAP-02", "error", "DTM") in found


def test_what_an_agreement_may_see_otherwise_only_warns(tmp_path: Path) -> None:
    odd = [segment.replace("*EA", "*QX") for segment in despatch("D1")]
    code, found = checked(tmp_path / "f", interchange(ACME, 1, odd))
    assert code == 0 and ("MAP-03", "warning", "SN1") in found


@pytest.mark.parametrize("name", ["INVRPT_D01B", "INVRPT_D96A", "DELFOR_D01B"])
def test_a_message_is_read_by_the_mapping_of_its_own_version(tmp_path: Path, name: str) -> None:
    code, found = checked(tmp_path / "f", (SAMPLES / "edifact" / f"{name}.edi").read_bytes())
    assert code == 0 and not any(rule.startswith("MAP") for rule, _, _ in found)


def test_a_message_without_a_shipped_mapping_is_said_to_be_checked_by_its_syntax_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unagreed, "SHIPPED", tmp_path)
    assert checked(tmp_path / "f", interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN))) == (0, [("AGR-08", "info", None)])


def test_an_acknowledgement_has_no_content_to_be_read(tmp_path: Path) -> None:
    assert checked(tmp_path / "f", (SAMPLES / "x12" / "997_004010.edi").read_bytes()) == (0, [])


def test_what_was_not_looked_at_is_said_where_syntax_is_wrong(tmp_path: Path) -> None:
    good, bad = despatch("D1"), [segment.replace("BSN*", "BSX*") for segment in despatch("D2")]
    code, found = checked(tmp_path / "f", interchange(ACME, 1, good, bad))
    assert code == 1 and [rule for rule, severity, _ in found if severity == "info"] == ["AGR-07", "AGR-10"]
    (told,) = [one for one in check_file(tmp_path / "f", Site.empty(), None, NOW)["findings"] if one["rule"] == "AGR-10"]
    assert told["message"].startswith("The content of 1 of 2 messages was not checked")


def test_a_faulty_agreement_of_somebody_does_not_stop_a_look_at_a_bare_file(tmp_path: Path) -> None:
    site = Path(shutil.copytree(SAMPLES / "site", tmp_path / "site"))
    agreement = site / "agreements" / "acme_in.yaml"
    agreement.write_text(agreement.read_text(encoding="utf-8").replace("ZZ:ACME", "ZZ:"), encoding="utf-8")
    (tmp_path / "f").write_bytes(interchange(ACME, 1, despatch("D1")))
    environment = {"UDIHUB_HOME": str(tmp_path), "UDIHUB_SITE": str(site)}
    run = CliRunner().invoke(application(), ["check", str(tmp_path / "f")], env=environment)
    assert (run.exit_code, "x12, valid" in run.stdout, "partner check" in run.stderr) == (0, True, True)
    refused = CliRunner().invoke(application(), ["check", str(tmp_path / "f"), "--partner", "acme"], env=environment)
    assert isinstance(refused.exception, SiteError) and "ZZ:ID in X12" in str(refused.exception)


def test_a_feed_without_a_partner_is_read_by_the_grammar_that_is_named(tmp_path: Path) -> None:
    environment = {"UDIHUB_HOME": str(tmp_path), "UDIHUB_SITE": str(tmp_path / "site")}

    def run(*words: str) -> Result:
        return CliRunner().invoke(application(), ["check", *words], env=environment)

    stock = str(SAMPLES / "fixed" / "erp_stock.txt")
    refused, read = run(stock), run(stock, "--grammar", "fixed/erp_stock")
    assert refused.exit_code == 2 and "FIX-01" in refused.stdout and "--grammar" in refused.stdout
    assert read.exit_code == 1 and "(fixed/erp_stock)" in read.stdout and "QTY-02" in read.stdout, "its content was judged"
    for room, folder in (("grammars", SHIPPED), ("mappings", unagreed.SHIPPED)):
        text = (folder / "fixed" / "erp_stock.yaml").read_text(encoding="utf-8").replace("erp_stock", "own_stock")
        (tmp_path / "site" / room / "fixed").mkdir(parents=True)  # drafted into a folder that is no site yet
        (tmp_path / "site" / room / "fixed" / "own_stock.yaml").write_text(text, encoding="utf-8")
    own = run(stock, "--grammar", "fixed/own_stock")
    assert own.exit_code == 1 and "(fixed/own_stock)" in own.stdout and "QTY-02" in own.stdout
    for words in (("--grammar", "x12/850"), ("--grammar", "fixed"), ("--grammar", "fixed/erp_stock", "--partner", "acme")):
        assert isinstance(run(stock, *words).exception, ConfigError)


def test_a_damaged_archive_is_told_as_one(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("orders.csv", "a,b\n1,2\n" * 200)
    assert [rule for rule, _, _ in checked(tmp_path / "f", packed.getvalue())[1]] == ["FED-02"]
    assert checked(tmp_path / "f", packed.getvalue()[:900]) == (2, [("FED-23", "error", None)])
