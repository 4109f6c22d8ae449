"""Electronic signatures of what is decided of a case: two components, a meaning, bound to the record that was signed.

- Components (21 CFR 11.200): the label by which a person is known to the hub, and a secret that only that person knows, kept by Argon2id.
  Several things that are signed at once, in one go, ask for the secret once. Five wrong secrets lock a signer for fifteen minutes.
- A signature says who signed, when, and what it means: reviewed, approved, responsible, authored (11.50).
- It is bound by the SHA-256 of the record (11.70): the step with its reason, before and after, the case, the document's bytes and those of
  each correction, and what the findings say that were decided on. That hash stands in the audit entry of the step, and the signature is
  sealed with the hash of that entry. Whoever changes any of these leaves a signature that does not hold; it can't be moved to another
  record, and who makes a new one for a changed record must make the whole audit chain anew.
- The label is the person: it is written into everything that the person does and is never changed, so no secret passes on with a name.
  Whoever gives out keys gives no label to two people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

import msgspec
import sqlalchemy as sa
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from data_contracts.errors import InvalidError, RefusedError
from hub.runtime import Hub
from hub.store import bulk, chain
from hub.store.approvals import told_of
from hub.store.case_tables import case_signature, case_step, signing_secret, steward_case
from hub.store.lineage import corrections_of
from hub.store.lists import among
from hub.store.tables import audit, document, exchange, finding
from hub.store.unit_of_work import HUB, UnitOfWork

Meaning = Literal["approved", "reviewed", "responsible", "authored"]
MEANINGS: tuple[Meaning, ...] = get_args(Meaning)
Status = Literal["holds", "broken"]
SHORTEST = 8
"""Characters of a secret."""
TRIES = 5
LOCKED = 15 * 60_000_000
"""Microseconds for which a signer is locked after so many wrong secrets."""
_hasher = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1, type=Type.ID)
"""RFC 9106, section 4: the second recommended option, 64 MiB and three passes; one lane, since servers have few cores."""

_REFUSED = "the signature is refused: set a signing secret first, give the right one, or wait a quarter of an hour"


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who was identified by both components (`identify` makes it), and what the signatures given in this go mean."""

    name: str
    meaning: Meaning


def set_secret(hub: Hub, signer: str, secret: str, by: str, current: str | None = None, administers: bool = False) -> None:
    """Set what a person signs with. Who has one gives it; an administrator sets it anew for whoever forgot it, which is audited.

    Raises InvalidError for a secret that is too short, RefusedError for a wrong current one.
    """
    if len(secret) < SHORTEST or secret.strip().casefold() == signer.strip().casefold():
        raise InvalidError(f"a signing secret has at least {SHORTEST} characters and is not your name")
    known = has_secret(hub, signer)
    if known and not administers:
        identify(hub, signer, current or "", "authored")
    made = _hasher.hash(secret)  # before the transaction: it takes a tenth of a second, and on SQLite everybody would wait
    with hub.database.begin(by) as uow:
        values = {"hash": made, "set_at": uow.now, "set_by": by, "failures": 0, "locked_until": None}
        if not bulk.insert_new(uow.connection, signing_secret, ("signer", *values), [(signer, *values.values())]):
            if not known and not administers:
                raise RefusedError(_REFUSED)  # somebody set one meanwhile
            uow.connection.execute(sa.update(signing_secret).where(signing_secret.c.signer == signer).values(**values))
        uow.audit(HUB, "signing.set", f"signer/{signer}", after={"first": not known})


def has_secret(hub: Hub, signer: str) -> bool:
    """Whether a person can sign."""
    with hub.database.read() as connection:
        query = sa.select(signing_secret.c.signer).where(signing_secret.c.signer == signer)
        return connection.execute(query).one_or_none() is not None


