"""The mirror: a canonical entity becomes a source record tree by the same rows that read it.

Each row finds or makes the record that its path names, sets qualifiers as the path's conditions say, and puts the text there that
its function or code table gives back. The first of several paths, conditions and rows for one member is the one that is
written. Envelopes, counts, HL01, HL02 and HL04 belong to the format's writer.

A value that can't be written (no outward code, three decimals in an N2) refuses the whole message; a member
for which there is no place is reported by `unwritten`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord
from mappings.context import Context
from mappings.functions import unmarked
from mappings.levels import counting, counts, is_outside, level_of, level_written, levels_always_made
from mappings.path import COMPONENT_MARK, ONLY, RECORD_FORMATS, SEGMENT_FORMATS, Component, Element, Name, Pairs, Path, Step, component_of
from mappings.plan import COUNT, ORDINAL, SUM, Plan, Rule, Scope, When

_META = frozenset({"entity", "@"})
_FLAT = frozenset({"delimited", "fixed", "spreadsheet"})
"""Formats whose records have columns and no list among them."""
_TOPS = {"x12": "ST", "edifact": "UNH"}
"""Segments that open a message; named formats have the message's name there."""


_Chain = list[tuple[tuple[Step, tuple[str | None, ...]], SourceRecord]]
"""The ancestors of the element before, outermost first: level, what is said on it, its record."""


