"""A party as it is in the world, and how a system's clerk writes it down: which members, which script, which style."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from benchmarks.masterdata.numbers import digits
from benchmarks.masterdata.party_names import NARROW, NOTHING, WIDE, Name
from benchmarks.masterdata.party_places import Address, Phone
from benchmarks.masterdata.planting import Body
from benchmarks.masterdata.slips import full_width
from benchmarks.masterdata.vocabulary import Weighted


@dataclass(frozen=True, slots=True)
class Party:
    """One legal person, branch or site."""

    truth: str
    name: Name
    role: str
    address: Address
    phone: Phone
    tax: str
    gln: str
    licence: str
    abroad: bool = False
    """A Chinese party that has an English name of its own."""
    family: str = ""
    shares: frozenset[str] = frozenset()
    """Members that are the same in another party of its family, so that they prove nothing: address, phone, tax."""
    pattern: str = ""
    """How it likes its address: a letter of n (number first) or r (road first)."""

    @property
    def chinese(self) -> bool:
        """Whether its name has Chinese characters."""
        return self.address.country == "CN"


@dataclass(frozen=True, slots=True)
class System:
    """A system that keeps parties: how often it states a member, and how it writes."""

    name: str
    number: str
    """Its numbers: # is a digit."""
    states: dict[str, float]
    english: float = 0.0
    """How often it names a Chinese party in English or pinyin first."""
    both: float = 0.0
    """How often it states the Chinese name beside the English."""
    shouts: float = 0.0
    """How often it writes Latin letters in capitals only."""
    brackets: tuple[str, ...] = (WIDE, NARROW)


_WIDE = (WIDE, WIDE, WIDE, NARROW)
MEMBERS = ("address", "city", "post", "country", "phone", "tax", "gln", "licence")


def _states(*rates: float) -> dict[str, float]:
    return dict(zip(MEMBERS, rates, strict=True))


SYSTEMS = Weighted(
    [
        (26, System("sap", "0000######", _states(0.9, 0.97, 0.85, 1, 0.55, 0.62, 0.12, 0.06), english=0.45, both=0.6, shouts=0.3)),
        (22, System("kingdee", "VEN#####", _states(0.7, 0.3, 0.08, 0.3, 0.7, 0.76, 0, 0.22), brackets=_WIDE)),
        (14, System("yonyou", "0#0###", _states(0.6, 0.25, 0.15, 0.15, 0.72, 0.66, 0, 0.18), brackets=_WIDE)),
        (12, System("warehouse", "W######", _states(0.96, 0.8, 0.35, 0.5, 0.82, 0.06, 0.26, 0.1), english=0.05, both=0.3)),
        (10, System("crm", "A-#######", _states(0.62, 0.8, 0.4, 0.9, 0.86, 0.2, 0, 0.03), english=0.3, both=0.5)),
        (8, System("quality", "QS-####", _states(0.75, 0.6, 0.2, 0.7, 0.45, 0.35, 0, 0.84), english=0.15, both=0.7)),
        (8, System("edi", "####", _states(0.8, 0.95, 0.7, 1, 0.2, 0.4, 0.96, 0), english=0.5, both=0.3, shouts=0.5)),
    ]
)


@dataclass(slots=True)
class Sheet:
    """What a clerk is about to write: the party as he has it before him, and his habits. A twin is a sheet on which things went wrong."""

    party: Party
    system: System
    name: Name
    address: Address
    phone: Phone
    tax: str
    script: str
    """Of the name: zh, en, pinyin, or both (English with the Chinese beside it)."""
    brackets: str
    shouts: bool
    kept: dict[str, bool]
    """Which members it states."""
    form: str = ""
    """How this clerk writes Co., Ltd."""
    role: str = ""
    wide: bool = False
    """His keyboard stands on full width: digits of the address and Latin letters of the name."""
    zh: str = ""
    latin: str = ""

    def spell(self) -> None:
        """Puts the pieces of the name together."""
        if self.party.chinese and self.script in ("zh", "both"):
            self.zh = self.name.zh(self.brackets)
        if self.script != "zh":
            self.latin = self.name.pinyin() if self.script == "pinyin" else self.name.en()
            if self.form:
                self.latin = self.latin.replace("Co., Ltd.", self.form)
            if self.shouts:
                self.latin = self.latin.upper()


def sheet(random: Random, party: Party) -> Sheet:
    """The sheet of a clerk who copies with care."""
    system = SYSTEMS.draw(random)
    kept = {member: random.random() < chance for member, chance in system.states.items()}
    if not (kept["address"] or kept["phone"] or kept["tax"] or kept["gln"] or kept["licence"]):
        kept["address" if random.random() < 0.6 else "phone"] = True
    script = "en"
    if party.chinese:
        if random.random() < (system.english if party.abroad else system.english / 4):
            script = "both" if random.random() < system.both else "en" if party.abroad or random.random() < 0.5 else "pinyin"
        else:
            script = "zh"
    form = "" if random.random() < 0.6 else random.choice(("Co.,Ltd.", "Co.,Ltd", "Co., Ltd"))
    brackets, shouts = random.choice(system.brackets), random.random() < system.shouts
    drawn = Sheet(
        party, system, party.name, party.address, party.phone, party.tax, script, brackets, shouts, kept, form, party.role,
    )  # fmt: skip
    drawn.spell()
    return drawn


def code(random: Random, pattern: str) -> str:
    """A system's own number for a record."""
    return "".join(digits(random, 1) if character == "#" else character for character in pattern)


def body(random: Random, drawn: Sheet) -> Body:
    """The record that comes of it: the members of Party, but for those of the document that brings it."""
    kept, party, address = drawn.kept, drawn.party, drawn.address
    made: Body = {"number": code(random, drawn.system.number), "name": drawn.latin or drawn.zh, "role": drawn.role}
    if drawn.latin and drawn.zh:
        made["name_zh"] = drawn.zh
    chinese = party.chinese and drawn.script in ("zh", "both")
    if kept["address"]:
        room = random.random() < 0.72
        if chinese:
            inside = random.random()
            made["address"] = address.zh(inside < 0.45, inside < 0.8 or not kept["city"], room)
        else:
            made["address"] = address.latin(party.chinese and not kept["city"], room, party.pattern != "r")
            if drawn.shouts:
                made["address"] = made["address"].upper()
        if drawn.wide:
            made["address"] = full_width(made["address"])
    if kept["city"]:
        city = address.city.zh + ("市" if random.random() < 0.45 else "") if chinese else address.city.en
        made["city"] = city.upper() if drawn.shouts else city
    if kept["post"] and address.post:
        made["postal_code"] = address.post
    if kept["country"]:
        made["country"] = address.country
    if kept["phone"]:
        made["phone"] = drawn.phone.written(random)
    if kept["tax"] and drawn.tax:
        made["tax_number"] = drawn.tax
    if kept["gln"] and party.gln:
        made["gln"] = party.gln
    if kept["licence"] and party.licence:
        made["licence"] = party.licence
    if random.random() < 0.04:
        made["status"] = "blocked"
    return made


def legal_key(party: Party) -> str:
    """Equal for two parties that nobody could keep apart by their names."""
    return party.name.zh("") if party.chinese else f"{party.name.en().lower()}|{party.address.city.en}"


def without_place(name: Name) -> bool:
    """Whether the name says no place at all."""
    return name.place is NOTHING or not name.place.zh
