"""Reading, compiled: every row of a plan becomes one closure, every scope a list of them.

This is the hot path: a despatch advice of five lines and eighty values is mapped in about a tenth of a millisecond. It yields plain
dictionaries and builds no object a line. What is wrong with a value becomes a finding; nothing here raises for data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.code_tables import CodeTable
from mappings.context import Context, place_of
from mappings.functions import Moment
from mappings.gather import COUNTER, RECORD, REPEATS, Found, Gatherer
from mappings.path import Element, Name, Pairs, Path, Step, locate, records
from mappings.plan import CURRENCY, ORDINAL, Rule, Scope, When


class Run:
    """One message being read."""

    __slots__ = ("caches", "context", "findings")

    def __init__(self, context: Context, scopes: int) -> None:
        self.context = context
        self.findings: list[Finding] = []
        self.caches: list[dict[int, Found]] = [{} for _ in range(scopes)]


Getter = Callable[[Found, Run], str]
RowReader = Callable[[Found, dict[str, Any], Run], None]
ScopeReader = Callable[[SourceRecord, int, Run], dict[str, Any] | None]


def compile_scope(scope: Scope, number: Callable[[], int]) -> ScopeReader:
    """The reader of a scope: record, its number in its list from 1, run -> the element, or null where something it needs is absent."""
    step = scope.at.steps[-1] if scope.at is not None and scope.at.steps else None
    gatherer = Gatherer(step)
    mine = number()
    rows = tuple(_rows([rule for rule in scope.rules if rule.reads], gatherer))
    inner = tuple(_each(child, compile_scope(child, number)) for child in scope.scopes)
    gatherer.close()
    gather = gatherer.gather
    needs, required = scope.needs, frozenset(scope.required)

    def read(record: SourceRecord, counter: int, run: Run) -> dict[str, Any] | None:
        found = gather(record, counter, run.caches[mine])
        out: dict[str, Any] = {}
        for row in rows:
            row(found, out, run)
        for name in needs:
            if name not in out:
                return None
        for group in inner:
            group(record, out, run)
        if not out.keys() >= required:
            _missing(scope, record, out, run)
        out["@"] = record.position
        return out

    return read


def _each(scope: Scope, read: ScopeReader) -> Callable[[SourceRecord, dict[str, Any], Run], None]:
    elements = _elements(scope.at)
    to = scope.to

    def group(record: SourceRecord, out: dict[str, Any], run: Run) -> None:
        made = out.get(to, [])
        counter = len(made)
        for element in elements(record):
            if (line := read(element, counter + 1, run)) is not None:
                counter += 1
                made.append(line)
        if made:
            out[to] = made

    return group


def _elements(at: Path | None) -> Callable[[SourceRecord], Iterable[SourceRecord]]:
    """The records of an `each`."""
    if at is None or not at.steps:
        return lambda record: (record,)
    if len(at.steps) == 1 and at.steps[0].axis in ("child", "below"):
        step = at.steps[0]
        if step.axis == "child":
            tag, matches = step.tag, step.matches
            return lambda record: [child for child in record.children if child.tag == tag and matches(child)]
        return lambda record: _below(step, record, [])
    return lambda record: records(at, record)


def _below(step: Step, record: SourceRecord, reached: list[SourceRecord]) -> list[SourceRecord]:
    tag = step.tag
    for child in record.children:
        if child.tag == tag and step.matches(child):
            reached.append(child)
        if child.children:
            _below(step, child, reached)
    return reached


def _missing(scope: Scope, record: SourceRecord, out: dict[str, Any], run: Run) -> None:
    for name in scope.required:
        if name not in out:
            ways = [path.text for rule in scope.rules if rule.reads and rule.to[0] == name for path in rule.paths]
            run.findings.append(Finding("MAP-04", place_of(record), expected=" / ".join(ways), params={"to": f"{scope.to}.{name}".lstrip(".")}))


# --- rows --------------------------------------------------------------------------------------------------------------
def _rows(rules: list[Rule], gatherer: Gatherer) -> Iterable[RowReader]:
    """A closure for each row; rows of the same party stand together in one, which is passed over when the party is absent."""
    seen: set[tuple[str, ...]] = set()
    at = 0
    while at < len(rules):
        rule = rules[at]
        if len(rule.to) == 1:
            yield _row(rule, gatherer, rule.to in seen)
            seen.add(rule.to)
            at += 1
            continue
        party = [rule]
        while at + len(party) < len(rules) and len(following := rules[at + len(party)].to) > 1 and following[:-1] == rule.to[:-1]:
            party.append(rules[at + len(party)])
        readers = []
        for member in party:
            readers.append(_row(member, gatherer, member.to in seen))
            seen.add(member.to)
        yield _record(rule.to[:-1], tuple(readers), _anchor(party, gatherer))
        at += len(party)


def _anchor(party: list[Rule], gatherer: Gatherer) -> int:
    """The slot without which none of these rows has a value; the record itself where there is none such."""
    firsts = {path.steps[:1] for rule in party for path in rule.paths}
    if len(firsts) != 1 or any(not rule.paths or rule.const is not None or rule.default is not None for rule in party):
        return RECORD
    slot = gatherer.slot(next(iter(firsts)))
    return slot[0] if slot is not None else RECORD


def _record(to: tuple[str, ...], readers: tuple[RowReader, ...], anchor: int) -> RowReader:
    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        if found[anchor] is None:
            return
        for name in to[:-1]:
            out = out.setdefault(name, {})
        record = out.get(to[-1], {})
        for reader in readers:
            reader(found, record, run)
        if record:
            out[to[-1]] = record

    return row


def _row(rule: Rule, gatherer: Gatherer, again: bool) -> RowReader:
    key = rule.to[-1]
    if rule.const is not None:
        reader = _constant(key, rule.const)
    elif rule.many:
        reader = _many(rule, gatherer)
    elif rule.function.arguments > 1 or rule.function.kind == "instant":
        reader = _several(rule, gatherer)
    elif rule.paths:
        reader = _single(rule, gatherer)
    else:
        reader = _nothing
    if rule.default is not None:
        reader = _defaulted(reader, key, rule.default)
    if rule.when:
        reader = _conditional(reader, [(_getter(when.path, gatherer), when) for when in rule.when])
    return _unless_present(reader, key) if again else reader


def _nothing(found: Found, out: dict[str, Any], run: Run) -> None:
    """A row of a default alone."""


def _constant(key: str, value: Any) -> RowReader:
    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        out[key] = value

    return row


def _unless_present(reader: RowReader, key: str) -> RowReader:
    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        if key not in out:
            reader(found, out, run)

    return row


def _conditional(reader: RowReader, conditions: list[tuple[Getter, When]]) -> RowReader:
    tests = tuple((get, None if when.values is None else frozenset(when.values)) for get, when in conditions)

    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        for get, values in tests:
            text = get(found, run)
            if not text or (values is not None and text not in values):
                return
        reader(found, out, run)

    return row


def _defaulted(reader: RowReader, key: str, value: Any) -> RowReader:
    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        before = len(run.findings)
        reader(found, out, run)
        if key not in out and len(run.findings) == before:  # a value that was there and could not be read is no absence
            if value == ORDINAL:
                out[key] = str(found[COUNTER])
            elif value == CURRENCY:
                if run.context.currency:
                    out[key] = run.context.currency
            else:
                out[key] = value

    return row


def _single(rule: Rule, gatherer: Gatherer) -> RowReader:
    key, convert, table = rule.to[-1], rule.function.read, rule.table
    get = _first([_getter(path, gatherer) for path in rule.paths])
    if table is not None:
        inward = table.inward

        def coded(found: Found, out: dict[str, Any], run: Run) -> None:
            text = get(found, run)
            if text:
                value = inward.get(text) or inward.get(convert(text))
                if value is None:
                    value = unknown_code(rule, table, found[RECORD], text, run)
                if value is not None:
                    out[key] = value

        return coded
    if rule.function.inverse == "exact" and rule.function.name in ("text", "gtin"):

        def plain(found: Found, out: dict[str, Any], run: Run) -> None:
            text = get(found, run)
            if text:
                out[key] = text

        return plain

    def converted(found: Found, out: dict[str, Any], run: Run) -> None:
        text = get(found, run)
        if text:
            try:
                out[key] = convert(text)
            except ValueError as error:
                refused(rule, found[RECORD], text, error, run)

    return converted


def _several(rule: Rule, gatherer: Gatherer) -> RowReader:
    """Rows whose function takes several texts or the time zone."""
    key, convert = rule.to[-1], rule.function.read
    getters = [_getter(path, gatherer) for path in rule.paths]
    zoned = rule.function.kind == "instant"
    arguments = rule.function.arguments
    if arguments == 1:
        getters = [_first(getters)]
    first, rest = getters[0], tuple(getters[1:])
    padding = ("",) * (arguments - len(getters))
    sourced = key == "issued_at"

    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        text = first(found, run)
        if not text:
            return
        texts = (text, *[get(found, run) for get in rest], *padding)
        try:
            value = convert(*texts, run.context.time_zone) if zoned else convert(*texts)
        except ValueError as error:
            refused(rule, found[RECORD], " ".join(filter(None, texts)), error, run)
            return
        if value.__class__ is Moment:
            if sourced and not value.stated:
                out["issued_at_source"] = run.context.time_zone_source
            value = value.at
        out[key] = value

    return row


def _many(rule: Rule, gatherer: Gatherer) -> RowReader:
    """All values of a list: they are looked for only when the first record is there."""
    key, convert = rule.to[-1], rule.function.read
    paths = rule.paths
    ways = [way for path in paths for way in _ways(path, gatherer)]

    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        if not any(way is None or found[way] is not None for way in ways):
            return
        values = []
        for path in paths:
            for place in locate(path, found[RECORD], run.context.components):
                try:
                    values.append(convert(place.text))
                except ValueError as error:
                    refused(rule, found[RECORD], place.text, error, run)
        if values:
            out[key] = values

    return row


def _ways(path: Path, gatherer: Gatherer) -> list[int | None]:
    """Slots of which one is filled whenever the path has a value; null where that can't be told."""
    steps = path.steps
    if isinstance(path.leaf, Name) and path.leaf.name and not steps:
        slot = gatherer.slot((Step("child", path.leaf.name),))
        return [None if slot is None else slot[0]]
    slot = gatherer.slot(steps[:1])
    return [None if slot is None else slot[0]]


