"""docs/quality.md, followed to the letter on the demonstration site."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import application

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_commands_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("HOME", tmp_path / "home"), ("SITE", ROOT / "deploy" / "site"), ("LANG", "en")):
        monkeypatch.setenv(f"UDIHUB_{name}", str(value))
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    commands, output = 0, ""
    for line in "\n".join(SHOWN).splitlines():
        if line.startswith("$ "):
            done = CliRunner().invoke(application(), shlex.split(line[2:])[1:])
            assert done.exit_code == 0, f"{line}: {done.output} {done.exception}"
            commands, output = commands + 1, done.output
        elif line.strip():
            assert line in output, f"{line!r} is not in\n{output}"
    assert commands >= 7
