"""A trace as a picture: things in columns by how many steps away they are, goods flowing from left to right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.store.views.called import Called
from hub.trace import rendering
from hub_api.console.frame import Visit
from hub_api.console.markup import Child, Html, address, el

MOST = 120
"""Things in a picture: more are no picture any more, and the table has all."""
PIECES = 12
"""Serial numbers that are drawn one by one."""
_WIDE, _HIGH, _GAP, _ROW = 208, 40, 64, 52
_COLOURS = {
    "lot": "#e8f1fa", "serial": "#eef7ee", "logistic_unit": "#f6efe2", "shipment": "#fdf3dc", "receipt": "#eef2f5",
    "production": "#f1ecf8", "location": "#fbeaea",
}  # fmt: skip


def drawing(visit: Visit, found: Mapping[str, Any], names: Mapping[str, Called]) -> Html:
    """The nearest things of a trace as SVG; each leads to its own trace."""
    nodes, edges = _without_pieces(found["nodes"], found["edges"])
    left = len(found["nodes"]) - len(nodes[:MOST])
    nodes = nodes[:MOST]
    columns: dict[int, list[str]] = {}
    for node in nodes:
        columns.setdefault(int(node["depth"]) * (-1 if found["direction"] == "up" else 1), []).append(node["key"])
    kinds = {node["key"]: node["kind"] for node in nodes}
    places: dict[str, tuple[int, int]] = {}
    for across, depth in enumerate(sorted(columns)):
        for down, key in enumerate(_ordered(columns[depth], edges, places)):
            places[key] = (across * (_WIDE + _GAP), down * _ROW)
    width = len(columns) * (_WIDE + _GAP) - _GAP + 4
    height = max(len(column) for column in columns.values()) * _ROW
    ways: list[Child] = []
    for edge in edges:
        if edge["from"] in places and edge["to"] in places:
            ways.append(_way(places[edge["from"]], places[edge["to"]], _said(edge)))
    boxes = [_box(visit, key, kinds[key], places[key], names, key == found["key"]) for key in places]
    svg = el(
        "svg", *ways, *boxes, viewBox=f"-2 -2 {width} {height}", width=str(width), height=str(height), role="img", cls="trace",
        aria_label=visit.say("trace.picture"),
    )  # fmt: skip
    return el("div", svg, el("p", visit.say("trace.not_drawn", n=left), cls="about") if left else None)


def _without_pieces(nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Without the serial numbers, where there are many: the lot then leads to where they are, and the table has each."""
    pieces = {node["key"] for node in nodes[1:] if node["kind"] == "serial"}
    if len(pieces) <= PIECES:
        return list(nodes), list(edges)
    came: dict[str, set[str]] = {}
    for edge in edges:
        if edge["to"] in pieces:
            came.setdefault(edge["to"], set()).add(edge["from"])
    kept = {(edge["from"], edge["to"]): edge for edge in edges if not {edge["from"], edge["to"]} & pieces}
    for edge in edges:
        if edge["from"] in pieces and edge["to"] not in pieces:
            for start in came.get(edge["from"], set()) - pieces:
                kept.setdefault((start, edge["to"]), {**edge, "from": start, "quantity": None})
    return [node for node in nodes if node["key"] not in pieces], list(kept.values())


def _ordered(keys: list[str], edges: Sequence[Mapping[str, Any]], places: Mapping[str, tuple[int, int]]) -> list[str]:
    """A column in the order of what leads to it, so that few ways cross."""
    wanted = set(keys)
    heights: dict[str, list[int]] = {key: [] for key in keys}
    for edge in edges:
        for key, other in ((edge["to"], edge["from"]), (edge["from"], edge["to"])):
            if key in wanted and other in places:
                heights[key].append(places[other][1])
    return sorted(keys, key=lambda key: (sum(heights[key]) / len(heights[key]) if heights[key] else 0, key))


def _way(start: tuple[int, int], end: tuple[int, int], said: str) -> Html:
    (x1, y1), (x2, y2) = start, end
    y1, y2 = y1 + _HIGH // 2, y2 + _HIGH // 2
    if x1 == x2:  # beside each other: names of one lot, a unit in a unit
        edge = x1 + _WIDE
        path = f"M{edge} {y1} C{edge + 30} {y1} {edge + 30} {y2} {edge} {y2}"
    else:
        left, right = (x1 + _WIDE, x2) if x1 < x2 else (x1, x2 + _WIDE)
        half = (left + right) // 2
        path = f"M{left} {y1} C{half} {y1} {half} {y2} {right} {y2}"
    return el("path", el("title", said), d=path, fill="none", stroke="#9fb0bf", stroke_width="1.4")


def _said(edge: Mapping[str, Any]) -> str:
    quantity = "" if edge["quantity"] is None else f" {edge['quantity']:f} {edge['unit'] or ''}"
    return f"{edge['kind']}{quantity}"


def _box(visit: Visit, key: str, kind: str, place: tuple[int, int], names: Mapping[str, Called], start: bool) -> Html:
    x, y = place
    bare = key.partition(":")[2]
    called = names.get(key, Called()).in_language(visit.language)
    second = called or rendering.kind_name(kind, visit.language)
    box = el(
        "rect", x=x, y=y, width=_WIDE, height=_HIGH, rx=5, fill=_COLOURS.get(kind, "#eef2f5"), stroke="#1d4e6f" if start else "#c3ccd5",
        stroke_width="2" if start else "1",
    )  # fmt: skip
    first = el("text", _end(bare, 27), x=x + 8, y=y + 17, cls="first")
    below = el("text", _begin(second, 30), x=x + 8, y=y + 32, cls="second")
    hint = el("title", f"{rendering.kind_name(kind, visit.language)} {bare} {called or ''}".strip())
    return el("a", hint, box, first, below, href=address("/trace", key=key))


def _end(text: str, most: int) -> str:
    """The end tells things apart: lots of one item begin alike."""
    return text if len(text) <= most else f"…{text[1 - most :]}"


def _begin(text: str, most: int) -> str:
    """As much of a name as fits; a Chinese character is as wide as two others."""
    width = 0
    for place, letter in enumerate(text):
        width += 2 if ord(letter) > 0x2E7F else 1
        if width > most:
            return text[:place] + "…"
    return text
