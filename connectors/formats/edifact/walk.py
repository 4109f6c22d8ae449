"""The places of a message and the steps between them: where may this segment stand, and what was left out before it?

A grammar's tree of segment groups becomes places that know each other. A step is searched for once, from the place where the message
stands with the tag of the segment that comes, and then remembered, so that reading a message is one look-up a segment. The search is
the one that ISO 9735 implies: go on in the group, repeat the group, leave it.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import NamedTuple

from connectors.formats.edifact.elements import Fault, explain
from connectors.formats.edifact.grammar import Grammar, GroupUse, SegmentUse, load
from connectors.formats.edifact.patterns import TEXT, Style, compiled
from connectors.formats.edifact.separators import ELEMENT
from connectors.formats.edifact.shapes import blurred
from connectors.segment_batch import Shape

ENDLESS = 1 << 60
HEAD = 4
"""Characters by which a segment's step is known: its tag, and the separator where it has elements."""

REMEMBERED = 1024
"""Shapes that a place remembers as sound."""

_EXPLAINED, _MOST_EXPLAINED = 64, 200
"""Faulty segments that a place remembers with their faults, and characters of one that is remembered."""

LINE, TOTAL, SUMMARY, LEVEL = "LIN", "CNT", "UNS", "level"
"""What begins a line, of whatever message; what states a total; what begins a section, that of the totals too; a packing level."""

Missing = tuple[tuple[str, str | None], ...]
"""Mandatory segments that should have come: (tag, group)."""


class Trouble(NamedTuple):
    """What is wrong with a step."""

    missing: Missing
    """What should have come first."""
    surplus: bool
    """The place is full: one segment too many."""


class Special(NamedTuple):
    """What only some steps do."""

    opens: bool
    """It begins a group."""
    again: bool
    """It begins one in which the message already stands."""
    trouble: Trouble | None
    sound: bool
    """Nothing is wrong with its elements."""


class Step(NamedTuple):
    """What a segment does to the walk."""

    place: Place
    tag: str
    depth: int
    special: Special | None
    """Null for most: one more segment in its group, and sound."""
    known: dict[str, Step]
    """Steps from the place by head, and by shape: what the reader needs next."""
    shapes: dict[Shape, Step]

    def unsound(self) -> Step:
        """The same step for a segment whose elements are wrong."""
        opens, again, trouble, _ = self.special or (False, False, None, True)
        return Step(self.place, self.tag, self.depth, Special(opens, again, trouble, False), self.known, self.shapes)


class Group:
    """A segment group of the grammar; the message itself is the outermost, of depth 0."""

    __slots__ = ("body", "depth", "id", "index", "mandatory", "max", "parent")

    def __init__(self, use: GroupUse | None, parent: Group | None, index: int) -> None:
        self.id = use.id if use else None
        self.parent = parent
        self.index = index
        self.depth: int = parent.depth + 1 if parent else 0
        self.max = (use.max if use else 1) or ENDLESS
        self.mandatory = use is not None and use.use == "M"
        self.body: list[Place | Group] = []

    @property
    def first(self) -> Place:
        """The trigger."""
        place = self.body[0]
        assert isinstance(place, Place)
        return place


