"""A visibility event as rows, and the edges of the trace that follow from it. Pure.

    commissioning (ADD)            lot → serial where the event names the lot (ilmd), else production → lot or serial, production → place
    aggregation ADD / DELETE       thing or lot → unit that it went into / was taken out of
    transformation                 input → production → output, production → place
    shipping, departing            thing or lot → shipment → place (destination)
    receiving, arriving, accepting thing or lot → receipt → place

The numbers of shipments and receipts are those of the despatch or receiving advice that the event names, so that it meets the document;
else the event's own. Events move no stock: that is the business of documents, which would be counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.formats.epcis.writing import event_json
from data_contracts.canonical import EVENTS
from data_contracts.codes import unit as unit_of
from data_contracts.events.things import Thing, identify
from hub.store.keys import document_key, item_key, location_key, lot_key, thing_key
from hub.store.types import micros, scaled
from hub.store.visibility import ACTIONS, CHILD, CLASS, EPC, INPUT, ITEM, OUTPUT, PARENT, TYPES, EventSaid, mark
from hub.trace.edges import EdgeKind

Edges = dict[tuple[str, str, int], tuple[Decimal | None, str | None]]
_PARTS = {
    "epcs": EPC, "parent": PARENT, "child_epcs": CHILD, "input_epcs": INPUT, "output_epcs": OUTPUT,
    "quantities": EPC, "child_quantities": CHILD, "input_quantities": INPUT, "output_quantities": OUTPUT,
}  # fmt: skip
_SHIPPING, _RECEIVING = frozenset(("shipping", "departing")), frozenset(("receiving", "arriving", "accepting"))
LOT_NUMBER = "{urn:epcglobal:cbv:mda}lotNumber"
_DOCUMENT = "urn:epcglobal:cbv:bt:"
_ENDS = ("location", "possessing_party", "owning_party")
"""Types of sources and destinations, the one that says most of where things are first (CBV 2.0, source and destination types)."""


def said_of(event: Mapping[str, Any]) -> EventSaid:
    """The rows of an event. Raises OverflowError for a quantity that does not fit the store's 12 + 6 digits."""
    declared = event.get("error_declaration")
    words = {
        column: event[member]
        for column, member in (
            ("step", "biz_step"), ("disposition", "disposition"), ("read_point", "read_point"), ("location", "biz_location"),
        )
        if event.get(member)
    }  # fmt: skip
    for column in ("read_point", "location"):
        if column in words:
            words[column] = identify(words[column]).uri
    body = {name: value for name, value in event.items() if name != "recorded_at"} if "recorded_at" in event else event
    return EventSaid(
        number=event["number"],
        hash=bytes.fromhex(event["event_hash"][14:78]),
        type=TYPES[event["entity"]],
        action=ACTIONS.get(event.get("action", "")),
        occurred_at=micros(event["occurred_at"]),
        declared_at=micros(declared["declared_at"]) if declared else None,
        words=words,
        body=event_json(body).decode(),
        things=[(*key, quantity) for key, quantity in _things(event).items()],
        marks={mark(text) for text in _marks(event)},
    )


def _things(event: Mapping[str, Any]) -> dict[tuple[str, int], Decimal | None]:
    """Quantities by node key and role; several of one class in one part are a sum."""
    found: dict[tuple[str, int], Decimal | None] = {}
    items: set[tuple[str, int]] = set()
    model = EVENTS[event["entity"]]
    for member in model.things:
        stated, role = event.get(member), _PARTS[member]
        if not stated:
            continue
        for uri in (stated,) if isinstance(stated, str) else stated:
            thing = identify(uri)
            found[thing_key(thing), role] = None
            if thing.elements and thing.elements[0][0] == "01":
                items.add((thing.elements[0][1], role + ITEM))
    for member in model.amounts:
        role = _PARTS[member] + CLASS
        for row in event.get(member) or ():
            thing, quantity = identify(row["epc_class"]), row.get("quantity")
            if quantity is not None:
                scaled(quantity)
            key = (thing_key(thing), role)
            known = found.get(key)
            found[key] = quantity if known is None else known + quantity if quantity is not None else known
            if thing.elements and thing.elements[0][0] == "01":
                items.add((thing.elements[0][1], role + ITEM))
    for gtin, role in items:
        found[item_key(gtin), role] = None
    return found


