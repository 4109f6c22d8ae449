"""The path language: where in a source message a value stands.

    BSN/02                    segment BSN, element 02
    N1[01=ST]/N4/01           the N1 whose element 01 is ST, below it N4, element 01
    N1[01=SU|SE]/04           either qualifier; the first is the one that is written
    REF/04-2                  component 2 of a composite element
    DTM[01-1=137]/01-2        edifact: a component decides, here the qualifier of a DTM
    LIN/02*[UK:14|UP:12|UA]   pairs of qualifier and value from element 02 on: the value after UK, else after UP, else after UA.
                              A number says which length of value is written under this qualifier.
    W01/04..07*[UK|VN]        pairs in elements 04 to 07 only
                              edifact: composites of value and qualifier from element 02 on (PIA/02*[IN|BP])
    ./01  or  .               the record at hand
    //HL[03=I]                at any depth below, in document order
    ^HL[03=O]/PRF/01          the nearest ancestor, or the record itself, that matches, then down
    ^CPS/../PAC               the record that holds the one before
    ^D/Item[NO=$ITEM]/Lot     named formats, only read: the Item whose NO is what ITEM is in the record that the path starts from
    /BAK/02                   from the top of the message
    lines/quantity  Line[@no=1]/Quantity  @unit      xml, json and delimited: the last step is a name
    Shipment[#=1]/ID          only where the record stands alone of its name, so that what it says holds for all; a segment alone of its
                              name and of the code that element 01 begins with: RFF[01-1=ON][#=1]/01-2
    PartyIdentification[ID/@schemeID=0088|GLN]/ID    the attribute of a leaf decides; `=` and nothing: only where it has none

Where a step matches several records, the first in document order that has the value gives it.
A path is read here into steps and a leaf; `locate` walks them plainly and is what tracing uses. The fast
closures of `mappings.compile` must give the same answers (a property test holds that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from mappings.siblings import alike, code_of

Axis = Literal["child", "below", "ancestor", "parent", "top", "self"]
ONLY = "#"
SEGMENT_FORMATS = frozenset({"x12", "edifact"})
RECORD_FORMATS = frozenset({"idoc"})
"""Named formats in which a record holds each value once: a list of values is a list of records."""
COMPONENT_MARK = "\x1f"
"""Stands between components in EDIFACT trees, whatever sign the document used: no text can hold it."""

_STEP = re.compile(r"(?P<tag>[^\[\]/]+)(?P<conditions>(?:\[[^\[\]]*\])*)")
_CONDITION = re.compile(r"\[([^=\[\]]+)=([^=\[\]]*)\]")
_ELEMENT = re.compile(r"(?P<number>\d{2})(?:-(?P<component>\d{1,2}))?")
_KEY = re.compile(r"(?P<number>\d{1,2})(?:-(?P<component>\d{1,2}))?")
_PAIRS = re.compile(r"(?P<start>\d{2})(?:\.\.(?P<end>\d{2}))?\*\[(?P<qualifiers>[^\[\]]+)\]")
_SEGMENT_TAG = re.compile(r"[A-Z][A-Z0-9]{1,5}")


class Component(NamedTuple):
    """One component of an EDIFACT composite, where an element's number does for whole elements."""

    number: int
    component: int


