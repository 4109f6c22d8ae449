"""Order lines judged: what was ordered, confirmed, despatched, received and invoiced, and where two of them disagree. Pure.

Quantities are compared in the order line's unit, converted by the item master; what can't be converted is said once (ORD-15) and
compared no further. Nothing is a discrepancy before its time:

- a short shipment (ORD-10) when the promise has been begun by a shipment, or its date has passed;
- a receipt against despatches (ORD-12, ORD-13) when the despatch advice has been received against, wholly or partly;
- an invoice against receipts (ORD-16) when something of the line has been received.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from hub.reconcile.dates import passed
from hub.reconcile.unknown import unknown
from hub.store.crosswalk import Names
from hub.store.discrepancies import Discrepancy
from hub.store.views.credits import mended
from hub.store.views.picture import Contribution, LinePicture, OrderPicture, rounded, same_item

ZERO = Decimal(0)
SUPPLIER_STAGES = ("confirmed", "despatched", "invoiced")


class Tolerance(Protocol):
    """Differences that are no discrepancy: price in the order's currency, quantity in the order line's unit."""

    @property
    def price(self) -> Decimal:
        """Absolute, for one unit of the order."""
        ...

    @property
    def quantity(self) -> Decimal:
        """Absolute."""
        ...


@dataclass(frozen=True, slots=True)
class NoTolerance:
    """Every difference counts."""

    price: Decimal = ZERO
    quantity: Decimal = ZERO


@dataclass(slots=True)
class _Judge:
    picture: OrderPicture
    names: Names
    today: date
    tolerances: Mapping[int, Tolerance]
    found: list[Discrepancy] = field(default_factory=list)

    @property
    def apart(self) -> tuple[str, ...]:
        return (self.picture.apart,) if self.picture.apart else ()

    def tolerance(self, partner_id: int | None) -> Tolerance:
        return self.tolerances.get(partner_id or 0) or NoTolerance()

    def add(
        self,
        rule: str,
        line: LinePicture,
        left: tuple[str, Decimal | str | None],
        right: tuple[str, Decimal | str | None],
        parts: Sequence[Contribution],
        *,
        detail: str = "",
        severity: str | None = None,
        lot: str | None = None,
        **params: str | None,
    ) -> None:
        """Note a discrepancy of an order line. `left` and `right` are (source, value)."""
        item = line.item
        supplier = next((part.partner_id for part in parts if part.stage in SUPPLIER_STAGES), None)
        if supplier is None:
            supplier = next((part.partner_id for stage in SUPPLIER_STAGES for part in line.of(stage)), None)
        words = {
            "order": self.picture.number,
            "line": line.line,
            "unit": line.ordered.unit or "",
            "expected": plain(left[1]),
            "got": plain(right[1]),
            "lot": lot or "",
            **{name: value or "" for name, value in params.items()},
        }
        self.found.append(
            Discrepancy(
                rule=rule,
                severity=severity or SEVERITIES[rule],
                organisation_id=self.picture.organisation_id,
                scope_kind="order",
                scope_key=self.picture.number,
                detail="|".join((line.line, detail, *self.apart)),
                left_source=left[0],
                left_value=plain(left[1]),
                right_source=right[0],
                right_value=plain(right[1]),
                partner_id=supplier,
                order_number=self.picture.number,
                order_line=line.line,
                item=(item.code or item.gtin if item else None) or line.ordered.name.shown,
                lot=lot,
                evidence=tuple(sorted({number for part in (line.ordered, *parts) for number in part.exchanges})),
                params=words,
            )
        )


SEVERITIES = {
    "ORD-10": "warning", "ORD-11": "warning", "ORD-12": "error", "ORD-13": "error", "ORD-14": "error", "ORD-15": "error", "ORD-16": "error",
    "ORD-17": "warning", "ORD-18": "error", "ORD-19": "error",
    "ORD-20": "error",
}  # fmt: skip
"""As the catalogue says; a test holds both equal."""


def judge(picture: OrderPicture, names: Names, today: date, tolerances: Mapping[int, Tolerance]) -> list[Discrepancy]:
    """All discrepancies of an order, by pure look at what stands. `today` is the organisation's own date."""
    judge_ = _Judge(picture, names, today, tolerances)
    for line in picture.lines:
        _units(judge_, line)
        _items(judge_, line)
        _confirmation(judge_, line)
        _shipment(judge_, line)
        _receipt(judge_, line)
        _prices(judge_, line)
        _invoice(judge_, line)
    _strangers(judge_)
    _lacking(judge_)
    return judge_.found


