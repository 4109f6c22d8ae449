"""An order line as all systems tell it: what each document contributes, put on the line it belongs to. Pure.

Both the views and reconcile read this picture, so that a number shown and a number judged can't differ.

An order number in a document is a claim. What anybody but our own systems says joins an order only if the order is the sender's own, or
names the sender as its supplier (`hub.store.suppliers`). An order of our systems that names no supplier at all, neither by code nor by
GLN, may be joined by any supplier that has an agreement in that organisation: there is nothing to tell one from another by. What may not
join is an outsider: nothing of it counts, and nothing of the order is told to its sender.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

from hub.store.crosswalk import GoldenItem, ItemName, Names
from hub.store.suppliers import Suppliers
from hub.store.views.credits import told_apart

STAGES = {
    "purchase_order": "ordered",
    "order_response": "confirmed",
    "despatch_advice": "despatched",
    "receiving_advice": "received",
    "invoice": "invoiced",
    "credit_note": "invoiced",
}
"""Kind of document → what its quantities say of an order line."""


@dataclass(frozen=True, slots=True)
class Giver:
    """The line of a change, or its header (`ordinal` null), that gave a member of an order line."""

    application_id: int
    exchange_id: int
    partner_id: int
    partner_key: str
    number: str
    revision: int
    issued_at: int
    ordinal: int | None
    locator: int | None


@dataclass(frozen=True, slots=True)
class Contribution:
    """One line of one standing document about an order."""

    application_id: int
    exchange_id: int
    organisation_id: int
    partner_id: int
    partner_key: str
    kind: str
    number: str
    revision: int
    issued_at: int
    effective_at: int | None
    reference: str | None
    currency: str | None
    ordinal: int
    locator: int
    line: str | None
    order_number: str
    order_line: str | None
    name: ItemName
    description: str | None
    quantity: Decimal | None
    unit: str | None
    rejected: Decimal | None
    unit_price: Decimal | None
    lot: str | None
    status: str | None
    due_on: str | None
    own: bool = False
    """Whether one of our own systems says it."""
    supplier_code: str | None = None
    supplier_gln: str | None = None
    """What an order names as its supplier."""
    given: Mapping[str, Giver] = field(default_factory=dict)
    """Members that a change of the order gave, and which one; the others are the line's own."""
    deleted_by: Giver | None = None
    """The change that struck the line out."""
    lacking: bool = False
    """Of a change: the order has no such line."""
    whole: bool = False
    """Of an answer: a verdict on the order as a whole. Put on a line, it has the line's quantity."""
    money: bool = False
    """Of a credit note: it takes back money and no goods (`hub.store.views.credits`)."""

    def giver(self, member: str) -> Giver | Contribution:
        """Which line of which document gave a member."""
        return self.given.get(member, self)

    @property
    def exchanges(self) -> set[int]:
        """Exchanges of all documents that gave something of it."""
        return {self.exchange_id, *(giver.exchange_id for giver in self.given.values())}

    @property
    def stage(self) -> str:
        """What it says of the order line."""
        return STAGES[self.kind]

    @property
    def counted(self) -> Decimal:
        """Its quantity; a line that the supplier rejects promises nothing, nor does one that is backordered to no day. A
        credit takes back."""
        if self.quantity is None or (self.kind == "order_response" and (self.status == "rejected" or self.open_ended)):
            return Decimal(0)
        if self.kind == "credit_note":
            return Decimal(0) if self.money else -self.quantity
        return self.quantity

    @property
    def open_ended(self) -> bool:
        """Whether it is backordered and nobody says to when: it will come, and is not promised."""
        return self.kind == "order_response" and self.status == "backordered" and self.due_on is None


