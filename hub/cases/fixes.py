"""A map or a code list mended: what it would free of all that waits, before anything is changed, and then the change itself.

The preview reads the waiting documents again with the changed file laid over a copy of the site's, in memory: the store is not written.
Doing it writes the one file into the site's folder, keeps its text before and after in the audit chain, and replays what it frees; each
replay names its original, and its bytes stay as they came. The site's folder is a git repository of the customer's: commit it there.
"""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from data_contracts.codes import unit, units
from data_contracts.errors import ConfigError, ConflictError, NotFoundError
from data_contracts.findings import Finding, Language, has_error
from data_contracts.mistakes import meant
from hub import compiled, exchange
from hub.cases import demanded, overtaken
from hub.cases.acts import Outcome, Who, in_bulk, record_step
from hub.cases.overtaken import Change
from hub.cases.signatures import Signer
from hub.content import Reading, Version, corrections, version_of
from hub.examine import ExaminedMessage
from hub.runtime import Hub
from hub.site import Site
from hub.store import cases, tables
from hub.store.lineage import root_of
from hub.store.unit_of_work import HUB
from mappings.code_tables import load_table, parse_table
from mappings.resolve import resolve

Kind = Literal["codes", "mapping"]
_HEADER = "source,canonical,outward"
_ROOMS = ("mappings", "codes", "contracts")
"""Folders of a site that a document is read and judged by, beside its agreements."""
_LOCK = 0x7564_6966
"""PostgreSQL's advisory lock of the site's files ("udif")."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A file of the site as it is to be: `codes/<name>.csv` or `mappings/<name>.yaml`."""

    kind: Kind
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Freed:
    """What the change would make of one message that waits."""

    exchange: int
    document: int
    subject: str | None
    partner: str
    cases: tuple[int, ...]
    rows: tuple[int, int]
    """Rows left out now, and then; of a held message its rows, and those that would still be left out."""
    state: str
    """`applied`, `quarantined` or `rejected` then."""
    findings: tuple[str, ...]
    """What would still be wrong or warned of, the first few, errors first."""
    changes: tuple[Change, ...] = ()
    """Of a message that is applied already: what it would say otherwise. It does not wait, and is replayed only where that is asked for."""

    @property
    def better(self) -> bool:
        """Whether the message, or a part of it, is freed."""
        return not self.changes and self.state == "applied" and self.rows[1] < self.rows[0]


def with_codes(hub: Hub, table: str, meanings: Mapping[str, str]) -> Fix:
    """A code table with further meanings of source values. Raises ConflictError for a table that is not there."""
    _place(hub.site, "codes", table)
    folders = [place for folder in hub.site.mapping_folders for place in (folder / "codes", folder.parent / "codes")]
    try:
        known = load_table(table, folders)
    except ConfigError as error:
        raise ConflictError(f"there is no code list {table}") from error
    rows = {source: canonical for source, canonical in known.inward.items() if source not in meanings} | dict(meanings)
    written = {source for canonical, source in known.outward.items() if rows.get(source) == canonical}
    for source, canonical in rows.items():
        if not any(rows[other] == canonical for other in written):
            written.add(source)
    lines = [_HEADER, *(f"{_cell(source)},{_cell(to)},{'yes' if source in written else ''}" for source, to in rows.items())]
    lines += [f"{_cell(source)},{_cell(canonical)},nearest" for canonical, source in known.nearest.items()]
    return Fix("codes", table, "\n".join(lines) + "\n")


def current(hub: Hub, kind: Kind, name: str) -> str | None:
    """The text of the site's own file now; null where the site has none."""
    path = _place(hub.site, kind, name)
    return path.read_text(encoding="utf-8-sig") if path.is_file() else None


