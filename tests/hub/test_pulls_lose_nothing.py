"""What real peers do in awkward moments of a pull, and nothing is lost unsaid, taken anew for ever, or left standing by chance."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from typer.testing import CliRunner

from connectors.registry import transport_named
from connectors.spec import CUT
from data_contracts.errors import HubError
from hub import pipeline, worker
from hub.cli import application
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables, watermarks
from tests.peers.spoken_peer import Heard, Said, Spoken, spoken

SITE = Path(__file__).parents[1] / "samples" / "site_pulled"
STAMPED = {"kind": "stamp", "field": "changed_at", "id": "id", "overlap_seconds": 0}
WHOLE = {"kind": "whole", "id": "id"}


def item(number: int, changed: str | None = None, name: str = "Hub") -> dict[str, Any]:
    made = {"id": number, "code": f"M-{number}", "name": name, "unit": "PCE", "created_at": "2026-11-22T07:00:00Z"}
    return made if changed is None else made | {"changed_at": changed}


def at(hour: int, day: int = 22) -> str:
    return f"2026-11-{day}T{hour:02}:00:00Z"


@dataclass
class World:
    """A hub and the peer that its one flow asks."""

    hub: Hub
    peer: Spoken

    def pull(self) -> tuple[list[str], str | None]:
        """What a pull brought, in the order in which it was kept, and why it failed."""
        with self.hub.database.read() as connection:
            before = int(connection.scalar(sa.select(sa.func.coalesce(sa.func.max(tables.exchange.c.id), 0))) or 0)
        failure: str | None = None
        try:
            pipeline.fetch(self.hub, self.hub.site.flows["mes_items"])
        except HubError as error:
            failure = str(error)
        worker.drain(self.hub)
        with self.hub.database.read() as connection:
            rows = connection.execute(sa.select(tables.exchange.c.business_key).where(tables.exchange.c.id > before))
            return sorted(str(row.business_key).removeprefix("item/M-") for row in rows), failure

    def states(self) -> list[str]:
        with self.hub.database.read() as connection:
            return list(connection.execute(sa.select(tables.exchange.c.state).order_by(tables.exchange.c.id)).scalars())

    def rules(self) -> set[str]:
        with self.hub.database.read() as connection:
            return set(connection.execute(sa.select(tables.finding.c.rule)).scalars())

    def mark(self) -> dict[str, Any]:
        with self.hub.database.read() as connection:
            return dict(watermarks.listed(connection)[0])


Make = Callable[..., World]


@pytest.fixture
def world(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Make]:
    """Makes a hub whose flow asks a peer that says what `say` says."""
    with ExitStack() as stack:

        def make(say: Callable[[Heard], Said], messages: str = "rows[]", **transport: Any) -> World:
            peer = stack.enter_context(spoken(say))
            site = Path(shutil.copytree(SITE, tmp_path / "site"))
            asked = {"use": "rest", "url": peer.url, "path": "items", "records": "rows", "query": {"since": "{since}"}, **transport}
            asked = {name: value for name, value in asked.items() if value is not None}
            for name, change in (("flows/mes_items", {"transport": asked}), ("grammars/json/mes_items", {"messages": messages})):
                path = site / f"{name}.yaml"
                path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
            hub = Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock))
            stack.callback(hub.database.close)
            return World(hub, peer)

        yield make


def test_all_of_an_odata_2_comes_though_top_limits_the_whole_answer(world: Make) -> None:
    """OData 2.0, 2.2.3.3: `$top` is how many there are in all, so nobody names a next page."""
    items = [item(number) for number in range(1, 26)]

    def say(heard: Heard) -> Said:
        skipped = int(heard.query.get("$skip", 0))
        assert heard.query["$orderby"] == "id"
        return Said({"d": {"results": items[skipped : skipped + int(heard.query["$top"])]}})

    made = world(say, "d.results[]", use="odata", version=2, entity="Items", page=10, delta=WHOLE, path=None, records=None, query=None)
    assert (len(made.pull()[0]), made.pull()) == (25, ([], None))


@pytest.mark.parametrize(
    "paging", [{"style": "cursor", "at": "next"}, {"style": "page", "first": 0, "size": 2, "more": "more"}], ids=["cursor", "page"]
)
def test_an_empty_page_in_the_middle_is_no_end(world: Make, paging: dict[str, Any]) -> None:
    """AIP-158: only an absent token is the end. A peer that filters behind its counting hands out empty pages."""
    pages = [[item(1, at(7)), item(4, at(9))], [], [item(2, at(8))], [item(3, at(8))]]

    def say(heard: Heard) -> Said:
        if heard.query.get("since", "") > at(8):
            return Said({"rows": [], "more": False, "next": None})
        number = int(heard.query.get("cursor") or heard.query.get("page") or 0)
        return Said({"rows": pages[number], "more": number < 3, "next": str(number + 1) if number < 3 else None})

    made = world(say, paging=paging, delta=STAMPED | {"ask_as": "%Y-%m-%dT%H:%M:%SZ"})
    assert made.pull() == (["1", "2", "3", "4"], None) and made.pull() == ([], None)
    assert made.mark()["watermark"].startswith("2026-11-22T08"), "no later than the hub's clock"


def test_an_offset_goes_on_behind_an_empty_page_where_the_peer_says_that_there_is_more(world: Make) -> None:
    rows = {0: [item(1), item(2)], 2: [], 4: [item(3)]}

    def say(heard: Heard) -> Said:
        offset = int(heard.query["offset"])
        return Said({"rows": rows.get(offset, []), "more": offset < 4})

    assert world(say, query={}, paging={"style": "offset", "size": 2, "more": "more"}, delta=WHOLE).pull() == (["1", "2", "3"], None)


def test_dates_that_mean_none_or_never_end_no_flow(world: Make) -> None:
    """Year 1 is .NET's "no date", and year 9999 "never"; neither is a year that every calendar can count from."""
    rows = [item(1, "0001-01-01T00:00:00Z"), item(2, at(7)), item(3, "9999-12-31T23:59:59Z")]
    delta = STAMPED | {"ask_as": "%Y-%m-%d %H:%M:%S", "time_zone": "Asia/Shanghai", "overlap_seconds": 300, "sorted": True}
    made = world(lambda _heard: Said({"rows": rows}), delta=delta)
    assert made.pull() == (["1", "2", "3"], None)
    assert made.pull() == ([], None)


