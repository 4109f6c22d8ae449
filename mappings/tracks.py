"""Which paths of a source its mapping takes notice of, each from the top of the message: what coverage's automaton runs on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mappings.path import Component, Condition, Element, Leaf, Name, Pairs, Path, Step, leads_out
from mappings.plan import Plan, Rule, Scope


def tracks_of(plan: Plan) -> list[Track]:
    """Every source path that reading a mapping uses, ignores or expects."""
    tracks = [*_of_scope(plan.root, (), plan.content.format == "edifact"), *_ignored(plan)]
    if plan.content.format == "x12":  # what parts its components is known only with the document
        return [_whole(track) for track in tracks]
    return tracks


@dataclass(frozen=True, slots=True)
class Owner:
    """The row that a path belongs to, and where its scope stands: what reading passed over is taken off the track there."""

    rule: Rule
    path: int
    """Which of the row's paths, from 0."""
    qualifier: str | None
    """Of pairs the one that this track stands for; else null."""
    base: int
    """Steps down to the record that the path starts from: that of the row's scope, or with `out` the one above it."""
    named: tuple[Step, ...]
    """The steps without the row's own condition."""
    out: bool = False
    """It starts above the record of the scope."""


@dataclass(frozen=True, slots=True)
class Track:
    """One source path from the top of the message; `repeats[i]`: the record at step i may come again without loss."""

    steps: tuple[Step, ...]
    repeats: tuple[bool, ...]
    leaf: Leaf | None
    whole: bool = False
    """Ignored with everything below it."""
    lost: str = ""
    """Why it is told although it is taken notice of as a whole."""
    owner: Owner | None = None
    """Null for what is ignored or expected and what a condition asks."""
    asked: bool = False
    """A condition asks it: it is taken notice of, and neither kept nor passed over."""
    upwards: bool = False
    """A condition of elements below asks it, which counts as taken."""


def _of_scope(scope: Scope, base: tuple[Step, ...], composites: bool) -> Iterable[Track]:
    """Every source path that reading uses, of a scope and of those inside it, from the top of the message."""
    for rule in scope.rules:
        if not rule.reads:
            continue
        for number, path in enumerate(rule.paths):
            named = _absolute(path, base)
            steps = _sharpened(named, own_conditions(path, rule, composites))
            owner: Owner | None = Owner(rule, number, None, len(base), named)
            if leads_out(path):
                above = 0 if path.steps[0].axis == "top" else 1
                owner = Owner(rule, number, None, above, named, True)
            yield from _used(steps, path, rule.many, base, owner)
        for when in rule.when:
            steps = _absolute(when.path, base)
            out = leads_out(when.path)
            yield from (replace(track, asked=True, upwards=out) for track in _used(steps, when.path, rule.many, base, None))
    for child in scope.scopes:
        if not child.reads:
            continue
        steps = _absolute(child.at, base) if child.at is not None else base
        yield Track(steps, (True,) * len(steps), None)
        yield from _of_scope(child, steps, composites)


def _used(steps: tuple[Step, ...], path: Path, many: bool, base: tuple[Step, ...], owner: Owner | None) -> Iterable[Track]:
    above = len(steps) - len(path.steps)  # records of the `each` around, which come as often as they like
    repeats = tuple(many or at < above or step.axis == "below" or bool(step.same) for at, step in enumerate(steps))
    yield from _reached(steps, repeats, path.leaf, many, owner)
    yield from _compared(steps, base)


def _compared(steps: tuple[Step, ...], base: tuple[Step, ...]) -> Iterable[Track]:
    """What a path compares, on both sides."""
    for at, step in enumerate(steps, 1):
        for there, own in step.same:
            yield from _reached(steps[:at], (True,) * at, Name(there), True)
            yield from _reached(base, (True,) * len(base), Name(own), True)


def own_conditions(path: Path, rule: Rule, composites: bool) -> tuple[Condition, ...]:
    """The row's conditions that the record of the value answers itself, so that they can be asked of the record alone.

    Without `composites` (X12) what parts a component is known only with the document, and components are not asked.
    """
    found = []
    for when in rule.when:
        leaf = when.path.leaf
        if when.values is not None and when.path.steps == path.steps and isinstance(leaf, Element):
            if leaf.component is None:
                found.append(Condition(leaf.number, when.values))
            elif composites:
                found.append(Condition(Component(leaf.number, leaf.component), when.values))
    return tuple(found)


