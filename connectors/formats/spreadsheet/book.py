"""Workbooks that Excel and LibreOffice open: the one writer of them, for feeds of partners and for reports of the hub.

All text is text (inline strings): nothing that came from outside can be a formula, whatever it begins with. Rows are written one by one,
however many there are; a sheet holds a million, more stand in further sheets. The same rows give the same bytes.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from data_contracts.cells import column_letters

ROWS = 1_000_000
"""Rows of one sheet, its head among them; Excel takes 48,576 more."""
LONGEST = 32_767
"""Characters of one cell."""
UNCARRIED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML cannot carry; in a report each is told by the sign for what can't be shown."""
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
_TYPES = "application/vnd.openxmlformats-officedocument"
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_PERCENT, _TIME, _BOLD, _DAY = 1, 2, 3, 4
_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
_NO_CLOCK = (1980, 1, 1, 0, 0, 0)
"""Equal rows make equal bytes: no part bears the time at which it was written."""


class Digits(str):
    """A number as its exact digits, at most 15 that count, which a cell holds as they are."""

    __slots__ = ()


Cell = Digits | str | bool | int | float | datetime | date | None
"""What a cell holds: a share is a float from 0 to 1, a time is shown in UTC, a day is one from 1 March 1900 on."""


class Sheet:
    """A sheet: its name, the words over its columns, rows, and titles of charts that draw all columns after the first over it.

    `first` is the row of the heads, `most` the last that it may have; more stand in further sheets. A `plain` sheet has heads and rows,
    and nothing that a reader of reports is helped by: widths, a filter, heads that stay in sight.
    """

    def __init__(
        self,
        name: str,
        heads: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        chart: str | None = None,
        *,
        first: int = 1,
        plain: bool = False,
        most: int = ROWS,
    ) -> None:
        self.name, self.heads, self.rows, self.chart = name, heads, rows, chart
        self.first, self.plain, self.most = first, plain, most
        self.filled = 0
        """Row that was written last."""


def write(target: Path | IO[bytes], sheets: Iterable[Sheet]) -> None:
    """Write the workbook; what is there already is replaced."""
    names: list[str] = []
    charts: dict[int, int] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for sheet in sheets:
            rows, part = iter(sheet.rows), 0
            more: list[Sequence[Cell]] = []
            while part == 0 or more:
                part += 1
                number = len(names) + 1
                names.append(sheet.name[:28] + f" {part}" if part > 1 else sheet.name[:31])
                with package.open(_part(f"xl/worksheets/sheet{number}.xml"), "w", force_zip64=True) as stream:
                    for text in _sheet(sheet, chain(more, rows)):
                        stream.write(text.encode())
                more = list(islice(rows, 1))
            if sheet.chart is not None and sheet.filled > 2:
                charts[len(names)] = len(charts) + 1
                for name, text in _charted(sheet, names[-1], len(names), len(charts)).items():
                    package.writestr(_part(name), _HEAD + text)
        for name, text in _frame(names, charts).items():
            package.writestr(_part(name), _HEAD + text)


def _part(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _NO_CLOCK)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _sheet(sheet: Sheet, rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    if sheet.plain:
        yield f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'
        yield from _rows(sheet, rows)
        yield "</sheetData></worksheet>"
        return
    widths = "".join(
        f'<col min="{at}" max="{at}" width="{max(12, min(40, len(head) + 6))}" customWidth="1"/>' for at, head in enumerate(sheet.heads, 1)
    )
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}" xmlns:r="{_REL}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{widths}</cols><sheetData>"
    )
    yield from _rows(sheet, rows)
    drawing = '<drawing r:id="rId1"/>' if sheet.chart is not None and sheet.filled > 2 else ""
    yield f'</sheetData><autoFilter ref="A1:{column_letters(len(sheet.heads) - 1)}{sheet.filled}"/>{drawing}</worksheet>'


def _rows(sheet: Sheet, rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    sheet.filled = sheet.first
    yield _row(sheet.filled, [_cell(head, _BOLD) for head in sheet.heads])
    for row in islice(rows, sheet.most - sheet.first):
        sheet.filled += 1
        yield _row(sheet.filled, [_cell(value) for value in row])


def _row(number: int, cells: Sequence[str]) -> str:
    made = "".join(f'<c r="{column_letters(column)}{number}"{cell}</c>' for column, cell in enumerate(cells) if cell)
    return f'<row r="{number}">{made}</row>'


def _cell(value: Cell, style: int = 0) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, Digits):
        return f"><v>{value}</v>"
    if isinstance(value, bool):
        return f' t="b"><v>{int(value)}</v>'
    if isinstance(value, datetime):
        return f' s="{_TIME}"><v>{(value - _EPOCH).total_seconds() / 86_400:.8f}</v>'
    if isinstance(value, date):
        return f' s="{_DAY}"><v>{(value - _EPOCH.date()).days}</v>'
    if isinstance(value, float):
        return f' s="{_PERCENT}"><v>{value:.4f}</v>'
    if isinstance(value, int):
        return f"><v>{value}</v>"
    kept = escape(_LOOKS_ESCAPED.sub("_x005F_", UNCARRIED.sub("\ufffd", value)[:LONGEST])).replace("\r", "_x000D_")
    styled = f' s="{style}"' if style else ""
    return f'{styled} t="inlineStr"><is><t xml:space="preserve">{kept}</t></is>'


