"""Two agreements with the same identities are our own mistake: a good document waits for the site to be mended."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import check, worker
from hub.clock import FrozenClock
from hub.examine import Claimant
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import claims, documents, tables
from tests.hub.conftest import SITE, take
from tests.hub.test_worker import rules, states
from tests.hub_api.papers import ACME, despatch, interchange


@pytest.fixture
def twins(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    (site / "agreements" / "twin.yaml").write_text(
        (site / "agreements" / "acme_in.yaml").read_text().replace("agreement: acme_in", "agreement: twin")
    )
    settings = Settings(home=tmp_path / "home", site=site, database_url=database_url, language="en", max_body=1_000_000, clock=clock)
    opened = Hub.open(settings)
    yield opened
    opened.database.close()


@pytest.mark.parametrize("large", [False, True])
def test_the_document_is_held_and_taken_once_the_site_is_mended(twins: Hub, large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(worker, "LARGE", 1)
    landed = take(twins, interchange(ACME, 1, despatch("D1")), "acme")
    with twins.database.read() as connection:
        assert documents.state_of(connection, landed.document_id) == "quarantined"
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.outbox)).scalar_one() == 0, "nobody is refused"
    assert rules(twins, landed.document_id) == ["AGR-05"]
    (twins.site.folder / "agreements" / "twin.yaml").unlink()
    mended = Hub.open(twins.settings)
    with mended.database.begin("test") as uow:
        claims.retry(uow, landed.document_id, "the site is mended")
    worker.drain(mended)
    assert states(mended, landed.document_id) == ["applied"]
    mended.database.close()


def test_a_dry_run_names_both_and_answers_nothing(twins: Hub, tmp_path: Path) -> None:
    path = tmp_path / "asn.edi"
    path.write_bytes(interchange(ACME, 1, despatch("D1")))
    answer = check.check_file(path, twins.site, Claimant("acme"), twins.clock.now())
    (finding,) = answer["interchanges"][0]["findings"]
    assert (finding["rule"], finding["expected"], answer["acknowledgement"]) == ("AGR-05", "acme_in, twin", None)
    named = check.check_file(path, twins.site, Claimant("acme", agreement="twin"), twins.clock.now())
    assert named["valid"]
