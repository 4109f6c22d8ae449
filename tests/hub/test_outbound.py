"""What goes out: each fact once, cancellations too; and one bad fact, parcel, flow or peer stops no other."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts.errors import ConfigError, ConflictError, NotFoundError
from hub import delivery, exchange, outbound, untold
from hub.clock import FrozenClock
from hub.commands.administration import take_turn, turn
from hub.runtime import Hub
from hub.settings import Settings
from hub.soundness import faults
from hub.store import blobs, evidence, outbox, tables
from tests.hub.conftest import SITE, take
from tests.hub_api.papers import ACME, despatch, found, interchange, orders, stock

FLOW = "orders_to_acme"


def export(*numbers: str, supplier: str = "V1", **changes: Any) -> bytes:
    """An export of the ERP with many orders."""
    one = json.loads(orders("X", supplier))
    return json.dumps({**one, "orders": [{**one["orders"][0], "number": number, **changes} for number in numbers]}).encode()


def say(hub: Hub, content: bytes, key: str) -> int:
    return take(hub, content, "erp", key=key, agreement="orders_north").document_id


def cancellation(number: str, revision: int = 1) -> bytes:
    return export(number, purpose="cancelled", revision=revision, issued_at=f"2026-11-{4 + revision:02}T08:00:00+01:00")


def told(hub: Hub) -> list[tuple[str, str]]:
    """BEG01 and BEG03 of what is or was in the outbox, in the order in which it leaves."""
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.outbox.c.sha256).where(tables.outbox.c.kind == "document").order_by(tables.outbox.c.id))
        contents = [blobs.read_blob(connection, hub.settings.home, bytes(row.sha256)) for row in rows]
    return [(segment[1], segment[3]) for content in contents for segment in found(content, "BEG")]


def findings(hub: Hub) -> list[tuple[str, int | None, bool]]:
    """Rule, exchange, and whether it is open."""
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.finding).order_by(tables.finding.c.id))
        return [(row.rule, row.exchange_id, row.closed_at is None) for row in rows]


def state(hub: Hub, exchange_id: int) -> str:
    with hub.database.read() as connection:
        return str(evidence.show(connection, exchange_id)["state"])


def parcels(hub: Hub, kind: str) -> list[Any]:
    with hub.database.read() as connection:
        return list(connection.execute(sa.select(tables.outbox).where(tables.outbox.c.kind == kind).order_by(tables.outbox.c.id)))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A copy of the small site that a test may change before it opens a hub."""
    return Path(shutil.copytree(SITE, tmp_path / "site"))


@pytest.fixture
def reopen(site: Path, database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Any]:
    """Opens a hub on the changed site."""
    opened: list[Hub] = []

    def open_hub() -> Hub:
        opened.append(Hub.open(Settings(tmp_path / "home", site, database_url, "en", 1_000_000, clock)))
        return opened[-1]

    yield open_hub
    for hub in opened:
        hub.database.close()


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# --- what a push costs -------------------------------------------------------------------------------------------------
def test_a_thousand_orders_of_others_cost_no_reading_and_one_document_is_read_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [f"46{number:06}" for number in range(1000)]
    say(hub, export(*numbers, supplier="V2"), "others")
    read: list[bytes] = []
    opened = blobs.open_blob

    def counted(connection: sa.Connection, home: Path, sha256: bytes) -> Any:
        read.append(bytes(sha256))
        return opened(connection, home, sha256)

    monkeypatch.setattr(blobs, "open_blob", counted)
    flow = hub.site.flows[FLOW]
    assert outbound.push(hub, flow) == [] and read == []
    ours = [f"47{number:06}" for number in range(30)]
    say(hub, export(*ours), "ours")
    read.clear()
    assert len(outbound.push(hub, flow)) == 30
    assert len(read) == 1, "thirty orders of one export are read in one go"
    assert told(hub) == [("00", number) for number in ours]


def test_an_order_that_names_its_supplier_by_code_and_by_gln_is_told(hub: Hub) -> None:
    named = {"code": "V1", "gln": "6999999020004", "name": "Acme"}
    say(hub, export("4500000001", supplier="V1").replace(b'{"code": "V1", "name": "Supplier"}', json.dumps(named).encode()), "k1")
    with hub.database.read() as connection:
        assert connection.execute(sa.select(tables.application.c.counterparty)).scalar_one() == "6999999020004"
    assert len(outbound.push(hub, hub.site.flows[FLOW])) == 1


