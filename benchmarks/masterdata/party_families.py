"""Parties of a device maker's world one by one, and families of parties that look like one another and are not the same.

A family is what makes matching of master data hard: branches of one company, its subsidiaries and stores, one brand in several cities,
two companies of nearly one name, clinics that are called the same everywhere, tenants of one house with one switchboard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from benchmarks.masterdata import numbers
from benchmarks.masterdata.party_names import (
    LIMITED,
    NOTHING,
    Name,
    branch,
    brand,
    company,
    hospital,
    language,
    trade,
    western,
    western_form,
    western_hospital,
)
from benchmarks.masterdata.party_places import (
    chinese_address,
    chinese_licence,
    chinese_phone,
    clinic_licence,
    western_address,
    western_licence,
    western_phone,
)
from benchmarks.masterdata.party_records import Party
from benchmarks.masterdata.slips import alike
from benchmarks.masterdata.vocabulary import City, Town, Weighted, Word, brand_characters, cities, load, towns

WHAT = Weighted([(30, "trades"), (20, "supplies"), (24, "dealers"), (8, "movers")])
ROLES = {"trades": "supplier", "supplies": "supplier", "dealers": "customer", "movers": "carrier"}


def chinese(random: Random, city: City, name: Name, role: str) -> Party:
    """A Chinese party of that name with numbers of its own."""
    clinic = name.form is NOTHING and role == "customer"
    makes = role == "supplier"
    district = next((one for one in city.districts if name.place.zh.endswith(one.zh)), None)
    licence = clinic_licence(random, city) if clinic else chinese_licence(random, city, makes) if role != "carrier" else ""
    return Party(
        "", name, role, chinese_address(random, city, district), chinese_phone(random, city),
        numbers.credit_code(random, city.division, public=clinic), numbers.gln(random, f"69{numbers.digits(random, 5)}"),
        licence, abroad=random.random() < 0.45, pattern=random.choice("nr"),
    )  # fmt: skip


def chinese_company(random: Random) -> Party:
    """A maker, supplier, dealer or carrier."""
    city, what = cities().draw(random), WHAT.draw(random)
    return chinese(random, city, company(random, city, what), ROLES[what])


def chinese_hospital(random: Random) -> Party:
    """A clinic."""
    city = cities().draw(random)
    return chinese(random, city, hospital(random, city), "customer")


def abroad(random: Random, town: Town, name: Name, role: str) -> Party:
    """A Western party of that name with numbers of its own."""
    prefix = {"DE": "40", "FR": "30", "IT": "80", "ES": "84", "NL": "87", "GB": "50", "US": "08"}.get(town.country, "73")
    return Party(
        "", name, role, western_address(random, town), western_phone(random, town), numbers.vat(random, town.country),
        numbers.gln(random, f"{prefix}{numbers.digits(random, 5)}"),
        "" if role == "carrier" or "ospital" in name.trade.en else western_licence(random, town.country, role == "supplier"),
    )  # fmt: skip


def western_company(random: Random) -> Party:
    """A company of Europe or the United States."""
    town = towns().draw(random)
    draw = random.random()
    carrier = draw < 0.1
    return abroad(random, town, western(random, town, carrier), "carrier" if carrier else "supplier" if draw < 0.7 else "customer")


def western_clinic(random: Random) -> Party:
    """A hospital of Europe or the United States."""
    town = towns().draw(random)
    return abroad(random, town, western_hospital(random, town), "customer")


SINGLE: Weighted[Callable[[Random], Party]] = Weighted(
    [(44, chinese_company), (20, chinese_hospital), (26, western_company), (10, western_clinic)]
)


def _other_city(random: Random, taken: set[str]) -> City:
    while (city := cities().draw(random)).zh in taken:
        pass
    taken.add(city.zh)
    return city


def _word(city: City) -> Word:
    return Word(city.zh, city.pinyin, city.pinyin)


def branches(random: Random) -> list[Party]:
    """A company and its branches in other cities: each has a tax number, some have the company's switchboard."""
    city = cities().draw(random)
    what = random.choice(("trades", "dealers", "dealers", "movers"))
    parent = chinese(random, city, company(random, city, what), ROLES[what])
    found, taken = [parent], {city.zh}
    by_name = {one.zh: one for one in cities().things}
    names = load("party_words")["branch_cities"].split()
    switchboard = random.random() < 0.3
    for _ in range(random.choice((1, 2, 2, 3, 4))):
        there = by_name[random.choice(names)] if random.random() < 0.6 else cities().draw(random)
        if there.zh in taken:
            continue
        taken.add(there.zh)
        one = chinese(random, there, branch(parent.name, there, random), parent.role)
        found.append(replace(one, phone=parent.phone) if switchboard else one)
    return [replace(one, shares=frozenset({"phone"})) for one in found] if switchboard else found


