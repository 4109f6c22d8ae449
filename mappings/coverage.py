"""What a message says that its mapping does not take: neither mapped nor ignored (MAP-01), or said again where one is kept (MAP-05).

All source paths of a mapping become one small automaton over records: a state is the set of paths that are alive at
a record; the step from state to state is remembered by tag and qualifiers, and what a state leaves over of a segment by
its length, so that checking a message costs a few look-ups for each segment. Equal losses are told once, with their
count and the first place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.context import place_of
from mappings.path import (
    COMPONENT_MARK,
    SEGMENT_FORMATS,
    Component,
    Element,
    Key,
    Leaf,
    Name,
    Pairs,
    plain_value,
)
from mappings.plan import Plan
from mappings.tracks import tracks_of

_TRAILERS = frozenset({"SE", "UNT"})
_REMEMBERED = 4096
"""States, steps and shapes kept at most; a hostile sender may vary qualifiers without end."""
_LONGEST_KEY = 256
"""Characters of a key that is remembered; what is longer is no qualifier."""
_MOST_COMPONENTS = 99
"""Components of one element that are told one by one; no standard has more."""


@dataclass(slots=True)
class _Branch:
    """Where records of one tag below a state lead, by the elements that decide."""

    tag: str
    keys: tuple[Key, ...]
    only: int
    """The single element that decides, as in nearly every segment; 0 where it is none, several or a name."""
    first: bool = False
    """Of that element its first component decides (EDIFACT)."""
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
    parts: dict[int, frozenset[int]]
    """Elements of which components are taken: element to components."""
    pairs: tuple[Pairs, ...]
    composites: tuple[Pairs, ...]
    """Pairs of which each is one composite."""
    qualified: bool
    """Element 01 tells such records apart."""
    single: tuple[Key, ...]
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
    at: Key | None
    text: str
    kept: str
    count: int = 1


_Losses = dict[tuple[str, str, str], _Loss]


class Coverage:
    """The automaton of one mapping. Its memory is bounded."""

    def __init__(self, plan: Plan) -> None:
        self._segments = plan.content.format in SEGMENT_FORMATS
        self._tracks = tracks_of(plan)
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
        texts: dict[tuple[_State, Key], str] = {}
        below: _State | None
        for child in record.children:
            branch = branches.get(child.tag)
            if branch is None:
                branch = self._branch(state, child.tag)
            only = branch.only
            if only:
                values: Any = child.values
                text = values[only] if only < len(values) else ""
                below = branch.by_text.get(text.partition(COMPONENT_MARK)[0] if branch.first else text)
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
        if state.parts or state.composites:
            self._components(values, record, state, losses)

    def _components(self, values: Sequence[str], record: SourceRecord, state: _State, losses: _Losses) -> None:
        """Components that nothing takes, in elements of which some are taken."""
        for number in range(1, len(values)):
            text = values[number]
            if not text or number in state.elements:
                continue
            taken = state.parts.get(number, frozenset())
            paired = [wanted for wanted in state.composites if number >= wanted.start]
            if not taken and not paired:
                continue
            said = text.split(COMPONENT_MARK, _MOST_COMPONENTS)
            if len(said) > 1 and any(code == said[1].strip() for wanted in paired for code, _ in wanted.qualifiers):
                taken = taken | {1, 2}
            for at, part in enumerate(said, 1):
                if at not in taken and part.strip():
                    _lose(losses, "MAP-01", record, Component(number, at), part, state.qualified)

    def _left(self, state: _State, values: Sequence[str], shape: Any) -> tuple[int, ...]:
        """Numbers of the elements that no row takes, in a segment of this shape; whether they hold something is another matter."""
        elements, pairs = state.elements, state.pairs
        partly = {*state.parts, *(number for wanted in state.composites for number in range(wanted.start, len(values)))}
        left = tuple(
            number
            for number in range(len(values))
            if number not in elements and number not in partly and not (pairs and _paired(pairs, values, number))
        )
        if shape.__class__ is int or sum(map(len, shape[1:])) <= _LONGEST_KEY:
            _remember(state.left, shape, left)
        return left

    def _branch(self, state: _State, tag: str) -> _Branch:
        steps = [self._tracks[track].steps[at] for track, at in state.alive]
        keys = tuple(dict.fromkeys(condition.key for step in steps if step.tag == tag for condition in step.conditions))
        key = keys[0] if len(keys) == 1 else ""
        first = isinstance(key, Component) and key.component == 1
        branch = _Branch(tag, keys, key.number if isinstance(key, Component) and first else key if isinstance(key, int) else 0, first)
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
            if branch.first:
                received = received.partition(COMPONENT_MARK)[0]
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
        every = tuple(track.leaf for track in ended if isinstance(track.leaf, Pairs))
        pairs = tuple(wanted for wanted in every if not wanted.composites)
        taken = {key for key in (*conditions, *again, *once) if key is not None}
        starts = {wanted.start for wanted in pairs}
        single = tuple(sorted((key for key in once - again if key is not None), key=str))
        state = _State(
            alive=tuple(sorted((number, at) for number, at in alive if at < len(self._tracks[number].steps))),
            known=known_here,
            whole=whole,
            elements=frozenset({0, *(key for key in taken if not isinstance(key, Component))}),
            parts=_parts(taken),
            pairs=pairs,
            composites=tuple(wanted for wanted in every if wanted.composites),
            qualified=1 in conditions or Component(1, 1) in conditions,
            single=single,
            simple=known_here and not whole and not single,
            paired_from=starts.pop() if len(starts) == 1 else 0,
        )
        if len(self._states) < _REMEMBERED:
            self._states[alive] = state
        return state


# --- keys ---------------------------------------------------------------------------------------------------------------
def _key(leaf: Leaf | None) -> Key | None:
    if isinstance(leaf, Element):
        return leaf.number if leaf.component is None else Component(leaf.number, leaf.component)
    return leaf.name if isinstance(leaf, Name) else None


# --- losses ------------------------------------------------------------------------------------------------------------
def _paired(pairs: tuple[Pairs, ...], values: Sequence[str], number: int) -> bool:
    """Whether the element is a qualifier that some row asks for, or the value after it."""
    for wanted in pairs:
        if number >= wanted.start and (wanted.end is None or number <= wanted.end):
            qualifier = values[number - (number - wanted.start) % 2]
            if any(qualifier == code for code, _ in wanted.qualifiers):
                return True
    return False


def _remember(memory: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep what was found; a memory that is full is emptied, which only costs time."""
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value


