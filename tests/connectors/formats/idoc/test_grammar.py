"""The tables: widths that SAP's records have, flat names of every release, a site's own segments, and mistakes told by file and entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.formats.idoc import FORMAT
from connectors.formats.idoc.grammar import CONTROL, SDATA, tables_for
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError
from tests.connectors.formats.idoc.test_reading import HEADER, flat, idoc
from tests.connectors.reading import read

TABLES = tables_for(STRICT)


def test_records_have_the_widths_of_sap() -> None:
    assert TABLES.segments[CONTROL].width == 524
    assert all(segment.width <= SDATA for segment in TABLES.segments.values() if segment.tag != CONTROL)


@pytest.mark.parametrize(
    ("segment", "field", "column"),
    [
        ("E1EDK01", "BELNR", 84),
        ("E1EDKA1", "ILNNR", 874),
        ("E1EDP01", "MATNR", 395),
        ("E1EDP19", "KTEXT", 39),
        ("E1EDL20", "LIFEX", 219),
        ("E1EDL24", "VFDAT", 873),
        ("E1ADRM1", "CITY1", 545),
        ("E1EDT13", "ISDD", 62),
        (CONTROL, "CREDAT", 379),
    ],
)
def test_columns_that_public_layouts_state(segment: str, field: str, column: int) -> None:
    assert TABLES.segments[segment].by_name[field].offset + 1 == column


@pytest.mark.parametrize(
    ("flat_name", "tag"),
    [
        ("E2EDK01005", "E1EDK01"),
        ("E2EDK01", "E1EDK01"),
        ("E1EDK01", "E1EDK01"),
        ("E2EDP19002", "E1EDP19"),
        ("E2BP2017_GM_HEAD_01", "E1BP2017_GM_HEAD_01"),
        ("E2BP2017_GM_HEAD_01000", "E1BP2017_GM_HEAD_01"),
        ("E2MARAM009", "E1MARAM"),
        ("Z2ANYTHING001", "Z2ANYTHING001"),
    ],
)
def test_flat_names_of_every_release(flat_name: str, tag: str) -> None:
    assert TABLES.type_of(flat_name) == tag


@pytest.mark.parametrize("name", sorted(TABLES.grammars))
def test_every_basic_type_has_a_guide_in_both_languages(name: str) -> None:
    for language, word in (("en", "Message types"), ("zh-CN", "报文类型")):
        page = FORMAT.guide(name, None, STRICT, language)  # type: ignore[arg-type]
        assert page is not None and page.startswith(f"# {name} ") and word in page
        assert all(use in page for use in TABLES.grammars[name].uses)
    assert FORMAT.guide(name, "XYZ01", STRICT, "en") is None


def own(folder: Path, **files: str) -> Profile:
    for name, text in files.items():
        (folder / "idoc").mkdir(exist_ok=True)
        (folder / "idoc" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return Profile(options={"grammar_folders": [str(folder)]})


SEGMENTS = 'version: 1\nsegments:\n  Z1EDP01: {name: Own, flat: Z2EDP01000, fields: "ZZUDI 25, ZZDAY DATS"}\n'
ORDERS = "version: 1\nbasic_type: ORDERS05\nmessages: [ORDERS]\nbody:\n  - E1EDK01 M\n  - E1EDP01 *: [Z1EDP01]\n"


def test_a_site_adds_its_own_segments(tmp_path: Path) -> None:
    profile = own(tmp_path, segments=SEGMENTS, ORDERS05=ORDERS)
    content = idoc(HEADER + "<E1EDP01 SEGMENT='1'><Z1EDP01 SEGMENT='1'><ZZUDI>甲</ZZUDI><ZZDAY>20261122</ZZDAY></Z1EDP01></E1EDP01>")
    marked = read("idoc", content, profile=profile)
    assert marked.rules == []
    lines = flat(("E2EDK01005", " " * 83 + "4711"), ("E2EDP01011", ""), ("Z2EDP01000", "甲".ljust(25) + "20261122")).encode()
    lines = lines.replace(b"00000300000001", b"00000300000202")
    found = read("idoc", lines, profile=profile)
    assert found.rules == [] and found.messages[0].root.children[2].children[0].values == {"ZZUDI": "甲", "ZZDAY": "20261122"}
    theirs, ours = FORMAT.grammar_used("ORDERS", "ORDERS05", [str(tmp_path)]), FORMAT.grammar_used("ORDERS", "ORDERS05")
    assert theirs is not None and ours is not None and theirs.hash != ours.hash
    assert read("idoc", content).rules == ["IDC-05"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"segments": "version: 1\nsegments:\n  Z1A: {fields: 'ZZ FLOAT 3'}\n"}, "is no field"),
        ({"segments": "version: 1\nsegments:\n  Z1A: {fields: 'ZZ 3, ZZ 4'}\n"}, "stands twice"),
        ({"segments": "version: 1\nsegments:\n  Z1A: {name: nothing}\n"}, "has fields"),
        ({"segments": "version: 1\nsegments:\n  Z1A: {fields: 'ZZ 1001'}\n"}, "a record has 1000"),
        ({"segments": "[]"}, "begins with version"),
        ({"segments": "{"}, "not YAML"),
        ({"ORDERS05": ORDERS.replace("Z1EDP01", "E1EDK01")}, "more than one place"),
        ({"ORDERS05": ORDERS}, "no known segment"),
        ({"ORDERS06": ORDERS}, "basic_type should be ORDERS06"),
    ],
)
def test_a_wrong_table_is_told_by_file_and_entry(tmp_path: Path, files: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        tables_for(own(tmp_path, **files))