def test_a_vendor_number_is_told_with_or_without_its_zeros(site: Path, reopen: Any) -> None:
    change(site / "flows" / f"{FLOW}.yaml", "supplier: V1", 'supplier: "100234"')
    hub = reopen()
    say(hub, export("4500000001", supplier="0000100234"), "k1")
    assert len(outbound.push(hub, hub.site.flows[FLOW])) == 1


def test_a_flow_that_finds_nothing_names_the_suppliers_whom_nobody_tells(hub: Hub) -> None:
    flow = hub.site.flows[FLOW]
    say(hub, export("4500000001", "4500000002", supplier="V9"), "k1")
    say(hub, export("4500000003", supplier="V8"), "k2")
    assert outbound.push(hub, flow) == []
    assert outbound.unclaimed(hub, flow) == [("V9", 2), ("V8", 1)]
    say(hub, export("4500000004"), "k3")
    assert len(outbound.push(hub, flow)) == 1
    assert outbound.unclaimed(hub, flow) == [("V9", 2), ("V8", 1)], "what a flow tells waits for nobody"


def test_the_supplier_s_number_goes_out_as_the_buyer_s_code_for_it(hub: Hub) -> None:
    say(hub, export("4500000001"), "k1")
    (exchange_id,) = outbound.push(hub, hub.site.flows[FLOW])
    with hub.database.read() as connection:
        content = blobs.read_blob(connection, hub.settings.home, bytes(parcels(hub, "document")[0].sha256))
    assert [segment[1:5] for segment in found(content, "N1") if segment[1] == "SU"] == [["SU", "Supplier", "92", "V1"]]
    assert findings(hub) == [] and state(hub, exchange_id) == "waiting"


def test_a_description_that_does_not_fit_goes_out_cut_and_is_told_and_a_number_never(hub: Hub) -> None:
    long = json.loads(export("4500000001"))
    long["orders"][0]["lines"][0]["description"] = "Bone screw * 4,0 mm ~ " * 9
    say(hub, json.dumps(long).encode(), "k1")
    say(hub, export("45*00000002"), "k2")
    told_of, refused = outbound.push(hub, hub.site.flows[FLOW])
    with hub.database.read() as connection:
        content = blobs.read_blob(connection, hub.settings.home, bytes(parcels(hub, "document")[0].sha256))
    assert [segment[5] for segment in found(content, "PID")] == [("Bone screw   4,0 mm   " * 9)[:80].strip()]
    assert (state(hub, told_of), state(hub, refused)) == ("waiting", "failed")
    assert findings(hub) == [("OUT-05", told_of, True), ("OUT-01", refused, True)]


def test_more_than_a_batch_is_told_in_one_push(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untold, "BATCH", 4)
    say(hub, export(*[f"47{number:06}" for number in range(10)]), "k1")
    assert len(outbound.push(hub, hub.site.flows[FLOW])) == 10
    assert outbound.push(hub, hub.site.flows[FLOW]) == []


# --- one bad thing stops no other --------------------------------------------------------------------------------------
def test_an_order_whose_bytes_are_damaged_is_a_finding_and_the_others_go_out(hub: Hub) -> None:
    damaged = say(hub, orders("4500000001"), "k1")
    say(hub, orders("4500000002"), "k2")
    with hub.database.begin("vandal") as uow:
        sha256 = uow.connection.execute(sa.select(tables.document.c.sha256).where(tables.document.c.id == damaged)).scalar_one()
        body = uow.connection.execute(sa.select(tables.blob.c.body).where(tables.blob.c.sha256 == sha256)).scalar_one()
        uow.connection.execute(tables.blob.update().where(tables.blob.c.sha256 == sha256).values(body=b"?"))
    failed, fine = outbound.push(hub, hub.site.flows[FLOW])
    assert (state(hub, failed), state(hub, fine)) == ("failed", "waiting")
    assert findings(hub) == [("OUT-03", failed, True)]
    assert outbound.push(hub, hub.site.flows[FLOW]) == [], "it is not tried again and again"
    with hub.database.begin("vandal") as uow:
        uow.connection.execute(tables.blob.update().where(tables.blob.c.sha256 == sha256).values(body=body))
    copied = exchange.copy(hub, failed, "ira", "restored from the backup")
    assert state(hub, copied) == "waiting"
    assert told(hub) == [("00", "4500000002"), ("00", "4500000001")], "the partner never heard of it: it is no replacement"


