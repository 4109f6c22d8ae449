"""How a row gets its text: closures that look into the slots of a scope, fast where the path is plain.

A getter answers the first value of its path with blanks at its ends dropped, or empty text. It falls back to
walking the path only when its first record lacks the value and the message repeats that record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.context import Context
from mappings.gather import RECORD, REPEATS, SHARED, Cache, Found, Gatherer
from mappings.path import COMPONENT_MARK, Component, Element, Pairs, Path, Step, component_of, locate, plain_value, records

if TYPE_CHECKING:
    from mappings.passed_over import Rows

MOST_FINDINGS = 1000
"""Findings kept for one message; one that has more is held anyway."""


class Run:
    """One message being read."""

    __slots__ = (
        "below",
        "caches",
        "context",
        "dropped",
        "elements",
        "findings",
        "numbered",
        "ordinals",
        "passed",
        "refusals",
        "told",
        "unnumbered",
    )

    def __init__(self, context: Context, scopes: int) -> None:
        self.context = context
        self.findings: list[Finding] = []
        self.dropped = 0
        """Findings that were counted and not kept."""
        self.told = 0
        """Texts so far that a row could not read, whether their findings were kept or not."""
        self.numbered = 0
        """Values so far that ranges stood for: a document of a few kilobytes can name millions."""
        self.refusals: set[tuple[int, object]] = set()
        """Records and members of which a row found a text that it could not read."""
        self.below: dict[tuple[int, tuple[Step, ...]], Sequence[SourceRecord]] = {}
        """Records at any depth below one, by what leads to them."""
        self.elements: dict[int, list[SourceRecord]] = {}
        """Elements of which a row that says `alone` may have several values, by the number of their scope."""
        self.unnumbered: list[tuple[dict[str, Any], str, SourceRecord]] = []
        """Elements to which their place in the list gave the number that they could have stated, with the member and their records."""
        self.ordinals: list[Finding] = []
        """What is told of the numbers that such elements took beside others that state theirs."""
        self.caches: list[Cache] = [{} for _ in range(scopes)]
        self.passed: dict[int, list[tuple[Rows, str]]] = {}
        """What rows passed over below a record, by its `id`, with the text that was kept instead; empty where none was."""

    def pass_over(self, record: SourceRecord, rows: Rows, kept: str = "") -> None:
        """Note rows that named something below this record and did not take it; what many elements read above themselves is noted once."""
        noted = self.passed.setdefault(id(record), [])
        if not any(known is rows and said == kept for known, said in noted):
            noted.append((rows, kept))

    def full(self) -> bool:
        """Whether a finding that is about to be made is only counted: places are looked for among all records alike, which takes time."""
        if len(self.findings) < MOST_FINDINGS:
            return False
        self.dropped += 1
        return True


Getter = Callable[[Found, Run], str]
RowReader = Callable[[Found, dict[str, Any], Run], None]
"""A row, or all rows of a scope: what was found for a record, the element that is made of it, the run."""


def first_of(getters: list[Getter]) -> Getter:
    """The first of these that has a value."""
    if len(getters) == 1:
        return getters[0]
    if len(getters) == 2:
        one, other = getters
        return lambda found, run: one(found, run) or other(found, run)
    ways = tuple(getters)

    def get(found: Found, run: Run) -> str:
        for way in ways:
            if text := way(found, run):
                return text
        return ""

    return get


def getter_of(path: Path, gatherer: Gatherer) -> Getter:
    """The first value of a path, blanks at its ends dropped; empty when there is none."""

    def slow(found: Found, run: Run) -> str:
        return next((place.text for place in locate(path, found[RECORD], run.context.components)), "")

    leaf = path.leaf
    reached = gatherer.slot(path.steps)
    if reached is None:
        return slow
    slot, way = reached
    if isinstance(leaf, Element):
        return _element(slot, leaf.number, way, slow) if leaf.component is None else _component(slot, leaf, way, slow)
    if isinstance(leaf, Pairs):
        return _pairs(slot, gatherer, path, way, slow)
    name = leaf.name if leaf is not None else ""
    child = gatherer.slot((*path.steps, Step("child", name))) if name else None
    return _name(slot, name, child[0] if child else None, (*way, child[0]) if child else way, slow)


def _element(slot: int, number: int, way: tuple[int, ...], slow: Getter) -> Getter:
    def get(found: Found, run: Run) -> str:
        record = found[slot]
        if record is not None:
            values = record.values
            if number < len(values):
                text: str = values[number]
                if text and (text := text.strip()):
                    return text
        repeats = found[REPEATS]
        return slow(found, run) if repeats is not None and not repeats.keys().isdisjoint(way) else ""

    return get


def _component(slot: int, leaf: Element, way: tuple[int, ...], slow: Getter) -> Getter:
    number, component = leaf.number, leaf.component or 1

    def get(found: Found, run: Run) -> str:
        record = found[slot]
        if record is not None:
            values = record.values
            if number < len(values) and (text := values[number]) and (text := component_of(text, component, run.context.components)):
                return text
        repeats = found[REPEATS]
        return slow(found, run) if repeats is not None and not repeats.keys().isdisjoint(way) else ""

    return get


def _pairs(slot: int, gatherer: Gatherer, path: Path, way: tuple[int, ...], slow: Getter) -> Getter:
    leaf = path.leaf
    assert isinstance(leaf, Pairs)
    kept, repeated = gatherer.pairs_slot(slot, leaf.key), gatherer.pairs_slot(slot, -leaf.key)
    outside = gatherer.is_outside(slot)
    start, end = leaf.start, None if leaf.end is None else leaf.end + 1
    pairs_in = composites_of if leaf.composites else pairs_of
    qualifiers = tuple(qualifier for qualifier, _ in leaf.qualifiers)

    def get(found: Found, run: Run) -> str:
        pairs = found[kept]
        if pairs is None:
            record = found[slot]
            values: Any = () if record is None else record.values
            pairs = found[kept] = pairs_in(values if end is None else values[:end], start)
            if outside:
                shared(found, kept, pairs)
        for qualifier in qualifiers:
            text: str = pairs.get(qualifier, "")
            if text:
                return text.strip() or slow(found, run)
        repeats = found[REPEATS]
        if repeats is None or repeats.keys().isdisjoint(way):
            return ""
        said = found[repeated]
        if said is None:  # once for all rows that ask these records: a line from outside may have thousands of them
            said = found[repeated] = _said_among(records(path, found[RECORD]), leaf)
            if outside:
                shared(found, repeated, said)
        return min((said[qualifier] for qualifier in qualifiers if qualifier in said), key=_order, default=_NOTHING)[1]

    return get


_NOTHING = (0, "")
_order = itemgetter(0)


def shared(found: Found, kept: int, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was made of records above the one at hand, after it was kept for all records beside this one."""
    if (beside := found[SHARED]) is not None:
        beside[kept] = said
    return said


