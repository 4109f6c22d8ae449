"""What leaves in a recall: a notice to a consignee or a hold to a system, its bytes kept, its parcel laid out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from hub.recall.clocks import notice_due
from hub.recall.scope import AffectedLot
from hub.runtime import Hub
from hub.store import blobs, outbox, recalls
from hub.store.types import micros, moment
from hub.store.unit_of_work import UnitOfWork
from hub.store.views.called import Called

_json = msgspec.json.Encoder(order="deterministic").encode


def zone_of(hub: Hub, row: Any) -> ZoneInfo:
    """In whose days a recall's clocks count: those of its organisation."""
    return ZoneInfo(hub.site.organisations[hub.registry.organisation_key(row.organisation_id)].time_zone)


def named(lot: AffectedLot, serials: Collection[str], called: Mapping[str, Called]) -> dict[str, Any]:
    """A lot as a notice or hold names it."""
    name = called.get(lot.gtin or "") or called.get(lot.code) or Called()
    said = {"lot_key": lot.key, "item": lot.code, "name": name.name, "name_zh": name.name_zh, "gtin": lot.gtin, "lot": lot.lot}
    return said | {"serials": sorted(serials)}


def send(
    hub: Hub,
    uow: UnitOfWork,
    row: Any,
    kind: str,
    key: str | None,
    place: str,
    lots: Sequence[Mapping[str, Any]],
    why: str | None,
    party: Mapping[str, str] | None = None,
) -> int:
    """A notice or hold; to a partner it leaves by its route, to somebody who is none (`key` null) a person carries it."""
    due = notice_due(row.regimes, moment(recalls.decided_at(row)), moment(uow.now), zone_of(hub, row))
    content = _json(
        {
            "message": kind,
            "recall": row.number,
            "drill": row.kind == "drill",
            "title": row.title,
            "reason": row.reason,
            "from": hub.registry.organisation_key(row.organisation_id),
            "to": {"partner": key, "place": place or None, "party": party},
            "lots": list(lots),
            "answer_by": due.isoformat(),
        }
    )
    number = recalls.add_notice(
        uow,
        row.id,
        {
            "kind": kind,
            "partner_id": None if key is None else hub.partner_id(key),
            "place": place,
            "party": party,
            "lots": list(lots),
            "sha256": hashlib.sha256(content).digest(),
            "due_at": micros(due),
        },
    )
    recalls.change_notice(uow, number, outbox_id=parcel(hub, uow, row, kind, key, number, content, 0))
    after = {"notice": number, "kind": kind, "partner": key, "place": place}
    uow.audit(row.organisation_id, "recall.sent", f"recall/{row.number}", reason=why, after=after)
    return number


def parcel(hub: Hub, uow: UnitOfWork, row: Any, kind: str, key: str | None, notice_id: int, content: bytes, reminder: int) -> int | None:
    """Keep the bytes and lay out the parcel; returns its id, null where nothing is sent: in a drill, or to nobody of our partners."""
    sha256, _ = blobs.keep(uow.connection, uow.home, content)
    if row.kind == "drill" or key is None:
        return None
    return outbox.put(
        uow,
        outbox.Parcel(
            stable_id=f"recall-notice/{notice_id}/{reminder}",
            organisation_id=row.organisation_id,
            partner_id=hub.partner_id(key),
            kind="event",
            route=dict(hub.site.partners[key].notices),
            name=outbox.file_name(f"{kind}_{row.number}_{notice_id}{f'_reminder{reminder}' if reminder else ''}.json"),
            media_type="application/json",
            sha256=sha256,
        ),
    )
