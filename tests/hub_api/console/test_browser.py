"""The console as people use it: a real server, a real browser, both languages."""

from __future__ import annotations

import json
import time

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from hub.store import tables
from tests.hub_api.console.conftest import link_for
from tests.hub_api.console.person import Person, window
from tests.hub_api.papers import ACME, DEVICE, GTIN, WRONG_GTIN, despatch, interchange, orders
from tests.journeys.server import Server

pytestmark = pytest.mark.browser

PAGES = {
    "/console": ("Attention", "待处理"),
    "/console/cases": ("Cases", "待办事项"),
    "/console/exchanges": ("Exchanges", "交换记录"),
    "/console/orders": ("Order lines", "订单行"),
    "/console/orders?all=1": ("Order lines", "订单行"),
    "/console/orders/4500000001": ("Order 4500000001", "订单 4500000001"),
    "/console/inventory": ("Inventory", "库存"),
    "/console/devices": ("Devices", "器械"),
    f"/console/devices/{DEVICE}": ("Orthia bone screw", "骨螺钉 Orthia"),
    "/console/quality": ("Quality", "数据质量"),
    "/console/recalls": ("Recalls", "召回"),
    "/console/recalls/new": ("New recall or drill", "新建召回或演练"),
    "/console/trace": ("Trace", "追溯"),
    "/console/trace?key=L1": ("Trace L1", "追溯 L1"),
    "/console/differences": ("Differences from registers", "与监管数据库的差异"),
    "/console/differences/1": ("Difference 1", "差异 1"),
    "/console/masterdata": ("Golden records", "主数据"),
    "/console/masterdata/suspects/2": ("Suspected duplicate 2", "疑似重复 2"),
    "/console/masterdata/party/P3": ("Polymer Works B.V.", "Polymer Works B.V."),
    "/console/quarantine": ("Quarantine", "隔离区"),
}


def exchange_of(person: Person, number: str, partner: str = "") -> int:
    """Id of the newest exchange that mentions a number, found as a person finds it."""
    person.open(f"/console/exchanges?find={number}&partner={partner}")
    return int(person.page.locator("table.list tbody tr td a").first.inner_text())


def no_complaints(person: Person) -> None:
    assert person.complaints == []
    assert person.requested <= {person.origin, "own"}


def test_every_page_in_english_asks_nobody_else_and_does_not_complain(steward: Person) -> None:
    for path, (english, _) in PAGES.items():
        assert steward.open(path) == 200
        assert steward.page.locator("h1").inner_text() == english
    assert steward.page.evaluate("document.documentElement.lang") == "en-US"
    no_complaints(steward)


def test_every_page_in_chinese(steward_zh: Person) -> None:
    for path, (_, chinese) in PAGES.items():
        assert steward_zh.open(path) == 200
        assert steward_zh.page.locator("h1").inner_text() == chinese
    assert steward_zh.page.evaluate("document.documentElement.lang") == "zh-CN"
    no_complaints(steward_zh)


def test_pages_fit_a_small_screen(steward: Person) -> None:
    for path in PAGES:
        steward.open(path)
        assert steward.page.evaluate("document.documentElement.scrollWidth") <= 1366, path


def test_language_switch_is_kept_and_stays_on_the_page(steward: Person) -> None:
    steward.open("/console/orders?all=1")
    steward.page.get_by_role("link", name="中文").click()
    expect(steward.page.locator("h1")).to_have_text("订单行")
    assert steward.page.url.endswith("/console/orders?all=1")
    steward.open("/console/inventory")
    assert steward.page.locator("h1").inner_text() == "库存"
    no_complaints(steward)


def test_without_a_session_there_is_nothing_but_401(served: Server, browser: Browser) -> None:
    with window(browser, served, "en-GB") as stranger:
        for path in [*PAGES, "/console/exchanges/1", "/console/quarantine/1", "/console/nowhere"]:
            answer = stranger.page.goto(served.address(path))
            assert answer is not None and answer.status == 401
            assert "4500000001" not in stranger.text()


def test_a_link_opens_once(served: Server, browser: Browser) -> None:
    link = link_for(served)
    with window(browser, served, "en-GB") as first:
        first.sign_in(link)
    with window(browser, served, "en-GB") as second:
        second.page.goto(served.address(f"/console/sign-in/{link}"))
        second.page.get_by_role("button").click()
        expect(second.page.locator("h1")).to_have_text("This link does not work any more")


def test_signing_out_ends_the_session(steward: Person) -> None:
    steward.open("/console")
    steward.page.get_by_role("button", name="Sign out").click()
    expect(steward.page.locator("h1")).to_have_text("Signed out")
    assert steward.open("/console/orders") == 401


