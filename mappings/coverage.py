"""What a message says that its mapping does not take: neither mapped nor ignored (MAP-01), said again where one is kept (MAP-05), or
named by a row that did not take it here (MAP-11).

All source paths of a mapping become one small automaton over records: a state is the set of paths that are alive at
a record; the step from state to state is remembered by tag and qualifiers, and what a state leaves over of a segment by
its length, so that checking a message costs a few look-ups for each segment. What reading passed over in the message at hand
(`mappings.passed_over`) is taken off the states below the record where it happened. Equal losses are told once, with their
count and the first place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.getters import Run
from mappings.losses import Kept, Losses, Passed, Reasons, kept_value, key_of
from mappings.passed_over import Anchor
from mappings.path import COMPONENT_MARK, SEGMENT_FORMATS, Component, Key, Pairs, plain_value
from mappings.plan import Plan
from mappings.tracks import Track, code_of, keeps_all, of_pairs, path_of, tracks_of

_TRAILERS = frozenset({"SE", "UNT"})
_REMEMBERED = 4096
"""States, steps and shapes kept at most; a hostile sender may vary qualifiers without end."""
_LONGEST_KEY = 256
"""Characters of a key that is remembered; what is longer is no qualifier."""
_MOST_COMPONENTS = 99
"""Components of one element that are told one by one; no standard has more."""

_On = frozenset[tuple[int, int]]
"""Tracks alive at a record, as (track, steps done)."""


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
    """The tracks alive at a record, and what they take from it."""

    on: _On
    off: _On
    """Tracks that reading passed over: what they ask is taken notice of, what they lead to is not taken."""
    alive: tuple[tuple[int, int], ...]
    """Of both, those with steps to go."""
    known: bool
    whole: bool
    lost: str
    """Why the record is told although it is known as a whole; empty where it is ignored."""
    elements: frozenset[int | str]
    parts: dict[int, frozenset[int]]
    """Elements of which components are taken: element to components."""
    pairs: tuple[Pairs, ...]
    """Those that rows ask for, though they may not take the value here."""
    composites: tuple[Pairs, ...]
    """Pairs of which each is one composite."""
    read: frozenset[Pairs]
    """Of both, those of which the value is taken."""
    once: frozenset[str]
    """Qualifiers of pairs of which a record's first value is kept."""
    qualified: bool
    """Element 01 tells such records apart."""
    single: tuple[tuple[int, Kept], ...]
    """Of what the mapping keeps one value under each parent, by the number of the path, whatever its row asks of the record."""
    paths: frozenset[int]
    """The numbers of those paths."""
    simple: bool
    """Known, not ignored as a whole, and nothing of which one is kept."""
    plain: bool
    """A segment of which only whole elements are taken: its length alone says what is left."""
    paired_from: int
    """First element of its qualifier and value pairs; 0 where it has none or they do not agree."""
    anchored: int
    """Bits of the anchors whose rows start from the record, where there is an element below."""
    branches: dict[str, _Branch] = field(default_factory=dict)
    left: dict[Any, tuple[int, ...]] = field(default_factory=dict)
    """Elements that nothing takes, by the length of the segment, or with pairs by its length and qualifiers."""
    clean: dict[Any, bool] = field(default_factory=dict)
    """Shapes by components of which everything is taken, whatever stands in them."""
    without: dict[int | tuple[int, ...], _State] = field(default_factory=dict)
    """The same record with tracks taken off, by the anchors that were reached and the rows that passed something over."""


@dataclass(slots=True)
class _Message:
    """The message at hand."""

    passed: Passed
    reached: dict[int, int]
    """Records above elements that rows start from, by their `id`: a bit for each anchor of the mapping."""
    losses: Losses
    again: bool
    """A loop comes again of which rows take one."""


