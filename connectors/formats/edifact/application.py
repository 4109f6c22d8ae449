"""APERAK: what we say of a document's content, that mapping and rules found: taken, or what is wrong with which line of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from connectors.answering import Judgement
from connectors.formats.edifact.application_codes import USUAL
from connectors.formats.edifact.charsets import DECLARED
from connectors.formats.edifact.separators import COMPONENT
from connectors.legible import spelled
from connectors.spec import Profile
from data_contracts.findings import Finding
from data_contracts.source import SourceRecord

VERSION = "D.96A"
"""Directory by which it is written."""

_MOST_ERRORS = 999
_LONGEST_TEXT = 70
_TEXTS = 5
_LONGEST_CODE = 8


def application_error(judgement: Judgement, reference: str, at: datetime, profile: Profile, syntax: str) -> SourceRecord:
    """The tree of an APERAK on one document. `syntax` (`UNOC`) tells which characters texts may hold."""
    codes: Mapping[str, object] = {**USUAL, **profile.options.get("aperak", {})}
    word = "accepted" if judgement.verdict == "accepted" else "rejected"
    charset = profile.charset or DECLARED.get(syntax, "ascii")
    root = SourceRecord("UNH", ["UNH"], 1)

    def add(parent: SourceRecord, tag: str, *values: str) -> SourceRecord:
        record = SourceRecord(tag, [tag, *values], 0, parent)
        parent.children.append(record)
        return record

    add(root, "BGM", str(codes[word]), reference, "9")
    add(root, "DTM", COMPONENT.join(("137", at.strftime("%Y%m%d%H%M"), "203")))
    if judgement.number:
        add(root, "RFF", COMPONENT.join(("ACW", carried(judgement.number, charset)[:35])))
    if judgement.control:
        add(root, "RFF", COMPONENT.join(("AGO", carried(judgement.control, charset)[:35])))
    if word == "rejected":
        for finding in judgement.findings[:_MOST_ERRORS]:
            error = add(root, "ERC", COMPONENT.join((finding.rule[:_LONGEST_CODE], "", "ZZZ")))
            add(error, "FTX", "AAO", "", "", COMPONENT.join(lines_of(said_of(finding), charset)), "EN")
    return root


def said_of(finding: Finding) -> str:
    """What a person at the partner's reads: the text, and where."""
    place = finding.place
    where = (
        f"{place.segment} at position {place.position}: " if place.segment and place.position else f"{place.path}: " if place.path else ""
    )
    return where + finding.text("en")


def carried(text: str, charset: str) -> str:
    """A text in characters that the answer can carry, plainly spelled where that is needed; others become a question mark."""
    return spelled("".join(character if character.isprintable() else " " for character in text), charset)


def lines_of(text: str, charset: str) -> Sequence[str]:
    """A text as FTX holds it: five parts of seventy characters, cut at blanks where possible."""
    return tuple(_cut(carried(text, charset).upper() if charset == "ascii" else carried(text, charset)))


def _cut(text: str) -> Iterator[str]:
    for _ in range(_TEXTS):
        text = text.strip()
        if not text:
            return
        if len(text) <= _LONGEST_TEXT:
            yield text
            return
        place = text.rfind(" ", 1, _LONGEST_TEXT + 1)
        place = place if place > _LONGEST_TEXT // 2 else _LONGEST_TEXT
        yield text[:place].rstrip()
        text = text[place:]
