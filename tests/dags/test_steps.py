"""The steps without Airflow: a worker may be killed at any moment, and a bad document stops no other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dags import steps
from dags.standalone import standing
from data_contracts.errors import ConfigError, FatalError, RetriableError
from hub import worker
from hub.settings import Settings
from hub.store import differences, tables
from tests.connectors.extracts.published import gudid, gudid_record
from tests.dags.mailbox import SITE, Mailbox

ROOT = Path(__file__).parents[2]
FLOW = "erp_orders_suzhou"
KILLED = """
import os, sys
from dags import steps
from hub import pipeline, worker
from hub.store import claims
def die(*_args, **_more):
    os._exit(9)
{how}
{step}
"""


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A home of the demonstration's site with SQLite, and its files."""
    for name in [name for name in os.environ if name.startswith("UDIHUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UDIHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UDIHUB_SITE", str(SITE))
    yield Mailbox(Settings.from_environment().clock.now())


def killed(how: str, step: str) -> None:
    """Run a step in a process that dies at once where `how` says, as by kill -9."""
    code = KILLED.format(how=how, step=step)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True)
    assert done.returncode == 9, done.stderr


def run(flow: str) -> None:
    for batch in steps.fetch(flow):
        steps.process(batch)
    steps.reconcile()
    steps.push_after(flow)
    steps.send()


def now() -> dict[str, Any]:
    return standing(Settings.from_environment())


@pytest.mark.slow
def test_killed_after_landing_and_before_settling_nothing_is_lost_or_doubled(mailbox: Mailbox) -> None:
    (file,) = mailbox.put(FLOW, 0, 1)
    killed("type(pipeline.transport_named('folder')).settle = die", f"steps.fetch({FLOW!r})")
    assert file.exists(), "it died before the file was moved away"
    assert steps.fetch(FLOW) == [[1]]
    assert not file.exists()
    assert now()["rows"]["document"] == 1


@pytest.mark.slow
def test_killed_before_it_said_what_it_fetched_the_next_one_says_it(mailbox: Mailbox) -> None:
    mailbox.put(FLOW, 0, 2)
    killed("steps._batches = die", f"steps.fetch({FLOW!r})")
    assert steps.fetch(FLOW) == [[1, 2]]


@pytest.mark.slow
def test_killed_with_a_claim_the_documents_are_taken_up_when_the_lease_ends(mailbox: Mailbox) -> None:
    mailbox.put(FLOW, 0, 2)
    (batch,) = steps.fetch(FLOW)
    killed("worker.process = die", f"steps.process({batch})")
    with pytest.raises(RetriableError, match="2 of 2 documents are with another worker"):
        steps.process(batch)
    assert steps.fetch(FLOW) == [], "they belong to somebody: no other run takes them"
    expire_leases()
    assert steps.process(batch) == 2
    assert now()["rows"]["application"] >= 2


@pytest.mark.slow
def test_killed_after_processing_nothing_is_done_twice(mailbox: Mailbox) -> None:
    mailbox.put(FLOW, 0, 2)
    (batch,) = steps.fetch(FLOW)
    killed("steps._left = die", f"steps.process({batch})")
    before = now()
    assert steps.process(batch) == 0
    assert now() == before


@pytest.mark.slow
def test_killed_between_delivering_and_saying_so_the_delivery_keeps_its_name(mailbox: Mailbox) -> None:
    mailbox.put(FLOW, 0, 2)
    for batch in steps.fetch(FLOW):
        steps.process(batch)
    assert steps.push_after(FLOW) != []
    killed("from hub.store import outbox; outbox.sent = die", "steps.send()")
    delivered = {path: path.read_bytes() for path in (mailbox.home / "out").rglob("*") if path.is_file()}
    assert len(delivered) == 1
    expire_leases()
    assert steps.send() >= 1
    assert {path: path.read_bytes() for path in delivered} == delivered
    assert len([path for path in (mailbox.home / "out").rglob("*") if path.is_file()]) == now()["rows"]["outbox"]
    assert steps.send() == 0


def test_a_second_run_changes_nothing(mailbox: Mailbox) -> None:
    mailbox.put(FLOW)
    run(FLOW)
    before = now()
    assert before["rows"]["application"] > 10
    run(FLOW)
    assert now() == before


