"""Losses of a message, counted by kind, and why each is one: nobody names the place, a row names it and did not take it here, or
another value was kept.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.context import place_of
from mappings.passed_over import Pass, Rows
from mappings.path import COMPONENT_MARK, Component, Element, Key, Leaf, Name, Pairs, Step, plain_value
from mappings.tracks import Track, code_of

Noted = Sequence[tuple[Rows, str]]
"""What reading passed over below a record, with the text that was kept instead."""
Passed = Mapping[int, Noted]
"""The same of each record, by its `id`."""
Kept = Key | Pairs
"""What is kept once of a record: an element, a component, a name, or the value under one qualifier."""
_LONGEST_LINE, _MOST_RECORDS = 120, 20
"""Characters of a lost record that a finding shows, and records among which they are looked for."""
_MOST_ASKED, _LONGEST_NOTE = 10_000, 100
"""Answers that are kept, and notes at one record for which they are."""


@dataclass(slots=True)
class _Loss:
    record: SourceRecord
    at: Key | None
    text: str
    kept: str
    reason: str = ""
    count: int = 1


class Reasons:
    """Which rows name a place; made once for a mapping."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._of_rule: dict[int, list[tuple[int, Track]]] = {}
        self._to: dict[tuple[int, str], list[Track]] = {}
        """The same by the tag of their last record, empty for the top of the message."""
        self._asked: dict[tuple[tuple[int, ...], str, Key], tuple[list[Rows], list[tuple[int, Pass, list[Track]]]]] = {}
        """What was asked for a value before: by the `id`s of the rows passed over at one record, which are kept with it, what `_may_be`
        says."""
        self._named: dict[str, list[Track]] = {}
        """Tracks that a row's condition narrows or that start above an element, by the tag of their last record."""
        self._paired: dict[str, dict[tuple[int, bool], tuple[Pairs, dict[str, list[Track]]]]] = {}
        """Those of them that are of pairs, by where the pairs stand, and by the qualifier."""
        for number, track in enumerate(tracks):
            if track.owner is not None:
                named, rule = track.owner.named, id(track.owner.rule)
                self._of_rule.setdefault(rule, []).append((number, track))
                self._to.setdefault((rule, named[-1].tag if named else ""), []).append(track)
                if track.steps and (named != track.steps or track.owner.out):
                    tag, leaf = track.steps[-1].tag, track.leaf
                    if isinstance(leaf, Pairs):
                        _, by_code = self._paired.setdefault(tag, {}).setdefault((leaf.key, leaf.composites), (leaf, {}))
                        by_code.setdefault(code_of(track), []).append(track)
                    else:
                        self._named.setdefault(tag, []).append(track)

    def begun(self, rows: Rows) -> frozenset[tuple[int, int]]:
        """The tracks of rows at the record that they start from, as (track, steps done)."""
        return frozenset(
            (number, track.owner.base - row.below) for row in rows for number, track in self._of(row) if track.owner is not None
        )

    def _of(self, row: Pass) -> Iterator[tuple[int, Track]]:
        for number, track in self._of_rule.get(id(row.rule), ()):
            if _is_of(track, row):
                yield number, track

    def _may_be(self, noted: Noted, tag: str, key: Key) -> list[tuple[int, Pass, list[Track]]]:
        """Those of the rows noted at a record that have a track to records of this tag, empty for the top, and such a place in them: which
        note it is, the row and these tracks."""
        asked = (tuple([id(rows) for rows, _ in noted]), tag, key)
        known = self._asked.get(asked)
        if known is not None:
            return known[1]
        found = []
        for number, (rows, _) in enumerate(noted):
            for row in rows:
                tracks = [track for track in self._to.get((id(row.rule), tag), ()) if _is_of(track, row) and _is_at(track, key)]
                if tracks:
                    found.append((number, row, tracks))
        if len(self._asked) >= _MOST_ASKED:  # names and numbers of documents are in it, and must not fill the memory
            self._asked.clear()
        if len(noted) <= _LONGEST_NOTE:
            self._asked[asked] = [rows for rows, _ in noted], found
        return found

    def why(self, record: SourceRecord, key: Key, text: str, passed: Passed) -> tuple[str, str]:
        """The rule that tells the loss of a value and the text that was kept instead of it; no rule where another row, or the same in
        another loop, took just this text."""
        over = self._over(record, key, passed)
        if over:
            kept = [said for _, said in over if said]
            return ("" if text in kept else "MAP-05", kept[0]) if kept else ("MAP-11", "")
        return "MAP-11" if self._is_named(record, key) else "MAP-01", ""

    def _is_named(self, record: SourceRecord, key: Key) -> bool:
        """Whether a row, without its conditions, leads to this value; a qualifier is looked at once for all rows that ask for it."""
        if any(_is_at(track, key) and _leads_to(track, record) for track in self._named.get(record.tag, ())):
            return True
        number = key.number if isinstance(key, Component) else key
        if isinstance(number, int):
            values: list[str] = record.values  # type: ignore[assignment]  # pairs are of segments
            for leaf, by_code in self._paired.get(record.tag, {}).values():
                code = leaf.code_at(values, number)
                if code is not None and any(_leads_to(track, record) for track in by_code.get(code, ())):
                    return True
        return False

    def again(self, record: SourceRecord, key: Key, passed: Passed) -> str:
        """The text that was kept instead of a value in a loop that comes again; empty where it is not such a value."""
        return next((kept for row, kept in self._over(record, key, passed) if row.again), "")

    def _over(self, record: SourceRecord, key: Key, passed: Passed) -> list[tuple[Pass, str]]:
        """What passed over a value, and the text that was kept each time: loops that come again first."""
        found: list[tuple[Pass, str]] = []
        here: SourceRecord | None = record if passed else None
        tag = record.tag if record.parent is not None else ""
        while here is not None:
            if noted := passed.get(id(here)):
                read = -1  # the note of which a row is known to read it: one row of each is enough
                for number, row, tracks in self._may_be(noted, tag, key):
                    if number == read:
                        continue
                    for track in tracks:
                        if (track.leaf.__class__ is not Pairs or _names(track, record, key)) and _leads(track.owner.named, record):  # type: ignore[union-attr]  # `_may_be` knows it
                            found.append((row, noted[number][1]))
                            read = number
                            break
            here = here.parent
        return sorted(found, key=lambda one: not one[0].again) if len(found) > 1 else found


