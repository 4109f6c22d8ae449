"""Systems whose models are called by method: Tryton's `/rpc/`, Odoo's `execute_kw` by JSON-RPC or XML-RPC.

    {use: rpc, dialect: tryton, url: "https://erp.example/hub/rpc/", user: hub, password_env: TRYTON_PASSWORD, model: stock.lot,
     fields: [number, expiration_date, product.code, create_date, write_date],
     delta: {kind: stamp, field: write_date, created: create_date, id: id}}

A page is the records that a search gave, in plain JSON: `{"rows": [{…}]}`, with numbers as they were spelled, and what the protocol wraps
(`{"__class__": "Decimal"}`, XML-RPC's values) as numbers and ISO times. Records are asked for in the order of (stamp, id); `created`
asks by
itself for those that nobody ever changed, whose `write_date` Tryton leaves empty. `domain` narrows the search, `context` goes with each
call. Odoo from 17 on reads records with what they refer to (`web_search_read`) where `fields` is a mapping, its specification:
`fields: {name: {}, order_line: {fields: {product_qty: {}}}}`. A page is then `{"records": [{…}]}`, as that method and JSON-2 answer it.
A fault under HTTP 200 is a fault. Odoo from 19 on speaks JSON-2, which is plain `rest`.

Out: `send: {calls: [...]}` are called one after the other, filled from the document; what one gives is kept under `as` for the next:

    - {method: purchase.purchase.search, params: [[[number, "=", "{number}"]], 0, 2, null, {}], as: ids}
    - {method: purchase.purchase.search, params: [[[id, in, "{ids}"], [state, "=", quotation]], 0, 2, null, {}], as: open, none: done}
    - {method: purchase.purchase.confirm, params: ["{open}", {}], when: {status: accepted}}

Where nothing is found the document is refused, or with `none: done` there is nothing left to do: so the whole may be tried again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from connectors.credentials import refuse_unknown, required
from connectors.deltas import Delta, later, value_at
from connectors.http_peer import PEER_SETTINGS, Peer, delivering
from connectors.page_joins import Joins
from connectors.pulling import Answer, Asked, Question, clock_of, pull, whole_number
from connectors.spec import Page
from connectors.transports.rpc.dialects import DIALECTS, Dialect, Wanted
from connectors.transports.rpc.filling import filled, fits
from data_contracts.errors import ConfigError, RefusedError

_SETTINGS = (PEER_SETTINGS - {"auth", "success", "failure"}) | frozenset(
    {"dialect", "protocol", "database", "user", "password_env", "password_file", "model", "fields", "domain", "context", "page", "label"}
    | {"delta", "send"}
)
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Rpc(Asked):
    """The transport `rpc`."""

    name = "rpc"
    settings = _SETTINGS
    needs = frozenset({"dialect", "url", "user"})

    def pages(self, settings: Mapping[str, Any], watermark: str | None) -> Iterator[Page]:
        """Records that changed. Raises RetriableError, RefusedError (a fault that stays) or ConfigError (not let in)."""
        refuse_unknown(settings, _SETTINGS, self.name)
        delta = Delta.of(settings, self.name, sorts=True)
        if delta.kind not in ("stamp", "whole"):
            raise ConfigError(f"transport rpc knows the deltas stamp and whole, not {delta.kind}")
        with Peer(settings, self.name) as peer:
            model = Model(settings, delta, _dialect(settings, peer))
            yield from pull(delta, model.label, watermark, model.ask, clock_of(settings))

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for an address, a dialect or a delta that nobody could follow."""
        Peer(settings, self.name)
        if settings.get("dialect") not in DIALECTS:
            raise ConfigError(f"transport rpc: dialect is one of {', '.join(sorted(DIALECTS))}, not {settings.get('dialect')!r}")
        if asks:
            Delta.of(settings, self.name)
            required(settings, "model", self.name)

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Make the calls of one document. Each must be one that may be made again: the whole of them is, where one fails."""
        refuse_unknown(settings, _SETTINGS, self.name)
        given = settings.get("send")
        calls = given.get("calls") if isinstance(given, Mapping) else None
        if not isinstance(calls, list) or not calls:
            raise ConfigError("transport rpc: send has calls, a list of method, params, as, none and when")
        try:
            document = json.loads(content, parse_float=str)
        except ValueError as error:
            raise RefusedError("the document is no JSON, so no call can be made of it") from error
        values: dict[str, Any] = dict(document) if isinstance(document, Mapping) else {}
        made = []
        with Peer(delivering(settings), self.name) as peer:
            dialect = _dialect(settings, peer)
            for call in calls:
                if not isinstance(call, Mapping) or not call.get("method") or set(call) - {"method", "params", "as", "none", "when"}:
                    raise ConfigError("transport rpc: send has calls, a list of method, params, as, none and when")
                if not fits(call.get("when"), values):
                    continue
                result = dialect.call(str(call["method"]), filled(call.get("params", []), values))
                if call.get("as"):
                    if result in (None, [], False):
                        if call.get("none") == "done":
                            break
                        raise RefusedError(f"{peer.where}: {call['method']} found nothing for this document")
                    values[str(call["as"])] = result
                made.append(str(call["method"]).rpartition(".")[2])
        return f"{', '.join(made)}: done"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: at a stamp, and behind so many records of it."""

    since: str | None = None
    count: int = 0
    backward: int = 0
    """How often the pull went back until it came here."""


