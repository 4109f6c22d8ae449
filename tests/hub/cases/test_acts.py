"""What people do about cases: with reason, before and after in the story and in the audit chain; in bulk each for itself; signed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from data_contracts.errors import ConflictError, NotFoundError, RefusedError
from hub import audit, content, exchange, pipeline
from hub.cases import acts, fixes, signatures
from hub.cases.acts import Who
from hub.cases.kinds import named
from hub.cases.renew import renew
from hub.cases.settings import CaseSettings
from hub.cli import application
from hub.clock import FrozenClock
from hub.content import Reading
from hub.examine import reread
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Partner
from hub.store import blobs, cases, tables
from hub.store.case_tables import case_signature, case_step
from tests.hub.cases.test_following import listed, only, steps
from tests.hub.conftest import SITE, take
from tests.hub.registers.conftest import device, extract, run
from tests.hub.world import party
from tests.hub_api.masters import say
from tests.hub_api.papers import ACME, BOREALIS, GTIN, WRONG_GTIN, despatch, devices, interchange
from tests.journeys import bad_rows

ANN = Who("Ann")


def held(hub: Hub, number: str = "D1", control: int = 1, **more: Any) -> dict[str, Any]:
    take(hub, interchange(ACME, control, despatch(number, gtin=WRONG_GTIN, **more)), "acme")
    return next(one for one in listed(hub, kinds=("held",)) if one["subject"] == f"despatch_advice/{number}")


def shown(hub: Hub, case_id: int) -> dict[str, Any]:
    with hub.database.read() as connection:
        return cases.plain(cases.stored(connection, case_id))


def trail(hub: Hub, case_id: int) -> list[tuple[str, str, str | None, Any, Any]]:
    with hub.database.read() as connection:
        assert audit.verify_all(connection) == []
        rows = connection.execute(
            sa.select(tables.audit).where(tables.audit.c.subject == f"case/{case_id}").order_by(tables.audit.c.sequence)
        )
        return [(row.actor, row.action, row.reason, json.loads(row.before), json.loads(row.after)) for row in rows]


def test_a_case_is_assigned_noted_and_escalated_with_reasons(hub: Hub, clock: FrozenClock) -> None:
    first = held(hub)
    acts.assign(hub, first["id"], ANN, "Bo", "knows the supplier")
    acts.note(hub, first["id"], Who("Bo"), "they call back at ten")
    clock.advance(4 * 3600)
    acts.escalate(hub, first["id"], Who("Bo"), "Chief", "no answer")
    now = shown(hub, first["id"])
    assert (now["owner"], now["escalated"], now["state"], named(now["rank"])) == ("Chief", 1, "open", "supply")
    assert first["due_at"] - now["due_at"] == timedelta(hours=2)
    assert [(who, action, why) for who, action, why, _, _ in trail(hub, first["id"])] == [
        ("Ann", "case.assigned", "knows the supplier"),
        ("Bo", "case.noted", "they call back at ten"),
        ("Bo", "case.escalated", "no answer"),
    ]
    assert trail(hub, first["id"])[0][3:] == ({"owner": None}, {"owner": "Bo"})
    assert steps(hub, first["id"]) == ["opened", "assigned", "noted", "escalated"]
    with pytest.raises(ConflictError, match="reason"):
        acts.assign(hub, first["id"], ANN, "Bo", " ")
    with pytest.raises(NotFoundError):
        acts.note(hub, first["id"], Who("Cy", [hub.organisation_id("south")], False), "not mine")


def test_a_correction_names_what_stood_there_and_ends_the_case(hub: Hub) -> None:
    first = held(hub)
    made = acts.correct(hub, first["id"], ANN, {"lines[*].gtin": GTIN}, "their Ms Li said so")
    (entry,) = trail(hub, first["id"])
    assert entry[:3] == ("Ann", "case.corrected", "their Ms Li said so")
    assert entry[3] == {"exchange": first["exchange_id"], "fields": {"lines[0].gtin": WRONG_GTIN}}
    assert entry[4] == {"exchange": made, "fields": {"lines[0].gtin": GTIN}}
    assert shown(hub, first["id"])["state"] == "closed" and steps(hub, first["id"])[-2:] == ["corrected", "closed"]
    with pytest.raises(ConflictError):
        acts.correct(hub, first["id"], ANN, {"lines[*].gtin": GTIN}, "again")
    with pytest.raises(ConflictError, match="closed"):
        acts.accept(hub, first["id"], ANN, "too late")


def test_what_is_accepted_rests_until_it_says_something_else(hub: Hub) -> None:
    first = held(hub)
    acts.accept(hub, first["id"], ANN, "they will send it again")
    assert listed(hub, kinds=("held",)) == [] and shown(hub, first["id"])["state"] == "accepted"
    pipeline.reconcile(hub)
    assert shown(hub, first["id"])["state"] == "accepted"
    exchange.replay(hub, first["exchange_id"], "Bo", "with the new grammar")
    back = only(hub, kinds=("held",))
    assert (back["id"], back["times"], back["state"]) == (first["id"], 2, "open")


def test_accepting_closes_findings_dismisses_differences_and_leaves_duplicates_for_later(hub: Hub) -> None:
    take(hub, interchange(BOREALIS, 2, despatch("B1"), miscounted=0), "borealis")
    take(hub, devices(), "erp", key="d", agreement="devices")
    pipeline.reconcile(hub)
    run(hub, extract(device(hub, mri="unsafe")), "gudid_full_20261101.xml")
    say(hub, "erp", party("V1"))
    say(hub, "erp", party("V2"))
    waiting = {one["kind"]: one for one in listed(hub)}
    assert {"refused", "difference", "duplicate"} <= set(waiting)
    for kind in ("refused", "difference", "duplicate"):
        acts.accept(hub, waiting[kind]["id"], ANN, "known")
        assert shown(hub, waiting[kind]["id"])["state"] == "closed"
        assert trail(hub, waiting[kind]["id"])[-1][1:3] == ("case.accepted", "known")
    with hub.database.read() as connection:
        done = set(connection.execute(sa.select(tables.audit.c.action).where(tables.audit.c.actor == "Ann")).scalars())
    assert {"finding.closed", "difference.dismissed", "suspect.later", "case.accepted"} <= done


def test_the_partner_is_asked_and_the_case_waits_for_the_answer(hub: Hub, clock: FrozenClock, tmp_path: Path) -> None:
    first = held(hub)
    with pytest.raises(ConflictError, match="no route"):
        acts.ask(hub, first["id"], ANN, "Which GTIN is it?", send=True)
    assert shown(hub, first["id"])["state"] == "open"
    route = {"use": "folder", "folder": str(tmp_path / "out")}
    hub.site.partners = {**hub.site.partners, "acme": Partner(partner="acme", name="Acme", kind="supplier", notices=route)}
    acts.ask(hub, first["id"], ANN, "Which GTIN is it?", send=True)
    now = shown(hub, first["id"])
    assert now["state"] == "asked" and now["due_at"] - hub.clock.now() == timedelta(hours=72)
    with hub.database.read() as connection:
        parcel = connection.execute(sa.select(tables.outbox).where(tables.outbox.c.stable_id.like("case-question/%"))).one()
        said = json.loads(blobs.read_blob(connection, hub.settings.home, parcel.sha256))
    assert (said["text"], said["about"]) == ("Which GTIN is it?", "despatch_advice/D1")
    acts.note(hub, first["id"], ANN, "06901234000023, says Mr Wu")
    assert shown(hub, first["id"])["state"] == "open"


def test_a_selection_is_done_one_by_one_and_tells_what_failed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    take(hub, interchange(ACME, 1, *(despatch(f"D{n}", gtin=WRONG_GTIN) for n in (1, 2, 3))), "acme")
    numbers = [one["id"] for one in sorted(listed(hub, kinds=("held",)), key=lambda one: str(one["subject"]))]
    acts.correct(hub, numbers[1], ANN, {"lines[*].gtin": GTIN}, "done before")
    looks: list[str] = []

    def counted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: (looks.append(name), work(*given))[1]

    monkeypatch.setattr(pipeline, "renew_cases", counted("follow", renew))
    monkeypatch.setattr(content, "reread", counted("read", reread))
    reading = Reading()
    done = acts.in_bulk(
        hub, [*numbers, 987654], lambda n: acts.correct(hub, n, ANN, {"lines[*].gtin": GTIN}, "by telephone", None, reading)
    )
    assert looks == ["read", "follow"]  # once for all, neither once a message nor once a case
    assert [(one.case, one.done) for one in done] == [(numbers[0], True), (numbers[1], False), (numbers[2], True), (987654, False)]
    assert "there is no case" in (done[3].error or "") and done[1].error
    for number in (numbers[0], numbers[2]):
        assert [entry[1:3] for entry in trail(hub, number)] == [("case.corrected", "by telephone")]
    assert listed(hub, kinds=("held",)) == []


def test_what_must_be_signed_is_signed_by_two_components_and_bound_to_its_record(hub: Hub, clock: FrozenClock) -> None:
    hub.site.cases = CaseSettings.model_validate({"sign": [{"action": "correct", "kinds": ["held"], "rules": ["GS1-01"]}]})
    first = held(hub)
    with pytest.raises(ConflictError, match="electronic signature"):
        acts.correct(hub, first["id"], ANN, {"lines[*].gtin": GTIN}, "by telephone")
    for weak in ("short", "Ann"):
        with pytest.raises(RefusedError, match="at least"):
            signatures.set_secret(hub, "Ann", weak, "Ann")
    signatures.set_secret(hub, "Ann", "correct horse", "Ann")
    with pytest.raises(RefusedError):
        signatures.set_secret(hub, "Ann", "another horse", "Mallory", "a guess")
    with pytest.raises(RefusedError):
        signatures.identify(hub, "Ann", "wrong horse", "approved")
    signer = signatures.identify(hub, "Ann", "correct horse", "approved")
    with pytest.raises(RefusedError, match="own name"):
        acts.correct(hub, first["id"], Who("Bo"), {"lines[*].gtin": GTIN}, "by telephone", signer)
    acts.correct(hub, first["id"], ANN, {"lines[*].gtin": GTIN}, "by telephone", signer)
    with hub.database.read() as connection:
        told = [one for one in cases.steps(connection, first["id"]) if one["signed_by"]]
        assert [(one["signed_by"], one["meaning"], one["action"]) for one in told] == [("Ann", "approved", "corrected")]
        assert signatures.verify(connection, first["id"]) == {told[0]["ordinal"]: "holds"}
        kept = connection.execute(sa.text("SELECT hash FROM signing_secret")).scalar_one()
    assert kept.startswith("$argon2id$") and "correct horse" not in kept
    assert trail(hub, first["id"])[0][4]["meaning"] == "approved"
    with hub.database.begin("Mallory") as uow:
        uow.connection.execute(sa.update(case_step).where(case_step.c.action == "corrected").values(reason="by letter"))
    with hub.database.read() as connection:
        assert signatures.verify(connection, first["id"]) == {told[0]["ordinal"]: "broken"}
        assert signatures.verify_all(connection) == [(first["id"], told[0]["ordinal"])]


def test_a_signature_breaks_with_the_bytes_that_it_is_bound_to(hub: Hub) -> None:
    first = held(hub)
    signatures.set_secret(hub, "Ann", "correct horse", "Ann")
    acts.accept(hub, first["id"], ANN, "they send it again", signatures.identify(hub, "Ann", "correct horse", "responsible"))
    with hub.database.read() as connection:
        assert set(signatures.verify(connection, first["id"]).values()) == {"holds"}
    with hub.database.begin("Mallory") as uow:
        document = tables.document.c.id == first["document_id"]
        uow.connection.execute(sa.update(tables.document).where(document).values(sha256=b"\0" * 32))
    with hub.database.read() as connection:
        assert set(signatures.verify(connection, first["id"]).values()) == {"broken"}


def test_a_signature_on_a_document_breaks_with_its_bytes_and_is_not_made_anew_without_the_audit(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(hub, b"\x00 nothing that anybody reads" * 20, "borealis")
    first = only(hub, kinds=("refused",))
    signatures.set_secret(hub, "Ann", "correct horse", "Ann")
    acts.accept(hub, first["id"], ANN, "a test of theirs", signatures.identify(hub, "Ann", "correct horse", "reviewed"))
    monkeypatch.setattr(Hub, "open", lambda: hub)
    verify = CliRunner()
    sound = verify.invoke(application(), ["audit", "verify"])
    assert (sound.exit_code, "INTACT: 1 of 1 signatures" in sound.stdout) == (0, True), sound.output
    kept = sa.select(tables.document.c.sha256).where(tables.document.c.id == first["document_id"])
    with hub.database.begin("Mallory") as uow:
        right = uow.connection.execute(kept).scalar_one()
        chosen = sa.update(tables.document).where(tables.document.c.id == first["document_id"])
        uow.connection.execute(chosen.values(sha256=b"\0" * 32))
        assert set(signatures.verify(uow.connection, first["id"]).values()) == {"broken"}
        uow.connection.execute(chosen.values(sha256=right))
        assert set(signatures.verify(uow.connection, first["id"]).values()) == {"holds"}
        uow.connection.execute(sa.update(tables.finding).values(got="something harmless"))
        assert set(signatures.verify(uow.connection, first["id"]).values()) == {"broken"}
        row = uow.connection.execute(sa.select(case_signature)).one()
        forged = signatures._record(uow.connection, row.case_id, row.ordinal, row.signer, row.meaning, row.at)
        place = (tables.audit.c.organisation_id == row.audit_organisation_id, tables.audit.c.sequence == row.audit_sequence)
        entry = uow.connection.execute(sa.select(tables.audit.c.hash).where(*place)).scalar_one()
        seal = hashlib.sha256(forged + bytes(entry)).digest()
        uow.connection.execute(sa.update(case_signature).values(record_hash=forged, seal=seal))
    with hub.database.read() as connection:
        assert signatures.verify_all(connection) == [(first["id"], row.ordinal)] and audit.verify_all(connection) == []
    broken = verify.invoke(application(), ["audit", "verify"])
    assert (broken.exit_code, "BROKEN: 1 of 1 signatures" in broken.stdout) == (1, True), broken.output


def test_five_wrong_secrets_lock_a_signer_for_a_while(hub: Hub, clock: FrozenClock) -> None:
    signatures.set_secret(hub, "Ann", "correct horse", "Ann")
    for _ in range(signatures.TRIES):
        with pytest.raises(RefusedError):
            signatures.identify(hub, "Ann", "wrong horse", "reviewed")
    with pytest.raises(RefusedError):
        signatures.identify(hub, "Ann", "correct horse", "reviewed")
    clock.advance(15 * 60 + 1)
    assert signatures.identify(hub, "Ann", "correct horse", "reviewed").name == "Ann"
    with hub.database.read() as connection:
        refused = connection.execute(sa.select(sa.func.count()).where(tables.audit.c.action == "signing.refused")).scalar_one()
        assert refused == signatures.TRIES and audit.verify_all(connection) == []


@pytest.fixture
def harbour(database_url: str, tmp_path: Path, clock: FrozenClock) -> Any:
    """A hub whose site has a partner with a map and a code list of its own, and two of its files."""
    folder = bad_rows.site(SITE, tmp_path / "site")
    hub = Hub.open(Settings(tmp_path / "home", folder, database_url, "en", 1_000_000, clock))
    for paper in bad_rows.papers()[:2]:
        take(hub, paper.content, "hafen", key=paper.name)
    pipeline.reconcile(hub)
    yield hub
    hub.database.close()


def test_a_code_list_is_previewed_without_a_trace_and_then_frees_what_waits(harbour: Hub) -> None:
    fix = fixes.with_codes(harbour, "hafen_units", bad_rows.UNITS)
    before = _state(harbour)
    told = fixes.preview(harbour, fix, ANN)
    assert (
        _state(harbour) == before
        and (harbour.site.folder / "codes" / "hafen_units.csv").read_text() == bad_rows.FILES["codes/hafen_units.csv"]
    )
    assert [(one.rows, one.state, one.better) for one in told] == [((30, 21), "applied", True)] * 2
    freed, outcomes = fixes.apply(harbour, fix, ANN, "their words for a piece")
    assert len(freed) == 2 and all(one.done for one in outcomes)
    assert {one["rule"] for one in listed(harbour, kinds=("rows",))}.isdisjoint({"MAP-03"})
    with harbour.database.read() as connection:
        entry = connection.execute(sa.select(tables.audit).where(tables.audit.c.action == "codes.changed")).one()
        replayed = connection.execute(sa.select(tables.audit).where(tables.audit.c.action == "exchange.replayed")).all()
        assert audit.verify_all(connection) == []
    assert json.loads(entry.before)["text"] == bad_rows.FILES["codes/hafen_units.csv"] and "个,EA" in json.loads(entry.after)["text"]
    assert [(row.actor, row.reason) for row in replayed] == [("Ann", "their words for a piece")] * 2
    with pytest.raises(ConflictError, match="says that already"):
        fixes.apply(harbour, fixes.with_codes(harbour, "hafen_units", bad_rows.UNITS), ANN, "again")


def test_a_change_that_could_not_be_used_is_refused_before_anything_is_written(harbour: Hub) -> None:
    before = _state(harbour)
    for fix in (
        fixes.Fix("codes", "hafen_units", "source,canonical,outward\nEA,EA,yes\nEA,CS,yes\n"),
        fixes.Fix("mapping", "delimited/hafen_despatches", bad_rows.MENDED_MAP.replace("decimal_grouped", "no_such_function")),
        fixes.Fix("mapping", "../partners/hafen", "x"),
        fixes.Fix("codes", "..", "x"),
        fixes.with_codes(harbour, "hafen_units", {"Stk": "ZZZQ"}),
    ):
        with pytest.raises(ConflictError):
            fixes.preview(harbour, fix, ANN)
        with pytest.raises(ConflictError):
            fixes.apply(harbour, fix, ANN, "try")
    assert _state(harbour) == before


def _state(hub: Hub) -> list[Any]:
    with hub.database.read() as connection:
        counts = [connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables.metadata.sorted_tables]
    files = sorted((str(path), path.read_bytes()) for path in hub.site.folder.rglob("*") if path.is_file())
    return [counts, files]
