"""A steward steers a recall in the browser: from the trace of a lot to its opening, notices, an answer, and its end."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from hub.apply import Applicable, apply
from hub.reconcile import reconcile
from hub.store import bulk, tables
from hub.store.identity import allocate
from tests.hub.world import at, production
from tests.hub_api.console.conftest import link_for
from tests.hub_api.console.person import Person, window
from tests.journeys.server import Server

pytestmark = pytest.mark.browser
GTIN, HOME = "06901234000029", "6901234999997"


def speak(server: Server, *messages: tuple[str, Mapping[str, Any]]) -> None:
    """Messages (partner, entity), applied."""
    hub = server.hub()
    organisation = hub.organisation_id("north")
    with hub.database.begin("test") as uow:
        ids = allocate(uow.connection, "exchange", len(messages))
        columns = ("id", "ordinal", "direction", "organisation_id", "partner_id", "state", "recorded_at", "changed_at")
        partners = [hub.partner_id(key) for key, _ in messages]
        rows = [(one, 1, "in", organisation, partner, "applied", uow.now, uow.now) for one, partner in zip(ids, partners, strict=True)]
        bulk.insert(uow.connection, tables.exchange, columns, rows)
        apply(
            uow,
            [Applicable(one, organisation, hub.partner_id(key), key, said, None) for one, (key, said) in zip(ids, messages, strict=True)],
        )
    with hub.database.begin("test") as uow:
        reconcile(uow)
    hub.database.close()


@pytest.fixture
def lot(served: Server) -> str:
    """A lot of which three units went to a hospital that is no partner."""
    line = {"line": "1", "gtin": GTIN, "lot": "R7", "quantity": Decimal(6), "unit": "EA", "@": 3}
    away: dict[str, Any] = {
        "entity": "DespatchAdvice", "number": "R7-1", "issued_at": at(18), "despatched_at": at(18), "@": 1,
        "ship_from": {"gln": "6901234000012"}, "ship_to": {"gln": HOME, "name": "Spital <b>Bern</b>", "city": "Bern"},
        "lines": [{**line, "quantity": Decimal(3), "@": 2}],
    }  # fmt: skip
    speak(served, ("wms", production("R7-0", inputs=[], outputs=[line])), ("wms", away))
    return f"{GTIN}|R7"


def press(person: Person, name: str, **fields: str) -> None:
    """Open a dialog, fill it, and do it."""
    person.page.get_by_role("button", name=name).click()
    dialog = person.page.get_by_role("dialog")
    for label, value in fields.items():
        dialog.get_by_label(label).fill(value)
    dialog.get_by_role("button", name=name).click()


def test_a_steward_leads_a_recall_from_the_trace_to_its_end(steward: Person, lot: str) -> None:
    page = steward.page
    steward.open(f"/console/trace?key={lot}")
    assert page.locator("svg.trace a").count() >= 3 and "Spital <b>Bern</b>" not in page.locator("svg.trace").inner_html()
    page.get_by_role("link", name="Open a recall of this").click()
    page.get_by_label("Title").fill("Particles")
    page.get_by_role("button", name="Open and locate").click()
    expect(page.locator(".problem")).to_contain_text("a title and a reason")
    page.get_by_label("What is wrong with the device").fill("particles in the lumen")
    page.get_by_label("Fault known since").fill("yesterday")
    page.get_by_role("button", name="Open and locate").click()
    expect(page.locator(".problem")).to_contain_text("yesterday is no time")
    page.get_by_label("Fault known since").fill("2026-11-18 10:00")
    page.get_by_role("button", name="Open and locate").click()
    expect(page.locator("h1")).to_contain_text("Recall drill DRILL-")
    where = page.url
    press(steward, "Tell the consignees")
    expect(page.locator("body")).to_contain_text("to be told by other means")
    assert page.url == where
    page.get_by_role("link", name="#1", exact=True).click()
    expect(page.locator("h1")).to_have_text("Notice 1")
    press(steward, "Told by a person", **{"How and whom": "letter RR 7 to Dr Li"})
    expect(page.locator(".facts").first).to_contain_text("letter RR 7 to Dr Li")
    page.get_by_label("used").fill("9")
    page.get_by_role("button", name="Record the answer").click()
    expect(page.locator(".problem").last).to_contain_text("9 units are said, 3 were delivered")
    page.get_by_label("used").fill("2")
    page.get_by_role("button", name="Record the answer").click()
    expect(page.locator(".title .chip").first).to_have_text("answered")
    steward.open(where.removeprefix(steward.origin))
    press(steward, "Close")
    expect(page.get_by_role("dialog").locator(".problem")).to_contain_text("say why")
    page.get_by_role("dialog").get_by_label("Reason").fill("one unit stays unknown")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(page.locator(".facts").first).to_contain_text("one unit stays unknown")
    assert page.get_by_role("button", name="Reopen").count() == 1
    with page.expect_download() as loading:
        page.get_by_role("link", name="Download the report").click()
    number = where.rpartition("/")[2]
    assert loading.value.suggested_filename == f"{number}.zip"
    with zipfile.ZipFile(loading.value.path()) as archive:
        assert {f"{number}/report.zh-CN.pdf", f"{number}/manifest.sig"} <= set(archive.namelist())
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    assert steward.complaints == []


def test_a_refusal_is_said_in_chinese(steward_zh: Person) -> None:
    steward_zh.open("/console/recalls/new")
    steward_zh.page.get_by_role("button", name="启动并定位全部产品").click()
    expect(steward_zh.page.locator(".problem")).to_have_text("召回须有标题和原因")


def test_who_may_only_look_sees_no_button(served: Server, browser: Browser) -> None:
    with window(browser, served, "en-GB") as auditor:
        auditor.sign_in(link_for(served, "auditor"))
        auditor.open("/console/recalls/new")
        assert auditor.page.get_by_role("button").all_inner_texts() == ["Sign out"]
