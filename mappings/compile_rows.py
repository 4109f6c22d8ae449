"""One row of a mapping that writes, as a closure over slots: the common kinds of rows, each as little as it has to be.

What none of them is made for (components beside others, rows that change what a condition asks) is left to the plain row of `write.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mappings.ancestors import member_of
from mappings.functions import FUNCTIONS, WRITTEN_IN_SEGMENTS, unmarked
from mappings.path import COMPONENT_MARK, Component, component_of
from mappings.plan import ORDINAL, Rule
from mappings.slots import Slots, Target, Targets, not_there, put
from mappings.write import Writer

RowWriter = Callable[[Any, Slots, Writer, str], bool]
"""Takes what holds the member, the slots of the element, the plain writer of this entity, the element's canonical path; tells whether
the value found its place."""
Texts = Callable[[Any, Writer], tuple[str, ...]]


def plain_row(rule: Rule) -> RowWriter:
    """The row as `write.py` writes it."""
    if not rule.to or rule.default is not None:
        return lambda data, slots, writer, prefix: writer.row(rule, data, slots[0], prefix)
    member = member_of(rule.to)

    def row(data: Any, slots: Slots, writer: Writer, prefix: str) -> bool:
        return member(data) is not None and writer.row(rule, data, slots[0], prefix)

    return row


def row_writer(rule: Rule, targets: Targets) -> RowWriter | None:
    """The closure of a row; null for one that is left to the plain writer."""
    conditions = tuple((targets.target(when.path), when.values) for when in rule.when)
    places = tuple(targets.target(path) for path in (rule.paths[: rule.function.arguments] if rule.to else rule.paths[:1]))
    asked = tuple((target, values) for target, values in conditions if target is not None and target.pair is None)
    strict = frozenset(number for number, when in enumerate(rule.when) if when.values is None and when.path not in rule.paths)
    found = tuple(target for target in places if target is not None)
    if rule.many or len(asked) < len(conditions) or len(found) < len(places):
        return None
    default = None if str(rule.default).startswith("@") else rule.default
    if default is not None and len(rule.to) > 1:
        return None  # it says something even where the party is absent
    if rule.elsewhere:
        return None
    if not rule.to:
        return _constant(rule, found[0], asked)
    if rule.const is None and not asked and len(found) == 1 and found[0].pair is None:
        return _component(rule, found[0], default) if isinstance(found[0].key, Component) else _one(rule, found[0], default)
    if rule.const is None and default is None and len(found) == 1 and _only_there(asked, strict):
        return _where_there(rule, found[0], tuple(target for target, _ in asked))
    if rule.const is not None or default is not None or asked or len(found) > 1:
        if not asked and rule.const is None and default is None and len({target.slot for target in found}) == 1:
            return _of_one_record(found, _several(rule, found, asked, strict, default), rule)
        return _several(rule, found, asked, strict, default)
    return _pair(rule, found[0])


_Asked = tuple[tuple[Target, tuple[str, ...] | None], ...]


def _constant(rule: Rule, place: Target, asked: _Asked) -> RowWriter:
    """A fixed text, where what its conditions say fits."""
    text, counted = str(rule.const), rule.const == ORDINAL

    def row(data: Any, slots: Slots, writer: Writer, prefix: str) -> bool:
        if counted and place.said(slots):
            return False  # neighbours share the record, and the first numbered it
        for target, values in asked:
            said = target.said(slots)
            if values is None:
                if not said:
                    return False
            elif not said and values[0]:
                target.place(slots, values[0])
            elif said and values[0] and said != values[0]:
                return False
        place.place(slots, str(writer.ordinal) if counted else text)
        return False

    return row


def _one(rule: Rule, target: Target, default: Any) -> RowWriter:
    """Most rows: one member, one whole value, no condition; `default`: what is said where the member is absent."""
    member, texts, write, worded = rule.to[-1], _texts(rule), _plain_write(rule), _is_text(rule)
    slot, create, anchor = target.slot, target.create, target.anchor if target.anchored else None
    find = target.find if target.find is not not_there else None
    key: Any = target.key
    numbered = isinstance(key, int)

    def row(data: Any, slots: Slots, writer: Writer, prefix: str) -> bool:
        value = data.get(member)
        if value is None:
            value = default
        if value is None or value == []:
            return False
        if worded:  # the most of the most
            text = value if value.isprintable() else unmarked(value)
        else:
            text = value if texts is None else write(value)[0] if write is not None else texts(value, writer)[0]
        record = slots[slot]
        if record is None and find is not None:
            record = find(slots)
        if record is None:
            if anchor is not None and (slots[anchor[0]] or anchor[1](slots)) is None:
                return False
            if text:
                create(slots, text)
            return True
        values: Any = record.values
        if numbered and key >= len(values):
            if text:
                if key == len(values):
                    values.append(text)
                else:
                    put(values, key, text)
            return True
        said = values[key] if numbered else values.get(key)
        if not said:
            if text:
                values[key] = text
            return True
        return bool(said == text)

    return row


def _component(rule: Rule, target: Target, default: Any) -> RowWriter:
    """The same for a component of an EDIFACT element, and what is said of it where the member is absent."""
    member, texts, write, worded = rule.to[-1], _texts(rule), _plain_write(rule), _is_text(rule)
    slot, create, anchor = target.slot, target.create, target.anchor if target.anchored else None
    find = target.find if target.find is not not_there else None
    key: Any = target.key
    number, component = key.number, key.component

    def row(data: Any, slots: Slots, writer: Writer, prefix: str) -> bool:
        value = data.get(member)
        if value is None:
            value = default
        if value is None or value == []:
            return False
        if worded:
            text = value if value.isprintable() else unmarked(value)
        else:
            text = value if texts is None else write(value)[0] if write is not None else texts(value, writer)[0]
        record = slots[slot]
        if record is None and find is not None:
            record = find(slots)
        if record is None:
            if anchor is not None and (slots[anchor[0]] or anchor[1](slots)) is None:
                return False
            if text:
                create(slots, text)
            return True
        values: Any = record.values
        held = values[number] if number < len(values) else ""
        if held and held.count(COMPONENT_MARK) == component - 2:  # the next one, as mostly
            if text:
                values[number] = f"{held}{COMPONENT_MARK}{text}"
            return True
        said = component_of(held, component, COMPONENT_MARK)
        if said:
            return bool(said == text)
        if text:
            put(values, key, text)
        return True

    return row


def _pair(rule: Rule, target: Target) -> RowWriter:
    """Rows of a qualifier and value pair, without a condition."""
    member, texts, slot, reach = rule.to[-1], _texts(rule), target.slot, target.reach
    put_next: Any = target.pair

    def row(data: Any, slots: Slots, writer: Writer, prefix: str) -> bool:
        value = data.get(member)
        if value is None:
            return False
        text = value if texts is None else texts(value, writer)[0]
        if text:
            put_next((slots[slot] or reach(slots)).values, text)
        return True

    return row


def _of_one_record(places: tuple[Target, ...], wholly: RowWriter, rule: Rule) -> RowWriter:
    """Rows of several texts in one record, which they mostly make; `wholly`: the row for what is no plain element."""
    member, texts = rule.to[-1], _texts(rule)
    first, rest = places[0], tuple((target.key, target.pair) for target in places[1:])
    slot, find, create, anchor = first.slot, first.find, first.create, first.anchor if first.anchored else None
    if texts is None or first.pair is not None or any(pair is not None for _, pair in rest):
        return wholly

    keys: list[Any] = [place.key for place in places]
    numbered = all(isinstance(key, int) for key in keys)

    def row(data: Any, slots: Slots, writer: Writer, prefix: str) -> bool:
        value = data.get(member)
        if value is None:
            return False
        record = slots[slot] or find(slots)
        if value == [] or (record is not None and not numbered):
            return wholly(data, slots, writer, prefix)
        written = texts(value, writer)
        if record is not None:
            values: Any = record.values
            size = len(values)
            for key, text in zip(keys, written, strict=False):
                if key < size and values[key] and values[key] != text:
                    return False
            for key, text in zip(keys, written, strict=False):
                if text:
                    put(values, key, text)
            return True
        text, *others = written
        if not text or (anchor is not None and (slots[anchor[0]] or anchor[1](slots)) is None):
            return wholly(data, slots, writer, prefix)
        create(slots, text)
        values = slots[slot].values
        for (key, _), other in zip(rest, others, strict=False):
            if other:
                put(values, key, other)
        return True

    return row


def _several(rule: Rule, places: tuple[Target, ...], asked: _Asked, strict: frozenset[int], default: Any) -> RowWriter:
    """Rows with conditions, constants and defaults, or several texts. `strict`: the conditions that ask for what an earlier row wrote."""
    member, texts, const = rule.to[-1], _texts(rule), rule.const

    def row(data: Any, slots: Slots, writer: Writer, prefix: str) -> bool:
        value = data.get(member)
        if value is None:
            value = default
        if value is None or value == [] or (const is not None and value != const):
            return False
        written = (value,) if texts is None else texts(value, writer)
        open_conditions = None
        for number, (target, values) in enumerate(asked):
            said = target.said(slots)
            if said:
                if values is not None and said not in values:
                    return False
            elif target.outside or number in strict:
                return False
            elif values is not None:
                open_conditions = True
        for target, text in zip(places, written, strict=False):
            if target.pair is None and (target.said(slots) not in ("", text) or (target.anchored and not target.there(slots))):
                return False
        if open_conditions:
            for target, values in asked:
                if values is not None and values[0] and not target.said(slots):
                    target.place(slots, values[0])
        for target, text in zip(places, written, strict=False):
            if text:
                target.place(slots, text)
        return True

    return row


def _only_there(asked: _Asked, strict: frozenset[int]) -> bool:
    """Whether all that is asked is that something is there already."""
    return bool(asked) and all(values is None and (target.outside or number in strict) for number, (target, values) in enumerate(asked))


def _where_there(rule: Rule, place: Target, asked: tuple[Target, ...]) -> RowWriter:
    """One text, where other values are there."""
    member, texts, anchored = rule.to[-1], _texts(rule), place.anchored

    def row(data: Any, slots: Slots, writer: Writer, prefix: str) -> bool:
        value = data.get(member)
        if value is None or value == []:
            return False
        for target in asked:
            if not target.said(slots):
                return False
        text = value if texts is None else texts(value, writer)[0]
        if place.pair is None and (place.said(slots) not in ("", text) or (anchored and not place.there(slots))):
            return False
        if text:
            place.place(slots, text)
        return True

    return row


def _is_text(rule: Rule) -> bool:
    """Whether a row of segments writes a text as it is, but for signs that part the values of a tree."""
    return rule.table is None and rule.function.write is WRITTEN_IN_SEGMENTS


def _plain_write(rule: Rule) -> Callable[[Any], tuple[str, ...]] | None:
    """The function of a row that needs neither a code table nor the time zone."""
    return rule.function.write if rule.table is None and not rule.function.zoned else None


def _texts(rule: Rule) -> Texts | None:
    """The source texts of a value; null where it is its own text. What can't be said raises ValueError."""
    if rule.table is not None:
        outward, keep = rule.table.written, rule.row.unknown == "keep"

        def coded(value: Any, writer: Writer) -> tuple[str, ...]:
            text = outward.get(str(value))
            if text is None:
                if not keep:
                    raise ValueError("a value that the code table lacks")
                text = unmarked(str(value))
            return (text,)

        return coded
    write = rule.function.write
    assert write is not None  # rows that write have one
    if write is FUNCTIONS["text"].write:
        return None
    if rule.function.zoned:
        return lambda value, writer: write(value, writer.time_zone)
    return lambda value, writer: write(value)
