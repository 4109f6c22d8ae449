"""Items as they are made, family by family, and how systems write them down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product as every_combination
from random import Random

from benchmarks.masterdata.item_words import KINDS, Product, Writing, coded, products, written
from benchmarks.masterdata.numbers import digits, gtin14
from benchmarks.masterdata.party_names import coined, company, western
from benchmarks.masterdata.planting import Body
from benchmarks.masterdata.vocabulary import Weighted, cities, load, provinces, towns

_KIND = Weighted((share, kind) for kind, share in KINDS.items())
MAKERS = 700
LETTERS = "ABCDEFGHKLMNPRSTVWX"


@dataclass(slots=True)
class Maker:
    """A company that makes items: its names, its GS1 company prefix and the way it numbers them."""

    zh: str
    en: str
    brand: str
    country: str
    province: str
    prefix: str
    scheme: int
    items: int = 0

    @property
    def chinese(self) -> bool:
        """Whether it has a Chinese name."""
        return self.zh != ""


@dataclass(frozen=True, slots=True)
class Family:
    """Items of one maker that share product, series and registration."""

    number: int
    product: Product
    maker: Maker
    series: tuple[str, str]
    """Chinese and Latin; empty for what has none."""
    registration: str
    varies: tuple[str, ...]
    """Keys of the axes in which its items differ."""
    unit: str
    shelf_days: int
    neighbours: int


@dataclass(frozen=True, slots=True)
class Thing:
    """One item: what every system means that writes it down."""

    truth: str
    family: Family
    values: dict[str, str]
    reference: str
    inner: str
    """The twelve digits that the GTINs of all its packaging levels share."""
    levels: tuple[tuple[int, str, int], ...]
    """Above the piece: indicator, unit and how many pieces."""


@dataclass(frozen=True, slots=True)
class System:
    """A system that keeps items: how often it states a member, and how it writes."""

    name: str
    number: str
    states: dict[str, float]
    chinese: float
    limit: int = 0
    """Longest name; 0: any."""
    shouts: float = 0.0
    bare: float = 0.0
    """How often the name is the product only, with measures in the model."""


_STATED = ("maker", "reference", "model", "registration", "gtin", "levels", "shelf")


def _states(*rates: float) -> dict[str, float]:
    return dict(zip(_STATED, rates, strict=True))


SYSTEMS = Weighted(
    [
        (28, System("sap", "00000000##########", _states(0.35, 0.55, 0.1, 0.05, 0.4, 0.25, 0.5), 0.35, limit=40, shouts=0.5)),
        (22, System("kingdee", "#.##.###.####", _states(0.6, 0.35, 0.85, 0.4, 0.12, 0.02, 0.2), 1.0, bare=0.45)),
        (14, System("yonyou", "######", _states(0.55, 0.3, 0.8, 0.35, 0.1, 0.0, 0.2), 1.0, bare=0.4)),
        (12, System("warehouse", "SKU######", _states(0.4, 0.6, 0.4, 0.3, 0.8, 0.4, 0.3), 0.6)),
        (9, System("catalogue", "###-####", _states(0.9, 0.97, 0.3, 0.5, 0.6, 0.3, 0.2), 0.25)),
        (8, System("quality", "Q######", _states(0.85, 0.6, 0.7, 0.9, 0.3, 0.05, 0.6), 0.7)),
        (7, System("hospital", "HC########", _states(0.8, 0.25, 0.9, 0.85, 0.35, 0.0, 0.1), 0.9, bare=0.3)),
    ]
)  # fmt: skip


@dataclass(slots=True)
class Sheet:
    """What a clerk is about to write; a twin is a sheet on which things went wrong."""

    thing: Thing
    system: System
    hand: Writing
    kept: dict[str, bool]
    bare: bool
    """Measures stand in the model, not in the name."""
    series: bool
    limit: int
    shouts: bool
    gap: str
    model_gap: str
    model_is_reference: bool
    shuffled: int = 0
    """Seed of another order of words; 0: the usual one."""
    maker: str = ""
    reference: str = ""
    level: int = -1
    """Which packaging level the system counts; -1: pieces."""
    name: str = ""
    model: str = ""
    shown: frozenset[str] = frozenset()
    """Keys of the axes that name or model still say."""

    def spell(self) -> None:
        """Puts name and model together."""
        thing, hand = self.thing, self.hand
        product, values = thing.family.product, thing.values
        measures = [(key, written(product, key, value, hand)) for key, value in values.items()]
        title = product.zh if hand.chinese else product.en
        series = thing.family.series[0 if hand.chinese and thing.family.series[0] else 1] if self.series else ""
        ahead = [text for key, text in measures if key == "b" and product.kind == "finished"]
        behind = [] if self.bare else [text for key, text in measures if key != "b" or product.kind != "finished"]
        pieces = [*([series] if series else []), *ahead, title, *behind]
        if self.shuffled:
            Random(self.shuffled).shuffle(pieces)
        self.name = self.gap.join(pieces)
        if self.shouts:
            self.name = self.name.upper()
        if self.limit and len(self.name) > self.limit:
            self.name = self.name[: self.limit].rstrip()
        short = replace(hand, short=True, wordy=False)
        codes = [written(product, key, value, short) for key, value in values.items()]
        self.model = self.reference if self.model_is_reference else self.model_gap.join(codes)
        spoken, modelled = self.name.lower(), self.kept["model"] and not self.model_is_reference
        self.shown = frozenset(key for key, text in measures if modelled or text.lower() in spoken)


def makers(random: Random) -> Weighted[Maker]:
    """The companies that make what our companies buy and sell; the first of them make most."""
    found = []
    for rank in range(MAKERS):
        if random.random() < 0.62:
            city = cities().draw(random)
            name = company(random, city, random.choice(("trades", "trades", "supplies")))
            zh, en, brand, country, province = name.zh(), name.en(), name.brand.pinyin, "CN", provinces()[city.province.zh].en
        else:
            town = towns().draw(random)
            other = western(random, town)
            zh, en, brand, country, province = "", other.en(), other.brand.en.split()[0], town.country, ""
        prefix = f"69{random.randint(0, 9)}{digits(random, 5)}" if zh else f"{random.randint(30, 87)}{digits(random, 5)}"
        found.append((1 / (1 + rank / 25), Maker(zh, en, brand, country, province, prefix, random.randrange(6))))
    return Weighted(found)


def families(random: Random) -> Iterator[list[Thing]]:
    """Families without end; no maker has two of one product, as nobody could keep their items apart without the series."""
    pool, made, used = makers(random), 0, set[tuple[str, str]]()
    prefixes: dict[str, Maker] = {}
    while True:
        product = products()[_KIND.draw(random)].draw(random)
        maker = pool.draw(random)
        if (maker.prefix, product.zh) in used or prefixes.setdefault(maker.prefix, maker) is not maker or maker.items > 8000:
            maker = random.choice(pool.things)
            if (maker.prefix, product.zh) in used or prefixes.setdefault(maker.prefix, maker) is not maker or maker.items > 9000:
                continue
        used.add((maker.prefix, product.zh))
        made += 1
        yield _family(random, made, product, maker)


def _family(random: Random, number: int, product: Product, maker: Maker) -> list[Thing]:
    chosen: dict[str, tuple[str, ...]] = {}
    room = 44
    for key, offers in sorted(product.axes, key=lambda axis: -len(axis.values)):
        offered = offers or tuple(f"{random.choice(LETTERS)}{random.choice(LETTERS)}{random.randint(10, 99)}0" for _ in range(4))
        many = min(len(offered), room, max(1, round(random.triangular(1, 9, 4))))
        first = random.randrange(len(offered) - many + 1)
        chosen[key] = offered[first : first + many]
        room = max(1, room // many)
    keys = [axis.key for axis in product.axes]
    varies = tuple(key for key in keys if len(chosen[key]) > 1)
    series = ("", "")
    if product.kind == "finished" and random.random() < 0.5:
        marks = load("products")["series_zh"].split()
        series = (f"{random.choice(marks)}{random.choice(marks)}" if maker.chinese or random.random() < 0.4 else "", coined(random))
    combinations = list(every_combination(*(chosen[key] for key in keys)))
    shelf_days = random.choice((0, 730, 1095, 1825))
    registration, unit = _registration(random, product, maker), _unit(random, product)
    family = Family(number, product, maker, series, registration, varies, unit, shelf_days, len(combinations))
    letters = "".join(random.choice(LETTERS) for _ in range(random.choice((2, 2, 3))))
    base = random.randint(100, 999)
    levels = _levels(random, product)
    things = []
    for place, combination in enumerate(combinations):
        maker.items += 1
        values = dict(zip(keys, combination, strict=True))
        inner = maker.prefix + f"{maker.items:0{12 - len(maker.prefix)}d}"
        things.append(Thing("", family, values, _reference(maker.scheme, letters, base, family.number, place, values), inner, levels))
    return things


def _levels(random: Random, product: Product) -> tuple[tuple[int, str, int], ...]:
    if product.kind != "finished" or random.random() < 0.25:
        return ()
    small = random.choice((5, 10, 20, 25, 50))
    return ((1, "BX", small), (2, "CS", small * random.choice((4, 6, 10, 20)))) if random.random() < 0.6 else ((1, "BX", small),)


def _unit(random: Random, product: Product) -> str:
    if product.kind == "raw":
        return "KG" if any(word in product.zh for word in ("粒料", "乙烯", "胶", "聚氨酯")) else random.choice(("EA", "KG", "M"))
    return random.choice(("EA", "EA", "PC", "SET")) if product.kind == "finished" else random.choice(("EA", "PC"))


def _registration(random: Random, product: Product, maker: Maker) -> str:
    if product.kind != "finished":
        return ""
    year, running = random.randint(2014, 2025), digits(random, 4)
    if maker.chinese:
        draw, group = random.random(), f"{random.randint(1, 22):02d}"
        if draw < 0.4:
            return f"国械注准{year}3{group}{running}"
        return f"{maker.province}械注准{year}2{group}{running}" if draw < 0.85 else f"{maker.province}械备{year}{running}号"
    if random.random() < 0.5:
        return f"国械注进{year}{random.choice('23')}{random.randint(1, 22):02d}{running}"
    return f"K{digits(random, 6)}" if maker.country == "US" else f"G{random.randint(1, 2)} {digits(random, 6)} {digits(random, 4)}"


def _reference(scheme: int, letters: str, base: int, number: int, place: int, values: dict[str, str]) -> str:
    """The maker's own number, by his scheme: out of the measures, or running."""
    if scheme == 0:
        codes = "".join(coded(key, value) for key, value in values.items())
        return f"{letters}{number % 100:02d}-{codes}"
    if scheme == 1:
        return f"{base // 100:02d}.{base:03d}.{number % 1000:03d}{place:02d}"
    if scheme == 2:
        return f"{letters}{base}{number % 1000:03d}{place:03d}"
    if scheme == 3:
        return f"{base}{number % 100000:05d}{place + 10:02d}"
    if scheme == 4:
        # Short running numbers: other makers have the same.
        return str(base * 10 + place)
    return f"{letters}-{base}{number % 1000:03d}/{place + 1:02d}"


