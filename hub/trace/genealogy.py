"""Where did it go, what is it made of: a trace as plain nodes and edges, from any key, at any time.

Down follows the goods towards the patient, up goes back to the material, over productions, cartons in cartons, despatches and receipts of
all organisations. `as_of` asks what had happened by a time, `known_at` what the hub knew then. Names of one lot are joined as the item
master knows them today.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from data_contracts.findings import Language
from hub.store.genealogy import documents_of
from hub.store.keys import kind_of
from hub.store.types import micros, moment
from hub.store.walk import Filter, Row, exact
from hub.trace import gaps, shippers
from hub.trace.edges import EdgeKind
from hub.trace.resolve import likely, resolve
from hub.trace.walk import Walk, walk

Direction = Literal["up", "down", "both"]
LIMIT = 100_000
"""Edges after which a walk is cut; the answer then says `truncated`."""
_NAMES = {int(kind): kind.name.lower() for kind in EdgeKind}
_SAME_AS = int(EdgeKind.SAME_AS)


@dataclass(frozen=True, slots=True)
class Edge:
    """One connection between two nodes, the way the goods went, and who says so. `quantity` is null where none is stated.

    Where several documents state it, they speak of the same goods: the greatest quantity counts. `since` and `until`, microseconds, tell
    of content of a unit that was opened when it was inside; null: not limited.
    """

    src: int
    dst: int
    kind: int
    quantity: Decimal | None
    unit: str | None
    applications: tuple[int, ...]
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What was reached from a key: downwards, upwards, or both."""

    key: str
    direction: Direction
    walks: tuple[Walk, ...]
    as_of: datetime | None = None
    known_at: datetime | None = None

    @property
    def truncated(self) -> bool:
        """Whether there is more than was followed."""
        return any(walked.truncated for walked in self.walks)

    def keys(self) -> dict[int, str]:
        """Keys of all nodes by id, the start first."""
        return (
            {node: key for walk in reversed(self.walks) for node, key in walk.keys.items()} if len(self.walks) > 1 else self.walks[0].keys
        )

    def depths(self) -> dict[int, int]:
        """Steps from the start, nearest first; of a trace in both directions negative upwards."""
        if len(self.walks) == 1:
            return self.walks[0].depths
        ways = reversed(self.walks)  # down comes last, and so counts where both reach a node
        found = {node: -depth if walked.upward else depth for walked in ways for node, depth in walked.depths.items()}
        return dict(sorted(found.items(), key=lambda reached: (abs(reached[1]), reached[1] < 0)))

    def edges(self) -> Iterator[Edge]:
        """Every connection once; of two names of one lot one of the two ways."""
        found: dict[tuple[int, int, int], list[Any]] = {}
        for walked in self.walks:
            for row in walked.steps:
                src, dst = (row[0], row[1]) if walked.upward else (row[1], row[0])
                kind = row[2]
                if kind == _SAME_AS and src > dst:
                    src, dst = dst, src
                found.setdefault((src, dst, kind), []).append(row)
        for (src, dst, kind), rows in found.items():
            quantity, unit = _quantity(rows)
            since = None if any(row[6] is None for row in rows) else min(row[6] for row in rows)
            until = None if any(row[7] is None for row in rows) else max(row[7] for row in rows)
            yield Edge(src, dst, kind, quantity, unit, tuple(dict.fromkeys(row[3] for row in rows if row[3])), since, until)

    def plain(self, connection: sa.Connection, language: Language = "en", chosen: Filter | None = None) -> dict[str, Any]:
        """The public shape, nodes nearest first, the start first; `documents` of an edge are exchange ids.

        `{"key", "direction", "as_of", "known_at", "nodes": [{"key", "kind", "depth"}], "edges": [{"from", "to", "kind", "quantity",
        "unit", "since", "until", "documents"}], "documents": [{"exchange", "partner", "kind", "number", "at"}], "gaps": [{"rule",
        "severity", "node", "message"}], "shippers", "truncated"}`; `shippers`, of a trace upwards, as `hub.trace.shippers.find` has them.
        """
        keys = self.keys()
        edges = list(self.edges())
        documents = documents_of(connection, {number for edge in edges for number in edge.applications})
        return {
            "key": self.key,
            "direction": self.direction,
            "as_of": self.as_of,
            "known_at": self.known_at,
            "nodes": [{"key": keys[node], "kind": kind_of(keys[node]), "depth": depth} for node, depth in self.depths().items()],
            "edges": [_plain_edge(edge, keys, documents) for edge in edges],
            "documents": [_plain_document(document) for document in {row.exchange_id: row for row in documents.values()}.values()],
            "gaps": [gap.plain(language) for gap in gaps.find(connection, keys, chosen)],
            "shippers": [one for walked in self.walks if walked.upward for one in shippers.find(connection, walked.keys, chosen)],
            "truncated": self.truncated,
        }


