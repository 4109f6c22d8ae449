"""The walk backwards: from a value in a view to the bytes that said it.

    udihub explain order/4500000123/10 received

Each contributing fact keeps its message and locator; this module reads those bytes again and maps them with tracing, so that the answer
names segment, element, document, mapping and version, and shows the raw text. Nothing of it is stored beside the fact.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError
from hub import content, pipeline
from hub.examine import ExaminedMessage
from hub.runtime import Hub
from hub.store import tables, views
from hub.store.types import moment


def explain(hub: Hub, entity: str, field: str) -> dict[str, Any]:
    """Value, the steps from view to bytes, and which documents name the order without counting.

    Raises NotFoundError for an unknown entity or field.
    """
    with hub.database.read() as connection:
        found = views.contributions(connection, entity, field, on=hub.clock.now().date())
        steps = [_step(hub, connection, contribution) for contribution in found.contributions]
    return {"entity": entity, "field": field, "value": found.value, "steps": steps, "left_out": [asdict(one) for one in found.left_out]}


def _step(hub: Hub, connection: sa.Connection, contribution: Any) -> dict[str, Any]:
    row = connection.execute(
        sa.select(
            tables.exchange.c.id,
            tables.exchange.c.document_id,
            tables.exchange.c.agreement,
            tables.exchange.c.type,
            tables.exchange.c.version,
            tables.exchange.c.control,
            tables.exchange.c.business_key,
            tables.exchange.c.mapping_hash,
            tables.exchange.c["keys"],
            tables.exchange.c.partner_id,
            tables.document.c.name,
            tables.document.c.sha256,
            tables.document.c.received_at,
            tables.configuration.c.name.label("mapping"),
            tables.configuration.c.version.label("mapping_version"),
        )
        .join(tables.document, tables.document.c.id == tables.exchange.c.document_id)
        .outerjoin(tables.configuration, tables.configuration.c.hash == tables.exchange.c.mapping_hash)
        .where(tables.exchange.c.id == contribution.exchange_id)
    ).one()
    step: dict[str, Any] = {
        "value": contribution.value,
        "unit": contribution.unit,
        "standing": "standing" if contribution.standing else "withdrawn",
        "source": hub.registry.partner_key(row.partner_id),
        "exchange": row.id,
        "business_key": row.business_key,
        "document": f"{row.document_id} {row.name or ''}".strip(),
        "received_at": moment(row.received_at).isoformat(),
        "sha256": row.sha256.hex(),
        "message": " ".join(str(part) for part in (row.type, row.version, row.control) if part),
        "agreement": row.agreement,
        "mapping": f"{row.mapping} version {row.mapping_version}" if row.mapping else None,
        "mapping_hash": row.mapping_hash,
        "canonical_path": contribution.path,
    }
    try:
        examined, _row = content.original(hub, connection, row.id)
    except ConflictError as error:
        return {**step, "unreadable": str(error)}
    path = _path_in_message(examined.mapped, contribution.path, contribution.locator)
    step["canonical_path"] = path
    if path in (row.keys or {}).get("fields", ()):
        return {**step, "rule": "corrected by a steward"}
    return step | _place(hub, examined, path)


def _path_in_message(entity: dict[str, Any] | None, path: str, locator: int | None) -> str:
    """The path as the message counts its rows: what is applied counts without the rows that were left out, but knows their records."""
    member, bracket, rest = path.partition("[")
    rows = (entity or {}).get(member)
    if not bracket or not isinstance(rows, list) or locator is None:
        return path
    place = next((at for at, one in enumerate(rows) if one.get("@") == locator), None)
    return path if place is None else f"{member}[{place}]{rest.partition(']')[2]}"


def _place(hub: Hub, examined: ExaminedMessage, path: str) -> dict[str, Any]:
    """Segment and element of a canonical path, by reading the bytes again."""
    if examined.mapping is None or examined.message.root is None or examined.agreement is None:
        return {"unreadable": "the message has no mapping today"}
    profile = hub.site.profile(examined.agreement)
    origin = examined.mapping.trace(examined.message.root, pipeline.context_of(examined.message, profile)).get(path)
    if origin is None:
        return {}
    columns = examined.message.columns
    place = origin.place if columns is None else columns.placed(origin.place)
    return {
        "segment": place.segment,
        "position": place.position,
        "element": place.element,
        "component": place.component,
        "line": place.line,
        "path": place.path,
        "raw": ", ".join(origin.values),
        "row": origin.row,
        "function": origin.function,
        "mapping_today": f"{examined.mapping.name} version {examined.mapping.version}",
    }
