"""The places of a set and the steps between them: where may this segment stand, and what was left out before it?

A grammar's tree of loops becomes places that know each other. A step is searched for once, from the place where the
set stands with the id (and qualifier) of the segment that comes, and then remembered, so that reading a set is one look-up a
segment. The search is the one X12.6 implies: go on in the loop, repeat the loop, leave it.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

from connectors.formats.x12.grammar import Grammar, LoopUse, SegmentUse, known_segments, load
from connectors.formats.x12.patterns import Style, compiled
from connectors.formats.x12.shapes import deciding, tells
from connectors.segment_batch import Shape

ENDLESS = 1 << 60
REMEMBERED = 512
"""Shapes and segments a place remembers as good; small, since what repeats, repeats soon. Partners repeat addresses, dates, currencies."""
LONGEST = 200
"""Characters of a segment that is remembered; what is longer comes seldom, and a thousand of them are much memory."""
HEAD = 4
"""Characters by which a step is looked up: they hold the id and its separator, for ids have two or three."""
_MOST_HEADS = 1000
Special = tuple[bool, bool, "Trouble | None", bool]
"""What only some steps do: whether it opens a loop, the step's `again` and `trouble`, and whether the segment itself is sound."""
Move = tuple["Place", str, int, "Special | None", "str | None"]
"""A step made ready: place, its id, its depth, what is special about it (null for most: one more segment in its loop), and how
the segment must begin where a shape led here that does not tell N1 from N3; else null."""
Key = str | tuple[str, str]


class Trouble(NamedTuple):
    """What is wrong with a step."""

    missing: tuple[tuple[str, str | None], ...]
    """Mandatory segments that should have come first: (id, loop id)."""
    surplus: bool
    """The place is full: one segment too many."""


class Step(NamedTuple):
    """What a segment does to the walk."""

    place: Place
    again: bool
    """It begins a loop in which the set already stands."""
    trouble: Trouble | None

    def move(self) -> Move:
        """The same as a plain tuple, which is taken apart faster."""
        place = self.place
        special = (place.opens, self.again, self.trouble, True) if place.opens or self.trouble is not None else None
        return place, place.id, place.depth, special, None


def unsound(move: Move) -> Move:
    """The same step for a segment whose elements are wrong."""
    place, tag, depth, special, _ = move
    opens, again, trouble, _ = special or (False, False, None, True)
    return place, tag, depth, (opens, again, trouble, False), None


class Loop:
    """A loop of the grammar; the set itself is the outermost, of depth 0."""

    __slots__ = ("body", "depth", "id", "index", "mandatory", "max", "parent", "qualifier")

    def __init__(self, use: LoopUse | None, parent: Loop | None, index: int) -> None:
        self.id = use.id if use else None
        self.parent = parent
        self.index = index
        self.depth: int = parent.depth + 1 if parent else 0
        self.max = (use.max if use else 1) or ENDLESS
        self.mandatory = use is not None and use.use == "M"
        self.qualifier = use.qualifier if use else None
        self.body: list[Place | Loop] = []

    @property
    def first(self) -> Place:
        """The segment that opens the loop."""
        place = self.body[0]
        assert isinstance(place, Place)
        return place


class Place:
    """A segment at its place in the set, with the steps from here that are known."""

    __slots__ = (
        "counted",
        "deciding",
        "depth",
        "ending",
        "full",
        "full_heads",
        "full_seen",
        "heads",
        "hierarchical",
        "id",
        "index",
        "known",
        "limit",
        "loop",
        "match",
        "most",
        "opens",
        "seen",
        "style",
        "use",
    )

    def __init__(self, use: SegmentUse, loop: Loop, index: int, style: Style, opens: bool, hierarchical: bool) -> None:
        self.use = use
        self.id = use.id
        self.loop = loop
        self.depth = loop.depth
        self.index = index
        self.opens = opens
        self.hierarchical = hierarchical
        self.counted = False
        """The set states how many loops begin here, and they begin nowhere else."""
        self.limit = ENDLESS if opens else (use.max or ENDLESS)
        self.most = loop.max
        """How often the loop that it opens may come."""
        self.full: dict[Key, Step] = {}
        """Steps from here when the place has had all its segments."""
        self.known: dict[Key, Step] = self.full if self.limit == 1 else {}
        """Steps from here, by segment id; those of ids that need a qualifier stand under (id, value)."""
        self.full_heads: dict[str, Move] = {}
        self.heads: dict[str, Move] = self.full_heads if self.limit == 1 else {}
        """The same by the first characters of a segment, where its id alone decides."""
        self.full_seen: dict[Shape, Move] = {}
        self.seen: dict[Shape, Move] = self.full_seen if self.limit == 1 else {}
        """What came from here lately, with nothing wrong, by its shape or, where that does not tell all, as it was: the steps."""
        self.deciding: tuple[int, ...] = deciding(use)
        """Elements whose very characters decide what the segment is, and whether it is right."""
        self.ending: tuple[tuple[str, str | None], ...] | None = None
        """What is missing when the set ends here; null until it was asked."""
        self.style = style
        self.match: Callable[[str], re.Match[str] | None] = self._match_first

    def _match_first(self, text: str) -> re.Match[str] | None:
        # Patterns cost milliseconds: a place gets its own when its first segment comes.
        self.match = compiled(self.use, self.style)
        return self.match(text)


