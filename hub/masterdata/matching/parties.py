"""Parties compared: names in both scripts, what sets members of a group apart, numbers, telephone, address and place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from hub.masterdata.matching.blocking import Keys, Pairs
from hub.masterdata.matching.columns import Bools, Column, leveled
from hub.masterdata.matching.company_names import CompanyName, Trades, shortened
from hub.masterdata.matching.latin_names import neighbours
from hub.masterdata.matching.spelling import HAN, folded, place, sound, syllables, words
from hub.masterdata.matching.weights import FieldSpec, Levels
from hub.masterdata.matching.words import listed

SPECS = (
    FieldSpec(
        "name",
        (
            "other",
            "alike",
            "holds",
            "near",
            "long_near",
            "sounds_otherwise",
            "unheard",
            "sounds_near",
            "sounds_same",
            "same_often",
            "same",
            "same_rare",
            "same_in_full",
        ),
    ),
    FieldSpec("alike_there", ("elsewhere", "at_one_place")),
    FieldSpec("trade", ("other", "left_out", "shortened", "same")),
    FieldSpec("form", ("other", "left_out", "same")),
    FieldSpec("name_place", ("other", "same")),
    FieldSpec("apart", ("other", "same")),
    FieldSpec("branch", ("other", "same")),
    FieldSpec("licence", ("other", "same"), identity=True),
    FieldSpec("tax_number", ("other", "near", "same"), identity=True),
    FieldSpec("gln", ("other", "same"), identity=True),
    FieldSpec("phone", ("other", "near", "same")),
    FieldSpec("address", ("other", "street_alike", "near", "same")),
    FieldSpec("city", ("other", "same")),
    FieldSpec("postal_code", ("other", "same")),
    FieldSpec("country", ("other", "same")),
)
_LONG = (4, 8)
"""Letters of a Chinese and of a Latin name from which on a slip of the pen is likelier than another company."""
_STREET = {
    "street": "st", "str": "st", "strasse": "st", "road": "rd", "avenue": "av", "ave": "av", "lane": "ln", "boulevard": "bd", "blvd": "bd",
    "drive": "dr", "building": "", "house": "", "haus": "", "floor": "", "suite": "", "unit": "",
}  # fmt: skip
_HAN_STREET = re.compile("([\u3400-\u9fff]{2,12}?)(?:[东西南北中]?(?:大道|大街|路|街|道|巷))(\\d+)号?")
_DISTRICT = re.compile("^.*(?:省|市|区|县|镇|开发区|自治州|旗)(?=[\u3400-\u9fff]{2})")
_HAN_CITY = re.compile("(?:^|省|自治区)([\u3400-\u9fff]{2,4}?)市")
_PINYIN_STREET = re.compile(
    r"(?:no\.?\s*(?P<before>\d+),?\s+)?(?P<name>[a-z]+(?: [a-z]+)?) "
    r"(?:(?:east|west|south|north|middle) )?(?:road|rd|street|avenue|lane)\b(?:,? (?P<behind>\d+))?"
)
_PROVINCES = frozenset(sound(name) for name in listed("places") if name not in ("北京", "天津", "上海", "重庆", "香港", "澳门"))
_DIGITS = re.compile(r"\d+")


class Parties:
    """A set of party records ready to be compared. `bodies` are canonical parties; members that are missing say nothing."""

    specs = SPECS
    learns = True

    def __init__(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        self._count = len(bodies)
        stated = [place(str(body.get("city") or "")) for body in bodies]
        latin, han = [], []
        for body in bodies:
            names = [str(body[member]) for member in ("name", "name_zh") if body.get(member)]
            han.append(next((name for name in reversed(names) if HAN.search(name)), ""))
            latin.append(next((name for name in names if not HAN.search(name)), ""))
        often = Counter(stated)
        trades = Trades((*han, *latin), {city for city, count in often.items() if city and count > 1})
        addresses = [folded(str(body.get("address") or "")) for body in bodies]
        stated = [city or _city_of(address) for city, address in zip(stated, addresses, strict=True)]
        self._han = [trades.parted(name, city) for name, city in zip(han, stated, strict=True)]
        self._latin = [trades.parted(name) for name in latin]
        self._city = [
            sound(city) or ("" if zh.branch or en.branch else _not_province(zh.place or en.place))
            for city, zh, en in zip(stated, self._han, self._latin, strict=True)
        ]
        self._meant = _translations(self._han, self._latin)
        both = list(zip(self._han, self._latin, strict=True))
        self._own = (Column([name.own for name in self._han]), Column([name.own for name in self._latin]))
        self._trade = (Column([name.trade for name in self._han]), Column([name.trade for name in self._latin]))
        self._sound = (Column([name.sound for name in self._han]), self._own[1])
        self._whole = (Column([name.whole for name in self._han]), Column([name.whole for name in self._latin]))
        self._read = (Column([name.read for name in self._han]), self._whole[1])
        self._syllables = {syllable for name in self._han for syllable in syllables(name.own)}
        self._pinyin = np.array([_spelled_out(name.own, self._syllables) for name in self._latin], dtype=bool)
        self._name_place = Column([zh.place + zh.district if zh.district else "" for zh, _ in both])
        self._name_city = Column([zh.place or en.place for zh, en in both])
        self._apart = tuple(Column([f"{name.apart}-" if name.own else "" for name in names]) for names in (self._han, self._latin))
        self._form = Column([name.form for name in self._latin])
        self._branch = Column([f"{zh.branch or en.branch}-" for zh, en in both])
        self._licence = Column([_letters(body.get("licence")) for body in bodies])
        self._tax = Column([_registered(body.get("tax_number")) for body in bodies])
        self._gln = Column([_letters(body.get("gln")) for body in bodies])
        self._phone = Column([_digits(body.get("phone"))[-8:] for body in bodies])
        self._line = Column([text[:-3] if len(text) > 6 else "" for text in self._phone.texts])
        streets = [_address(text) for text in addresses]
        self._address = Column([f"{street} {number}".strip() for street, number in streets])
        self._street, self._house = Column([street for street, _ in streets]), Column([number for _, number in streets])
        self._place = Column(self._city)
        self._postal = Column([_letters(body.get("postal_code")) for body in bodies])
        self._country = Column([_letters(body.get("country")) for body in bodies])

    def keys(self) -> tuple[Keys, Sequence[str]]:
        """Keys of all records, and what cuts their wide blocks: the place."""
        keys = Keys()
        for record in range(self._count):
            for mark, column in (("t", self._tax), ("g", self._gln), ("L", self._licence), ("p", self._phone), ("a", self._address)):
                if text := column.texts[record]:
                    keys.add(record, f"{mark}:{text}")
            city = self._city[record]
            for mark, name in (("h", self._han[record]), ("l", self._latin[record])):
                if name.own:
                    _name_keys(keys, record, mark, name, city)
            if tax := self._tax.texts[record]:
                for part in (tax[: len(tax) // 2], tax[len(tax) // 2 :]) if len(tax) > 8 else ():
                    keys.add(record, f"T:{part}:{city}")
                if len(tax) > 12:
                    keys.add(record, f"T:{tax[6:]}")
            if line := self._line.texts[record]:
                keys.add(record, f"P:{line}:{city}")
        return keys, self._city

    def plausible(self, pairs: Pairs) -> tuple[Bools, Bools]:
        """Pairs that are worth a close look: a number in common, or names that are not far apart; and those without the numbers."""
        kept = (
            self._tax.equal(pairs)
            | self._gln.equal(pairs)
            | self._licence.equal(pairs)
            | self._phone.equal(pairs)
            | self._address.equal(pairs)
        )
        soft = self._phone.equal(pairs) | self._address.equal(pairs)
        for own in self._own:
            soft |= own.equal(pairs)
            soft |= own.alike(pairs, own.both(pairs) & ~soft, fuzz.ratio) >= 0.6
        for whole in self._whole:
            soft |= whole.alike(pairs, whole.both(pairs) & ~soft, fuzz.ratio) >= 0.8
        soft |= self._sounds(pairs, ~soft) > 0
        return kept | soft, soft

    def compare(self, pairs: Pairs) -> Levels:
        """The level of each field of each pair."""
        count = len(pairs[0])
        tax, both = self._tax, self._tax.both(pairs)
        edits = tax.distance(pairs, both & ~tax.equal(pairs), 2)
        here = self._address.both(pairs)
        streets, houses = self._street.equal(pairs), self._house.equal(pairs) | ~self._house.both(pairs)
        close = self._street.alike(pairs, here & ~streets, fuzz.token_sort_ratio)
        name, trade = self._names(pairs)
        places = leveled(count, (1, self._name_place.both(pairs)), (2, self._name_place.equal(pairs)))
        places = leveled(count, (1, self._name_city.both(pairs)), (2, self._name_city.equal(pairs)), (1, places == 1))
        here_too = self._place.equal(pairs) | ((places == 2) & ~self._place.both(pairs))
        name[(name == 12) & (trade == 4) & here_too & (places != 1)] = 13
        phone = leveled(count, (1, self._phone.both(pairs)), (2, self._line.equal(pairs)), (3, self._phone.equal(pairs)))
        at = leveled(
            count, (1, here), (2, (streets | (close >= 0.8)) & here), (3, here & (close >= 0.8) & houses), (4, here & streets & houses)
        )
        alike = (name >= 2) & (name <= 8) & (name != 6) & (trade != 1)
        one_place = (at >= 3) | (phone == 3)
        branch = leveled(count, (1, self._branch.both(pairs)), (2, self._branch.equal(pairs)))
        number = leveled(count, (1, both), (2, both & (edits <= 2)), (3, tax.equal(pairs)))
        number[(number == 3) & (branch == 1)] = 0  # a warehouse has its company's
        fields = [
            name,
            leveled(count, (1, alike), (2, alike & one_place)),
            trade,
            leveled(
                count,
                (2, (self._form.codes[pairs[0]] >= 0) ^ (self._form.codes[pairs[1]] >= 0)),
                (1, self._form.both(pairs)),
                (3, self._form.equal(pairs)),
                (0, ~self._own[1].both(pairs)),
            ),
            places,
            self._members(pairs),
            branch,
            _same(self._licence, pairs),
            number,
            _same(self._gln, pairs),
            phone,
            at,
            _same(self._place, pairs),
            _same(self._postal, pairs),
            _same(self._country, pairs),
        ]
        return np.stack(fields, axis=1)

    def _members(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        """Whether both names say the same of what sets members of a group apart; of names in two scripts, each in its own."""
        han, latin = self._apart
        found: npt.NDArray[np.int8] = np.where(han.both(pairs), _same(han, pairs), _same(latin, pairs)).astype(np.int8)
        for at in np.flatnonzero(found == 0):
            one, other = (han.texts[side[at]] or latin.texts[side[at]] for side in pairs)
            told = {word for word in ("group", "holding") if (word in one) != (word in other)}
            if told:
                found[at] = 1
        return found

    def _names(self, pairs: Pairs) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
        han, trade_han = self._one_script(pairs, 0)
        latin, trade_latin = self._one_script(pairs, 1)
        names, trades = np.where(han > 0, han, latin), np.where(han > 0, trade_han, trade_latin)
        # A pinyin name and an English one of the same party have little in common; its Chinese name may stand beside one of them.
        better = (han == 0) | (latin >= 10) & ((han == 2) | (han == 3))
        names, trades = np.where(better, latin, names), np.where(better, trade_latin, trades)
        sounds = self._sounds(pairs, names < 5)
        cross = (names == 0) & ((self._sound[0].codes[pairs[0]] >= 0) | (self._sound[0].codes[pairs[1]] >= 0))
        names[cross] = 7
        names[cross & (self._pinyin[pairs[0]] | self._pinyin[pairs[1]])] = 6
        names[(sounds == 1) & ((names < 4) | cross)] = 8
        names[(sounds == 2) & ((names < 5) | cross)] = 9
        trades[cross] = self._translated(pairs, np.flatnonzero(cross))
        return names.astype(np.int8), trades.astype(np.int8)

    def _one_script(self, pairs: Pairs, script: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
        own, trade, whole = self._own[script], self._trade[script], self._whole[script]
        both, equal = own.both(pairs), own.equal(pairs)
        open_ = both & ~equal
        edits = own.distance(pairs, open_, 2)
        shares = own.alike(pairs, open_, fuzz.ratio)
        length = np.array([len(text) for text in own.texts], dtype=np.int64)
        longer, shorter = np.maximum(length[pairs[0]], length[pairs[1]]), np.minimum(length[pairs[0]], length[pairs[1]])
        near = open_ & ((edits <= 1) & (longer >= (2 if script == 0 else 4)) | (edits <= 2) & (longer >= (5 if script == 0 else 9)))
        long = near & (longer >= _LONG[script])
        whole_edits = whole.distance(pairs, open_ & ~near & (shares >= 0.3), 2)
        lengths = np.array([len(text) for text in whole.texts], dtype=np.int64)
        long_whole = np.maximum(lengths[pairs[0]], lengths[pairs[1]])
        one_slip, two_slips = (4, 7) if script == 0 else (8, 14)
        slip = open_ & ~near & ((whole_edits <= 1) & (long_whole >= one_slip) | (whole_edits <= 2) & (long_whole >= two_slips))
        holds = np.zeros(len(both), dtype=bool)
        ask = np.flatnonzero(open_ & ~near & (shorter >= (2 if script == 0 else 4)))
        first, second = own.texts[pairs[0][ask]], own.texts[pairs[1][ask]]
        holds[ask] = [_holds(one, other) for one, other in zip(first, second, strict=True)]
        often = own.frequency()[pairs[0]]
        names = leveled(
            len(both), (1, both), (2, open_ & (shares >= 0.7)), (3, holds), (4, near | slip), (5, long), (10, equal),
            (11, equal & (often <= 40)), (12, equal & (often <= 6)),
        )  # fmt: skip
        stated, same = trade.both(pairs), trade.equal(pairs)
        one_empty = both & ((trade.codes[pairs[0]] >= 0) != (trade.codes[pairs[1]] >= 0))
        neither = both & (trade.codes[pairs[0]] < 0) & (trade.codes[pairs[1]] < 0)
        cut = np.zeros(len(both), dtype=bool)
        close = trade.distance(pairs, stated & ~same & (names >= 2), 1) <= 1
        ask = np.flatnonzero(stated & ~same & (names >= 2))
        cut[ask] = [shortened(one, other) for one, other in zip(trade.texts[pairs[0][ask]], trade.texts[pairs[1][ask]], strict=True)]
        trades = leveled(len(both), (1, stated), (2, one_empty), (3, stated & (cut | close)), (4, same | slip | neither))
        return names, trades

    def _translated(self, pairs: Pairs, at: npt.NDArray[np.int64]) -> list[int]:
        """Levels of the trades of pairs that have no script in common: 4 where the words of one stand for the other's, 1 where not."""
        han, latin = self._trade
        found = []
        for one, other in zip(pairs[0][at], pairs[1][at], strict=True):
            zh, en = (one, other) if self._own[0].codes[one] >= 0 else (other, one)
            meant, said = self._meant.get(han.texts[zh]), latin.texts[en].split()
            found.append(0 if not meant or not said else 4 if 2 * sum(word in meant for word in said) > len(said) else 1)
        return found

    def _sounds(self, pairs: Pairs, where: Bools) -> npt.NDArray[np.int8]:
        """Where a Chinese name is read as the Latin one is written: 2, nearly 1."""
        found = np.zeros(len(where), dtype=np.int8)
        han, latin = self._sound
        for one, other in (pairs, pairs[::-1]):
            asked = np.flatnonzero(where & (found < 2) & (han.codes[one] >= 0) & (latin.codes[other] >= 0))
            whole, written = self._read[0].texts[one[asked]], self._read[1].texts[other[asked]]
            found[asked] = [
                max(before, _heard(read, said), 2 * (len(all_) > 6 and all_ == all_said))
                for before, read, said, all_, all_said in zip(
                    found[asked], han.texts[one[asked]], latin.texts[other[asked]], whole, written, strict=True
                )
            ]
        return found


