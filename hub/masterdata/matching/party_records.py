"""Party records read: names in both scripts taken apart, and numbers, telephone and address as one writes them to compare them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.masterdata.matching.blocking import Ints
from hub.masterdata.matching.columns import Column, once
from hub.masterdata.matching.company_names import NAMELESS, CompanyName, Trades
from hub.masterdata.matching.spelling import HAN, folded, folded_together, place, readings, sound, words
from hub.masterdata.matching.words import listed

_STREET = {
    "street": "st", "str": "st", "strasse": "st", "road": "rd", "avenue": "av", "ave": "av", "lane": "ln", "boulevard": "bd", "blvd": "bd",
    "drive": "dr", "building": "", "house": "", "haus": "", "floor": "", "suite": "", "unit": "",
}  # fmt: skip
_HAN_STREET = re.compile("([\u3400-\u9fff]{2,12}?)(?:[东西南北中]?(?:大道|大街|路|街|道|巷))(\\d+)号?")
_DISTRICT = re.compile("^.*(?:省|市|区|县|镇|开发区|自治州|旗)(?=[\u3400-\u9fff]{2})")
_HAN_CITY = re.compile("(?:^|省|自治区)([\u3400-\u9fff]{2,4}?)市")
_PINYIN_STREET = re.compile(
    r"(?:(?:\bno\.?\s*|(?<![\w-]))(?P<before>\d+)[a-z]?,?\s+)?\b(?P<name>[a-z]+(?: [a-z]+)?) "
    r"(?:(?:east|west|south|north|middle) )?(?:road|rd|street|avenue|lane)\b(?:,? (?P<behind>\d+))?"
)
_PROVINCES = frozenset(sound(name) for name in listed("places") if name not in ("北京", "天津", "上海", "重庆", "香港", "澳门"))
_DIGITS = re.compile(r"\d+")
_MARKS = re.compile(r"[\W_]+")


class Names:
    """The names of all records in one script, each distinct one once: `which` of them a record has."""

    def __init__(self, names: Sequence[CompanyName], han: bool) -> None:
        objects = {id(NAMELESS): NAMELESS} | {id(name): name for name in names}  # a name is taken apart once: no need to compare them
        self.distinct = list(objects.values())
        places = dict(zip(objects, range(len(objects)), strict=True))
        self.which: Ints = np.fromiter(map(places.__getitem__, map(id, names)), dtype=np.int64, count=len(names))
        self._parts = list(zip(*self.distinct, strict=True))
        self.owns = list(self._parts[CompanyName._fields.index("own")])
        self.own, self.trade = self._column("own"), self._column("trade")
        self.whole = self._column("whole")
        # A Latin name is read as it is written.
        self.sound, self.read = (self._column("sound"), self._column("read")) if han else (self.own, self.whole)
        self.apart = Column([f"{name.apart}-" if name.own else "" for name in self.distinct], self.which)
        self.form = self._column("form")

    def _column(self, part: str) -> Column:
        at = CompanyName._fields.index(part)
        return Column(self._parts[at], self.which)


class PartyRecords:
    """What all records say, column by column. `bodies` are canonical parties."""

    def __init__(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        self.count = len(bodies)
        stated = once(place, [body.get("city") for body in bodies])
        latin, han = [], []
        for body in bodies:
            zh = en = ""
            for member in ("name", "name_zh"):
                if name := body.get(member):
                    text = str(name)
                    if not text.isascii() and HAN.search(text):
                        zh = text
                    else:
                        en = en or text
            han.append(zh)
            latin.append(en)
        often = Counter(stated)
        trades = Trades((*han, *latin), {city for city, count in often.items() if city and count > 1})
        addresses = [str(body.get("address") or "") for body in bodies]
        plain = folded_together(set(addresses))
        addresses = list(map(plain.__getitem__, addresses))
        stated = [city or _city_of(address) for city, address in zip(stated, addresses, strict=True)]
        chinese = [trades.parted(name, city) for name, city in zip(han, stated, strict=True)]
        western = [trades.parted(name) for name in latin]
        self.names = Names(chinese, True), Names(western, False)
        self.meant = _translations(chinese, western)
        self.pinyin = self._spelled_out()
        both = list(zip(chinese, western, strict=True))
        self.name_place = Column([zh.place + zh.district if zh.district else "" for zh in chinese])
        self.name_city = Column([zh.place or en.place for zh, en in both])
        self.branch = Column([f"{zh.branch or en.branch}-" for zh, en in both])
        self.licence, self.gln = (Column(once(letters, [body.get(member) for body in bodies])) for member in ("licence", "gln"))
        self.tax = Column(once(_registered, [body.get("tax_number") for body in bodies]))
        self.phone = Column([_digits(body.get("phone"))[-8:] for body in bodies])
        self.line = Column([text[:-3] if len(text) > 6 else "" for text in self.phone.texts])
        streets = [address_of(text) if text else ("", "") for text in addresses]
        self.address = Column([f"{street} {number}".strip() for street, number in streets])
        self.street, self.house = Column([street for street, _ in streets]), Column([number for _, number in streets])
        self.city = Column(
            [
                sound(city) if city else "" if zh.branch or en.branch else _not_province(zh.place or en.place)
                for city, (zh, en) in zip(stated, both, strict=True)
            ]
        )
        self.postal, self.country = (Column(once(letters, [body.get(member) for body in bodies])) for member in ("postal_code", "country"))

    def _spelled_out(self) -> npt.NDArray[np.bool_]:
        """Records whose Latin name is Chinese in Latin letters."""
        han, latin = self.names
        known = readings(set(han.owns))
        spelled = {own: _spelled_out(own, known) for own in set(latin.owns)}
        return np.fromiter(map(spelled.__getitem__, latin.owns), dtype=bool, count=len(latin.owns))[latin.which]


def _spelled_out(own: str, known: set[str]) -> bool:
    """Whether a Latin name is made of two to four syllables of pinyin."""
    if own in known:
        return False
    ends = {0}
    for count in range(1, 5):
        ends = {start + size for start in ends for size in range(1, 7) if own[start : start + size] in known}
        if count > 1 and len(own) in ends:
            return True
    return False


def _not_province(name: str) -> str:
    return "" if name in _PROVINCES else name


def _translations(han: Sequence[CompanyName], latin: Sequence[CompanyName]) -> dict[str, set[str]]:
    """Latin words that stand for Chinese trades, learnt from parties whose names are known in both scripts."""
    together: dict[str, Counter[str]] = {}
    seen = Counter[str]()
    for zh, en in zip(han, latin, strict=True):
        if zh.trade and en.trade:
            seen[zh.trade] += 1
            together.setdefault(zh.trade, Counter()).update(set(en.trade.split()))
    return {
        trade: {word for word, count in counts.items() if count >= 2 and count >= 0.2 * seen[trade]} for trade, counts in together.items()
    }


def letters(value: str) -> str:
    """Letters and digits of a number, whatever stands between them."""
    plain = folded(value)
    return plain if plain.isalnum() else _MARKS.sub("", plain)


def _registered(value: str) -> str:
    """A tax number: of a Chinese unified social credit code (GB 32100) the fifteen characters that old and new numbers have in common,
    of a VAT number its digits, whether or not its country stands ahead."""
    text = letters(value)
    if len(text) == 18 and text[2:8].isdigit():
        return text[2:17]
    return text if len(text) == 15 and text[:6].isdigit() else _digits(text)


def _digits(value: Any) -> str:
    if not value:
        return ""
    text = str(value).replace("-", "").replace(" ", "")
    return text if text.isdecimal() else "".join(_DIGITS.findall(text))


def _city_of(plain: str) -> str:
    """The city that a Chinese address begins with."""
    found = _HAN_CITY.search(plain)
    return sound(found[1]) if found else ""


def address_of(plain: str) -> tuple[str, str]:
    """Street and house as both scripts say them: `江苏省苏州市吴中区星湖街218号` is `xinghu`, `218`, as is `No. 218 Xinghu Street`."""
    if not plain.isascii() and (han := _HAN_STREET.search(plain)) is not None:
        return sound(_DISTRICT.sub("", han[1])), han[2]
    if (english := _PINYIN_STREET.search(plain)) is not None:
        return english["name"].replace(" ", ""), english["before"] or english["behind"] or ""
    found = [_STREET.get(word, word) for word in words(plain.replace("strasse", "str"))]
    number = next((word for word in found if word.isdigit()), "")
    return " ".join(word for word in found if len(word) > 1 and not word[0].isdigit()), number
