"""docs/masterdata.md, followed to the letter on the demonstration site with the parties that its ERP exports."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from hub.cli import application
from hub.demonstration.company import PARTIES, SECOND_NAMES
from hub.demonstration.feeds import parties_json
from hub.masterdata.settings import MasterSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "masterdata.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_walk_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = ROOT / "deploy" / "site"
    for name, value in (("HOME", tmp_path / "home"), ("SITE", site), ("CLOCK", "2026-11-22T08:00:00+00:00"), ("LANG", "en")):
        monkeypatch.setenv(f"UDIHUB_{name}", str(value))
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)
    code, name, name_zh = SECOND_NAMES["V1002"]
    first = next(entry for entry in PARTIES if entry.code == "V1002")
    (tmp_path / "parties.json").write_bytes(
        parties_json((*PARTIES, replace(first, code=code, name=name, name_zh=name_zh, gln=None)), datetime(2026, 10, 23, tzinfo=UTC))
    )

    def run(command: str) -> str:
        done = CliRunner().invoke(application(), shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}: {done.output} {done.exception}"
        return done.output

    run(f"udihub ingest {tmp_path / 'parties.json'} --partner erp --agreement erp_parties")
    run("udihub worker --once")
    run("udihub key create Li --role steward")
    commands = 0
    for line in "\n".join(SHOWN).splitlines():
        if line.startswith("$ "):
            output = run(line[2:])
            commands += 1
        elif line.strip():
            assert line in output, f"{line!r} is not in\n{output}"
    assert commands >= 14


def test_the_rules_of_the_page_are_rules() -> None:
    (text,) = re.findall(r"^```yaml masterdata.yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    rules = MasterSettings.model_validate(yaml.safe_load(text)).rules
    assert (
        rules.needs_approval("party", "merge")
        and rules.needs_approval("party", "value", "tax_number")
        and rules.needs_approval("place", "place")
    )
    assert not rules.needs_approval("item", "merge") and rules.criteria("party", "phone") == ("verified", "recent")