def plain(value: Decimal | str | None) -> str:
    """Exact text of a number, `12.5` and never `12.50`."""
    if value is None or isinstance(value, str):
        return value or ""
    return format(value.normalize(), "f") if value else "0"


def sources(parts: Sequence[Contribution]) -> str:
    """Who says it: partners and document numbers."""
    return ", ".join(dict.fromkeys(f"{part.partner_key} {part.number}" for part in parts))


def _document(kind: str) -> str:
    """What a document is called in a sentence; `data_contracts.rules.phrases` has the Chinese."""
    return kind.replace("_", " ")


def _units(judge: _Judge, line: LinePicture) -> None:
    """ORD-15: another unit than ordered. Convertible ones are told for the supplier's documents only: a dock counts as it likes."""
    seen: set[tuple[str, str | None]] = set()
    for stage in (*SUPPLIER_STAGES, "received"):
        for part in line.of(stage):
            ratio = line.ratio(part)
            if part.unit == line.ordered.unit or (part.kind, part.unit) in seen or (ratio is not None and stage == "received"):
                continue
            seen.add((part.kind, part.unit))
            same = [other for other in line.of(stage) if other.unit == part.unit]
            if ratio is None:
                note, note_zh = "The item master cannot convert it.", "物料主数据无法换算。"
            else:
                inside = plain(rounded(ratio[0] / ratio[1]))
                note, note_zh = f"1 {part.unit} is {inside} {line.ordered.unit}.", f"1 {part.unit} = {inside} {line.ordered.unit}。"
            judge.add(
                "ORD-15",
                line,
                (sources([line.ordered]), line.ordered.unit),
                (sources(same), part.unit),
                same,
                detail=f"{part.kind}|{part.unit}",
                severity="error" if ratio is None else "info",
                document=_document(part.kind),
                convertible="no" if ratio is None else "yes",
                note=note,
                note_zh=note_zh,
            )


def _items(judge: _Judge, line: LinePicture) -> None:
    """ORD-19: another item than ordered."""
    seen: set[tuple[str, str]] = set()
    for stage in (*SUPPLIER_STAGES, "received"):
        for part in line.of(stage):
            if same_item(line, part, judge.names) is False and (part.kind, part.name.shown) not in seen:
                seen.add((part.kind, part.name.shown))
                asked, said = line.ordered.name.shown, part.name.shown
                judge.add(
                    "ORD-19",
                    line,
                    (sources([line.ordered]), asked),
                    (sources([part]), said),
                    [part],
                    detail=f"{part.kind}|{said}",
                    document=_document(part.kind),
                )


def _confirmation(judge: _Judge, line: LinePicture) -> None:
    """ORD-17: the supplier has answered the order, but not promised what was ordered of this line."""
    answers = [part for other in judge.picture.lines for part in other.of("confirmed")]
    if not answers:
        return
    parts = line.of("confirmed")
    confirmed = line.total("confirmed") if parts else ZERO
    ordered = line.ordered.counted
    if confirmed is None or confirmed >= ordered - judge.tolerance(answers[0].partner_id).quantity:
        return
    status = ", ".join(dict.fromkeys(part.status or "accepted" for part in parts)) or "not answered"
    judge.add(
        "ORD-17", line, (sources([line.ordered]), ordered), (sources(parts or answers[:1]), confirmed), parts or answers[:1], status=status
    )


def _promises(judge: _Judge, line: LinePicture) -> list[tuple[str, Decimal]]:
    """(date, quantity) promised, by date; the order's own where the supplier has promised nothing yet. No date is the earliest."""
    dated: dict[str, Decimal] = {}
    for part in line.of("confirmed") or [line.ordered]:
        amount = line.in_order_units(part)
        if amount is not None:
            day = part.due_on or line.ordered.due_on or ""
            dated[day] = dated.get(day, ZERO) + amount
    return sorted(dated.items())