def preview(hub: Hub, fix: Fix, who: Who, language: Language = "en") -> list[Freed]:
    """What would become of every message that waits and is read by what is changed, and after these, where a meaning of a code list changes
    or goes, of those applied ones that rest on it. Nothing is stored.

    Raises ConflictError for a change that could not be used: a table with two meanings of a value, a row that names no function.
    """
    with _changed(hub, fix) as site, hub.database.read() as connection:
        found = [freed for freed in _looked(hub, site, fix, connection, who, language) if freed is not None]
        if fix.kind == "codes" and _takes_back(hub, fix):
            apart = {one.exchange for one in found}
            found += [_applied(hub, one, language) for one in overtaken.look(hub, site, connection, who.organisations, apart)]
        return found


def _takes_back(hub: Hub, fix: Fix) -> bool:
    """Whether a meaning that was in use changes or goes; a list that was at fault, or not there, gave none."""
    folders = [place for folder in hub.site.mapping_folders for place in (folder / "codes", folder.parent / "codes")]
    try:
        before = load_table(fix.name, folders).inward
    except ConfigError:
        return False
    after = parse_table(fix.name, fix.text, f"{fix.name}.csv").inward
    return any(after.get(source) != canonical for source, canonical in before.items())


def _applied(hub: Hub, one: overtaken.Overtaken, language: Language) -> Freed:
    row, version = one.row, one.then
    left_out = int((row.keys or {}).get("rows_left_out", 0))
    return Freed(
        row.id,
        one.document,
        row.business_key,
        hub.registry.partner_key(row.partner_id),
        (),
        (left_out, version.rows_left_out),
        "applied" if version.believable else "quarantined",
        _told(version.findings, language),
        one.changes[: overtaken.TOLD],
    )


def apply(
    hub: Hub, fix: Fix, who: Who, reason: str, only: Collection[int] | None = None, signature: Signer | None = None,
    again: Collection[int] = (),
) -> tuple[list[Freed], list[Outcome]]:  # fmt: skip
    """Change the file and replay what is freed; `only`: cases to which replaying is limited; `again`: exchanges of what is applied already,
    and told by `preview`, that are replayed too. Returns what was freed, and what was done.

    Raises ConflictError as `preview`, for a change that changes nothing, and without a reason.
    """
    if not reason.strip():
        raise ConflictError("a reason is needed: it is kept in the audit trail")
    before = current(hub, fix.kind, fix.name)
    if before == fix.text:
        raise ConflictError(f"{fix.name} says that already; nothing was changed")
    looked = preview(hub, fix, who, hub.settings.language)
    freed = [one for one in looked if one.better]
    rested = {one.exchange: one for one in looked if one.changes}
    if strange := sorted(set(again) - set(rested)):
        raise ConflictError(f"exchange {strange[0]} is not applied by what {fix.name} changes: look at the preview again")
    if signature is None:  # of all that the file frees, not only of what is replayed now
        for one in freed:
            _unsigned(hub, one)
    if only is not None:
        freed = [one for one in freed if not set(one.cases).isdisjoint(only)]
    with hub.database.begin(who.label) as uow:
        if uow.is_postgresql:  # SQLite has one writer anyway
            uow.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        if current(hub, fix.kind, fix.name) != before:
            raise ConflictError(f"{fix.name} was changed meanwhile: look at it again")
        told = {"file": _place(hub.site, fix.kind, fix.name).relative_to(hub.site.folder).as_posix()}
        uow.audit(HUB, f"{fix.kind}.changed", f"{fix.kind}/{fix.name}", reason, {**told, "text": before}, {**told, "text": fix.text})
        uow.settle()  # the file is replaced when nothing but the commit is left
        _write(_place(hub.site, fix.kind, fix.name), fix.text)
    compiled.look(hub.site.mapping_folders, 0)
    by_case, reading = {one.cases[0]: one for one in freed}, Reading()

    def replay(case_id: int) -> None:
        one = by_case[case_id]

        def also(uow: Any, new: int) -> None:
            for number in one.cases:
                after = {"exchange": new, "kind": fix.kind, "name": fix.name, "rows_left_out": one.rows[1]}
                record_step(uow, number, "fixed", reason, {"exchange": one.exchange, "rows_left_out": one.rows[0]}, after, signature)

        exchange.replay(hub, one.exchange, who.label, reason, also=also, reading=reading)

    def once_more(exchange_id: int) -> None:
        exchange.replay(hub, exchange_id, who.label, reason, reading=reading)

    outcomes = in_bulk(hub, list(by_case), replay)
    replayed = [replace(one, case=None, exchange=one.case) for one in in_bulk(hub, sorted(set(again)), once_more)]
    return [*freed, *(rested[number] for number in sorted(set(again)))], [*outcomes, *replayed]


