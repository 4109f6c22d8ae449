"""Every value of a message is taken, taken notice of, ignored with a reason, or told: judged by a plain walk over the mapping's rows.

The walk is written apart from coverage. It follows every row of every element, by the words of the mapping's page, and collects what was
taken; coverage must tell all the rest and nothing else.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from random import Random
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.formats.x12 import FORMAT as X12
from connectors.spec import STRICT
from data_contracts.source import SourceRecord
from mappings import coverage
from mappings.engine import Context, Mapping
from mappings.losses import Losses
from mappings.path import COMPONENT_MARK, SEGMENT_FORMATS, Component, Element, Located, Name, Pairs, Path, leads_out, locate, records
from mappings.plan import Rule, Scope
from tests.effort import examples
from tests.mappings.samples import sample
from tests.mappings.shipped import load, reading
from tests.mappings.trees import edifact, lost, segments

NAMES = reading()
CAME = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
CONTEXT = Context(time_zone="Asia/Shanghai", components=":", currency="CNY", sent="20261122 0830", came=CAME)
Spot = tuple[int, int | str, int | None]
"""Record, element or name, component."""


# --- the judge ---------------------------------------------------------------------------------------------------------
class Judge:
    """What one message's rows take, walked plainly."""

    def __init__(self, mapping: Mapping, root: SourceRecord) -> None:
        self.mapping, self.root = mapping, root
        self.segments = mapping.format in SEGMENT_FORMATS
        self.mark = COMPONENT_MARK if mapping.format == "edifact" else ":"
        self.taken: set[Spot] = set()
        self.noticed: set[Spot] = set()
        self.held: dict[str, set[Spot]] = {}
        """By the path of a row: values of which a second, different one holds the message. One finding (MAP-13) names the path."""
        self.likewise: dict[Spot, list[tuple[Rule, str, Rule, str]]] = {}
        """What was passed over, with the texts that were kept instead."""
        self.whole: set[int] = set()
        self._scope(mapping.plan.root, root)
        self._notice(mapping.plan.root, root)
        for path in mapping.plan.ignored:
            self._ignore(path)
        for refusal in mapping.plan.expected:
            self._see(locate(refusal.path, root, self.mark))

    def _see(self, places: Iterator[Located]) -> None:
        self.noticed |= {self.spot(place) for place in places}

    def spot(self, place: Located) -> Spot:
        """X12 counts whole elements: what parts a component is known only with the document."""
        return (id(place.record), place.key, place.component if self.mapping.format == "edifact" else None)

    def _scope(self, scope: Scope, record: SourceRecord) -> bool:
        own: dict[tuple[str, ...], tuple[Rule, list[Located]]] = {}
        for rule in scope.rules:
            if rule.reads and self._holds(rule, record):
                places, said = self._places(rule, record)
                kept = own.get(rule.to)
                if kept is None and said:
                    own[rule.to] = (rule, places)
                every = [place for path in rule.paths for place in locate(path, record, self.mark)]
                self._liken(rule, every, own.get(rule.to))
                if rule.row.alone == "held":
                    self.held.setdefault(rule.paths[0].text, set()).update(self.spot(place) for place in every)
        if any((name,) not in {to[:1] for to in own} for name in scope.needs):
            return False
        for _, places in own.values():
            self.taken |= {self.spot(place) for place in places}
        for child in scope.scopes:
            if not child.reads:
                continue
            begun: SourceRecord | None = None
            for element in records(child.at, record) if child.at is not None else (record,):
                if child.skips(element):
                    continue
                if child.later and element.parent is not begun:
                    taken = set(self.taken)
                    begun = element.parent if self._scope(child, element) else begun
                    self.taken = taken
                    continue
                self._scope(child, element)
        return True

    def _holds(self, rule: Rule, record: SourceRecord) -> bool:
        for when in rule.when:
            text = next((place.text for place in locate(when.path, record, self.mark)), "")
            if not text or (when.values is not None and text not in when.values):
                return False
        return True

    def _places(self, rule: Rule, record: SourceRecord) -> tuple[list[Located], bool]:
        """The places that a row takes, and whether it says anything."""
        if rule.const is not None:
            return [], True
        if rule.many:
            every = [place for path in rule.paths for place in locate(path, record, self.mark)]
            return every, bool(every)
        firsts = [next(locate(path, record, self.mark), None) for path in rule.paths]
        if rule.function.arguments > 1:
            return ([place for place in firsts if place], True) if firsts and firsts[0] else ([], rule.default is not None)
        one = next((place for place in firsts if place), None)
        return ([one], True) if one else ([], rule.default is not None)

    def _liken(self, rule: Rule, every: list[Located], kept: tuple[Rule, list[Located]] | None) -> None:
        if kept is None:
            return
        for place in every:
            if not kept[1]:  # a fixed value overrules
                self.noticed.add(self.spot(place))
            for other in kept[1]:
                self.likewise.setdefault(self.spot(place), []).append((rule, place.text, kept[0], other.text))

    def _notice(self, scope: Scope, record: SourceRecord) -> None:
        """What conditions ask, and what is reached upwards or compared."""
        for rule in scope.rules:
            if not rule.reads:
                continue
            for when in rule.when:
                self._see(locate(when.path, record, self.mark))
            for path in rule.paths:
                if leads_out(path):
                    self._see(locate(path, record, self.mark))
                if any(step.same for step in path.steps):
                    self._see(locate(path, record, self.mark))
        for child in scope.scopes:
            if child.reads:
                for element in records(child.at, record) if child.at is not None else (record,):
                    if not child.skips(element):
                        self._notice(child, element)

    def _ignore(self, path: Path) -> None:
        if path.leaf is None:
            self.whole |= {id(below) for record in records(path, self.root) for below in record.walk()}
            return
        self._see(locate(path, self.root, self.mark))
        if isinstance(path.leaf, Name):
            for record in records(path, self.root):
                for child in record.children:
                    if child.tag == path.leaf.name:
                        self.whole |= {id(below) for below in child.walk()}

    def alike(self, spot: Spot) -> bool:
        """Whether what was passed over says the same as what was kept."""
        return any(_meaning(*pair[:2]) == _meaning(*pair[2:]) for pair in self.likewise.get(spot, ()))


