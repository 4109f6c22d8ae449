"""What a register asks of a record before it may go there: each lack a finding with the register's own name for the member. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from data_contracts.findings import Finding, Place
from data_contracts.registers import Member, Register
from hub.registers.record import copied, member_of

_LAW = "eu.legislation"


def lacks(register: Register, device: Mapping[str, Any]) -> Iterator[Finding]:
    """Every demand that a device does not meet. A device that is not sold there lacks one thing only: its section."""
    if not isinstance(device.get(register.section), Mapping):
        yield _finding(register, "REG-05", register.section, expected=register.section)
        return
    law = _law(device)
    for path, member in register.members.items():
        if member.law and law not in member.law:
            continue
        top, _, below = path.partition(".")
        if top in register.members and below:  # members of rows, which stand below their list
            for index, row in enumerate(_rows(device, top)):
                yield from _of(register, member, row.get(below), f"{top}[{index}].{below}", device, row, law)
        else:
            yield from _of(register, member, member_of(device, path), path, device, None, law)


def told(register: Register, device: Mapping[str, Any]) -> dict[str, Any]:
    """The device without the members that the register does not take under its law."""
    law = _law(device)
    copy: dict[str, Any] = copied(device)
    for path, member in register.members.items():
        if member.law and law not in member.law:
            at: Any = copy
            *steps, last = path.split(".")
            for step in steps:
                at = at.get(step) if isinstance(at, dict) else None
            if isinstance(at, dict):
                at.pop(last, None)
    return copy


def _of(
    register: Register, member: Member, value: Any, path: str, device: Mapping[str, Any], row: Mapping[str, Any] | None, law: str
) -> Iterator[Finding]:
    if value is None or value in ("", []):
        if member.required:
            yield _finding(register, "REG-01", path, member)
        elif member.when and all(_holds(one, wanted, device, row) for one, wanted in member.when.items()):
            yield _finding(register, "REG-02", path, member, because=_said(register, member.when))
        elif member.unless and not any(_holds(one, wanted, device, row) for one, wanted in member.unless.items()):
            yield _finding(register, "REG-01", path, member)
        return
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, Mapping):
            yield from _value(register, member, one, path, law)


def _value(register: Register, member: Member, value: Any, path: str, law: str) -> Iterator[Finding]:
    text = str(value)
    if member.most is not None and len(text) > member.most:
        yield _finding(register, "REG-03", path, member, expected=str(member.most), got=str(len(text)))
    allowed = member.one_of.get(law) or member.one_of.get("")
    if allowed and text not in allowed:
        yield _finding(register, "REG-04", path, member, expected=", ".join(allowed), got=text[:80])
    if member.pattern is not None and member.pattern.fullmatch(text) is None:
        yield _finding(register, "REG-04", path, member, expected=member.pattern.pattern, got=text[:80])
    if member.least is not None and (number := _number(value)) is not None and number < member.least:
        yield _finding(register, "REG-04", path, member, expected=f"≥ {member.least}", got=text)


def _holds(path: str, wanted: Any, device: Mapping[str, Any], row: Mapping[str, Any] | None) -> bool:
    value = row.get(path) if row is not None and "." not in path else member_of(device, path)
    if wanted == "*":
        return value not in (None, "", [])
    if isinstance(wanted, Mapping):
        number = _number(value)
        return number is not None and number > wanted["over"]
    return value in wanted


def _said(register: Register, when: Mapping[str, Any]) -> str:
    """A condition in words that need no language: the register's names and values."""
    parts = []
    for path, wanted in when.items():
        name = register.members[path].name if path in register.members else path
        value = f"> {wanted['over']}" if isinstance(wanted, Mapping) else "✓" if wanted == "*" else "/".join(map(_spelled, wanted))
        parts.append(f"{name} {value if isinstance(wanted, Mapping) else f'= {value}'}")
    return ", ".join(parts)


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _finding(
    register: Register, rule: str, path: str, member: Member | None = None, *, expected: str | None = None, got: str | None = None,
    because: str = "",
) -> Finding:  # fmt: skip
    params = {"register": register.name.upper(), "name": member.name if member is not None else path, "because": because}
    return Finding(rule, Place(path=path), expected, got, params=params)


def _law(device: Mapping[str, Any]) -> str:
    return str(member_of(device, _LAW) or "")


def _number(value: Any) -> Decimal | None:
    try:
        return None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None


def _rows(device: Mapping[str, Any], top: str) -> list[Mapping[str, Any]]:
    rows = device.get(top)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []
