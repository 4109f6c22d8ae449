from __future__ import annotations

import io
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feed_reading import reread
from connectors.registry import format_named
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from tests.connectors.reading import read, tree

SAMPLES = Path(__file__).parents[2] / "samples" / "json"


def test_orders_become_records_with_numbers_as_they_were_spelled() -> None:
    content = (SAMPLES / "erp_orders.json").read_bytes()
    found = read("json", content, "erp_orders")
    assert found.kinds == ["interchange", "group", "message", "message", "group_end", "interchange_end"]
    assert found.rules == [] and found.rules_around == []
    first, second = found.messages
    assert first.root is not None and second.root is not None
    lines = [child for child in first.root.children if child.tag == "lines"]
    assert [line.values["quantity"] for line in lines] == ["2500.00", "120"]
    assert [line.values["unit_price"] for line in lines] == ["1.2750", "14.9"]
    assert lines[0].values["description"] == "Titanium screw Ø 3.5"
    assert [record.position for record in first.root.walk()] == [1, 2, 3, 4, 5]
    assert [line.line for line in lines] == [6, 7]
    assert content[second.offset : second.offset + second.length].startswith(b'{"number": "4500000119"')
    assert second.root.values["purpose"] == "cancelled"


def test_a_document_that_is_one_message_and_lists_of_texts() -> None:
    stock = read("json", (SAMPLES / "wms_stock.json").read_bytes(), "wms_stock")
    assert len(stock.messages) == 1 and stock.rules == []
    assert stock.messages[0].root is not None
    assert [child.values.get("expires_on") for child in stock.messages[0].root.children] == ["2031-09-30", None]
    despatch = read("json", (SAMPLES / "wms_despatches.json").read_bytes(), "wms_despatches").messages[0]
    assert despatch.root is not None
    serials = [record.values for record in despatch.root.walk() if record.tag == "serials"]
    assert serials == [{"": "S000231"}, {"": "S000232"}]


ORDER = (
    '{"number":"A1","revision":0,"purpose":"new","issued_at":"2026-11-21T10:00:00+08:00","currency":"CNY",'
    '"supplier":{"code":"V1"},"ship_to":{"gln":"6970001200015"},\n"lines":[{"line":"1","item_code":"X","quantity":1,"unit":"EA"}]}'
)


def with_orders(*orders: str) -> bytes:
    return ('{"exported_at":"2026-11-21T22:00:00+08:00","orders":[' + ",\n".join(orders) + "]}").encode()


