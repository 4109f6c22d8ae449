"""A site's files change while the hub runs: what is right is taken, what is wrong changes nothing, and nobody sees half of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from hub.clock import FrozenClock
from hub.reloading import Reloader
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import credentials
from hub_api import serve
from hub_api.app import create_app
from tests.hub.conftest import SITE, take
from tests.hub_api.papers import ACME, despatch, interchange

PARTNER = "version: 1\npartner: zeta\nname: Zeta\nkind: supplier\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SITE, tmp_path / "site"))


@pytest.fixture
def hub(database_url: str, tmp_path: Path, site: Path, clock: FrozenClock) -> Hub:
    return Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock))


def test_a_new_partner_is_known_and_a_faulty_file_leaves_all_as_it_was(hub: Hub, site: Path) -> None:
    watch = Reloader(hub, every=0)
    agreed = (site / "agreements" / "acme_in.yaml").read_text(encoding="utf-8")
    (site / "partners" / "zeta.yaml").write_text(PARTNER, encoding="utf-8")
    (site / "agreements" / "zeta_in.yaml").write_text(
        agreed.replace("acme_in", "zeta_in").replace("partner: acme", "partner: zeta").replace("ZZ:ACME", "ZZ:ZETA"), encoding="utf-8"
    )
    assert watch.look() is hub, "a file that has just changed may still be written"
    mended = watch.look()
    assert mended is not hub and "zeta" not in hub.site.partners and mended.partner_id("zeta")
    assert watch.look() is mended
    content = interchange(ACME, 7, despatch("S1")).replace(b"*ZZ*ACME ", b"*ZZ*ZETA ").replace(b"SH*ACME", b"SH*ZETA")
    assert take(mended, content, "zeta").outcome == "new"
    (site / "agreements" / "acme_in.yaml").write_text(agreed.replace("format: x12", "format: x21"), encoding="utf-8")
    with capture_logs() as logged:
        assert [watch.look() for _ in range(3)] == [mended] * 3
    (told,) = [line for line in logged if line["log_level"] == "error"]
    assert told["changed"] == ["agreements/acme_in.yaml"] and "format" in told["reason"] and "x12" in told["reason"]
    assert take(mended, interchange(ACME, 8, despatch("S2")), "acme").outcome == "new"
    (site / "agreements" / "acme_in.yaml").write_text(agreed, encoding="utf-8")
    watch.look()
    assert watch.look().site.agreements["acme_in"].format == "x12"
    hub.database.close()


def test_what_is_certain_to_fail_is_not_taken_and_a_fault_that_stood_before_stops_no_change(hub: Hub, site: Path) -> None:
    watch = Reloader(hub, every=0)
    agreed = (site / "agreements" / "acme_in.yaml").read_text(encoding="utf-8")
    broken = agreed.replace("mapping: x12/856", "mapping: x12/no_such")
    assert broken != agreed
    (site / "agreements" / "acme_in.yaml").write_text(broken, encoding="utf-8")
    with capture_logs() as logged:
        assert [watch.look() for _ in range(3)] == [hub] * 3
    (told,) = [line for line in logged if line["log_level"] == "error"]
    assert "x12/no_such" in told["reason"], "it loads, and `partner check` finds it"
    begun = Hub.open(hub.settings)  # who starts with it works with it: one flow that is wrong must not keep all others away
    watch = Reloader(begun, every=0)
    (site / "partners" / "zeta.yaml").write_text(PARTNER, encoding="utf-8")
    watch.look()
    assert "zeta" in watch.look().site.partners
    begun.database.close()
    hub.database.close()


def test_a_server_goes_on_with_the_site_as_its_files_are(hub: Hub, site: Path) -> None:
    app = create_app(hub)
    app.state.worker = beside = serve.Worker(hub, app.state.wake)
    app.state.listeners = serve.listeners_of(app, hub)
    watcher = serve.SiteWatcher(app, Reloader(hub, every=0.02), listen=True)
    with TestClient(app) as client:
        watcher.start()
        (site / "partners" / "zeta.yaml").write_text(PARTNER, encoding="utf-8")
        _until(lambda: app.state.hub is not hub)
        with app.state.hub.database.begin("test") as uow:
            key = credentials.issue(uow, "zeta", "partner", partner_id=app.state.hub.partner_id("zeta")).secret
        answer = client.get("/v1/documents", headers={"Authorization": f"Bearer {key}"})
        watcher.stop()
    assert (answer.status_code, answer.json()["items"]) == (200, [])
    assert beside.hub is app.state.hub and "zeta" in beside.hub.site.partners
    hub.database.close()


def _until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not done():
        if time.monotonic() > until:
            pytest.fail("the site was not taken")
        time.sleep(0.02)
