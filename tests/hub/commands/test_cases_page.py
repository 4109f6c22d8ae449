"""docs/cases.md, followed to the letter; and the command line where it asks or refuses."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from data_contracts import config_texts
from data_contracts.errors import ConfigError
from hub.cases.kinds import HOURS, KINDS, RANKS
from hub.cases.settings import CaseSettings
from hub.cli import application
from hub.site import Site
from tests.hub.conftest import SITE
from tests.hub_api.papers import ACME, WRONG_GTIN, despatch, interchange
from tests.journeys import bad_rows

PAGE = (Path(__file__).parents[3] / "docs" / "cases.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the small site, the partner with bad rows in it."""
    site = bad_rows.site(SITE, tmp_path / "site")
    for name, value in (("HOME", tmp_path / "home"), ("SITE", site), ("CLOCK", "2026-11-22T08:00:00+00:00"), ("LANG", "en")):
        monkeypatch.setenv(f"UDIHUB_{name}", str(value))
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)
    for name in ("Ann", "Bo"):
        udihub(f"udihub key create {name} --role steward")
    return tmp_path


def udihub(command: str, status: int = 0, answer: str | None = None) -> Result:
    done = CliRunner().invoke(application(), shlex.split(command)[1:], input=answer)
    assert done.exit_code == status, f"{command}: {done.output} {done.exception}"
    return done


def come(folder: Path, *numbers: str) -> None:
    """Held despatch advices."""
    for control, number in enumerate(numbers, 1):
        (folder / "bad.edi").write_bytes(interchange(ACME, control, despatch(number, gtin=WRONG_GTIN)))
        udihub(f"udihub ingest {folder / 'bad.edi'} --partner acme", 1)
    udihub("udihub worker --once")


@pytest.mark.slow
def test_the_walk_of_the_page(folder: Path) -> None:
    come(folder, "D1")
    commands, output = 0, ""
    for line in "\n".join(SHOWN).splitlines():
        if line.startswith("$ "):
            output = udihub(line[2:]).output
            commands += 1
        else:
            assert line.strip() in output, f"{line!r} is not in\n{output}"
    assert commands == 8


def test_the_tables_of_the_page_say_what_the_code_does() -> None:
    for kind in KINDS:
        assert f"`{kind}`" in PAGE
    ordered = [line for line in PAGE.splitlines() if re.search(r"\| \d+ / \d+ \|$", line)]
    for rank, hours in HOURS.items():
        assert f"| {hours[0]} / {hours[1]} |" in next(line for line in ordered if line.startswith(f"| `{rank}` |"))
    assert [line.split("`")[1] for line in ordered] == list(RANKS)


def test_the_settings_of_the_page_are_settings(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```yaml cases.yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    shutil.copytree(SITE, tmp_path / "site")
    (tmp_path / "site" / "cases.yaml").write_text(text, encoding="utf-8")
    settings = Site.load(tmp_path / "site").cases
    assert settings == CaseSettings.model_validate(yaml.safe_load(text))
    assert settings.hours_of("supply", "error") == 4 and settings.hours_of("paper", "error") == 72 and settings.owner_of("held") == "Ann"
    assert settings.must_sign("accept", "held", {"X"}) and not settings.must_sign("accept", "rows", {"X"})
    assert settings.must_sign("correct", "rows", {"X", "GS1-01"}) and not settings.must_sign("fix", "held", {"GS1-01"})


@pytest.mark.slow
def test_several_at_once_tell_what_was_not_done(folder: Path) -> None:
    come(folder, "D1", "D2")
    done = udihub('udihub case accept 1 99 2 --reason "they send them again" --by Ann', 1)
    told = [line for line in done.stdout.splitlines() if "  accepted  " in line]
    assert len(done.stdout.splitlines()) == 2 + len(told) and "99: there is no case 99" in done.stderr
    assert len(told) == 2 and all("GS1-01" in line and "Check digit of GTIN" in line for line in told), done.stdout
    assert told[0] in udihub("udihub case show 1").stdout.splitlines()
    assert udihub("udihub case list").stdout == ""
    rows = [json.loads(line) for line in udihub("udihub case list --state all --kind held --json").stdout.splitlines()]
    assert [(row["id"], row["state"], row["rank"]) for row in rows] == [(1, "accepted", "supply"), (2, "accepted", "supply")]
    assert "unknown lost" in str(CliRunner().invoke(application(), ["case", "list", "--state", "lost"]).exception)


def test_a_code_list_is_shown_first_and_changed_with_a_reason(folder: Path) -> None:
    (folder / "rows.csv").write_bytes(bad_rows.papers()[0].content)
    udihub(f"udihub ingest {folder / 'rows.csv'} --partner hafen", 1)
    udihub("udihub worker --once")
    means = '--means "Stk=EA" --means "个=EA" --means "PCE.=EA"'
    table = folder / "site" / "codes" / "hafen_units.csv"
    assert "30 -> 21 freed" in udihub(f"udihub case fix codes hafen_units {means}").stdout
    assert "Stk" not in table.read_text(encoding="utf-8")
    udihub(f'udihub case fix codes hafen_units {means} --reason "their words" --by Ann')
    assert "Stk,EA," in table.read_text(encoding="utf-8")
    assert udihub("udihub case list --rule MAP-03").stdout == ""


def test_who_acts_is_a_person_whom_the_hub_knows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    come(folder, "D1")
    command = shlex.split('case assign 1 --to Ann --reason "hers" --by Anne')
    for wrong in (command, [*command[:-1], "acme"], ["exchange", "replay", "1", "--reason", "x", "--by", "Anne"]):
        refused = CliRunner().invoke(application(), wrong)
        assert isinstance(refused.exception, ConfigError) and "(known: Ann, Bo)" in str(refused.exception), refused.output
        assert "已知：Ann, Bo" in config_texts.told(str(refused.exception), "zh-CN")
    udihub('udihub case assign 1 --to Ann --reason "hers" --by Ann')
    udihub('udihub case assign 1 --to Bo --reason "at the machine"')
    numbers = [json.loads(line)["id"] for line in udihub("udihub key list").stdout.splitlines()]
    udihub(f'udihub key revoke {numbers[0]} --reason "left"')
    assert "(known: Bo)" in str(CliRunner().invoke(application(), [*command[:-1], "Ann"]).exception)


@pytest.mark.slow
def test_a_signature_asks_for_the_secret(folder: Path) -> None:
    (folder / "site" / "cases.yaml").write_text("version: 1\nsign: [{action: accept}]\n", encoding="utf-8")
    come(folder, "D1")
    assert "electronic signature" in udihub('udihub case accept 1 --reason "known" --by Ann', 1).stderr
    udihub("udihub case sign --by Ann", answer="correct horse\ncorrect horse\n")
    refused = CliRunner().invoke(
        application(), shlex.split("case accept 1 --reason known --by Ann --sign approved"), input="a guess at it\n"
    )
    assert "signature is refused" in str(refused.exception)
    udihub('udihub case accept 1 --reason "known" --by Ann --sign approved', answer="correct horse\n")
    assert "[Ann: approved, holds]" in udihub("udihub case show 1").stdout