def _unsigned(hub: Hub, one: Freed) -> None:
    with hub.database.read() as connection:
        for case_id in one.cases:
            row = cases.stored(connection, case_id)
            if demanded.of_case(connection, hub.site.cases, row, "fix"):
                raise ConflictError(f"case {case_id}: this needs your electronic signature")


@contextmanager
def _changed(hub: Hub, fix: Fix) -> Iterator[Site]:
    """The site with the change, beside the real one."""
    _place(hub.site, fix.kind, fix.name)
    with tempfile.TemporaryDirectory(prefix="udihub-fix-") as folder:
        beside = Path(folder)
        for room in _ROOMS:
            if (hub.site.folder / room).is_dir():
                shutil.copytree(hub.site.folder / room, beside / room)
        site = copy.copy(hub.site)
        site.folder, site.mapping_folders = beside, (beside / "mappings",)
        path = _place(site, fix.kind, fix.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fix.text, encoding="utf-8")
        try:
            if fix.kind == "codes":
                _known_units(fix, set(parse_table(fix.name, fix.text, f"{fix.name}.csv").inward.values()), current(hub, "codes", fix.name))
            else:
                resolve(fix.name, site.mapping_folders)
                compiled.compiled(fix.name, site.mapping_folders)
            _sound(hub, site)
            yield site
        except ConfigError as error:
            raise ConflictError(str(error).replace(f"{beside}/", "")) from error
        finally:
            compiled.forget(site.mapping_folders)


def _known_units(fix: Fix, meanings: set[str], before: str | None) -> None:
    """Raises ConflictError where a list of units gets a meaning that is no unit: all that it frees would be told so (UOM-01)."""
    if fix.name.endswith("units"):
        kept = set() if before is None else set(before.replace("\n", ",").split(","))
        for meaning in sorted(meanings - kept):
            if unit(meaning) is None:
                raise ConflictError(f"code list {fix.name}: {meaning} is no unit that the hub knows; near it: {meant(meaning, units())}")


def _sound(hub: Hub, site: Site) -> None:
    """Raises ConfigError where the change breaks any mapping that is agreed on: an overlay on it, or one that asks the table.

    What was at fault before is no fault of the change.
    """
    for name in sorted({agreed.mapping for agreement in site.agreements.values() for agreed in agreement.messages}):
        try:
            before = resolve(name, hub.site.mapping_folders).hash
        except ConfigError:
            continue
        if resolve(name, site.mapping_folders).hash != before:
            compiled.compiled(name, site.mapping_folders)


def _looked(
    hub: Hub, site: Site, fix: Fix, connection: sa.Connection, who: Who, language: Language
) -> Iterator[Freed | None]:  # fmt: skip
    """Document by document: each is read once, however many of its messages wait."""
    waiting = cases.listed(
        connection,
        organisations=who.organisations,
        unowned=who.unowned,
        states=("open", "asked", "accepted"),
        kinds=("held", "rows"),
        limit=100_000,
    )
    known: dict[str, bool] = {}
    by_exchange: dict[int, list[dict[str, Any]]] = {}
    for one in waiting:
        by_exchange.setdefault(one["exchange_id"], []).append(one)
    by_document: dict[int, list[int]] = {}
    for exchange_id, found in by_exchange.items():
        by_document.setdefault(found[0]["document_id"], []).append(exchange_id)
    for document_id, exchanges in sorted(by_document.items()):
        rows = connection.execute(
            sa.select(tables.exchange).where(tables.exchange.c.id.in_(exchanges)).order_by(tables.exchange.c.id)
        ).all()
        if not any(_uses(hub, fix, site, row, known) for row in rows):
            continue
        messages = overtaken.read_again(hub, site, connection, document_id, rows[0])
        for row in rows:
            yield _freed(hub, site, connection, row, messages.get(row.ordinal), by_exchange[row.id], language)


