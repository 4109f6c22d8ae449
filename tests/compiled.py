"""SQL statements compiled once in a test process, not once in each test.

SQLAlchemy keeps what it has compiled with the engine, and a hub in service has one engine for as long as it lives; here each test opens
a store of its own and would compile the same few hundred statements anew, which takes a third of its time. So engines of one kind share
what they compiled, and the dialect that it was compiled by, once that has met its server.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache

_STATEMENTS = 4000
_create: Any = sa.create_engine
_met: dict[Hashable, Dialect] = {}
_compiled: dict[Hashable, LRUCache[Any, Any]] = {}


def share() -> None:
    """From now on engines that differ in nothing but the name of their database share what they compile."""
    sa.create_engine = _shared


def _shared(url: sa.URL, **options: Any) -> sa.Engine:
    engine: sa.Engine = _create(url, **options)
    server = (engine.url.drivername, engine.url.host, engine.url.port, engine.url.query.get("host"))
    made_by = tuple(
        sorted(
            (name, str(options[name])) for name in ("isolation_level", "module", "json_serializer", "json_deserializer") if name in options
        )
    )
    kind = (*server, made_by)
    if kind not in _met:

        @sa.event.listens_for(engine, "engine_connect", once=True)
        def meets(_connection: sa.Connection) -> None:
            _met.setdefault(kind, engine.dialect)

        return engine
    engine.dialect = engine.pool._dialect = _met[kind]
    engine._compiled_cache = _compiled.setdefault(kind, LRUCache(_STATEMENTS))
    return engine
