"""What an exchange says: read again from its original bytes, with a steward's corrections laid over it.

The original bytes never change. A correction is a document of its own beside them; what counts is the original with the corrected fields.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from data_contracts.canonical import CANONICAL
from data_contracts.errors import ConflictError, NotFoundError
from data_contracts.findings import Finding
from data_contracts.mistakes import explained
from data_contracts.source import Message, SourceRecord
from hub import pipeline, promises
from hub.examine import Claimant, ExaminedInterchange, ExaminedMessage, reread, rows_left_out, without_rows
from hub.runtime import Hub
from hub.site import Agreement
from hub.store import blobs, tables
from hub.store.lineage import corrections_of, root_of
from hub.store.types import moment

Fields = Mapping[str, Any]
"""A correction: canonical paths (`lines[2].gtin`) and their new values; null removes."""
Place = tuple[str, int]
"""Member and index of a row."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a message says. `whole` has every row, and findings count its rows; `entity` is less those that must not be applied."""

    whole: dict[str, Any] | None
    entity: dict[str, Any] | None
    findings: list[Finding]

    @property
    def rows_left_out(self) -> int:
        """Rows that are held back."""
        return rows_left_out(self.whole, self.entity)

    @property
    def believable(self) -> bool:
        """Whether anything of it may be applied."""
        if self.whole is None or self.entity is None or pipeline.blocks(self.findings):
            return False
        return bool(self.entity.get("lines")) or not self.whole.get("lines")


class Reading:
    """Documents read again for many of their messages, one after the other: the last is kept, so that none is read once a message.

    For one go of work under one site: what a changed map or agreement says is read by another.
    """

    def __init__(self) -> None:
        self._key: tuple[Any, ...] | None = None
        self._found: dict[int, tuple[ExaminedMessage, ExaminedInterchange]] = {}

    def messages(self, hub: Hub, connection: sa.Connection, row: Any) -> dict[int, tuple[ExaminedMessage, ExaminedInterchange]]:
        """Messages of the document of an exchange, by their ordinals."""
        agreement = agreement_today(hub, row)
        claimant = Claimant(hub.registry.partner_key(row.partner_id), agreement=agreement.agreement if agreement else None)
        key = (row.document_id, claimant)
        if key != self._key:
            with blobs.open_blob(connection, hub.settings.home, row.sha256) as stream:
                self._found = reread(stream, hub.site, claimant, moment(row.received_at))
            self._key = key
        return self._found


def original(hub: Hub, connection: sa.Connection, exchange_id: int) -> tuple[ExaminedMessage, sa.Row[Any]]:
    """The message of an exchange, read again from its bytes. Raises NotFoundError when there is no such inbound exchange."""
    examined, _, row = read_again(hub, connection, exchange_id)
    return examined, row


