"""Parts of texts as numbers are equal where the parts are, for all texts at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.masterdata.matching.latin_names import neighbours
from hub.masterdata.matching.spans import Spans, letter_sets

TEXTS = st.lists(st.text("ab康🜁", max_size=6), max_size=8)


def agree(numbers: list[int], parts: list[str]) -> bool:
    """Whether numbers are equal exactly where parts are, and 0 where a part is empty."""
    pairs = set(zip(numbers, parts, strict=True))
    return len(pairs) == len(set(numbers)) == len(set(parts)) and all((number == 0) == (part == "") for number, part in pairs)


@given(TEXTS, st.integers(-2, 7), st.integers(-2, 7))
def test_parts_are_equal_where_their_texts_are(texts: list[str], start: int, end: int) -> None:
    spans = Spans(texts)
    assert agree(spans.whole().tolist(), texts)
    assert agree(spans.part(start, end).tolist(), [text[max(start, 0) : max(end, 0)] for text in texts])
    half = spans.lengths // 2
    assert agree(spans.part(half, spans.lengths).tolist(), [text[len(text) // 2 :] for text in texts])
    long = spans.lengths > 2
    assert agree(spans.part(0, half, long).tolist(), [text[: len(text) // 2] if len(text) > 2 else "" for text in texts])


@given(TEXTS)
def test_what_is_left_without_one_letter(texts: list[str]) -> None:
    spans = Spans(texts)
    sizes, numbers = spans.without_one(spans.lengths >= 2)
    rest = [text[:at] + text[at + 1 :] for text in texts if len(text) >= 2 for at in range(len(text))]
    assert sizes.tolist() == [len(text) if len(text) >= 2 else 0 for text in texts]
    assert agree([*spans.whole().tolist(), *numbers.tolist()], [*texts, *rest])
    assert set(rest) == {part for text in texts if len(text) >= 2 for part in neighbours(text)}


@given(TEXTS)
def test_sets_of_letters_hold_those_of_a_part(texts: list[str]) -> None:
    for text, letters, some in zip(texts, letter_sets(texts).tolist(), letter_sets([text[1:4] for text in texts]).tolist(), strict=True):
        assert letters.bit_count() <= len(set(text)) and bool(letters) == bool(text)
        assert some & ~letters == 0
