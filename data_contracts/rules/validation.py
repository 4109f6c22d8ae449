"""`validate`: one entity in, findings out. Pure: no clock, no store, no model objects.

First every member by itself (`members.py`), then the line as a whole (`lines.py`), then the document (`documents.py`). A
finding's place is the canonical path, counted from zero as in JSON (`lines[2].gtin`); the pipeline turns it into segment and element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from data_contracts.canonical import ENTITIES, EVENTS
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place
from data_contracts.rules import documents, events, lines, members
from data_contracts.rules.members import Fault
from data_contracts.rules.references import References
from data_contracts.rules.shapes import Member, Shape, shape_of

_Fast = tuple[type, "set[Any] | frozenset[str] | tuple[()] | None", "Callable[[Any], object] | None"]
"""Class of good values; those that passed (null: all of the class); what tells of most other good ones that they are good."""

_FORGETS: tuple[()] = ()
"""Stands for the memory of a kind whose check costs no more than a look-up."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A shape made ready for the walk: what passes at a glance, what is nested."""

    fast: dict[str, _Fast]
    shape: Shape
    required: frozenset[str]
    rank: dict[str, int]
    records: tuple[tuple[str, _Plan], ...]
    """Members that are one nested record (parties)."""
    lists: tuple[tuple[str, _Plan], ...]
    """Members that are lists of records (lines, inputs, trade items)."""

    @property
    def nests(self) -> bool:
        """Whether there are records below its records."""
        return bool(self.records or self.lists)


class _Slow:
    """A class that no value has: members that always get the full check."""


@cache
def _plan_of(entity: str) -> _Plan:
    if entity not in ENTITIES:
        raise ConfigError(f"there is no canonical entity {entity!r}; known are {', '.join(ENTITIES)}")
    return _plan(shape_of(entity))


def _plan(shape: Shape) -> _Plan:
    fast: dict[str, _Fast] = {"entity": (str, None, None), "@": (int, None, None)}
    for name, member in shape.members.items():
        clear = members.CLEAR.get(member.kind)
        if member.kind in ("records", "record", "int", "bool"):
            fast[name] = (member.type, None, None)
        elif member.kind == "choice":
            fast[name] = (str, member.choices, None)
        elif member.kind in members.REMEMBER:
            fast[name] = (member.type, members.good[member.kind], clear)
        elif clear is not None:
            fast[name] = (member.type, _FORGETS, clear)
        else:
            fast[name] = (_Slow, None, None)
    nested = [(name, _plan(member.shape), member.kind) for name, member in shape.members.items() if member.shape is not None]
    return _Plan(
        fast=fast,
        shape=shape,
        required=shape.required,
        rank={name: rank for rank, name in enumerate(shape.members)},
        records=tuple((name, plan) for name, plan, kind in nested if kind == "record"),
        lists=tuple((name, plan) for name, plan, kind in nested if kind == "records"),
    )


def validate(entity: Mapping[str, Any], references: References | None, today: date) -> list[Finding]:
    """Every rule on one canonical entity, as the plain dictionary that a mapping yields.

    `references` answers what must be looked up; with null, those rules are not judged. `today` is the date at which "in the
    future" is meant. Order: header, then lines as they stand. Raises ConfigError for an entity that does not exist.
    """
    name = entity.get("entity", "")
    if name in EVENTS:
        return events.judge(entity, today)
    plan = _plan_of(name)
    findings: list[Finding] = []
    _members(entity, plan, "", findings)
    for member, inner in plan.records:
        party = entity.get(member)
        if party.__class__ is dict:
            _members(party, inner, f"{member}.", findings)
            if inner.nests:
                _below(party, inner, f"{member}.", findings)
    said = documents.circumstances(entity, name)
    for member, inner in plan.lists:
        rows = entity.get(member)
        if rows.__class__ is not list:
            continue
        judge = lines.JUDGES.get((name, member))
        nests = inner.nests
        for index, row in enumerate(rows or ()):
            if row.__class__ is not dict:
                findings.append(Finding("DOC-07", Place(path=f"{member}[{index}]"), expected="record", got=str(row)))
                continue
            _members(row, inner, (member, index), findings)
            if nests:
                _below(row, inner, f"{member}[{index}].", findings)
            if judge is not None:
                faults = judge(row, said, references)
                for field, fault in faults or ():
                    findings.append(_finding(fault, f"{member}[{index}]{field and '.' + field}", False))
    for path, fault in documents.faults(entity, name, said, today):
        findings.append(_finding(fault, path or None, True))
    return findings


