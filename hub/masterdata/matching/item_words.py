"""Words of items as they are meant: runs of Chinese characters and of codes cut apart, slips of the pen mended.

All by what the records at hand say more often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from hub.masterdata.matching.latin_names import neighbours
from hub.masterdata.matching.spelling import HAN
from hub.masterdata.matching.words import listed

_RARER = 15
"""How many times rarer than a word is what passes for a slip of the pen in it."""
_TELLING = frozenset(listed("telling_han"))
"""Characters that make another word of one: a side, a size, a negation."""


class Vocabulary:
    """All words of all records, and what a record's words are in it. `codes` are words of models, which run together in Chinese texts."""

    def __init__(self, texts: Iterable[Sequence[str]], codes: Iterable[str]) -> None:
        self.often = Counter(word for words in texts for word in words)
        least = 4
        self._known = {word for word, count in self.often.items() if count >= least and len(word) > 1}
        self._codes = {word for word, count in Counter(codes).items() if count >= least and not HAN.match(word)}
        self._longest = max((len(word) for word in self._known if HAN.match(word)), default=0)
        self._near: dict[str, str] = {}
        for word in sorted(self._known, key=lambda word: (-self.often[word], word)):
            if len(word) >= (3 if HAN.match(word) else 4):
                for part in (word, *neighbours(word)):
                    self._near.setdefault(part, word)
        self._seen: dict[tuple[str, bool], tuple[str, ...]] = {}

    def read(self, words: Sequence[str]) -> tuple[str, ...]:
        """The words as the vocabulary has them: runs of Chinese characters and of codes cut apart, slips of the pen mended."""
        found: list[str] = []
        chinese = any(HAN.match(word) for word in words)
        for word in words:
            if (word, chinese) not in self._seen:
                self._seen[word, chinese] = tuple(self._han(word) if HAN.match(word) else self._latin(word, chinese))
            found += self._seen[word, chinese]
        return tuple(dict.fromkeys(found))

    def _han(self, word: str) -> list[str]:
        if word in self._known:
            parts = self._split(word) if len(word) > 3 else []
            known = [part for part in parts if part in self._known]
            if known and len(known) >= len(parts) - 1 and any(self.often[part] > 2 * self.often[word] for part in known):
                return parts
            mended = self._mended(word)
            return self._han(mended) if mended else [word]
        if mended := self._mended(word):
            return self._han(mended)
        return [self._mended(part) or part for part in self._split(word)] or [word]

    def _latin(self, word: str, chinese: bool) -> list[str]:
        if chinese and word not in self._codes and len(word) < 12:
            codes = self._run_of_codes(word)
            if codes and (word not in self._known or all(self.often[code] > 10 * self.often[word] for code in codes)):
                return codes
        return [self._mended(word) or word]

    def _run_of_codes(self, word: str) -> list[str]:
        """A run of letters as the fewest codes that it may be; nothing where it is none."""
        best: dict[int, list[str]] = {0: []}
        for end in range(1, len(word) + 1):
            ways = [
                [*best[start], word[start:end]] for start in range(max(0, end - 6), end) if start in best and word[start:end] in self._codes
            ]
            if ways:
                best[end] = min(ways, key=len)
        return best.get(len(word), [])

    def _mended(self, word: str) -> str:
        if len(word) < (3 if HAN.match(word) else 4):
            return ""
        rarer = _RARER * (1 if len(word) > 4 or HAN.match(word) else 4)
        found = {self._near.get(part, word) for part in (word, *neighbours(word))} - {word}
        likely = [meant for meant in found if self.often[meant] > rarer * self.often[word] and not (set(meant) ^ set(word)) & _TELLING]
        return likely[0] if len(likely) == 1 else ""  # `blde` may be blade or blue

    def _split(self, word: str) -> list[str]:
        """A run of Chinese characters as words that are known, what is left over between them together."""
        parts: list[str] = []
        at, rest = 0, ""
        while at < len(word):
            longest = min(len(word) - at, self._longest)
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
        return parts if len(parts) > 1 else []
