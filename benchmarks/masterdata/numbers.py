"""Numbers that identify parties and items, drawn with right check characters.

Sources: GB 32100-2015 (统一社会信用代码) and GB 11714-1997 (组织机构代码); the national rules of VAT numbers as VIES states them; the GS1
check digit is that of `data_contracts.identifiers.check_digit`.
"""

from __future__ import annotations

from random import Random

from data_contracts.identifiers.check_digit import check_digit

_ORGANISATION = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_VALUE = {character: value for value, character in enumerate(_CREDIT)}
_CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def digits(random: Random, count: int) -> str:
    """So many digits."""
    return f"{random.randrange(10**count):0{count}d}"


def organisation_code(random: Random) -> str:
    """Nine characters that name a Chinese organisation, the last of them the check character (modulus 11)."""
    body = random.choice(("5", "6", "7", "3", "0", "MA1", "MA2", "MA3", "MA6"))
    body += random.choice(_CREDIT[10:]) if len(body) == 3 else ""
    body += digits(random, 8 - len(body))
    total = sum(_ORGANISATION.index(character) * weight for character, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    return body + "0123456789X0"[11 - total % 11]


def credit_code(random: Random, division: str, public: bool = False) -> str:
    """A unified social credit code of an enterprise (91) or a public institution (12) of that division (four digits)."""
    body = ("12" if public else "91") + division + f"{random.choice((0, 0, 1, 2, 4, 5, 6, 81, 82, 83)):02d}" + organisation_code(random)
    return body + credit_check(body)


def credit_check(body: str) -> str:
    """The last character of a unified social credit code, from the 17 before it (modulus 31)."""
    total = sum(_CREDIT_VALUE[character] * weight for character, weight in zip(body, _CREDIT_WEIGHTS, strict=True))
    return _CREDIT[-total % 31]


def old_tax_number(credit: str) -> str:
    """The 15 characters that the same taxpayer had until 2015: division and organisation code."""
    return credit[2:17]


def gln(random: Random, prefix: str) -> str:
    """A GLN of a company prefix."""
    body = prefix + digits(random, 12 - len(prefix))
    return body + check_digit(body)


def gtin14(indicator: int, inner: str) -> str:
    """The GTIN-14 of a packaging level: indicator, twelve digits that all levels share, check digit."""
    body = f"{indicator}{inner}"
    return body + check_digit(body)


def luhn(body: str) -> str:
    """The check digit of ISO/IEC 7812."""
    total = 0
    for place, character in enumerate(reversed(body)):
        value = int(character) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _sum(body: str, weights: tuple[int, ...]) -> int:
    return sum(int(character) * weight for character, weight in zip(body, weights, strict=True))


def _german(body: str) -> str:
    product = 10
    for character in body:
        value = (int(character) + product) % 10 or 10
        product = 2 * value % 11
    return str((11 - product) % 10)


def vat(random: Random, country: str) -> str:
    """A value added tax number of a European country, or an employer number of the United States."""
    while True:
        if made := _vat(random, country):
            return made


def _vat(random: Random, country: str) -> str | None:
    """One trial: some countries give no number whose check digit would be ten."""
    first = str(random.randint(1, 9))
    seven, eight = first + digits(random, 6), first + digits(random, 7)
    made: str | None = None
    if country == "DE":
        made = "DE" + eight + _german(eight)
    elif country == "AT":
        total = sum(int(c) if place % 2 == 0 else int(c) // 5 + int(c) * 2 % 10 for place, c in enumerate(seven))
        made = f"ATU{seven}{(96 - total) % 10}"
    elif country == "CH":
        check = (11 - _sum(eight, (5, 4, 3, 2, 7, 6, 5, 4))) % 11
        made = f"CHE-{eight[:3]}.{eight[3:6]}.{eight[6:]}{check} MWST" if check < 10 else None
    elif country == "NL":
        check = _sum(eight, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
        made = f"NL{eight}{check}B01" if check < 10 else None
    elif country == "BE":
        body = f"0{seven}"
        made = f"BE{body}{97 - int(body) % 97:02d}"
    elif country == "FR":
        siren = eight + luhn(eight)
        made = f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"
    elif country == "IT":
        body = f"0{first}{digits(random, 5)}{random.randint(1, 100):03d}"
        made = "IT" + body + luhn(body)
    elif country == "ES":
        made = "ES" + random.choice("AB") + seven + luhn(seven)
    elif country == "PL":
        body = first + digits(random, 8)
        check = _sum(body, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11
        made = f"PL{body}{check}" if check < 10 else None
    elif country == "SE":
        body = "55" + seven
        made = f"SE{body}{luhn(body)}01"
    elif country == "DK":
        check = -_sum(seven, (2, 7, 6, 5, 4, 3, 2)) % 11
        made = f"DK{seven}{check}" if check < 10 else None
    elif country == "FI":
        check = -_sum(seven, (7, 9, 10, 5, 8, 4, 2)) % 11
        made = f"FI{seven}{check}" if check < 10 else None
    elif country == "GB":
        made = f"GB{seven}{97 - _sum(seven, (8, 7, 6, 5, 4, 3, 2)) % 97:02d}"
    elif country == "IE":
        made = f"IE{seven}{'WABCDEFGHIJKLMNOPQRSTUV'[_sum(seven, (8, 7, 6, 5, 4, 3, 2)) % 23]}"
    elif country == "US":
        made = f"{random.choice((13, 20, 26, 27, 35, 36, 41, 45, 46, 62, 74, 81, 82, 94, 95))}-{digits(random, 7)}"
    return made
