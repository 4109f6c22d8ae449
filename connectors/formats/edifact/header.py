"""Finding the next interchange: a UNA and a UNB, or a UNB alone, among whatever stands around it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.formats.edifact.separators import LEVEL_B, Separators

WINDOW = 1024
"""Characters that are looked at to find a whole UNB."""

LAYOUT_RUN = r"[ \t\r\n]*"
_WITH_UNA = re.compile(rf"UNA(?P<marks>.{{5}})(?P<end>.){LAYOUT_RUN}(?P<unb>UNB)", re.DOTALL)
_SHORT_UNA = re.compile(rf"UNA(?P<marks>.{{4}})(?P<end>[^A-Za-z0-9\s]|\x1c){LAYOUT_RUN}(?P<unb>UNB)", re.DOTALL)
# The version of the syntax may be missing: that is told, and answered.
_BARE = re.compile(r"UNB(?:\+(?=[A-Z]{4}(?::[0-9]|:?\+)|\+)|\x1d(?=[A-Z]{4}(?:\x1f[0-9]|\x1f?\x1d)))")
_ANOTHER = re.compile(r"UNB([^A-Za-z0-9\s]|\x1d)[A-Z]{4}(?:[^A-Za-z0-9\s]|\x1f)[0-9]")
_ITS_UNA = re.compile(rf"UNA.{{5,6}}{LAYOUT_RUN}\Z", re.DOTALL)
_CANDIDATE = re.compile("UN[AB]")


@dataclass(frozen=True, slots=True)
class Header:
    """One UNA and UNB as found."""

    separators: Separators
    una: bool
    """Whether a UNA stands there; the separators are those of the standard otherwise."""
    shortened: bool
    """Whether the UNA lacks its reserved place."""
    length: int
    """Characters from the U of UNA (or UNB) to the start of UNB."""
    identifier: str
    """S001 0001, `UNOC`; empty where there is none."""
    syntax: str
    """S001 0002, `3`; empty where there is none."""


def another(text: str, start: int) -> int:
    """Where a further interchange, of whatever separators, begins in a text; -1 when nowhere. Data cannot look like its UNB by chance."""
    found = _ANOTHER.search(text, start)
    if found is None:
        return -1
    before = max(found.start() - 32, 0)
    una = _ITS_UNA.search(text[before : found.start()])
    return before + una.start() if una else found.start()


def find_start(text: str, start: int) -> int:
    """Where the next UNA or UNB may begin, -1 when nowhere."""
    found = _CANDIDATE.search(text, start)  # one look for both: two would each go to the end of the text for the one that is not there
    return found.start() if found else -1


def separators_untold(text: str) -> str | None:
    """The UNB with which a text begins, as far as its syntax, where that has other separators than the standard's and no UNA tells them.

    >>> separators_untold("UNB|UNOC:3|7612345000008:14|"), separators_untold("UNB+UNOC:3+7612345000008:14+")
    ('UNB|UNOC:3', None)
    """
    found = _ANOTHER.match(text)
    return found[0] if found is not None and parse_header(text) is None else None


def parse_header(text: str, start: int = 0) -> Header | None:
    """The UNA or UNB that starts at `text[start]`; null when none does. `WINDOW` characters must be there unless the document ends."""
    window = text[start : start + WINDOW]
    una = window.startswith("UNA")
    found = (_WITH_UNA.match(window) or _SHORT_UNA.match(window)) if una else _BARE.match(window)
    if found is None:
        return None
    if una:
        marks, at = found["marks"], found.start("unb")
        shortened = len(marks) == 4
        repetition = marks[4:]
    else:
        at, shortened, repetition = 0, False, ""
        marks = ":+.?" if window[3] == "+" else ""
    separators = LEVEL_B if not marks else Separators(marks[0], marks[1], marks[2], marks[3].strip(), "", found["end"] if una else "'")
    end = separators.first_end(window, at)
    unb = window[at : end - 1] if end else window[at:]
    if una and not unb.startswith("UNB" + separators.element):
        return None
    first = unb.split(separators.element)[1].split(separators.component)
    identifier, syntax = first[0].strip(), (first[1].strip() if len(first) > 1 else "")
    if syntax >= "4" and repetition.strip():
        separators = Separators(
            separators.component, separators.element, separators.decimal, separators.release, repetition, separators.terminator
        )
    elif syntax >= "4" and not una and separators is not LEVEL_B:
        separators = Separators(repetition="*")
    return Header(separators, una, shortened, at, identifier, syntax)
