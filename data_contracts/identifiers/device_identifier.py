"""UDI-DIs as registries, catalogues and documents file them, and the one form by which a device is found however it was written.

A label, a registry and an order state the same device in different ways: a GTIN of 12, 13 or 14 digits, an HIBC DI with or without
its `+` and its check character, an ISBT 128 DI with or without `=/`. `read` brings them all to issuer and DI; equal keys are one device.

    >>> read("6926365598003").key, read("(01)06926365598003") is None, read("H3736J12A3Q").key
    ('gs1:06926365598003', True, 'hibcc:H3736J12A3')

One trap stays: some labelers filed HIBC DIs with the check character, and where it is a digit nothing tells it from a unit of
measure. `spellings` names both readings, so that a scan finds the record either way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from data_contracts.identifiers import gtin, hibc, ifa, ma

_ISSUERS = {
    "gs1": ("GS1", "GTIN"),
    "hibcc": ("HIBCC", "HIBC"),
    "iccbba": ("ICCBBA", "ISBT128", "ISBT"),
    "ifa": ("IFA", "PPN"),
    "cn_ma": ("MA", "IDCODE", "ZIIOT", "MA码", "中关村"),
    "cn_ahm": ("AHM", "ALIHEALTH", "阿里健康"),
    "eudamed": ("EUDAMED",),
}
_ICCBBA = re.compile(r"(?:=/)?([0-9A-Z]{16})|(?:=\))?([0-9A-Za-z]{10})", re.ASCII)
_OPAQUE = re.compile(r"[!-~]{4,64}", re.ASCII)
_PLAIN = re.compile(r"[^0-9A-Z\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class DeviceIdentifier:
    """A UDI-DI in its normal form."""

    issuer: str
    """`gs1`, `hibcc`, `iccbba`, `ifa`, `cn_ma`, `cn_ahm`, `eudamed`."""
    di: str

    @property
    def key(self) -> str:
        """Issuer and DI as one text: two identifiers with equal keys name one device."""
        return f"{self.issuer}:{self.di}"


def issuer_named(name: str) -> str | None:
    """The issuer that a registry calls so: `GS1`, `HIBCC`, `MA码（IDcode）`, `阿里健康`...; null if it is none that is known."""
    plain = _PLAIN.sub("", name.upper())
    if plain.lower() in _ISSUERS:
        return plain.lower()
    for issuer, names in _ISSUERS.items():
        if any(plain == known or (len(known) > 2 and plain.startswith(known)) for known in names):
            return issuer
    return None


def read(text: str, issuer: str | None = None) -> DeviceIdentifier | None:
    """A UDI-DI as filed; null when it is none. Without `issuer` its form must tell whose it is.

    Ali Health has published no syntax: any text is one of its DIs, if the issuer is given.
    """
    if issuer is not None:
        di = _READERS[issuer](text) if issuer in _READERS else None
        return None if di is None else DeviceIdentifier(issuer, di)
    if text.isdigit() and len(text) in gtin.LENGTHS:
        order: tuple[str, ...] = ("gs1", "ifa")
    elif text.startswith(("=/", "=)")):
        order = ("iccbba",)
    elif text.startswith("MA."):
        order = ("cn_ma",)
    elif text.startswith("D-"):
        order = ("eudamed",)
    else:
        order = ("hibcc", "ifa")
    for name in order:
        di = _READERS[name](text)
        if di is not None:
            return DeviceIdentifier(name, di)
    return None


def spellings(device: DeviceIdentifier) -> tuple[str, ...]:
    """All keys under which the same device may have been filed, its own first."""
    if device.issuer != "hibcc":
        return (device.key,)
    others = [*hibc.same_device(device.di)[1:], f"{device.di}{hibc.check_character(f'+{device.di}') or ''}"]
    return (device.key, *(f"hibcc:{other}" for other in others))


def normal(text: str, issuer: str | None = None) -> str:
    """The DI alone by which master data is matched; text that is no identifier comes back without the blanks around it.

    >>> normal("6926365598003"), normal("+A99912345"), normal("unknown")
    ('06926365598003', 'A99912345', 'unknown')
    """
    plain = text.strip()
    found = read(plain, issuer) or read(plain) or read(plain.removeprefix("+"))
    return plain if found is None else found.di


def alike(text: str) -> tuple[str, ...]:
    """All DIs, in their normal form, under which the device that a text names may be kept."""
    first = normal(text)
    found = read(first)
    others = () if found is None else (key.partition(":")[2] for key in spellings(found))
    return tuple(dict.fromkeys((first, *others)))


def _hibcc(text: str) -> str | None:
    if text.startswith("+"):
        di, check = text[1:-1], text[-1]
        return di if hibc.is_di(di) and hibc.check_character(f"+{di}") == check else None
    di = hibc.normal_di(text)[0]
    return di if hibc.is_di(di) else None


def _iccbba(text: str) -> str | None:
    found = _ICCBBA.fullmatch(text)
    return None if found is None else found[1] or found[2]


def _ifa(text: str) -> str | None:
    ppn = text.removeprefix("9N") if len(text) > 10 else text
    return next((told for told in (text, ppn) if ifa.parse_ppn(told).valid), None)


def _ma(text: str) -> str | None:
    return text if ma.is_di(text) else None


def _opaque(text: str) -> str | None:
    return text if _OPAQUE.fullmatch(text) is not None else None


def _eudamed(text: str) -> str | None:
    return text if text.startswith("D-") and len(text) > 4 and _OPAQUE.fullmatch(text) is not None else None


_READERS = {
    "gs1": gtin.normal,
    "hibcc": _hibcc,
    "iccbba": _iccbba,
    "ifa": _ifa,
    "cn_ma": _ma,
    "cn_ahm": _opaque,
    "eudamed": _eudamed,
}
