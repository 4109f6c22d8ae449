"""Flagging records as exported at their system, once they are durable here: each only in the version that was taken in.

Between our page and our flag somebody may save a record anew; flagged then, its new version would never be seen. So the list is asked for
once more before the flags are set, and again whenever some seconds have passed: what says something else by now, or is no longer on it, is
left alone and comes with the next page. What the peer refuses to flag (a record that an approval has locked) stops no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from connectors.spec import Page
from data_contracts.errors import RefusedError

LOOK_SECONDS = 2.0
"""How long a look at the list holds."""


def flag_each(page: Page, look: Callable[[], Mapping[str, str]], flag: Callable[[str], None]) -> None:
    """Flag the records of a page; `page.unflagged` holds afterwards which were not, and why.

    `look` gives id and version of what is not flagged now. Raises as `flag` does, but for RefusedError.
    """
    there: Mapping[str, str] = {}
    looked: float | None = None
    for key, version in page.records or ():
        if page.unflagged.get(key) is not None:  # refused before, within this pull
            continue
        if looked is None or time.monotonic() - looked > LOOK_SECONDS:
            there, looked = look(), time.monotonic()
        if there.get(key) != version:
            page.unflagged[key] = None
            continue
        try:
            flag(key)
        except RefusedError as error:
            page.unflagged[key] = str(error)
        else:
            page.unflagged.pop(key, None)
