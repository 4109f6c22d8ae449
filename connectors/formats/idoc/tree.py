"""From segments in their order to the tree of one IDoc, the same for both representations, and what is wrong with it.

The root bears the message type (`ORDERS`); its first child is the control record, then come the segments by their types. A segment
stands where its basic type puts it: the flat representation has no brackets, and where an XML document nests otherwise that is told.
A container that a sender left out (E1MBGMCR) is put in, and that is told too. Segments that the grammar does not know stay in the
tree, with a finding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.formats.idoc.grammar import CONTROL, Field, Grammar, Segment, Tables, Use
from connectors.formats.idoc.values import KINDS, decimals_of
from connectors.legible import legible
from data_contracts.codes import currencies
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord

LIMIT = 100
"""Findings of one IDoc that are told one by one."""


@dataclass(slots=True)
class Tree:
    """One IDoc while it is read: `add` its segments in order, then `close`."""

    tables: Tables
    grammar: Grammar | None
    root: SourceRecord
    findings: list[Finding] = field(default_factory=list)
    count: int = 1
    _open: dict[str, SourceRecord] = field(default_factory=dict)
    _unknown: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, tables: Tables, grammar: Grammar | None, message: str, control: Mapping[str, str], line: int) -> Tree:
        """The tree with its control record."""
        tree = cls(tables, grammar, SourceRecord(message, {}, 1, None, line))
        segment = tables.segments[CONTROL]
        tree._hang(CONTROL, tree._values(segment, control, CONTROL, line), tree.root, line)
        return tree

    def add(self, tag: str, values: Mapping[str, str], line: int, above: SourceRecord | None = None) -> SourceRecord:
        """Hang a segment up where it belongs. `above` is what an XML document puts it under; null in the flat representation."""
        use = self.grammar.uses.get(tag) if self.grammar is not None else None
        if use is None:
            return self._strange(tag, values, line, above)
        parent = self._parent(use, line, above)
        record = self._hang(tag, self._values(use.segment, values, tag, line), parent, line)
        for below in use.below:
            self._open.pop(below.segment.tag, None)
        self._open[tag] = record
        return record

    def report(self, finding: Finding) -> None:
        """Keep a finding, as long as there are not too many."""
        if len(self.findings) < LIMIT:
            self.findings.append(finding)

    def close(self) -> SourceRecord:
        """The tree, complete: what must be there and is not, what stands too often or out of order."""
        for tag, count in self._unknown.items():
            self.report(Finding("IDC-05", Place(segment=tag), expected=self._stated(), got=tag, params={"count": str(count)}))
        if self.grammar is not None:
            self._judge(self.root, self.grammar.body)
            self._amounts(self.root, None)
        return self.root

    # --- where ---------------------------------------------------------------------------------------------------------------
    def _parent(self, use: Use, line: int, above: SourceRecord | None) -> SourceRecord:
        if use.above is None:
            wanted: SourceRecord | None = self.root
        else:
            wanted = self._open.get(use.above)
        if above is not None and above is not wanted and above.tag != CONTROL:
            wanted = above if above.tag == use.above else None
        if wanted is not None:
            return wanted
        container = self._container(use, line, above)
        if container is not None:
            return container
        place = Place(segment=use.segment.tag, position=self.count + 1, line=line or None)
        got = above.tag if above is not None and above is not self.root else None
        self.report(Finding("IDC-06", place, expected=use.above or "IDOC", got=got or "IDOC"))
        return above or self.root

    def _container(self, use: Use, line: int, above: SourceRecord | None) -> SourceRecord | None:
        """The container that the sender left out, made where it belongs."""
        holder = self.grammar.uses.get(use.above or "") if self.grammar is not None else None
        if holder is None or not holder.segment.container or holder.above is not None or above not in (None, self.root):
            return None
        tag = holder.segment.tag
        made = self._open.get(tag)
        if made is None:
            place = Place(segment=use.segment.tag, position=self.count + 1, line=line or None)
            self.report(Finding("IDC-07", place, expected=tag, got=use.segment.tag))
            # Without a position of its own: those of the segments behind it are the sender's SEGNUM.
            made = self._open[tag] = SourceRecord(tag, {}, 0, self.root, line)
            self.root.children.append(made)
        return made

    def _strange(self, tag: str, values: Mapping[str, str], line: int, above: SourceRecord | None) -> SourceRecord:
        """A segment that this basic type does not hold: an extension, or of a newer release."""
        self._unknown[legible(tag, 30)] += 1
        last = self.root.children[-1]
        segment = self.tables.segments.get(tag)
        kept = self._values(segment, values, tag, line) if segment is not None else {name: text for name, text in values.items() if text}
        return self._hang(tag, kept, above or (self.root if last.tag == CONTROL else last), line)

    def _hang(self, tag: str, values: dict[str, str], parent: SourceRecord, line: int) -> SourceRecord:
        self.count += 1
        record = SourceRecord(tag, values, self.count, parent, line)
        parent.children.append(record)
        return record

    # --- what ----------------------------------------------------------------------------------------------------------------
    def _values(self, segment: Segment, said: Mapping[str, str], tag: str, line: int) -> dict[str, str]:
        """The values that say something, checked: two look-ups for a good one."""
        kept: dict[str, str] = {}
        tests = segment.tests
        for name, text in said.items():
            if not text:
                continue
            test = tests.get(name)
            if test is None:
                place = self._at(tag, name, line)
                self.report(Finding("IDC-09", place, expected=segment.tag, got=legible(text), params={"field": legible(name, 30)}))
            else:
                length, initial, check = test
                if initial is not None and (text in initial or (name in segment.unset_by_zero and not text.strip("0.,"))):
                    continue
                if len(text) > length or (check is not None and not check(text)):
                    self._check(segment.by_name[name], text, tag, line)
            kept[name] = text
        return kept

    def _check(self, one: Field, text: str, tag: str, line: int) -> None:
        """Tell why a value is not good."""
        place, params = self._at(tag, one.name, line), {"field": one.name}
        if len(text) > one.length:
            params["length"] = str(len(text))
            self.report(Finding("IDC-10", place, expected=str(one.length), got=legible(text), params=params))
        else:
            self.report(Finding("IDC-11", place, expected=KINDS[one.kind][1], got=legible(text), params=params))

    def _at(self, tag: str, name: str, line: int) -> Place:
        return Place(segment=tag, position=self.count + 1, line=line or None, path=f"{tag}/{name}")

    # --- the whole -----------------------------------------------------------------------------------------------------------
    def _judge(self, record: SourceRecord, body: tuple[Use, ...]) -> None:
        uses = {use.segment.tag: use for use in body}
        counts: Counter[str] = Counter()
        last: Use | None = None
        ordered = True
        for child in record.children:
            use = uses.get(child.tag)
            if use is None:
                continue
            counts[child.tag] += 1
            if use.most is not None and counts[child.tag] == use.most + 1:
                self._tell("IDC-08", child, expected=str(use.most), got=child.tag)
            if ordered and last is not None and use.order < last.order:
                ordered = False  # told once below each segment
                self._tell("IDC-12", child, expected=f"{child.tag} {last.segment.tag}", got=f"{last.segment.tag} {child.tag}")
            last = use if last is None or use.order >= last.order else last
            if use.below:
                self._judge(child, use.below)
        for use in body:
            if use.must and not counts[use.segment.tag]:
                self._tell("IDC-04", record, expected=use.segment.tag, got=record.tag)

    def _amounts(self, record: SourceRecord, currency: str | None) -> None:
        """Amounts with more decimals than their currency has. The currency that the header names holds for what comes after it."""
        known = currencies()
        for child in record.children:
            segment = self.tables.segments.get(child.tag)
            values = child.values
            if segment is None or not isinstance(values, dict):
                continue
            here = values.get(segment.currency or "", currency)
            digits = known[here].digits if here in known else None
            if digits is not None and segment.amounts:
                for name in segment.amounts & values.keys():
                    if decimals_of(values[name]) > digits:
                        place = Place(segment=child.tag, position=child.position, line=child.line or None, path=f"{child.tag}/{name}")
                        params = {"field": name, "currency": str(here)}
                        self.report(Finding("IDC-13", place, expected=str(digits), got=legible(values[name]), params=params))
            if child.children:
                self._amounts(child, here)
            elif currency is None:
                currency = here

    def _tell(self, rule: str, record: SourceRecord, expected: str, got: str) -> None:
        place = Place(segment=record.tag if record is not self.root else None, position=record.position, line=record.line or None)
        self.report(Finding(rule, place, expected=expected, got=got))

    def _stated(self) -> str:
        """The basic type, and the extension (CIMTYP) that the sender says it has: whoever knows it, knows the strange segments."""
        basic = self.grammar.basic_type if self.grammar is not None else ""
        control = self.root.children[0].values
        extension = control.get("CIMTYP") if isinstance(control, dict) else None
        return f"{basic} + {legible(extension, 30)}" if extension else basic
