"""Columns say what the readers of single identifiers say, row by row."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.identifiers import bracketed, columns, element_string, gln, gsin, gsrn, gtin, sscc
from data_contracts.identifiers.check_digit import check_digit
from data_contracts.identifiers.columns import check_digits, gtins, right, udi_columns
from data_contracts.identifiers.udi import identify

TODAY = date(2026, 11, 22)
SINGLE = {"gtin": gtin.parse, "gln": gln.parse, "sscc": sscc.parse, "gsrn": gsrn.parse, "gsin": gsin.parse}
ODD = [
    "",
    " ",
    "0",
    "+6926365598003",
    "-6926365598003",
    "６９２６３６５５９８００３",
    "692636559800X",
    "9" * 19,
    "9" * 40,
    "12345670\n",
    "1_345670",
    None,
]


def keys(generator: random.Random) -> Iterator[str | None]:
    for length in (8, 12, 13, 14, 17, 18, 11, 7):
        for _ in range(20):
            data = "".join(generator.choice("0123456789") for _ in range(length - 1))
            yield data + check_digit(data)
            yield data + generator.choice("0123456789")
    yield from ODD


@pytest.mark.parametrize("kind", SINGLE)
def test_keys(kind: str) -> None:
    texts = list(keys(random.Random(1)))
    assert right(pl.Series(texts), kind).to_list() == [None if text is None else SINGLE[kind](text).valid for text in texts]
    assert right(pl.Series([], dtype=pl.String), kind).to_list() == []


@given(st.lists(st.text("0123456789+- x", max_size=19) | st.none(), max_size=30))
def test_any_texts(texts: list[str | None]) -> None:
    series = pl.Series(texts, dtype=pl.String)
    assert right(series).to_list() == [None if text is None else gtin.parse(text).valid for text in texts]
    assert gtins(series).to_list() == [gtin.normal(text) if text is not None else None for text in texts]
    expected = [int(check_digit(text)) if text and text.isdigit() and len(text) <= 17 else None for text in texts]
    assert check_digits(series).to_list() == expected


class Arrow:
    """A column of another library: all that it shares is Arrow's capsule."""

    def __init__(self, texts: list[str]) -> None:
        self._column = pl.Series(texts)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._column.__arrow_c_stream__(requested_schema)


def test_columns_of_arrow() -> None:
    assert right(Arrow(["6926365598003", "6926365598004"])).to_list() == [True, False]
    assert right(pl.Series(["6926365598003", "x"], dtype=pl.Categorical)).to_list() == [True, False]


FORMS = ("element-string", "hri", "scan")
LAYOUTS = (
    ("01", "11", "17", "10", "21"),
    ("01", "17", "10"),
    ("01", "10", "17"),
    ("01", "21", "8012"),
    ("00",),
    ("02", "37", "10"),
    ("01", "7003", "10"),
    ("414", "254"),
    ("10", "17"),
    ("01", "10", "10"),
    ("01", "3103", "21", "240"),
    ("8006", "21"),
    ("8013",),
)


def value(ai: str, generator: random.Random) -> str:
    def digits(count: int) -> str:
        return "".join(generator.choice("0123456789") for _ in range(count))

    if ai in ("01", "02", "00", "414"):
        data = digits({"00": 17, "414": 12}.get(ai, 13))
        return data + (check_digit(data) if generator.random() < 0.95 else digits(1))
    if ai in ("11", "17"):
        return (
            f"{generator.randrange(100):02}{generator.randrange(0 if generator.random() < 0.05 else 1, 13):02}{generator.randrange(32):02}"
        )
    if ai == "8013":
        return generator.choice(["08717438CreamBased8X", "08717438CreamBased8Y"])
    if ai == "8006":
        data = digits(13)
        return data + check_digit(data) + generator.choice(["0102", "0201"])
    fixed = {"7003": 10, "3103": 6}.get(ai)
    if fixed:
        return digits(fixed)
    if ai == "37":
        return digits(generator.randrange(1, 9))
    return "".join(generator.choice("ABCabc0123456789-/()%*?") for _ in range(generator.choice([1, 5, 20, 20, 21])))


def labels(generator: random.Random, count: int) -> Iterator[str | None]:
    for _ in range(count):
        elements = tuple((ai, value(ai, generator)) for ai in generator.choice(LAYOUTS))
        form = generator.choice(FORMS)
        text = bracketed.write(elements) if form == "hri" else element_string.write(elements)
        if form == "scan":
            text = generator.choice(["]C1", "]d2", "]Q3", "]e0", "]J1", "]d1"]) + text[generator.randrange(2) :]
        elif form == "element-string" and generator.random() < 0.7:
            text = text[1:]
        change = generator.random()
        if change < 0.05:
            place = generator.randrange(len(text))
            text = text[:place] + generator.choice("\x1d^ x0") + text[place + generator.randrange(2) :]
        elif change < 0.1:
            text += generator.choice(["\x1d", "\n", " ", "\x1d\x1d"])
        yield text
    yield from ODD
    yield from (
        "+A99912345/$$52001510X33",
        "+A123BJC5D6E71G",
        "MA.156.M0.100200.53339989",
        "]E06926365598003",
        "]C0+A99912345/$$52001510X33",
    )
    yield from (
        "https://id.gs1.org/01/06926365598003/10/A17?17=280200",
        "urn:epc:id:sscc:0614141.1234567890",
        "]I106926365598003",
        "40170725",
    )


def alone(text: str | None) -> dict[str, Any]:
    if text is None:
        return dict.fromkeys(columns.SCHEMA)
    found = identify(text, today=TODAY)
    told = {name: getattr(found, name, None) or found.pi.get(name) or found.parts.get(name) for name in columns.TEXTS}
    return {**told, "valid": found.valid, "rules": [finding.rule for finding in found.findings]}


@pytest.mark.parametrize("seed", range(3))
def test_labels(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_FEW", 4)
    generator = random.Random(seed)
    texts = list(labels(generator, 700))
    generator.shuffle(texts)
    frame = udi_columns(pl.Series(texts), TODAY)
    assert frame.columns == list(columns.SCHEMA)
    for text, row in zip(texts, frame.to_dicts(), strict=True):
        assert row == alone(text), text


def test_no_labels() -> None:
    assert udi_columns(pl.Series([], dtype=pl.String), TODAY).height == 0
    assert udi_columns(pl.Series([None], dtype=pl.String), TODAY).to_dicts() == [dict.fromkeys(columns.SCHEMA)]
