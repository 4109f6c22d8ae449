"""Flagging records as exported at their system, once they are durable here: each only in the version that was taken in.

Between our page and our flag somebody may save a record anew; flagged then, its new version would never be seen. So the list is asked for
once more before the flags are set, and again whenever some seconds have passed: what says something else by now, or is no longer on it, is
left alone and comes with the next page. What the peer refuses to flag (a record that an approval has locked) stops no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from connectors.spec import Page
from data_contracts.errors import BusyError, RefusedError, RetriableError

_IN_A_ROW = 3
"""Failures with nothing flagged after which the peer is taken to be away."""
LOOK_SECONDS = 2.0
"""How long a look at the list holds."""


def flag_each(page: Page, look: Callable[[], Mapping[str, str]], flag: Callable[[str], None]) -> None:
    """Flag the records of a page; `page.unflagged` holds afterwards which were not, and why.

    `look` gives id and version of what is not flagged now. Raises as `flag` does, but for RefusedError, and for a failure of single
    records where others of the page are flagged: one that somebody edits just now answers 409, or 500, and is asked for again next time.
    """
    there: Mapping[str, str] = {}
    looked: float | None = None
    flagged, failed = 0, list[tuple[str, RetriableError]]()
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
        except BusyError:
            raise
        except RefusedError as error:
            page.unflagged[key] = str(error)
        except RetriableError as error:
            failed.append((key, error))
            if len(failed) >= _IN_A_ROW and not flagged:
                raise
        else:
            flagged += 1
            page.unflagged.pop(key, None)
    if failed and not flagged:  # it is not the record that is locked, but the peer that is away
        raise failed[0][1]
    page.unflagged.update((key, str(error)) for key, error in failed)
