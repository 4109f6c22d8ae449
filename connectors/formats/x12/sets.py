"""Reading one transaction set after another: order of segments, elements and findings in a single pass.

This is the hot part: a valid segment costs a look-up of its step, and a pattern match unless the place knows its shape or
text. Whatever is wrong leaves that path and is worked out at leisure; the tree waits until it is asked for (`connectors/segment_tree.py`).
Nothing is kept from one set to the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from connectors.faults_told import FaultsTold, MessageFaults
from connectors.formats.x12.delimiters import Delimiters, legible, storable
from connectors.formats.x12.elements import explain
from connectors.formats.x12.foreign_text import foreign_text
from connectors.formats.x12.grammar import Grammar
from connectors.formats.x12.guide import condition
from connectors.formats.x12.hierarchy import Hierarchy, numbers
from connectors.formats.x12.patterns import Style
from connectors.formats.x12.tokens import Batch
from connectors.formats.x12.totals import wrong_totals
from connectors.formats.x12.walk import HEAD, Place, Trouble, Walk, unsound, walk_for
from connectors.segment_tree import FIRST, Kept, PendingRoot
from data_contracts.findings import Finding
from data_contracts.findings import Place as Where
from data_contracts.source import SourceRecord

CONTROL = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})
"""Segments of the envelope: no set may hold them."""

CONTROL_STARTS = frozenset(tag[:2] for tag in CONTROL)
"""How they begin: the cheap first question."""

MOST_SEGMENTS = 1_000_000
"""Segments that a set may have before its tree is given up, so that one set cannot fill the memory (option `max_segments`)."""

_CONDITIONS = ("2", "10")
"""AK4 codes of relational conditions that do not hold."""


@lru_cache(maxsize=256)
def _style_of(marks: Delimiters, extended: bool) -> Style:
    """Partners use the same delimiters every day, and what is made ready for reading is kept by its style."""
    return Style(marks.element, marks.component, marks.repetition, extended)


_UNSTYLED = Style("*", ":", "", False)


@dataclass(slots=True)
class Opened:
    """What the envelope knows of a set when it begins."""

    elements: list[str]
    version: str
    """ST03, else GS08."""
    line: int
    delimiters: Delimiters
    extended: bool
    """The agreement names a charset."""


class SetReader(Protocol):
    """What the envelope needs of a reader of sets: `sets.py` reads in full, `scan.py` only counts."""

    open: bool
    position: int
    root: SourceRecord | None
    most_segments: int

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the set that ended."""

    @property
    def keeps(self) -> bool:
        """Whether sets are read for their content, so that messages are told of."""

    @property
    def known(self) -> Grammar | None:
        """The grammar of the open set, null when the set is unknown."""

    def begin(self, opened: Opened) -> None:
        """An ST has come."""

    def feed(self, batch: Batch) -> str | None:
        """Take segments up to one of the envelope, which is returned, or null when the piece is used up."""

    def finish(self, line: int, complete: bool) -> None:
        """The set ends."""


