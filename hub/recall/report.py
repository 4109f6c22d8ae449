"""The report of a recall as a folder: pages in both languages, PDF, JSON, the original documents it relies on, and the seal over all.

`packed` gives the same folder as one ZIP archive, for whoever is not at the machine of the hub.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from data_contracts.errors import ConflictError, FatalError
from data_contracts.findings import Language
from hub import audit
from hub.check import plain
from hub.recall import proof
from hub.recall.page import page
from hub.recall.paper import paper
from hub.recall.picture import picture
from hub.recall.scope import Scope, affected
from hub.recall.telling import telling
from hub.runtime import Hub
from hub.store import blobs, documents, recalls
from hub.store.lists import among
from hub.store.tables import document, exchange

LANGUAGES: tuple[Language, ...] = ("en", "zh-CN")


def write(
    hub: Hub, number: str, folder: Path, language: Language, organisations: Collection[int] | None = None, actor: str = "cli"
) -> list[Path]:
    """Write the report of a recall as it was located last; returns what was written for people, the page in `language` first. That `actor`
    wrote it is audited, with the hash of the manifest.

    Raises NotFoundError for an unknown recall, ConflictError for a folder that holds anything: a report is never written over.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConflictError(f"{folder} is not empty: a report is never written over")
    (folder / "evidence").mkdir(parents=True, exist_ok=True)
    key = proof.public_key(proof.signing_key(hub.settings.home))
    with hub.database.read() as connection:
        shown = picture(hub, connection, number, organisations)
        sources = _evidence(hub, connection, shown, folder / "evidence", organisations)
        heads = {str(chain): {"sequence": head.sequence, "hash": head.hash} for chain, head in audit.heads(connection).items()}
    content = json.dumps({**plain(shown), "evidence": sources}, ensure_ascii=False, indent=1)
    (folder / "report.json").write_text(content, encoding="utf-8")
    local = in_zone(shown, ZoneInfo(shown["time_zone"]))
    written = []
    for one in sorted(LANGUAGES, key=lambda said: said != language):
        path = folder / f"report.{one}.html"
        path.write_text(page(local, one, [other for other in LANGUAGES if other != one], key), encoding="utf-8")
        written.append(path)
        printed = folder / f"report.{one}.pdf"
        printed.write_bytes(paper(local, one, key))
        written.append(printed)
    proof.seal(folder, hub.settings.home, {"recall": number, "made_at": hub.clock.now().isoformat(), "audit_heads": heads})
    manifest = hashlib.sha256((folder / proof.MANIFEST).read_bytes()).hexdigest()
    with hub.database.begin(actor) as uow:
        row = recalls.by_number(uow.connection, number, organisations)
        uow.audit(row.organisation_id, "recall.reported", f"recall/{number}", after={"manifest": manifest})
    return [*written, folder / "report.json"]


def packed(hub: Hub, number: str, language: Language, organisations: Collection[int] | None = None, actor: str = "cli") -> IO[bytes]:
    """The report as a ZIP archive, in a temporary file that is gone when it is closed; its files lie in a folder of the recall's number.

    Raises as `write` does.
    """
    archive = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    try:
        with tempfile.TemporaryDirectory() as made, zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packing:
            folder = Path(made) / "report"
            write(hub, number, folder, language, organisations, actor)
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    packing.write(path, f"{number}/{path.relative_to(folder).as_posix()}")
        archive.seek(0)
    except BaseException:
        archive.close()
        raise
    return archive


def in_zone(shown: Any, zone: ZoneInfo) -> Any:
    """A picture with all its times in one zone."""
    if isinstance(shown, dict):
        return {name: in_zone(value, zone) for name, value in shown.items()}
    if isinstance(shown, list):
        return [in_zone(value, zone) for value in shown]
    return shown.astimezone(zone) if isinstance(shown, datetime) else shown


def _evidence(
    hub: Hub, connection: sa.Connection, shown: dict[str, Any], folder: Path, organisations: Collection[int] | None
) -> list[dict[str, Any]]:
    """Copy the original bytes of every document that the accounts or a mark rest on, and of every notice and hold; returns which exchange
    stands in which. Of what also speaks to organisations that are not the reader's to see, the messages alone (`whole` false), cut out
    where it is known where they stand (`sha256` null: not); notices that name lots of others are left out.

    Raises FatalError where bytes are not those that were stored.
    """
    relied_on = {number for lot in shown["lots"] for one in (*lot["positions"], *lot["contradictions"]) for number in one["evidence"]}
    relied_on |= _balanced(connection, shown, organisations)
    for told in (*shown["notices"], *shown["holds"]):
        content = blobs.read_blob(connection, hub.settings.home, bytes.fromhex(told["sha256"]))
        if not shown["elsewhere"] or len(json.loads(content)["lots"]) == len(told["lots"]):
            (folder / told["sha256"]).write_bytes(content)
    exchanges = sorted(relied_on | {one["met"]["exchange"] for one in shown["clocks"] if one["met"] and one["met"]["exchange"]})
    rows = connection.execute(
        sa.select(
            exchange.c.id,
            exchange.c.document_id,
            exchange.c.type,
            exchange.c.business_key,
            exchange.c.byte_offset,
            exchange.c.byte_length,
            document.c.name,
            document.c.sha256,
        )
        .join(document, document.c.id == exchange.c.document_id)
        .where(among(connection, exchange.c.id, exchanges))
        .order_by(exchange.c.id)
    ).all()
    shared = documents.also_for_others(connection, {row.document_id for row in rows}, organisations)
    for sha256 in sorted({bytes(row.sha256) for row in rows if row.document_id not in shared}):
        with blobs.open_blob(connection, hub.settings.home, sha256) as stream, (folder / sha256.hex()).open("w+b") as copy:
            shutil.copyfileobj(stream, copy)
            copy.seek(0)
            if hashlib.file_digest(copy, "sha256").digest() != sha256:
                raise FatalError(f"content {sha256.hex()} is not what was stored: the blob folder was altered or is damaged")
    parts: dict[int, str | None] = {}
    for row in rows:
        if row.document_id in shared:
            parts[row.id] = None
            if row.byte_length is not None:
                with blobs.open_blob(connection, hub.settings.home, bytes(row.sha256)) as stream:
                    stream.seek(row.byte_offset or 0)
                    content = stream.read(row.byte_length)
                parts[row.id] = name = hashlib.sha256(content).hexdigest()
                (folder / name).write_bytes(content)
    return [
        {
            "exchange": row.id,
            "type": row.type,
            "business_key": row.business_key,
            "document": row.name,
            "whole": row.id not in parts,
            "sha256": parts.get(row.id, bytes(row.sha256).hex()),
            "offset": 0 if parts.get(row.id) else row.byte_offset,
            "length": row.byte_length,
        }
        for row in rows
    ]


def _balanced(connection: sa.Connection, shown: dict[str, Any], organisations: Collection[int] | None) -> set[int]:
    """Exchanges that an account weighed, those too of which nothing is left in a position: what was made, received and sent on."""
    said = telling(connection, affected(connection, Scope.from_json(shown["scope"])).lots)
    return {number for number, organisation in said.exchanges if organisations is None or organisation in organisations}
