"""Purchase orders and what follows from each: response, shipment, receipt, invoice, with at most one planted fault an order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from random import Random

from hub.demonstration.catalogue import Catalogue, Item
from hub.demonstration.company import CHANNELS, ROTTERDAM, Channel
from hub.demonstration.documents import Calendar, Numbers, Order, OrderLine
from hub.demonstration.faults import ON_ORDERS
from hub.demonstration.mail import Posting

RESPONDED, SILENT, DELIVERED, SHIPPED_ONLY = "responded", "silent", "delivered", "shipped_only"

_ENDING = {"acknowledgement_missing": SILENT, "wrong_check_digit": SHIPPED_ONLY}
"""How far an order with that fault gets; every other faulty order is delivered and invoiced."""


@dataclass(slots=True, eq=False)
class Deal:
    """One order with everything that belongs to it."""

    order: Order
    ending: str
    """`responded`: confirmed, due in the future; `silent`: the supplier has said nothing; `delivered`; `shipped_only`."""
    fault: str | None
    marked: OrderLine
    """The line that carries the fault."""
    day: int
    """Day of issue, from today (negative)."""
    earlier: Order | None = None
    """The original that a changed order follows."""
    response: Posting | None = None
    others: list[Posting] = field(default_factory=list)
    """Its further supplier documents, in order of sending."""


def how_many(rnd: Random) -> int:
    """Faults of one kind: one to three, mostly one."""
    return rnd.choices((1, 2, 3), (6, 3, 1))[0]


def plan(rnd: Random, calendar: Calendar, catalogue: Catalogue, numbers: Numbers, count: int) -> list[Deal]:
    """About `count` deals: every kind of order fault one to three times, open orders in every mailbox, the rest clean."""
    wanted: list[tuple[str, str | None, Channel]] = []
    for kind in ON_ORDERS:
        for _ in range(how_many(rnd)):
            channel = rnd.choice(CHANNELS[1:]) if kind == "unit_not_convertible" else rnd.choice(CHANNELS)
            wanted.append((_ENDING.get(kind, DELIVERED), kind, channel))
    wanted += [(RESPONDED, None, channel) for channel in (CHANNELS[0], *CHANNELS)]
    wanted += [(DELIVERED, None, channel) for channel in (CHANNELS[0], *CHANNELS, *CHANNELS)]
    while len(wanted) < count:
        wanted.append((rnd.choice((RESPONDED, DELIVERED, DELIVERED, DELIVERED)), None, rnd.choice(CHANNELS)))
    days = {ending: (lambda low=low, high=high: rnd.randint(low, high)) for ending, (low, high) in _ISSUED.items()}
    dated = sorted(((days[ending](), ending, kind, channel) for ending, kind, channel in wanted), key=lambda row: row[0])
    first = {"suzhou": rnd.randrange(4500010000, 4500090000), "rotterdam": rnd.randrange(20100, 70000)}
    return [_deal(rnd, calendar, catalogue, numbers, first, *row) for row in dated]


_ISSUED = {DELIVERED: (-30, -17), RESPONDED: (-12, -4), SILENT: (-4, -3), SHIPPED_ONLY: (-7, -6)}
"""Days on which orders of each ending are issued."""


def _deal(
    rnd: Random, calendar: Calendar, catalogue: Catalogue, numbers: Numbers, first: dict[str, int],
    day: int, ending: str, fault: str | None, channel: Channel,
) -> Deal:  # fmt: skip
    organisation = channel.organisation
    ahead = 12 if ending == DELIVERED else rnd.randint(15, 45)
    requested_on = calendar.day(organisation.zone, day + ahead if ending == DELIVERED else ahead)
    lines = []
    for place, item in enumerate(_items(rnd, catalogue, channel, fault), start=1):
        number = str(place) if organisation is ROTTERDAM else str(place * 10)
        lines.append(OrderLine(number, item, _quantity(rnd, item), item.price, requested_on))
    issued_at = calendar.at(organisation.zone, day, rnd.randint(9, 12), rnd.randrange(60))
    order = Order(_number(numbers, first, channel), channel, issued_at, requested_on, tuple(lines))
    marked = lines[0] if fault == "unit_not_convertible" else rnd.choice([line for line in lines if _can_carry(line, fault)])
    deal = Deal(order, ending, fault, marked, day)
    if fault == "change_before_original":
        before = replace(marked, quantity=marked.quantity + (marked.item.case_quantity or 25))
        deal.earlier = replace(order, lines=tuple(before if line is marked else line for line in lines))
        deal.order = replace(order, revision=2, purpose="changed", issued_at=calendar.at(organisation.zone, day, 14, rnd.randrange(60)))
    return deal


def _items(rnd: Random, catalogue: Catalogue, channel: Channel, fault: str | None) -> list[Item]:
    offered = catalogue.bought[(channel.supplier.key, channel.organisation.key)]
    chosen = rnd.sample(offered, rnd.randint(1, min(4, len(offered))))
    if fault == "unit_not_convertible":
        rods = [item for item in offered if "rod" in item.name_en]
        rod = rnd.choice(rods)
        return [rod, *(item for item in chosen[:2] if item is not rod)]
    if fault == "unit_convertible" and not any(item.case_quantity for item in chosen):
        chosen.append(next(item for item in offered if item.case_quantity))
    return chosen


def _can_carry(line: OrderLine, fault: str | None) -> bool:
    return fault != "unit_convertible" or line.item.case_quantity is not None


def _quantity(rnd: Random, item: Item) -> Decimal:
    """Whole cases, or whole bags of 25 kg; at least twenty pieces."""
    step = item.case_quantity or 25
    return Decimal(step * rnd.randint(max(2, -(-20 // step)), 10))


def _number(numbers: Numbers, first: dict[str, int], channel: Channel) -> str:
    key = channel.organisation.key
    number = numbers.next(f"order {key}", first[key])
    return f"NC-{number}" if channel.organisation is ROTTERDAM else str(number)


def export_time(calendar: Calendar, deal: Deal) -> datetime:
    """When the ERP's export with this order is delivered: at 16:00 of the day of issue."""
    return calendar.at(deal.order.channel.organisation.zone, deal.day, 16)
