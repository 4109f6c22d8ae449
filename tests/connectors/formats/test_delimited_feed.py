from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import row_grouping
from connectors.feed_reading import reread
from connectors.formats.delimited.rows import unpaired
from connectors.registry import format_named
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from tests.connectors.reading import read, tree

SAMPLES = Path(__file__).parents[2] / "samples" / "delimited"
COLUMNS = (
    "order_no;revision;purpose;issued;currency;supplier_code;ship_to_gln;line;item_code;gtin;"
    "supplier_item;description;quantity;unit;unit_price;requested"
)


def row(order: str = "A1", line: int = 1, **changes: str) -> str:
    values = dict.fromkeys(COLUMNS.split(";"), "") | {
        "order_no": order, "revision": "0", "purpose": "new", "issued": "20.11.2026 09:30", "currency": "CNY", "supplier_code": "V1",
        "ship_to_gln": "6970001200015", "line": str(line), "item_code": "X", "quantity": "1,5", "unit": "EA",
    }  # fmt: skip
    return ";".join((values | changes).values())


def orders(*rows: str, columns: str = COLUMNS) -> bytes:
    return "\n".join([columns, *rows, ""]).encode()


def test_a_row_is_a_message_with_its_number_line_and_bytes() -> None:
    content = (SAMPLES / "erp_items.csv").read_bytes()
    found = read("delimited", content, "erp_items")
    assert found.kinds == ["interchange", "group", "message", "message", "message", "group_end", "interchange_end"]
    assert found.rules == [] and found.rules_around == []
    roots = [message.root for message in found.messages if message.root]
    assert [(root.position, root.line) for root in roots] == [(2, 2), (3, 3), (4, 4)]
    assert roots[0].values["name_zh"] == "医用级聚醚醚酮颗粒" and "gtin_each" not in roots[0].values
    assert roots[2].values["name_en"] == 'Cervical cage "Aurora" M'
    pieces = [content[message.offset : message.offset + message.length] for message in found.messages]
    assert b"".join(pieces) == content.split(b"\r\n", 1)[1]


def test_adjacent_rows_with_the_same_key_are_one_message() -> None:
    for name, choice in (("erp_orders.csv", []), ("erp_orders_gb18030.csv", ["FED-16"])):
        content = (SAMPLES / name).read_bytes()
        found = read("delimited", content, "erp_orders")
        assert found.rules == [] and found.rules_around == choice
        first, second = (message.root for message in found.messages)
        assert first is not None and second is not None
        assert (first.values["order_no"], first.values["issued"]) == ("4500000123", "20.11.2026 09:30")
        assert [(child.tag, child.position, child.values["quantity"]) for child in first.children] == [
            ("row", 2, "250,5"),
            ("row", 3, "40"),
        ]
        assert first.children[0].values["description"] == "聚醚醚酮颗粒; 医用级"
        assert "currency" not in first.children[0].values and second.values["purpose"] == "changed"
    agreed = read("delimited", (SAMPLES / "erp_orders_gb18030.csv").read_bytes(), "erp_orders", Profile(charset="GB2312"))
    assert agreed.rules_around == [] and len(agreed.messages) == 2
    stock = read("delimited", (SAMPLES / "erp_stock.csv").read_bytes(), "erp_stock")
    assert [len(message.root.children) for message in stock.messages if message.root] == [2, 1]


@pytest.mark.parametrize(
    ("broken", "rule", "path", "column"),
    [
        (row("B2", quantity="1.5"), "FED-06", "quantity", 13),
        (row("B2", requested="31.02.2026"), "FED-06", "requested", 16),
        (row("B2", requested="2026-02-01"), "FED-06", "requested", 16),
        (row("B2", purpose="neu"), "FED-07", "purpose", 3),
        (row("B2", currency="€"), "FED-08", "currency", 5),
        (row("B2", unit=""), "FED-05", "unit", 14),
        (row("B2") + ";", "CSV-07", None, None),
        (row("B2")[:-3], "CSV-07", None, None),
        (row("B2", description='"x"y'), "CSV-08", None, 12),
        (row("B2", description="a\0b"), "FED-18", None, 12),
    ],
)
def test_a_broken_row_holds_its_order_and_no_other(broken: str, rule: str, path: str | None, column: int | None) -> None:
    found = read("delimited", orders(row("A1"), broken, row("C3")), "erp_orders")
    wrong = [(message, finding) for message in found.messages for finding in message.findings]
    assert {finding.rule for _, finding in wrong} == {rule}
    finding = wrong[0][1]
    assert (finding.place.path, finding.place.element, finding.place.position, finding.place.line) == (path, column, 3, 3)
    assert finding.severity == "error" and finding.text("zh-CN")
    if rule != "CSV-08":
        assert [len(message.findings) for message in found.messages] == [0, 1, 0]


