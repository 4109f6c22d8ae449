"""What a message says that its mapping does not take: neither mapped nor ignored (MAP-01), or said again where one is kept (MAP-05).

All source paths of a mapping become one small automaton over records: a state is the set of paths that are alive at
a record, and the step from state to state is remembered by tag and qualifiers, so that checking a message costs
about a look-up for each segment. Equal losses are told once, with their count and the first place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.context import place_of
from mappings.path import SEGMENT_FORMATS, Condition, Element, Leaf, Name, Pairs, Path, Step, plain_value
from mappings.plan import Plan, Rule, Scope

_TRAILERS = frozenset({"SE", "UNT"})
_REMEMBERED = 4096
"""States and steps kept at most; a hostile sender may vary qualifiers without end."""


@dataclass(frozen=True, slots=True)
class _Track:
    """One source path from the top of the message; `repeats[i]`: the record at step i may come again without loss."""

    steps: tuple[Step, ...]
    repeats: tuple[bool, ...]
    leaf: Leaf | None
    whole: bool = False
    """Ignored with everything below it."""


@dataclass(slots=True)
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
    looked_at: dict[str, tuple[int | str, ...]] = field(default_factory=dict)
    """For each tag below, the elements whose values decide about the next state."""
    after: dict[str | tuple[str, ...], _State] = field(default_factory=dict)


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
        kept: dict[tuple[int, int | str], str] | None = None
        for child in record.children:
            below = self._next(state, child)
            if not below.known:
                if not (self._segments and child.tag in _TRAILERS):
                    _lose(losses, "MAP-01", child, None, _said(child), True)
                continue
            if below.whole:
                continue
            if below.single:
                kept = {} if kept is None else kept
                for key in below.single:
                    text = plain_value(child, key)
                    if text and kept.setdefault((id(below), key), text) != text:
                        _lose(losses, "MAP-05", child, key, text, below.qualified, kept[id(below), key])
            self._values(child, below, losses)
            if child.children:
                self._children(child, below, losses)

    def _values(self, record: SourceRecord, state: _State, losses: _Losses) -> None:
        elements = state.elements
        values = record.values
        if values.__class__ is dict:
            for key, text in values.items():
                if text and key not in elements:
                    _lose(losses, "MAP-01", record, key, text, False)
            return
        pairs = state.pairs
        for number, text in enumerate(values):
            if text and number not in elements and not (pairs and _paired(pairs, values, number)) and text.strip():  # type: ignore[arg-type]
                _lose(losses, "MAP-01", record, number, text, state.qualified)

    def _next(self, state: _State, record: SourceRecord) -> _State:
        """The state of a record below one in `state`."""
        tag = record.tag
        keys = state.looked_at.get(tag)
        if keys is None:
            steps = [self._tracks[track].steps[at] for track, at in state.alive]
            keys = tuple(dict.fromkeys(condition.key for step in steps if step.tag == tag for condition in step.conditions))
            if len(state.looked_at) < _REMEMBERED:
                state.looked_at[tag] = keys
        memo: str | tuple[str, ...] = tag
        if keys:
            memo = (tag, plain_value(record, keys[0])) if len(keys) == 1 else (tag, *[plain_value(record, key) for key in keys])
        found = state.after.get(memo)
        if found is None:
            alive: set[tuple[int, int]] = set()
            for track, at in state.alive:
                step = self._tracks[track].steps[at]
                if step.axis == "below":
                    alive.add((track, at))
                if step.matches(record):
                    alive.add((track, at + 1))
            found = self._state(frozenset(alive))
            if len(state.after) < _REMEMBERED:
                state.after[memo] = found
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
        state = _State(
            alive=tuple(sorted((number, at) for number, at in alive if at < len(self._tracks[number].steps))),
            known=any(at for _, at in on),
            whole=any(track.whole for track in ended),
            elements=frozenset({0, *conditions, *(key for key in again | once if key is not None)}),
            pairs=tuple(track.leaf for track in ended if isinstance(track.leaf, Pairs)),
            qualified=1 in conditions,
            single=tuple(sorted((key for key in once - again if key is not None), key=str)),
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