class Place:
    """A segment at its place in the message, with the steps from here that are known."""

    __slots__ = (
        "depth",
        "ending",
        "explained",
        "full",
        "full_shapes",
        "group",
        "id",
        "index",
        "kept",
        "known",
        "limit",
        "match",
        "most",
        "opens",
        "passed",
        "shapes",
        "style",
        "use",
    )

    def __init__(self, use: SegmentUse, group: Group, index: int, style: Style, opens: bool) -> None:
        self.use = use
        self.id = use.id
        self.group = group
        self.depth = group.depth
        self.index = index
        self.opens = opens
        self.kept = ""
        """`LINE` or `LEVEL` where the reader counts the groups that begin here, or keeps where they stand."""
        self.limit = ENDLESS if opens else (use.max or ENDLESS)
        self.most = group.max
        """How often the group that it opens may come."""
        self.full: dict[str, Step] = {}
        """Steps from here, by head, when the place has had all its segments."""
        self.known: dict[str, Step] = self.full if self.limit == 1 else {}
        self.full_shapes: dict[Shape, Step] = {}
        self.shapes: dict[Shape, Step] = self.full_shapes if self.limit == 1 else {}
        """The same by the whole shape, for segments that were sound."""
        self.ending: Missing | None = None
        """What is missing when the message ends here; null until it was asked."""
        self.style = style
        self.passed: set[Shape] | None = set() if _by_shape(use, style) else None
        """Blurred shapes that matched; null where something else than the shape decides."""
        self.explained: dict[str, list[Fault]] = {}
        """What was wrong with segments here: a sender that errs does so in every message."""
        self.match: Callable[[str], re.Match[str] | None] = self._match_first

    def _match_first(self, text: str) -> re.Match[str] | None:
        # Patterns cost milliseconds: a place gets its own when its first segment comes.
        self.match = compiled(self.use, self.style)
        return self.match(text)

    def sound(self, text: str, shape: Shape) -> bool:
        """Whether the elements of a segment at this place are as they must be."""
        passed = self.passed
        if passed is None:
            return self.match(text) is not None
        blur = blurred(shape)
        if blur in passed:
            return True
        if self.match(text) is None:
            return False
        if len(passed) >= REMEMBERED:
            passed.clear()
        passed.add(blur)
        return True

    def faults(self, elements: Sequence[str]) -> list[Fault]:
        """What is wrong with a segment at this place."""
        text = ELEMENT.join(elements)
        faults = self.explained.get(text)
        if faults is None:
            faults = explain(self.use, elements, self.style)
            if len(text) <= _MOST_EXPLAINED:
                if len(self.explained) >= _EXPLAINED:
                    self.explained.clear()
                self.explained[text] = faults
        return faults


def _by_shape(use: SegmentUse, style: Style) -> bool:
    elements = (*use.elements, *(part for element in use.elements for part in element.components))
    # A tag of capitals stands in the shape as it is, so that no other tag has the shape of a segment that was sound.
    capitals = use.id.isascii() and use.id.isalpha() and use.id.isupper()
    return capitals and style.text == TEXT and all(element.codes is None for element in elements)