def _charted(sheet: Sheet, name: str, number: int, chart: int) -> dict[str, str]:
    """A line chart of a sheet's columns over its first one, to the right of them."""
    within = "'" + name.replace("'", "''") + "'!"
    within = escape(within)
    times = f"<c:cat><c:numRef><c:f>{within}$A$2:$A${sheet.filled}</c:f></c:numRef></c:cat>"
    series = ""
    for at in range(1, len(sheet.heads)):
        column = column_letters(at)
        series += (
            f'<c:ser><c:idx val="{at - 1}"/><c:order val="{at - 1}"/><c:tx><c:strRef><c:f>{within}${column}$1</c:f></c:strRef></c:tx>'
            f'<c:marker><c:symbol val="none"/></c:marker>{times}<c:val><c:numRef><c:f>{within}${column}$2:${column}${sheet.filled}</c:f>'
            '</c:numRef></c:val><c:smooth val="0"/></c:ser>'
        )
    title = (
        f"<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:r><a:t>{escape(sheet.chart or '')}</a:t></a:r></a:p></c:rich></c:tx>"
        '<c:overlay val="0"/></c:title>'
    )
    left, columns = len(sheet.heads) + 1, 12
    place = "".join(
        f"<xdr:{side}><xdr:col>{column}</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>{row}</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:{side}>"
        for side, column, row in (("from", left, 1), ("to", left + columns, 24))
    )
    relations = f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_REL}/%s" Target="%s"/></Relationships>'
    return {
        f"xl/worksheets/_rels/sheet{number}.xml.rels": relations % ("drawing", f"../drawings/drawing{chart}.xml"),
        f"xl/drawings/_rels/drawing{chart}.xml.rels": relations % ("chart", f"../charts/chart{chart}.xml"),
        f"xl/drawings/drawing{chart}.xml": f'<xdr:wsDr xmlns:xdr="{_DRAWING}/spreadsheetDrawing" xmlns:a="{_DRAWING}/main">'
        f'<xdr:twoCellAnchor>{place}<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="2" name="chart"/>'
        "<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr>"
        '<xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm>'
        f'<a:graphic><a:graphicData uri="{_DRAWING}/chart"><c:chart xmlns:c="{_DRAWING}/chart" xmlns:r="{_REL}" r:id="rId1"/>'
        "</a:graphicData></a:graphic></xdr:graphicFrame><xdr:clientData/></xdr:twoCellAnchor></xdr:wsDr>",
        f"xl/charts/chart{chart}.xml": f'<c:chartSpace xmlns:c="{_DRAWING}/chart" xmlns:a="{_DRAWING}/main"><c:chart>{title}'
        '<c:autoTitleDeleted val="0"/><c:plotArea><c:layout/><c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>'
        f'{series}<c:marker val="1"/><c:axId val="1"/><c:axId val="2"/></c:lineChart>'
        '<c:catAx><c:axId val="1"/><c:scaling><c:orientation val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="b"/>'
        '<c:numFmt formatCode="yyyy-mm-dd hh:mm" sourceLinked="0"/><c:tickLblPos val="low"/><c:crossAx val="2"/></c:catAx>'
        '<c:valAx><c:axId val="2"/><c:scaling><c:orientation val="minMax"/><c:max val="1"/></c:scaling><c:delete val="0"/>'
        '<c:axPos val="l"/><c:majorGridlines/><c:numFmt formatCode="0.0%" sourceLinked="0"/><c:crossAx val="1"/></c:valAx></c:plotArea>'
        '<c:legend><c:legendPos val="b"/><c:overlay val="0"/></c:legend><c:plotVisOnly val="1"/></c:chart></c:chartSpace>',
    }


def _frame(names: Sequence[str], charts: Mapping[int, int]) -> dict[str, str]:
    """What holds the sheets together."""
    numbers = range(1, len(names) + 1)
    override = '<Override PartName="/xl/%s" ContentType="' + _TYPES + '.%s+xml"/>'
    overrides = [override % ("workbook.xml", "spreadsheetml.sheet.main"), override % ("styles.xml", "spreadsheetml.styles")]
    overrides += [override % (f"worksheets/sheet{number}.xml", "spreadsheetml.worksheet") for number in numbers]
    overrides += [override % (f"drawings/drawing{chart}.xml", "drawing") for chart in charts.values()]
    overrides += [override % (f"charts/chart{chart}.xml", "drawingml.chart") for chart in charts.values()]
    sheets = "".join(f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="rId{at}"/>' for at, name in enumerate(names, 1))
    relations = "".join(f'<Relationship Id="rId{at}" Type="{_REL}/worksheet" Target="worksheets/sheet{at}.xml"/>' for at in numbers)
    styled = f'<Relationship Id="rId{len(names) + 1}" Type="{_REL}/styles" Target="styles.xml"/>'
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{"".join(overrides)}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}{styled}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy-mm-dd hh:mm"/>'
        '<numFmt numFmtId="165" formatCode="0.00%"/><numFmt numFmtId="166" formatCode="yyyy-mm-dd"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
        '<xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
    }
