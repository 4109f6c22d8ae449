from __future__ import annotations

from pathlib import Path

import pytest

from connectors.feed import SHIPPED, grammar_for, grammar_names, parse_grammar
from connectors.feed_document import as_markdown
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError

GOOD = """
version: 1
grammar: g
format: json
message: g
messages: rows[]
fields:
  a: {type: text}
"""


@pytest.mark.parametrize("format_name", ["json", "xml", "delimited"])
def test_every_shipped_grammar_loads_and_documents_every_field(format_name: str) -> None:
    names = grammar_names(format_name)
    assert names
    for name in names:
        grammar = grammar_for(format_name, name, STRICT)
        assert grammar.message == name and len(grammar.hash) == 64 and set(grammar.title) == {"en", "zh-CN"}
        for language in ("en", "zh-CN"):
            page = as_markdown(grammar, language)
            assert grammar.hash in page and grammar.title[language] in page
            for field in grammar.fields.values():
                assert f"`{field.name}`" in page
                for below in field.fields:
                    assert f"`{below}`" in page if field.type_name else f"`{field.name}/{below}`" in page


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("version: 1", "version: 2"), "version"),
        (("grammar: g", "grammar: other"), "grammar"),
        (("format: json", "format: xml"), "format"),
        (("messages: rows[]", "messages: rows"), "messages"),
        (("type: text", "type: string"), "string"),
        (("{type: text}", "text"), "a field is a mapping"),
        (("{type: text}", "{type: record}"), "a record has fields"),
        (("{type: text}", "{type: text, requierd: true}"), "requierd"),
        (("{type: text}", "{type: text, on_error: explode}"), "on_error"),
        (("{type: text}", "{type: text, pattern: '(a+)+$'}"), "no groups"),
        (("{type: text}", "{type: text, pattern: 'a*b*c*d*'}"), "at most three"),
        (("{type: text}", "{type: text, pattern: '[a'}"), "pattern"),
        (("  a: {type: text}", "  {}"), "empty"),
        (("message: g", "message: g\nlines: 3"), "lines"),
        (("message: g", "message: g\ndecimal: ';'"), "decimal"),
        (("message: g", "message: g\nseparator: ab"), "separator"),
        (("message: g", "message: g\nbooleans: [yes, no]"), "booleans"),
        (("message: g", "message: g\ngroup: {by: [b]}"), "'b'"),
        (("message: g", "message: g\ngroup: {header: [a]}"), "group.by"),
        ((GOOD, "- 1"), "mapping"),
        ((GOOD, "a: ]"), "not YAML"),
    ],
)
def test_a_wrong_grammar_names_file_and_field(change: tuple[str, str], says: str) -> None:
    assert parse_grammar(GOOD.encode(), "g.yaml", "g", "json").path == ("rows",)
    content = GOOD.replace(*change)
    assert content != GOOD
    with pytest.raises(ConfigError, match=r"g\.yaml") as caught:
        parse_grammar(content.encode(), "g.yaml", "g", "json")
    assert says in str(caught.value)


def test_a_sites_grammar_wins_and_a_changed_file_is_read_again(tmp_path: Path) -> None:
    profile = Profile(options={"grammar_folders": [str(tmp_path)]})
    shipped = grammar_for("json", "erp_orders", profile)
    (tmp_path / "json").mkdir()
    own = tmp_path / "json" / "erp_orders.yaml"
    own.write_bytes((SHIPPED / "json" / "erp_orders.yaml").read_bytes() + b"# ours\n")
    first = grammar_for("json", "erp_orders", profile)
    own.write_bytes(own.read_bytes() + b"# changed\n")
    assert len({shipped.hash, first.hash, grammar_for("json", "erp_orders", profile).hash}) == 3
    assert "erp_orders" in grammar_names("json", [tmp_path])


@pytest.mark.parametrize("name", ["../json/erp_orders", "/etc/passwd", "ERP", "", "none_such"])
def test_a_grammar_that_is_not_there_is_a_configuration_error(name: str) -> None:
    with pytest.raises(ConfigError):
        grammar_for("json", name, STRICT)
