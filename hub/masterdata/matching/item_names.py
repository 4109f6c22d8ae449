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
    "sha": ("", 1), "sh": ("", 1), "cc": ("ml", 1), "a": ("", 1), "kpa": ("kpa", 1), "v": ("v", 1), "mah": ("mah", 1),
}  # fmt: skip
_LONG_UNITS = "mm|cm|cc|ml|dl|kg|mg|mcg|kpa|mah|inch|sha?|毫米|厘米|毫升|公斤|千克|克|升|米|号|孔|度|层"
"""Units that are known as such whatever follows them; of one letter, or French, only where no other letter follows."""
_PIECES = "支|片|只|个|件|包|枚|套|粒|根|条|块|张|卷|袋|pcs?|ea"
_PACKS = "盒|箱|包|袋|罐|box|case|pack|bag|bx|cs|pk"
_NUMBER = r"\d+(?:[.,]\d+)?"
_TOKEN = re.compile(
    rf"(?P<count>\d+)\s?(?:{_PIECES})?\s?/\s?(?:{_PACKS})(?![a-z])"
    r"|(?:box|case|pack|bag|bx)\s?of\s?(?P<of>\d+)"
    r"|(?P<suture>(?<!\d)(?<!\d[.,])\d{1,2}-0)(?=\D|$|\d{2,3}(?:mm|cm|支))"
    rf"|(?P<fraction>(?<!\d)(?<!\d[.,])(?:1/2|3/8|1/4|5/8|3/4|7/8))(?!\d|\s?(?:mm|cm))"
    rf"|(?<![a-z])(?:ch|fr?)\s?(?P<french>{_NUMBER})(?![\d.]|\s?(?:{_LONG_UNITS}))"
    rf"|(?P<number>{_NUMBER})(?:\s?(?P<unit>{_LONG_UNITS})|\s?(?P<short>fr|ch|ga|in|[mlgva])(?![a-z](?!\s?\d)))?"
    r"|(?P<word>[a-z]+)|(?P<han>[\u3400-\u9fff\uf900-\ufaff]+)"
)
_CODE = re.compile(r"(?<![\d.,/])\d{1,2}[a-z]{1,3}(?![a-z\d])")
_UNIT_CODE = re.compile(r"\d+(?:mm|cm|cc|ml|dl|kg|mg|fr|ch|ga|sha?|in|[mlgva])$")
_SIGNS = re.compile('[ØøΦφϕ⌀∅#＃"”“=＝]')
_AHEAD = re.compile(
    "直径|(?<![a-z])(?:dia|diameter|diam)(?:\\.|(?![a-z]))|[长厚高宽]度?(?=\\s?\\d)|邵氏?(?=\\s?\\d)|(?<![a-z])shore(?![a-z])"
    "|(?<![a-z0-9])[lhdw]\\s?(?=\\d+(?:[.,]\\d+)?\\s?(?:mm|cm|m)(?![a-z]))"
)
_TYPE = re.compile(r"(?:(?<![a-z])|(?<=[mc]m)|(?<=ml))([a-z])\s?型|型\s?([a-z])(?![a-z])|(?<![a-z])type\s?([a-z])(?![a-z])")
_NEGATED = re.compile(r"(?<![a-z])(?:non[- ]?(?=[a-z]{4})|un(?=sterile))")
_CHAIN = re.compile(rf"(?<![\d.,])(\d+)\s?[x×*]\s?(?=(?:{_NUMBER}\s?[x×*]\s?)?{_NUMBER}\s?(cm|m|厘米|米)(?![a-z]))")
_TIMES = re.compile(r"(?<=[\dma-z米])\s?[x×*]\s?(?=\d)")
_DECIMAL_COMMA = re.compile("([ØøΦφϕ⌀径长厚高宽=]\\s?[0-9０-９]+|(?<![0-9０-９])[0０])[,，](?=[0-9０-９])()")
_TIGHT_COMMA = re.compile(r",(?![\s\d])|[^\s\d],(?!\s)")
_LITTLE = frozenset(listed("little"))


@dataclass(frozen=True, slots=True)
class ItemText:
    """What a text of an item says: Latin words and runs of Chinese characters in their order, and its measures in order of size."""

    words: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    count: str = ""
    """How many pieces are in a pack."""


@lru_cache(maxsize=100_000)
def parted(text: str, cut: int = 0) -> ItemText:
    """A name or model taken apart. Of a text as long as `cut` (Chinese characters count two) the last number may be cut: it is left out.

    >>> parted("Cortical Screw, 3,5 x 32 MM"), parted("皮质骨螺钉 Φ3.5×3.2cm").measures
    (ItemText(words=('cortical', 'screw'), measures=('3.5', '32'), count=''), ('3.5', '32'))
    """
    plain = folded(_SIGNS.sub(" ", _DECIMAL_COMMA.sub(r"\1.\2", text))).strip()
    if cut and cut <= sum(1 if letter.isascii() else 2 for letter in plain) <= cut + 1:
        plain = _CUT_NUMBER.sub("", plain)
    if _TIGHT_COMMA.search(plain):  # `M3,25mm,Ti` has no decimal comma
        plain = plain.replace(",", " ")
    plain = _AHEAD.sub(" ", _NEGATED.sub("non", plain))
    plain = _TYPE.sub(lambda found: f" {found[1] or found[2] or found[3]} ", plain)
    if cut:  # in a model what is joined may be anything
        plain = _CHAIN.sub(lambda found: f"{found[1]}{found[2]} ", plain)
    plain = _TIMES.sub(" ", plain)
    measures: list[str] = []
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
        elif found[0] not in _LITTLE:
            said.append(found[0])
    return ItemText(tuple(said), tuple(sorted(measures)), count)


_CUT_NUMBER = re.compile(r"(?<=[\s,;×x*/-])\d+(?:[.,]\d*)?\s?(?:c|m|k)?$|\d+[.,]$|(?<=[\s,-])[a-z]{1,2}$")


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


_WITH_UNIT = re.compile(r"\d\s?(?:mm|cm|m|ml|l|g|fr|kpa|v)(?![a-z0-9])|[øφ°#]|(?:ch|fr|size)\s?\d|/box|\bx\b")
