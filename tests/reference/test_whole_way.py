"""Public samples go the whole way: received, landed, acknowledged, mapped, applied, and shown in the views.

The agreements are YAML alone, in `site/` beside this file: a dialect where a partner has one, an overlay where its mapping differs. What
the views must show is written below by hand, each line beside the segment that says it: the segment's text and its position in
the set (ST is 1) are compared with the file, and `explain` must lead from the view back to that place. Suppliers' documents answer
orders; those come from the ERP as JSON. Samples that do not go the whole way are below as well, with what stops them.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub import acknowledge, pipeline, worker
from hub.clock import FrozenClock
from hub.explain import explain
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import evidence, listing, tables, views
from hub.trace.genealogy import reached
from tests.reference.hand_checked import BY_FILE, COLLIDING, SAMPLES, TERMINATORS, Line, Paper, Sample, well

FOLDER = Path(os.environ["UDIHUB_REFERENCE"]) / "edi" / "x12"
SITE = Path(__file__).parent / "site"
STAGES = {"850": "ordered", "855": "confirmed", "856": "despatched", "810": "invoiced"}
DOCK = "8712345000011"


# --- the file, read by nothing of ours ----------------------------------------------------------------------------------
def sets_of(file: str) -> list[list[str]]:
    """The segments of each set as they stand in the file, ST first, blanks at their ends taken off."""
    text = (FOLDER / file).read_bytes().decode("utf-8-sig")
    segments = [segment.strip() for segment in text.split(TERMINATORS.get(Path(file).stem, "~"))]
    starts = [number for number, segment in enumerate(segments) if segment[:2] == "ST" and not segment[2].isalnum()]
    return [segments[start:] for start in starts]


# --- the hub ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    opened = Hub.open(Settings(tmp_path / "home", SITE, database_url, "en", 1_000_000, clock))
    yield opened
    opened.database.close()


def take(hub: Hub, file: str, partner: str) -> tuple[int, str]:
    """Receive a file and process it: document id and what the landing said."""
    with (FOLDER / file).open("rb") as stream:
        landing = receive(hub, Reception(partner=partner, channel="http", stream=io.BytesIO(stream.read()), by=f"key:{partner}", name=file))
    worker.drain(hub)
    pipeline.reconcile(hub)
    return landing.document_id, landing.outcome


def order_what(hub: Hub, *samples: Sample) -> None:
    """Our ERP's orders, to which suppliers' documents belong."""
    asked: dict[str, dict[str, dict[str, Any]]] = {}
    suppliers: dict[str, str] = {}
    for sample in samples:
        for paper in sample.papers if sample.set != "850" else ():
            for line in paper.lines:
                suppliers[line.order or paper.order or ""] = f"V-{sample.partner.upper()}"  # `party` of the partner's file
                buyer = sample.file != "810_6.edi" and line.item not in ("WIDGET-001", "BRKT-050", "CS-4040-TI", "PM-8800")
                asked.setdefault(line.order or paper.order or "", {}).setdefault(
                    line.line.lstrip("0"),
                    {
                        "line": line.line.lstrip("0"),
                        "item_code": line.item if buyer else f"OUR-{line.item}",
                        "supplier_item": line.item,
                        **({"gtin": line.gtin} if line.gtin else {}),
                        "quantity": line.ordered or line.quantity,
                        "unit": line.unit,
                        **({"unit_price": line.ordered_price or line.price} if line.price else {}),
                    },
                )
    orders = [
        {
            "number": number,
            "revision": 1,
            "purpose": "new",
            "issued_at": "1997-01-02T08:00:00+00:00",
            "currency": "USD",
            "supplier": {"code": suppliers[number]},
            "ship_to": {"gln": DOCK},
            "lines": list(lines.values()),
        }
        for number, lines in asked.items()
    ]
    if not orders:
        return
    body = json.dumps({"exported_at": "2026-11-22T07:00:00+00:00", "orders": orders}).encode()
    landing = receive(hub, Reception("erp", "folder", io.BytesIO(body), "flow:erp", agreement="erp_orders", delivery_key="orders"))
    worker.drain(hub)
    assert states(hub, landing.document_id) == ["applied"] * len(orders), found(hub)


def answered(hub: Hub, document_id: int) -> tuple[str, ...]:
    """The segments of our answers that speak of the document: TA1 and AK1 to AK9."""
    with hub.database.read() as connection:
        content = acknowledge.bytes_for(connection, hub.settings.home, document_id) or b""
    segments = content.decode("ascii").replace("\n", "").split("~")
    return tuple(segment for segment in segments if segment.startswith(("TA1*", "AK")))


def found(hub: Hub) -> list[str]:
    """Texts of all errors, to say why something was not applied."""
    with hub.database.read() as connection:
        return [finding["message"] for finding in evidence.findings_of(connection, tables.finding.c.severity == "error")]


def states(hub: Hub, document_id: int) -> list[str]:
    with hub.database.read() as connection:
        return [exchange["state"] for exchange in listing.exchanges_of_document(connection, document_id)]


def standing(connection: sa.Connection, kind: str, number: str) -> Any:
    """The application that counts for a document."""
    return connection.execute(
        sa.select(tables.application).where(
            tables.application.c.kind == kind, tables.application.c.number == number, tables.application.c.standing
        )
    ).one()


# --- what must come out -------------------------------------------------------------------------------------------------
def hold(hub: Hub, sample: Sample) -> None:
    """Every number of a sample in the views, and the way from there back to its segment."""
    stage = STAGES[sample.set]
    sets = sets_of(sample.file)
    assert len(sets) == len(sample.papers)
    for segments, paper in zip(sets, sample.papers, strict=True):
        for expected in paper.lines:
            assert segments[expected.at - 1] == expected.segment  # the hand-written table quotes the file
            number = expected.order or paper.order or paper.number
            with hub.database.read() as connection:
                shown = views.order(connection, number)
            line = next(line for line in shown["lines"] if line["line"].lstrip("0") == expected.line.lstrip("0"))
            _hold_line(line, expected, stage, paper)
            _hold_place(hub, f"order/{number}/{line['line']}", stage, expected, sample)
            if stage == "ordered":
                assert (shown["partner"], shown["currency"]) == (sample.partner, "USD")
                assert str(shown["issued_at"].date()) == paper.issued_on
                assert len(shown["lines"]) == len(paper.lines)
            assert shown["unmatched"] == []
        _hold_document(hub, sample, paper)


def _hold_line(line: dict[str, Any], expected: Line, stage: str, paper: Paper) -> None:
    assert expected.item in (line["item"]["code"], line["item"]["supplier_item"], line["item"]["gtin"])
    assert line["unit"] == expected.unit
    assert line["ordered"]["quantity"] == Decimal(expected.ordered or expected.quantity)
    assert line[stage]["quantity"] == Decimal(expected.quantity)
    assert line[stage]["complete"]
    (source,) = line[stage]["sources"]
    assert (source["number"], source["unit"]) == (paper.number, expected.unit)
    assert source["unit_price"] == (None if expected.price is None else Decimal(expected.price))
    assert source["lot"] == expected.goods.get("lot")
    if stage == "ordered":
        assert line["unit_price"] == Decimal(expected.price or "")


def _hold_place(hub: Hub, entity: str, stage: str, expected: Line, sample: Sample) -> None:
    """`explain` leads from the number in the view to the segment and element that said it."""
    (step,) = explain(hub, entity, stage)["steps"]
    tag = expected.segment[:3]
    assert (step["segment"], step["position"], step["element"]) == (tag, expected.at, 2)
    mark = expected.segment[3]
    assert step["raw"] == expected.segment.split(mark)[2]
    assert step["document"].endswith(sample.file)


def _hold_document(hub: Hub, sample: Sample, paper: Paper) -> None:
    kind = {"850": "purchase_order", "855": "order_response", "856": "despatch_advice", "810": "invoice"}[sample.set]
    with hub.database.read() as connection:
        document = standing(connection, kind, paper.number)
        assert document.total == (None if paper.total is None else Decimal(paper.total))
        rows = connection.execute(
            sa.select(tables.line).where(tables.line.c.application_id == document.id).order_by(tables.line.c.ordinal)
        ).all()
        assert len(rows) == len(paper.lines)
        for row, expected in zip(rows, paper.lines, strict=True):
            for member, value in expected.goods.items():
                assert getattr(row, member) == value
            if (sscc := expected.goods.get("sscc")) is not None:
                assert f"shipment:{sample.partner}:{paper.number}" in reached(connection, f"sscc:{sscc}", "down", "shipment")
            if (lot := expected.goods.get("lot")) is not None:
                assert reached(connection, f"{expected.gtin}|{lot}", "down", "logistic_unit") == [f"sscc:{expected.goods['sscc']}"]


@pytest.mark.parametrize("file", sorted(BY_FILE))
def test_a_sample_goes_the_whole_way(hub: Hub, file: str) -> None:
    sample = BY_FILE[file]
    order_what(hub, sample)
    document_id, outcome = take(hub, file, sample.partner)
    assert outcome == "new"
    assert states(hub, document_id) == ["applied"] * len(sample.papers)
    assert answered(hub, document_id) == sample.answer
    hold(hub, sample)
    again, outcome = take(hub, file, sample.partner)
    assert (outcome, answered(hub, again)) == ("repeat", sample.answer)
    hold(hub, sample)


# --- all at once, and what does not go --------------------------------------------------------------------------------


def test_samples_of_all_sets_and_sources_stand_beside_each_other(hub: Hub) -> None:
    together = [sample for sample in SAMPLES if sample.file not in COLLIDING]
    order_what(hub, *together)
    for sample in together:
        document_id, outcome = take(hub, sample.file, sample.partner)
        assert (outcome, states(hub, document_id)) == ("new", ["applied"] * len(sample.papers)), sample.file
    for sample in together:
        hold(hub, sample)
    with hub.database.read() as connection:
        widget, bracket = views.order(connection, "4500000042")["lines"]
        orders, following = views.orders(connection, limit=100)
    for line, quantity, due in ((widget, "100", "2026-11-24"), (bracket, "40", "2026-11-25")):
        assert [line[stage]["quantity"] for stage in ("ordered", "confirmed", "despatched")] == [Decimal(quantity)] * 3
        assert line["confirmed"]["sources"][0]["due_on"] == due  # ACK05 at 12 and 15 of mockedi_855
    asked = {line.order or paper.order or paper.number for sample in together for paper in sample.papers for line in paper.lines}
    assert (following, {order["number"] for order in orders}) == (None, asked)


@pytest.mark.parametrize(("second", "first"), sorted(COLLIDING.items()))
def test_two_examples_under_one_control_number_are_a_duplicate(hub: Hub, second: str, first: str) -> None:
    partner = BY_FILE[first].partner
    order_what(hub, BY_FILE[first])
    assert take(hub, first, partner)[1] == "new"
    refused, outcome = take(hub, second, partner)
    assert (outcome, states(hub, refused)) == ("conflict", [])
    (answer,) = answered(hub, refused)
    assert answer.startswith("TA1*") and answer.endswith("*R*025")
    hold(hub, BY_FILE[first])


def rules(hub: Hub) -> set[str]:
    """Rules of all errors that were found."""
    with hub.database.read() as connection:
        return {finding["rule"] for finding in evidence.findings_of(connection, tables.finding.c.severity == "error")}


def test_an_order_whose_trailer_names_another_interchange_is_refused_whole(hub: Hub) -> None:
    document_id, _ = take(hub, "850_6.edi", "parcels")  # IEA02 000000001, ISA13 000000055
    assert states(hub, document_id) == ["rejected"]
    assert answered(hub, document_id) == ("TA1*000000055*090827*0936*R*001",)
    with hub.database.read() as connection:
        assert views.orders(connection) == ([], None)


def test_an_invoice_that_is_none_for_goods_is_taken_by_its_syntax_and_held(hub: Hub) -> None:
    document_id, _ = take(hub, "810_2.edi", "scheduling")  # BIG07 N6, no unit, no article
    assert states(hub, document_id) == ["quarantined"]
    assert answered(hub, document_id) == ("TA1*000000035*990104*1532*A*000", *well("IN", "1", "0001"))
    assert rules(hub) == {"MAP-03", "ITM-01"}


def test_an_answer_without_lines_speaks_of_every_line(hub: Hub) -> None:
    order_what(hub, BY_FILE["855_4.edi"])
    document_id, _ = take(hub, "855_3.edi", "aerospace")  # BAK02 AT, CTT*0
    assert states(hub, document_id) == ["applied"]
    assert answered(hub, document_id) == ("AK1*SC*20213", "AK2*855*0001", "AK5*A", "AK9*A*1*1*1")
    with hub.database.read() as connection:
        assert standing(connection, "order_response", "XX-1234").order_number == "XX-1234"
        lines = views.order(connection, "XX-1234")["lines"]
    assert [[part["status"] for part in line["confirmed"]["sources"]] for line in lines] == [["accepted"]] * 3
    assert [line["confirmed"]["quantity"] for line in lines] == [line["ordered"]["quantity"] for line in lines]
