"""What goes wrong between two people who type the same text: letters swapped, characters that sound or look alike, widths, scripts.

Nothing here touches a digit or a word that tells neighbours apart (first and second hospital, left and right): such a slip makes another
thing of it, and no reader could tell.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from random import Random

from benchmarks.masterdata.vocabulary import brand_characters, load

_TELLING = frozenset("一二三四五六七八九十左右上下大小中公母号第")
_LATIN_WORD = re.compile(r"[^\W\d_一-鿿]{4,}")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEXT_KEY = {row[place]: row[max(0, place - 1) : place] + row[place + 1 : place + 2] for row in _KEYS for place in range(len(row))}
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
_SPELLED = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue"), ("ß", "ss"), ("ø", "oe"), ("å", "aa"))
_BARE = str.maketrans("äöüÄÖÜéèêëáàâíîóôúûçñåøæłńśźżąęóćß", "aouAOUeeeeaaaiioouucnaoalnszzaeocs")


@cache
def alike() -> tuple[dict[str, str], dict[str, str]]:
    """For a character those that sound as it does, and those that look like it."""
    groups = load("characters")["sound"].split()
    by_sound: dict[str, list[str]] = defaultdict(list)
    everyone, foreign = brand_characters()
    for character, pinyin in (*everyone.things, *foreign):
        by_sound[pinyin].append(character)
    groups += ["".join(dict.fromkeys(group)) for group in by_sound.values()]
    return _others(groups), _others(load("characters")["look"].split())


def _others(groups: list[str]) -> dict[str, str]:
    found: dict[str, str] = defaultdict(str)
    for group in groups:
        for character in group:
            found[character] += group.replace(character, "")
    return {character: others for character, others in found.items() if others}


@cache
def _traditional() -> dict[int, str]:
    return {ord(pair[0]): pair[1] for pair in load("characters")["traditional"].split()}


def is_chinese(text: str) -> bool:
    """Whether any character of it is a Chinese one."""
    return any("一" <= character <= "鿿" for character in text)


def traditional(text: str) -> str:
    """The text as somebody in Hong Kong or Taiwan writes it."""
    return text.translate(_traditional())


def full_width(text: str) -> str:
    """Letters, digits, brackets and spaces as wide as Chinese characters."""
    return text.translate(_FULL_WIDTH)


def spelled(random: Random, text: str) -> str:
    """Without letters that an English keyboard lacks: ü as ue, or as u."""
    if random.random() < 0.5:
        for letter, letters in _SPELLED:
            text = text.replace(letter, letters)
    return text.translate(_BARE)


def sounding_alike(random: Random, text: str) -> str:
    """One character replaced by another of the same sound; the text itself where none can be."""
    return _replaced(random, text, alike()[0])


def _replaced(random: Random, text: str, others: dict[str, str]) -> str:
    places = [place for place, character in enumerate(text) if character in others and character not in _TELLING]
    if not places:
        return text
    place = random.choice(places)
    return text[:place] + random.choice(others[text[place]]) + text[place + 1 :]


def mistyped(random: Random, text: str) -> str:
    """The text with one slip of its script; the text itself where there is nothing that may slip."""
    return _mistyped_chinese(random, text) if is_chinese(text) else _mistyped_latin(random, text)


def _mistyped_chinese(random: Random, text: str) -> str:
    draw = random.random()
    if draw < 0.45 and (seen := _replaced(random, text, alike()[1])) != text:
        return seen
    places = [p for p in range(len(text) - 1) if not (set(text[p : p + 2]) & _TELLING) and is_chinese(text[p]) and is_chinese(text[p + 1])]
    if not places or len(text) < 5:
        return text
    place = random.choice(places)
    if draw < 0.65:
        return text[:place] + text[place + 1 :]
    if draw < 0.85:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[: place + 1] + text[place:]


def _mistyped_latin(random: Random, text: str) -> str:
    words = list(_LATIN_WORD.finditer(text))
    if not words:
        return text
    word = random.choice(words)
    place = random.randrange(word.start() + 1, word.end() - 1)
    draw = random.random()
    if draw < 0.3:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if draw < 0.6:
        return text[:place] + text[place + 1 :]
    if draw < 0.75:
        return text[: place + 1] + text[place:]
    letter = text[place]
    near = _NEXT_KEY.get(letter.lower(), "e")
    new = random.choice(near)
    return text[:place] + (new.upper() if letter.isupper() else new) + text[place + 1 :]
