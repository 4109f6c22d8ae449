"""The work list as people use it: a real server, a real browser, both languages; bulk, a correction, a code list mended, a signature."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from hub import pipeline
from hub.cases import signatures
from tests.hub_api.conftest import SITE
from tests.hub_api.console.conftest import link_for
from tests.hub_api.console.person import Person, window
from tests.hub_api.papers import ACME, GTIN, WRONG_GTIN, despatch, interchange, orders
from tests.journeys import bad_rows
from tests.journeys.server import Server

pytestmark = pytest.mark.browser

RULES = "version: 1\nsign: [{action: accept, kinds: [refused]}]\n"


@pytest.fixture(scope="module")
def busy(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Held despatches, one that is refused, a file with bad rows; accepting what was refused must be signed."""
    folder = tmp_path_factory.mktemp("cases")
    shutil.copyfile(sqlite_template, folder / "udihub.db")
    site = bad_rows.site(SITE, folder / "site")
    (site / "cases.yaml").write_text(RULES, encoding="utf-8")
    server = Server(folder / "home", f"sqlite:///{folder / 'udihub.db'}", site)
    server.issue_keys()
    hub = server.hub()
    signatures.set_secret(hub, "steward in person", "correct horse", "steward in person")
    hub.database.close()
    server.start()
    try:
        assert server.post(orders("4500000001"), "erp", key="o1", agreement="orders_north").status_code in (200, 202)
        for number in (1, 2, 3):
            paper = interchange(ACME, number, despatch(f"SHP{number}", gtin=WRONG_GTIN, lot=f"L{number}"))
            assert server.post(paper, "acme").status_code in (200, 202)
        assert server.post(interchange(ACME, 9, despatch("SHP9"), miscounted=0), "acme").status_code in (200, 202)
        assert server.post(bad_rows.papers()[0].content, "hafen", key="rows").status_code in (200, 202)
        hub = server.hub()
        pipeline.reconcile(hub)
        hub.database.close()
        yield server
    finally:
        assert server.stop() in (0, -15), server.log()


@pytest.fixture
def ann(busy: Server, browser: Browser) -> Iterator[Person]:
    with window(browser, busy, "en-GB") as person:
        person.sign_in(link_for(busy))
        yield person


def seen(person: Person, name: str) -> None:
    """Keep what the page looks like, where somebody wants to see it."""
    if folder := os.environ.get("UDIHUB_TEST_SCREENSHOTS"):
        person.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def open_case(person: Person, subject: str, kind: str = "") -> None:
    person.open(f"/console/cases?find={subject}&kind={kind}")
    person.page.locator("table.cases tbody tr a").first.click()
    person.page.wait_for_selector("dl.facts")


def test_the_work_list_puts_first_what_blocks_supply(ann: Person) -> None:
    assert ann.open("/console/cases") == 200
    expect(ann.page.locator("h1")).to_have_text("Cases")
    first = ann.page.locator("table.cases tbody tr").first.inner_text()
    assert "Blocks supply" in first
    assert ann.page.locator(".tile").count() >= 2
    assert ann.page.evaluate("document.documentElement.scrollWidth") <= 1366
    seen(ann, "cases")
    assert ann.complaints == [] and ann.requested <= {ann.origin, "own"}


def test_the_pages_in_chinese(busy: Server, browser: Browser) -> None:
    with window(browser, busy, "zh-CN") as person:
        person.sign_in(link_for(busy))
        person.open("/console/cases")
        expect(person.page.locator("h1")).to_have_text("待办事项")
        person.page.locator("table.cases tbody tr a").first.click()
        person.page.wait_for_selector("dl.facts")
        assert "其他系统的说法" in person.text() and "经过" in person.text()
        seen(person, "case_zh")
        assert person.complaints == []


def test_a_case_opens_on_the_message_with_its_place_marked_and_is_corrected(ann: Person) -> None:
    open_case(ann, "SHP1")
    assert ann.page.locator("ol.source li.marked mark").first.inner_text() == WRONG_GTIN
    assert "erp" in ann.page.locator("section").filter(has_text="What other systems say").last.inner_text()
    seen(ann, "case")
    ann.page.get_by_role("button", name="Correct", exact=True).click()
    dialog = ann.page.get_by_role("dialog")
    assert dialog.get_by_label("Fields").input_value() == "lines[0].gtin = "
    dialog.get_by_label("Fields").fill(f"lines[0].gtin = {GTIN}")
    dialog.get_by_role("button", name="Correct", exact=True).click()
    expect(dialog.locator(".problem")).to_contain_text("Say why")
    dialog.get_by_label("Reason").fill("their Ms Li said so")
    dialog.get_by_role("button", name="Correct", exact=True).click()
    expect(ann.page.locator(".title .chip").first).to_have_text("closed")
    assert "their Ms Li said so" in ann.text()
    assert ann.complaints == []


