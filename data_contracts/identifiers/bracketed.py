"""The human-readable form of GS1 element strings: `(01)06926365598003(10)A-17` (General Specifications 4.14).

Brackets are not data. A value that holds an opening bracket itself writes it as `\\(`.
"""

from __future__ import annotations

from data_contracts.findings import Finding
from data_contracts.identifiers.application_identifiers import table
from data_contracts.identifiers.associations import judge
from data_contracts.identifiers.check_digit import is_digits
from data_contracts.identifiers.parsed import ParsedMessage


def parse(text: str, *, associations: bool = True) -> ParsedMessage:
    """Read the bracketed form. Findings GS1-01, GS1-03 to GS1-09, and GS1-11 where brackets do not fit."""
    known = table()
    elements: list[tuple[str, str]] = []
    findings: list[Finding] = []
    position, end = 0, len(text)
    if not text.startswith("("):
        return ParsedMessage(text, (), (Finding("GS1-11", got=text),))
    while position < end:
        close = text.find(")", position)
        ai = text[position + 1 : close] if close > 0 else ""
        if not 2 <= len(ai) <= 4 or not is_digits(ai):
            findings.append(Finding("GS1-11", got=text[position:]))
            break
        stop = text.find("(", close)
        while stop > 0 and text[stop - 1] == "\\":
            stop = text.find("(", stop + 1)
        if stop < 0:
            stop = end
        value = text[close + 1 : stop].replace("\\(", "(")
        position = stop
        spec = known.get(ai)
        elements.append((ai, value))
        if spec is None:
            findings.append(Finding("GS1-03", got=ai, params={"rest": value}))
            continue
        fault = spec.fault(value)
        if fault is not None:
            findings.append(Finding(fault.rule, expected=fault.expected, got=fault.got, params={"what": f"({ai})", "value": value}))
    if associations:
        findings += judge(elements)
    return ParsedMessage(text, tuple(elements), tuple(findings))


def write(elements: tuple[tuple[str, str], ...]) -> str:
    """The bracketed form of these pairs."""
    return "".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in elements)
