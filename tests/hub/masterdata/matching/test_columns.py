"""Columns compare only pairs that can be close, and tell the same as if they compared all."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from hub.masterdata.matching.columns import Column
from hub.masterdata.matching.party_records import letters

TEXTS = ("kangrui", "kangriu", "kangru", "kan", "longxin", "longxinmedical", "康瑞", "瑞康", "康瑞特", "kangruix")
PAIRS = tuple(np.array(side, dtype=np.int32) for side in zip(*combinations(range(len(TEXTS)), 2), strict=True))


def test_what_lengths_and_letters_rule_out_is_far() -> None:
    column = Column(TEXTS)
    pairs = PAIRS[0], PAIRS[1]
    every = np.ones(len(pairs[0]), dtype=bool)
    two = list(zip(*column.of(pairs), strict=True))
    assert column.distance(pairs, every, 2).tolist() == [min(OSA.distance(one, other), 3) for one, other in two]
    for least in (0.6, 0.8):
        found = column.alike(pairs, every, fuzz.ratio, least)
        shares = np.array([fuzz.ratio(one, other) / 100 for one, other in two])
        assert (shares >= least).any() and (found == 0).sum() > (shares == 0).sum()
        assert np.allclose(found[shares >= least], shares[shares >= least]) and (found[shares < least] < least).all()


@given(st.lists(st.text("abcdeé康瑞医", min_size=1, max_size=8), min_size=2, max_size=8))
def test_no_pair_that_is_close_is_left_out(texts: list[str]) -> None:
    column = Column(texts)
    first, second = np.triu_indices(len(texts), 1)
    pairs, every = (first, second), np.ones(len(first), dtype=bool)
    two = list(zip(*column.of(pairs), strict=True))
    assert column.distance(pairs, every, 2).tolist() == [min(OSA.distance(one, other), 3) for one, other in two]
    shares = np.array([fuzz.ratio(one, other) / 100 for one, other in two])
    found = column.alike(pairs, every, fuzz.ratio, 0.6)
    assert np.allclose(found[shares >= 0.6], shares[shares >= 0.6])


def test_texts_told_once_for_each_record() -> None:
    column = Column(("ab", "", "abcd"), np.array([2, 0, 1, 2]))
    assert column.texts.tolist() == ["abcd", "ab", "", "abcd"]
    assert column.lengths.tolist() == [4, 2, 0, 4]
    assert column.codes[0] == column.codes[3] != column.codes[1] and column.codes[2] == -1


def test_letters_of_a_number() -> None:
    assert [letters(text) for text in ("AB-12_3", "ab123", "ＡＢ 12", "闽食药20133597号")] == ["ab123", "ab123", "ab12", "闽食药20133597号"]