def test_order_shows_every_number_and_its_source(steward: Person) -> None:
    steward.open("/console/orders/4500000001")
    cells = steward.page.locator("section").filter(has_text="Lines").first.locator("tbody tr").first.locator("td").all_inner_texts()
    assert cells[4:9] == ["24", "–", "20", "–", "–"]
    assert "SHP1" in steward.text()


def test_refused_message_is_opened_at_the_marked_segment(steward: Person) -> None:
    steward.open("/console/exchanges?state=rejected")
    steward.page.locator("table.list tbody tr td a").first.click()
    steward.page.wait_for_selector("ol.source li.marked")
    marked = steward.page.locator("ol.source li.marked")
    assert marked.locator("code").inner_text() == "SE*16*0001"
    assert marked.locator("mark").inner_text() == "16"
    assert "X12-M04" in marked.locator(".note").inner_text()
    no_complaints(steward)


def test_held_message_is_corrected_and_replayed_with_a_reason(steward: Person) -> None:
    held = exchange_of(steward, "SHP2")
    steward.open("/console/quarantine")
    steward.page.get_by_role("link", name="Correct").first.click()
    expect(steward.page.locator("h1")).to_have_text(f"Correct exchange {held}")
    assert steward.page.locator("ol.source li.marked mark").inner_text() == WRONG_GTIN
    wrong = steward.page.get_by_label("lines[0].gtin")
    assert wrong.input_value() == WRONG_GTIN
    wrong.fill(GTIN)
    steward.page.get_by_role("button", name="Correct and replay").click()
    expect(steward.page.locator(".problem")).to_contain_text("Say why")
    steward.page.get_by_label("Reason").fill("supplier confirmed by telephone")
    steward.page.get_by_role("button", name="Correct and replay").click()
    expect(steward.page.locator(".title .chip").first).to_have_text("applied")
    expect(steward.page.locator("body")).to_contain_text("supplier confirmed by telephone")
    steward.open(f"/console/exchanges/{held}")
    assert steward.page.locator(".title .chip").first.inner_text() == "superseded"
    steward.open("/console/orders/4500000001")
    assert "SHP2" in steward.text()
    no_complaints(steward)


def test_wrong_correction_is_refused_by_name(steward: Person) -> None:
    steward.server.post(interchange(ACME, 77, despatch("SHP77", order="4500000077", gtin=WRONG_GTIN)), "acme")
    held = exchange_of(steward, "SHP77")
    steward.open(f"/console/quarantine/{held}")
    steward.page.get_by_label("lines[0].gtin").fill("06901234000028")
    steward.page.get_by_label("Reason").fill("a guess")
    steward.page.get_by_role("button", name="Correct and replay").click()
    expect(steward.page.locator(".problem")).to_contain_text("06901234000028")
    steward.open(f"/console/exchanges/{held}")
    assert steward.page.locator(".title .chip").first.inner_text() == "held"


def test_replay_asks_for_a_reason_and_leads_to_the_new_exchange(steward: Person) -> None:
    first = exchange_of(steward, "SHP1")
    steward.open(f"/console/exchanges/{first}")
    steward.page.get_by_role("button", name="Replay").click()
    dialog = steward.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Replay").click()
    expect(dialog.locator(".problem")).to_contain_text("Say why")
    dialog.get_by_label("Reason").fill("mapping was improved")
    dialog.get_by_role("button", name="Replay").click()
    expect(steward.page.locator("h1")).not_to_have_text(f"Exchange {first}")
    expect(steward.page.locator(".facts").first).to_contain_text(f"#{first}")
    expect(steward.page.locator(".title .chip").first).to_have_text("applied")


def test_what_is_superseded_is_sent_again_only_by_a_tick(steward: Person) -> None:
    sent: list[int] = []
    for key, changes in (("o2", {}), ("o3", {"revision": 2, "issued_at": "2026-11-07T08:00:00+01:00"})):
        said = json.loads(orders("4500000088"))
        said["orders"][0] |= changes
        assert steward.server.post(json.dumps(said).encode(), "erp", key=key, agreement="orders_north").status_code in (200, 202)
        until = time.monotonic() + 30
        while len(sent) == len(sent := _sent(steward, "4500000088")):
            assert time.monotonic() < until, "the order has left"
            time.sleep(0.2)
    steward.open(f"/console/exchanges/{sent[0]}")
    steward.page.get_by_role("button", name="Send again").click()
    dialog = steward.page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("they lost it")
    dialog.get_by_role("button", name="Send again").click()
    expect(dialog.locator(".problem")).to_contain_text("is superseded")
    dialog.get_by_text("Although something newer").click()
    dialog.get_by_role("button", name="Send again").click()
    expect(steward.page.get_by_role("dialog")).to_have_count(0)
    no_complaints(steward)
    hub = steward.server.hub()
    with hub.database.read() as connection:
        query = sa.select(tables.audit.c.after).where(tables.audit.c.action.like("%.resent"), tables.audit.c.reason == "they lost it")
        assert json.loads(connection.execute(query).scalar_one())["although_superseded_by"] == sent[1]
    hub.database.close()


