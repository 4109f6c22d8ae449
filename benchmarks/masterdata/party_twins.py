"""Second records of a party, as they come about: somebody else types it, another system keeps less, the party moves.

Each kind changes what a clerk is about to write (`Sheet`) before it is written. What comes out is planted only if a careful person with
both records before him could tell that they are one: `proof` adds up what the two still share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from benchmarks.masterdata.numbers import old_tax_number
from benchmarks.masterdata.party_names import NARROW, NOTHING, WIDE, Name
from benchmarks.masterdata.party_places import chinese_address, western_address
from benchmarks.masterdata.party_records import Party, Sheet, body, sheet, without_place
from benchmarks.masterdata.planting import Body
from benchmarks.masterdata.slips import full_width, is_chinese, mistyped, sounding_alike, spelled, traditional
from benchmarks.masterdata.vocabulary import Weighted, Word, cities, load, spaced, towns

EXACT, SAME, NEAR, ENGLISH, PINYIN, SHORT = 3.0, 2.2, 1.6, 1.3, 1.0, 0.8
"""What a name proves: letter by letter; in other words for the form; with a slip or without its city; translated; by sound; shortened."""
ENOUGH, ENOUGH_AMONG_NEIGHBOURS = 3.0, 3.6


@dataclass(slots=True)
class Changed:
    """A sheet in work, and how much its name still says."""

    sheet: Sheet
    name: float = EXACT
    near_tax: bool = False
    placed: bool = True
    """Whether the name says the place that its party's name says."""

    def at_most(self, name: float) -> bool:
        """The name proves no more than this."""
        self.name = min(self.name, name)
        return True


Kind = Callable[[Random, Changed], bool]
"""Changes a sheet, and says whether it found anything to change."""


