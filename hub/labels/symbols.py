"""Symbols that a scanner reads, as SVG to be printed: GS1 DataMatrix, a QR code with a Digital Link, GS1-128.

The encoders are pyStrich's (ECC 200, ISO/IEC 18004, ISO/IEC 15417); what stands in them, how large they come out and what people read
beside them is decided here. One unit of a drawing is one module (X-dimension); width and height are in millimetres, so that a drawing
that is printed as it is has the size that it was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from pystrich.code128 import Code128Data, Code128Encoder
from pystrich.datamatrix import DataMatrixData, DataMatrixEncoder
from pystrich.exceptions import PyStrichError
from pystrich.gs1 import GS1Fixed, GS1Variable
from pystrich.qrcode import QRCodeEncoder

from data_contracts.findings import Finding
from data_contracts.identifiers import bracketed, digital_link
from data_contracts.identifiers.application_identifiers import table

SYMBOLS = ("data-matrix", "qr", "gs1-128")
"""What can be drawn."""
SMALLEST_MM, LARGEST_MM = 0.1, 5.0
"""Bounds of the module, so that a slip of the point makes no drawing of several metres."""

_MODULE_MM = 0.38
_LOGISTIC_MODULE_MM = 0.495
_BAR_MM, _LOGISTIC_BAR_MM = 12.7, 31.75
"""Heights of bars and modules: General Specifications 5.12.3, regulated healthcare and logistic units."""
_BAR_QUIET = 10
_TEXT_MM = 2.2
_LETTER = 0.6
"""Width of a letter of a monospaced font, as part of its size."""
_GAP = 2

Elements = Sequence[tuple[str, str]]
Mark = tuple[float, float, float, float]
"""Left, top, width and height of something dark, in modules."""


class LabelError(ValueError):
    """This cannot be a label; `findings` say what is wrong with the data where that is the reason."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Look:
    """How a symbol is drawn."""

    module_mm: float | None = None
    """Width of a module; null: 0.38, and 0.495 for the bars of a logistic unit."""
    text: bool = True
    """Whether the human-readable interpretation stands beside it."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    marks: Sequence[Mark]
    width: float
    height: float
    text_below: bool
    lines: Sequence[str] = field(default=())


def in_order(elements: Elements) -> tuple[tuple[str, str], ...]:
    """Element strings as a symbol carries them: those of predefined length first, so that fewer separators are needed (7.8.6)."""
    known = table()
    return tuple(sorted(elements, key=lambda element: not known[element[0]].fixed))


def draw(symbol: str, elements: Elements, look: Look = Look(), stem: str = digital_link.CANONICAL) -> str:
    """One of `SYMBOLS` with these element strings as an SVG document. `stem` begins the Digital Link of a QR code.

    Raises LabelError where the symbol can't hold them.
    """
    usual = _LOGISTIC_MODULE_MM if symbol == "gs1-128" and elements[0][0] == "00" else _MODULE_MM
    module = usual if look.module_mm is None else look.module_mm
    if not SMALLEST_MM <= module <= LARGEST_MM:
        raise LabelError(f"a module has {SMALLEST_MM} to {LARGEST_MM} mm, not {module}")
    try:
        drawing = _DRAWN[symbol](elements, module, stem)
    except (PyStrichError, ValueError) as error:
        raise LabelError(f"{symbol}: {error}") from error
    words = bracketed.write(tuple(elements))
    lines = [words] if drawing.text_below else [bracketed.write((element,)) for element in elements]
    return _svg(drawing, words, lines if look.text else [], module)


def _data_matrix(elements: Elements, _module: float, _stem: str) -> _Drawing:
    found = DataMatrixEncoder(DataMatrixData.gs1(*_fields(elements))).get_rect_marks()
    return _Drawing(found.marks, found.width, found.height, False)


def _qr(elements: Elements, _module: float, stem: str) -> _Drawing:
    found = QRCodeEncoder(digital_link.write(elements, stem)).get_rect_marks()
    return _Drawing(found.marks, found.width, found.height, False)


def _gs1_128(elements: Elements, module: float, _stem: str) -> _Drawing:
    found = Code128Encoder(Code128Data.gs1(*_fields(elements))).get_rect_marks()
    height = (_LOGISTIC_BAR_MM if elements[0][0] == "00" else _BAR_MM) / module
    first = min(left for left, _, _, _ in found.marks)
    last = max(left + width for left, _, width, _ in found.marks)
    bars = sorted({(left - first + _BAR_QUIET, width) for left, _, width, _ in found.marks})
    return _Drawing([(left, 0, width, height) for left, width in bars], last - first + 2 * _BAR_QUIET, height, True)


_DRAWN = {"data-matrix": _data_matrix, "qr": _qr, "gs1-128": _gs1_128}


def _fields(elements: Elements) -> list[GS1Fixed | GS1Variable]:
    known = table()
    return [GS1Fixed(ai, value) if known[ai].fixed else GS1Variable(ai, value) for ai, value in elements]


def _svg(drawing: _Drawing, words: str, lines: Sequence[str], module: float) -> str:
    """The document: light ground, dark marks as one path, what people read as text."""
    size = _TEXT_MM / module
    width, height = float(drawing.width), float(drawing.height)
    text_width = max((len(line) for line in lines), default=0) * size * _LETTER
    left, top = (float(_BAR_QUIET), height + _GAP) if drawing.text_below else (width + _GAP, 0.0)
    if lines and drawing.text_below:
        width, height = max(width, left + text_width), height + _GAP + size * 1.2
    elif lines:
        width, height = width + 2 * _GAP + text_width, max(height, size * 1.2 * len(lines))
    path = "".join(f"M{_n(x)} {_n(y)}h{_n(w)}v{_n(h)}h-{_n(w)}z" for x, y, w, h in drawing.marks)
    told = "".join(
        f'<text x="{_n(left)}" y="{_n(top + size * (1 + 1.2 * row))}" font-family="monospace" font-size="{_n(size)}" '
        f'textLength="{_n(len(line) * size * _LETTER)}" lengthAdjust="spacingAndGlyphs">{escape(line)}</text>'
        for row, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_n(width * module)}mm" height="{_n(height * module)}mm" '
        f'viewBox="0 0 {_n(width)} {_n(height)}"><title>{escape(words)}</title><rect width="100%" height="100%" fill="#fff"/>'
        f'<path shape-rendering="crispEdges" d="{path}"/>{told}</svg>\n'
    )


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
