"""Documents that come after the load: late ones between those that are there, corrections, cancellations and withdrawals.

They go through the hub's own `apply` and `withdraw`, on lots, cases and places of the generated genealogy, and are kept beside it as
edges, so that the generator knows every answer afterwards, too.

    late        productions that nobody had told of, which join old lots; despatches of cases that were shipped before, and of bare lots
    corrected   every second of them is replaced: made of another lot, another case, other pieces
    removed     a third is cancelled by a document; a third is withdrawn by a person, so that what it replaced stands again
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from benchmarks.generate_genealogy import BEGIN, GTIN, HOSPITALS, PLANT, PRODUCTION, SECONDS, SHIPMENT, Genealogy, sscc
from hub.apply import Applicable, apply, withdraw
from hub.store import bulk, tables
from hub.store.database import Database
from hub.store.identity import allocate
from hub.store.types import moment
from hub.trace.edges import EdgeKind

_PARTNERS = {"wms": 1, "mes": 2}
_EXCHANGE = ("id", "ordinal", "direction", "organisation_id", "partner_id", "state", "recorded_at", "changed_at")
_KINDS = {"shipment": SHIPMENT, "production": PRODUCTION}
Edge = tuple[int | str, int | str, EdgeKind, int]
"""Source and destination, by id in the genealogy, or by key where the document itself brought the node; pieces, 0: none stated."""


@dataclass(slots=True)
class Document:
    """What a document says, which edges that makes, and which lots it speaks of."""

    partner: str
    entity: dict[str, Any]
    edges: list[Edge]
    lots: tuple[int, ...]
    application: int = 0

    @property
    def number(self) -> str:
        """Its number, under which it is replaced and cancelled."""
        return str(self.entity["number"])


@dataclass
class Amended:
    """A genealogy in a store, and the documents that came later."""

    database: Database
    genealogy: Genealogy
    told: dict[str, list[Document]] = field(default_factory=dict)
    """By number: what stands last, what it replaced before it."""
    lots: set[int] = field(default_factory=set)
    """All lots that any of them spoke of."""

    def now(self) -> Genealogy:
        """The genealogy with all that stands."""
        standing = [document for history in self.told.values() for document in history[-1:]]
        keys = sorted({end for document in standing for edge in document.edges for end in edge[:2] if isinstance(end, str)})
        ids = {key: len(self.genealogy.kinds) + place for place, key in enumerate(keys)}
        edges = [
            (ids[src] if isinstance(src, str) else src, ids[dst] if isinstance(dst, str) else dst, int(kind), pieces)
            for document in standing
            for src, dst, kind, pieces in document.edges
        ]
        return self.genealogy.with_edges([(key, _KINDS[key.partition(":")[0]]) for key in keys], edges)

    def say(self, documents: Sequence[Document]) -> None:
        """Apply documents, each in its own transaction."""
        for document in documents:
            partner = _PARTNERS[document.partner]
            with self.database.begin("bench") as uow:
                (number,) = allocate(uow.connection, "exchange", 1)
                bulk.insert(uow.connection, tables.exchange, _EXCHANGE, [(number, 1, "in", 1, partner, "applied", uow.now, uow.now)])
                (outcome,) = apply(uow, [Applicable(number, 1, partner, document.partner, document.entity)])
            if outcome.application_id is None or not (outcome.standing or document.entity["purpose"] == "cancel"):
                raise SystemExit(f"{document.number} did not come to stand: {outcome}")
            document.application = outcome.application_id
            self.lots.update(document.lots)
            if document.entity["purpose"] == "cancel":
                self.told[document.number].clear()
            else:
                self.told.setdefault(document.number, []).append(document)

    def withdraw(self, documents: Sequence[Document]) -> None:
        """Take documents out by a person's decision; what they replaced stands again."""
        for document in documents:
            with self.database.begin("bench") as uow:
                withdraw(uow, document.application, "told by mistake")
            self.told[document.number].remove(document)


