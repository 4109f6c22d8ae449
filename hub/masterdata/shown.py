"""A golden record as a steward reads it: each field with why its value won and what else was said, its sources, names and decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from data_contracts.errors import ConflictError, NotFoundError
from hub.masterdata.clusters import Source
from hub.masterdata.golden import Record, golden_ids
from hub.masterdata.renew import Neighbourhood, around
from hub.masterdata.settings import Rules
from hub.masterdata.survivorship import OF_THE_MESSAGE, Candidate, Choice, survive
from hub.store import decisions, source_records
from hub.store import golden as store
from hub.store import suspects as cases
from hub.store.source_records import Version
from hub.store.types import moment


def sources_named(connection: sa.Connection, kind: str, name: str) -> list[Source]:
    """The source records that a name leads to, one of each golden record that is called so: `system/code` is one, a code alone may be of
    several, else any name of the crosswalk. Raises NotFoundError."""
    system, slash, code = name.partition("/")
    if slash and store.records_by_code(connection, kind, [(system, code)]):
        return [(system, code)]
    padded = name.zfill(14) if name.isdecimal() and len(name) in (8, 12, 13) else name
    rows = store.rows_by_value(connection, kind, {name, padded})
    if not rows:
        raise NotFoundError(f"there is no {kind} {name}")
    own_codes = [row for row in rows if row.scheme.startswith("code:")]  # before what another record's supplier calls it
    found = []
    for number in sorted({row.golden_id for row in own_codes or rows}):
        names = store.rows_by_golden(connection, kind, {number})
        codes = sorted((row.scheme[5:], row.value) for row in names if row.scheme.startswith("code:"))
        own = [code for code in codes if code[1] == name]
        found += (own or codes)[:1]
    return found


def source_named(connection: sa.Connection, kind: str, name: str) -> Source:
    """The source record that a name leads to, the first of several. Raises NotFoundError."""
    return sources_named(connection, kind, name)[0]


def sole_source(connection: sa.Connection, kind: str, name: str) -> Source:
    """The source record that a name leads to, for whoever changes something: one of several is not guessed. Raises ConflictError too."""
    found = sources_named(connection, kind, name)
    if len(found) > 1:
        raise ConflictError(f"{name} means several: {', '.join('/'.join(one) for one in found)}")
    return found[0]


def golden(connection: sa.Connection, kind: str, name: str, rules: Rules, today: date, on: date | None = None) -> dict[str, Any]:
    """The golden record that a name leads to, as of a day (null: now, which is `today`). Raises NotFoundError."""
    source, *others = sources_named(connection, kind, name)
    near = around(connection, kind, [source])
    cluster = near.cluster(source)
    known = source_records.versions(connection, kind, cluster)
    if on is None:
        records = near.of(set(cluster))
    else:
        records = [_record(version) for version in source_records.in_effect(known, on)]
        if not records:
            raise NotFoundError(f"there was no {kind} {name} on {on}")
    words = decisions.words(connection, kind, cluster)
    made = survive(kind, records, words, rules, (on or today).isoformat())
    choices = {choice.field: choice for choice in made.choices}
    ids = golden_ids(near.of(set(cluster)), near.partition())
    rows = store.rows_by_golden(connection, kind, {ids[source]})
    return {
        "kind": kind,
        "golden_id": ids[source],
        "source": _said(source),
        "also": [{**_said(other), "name": _name(connection, kind, other)} for other in others],
        "on": None if on is None else on.isoformat(),
        "fields": [_choice(choices[name], rules.criteria(kind, name)) for name in _ordered(choices, rules.matters[kind])],
        "names": [{"scheme": row.scheme, "value": row.value, "base_quantity": row.base_quantity, "unit": row.unit} for row in rows],
        "sources": [_version(version, on, records) for version in known if version.standing or on is not None],
        "decisions": decisions.requests_of(connection, kind, cluster),
        "suspects": [cases.plain(row) for row in cases.of_sources(connection, kind, cluster) if row.state in ("open", "later")],
    }


def _name(connection: sa.Connection, kind: str, source: Source) -> str | None:
    """What a source record calls its thing."""
    bodies = (record.body for record in store.records_by_code(connection, kind, [source]))
    return next((str(name) for body in bodies if (name := body.get("name") or body.get("name_zh"))), None)


def history(connection: sa.Connection, kind: str, name: str) -> list[dict[str, Any]]:
    """All versions of all source records of a golden record as they came, with what they said. Raises NotFoundError."""
    source = source_named(connection, kind, name)
    cluster = around(connection, kind, [source]).cluster(source)
    return [
        {
            **_version(version, None, ()),
            "recorded_at": moment(version.recorded_at),
            "retracted": version.retracted,
            "body": bare(version.body),
        }
        for version in source_records.versions(connection, kind, cluster)
    ]


def beside(connection: sa.Connection, suspect_id: int, rules: Rules, today: date) -> dict[str, Any]:
    """A suspect with both records, field by field: what the golden record of each side says, or where both are one already what each
    source record does. Raises NotFoundError."""
    found = cases.suspect(connection, suspect_id)
    kind = found["kind"]
    sides = [(found[side]["system"], found[side]["code"]) for side in ("left", "right")]
    near = around(connection, kind, sides)
    one_thing = sides[1] in near.cluster(sides[0])  # then what each says by itself is what is compared
    values = [_values(connection, near, [source] if one_thing else near.cluster(source), rules, today) for source in sides]
    fields = [
        {"field": name, "left": values[0].get(name), "right": values[1].get(name), "differs": values[0].get(name) != values[1].get(name)}
        for name in _ordered({*values[0], *values[1]}, rules.matters[kind])
    ]
    return {**found, "fields": fields, "also": [[_said(other) for other in near.cluster(source) if other != source] for source in sides]}


def bare(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says of the thing, without what it says of itself as a message."""
    return {name: value for name, value in body.items() if name not in OF_THE_MESSAGE}


