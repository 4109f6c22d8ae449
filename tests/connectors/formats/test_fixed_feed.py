from __future__ import annotations

from pathlib import Path

import pytest

from connectors.feed import parse_grammar
from connectors.registry import format_named
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from tests.connectors.reading import read, tree

SAMPLES = Path(__file__).parents[2] / "samples" / "fixed"
SHIPMENTS = (SAMPLES / "wms_shipments.txt").read_bytes()
STOCK = (SAMPLES / "erp_stock.txt").read_bytes()
ROWS = SHIPMENTS.split(b"\r\n")


def shipments(*rows: bytes):  # type: ignore[no-untyped-def]
    return read("fixed", b"\r\n".join(rows) + b"\r\n", "wms_shipments", Profile(charset="utf-8"))


def test_columns_records_and_their_places() -> None:
    found = read("fixed", SHIPMENTS, "wms_shipments")
    assert found.rules == [] and found.rules_around == [] and len(found.messages) == 2
    root = found.messages[0].root
    assert root is not None
    assert root.values == {
        "number": "SH-9001",
        "shipped_at": "20261122084500",
        "ship_from_gln": "8712345000011",
        "ship_to_gln": "4012345000009",
        "carrier": "DHL",
    }
    assert [(line.tag, [lot.tag for lot in line.children]) for line in root.children] == [("line", ["lot", "lot"]), ("line", ["lot"])]
    first, second = root.children[0].children
    assert first.values == {
        "lot": "L26-0441",
        "expires": "20281130",
        "quantity": "000000120000",
        "unit": "EA",
        "sscc": "069012340000000023",
    }
    assert "expires" not in second.values, "00000000 means that there is none"
    assert (second.position, second.line) == (5, 5)
    for message in found.messages:
        cut = SHIPMENTS[message.offset : message.offset + message.length]
        assert cut.startswith(b"10SH-900") and read("fixed", cut, "wms_shipments").messages[0].root is not None


def test_a_place_whose_lines_stand_apart_is_refused_in_every_part() -> None:
    first, second, third = STOCK.splitlines(keepends=True)
    found = read("fixed", first + third + second, "erp_stock")
    assert [[finding.rule for finding in message.findings] for message in found.messages] == [["CSV-11"], [], ["CSV-11"]]


def test_byte_offsets_under_gb18030() -> None:
    found = read("fixed", STOCK, "erp_stock")
    assert found.rules == []
    rows = [row.values for message in found.messages for row in message.root.children]  # type: ignore[union-attr]
    assert [(row["name"], row["status"], row["quantity"], row["unit"]) for row in rows] == [  # type: ignore[call-overload]
        ("骨螺钉 4.0", "可用", "1200", "个"),
        ("接骨板 六孔", "待检", "-2.5", "个"),
        ("Titanium bar", "可用", "12.500", "KG"),
    ]
    moved = STOCK.replace("接骨板 六孔".encode("gb18030") + b" ", b" " + "接骨板 六孔".encode("gb18030"))
    assert read("fixed", moved, "erp_stock").rules == []
    halved = read(
        "fixed", STOCK.replace("骨螺钉 4.0          ".encode("gb18030"), "骨螺钉四点零毫米长的".encode("gb18030")[:-1] + b" "), "erp_stock"
    )
    assert halved.rules[:1] == ["FED-15"] or "FIX-06" in halved.rules


@pytest.mark.parametrize(
    ("rows", "rules", "good"),
    [
        ([ROWS[1], b"40what is this", *ROWS[2:]], ["FIX-03"], [False, True]),
        ([ROWS[2], *ROWS[1:]], ["FIX-04"], [False, True, True]),
        ([ROWS[1], ROWS[3], *ROWS[7:]], ["FIX-04"], [False, True]),
        ([ROWS[1], ROWS[2], ROWS[3][:38], *ROWS[7:]], ["FIX-05", "FED-05"], [False, True]),
        ([ROWS[1], ROWS[2], ROWS[3] + b"  more", *ROWS[7:]], ["FIX-02"], [True, True]),
        ([ROWS[1].replace(b"20261122", b"20261322"), *ROWS[2:]], ["FED-06"], [False, True]),
        ([ROWS[1], ROWS[2].replace(b"Bone", b"B\xffne"), *ROWS[3:]], ["FED-15", "FIX-04", "FIX-04"], [False, True]),
        ([ROWS[1], ROWS[2].replace(b"Bone", b"B\0ne "), *ROWS[3:]], ["FED-18", "FIX-04", "FIX-04"], [False, True]),
        ([ROWS[1], ROWS[2], b"30" + b"x" * 200_000, *ROWS[7:]], ["FED-14"], [False, True]),
    ],
)  # fmt: skip
def test_a_broken_line_is_a_finding_of_its_message_and_of_no_other(rows: list[bytes], rules: list[str], good: list[bool]) -> None:
    found = shipments(*rows)
    assert found.rules == rules
    assert [not any(f.severity == "error" for f in message.findings) for message in found.messages] == good


