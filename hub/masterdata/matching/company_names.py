"""What of a company's name is its own, and what it shares with its trade: `康瑞` and `医疗器械`, `tuttlinger` and `surgical instruments`.

Which words and endings are of the trade is learnt from all names at hand, beside a few that everybody knows. Two companies of one trade
have most letters in common and are two; what is their own decides, and what sets apart the members of a group: holding, sales company,
country, branch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import chain
from typing import NamedTuple

from hub.masterdata.matching import chinese_names, latin_names
from hub.masterdata.matching.chinese_names import misspelled
from hub.masterdata.matching.latin_names import Latin, neighbours, respelled
from hub.masterdata.matching.spelling import HAN, folded, folded_together, sound, spelled_otherwise
from hub.masterdata.matching.words import listed

_LONGEST_ENDING = 6
_OF_TRADE = 0.05
"""What share of the names with an ending a longer one must have to be an ending, too."""


class CompanyName(NamedTuple):
    """A name taken apart. `own` and `whole` have no blanks; `trade` is words with blanks, or Chinese characters."""

    own: str = ""
    trade: str = ""
    place: str = ""
    """City or province that the name says, as it is read."""
    district: str = ""
    branch: str = ""
    """Place of a branch, office or warehouse, which is a party of its own."""
    apart: str = ""
    """Words that set members of a group apart: `group`, `sales`, `deutschland`."""
    sound: str = ""
    """How `own` is read."""
    whole: str = ""
    """Own and trade together."""
    read: str = ""
    """How they are read together."""
    form: str = ""
    """Legal forms that a Latin name says, each by one word: `ltd` for Limited."""


NAMELESS = CompanyName()


class Trades:
    """Words of trades and places that names at hand have in common."""

    def __init__(self, names: Iterable[str], places: Iterable[str]) -> None:
        self._places = {name for name in (*places, *_provinces()) if len(name) > 1}
        read = {sound(name) for name in self._places}
        # How each place may be written in Latin letters, and how it is read.
        self._latin = Latin({respelled(name): name for name in read} | {name: name for name in read} | spelled_otherwise())
        self._endings: set[str] = set(listed("trade_han"))
        self._words: set[str] = {*listed("trade"), *(word for word in listed("apart"))}
        self._chinese: dict[str, chinese_names.Begun] = {}
        self._begun: dict[str, latin_names.Begun] = {}
        for text, plain in folded_together(dict.fromkeys(names)).items():
            if not plain.isascii() and HAN.search(plain):
                self._chinese[text] = chinese_names.begun(plain, "", self._places)
            elif plain.strip():
                self._begun[text] = self._latin.begun(plain)
        self._learn()
        self._nearly = {part: ending for ending in sorted(self._endings) if len(ending) > 3 for part in neighbours(ending)}
        self._cut = {part: word for word in sorted(self._words) if len(word) > 5 for part in (*neighbours(word), *_beginnings(word))}
        self._slips: dict[str, str] = {}
        self._trades: dict[str, str] = {}
        self._parted: dict[str, CompanyName] = {}

    def _learn(self) -> None:
        """Endings of Chinese names and Latin words that many names have in common."""
        endings, tokens = Counter[str](), Counter[str]()
        chinese = {name.rest for name in self._chinese.values() if name.rest}
        for length in range(2, _LONGEST_ENDING + 1):
            endings.update([name[-length:] for name in chinese if len(name) > length])
        latin = {self._listed(name.rest) for name in self._begun.values()} - {()}
        tokens.update(chain.from_iterable(latin))
        least = max(5, (len(chinese) + len(latin)) // 500)
        for ending, count in sorted(endings.items(), key=lambda counted: (len(counted[0]), counted[0])):
            if count >= least:
                inner = next((ending[at:] for at in range(1, len(ending) - 1) if ending[at:] in self._endings), "")
                # `瑞医疗器械` ends many names of many companies, but few of those that end in `医疗器械`: 瑞 is their own.
                if count >= _OF_TRADE * endings[inner]:
                    self._endings.add(ending)
        self._words |= {word for word, count in tokens.items() if count >= least and len(word) > 1}

    def _listed(self, rest: tuple[str, ...]) -> tuple[str, ...]:
        """The name's own words as one, and those of a trade that everybody knows."""
        own = "".join([word for word in rest if word not in self._words])
        return tuple(sorted({own, *[word for word in rest if word in self._words]} - {""}))

    def parted(self, text: str, city: str = "") -> CompanyName:
        """A name taken apart; `city` is where the party is said to be."""
        if not text:
            return NAMELESS
        found = self._parted.get(text)
        if found is None:
            found = self._parted[text] = self._fresh(text)
        if city and (begun := self._chinese.get(text)) and misspelled(begun.ahead, city):
            return self._ended(chinese_names.begun(folded(text), city, self._places))
        return found

    def _fresh(self, text: str) -> CompanyName:
        if (chinese := self._chinese.get(text)) is not None:
            return self._ended(chinese)
        if (latin := self._begun.get(text)) is not None:
            return self._split(latin)
        plain = folded(text)
        if not plain.strip():
            return NAMELESS
        if HAN.search(plain):
            chinese = self._chinese[text] = chinese_names.begun(plain, "", self._places)
            return self._ended(chinese)
        return self._split(self._latin.begun(plain))

    def _ended(self, name: chinese_names.Begun) -> CompanyName:
        own, trade = self._ending(name.rest)
        heard = sound(own)
        return CompanyName(
            own, trade, sound(name.place), name.district, name.branch, name.apart, heard, own + trade, heard + sound(trade)
        )  # fmt: skip

    def _ending(self, rest: str) -> tuple[str, str]:
        """What is its own, and its trade; an ending with one slip of the pen counts as the ending."""
        for length in range(min(_LONGEST_ENDING, len(rest) - 2), 1, -1):
            if rest[-length:] in self._endings:
                return self._more(rest[:-length], rest[-length:])
            # Before an ending that is spelled right the last letter is the company's own: `艾` of `伊思艾医疗器械`.
            if length > 3 and rest[1 - length :] not in self._endings and (word := self._slipped(rest[-length:])):
                return self._more(rest[:-length], word)
        return (rest, "")

    def _slipped(self, text: str) -> str:
        """The ending that a text is with one slip of the pen; nothing where it is none. Names end alike: each text is looked at once."""
        if text not in self._slips:
            near = [part for part in (text, *neighbours(text)) if part in self._nearly]
            self._slips[text] = self._nearly[text if text in self._nearly else min(near)] if near else ""
        return self._slips[text]

    def _more(self, own: str, trade: str) -> tuple[str, str]:
        """`康瑞医疗` before `器械销售` ends in a trade too."""
        for length in range(min(4, len(own) - 2), 1, -1):
            if own[-length:] in self._endings:
                return own[:-length], own[-length:] + trade
        return own, trade

    def _split(self, name: latin_names.Begun) -> CompanyName:
        """A Latin name's own words and those of its trade."""
        known = self._trades
        own, trade = [], []
        for word in name.rest:
            said = known.get(word)
            if said is None:
                said = known[word] = self._of_trade(word)
            if said:
                trade.append(said)
            else:
                own.append(word)
        if not own:
            own, trade = trade or list(name.rest), []
        joined, whole = "".join(own), "".join(name.rest)
        if len(trade) > 1:
            trade.sort()
        return CompanyName(joined, " ".join(trade), name.place, "", name.branch, name.apart, joined, whole, whole, name.form)

    def _of_trade(self, word: str) -> str:
        """The word of a trade that a word is, also cut short or with a slip of the pen; nothing for other words."""
        if word in self._words:
            return word
        near = word in self._cut or (len(word) > 5 and not self._cut.keys().isdisjoint(neighbours(word)))
        return self._cut.get(word, word) if near else ""


@cache
def _provinces() -> tuple[str, ...]:
    return listed("places")


def _beginnings(word: str) -> list[str]:
    return [word[:length] for length in range(4, len(word))]


def shortened(first: str, second: str) -> bool:
    """Whether the words of one trade are those of the other cut short, or some of them: `med surg` and `medical surgical`.

    >>> shortened("med tech", "medical technologies"), shortened("medical", "packaging")
    (True, False)
    """
    if HAN.search(first):
        short, long = sorted((first, second), key=len)
        letters = iter(long)
        return all(letter in letters for letter in short)
    fewer, more = sorted((first.split(), second.split()), key=len)
    return bool(fewer) and all(any(_cut(word, other) for other in more) for word in fewer)


def _cut(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    return long == short or (len(short) > 2 and long.startswith(short)) or (len(short) > 5 and short[:5] == long[:5])