@pytest.mark.parametrize(
    ("broken", "rule", "path", "line"),
    [
        (ORDER.replace('"revision":0', '"revision":0,"number":"A2"'), "JSN-02", "/orders/1/number", 3),
        (ORDER.replace('"quantity":1', '"quantity":NaN'), "JSN-04", "/orders/1/lines/0/quantity", 4),
        (ORDER.replace('"quantity":1', '"quantity":-Infinity'), "JSN-04", "/orders/1/lines/0/quantity", 4),
        (ORDER.replace('"quantity":1', '"quantity":01'), "JSN-04", "/orders/1/lines/0/quantity", 4),
        (ORDER.replace('"quantity":1', '"quantity":1.'), "JSN-04", "/orders/1/lines/0/quantity", 4),
        (ORDER.replace('"quantity":1', "'quantity':1"), "JSN-01", "/orders/1/lines/0", 4),
        (ORDER.replace('"unit":"EA"', '"unit":"EA",'), "JSN-01", "/orders/1/lines/0", 4),
        (ORDER.replace('"V1"', '"V\\x41"'), "JSN-09", "/orders/1/supplier/code", 3),
        (ORDER.replace('"V1"', '"V\\ud83d"'), "JSN-09", "/orders/1/supplier/code", 3),
        (ORDER.replace('"V1"', '"V\\u0000"'), "FED-18", "/orders/1/supplier/code", 3),
        (ORDER.replace('"V1"', '"V\n1"'), "FED-18", "/orders/1/supplier/code", 3),
        (ORDER.replace('"V1"', '[["V1"]]'), "JSN-10", "/orders/1/supplier/code/0", 3),
        (ORDER.replace('"V1"', '{"a":' * 70 + "1" + "}" * 70), "JSN-05", "/orders/1", 3),
        ("17", "FED-12", "/orders/1", 3),
        (ORDER.replace('"number":"A1",', ""), "FED-05", "/orders/1/number", 3),
        (ORDER.replace('"quantity":1', '"quantity":"1,5"'), "FED-06", "/orders/1/lines/0/quantity", 4),
        (ORDER.replace('"new"', '"neu"'), "FED-07", "/orders/1/purpose", 3),
        (ORDER.replace("CNY", "RMB¥"), "FED-08", "/orders/1/currency", 3),
        (ORDER.replace("A1", "A" * 36), "FED-09", "/orders/1/number", 3),
        (ORDER.replace('{"code":"V1"}', '[{"code":"V1"},{"code":"V2"}]'), "FED-11", "/orders/1/supplier", 3),
        (ORDER.replace('{"code":"V1"}', '"V1"'), "FED-12", "/orders/1/supplier", 3),
        (ORDER.replace("T10:00:00+08:00", "T10:00:00"), "FED-06", "/orders/1/issued_at", 3),
    ],
)
def test_a_broken_order_is_one_finding_and_its_neighbours_are_read(broken: str, rule: str, path: str, line: int) -> None:
    found = read("json", with_orders(ORDER, broken, ORDER), "erp_orders")
    assert [len(message.findings) for message in found.messages] == [0, 1, 0]
    finding = found.messages[1].findings[0]
    assert (finding.rule, finding.place.path, finding.place.line, finding.severity) == (rule, path, line, "error")
    assert finding.text("zh-CN") and finding.text("en")
    assert found.messages[0].root is not None and found.messages[2].root is not None


def test_an_unknown_member_is_a_warning_counted_once() -> None:
    line = '{"line":"1","item_code":"X","quantity":1,"unit":"EA","colour":"red"}'
    found = read("json", with_orders(ORDER.replace('"lines":[', f'"lines":[{line},{line},')), "erp_orders")
    (finding,) = found.messages[0].findings
    assert (finding.rule, finding.severity, finding.params["count"]) == ("FED-10", "warning", "2")


def test_a_thousand_wrong_lines_are_listed_up_to_a_limit() -> None:
    line = '{"line":"1","item_code":"X","quantity":"x","unit":"EA"}'
    found = read("json", with_orders(ORDER.replace('"lines":[', '"lines":[' + f"{line}," * 1000)), "erp_orders")
    assert found.rules.count("FED-06") == 200 and found.rules[-1] == "FED-19"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "FED-01"),
        (b" \r\n\t", "FED-01"),
        (b"\xef\xbb\xbf\n", "FED-01"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "FED-02"),
        (b"PK\x03\x04\x14\x00", "FED-02"),
        (bytes(range(256)), "FED-02"),
        (b"<orders/>", "FED-03"),
        (b'{"parties":[]}', "FED-04"),
        (b'{"orders":{}}', "FED-04"),
        (b"[]", "FED-04"),
        (b'{"orders":[{"number":"A1","rev', "JSN-03"),
        (b'{"orders":[', "JSN-03"),
        (b'{"orders"', "JSN-03"),
        ('{"orders":[]}'.encode("utf-16"), "JSN-06"),
        ('{"orders":[]}'.encode("utf-32-be"), "JSN-06"),
        (b"[" * 5000, "FED-04"),
        (b'{"orders":[' + b"[" * 5000, "JSN-05"),
    ],
)
def test_an_unreadable_document_says_why_and_nothing_else(content: bytes, rule: str) -> None:
    found = read("json", content, "erp_orders")
    assert found.kinds == ["unreadable"]
    assert found.unreadable is not None and found.unreadable.rule == rule


