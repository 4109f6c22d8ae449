"""Which records are the elements of a list: where they lie, what must lie about them, and what may not (`at`, `only`, `unless`, `needs`).

Many elements of one list ask the same of the record above them (the quantities of a line whether it has one of a kind): a message is
searched once for all of them, for three thousand that each search three thousand take seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from data_contracts.source import SourceRecord
from mappings.getters import Run
from mappings.path import Path, goes_down, leads_out, lies_below, reached, records
from mappings.plan import Scope


def elements_of(at: Path | None) -> Callable[[SourceRecord, Run], Iterable[SourceRecord]]:
    """The records of an `each`."""
    if at is None or not at.steps:
        return lambda record, run: (record,)
    steps = at.steps
    if not goes_down(steps):
        return lambda record, run: records(at, record)
    if steps[0].axis != "below":
        return lambda record, run: reached(steps, (record,))
    first, rest = steps[:1], steps[1:]

    def below(record: SourceRecord, run: Run) -> Iterable[SourceRecord]:
        """Several lists start from the same records at any depth; the message is searched once for all of them."""
        key = (id(record), first)
        found = run.below.get(key)
        if found is None:
            found = run.below[key] = reached(first, (record,))
        return reached(rest, found)

    return below


def lie_there(paths: Sequence[Path]) -> Callable[[SourceRecord, Run], bool]:
    """Whether one of these paths reaches a record. What is asked above an element is asked once for all elements below it."""
    above = [path for path in paths if leads_out(path) and not any(step.same for step in path.steps)]
    own = [path for path in paths if path not in above]

    def there(element: SourceRecord, run: Run) -> bool:
        for path in above:
            for record in reached(path.steps[:1], (element,)):
                found = run.below.get(key := (id(record), path.steps))
                if found is None:
                    found = run.below[key] = reached(path.steps[1:], (record,))
                if found:
                    return True
        return lies_below(own, element)

    return there


def needed_below(scope: Scope) -> tuple[frozenset[str], ...]:
    """For each member without which there is no element the tags of the records below it that could say it, where nothing else could."""
    found = []
    for name in scope.needs:
        rules = [rule for rule in scope.rules if rule.reads and rule.to[:1] == (name,)]
        firsts = [path.steps[0] if path.steps else None for rule in rules for path in rule.paths]
        told = all(rule.paths and rule.const is None and rule.default is None for rule in rules)
        if told and firsts and all(step is not None and step.axis == "child" and not step.same for step in firsts):
            found.append(frozenset(step.tag for step in firsts if step is not None))
    return tuple(found)
