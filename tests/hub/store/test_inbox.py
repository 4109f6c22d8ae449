from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
import sqlalchemy as sa

from hub.clock import FrozenClock
from hub.store import blobs
from hub.store.database import Database
from hub.store.inbox import Delivery, Landing, land, land_many
from hub.store.tables import audit, blob, document, finding


def delivery(key: str, content: bytes, **more: object) -> Delivery:
    return Delivery(**{"organisation_id": 1, "partner_id": 2, "channel": "http", "delivery_key": key, "stream": content, **more})  # type: ignore[arg-type]


def post(database: Database, key: str, content: bytes, **more: object) -> Landing:
    with database.begin("jiangnan") as uow:
        return land(uow, delivery(key, content, **more))


def counts(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (blob, document, audit, finding)
        }


def test_a_new_delivery_is_kept_whole(house: Database, clock: FrozenClock) -> None:
    landing = post(house, "ZZ:JN|ZZ:NM|000000001", b"ISA*00*", name="asn.edi", media_type="application/edi-x12", flow="asn")
    assert (landing.outcome, landing.first_document_id, landing.size) == ("new", landing.document_id, 7)
    with house.read() as connection:
        row = connection.execute(sa.select(document)).one()
        assert (row.id, row.state, row.name, row.media_type, row.flow) == (
            landing.document_id,
            "received",
            "asn.edi",
            "application/edi-x12",
            "asn",
        )
        assert (row.received_by, row.received_at) == ("jiangnan", 1_795_334_400_000_000)
        assert blobs.read_blob(connection, house.home, landing.sha256) == b"ISA*00*"
        entry = connection.execute(sa.select(audit)).one()
        assert (entry.action, entry.subject, entry.actor) == ("document.landed", f"document/{landing.document_id}", "jiangnan")


def test_same_key_same_bytes_is_the_first_document_and_nothing_new(house: Database) -> None:
    first = post(house, "K", b"one")
    before = counts(house)
    again = post(house, "K", b"one")
    assert (again.outcome, again.document_id, again.first_document_id) == ("repeat", first.document_id, first.document_id)
    assert counts(house) == before


def test_same_key_other_bytes_keeps_both_originals(house: Database) -> None:
    first = post(house, "K", b"one")
    second = post(house, "K", b"two")
    assert second.outcome == "conflict"
    assert second.first_document_id == first.document_id != second.document_id
    with house.read() as connection:
        states = dict(connection.execute(sa.select(document.c.id, document.c.state)).all())
        assert states == {first.document_id: "received", second.document_id: "rejected"}
        assert blobs.read_blob(connection, house.home, first.sha256) == b"one"
        assert blobs.read_blob(connection, house.home, second.sha256) == b"two"
        found = connection.execute(sa.select(finding)).one()
        assert (found.rule, found.document_id, found.params["document"]) == ("DUP-01", second.document_id, str(first.document_id))
    assert counts(house) == {"blob": 2, "document": 2, "audit": 2, "finding": 1}


def test_a_conflict_delivered_again_is_the_same_conflict(house: Database) -> None:
    post(house, "K", b"one")
    second = post(house, "K", b"two")
    before = counts(house)
    assert post(house, "K", b"two") == second
    third = post(house, "K", b"three")
    assert third.outcome == "conflict"
    assert third.document_id not in (second.document_id, second.first_document_id)
    assert post(house, "K", b"one").outcome == "repeat"
    assert counts(house) == {name: number + 1 for name, number in before.items()}


@pytest.mark.parametrize("other", [{"partner_id": 3}, {"organisation_id": 2}, {"channel": "sftp"}, {"delivery_key": "L"}])
def test_equal_bytes_under_another_key_are_a_new_assertion(house: Database, other: dict[str, object]) -> None:
    first = post(house, "K", b"stock A")
    with house.begin("jiangnan") as uow:
        landing = land(uow, Delivery(**{**delivery_fields(), **other}))  # type: ignore[arg-type]
    assert landing.outcome == "new"
    assert landing.document_id > first.document_id
    assert counts(house)["blob"] == 1


