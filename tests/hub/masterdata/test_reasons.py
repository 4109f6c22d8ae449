"""Whatever a search can give as its reason is said in both languages."""

from __future__ import annotations

import pytest

from hub.masterdata.matching import items, parties
from hub.masterdata.matching.weights import FieldSpec
from hub.masterdata.reasons import in_words, words


@pytest.mark.parametrize("specs", [parties.SPECS, items.SPECS])
def test_every_reason_of_the_matcher_has_words(specs: tuple[FieldSpec, ...]) -> None:
    for spec in specs:
        assert words()["compared"][spec.name].keys() == {"en", "zh-CN"}
        for level in spec.levels:
            assert words()["how"][level].keys() == {"en", "zh-CN"}, level


def test_a_reason_is_read() -> None:
    found = {"field": "address", "level": "same", "weight": 2.04}
    assert (in_words(found, "en"), in_words(found, "zh-CN")) == ("address the same +2.0", "地址 相同 +2.0")
    assert in_words("tax_number", "zh-CN") == "税号" and in_words({"field": "note", "why": "an old code"}, "en") == "note an old code"