def test_quotes_that_do_not_pair_are_found_in_their_line_and_column() -> None:
    assert unpaired('a;"b;""c""";"x"y;d\r\n', ";", '"') == (3, 0)
    assert unpaired('"two\r\nlines";"x" ;d\r\n', ";", '"') == (2, 1)
    assert unpaired('a;"never', ";", '"') == (2, 0)
    assert unpaired('a;b"c;"d"\r\n', ";", '"') == (None, 0)  # a quote within a field that has none around it is text


def test_a_row_of_nobody_knows_which_order_holds_both_neighbours() -> None:
    found = read("delimited", orders(row("A1"), row("?", description='"x"y'), row("B2"), row("C3")), "erp_orders")
    assert [[finding.rule for finding in message.findings] for message in found.messages] == [["CSV-08"], ["CSV-08"], []]
    alone = read("delimited", orders(row("A1", description='"x"y')), "erp_orders")
    assert alone.rules == ["CSV-08"] and alone.messages[0].root is None


def test_a_header_value_that_differs() -> None:
    found = read("delimited", orders(row("A1", 1), row("A1", 2, currency="EUR"), row("B2")), "erp_orders")
    assert [[finding.rule for finding in message.findings] for message in found.messages] == [["CSV-10"], []]
    blank = read("delimited", orders(row("A1", 1), row("A1", 2, currency="", issued="")), "erp_orders")
    assert blank.rules == [] and len(blank.messages) == 1


def test_an_order_whose_rows_stand_apart_is_refused_in_every_part() -> None:
    found = read("delimited", orders(row("A1", 1), row("B2"), row("A1", 2), row("C3"), row("A1", 3)), "erp_orders")
    assert [[finding.rule for finding in message.findings] for message in found.messages] == [["CSV-11"], [], ["CSV-11"], [], ["CSV-11"]]
    assert all(finding.severity == "error" for message in found.messages for finding in message.findings)
    unclosed = read("delimited", orders(row("A1", 1), row("B2"), row("A1", 2), row("C3", description='"open')), "erp_orders")
    assert [[finding.rule for finding in message.findings] for message in unclosed.messages][:2] == [["CSV-11"], []]


def test_more_messages_than_are_remembered_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_grouping, "_REMEMBERED", 2)
    found = read("delimited", orders(row("A1"), row("B2"), row("C3"), row("A1", 2), row("C3", 2)), "erp_orders")
    assert [[finding.rule for finding in message.findings] for message in found.messages] == [
        ["CSV-11", "CSV-13"],
        [],
        [],
        ["CSV-11"],
        [],
    ]


@pytest.mark.parametrize(
    ("columns", "rules"),
    [
        (COLUMNS, []),
        (COLUMNS.upper().replace("_", " "), ["CSV-05"] * 16),
        (COLUMNS.replace("gtin", "colour"), ["CSV-03", "CSV-02"]),
        (COLUMNS.replace("supplier_item", "suplier_item"), ["CSV-06"]),
    ],
)
def test_columns_that_are_spelled_otherwise_unknown_or_missing_are_warned_of(columns: str, rules: list[str]) -> None:
    found = read("delimited", orders(row(), columns=columns), "erp_orders")
    assert found.rules == [] and [rule for rule in found.rules_around if rule != "CSV-05" or "CSV-05" in rules] == rules
    assert all(finding.severity == "warning" for finding in found.around)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "FED-01"),
        (b"\n\r\n", "FED-01"),
        (b"PK\x03\x04", "FED-02"),
        (b"order_no;\x00\x01\x02\x03;x\n", "FED-02"),
        (b"<a/>", "FED-03"),
        (b"ISA*00*", "FED-03"),
        (b'{"a":1}', "FED-03"),
        (orders(row(), columns=COLUMNS.replace("unit;", "units;")), "CSV-01"),
        (orders(row(), columns=COLUMNS.replace("gtin", "unit")), "CSV-04"),
        (b"hello world\n", "CSV-01"),
        (orders(row(), columns='"' + COLUMNS), "CSV-09"),
    ],
)
def test_an_unreadable_document_says_why_and_nothing_else(content: bytes, rule: str) -> None:
    found = read("delimited", content, "erp_orders")
    assert found.kinds == ["unreadable"]
    assert found.unreadable is not None and found.unreadable.rule == rule
    if rule == "CSV-01":
        assert "unit" in str(found.unreadable.expected).split(", ")


def test_a_quote_that_never_closes_ends_the_reading_and_says_where() -> None:
    found = read("delimited", orders(row("A1"), row("B2"), row("C3", description='"open'), row("D4")), "erp_orders")
    assert [message.root.values["order_no"] for message in found.messages if message.root] == ["A1"]
    assert found.rules_around == ["CSV-09"] and found.around[0].place.line == 4
    endless = read("delimited", orders(row("A1"), row("B2"), row("C3", description='"open'), *[row("D4")] * 30_000), "erp_orders")
    assert endless.rules_around == ["CSV-09"] and endless.around[0].place.line == 4


def test_charsets_marks_separators_and_line_ends() -> None:
    text = orders(row("A1", description="规格"), row("B2")).decode()
    expected = [tree(message.root) for message in read("delimited", text.encode(), "erp_orders").messages if message.root]
    for content, around in (
        (text.encode("utf-8-sig"), []),
        (text.encode("utf-16"), ["FED-16"]),
        (text.encode("utf-16-le"), ["FED-16"]),
        (text.encode("gb18030"), ["FED-16"]),
        (text.replace("\n", "\r\n").encode(), []),
        (text.replace("\n", "\r").encode(), []),
        (text.replace("1,5", '"1,5"').replace(";", ",").encode(), ["CSV-12"]),
        (text.replace("\n", "\n\n;;;;;;;;;;;;;;;\n").encode(), []),
        (text.encode() + b"\x1a", []),
    ):
        found = read("delimited", content, "erp_orders")
        assert found.rules == [] and found.rules_around == around
        assert [tree(message.root) for message in found.messages if message.root] == expected
    wrong = read("delimited", text.encode("gb18030"), "erp_orders", Profile(charset="utf-8"))
    assert wrong.rules == ["FED-15"] and wrong.messages[0].root is None and wrong.messages[1].findings == []
    assert "They are" not in wrong.messages[0].findings[0].text("en")
    lied = read("delimited", text.encode(), "erp_orders", Profile(charset="ascii"))
    assert lied.rules == ["FED-15"] and "no ascii text. They are UTF-8." in lied.messages[0].findings[0].text("en")
    assert "它们是 UTF-8" in lied.messages[0].findings[0].text("zh-CN")
    with pytest.raises(ConfigError):
        read("delimited", text.encode(), "erp_orders", Profile(charset="rot13"))


@pytest.mark.parametrize(("number", "rules"), [("1,200", ["CSV-14"]), ("1,5", []), ("1200", []), ("0,200", []), ("12,3456", [])])
def test_a_number_that_another_separator_makes_doubtful_is_refused(number: str, rules: list[str]) -> None:
    text = orders(row("A1"), row("B2")).decode()
    content = text.replace("1,5", f'"{number}"', 1).replace(";", ",").replace("1,5,", '"1,5",')
    found = read("delimited", content.encode(), "erp_orders")
    assert found.rules == rules and found.rules_around == ["CSV-12"]
    same = read("delimited", text.replace("1,5", number, 1).encode(), "erp_orders")
    assert same.rules == [], "under the separator of the grammar its decimal mark holds"


@pytest.mark.parametrize("mark", [b"sep=;\r\n", b"\xef\xbb\xbfsep=;\n", b'"sep=;"\n'])
def test_the_line_by_which_a_spreadsheet_is_told_the_separator_is_passed_over(mark: bytes) -> None:
    plain = read("delimited", orders(row("A1"), row("B2")), "erp_orders")
    content = mark + orders(row("A1"), row("B2"))
    found = read("delimited", content, "erp_orders")
    assert found.rules == [] and found.rules_around == []
    assert [tree(one.root) for one in found.messages if one.root] == [tree(one.root) for one in plain.messages if one.root]
    assert [one.root.line for one in found.messages if one.root] == [one.root.line + 1 for one in plain.messages if one.root]
    for one in found.messages:
        again = reread(format_named("delimited"), io.BytesIO(content), STRICT, "erp_orders", one.ordinal)
        assert again is not None and tree(again.root) == tree(one.root)


