"""What a database's complaint means for the caller: try again, stop, or a mistake of ours.

A failed sync is never tried again: after it nobody knows what is on the disk, and a second sync may well report success
without having written (this is why PostgreSQL panics there). Full disks and lost servers heal, and leave nothing half done.
"""

from __future__ import annotations

import sqlalchemy as sa

from data_contracts.errors import FatalError, HubError, RetriableError

_SQLITE_AGAIN = {5: "the store is busy", 6: "the store is locked", 13: "the disk is full", 14: "the store's file can't be opened now"}
_SQLITE_STOP = {10: "disk input/output error", 11: "the store's file is damaged", 26: "the store's file is no SQLite database"}
_POSTGRESQL_AGAIN = ("08", "40", "53", "55P03", "57P")
"""SQLSTATE classes: connection, rolled back, resources, lock not available, operator intervention."""
_POSTGRESQL_STOP = ("58030", "XX001", "XX002")
"""SQLSTATE: io_error, data_corrupted, index_corrupted."""


def fault(error: BaseException) -> HubError | None:
    """The hub's word for a driver's error; null for errors that are a statement's own (constraints, syntax)."""
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(error, sa.exc.TimeoutError):
        return RetriableError("all connections to the store are in use")
    code = getattr(origin, "sqlite_errorcode", None)
    if code is not None:
        return _sqlite(int(code) & 0xFF, origin)
    if type(origin).__module__.startswith("psycopg"):
        return _postgresql(origin)
    return None


def _sqlite(code: int, origin: BaseException | None) -> HubError | None:
    if code in _SQLITE_STOP:
        return FatalError(f"{_SQLITE_STOP[code]} ({origin}); stop, look after the disk, then start again")
    if code in _SQLITE_AGAIN:
        return RetriableError(f"{_SQLITE_AGAIN[code]} ({origin})")
    return None


def _postgresql(origin: BaseException | None) -> HubError | None:
    state = getattr(origin, "sqlstate", None)
    if state is None:
        # Without an SQLSTATE the server did not answer. Whether a commit was done is then unknown; every write that comes
        # from outside has a key, so that repeating it finds out.
        return RetriableError(f"the database does not answer ({origin})") if type(origin).__name__ == "OperationalError" else None
    if state.startswith(_POSTGRESQL_STOP):
        return FatalError(f"PostgreSQL reports {state}: {origin}")
    if state.startswith(_POSTGRESQL_AGAIN):
        return RetriableError(f"PostgreSQL reports {state}: {origin}")
    return None
