"""What tells the items of one family apart (diameter, holes, side, material ...), and how it is written in two languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from benchmarks.masterdata.vocabulary import Weighted, Word, lines, load

KINDS = {"finished": 0.62, "component": 0.15, "raw": 0.1, "packaging": 0.13}


class Axis(NamedTuple):
    """One measure or quality, and the values that products of that sort have."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A sort of goods, whoever makes it."""

    zh: str
    en: str
    kind: str
    """finished, component, raw or packaging."""
    axes: tuple[Axis, ...]


@dataclass(slots=True)
class Writing:
    """One hand's habits when it writes measures."""

    chinese: bool
    unit: str = "mm"
    """Of lengths from 10 mm on: mm, cm or m."""
    comma: bool = False
    wordy: bool = False
    """Says what a measure is of (diameter, length)."""
    short: bool = False
    """Qualities by their short code."""
    times: str = "×"
    french_as_mm: bool = False
    blank: str = " "
    """Between number and unit, in Latin letters."""


@cache
def products() -> dict[str, Weighted[Product]]:
    """All sorts by kind."""
    return {kind: Weighted((float(weight), _product(kind, rest)) for weight, *rest in lines(load("products")[kind])) for kind in KINDS}


def _product(kind: str, words: list[str]) -> Product:
    axes = []
    for text in words[2:]:
        key, _, values = text.partition("=")
        stated = tuple(one for value in values.split(",") if value for one in _expanded(value))
        axes.append(Axis(key, stated or _default(key, words[0], kind)))
    return Product(words[0], words[1], kind, tuple(axes))


def _expanded(value: str) -> list[str]:
    """`20-80/2` as its numbers; what begins with a letter or says a tooth pattern stands for itself."""
    numbers, _, step = value.partition("/")
    first, _, last = numbers.partition("-")
    if not (first.isdigit() and last.isdigit()):
        return [value.replace(" ", "+")]
    return [str(number) for number in range(int(first), int(last) + 1, int(step or 1))]


def _default(key: str, product: str, kind: str) -> tuple[str, ...]:
    words = load("products")
    if key == "s":
        return ("left", "right")
    if key == "t":
        return ("sterile", "plain")
    if key == "u":
        return tuple(str(size) for size in words["suture_sizes"].split())
    if key == "e":
        return tuple(needles())
    if "试" in product:
        return tuple(words["batches"]["kit"].split())
    # What an own design or grade is called is made up by each maker.
    return () if kind == "raw" else tuple(words["batches"]["designs" if kind == "packaging" else "letters"].split())


def _named(key: str) -> dict[str, Word]:
    """Codes of a vocabulary with Chinese, short and English: a `Word` whose pinyin is the short form."""
    return {code: Word(zh, short, en) for code, zh, en, short in lines(load("products")[key])}


@cache
def needles() -> dict[str, Word]:
    """Shapes of suture needles."""
    return _named("needles")


@cache
def qualities() -> dict[str, dict[str, Word]]:
    """Words of the axes that are no numbers."""
    sided = {"left": Word("左", "L", "left"), "right": Word("右", "R", "right")}
    sterile = {"sterile": Word("无菌", "STER", "sterile"), "plain": Word("非无菌", "NS", "non-sterile")}
    named = {key: _named(name) for key, name in (("k", "materials"), ("c", "colours"), ("x", "shapes"), ("z", "sizes"))}
    return {**named, "e": needles(), "s": sided, "t": sterile}


_COUNTED = {"医用纱布块": ("层", "ply"), "说明书": ("页", "pages"), "连接电缆": ("芯", "core"), "脱脂纱布": ("支纱", "count yarn")}
_HIGH = ("融合器", "衬垫", "基台", "彩盒", "瓦楞纸箱", "床垫", "轴承")
_BY_PRODUCT: dict[tuple[str, str], tuple[str, str]] = {
    ("熔喷布", "h"): ("{}g/m²", "{} gsm"), ("纺粘无纺布", "h"): ("{}g/m²", "{} gsm"), ("过滤膜", "h"): ("{}μm", "{} µm"),
    ("锂电池组", "v"): ("{}mAh", "{} mAh"), ("硅油", "y"): ("{}cSt", "{} cSt"),
}  # fmt: skip


def number(value: float | str, comma: bool) -> str:
    """As short as it is exact, with a point or a comma."""
    text = value if isinstance(value, str) else f"{value:g}" if value < 100000 else f"{value:.0f}"
    return text.replace(".", ",") if comma else text


def _length(value: str, hand: Writing, smallest: float = 10) -> tuple[str, str]:
    """Number and unit of a length in millimetres."""
    millimetres = float(value)
    unit = hand.unit if millimetres >= smallest and (hand.unit != "m" or millimetres >= 1000) else "mm"
    if unit == "mm":
        return number(value, hand.comma), unit
    return number(millimetres / (10 if unit == "cm" else 1000), hand.comma), unit


