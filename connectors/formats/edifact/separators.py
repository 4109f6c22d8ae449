"""By which characters an interchange is cut: the UNA, the separators of level A and B, and how they stand inside the hub.

UNA names component separator, element separator, decimal mark, release character, repetition separator (syntax 4; else reserved) and
terminator, in this order. Without a UNA they are `:+.? '`, or the control characters of level B.

Whatever a document uses, its segments are translated, piece by piece, to the separators of level B (ISO 9735-1: IS1, IS3 and IS4,
and IS2 for repetitions) and released characters become plain data. These control characters can be no data, so nothing that looks
into a tree can take a released `:` for a separator. `Message.components` and `Message.repetition` name them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

COMPONENT = "\x1f"
"""IS1: between components, inside the hub."""
REPETITION = "\x1e"
"""IS2: between repetitions."""
ELEMENT = "\x1d"
"""IS3: between elements."""
TERMINATOR = "\x1c"
"""IS4: at the end of a segment."""

_RELEASED = "\x01\x02\x03\x04\x05"
"""Stand for a released separator while a piece is cut."""
_OURS = _RELEASED + TERMINATOR + ELEMENT + REPETITION + COMPONENT
_FOREIGN = "\x7f"
"""Stands for a control character that data must not hold; the check of characters refuses it."""


@dataclass(frozen=True, slots=True)
class Separators:
    """The separators of one interchange as received. `release` and `repetition` are empty where there are none."""

    component: str = ":"
    element: str = "+"
    decimal: str = "."
    release: str = "?"
    repetition: str = ""
    terminator: str = "'"

    def as_mapping(self) -> Mapping[str, str]:
        """The names of `Interchange.delimiters`."""
        return {
            "element": self.element,
            "component": self.component,
            "repetition": self.repetition,
            "segment": self.terminator,
            "release": self.release,
            "decimal": self.decimal,
        }

    def clash(self) -> bool:
        """Whether two of them are one character, or one is a letter or digit, so that nothing can be cut."""
        marks = [mark for mark in (self.component, self.element, self.release, self.repetition, self.terminator) if mark]
        cutting = (self.component, self.element, self.terminator)
        return len(set(marks)) < len(marks) or any(mark.isalnum() or mark == " " for mark in marks) or "" in cutting

    def cuts_header(self) -> bool:
        """Whether a UNB can be cut by them, so that who sends it can be told: a UNB holds no repetitions."""
        return not Separators(self.component, self.element, self.decimal, self.release, "", self.terminator).clash()

    def first_end(self, text: str, start: int = 0) -> int:
        """Where the segment that begins at `start` ends: behind its terminator; 0 when the text does not show it."""
        place = start
        while (place := text.find(self.terminator, place) + 1) > 0:
            if not self._guarded(text, place - 1, start):
                return place
        return 0

    def last_end(self, text: str) -> int:
        """Where the last whole segment of a text ends: behind its last terminator that is not released; 0 when there is none."""
        place = text.rfind(self.terminator)
        while place >= 0 and self._guarded(text, place, 0):
            place = text.rfind(self.terminator, 0, place)
        return place + 1

    def elements(self, text: str) -> list[str]:
        """The elements of a segment as they are written, their released marks kept."""
        pieces = text.split(self.element)
        made = [pieces[0]]
        for piece in pieces[1:]:
            if self._guarded(made[-1] + self.element, len(made[-1]), 0):
                made[-1] += self.element + piece
            else:
                made.append(piece)
        return made

    def _guarded(self, text: str, place: int, start: int) -> bool:
        """Whether the mark at this place is released: an odd number of release characters stands before it."""
        if not self.release:
            return False
        first = place
        while first > start and text[first - 1] == self.release:
            first -= 1
        return (place - first) % 2 == 1


LEVEL_A = Separators()
LEVEL_B = Separators(component=COMPONENT, element=ELEMENT, decimal=".", release="", repetition="", terminator=TERMINATOR)


class Piece(NamedTuple):
    """A stretch of segments, cut."""

    raw: list[str]
    """As they are cut: each has the length of its bytes, less one for each released pair in it (`released_in`)."""
    segments: list[str]
    """Decoded and in our separators."""
    marked: str
    """All of `raw` with its terminators."""
    text: str
    """All of `segments` with ours."""
    pairs: bool
    """Whether any mark in it is released."""


class Translation:
    """From one interchange's separators to ours."""

    __slots__ = ("_foreign", "_marks", "_stands", "separators", "stray")

    def __init__(self, separators: Separators) -> None:
        self.separators = separators
        release = separators.release
        guarded = (release, separators.terminator, separators.element, separators.component, separators.repetition)
        self._stands = {mark: stand for mark, stand in zip(guarded, _RELEASED, strict=True) if mark and release}
        theirs = (
            (separators.terminator, TERMINATOR),
            (separators.element, ELEMENT),
            (separators.component, COMPONENT),
            (separators.repetition, REPETITION),
        )
        self._marks = [(mark, ours) for mark, ours in theirs if mark and mark != ours]
        self._foreign = [mark for mark in _OURS if mark not in guarded]
        self.stray = False
        """Whether a release character stood before something that needs none."""

    def segments(self, text: str, decode: Callable[[str], str] | None) -> Piece:
        """The segments of a text that ends with a terminator."""
        separators = self.separators
        terminator, release = separators.terminator, separators.release
        for mark in self._foreign:
            if mark in text:
                text = text.replace(mark, _FOREIGN)
        pairs = bool(release) and release in text
        if pairs:
            text = self._marked(text)
        marked, raw = text, None
        if pairs and release in text:
            self.stray = True
            raw = marked.split(terminator)
            text = text.replace(release, "")
        for mark, ours in self._marks:
            text = text.replace(mark, ours)
        if pairs:
            for mark, stand in self._stands.items():
                text = text.replace(stand, mark)
        if decode is not None and not text.isascii():
            raw = raw or marked.split(terminator)
            text = decode(text)
        cut = text.split(TERMINATOR)
        return Piece(cut if raw is None else raw, cut, marked, text, pairs)

    def _marked(self, text: str) -> str:
        """The text with one stand for each released pair; a release character that guards nothing stays."""
        stands, release = self._stands, self.separators.release
        first, *parts = text.split(release)
        made, guarding = [first], True
        for place, part in enumerate(parts):
            if not guarding:
                made.append(part)  # behind the second of two release characters
                guarding = True
            elif part:
                stand = stands.get(part[0])
                made.append(release + part if stand is None else stand + part[1:])
            else:
                guarding = place == len(parts) - 1
                made.append(release if guarding else stands[release])
        return "".join(made)


def released_in(text: str) -> int:
    """How many released pairs a piece holds, as it was cut."""
    return sum(map(text.count, _RELEASED))


def stands_in(text: str) -> str:
    """Which signs stand for released pairs in a piece, as it was cut."""
    return "".join(stand for stand in _RELEASED if stand in text)
