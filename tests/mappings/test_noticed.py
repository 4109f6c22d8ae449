"""A change of what a message says is noticed: the entity is another, or a finding says what was not taken.

Judged by effect alone. Every value of every sample is changed, taken away, and said again otherwise by a second record beside its own;
what makes no difference must stand under the mapping's `ignore`, or be one of the codes by which the message itself says what its
values are. A value whose neighbour was taken away is asked once more: what a missing qualifier leaves behind is told.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data_contracts.source import SourceRecord
from mappings.engine import Context, Mapping
from mappings.path import COMPONENT_MARK, SEGMENT_FORMATS, Component, Element, Located, Name, Pairs, Step, leads_out, locate, records
from mappings.plan import Scope
from tests.mappings.samples import sample
from tests.mappings.shipped import load, reading
from tests.mappings.trees import without_places

NAMES = reading()
CAME = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
CONTEXT = Context(time_zone="Asia/Shanghai", components=":", currency="CNY", sent="20261122 0830", came=CAME)
SOME = 5
"""Records of a sample that are changed in every run; `make test` changes all of them."""


# --- what a message says ------------------------------------------------------------------------------------------------
def spots(record: SourceRecord) -> Iterator[tuple[Any, int | None, str]]:
    """Element or name, component and text of every value of a record."""
    values: Any = record.values
    for key, text in list(values.items()) if isinstance(values, dict) else list(enumerate(values))[1:]:
        if isinstance(key, int) and COMPONENT_MARK in text:
            for component, part in enumerate(text.split(COMPONENT_MARK), 1):
                if part.strip():
                    yield key, component, part
        elif text.strip():
            yield key, None, text


def say(record: SourceRecord, key: Any, component: int | None, text: str) -> None:
    """Put a text in the place of a value."""
    values: Any = record.values
    if component is not None:
        parts = values[key].split(COMPONENT_MARK)
        parts[component - 1] = text
        text = COMPONENT_MARK.join(parts)
    values[key] = text


def otherwise(text: str) -> list[str]:
    """Other texts of the same kind: its last digit, its first or its last letter is another. Several codes may mean the same, and of a
    time only the day may be asked for, so that one that is noticed is enough."""
    digits = [number for number, sign in enumerate(text) if sign.isdigit()]
    letters = [number for number, sign in enumerate(text) if sign.isalpha()]
    last, first = (digits or letters or [len(text) - 1])[-1], (digits or [0])[0]
    return [_with_another(text, last, "1X"), _with_another(text, first, "7Y")]


def _with_another(text: str, at: int, signs: str) -> str:
    digit, letter = signs[0], signs[1]
    sign = text[at]
    other = chr(ord(digit) + (sign == digit)) if sign.isdigit() else chr(ord(letter) + (sign == letter))
    return text[:at] + other + text[at + 1 :]


class Message:
    """A sample of a mapping that is changed and read, and put back again."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.root = sample(mapping.name)
        self.segments = mapping.format in SEGMENT_FORMATS
        for position, record in enumerate(self.root.walk(), 1):
            record.position = position
        self.size = position
        self.asked, self.codes = qualifiers(mapping.plan.root)

    def effect(self) -> Any:
        """What a reader of the entity and of its findings sees."""
        mapped = self.mapping.read(self.root, CONTEXT)
        found = [*mapped.findings, *self.mapping.unmapped(self.root, mapped)]
        holds = any(one.action == "message" for one in found)
        return without_places(mapped.entity), [(one.rule, one.place, one.expected, one.got, one.params) for one in found], holds

    def differs(self, before: Any, record: SourceRecord, key: Any, component: int | None, text: str, also: Any = None) -> bool:
        """Whether another text in the place of a value makes a difference, or need make none."""
        values = copy.copy(record.values)
        say(record, key, component, text)
        after = self.effect()
        ignored = after in (before, also) and self.is_ignored(record, key, component)
        record.values = values
        return ignored or after not in (before, also)

    def records(self) -> list[SourceRecord]:
        """All records that say something: the envelope is the format's."""
        envelope = {"SE", "UNT"} if self.segments else set()
        return [record for record in self.root.walk() if not (self.segments and record is self.root) and record.tag not in envelope]

    def ignored(self) -> tuple[set[int], set[tuple[int, Any, int | None]]]:
        """Records, and values, that the mapping ignores with a reason; what rows reach upwards counts as taken."""
        whole: set[int] = set()
        mark = COMPONENT_MARK if self.mapping.format == "edifact" else ":"
        single = {(id(place.record), place.key, place.component) for place in _upwards(self.mapping.plan.root, self.root, mark)}
        for path in self.mapping.plan.ignored:
            reached = list(records(path, self.root))
            if path.leaf is None:
                whole |= {id(below) for record in reached for below in record.walk()}
                continue
            single |= {(id(place.record), place.key, place.component) for place in locate(path, self.root, mark)}
            if isinstance(path.leaf, Name):
                whole |= {id(b) for record in reached for child in record.children if child.tag == path.leaf.name for b in child.walk()}
        return whole, single

    def is_ignored(self, record: SourceRecord, key: Any, component: int | None) -> bool:
        """Whether a value stands under `ignore`."""
        whole, single = self.ignored()
        return id(record) in whole or bool({(id(record), key, component), (id(record), key, None)} & single)

    def is_code(self, record: SourceRecord, key: Any, component: int | None, text: str) -> bool:
        """Whether a value only says what its neighbour is: conditions ask for it, or a function takes it beside the value."""
        return text in self.codes or not self.asked.isdisjoint({(record.tag, key), (record.tag, key, component)})