class Model:
    """One model and how it is searched."""

    def __init__(self, settings: Mapping[str, Any], delta: Delta, dialect: Dialect) -> None:
        self.model = required(settings, "model", "rpc")
        self.label = str(settings.get("label") or self.model.replace(".", "_"))
        self._dialect, self._delta = dialect, delta
        fields, self._domain = settings.get("fields"), settings.get("domain", [])
        nested = isinstance(fields, Mapping) and settings.get("dialect") == "odoo"
        if not (nested or isinstance(fields, list)) or not fields or not isinstance(self._domain, list):
            raise ConfigError("transport rpc: fields is a list of the model's fields (of Odoo also a mapping), domain a list of conditions")
        ours = [*delta.id, *filter(None, (delta.field, delta.created))]
        self._fields: list[str] | dict[str, Any] = (
            {name: {} for name in ours} | dict(fields) if isinstance(fields, Mapping) else list(dict.fromkeys([*map(str, fields), *ours]))
        )
        self._records = "records" if nested else "rows"
        self._context = dict(settings.get("context", {}))
        self._size = whole_number(settings, "page", 500, 100_000)
        if delta.kind == "stamp" and self._size == 1:
            raise ConfigError("transport rpc: page is 2 or more: each page begins with the last record of the one before")
        self._joins = Joins(delta, self.label)

    def ask(self, question: Question) -> Answer:
        """One page: from a stamp on, and behind so many records of that stamp."""
        delta, joins = self._delta, self._joins
        place = question.place if isinstance(question.place, Place) else Place(question.since)
        rows = self._rows(question, place)
        if delta.kind == "stamp":
            joins.begin((question.clause, place.since))
            count, rows = joins.overlapped(
                rows, place.count, self._size, question.clause, lambda at: self._rows(question, replace(place, count=at)), list
            )
            joins.note(rows, question.clause)
            place = Place(place.since, count, joins.backward)
        onward = self._behind(question, place, rows) if len(rows) >= self._size else None
        return Answer(_encode({self._records: rows}), rows, onward)

    def _behind(self, question: Question, place: Place, rows: Sequence[Any]) -> Place:
        """From the last stamp on where it has moved, as it is asked for; else behind these records, the last one once more."""
        delta = self._delta
        if delta.kind != "stamp":
            return replace(place, count=place.count + len(rows))
        last = delta.stamp(value_at(rows[-1], delta.path(question.clause)))
        on = last is not None and later(delta, place.since, last) == last
        if on and last is not None and (place.since is None or self._dialect.stamp(last) != self._dialect.stamp(place.since)):
            return Place(last, 0, place.backward)
        return replace(place, count=place.count + len(rows) - 1)

    def _rows(self, question: Question, place: Place) -> list[Any]:
        """What stands at a place."""
        delta, since = self._delta, place.since
        order = [(name, "ASC") for name in ((delta.path(question.clause),) if delta.kind == "stamp" else ()) + delta.id]
        conditions: list[Any] = list(self._domain)
        if delta.kind == "stamp":
            if question.clause == "created":
                conditions.append(self._dialect.empty(delta.field))
            if since is not None:
                conditions.append((delta.path(question.clause), ">=", self._dialect.stamp(since)))
            elif delta.created:
                conditions.append(self._dialect.filled(delta.path(question.clause)))
        return self._dialect.search(Wanted(self.model, conditions, place.count, self._size, order, self._fields, self._context))


def _dialect(settings: Mapping[str, Any], peer: Peer) -> Dialect:
    name = settings.get("dialect")
    if name not in DIALECTS:
        raise ConfigError(f"transport rpc: dialect is one of {', '.join(sorted(DIALECTS))}, not {name!r}")
    return DIALECTS[str(name)](settings, peer)


TRANSPORT = Rpc()
