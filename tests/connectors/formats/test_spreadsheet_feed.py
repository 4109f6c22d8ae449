"""Workbooks: read beside openpyxl, a second judge both ways, and hostile ones."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.feed import parse_grammar
from connectors.formats.spreadsheet.values import lost_digits, moment, number, serial_of
from connectors.formats.spreadsheet.workbook import shows_date
from connectors.formats.spreadsheet.writer import write_document
from connectors.registry import format_named, sniff
from connectors.spec import STRICT, Profile
from data_contracts.source import SourceRecord
from tests.connectors.reading import Read, read, tree

SAMPLE = Path(__file__).parents[2] / "samples" / "spreadsheet" / "supplier_confirmations.xlsx"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


STRICT_REL = "http://purl.oclc.org/ooxml/officeDocument/relationships"


def saved(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def sheet_of(rows: list[list[Any]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return book


def values(found: Read) -> list[dict[str, str]]:
    return [dict(message.root.values) for message in found.messages if message.root is not None]  # type: ignore[arg-type]


def changed(content: bytes, **parts: str | None) -> bytes:
    """The package with parts replaced, added or (None) left out; `__` stands for a slash, `_` at the end for `.xml`."""
    wanted = {name.replace("__", "/") + ".xml": text for name, text in parts.items()}
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in wanted:
                new.writestr(name, old.read(name))
        for name, text in wanted.items():
            if text is not None:
                new.writestr(name, text)
    return output.getvalue()


def with_sheet(data: str, **parts: str | None) -> bytes:
    content = saved(sheet_of([["a"]]))
    return changed(content, xl__worksheets__sheet1=f"<worksheet {MAIN}><sheetData>{data}</sheetData></worksheet>", **parts)


def test_the_sample_is_read_with_cells_as_places() -> None:
    found = read("spreadsheet", SAMPLE.read_bytes(), "supplier_confirmations")
    assert found.rules == [] and [len(m.root.children) for m in found.messages if m.root] == [2, 1]
    book = openpyxl.load_workbook(SAMPLE)
    book.active["J3"] = "viel"
    book.active["M3"] = dt.datetime(2026, 12, 20, 8, 30)  # noqa: DTZ001
    book.active["C2"] = "yuan"
    found = read("spreadsheet", saved(book), "supplier_confirmations")
    assert {(f.rule, f.place.path, f.place.position, f.place.element) for f in found.messages[0].findings} == {
        ("FED-08", "C2", 2, 3),
        ("CSV-10", "C3", 3, 3),
        ("FED-06", "J3", 3, 10),
        ("FED-06", "M3", 3, 13),
    }
    assert found.messages[1].findings == []


def test_rows_of_one_message_that_stand_apart_are_refused_in_every_part() -> None:
    book = openpyxl.load_workbook(SAMPLE)
    rows = list(book.active.iter_rows(min_row=2, values_only=True))
    book.active.append(rows[0])
    found = read("spreadsheet", saved(book), "supplier_confirmations")
    assert [[finding.rule for finding in message.findings] for message in found.messages] == [["CSV-11"], [], ["CSV-11"]]
    assert [m.root.position for m in found.messages if m.root] == [2, 4, 5]


def test_every_kind_of_cell() -> None:
    book = sheet_of([["text", "number", "day", "moment", "time", "yes", "big", "long", "wrong"]])
    at = dt.datetime(2026, 11, 22, 8, 30, 15)  # noqa: DTZ001
    long = 69012340000000017
    book.active.append(["007", 8.5, dt.date(2026, 11, 22), at, dt.time(8, 30), True, 6901234500052, long, "#N/A"])
    found = read("spreadsheet", saved(book))
    assert found.rules_around == ["FED-17"]
    assert values(found) == [
        {
            "text": "007",
            "number": "8.5",
            "day": "2026-11-22",
            "moment": "2026-11-22T08:30:15",
            "time": "08:30:00",
            "yes": "true",
            "big": "6901234500052",
        }
    ]
    assert [(f.rule, f.place.path, f.severity) for f in found.messages[0].findings] == [
        ("XLS-05", "H2", "error"),
        ("XLS-03", "I2", "error"),
    ]


def test_shared_rich_and_inline_texts_and_spoken_ones() -> None:
    strings = (
        f"<sst {MAIN}><si><t>lot</t></si><si><r><t>Bone </t></r><r><rPr><b/></rPr><t>screw</t></r>"
        '<rPh sb="0" eb="1"><t>ignored</t></rPh></si>'
        "<si><t>a_x000D_b_x005F_x0041_</t></si></sst>"
    )
    data = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>name</t></is></c><c r="C1" t="str"><v>more</v></c></row>'
        '<row><c t="s"><v>1</v></c><c t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c><c t="s"><v>2</v></c></row>'
        '<row r="9"><c r="B9" t="s"><v>99</v></c></row>'
    )
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{STRICT_REL}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId9" Type="{STRICT_REL}/sharedStrings" Target="texts.xml"/></Relationships>'
    )
    content = changed(with_sheet(data), xl__texts=strings)
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(output, "w") as new:
        for name in old.namelist():
            new.writestr(name, rels if name == "xl/_rels/workbook.xml.rels" else old.read(name))
    found = read("spreadsheet", output.getvalue())
    assert values(found)[0] == {"lot": "Bone screw", "name": "inline", "more": "a\rb_x0041_"}
    assert [(f.rule, f.place.path) for f in found.messages[1].findings] == [("XLS-01", "B9")]


def test_formulas_give_their_stored_result_and_say_so() -> None:
    data = (
        '<row r="1"><c r="A1" t="str"><v>qty</v></c><c r="B1" t="str"><v>sum</v></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c><c r="B2"><f>A2*2</f><v>4</v></c></row>'
        '<row r="3"><c r="A3"><v>3</v></c><c r="B3"><f>A3*2</f></c></row>'
        '<row r="4"><c r="A4"><v>3</v></c><c r="B4" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    )
    found = read("spreadsheet", with_sheet(data))
    assert values(found) == [{"qty": "2", "sum": "4"}, {"qty": "3"}, {"qty": "3"}]
    assert [[(f.rule, f.place.path) for f in message.findings] for message in found.messages] == [
        [("XLS-04", "B2")],
        [("XLS-06", "B3")],
        [("XLS-03", "B4")],
    ]
    assert found.messages[0].findings[0].text() == "sum is a formula (1 cells); the result that was stored with it is read."


@pytest.mark.parametrize(
    ("serial", "in_1900", "in_1904"),
    [
        ("1", "1900-01-01", "1904-01-02"),
        ("59", "1900-02-28", "1904-02-29"),
        ("60", None, "1904-03-01"),
        ("61", "1900-03-01", "1904-03-02"),
        ("46348", "2026-11-22", "2030-11-23"),
        ("46348.354166666664", "2026-11-22T08:30:00", "2030-11-23T08:30:00"),
        ("46347.999999999", "2026-11-22", "2030-11-23"),
        ("0.5", "12:00:00", "1904-01-01T12:00:00"),
        ("0", None, "1904-01-01"),
        ("-1", None, None),
        ("2958465", "9999-12-31", None),
        ("2958466", None, None),
    ],
)
def test_days_of_both_calendars(serial: str, in_1900: str | None, in_1904: str | None) -> None:
    assert moment(serial, since_1904=False) == in_1900
    assert moment(serial, since_1904=True) == in_1904


def test_days_agree_with_openpyxl_in_both_calendars() -> None:
    for epoch in (openpyxl.utils.datetime.CALENDAR_WINDOWS_1900, openpyxl.utils.datetime.CALENDAR_MAC_1904):
        book = sheet_of([["day"], [dt.date(2026, 11, 22)], [dt.datetime(1999, 12, 31, 23, 59, 59)]])  # noqa: DTZ001
        book.epoch = epoch
        assert [row["day"] for row in values(read("spreadsheet", saved(book)))] == ["2026-11-22", "1999-12-31T23:59:59"]


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        ("yyyy-mm-dd", True),
        ("[$-804]yyyy\\年m\\月d\\日;@", True),
        ("d/m/yy h:mm", True),
        ("mmm", True),
        ("General", False),
        ("0.00", False),
        ('#,##0 "days"', False),
        ("[Red]-0.00", False),
        ("[h]:mm", False),
        ("@", False),
        ('0.0" mm"', False),
        ("# ?/?", False),
    ],
)
def test_formats_that_show_a_date(code: str, is_date: bool) -> None:
    assert shows_date(code) is is_date


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("12.50", "12.50"),
        ("104.86725699999999", "104.867257"),
        ("0.30000000000000004", "0.3"),
        ("1.5E-2", "0.015"),
        ("1E3", "1000"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("6.9012340000000019E+16", "69012340000000000"),
        ("NaN", None),
        ("1e999", None),
        ("1,5", None),
        ("", None),
    ],
)
def test_numbers_have_the_digits_that_a_workbook_keeps(stored: str, shown: str | None) -> None:
    assert number(stored) == shown
    assert shown is None or lost_digits(shown) == (len(shown.lstrip("-")) > 15 and "." not in shown)


def test_merged_cells_count_for_each_of_their_rows() -> None:
    book = sheet_of([["order", "line"], ["A", 1], [None, 2], [None, 3], ["B", 1]])
    book.active.merge_cells("A2:A4")
    found = read("spreadsheet", saved(book))
    assert [row["order"] for row in values(found)] == ["A", "A", "A", "B"]
    assert [(f.rule, f.got, f.place.path) for f in found.around] == [("XLS-07", "A2:A4", "A2"), ("FED-17", None, None)]


TYPED = b"""
version: 1
grammar: typed
format: spreadsheet
message: typed
fields:
  lot: {type: text}
  qty: {type: decimal}
  due: {type: date}
  note: {type: text}
