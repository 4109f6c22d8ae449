"""What an item's name says: words, and measures in one unit each. `骨螺钉 Φ3.5×32mm` and `Screw, 3,5 x 32 MM` measure the same.

Names of one family differ in a measure, a side or a material, and are other items; what differs is what tells them apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from hub.masterdata.matching.spelling import HAN, folded
from hub.masterdata.matching.words import listed

_MEASURE = re.compile(
    r"(?<![\w.])(?P<number>\d+(?:[.,]\d+)?)\s?(?P<unit>mm|cm|ml|dl|kg|mg|ug|µg|mcg|inch|in|fr|ch|mmol|mm2|pcs|ga|g|l|m|毫米|厘米|毫升|公斤|千克|克|升|米|号|支|片|只|个)?(?![\d\w.])"
)
_BETWEEN = re.compile(r"(?<=[\d])\s?(?:x|×|\*|/)\s?(?=[\d])|(?<=m)\s?(?:x|×|\*)\s?(?=\d)")
_SIGNS = re.compile('[ØøΦφϕ⌀∅#]|(?<=\\d)\\s?["”](?!\\w)')
_WORDS = re.compile("[0-9a-z]+|[\u3400-\u9fff\uf900-\ufaff]+")
_UNITS = {
    "毫米": ("mm", 1), "cm": ("mm", 10), "厘米": ("mm", 10), "m": ("mm", 1000), "米": ("mm", 1000), "inch": ("in", 1), "毫升": ("ml", 1),
    "l": ("ml", 1000), "dl": ("ml", 100), "升": ("ml", 1000), "kg": ("g", 1000), "公斤": ("g", 1000), "千克": ("g", 1000), "克": ("g", 1),
    "mg": ("g", "0.001"), "ug": ("g", "0.000001"), "µg": ("g", "0.000001"), "mcg": ("g", "0.000001"), "ch": ("fr", 1), "ga": ("g#", 1),
    "支": ("pcs", 1), "片": ("pcs", 1), "只": ("pcs", 1), "个": ("pcs", 1),
}  # fmt: skip
_LITTLE = frozenset(listed("little"))
_TELLING = frozenset(listed("telling"))
_TELLING_HAN = frozenset(listed("telling_han"))


@dataclass(frozen=True, slots=True)
class ItemName:
    """A name taken apart: its Latin words with blanks between, its Chinese characters, its measures in order of size."""

    latin: str
    han: str
    measures: tuple[str, ...]


@lru_cache(maxsize=50_000)
def parted(text: str) -> ItemName:
    """A name of an item taken apart.

    >>> parted("Cortical Screw, 3,5 x 32 MM"), parted("皮质骨螺钉 Φ3.5×3.2cm").measures
    (ItemName(latin='cortical screw', han='', measures=('3.5', '32')), ('3.5', '32'))
    """
    plain = _BETWEEN.sub(" ", folded(_SIGNS.sub(" ", text)))
    measures = []

    def taken(found: re.Match[str]) -> str:
        number, unit = Decimal(found["number"].replace(",", ".")), found["unit"] or ""
        name, factor = _UNITS.get(unit, (unit, 1))
        size = format((number * Decimal(str(factor))).normalize(), "f")
        measures.append(size if name in ("mm", "") else f"{size}{name}")
        return " "

    rest = _MEASURE.sub(taken, plain)
    found = _WORDS.findall(rest)
    latin = " ".join(word for word in found if not HAN.match(word) and word not in _LITTLE)
    return ItemName(latin, "".join(word for word in found if HAN.match(word)), tuple(sorted(measures)))


def telling(name: str) -> str:
    """Words that tell two items of a family apart, sides and sizes and negations: one that says more of them says something else.

    >>> telling("plate left sterile") == telling("left plate"), telling("注射器不带针")
    (False, '不带')
    """
    if HAN.search(name):
        return "".join(letter for letter in name if letter in _TELLING_HAN)
    return " ".join(sorted(word for word in name.split() if word in _TELLING))


def left_over(first: str, second: str) -> tuple[int, int]:
    """Words of each name that have no counterpart in the other: the same, cut short, or one letter apart where they are long.

    >>> left_over("cortical screw titanium", "screw cort. titanium".replace(".", "")), left_over("screw titanium", "screw steel")
    ((0, 0), (1, 1))
    """
    ours, theirs = first.split(), second.split()
    common = set(ours) & set(theirs)
    ours, theirs = [word for word in ours if word not in common], [word for word in theirs if word not in common]
    for word in list(ours):
        match = next((other for other in theirs if _one_word(word, other)), None)
        if match is not None:
            ours.remove(word)
            theirs.remove(match)
    return len(ours), len(theirs)


def _one_word(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    if len(short) > 2 and long.startswith(short) and not short.isdigit():
        return True
    if len(short) < 4 or len(long) - len(short) > 1 or any(letter.isdigit() for letter in long):
        return False
    return _one_edit(short, long)


def _one_edit(short: str, long: str) -> bool:
    at = next((n for n, letter in enumerate(short) if letter != long[n]), len(short))
    if len(short) == len(long):
        return short[at + 1 :] == long[at + 1 :] or (short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :])
    return short[at:] == long[at + 1 :]