def _ordered(names: Collection[str], first: Sequence[str]) -> list[str]:
    """What tells a person who it is comes first."""
    places = {name: place for place, name in enumerate(first)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def called(connection: sa.Connection, pairs: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], str]:
    """What the records of suspects call themselves, by kind, system and code."""
    wanted: dict[str, set[Source]] = {}
    for one in pairs:
        wanted.setdefault(one["kind"], set()).update((one[side]["system"], one[side]["code"]) for side in ("left", "right"))
    return {
        (kind, record.system, record.code): str(record.body.get("name") or record.body.get("name_zh") or "")
        for kind, sources in wanted.items()
        for record in store.records_by_code(connection, kind, sources)
    }


def _values(connection: sa.Connection, near: Neighbourhood, sources: Sequence[Source], rules: Rules, today: date) -> dict[str, Any]:
    said = decisions.words(connection, near.kind, sources)
    return survive(near.kind, near.of(set(sources)), said, rules, today.isoformat()).body


def _record(version: Version) -> Record:
    return Record(
        version.subject_id, version.application_id, version.exchange_id, version.organisation_id, version.system, version.code,
        version.body, version.keeper, version.issued_at,
    )  # fmt: skip


def _said(source: Source) -> dict[str, str]:
    return {"system": source[0], "code": source[1]}


def _choice(choice: Choice, criteria: Sequence[str]) -> dict[str, Any]:
    return {
        "field": choice.field,
        "value": choice.value,
        "why": choice.why,
        "criteria": list(criteria),
        "said_by": _candidate(choice.winner),
        "others": [_candidate(one) for one in choice.others],
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    return {
        "value": one.value,
        "system": one.system,
        "code": one.code,
        "exchange_id": one.exchange_id,
        "person": one.by,
        "at": moment(one.issued_at),
        "lost_by": one.lost_by,
    }


def _version(version: Version, on: date | None, records: Sequence[Record]) -> dict[str, Any]:
    holding = {record.application_id for record in records}
    return {
        "system": version.system,
        "code": version.code,
        "organisation": version.organisation,
        "revision": version.revision,
        "exchange_id": version.exchange_id,
        "document_id": version.document_id,
        "issued_at": moment(version.issued_at),
        "begins_on": moment(version.begins_at).date().isoformat(),
        "in_effect": version.standing if on is None else version.application_id in holding,
    }
