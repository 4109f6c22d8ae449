"""What of a company's name is its own, and what it shares with its trade: `康瑞` and `医疗器械`, `tuttlinger` and `surgical instruments`.

Which words and endings are of the trade is learnt from all names at hand, beside a few that everybody knows. Two companies of one trade
have most letters in common and are two; what is their own decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.masterdata.matching.spelling import HAN, sound
from hub.masterdata.matching.words import listed

_TRADE = listed("trade")
_TRADE_HAN = listed("trade_han")
_PROVINCES = listed("places")
_LONGEST_ENDING = 6
_OFFICE = re.compile("(?:分公司|办事处|分部|分院|分厂|分|仓库|物流中心|仓)$")


@dataclass(frozen=True, slots=True)
class CompanyName:
    """A name taken apart. `own` has no blanks; `trade` is words with blanks, or Chinese characters; `sound` is how `own` is read."""

    own: str = ""
    trade: str = ""
    place: str = ""
    sound: str = ""
    branch: str = ""
    """Place of a branch or office, which is a party of its own."""


class Trades:
    """Words of trades and places that names at hand have in common."""

    def __init__(self, cores: Iterable[str], places: Iterable[str]) -> None:
        names = set(cores)
        least = max(5, len(names) // 500)
        endings, tokens = Counter[str](), Counter[str]()
        for name in names:
            if HAN.search(name):
                endings.update(name[-length:] for length in range(2, min(_LONGEST_ENDING, len(name) - 1) + 1))
            else:
                tokens.update(set(name.split()))
        self._endings = {*_TRADE_HAN, *(ending for ending, count in endings.items() if count >= least * 2)}
        self._words = {*_TRADE, *(word for word, count in tokens.items() if count >= least)}
        self._cut = {part: word for word in sorted(self._words) if len(word) > 5 for part in (*neighbours(word), *_beginnings(word))}
        self._places = {name for name in (*places, *_PROVINCES) if len(name) > 1}
        self._sounds = {sound(name) for name in self._places}

    def parted(self, core: str) -> CompanyName:
        """A name without its legal form (`spelling.company`) taken apart."""
        if not core:
            return CompanyName()
        return self._han(core) if HAN.search(core) else self._latin(core)

    def _han(self, core: str) -> CompanyName:
        place, rest, branch = "", core, ""
        if (office := _OFFICE.search(rest)) is not None:
            rest = rest[: office.start()]
            length = next((size for size in (4, 3, 2) if rest[-size:] in self._places and len(rest) > size + 1), 0)
            branch, rest = rest[len(rest) - length :] + office[0][:2], rest[: len(rest) - length]
        for length in (5, 4, 3, 2):  # 江苏省苏州市康瑞, 康瑞苏州
            for at in (0, 2, 3, 4):
                found = rest[at : at + length]
                if not place and found in self._places and len(rest) - length >= 2:
                    place, rest = found, rest[:at] + rest[at + length :].removeprefix("市").removeprefix("省")
        if place:
            for length in (4, 3, 2):
                if rest[:length] in self._places and len(rest) - length >= 4:
                    place, rest = rest[:length], rest[length:].removeprefix("市")
        trade = ""
        for length in range(min(_LONGEST_ENDING, len(rest) - 2), 1, -1):
            if rest[-length:] in self._endings:
                trade, rest = rest[-length:], rest[:-length]
                break
        return CompanyName(rest, trade, place, sound(rest), branch)

    def _latin(self, core: str) -> CompanyName:
        words = core.split()
        place = next((word for word in words if word in self._places or word in self._sounds), "")
        left = [word for word in words if word != place] or words
        trade = [self._cut.get(word, word) for word in left if self._of_trade(word)]
        own = [word for word in left if not self._of_trade(word)]
        if not own:
            own, trade = left, []
        joined = "".join(own)
        return CompanyName(joined, " ".join(sorted(trade)), place, joined)

    def _of_trade(self, word: str) -> bool:
        """A word of a trade, also cut short or with a slip of the pen."""
        return word in self._words or word in self._cut or (len(word) > 5 and any(part in self._cut for part in neighbours(word)))


def _beginnings(word: str) -> list[str]:
    return [word[:length] for length in range(4, len(word))]


def shortened(first: str, second: str) -> bool:
    """Whether the words of one trade are those of the other cut short, or some of them: `med surg` and `medical surgical`.

    >>> shortened("med tech", "medical technologies"), shortened("medical", "packaging")
    (True, False)
    """
    if HAN.search(first):
        return first in second or second in first
    fewer, more = sorted((first.split(), second.split()), key=len)
    return bool(fewer) and all(any(_cut(word, other) for other in more) for word in fewer)


def _cut(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    return long == short or (len(short) > 2 and long.startswith(short)) or (len(short) > 5 and short[:5] == long[:5])


def neighbours(own: str) -> Sequence[str]:
    """The text with one letter left out, each once: two texts one edit apart share one of these, or are one of the other's."""
    return sorted({own[:at] + own[at + 1 :] for at in range(len(own))})