def read_again(
    hub: Hub, connection: sa.Connection, exchange_id: int, reading: Reading | None = None
) -> tuple[ExaminedMessage, ExaminedInterchange, sa.Row[Any]]:
    """The message that an exchange goes back to, its interchange, and the row of the exchange that brought the bytes."""
    row = connection.execute(
        sa.select(tables.exchange, tables.document.c.sha256, tables.document.c.received_at)
        .join(tables.document, tables.document.c.id == tables.exchange.c.document_id)
        .where(tables.exchange.c.id == root_of(connection, exchange_id))
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no inbound exchange {exchange_id}")
    found = (reading or Reading()).messages(hub, connection, row).get(row.ordinal)
    if found is None:
        raise ConflictError(f"exchange {exchange_id}: its document no longer yields message {row.ordinal} with today's grammar")
    return *found, row


def agreement_today(hub: Hub, row: Any) -> Agreement | None:
    """The agreement that an exchange came under; where its key is gone (renamed), the only one that takes such messages today."""
    if row.agreement is None or row.agreement in hub.site.agreements:
        return hub.site.agreements.get(row.agreement or "")
    heirs = [
        agreement
        for agreement in hub.site.inbound(hub.registry.partner_key(row.partner_id))
        if agreement.format == row.format
        and hub.organisation_id(agreement.organisation) == row.organisation_id
        and any(message.type == row.type for message in agreement.messages)
    ]
    return heirs[0] if len(heirs) == 1 else None


def entity_of(hub: Hub, connection: sa.Connection, exchange_id: int, *, whole: bool = False) -> dict[str, Any]:
    """What an exchange says, as a canonical dictionary, with the corrections that it carries.

    `whole`: with the rows that were left out, as findings count them. Raises NotFoundError for an unknown inbound exchange and
    ConflictError where nothing can be read.
    """
    version, _ = said_by(hub, connection, exchange_id)
    entity = version.whole if whole else version.entity
    if entity is None:
        raise ConflictError(f"exchange {exchange_id} has no readable content")
    return entity


def said_by(hub: Hub, connection: sa.Connection, exchange_id: int, reading: Reading | None = None) -> tuple[Version, Message]:
    """What an exchange says with the corrections that it carries, and its message as it was read again.

    Raises NotFoundError for an unknown inbound exchange.
    """
    row = connection.execute(sa.select(tables.exchange).where(tables.exchange.c.id == exchange_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no exchange {exchange_id}")
    examined, _, _ = read_again(hub, connection, exchange_id, reading)
    return version_of(hub, examined, corrections(hub, connection, row), moment(row.recorded_at).date()), examined.message


def rows_at(whole: Mapping[str, Any], message: Message, positions: Collection[int]) -> set[Place]:
    """Rows that were made of the records at these positions, or of what they are in: mapping tells its findings by the source's places."""
    if message.root is None or not positions:
        return set()
    begins = {
        row["@"]: (member, index)
        for member, rows in whole.items()
        if isinstance(rows, list)
        for index, row in enumerate(rows)
        if isinstance(row, Mapping) and "@" in row
    }
    found = set()
    for record in message.root.walk():
        if record.position in positions:
            here: SourceRecord | None = record
            while here is not None and here.position not in begins:
                here = here.parent
            if here is not None:
                found.add(begins[here.position])
    return found


def corrections(hub: Hub, connection: sa.Connection, row: Any) -> list[Fields]:
    """The corrections that an exchange lays over its bytes, the first one first."""
    return [_correction_of(hub, connection, document_id)["fields"] for document_id in corrections_of(row)]


def version_of(hub: Hub, examined: ExaminedMessage, laid_over: Sequence[Fields], day: date) -> Version:
    """The message with corrections laid over everything that was mapped, validated as of a day, less the rows that are still bad.

    Raises ConflictError where a correction does not fit.
    """
    if not laid_over or examined.mapped is None or examined.agreement is None or examined.mapping is None:
        return Version(examined.mapped, examined.entity, list(examined.content))
    whole = examined.mapped
    for fields in laid_over:
        whole = corrected(whole, fields)
    paths = {path for fields in laid_over for path in fields}
    told = [finding for finding in examined.content if finding.rule.startswith("MAP-")]
    # Of the text that came (a count in CTT), not of any field: it stands, and a person has looked at the message now.
    of_text = [replace(finding, action="none") for finding in examined.held]
    said_by_mapping = [finding for finding in told if not _cured(finding, paths, whole, examined.message)]
    found = pipeline.validate(whole, examined.agreement, day)
    promise = promises.promise_of(hub.site, examined.agreement)
    if promise is not None:
        found += pipeline.with_overrides(promise.judge(whole), examined.agreement)
    untouched = [finding for finding in found if finding.place.path not in paths]
    touched = [finding for finding in found if finding.place.path in paths]  # the bytes have another value there: no place in them
    placed = pipeline.placed(untouched, examined.mapping, examined.message, hub.site.profile(examined.agreement))
    findings = [*of_text, *said_by_mapping, *touched, *placed]
    return Version(whole, without_rows(whole, findings), findings)


def _cured(finding: Finding, paths: set[str], whole: Mapping[str, Any], message: Message) -> bool:
    """Whether a correction gives the field that the mapping could not, in the row of which the finding speaks."""
    to = str(finding.params.get("to", ""))
    if not to:
        return False
    for path in paths:
        field = path.rpartition("].")[2]
        if to in (path, field) or to.endswith(f".{field}"):
            row = _row_of(path)
            if row is None or _speaks_of(finding, row, whole, message):
                return True
    return False


def _speaks_of(finding: Finding, row: Place, whole: Mapping[str, Any], message: Message) -> bool:
    """Whether what a finding speaks of stands in the record of a row, or in none of any row: then all rows share it."""
    member, index = row
    begins = [one.get("@") for one in whole.get(member, ())]
    if finding.place.position is None or message.root is None or index >= len(begins):
        return True
    here = next((record for record in message.root.walk() if record.position == finding.place.position), None)
    while here is not None:
        if here.position in begins:
            return bool(here.position == begins[index])
        here = here.parent
    return True


def corrected(entity: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """A copy of a canonical dictionary with some paths changed, typed by the canonical model.

    Rows that the model does not take and that no field touches stay as they are. Raises ConflictError for a bad path or value.
    """
    name = str(entity.get("entity", ""))
    copy = json.loads(json.dumps(_plain_with_locators(entity), default=str))
    for path, value in fields.items():
        _assign(copy, path, value)
    locators = _take_locators(copy)
    copy.pop("entity", None)
    if name not in CANONICAL:
        raise ConflictError(f"{name or 'nothing'} can't be corrected")
    touched = {place for path in fields if (place := _row_of(path)) is not None}
    try:
        typed = CANONICAL[name].model_validate(copy).as_plain()
    except ValidationError as error:
        aside = {(str(loc[0]), loc[1]) for one in error.errors() if len(loc := one["loc"]) > 1 and isinstance(loc[1], int)}
        if aside & touched or any(len(one["loc"]) < 2 or not isinstance(one["loc"][1], int) for one in error.errors()):
            raise ConflictError(f"the corrected {name} is not valid: {explained(CANONICAL[name], error)}") from error
        typed = _typed_without(name, copy, aside, entity)
    return _give_locators(typed, locators)


def _typed_without(name: str, record: dict[str, Any], aside: set[Place], before: Mapping[str, Any]) -> dict[str, Any]:
    """The record typed without some rows, which are put back as they were."""
    rest = {
        member: [row for index, row in enumerate(rows) if (member, index) not in aside] if isinstance(rows, list) else rows
        for member, rows in record.items()
    }
    try:
        typed: dict[str, Any] = CANONICAL[name].model_validate(rest).as_plain()
    except ValidationError as error:
        raise ConflictError(f"the corrected {name} is not valid: {explained(CANONICAL[name], error)}") from error
    for member, index in sorted(aside):
        rows = list(typed.get(member, ()))
        rows.insert(index, dict(before[member][index]))
        typed[member] = rows
    return typed


def _row_of(path: str) -> Place | None:
    member, mark, rest = path.partition("[")
    index = rest.partition("]")[0]
    return (member, int(index)) if mark and index.isdigit() else None


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
