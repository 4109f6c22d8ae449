"""Rules of a data contract on one document, before anything of it is applied: the same promises that are judged over the store later.

What a document can tell by itself is judged: `nullValues`, `invalidValues` (a list or a pattern) and `duplicateValues`, a tolerated
percentage counted over its rows, `rowCount` where an action asks for it. SQL rules and the library's own ask the whole dataset and wait
for `udihub quality run`.

A rule's `action` (none, row, message, flow) is what follows; one that has none is told and nothing more. What has a consequence is an
error.
"""

from __future__ import annotations

import re
import typing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from data_contracts.canonical import ENTITIES
from data_contracts.contract import Contract, QualityRule
from data_contracts.findings import Action, Finding, Place, Severity
from data_contracts.rules.catalogue import all_rules

_METRICS = ("nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount")
_Row = tuple[str, Mapping[str, Any]]
"""Path (`lines[2]`, empty for the document) and members."""


def judged_inline(rule: QualityRule) -> bool:
    """Whether a document can tell of itself if the rule holds."""
    if rule.type != "library" or rule.metric not in _METRICS:
        return False
    return rule.metric != "rowCount" or rule.action is not None


@dataclass(frozen=True, slots=True)
class _Judge:
    rule: QualityRule
    columns: tuple[str, ...]
    of_lines: bool
    good: Callable[[Any], bool] | None
    """Of one value; null for rules about several rows."""
    numbers: frozenset[str]
    """Columns that the contract says are numbers."""


class Promise:
    """A contract made ready to judge documents by."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.stops = frozenset(rule.id if rule.id in all_rules() else "CON-60" for rule in contract.rules if rule.action == "flow")
        """Rules of the catalogue by which it stops a flow."""
        model = ENTITIES.get(contract.entity or "")
        self._members, line = _lines_of(model, contract.line_entity) if model is not None else ((), None)
        header = set(model.model_fields) if model is not None else set()
        members = set(line.model_fields) if line is not None else set()
        numbers = frozenset(column.name for column in contract.columns if column.type in ("number", "integer"))
        judges = (_judge(rule, header, members, numbers) for rule in contract.rules if judged_inline(rule))
        self._judges = tuple(made for made in judges if made is not None)

    def judge(self, entity: Mapping[str, Any]) -> list[Finding]:
        """What breaks the contract in an entity as a mapping yields it; nothing for entities that it does not speak of."""
        if not self._judges or entity.get("entity") != self.contract.entity:
            return []
        rows: list[_Row] = [
            (f"{member}[{index}]", row)
            for member in self._members
            for index, row in enumerate(entity.get(member) or ())
            if isinstance(row, dict)
        ]
        found: list[Finding] = []
        for judge in self._judges:
            found += _found(judge, rows if judge.of_lines else [("", entity)])
        return found


def _lines_of(model: type[BaseModel], wanted: str | None) -> tuple[tuple[str, ...], type[BaseModel] | None]:
    """The members that hold a document's rows (production has two), and their model."""
    names, line = [], None
    for name, field in model.model_fields.items():
        for inner in typing.get_args(field.annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel) and inner.__name__ == wanted:
                names.append(name)
                line = inner
    return tuple(names), line


def _judge(rule: QualityRule, header: set[str], members: set[str], numbers: frozenset[str] = frozenset()) -> _Judge | None:
    if rule.metric == "rowCount":
        return _Judge(rule, (), True, None, numbers)
    wanted = (rule.column,) if rule.column is not None else tuple(rule.arguments.get("properties") or ())
    columns = tuple(name for name in wanted if name in members)
    of_lines = bool(columns)
    if not columns:
        columns = tuple(name for name in wanted if name in header)
    if not columns or (rule.metric == "duplicateValues" and not of_lines):
        return None  # of the hub's own columns, or of a document as a whole, which stands once in itself
    return _Judge(rule, columns, of_lines, _good(rule, rule.column in numbers), numbers)


def _same(value: Any, number: bool) -> Decimal | str:
    """What a value is compared by: numbers by what they are worth, as the store does, whatever digits they are written with."""
    if number or isinstance(value, Decimal):
        try:
            return Decimal(str(value))
        except ArithmeticError:
            pass  # no number, though the contract says so: told by the entity, compared as it stands
    return str(value)


def _good(rule: QualityRule, number: bool) -> Callable[[Any], bool] | None:
    if rule.metric in ("nullValues", "missingValues"):
        return lambda value: value is not None and value != ""
    if rule.metric == "invalidValues":
        if "validValues" in rule.arguments:
            known = {_same(valid, each) for valid in rule.arguments["validValues"] for each in (False, True)}
            return lambda value: value is None or _same(value, number) in known
        pattern = re.compile(str(rule.arguments.get("pattern") or ""))
        return lambda value: value is None or pattern.search(str(value)) is not None
    return None


def _found(judge: _Judge, rows: Sequence[_Row]) -> list[Finding]:
    rule = judge.rule
    if rule.metric == "rowCount":
        return [] if _counted(rule, len(rows)) else [_finding(rule, "", str(len(rows)))]
    if judge.good is None:
        bad, failed = _repeated(judge, rows)
    else:
        bad = list(_bad(judge, judge.good, rows))
        failed = len(bad)
    if rule.tolerates(failed, len(rows)):
        return []
    return [_finding(rule, path, got) for path, got in bad]


def _bad(judge: _Judge, good: Callable[[Any], bool], rows: Sequence[_Row]) -> Iterator[tuple[str, str | None]]:
    (column,) = judge.columns
    for path, row in rows:
        value = row.get(column)
        if not good(value):
            yield f"{path}.{column}" if path else column, None if value is None else str(value)


def _repeated(judge: _Judge, rows: Sequence[_Row]) -> tuple[list[tuple[str, str | None]], int]:
    """Rows whose values stood before, and how many share theirs with another, the first ones too; an unknown value equals no other."""
    seen: Counter[tuple[Decimal | str, ...]] = Counter()
    found: list[tuple[str, str | None]] = []
    for path, row in rows:
        if any(row.get(name) is None for name in judge.columns):
            continue
        values = tuple(_same(row[name], name in judge.numbers) for name in judge.columns)
        if values in seen:
            found.append((f"{path}.{judge.columns[-1]}", ", ".join(str(row[name]) for name in judge.columns)))
        seen[values] += 1
    return found, sum(count for count in seen.values() if count > 1)


def _counted(rule: QualityRule, count: int) -> bool:
    bound = rule.bound
    match rule.operator:
        case "mustBe":
            return bool(count == bound)
        case "mustNotBe":
            return bool(count != bound)
        case "mustBeGreaterThan":
            return bool(count > bound)
        case "mustBeGreaterOrEqualTo":
            return bool(count >= bound)
        case "mustBeLessThan":
            return bool(count < bound)
        case "mustBeLessOrEqualTo":
            return bool(count <= bound)
        case "mustBeBetween":
            return bool(bound[0] <= count <= bound[1])
    return True


def _finding(rule: QualityRule, path: str, got: str | None) -> Finding:
    action = typing.cast(Action, rule.action or "none")
    severity = typing.cast(Severity, rule.severity if action == "none" else "error")
    place = Place(path=path or None)
    if rule.id in all_rules():
        return Finding(rule.id, place, got=got, severity=severity, action=action)
    return Finding("CON-60", place, rule.description or rule.id, got or "-", severity=severity, action=action, params={"name": rule.id})