def _parts(taken: set[Key]) -> dict[int, frozenset[int]]:
    parts: dict[int, set[int]] = {}
    for key in taken:
        if isinstance(key, Component) and key.number not in taken:
            parts.setdefault(key.number, set()).add(key.component)
    return {number: frozenset(components) for number, components in parts.items()}


def _again(losses: _Losses, state: _State, first: SourceRecord, record: SourceRecord, texts: dict[tuple[_State, Key], str]) -> None:
    """What a record says otherwise than those of its state before it, of which the first is given; `texts`: said after the first."""
    for key in state.single:
        text = plain_value(record, key)
        if text:
            kept = texts.get((state, key)) or plain_value(first, key)
            if not kept:
                texts[state, key] = text
            elif text != kept:
                _lose(losses, "MAP-05", record, key, text, state.qualified, kept)


def _name(record: SourceRecord, key: Key | None) -> str:
    """Tags from below the top of the message to the record, then the element, component or name."""
    steps = [] if key is None or key == "" else [_said_key(key)]
    here = record
    while here.parent is not None:
        steps.append(here.tag)
        here = here.parent
    return "/".join(reversed(steps))


def _said_key(key: Key) -> str:
    if isinstance(key, Component):
        return f"{key.number:02d}-{key.component}"
    return f"{key:02d}" if isinstance(key, int) else key


def _qualifier(record: SourceRecord) -> str:
    """Element 01 where it looks like a code that tells such segments apart (REF*LT); free text and counters never do."""
    values = record.values
    if isinstance(values, Mapping) or len(values) < 2:
        return ""
    code = values[1][:8].partition(COMPONENT_MARK)[0]
    return code if len(code) in (1 if COMPONENT_MARK in values[1] else 2, 2, 3) and code.isalnum() else ""


def _said(record: SourceRecord) -> str:
    values = record.values
    texts = values.values() if isinstance(values, Mapping) else values[1:]
    return " ".join(text for text in texts if text).replace(COMPONENT_MARK, ":")[:120]


def _lose(losses: _Losses, rule: str, record: SourceRecord, at: Key | None, text: str, qualified: bool, kept: str = "") -> None:
    key = (rule, _name(record, at), _qualifier(record) if qualified and at != 1 else "")
    loss = losses.get(key)
    if loss is None:
        losses[key] = _Loss(record, at, text, kept)
    else:
        loss.count += 1


def _finding(key: tuple[str, str, str], loss: _Loss) -> Finding:
    rule, what, qualifier = key
    place = place_of(loss.record, *loss.at) if isinstance(loss.at, Component) else place_of(loss.record, loss.at)
    return Finding(
        rule,
        place,
        expected=loss.kept.replace(COMPONENT_MARK, ":") or None,
        got=loss.text.replace(COMPONENT_MARK, ":")[:120],
        params={"what": f"{what} ({qualifier})" if qualifier else what, "count": str(loss.count)},
    )
