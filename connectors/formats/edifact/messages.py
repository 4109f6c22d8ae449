"""Reading one message after another: order of segments, elements and findings in a single pass.

This is the hot part: a valid segment costs a look-up by its shape. Whatever is wrong leaves that path and is worked out at
leisure; the tree waits until it is asked for (`connectors/segment_tree.py`). Nothing is kept from one message to the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from connectors.faults_told import FaultsTold, MessageFaults
from connectors.formats.edifact.elements import spread
from connectors.formats.edifact.grammar import Grammar
from connectors.formats.edifact.packing import levels_above, nest
from connectors.formats.edifact.patterns import Style
from connectors.formats.edifact.separators import COMPONENT, ELEMENT, REPETITION
from connectors.formats.edifact.totals import counts_lines_only, wrong_totals
from connectors.formats.edifact.walk import HEAD, LINE, REMEMBERED, Group, Missing, Place, Trouble, Walk, walk_for
from connectors.legible import legible
from connectors.segment_batch import SegmentBatch
from connectors.segment_tree import Kept, PendingRoot
from data_contracts.findings import Finding, has_error
from data_contracts.findings import Place as Where
from data_contracts.source import SourceRecord

SERVICE = frozenset({"UNB", "UNG", "UNH", "UNT", "UNE", "UNZ"})
"""Segments of the envelope: no message may hold them."""

SERVICE_STARTS = frozenset({"UN"})
"""How they begin."""

MOST_SEGMENTS = 1_000_000
"""Segments that a message may have before its tree is given up, so that one message cannot fill the memory (option `max_segments`)."""


class MessageReader(Protocol):
    """What the envelope needs of a reader of messages: `FullMessages` reads in full, `CountedMessages` only counts."""

    open: bool
    position: int
    root: SourceRecord | None

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the message that ended."""

    @property
    def keeps(self) -> bool:
        """Whether messages are read for their content, so that they are told of."""

    @property
    def known(self) -> Grammar | None:
        """The grammar of the open message, null when it is unknown."""

    def begin(self, elements: list[str], kind: str, version: str, style: Style, line: int) -> None:
        """A UNH has come."""

    def feed(self, batch: SegmentBatch) -> str | None:
        """Take segments up to one of the envelope, which is returned, or null when the piece is used up."""

    def finish(self, line: int, complete: bool) -> None:
        """The message ends."""


@dataclass(slots=True)
class CountedMessages:
    """Passes over messages without looking into them: for who only wants to know of envelopes."""

    open: bool = False
    position: int = 0
    findings: list[Finding] = field(default_factory=list)
    root: SourceRecord | None = None

    @property
    def keeps(self) -> bool:
        """No: nothing is told of the messages."""
        return False

    @property
    def known(self) -> Grammar | None:
        """Not looked up."""
        return None

    def begin(self, elements: list[str], kind: str, version: str, style: Style, line: int) -> None:
        """A UNH has come."""
        self.open, self.position = True, 1

    def feed(self, batch: SegmentBatch) -> str | None:
        """Pass on to the next segment of the envelope."""
        stop, count = batch.pass_over(ELEMENT, SERVICE, SERVICE_STARTS)
        self.position += count
        return stop

    def finish(self, line: int, complete: bool) -> None:
        """The message ends."""
        self.open = False


