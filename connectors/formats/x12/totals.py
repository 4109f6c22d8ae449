"""CTT01, by which a sender says how many lines a set has: held against the lines that came (X12 CTT, data element 354).

A sum that is wrong refuses nothing, since no code of a 997 speaks of it; but a line may have been lost on the way, and a person must know.
"""

from __future__ import annotations

from connectors.formats.x12.grammar import Totals
from data_contracts.findings import Finding
from data_contracts.findings import Place as Where
from data_contracts.source import SourceRecord


def wrong_total(root: SourceRecord, totals: Totals) -> Finding | None:
    """Finding X12-T01 where the set states another number of lines than it has; what is no number is the element's own fault."""
    stated = next((record for record in reversed(root.children) if record.tag == totals.segment), None)
    if stated is None or len(stated.values) <= totals.element:
        return None
    said: str = stated.values[totals.element]  # type: ignore[index]  # values of X12 records are lists
    if not (said.isdigit() and said.isascii()):
        return None
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