def _shipment(judge: _Judge, line: LinePicture) -> None:
    """ORD-10 and ORD-11: despatched against what was promised and is due."""
    parts = line.of("despatched")
    despatched = line.total("despatched") if parts else ZERO
    if despatched is None:
        return
    promises = _promises(judge, line)
    allowed = judge.tolerance(parts[0].partner_id if parts else None).quantity
    promised_by = line.of("confirmed") or [line.ordered]
    due = ZERO
    for day, quantity in promises:
        # A date that has passed is due; one that a shipment has begun to serve is due too, since the rest was left out.
        if quantity and (passed(day, judge.today) or despatched > due):
            due += quantity
        else:
            break
    promised = sum((quantity for _, quantity in promises), ZERO) + _open_ended(line)
    ends = (sources(promised_by), due), (sources(parts), despatched)
    if despatched < due - allowed:
        judge.add("ORD-10", line, *ends, [*promised_by, *parts])
    elif despatched > promised + allowed:
        judge.add("ORD-11", line, (sources(promised_by), promised), ends[1], [*promised_by, *parts])


def _open_ended(line: LinePicture) -> Decimal:
    """What is backordered to no day: not due, and no surprise when it comes."""
    return sum((line.in_order_units(part, part.quantity) or ZERO for part in line.of("confirmed") if part.open_ended), ZERO)


def _receipt(judge: _Judge, line: LinePicture) -> None:
    """ORD-12 and ORD-13: what was found on arrival against what was said to have left."""
    receipts = line.of("received")
    despatches = line.of("despatched")
    everything = [part for other in judge.picture.lines for part in other.of("received")]
    answered = {part.reference for part in everything if part.reference}
    unnamed = any(part.reference is None for part in receipts)
    expected = [part for part in despatches if part.number in answered or unnamed]
    if not any(other.of("despatched") for other in judge.picture.lines) or not (receipts or expected):
        return
    left, right = _by_lot(line, expected), _by_lot(line, receipts)
    if left is None or right is None:
        return
    sent = {part.lot for part in despatches}
    strange = {lot: quantity for lot, quantity in right.items() if lot not in sent and lot is not None}
    shipped_lots = ", ".join(sorted(lot for lot in sent if lot)) or "none"
    for lot, quantity in sorted(strange.items(), key=lambda entry: entry[0] or ""):
        named = [part for part in receipts if part.lot == lot]
        judge.add(
            "ORD-13",
            line,
            (sources(despatches), shipped_lots),
            (sources(named), quantity),
            [*named, *despatches],
            detail=lot or "",
            lot=lot,
        )
    differing = {lot: (left.get(lot, ZERO), right.get(lot, ZERO)) for lot in {*left, *right} - set(strange)}
    allowed = judge.tolerance(despatches[0].partner_id if despatches else None).quantity
    differing = {lot: pair for lot, pair in differing.items() if abs(pair[0] - pair[1]) > allowed}
    if not differing:
        return
    short = sum((pair[0] - pair[1] for pair in differing.values()), ZERO)
    if strange and short == sum(strange.values(), ZERO):
        return  # the same quantity under another lot: said by ORD-13
    sums = sum(left.values(), ZERO), sum((quantity for lot, quantity in right.items() if lot not in strange), ZERO)
    told = ", ".join(
        f"{lot or '-'}: {plain(a)} / {plain(b)}" for lot, (a, b) in sorted(differing.items(), key=lambda entry: entry[0] or "")
    )
    only = next(iter(differing)) if len(differing) == 1 else None
    values: tuple[Decimal | str, Decimal | str] = sums
    if sums[0] == sums[1]:
        values = told, told
    judge.add(
        "ORD-12", line, (sources(expected), values[0]), (sources(receipts), values[1]), [*expected, *receipts], lot=only, lots=told
    )  # fmt: skip


def _by_lot(line: LinePicture, parts: Sequence[Contribution]) -> dict[str | None, Decimal] | None:
    """Quantities by lot in the order's unit; null when one of them can't be converted."""
    found: dict[str | None, Decimal] = {}
    for part in parts:
        amount = line.in_order_units(part)
        if amount is None:
            return None
        found[part.lot] = found.get(part.lot, ZERO) + amount
    return found