def identify(hub: Hub, signer: str, secret: str, meaning: Meaning) -> Signer:
    """Make sure that it is the signer, once for all that is signed in one go.

    Raises RefusedError with one text for whatever is wrong; each wrong secret is counted. The secret is looked at before the transaction,
    and what was looked at must be what is known still when it is counted.
    """
    query = sa.select(signing_secret).where(signing_secret.c.signer == signer)
    with hub.database.read() as connection:
        seen = connection.execute(query).one_or_none()
    right = _right(_nobodys() if seen is None else seen.hash, secret) and seen is not None  # a stranger is told no sooner
    with hub.database.begin(signer) as uow:
        row = uow.connection.execute(query.with_for_update()).one_or_none()
        locked = row is not None and (row.locked_until or 0) > uow.now
        refused = row is None or seen is None or locked or not right or row.hash != seen.hash
        if row is not None and refused and not locked:
            failures = row.failures + 1
            until = uow.now + LOCKED if failures >= TRIES else None
            values = {"failures": 0 if until else failures, "locked_until": until}
            uow.connection.execute(sa.update(signing_secret).where(signing_secret.c.signer == signer).values(**values))
            uow.audit(HUB, "signing.refused", f"signer/{signer}", after={"locked": until is not None})
        elif row is not None and not refused and row.failures:
            uow.connection.execute(sa.update(signing_secret).where(signing_secret.c.signer == signer).values(failures=0))
    if refused:
        raise RefusedError(_REFUSED)
    return Signer(signer, meaning)


def sign(uow: UnitOfWork, case_id: int, ordinal: int, given: Signer) -> bytes:
    """Sign a step that was just taken, by a signer who was identified; returns the hash of the record, which its audit entry must name."""
    content = _record(uow.connection, case_id, ordinal, given.name, given.meaning, uow.now)
    row = (case_id, ordinal, given.name, given.meaning, uow.now, content)
    bulk.insert(uow.connection, case_signature, ("case_id", "ordinal", "signer", "meaning", "at", "record_hash"), [row])
    return content


def seal(uow: UnitOfWork, case_id: int, ordinal: int, content: bytes, entry: chain.Link) -> None:
    """Bind a signature to the audit entry of its step, as soon as that has its place."""
    chosen = sa.update(case_signature).where(case_signature.c.case_id == case_id, case_signature.c.ordinal == ordinal)
    sealed = hashlib.sha256(content + entry.hash).digest()
    uow.connection.execute(
        chosen.values(audit_organisation_id=entry.organisation_id, audit_sequence=entry.sequence, seal=sealed)
    )  # fmt: skip


def verify(connection: sa.Connection, case_id: int) -> dict[int, Status]:
    """Whether the signatures of a case hold, by the step that they are of."""
    rows = connection.execute(sa.select(case_signature).where(case_signature.c.case_id == case_id)).all()
    return {row.ordinal: "holds" if _holds(connection, row) else "broken" for row in rows}


def verify_all(connection: sa.Connection) -> list[tuple[int, int]]:
    """Case and step of every signature that does not hold. That no entry is missing from the audit, `hub.audit.verify_all` tells."""
    rows = connection.execute(sa.select(case_signature).order_by(case_signature.c.case_id, case_signature.c.ordinal)).all()
    return [(row.case_id, row.ordinal) for row in rows if not _holds(connection, row)]