class Coverage:
    """The automaton of one mapping. Its memory is bounded."""

    def __init__(self, plan: Plan, anchors: Sequence[Anchor]) -> None:
        self._segments = plan.content.format in SEGMENT_FORMATS
        self._tracks = tracks_of(plan)
        self._reasons = Reasons(self._tracks)
        self._anchors = [(anchor, self._reasons.begun(anchor.rows)) for anchor in anchors]
        paths: dict[Any, int] = {}
        self._path_of = [paths.setdefault(path_of(track), len(paths)) for track in self._tracks]
        self._states: dict[tuple[_On, _On], _State] = {}
        self._apart: dict[tuple[_State, ...], bool] = {}  # by the states of records of one tag, side by side
        self._start = self._state(frozenset((number, 0) for number in range(len(self._tracks))))

    def unmapped(self, root: SourceRecord, run: Run) -> list[Finding]:
        """MAP-01, MAP-05 and MAP-11 findings of a message, one for each kind of loss; `run` is how reading it went."""
        losses = Losses(self._reasons, run.passed)
        again = any(row.again for noted in run.passed.values() for rows, _ in noted for row in rows)
        message = _Message(run.passed, _reached(self._anchors, run), losses, again)
        start = self._start
        if id(root) in run.passed or start.anchored:
            start = self._less(start, message, id(root), message.reached.get(id(root), 0) & start.anchored)
        if not self._segments:  # the top of a segment message is its envelope, ST or UNH
            self._values(root, start, losses)
        self._children(root, start, message)
        return losses.findings()

    def _children(self, record: SourceRecord, state: _State, message: _Message, ignored: bool = False) -> None:
        """What the records below one lose. What is ignored as a whole loses only what a row takes and that comes again otherwise."""
        branches, losses, passed = state.branches, message.losses, message.passed
        firsts: dict[str, tuple[_State, SourceRecord]] = {}
        alike: dict[str, list[tuple[_State, SourceRecord]]] | None = None
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
            if below.anchored or (passed and id(child) in passed):
                here = id(child)
                reached = message.reached.get(here, 0) & below.anchored
                if here in passed:
                    below = self._less(below, message, here, reached)
                elif reached != below.anchored:
                    below = below.without.get(reached) or self._less(below, message, here, reached)
            if ignored or not below.simple:
                if not below.known:
                    if not ignored and not (self._segments and child.tag in _TRAILERS):
                        losses.not_known(child)
                    continue
                if below.single:
                    own = (below, child)
                    if (first := firsts.setdefault(child.tag, own)) is not own:
                        alike = alike or {}
                        alike.setdefault(child.tag, [first]).append(own)
                if ignored or below.whole:
                    if below.lost:
                        losses.known(child, below.lost)
                        continue
                    if message.again:
                        losses.passed_again(child, below.elements)
                    if child.children and below.alive:
                        self._children(child, below, message, True)
                    continue
            if not below.plain or below.left.get(len(child.values)) != ():
                self._values(child, below, losses)
            if child.children:
                self._children(child, below, message)
        if alike is not None:
            for records in alike.values():
                if not self._are_apart(records):
                    _again(records, losses)

    def _are_apart(self, records: list[tuple[_State, SourceRecord]]) -> bool:
        """Whether no path leads to two of these records, so that none can say again what another says."""
        states = tuple([state for state, _ in records])
        apart = self._apart.get(states)
        if apart is None:
            paths = [path for state in states for path in state.paths]
            apart = len(paths) == len(set(paths))
            if len(states) <= _LONGEST_KEY:
                _remember(self._apart, states, apart)
        return apart

    def _values(self, record: SourceRecord, state: _State, losses: Losses) -> None:
        values: Any = record.values
        if values.__class__ is dict:
            elements = state.elements
            if not values.keys() <= elements:
                for key, text in values.items():
                    if text and key not in elements:
                        losses.not_taken(record, key, text, False)
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
                self._lost_element(record, number, text, state, losses)
        if state.parts or state.composites:
            self._components(values, record, state, losses)

    def _lost_element(self, record: SourceRecord, number: int, text: str, state: _State, losses: Losses) -> None:
        """An element that is left: the value of a pair may be one more under a qualifier of which the first counts."""
        values: Any = record.values
        for wanted in state.pairs:
            if wanted in state.read and _is_value(wanted, number) and values[number - 1] == wanted.qualifiers[0][0]:
                kept, at = kept_value(record, wanted)
                if at != number and text.strip() != kept:
                    losses.again(record, number, text, state.qualified, kept)
                return
        losses.not_taken(record, number, text, state.qualified)

    def _components(self, values: Sequence[str], record: SourceRecord, state: _State, losses: Losses) -> None:
        """Components that nothing takes, in elements of which some are taken. Shapes that leave nothing are remembered."""
        if state.composites:  # values first, then what says which they are
            shape: Any = tuple([text and f".{text.partition(COMPONENT_MARK)[2]}" for text in values])
        else:
            shape = tuple([text.count(COMPONENT_MARK) if text else -1 for text in values])
        if shape in state.clean:
            return
        clean = True
        for number in range(1, len(values)):
            text = values[number]
            if not text or number in state.elements:
                continue
            taken = state.parts.get(number, frozenset())
            paired = [wanted for wanted in state.composites if number >= wanted.start]
            if not taken and not paired:
                continue
            parts = text.split(COMPONENT_MARK, _MOST_COMPONENTS)
            qualifier = parts[1].strip() if len(parts) > 1 else ""
            for wanted in paired:
                if qualifier == wanted.qualifiers[0][0]:
                    taken = taken | {2}
                    if wanted not in state.read:
                        continue
                    taken = taken | {1}
                    kept, at = kept_value(record, wanted)
                    if at != (number, 1) and qualifier in state.once:
                        clean = False
                        if parts[0].strip() not in ("", kept):
                            losses.again(record, Component(number, 1), parts[0], state.qualified, kept)
            for at, part in enumerate(parts, 1):
                if at not in taken:
                    clean = False
                    if part.strip():
                        losses.not_taken(record, Component(number, at), part, state.qualified)
        if clean and (not state.composites or sum(map(len, shape)) <= _LONGEST_KEY):
            _remember(state.clean, shape, True)

    def _left(self, state: _State, values: Sequence[str], shape: Any) -> tuple[int, ...]:
        """Numbers of the elements that no row takes, in a segment of this shape; whether they hold something is another matter."""
        elements = state.elements
        partly = {*state.parts, *(number for wanted in state.composites for number in range(wanted.start, len(values)))}
        taken = _takenof_pairs(state, values) if state.pairs else ()
        left = tuple(number for number in range(len(values)) if number not in elements and number not in partly and number not in taken)
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
            on: set[tuple[int, int]] = set()
            off: set[tuple[int, int]] = set()
            for track, at in state.alive:
                step = self._tracks[track].steps[at]
                further = on if (track, at) in state.on else off
                if step.axis == "below":
                    further.add((track, at))
                if step.matches(record):
                    further.add((track, at + 1))
            found = self._state(frozenset(on), frozenset(off - on))
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

    def _state(self, on: _On, off: _On = frozenset()) -> _State:
        known = self._states.get((on, off))
        if known is not None:
            return known
        alive = [(self._tracks[track], at) for track, at in on]
        named = [*alive, *((self._tracks[track], at) for track, at in off)]
        ended = [track for track, at in alive if at == len(track.steps)]
        again = {key_of(track.leaf) for track in ended if not track.asked and (not track.steps or track.repeats[-1])}
        every = tuple(dict.fromkeys(leaf for track, at in named if isinstance(leaf := track.leaf, Pairs) and at == len(track.steps)))
        pairs = tuple(wanted for wanted in every if not wanted.composites)
        conditions = {condition.key for track, at in named if at for condition in track.steps[at - 1].conditions}
        gone = {key_of(track.leaf) for track, at in named[len(alive) :] if at == len(track.steps)}
        held = (track.leaf for track in ended if track.upwards or not (track.asked and key_of(track.leaf) in gone))  # asked is not taken
        taken = {key for key in (*conditions, *map(key_of, held)) if key is not None}
        starts = {wanted.start for wanted in pairs}
        parts = _parts(taken)
        known_here, whole = any(at for _, at in named), any(track.whole for track in ended)
        often = {code_of(track) for track in of_pairs(ended) if track.repeats[-1:] != (False,)}
        single = dict.fromkeys(
            (self._path_of[number], kept)
            for number, at in sorted(on)
            if (kept := _kept(self._tracks[number], at)) is not None
            and (kept.qualifiers[0][0] not in often if isinstance(kept, Pairs) else kept not in again)
        )
        state = _State(
            on=on,
            off=off,
            alive=tuple(sorted((number, at) for number, at in on | off if at < len(self._tracks[number].steps))),
            known=known_here,
            whole=whole,
            lost=next((track.lost for track in ended if track.lost), ""),
            elements=frozenset({0, *(key for key in taken if not isinstance(key, Component))}),
            parts=parts,
            pairs=pairs,
            composites=tuple(wanted for wanted in every if wanted.composites),
            read=frozenset(track.leaf for track in ended if isinstance(track.leaf, Pairs)),
            once=frozenset(map(code_of, of_pairs(ended))) - {code_of(track) for track in of_pairs(ended) if keeps_all(track)},
            qualified=1 in conditions or Component(1, 1) in conditions,
            single=tuple(single),
            paths=frozenset(path for path, _ in single),
            simple=known_here and not whole and not single,
            plain=self._segments and not every and not parts,
            paired_from=starts.pop() if len(starts) == 1 else 0,
            anchored=sum(1 << bit for bit, (_, tracks) in enumerate(self._anchors) if tracks & on),
        )
        if len(self._states) < _REMEMBERED:
            self._states[on, off] = state
        return state

    def _less(self, state: _State, message: _Message, here: int, reached: int) -> _State:
        """The state of a record less the tracks of rows that passed something over from here, or that nobody followed up to here."""
        passed = message.passed.get(here, ())
        key = (reached, *[id(rows) for rows, _ in passed]) if passed else reached
        known = state.without.get(key)
        if known is None:
            gone = [self._reasons.begun(rows) for rows, _ in passed]
            gone += [tracks for bit, (_, tracks) in enumerate(self._anchors) if not reached >> bit & 1]
            off = state.on & frozenset[tuple[int, int]]().union(*gone)
            known = self._state(state.on - off, state.off | off) if off else state
            _remember(state.without, key, known)
        return known