def _marks(event: Mapping[str, Any]) -> Iterator[str]:
    """What an event is also found by; `mark_text` says how a question is put."""
    for member in ("business_transactions", "sources", "destinations"):
        for row in event.get(member) or ():
            yield mark_text(member, row.get("type"), row["id"])
    if event.get("transformation_id"):
        yield mark_text("transformation_id", None, event["transformation_id"])
    declared = event.get("error_declaration")
    for uri in (declared or {}).get("corrective_event_ids", ()):
        yield mark_text("corrective_event_ids", None, uri)


def mark_text(member: str, kind: str | None, uri: str) -> str:
    """The text whose hash marks an event."""
    return f"{member}|{kind or ''}|{identify(uri).uri}"


def search_keys(event: Mapping[str, Any]) -> dict[str, Any]:
    """Order, despatch and lot numbers that an event mentions, by which its exchange is found."""
    keys: dict[str, Any] = {}
    orders = sorted(set(document_numbers(event, "po")))
    if orders:
        keys["orders"] = orders
    lots = {lot for member in EVENTS[event["entity"]].amounts for row in event.get(member) or () if (lot := _lot(row["epc_class"]))}
    stated = (event.get("ilmd") or {}).get(LOT_NUMBER)
    if isinstance(stated, str):
        lots.add(stated)
    if lots:
        keys["lots"] = sorted(lots)
    despatch = next(iter(document_numbers(event, "desadv")), None)
    if despatch is not None:
        keys["despatch"] = despatch
    return keys


def _lot(uri: str) -> str | None:
    return dict(identify(uri).elements[1:]).get("10")


def document_numbers(event: Mapping[str, Any], kind: str) -> list[str]:
    """Numbers of the business documents of a kind: what stands behind issuer's GLN in the form of the vocabulary (CBV 2.0 clause 8.5.2)."""
    found = []
    for row in event.get("business_transactions") or ():
        if row.get("type") == kind and row["id"].startswith(_DOCUMENT):
            found.append(row["id"][len(_DOCUMENT) :].partition(":")[2])
    return [number for number in found if number]


# --- edges ---------------------------------------------------------------------------------------------------------------
def edges_of(event: Mapping[str, Any], partner: str) -> Edges:
    """The edges of one standing event of a partner."""
    kind, action, step = event["entity"], event.get("action"), event.get("biz_step")
    edges: Edges = {}
    if kind == "TransformationEvent":
        _transformation(event, partner, edges)
    elif kind == "AggregationEvent":
        _aggregation(event, edges)
    elif kind == "ObjectEvent":
        if action == "ADD":
            _made(event, partner, _goods(event, "epcs", "quantities"), event["number"], edges)
        elif action == "OBSERVE" and step in _SHIPPING:
            _shipped(event, partner, edges)
        elif action == "OBSERVE" and step in _RECEIVING:
            _received(event, partner, edges)
    return edges


def _goods(event: Mapping[str, Any], epcs: str, quantities: str) -> list[tuple[Thing, Decimal | None, str | None]]:
    found: list[tuple[Thing, Decimal | None, str | None]] = [(identify(uri), None, None) for uri in event.get(epcs) or ()]
    for row in event.get(quantities) or ():
        quantity = row.get("quantity")
        stated = row.get("unit") or "EA"
        known = unit_of(stated)
        code = known.code if known is not None else stated
        found.append((identify(row["epc_class"]), quantity, code if quantity is not None else None))
    return found


def _add(edges: Edges, src: str, dst: str, kind: EdgeKind, quantity: Decimal | None = None, unit: str | None = None) -> None:
    ends = (src, dst, int(kind))
    known = edges.get(ends)
    if known is not None and (known[0] is None or quantity is None or known[1] != unit):
        quantity = unit = None
    elif known is not None and known[0] is not None and quantity is not None:
        quantity += known[0]
    edges[ends] = (quantity, unit)