def _holds(one: str, other: str) -> bool:
    """Whether one name is part of the other; of Chinese ones also with characters left out between (`一院`, `第一人民医院`)."""
    if one in other or other in one:
        return True
    return bool(HAN.search(one)) and shortened(one, other)


def _spelled_out(own: str, known: set[str]) -> bool:
    """Whether a Latin name is made of two to four syllables of pinyin."""
    ends = {0: 0}
    for start in range(len(own)):
        if start in ends and ends[start] < 4:
            for size in range(1, 7):
                if own[start : start + size] in known:
                    ends[start + size] = min(ends.get(start + size, 9), ends[start] + 1)
    return 2 <= ends.get(len(own), 0) <= 4


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


def _heard(read: str, written: str) -> int:
    if len(read) < 4 or len(written) < 4:
        return 0
    if read == written:
        return 2
    if len(read) > 5 and Levenshtein.distance(read, written, score_cutoff=1) <= 1:
        return 1
    return int((len(read) > 5 and (written.startswith(read) or read in written)) or (len(written) > 5 and read.startswith(written)))


def _name_keys(keys: Keys, record: int, mark: str, name: CompanyName, city: str) -> None:
    keys.add(record, f"{mark}:{name.own}")
    keys.add(record, f"{mark}:{name.own}:{name.trade}")
    shortest = 3 if mark == "h" else 5
    keys.add(record, f"{mark}:{name.own}:{name.trade[:2]}")
    whole = name.own + name.trade.replace(" ", "")
    if len(whole) >= 2 * shortest:
        middle = len(whole) // 2
        keys.add(record, f"{mark}<<{whole[:middle]}")
        keys.add(record, f"{mark}>>{whole[middle:]}")
    if city:
        start = 2 if mark == "h" else 4
        keys.add(record, f"{mark}^{name.own[:start]}:{city}")
        keys.add(record, f"{mark}${name.own[-start:]}:{city}")
        keys.add(record, f"{mark}~{name.own[:1]}{name.own[2:3]}:{name.trade}:{city}")
    if len(name.own) >= shortest:
        for part in neighbours(name.own):
            keys.add(record, f"{mark}:{part}:{name.trade[:2]}" if len(part) < 4 and mark == "h" else f"{mark}:{part}")
    if len(name.own) >= 2 * shortest:
        middle = len(name.own) // 2
        keys.add(record, f"{mark}<{name.own[:middle]}")
        keys.add(record, f"{mark}>{name.own[middle:]}")
    if len(name.sound) > 3:
        keys.add(record, f"y:{name.sound}")
        keys.add(record, f"Y:{name.sound[:5]}:{city}")
        keys.add(record, f"w:{name.read}")


