"""Where places belong: organisation, plant, warehouse, storage place, each below one of a higher level, and from which day on.

Organisations are those of the site. Below them stand the golden records of locations, each where its systems say that it is a part of, and
what people say (`decide`, action `place`), dated where it begins on a day; a person's word goes before the systems', and what was said
before stays. A place is named by its GLN or by the code that stock speaks of.

What a person said before such words were judged may be nothing that a place can be (a level that is none, a list as name). It counts for
nothing and is told as a finding of its place (MDM-05) until it is taken back or said anew; no other place is the worse for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError
from data_contracts.findings import Finding, Place
from hub.store import places as store
from hub.store.unit_of_work import UnitOfWork

KIND = "place"
LEVELS = ("organisation", "plant", "warehouse", "storage_place")
_MEMBERS = frozenset({"level", "name", "name_zh", "parent", "gone"})


def tree(connection: sa.Connection, on: date | None = None) -> dict[str, dict[str, Any]]:
    """Places by key as of a day (null: all that was ever said counts), each with its level, name, parent and path from the top, and
    findings about what was said of it and cannot be, which is null there."""
    found: dict[str, dict[str, Any]] = {}
    for row in store.organisations(connection):
        key = row.gln or row.key
        found[key] = {
            "key": key,
            "level": "organisation",
            "name": row.name,
            "name_zh": None,
            "parent": None,
            "organisation": row.key,
            "findings": [],
        }
    found |= _located(connection, {row.id: row.gln or row.key for row in store.organisations(connection)})
    for row in store.said(connection):
        if on is not None and row.from_on is not None and row.from_on > on.isoformat():
            continue
        if row.gone:
            found.pop(row.key, None)
        else:
            said = {name: getattr(row, name) for name in _SAID}
            found[row.key] = {"key": row.key, **_sound(row.key, said), "organisation": None}
    for place in found.values():
        place["path"] = _path(found, place["key"])
        place["organisation"] = place["organisation"] or (found[place["path"][0]]["organisation"] if place["path"] else None)
    return dict(sorted(found.items(), key=lambda entry: (entry[1]["path"], entry[0])))


def _located(connection: sa.Connection, roots: Mapping[int, str]) -> dict[str, dict[str, Any]]:
    """Golden locations by key: the GLN, else the first code. One that names no other it is a part of belongs to the organisation whose
    system said so; one under the GLN of an organisation, as a main warehouse often is, to that one, and goes by its code."""
    rows = store.located(connection)
    ours = set(roots.values())
    keys = {row.golden_id: _key(row, ours) for row in rows}
    known = {(system, code): keys[golden] for golden, system, code in store.location_codes(connection) if golden in keys}
    found = {}
    for row in rows:
        if row.body.get("status") == "retired":
            continue
        said = _sound(keys[row.golden_id], row.body)
        parent = said["parent"]
        system = (row.won.get("parent") or ("", row.system))[1]
        above = roots.get(row.organisation_id) if not parent else known.get((system, parent)) or known.get(("", parent), parent)
        if str(row.body.get("gln")) in ours and (not parent or above == keys[row.golden_id]):
            above = row.body["gln"]
        found[keys[row.golden_id]] = {"key": keys[row.golden_id], **said, "parent": above, "organisation": None}
    return found


_SAID = ("level", "name", "name_zh", "parent")


def _sound(key: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a place as far as a place can be so, and findings about the rest."""
    wrong = list(_wrong(key, said))
    fields = {one.place.path for one in wrong}
    return {**{name: None if name in fields else said.get(name) for name in _SAID}, "findings": wrong}


def _wrong(key: str, said: Mapping[str, Any]) -> Iterator[Finding]:
    for name in _SAID:
        value = said.get(name)
        good = value in LEVELS[1:] if name == "level" and isinstance(value, str) else isinstance(value, str) and bool(value.strip())
        if not good and not (value is None and name in ("name_zh", "parent")):
            expected = ", ".join(LEVELS[1:]) if name == "level" else "text"
            yield Finding("MDM-05", Place(path=name), expected=expected, got=str(value)[:200], params={"place": key, "field": name})


def _key(row: sa.Row[Any], ours: Collection[str]) -> str:
    named = (row.body.get("gln"), row.code, f"{row.system}/{row.code}")
    return next(str(one) for one in named if one and one not in ours)


def unplaced(connection: sa.Connection, on: date | None = None) -> list[str]:
    """Places that stock speaks of and that belong nowhere yet."""
    known = tree(connection, on)
    called = {value for _, _, value in store.location_codes(connection)}
    return sorted({key for key, _ in store.counted(connection)} - set(known) - called)


def check(connection: sa.Connection, key: str, said: Any, from_on: str | None, today: date) -> None:
    """Raises ConflictError where this cannot be said of a place."""
    if not isinstance(said, Mapping) or set(said) - _MEMBERS:
        raise ConflictError(f"of a place are said: {', '.join(sorted(_MEMBERS))}")
    if said.get("level") not in LEVELS[1:]:
        raise ConflictError(f"the level of a place is one of {', '.join(LEVELS[1:])}")
    if not str(said.get("name") or "").strip():
        raise ConflictError("a place needs a name")
    known = tree(connection, today if from_on is None else date.fromisoformat(from_on))  # on the day on which it begins
    planned = tree(connection)
    if known.get(key, {}).get("level") == "organisation":
        raise ConflictError(f"{key} is an organisation; the site says where it stands")
    below = {place["key"]: place for place in (*planned.values(), *known.values()) if place["parent"] == key and place["level"]}
    if said.get("gone"):
        if below:
            raise ConflictError(f"{', '.join(below)} belong to {key}; move them first")
        return
    parent = known.get(str(said.get("parent")))
    if parent is None or parent["level"] is None:
        raise ConflictError(f"there is no place {said.get('parent')}")
    level = LEVELS.index(str(said["level"]))
    if LEVELS.index(parent["level"]) >= level:
        raise ConflictError(f"a {said['level']} does not belong to a {parent['level']}")
    if wrong := [one for one, place in below.items() if LEVELS.index(place["level"]) <= level]:
        raise ConflictError(f"{', '.join(wrong)} could then no longer belong to {key}")


def put(uow: UnitOfWork, request_id: int, key: str, said: Mapping[str, Any], from_on: str | None) -> None:
    """Say where a place belongs."""
    before = {name: value for name, value in tree(uow.connection).get(key, {}).items() if name != "findings"} or None
    store.add(uow, request_id, key, dict(said), from_on)
    uow.audit(0, "place.said", f"place/{key}", before=before, after={**said, "from_on": from_on})


def _path(found: Mapping[str, Mapping[str, Any]], key: str) -> list[str]:
    """From the top to a place, itself included; empty where it does not reach an organisation."""
    path: list[str] = []
    at: str | None = key
    while at is not None and at in found and at not in path:
        path.append(at)
        at = found[at]["parent"]
    return path[::-1] if found.get(path[-1], {}).get("level") == "organisation" else []