def _sent(steward: Person, number: str) -> list[int]:
    hub = steward.server.hub()
    with hub.database.read() as connection:
        out = tables.exchange.c.direction == "out", tables.exchange.c.business_key == f"purchase_order/{number}"
        query = sa.select(tables.exchange.c.id).where(*out, tables.exchange.c.state == "sent").order_by(tables.exchange.c.id)
        found = [int(one) for one in connection.execute(query).scalars()]
    hub.database.close()
    return found


def test_an_open_page_changes_nothing_after_the_session_ended_elsewhere(steward: Person) -> None:
    first = exchange_of(steward, "4500000001")
    steward.open(f"/console/exchanges/{first}")
    other = steward.page.context.new_page()
    other.goto(steward.server.address("/console"))
    other.get_by_role("button", name="Sign out").click()
    expect(other.locator("h1")).to_have_text("Signed out")
    steward.page.get_by_role("button", name="Replay").click()
    dialog = steward.page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("too late")
    dialog.get_by_role("button", name="Replay").click()
    expect(dialog.locator(".problem")).to_contain_text("not signed in any more")


def test_text_of_a_partner_never_becomes_markup(steward: Person) -> None:
    for path in (f"/console/exchanges/{exchange_of(steward, '4500000001', 'erp')}", "/console/orders/4500000001"):
        steward.open(path)
        assert "<b>Polymer</b>" in steward.text()
        assert steward.page.locator("ol.source code b, .record b, td b:not(.rule), small b").count() == 0


def test_auditor_sees_but_has_no_buttons(served: Server, browser: Browser) -> None:
    with window(browser, served, "en-GB") as auditor:
        auditor.sign_in(link_for(served, "auditor"))
        held = exchange_of(auditor, "SHP1")
        auditor.open(f"/console/exchanges/{held}")
        assert auditor.page.get_by_role("button").all_inner_texts() == ["Sign out"]
        assert auditor.open(f"/console/quarantine/{held}") == 403


def test_a_difference_from_a_register_is_accepted_with_a_reason(steward: Person) -> None:
    steward.open("/console/differences?register=gudid&severity=error")
    row = steward.page.locator("table.list tbody tr").first
    assert "MRI Safety Status" in row.inner_text() and "unsafe" in row.inner_text()
    row.locator("a").first.click()
    steward.page.wait_for_selector("dl.facts")
    where = steward.page.url
    steward.page.get_by_role("button", name="Theirs is right").click()
    dialog = steward.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Theirs is right").click()
    expect(dialog.locator(".problem")).to_contain_text("Say why")
    dialog.get_by_label("Reason").fill("tested again")
    dialog.get_by_role("button", name="Theirs is right").click()
    expect(steward.page.locator(".title .chip").first).to_have_text("theirs accepted")
    assert steward.page.url == where and "tested again" in steward.text() and "steward in person" in steward.text()
    no_complaints(steward)


def test_a_duplicate_is_merged_side_by_side_and_taken_apart_again(steward: Person) -> None:
    steward.open("/console/masterdata?kind=party")
    rows = steward.page.locator("table.list tbody tr")
    assert rows.count() >= 2 and "Polymer-Works" in rows.first.inner_text()
    rows.first.locator("a").first.click()
    steward.page.wait_for_selector("table.beside")
    assert "Polymer-Works" in steward.page.locator("tr.apart").first.inner_text()
    steward.page.get_by_role("button", name="The same", exact=True).click()
    dialog = steward.page.get_by_role("dialog")
    dialog.get_by_role("button", name="The same").click()
    expect(dialog.locator(".problem")).to_contain_text("Say why")
    dialog.get_by_label("Reason").fill("one tax number")
    dialog.get_by_role("button", name="The same").click()
    expect(steward.page.locator(".title .chip").first).to_have_text("the same")
    steward.open("/console/masterdata?find=P2")
    expect(steward.page.locator("h1")).to_have_text("Polymer Works GmbH")
    assert "one tax number" in steward.text() and "all agree" in steward.text()
    steward.page.get_by_role("button", name="Take one out").click()
    dialog = steward.page.get_by_role("dialog")
    dialog.get_by_label("Source record").click()
    steward.page.get_by_role("option", name="erp/P2").click()
    dialog.get_by_label("Reason").fill("another company after all")
    dialog.get_by_role("button", name="Take one out").click()
    expect(steward.page.locator("h1")).to_have_text("Polymer-Works")
    steward.open("/console/masterdata/party/erp/P1")
    assert "another company after all" in steward.text()
    no_complaints(steward)