def test_each_of_a_list_is_covered_when_the_last_one_was_asked(world: Make) -> None:
    """One watermark stands for all companies: what the second one holds may be older than what the first one had last."""
    broken = [True]

    def say(heard: Heard) -> Said:
        if heard.query["company"] == "20" and broken and broken.pop():
            return Said({}, 500)
        rows = [item(1, at(7, 24)), item(2, at(7, 25))] if heard.query["company"] == "10" else [item(11, at(7, 22)), item(12, at(7, 23))]
        since = heard.query.get("since", "")
        return Said({"rows": [{**row, "company": heard.query["company"]} for row in rows if row["changed_at"] >= since]})

    each = {"word": "company", "values": ["10", "20"], "at": "company"}
    query = {"company": "{company}", "since": "{since}"}
    made = world(say, each=each, query=query, delta=STAMPED | {"sorted": True, "ask_as": "%Y-%m-%dT%H:%M:%SZ"})
    assert made.pull()[1] is not None
    assert made.pull() == (["11", "12"], None)


def test_an_order_that_is_not_kept_is_told_until_somebody_mends_it(world: Make) -> None:
    pages = {"items": [item(1, at(7)), item(2, at(9))], "more": [item(3, at(8)), item(4, at(10))]}

    def say(heard: Heard) -> Said:
        name = heard.path.rpartition("/")[2]
        links = {"Link": '<more>; rel="next"'} if name == "items" else {}
        return Said({"rows": [row for row in pages[name] if row["changed_at"] >= heard.query.get("since", "")]}, headers=links)

    made = world(say, paging={"style": "link"}, delta=STAMPED | {"sorted": True})
    for came in (["1", "2"], []):
        got, failure = made.pull()
        assert got == came and "not answer in the order" in str(failure) and "not answer in the order" in made.mark()["failure"]
    made.hub.site.flows["mes_items"].transport["delta"]["sorted"] = False
    assert made.pull() == (["3", "4"], None), "what was lost behind it comes"


