"""How Chinese characters are read, by the quick way and by the way that looks phrases up."""

from __future__ import annotations

from itertools import pairwise

import pytest
from pypinyin import lazy_pinyin
from pypinyin.constants import PHRASES_DICT

from hub.masterdata.matching.spelling import sound, syllables

NAMES = [
    "重庆长安医疗器械",
    "厦门大学附属第一医院",
    "单县中心医院",
    "乐山市人民医院",
    "沈阳重型机械",
    "苏州康瑞",
    "绿叶制药",
    "朝阳行健",
    "龘龗",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_read_as_a_dictionary_of_phrases_reads_them(name: str) -> None:
    assert syllables(name) == lazy_pinyin(name)


def test_phrases_are_read_alike_alone_and_in_a_row() -> None:
    phrases = [phrase for phrase in PHRASES_DICT if len(phrase) < 5][::97]
    for first, second in pairwise(phrases):
        assert syllables(first + second) == lazy_pinyin(first + second)


def test_latin_letters_stand_for_themselves() -> None:
    assert sound("KR 康瑞 2") == "KRkangrui2"
    assert syllables("KR") == []