def test_a_finding_names_line_record_and_column() -> None:
    found = shipments(ROWS[1], ROWS[2], ROWS[3].replace(b"20281130", b"20281131"))
    (finding,) = found.messages[0].findings
    assert (finding.rule, finding.place.line, finding.place.element, finding.place.path) == ("FED-06", 3, 23, "line[1]/lot[1]/expires")


def test_without_a_grammar_nothing_can_be_read() -> None:
    assert read("fixed", SHIPMENTS).unreadable.rule == "FIX-01"  # type: ignore[union-attr]
    assert read("fixed", b"<a/>", "wms_shipments").unreadable.rule == "FED-03"  # type: ignore[union-attr]


def test_utf16_and_a_caps_of_one_message() -> None:
    wide = read("fixed", SHIPMENTS.decode().encode("utf-16"), "wms_shipments")
    assert wide.rules == [] and wide.rules_around == ["FED-16"] and len(wide.messages) == 2
    few = read("fixed", SHIPMENTS, "wms_shipments", Profile(options={"max_message_records": 3}))
    assert few.rules == ["FED-14"] and few.messages[0].root is None and few.messages[1].root is not None


def test_written_lines_have_every_column_in_its_place() -> None:
    root = SourceRecord("wms_shipments", {"number": "S1", "shipped_at": "20261122084500", "ship_from_gln": "1", "ship_to_gln": "2"}, 1)
    line = SourceRecord("line", {"line_no": "1", "gtin": "06901234500059"}, 2, root)
    lot = SourceRecord("lot", {"quantity": "-120", "unit": "EA"}, 3, line)
    root.children, line.children = [line], [lot]
    written = format_named("fixed").write([("wms_shipments", root)], None, STRICT, "wms_shipments")
    rows = written.split(b"\r\n")
    assert [len(row) for row in rows] == [74, 68, 63, 0]
    assert rows[2][22:45] == b"00000000-00000000120EA "
    (message,) = read("fixed", written, "wms_shipments").messages
    assert message.findings == [] and message.root is not None and message.root.children[0].children[0].values["quantity"] == "-00000000120"  # type: ignore[call-overload]
    assert format_named("fixed").write([("wms_shipments", message.root)], None, STRICT, "wms_shipments") == written
    for tag, name, value, says in (
        (line, "gtin", "069012345000591", "room for 14"),
        (line, "colour", "red", "no colour"),
        (line, "description", "a\nb", "U\\+000A"),
        (lot, "expires", "00000000", "no value"),
    ):
        tag.values[name] = value  # type: ignore[index]
        with pytest.raises(ValueError, match=says):
            format_named("fixed").write([("wms_shipments", root)], None, STRICT, "wms_shipments")
        del tag.values[name]  # type: ignore[attr-defined]
        tag.values.setdefault("gtin", "06901234500059") if tag is line else None  # type: ignore[union-attr]


GOOD = """
version: 1
grammar: g
format: fixed
message: g
record_type: [1, 2]
code: "10"
fields:
  a: {type: text, at: [3, 5]}
  b: {type: record, many: true, code: "20", fields: {c: {type: integer, at: [3, 5]}}}
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("at: [3, 5]}\n  b", "at: [2, 5]}\n  b", "share the character 2"),
        ("at: [3, 5]}\n  b", "at: [3]}\n  b", "first character"),
        ("at: [3, 5]}\n  b", "at: [0, 5]}\n  b", "first character"),
        ("{type: text, at: [3, 5]}", "{type: text}", "says where"),
        ("{type: text, at: [3, 5]}", "{type: text, pad: x}", "`at` is missing"),
        ("{type: text, at: [3, 5]}", "{type: text, at: [3, 5], align: middle}", "left or right"),
        ('code: "20", ', "", "code of its lines"),
        ('code: "20"', 'code: "10"', "two records"),
        ('code: "20"', 'code: "200"', "longer"),
        ('code: "10"\n', "", "both or neither"),
        ("record_type: [1, 2]", "record_type: [1, 2]\noffsets: miles", "characters or bytes"),
        ("record_type: [1, 2]", 'record_type: [1, 2]\nskip: ["20"]', "skip names 20"),
        ("  a:", "  no:", "quotes"),
    ],
)
def test_a_wrong_layout_is_refused_by_name(old: str, new: str, says: str) -> None:
    parse_grammar(GOOD.encode(), "g.yaml", "g", "fixed")
    assert old in GOOD
    with pytest.raises(ConfigError, match=r"g\.yaml") as caught:
        parse_grammar(GOOD.replace(old, new).encode(), "g.yaml", "g", "fixed")
    assert says in str(caught.value)


def test_reading_what_was_written_is_equal() -> None:
    for name in ("wms_shipments", "erp_stock"):
        content = (SAMPLES / f"{name}.txt").read_bytes()
        first = [(m.type, m.root) for m in read("fixed", content, name).messages if m.root is not None]
        again = read("fixed", format_named("fixed").write(first, None, STRICT, name), name)
        assert [tree(m.root) for m in again.messages if m.root is not None] == [tree(root) for _, root in first]