@dataclass(slots=True)
class LinePicture:
    """One order line and all that speaks of it. `item` is null where the crosswalk does not know it."""

    line: str
    ordered: Contribution
    item: GoldenItem | None
    parts: dict[str, list[Contribution]] = field(default_factory=dict)

    def of(self, stage: str) -> list[Contribution]:
        """Contributions of a stage, in the order of their issue."""
        return self.parts.get(stage, [])

    def in_order_units(self, part: Contribution, quantity: Decimal | None = None) -> Decimal | None:
        """A contribution's quantity in the order line's unit, to six places; null if it can't be told."""
        ratio = self.ratio(part)
        if ratio is None:
            return None
        value = part.counted if quantity is None else quantity
        above, below = ratio
        return value if above == below else rounded(value * above / below)

    def ratio(self, part: Contribution) -> tuple[Decimal, Decimal] | None:
        """Base units in the part's unit and in the order's unit; (1, 1) for equal units; null if not convertible."""
        if part.unit == self.ordered.unit:
            return Decimal(1), Decimal(1)
        if self.item is None:
            return None
        above = self.item.factor(part.unit, part.name.gtin)
        below = self.item.factor(self.ordered.unit, self.ordered.name.gtin)
        return None if above is None or below is None else (above, below)

    def price_in_order_units(self, part: Contribution) -> Decimal | None:
        """A contribution's price for one unit of the order, to six places; null where it states none or it can't be told."""
        ratio = self.ratio(part)
        if part.unit_price is None or ratio is None:
            return None
        return part.unit_price if ratio[0] == ratio[1] else rounded(part.unit_price * ratio[1] / ratio[0])

    def total(self, stage: str) -> Decimal | None:
        """Sum of a stage in the order's unit; null when nothing of it can be compared, or nothing was said."""
        amounts = [amount for part in self.of(stage) if (amount := self.in_order_units(part)) is not None]
        return sum(amounts, Decimal(0)) if amounts else None


@dataclass(slots=True)
class OrderPicture:
    """One issuer's order of a number in one organisation: its lines, and what speaks of lines that it does not have.

    Where nobody ordered, issuer 0 holds what speaks of the number all the same.
    """

    number: str
    organisation_id: int
    issuer_id: int = 0
    lines: list[LinePicture] = field(default_factory=list)
    strangers: list[Contribution] = field(default_factory=list)
    outsiders: list[Contribution] = field(default_factory=list)
    """What others say of the number whom no order of it names. Each is in one picture only."""
    lacking: list[Contribution] = field(default_factory=list)
    """Lines of changes that name no line of the order."""
    apart: str = ""
    """Tells apart several issuers' orders of one number: the issuer's key in all but the first, which our own systems come first for."""


def rounded(value: Decimal) -> Decimal:
    """Six places, which is what the store keeps; without trailing zeros."""
    return Decimal(format(round(value, 6).normalize(), "f"))


def line_key(line: str | None) -> str:
    """Line numbers are compared without leading zeros: SAP says 00010 where its partner says 10."""
    return (line or "").strip().lstrip("0") or ("0" if line else "")


def pictures(parts: Iterable[Contribution], names: Names, suppliers: Suppliers) -> dict[tuple[str, int, int], OrderPicture]:
    """Pictures by (order number, organisation, issuer)."""
    groups: dict[tuple[str, int], list[Contribution]] = {}
    for part in parts:
        groups.setdefault((part.order_number, part.organisation_id), []).append(part)
    return {
        (picture.number, picture.organisation_id, picture.issuer_id): picture
        for (number, owner), group in groups.items()
        for picture in _pictures(number, owner, group, names, suppliers)
    }


class Speaker(Protocol):
    """Who says something."""

    @property
    def partner_id(self) -> int:
        """The partner, own systems too."""
        ...

    @property
    def own(self) -> bool:
        """Whether it is a system of ours."""
        ...


class Ordering(Speaker, Protocol):
    """Who ordered, and of whom."""

    @property
    def partner_key(self) -> str:
        """Who issued the order."""
        ...

    @property
    def supplier_code(self) -> str | None:
        """The supplier's code in the issuer's master data."""
        ...

    @property
    def supplier_gln(self) -> str | None:
        """The supplier's GLN."""
        ...


def may_join(order: Ordering, part: Speaker, suppliers: Suppliers) -> bool:
    """Whether a document's word counts for an order: see the module's own text."""
    if part.own or part.partner_id == order.partner_id:
        return True
    if order.supplier_code is None and order.supplier_gln is None:
        return order.own
    return suppliers.of(part.partner_id).named(order.partner_key, order.supplier_code, order.supplier_gln)


