"""What a message says that its mapping does not take: neither mapped nor ignored (MAP-01), or said again where one is kept (MAP-05).

All source paths of a mapping become one small automaton over records: a state is the set of paths that are alive at
a record; the step from state to state is remembered by tag and qualifiers, and what a state leaves over of a segment by
its length, so that checking a message costs a few look-ups for each segment. Equal losses are told once, with their
count and the first place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.context import place_of
from mappings.path import SEGMENT_FORMATS, Condition, Element, Leaf, Name, Pairs, Path, Step, plain_value
from mappings.plan import Plan, Rule, Scope

_TRAILERS = frozenset({"SE", "UNT"})
_REMEMBERED = 4096
"""States, steps and shapes kept at most; a hostile sender may vary qualifiers without end."""
_LONGEST_KEY = 256
"""Characters of a key that is remembered; what is longer is no qualifier."""


@dataclass(frozen=True, slots=True)
class _Track:
    """One source path from the top of the message; `repeats[i]`: the record at step i may come again without loss."""

    steps: tuple[Step, ...]
    repeats: tuple[bool, ...]
    leaf: Leaf | None
    whole: bool = False
    """Ignored with everything below it."""


@dataclass(slots=True)
class _Branch:
    """Where records of one tag below a state lead, by the elements that decide."""

    tag: str
    keys: tuple[int | str, ...]
    only: int
    """The single element that decides, as in nearly every segment; 0 where it is none, several or a name."""
    always: _State | None = None
    """Where nothing decides but the tag."""
    by_text: dict[str, _State] = field(default_factory=dict)
    """By the text of `only` as received."""
    by_texts: dict[tuple[str, ...], _State] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _State:
    """The tracks alive at a record, as (track, steps done), and what they take from it."""

    alive: tuple[tuple[int, int], ...]
    known: bool
    whole: bool
    elements: frozenset[int | str]
    pairs: tuple[Pairs, ...]
    qualified: bool
    """Element 01 tells such records apart."""
    single: tuple[int | str, ...]
    """Elements of which the mapping keeps one value under each parent."""
    simple: bool
    """Known, not ignored as a whole, and nothing of which one is kept."""
    paired_from: int
    """First element of its qualifier and value pairs; 0 where it has none or they do not agree."""
    branches: dict[str, _Branch] = field(default_factory=dict)
    left: dict[Any, tuple[int, ...]] = field(default_factory=dict)
    """Elements that nothing takes, by the length of the segment, or with pairs by its length and qualifiers."""


@dataclass(slots=True)
class _Loss:
    record: SourceRecord
    at: int | str | None
    text: str
    kept: str
    count: int = 1


_Losses = dict[tuple[str, str, str], _Loss]


class Coverage:
    """The automaton of one mapping. Its memory is bounded."""

    def __init__(self, plan: Plan) -> None:
        self._segments = plan.content.format in SEGMENT_FORMATS
        self._tracks = [*_tracks(plan.root, ()), *_ignored(plan)]
        self._states: dict[frozenset[tuple[int, int]], _State] = {}
        self._start = self._state(frozenset((number, 0) for number in range(len(self._tracks))))

    def unmapped(self, root: SourceRecord) -> list[Finding]:
        """MAP-01 and MAP-05 findings of a message, one for each kind of loss."""
        losses: _Losses = {}
        if not self._segments:  # the top of a segment message is its envelope, ST or UNH
            self._values(root, self._start, losses)
        self._children(root, self._start, losses)
        return [_finding(key, loss) for key, loss in losses.items()]

    def _children(self, record: SourceRecord, state: _State, losses: _Losses) -> None:
        branches = state.branches
        firsts: dict[_State, SourceRecord] | None = None
        texts: dict[tuple[_State, int | str], str] = {}
        below: _State | None
        for child in record.children:
            branch = branches.get(child.tag)
            if branch is None:
                branch = self._branch(state, child.tag)
            only = branch.only
            if only:
                values: Any = child.values
                below = branch.by_text.get(values[only] if only < len(values) else "")
            else:
                below = branch.always
            if below is None:
                below = self._next(state, branch, child)
            if not below.simple:
                if not below.known:
                    if not (self._segments and child.tag in _TRAILERS):
                        _lose(losses, "MAP-01", child, None, _said(child), True)
                    continue
                if below.whole:
                    continue
                if firsts is None:
                    firsts = {below: child}
                elif (first := firsts.setdefault(below, child)) is not child:
                    _again(losses, below, first, child, texts)
            self._values(child, below, losses)
            if child.children:
                self._children(child, below, losses)

    def _values(self, record: SourceRecord, state: _State, losses: _Losses) -> None:
        values: Any = record.values
        if values.__class__ is dict:
            elements = state.elements
            if not values.keys() <= elements:
                for key, text in values.items():
                    if text and key not in elements:
                        _lose(losses, "MAP-01", record, key, text, False)
            return
        shape: Any = len(values)
        if state.pairs:
            start = state.paired_from
            shape = (shape, *values[start::2]) if start else tuple(values)
        left = state.left.get(shape)
        if left is None:
            left = self._left(state, values, shape)
        for number in left:
            text = values[number]
            if text and text.strip():
                _lose(losses, "MAP-01", record, number, text, state.qualified)

    def _left(self, state: _State, values: Sequence[str], shape: Any) -> tuple[int, ...]:
        """Numbers of the elements that no row takes, in a segment of this shape; whether they hold something is another matter."""
        elements, pairs = state.elements, state.pairs
        left = tuple(number for number in range(len(values)) if number not in elements and not (pairs and _paired(pairs, values, number)))
        if shape.__class__ is int or sum(map(len, shape[1:])) <= _LONGEST_KEY:
            _remember(state.left, shape, left)
        return left

    def _branch(self, state: _State, tag: str) -> _Branch:
        steps = [self._tracks[track].steps[at] for track, at in state.alive]
        keys = tuple(dict.fromkeys(condition.key for step in steps if step.tag == tag for condition in step.conditions))
        only = keys[0] if len(keys) == 1 and isinstance(keys[0], int) else 0
        branch = _Branch(tag, keys, only)
        _remember(state.branches, tag, branch)
        return branch

    def _next(self, state: _State, branch: _Branch, record: SourceRecord) -> _State:
        """The state of a record below one in `state`, where `branch` does not know it by what was received."""
        texts = tuple([plain_value(record, key) for key in branch.keys])
        found = branch.by_texts.get(texts)
        if found is None:
            alive: set[tuple[int, int]] = set()
            for track, at in state.alive:
                step = self._tracks[track].steps[at]
                if step.axis == "below":
                    alive.add((track, at))
                if step.matches(record):
                    alive.add((track, at + 1))
            found = self._state(frozenset(alive))
            if sum(map(len, texts)) <= _LONGEST_KEY:
                _remember(branch.by_texts, texts, found)
        if not texts:
            branch.always = found
        elif branch.only:
            values: Any = record.values
            received = values[branch.only] if branch.only < len(values) else ""
            if len(received) <= _LONGEST_KEY:
                _remember(branch.by_text, received, found)
        return found

    def _state(self, alive: frozenset[tuple[int, int]]) -> _State:
        known = self._states.get(alive)
        if known is not None:
            return known
        on = [(self._tracks[track], at) for track, at in alive]
        ended = [track for track, at in on if at == len(track.steps)]
        again = {_key(track.leaf) for track in ended if not track.steps or track.repeats[-1]}
        once = {_key(track.leaf) for track in ended if track.steps and not track.repeats[-1]}
        conditions = {condition.key for track, at in on if at for condition in track.steps[at - 1].conditions}
        known_here, whole = any(at for _, at in on), any(track.whole for track in ended)
        pairs = tuple(track.leaf for track in ended if isinstance(track.leaf, Pairs))
        starts = {wanted.start for wanted in pairs}
        single = tuple(sorted((key for key in once - again if key is not None), key=str))
        state = _State(
            alive=tuple(sorted((number, at) for number, at in alive if at < len(self._tracks[number].steps))),
            known=known_here,
            whole=whole,
            elements=frozenset({0, *conditions, *(key for key in again | once if key is not None)}),
            pairs=pairs,
            qualified=1 in conditions,
            single=single,
            simple=known_here and not whole and not single,
            paired_from=starts.pop() if len(starts) == 1 else 0,
        )
        if len(self._states) < _REMEMBERED:
            self._states[alive] = state
        return state


# --- tracks ------------------------------------------------------------------------------------------------------------
def _tracks(scope: Scope, base: tuple[Step, ...]) -> Iterable[_Track]:
    """Every source path that reading uses, of a scope and of those inside it, from the top of the message."""
    for rule in scope.rules:
        if rule.reads:
            for path in (*(_conditioned(path, rule) for path in rule.paths), *(when.path for when in rule.when)):
                steps = _absolute(path, base)
                above = len(steps) - len(path.steps)  # records of the `each` around, which come as often as they like
                repeats = tuple(rule.many or at < above or step.axis == "below" for at, step in enumerate(steps))
                yield from _reached(steps, repeats, path.leaf, rule.many)
    for child in scope.scopes:
        steps = _absolute(child.at, base) if child.at is not None else base
        yield _Track(steps, (True,) * len(steps), None)
        yield from _tracks(child, steps)


def _conditioned(path: Path, rule: Rule) -> Path:
    """The path with the row's conditions on its own record, so that a value passed over for them is told as not mapped."""
    for when in rule.when:
        if when.values is not None and path.steps and when.path.steps == path.steps and isinstance(when.path.leaf, Element):
            last = path.steps[-1]
            sharper = replace(last, conditions=(*last.conditions, Condition(when.path.leaf.number, when.values)))
            path = replace(path, steps=(*path.steps[:-1], sharper))
    return path


