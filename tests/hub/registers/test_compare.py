"""Extracts against our devices: what is found, what closes by itself, and that nothing is lost."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from data_contracts.errors import ConflictError, NotFoundError, RefusedError
from hub import audit, pipeline
from hub.registers.compare import compare
from hub.registers.fetch import fetch_extracts
from hub.registers.settle import settle
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Site
from hub.site_reading import SiteError
from hub.store import differences as store
from hub.store import views
from tests.connectors.extracts.published import gudid, gudid_record, zipped
from tests.hub.registers.conftest import DEVICE, SITE, device, extract, queue, run
from tests.peers.replay import Replay, ReplayHandler
from tests.peers.rest_peer import running

FOREIGN, CASE, BOX = "06901234500073", "26901234500053", "16901234500056"


def states(hub: Hub) -> dict[str, str]:
    return {member: row["state"] for member, row in queue(hub).items()}


def test_what_agrees_is_no_difference_however_it_is_written(keeper: Hub) -> None:
    same = device(keeper, name="Orthia  bone\tscrew", number=DEVICE[1:])
    same["packages"][0]["contains"] = DEVICE[1:]
    same["packages"].reverse()
    same["secondary_dis"][0]["di"] = "A999123450"  # with a unit-of-measure digit more it is another one
    outcome = run(keeper, extract(same), "gudid_full_release_20261101.xml")
    assert (outcome.register, outcome.as_of, outcome.scope, outcome.records, outcome.matched) == ("gudid", "2026-11-01", "full", 1, 1)
    assert set(states(keeper)) == {"secondary_dis[A99912345]", "secondary_dis[A999123450]"}


def test_a_difference_lives_from_extract_to_extract(keeper: Hub) -> None:
    first = extract(_changed(keeper))
    one = run(keeper, first, "gudid_full_release_20261101.xml")
    assert (one.opened, one.reopened, one.closed) == (2, 0, 0)
    found = queue(keeper)
    assert (found["mri"]["ours"], found["mri"]["theirs"], found["mri"]["severity"]) == ("conditional", "unsafe", "error")
    assert found["mri"]["since"] == "2026-10-05" and found["mri"]["extract"] == "gudid_full_release_20261101.xml"
    assert (found[f"packages[{CASE}].quantity"]["ours"], found[f"packages[{CASE}].quantity"]["theirs"]) == ("4", "6")
    again = run(keeper, first, "gudid_full_release_20261101.xml")
    assert (again.opened, again.reopened, again.closed, again.extract_id) == (0, 0, 0, one.extract_id)
    settle(keeper, [found["mri"]["id"]], "dismiss", "Ann", "told on the label")
    run(keeper, extract(_changed(keeper), device(keeper, number=FOREIGN)), "gudid_full_release_20261102.xml")
    assert states(keeper)["mri"] == "dismissed"
    run(keeper, extract(device(keeper, mri="safe")), "gudid_full_release_20261103.xml")
    assert states(keeper) == {"mri": "open", f"packages[{CASE}].quantity": "closed"}, "another value opens it again"
    run(keeper, extract(device(keeper)), "gudid_full_release_20261104.xml")
    assert set(states(keeper).values()) == {"closed"}
    with keeper.database.read() as connection:
        history = store.difference(connection, found["mri"]["id"])["history"]
        assert audit.verify_all(connection, None) == []
    assert [(step["state"], step["theirs"], step["actor"]) for step in history] == [
        ("open", "unsafe", "test"), ("dismissed", "unsafe", "Ann"), ("open", "safe", "test"), ("closed", "safe", "test"),
    ]  # fmt: skip


def _changed(hub: Hub) -> dict:  # type: ignore[type-arg]
    entity = device(hub, mri="unsafe")
    entity["packages"][1]["quantity"] = 6
    return entity


def test_an_older_extract_never_overrides_a_newer_one(keeper: Hub) -> None:
    run(keeper, extract(device(keeper)), "gudid_full_release_20261102.xml")
    with pytest.raises(ConflictError, match="2026-11-02"):
        run(keeper, extract(_changed(keeper)), "gudid_full_release_20261101.xml")
    assert queue(keeper) == {}
    with pytest.raises(RefusedError, match="not of nmpa"):
        run(keeper, extract(device(keeper)), "x.xml", register="nmpa")
    with pytest.raises(RefusedError, match="no extract that the hub reads"):
        run(keeper, b"%PDF-1.4", "x.pdf")


def test_what_is_missing_is_told_from_whole_extracts_of_all_devices_only(keeper: Hub) -> None:
    other = gudid(gudid_record(FOREIGN)).encode()
    run(keeper, other, "gudid_daily_update_20261101.xml")
    assert queue(keeper) == {}
    broken = run(keeper, zipped({"1.xml": other, "2.xml": other[:-4]}), "gudid_full_release_20261102.zip")
    assert not broken.whole and queue(keeper) == {}
    run(keeper, gudid(gudid_record(FOREIGN, brand="x")).encode(), "gudid_full_release_20261103.xml")
    missing = queue(keeper)["missing_there"]
    assert (missing["di"], missing["severity"], missing["name"]) == (DEVICE, "error", "Orthia bone screw")
    run(keeper, extract(device(keeper)), "gudid_daily_update_20261104.xml")
    assert states(keeper) == {"missing_there": "closed"}


def test_a_device_within_another_record_is_not_missing(keeper: Hub) -> None:
    entity = device(keeper, number=FOREIGN)
    entity["packages"] = [{"di": DEVICE, "issuer": "gs1", "contains": FOREIGN, "quantity": 5}]
    run(keeper, extract(entity), "gudid_full_release_20261101.xml")
    found = queue(keeper)
    assert set(found) == {"number"} and found["number"]["theirs"] == FOREIGN


def test_what_is_published_under_our_name_and_unknown_here(keeper: Hub) -> None:
    ours, others = "诺康医疗器械（苏州）有限公司", keeper.site.organisations
    name = next(iter(others.values())).name
    run(keeper, gudid(gudid_record(FOREIGN, name), gudid_record("06901234500080", ours + "X")).encode(), "gudid_full_20261101.xml")
    unknown = queue(keeper, kind="missing_here")["missing_here"]
    assert (unknown["di"], unknown["severity"]) == (FOREIGN, "warning")
    with pytest.raises(ConflictError, match="only a value"):
        settle(keeper, [unknown["id"]], "accept", "Ann", "it is ours")
    run(keeper, extract(device(keeper)), "gudid_full_20261102.xml")
    assert queue(keeper, kind="missing_here")["missing_here"]["state"] == "closed"


def test_a_record_that_cannot_be_read_is_told_and_not_missing(keeper: Hub) -> None:
    broken = extract(device(keeper)).replace(b"<brandName>", b"<brandName><b>").decode()
    outcome = run(keeper, broken.encode(), "gudid_full_20261101.xml")
    assert [finding.rule for finding in outcome.findings] == ["EXT-05"] and queue(keeper) == {}


@pytest.mark.parametrize(
    ("mapping", "name"),
    [("xml/nmpa", "UDID_FULL_2026-11-01.xml"), ("json/eudamed", "full_20261101.json"), ("json/eudamed_device", "full_20261101.jsonl")],
)
def test_the_other_registers_agree_and_differ(keeper: Hub, mapping: str, name: str) -> None:
    run(keeper, extract(device(keeper), mapping=mapping), name)
    assert queue(keeper) == {}
    changed = device(keeper, sterility__sterile=False)
    run(keeper, extract(changed, mapping=mapping), name.replace("01.", "02."))
    assert {member: (row["ours"], row["theirs"]) for member, row in queue(keeper).items()} == {"sterility.sterile": (True, False)}


def test_what_is_accepted_becomes_a_version_of_our_device(keeper: Hub) -> None:
    entity = _changed(keeper)
    entity["packages"] = [entity["packages"][1] | {"contains": DEVICE}]
    entity["product_codes"] = [*entity["product_codes"], {"code": "KWQ"}]
    run(keeper, extract(entity), "gudid_full_20261101.xml")
    found = queue(keeper)
    assert set(found) == {
        "mri", f"packages[{BOX}]", f"packages[{CASE}].contains", f"packages[{CASE}].quantity", "product_codes[KWQ]",
    }  # fmt: skip
    with pytest.raises(ConflictError, match=BOX):
        settle(keeper, [found[f"packages[{BOX}]"]["id"]], "accept", "Ann", "no box any more")
    assert states(keeper)[f"packages[{BOX}]"] == "open", "a version that contradicts itself is none"
    ids = [row["id"] for member, row in found.items() if member != "mri"]
    done = settle(keeper, ids, "accept", "Ann", "no box any more")
    assert {row["state"] for row in done} == {"accepted"} and len({row["exchange_id"] for row in done}) == 1
    settle(keeper, [found["mri"]["id"]], "accept", "Bo", "tested again")
    with keeper.database.read() as connection:
        now = views.device(connection, DEVICE, on=keeper.clock.now().date())
        assert audit.verify_all(connection, None) == []
    assert now["mri"] == "unsafe" and [(one["di"], one["contains"], one["quantity"]) for one in now["packages"]] == [(CASE, DEVICE, 6)]
    assert {one["code"] for one in now["product_codes"]} == {"HWC", "KWQ"}
    assert run(keeper, extract(entity), "gudid_full_20261101.xml").closed == 5 and set(states(keeper).values()) == {"closed"}


def test_what_was_accepted_and_comes_back_opens_again(keeper: Hub) -> None:
    content = extract(_changed(keeper))
    run(keeper, content, "gudid_full_20261101.xml")
    ids = [row["id"] for row in queue(keeper).values()]
    settle(keeper, ids, "send", "Ann", "GUDID is behind")
    assert run(keeper, content, "gudid_full_20261101.xml").reopened == 0 and set(states(keeper).values()) == {"sent"}
    with keeper.database.begin("test") as uow:
        for number in ids:
            store.settle(uow, store.taken(uow, number, ("sent",)), "accepted", "as if our own system had said otherwise since")
    assert run(keeper, content, "gudid_full_20261101.xml").reopened == 2


def test_decisions_are_refused_where_they_make_no_sense(keeper: Hub) -> None:
    run(keeper, extract(_changed(keeper)), "gudid_full_20261101.xml")
    number = queue(keeper)["mri"]["id"]
    with pytest.raises(ConflictError, match="reason"):
        settle(keeper, [number], "dismiss", "Ann", " ")
    with pytest.raises(NotFoundError):
        settle(keeper, [number, 999], "dismiss", "Ann", "x")
    assert states(keeper)["mri"] == "open", "all of them or none"
    settle(keeper, [number], "dismiss", "Ann", "x")
    with pytest.raises(ConflictError, match="dismissed already"):
        settle(keeper, [number], "dismiss", "Ann", "x")
    settle(keeper, [number], "reopen", "Ann", "y")
    assert states(keeper)["mri"] == "open"


def test_a_flow_compares_what_waits_and_lands_nothing(keeper: Hub, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    (site / "flows" / "gudid.yaml").write_text(
        "version: 1\nflow: gudid\ndirection: in\ncompare: gudid\n"
        "transport: {use: folder, folder: in/gudid, pattern: '*.xml', ready: rename}\nschedule: '30 4 * * 1'\n"
    )
    settings = keeper.settings
    hub = Hub.open(Settings(settings.home, site, settings.database_url, "en", 1_000_000, clock=settings.clock))
    folder = settings.home / "in" / "gudid"
    folder.mkdir(parents=True)
    (folder / "gudid_full_20261102.xml").write_bytes(extract(_changed(keeper)))
    assert pipeline.fetch(hub, hub.site.flows["gudid"]) == []
    assert set(queue(keeper)) == {"mri", f"packages[{CASE}].quantity"}
    assert fetch_extracts(hub, hub.site.flows["gudid"]) == [], "it was settled"
    (folder / "gudid_full_20261101.xml").write_bytes(extract(device(keeper)))
    with pytest.raises(ConflictError):
        fetch_extracts(hub, hub.site.flows["gudid"])
    assert fetch_extracts(hub, hub.site.flows["gudid"]) == [], "an older one is not tried for ever"
    hub.database.close()
    (site / "flows" / "gudid.yaml").write_text(
        (site / "flows" / "gudid.yaml").read_text().replace("compare: gudid", "compare: gudid\nagreement: devices")
    )
    with pytest.raises(SiteError):
        Site.load(site)


def test_a_register_that_is_asked_is_asked_for_what_we_sell_there(keeper: Hub, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    flow = {"version": 1, "flow": "eu", "preset": "eudamed-public", "resource": "devices"}
    there = json.loads(extract(device(keeper, sterility__sterile=False), mapping="json/eudamed"))
    there["content"][0]["uuid"] = "u-1"
    with running(ReplayHandler, Replay()) as replay:
        (site / "flows" / "eu.yaml").write_text(json.dumps(flow | {"given": {"address": replay.url}}))
        settings = keeper.settings
        hub = Hub.open(Settings(settings.home, site, settings.database_url, "en", 1_000_000, clock=settings.clock))
        asked = {"path": "/devices/udiDiData", "query": {"primaryDi": DEVICE, "page": "0", "pageSize": "20"}}
        replay.expect([{"ask": asked, "answer": {"json": there | {"totalElements": 1}}}])
        assert pipeline.fetch(hub, hub.site.flows["eu"]) == []
        replay.over()
        hub.database.close()
    assert {member: (row["ours"], row["theirs"]) for member, row in queue(keeper).items()} == {"sterility.sterile": (True, False)}


def test_companies_may_be_named_by_the_site(keeper: Hub, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    (site / "registers.yaml").write_text("version: 1\ncompanies:\n  - {name: Acme Screws, duns: '999999999'}\n")
    settings = keeper.settings
    hub = Hub.open(Settings(settings.home, site, settings.database_url, "en", 1_000_000, clock=settings.clock))
    run(hub, gudid(gudid_record(FOREIGN, "ACME  screws")).encode(), "gudid_daily_20261101.xml")
    assert queue(keeper)["missing_here"]["di"] == FOREIGN
    hub.database.close()


def test_a_stream_is_read_wherever_it_stands(keeper: Hub) -> None:
    stream = io.BytesIO(extract(device(keeper)))
    stream.read(10)
    assert compare(keeper, stream, "gudid_full_20261101.xml", "test").matched == 1


def test_an_extract_that_was_cut_makes_nothing_missing(keeper: Hub) -> None:
    many = [gudid_record(f"0699999{number:06d}0") for number in range(3)]
    run(keeper, gudid(*many, gudid_record(DEVICE, brand="Orthia bone screw")).encode(), "gudid_full_20261101.xml")
    for place, content in enumerate((gudid(many[0]), gudid()), 2):
        outcome = run(keeper, content.encode(), f"gudid_full_2026110{place}.xml")
        assert [finding.rule for finding in outcome.findings] == ["EXT-06"] and not outcome.whole
    assert "missing_there" not in queue(keeper)
    run(keeper, gudid(*many[:2]).encode(), "gudid_full_20261105.xml")
    assert "missing_there" in queue(keeper), "half of the last whole one is none that was cut"


def test_what_a_register_has_cancelled_is_sold_there_no_more(keeper: Hub) -> None:
    entity = device(keeper)
    entity["cn"] |= {"version_state": "注销", "version_on": "2026-10-01"}
    entity["number"], entity["packages"], entity["direct_marks"], entity["secondary_dis"] = FOREIGN, [], [], []
    entity["unit_of_use_di"], entity["manufacturer"] = "06901234500080", {"name": next(iter(keeper.site.organisations.values())).name}
    run(keeper, extract(entity, mapping="xml/nmpa"), "UDID_DAY_UPDATE_20261101.xml")
    assert queue(keeper)["missing_here"]["severity"] == "info"


def test_what_a_register_keeps_to_itself_is_no_difference(keeper: Hub) -> None:
    entity = device(keeper, premarket_submissions=[])
    entity["labeler"] = {"name": entity["labeler"]["name"]}
    run(keeper, extract(entity), "gudid_full_20261101.xml")
    assert queue(keeper) == {}
    run(keeper, extract(device(keeper, labeler__duns="999999999")), "gudid_full_20261102.xml")
    assert set(queue(keeper)) == {"labeler.duns"}, "but what it publishes counts"
