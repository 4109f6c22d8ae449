"""What the places of a recall are called, and which of them are ours.

Places are what documents call them: a GLN, else a code; a code to which our master data, or a document of ours, give a GLN is that GLN.
A code means something in the mouth of its sender only: `100` of a distributor is not our plant 100. What a partner that is none of our
systems names by a code is called `PARTNER:CODE`, until the partner gives it a GLN, we receive what it sent there, or a file has it.

A place is ours where one of our systems counts, receives, makes or despatches, or where it is an organisation's own GLN. A customer's
place never is, nor a supplier's or carrier's that is only counted: stock that we count there (consignment) is with a consignee.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from hub.recall.receipts import Receipts
from hub.recall.telling import Telling, party
from hub.store import lot_history
from hub.store.crosswalk import OWN_SYSTEMS
from hub.store.views.stock import Count, PlacePicture, counts_of


@dataclass(frozen=True, slots=True)
class Places:
    """Names of places, by who says them."""

    names: Mapping[str, str]
    """Our own codes → GLN."""
    foreign: Mapping[tuple[str, str], str]
    """Partner key and its code → what the place is called."""
    known: frozenset[str]
    """Codes that the files of customers name: theirs, whoever says them but suppliers, who have codes of their own."""
    ours: frozenset[str]
    senders: Mapping[str, str]
    """Partner key → its GLN."""
    houses: Mapping[str, str] = field(default_factory=dict)
    """Place → the partner whose it is by our files."""
    customers: frozenset[str] = frozenset()
    """Places of customers."""

    def name(self, place: str | None) -> str:
        """A place as one of our own systems names it."""
        return self.names.get(place or "", place or "")

    def said(self, place: str | None, partner_key: str, partner_kind: str) -> str:
        """A place as somebody names it."""
        if not place or partner_kind in OWN_SYSTEMS or is_global(place) or (place in self.known and partner_kind != "supplier"):
            return self.name(place)
        return self.foreign.get((partner_key, place)) or f"{partner_key}:{place}"

    def house(self, place: str) -> str:
        """The partner whose place it is; empty: none that we know of."""
        code_of = "" if not place or is_global(place) else place.partition(":")[0] if ":" in place else ""
        return self.houses.get(place) or code_of

    def ended(self, place: str, partner_key: str, partner_kind: str) -> tuple[str, str]:
        """Where units ended, and in whose house: what a partner uses or destroys it has, and it need not say where."""
        if place in self.ours:
            return place, ""
        own = partner_kind in OWN_SYSTEMS
        if own and place not in self.customers:
            return place, ""
        house = (self.house(place) if own else partner_key) or partner_key
        return place or self.senders.get(house, house), house


def is_global(place: str) -> bool:
    """Whether a name of a place means the same whoever says it: a GLN, a URI."""
    return (len(place) == 13 and place.isdigit()) or ":/" in place or place.startswith("urn:")


def load(connection: sa.Connection, said: Telling, pictures: Mapping[tuple[str, int], PlacePicture], theirs: Mapping[str, str]) -> Places:
    """Names of all places of which documents and events of some lots speak. `theirs`: places of customers, with the customer's key."""
    own_lines = [line for line in said.lines if line.partner_kind in OWN_SYSTEMS]
    own_shipments = [one for one in said.shipments if one.told.partner_kind in OWN_SYSTEMS]
    mentioned = {line.location for line in said.lines if line.location} | {place for place, _ in pictures}
    mentioned |= {place for one in said.shipments for place in (one.to, one.origin) if place}
    mentioned |= {one.place for one in said.happenings if one.place}
    names = dict(lot_history.names_of_places(connection, mentioned, OWN_SYSTEMS))
    for header in [line.header for line in own_lines] + [one.told.header for one in own_shipments]:
        for code, gln in _both(header):
            names.setdefault(code, gln)
    ours = {gln for _, gln in lot_history.organisation_keys(connection).values() if gln}
    ours |= lot_history.places_worked_at(connection, mentioned, OWN_SYSTEMS)
    ours |= {place for place in (party(line.header.get("ship_from")) for line in own_lines if line.kind != "receiving_advice") if place}
    ours |= {one.origin for one in own_shipments if one.origin}
    ours |= {
        one.place for one in said.happenings if one.told.partner_kind in OWN_SYSTEMS and one.what in ("made", "received") and one.place
    }
    customers = {*theirs, *lot_history.partner_places(connection, ("customer",))}
    others = {*customers, *lot_history.partner_places(connection, ("supplier", "carrier"))}
    counts: list[Count] = counts_of(connection, None, mentioned)
    counted = {count.location for count in counts if count.kind in OWN_SYSTEMS}
    named = {names.get(place, place) for place in ours} | {name for place in counted if (name := names.get(place, place)) not in others}
    receipts = Receipts.of(own_lines)
    named |= {  # we received it there under another name of the place; back where it came from, it would be a return
        names.get(one.to, one.to)
        for one in own_shipments
        if one.to not in others
        and (place := receipts.place_of(one, said, names)) not in ("", one.origin, one.to)
        and not (is_global(names.get(one.to, one.to)) and is_global(names.get(place, place)))  # two GLNs are two places
    }
    known = lot_history.partner_places(connection, ("customer", "supplier", "carrier"))
    senders = {key: gln for gln, key in known.items()}
    houses = {**known, **{names.get(place, place): key for place, key in theirs.items()}}
    foreign = _foreign(connection, said, receipts, names)
    codes = frozenset(place for place in theirs if not is_global(place))
    away = frozenset(names.get(place, place) for place in customers)
    return Places(names, foreign, codes, frozenset(named - away), senders, houses, away)


def _foreign(connection: sa.Connection, said: Telling, receipts: Receipts, names: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """What codes of partners are called: as their own records and documents say, else where we received what they sent there."""
    found: dict[tuple[str, str], str] = {}
    for one in said.shipments:
        if one.told.partner_kind not in OWN_SYSTEMS and one.to and not is_global(one.to) and (place := receipts.place_of(one, said, names)):
            found[one.told.partner_key, one.to] = names.get(place, place)
    codes: dict[str, set[str]] = {}
    for key, place in [(one.told.partner_key, place) for one in said.shipments for place in (one.to, one.origin)] + [
        (line.partner_key, line.location or "") for line in said.lines
    ]:
        if place and not is_global(place):
            codes.setdefault(key, set()).add(place)
    for key, places in sorted(codes.items()):
        for code, gln in lot_history.names_of_places(connection, places, (), key).items():
            found[key, code] = gln
    stated = [(one.told.partner_key, one.told.header) for one in said.shipments] + [(line.partner_key, line.header) for line in said.lines]
    for key, header in stated:
        for code, gln in _both(header):
            found[key, code] = gln
    return found


def _both(header: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Codes and GLNs of the places that a document names by both."""
    stated = [header.get(member) or {} for member in ("ship_from", "ship_to", "location")]
    return [(str(one["code"]), str(one["gln"])) for one in stated if one.get("code") and one.get("gln")]
