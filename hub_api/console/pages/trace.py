"""Where something went, and what it is made of: a key in, a picture and a table out, and a recall of it one step away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from data_contracts.errors import NotFoundError, RefusedError
from hub.recall.consignees import site_places
from hub.store.views.called import Called
from hub.trace import genealogy, rendering, times
from hub.trace.genealogy import Direction
from hub.trace.naming import node_names
from hub_api.console.drawing import drawing
from hub_api.console.frame import Visit, console_page, section, show, title
from hub_api.console.markup import Child, Html, chip, choice, el, field, form, link, row, table, when

_ROWS = 500
_EDGES = 5_000
_WAYS: tuple[Direction, ...] = ("down", "up", "both")


@console_page("/trace", nav="trace", order=44)
async def one_trace(visit: Visit) -> None:
    """`key`, `direction`, and `as_of` (what had happened by then) of the address; without a key the form alone."""
    key, asked, then = visit.asked("key"), visit.asked("direction"), visit.asked("as_of")
    way: Direction = next((one for one in _WAYS if one == asked), "down")
    say = visit.say
    title(visit, f"{say('frame.trace')} {key or ''}".strip())
    ways = [(one, say(f"trace.{one}")) for one in _WAYS]
    fields = [
        field(say("trace.key"), "key", key, say("trace.key_hint")),
        choice(say("trace.direction"), "direction", ways, way),
        field(say("trace.as_of"), "as_of", then, say("trace.as_of_hint")),
    ]
    show(form(fields, say("frame.show"), "/trace"))
    if key is None:
        show(el("p", say("trace.about"), cls="nothing"))
        return
    try:
        as_of = None if then is None else times.read(then)
    except (ValueError, OverflowError):
        show(el("p", say("recalls.no_time", text=then), cls="nothing"))
        return
    scope = None if visit.sees_all else genealogy.Filter(organisations=tuple(sorted(visit.organisations)))
    try:
        found, names = await visit.read(lambda connection: _read(visit, connection, key, way, as_of, scope))
    except NotFoundError:
        show(el("p", say("trace.unknown", what=key), cls="nothing"))
        return
    except RefusedError as error:
        show(el("p", visit.refused(error), cls="nothing"))
        return
    if visit.may_mend:
        show(el("p", link(say("trace.recall"), "/recalls/new", cls="button", lot=found["key"]), cls="more"))
    if found["truncated"]:
        show(el("p", chip(say("trace.truncated", n=_EDGES), "warning")))
    show(section(say("trace.picture"), el("div", drawing(visit, found, names), cls="scroll"), cls="panel"))
    if found["gaps"]:
        gaps = [el("li", el("b", gap["rule"], cls=f"rule {gap['severity']}"), " ", gap["message"]) for gap in found["gaps"]]
        show(section(say("trace.gaps"), el("ul", *gaps, cls="plain")))
    if found["shippers"]:
        show(section(say("trace.shippers"), _shippers(visit, found["shippers"], names)))
    show(section(say("trace.table"), _table(visit, found, names)))


def _read(
    visit: Visit, connection: Any, key: str, way: Direction, as_of: datetime | None, scope: genealogy.Filter | None
) -> tuple[dict[str, Any], dict[str, Called]]:
    found = genealogy.trace(connection, key, way, _EDGES, as_of=as_of, scope=scope, language=visit.language)
    names = node_names(connection, [node["key"] for node in found["nodes"]], site_places(visit.hub))
    return found, names | {f"partner:{key}": Called(one.name, one.name_zh) for key, one in visit.hub.site.partners.items()}


def _shippers(visit: Visit, shippers: Sequence[Mapping[str, Any]], names: Mapping[str, Called]) -> Html:
    """Who brought the lots at the end of a trace upwards."""
    say = visit.say
    heads: list[Child | tuple[Child, str]] = [
        say("trace.shipper"), say("trace.key_short"), (say("orders.quantity"), "num"), say("trace.when"), say("trace.said_by"),
    ]  # fmt: skip
    rows = (
        row(
            names.get(f"partner:{one['partner']}", Called(one["name"])).in_language(visit.language),
            link(one["lot"].partition(":")[2], "/trace", cls="key", key=one["lot"]),
            ("" if one["quantity"] is None else f"{one['quantity'].normalize():f} {one['unit'] or ''}", "num"),
            when(one["at"]) if one["at"] is not None else "",
            link(one["number"], f"/exchanges/{one['exchange']}"),
        )
        for one in shippers[:_ROWS]
    )
    more = el("p", say("trace.more", n=len(shippers) - _ROWS), cls="more") if len(shippers) > _ROWS else None
    return el("div", table(heads, rows, cls="numbers"), more)


def _table(visit: Visit, found: Mapping[str, Any], names: Mapping[str, Called]) -> Html:
    say = visit.say
    heads: list[Child | tuple[Child, str]] = [
        (say("trace.steps"), "num"),
        say("trace.what"),
        say("trace.key_short"),
        say("trace.name"),
        (say("orders.quantity"), "num"),
        say("trace.place"),
        say("trace.when"),
        say("trace.said_by"),
    ]
    shown = list(rendering.lines(found))
    rows = (
        row(
            (str(line.depth), "num"),
            rendering.kind_name(line.kind, visit.language),
            link(line.key.partition(":")[2], "/trace", cls="key", key=line.key, as_of=visit.asked("as_of")),
            names.get(line.key, Called()).in_language(visit.language),
            (line.quantity, "num"),
            rendering.place_name(line.place, visit.language, names),
            when(line.at),
            [
                [link(f"{document['partner']} {document['number']}", f"/exchanges/{document['exchange']}"), " "]
                for document in line.documents[:5]
            ],
        )
        for line in shown[:_ROWS]
    )
    more = el("p", say("trace.more", n=len(shown) - _ROWS), cls="more") if len(shown) > _ROWS else None
    return el("div", table(heads, rows, cls="numbers"), more)