def _prices(judge: _Judge, line: LinePicture) -> None:
    """ORD-14: another price than ordered, per unit of the order. An invoice that was taken back is mended, and one whose difference was."""
    asked = line.ordered.unit_price
    if asked is None:
        return
    currency = line.ordered.currency
    billed = line.of("invoiced")
    quiet = mended(line, asked, judge.tolerance(billed[0].partner_id).price) if billed else set()
    for stage in ("confirmed", "invoiced"):
        for part in line.of(stage):
            price = line.price_in_order_units(part)
            if price is None or part.kind == "credit_note" or (part.application_id, part.ordinal) in quiet:
                continue
            if stage == "confirmed" and part.status == "rejected":
                continue
            other = part.currency is not None and currency is not None and part.currency != currency
            if other or abs(price - asked) > judge.tolerance(part.partner_id).price:
                judge.add(
                    "ORD-14",
                    line,
                    (sources([line.ordered]), asked),
                    (sources([part]), f"{plain(price)} {part.currency}" if other else price),
                    [part],
                    detail=f"{part.kind}|{part.partner_key}|{part.number}|{part.line}",
                    document=_document(part.kind),
                    currency=currency,
                )


def _invoice(judge: _Judge, line: LinePicture) -> None:
    """ORD-16: more invoiced than received, less what was credited."""
    invoices, receipts = line.of("invoiced"), line.of("received")
    if not invoices or not receipts or any(line.ratio(part) is None for part in (*invoices, *receipts)):
        return
    invoiced, received = line.total("invoiced") or ZERO, line.total("received") or ZERO
    if invoiced > received + judge.tolerance(invoices[0].partner_id).quantity:
        judge.add("ORD-16", line, (sources(receipts), received), (sources(invoices), invoiced), [*invoices, *receipts])


def _strangers(judge: _Judge) -> None:
    """ORD-18: documents about lines, or orders, that nobody ordered of this sender.

    An outsider is told the same whether or not the number is an order of somebody else: not even that can be found out by asking.
    """
    groups: dict[tuple[str, str, str, str], list[Contribution]] = {}
    for part in judge.picture.outsiders:
        groups.setdefault((part.kind, part.partner_key, part.number, ""), []).append(part)
    for part in judge.picture.strangers:
        line = (part.order_line or part.line or "") if judge.picture.lines else ""
        groups.setdefault((part.kind, part.partner_key, part.number, line), []).append(part)
    for (kind, partner, number, line), parts in sorted(groups.items()):
        first = parts[0]
        judge.found.append(
            Discrepancy(
                rule="ORD-18",
                severity=SEVERITIES["ORD-18"],
                organisation_id=judge.picture.organisation_id,
                scope_kind="order",
                scope_key=judge.picture.number,
                detail=f"{kind}|{partner}|{number}|{line}",
                left_source="orders",
                left_value="",
                right_source=sources(parts),
                right_value=line or number,
                partner_id=first.partner_id,
                order_number=judge.picture.number,
                order_line=line or None,
                item=first.name.shown,
                lot=first.lot,
                evidence=tuple(sorted({part.exchange_id for part in parts})),
                params={"document": _document(kind), "number": number, "order": judge.picture.number, "line": line, **unknown(line)},
            )
        )


def _lacking(judge: _Judge) -> None:
    """ORD-20: a change of a line that its order does not have. It is laid over the order as soon as the line comes."""
    for part in judge.picture.lacking:
        line = part.order_line or part.line or ""
        judge.found.append(
            Discrepancy(
                rule="ORD-20",
                severity=SEVERITIES["ORD-20"],
                organisation_id=judge.picture.organisation_id,
                scope_kind="order",
                scope_key=judge.picture.number,
                detail="|".join((line, str(part.revision), str(part.issued_at), *judge.apart)),
                left_source=sources([judge.picture.lines[0].ordered]),
                left_value="",
                right_source=sources([part]),
                right_value=line,
                partner_id=part.partner_id,
                order_number=judge.picture.number,
                order_line=line or None,
                item=part.name.shown if part.name.shown != "?" else None,
                lot=None,
                evidence=tuple(sorted({part.exchange_id, judge.picture.lines[0].ordered.exchange_id})),
                params={"order": judge.picture.number, "line": line, "revision": str(part.revision)},
            )
        )


__all__ = ["NoTolerance", "Tolerance", "judge", "plain"]