@cache
def _variants(key: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for word, others in load("party_words")[key].items():
        found[word] = tuple("" if other == "-" else spaced(other) for other in others.split())
    return found


def typed_anew(random: Random, changed: Changed) -> bool:
    """A slip of the finger in the name."""
    drawn = changed.sheet
    before = (drawn.zh, drawn.latin)
    if drawn.zh:
        drawn.zh = mistyped(random, drawn.zh)
    else:
        drawn.latin = mistyped(random, drawn.latin)
    return before != (drawn.zh, drawn.latin) and changed.at_most(NEAR)


def homophone(random: Random, changed: Changed) -> bool:
    """The wrong character of the input method's list, once or twice."""
    drawn = changed.sheet
    before = drawn.zh
    for _ in range(1 if random.random() < 0.8 else 2):
        drawn.zh = sounding_alike(random, drawn.zh)
    return before != drawn.zh and changed.at_most(NEAR)


def traditional_characters(random: Random, changed: Changed) -> bool:
    """Written in Hong Kong or Taiwan."""
    before, changed.sheet.zh = changed.sheet.zh, traditional(changed.sheet.zh)
    return before != changed.sheet.zh and changed.at_most(SAME)


def full_widths(random: Random, changed: Changed) -> bool:
    """Latin letters of the name and digits of the address as wide as Chinese characters."""
    drawn = changed.sheet
    if not drawn.party.chinese:
        return False
    drawn.wide = True
    if drawn.latin:
        drawn.latin = full_width(drawn.latin)
    return drawn.latin != "" or drawn.kept["address"]


def spelling(random: Random, changed: Changed) -> bool:
    """Without umlauts and accents."""
    before, changed.sheet.latin = changed.sheet.latin, spelled(random, changed.sheet.latin)
    return before != changed.sheet.latin and changed.at_most(SAME)


def _in(name: Name, chinese: bool, piece: str, text: str) -> Name:
    word: Word = getattr(name, piece)
    # Pinyin has no words of its own for what is shortened: it loses what the Chinese loses.
    word = word._replace(zh=text, pinyin=word.pinyin if text else "") if chinese else word._replace(en=text)
    return replace(name, trade=word) if piece == "trade" else replace(name, form=word)


def abbreviated(random: Random, changed: Changed) -> bool:
    """The trade in short, or left out with the form as in speech."""
    drawn = changed.sheet
    chinese = is_chinese(drawn.zh)
    trade = drawn.name.trade.zh if chinese else drawn.name.trade.en
    short = _variants("short_words").get(trade, ())
    if not short and not chinese:
        long = next((word for word in _variants("short_words") if word in trade), "")
        short = tuple(trade.replace(long, one) for one in _variants("short_words")[long]) if long else ()
    if not drawn.name.form.zh and not short:
        return False
    if short and (random.random() < 0.75 or not drawn.name.form.zh):
        drawn.name = _in(drawn.name, chinese, "trade", random.choice(short))
        if random.random() < 0.35:
            drawn.name = _in(drawn.name, chinese, "form", "")
    elif drawn.name.brand.zh and drawn.name.branch is NOTHING:
        drawn.name = _in(_in(drawn.name, chinese, "form", ""), chinese, "trade", "")
    else:
        return False
    drawn.spell()
    return changed.at_most(SHORT if drawn.name.form.zh == "" or not short else 1.2)


def legal_form(random: Random, changed: Changed) -> bool:
    """The legal form in other words, or left out."""
    drawn = changed.sheet
    chinese = is_chinese(drawn.zh)
    before = drawn.name.form.zh if chinese else drawn.name.form.en
    others = [other for other in _variants("form_variants").get(before, ()) if other != before]
    if not others:
        return False
    drawn.name = _in(drawn.name, chinese, "form", random.choice(others))
    drawn.spell()
    return changed.at_most(SAME)


def city(random: Random, changed: Changed) -> bool:
    """The city added, left out, with or without 市, or with its province before it."""
    drawn = changed.sheet
    name, home = drawn.name, drawn.party.address.city
    if not drawn.party.chinese:
        return _town(random, changed)
    if drawn.zh == "":
        return False
    if without_place(name):
        drawn.name = replace(name, place=home, order="front")
        changed.at_most(SAME)
    elif random.random() < 0.4 and name.brand.zh and not changed.sheet.party.family:
        drawn.name = replace(name, place=NOTHING)
        changed.placed = False
        changed.at_most(NEAR)
    elif name.order != "front":
        return False
    elif random.random() < 0.5 and drawn.party.address.province.zh != home.zh and name.place.zh.startswith(home.zh):
        province = drawn.party.address.province
        drawn.name = replace(name, place=name.place._replace(zh=province.zh + random.choice(("", "省")) + name.place.zh))
        changed.at_most(SAME)
    elif name.place.zh == home.zh + "市":
        drawn.name = replace(name, place=home)
        changed.at_most(SAME)
    elif name.place.zh == home.zh:
        drawn.name = replace(name, place=home._replace(zh=home.zh + "市"))
        changed.at_most(SAME)
    elif name.place.zh.startswith(home.zh + "市"):
        drawn.name = replace(name, place=name.place._replace(zh=name.place.zh[len(home.zh) + 1 :]))
        changed.at_most(NEAR)
    else:
        return False
    drawn.spell()
    return True


def _town(random: Random, changed: Changed) -> bool:
    drawn = changed.sheet
    name = drawn.name
    if without_place(name):
        if name.form is NOTHING:
            return False
        drawn.name = replace(name, place=drawn.party.address.city, order=random.choice(("behind", "plain")))
    elif name.order == "plain" and name.form.en == "":
        drawn.name = replace(name, order="front", trade=Word(*(word.rstrip(",") for word in name.trade)))
    elif name.order == "behind":
        drawn.name = replace(name, place=NOTHING)
        changed.placed = False
    else:
        return False
    drawn.spell()
    return changed.at_most(SAME)


def brackets(random: Random, changed: Changed) -> bool:
    """The place moved out of or into brackets, brackets of another width or left out."""
    drawn = changed.sheet
    if not drawn.zh or not drawn.name.place.zh or not drawn.name.brand.zh or drawn.name.form is NOTHING:
        return False
    if drawn.name.order == "front":
        orders = ["brackets", "behind"]
        drawn.brackets = random.choice((WIDE, NARROW))
    elif random.random() < 0.5:
        orders = ["front", "behind" if drawn.name.order == "brackets" else "brackets"]
    else:
        orders = [drawn.name.order]
        drawn.brackets = random.choice([other for other in (WIDE, NARROW, "", "[]", "〔〕") if other != drawn.brackets])
    drawn.name = replace(drawn.name, order=random.choice(orders))
    drawn.spell()
    return changed.at_most(SAME)


def other_script(random: Random, changed: Changed) -> bool:
    """English or pinyin in place of the Chinese name, or the other way round."""
    drawn = changed.sheet
    if not drawn.party.chinese or drawn.script == "both":
        return False
    drawn.script = "zh" if drawn.script != "zh" else "en" if random.random() < 0.6 else "pinyin"
    drawn.zh = drawn.latin = ""
    drawn.spell()
    return True


def moved(random: Random, changed: Changed) -> bool:
    """Another address: the party moved, or somebody stated where it is registered."""
    drawn = changed.sheet
    home = drawn.party.address.city
    if drawn.party.chinese:
        there = next(one for one in cities().things if one.zh == home.zh)
        drawn.address = chinese_address(random, there)
    else:
        drawn.address = western_address(random, next(one for one in towns().things if one.name == home.en))
    drawn.kept["address"] = True
    return True


def other_phone(random: Random, changed: Changed) -> bool:
    """The number of another department, or another number altogether."""
    drawn = changed.sheet
    drawn.phone = drawn.phone.another_department(random)
    drawn.kept["phone"] = True
    return True


def tax_number(random: Random, changed: Changed) -> bool:
    """The number of before 2015, written otherwise, or with a digit off."""
    drawn = changed.sheet
    tax, draw = drawn.tax, random.random()
    if not tax:
        return False
    if drawn.party.chinese and draw < 0.45:
        drawn.tax = old_tax_number(tax)
    elif not drawn.party.chinese and draw < 0.45:
        drawn.tax = tax.replace("-", "").replace(".", "") if "-" in tax else tax[2:] if draw < 0.2 else f"{tax[:2]} {tax[2:]}"
    else:
        places = [place for place in range(2, len(tax) - 1) if tax[place].isdigit() and tax[place + 1].isdigit()]
        place = random.choice(places)
        if tax[place] != tax[place + 1] and random.random() < 0.5:
            drawn.tax = tax[:place] + tax[place + 1] + tax[place] + tax[place + 2 :]
        else:
            drawn.tax = tax[:place] + random.choice([d for d in "0123456789" if d != tax[place]]) + tax[place + 1 :]
        changed.near_tax = True
    drawn.kept["tax"] = True
    return True


def fewer_members(random: Random, changed: Changed) -> bool:
    """A system that keeps little besides the name."""
    kept = changed.sheet.kept
    stated = [member for member, is_kept in kept.items() if is_kept and member != "country"]
    if len(stated) < 3:
        return False
    for member in random.sample(stated, len(stated) - random.choice((1, 2))):
        kept[member] = False
    return True


def other_role(random: Random, changed: Changed) -> bool:
    """Who sells to us and buys from us is a supplier in one system and a customer in the other."""
    role = changed.sheet.role
    changed.sheet.role = {"supplier": "customer", "customer": "supplier"}.get(role, role)
    return changed.sheet.role != role


def truncated(random: Random, changed: Changed) -> bool:
    """Cut at the 35 characters that an old file has room for."""
    drawn = changed.sheet
    if len(drawn.latin) <= 36:
        return False
    drawn.latin = drawn.latin[:35].rstrip()
    return changed.at_most(NEAR)


PIECES: dict[str, tuple[float, Kind]] = {
    "abbreviated": (12, abbreviated), "legal_form": (14, legal_form), "city": (12, city), "brackets": (9, brackets),
    "other_script": (8, other_script), "moved": (8, moved), "other_phone": (8, other_phone), "tax_number": (8, tax_number),
    "fewer_members": (10, fewer_members), "other_role": (3, other_role),
}  # fmt: skip
LETTERS: dict[str, tuple[float, Kind]] = {
    "typed_anew": (17, typed_anew), "homophone": (10, homophone), "traditional": (6, traditional_characters),
    "full_width": (8, full_widths), "spelling": (8, spelling), "truncated": (3, truncated),
}  # fmt: skip
KINDS = {**PIECES, **LETTERS}
EASY = frozenset({"moved", "other_phone", "tax_number", "fewer_members", "other_role", "full_width"})
"""Kinds that leave the name as it is: most of them come with another that does not, or names alone would find them."""
_DRAW = Weighted([(weight, kind) for kind, (weight, _) in KINDS.items()])
_NAMES = Weighted([(weight, kind) for kind, (weight, _) in KINDS.items() if kind not in EASY])


def twin(random: Random, party: Party, first: Body) -> tuple[Body, tuple[str, ...]] | None:
    """Another record of the party and what was done to it; None where six trials gave none that a person could tell."""
    for _ in range(6):
        wanted = list(dict.fromkeys(_DRAW.draw(random) for _ in range(random.choice((1, 1, 1, 2, 2, 2, 3, 3)))))
        changed = Changed(sheet(random, party))
        if wanted[0] in EASY and random.random() < 0.75:
            wanted.append(_NAMES.draw(random))
        # Pieces of the name are changed before letters, or putting them together anew would mend the letters.
        done = [kind for kind in sorted(dict.fromkeys(wanted), key=lambda kind: kind in LETTERS) if KINDS[kind][1](random, changed)]
        if not done:
            continue
        if changed.sheet.system.name != "warehouse" and random.random() < 0.05 and changed.sheet.zh:
            changed.sheet.zh += random.choice((" ", " ", "。", f"{WIDE[0]}新{WIDE[1]}", "*"))
        second = body(random, changed.sheet)
        kinds = _told(first, second, [kind for kind in dict.fromkeys(wanted) if kind in done])
        if kinds and proof(party, first, second, changed) >= (ENOUGH_AMONG_NEIGHBOURS if party.family else ENOUGH):
            return second, kinds
    return None


_CONCERNS = {"moved": "address", "other_phone": "phone"}


def _scripts(one: Body) -> set[bool]:
    """Whether its names are in Chinese, in Latin letters, or in both."""
    return {is_chinese(name) for name in (one["name"], one.get("name_zh", "")) if name}


def _told(first: Body, second: Body, done: list[str]) -> tuple[str, ...]:
    """Of what was done, that which the two records show; nothing where a wrong tax number would stand beside none."""
    if "tax_number" in done and "tax_number" not in first:
        return ()
    kinds = [kind for kind in done if kind != "other_script" and (kind not in _CONCERNS or _CONCERNS[kind] in first)]
    if not _scripts(first) & _scripts(second):
        kinds.insert(0 if "other_script" in done else len(kinds), "other_script")
    return tuple(kinds)


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def proof(party: Party, first: Body, second: Body, changed: Changed) -> float:
    """What two records share, in points: a number that is one party's own gives as much as the whole name."""
    points = _name_proof(party, first, second, changed)
    one, other = first.get("tax_number", ""), second.get("tax_number", "")
    if one and other and "tax" not in party.shares:
        if changed.near_tax:
            points += 1.5
        elif _digits(one) in _digits(other) or _digits(other) in _digits(one):
            points += 3
        else:
            points += 2.5
    for member in ("gln", "licence"):
        if first.get(member) and first.get(member) == second.get(member):
            points += 3
    if "phone" not in party.shares and first.get("phone") and second.get("phone"):
        points += 1.2 if changed.sheet.phone == party.phone else 0.4
    if "address" not in party.shares and first.get("address") and second.get("address") and changed.sheet.address == party.address:
        points += 1.5
    if first.get("postal_code") and first.get("postal_code") == second.get("postal_code"):
        points += 0.3
    if first.get("city") and second.get("city"):
        points += 0.3
    return points


def _name_proof(party: Party, first: Body, second: Body, changed: Changed) -> float:
    both = _scripts(first) & _scripts(second)
    proven = changed.name
    if not both:
        proven = min(proven, PINYIN if changed.sheet.script == "pinyin" else ENGLISH)
    elif both == {False} and party.chinese:
        # Two Latin names of a Chinese party: one may be English and the other pinyin.
        proven = min(proven, NEAR)
    if party.family and proven < SAME:
        return min(proven, 0.6)
    if proven == EXACT and without_place(party.name):
        # Nobody registers one name twice in one town; the same words without a town may be anybody's.
        proven = SAME
    return proven