def amend(database: Database, genealogy: Genealogy, each: int = 24) -> Iterator[tuple[str, Amended]]:
    """Three rounds, late, corrected and removed, with `each` late productions and twice as many despatches; yields after each round."""
    amended, draw = Amended(database, genealogy), _Draw(genealogy)
    late = [draw.document(kind, f"{kind}-{place}", "original") for place in range(each) for kind in ("made", "forwarded", "bare")]
    amended.say(late)
    yield "late", amended
    amended.say([draw.document(one.number.partition("-")[0], one.number, "replace") for one in late[::2]])
    yield "corrected", amended
    amended.say([draw.cancelled(history[-1]) for history in list(amended.told.values())[::3]])
    amended.withdraw([history[-1] for history in list(amended.told.values())[1::3]])
    yield "removed", amended


class _Draw:
    """Documents about things of a genealogy, drawn by chance."""

    def __init__(self, genealogy: Genealogy) -> None:
        self._genealogy = genealogy
        self._chance = random.Random(5)
        self._packed = np.flatnonzero((genealogy.kind == int(EdgeKind.PACKING)) & (genealogy.quantity > 0))
        self._said = 0

    def document(self, kind: str, number: str, purpose: str) -> Document:
        """A production (`made`), or a despatch of a case (`forwarded`) or of a lot without one (`bare`)."""
        self._said += 1
        if kind == "made":
            return self._production(number, purpose)
        packed = self._chance.choice(self._packed)
        lot, case = int(self._genealogy.src[packed]), int(self._genealogy.dst[packed])
        return self._despatch(number, purpose, lot, case if kind == "forwarded" else None)

    def cancelled(self, document: Document) -> Document:
        """The document that takes another back."""
        self._said += 1
        entity = {**document.entity, "purpose": "cancel", "issued_at": self._issued()}
        return Document(document.partner, entity, [], document.lots)

    def _production(self, number: str, purpose: str) -> Document:
        """An old lot went into one that was made later: a raw or bulk one into an intermediate, or that into a finished one."""
        names = self._chance.choice((("raw", "intermediate"), ("bulk", "intermediate"), ("intermediate", "finished")))
        older, newer = (self._genealogy.starts[name].tolist() for name in names)
        made = self._chance.choice(newer)
        used = self._chance.choice([lot for lot in older if lot < made])
        event = f"production:mes:{number}"
        entity = self._entity("ProductionEvent", number, purpose) | {
            "occurred_at": self._happened(),
            "location": {"gln": f"{PLANT:013d}"},
            "inputs": [_line(used, 10)],
            "outputs": [_line(made, 1000)],
        }
        edges: list[Edge] = [
            (used, event, EdgeKind.CONSUMING, 10), (event, made, EdgeKind.CREATING, 1000), (event, PLANT, EdgeKind.MAKING, 0),
        ]  # fmt: skip
        return Document("mes", entity, edges, (used, made))

    def _despatch(self, number: str, purpose: str, lot: int, case: int | None) -> Document:
        pieces, place = self._chance.randint(1, 9), 3 + self._chance.randrange(HOSPITALS)
        shipment = f"shipment:wms:{number}"
        entity = self._entity("DespatchAdvice", number, purpose) | {
            "despatched_at": self._happened(),
            "ship_from": {"gln": f"{PLANT:013d}"},
            "ship_to": {"gln": f"{place:013d}"},
            "lines": [_line(lot, pieces) if case is None else {"line": "1", "sscc": sscc(case), "@": 2}],
        }
        sent: Edge = (lot, shipment, EdgeKind.SHIPPING, pieces) if case is None else (case, shipment, EdgeKind.SHIPPING, 0)
        return Document("wms", entity, [sent, (shipment, place, EdgeKind.ARRIVING, 0)], (lot,))

    def _entity(self, name: str, number: str, purpose: str) -> dict[str, Any]:
        return {"entity": name, "number": number, "purpose": purpose, "issued_at": self._issued(), "@": 1}

    def _issued(self) -> Any:
        """Each is issued after the one before, long after all that was loaded."""
        return moment(BEGIN) + timedelta(days=3650, minutes=self._said)

    def _happened(self) -> Any:
        """Between the things that were told in time."""
        return moment(BEGIN + self._chance.randrange(100) * SECONDS)


def _line(lot: int, pieces: int) -> dict[str, Any]:
    return {"line": "1", "gtin": GTIN, "lot": f"L{lot}", "quantity": Decimal(pieces), "unit": "EA", "@": 2}
