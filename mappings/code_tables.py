"""Code tables: what a partner's code means, as CSV that a person can read and diff.

    source,canonical,outward
    00,original,yes
    05,replace,yes
    11,original,

Each row says what a source value means. Where several source values mean one thing, exactly one carries
`outward: yes`: it is the one that is written. `outward: nearest` says nothing of the source value, which has its own row: a
canonical value for which the partner's list has no code is written as that one, and would come back as what it means there.
A site adds or replaces tables by a file of the same name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data_contracts.errors import ConfigError

_SHIPPED = Path(__file__).parent / "codes"
_HEADER = ["source", "canonical", "outward"]


@dataclass(frozen=True, slots=True)
class CodeTable:
    """One table: inward from source to canonical value, outward back to the preferred source value."""

    name: str
    inward: Mapping[str, str]
    outward: Mapping[str, str]
    nearest: Mapping[str, str] = field(default_factory=dict)
    """Source values for what has none of its own: written so, never read so."""

    @property
    def written(self) -> Mapping[str, str]:
        """The source value of each canonical value that can be written."""
        return {**self.nearest, **self.outward}

    def expected(self) -> str:
        """The source values it knows, for a finding; the first twelve of a long table."""
        known = list(self.inward)
        return ", ".join(known[:12]) + (", …" if len(known) > 12 else "")


def load_table(name: str, folders: Sequence[Path] = ()) -> CodeTable:
    """The table `name`; folders of the site are asked first. Raises ConfigError naming file and line."""
    for folder in (*folders, _SHIPPED):
        path = folder / f"{name}.csv"
        if path.is_file():
            return parse_table(name, path.read_text(encoding="utf-8-sig"), str(path))
    raise ConfigError(f"code table {name}: no file {name}.csv in {', '.join(str(folder) for folder in (*folders, _SHIPPED))}")


def parse_table(name: str, text: str, where: str) -> CodeTable:
    """A table from its CSV text. Raises ConfigError for a double source value and for none or two outward values."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or rows[0] != _HEADER:
        raise ConfigError(f"{where}: the first line must be {','.join(_HEADER)}")
    inward: dict[str, str] = {}
    outward: dict[str, str] = {}
    nearest: dict[str, str] = {}
    for number, row in enumerate(rows[1:], 2):
        if not row:
            continue
        if len(row) != 3 or not row[0] or not row[1] or row[2] not in ("yes", "nearest", ""):
            raise ConfigError(f"{where} line {number}: source, canonical and `yes`, `nearest` or nothing are wanted")
        source, canonical, preferred = row
        if preferred == "nearest":
            if canonical in nearest:
                raise ConfigError(f"{where} line {number}: {canonical} has two outward values")
            nearest[canonical] = source
            continue
        if source in inward:
            raise ConfigError(f"{where} line {number}: source value {source} stands twice")
        inward[source] = canonical
        if preferred:
            if canonical in outward:
                raise ConfigError(f"{where} line {number}: {canonical} has two outward values")
            outward[canonical] = source
    missing = sorted(set(inward.values()) - set(outward))
    if missing:
        raise ConfigError(
            f"{where}: no outward value for {', '.join(missing)}: put `yes` in the third column of the row that is to be written"
        )
    for canonical, source in nearest.items():
        if canonical in outward or source not in inward:
            raise ConfigError(
                f"{where}: {source} cannot be the nearest of {canonical}: it has no meaning of its own, or {canonical} has a code"
            )
    return CodeTable(name, inward, outward, nearest)
