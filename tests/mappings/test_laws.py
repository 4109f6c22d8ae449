"""The laws that every mapping in the tree keeps, found by looking and not by list.

read(write(y)) == y on what a mapping says exactly; reading and writing settle after one pass; what is read is a valid canonical
entity; the compiled reader and the plain tracer, written apart, agree.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_contracts.canonical import ENTITIES
from data_contracts.source import SourceRecord
from mappings.engine import Context, Mapping
from mappings.plan import Rule, Scope
from mappings.write import Writer, number_positions
from tests.effort import examples
from tests.mappings.samples import sample
from tests.mappings.shipped import NAMES, load, writing
from tests.mappings.trees import leaves, lost, segments, shape, without_places

MAPPINGS = {name: load(name) for name in NAMES}
CAME = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
CONTEXT = Context(time_zone="Asia/Shanghai", components=":", currency="CNY", sent="20261122 0830", came=CAME)
QUICK = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

_texts = st.text("ABCXYZabc0189-_. /甲乙丙é", min_size=1, max_size=24).map(str.strip).filter(bool)
_days = st.dates(min_value=date(1971, 1, 1), max_value=date(2100, 12, 31)).map(lambda day: day.isoformat())
_moments = st.datetimes(min_value=datetime(1971, 1, 2), max_value=datetime(2100, 1, 1)).flatmap(  # noqa: DTZ001  # an offset comes next
    lambda at: st.integers(-12 * 4, 13 * 4).map(lambda quarter: at.replace(tzinfo=timezone(timedelta(minutes=15 * quarter))))
)
DOMAINS: dict[str, st.SearchStrategy[Any]] = {
    "text": _texts,
    "upper": _texts,
    "gtin": st.sampled_from([8, 12, 13, 14]).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size)),
    "sscc_from_man": st.text("0123456789", min_size=18, max_size=18),
    "sscc": st.text("0123456789", min_size=18, max_size=18),
    "decimal": st.decimals(-(10**11), 10**11, places=3),
    "decimal_comma": st.decimals(-(10**11), 10**11, places=6),
    "json_number": st.decimals(0, 10**11, places=6),
    "implied_decimal_2": st.decimals(-(10**9), 10**9, places=2),
    "implied_decimal_3": st.decimals(-(10**9), 10**9, places=3),
    "decimal_grouped": st.decimals(-(10**11), 10**11, places=6),
    "decimal_comma_grouped": st.decimals(-(10**11), 10**11, places=6),
    "price_per": st.decimals(-(10**11), 10**11, places=6),
    "price_for_quantity": st.decimals(-(10**11), 10**11, places=6),
    "cxml_price": st.decimals(-(10**11), 10**11, places=6),
    "x12_order": _texts,
    "x12_date_time_zone": _moments,
    "x12_percent": st.decimals(0, 99, places=4),
    "x12_price": st.decimals(-(10**11), 10**11, places=3),
    "quantity_in": st.decimals(-(10**11), 10**11, places=3),
    "edifact_quantity_in": st.decimals(-(10**11), 10**11, places=6),
    "edifact_number": st.decimals(-(10**11), 10**11, places=6),
    "edifact_price": st.decimals(-(10**11), 10**11, places=6),
    "edifact_text": st.text("ABCXYZabc0189-_. /甲乙丙é", min_size=1, max_size=90).map(str.strip).filter(bool),
    "edifact_identities": _texts,
    "edifact_date": _days | _days.map(lambda day: day[:7]),
    "edifact_period_start": _days,
    "edifact_period_end": _days,
    "edifact_date_time": _moments,
    "integer": st.integers(0, 10**6),
    "boolean_yn": st.booleans(),
    "boolean": st.booleans(),
    "x12_date": _days,
    "date_dotted": _days,
    "iso_date": _days | _days.map(lambda day: day[:7]),
    "x12_date_time": _moments,
    "x12_date_with_time": _moments,
    "x12_day_start": _moments,
    "date_time_dotted": _moments,
    "iso_instant": _moments,
    "date_slashed_ymd": _days,
    "date_slashed_dmy": _days,
    "date_slashed_mdy": _days,
    "date_chinese": _days,
    "date_of_midnight": _days,
    "odata_date": _days,
    "odata_instant": _moments,
    "date_time_slashed_ymd": _moments,
    "date_time_compact": _moments,
    "iso_day": _moments,
    "iso_day_or_time": _moments,
    "utc_time": _moments,
    "sap_decimal": st.decimals(-(10**11), 10**11, places=3),
    "decimal_negated": st.decimals(-(10**11), 10**11, places=3),
    "implied_decimal_2_negated": st.decimals(-(10**9), 10**9, places=2),
    "sap_decimal_negated": st.decimals(-(10**11), 10**11, places=3),
    "sap_price": st.decimals(0, 10**9, places=4),
    "sap_ratio": st.integers(1, 99999).map(Decimal),
    "sap_item_5": st.integers(1, 99999).map(str),
    "sap_item_6": st.integers(1, 999999).map(str),
    "sap_number_10": _texts,
    "sap_number_18": _texts,
    "gln_in_parts": st.text("0123456789", min_size=12, max_size=12).map(lambda digits: f"1{digits}"),
    "boolean_x": st.booleans(),
    "sap_date": _days,
    "sap_date_time": _moments,
    "sap_day_start": _moments,
    "xml_date": _days,
    "xml_date_time": _moments,
    "xml_instant": _moments,
    "xml_day_start": _moments,
    "day_stated": _days,
    "day_start_stated": _moments,
    "day_start_dotted": _moments,
    "day_start_slashed_ymd": _moments,
    "day_start_slashed_dmy": _moments,
    "day_start_slashed_mdy": _moments,
    "day_start_chinese": _moments,
    "day_of_dotted": _days,
    "day_of_slashed_ymd": _days,
    "day_of_compact": _days,
    "boolean_zh": st.booleans(),
    "boolean_10": st.booleans(),
}


def _strategy(rule: Rule) -> st.SearchStrategy[Any]:
    one = st.sampled_from(sorted(rule.table.outward)) if rule.table is not None else DOMAINS[rule.function.name]
    return st.lists(one, min_size=1, max_size=3) if rule.many else one


def _read_by_another(rule: Rule, scope: Scope) -> bool:
    """Whether a row that only writes has its mirror: one that only reads the same codes at the same place."""
    return rule.table is not None and any(
        other.reads and (other.to, other.paths, other.table) == (rule.to, rule.paths, rule.table) for other in scope.rules
    )


_BITS = 20
_CHOICES = st.integers(0, 2**_BITS - 1)
"""Yes or no for so many rows, drawn at once: a draw for each costs more than all else of an example."""


_DRAWN: dict[int, list[tuple[Rule, bool, st.SearchStrategy[Any]]]] = {}
"""By the scope's identity; the mappings above keep them."""


