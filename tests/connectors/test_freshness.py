"""A grammar whose file changes is the one by which the next document is read, in every format."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from connectors import freshness
from connectors.formats.edifact import grammar as edifact
from connectors.formats.x12 import grammar as x12
from connectors.registry import format_named
from connectors.spec import Grammared, Profile

FILES = {
    "ubl": ("Order", r"^fields:$", "fields:\n  Demanded: Text!"),
    "cxml": ("OrderRequest", r"^fields:$", "fields:\n  Demanded: text!"),
    "b2mml": ("OperationsPerformance", r"^fields:$", "fields:\n  Demanded: text!"),
    "idoc": ("ORDERS05", r"^  - E1EDK18 10$", "  - E1EDK18 M 12"),
}


def used(format_name: str, message: str, folders: tuple[str, ...]) -> str:
    format_: Any = format_named(format_name)
    if isinstance(format_, Grammared):
        found = format_.grammar_used(message, message, folders)
        assert found is not None
        return found.hash
    grammar = format_.grammar_of(message, Profile(options={"grammar_folders": list(folders)}))
    assert grammar is not None
    return str(grammar.hash)


@pytest.mark.parametrize("format_name", sorted(FILES))
def test_a_file_of_the_site_that_changes_comes_or_goes_is_seen(format_name: str, tmp_path: Path) -> None:
    name, old, new = FILES[format_name]
    folders, root = (str(tmp_path),), [tmp_path]
    freshness.watch(root)
    shipped = used(format_name, name, folders)
    folder = tmp_path / format_name
    folder.mkdir()
    own = folder / f"{name}.yaml"
    text = (freshness.SHIPPED / format_name / f"{name}.yaml").read_text(encoding="utf-8")
    changed, count = re.subn(old, new, text, count=1, flags=re.M)
    assert count == 1
    own.write_text(changed, encoding="utf-8")
    assert freshness.look(root, every=0) == [format_name], "a folder that came into one that is watched"
    mine = used(format_name, name, folders)
    assert mine != shipped
    assert freshness.look(root, every=0) == []
    own.write_text(
        changed.replace("version: 1", "version: 1  # again", 1).replace("Demanded", "Wanted").replace("M 12", "M 13"), encoding="utf-8"
    )
    assert freshness.look(root, every=0) == [format_name]
    assert used(format_name, name, folders) not in (shipped, mine)
    own.unlink()
    assert freshness.look(root, every=0) == [format_name]
    assert used(format_name, name, folders) == shipped


@pytest.mark.parametrize(("tables", "message", "version"), [(x12, "850", "004010"), (edifact, "ORDERS", "D.96A")])
def test_shipped_tables_that_change_are_seen(
    tables: Any, message: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = tables.TABLES.name
    folder = Path(shutil.copytree(tables.TABLES, tmp_path / name))
    freshness.look(shipped=tmp_path, every=0)
    monkeypatch.setattr(tables, "TABLES", folder)
    before = tables.load(message, version)
    path = folder / f"{message}.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("name: ", "name: Very own ", 1), encoding="utf-8")
    assert tables.load(message, version) is before, "until somebody looks"
    assert freshness.look(shipped=tmp_path, every=0) == [name]
    after = tables.load(message, version)
    assert after.name.startswith("Very own") and after.hash != before.hash
    monkeypatch.undo()
    (folder / "elements.yaml").touch()
    freshness.look(shipped=tmp_path, every=0)
    assert tables.load(message, version).hash == before.hash


def test_a_look_is_taken_once_a_second_at_most(tmp_path: Path) -> None:
    room = tmp_path / "ubl"
    room.mkdir()
    freshness.watch([tmp_path])
    freshness.look([tmp_path], every=0)
    (room / "Order.yaml").write_text("version: 1\n", encoding="utf-8")
    assert freshness.look([tmp_path], every=3600) == []
    assert freshness.look([tmp_path], every=0) == ["ubl"]