def sheet(random: Random, thing: Thing, chinese: bool | None = None) -> Sheet:
    """The sheet of a clerk who copies with care, in Chinese or not; it always says enough to tell the item from its neighbours."""
    system = SYSTEMS.draw(random)
    family = thing.family
    kept = {member: random.random() < rate for member, rate in system.states.items()}
    kept["registration"] &= family.registration != ""
    kept["levels"] &= thing.levels != () and kept["gtin"]
    if family.product.kind != "finished":
        kept["gtin"] &= random.random() < 0.1
    drawn_language = random.random() < (system.chinese if family.maker.chinese else system.chinese * 0.75)
    chinese = drawn_language if chinese is None else chinese
    hand = Writing(
        chinese, random.choice(("mm", "mm", "mm", "cm", "m")), False, random.random() < 0.25, random.random() < 0.15,
        random.choice(("×", "*", "x")), blank=random.choice((" ", "", " ")),
    )  # fmt: skip
    gap = random.choice(("", " ", " ", "/", ",")) if chinese else random.choice((" ", ", ", ", ", " - "))
    maker = family.maker.zh if family.maker.chinese and (chinese or random.random() < 0.2) else family.maker.en
    drawn = Sheet(
        thing, system, hand, kept, random.random() < system.bare, family.series != ("", "") and random.random() < 0.6, system.limit,
        not chinese and random.random() < system.shouts, gap, random.choice(("×", "*", "-", "/", " ")),
        system.bare == 0 and random.random() < 0.6,
        maker=maker, reference=thing.reference,
    )  # fmt: skip
    drawn.spell()
    if not set(family.varies) <= drawn.shown and not (kept["reference"] or kept["gtin"]):
        kept["model"], drawn.model_is_reference = True, False
        drawn.spell()
    if not (kept["maker"] or kept["reference"] or kept["gtin"] or kept["registration"]):
        kept["maker"] = True
    return drawn


