"""Registers: the databases in which authorities publish devices, and what each asks of a record, as data.

One YAML a register beside this module names every member of `canonical.device.Device` that the register holds:

    packages.quantity: {as: Quantity per Package, differs: error, required: true, least: 1}

`as` is what the register calls it, `differs` how much it weighs when ours and theirs are not the same (left out: it is not compared).
What is asked before a record may go out: `required`; `when` and `unless` (required only if other members have these values: a list, `"*"`
for any, `{over: 1}`; a name without a point is, within a row, one of the row's own); `law` (EUDAMED: told only under these); `most`
characters, `least` number, `one_of`, `pattern`. `identifier` is a DI, compared however it is written. `by` names the members by which rows
without a key are compared, and `rows`, above, the member that tells the rows of a list apart.
`says` has the register's own words for those that we may use in another language; any other that is not in Latin letters is left out.
`published: seldom` is what a register keeps to itself of most devices.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from data_contracts.errors import ConfigError

RegisterName = Literal["gudid", "eudamed", "nmpa"]
REGISTERS: tuple[RegisterName, ...] = get_args(RegisterName)
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a device as a register has it."""

    path: str
    """Canonical path without keys of rows: `packages.quantity`."""
    name: str
    differs: str | None = None
    required: bool = False
    when: Mapping[str, Any] = field(default_factory=dict)
    unless: Mapping[str, Any] = field(default_factory=dict)
    law: tuple[str, ...] = ()
    most: int | None = None
    least: int | None = None
    one_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By law, the empty law for all."""
    pattern: re.Pattern[str] | None = None
    identifier: bool = False
    by: tuple[str, ...] = ()
    """For a list whose rows have no key: the members by which rows are compared; empty: all that are compared."""
    said_by: str | None = None
    """Another member in which the register is told the same: a manufacturer's name by its SRN."""
    seldom: bool = False
    """The register is told, and publishes it of some devices only: that it is not published says nothing."""
    says: Mapping[str, str] = field(default_factory=dict)
    """Of a free text in a row: the register's own words for ours."""


@dataclass(frozen=True, slots=True)
class Register:
    """What one register holds and asks."""

    name: RegisterName
    titles: Mapping[str, str]
    section: str
    """Section of a device in which the register's own members stand; a device without it is not sold there."""
    time_zone: str
    rows: Mapping[str, str]
    members: Mapping[str, Member]

    def title(self, language: str) -> str:
        """Its name for a person."""
        return self.titles.get(language) or self.titles["en"]

    def named(self, path: str) -> str:
        """What the register calls a member of a device; `packages[26901234500053].quantity` is named with its row."""
        bare, keys = unkeyed(path)
        member = self.members.get(bare) or self.members.get(bare.partition(".")[0])
        shown = member.name if member is not None else bare
        return f"{shown} [{keys}]" if keys else shown


_KEY = re.compile(r"\[([^\]]*)\]")


def unkeyed(path: str) -> tuple[str, str]:
    """A path without the keys of its rows, and these.

    >>> unkeyed("packages[26901234500053].quantity")
    ('packages.quantity', '26901234500053')
    """
    return _KEY.sub("", path), ", ".join(_KEY.findall(path))


@cache
def register_named(name: str) -> Register:
    """A register by its name. Raises ConfigError for one that there is not."""
    if name not in REGISTERS:
        raise ConfigError(f"there is no register {name!r}; known are {', '.join(REGISTERS)}")
    body = yaml.load((_FOLDER / f"{name}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    members = {path: _member(path, said) for path, said in body["members"].items()}
    return Register(name, body["title"], body["section"], body["time_zone"], body["rows"], members)


def _member(path: str, said: Mapping[str, Any]) -> Member:
    known = {
        "as",
        "differs",
        "required",
        "when",
        "unless",
        "law",
        "most",
        "least",
        "one_of",
        "pattern",
        "identifier",
        "by",
        "said_by",
        "published",
        "says",
    }
    if strange := set(said) - known:
        raise ValueError(f"{path}: unknown {', '.join(sorted(strange))}")
    one_of = said.get("one_of", ())
    return Member(
        path,
        said["as"],
        said.get("differs"),
        said.get("required", False),
        said.get("when", {}),
        said.get("unless", {}),
        tuple(said.get("law", ())),
        said.get("most"),
        said.get("least"),
        {law: tuple(values) for law, values in (one_of if isinstance(one_of, dict) else {"": one_of} if one_of else {}).items()},
        re.compile(said["pattern"], re.ASCII) if "pattern" in said else None,
        said.get("identifier", False),
        tuple(said.get("by", ())),
        said.get("said_by"),
        said.get("published") == "seldom",
        said.get("says", {}),
    )