def _pictures(number: str, owner: int, parts: Sequence[Contribution], names: Names, suppliers: Suppliers) -> list[OrderPicture]:
    ordered = sorted(parts, key=lambda part: (part.issued_at, part.kind, part.partner_key, part.number, part.ordinal))
    issued: dict[tuple[bool, str], list[Contribution]] = {}
    lacking: dict[str, list[Contribution]] = {}
    for part in ordered:
        if part.kind == "purchase_order":
            if part.lacking:
                lacking.setdefault(part.partner_key, []).append(part)
            else:
                issued.setdefault((not part.own, part.partner_key), []).append(part)
    found = [_ordered(number, owner, issued[key], names) for key in sorted(issued)]
    for picture in found:
        picture.lacking = lacking.get(picture.lines[0].ordered.partner_key, [])
    for later in found[1:]:
        later.apart = later.lines[0].ordered.partner_key
    others = [part for part in ordered if part.kind != "purchase_order"]
    if not found:
        return [OrderPicture(number, owner, strangers=others)]
    numbered = [{line_key(line.line): line for line in picture.lines} for picture in found]
    for part in others:
        joined = [place for place, picture in enumerate(found) if may_join(picture.lines[0].ordered, part, suppliers)]
        if not joined:
            found[0].outsiders.append(part)
            continue
        if part.whole:
            for known in found[joined[0]].lines:
                quantity = sum((one.counted for one in known.of("ordered")), Decimal(0))
                known.parts.setdefault(part.stage, []).append(replace(part, quantity=quantity, unit=known.ordered.unit))
            continue
        wanted = line_key(part.order_line)
        lines = (numbered[place].get(wanted) if part.order_line else _by_item(found[place].lines, part, names) for place in joined)
        line = next((line for line in lines if line is not None), None)
        if line is None:
            found[joined[0]].strangers.append(part)
        else:
            line.parts.setdefault(part.stage, []).append(part)
    for picture in found:
        for line in picture.lines:
            if any(part.whole for part in line.of("confirmed")):
                line.parts["confirmed"] = _newest_words(line.of("confirmed"))
            told_apart(line)
    return found


def _newest_words(answers: Sequence[Contribution]) -> list[Contribution]:
    """Answers to a line of which some speak of the whole order: of each supplier its last such verdict, or what it said of the line since.

    A verdict takes the place of what was said before it. Of one moment the line's own words say more than an acceptance of everything, and
    a rejection of everything more than they.
    """
    found: list[Contribution] = []
    for partner in dict.fromkeys(part.partner_id for part in answers):
        own = [part for part in answers if part.partner_id == partner]
        verdicts = [part for part in own if part.whole]
        if not verdicts:
            found += own
            continue
        last = max(verdicts, key=lambda part: (part.issued_at, part.status == "rejected", part.number, part.application_id))
        since = last.issued_at + (last.status == "rejected")
        found += [part for part in own if not part.whole and part.issued_at >= since] or [last]
    return found


def _ordered(number: str, owner: int, parts: Sequence[Contribution], names: Names) -> OrderPicture:
    """One issuer's order, nothing said of it yet."""
    picture = OrderPicture(number, owner, parts[0].partner_id)
    by_line: dict[str, LinePicture] = {}
    for part in parts:
        known = by_line.get(line_key(part.order_line))
        if known is None:
            known = LinePicture(part.order_line or part.line or str(part.ordinal + 1), part, names.item(part.name))
            by_line[line_key(known.line)] = known
            picture.lines.append(known)
        known.parts.setdefault("ordered", []).append(part)
    picture.lines.sort(key=lambda line: (len(line_key(line.line)), line_key(line.line)))
    return picture


def _by_item(lines: Sequence[LinePicture], part: Contribution, names: Names) -> LinePicture | None:
    """The only order line of the part's item, where the part names no line."""
    fitting = [line for line in lines if same_item(line, part, names) is True]
    return fitting[0] if len(fitting) == 1 else None


def same_item(line: LinePicture, part: Contribution, names: Names) -> bool | None:
    """Whether a part names the line's item; null if their words can't be compared."""
    golden = names.golden_id(part.name)
    if golden is not None and line.item is not None:
        return golden == line.item.id
    said, asked = part.name, line.ordered.name
    pairs: Mapping[str, tuple[str | None, str | None]] = {
        "gtin": (said.gtin, asked.gtin),
        "own": (said.item_code or said.buyer_item, asked.item_code or asked.buyer_item),
        "supplier": (said.supplier_item, asked.supplier_item),
    }
    compared = [left == right for left, right in pairs.values() if left is not None and right is not None]
    return any(compared) if compared else None
