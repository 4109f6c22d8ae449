"""GS1 element strings: AIs and values one behind the other, as a scanner or an EDI element carries them.

An AI of predefined length needs no end; every other value ends with FNC1, which arrives as the control character GS
(0x1D) and is written `^` in documentation (General Specifications 7.8). Nothing is guessed: digits that look like
another AI inside a lot number are part of the lot number.
"""

from __future__ import annotations

from data_contracts.findings import Finding
from data_contracts.identifiers.application_identifiers import lengths, table
from data_contracts.identifiers.associations import judge
from data_contracts.identifiers.parsed import ParsedMessage

GS = "\x1d"


def parse(text: str, *, associations: bool = True) -> ParsedMessage:
    """Read an element string with GS or `^` as separator; a leading one is allowed.

    `associations` applies the rules on AIs that belong together. Findings GS1-01 and GS1-03 to GS1-10. After an AI that the
    table does not know, nothing more can be read: where its value ends is unknown.
    """
    data = text.replace("^", GS)
    if data.startswith(GS):
        data = data[1:]
    if not data:
        return ParsedMessage(text, (), (Finding("GS1-10", got=text),))
    known, digits = table(), lengths()
    elements: list[tuple[str, str]] = []
    findings: list[Finding] = []
    position, end = 0, len(data)
    while position < end:
        ai = data[position : position + digits.get(data[position : position + 2], 2)]
        spec = known.get(ai)
        if spec is None:
            findings.append(Finding("GS1-03", got=ai, params={"rest": data[position:].replace(GS, "^")}))
            break
        position += len(ai)
        stop = data.find(GS, position)
        if stop < 0:
            stop = end
        if spec.fixed and position + spec.fixed < stop:
            stop = position + spec.fixed
        value = data[position:stop]
        elements.append((ai, value))
        fault = spec.fault(value)
        if fault is not None:
            findings.append(Finding(fault.rule, expected=fault.expected, got=fault.got, params={"what": f"({ai})", "value": value}))
        position = stop
        if data.startswith(GS, position):
            position += 1
    if associations:
        findings += judge(elements)
    return ParsedMessage(text, tuple(elements), tuple(findings))


def write(elements: tuple[tuple[str, str], ...], separator: str = GS) -> str:
    """The element string of these pairs, beginning with the separator as first character (FNC1 in first position)."""
    known = table()
    pieces = []
    last = len(elements) - 1
    for index, (ai, value) in enumerate(elements):
        pieces.append(ai + value)
        if index != last and not known[ai].fixed:
            pieces.append(separator)
    return separator + "".join(pieces)
