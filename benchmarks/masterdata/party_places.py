"""Addresses, telephones and licences of parties, and the many ways in which systems write the same one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from benchmarks.masterdata.numbers import digits
from benchmarks.masterdata.vocabulary import City, Town, Word, load, slashed, spaced

_LETTERS = "ABCDEFGHJKLMNPRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a party sits: `road` and `house` are what makes it this address, `room` is often left out."""

    country: str
    city: Word
    province: Word
    district: Word
    road: Word
    house: str
    room: Word
    post: str

    def zh(self, province: bool, city: bool, room: bool) -> str:
        """In Chinese, from the largest to the smallest, as far as is asked."""
        start = ""
        if province and self.province.zh != self.city.zh:
            start = self.province.zh + ("省" if self.province.zh not in ("广西", "内蒙古", "新疆", "宁夏") else "")
        if city:
            start += self.city.zh + "市"
        return f"{start}{self.district.zh}{self.road.zh}{self.house}号{self.room.zh if room else ''}"

    def latin(self, city: bool, room: bool, number_first: bool = True) -> str:
        """In Latin letters; a Western address is street and house only, as its country orders them."""
        if self.country != "CN":
            if self.country in ("FR", "GB", "IE", "US"):
                return f"{self.house} {self.road.en}{self.room.en if room else ''}"
            return f"{self.road.en} {self.house}{self.room.en if room else ''}"
        street = f"No. {self.house} {self.road.en}" if number_first else f"{self.road.en} {self.house}"
        inner = f"{self.room.en}, {street}" if room and self.room.en else street
        district = self.district.en + (" District" if self.district.zh.endswith("区") else "")
        return f"{inner}, {district}, {self.city.en}" if city else f"{inner}, {district}"


def _room(random: Random) -> Word:
    draw = random.random()
    floor, door = random.randint(1, 26), random.randint(1, 18)
    if draw < 0.38:
        return Word("", "", "")
    if draw < 0.6:
        return Word(f"{random.randint(1, 30)}幢{floor}0{door % 9 + 1}室", "", f"Room {floor}0{door % 9 + 1}")
    if draw < 0.72:
        letter = random.choice(_LETTERS[:8])
        return Word(f"{letter}座{floor}层", "", f"{floor}F, Block {letter}")
    park = random.choice(slashed("places", "parks"))
    if draw < 0.9:
        building = random.randint(1, 20)
        return Word(f"{park.zh}{building}号楼", "", f"Building {building}, {park.en}")
    return Word(f"{park.zh}{random.choice(_LETTERS[:6])}栋{floor}0{door % 9 + 1}", "", f"{park.en}")


def chinese_address(random: Random, city: City, district: Word | None = None) -> Address:
    """An address in that city."""
    road = random.choice(slashed("places", "roads"))
    suffix = {"路": "Road", "街": "Street"}.get(road.zh[-1], "Avenue")
    zh, en = road.zh, road.pinyin
    if random.random() < 0.28 and road.zh[-1] == "路":
        side = random.choice(slashed("places", "directions"))
        zh, en = f"{road.zh[:-1]}{side.zh}{road.zh[-1]}", f"{en} {side.en}"
    return Address(
        "CN",
        Word(city.zh, city.pinyin, city.pinyin),
        city.province,
        district or random.choice(city.districts),
        Word(zh, road.pinyin, f"{en} {suffix}"),
        str(int(random.paretovariate(0.7)) % 2400 + random.randint(1, 60)),
        _room(random),
        (city.post + digits(random, 6 - len(city.post)))[:5] + "0",
    )


def western_address(random: Random, town: Town) -> Address:
    """An address in that town."""
    street = spaced(random.choice(load("places")["streets"][town.country].split()))
    house = str(int(random.paretovariate(0.8)) % 900 + random.randint(1, 40))
    if town.country == "US":
        house += digits(random, random.choice((0, 1, 2))) if random.random() < 0.7 else ""
    elif town.country == "DE" and random.random() < 0.15:
        house += random.choice(("a", "b", "-" + str(int(house) + 2)))
    room = ""
    if random.random() < 0.2:
        room = {
            "US": f", Suite {random.randint(1, 40)}0{random.randint(0, 9)}",
            "GB": f", Unit {random.randint(1, 30)}",
            "IE": f", Unit {random.randint(1, 30)}",
            "DE": f", Haus {random.choice('ABCDE')}",
            "IT": f", int. {random.randint(1, 20)}",
        }.get(town.country, "")
    post = "".join(str(random.randint(0, 9)) if c == "#" else random.choice(_LETTERS) if c == "@" else c for c in town.post)
    at = Word(town.name, town.name, town.name)
    nowhere = Word("", "", "")
    return Address(town.country, at, nowhere, nowhere, Word(street, street, street), house, Word(room, room, room), post)


