"""A device in a form in which ours and a register's can be compared: member by member, rows of lists by their keys. Pure.

What only looks different is none: identifiers are compared in their normal form, numbers by their amount, texts without what blanks do,
lists without their order. A member that neither the register holds nor anybody compares is left out.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from data_contracts.identifiers.device_identifier import normal
from data_contracts.registers import Member, Register, unkeyed

_NUMBERS = frozenset({"low", "high", "value", "quantity", "base_quantity", "max_reuses"})
Flat = dict[str, Any]
"""Path, rows by their keys (`packages[26901234500053].quantity`) → comparable value."""


def flat(register: Register, device: Mapping[str, Any]) -> Flat:
    """The members of a device that are compared."""
    found: Flat = {}
    for path, member in register.members.items():
        top = path.partition(".")[0]
        if top in register.rows:
            continue
        value = member_of(device, path)
        if isinstance(value, list) and any(isinstance(row, Mapping) for row in value):
            value = _listed(register, member, value)
        if member.differs is not None and (said := comparable(member, value)) is not None:
            found[path] = said
    for top in register.rows:
        if top in register.members:
            found.update(_by_key(register, top, device.get(top)))
    return found


def differing(register: Register, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    """Path, severity, our value and theirs where they are not the same. What only one side states is a difference too, but for a No:
    registers leave that out, or state it of what we never speak of."""
    one, other = flat(register, ours), flat(register, theirs)
    for path in sorted({*one, *other}):
        mine, said = one.get(path), other.get(path)
        if (mine or None) != (said or None) and not _within_missing(path, one, other) and not (said is None and _seldom(register, path)):
            yield path, _severity(register, path, mine), mine, said


def stated(register: Register, device: Mapping[str, Any], path: str) -> Any:
    """What a device states at a path of `flat`, in plain JSON values: a value, a row, or a list."""
    top, key, below = parts(path)
    if key is None:
        value = member_of(device, path)
        member = register.members.get(path)
        return normal(value) if member is not None and member.identifier and isinstance(value, str) else _plain(value)
    row = row_of(register, device, top, key)
    return _plain(row if below is None or row is None else row.get(below))


def _plain(value: Any) -> Any:
    """Without the places in the source that rows carry."""
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items() if name != "@"}
    return [_plain(member) for member in value] if isinstance(value, list | tuple) else msgspec.to_builtins(value)


def parts(path: str) -> tuple[str, str | None, str | None]:
    """Member, key of the row and member of the row.

    >>> parts("packages[26901234500053].quantity")
    ('packages', '26901234500053', 'quantity')
    """
    top, mark, rest = path.partition("[")
    if not mark:
        return path, None, None
    key, _, below = rest.rpartition("]")
    return top, key, below.removeprefix(".") or None


def row_of(register: Register, device: Mapping[str, Any], top: str, key: str) -> Mapping[str, Any] | None:
    """The row of a list that bears a key, as `flat` names it."""
    return dict(_keyed(register, top, device.get(top))).get(key)


def _seldom(register: Register, path: str) -> bool:
    """Whether a register often does not publish a member, or its list."""
    bare, _ = unkeyed(path)
    return any(register.members[one].seldom for one in (bare, bare.partition(".")[0]) if one in register.members)


def _within_missing(path: str, one: Flat, other: Flat) -> bool:
    """Whether the whole row is missing on one side, which is told once."""
    row, mark, rest = path.rpartition("].")
    return bool(mark and rest) and ((f"{row}]" in one) != (f"{row}]" in other))


def _severity(register: Register, path: str, mine: Any) -> str:
    bare, keys = unkeyed(path)
    member = register.members.get(bare) or register.members[bare.partition(".")[0]]
    if mine is None and not keys:
        return "info"  # we say nothing: the register knows more than our master holds
    return member.differs or "info"


def member_of(device: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where nothing stands."""
    value: Any = device
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def copied(value: Any) -> Any:
    """A copy of a record that may be changed."""
    if isinstance(value, Mapping):
        return {name: copied(member) for name, member in value.items()}
    return [copied(member) for member in value] if isinstance(value, list | tuple) else value


def comparable(member: Member, value: Any) -> Any:
    """A value as it is compared; None for what says nothing."""
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, list):
        return sorted({str(comparable(member, one)) for one in value})
    if member.identifier and isinstance(value, str):
        return normal(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal) or member.path.rpartition(".")[2] in _NUMBERS:
        return _amount(value)
    return " ".join(unicodedata.normalize("NFC", str(value)).split())


def _amount(value: Any) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    spelled = format(number, "f")
    return spelled.rstrip("0").rstrip(".") if "." in spelled else spelled


def _listed(register: Register, member: Member, rows: Sequence[Any]) -> list[str]:
    """Rows without a key, each as one text."""
    return sorted({_row_text(register, member, row) for row in rows if isinstance(row, Mapping)})


def _row_text(register: Register, member: Member, row: Mapping[str, Any]) -> str:
    names = member.by or sorted(name for name in row if name != "@")
    said = {}
    for name in names:
        value = row.get(name)
        if value not in (None, "", []):
            below = register.members.get(f"{member.path}.{name}") or Member(f"{member.path}.{name}", name, identifier=member.identifier)
            said[name] = comparable(below, value) if not isinstance(value, list) else json.dumps(value, sort_keys=True, default=str)
    return ", ".join(f"{name} {value}" for name, value in said.items())


def _keyed(register: Register, top: str, rows: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rows with their keys; those of one key, such as several conditions that are only described, are told apart by their order."""
    key = register.rows[top]
    below = register.members.get(f"{top}.{key}") or Member(f"{top}.{key}", key)
    as_key = Member(below.path, below.name, identifier=key == "di" or below.identifier)
    seen: set[str] = set()
    for row in rows if isinstance(rows, list | tuple) else ():
        name = comparable(as_key, row.get(key)) if isinstance(row, Mapping) else None
        if name is not None:
            told = str(name)
            while told in seen:
                told += "+"
            seen.add(told)
            yield told, row


def _by_key(register: Register, top: str, rows: Any) -> Flat:
    found: Flat = {}
    key = register.rows[top]
    below = {path.partition(".")[2]: member for path, member in register.members.items() if path.startswith(f"{top}.")}
    for name, row in _keyed(register, top, rows):
        at = f"{top}[{name}]"
        found[at] = _row_text(register, Member(top, top, by=(key,)), row)
        for inner, member in below.items():
            if member.differs is not None and (said := comparable(member, row.get(inner))) is not None:
                found[f"{at}.{inner}"] = said
    return found
