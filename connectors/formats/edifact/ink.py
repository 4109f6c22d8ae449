"""With what an interchange is written: separators, charset, characters, and the text of a segment by them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from connectors.formats.edifact.charsets import DECLARED
from connectors.formats.edifact.grammar import ElementUse, SegmentUse
from connectors.formats.edifact.patterns import LEVEL_A, LEVEL_B, TEXT
from connectors.formats.edifact.separators import COMPONENT, ELEMENT, REPETITION, TERMINATOR, Separators
from connectors.spec import Envelope, Profile

DEFAULT_SYNTAX = "UNOC:3"
"""S001 where the agreement names none (`options.syntax`)."""

_NAMES = {
    "element": "element",
    "component": "component",
    "repetition": "repetition",
    "segment": "terminator",
    "release": "release",
    "decimal": "decimal",
}
"""Words of `delimiters` (of an agreement, or as an interchange was received), and what they are here."""

_EMPTY_BEHIND = COMPONENT + ELEMENT
_EMPTY_LAST = COMPONENT + TERMINATOR
"""Where a component is empty at the end of its element, or of its segment."""


@dataclass(frozen=True, slots=True)
class Ink:
    """Separators and character rules in force for one interchange."""

    separators: Separators
    identifier: str
    syntax: str
    charset: str
    allowed: re.Pattern[str]
    guarded: re.Pattern[str] | None
    doubtful: re.Pattern[str]
    """Finds what makes a segment, among others in our separators, one that has to be looked at element by element."""
    una: bool

    @classmethod
    def of(cls, envelope: Envelope, profile: Profile) -> Ink:
        """What agreement and envelope ask for. Raises ValueError where it cannot be had."""
        identifier, _, syntax = str(profile.options.get("syntax", DEFAULT_SYNTAX)).partition(":")
        if syntax not in ("1", "2", "3", "4") or (identifier not in DECLARED and profile.charset is None):
            raise ValueError(f"option `syntax` is such as {DEFAULT_SYNTAX}, got {profile.options.get('syntax')!r}")
        asked: Mapping[str, str] = {**profile.options.get("delimiters", {}), **envelope.delimiters}
        if not asked.keys() <= _NAMES.keys():
            raise ValueError(f"delimiters are {', '.join(_NAMES)}; got {', '.join(asked)}")
        usual = Separators(repetition="*" if syntax == "4" else "")
        chosen = {_NAMES[name]: mark for name, mark in asked.items()}
        if syntax != "4":
            chosen["repetition"] = ""
        separators = Separators(**{name: chosen.get(name, getattr(usual, name)) for name in _NAMES.values()})
        marks = [separators.component, separators.element, separators.terminator, separators.release, separators.repetition]
        if separators.clash() or any(len(mark) > 1 or not mark.isascii() for mark in marks) or separators.decimal not in (".", ","):
            raise ValueError(f"separators must be different single marks, neither letter, digit nor blank: {separators.as_mapping()}")
        charset = profile.charset or DECLARED[identifier]
        if "UNB".encode(charset) != b"UNB":
            raise ValueError(f"charset {charset} does not carry the envelope in single bytes")
        text = TEXT if profile.charset else {"UNOA": LEVEL_A, "UNOB": LEVEL_B}.get(identifier, TEXT)
        guarded = re.compile("[" + re.escape("".join(marks)) + "]")
        doubtful = _doubtful(text, "".join(marks) + ("." if separators.decimal == "," else ","))
        return cls(
            separators, identifier, syntax, charset, re.compile(f"{text}*"), guarded, doubtful, bool(profile.options.get("una", True))
        )

    def line(self, use: SegmentUse, values: Sequence[str], where: str) -> str:
        """A segment's text without its terminator; what is empty at its end is left out. Values are in our separators."""
        return self.lines([draft(use.id, components_of(use), values)], [use], [values], where)[0]

    def lines(self, drafts: Sequence[str], uses: Sequence[SegmentUse], values: Sequence[Sequence[str]], where: str) -> list[str]:
        """The texts of segments in these separators, from their drafts; those of which there is none, or in whose draft something
        is doubtful, are written element by element of their `values`. Characters are looked for in all of them at once.
        """
        texts, careful = TERMINATOR.join(drafts), []
        marked = sum([len(elements) - 1 for elements in values])
        if "" in drafts:
            careful = [number for number, text in enumerate(drafts) if not text]
            marked -= sum([len(values[number]) - 1 for number in careful])
        if texts.count(ELEMENT) != marked or _EMPTY_BEHIND in texts or _EMPTY_LAST in texts or texts.endswith(COMPONENT):
            drafts = [draft(use.id, components_of(use), elements) for use, elements in zip(uses, values, strict=True)]
            texts = TERMINATOR.join(drafts)
            careful = [number for number, text in enumerate(drafts) if not text]
        marks = self.separators
        if texts.count(TERMINATOR) >= len(drafts) or TERMINATOR in (marks.element, marks.component):
            return [self._careful_line(use, elements, where) for use, elements in zip(uses, values, strict=True)]
        number = at = 0
        while (found := self.doubtful.search(texts, at)) is not None:
            start = found.start()
            number += texts.count(TERMINATOR, at, start)
            careful.append(number)
            at = texts.find(TERMINATOR, start)
            if at < 0:
                break
        lines = texts.replace(COMPONENT, marks.component).replace(ELEMENT, marks.element).split(TERMINATOR)
        for number in careful:
            lines[number] = self._careful_line(uses[number], values[number], where)
        return lines

    def _careful_line(self, use: SegmentUse, values: Sequence[str], where: str) -> str:
        kept = list(values)
        while len(kept) > 1 and not (isinstance(kept[-1], str) and kept[-1].strip(COMPONENT + REPETITION)):
            if not isinstance(kept[-1], str):
                break
            kept.pop()
        if len(kept) - 1 > len(use.elements):
            raise ValueError(f"{where}: segment {use.id} has {len(use.elements)} elements, got {len(kept) - 1}")
        texts = [use.id]
        for position, (element, value) in enumerate(zip(use.elements, kept[1:], strict=False), 1):
            place = f"{where} {use.id}{position:02d} ({element.name})"
            if not isinstance(value, str):
                raise ValueError(f"{place}: values are text, got {value!r}")
            texts.append(self._element(element, value, place) if value else "")
        return self.separators.element.join(texts)

    def _element(self, element: ElementUse, value: str, where: str) -> str:
        if value.isalnum() and self.doubtful.search(value) is None:  # nothing to ask of it, as of most neighbours of one that is asked
            return value
        repeats = value.split(REPETITION)
        if len(repeats) > 1 and (not self.separators.repetition or 0 < element.repeat < len(repeats)):
            raise ValueError(f"{where} cannot be repeated {len(repeats)} times in syntax {self.syntax}: {value!r}")
        return self.separators.repetition.join(self._once(element, one, where) for one in repeats)

    def _once(self, element: ElementUse, value: str, where: str) -> str:
        parts = value.rstrip(COMPONENT).split(COMPONENT)
        if len(parts) > max(len(element.components), 1):
            raise ValueError(f"{where} has {len(element.components) or 'no'} components, got {len(parts)}: {value!r}")
        uses = element.components or (element,)
        return self.separators.component.join(self.value(part, use.type, where) for part, use in zip(parts, uses, strict=False))

    def value(self, text: str, kind: str, where: str) -> str:
        """One value with its release characters. Raises ValueError for what cannot be carried."""
        if not self.allowed.fullmatch(text):
            raise ValueError(f"{where} holds a character that {self.identifier} cannot carry: {text!r}")
        try:
            text.encode(self.charset)
        except UnicodeEncodeError as error:
            raise ValueError(f"{where} holds {text[error.start]!r}, which charset {self.charset} cannot carry: {text!r}") from None
        if kind == "n":  # the tree keeps the mark of the document that it came from
            text = text.replace(".", ",") if self.separators.decimal == "," else text.replace(",", ".")
        release = self.separators.release
        if self.guarded is not None and self.guarded.search(text):
            if not release:
                raise ValueError(f"{where} holds a separator, and the interchange has no release character: {text!r}")
            text = self.guarded.sub(lambda mark: release + mark[0], text)
        return text


