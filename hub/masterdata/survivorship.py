"""Which value of each field wins among the source records of one thing, and why. Pure.

`survive` is a function of the records, of what people said, and of the rules: nothing of it depends on the order of arrival.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.masterdata.clusters import Source
from hub.masterdata.golden import Record
from hub.masterdata.settings import Rules
from hub.store.decisions import Word
from hub.store.types import moment

OF_THE_MESSAGE = frozenset({"entity", "purpose", "number", "revision", "issued_at", "issued_at_source", "effective_at", "@"})
"""What a record says of itself as a message, not of the thing."""
ONLY, AGREED, NAMES = "only", "agreed", "names"
"""Why a value won where no criterion was asked, or none could tell: nobody else said any; all say the same; by the systems' names."""
_KEYS: Mapping[str, Callable[[Any], Any]] = {"trade_items": lambda row: row.get("gtin")}
"""What a row of a list is about, where a row is not simply itself."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that somebody says."""

    value: Any
    system: str
    code: str
    exchange_id: int | None = None
    """The message that says so; null for a person's word."""
    by: str | None = None
    """The person."""
    issued_at: int = 0
    organisation_id: int = 0
    lost_by: str | None = None
    """The criterion by which it lost; null for the winner, and for who says the same."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The value of one field: why it won, and what else was said."""

    field: str
    value: Any
    why: str
    """A criterion, `only`, `agreed` or `names`."""
    winner: Candidate
    others: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Golden:
    """The golden record of a cluster."""

    choices: tuple[Choice, ...] = ()
    sources: tuple[Source, ...] = field(default=())

    @property
    def body(self) -> dict[str, Any]:
        """Field → value."""
        return {one.field: one.value for one in self.choices}

    @property
    def won(self) -> dict[str, list[str]]:
        """Field → why, system and code of who said it."""
        return {one.field: [one.why, one.winner.system, one.winner.code] for one in self.choices}


def survive(kind: str, records: Sequence[Record], words: Iterable[Word], rules: Rules, on: str | None = None) -> Golden:
    """The golden record of these records of one cluster. `on` (ISO day): only what people said to hold from then or
    before counts; null: all that they said."""
    said = held(words, on)
    ordered = sorted(records, key=lambda record: record.order)
    filled = {id(record): _filled(record) for record in ordered}
    choices = []
    for name in sorted({name for record in ordered for name in record.body if name not in OF_THE_MESSAGE} | {word.field for word in said}):
        candidates: list[tuple[dict[str, Any], Candidate]] = [
            (
                {
                    "verified": 1,
                    "rank": rules.place(record.system, record.keeper),
                    "recent": -record.issued_at,
                    "complete": -filled[id(record)],
                },
                Candidate(
                    record.body[name], record.system, record.code, record.exchange_id, None, record.issued_at, record.organisation_id
                ),
            )
            for record in ordered
            if not blank(record.body.get(name))
        ]
        candidates += [
            (
                {"verified": 0, "rank": -1, "recent": -word.at, "complete": 0},
                Candidate(word.value, *word.source, None, word.by, word.at),
            )
            for word in said
            if word.field == name
        ]
        if candidates:
            choices.append(_choice(name, rules.criteria(kind, name), candidates))
    return Golden(tuple(choices), tuple(dict.fromkeys(record.source for record in ordered)))


def held(words: Iterable[Word], on: str | None) -> list[Word]:
    """Of each field the words that count: of each source the last that has begun, and of these the last.

    A word stands at the day from which it holds, an undated one at the day on which it was said: what is planned for later outlives what is
    mended today. Who takes a word back without a day takes back what was planned, too.
    """
    standing: dict[tuple[Source, str], list[Word]] = {}
    for word in sorted(words, key=lambda word: word.id):
        one = standing.setdefault((word.source, word.field), [])
        if word.value is None and word.from_on is None:
            one.clear()
        elif on is None or word.from_on is None or word.from_on <= on:
            one.append(word)
    last = [max(said, key=_begun) for said in standing.values() if said]
    return list({word.field: word for word in sorted(last, key=_begun) if word.value is not None}.values())


def _begun(word: Word) -> tuple[str, int]:
    return word.from_on or moment(word.at).date().isoformat(), word.id


def fingerprint(records: Iterable[Record], matters: Sequence[str]) -> bytes:
    """What of a source's records matters to whoever compares it with another."""
    said = sorted((record.organisation_id, [record.body.get(name) for name in matters]) for record in records)
    return hashlib.sha256(_encode(said)).digest()


def blank(value: Any) -> bool:
    """Whether a value says nothing."""
    return value is None or value == [] or value == {} or (isinstance(value, str) and not value.strip())


def _filled(record: Record) -> int:
    return sum(1 for name, value in record.body.items() if name not in OF_THE_MESSAGE and not blank(value))


def _choice(name: str, criteria: Sequence[str], candidates: list[tuple[dict[str, Any], Candidate]]) -> Choice:
    if criteria and criteria[0] == "collect":
        return _collected(name, criteria[1:], candidates)
    asked = [one for one in criteria if one != "collect"]

    def place(entry: tuple[dict[str, Any], Candidate]) -> tuple[Any, ...]:
        scores, one = entry
        return (*(scores[criterion] for criterion in asked), one.system, one.code, one.organisation_id, one.exchange_id or 0)

    (best, winner), *rest = sorted(candidates, key=place)
    others = []
    why = ONLY if not rest else AGREED
    for scores, one in rest:
        if _same(one.value, winner.value):
            others.append(one)
            continue
        lost_by = next((criterion for criterion in asked if scores[criterion] != best[criterion]), NAMES)
        if why in (ONLY, AGREED) or (why != lost_by and _later(asked, lost_by, why)):
            why = lost_by
        others.append(Candidate(one.value, one.system, one.code, one.exchange_id, one.by, one.issued_at, one.organisation_id, lost_by))
    if winner.by is not None and why in (ONLY, AGREED):
        why = "verified"
    return Choice(name, winner.value, why, winner, tuple(others))


def _later(asked: Sequence[str], one: str, other: str) -> bool:
    """Whether a criterion comes later than another: the closest rival is the one that lost by it."""
    places = [*asked, NAMES]
    return places.index(one) > places.index(other)


def _collected(name: str, criteria: Sequence[str], candidates: list[tuple[dict[str, Any], Candidate]]) -> Choice:
    """All rows of a list, each thing once."""
    key: Callable[[Any], Any] = _KEYS.get(name, _encode)
    ordered = sorted(
        candidates, key=lambda entry: (*(entry[0][one] for one in criteria), entry[1].system, entry[1].code, entry[1].organisation_id)
    )
    rows: dict[Any, Any] = {}
    for _, one in ordered:
        for row in one.value if isinstance(one.value, list) else [one.value]:
            about = key(row) if isinstance(row, Mapping) else None
            rows.setdefault(about if isinstance(about, str) else _encode(row), row)  # a list would be no key
    (_, first), *rest = ordered
    why = ONLY if not rest else AGREED if all(_same(one.value, first.value) for _, one in rest) else "collect"
    return Choice(name, list(rows.values()), why, first, tuple(one for _, one in rest))


def _same(one: Any, other: Any) -> bool:
    return one == other or _encode(one) == _encode(other)


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")
