from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.feed import parse_grammar
from connectors.feed_reading import reread
from connectors.registry import format_named
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from tests.connectors.reading import read, tree

SAMPLES = Path(__file__).parents[2] / "samples" / "xml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<Receipts xmlns="urn:hansa:wms:receipts:1">\n'
RECEIPT = """<Receipt number="R1" purpose="new"><OrderNumber>4500</OrderNumber>
<ReceivedAt>2026-11-20T07:45:00+01:00</ReceivedAt><Warehouse gln="6970001200206"/>
<Line no="1"><GTIN>06970000001015</GTIN><Quantity unit="EA">10</Quantity><Rejected>0</Rejected></Line></Receipt>
"""


def receipts(*parts: str, head: str = HEAD) -> bytes:
    return (head + "".join(parts) + "</Receipts>\n").encode()


def test_receipts_become_records_with_attributes_and_lines() -> None:
    content = (SAMPLES / "wms_receipts.xml").read_bytes()
    found = read("xml", content, "wms_receipts")
    assert found.kinds == ["interchange", "group", "message", "message", "group_end", "interchange_end"]
    assert found.rules == [] and found.rules_around == []
    root = found.messages[0].root
    assert root is not None
    assert (root.tag, root.values["@number"], root.values["DespatchNumber"]) == ("wms_receipts", "WE-30077", "RT-LS-9911")
    assert [(child.tag, child.line) for child in root.children] == [("Warehouse", 8), ("Line", 9), ("Line", 19)]
    first, second = root.children[1:]
    assert (first.values["Quantity"], first.values["Expiry"]) == ("2450", "2031-08")
    assert [(child.tag, child.values) for child in first.children] == [("Quantity", {"@unit": "EA"})]
    assert "GTIN" not in second.values and second.values["Lot"] == "P&L-7"
    message = found.messages[1]
    assert content[message.offset : message.offset + message.length].startswith(b'<Receipt number="WE-30078"')
    assert content[message.offset : message.offset + message.length].endswith(b"</Receipt>")


@pytest.mark.parametrize(
    ("broken", "rule", "path", "line"),
    [
        (RECEIPT.replace("</Line>", ""), "XML-01", None, 8),
        (RECEIPT.replace("4500", "4500 & more"), "XML-01", None, 6),
        (RECEIPT.replace("4500", "&boom;"), "XML-01", None, 6),
        (RECEIPT.replace('number="R1"', 'number="R1" number="R2"'), "XML-01", None, 6),
        (RECEIPT.replace("4500", "4500\x01"), "XML-01", None, 6),
        (RECEIPT.replace("<OrderNumber>4500</OrderNumber>", "<a>" * 70 + "</a>" * 70), "XML-05", None, 6),
        (RECEIPT.replace("<Receipt ", '<Receipt xmlns="urn:other" '), "XML-04", "/Receipts/Receipt[2]", 6),
        (RECEIPT.replace('number="R1" ', ""), "FED-05", "/Receipts/Receipt[2]/@number", 6),
        (RECEIPT.replace(' unit="EA"', ""), "FED-05", "/Receipts/Receipt[2]/Line[1]/Quantity/@unit", 8),
        (RECEIPT.replace(">10</Quantity>", "></Quantity>"), "FED-05", "/Receipts/Receipt[2]/Line[1]/Quantity", 8),
        (RECEIPT.replace(">10<", ">ten<"), "FED-06", "/Receipts/Receipt[2]/Line[1]/Quantity", 8),
        (RECEIPT.replace("<Rejected>", "<GTIN>2</GTIN><Rejected>"), "FED-11", "/Receipts/Receipt[2]/Line[1]/GTIN", 8),
        (RECEIPT.replace("<GTIN>", "<GTIN><a>1</a>"), "FED-12", "/Receipts/Receipt[2]/Line[1]/GTIN", 8),
    ],
)
def test_a_broken_receipt_is_one_error_and_its_neighbours_are_read(broken: str, rule: str, path: str | None, line: int) -> None:
    found = read("xml", receipts(RECEIPT, broken, RECEIPT), "wms_receipts")
    assert [len([f for f in message.findings if f.severity == "error"]) for message in found.messages] == [0, 1, 0]
    finding = next(f for f in found.messages[1].findings if f.severity == "error")
    assert (finding.rule, finding.place.line) == (rule, line)
    if path is not None:
        assert finding.place.path == path
    assert finding.text("zh-CN") and finding.text("en")