def components_of(use: SegmentUse) -> tuple[int, ...]:
    """How many components each element of a segment has at most."""
    return tuple(len(element.components) or 1 for element in use.elements)


def draft(tag: str, most: Sequence[int], values: Sequence[str]) -> str:
    """A segment in our separators, joined as a whole; empty where its elements have to be looked at one by one. `most`: its components."""
    last = len(values) - 1
    if not 0 < last <= len(most) or values[0] != tag or not values[last]:
        return ""
    try:
        text = ELEMENT.join(values)
    except TypeError:  # a value that is no text
        return ""
    if text.count(ELEMENT) != last:  # a value that holds one of our separators
        return ""
    if COMPONENT in text:
        if text[-1] == COMPONENT or _EMPTY_BEHIND in text:
            return ""
        if not fits(most, values):
            return ""
    return text


def fits(most: Sequence[int], values: Sequence[str]) -> bool:
    """Whether no element of a segment has more components than it may."""
    for components, value in zip(most, values[1:], strict=False):
        if COMPONENT in value and value.count(COMPONENT) >= components:
            return False
    return True


def is_empty(values: Sequence[str]) -> bool:
    """Whether nothing stands behind the tag."""
    return all(isinstance(value, str) and not value.strip(COMPONENT + REPETITION) for value in values[1:])


@lru_cache(maxsize=64)
def _doubtful(text: str, marks: str) -> re.Pattern[str]:
    allowed = re.compile(text)
    plain = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in marks and allowed.fullmatch(chr(code)))
    return re.compile(f"[^{re.escape(plain)}{ELEMENT}{COMPONENT}{TERMINATOR}]")
