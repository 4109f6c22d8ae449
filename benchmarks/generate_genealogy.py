"""Genealogy of a device maker for the trace benchmark: material and finished lots, serial numbers, cases, pallets, despatches.

    bulk and raw lots → production → intermediate lots → production → finished lots → serials → cases (20) → pallets (20 cases)
    raw lots: a supplier's shipment and our receipt; pallets: shipment to a distributor; cases: shipments on to hospitals (4 cases)

The generator keeps everything that it makes as arrays, so that it knows the true answer to any trace (`Genealogy.reached`) without the
store. Node ids are dense and in the order of time, as the hub gives them; the same number of edges and seed gives the same genealogy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hub.trace.edges import EdgeKind

Ids = npt.NDArray[np.int64]
LOT, SERIAL, UNIT, SHIPMENT, RECEIPT, PRODUCTION, LOCATION = range(7)
KINDS = ("lot", "serial", "logistic_unit", "shipment", "receipt", "production", "location")
PLANT, DISTRIBUTOR, HOSPITALS = 1, 2, 500
GTIN = "06901234000029"
SECONDS = 86_400_000_000
BEGIN = 1_700_000_000_000_000
"""Time of the first block, microseconds; each block of production is a day later."""


@dataclass
class Genealogy:
    """Nodes 1..n with their kinds; edges as parallel arrays, in the order of application and source."""

    kinds: npt.NDArray[np.int8]
    src: Ids
    dst: Ids
    kind: npt.NDArray[np.int16]
    application: Ids
    quantity: Ids
    """Pieces; 0: none is stated."""
    applications: Ids
    """When each application happened, microseconds; the id is the place plus one."""
    starts: dict[str, Ids] = field(default_factory=dict)
    """Node ids to begin a trace at: bulk, raw, intermediate, finished lots, serials, hospital shipments."""
    named: dict[int, str] = field(default_factory=dict)
    """Keys of nodes that came later, by documents (`with_edges`)."""

    def key(self, node: int) -> str:
        """The node's key, as the hub would write it."""
        made: str = self.named.get(node) or _KEYS[self.kinds[node]](node)
        return made

    def with_edges(self, nodes: Sequence[tuple[str, int]], edges: Sequence[tuple[int, int, int, int]]) -> Genealogy:
        """The same with more nodes (key, kind), which get the next ids here, and edges (source, destination, kind, pieces)."""
        src, dst, kind, pieces = np.array(edges, np.int64).reshape(-1, 4).T
        first = len(self.kinds)
        return replace(
            self,
            kinds=np.concatenate((self.kinds, np.array([kind for _, kind in nodes], np.int8))),
            src=np.concatenate((self.src, src)).astype(np.int64),
            dst=np.concatenate((self.dst, dst)).astype(np.int64),
            kind=np.concatenate((self.kind, kind)).astype(np.int16),
            application=np.concatenate((self.application, np.zeros(len(edges), np.int64))),
            quantity=np.concatenate((self.quantity, pieces)).astype(np.int64),
            named={first + place: key for place, (key, _) in enumerate(nodes)},
        )

    def keys(self) -> Iterator[str]:
        """All keys in the order of ids, from 1."""
        return (_KEYS[kind](node) for node, kind in enumerate(self.kinds[1:].tolist(), start=1))

    def reached(self, start: int, upward: bool = False) -> Ids:
        """Every node that a trace reaches, the start included: from the arrays, level by level."""
        order, first, ends = self.upward if upward else self.downward
        seen = np.zeros(len(self.kinds), dtype=bool)
        seen[start] = True
        front = np.array([start], dtype=np.int64)
        while len(front):
            counts = first[front + 1] - first[front]
            places = np.repeat(first[front] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts) + np.arange(counts.sum())
            front = np.unique(ends[order[places]])
            front = front[~seen[front]]
            seen[front] = True
        return np.flatnonzero(seen)

    def shipments(self, start: int) -> list[str]:
        """Keys of the shipments that a trace down reaches."""
        found = self.reached(start)
        return [self.key(int(node)) for node in found[self.kinds[found] == SHIPMENT]]

    @cached_property
    def downward(self) -> tuple[Ids, Ids, Ids]:
        """Edges by source: their order, where each node's begin, and where they lead."""
        return _sorted(self.src, self.dst, len(self.kinds))

    @cached_property
    def upward(self) -> tuple[Ids, Ids, Ids]:
        """The same by destination."""
        return _sorted(self.dst, self.src, len(self.kinds))


