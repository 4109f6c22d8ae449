"""The tables say what they should, and nothing twice."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from connectors.formats.x12 import grammar as grammars
from connectors.formats.x12.grammar import (
    BASE_VERSIONS,
    TABLES,
    ElementUse,
    Grammar,
    LoopUse,
    SegmentUse,
    base_version,
    envelope_segment,
    known_messages,
    load,
)
from data_contracts.errors import ConfigError


def every_grammar() -> list[Grammar]:
    loaded = [load(message, version) for message in known_messages() for version in (*BASE_VERSIONS, "003060")]
    return [grammar for grammar in loaded if grammar is not None]


def segment(grammar: Grammar, tag: str) -> SegmentUse:
    return next(use for use in grammar.segments() if use.id == tag)


def loops(body: tuple[SegmentUse | LoopUse, ...]) -> Iterator[LoopUse]:
    for use in body:
        if isinstance(use, LoopUse):
            yield use
            yield from loops(use.body)


def elements(use: ElementUse) -> Iterator[ElementUse]:
    yield use
    for component in use.components:
        yield from elements(component)


def test_sets_and_their_groups() -> None:
    assert known_messages() == {
        **{"204": "SM", "214": "QM", "990": "GF"},
        **{"810": "IN", "820": "RA"},
        **{"824": "AG", "830": "PS", "832": "SC", "846": "IB", "850": "PO", "852": "PD", "855": "PR", "856": "SH"},
        **{"860": "PC", "861": "RC", "862": "SS", "865": "CA", "867": "PT"},
        **{"940": "OW", "943": "AR", "944": "RE", "945": "SW", "947": "AW"},
        **{"997": "FA", "999": "FA"},
    }
    order = load("850", "004010")
    assert order is not None
    assert order.groups == ("PO", "SC")
    assert order.group == "PO"


@pytest.mark.parametrize(
    ("version", "base"),
    [
        ("004010", "004010"),
        ("004010VICS", "004010"),
        ("004010X357", "004010"),
        ("002001", "004010"),
        ("003060", "004010"),
        ("004020", "004010"),
        ("004030", "004030"),
        ("004060", "004030"),
        ("005010", "005010"),
        ("005010X231A1", "005010"),
        ("006010", "005010"),
        ("006020", "006020"),
        ("006020X304", "006020"),
        ("008010", "006020"),
        ("", "004010"),
    ],
)
def test_nearest_base_version(version: str, base: str) -> None:
    loaded = load("850", version)
    assert loaded is not None
    assert loaded.version == base == base_version(version)


def test_lengths_differ_by_version() -> None:
    old, new = load("850", "004010"), load("850", "005010")
    assert old is not None and new is not None
    assert segment(old, "REF").elements[1].max == 30
    assert segment(new, "REF").elements[1].max == 50
    assert old.hash != new.hash


def test_references_grew_with_004030() -> None:
    longest = {}
    for version in BASE_VERSIONS:
        grammar = load("850", version)
        assert grammar is not None
        longest[version] = segment(grammar, "REF").elements[1].max
    assert longest == {"004010": 30, "004030": 50, "005010": 50, "006020": 50}


def test_every_set_is_described_in_every_base_version() -> None:
    missing = [(message, version) for message in known_messages() for version in BASE_VERSIONS if load(message, version) is None]
    assert missing == [("999", "004010"), ("999", "004030")]


def test_dates_had_six_digits() -> None:
    ancient, old = load("856", "003060"), load("856", "004010")
    assert ancient is not None and old is not None
    assert (segment(ancient, "BSN").elements[2].min, segment(ancient, "BSN").elements[2].max) == (6, 6)
    assert segment(old, "BSN").elements[2].min == 8
    assert ancient.hash != old.hash


@pytest.mark.parametrize("message", ["148", "elements", "segments", "", "../850", "85\u00b2", "README"])
def test_unknown_set(message: str) -> None:
    assert load(message, "004010") is None


def test_implementation_acknowledgement_came_with_005010() -> None:
    assert load("999", "004010") is None
    assert load("999", "005010") is not None


def test_purpose_codes_are_listed() -> None:
    order = load("850", "004010")
    assert order is not None
    purposes = segment(order, "BEG").elements[0].codes
    assert purposes is not None
    assert "00" in purposes and "ZZ" not in purposes


def test_despatch_advice_nests_and_counts_levels() -> None:
    despatch = load("856", "004010")
    assert despatch is not None
    assert despatch.hierarchy
    assert despatch.totals is not None and despatch.totals.of == "HL"


def test_envelope_by_version() -> None:
    assert envelope_segment("ISA", "00401").elements[10].number == "I10"
    assert envelope_segment("ISA", "00402").elements[10].number == "I65"
    assert envelope_segment("ISA", "00501").elements[10].number == "I65"
    assert envelope_segment("ISA", "00602").elements[10].number == "I65"
    assert [use.max for use in envelope_segment("ISA", "00401").elements] == [2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1]
    assert len(envelope_segment("ST", "004010").elements) == 2
    assert len(envelope_segment("ST", "005010").elements) == 3
    assert envelope_segment("GS", "003060").elements[3].max == 6
    assert len(envelope_segment("TA1", "00401").elements) == 5


@pytest.mark.parametrize("grammar", every_grammar(), ids=lambda grammar: f"{grammar.message}-{grammar.version}-{grammar.hash[:6]}")
def test_grammar_is_sound(grammar: Grammar) -> None:
    for level in [grammar.body, *(loop.body[1:] for loop in loops(grammar.body))]:
        openers = [use.id if isinstance(use, SegmentUse) else use.first.id for use in level]
        assert len(set(openers)) == len(openers), "a segment has two places at one level: the writer could not choose"
    for loop in loops(grammar.body):
        assert loop.first.use == "M" and loop.first.max == 1
    for use in grammar.segments():
        assert use.name and use.elements
        for note in use.syntax:
            assert re.fullmatch(r"[PRECL](\d\d){2,}", note), note
            places = [int(note[start : start + 2]) for start in range(1, len(note), 2)]
            assert len(set(places)) == len(places) and 1 <= min(places) <= max(places) <= len(use.elements), (use.id, note)
        for element in use.elements:
            for part in elements(element):
                assert part.name and part.repeat >= 1
                if part.components:
                    assert part.type == "" and part.components[0].use == "M"
                    continue
                assert re.fullmatch(r"AN|ID|DT|TM|R|B|N\d", part.type), part
                assert 1 <= part.min <= part.max
                for code in part.codes or ():
                    assert part.min <= len(code) <= part.max, (use.id, part.number, code)


def opener(use: SegmentUse | LoopUse) -> str:
    return use.id if isinstance(use, SegmentUse) else use.first.id


def inside(loop: LoopUse) -> Iterator[str]:
    for use in loop.body[1:]:
        yield opener(use)
        if isinstance(use, LoopUse):
            yield from inside(use)


def ambiguous(body: tuple[SegmentUse | LoopUse, ...], after: frozenset[str]) -> Iterator[tuple[str, set[str]]]:
    """Loops with segments that may as well belong to what can follow the loop."""
    for index, use in enumerate(body):
        following: set[str] = set()
        for later in body[index + 1 :]:
            following.add(opener(later))
            if later.use == "M":
                break
        else:
            following |= after
        if isinstance(use, LoopUse):
            if both := following & set(inside(use)):
                yield use.id, both
            yield from ambiguous(use.body[1:], frozenset(following | {opener(use)}))


@pytest.mark.parametrize("message", known_messages())
@pytest.mark.parametrize("version", ["004010", "006020"])
def test_a_segment_belongs_to_one_place(message: str, version: str) -> None:
    """Else a tree could be written that reads back as another one."""
    grammar = load(message, version)
    if grammar is None:
        return
    assert list(ambiguous(grammar.body, frozenset())) == []


def test_same_object_from_every_thread() -> None:
    found: list[Grammar | None] = []
    threads = [threading.Thread(target=lambda: found.append(load("810", "005010"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len({id(grammar) for grammar in found}) == 1


# --- the files ---------------------------------------------------------------------------------------------------------
class _OnceOnly(yaml.SafeLoader):
    """Refuses a key that is there twice, which YAML readers take in silence."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[object, object]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    assert len(set(keys)) == len(keys), f"twice in {node.start_mark}: {sorted(key for key in map(str, keys) if keys.count(key) > 1)}"
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_OnceOnly.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@pytest.mark.parametrize("path", sorted(TABLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_tables_are_clean(path: Path) -> None:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=_OnceOnly)
    assert content["version"] == 1


def test_nothing_stands_unused() -> None:
    used = {use.id for grammar in every_grammar() for use in grammar.segments()} | {"ISA", "IEA", "GS", "GE", "ST", "SE", "TA1"}
    tables = yaml.safe_load((TABLES / "segments.yaml").read_text(encoding="utf-8"))["segments"]
    assert set(tables) == used
    numbers = {part.number for grammar in every_grammar() for use in grammar.segments() for top in use.elements for part in elements(top)}
    for tag in ("ISA", "IEA", "GS", "GE", "ST", "SE", "TA1"):
        for version in ("00401", "00501"):
            numbers |= {use.number for use in envelope_segment(tag, version).elements}
    content = yaml.safe_load((TABLES / "elements.yaml").read_text(encoding="utf-8"))
    assert set(content["elements"]) | set(content["composites"]) == numbers


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("body: [BEG M]", "version: 1"),
        ("version: 1\nname: x\ngroups: [PO]\nbody: [ZZZ]", "segment ZZZ"),
        ("version: 1\nname: x\ngroups: [PO]\nbody: [REF often]", "'often'"),
        ("version: 1\nname: x\ngroups: [PO]\nbody: [{loop: N1 2, body: [N1, N2]}]", "mandatory"),
        ("version: 1\nname: x\ngroups: [PO]\nbody: [{loop: N1 2, body: []}]", "mandatory"),
        ("version: 1\nname: x\ngroups: [PO]\nbody: [850]", "ID [M]"),
        ("version: 1\nname: [", "850.yaml"),
    ],
)
def test_wrong_table_names_its_fault(table: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("elements", "segments"):
        (tmp_path / f"{name}.yaml").write_bytes((TABLES / f"{name}.yaml").read_bytes())
    (tmp_path / "850.yaml").write_text(table, encoding="utf-8")
    monkeypatch.setattr(grammars, "TABLES", tmp_path)
    monkeypatch.setattr(grammars, "_tables", {})
    monkeypatch.setattr(grammars, "_grammars", {})
    with pytest.raises(ConfigError, match=re.escape(said)):
        load("850", "004010")


def test_rows_may_hold_for_some_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("elements", "segments"):
        (tmp_path / f"{name}.yaml").write_bytes((TABLES / f"{name}.yaml").read_bytes())
    (tmp_path / "850.yaml").write_text(
        "version: 1\nname: x\ngroups: [PO]\nbody: [BEG M, CUR until 004010, REF * since 005010, "
        "{loop: N1 2, qualifier: [1, ST], body: [N1 M]}, {segment: DTM, codes: {1: 002 010}}]",
        encoding="utf-8",
    )
    monkeypatch.setattr(grammars, "TABLES", tmp_path)
    monkeypatch.setattr(grammars, "_tables", {})
    monkeypatch.setattr(grammars, "_grammars", {})
    old, new, ancient = load("850", "004010"), load("850", "005010"), load("850", "003060")
    assert old is not None and new is not None and ancient is not None
    assert [use.id for use in old.body] == ["BEG", "CUR", "N1", "DTM"] == [use.id for use in ancient.body]
    assert [use.id for use in new.body] == ["BEG", "REF", "N1", "DTM"]
    loop = old.body[2]
    assert isinstance(loop, LoopUse) and loop.qualifier == (1, "ST")
    assert segment(old, "DTM").elements[0].codes == {"002", "010"}
