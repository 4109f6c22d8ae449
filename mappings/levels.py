"""Where rows of a list are written: on the element's own record, or on the levels of `within` above it."""

from __future__ import annotations

from mappings.path import Path, Step
from mappings.plan import COUNT, SUM, Rule, Scope


def counting(scope: Scope) -> list[Rule]:
    """The rows that say how many elements a list has or what a member of them adds up to; they are written last."""
    return [rule for rule in scope.rules if rule.writes and counts(rule)]


def counts(rule: Rule) -> bool:
    """Whether a row says how many elements a list has (`@count lines`) or what a member of them adds up to (`@sum taxes.amount`)."""
    return not rule.to and str(rule.const).startswith((COUNT, SUM))


def level_written(rule: Rule) -> Step | None:
    """The level of `within` on which a row is written: the ancestor that its first path starts from."""
    return level_of(rule.paths[0]) if rule.paths else None


def level_of(path: Path) -> Step | None:
    """The ancestor that a path starts from, as a step of `within`; null where it starts elsewhere."""
    steps = path.steps
    return Step("child", steps[0].tag, steps[0].conditions) if steps and steps[0].axis == "ancestor" else None


def levels_always_made(scope: Scope) -> frozenset[Step | None]:
    """Levels of which a fixed text or a default says something, whatever the element says."""
    return frozenset(level_written(rule) for rule in scope.rules if rule.writes and not rule.when and _always_says(rule))


def _always_says(rule: Rule) -> bool:
    return not rule.to or (rule.default is not None and not str(rule.default).startswith("@"))


def is_outside(path: Path) -> bool:
    """Whether the path is of a record above: a condition there is asked and never made true. What hangs below an ancestor may be made."""
    return bool(path.steps) and (path.steps[0].axis == "top" or (path.steps[0].axis == "ancestor" and len(path.steps) == 1))