class UnwritableError(ValueError):
    """The entity holds values that this mapping can't say; `findings` (MAP-08) name them."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__("; ".join(finding.text() for finding in findings))


class Writer:
    """Writes one entity. `written` holds the canonical paths that found a place."""

    def __init__(self, plan: Plan, context: Context) -> None:
        self._plan = plan
        self._context = context
        self._segments = plan.content.format in SEGMENT_FORMATS
        self._records_only = plan.content.format in RECORD_FORMATS
        self._mark = COMPONENT_MARK if plan.content.format == "edifact" else context.components
        self.time_zone = context.time_zone
        self.findings: list[Finding] = []
        """MAP-08 for what could not be said so far."""
        self.ordinal = 0
        """Number of the element at hand in its list, from 1."""
        self.written: set[str] = set()

    def write(self, entity: Mapping[str, Any]) -> SourceRecord:
        """The tree. Raises UnwritableError with all findings at once."""
        scope = self._plan.root
        root = self.start()
        self._scope(scope, entity, root, "")
        for rule in counting(self._plan.root):
            self.count(rule, entity, root)
        if self.findings:
            raise UnwritableError(self.findings)
        return root

    def start(self) -> SourceRecord:
        """The record of the message, empty."""
        return self._record(_TOPS.get(self._plan.content.format) or self._plan.content.message, None)

    def count(self, rule: Rule, entity: Mapping[str, Any], root: SourceRecord) -> None:
        """A row that says how many elements a list has, or what a member of them adds up to; nothing where none says it."""
        what = str(rule.const)
        if what.startswith(COUNT):
            self._place(rule.paths[0], str(len(entity.get(what[len(COUNT) :], ()))), root)
            return
        to, _, name = what[len(SUM) :].partition(".")
        said = [element[name] for element in entity.get(to, ()) if element.get(name) is not None]
        if said:
            self._place(rule.paths[0], format(sum(said, Decimal(0)), "f"), root)

    # --- scopes ----------------------------------------------------------------------------------------------------
    def _scope(self, scope: Scope, data: Mapping[str, Any], record: SourceRecord, prefix: str) -> None:
        self._rules([rule for rule in scope.rules if not _level(rule, scope)], data, record, prefix)
        for child in scope.scopes:
            if child.writes:
                self.elements(child, data.get(child.to, ()), record, f"{prefix}{child.to}")

    def _rules(self, rules: list[Rule], data: Mapping[str, Any], record: SourceRecord, prefix: str) -> None:
        done: set[tuple[str, ...]] = set()
        for rule in rules:
            always = rule.row.direction == "out"
            if not rule.writes or (rule.to in done and not always) or counts(rule):
                continue
            if self.row(rule, data, record, prefix) and not always:
                done.add(rule.to)

    def row(self, rule: Rule, data: Mapping[str, Any], record: SourceRecord, prefix: str) -> bool:
        """Write one row; false where its member is absent or its place is taken, so that another row for it is asked."""
        if not rule.to:
            if rule.const == ORDINAL and self._said(rule.paths[0], record):
                return False  # neighbours share the record, and the first numbered it
            if all(self._granted(when, record) for when in rule.when):
                self._place(rule.paths[0], str(self.ordinal) if rule.const == ORDINAL else str(rule.const), record)
            return False
        value = _value(data, rule.to)
        if value is None and rule.default is not None and not str(rule.default).startswith("@"):
            value = rule.default
        if value is None or value == [] or (rule.const is not None and value != rule.const) or str(value) in rule.elsewhere:
            return False
        if rule.many:
            self._many(rule, value, record, prefix)
            return True
        return self._one(rule, value, record, prefix)

    def _one(self, rule: Rule, value: Any, record: SourceRecord, prefix: str) -> bool:
        name = f"{prefix}{'.'.join(rule.to)}"
        texts = self._texts(rule, value, name)
        if texts is None:
            return True  # a finding says why; another row must not hide it
        paths = rule.paths[: len(texts)] if rule.function.arguments > 1 else rule.paths[:1]
        if not all(self._fits(when, rule, record) for when in rule.when):
            return False
        if not all(self._free(path, text, record) for path, text in zip(paths, texts, strict=False)):
            return False
        for when in rule.when:
            if when.values is not None:
                self._take(when.path, when.values[0], record)
        for path, text in zip(paths, texts, strict=False):
            if text:
                self._place(path, text, record)
        self.written.add(name)
        return True

    def _many(self, rule: Rule, values: list[Any], record: SourceRecord, prefix: str) -> None:
        path = rule.paths[0]
        flat = self._plan.content.format in _FLAT and not path.steps
        for number, value in enumerate(values[:1] if flat else values):  # a column holds one; the others have no place
            name = f"{prefix}{'.'.join(rule.to)}[{number}]"
            texts = self._texts(rule, value, name)
            if texts is None:
                continue
            if flat:
                self._put(path, texts[0], record)
                self.written.add(name)
                continue
            holder = record
            for step in path.steps[:-1]:
                holder = self.reach(step, holder)
            if isinstance(path.leaf, Name) and path.leaf.name and path.leaf.name[0] != "@" and not self._records_only:
                self._record(path.leaf.name, self.reach(path.steps[-1], holder) if path.steps else holder).values = {"": texts[0]}
            else:
                self._put(path, texts[0], self._made(path.steps[-1], holder))
            self.written.add(name)

    def elements(self, scope: Scope, elements: Any, record: SourceRecord, name: str) -> None:
        """One record for each element, but for those that lack what a list that is only written needs."""
        at = scope.made
        chain: _Chain = []
        for number, element in enumerate(elements):
            if scope.direction == "out" and any(element.get(needed) is None for needed in scope.needs):
                continue
            prefix = f"{name}[{number}]."
            self.ordinal = number + 1
            if at is None or scope.at is None:
                made = record
            elif scope.within:
                fresh: list[SourceRecord] = []
                made = self._made(at, self._levels(scope, element, record, chain, fresh), fresh)
                self._levelled(scope, element, made, prefix)
                for level in fresh:  # below what was said on the level above, as the set has it
                    if level.parent is not None:
                        level.parent.children.append(level)
            else:
                holder = record
                for step in scope.at.steps[:-1]:
                    holder = self.reach(step, holder)
                made = self._made(at, holder)
            self._scope(scope, element, made, prefix)

    def _levels(
        self, scope: Scope, element: Mapping[str, Any], record: SourceRecord, chain: _Chain, fresh: list[SourceRecord]
    ) -> SourceRecord:
        """The innermost ancestor for this element; neighbours share the ancestors of which the same is said.

        The outermost one may be there already, made by the rows of the message.
        """
        holder, depth, first = record, 0, not chain
        always = levels_always_made(scope)
        for number, level in enumerate(scope.within):
            said = tuple(
                None if _value(element, rule.to) is None or self._vain(rule, scope, element) else str(_value(element, rule.to))
                for rule in scope.rules
                if rule.writes and rule.to and level_written(rule) == level
            )
            if not any(one is not None for one in said) and number and self._segments and level not in always:
                continue  # an HL level that says nothing is left out; elements of named formats stand where they stand
            key = (level, said)
            if depth < len(chain) and chain[depth][0] == key:
                holder = chain[depth][1]
            else:
                del chain[depth:]
                silent = not any(level_written(rule) == level for rule in scope.rules if rule.writes and rule.to)
                reached = (first and not number) or (silent and not self._segments)
                holder = self.reach(level, holder) if reached else self._made(level, holder, fresh)
                chain.append((key, holder))
            depth += 1
        del chain[depth:]
        return holder

    def _vain(self, rule: Rule, scope: Scope, element: Mapping[str, Any]) -> bool:
        """Whether a row asks for an ancestor that this element does not have."""
        asked = {level_of(when.path) for when in rule.when} & set(scope.within)
        others = [other for other in scope.rules if other.writes and other.to and not other.when]
        there = {level_written(other) for other in others if _value(element, other.to) is not None}
        return bool(asked - there)

    def _levelled(self, scope: Scope, element: Mapping[str, Any], record: SourceRecord, prefix: str) -> None:
        """What the element says on its ancestors; it stands there already when a neighbour shares them."""
        self._rules([rule for rule in scope.rules if _level(rule, scope)], element, record, prefix)

    # --- texts and places --------------------------------------------------------------------------------------------
    def _texts(self, rule: Rule, value: Any, name: str) -> tuple[str, ...] | None:
        """The source texts of a value; a finding and null when there are none."""
        if rule.table is not None:
            text = rule.table.written.get(str(value))
            if text is None and rule.row.unknown == "keep":
                text = unmarked(str(value))
            if text is None:
                expected = ", ".join(sorted(rule.table.written))
                self.findings.append(Finding("MAP-08", Place(path=name), expected=expected, got=str(value), params={"to": name}))
                return None
            return (text,)
        write = rule.function.write
        if write is None:
            return None
        try:
            return write(value, self.time_zone) if rule.function.zoned else write(value)
        except ValueError as error:
            self.findings.append(Finding("MAP-08", Place(path=name), expected=str(error), got=str(value), params={"to": name}))
            return None

    def _fits(self, when: When, rule: Rule, record: SourceRecord) -> bool:
        """Whether a row's condition holds already, or can be made to hold; `*` asks for what an earlier row wrote."""
        said = self._said(when.path, record)
        if when.values is None:
            return bool(said) or (when.path in rule.paths and not is_outside(when.path))
        return said in when.values if said else not is_outside(when.path)

    def _granted(self, when: When, record: SourceRecord) -> bool:
        """Whether a fixed text is to be written: `*` asks, anything else is made true where nothing stands yet."""
        return bool(self._said(when.path, record)) if when.values is None else self._take(when.path, when.values[0], record)

    def _take(self, path: Path, text: str, record: SourceRecord) -> bool:
        said = self._said(path, record)
        if not said and text:
            self._place(path, text, record)
        return not said or not text or said == text

    def _free(self, path: Path, text: str, record: SourceRecord) -> bool:
        """Whether the place is there and says nothing else."""
        if isinstance(path.leaf, Pairs):
            return path.leaf.end is None or self._room(path, path.leaf, text, record)
        if path.steps and path.steps[0].axis == "ancestor" and self._ancestor(path.steps[0], record) is None:
            return False
        return self._said(path, record) in ("", text)

    def _room(self, path: Path, pairs: Pairs, text: str, record: SourceRecord) -> bool:
        """Whether a pair is free among those that the segment has, or says this already."""
        here: SourceRecord | None = record
        for step in path.steps:
            here = self._existing(step, here) if here is not None else None
        values: Any = here.values if here is not None else []
        free = any(at >= len(values) or not values[at] for at in range(pairs.start, pairs.end or 0, 2))
        return free or _paired(pairs, values, text)

    def _said(self, path: Path, record: SourceRecord) -> str:
        """What stands at a path of the tree so far."""
        here: SourceRecord | None = record
        for step in path.steps:
            if here is None:
                return ""
            here = self._existing(step, here)
        if here is None:
            return ""
        values = here.values
        leaf = path.leaf
        if isinstance(leaf, Element):
            text = values[leaf.number] if not isinstance(values, Mapping) and leaf.number < len(values) else ""
            return text if leaf.component is None else component_of(text, leaf.component, self._mark)
        return values.get(leaf.name, "") if isinstance(leaf, Name) and isinstance(values, Mapping) else ""

    def _place(self, path: Path, text: str, record: SourceRecord) -> None:
        for step in path.steps:
            record = self.reach(step, record)
        self._put(path, text, record)

    def _put(self, path: Path, text: str, record: SourceRecord) -> None:
        leaf = path.leaf
        values: Any = record.values
        if isinstance(leaf, Name):
            values[leaf.name] = text
        elif isinstance(leaf, Pairs) and not _paired(leaf, values, text):
            at = leaf.start
            while at < len(values) and values[at]:
                at += 1 if leaf.composites else 2
            lengths = {length: code for code, length in reversed(leaf.qualifiers) if length is not None}
            plain = next((code for code, length in leaf.qualifiers if length is None), leaf.qualifiers[0][0])
            qualifier = lengths.get(len(text), plain)
            if leaf.composites:
                _set(values, at, f"{text}{COMPONENT_MARK}{qualifier}")
            else:
                _set(values, at, qualifier)
                _set(values, at + 1, text)
        elif isinstance(leaf, Element):
            if leaf.component is None:
                _set(values, leaf.number, text)
            else:
                set_component(values, Component(leaf.number, leaf.component), text, self._mark)

    # --- records -----------------------------------------------------------------------------------------------------
    def reach(self, step: Step, record: SourceRecord) -> SourceRecord:
        """The record of a step, made when it is not there."""
        return self._existing(step, record) or self._made(step, record)

    def _existing(self, step: Step, record: SourceRecord) -> SourceRecord | None:
        if step.axis == "ancestor":
            return self._ancestor(step, record)
        if step.axis == "top":
            while record.parent is not None:
                record = record.parent
            return record
        if step.axis == "parent":
            return record.parent
        return next((child for child in record.children if step.matches(child)), None)

    def _ancestor(self, step: Step, record: SourceRecord) -> SourceRecord | None:
        here: SourceRecord | None = record
        while here is not None and not step.matches(here):
            here = here.parent
        return here

    def _made(self, step: Step, record: SourceRecord, apart: list[SourceRecord] | None = None) -> SourceRecord:
        """A new record with the qualifiers of the step; into `apart` where the caller hangs it up later."""
        made = self._record(step.tag, record, apart)
        values: Any = made.values
        for condition in step.conditions:
            if isinstance(condition.key, Component):
                set_component(values, condition.key, condition.values[0], self._mark)
            elif isinstance(condition.key, int):
                _set(values, condition.key, condition.values[0])
            elif condition.key == ONLY:
                continue
            elif "/" in condition.key:
                if condition.values[0]:
                    tag, _, name = condition.key.partition("/")
                    self._record(tag, made).values = {name: condition.values[0]}
            else:
                values[condition.key] = condition.values[0]
        return made

    def _record(self, tag: str, parent: SourceRecord | None, apart: list[SourceRecord] | None = None) -> SourceRecord:
        record = SourceRecord(tag, [tag] if self._segments else {}, 0, parent)
        if apart is not None:
            apart.append(record)
        elif parent is not None:
            parent.children.append(record)
        return record


