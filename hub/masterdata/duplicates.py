"""The same party under two codes of one system: same GLN, same tax number, or names that are equal once legal forms are set aside. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hub.masterdata.golden import Record

LATIN_FORMS = frozenset(
    {
        "ab", "ag", "aktiengesellschaft", "as", "asa", "bv", "co", "company", "corp", "corporation", "cv", "eg", "gmbh", "inc",
        "incorporated", "kg", "kgaa", "limited", "llc", "llp", "ltd", "mbh", "nv", "ohg", "oy", "oyj", "plc", "pte", "pty", "sa",
        "sarl", "sas", "se", "sl", "spa", "srl", "ug",
    }
)  # fmt: skip
_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}|\b[a-z]\.(?=[a-z]\b)")
_CHINESE_FORMS = re.compile("(股份有限公司|有限责任公司|有限公司|股份公司|集团公司|总公司|分公司|公司|集团)$")
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two records that seem to be one party, and why: `gln`, `tax_number`, `name`."""

    first: Record
    second: Record
    reasons: tuple[str, ...]


_WEIGHTS = {"gln": Decimal("0.95"), "tax_number": Decimal("0.95"), "name": Decimal("0.8")}


def likeness(reasons: Iterable[str]) -> Decimal:
    """How likely two parties are one that share these signs, 0 to 1: each sign alone could be an accident.

    >>> likeness(["name"]), likeness(["name", "tax_number"])
    (Decimal('0.8'), Decimal('0.990'))
    """
    unlike = Decimal(1)
    for reason in reasons:
        unlike *= 1 - _WEIGHTS[reason]
    return 1 - unlike


def normal_name(name: str) -> str:
    """A company's name to compare by: NFKC, small letters, no punctuation, no legal form (Latin or Chinese).

    >>> normal_name("Rheintal-Titan GmbH & Co. KG") == normal_name("RHEINTAL TITAN B.V.")
    True
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    text = _DOTTED.sub(lambda found: found.group(0).replace(".", ""), text)
    words = list(_WORDS.findall(text))
    while words and (stripped := _CHINESE_FORMS.sub("", words[-1])) != words[-1]:
        words[-1:] = [stripped] if stripped else []
    kept = [word for word in words if word not in LATIN_FORMS]
    return " ".join(kept or words)


def duplicates(records: Iterable[Record]) -> list[Duplicate]:
    """Pairs of parties of one system and role that seem to be one. Each pair once, in order of their codes."""
    groups: dict[tuple[str, str, str, str], list[Record]] = {}
    codes: set[tuple[str, str]] = set()
    for record in sorted(records, key=lambda record: record.order):
        if (record.system, record.code) in codes:
            continue  # one code that two organisations keep is one record
        codes.add((record.system, record.code))
        for reason, value in _signs(record):
            groups.setdefault((record.system, str(record.body.get("role")), reason, value), []).append(record)
    pairs: dict[tuple[str, str, str], tuple[Record, Record, set[str]]] = {}
    for (system, _, reason, _), group in groups.items():
        for other in group[1:]:
            entry = pairs.setdefault((system, group[0].code, other.code), (group[0], other, set()))
            entry[2].add(reason)
    return [
        Duplicate(first, second, tuple(sorted(reasons))) for _, (first, second, reasons) in sorted(pairs.items(), key=lambda pair: pair[0])
    ]


def _signs(record: Record) -> Sequence[tuple[str, str]]:
    body = record.body
    signs = {
        (reason, "".join(str(body[member]).split()).upper())
        for reason, member in (("gln", "gln"), ("tax_number", "tax_number"))
        if body.get(member)
    }
    signs |= {("name", normal) for member in ("name", "name_zh") if body.get(member) and len(normal := normal_name(str(body[member]))) > 1}
    return sorted(signs)
