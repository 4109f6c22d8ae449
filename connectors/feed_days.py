"""Days as people and old systems write them: 22-Nov-2026, 22-11-2026, 22.11.26. Each order of day and month is a type of its own.

A year of two digits is one of this century: 26 is 2026, and what lies before 2000 cannot be written so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

MONTHS = {
    name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
"""English names of months, which Oracle and the English-speaking world write; compared without case."""

_NAMED = "|".join(MONTHS)


def _check(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> Callable[[str], bool]:
    """A check of texts whose groups `y`, `m` and `d` are on the calendar."""
    compiled = re.compile(pattern, flags)

    def check(text: str) -> bool:
        match = compiled.fullmatch(text)
        if match is None:
            return False
        year, month, day = match["y"], match["m"].lower(), match["d"]
        try:
            date(int(year) + (2000 if len(year) == 2 else 0), MONTHS.get(month) or int(month), int(day))
        except ValueError:
            return False
        return True

    return check


DAYS: dict[str, tuple[Callable[[str], bool], str]] = {
    "date_dashed_dmy": (_check(r"(?P<d>[0-9]{1,2})-(?P<m>[0-9]{1,2})-(?P<y>[0-9]{4})"), "DD-MM-YYYY"),
    "date_dashed_mdy": (_check(r"(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})-(?P<y>[0-9]{4})"), "MM-DD-YYYY"),
    "date_month_name": (_check(rf"(?P<d>[0-9]{{1,2}})[- ](?P<m>{_NAMED})[- ](?P<y>[0-9]{{4}})", re.IGNORECASE), "DD-Mon-YYYY"),
    "date_month_name_short": (_check(rf"(?P<d>[0-9]{{1,2}})[- ](?P<m>{_NAMED})[- ](?P<y>[0-9]{{2}})", re.IGNORECASE), "DD-Mon-YY"),
    "date_dotted_short": (_check(r"(?P<d>[0-9]{2})\.(?P<m>[0-9]{2})\.(?P<y>[0-9]{2})"), "DD.MM.YY"),
    "date_slashed_dmy_short": (_check(r"(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[0-9]{2})"), "DD/MM/YY"),
    "date_slashed_mdy_short": (_check(r"(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>[0-9]{2})"), "MM/DD/YY"),
}
"""Type of a field → its check and its spelling."""

UNREAD: dict[str, tuple[Callable[[str], bool], str]] = {
    ".": (_check(r"(?P<y>[0-9]{2})\.(?P<m>[0-9]{2})\.(?P<d>[0-9]{2})"), "YY.MM.DD"),
    "/": (_check(r"(?P<y>[0-9]{2})/(?P<m>[0-9]{2})/(?P<d>[0-9]{2})"), "YY/MM/DD"),
}
"""Spellings that no type reads, by their mark: samples may be meant so."""