def delivery_fields() -> dict[str, object]:
    return {"organisation_id": 1, "partner_id": 2, "channel": "http", "delivery_key": "K", "stream": b"stock A"}


def test_a_batch_tells_new_repeat_and_conflict_apart_within_itself(house: Database) -> None:
    old = post(house, "old", b"0")
    with house.begin("jiangnan") as uow:
        arriving = [("b", b"1"), ("a", b"1"), ("b", b"1"), ("b", b"2"), ("old", b"0"), ("old", b"9"), ("b", b"2")]
        landings = land_many(uow, [delivery(key, content) for key, content in arriving])
    assert [landing.outcome for landing in landings] == ["new", "new", "repeat", "conflict", "repeat", "conflict", "conflict"]
    assert landings[0].document_id < landings[1].document_id, "ids follow arrival, not keys"
    assert landings[2].document_id == landings[0].document_id
    assert landings[3].document_id == landings[6].document_id != landings[0].document_id
    assert landings[4].document_id == landings[5].first_document_id == old.document_id


def test_a_block_that_fails_leaves_nothing(house: Database) -> None:
    before = counts(house)

    class PowerCutError(Exception):
        pass

    with pytest.raises(PowerCutError), house.begin("jiangnan") as uow:
        land(uow, delivery("K", b"one"))
        raise PowerCutError
    assert counts(house) == before
    assert post(house, "K", b"one").outcome == "new"


def test_large_content_lies_in_the_folder_and_is_read_back(house: Database) -> None:
    content = bytes(range(256)) * 5000
    staged = blobs.stage(house.home, BytesIO(content))
    landing = post(house, "K", b"", stream=staged)
    with house.read() as connection:
        assert connection.execute(sa.select(blob.c.body, blob.c.size)).one() == (None, len(content))
        with blobs.open_blob(connection, house.home, landing.sha256) as stream:
            assert stream.read() == content
    assert post(house, "K", b"", stream=BytesIO(content)).outcome == "repeat"
    assert [path.name for path in (house.home / "blobs").glob("*/*")] == [landing.sha256.hex()]


@pytest.mark.parametrize(
    "make", [lambda n: "k" * 5000 + str(n), lambda n: f"nul\x00{'' if n else 'x'}", lambda n: f"\x1fconflict:{n}", lambda n: f"\ud800{n}"]
)
def test_hostile_delivery_keys_are_kept_apart(house: Database, make: Callable[[int], str]) -> None:
    assert post(house, make(0), b"one").outcome == "new"
    assert post(house, make(1), b"two").outcome == "new"
    assert post(house, make(0), b"one").outcome == "repeat"
    assert post(house, make(1), b"one").outcome == "conflict"


def test_fifty_posters_of_one_key_make_one_document(house: Database) -> None:
    with ThreadPoolExecutor(50) as pool:
        landings = list(pool.map(lambda _: post(house, "K", b"one"), range(50)))
    assert sorted(landing.outcome for landing in landings) == ["new"] + ["repeat"] * 49
    assert len({landing.document_id for landing in landings}) == 1
    assert counts(house) == {"blob": 1, "document": 1, "audit": 1, "finding": 0}


def test_fifty_posters_of_one_key_with_two_contents_keep_both_once(house: Database) -> None:
    with ThreadPoolExecutor(50) as pool:
        landings = list(pool.map(lambda n: post(house, "K", b"even" if n % 2 == 0 else b"odd"), range(50)))
    tally = {outcome: sum(landing.outcome == outcome for landing in landings) for outcome in ("new", "repeat", "conflict")}
    assert tally == {"new": 1, "repeat": 24, "conflict": 25}
    assert counts(house) == {"blob": 2, "document": 2, "audit": 2, "finding": 1}
