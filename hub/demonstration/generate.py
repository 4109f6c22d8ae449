"""Makes the demonstration: from a seed and a moment to the files of five weeks, and the list of the faults in them.

The same seed and moment give the same bytes. All dates are counted from the moment; all identifiers come from the fixed cast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Literal

from hub.demonstration import catalogue as items
from hub.demonstration import faults
from hub.demonstration.bad_files import BadPost
from hub.demonstration.company import JIANGNAN_POLYMER, ORGANISATIONS, PARTIES, SECOND_NAMES, SUZHOU, Organisation, PartyEntry
from hub.demonstration.deliveries import Trade
from hub.demonstration.devices import devices_json
from hub.demonstration.documents import Calendar, Numbers, StockRow, plain
from hub.demonstration.faults import PlantedFault
from hub.demonstration.feeds import items_csv, orders_csv, orders_json, parties_json, stock_csv, stock_json
from hub.demonstration.mail import Mail, Posting, pairs
from hub.demonstration.orders import RESPONDED, SILENT, Deal, export_time, how_many, plan
from hub.demonstration.stock import Warehouse
from hub.demonstration.story import Story
from hub.demonstration.x12_files import despatch_advice, envelope_to, interchange

Scale = Literal["small", "large"]
_ORDERS: Mapping[str, int] = {"small": 30, "large": 600}
_LATE = list[tuple[Posting, PlantedFault]]


def generate(folder: Path, seed: int, now: datetime, scale: Scale = "small") -> Story:
    """Write the story's files and `faults.json` below a folder, and say what arrives when.

    `now` is aware; `small` has about 40 orders, `large` 600. Existing files of another story are not removed.
    """
    if now.tzinfo is None:
        raise ValueError("now must say its offset")
    rnd = Random(f"udihub demonstration {seed}")  # noqa: S311 - a story, no secret
    calendar = Calendar(now.replace(second=0, microsecond=0))
    numbers, mail = Numbers(), Mail()
    catalogue = items.pick(rnd)
    twins = _master_data(rnd, calendar, catalogue, mail)
    deals = plan(rnd, calendar, catalogue, numbers, _ORDERS[scale])
    trade = Trade(rnd, calendar, numbers, mail)
    late = trade.books.late
    _export_orders(calendar, deals, mail, late)
    for deal in deals:
        trade.carry_out(deal)
    warehouse = Warehouse(rnd, calendar, catalogue, numbers, mail)
    warehouse.run(trade.books.receipts, expired=how_many(rnd))
    disagreements = _counts(rnd, warehouse, mail, calendar, late)
    BadPost(rnd, calendar, catalogue, mail, deals, trade.books.receipts, late).post()

    kept = {pair: list(range(1, 1 + _answered(deals, pair))) for pair in pairs()}
    following = mail.number({pair: len(numbers_kept) + 1 for pair, numbers_kept in kept.items()})
    arrivals = mail.deliver(folder)
    found = faults.in_order([*trade.books.faults, *twins, *_expired(warehouse), *disagreements, *(_addressed(*entry) for entry in late)])
    faults.write(found, folder / "faults.json")
    sample = _sample(rnd, trade, deals, following)
    replies = {deal.order.number: deal.ending != SILENT for deal in deals}
    return Story(folder, seed, calendar.now, arrivals, found, replies, sample, kept, following)


def _master_data(rnd: Random, calendar: Calendar, catalogue: items.Catalogue, mail: Mail) -> list[PlantedFault]:
    """Items, parties and devices as exported before all else; some suppliers were entered twice."""
    at = calendar.at(SUZHOU.zone, -36, 6)
    mail.file(at, "erp_items", items_csv(catalogue.items, at))
    doubled = sorted(rnd.sample(sorted(SECOND_NAMES), how_many(rnd)))
    entries: list[PartyEntry] = list(PARTIES)
    planted = []
    for code in doubled:
        first = next(entry for entry in PARTIES if entry.code == code)
        second, name, name_zh = SECOND_NAMES[code]
        entries.append(replace(first, code=second, name=name, name_zh=name_zh, gln=None))
        subject = {"tax_number": first.tax_number, "codes": [code, second]}
        planted.append(PlantedFault("supplier_twice", subject, {"names": [first.name, name]}))
    mail.file(at + timedelta(minutes=5), "erp_parties", parties_json(entries, at))
    mail.file(at + timedelta(minutes=10), "erp_devices", devices_json(catalogue, at))
    return planted


def _export_orders(calendar: Calendar, deals: list[Deal], mail: Mail, late: _LATE) -> None:
    """One export a day and organisation; a change whose original was stuck comes alone, an hour before it."""
    days: dict[tuple[datetime, str], list[Deal]] = {}
    for deal in deals:
        if deal.earlier is None:
            days.setdefault((export_time(calendar, deal), deal.order.channel.organisation.key), []).append(deal)
            continue
        flow = f"erp_orders_{deal.order.channel.organisation.key}"
        at = export_time(calendar, deal) + timedelta(minutes=5)
        write = orders_json if flow.endswith("suzhou") else _csv_orders
        change = mail.file(at, flow, write([deal.order], at))
        mail.file(at + timedelta(hours=1), flow, write([deal.earlier], at + timedelta(hours=1)))
        subject = {"order_number": deal.order.number, "revision": deal.order.revision}
        quantities = {"order_line": deal.marked.line, "quantity": plain(deal.marked.quantity)}
        late.append((change, PlantedFault("change_before_original", subject, quantities)))
    for (at, key), together in days.items():
        orders = [deal.order for deal in together]
        mail.file(at, f"erp_orders_{key}", orders_json(orders, at) if key == "suzhou" else _csv_orders(orders, at))


def _csv_orders(orders: list[Any], at: datetime) -> bytes:
    return orders_csv(orders)


def _counts(rnd: Random, warehouse: Warehouse, mail: Mail, calendar: Calendar, late: _LATE) -> list[PlantedFault]:
    """Book stock and counts of both sites: alike at the start and, but for the planted lots, in the end. An old count comes last."""
    planted = []
    final = {organisation.key: warehouse.snapshots[(organisation.key, "final")] for organisation in ORGANISATIONS}
    differing = _pick_rows(rnd, calendar, final)
    for organisation in ORGANISATIONS:
        at, rows = warehouse.snapshots[(organisation.key, "opening")]
        _post_count(mail, organisation, "erp", at, rows)
        _post_count(mail, organisation, "wms", at + timedelta(hours=1), rows)
        at, rows = final[organisation.key]
        counted = []
        for row in rows:
            mine = row in differing and differing[row] is organisation
            missing = Decimal(rnd.randint(1, max(1, int(row.quantity) // 5))) if mine else Decimal(0)
            counted.append(replace(row, quantity=row.quantity - missing))
            if mine:
                said = {"erp": plain(row.quantity), "wms": plain(row.quantity - missing)}
                planted.append(PlantedFault("systems_disagree", _stock_subject(organisation, row), said))
        _post_count(mail, organisation, "erp", at, rows)
        _post_count(mail, organisation, "wms", at + timedelta(minutes=1), counted)
    reports = [("wms", organisation) for organisation in ORGANISATIONS] + [("erp", ORGANISATIONS[0])]
    for place, (system, organisation) in enumerate(rnd.sample(reports, how_many(rnd))):
        at, rows = warehouse.snapshots[(organisation.key, "middle")]
        posting = _post_count(mail, organisation, system, at, rows)
        posting.at = (calendar.now - timedelta(minutes=10 - place)).astimezone(organisation.zone)
        subject = {"location": organisation.site_gln, "system": system, "counted_at": at.isoformat()}
        late.append((posting, PlantedFault("older_snapshot_last", subject, {"stands": final[organisation.key][0].isoformat()})))
    return planted


def _post_count(mail: Mail, organisation: Organisation, system: str, at: datetime, rows: list[StockRow]) -> Posting:
    write = stock_csv if system == "erp" else stock_json
    return mail.file(at + timedelta(minutes=10), f"{system}_stock_{organisation.key}", write(organisation.site_gln, at, rows))


def _pick_rows(rnd: Random, calendar: Calendar, final: Mapping[str, tuple[datetime, list[StockRow]]]) -> dict[StockRow, Organisation]:
    good = [
        (row, organisation)
        for organisation in ORGANISATIONS
        for row in final[organisation.key][1]
        if row.status == "available" and row.quantity >= 3 and row.lot.expires_on > calendar.day(organisation.zone, 30)
    ]
    return dict(rnd.sample(good, how_many(rnd)))


def _stock_subject(organisation: Organisation, row: StockRow) -> dict[str, str]:
    return {"location": organisation.site_gln, "item": row.lot.item.code, "gtin": row.lot.item.gtin14, "lot": row.lot.code}


def _expired(warehouse: Warehouse) -> list[PlantedFault]:
    return [
        PlantedFault(
            "expired_available",
            _stock_subject(organisation, StockRow(lot, "available", quantity)),
            {"expires_on": lot.expires_on.isoformat(), "quantity": plain(quantity)},
        )
        for organisation, lot, quantity in warehouse.expired
    ]


def _addressed(posting: Posting, fault: PlantedFault) -> PlantedFault:
    """The fault with the document that carries it, and its control number where there is one."""
    where: dict[str, Any] = {"document": posting.path, "partner": posting.partner}
    if posting.control is not None:
        where["control"] = f"{posting.control:09d}"
    return replace(fault, subject={**where, **fault.subject})


def _answered(deals: list[Deal], pair: tuple[str, str]) -> int:
    """How many of our orders to this supplier it acknowledges: so many control numbers it keeps for its 997s."""
    return sum(
        1
        for deal in deals
        if deal.ending != SILENT and (deal.order.channel.supplier.x12_id, deal.order.channel.organisation.x12_id) == pair
    )


def _sample(rnd: Random, trade: Trade, deals: list[Deal], following: dict[tuple[str, str], int]) -> bytes:
    """A good 856 of the Jiangnan order that is due next, with the next control number of that mailbox."""
    waiting = [deal for deal in deals if deal.ending == RESPONDED and deal.order.channel.supplier is JIANGNAN_POLYMER]
    deal = min(waiting, key=lambda deal: (deal.order.requested_on, deal.order.number))
    envelope = envelope_to(deal.order.channel.supplier, deal.order.channel.organisation)
    pair = (envelope.sender, envelope.receiver)
    control = following[pair]
    following[pair] += 1
    at = trade.calendar.now.astimezone(deal.order.channel.supplier.zone)
    return interchange(envelope, control, at, [despatch_advice(trade.sample(deal))])