def written(product: Product, key: str, value: str, hand: Writing) -> str:
    """One measure or quality as this hand writes it."""
    blank = "" if hand.chinese else hand.blank
    words = qualities().get(key, {}).get(value)
    if words:
        return words.pinyin if hand.short else words.zh if hand.chinese else words.en
    if formats := _BY_PRODUCT.get((product.zh, key)):
        return formats[0 if hand.chinese else 1].format(number(value, hand.comma))
    make = _WRITERS.get(key)
    return make(product, value, hand, blank) if make else value.replace("+", " ")


def _millimetres(product: Product, value: str, hand: Writing, blank: str) -> str:
    figure, unit = _length(value, hand)
    return f"{'长' if hand.chinese and hand.wordy else 'L=' if hand.wordy else ''}{figure}{blank}{unit}"


def _diameter(product: Product, value: str, hand: Writing, blank: str) -> str:
    before = ("直径" if hand.chinese else "dia. ") if hand.wordy else ("Φ" if hand.chinese else "Ø ")
    return f"{before}{number(value, hand.comma)}{blank}mm"


def _holes(product: Product, value: str, hand: Writing, blank: str) -> str:
    zh, en = _COUNTED.get(product.zh, ("孔", "holes"))
    return f"{value}{zh}" if hand.chinese else f"{value}{'-' if hand.short else ' '}{en[:-1] if hand.short and en == 'holes' else en}"


def _french(product: Product, value: str, hand: Writing, blank: str) -> str:
    if hand.french_as_mm:
        return f"{number(round(float(value) / 3, 2), hand.comma)}{blank}mm"
    return (f"F{value}" if hand.wordy else f"{value}Fr") if hand.chinese else f"CH {value}" if hand.wordy else f"{value} Fr"


def _volume(product: Product, value: str, hand: Writing, blank: str) -> str:
    if hand.unit != "mm" and float(value) >= 500:
        return f"{number(float(value) / 1000, hand.comma)}{blank}L"
    unit = "毫升" if hand.chinese and hand.wordy else "cc" if hand.unit == "m" and not hand.chinese else "ml"
    return f"{number(value, hand.comma)}{blank}{unit}"


def _area(product: Product, value: str, hand: Writing, blank: str) -> str:
    sides = value.split("x")
    if hand.unit != "mm" and all(float(side) >= 20 for side in sides):
        in_metres = float(sides[1]) >= 1000
        second = number(float(sides[1]) / 1000, hand.comma) + "m" if in_metres else number(float(sides[1]) / 10, hand.comma) + "cm"
        return f"{number(float(sides[0]) / 10, hand.comma)}cm{hand.times}{second}"
    return f"{sides[0]}{hand.times}{sides[1]}{blank}mm"


def _pack(product: Product, value: str, hand: Writing, blank: str) -> str:
    flat = any(word in product.zh for word in ("敷", "纱布", "试纸", "口罩", "刀片", "电极"))
    piece = "片" if flat else "只" if "手套" in product.zh else "支"
    return f"{value}{piece}/盒" if hand.chinese else f"{value}/box" if not hand.wordy else f"box of {value}"


def _thick(product: Product, value: str, hand: Writing, blank: str) -> str:
    figure = number(value, hand.comma)
    high = any(word in product.zh for word in _HIGH)
    if hand.chinese:
        return f"{'高' if high else '厚'}{figure}mm"
    return f"H {figure}{blank}mm" if high else f"{figure}{blank}mm thick"


def _hardness(product: Product, value: str, hand: Writing, blank: str) -> str:
    return (f"邵氏{value}A" if hand.wordy else f"{value}度") if hand.chinese else f"Shore A {value}" if hand.wordy else f"{value}ShA"


def _size(product: Product, value: str, hand: Writing, blank: str) -> str:
    if value[0] in "+-" or not value.replace(".", "").isdigit():
        return f"{value}D" if value[0] in "+-" else value
    return (f"{value}号" if hand.wordy else f"{value}#") if hand.chinese else f"size {number(value, hand.comma)}"


def _variant(product: Product, value: str, hand: Writing, blank: str) -> str:
    zh, _, en = value.partition("/")
    return zh if hand.chinese or not en else en.replace("+", " ")


_WRITERS: dict[str, Callable[[Product, str, Writing, str], str]] = {
    "l": _millimetres, "q": _millimetres, "d": _diameter, "n": _holes, "f": _french, "v": _volume, "w": _area, "p": _pack, "h": _thick,
    "y": _hardness, "z": _size, "b": _variant,
    "g": lambda product, value, hand, blank: f"{value}G",
    "a": lambda product, value, hand, blank: f"{value}{'度' if hand.wordy and hand.chinese else '°'}",
    "i": lambda product, value, hand, blank: f"{value}{'人份' if hand.chinese else ' tests'}",
}  # fmt: skip


def coded(key: str, value: str) -> str:
    """The value as a catalogue number has it: 3.5 mm is 35, left is L, titanium T."""
    words = qualities().get(key, {}).get(value)
    if words:
        letters = "".join(character for character in words.pinyin if character.isascii() and character.isalnum()).upper()
        return letters[: 1 if key in "skt" else 2]
    text = "".join(character for character in value.partition("/")[2] or value if character.isascii() and character.isalnum()).upper()
    if key == "n":
        return text.zfill(2)
    if key == "l":
        return text.zfill(3)
    return text[:4]
