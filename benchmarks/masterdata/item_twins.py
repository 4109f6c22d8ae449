"""Second records of an item, as they come about: words in another order, other units, another language, a number typed as it is spoken.

What comes out is planted only if a careful person could tell: the two share a number that is one item's own, or both say who makes it and
every measure in which the family differs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

from benchmarks.masterdata.item_records import Sheet, Thing, body, sheet
from benchmarks.masterdata.planting import Body
from benchmarks.masterdata.slips import full_width, mistyped, traditional
from benchmarks.masterdata.vocabulary import Weighted, load, spaced

OLD_LIMIT = 40
"""Characters of a name in an old ERP; Chinese characters take two."""

Kind = Callable[[Random, Sheet], bool]
"""Changes a sheet, and says whether it found anything to change."""


def _spelled_anew(drawn: Sheet) -> bool:
    before = (drawn.name, drawn.model)
    drawn.spell()
    return before[0] != drawn.name or (drawn.kept["model"] and before[1] != drawn.model)


def word_order(random: Random, drawn: Sheet) -> bool:
    """The words of the name in another order."""
    drawn.shuffled = random.randint(1, 10**6)
    return _spelled_anew(drawn)


@cache
def _short() -> dict[str, tuple[str, ...]]:
    return {word: tuple(spaced(other) for other in others.split()) or ("",) for word, others in load("products")["short_words"].items()}


def abbreviated(random: Random, drawn: Sheet) -> bool:
    """Words of the name in short, one or as many as there are."""
    before = drawn.name
    for word in sorted(_short(), key=len, reverse=True):
        if (drawn.name != before) and random.random() < 0.4:
            continue
        other = random.choice(_short()[word])
        for spelled, put in ((word, other), (word.upper(), other.upper())):
            # "sterile" stands in "non-sterile" too, and "left" is a side: short words replace whole ones.
            drawn.name = _whole(drawn.name, spelled, put)
    return drawn.name != before


def _whole(text: str, word: str, other: str) -> str:
    place = text.find(word)
    while place >= 0:
        end = place + len(word)
        before, after = text[place - 1 : place], text[end : end + 1]
        if not word.isascii() or not (before.isalpha() or before == "-" or after.isalpha()):
            return text[:place] + other + text[end:]
        place = text.find(word, place + 1)
    return text


def decimal_comma(random: Random, drawn: Sheet) -> bool:
    """3,5 for 3.5."""
    drawn.hand.comma = True
    return _spelled_anew(drawn)


def units(random: Random, drawn: Sheet) -> bool:
    """3.2 cm for 32 mm, litres for millilitres, a French size in millimetres."""
    drawn.hand.unit = {"mm": random.choice(("cm", "m")), "cm": "mm", "m": random.choice(("mm", "cm"))}[drawn.hand.unit]
    if "f" in drawn.thing.values and random.random() < 0.6:
        drawn.hand.french_as_mm = True
    return _spelled_anew(drawn)


def other_language(random: Random, drawn: Sheet) -> bool:
    """The name in the other language."""
    drawn.hand.chinese = not drawn.hand.chinese
    drawn.gap = random.choice(("", " ", "/")) if drawn.hand.chinese else random.choice((" ", ", "))
    drawn.shouts = drawn.shouts and not drawn.hand.chinese
    return _spelled_anew(drawn)


def reference_form(random: Random, drawn: Sheet) -> bool:
    """The maker's number without its hyphens and points, with blanks for them, or with some of its own."""
    before = drawn.reference
    bare = "".join(character for character in before if character.isalnum())
    forms = {bare, before.replace("-", " ").replace(".", " ").replace("/", " "), before.replace(".", "-").replace("/", "-"), before.lower()}
    forms |= {f"{bare[:3]}-{bare[3:]}", f"{bare[:2]} {bare[2:5]} {bare[5:]}", f"REF {before}"}
    drawn.reference = random.choice(sorted(forms - {before}))
    drawn.kept["reference"] = True
    drawn.spell()
    return True


def letter_o(random: Random, drawn: Sheet) -> bool:
    """O typed for 0, I for 1, in the maker's number."""
    before = drawn.reference
    letter, digit = random.choice((("O", "0"), ("O", "0"), ("I", "1"), ("l", "1")))
    places = [place for place, character in enumerate(before) if character == digit]
    if not places:
        return False
    for place in places if random.random() < 0.5 else [random.choice(places)]:
        drawn.reference = drawn.reference[:place] + letter + drawn.reference[place + 1 :]
    drawn.kept["reference"] = True
    drawn.spell()
    return True


def fewer_members(random: Random, drawn: Sheet) -> bool:
    """A system that keeps little besides the name."""
    stated = [member for member, kept in drawn.kept.items() if kept]
    if len(stated) < 2:
        return False
    for member in random.sample(stated, len(stated) - 1):
        drawn.kept[member] = False
    if not drawn.kept["gtin"]:
        drawn.kept["levels"] = False
    drawn.spell()
    return True


def truncated(random: Random, drawn: Sheet) -> bool:
    """Cut after 40 characters (20 Chinese ones) as old ERPs do, in capitals."""
    name = drawn.name.upper()
    room, cut = OLD_LIMIT, ""
    for character in name:
        room -= 1 if character.isascii() else 2
        if room < 0:
            break
        cut += character
    if cut == name:
        return False
    drawn.name = cut.rstrip()
    drawn.shown = frozenset(key for key in drawn.shown if drawn.kept["model"] and not drawn.model_is_reference)
    return True


