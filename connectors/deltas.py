"""What a flow says about how it learns of changes (`delta:`), and the arithmetic of stamps.

    stamp      records carry a time (or number) of their last change; we ask for those since the last one seen, and some before it
    token      the peer gives an opaque token with each answer, to be shown when asked again
    exported   the peer flags what was taken: we ask for what is not flagged, and flag it once it is durable
    whole      there is no delta: all of it comes each time, and only records that are new or differ are taken in
    push       the peer posts to /v1/documents by itself; nothing is asked

A stamp is unsafe in three ways, each answered here: transactions that commit late bear an older stamp (`overlap_seconds`), several
records bear the same one (`>=`, never `>`, and known records change nothing), and rows that were only ever created may have none at all
(`created`, the second clause). A stamp from the future would hide all that comes until then: it moves no watermark past the clock. Where
clocks are set back an hour comes twice, and a stamp without an offset does not say which it means: it is read as the first, and who asks
from within the first asks from the beginning of the second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.credentials import refuse_unknown
from data_contracts.errors import ConfigError

KINDS = ("stamp", "token", "exported", "whole", "push")
_SETTINGS = frozenset(
    {
        "kind",
        "id",
        "field",
        "created",
        "overlap_seconds",
        "overlap",
        "stamps",
        "time_zone",
        "ask_as",
        "sorted",
        "from",
        "token",
        "ignore",
        "rows",
    }
)
_COMPACT = "%Y%m%d%H%M%S"
_STAMPS = ("time", "compact", "epoch_seconds", "epoch_milliseconds", "odata", "number")
_ODATA = re.compile(r"/Date\((-?\d+)(?:([+-])(\d{1,4}))?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?")
NAMELESS = "?"
"""Before the version of a record that has no id, for its id."""
_SET_BACK = timedelta(hours=3)
"""More than any clock is set back at once."""


@dataclass(frozen=True, slots=True)
class Delta:
    """The `delta:` of a flow's transport."""

    kind: str
    id: tuple[str, ...] = ()
    """Paths of the values that name a record; several make one name."""
    field: str = ""
    """Path of the stamp."""
    created: str | None = None
    """Path of the stamp of creation, where a record that was never changed has no other."""
    overlap: float = 300.0
    """Seconds (or numbers, where stamps are numbers) before the watermark that are asked for again."""
    stamps: str = "time"
    """How stamps are spelled: time (ISO, with `T` or blank), compact (20261122083000), epoch_seconds, epoch_milliseconds, odata
    (`/Date(…)/`), number."""
    time_zone: str = "UTC"
    """Of stamps that state no offset."""
    ask_as: str | None = None
    """strftime pattern of the stamp that is asked for, where it is not ISO with `Z`."""
    sorted: bool = False
    """Whether the peer answers in the order of stamps, so that each page covers what is before it."""
    start: str | None = None
    """From where the first pull begins; None: from the beginning."""
    token: str = ""
    rows: bool = False
    """Whether a record is spread over adjacent rows of one id, as the lines of an order in a query; they are one record then."""
    ignore: tuple[str, ...] = ()
    """Members that differ from answer to answer and say nothing, left out of a record's version."""

    @classmethod
    def of(cls, settings: Mapping[str, Any], transport: str, *, sorts: bool = False) -> Delta:
        """From the settings of a transport. Raises ConfigError. `sorts`: the transport itself asks for the order of stamps."""
        given = settings.get("delta")
        if not isinstance(given, Mapping) or given.get("kind") not in KINDS:
            raise ConfigError(f"transport {transport}: delta names its kind, one of {', '.join(KINDS)}")
        refuse_unknown(given, _SETTINGS, f"{transport}, delta")
        kind, stamps = str(given["kind"]), str(given.get("stamps", "time"))
        ids = given.get("id", ())
        needed = {"stamp": ("field", "id"), "exported": ("id",), "token": ("token",), "whole": ("id",)}.get(kind, ())
        for name in needed:
            if not given.get(name):
                raise ConfigError(f"transport {transport}: delta of kind {kind} needs {name}")
        if stamps not in _STAMPS:
            raise ConfigError(f"delta: stamps is one of {', '.join(_STAMPS)}, not {stamps!r}")
        overlap = given.get("overlap" if stamps == "number" else "overlap_seconds", 0 if stamps == "number" else 300)
        if isinstance(overlap, bool) or not isinstance(overlap, int | float) or not 0 <= overlap <= 10**9:
            raise ConfigError(f"delta: an overlap is a number from 0 on, not {overlap!r}")
        made = cls(
            kind=kind,
            id=(str(ids),) if isinstance(ids, str) else tuple(str(one) for one in ids),
            field=str(given.get("field", "")),
            created=given.get("created"),
            overlap=float(overlap),
            stamps=stamps,
            time_zone=_zone(str(given.get("time_zone", "UTC"))),
            ask_as=given.get("ask_as"),
            sorted=sorts or given.get("sorted") is True,
            token=str(given.get("token", "")),
            rows=given.get("rows") is True,
            ignore=tuple(str(one) for one in given.get("ignore", ())),
        )
        start = given.get("from")
        return made if start is None else replace(made, start=made.written(str(start)))

    @property
    def clauses(self) -> tuple[str, ...]:
        """The questions of one pull, in order: rows never changed first, so that one that is changed meanwhile comes in the second."""
        return ("created", "changed") if self.created else ("changed",)

    def path(self, clause: str) -> str:
        """Where the stamp of a clause stands in a record."""
        return self.created if clause == "created" and self.created else self.field

    def stamp(self, value: Any) -> str | None:
        """A stamp as the watermark keeps it: ISO in UTC with microseconds, or a whole number.

        None: the record has none, or what is none (`connectors/record_faults.py` tells it): that moves no watermark.
        """
        if value in (None, ""):
            return None
        try:
            return self.written(str(value))
        except ConfigError:
            return None

    def written(self, text: str) -> str:
        """A text as the watermark keeps it. Raises ConfigError."""
        try:
            if self.stamps == "number":
                return str(_whole(text))
            return as_iso(self._moment(text))
        except (ValueError, OverflowError) as error:
            raise ConfigError(f"{text!r} is no stamp of the kind {self.stamps}") from error

    def _moment(self, text: str) -> datetime:
        if self.stamps == "odata" and (found := _ODATA.fullmatch(text)) is not None:
            return _EPOCH + timedelta(milliseconds=int(found[1]))
        if self.stamps.startswith("epoch") and _NUMBER.fullmatch(text) is not None:
            return _EPOCH + timedelta(microseconds=int(Decimal(text) * (1_000_000 if self.stamps == "epoch_seconds" else 1000)))
        if self.stamps == "compact" and text.isdigit() and len(text) == 14:
            text = f"{text[:8]}T{text[8:]}"
        made = datetime.fromisoformat(text.strip())
        return made if made.tzinfo is not None else made.replace(tzinfo=ZoneInfo(self.time_zone))

    def asked(self, stamp: str | None) -> str | None:
        """From which stamp on a pull asks, as the watermark keeps it: the overlap before the last one."""
        if stamp is None:
            return stamp
        if self.stamps == "number":
            return str(int(stamp) - int(self.overlap))
        try:
            return as_iso(datetime.fromisoformat(stamp) - timedelta(seconds=self.overlap))
        except OverflowError:  # the first days of the calendar, by which some systems mean "none"
            return as_iso(_BEGINNING)

    def spelled(self, stamp: str) -> str:
        """A stamp as the peer is asked for it."""
        if self.stamps == "number":
            return stamp
        moment = datetime.fromisoformat(stamp)
        if (pattern := self.ask_as or (_COMPACT if self.stamps == "compact" else None)) is not None:
            says_offset = "%z" in pattern or "%Z" in pattern
            return (moment.astimezone(ZoneInfo(self.time_zone)) if says_offset else self.local(moment)).strftime(pattern)
        if self.stamps.startswith("epoch"):
            passed = moment - _EPOCH
            return str(passed // timedelta(seconds=1) if self.stamps == "epoch_seconds" else passed // timedelta(milliseconds=1))
        return moment.isoformat().replace("+00:00", "Z")

    def local(self, moment: datetime) -> datetime:
        """The earliest time that the clocks of the zone show from a moment on: where they are set back, not that of the moment."""
        zone = ZoneInfo(self.time_zone)
        try:
            here, until = moment.astimezone(zone), moment + _SET_BACK
        except OverflowError:  # years 1 and 9999, which mean "none" and "never": no zone moves those
            return moment
        if _offset(until, zone) >= _offset(moment, zone):
            return here
        before, behind = moment.replace(microsecond=0), until.replace(microsecond=0)
        while behind - before > timedelta(seconds=1):
            middle = (before + (behind - before) / 2).replace(microsecond=0)
            before, behind = (middle, behind) if _offset(middle, zone) == _offset(moment, zone) else (before, middle)
        return min(here, behind.astimezone(zone), key=lambda shown: shown.replace(tzinfo=None))

    def repeated(self, stamp: str | None) -> bool:
        """Whether a stamp lies in an hour that the clocks of the zone show twice: what comes behind it may be spelled before it."""
        if stamp is None or self.stamps == "number":
            return False
        shown = datetime.fromisoformat(stamp).astimezone(ZoneInfo(self.time_zone))
        return shown.replace(fold=0).utcoffset() != shown.replace(fold=1).utcoffset()

    def moved(self, since: str | None, value: Any) -> str | None:
        """The stamp of a page's last record, where all behind it may be asked for from there: later than `since`, and not asked for in the
        same words. None: what follows has to be counted off."""
        last = self.stamp(value)
        if last is None or later(self, since, last) != last:
            return None
        return None if since is not None and self.spelled(since) == self.spelled(last) else last

    def capped(self, stamp: str, now: datetime | None) -> str:
        """A watermark that is not later than now."""
        if self.stamps == "number" or now is None:
            return stamp
        return min(stamp, as_iso(now))


def _whole(text: str) -> int:
    """A whole number, which a database may write with a point (`12.00`). Raises ValueError for any other."""
    number = Decimal(text.strip()) if _NUMBER.fullmatch(text.strip()) is not None else None
    if number is None or number != int(number):
        raise ValueError(text)
    return int(number)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"delta: there is no time zone {name!r}") from error
    return name


