"""OData's `$batch` with one change set: several changes of which all are made or none (`send.batch` of the transport `odata`).

    send:
      csrf: true
      batch:
        - {path: PurchaseOrderHeadersV2, body: {PurchaseOrderNumber: "{document.number}"}}
        - {path: PurchaseOrderLinesV2, each: lines, body: {PurchaseOrderNumber: "{document.number}", LineNumber: "{document.line}"}}

`body` is a template (`connectors/http_wrapping.py`); without it the document itself. `each` names a list of the document: one change for
each of its records, whose members stand beside those of the document then, the record's first. Words in `path` are members too. A part that
failed says that nothing was made, whatever other parts say: some servers answer 201 for what they rolled back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from connectors.credentials import refuse_unknown
from connectors.http_templates import members, words_of
from connectors.http_wrapping import wrapped
from data_contracts.errors import ConfigError, HubError, RefusedError, RetriableError

_CHANGE = frozenset({"method", "path", "body", "each", "if_match"})
_METHODS = ("POST", "PUT", "PATCH", "MERGE", "DELETE")
_NUMBER = re.compile(r'"\\u0000([^"\\]+)"')
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})[^\r\n]*")
_TOLD = 200
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Part:
    """What became of one change, as the answer says."""

    status: int
    body: bytes


def check(given: Any) -> Sequence[Mapping[str, Any]]:
    """The changes that a site states. Raises ConfigError for what nobody could make."""
    if not isinstance(given, list) or not given:
        raise ConfigError("transport odata: batch is a list of changes")
    for change in given:
        if not isinstance(change, Mapping) or not change.get("path"):
            raise ConfigError("transport odata: each change of batch has a path")
        refuse_unknown(change, _CHANGE, "odata, send, batch")
        if str(change.get("method", "POST")) not in _METHODS:
            raise ConfigError(f"transport odata: a change is made by {', '.join(_METHODS)}, not {change['method']!r}")
    return given


def build(given: Any, content: bytes, stable_id: str) -> tuple[str, bytes, int]:
    """Media type and body of the request, the same for the same delivery, and how many changes it asks for.

    Raises RefusedError where the document lacks what a change is made of.
    """
    seed = sha256(stable_id.encode() + content).hexdigest()[:24]
    batch, changes = f"batch_{seed}", f"changeset_{seed}"
    lines = [f"--{batch}", f"Content-Type: multipart/mixed; boundary={changes}", ""]
    count = 0
    for change in check(given):
        for document in _documents(change, content):
            count += 1
            lines += [f"--{changes}", "Content-Type: application/http", "Content-Transfer-Encoding: binary", f"Content-ID: {count}", ""]
            lines += _request(change, document, stable_id)
    if not count:
        raise RefusedError("the document has nothing of which a change could be made")
    lines += [f"--{changes}--", f"--{batch}--", ""]
    return f"multipart/mixed; boundary={batch}", "\r\n".join(lines).encode(), count


def judged(
    media_type: str,
    content: bytes,
    where: str,
    told: Callable[[bytes, int], str],
    changes: int,
    unclear: Callable[[str], HubError] = RetriableError,
) -> str:
    """What came of it, where all was made: each of the `changes` is answered by 2xx, and the answer ends where it says that it does.

    `told` gives the beginning of a body, so long, without secrets. Raises RefusedError where a change failed, or somebody else had changed
    the record (412), which a person decides; RetriableError where the server failed, and `unclear` where the answer is none, or less than
    the whole.
    """
    found = list(_parts(media_type, content))
    failed = next((one for one in found if one.status >= 400), None)
    if failed is not None:
        text = f"{where}: nothing of the batch was made: {failed.status} {' '.join(told(failed.body, _TOLD).split())}"
        raise (RetriableError if failed.status >= 500 or failed.status in (408, 409, 429) else RefusedError)(text.strip())
    statuses = " ".join(str(one.status) for one in found[:_SHOWN])
    if not found:
        raise unclear(f"{where}: the answer to the batch has no parts ({media_type or 'no type'})")
    if sum(1 for one in found if 200 <= one.status < 300) < changes or len(found) < changes or not _is_whole(media_type, content):
        raise unclear(f"{where}: {changes} changes were asked for, and the answer tells of {len(found)} ({statuses}), or was cut")
    return f"{len(found)} parts, {statuses}"


def _is_whole(media_type: str, content: bytes) -> bool:
    """Whether the closing boundary has come."""
    head = b"Content-Type: " + media_type.encode("latin-1", "replace") + b"\r\n\r\n"
    boundary = BytesParser(policy=HTTP).parsebytes(head).get_boundary()
    return (
        boundary is not None and re.search(rb"(?:^|\n)--" + re.escape(boundary.encode("latin-1", "replace")) + rb"--", content) is not None
    )


def _documents(change: Mapping[str, Any], content: bytes) -> Iterator[bytes]:
    """The document, or one for each record of a list of it, with the document's own members beside; numbers keep their spelling."""
    if "each" not in change:
        yield content
        return
    try:
        body = json.loads(content, parse_float=lambda text: f"\0{text}", parse_int=lambda text: f"\0{text}")
    except (ValueError, RecursionError) as error:
        raise RefusedError("the document is no JSON, so no batch can be made of it") from error
    listed = body.get(str(change["each"])) if isinstance(body, Mapping) else None
    if not isinstance(listed, list):
        raise RefusedError(f"the document has no list {change['each']}, of which its batch is made")
    beside = {name: value for name, value in body.items() if not isinstance(value, list | dict)} if "body" in change else {}
    for record in listed:
        if not isinstance(record, Mapping):
            raise RefusedError(f"{change['each']} holds something else than records")
        yield _NUMBER.sub(r"\1", json.dumps({**beside, **record}, ensure_ascii=False)).encode()


def _request(change: Mapping[str, Any], document: bytes, stable_id: str) -> list[str]:
    path = str(change["path"])
    values = members(document, set(words_of(path)))
    for word in words_of(path):
        path = path.replace(f"{{{word}}}", quote(values[word].replace("'", "''"), safe=""))
    method = str(change.get("method", "POST"))
    head = [f"{method} {path} HTTP/1.1"] + ([f"If-Match: {change['if_match']}"] if change.get("if_match") else [])
    if method == "DELETE":
        return [*head, "", ""]
    body = wrapped({"body": change["body"]}, document, stable_id)[0] if "body" in change else document
    text = (body or b"").decode("utf-8")
    length = len(text.encode())
    return [*head, "Content-Type: application/json", "Accept: application/json", f"Content-Length: {length}", "", text]


def _parts(media_type: str, content: bytes) -> Iterator[Part]:
    """The answers within, of change sets too; a change set that failed is one answer."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + media_type.encode("latin-1", "replace") + b"\r\n\r\n" + content)
    for part in message.walk():
        if part.get_content_type() != "application/http":
            continue
        body = part.get_payload(decode=True)
        found = _STATUS.match(body.lstrip()) if isinstance(body, bytes) else None
        if found is not None and isinstance(body, bytes):
            yield Part(int(found[1]), body.partition(b"\r\n\r\n")[2].strip())