def test_a_link_is_meant_beside_what_was_asked_and_bears_no_key(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITEM_KEY", "hush-hush")

    def say(heard: Heard) -> Said:
        assert heard.query["key"] == "hush-hush"
        if heard.query.get("page") == "2":
            return Said({"rows": [item(2, at(8))], "sync": "/api/items?key=hush-hush&since=7"})
        return Said({"rows": [item(1, at(7))]}, headers={"Link": '<?key=hush-hush&page=2>; rel="next"'})

    auth = {"kind": "query", "name": "key", "secret_env": "ITEM_KEY"}
    made = world(say, path="api/items", query={}, auth=auth, paging={"style": "link"}, delta={"kind": "token", "token": "sync", "id": "id"})
    assert made.pull() == (["1", "2"], None)
    assert made.mark()["watermark"] == "/api/items?since=7"
    assert [(heard.path, list(heard.query)) for heard in made.peer.heard] == [("/api/items", ["key"]), ("/api/items", ["page", "key"])]


def test_a_peer_that_is_called_otherwise_inside_is_asked_where_we_know_it(world: Make) -> None:
    def say(heard: Heard) -> Said:
        last = "at" in heard.query
        return Said({"rows": [item(2 if last else 1)], "next": None if last else "http://s4internal:8000/items?at=2"})

    made = world(say, query={}, paging={"style": "next", "at": "next"}, delta=WHOLE)
    assert "links: path" in str(made.pull()[1])
    made.hub.site.flows["mes_items"].transport["links"] = "path"
    assert made.pull() == (["2"], None)


def test_several_records_of_one_id_are_taken_once_and_told(world: Make) -> None:
    made = world(lambda _heard: Said({"rows": [item(1, name="first"), item(1, name="second")]}), query={}, delta=WHOLE)
    assert made.pull() == (["1", "1"], None)
    assert "PUL-05" in made.rules() and made.states() == ["superseded", "applied"]
    assert made.pull() == ([], None), "they are known together"


@pytest.mark.parametrize("names", [("AAA", "BBB"), ("BBB", "AAA"), ("x1", "x2"), ("x2", "x1")])
@pytest.mark.parametrize("delta", [STAMPED, WHOLE], ids=["of a day", "whole"])
def test_what_was_asked_for_last_stands_where_nothing_else_tells_changes_apart(
    world: Make, clock: FrozenClock, names: tuple[str, str], delta: dict[str, Any]
) -> None:
    """A stamp of a day, or none: two changes bear one moment, and the order in which the hub asked is all there is."""
    said = [""]
    made = world(lambda _heard: Said({"rows": [item(1, at(0) if delta is STAMPED else None, said[0])]}), query={}, delta=delta)
    for name in (*names, *names):
        said[0] = name
        clock.advance(3600)
        assert made.pull() == (["1"], None)
        *before, last = made.states()
        assert last == "applied" and set(before) <= {"superseded"}


def test_a_flag_that_is_refused_under_200_or_by_409_is_its_records_fault(world: Make) -> None:
    rows = [item(number) for number in range(1, 6)]
    done: set[int] = set()
    refusal = [Said({"code": "E", "message": "locked by approval"})]

    def say(heard: Heard) -> Said:
        if heard.method == "PUT":
            number = int(heard.path.rpartition("/")[2])
            if number == 1:
                return refusal[0]
            done.add(number)
            return Said({"code": "0"})
        return Said({"code": "0", "rows": [row for row in rows if row["id"] not in done][:2]})

    judged = {"at": "code", "is": ["0"], "says": "message"}
    flags = {"acknowledge": {"path": "items/{id}"}, "delta": {"kind": "exported", "id": "id"}, "success": judged}
    made = world(say, query={}, **flags)
    assert made.pull() == (["1", "2", "3", "4", "5"], None)
    assert done == {2, 3, 4, 5} and "locked by approval" in made.mark()["failure"] and "PUL-03" in made.rules()
    refusal[0] = Said({"message": "edited just now"}, 409)
    rows.append(item(6))
    assert made.pull()[0] == ["6"] and done == {2, 3, 4, 5, 6}


def test_json_in_a_chinese_charset_is_read_as_the_agreement_says(world: Make) -> None:
    body = (
        b'{"rows": ['
        + '{"id": 1, "code": "M-1", "name": "镕喆", "unit": "PCE", "changed_at": "2026-11-22T07:00:00Z"}'.encode("gb18030")
        + b"]}"
    )
    made = world(lambda _heard: Said(body, headers={"Content-Type": "application/json; charset=utf-8"}), query={}, delta=STAMPED)
    assert "profile: {charset: gb18030}" in str(made.pull()[1])
    agreement = made.hub.site.folder / "agreements/mes_items.yaml"
    agreement.write_text(yaml.safe_dump(yaml.safe_load(agreement.read_text()) | {"profile": {"charset": "gb18030"}}))
    made.hub.site = type(made.hub.site).load(made.hub.site.folder)
    assert made.pull() == (["1"], None)
    with made.hub.database.read() as connection:
        assert connection.execute(sa.select(tables.master_record.c.name)).scalar_one() == "镕喆"


def test_whatever_ends_a_pull_is_shown_with_its_watermark(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world(lambda _heard: Said({"rows": [item(1)]}), query={}, delta=WHOLE)
    monkeypatch.setattr("connectors.transports.rest.Collection.ask", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made.pull()
    assert "ZeroDivisionError" in made.mark()["failure"]


@pytest.mark.parametrize("cut", [b"2500\n", b"3,L3"])
def test_what_a_job_made_and_was_cut_is_no_smaller_number(world: Make, cut: bytes) -> None:
    """A body that ends with the connection breaks anywhere: within a number, or at the end of a row."""
    body = b"id,code,quantity\n1,L1,1000\n2,L2,2500\n3,L3,9000\n"

    def say(heard: Heard) -> Said:
        if not heard.path.endswith("results"):
            return Said({"id": "7", "state": "done"})
        headers = {"Content-Type": "text/csv", "Number-Of-Records": "3"}
        return Said(body[: body.index(cut) + 1], headers=headers, measured=False)

    job = {"start": {"path": "jobs"}, "id": "id", "status": {"path": "jobs/{job}", "at": "state", "done": ["done"]}, "every_seconds": 0.1}
    result = {"path": "jobs/{job}/results", "count": "Number-Of-Records"}
    made = world(say, query=None, records=None, path=None, job=job | {"result": result}, delta=WHOLE)
    got, failure = made.pull()
    assert got == [] and ("ends within a row" in str(failure) or "columns" in str(failure) or "and 2 came" in str(failure))


def test_a_first_page_is_tried_before_anything_is_kept(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """`partner check --reach`: reached, let in, and what would become of what comes."""
    rows = [item(1), item(2), {"id": 3, "code": "M-3", "unit": "PCE", "shelf_life": "soon"}]
    made = world(lambda _heard: Said({"rows": rows}), query={}, delta=WHOLE)
    for name, value in (("HOME", made.hub.settings.home), ("SITE", made.hub.site.folder), ("DATABASE_URL", made.hub.settings.database_url)):
        monkeypatch.setenv(f"UDIHUB_{name}", str(value))
    run = CliRunner()
    answer = run.invoke(application(), ["partner", "check", "--reach", "--json"])
    told = next(one for line in answer.output.splitlines() if (one := json.loads(line)).get("flow") == "mes_items")
    assert answer.exit_code == 0 and told["reached"] and told["sample"] == {"ready": 2, "rejected": 1}
    assert told["findings"][0]["rule"].startswith("FED-")
    monkeypatch.setenv("UDIHUB_LANG", "zh-CN")
    answer = run.invoke(application(), ["partner", "check", "--reach"])
    assert answer.exit_code == 0 and "允许登录，首页" in answer.output and "首页样本: 2 将被收录, 1 将被拒绝" in answer.output
    del rows[:2]
    assert run.invoke(application(), ["partner", "check", "--reach"]).exit_code != 0, "nothing of it would be taken in"
    assert made.states() == [] and made.rules() == set()


def test_the_last_record_of_each_of_a_list_is_whole_where_rows_make_records(world: Make) -> None:
    """Stock by warehouse, a row for each lot: what one warehouse ends with is not what the next page begins with."""
    held = {"W1": [item(1), item(1, name="lot 2"), item(2)], "W2": [item(3)], "W3": [item(4), item(4, name="lot 2")]}

    def say(heard: Heard) -> Said:
        offset = int(heard.query["offset"])
        return Said({"rows": [{**row, "place": heard.query["place"]} for row in held[heard.query["place"]][offset : offset + 4]]})

    each = {"word": "place", "values": list(held), "at": "place"}
    paging = {"style": "offset", "size": 4}
    made = world(say, query={"place": "{place}"}, each=each, paging=paging, delta=WHOLE | {"rows": True})
    came = [record for page in transport_named("rest").pages(made.hub.site.flows["mes_items"].transport, None) for record in page.records]
    assert sorted(key for key, version in came if version != CUT) == ["1", "2", "3", "4"]
    assert set(made.pull()[0]) == {"1", "2", "3", "4"} and made.pull() == ([], None)


def test_numbers_are_asked_for_by_odata_as_numbers(world: Make) -> None:
    said: list[str] = []

    def say(heard: Heard) -> Said:
        said.append(heard.query.get("$filter", ""))
        return Said({"value": [item(1) | {"version": 41}, item(2) | {"version": 42}]})

    delta = {"kind": "stamp", "field": "version", "id": "id", "stamps": "number"}
    made = world(say, "value[]", use="odata", version=4, entity="Items", delta=delta, path=None, records=None, query=None)
    assert made.pull() == (["1", "2"], None) and made.pull() == ([], None)
    assert said == ["", "version ge 42"]
