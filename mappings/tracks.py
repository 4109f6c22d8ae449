"""Which paths of a source its mapping takes notice of, each from the top of the message: what coverage's automaton runs on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mappings.path import Component, Condition, Element, Leaf, Name, Path, Step
from mappings.plan import Plan, Rule, Scope


def tracks_of(plan: Plan) -> list[Track]:
    """Every source path that reading a mapping uses, ignores or expects."""
    tracks = [*_of_scope(plan.root, ()), *_ignored(plan)]
    if plan.content.format == "x12":  # what parts its components is known only with the document
        return [_whole(track) for track in tracks]
    return tracks


@dataclass(frozen=True, slots=True)
class Track:
    """One source path from the top of the message; `repeats[i]`: the record at step i may come again without loss."""

    steps: tuple[Step, ...]
    repeats: tuple[bool, ...]
    leaf: Leaf | None
    whole: bool = False
    """Ignored with everything below it."""


def _of_scope(scope: Scope, base: tuple[Step, ...]) -> Iterable[Track]:
    """Every source path that reading uses, of a scope and of those inside it, from the top of the message."""
    for rule in scope.rules:
        if rule.reads:
            for path in (*(_conditioned(path, rule) for path in rule.paths), *(when.path for when in rule.when)):
                steps = _absolute(path, base)
                above = len(steps) - len(path.steps)  # records of the `each` around, which come as often as they like
                repeats = tuple(rule.many or at < above or step.axis == "below" or bool(step.same) for at, step in enumerate(steps))
                yield from _reached(steps, repeats, path.leaf, rule.many)
                yield from _compared(steps, base)
    for child in scope.scopes:
        if not child.reads:
            continue
        steps = _absolute(child.at, base) if child.at is not None else base
        yield Track(steps, (True,) * len(steps), None)
        yield from _of_scope(child, steps)


def _compared(steps: tuple[Step, ...], base: tuple[Step, ...]) -> Iterable[Track]:
    """What a path compares, on both sides."""
    for at, step in enumerate(steps, 1):
        for there, own in step.same:
            yield from _reached(steps[:at], (True,) * at, Name(there), True)
            yield from _reached(base, (True,) * len(base), Name(own), True)


def _conditioned(path: Path, rule: Rule) -> Path:
    """The path with the row's conditions on its own record, so that a value passed over for them is told as not mapped."""
    for when in rule.when:
        if when.values is not None and path.steps and when.path.steps == path.steps and isinstance(when.path.leaf, Element):
            last = path.steps[-1]
            leaf = when.path.leaf
            key = leaf.number if leaf.component is None else Component(leaf.number, leaf.component)
            sharper = replace(last, conditions=(*last.conditions, Condition(key, when.values)))
            path = replace(path, steps=(*path.steps[:-1], sharper))
    return path


def _ignored(plan: Plan) -> Iterable[Track]:
    """Paths of `ignore` and `expect`: taken notice of, however often they come."""
    for path in plan.ignored:
        steps = _absolute(path, ())
        repeats = (True,) * len(steps)
        if path.leaf is None:
            yield Track(steps, repeats, None, whole=True)
        else:
            yield from _reached(steps, repeats, path.leaf, True)
            if isinstance(path.leaf, Name):  # a name may be a value or a record
                yield Track((*steps, Step("child", path.leaf.name)), (*repeats, True), None, whole=True)
    for refusal in plan.expected:
        steps = _absolute(refusal.path, ())
        yield from _reached(steps, (True,) * len(steps), refusal.path.leaf, True)


def _reached(steps: tuple[Step, ...], repeats: tuple[bool, ...], leaf: Leaf | None, many: bool) -> Iterable[Track]:
    yield Track(steps, repeats, leaf)
    for at, step in enumerate(steps):  # a condition on the attribute of a leaf takes notice of it
        for condition in step.conditions:
            if isinstance(condition.key, str) and "/" in condition.key:
                tag, _, name = condition.key.partition("/")
                yield Track((*steps[: at + 1], Step("child", tag)), (True,) * (at + 2), Name(name))
    if isinstance(leaf, Name) and leaf.name:  # the value may be the own text of a child of that name
        yield Track((*steps, Step("child", leaf.name)), (*repeats, many), Name(""))


def _absolute(path: Path, base: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps from the top of the message. An ancestor may stand anywhere above, so it is looked for anywhere below the top."""
    steps = path.steps
    if steps and steps[0].axis == "top":
        return steps[1:]
    if steps and steps[0].axis == "ancestor":  # what holds it is looked for anywhere too, by the same tag: levels nest in their like
        return (Step("below", steps[0].tag, steps[0].conditions), *(step for step in steps[1:] if step.axis != "parent"))
    return base + steps


def _whole(track: Track) -> Track:
    """The track with elements in the place of components."""
    leaf = Element(track.leaf.number) if isinstance(track.leaf, Element) else track.leaf
    steps = tuple(
        replace(
            step,
            conditions=tuple(Condition(one.key.number, one.values) if isinstance(one.key, Component) else one for one in step.conditions),
        )
        for step in track.steps
    )
    return replace(track, steps=steps, leaf=leaf)
