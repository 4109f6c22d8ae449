"""Members that several places can fill: which of them say otherwise than the one that was taken.

A look whether two places have a value at all comes first (`mappings.straight` writes it out), so that the texts of few elements are ever
compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from mappings.functions import Moment
from mappings.gather import RECORD, REPEATS, Found, Gatherer
from mappings.getters import Getter, Run, getter_of
from mappings.passed_over import Note, Pass, Rows, Test, holds, tests_of
from mappings.path import Leaf, Name, Pairs, Path, leads_out
from mappings.plan import Rule, Scope
from mappings.together import together
from mappings.tracks import ups

_SHAPES = 256
"""Shapes of records that are remembered, and characters of one; a hostile sender may vary qualifiers without end."""


class _Way(NamedTuple):
    """One way to a member: a path, one qualifier of pairs, or all paths of a row that makes one value of several."""

    slot: int
    """Without this record it has no value."""
    on_the_way: frozenset[int]
    """Slots of all records that it goes through."""
    tests: tuple[Test, ...]
    getters: tuple[Getter, ...]
    """None where the row states a fixed value."""
    passed: tuple[Rows, ...]
    """For each getter what it passes over."""
    out: bool
    """What it would pass over is reached from elsewhere too."""


class Look(NamedTuple):
    """A cheap look whether a path has a value at all."""

    slot: int
    get: Getter
    leaf: Leaf | None
    pairs: int
    """Where its pairs are kept once they were taken apart; 0 where it has none."""
    qualifiers: frozenset[str]
    out: bool
    """It leaves the record at hand, so that it is never told beside what was taken."""


class Doubt(NamedTuple):
    """A member that several places can fill, and what compares them; it need not be asked where fewer than two of them can have a value."""

    looks: tuple[Look, ...]
    note: Note


def rivals(scope: Scope, gatherer: Gatherer) -> tuple[list[Note], list[Doubt]]:
    """For each member that several places can fill: notes those that say otherwise than the one that is taken.

    First notes on the pairs of one record, which are always asked, then those on members of which two places may stand in the document.
    """
    by_member: dict[tuple[str, ...], list[Rule]] = {}
    for rule in scope.rules:
        if rule.reads and not rule.many and (rule.paths or rule.const is not None):
            by_member.setdefault(rule.to, []).append(rule)
    members: list[Doubt] = []
    for rules in by_member.values():
        looks, ways = _looks(rules, gatherer), _ways(rules, gatherer)
        if not all(way.out for way in ways[1:]) and (len(looks) > 1 or looks[0].pairs):
            members.append(Doubt(looks, _compared(ways)))
    of_pairs: dict[tuple[int, int], list[Doubt]] = {}
    for member in members:
        if len(member.looks) == 1:
            of_pairs.setdefault((member.looks[0].slot, member.looks[0].pairs), []).append(member)
    several = [Doubt(member.looks, _of_several(*member)) for member in members if len(member.looks) > 1]
    return [_among_pairs(slot, pairs, alike) for (slot, pairs), alike in of_pairs.items()], several


def _ways(rules: Sequence[Rule], gatherer: Gatherer, again: bool = False) -> tuple[_Way, ...]:
    """Each way to a member; `again`: they are followed for what comes again."""
    ways: list[_Way] = []
    for rule in rules:
        tests = tests_of(rule.when, gatherer)
        if rule.const is not None:
            ways.append(_Way(RECORD, frozenset(), tests, (), (), True))
        elif rule.function.arguments > 1:
            getters = tuple(getter_of(path, gatherer) for path in rule.paths)
            rows = tuple((Pass(rule, number, again=again),) for number in range(len(rule.paths)))
            slot, on_the_way = _slots(rule.paths[0], gatherer)
            ways.append(_Way(slot, on_the_way, tests, getters, rows, any(map(leads_out, rule.paths))))
        else:
            for number, path in enumerate(rule.paths):
                slot, on_the_way = _slots(path, gatherer)
                for qualifier, single in _each_qualifier(path):
                    getter, row = getter_of(single, gatherer), (Pass(rule, number, qualifier, again=again),)
                    ways.append(_Way(slot, on_the_way, tests, (getter,), (row,), leads_out(path)))
    return tuple(ways)


def _slots(path: Path, gatherer: Gatherer) -> tuple[int, frozenset[int]]:
    """The slot of the record that holds the value, and of every record on the way; the record at hand where nothing is known of them."""
    reached = gatherer.slot(path.steps)
    if reached is None:
        return RECORD, frozenset()
    return reached[0], frozenset(reached[1])


def _each_qualifier(path: Path) -> list[tuple[str | None, Path]]:
    leaf = path.leaf
    if not isinstance(leaf, Pairs):
        return [(None, path)]
    return [(one[0], replace(path, leaf=replace(leaf, qualifiers=(one,)))) for one in leaf.qualifiers]


def _looks(rules: Sequence[Rule], gatherer: Gatherer) -> tuple[Look, ...]:
    looks = []
    for rule in rules:
        for path in rule.paths[:1] if rule.function.arguments > 1 else rule.paths:
            (slot, _), leaf = _slots(path, gatherer), path.leaf
            pairs, qualifiers = 0, frozenset[str]()
            if isinstance(leaf, Pairs):
                pairs, qualifiers = gatherer.pairs_slot(slot, leaf.key), frozenset(code for code, _ in leaf.qualifiers)
            looks.append(Look(slot, getter_of(path, gatherer), leaf, pairs, qualifiers, leads_out(path)))
    return tuple(looks)


def _of_several(looks: tuple[Look, ...], compared: Note) -> Note:
    """A record that comes again may hold one more; one record under two names holds nothing more."""
    slots = frozenset(look.slot for look in looks)
    every = tuple((look.slot, look.get, look.pairs, look.qualifiers) for look in looks)
    alike = tuple(number > 0 and look.leaf == looks[number - 1].leaf for number, look in enumerate(looks))

    def note(found: Found, run: Run) -> None:
        repeats = found[REPEATS]
        if repeats is None or repeats.keys().isdisjoint(slots):
            heard, before = 0, None
            for (slot, get, pairs, qualifiers), same in zip(every, alike, strict=True):
                record = found[slot]
                if record is None or (same and record is before):
                    continue
                before = record
                if get(found, run):
                    heard += len(qualifiers & found[pairs].keys()) if pairs else 1
            if heard < 2:
                return
        compared(found, run)

    return note


def _among_pairs(slot: int, pairs: int, members: Sequence[Doubt]) -> Note:
    """The same for all members that only the pairs of one record fill."""
    shapes: dict[tuple[str, ...], tuple[Note, ...]] = {}
    every = tuple(compared for _, compared in members)

    def note(found: Found, run: Run) -> None:
        said = found[pairs]
        if said is None:
            return
        shape = tuple(said)
        doubtful = shapes.get(shape)
        if doubtful is None:
            doubtful = tuple(compared for (look,), compared in members if len(look.qualifiers & said.keys()) > 1)
            if len(shapes) < _SHAPES and sum(map(len, shape)) < _SHAPES:
                shapes[shape] = doubtful
        repeats = found[REPEATS]
        for compared in every if repeats is not None and slot in repeats else doubtful:
            compared(found, run)

    return note


class _Loop(NamedTuple):
    """One way of which a record comes again in another loop than the one that is taken."""

    above: frozenset[int]
    """Slots of the records that may come again."""
    way: _Way
    start: int
    """Slot of the record that it starts from, and how many records further up it goes from there before it goes down."""
    up: int


def loops(scope: Scope, gatherer: Gatherer) -> Note | None:
    """Notes rows of which a loop on the way comes again; those that say `alone` are followed through all loops anyway.

    What elements read above themselves is noted where they read it from, once for all of them.
    """
    rules = [rule for rule in scope.rules if rule.reads and not rule.many and not rule.row.alone and rule.const is None]
    every = [loop for way in _ways(rules, gatherer, True) if (loop := _loop(way, gatherer)) is not None]
    if not every:
        return None

    def note(found: Found, run: Run) -> None:
        repeats = found[REPEATS]
        if repeats is None:
            return
        for above, way, start, up in every:
            if repeats.keys().isdisjoint(above) or not holds(way.tests, found, run):
                continue
            record = found[start]
            for _ in range(up):
                record = record.parent
            texts = _texts(way, found, run)
            for text, rows in zip(texts, way.passed, strict=True):
                if text and texts[0]:  # without its first text a row keeps none of the others (`rest_alone`)
                    run.pass_over(record, rows, text)

    return note


def _loop(way: _Way, gatherer: Gatherer) -> _Loop | None:
    """The loop of a way. Coverage sees itself what stands side by side, so that the last record counts only where a name may be of a
    record below it."""
    path = way.passed[0][0].rule.paths[way.passed[0][0].path or 0]
    steps = path.steps if isinstance(path.leaf, Name) and path.leaf.name else path.steps[:-1]
    reached = gatherer.slot(steps) if steps else None
    if reached is None:
        return None
    if not leads_out(path):
        return _Loop(frozenset(reached[1]), way, RECORD, 0)
    above, start = ups(path), gatherer.slot(steps[:1])
    if start is None:
        return None
    again = frozenset(reached[1][1 + above :])
    return _Loop(again, way, start[0], above) if again else None


def _compared(ways: tuple[_Way, ...]) -> Note:
    slots = tuple(way.slot for way in ways)

    def note(found: Found, run: Run) -> None:
        taken: _Way | None = None
        said: tuple[str, ...] = ()
        repeats = found[REPEATS]
        for slot, way in zip(slots, ways, strict=True):
            if found[slot] is None:
                continue
            if not way.getters:  # a fixed value is a decision: what the member says beside it is meant to be overruled
                if taken is None and holds(way.tests, found, run):
                    return
                continue
            text = way.getters[0](found, run)
            if not text or (way.tests and not holds(way.tests, found, run)):
                continue
            texts = (text,) if len(way.getters) == 1 else _texts(way, found, run)
            if taken is None:
                taken, said = way, texts
            elif not way.out:  # where its record comes again, only coverage sees what the others say
                again = repeats is not None and not repeats.keys().isdisjoint(way.on_the_way)
                if again or (texts != said and _meaning(way, texts, run) != _meaning(taken, said, run)):
                    for number, rows in enumerate(way.passed):
                        run.pass_over(found[RECORD], rows, said[number] if number < len(said) else said[0])

    return note


def _texts(way: _Way, found: Found, run: Run) -> tuple[str, ...]:
    """What a way says: texts that go through one record are those of one record, where it comes again."""
    repeats = found[REPEATS]
    if len(way.getters) > 1 and repeats is not None and not repeats.keys().isdisjoint(way.on_the_way):
        places = together(way.passed[0][0].rule.paths, found[RECORD], run.context.components)
        return tuple([place.text if place else "" for place in places])
    return tuple([get(found, run) for get in way.getters])


def _meaning(way: _Way, texts: tuple[str, ...], run: Run) -> Any:
    """What a row makes of its texts; the texts themselves where it can make nothing of them."""
    rule = way.passed[0][0].rule
    function = rule.function
    if function.name == "gtin":
        return texts[0].lstrip("0")  # one number in 12, 13 or 14 digits
    try:
        if rule.table is not None:
            return rule.table.inward.get(texts[0]) or rule.table.inward.get(function.read(texts[0])) or texts[0]
        padded = (*texts, *("",) * (function.arguments - len(texts)))
        value = function.read(*padded, run.context.time_zone) if function.zoned else function.read(*padded)
    except ValueError:
        return texts
    return value.at if value.__class__ is Moment else value
