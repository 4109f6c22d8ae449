"""Words of items that mean the same: cut short, mistyped, coded, or in the other language. Learnt from the records themselves.

Nobody keeps a dictionary of all that a site buys. But a record whose name says `sterile` has a model that says `STER`, one number stands
beside an English and a Chinese name, and some records have both: words that keep company are taken to mean each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from hub.masterdata.matching.company_names import neighbours
from hub.masterdata.matching.spelling import HAN
from hub.masterdata.matching.words import listed

_RARER = 15
"""How many times rarer than a word is what passes for a slip of the pen in it."""
_TELLING = frozenset(listed("telling_han"))
"""Characters that make another word of one: a side, a size, a negation."""
_TOGETHER = 3


class Vocabulary:
    """All words of all records, and what a record's words are in it."""

    def __init__(self, texts: Iterable[Sequence[str]]) -> None:
        self.often = Counter(word for words in texts for word in words)
        least = 4
        self._known = {word for word, count in self.often.items() if count >= least and len(word) > 1}
        self._longest = max((len(word) for word in self._known if HAN.match(word)), default=0)
        self._near: dict[str, str] = {}
        for word in sorted(self._known, key=lambda word: (-self.often[word], word)):
            if len(word) >= (3 if HAN.match(word) else 4):
                for part in (word, *neighbours(word)):
                    self._near.setdefault(part, word)
        self._seen: dict[str, tuple[str, ...]] = {}

    def read(self, words: Sequence[str]) -> tuple[str, ...]:
        """The words as the vocabulary has them: runs of Chinese characters and of codes cut apart, slips of the pen mended."""
        found: list[str] = []
        for word in words:
            if word not in self._seen:
                self._seen[word] = tuple(self._cut(word))
            found += self._seen[word]
        return tuple(dict.fromkeys(found))

    def _cut(self, word: str) -> list[str]:
        if word in self._known:
            parts = self._split(word) if HAN.match(word) and len(word) > 3 else []
            if not HAN.match(word) and len(word) > 3:
                codes = self._split(word)
                if codes and all(self.often[part] > 10 * self.often[word] for part in codes):
                    return codes
            known = [part for part in parts if part in self._known]
            if known and len(known) >= len(parts) - 1 and all(self.often[part] > 2 * self.often[word] for part in known):
                return parts
            return [self._mended(word) or word]
        if mended := self._mended(word):
            return [mended]
        parts = self._split(word)
        return [self._mended(part) or part for part in parts] if parts else [word]

    def _mended(self, word: str) -> str:
        if len(word) < (3 if HAN.match(word) else 4):
            return ""
        rarer = _RARER * (1 if len(word) > 4 or HAN.match(word) else 4)
        for part in (word, *neighbours(word)):
            meant = self._near.get(part, word)
            if meant != word and self.often[meant] > rarer * self.often[word] and not (set(meant) ^ set(word)) & _TELLING:
                return meant
        return ""

    def _split(self, word: str) -> list[str]:
        """A run of letters as words that are known, what is left over between them together; nothing where that explains too little."""
        parts: list[str] = []
        at, rest = 0, ""
        han = bool(HAN.match(word))
        while at < len(word):
            longest = min(len(word) - at, self._longest if han else 14)
            size = next((size for size in range(longest, 1, -1) if word[at : at + size] in self._known and word[at : at + size] != word), 0)
            if not size and word[at] in "左右" and (at == 0 or at == len(word) - 1 or not rest):
                size = 1
            if size:
                if rest:
                    parts.append(rest)
                    rest = ""
                parts.append(word[at : at + size])
                at += size
            else:
                rest += word[at]
                at += 1
        if rest:
            parts.append(rest)
        if not han and any(part not in self._known for part in parts):
            return []
        return parts if len(parts) > 1 else []


