"""What of a company's name is its own, and what it shares with its trade: `康瑞` and `医疗器械`, `tuttlinger` and `surgical instruments`.

Which words and endings are of the trade is learnt from all names at hand, beside a few that everybody knows. Two companies of one trade
have most letters in common and are two; what is their own decides, and what sets apart the members of a group: holding, sales company,
country, branch.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from hub.masterdata.matching.spelling import HAN, folded, place, sound, spelled_otherwise, words
from hub.masterdata.matching.words import listed

_LONGEST_ENDING = 6
_OF_TRADE = 0.05
"""What share of the names with an ending a longer one must have to be an ending, too."""
_BRACKETS = re.compile(r"[(\[〔【]([^()\[\]〔〕【】]*)[)\]〕】]")
_LABEL = re.compile("(?:新|旧|老|停用|作废|重复|old|new)$|^[*。.\\s]*$")
_FORM_HAN = re.compile(
    "(?:股份|骨份|股分|责任|有限)*(?:有限责任|有限任|有限责|有责任|限责任|有限|有.|.限|限|有)?(?:公.|.司)$|(?:有限合伙|工厂)$"
)
_PLAIN_FORM = re.compile("股份|有限责任|有限|责任")
_GROUP_HAN = re.compile("(?:集团|控股|投资)$")
_DISTRICT = re.compile("^([\u3400-\u9fff]{2,4}?)(?:高新区|新区|开发区|区|县|市)(?=[\u3400-\u9fff]{2})")
_FEN_GONGSI = re.compile(r"(?<![a-z])fen gongsi(?![a-z])")
_OFFICES = sorted(listed("offices_han"), key=lambda word: -len(word))
_OFFICE_HAN = re.compile(f"(?:{'|'.join(_OFFICES)})$")


@dataclass(frozen=True, slots=True)
class CompanyName:
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


class Trades:
    """Words of trades and places that names at hand have in common."""

    def __init__(self, names: Iterable[str], places: Iterable[str]) -> None:
        self._places = {name for name in (*places, *_provinces()) if len(name) > 1}
        read = {sound(name) for name in self._places}
        self._read = {respelled(name): name for name in read} | {name: name for name in read} | spelled_otherwise()
        """How each place may be written in Latin letters, and how it is read."""
        self._endings: set[str] = set(listed("trade_han"))
        self._words: set[str] = {*listed("trade"), *(word for word in listed("apart"))}
        self._nearly: dict[str, str] = {}
        self._cut: dict[str, str] = {}
        self._slips: dict[str, str] = {}
        self._trades: dict[str, bool] = {}
        endings, tokens = Counter[str](), Counter[str]()
        bare = {name for text in names for name in [self._bare(text)] if name}
        for name in bare:
            if HAN.search(name):
                endings.update(name[-length:] for length in range(2, min(_LONGEST_ENDING, len(name) - 1) + 1))
            else:
                tokens.update(set(name.split()))
        least = max(5, len(bare) // 500)
        for ending, count in sorted(endings.items(), key=lambda counted: (len(counted[0]), counted[0])):
            inner = next((ending[at:] for at in range(1, len(ending) - 1) if ending[at:] in self._endings), "")
            # `瑞医疗器械` ends many names of many companies, but few of those that end in `医疗器械`: 瑞 is their own.
            if count >= least and count >= _OF_TRADE * endings[inner]:
                self._endings.add(ending)
        self._words |= {word for word, count in tokens.items() if count >= least and len(word) > 1}
        self._nearly = {part: ending for ending in sorted(self._endings) if len(ending) > 3 for part in neighbours(ending)}
        self._cut = {part: word for word in sorted(self._words) if len(word) > 5 for part in (*neighbours(word), *_beginnings(word))}
        self._slips, self._trades = {}, {}  # what was looked at while nothing was learnt

    def _bare(self, text: str) -> str:
        if HAN.search(text):
            return "".join(self._han(folded(text), "")[:2])
        name = self._latin(folded(text))
        return " ".join((name.own, name.trade)) if name.own else name.trade

    def parted(self, text: str, city: str = "") -> CompanyName:
        """A name taken apart; `city` is where the party is said to be."""
        plain = folded(text)
        if not plain.strip():
            return CompanyName()
        if not HAN.search(plain):
            return self._latin(plain)
        own, trade, where, district, branch, apart = self._han(plain, city)
        return CompanyName(own, trade, sound(where), district, branch, apart, sound(own), own + trade, sound(own + trade))

    def _han(self, plain: str, city: str) -> tuple[str, str, str, str, str, str]:
        """Own, trade, place, district, branch and what sets apart."""
        where, spoken = "", []

        def bracket(found: re.Match[str]) -> str:
            nonlocal where
            inside = "".join(words(found[1]))
            if place(inside) in self._places:
                where = place(inside)
                return ""
            return "" if _LABEL.match(inside) or _PLAIN_FORM.fullmatch(inside) else inside

        rest = "".join(words(_BRACKETS.sub(bracket, plain)))
        branch = ""
        if (office := _OFFICE_HAN.search(rest)) is not None and office.start() > 4:
            left = rest[: office.start()]
            at = next((size for size in (4, 3, 2) if place(left[-size:]) in self._places and len(left) > size + 3), 0)
            inside = left.rfind("公司") + 2 if "公司" in left else 0
            if at or office[0] not in ("物流中心", "配送中心") or inside > 3:
                cut = len(left) - at if at else inside if inside > 3 and len(left) - inside <= 6 else len(left)
                branch, rest = f"{sound(place(left[cut:]))} {_kind(office[0])}", left[:cut]
        rest = _FORM_HAN.sub("", rest) or rest
        rest = _PLAIN_FORM.sub("", rest) if len(_PLAIN_FORM.sub("", rest)) > 1 else rest
        if (group := _GROUP_HAN.search(rest)) is not None and len(rest) > len(group[0]) + 1:
            spoken.append("group" if group[0] == "集团" else "holding")
            rest = rest[: group.start()]
        where, rest = self._place_ahead(rest, where, city)
        district = ""
        if (found := _DISTRICT.match(rest)) is not None:
            district, rest = found[1], rest[found.end() :]
        if not where:
            for at in (2, 3, 4):  # 康瑞苏州医疗器械
                inside_name = next((rest[at : at + size] for size in (3, 2) if rest[at : at + size] in self._places), "")
                if inside_name and len(rest) > at + len(inside_name):
                    where, rest = inside_name, rest[:at] + rest[at + len(inside_name) :].removeprefix("市").removeprefix("省")
                    break
                if inside_name and len(rest) == at + len(inside_name) and at > 2:
                    where, rest = inside_name, rest[:at]
                    break
        own, trade = self._ending(rest)
        return own, trade, where, district, branch, " ".join(spoken)

    def _place_ahead(self, rest: str, where: str, city: str) -> tuple[str, str]:
        """Provinces and cities before a name, also one that is written with the wrong character."""
        for _ in range(3):
            found = next((rest[:size] for size in (4, 3, 2) if rest[:size] in self._places and len(rest) - size >= 2), "")
            start = rest[: len(city)]
            if not found and city and len(rest) > len(city) + 1 and (sound(start) == sound(city) or sorted(start) == sorted(city)):
                found = start
            if not found:
                break
            where = found
            left = rest[len(found) :]
            rest = next((left[len(word) :] for word in ("省", "市", "自治区") if left.startswith(word) and len(left) > len(word) + 1), left)
        return where, rest

    def _ending(self, rest: str) -> tuple[str, str]:
        """What is its own, and its trade; an ending with one slip of the pen counts as the ending."""
        for length in range(min(_LONGEST_ENDING, len(rest) - 2), 1, -1):
            if rest[-length:] in self._endings:
                return self._more(rest[:-length], rest[-length:])
            if length > 3 and (word := self._slipped(rest[-length:])):
                return self._more(rest[:-length], word)
        return (rest, "")

    def _slipped(self, text: str) -> str:
        """The ending that a text is with one slip of the pen; nothing where it is none. Names end alike: each text is looked at once."""
        if text not in self._slips:
            near = (part for part in (text, *sorted(neighbours(text))) if part in self._nearly)
            self._slips[text] = self._nearly.get(next(near, ""), "")
        return self._slips[text]

    def _more(self, own: str, trade: str) -> tuple[str, str]:
        """`康瑞医疗` before `器械销售` ends in a trade too."""
        for length in range(min(4, len(own) - 2), 1, -1):
            if own[-length:] in self._endings:
                return own[:-length], own[-length:] + trade
        return own, trade

    def _latin(self, plain: str) -> CompanyName:
        where, last, branch = "", "", ""
        plain = _FEN_GONGSI.sub("fengongsi", plain)

        def bracket(found: re.Match[str]) -> str:
            nonlocal where
            inside = " ".join(words(found[1]))
            if inside.replace(" ", "") in self._read:
                where = self._read[inside.replace(" ", "")]
                return " "
            return " " if _LABEL.match(inside) else f" {inside} "

        found = [respelled(word) for word in words(_latin_forms().sub(" ", _BRACKETS.sub(bracket, plain)))]
        rest: list[str] = []
        at = 0
        while at < len(found):
            size = next((size for size in range(min(3, len(found) - at), 0, -1) if "".join(found[at : at + size]) in self._read), 0)
            if size and (len(found) > size):
                last = self._read["".join(found[at : at + size])]
                where = where or last
                at += size
                rest.append("@")
                continue
            rest.append(found[at])
            at += 1
        offices = [word for word in rest if word in _OFFICES_LATIN]
        if offices:
            branch = f"{last or where} {_kind(offices[0])}"  # `Longxin (Jinan) Co., Ltd. Shanghai Branch`
        rest = [word for word in rest if word not in _OFFICES_LATIN and word != "@" and word not in _FORMS] or found
        if len(rest) > 1 and len(rest[-1]) > 3 and not _NEARLY_FORM.isdisjoint((rest[-1], *neighbours(rest[-1]))):
            rest = rest[:-1]  # Coorp.
        apart = sorted({_apart(word) for word in rest} - {""})
        rest = [word for word in rest if not _apart(word)] or rest
        trade = [self._cut.get(word, word) if word not in self._words else word for word in rest if self._of_trade(word)]
        own = [word for word in rest if not self._of_trade(word)]
        if not own:
            own, trade = trade or rest, []
        joined = "".join(own)
        return CompanyName(
            joined, " ".join(sorted(trade)), where.replace(" ", ""), "", branch, " ".join(apart), joined, "".join(rest), "".join(rest),
            _legal_form(plain),
        )  # fmt: skip

    def _of_trade(self, word: str) -> bool:
        """A word of a trade, also cut short or with a slip of the pen."""
        if word not in self._trades:
            near = len(word) > 5 and not self._cut.keys().isdisjoint(neighbours(word))
            self._trades[word] = word in self._words or word in self._cut or near
        return self._trades[word]


def neighbours(own: str) -> set[str]:
    """The text with one letter left out: two texts one edit apart share one of these, or are one of the other's."""
    return {own[:at] + own[at + 1 :] for at in range(len(own))}


