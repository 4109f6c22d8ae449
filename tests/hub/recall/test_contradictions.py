"""What does not add up in a recall is told everywhere: account, status, report, PDF; and to whom units of no stated number went is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.apply import Applicable, apply
from hub.clock import FrozenClock
from hub.commands.recalls import status_command
from hub.recall import accounts, campaign, report
from hub.recall.campaign import Opening
from hub.recall.picture import picture
from hub.recall.scope import Scope
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import bulk, recalls, tables
from hub.store.identity import allocate
from tests.hub.recall.papers import CL, CLINIC, F1, made, row, sent

pytestmark = pytest.mark.slow
SITE = Path(__file__).parents[2] / "samples" / "site"
HOSPITAL = "version: 1\npartner: {key}\nname: {key}\nkind: customer\ngln: '{gln}'\n"


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    """An open hub that knows two hospitals."""
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    for key, gln in (("hospital", CL), ("clinic", CLINIC)):
        (site / "partners" / f"{key}.yaml").write_text(HOSPITAL.format(key=key, gln=gln), encoding="utf-8")
    opened = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 200_000, clock))
    yield opened
    opened.database.close()


def tell(hub: Hub, partner: str, entity: Mapping[str, Any]) -> None:
    with hub.database.begin("test") as uow:
        [number] = allocate(uow.connection, "exchange", 1)
        organisation, teller = hub.organisation_id("north"), hub.partner_id(partner)
        columns = ("id", "ordinal", "direction", "organisation_id", "partner_id", "state", "recorded_at", "changed_at")
        bulk.insert(uow.connection, tables.exchange, columns, [(number, 1, "in", organisation, teller, "applied", uow.now, uow.now)])
        [outcome] = apply(uow, [Applicable(number, organisation, teller, partner, entity, None)])
        assert outcome.state == "applied"


def opened(hub: Hub) -> str:
    with hub.database.begin("test") as uow:
        return campaign.open_recall(hub, uow, Opening("north", "T", "R", Scope(lots=(F1,)), "drill"))


def shown(hub: Hub, number: str) -> dict[str, Any]:
    with hub.database.begin("test") as uow:
        campaign.relocate(hub, uow, number)
    with hub.database.read() as connection:
        return picture(hub, connection, number)


def test_an_alarm_stands_wherever_people_read_the_recall(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(hub, "erp", made(quantity=3))
    tell(hub, "wms", sent())
    number = opened(hub)
    found = shown(hub, number)
    [lot] = found["lots"]
    assert [(one["rule"], one["quantity"]) for one in lot["contradictions"]] == [("more_found", Decimal(1))]
    for share in (lot["coverage"], found["totals"][0]["coverage"], found["score"]["coverage"]):
        assert share < 1
    folder = tmp_path / "report"
    report.write(hub, number, folder, "en")
    assert "more found than made" in (folder / "report.en.html").read_text(encoding="utf-8")
    assert "查得数量多于生产数量" in (folder / "report.zh-CN.html").read_text(encoding="utf-8")
    assert (folder / "report.zh-CN.pdf").read_bytes().startswith(b"%PDF")
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["lots"][0]["contradictions"]
    monkeypatch.setattr(Hub, "open", lambda *_args, **_more: hub)
    capsys.readouterr()
    status_command(number)
    said = capsys.readouterr().out
    assert "CONTRADICTION" in said and "more_found" in said


def test_a_consignee_of_units_in_no_stated_number_is_told_and_may_answer(hub: Hub) -> None:
    tell(hub, "erp", made())
    tell(hub, "wms", sent(quantity=None))
    number = opened(hub)
    with hub.database.begin("test") as uow:
        assert len(campaign.notify(hub, uow, number)[0]) == 1
    with hub.database.begin("test") as uow:
        assert campaign.notify(hub, uow, number) == ([], [])  # once
    [notice] = shown(hub, number)["notices"]
    assert (notice["partner"], notice["lots"][0]["quantity"]) == ("hospital", None)
    with hub.database.begin("test") as uow:
        campaign.answer(uow, number, notice["id"], {notice["lots"][0]["lot_key"]: {"used": 4}}, None)
    [lot] = shown(hub, number)["lots"]
    assert ("used", CL, Decimal(4)) in [(one["position"], one["holder"], one["quantity"]) for one in lot["positions"]]
    assert sum(one["quantity"] for one in lot["positions"]) == 10


@pytest.mark.parametrize("change", ["fewer", "elsewhere", "cancelled"])
def test_a_despatch_that_changes_after_the_answer_is_shown_beside_it(hub: Hub, change: str) -> None:
    tell(hub, "erp", made())
    tell(hub, "wms", sent())
    number = opened(hub)
    with hub.database.begin("test") as uow:
        [notice] = campaign.notify(hub, uow, number)[0]
    with hub.database.begin("test") as uow:
        campaign.answer(uow, number, notice, {F1: {"on_hand": 4}}, None)
    assert shown(hub, number)["lots"][0]["contradictions"] == []
    changes: dict[str, dict[str, Any]] = {"fewer": {"lines": [row(2)]}, "elsewhere": {"to": CLINIC}, "cancelled": {}}
    purpose = "cancel" if change == "cancelled" else "replace"
    tell(hub, "wms", sent(**changes[change], purpose=purpose, revision=2) | {"issued_at": sent(day=19)["issued_at"]})
    [lot] = shown(hub, number)["lots"]
    rules = {(one["rule"], one["place"]) for one in lot["contradictions"]}
    assert ("answered_otherwise", CL) in rules
    assert lot["coverage"] < 1
    if change == "elsewhere":
        with hub.database.begin("test") as uow:
            assert len(campaign.notify(hub, uow, number)[0]) == 1
        assert {one["partner"] for one in shown(hub, number)["notices"]} == {"hospital", "clinic"}


def test_an_answer_counts_at_once_and_locates_nothing_anew(hub: Hub, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(hub, "erp", made())
    tell(hub, "wms", sent())
    number = opened(hub)
    with hub.database.begin("test") as uow:
        [notice] = campaign.notify(hub, uow, number)[0]
    located: list[int] = []
    monkeypatch.setattr(accounts, "locate", lambda *given, real=accounts.locate: located.append(1) or real(*given))
    with hub.database.begin("test") as uow:
        campaign.answer(uow, number, notice, {F1: {"used": 4}}, None)
    assert located == []
    clock.advance(3600)
    with hub.database.read() as connection:
        read = picture(hub, connection, number)
        [lot] = read["lots"]
        kept = {row.position for row in recalls.findings(connection, recall_id(hub, number))[1]}
    assert ("used", CL, Decimal(4)) in [(one["position"], one["holder"], one["quantity"]) for one in lot["positions"]]
    assert "used" not in kept, "what was located is kept as it was found"
    assert read["located_at"] == clock.now(), "what is shown was located when it was read"
    assert read["score"]["hours_to_locate"] == 0


def recall_id(hub: Hub, number: str) -> int:
    with hub.database.read() as connection:
        return int(recalls.by_number(connection, number, None).id)
