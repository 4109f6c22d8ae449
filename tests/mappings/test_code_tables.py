"""Code tables: strict CSV, one outward value each, and units as the canonical list has them."""

from __future__ import annotations

from pathlib import Path

import pytest

import mappings
from data_contracts.codes import units
from data_contracts.errors import ConfigError
from mappings.code_tables import load_table, parse_table

SHIPPED = sorted(path.stem for path in (Path(mappings.__file__).parent / "codes").glob("*.csv"))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_tables_lead_there_and_back(name: str) -> None:
    table = load_table(name)
    assert {table.inward[source] for source in table.outward.values()} == set(table.outward)
    assert set(table.inward.values()) == set(table.outward)


def test_units_say_what_the_canonical_list_says() -> None:
    known = units()
    table = load_table("units")
    assert {source: known[source.upper()].code for source in table.inward} == dict(table.inward)
    assert {unit.code for unit in known.values()} == set(table.outward)
    assert all(source == canonical for canonical, source in table.outward.items())


def test_the_site_comes_first(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("source,canonical,outward\nST,EA,yes\n", encoding="utf-8")
    assert load_table("units", [tmp_path]).inward == {"ST": "EA"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n", "first line"),
        ("source,canonical,outward\nA,x,yes\nA,y,yes\n", "line 3: source value A stands twice"),
        ("source,canonical,outward\nA,x,yes\nB,x,yes\n", "two outward"),
        ("source,canonical,outward\nA,x,\n", "no outward value for x"),
        ("source,canonical,outward\nA,x\n", "line 2"),
        ("source,canonical,outward\nA,x,maybe\n", "line 2"),
    ],
)
def test_a_wrong_table_names_its_line(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_table("t", text, "t.csv")


def test_an_unknown_table_names_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=str(tmp_path)):
        load_table("nothing", [tmp_path])
