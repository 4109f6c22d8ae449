"""Parties compared: names in both scripts, tax number, GLN, address, place, postal code, country."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from hub.masterdata.matching.blocking import Keys, Pairs
from hub.masterdata.matching.columns import Bools, Column, leveled
from hub.masterdata.matching.company_names import CompanyName, Trades, neighbours, shortened
from hub.masterdata.matching.spelling import HAN, company, folded, place, sound, words
from hub.masterdata.matching.weights import FieldSpec, Levels

SPECS = (
    FieldSpec(
        "name",
        ("other", "alike", "near", "near_same_trade", "own_same_other_trade", "same_sound", "long_near_same_trade", "own_same", "same"),
        (0.02, 0.03, 0.02, 0.05, 0.04, 0.07, 0.08, 0.20, 0.49),
    ),
    FieldSpec("branch", ("other", "same"), (0.03, 0.97)),
    FieldSpec("licence", ("other", "same"), (0.08, 0.92)),
    FieldSpec("tax_number", ("other", "near", "same"), (0.03, 0.05, 0.92)),
    FieldSpec("gln", ("other", "same"), (0.08, 0.92)),
    FieldSpec("phone", ("other", "same"), (0.35, 0.65)),
    FieldSpec("address", ("other", "street_alike", "near", "same"), (0.10, 0.10, 0.25, 0.55)),
    FieldSpec("city", ("other", "same"), (0.06, 0.94)),
    FieldSpec("postal_code", ("other", "same"), (0.12, 0.88)),
    FieldSpec("country", ("other", "same"), (0.02, 0.98)),
)
_LONG = (4, 8)
"""Letters of a Chinese and of a Latin name from which on a slip of the pen is likelier than another company."""
_STREET = {"street": "st", "str": "st", "strasse": "st", "straße": "st", "road": "rd", "avenue": "ave", "lane": "ln", "boulevard": "blvd"}
_HAN_STREET = re.compile("([\u3400-\u9fff]{2,12}?)(?:[东西南北中]?(?:大道|大街|路|街|道|巷))(\\d+)号?")
_DISTRICT = re.compile("^.*(?:省|市|区|县|镇|开发区|自治州|旗)(?=[\u3400-\u9fff]{2})")
_PINYIN_STREET = re.compile(
    r"(?:no\.?\s*(?P<before>\d+),?\s+)?(?P<name>[a-z]+(?: [a-z]+)?) (?:(?:east|west|south|north|middle) )?(?:road|rd|street|avenue|lane)\b(?:,? (?P<behind>\d+))?"
)
_DIGITS = re.compile(r"\d+")


class Parties:
    """A set of party records ready to be compared. `bodies` are canonical parties; members that are missing say nothing."""

    specs = SPECS

    def __init__(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        self._count = len(bodies)
        cities = [place(str(body.get("city") or "")) for body in bodies]
        self._city = [sound(city) for city in cities]
        latin, han = [], []
        for body in bodies:
            names = [company(str(body[member])) for member in ("name", "name_zh") if body.get(member)]
            han.append(next((name for name in reversed(names) if HAN.search(name)), ""))
            latin.append(next((name for name in names if not HAN.search(name)), ""))
        trades = Trades((*han, *latin), set(cities))
        self._han, self._latin = [trades.parted(name) for name in han], [trades.parted(name) for name in latin]
        self._core = (Column(han), Column(latin))
        self._own = (Column([name.own for name in self._han]), Column([name.own for name in self._latin]))
        self._whole = tuple(Column([name.own + name.trade.replace(" ", "") for name in names]) for names in (self._han, self._latin))
        self._trade = (Column([name.trade for name in self._han]), Column([name.trade for name in self._latin]))
        self._sound = (Column([name.sound for name in self._han]), self._own[1])
        self._branch = Column([han.branch or latin.branch or "-" for han, latin in zip(self._han, self._latin, strict=True)])
        self._licence = Column([_letters(body.get("licence")) for body in bodies])
        self._tax = Column([_registered(body.get("tax_number")) for body in bodies])
        self._gln = Column([_letters(body.get("gln")) for body in bodies])
        self._phone = Column([_digits(body.get("phone"))[-8:] for body in bodies])
        self._address = Column([_address(str(body.get("address") or "")) for body in bodies])
        self._numbers = Column([" ".join(_DIGITS.findall(text)) for text in self._address.texts])
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
            for mark, name in (("h", self._han[record]), ("l", self._latin[record])):
                if name.own:
                    _name_keys(keys, record, mark, name)
            if tax := self._tax.texts[record]:
                for part in (tax[: len(tax) // 2], tax[len(tax) // 2 :]) if len(tax) > 8 else ():
                    keys.add(record, f"T:{part}:{self._city[record]}")
        return keys, self._city

    def plausible(self, pairs: Pairs) -> Bools:
        """Pairs that are worth a close look: a number in common, or names that are not far apart."""
        kept = (
            self._tax.equal(pairs)
            | self._gln.equal(pairs)
            | self._licence.equal(pairs)
            | self._phone.equal(pairs)
            | self._address.equal(pairs)
        )
        for own in self._own:
            kept |= own.equal(pairs)
            kept |= own.alike(pairs, own.both(pairs) & ~kept, fuzz.ratio) >= 0.6
        kept |= self._sounds_alike(pairs, np.ones(len(kept), dtype=bool))
        return kept

    def compare(self, pairs: Pairs) -> Levels:
        """The level of each field of each pair."""
        count = len(pairs[0])
        tax, both = self._tax, self._tax.both(pairs)
        edits = tax.distance(pairs, both & ~tax.equal(pairs), 2)
        address, here = self._address, self._address.both(pairs)
        close = address.alike(pairs, here & ~address.equal(pairs), fuzz.token_sort_ratio)
        numbers = self._numbers.equal(pairs) | ~self._numbers.both(pairs)
        fields = [
            self._names(pairs),
            _same(self._branch, pairs),
            _same(self._licence, pairs),
            leveled(count, (1, both), (2, both & (edits <= 2)), (3, tax.equal(pairs))),
            _same(self._gln, pairs),
            _same(self._phone, pairs),
            leveled(count, (1, here), (2, close >= 0.62), (3, (close >= 0.8) & numbers), (4, address.equal(pairs))),
            _same(self._place, pairs),
            _same(self._postal, pairs),
            _same(self._country, pairs),
        ]
        return np.stack(fields, axis=1)

    def rarity(self, pairs: Pairs, levels: Levels) -> npt.NDArray[np.float64]:
        """Bits that a name which agrees says more than the usual one, since few have it, or less, since many do."""
        bits = np.zeros(len(levels))
        for own in self._own:
            often = own.frequency()
            usual = float((often[often > 0]).mean()) if (often > 0).any() else 1.0
            agree = own.equal(pairs) & (levels[:, 0] >= 5)
            bits[agree] = np.clip(np.log2(usual / often[pairs[0][agree]]), -4, 2)
        return bits

    def _names(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        best = np.zeros(len(pairs[0]), dtype=np.int8)
        for script in (0, 1):
            best = np.maximum(best, self._one_script(pairs, script))
        sounds = self._sounds_alike(pairs, best < 5)
        cross = (best == 0) & ((self._sound[0].codes[pairs[0]] >= 0) | (self._sound[0].codes[pairs[1]] >= 0))
        best[cross] = 1
        best[sounds] = np.maximum(best[sounds], 6)
        return best

    def _one_script(self, pairs: Pairs, script: int) -> npt.NDArray[np.int8]:
        own, trade, core = self._own[script], self._trade[script], self._core[script]
        both, equal = own.both(pairs), own.equal(pairs)
        open_ = both & ~equal
        edits = own.distance(pairs, open_, 2)
        shares = own.alike(pairs, open_, fuzz.ratio)
        length = np.array([len(text) for text in own.texts])
        longer = np.maximum(length[pairs[0]], length[pairs[1]])
        near = open_ & ((edits <= 1) & (longer >= (3 if script == 0 else 5)) | (edits <= 2) & (longer >= (6 if script == 0 else 10)))
        whole = self._whole[script]
        slips = whole.distance(pairs, equal | open_ & ~near & (shares >= 0.5), 2)
        slip = (slips <= 1) & (longer >= (2 if script == 0 else 5)) | (slips <= 2) & (longer >= (5 if script == 0 else 9))
        one_trade = trade.equal(pairs) | ~trade.both(pairs) | equal & slip
        for at in np.flatnonzero((equal | near) & ~one_trade):
            one_trade[at] = shortened(trade.texts[pairs[0][at]], trade.texts[pairs[1][at]])
        return leveled(
            len(both),
            (1, both),
            (2, open_ & (shares >= 0.75)),
            (3, near),
            (4, near & one_trade | open_ & slip),
            (7, (near & one_trade | open_ & slip) & (longer >= _LONG[script])),
            (5, equal),
            (8, equal & one_trade),
            (9, core.equal(pairs)),
        )

    def _sounds_alike(self, pairs: Pairs, where: Bools) -> Bools:
        """Where a Chinese name is read as the Latin one is written."""
        found = np.zeros(len(where), dtype=bool)
        han, latin = self._sound
        for one, other in (pairs, pairs[::-1]):
            asked = np.flatnonzero(where & ~found & (han.codes[one] >= 0) & (latin.codes[other] >= 0))
            found[asked] = [
                len(read) > 3 and (read == written or (len(written) > 5 and (read.startswith(written) or written.startswith(read))))
                for read, written in zip(han.texts[one[asked]], latin.texts[other[asked]], strict=True)
            ]
        return found


def _name_keys(keys: Keys, record: int, mark: str, name: CompanyName) -> None:
    keys.add(record, f"{mark}:{name.own}")
    keys.add(record, f"{mark}:{name.own}:{name.trade}")
    shortest = 3 if mark == "h" else 5
    keys.add(record, f"{mark}:{name.own}:{name.trade[:2]}")
    whole = name.own + name.trade.replace(" ", "")
    if len(whole) >= 2 * shortest:
        middle = len(whole) // 2
        keys.add(record, f"{mark}<<{whole[:middle]}")
        keys.add(record, f"{mark}>>{whole[middle:]}")
    if len(name.own) >= shortest:
        for part in neighbours(name.own):
            keys.add(record, f"{mark}:{part}:{name.trade[:2]}" if len(part) < 4 and mark == "h" else f"{mark}:{part}")
    if len(name.own) >= 2 * shortest:
        middle = len(name.own) // 2
        keys.add(record, f"{mark}<{name.own[:middle]}")
        keys.add(record, f"{mark}>{name.own[middle:]}")
    if len(name.sound) > 3:
        keys.add(record, f"y:{name.sound}")


def _same(column: Column, pairs: Pairs) -> npt.NDArray[np.int8]:
    return leveled(len(pairs[0]), (1, column.both(pairs)), (2, column.equal(pairs)))


def _letters(value: Any) -> str:
    return "".join(letter for letter in folded(str(value)) if letter.isalnum()) if value else ""


def _registered(value: Any) -> str:
    """A tax number; of a Chinese unified social credit code (GB 32100) the fifteen characters that old and new numbers have in common."""
    text = _letters(value)
    return text[2:17] if len(text) == 18 and text[2:8].isdigit() else text


def _digits(value: Any) -> str:
    return "".join(_DIGITS.findall(str(value))) if value else ""


def _address(text: str) -> str:
    """Street and house as both scripts say them: `江苏省苏州市吴中区星湖街218号4幢` is `xinghu 218`, as is `No. 218 Xinghu Street, Wuzhong`."""
    plain = folded(text)
    if (han := _HAN_STREET.search(plain)) is not None:
        return f"{sound(_DISTRICT.sub('', han[1]))} {han[2]}"
    found = [_STREET.get(word, word) for word in words(plain)]
    if (english := _PINYIN_STREET.search(plain)) is not None:
        number = english["before"] or english["behind"] or ""
        return f"{english['name'].replace(' ', '')} {number}".strip()
    return " ".join(found)
