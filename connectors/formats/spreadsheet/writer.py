"""Writes source records as a workbook of one sheet that Excel opens: the mirror of the reader.

Numbers of 15 digits at most are number cells, full days are date cells, all else is text. Text is text: nothing that is written can be
a formula, whatever it begins with. The same records give the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from connectors.feed import FeedGrammar
from connectors.formats.spreadsheet.sheet import COLUMNS, ROWS
from connectors.formats.spreadsheet.values import serial_of
from data_contracts.cells import column_letters
from data_contracts.source import SourceRecord

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,14})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNCARRIED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_LONGEST = 32_767
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DATE_STYLE, _HEADER_STYLE = 1, 2


def write_document(messages: Iterable[tuple[str, SourceRecord]], grammar: FeedGrammar) -> bytes:
    """The bytes of the workbook. Raises ValueError for a column that the feed has not, control characters, and texts without room."""
    name = _SHEET_NAME.sub(" ", grammar.sheet or grammar.name)[:31]
    parts = {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>',
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>'
        f'<sheet name={quoteattr(name)} sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_REL}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3">'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
        "xl/worksheets/sheet1.xml": f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'
        + "".join(_sheet_rows(messages, grammar))
        + "</sheetData></worksheet>",
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for path, text in parts.items():
            info = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))  # no clock: equal records make equal bytes
            info.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(info, text.encode("utf-8"))
    return content.getvalue()


def _sheet_rows(messages: Iterable[tuple[str, SourceRecord]], grammar: FeedGrammar) -> Iterator[str]:
    if len(grammar.fields) > COLUMNS:
        raise ValueError(f"a sheet has {COLUMNS} columns, the feed {len(grammar.fields)}")
    number = grammar.header_row
    yield _row(number, [(_text(field.write or name, name), _HEADER_STYLE) for name, field in grammar.fields.items()])
    for kind, root in messages:
        if kind != grammar.message:
            raise ValueError(f"the feed {grammar.name} carries {grammar.message}, not {kind}")
        for values in _values(root, grammar):
            number += 1
            if number > ROWS:
                raise ValueError(f"a sheet has {ROWS} rows")
            unknown = [name for name in values if name not in grammar.fields]
            if unknown:
                raise ValueError(f"{root.tag}: the feed has no {', '.join(unknown)}")
            if not any(values.values()):
                raise ValueError(f"{root.tag}: a row without any value cannot be told from a blank one")
            yield _row(number, [_cell(field.kind, values.get(name, ""), name) for name, field in grammar.fields.items()])


def _values(root: SourceRecord, grammar: FeedGrammar) -> Iterator[Mapping[str, str]]:
    top = root.values
    if not isinstance(top, Mapping):
        raise ValueError(f"{root.tag}: a record of a segment syntax cannot be written in columns")
    if grammar.group is None:
        if root.children:
            raise ValueError(f"{root.tag}: a row has no records below it")
        yield top
        return
    if not root.children:
        if grammar.asks_rows():
            raise ValueError(f"{root.tag}: a message without rows cannot be written")
        yield top  # one row with what stands above
    for child in root.children:
        if child.tag != grammar.group.rows or child.children or not isinstance(child.values, Mapping):
            raise ValueError(f"{root.tag}: rows are called {grammar.group.rows} and have nothing below them, not {child.tag}")
        yield {**top, **child.values}


def _row(number: int, cells: Sequence[tuple[str, int]]) -> str:
    """A row's XML; a cell is its type and content, and its style."""
    made = []
    for column, (content, style) in enumerate(cells):
        if content:
            styled = f' s="{style}"' if style else ""
            made.append(f'<c r="{column_letters(column)}{number}"{styled}{content}</c>')
    return f'<row r="{number}">{"".join(made)}</row>'


def _cell(kind: str, value: str, name: str) -> tuple[str, int]:
    if not value:
        return "", 0
    if kind in ("decimal", "integer") and _NUMBER.fullmatch(value) and sum(letter.isdigit() for letter in value) <= 15:
        return f"><v>{value}</v>", 0
    if kind in ("date", "partial_date") and _DAY.fullmatch(value):
        serial = serial_of(value)
        if serial is not None:
            return f"><v>{serial}</v>", _DATE_STYLE
    if kind == "boolean" and value in ("true", "false"):
        return f' t="b"><v>{1 if value == "true" else 0}</v>', 0
    return _text(value, name), 0


def _text(value: str, name: str) -> str:
    wrong = _UNCARRIED.search(value)
    if wrong is not None:
        raise ValueError(f"{name}: the character U+{ord(wrong[0]):04X} cannot be written")
    if len(value) > _LONGEST:
        raise ValueError(f"{name}: a cell has room for {_LONGEST} characters, this text has {len(value)}")
    kept = escape(_LOOKS_ESCAPED.sub("_x005F_", value)).replace("\r", "_x000D_")
    return f' t="inlineStr"><is><t xml:space="preserve">{kept}</t></is>'
