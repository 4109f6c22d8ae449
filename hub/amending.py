"""Orders put together from what several exchanges say, and what of an order changed since somebody was told: the outward side of changes.

A partner that has our order hears of its changes in one of two ways. Where its agreement names a message for changes (X12 860, ORDCHG,
UBL OrderChange), by the changed lines alone; otherwise by the whole order, as a replacement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.store.views.amend import ITEM, Change, Said, amend
from hub.store.views.picture import line_key

Record = dict[str, Any]

_LAID_OVER = ("currency", "ship_to", "requested_on", "revision", "issued_at", "issued_at_source")
"""Members of the header that the newest change that states them gives."""
_AMOUNTS = ("quantity", "unit")


def whole(said: Sequence[Record]) -> Record:
    """The order as its own first statement and its changes, in their order, leave it; without the lines that were struck out."""
    first, *changes = said
    out = {**first, "entity": "PurchaseOrder"}
    for change in changes:
        out.update({name: change[name] for name in _LAID_OVER if change.get(name) is not None})
    lines, _ = amend(
        _lines(first),
        first.get("requested_on"),
        [Change(_lines(change), change.get("requested_on"), change) for change in changes],
    )
    out["lines"] = [_line(one.source, one.members, out.get("requested_on")) for _, one in lines if one.deleted_by is None]
    return out


def difference(before: Record, now: Record) -> Record | None:
    """An `OrderChange` that makes of the order `before` what it is `now`; null where only a replacement can: a value was taken away.

    An order that says the same as before yields a change without lines (`says_something`).
    """
    old = {line_key(line["line"]): line for line in before.get("lines", ())}
    new = {line_key(line["line"]): line for line in now.get("lines", ())}
    if len(old) != len(before.get("lines", ())) or len(new) != len(now.get("lines", ())):
        return None  # lines that share a number cannot be told apart
    if _taken_away(before, now, _LAID_OVER[:3]):
        return None
    lines = []
    for key, line in new.items():
        known = old.get(key)
        if known is None:
            lines.append({**line, "action": "add"})
        elif _taken_away(known, line, [name for name in known if name != "@"]):
            return None
        elif changed := {name for name, value in line.items() if name != "@" and known.get(name) != value}:
            if changed & {*_AMOUNTS}:
                changed |= {*_AMOUNTS}
            lines.append({name: value for name, value in line.items() if name in {"line", *ITEM, *changed}} | {"action": "change"})
    lines += [
        {name: value for name, value in line.items() if name in {"line", *ITEM}} | {"action": "delete"}
        for key, line in old.items()
        if key not in new
    ]
    header = {name: value for name, value in now.items() if name not in ("lines", "ship_to", "requested_on")}
    moved: Record = {name: now[name] for name in ("ship_to", "requested_on") if name in now and now[name] != before.get(name)}
    return {**header, **moved, "entity": "OrderChange", "purpose": "change", "lines": lines}


def says_something(change: Record) -> bool:
    """Whether a change changes anything."""
    return bool(change["lines"]) or "ship_to" in change or "requested_on" in change


def _taken_away(before: Mapping[str, Any], now: Mapping[str, Any], names: Sequence[str]) -> bool:
    return any(before.get(name) is not None and now.get(name) is None for name in names)


def _lines(document: Record) -> list[Said[Record]]:
    stated = ("line", "action", "@")
    return [
        Said(
            line_key(line["line"]),
            line.get("action"),
            {name: value for name, value in line.items() if name not in stated and value is not None},
            line,
        )
        for line in document.get("lines", ())
    ]


def _line(source: Record, members: Mapping[str, Any], requested_on: str | None) -> Record:
    """A line that goes by the day of the whole order states none."""
    out = {"line": source["line"], **members}
    if out.get("requested_on") == requested_on:
        out.pop("requested_on", None)
    return out