def _is_of(track: Track, row: Pass) -> bool:
    owner = track.owner
    return owner is not None and row.path in (None, owner.path) and row.qualifier in (None, owner.qualifier)


def _is_at(track: Track, key: Key) -> bool:
    """Whether a track is of this element, component or name; of pairs, whether they may be there."""
    if isinstance(track.leaf, Pairs):
        return isinstance(key, int | Component)
    return key_of(track.leaf) in (key, key.number if isinstance(key, Component) else None)


def _names(track: Track, record: SourceRecord, key: Key) -> bool:
    """`_is_at`, and of pairs, whether the qualifier beside is the track's."""
    if not isinstance(track.leaf, Pairs):
        return _is_at(track, key)
    values: list[str] = record.values  # type: ignore[assignment]  # pairs are of segments
    number = key.number if isinstance(key, Component) else key
    return isinstance(number, int) and track.leaf.code_at(values, number) == code_of(track)


def _leads_to(track: Track, record: SourceRecord) -> bool:
    """Whether a track, without the conditions of its row, leads to this record."""
    assert track.owner is not None
    return _leads(track.owner.named, record)


def _leads(steps: Sequence[Step], record: SourceRecord) -> bool:
    """Whether steps from the top of the message end at the record."""
    here = record
    for step in reversed(steps):
        if step.axis != "child":
            break
        if here.parent is None or not step.matches(here):
            return False
        here = here.parent
    else:  # as nearly all paths are
        return here.parent is None
    chain = [record]
    while (above := chain[-1].parent) is not None:
        chain.append(above)
    reached = {len(chain) - 1}  # indexes into the chain; the top of the message is its last
    for step in steps:
        reached = {
            below
            for at in reached
            for below in (range(at) if step.axis == "below" else range(max(at - 1, 0), at))
            if step.matches(chain[below])
        }
    return 0 in reached