def test_strangers_are_warned_of_and_not_read() -> None:
    foreign = RECEIPT.replace("<GTIN>", '<x:GTIN xmlns:x="urn:x">9</x:GTIN><Colour>red</Colour>loose<GTIN>')
    found = read("xml", receipts(foreign, "<Footer>1</Footer>"), "wms_receipts")
    assert sorted(found.rules) == ["FED-10", "XML-07", "XML-08"]
    assert {finding.severity for finding in found.messages[0].findings} == {"warning"}
    assert found.messages[0].root is not None and found.messages[0].root.children[1].values["GTIN"] == "06970000001015"
    assert found.rules_around == ["FED-10"] and found.around[0].place.line == 6


def test_prefixes_comments_instructions_and_cdata_do_not_confuse() -> None:
    text = RECEIPT.replace("<OrderNumber>4500<", "<!-- </Receipt> <Receipt> --><?pi </Receipt>?><OrderNumber><![CDATA[</Receipt>45]]>00<")
    plain = read("xml", receipts(text, text), "wms_receipts")
    assert plain.rules == [] and [m.root.values["OrderNumber"] for m in plain.messages if m.root] == ["</Receipt>4500"] * 2
    prefixed = (HEAD + RECEIPT).replace("<", "<w:").replace("<w:/", "</w:").replace("<w:?", "<?").replace("xmlns=", "xmlns:w=")
    found = read("xml", (prefixed + "</w:Receipts>").encode(), "wms_receipts")
    assert found.rules == [] and len(found.messages) == 1
    assert tree(found.messages[0].root) == tree(read("xml", receipts(RECEIPT), "wms_receipts").messages[0].root)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "FED-01"),
        (b"%PDF-1.7 \x00\x01", "FED-02"),
        (b'{"a": 1}', "FED-03"),
        (b"<Orders/>", "FED-04"),
        (b"<Receipts/>", "XML-04"),
        (receipts(RECEIPT, head=HEAD.replace("receipts:1", "receipts:2")), "XML-04"),
        (receipts(RECEIPT, head=HEAD.replace("UTF-8", "UTF-7")), "XML-06"),
        (receipts(RECEIPT, head=HEAD.replace("UTF-8", "EBCDIC-CP-US")), "XML-06"),
        (receipts(RECEIPT, head=HEAD.replace("UTF-8", "none-such")), "XML-06"),
        (receipts(RECEIPT)[:150], "XML-03"),
        (receipts(RECEIPT)[:60], "XML-03"),
        (b"<?xml version='1.0'?>", "XML-03"),
        (b"<a <b>", "XML-01"),
        (b'<?xml version="1.0"?><!DOCTYPE Receipts><Receipts/>', "XML-02"),
        (b"<!-- " + b"x" * 70_000 + b"--><Receipts/>", "FED-14"),
    ],
)
def test_an_unreadable_document_says_why_and_nothing_else(content: bytes, rule: str) -> None:
    found = read("xml", content, "wms_receipts")
    assert found.kinds == ["unreadable"]
    assert found.unreadable is not None and found.unreadable.rule == rule


def test_faults_around_messages_leave_the_messages_read() -> None:
    whole = receipts(RECEIPT, RECEIPT)
    cut = read("xml", whole[:-60], "wms_receipts")
    assert (len(cut.messages), cut.rules_around) == (1, ["XML-03"])
    second_root = read("xml", whole + b"<more/>", "wms_receipts")
    assert (len(second_root.messages), second_root.rules_around) == (2, ["XML-09"])
    between = read("xml", receipts(RECEIPT, "&nbsp;", RECEIPT), "wms_receipts")
    assert (len(between.messages), between.rules_around) == (2, ["XML-01"])
    assert between.around[0].place.line == 6
    late = read("xml", receipts(RECEIPT, "<!DOCTYPE x>", RECEIPT), "wms_receipts")
    assert (len(late.messages), late.rules_around) == (1, ["XML-02"])
    assert read("xml", receipts(), "wms_receipts").rules_around == ["FED-13"]


