"""What acts on cases must not do: touch another case, decide for whoever may not, go unsigned, see or write what is not theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data_contracts.errors import NotFoundError, RefusedError
from data_contracts.findings import Finding, Place
from hub import pipeline
from hub.cases import acts
from hub.cases.acts import Who
from hub.clock import FrozenClock
from hub.record import insert_findings
from hub.runtime import Hub
from hub.settings import Settings
from tests.hub.cases.test_acts import ANN, shown
from tests.hub.cases.test_following import listed, only
from tests.hub.conftest import SITE, take
from tests.hub.registers.conftest import device, extract, run
from tests.hub.world import party
from tests.hub_api.masters import say
from tests.hub_api.papers import devices
from tests.journeys import bad_rows


@pytest.fixture
def harbour(database_url: str, tmp_path: Path, clock: FrozenClock) -> Any:
    """A hub whose site has a partner with a map and a code list of its own, and one of its files."""
    folder = bad_rows.site(SITE, tmp_path / "site")
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


def test_only_who_decides_on_master_data_accepts_differences_and_duplicates(hub: Hub) -> None:
    take(hub, devices(), "erp", key="d", agreement="devices")
    pipeline.reconcile(hub)
    run(hub, extract(device(hub, mri="unsafe")), "gudid_full_20261101.xml")
    say(hub, "erp", party("V1"))
    say(hub, "erp", party("V2"))
    cases = {one["kind"]: one["id"] for one in listed(hub)}
    for kind in ("difference", "duplicate"):
        with pytest.raises(RefusedError, match="decides on master data"):
            acts.accept(hub, cases[kind], Who("ERP", decides=False), "known")
        assert shown(hub, cases[kind])["state"] == "open"
    steward = Who("Ann", [hub.organisation_id("north")], False)
    with pytest.raises(NotFoundError):
        acts.accept(hub, cases["duplicate"], steward, "known")
    acts.accept(hub, cases["difference"], steward, "known")
    assert shown(hub, cases["difference"])["state"] == "closed"