_CALLING = {
    "CN": "86", "DE": "49", "AT": "43", "CH": "41", "NL": "31", "BE": "32", "FR": "33", "IT": "39", "ES": "34", "PL": "48", "SE": "46",
    "DK": "45", "FI": "358", "GB": "44", "IE": "353", "US": "1",
}  # fmt: skip
_NO_TRUNK = ("US", "IT", "ES", "PL", "DK")
"""Countries whose national numbers do not begin with a 0 that is left out behind the country code."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number: country, area code (no area: a mobile phone) and the rest."""

    country: str
    area: str
    local: str

    def written(self, random: Random) -> str:
        """In one of the ways people write it."""
        draw = random.random()
        calling = _CALLING[self.country]
        if not self.area:
            return (self.local, f"+86 {self.local}", f"{self.local[:3]} {self.local[3:7]} {self.local[7:]}")[int(draw * 3)]
        if self.country == "CN":
            if draw < 0.5:
                return f"{self.area}-{self.local}"
            if draw < 0.65:
                return f"{self.area}{self.local}"
            if draw < 0.78:
                return f"({self.area}){self.local}"
            if draw < 0.9:
                return f"+86-{self.area[1:]}-{self.local}"
            return f"86 {self.area[1:]} {self.local[:4]} {self.local[4:]}"
        trunk = self.area if self.country in _NO_TRUNK else "0" + self.area
        if self.country == "US":
            forms = (f"({self.area}) {self.local[:3]}-{self.local[3:]}", f"{self.area}-{self.local[:3]}-{self.local[3:]}")
            return forms[int(draw * 2)] if draw < 0.8 else f"+1 {self.area} {self.local}"
        if draw < 0.4:
            return f"+{calling} {self.area} {self.local}"
        if draw < 0.65:
            return f"{trunk}/{self.local}" if self.country in ("DE", "AT") else f"{trunk} {self.local[:3]} {self.local[3:]}"
        if draw < 0.85:
            return f"00{calling}{self.area}{self.local}"
        return f"+{calling} (0){self.area} {self.local}" if trunk != self.area else f"{trunk}{self.local}"

    def another_department(self, random: Random) -> Phone:
        """Another line of the same house: the first digits stay."""
        keep = max(3, len(self.local) - random.choice((2, 3, 4)))
        other = self.local
        while other == self.local:
            other = self.local[:keep] + digits(random, len(self.local) - keep)
        return replace(self, local=other)


_EIGHT_DIGITS = frozenset(["苏州", "深圳", "杭州", "宁波", "无锡", "东莞", "佛山", "温州", "青岛", "济南", "郑州", "长沙"])


def chinese_phone(random: Random, city: City) -> Phone:
    """A telephone of that city; small companies give the owner's mobile."""
    if random.random() < 0.18:
        return Phone("CN", "", random.choice(("138", "139", "136", "150", "158", "186", "189", "177")) + digits(random, 8))
    large = len(city.phone) == 3 or city.zh in _EIGHT_DIGITS
    return Phone("CN", city.phone, str(random.randint(2, 8)) + digits(random, 7 if large else 6))


def western_phone(random: Random, town: Town) -> Phone:
    """A telephone of that town."""
    length = 7 if town.country == "US" else max(5, 10 - len(town.phone) - (town.country in ("DK", "BE", "NL")))
    return Phone(town.country, town.phone, str(random.randint(2, 9)) + digits(random, length - 1))


def chinese_licence(random: Random, city: City, makes: bool) -> str:
    """The number of a licence to make or to sell devices."""
    mark = city.province.en
    year, running = random.randint(2012, 2025), digits(random, 4)
    if makes:
        return f"{mark}{'食药监' if year < 2019 else '药监'}械生产许{year}{running}号"
    return f"{mark}{city.zh[0]}{'食药监' if year < 2019 else '药监'}械经营许{year}{digits(random, 4)}号"


def western_licence(random: Random, country: str, makes: bool) -> str:
    """The number under which EUDAMED or the FDA knows it."""
    if country == "US":
        return f"300{digits(random, 7)}" if random.random() < 0.6 else f"1{digits(random, 6)}"
    return f"{country}-{'MF' if makes else random.choice(('IM', 'AR', 'PR'))}-{random.randint(1, 48000):09d}"


def clinic_licence(random: Random, city: City) -> str:
    """The registration number of a medical institution, 22 characters."""
    return f"{digits(random, 8)}-{digits(random, 1)}{city.division}{digits(random, 2)}{random.choice('ABCD')}{random.randint(1000, 9002)}"
