"""Writes one message from its tree: segments and groups in the grammar's order, UNS, the total of lines, UNH to UNT.

A grammar is made ready once, so that the place of a record is a look-up by its tag.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Literal

from connectors.formats.edifact.grammar import Grammar, GroupUse, SegmentUse, service_segment
from connectors.formats.edifact.ink import Ink, components_of, draft, fits, is_empty
from connectors.formats.edifact.packing import flat
from connectors.formats.edifact.separators import COMPONENT, ELEMENT
from connectors.formats.edifact.totals import SEGMENT as TOTALS
from connectors.formats.edifact.totals import with_totals
from connectors.freshness import forgets
from connectors.spec import Envelope, Profile
from data_contracts.source import SourceRecord

_VERSION = re.compile(r"([A-Z0-9]{1,3})\.([A-Z0-9]{1,3})")


def version_and_release(version: str) -> tuple[str, str]:
    """`D.96A` as 0052 and 0054 say it. Raises ValueError for what is no version."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"a version is such as D.96A, got {version!r}")
    return found[1], found[2]


def write_message(grammar: Grammar, root: SourceRecord, reference: str, envelope: Envelope, profile: Profile, ink: Ink) -> list[str]:
    """The segments from UNH to UNT. Raises ValueError for a segment that has no place and for data that cannot be carried."""
    values = list(root.values) if root.tag == "UNH" else []
    stated = str(values[2]).split(COMPONENT) if len(values) > 2 else []
    if stated and stated[0] != grammar.message:
        raise ValueError(f"{grammar.message}: its UNH says {stated[0]}")
    association = profile.options.get("association", "")
    if isinstance(association, Mapping):
        association = association.get(grammar.message, "")
    identifier = stated or [grammar.message, *version_and_release(envelope.version), "UN", *([str(association)] if association else [])]
    children: Sequence[SourceRecord] = root.children
    asked = [str(code) for code in profile.options.get("control_totals", ())]
    if grammar.totals is not None and grammar.totals.qualifier not in asked:
        asked.insert(0, grammar.totals.qualifier)
    places = _places(grammar)
    if places.totals is not None:
        children = with_totals(children, asked, places.totals == "summary")
    if grammar.hierarchy:
        children = flat(children, grammar.hierarchy)
    opening = ["UNH", reference, COMPONENT.join(identifier), *values[3:]]
    try:
        writer = _drafted(grammar, opening, children, ink, closely=False)
    except TypeError:  # a value that is no text: who looks at each says where
        writer = _drafted(grammar, opening, children, ink, closely=True)
    writer.add(*_service("UNT", ink.syntax), ["UNT", str(len(writer.drafts) + 1), reference])
    return ink.lines(writer.drafts, writer.uses, writer.values, grammar.message)


def _drafted(grammar: Grammar, opening: list[str], children: Sequence[SourceRecord], ink: Ink, *, closely: bool) -> _Writer:
    writer = _Writer(grammar, closely)
    writer.add(*_service("UNH", ink.syntax), opening)
    writer.body(_places(grammar), children)
    return writer


@cache
def _service(tag: str, syntax: str) -> tuple[SegmentUse, tuple[int, ...]]:
    """UNH or UNT of this version of the syntax, and how many components its elements have."""
    use = service_segment(tag, syntax)
    return use, components_of(use)


forgets("edifact", _service.cache_clear)


def _qualifier(record: SourceRecord) -> str:
    values = list(record.values)
    return str(values[1]).split(COMPONENT)[0] if len(values) > 1 else ""


class _Places:
    """What stands where in a message or a group."""

    __slots__ = ("_where", "components", "first", "inner", "mandatory", "sections", "several", "totals", "uses")

    def __init__(self, body: Sequence[SegmentUse | GroupUse], where: str) -> None:
        self.uses = [use if isinstance(use, SegmentUse) else use.first for use in body]
        """The segment of each place, or the one that opens its group."""
        self.components = [components_of(use) for use in self.uses]
        """How many its elements have."""
        self.inner = [_Places(use.body[1:], where) if isinstance(use, GroupUse) else None for use in body]
        """What follows it in its group; null where it opens none."""
        self.mandatory = [isinstance(use, SegmentUse) and use.use == "M" for use in body]
        self.sections = [(index, *section) for index, use in enumerate(body) if (section := _section(use)) is not None]
        """Places of UNS that are written where the tree does not hold them."""
        self.totals: Literal["message", "summary"] | None = _totals_stand(body)
        """Where its CNT stand."""
        self._where = where
        self.first: dict[str, int] = {}
        """The first place of each tag."""
        self.several: dict[str, list[int]] = {}
        """All places of a tag that has more than one."""
        for index, segment in enumerate(self.uses):
            first = self.first.setdefault(segment.id, index)
            if first != index:
                self.several.setdefault(segment.id, [first]).append(index)

    def of(self, record: SourceRecord) -> int:
        """Index of the place that takes this record; where two have its tag, the one that takes its code."""
        index = self.first.get(record.tag)
        if index is None:
            raise ValueError(f"{self._where}: no place for segment {record.tag} here")
        if record.tag in self.several:
            return next((other for other in self.several[record.tag] if _takes(self.uses[other], record)), index)
        return index


_KEPT = 128
_ready: dict[str, _Places] = {}


