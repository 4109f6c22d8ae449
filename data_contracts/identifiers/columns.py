"""Whole columns of identifiers at once, for catalogues, registries and days of scans: polars or anything of Arrow's (extra `analytics`).

    right(frame["gtin"])                       is each a GTIN with the right check digit: 30 ns a value
    udi_columns(frame["scan"], today)          kind, DI, lot, serial, dates ... of each: under a microsecond a label

They say what the readers of single identifiers say, row by row. Columns are fast because labels of one site follow few layouts: a
layout's regular expression takes the values apart in polars, its dates are looked at once a date, and only rows that fit no layout, or
in which something is wrong, are read one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_contracts.identifiers import gln, gsin, gsrn, gtin, sscc
from data_contracts.identifiers.application_identifiers import ApplicationIdentifier, table
from data_contracts.identifiers.associations import judge
from data_contracts.identifiers.components import CHECKS
from data_contracts.identifiers.dates import day_of
from data_contracts.identifiers.udi import DATES, PARTS, PRODUCTION, Identified, identify

LENGTHS: dict[str, tuple[int, ...]] = {
    "gtin": tuple(sorted(gtin.LENGTHS)),
    "gln": (gln.LENGTH,),
    "sscc": (sscc.LENGTH,),
    "gsrn": (gsrn.LENGTH,),
    "gsin": (gsin.LENGTH,),
}
"""Digits of the keys that `right` knows."""
_BASE = 100_000
_BLOCK = 1 << 15
"""Values at a time: what is computed of them stays in the processor's cache."""

TEXTS = (
    "kind", "issuer", "di", "gtin", "lot", "serial", "expires_on", "manufactured_on", "packed_on", "best_before_on", "sell_by_on",
    "software_version", "third_party_serial", "quantity", "sscc", "content_gtin", "gln",
)  # fmt: skip
"""Text columns of `udi_columns`; dates are ISO with their precision, which a month of HIBC needs."""
SCHEMA: dict[str, pl.DataType] = {name: pl.String() for name in TEXTS} | {"valid": pl.Boolean(), "rules": pl.List(pl.String())}
_SAMPLE = 64
_FEW = 64
"""Fewer rows than this are not worth a regular expression."""
_LAYOUTS = 40
_SCANNED = r"\](?:C1|e0|d2|Q3|J1)"
_KEYS = {"01": "gtin", "02": "gtin", "03": "gtin", "00": "sscc"} | dict.fromkeys(
    ("410", "411", "412", "413", "414", "415", "416", "417"), "gln"
)
"""AIs whose value is checked as a column."""


def right(column: Any, kind: str = "gtin") -> pl.Series:
    """Whether each value is a key of this kind: ASCII digits, its length, the right check digit. Null stays null.

    `kind` is one of `LENGTHS`; `column` a polars Series or an Arrow array of strings.
    """
    values = _series(column)
    numbers, fits = _numbers(values)
    found = fits & values.str.len_bytes().is_in(LENGTHS[kind]) & pl.Series(_residues(numbers, 1) == 0)
    return found.set(values.is_null(), None).alias("right") if values.null_count() else found.alias("right")


def check_digits(column: Any) -> pl.Series:
    """The check digit that belongs behind each text of 1 to 17 digits, 0 to 9 as UInt8; null where it is no such text."""
    values = _series(column)
    numbers, fits = _numbers(values)
    digits = pl.Series("check_digit", (10 - _residues(numbers, 3)) % 10, dtype=pl.UInt8)
    return digits.set(~(fits & values.str.len_bytes().is_between(1, 17)).fill_null(value=False), None)


def gtins(column: Any) -> pl.Series:
    """The 14 digits of each right GTIN; null for anything else."""
    values = _series(column)
    return values.str.zfill(14).set(~right(values).fill_null(value=False), None).alias("gtin")