"""
GROUPED = b"""
version: 1
grammar: grouped
format: spreadsheet
message: grouped
group: {by: [order], header: [total], rows: line}
fields:
  order: {type: text, required: true}
  total: {type: decimal}
  qty: {type: decimal}
"""
DAY = dt.date(2026, 11, 22)


def typed(folder: Path, book: openpyxl.Workbook, grammar: bytes = TYPED) -> Read:
    name = "typed" if grammar is TYPED else "grouped"
    (folder / "spreadsheet").mkdir(exist_ok=True)
    (folder / "spreadsheet" / f"{name}.yaml").write_bytes(grammar)
    return read("spreadsheet", saved(book), name, Profile(options={"grammar_folders": [str(folder)]}))


def told(found: Read) -> list[list[tuple[str, str | None, str | None, str | None]]]:
    return [[(one.rule, one.place.path, one.expected, one.got) for one in message.findings] for message in found.messages]


def test_a_number_that_is_merged_over_rows_is_refused_and_a_text_counts_for_each(tmp_path: Path) -> None:
    book = sheet_of([["lot", "qty", "due", "note"], ["L1", 10, DAY, "a"], [None, None, DAY, None], ["L2", 5, DAY, None]])
    for cells in ("A2:A3", "B2:B3", "D2:D3"):
        book.active.merge_cells(cells)
    found = typed(tmp_path, book)
    assert told(found) == [[("XLS-13", "B2", None, "B2:B3")], [("XLS-13", "B3", None, "B2:B3")], []]
    assert [one.severity for message in found.messages for one in message.findings] == ["error", "error"]
    assert [row["lot"] for row in values(found)] == ["L1", "L1", "L2"]
    assert [(one.rule, one.got) for one in found.around] == [("XLS-07", "A2:A3"), ("XLS-07", "D2:D3")]


def test_what_a_message_has_once_may_be_merged_over_its_rows(tmp_path: Path) -> None:
    book = sheet_of([["order", "total", "qty"], ["A", 15, 10], [None, None, 5], ["B", 7, 7]])
    book.active.merge_cells("A2:A3")
    book.active.merge_cells("B2:B3")
    found = typed(tmp_path, book, GROUPED)
    assert told(found) == [[], []]
    assert [[dict(line.values)["qty"] for line in message.root.children] for message in found.messages if message.root] == [
        ["10", "5"],
        ["7"],
    ]


def test_cells_merged_over_columns_leave_the_covered_columns_without_a_value(tmp_path: Path) -> None:
    book = sheet_of([["lot", "qty", "due", "note"], ["L1", 10, DAY, "a"], ["L2", 3, DAY, None], [None, None, None, None]])
    book.active.merge_cells("A2:B2")
    book.active.merge_cells("C3:D4")
    found = typed(tmp_path, book)
    assert told(found) == [[("XLS-14", "B2", None, "A2:B2")], [("XLS-14", "D3", None, "C3:D4")], [("XLS-14", "D4", None, "C3:D4")]]


def test_cells_merged_outside_of_the_table_are_nobodys_business(tmp_path: Path) -> None:
    book = sheet_of([["Our stock", None, None], [], ["Lot", "Qty"], ["L1", 5]])
    book.active.title = "Orders"
    book.active.merge_cells("A1:C2")
    book.active.merge_cells("E4:F5")
    (tmp_path / "spreadsheet").mkdir()
    (tmp_path / "spreadsheet" / "g.yaml").write_bytes(GRAMMAR)
    found = read("spreadsheet", saved(book), "g", Profile(options={"grammar_folders": [str(tmp_path)]}))
    assert (found.rules, found.rules_around) == ([], ["CSV-05", "CSV-05"])


@pytest.mark.parametrize(
    ("column", "value", "code", "read_as", "expected"),
    [
        ("lot", 123, "00000", "00123", ("XLS-15", "A2", "123", "00123")),
        ("lot", 123456, "00000", "123456", None),
        ("lot", 6901234500052, "0", "6901234500052", None),
        ("lot", 7, '"LOT-"000', "7", ("XLS-16", "A2", "7", '"LOT-"000')),
        ("lot", 1234567, "000-0000", "1234567", ("XLS-16", "A2", "1234567", "000-0000")),
        ("lot", DAY, "yyyy-mm-dd", "2026-11-22", ("XLS-18", "A2", None, "2026-11-22")),
        ("qty", 123, "00000", "123", None),
        ("qty", 0.19, "0%", "0.19", ("XLS-16", "B2", "0.19", "19%")),
        ("qty", 0.195, "0.0%", "0.195", ("XLS-16", "B2", "0.195", "19.5%")),
        ("qty", 1.5, "[h]:mm", "1.5", ("XLS-16", "B2", "1.5", "[h]:mm")),
        ("qty", 1234567, "#,##0,", "1234567", ("XLS-16", "B2", "1234567", "#,##0,")),
        ("qty", 12, ";;;", "12", ("XLS-16", "B2", "12", ";;;")),
        ("qty", 1234.5, "#,##0.00", "1234.5", None),
        ("qty", 12, '0 "kg"', "12", None),
        ("qty", 12, '[$-407]#,##0.00 "EUR"', "12", None),
        ("qty", 1.25, "# ?/?", "1.25", None),
        ("qty", 1200000, "0.00E+00", "1200000", None),
        ("due", 46348, "General", None, ("XLS-17", "C2", "2026-11-22", "46348")),
        ("due", 46348, "0", None, ("XLS-17", "C2", "2026-11-22", "46348")),
    ],
)
def test_what_is_shown_otherwise_than_stored_is_told(
    tmp_path: Path, column: str, value: Any, code: str, read_as: str | None, expected: tuple[str, str, str | None, str] | None
) -> None:
    book = sheet_of([["lot", "qty", "due", "note"], [None, None, None, "x"]])
    cell = book.active.cell(2, ["lot", "qty", "due"].index(column) + 1, value)
    cell.number_format = code
    found = typed(tmp_path, book)
    assert told(found) == [[expected] if expected else []]
    assert values(found)[0].get(column) == read_as


def test_a_column_is_told_once_with_its_cells_in_a_message_of_many_rows(tmp_path: Path) -> None:
    book = sheet_of([["order", "total", "qty"], ["A", 3, 0.1], ["A", 3, 0.2], ["A", 3, 3]])
    for row in (2, 3):
        book.active.cell(row, 3).number_format = "0%"
    (message,) = typed(tmp_path, book, GROUPED).messages
    assert [(one.rule, one.place.path, one.params["count"]) for one in message.findings] == [("XLS-16", "C2", "2")]


def test_values_below_a_header_cell_without_a_word_are_told(tmp_path: Path) -> None:
    found = typed(tmp_path, sheet_of([["lot", None, "qty"], ["L1", "forgotten", 5]]))
    assert told(found) == [[("XLS-08", "B2", None, "forgotten")]]


GRAMMAR = b"""
version: 1
grammar: g
format: spreadsheet
message: g
sheet: Orders
header_row: 3
fields:
  lot: {type: text, required: true}
  qty: {type: decimal}