def as_iso(moment: datetime) -> str:
    """A moment as the watermark keeps it: always of one width (strftime writes year 1 as `1`), so that text compares as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def later(delta: Delta, one: str | None, other: str | None) -> str | None:
    """The later of two stamps."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=int) if delta.stamps == "number" else max(one, other)


def value_at(record: Any, path: str) -> Any:
    """The value at a path of members (`lines.0.id`, `party..code` for Tryton's `party.`); None where there is none."""
    if isinstance(record, Mapping) and path in record:  # `@odata.nextLink` is one name
        return record[path]
    for name in _steps(path):
        if isinstance(record, Mapping):
            record = record.get(name)
        elif isinstance(record, list) and name.lstrip("-").isdigit() and -len(record) <= int(name) < len(record):
            record = record[int(name)]
        else:
            return None
    return record


def _steps(path: str) -> list[str]:
    return [step.replace("\0", ".") for step in path.replace("..", "\0.").split(".")] if path else []


def nameless(delta: Delta, record: Any) -> bool:
    """Whether a record has no id. Of several values some may be empty, as the plant of a batch of SAP's that is the same in all plants."""
    names = [value_at(record, path) for path in delta.id]
    return not any(name not in (None, "") for name in names) or any(name is None or isinstance(name, dict | list) for name in names)


def identified(delta: Delta, records: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    """Id and version of each record: the version is a hash of its content, for a stamp may be too coarse to tell two changes apart.

    A record without an id is known by its version alone.
    """
    found = []
    for record in records:
        said = {name: value for name, value in record.items() if name not in delta.ignore} if isinstance(record, Mapping) else record
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
        version = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        names = [value_at(record, path) for path in delta.id]
        if nameless(delta, record):
            found.append((f"{NAMELESS}{version}", version))
        else:
            found.append((json.dumps(names, ensure_ascii=False) if len(names) > 1 else str(names[0]), version))
    return tuple(_together(found) if delta.rows else found)


def _together(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Adjacent rows of one id as one record, whose version is that of all of them."""
    for key, same in groupby(rows, key=itemgetter(0)):
        yield key, sha256("".join(version for _, version in same).encode()).hexdigest()[:32]