def udi_columns(column: Any, today: date) -> pl.DataFrame:
    """What each text is: `valid`, the columns of `TEXTS`, and `rules`, the ids of its findings; strictly, as `udi.identify` reads it.

    Of an invalid text there is only the kind. A null gives a row of nulls.
    """
    texts = _series(column)
    left = pl.DataFrame({"row": pl.int_range(len(texts), eager=True, dtype=pl.UInt32), "text": texts})
    done: list[pl.DataFrame] = [_nothing(left.filter(pl.col("text").is_null()))]
    left = left.filter(pl.col("text").is_not_null())
    singles: list[pl.DataFrame] = []
    tried: set[_Layout] = set()
    while left.height > _FEW and len(tried) < _LAYOUTS:
        layout = _commonest(left["text"], today, tried)
        if layout is None:
            break
        tried.add(layout)
        good, wrong, left = _take(layout, left, today)
        done.append(good)
        singles.append(wrong)
    done.append(_singly(pl.concat([*singles, left]), today))
    return pl.concat(done).sort("row").drop("row")


def _series(column: Any) -> pl.Series:
    """The column as a Series of texts; Arrow's arrays come in without a copy."""
    found = column if isinstance(column, pl.Series) else pl.Series(values=column)
    return found if found.dtype == pl.String else found.cast(pl.String)