Key = int | str | Component
"""What a record's value is asked by: element, name, component."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`[03=O|T]`, `[01-1=137]`: an element, a component or a named value equals one of these."""

    key: Key
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One record on the way."""

    axis: Axis
    tag: str
    conditions: tuple[Condition, ...] = ()
    same: tuple[tuple[str, str], ...] = ()
    """`[NO=$ITEM]`: a name here, and the name in the record that the path starts from that must say the same. `bound` asks it."""

    def matches(self, record: SourceRecord) -> bool:
        """Whether the record has the tag and satisfies all conditions."""
        if record.tag != self.tag:
            return False
        for condition in self.conditions:
            key = condition.key
            if key.__class__ is int:  # what `plain_value` would say, without the call: the hottest of all questions
                values: Any = record.values
                if (values[key].strip() if key < len(values) else "") not in condition.values:
                    return False
            elif plain_value(record, key) not in condition.values:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Element:
    """Element `number` of a segment, from 1; one component of it, from 1, or the whole."""

    number: int
    component: int | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Qualifier and value pairs from element `start`; (qualifier, length of value it is written for or null) by preference."""

    start: int
    qualifiers: tuple[tuple[str, int | None], ...]
    composites: bool = False
    """Each pair is one composite, value first (EDIFACT C212), and not two elements (X12)."""
    end: int | None = None
    """Element of the last value, where other elements follow; null: the pairs go on to the end of the segment."""

    @property
    def key(self) -> int:
        """Where they stand, as one number."""
        return self.start + 1000 * (self.end or 0)

    def found_in(self, values: Sequence[str], code: str = "") -> Iterator[tuple[str, int]]:
        """Qualifier of each pair and the element that holds its value; without some that are not of `code`, if that is asked for."""
        if self.composites:
            for at in range(self.start, len(values)):
                if code in values[at]:
                    yield component_of(values[at], 2, COMPONENT_MARK), at
        else:
            for at in range(self.start, len(values) - 1 if self.end is None else min(len(values) - 1, self.end), 2):
                yield values[at].strip(), at + 1

    def times_in(self, values: Sequence[str], qualifier: str) -> int:
        """How often a qualifier may stand among the values, at most: a quick look."""
        if self.composites:
            return sum(qualifier in value for value in values[self.start :])
        return sum(value.strip() == qualifier for value in values[self.start :: 2])

    def code_at(self, values: Sequence[str], number: int) -> str | None:
        """The qualifier of the value in an element; null where none of the pairs has its value there. As `found_in` has it."""
        if self.composites:
            return component_of(values[number], 2, COMPONENT_MARK) if self.start <= number < len(values) else None
        at = number - 1
        most = len(values) - 1 if self.end is None else min(len(values) - 1, self.end)
        return values[at].strip() if self.start <= at < most and (at - self.start) % 2 == 0 else None


@dataclass(frozen=True, slots=True)
class Name:
    """A named value: XML leaf or attribute, JSON member, CSV column. Empty: the record's own text."""

    name: str