def test_faults_around_messages_leave_the_messages_read() -> None:
    whole = with_orders(ORDER, ORDER)
    cut = read("json", whole[:-40], "erp_orders")
    assert (len(cut.messages), cut.rules_around) == (1, ["JSN-03"])
    trailing = read("json", whole + b" garbage", "erp_orders")
    assert (len(trailing.messages), trailing.rules_around) == (2, ["JSN-08"])
    marked = read("json", b"\xef\xbb\xbf" + whole, "erp_orders")
    assert (len(marked.messages), marked.rules_around) == (2, ["JSN-07"])
    comma = read("json", whole.replace(b"},\n{", b"}\n{", 1), "erp_orders")
    assert (len(comma.messages), comma.rules_around) == (1, ["JSN-01"])
    twice = read("json", whole[:-1] + b',"orders":[]}', "erp_orders")
    assert (len(twice.messages), twice.rules_around) == (2, ["JSN-02"])
    envelope = read("json", whole.replace(b"2026-11-21T22:00:00+08:00", b"yesterday"), "erp_orders")
    assert envelope.rules_around == ["FED-06"] and envelope.around[0].place.path == "/exported_at"


def test_bytes_that_are_no_utf8_name_their_line_and_an_agreed_charset_reads_them() -> None:
    content = with_orders(ORDER, ORDER.replace("V1", "供应商")).decode().encode("gb18030")
    found = read("json", content, "erp_orders")
    assert [message.root is None for message in found.messages] == [False, True]
    assert found.rules == ["FED-15"] and found.messages[1].findings[0].place.line == 3
    agreed = read("json", content, "erp_orders", Profile(charset="GBK"))
    assert agreed.rules == [] and agreed.rules_around == ["FED-16"]
    assert agreed.messages[1].root is not None
    assert agreed.messages[1].root.children[0].values["code"] == "供应商"
    with pytest.raises(ConfigError):
        read("json", content, "erp_orders", Profile(charset="base64"))


def test_a_message_larger_than_the_cap_is_refused_without_being_held() -> None:
    content = with_orders(ORDER, ORDER.replace("V1", "V" * 5000), ORDER)
    found = read("json", content, "erp_orders", Profile(options={"max_message_bytes": 2000}))
    assert len(found.messages) == 1 and found.rules_around == ["FED-14"]
    many = read("json", content, "erp_orders", Profile(options={"max_message_records": 3}))
    assert many.rules == ["FED-14"] * 3
    with pytest.raises(ConfigError):
        read("json", content, "erp_orders", Profile(options={"max_message_bytes": "much"}))