# --- values ------------------------------------------------------------------------------------------------------------
def _first(getters: list[Getter]) -> Getter:
    if len(getters) == 1:
        return getters[0]
    ways = tuple(getters)

    def get(found: Found, run: Run) -> str:
        for way in ways:
            if text := way(found, run):
                return text
        return ""

    return get


def _getter(path: Path, gatherer: Gatherer) -> Getter:
    """The first value of a path, blanks at its ends dropped; empty when there is none."""

    def slow(found: Found, run: Run) -> str:
        return next((place.text for place in locate(path, found[RECORD], run.context.components)), "")

    leaf = path.leaf
    reached = gatherer.slot(path.steps)
    if reached is None or (isinstance(leaf, Element) and leaf.component is not None):
        return slow
    slot, way = reached
    if isinstance(leaf, Element):
        return _element(slot, leaf.number, way, slow)
    if isinstance(leaf, Pairs):
        return _pairs(slot, gatherer.pairs_slot(slot, leaf.start), leaf, way, slow)
    name = leaf.name if leaf is not None else ""
    child = gatherer.slot((*path.steps, Step("child", name))) if name else None
    return _name(slot, name, child[0] if child else None, (*way, child[0]) if child else way, slow)


def _element(slot: int, number: int, way: tuple[int, ...], slow: Getter) -> Getter:
    def get(found: Found, run: Run) -> str:
        record = found[slot]
        if record is not None:
            values = record.values
            if number < len(values):
                text: str = values[number]
                if text and (text := text.strip()):
                    return text
        repeats = found[REPEATS]
        return slow(found, run) if repeats is not None and not repeats.keys().isdisjoint(way) else ""

    return get


