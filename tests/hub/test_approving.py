"""A flow that tells nothing before a steward has approved it: asked once, told once, refused never, each with who, when and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from data_contracts.errors import ConflictError, RefusedError
from hub import approving, outbound, pipeline
from hub.cases import acts, signatures
from hub.cases.acts import Who
from hub.cases.shown import shown
from hub.cli import application
from hub.clock import FrozenClock
from hub.commands.administration import turn
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Site
from hub.site_reading import SiteError
from hub.store import approvals, tables
from hub.store import cases as store
from hub.store.case_tables import steward_case
from hub.store.stop_tables import flow_approval_fact
from tests.hub.test_changes_out import export as revision
from tests.hub.test_outbound import FLOW, cancellation, change, export, reopen, say, site, told

__all__ = ["reopen", "site"]


@pytest.fixture
def hub(site: Path, reopen: Any) -> Iterator[Hub]:
    change(site / "flows" / f"{FLOW}.yaml", "direction: out\n", "direction: out\napproval: required\n")
    yield reopen()


def waiting(hub: Hub) -> list[tuple[int, list[str]]]:
    with hub.database.read() as connection:
        found = approvals.listed(connection)
    return [(one["id"], [fact["subject"].partition("/")[2] for fact in one["first"]]) for one in reversed(found)]


def cases(hub: Hub) -> list[tuple[str, str, str]]:
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(steward_case).where(steward_case.c.kind == "release").order_by(steward_case.c.id))
        return [(row.subject, row.state, row.cause) for row in rows]


def audited(hub: Hub) -> list[tuple[str, str, str | None]]:
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.audit).where(tables.audit.c.subject == f"flow/{FLOW}").order_by(tables.audit.c.sequence))
        return [(row.action, row.actor, row.reason) for row in rows]


def test_what_is_due_waits_for_a_steward_and_what_is_refused_is_never_told(hub: Hub) -> None:
    say(hub, export("4500000001", "4500000002"), "a")
    while turn(hub):
        pass
    assert told(hub) == [] and cases(hub) == [(f"flow/{FLOW}", "open", "release")]
    ((first, named),) = waiting(hub)
    assert named == ["4500000001", "4500000002"]
    say(hub, export("4500000003"), "b")  # what comes later is asked for by itself: nobody approves what he has not seen
    while turn(hub):
        pass
    (_, (second, _)) = waiting(hub)
    with pytest.raises(ConflictError, match="a reason is needed"):
        approving.decide(hub, first, "approved", "Li", " ")
    assert approving.decide(hub, first, "approved", "Li", "as planned")["state"] == "approved"
    approving.decide(hub, second, "refused", "Li", "ordered twice")
    with pytest.raises(ConflictError, match="decided before"):
        approving.decide(hub, first, "refused", "Li", "too late")
    while turn(hub):
        pass
    assert told(hub) == [("00", "4500000001"), ("00", "4500000002")]
    assert waiting(hub) == [] and {state for _, state, _ in cases(hub)} == {"closed"}
    decisions = [(action, reason) for action, actor, reason in audited(hub) if actor == "Li"]
    assert decisions == [("flow.approved", "as planned"), ("flow.refused", "ordered twice")]
    say(hub, cancellation("4500000001"), "c")  # a cancellation is another thing to tell, and asked for as well
    while turn(hub):
        pass
    assert len(told(hub)) == 2
    ((third, _),) = waiting(hub)
    approving.decide(hub, third, "approved", "Li", "so be it")
    assert outbound.push(hub, hub.site.flows[FLOW]) and told(hub)[-1][1] == "4500000001"


def test_nothing_leaves_with_an_order_that_nobody_approved_or_that_was_refused(hub: Hub) -> None:
    def turns() -> list[tuple[int, list[str]]]:
        while turn(hub):
            pass
        return waiting(hub)

    def beside() -> list[str]:
        with hub.database.read() as connection:
            return [part["state"] for part in approvals.listed(connection)[0]["beside"]]

    say(hub, revision(1, ("1", 24, "2.5"), ("2", 10, "4")), "a")
    ((first, _),) = turns()
    say(hub, revision(2, ("2", 99999, "4"), purpose="changed"), "b")  # an order leaves whole: with the change that came meanwhile
    (_, (second, _)) = turns()
    assert beside() == ["waiting"]
    pipeline.cases(hub)
    with hub.database.read() as connection:
        release = sa.select(steward_case.c.id).where(steward_case.c.kind == "release", steward_case.c.cause_id == second)
        opened = shown(hub, connection, connection.execute(release).scalar_one(), Who("Li"), "en")
    assert [part["state"] for part in opened["beside"]] == ["waiting"] and opened["compared"] is None, "the case shows what leaves with it"
    approving.decide(hub, first, "approved", "Li", "the ten are as planned")
    turns()
    assert told(hub) == [], "what nobody approved does not leave with what was approved"
    approving.decide(hub, second, "refused", "Li", "99999 is a typo")
    turns()
    assert told(hub) == []
    say(hub, export("4500000002"), "e")
    ((other, _),) = turns()
    say(hub, revision(3, ("1", 12, "4"), purpose="changed"), "c")
    (_, (third, _)) = turns()
    assert beside() == ["refused", "approved"], "what would leave is shown: a later change says nothing of the line that was refused"
    approving.decide(hub, third, "approved", "Li", "they do want 99999")
    turns()
    assert told(hub) == [("00", "4500000001")], "told once, whole, whatever of other orders waits"
    say(hub, revision(4, ("1", 13, "4"), purpose="changed"), "d")
    (_, (fourth, _)) = turns()
    assert beside() == ["approved", "told", "told"]
    approving.decide(hub, fourth, "approved", "Li", "13 then")
    turns()
    assert told(hub)[1:] == [("05", "4500000001")] and [number for number, _ in waiting(hub)] == [other]


def test_the_case_approves_too_and_only_by_who_decides(hub: Hub) -> None:
    say(hub, export("4500000001"), "a")
    while turn(hub):
        pass
    pipeline.cases(hub)
    with hub.database.read() as connection:
        number = connection.execute(sa.select(steward_case.c.id).where(steward_case.c.kind == "release")).scalar_one()
    with pytest.raises(RefusedError, match="a steward or an administrator"):
        acts.accept(hub, number, Who("robot", decides=False), "go")
    acts.accept(hub, number, Who("Li"), "checked against the plan")
    while turn(hub):
        pass
    assert told(hub) == [("00", "4500000001")] and cases(hub)[0][1] == "closed"
    assert ("flow.approved", "Li", "checked against the plan") in audited(hub)


def test_who_refuses_signs_nothing_and_who_signs_signs_what_leaves(site: Path, reopen: Any) -> None:
    change(site / "flows" / f"{FLOW}.yaml", "direction: out\n", "direction: out\napproval: required\n")
    (site / "cases.yaml").write_text("version: 1\nsign:\n  - {action: accept, kinds: [release]}\n", encoding="utf-8")
    hub = reopen()
    numbers = []
    for order in ("4500000001", "4500000002"):
        say(hub, export(order), order)
        while turn(hub):
            pass
        numbers.append(waiting(hub)[-1][0])
    with hub.database.read() as connection:
        query = sa.select(steward_case.c.id).where(steward_case.c.kind == "release").order_by(steward_case.c.cause_id)
        refused, accepted = connection.execute(query).scalars()
    with pytest.raises(ConflictError, match="your electronic signature"):
        approving.decide(hub, numbers[0], "approved", "Li", "go")
    approving.decide(hub, numbers[0], "refused", "Li", "ordered twice")
    signatures.set_secret(hub, "Li", "a good secret", "Li")
    acts.accept(hub, accepted, Who("Li"), "as planned", signatures.identify(hub, "Li", "a good secret", "approved"))
    with hub.database.read() as connection:
        told_of = [[(step["action"], step["reason"]) for step in store.steps(connection, case)] for case in (refused, accepted)]
        (said,) = [step["after"] for step in store.steps(connection, accepted) if step["action"] == "accepted"]
        assert signatures.verify_all(connection) == []
    assert told_of[0][1:] == [("refused", "ordered twice"), ("closed", None)] and told_of[1][1][0] == "accepted"
    assert said["flow"] == FLOW and [key for _, key, *_ in said["leaves"]] == ["purchase_order/4500000002"]
    with hub.database.begin("vandal") as uow:
        slipped = sa.update(flow_approval_fact).where(flow_approval_fact.c.approval_id == numbers[0]).values(approval_id=numbers[1])
        uow.connection.execute(slipped)
    with hub.database.read() as connection:
        assert [case for case, _ in signatures.verify_all(connection)] == [accepted], "what was not signed may not leave under a signature"


def test_the_command_line_lists_and_decides(site: Path, tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    change(site / "flows" / f"{FLOW}.yaml", "direction: out\n", "direction: out\napproval: required\n")
    hub = Hub.open(Settings(tmp_path / "home", site, f"sqlite:///{tmp_path / 'home' / 'udihub.db'}", "en", 1_000_000, clock))
    say(hub, export("4500000001"), "a")
    while turn(hub):
        pass
    hub.database.close()
    for name, value in (("HOME", tmp_path / "home"), ("SITE", site), ("LANG", "en")):
        monkeypatch.setenv(f"UDIHUB_{name}", str(value))
    monkeypatch.delenv("UDIHUB_DATABASE_URL", raising=False)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(application(), ["flow", *arguments], catch_exceptions=False)

    assert CliRunner().invoke(application(), ["key", "create", "Li", "--role", "steward"]).exit_code == 0
    shown = run("approvals", "--json")
    assert shown.exit_code == 1 and json.loads(shown.stdout)["first"][0]["subject"].endswith("/4500000001")
    assert "approved" in run("approve", "1", "--reason", "as planned", "--by", "Li").stdout
    assert run("approvals").exit_code == 0 and "by Li: as planned" in run("approvals", "--all").stdout


def test_an_inbound_flow_has_nothing_to_approve(site: Path) -> None:
    change(site / "flows" / f"{FLOW}.yaml", "direction: out\n", "direction: in\napproval: required\n")
    with pytest.raises(SiteError, match="approval"):
        Site.load(site)
