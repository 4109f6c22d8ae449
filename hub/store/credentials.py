"""Who may do what: keys of systems and people, one-time links, and sessions of the console.

A secret is 32 random bytes; the store keeps its SHA-256 only (a plain hash is enough for that much randomness: OWASP ASVS 5.0, 6.5.2).
It is found by its public prefix and compared in constant time. Whoever lacks it learns nothing: unknown, expired, revoked and used-up
secrets all look the same.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from data_contracts.errors import NotFoundError
from hub.store import identity
from hub.store.tables import credential, organisation, partner
from hub.store.types import moment, storable
from hub.store.unit_of_work import HUB, UnitOfWork

Role = Literal["partner", "integration", "steward", "auditor", "admin"]
Kind = Literal["api_key", "one_time_link", "session"]
ROLES: tuple[Role, ...] = ("partner", "integration", "steward", "auditor", "admin")
API_KEYS: tuple[Kind, ...] = ("api_key",)
LINKS: tuple[Kind, ...] = ("one_time_link",)
EVERY = "*"
"""In place of organisation keys: all organisations, also later ones."""

LINK_SECONDS = 3600
SESSION_SECONDS = 12 * 3600
_SIGNS: dict[Kind, str] = {"api_key": "udi_", "one_time_link": "udil_", "session": "udis_"}
_PREFIX = 10
_SECRET = 43
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_NOBODY = hashlib.sha256(b"").digest()
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking. `label` names them in audit and evidence."""

    label: str
    role: Role
    partner_id: int | None
    """The one partner that a caller of role partner is; null for own people and systems."""
    organisations: frozenset[int]
    """Ids of the organisations whose data the caller may see."""
    credential_id: int


@dataclass(frozen=True, slots=True)
class Issued:
    """A new credential. `secret` is shown this once."""

    id: int
    secret: str
    prefix: str
    expires_at: int | None


def issue(
    uow: UnitOfWork,
    label: str,
    role: Role,
    *,
    organisations: Sequence[str] = (EVERY,),
    partner_id: int | None = None,
    kind: Kind = "api_key",
    expires_in: int | None = None,
) -> Issued:
    """Make a credential; `organisations` are keys, `expires_in` seconds (links: one hour, sessions: twelve, API keys: never).

    Raises ValueError when a role of partner names no partner, or another role names one.
    """
    if role not in ROLES:
        raise ValueError(f"role must be one of {', '.join(ROLES)}, is {role}")
    if (role == "partner") != (partner_id is not None):
        raise ValueError("the role partner, and no other, belongs to a partner")
    prefix = _SIGNS[kind] + "".join(secrets.choice(_ALPHABET) for _ in range(_PREFIX))
    secret = prefix + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    seconds = expires_in if expires_in is not None else {"one_time_link": LINK_SECONDS, "session": SESSION_SECONDS}.get(kind)
    expires_at = None if seconds is None else uow.now + seconds * _SECOND
    (number,) = identity.allocate(uow.connection, "credential", 1)
    uow.connection.execute(
        sa.insert(credential).values(
            id=number,
            prefix=prefix,
            secret_hash=hashlib.sha256(secret.encode()).digest(),
            kind=kind,
            label=storable(label),
            role=role,
            partner_id=partner_id,
            organisations=list(organisations),
            created_at=uow.now,
            expires_at=expires_at,
        )
    )
    uow.audit(
        HUB,
        "credential.issued",
        f"credential/{number}",
        after={
            "kind": kind,
            "label": label,
            "role": role,
            "partner_id": partner_id,
            "organisations": list(organisations),
            "prefix": prefix,
        },
    )
    return Issued(number, secret, prefix, expires_at)


def authenticate(connection: sa.Connection, secret: str, now: int, kinds: Collection[Kind] = API_KEYS) -> Caller | None:
    """Who holds this secret at `now` (microseconds), or null: unknown, expired, revoked or used up. One look-up, effective at once."""
    row = _valid(connection, secret, now, kinds)
    return None if row is None else _caller(connection, row)


def seen_by(connection: sa.Connection, partner_id: int | None, now: int) -> frozenset[int]:
    """Ids of the organisations that some valid API key of a partner (null: of own people and systems) may see."""
    columns = credential.c
    valid = sa.and_(columns.revoked_at.is_(None), sa.or_(columns.expires_at.is_(None), columns.expires_at > now))
    whose = columns.partner_id.is_(None) if partner_id is None else columns.partner_id == partner_id
    stated = connection.execute(sa.select(columns.organisations).where(columns.kind.in_(API_KEYS), valid, whose)).scalars().all()
    return _organisation_ids(connection, {key for keys in stated for key in keys})