def _same(column: Column, pairs: Pairs) -> npt.NDArray[np.int8]:
    return leveled(len(pairs[0]), (1, column.both(pairs)), (2, column.equal(pairs)))


def _letters(value: Any) -> str:
    return "".join(letter for letter in folded(str(value)) if letter.isalnum()) if value else ""


def _registered(value: Any) -> str:
    """A tax number: of a Chinese unified social credit code (GB 32100) the fifteen characters that old and new numbers have in common,
    of a VAT number its digits, whether or not its country stands ahead."""
    text = _letters(value)
    if len(text) == 18 and text[2:8].isdigit():
        return text[2:17]
    return text if len(text) == 15 and text[:6].isdigit() else _digits(text)


def _digits(value: Any) -> str:
    return "".join(_DIGITS.findall(str(value))) if value else ""


def _city_of(plain: str) -> str:
    """The city that a Chinese address begins with."""
    found = _HAN_CITY.search(plain)
    return sound(found[1]) if found else ""


def _address(plain: str) -> tuple[str, str]:
    """Street and house as both scripts say them: `江苏省苏州市吴中区星湖街218号` is `xinghu`, `218`, as is `No. 218 Xinghu Street`."""
    if (han := _HAN_STREET.search(plain)) is not None:
        return sound(_DISTRICT.sub("", han[1])), han[2]
    if (english := _PINYIN_STREET.search(plain)) is not None:
        return english["name"].replace(" ", ""), english["before"] or english["behind"] or ""
    found = [_STREET.get(word, word) for word in words(plain.replace("straße", "str").replace("strasse", "str").replace("ß", "ss"))]
    number = next((word for word in found if word.isdigit()), "")
    return " ".join(word for word in found if len(word) > 1 and not word[0].isdigit()), number