def test_an_order_that_trips_the_mapping_stops_no_other(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    say(hub, export("4500000001", "4500000002"), "k1")
    write = outbound.writing.write

    def tripping(site: Any, agreement: Any, entity: dict[str, Any], envelope: Any) -> Any:
        if entity["number"] == "4500000001":
            raise KeyError("a mistake of a mapping function")
        return write(site, agreement, entity, envelope)

    monkeypatch.setattr(outbound.writing, "write", tripping)
    failed, fine = outbound.push(hub, hub.site.flows[FLOW])
    assert (state(hub, failed), state(hub, fine)) == ("failed", "waiting")
    assert findings(hub) == [("OUT-01", failed, True)]


def test_a_flow_that_fails_stops_no_step_behind_it(site: Path, reopen: Any) -> None:
    (site / "agreements" / "aaa.yaml").write_text(
        (site / "agreements" / "orders_to_acme.yaml")
        .read_text()
        .replace("agreement: orders_to_acme", "agreement: aaa")
        .replace('type: "850"', 'type: "856"')
        .replace("x12/850", "x12/856")
    )
    (site / "flows" / "aaa.yaml").write_text((site / "flows" / f"{FLOW}.yaml").read_text().replace("orders_to_acme", "aaa"))
    hub = reopen()
    with pytest.raises(ConfigError, match="carries PurchaseOrder"):
        outbound.push(hub, hub.site.flows["aaa"])
    say(hub, orders("4500000001"), "k1")
    taken = take_turn(hub)
    assert taken.failed == ("push aaa",) and taken.done >= 2
    assert [row.state for row in parcels(hub, "document")] == ["sent"]
    hub.clock.advance(25 * 3600)
    assert turn(hub) >= 1
    assert [rule for rule, _, _ in findings(hub)] == ["ACK-01"]
    assert turn(hub) == 0


def test_a_renamed_agreement_stops_nothing_that_goes_out(site: Path, reopen: Any) -> None:
    first = reopen()
    say(first, orders("4500000001"), "k1")
    outbound.push(first, first.site.flows[FLOW])
    say(first, export("4500000002", "4500000003"), "k2")
    change(site / "agreements" / "orders_north.yaml", "agreement: orders_north", "agreement: orders_renamed")
    (site / "agreements" / "orders_north.yaml").rename(site / "agreements" / "orders_renamed.yaml")
    hub = reopen()
    assert take_turn(hub).failed == ()
    assert [row.state for row in parcels(hub, "document")][:1] == ["sent"]
    with hub.database.read() as connection:
        made = connection.execute(sa.select(tables.exchange.c.state).where(tables.exchange.c.direction == "out")).scalars().all()
    assert len(made) == 3, "each is told, or says why it is not"
    assert len([one for one in made if one == "failed"]) == len([rule for rule, _, _ in findings(hub) if rule == "OUT-03"])


class Peer:
    """Somebody's transport plug-in."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.names: list[str] = []

    def send(self, _settings: Any, name: str, _content: bytes, _stable_id: str) -> str | None:
        self.names.append(name)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        if callable(outcome):
            outcome()
        return "taken"


def test_whatever_a_transport_raises_counts_and_is_tried_again(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    say(hub, orders("4500000001"), "k1")
    (number,) = outbound.push(hub, hub.site.flows[FLOW])
    peer = Peer(ZeroDivisionError("its own mistake"), ConfigError("no password in the environment"))
    monkeypatch.setattr(delivery, "transport_named", lambda _: peer)
    for attempts in (1, 2):
        assert outbound.send(hub) == 1
        (row,) = parcels(hub, "document")
        assert (row.state, row.attempts) == ("waiting", attempts)
        hub.clock.advance(3600)  # type: ignore[attr-defined]
    assert outbound.send(hub) == 1
    assert state(hub, number) == "sent" and findings(hub) == []


def test_a_slow_peer_leaves_the_other_parcels_free_and_a_lost_lease_ends_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    say(hub, orders("4500000001"), "k1")
    take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    outbound.push(hub, hub.site.flows[FLOW])
    with hub.database.begin("test") as uow:  # a second partner's parcel
        row = parcels(hub, "document")[0]
        outbox.put(
            uow,
            outbox.Parcel(
                "other/1", row.organisation_id, hub.partner_id("borealis"), "event", row.route, "e", "text/plain", bytes(row.sha256)
            ),
        )
    other: list[Any] = []

    def slow() -> None:
        with hub.database.read() as connection:
            leased = connection.execute(sa.select(tables.outbox.c.id).where(tables.outbox.c.lease_until.is_not(None))).scalars().all()
        assert len(leased) == 1, "what waits behind a slow delivery has no lease that could run out"
        hub.clock.advance(delivery.LEASE_SECONDS)  # type: ignore[attr-defined]
        other.extend(outbox.claim(hub.database, 1, delivery.LEASE_SECONDS))

    peer = Peer(slow)
    monkeypatch.setattr(delivery, "transport_named", lambda _: peer)
    assert outbound.send(hub) == 2
    assert [parcel.id for parcel in other] == [row.id], "the heir has it"
    assert [one.state for one in parcels(hub, "document")] == ["waiting"]
    assert [one.state for one in parcels(hub, "event")] == ["sent"]


# --- dead parcels ------------------------------------------------------------------------------------------------------
def test_a_dead_document_fails_in_the_open_until_it_is_sent_again(hub: Hub) -> None:
    say(hub, orders("4500000001"), "k1")
    (number,) = outbound.push(hub, hub.site.flows[FLOW])
    blocked = hub.settings.home / "out"
    blocked.write_text("a file where the folder should be")
    for _ in range(outbox.ATTEMPTS):
        assert outbound.send(hub) == 1
        hub.clock.advance(3600)  # type: ignore[attr-defined]
    assert outbound.send(hub) == 0 and state(hub, number) == "failed"
    assert findings(hub) == [("OUT-06", None, False), ("OUT-02", number, True)], "nothing waits for that destination any more"
    hub.clock.advance(48 * 3600)  # type: ignore[attr-defined]
    assert outbound.watch(hub) == 0, "nobody answers what never left"
    blocked.unlink()
    (parcel,) = parcels(hub, "document")
    assert outbound.resend_parcel(hub, parcel.id, "ira", "the disk is mended") == parcel.id
    assert state(hub, number) == "waiting"
    assert outbound.send(hub) == 1 and state(hub, number) == "sent"
    assert findings(hub) == [("OUT-06", None, False), ("OUT-02", number, False)]


def test_a_dead_acknowledgement_is_found_by_its_document_and_sent_again(site: Path, reopen: Any) -> None:
    change(site / "agreements" / "acme_in.yaml", "route: {use: response}", "route: {use: folder, folder: answers}")
    hub = reopen()
    document_id = take(hub, interchange(ACME, 1, despatch("D1")), "acme").document_id
    (hub.settings.home / "answers").write_text("in the way")
    for _ in range(outbox.ATTEMPTS):
        assert outbound.send(hub) == 1
        hub.clock.advance(3600)
    with hub.database.read() as connection:
        (said,) = evidence.findings_of(connection, tables.finding.c.document_id == document_id)
        (shown,) = outbox.listed(connection, "dead")
    assert said["rule"] == "OUT-02" and "997" in said["message"]
    assert (shown["kind"], shown["partner"], shown["exchange"], shown["attempts"]) == ("acknowledgement", "acme", None, outbox.ATTEMPTS)
    (hub.settings.home / "answers").unlink()
    with pytest.raises(ConflictError, match="reason"):
        outbound.resend_parcel(hub, shown["id"], "ira", " ")
    with pytest.raises(NotFoundError):
        outbound.resend_parcel(hub, 999, "ira", "why not")
    outbound.resend_parcel(hub, shown["id"], "ira", "out of the way")
    assert outbound.send(hub) == 1
    assert [row.state for row in parcels(hub, "acknowledgement")] == ["sent"]
    assert findings(hub) == [("OUT-06", None, False), ("OUT-02", None, False)]


def test_an_answered_document_that_is_sent_again_stays_answered(hub: Hub) -> None:
    say(hub, orders("4500000001"), "k1")
    (number,) = outbound.push(hub, hub.site.flows[FLOW])
    outbound.send(hub)
    body = ["AK1*PO*1", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]
    take(hub, interchange(ACME, 50, body, code="997", group="FA"), "acme")
    assert state(hub, number) == "acknowledged"
    exchange.resend(hub, number, "ira", "their disk broke")
    assert outbound.send(hub) == 1
    assert state(hub, number) == "acknowledged"


# --- answers -----------------------------------------------------------------------------------------------------------
def test_an_answer_that_was_given_is_no_longer_held(hub: Hub) -> None:
    content = interchange(ACME, 1, despatch("D1"))
    document_id = take(hub, content, "acme").document_id
    assert [row.state for row in parcels(hub, "acknowledgement")] == ["held"]
    assert outbound.fetched(hub, document_id, "acme") == 1 and outbound.fetched(hub, document_id, "acme") == 0
    assert [row.state for row in parcels(hub, "acknowledgement")] == ["sent"]
    with hub.database.read() as connection:
        entries = connection.execute(sa.select(tables.audit).where(tables.audit.c.action == "outbox.fetched")).all()
    assert [entry.actor for entry in entries] == ["acme"]


def test_two_watchers_at_once_miss_each_answer_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    say(hub, export("4500000001", "4500000002", "4500000003"), "k1")
    made = outbound.push(hub, hub.site.flows[FLOW])
    hub.clock.advance(25 * 3600)  # type: ignore[attr-defined]
    add, together = evidence.add_findings, threading.Barrier(2)

    def slowly(*given: Any) -> int:
        """Both have looked before either writes, where nothing keeps them apart."""
        try:
            together.wait(1)
        except threading.BrokenBarrierError:
            together.reset()
        return add(*given)

    monkeypatch.setattr(evidence, "add_findings", slowly)
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda _: outbound.watch(hub), range(2)))
    assert sum(counts) == 3
    assert sorted(findings(hub)) == [("ACK-01", number, True) for number in sorted(made)]


# --- cancellations -----------------------------------------------------------------------------------------------------
def test_a_cancelled_order_is_told_once_and_a_new_one_is_an_original(hub: Hub) -> None:
    flow = hub.site.flows[FLOW]
    say(hub, orders("4500000001"), "k1")
    outbound.push(hub, flow)
    say(hub, cancellation("4500000001"), "k2")
    assert len(outbound.push(hub, flow)) == 1
    assert outbound.push(hub, flow) == []
    say(hub, cancellation("4500000001", 2), "k3")
    assert outbound.push(hub, flow) == [], "cancelled again is still cancelled"
    assert told(hub) == [("00", "4500000001"), ("01", "4500000001")]
    say(hub, export("4500000001", revision=3, issued_at="2026-11-09T08:00:00+01:00"), "k4")
    outbound.push(hub, flow)
    say(hub, export("4500000001", revision=4, purpose="replaced", issued_at="2026-11-10T08:00:00+01:00"), "k5")
    outbound.push(hub, flow)
    assert [purpose for purpose, _ in told(hub)] == ["00", "01", "00", "05"]


def test_what_was_never_told_needs_no_cancelling(hub: Hub) -> None:
    flow = hub.site.flows[FLOW]
    say(hub, orders("4500000001"), "k1")
    say(hub, cancellation("4500000001"), "k2")
    say(hub, orders("4500000002", "V2"), "k3")
    say(hub, export("4500000002", supplier="V2", purpose="cancelled", revision=1, issued_at="2026-11-05T08:00:00+01:00"), "k4")
    assert outbound.push(hub, flow) == []
    say(hub, orders("45*0003"), "k5")
    (failed,) = outbound.push(hub, flow)
    assert state(hub, failed) == "failed"
    say(hub, cancellation("45*0003"), "k6")
    assert outbound.push(hub, flow) == [], "it never left"


def test_a_cancellation_that_the_mapping_has_no_word_for_is_a_finding_and_no_order(site: Path, reopen: Any) -> None:
    shipped = Path(__file__).parents[2] / "mappings" / "x12" / "850.yaml"
    own = site / "mappings" / "x12" / "850.yaml"
    own.parent.mkdir(parents=True)
    shutil.copy(shipped, own)
    change(
        own,
        "{to: purpose, from: BEG/01, codes: x12_purpose, default: original}",
        '{from: BEG/01, const: "00", direction: out, note: this partner knows originals only}',
    )
    hub = reopen()
    flow = hub.site.flows[FLOW]
    say(hub, orders("4500000001"), "k1")
    outbound.push(hub, flow)
    say(hub, cancellation("4500000001"), "k2")
    (failed,) = outbound.push(hub, flow)
    assert state(hub, failed) == "failed" and findings(hub)[-1] == ("OUT-04", failed, True)
    assert told(hub) == [("00", "4500000001")]
    assert outbound.push(hub, flow) == []


# --- whose documents they are ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("on", "places", "heard"),
    [
        ("", "8799999020015", ["D1"]),
        ("", "", []),
        (", ship_to: '8799999020022, 6999999010012'", "8799999020015", ["D2", "D3"]),
        (", ship_to: '*'", "8799999020015", ["D1", "D2", "D3"]),
    ],
    ids=["a customer hears of its own", "or of nothing", "the flow names others", "the flow names everybody"],
)
def test_a_customer_hears_of_no_despatch_to_another(
    on: str, places: str, heard: list[str], tmp_path: Path, reopen: Any, site: Path
) -> None:
    shutil.rmtree(site)
    shutil.copytree(Path(__file__).parents[2] / "deploy" / "site", site)
    flow = site / "flows" / "stadtspital_despatches.yaml"
    change(flow, "partner: wms}", f"partner: wms{on}}}")
    change(flow, "enabled: false", "enabled: true")
    customer = site / "partners" / "stadtspital.yaml"
    change(customer, 'gln: "8799999020008"\n', "")
    change(customer, '["8799999020015", "8799999020022"]', json.dumps([places] if places else []))
    hub = reopen()
    line = {"line": "1", "gtin": "06970000002011", "lot": "A26K011", "quantity": 2, "unit": "EA"}
    sent = [("D1", {"ship_to_gln": "8799999020015"}), ("D2", {"ship_to_gln": "8799999020022"}), ("D3", {"ship_to_gln": "6999999010012"})]
    despatches = [
        {
            "number": number,
            "purpose": "new",
            "issued_at": "2026-11-21T16:00:00+01:00",
            "ship_from_gln": "8799999010016",
            **to,
            "lines": [line],
        }
        for number, to in sent
    ]
    take(hub, json.dumps({"despatches": despatches}).encode(), "wms", key="k1", agreement="wms_despatches_rotterdam")
    outbound.push(hub, hub.site.flows["stadtspital_despatches"])
    with hub.database.read() as connection:
        rows = connection.execute(sa.select(tables.outbox.c.sha256).where(tables.outbox.c.kind == "document").order_by(tables.outbox.c.id))
        told_of = [json.loads(blobs.read_blob(connection, hub.settings.home, bytes(row.sha256))) for row in rows]
    assert [one["number"] for document in told_of for one in document["despatches"]] == heard
    assert [one.rule for one in faults(hub.site) if one.rule == "SIT-21"] == ([] if heard else ["SIT-21"])


# --- what is older must not leave behind what is newer -----------------------------------------------------------------
def given_up(hub: Hub, number: int) -> int:
    """The parcel of an outbound exchange, refused by its peer."""
    (parcel,) = outbox.claim(hub.database, 1, 60)
    assert parcel.exchange_id == number
    delivery._failed(hub, parcel, "no such field", 0)
    return parcel.id


def test_a_given_up_order_does_not_overtake_its_change_unless_it_is_asked_for(hub: Hub) -> None:
    flow = hub.site.flows[FLOW]
    say(hub, export("4500000001"), "k1")
    (first,) = outbound.push(hub, flow)
    parcel = given_up(hub, first)
    say(hub, export("4500000001", revision=2, issued_at="2026-11-07T08:00:00+01:00"), "k2")
    (second,) = outbound.push(hub, flow)
    outbound.resend_parcel(hub, parcel, "ira", "the newer one has not left")
    assert outbound.send(hub) == 2 and [state(hub, one) for one in (first, second)] == ["sent", "sent"]
    for again in (
        lambda: outbound.resend_parcel(hub, parcel, "ira", "they lost it"),
        lambda: exchange.resend(hub, first, "ira", "they lost it"),
    ):
        with pytest.raises(ConflictError, match=f"superseded: purchase_order/4500000001 has left anew since, in exchange {second}"):
            again()
    exchange.resend(hub, second, "ira", "they lost the newer one")
    copied = outbound.copy(hub, second, "ira", "once more")
    outbound.send(hub)
    assert exchange.resend(hub, second, "ira", "a copy says the same") > 0 and copied > second
    assert outbound.resend_parcel(hub, parcel, "ira", "they want it", although_superseded=True) == parcel
    with hub.database.read() as connection:
        (after,) = connection.execute(
            sa.select(tables.audit.c.after).where(tables.audit.c.action == "outbox.resent", tables.audit.c.reason == "they want it")
        ).scalars()
    assert json.loads(after) == {"although_superseded_by": copied}


def test_of_all_that_was_given_up_what_is_superseded_stays(hub: Hub) -> None:
    flow = hub.site.flows[FLOW]
    say(hub, export("4500000001"), "k1")
    (first,) = outbound.push(hub, flow)
    given_up(hub, first)
    say(hub, export("4500000001", revision=2, issued_at="2026-11-07T08:00:00+01:00"), "k2")
    (second,) = outbound.push(hub, flow)
    outbound.send(hub)
    say(hub, export("4500000002"), "k3")
    (other,) = outbound.push(hub, flow)
    given_up(hub, other)
    place = "folder out/acme"
    assert outbound.resend_dead(hub, place, "ira", "the disk is mended") == delivery.Again(1, 1)
    assert [state(hub, one) for one in (first, second, other)] == ["failed", "sent", "waiting"]
    outbound.send(hub)
    assert outbound.resend_dead(hub, place, "ira", "and that") == delivery.Again(0, 1)
    assert outbound.resend_dead(hub, place, "ira", "that, too", although_superseded=True) == delivery.Again(1, 0)


def test_a_change_that_the_partner_refused_keeps_nothing_from_being_sent_again(hub: Hub) -> None:
    flow = hub.site.flows[FLOW]
    say(hub, export("4500000001"), "k1")
    (first,) = outbound.push(hub, flow)
    outbound.send(hub)
    say(hub, export("4500000001", revision=2, issued_at="2026-11-07T08:00:00+01:00"), "k2")
    (second,) = outbound.push(hub, flow)
    given_up(hub, second)
    assert state(hub, second) == "failed"
    assert exchange.resend(hub, first, "ira", "they lost it") > 0


def test_yesterdays_stock_of_a_place_does_not_overtake_todays(site: Path, reopen: Any) -> None:
    (site / "agreements" / "stock_to_acme.yaml").write_text(
        "version: 1\nagreement: stock_to_acme\npartner: acme\norganisation: north\ndirection: out\nformat: json\ngrammar: wms_stock\n"
        "messages: [{type: wms_stock, mapping: json/wms_stock}]\nacknowledge: {functional: never, interchange: never}\n",
        encoding="utf-8",
    )
    (site / "flows" / "stock_to_acme.yaml").write_text(
        "version: 1\nflow: stock_to_acme\ndirection: out\nagreement: stock_to_acme\non: {entity: InventoryReport, partner: wms}\n"
        "transport: {use: folder, folder: out/stock}\n",
        encoding="utf-8",
    )
    hub = reopen()
    flow = hub.site.flows["stock_to_acme"]

    def count(day: int, gln: str = "8799999010009") -> int:
        take(hub, stock(day, gln, f"2026-11-{day:02}T07:00:00+01:00"), "wms", key=f"{gln}/{day}", agreement="stock_north")
        (number,) = outbound.push(hub, flow)
        return number

    monday = given_up(hub, count(16))
    elsewhere = count(17, "8799999020008")
    outbound.send(hub)
    assert state(hub, elsewhere) == "sent"
    outbound.resend_parcel(hub, monday, "ira", "of another place alone has left more")
    outbound.send(hub)
    count(18)
    outbound.send(hub)
    with pytest.raises(ConflictError, match="superseded"):
        outbound.resend_parcel(hub, monday, "ira", "they lost it")
