"""CTT, by which a sender says how many lines a set has and what their quantities add up to: held against what came (elements 354, 347).

A sum that is wrong refuses nothing, since no code of a 997 speaks of it; but a line may have been lost on the way, and a person must know.
A hash total adds digits and leaves out points and signs (0.18 and 1.8 make 36); most senders simply add. Either is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from connectors.formats.x12.grammar import Grammar, HashTotal, Totals
from data_contracts.findings import Finding
from data_contracts.findings import Place as Where
from data_contracts.source import SourceRecord

_DIGITS = 10
"""Of a hash total at most; what is longer loses its leading digits."""


def wrong_totals(root: SourceRecord, grammar: Grammar, came: int | None = None) -> Iterator[Finding]:
    """Finding X12-T01 where the set states another number of lines than it has, X12-T02 where another sum; what is no number is the
    element's own fault. `came`: how many lines (HL) it has, where they were counted.
    """
    totals = grammar.totals
    stated = None if totals is None else next((record for record in reversed(root.children) if record.tag == totals.segment), None)
    if totals is None or stated is None:
        return
    values: list[str] = stated.values  # type: ignore[assignment]  # values of X12 records are lists
    if len(values) > totals.element and (wrong := _miscounted(root, totals, stated, values[totals.element], came)) is not None:
        yield wrong
    hashed = grammar.hash_total
    if hashed is not None and len(values) > hashed.element and values[hashed.element]:
        said, sums = _number(values[hashed.element]), _sums(root.children, hashed)
        if said is not None and sums and said not in sums:
            where = Where(totals.segment, stated.position, hashed.element, None, stated.line)
            params = {"of": f"{hashed.of}{hashed.value:02d}"}
            yield Finding("X12-T02", where, _plain(sums[0]), values[hashed.element], params=params)


def hash_total(children: Sequence[SourceRecord], hashed: HashTotal) -> str | None:
    """The hash total that a set states, added as most do; null where nothing is to be added."""
    sums = _sums(children, hashed)
    return _plain(sums[0]) if sums else None


def _miscounted(root: SourceRecord, totals: Totals, stated: SourceRecord, said: str, came: int | None) -> Finding | None:
    if not (said.isdigit() and said.isascii()):
        return None
    if came is None:
        came = _count(root, totals.of)
    if int(said) == came:
        return None
    where = Where(totals.segment, stated.position, totals.element, None, stated.line)
    return Finding("X12-T01", where, str(came), said, params={"of": totals.of})


def _count(root: SourceRecord, tag: str) -> int:
    """Records of a loop at the top of the set, and below each other (HL)."""
    count, waiting = 0, [root]
    while waiting:
        for child in waiting.pop().children:
            if child.tag == tag:
                count += 1
                waiting.append(child)
    return count


def _sums(children: Sequence[SourceRecord], hashed: HashTotal) -> list[Decimal]:
    """The sum of all values, and that of their digits; empty where there are none or one is no number."""
    texts = [str(values[hashed.value]) for record in _all(children, hashed.of) if len(values := list(record.values)) > hashed.value]
    numbers = [_number(text) for text in texts if text]
    if not numbers or None in numbers:
        return []
    digits = sum(int(figures) for text in texts if (figures := "".join(filter(str.isdigit, text))))
    return [sum((one for one in numbers if one is not None), Decimal(0)), Decimal(digits % 10**_DIGITS)]


def _all(children: Sequence[SourceRecord], tag: str) -> Iterator[SourceRecord]:
    """Every record of this tag, also in loops and in levels below each other (HL)."""
    waiting = [children]
    while waiting:
        for child in waiting.pop():
            if child.tag == tag:
                yield child
            if child.children:
                waiting.append(child.children)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _plain(number: Decimal) -> str:
    """Digits and a point, never an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