def _sharpened(steps: tuple[Step, ...], conditions: tuple[Condition, ...]) -> tuple[Step, ...]:
    """The steps with these conditions on the last record."""
    if not steps or not conditions:
        return steps
    return (*steps[:-1], replace(steps[-1], conditions=(*steps[-1].conditions, *conditions)))


def _ignored(plan: Plan) -> Iterable[Track]:
    """Paths of `ignore`, `lost` and `expect`: taken notice of, however often they come."""
    for path in plan.ignored:
        steps = _absolute(path, ())
        repeats = (True,) * len(steps)
        if path.leaf is None:
            yield Track(steps, repeats, None, whole=True)
        else:
            yield from _reached(steps, repeats, path.leaf, True)
            if isinstance(path.leaf, Name):  # a name may be a value or a record
                yield Track((*steps, Step("child", path.leaf.name)), (*repeats, True), None, whole=True)
    for path, reason in plan.lost:
        steps = _absolute(path, ())
        yield Track(steps, (True,) * len(steps), None, whole=True, lost=reason)
    for refusal in plan.expected:
        steps = _absolute(refusal.path, ())
        yield from _reached(steps, (True,) * len(steps), refusal.path.leaf, True)


def _reached(
    steps: tuple[Step, ...], repeats: tuple[bool, ...], leaf: Leaf | None, many: bool, owner: Owner | None = None
) -> Iterable[Track]:
    if isinstance(leaf, Pairs):  # each qualifier by itself
        for code in dict.fromkeys(code for code, _ in leaf.qualifiers):
            of_code = replace(owner, qualifier=code) if owner is not None else None
            yield Track(steps, repeats, replace(leaf, qualifiers=((code, None),)), owner=of_code)
    else:
        yield Track(steps, repeats, leaf, owner=owner)
    for at, step in enumerate(steps):  # a condition on the attribute of a leaf takes notice of it
        for condition in step.conditions:
            if isinstance(condition.key, str) and "/" in condition.key:
                tag, _, name = condition.key.partition("/")
                yield Track((*steps[: at + 1], Step("child", tag)), (True,) * (at + 2), Name(name))
    if isinstance(leaf, Name) and leaf.name:  # the value may be the own text of a child of that name
        own = Step("child", leaf.name)
        below = replace(owner, named=(*owner.named, own)) if owner is not None else None
        yield Track((*steps, own), (*repeats, many), Name(""), owner=below)


def _absolute(path: Path, base: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps from the top of the message. An ancestor may stand anywhere above, so it is looked for anywhere below the top."""
    steps = path.steps
    if steps and steps[0].axis == "top":
        return steps[1:]
    if steps and steps[0].axis == "ancestor":  # what holds it is looked for anywhere too, by the same tag: levels nest in their like
        return (Step("below", steps[0].tag, steps[0].conditions), *(step for step in steps[1:] if step.axis != "parent"))
    return base + steps


def ups(path: Path) -> int:
    """How many records above the nearest one that it names a path goes up before it goes down."""
    return sum(step.axis == "parent" for step in path.steps)


def _whole(track: Track) -> Track:
    """The track with elements in the place of components."""
    return replace(track, leaf=Element(track.leaf.number)) if isinstance(track.leaf, Element) else track


def of_pairs(tracks: Sequence[Track]) -> list[Track]:
    """Those that lead to pairs."""
    return [track for track in tracks if isinstance(track.leaf, Pairs)]


def code_of(track: Track) -> str:
    """The qualifier of a track of pairs; each has a track of its own."""
    assert isinstance(track.leaf, Pairs)
    return track.leaf.qualifiers[0][0]


def keeps_all(track: Track) -> bool:
    """Whether a row may take every value under the qualifier, or is asked from other records too."""
    return track.owner is None or track.owner.out or track.owner.rule.many


def path_of(track: Track) -> Any:
    """What a track leads to, whatever its row asks of the record."""
    return track.owner.named if track.owner is not None else track.steps, track.leaf
