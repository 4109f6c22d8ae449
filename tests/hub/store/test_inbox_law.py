"""Deliver, deliver again, contradict, claim, die, come back, finish: in any order each delivery has one effect and one answer."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from data_contracts.errors import ConflictError
from hub import audit
from hub.clock import FrozenClock
from hub.store import blobs, claims
from hub.store.database import Database
from hub.store.inbox import Delivery, Landing, land_many
from hub.store.tables import audit as audit_rows
from hub.store.tables import document
from tests.effort import SEARCH

LEASE = 60
KEYS = st.sampled_from(["K", "L", "M"])
CONTENTS = st.sampled_from([b"one", b"two", b"three"])
_runs = itertools.count(1)


class Inbox(RuleBasedStateMachine):
    """The model: what the first delivery of each key was, what conflicts, who holds a claim, what had its effect."""

    def __init__(self, database: Database, clock: FrozenClock) -> None:
        super().__init__()
        self.database = database
        self.clock = clock
        self.flow = f"run {next(_runs)}"
        self.first: dict[str, tuple[int, bytes]] = {}
        self.conflicts: dict[tuple[str, bytes], int] = {}
        self.working: dict[int, claims.Claim] = {}
        self.tried: set[int] = set()
        self.dead: list[claims.Claim] = []
        self.done: set[int] = set()

    @rule(deliveries=st.lists(st.tuples(KEYS, CONTENTS), min_size=1, max_size=5), crash=st.booleans())
    def deliver(self, deliveries: list[tuple[str, bytes]], crash: bool) -> None:
        """A partner posts; with `crash` the power goes before the commit, so that no answer is given."""
        wanted = [Delivery(1, 2, "http", f"{self.flow}/{key}", content, flow=self.flow) for key, content in deliveries]
        try:
            with self.database.begin("partner") as uow:
                landings = land_many(uow, wanted)
                if crash:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            return
        for (key, content), landing in zip(deliveries, landings, strict=True):
            self.answer(key, content, landing)

    def answer(self, key: str, content: bytes, landing: Landing) -> None:
        if key not in self.first:
            assert landing.outcome == "new"
            self.first[key] = (landing.document_id, content)
        first, bytes_ = self.first[key]
        assert landing.first_document_id == first
        if content == bytes_:
            assert landing.document_id == first
            assert landing.outcome in ("new", "repeat")
        else:
            assert landing.outcome == "conflict"
            assert self.conflicts.setdefault((key, content), landing.document_id) == landing.document_id
            assert landing.document_id != first

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        """A worker takes what waits: never a rejected document, one that is done, or one that another holds."""
        waiting = {number for number, _ in self.first.values()} - self.done - set(self.working)
        taken = claims.claim_documents(self.database, limit, LEASE, flow=self.flow)
        suspects = sorted(waiting & self.tried)[:1]  # one that was tried before is claimed alone
        assert [one.document_id for one in taken] == (suspects or sorted(waiting)[:limit])
        self.tried.update(one.document_id for one in taken)
        self.working.update({one.document_id: one for one in taken})

    @rule()
    def workers_die(self) -> None:
        """All leases run out; those who held them may come back later."""
        self.dead.extend(self.working.values())
        self.working.clear()
        self.clock.advance(LEASE)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), crash=st.booleans())
    def finish(self, data: st.DataObject, crash: bool) -> None:
        """A worker applies and finishes, or dies just before the commit."""
        number = data.draw(st.sampled_from(sorted(self.working)))
        claim = self.working[number]
        try:
            with self.database.begin("worker") as uow:
                uow.audit(1, "order.applied", f"document/{number}")
                claims.finish(uow, claim, "processed")
                if crash:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            return
        del self.working[number]
        self.done.add(number)

    @precondition(lambda self: self.dead)
    @rule(data=st.data())
    def come_back_from_the_dead(self, data: st.DataObject) -> None:
        """A worker whose lease ran out finishes late: taken if nobody else has claimed since, else refused without effect."""
        claim = self.dead.pop(data.draw(st.integers(0, len(self.dead) - 1)))
        newest = max([claim.fence, *(one.fence for one in [*self.dead, *self.working.values()] if one.document_id == claim.document_id)])
        try:
            with self.database.begin("late worker") as uow:
                uow.audit(1, "order.applied", f"document/{claim.document_id}")
                claims.finish(uow, claim, "processed")
        except ConflictError:
            assert claim.document_id in self.done or claim.fence < newest
        else:
            assert claim.document_id not in self.done
            assert claim.fence == newest
            self.done.add(claim.document_id)

    @invariant()
    def every_original_is_kept_and_each_effect_stands_once(self) -> None:
        with self.database.read() as connection:
            found = connection.execute(sa.select(document).where(document.c.flow == self.flow)).all()
            expected = dict(self.first.values())
            expected.update({number: content for (_, content), number in self.conflicts.items()})
            assert {row.id: blobs.read_blob(connection, self.database.home, bytes(row.sha256)) for row in found} == expected
            states = {row.id: row.state for row in found}
            for number in expected:
                state = "rejected" if number in self.conflicts.values() else "processed" if number in self.done else "received"
                assert states[number] == state
            subjects = [f"document/{number}" for number in expected]
            effects = connection.execute(
                sa.select(audit_rows.c.subject).where(audit_rows.c.action == "order.applied", audit_rows.c.subject.in_(subjects))
            ).scalars()
            assert sorted(effects) == sorted(f"document/{number}" for number in self.done)

    def teardown(self) -> None:
        with self.database.read() as connection:
            assert audit.verify_all(connection) == []


@pytest.mark.slow
@pytest.mark.hypothesis
def test_each_delivery_has_one_effect_and_one_answer(house: Database, clock: FrozenClock) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Inbox(house, clock),
        settings=settings(max_examples=25 * (SEARCH or 1), stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)),
    )
