"""How names are spelled before they are compared: one width, one script of Chinese, no legal form, no marks; and how they sound.

`康瑞（苏州）醫療器械股份有限公司` and `康瑞(苏州)医疗器械有限责任公司` come out alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache, lru_cache
from operator import add

import opencc
from pypinyin import lazy_pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.contrib.tone_convert import to_normal

from hub.masterdata.duplicates import LATIN_FORMS
from hub.masterdata.matching.words import listed

HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}")
_PARTS = re.compile("[0-9a-z]+|[\u3400-\u9fff\uf900-\ufaff]+")
_PART = re.compile("[0-9a-z\u3400-\u9fff\uf900-\ufaff]*")
_CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff]*")
_FORM_WITH_A_SLIP = re.compile("(?:股份|集团)?有限(?:责任)?公.$|有限.司$|有.公司$|.限公司$")
_CHINESE_FORMS = re.compile("(?:(?:集团|股份)*(?:有限)?(?:责任)?(?:总|分)?公司|集团|有限合伙|工?厂)+$")
_FORMS_INSIDE = re.compile("(?:(?:集团|股份)*有限(?:责任)?公司|股份公司|集团公司)(?=.)")
_ADMINISTRATIVE = re.compile("(?<=[\u3400-\u9fff]{2})(?:特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|省|市|县|区)$")


@cache
def _simplified() -> dict[int, str]:
    """Every traditional character that has another simplified form. Made once, about a tenth of a second."""
    letters = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    converted = opencc.OpenCC("t2s").convert("\n".join(letters)).split("\n")
    return {ord(old): new for old, new in zip(letters, converted, strict=True) if old != new and len(new) == 1}


class _Folding(dict[int, str]):
    """What stands for each character, found when it is first met."""

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKC", chr(code)).casefold().translate(_simplified())
        parts = "".join(part for part in unicodedata.normalize("NFD", plain) if not unicodedata.combining(part))
        self[code] = folded = parts.replace("ø", "o").replace("ł", "l")
        return folded


_FOLDING = _Folding()


def folded(text: str) -> str:
    """Small letters of one width, simplified characters, no diacritics; punctuation as it is."""
    return text.lower() if text.isascii() else _folded(text)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.translate(_FOLDING))


_folded = lru_cache(maxsize=200_000)(_plain)


def folded_together(texts: Collection[str]) -> dict[str, str]:
    """Distinct texts with what each is folded: for many of them in a third of the time."""
    stated = [text for text in texts if not text.isascii()]
    plain = _plain("\n".join(stated)).split("\n")
    if len(plain) != max(len(stated), 1):  # lines within a text
        plain = [folded(text) for text in stated]
    return {text: text.lower() for text in texts} | dict(zip(stated, plain, strict=False))


def words(text: str) -> list[str]:
    """Runs of Latin letters and digits, and runs of Chinese characters, of a folded text; `b.v.` is one word."""
    if "." in text:
        text = _DOTTED.sub(lambda dotted: dotted[0].replace(".", "") + " ", text)
    return _PARTS.findall(text)


def joined(text: str) -> str:
    """The words of a folded text without what stands between them: `康瑞 医疗` is `康瑞医疗`."""
    return text if _PART.fullmatch(text) else "".join(words(text))


def company(text: str) -> str:
    """A company's folded name without legal form: Latin words with blanks between, Chinese characters without.

    >>> company("Rheintal-Titan GmbH & Co. KG"), company("康瑞（苏州）醫療器械股份有限公司")
    ('rheintal titan', '康瑞苏州医疗器械')
    """
    found = words(folded(text))
    han = "".join(word for word in found if HAN.match(word))
    if len(han) >= 2:
        whole = _FORM_WITH_A_SLIP.sub("", "".join(found))
        return _CHINESE_FORMS.sub("", _FORMS_INSIDE.sub("", whole)) or whole or "".join(found)
    kept = [word for word in found if word not in LATIN_FORMS]
    return " ".join(kept or found)


def place(text: str) -> str:
    """A city or province as it stands in names: `苏州市` is `苏州`, `Suzhou City` is `suzhou`."""
    plain = joined(folded(text))
    plain = _ADMINISTRATIVE.sub("", plain).removesuffix("city")
    return spelled_otherwise().get(plain, plain)


@cache
def spelled_otherwise() -> dict[str, str]:
    """How places are read that have a Latin name of their own: `harbin` is `haerbin`."""
    return {spelled: sound(name) for entry in listed("spelled_otherwise") for spelled, _, name in [entry.partition("=")]}


@lru_cache(maxsize=100_000)
def sound(text: str) -> str:
    """How Chinese characters are read, without tones and blanks; Latin letters stand for themselves.

    >>> sound("厦门")
    'xiamen'
    """
    if text.isascii():
        return text.replace(" ", "")
    if _CHINESE.fullmatch(text) and _read_otherwise().isdisjoint(map(add, text, text[1:])):
        return text.translate(_READ)
    return "".join(syllables(text) or text).replace(" ", "")


def syllables(text: str) -> list[str]:
    """How each Chinese character is read, and what stands between them."""
    if not HAN.search(text):
        return []
    if _CHINESE.fullmatch(text) and _read_otherwise().isdisjoint(map(add, text, text[1:])):
        return list(map(_read_alone, text))
    return lazy_pinyin(text)


class _Read(dict[int, str]):
    """How each character is read alone, found when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = read = _read_alone(chr(code)).replace(" ", "")
        return read


_READ = _Read()


def readings(texts: Iterable[str]) -> set[str]:
    """How the Chinese characters of many texts are read, each alone."""
    return {_READ[ord(letter)] for letter in set().union(*texts) if HAN.match(letter)}


@cache
def _read_alone(letter: str) -> str:
    return _toneless(PINYIN_DICT[ord(letter)].partition(",")[0]) if ord(letter) in PINYIN_DICT else letter


@cache
def _read_otherwise() -> frozenset[str]:
    """The first two characters of all phrases in which a character is read otherwise than alone (`重庆`): texts without them need not be
    searched for phrases, which takes ten times as long. Made once, a tenth of a second."""
    return frozenset(
        phrase[:2]
        for phrase, readings in PHRASES_DICT.items()
        if any(_toneless(reading[0]) != _read_alone(letter) for letter, reading in zip(phrase, readings, strict=True))
    )


_toneless = cache(to_normal)
