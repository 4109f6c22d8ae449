"""Names of parties as pieces (place, brand, trade, legal form, branch), and how the pieces are put together in each language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from random import Random

from benchmarks.masterdata.vocabulary import (
    City,
    Town,
    Weighted,
    Word,
    brand_characters,
    load,
    slashed,
    spaced,
    weighted_list,
    weighted_words,
)

NOTHING = Word("", "", "")
NARROW, WIDE = "()", "\uff08\uff09"
"""Brackets: of an English keyboard, and those of registered Chinese names."""
LIMITED = Word("有限公司", "Youxian Gongsi", "Co., Ltd.")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in pieces; `order` says where the place stands: front, brackets, behind (in brackets), plain (behind without)."""

    place: Word
    brand: Word
    trade: Word
    form: Word = NOTHING
    branch: Word = NOTHING
    order: str = "front"

    def zh(self, brackets: str = WIDE) -> str:
        """In Chinese; `brackets` are those around the place, none if empty."""
        opened, closed = brackets[:1], brackets[1:]
        if self.order == "brackets" and self.place.zh:
            name = f"{self.brand.zh}{opened}{self.place.zh}{closed}{self.trade.zh}{self.form.zh}"
        elif self.order == "behind" and self.place.zh:
            name = f"{self.brand.zh}{self.trade.zh}{opened}{self.place.zh}{closed}{self.form.zh}"
        else:
            name = f"{self.place.zh}{self.brand.zh}{self.trade.zh}{self.form.zh}"
        return name + self.branch.zh

    def en(self, brackets: str = NARROW) -> str:
        """In English, or in the only language of a Western name."""
        opened, closed = brackets[:1], brackets[1:]
        place = self.place.en
        if self.order == "front" or not place:
            words = (place, self.brand.en, self.trade.en)
        elif self.order == "brackets":
            words = (self.brand.en, f"{opened}{place}{closed}", self.trade.en)
        elif self.order == "plain":
            words = (self.brand.en, self.trade.en, place)
        else:
            words = (self.brand.en, self.trade.en, f"{opened}{place}{closed}")
        return " ".join(word for word in (*words, self.form.en, self.branch.en) if word)

    def pinyin(self) -> str:
        """As the Chinese name sounds."""
        words = (self.place.pinyin, self.brand.pinyin, self.trade.pinyin, self.form.pinyin, self.branch.pinyin)
        return " ".join(word for word in words if word)


@cache
def _group(key: str) -> Weighted[Word]:
    return weighted_words(load("party_words")[key])


@cache
def _western(key: str, language: str) -> Weighted[str]:
    return weighted_list(load("party_words")[key][language])


@cache
def _texts(key: str, language: str) -> tuple[str, ...]:
    return tuple(spaced(word) for word in load("party_words")[key][language].split())


@cache
def _words(key: str) -> tuple[str, ...]:
    return tuple(load("party_words")[key].split())


@cache
def language(country: str) -> str:
    """The language whose words a country's parties use."""
    spoken: dict[str, str] = dict(pair.split(":") for pair in load("party_words")["languages"].split())
    return spoken[country]


def brand(random: Random) -> Word:
    """A Chinese brand: mostly two characters, some three that spell a foreign sound, a few four."""
    common, sounds = brand_characters()
    draw = random.random()
    if draw < 0.16:
        pairs = [random.choice(sounds) for _ in range(3)]
    else:
        pairs = [common.draw(random) for _ in range(2 if draw < 0.93 else 3 if draw < 0.98 else 4)]
    zh = "".join(character for character, _ in pairs)
    pinyin = "".join(sound for _, sound in pairs).capitalize()
    # Makers that sell abroad have an English brand that only begins as the Chinese one sounds.
    english = pinyin[:3] + random.choice(("med", "tech", "cor", "care", "bio")) if random.random() < 0.06 else pinyin
    return Word(zh, pinyin, english.capitalize())


def trade(random: Random, what: str) -> Word:
    """What a Chinese company does: a key of the vocabulary (trades, supplies, dealers, movers)."""
    return _group(what).draw(random)


def company(random: Random, city: City, what: str) -> Name:
    """A name for a company in that city."""
    here = Word(city.zh, city.pinyin, city.pinyin)
    draw = random.random()
    order = "front"
    if draw < 0.08:
        here = here._replace(zh=here.zh + "市")
    elif draw < 0.2:
        here = Word(city.province.zh, city.province.pinyin, city.province.pinyin)
    elif draw < 0.27:
        order = "brackets"
    elif draw < 0.29:
        order = "behind"
    elif draw < 0.32:
        here = NOTHING
    return Name(here, brand(random), trade(random, what), _group("forms").draw(random), order=order)


