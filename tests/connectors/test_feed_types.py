"""Named types of feed grammars: said once, used in one word, followed into themselves for three levels."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from connectors.feed import FeedGrammar, Field, grammar_for, grammar_names
from connectors.feed_document import as_markdown
from connectors.formats.ubl import FORMAT
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError

TYPES = """
version: 1
types:
  Amount: {type: decimal, fields: {"@currency": text!}}
  Line: {type: record, fields: {Number: text!, Amount: Amount, Line: Line*}}
"""
HEAD = """
version: 1
grammar: bill
format: xml
message: bill
messages: Bill
types: _types
fields:
"""


def loaded(folder: Path, fields: str, types: str = TYPES) -> FeedGrammar:
    (folder / "xml").mkdir(exist_ok=True)
    (folder / "xml" / "_types.yaml").write_text(types, encoding="utf-8")
    (folder / "xml" / "bill.yaml").write_text(HEAD + fields, encoding="utf-8")
    return grammar_for("xml", "bill", Profile(options={"grammar_folders": [str(folder)]}))


def below(field: Field, *names: str) -> Field:
    for name in names:
        field = field.fields[name]
    return field


def test_one_word_says_type_and_count(tmp_path: Path) -> None:
    fields = loaded(tmp_path, "  Total: Amount!\n  Tax: Amount\n  Line: Line+\n  Note: text*\n").fields
    assert [(field.kind, field.required, field.many) for field in fields.values()] == [
        ("decimal", True, False),
        ("decimal", False, False),
        ("record", True, True),
        ("text", False, True),
    ]
    assert fields["Tax"].fields["@currency"].required and fields["Line"].type_name == "Line"


def test_what_a_field_says_beside_its_type_wins(tmp_path: Path) -> None:
    fields = loaded(tmp_path, '  Total: {type: Amount, max_length: 9, fields: {"@currency": text, "@rate": decimal}}\n').fields
    total = fields["Total"]
    assert (total.max_length, total.fields["@currency"].required, set(total.fields)) == (9, False, {"@currency", "@rate"})


def test_a_type_within_itself_is_followed_for_three_levels(tmp_path: Path) -> None:
    line = loaded(tmp_path, "  Line: Line*\n").fields["Line"]
    assert "Line" not in below(line, "Line", "Line").fields and "Number" in below(line, "Line", "Line").fields


def test_types_are_part_of_the_grammars_hash_and_no_grammar_themselves(tmp_path: Path) -> None:
    first = loaded(tmp_path, "  Total: Amount!\n")
    other = tmp_path / "other"
    other.mkdir()
    second = loaded(other, "  Total: Amount!\n", TYPES.replace("text!", "text"))
    assert first.hash != second.hash and "Amount:" in first.text
    assert "_types" not in grammar_names("xml", [tmp_path]) and "bill" in grammar_names("xml", [tmp_path])


def test_mistakes_are_told_with_file_and_field(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"bill.yaml: Total: type 'Money' is no kind and none of the types Amount, Line"):
        loaded(tmp_path, "  Total: Money\n")
    with pytest.raises(ConfigError, match="a file of types has version and types"):
        loaded(tmp_path, "  Total: Amount\n", "types: {}")


def test_the_guide_says_a_type_once() -> None:
    page = as_markdown(grammar_for("ubl", "Order", STRICT))
    assert page.count("## Party\n") == 1 and "**Party** (record)" in page and len(page.splitlines()) < 900


def test_a_site_adds_a_ubl_document_of_shipped_types(tmp_path: Path) -> None:
    (tmp_path / "ubl").mkdir()
    (tmp_path / "ubl" / "Waybill.yaml").write_text(
        'version: 1\ngrammar: Waybill\nformat: ubl\nmessage: Waybill\nmessages: Waybill\ntypes: _types\n'
        'namespace: "urn:oasis:names:specification:ubl:schema:xsd:Waybill-2"\nfields: {ID: Identifier!, ConsignorParty: Party}\n',
        encoding="utf-8",
    )  # fmt: skip
    profile = Profile(options={"grammar_folders": [str(tmp_path)]})
    content = b'<Waybill xmlns="urn:oasis:names:specification:ubl:schema:xsd:Waybill-2"/>'
    (message,) = [event.message for event in FORMAT.read(io.BytesIO(content), profile) if event.message is not None]
    assert [(finding.rule, finding.place.path) for finding in message.findings] == [("FED-05", "/Waybill/ID")]