BOMBS = {
    "brackets": b"[" * 10_000_000,
    "brackets within": b'{"orders":[' + b"[" * 10_000_000,
    "a text that never ends": b'{"orders":["' + b"a" * 10_000_000,
    "escapes": b'{"orders":["' + b"\\" * 10_000_000,
    "white space": b'{"orders":' + b" " * 10_000_000 + b"[]}",
    "digits": b'{"orders":[{"number":' + b"9" * 10_000_000 + b"}]}",
    "numbers": b'{"orders":[{"lines":[' + b"1," * 3_000_000 + b"1]}]}",
    "names": b'{"orders":[{' + b'"a":1,' * 1_000_000 + b'"b":1}]}',
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", list(BOMBS))
def test_no_bomb_takes_long(name: str) -> None:
    for grammar in (None, "erp_orders"):
        kinds = read("json", BOMBS[name], grammar).kinds
        assert kinds == ["unreadable"] or kinds[-1] == "interchange_end"


def test_a_message_is_found_again_by_its_bytes_and_by_its_ordinal() -> None:
    content = (SAMPLES / "mes_production.json").read_bytes()
    for message in read("json", content, "mes_production").messages:
        again = reread(format_named("json"), io.BytesIO(content), STRICT, "mes_production", message.ordinal)
        assert again is not None and message.root is not None and again.root is not None
        assert tree(again.root) == tree(message.root)
        assert json.loads(content[message.offset : message.offset + message.length])["event_id"] == message.root.values["event_id"]
    assert reread(format_named("json"), io.BytesIO(content), STRICT, "mes_production", 9) is None


def test_what_cannot_be_written_is_refused() -> None:
    writer = format_named("json")
    with pytest.raises(ValueError, match="no colour"):
        writer.write([("erp_orders", SourceRecord("erp_orders", {"colour": "red"}, 1))], None, STRICT, "erp_orders")
    with pytest.raises(ValueError, match="U\\+0000"):
        writer.write([("erp_orders", SourceRecord("erp_orders", {"number": "a\0"}, 1))], None, STRICT, "erp_orders")
    with pytest.raises(ValueError, match="one message"):
        writer.write([], None, STRICT, "wms_stock")
    with pytest.raises(ValueError, match="carries"):
        writer.write([("wms_stock", SourceRecord("wms_stock", {}, 1))], None, STRICT, "erp_orders")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
    | st.integers(-(10**20), 10**20)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9).map(str),
    lambda inner: (
        st.dictionaries(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=5), inner, max_size=4)
        | st.lists(inner.filter(lambda value: not isinstance(value, list)), max_size=3)
    ),
    max_leaves=12,
)


def plain(record: SourceRecord) -> dict[str, object]:
    """The record as the standard library would have read it, texts for scalars, nulls and empty texts gone."""
    found: dict[str, object] = dict(record.values)
    for child in record.children:
        value = child.values[""] if "" in child.values else plain(child)
        found.setdefault(child.tag, [])
        found[child.tag].append(value)
    return found


def expected(value: object) -> object:
    if isinstance(value, dict):
        members = {name: expected(member) for name, member in value.items()}
        return {
            name: [member] if isinstance(member, dict) else member
            for name, member in members.items()
            if member is not None and member not in ("", [])
        }
    if isinstance(value, list):
        return [entry for entry in (expected(entry) for entry in value) if entry is not None and entry != ""]
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