@dataclass(slots=True)
class FullMessages:
    """Validates messages and keeps what their trees are made of."""

    most_segments: int = MOST_SEGMENTS
    told: FaultsTold = field(default_factory=FaultsTold)
    open: bool = False
    position: int = 0
    """Segments of the message so far, UNH included."""
    root: SourceRecord | None = None
    _faults_of_message: MessageFaults = field(default_factory=MessageFaults)
    _walk: Walk | None = None
    _kept: Kept = field(default_factory=lambda: Kept(0))
    _counts: list[int] = field(default_factory=list)
    _place: Place | None = None
    _run: int = 1
    _style: Style = field(default_factory=Style)
    _walks: dict[tuple[str, str], Walk | None] = field(default_factory=dict)
    _lines: int = 0
    """Lines so far, and packing levels with their positions, where the walk keeps them."""
    _levels: list[tuple[int, str]] = field(default_factory=list)
    _headless: list[tuple[Finding, Group]] = field(default_factory=list)
    """Segments out of place, and the group that has a place for them and may yet begin."""
    _grammar: Grammar | None = None

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the message."""
        return self._faults_of_message.findings

    @property
    def keeps(self) -> bool:
        """Yes: messages carry findings and a tree."""
        return True

    @property
    def known(self) -> Grammar | None:
        """The grammar of the message."""
        return self._grammar

    def begin(self, elements: list[str], kind: str, version: str, style: Style, line: int) -> None:
        """Stand at the UNH of a message of this type and version."""
        if style is not self._style:
            self._style, self._walks = style, {}
        self.open, self.position, self._run = True, 1, 1
        self._faults_of_message.begin(self.told.most)
        key = (kind, version)
        try:
            walk = self._walks[key]
        except KeyError:
            if len(self._walks) > 16:
                self._walks.clear()
            walk = self._walks[key] = walk_for(kind, version, style)
        self._walk = walk
        if walk is None:
            self._grammar = self.root = self._place = None
            return
        self._grammar = walk.grammar
        self._kept = Kept(walk.depth)
        self.root = PendingRoot("UNH", elements, line, self._kept)
        self._counts = [0] * (walk.depth + 1)
        self._place = walk.start
        self._lines, self._levels, self._headless = 0, [], []

    def feed(self, batch: SegmentBatch) -> str | None:
        """Take segments up to the next one of the envelope."""
        walk, place = self._walk, self._place
        if walk is None or place is None:
            return self._skip(batch)
        if self.position > self.most_segments:
            self._add(Finding("EDF-M30", Where("UNH", 1), str(self.most_segments), code="18"))
            self.root = self._walk = self._place = None
            return self._skip(batch)
        counts, kept = self._counts, self._kept
        taken, run, first = kept.steps, self._run, batch.passed()
        keep, stop = taken.append, None
        steps, shapes = (place.known, place.shapes) if run < place.limit else (place.full, place.full_shapes)
        for text, shape in batch.pairs:
            step = shapes.get(shape)
            if step is None:
                step = steps.get(text[:HEAD])
                if step is None:
                    elements = text.split(ELEMENT)
                    tag = elements[0]
                    if tag in SERVICE:
                        stop = text
                        break
                    if not text:
                        continue
                    step = walk.step(place, text[:HEAD], tag, run >= place.limit)
                    if step is None:
                        keep(None)
                        if not self._faults_of_message.full():
                            self._misplaced(walk, place, elements, len(taken) + 1, batch.line())
                        continue
                then = step[0]
                if not then.sound(text, shape):
                    step = step.unsound()
                elif then.passed is not None:
                    if len(shapes) >= REMEMBERED:
                        shapes.clear()
                    shapes[shape] = step
            keep(step)
            then, _, depth, special, known, shaped = step
            if then is place:
                run += 1
                if run >= then.limit:
                    steps, shapes = then.full, then.full_shapes
            else:
                place, run, steps, shapes = then, 1, known, shaped
            if special is not None:
                opens, again, trouble, sound = special
                if trouble is not None:
                    self._stepped(then, trouble, len(taken) + 1, batch.line())
                if opens:
                    counts[depth] = count = counts[depth] + 1 if again else 1
                    if count > then.most:
                        self._too_often(then, len(taken) + 1, batch.line())
                    if then.kept == LINE:
                        self._lines += 1
                    elif then.kept:
                        self._levels.append((len(taken) + 1, text))
                if not sound:
                    self._faults(then, text.split(ELEMENT), len(taken) + 1, batch.line())
        last = batch.passed() - (stop is not None)
        kept.take(batch.cleaned[first:last], batch.lines(first, last))
        self.position, self._run, self._place = len(taken) + 1, run, place
        return stop

    def _skip(self, batch: SegmentBatch) -> str | None:
        """Count the segments of a message that has no grammar or is too large."""
        stop, count = batch.pass_over(ELEMENT, SERVICE, SERVICE_STARTS)
        self.position += count
        return stop

    def finish(self, line: int, complete: bool) -> None:
        """The message ends here: with a UNT at `position`, or not `complete`, so that nobody knows what would have come."""
        walk, root = self._walk, self.root
        if complete and walk is not None and self._place is not None:
            for one in walk.unfinished(self._place):
                self._never_came(one, line)
        if root is not None and walk is not None and walk.grammar.hierarchy:
            # Where nothing is wrong each level was kept as it came, and most senders name it before those that it holds.
            above = levels_above(self._levels) if walk.keeps_levels and not self.findings else None
            self._kept.above = above or {}
            if above is None:
                self._packed(root, walk.grammar.hierarchy)
        if complete and root is not None and not has_error(self.findings):  # where anything else is wrong, that explains it
            lines = self._lines if walk is not None and walk.counts_lines and not self.findings else None
            if lines is None or walk is None or not (walk.totals_together and counts_lines_only(self._kept.texts, lines)):
                for finding in wrong_totals(root, lines):
                    self._add(finding)
        self._faults_of_message.settle("EDF-M31", Where("UNH", 1), "18")
        self.told.add(len(self.findings))
        self.open = False

    def _add(self, finding: Finding) -> None:
        """Keep a finding of this message, up to the limit."""
        self._faults_of_message.add(finding)

    # --- what is wrong -----------------------------------------------------------------------------------------------

    def _stepped(self, place: Place, trouble: Trouble, position: int, line: int) -> None:
        self._missing(trouble.missing, position, line)
        if trouble.surplus and not self._faults_of_message.full():
            where = Where(place.id, position, line=line)
            self._add(Finding("EDF-S35", where, str(place.use.max), place.id, "35", params=_group(place.group.id)))

    def _never_came(self, segment: tuple[str, str | None], line: int) -> None:
        """A mandatory segment that had not come when the message ended. Where it begins a group, those of the group that came without it
        (CNT without UNS) are not out of place besides: one fault for one cause, told at the first of them.
        """
        strays = [stray for stray, group in self._headless if (group.first.id, group.id) == segment]
        if strays:
            self._faults_of_message.withdraw(strays)
        where = strays[0].place if strays else Where(position=self.position, line=line)
        self._missing((segment,), where.position or self.position, where.line or line)

    def _missing(self, missing: Missing, position: int, line: int) -> None:
        for tag, group in missing:
            if self._faults_of_message.full():
                continue
            self._add(Finding("EDF-S13", Where(tag, position, line=line), tag, None, "13", params=_group(group)))

    def _packed(self, root: SourceRecord, tag: str) -> None:
        """Nest the packing levels, and tell of those that cannot stand as they say."""
        misfits = nest(root, tag)
        for rule, element, code, wrong in (
            ("EDF-S101", 2, None, misfits.strays),
            ("EDF-S103", 2, "12", misfits.circles),
            ("EDF-S104", 1, "12", misfits.twins),
        ):
            for record, number in wrong:
                self._add(Finding(rule, Where(record.tag, record.position, element, line=record.line), None, legible(number), code))

    def _too_often(self, place: Place, position: int, line: int) -> None:
        if self._faults_of_message.full():
            return
        where = Where(place.id, position, line=line)
        self._add(Finding("EDF-S36", where, str(place.group.max), place.id, "36", params=_group(place.group.id)))

    def _misplaced(self, walk: Walk, place: Place, elements: list[str], position: int, line: int) -> None:
        missed = walk.passed_by(place, elements[0])
        tag = legible(elements[0], 8)
        group = missed.group.id if missed else place.group.id
        stray = Finding("EDF-S15", Where(tag, position, line=line), None, tag, "15", params=_group(group))
        self._add(stray)
        if missed is None and (unopened := walk.unopened(place, elements[0])) is not None:
            self._headless.append((stray, unopened))
        self._kept.misplace(position, tag, (missed or place).depth, elements)
        if missed is not None and missed.match(ELEMENT.join(elements)) is None:
            self._faults(missed, elements, position, line)
        elif missed is None:
            _clean(elements)

    def _faults(self, place: Place, elements: list[str], position: int, line: int) -> None:
        self._kept.clean(position, elements)
        moved = spread(place.use, elements, self._style)
        for element, times in moved:
            self._add(Finding("EDF-S102", Where(place.id, position, element, line=line), None, str(times), params=_group(place.group.id)))
        if moved and place.match(ELEMENT.join(elements)) is not None:
            return
        for fault in () if self._faults_of_message.full() else place.faults(elements):
            params = _group(place.group.id)
            if fault.number:
                params["number"] = fault.number
            where = Where(place.id, position, fault.element, fault.component, line)
            got = legible(fault.got) if fault.got is not None else None
            self._add(Finding(f"EDF-E{fault.code}", where, fault.expected, got, fault.code, params=params))
        _clean(elements)


def _group(name: str | None) -> dict[str, str]:
    return {"group": name} if name else {}


_UNSTORABLE = {
    code: 0xFFFD for code in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)) if chr(code) not in COMPONENT + REPETITION
}
_HAS_UNSTORABLE = re.compile("[" + "".join(re.escape(chr(code)) for code in _UNSTORABLE) + "]")


def storable_value(value: str) -> str:
    """The value with U+FFFD for what cannot be stored; our separators stay."""
    return value if value.isprintable() or _HAS_UNSTORABLE.search(value) is None else value.translate(_UNSTORABLE)


def _clean(elements: list[str]) -> None:
    """Make values storable; the finding says what was there."""
    elements[:] = [storable_value(value) for value in elements]
