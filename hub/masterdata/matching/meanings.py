"""Words of items that mean the same: cut short, coded, or in the other language. Learnt from the records themselves.

Nobody keeps a dictionary of all that a site buys. But a record whose name says `sterile` has a model that says `STER`, one number stands
beside an English and a Chinese name, and some records have both. Which word brought which is found as translators' machines find it: each
word of one text came from some word of the other, and what explains itself by one word is not put down to another (Brown and others 1993,
their first model, by EM).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from hub.masterdata.matching.blocking import distinct
from hub.masterdata.matching.item_names import CUT
from hub.masterdata.matching.spelling import HAN
from hub.masterdata.matching.words import listed

_TELLING = frozenset(listed("telling_han"))
"""Characters that make another word of one: a side, a size, a negation."""
_ROUNDS = 10
_SEEN = 2.5
"""Times that a word must have come from another, of all texts, to be taken for more than an accident."""
_BRINGS, _RETURNS = 0.2, 0.04
"""How surely a word of a name must bring its code, and at least how surely the code brings it."""
_MOST = 0.6
"""What share of all codes that a word brings must be the one: `ended` goes with single and double."""
_TRANSLATES, _BESIDE_BEST, _ABBREVIATES = 0.4, 0.65, 0.3
"""How surely a Chinese word must bring a Latin one to be its translation, also beside the surest; and each of two words in one script."""
_TELLS = 3
"""Characters of a word that is cut, with the mark of it, up to which it says nothing."""
_NONE: frozenset[str] = frozenset()
Text = tuple[str, ...]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Meanings:
    """Which words stand for which others."""

    def __init__(self) -> None:
        self._texts: dict[str, Counter[tuple[Text, Text]]] = {"model": Counter(), "names": Counter()}
        self.partners: dict[str, set[str]] = {}
        """Words that stand for a word, after `settle`."""
        self._judged: dict[tuple[str, str], bool] = {}

    def together(self, ones: Sequence[str], others: Sequence[str], channel: str) -> None:
        """Two texts that say the same thing: a name and the `model` beside it, which says what sets it apart; or two `names`."""
        if ones and others:
            self._texts[channel][tuple(ones), tuple(others)] += 1

    def settle(self) -> None:
        """Decide what stands for what, after all texts were seen."""
        for channel, texts in self._texts.items():
            if texts:
                self._settle(texts, channel)

    def _settle(self, texts: Counter[tuple[Text, Text]], channel: str) -> None:
        numbers: dict[str, int] = {"": 0}
        left: list[int] = []
        right: list[int] = []
        text: list[int] = []
        for at, (ones, others) in enumerate(texts):
            mine = [numbers.setdefault(word, len(numbers)) for word in ones]
            theirs = [numbers.setdefault(word, len(numbers)) for word in others]
            left += [one for one in mine for _ in theirs]
            right += theirs * len(mine)
            text += [at] * (len(mine) * len(theirs))
        words = list(numbers)
        han = np.array([bool(HAN.match(word)) for word in words], dtype=np.int64)
        times = np.fromiter(texts.values(), dtype=np.float64)
        ones_, others_, texts_ = (np.array(column, dtype=np.int64) for column in (left, right, text))
        forth, back = _brought(ones_, others_, texts_, times, han), _brought(others_, ones_, texts_, times, han)
        best, brought = defaultdict[int, float](float), defaultdict[int, float](float)
        for (one, _), share in forth.items():
            brought[one] += share
        for (one, other), share in (*forth.items(), *back.items()):
            if han[one] and not han[other]:
                best[one] = max(best[one], share)
        for (one, other), there in forth.items():
            again = back.get((other, one), 0.0)
            if one == other:
                continue
            if channel == "model":
                kept = there >= _BRINGS and again >= _RETURNS and there >= _MOST * brought[one]
            elif han[one] != han[other]:
                share = there if han[one] else again
                kept = share >= _TRANSLATES and share >= _BESIDE_BEST * best[one if han[one] else other]
            else:
                kept = min(there, again) >= _ABBREVIATES
            if kept:
                self.partners.setdefault(words[one], set()).add(words[other])
                self.partners.setdefault(words[other], set()).add(words[one])

    def _judge(self, one: str, other: str) -> bool:
        """Whether two words say the same: they were learnt to, or the one is the other cut short and nothing else is known of it."""
        mine, theirs = self.partners.get(one, _NONE), self.partners.get(other, _NONE)
        if other in mine or (bool(HAN.match(one)) != bool(HAN.match(other)) and not mine.isdisjoint(theirs)):
            return True
        if one.endswith(CUT) or other.endswith(CUT):
            begun, whole = (one[:-1], other) if one.endswith(CUT) else (other[:-1], one)
            return (
                whole.startswith(begun)
                or (whole.endswith(CUT) and begun.startswith(whole[:-1]))
                or any(word.startswith(begun) for word in self.partners.get(whole, _NONE))
            )
        if not alike(one, other) or self._meant(one, other):
            return False
        # Of two Latin words that stand for something each, the one is not the other cut short.
        return bool(HAN.match(one)) or not mine or not theirs or not mine.isdisjoint(theirs)

    def _meant(self, one: str, other: str) -> bool:
        """Whether the shorter of two words is known to be short for another."""
        short, long = sorted((one, other), key=len)
        known = [word for word in self.partners.get(short, ()) if bool(HAN.match(word)) == bool(HAN.match(short))]
        return bool(known) and not any(alike(word, long) for word in known)

    def left_over(self, ones: Iterable[str], others: Iterable[str]) -> tuple[list[str], list[str]]:
        """Words of each text that nothing in the other says."""
        mine, theirs = set(ones), set(others)
        return self._left(ones, theirs), self._left(others, mine)

    def _left(self, words: Iterable[str], others: set[str]) -> list[str]:
        # Of a word that is cut behind a letter or two nobody can say what it says.
        left = [word for word in words if word not in others]
        if not left:
            return left
        telling = {other for other in others if not other.endswith(CUT) or len(other) > _TELLS}
        return [word for word in left if not self._said(word, others if word.endswith(CUT) else telling)]

    def _said(self, word: str, others: set[str]) -> bool:
        """Whether one of the others says the same as a word. Asked for millions of pairs of few words."""
        judged = self._judged
        for other in others:
            said = judged.get((word, other))
            if said is None:
                said = judged[word, other] = self._judge(word, other)
            if said:
                return True
        return False


def _brought(source: Ints, target: Ints, text: Ints, times: Floats, han: Ints) -> dict[tuple[int, int], float]:
    """Of all texts with a word, in how many it brings each other; a word may also come from none, and a word may bring none."""
    size = len(han)
    said, sources = distinct(text * size + target), distinct(text * size + source)
    occurs = np.bincount(sources % size, times[sources // size], minlength=size)
    occurs[0] = times.sum()
    source, target = np.concatenate((source, np.zeros(len(said), dtype=np.int64))), np.append(target, said % size)
    text = np.append(text, said // size)
    pairs, place = np.unique(source * size + target, return_inverse=True)
    group = np.unique(text * size + target, return_inverse=True)[1]
    weight = times[text]
    share: Floats = np.ones(len(pairs))
    count: Floats = share
    for _ in range(_ROUNDS):
        each = share[place]
        count = np.bincount(place, weight * each / np.bincount(group, each)[group], minlength=len(pairs)).astype(np.float64)
        share = count / occurs[pairs // size]
    kept = np.flatnonzero((count >= _SEEN) & (share >= _RETURNS) & (pairs >= size))
    return {(int(pairs[at]) // size, int(pairs[at]) % size): float(share[at]) for at in kept}


def alike(one: str, other: str) -> bool:
    """Whether two words are one: the one cut short, or in Chinese with characters left out that are no side, size or negation."""
    short, long = sorted((one, other), key=len)
    if HAN.match(short):
        if not HAN.match(long) or len(short) < 2 or len(short) == len(long) or (set(long) - set(short)) & _TELLING:
            return False
        letters = iter(long)
        return all(letter in letters for letter in short)
    if HAN.match(long) or any(letter.isdigit() for letter in one + other) or short.startswith("non") != long.startswith("non"):
        return False
    if len(short) > 2 and long.startswith(short) and len(long) > 3:
        return True
    letters = iter(long)
    # STRL, BLK, INTBDY
    return (
        2 < len(short) < 7
        and len(long) > max(4, len(short) + 1)
        and short[0] == long[0]
        and all(one in letters for one in short)
        and not _vowels(short)
    )


def _vowels(word: str) -> bool:
    return any(letter in "aeiou" for letter in word[1:])