class Walk:
    """A grammar made ready for reading in one style."""

    def __init__(self, grammar: Grammar, style: Style) -> None:
        self.grammar = grammar
        self.style = style
        self.depth = 0
        self._tags: set[str] = set()
        self._root = Group(None, None, -1)
        self._fill(self._root, grammar.body)
        self.counts_lines = self._mark(LINE, LINE)
        """Whether each line begins at a place that is marked so."""
        self.totals_together = self._totals_together()
        """Whether the message's own totals are neighbours, none of them in a summary."""
        self.keeps_levels = grammar.hierarchy is not None and self._mark(LEVEL, grammar.hierarchy, 1)
        """Whether each packing level does, in a group of the message itself."""
        self.start = Place(SegmentUse("UNH", "Message header", "M", 1, ()), self._root, -1, style, False)

    def _fill(self, group: Group, body: tuple[SegmentUse | GroupUse, ...]) -> None:
        self.depth = max(self.depth, group.depth)
        for index, use in enumerate(body):
            if isinstance(use, SegmentUse):
                self._tags.add(use.id)
                group.body.append(Place(use, group, index, self.style, index == 0 and group.parent is not None))
            else:
                inner = Group(use, group, index)
                self._fill(inner, use.body)
                group.body.append(inner)

    def _mark(self, kept: str, tag: str, depth: int | None = None) -> bool:
        """Mark the places of a tag; false, and none is marked, where one begins no group or is not at this depth."""
        places = [place for place in _all_places(self._root) if place.id == tag]
        if not all(place.opens and depth in (None, place.depth) for place in places):
            return False
        for place in places:
            place.kept = kept
        return True

    def _totals_together(self) -> bool:
        places = list(_all_places(self._root))
        return sum(place.id == TOTAL and place.depth == 0 for place in places) == 1 and all(place.id != SUMMARY for place in places)

    def step(self, place: Place, head: str, tag: str, full: bool) -> Step | None:
        """The step from a place, remembered by the segment's head; null when the segment cannot stand here."""
        if tag not in self._tags:
            return None
        found = self._search(place, tag, full or place.opens)
        if found is None and not place.opens and place.id == tag:
            found = _step(place, False, Trouble((), True))
        if found is not None:
            (place.full if full else place.known)[head] = found
        return found

    def _search(self, place: Place, tag: str, beyond: bool) -> Step | None:
        group: Group | None = place.group
        index = place.index + 1 if beyond else place.index
        missing: list[tuple[str, str | None]] = []
        while group is not None:
            for sibling in group.body[max(index, 0) :]:
                target = sibling if isinstance(sibling, Place) else sibling.first
                if target.id == tag:
                    return _step(target, False, _trouble(missing))
                if sibling is not place:
                    missing.extend(_needed(sibling))
            if group.parent is not None and group.first.id == tag and not _followed(group, tag):
                return _step(group.first, True, _trouble(missing))
            index = group.index + 1
            group = group.parent
        return None

    def unfinished(self, place: Place) -> Missing:
        """Mandatory segments that are still to come where the message ends."""
        if place.ending is None:
            missing: list[tuple[str, str | None]] = []
            group: Group | None = place.group
            index = place.index + 1
            while group is not None:
                for sibling in group.body[index:]:
                    missing.extend(_needed(sibling))
                index = group.index + 1
                group = group.parent
            place.ending = tuple(missing)
        return place.ending

    def unopened(self, place: Place, tag: str) -> Group | None:
        """The mandatory group, still to come, that has a place for a segment which came before the group's first: CNT without UNS."""
        group: Group | None = place.group if tag in self._tags else None
        index = place.index + 1
        while group is not None:
            for later in group.body[index:]:
                if isinstance(later, Group) and later.mandatory and any(isinstance(one, Place) and one.id == tag for one in later.body):
                    return later
            index = group.index + 1
            group = group.parent
        return None

    def passed_by(self, place: Place, tag: str) -> Place | None:
        """The place of a segment that comes too late, null where the tag has none before this one."""
        group: Group | None = place.group
        index = place.index
        while group is not None:
            for sibling in reversed(group.body[: index + 1]):
                if isinstance(sibling, Place) and sibling.id == tag and not sibling.opens:
                    return sibling
            index = group.index
            group = group.parent
        return None


def _followed(group: Group, tag: str) -> bool:
    """Whether the tag goes on to a later group instead of repeating this one, which comes once: UNS+D, then UNS+S."""
    if group.max > 1 or group.parent is None:
        return False
    later = group.parent.body[group.index + 1 :]
    return any((one if isinstance(one, Place) else one.first).id == tag for one in later)


def _step(place: Place, again: bool, trouble: Trouble | None) -> Step:
    special = Special(place.opens, again, trouble, True) if place.opens or trouble is not None else None
    return Step(place, place.id, place.depth, special, place.known, place.shapes)


def _all_places(group: Group) -> Iterator[Place]:
    for one in group.body:
        if isinstance(one, Place):
            yield one
        else:
            yield from _all_places(one)


def _trouble(missing: list[tuple[str, str | None]]) -> Trouble | None:
    return Trouble(tuple(missing), False) if missing else None


def _needed(sibling: Place | Group) -> Iterator[tuple[str, str | None]]:
    if isinstance(sibling, Place):
        if sibling.use.use == "M":
            yield sibling.id, sibling.group.id
    elif sibling.mandatory:
        yield sibling.first.id, sibling.id


_walks: OrderedDict[tuple[str, Style], Walk] = OrderedDict()
_lock = Lock()
_KEPT = 64


def walk_for(message: str, version: str, style: Style) -> Walk | None:
    """The walk of a message, kept for the next one; null when the message is unknown. The cache is bounded."""
    grammar = load(message, version)
    if grammar is None:
        return None
    key = (grammar.hash, style)
    with _lock:
        walk = _walks.get(key)
        if walk is None:
            walk = _walks[key] = Walk(grammar, style)
            if len(_walks) > _KEPT:
                _walks.popitem(last=False)
        else:
            _walks.move_to_end(key)
        return walk