def _below(record: Mapping[str, Any], plan: _Plan, prefix: str, findings: list[Finding]) -> None:
    """Records within the records of an entity, at any depth: texts of a storage condition, in their languages."""
    for member, inner in plan.records:
        part = record.get(member)
        if part.__class__ is dict:
            _members(part, inner, f"{prefix}{member}.", findings)
            _below(part, inner, f"{prefix}{member}.", findings)
    for member, inner in plan.lists:
        rows = record.get(member)
        for index, row in enumerate(rows if rows.__class__ is list else ()):
            if row.__class__ is dict:
                _members(row, inner, (f"{prefix}{member}", index), findings)
                _below(row, inner, f"{prefix}{member}[{index}].", findings)
            else:
                findings.append(Finding("DOC-07", Place(path=f"{prefix}{member}[{index}]"), expected="record", got=str(row)))


def _members(record: Mapping[str, Any], plan: _Plan, where: str | tuple[str, int], findings: list[Finding]) -> None:
    """Each member by itself, and the required ones that are absent. Good records cost one look-up a member or one quick check."""
    fast = plan.fast
    wrong: dict[str, list[Fault]] | None = None
    try:
        for name, value in record.items():
            kind, good, clear = fast[name]
            if value.__class__ is kind:
                if good is None or value in good:
                    continue
                if clear is not None and clear(value):
                    if good is not _FORGETS:
                        members.remember(good, value)
                    continue
            if faults := _judged(plan, name, value):
                if wrong is None:
                    wrong = {}
                wrong[name] = faults
    except (KeyError, TypeError):  # a member that the model does not have; a signalling NaN, which has no hash
        wrong = _all_faults(record, plan)
    missing = () if plan.required <= record.keys() else plan.required - record.keys()
    if wrong is None and not missing:
        return
    wrong = {**(wrong or {}), **{name: [Fault("DOC-01", expected=name)] for name in missing}}
    header = where.__class__ is str
    prefix = where if isinstance(where, str) else f"{where[0]}[{where[1]}]."
    rank = plan.rank
    for name in sorted(wrong, key=lambda name: rank.get(name, len(rank))):
        findings += [_finding(fault, prefix + name, header) for fault in wrong[name]]


def _all_faults(record: Mapping[str, Any], plan: _Plan) -> dict[str, list[Fault]]:
    """Every member with the full check, and those that the model does not have."""
    return {name: _judged(plan, name, value) for name, value in record.items() if name not in ("entity", "@")}


def _judged(plan: _Plan, name: str, value: Any) -> list[Fault]:
    """The full check of one member, which the model may not have."""
    known = plan.shape.members.get(name)
    if known is None:
        return [] if name.startswith("@") else [Fault("DOC-06", got=name)]
    return _faults(known, value)


def _faults(member: Member, value: Any) -> list[Fault]:
    if member.kind in ("record", "records"):
        if value is None and member.nullable:
            return []
        return [] if isinstance(value, member.type) else [Fault("DOC-07", expected=member.type.__name__, got=str(value))]
    return members.faults(member, value)


def _finding(fault: Fault, path: str | None, header: bool) -> Finding:
    """The finding at its place. In a header there is no row to take out: what would quarantine a row holds the message."""
    finding = Finding(fault.rule, Place(path=path), fault.expected, fault.got, params=fault.params)
    if header and finding.action == "row" and "[" not in (path or ""):
        return Finding(fault.rule, finding.place, fault.expected, fault.got, action="message", params=fault.params)
    return finding
