"""A mapping made ready: every path read, every name looked up, every row checked against the canonical model.

The plan is what reading, tracing, writing and coverage share. Making it raises ConfigError that names mapping,
row and column, so that a mapping that loads is one that can run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

import yaml
from pydantic import BaseModel

from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from mappings.code_tables import CodeTable
from mappings.functions import FUNCTIONS, Function, in_segments
from mappings.model import Direction, Expect, Row, Value
from mappings.path import SEGMENT_FORMATS, Component, Element, Path, Step, lies_below, parse_or_refuse
from mappings.resolve import Content, Group
from mappings.targets import Member, element_model, entity_named, member, required

ORDINAL, CURRENCY, SENT, CAME, COUNT, SUM = "@ordinal", "@currency", "@sent", "@came", "@count ", "@sum "
"""Reserved values: number of the element in its list from 1; the agreement's currency; when the envelope says that the message was made;
how many elements a list has."""


@dataclass(frozen=True, slots=True)
class When:
    """A condition of a row: the value at the path is one of these; null means any value."""

    path: Path
    values: tuple[str, ...] | None


@dataclass(frozen=True)  # no slots: `text` is kept once it was asked for
class Rule:
    """One row, ready. `to` is () for an outward constant; `paths` are alternatives unless the function takes several."""

    row: Row
    to: tuple[str, ...]
    many: bool
    paths: tuple[Path, ...]
    function: Function
    table: CodeTable | None
    const: Any
    default: Any
    when: tuple[When, ...]
    elsewhere: frozenset[str] = frozenset()
    """Values that its table lacks and another row for the same member can say."""

    @property
    def reads(self) -> bool:
        """Whether reading uses it."""
        return bool(self.to) and self.row.direction != "out"

    @property
    def writes(self) -> bool:
        """Whether writing uses it; a constant without a path has nowhere to go."""
        return self.row.direction != "in" and bool(self.paths) and (not self.to or self.function.write is not None)

    @cached_property
    def text(self) -> str:
        """The row as one line of YAML, as a person wrote it."""
        said = self.row.plain()
        text: str = yaml.dump(said, Dumper=yaml.CSafeDumper, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
        return text.strip()


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows of the message (`at` null) or of one `each`."""

    where: str
    to: str
    at: Path | None
    within: tuple[Step, ...]
    needs: tuple[str, ...]
    rules: tuple[Rule, ...]
    scopes: tuple[Scope, ...]
    required: tuple[str, ...]
    unless: tuple[Path, ...] = ()
    """Records that must not be below an element."""
    only: tuple[Path, ...] = ()
    """Records of which one must be there for an element."""
    direction: Direction = "both"
    later: bool = False
    """The first record under each parent that has what it needs is passed over."""

    @property
    def reads(self) -> bool:
        """Whether reading uses it."""
        return self.direction != "out"

    @property
    def writes(self) -> bool:
        """Whether writing uses it."""
        return self.direction != "in"

    def skips(self, record: SourceRecord) -> bool:
        """Whether a record at `at` yields no element."""
        return lies_below(self.unless, record) or (bool(self.only) and not lies_below(self.only, record))

    @property
    def made(self) -> Step | None:
        """The record that writing makes for an element: with the qualifiers of `at`, but for those that a row chooses among."""
        if self.at is None or not self.at.steps:
            return None
        chosen = {
            path.leaf.number if path.leaf.component is None else Component(path.leaf.number, path.leaf.component)
            for rule in self.rules
            if rule.to and rule.writes
            for path in rule.paths[:1]
            if not path.steps and isinstance(path.leaf, Element)
        }
        step = self.at.steps[-1]
        return replace(step, conditions=tuple(one for one in step.conditions if one.key not in chosen or len(one.values) == 1))


@dataclass(frozen=True, slots=True)
class Refusal:
    """`expect`, ready."""

    path: Path
    values: frozenset[str] | None
    """What may stand there; null: what `same` says, or anything but `never`."""
    same: tuple[str, ...]
    reason: str
    never: frozenset[str] = frozenset()
    """What must not stand there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole mapping, ready."""

    content: Content
    root: Scope
    ignored: tuple[Path, ...]
    lost: tuple[tuple[Path, str], ...]
    """Records that are told whenever they come, with the reason."""
    expected: tuple[Refusal, ...]


