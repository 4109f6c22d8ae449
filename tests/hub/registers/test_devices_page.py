"""docs/devices.md, followed to the letter: every command is run in its order, and says what the page shows."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub import soundness
from hub.cli import application
from hub.registers.export import export
from hub.runtime import Hub
from hub.site import Site
from tests.connectors.extracts.published import zipped
from tests.hub.conftest import SITE
from tests.hub.registers.complete import complete, feed

PAGE = (SITE.parents[2] / "docs" / "devices.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
YAML: dict[str, str] = dict(re.findall(r"^```yaml (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def steps() -> list[tuple[str, list[str]]]:
    """Each command with the lines that the page shows of its answer."""
    found: list[tuple[str, list[str]]] = []
    for line in "\n".join(SHOWN).splitlines():
        if line.startswith("$ "):
            found.append((line[2:].partition("  #")[0], []))
        elif line.strip():
            found[-1][1].append(line)
    return found


@pytest.mark.slow
def test_the_walk_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("HOME", str(tmp_path / "home")), ("SITE", str(SITE)), ("CLOCK", "2026-11-22T08:00:00+00:00"), ("LANG", "en")):
        monkeypatch.setenv(f"UDIHUB_{name}", value)
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)
    (tmp_path / "devices.json").write_bytes(feed(complete(storage=None)))
    assert CliRunner().invoke(application(), ["key", "create", "Ann", "--role", "steward"]).exit_code == 0
    commands = steps()
    assert len(commands) >= 10
    for command, shown in commands:
        if "device compare" in command:
            publish(command, tmp_path)
        done = CliRunner().invoke(application(), shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}: {done.output} {done.exception}"
        for line in shown:
            assert line in done.output, f"{command}: {line!r} is not in\n{done.output}"


def publish(command: str, folder: Path) -> None:
    """What GUDID publishes: first with a wrong quantity and another MRI status, then corrected by us there."""
    name = command.split()[3]
    hub = Hub.open()
    (document,) = export(hub, "gudid", None, "xml").documents
    hub.database.close()
    content = document.content.decode()
    assert "<pkgQuantity>4</pkgQuantity>" in content
    if "20261101" in name:
        content = content.replace("<pkgQuantity>4</pkgQuantity>", "<pkgQuantity>6</pkgQuantity>").replace("MR Conditional", "MR Unsafe")
    (folder / name).write_bytes(zipped({"FULLDownload_Part1_Of_1.xml": content}))


def test_the_site_of_the_page_is_sound(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SITE, tmp_path / "site"))
    for name, text in YAML.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    site = Site.load(folder)
    assert site.flows["gudid"].compare == "gudid" and site.registers.companies[0].duns == "544400019"
    assert [one for one in soundness.faults(site) if "gudid" in str(one.place.path)] == []
