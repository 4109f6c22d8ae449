"""Whatever happens to units in cartons, and however it is told, by serial numbers or by lots and quantities, in any order: the account is
what a plain simulation knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.recall.locate import locate
from hub.recall.scope import Scope, affected
from tests.effort import examples
from tests.hub.recall.papers import CL, CLINIC, F1, GTIN, event, row
from tests.hub.world import PLANT, WAREHOUSE, World, at, delivery, production, receipt

D = Decimal
OURS, AWAY = (PLANT, WAREHOUSE), (CL, CLINIC)
ELSEWHERE = "4098765000019"
CARTONS = [f"0690123400000{number:05d}" for number in range(40)]
UNITS = [("F1", f"S{number}") for number in range(8)] + [("F2", f"T{number}") for number in range(4)]
Unit = tuple[str, str]
"""Lot and serial number."""
Message = tuple[str, dict[str, Any]]


def epc(unit: Unit) -> str:
    return f"https://id.gs1.org/01/{GTIN}/21/{unit[1]}"


def sscc(carton: str) -> str:
    return f"https://id.gs1.org/00/{carton}"


def gln(place: str) -> str:
    return f"https://id.gs1.org/414/{place}"


@dataclass
class Truth:
    """Where every unit is, and what was said of how it came there."""

    told: list[Message] = field(default_factory=list)
    where: dict[Unit, tuple[str, str]] = field(default_factory=dict)
    """Position and holder."""
    inside: dict[str, list[Unit]] = field(default_factory=dict)
    """Carton → what is in it now."""
    stands: dict[str, str] = field(default_factory=dict)
    """Carton → place."""
    day: int = 0
    number: int = 0

    @property
    def now(self) -> datetime:
        return at(1, month=3) + timedelta(days=self.day)

    def named(self) -> str:
        self.number += 1
        return f"N{self.number}"

    def say(self, kind: str, **members: Any) -> None:
        said = event(self.named(), **members) | {"occurred_at": self.now, "issued_at": self.now}
        self.told.append(("wms", said if kind == "ObjectEvent" else said | {"entity": kind}))

    def loose(self, place: str) -> list[Unit]:
        packed = {unit for units in self.inside.values() for unit in units}
        return [unit for unit, at_place in self.where.items() if at_place == ("on_hand", place) and unit not in packed]

    # --- what happens --------------------------------------------------------------------------------------------------
    def make(self, by_event: bool) -> None:
        for place in OURS:  # that a place is ours is known from what we receive there
            self.told.append(("wms", receipt(self.named(), location={"gln": place}, lines=[row(1, lot="ELSE")])))
        for lot in ("F1", "F2"):
            mine = [unit for unit in UNITS if unit[0] == lot]
            if by_event:
                ilmd = {"{urn:epcglobal:cbv:mda}lotNumber": lot}
                self.say(
                    "ObjectEvent", action="ADD", biz_step="commissioning", biz_location=gln(PLANT), ilmd=ilmd, epcs=list(map(epc, mine))
                )
            else:
                line = row(len(mine), lot=lot, serials=[unit[1] for unit in mine])
                header = {"occurred_at": self.now, "issued_at": self.now}
                self.told.append(("mes", production(self.named(), inputs=[], outputs=[line], **header)))
            self.where |= dict.fromkeys(mine, ("on_hand", PLANT))

    def pack(self, place: str, count: int) -> None:
        """Into a new carton, or into one that was emptied here."""
        units = self.loose(place)[:count]
        if units:
            empty = [one for one, inside in self.inside.items() if not inside and self.stands[one] == place]
            carton = empty[0] if empty else CARTONS[len(self.inside)]
            self.inside[carton], self.stands[carton] = units, place
            self.say("AggregationEvent", action="ADD", biz_step="packing", parent=sscc(carton), child_epcs=list(map(epc, units)))

    def unpack(self, pick: int, count: int) -> None:
        here = [carton for carton, units in self.inside.items() if units and self.stands[carton] in OURS]
        if here:
            carton = here[pick % len(here)]
            out = self.inside[carton][:count]
            self.inside[carton] = self.inside[carton][count:]
            self.say("AggregationEvent", action="DELETE", biz_step="unpacking", parent=sscc(carton), child_epcs=list(map(epc, out)))

    def ship(self, origin: str, place: str, pick: int, how: int) -> None:
        """How it is told: 0 carton by advice, 1 units by advice, 2 carton by event, 3 both, 4 carton with all that is in it by two systems;
        and received: 0 by nobody, 1 by advice, 2 by events, 3 by both."""
        telling, receiving = how % 5, how // 5 % 4
        here = [carton for carton, units in self.inside.items() if units and self.stands[carton] == origin]
        if place == origin:
            return
        if telling == 1 or not here:
            units, carton = self.loose(origin)[:3], None
            if not units:
                return
            lines = [row(1, lot=None, serials=[unit[1]], line=str(index)) for index, unit in enumerate(units)]
            things = list(map(epc, units))
        else:
            carton = here[pick % len(here)]
            units = self.inside[carton]
            lines, things = [{"line": "1", "sscc": carton, "@": 2}], [sscc(carton)]
            if telling == 4:
                lines = [row(1, lot=unit[0], serials=[unit[1]], sscc=carton, line=str(index)) for index, unit in enumerate(units)]
        number = self.named()
        despatch = [{"type": "desadv", "id": f"urn:epcglobal:cbv:bt:6901234000005:{number}"}]
        if telling != 2:
            header = {"ship_from": {"gln": origin}, "ship_to": {"gln": place}, "despatched_at": self.now, "issued_at": self.now}
            for system in ("wms", "erp") if telling == 4 else ("wms",):
                self.told.append((system, delivery(number, **header, lines=lines)))
        if telling in (2, 3):
            to = [{"type": "location", "id": gln(place)}]
            self.say(
                "ObjectEvent", biz_step="shipping", read_point=gln(origin), destinations=to, epcs=things, business_transactions=despatch
            )
        came = place in AWAY or receiving > 0
        for unit in units:
            self.where[unit] = ("shipped" if place in AWAY else "on_hand" if came else "in_transit", place)
        if carton is not None:
            self.stands[carton] = place if came else ""
        if place in OURS and came:
            self.day += 1
            if receiving != 2:
                header = {"location": {"gln": place}, "received_at": self.now, "issued_at": self.now, "despatch_number": number}
                said = receipt(self.named(), **header, lines=lines)
                del said["order_number"]
                self.told.append(("wms", said))
            if receiving >= 2:
                for step in ("arriving", "receiving"):
                    self.say("ObjectEvent", biz_step=step, biz_location=gln(place), epcs=things, business_transactions=despatch)

    def end(self, place: str, count: int, how: int) -> None:
        """Some loose units are used (0 by a document, 1 by an event) or destroyed (2 by an event)."""
        units = self.loose(place)[:count]
        if not units:
            return
        if how % 3 == 0:
            lines = [row(None, lot=None, serials=[unit[1]], line=str(index)) for index, unit in enumerate(units)]
            made = [{"line": "1", "gtin": "06901234000036", "lot": f"K{self.number}", "quantity": D(1), "@": 2}]
            header = {"occurred_at": self.now, "issued_at": self.now, "location": {"gln": place}}
            self.told.append(("mes", production(self.named(), inputs=lines, outputs=made, **header)))
        elif how % 3 == 1:
            goods = {"input_epcs": list(map(epc, units)), "output_epcs": [f"https://id.gs1.org/01/06901234000036/21/K{self.number}"]}
            said = event(self.named(), read_point=gln(place), **goods) | {"occurred_at": self.now, "issued_at": self.now}
            del said["action"]
            self.told.append(("mes", said | {"entity": "TransformationEvent"}))
        else:
            self.say("ObjectEvent", action="DELETE", biz_step="destroying", biz_location=gln(place), epcs=list(map(epc, units)))
        self.where |= dict.fromkeys(units, ("destroyed" if how % 3 == 2 else "used", place))

    def gone(self, count: int) -> None:
        """A customer destroys some of what it got, at a place to which nobody sent anything."""
        units = [unit for unit, at_place in self.where.items() if at_place == ("shipped", CL)][:count]
        if units:
            self.say("ObjectEvent", action="DELETE", biz_step="destroying", biz_location=gln(ELSEWHERE), epcs=list(map(epc, units)))
            self.told[-1] = ("stadtspital", self.told[-1][1])
            self.where |= dict.fromkeys(units, ("destroyed", ELSEWHERE))

    def found(self, chosen: Sequence[Unit]) -> dict[tuple[str, str], Decimal]:
        return {place: D(count) for place, count in Counter(self.where[unit] for unit in chosen).items()}


def in_lots(message: Message) -> Message:
    """The same told without serial numbers: how many of which lot."""
    system, said = message
    told = dict(said)
    for names, quantities in (("epcs", "quantities"), ("child_epcs", "child_quantities"), ("input_epcs", "input_quantities")):
        units = [uri for uri in told.get(names, ()) if f"/01/{GTIN}/21/" in uri]
        if units:
            told[names] = [uri for uri in told[names] if uri not in units]
            told[quantities] = [
                {"epc_class": f"https://id.gs1.org/01/{GTIN}/10/{lot}", "quantity": D(count)}
                for lot, count in _lots(uri.rpartition("/")[2] for uri in units).items()
            ]
            told.pop("ilmd", None)
    for lines in ("lines", "inputs", "outputs"):
        if lines in told:
            told[lines] = _lines(told[lines])
    return system, {name: value for name, value in told.items() if value != [] or name in ("lines", "inputs", "outputs")}


def _lots(serials: Iterable[str]) -> Counter[str]:
    return Counter("F1" if serial.startswith("S") else "F2" for serial in serials)


def _lines(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = [dict(line) for line in lines if not line.get("serials")]
    cartons: dict[str | None, list[str]] = {}
    for line in lines:
        cartons.setdefault(line.get("sscc"), []).extend(line.get("serials") or ())
    for carton, serials in cartons.items():
        found += [row(count, lot=lot, sscc=carton, line=f"{len(found)}{lot}") for lot, count in _lots(serials).items()]
    return found


kinds = st.sampled_from(["pack", "pack", "ship", "ship", "ship", "unpack", "end", "gone"])
steps = st.lists(
    st.tuples(
        kinds, st.sampled_from(OURS), st.sampled_from([*OURS, *AWAY]),
        st.integers(1, 4), st.integers(0, 59),
    ),
    min_size=2,
    max_size=9,
)  # fmt: skip


def happen(chosen: Sequence[tuple[str, str, str, int, int]], by_event: bool, by_lots: bool) -> Truth:
    """`by_lots`: as it is told by lots. Events of what is used up then tell what documents do again: it is told by documents only."""
    truth = Truth()
    truth.make(by_event)
    for what, place, to, count, how in chosen:
        truth.day += 3
        if what == "pack":
            truth.pack(place, count)
        elif what == "unpack":
            truth.unpack(how, count)
        elif what == "ship":
            truth.ship(place, to, count, how)
        elif what == "gone":
            truth.gone(count)
        else:
            truth.end(place, count, how // 3 * 3 if by_lots and how % 3 == 1 else how)
    if by_lots:
        truth.told = list(map(in_lots, truth.told))
    return truth


@pytest.mark.hypothesis
@pytest.mark.slow
def test_the_account_is_what_happened(fresh: Any) -> None:
    @settings(max_examples=examples(90), deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps, st.booleans(), st.booleans(), st.randoms(use_true_random=False), st.sets(st.integers(0, 7), min_size=1))
    def prove(chosen: list[tuple[str, str, str, int, int]], by_event: bool, by_lots: bool, random: Any, picked: set[int]) -> None:
        truth = happen(chosen, by_event, by_lots)
        told = list(truth.told)
        random.shuffle(told)
        with fresh() as database:
            world = World(database)
            for message in told:
                world.send(message)
            some = [UNITS[number] for number in sorted(picked)]
            with database.read() as connection:
                scopes = [(Scope(lots=(F1,)), UNITS[:8])]
                if not by_lots:
                    scopes.append((Scope(serials=tuple(f"{GTIN}|{serial}" for _, serial in some)), some))
                for scope, units in scopes:
                    [one] = [one for one in locate(connection, affected(connection, scope), {}) if one.lot.lot == "F1"]
                    positions: dict[tuple[str, str], Decimal] = {}
                    for at_place in one.account.positions:
                        key = (at_place.where, at_place.holder)
                        positions[key] = positions.get(key, D(0)) + at_place.quantity
                    assert positions == truth.found(units), (scope, one.account.contradictions)
                    assert (one.account.contradictions, one.account.opening) == ([], D(0)), scope

    prove()
