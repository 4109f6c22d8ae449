"""What an exchange says: read again from its original bytes, with a steward's corrections laid over it.

The original bytes never change. A correction is a document of its own beside them; what counts is the original with the corrected fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from data_contracts.canonical import ENTITIES
from data_contracts.errors import ConflictError, NotFoundError
from hub.examine import Claimant, ExaminedMessage, reread
from hub.runtime import Hub
from hub.store import blobs, tables
from hub.store.types import moment


def original(hub: Hub, connection: sa.Connection, exchange_id: int) -> tuple[ExaminedMessage, sa.Row[Any]]:
    """The message of an exchange, read again from its bytes. Raises NotFoundError when there is no such inbound exchange."""
    row = connection.execute(
        sa.select(
            tables.exchange, tables.document.c.sha256, tables.document.c.flow, tables.document.c.channel, tables.document.c.received_at
        )
        .join(tables.document, tables.document.c.id == tables.exchange.c.document_id)
        .where(tables.exchange.c.id == exchange_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no inbound exchange {exchange_id}")
    agreement = hub.site.agreements.get(row.agreement)
    claimant = Claimant(hub.registry.partner_key(row.partner_id), agreement=agreement.agreement if agreement else None)
    with blobs.open_blob(connection, hub.settings.home, row.sha256) as stream:
        found = reread(stream, hub.site, claimant, row.ordinal, moment(row.received_at).date())
    if found is None:
        raise ConflictError(f"exchange {exchange_id}: its document no longer yields message {row.ordinal} with today's grammar")
    return found[0], row


def entity_of(hub: Hub, connection: sa.Connection, exchange_id: int) -> dict[str, Any]:
    """What an exchange says, as a canonical dictionary: a steward's correction where there is one, else the original."""
    row = connection.execute(
        sa.select(tables.exchange.c["keys"], tables.exchange.c.document_id, tables.exchange.c.origin_id).where(
            tables.exchange.c.id == exchange_id
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no exchange {exchange_id}")
    if row.keys and "corrects" in row.keys:
        entity = entity_of(hub, connection, row.origin_id)
        return corrected(entity, _correction_of(hub, connection, row.document_id)["fields"])
    examined, _ = original(hub, connection, exchange_id)
    if examined.entity is None:
        raise ConflictError(f"exchange {exchange_id} has no readable content")
    return examined.entity


def corrected(entity: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a canonical dictionary with some paths changed, typed by the canonical model.

    Raises ConflictError for a bad path or value.
    """
    name = str(entity.get("entity", ""))
    copy = json.loads(json.dumps(_plain_with_locators(entity), default=str))
    for path, value in fields.items():
        _assign(copy, path, value)
    locators = _take_locators(copy)
    copy.pop("entity", None)
    try:
        model = ENTITIES[name].model_validate(copy)
    except (KeyError, ValueError) as error:
        raise ConflictError(f"the corrected {name or 'record'} is not valid: {error}") from error
    return _give_locators(model.as_plain(), locators)


def _correction_of(hub: Hub, connection: sa.Connection, document_id: int) -> dict[str, Any]:
    sha256 = connection.execute(sa.select(tables.document.c.sha256).where(tables.document.c.id == document_id)).scalar_one()
    with blobs.open_blob(connection, hub.settings.home, sha256) as stream:
        loaded: dict[str, Any] = json.loads(stream.read())
    return loaded


def _assign(record: Any, path: str, value: Any) -> None:
    steps = [step for step in path.replace("[", ".").replace("]", "").split(".") if step]
    if not steps or "@" in steps:
        raise ConflictError(f"{path!r} is no path of a canonical record")
    try:
        for step in steps[:-1]:
            record = record[int(step)] if isinstance(record, list) else record.setdefault(step, {})
        last = steps[-1]
        if isinstance(record, list):
            record[int(last)] = value
        elif value is None:
            record.pop(last, None)
        else:
            record[last] = value
    except (IndexError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConflictError(f"the record has no place {path!r}") from error


def _plain_with_locators(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain_with_locators(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_with_locators(member) for member in value]
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _take_locators(record: dict[str, Any]) -> dict[str, Any]:
    """Lift the `@` locators out, by path, since the model refuses members that it does not know."""
    taken: dict[str, Any] = {"": record.pop("@", 1)}
    for member, rows in record.items():
        if isinstance(rows, list):
            for index, row in enumerate(rows):
                if isinstance(row, dict) and "@" in row:
                    taken[f"{member}[{index}]"] = row.pop("@")
    return taken


def _give_locators(record: dict[str, Any], locators: Mapping[str, Any]) -> dict[str, Any]:
    record["@"] = locators[""]
    for member, rows in record.items():
        if isinstance(rows, list):
            for index, row in enumerate(rows):
                if isinstance(row, dict):
                    row["@"] = locators.get(f"{member}[{index}]", locators[""])
    return record