def _places(grammar: Grammar) -> _Places:
    """The grammar made ready, kept for the next message; the cache is bounded."""
    places = _ready.get(grammar.hash)
    if places is None:
        if len(_ready) >= _KEPT:
            _ready.clear()
        places = _ready[grammar.hash] = _Places(grammar.body, f"{grammar.message} {grammar.tables}")
    return places


def _totals_stand(body: Sequence[SegmentUse | GroupUse]) -> Literal["message", "summary"] | None:
    for use in body:
        if isinstance(use, SegmentUse) and use.id == TOTALS:
            return "message"
        if isinstance(use, GroupUse) and use.first.id == "UNS" and any(one.id == TOTALS for one in use.body[1:]):
            return "summary"
    return None


def _section(use: SegmentUse | GroupUse) -> tuple[SegmentUse, str] | None:
    """A mandatory UNS with its only code: form, and nobody's data."""
    segment = use if isinstance(use, SegmentUse) else use.first
    codes = segment.elements[0].codes if segment.id == "UNS" and use.use == "M" else None
    return (segment, next(iter(codes))) if codes is not None and len(codes) == 1 else None


def _takes(segment: SegmentUse, record: SourceRecord) -> bool:
    first = segment.elements[0] if segment.elements else None
    codes = (first.components[0] if first.components else first).codes if first is not None else None
    return codes is None or _qualifier(record) in codes


class _Writer:
    """One message while it is written: `drafts` grow, and what they are drafts of. `closely`: every segment is looked at by itself."""

    def __init__(self, grammar: Grammar, closely: bool) -> None:
        self._message, self._quickly = grammar.message, not closely
        self.drafts: list[str] = []
        self.uses: list[SegmentUse] = []
        self.values: list[Sequence[str]] = []

    def body(self, places: _Places, children: Sequence[SourceRecord]) -> None:
        """Segments and groups below each other, in the grammar's order."""
        if places.sections or not self._in_order(places, children):
            self._by_place(places, children)

    def _in_order(self, places: _Places, children: Sequence[SourceRecord]) -> bool:
        """The same where they stand in that order already, as mappings make them; else false, and nothing is written."""
        uses, first, several, inners, most, drafts = places.uses, places.first, places.several, places.inner, places.components, self.drafts
        before, at, quickly = len(drafts), 0, self._quickly
        for child in children:
            tag = child.tag
            index = places.of(child) if tag in several else first.get(tag, -1)
            if index < at:
                del drafts[before:], self.uses[before:], self.values[before:]
                return False
            at = index
            inner = inners[index]
            values: Any = child.values
            components, last = most[index], len(values) - 1
            text = ""
            if (
                quickly and 0 < last <= len(components) and values[last] and values[0] == tag
            ):  # as `draft` has it, but for what `lines` looks for
                text = ELEMENT.join(values)
                if COMPONENT in text and (last > 1 or text.count(COMPONENT) >= components[0]) and not fits(components, values):
                    text = ""
            if inner is not None:  # as `_record` has it, without a call for each
                drafts.append(text)
                self.uses.append(uses[index])
                self.values.append(values)
                below = child.children
                if inner.sections or (below and not self._in_order(inner, below)):
                    self._by_place(inner, below)
            elif text and not child.children:
                drafts.append(text)
                self.uses.append(uses[index])
                self.values.append(values)
            else:
                self._record(places, index, child)
        return True

    def _by_place(self, places: _Places, children: Sequence[SourceRecord]) -> None:
        placed: list[tuple[int, SourceRecord]] = []
        at, ordered, places_of, first, several = 0, True, places.of, places.first, places.several
        for child in children:
            tag = child.tag
            index = first.get(tag, -1)
            if index < 0 or tag in several:
                index = places_of(child)
            if index < at:
                ordered = False
            at = index
            placed.append((index, child))
        if not ordered:
            placed.sort(key=itemgetter(0))
        if places.sections:
            held = {index for index, _ in placed}
            missing = [(index, use, code) for index, use, code in places.sections if index not in held]
            self._with_sections(places, placed, missing)
        else:
            for index, child in placed:
                self._record(places, index, child)

    def _with_sections(
        self, places: _Places, placed: Sequence[tuple[int, SourceRecord]], missing: list[tuple[int, SegmentUse, str]]
    ) -> None:
        for index, child in placed:
            while missing and missing[0][0] < index:
                self._section(missing.pop(0))
            self._record(places, index, child)
        for section in missing:
            self._section(section)

    def _section(self, section: tuple[int, SegmentUse, str]) -> None:
        _, use, code = section
        self.add(use, components_of(use), ["UNS", code])

    def add(self, use: SegmentUse, components: Sequence[int], values: Sequence[str]) -> None:
        """One segment."""
        self.drafts.append(draft(use.id, components, values))
        self.uses.append(use)
        self.values.append(values)

    def _record(self, places: _Places, index: int, record: SourceRecord) -> None:
        use, inner = places.uses[index], places.inner[index]
        values: Any = record.values
        if inner is not None:
            self.add(use, places.components[index], values)
            if record.children or inner.sections:
                self.body(inner, record.children)
        elif record.children:
            below = record.children[0].tag
            raise ValueError(f"{self._message}: segment {record.tag} opens no group here and cannot hold {below}")
        else:
            text = draft(use.id, places.components[index], values)
            if text or places.mandatory[index] or not is_empty(values):
                self.drafts.append(text)
                self.uses.append(use)
                self.values.append(values)
