"""One write transaction: everything in it becomes true together, with its audit entries, or nothing does.

`Database.begin(actor)` is the only way to get one and the only place that commits. Audit entries are buffered and
chained last, in the order of organisations, so that transactions never wait for each other crosswise.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.store import chain

HUB = 0
"""Organisation id of the audit chain for what belongs to no organisation: credentials, the hub's own administration."""


class UnitOfWork:
    """What a write may use. `now` is one instant for the whole transaction, microseconds UTC."""

    __slots__ = ("_entries", "_then", "actor", "connection", "home", "now")

    def __init__(self, connection: sa.Connection, home: Path, actor: str, now: int) -> None:
        self.connection = connection
        self.home = home
        self.actor = actor
        self.now = now
        self._entries: list[chain.Entry] = []
        self._then: dict[int, Callable[[chain.Link], None]] = {}

    @property
    def is_postgresql(self) -> bool:
        """Which of the two databases this is."""
        return self.connection.dialect.name == "postgresql"

    def audit(
        self,
        organisation_id: int,
        action: str,
        subject: str,
        reason: str | None = None,
        before: Any = None,
        after: Any = None,
        then: Callable[[chain.Link], None] | None = None,
    ) -> None:
        """Note who did what to what, and why. `before` and `after` are plain values, kept as canonical JSON.

        `action` is `<noun>.<past participle>` (`document.landed`), `subject` is `<noun>/<id>`. `then` is told where the entry stands, as
        soon as that is known: at the end of the transaction, in which it may write still.
        """
        if then is not None:
            self._then[len(self._entries)] = then
        self._entries.append(
            chain.Entry(organisation_id, self.now, self.actor, action, subject, reason, chain.canonical(before), chain.canonical(after))
        )

    def settle(self) -> None:
        """Chain and write the buffered audit entries. Called once by `Database.begin`, just before the commit."""
        if self._entries:
            entries, then = self._entries, self._then
            self._entries, self._then = [], {}
            order = sorted(range(len(entries)), key=lambda place: entries[place].organisation_id)  # as the chains are written
            for place, link in zip(order, chain.append(self.connection, entries), strict=True):
                if place in then:
                    then[place](link)
