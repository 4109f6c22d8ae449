"""The straight way through a scope: its rows written out as one Python function, as dataclasses write their methods.

Nearly every row finds its value at the first place where it looks, takes or converts it, and is done. That way is written out here, and
costs no call a row. All else (a record that comes again, a text that a function refuses, a code that no table has, a default) is left to
the row's own closure, which knows every way and does the row from its beginning (`mappings.compile`).

    v5 = r.values if (r := found[5]) is not None else NONE
    if len(v5) > 2 and (text := v5[2].strip()):
        try:
            out[key_7] = convert_8(text)
        except ValueError:
            row_6(found, out, run)
    elif again is not None:
        row_6(found, out, run)

So are the questions that come behind the rows: whether another place says otherwise is asked only where two places can say something at
all. In EDIFACT, whose trees have a mark of our own between components, those are taken out of their elements here too.

Nothing that comes out of a mapping's file stands in the text, but for numbers of elements: its words are values of names that are given out
here, so that no file can bring anything to be executed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from mappings.functions import as_stated
from mappings.gather import COUNTER, REPEATS, Found, Gatherer
from mappings.getters import Getter, RowReader, Run, composites_of, getter_of, pairs_of, shared
from mappings.passed_over import Note
from mappings.path import COMPONENT_MARK, Element, Name, Pairs, Path, Step, component_of
from mappings.plan import ORDINAL, Rule, Scope
from mappings.rivals import Doubt, Look

Shared = set[int | tuple[int, int]]
"""Slots of records whose values have a name, `v5`, and (slot, element) of composites whose components have one, `c5_2`."""
Fill = Callable[[Found, dict[str, Any], Run], bool]
"""Fills an element with what was found for its record; false where it lacks what it needs."""
_MOST_PARTS = 5
"""Components that are taken out of a composite at once: one from outside may have a hundred thousand."""
_NONE: Mapping[Any, str] = {}
"""Values and pairs of a record that is not there: it has no length and no names."""


class Made(NamedTuple):
    """A row and its closure."""

    rule: Rule
    reader: RowReader
    again: bool
    """Another row for the same member stands before it."""
    watched: bool
    """Its condition is watched: what it names is told where it is not met."""


class Party(NamedTuple):
    """Rows of one nested record."""

    to: tuple[str, ...]
    rows: tuple[Made, ...]
    anchor: int
    """The slot without which none of them has a value."""


class Doubts(NamedTuple):
    """What is asked of an element once its rows are done: whether the document says otherwise elsewhere (`mappings.rivals`)."""

    always: Sequence[Note]
    of_several: Sequence[Doubt]
    of_loops: Note | None


def straight(scope: Scope, rows: Sequence[Made | Party], doubts: Doubts, gatherer: Gatherer) -> Fill:
    """All rows of a scope in their order, and what is asked behind them, as one function: whether the element has what it needs."""
    page = Page(gatherer)
    seen = page.block([row for row in rows if isinstance(row, Made)], rows, "out", "    ")
    if scope.needs:
        page.lines += [f"    if not {page.name('needs', frozenset(scope.needs))} <= out.keys():", "        return False"]
    page.doubts(doubts, seen)
    exec(page.text(), page.names)  # noqa: S102  # words of this module and numbers, see above
    fill: Fill = page.names["fill"]
    return fill


def taken_apart(found: Found, slot: int, kept: int, start: int) -> Mapping[str, str]:
    """The pairs of a record that a row asks for first; remembered beside it."""
    record = found[slot]
    pairs: Mapping[str, str] = _NONE if record is None else pairs_of(record.values, start)
    found[kept] = pairs
    return pairs


def parted(found: Found, slot: int, kept: int, start: int) -> Mapping[str, str]:
    """The same for pairs of which each is a composite."""
    record = found[slot]
    pairs: Mapping[str, str] = _NONE if record is None else composites_of(record.values, start)
    found[kept] = pairs
    return pairs


def taken_apart_above(found: Found, slot: int, kept: int, start: int) -> Mapping[str, str]:
    """The pairs of a record above the one at hand; remembered for all records below it."""
    return shared(found, kept, taken_apart(found, slot, kept, start))


def parted_above(found: Found, slot: int, kept: int, start: int) -> Mapping[str, str]:
    """The same for pairs of which each is a composite."""
    return shared(found, kept, parted(found, slot, kept, start))


class _Place(NamedTuple):
    """Where a path looks first."""

    finds: str
    """An expression that binds `text` and is true where a value stands there."""
    unsure: str
    """An expression that is true where the path may have a value elsewhere; empty where it can't."""
    slot: int = 0
    """Of whose record the values are asked by element or name."""


