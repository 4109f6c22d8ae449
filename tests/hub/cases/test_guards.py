"""What acts on cases must not do: touch another case, decide for whoever may not, go unsigned, see or write what is not theirs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.contract import FOLDER
from data_contracts.errors import ConflictError, FatalError, NotFoundError, RefusedError
from data_contracts.findings import Finding, Place
from hub import exchange, pipeline
from hub.cases import acts, fixes, signatures
from hub.cases.acts import Who
from hub.cases.settings import CaseSettings
from hub.clock import FrozenClock
from hub.record import insert_findings
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import cases, tables
from tests.hub.cases.test_acts import ANN, held, shown
from tests.hub.cases.test_following import listed, only, steps
from tests.hub.conftest import SITE, take
from tests.hub.registers.conftest import device, extract, run
from tests.hub.world import party
from tests.hub_api.masters import say
from tests.hub_api.papers import ACME, GTIN, despatch, devices, interchange
from tests.journeys import bad_rows

_AGREEMENT = "agreements/hafen_despatches.yaml"
_DESPATCHES = "delimited/hafen_despatches"
OVERLAY = {
    _AGREEMENT: bad_rows.FILES[_AGREEMENT].replace(
        f"mapping: {_DESPATCHES}}}", f"mapping: {_DESPATCHES}}}, {{type: hafen_others, mapping: delimited/hafen_without_lots}}"
    ),
    "mappings/delimited/hafen_without_lots.yaml": f"""\
mapping: delimited/hafen_without_lots
version: 1
extends: {_DESPATCHES}
each:
  - to: lines
    remove: [lot]