_ROLE_KIND = {"finished": "finished", "component": "component", "raw": "raw", "packaging": "component"}


def body(random: Random, drawn: Sheet) -> Body:
    """The record that comes of it: the members of Item, but for those of the document that brings it."""
    thing, kept = drawn.thing, drawn.kept
    family = thing.family
    number = "".join(digits(random, 1) if character == "#" else character for character in drawn.system.number)
    counted = thing.levels[drawn.level] if drawn.level >= 0 else (0, family.unit, 1)
    made: Body = {"number": number, "name": drawn.name, "kind": _ROLE_KIND[family.product.kind], "base_unit": counted[1]}
    if not drawn.hand.chinese and random.random() < 0.12 and drawn.system.chinese > 0.3 and drawn.level < 0:
        made["name_zh"] = family.product.zh
    if kept["maker"]:
        made["manufacturer"] = drawn.maker
    if kept["reference"]:
        made["manufacturer_item"] = drawn.reference
    if kept["model"]:
        made["model"] = drawn.model
    if kept["registration"]:
        made["registration_number"] = family.registration
    if kept["gtin"]:
        gtin = gtin14(counted[0], thing.inner)
        made["gtin"] = gtin if gtin[0] != "0" or random.random() < 0.5 else gtin[1:]
    if kept["levels"]:
        made["trade_items"] = [
            {"gtin": gtin14(indicator, thing.inner), "unit": unit, "quantity": str(quantity)} for indicator, unit, quantity in thing.levels
        ]
    if kept["shelf"] and family.shelf_days:
        made["shelf_life_days"] = family.shelf_days
    if family.product.kind != "finished":
        made["lot_controlled"] = family.product.kind == "raw" or random.random() < 0.7
    return made
