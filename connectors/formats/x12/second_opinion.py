"""What pyx12 says about the same document: a second judge, never the engine.

`udihub check --second-opinion` shows an integration engineer both verdicts. For the sets that we describe, pyx12 judges by
maps generated from our own grammars (`pyx12_maps.py`), so that a difference lies in the judging, not in the tables; the
healthcare guides that it brings itself (820, 834, 835, 837, 270 to 278 under their GS08) are judged by its own maps. pyx12 refuses common
envelopes and has proved faults of its own: the document is put right for it in a copy first, and where the two are known to
differ, `DIFFERENCES` says why.
"""

from __future__ import annotations

import functools
import io
import json
import logging
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.formats.x12.delimiters import Header, parse_header, plain
from connectors.formats.x12.grammar import base_version, load
from connectors.formats.x12.pyx12_maps import SetMap, chains_of, write_maps

DEEPEST = 9
"""HL levels below each other that a generated map spells out."""
MOST_NESTINGS = 60
"""Different nestings of HL levels that a generated map spells out; real documents have two to six."""

DIFFERENCES = {
    "envelope repaired": "It opens ISA12 00401 and 00501 only, and only an ISA of full width: the copy that it judges is put right.",
    "trailing separators": "It refuses a segment with empty elements at its end (SEG1). Senders should leave them out; we take them.",
    "trailing blanks": "It refuses text with blanks at its end (AK403 6). They carry no meaning; we take them.",
    "wrong first code": "A code outside the list in a first element makes it miss the segment (AK304 1); we name the element (AK403 7).",
    "parents": "It refuses an HL02 that names a level already left (HL2) and nests by order; we nest by HL02, as the set says.",
    "set in the wrong group": "It looks maps up by GS01 and cannot judge a set that stands in another set's group.",
    "last point": "It refuses a number that ends with its decimal point (`12.`); X12.6 allows it.",
}
"""Where pyx12 4.0 and we are known to differ, and why; tests over real documents name these keys."""

_LAYOUT = " \t\r\n"
_WEB_BLANK = "\xc2\xa0"
"""A no-break space in UTF-8, read as Latin-1: how padding comes out of web pages."""
_COMPONENT_MARKS = ":><|"
"""Component separators that pyx12 takes; it finds fault with others, such as a grave accent."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that pyx12 found. `position` counts segments in the set (ST is 1) where it says so."""

    level: str
    """`interchange`, `group`, `set`, `segment` or `element`."""
    code: str
    """The standard's code where it uses one (TA1 note, AK304, AK403, AK502, AK905), else its own (`SEG1`, `HL1`)."""
    text: str
    segment: str | None = None
    position: int | None = None
    element: int | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """`accepted` is null where pyx12 cannot judge, and `refused_reason` says why."""

    accepted: bool | None
    errors: list[Remark] = field(default_factory=list)
    refused_reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Copy:
    """One interchange, put right for pyx12."""

    text: str
    version: str
    """ISA12 as written in the copy."""
    sets: Sequence[SetMap]
    own_maps: bool
    """Judged by the maps that pyx12 ships."""
    count: int
    """ST segments that came."""


class _CannotJudge(Exception):  # noqa: N818  # no error: the answer is "no opinion"
    pass


def second_opinion(data: bytes) -> Opinion:
    """pyx12's verdict on a whole document of one or more interchanges. Never raises for what the bytes hold.

    A document is accepted when every interchange is; one that cannot be judged makes the answer null unless another is
    refused.
    """
    verdicts: list[bool | None] = []
    errors: list[Remark] = []
    reasons: list[str] = []
    for header, segments in _interchanges(data):
        try:
            accepted, remarks = _judge(_copy(header, segments))
        except _CannotJudge as error:
            accepted, remarks = None, []
            reasons.append(str(error))
        verdicts.append(accepted)
        errors += remarks
    if not verdicts:
        return Opinion(None, [], "no interchange found")
    verdict = False if False in verdicts else None if None in verdicts else True
    return Opinion(verdict, errors, "; ".join(dict.fromkeys(reasons)) or None)


