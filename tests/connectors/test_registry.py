from __future__ import annotations

import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import connectors.registry as registry
from connectors.feed import SHIPPED
from connectors.spec import STRICT, Format, Profile, Transport
from data_contracts.errors import ConfigError
from tests.connectors.formats.x12.samples import isa


def test_every_plugin_file_is_found_under_its_name_and_tells_the_same_name() -> None:
    assert {"delimited", "json", "xml"} <= set(registry.format_names())
    for name in registry.format_names():
        plugin = registry.format_named(name)
        assert isinstance(plugin, Format) and plugin.name == name
    for name in registry.transport_names():
        transport = registry.transport_named(name)
        assert isinstance(transport, Transport) and transport.name == name


@pytest.mark.parametrize("name", ["none", "", "../spec", "__init__", "os"])
def test_an_unknown_name_is_a_configuration_error_that_lists_the_known(name: str) -> None:
    with pytest.raises(ConfigError, match="json"):
        registry.format_named(name)
    with pytest.raises(ConfigError):
        registry.transport_named(name)


def test_a_plugin_whose_dependency_lacks_disturbs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "formats"
    room.mkdir()
    (room / "limping.py").write_text("import no_such_library\nFORMAT = None\n")
    (room / "part.py").write_text("VALUE = 1\n")
    for name in ("json", "xml"):
        (room / name).mkdir()
        (room / name / "__init__.py").write_text("")
    (room / "_private.py").write_text("raise RuntimeError\n")
    import connectors.formats

    caches = (registry._own, registry._sniffers)
    monkeypatch.setattr(registry, "_FOLDER", tmp_path)
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setattr(connectors.formats, "__path__", [*connectors.formats.__path__, str(room)])
    try:
        assert registry.format_names() == ["json", "xml"]
        assert registry.format_named("json").name == "json"
        with pytest.raises(ConfigError, match="no_such_library is not installed"):
            registry.format_named("limping")
        with pytest.raises(ConfigError, match="offers no FORMAT"):
            registry.format_named("part")
        found = registry.sniff(b"<a/>")
        assert found is not None and found.name == "xml"
    finally:
        sys.modules.pop("connectors.formats.part", None)
        for cache in caches:
            cache.cache_clear()


def test_packages_from_outside_join_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    own = EntryPoint("json", "connectors.formats.xml:FORMAT", "udihub.formats")
    foreign = EntryPoint("theirs", "connectors.formats.xml:FORMAT", "udihub.formats")
    broken = EntryPoint("broken", "no_such_package:FORMAT", "udihub.formats")
    monkeypatch.setattr(registry, "_foreign", lambda room: {entry.name: entry for entry in (own, foreign, broken) if room == "formats"})
    assert "theirs" in registry.format_names() and "broken" not in registry.format_names()
    assert registry.format_named("theirs").name == "xml"
    assert registry.format_named("json").name == "json"
    with pytest.raises(ConfigError, match="no_such_package"):
        registry.format_named("broken")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'  {"a":1}', "json"),
        (b"\xef\xbb\xbf[1]", "json"),
        ('{"a":1}'.encode("utf-16"), "json"),
        (b"<?xml version='1.0'?>", "xml"),
        (b"\n<!-- c --><a/>", "xml"),
        ("<a/>".encode("utf-16-le"), "xml"),
        (b"a;b;c\n1;2;3\n", "delimited"),
        (b"a\tb\n", "delimited"),
        (b"hello\n", None),
        (b"", None),
        (b"\x00\x01\x02,", None),
        (b"PK\x03\x04,", None),
        (isa().replace("*", "\x1d").encode() + b"\x1cGS\x1dPO\x1d", "x12"),
        (isa().encode() + b"\x07GS*PO*\x07ST*850\x07", "x12"),
        (b"\r\n" + isa().encode() + b"\x1cGS*PO*", "x12"),
        (b"UNB\x1dUNOB\x1f1\x1d7612345000008\x1f14\x1d7640123000001\x1f14\x1d261122\x1f1415\x1d4711\x1c", "edifact"),
        (b"UNA\x1f\x1d.  \x1cUNB\x1dUNOC\x1f3\x1d7612345000008\x1f14\x1d7640123000001\x1f14\x1d261122\x1f1415\x1d4711\x1c", "edifact"),
        (b"ISA\x00\x01\x02\x03" * 40, None),
        (b"UNA\x00\x01\x02\x03" * 40, None),
    ],
)
def test_documents_are_told_apart_by_their_first_bytes(head: bytes, name: str | None) -> None:
    found = registry.sniff(head)
    assert (found.name if found is not None else None) == name


def test_a_file_is_called_by_the_shape_that_profile_and_grammar_give_it(tmp_path: Path) -> None:
    folder = tmp_path / "delimited"
    folder.mkdir()
    grammar = (SHIPPED / "delimited" / "erp_items.yaml").read_text(encoding="utf-8")
    tabbed = re.sub("separator: .*", lambda _: r'separator: "\t"', grammar).replace("grammar: erp_items", "grammar: tabbed")
    (folder / "tabbed.yaml").write_text(tabbed, encoding="utf-8")
    own = Profile(options={"grammar_folders": [str(tmp_path)]})
    shapes = [
        ("delimited", "erp_items", STRICT, ("text/csv", "csv")),
        ("delimited", "tabbed", own, ("text/tab-separated-values", "tsv")),
        ("json", "erp_orders", STRICT, ("application/json", "json")),
        ("json", "eudamed_device", STRICT, ("application/x-ndjson", "jsonl")),
        ("idoc", None, STRICT, ("application/xml", "xml")),
    ]
    for name, grammar_name, profile, expected in shapes:
        traits = registry.traits_of(name, profile, grammar_name)
        assert (traits.media_type, traits.suffix) == expected
    flat = registry.traits_of("idoc", Profile(options={"representation": "flat"}))
    assert (flat.media_type, flat.suffix) == ("text/plain", "txt")
