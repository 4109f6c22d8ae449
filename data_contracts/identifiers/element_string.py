"""GS1 element strings: AIs and values one behind the other, as a scanner or an EDI element carries them.

An AI of predefined length needs no end; every other value ends with FNC1, which arrives as the control character GS
(0x1D) and is written `^` in documentation (General Specifications 7.8). Nothing is guessed: digits that look like
another AI inside a lot number are part of the lot number.
"""

from __future__ import annotations

from data_contracts.findings import Finding
from data_contracts.identifiers.application_identifiers import heads, lengths, table
from data_contracts.identifiers.associations import judge
from data_contracts.identifiers.parsed import ParsedMessage

GS = "\x1d"
ENVELOPE, ENVELOPE_END = "[)>\x1e05\x1d", "\x1e\x04"
"""ISO/IEC 15434 format 05: the frame in which Data Matrix symbols that hold several formats carry element strings."""


def parse(text: str, *, associations: bool = True) -> ParsedMessage:
    """Read an element string with GS or `^` as separator; a leading one is allowed, and the frame of ISO/IEC 15434 around it.

    `associations` applies the rules on AIs that belong together. Findings GS1-01 and GS1-03 to GS1-10. After an AI that the
    table does not know, nothing more can be read: where its value ends is unknown.
    """
    data = text.replace("^", GS) if "^" in text else text
    if data.startswith(ENVELOPE) and data.endswith(ENVELOPE_END):
        data = data[len(ENVELOPE) : -len(ENVELOPE_END)]
    if data.startswith(GS):
        data = data[1:]
    if not data:
        return ParsedMessage(text, (), (Finding("GS1-10", got=text),))
    beginnings, known = heads(), table()
    elements: list[tuple[str, str]] = []
    findings: list[Finding] = []
    chunks = data.split(GS)
    for number, chunk in enumerate(chunks):
        position, end = 0, len(chunk)
        if not end and 0 < number == len(chunks) - 1:
            break  # a separator at the end says nothing
        while position < end or not end:
            found = beginnings.get(chunk[position : position + 2])
            spec = known.get(chunk[position : position + found]) if isinstance(found, int) else found
            if spec is None:
                findings.append(_unknown(GS.join((chunk[position:], *chunks[number + 1 :]))))
                return _judged(text, elements, findings, associations)
            ai, fixed = spec.ai, spec.fixed
            position += len(ai)
            if fixed:
                value = chunk[position : position + fixed]
                position += fixed
            else:
                value = chunk[position:]
                position = end or 1
            elements.append((ai, value))
            check = spec.check if spec.match(value) is not None else spec.fault
            if check is not None:
                fault = check(value)
                if fault is not None:
                    params = {"what": f"({ai})", "value": value}
                    findings.append(Finding(fault.rule, expected=fault.expected, got=fault.got, params=params))
    return _judged(text, elements, findings, associations)


def _unknown(rest: str) -> Finding:
    ai = rest[: lengths().get(rest[:2], 2)]
    return Finding("GS1-03", got=ai, params={"rest": rest.replace(GS, "^")})


def _judged(text: str, elements: list[tuple[str, str]], findings: list[Finding], associations: bool) -> ParsedMessage:
    return ParsedMessage(text, tuple(elements), (*findings, *judge(elements)) if associations else tuple(findings))


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