@given(st.dictionaries(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=5), VALUES, max_size=5))
def test_every_object_reads_as_the_standard_library_reads_it(value: dict[str, object]) -> None:
    found = read("json", json.dumps(value).encode())
    assert found.rules == []
    (message,) = found.messages
    assert message.root is not None and plain(message.root) == expected(value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_no_number_passes_through_a_float(number: Decimal) -> None:
    (message,) = read("json", f'{{"n":{number:f}}}'.encode()).messages
    assert message.root is not None and message.root.values["n"] == f"{number:f}"


# --- shapes of other systems -------------------------------------------------------------------------------------------
def own(tmp_path: Path, body: str) -> Profile:
    """A profile with a grammar `g` of its own."""
    (tmp_path / "json").mkdir(exist_ok=True)
    (tmp_path / "json" / "g.yaml").write_text("version: 1\ngrammar: g\nformat: json\nmessage: g\n" + body)
    return Profile(options={"grammar_folders": [str(tmp_path)]})


def test_json_lines_a_broken_line_is_one_finding(tmp_path: Path) -> None:
    profile = own(tmp_path, "messages: lines\nfields: {a: {type: integer, required: true}, b: {type: text}}\n")
    content = b'\xef\xbb\xbf{"a": 1}\n\n  {"a": 2, "b": "x"} \r\n{"a": 3\n{"b": "y"}\n[1]\n{"a": 4}{"a": 5}\nnull\n{"a": 6}'
    found = read("json", content, "g", profile)
    assert found.rules_around == ["JSN-07"]
    assert [[f.rule for f in m.findings] for m in found.messages] == [
        [],
        [],
        ["JSN-01"],
        ["FED-05"],
        ["FED-12"],
        ["JSN-08"],
        ["FED-12"],
        [],
    ]
    assert [m.root.values["a"] for m in found.messages if not m.findings and m.root] == ["1", "2", "6"]  # type: ignore[call-overload]
    assert [f.place.line for m in found.messages for f in m.findings] == [4, 5, 6, 7, 8]
    for message in found.messages:
        cut = content[message.offset : message.offset + message.length]
        assert cut == cut.strip() and cut
    written = format_named("json").write([(m.type, m.root) for m in found.messages if not m.findings and m.root], None, profile, "g")
    assert written == b'{"a":1}\n{"a":2,"b":"x"}\n{"a":6}\n'


def test_a_json_line_over_the_cap_is_left_out_and_the_next_is_read(tmp_path: Path) -> None:
    own(tmp_path, "messages: lines\nfields: {a: {type: text}}\n")
    profile = Profile(options={"grammar_folders": [str(tmp_path)], "max_message_bytes": 100})
    found = read("json", b'{"a": "1"}\n{"a": "' + b"x" * 1000 + b'"}\n{"a": "3"}\n', "g", profile)
    assert [[f.rule for f in m.findings] for m in found.messages] == [[], ["FED-14"], []]


def test_one_object_or_an_array_of_them(tmp_path: Path) -> None:
    profile = own(tmp_path, "messages: 'd.order{}'\nfields: {a: {type: integer}}\n")
    for content, values in ((b'{"d": {"order": {"a": 1}}}', ["1"]), (b'{"d": {"order": [{"a": 1}, {"a": 2}]}}', ["1", "2"])):
        found = read("json", content, "g", profile)
        assert [m.root.values["a"] for m in found.messages if m.root] == values and found.rules == []  # type: ignore[call-overload]
        assert format_named("json").write([(m.type, m.root) for m in found.messages if m.root], None, profile, "g")
    assert read("json", b'{"d": {"order": 5}}', "g", profile).unreadable.rule == "FED-04"  # type: ignore[union-attr]


def test_names_beside_the_fields_can_be_left(tmp_path: Path) -> None:
    profile = own(tmp_path, "messages: .\nothers: leave\nfields: {a: {type: integer}, b: {type: record, fields: {c: {type: text}}}}\n")
    found = read("json", b'{"a": 1, "x": {"y": 1}, "b": {"c": "d", "z": [1, 2]}, "__metadata": {"uri": "u"}}', "g", profile)
    assert found.rules == []
    assert tree(found.messages[0].root) == ("g", {"a": "1"}, [("b", {"c": "d"}, [])])  # type: ignore[arg-type]


def test_rows_of_a_query_that_stand_apart_are_refused_in_every_part() -> None:
    def row(order: str, line: int) -> list[Any]:
        return [order, "2026-11-22", "C", "V1", "PRE001", line, "RM-1", "Pcs", 5, 2, "2026-12-01"]

    rows = [row(f"PO{number // 2}", number % 2 + 1) for number in range(3000)]
    found = read("json", json.dumps([*rows[:4], row("PO0", 3), *rows[4:]]).encode(), "k3cloud_purchase_order_query")
    told = [(index, finding.rule, finding.severity) for index, message in enumerate(found.messages) for finding in message.findings]
    assert told == [(0, "CSV-11", "error"), (2, "CSV-11", "error")] and len(found.messages) == 1501
    broken = read("json", json.dumps(rows[:4]).encode()[:-1] + b", {", "k3cloud_purchase_order_query")
    assert "JSN-03" in broken.rules_around or "JSN-03" in broken.rules


def test_arrays_as_rows_of_columns(tmp_path: Path) -> None:
    body = "messages: '[]'\ncolumns: [a, b]\nfields: {a: {type: text, required: true}, b: {type: decimal}, c: {type: boolean}}\n"
    profile = own(tmp_path, body)
    found = read("json", b'[["x", 1.50], ["y", null], [null, 2], ["z"], {"a": 1}, ["v", [1]], ["w", 1e]]', "g", profile)
    assert [dict(m.root.values) for m in found.messages if m.root is not None][:2] == [{"a": "x", "b": "1.50"}, {"a": "y"}]  # type: ignore[arg-type]
    assert [[f.rule for f in m.findings] for m in found.messages] == [[], [], ["FED-05"], ["CSV-07"], ["FED-12"], ["JSN-10"], ["JSN-04"]]
    other = Profile(options={**profile.options, "columns": "c, a"})
    assert dict(read("json", b'[[true, "x"]]', "g", other).messages[0].root.values) == {"c": "true", "a": "x"}  # type: ignore[union-attr, arg-type]
    with pytest.raises(ConfigError, match="zz"):
        read("json", b"[]", "g", Profile(options={**profile.options, "columns": "a,zz"}))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("messages: d\n", "messages is the path"),
        ("messages: '{}'\n", "messages is the path"),
        ("messages: .\ncolumns: [a]\n", "columns is a list"),
        ("messages: '[]'\ncolumns: [zz]\n", "zz"),
        ("messages: .\ngroup: {by: [a]}\n", "group puts rows together"),
        ("messages: .\nfailure: {at: a}\n", "failure has"),
        ("messages: .\nothers: maybe\n", "tell or leave"),
    ],
)
def test_a_wrong_shape_is_refused(tmp_path: Path, body: str, says: str) -> None:
    profile = own(tmp_path, body + "fields: {a: {type: text}}\n")
    with pytest.raises(ConfigError, match=says):
        read("json", b"{}", "g", profile)