def _meaning(rule: Rule, text: str) -> Any:
    if rule.function.name == "gtin":
        return text.lstrip("0")
    if rule.table is not None:
        return rule.table.inward.get(text, text)
    try:
        return rule.function.read(text) if rule.function.arguments == 1 and not rule.function.zoned else text
    except ValueError:
        return text


def _qualifiers(scope: Scope, mapping: Mapping) -> tuple[set[tuple[str, Any]], set[str]]:
    """(tag, element) that conditions ask, and the qualifiers of pairs."""
    asked: set[tuple[str, Any]] = set()
    codes: set[str] = set()
    paths = [path for rule in scope.rules if rule.reads for path in (*rule.paths, *(when.path for when in rule.when))]
    paths += [scope.at] if scope.at is not None else []
    if scope is mapping.plan.root:
        paths += [*mapping.plan.ignored, *(refusal.path for refusal in mapping.plan.expected)]
    for rule in scope.rules:
        for when in rule.when if rule.reads else ():
            if when.path.steps and isinstance(when.path.leaf, Element):
                asked.add((when.path.steps[-1].tag, when.path.leaf.number))
    for path in paths:
        for step in path.steps:
            asked |= {(step.tag, condition.key) for condition in step.conditions}
            asked |= {(step.tag, key) for key, _ in step.same}
        if isinstance(path.leaf, Pairs):
            codes |= {code for code, _ in path.leaf.qualifiers}
    for child in scope.scopes:
        if child.reads:
            more, further = _qualifiers(child, mapping)
            asked, codes = asked | more, codes | further
    return asked, codes