def unwritten(entity: Mapping[str, Any], written: set[str]) -> list[Finding]:
    """MAP-06 for every member of the entity that found no place."""
    return [
        Finding("MAP-06", Place(path=name), got=str(value)[:120], params={"to": name})
        for name, value in _leaves(entity, "")
        if name not in written and not name.endswith("issued_at_source")
    ]


def number_positions(root: SourceRecord, position: int = 1) -> int:
    """Positions in document order from 1, as a reader of the written message would count; the last one."""
    root.position = position
    for child in root.children:
        if child.children:
            position = number_positions(child, position + 1)
        else:
            child.position = position = position + 1
    return position


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _META:
                yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{name}[{number}]")
    elif value is not None:
        yield name, value


def _value(data: Any, to: tuple[str, ...]) -> Any:
    for name in to:
        if not isinstance(data, Mapping):
            return None
        data = data.get(name)
    return data


def _paired(pairs: Pairs, values: list[str], text: str) -> bool:
    """Whether a pair says this already: neighbours share a level and what it says."""
    codes = {code for code, _ in pairs.qualifiers}
    return any(qualifier in codes and values[at].partition(COMPONENT_MARK)[0] == text for qualifier, at in pairs.found_in(values))


def _level(rule: Rule, scope: Scope) -> bool:
    return level_written(rule) in scope.within


def set_component(values: list[str], place: Component, text: str, mark: str) -> None:
    """Set a component, with empty ones before it where there are none yet."""
    held = values[place.number] if place.number < len(values) else ""
    missing = place.component - 1 - held.count(mark)
    if missing > 0:
        _set(values, place.number, f"{held}{mark * missing}{text}")
        return
    parts = held.split(mark)
    parts[place.component - 1] = text
    _set(values, place.number, mark.join(parts))


def _set(values: list[str], at: int, text: str) -> None:
    lacking = at - len(values)
    if lacking >= 0:
        if lacking:
            values.extend([""] * lacking)
        values.append(text)
    else:
        values[at] = text
