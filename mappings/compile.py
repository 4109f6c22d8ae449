"""Reading, compiled: every row of a plan becomes one closure, every scope one function that calls them where it must (`mappings.straight`).

This is the hot path: a despatch advice of five lines and eighty values is mapped in about a tenth of a millisecond. It yields plain
dictionaries and builds no object a line. What is wrong with a value becomes a finding; nothing here raises for data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord
from mappings.alone import AloneRow, alone_of
from mappings.compile_values import values_reader
from mappings.context import place_of, sent_at
from mappings.elements import elements_of, lie_there, needed_below
from mappings.function_base import tells_day_only
from mappings.functions import Moment, as_stated
from mappings.gather import COUNTER, RECORD, REPEATS, Found, Gatherer
from mappings.getters import Getter, RowReader, Run, first_of, getter_of
from mappings.passed_over import Anchor, Note, Test, anchors_of, rest_alone, rows_below, tests_of, unmet
from mappings.path import Element, leads_out
from mappings.plan import CAME, CURRENCY, ORDINAL, SENT, Rule, Scope
from mappings.refusals import refused, unknown_code
from mappings.rivals import loops, rivals
from mappings.straight import Doubts, Made, Party, straight
from mappings.together import goes_through, together

ScopeReader = Callable[[SourceRecord, int, Run], dict[str, Any] | None]


@dataclass(slots=True)
class Compiled:
    """What a mapping's scopes leave behind for telling what a message loses."""

    composites: bool
    """A component can be asked of a record alone (EDIFACT)."""
    scopes: int = 0
    anchors: list[Anchor] = field(default_factory=list)
    """Where rows start above their record."""
    alone: list[AloneRow] = field(default_factory=list)

    def number(self) -> int:
        """The number of one more scope, from 0."""
        self.scopes += 1
        return self.scopes - 1


def compile_scope(scope: Scope, made: Compiled) -> ScopeReader:
    """The reader of a scope: record, its number in its list from 1, run -> the element, or null where something it needs is absent."""
    step = scope.at.steps[-1] if scope.at is not None and scope.at.steps else None
    gatherer = Gatherer(step, made.composites)
    mine = made.number()
    rows = list(_rows([rule for rule in scope.rules if rule.reads], gatherer, made.composites))
    inner = tuple(_each(child, compile_scope(child, made)) for child in scope.scopes if child.reads)
    alone, watched, again = alone_of(scope, mine, gatherer)
    notes, doubts = rivals(scope, gatherer)
    fill = straight(scope, rows, Doubts(notes, doubts, loops(scope, gatherer)), gatherer)
    made.alone += alone
    made.anchors += anchors_of(scope, mine, gatherer)
    gatherer.close()
    gather = gatherer.gather
    required = frozenset(scope.required)
    ways = [(name, f"{scope.to}.{name}".lstrip("."), _ways(scope, name)) for name in scope.required]

    def read(record: SourceRecord, counter: int, run: Run) -> dict[str, Any] | None:
        found = gather(record, counter, run.caches[mine])
        out: dict[str, Any] = {}
        if not fill(found, out, run):
            return None
        if again and (repeats := found[REPEATS]) is not None and not again.isdisjoint(repeats):
            run.elements.setdefault(mine, []).append(record)
        else:
            for slot in watched:
                if found[slot] is not None:
                    run.elements.setdefault(mine, []).append(record)
                    break
        for group in inner:
            group(record, out, run)
        if not out.keys() >= required:
            _missing(ways, record, out, run)
        out["@"] = record.position
        return out

    return read


def _each(scope: Scope, read: ScopeReader) -> Callable[[SourceRecord, dict[str, Any], Run], None]:
    elements = elements_of(scope.at)
    to, unless, only, later = scope.to, scope.unless, scope.only, scope.later
    rows = () if scope.at is not None and leads_out(scope.at) else rows_below(scope)
    first = [path.steps[0] for path in unless if path.steps]
    tags = frozenset(step.tag for step in first if all(step.axis == "child" for step in first))
    needed = needed_below(scope)
    barred, called_for = lie_there(unless), lie_there(only)

    def group(record: SourceRecord, out: dict[str, Any], run: Run) -> None:
        made = out.get(to, [])
        counter = len(made)
        begun: SourceRecord | None = None
        for element in elements(record, run):
            there = unless
            if tags:  # a look that spares the whole path nearly always
                there = ()
                for child in element.children:
                    if child.tag in tags:
                        there = unless
                        break
            if there and barred(element, run):
                run.pass_over(element, rows)
                continue
            if only and not called_for(element, run):
                run.pass_over(element, rows)
                continue
            if needed:  # most of what lacks something lacks every record that could say it
                below = {child.tag for child in element.children}
                if any(map(below.isdisjoint, needed)):
                    run.pass_over(element, rows)
                    continue
            heard = len(run.findings)
            if (line := read(element, counter + 1, run)) is None:
                run.pass_over(element, rows)
                continue
            if later and element.parent is not begun:
                begun = element.parent
                del run.findings[heard:]  # who takes it tells what is wrong with it
                run.pass_over(element, rows)
                continue
            counter += 1
            made.append(line)
        if made:
            out[to] = made

    return group


