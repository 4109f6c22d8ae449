"""A trace to look at: as a table for a person, and as a graph for a program that draws one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.markup import escape
from rich.table import Table

from data_contracts.findings import Language
from hub.store.views.called import Called
from hub.trace.amounts import Amounts

_HEADINGS: Mapping[Language, tuple[str, ...]] = {
    "en": ("steps", "what", "key", "name", "quantity", "place", "when", "said by"),
    "zh-CN": ("层级", "种类", "标识", "名称", "数量", "地点", "时间", "依据"),
}
_KINDS: Mapping[Language, Mapping[str, str]] = {
    "en": {"logistic_unit": "logistic unit"},
    "zh-CN": {
        "lot": "批次", "serial": "序列号", "logistic_unit": "物流单元", "shipment": "发货", "receipt": "收货", "production": "生产",
        "location": "地点",
    },
}  # fmt: skip

_SHIPPER: Mapping[Language, str] = {"en": "shipped by", "zh-CN": "发货方"}


@dataclass(frozen=True, slots=True)
class Line:
    """One node with the edge by which it was reached first, and how much of what is followed is there."""

    depth: int
    kind: str
    key: str
    quantity: str
    place: str | None
    """Node of the place where a despatch went, a receipt or a production was."""
    at: datetime | None
    documents: tuple[Mapping[str, Any], ...]


def kind_name(kind: str, language: Language) -> str:
    """A kind of node as people read it."""
    return _KINDS[language].get(kind, kind)


def table(trace: Mapping[str, Any], language: Language, names: Mapping[str, Called] | None = None) -> Table:
    """Every node with its name, how much, where, when, and by which document; of a trace upwards then who shipped its lots."""
    shown = Table(box=None, pad_edge=False)
    for heading in _HEADINGS[language]:
        shown.add_column(heading, overflow="fold", no_wrap=heading in ("steps", "层级"))
    for line in lines(trace):
        by = ", ".join(dict.fromkeys(f"{document['partner']} {document['number']}" for document in line.documents))
        at = "" if line.at is None else line.at.isoformat(timespec="minutes")
        called = (names or {}).get(line.key, Called()).in_language(language) or ""
        what = kind_name(line.kind, language)
        where = place_name(line.place, language, names or {})
        shown.add_row(*map(escape, (str(line.depth), what, line.key, called, line.quantity, where, at, by)))
    depths = {node["key"]: node["depth"] for node in trace["nodes"]}
    for one in trace["shippers"]:
        depth = str(depths[one["lot"]] + (-1 if trace["direction"] == "both" else 1))
        key = " ".join(("partner:" + one["partner"], *(["GLN " + one["gln"]] if one["gln"] else ())))
        called = (names or {}).get("partner:" + one["partner"], Called(one["name"])).in_language(language) or ""
        quantity = "" if one["quantity"] is None else f"{one['quantity']:f} {one['unit'] or ''}".rstrip()
        at = "" if one["at"] is None else one["at"].isoformat(timespec="minutes")
        by = f"{one['partner']} {one['number']}: {one['lot']}"
        shown.add_row(*map(escape, (depth, _SHIPPER[language], key, called, quantity, "", at, by)))
    return shown


def place_name(place: str | None, language: Language, names: Mapping[str, Called]) -> str:
    """A place by its number and name; nothing for none."""
    if place is None:
        return ""
    return f"{place.partition(':')[2]} {names.get(place, Called()).in_language(language) or ''}".rstrip()


def lines(trace: Mapping[str, Any]) -> Iterator[Line]:
    """Every node, nearest first, with the edge by which it was reached first: when, and which documents say so. How much: of a lot or
    serial number what that edge says, of cartons, despatches, receipts, productions and places all that is reached (`Amounts`).
    """
    amounts = Amounts(trace)
    documents = {document["exchange"]: document for document in trace["documents"]}
    depths = {node["key"]: node["depth"] for node in trace["nodes"]}
    first: dict[str, Mapping[str, Any]] = {}
    for edge in trace["edges"]:
        for node, other in ((edge["to"], edge["from"]), (edge["from"], edge["to"])):
            if abs(depths[node]) >= abs(depths[other]) and depths[node] != 0:
                first.setdefault(node, edge)
    for node in trace["nodes"]:
        edge = first.get(node["key"], {})
        stated = "" if edge.get("quantity") is None else f"{edge['quantity']:f} {edge['unit'] or ''}".rstrip()
        quantity = amounts.text(node["key"]) or stated
        said = [documents[number] for number in edge.get("documents", ())]
        when = min((document["at"] for document in said if document["at"] is not None), default=None)
        yield Line(node["depth"], node["kind"], node["key"], quantity, amounts.places.get(node["key"]), when, tuple(said))


def graph(trace: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Graph Format 2.0 (jsongraphformat.info): nodes by key, edges the way the goods went; all else as metadata."""
    return {
        "graph": {
            "id": trace["key"],
            "type": "trace",
            "directed": True,
            "metadata": {name: trace[name] for name in ("direction", "as_of", "known_at", "truncated", "documents", "gaps", "shippers")},
            "nodes": {
                node["key"]: {"label": node["key"], "metadata": {"kind": node["kind"], "depth": node["depth"]}} for node in trace["nodes"]
            },
            "edges": [
                {
                    "source": edge["from"],
                    "target": edge["to"],
                    "relation": edge["kind"],
                    "metadata": {name: edge[name] for name in ("quantity", "unit", "since", "until", "documents")},
                }
                for edge in trace["edges"]
            ],
        }
    }