def test_charsets_by_declaration_agreement_and_mark() -> None:
    text = (HEAD + RECEIPT.replace("4500", "江南-1") + "</Receipts>").replace("UTF-8", "{}")
    for declared, real in (("GB2312", "gbk"), ("GB18030", "gb18030"), ("big5", "big5"), ("UTF-16", "utf-16")):
        found = read("xml", text.format(declared).encode(real), "wms_receipts")
        assert found.rules == [] and found.messages[0].root is not None
        assert found.messages[0].root.values["OrderNumber"] == "江南-1"
    undeclared = read("xml", text.format("UTF-8").encode("gb18030"), "wms_receipts")
    assert undeclared.rules == ["FED-15"] and undeclared.messages[0].root is None
    assert read("xml", text.format("UTF-8").encode("gb18030"), "wms_receipts", Profile(charset="GB18030")).rules == []
    utf16 = text.format("UTF-16").encode("utf-16")
    again = reread(format_named("xml"), io.BytesIO(utf16), STRICT, "wms_receipts", 1)
    assert again is not None and (again.offset, again.length) == (0, len(utf16))


def test_caps_hold_for_bytes_and_records() -> None:
    found = read("xml", receipts(RECEIPT, RECEIPT), "wms_receipts", Profile(options={"max_message_bytes": 200}))
    assert found.unreadable is not None and found.unreadable.rule == "FED-14"
    many = RECEIPT.replace("<Line", "<Line/>" * 6_000 + "<Line")
    found = read("xml", receipts(many), "wms_receipts", Profile(options={"max_message_records": 100}))
    assert found.rules == ["FED-14"] and found.messages[0].root is None
    bomb = receipts("<Receipt>", "<a/>" * 600_000, "</Receipt>")
    assert read("xml", bomb, "wms_receipts").rules == ["FED-14"]
    attributes = " ".join(f'a{number}="1"' for number in range(50_000))
    assert read("xml", receipts(f"<Receipt><a {attributes}/></Receipt>"), "wms_receipts").rules == ["FED-14"]