class Walk:
    """A grammar made ready for reading in one style."""

    def __init__(self, grammar: Grammar, style: Style) -> None:
        self.grammar = grammar
        self.style = style
        self.root = Loop(None, None, -1)
        self.depth = 0
        self.qualified: dict[str, int] = {}
        """Segment ids whose loops are told apart by an element, and which."""
        self._values: dict[str, set[str]] = {}
        self._ids: set[str] = set()
        self._strays: dict[tuple[Place, str], tuple[str, Place | None]] = {}
        self._fill(self.root, grammar.body)
        for place in _all_places(self.root):
            if place.id in self.qualified:
                place.deciding += (self.qualified[place.id],)
        self.totals = _first_of_totals(grammar, style)
        """How a segment begins that states the number of loops, up to the number; null where the set states none."""
        self.counts = self._count()
        """Whether each of those loops begins at a place that is `counted`."""
        self.counts_levels = grammar.hierarchy and grammar.totals is not None and grammar.totals.of == "HL"
        """Whether they are the levels of the hierarchy."""
        self.start = Place(SegmentUse("ST", "Transaction Set Header", "M", 1, ()), self.root, -1, style, False, False)

    def _fill(self, loop: Loop, body: tuple[SegmentUse | LoopUse, ...]) -> None:
        self.depth = max(self.depth, loop.depth)
        for index, use in enumerate(body):
            if isinstance(use, SegmentUse):
                self._ids.add(use.id)
                opens = index == 0 and loop.parent is not None
                loop.body.append(Place(use, loop, index, self.style, opens, opens and use.id == "HL" and self.grammar.hierarchy))
                continue
            inner = Loop(use, loop, index)
            self._fill(inner, use.body)
            loop.body.append(inner)
            if use.qualifier:
                self.qualified[inner.first.id] = use.qualifier[0]
                self._values.setdefault(inner.first.id, set()).add(use.qualifier[1])

    def _count(self) -> bool:
        """Mark the place of the loops of which the set states the number: one loop of the set itself, the only place of its tag."""
        totals = self.grammar.totals
        if totals is None or self.grammar.hierarchy:
            return False
        places = [place for place in _all_places(self.root) if place.id == totals.of]
        if len(places) != 1 or not places[0].opens or places[0].depth != 1:
            return False
        places[0].counted = True
        return True

    def step(self, place: Place, text: str, elements: list[str], full: bool) -> Move | None:
        """The step from a place, remembered; null when the segment cannot stand here."""
        found = self._step(place, elements, full)
        if found is None:
            return None
        move = found.move()
        if elements[0] not in self.qualified and len(elements[0]) < HEAD:
            heads = place.full_heads if full else place.heads
            if len(heads) < _MOST_HEADS:
                heads[text[:HEAD]] = move
        return move

    def remember(self, seen: dict[Shape, Move], move: Move, text: str, shape: Shape) -> None:
        """Keep the step of a segment with which nothing was wrong, for what looks the same from the same place."""
        if len(text) > LONGEST:
            return
        if len(seen) >= REMEMBERED:
            seen.clear()
        place = move[0]
        if shape.__class__ is bytes and tells(text.split(self.style.element), place.deciding):
            seen[shape] = move if place.id.isalpha() else (*move[:4], place.id)
        else:
            seen[text] = move

    def _step(self, place: Place, elements: list[str], full: bool) -> Step | None:
        tag, value = elements[0], ""
        if tag not in self._ids:
            return None
        steps = place.full if full else place.known
        at = self.qualified.get(tag)
        key: Key = tag
        if at is not None:
            value = elements[at] if at < len(elements) and elements[at] in self._values[tag] else ""
            key = (tag, value)
            if key in steps:
                return steps[key]
        found = self._search(place, tag, value, full or place.opens)
        if found is None and not place.opens and place.id == tag:
            found = Step(place, False, Trouble((), surplus=True))
        if found is not None:
            steps[key] = found
        return found

    def _search(self, place: Place, tag: str, value: str, beyond: bool) -> Step | None:
        loop: Loop | None = place.loop
        index = place.index + 1 if beyond else place.index
        missing: list[tuple[str, str | None]] = []
        while loop is not None:
            for sibling in loop.body[max(index, 0) :]:
                if self._is(sibling, tag, value):
                    return Step(sibling if isinstance(sibling, Place) else sibling.first, False, _trouble(missing))
                if sibling is not place:
                    missing.extend(_needed(sibling))
            if loop.parent is not None and self._is(loop, tag, value):
                return Step(loop.first, True, _trouble(missing))
            index = loop.index + 1
            loop = loop.parent
        return None

    def _is(self, sibling: Place | Loop, tag: str, value: str) -> bool:
        if isinstance(sibling, Place):
            return sibling.id == tag
        if sibling.first.id != tag:
            return False
        # A value that picks no loop takes the first one, whose element check then names the wrong code.
        return not value or sibling.qualifier is None or sibling.qualifier[1] == value

    def unfinished(self, place: Place) -> tuple[tuple[str, str | None], ...]:
        """Mandatory segments that are still to come where the set ends: (id, loop id)."""
        if place.ending is None:
            missing: list[tuple[str, str | None]] = []
            loop: Loop | None = place.loop
            index = place.index + 1
            while loop is not None:
                for sibling in loop.body[index:]:
                    missing.extend(_needed(sibling))
                index = loop.index + 1
                loop = loop.parent
            place.ending = tuple(missing)
        return place.ending

    def misplaced(self, place: Place, tag: str) -> tuple[str, Place | None]:
        """AK3 code for a segment that cannot stand here, and the place it missed.

        7 wrong order, 2 unexpected here, 6 not in this set, 1 unknown in every set.
        """
        known = self._strays.get((place, tag))
        if known is None:
            known = self._misplaced(place, tag)
            if len(self._strays) < _MOST_STRAYS:
                self._strays[place, tag] = known
        return known

    def _misplaced(self, place: Place, tag: str) -> tuple[str, Place | None]:
        loop: Loop | None = place.loop
        index = place.index
        while loop is not None:
            for sibling in reversed(loop.body[: index + 1]):
                if isinstance(sibling, Place) and sibling.id == tag and not sibling.opens:
                    return "7", sibling
            index = loop.index
            loop = loop.parent
        if tag in self._ids:
            return "2", None
        return ("6" if tag in known_segments() else "1"), None


def _first_of_totals(grammar: Grammar, style: Style) -> str | None:
    return None if grammar.totals is None else grammar.totals.segment + style.element * grammar.totals.element


def _all_places(loop: Loop) -> Iterator[Place]:
    for one in loop.body:
        if isinstance(one, Place):
            yield one
        else:
            yield from _all_places(one)


def _trouble(missing: list[tuple[str, str | None]]) -> Trouble | None:
    return Trouble(tuple(missing), surplus=False) if missing else None


def _needed(sibling: Place | Loop) -> Iterator[tuple[str, str | None]]:
    if isinstance(sibling, Place):
        if sibling.use.use == "M":
            yield sibling.id, sibling.loop.id
    elif sibling.mandatory:
        yield sibling.first.id, sibling.id


_walks: OrderedDict[tuple[str, Style], Walk] = OrderedDict()
_lock = Lock()
_KEPT = 64
_MOST_STRAYS = 1000
_LONGEST_NUMBER = 16
"""Characters of a set's number and version by which its walk is remembered; what is longer is no number of a set."""


def walk_for(message: str, version: str, style: Style) -> Walk | None:
    """The walk of a set, kept for the next one; null when the set is unknown. The caches are bounded."""
    known = len(message) <= _LONGEST_NUMBER and len(version) <= _LONGEST_NUMBER
    return _remembered(message, version, style) if known else _walk_for(message, version, style)


@lru_cache(maxsize=1024)
def _remembered(message: str, version: str, style: Style) -> Walk | None:
    return _walk_for(message, version, style)


def _walk_for(message: str, version: str, style: Style) -> Walk | None:
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
