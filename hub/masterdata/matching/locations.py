"""Locations compared: plants, warehouses and places in them, by name, address and place.

What stands at one address is seldom one thing (a raw and a cold store), and what has one name stands in many towns (`Main warehouse`): so a
pair must say something on both. Names are compared in each script by itself, with words for kinds of stores in one form; numbers in them
(`Warehouse 2`, `A-01`) never differ between records of one place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rapidfuzz import fuzz

from hub.masterdata.matching.blocking import Bools, Ints, Keys, Pairs, hashed
from hub.masterdata.matching.columns import Column, leveled, once
from hub.masterdata.matching.party_records import address_of, letters
from hub.masterdata.matching.spelling import HAN, folded, place, sound
from hub.masterdata.matching.weights import FEW, FieldSpec, Levels

SPECS = (
    FieldSpec("name", ("other", "alike", "near", "same")),
    FieldSpec("among_few", ("other", "same")),
    FieldSpec("numbers", ("other", "one_is_silent", "same")),
    FieldSpec("level", ("other", "same")),
    FieldSpec("gln", ("other", "same"), identity=True),
    FieldSpec("address", ("other", "street_alike", "same")),
    FieldSpec("city", ("other", "same")),
    FieldSpec("postal_code", ("other", "same")),
    FieldSpec("country", ("other", "same")),
)
_KINDS = {
    "wh": "warehouse", "whse": "warehouse", "whs": "warehouse", "store": "warehouse", "storehouse": "warehouse", "lager": "warehouse",
    "magazin": "warehouse", "depot": "warehouse", "werk": "plant", "factory": "plant", "mfg": "plant", "dc": "distribution centre",
    "center": "centre", "rm": "room", "rack": "shelf", "bldg": "building",
}  # fmt: skip
_HAN_KINDS = ((re.compile("(?:仓库|库房|仓储|仓)"), "库"), (re.compile("(?:工厂|制造厂)"), "厂"), (re.compile("(?:货架|货位)"), "架"))
_SAINT_OR_STREET = re.compile(r"\bst\b\.?(?!\s*[a-z])|\bstr\b\.?")
"""`St.` behind a name, not before one."""
_WORD = re.compile(r"[a-z]+|\d+")
_DIGIT = re.compile(r"\d+")
_ALIKE, _NEAR = 0.7, 0.88
"""Likeness of names, 0 to 1, from which on they are told alike, and near."""


class Locations:
    """A set of location records ready to be compared. `bodies` are canonical locations; members that are missing say nothing."""

    specs = SPECS
    learns = False

    def __init__(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        self._count = len(bodies)
        han, latin = [], []
        for body in bodies:
            texts = [str(body[member]) for member in ("name", "name_zh") if isinstance(body.get(member), str)]
            han.append(next((_han(text) for text in texts if HAN.search(text)), ""))
            latin.append(next((_latin(text) for text in texts if not HAN.search(text)), ""))
        self._han, self._latin = Column(han), Column(latin)
        self._numbers = Column([_numbers(one or other) for one, other in zip(latin, han, strict=True)])
        streets = [address_of(_SAINT_OR_STREET.sub("street", folded(str(body.get("address") or "")))) for body in bodies]
        self._street = Column([street for street, _ in streets])
        self._address = Column([f"{street} {house}".strip() if house else "" for street, house in streets])
        self._city = Column([sound(place(str(body["city"]))) if body.get("city") else "" for body in bodies])
        self._gln, self._postal, self._country, self._level = (
            Column(once(letters, [body.get(member) for body in bodies])) for member in ("gln", "postal_code", "country", "level")
        )

    def keys(self) -> tuple[Keys, Ints]:
        """Keys of all records, and what cuts their wide blocks: the town."""
        keys, every = Keys(), np.arange(self._count)
        if self._count <= FEW:  # all with all; of more, those that share a word, a street, a town or a number
            for start in range(0, self._count, 25):  # blocks of fifty, of which each pair shares one
                for other in range(start, self._count, 25):
                    some = np.array(sorted({*range(start, min(start + 25, self._count)), *range(other, min(other + 25, self._count))}))
                    keys.add(some, np.ones(len(some), dtype=np.int64))
            return keys, self._city.key
        for column in (self._gln, self._address, self._street, self._city, self._han, self._latin):
            keys.add(every, column.key, self._level.key)
        for texts in (self._han.texts, self._latin.texts):
            words = [(at, word) for at, text in enumerate(texts) for word in text.split() if len(word) > 1]
            keys.add(np.array([at for at, _ in words], dtype=np.int64), hashed([word for _, word in words]))
        return keys, self._city.key

    def plausible(self, pairs: Pairs) -> tuple[Bools, Bools]:
        """Pairs of one level that contradict each other in no GLN, town, country or number of the place."""
        kept = self._gln.equal(pairs)
        against = np.zeros(len(pairs[0]), dtype=bool)
        for column in (self._gln, self._city, self._country, self._numbers, self._level):
            against |= column.both(pairs) & ~column.equal(pairs)
        return kept | ~against, ~against

    def compare(self, pairs: Pairs) -> Levels:
        """The level of each field of each pair."""
        count = len(pairs[0])
        scripts = self._han, self._latin
        likeness = np.maximum(*(names.alike(pairs, names.both(pairs), fuzz.token_sort_ratio, _ALIKE) for names in scripts))
        both = self._han.both(pairs) | self._latin.both(pairs)
        equal = self._han.equal(pairs) | self._latin.equal(pairs)
        one_has = (self._numbers.codes[pairs[0]] >= 0) != (self._numbers.codes[pairs[1]] >= 0)
        numbers = leveled(count, (1, self._numbers.both(pairs)), (2, one_has), (3, self._numbers.equal(pairs)))
        address = leveled(count, (1, self._street.both(pairs)), (2, self._street.equal(pairs)), (3, self._address.equal(pairs)))
        name = leveled(count, (1, both), (2, both & (likeness >= _ALIKE)), (3, both & (likeness >= _NEAR)), (4, equal))
        few = leveled(count, (2, equal & (self._count <= FEW)))
        rest = [column.agreement(pairs) for column in (self._city, self._postal, self._country)]
        return np.stack([name, few, numbers, self._level.agreement(pairs), self._gln.agreement(pairs), address, *rest], axis=1)


def _latin(name: str) -> str:
    """Its words in one form, in order of the alphabet."""
    return " ".join(sorted({str(int(word)) if word.isdigit() else _KINDS.get(word, word) for word in _WORD.findall(folded(name))}))


def _han(name: str) -> str:
    """Its characters with kinds of stores in one form."""
    text = "".join(folded(name).split())
    for pattern, one in _HAN_KINDS:
        text = pattern.sub(one, text)
    return text


def _numbers(name: str) -> str:
    return " ".join(sorted(str(int(number)) for number in _DIGIT.findall(name)))