ROWS = [{"order": "A", "currency": "EUR", "line": 1, "qty": 2.5}, {"order": "A", "currency": "EUR", "line": 2}, {"order": "B", "line": 1}]


@pytest.mark.parametrize("messages", ["lines", "rows[]"])
def test_flat_objects_are_grouped_as_rows_are_and_written_as_they_came(messages: str, tmp_path: Path) -> None:
    body = f"messages: '{messages}'\ngroup: {{by: [order], header: [currency], rows: row}}\n"
    body += "fields: {order: {type: text, required: true}, currency: {type: text}, line: {type: integer, required: true},\n"
    body += "  qty: {type: decimal}}\n"
    profile = own(tmp_path, body)

    def document(rows: list[dict[str, Any]]) -> bytes:
        texts = [json.dumps(row, separators=(",", ":")) for row in rows]
        return ("".join(f"{text}\n" for text in texts) if messages == "lines" else '{"rows":[\n' + ",\n".join(texts) + "\n]}\n").encode()

    content = document(ROWS)
    found = read("json", content, "g", profile)
    assert found.rules == []
    first, second = found.messages
    assert first.root is not None and first.root.values == {"order": "A", "currency": "EUR"}
    assert [row.values for row in first.root.children] == [{"line": "1", "qty": "2.5"}, {"line": "2"}]
    assert json.loads(content[second.offset : second.offset + second.length]) == ROWS[2]
    written = format_named("json").write([("g", message.root) for message in found.messages if message.root], None, profile, "g")
    assert written == content
    odd = [*ROWS, {"order": "B", "line": 2, "qty": {"x": 1}}, {"order": "C", "line": 3, "more": 1}, {"order": "A", "line": 3}]
    told = [sorted({finding.rule for finding in message.findings}) for message in read("json", document(odd), "g", profile).messages]
    assert told == [["CSV-11"], ["FED-12"], ["FED-10"], ["CSV-11"]]


def test_a_broken_line_takes_the_messages_around_it_out(tmp_path: Path) -> None:
    body = "messages: lines\ngroup: {by: [order]}\nfields: {order: {type: text}, line: {type: integer}}\n"
    content = b'{"order":"A","line":1}\n{"order":"A","li\n{"order":"B","line":1}\n\n{"order":"C","line":1}\n'
    told = [[finding.rule for finding in message.findings] for message in read("json", content, "g", own(tmp_path, body)).messages]
    assert told == [["JSN-01"], ["JSN-01"], []]