def hospital(random: Random, city: City) -> Name:
    """A name for a clinic, a health station or a private hospital."""
    draw = random.random()
    here = Word(f"{city.zh}市", f"{city.pinyin} Shi", city.pinyin)
    if draw < 0.1:
        return Name(here, NOTHING, _group("city_hospitals").draw(random))
    if draw < 0.14:
        return Name(Word(city.zh, city.pinyin, city.pinyin), NOTHING, random.choice(slashed("party_words", "universities")))
    district = random.choice(city.districts)
    there = Word(district.zh, district.pinyin, f"{city.pinyin} {district.en}")
    if district.zh[-1] == "区" or random.random() < 0.4:
        there = Word(f"{here.zh}{district.zh}", f"{here.pinyin} {district.pinyin}", there.en)
    if draw < 0.3:
        return Name(there, NOTHING, _group("district_hospitals").draw(random))
    if draw < 0.55:
        road = random.choice(slashed("places", "roads"))
        town = Word(road.zh[:-1] + "街道", f"{road.pinyin} Jiedao", road.en)
        if road.zh.endswith("大道"):
            town = Word(road.zh[:-2] + "镇", f"{road.pinyin} Zhen", road.en)
        return Name(there, town, _group("street_clinics").draw(random))
    form = LIMITED if random.random() < 0.35 else NOTHING
    return Name(here._replace(zh=city.zh) if draw < 0.8 else there, brand(random), _group("private_hospitals").draw(random), form)


def branch(name: Name, city: City, random: Random) -> Name:
    """The name of that company's branch in another city."""
    draw = random.random()
    zh, pinyin, en = ("分公司", "Fen Gongsi", "Branch") if draw < 0.75 else ("办事处", "Banshichu", "Office")
    return replace(name, branch=Word(city.zh + zh, f"{city.pinyin} {pinyin}", f"{city.pinyin} {en}"))


def coined(random: Random) -> str:
    """A brand out of syllables."""
    made = random.choice(_words("coined_first")) + random.choice(_words("coined_last"))
    return made if random.random() < 0.8 else f"{made[:1]}{made[1:]}{random.choice(('a', 'o', 'on', 'is', 'ix'))}"


def surname(random: Random, spoken: str) -> str:
    """A surname of that language."""
    return random.choice(_texts("surnames", spoken))


def western_form(random: Random, country: str) -> Word:
    """A legal form of that country."""
    form = _western("western_forms", country).draw(random)
    return Word(form, form, form)


def western(random: Random, town: Town, carrier: bool = False) -> Name:
    """A name for a company in that town."""
    spoken = language(town.country)
    draw = random.random()
    if draw < 0.42:
        words = surname(random, spoken)
        if draw < 0.08:
            words += random.choice((" & ", " + ", "-", " & ")) + surname(random, spoken)
        elif draw < 0.11:
            words += random.choice((" & Söhne", " Gebr.")) if spoken == "DE" else " & Co"
    elif draw < 0.86:
        words = coined(random)
    elif draw < 0.94:
        words = "".join(random.choice("ABCDEFGHIKLMNOPRSTVW") for _ in range(random.choice((2, 3, 3, 4))))
    else:
        words = f"{random.choice(('Alpha', 'Delta', 'Euro', 'Inter', 'Pro', 'Uni', 'Trans', 'Nord', 'Alpen', 'First'))} {coined(random)}"
    kind = weighted_list(load("party_words")["western_movers"]).draw(random) if carrier else _western("western_trades", spoken).draw(random)
    if draw > 0.9 and not carrier and random.random() < 0.5:
        kind = ""
    form = western_form(random, town.country)
    place = Word(town.name, town.name, town.name) if random.random() < 0.04 else NOTHING
    return Name(place, Word(words, words, words), Word(kind, kind, kind), form, order="behind")


def western_hospital(random: Random, town: Town) -> Name:
    """A name for a hospital in that town; the brand is the whole of it without the town."""
    spoken = language(town.country)
    pattern = random.choice(_texts("western_hospitals", spoken))
    full = pattern.replace("*", random.choice(_texts("saints", spoken)))
    if random.random() < 0.3:
        wing = random.choice(("II", "Nord", "Süd", "am Park") if spoken == "DE" else ("West", "South", "East"))
        full = f"{full} {wing}"
    before, city, after = full.partition("{}")
    if not city:
        return Name(NOTHING, NOTHING, Word(full, full, full))
    at = Word(town.name, town.name, town.name)
    if before.strip():
        before = before.strip()
        after = after.strip()
        return Name(at, NOTHING, Word(before, before, before), Word(after, after, after), order="plain")
    after = after.strip()
    return Name(at, NOTHING, Word(after, after, after))
