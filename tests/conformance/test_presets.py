"""Every preset, and every resource of it, against an exchange with its product that is written down in tests/samples/presets.

A file found is a test: one site has a flow for each resource, in the words of a partner; the exchange is replayed strictly by a real HTTP
server, or a real broker and a real line speak; the hub pulls by its own code; and what is canonical then, and how far the watermark is,
stands in the same file. A preset without an exchange fails.

    partner: {given: {...}, transport: {...}}      what a partner's flow says beside preset and resource; $HOST is the HTTP server
    secrets: {S4_PASSWORD: geheim}                 environment variables; $EC_KEY is a fresh key
    runs:
      - exchange: [{ask: {...}, answer: {...}}]    tests/peers/replay.py
        rows: [{...}]                              canonical records taken in by this run, in order: at least these members
        watermark: "2026-11-22T07:00:00.000000+00:00"
        fails: "does not let us in"                where the pull must fail, and take nothing
        held: {number: [rules]}                    messages that are not applied, and why
        later: 3600                                seconds after the run before
      - extracts: [{sample: xml/nmpa.xml, name: FULL_20261122.zip, told: [nmpa, "2026-11-22", full, 1]}]
                                                   # register, day (`today`: that of the clock), scope, records
      - publishes: [{topic: ..., json: ...}]       what a broker gets while nobody listens, behind `retained` before the first subscription
        values: [{at: time, value: 7, status: 0}]  what a line's machine writes; $BROKER and $LINE are the peers of streams
      - files: [{sample: x12/944.edi, replace: {A: B}, name: a.edi, charset: utf-8}]     or posts: documents of tests/samples instead
                                                                                         of an exchange, in a folder
    sends: [{entity: {...}, holds: [texts of the document], exchange: [...], told: "201"}]      of resources that go out
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors import http_access
from connectors.preset import Presets
from connectors.registry import traits_of, transport_named
from connectors.spec import Envelope
from connectors.transports import signed_http
from connectors.transports.rpc import dialects
from data_contracts.canonical import CANONICAL
from data_contracts.errors import HubError
from hub import check, pipeline, worker, writing
from hub.clock import FrozenClock
from hub.examine import examine
from hub.receive import Reception, receive
from hub.registers.fetch import fetch_extracts
from hub.runtime import Hub
from hub.settings import Settings
from hub.soundness import faults
from hub.store import blobs, tables, watermarks
from hub.who import Claimant
from tests.peers.broker import PASSWORD, Broker, mosquitto
from tests.peers.llrp_peer import RfidReader
from tests.peers.opcua_peer import Line, opcua_line
from tests.peers.replay import Replay, ReplayHandler, put
from tests.peers.rest_peer import running

SAMPLES = Path(__file__).parents[1] / "samples" / "presets"
PRESETS = Presets()
RESOURCES = [(name, resource) for name in PRESETS.names() for resource in PRESETS.named(name).resources]
KNOWN = {"partner", "secrets", "runs", "sends"}


@dataclass
class System:
    """A hub whose site has every preset, and the system that answers for all of them."""

    hub: Hub
    replay: Replay
    broker: Broker
    line: Line
    reader: RfidReader


def exchange_of(preset: str, resource: str) -> dict[str, Any]:
    path = SAMPLES / preset / f"{resource}.yaml"
    assert path.is_file(), f"the resource {resource} of the preset {preset} has no exchange: write {path.name}"
    found: dict[str, Any] = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    assert set(found) <= KNOWN and ("runs" in found or "sends" in found), path
    return found


def key_of(preset: str, resource: str) -> str:
    return f"{preset}_{resource}".replace("-", "_")


def write_site(folder: Path, peers: Mapping[str, str]) -> None:
    """One flow for each resource, in the words of a partner. `peers`: the addresses of those that answer, by their words."""
    for room in ("partners", "flows"):
        (folder / room).mkdir(parents=True)
    organisation = {
        "key": "north",
        "name": "North Devices B.V.",
        "gln": "8799999010009",
        "time_zone": "Europe/Amsterdam",
        "currency": "EUR",
    }
    (folder / "site.yaml").write_text(yaml.safe_dump({"version": 1, "name": "presets", "organisations": [organisation]}))
    for name in PRESETS.names():
        kind = PRESETS.named(name).kind
        partner = {"version": 1, "partner": name, "name": name, "kind": kind, **({"gln": "9506000000022"} if kind == "customer" else {})}
        (folder / "partners" / f"{name}.yaml").write_text(yaml.safe_dump(partner))
    for name, resource in RESOURCES:
        key, said = (
            key_of(name, resource),
            put(exchange_of(name, resource).get("partner", {}), {**peers, "$FOLDER": f"files/{key_of(name, resource)}"}),
        )
        flow = {"version": 1, "flow": key, "preset": name, "resource": resource, "partner": name, "organisation": "north", **said}
        if PRESETS.named(name).resources[resource].direction == "out":
            flow["on"] = {"partner": name, "supplier": "V1"} if flow.get("on") is None else flow["on"]
        (folder / "flows" / f"{key}.yaml").write_text(yaml.safe_dump(flow, allow_unicode=True))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("presets")
    with (
        running(ReplayHandler, Replay()) as replay,
        mosquitto(folder / "broker") as broker,
        opcua_line(folder / "line") as line,
        closing(RfidReader(holds=True)) as reader,
    ):
        write_site(folder / "site", {"$HOST": replay.url, "$BROKER": broker.url, "$LINE": line.url, "$READER": reader.url})
        if request.param == "sqlite":
            shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "udihub.db")
            url = f"sqlite:///{folder / 'udihub.db'}?durable=off"
        else:
            server = request.getfixturevalue("postgres_server")
            server.copy(f"presets_{folder.name}".replace("-", "_"), request.getfixturevalue("postgres_template"))
            url = server.url(f"presets_{folder.name}".replace("-", "_"))
        clock = FrozenClock(datetime(2026, 11, 22, 8, tzinfo=UTC))
        hub = Hub.open(
            Settings(home=folder / "home", site=folder / "site", database_url=url, language="en", max_body=1_000_000, clock=clock)
        )
        yield System(hub, replay, broker, line, reader)
        hub.database.close()


def test_every_exchange_is_of_a_resource_and_every_preset_names_its_file() -> None:
    found = {(path.parent.name, path.stem) for path in SAMPLES.glob("*/*.yaml")}
    assert found == set(RESOURCES)


def test_a_site_of_all_presets_is_sound(system: System) -> None:
    assert [(one.rule, one.place.path, one.text()) for one in faults(system.hub.site) if one.severity == "error"] == []


def test_what_a_peer_may_get_twice_is_remarked(system: System) -> None:
    remarked = {str(one.place.path).partition("/")[2].partition(".")[0] for one in faults(system.hub.site) if one.rule == "SIT-26"}
    idocs = {"sap_idoc_answers_out", "sap_idoc_orders_out", "sap_idoc_despatches_out"}
    assert remarked == idocs | {"fadada_orders_out", "flux_wms_arrivals_out", "manhattan_active_arrivals_out"}


@pytest.mark.parametrize(("preset", "resource"), RESOURCES)
def test_the_exchange_of_a_resource(system: System, preset: str, resource: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = exchange_of(preset, resource)
    http_access._tokens.clear()
    signed_http._lent.clear()
    dialects._sessions.clear()
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for name in ("BROKER_PASSWORD", "LINE_PASSWORD"):
        monkeypatch.setenv(name, PASSWORD)
    for name, value in said.get("secrets", {}).items():
        monkeypatch.setenv(name, value.replace("$EC_KEY", key))
    for run in said.get("runs", ()):
        if "extracts" in run:
            _compare(system, key_of(preset, resource), run)
            continue
        _run(system, key_of(preset, resource), PRESETS.named(preset).entities(resource), run)
    for one in said.get("sends", ()):
        _send(system, key_of(preset, resource), one)


def _run(system: System, key: str, entities: tuple[str, ...], run: dict[str, Any]) -> None:
    hub = system.hub
    assert set(run) <= {
        "exchange",
        "files",
        "posts",
        "publishes",
        "retained",
        "values",
        "sees",
        "rows",
        "watermark",
        "fails",
        "held",
        "later",
    }
    flow = hub.site.flows[key]
    assert isinstance(hub.clock, FrozenClock)
    hub.clock.advance(run.get("later", 0))
    with hub.database.read() as connection:
        before = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(tables.exchange.c.id), 0)))
    system.replay.expect(run.get("exchange", []))
    for name, content in _documents(run.get("files", ())):
        folder = hub.settings.home / str(flow.transport["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    agreement = hub.site.agreements[flow.agreement]
    for name, content in _documents(run.get("posts", ())):
        receive(hub, Reception(agreement.partner, "http", io.BytesIO(content), by="test", delivery_key=name, agreement=agreement.agreement))
    if "publishes" in run:
        system.broker.publish(_messages(run.get("retained", ())), retain=True)
        assert pipeline.fetch(hub, flow) == []  # a broker keeps what comes after it was asked the first time
        system.broker.publish(_messages(run["publishes"]))
    if "values" in run:
        system.line.write([(datetime.fromisoformat(one["at"]), one["value"], one.get("status", 0)) for one in run["values"]])
    if "sees" in run:
        system.reader.start()
        assert pipeline.fetch(hub, flow) == []  # a reader reads, and holds what it reads, once it was asked the first time
        for one in run["sees"]:
            system.reader.see(one["memory"], antenna=one["antenna"], at=round(datetime.fromisoformat(one["at"]).timestamp() * 1_000_000))
    try:
        pipeline.fetch(hub, flow)
        failed = None
    except HubError as error:
        failed = str(error)
    system.replay.over()
    assert (failed is None) == ("fails" not in run) and (failed is None or run["fails"] in failed), failed
    worker.drain(hub)
    came, held = _taken(hub, key, int(before or 0))
    assert held == run.get("held", {})
    assert len(came) == len(run.get("rows", [])), came
    for expected, row in zip(run.get("rows", []), came, strict=True):
        assert row["entity"] in entities
        assert _holds(row, expected) == [], row
    if "exchange" not in run:
        return
    with hub.database.read() as connection:
        (mark,) = (one for one in watermarks.listed(connection) if one["flow"] == key)
    assert mark["watermark"] == run.get("watermark")


def _compare(system: System, key: str, run: dict[str, Any]) -> None:
    """Releases of a register, packed as it packs them, as they lie in the flow's folder; or what one answers that is asked."""
    assert set(run) <= {"exchange", "extracts", "fails"}
    flow = system.hub.site.flows[key]
    system.replay.expect(run.get("exchange", []))
    for one in run["extracts"] if "folder" in flow.transport else ():
        folder = system.hub.settings.home / str(flow.transport["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(folder / one["name"], "w") as archive:
            archive.write(SAMPLES.parent / one["sample"], Path(one["sample"]).name)
    failed = None
    outcomes: list[Any] = []
    try:
        outcomes = fetch_extracts(system.hub, flow)
    except HubError as error:
        failed = str(error)
    system.replay.over()
    assert (failed is None) == ("fails" not in run) and (failed is None or run["fails"] in failed), failed
    today = system.hub.clock.now().date().isoformat()  # other resources' exchanges move the clock on
    told = [[today if value == "today" else value for value in one["told"]] for one in run["extracts"]]
    assert [[one.register, one.as_of, one.scope, one.records] for one in outcomes] == told
    assert all(one.whole and one.findings == [] for one in outcomes)


def _messages(listed: Iterable[dict[str, Any]]) -> list[tuple[str, bytes]]:
    return [(one["topic"], json.dumps(one["json"], ensure_ascii=False).encode()) for one in listed]


def _documents(listed: Iterable[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """Samples that stand for files or posts, with what is said otherwise here."""
    for one in listed:
        text = (SAMPLES.parent / one["sample"]).read_text(encoding="utf-8")
        for old, new in one.get("replace", {}).items():
            assert old in text, f"{one['sample']} has no {old}"
            text = text.replace(old, new)
        yield one.get("name", one["sample"].replace("/", "-")), text.encode(one.get("charset", "utf-8"))


def _taken(hub: Hub, key: str, after: int) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """What a run brought: the canonical records of messages that were applied, and why others were not."""
    flow = hub.site.flows[key]
    agreement = hub.site.agreements[flow.agreement]
    claimant = Claimant(agreement.partner, None, agreement.agreement)
    exchange, document = tables.exchange.c, tables.document.c
    came: list[dict[str, Any]] = []
    held: dict[str, list[str]] = {}
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(exchange).where(exchange.id > after).order_by(exchange.id)).all()
        examined: dict[int, Any] = {}
        for row in rows:
            if row.document_id not in examined:
                query = sa.select(tables.blob.c.body, tables.blob.c.sha256).join(tables.document, document.sha256 == tables.blob.c.sha256)
                blob = connection.execute(query.where(document.id == row.document_id)).one()
                with blobs.opened(blob.body, hub.settings.home, blob.sha256) as stream:
                    found = examine(io.BytesIO(stream.read()), hub.site, claimant, hub.clock.now())
                examined[row.document_id] = {one.message.ordinal: one for one in found.messages}
            one = examined[row.document_id][row.ordinal]
            if row.state == "applied":
                came.append(check.plain(one.entity))
            else:
                rules = sorted({finding.rule for finding in (*one.syntax, *one.content) if finding.severity == "error"})
                held[str((one.called or one.mapped or {}).get("number"))] = rules
    return came, held


def _holds(row: Any, expected: Any, path: str = "") -> list[str]:
    """What a record lacks of what is expected, or says otherwise."""
    if isinstance(expected, dict):
        if not isinstance(row, dict):
            return [f"{path}: {row!r}"]
        return [fault for name, value in expected.items() for fault in _holds(row.get(name), value, f"{path}.{name}")]
    if isinstance(expected, list):
        if not isinstance(row, list) or len(row) != len(expected):
            return [f"{path}: {row!r}"]
        return [fault for place, value in enumerate(expected) for fault in _holds(row[place], value, f"{path}[{place}]")]
    return [] if row == expected else [f"{path}: {expected!r} was expected, {row!r} came"]


def _send(system: System, key: str, said: dict[str, Any]) -> None:
    """One record as the agreement writes it, over the flow's transport."""
    hub = system.hub
    assert set(said) <= {"entity", "exchange", "holds", "told"}
    flow = hub.site.flows[key]
    plain = dict(said["entity"])
    name = plain.pop("entity")
    entity = {"entity": name, **CANONICAL[name].model_validate(plain).model_dump(exclude_unset=True)}  # what is said, be it the default
    agreement = hub.site.agreements[flow.agreement]
    identity, version = agreement.envelope, agreement.messages[0].version or traits_of(agreement.format).base_version
    envelope = Envelope(identity.sender, identity.receiver, 1, 1, 1, hub.clock.now(), version) if identity is not None else None
    written = writing.write(hub.site, agreement, entity, envelope)
    content = written.content
    assert content is not None, [finding.text() for finding in written.findings]
    assert [text for text in said.get("holds", ()) if text not in content.decode()] == [], content.decode()
    system.replay.expect(said.get("exchange", []))
    try:
        told = transport_named(flow.transport["use"]).send(hub.transport_settings(flow), "document", content, "delivery-1")
    except HubError as error:
        told = str(error)
    system.replay.over()
    assert said.get("told", "") in told
    if "exchange" not in said:
        (sent,) = (hub.settings.home / str(flow.transport["folder"])).iterdir()
        assert sent.read_bytes() == content