"""


def test_the_sheet_and_the_header_are_where_the_grammar_says(tmp_path: Path) -> None:
    (tmp_path / "spreadsheet").mkdir()
    (tmp_path / "spreadsheet" / "g.yaml").write_bytes(GRAMMAR)
    profile = Profile(options={"grammar_folders": [str(tmp_path)]})
    book = sheet_of([["first sheet"]])
    orders = book.create_sheet("Orders")
    for row in (["Our orders"], [], ["Lot", "Qty", None], ["L1", 5, "remark"], [], ["L2", "6"]):
        orders.append(row)
    found = read("spreadsheet", saved(book), "g", profile)
    assert values(found) == [{"lot": "L1", "qty": "5"}, {"lot": "L2", "qty": "6"}]
    assert [root.root.position for root in found.messages if root.root] == [4, 6]
    assert found.rules_around == ["XLS-12", "CSV-05", "CSV-05"] and found.rules == ["XLS-08"]
    orders.title = "Others"
    missing = read("spreadsheet", saved(book), "g", profile).unreadable
    assert missing is not None and (missing.rule, missing.expected, missing.got) == ("XLS-10", "Orders", "Sheet, Others")


def test_a_hidden_first_sheet_is_passed_over_and_links_are_told_and_not_followed() -> None:
    book = sheet_of([["hidden"], ["x"]])
    book.create_sheet("Shown").append(["seen"])
    book["Shown"].append(["y"])
    book.active = 1
    book["Sheet"].sheet_state = "hidden"
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://x/externalLinkPath" Target="file:///etc/passwd" TargetMode="External"/></Relationships>'
    )
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(book))) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "xl/_rels/workbook.xml.rels":
                link = b'<Relationship Id="rId99" Type="http://x/externalLink" Target="externalLinks/externalLink1.xml"/></Relationships>'
                body = body.replace(b"</Relationships>", link)
            new.writestr(name, body)
        new.writestr("xl/externalLinks/externalLink1.xml", "<externalLink/>")
        new.writestr("xl/externalLinks/_rels/externalLink1.xml.rels", rels)
    found = read("spreadsheet", content.getvalue())
    assert values(found) == [{"seen": "y"}]
    assert [(f.rule, f.got) for f in found.around] == [("XLS-09", "file:///etc/passwd"), ("XLS-12", "Sheet"), ("FED-17", None)]


def refused(content: bytes) -> str:
    found = read("spreadsheet", content)
    assert found.unreadable is not None
    return found.unreadable.rule


@pytest.mark.timeout(60)
def test_bombs_and_entities_are_refused_quickly() -> None:
    bomb = with_sheet('<row r="1"><c r="A1" t="str"><v>a</v></c></row>' + '<row r="2">' + " " * 100_000_000 + "</row>")
    assert len(bomb) < 200_000
    assert refused(bomb) == "XLS-02"
    laughs = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]>"
    entity = changed(saved(sheet_of([["a"]])), xl__worksheets__sheet1=f"{laughs}<worksheet {MAIN}><sheetData>&b;</sheetData></worksheet>")
    assert refused(entity) == "XLS-01"
    outside = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
    assert refused(changed(saved(sheet_of([["a"]])), xl__styles=f"{outside}<styleSheet {MAIN}>&a;</styleSheet>")) == "XLS-01"


def test_what_is_no_workbook_is_said() -> None:
    good = saved(sheet_of([["a"], ["1"]]))
    assert sniff(good[:4096]) is format_named("spreadsheet")
    assert refused(b"a,b\n") == "FED-03" and refused(b"") == "FED-01"
    assert refused(good[:200]) == "XLS-01"
    word = io.BytesIO()
    with zipfile.ZipFile(word, "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("word/document.xml", "<document/>")
    assert sniff(word.getvalue()) is None and refused(word.getvalue()) == "XLS-01"
    twice = io.BytesIO(good)
    with zipfile.ZipFile(twice, "a") as package:
        package.writestr("XL/workbook.xml", "<workbook/>")
    assert refused(twice.getvalue()) == "XLS-01"
    assert refused(with_sheet('<row r="2"><c r="A2"/></row><row r="1"/>')) == "XLS-01"
    assert refused(with_sheet('<row r="1"><c r="ZZZ1"/></row>')) == "XLS-01"


def test_a_workbook_is_bounded_as_every_archive_is() -> None:
    good = saved(sheet_of([["a"], ["1"]]))

    def with_parts(*names: str) -> bytes:
        content = io.BytesIO(good)
        with zipfile.ZipFile(content, "a") as package:
            for name in names:
                package.writestr(name, "")
        return content.getvalue()

    assert values(read("spreadsheet", with_parts("xl/media/", "xl/media/picture.png"))) == [{"a": "1"}]
    assert refused(with_parts("../outside.xml")) == refused(with_parts("/xl/absolute.xml")) == "XLS-01"
    assert refused(with_parts(*(f"xl/media/{number}.png" for number in range(5_000)))) == "XLS-02"
    locked = bytearray(good)
    locked[locked.rfind(b"PK\x01\x02") + 8] |= 1  # the bit that says that a part is encrypted (APPNOTE 4.4.4)
    assert refused(bytes(locked)) == "XLS-01"
    claimed = bytearray(good)
    struct.pack_into("<I", claimed, claimed.rfind(b"PK\x05\x06") + 12, 100_000_000)  # a list of parts that would fill the memory
    assert refused(bytes(claimed)) == "XLS-02"
    damaged = bytearray(good)
    with zipfile.ZipFile(io.BytesIO(good)) as package:
        sheet = package.getinfo("xl/worksheets/sheet1.xml")
    damaged[sheet.header_offset + 30 + len(sheet.filename) + sheet.compress_size // 2] ^= 0xFF
    found = read("spreadsheet", bytes(damaged))
    assert "XLS-01" in [*found.rules_around, *([found.unreadable.rule] if found.unreadable else [])]


def test_a_sheet_that_breaks_off_keeps_what_was_read() -> None:
    data = '<row r="1"><c r="A1" t="str"><v>a</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>' + f"<!--{'x' * 200_000}-->"
    found = read("spreadsheet", with_sheet(data + "<row"))
    assert values(found) == [{"a": "1"}] and found.rules_around == ["FED-17", "XLS-01"]


FIELDS = "\n  ".join(
    f"{name}: {{type: {kind}}}"
    for name, kind in (("lot", "text"), ("qty", "decimal"), ("n", "integer"), ("day", "date"), ("due", "partial_date"), ("ok", "boolean"))
)
OWN = parse_grammar(
    f"version: 1\ngrammar: g\nformat: spreadsheet\nmessage: g\nfields:\n  {FIELDS}\n".encode(), "g.yaml", "g", "spreadsheet"
)
_texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=20).map(str.strip).filter(bool)
_records = st.fixed_dictionaries(
    {"lot": _texts | st.sampled_from(["=1+1", "+1", "-1", "@SUM(A1)", "007", "true", "_x0041_", "<a>&b", '=HYPERLINK("http://x")'])},
    optional={
        "qty": st.decimals(-(10**9), 10**9, places=3).map(lambda value: format(value, "f")) | st.sampled_from(["1E5", "+5", "0123"]),
        "n": st.integers(-(10**17), 10**17).map(str),
        "day": st.dates().map(lambda day: day.isoformat()),
        "due": st.dates().map(lambda day: day.isoformat()[:7]),
        "ok": st.sampled_from(["true", "false"]),
    },
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_records, min_size=1, max_size=5))
def test_what_is_written_is_read_back_and_openpyxl_sees_the_same(rows: list[dict[str, str]]) -> None:
    content = write_document([("g", SourceRecord("g", row, 1)) for row in rows], OWN)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    names = list(OWN.fields)
    assert [cell.value for cell in sheet[1]] == names
    for cells, row in zip(sheet.iter_rows(min_row=2), rows, strict=True):
        for name, cell in zip(names, cells, strict=True):
            stated = row.get(name)
            assert cell.data_type != "f", "nothing that we write is a formula"
            if stated is None:
                assert cell.value is None
            elif name == "day" and isinstance(cell.value, dt.datetime):
                assert cell.value.date().isoformat() == stated
            elif name == "ok":
                assert cell.value is (stated == "true")
            elif name == "lot" and "_x" not in stated:  # openpyxl leaves `_x0041_` of inline texts as it stands
                assert cell.value == stated
    again = read("spreadsheet", content)
    assert [{**row} for row in values(again)] == rows and again.rules == []


def test_what_a_sheet_cannot_carry_is_refused() -> None:
    for row, says in (
        ({"lot": "a\0"}, r"U\+0000"),
        ({"lot": "x" * 40_000}, "room for 32767"),
        ({"colour": "red"}, "no colour"),
        ({}, "without any value"),
    ):
        with pytest.raises(ValueError, match=says):
            write_document([("g", SourceRecord("g", row, 1))], OWN)


def test_days_before_the_calendar_are_text() -> None:
    assert serial_of("1900-03-01") == 61 and serial_of("1900-02-28") is None


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 5000), st.integers(0, 60))
def test_damage_is_a_finding(noise: bytes, at: int, cut: int) -> None:
    content = SAMPLE.read_bytes()
    at %= len(content)
    read("spreadsheet", content[:at] + noise + content[at + cut :], "supplier_confirmations")


def test_the_sample_is_written_back_equal() -> None:
    first = read("spreadsheet", SAMPLE.read_bytes(), "supplier_confirmations")
    messages = [(m.type, m.root) for m in first.messages if m.root is not None]
    written = format_named("spreadsheet").write(messages, None, STRICT, "supplier_confirmations")
    again = read("spreadsheet", written, "supplier_confirmations")
    assert [tree(m.root) for m in again.messages if m.root is not None] == [tree(root) for _, root in messages]


def test_merged_cells_are_shown_as_their_first(tmp_path: Path) -> None:
    """One order `00123` over two rows, whose number is stored without its zeros, stays one order."""
    book = sheet_of([["order", "total", "qty"], [123, 15, 10], [None, None, 5]])
    book.active["A2"].number_format = "00000"
    book.active.merge_cells("A2:A3")
    book.active.merge_cells("B2:B3")
    found = typed(tmp_path, book, GROUPED)
    (message,) = found.messages
    assert message.root is not None
    assert dict(message.root.values)["order"] == "00123"
    assert len(message.root.children) == 2


def test_merged_cells_that_overlap_are_refused(tmp_path: Path) -> None:
    book = sheet_of([["lot", "qty", "due", "note"], ["L1", 10, DAY, "a"], [None, None, DAY, None]])
    cells = "".join(f'<mergeCell ref="A{2 + number % 2}:B{3 + number}"/>' for number in range(2000))
    content = changed(
        saved(book),
        xl__worksheets__sheet1=zipfile.ZipFile(io.BytesIO(saved(book)))
        .read("xl/worksheets/sheet1.xml")
        .decode()
        .replace("</sheetData>", f"</sheetData><mergeCells>{cells}</mergeCells>"),
    )
    (tmp_path / "spreadsheet").mkdir()
    (tmp_path / "spreadsheet" / "typed.yaml").write_bytes(TYPED)
    found = read("spreadsheet", content, "typed", Profile(options={"grammar_folders": [str(tmp_path)]}))
    assert found.unreadable is not None and (found.unreadable.rule, found.unreadable.got) == (
        "XLS-01",
        "merged cells that overlap: A2:B3, A2:B5",
    )


def test_no_number_of_notes_hides_what_refuses_a_row(tmp_path: Path) -> None:
    rows: list[list[object]] = [["order", "total", "qty"], *[[123, 15, 1] for _ in range(205)], [123, 15, 10], [123, 15, None]]
    book = sheet_of(rows)
    for at in range(2, len(rows) + 1):
        book.active[f"A{at}"].number_format = "00000"
    book.active.merge_cells(f"C{len(rows) - 1}:C{len(rows)}")
    (message,) = typed(tmp_path, book, GROUPED).messages
    assert [one.rule for one in message.findings if one.severity == "error"] == ["XLS-13", "XLS-13"]