def values_of(root: SourceRecord, segments_: bool) -> Iterator[tuple[SourceRecord, int | str, int | None, str]]:
    """Every value of a message, by components where they have any."""
    for record in root.walk():
        if segments_ and (record is root or record.tag in ("SE", "UNT")):
            continue
        values: Any = record.values
        for key, text in values.items() if isinstance(values, dict) else list(enumerate(values))[1:]:
            if isinstance(key, int) and COMPONENT_MARK in text:
                for number, part in enumerate(text.split(COMPONENT_MARK), 1):
                    if part.strip():
                        yield record, key, number, part
            elif text and text.strip():
                yield record, key, None, text


class Heard(Losses):
    """Losses that remember every place."""

    spots: ClassVar[list[tuple[SourceRecord, Any]]] = []

    def _add(self, rule: str, record: SourceRecord, at: Any, text: str, qualified: bool, kept: str, reason: str = "") -> None:
        Heard.spots.append((record, at))
        super()._add(rule, record, at, text, qualified, kept, reason)


def judge(mapping: Mapping, root: SourceRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    for position, record in enumerate(root.walk(), 1):
        record.position = position
    judged = Judge(mapping, root)
    asked, codes = _qualifiers(mapping.plan.root, mapping)
    Heard.spots = []
    with monkeypatch.context() as patch:
        patch.setattr(coverage, "Losses", Heard)
        lost(mapping, root, CONTEXT)
    told_whole = {id(record) for record, at in Heard.spots if at is None}
    below_told = {id(below) for record in root.walk() if id(record) in told_whole for below in record.walk()}
    for finding in mapping.unmapped(root, mapping.read(root, CONTEXT)):
        if finding.rule == "MAP-13":
            judged.noticed |= judged.held[finding.params["what"]]
    told = {(id(record), *at) if isinstance(at, Component) else (id(record), at, None) for record, at in Heard.spots if at is not None}
    for record, key, part, text in values_of(root, judged.segments):
        spot, element = (id(record), key, part), (id(record), key, None)
        first = (id(record), key, 1)
        same = {spot, element} | ({first} if part is None else set())
        taken = bool(same & judged.taken)
        silent = (
            taken
            or same & judged.noticed
            or id(record) in judged.whole
            or judged.alike(spot)
            or (part is None and judged.alike(first))
            or (record.tag, key) in asked
            or (isinstance(key, int) and (record.tag, Component(key, part or 1)) in asked)
            or (judged.segments and text.strip() in codes)
            or any(
                isinstance(name, str) and "/" in name and name.endswith(f"/{key}") and name.startswith(f"{record.tag}/")
                for _, name in asked
            )
        )
        heard = spot in told or element in told or first in told or id(record) in below_told
        assert silent or heard, f"{mapping.name}: {record.tag} {key} {part} `{text}` is lost unsaid: {record.values}"
        if taken and id(record) not in below_told and not (spot in judged.likewise or first in judged.likewise):
            assert not heard, f"{mapping.name}: {record.tag} {key} {part} `{text}` was taken and is told as lost: {record.values}"


# --- documents ---------------------------------------------------------------------------------------------------------
def changed(mapping: Mapping, random: Random) -> SourceRecord:
    """The sample of a mapping with other qualifiers, values that are gone and records that come again."""
    root = sample(mapping.name)
    _, codes = _qualifiers(mapping.plan.root, mapping)
    likely = sorted({*codes, "ZZ", "X1", "92", "9", "UL", "2", "3"})
    for _ in range(random.randrange(1, 9)):
        record = random.choice(list(root.walk()))
        if record.parent is None:
            continue
        values: Any = record.values
        keys = list(values) if isinstance(values, dict) else list(range(1, len(values)))
        what = random.randrange(4)
        if what == 0 and keys:
            key = random.choice(keys)
            values[key] = ""
        elif what == 1 and keys:
            key = random.choice(keys)
            values[key] = random.choice(likely)
        elif what == 2:
            again = copy.copy(record)
            again.values = copy.copy(values)
            again.children = []
            record.parent.children.insert(record.parent.children.index(record) + 1, again)
            for key in keys[1:2] or keys:
                again.values[key] = f"N{random.randrange(9)}"  # type: ignore[index]
        else:
            record.parent.children.remove(record)
    return root


@pytest.mark.parametrize("name", NAMES)
def test_what_no_row_took_is_told_and_nothing_else(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = load(name)

    @settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def law(random: Random) -> None:
        judge(mapping, changed(mapping, random), monkeypatch)

    law()


# --- examples ----------------------------------------------------------------------------------------------------------
def told(name: str, text: str) -> list[tuple[str, str, str | None, str | None]]:
    """Rule, place, what was lost and what was kept, of a message written as segments."""
    return [(f.rule, f.params["what"], f.got, f.expected) for f in lost(load(name), segments(text), CONTEXT)]


REMITTANCE = """
BPR*I*100*C*NON************20261201
TRN*1*PAY-1
ENT*1
  RMR*IV*INV-1**60
  RMR*{}*X-77**40
"""


@pytest.mark.parametrize("qualifier", ["PO", "OI", "IK"])
def test_a_number_under_a_qualifier_that_rows_know_is_taken(qualifier: str) -> None:
    assert told("x12/820", REMITTANCE.format(qualifier)) == []


def test_a_number_under_another_qualifier_is_a_reference() -> None:
    assert told("x12/820", REMITTANCE.format("AP")) == []
    entity = load("x12/820").read(segments(REMITTANCE.format("AP")), CONTEXT).entity
    assert entity is not None
    assert [(line.get("invoice_number"), line.get("reference_kind"), line.get("reference")) for line in entity["lines"]] == [
        ("INV-1", None, None),
        (None, "AP", "X-77"),
    ]


def test_a_value_whose_condition_is_not_met_is_told_in_both_languages() -> None:
    order = "BEG*00*SA*PO1**20261122\nPO1*10*1*EA*2**BP*A\n SCH*1*EA***010*20261201"
    (finding,) = lost(load("x12/850"), segments(order), CONTEXT)
    assert (finding.rule, finding.severity, finding.action) == ("MAP-11", "warning", "none")
    assert (finding.place.position, finding.place.element) == (4, 6)
    assert "20261201" in finding.text("en") and "20261201" in finding.text("zh-CN")


INVOICE = """
BIG*20261201*INV-1*20261101*{}
REF*PO*{}
IT1*1*5*EA*3.25**{}
TDS*1625
"""


def test_another_place_of_a_member_that_says_otherwise_is_told() -> None:
    assert told("x12/810", INVOICE.format("4500", "4500", "BP*A")) == []
    assert told("x12/810", INVOICE.format("", "4501", "BP*A")) == []
    assert told("x12/810", INVOICE.format("4500", "4501", "BP*A")) == [("MAP-05", "REF/02 (PO)", "4501", "4500")]


def test_two_item_numbers_of_one_kind_are_told_unless_they_are_one_number() -> None:
    assert told("x12/810", INVOICE.format("4500", "4500", "UK*00012345678905*UP*012345678905")) == []
    assert told("x12/810", INVOICE.format("4500", "4500", "UK*00012345678905*UP*012345678912")) == [
        ("MAP-05", "IT1/09", "012345678912", "00012345678905")
    ]
    assert told("x12/810", INVOICE.format("4500", "4500", "VN*A*VN*A*VN*B")) == [("MAP-05", "IT1/11", "B", "A")]


def test_a_second_party_under_another_code_is_told() -> None:
    message = "BEG*00*SA*PO1**20261122\nN1*BY*Novamed*UL*6901234000009\nN1*BY*Novamed*92*B-17\nPO1*1*5*EA"
    assert told("x12/850", message) == [("MAP-11", "N1/04 (BY)", "B-17", None)]


def test_what_only_elements_read_is_told_where_there_is_none() -> None:
    catalogue = "BCT*PC*77\nLIN*1*UK*06901234500059\n  CTP**CON*3.25\nLIN*2*UK*06901234500066"
    assert told("x12/832", catalogue) == [("MAP-11", "LIN/03", "06901234500066", None)]
    despatch = "BSN*00*S*20261122*0830\nHL*1**S\n  HL*2*1*O\n    PRF*4500\n    HL*3*2*I\n      SN1**1*EA\n  HL*4*1*O\n    PRF*4501"
    assert told("x12/856", despatch) == [("MAP-11", "HL/HL/PRF/01", "4501", None)]


def test_another_place_is_told_of_a_document_as_it_is_read() -> None:
    """A segment whose elements nobody has asked for yet is there all the same."""
    header = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *261122*0830*U*00401*000000001*0*P*>~"
    despatch = (
        b"GS*SH*A*B*20261122*0830*1*X*004010~"
        b"ST*856*0001~BSN*00*S1*20261122*0830*0001~HL*1**S~N1*ST*Dock*UL*6901234000016~HL*2*1*O~PRF*4500~HL*3*2*I~LIN*1*UK*06901234500059~"
        b"SN1*1*5*EA~PRF*4501~CTT*3~SE*12*0001~GE*1*1~IEA*1*000000001~"
    )
    (message,) = [event.message for event in X12.read(BytesIO(header + despatch), STRICT) if event.message is not None]
    assert message.findings == [] and message.root is not None
    assert [(f.rule, f.got, f.expected) for f in lost(load("x12/856"), message.root, CONTEXT)] == [("MAP-05", "4501", "4500")]


def test_a_loop_that_comes_again_with_other_values_is_told() -> None:
    order = """
BEG*00*SA*PO1**20261122
N1*ST*Dock 1*UL*6901234000016
  N4*Suzhou**215000*CN
N1*ST*Dock 1*UL*6901234000016
  N4*Wuxi**215000*CN
PO1*1*5*EA
"""
    assert told("x12/850", order) == [("MAP-05", "N1/N4/01", "Wuxi", "Suzhou")]


@pytest.mark.parametrize(
    ("header", "line", "orders", "told"),
    [
        ("RFF+ON:4500\n", "", ["4500", "4500"], []),
        ("RFF+ON:4500\n", "  RFF+ON:4501\n", ["4501", "4500"], []),
        ("RFF+ON:4500\nRFF+ON:4509\n", "", [None, None], [("MAP-12", "ON:4500")]),
        ("RFF+ON:4500:10\n", "", ["4500", "4500"], [("MAP-01", "10")]),
    ],
)
def test_the_order_that_a_desadv_names_is_that_of_lines_that_name_none(
    header: str, line: str, orders: list[str | None], told: list[Any]
) -> None:
    goods = " LIN+{}++06901234500059:SRV\n  QTY+12:5\n{}"
    tree = edifact(f"BGM+351+D1+9\nDTM+137:20261206:102\n{header}CPS+1\n" + goods.format(1, line) + goods.format(2, ""))
    mapping = load("edifact/DESADV")
    entity = mapping.read(tree, CONTEXT).entity
    assert entity is not None and [one.get("order_number") for one in entity["lines"]] == orders
    assert [(one.rule, one.got) for one in lost(mapping, tree, CONTEXT)] == told


def test_a_time_without_its_day_is_told() -> None:
    despatch = "BSN*00*S*20261122*0830\nHL*1**S\n  DTM*011**1730\n  HL*3*1*I\n    SN1**1*EA"
    assert told("x12/856", despatch) == [("MAP-11", "HL/DTM/03 (011)", "1730", None)]
