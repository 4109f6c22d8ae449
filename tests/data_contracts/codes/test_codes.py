"""Units, currencies and countries: the lists load, no spelling means two things."""

from __future__ import annotations

import pytest

from data_contracts import codes


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("EA", "EA"),
        ("pce", "EA"),
        ("PC", "EA"),
        ("个", "EA"),
        ("盒", "BX"),
        ("箱", "CS"),
        ("CA", "CS"),
        ("KGM", "KG"),
        ("MTR", "M"),
        (" LTR ", "L"),
        ("SET", "SET"),
    ],
)
def test_spellings(spelling: str, code: str) -> None:
    found = codes.unit(spelling)
    assert found is not None
    assert found.code == code


def test_what_is_no_unit() -> None:
    assert codes.unit("ZZZ") is None
    assert codes.unit("") is None
    assert codes.unit("ST") is None, "set, sheet or Stück: nobody can tell"


def test_countable() -> None:
    assert {code for code in ("EA", "CS", "SET", "KG", "M", "L", "HR") if (found := codes.unit(code)) and found.countable} == {
        "EA",
        "CS",
        "SET",
    }
    assert {found.dimension for found in codes.units().values()} == {
        *("count", "package", "mass", "length", "volume", "area", "time", "temperature", "ratio")
    }


def test_currencies() -> None:
    assert codes.is_currency("CNY")
    assert codes.is_currency("EUR")
    assert not codes.is_currency("eur")
    assert not codes.is_currency("RMB")
    assert [codes.currencies()[code].digits for code in ("JPY", "EUR", "KWD", "XAU")] == [0, 2, 3, None]
    assert {"840", "978", "156"} <= codes.currency_numbers()
    assert all(len(number) == 3 and number.isdigit() for number in codes.currency_numbers())


def test_countries() -> None:
    assert len(codes.countries()) == 249
    assert codes.is_country("NO")
    assert not codes.is_country("UK")
    assert "156" in codes.country_numbers()
