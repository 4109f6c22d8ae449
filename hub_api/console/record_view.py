"""A canonical record as a person reads it: its members, then its lines as a table, with the fields that findings are about marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub_api.console.markup import Child, Html, el, number, row, table

_HIDDEN = frozenset({"@", "entity"})


def paths(entity: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that stands alone, with its canonical path (`lines[2].gtin`), in the record's order."""
    for name, value in entity.items():
        if name in _HIDDEN:
            continue
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(value, Mapping):
            yield from paths(value, path)
        elif isinstance(value, list | tuple):
            for index, one in enumerate(value):
                if isinstance(one, Mapping):
                    yield from paths(one, f"{path}[{index}]")
                else:
                    yield f"{path}[{index}]", one
        else:
            yield path, value


def spelled(value: Any) -> str:
    """A value as it is typed in: exact numbers, ISO times, true and false in small letters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime) else str(value)


def marks(findings: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Severity by canonical path, of findings that have one."""
    found: dict[str, str] = {}
    for finding in findings:
        path = finding["place"].get("path")
        if path and (path not in found or finding["severity"] == "error"):
            found[path] = finding["severity"]
    return found


def draw(entity: Mapping[str, Any], findings: Sequence[Mapping[str, Any]] = ()) -> Html:
    """The record as markup."""
    marked = marks(findings)
    single: list[Html] = []
    lists: list[Html] = []
    for name, value in entity.items():
        if name in _HIDDEN:
            continue
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            lists.append(el("h3", f"{name} ", el("small", str(len(value)))))
            lists.append(_rows(name, value, marked))
        else:
            single.append(el("div", el("dt", name), el("dd", _value(value), cls=marked.get(name))))
    return el("div", el("dl", *single, cls="facts"), *lists, cls="record")


def _rows(name: str, listed: Sequence[Mapping[str, Any]], marked: Mapping[str, str]) -> Html:
    flagged = {path.removeprefix(f"{name}[").partition("].")[2] for path in marked if path.startswith(f"{name}[")}
    members = list(dict.fromkeys(member for one in listed for member in one if member not in _HIDDEN))
    members.sort(key=lambda member: (member != "line", member not in flagged))  # what is wrong must not hide at the right
    heads: list[Child | tuple[Child, str]] = [(member, "num") if _numeric(listed, member) else member for member in members]
    made = []
    for index, one in enumerate(listed):
        cells: list[Child | tuple[Child, str]] = []
        for member in members:
            classes = " ".join(
                part for part in (marked.get(f"{name}[{index}].{member}"), "num" if _numeric(listed, member) else None) if part
            )
            cells.append((_value(one.get(member)), classes))
        made.append(row(*cells))
    return el("div", table(heads, made), cls="scroll")


def _numeric(listed: Sequence[Mapping[str, Any]], member: str) -> bool:
    return any(isinstance(one.get(member), Decimal) for one in listed)


def _value(value: Any) -> Child:
    if isinstance(value, Mapping):
        return [el("span", el("i", f"{name} "), _value(one), cls="member") for name, one in value.items() if name not in _HIDDEN]
    if isinstance(value, list | tuple):
        return [el("span", _value(one), cls="member") for one in value]
    if isinstance(value, Decimal):
        return number(value)
    return spelled(value)