@dataclass(slots=True)
class FullSets:
    """Validates sets and keeps what their trees are made of."""

    most_segments: int = MOST_SEGMENTS
    told: FaultsTold = field(default_factory=FaultsTold)
    open: bool = False
    position: int = 0
    """Segments of the set so far, ST included."""
    root: SourceRecord | None = None
    walk: Walk | None = None
    _faults_of_set: MessageFaults = field(default_factory=MessageFaults)
    _kept: Kept = field(default_factory=lambda: Kept(0))
    _counts: list[int] = field(default_factory=list)
    _place: Place | None = None
    _run: int = 1
    _style: Style = _UNSTYLED
    _delimiters: Delimiters | None = None
    _walks: dict[tuple[str, str], Walk | None] = field(default_factory=dict)
    _version: str = ""
    _hierarchy: Hierarchy | None = None
    _batch: Batch = field(init=False)
    _counted: int = 0
    """Loops so far of which the set states the number."""
    _grammar: Grammar | None = None

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the set."""
        return self._faults_of_set.findings

    @property
    def keeps(self) -> bool:
        """Yes: messages carry findings and a tree."""
        return True

    @property
    def known(self) -> Grammar | None:
        """The grammar of the set."""
        return self._grammar

    def begin(self, opened: Opened) -> None:
        """Stand at the ST of a set."""
        elements = opened.elements
        if opened.delimiters is not self._delimiters or opened.extended is not self._style.extended:
            marks = self._delimiters = opened.delimiters
            self._style = _style_of(marks, opened.extended)
            self._walks = {}
        self.open, self.position, self._run, self._counted, self._version = True, 1, 1, 0, opened.version
        self._faults_of_set.begin(self.told.most)
        key = (elements[1] if len(elements) > 1 else "", opened.version)
        try:
            walk = self._walks[key]
        except KeyError:
            if len(self._walks) > 16:
                self._walks.clear()
            walk = self._walks[key] = walk_for(*key, self._style)
        self.walk = walk
        if walk is None:
            self._grammar = self.root = self._place = self._hierarchy = None
            return
        self._grammar = walk.grammar
        self._kept = kept = Kept(walk.depth)
        self.root = PendingRoot("ST", elements, opened.line, kept)
        self._counts = [0] * (walk.depth + 1)
        self._place = walk.start
        self._hierarchy = Hierarchy(self._hl_fault) if walk.grammar.hierarchy else None

    def feed(self, batch: Batch) -> str | None:
        """Take segments up to the next one of the envelope."""
        walk, place = self.walk, self._place
        if walk is None or place is None:
            return self._skip(batch)
        if self.position > self.most_segments:
            self.add(Finding("X12-M30", Where("ST", 1), str(self.most_segments), code="5"))
            self.root = self.walk = self._place = None
            return self._skip(batch)
        mark = self._style.element
        counts, hierarchy, kept = self._counts, self._hierarchy, self._kept
        steps, run, first, self._batch = kept.steps, self._run, batch.passed(), batch
        keep = steps.append
        seen = place.seen if run < place.limit else place.full_seen
        stop = None
        for text, shape in batch.pairs:
            step = seen.get(shape)
            if step is None or (step[4] is not None and not text.startswith(step[4])):
                step = seen.get(text)
                if step is None:
                    heads = place.heads if run < place.limit else place.full_heads
                    step = heads.get(text[:HEAD])
                    if step is None:
                        elements = text.split(mark)
                        if elements[0] in CONTROL:
                            stop = text
                            break
                        if not text:
                            continue
                        step = walk.step(place, text, elements, run >= place.limit)
                        if step is None:
                            steps.append(None)
                            if not self._faults_of_set.full():
                                self._misplaced(walk, place, text, elements, len(steps) + 1, batch.line())
                            continue
                    if step[0].match(text) is None:
                        step = unsound(step)
                    elif step[3] is None or step[3][2] is None:
                        walk.remember(seen, step, text, shape)
            keep(step)
            then = step[0]
            special = step[3]
            if special is not None:
                opens, again, trouble, sound = special
                if trouble is not None:
                    self._stepped(then, trouble, len(steps) + 1, batch.line())
                if opens:
                    if then.counted:
                        self._counted += 1
                    elif then.hierarchical and hierarchy is not None:
                        hierarchy.hang(len(steps) + 1, *numbers(text, mark))
                    depth = step[2]
                    counts[depth] = count = counts[depth] + 1 if again else 1
                    if count > then.most:
                        self._too_often(then, len(steps) + 1, batch.line())
                if not sound:
                    self._faults(then, text.split(mark), len(steps) + 1, batch.line())
            if then is not place:
                place, run, seen = then, 1, then.seen
            else:
                run += 1
                if run >= then.limit:
                    seen = then.full_seen
        last = batch.passed() - (stop is not None)
        kept.take(batch.cleaned[first:last], batch.lines(first, last))
        self.position, self._run, self._place = len(steps) + 1, run, place
        return stop

    def _skip(self, batch: Batch) -> str | None:
        """Count the segments of a set that has no grammar or is too large."""
        stop, count = batch.pass_over(self._style.element, CONTROL, CONTROL_STARTS)
        self.position += count
        return stop

    def finish(self, line: int, complete: bool) -> None:
        """The set ends here: with an SE at `position`, or not `complete`, so that nobody knows what would have come."""
        if complete and self.walk is not None and self._place is not None:
            for tag, loop in self.walk.unfinished(self._place):
                self._missing(tag, loop, self.position, line)
        hierarchy = self._hierarchy
        if hierarchy is not None and self.root is not None:
            hierarchy.settle()
            self._kept.above, self._kept.hung = hierarchy.above, hierarchy.hung
        if complete and not self.findings and self.root is not None:  # where anything else is wrong, that explains it
            self._hold_against_totals(self.root)
        self._faults_of_set.settle("X12-M31", Where("ST", 1), "5")
        self.told.add(len(self.findings))
        self.open = False

    def _hold_against_totals(self, root: SourceRecord) -> None:
        walk = self.walk
        if walk is None or walk.totals is None:
            return
        came = self._hierarchy.levels if walk.counts_levels and self._hierarchy is not None else self._counted if walk.counts else None
        if came is not None and self._kept.texts and self._kept.texts[-1] == f"{walk.totals}{came}":
            return  # as nearly every set ends: nothing but the right number
        for wrong in wrong_totals(root, walk.grammar, came):
            self.add(wrong)

    def add(self, finding: Finding) -> None:
        """Keep a finding of this set, up to the limit."""
        self._faults_of_set.add(finding)

    # --- what is wrong -----------------------------------------------------------------------------------------------

    def _stepped(self, place: Place, trouble: Trouble, position: int, line: int) -> None:
        for tag, loop in trouble.missing:
            self._missing(tag, loop, position, line)
        if trouble.surplus and not self._faults_of_set.full():
            limit = str(place.use.max)
            self.add(Finding("X12-S05", Where(place.id, position, line=line), limit, place.id, "5", params=_loop(place.loop.id)))

    def _missing(self, tag: str, loop: str | None, position: int, line: int) -> None:
        if not self._faults_of_set.full():
            self.add(Finding("X12-S03", Where(tag, position, line=line), tag, None, "3", params=_loop(loop)))

    def _too_often(self, place: Place, position: int, line: int) -> None:
        if self._faults_of_set.full():
            return
        limit = str(place.loop.max)
        self.add(Finding("X12-S04", Where(place.id, position, line=line), limit, place.id, "4", params=_loop(place.loop.id)))

    def _misplaced(self, walk: Walk, place: Place, text: str, elements: list[str], position: int, line: int) -> None:
        code, missed = walk.misplaced(place, elements[0])
        tag = legible(elements[0], 8)
        loop = missed.loop.id if missed else place.loop.id
        self.add(Finding(f"X12-S{code:0>2}", Where(tag, position, line=line), None, tag, code, params=_loop(loop)))
        self._kept.misplace(position, tag, (missed or place).depth, elements)
        if missed is not None and missed.match(text) is None:
            self._faults(missed, elements, position, line)
        elif missed is None and not text.isprintable():
            _clean(elements)

    def _faults(self, place: Place, elements: list[str], position: int, line: int) -> None:
        for fault in () if self._faults_of_set.full() else explain(place.use, elements, self._style, self._version >= "005010"):
            params = _loop(place.loop.id)
            if fault.number:
                params["number"] = fault.number
            if fault.repeat is not None:
                params["repeat"] = str(fault.repeat)
            if fault.code in _CONDITIONS and fault.expected:
                params |= {"says": condition(place.id, fault.expected, "en"), "says_zh": condition(place.id, fault.expected, "zh-CN")}
            where = Where(place.id, position, fault.element, fault.component, line)
            value = fault.got
            if fault.code == "6" and value is not None and not value.isascii() and not self._style.extended:
                value, charset = foreign_text(value)
                params |= charset
            got = legible(value) if value is not None else None
            self.add(Finding(f"X12-E{fault.code:0>2}", where, fault.expected, got, fault.code, params=params))
        _clean(elements)
        self._kept.clean(position, elements)

    def _hl_fault(self, rule: str, position: int, element: int, expected: str) -> None:
        if self._faults_of_set.full():
            return
        kept, index = self._kept, position - FIRST
        if index < len(kept.texts):
            text, line = kept.texts[index], kept.lines[index]
        else:  # the segment at hand
            text, line = self._batch.last(), self._batch.line()
        got = legible(text.split(self._style.element)[element])
        params = {"loop": "HL", "number": "628" if element == 1 else "734"}
        self.add(Finding(rule, Where("HL", position, element, None, line), expected or None, got, "7", params=params))


def _loop(loop: str | None) -> dict[str, str]:
    return {"loop": loop} if loop else {}


def _clean(elements: list[str]) -> None:
    """Make values storable; the finding says what was there."""
    for index, value in enumerate(elements):
        if not value.isprintable():
            elements[index] = storable(value)