def _sorted(near: Ids, far: Ids, nodes: int) -> tuple[Ids, Ids, Ids]:
    return np.argsort(near, kind="stable"), np.concatenate(([0], np.cumsum(np.bincount(near, minlength=nodes)))), far


def sscc(node: int) -> str:
    """An SSCC with its check digit (GS1 General Specifications 7.9)."""
    digits = f"{node + 3 * 10**16:017d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


_KEYS: tuple[Callable[[int], str], ...] = (
    lambda node: f"lot:{GTIN}|L{node}",
    lambda node: f"serial:{GTIN}|S{node}",
    lambda node: f"sscc:{sscc(node)}",
    lambda node: f"shipment:wms:D{node}",
    lambda node: f"receipt:wms:R{node}",
    lambda node: f"production:mes:P{node}",
    lambda node: f"location:{node:013d}",
)


class _Maker:
    """Allots nodes, edges and applications block by block."""

    def __init__(self, seed: int) -> None:
        self.draw = np.random.default_rng(seed)
        self.kinds: list[npt.NDArray[np.int8]] = [np.full(1, LOCATION, np.int8)]
        self.edges: list[tuple[Ids, Ids, Ids, Ids, Ids]] = []
        self.times: list[Ids] = []
        self.count, self.applications, self.edge_count = 0, 0, 0
        self.now = BEGIN

    def nodes(self, kind: int, count: int) -> Ids:
        """New nodes of a kind."""
        self.kinds.append(np.full(count, kind, np.int8))
        self.count += count
        return np.arange(self.count - count + 1, self.count + 1, dtype=np.int64)

    def events(self, count: int) -> Ids:
        """New applications, a minute apart."""
        self.times.append(self.now + np.arange(count, dtype=np.int64) * 60_000_000)
        self.applications += count
        return np.arange(self.applications - count + 1, self.applications + 1, dtype=np.int64)

    def edge(self, kind: EdgeKind, src: Ids, dst: Ids, application: Ids, quantity: int = 0) -> None:
        """Edges between pairs; single nodes and applications are repeated."""
        size = max(len(src), len(dst))
        rows = [np.broadcast_to(values, size) for values in (src, dst, np.array([kind]), application, np.array([quantity]))]
        self.edges.append((rows[0], rows[1], rows[2], rows[3], rows[4]))
        self.edge_count += size