def _pairs(slot: int, kept: int, leaf: Pairs, way: tuple[int, ...], slow: Getter) -> Getter:
    start = leaf.start
    qualifiers = tuple(qualifier for qualifier, _ in leaf.qualifiers)

    def get(found: Found, run: Run) -> str:
        pairs = found[kept]
        if pairs is None:
            record = found[slot]
            if record is None:
                return ""
            pairs = found[kept] = pairs_of(record.values, start)
        for qualifier in qualifiers:
            if text := pairs.get(qualifier):
                return text.strip() or slow(found, run)
        repeats = found[REPEATS]
        return slow(found, run) if repeats is not None and not repeats.keys().isdisjoint(way) else ""

    return get


def pairs_of(values: list[str], start: int) -> dict[str, str]:
    """Qualifier to value, the first of equal qualifiers that has a value."""
    qualifiers = values[start:-1:2]
    pairs = dict(zip(qualifiers, values[start + 1 :: 2], strict=False))
    if len(pairs) != len(qualifiers):
        pairs = {}
        for at in range(start, len(values) - 1, 2):
            if values[at + 1].strip():
                pairs.setdefault(values[at], values[at + 1])
    return pairs


def _name(slot: int, name: str, child: int | None, way: tuple[int, ...], slow: Getter) -> Getter:
    def get(found: Found, run: Run) -> str:
        record = found[slot]
        if record is not None:
            text: str = record.values.get(name, "")
            if text and (text := text.strip()):
                return text
            if child is not None and (below := found[child]) is not None and (text := below.values.get("", "").strip()):
                return text
        repeats = found[REPEATS]
        return slow(found, run) if repeats is not None and not repeats.keys().isdisjoint(way) else ""

    return get


# --- what is wrong -----------------------------------------------------------------------------------------------------
def refused(rule: Rule, record: SourceRecord, text: str, error: ValueError, run: Run) -> None:
    """MAP-02: the function could not take the text."""
    place = _place(rule, record, text, run)
    run.findings.append(Finding("MAP-02", place, expected=str(error), got=text, params={"to": rule.row.to or ""}))


def unknown_code(rule: Rule, table: CodeTable, record: SourceRecord, text: str, run: Run) -> str | None:
    """MAP-03: not in the table. The row says whether the value is left out or kept with a warning."""
    keep = rule.row.unknown == "keep"
    run.findings.append(
        Finding(
            "MAP-03",
            _place(rule, record, text, run),
            expected=table.expected(),
            got=text,
            severity="warning" if keep else "error",
            action="none" if keep else "message",
            params={"to": rule.row.to or "", "table": table.name},
        )
    )
    return text if keep else None


def _place(rule: Rule, record: SourceRecord, text: str, run: Run) -> Any:
    for path in rule.paths:
        for place in locate(path, record, run.context.components):
            if place.text == text or text.startswith(place.text):
                return place_of(place.record, place.key, place.component)
    return place_of(record)
