"""The house rules that a machine can hold: floors, sizes, names, containment."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("connectors", "dags", "data_contracts", "hub", "hub_api", "mappings")
FLOOR = {"data_contracts": 0, "connectors": 1, "mappings": 1, "hub": 2, "hub_api": 3, "dags": 3}
LONGEST = 450


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(parsed(path)))


def sources(*rooms: str) -> Iterator[Path]:
    for room in rooms or ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def test_no_source_file_is_longer_than_a_person_reads_at_a_sitting() -> None:
    # Migrations are history: generated once, never edited, read by nobody but the database.
    read = [path for path in sources() if "versions" not in path.parts]
    long = {str(path.relative_to(ROOT)): count for path in read if (count := len(path.read_text().splitlines())) > LONGEST}
    assert long == {}


def test_every_module_says_what_it_is() -> None:
    silent = [str(path.relative_to(ROOT)) for path in sources() if path.read_text().strip() and ast.get_docstring(parsed(path)) is None]
    assert silent == []


@pytest.mark.parametrize("word", ["utils", "helpers", "manager", "misc", "common"])
def test_no_file_has_a_name_that_says_nothing(word: str) -> None:
    assert [str(path) for path in sources() if word in path.stem.split("_")] == []


def imported(path: Path) -> set[str]:
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_nothing_imports_a_floor_above_or_its_neighbour() -> None:
    wrong = []
    for path in sources():
        room = path.relative_to(ROOT).parts[0]
        for name in imported(path):
            other = name.split(".")[0]
            if other in FLOOR and other != room and FLOOR[other] >= FLOOR[room]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_no_room_is_reached_by_a_string() -> None:
    """Entry points and the plug-in registry are the two ways by name; both ask for files of their own room."""
    rooms = "|".join(ROOMS)
    pattern = re.compile(rf"""import_module\(\s*f?["']({rooms})""")
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in sources()
        if (match := pattern.search(path.read_text())) and match[1] != path.relative_to(ROOT).parts[0]
    }
    assert found == set()


def test_pysftp_stays_behind_one_file_and_host_keys_are_always_checked() -> None:
    importers = {str(path.relative_to(ROOT)) for path in sources() if any(n.split(".")[0] == "pysftp" for n in imported(path))}
    assert importers == {"connectors/transports/sftp.py"}
    code = [
        str(path)
        for path in sources()
        for node in nodes(path)
        if (
            isinstance(node, ast.Assign)
            and any(getattr(t, "attr", "") == "hostkeys" for t in node.targets)
            and getattr(node.value, "value", 0) is None
        )
        or (isinstance(node, ast.keyword) and node.arg in ("known_hosts", "hostkeys") and getattr(node.value, "value", 0) is None)
    ]
    assert code == []


def test_the_clock_is_injected() -> None:
    """Only hub/clock.py asks the machine what time it is (and the loggers, which are not about facts)."""
    allowed = {"hub/clock.py"}
    pattern = re.compile(r"datetime\.now\(|date\.today\(|utcnow\(|time\.time\(")
    assert {str(p.relative_to(ROOT)) for p in sources() if pattern.search(p.read_text())} - allowed == set()


def test_nothing_from_outside_is_ever_executed() -> None:
    banned = {"eval", "exec", "compile"}
    written_by_us = {"mappings/straight.py exec"}  # words of its own and numbers: tests/mappings/test_straight.py holds that
    found = []
    for path in sources():
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in banned:
                found.append(f"{path.relative_to(ROOT)} {node.func.id}")
        if {"pickle", "marshal", "shelve"} & imported(path):
            found.append(f"{path.relative_to(ROOT)} imports a pickler")
    assert sorted(found) == sorted(written_by_us)


def test_every_package_has_a_readme_at_its_door() -> None:
    assert [room for room in (*ROOMS, "deploy", "tests", "benchmarks") if not (ROOT / room / "README.md").is_file()] == []


def test_no_file_names_a_registry_or_a_machine() -> None:
    hosts = ("python" + "hosted", "py" + "pi.org", "npm" + "js.")
    pattern = re.compile("|".join([*map(re.escape, hosts), r"/(?:home|root|Users)/\w+/", re.escape(str(ROOT))]))
    named = {
        str(path.relative_to(ROOT))
        for room in (*ROOMS, "docs", "deploy", "tests", "benchmarks", "requirements")
        for path in (ROOT / room).rglob("*")
        if path.is_file()
        and path.suffix in {".py", ".md", ".yaml", ".txt", ".sh", ".toml", ".json"}
        and path != Path(__file__)
        and pattern.search(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert named == set()


def test_workbooks_are_written_by_one_file() -> None:
    writers = {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if "xl/worksheets/sheet" in (text := path.read_text(encoding="utf-8")) and "ZipFile(" in text
    }
    assert writers == {"connectors/formats/spreadsheet/book.py"}