def redeem(uow: UnitOfWork, link: str) -> tuple[Issued, Caller] | None:
    """Turn a one-time link into a session, once: of many who try at the same moment one succeeds. Null: not valid (any more)."""
    row = _valid(uow.connection, link, uow.now, LINKS)
    if row is None:
        return None
    used = uow.connection.execute(
        sa.update(credential).where(credential.c.id == row.id, credential.c.used_at.is_(None)).values(used_at=uow.now)
    )
    if used.rowcount != 1:
        return None
    uow.audit(HUB, "credential.redeemed", f"credential/{row.id}", after={"label": row.label})
    session = issue(uow, row.label, row.role, organisations=row.organisations, partner_id=row.partner_id, kind="session")
    caller = _caller(uow.connection, row)
    return session, Caller(caller.label, caller.role, caller.partner_id, caller.organisations, session.id)


def revoke(uow: UnitOfWork, credential_id: int, reason: str) -> None:
    """Take a credential back, at once and for ever. Raises NotFoundError for an unknown one; a second time does nothing."""
    row = uow.connection.execute(
        sa.update(credential).where(credential.c.id == credential_id, credential.c.revoked_at.is_(None)).values(revoked_at=uow.now)
    )
    if row.rowcount == 1:
        uow.audit(HUB, "credential.revoked", f"credential/{credential_id}", reason=reason)
    elif uow.connection.execute(sa.select(credential.c.id).where(credential.c.id == credential_id)).one_or_none() is None:
        raise NotFoundError(f"there is no credential {credential_id}")


def listed(connection: sa.Connection, kinds: Collection[Kind] = API_KEYS) -> list[dict[str, Any]]:
    """All credentials of these kinds, as plain values; never a secret, nor its hash."""
    query = (
        sa.select(credential, partner.c.key.label("partner"))
        .outerjoin(partner, partner.c.id == credential.c.partner_id)
        .where(credential.c.kind.in_(kinds))
        .order_by(credential.c.id)
    )
    return [
        {
            "id": row.id,
            "label": row.label,
            "prefix": row.prefix,
            "kind": row.kind,
            "role": row.role,
            "partner": row.partner,
            "organisations": row.organisations,
            "created_at": moment(row.created_at).isoformat(),
            "expires_at": None if row.expires_at is None else moment(row.expires_at).isoformat(),
            "revoked_at": None if row.revoked_at is None else moment(row.revoked_at).isoformat(),
        }
        for row in connection.execute(query)
    ]


def persons(connection: sa.Connection) -> list[str]:
    """Names of own people and systems that the hub knows: labels of keys, links and sessions that were not taken back, in order."""
    own = credential.c.partner_id.is_(None), credential.c.revoked_at.is_(None)
    return list(connection.execute(sa.select(credential.c.label).where(*own).distinct().order_by(credential.c.label)).scalars())


def _valid(connection: sa.Connection, secret: str, now: int, kinds: Collection[Kind]) -> sa.Row[tuple[object, ...]] | None:
    """The row of a secret that holds; the same work is done whether or not it is known."""
    prefix = storable(secret[:-_SECRET]) if len(secret) > _SECRET else ""
    row = connection.execute(sa.select(credential).where(credential.c.prefix == prefix)).one_or_none()
    given = hashlib.sha256(secret.encode(errors="replace")).digest()
    equal = hmac.compare_digest(given, _NOBODY if row is None else bytes(row.secret_hash))
    if row is None or not equal or row.kind not in kinds or row.revoked_at is not None:
        return None
    if (row.expires_at is not None and row.expires_at <= now) or (row.kind == "one_time_link" and row.used_at is not None):
        return None
    return row


def _caller(connection: sa.Connection, row: sa.Row[tuple[object, ...]]) -> Caller:
    ids = _organisation_ids(connection, row.organisations)
    return Caller(row.label, row.role, row.partner_id, ids, row.id)


def _organisation_ids(connection: sa.Connection, keys: Collection[str]) -> frozenset[int]:
    query = sa.select(organisation.c.id)
    if EVERY not in keys:
        query = query.where(organisation.c.key.in_(keys))
    return frozenset(connection.execute(query).scalars())
