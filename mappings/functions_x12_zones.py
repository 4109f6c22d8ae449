"""X12 times with a time code (623), which says the zone or the distance from UTC: ET, CS, UT, 08; the offset is kept with the moment.

Two ways to write: in the agreed zone without a code, which every partner reads, and with the code of the moment's own offset, for partners
whose guide wants one (an overlay says `x12_date_time_coded`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from mappings.function_base import FUNCTIONS, Function, Moment, register, tells_day_only

_ZONES = {
    "UT": "UTC", "GM": "UTC", "NT": "America/St_Johns", "TT": "America/Halifax", "ET": "America/New_York", "CT": "America/Chicago",
    "MT": "America/Denver", "PT": "America/Los_Angeles", "AT": "America/Anchorage", "HT": "Pacific/Honolulu",
}  # fmt: skip
_MINUTES = {"N": -210, "T": -240, "E": -300, "C": -360, "M": -420, "P": -480, "A": -540, "H": -600}
"""Standard time in minutes from UTC, by the first letter of a code; daylight time is an hour more."""
_EAST = {"P": 60, "M": -60}


def read_zoned(day: str, time: str, code: str, zone: str) -> Moment:
    """X12 DT, TM and 623: a zone of North America (CT), its standard or daylight time (CS, CD), UT, hours east (01 to 12) or west of UTC
    (13 is 12 hours west, 24 is 1), also as ISO has them (P8, M5); LT and nothing mean the time of the place. ValueError for any other."""
    read = FUNCTIONS["x12_date_time"].read
    if not time or code in ("", "LT"):
        moment: Moment = read(day, time, zone)
        return moment
    if code in _ZONES:
        known: Moment = read(day, time, _ZONES[code])
        return known._replace(stated=True)
    local: datetime = read(day, time, "UTC").at
    return Moment(local.replace(tzinfo=timezone(timedelta(minutes=_minutes(code)))), True)


def _minutes(code: str) -> int:
    """Minutes east of UTC. Raises ValueError for a code that is none."""
    if len(code) == 2 and code.isascii():
        if code.isdecimal() and 1 <= int(code) <= 24:
            return 60 * (int(code) if int(code) <= 12 else int(code) - 25)
        if code[0] in _EAST and code[1].isdecimal() and code[1] != "0":
            return _EAST[code[0]] * int(code[1])
        if code[0] in _MINUTES and code[1] in "SD":
            return _MINUTES[code[0]] + 60 * (code[1] == "D")
    raise ValueError("a time code that is known, such as UT, ET, CS or 01")


def write_zoned(value: datetime, zone: str) -> tuple[str, ...]:
    """Day and time in the agreed zone, without a code: they are the place's own."""
    return (*_written(value, zone), "")


def write_coded(value: datetime, zone: str) -> tuple[str, ...]:
    """Day and time as they were stated, with the code of their offset; in the agreed zone, without one, where no code says the offset."""
    minutes = int((value.utcoffset() or timedelta(0)).total_seconds() // 60)
    hours = minutes // 60
    if tells_day_only(value) or minutes % 60 or not -12 <= hours <= 12:
        return write_zoned(value, zone)
    code = "UT" if not hours else f"{hours if hours > 0 else 25 + hours:02d}"
    return (*_written(value.replace(tzinfo=UTC), "UTC"), code)


def _written(value: datetime, zone: str) -> tuple[str, ...]:
    write = FUNCTIONS["x12_date_time"].write
    assert write is not None
    said: tuple[str, ...] = write(value, zone)
    return said


register(Function("x12_date_time_zone", "instant", "canonical", read_zoned, write_zoned, 3, "20261122, 0830 and CT, or no zone"))
register(Function("x12_date_time_coded", "instant", "canonical", read_zoned, write_coded, 3, "20261122, 0830 and 08"))