def make_plan(content: Content) -> Plan:
    """The plan of a resolved mapping. Raises ConfigError naming mapping, row and column."""
    where = f"mapping {content.name}"
    model = entity_named(content.entity, where)
    maker = _Maker(content)
    root = maker.scope(where, "", None, (), (), content.fields, content.each, model)
    expected = tuple(_refusal(entry, content.format, model, f"{where} expect") for entry in content.expect)
    ignored = tuple(maker.ignored(entry.path, where) for entry in content.ignore)
    lost = tuple((parse_or_refuse(entry.path, content.format, f"{where} lost", record=True), entry.reason) for entry in content.lost)
    if content.direction != "in":
        _refuse_comparisons(root)
    return Plan(content, root, ignored, lost, expected)


def _refusal(entry: Expect, format_name: str, model: type[BaseModel], where: str) -> Refusal:
    path = parse_or_refuse(entry.path, format_name, where)
    if entry.same is not None and member(model, entry.same, where).kind != "text":
        raise ConfigError(f"{where} same: `{entry.same}` is no text")
    values = frozenset(entry.values) if entry.values is not None else None
    return Refusal(path, values, tuple(entry.same.split(".")) if entry.same else (), entry.reason, frozenset(entry.never or ()))


def _refuse_comparisons(scope: Scope) -> None:
    """Paths that compare with the record at hand find what is there already; nothing is made by them."""
    for rule in scope.rules:
        for path in (*rule.paths, *(when.path for when in rule.when)):
            if rule.writes and any(step.same for step in path.steps):
                raise ConfigError(f"{scope.where}: `{path.text}` compares with the record at hand and is only read: say `direction: in`")
    for child in scope.scopes:
        if child.writes:
            _refuse_comparisons(child)


