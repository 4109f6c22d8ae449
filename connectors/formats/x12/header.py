"""What an ISA says, and what is wrong with it, in the words of TA1 notes (X12 data element I18)."""

from __future__ import annotations

import re
from functools import lru_cache

from connectors.formats.x12.control import is_number
from connectors.formats.x12.delimiters import BLANKS, WIDTH, Delimiters, Header, legible, storable
from connectors.formats.x12.patterns import SHORT_DATE
from connectors.spec import Profile
from data_contracts.findings import Finding, Place
from data_contracts.source import Interchange

_DATE = re.compile(SHORT_DATE)
_TIME = re.compile("(?:[01][0-9]|2[0-3])[0-5][0-9]")
_TWO = re.compile("[0-9A-Z]{2}")
_VERSION = re.compile("[0-9]{5}")
_ANY = "[^\x1f]"
_SOUND = re.compile(
    "\x1f".join(
        [
            *("ISA", _TWO.pattern, f"{_ANY}*", _TWO.pattern, f"{_ANY}*"),
            *(_TWO.pattern, f"{_ANY}+", _TWO.pattern, f"{_ANY}+", SHORT_DATE, _TIME.pattern, f"{_ANY}*"),
            *(_VERSION.pattern, "[0-9]{1,9}", "[01]", "[PTI]", f"{_ANY}*"),
        ]
    )
)
"""An ISA, its elements parted by a sign that none can hold, of which nothing is to be said: all that `_values` asks one by one."""


def interchange_of(header: Header, profile: Profile, ordinal: int, at: int, line: int) -> Interchange:
    """The interchange that this ISA opens, with the findings on the ISA itself."""
    whole = "".join(header.elements)
    if whole.isascii() and whole.isprintable():  # as nearly all are: nothing to make storable, no line ends within
        elements = tuple(header.elements)
    else:
        elements = tuple(storable(element.replace("\r", "").replace("\n", "")) for element in header.elements)
    isa = ("ISA", *[element.strip(BLANKS) for element in elements])
    return Interchange(
        sender=f"{isa[5]}:{isa[6]}",
        receiver=f"{isa[7]}:{isa[8]}",
        control=isa[13],
        test=isa[15] != "P",
        ordinal=ordinal,
        offset=at,
        length=0,
        header=elements,
        acknowledgement_requested=isa[14] == "1",
        delimiters=header.delimiters.as_mapping(),
        findings=[*_shape(header, profile, line), *_values(isa, header.delimiters, line)],
    )


def is_date(value: str) -> bool:
    """Whether a value can be ISA09: YYMMDD."""
    return _DATE.fullmatch(value) is not None


def is_time(value: str) -> bool:
    """Whether a value can be ISA10: HHMM."""
    return _TIME.fullmatch(value) is not None


def can_be_cut(header: Header, profile: Profile) -> bool:
    """Whether what is inside may be read: the header has its width (or need not), and its separators separate."""
    return (header.fixed or profile.unpadded_isa) and not any(_separators(header.delimiters, 1))


def _shape(header: Header, profile: Profile, line: int) -> list[Finding]:
    findings = _separators(header.delimiters, line)
    if header.fixed and not header.wrapped:
        return findings
    where = Place("ISA", line=line)
    if not header.fixed:
        # TA1 022: the control structure itself is wrong. With the partner's consent it is only noted.
        if profile.unpadded_isa:
            findings.append(Finding("X12-I104", where, str(WIDTH), str(header.length)))
        else:
            findings.append(Finding("X12-I022", where, str(WIDTH), str(header.length), "022"))
    if header.wrapped:
        findings.append(Finding("X12-I106", where))
    return findings


def _separators(marks: Delimiters, line: int) -> list[Finding]:
    return [] if _separate(marks) else _bad_separators(marks, line)


@lru_cache(maxsize=256)
def _separate(marks: Delimiters) -> bool:
    """Whether these delimiters can cut segments: partners use the same ones every day."""
    return not _bad_separators(marks, 1)


def _bad_separators(marks: Delimiters, line: int) -> list[Finding]:
    def bad(mark: str, *others: str) -> bool:
        return mark.isalnum() or mark == " " or mark in others or "\ud800" <= mark <= "\udfff"

    findings = []
    if bad(marks.component, marks.element):
        findings.append(Finding("X12-I027", Place("ISA", element=16, line=line), None, legible(marks.component), "027"))
    if bad(marks.segment, marks.element, marks.component):
        findings.append(Finding("X12-I004", Place("ISA", line=line), None, legible(marks.segment), "004"))
    if marks.repetition and bad(marks.repetition, marks.element, marks.component, marks.segment):
        findings.append(Finding("X12-I016", Place("ISA", element=11, line=line), None, legible(marks.repetition), "016"))
    return findings


def _values(isa: tuple[str, ...], marks: Delimiters, line: int) -> list[Finding]:
    """Elements 01 to 15, in order. Those that say who, which and for what are errors; the others let the interchange in."""
    if _SOUND.fullmatch("\x1f".join(isa)) and (isa[12] < "00402" or marks.repetition):
        return []
    findings: list[Finding] = []

    def check(element: int, note: str, good: bool, expected: str) -> None:
        if not good:
            where = Place("ISA", element=element, line=line)
            findings.append(Finding(f"X12-I{note}", where, expected, legible(isa[element], 20), note))

    check(1, "010", _TWO.fullmatch(isa[1]) is not None, "00-06")
    check(3, "012", _TWO.fullmatch(isa[3]) is not None, "00, 01")
    check(5, "005", _TWO.fullmatch(isa[5]) is not None, "ZZ, 01, 14 …")
    check(6, "006", isa[6] != "", "1-15")
    check(7, "007", _TWO.fullmatch(isa[7]) is not None, "ZZ, 01, 14 …")
    check(8, "008", isa[8] != "", "1-15")
    check(9, "014", _DATE.fullmatch(isa[9]) is not None, "YYMMDD")
    check(10, "015", _TIME.fullmatch(isa[10]) is not None, "HHMM")
    check(12, "017", _VERSION.fullmatch(isa[12]) is not None, "00401, 00501 …")
    check(13, "018", is_number(isa[13]), "000000001-999999999")
    check(14, "019", isa[14] in ("0", "1"), "0, 1")
    check(15, "020", isa[15] in ("P", "T", "I"), "P, T, I")
    if isa[12] >= "00402" and not marks.repetition:
        findings.append(Finding("X12-I110", Place("ISA", element=11, line=line), None, legible(isa[11], 20)))
    return findings