def count(connection: sa.Connection) -> int:
    """How many signatures there are."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(case_signature)).scalar_one())


def _holds(connection: sa.Connection, row: Any) -> bool:
    content = bytes(row.record_hash)
    bound = row.seal is not None
    if _record(connection, row.case_id, row.ordinal, row.signer, row.meaning, row.at, bound) != content:
        return False
    return not bound or _sealed(connection, row, content)


def _sealed(connection: sa.Connection, row: Any, content: bytes) -> bool:
    """Whether the audit entry of the step is there, unchanged, and names this record and this signer."""
    place = (audit.c.organisation_id == row.audit_organisation_id, audit.c.sequence == row.audit_sequence)
    entry = connection.execute(sa.select(audit).where(*place)).one_or_none()
    if entry is None or not chain.stands(entry):
        return False
    told = msgspec.json.decode(entry.after or "null")
    names = (entry.subject, entry.actor, entry.at) == (f"case/{row.case_id}", row.signer, row.at)
    says = isinstance(told, dict) and (told.get("signed"), told.get("meaning")) == (content.hex(), row.meaning)
    return names and says and hashlib.sha256(content + bytes(entry.hash)).digest() == bytes(row.seal)


def _record(
    connection: sa.Connection, case_id: int, ordinal: int, signer: str, meaning: str, at: int, bound: bool = True
) -> bytes:  # fmt: skip
    """SHA-256 of canonical JSON of what was signed; not `bound`: as it was made before signatures were sealed."""
    step = connection.execute(sa.select(case_step).where(case_step.c.case_id == case_id, case_step.c.ordinal == ordinal)).one_or_none()
    of = connection.execute(sa.select(steward_case).where(steward_case.c.id == case_id)).one()
    said = None if step is None else {name: getattr(step, name) for name in ("at", "actor", "action", "reason", "before", "after")}
    after = {} if step is None else step.after or {}
    told: dict[str, Any] = {
        "case": {name: getattr(of, name) for name in ("id", "cause", "cause_id", "cause_key", "organisation_id", "partner_id")},
        "step": said,
        "exchange": _exchange(connection, after.get("exchange")),
        "signer": signer,
        "meaning": meaning,
        "at": at,
    }
    if bound:
        told["document"] = _bytes_of(connection, [of.cause_id]) if of.cause == "document" else None
        if of.cause == "release" and "leaves" in after:  # those signed before it was said sign nothing of what left
            told["leaves"] = told_of(connection, of.cause_id)["leaves"]
        told["findings"] = _findings(connection, after.get("findings") or ([of.cause_id] if of.cause == "finding" else []))
    return hashlib.sha256((chain.canonical(told) or "").encode()).digest()


def _exchange(connection: sa.Connection, exchange_id: int | None) -> dict[str, Any] | None:
    """The bytes that an exchange speaks of: its document's, and those of the corrections laid over them."""
    row = None if exchange_id is None else connection.execute(sa.select(exchange).where(exchange.c.id == exchange_id)).one_or_none()
    if row is None:
        return None
    numbers = [number for number in (row.document_id, *corrections_of(row)) if number is not None]
    return {"id": row.id, "bytes": _bytes_of(connection, numbers), "mapping": row.mapping_hash, "ordinal": row.ordinal}


def _bytes_of(connection: sa.Connection, documents: Sequence[int]) -> list[str | None]:
    """SHA-256 of documents, in their order; null for one that is not there."""
    rows = connection.execute(sa.select(document.c.id, document.c.sha256).where(document.c.id.in_(documents)))
    hashes = {one.id: bytes(one.sha256).hex() for one in rows}
    return [hashes.get(number) for number in documents]


def _findings(connection: sa.Connection, numbers: Sequence[int]) -> list[list[Any]]:
    """What findings say, by which somebody decided; when they were closed is no part of it."""
    names = ("id", "rule", "severity", "action", "document_id", "exchange_id", "place", "expected", "got", "recorded_at")
    rows = connection.execute(
        sa.select(*(finding.c[name] for name in names)).where(among(connection, finding.c.id, sorted(numbers))).order_by(finding.c.id)
    )
    documents: dict[int, str | None] = {}
    out = []
    for row in rows:
        number = row.document_id
        if number is not None and number not in documents:
            (documents[number],) = _bytes_of(connection, [number])
        out.append([*row, None if number is None else documents[number]])
    return out


@cache
def _nobodys() -> str:
    """What a secret is compared with where nobody has that name."""
    return _hasher.hash("nobody's secret")


def _right(known: str, secret: str) -> bool:
    try:
        return _hasher.verify(known, secret)
    except (VerificationError, InvalidHashError):
        return False
