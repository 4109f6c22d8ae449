"""What a peer gives only after a while: a job is started, asked after until it is done, and what it made is fetched (`job:` of `rest`).

    job:
      start: {method: POST, path: jobs/query, body: {operation: query, query: "SELECT … >= {since}"}}
      id: id                                                       # where the answer names the job
      status: {path: "jobs/query/{job}", at: state, done: [JobComplete], failed: [Failed, Aborted], says: errorMessage}
      result: {path: "jobs/query/{job}/results", query: {maxRecords: "10000"}, next: {header: Sforce-Locator, query: locator}}
      every_seconds: 5
      wait_seconds: 1800

Salesforce's Bulk API, exports of D365 and Coupa, firstbase's request ids. `result.at` instead of `path` is where the last status names the
address of what was made (`{at: fileUrl}`), which must be on the same host. What was made is JSON, with its records where `records` says, or
comma-separated text, whose rows are records by the names of its first line. `next` is where an answer says that more of it follows. A job
that is not done within `wait_seconds` ends the run (the next one starts another); a failed one is refused with the peer's reason.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.credentials import refuse_unknown, seconds
from connectors.deltas import value_at
from connectors.http_peer import Answered, Asked, Peer
from connectors.http_templates import filled, part, path_of, query_of, texts_of, words_of
from data_contracts.errors import ConfigError, RefusedError, RetriableError

_PARTS = frozenset({"start", "id", "status", "result", "every_seconds", "wait_seconds"})
_START = frozenset({"method", "path", "query", "body", "headers"})
_STATUS = frozenset({"method", "path", "query", "at", "done", "failed", "says"})
_RESULT = frozenset({"path", "at", "query", "headers", "next", "count"})
_JSON = {"Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Made:
    """One part of what a job made, and where the next one is (None: it was the last)."""

    answer: Answered
    address: str
    onward: str | None


class Job:
    """The `job:` of one transport. Raises ConfigError for what nobody could follow."""

    def __init__(self, given: Any, peer: Peer | None = None) -> None:
        if not isinstance(given, Mapping):
            raise ConfigError("job has start, id, status and result")
        refuse_unknown(given, _PARTS, "rest, job")
        self._start = part(given.get("start"), "job, start", _START)
        self._status = part(given.get("status"), "job, status", _STATUS)
        self._result = part(given.get("result"), "job, result", _RESULT)
        self._id = str(given.get("id", ""))
        if not self._id or not self._start.get("path") or not self._status.get("path") or not self._status.get("at"):
            raise ConfigError("job: start and status have a path, status says at which value, id where the answer names the job")
        if not self._status.get("done") or ("path" in self._result) == ("at" in self._result):
            raise ConfigError("job: status names the values of done, and result either a path or at, where the status names the address")
        self._next = part(self._result.get("next", {}), "job, result, next", frozenset({"header", "at", "query"}))
        if self._next and ("query" not in self._next or ("header" in self._next) == ("at" in self._next)):
            raise ConfigError("job: next has a header or at, and the query by which what follows is asked for")
        self._every = seconds(given, "every_seconds", 5)
        self._most = seconds(given, "wait_seconds", 1800)
        self._peer = peer

    def made(self, values: Mapping[str, str]) -> Made:
        """Start a job with these values (`since`, `token`), wait for it, and fetch the first part.

        Raises RetriableError where it takes too long, RefusedError where it failed.
        """
        peer = self._asked_of
        answer = peer.ask(self._starting(values))
        body = answer.json(peer.where)
        peer.judge(body)
        number = value_at(body, self._id)
        if number in (None, "") or isinstance(number, dict | list):
            raise RetriableError(f"{peer.where}: the answer names no job at {self._id}")
        values = {**values, "job": str(number)}
        done = self._waited_for(values)
        if "path" in self._result:
            return self.part(path_of(str(self._result["path"]), values), None)
        address = value_at(done, str(self._result["at"]))
        if not isinstance(address, str) or not address:
            raise RetriableError(f"{peer.where}: the job {number} is done and names no address at {self._result['at']}")
        return self.part(address, None)

    def part(self, address: str, onward: str | None) -> Made:
        """One part of what was made."""
        query = query_of(self._result.get("query"), {}) if "path" in self._result else []
        if onward is not None:
            query.append((str(self._next["query"]), onward))
        headers = {"Accept": "application/json, text/csv", **dict(self._result.get("headers", {}))}
        answer = self._asked_of.ask(Asked(path=address, query=query, headers=headers))
        following: Any = None
        if "header" in self._next:
            following = answer.headers.get(str(self._next["header"]))
        elif "at" in self._next:
            following = value_at(answer.json(self._asked_of.where), str(self._next["at"]))
        if self._result.get("count") is not None and is_separated(answer):
            said, came = answer.headers.get(str(self._result["count"]), "").strip(), len(rows(answer, self._asked_of.where))
            if said.isdigit() and int(said) != came:
                raise RetriableError(f"{self._asked_of.where}: the job made {said} records, and {came} came")
        return Made(answer, address, None if following in (None, "", "null") else str(following))

    @property
    def _asked_of(self) -> Peer:
        assert self._peer is not None
        return self._peer

    def _starting(self, values: Mapping[str, str]) -> Asked:
        start = self._start
        missing = {word for text in texts_of(start.get("body")) for word in words_of(text)} & {"since", "token"} - values.keys()
        if missing:
            raise ConfigError(f"transport rest: body asks for {', '.join(sorted(missing))}: say in delta from where the first pull begins")
        content = json.dumps(filled(start["body"], values), ensure_ascii=False).encode() if "body" in start else None
        headers = {**_JSON, **({"Content-Type": "application/json"} if content is not None else {}), **dict(start.get("headers", {}))}
        return Asked(
            str(start.get("method", "POST")), path_of(str(start["path"]), values), query_of(start.get("query"), values), headers, content
        )

    def _waited_for(self, values: Mapping[str, str]) -> Any:
        """The last status of a job that is done."""
        peer, status = self._asked_of, self._status
        done, failed = ({str(one) for one in status.get(name) or ()} for name in ("done", "failed"))
        until = time.monotonic() + self._most
        while True:
            asked = Asked(
                str(status.get("method", "GET")), path_of(str(status["path"]), values), query_of(status.get("query"), values), _JSON
            )
            body = peer.ask(asked).json(peer.where)
            state = value_at(body, str(status["at"]))
            if str(state) in done:
                return body
            if str(state) in failed:
                reason = value_at(body, str(status["says"])) if status.get("says") else None
                raise RefusedError(peer.told(f"{peer.where}: the job {values['job']} ended as {state} {reason or ''}".rstrip()))
            if time.monotonic() + self._every > until:
                raise RetriableError(f"{peer.where}: the job {values['job']} is {state} after {self._most:g} s")
            time.sleep(self._every)


def is_separated(answer: Answered) -> bool:
    """Whether what was made is comma-separated text."""
    return "csv" in answer.headers.get("content-type", "").lower()


def rows(answer: Answered, where: str) -> Sequence[Mapping[str, str]]:
    """The rows of comma-separated text as records. Raises RetriableError for a text that ends within a row, as half a body does."""
    return list(_rows(answer, where))


def _rows(answer: Answered, where: str) -> Iterator[Mapping[str, str]]:
    bounded = "content-length" in answer.headers or "chunked" in answer.headers.get("transfer-encoding", "").lower()
    if not bounded and answer.content[-1:] not in (b"\n", b"\r", b""):  # nobody but the text itself can say where it ends
        raise RetriableError(f"{where}: what the job made ends within a row")
    try:
        reader = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), strict=True)  # U+2028 ends no row
        header = next(reader, [])
        for row in reader:
            if row and len(row) != len(header):
                raise RetriableError(f"{where}: row {reader.line_num} has {len(row)} of {len(header)} columns")
            if row:
                yield dict(zip(header, row, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RetriableError(f"{where}: what the job made is no comma-separated text") from error
