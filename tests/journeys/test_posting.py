"""A partner posts despatch advices with curl to a real server: the story that the README tells."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from hub.store import tables
from tests.hub_api.papers import ACME, despatch, found, interchange
from tests.journeys.server import Server


def curl(server: Server, folder: Path, content: bytes, *more: str) -> tuple[int, dict[str, str], bytes]:
    """What a partner types; status, headers and body of the answer."""
    program = shutil.which("curl")
    assert program is not None, "this test needs curl: apt-get install curl"
    (folder / "asn.edi").write_bytes(content)
    subprocess.run(
        [
            *(program, "-sS", "--data-binary", "@asn.edi", "-H", f"Authorization: Bearer {server.keys['acme']}", "-H", "Prefer: wait"),
            *("-H", "Content-Type: application/edi-x12", "-D", "head", "-o", "body", *more, server.address("/v1/documents")),
        ],
        cwd=folder,
        check=True,
        timeout=60,
    )
    first, *lines = (folder / "head").read_text().strip().splitlines()
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, (folder / "body").read_bytes()


def effects(server: Server) -> dict[str, int]:
    """Rows of every table but the keys' and those that the worker renews in its own time."""
    hub = server.hub()
    with hub.database.read() as connection:
        counted = {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
            if table.name not in ("credential", "counter", "stale", "discrepancy", "steward_case", "case_step", "audit", "audit_head")
        }
        counted["document.landed"] = connection.execute(
            sa.select(sa.func.count()).select_from(tables.audit).where(tables.audit.c.action == "document.landed")
        ).scalar_one()
        counted["document.processed"] = connection.execute(
            sa.select(sa.func.count()).select_from(tables.audit).where(tables.audit.c.action == "document.processed")
        ).scalar_one()
    hub.database.close()
    return counted


def test_good_again_conflict_and_one_bad_set_among_good_ones(server: Server, tmp_path: Path) -> None:
    good = interchange(ACME, 1, despatch("S1"), despatch("S2"))
    status, headers, answer = curl(server, tmp_path, good)
    assert (status, headers["content-type"]) == (200, "application/edi-x12")
    assert found(answer, "AK5") == [["AK5", "A"]] * 2 and found(answer, "AK9") == [["AK9", "A", "2", "2", "2"]]
    once = effects(server)
    assert once["application"] == 2 and once["acknowledgement"] == 1

    status, headers_again, again = curl(server, tmp_path, good)
    assert (status, again, headers_again["udihub-repeat"]) == (200, answer, "true")
    assert headers_again["location"] == headers["location"]
    assert effects(server) == once

    other = interchange(ACME, 1, despatch("S1", quantity="99"))
    status, headers_other, problem = curl(server, tmp_path, other)
    assert (status, headers_other["content-type"]) == (409, "application/problem+json")
    assert server.get(headers["location"] + "/content", "acme").content == good
    assert server.get(headers_other["location"] + "/content", "acme").content == other
    (refusal,) = server.get(headers_other["location"] + "/acknowledgements", "acme").json()
    assert refusal["kind"] == "TA1" and found(refusal["content"].encode(), "TA1")[0][4:6] == ["R", "025"]
    hub = server.hub()
    with hub.database.read() as connection:
        parcels = connection.execute(sa.select(tables.outbox.c.kind, tables.outbox.c.state).order_by(tables.outbox.c.id)).all()
        assert [tuple(parcel) for parcel in parcels] == [("acknowledgement", "sent")] * 2, "the partner fetched the 997 and the TA1"
    hub.database.close()
    twice = effects(server)
    assert (twice["application"], twice["exchange"]) == (once["application"], once["exchange"]) == (2, 2)
    assert curl(server, tmp_path, other)[0] == 409
    assert effects(server) == twice
    assert b"document" in problem

    mixed = interchange(ACME, 2, despatch("S3"), despatch("S4"), despatch("S5"), miscounted=1)
    status, headers, answer = curl(server, tmp_path, mixed)
    assert status == 200
    assert [segment[1] for segment in found(answer, "AK5")] == ["A", "R", "A"] and found(answer, "AK9")[0][1:] == ["P", "3", "3", "2"]
    exchanges = server.get(headers["location"], "acme").json()["exchanges"]
    assert [exchange["state"] for exchange in exchanges] == ["applied", "rejected", "applied"]
    assert effects(server)["application"] == 4
    assert server.stop() == 0


def test_the_worker_beside_takes_what_nobody_waits_for(server: Server) -> None:
    answer = server.post(interchange(ACME, 1, despatch("S1")), "acme", wait=False)
    assert answer.status_code == 202
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if server.get(answer.headers["Location"], "acme").json()["state"] == "processed":
            break
        time.sleep(0.05)
    else:
        pytest.fail(f"nobody processed it: {server.log()}")
    content = server.get(answer.headers["Location"] + "/acknowledgements", "acme", Accept="application/edi-x12").content
    assert found(content, "AK5") == [["AK5", "A"]]


def test_too_large_and_cut_off_bodies_leave_no_document(server: Server) -> None:
    large = b"ISA" + b"x" * 1_200_000
    refused = 0
    for content in (large, (large[start : start + 65536] for start in range(0, len(large), 65536))):
        try:
            answer = httpx.post(
                server.address("/v1/documents"), content=content, headers={"Authorization": f"Bearer {server.keys['acme']}"}, timeout=60
            )
        except httpx.TransportError:  # the server answered and closed while we were still sending
            refused += 1
            continue
        assert answer.status_code == 413
        refused += 1
    assert refused == 2
    assert server.get("/v1/documents").json()["items"] == []
    assert [row["rule"] for row in server.get("/v1/findings", "acme").json()["items"]] == ["SEC-03"] * 2
    assert server.post(interchange(ACME, 1, despatch("S1")), "acme").status_code == 200, "the others go on"
