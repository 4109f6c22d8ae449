"""What visibility events tell of units beside documents: made, consumed, received, destroyed, and shipments that never happened.

Shipments by events stand among the shipments (`hub.recall.telling`). Of all else documents and events tell the same again and again: a
warehouse sends its receipt as a document, and as an event of arriving, of receiving and of accepting. So what is told of one place is
weighed: of several steps and systems that tell by event the one counts that tells the most, and beside documents it counts as far as it
tells more than they do, which is said (`quantity_differs`). Receipts that name their despatch are weighed despatch by despatch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa

from connectors.formats.epcis.json_reading import event_of
from data_contracts.codes import unit as unit_of
from data_contracts.events.things import identify
from hub.apply.event_facts import LOT_NUMBER, document_numbers, end_of
from hub.recall.flows import ZERO, Contradiction, Stated
from hub.store import lot_history
from hub.store.keys import lot_key, thing_key
from hub.store.lot_history import Told

What = Literal["made", "consumed", "received", "written_off", "not_sent"]
_RECEIVING = ("receiving", "accepting", "arriving")
_GONE = frozenset(("destroyed", "disposed"))
"""Dispositions of what is no more."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A part of what an event speaks of."""

    key: str
    """Node key: a lot, a serial number, a logistic unit."""
    gtin: str | None = None
    quantity: Decimal | None = None
    """Null of single things."""
    unit: str | None = None
    """Null where pieces of the GTIN are counted, whatever is in one of them."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event, as far as it moves units."""

    told: Told
    what: What
    step: str
    place: str
    number: str
    """Of a receipt, and of what was not sent, the despatch; else the run."""
    things: tuple[Thing, ...]
    origin: str = ""
    """Of a receipt, where it says that the things came from."""


def happenings(connection: sa.Connection, nodes: Collection[int]) -> tuple[list[Happening], dict[int, str]]:
    """What standing events say of these nodes, in a fixed order, and the business steps of all of them by application."""
    rows = lot_history.events_about(connection, nodes)
    said = lot_history.told(connection, {number for number, _ in rows})
    found: list[Happening] = []
    steps: dict[int, str] = {}
    for number, body in rows:
        if number in said:
            event = event_of(body)
            steps[number] = event.get("biz_step") or ""
            found += _read(said[number], event)
    return found, steps


def _read(told: Told, event: Mapping[str, Any]) -> list[Happening]:
    place = uri_place(event.get("biz_location") or event.get("read_point"))
    step, action = event.get("biz_step") or "", event.get("action")
    if event["entity"] == "TransformationEvent":
        run = event.get("transformation_id") or event["number"]
        return [
            Happening(told, "consumed", "", place, run, _things(event, "input_epcs", "input_quantities")),
            Happening(told, "made", "", place, run, _things(event, "output_epcs", "output_quantities")),
        ]
    if event["entity"] != "ObjectEvent":
        return []
    things = _things(event, "epcs", "quantities")
    despatch = next(iter(document_numbers(event, "desadv")), "")
    if action == "ADD":
        return [Happening(told, "made", step, place, event["number"], things)]
    if step == "destroying" or event.get("disposition") in _GONE:
        return [Happening(told, "written_off", step, place, "", things)]
    if action == "OBSERVE" and step in _RECEIVING:
        return [Happening(told, "received", step, place, despatch, things, uri_place(end_of(event.get("sources"))))]
    if action == "OBSERVE" and step == "void_shipping":
        return [Happening(told, "not_sent", step, place, despatch, things)]
    return []


def _things(event: Mapping[str, Any], epcs: str, quantities: str) -> tuple[Thing, ...]:
    found = []
    lot = (event.get("ilmd") or {}).get(LOT_NUMBER)
    for uri in event.get(epcs) or ():
        thing = identify(uri)
        found.append(Thing(thing_key(thing), _gtin(thing.elements)))
    for row in event.get(quantities) or ():
        thing, stated = identify(row["epc_class"]), row.get("unit")
        known = unit_of(stated) if stated else None
        gtin = _gtin(thing.elements)
        bare = gtin is not None and len(thing.elements) == 1 and isinstance(lot, str) and lot and event.get("action") == "ADD"
        key = lot_key(gtin or "", str(lot)) if bare else thing_key(thing)
        found.append(Thing(key, gtin, row.get("quantity"), known.code if known is not None else stated))
    return tuple(found)


def _gtin(elements: Sequence[tuple[str, str]]) -> str | None:
    return elements[0][1] if elements and elements[0][0] == "01" else None


def uri_place(uri: str | None) -> str:
    """A place as events name it: its GLN, else the URI."""
    if not uri:
        return ""
    elements = identify(uri).elements
    return elements[0][1] if elements and elements[0][0] in ("414", "417") else uri


# --- beside documents --------------------------------------------------------------------------------------------------
Series = tuple[str, str]
"""A system and a step: what it tells of this step is told once."""