def trace(
    connection: sa.Connection,
    key: str,
    direction: Direction = "down",
    limit: int = LIMIT,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    scope: Filter | None = None,
    language: Language = "en",
) -> dict[str, Any]:
    """The nodes and edges that are reached from a key, as `Trace.plain` has them. `scope` limits whose statements count.

    Raises NotFoundError for an unknown key and ConflictError when a bare number means several things; the message names them.
    """
    chosen = _chosen(as_of, known_at, scope)
    return follow(connection, key, direction, limit, as_of=as_of, known_at=known_at, scope=scope).plain(connection, language, chosen)


def follow(
    connection: sa.Connection,
    key: str,
    direction: Direction = "down",
    limit: int | None = LIMIT,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    scope: Filter | None = None,
) -> Trace:
    """The same, as it was walked. A small answer to a key as the hub writes it, or as a label has it, takes one statement."""
    chosen = _chosen(as_of, known_at, scope)
    ways: tuple[Literal["down", "up"], ...] = ("down", "up") if direction == "both" else (direction,)
    guess = likely(key) if chosen is None else None
    first = walk(connection, guess, ways[0], limit) if guess is not None else None
    if first is not None and guess is not None:
        found, walks = guess, [first]
    else:
        found, walks = resolve(connection, key, chosen), []
    for way in ways[len(walks) :]:
        walked = walk(connection, found, way, limit, chosen)
        if walked is None:
            raise NotFoundError(f"nothing is known of {key}")
        walks.append(walked)
    return Trace(found, direction, tuple(walks), as_of, known_at)


def reached(connection: sa.Connection, key: str, direction: Direction, kind: str, limit: int = LIMIT) -> list[str]:
    """Keys of the nodes of one kind in a trace, e.g. the shipments that carried a lot."""
    return sorted(key for key in follow(connection, key, direction, limit).keys().values() if kind_of(key) == kind)


def _chosen(as_of: datetime | None, known_at: datetime | None, scope: Filter | None) -> Filter | None:
    if as_of is None and known_at is None:
        return scope
    return replace(
        scope or Filter(),
        effective=None if as_of is None else micros(as_of),
        known=None if known_at is None else micros(known_at),
    )


def _quantity(rows: Sequence[Row]) -> tuple[Decimal | None, str | None]:
    stated = [(exact(row[4]), row[5] or "") for row in rows if row[4] is not None]
    if not stated:
        return None, None
    quantity, unit = max(stated)
    return quantity, unit or None


def _plain_edge(edge: Edge, keys: Mapping[int, str], documents: Mapping[int, Any]) -> dict[str, Any]:
    src, dst = keys[edge.src], keys[edge.dst]
    if edge.kind == _SAME_AS and src > dst:
        src, dst = dst, src
    return {
        "from": src,
        "to": dst,
        "kind": _NAMES[edge.kind],
        "quantity": edge.quantity,
        "unit": edge.unit,
        "since": None if edge.since is None else moment(edge.since),
        "until": None if edge.until is None else moment(edge.until),
        "documents": list(dict.fromkeys(documents[number].exchange_id for number in edge.applications if number in documents)),
    }


def _plain_document(row: Any) -> dict[str, Any]:
    return {
        "exchange": row.exchange_id,
        "partner": row.partner,
        "kind": row.kind,
        "number": row.number,
        "at": None if row.effective_at is None else moment(row.effective_at),
    }


__all__ = ["LIMIT", "Direction", "Edge", "Filter", "Trace", "follow", "reached", "trace"]
