"""The console in one process (`api`, on SQLite: nothing of it depends on the database) and as a person meets it (`visited`)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hub import pipeline
from hub.store import credentials
from hub.store.credentials import Role
from tests.hub.registers.conftest import device, extract, run
from tests.hub.world import party
from tests.hub_api.console.person import Person, chromium, window
from tests.hub_api.masters import say
from tests.hub_api.papers import ACME, GTIN, WRONG_GTIN, despatch, devices, interchange, orders, stock
from tests.journeys.server import Server


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server with one order, a despatch advice short of it, one that is held, one that is refused, and a count."""
    folder = tmp_path_factory.mktemp("console")
    shutil.copyfile(sqlite_template, folder / "udihub.db")
    server = Server(folder / "home", f"sqlite:///{folder / 'udihub.db'}")
    server.issue_keys()
    server.start()
    try:
        for answer in (
            server.post(
                orders("4500000001", quantity=24).replace(b"Polymer", b"<b>Polymer</b>"), "erp", key="o1", agreement="orders_north"
            ),
            server.post(interchange(ACME, 1, despatch("SHP1", quantity="20")), "acme"),
            server.post(interchange(ACME, 2, despatch("SHP2", quantity="4", gtin=WRONG_GTIN, lot="L2")), "acme"),
            server.post(interchange(ACME, 3, despatch("SHP3", gtin=GTIN), miscounted=0), "acme"),
            server.post(stock(10), "wms", key="s1", agreement="stock_north"),
            server.post(devices(), "erp", key="d1", agreement="devices"),
        ):
            assert answer.status_code in (200, 202), answer.text
        differ(server)
        yield server
    finally:
        assert server.stop() in (0, -15), server.log()


def differ(server: Server) -> None:
    """Have GUDID publish the device otherwise than we say, and one party entered three times."""
    hub = server.hub()
    pipeline.reconcile(hub)
    run(hub, extract(device(hub, mri="unsafe", catalogue_number="400-31")), "gudid_full_release_20261101.xml")
    for code, name in (("P1", "Polymer Works GmbH"), ("P2", "Polymer-Works"), ("P3", "Polymer Works B.V.")):
        say(hub, "erp", party(code, name=name, name_zh=None, gln=None, tax_number=f"DE-{code[:1]}"))
    hub.database.close()


def link_for(server: Server, role: Role = "steward") -> str:
    """A one-time link, as an administrator makes it."""
    hub = server.hub()
    with hub.database.begin("test") as uow:
        secret = credentials.issue(uow, f"{role} in person", role, kind="one_time_link").secret
    hub.database.close()
    return secret


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file, each of which has a window of its own."""
    with chromium() as started:
        yield started


@pytest.fixture
def steward(browser: Browser, served: Server) -> Iterator[Person]:
    """A steward with a browser that speaks English, signed in by a link."""
    with window(browser, served, "en-GB") as person:
        person.sign_in(link_for(served))
        yield person


@pytest.fixture
def steward_zh(browser: Browser, served: Server) -> Iterator[Person]:
    """The same with a Chinese browser."""
    with window(browser, served, "zh-CN") as person:
        person.sign_in(link_for(served))
        yield person