def _interchanges(data: bytes) -> Iterator[tuple[Header, list[str]]]:
    text = data.decode("latin-1")
    start = text.find("ISA")
    while start >= 0:
        header = parse_header(text, start)
        if not isinstance(header, Header):
            start = text.find("ISA", start + 3)
            continue
        opened = start + header.length
        mark, stop = re.escape(header.delimiters.element), re.escape(header.delimiters.segment)
        following = re.compile(rf"{stop}[ \t\r\n]*IEA{mark}.*?(?:{stop}|$)", re.DOTALL).search(text, opened - 1)
        end = following.end() if following else len(text)
        inner = text[opened:end]
        if header.wrapped:
            inner = inner.replace("\r", "").replace("\n", "")
        yield header, [part for piece in inner.split(header.delimiters.segment) if (part := piece.strip(_LAYOUT))]
        start = text.find("ISA", end)


def _copy(header: Header, segments: list[str]) -> _Copy:
    mark = header.delimiters.element
    groups = [segment.split(mark) for segment in segments if segment.startswith("GS" + mark)]
    if not groups:
        raise _CannotJudge("the interchange holds no functional group")
    bases = {base_version(_at(group, 8)) for group in groups}
    if len(bases) > 1:
        versions = " and ".join(sorted(bases))
        raise _CannotJudge(f"groups of {versions} in one interchange: pyx12 knows one length of a data element for all")
    version = "00401" if min(bases) < "005010" else "00501"
    sets, own_maps = _sets(segments, mark, version)
    count = sum(1 for segment in segments if segment.startswith("ST" + mark))
    terminator, component = header.delimiters.segment, header.delimiters.component
    if terminator in "\r\n":
        terminator = _unused(segments, "\x1c")
    if component not in _COMPONENT_MARKS:
        renewed = _unused(segments, *_COMPONENT_MARKS.replace(mark, "").replace(terminator, ""))
        segments = [segment.replace(component, renewed) for segment in segments]
        component = renewed
    lines = [_isa(header, version, component, segments), *segments]
    return _Copy(
        text=terminator.join(lines) + terminator,
        version=version,
        sets=sets,
        own_maps=own_maps,
        count=count,
    )


def _isa(header: Header, version: str, component: str, segments: list[str]) -> str:
    """The ISA at full width with the version that pyx12 opens, and an ISA11 that fits it."""
    widths = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1)
    elements = [plain(element.replace(_WEB_BLANK, " ")) for element in header.elements[:15]]
    elements[11] = version
    if version == "00401":
        elements[10] = "U"
    elif elements[10].isalnum():
        elements[10] = _unused(segments, "^")
    padded = [element.ljust(width) for element, width in zip(elements, widths, strict=True)]
    if any(len(element) != width for element, width in zip(padded, widths, strict=True)):
        raise _CannotJudge("an ISA element is longer than its field")
    return header.delimiters.element.join(["ISA", *padded, component])


def _unused(segments: list[str], *wanted: str) -> str:
    for mark in (*wanted, "\x1d", "\x1e", "\x1f", "\x7f"):
        if not any(mark in segment for segment in segments):
            return mark
    raise _CannotJudge("the data leaves no character free to separate with")


def _sets(segments: list[str], mark: str, version: str) -> tuple[list[SetMap], bool]:
    """The maps that the interchange needs, one for each GS08 and GS01."""
    wanted: dict[tuple[str, str], SetMap] = {}
    shipped: list[str] = []
    group, gs08, levels, last = "", "", [], ""
    pending: SetMap | None = None
    for segment in (*segments, f"SE{mark}"):
        elements = segment.split(mark)
        if elements[0] == "GS":
            group, gs08 = _at(elements, 1), _at(elements, 8)
        elif elements[0] == "HL":
            levels.append((_at(elements, 1), _at(elements, 2), _at(elements, 3), last == "HL"))
        elif elements[0] == "SE" and pending is not None:
            key = (pending.version, pending.group)
            known = wanted.get(key)
            if known is not None and known.grammar.message != pending.grammar.message:
                raise _CannotJudge(f"sets {known.grammar.message} and {pending.grammar.message} share group {group} {gs08}")
            nestings = chains_of(levels) | (known.chains if known else frozenset())
            wanted[key] = SetMap(pending.grammar, pending.version, pending.group, nestings)
            pending = None
        elif elements[0] == "ST":
            pending, levels = None, []
            message = _at(elements, 1)
            healthcare = _ships(message, version, gs08, group) and group != "FA"
            grammar = None if healthcare else load(message, gs08)
            if grammar is None:
                if not healthcare:
                    raise _CannotJudge(f"no map for set {message} under GS01 {group}, GS08 {gs08}, ISA12 {version}")
                shipped.append(message)
            elif group not in grammar.groups:
                raise _CannotJudge(f"set {message} stands in a group {group or 'without GS01'}")
            else:
                pending = SetMap(grammar, gs08, group)
        last = elements[0]
    if shipped and wanted:
        raise _CannotJudge("sets with our maps and sets with pyx12's in one interchange")
    chains = {chain for one in wanted.values() for chain in one.chains}
    if len(chains) > MOST_NESTINGS or any(len(chain) > DEEPEST for chain in chains):
        raise _CannotJudge("more nestings of HL levels than a map can spell out")
    if any(not level.isalnum() for chain in chains for level in chain):
        raise _CannotJudge("an HL03 that is no level")
    if not shipped and not wanted:
        raise _CannotJudge("the interchange holds no transaction set")
    return list(wanted.values()), bool(shipped)