class Meanings:
    """Which words stand for which others, with how surely (0 to 1)."""

    def __init__(self) -> None:
        self._met = Counter[tuple[str, str, str]]()
        self._seen = Counter[tuple[str, str, bool]]()
        self._sure: dict[tuple[str, str], float] = {}
        self.partners: dict[str, set[str]] = defaultdict(set)
        """Words that stand for a word, after `settle`."""

    def together(self, ones: Sequence[str], others: Sequence[str], channel: str) -> None:
        """Two texts that say the same thing: `names` of one item, or the `model` beside a name."""
        common = set(ones) & set(others)
        left, right = [word for word in ones if word not in common], [word for word in others if word not in common]
        if not left or not right:
            return
        han_left, han_right = any(map(HAN.match, left)), any(map(HAN.match, right))
        self._seen.update((channel, word, han_right) for word in left)
        self._seen.update((channel, word, han_left) for word in right)
        self._met.update((channel, min(one, other), max(one, other)) for one in left for other in right)

    def settle(self) -> None:
        """Decide what stands for what, after all texts were seen.

        A Chinese word brings several Latin ones with it (锁定螺钉, locking screw), and each of those belongs to many: what counts is how
        often it brings this one. Of two words in Latin letters each must bring the other. A word that something else brings far more
        surely does not stand for what merely keeps its company: every plate is of steel or titanium, but 不锈钢 means `SS`.
        """
        found: dict[tuple[str, str], float] = {}
        best_han, best_latin = defaultdict[str, float](float), defaultdict[str, float](float)
        for (channel, one, other), met in self._met.items():
            if met < _TOGETHER:
                continue
            han_one, han_other = bool(HAN.match(one)), bool(HAN.match(other))
            by_one = met / (self._seen[channel, one, han_other] + 1)
            by_other = met / (self._seen[channel, other, han_one] + 1)
            if han_one != han_other:
                share = by_one if han_one else by_other
                latin = other if han_one else one
                best_han[latin] = max(best_han[latin], share)
            else:
                share = min(by_one, by_other)
                best_latin[one], best_latin[other] = max(best_latin[one], share), max(best_latin[other], share)
            found[one, other] = max(found.get((one, other), 0.0), share)
        for (one, other), share in found.items():
            han_one, han_other = bool(HAN.match(one)), bool(HAN.match(other))
            if han_one != han_other:
                latin = other if han_one else one
                kept = share >= (0.6 if len(latin) > 1 else 0.8) and share >= 0.8 * best_han[latin]
            else:
                least = 0.15 if _abbreviates(one, other) else 0.4
                kept = min(len(one), len(other)) > 1 and share >= least and share >= 0.6 * max(best_latin[one], best_latin[other])
            if kept:
                self._sure[one, other] = self._sure[other, one] = share
                self.partners[one].add(other)
                self.partners[other].add(one)

    def sure(self, one: str, other: str) -> float:
        """How surely one word stands for the other; 0 where it does not."""
        return self._sure.get((one, other), 0.0)


def _abbreviates(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    letters = iter(long)
    return short[0] == long[0] and len(short) < len(long) and all(letter in letters for letter in short)


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
    # STRL, BLK
    return len(short) in (3, 4) and len(long) > 4 and short[0] == long[0] and all(one in letters for one in short) and not _vowels(short)


def _vowels(word: str) -> bool:
    return any(letter in "aeiou" for letter in word[1:])


def left_over(ones: Sequence[str], others: Sequence[str], meanings: Meanings) -> tuple[list[str], list[str]]:
    """Words of each text that have no counterpart in the other."""
    common = set(ones) & set(others)
    left, right = [word for word in ones if word not in common], [word for word in others if word not in common]
    # `CoCr` beside 钴铬钼 says nothing new.
    told = [word for word in (*left, *right) if any(meanings.sure(word, other) for other in common)]
    left, right = [word for word in left if word not in told], [word for word in right if word not in told]
    if not left or not right:
        return left, right
    edges = []
    for one in left:
        for other in right:
            weight = 2.0 if alike(one, other) else meanings.sure(one, other)
            if weight:
                edges.append((weight, one, other))
    edges.sort(reverse=True)
    met_left, met_right = dict[str, bool](), dict[str, bool]()
    for _, one, other in edges:
        # A Chinese word may stand for several Latin ones, and a word that has met nothing may join one that has.
        many_left, many_right = bool(HAN.match(one)), bool(HAN.match(other))
        if (one not in met_left or many_left) and (other not in met_right or many_right):
            met_left[one] = met_right[other] = True
    return [word for word in left if word not in met_left], [word for word in right if word not in met_right]