def _said_among(among: Sequence[SourceRecord], leaf: Pairs) -> dict[str, tuple[int, str]]:
    """By qualifier: the first value that one of many records has for it, and which of them it is."""
    said: dict[str, tuple[int, str]] = {}
    for number, record in enumerate(among):
        values: Any = record.values
        for qualifier, at in leaf.found_in(values):
            if qualifier not in said and (text := plain_value(record, Component(at, 1) if leaf.composites else at)):
                said[qualifier] = (number, text)
    return said


def pairs_of(values: Sequence[str], start: int) -> dict[str, str]:
    """Qualifier to value, the first of equal qualifiers that has a value."""
    qualifiers = values[start:-1:2]
    pairs = dict(zip(qualifiers, values[start + 1 :: 2], strict=False))
    if len(pairs) != len(qualifiers):
        pairs = {}
        for at in range(start, len(values) - 1, 2):
            if values[at + 1].strip():
                pairs.setdefault(values[at], values[at + 1])
    return pairs


def composites_of(values: Sequence[str], start: int) -> dict[str, str]:
    """Second component to first component of the elements from `start` on, the first of equal ones that has a value."""
    pairs: dict[str, str] = {}
    for element in values[start:]:
        value, _, rest = element.partition(COMPONENT_MARK)
        if value.strip():
            pairs.setdefault(rest.partition(COMPONENT_MARK)[0].strip(), value)
    return pairs


def _name(slot: int, name: str, child: int | None, way: tuple[int, ...], slow: Getter) -> Getter:
    def get(found: Found, run: Run) -> str:
        record = found[slot]
        if record is not None:
            text: str = record.values.get(name, "")
            if text and (text := text.strip()):
                return text
            if child is not None and found[child] is not None:
                text = found[child].values.get("", "").strip()
                if text:
                    return text
        repeats = found[REPEATS]
        return slow(found, run) if repeats is not None and not repeats.keys().isdisjoint(way) else ""

    return get