Leaf = Element | Pairs | Name


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from the record at hand to a record, and the value in it. No leaf: the record itself."""

    text: str
    steps: tuple[Step, ...]
    leaf: Leaf | None

    def below(self, prefix: tuple[Step, ...]) -> Path:
        """The same path with these steps before it."""
        return replace(self, steps=prefix + self.steps)


@dataclass(frozen=True, slots=True)
class Located:
    """A value and where it stands: record, element number or name, component."""

    record: SourceRecord
    key: int | str
    component: int | None
    text: str


def parse(text: str, format_name: str, *, record: bool = False) -> Path:
    """The path in `text`. `record=True`: it names a record (`at`, whole segments of `ignore`), not a value.

    Raises ValueError that says what is wrong; the mapping's loader adds mapping, row and column.
    """
    segments = format_name in SEGMENT_FORMATS
    axis: Axis = "child"
    rest = text
    for sign, first in (("//", "below"), ("^", "ancestor"), ("/", "top")):
        if text.startswith(sign):
            axis, rest = first, text[len(sign) :]  # type: ignore[assignment]
            break
    if not rest:
        raise ValueError("the path is empty")
    parts = _split(rest)
    leaf: Leaf | None = None
    if not record:
        leaf = _leaf(parts[-1], segments, format_name == "edifact")
        parts = parts[:-1]
    steps: list[Step] = []
    if axis == "top":
        steps.append(Step("top", ""))
        axis = "child"
    for index, part in enumerate(parts):
        if part == "." and index == 0 and axis == "child" and not steps:
            continue
        steps.append(Step("parent", "") if part == ".." else _step(part, axis, segments, format_name == "edifact"))
        axis = "child"
    if axis == "ancestor" or (axis == "below" and not steps):
        raise ValueError(f"`{text}` names no record after {text[:2]!r}")
    return Path(text, tuple(steps), leaf)


def parse_or_refuse(text: str, format_name: str, where: str, *, record: bool = False) -> Path:
    """`parse`, with a ConfigError that names mapping, row and column."""
    try:
        return parse(text, format_name, record=record)
    except ValueError as error:
        raise ConfigError(f"{where}: path `{text}`: {error}") from None


def _split(text: str) -> list[str]:
    """The steps between slashes; a slash inside brackets belongs to a value."""
    parts = re.findall(r"(?:[^/\[\]]|\[[^\[\]]*\])+", text)
    if "/".join(parts) != text:
        raise ValueError("an empty step, or brackets that do not close")
    return parts


def _leaf(part: str, segments: bool, composites: bool) -> Leaf:
    if not segments:
        if "[" in part:
            raise ValueError("the last step is the name of a value and takes no condition")
        return Name("" if part == "." else part)
    if match := _ELEMENT.fullmatch(part):
        component = match["component"]
        number = int(match["number"])
        if number == 0 or component == "0":
            raise ValueError("elements and components count from 1")
        return Element(number, int(component) if component else None)
    if match := _PAIRS.fullmatch(part):
        qualifiers = []
        for word in match["qualifiers"].split("|"):
            code, _, length = word.partition(":")
            if not code or (length and not length.isdecimal()):
                raise ValueError(f"`{word}` is no qualifier, or its length is no number")
            qualifiers.append((code, int(length) if length else None))
        start, end = int(match["start"]), int(match["end"]) if match["end"] else None
        if end is not None and (composites or end <= start or (end - start) % 2 == 0):
            raise ValueError(f"`{part}` names no pairs of elements")
        return Pairs(start, tuple(qualifiers), composites, end)
    raise ValueError(f"`{part}` is no element (two digits, `04-2` for a component) and no list of pairs (`06*[BP]`)")


def _step(part: str, axis: Axis, segments: bool, composites: bool) -> Step:
    match = _STEP.fullmatch(part)
    if match is None:
        raise ValueError(f"`{part}` is no step")
    tag = match["tag"]
    if segments and not _SEGMENT_TAG.fullmatch(tag):
        raise ValueError(f"`{tag}` is no segment id")
    conditions: list[Condition] = []
    same: list[tuple[str, str]] = []
    for bracket in re.findall(r"\[[^\[\]]*\]", match["conditions"]):
        found = _CONDITION.fullmatch(bracket)
        if found is None:
            raise ValueError(f"`{bracket}` is no condition like [01=ST]")
        if (segments and not found[2]) or found[1].count("/") > 1:
            raise ValueError(f"`{bracket}` asks for nothing that a record has")
        if found[2].startswith("$"):
            if segments or axis != "child" or len(found[2]) == 1:
                raise ValueError(f"`{bracket}`: named formats compare with a value of the record at hand, below another record")
            same.append((found[1], found[2][1:]))
            continue
        key = _key(found[1], composites) if segments and found[1] != ONLY else found[1]
        conditions.append(Condition(key, tuple(found[2].split("|"))))
    return Step(axis, tag, tuple(conditions), tuple(same))


def _key(text: str, composites: bool) -> int | Component:
    match = _KEY.fullmatch(text)
    if match is None or "0" in (match["number"].lstrip("0") or "0", match["component"]):
        raise ValueError(f"`{text}` is no element number")
    if match["component"] is None:
        return int(match["number"])
    if not composites:  # which sign parts them is known only with the document
        raise ValueError(f"`{text}`: components decide in edifact only")
    return Component(int(match["number"]), int(match["component"]))


def plain_value(record: SourceRecord, key: Key) -> str:
    """The text of an element, a component or a named value of this record, blanks at the ends dropped; empty when absent."""
    values: Any = record.values
    if key.__class__ is int:  # a segment: named formats have names only
        return values[key].strip() if key < len(values) else ""
    if key.__class__ is Component:
        number, component = key
        return component_of(values[number], component, COMPONENT_MARK) if number < len(values) else ""
    if values.__class__ is list:
        if record.parent is None:
            return "1"
        return str(alike(record.parent.children, record.tag, code_of(record, COMPONENT_MARK), COMPONENT_MARK))
    text: str | None = values.get(key)
    if text is None:
        if key == ONLY:
            return str(alike(record.parent.children, record.tag, None, COMPONENT_MARK)) if record.parent is not None else "1"
        if "/" not in key:  # type: ignore[operator]  # a name, see above
            return ""
        tag, _, name = key.partition("/")  # type: ignore[union-attr]
        below: Any = next((child.values for child in record.children if child.tag == tag), {})
        text = below.get(name, "")
    return text.strip()


def bound(steps: tuple[Step, ...], record: SourceRecord) -> tuple[Step, ...]:
    """The steps from this record, with what they must have in common with it as conditions; what it does not say is shared by none."""
    if not any(step.same for step in steps):
        return steps
    return tuple(
        replace(
            step,
            conditions=(*step.conditions, *(Condition(key, tuple(filter(None, (plain_value(record, own),)))) for key, own in step.same)),
            same=(),
        )
        for step in steps
    )


def records(path: Path, record: SourceRecord) -> Sequence[SourceRecord]:
    """Every record the steps reach from here, in document order."""
    return reached(bound(path.steps, record), (record,))


def lies_below(paths: Sequence[Path], record: SourceRecord) -> bool:
    """Whether one of these paths reaches a record from here."""
    return any(records(path, record) for path in paths)


def reached(steps: Sequence[Step], start: Sequence[SourceRecord]) -> Sequence[SourceRecord]:
    """What steps reach from some records, in document order. The steps ask nothing of the record that they start from (`bound`)."""
    for step in steps:
        if step.axis == "child":  # nearly all are; most children have another tag and need no call
            tag = step.tag
            start = [child for one in start for child in one.children if child.tag == tag and step.matches(child)]
        else:
            start = [found for one in start for found in _follow(step, one)]
    return start


def leads_out(path: Path) -> bool:
    """Whether a path leaves the record that it starts from, so that others start from elsewhere and meet there."""
    return bool(path.steps) and path.steps[0].axis in ("ancestor", "top", "parent")


def goes_down(steps: Sequence[Step]) -> bool:
    """Whether steps lead from every record to records below it, whatever it says."""
    plain = not any(step.same for step in steps)
    return plain and bool(steps) and steps[0].axis in ("child", "below") and all(step.axis == "child" for step in steps[1:])


def _gather_below(step: Step, record: SourceRecord, gathered: list[SourceRecord]) -> None:
    tag = step.tag
    for child in record.children:
        if child.tag == tag and step.matches(child):
            gathered.append(child)
        if child.children:
            _gather_below(step, child, gathered)


def _follow(step: Step, record: SourceRecord) -> Iterator[SourceRecord]:
    if step.axis == "below":
        gathered: list[SourceRecord] = []
        _gather_below(step, record, gathered)
        yield from gathered
    elif step.axis == "top":
        while record.parent is not None:
            record = record.parent
        yield record
    elif step.axis == "parent":
        if record.parent is not None:
            yield record.parent
    else:
        nearest: SourceRecord | None = record
        while nearest is not None and not step.matches(nearest):
            nearest = nearest.parent
        if nearest is not None:
            yield nearest


def locate(path: Path, record: SourceRecord, components: str = ":") -> Iterator[Located]:
    """Every value the path reaches, in document order, with its place; empty values are passed over."""
    leaf = path.leaf
    for found in records(path, record):
        if isinstance(leaf, Element):
            if leaf.component is None:
                text = plain_value(found, leaf.number)
            else:  # out of the element as it is: the mark of EDIFACT trees counts as a blank to Python
                whole: Any = found.values
                text = component_of(whole[leaf.number], leaf.component, components) if leaf.number < len(whole) else ""
            if text:
                yield Located(found, leaf.number, leaf.component, text)
        elif isinstance(leaf, Pairs):
            values: Any = found.values
            part = 1 if leaf.composites else None
            for qualifier, _ in leaf.qualifiers:
                for said, at in leaf.found_in(values, qualifier):
                    if said == qualifier and (text := plain_value(found, at if part is None else Component(at, 1))):
                        yield Located(found, at, part, text)
        elif leaf is not None:
            yield from _named(found, leaf.name)


def _named(record: SourceRecord, name: str) -> Iterator[Located]:
    """A named value: in the record itself, else the own text of children of that name (arrays of scalars, XML leaves with attributes)."""
    if text := plain_value(record, name):
        yield Located(record, name, None, text)
        return
    for child in record.children:
        if child.tag == name and (text := plain_value(child, "")):
            yield Located(child, "", None, text)


def component_of(text: str, component: int, separator: str) -> str:
    """One component of a composite, counted from 1; empty when there is none."""
    if not separator:
        return text if component == 1 else ""
    parts = text.split(separator, component)  # no further than asked: a composite from outside may have a hundred thousand
    return parts[component - 1].strip() if component <= len(parts) else ""