def _drawn(scope: Scope) -> list[tuple[Rule, bool, st.SearchStrategy[Any]]]:
    """Rows that are written and read, whether an element must have them, and what they carry."""
    if id(scope) not in _DRAWN:
        _DRAWN[id(scope)] = [
            (rule, rule.to[0] in scope.required or rule.to[0] in scope.needs, _strategy(rule))
            for rule in scope.rules
            if rule.writes and (rule.reads or _read_by_another(rule, scope)) and rule.const is None
        ]
    return _DRAWN[id(scope)]


@st.composite
def _elements(draw: st.DrawFn, scope: Scope, mapping: Mapping) -> dict[str, Any]:
    """What the rows of a scope carry, mandatory members always."""
    made: dict[str, Any] = {}
    for number, (rule, must, strategy) in enumerate(_drawn(scope)):
        if number % _BITS == 0:
            chosen = draw(_CHOICES)
        wanted = must or chosen >> number % _BITS & 1
        if (rule.to[0] in made and len(rule.to) == 1) or not wanted:
            continue
        place = made
        for name in rule.to[:-1]:
            place = place.setdefault(name, {})
        place[rule.to[-1]] = draw(strategy)
    for child in scope.scopes:
        if not child.writes:
            continue
        most = 4 if child.at is not None and child.at.steps else 1
        made[child.to] = draw(st.lists(_elements(child, mapping), max_size=most))
    return made


