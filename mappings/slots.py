"""Slots of a scope that is written: where a path leads in the tree so far, looked for once for an element and not for every row.

A slot keeps the first record that its steps reach. It stays the first: records are only added behind it, and rows that would change
what a condition asks get no slot (`Targets.target` answers null).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from data_contracts.source import NO_CHILDREN, SourceRecord
from mappings.levels import is_outside
from mappings.path import COMPONENT_MARK, ONLY, SEGMENT_FORMATS, Component, Element, Key, Leaf, Name, Pairs, Path, Step, component_of
from mappings.plan import Rule, Scope
from mappings.write import set_component

Slots = list[Any]
"""The record at hand, then records by slot (null: not looked for, or not there) and flags of rows that were written."""
Find = Callable[[Slots], SourceRecord | None]
Reach = Callable[[Slots], SourceRecord]
Create = Callable[[Slots, str], None]


def maker(step: Step, format_name: str) -> Callable[[SourceRecord], SourceRecord]:
    """Makes the record of a step with its qualifiers, below a parent that does not list it yet."""
    tag, new, values = step.tag, SourceRecord.__new__, _qualified(step, format_name)
    below = [(*key.split("/"), text) for key, text in _of_leaves(step)]

    def make(parent: SourceRecord) -> SourceRecord:
        record = new(SourceRecord)  # what SourceRecord() does, without the call
        record.tag = tag
        record.values = values.copy()
        record.position = record.line = 0
        record.parent = parent
        record.children = [SourceRecord(leaf, {name: text}, 0, record) for leaf, name, text in below] if below else []
        return record

    return make


def _qualified(step: Step, format_name: str) -> Any:
    """The values of a record of which only the step is known."""
    values: Any = [step.tag] if format_name in SEGMENT_FORMATS else {}
    for condition in step.conditions:
        if not isinstance(condition.key, str) or not (condition.key == ONLY or "/" in condition.key):
            put(values, condition.key, condition.values[0])
    return values


def _of_leaves(step: Step) -> list[tuple[str, str]]:
    """Conditions on attributes of leaves, `ID/@schemeID`, with the text that is written; an empty one asks for none."""
    found = [(condition.key, condition.values[0]) for condition in step.conditions if isinstance(condition.key, str)]
    return [(key, text) for key, text in found if "/" in key and text]


def put(values: Any, key: Any, text: str) -> None:
    """Set an element or a component, with empty ones before it where there are none yet, or a named value."""
    if key.__class__ is Component:
        set_component(values, key, text, COMPONENT_MARK)
        return
    if key.__class__ is int and key >= len(values):
        values.extend([""] * (key + 1 - len(values)))
    values[key] = text


def put_pair(leaf: Pairs) -> Callable[[list[str], str], None]:
    """Sets the first pair that is free, under the qualifier for a value of this length, where no pair says it already."""
    lengths = {length: code for code, length in reversed(leaf.qualifiers) if length is not None}
    plain = next((code for code, length in leaf.qualifiers if length is None), leaf.qualifiers[0][0])
    codes = frozenset(code for code, _ in leaf.qualifiers)

    def put_two(values: list[str], text: str) -> None:
        at, end = leaf.start, len(values)
        while at < end and values[at]:
            if values[at] in codes and at + 1 < end and values[at + 1] == text:
                return
            at += 2
        if at > end:
            values.extend([""] * (at - end))
        values[at : at + 2] = (lengths.get(len(text), plain), text)

    def put_composite(values: list[str], text: str) -> None:
        at, end = leaf.start, len(values)
        while at < end and values[at]:
            value, _, qualifier = values[at].partition(COMPONENT_MARK)
            if value == text and qualifier in codes:
                return
            at += 1
        if at > end:
            values.extend([""] * (at - end))
        values[at : at + 1] = (f"{text}{COMPONENT_MARK}{lengths.get(len(text), plain)}",)

    return put_composite if leaf.composites else put_two


class Target:
    """A place that rows write to or ask about: the record in its slot, and the value in it."""

    __slots__ = ("anchor", "anchored", "create", "find", "key", "outside", "pair", "reach", "slot")

    def __init__(self, slot: int, find: Find, reach: Reach, path: Path, anchor: tuple[int, Find], create: Create | None) -> None:
        self.slot, self.find, self.reach, self.anchor = slot, find, reach, anchor
        self.anchored = bool(path.steps) and path.steps[0].axis in ("ancestor", "top")
        """It starts above the record."""
        self.outside = is_outside(path)
        """A condition there is asked and never made true."""
        self.key = key_of(path.leaf)
        self.pair = put_pair(path.leaf) if isinstance(path.leaf, Pairs) else None
        self.create = create or self.place
        """Puts the text into a record that is not there yet."""

    def said(self, slots: Slots) -> str:
        """What stands there so far."""
        record = slots[self.slot] or self.find(slots)
        if record is None:
            return ""
        values: Any = record.values
        key: Any = self.key
        if key.__class__ is Component:
            return component_of(values[key.number], key.component, COMPONENT_MARK) if key.number < len(values) else ""
        text: str = values.get(key, "") if key.__class__ is not int else values[key] if key < len(values) else ""
        return text

    def there(self, slots: Slots) -> bool:
        """Whether the record above that the path starts from is there."""
        return (slots[self.anchor[0]] or self.anchor[1](slots)) is not None

    def place(self, slots: Slots, text: str) -> None:
        """Put a text there, making the records on the way."""
        record = slots[self.slot] or self.reach(slots)
        if self.pair is not None:
            self.pair(record.values, text)  # type: ignore[arg-type]  # pairs are of segments
        else:
            put(record.values, self.key, text)


def tags_that_hold(scope: Scope) -> frozenset[str]:
    """Tags of the records below which rows of this scope, and of those in it, may write."""
    paths = [path for rule in scope.rules for path in (*rule.paths, *(when.path for when in rule.when))]
    tags = {step.tag for path in paths for step in path.steps[:-1]}
    if scope.at is not None:
        tags.update(step.tag for step in scope.at.steps)
    tags.update(step.tag for step in scope.within)
    return frozenset(tags).union(*map(tags_that_hold, scope.scopes))


def key_of(leaf: Leaf | None) -> Key | None:
    """The element, component or name of a leaf that is one value; null for pairs."""
    if isinstance(leaf, Element):
        return leaf.number if leaf.component is None else Component(leaf.number, leaf.component)
    return leaf.name if isinstance(leaf, Name) else None


def _changes(leaf: Leaf | None, asked: set[Key]) -> bool:
    """Whether a value written there can change what a condition asks."""
    numbers = {key.number if isinstance(key, Component) else key for key in asked}
    if isinstance(leaf, Pairs):
        return any(isinstance(number, int) and number >= leaf.start for number in numbers)
    key = key_of(leaf)
    return key in asked or (key.number in asked if isinstance(key, Component) else key in numbers)


class Targets:
    """The slots of one scope: ask for targets while its rows are compiled, then `size`.

    `unslotted`: rows that make records without telling the slots; null where the record at hand may hold something already. Where it is
    new and no such row makes what a step leads to, its slot alone tells whether that is there, and nothing is looked for.
    """

    def __init__(
        self,
        scope: Scope,
        rules: Collection[Rule],
        format_name: str,
        unslotted: Iterable[Rule] | None = None,
        holding: Collection[str] | None = None,
    ) -> None:
        """`holding`: tags of the records below which any row of the mapping writes; null where that is not known."""
        self.size = 1
        self._holding = holding
        slotted = unslotted is not None and format_name in SEGMENT_FORMATS
        self._unslotted = _ways(path for rule in unslotted or () for path in (*rule.paths, *(when.path for when in rule.when)))
        makers = self._unslotted | _ways(path for rule in rules for path in _written(rule)) if slotted else frozenset()
        self._makers = frozenset() if any(_roundabout(step, scope.made) for way in makers for step in way) else makers
        self._format = format_name
        self._known: dict[tuple[Step, ...], tuple[int, Find, Reach]] = {(): (0, _at_hand, _at_hand)}
        self._own = scope.at.steps[-1].tag if scope.at is not None and scope.at.steps else ""
        self._asked: dict[str, set[Key]] = {}
        steps = [step for rule in rules for path in (*rule.paths, *(when.path for when in rule.when)) for step in path.steps]
        for step in (*steps, *scope.within, *(scope.at.steps if scope.at is not None else ())):
            self._asked.setdefault(step.tag, set()).update(condition.key for condition in step.conditions)
            for condition in step.conditions:
                if isinstance(condition.key, str) and "/" in condition.key:
                    leaf, _, name = condition.key.partition("/")
                    self._asked.setdefault(leaf, set()).add(name)

    def flag(self) -> int:
        """A slot that is no record."""
        self.size += 1
        return self.size - 1

    def target(self, path: Path) -> Target | None:
        """The target of a path, or null where only walking the tree leads there."""
        if any(step.axis in ("below", "parent") for step in path.steps):
            return None
        if isinstance(path.leaf, Element) and path.leaf.component is not None and self._format != "edifact":
            return None  # the document's own mark is in force
        if isinstance(path.leaf, Pairs) and path.leaf.end is not None:
            return None
        target = Target(*self._slot(path.steps), path, self._slot(path.steps[:1])[:2], self._create(path))
        if target.pair is not None and target.anchored:
            return None
        asked = self._asked.get(path.steps[-1].tag if path.steps else self._own, set())
        return None if _changes(path.leaf, asked) else target

    def above(self, step: Step) -> int:
        """The slot of the nearest record above that a step of `within` names."""
        return self._slot((replace(step, axis="ancestor"),))[0]

    def _create(self, path: Path) -> Create | None:
        """Makes a record that holds its qualifiers and, behind them, the text. It was looked for just before, in vain."""
        if not path.steps or path.steps[-1].axis != "child":
            return None
        if isinstance(path.leaf, Name):
            return self._create_named(path.steps, path.leaf.name)
        if not isinstance(path.leaf, Element):
            return None
        values, number, tag = _qualified(path.steps[-1], self._format), path.leaf.number, path.steps[-1].tag
        before = ""
        if path.leaf.component is not None:
            held = values.pop() if len(values) == number + 1 else ""
            missing = path.leaf.component - (held.count(COMPONENT_MARK) + 1 if held else 0) - 1
            if missing < 0:
                return None
            before = held + COMPONENT_MARK * (missing + 1 if held else missing)
        if len(values) > number:
            return None
        values += [""] * (number - len(values))
        slot = self._slot(path.steps)[0]
        upper, _, reach_upper = self._slot(path.steps[:-1])
        new = SourceRecord.__new__
        bare = self._holding is not None and tag not in self._holding  # a list less, of each of the most records

        leading = values.copy()

        def create(slots: Slots, text: str) -> None:
            record = slots[slot] = new(SourceRecord)
            record.tag = tag
            record.values = [*leading, before + text] if before else [*leading, text]
            record.position = record.line = 0
            record.parent = parent = slots[upper] or reach_upper(slots)
            record.children = NO_CHILDREN if bare else []
            parent.children.append(record)

        return create

    def _create_named(self, steps: tuple[Step, ...], name: str) -> Create:
        slot, find, _ = self._slot(steps)
        upper, _, reach_upper = self._slot(steps[:-1])
        make = maker(steps[-1], self._format)

        def create(slots: Slots, text: str) -> None:
            parent, record = slots[upper], None
            if parent is None:
                parent = reach_upper(slots)
                record = find(slots) if parent.children else None  # it may have come with what its parent's conditions ask for
            if record is None:
                record = slots[slot] = make(parent)
                parent.children.append(record)
            record.values[name] = text  # type: ignore[index]  # a mapping in named syntaxes

        return create

    def _slot(self, steps: tuple[Step, ...]) -> tuple[int, Find, Reach]:
        if steps not in self._known:
            above = self._slot(steps[:-1])
            slot = self.flag()
            step = steps[-1]
            if step.axis == "ancestor":
                self._known[steps] = (slot, *_ancestor(slot, step))
            elif step.axis == "top":
                self._known[steps] = (slot, *_top(slot))
            else:
                find, reach = _child(slot, step, above, self._format)
                self._known[steps] = (slot, not_there if self._only_by_slot(steps) else find, reach)
        return self._known[steps]

    def _only_by_slot(self, steps: tuple[Step, ...]) -> bool:
        """Whether each record on the way is made by rows that tell its slot, and by none that make another record of the same kind."""
        if steps not in self._makers or any(step.axis != "child" for step in steps):
            return False
        return not any(
            way[-1].tag == steps[size].tag if way in self._unslotted else way[-1] != steps[size] and _may_match(steps[size], way[-1])
            for size in range(len(steps))
            for way in self._makers
            if len(way) == size + 1 and way[:-1] == steps[:size] and way[-1].axis == "child"
        )


def _written(rule: Rule) -> tuple[Path, ...]:
    """The paths of a row at which it can make records; the others are only read from."""
    return (*rule.paths[: rule.function.arguments if rule.to else 1], *(when.path for when in rule.when))


def _ways(paths: Iterable[Path]) -> frozenset[tuple[Step, ...]]:
    """Every record on these paths, as the steps that lead to it."""
    return frozenset(path.steps[:size] for path in paths for size in range(1, len(path.steps) + 1))


def _roundabout(step: Step, own: Step | None) -> bool:
    """Whether a step can lead to the record at hand, or below it, another way than from child to child."""
    if step.axis == "child":
        return False
    return step.axis != "ancestor" or own is None or _may_match(step, own)


def _may_match(step: Step, made: Step) -> bool:
    """Whether a record that one step makes can be what another step means."""
    if made.tag != step.tag:
        return False
    written = {condition.key: condition.values[0] for condition in made.conditions}
    return not any(written.get(condition.key, condition.values[0]) not in condition.values for condition in step.conditions)


def not_there(slots: Slots) -> SourceRecord | None:
    """The answer of `find` where a slot that is empty says enough."""
    return None


def _at_hand(slots: Slots) -> SourceRecord:
    record: SourceRecord = slots[0]
    return record


def _child(slot: int, step: Step, above: tuple[int, Find, Reach], format_name: str) -> tuple[Find, Reach]:
    tag, matches, make = step.tag, step.matches if step.conditions else None, maker(step, format_name)
    upper, find_upper, reach_upper = above

    def find(slots: Slots) -> SourceRecord | None:
        parent = slots[upper] or find_upper(slots)
        if parent is not None:
            for child in parent.children:
                if child.tag == tag and (matches is None or matches(child)):
                    slots[slot] = child
                    return child
        return None

    def reach(slots: Slots) -> SourceRecord:
        record = find(slots)
        if record is None:
            parent = slots[upper]
            if parent is None:
                parent = reach_upper(slots)
                record = find(slots) if parent.children else None  # it may have come with what its parent's conditions ask for
            if record is None:
                record = slots[slot] = make(parent)
                parent.children.append(record)
        return record

    return find, reach


def _ancestor(slot: int, step: Step) -> tuple[Find, Reach]:
    def find(slots: Slots) -> SourceRecord | None:
        here: SourceRecord | None = slots[0]
        while here is not None and not step.matches(here):
            here = here.parent
        slots[slot] = here
        return here

    def reach(slots: Slots) -> SourceRecord:
        record = find(slots)
        if record is None:
            raise ValueError(f"there is no {step.tag} above")  # rows ask first; the plain writer tells what is meant
        return record

    return find, reach


def _top(slot: int) -> tuple[Find, Reach]:
    def find(slots: Slots) -> SourceRecord:
        here: SourceRecord = slots[0]
        while here.parent is not None:
            here = here.parent
        slots[slot] = here
        return here

    return find, find
