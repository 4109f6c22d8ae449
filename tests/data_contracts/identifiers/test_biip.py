"""The second opinion: what biip says of the same text, and why it says something else where it does.

`DIFFERENCES` is the table. Every disagreement must be one of its rows, and every row must be met, so that none outlives its reason.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementStrings
from biip.gs1_messages import GS1Message

from data_contracts.identifiers import bracketed, digital_link, element_string
from data_contracts.identifiers.application_identifiers import ApplicationIdentifier, table
from data_contracts.identifiers.check_digit import check_digit
from data_contracts.identifiers.parsed import ParsedMessage
from tests.effort import examples

Elements = tuple[tuple[str, str], ...]
CASES = examples(6000)


class Opinion(NamedTuple):
    """Both verdicts on one text, each with what it read."""

    kind: str
    text: str
    ours: ParsedMessage
    theirs: Elements | None

    @property
    def rules(self) -> set[str]:
        """What we found, by rule."""
        return {finding.rule for finding in self.ours.findings}

    @property
    def agreed(self) -> bool:
        """Whether both say the same."""
        return self.theirs == (self.ours.elements if self.ours.valid else None)


RULES = {
    "GS1-01": "biip looks at the check digit of GTIN, GLN and SSCC only: not of GRAI, GDTI, GCN, ITIP, GSIN, GSRN, GMN.",
    "GS1-03": "In a Digital Link biip ignores a numeric key that is no AI; GS1 reserves all of them (URI syntax 4.9).",
    "GS1-05": "biip takes any character in the importer index, AI (7040); GS1 has 64 (General Specifications 3.5).",
    "GS1-06": "biip takes day 00 in every date and looks at no time; GS1 allows 00 in six AIs only (General Specifications 3.4).",
    "GS1-07": "biip has no rule on AIs that need another (General Specifications 4.13).",
    "GS1-08": "biip has no rule on AIs that exclude each other (4.14).",
    "GS1-09": "biip takes an AI again with another value (4.15).",
    "GS1-12": "biip has no code lists: countries, currencies, package types, coupons, pieces of a total, percent-encoding.",
    "GS1-13": "biip takes any characters where a company prefix must begin.",
}
"""Rules that biip does not have: both read the same elements, and only we refuse them."""


def by_rules(opinion: Opinion) -> bool:
    return opinion.theirs == opinion.ours.elements and not opinion.ours.valid and opinion.rules <= set(RULES)


DIFFERENCES: dict[str, tuple[str, Callable[[Opinion], bool]]] = {
    "rules": ("A rule of `RULES`.", by_rules),
    "blanks": (
        "biip strips blanks, line ends and separators around a scan, and takes all of them out of brackets, also from inside a value: "
        "(10)A B is lot AB to it. We read a blank as what it is, a character outside set 82; the lenient reading strips, and says so.",
        lambda opinion: (
            opinion.theirs is not None and opinion.kind != "link" and "".join(opinion.text.split()) != opinion.text.replace("\x1d", "")
        ),
    ),
    "separators": (
        "biip skips any number of separators; the General Specifications (7.8.6.3) let a reader tolerate one.",
        lambda opinion: opinion.kind == "message" and "\x1d\x1d" in opinion.text,
    ),
    "separators in brackets": (
        "str.split takes the separator for a blank, so that biip drops it from brackets, which have none.",
        lambda opinion: opinion.kind == "hri" and "\x1d" in opinion.text and opinion.theirs is not None,
    ),
    "missing separator": (
        "biip cuts an AI at its greatest length and goes on with what follows as the next AI, though FNC1 is missing: it guesses. "
        "To us the value is too long, since digits that look like an AI may be the end of a lot number.",
        lambda opinion: opinion.kind == "message" and opinion.theirs is not None and opinion.rules & {"GS1-04", "GS1-05"} != set(),
    ),
    "brackets in values": (
        "The bracketed form writes an opening bracket inside a value as \\(; biip ends the value there.",
        lambda opinion: opinion.kind == "hri" and "\\(" in opinion.text,
    ),
    "text between": (
        "biip searches brackets that hold digits and ignores what does not fit between; we refuse what can't be read whole (GS1-11).",
        lambda opinion: opinion.kind == "hri" and "GS1-11" in opinion.rules,
    ),
    "short GTIN": (
        "biip fills a GTIN of 8, 12 or 13 digits in a link with zeros; GS1 wants 14 (URI syntax 4.4). `short_gtins` is our switch for it.",
        lambda opinion: opinion.kind == "link" and opinion.theirs == digital_link.parse(opinion.text, short_gtins=True).elements,
    ),
    "qualifiers in the query": (
        "biip takes what qualifies the key behind the question mark too; it belongs into the path (URI syntax 4.9).",
        lambda opinion: opinion.kind == "link" and "DLK-03" in opinion.rules,
    ),
    "empty values": (
        "biip passes over an AI without a value in brackets and links; a value must have a character (GS1-04).",
        lambda opinion: opinion.theirs == tuple(element for element in opinion.ours.elements if element[1]) and "GS1-04" in opinion.rules,
    ),
    "characters of links": (
        "biip takes control characters and others that no URI may have (RFC 3986), and drops some of them.",
        lambda opinion: opinion.kind == "link" and "DLK-01" in opinion.rules,
    ),
}


GTIN = "06926365598003"
KNOWN = (
    ("message", "800600614141123459"),
    ("message", f"01{GTIN}422000"),
    ("message", f"01{GTIN}\x1d\x1d10A17"),
    ("message", f"01{GTIN}10A17\n"),
    ("message", f"01{GTIN}422156" + "10A17"),
    ("message", "10A17"),
    ("message", f"01{GTIN}37024"),
    ("message", f"01{GTIN}15261101" + "15261102"),
    ("message", f"01{GTIN}70032611019999"),
    ("message", "8004A69263655"),
    ("message", "704020,%"),
    ("message", "8003006926365598010"),
    ("hri", f"(01) {GTIN}"),
    ("hri", f"(01){GTIN}(10)A\x1d17"),
    ("hri", f"(01){GTIN}(10)A\\(17"),
    ("hri", f"(01){GTIN}(1x)A"),
    ("hri", f"(01){GTIN}(10)"),
    ("link", f"https://example.com/01/{GTIN}?10=A17"),
    ("link", f"https://example.com/01/{GTIN}?07=1"),
    ("link", "https://example.com/01/6926365598003"),
    ("link", f"https://example.com/\x1d/01/{GTIN}"),
)
"""Texts that meet the rows of the tables, so that none depends on chance."""
READERS: dict[str, tuple[Callable[[str], ParsedMessage], Callable[[str], GS1ElementStrings]]] = {
    "message": (element_string.parse, lambda text: GS1Message.parse(text).element_strings),
    "hri": (bracketed.parse, lambda text: GS1Message.parse_hri(text).element_strings),
    "link": (digital_link.parse, lambda text: GS1DigitalLinkURI.parse(text).element_strings),
}


def value(spec: ApplicationIdentifier, generator: random.Random) -> str:
    """A value of about the right form: often right, sometimes not."""
    pieces = []
    for part in spec.parts:
        if part.optional and generator.random() < 0.5:
            break
        alphabet = {"n": "0123456789", "x": "AZaz09-/()%&*?_.,", "y": "AZ09-/#", "z": "AZaz09-_"}[part.kind]
        length = generator.randint(part.minimum, part.maximum)
        piece = "".join(generator.choice(alphabet) for _ in range(length))
        if part.kind == "n" and length == 6 and generator.random() < 0.8:
            piece = f"{generator.randrange(100):02}{generator.randrange(1, 13):02}{generator.randrange(29):02}"
        if part.kind == "n" and length > 11 and generator.random() < 0.8:
            piece = piece[:-1] + check_digit(piece[:-1])
        pieces.append(piece)
    text = "".join(pieces)
    if generator.random() < 0.03:
        text = text[:-1] if generator.random() < 0.5 else text + generator.choice("0A#")
    return text


def messages(generator: random.Random) -> Iterator[Elements]:
    """Elements of labels: mostly a key and what belongs to it, sometimes any AIs."""
    known = table()
    usual = ["10", "11", "17", "21", "240", "30", "3103", "7003", "8012", "422", "15", "37", "90"]
    for _ in range(CASES):
        if generator.random() < 0.7:
            ais = [
                generator.choice(["01", "01", "01", "00", "02", "414", "8003", "8006"]),
                *generator.sample(usual, generator.randrange(4)),
            ]
        else:
            ais = [generator.choice(list(known)) for _ in range(generator.randrange(1, 4))]
        yield tuple((ai, value(known[ai], generator)) for ai in ais)


def bent(text: str, generator: random.Random) -> str:
    """The text, or one that somebody bent a little."""
    change = generator.random()
    place = generator.randrange(len(text))
    if change < 0.03:
        return text.replace("\x1d", "", 1)
    if change < 0.06:
        return text[:place] + generator.choice("\x1d0A(") + text[place + generator.randrange(2) :]
    if change < 0.08:
        return text + generator.choice(["\x1d", "\x1d\x1d", " ", "\n"])
    return text


def read(elements: GS1ElementStrings) -> Elements | None:
    """What biip read; null where it tells an error on an element beside it."""
    if any(element.gtin_error or element.gln_error or element.sscc_error for element in elements):
        return None
    return tuple((element.ai.ai, element.value) for element in elements)


def texts(generator: random.Random) -> Iterator[tuple[str, str]]:
    """Kind and text: the known ones, then the same elements in three writings, some of them bent."""
    yield from KNOWN
    for elements in messages(generator):
        yield "message", bent(element_string.write(elements)[1:], generator)
        yield "hri", bent(bracketed.write(elements), generator)
        try:
            yield "link", bent(digital_link.write(elements, "https://example.com/p"), generator)
        except ValueError:  # no element is the key of a link
            continue


def opinion_on(kind: str, text: str) -> Opinion:
    ours, theirs = READERS[kind]
    try:
        return Opinion(kind, text, ours(text), read(theirs(text)))
    except ParseError:
        return Opinion(kind, text, ours(text), None)


def test_every_difference_is_explained() -> None:
    met: set[str] = set()
    unexplained = []
    for kind, text in texts(random.Random(8)):
        opinion = opinion_on(kind, text)
        if opinion.agreed:
            continue
        reason = next((name for name, (_, test) in DIFFERENCES.items() if test(opinion)), None)
        if reason is None:
            unexplained.append(opinion)
        elif reason == "rules":
            met |= opinion.rules
        else:
            met.add(reason)
    assert unexplained == []
    assert {*DIFFERENCES, *RULES} - met == {"rules"}, "rows that nothing meets any more"
