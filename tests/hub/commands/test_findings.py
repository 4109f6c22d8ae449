"""What a person reads of a finding: where it stands in the words of its syntax, once, in the reader's language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from data_contracts.findings import Finding, Language, Place
from hub.cli import application
from hub.commands.findings import all_of, lines, spot
from tests.hub.conftest import SITE
from tests.hub_api.papers import ACME, WRONG_GTIN, despatch, interchange


@pytest.mark.parametrize(
    ("place", "format_name", "language", "said"),
    [
        (Place(segment="PO1", position=14, element=2, line=16), "x12", "en", "PO102 (segment 14, line 16)"),
        (Place(segment="PO1", position=14, element=2, line=1), "x12", "en", "PO102 (segment 14)"),
        (Place(segment="SV1", position=9, element=1, component=2), "x12", "en", "SV101-2 (segment 9)"),
        (Place(segment="QTY", position=12, element=1, component=2), "edifact", "en", "QTY/01-2 (segment 12)"),
        (Place(segment="QTY", position=12, element=1, component=2), "edifact", "zh-CN", "QTY/01-2 (第 12 段)"),
        (Place(segment="E1EDP01", position=8, line=9, path="E1EDP01/MENGE"), "idoc", "en", "E1EDP01/MENGE (SEGNUM 000006, line 9)"),
        (Place(segment="EDI_DC40", position=2, path="EDI_DC40/MESTYP"), "idoc", "en", "EDI_DC40/MESTYP"),
        (Place(position=1, line=2, path="/Invoice/ID"), "ubl", "en", "/Invoice/ID (line 2)"),
        (Place(position=2, path="/orders/0/number"), "json", "en", "/orders/0/number"),
        (Place(position=2, element=8), "delimited", "en", "row 2, column 8"),
        (Place(position=3, element=7, path="G3"), "spreadsheet", "en", "G3"),
        (Place(segment="Orders", position=3, element=27, path="lines[1].gtin"), "spreadsheet", "en", "Orders!AA3"),
        (Place(segment="Max's list", position=3, element=7), "spreadsheet", "zh-CN", "'Max''s list'!G3"),
        (Place(segment="Orders", position=3), "spreadsheet", "en", "Orders!3"),
        (Place(line=11), "ubl", "en", "line 11"),
        (Place(), "x12", "en", ""),
    ],
)
def test_where_a_finding_stands(place: Place, format_name: str, language: Language, said: str) -> None:
    assert spot(place.as_json(), format_name, language) == said


def test_the_same_said_of_two_lines_of_one_carton_is_said_once() -> None:
    twice = [Finding("SSCC-01", Place(segment="MAN", position=14, element=2, path=f"lines[{at}].sscc"), "1", "2") for at in range(2)]
    (text,) = lines([finding.as_json() for finding in twice], "x12", "en")
    assert text.startswith("error   SSCC-01  MAN02 (segment 14)  ") and text.endswith("(2 times)")


def udihub(tmp_path: Path, *arguments: str, **environment: Any) -> Result:
    settings = {"UDIHUB_HOME": str(tmp_path / "home"), "UDIHUB_SITE": str(SITE), "UDIHUB_CLOCK": "2026-11-22T08:00:00+00:00"}
    return CliRunner().invoke(application(), list(arguments), env={**settings, **environment})


def test_a_dry_run_is_told_in_the_readers_language(tmp_path: Path) -> None:
    file = tmp_path / "asn.edi"
    file.write_bytes(interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)))
    run = udihub(tmp_path, "check", str(file), "--partner", "acme", UDIHUB_LANG="zh-CN")
    assert run.stdout.splitlines()[0].endswith("x12, 无效") and "错误" in run.stdout and "应答：" in run.stdout
    assert "valid" not in run.stdout and "error" not in run.stdout
    answer = run.stdout.partition("应答：\n")[2].splitlines()
    assert answer[0].startswith("    ISA*") and all(text.startswith("    ") for text in answer)


def test_map_says_rule_place_and_how_many_rows_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "asn.edi"
    file.write_bytes(interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)))
    told = udihub(tmp_path, "map", str(file), "--partner", "acme").stderr
    assert "GS1-01" in told and "LIN03 (segment 10)" in told


def test_a_second_opinion_is_for_x12_and_says_so(tmp_path: Path) -> None:
    path = SITE.parent / "edifact" / "DESADV_D96A.edi"
    assert "pyx12 knows X12 only" in udihub(tmp_path, "check", str(path), "--second-opinion").stdout


def test_ingest_ends_well_where_nothing_is_refused_or_held_back(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.edi", tmp_path / "bad.edi"
    good.write_bytes(interchange(ACME, 1, despatch("D1", order="4599999999")))
    bad.write_bytes(interchange(ACME, 2, despatch("D2", gtin=WRONG_GTIN)))
    assert udihub(tmp_path, "ingest", str(good), "--partner", "acme").exit_code == 0
    run = udihub(tmp_path, "ingest", str(bad), "--partner", "acme")
    assert run.exit_code == 1 and "LIN03 (segment 10" in run.stdout


def test_identifiers_are_told_in_the_readers_language(tmp_path: Path) -> None:
    told = udihub(tmp_path, "udi", "06901234000029", UDIHUB_LANG="zh-CN").stdout
    assert "无效" in told and "校验位" in told and "valid" not in told
    assert "NOT valid" in udihub(tmp_path, "udi", "06901234000029").stdout
    label = udihub(tmp_path, "udi", "--label", "--json", "]C10106926365598003", "]C11728020010A17")
    assert (label.exit_code, json.loads(label.stdout)["pi"]) == (0, {"lot": "A17", "expires_on": "2028-02-29"})


def test_guides_of_feeds_are_in_the_readers_language(tmp_path: Path) -> None:
    told = udihub(tmp_path, "grammar", "show", "json/erp_orders", UDIHUB_LANG="zh-CN").stdout
    assert "小数" in told and "decimal number" not in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--partner", "acmee"], "did you mean acme?"),
        (["--partner", "acme", "--agreement", "acme_inn"], "what it sends is read by acme_in, acme_south_in"),
        (["--partner", "acme", "--agreement", "orders_to_acme"], "orders_to_acme is of what we send; what comes in is read by acme_in"),
    ],
)
def test_a_partner_or_agreement_that_does_not_fit_is_told_with_what_was_meant(tmp_path: Path, arguments: list[str], words: str) -> None:
    file = tmp_path / "asn.edi"
    file.write_bytes(interchange(ACME, 1, despatch("D1")))
    assert words in str(udihub(tmp_path, "check", str(file), *arguments).exception)


def test_a_new_home_says_where_the_site_is_looked_for(tmp_path: Path) -> None:
    told = udihub(tmp_path, "init", UDIHUB_SITE=str(tmp_path / "mine")).stdout
    assert f"site       {tmp_path / 'mine'}" in told and "there is no site.yaml yet" in told


def test_of_several_messages_each_finding_says_whose_it_is() -> None:
    wrong = {**Finding("X12-E08", Place("BEG", 2, 5), got="20261399", code="8").as_json("en")}
    remark = Finding("CUR-02", Place(path="currency")).as_json("en")
    messages = [{"type": "850", "control": f"000{number}", "findings": [remark]} for number in (1, 2)]
    messages[1]["findings"] = [remark, wrong]
    answer = {"findings": [], "interchanges": [{"control": "31", "findings": [], "groups": [{"findings": [], "messages": messages}]}]}
    said = list(lines(all_of(answer), "x12", "en"))
    assert said[0].startswith("info    CUR-02   850 0001 currency  ") and said[0].endswith("(2 times)")
    assert said[1].startswith("error   X12-E08  850 0002 BEG05 (segment 2)  ")
    answer["interchanges"][0]["groups"][0]["messages"] = messages[1:]  # type: ignore[index]  # an answer of this very shape
    assert next(lines(all_of(answer), "x12", "en")).startswith("info    CUR-02   currency  ")
