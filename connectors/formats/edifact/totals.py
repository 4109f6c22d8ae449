"""Control totals: what a sender says of its own message in CNT, held against what came, and made anew when a message is written.

A total that is wrong refuses nothing, since CONTRL speaks of the counts of the envelope only; but a line may have been lost on the way, and
a person must know. Guides count differently (with sub-lines or without, all quantities or those of one qualifier), so a total is wrong
only where no reading of its code (data element 6069) gives it. Codes that nothing in a message confirms (weights, volumes) are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.formats.edifact.separators import COMPONENT, ELEMENT
from connectors.legible import legible
from data_contracts.findings import Finding
from data_contracts.findings import Place as Where
from data_contracts.source import SourceRecord

SEGMENT = "CNT"
_AMOUNTS = ("77", "9", "39", "86", "128")
"""Qualifiers (5025) of what an invoice asks for as a whole: invoice amount, amount due, invoice total, message total, total amount."""

Reading = Callable[[Sequence[SourceRecord]], "list[Decimal]"]


def wrong_totals(root: SourceRecord, lines: int | None = None) -> Iterator[Finding]:
    """Finding EDF-T01 for each CNT of the message, or of its summary, that no reading confirms. `lines`: how many it has, where they were
    counted.
    """
    for record in _stated(root.children):
        code, text = _component(record, 1), _component(record, 2)
        if code in _OF_LINES and text == str(len(_all(root.children, "LIN")) if lines is None else lines):
            continue  # the customary reading, which nearly every sender means
        said = _number(text)
        readings = _made(root.children, code)
        if said is not None and readings and said not in readings:
            where = Where(SEGMENT, record.position, 1, 2, record.line)
            english, chinese = KNOWN[code][:2]
            params = {"code": code, "of": english, "of_zh": chinese}
            yield Finding("EDF-T01", where, _plain(readings[0]), legible(text), params=params)


def counts_lines_only(texts: Sequence[str], lines: int) -> bool:
    """Whether the segments of a message end with its totals, and each is the number of its `lines`: nothing is wrong then, as in nearly
    every message.

    For messages whose order is right and whose totals are neighbours: one behind which something else stands is not looked for.
    """
    said = f"{COMPONENT}{lines}"
    totals = 0
    for text in reversed(texts):
        if not text.startswith(SEGMENT):
            break
        if text[_CODE:] != said or text[_CODE - 1] not in _OF_LINES:
            return False
        totals += 1
    return totals > 0


def with_totals(children: Sequence[SourceRecord], asked: Sequence[str], in_summary: bool) -> list[SourceRecord]:
    """The children with every total as they make it; those of the `asked` codes are added where they are not there, in the summary
    (UNS+S) of messages that have one. A total that a reading confirms, or that nothing can confirm, stays as it is.
    """
    summary = next((child for child in reversed(children) if child.tag == "UNS" and _component(child, 1) == "S"), None)
    held = {_component(record, 1) for record in _stated(children)}
    added = [
        SourceRecord(SEGMENT, [SEGMENT, COMPONENT.join((code, _plain(made[0])))], 0)
        for code in asked
        if code not in held and (made := _made(children, code))
    ]
    done: list[SourceRecord] = []
    for child in children:
        if child.tag == SEGMENT:
            child = _anew(child, children)
        elif child is summary and (added or any(one.tag == SEGMENT for one in child.children)):
            inside = [_anew(one, children) if one.tag == SEGMENT else one for one in child.children]
            child = SourceRecord(child.tag, list(child.values), child.position)
            child.children.extend([*inside, *(added if in_summary else ())])
        done.append(child)
    if in_summary and summary is None and added:
        summary = SourceRecord("UNS", ["UNS", "S"], 0)
        summary.children.extend(added)
        done.append(summary)
    return done if in_summary else [*done, *added]


def _anew(record: SourceRecord, children: Sequence[SourceRecord]) -> SourceRecord:
    made = _made(children, _component(record, 1))
    if not made or _number(_component(record, 2)) in made:
        return record
    values: list[str] = list(record.values)
    parts = values[1].split(COMPONENT)
    values[1] = COMPONENT.join([parts[0], _plain(made[0]), *parts[2:]])
    return SourceRecord(record.tag, values, record.position)


def _made(children: Sequence[SourceRecord], code: str) -> list[Decimal]:
    """What the message makes of a total, the customary reading first; empty where it cannot tell."""
    return KNOWN[code][2](children) if code in KNOWN else []


def _stated(children: Sequence[SourceRecord]) -> list[SourceRecord]:
    found: list[SourceRecord] = []
    for child in children:
        if child.tag == SEGMENT:
            found.append(child)
        elif child.tag == "UNS":
            found += [one for one in child.children if one.tag == SEGMENT]
    return found


def _all(children: Sequence[SourceRecord], tag: str) -> list[SourceRecord]:
    """Every record of this tag, in order, at any depth (lines below packing levels and sections, sub-lines)."""
    found: list[SourceRecord] = []
    _gather(children, tag, found)
    return found


def _gather(children: Sequence[SourceRecord], tag: str, found: list[SourceRecord]) -> None:
    for child in children:
        if child.tag == tag:
            found.append(child)
        if child.children:
            _gather(child.children, tag, found)


def _counted(tag: str) -> Reading:
    def count(children: Sequence[SourceRecord]) -> list[Decimal]:
        return [Decimal(len(_all(children, tag)))]

    return count


def _lines(children: Sequence[SourceRecord]) -> list[Decimal]:
    """All LIN; or those that are no sub-line (C829 says of which line it is one)."""
    lines = _all(children, "LIN")
    return [Decimal(len(lines)), Decimal(sum(1 for line in lines if not (_component(line, 1, 4) or _component(line, 2, 4))))]


def _quantities(children: Sequence[SourceRecord]) -> list[Decimal]:
    """The quantities of the lines that have the first one's qualifier; of any other qualifier; all of them; and the same with those
    that stand deeper in a line (call-offs, packages, lots)."""
    lines = _all(children, "LIN")
    near = [(_component(one, 1), _number(_component(one, 2))) for line in lines for one in line.children if one.tag == "QTY"]
    deep = [(_component(one, 1), _number(_component(one, 2))) for line in lines for one in _all(line.children, "QTY")]
    sums: list[Decimal] = []
    for found in (near, deep):
        totals: dict[str, Decimal] = {}
        for qualifier, value in found:
            if value is None:
                return []  # what is no number is the element's own fault
            totals[qualifier] = totals.get(qualifier, Decimal(0)) + value
        sums += [*totals.values(), sum(totals.values(), Decimal(0))]
    return sums


def _packages(children: Sequence[SourceRecord]) -> list[Decimal]:
    """The outermost packages, the innermost, or all that are stated (PAC 7224)."""
    stated = [_number(_component(one, 1)) for one in _all(children, "PAC")]
    if not stated or None in stated:
        return []
    return [_outermost(children), _innermost(children), sum((one for one in stated if one is not None), Decimal(0))]


def _outermost(children: Sequence[SourceRecord]) -> Decimal:
    own = _own_packages(children)
    return own if own is not None else sum((_outermost(child.children) for child in children), Decimal(0))


def _innermost(children: Sequence[SourceRecord]) -> Decimal:
    below = sum((_innermost(child.children) for child in children), Decimal(0))
    return below or _own_packages(children) or Decimal(0)


def _own_packages(children: Sequence[SourceRecord]) -> Decimal | None:
    own = [_number(_component(one, 1)) or Decimal(0) for one in children if one.tag == "PAC"]
    return sum(own, Decimal(0)) if own else None


def _amount(children: Sequence[SourceRecord]) -> list[Decimal]:
    near = [*children, *(one for child in children if child.tag == "UNS" for one in child.children)]
    found = {_component(one, 1): _number(_component(one, 2)) for one in near if one.tag == "MOA"}
    return [value for code in _AMOUNTS if (value := found.get(code)) is not None]


KNOWN: dict[str, tuple[str, str, Reading]] = {
    "1": ("sum of the quantities of the lines", "明细行数量合计", _quantities),
    "2": ("number of lines", "明细行数", _lines),
    "3": ("number of lines and sub-lines", "明细行与子行数", _counted("LIN")),
    "4": ("number of invoice lines", "发票行数", _lines),
    "10": ("number of consignments", "托运批次数", _counted("CNI")),
    "11": ("number of packages", "包装件数", _packages),
    "12": ("total amount of the invoice", "发票总金额", _amount),
    "16": ("number of pieces of equipment", "设备（容器）数", _counted("EQD")),
}
"""Codes of 6069 that a message can confirm: name in English and Chinese, and its readings."""

_CODE = len(f"{SEGMENT}{ELEMENT}") + 1
"""Characters of a total up to its code of one digit."""

_OF_LINES = frozenset({"2", "3", "4"})
"""Those that count LIN; each of their readings begins with all of them."""


def _component(record: SourceRecord, component: int, element: int = 1) -> str:
    values: Any = record.values
    if element >= len(values):
        return ""
    parts = str(values[element]).split(COMPONENT)
    return parts[component - 1].strip() if component <= len(parts) else ""


def _number(text: str) -> Decimal | None:
    """A number with either decimal mark."""
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
