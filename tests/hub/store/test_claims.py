from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConflictError
from hub.clock import FrozenClock
from hub.store import claims
from hub.store.database import Database
from hub.store.inbox import Delivery, land_many
from hub.store.tables import document, finding


@pytest.fixture
def inbox(house: Database) -> Database:
    """Ten received documents of two flows."""
    with house.begin("jiangnan") as uow:
        land_many(uow, [Delivery(1, 2, "http", f"k{n}", f"{n}".encode(), flow="even" if n % 2 == 0 else "odd") for n in range(10)])
    return house


def ids(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(sa.select(document.c.id).order_by(document.c.id)).scalars())


def states(database: Database) -> dict[int, str]:
    with database.read() as connection:
        return dict(connection.execute(sa.select(document.c.id, document.c.state)).all())  # type: ignore[arg-type]


def test_oldest_first_and_nobody_else_gets_them(inbox: Database) -> None:
    first, second, third = (claims.claim_documents(inbox, 4, 60) for _ in range(3))
    assert [claim.document_id for claim in first + second + third] == ids(inbox)
    assert {claim.fence for claim in first + second + third} == {1}
    assert claims.claim_documents(inbox, 4, 60) == []


def test_a_flow_can_be_claimed_alone(inbox: Database) -> None:
    assert len(claims.claim_documents(inbox, 100, 60, flow="odd")) == 5
    assert len(claims.claim_documents(inbox, 100, 60, flow="odd")) == 0
    assert len(claims.claim_documents(inbox, 100, 60)) == 5


def test_a_finished_document_is_not_claimed_again(inbox: Database, clock: FrozenClock) -> None:
    mine = claims.claim_documents(inbox, 2, 60)
    with inbox.begin("worker") as uow:
        claims.finish_many(uow, [(mine[0], "processed", "x12"), (mine[1], "rejected", None)])
    clock.advance(3600)
    rest = claims.claim_documents(inbox, 100, 60)
    assert len(rest) == 8
    assert list(states(inbox).values()).count("received") == 8
    with inbox.read() as connection:
        assert connection.execute(
            sa.select(document.c.format, document.c.lease_until).where(document.c.id == mine[0].document_id)
        ).one() == (
            "x12",
            None,
        )


def test_a_worker_that_died_loses_its_lease_and_is_fenced_out(inbox: Database, clock: FrozenClock) -> None:
    dead = claims.claim_documents(inbox, 1, 60)[0]
    clock.advance(59)
    assert dead.document_id not in {claim.document_id for claim in claims.claim_documents(inbox, 100, 600)}
    clock.advance(1)
    heir = claims.claim_documents(inbox, 100, 60)[0]
    assert heir == claims.Claim(dead.document_id, dead.fence + 1)
    for late in (claims.finish, lambda uow, claim, _state: claims.extend(uow, claim, 60)):
        with pytest.raises(ConflictError, match=f"document/{dead.document_id}"), inbox.begin("back from the dead") as uow:
            uow.audit(1, "order.applied", "order/1")
            late(uow, dead, "processed")
    with inbox.begin("heir") as uow:
        claims.finish(uow, heir, "processed")
    with pytest.raises(ConflictError), inbox.begin("heir") as uow:
        claims.finish(uow, heir, "processed")
    assert states(inbox)[heir.document_id] == "processed"


def test_a_late_worker_that_nobody_replaced_may_finish(inbox: Database, clock: FrozenClock) -> None:
    claim = claims.claim_documents(inbox, 1, 60)[0]
    clock.advance(3600)
    with inbox.begin("worker") as uow:
        claims.finish(uow, claim, "processed")
    assert states(inbox)[claim.document_id] == "processed"


def test_long_work_keeps_its_lease(inbox: Database, clock: FrozenClock) -> None:
    claim = claims.claim_documents(inbox, 1, 60)[0]
    clock.advance(50)
    with inbox.begin("worker") as uow:
        claims.extend(uow, claim, 60)
    clock.advance(50)
    assert claim.document_id not in {other.document_id for other in claims.claim_documents(inbox, 100, 60)}


def test_one_fenced_out_refuses_its_whole_batch(inbox: Database, clock: FrozenClock) -> None:
    first = claims.claim_documents(inbox, 1, 10)
    rest = claims.claim_documents(inbox, 3, 600)
    clock.advance(11)
    assert claims.claim_documents(inbox, 1, 60)[0].document_id == first[0].document_id
    with pytest.raises(ConflictError), inbox.begin("worker") as uow:
        claims.finish_many(uow, [(claim, "processed", None) for claim in rest + first])
    assert set(states(inbox).values()) == {"received"}


def test_released_work_comes_back_later(inbox: Database, clock: FrozenClock) -> None:
    mine = claims.claim_documents(inbox, 10, 600)
    with inbox.begin("worker") as uow:
        claims.release(uow, mine, after_seconds=30)
    assert claims.claim_documents(inbox, 10, 60) == []
    clock.advance(30)
    again = []
    while suspects := claims.claim_documents(inbox, 10, 60):
        assert len(suspects) == 1, "what was tried before is claimed alone, lest it take others along"
        again += suspects
    assert [claim.document_id for claim in again] == [claim.document_id for claim in mine]


def test_a_document_that_kills_its_workers_is_set_aside(inbox: Database, clock: FrozenClock) -> None:
    for _ in range(3):
        (claim,) = claims.claim_documents(inbox, 1, 60)
        with inbox.begin("maintenance") as uow:
            assert claims.set_aside(uow, 3) == []
        clock.advance(60)
    with inbox.begin("maintenance") as uow:
        assert claims.set_aside(uow, 3) == [claim.document_id]
    assert states(inbox)[claim.document_id] == "quarantined"
    with inbox.read() as connection:
        assert connection.execute(sa.select(finding.c.rule, finding.c.document_id)).one() == ("DOC-95", claim.document_id)
    with pytest.raises(ConflictError), inbox.begin("worker") as uow:
        claims.finish(uow, claim, "processed")


def test_an_unknown_state_is_a_mistake(inbox: Database) -> None:
    (claim,) = claims.claim_documents(inbox, 1, 60)
    with pytest.raises(ValueError, match="quarantined"), inbox.begin("worker") as uow:
        claims.finish(uow, claim, "done")


def test_many_workers_share_without_overlap(inbox: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = [claim for mine in pool.map(lambda _: claims.claim_documents(inbox, 2, 60), range(8)) for claim in mine]
    assert sorted(claim.document_id for claim in taken) == ids(inbox)


def test_named_documents_are_claimed_unless_somebody_has_them(inbox: Database, clock: FrozenClock) -> None:
    first, second = ids(inbox)[:2]
    mine = claims.claim_document(inbox, first, 60)
    assert mine == claims.Claim(first, 1)
    assert claims.claim_document(inbox, first, 60) is None
    assert claims.claim_these(inbox, [first, second, 10**9], 60) == [claims.Claim(second, 1)]
    with inbox.begin("worker") as uow:
        claims.finish(uow, mine, "processed")
    clock.advance(60)
    assert claims.claim_document(inbox, first, 60) is None
    assert claims.claim_document(inbox, second, 60) == claims.Claim(second, 2)
