"""The words that generated master data is made of, read from the YAML files beside this module.

A line of a file becomes a tuple of its words, with `+` read as a space; weighted lists become `Weighted`.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, Generic, NamedTuple, TypeVar

import yaml

_HERE = Path(__file__).parent
T = TypeVar("T")


class Weighted(Generic[T]):
    """Things to draw from, each as often as its weight says."""

    def __init__(self, things: Iterable[tuple[float, T]]) -> None:
        pairs = list(things)
        self.things = [thing for _, thing in pairs]
        self._sums = list(accumulate(weight for weight, _ in pairs))

    def draw(self, random: Random) -> T:
        """One of them."""
        return self.things[bisect(self._sums, random.random() * self._sums[-1])]


class Word(NamedTuple):
    """One word in three spellings; those of Western names are all the same."""

    zh: str
    pinyin: str
    en: str


class City(NamedTuple):
    """A Chinese city with what numbers and addresses of its parties begin with."""

    zh: str
    pinyin: str
    province: Word
    phone: str
    post: str
    division: str
    districts: tuple[Word, ...]


class Town(NamedTuple):
    """A city elsewhere; in `post`, # stands for a digit and @ for a letter."""

    country: str
    name: str
    post: str
    phone: str


@cache
def load(name: str) -> dict[str, Any]:
    """The content of a vocabulary file."""
    content: dict[str, Any] = yaml.safe_load((_HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    return content


def spaced(word: str) -> str:
    """The word with its spaces."""
    return word.replace("+", " ")


def lines(text: str) -> list[list[str]]:
    """Each line as its words."""
    return [[spaced(word) for word in line.split()] for line in text.splitlines()]


def weighted_words(text: str) -> Weighted[Word]:
    """Lines of weight, Chinese, pinyin and English."""
    return Weighted((float(weight), Word(zh, pinyin, en)) for weight, zh, pinyin, en in lines(text))


def weighted_list(text: str) -> Weighted[str]:
    """`6+Logistics 3+Transport`: what stands before the first + of a word is its weight."""
    pairs = (word.split("+", 1) for word in text.split())
    return Weighted((float(weight), spaced(word)) for weight, word in pairs)


@cache
def provinces() -> dict[str, Word]:
    """Provinces by name; the English of each is the character that licences use."""
    return {zh: Word(zh, pinyin, mark) for zh, pinyin, mark in lines(load("places")["provinces"])}


@cache
def cities() -> Weighted[City]:
    """Chinese cities, large ones more often."""
    found = []
    for weight, zh, pinyin, province, phone, post, division, *districts in lines(load("places")["cities"]):
        parts = tuple(Word(name, spelled, spelled) for name, _, spelled in (district.partition("/") for district in districts))
        found.append((float(weight), City(zh, pinyin, provinces()[province], phone, post, division, parts)))
    return Weighted(found)


@cache
def towns() -> Weighted[Town]:
    """Cities of Europe and the United States."""
    return Weighted((float(weight), Town(*rest)) for weight, *rest in lines(load("places")["western"]))


@cache
def slashed(file: str, key: str) -> tuple[Word, ...]:
    """Words as `zh/pinyin` or `zh/pinyin/English`."""
    found = []
    for text in load(file)[key].split():
        parts = spaced(text).split("/")
        found.append(Word(parts[0], parts[1], parts[-1]))
    return tuple(found)


@cache
def brand_characters() -> tuple[Weighted[tuple[str, str]], tuple[tuple[str, str], ...]]:
    """Characters of brands with their pinyin: all by frequency, and those that spell foreign sounds."""
    words = load("party_words")
    common, rare, sounds = ([(text[0], text[1:]) for text in words[key].split()] for key in ("brand_common", "brand_rare", "brand_sounds"))
    # Frequencies of characters fall with their rank, as they do in any register of companies.
    ranked = [(8 / (1 + rank / 12), pair) for rank, pair in enumerate(common)]
    ranked += [(1.6 / (1 + rank / 70), pair) for rank, pair in enumerate(rare)]
    return Weighted(ranked), tuple(sounds)