def _kind(office: str) -> str:
    """Where goods are kept, or where people sit."""
    return "store" if office in _STORES else "office"


_STORES = frozenset(listed("stores"))
_OFFICES_LATIN = frozenset(listed("offices"))
_APART = {word: chief for entry in listed("apart_as") for chief, _, all_ in [entry.partition("=")] for word in all_.split("|")}


_FORMS = frozenset(listed("forms"))
_NEARLY_FORM = frozenset(
    part for form in _FORMS if len(form) > 3 for part in (form, *(form[:at] + form[at + 1 :] for at in range(len(form))))
)


_NEARLY_APART = {
    part: chief for other, chief in reversed(_APART.items()) if len(other) > 4 for part in neighbours(other) if part != "service"
}


def _apart(word: str) -> str:
    """The chief of words that set members of a group apart, also of one with a letter left out; nothing for other words."""
    return _APART.get(word) or _NEARLY_APART.get(word, "")


@cache
def _provinces() -> tuple[str, ...]:
    return listed("places")


@cache
def _form_words() -> dict[str, str]:
    return {word: chief for entry in listed("forms_as") for chief, _, all_ in [entry.partition("=")] for word in all_.split("|")}


def _legal_form(plain: str) -> str:
    """The legal forms of a folded Latin name.

    >>> [_legal_form(name) for name in ("delta medical limited", "neumann gmbh & co. kg", "bos b.v.", "delta")]
    ['ltd', 'gmbh kg', 'bv', '']
    """
    joined = _latin_forms().sub(lambda long: f" {''.join(words(long[0]))} ", plain)
    known = _form_words()
    return " ".join(sorted({known[word] for word in words(joined) if word in known}))


@cache
def _latin_forms() -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{entry.replace('_', '[ .,]+')}\b\\.?" for entry in listed("long_forms")))


def respelled(word: str) -> str:
    """`mueller` is `muller`."""
    return word.replace("ue", "u").replace("oe", "o").replace("ae", "a") if len(word) > 4 else word


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