def _ignored(plan: Plan) -> Iterable[_Track]:
    """Paths of `ignore` and `expect`: taken notice of, however often they come."""
    for path in plan.ignored:
        steps = _absolute(path, ())
        repeats = (True,) * len(steps)
        if path.leaf is None:
            yield _Track(steps, repeats, None, whole=True)
        else:
            yield from _reached(steps, repeats, path.leaf, True)
            if isinstance(path.leaf, Name):  # a name may be a value or a record
                yield _Track((*steps, Step("child", path.leaf.name)), (*repeats, True), None, whole=True)
    for refusal in plan.expected:
        steps = _absolute(refusal.path, ())
        yield from _reached(steps, (True,) * len(steps), refusal.path.leaf, True)


def _reached(steps: tuple[Step, ...], repeats: tuple[bool, ...], leaf: Leaf | None, many: bool) -> Iterable[_Track]:
    yield _Track(steps, repeats, leaf)
    if isinstance(leaf, Name) and leaf.name:  # the value may be the own text of a child of that name
        yield _Track((*steps, Step("child", leaf.name)), (*repeats, many), Name(""))


def _absolute(path: Path, base: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps from the top of the message. An ancestor may stand anywhere above, so it is looked for anywhere below the top."""
    steps = path.steps
    if steps and steps[0].axis == "top":
        return steps[1:]
    if steps and steps[0].axis == "ancestor":
        return (Step("below", steps[0].tag, steps[0].conditions), *steps[1:])
    return base + steps


def _key(leaf: Leaf | None) -> int | str | None:
    if isinstance(leaf, Element):
        return leaf.number
    return leaf.name if isinstance(leaf, Name) else None


# --- losses ------------------------------------------------------------------------------------------------------------
def _paired(pairs: tuple[Pairs, ...], values: Sequence[str], number: int) -> bool:
    """Whether the element is a qualifier that some row asks for, or the value after it."""
    for wanted in pairs:
        if number >= wanted.start:
            qualifier = values[number - (number - wanted.start) % 2]
            if any(qualifier == code for code, _ in wanted.qualifiers):
                return True
    return False


def _remember(memory: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep what was found; a memory that is full is emptied, which only costs time."""
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value


def _again(losses: _Losses, state: _State, first: SourceRecord, record: SourceRecord, texts: dict[tuple[_State, int | str], str]) -> None:
    """What a record says otherwise than those of its state before it, of which the first is given; `texts`: said after the first."""
    for key in state.single:
        text = plain_value(record, key)
        if text:
            kept = texts.get((state, key)) or plain_value(first, key)
            if not kept:
                texts[state, key] = text
            elif text != kept:
                _lose(losses, "MAP-05", record, key, text, state.qualified, kept)


def _name(record: SourceRecord, key: int | str | None) -> str:
    """Tags from below the top of the message to the record, then the element or name."""
    steps = [] if key is None or key == "" else [f"{key:02d}" if isinstance(key, int) else key]
    here = record
    while here.parent is not None:
        steps.append(here.tag)
        here = here.parent
    return "/".join(reversed(steps))


def _qualifier(record: SourceRecord) -> str:
    """Element 01 where it looks like a code that tells such segments apart (REF*LT); free text and counters never do."""
    values = record.values
    if isinstance(values, Mapping) or len(values) < 2:
        return ""
    return values[1] if len(values[1]) in (2, 3) and values[1].isalnum() else ""


def _said(record: SourceRecord) -> str:
    values = record.values
    texts = values.values() if isinstance(values, Mapping) else values[1:]
    return " ".join(text for text in texts if text)[:120]


def _lose(losses: _Losses, rule: str, record: SourceRecord, at: int | str | None, text: str, qualified: bool, kept: str = "") -> None:
    key = (rule, _name(record, at), _qualifier(record) if qualified and at != 1 else "")
    loss = losses.get(key)
    if loss is None:
        losses[key] = _Loss(record, at, text, kept)
    else:
        loss.count += 1


def _finding(key: tuple[str, str, str], loss: _Loss) -> Finding:
    rule, what, qualifier = key
    return Finding(
        rule,
        place_of(loss.record, loss.at),
        expected=loss.kept or None,
        got=loss.text[:120],
        params={"what": f"{what} ({qualifier})" if qualifier else what, "count": str(loss.count)},
    )