def _at(elements: list[str], number: int) -> str:
    return elements[number].strip(_LAYOUT) if number < len(elements) else ""


def _ships(message: str, version: str, gs08: str, group: str) -> bool:
    abbreviation = _shipped_index().get_abbr(version, gs08, group)
    return bool(abbreviation) and abbreviation[:3] == message


@functools.cache
def _shipped_index() -> Any:
    from pyx12.map_index import map_index

    return map_index()


def _judge(copy: _Copy) -> tuple[bool, list[Remark]]:
    if copy.own_maps:
        return _run(copy, None)
    with tempfile.TemporaryDirectory(prefix="udihub-pyx12-") as folder:
        write_maps(Path(folder), copy.version, copy.sets)
        return _run(copy, folder)


def _run(copy: _Copy, folder: str | None) -> tuple[bool, list[Remark]]:
    from pyx12.errors import EngineError, X12Error
    from pyx12.params import ParamsBase
    from pyx12.x12n_document import x12n_document

    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)  # it logs every finding as an error
    report = io.StringIO()
    spoilt: list[str] = []

    def watch(segment: Any, source: object, node: object, valid: bool) -> None:
        if not valid and not spoilt:
            spoilt.append(segment.get_seg_id())

    try:
        accepted = x12n_document(ParamsBase(), io.StringIO(copy.text), None, None, fd_json=report, map_path=folder, callback=watch)
    except (EngineError, X12Error, IndexError, AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _CannotJudge(f"pyx12 stopped with {type(error).__name__}: {error}") from error
    if not report.getvalue():
        raise _CannotJudge("pyx12 does not open the interchange")
    found = json.loads(report.getvalue())
    remarks = list(_remarks(found))
    if spoilt and not remarks:  # its report leaves out what is wrong with elements of envelope segments
        remarks.append(Remark("segment", "8", "an element of the segment is not valid", spoilt[0]))
    judged = sum(len(group["transactions"]) for one in found["interchanges"] for group in one["groups"])
    if judged != copy.count:
        remarks.append(Remark("interchange", "count", f"pyx12 saw {judged} of {copy.count} transaction sets"))
    return bool(accepted) and not remarks, remarks


def _remarks(report: dict[str, Any]) -> Iterator[Remark]:
    for interchange in report["interchanges"]:
        yield from _plain("interchange", interchange)
        for group in interchange["groups"]:
            yield from _plain("group", group)
            for one in group["transactions"]:
                yield from _plain("set", one)
                for segment in one["segments"]:
                    place = {"segment": segment["seg_id"], "position": segment["seg_count"]}
                    for error in segment["errors"]:
                        yield Remark("segment", error["err_cde"], error["err_str"], **place)
                    for element in segment["elements"]:
                        for error in element["errors"]:
                            yield Remark("element", error["err_cde"], error["err_str"], **place, element=element["ele_pos"])


def _plain(level: str, node: dict[str, Any]) -> Iterator[Remark]:
    for error in node["errors"]:
        yield Remark(level, error["err_cde"], error["err_str"])