def _ways(scope: Scope, name: str) -> str:
    """The paths by which a member could have been said."""
    return " / ".join(path.text for rule in scope.rules if rule.reads and rule.to[0] == name for path in rule.paths)


def _missing(required: Sequence[tuple[str, str, str]], record: SourceRecord, out: dict[str, Any], run: Run) -> None:
    """MAP-04 for each of the required members, given with their paths here and in the source, that is not there."""
    place: Place | None = None
    for name, to, ways in required:
        if name not in out and not run.full():
            place = place or place_of(record)
            run.findings.append(Finding("MAP-04", place, expected=ways, params={"to": to}))


# --- rows --------------------------------------------------------------------------------------------------------------
def _rows(rules: list[Rule], gatherer: Gatherer, composites: bool) -> Iterator[Made | Party]:
    """Each row with its closure; rows of the same party stand together, and are passed over when the party is absent."""
    seen: set[tuple[str, ...]] = set()
    aims = [rule.to for rule in rules]
    several = {to: object() for to in aims if aims.count(to) > 1}

    def made(rule: Rule) -> Made:
        again = rule.to in seen
        seen.add(rule.to)
        note = unmet(rule, gatherer, composites) if rule.when else None
        return Made(rule, _row(rule, gatherer, note, several.get(rule.to), again), again, note is not None)

    at = 0
    while at < len(rules):
        rule = rules[at]
        if len(rule.to) == 1:
            yield made(rule)
            at += 1
            continue
        party = [rule]
        while at + len(party) < len(rules) and len(following := rules[at + len(party)].to) > 1 and following[:-1] == rule.to[:-1]:
            party.append(rules[at + len(party)])
        yield Party(rule.to[:-1], tuple(map(made, party)), _anchor(party, gatherer))
        at += len(party)


def _anchor(party: list[Rule], gatherer: Gatherer) -> int:
    """The slot without which none of these rows has a value; the record itself where there is none such."""
    firsts = {path.steps[:1] for rule in party for path in rule.paths}
    if len(firsts) != 1 or any(not rule.paths or rule.const is not None or rule.default is not None for rule in party):
        return RECORD
    slot = gatherer.slot(next(iter(firsts)))
    return slot[0] if slot is not None else RECORD


def _row(rule: Rule, gatherer: Gatherer, note: Note | None, several: object, again: bool) -> RowReader:
    """The closure of a row; `several`: what several rows for one member have in common, `again` for all but the first of them."""
    key = rule.to[-1]
    if rule.const is not None:
        reader = _constant(key, rule.const)
    elif rule.many:
        reader = values_reader(rule, gatherer)
    elif rule.function.arguments > 1 or rule.function.zoned:
        reader = _several(rule, gatherer)
    elif rule.paths:
        reader = _single(rule, gatherer)
    else:
        reader = _nothing
    if rule.default is not None:
        reader = _defaulted(reader, key, rule.default, stated=bool(rule.paths))
    if rule.when:
        reader = _conditional(reader, tests_of(rule.when, gatherer), note)
    return reader if several is None else _one_of_several(reader, key, several, again)


def _nothing(found: Found, out: dict[str, Any], run: Run) -> None:
    """A row of a default alone."""


def _constant(key: str, value: Any) -> RowReader:
    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        out[key] = value

    return row


def _one_of_several(reader: RowReader, key: str, member: object, again: bool) -> RowReader:
    """Rows that stand for each other: the first that has a value gives it. One that was there and could not be read is no absence: what
    another place says must not stand for it."""

    def first(found: Found, out: dict[str, Any], run: Run) -> None:
        told = run.told
        reader(found, out, run)
        if run.told != told and key not in out:
            run.refusals.add((id(found[RECORD]), member))

    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        if key not in out and not (run.refusals and (id(found[RECORD]), member) in run.refusals):
            first(found, out, run)

    return row if again else first


def _conditional(reader: RowReader, tests: tuple[Test, ...], note: Note | None) -> RowReader:
    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        for get, values in tests:
            text = get(found, run)
            if not text or (values is not None and text not in values):
                if note is not None:
                    note(found, run)
                return
        reader(found, out, run)

    return row


