"""One case opened: what it is about, its story and signatures, and what other systems say of the same thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from data_contracts.findings import Language
from data_contracts.rules.catalogue import rule_named
from hub.cases import demanded, signatures
from hub.cases.acts import Who
from hub.cases.kinds import named, told
from hub.cases.refusals import refusal
from hub.masterdata import shown as masterdata
from hub.runtime import Hub
from hub.store import approvals, cases, differences, evidence, listing
from hub.store.causes import findings_of
from hub.store.lists import among
from hub.store.tables import discrepancy, exchange, finding
from hub.store.views.discrepancies import plain as plain_discrepancy

_OTHERS = 12
"""Messages of others that are named."""
_ORDERS = 5
"""Orders of a message that are looked at."""


def worded(connection: sa.Connection, rows: Sequence[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    """Cases of a list with the words for their kind and rank, and what each is about in one sentence (null where no rule speaks)."""
    found = among(connection, finding.c.id, [row["finding_id"] for row in rows if row["finding_id"] is not None])
    said = {row.id: evidence.as_finding(row).text(language) for row in connection.execute(sa.select(finding).where(found))}
    keys = among(connection, discrepancy.c.key, [row["cause_key"] for row in rows if row["cause"] == "discrepancy"])
    told_of = {row.key: _sentence(plain_discrepancy(row), language) for row in connection.execute(sa.select(discrepancy).where(keys))}
    out = []
    for row in rows:
        rank = named(row["rank"])
        one = {name: value for name, value in row.items() if name != "cause_key"}
        message = said.get(row["finding_id"]) or told_of.get(row["cause_key"])
        words = {
            "state_title": told(row["state"], language),
            "title": told(row["kind"], language),
            "rank": rank,
            "rank_title": told(rank, language),
            "message": message,
        }
        out.append({**one, **words})
    return out


def shown(hub: Hub, connection: sa.Connection, case_id: int, who: Who, language: Language) -> dict[str, Any]:
    """A case with its findings, its disagreement, its story, and what others say. Raises NotFoundError."""
    row = cases.stored(connection, case_id, who.organisations, who.unowned)
    holds = signatures.verify(connection, case_id)
    story = [{**step, "signature": holds.get(step["ordinal"])} for step in cases.steps(connection, case_id)]
    for step in story:
        if step["action"] == "closed" and step["reason"]:  # the hub's own words; what people write stays as it is
            step["reason"] = refusal(step["reason"], language)
    numbers = findings_of(connection, row)
    found = evidence.findings_of(connection, among(connection, finding.c.id, numbers), language) if numbers else []
    disagreement = _disagreement(connection, row, language)
    return {
        **worded(connection, [cases.plain(row)], language)[0],
        "may_correct": row.cause in ("held", "rows") and row.state != "closed",
        "must_sign": [action for action in ("correct", "fix", "accept") if demanded.of_case(connection, hub.site.cases, row, action)],
        "findings": found,
        "accepted": _accepted(connection, row, story, language),
        "disagreement": disagreement,
        "others": _others(connection, row, disagreement, who),
        "compared": _compared(hub, connection, row),
        "beside": approvals.one(connection, row.cause_id, who.organisations)["beside"] if row.cause == "release" else [],
        "story": story,
    }


def _accepted(connection: sa.Connection, row: Any, story: Sequence[Mapping[str, Any]], language: Language) -> dict[str, Any] | None:
    """What was accepted, as whoever did it saw it; null unless it is accepted now.

    The findings are closed by that, and so are not among those that the case is made of any more.
    """
    step = next((one for one in reversed(story) if one["action"] == "accepted"), None)
    if step is None or row.state != "accepted":
        return None
    seen = step["after"] or {}
    numbers = list(seen.get("findings") or ())
    found = evidence.findings_of(connection, among(connection, finding.c.id, numbers), language) if numbers else []
    leaves = [{"exchange": one[0], "subject": one[1]} for one in seen.get("leaves") or ()]
    return {"at": step["at"], "by": step["actor"], "exchange": seen.get("exchange"), "findings": found, "leaves": leaves}


def _disagreement(connection: sa.Connection, row: Any, language: Language) -> dict[str, Any] | None:
    if row.cause != "discrepancy":
        return None
    one = connection.execute(sa.select(discrepancy).where(discrepancy.c.key == row.cause_key)).one_or_none()
    if one is None:
        return None
    said = plain_discrepancy(one)
    return {**said, "message": _sentence(said, language)}


def _compared(hub: Hub, connection: sa.Connection, row: Any) -> dict[str, Any] | None:
    """What two records, or we and a register, say of one thing."""
    if row.cause == "suspect":
        found = masterdata.beside(connection, row.cause_id, hub.site.masterdata.rules, hub.clock.now().date())
        sides = {side: f"{found[side]['system']}/{found[side]['code']}" for side in ("left", "right")}
        return {**sides, "fields": found["fields"]}
    if row.cause == "difference":
        one = differences.difference(connection, row.cause_id)
        said = {"field": one["member"], "left": one["ours"], "right": one["theirs"], "differs": True}
        return {"left": one["di"], "right": one["register"], "fields": [said]}
    return None


def _sentence(said: Mapping[str, Any], language: Language) -> str:
    params = {str(name): str(value) for name, value in said["params"].items()}
    values = {"expected": said["left"]["value"] or "", "got": said["right"]["value"] or ""}
    return rule_named(said["rule"]).text(language, {**values, **params})


def _others(connection: sa.Connection, row: Any, disagreement: Mapping[str, Any] | None, who: Who) -> list[dict[str, Any]]:
    """Messages that speak of the same orders, or that the disagreement rests on; the case's own is left out."""
    wanted: dict[int, dict[str, Any]] = {}
    if disagreement is not None:
        orders = [disagreement["order_number"]] if disagreement["order_number"] else []
        rest = set(disagreement["evidence"])
    else:
        own = None if row.exchange_id is None else connection.execute(sa.select(exchange).where(exchange.c.id == row.exchange_id)).one()
        keys = {} if own is None else own.keys or {}
        orders, rest = list(keys.get("orders", ()))[:_ORDERS], set()
        if own is not None and (own.business_key or "").startswith("purchase_order/"):
            orders = [own.business_key.partition("/")[2]]
    for number in orders:
        for one in listing.exchanges(connection, find=number, organisations=who.organisations, limit=_OTHERS):
            wanted[one["id"]] = one
    missing = rest - set(wanted)
    for one in _by_id(connection, missing, who):
        wanted[one["id"]] = one
    names = ("id", "partner", "type", "business_key", "state", "direction")
    return [
        {name: one[name] for name in names}
        for number, one in sorted(wanted.items())
        if number != row.exchange_id and one["state"] not in ("superseded", "cancelled")
    ][:_OTHERS]


def _by_id(connection: sa.Connection, exchange_ids: set[int], who: Who) -> list[dict[str, Any]]:
    """Exchanges by id, those of the organisations that a person may see."""
    if not exchange_ids:
        return []
    query = sa.select(exchange.c.id).where(among(connection, exchange.c.id, sorted(exchange_ids)))
    if who.organisations is not None:
        query = query.where(exchange.c.organisation_id.in_(who.organisations))
    out = []
    for number in connection.execute(query).scalars():
        one = evidence.show(connection, number)
        out.append({name: one[name] for name in ("id", "partner", "type", "business_key", "state", "direction")})
    return out


__all__ = ["shown", "worded"]
