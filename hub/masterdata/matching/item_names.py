"""What an item's name and model say: words, and measures in one unit each. `骨螺钉 Φ3.5×32mm` and `Screw, 3,5 x 3.2 CM` measure the same.

Items of one family differ in a measure, a side or a material, and are other items; what differs is what tells them apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from hub.masterdata.matching.spelling import HAN, folded
from hub.masterdata.matching.words import listed

_UNITS = {
    "mm": ("", 1), "毫米": ("", 1), "cm": ("", 10), "厘米": ("", 10), "m": ("", 1000), "米": ("", 1000), "ml": ("ml", 1), "毫升": ("ml", 1),
    "dl": ("ml", 100), "l": ("ml", 1000), "升": ("ml", 1000), "g": ("g", 1), "克": ("g", 1), "kg": ("g", 1000), "公斤": ("g", 1000),
    "千克": ("g", 1000), "mg": ("g", "0.001"), "ug": ("g", "0.000001"), "µg": ("g", "0.000001"), "mcg": ("g", "0.000001"), "in": ("in", 1),
    "inch": ("in", 1), "fr": ("fr", 1), "ch": ("fr", 1), "ga": ("g", 1), "号": ("", 1), "孔": ("", 1), "度": ("", 1), "层": ("", 1),
    "sha": ("", 1), "sh": ("", 1), "cc": ("ml", 1), "a": ("", 1), "kpa": ("kpa", 1), "v": ("v", 1), "mah": ("mah", 1), "页": ("", 1),
    "芯": ("", 1), "人份": ("", 1), "pages": ("", 1), "tests": ("", 1), "holes": ("", 1), "ply": ("", 1), "cores": ("", 1),
}  # fmt: skip
_LONG_UNITS = (
    "mm|cm|cc|ml|dl|kg|mg|mcg|kpa|mah|inch|sha?|毫米|厘米|毫升|公斤|千克|克|升|米|号|孔|度|层|页|芯|人份|pages|tests|holes|ply|cores"
)
"""Units that are known as such whatever follows them; of one letter, or French, only where no other letter follows."""
_PIECES = "支|片|只|个|件|包|枚|套|粒|根|条|块|张|卷|袋|pcs?|ea"
_PACKS = "盒|箱|包|袋|罐|box|case|pack|bag|bx|cs|pk"
_DIAMETER, _HEIGHT, _LENGTH, _NUMBERED, _THREAD = "\ue001", "\ue002", "\ue003", "\ue004", "\ue005"
"""What stands before a number while a text is read: of what it is the measure."""
_NUMBER = r"\d+(?:[.,]\d+)?"
_TOKEN = re.compile(
    rf"(?P<count>\d+)\s?(?:{_PIECES})?\s?/\s?(?:{_PACKS})(?![a-z])"
    r"|(?:box|case|pack|bag|bx)\s?of\s?(?P<of>\d+)"
    r"|(?P<suture>(?<!\d)(?<!\d[.,])\d{1,2}-0)(?=\D|$|\d{2,3}(?:mm|cm|支))"
    rf"|(?P<fraction>(?<!\d)(?<!\d[.,])(?:1/2|3/8|1/4|5/8|3/4|7/8))(?!\d|\s?(?:mm|cm))"
    rf"|(?<![a-z])(?:ch|fr?)\s?(?P<french>{_NUMBER})(?![\d.]|\s?(?:{_LONG_UNITS}))"
    rf"|(?:(?P<role>[{_DIAMETER}-{_THREAD}])\s?)?(?P<number>{_NUMBER})(?:\s?(?P<unit>{_LONG_UNITS})|\s?(?P<short>fr|ch|ga|in|[mlgva])(?![a-z](?!\s?\d)))?"
    r"|(?P<word>[a-z]+)|(?P<han>[\u3400-\u9fff\uf900-\ufaff]+)"
)
_CODE = re.compile(r"(?<![\d.,])(?<!\d/)\d{1,2}[a-z]{1,3}(?![a-z\d])")
_UNIT_CODE = re.compile(r"\d+(?:mm|cm|cc|ml|dl|kg|mg|fr|ch|ga|sha?|in|[mlgva])$")
_SIGNS = re.compile('["”“=＝]')
_AHEAD = re.compile(
    "(?P<d>[φϕ⌀∅]|直径|(?<![a-z])(?:dia|diameter|diam)(?:\\.|(?![a-z])))|(?P<h>[厚高]度?(?=\\s?\\d))|(?P<l>长度?(?=\\s?\\d))"
    "|宽度?(?=\\s?\\d)|邵氏?(?=\\s?\\d)|(?<![a-z])shore(?:\\s?a)?(?![a-z])|(?P<z>(?<![a-z])size(?=\\s?\\d))|(?P<m>(?:(?<![a-z0-9])|(?<=mm))m(?=\\d))"
    "|(?<![a-z0-9])(?P<letter>[lhdw])\\s?(?=\\d+(?:[.,]\\d+)?\\s?(?:mm|cm|m)(?![a-z]))"
)
_MARKS = {"d": _DIAMETER, "h": _HEIGHT, "l": _LENGTH, "w": "", "z": _NUMBERED, "m": _THREAD}
_SIZE = re.compile(rf"({_NUMBER})\s?[#号]")
_PLIES = re.compile(r"(?<=[a-z]{3})-ply(?![a-z])")
_THICK = re.compile(rf"({_NUMBER}\s?(?:mm|cm|m)) thick(?![a-z])")
_GRADE = re.compile(r"(?<![a-z])ti-?6al-?4v")
_GLUED = re.compile(r"(?<=\d)(mm|cm|ml|kg|mg|[gml])(?=[A-Z]{2})")
"""A unit in small letters before a code in capitals: `5gCLY`."""
_GLUED_HAN = re.compile(r"(?<=\d)(mm|cm|ml|[gml]|(?<=\d\d)G|V|Fr)(?=[A-Z])")
"""In Chinese, where no blanks need stand between: `输液器23GFLT`, `电机6VB型`."""
_COMPONENT = re.compile("(?<=\\d)\\s(?=a[\u3400-\u9fff])")
"""`CW760 A组分` is no current of 760 A."""
_INITIALS = re.compile(r"(?<![a-z0-9])([a-z])/([a-z])(?![a-z0-9])")
_EXTRA = re.compile(r"(?<![a-z])(x{1,3}|extra)[- ]?(l|s)(?:arge|mall)(?![a-z])")
_LIST_COMMA = re.compile(rf"(?<![\d.])(\d{{1,2}}),(?=\d{{1,2}}\s?(?:{_LONG_UNITS})(?![a-z]))")
"""Between whole and fraction, in a text that has such a comma where none else can stand."""
_LUMENS = re.compile(r"(?<![\d.,a-z])([1-5])\s?l(?![a-z\d])")
_FRENCH = re.compile(r"(?<![a-z])(?:ch|f|fr)\s?\d|\d\s?fr(?![a-z])")
_TYPE = re.compile(r"(?:(?<![a-z])|(?<=[mc]m)|(?<=ml))([a-z])\s?型|型\s?([a-z])(?![a-z])|(?<![a-z])type\s?([a-z])(?![a-z])")
_NEGATED = re.compile(r"(?<![a-z])(?:non[- ]?(?=[a-z]{2})|un(?=sterile))")
_CHAIN = re.compile(rf"(?<![\d.,])(\d+)\s?[x×*]\s?(?=(?:{_NUMBER}\s?[x×*]\s?)?{_NUMBER}\s?(cm|m|厘米|米)(?![a-z]))")
_TIMES = re.compile(r"(?<=[\dma-z米])\s?[×*]\s?(?=\d)|(?<=[\dm米])\s?x\s?(?=\d)")
_DECIMAL_COMMA = re.compile("([ØøΦφϕ⌀径长厚高宽=]\\s?[0-9０-９]+|(?<![0-9０-９])[0０])[,，](?=[0-9０-９])")
_TIGHT_COMMA = re.compile(r",(?![\s\d])|[^\s\d],(?!\s)")
CUT = "~"
"""What ends a word that is cut: it may be the start of a longer one."""
_LITTLE = frozenset(listed("little"))
_BEGUN = ("thick", "type", "tests", "pages", "holes", "box", "case", "ply", "size")
"""Words that say nothing by themselves, as they may stand at a cut."""


@dataclass(frozen=True, slots=True)
class ItemText:
    """What a text of an item says: Latin words and runs of Chinese characters in their order, and its measures in order of size."""

    words: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    count: str = ""
    """How many pieces are in a pack."""
    roles: tuple[str, ...] = ()
    """Measures of which the text says what they are of: `d3.5`, `l32`, `h2`."""
    cut: bool = False
    """Whether the text seems to be cut, so that it may not say all."""


@lru_cache(maxsize=100_000)
def parted(text: str, cut: int = 0) -> ItemText:
    """A name or model taken apart. Of a text as long as `cut` (Chinese characters count two) the last number may be cut: it is left out.

    >>> parted("Cortical Screw, 3,5 x 32 MM"), parted("皮质骨螺钉 Φ3.5×3.2cm").measures
    (ItemText(words=('cortical', 'screw'), measures=('3.5', '32'), count=''), ('3.5', '32'))
    """
    text = text.replace("Ø", "⌀").replace("ø", "⌀")
    if "," in text or "，" in text:  # here and below: a search for what is not there takes longer than all that is done with the rest
        text, decimal = _DECIMAL_COMMA.subn(lambda found: f"{found[1]}.", text)
        text = _LIST_COMMA.sub(r"\1.", text) if decimal else text
    text = (_GLUED_HAN if HAN.search(text) else _GLUED).sub(r"\1 ", text)
    plain = folded(_SIGNS.sub(" ", text)).strip()
    short = cut > 0 and (cut <= len(plain) <= cut + 1 or cut <= sum(1 if letter.isascii() else 2 for letter in plain) <= cut + 1)
    if short:
        plain = _CUT_ROLE.sub("", _CUT_NUMBER.sub("", plain))
    if "," in plain and _TIGHT_COMMA.search(plain):  # `M3,25mm,Ti` has no decimal comma
        plain = plain.replace(",", " ")
    if " a" in plain:
        plain = _COMPONENT.sub(" / ", plain)
    if "/" in plain:  # S/S is SS; w/o is without
        plain = _INITIALS.sub(lambda found: found[0] if found[0] == "w/o" else found[1] + found[2], plain)
    if "n" in plain:
        plain = _NEGATED.sub("non", plain)
    if "large" in plain or "small" in plain:  # XX-large is XXL
        plain = _EXTRA.sub(lambda found: found[1].replace("extra", "x") + found[2], plain)
    if "6al" in plain:
        plain = _GRADE.sub("tc4", plain)
    if "-ply" in plain:
        plain = _PLIES.sub("", plain)
    if _FRENCH.search(plain):  # a catheter of one lumen, not of a litre
        plain = _LUMENS.sub(r"\1lm ", plain)
    plain = _AHEAD.sub(_marked, plain)
    if " thick" in plain:
        plain = _THICK.sub(rf"{_HEIGHT}\1", plain)
    if "#" in plain or "号" in plain:
        plain = _SIZE.sub(rf" {_NUMBERED}\1 ", plain)
    if "型" in plain or "type" in plain:
        plain = _TYPE.sub(lambda found: f" {found[1] or found[2] or found[3]} ", plain)
    if cut:  # in a model what is joined may be anything
        plain = _CHAIN.sub(lambda found: f"{found[1]}{found[2]} ", plain)
    plain = _TIMES.sub(" ", plain)
    measures: list[str] = []
    roles: list[str] = []
    said: list[str] = []
    count = ""

    def coded(found: re.Match[str]) -> str:
        if _UNIT_CODE.match(found[0]):
            return found[0]
        said.append(found[0])
        return " "

    for found in _TOKEN.finditer(_CODE.sub(coded, plain)):
        kind = found.lastgroup
        if kind in ("count", "of"):
            count = found[kind]
        elif kind in ("suture", "fraction"):
            measures.append(found[kind])
        elif kind == "french":
            measures.append(_size(found["french"], "fr"))
        elif found["number"]:
            measures.append(_size(found["number"], found["unit"] or found["short"] or ""))
            if found["role"]:
                roles.append(_ROLES[found["role"]] + measures[-1])
        elif found[0] not in _LITTLE:
            said.append(found[0])
    if short and said and said[-1].isascii() and said[-1].isalpha() and plain.endswith(said[-1]):
        end = said.pop()
        if len(end) < 2 or not any(word.startswith(end) for word in _BEGUN):
            said.append(end + CUT)
    return ItemText(tuple(said), tuple(sorted(measures)), count, tuple(sorted(roles)), short)


_ROLES = {_DIAMETER: "d", _HEIGHT: "h", _LENGTH: "l", _NUMBERED: "z", _THREAD: "m"}
_CUT_ROLE = re.compile(r"[\s,/-](?:[lh⌀φ]|dia\.?|size|shore(?: a)?)[\s,-]*$")
_CUT_NUMBER = re.compile(
    rf"(?<=[\s,;×x*/-])\d+(?:[.,]\d*)?\s?(?:c|m|k)?$|\d+[.,]$|(?<=[\s,;×x*/-])\d+\s?(?:{_PIECES})?\s?(?:/\s?[a-z]{{0,2}})?$"
)


def _marked(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    return f" {_MARKS.get(found['letter'] if kind == 'letter' else kind, '')}"


@lru_cache(maxsize=20_000)
def _size(number: str, unit: str) -> str:
    value, (name, factor) = Decimal(number.replace(",", ".")), _UNITS.get(unit, ("", 1))
    if name == "fr":  # Charrière: a third of a millimetre
        return format(round(value / 3, 2).normalize(), "f")
    return format((value * Decimal(str(factor))).normalize(), "f") + name


def is_number(model: str) -> bool:
    """Whether a model is a maker's number rather than measures: four digits or more, and no unit.

    >>> [is_number(text) for text in ("BSG-888001/01", "Φ7.0mm×55mm×Ti", "0 700 mm 3/8RB", "34 701 80335")]
    [True, False, False, True]
    """
    plain = folded(model)
    if HAN.search(plain) or _WITH_UNIT.search(plain) or "×" in plain or "*" in plain:
        return False
    return sum(letter.isdigit() for letter in plain) >= 4


_WITH_UNIT = re.compile(r"\d\s?(?:mm|cm|m|ml|l|g|fr|kpa|v|sha|tests?|pages?)(?![a-z0-9])|[øφ°#]|(?:ch|fr|size)\s?\d|/box|\bx\b")
