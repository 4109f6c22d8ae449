"""docs/epcis.md: its agreement is sound in the demonstration's site, and its commands say what the page shows."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub import soundness
from hub.cli import application
from hub.site import Site

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "epcis.md").read_text(encoding="utf-8")
FILES: dict[str, str] = dict(re.findall(r"^```(?:yaml|json) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
SHOWN = "".join(re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The demonstration's site with the page's agreement."""
    folder = Path(shutil.copytree(ROOT / "deploy" / "site", tmp_path / "site"))
    (folder / "agreements" / "wms_events.yaml").write_text(FILES["agreements/wms_events"], encoding="utf-8")
    return folder


def test_the_agreement_of_the_page_is_sound(site: Path) -> None:
    assert soundness.faults(Site.load(site)) == []


def test_the_commands_of_the_page(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("HOME", str(tmp_path / "home")), ("SITE", str(site)), ("CLOCK", "2026-11-22T08:00:00+00:00"), ("LANG", "en")):
        monkeypatch.setenv(f"UDIHUB_{name}", value)
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)
    (tmp_path / "events.jsonld").write_text(FILES["events.jsonld"], encoding="utf-8")
    commands = 0
    for part in SHOWN.split("$ ")[1:]:
        command, *lines = part.splitlines()
        done = CliRunner().invoke(application(), shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}: {done.output} {done.exception}"
        assert all(line in done.output for line in lines if line), f"{command}: {done.output}"
        commands += 1
    assert commands == 3