def generate(edges: int, seed: int = 7) -> Genealogy:
    """At least this many edges."""
    maker = _Maker(seed)
    starts: dict[str, list[Ids]] = {name: [] for name in ("bulk", "raw", "intermediate", "finished", "serial", "delivery")}
    places = maker.nodes(LOCATION, 2 + HOSPITALS)
    raws: list[Ids] = []
    intermediates: list[Ids] = []
    bulk = np.empty(0, np.int64)
    block = 0
    while maker.edge_count < edges:
        maker.now = BEGIN + block * SECONDS
        if block % 30 == 0:
            bulk = maker.nodes(LOT, 1)
            starts["bulk"].append(bulk)
        raw = _materials(maker, places)
        raws.append(raw)
        made = _produced(maker, places, 8, np.concatenate(raws[-6:]), 4, bulk)
        intermediates.append(made)
        finished = _produced(maker, places, 5, np.concatenate(intermediates[-2:]), 2, np.empty(0, np.int64))
        for lot in finished:
            serials, deliveries = _delivered(maker, places, np.array([lot]))
            starts["serial"].append(serials[len(serials) // 2 :][:1])
            starts["delivery"].append(deliveries[:1])
        starts["raw"].append(raw[:3])
        starts["intermediate"].append(made[:2])
        starts["finished"].append(finished)
        block += 1
    columns = [np.concatenate(column) for column in zip(*maker.edges, strict=True)]
    order = np.argsort(columns[3], kind="stable")
    src, dst, kind, application, quantity = (column[order] for column in columns)
    return Genealogy(
        np.concatenate(maker.kinds), src, dst, kind.astype(np.int16), application, quantity, np.concatenate(maker.times),
        {name: np.concatenate(found) for name, found in starts.items()},
    )  # fmt: skip


def _materials(maker: _Maker, places: Ids) -> Ids:
    """Twenty raw lots come in one shipment and one receipt."""
    raw = maker.nodes(LOT, 20)
    sent, got = maker.events(1), maker.events(1)
    shipment, receipt = maker.nodes(SHIPMENT, 1), maker.nodes(RECEIPT, 1)
    maker.edge(EdgeKind.SHIPPING, raw, shipment, sent, 500)
    maker.edge(EdgeKind.ARRIVING, shipment, places[:1], sent)
    maker.edge(EdgeKind.RECEIVING, raw, receipt, got, 500)
    maker.edge(EdgeKind.STORING, receipt, places[:1], got)
    return raw


def _produced(maker: _Maker, places: Ids, count: int, pool: Ids, each: int, always: Ids) -> Ids:
    """Lots out of some lots of a pool each, and of `always`."""
    orders, lots, events = maker.nodes(PRODUCTION, count), maker.nodes(LOT, count), maker.events(count)
    for place in range(count):
        used = np.concatenate((maker.draw.choice(pool, each, replace=False), always))
        maker.edge(EdgeKind.CONSUMING, used, orders[place : place + 1], events[place : place + 1], 10)
    maker.edge(EdgeKind.CREATING, orders, lots, events, 1000)
    maker.edge(EdgeKind.MAKING, orders, places[:1], events)
    return lots


def _delivered(maker: _Maker, places: Ids, lot: Ids) -> tuple[Ids, Ids]:
    """A finished lot as serial numbers in cases on pallets to the distributor, and from there by cases to hospitals."""
    count = int(min(20000, max(40, maker.draw.lognormal(7.0, 0.8))))
    serials = maker.nodes(SERIAL, count)
    cases = maker.nodes(UNIT, (count + 19) // 20)
    pallets = maker.nodes(UNIT, (len(cases) + 19) // 20)
    packed = maker.events(1)
    holder = cases[np.arange(count) // 20]
    maker.edge(EdgeKind.COMMISSIONING, lot, serials, packed)
    maker.edge(EdgeKind.PACKING, serials, holder, packed)
    maker.edge(EdgeKind.PACKING, lot, cases, packed, 20)
    maker.edge(EdgeKind.NESTING, cases, pallets[np.arange(len(cases)) // 20], packed)
    first = maker.nodes(SHIPMENT, len(pallets))
    sent = maker.events(len(pallets))
    maker.edge(EdgeKind.SHIPPING, pallets, first, sent)
    maker.edge(EdgeKind.ARRIVING, first, places[1:2], sent)
    second = maker.nodes(SHIPMENT, (len(cases) + 3) // 4)
    onward = maker.events(len(second))
    mixed = maker.draw.permutation(len(cases)) // 4
    maker.edge(EdgeKind.SHIPPING, cases, second[mixed], onward[mixed])
    maker.edge(EdgeKind.ARRIVING, second, places[2:][maker.draw.integers(0, HOSPITALS, len(second))], onward)
    return serials, second