@pytest.mark.parametrize("group", ["", "group: {by: [order]}\n"])
def test_lines_in_an_agreed_charset_end_where_the_document_ends(group: str, tmp_path: Path) -> None:
    profile = replace(
        own(tmp_path, f"messages: lines\n{group}fields: {{order: {{type: text}}, name: {{type: text}}}}\n"), charset="gb18030"
    )
    content = '{"order":"甲","name":"骨螺钉"}\n{"order":"乙","name":"接骨板"}\n'.encode("gb18030")
    found = read("json", content, "g", profile)
    assert (found.rules, found.rules_around, len(found.messages)) == ([], ["FED-16"], 2)


def test_a_line_that_is_too_long_is_one_row_whatever_stands_in_it(tmp_path: Path) -> None:
    profile = own(tmp_path, "messages: lines\ngroup: {by: [order]}\nfields: {order: {type: text}, line: {type: integer}}\n")
    profile = replace(profile, options={**profile.options, "max_message_bytes": 60})
    first, second, third = (f'{{"order":"{name}","line":1}}' for name in "ABC")
    found = read("json", f"{first:<61}{second}\n{third}\n{third}\n".encode(), "g", profile)
    assert found.rules == ["FED-14"] and [finding.place.line for finding in found.messages[0].findings] == [1]
    assert [len(message.root.children) for message in found.messages if message.root is not None] == [2]


@pytest.mark.parametrize(
    ("text", "roots", "shape"),
    [
        (b'[{"po":"1"},{"po":"2"}]', [{"po": "1"}, {"po": "2"}], "messages: []"),
        (b'{"po":"1"}\n{"po":"2"}\n', [{"po": "1"}, {"po": "2"}], "messages: lines"),
        (b'{\n"po":"1"}\r\n\r\n["2"]', [{"po": "1"}, {}], "messages: lines"),
        (b'[1, "a", null, [[true]], -2.50]', [{}, {}, {}, {}, {}], "messages: []"),
        (b"[]", [], "messages: []"),
        (b'{"a":[[1,2],[3]]}', [{}], ""),
    ],
)
def test_without_a_grammar_any_value_is_json(text: bytes, roots: list[dict[str, str]], shape: str) -> None:
    found = read("json", text, None)
    assert [dict(message.root.values) if message.root is not None else None for message in found.messages] == roots  # type: ignore[arg-type]
    assert found.rules == [] and found.rules_around == ["FED-17"]
    (told,) = found.around
    assert ("messages:" in told.text("en"), "messages:" in told.text("zh-CN")) == (bool(shape), bool(shape))
    assert shape in told.text("en") and shape in told.text("zh-CN")


@pytest.mark.parametrize(
    ("text", "told", "around"),
    [
        (b'[{"po":"1","po":"2"},{"qty":NaN}]', [("JSN-02", "/0/po"), ("JSN-04", "/1/qty")], []),
        (b'[1, 01, "a\\q", [2, +3]]', [("JSN-04", "/1"), ("JSN-09", "/2"), ("JSN-04", "/3/1")], []),
        (b'{"po":1}\n{"po":.5}\n', [("JSN-04", "/po")], []),
        (b'{"po":1} {"po":2}', [], ["JSN-08"]),  # on one line they are no lines
        (b'{"po":1}\ngarbage', [], ["JSN-08"]),
        (b"[" * 70 + b"1" + b"]" * 70, [("JSN-05", "/0")], []),
    ],
)
def test_without_a_grammar_each_value_has_its_own_faults(text: bytes, told: list[tuple[str, str]], around: list[str]) -> None:
    found = read("json", text, None)
    assert [(finding.rule, finding.place.path) for message in found.messages for finding in message.findings] == told
    assert [rule for rule in found.rules_around if rule != "FED-17"] == around