@st.composite
def entities(draw: st.DrawFn, mapping: Mapping) -> dict[str, Any]:
    made = {"entity": mapping.entity, **draw(_elements(mapping.plan.root, mapping))}
    if mapping.entity == "OrderResponse" and made.get("status") == "rejected":  # a line that is not is told (DOC-12), and has no code
        for line in made.get("lines", ()):
            if "status" in line:
                line["status"] = "rejected"
    return made


def _rules(scope: Scope, prefix: str = "") -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for rule in scope.rules:
        if rule.to:
            found.setdefault(f"{prefix}{'.'.join(rule.to)}", []).append(rule)
    for child in scope.scopes:
        for name, rules in _rules(child, f"{prefix}{child.to}.").items():
            found.setdefault(name, []).extend(rules)
    return found


def _unnumbered(name: str) -> str:
    return "".join(part.split("]", 1)[-1] for part in name.split("["))


def _valid(mapping: Mapping, entity: dict[str, Any]) -> None:
    plain = without_places(entity)
    model = ENTITIES[plain.pop("entity")]
    model.model_validate(plain)


@pytest.mark.parametrize("name", writing())
def test_what_is_written_is_read_back_and_the_readers_and_the_writers_agree(name: str) -> None:
    """Three laws on the same entities: drawing them takes several times as long as looking at them."""
    mapping = MAPPINGS[name]
    rules = _rules(mapping.plan.root)

    @QUICK
    @given(entities(mapping))
    def laws(said: dict[str, Any]) -> None:
        tree, written = mapping._written(said, CONTEXT)
        _is_read_back(mapping, rules, said, tree, written)
        _writers_agree(mapping, said, tree)
        _agree(mapping, mapping.write(said, CONTEXT))

    laws()


def _is_read_back(mapping: Mapping, rules: dict[str, list[Rule]], said: dict[str, Any], tree: SourceRecord, written: set[str]) -> None:
    """What was said exactly stands in what is read of it, and reading and writing settle."""
    first = mapping.read(tree, CONTEXT)
    assert not first.findings
    assert first.entity is not None
    _valid(mapping, first.entity)
    before, after = leaves(said), leaves(first.entity)
    for path in written & set(before):  # a default that was written was not said
        if any(rule.function.inverse == "exact" for rule in rules[_unnumbered(path)]):
            assert after[path] == before[path], path
    again = mapping.read(mapping.write(first.entity, CONTEXT), CONTEXT)
    assert not again.findings
    assert without_places(again.entity) == without_places(first.entity)
    unsaid = {finding.place.path for finding in mapping.unwritten(said, CONTEXT)}
    assert unsaid == set(before) - written


def _writers_agree(mapping: Mapping, said: dict[str, Any], plain: SourceRecord) -> None:
    """The compiled writer makes what the plain one makes, numbered alike."""
    compiled = mapping._write(said, Writer(mapping.plan, CONTEXT))
    number_positions(compiled)
    assert shape(compiled) == shape(plain)
    assert [record.position for record in compiled.walk()] == [record.position for record in plain.walk()]


@pytest.mark.parametrize("name", NAMES)
def test_samples_settle_after_one_pass(name: str) -> None:
    mapping = MAPPINGS[name]
    first = mapping.read(sample(name), CONTEXT)
    assert first.entity is not None
    assert not first.findings
    _valid(mapping, first.entity)
    if mapping.direction == "in":
        _agree(mapping, sample(name))
        return
    again = mapping.read(mapping.write(first.entity, CONTEXT), CONTEXT)
    assert again.entity is not None
    # A time without offset is written with the one that the zone gave it, and a member made of others follows the new spelling.
    made = {path for path, rules in _rules(mapping.plan.root).items() if rules[0].function.inverse == "none"} | {"issued_at_source"}
    before, after = leaves(first.entity), leaves(again.entity)
    assert {path: value for path, value in after.items() if path not in made} == {
        path: value for path, value in before.items() if path not in made
    }
    assert set(after) | made == set(before) | made


