"""A partner's 997 or 999 on what we sent, as verdicts: which group, which sets, taken or not, and why.

The caller finds its own documents by (GS01, GS06) of the group and ST02 of the set. A TA1 needs no reader: the
`acknowledgement` event carries it.
"""

from __future__ import annotations

from connectors.formats.x12.verdicts import ElementError, GroupVerdict, MessageVerdict, SegmentError
from data_contracts.source import SourceRecord


def read_functional_acknowledgement(root: SourceRecord, components: str = ":") -> GroupVerdict | None:
    """The verdict that the set 997 or 999 below `root` gives on one of our groups; null when AK1 or AK9 is missing.

    `components` is the separator of the interchange (`Message.components`), for AK401. Segments are taken in order of
    arrival, whatever their nesting, so that one with faults of its own still tells what it can.
    """
    group: list[str] | None = None
    end: list[str] | None = None
    messages: list[MessageVerdict] = []
    set_of: list[str] = []
    errors: list[SegmentError] = []
    for record in root.walk():
        values = list(record.values)
        if record.tag == "AK1":
            group = values
        elif record.tag == "AK2":
            set_of, errors = values, []
        elif record.tag in ("AK3", "IK3"):
            errors.append(SegmentError(_at(values, 1), _number(_at(values, 2)) or 0, _at(values, 4), _at(values, 3) or None))
        elif record.tag in ("AK4", "IK4") and errors:
            last = errors[-1]
            errors[-1] = SegmentError(last.segment, last.position, last.code, last.loop, (*last.elements, _element(values, components)))
        elif record.tag in ("AK5", "IK5") and set_of:
            codes = tuple(value for value in values[2:] if value)
            messages.append(MessageVerdict(_at(set_of, 1), _at(set_of, 2), _at(values, 1), codes, tuple(errors), _at(set_of, 3)))
            set_of, errors = [], []
        elif record.tag == "AK9":
            end = values
    if group is None or end is None:
        return None
    return GroupVerdict(
        type=_at(group, 1),
        control=_at(group, 2),
        version=_at(group, 3),
        verdict=_at(end, 1),
        declared=_at(end, 2),
        received=_number(_at(end, 3)) or 0,
        accepted=_number(_at(end, 4)) or 0,
        codes=tuple(value for value in end[5:] if value),
        messages=tuple(messages),
    )


def _element(values: list[str], components: str) -> ElementError:
    place = _at(values, 1).split(components) if components else [_at(values, 1)]
    return ElementError(
        element=_number(place[0]) or 0,
        code=_at(values, 3),
        component=_number(_at(place, 1)),
        repeat=_number(_at(place, 2)),
        number=_at(values, 2) or None,
        bad=_at(values, 4) or None,
    )


def _at(values: list[str], place: int) -> str:
    return values[place] if place < len(values) else ""


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() else None