class Page:
    """The text of one function, and what its names mean."""

    def __init__(self, gatherer: Gatherer) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "NONE": _NONE,
            "NO_PARTS": (),
            "MARK": COMPONENT_MARK,
            "taken_apart": taken_apart,
            "taken_apart_above": taken_apart_above,
            "parted": parted,
            "parted_above": parted_above,
            "component_of": component_of,
        }
        self._gatherer = gatherer
        self._numbers = count()

    def text(self) -> str:
        """The whole function."""
        return "\n".join(["def fill(found, out, run):", f"    again = found[{REPEATS}]", *self.lines, "    return True", ""])

    def name(self, word: str, value: Any) -> str:
        """A name for a value, in the text."""
        name = f"{word}_{next(self._numbers)}"
        self.names[name] = value
        return name

    def block(self, own: Sequence[Made], rows: Sequence[Made | Party], out: str, margin: str) -> Shared:
        """Rows that write to one record; of records that several of them ask, the values are looked up once. Returns their slots."""
        paths = [path for row in own for path in (*row.rule.paths, *(when.path for when in row.rule.when))]
        asked = Counter(slot for path in paths if (slot := self._slot_of(path)) is not None)
        parted = Counter(composite for path in paths if (composite := self._composite_of(path)) is not None)
        seen: Shared = set()
        for row in rows:
            if isinstance(row, Party):
                self._party(row, margin)
                continue
            for path in (*row.rule.paths, *(when.path for when in row.rule.when)):
                slot, composite = self._slot_of(path), self._composite_of(path)
                if slot is not None and asked[slot] > 1 and slot not in seen:
                    seen.add(slot)
                    self.lines.append(f"{margin}v{slot} = r.values if (r := found[{slot}]) is not None else NONE")
                if composite is not None and parted[composite] > 1 and composite not in seen:
                    seen.add(composite)
                    name, value = f"c{slot}_{composite[1]}", f"v{slot}[{composite[1]}]"
                    self.lines.append(f"{margin}{name} = {value}.split(MARK, {_MOST_PARTS}) if len(v{slot}) > {composite[1]} else NO_PARTS")
            self.lines += [margin + line for line in self._row(row, out, seen)]
        return seen

    def doubts(self, doubts: Doubts, shared: Shared) -> None:
        """What may say otherwise, each asked only where it can have an answer."""
        self.lines += [f"    {self.name('note', note)}(found, run)" for note in doubts.always]
        for looks, note in doubts.of_several:
            there = [f"found[{look.slot}] is not None" for look in looks]
            asked = f"{' + '.join(f'({one})' for one in there)} > 1"
            if len(looks) == 2:
                asked = " and ".join(dict.fromkeys(there))
                said = [self._may_say(look, shared) for look in looks]
                if all(said):
                    if looks[0].leaf == looks[1].leaf:  # one record under two names says nothing twice
                        said.append(f"found[{looks[0].slot}] is not found[{looks[1].slot}]")
                    asked += f" and (again is not None or {' and '.join(f'({one})' for one in said)})"
            else:
                asked += f" and (again is not None or {self._two_may_say(looks, shared)})"
            own = [f"found[{look.slot}] is not None" for look in looks if not look.out]
            if len(own) < len(looks):
                asked = f"({' or '.join(dict.fromkeys(own))}) and {asked}"
            self.lines += [f"    if {asked}:", f"        {self.name('doubt', note)}(found, run)"]
        if doubts.of_loops is not None:
            self.lines += ["    if again is not None:", f"        {self.name('loops', doubts.of_loops)}(found, run)"]

    def _two_may_say(self, looks: Sequence[Look], shared: Shared) -> str:
        """An expression that is false where at most one of many places says something: looked at record by record."""
        by_slot: dict[int, list[Look]] = {}
        for look in looks:
            by_slot.setdefault(look.slot, []).append(look)
        leaves = {slot: {look.leaf for look in alike} for slot, alike in by_slot.items()}
        ones, twos = [], []
        for slot, alike in by_slot.items():
            one = f"found[{slot}] is not None"
            for other in by_slot:  # one record under two names says nothing twice
                if other != slot and leaves[slot] <= leaves[other] and (leaves[slot] != leaves[other] or other < slot):
                    one += f" and found[{slot}] is not found[{other}]"
            elements = sorted({look.leaf.number for look in alike if isinstance(look.leaf, Element)})
            if len(alike) == 1:
                look, leaf = alike[0], alike[0].leaf
                if said := self._may_say(look, shared):
                    one += f" and {said}"
                elif isinstance(leaf, Pairs) and leaf.end is None:
                    codes, pairs = self.name("codes", look.qualifiers), f"({self._pairs(leaf, slot, look.pairs)})"
                    one += f" and not {codes}.isdisjoint({pairs})"
                    twos.append(f"(found[{slot}] is not None and len({pairs}) > 1 and len({codes} & {pairs}.keys()) > 1)")
            elif all(isinstance(look.leaf, Element) for look in alike):
                values = f"v{slot}" if slot in shared else f"found[{slot}].values"
                one += f" and len({values}) > {elements[0]}"
                two = [f"len({values}) > {elements[1]}"] if len(elements) > 1 else []
                parts = Counter(look.leaf.number for look in alike if isinstance(look.leaf, Element))
                two += [f"(len({values}) > {number} and MARK in {values}[{number}])" for number, times in parts.items() if times > 1]
                twos.append(f"(found[{slot}] is not None and ({' or '.join(two)}))")
            else:
                twos.append(f"found[{slot}] is not None")
            ones.append(f"({one})")
        several = [f"({' + '.join(ones)} > 1)"] if len(ones) > 1 else []
        return f"({' or '.join([*several, *twos])})"

    def _may_say(self, look: Look, shared: Shared) -> str:
        """An expression that is false where the record in a slot says nothing; empty where only the slow way can tell."""
        leaf = look.leaf
        if isinstance(leaf, Element):
            values = f"v{look.slot}" if look.slot in shared else f"found[{look.slot}].values"
            return f"len({values}) > {leaf.number} and {values}[{leaf.number}] != ''"
        if isinstance(leaf, Pairs) and len(look.qualifiers) == 1 and leaf.end is None:
            return f"{self.name('code', next(iter(look.qualifiers)))} in ({self._pairs(leaf, look.slot, look.pairs)})"
        return ""

    def _party(self, party: Party, margin: str) -> None:
        inner = margin + "    "
        self.lines += [f"{margin}if found[{party.anchor}] is not None:", f"{inner}holder = out"]
        self.lines += [f"{inner}holder = holder.setdefault({self.name('key', name)}, {{}})" for name in party.to[:-1]]
        key = self.name("key", party.to[-1])
        self.lines.append(f"{inner}party = holder.get({key}, {{}})")
        self.block(party.rows, party.rows, "party", inner)
        self.lines += [f"{inner}if party:", f"{inner}    holder[{key}] = party"]

    # --- one row -----------------------------------------------------------------------------------------------------
    def _row(self, row: Made, out: str, shared: Shared) -> Iterator[str]:
        rule, key = row.rule, self.name("key", row.rule.to[-1])
        if rule.const is not None and not rule.when and not row.again:
            yield f"{out}[{key}] = {self.name('const', rule.const)}"
            return
        if rule.default == ORDINAL and not rule.paths and not rule.when:
            yield f"if {key} not in {out}:"
            yield f"    {out}[{key}] = str(found[{COUNTER}])"
            return
        wholly = f"{self.name('row', row.reader)}(found, {out}, run)"
        if rule.paths and not _is_straight(rule) and rule.const is None and not rule.when and rule.default is None:
            ways = [self._gatherer.slot(path.steps) if path.steps else None for path in rule.paths]
            if all(ways):
                slots = dict.fromkeys(way[0] for way in ways if way)
                there = f"{' or '.join(f'found[{slot}] is not None' for slot in slots)} or again is not None"
                word = "if"
                if self._of_one_record(rule):
                    said = f"again is None and {'not run.refusals and ' if row.again else ''}{self._place(rule.paths[0], shared).finds}"
                    yield f"if {key} not in {out} and {said}:" if row.again else f"if {said}:"
                    yield "    try:"
                    yield f"        {out}[{key}] = {self.name('convert', rule.function.read)}({self._texts(rule, shared)})"
                    yield "    except ValueError:"
                    yield f"        {wholly}"
                    word = "elif"
                yield f"{word} {key} not in {out} and ({there}):" if row.again else f"{word} {there}:"
                yield f"    {wholly}"
                return
        if not _is_straight(rule):
            yield wholly
            return
        margin = ""
        tests = self._tests(rule, shared)
        if tests:
            yield f"if {' and '.join(tests)}:"
            margin = "    "
        yield from (margin + line for line in self._straight(row, out, key, shared, wholly))
        if tests:
            yield "else:" if row.watched or rule.default is not None else "elif again is not None:"
            yield f"    {wholly}"

    def _of_one_record(self, rule: Rule) -> bool:
        """Whether a row makes its value of several elements or components of one record."""
        leaves = [path.leaf for path in rule.paths]
        here = (
            all(isinstance(leaf, Element) and self._asks_itself(leaf) for leaf in leaves) and len({path.steps for path in rule.paths}) == 1
        )
        return (
            here
            and not rule.many
            and rule.function.arguments == len(leaves)
            and not rule.function.local
            and rule.function.kind in ("date", "text", "decimal")
        )

    def _texts(self, rule: Rule, shared: Shared) -> str:
        """The texts of such a row; the first was found."""
        slot = self._slot_of(rule.paths[0])
        values = f"v{slot}" if slot in shared else "v"
        texts = ["text"]
        for path in rule.paths[1:]:
            leaf = path.leaf
            assert isinstance(leaf, Element)
            value = f"{values}[{leaf.number}]"
            if leaf.component is not None and (slot, leaf.number) in shared:
                parts = f"c{slot}_{leaf.number}"
                texts.append(f"{parts}[{leaf.component - 1}].strip() if len({parts}) >= {leaf.component} else ''")
                continue
            text = f"{value}.strip()" if leaf.component is None else f"component_of({value}, {leaf.component}, MARK)"
            texts.append(f"{text} if len({values}) > {leaf.number} else ''")
        return ", ".join(texts)

    def _tests(self, rule: Rule, shared: Shared) -> list[str]:
        """The conditions of a row."""
        tests = []
        for when in rule.when:
            finds = self._place(when.path, shared).finds
            tests.append(finds if when.values is None else f"{finds} and text in {self.name('values', frozenset(when.values))}")
        return tests

    def _straight(self, row: Made, out: str, key: str, shared: Shared, wholly: str) -> Iterator[str]:
        rule = row.rule
        word, told = "if", set()
        if row.again:
            yield f"if {key} in {out}:"
            yield "    pass"
            yield "elif run.refusals:"
            yield f"    {wholly}"
            word = "elif"
        for path in rule.paths:
            place = self._place(path, shared)
            yield f"{word} {place.finds}:"
            if isinstance(path.leaf, Pairs):
                yield "    if text := text.strip():"
                yield from ("        " + line for line in self._kept(rule, f"{out}[{key}]", wholly))
                yield "    else:"
                yield f"        {wholly}"
            else:
                yield from ("    " + line for line in self._kept(rule, f"{out}[{key}]", wholly))
            word = "elif"
            if place.unsure and place.unsure not in told:
                told.add(place.unsure)
                yield f"elif {place.unsure}:"
                yield f"    {wholly}"
        if rule.default is not None:
            yield "else:"
            yield f"    {wholly}"

    def _kept(self, rule: Rule, member: str, wholly: str) -> Iterator[str]:
        """What becomes of a text that was found."""
        if rule.table is not None:
            yield f"if code := {self.name('code', rule.table.inward.get)}(text):"
            yield f"    {member} = code"
            yield "else:"
            yield f"    {wholly}"
        elif rule.function.read is as_stated:
            yield f"{member} = text"
        else:
            yield "try:"
            yield f"    {member} = {self.name('convert', rule.function.read)}(text)"
            yield "except ValueError:"
            yield f"    {wholly}"

    # --- places ------------------------------------------------------------------------------------------------------
    def _slot_of(self, path: Path) -> int | None:
        """The slot of the record whose element or name is asked; null for all other paths."""
        reached = self._gatherer.slot(path.steps)
        plain = isinstance(path.leaf, Name) or (isinstance(path.leaf, Element) and self._asks_itself(path.leaf))
        return reached[0] if reached is not None and plain else None

    def _composite_of(self, path: Path) -> tuple[int, int] | None:
        """Slot and element of the composite of which a component is asked; null for all other paths, and where few components are near."""
        leaf, slot = path.leaf, self._slot_of(path)
        few = isinstance(leaf, Element) and leaf.component is not None and leaf.component <= _MOST_PARTS
        return (slot, leaf.number) if few and slot is not None and isinstance(leaf, Element) else None

    def _place(self, path: Path, shared: Shared) -> _Place:
        leaf, reached = path.leaf, self._gatherer.slot(path.steps)
        if reached is None or leaf is None or (isinstance(leaf, Element) and not self._asks_itself(leaf)):
            return self._anywhere(getter_of(path, self._gatherer))
        slot = reached[0]
        if isinstance(leaf, Pairs):
            if leaf.end is not None:
                return self._anywhere(getter_of(path, self._gatherer))
            pairs = f"(pairs := {self._pairs(leaf, slot, self._gatherer.pairs_slot(slot, leaf.key))})"
            qualifiers = dict.fromkeys(qualifier for qualifier, _ in leaf.qualifiers)
            text = " or ".join(f"pairs.get({self.name('code', qualifier)})" for qualifier in qualifiers)
            return _Place(f"{pairs} and (text := {text})", "again is not None")
        there, values = ("", f"v{slot}") if slot in shared else (f"(r := found[{slot}]) is not None and ", "v")
        if isinstance(leaf, Name):
            values = values if there == "" else "r.values"
            finds = f"{there}(text := {values}.get({self.name('key', leaf.name)}, '').strip())"
            child = self._gatherer.slot((*path.steps, Step("child", leaf.name))) if leaf.name else None
            return _Place(finds, "again is not None" if child is None else f"again is not None or found[{child[0]}] is not None", slot)
        size, value = f"len({values if there == '' else '(v := r.values)'})", f"{values}[{leaf.number}]"
        if leaf.component is not None and (slot, leaf.number) in shared:
            parts = f"c{slot}_{leaf.number}"
            return _Place(
                f"len({parts}) >= {leaf.component} and (text := {parts}[{leaf.component - 1}].strip())", "again is not None", slot
            )
        if leaf.component is None:
            text = f"(text := {value}.strip())"
        elif leaf.component == 1:
            text = f"(text := {value}.partition(MARK)[0].strip())"
        else:
            text = f"MARK in {value} and (text := component_of({value}, {leaf.component}, MARK))"
        return _Place(f"{there}{size} > {leaf.number} and {text}", "again is not None", slot)

    def _pairs(self, leaf: Pairs, slot: int, kept: int) -> str:
        """An expression of the pairs of a record, taken apart once."""
        way = ("parted" if leaf.composites else "taken_apart") + ("_above" if self._gatherer.is_outside(slot) else "")
        return f"found[{kept}] if found[{kept}] is not None else {way}(found, {slot}, {kept}, {leaf.start})"

    def _asks_itself(self, leaf: Element) -> bool:
        """Whether the value is taken out of the element here: a component only where its mark is our own, not the document's."""
        return leaf.component is None or self._gatherer.composites

    def _anywhere(self, get: Getter) -> _Place:
        """A path that only its getter can follow, which then knows all."""
        return _Place(f"(text := {self.name('get', get)}(found, run))", "")


def _is_straight(rule: Rule) -> bool:
    """Whether one text makes the value of a row."""
    return bool(rule.paths) and not rule.many and rule.const is None and rule.function.arguments == 1 and not rule.function.zoned