def test_what_is_ticked_is_done_together(ann: Person) -> None:
    ann.open("/console/cases?kind=held")
    rows = ann.page.locator("table.cases tbody tr")
    count = rows.count()
    assert count >= 2
    ann.page.get_by_role("button", name="Assign").click()
    dialog = ann.page.get_by_role("dialog")
    dialog.get_by_label("Owner").fill("Bo")
    dialog.get_by_label("Reason").fill("knows them")
    dialog.get_by_role("button", name="Assign").click()
    expect(dialog.locator(".problem")).to_contain_text("Tick at least one")
    dialog.get_by_role("button", name="Cancel").click()
    for number in range(count):
        rows.nth(number).get_by_role("checkbox").click()
    ann.page.get_by_role("button", name="Assign").click()
    dialog = ann.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Assign").click()
    expect(ann.page.locator("table.cases tbody tr").first).to_contain_text("Bo")
    assert all("Bo" in text for text in ann.page.locator("table.cases tbody tr").all_inner_texts())


def test_a_code_list_is_mended_after_its_preview(ann: Person) -> None:
    ann.open("/console/cases?rule=MAP-03")
    ann.page.locator("table.cases tbody tr a").first.click()
    ann.page.get_by_role("button", name="Mend the code list").click()
    wording = ann.page.get_by_label("Source value = canonical value")
    expect(wording).to_have_value("Stk = \n个 = \nPCE. = \n")
    wording.fill("Stk = EA\n个 = EA\nPCE. = EA\n")
    ann.page.get_by_role("button", name="Preview").click()
    expect(ann.page.locator("body")).to_contain_text("Would free 1 of 1 messages that wait")
    expect(ann.page.locator("body")).to_contain_text("30 → 21")
    seen(ann, "case_fix")
    ann.page.get_by_label("Reason").fill("their words for a piece")
    ann.page.get_by_role("button", name="Change it and replay").click()
    expect(ann.page.locator(".title .chip").first).to_have_text("closed")
    assert "map or list mended" in ann.text()
    assert ann.complaints == []


def test_a_wrong_secret_for_all_that_is_ticked_is_one_wrong_try(ann: Person, busy: Server) -> None:
    ann.open("/console/cases")
    boxes = ann.page.locator("table.cases tbody .q-checkbox")
    boxes.first.wait_for()
    ticked = boxes.count()
    assert ticked >= 2
    for number in range(ticked):
        boxes.nth(number).click()
    ann.page.get_by_role("button", name="Accept as it is").click()
    dialog = ann.page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("they send it again")
    dialog.get_by_label("Your signing secret").fill("a mistyped horse")
    dialog.get_by_role("button", name="Accept as it is").click()
    expect(dialog.locator(".problem")).to_contain_text("signature is refused")
    hub = busy.hub()
    with hub.database.read() as connection:
        tries = connection.execute(sa.text("SELECT failures FROM signing_secret")).scalar_one()
    hub.database.close()
    assert tries == 1


def test_what_must_be_signed_asks_for_the_secret_and_shows_the_signature(ann: Person) -> None:
    ann.open("/console/cases?kind=refused")
    ann.page.locator("table.cases tbody tr a").first.click()
    ann.page.wait_for_selector("dl.facts")
    ann.page.get_by_role("button", name="Accept as it is").click()
    dialog = ann.page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("they send it again")
    dialog.get_by_label("Your signing secret").fill("a wrong horse")
    dialog.get_by_role("button", name="Accept as it is").click()
    expect(dialog.locator(".problem")).to_contain_text("signature is refused")
    dialog.get_by_label("Your signing secret").fill("correct horse")
    dialog.get_by_role("button", name="Accept as it is").click()
    expect(ann.page.locator("body")).to_contain_text("signature holds")
    seen(ann, "case_signed")


def test_an_auditor_sees_and_does_nothing(busy: Server, browser: Browser) -> None:
    with window(browser, busy, "en-GB") as auditor:
        auditor.sign_in(link_for(busy, "auditor"))
        auditor.open("/console/cases")
        assert auditor.page.get_by_role("checkbox").count() <= 1  # the filter's
        assert "Assign" not in auditor.text()
        auditor.page.locator("table.cases tbody tr a").first.click()
        auditor.page.wait_for_selector("dl.facts")
        assert "Accept as it is" not in auditor.text()
        assert auditor.open("/console/cases/1/fix") == 403