""",
}
CONTRACT = {
    "contracts/hafen.odcs.yaml": (FOLDER / "despatch_lines.odcs.yaml")
    .read_text(encoding="utf-8")
    .replace("name: despatch_lines", "name: hafen"),
    _AGREEMENT: bad_rows.FILES[_AGREEMENT] + "contract: hafen\n",
}


@pytest.fixture
def files() -> dict[str, str]:
    """Further files of the site."""
    return {}


@pytest.fixture
def harbour(database_url: str, tmp_path: Path, clock: FrozenClock, files: dict[str, str]) -> Any:
    """A hub whose site has a partner with a map and a code list of its own, and one of its files."""
    folder = bad_rows.site(SITE, tmp_path / "site")
    for name, said in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(said, encoding="utf-8")
    hub = Hub.open(Settings(tmp_path / "home", folder, database_url, "en", 1_000_000, clock))
    paper = bad_rows.papers()[0]
    take(hub, paper.content, "hafen", key=paper.name)
    pipeline.reconcile(hub)
    yield hub
    hub.database.close()


def test_accepting_what_is_wrong_in_a_message_leaves_cases_of_its_rows_alone(harbour: Hub) -> None:
    rows = {one["id"]: shown(harbour, one["id"]) for one in listed(harbour, kinds=("rows",))}
    some = next(iter(rows.values()))
    wrong = Finding("UDI-01", place=Place(path="number"), got="x", severity="error", action="none")
    with harbour.database.begin("test") as uow:
        of = (some["exchange_id"], some["document_id"], None, harbour.partner_id("hafen"), harbour.organisation_id("north"))
        insert_findings(uow, [(*of, [wrong])])
    acts.accept(harbour, only(harbour, kinds=("finding",))["id"], ANN, "known")
    assert listed(harbour, kinds=("finding",)) == []
    assert {one["id"]: shown(harbour, one["id"]) for one in listed(harbour, kinds=("rows",))} == rows


def test_every_row_of_a_mapping_s_finding_is_reached_by_one_correction(harbour: Hub) -> None:
    first = next(one for one in listed(harbour, kinds=("rows",)) if one["rule"] == "MAP-03")
    made = acts.correct(harbour, first["id"], ANN, {"lines[*].unit": "EA"}, "their words for a piece")
    with harbour.database.read() as connection:
        keys = connection.execute(sa.select(tables.exchange.c["keys"]).where(tables.exchange.c.id == made)).scalar_one()
    assert keys["fields"] == [f"lines[{row}].unit" for row in range(10, 19)]
    assert shown(harbour, first["id"])["state"] == "closed" and keys["rows_left_out"] == 21


def test_only_who_decides_on_master_data_accepts_differences_and_duplicates(hub: Hub) -> None:
    take(hub, devices(), "erp", key="d", agreement="devices")
    pipeline.reconcile(hub)
    run(hub, extract(device(hub, mri="unsafe")), "gudid_full_20261101.xml")
    say(hub, "erp", party("V1"))
    say(hub, "erp", party("V2"))
    open_cases = {one["kind"]: one["id"] for one in listed(hub)}
    for kind in ("difference", "duplicate"):
        with pytest.raises(RefusedError, match="decides on master data"):
            acts.accept(hub, open_cases[kind], Who("ERP", decides=False), "known")
        with pytest.raises(RefusedError, match="decides on master data"):
            acts.assign(hub, open_cases[kind], Who("ERP", decides=False), "ERP", "mine")
        assert shown(hub, open_cases[kind])["state"] == "open"
    steward = Who("Ann", [hub.organisation_id("north")], False)
    with pytest.raises(NotFoundError):
        acts.accept(hub, open_cases["duplicate"], steward, "known")
    acts.accept(hub, open_cases["difference"], steward, "known")
    assert shown(hub, open_cases["difference"])["state"] == "closed"


SIGNED = {"sign": [{"action": "correct", "rules": ["GS1-01"]}, {"action": "fix", "kinds": ["rows"]}]}


def test_what_must_be_signed_is_not_corrected_by_another_way(hub: Hub) -> None:
    hub.site.cases = CaseSettings.model_validate(SIGNED)
    first = held(hub)
    with pytest.raises(ConflictError, match="electronic signature"):
        exchange.correct(hub, first["exchange_id"], {"lines[0].gtin": GTIN}, "Ann", "by telephone")
    assert shown(hub, first["id"])["state"] == "open"
    signatures.set_secret(hub, "Ann", "correct horse", "Ann")
    signer = signatures.identify(hub, "Ann", "correct horse", "approved")
    acts.correct(hub, first["id"], ANN, {"lines[*].gtin": GTIN}, "by telephone", signer)
    assert shown(hub, first["id"])["state"] == "closed"


def test_any_open_rule_of_a_case_demands_a_signature_not_only_its_first(hub: Hub) -> None:
    hub.site.cases = CaseSettings.model_validate({"sign": [{"action": "accept", "rules": ["UDI-01"]}]})
    first = held(hub)
    of = (first["exchange_id"], first["document_id"], None, hub.partner_id("acme"), hub.organisation_id("north"))
    with hub.database.begin("test") as uow:
        insert_findings(uow, [(*of, [Finding("UDI-01", place=Place(path="number"), got="x", severity="error", action="message")])])
    assert only(hub, kinds=("held",))["rule"] == "GS1-01"
    with pytest.raises(ConflictError, match="electronic signature"):
        acts.accept(hub, first["id"], ANN, "known")


def test_a_code_list_that_frees_what_must_be_signed_is_not_written_unsigned(harbour: Hub) -> None:
    harbour.site.cases = CaseSettings.model_validate(SIGNED)
    path = harbour.site.folder / "codes" / "hafen_units.csv"
    before = path.read_bytes()
    limits: tuple[list[int] | None, ...] = (None, [])
    for only_cases in limits:
        with pytest.raises(ConflictError, match="electronic signature"):
            fixes.apply(harbour, fixes.with_codes(harbour, "hafen_units", bad_rows.UNITS), ANN, "their words", only_cases)
    assert path.read_bytes() == before


def test_each_refused_envelope_is_a_case_of_whose_messages_it_holds(hub: Hub) -> None:
    def twice(receiver: str, control: int) -> bytes:
        sent = interchange(replace(ACME, receiver=receiver), control, despatch(f"D{control}"))
        return sent.replace(f"GE*1*{control}~".encode(), f"GE*7*{control}~".encode())

    take(hub, twice("NORTH", 1) + twice("SOUTH", 2), "acme")
    both = listed(hub, kinds=("refused",))
    assert len(both) == 2 and len({one["document_id"] for one in both}) == 1
    north = Who("Nora", [hub.organisation_id("north")], False)
    with hub.database.read() as connection:
        mine = cases.listed(connection, organisations=north.organisations, unowned=False, kinds=("refused",))
    assert len(mine) == 1
    (other,) = [one["id"] for one in both if one["id"] != mine[0]["id"]]
    with pytest.raises(NotFoundError):
        acts.accept(hub, other, north, "known")
    acts.accept(hub, mine[0]["id"], north, "known")
    assert shown(hub, mine[0]["id"])["state"] == "closed"
    assert (shown(hub, other)["state"], shown(hub, other)["finding_id"]) == (
        "open",
        next(o["finding_id"] for o in both if o["id"] == other),
    )


def test_a_correction_of_what_has_changed_meanwhile_is_refused(hub: Hub) -> None:
    first = held(hub)
    again = exchange.replay(hub, first["exchange_id"], "Bo", "with the new grammar")
    with pytest.raises(ConflictError, match="meanwhile"):  # the case does not know yet of the replay
        acts.correct(hub, first["id"], ANN, {"lines[0].gtin": GTIN}, "by telephone")
    pipeline.reconcile(hub)
    assert shown(hub, first["id"])["exchange_id"] == again
    acts.correct(hub, first["id"], ANN, {"lines[*].gtin": GTIN}, "by telephone")
    assert shown(hub, first["id"])["state"] == "closed"


def test_a_file_that_somebody_changed_during_the_preview_is_not_overwritten(harbour: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    look, path = fixes.preview, harbour.site.folder / "codes" / "hafen_units.csv"

    def while_bo_mends_it(*given: Any) -> Any:
        monkeypatch.setattr(fixes, "preview", look)
        fixes.apply(harbour, fixes.with_codes(harbour, "hafen_units", {"Stk": "EA"}), Who("Bo"), "German")
        return look(*given)

    fix = fixes.with_codes(harbour, "hafen_units", {"个": "EA"})
    monkeypatch.setattr(fixes, "preview", while_bo_mends_it)
    with pytest.raises(ConflictError, match="meanwhile"):
        fixes.apply(harbour, fix, ANN, "Chinese")
    assert "Stk,EA" in path.read_text(encoding="utf-8") and "个" not in path.read_text(encoding="utf-8")
    fixes.apply(harbour, fixes.with_codes(harbour, "hafen_units", {"个": "EA"}), ANN, "Chinese")
    assert {"Stk,EA", "个,EA"} <= {line.rstrip(",") for line in path.read_text(encoding="utf-8").splitlines()}


@pytest.mark.parametrize("files", [OVERLAY])
def test_a_map_whose_change_breaks_an_overlay_on_it_is_not_written(harbour: Hub, files: dict[str, str]) -> None:
    fix = fixes.Fix("mapping", "delimited/hafen_despatches", bad_rows.MENDED_MAP.replace("      - {to: lot, from: Lot}\n", ""))
    with pytest.raises(ConflictError, match="hafen_without_lots"):
        fixes.apply(harbour, fix, ANN, "lots are not ours")
    told = harbour.site.folder / "mappings" / "delimited" / "hafen_despatches.yaml"
    assert told.read_text(encoding="utf-8") == bad_rows.FILES["mappings/delimited/hafen_despatches.yaml"]


@pytest.mark.parametrize("files", [CONTRACT])
def test_what_is_judged_by_a_contract_of_the_site_can_be_freed(harbour: Hub, files: dict[str, str]) -> None:
    freed = fixes.preview(harbour, fixes.with_codes(harbour, "hafen_units", bad_rows.UNITS), ANN)
    assert [one.rows for one in freed] == [(30, 21)]


def test_a_difference_is_dismissed_with_its_step_and_signature_or_not_at_all(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    take(hub, devices(), "erp", key="d", agreement="devices")
    pipeline.reconcile(hub)
    run(hub, extract(device(hub, mri="unsafe")), "gudid_full_20261101.xml")
    say(hub, "erp", party("V1"))
    say(hub, "erp", party("V2"))
    signatures.set_secret(hub, "Ann", "correct horse", "Ann")
    signer = signatures.identify(hub, "Ann", "correct horse", "approved")

    def crash(*_: Any) -> bytes:
        raise FatalError("the machine stops")

    open_cases = {one["kind"]: one["id"] for one in listed(hub)}
    for kind in ("difference", "duplicate"):
        with monkeypatch.context() as stopped, pytest.raises(FatalError):
            stopped.setattr(signatures, "sign", crash)
            acts.accept(hub, open_cases[kind], ANN, "known", signer)
        assert [one["id"] for one in listed(hub, kinds=(kind,))] == [open_cases[kind]]
        acts.accept(hub, open_cases[kind], ANN, "known", signer)
        assert shown(hub, open_cases[kind])["state"] == "closed" and steps(hub, open_cases[kind])[-2:] == ["accepted", "closed"]
