"""Values of which one is kept although the document says several, each in a loop of its own (MAP-05).

Coverage compares what stands side by side. Two lots of one line stand in two loops, and each may have its own expiry: rows that
say `alone` are followed through all of them, so that goods of a second lot are never taken for the first without a word.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.context import place_of
from mappings.path import COMPONENT_MARK, Located, Path, goes_down, locate, reached_below, records
from mappings.plan import Plan, Rule, Scope


class Alone:
    """The rows of a mapping that say `alone`, with the way to the records that they are asked for."""

    def __init__(self, plan: Plan) -> None:
        self._mark = COMPONENT_MARK if plan.content.format == "edifact" else ":"
        self._wanted = list(_wanted(plan.root, ()))

    def findings(self, root: SourceRecord) -> list[Finding]:
        """One MAP-05 for each row of which a message says different values in different loops."""
        found = []
        for way, rules in self._wanted:
            for rule in rules:
                others = [pair for record in _elements(way, root) for pair in self._others(rule, record)]
                if others:
                    found.append(_finding(rule, others))
        return found

    def _loops(self, paths: tuple[Path, ...], record: SourceRecord) -> int:
        """How many records a value may stand in: with one, nothing can stand in another."""
        if any(not path.steps or path.steps[0].axis != "child" for path in paths):
            return 2
        tags = {path.steps[0].tag for path in paths}
        return sum(child.tag in tags for child in record.children)

    def _others(self, rule: Rule, record: SourceRecord) -> Iterator[tuple[Located, Located]]:
        """The value that is kept with each different one out of another loop."""
        paths = rule.paths[:1] if rule.function.arguments > 1 else rule.paths
        first: Located | None = None
        if self._loops(paths, record) < 2:
            return
        for path in paths:
            for place in locate(path, record, self._mark):
                if first is None:
                    first = place
                elif place.text != first.text and place.record.parent is not first.record.parent:
                    yield first, place


def _wanted(scope: Scope, above: tuple[Scope, ...]) -> Iterator[tuple[tuple[Scope, ...], list[Rule]]]:
    rules = [rule for rule in scope.rules if rule.reads and rule.row.alone]
    way = (*above, scope) if scope.at is not None else above
    if rules:
        yield way, rules
    for child in scope.scopes:
        if child.reads:
            yield from _wanted(child, way)


def _elements(way: tuple[Scope, ...], root: SourceRecord) -> list[SourceRecord]:
    reached = [root]
    for scope in way:
        at: Path = scope.at  # type: ignore[assignment]  # a way holds only scopes that have one
        down = at.steps if goes_down(at.steps) else None
        reached = [
            found
            for record in reached
            for found in (records(at, record) if down is None else reached_below(down, record))
            if not scope.skips(found)
        ]
    return reached


def _finding(rule: Rule, others: list[tuple[Located, Located]]) -> Finding:
    first, other = others[0]
    what = rule.paths[0].text
    place = place_of(other.record, other.key, other.component)
    return Finding("MAP-05", place, expected=first.text[:120], got=other.text[:120], params={"what": what, "count": str(len(others))})