def nearly_one_name(random: Random) -> list[Party]:
    """Companies in one city whose names differ in the trade, or in one character that sounds alike."""
    city = cities().draw(random)
    what = WHAT.draw(random)
    first = company(random, city, what)
    found = [chinese(random, city, first, ROLES[what])]
    for _ in range(random.choice((1, 1, 2))):
        if random.random() < 0.6:
            other = replace(first, trade=trade(random, random.choice(("trades", "dealers", what))))
        else:
            other = replace(first, brand=_sounding_alike(random, first.brand))
        found.append(chinese(random, city, other, ROLES[what]))
    return found


def _sounding_alike(random: Random, one: Word) -> Word:
    sounds = alike()[0]
    place = random.randrange(len(one.zh))
    known = {character for character, _ in brand_characters()[0].things}
    others = [character for character in sounds.get(one.zh[place], "") if character in known]
    if not others:
        return brand(random)
    return one._replace(zh=one.zh[:place] + random.choice(others) + one.zh[place + 1 :])


def one_brand(random: Random) -> list[Party]:
    """Companies of one brand and trade in several cities: nothing to do with each other, or sisters."""
    taken: set[str] = set()
    city = _other_city(random, taken)
    what = WHAT.draw(random)
    first = replace(company(random, city, what), order="front", place=_word(city))
    found = [chinese(random, city, first, ROLES[what])]
    for _ in range(random.choice((1, 2, 2, 3))):
        there = _other_city(random, taken)
        same = first.trade if random.random() < 0.7 else trade(random, what)
        found.append(chinese(random, there, replace(first, place=_word(there), trade=same), ROLES[what]))
    return found


def clinics(random: Random) -> list[Party]:
    """First, second and third people's hospital of one city, or hospitals called the same in several."""
    taken: set[str] = set()
    if random.random() < 0.6:
        city = _other_city(random, taken)
        number = random.choice((2, 3))
        names = [hospital(random, city) for _ in range(40)]
        alike_ones = [name for name in names if name.brand is NOTHING][:number]
        return [chinese(random, city, name, "customer") for name in alike_ones] or [chinese_hospital(random)]
    owner = brand(random)
    city = _other_city(random, taken)
    first = hospital(random, city)
    while first.form is not LIMITED:
        first = hospital(random, city)
    found = []
    for _ in range(random.choice((2, 3, 4))):
        found.append(chinese(random, city, replace(first, brand=owner, place=_word(city)), "customer"))
        city = _other_city(random, taken)
    return found


def one_house(random: Random) -> list[Party]:
    """Tenants of one house who have nothing in common but the address, and some the switchboard."""
    western_house = random.random() < 0.3
    first = (western_company if western_house else chinese_company)(random)
    found = [replace(first, shares=frozenset({"address"}))]
    switchboard = random.random() < 0.4
    shares = frozenset({"address", "phone"} if switchboard else {"address"})
    found[0] = replace(first, shares=shares)
    for _ in range(random.choice((1, 1, 2, 3))):
        if western_house:
            town = next(one for one in towns().things if one.name == first.address.city.en)
            other = abroad(random, town, western(random, town), random.choice(("supplier", "customer")))
        else:
            city = next(one for one in cities().things if one.zh == first.address.city.zh)
            what = WHAT.draw(random)
            other = chinese(random, city, company(random, city, what), ROLES[what])
        address = first.address if random.random() < 0.5 else replace(first.address, room=other.address.room)
        found.append(replace(other, address=address, phone=first.phone if switchboard else other.phone, shares=shares))
    return found