class Losses:
    """What one message loses: each kind once, with its first place and how often it comes."""

    def __init__(self, reasons: Reasons, passed: Passed) -> None:
        self._reasons = reasons
        self._passed = passed
        self._found: dict[tuple[str, str, str], _Loss] = {}

    def not_taken(self, record: SourceRecord, at: Key, text: str, qualified: bool) -> None:
        """A value that no row takes."""
        rule, kept = self._reasons.why(record, at, text.strip(), self._passed)
        if rule:
            self._add(rule, record, at, text, qualified or rule == "MAP-11", kept)

    def passed_again(self, record: SourceRecord, taken: Container[Key]) -> None:
        """A record that is ignored as a whole, of which rows take what loops before it said; other rows take `taken` of it."""
        values = record.values
        keys: Iterable[Key] = list(values) if isinstance(values, Mapping) else _keys(values)
        for key in keys:
            if key in taken:
                continue
            text = plain_value(record, key)
            if text and (kept := self._reasons.again(record, key, self._passed)) and text != kept:
                self._add("MAP-05", record, key, text, True, kept)

    def known(self, record: SourceRecord, reason: str) -> None:
        """A record that the mapping knows that it cannot take."""
        self._add("MAP-12", record, None, None, True, "", reason)

    def not_known(self, record: SourceRecord) -> None:
        """A record that no row leads to, with what stands below it."""
        self._add("MAP-01", record, None, None, True, "")

    def again(self, record: SourceRecord, at: Key | None, text: str, qualified: bool, kept: str) -> None:
        """A value beside one that was kept."""
        self._add("MAP-05", record, at, text, qualified, kept)

    def _add(self, rule: str, record: SourceRecord, at: Key | None, text: str | None, qualified: bool, kept: str, reason: str = "") -> None:
        key = (rule, _name(record, at), _qualifier(record) if qualified and at != 1 else "")
        loss = self._found.get(key)
        if loss is None:
            self._found[key] = _Loss(record, at, said(record) if text is None else text, kept, reason)
        else:
            loss.count += 1

    def findings(self) -> list[Finding]:
        """One finding for each kind."""
        return [_finding(key, loss) for key, loss in self._found.items()]


def key_of(leaf: Leaf | None) -> Key | None:
    """The element, component or name of a leaf that is one value; null for pairs and records."""
    if isinstance(leaf, Element):
        return leaf.number if leaf.component is None else Component(leaf.number, leaf.component)
    return leaf.name if isinstance(leaf, Name) else None


def kept_value(record: SourceRecord, kept: Kept) -> tuple[str, Key]:
    """What a record says at a place of which one value is kept, and where; empty where it says nothing."""
    if not isinstance(kept, Pairs):
        return plain_value(record, kept), kept
    values: list[str] = record.values  # type: ignore[assignment]  # pairs are of segments
    code = kept.qualifiers[0][0]
    for qualifier, at in kept.found_in(values, code):
        key = Component(at, 1) if kept.composites else at
        if qualifier == code and (text := plain_value(record, key)):
            return text, key
    return "", kept.start


# --- words -------------------------------------------------------------------------------------------------------------
def said(record: SourceRecord) -> str:
    """The values of a record and of those below it in one line, as far as a person reads them."""
    line = ""
    for one in islice(record.walk(), _MOST_RECORDS):
        values = one.values
        texts = values.values() if isinstance(values, Mapping) else values[1:]
        line = " ".join(filter(None, (line, *texts)))
        if len(line) >= _LONGEST_LINE:
            break
    return line.replace(COMPONENT_MARK, ":")[:_LONGEST_LINE]


def _keys(values: Sequence[str]) -> Iterator[Key]:
    """The elements of a segment, and of those that have components the components."""
    for number in range(1, len(values)):
        parts = values[number].count(COMPONENT_MARK)
        if parts:
            yield from (Component(number, part + 1) for part in range(parts + 1))
        else:
            yield number


def _name(record: SourceRecord, key: Key | None) -> str:
    """Tags from below the top of the message to the record, then the element, component or name."""
    steps = [] if key is None or key == "" else [_said_key(key)]
    here = record
    while here.parent is not None:
        steps.append(here.tag)
        here = here.parent
    return "/".join(reversed(steps))


def _said_key(key: Key) -> str:
    if isinstance(key, Component):
        return f"{key.number:02d}-{key.component}"
    return f"{key:02d}" if isinstance(key, int) else key


def _qualifier(record: SourceRecord) -> str:
    """Element 01 where it looks like a code that tells such segments apart (REF*LT); free text and counters never do."""
    values = record.values
    if isinstance(values, Mapping) or len(values) < 2:
        return ""
    code = values[1][:8].partition(COMPONENT_MARK)[0]
    return code if len(code) in (1 if COMPONENT_MARK in values[1] else 2, 2, 3) and code.isalnum() else ""


def _finding(key: tuple[str, str, str], loss: _Loss) -> Finding:
    rule, what, qualifier = key
    reason = {"reason": loss.reason} if loss.reason else {}
    place = place_of(loss.record, *loss.at) if isinstance(loss.at, Component) else place_of(loss.record, loss.at)
    return Finding(
        rule,
        place,
        expected=loss.kept.replace(COMPONENT_MARK, ":")[:120] or None,
        got=loss.text.replace(COMPONENT_MARK, ":")[:120],
        params={"what": f"{what} ({qualifier})" if qualifier else what, "count": str(loss.count), **reason},
    )
