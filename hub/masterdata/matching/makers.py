"""Who makes an item: one name for each maker, whichever way its systems spell it.

`苏州康瑞医疗器械有限公司`, `Suzhou Kangrui Medical Device Co., Ltd.` and `Kangrui` are one where nobody else is called so. Names that stand
beside one registration, GTIN or company prefix are one maker's, too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from hub.masterdata.matching.company_names import CompanyName, Trades, shortened
from hub.masterdata.matching.latin_names import respelled
from hub.masterdata.matching.spelling import HAN, folded, syllables, words
from hub.masterdata.matching.words import listed

_FEW = 9
"""Names beside one number, from which on it is not one maker's."""
_SHORT_TRADE = 4
"""Characters of most words for a trade."""
_SHORTEST = 4
"""Letters of a brand that stands alone."""


class Makers:
    """Which names are one maker's. `beside` are the names that stand beside each number that only one maker uses."""

    def __init__(self, names: Sequence[str], beside: Iterable[Mapping[str, int]]) -> None:
        distinct = sorted(set(names) - {""})
        trades = Trades(distinct, listed("cities"))
        self._parted = {name: trades.parted(name) for name in distinct}
        self._one = {name: name for name in distinct}
        together = Counter[tuple[str, str]]()
        for group in beside:
            if 1 < len(group) < _FEW:
                together.update({pair: min(group[pair[0]], group[pair[1]]) for pair in combinations(sorted(group), 2)})
        self._sure = {pair for pair, count in together.items() if count > 1}
        self._by_sound(distinct)
        for first, second in sorted(self._sure):  # what is called by a brand alone may be one of two makers
            if not brand_alone(first) and not brand_alone(second):
                self._join(first, second)
        self._two_scripts(distinct)
        self._brands(distinct)
        self.read = {name: respelled(parted.read) for name, parted in self._parted.items()}
        """How each name is read, without place and legal form."""

    def root(self, name: str) -> str:
        """The one name of a maker; nothing for nothing."""
        if not name:
            return ""
        while self._one[name] != name:
            self._one[name] = self._one[self._one[name]]
            name = self._one[name]
        return name

    def _join(self, first: str, second: str) -> None:
        self._one[self.root(first)] = self.root(second)

    def _by_sound(self, distinct: Sequence[str]) -> None:
        groups: dict[str, list[str]] = defaultdict(list)
        for name in distinct:
            if not brand_alone(name):
                groups[self._parted[name].sound].append(name)
        for group in groups.values():
            for first, second in combinations(group, 2) if len(group) < _FEW else ():
                mine, theirs = self._parted[first], self._parted[second]
                if _one_place(mine, theirs) and (_two_scripts(first, second) or _one_trade(mine.trade, theirs.trade)):
                    self._join(first, second)

    def _two_scripts(self, distinct: Sequence[str]) -> None:
        """A Latin name that begins as a Chinese one is read, at its place: where only one maker is called so, it is that."""
        starts: dict[str, list[str]] = defaultdict(list)
        for name in distinct:
            if HAN.search(name):
                starts[respelled(self._parted[name].read)[:_SHORTEST]].append(name)
        for name in distinct:
            if HAN.search(name) or brand_alone(name):
                continue
            mine, said = self._parted[name], {respelled(word) for word in words(folded(name))}
            meant = set[str]()
            for other in starts.get(mine.whole[:_SHORTEST], ()):
                theirs = self._parted[other]
                own, read = respelled(theirs.sound), respelled(theirs.read)
                brand = mine.whole.startswith(own) if len(own) > _SHORTEST else mine.own == own
                spoken = _first_syllables(theirs.own) & said and mine.place == theirs.place != ""
                if spoken or ((brand or (len(mine.own) > _SHORTEST and read.startswith(mine.own))) and _one_place(mine, theirs)):
                    meant.add(self.root(other))
            if len(meant) == 1:
                self._join(name, meant.pop())

    def _brands(self, distinct: Sequence[str]) -> None:
        """The brand alone, in Latin letters, where it is one maker's."""
        starts: dict[str, set[str]] = defaultdict(set)
        for name in distinct:
            parted = self._parted[name]
            found = {parted.own, respelled(parted.sound), *words(folded(name))[:1]} if not HAN.search(name) else {respelled(parted.sound)}
            for start in found:
                starts[start].add(name)
        reads = [(respelled(self._parted[name].read), name) for name in distinct if HAN.search(name)]
        for name in distinct:
            said = words(folded(name))
            if not brand_alone(name):
                continue
            brand = respelled(said[0])
            meant = {self.root(other) for other in starts.get(brand, starts.get(said[0], set()))} - {self.root(name)}
            if not meant and len(brand) >= _SHORTEST:
                meant = {self.root(other) for read, other in reads if read.startswith(brand)} - {self.root(name)}
            if len(meant) == 1:
                self._join(name, meant.pop())


def _first_syllables(own: str) -> set[str]:
    """How the characters are read with which a name begins: `腾宁无纺布` may be Tengning Nonwoven. Two are a brand only where what follows
    is short enough to be a trade."""
    heard = syllables(own)
    least = 2 if len(heard) < _SHORT_TRADE + 3 else 3
    return {respelled("".join(heard[:size])) for size in range(least, len(heard) + 1)} - {""}


def _one_place(one: CompanyName, other: CompanyName) -> bool:
    return not one.place or not other.place or one.place == other.place


def _one_trade(one: str, other: str) -> bool:
    """Whether two trades in one script are one, or the one is the other in short or left out."""
    return one == other or not one or not other or shortened(one, other)


def _two_scripts(one: str, other: str) -> bool:
    return bool(HAN.search(one)) != bool(HAN.search(other))


def brand_alone(name: str) -> bool:
    """Whether a name is one Latin word."""
    return not HAN.search(name) and len(words(folded(name))) == 1