def holding(random: Random) -> list[Party]:
    """A group's holding and its subsidiaries, at one address more often than not."""
    city = cities().draw(random)
    top = company(random, city, "trades")
    group = Word("集团有限公司", "Jituan Youxian Gongsi", "Group Co., Ltd.")
    if random.random() < 0.4:
        group = Word("控股有限公司", "Konggu Youxian Gongsi", "Holding Co., Ltd.")
    kept = top.trade if random.random() < 0.4 else NOTHING
    first = chinese(random, city, replace(top, order="front", trade=kept, form=group), "supplier")
    together = random.random() < 0.6
    shares = frozenset({"address", "phone"} if together else ())
    found = [replace(first, shares=shares)]
    taken: set[str] = set()
    for _ in range(random.choice((1, 2, 2, 3))):
        what = random.choice(("trades", "trades", "dealers"))
        there = city if random.random() < 0.6 else _other_city(random, taken)
        order = random.choice(("front", "brackets", "brackets"))
        place = top.place if there is city and order == "front" else _word(there)
        one = chinese(random, there, Name(place, top.brand, trade(random, what), LIMITED, order=order), ROLES[what])
        if together and there is city:
            one = replace(one, address=first.address, phone=first.phone if random.random() < 0.7 else one.phone)
        found.append(replace(one, shares=shares))
    return found


def stores(random: Random) -> list[Party]:
    """A company and the warehouse that it keeps elsewhere: one tax number, two places that a lorry must not mix up."""
    city = cities().draw(random)
    first = replace(chinese(random, city, company(random, city, "dealers"), "customer"), shares=frozenset({"tax"}))
    there = cities().draw(random)
    zh, en = random.choice((("仓库", "Warehouse"), ("物流中心", "Logistics Centre"), ("配送中心", "Distribution Centre")))
    pinyin = {"仓库": "Cangku", "物流中心": "Wuliu Zhongxin", "配送中心": "Peisong Zhongxin"}[zh]
    name = replace(first.name, branch=Word(there.zh + zh, f"{there.pinyin} {pinyin}", f"{there.pinyin} {en}"))
    store = chinese(random, there, name, "warehouse")
    return [first, replace(store, tax=first.tax, licence="", shares=frozenset({"tax"}))]


_OWN_NAMES = {
    "DE": "Deutschland", "FR": "France", "IT": "Italia", "ES": "Iberia", "GB": "UK", "US": "USA", "PL": "Polska", "AT": "Austria",
    "CH": "Schweiz", "NL": "Nederland", "BE": "Belgium", "SE": "Nordic", "DK": "Danmark", "FI": "Suomi", "IE": "Ireland",
}  # fmt: skip


def western_group(random: Random) -> list[Party]:
    """A Western maker, its sales company and its daughters in other countries."""
    town = towns().draw(random)
    name = western(random, town)
    found = [abroad(random, town, name, "supplier")]
    together = random.random() < 0.4
    shares = frozenset({"address", "phone"} if together else ())
    found[0] = replace(found[0], shares=shares)
    used = {town.country}
    for _ in range(random.choice((1, 2, 2, 3))):
        if together:
            extra = "Vertriebs" if language(town.country) == "DE" else random.choice(("Holding", "Sales", "Services"))
            if any(extra in one.name.trade.en for one in found):
                continue
            kind = f"{name.trade.en} {extra}".strip()
            other = replace(name, trade=Word(kind, kind, kind), form=western_form(random, town.country))
            one = abroad(random, town, other, "customer")
            phone = found[0].phone if random.random() < 0.7 else one.phone
            found.append(replace(one, address=found[0].address, phone=phone, shares=shares))
            continue
        there = towns().draw(random)
        if there.country in used:
            continue
        used.add(there.country)
        kind = f"{name.trade.en} {_OWN_NAMES[there.country]}".strip() if random.random() < 0.75 else name.trade.en
        other = replace(name, place=NOTHING, trade=Word(kind, kind, kind), form=western_form(random, there.country))
        found.append(abroad(random, there, other, "customer"))
    return found


FAMILIES: Weighted[Callable[[Random], list[Party]]] = Weighted(
    [
        (16, branches),
        (16, nearly_one_name),
        (15, one_brand),
        (12, clinics),
        (13, one_house),
        (12, holding),
        (3, stores),
        (13, western_group),
    ]
)


def groups(random: Random) -> Iterator[list[Party]]:
    """Families and single parties without end: about a third of all parties have a family."""
    while True:
        if random.random() < 0.16:
            made = FAMILIES.draw(random)
            found = made(random)
            yield [replace(one, family=made.__name__) for one in found] if len(found) > 1 else found
        else:
            yield [SINGLE.draw(random)(random)]