def test_a_message_is_found_again_in_any_charset() -> None:
    content = (SAMPLES / "erp_orders.csv").read_bytes().decode().encode("utf-16")
    for message in read("delimited", content, "erp_orders").messages:
        again = reread(format_named("delimited"), io.BytesIO(content), STRICT, "erp_orders", message.ordinal)
        assert again is not None and tree(again.root) == tree(message.root)
        assert (message.offset, message.length) == (0, len(content))


def test_a_group_larger_than_the_cap_is_refused() -> None:
    content = orders(*[row("A1", line) for line in range(1, 60)], row("B2"))
    found = read("delimited", content, "erp_orders", Profile(options={"max_message_records": 20}))
    assert found.rules == ["FED-14"] and found.messages[0].root is None and found.messages[1].root is not None


def test_values_for_spreadsheets_are_no_formulas_and_others_stay() -> None:
    writer = format_named("delimited")
    names = ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "-12.50", "plain"]
    messages = [("erp_items", SourceRecord("erp_items", {"item_code": str(n), "name_en": name}, n)) for n, name in enumerate(names)]
    plain = writer.write(messages, None, STRICT, "erp_items").decode("utf-8-sig").splitlines()[1:]
    guarded = writer.write(messages, None, Profile(options={"for_spreadsheet": True}), "erp_items").decode("utf-8-sig").splitlines()[1:]
    assert [line.split(",")[3] for line in plain] == names
    assert [line.split(",")[3] for line in guarded] == ["'=1+1", "'+cmd", "'-2+3", "'@SUM(A1)", "'\tx", "-12.50", "plain"]


def test_what_cannot_be_written_is_refused() -> None:
    writer = format_named("delimited")
    for values in ({"colour": "red"}, {"item_code": "a\0"}, {}):
        with pytest.raises(ValueError):
            writer.write([("erp_items", SourceRecord("erp_items", values, 1))], None, STRICT, "erp_items")
    with pytest.raises(ValueError, match="gbk has no"):
        writer.write([("erp_items", SourceRecord("erp_items", {"item_code": "𠮷"}, 1))], None, Profile(charset="gbk"), "erp_items")
    with pytest.raises(ValueError, match="without rows"):
        writer.write([("erp_stock", SourceRecord("erp_stock", {"location_gln": "1"}, 1))], None, STRICT, "erp_stock")
    with pytest.raises(ConfigError):
        writer.write([], None, STRICT)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from('\n;"'), max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_any_text_survives_writing_and_reading(values: list[tuple[str, str]]) -> None:
    root = SourceRecord("erp_orders", {"order_no": "A1"}, 2)
    for number, (description, item) in enumerate(values, start=2):
        kept = {name: text.strip() for name, text in (("description", description), ("item_code", item)) if text.strip()}
        root.children.append(SourceRecord("row", kept, number, root))
    content = format_named("delimited").write([("erp_orders", root)], None, STRICT, "erp_orders")
    (message,) = read("delimited", content, "erp_orders").messages
    assert message.root is not None and tree(message.root) == tree(root)


OWN_HEADERS = """
version: 1
grammar: own
format: delimited
message: own
group: {by: [number], header: [title], rows: part}
fields:
  number: {type: text, write: "编号", names: [nr]}
  title: {type: text}
  part: {type: text}
"""


def test_headers_in_the_readers_words_and_a_message_of_its_header_alone(tmp_path: Path) -> None:
    (tmp_path / "delimited").mkdir()
    (tmp_path / "delimited" / "own.yaml").write_text(OWN_HEADERS, encoding="utf-8")
    profile = Profile(options={"grammar_folders": [str(tmp_path)]})
    alone = SourceRecord("own", {"number": "1", "title": "a"}, 2)
    content = format_named("delimited").write([("own", alone)], None, profile, "own")
    assert content.decode("utf-8-sig") == "编号,title,part\r\n1,a,\r\n"
    for header in ("编号", "number", "nr"):
        (message,) = read("delimited", content.decode("utf-8-sig").replace("编号", header).encode(), "own", profile).messages
        assert message.root is not None and message.findings == [] and message.root.values == {"number": "1", "title": "a"}