def _reached(anchors: Sequence[tuple[Anchor, _On]], run: Run) -> dict[int, int]:
    """A bit for each anchor whose record an element was read from, by the `id` of that record."""
    found: dict[int, int] = {}
    for bit, (anchor, _) in enumerate(anchors):
        for here in map(id, anchor.records(run.caches) if run.caches[anchor.scope] else ()):
            found[here] = found.get(here, 0) | 1 << bit
    return found


# --- pairs -------------------------------------------------------------------------------------------------------------
def _is_value(wanted: Pairs, number: int) -> bool:
    """Whether an element is the value of a pair."""
    return number > wanted.start and (number - wanted.start) % 2 == 1 and (wanted.end is None or number <= wanted.end)


def _takenof_pairs(state: _State, values: Sequence[str]) -> set[int]:
    """Qualifiers that rows ask for, and values that they take: of equal qualifiers the first, where one is kept."""
    taken: set[int] = set()
    for wanted in state.pairs:
        code, seen = wanted.qualifiers[0][0], False
        for number in range(wanted.start + 1, len(values)):
            if _is_value(wanted, number) and values[number - 1] == code:
                taken.add(number - 1)
                if wanted in state.read and not (seen and code in state.once):
                    taken.add(number)
                    seen = True
    return taken


# --- records side by side ----------------------------------------------------------------------------------------------
def _kept(track: Track, at: int) -> Kept | None:
    """What of a record is kept once, where a track ends that may not come again."""
    if at < len(track.steps) or not track.steps or track.repeats[-1] or track.asked:
        return None
    return track.leaf if isinstance(track.leaf, Pairs) else key_of(track.leaf)


def _again(records: list[tuple[_State, SourceRecord]], losses: Losses) -> None:
    """What records of one tag side by side say otherwise than those before them, where one value is kept."""
    texts: dict[int, str] = {}
    for state, record in records:
        stated = [(path, *kept_value(record, kept)) for path, kept in state.single]
        told = {at for path, text, at in stated if text and path not in texts}  # taken, by a path that met no value before
        for path, text, at in stated:
            if text and (before := texts.setdefault(path, text)) != text and at not in told:
                told.add(at)
                losses.again(record, at, text, state.qualified, before)


def _parts(taken: set[Key]) -> dict[int, frozenset[int]]:
    parts: dict[int, set[int]] = {}
    for key in taken:
        if isinstance(key, Component) and key.number not in taken:
            parts.setdefault(key.number, set()).add(key.component)
    return {number: frozenset(components) for number, components in parts.items()}


def _remember(memory: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep what was found; a memory that is full is emptied, which only costs time."""
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value