def _defaulted(reader: RowReader, key: str, value: Any, stated: bool) -> RowReader:
    """`stated`: the source has a place for it."""

    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        before = run.told
        reader(found, out, run)
        if key not in out and run.told == before:  # a value that was there and could not be read is no absence
            if value == ORDINAL:
                out[key] = str(found[COUNTER])
                if stated:
                    run.unnumbered.append((out, key, found[RECORD]))
            elif value == CURRENCY:
                if run.context.currency:
                    out[key] = run.context.currency
            elif value == SENT:
                if (sent := sent_at(run.context)) is not None:
                    out[key], out["issued_at_source"] = sent, "envelope"
            elif value == CAME:
                if run.context.came is not None:
                    out[key], out["issued_at_source"] = run.context.came, "arrival"
            else:
                out[key] = value

    return row


def _single(rule: Rule, gatherer: Gatherer) -> RowReader:
    key, convert, table = rule.to[-1], rule.function.read, rule.table
    get = first_of([getter_of(path, gatherer) for path in rule.paths])
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
    place = _simple(rule, gatherer)
    if convert is as_stated:
        return _plain_element(key, *place, get) if place else _plain(key, get)
    return _converted_element(rule, *place, get) if place else _converted(rule, get)


def _simple(rule: Rule, gatherer: Gatherer) -> tuple[int, int] | None:
    """Slot and element of a row that reads one whole element: most rows do, and they get a closure without a getter in it."""
    path = rule.paths[0]
    reached = gatherer.slot(path.steps)
    if len(rule.paths) > 1 or reached is None or not isinstance(path.leaf, Element) or path.leaf.component is not None:
        return None
    return reached[0], path.leaf.number


def _plain(key: str, get: Getter) -> RowReader:
    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        text = get(found, run)
        if text:
            out[key] = text

    return row


def _plain_element(key: str, slot: int, number: int, get: Getter) -> RowReader:
    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        record = found[slot]
        if record is not None:
            values = record.values
            text = values[number].strip() if number < len(values) else ""
            if text or (found[REPEATS] is not None and (text := get(found, run))):
                out[key] = text

    return row


def _converted(rule: Rule, get: Getter) -> RowReader:
    key, convert = rule.to[-1], rule.function.read

    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        text = get(found, run)
        if text:
            try:
                out[key] = convert(text)
            except ValueError as error:
                refused(rule, found[RECORD], text, error, run)

    return row


def _converted_element(rule: Rule, slot: int, number: int, get: Getter) -> RowReader:
    key, convert = rule.to[-1], rule.function.read

    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        record = found[slot]
        if record is not None:
            values = record.values
            text = values[number].strip() if number < len(values) else ""
            if text or (found[REPEATS] is not None and (text := get(found, run))):
                try:
                    out[key] = convert(text)
                except ValueError as error:
                    refused(rule, found[RECORD], text, error, run)

    return row


def _several(rule: Rule, gatherer: Gatherer) -> RowReader:
    """Rows whose function takes several texts or the time zone."""
    key, convert = rule.to[-1], rule.function.read
    getters = [getter_of(path, gatherer) for path in rule.paths]
    zoned = rule.function.zoned
    arguments = rule.function.arguments
    if arguments == 1:
        getters = [first_of(getters)]
    first, rest = getters[0], tuple(getters[1:])
    padding = ("",) * (arguments - len(getters))
    sourced = key == "issued_at"
    note = rest_alone(rule, getters) if rest else None
    paths = rule.paths
    shared = arguments > 1 and any(goes_through(paths[0], path) for path in paths[1:])
    reached = gatherer.slot(paths[0].steps) if shared else None
    way = reached[1] if reached is not None else ()

    def row(found: Found, out: dict[str, Any], run: Run) -> None:
        text = first(found, run)
        if not text:
            if note is not None:
                note(found, run)
            return
        if shared and (not way or ((repeats := found[REPEATS]) is not None and not repeats.keys().isdisjoint(way))):
            places = together(paths, found[RECORD], run.context.components)
            texts = (*[place.text if place else "" for place in places], *padding)
        else:
            texts = (text, *[get(found, run) for get in rest], *padding)
        try:
            value = convert(*texts, run.context.time_zone) if zoned else convert(*texts)
        except ValueError as error:
            refused(rule, found[RECORD], " ".join(filter(None, texts)), error, run)
            return
        if value.__class__ is Moment:
            if sourced and (source := _source_of(value, run)) is not None:
                out["issued_at_source"] = source
            value = value.at
        out[key] = value

    return row


def _source_of(moment: Moment, run: Run) -> str | None:
    """Where the time of a document comes from; null where the document states it with its offset."""
    if tells_day_only(moment.at):
        return "day"
    return None if moment.stated else run.context.time_zone_source