@pytest.mark.parametrize("name", NAMES)
def test_samples_lose_nothing_unsaid(name: str) -> None:
    assert [finding.text() for finding in lost(MAPPINGS[name], sample(name), CONTEXT)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_function_of_a_mapping_has_a_domain(name: str) -> None:
    for rules in _rules(MAPPINGS[name].plan.root).values():
        for rule in rules:
            assert rule.function.inverse == "none" or rule.function.name in DOMAINS


# --- the two readers ---------------------------------------------------------------------------------------------------
_CODES = ["", "ST", "SF", "LT", "SE", "011", "017", "036", "I", "O", "P", "T", "S", "GM", "EA", "20261122", "0830", "7", "UL", "UK", "x "]
_TAGS = ["BSN", "HL", "LIN", "SN1", "REF", "DTM", "MAN", "PRF", "N1", "N4", "PID", "TD5"]


@st.composite
def _jumbles(draw: st.DrawFn, depth: int = 0) -> SourceRecord:
    tag = draw(st.sampled_from(_TAGS)) if depth else "ST"
    values = [tag, *draw(st.lists(st.sampled_from(_CODES), max_size=6))]
    record = SourceRecord(tag, values, 0)
    if depth < 4 and tag in ("ST", "HL", "N1"):
        for child in draw(st.lists(_jumbles(depth=depth + 1), max_size=7)):
            child.parent = record
            record.children.append(child)
    return record


def _agree(mapping: Mapping, tree: SourceRecord) -> None:
    for position, record in enumerate(tree.walk(), 1):
        record.position = position
    mapped = mapping.read(tree, CONTEXT)
    if mapped.entity is None:
        return
    said = leaves(mapped.entity)
    said.pop("issued_at_source", None)
    origins = mapping.trace(tree, CONTEXT)
    assert set(origins) == set(said)
    for name, origin in origins.items():
        if origin.function in ("text", "gtin") and origin.values and "codes" not in origin.row:
            assert said[name] == origin.values[0]


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(_jumbles())
def test_reader_and_tracer_agree_on_any_tree(tree: SourceRecord) -> None:
    head = SourceRecord("BSN", ["BSN", "00", "N1", "20261122", "0830"], 2, tree)
    tree.children.insert(0, head)
    _agree(MAPPINGS["x12/856"], tree)


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(_jumbles())
def test_no_tree_raises(tree: SourceRecord) -> None:
    for name in NAMES:
        if name.startswith("x12/"):
            lost(MAPPINGS[name], tree, CONTEXT)


def test_every_value_of_a_tree_is_mapped_ignored_or_told() -> None:
    """Coverage is complete: take a value away from the told ones and the entity stays as it is."""
    text = """
BSN*00*S1*20261122*0830**EXTRA
HL*1**S
  REF*ZZ*own
  HL*2*1*I
    LIN*1*UK*06901234500014*ZZ*odd
    SN1**5*EA*99
"""
    mapping = MAPPINGS["x12/856"]
    told = lost(mapping, segments(text), CONTEXT)
    assert {(f.place.position, f.place.element) for f in told} == {(2, 6), (4, None), (6, 4), (6, 5), (7, 4)}
    bare = segments(text)
    for record in bare.walk():
        for finding in told:
            if finding.place.position == record.position and finding.place.element and isinstance(record.values, list):
                record.values[finding.place.element] = ""
    assert mapping.read(bare, CONTEXT).entity == mapping.read(segments(text), CONTEXT).entity


def test_writing_and_tracing_do_not_change_what_they_are_given() -> None:
    mapping = MAPPINGS["x12/856"]
    tree = sample("x12/856")
    before = shape(tree)
    mapped = mapping.read(tree, CONTEXT)
    mapping.trace(tree, CONTEXT)
    mapping.unmapped(tree, mapped)
    assert shape(tree) == before
    entity = mapped.entity
    assert entity is not None
    copy = without_places(entity)
    mapping.write(entity, CONTEXT)
    assert without_places(entity) == copy