def _numbers(values: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """Texts of digits as numbers, and whether each is one; for what is none, some number."""
    numbers = values.cast(pl.Int64, strict=False)
    fits = numbers.is_not_null()
    least = values.min()
    if isinstance(least, str) and least < "0":  # a cast takes signs, a key has none
        fits &= (values >= "0").fill_null(value=False)
        numbers = numbers.abs()
    return numbers.fill_null(0).to_numpy(), fits


def _weighted(first: int) -> NDArray[np.uint8]:
    """For every number of five digits the sum of its digits, weighted 1 and 3 in turn from the last on, modulo 10."""
    rest = np.arange(_BASE)
    total = np.zeros(_BASE, np.int64)
    for place in range(5):
        total += (rest % 10) * (first if place % 2 == 0 else 4 - first)
        rest //= 10
    return (total % 10).astype(np.uint8)


_TABLES = {first: _weighted(first) for first in (1, 3)}


def _residues(numbers: NDArray[np.int64], last: int) -> NDArray[np.uint8]:
    """The weighted sum of the digits of each number modulo 10; `last` is the weight of its last digit, 1 or 3."""
    found = np.empty(len(numbers), np.uint8)
    for start in range(0, len(numbers), _BLOCK):
        rest = numbers[start : start + _BLOCK]
        weight = last
        total = np.zeros(len(rest), np.uint8)
        while rest.any():
            above = rest // _BASE
            total += _TABLES[weight].take(rest - above * _BASE, mode="clip")
            rest, weight = above, 4 - weight  # five digits on, the weights have changed places
        found[start : start + _BLOCK] = total % 10
    return found


_Layout = tuple[str, tuple[str, ...]]
"""Form (`element-string`, `scan`, `hri`) and AIs in order."""


def _commonest(texts: pl.Series, today: date, tried: set[_Layout]) -> _Layout | None:
    """The layout that most of some texts have which are spread over the column; null where none of them has one that is new."""
    sample = texts.gather_every(max(1, len(texts) // _SAMPLE)).to_list()
    found = Counter(layout for text in sample if (layout := _layout(identify(text, today=today))) is not None and layout not in tried)
    return found.most_common(1)[0][0] if found else None


def _layout(found: Identified) -> _Layout | None:
    """The layout of a valid label. Not of one that an expression of polars can't take apart, or whose AIs come twice."""
    ais = tuple(ai for ai, _ in found.elements)
    if not found.valid or found.kind not in ("element-string", "scan", "hri") or not ais or len(set(ais)) < len(ais):
        return None
    if found.kind == "element-string" and ais[0] not in ("00", "01", "02"):
        return None  # such a text is only known by its separators
    if found.kind == "scan" and found.input[:2] == "]E":
        return None  # a GTIN alone, without AI
    if any("(?=" in table()[ai].shape.pattern for ai in ais) or judge([(ai, "") for ai in ais]):
        return None
    return found.kind, ais


def _expression(layout: _Layout) -> str:
    """What takes a text of this layout apart, one group an AI. It fits only where the reader of single texts reads the same."""
    form, ais = layout
    known = table()
    if form == "hri":
        values = (known[ai].shape.pattern.replace(r"\(", "") for ai in ais)
        return "^" + "".join(rf"\({ai}\)({value})" for ai, value in zip(ais, values, strict=True)) + "$"
    pieces = []
    for place, ai in enumerate(ais):
        behind = r"\x1d?" if known[ai].fixed or place == len(ais) - 1 else r"\x1d"
        pieces.append(f"{ai}({known[ai].shape.pattern}){behind}")
    return f"^{_SCANNED if form == 'scan' else ''}\\x1d?{''.join(pieces)}$"


def _take(layout: _Layout, left: pl.DataFrame, today: date) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The rows of a layout as columns, those of it in which something is wrong, and the rest."""
    form, ais = layout
    parts = left["text"].str.extract_groups(_expression(layout)).struct.unnest()
    parts.columns = list(ais)
    fits = parts[ais[0]].is_not_null()
    rows, rest = left.filter(fits), left.filter(~fits)
    parts = parts.filter(fits)
    fine = pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    for ai in ais:
        fine &= _fine(table()[ai], parts[ai])
    good, wrong = rows.filter(fine).select("row"), rows.filter(~fine)
    parts = parts.filter(fine)
    told: dict[str, pl.Series | pl.Expr] = {"kind": pl.lit(form), "issuer": pl.lit("gs1"), "valid": pl.lit(value=True)}
    for name, ai in (("di", "01"), ("gtin", "01"), *PRODUCTION, *PARTS):
        if ai in ais:
            told[name] = parts[ai]
    for name, ai in DATES:
        if ai in ais:
            told[name] = _mapped(parts[ai], lambda text: day_of(text, today.year))
    if "7003" in ais and "expires_on" not in told:
        told["expires_on"] = _mapped(parts["7003"], lambda text: day_of(text[:6], today.year, month_allowed=False))
    told["rules"] = pl.lit([], dtype=pl.List(pl.String))
    return _completed(good.with_columns(**told)), wrong, rest


def _fine(spec: ApplicationIdentifier, values: pl.Series) -> pl.Series:
    """Whether each value passes the checks of its AI; its length and characters have been looked at by the expression."""
    if spec.ai in _KEYS:
        return right(values, _KEYS[spec.ai])
    if all(check is CHECKS["prefix_first"] for part in spec.parts if part.kind == "n" for check in part.checks) and not any(
        part.checks for part in spec.parts if part.kind != "n"
    ):
        return pl.repeat(True, len(values), dtype=pl.Boolean, eager=True)
    return _mapped(values, lambda text: spec.fault(text) is None, pl.Boolean)


def _mapped(values: pl.Series, function: Callable[[str], Any], dtype: Any = pl.String) -> pl.Series:
    """A function of each value, called once for each that differs: a year of labels has some hundred dates."""
    different = values.unique()
    return values.replace_strict(different, pl.Series([function(text) for text in different], dtype=dtype), return_dtype=dtype)


def _singly(rows: pl.DataFrame, today: date) -> pl.DataFrame:
    """The rows that are read one by one, each text once."""
    known: dict[str, Identified] = {}
    found: list[Identified] = []
    for text in rows["text"]:
        if text not in known:
            known[text] = identify(text, today=today)
        found.append(known[text])
    columns: dict[str, Iterable[Any]] = {name: [_text(one, name) for one in found] for name in TEXTS}
    columns["valid"] = [one.valid for one in found]
    columns["rules"] = [[finding.rule for finding in one.findings] for one in found]
    series = [pl.Series(name, values, dtype=SCHEMA[name]) for name, values in columns.items()]
    return _completed(rows.select("row").with_columns(*series))


def _text(found: Identified, name: str) -> str | None:
    if name in ("kind", "issuer", "di", "gtin"):
        value: str | None = getattr(found, name)
        return value
    return found.pi.get(name) or found.parts.get(name)


def _nothing(rows: pl.DataFrame) -> pl.DataFrame:
    return _completed(rows.select("row"))


def _completed(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with all columns in their order, null where nothing was told."""
    missing = {name: pl.lit(None, dtype=dtype) for name, dtype in SCHEMA.items() if name not in rows.columns}
    return rows.with_columns(**missing).select("row", *SCHEMA)