def weighed(told: Iterable[tuple[Series, Stated]], documents: Sequence[Stated]) -> tuple[list[Stated], list[Contradiction]]:
    """What events add to the documents of a lot, and where both differ."""
    groups: dict[tuple[str, str, str], list[tuple[Series, Stated]]] = {}
    for series, one in sorted(
        told, key=lambda entry: (entry[1].at, entry[0], entry[1].number, entry[1].quantity, sorted(entry[1].serials))
    ):
        number = one.number if one.kind.startswith("received") else ""
        groups.setdefault((one.kind, one.place, number), []).append((series, one))
    found: list[Stated] = []
    noted: list[Contradiction] = []
    rooms: dict[tuple[str, str, str], _Room] = {}
    for (kind, place, number), entries in sorted(groups.items(), key=lambda entry: (not entry[0][2], entry[0])):  # numbered ones first
        same = [one for one in documents if one.kind == kind and (one.place == place or not one.place or not place)]
        by_number = sorted({one.number for one in same if not number or one.number == number}) or [""]
        mine = [rooms.setdefault((kind, place, one), _Room.of([doc for doc in same if doc.number == one])) for one in by_number]
        if any(room.silent for room in mine):
            continue  # a document tells of it, and no more than that
        more: list[Stated] = []
        differs = ZERO
        for one in _most(entries):
            left = one
            for room in mine:
                left = room.covers(left)
            if left.quantity <= 0:
                continue
            more.append(left)
            if any(room.told and (not left.serials or room.unnamed) for room in mine):
                differs += left.quantity
        found += more
        if differs:
            evidence = set().union(*(one.evidence for one in more), *(room.evidence for room in mine))
            noted.append(Contradiction("quantity_differs", place, differs, tuple(sorted(evidence))))
    return found, noted


@dataclass(slots=True)
class _Room:
    """What documents tell of, less what events have told of it already."""

    told: Decimal
    unnamed: bool
    """They do not name all of it by serial numbers."""
    names: set[str]
    rest: Decimal
    silent: bool
    evidence: set[int]

    @classmethod
    def of(cls, documents: Sequence[Stated]) -> _Room:
        names = {serial for one in documents for serial in one.serials}
        told = sum((one.quantity for one in documents), ZERO)
        rest = max(told - len(names), ZERO)
        evidence = {number for one in documents for number in one.evidence}
        return cls(told, rest > 0, names, rest, any(one.silent for one in documents), evidence)

    def covers(self, one: Stated) -> Stated:
        """What an event tells beyond it."""
        same = one.serials & self.names
        self.names -= same
        left = one.quantity - len(same)
        taken = min(left, self.rest)
        self.rest -= taken
        left -= taken
        if not one.serials:  # pieces without names may be any of those that are named
            others = min(left, Decimal(len(self.names)))
            for name in sorted(self.names)[: int(others)]:
                self.names.discard(name)
            left -= others
        serials = one.serials - same
        return replace(one, quantity=left, serials=serials if len(serials) <= left else frozenset(sorted(serials)[: int(left)]))


def _most(entries: Sequence[tuple[Series, Stated]]) -> list[Stated]:
    """What the system and step tell that tell the most; each thing by its name once."""
    by_series: dict[Series, list[Stated]] = {}
    seen: dict[Series, set[str]] = {}
    for series, one in entries:
        names = seen.setdefault(series, set())
        again = one.serials & names
        if again and len(one.serials) >= one.quantity:
            one = replace(one, quantity=one.quantity - len(again), serials=one.serials - again)
        names |= one.serials
        if one.quantity > 0:
            by_series.setdefault(series, []).append(one)
    if not by_series:
        return []
    return by_series[max(by_series, key=lambda series: (sum((one.quantity for one in by_series[series]), ZERO), series))]


def without_voided(flows: Sequence[Stated], voided: Sequence[tuple[str, Stated]]) -> tuple[list[Stated], list[Contradiction]]:
    """Despatches without what their sender says was not sent, and what could be meant by several. `voided`: the sender's key, and what it
    takes back: from each telling of the despatch, by document and by event."""
    kept = list(flows)
    noted: list[Contradiction] = []
    for sender, void in sorted(voided, key=lambda entry: (entry[1].at, entry[0], entry[1].number)):
        meant: dict[str, list[int]] = {}
        for index in sorted(range(len(kept)), key=lambda index: (-kept[index].at, kept[index].number)):
            if _is_voided(kept[index], sender, void):
                meant.setdefault(kept[index].partner, []).append(index)
        if not (void.number or void.serials or void.units):  # by its quantity alone
            places = {kept[index].place for found in meant.values() for index in found}
            if len(places) > 1 or any(len(found) > 1 for found in meant.values()):
                noted.append(Contradiction("void_of_which", void.place, void.quantity, tuple(sorted(void.evidence))))
                continue
        for found in meant.values():
            left = void.quantity
            for index in found:
                one = kept[index]
                names = void.serials & one.serials
                taken = min(one.quantity, Decimal(len(names)) if names else left)
                if taken > 0:
                    left -= taken
                    evidence = (*one.others, *sorted(void.evidence))
                    kept[index] = replace(one, quantity=one.quantity - taken, serials=one.serials - void.serials, others=evidence)
    return [one for one in kept if one.silent or one.quantity], noted


def _is_voided(one: Stated, sender: str, void: Stated) -> bool:
    """Whether a void may be of this despatch."""
    if one.kind not in ("despatched", "sent_by_supplier") or one.partner.partition("/")[0] != sender or one.at > void.at:
        return False
    if void.number:
        return one.number == void.number
    if void.serials or void.units:
        return bool(void.serials & one.serials or void.units & one.units)
    return one.quantity >= void.quantity


__all__: Sequence[str] = ("Happening", "Series", "Thing", "happenings", "uri_place", "weighed", "without_voided")