def _upwards(scope: Scope, record: SourceRecord, mark: str) -> Iterator[Located]:
    """What rows of the lists below a record reach upwards: said for all, and each may say otherwise."""
    for rule in scope.rules:
        for path in rule.paths if rule.reads else ():
            if leads_out(path):
                yield from locate(path, record, mark)
    for child in scope.scopes:
        for element in records(child.at, record) if child.reads and child.at is not None else ():
            yield from _upwards(child, element, mark)


def qualifiers(scope: Scope) -> tuple[set[Any], set[str]]:
    """Places of values that say what others are, by tag, and the qualifiers of pairs."""
    asked: set[Any] = set()
    codes: set[str] = set()

    def place(steps: Sequence[Step], key: Any) -> None:
        tag = steps[-1].tag if steps and steps[-1].tag else tags
        if isinstance(key, Element):
            key = key.number if key.component is None else Component(key.number, key.component)
        if isinstance(key, Component):
            asked.add((tag, key.number, key.component))
        elif isinstance(key, Name) and "/" not in key.name:
            asked.add((tag, key.name))
        elif isinstance(key, str) and "/" in key:
            asked.add(tuple(key.split("/")))
        else:
            asked.add((tag, key))

    tags = scope.at.steps[-1].tag if scope.at is not None and scope.at.steps else ""
    for rule in scope.rules:
        for path in rule.paths:
            for step in path.steps:
                for condition in step.conditions:
                    place((step,), condition.key)
            if isinstance(path.leaf, Pairs):
                codes |= {code for code, _ in path.leaf.qualifiers}
        for path in (*(when.path for when in rule.when), *(rule.paths[1:] if rule.function.arguments > 1 else ())):
            if path.leaf is not None:
                place(path.steps, path.leaf)
    for child in scope.scopes:
        more, further = qualifiers(child)
        asked, codes = asked | more, codes | further
    return asked, codes


def again(record: SourceRecord, parent: SourceRecord, position: int) -> SourceRecord:
    """A copy of a record and what is below it."""
    made = SourceRecord(record.tag, copy.copy(record.values), position, parent)
    made.children = [again(child, made, position) for child in record.children]
    return made


def unnoticed(message: Message, most: int | None = None) -> Iterator[str]:
    """Each change of a message that makes no difference; `most`: of so many of its records, spread over the message."""
    before = message.effect()
    every = message.records()
    for record in every[:: -(-len(every) // most)] if most else every:
        for key, component, text in spots(record):
            where = f"{record.tag} {name_of(key, component)} `{text}` in record {record.position}"
            if not any(message.differs(before, record, key, component, other) for other in otherwise(text)):
                yield f"another {where}"
            say(record, key, component, "")
            gone = message.effect()
            for other, part, said in spots(record) if not held(gone) else ():
                beside = other == key and (part is None or component is None)
                if beside or message.is_code(record, other, part, said):
                    continue
                if not any(message.differs(gone, record, other, part, another) for another in otherwise(said)):
                    yield f"another {name_of(other, part)} `{said}` without {where}"
            say(record, key, component, text)
        yield from unnoticed_again(message, record, before)


def unnoticed_again(message: Message, record: SourceRecord, before: Any) -> Iterator[str]:
    """Each value that a second record says otherwise, and that makes no difference."""
    parent = record.parent
    if parent is None:
        return
    copied = again(record, parent, message.size + record.position)
    parent.children.insert(next(at for at, child in enumerate(parent.children) if child is record) + 1, copied)
    twice = message.effect()
    for below in copied.walk():
        for key, component, text in spots(below):
            values = copy.copy(below.values)
            if message.is_code(below, key, component, text):
                if isinstance(below.values, dict) and not below.values.get(""):
                    continue  # of a text that stands above
                for other, part, said in spots(below):  # what says the same under another code is no loss
                    say(below, other, part, otherwise(said)[0])
            if not any(message.differs(twice, below, key, component, other, before) for other in otherwise(text)):
                yield f"another {below.tag} {name_of(key, component)} `{text}` in a second {record.tag} beside record {record.position}"
            below.values = values
    parent.children[:] = [child for child in parent.children if child is not copied]


def name_of(key: Any, component: int | None) -> str:
    """`03`, `03-1` or a name."""
    return f"{key}" if component is None else f"{key}-{component}"


def held(effect: Any) -> bool:
    """Whether a person sees the message before anything is made of it."""
    entity, _, holds = effect
    return entity is None or holds


@pytest.mark.parametrize("name", NAMES)
def test_another_value_is_noticed(name: str) -> None:
    assert list(unnoticed(Message(load(name)), SOME)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_another_value_is_noticed_wherever_it_stands(name: str) -> None:
    assert list(unnoticed(Message(load(name)))) == []


def test_the_law_finds_what_a_mapping_keeps_quiet_about(tmp_path: Path) -> None:
    (tmp_path / "x12").mkdir()
    (tmp_path / "x12" / "850.yaml").write_text(
        "mapping: x12/850\nversion: 1\nextends: x12/850\nfields: [{to: currency, const: EUR}, {to: currency, from: CUR/02}]\n",
        encoding="utf-8",
    )
    message = Message(load("x12/850", [tmp_path]))
    assert [one for one in unnoticed(message) if "CUR 2" in one] != []