def test_equal_files_again_change_nothing(mailbox: Mailbox) -> None:
    (file,) = mailbox.put(FLOW, 0, 1)
    run(FLOW)
    before = now()
    mailbox.put(FLOW, 0, 1)
    run(FLOW)
    assert now() == before
    assert not file.exists()


def test_a_document_that_breaks_the_machine_stops_no_other(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox.put(FLOW, 0, 3)
    (batch,) = steps.fetch(FLOW)
    examine = worker._examine

    def breaking(hub: Any, job: Any) -> None:
        if job.row.id == batch[1]:
            raise ZeroDivisionError("a mistake of ours")
        examine(hub, job)

    monkeypatch.setattr(worker, "_examine", breaking)
    with pytest.raises(ZeroDivisionError):
        steps.process(batch)
    with steps.opened() as hub, hub.database.read() as connection:
        states = dict(connection.execute(tables.document.select().with_only_columns(tables.document.c.id, tables.document.c.state)).all())
    assert states == {batch[0]: "processed", batch[1]: "received", batch[2]: "processed"}

    for _ in range(steps.ATTEMPTS - 1):
        expire_leases()
        with pytest.raises(ZeroDivisionError):
            steps.process(batch)
    expire_leases()
    assert steps.set_aside() == [batch[1]]
    assert steps.backlog() == []
    assert steps.process(batch) == 0


def test_the_backlog_takes_what_no_flow_fetched(mailbox: Mailbox) -> None:
    with steps.opened() as hub, hub.database.begin("test") as uow:
        from hub.store.inbox import Delivery, land

        landing = land(uow, Delivery(hub.organisation_id("suzhou"), hub.partner_id("erp"), "http", "k", b"no message", name="a.txt"))
    assert steps.fetch(FLOW) == []
    assert steps.backlog() == [[landing.document_id]]


def test_an_audit_that_was_altered_stops_and_keeps_the_exported_head(mailbox: Mailbox) -> None:
    mailbox.put(FLOW, 0, 1)
    run(FLOW)
    heads = steps.verify_audit()
    assert heads != {}
    exported = (mailbox.home / "audit" / "head.json").read_bytes()
    with steps.opened() as hub, hub.database._writer.begin() as connection:
        connection.execute(tables.audit.update().where(tables.audit.c.sequence == 1).values(actor="somebody else"))
    with pytest.raises(FatalError, match="entry 1 was altered"):
        steps.verify_audit()
    assert (mailbox.home / "audit" / "head.json").read_bytes() == exported


@pytest.mark.parametrize(("step", "flow"), [(steps.fetch, "no_such_flow"), (steps.fetch, "jiangnan_polymer_orders"), (steps.push, FLOW)])
def test_a_flow_that_is_not_there_or_goes_the_other_way_is_named(mailbox: Mailbox, step: Any, flow: str) -> None:
    with pytest.raises(ConfigError, match=flow):
        step(flow)


def expire_leases() -> None:
    """As if the time of the leases had passed."""
    with steps.opened() as hub, hub.database.begin("test") as uow:
        for table in (tables.document, tables.outbox):
            uow.connection.execute(table.update().where(table.c.lease_until.is_not(None)).values(lease_until=0))


def test_extracts_of_a_register_are_compared_by_their_flow(mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    text = "version: 1\nflow: gudid\ndirection: in\ncompare: gudid\ntransport: {use: folder, folder: in/gudid, ready: rename}\n"
    (site / "flows" / "gudid.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("UDIHUB_SITE", str(site))
    folder = Settings.from_environment().home / "in" / "gudid"
    folder.mkdir(parents=True)
    company = "NovaMed Devices (Suzhou) Co., Ltd."
    (folder / "gudid_daily_update_20261101.xml").write_text(gudid(gudid_record("06901234500059", company)), encoding="utf-8")
    run("gudid")
    with steps.opened() as hub, hub.database.read() as connection:
        (found,) = differences.listed(connection)
    assert (found["kind"], found["company"], found["changed_by"]) == ("missing_here", company, "flow:gudid")
    assert list(folder.glob("*.xml")) == []
