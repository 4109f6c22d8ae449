"""Whether a document is there already, asked before it is sent again: `send.unless` of the transports `rest` and `signed_http`.

    unless:
      path: ExecuteBillQuery.common.kdsvc
      body: {data: {FormId: PUR_PurchaseOrder, FieldKeys: "FBillNo,FSupplierId.FNumber", FilterString: "FBillNo='{document.number}'"}}
      record: {"0": "{document.number}", "1": "{document.supplier}"}
      failure: {at: "0.0.Result.ResponseStatus.Errors"}

A delivery whose answer was lost is sent again, and a peer that tells no repeat by our id would make a second document of it. The first
attempt asks nothing: what bears the same number then is another document, and what the peer says of it counts. `record` says what a record
that is this very document holds, all of it (words are members of the document, of XML below its root); `list` where records stand (else
the answer is the list, or the record). Whatever else the answer holds, the document is not there. It is asked as a document is sent
(`method`, `path`, `query`, `body`, `form`, `text`); where the question itself fails (`success`, `failure`) nothing is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.deltas import value_at
from connectors.http_peer import Answered, Asked, Peer, judge_of
from connectors.http_templates import part, path_of, query_of, texts_of
from connectors.http_wrapping import FORM, put_into, wrapped
from connectors.xml_answers import as_members, read_xml
from data_contracts.errors import ConfigError, RefusedError, RetriableError

_SETTINGS = frozenset({"method", "path", "query", "body", "form", "text", "list", "record", "success", "failure"})
_REPEATABLE = ("PUT", "PATCH", "MERGE", "DELETE")
WAS_THERE = "200 was there"
"""What a delivery tells that was not needed."""


def check(given: Any) -> Mapping[str, Any]:
    """The settings. Raises ConfigError for what nobody could ask."""
    asked = part(given, "send, unless", _SETTINGS)
    if not isinstance(asked.get("record"), Mapping) or not asked["record"]:
        raise ConfigError("send: unless has a record: what it holds where it is the document, by its place")
    return asked


def asks_first(settings: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether a delivery is asked for before: where it may have left before, as whoever passes `again` knows, and the site says how."""
    return given.get("unless") is not None and settings.get("again") is not False


def guards(given: Any, placed: Sequence[str] = ("body", "form", "text")) -> bool:
    """Whether something in `send` keeps a repeat from being a second document: a question, our id in one of `placed`, or the method."""
    if not isinstance(given, Mapping):
        return False
    if given.get("unless") is not None or given.get("idempotency") or str(given.get("method", "POST")).upper() in _REPEATABLE:
        return True
    return any("{id}" in text for name in placed for text in texts_of(given.get(name)))


def is_there(peer: Peer, given: Any, content: bytes, stable_id: str, understood: Callable[[Answered, str], Any]) -> bool:
    """Ask. Raises RetriableError where the peer could not be asked, RefusedError where the document lacks what it is known by."""
    asked, content = check(given), _as_json(content)
    wanted = {str(at): put_into(str(text), content, stable_id) for at, text in asked["record"].items()}
    body, form, kind = wrapped(asked, content, stable_id) if {"body", "form", "text"} & asked.keys() else (None, None, "")
    query = query_of(put_into(asked.get("query"), content, stable_id), {"id": stable_id})
    method = str(asked.get("method", "POST" if kind else "GET"))
    path = path_of(str(put_into(asked.get("path", ""), content, stable_id)), {})
    headers = {"Content-Type": FORM if form is not None else kind} if kind else {}
    answer = peer.ask(Asked(method, path, query, {"Accept": "*/*", **headers}, body, form, also=(404,)))
    if answer.status == 404 and not peer.is_of_the_way(answer):
        return False
    try:
        said = understood(answer, peer.where)
        for name in ("success", "failure"):
            if name in asked:
                judge_of(asked[name], name, "send, unless")(said, peer)
    except RefusedError as error:
        raise RetriableError(f"whether the document is there already could not be asked: {error}") from error
    if answer.status == 404:
        raise RetriableError(f"{peer.where}: whether the document is there already could not be asked: a 404 that is not the peer's own")
    found = value_at(said, str(asked["list"])) if asked.get("list") else said
    records = found if isinstance(found, Sequence) and not isinstance(found, str) else [found]
    return any(all(_text(value_at(record, at)) == value for at, value in wanted.items()) for record in records)


def _as_json(content: bytes) -> bytes:
    """A document in XML as the members below its root, so that words name them as those of JSON."""
    if not content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return content
    try:
        return json.dumps(as_members(read_xml(content, "the document"))).encode()
    except RetriableError as error:
        raise RefusedError("the document is no XML, so nothing tells whether it is there") from error


def _text(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict | list) else str(value)
