"""What a workbook says beside its cells: sheets in order, the calendar it counts by, shared texts, and which formats mean a date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.formats.spreadsheet.looks import Look, look_of
from connectors.formats.spreadsheet.package import Package, Part, WorkbookError, local
from data_contracts.findings import Finding

_TEXTS = 5_000_000
_CHARACTERS = 64 * 1024 * 1024
_FORMATS = 65_000
_LONGEST_CODE = 255
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# ECMA-376 part 1, 18.8.30: dates and times of the general list and of the Chinese, Japanese and Korean ones.
_DATE_IDS = frozenset({*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)})
_NOT_MARKS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]')
_TRUE = frozenset({"1", "true", "on"})


@dataclass(slots=True)
class Workbook:
    """An opened workbook."""

    package: Package
    sheets: dict[str, str]
    """Part by name, in the order of the tabs; hidden ones too."""
    hidden: frozenset[str]
    since_1904: bool
    texts: list[str]
    dates: frozenset[int]
    """Cell formats (`s` of a cell) that show a number as a date or time."""
    outside: list[str] = field(default_factory=list)
    """Links to other files."""
    looks: Mapping[int, Look] = field(default_factory=dict)
    """Cell formats that show a number otherwise than it is stored."""


def open_workbook(package: Package) -> Workbook:
    """Read all parts but the sheets. Raises WorkbookError."""
    top = package.relationships("")
    main = next(iter(top.by_kind.get("officeDocument", ())), "xl/workbook.xml")
    if not package.has(main):
        raise WorkbookError(Finding("XLS-01", got="no workbook in the package"))
    book = _Book()
    _parse(package, main, book)
    related = package.relationships(main)
    texts, styles = _Texts(), _Styles()
    for part in related.by_kind.get("sharedStrings", ())[:1]:
        _parse(package, part, texts)
    for part in related.by_kind.get("styles", ())[:1]:
        _parse(package, part, styles)
    outside = list(related.outside)
    for part in related.by_kind.get("externalLink", ()):
        outside += package.relationships(part).outside or [part]
    sheets = {name: related.by_id[key] for name, key in book.sheets.items() if key in related.by_id and package.has(related.by_id[key])}
    if not sheets:
        raise WorkbookError(Finding("XLS-01", got="no sheet in the workbook"))
    dates = frozenset(number for number, kind in enumerate(styles.cells) if kind in _DATE_IDS or kind in styles.dates)
    looks = {
        number: look
        for number, kind in enumerate(styles.cells)
        if number not in dates and (look := look_of(kind, styles.codes.get(kind, ""))) is not None
    }
    return Workbook(package, sheets, frozenset(book.hidden), book.since_1904, texts.texts, dates, outside, looks)


def _parse(package: Package, part: str, target: Part) -> None:
    if package.has(part):
        for _ in package.feed(part, target):
            pass


class _Book(Part):
    """xl/workbook.xml"""

    def __init__(self) -> None:
        self.sheets: dict[str, str] = {}
        self.hidden: set[str] = set()
        self.since_1904 = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local(tag)
        if name == "sheet" and len(self.sheets) < 10_000:
            key = next((value for attribute, value in attributes.items() if local(attribute) == "id" and "}" in attribute), "")
            title = attributes.get("name", "")
            self.sheets[title] = key
            if attributes.get("state", "visible") != "visible":
                self.hidden.add(title)
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "0").lower() in _TRUE


class _Texts(Part):
    """xl/sharedStrings.xml: runs of a rich text are one text; what tells the pronunciation is left out."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._size = 0
        self._pieces: list[str] = []
        self._taking = False
        self._spoken = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local(tag)
        if name == "si":
            self._pieces = []
        elif name == "rPh":
            self._spoken += 1
        elif name == "t":
            self._taking = not self._spoken

    def end(self, tag: str) -> None:
        name = local(tag)
        if name == "t":
            self._taking = False
        elif name == "rPh":
            self._spoken -= 1
        elif name == "si":
            self.texts.append(unescaped("".join(self._pieces)))
            self._pieces = []
            if len(self.texts) > _TEXTS:
                raise WorkbookError(Finding("XLS-02", expected=str(_TEXTS), got=str(len(self.texts)), params={"what": "texts"}))

    def data(self, text: str) -> None:
        if self._taking:
            self._pieces.append(text)
            self._size += len(text)
            if self._size > _CHARACTERS:
                raise WorkbookError(Finding("XLS-02", expected=str(_CHARACTERS), got=str(self._size), params={"what": "characters"}))


class _Styles(Part):
    """xl/styles.xml: the number format of each cell format."""

    def __init__(self) -> None:
        self.cells: list[int] = []
        self.dates: set[int] = set()
        self.codes: dict[int, str] = {}
        self._within = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local(tag)
        if name == "cellXfs":
            self._within = True
        elif name == "xf" and self._within and len(self.cells) < _FORMATS:
            self.cells.append(_number(attributes.get("numFmtId", "0")))
        elif name == "numFmt" and len(self.codes) < _FORMATS:
            number, code = _number(attributes.get("numFmtId", "0")), attributes.get("formatCode", "")
            self.codes[number] = code[:_LONGEST_CODE]
            if shows_date(code):
                self.dates.add(number)

    def end(self, tag: str) -> None:
        if local(tag) == "cellXfs":
            self._within = False


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def shows_date(code: str) -> bool:
    """Whether a number format shows a day or a time of day: `yyyy-mm-dd`, `d/m/yy h:mm`; not `0.00`, `#,##0 "days"`, `[h]:mm`."""
    first = code.partition(";")[0]
    marks = _NOT_MARKS.sub("", first).lower()
    if "[" in marks or "general" in marks:  # elapsed hours are a length of time, not a time of day
        return False
    return any(mark in marks for mark in "ydh") or ("m" in marks and not any(mark in marks for mark in "0#?"))


def unescaped(text: str) -> str:
    """`_x000D_` is the character of that number (ECMA-376 part 1, 22.9.2.19)."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