def typed_anew(random: Random, drawn: Sheet) -> bool:
    """A slip of the finger in the words of the name, never in a measure."""
    before = drawn.name
    title = drawn.thing.family.product.zh if drawn.hand.chinese else drawn.thing.family.product.en
    for spelled in (title, title.upper()):
        drawn.name = drawn.name.replace(spelled, mistyped(random, spelled), 1)
    return drawn.name != before


def full_widths(random: Random, drawn: Sheet) -> bool:
    """Letters and digits as wide as Chinese characters."""
    if not drawn.hand.chinese:
        return False
    before = drawn.name
    drawn.name = full_width(drawn.name)
    if random.random() < 0.4:
        drawn.model = full_width(drawn.model)
    return drawn.name != before


def traditional_characters(random: Random, drawn: Sheet) -> bool:
    """Written in Hong Kong or Taiwan."""
    before, drawn.name = drawn.name, traditional(drawn.name)
    return drawn.name != before


def other_level(random: Random, drawn: Sheet) -> bool:
    """The system counts boxes: another GTIN of the same inner digits, and a name that says so."""
    levels = drawn.thing.levels
    if not levels:
        return False
    drawn.level = random.randrange(len(levels))
    _, unit, quantity = levels[drawn.level]
    drawn.kept["gtin"], drawn.kept["levels"] = True, False
    word = {"BX": "盒", "CS": "箱"}[unit] if drawn.hand.chinese else {"BX": "box", "CS": "case"}[unit]
    drawn.name += f"{'' if drawn.hand.chinese else ' '}{quantity}/{word}"
    return True


def maker_name(random: Random, drawn: Sheet) -> bool:
    """The maker by his brand, or in the other language."""
    maker = drawn.thing.family.maker
    others = [maker.brand, maker.en.upper(), maker.zh.removesuffix("有限公司"), maker.zh, maker.en]
    drawn.maker = random.choice([other for other in others if other and other != drawn.maker])
    drawn.kept["maker"] = True
    return True


def measures_moved(random: Random, drawn: Sheet) -> bool:
    """Measures in the model instead of the name, or in the name where the model had them."""
    drawn.bare = not drawn.bare
    drawn.kept["model"], drawn.model_is_reference = drawn.bare, False
    return _spelled_anew(drawn)


PIECES: dict[str, tuple[float, Kind]] = {
    "word_order": (14, word_order), "decimal_comma": (7, decimal_comma), "units": (9, units), "other_language": (10, other_language),
    "reference_form": (11, reference_form), "letter_o": (7, letter_o), "fewer_members": (8, fewer_members), "maker_name": (8, maker_name),
    "measures_moved": (6, measures_moved),
}  # fmt: skip
LETTERS: dict[str, tuple[float, Kind]] = {
    "abbreviated": (14, abbreviated), "typed_anew": (11, typed_anew), "full_width": (6, full_widths),
    "traditional": (4, traditional_characters), "truncated": (10, truncated), "other_level": (5, other_level),
}  # fmt: skip
KINDS = {**PIECES, **LETTERS}
_LAST = ("abbreviated", "typed_anew", "other_level", "truncated", "traditional", "full_width")
_LATER = {kind: place for place, kind in enumerate((*PIECES, *_LAST))}
"""The order in which kinds are done: what spells the name anew comes first, or it would mend what the others did."""
_DRAW = Weighted([(weight, kind) for kind, (weight, _) in KINDS.items()])


def twin(random: Random, thing: Thing, first: Sheet, first_body: Body) -> tuple[Body, tuple[str, ...]] | None:
    """Another record of the item and what was done to it; None where eight trials gave none that a person could tell."""
    for _ in range(8):
        wanted = list(dict.fromkeys(_DRAW.draw(random) for _ in range(random.choice((1, 1, 2, 2, 2, 3)))))
        # A site writes most of its items in one language, in whatever system.
        chinese = first.hand.chinese if random.random() < 0.6 else None
        drawn = sheet(random, thing, chinese)
        done = [kind for kind in sorted(wanted, key=_LATER.__getitem__) if KINDS[kind][1](random, drawn)]
        if not done:
            continue
        second = body(random, drawn)
        kinds = _told(first, first_body, drawn, [kind for kind in wanted if kind in done])
        if kinds and can_be_told(first, first_body, drawn, second):
            return second, kinds
    return None


def _told(first: Sheet, one: Body, second: Sheet, done: list[str]) -> tuple[str, ...]:
    """Of what was done, that which the two records show."""
    numbered = "manufacturer_item" in one or ("model" in one and first.model_is_reference)
    shown = {"reference_form": numbered, "letter_o": numbered, "maker_name": "manufacturer" in one, "other_language": False}
    kinds = [kind for kind in done if shown.get(kind, True)]
    if first.hand.chinese != second.hand.chinese:
        kinds.insert(0 if "other_language" in done else len(kinds), "other_language")
    return tuple(kinds)


def can_be_told(first: Sheet, one: Body, second: Sheet, other: Body) -> bool:
    """Whether a careful person with both records would say that they are one item, and which of its family."""
    if "gtin" in one and "gtin" in other:
        return True
    maker = "manufacturer" in one and "manufacturer" in other
    series = first.series and second.series
    registration = one.get("registration_number", "") == other.get("registration_number", "-")
    if "manufacturer_item" in one and "manufacturer_item" in other:
        # A number of eight characters beside a like name is proof enough; a shorter one wants its maker.
        return maker or series or registration or len(first.thing.reference) >= 8
    varies = set(first.thing.family.varies)
    if second.level >= 0 or not varies <= first.shown or not varies <= second.shown:
        return False
    # In two languages there must be more than the measures to go by.
    return (maker or series or registration) and (first.hand.chinese == second.hand.chinese or maker + series + registration > 1)