def _made(
    event: Mapping[str, Any], partner: str, goods: Iterable[tuple[Thing, Decimal | None, str | None]], number: str, edges: Edges
) -> None:
    """What came to be: lots and pieces, the pieces by their lot where the event names it. Labels of logistic units are no goods.

    Pieces that get their serial numbers come from their lot and from nowhere else: a lot of a million pieces has one origin, not a million.
    """
    run, made = document_key("production", partner, number), False
    named = (event.get("ilmd") or {}).get(LOT_NUMBER)
    for thing, quantity, unit in goods:
        if thing.key != "01":
            continue
        gtin, exact = thing.elements[0][1], dict(thing.elements[1:])
        lot = exact.get("10") or (named if isinstance(named, str) and named else None)
        single = thing.level == "instance"
        if single and lot is not None and event["entity"] == "ObjectEvent":
            _add(edges, lot_key(gtin, lot), thing_key(thing), EdgeKind.COMMISSIONING)
            continue
        made = True
        if single and lot is None:
            _add(edges, run, thing_key(thing), EdgeKind.CREATING)
        elif lot is not None:
            _add(edges, run, lot_key(gtin, lot), EdgeKind.CREATING, quantity, unit)
            if single:
                _add(edges, lot_key(gtin, lot), thing_key(thing), EdgeKind.COMMISSIONING)
    if made:
        _put(event, partner, run, EdgeKind.MAKING, edges)


def _put(event: Mapping[str, Any], partner: str, node: str, kind: EdgeKind, edges: Edges) -> None:
    uri = event.get("biz_location") or event.get("read_point")
    if uri:
        edges[node, _place(uri, partner), int(kind)] = (None, None)


def _place(uri: str, partner: str) -> str:
    elements = identify(uri).elements
    return location_key(partner, elements[0][1] if elements and elements[0][0] in ("414", "417") else uri)


def _traced(thing: Thing) -> bool:
    """Whether it is one thing or one lot; what is only known by its GTIN is followed nowhere."""
    return thing.level != "class" or any(ai == "10" for ai, _ in thing.elements)


def _transformation(event: Mapping[str, Any], partner: str, edges: Edges) -> None:
    number = event.get("transformation_id") or event["number"]
    run = document_key("production", partner, number)
    for thing, quantity, unit in _goods(event, "input_epcs", "input_quantities"):
        if _traced(thing):
            _add(edges, thing_key(thing), run, EdgeKind.CONSUMING, quantity, unit)
    _made(event, partner, _goods(event, "output_epcs", "output_quantities"), number, edges)
    if edges:
        _put(event, partner, run, EdgeKind.MAKING, edges)


def _aggregation(event: Mapping[str, Any], edges: Edges) -> None:
    if event.get("action") not in ("ADD", "DELETE") or not event.get("parent"):
        return
    unit_key = thing_key(identify(event["parent"]))
    inside = [row for row in _goods(event, "child_epcs", "child_quantities") if _traced(row[0])]
    if event["action"] == "DELETE":
        for thing, quantity, unit in inside:
            _add(edges, thing_key(thing), unit_key, EdgeKind.UNPACKING, quantity, unit)
        if not event.get("child_epcs") and not event.get("child_quantities"):
            edges[unit_key, unit_key, int(EdgeKind.UNPACKING)] = (None, None)
        return
    for thing, quantity, unit in inside:
        kind = EdgeKind.PACKING if thing.key == "01" else EdgeKind.NESTING
        _add(edges, thing_key(thing), unit_key, kind, quantity, unit)


def _shipped(event: Mapping[str, Any], partner: str, edges: Edges) -> None:
    shipment = document_key("shipment", partner, _first(document_numbers(event, "desadv")) or event["number"])
    for thing, quantity, unit in _goods(event, "epcs", "quantities"):
        if _traced(thing):
            _add(edges, thing_key(thing), shipment, EdgeKind.SHIPPING, quantity, unit)
    place = end_of(event.get("destinations"))
    if place is not None and edges:
        edges[shipment, _place(place, partner), int(EdgeKind.ARRIVING)] = (None, None)


def end_of(rows: Sequence[Mapping[str, str]] | None) -> str | None:
    """The place among sources or destinations of an event, else who has the things there, else whose they are; the first of a type."""
    stated = {row["type"]: row["id"] for row in reversed(rows or ())}
    return next((stated[kind] for kind in _ENDS if kind in stated), None)


def _received(event: Mapping[str, Any], partner: str, edges: Edges) -> None:
    receipt = document_key("receipt", partner, _first(document_numbers(event, "recadv")) or event["number"])
    for thing, quantity, unit in _goods(event, "epcs", "quantities"):
        if _traced(thing):
            _add(edges, thing_key(thing), receipt, EdgeKind.RECEIVING, quantity, unit)
    if edges:
        _put(event, partner, receipt, EdgeKind.STORING, edges)


def _first(numbers: Sequence[str]) -> str | None:
    return numbers[0] if numbers else None