class _Maker:
    def __init__(self, content: Content) -> None:
        self.content = content
        self.format = content.format

    def scope(
        self,
        where: str,
        to: str,
        at: Path | None,
        within: tuple[Step, ...],
        needs: tuple[str, ...],
        rows: Sequence[Row],
        groups: Sequence[Group],
        model: type[BaseModel],
    ) -> Scope:
        rules = tuple(self.rule(row, model, f"{where} row {number} ({row.to or row.source})") for number, row in enumerate(rows, 1))
        rules = tuple(_with_elsewhere(rule, rules) for rule in rules)
        scopes = tuple(self.group(group, model, where) for group in groups)
        filled = {rule.to[0] for rule in rules if rule.reads} | {scope.to for scope in scopes}
        lacking = [name for name in required(model) if name not in filled]
        if lacking and self.content.direction != "out":
            raise ConfigError(f"{where}: no row fills {', '.join(lacking)}, without which there is no {model.__name__}")
        for name in needs:
            if name not in filled:
                raise ConfigError(f"{where} needs: no row fills {name}")
        return Scope(where, to, at, within, needs, rules, scopes, required(model))

    def group(self, group: Group, model: type[BaseModel], where: str) -> Scope:
        place = f"{where} each {group.to}"
        at = self.path(group.at, f"{place} at", record=True)
        steps = []
        for text in group.within:
            level = self.path(text, f"{place} within", record=True)
            if len(level.steps) != 1 or level.steps[0].axis != "child":
                raise ConfigError(f"{place} within: `{text}` is more than one record")
            steps.append(level.steps[0])
        inner = element_model(model, group.to, place)
        scope = self.scope(place, group.to, at, tuple(steps), group.needs, group.fields, group.each, inner)
        unless = tuple(self.path(text, f"{place} unless", record=True) for text in group.unless)
        only = tuple(self.path(text, f"{place} only", record=True) for text in group.only)
        if any(step.same for step in at.steps):
            raise ConfigError(f"{place} at: `{at.text}` compares with a record at hand, and there is none yet")
        if group.later and group.direction != "in":
            raise ConfigError(f"{place} later: only reading passes over a first record; say `direction: in`")
        return replace(scope, unless=unless, only=only, direction=group.direction, later=group.later)

    def rule(self, row: Row, model: type[BaseModel], where: str) -> Rule:
        aim = member(model, row.to, where) if row.to else Member("text")
        function = FUNCTIONS.get(row.function or "text")
        if function is None:
            raise ConfigError(f"{where}: as: there is no function `{row.function}`; known are {', '.join(sorted(FUNCTIONS))}")
        if self.content.format in SEGMENT_FORMATS:
            function = in_segments(function)
        table = self.content.tables[row.codes] if row.codes else None
        if function.coded and len(row.sources) > function.coded[0]:
            if table is None:
                raise ConfigError(f"{where}: codes: `{function.name}` is told units and needs their table")
            function, table = _translated(function, table), None
        if table is not None and function.kind != "text":
            raise ConfigError(f"{where}: codes: a table translates text, `{function.name}` yields {function.kind}")
        if row.to and row.source is not None and row.const is None and function.kind != aim.kind:
            raise ConfigError(f"{where}: as: `{function.name}` yields {function.kind}, `{row.to}` holds {aim.kind}")
        paths = tuple(self.path(text, f"{where} from") for text in row.sources)
        if function.arguments > 1 and not 1 <= len(paths) <= function.arguments:
            raise ConfigError(f"{where}: from: `{function.name}` takes {function.arguments} paths")
        if aim.allowed is not None:
            self._allowed(row, aim, table, where)
        when = tuple(
            When(self.path(text, f"{where} when"), None if values == "*" else (values,) if isinstance(values, str) else tuple(values))
            for text, values in (row.when or {}).items()
        )
        return Rule(
            row=row,
            to=tuple((row.to or "").removesuffix("[]").split(".")) if row.to else (),
            many=aim.many,
            paths=paths,
            function=function,
            table=table,
            const=_typed(row.const, aim, f"{where} const") if row.to else row.const,
            default=_typed(row.default, aim, f"{where} default"),
            when=when,
        )

    def _allowed(self, row: Row, aim: Member, table: CodeTable | None, where: str) -> None:
        """A member with a closed list of values is reached by a code table, or is a constant out of the list."""
        allowed = aim.allowed or frozenset()
        if row.source is not None and row.const is None and (table is None or row.unknown == "keep"):
            raise ConfigError(f"{where}: codes: `{row.to}` takes only {', '.join(sorted(allowed))}; a code table must lead there")
        given = {*(table.inward.values() if table else ()), *(str(value) for value in (row.const, row.default) if value is not None)}
        if given - allowed:
            raise ConfigError(f"{where}: `{row.to}` does not take {', '.join(sorted(given - allowed))}")

    def path(self, text: str, where: str, *, record: bool = False) -> Path:
        return parse_or_refuse(text, self.format, where, record=record)

    def ignored(self, text: str, where: str) -> Path:
        """A path of `ignore`: of a value where its last step is an element, else of a record with all below it."""
        last = text.rsplit("/", 1)[-1]
        record = not (last[:2].isdecimal() or last.startswith("@")) if self.format in ("x12", "edifact") else "[" in last
        return parse_or_refuse(text, self.format, f"{where} ignore", record=record)


def _translated(function: Function, table: CodeTable) -> Function:
    """The function with its units translated: what it is told of them is canonical, or as stated where the table lacks it."""
    read, coded, inward = function.read, function.coded, table.inward

    def translated(*texts: str) -> Any:
        values = list(texts)
        for at in coded:
            if values[at]:
                values[at] = inward.get(values[at], values[at])
        return read(*values)

    return replace(function, read=translated)


def _with_elsewhere(rule: Rule, rules: Sequence[Rule]) -> Rule:
    """The row with what it leaves to others: a code that its table lacks is refused only where no row can say it."""
    if rule.table is None or not rule.to or rule.row.unknown == "keep":
        return rule
    others = {value for other in rules if other.to == rule.to and other.writes and other.table is not None for value in other.table.written}
    left = frozenset(others - set(rule.table.written))
    return replace(rule, elsewhere=left) if left else rule


def _typed(value: Value | None, aim: Member, where: str) -> Any:
    """A constant of the file as the member's kind holds it; reserved words stay."""
    if value is None or (isinstance(value, str) and value in (ORDINAL, CURRENCY, SENT, CAME)):
        if value is not None and aim.kind != ("instant" if value in (SENT, CAME) else "text"):
            raise ConfigError(f"{where}: `{value}` is text, the member holds {aim.kind}")
        return value
    if aim.kind == "decimal" and not isinstance(value, bool):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            raise ConfigError(f"{where}: `{value}` is no number") from None
    if {"boolean": bool, "integer": int}.get(aim.kind, str) is not type(value) or aim.kind == "instant":
        raise ConfigError(f"{where}: `{value}` is no {aim.kind}")
    return value
