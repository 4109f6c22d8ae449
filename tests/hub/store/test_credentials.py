from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.clock import FrozenClock
from hub.store import credentials
from hub.store.credentials import Caller, Issued
from hub.store.database import Database
from hub.store.tables import audit, credential
from hub.store.types import micros


def issue(database: Database, **more: object) -> Issued:
    with database.begin("admin") as uow:
        return credentials.issue(uow, **{"label": "jiangnan key", "role": "partner", "partner_id": 2, "organisations": ["suzhou"], **more})  # type: ignore[arg-type]


def who(database: Database, secret: str, kinds: tuple[credentials.Kind, ...] = credentials.API_KEYS) -> Caller | None:
    with database.read() as connection:
        return credentials.authenticate(connection, secret, micros(database.clock.now()), kinds)


def test_a_key_tells_who_is_calling(house: Database) -> None:
    issued = issue(house)
    assert issued.secret.startswith("udi_")
    assert len(issued.secret) == len("udi_") + 10 + 43
    assert who(house, issued.secret) == Caller("jiangnan key", "partner", 2, frozenset({1}), issued.id)


def test_organisations_are_a_set_or_every_one(house: Database) -> None:
    both = issue(house, role="steward", partner_id=None, organisations=["suzhou", "rotterdam"])
    every = issue(house, role="admin", partner_id=None, organisations=["*"])
    none = issue(house, role="auditor", partner_id=None, organisations=[])
    found = [who(house, issued.secret) for issued in (both, every, none)]
    assert [caller.organisations for caller in found if caller] == [{1, 2}, {1, 2}, set()]


def test_the_store_never_holds_the_secret(house: Database) -> None:
    issued = issue(house)
    random_part = issued.secret[len(issued.prefix) :]
    with house.read() as connection:
        for table in (credential, audit):
            assert random_part not in str(connection.execute(sa.select(table)).all())


@pytest.mark.parametrize(
    "change", [lambda s: s[:-1] + ("A" if s[-1] != "A" else "B"), lambda s: s[:-1], lambda s: s + "A", lambda s: s[10:], lambda s: ""]
)
def test_any_other_secret_is_nobody(house: Database, change: object) -> None:
    issued = issue(house)
    assert who(house, change(issued.secret)) is None  # type: ignore[operator]


@pytest.mark.parametrize("secret", ["\x00" * 60, "\ud800" * 60, "é" * 60, "udi_" + "a" * 53, "x" * 10**6])
def test_hostile_secrets_are_nobody(house: Database, secret: str) -> None:
    issue(house)
    assert who(house, secret) is None


def test_revoked_is_nobody_at_once(house: Database) -> None:
    issued = issue(house)
    for _ in range(2):
        with house.begin("admin") as uow:
            credentials.revoke(uow, issued.id, "laptop lost")
    assert who(house, issued.secret) is None
    with house.read() as connection:
        entries = connection.execute(sa.select(audit.c.action, audit.c.reason).order_by(audit.c.sequence)).all()
        assert entries == [("credential.issued", None), ("credential.revoked", "laptop lost")]
    with pytest.raises(NotFoundError), house.begin("admin") as uow:
        credentials.revoke(uow, 999, "x")


def test_a_credential_ends_with_its_time(house: Database, clock: FrozenClock) -> None:
    issued = issue(house, expires_in=100)
    clock.advance(99.9)
    assert who(house, issued.secret) is not None
    clock.advance(0.1)
    assert who(house, issued.secret) is None


def test_a_link_becomes_one_session(house: Database, clock: FrozenClock) -> None:
    link = issue(house, label="engineer", role="admin", partner_id=None, organisations=["*"], kind="one_time_link")
    assert who(house, link.secret) is None, "a link is no key"
    with house.begin("console") as uow:
        redeemed = credentials.redeem(uow, link.secret)
    assert redeemed is not None
    session, caller = redeemed
    assert caller == who(house, session.secret, ("session",))
    assert (caller.role, caller.credential_id) == ("admin", session.id)
    assert who(house, session.secret) is None, "a session is no key"
    with house.begin("console") as uow:
        assert credentials.redeem(uow, link.secret) is None
    clock.advance(credentials.SESSION_SECONDS)
    assert who(house, session.secret, ("session",)) is None


def test_a_link_ends_after_an_hour(house: Database, clock: FrozenClock) -> None:
    link = issue(house, role="admin", partner_id=None, kind="one_time_link")
    clock.advance(credentials.LINK_SECONDS)
    with house.begin("console") as uow:
        assert credentials.redeem(uow, link.secret) is None


def test_of_many_who_redeem_at_once_one_succeeds(house: Database) -> None:
    link = issue(house, role="admin", partner_id=None, kind="one_time_link")

    def redeem(_: int) -> bool:
        with house.begin("console") as uow:
            return credentials.redeem(uow, link.secret) is not None

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(redeem, range(10))) == 1


@pytest.mark.parametrize("wrong", [{"role": "partner", "partner_id": None}, {"role": "admin", "partner_id": 2}, {"role": "root"}])
def test_roles_and_partners_fit(house: Database, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="role"):
        issue(house, **wrong)


def test_keys_are_listed_without_their_secrets(house: Database) -> None:
    issued = issue(house)
    issue(house, role="admin", partner_id=None, kind="one_time_link")
    with house.begin("admin") as uow:
        credentials.revoke(uow, issued.id, "laptop lost")
    with house.read() as connection:
        (row,) = credentials.listed(connection)
    assert (row["id"], row["partner"], row["organisations"]) == (issued.id, "jiangnan_polymer", ["suzhou"])
    assert row["revoked_at"] == "2026-11-22T08:00:00+00:00"
    assert issued.secret not in str(row)
    assert "hash" not in str(row)