def _uses(hub: Hub, fix: Fix, site: Site, row: Any, known: dict[str, bool]) -> bool:
    """Whether a message's mapping is the one that changes, rests on it, or asks the table. `known`: what was found of mappings so far."""
    agreement = site.agreements.get(row.agreement or "")
    agreed = None if agreement is None else agreement.message(row.type, row.version)
    if agreed is None:
        return False
    if agreed.mapping not in known:
        then = resolve(agreed.mapping, site.mapping_folders)
        known[agreed.mapping] = then.hash != resolve(agreed.mapping, hub.site.mapping_folders).hash
    return known[agreed.mapping]


def _freed(
    hub: Hub, site: Site, connection: sa.Connection, row: Any, examined: ExaminedMessage | None, of: Sequence[Mapping[str, Any]],
    language: Language,
) -> Freed | None:  # fmt: skip
    if examined is None:
        return None
    try:
        version = version_of(hub, examined, corrections(hub, connection, row), hub.clock.now().date())
    except (ConflictError, NotFoundError):
        return None
    total = _rows(version)
    now = int((row.keys or {}).get("rows_left_out", 0)) if row.state != "quarantined" else max(1, total)
    state = "rejected" if examined.fate == "rejected" else "applied" if version.believable else "quarantined"
    then = version.rows_left_out if state == "applied" else now
    wrong = sorted((*examined.syntax, *version.findings), key=lambda one: not has_error([one]))  # errors first, then what is warned of
    document = connection.execute(sa.select(tables.exchange.c.document_id).where(tables.exchange.c.id == root_of(connection, row.id)))
    return Freed(
        row.id,
        document.scalar_one(),
        row.business_key,
        hub.registry.partner_key(row.partner_id),
        tuple(sorted(one["id"] for one in of)),
        (now, then),
        state,
        _told(wrong, language),
    )


def _told(wrong: Sequence[Finding], language: Language) -> tuple[str, ...]:
    return tuple(f"{one.rule} {one.place.path or ''}: {one.text(language)}" for one in wrong[:3])


def _rows(version: Version) -> int:
    return sum(len(rows) for rows in (version.whole or {}).values() if isinstance(rows, list))


def _place(site: Site, kind: Kind, name: str) -> Path:
    """Where the site keeps it. Raises ConflictError for a name that leads elsewhere, and where the site has no folder of its own maps."""
    parts = name.split("/")
    if not site.mapping_folders:
        raise ConflictError("the site has no folder `mappings`: make one, start the hub anew, then mend the map here")
    if len(parts) != (1 if kind == "codes" else 2) or not all(
        part.replace("_", "").replace("-", "").replace(".", "").isalnum() for part in parts
    ):
        raise ConflictError(f"{name} is no name of a map or a code list")
    if any(part.startswith(".") for part in parts):
        raise ConflictError(f"{name} is no name of a map or a code list")
    if kind == "mapping":
        return site.folder / "mappings" / f"{name}.yaml"
    inner = site.folder / "mappings" / "codes" / f"{name}.csv"
    return inner if inner.is_file() else site.folder / "codes" / f"{name}.csv"


def _write(path: Path, text: str) -> None:
    """The file whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".fix-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except OSError as error:
        raise ConflictError(f"the site's folder cannot be written here ({error.strerror}): make the change in its repository") from error


def _cell(value: str) -> str:
    return f'"{value.replace(chr(34), chr(34) * 2)}"' if any(mark in value for mark in ',"\n') else value
