"""What the hub knows of a thing that is to be labelled: its element strings, from its master data and from what documents say of its lot.

    06901234000023            a device or item             (01)
    06901234000023|L1         one of its lots              (01)(17)(11)(10), the dates as documents state them
    06901234000023|S1         one of its serial numbers    the same with (21), where the lot is known
    106141412345678908        a logistic unit              (00)
    (01)…(17)…(10)…           element strings, a scan or a Digital Link: as given; a lot may be one that no document has named yet

No label is made from data that contradict each other: a wrong expiry date on a box is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from data_contracts.findings import Finding
from data_contracts.identifiers import bracketed, digital_link, element_string, gtin, sscc, udi
from data_contracts.identifiers.application_identifiers import table
from data_contracts.identifiers.dates import day_of
from hub.labels.symbols import Elements, LabelError, in_order
from hub.store import genealogy, lots, views
from hub.store.keys import lot_key, serial_key, sscc_key
from hub.store.lots import Said, Sight
from hub.trace.aliases import parts_of
from hub.trace.edges import EdgeKind

EVERYTHING = Sight()
_DATES: tuple[tuple[str, str, Callable[[Said], str | None]], ...] = (
    ("17", "expiry_date", lambda said: said.expires_on),
    ("11", "manufacturing_date", lambda said: said.manufactured_on),
)
"""AI, the flag of the device master that says whether the label bears it, and where documents state it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A thing with its label."""

    elements: tuple[tuple[str, str], ...]
    """In the order in which a symbol carries them."""
    record: dict[str, Any] | None = None
    """Its device or item as master data has it."""
    is_device: bool = False

    def as_json(self, stem: str = digital_link.CANONICAL) -> dict[str, Any]:
        """The public shape: what people read, what a symbol holds (FNC1 as GS, first in place), where it leads."""
        record = self.record or {}
        return {
            "udi_di": record.get("number") if self.is_device else None,
            "name": record.get("name"),
            "name_zh": record.get("name_zh"),
            "elements": [list(element) for element in self.elements],
            "hri": bracketed.write(self.elements),
            "element_string": element_string.write(self.elements),
            "digital_link": self.digital_link(stem),
        }

    def digital_link(self, stem: str = digital_link.CANONICAL) -> str | None:
        """The web address of the thing; null where its elements can't stand together in one."""
        try:
            return digital_link.write(self.elements, stem)
        except ValueError:
            return None


def known(connection: sa.Connection, text: str, sight: Sight = EVERYTHING, *, today: date) -> Known:
    """What stands on the label of the thing that a text names, for whoever sees so much.

    Raises NotFoundError for what is unknown or not to be seen, ConflictError where documents contradict each other or the text,
    LabelError where the text is faulty, or what it names can't be written in GS1 element strings.
    """
    wanted = text.strip().removeprefix("lot:").removeprefix("serial:").removeprefix("sscc:")
    item, bar, unit = wanted.partition("|")
    if bar:
        return _unit(connection, item, unit, sight, today)
    if len(wanted) == sscc.LENGTH and wanted.isdigit():
        return _logistic(connection, wanted, sight)
    read = udi.identify(wanted, strict=False, today=today)
    if read.elements:
        if not read.valid:
            raise LabelError("these are no right element strings", read.findings)
        return _as_given(connection, read.elements, sight, today)
    record, is_device = _first(connection, (wanted, read.di or wanted), sight, today)
    di = read.gtin or gtin.normal(str(record.get("number" if is_device else "gtin") or ""))
    if di is None:
        raise LabelError(f"{wanted} has no GTIN, and GS1 symbols hold no other identifier")
    return Known((("01", di),), record, is_device)


def master(connection: sa.Connection, name: str, sight: Sight, today: date) -> tuple[dict[str, Any], bool]:
    """The device, else the item, of this name, and which of the two it is. Raises NotFoundError."""
    try:
        return views.device(connection, name, sight.partner_id, on=today), True
    except NotFoundError:
        pass  # it need not be a device: raw material has a label too
    try:
        return views.item(connection, name, sight.partner_id), False
    except NotFoundError as error:
        raise NotFoundError(f"there is no device or item {name}") from error


def is_known(connection: sa.Connection, keys: Collection[str], sight: Sight) -> bool:
    """Whether a standing document that may be seen names a node with one of these keys."""
    found = genealogy.node_by_key(connection, keys)
    return bool(found) and lots.is_spoken_of(connection, [number for number, _ in found.values()], sight)


def lot_keys(connection: sa.Connection, di: str, lot: str) -> set[str]:
    """Keys of a lot under all names of its item."""
    return {lot_key(part, lot) for part in parts_of(connection, di)}


def serial_keys(connection: sa.Connection, di: str, serial: str) -> set[str]:
    """Keys of a serial number under all names of its item."""
    return {serial_key(part, serial) for part in parts_of(connection, di)}


def _first(connection: sa.Connection, names: Sequence[str], sight: Sight, today: date) -> tuple[dict[str, Any], bool]:
    """Master data by the first of these names that is known."""
    for name in names[:-1]:
        found, is_device = _master_if_any(connection, name, sight, today)
        if found is not None:
            return found, is_device
    return master(connection, names[-1], sight, today)


def _logistic(connection: sa.Connection, number: str, sight: Sight) -> Known:
    _right((("00", number),))
    if not is_known(connection, [sscc_key(number)], sight):
        raise NotFoundError(f"there is no logistic unit {number}")
    return Known((("00", number),))