BOMBS = {
    "nested messages": b"<a>" * 3_000_000,
    "nested envelopes": HEAD.encode() + b"<Other>" * 1_000_000,
    "start tags": b"<a " * 3_000_000,
    "a quote that never ends": b'<a b="' + b"x" * 10_000_000,
    "a comment that never ends": b"<a><!--" + b"-" * 10_000_000,
    "a section that never ends": b"<a><![CDATA[" + b"]" * 10_000_000,
    "character references": b"<a>" + b"&#x41;" * 1_000_000 + b"</a>",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", list(BOMBS))
def test_no_bomb_takes_long(name: str) -> None:
    for grammar in (None, "wms_receipts"):
        kinds = read("xml", BOMBS[name], grammar).kinds
        assert kinds == ["unreadable"] or kinds[-1] == "interchange_end"


DANGEROUS = [
    '<!DOCTYPE r [<!ENTITY x SYSTEM "file://{target}">]><Receipts>&x;</Receipts>',
    '<!DOCTYPE r SYSTEM "file://{target}"><Receipts/>',
    '<!DOCTYPE r PUBLIC "p" "http://127.0.0.1:9/x.dtd"><Receipts/>',
    '<!DOCTYPE r [<!ENTITY % p SYSTEM "file://{target}"> %p;]><Receipts/>',
    '<?xml version="1.0"?><!-- c --><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Receipts>&b;</Receipts>',
    '<Receipts xmlns="urn:hansa:wms:receipts:1" xmlns:xi="http://www.w3.org/2001/XInclude">'
    '<Receipt><xi:include href="file://{target}" parse="text"/></Receipt></Receipts>',
    '<?xml-stylesheet href="file://{target}"?><Receipts xmlns="urn:hansa:wms:receipts:1"><Receipt/></Receipts>',
    '<Receipts xmlns="urn:hansa:wms:receipts:1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="urn:x file://{target}"><Receipt/></Receipts>',
    '<Receipts xmlns="urn:hansa:wms:receipts:1"><Receipt><!DOCTYPE r SYSTEM "file://{target}"></Receipt></Receipts>',
]


@pytest.mark.slow  # needs strace, which make test installs
def test_no_payload_opens_a_file_or_a_socket(tmp_path: Path) -> None:
    target = tmp_path / "secret-target"
    target.write_text("TOP-SECRET")
    for number, payload in enumerate(DANGEROUS):
        (tmp_path / f"{number}.xml").write_text(payload.replace("{target}", str(target)))
    script = (
        "import io, sys, pathlib\n"
        "from connectors.registry import format_named\nfrom connectors.spec import STRICT\n"
        "for path in sys.argv[1:]:\n"
        "    for grammar in ('wms_receipts', None):\n"
        "        for event in format_named('xml').read(io.BytesIO(pathlib.Path(path).read_bytes()), STRICT, grammar):\n"
        "            assert 'TOP-SECRET' not in repr([event.message and event.message.root and list(event.message.root.walk())])\n"
    )
    log = tmp_path / "trace"
    subprocess.run(
        ["strace", "-f", "-e", "trace=openat,open,connect", "-o", str(log), sys.executable, "-c", script]
        + [str(tmp_path / f"{number}.xml") for number in range(len(DANGEROUS))],
        check=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": "."},
    )
    lines = log.read_text().splitlines()
    assert any("0.xml" in line for line in lines)  # the trace does see files that are opened
    assert [line for line in lines if "secret-target" in line or "connect(" in line or "x.dtd" in line] == []


@pytest.mark.parametrize("payload", DANGEROUS[:5])
def test_a_doctype_is_refused_before_anything_is_read(payload: str) -> None:
    found = read("xml", payload.encode())
    assert found.unreadable is not None and found.unreadable.rule == "XML-02"


def test_one_hardened_parser_is_the_only_one() -> None:
    sources = Path(format_named("xml").__class__.read.__code__.co_filename).parent.glob("*.py")
    text = "\n".join(path.read_text() for path in sources)
    assert text.count("etree.XMLParser(") == 1
    for setting in ("resolve_entities=False", "no_network=True", "load_dtd=False", "huge_tree=False"):
        assert setting in text
    assert text.count("etree.fromstring(") == text.count("hardened_parser())") + text.count("self.parser)")
    assert "iterparse" not in text and "etree.parse(" not in text and "XSLT" not in text


def test_what_cannot_be_written_is_refused() -> None:
    writer = format_named("xml")
    with pytest.raises(ValueError, match="no Colour"):
        writer.write([("wms_receipts", SourceRecord("wms_receipts", {"Colour": "red"}, 1))], None, STRICT, "wms_receipts")
    with pytest.raises(ValueError, match="XML compatible"):
        writer.write([("wms_receipts", SourceRecord("wms_receipts", {"OrderNumber": "a\0"}, 1))], None, STRICT, "wms_receipts")
    with pytest.raises(ConfigError):
        writer.write([], None, STRICT)


SPACES = """
version: 1
grammar: spaced
format: xml
message: spaced
namespace: ["urn:a", ""]
spaces: {b: "urn:b"}
messages: all/one
fields:
  name: {type: text}
  size: {type: record, space: b, inside: b, fields: {high: {type: decimal}, low: {type: decimal}}}
"""


def test_elements_of_other_namespaces_stand_where_the_grammar_says(tmp_path: Path) -> None:
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml" / "spaced.yaml").write_text(SPACES)
    profile = Profile(options={"grammar_folders": [str(tmp_path)]})
    size = "<b:size><b:high>3</b:high><b:low>1</b:low></b:size>"
    head = '<all xmlns="urn:a" xmlns:b="urn:b">'
    other = f'<one xmlns=""><name>second</name>{size}</one>'
    wrong = "<one><name>third</name><size><high>3</high></size></one>"
    found = read("xml", f"{head}<one><name>first</name>{size}</one>{other}{wrong}</all>".encode(), "spaced", profile)
    roots = [message.root for message in found.messages]
    assert [(root.values, [child.values for child in root.children]) for root in roots if root is not None] == [
        ({"name": "first"}, [{"high": "3", "low": "1"}]),
        ({"name": "second"}, [{"high": "3", "low": "1"}]),
        ({"name": "third"}, []),  # a size of the wrong namespace is a stranger
    ]
    assert found.rules == ["XML-07"]
    written = format_named("xml").write([("spaced", roots[0])], None, profile, "spaced")  # type: ignore[list-item]  # it is there
    assert b'<high xmlns="urn:b">' in written or b":high>3</" in written
    (again,) = read("xml", written, "spaced", profile).messages
    assert again.root is not None and roots[0] is not None and tree(again.root) == tree(roots[0])


@pytest.mark.parametrize(
    ("change", "says"),
    [(("space: b", "space: c"), "space"), (('"urn:a", ""', '"urn:a", 3'), "namespace"), (("inside: b", "inside: c"), "none of b")],
)
def test_a_prefix_that_no_space_has_is_refused(change: tuple[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_grammar(SPACES.replace(*change).encode(), "spaced.yaml", "spaced", "xml")