def _unit(connection: sa.Connection, item: str, unit: str, sight: Sight, today: date) -> Known:
    """A lot or serial number that documents name."""
    di = gtin.normal(item)
    if di is None:
        raise LabelError(f"{item} is no GTIN, and GS1 symbols hold no other identifier")
    record, is_device = _master_if_any(connection, di, sight, today)
    if is_known(connection, lot_keys(connection, di, unit), sight):
        elements = [("01", di), *_dates(connection, di, unit, record, sight, today), ("10", unit)]
    elif is_known(connection, keys := serial_keys(connection, di, unit), sight):
        lot = _lot_of_serial(connection, di, unit, keys, sight)
        dated = [] if lot is None else [*_dates(connection, di, lot, record, sight, today), ("10", lot)]
        elements = [("01", di), *dated, ("21", unit)]
    else:
        raise NotFoundError(f"there is no lot or serial number {unit} of {di}")
    _right(elements)
    return Known(in_order(elements), record, is_device)


def _master_if_any(connection: sa.Connection, name: str, sight: Sight, today: date) -> tuple[dict[str, Any] | None, bool]:
    """Master data if there are any: documents may name a lot before anybody sends those of its item."""
    try:
        return master(connection, name, sight, today)
    except NotFoundError:
        return None, False


def _lot_of_serial(connection: sa.Connection, di: str, serial: str, keys: Collection[str], sight: Sight) -> str | None:
    """The lot that a serial number came from, where documents that may be seen say so. Raises ConflictError where they say several."""
    nodes = [number for number, _ in genealogy.node_by_key(connection, keys).values()]
    numbers = {key.partition("|")[2] for _, key in lots.lots_of_serials(connection, nodes, int(EdgeKind.COMMISSIONING), sight)}
    if len(numbers) > 1:
        said = ", ".join(sorted(numbers))
        raise ConflictError(f"documents contradict each other on serial number {serial} of {di}: it came from lots {said}")
    return next(iter(numbers), None)


def _dates(connection: sa.Connection, di: str, lot: str, record: dict[str, Any] | None, sight: Sight, today: date) -> list[tuple[str, str]]:
    """Dates of a lot as element strings. A label that is to bear no such date gets none."""
    keys = lot_keys(connection, di, lot)
    nodes = [number for number, _ in genealogy.node_by_key(connection, keys).values()]
    said = lots.said_of_lot(connection, keys, nodes, sight) if nodes else []
    flags = (record or {}).get("pi") or {}
    found = []
    for ai, flag, stated in _DATES:
        day = _agreed(di, lot, [(one, value) for one in said if (value := stated(one)) is not None])
        six = None if day is None or flags.get(flag) is False else _six(day, today)
        if six is not None:
            found.append((ai, six))
    return found


def _agreed(di: str, lot: str, stated: Sequence[tuple[Said, str]]) -> str | None:
    """The date that all state; a month is no contradiction to a day of it. Raises ConflictError."""
    if not stated:
        return None
    first, exact = max(stated, key=lambda one: len(one[1]))
    for said, value in stated:
        if not exact.startswith(value):
            raise ConflictError(
                f"documents contradict each other on lot {lot} of {di}: {exact} in {first.kind} {first.number} of {first.partner}, "
                f"{value} in {said.kind} {said.number} of {said.partner}"
            )
    return exact


def _six(day: str, today: date) -> str | None:
    """YYMMDD of a date; `00` for the day where only a month is stated. Null for a year alone, or one that two digits can't tell."""
    if len(day) < 7:
        return None
    six = f"{day[2:4]}{day[5:7]}{day[8:10] or '00'}"
    meant = day_of(six, today.year)
    return six if meant is not None and meant.startswith(day) else None


def _as_given(connection: sa.Connection, elements: Elements, sight: Sight, today: date) -> Known:
    """Element strings as somebody wrote them: of a thing that is known, and not against what is known of its lot."""
    given = dict(elements)
    if "01" not in given:
        if "00" in given:
            found = _logistic(connection, given["00"], sight)
            return Known(in_order(elements), found.record)
        raise LabelError("a label needs a GTIN (01) or an SSCC (00)")
    record, is_device = master(connection, given["01"], sight, today)
    if "21" in given:
        lot = _lot_of_serial(connection, given["01"], given["21"], serial_keys(connection, given["01"], given["21"]), sight)
        if lot is not None and given.get("10", lot) != lot:
            raise ConflictError(f"documents say lot {lot} of serial number {given['21']}, not {given['10']}")
    if "10" in given:
        for ai, value in _dates(connection, given["01"], given["10"], record, sight, today):
            if given.setdefault(ai, value) != value:
                raise ConflictError(f"documents say ({ai}){value} of lot {given['10']}, not ({ai}){given[ai]}")
    return Known(in_order(tuple(given.items())), record, is_device)


def _right(elements: Elements) -> None:
    """Raises LabelError for a value that GS1 carriers can't hold, such as a lot number with a blank."""
    faults = [(ai, value, fault) for ai, value in elements if (fault := table()[ai].fault(value)) is not None]
    if faults:
        raise LabelError(
            f"({faults[0][0]}) can't hold “{faults[0][1]}”",
            [
                Finding(one.rule, expected=one.expected, got=one.got, params={"what": f"({ai})", "value": value})
                for ai, value, one in faults
            ],
        )
