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
from dataclasses import dataclass, field
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

FOLDER = Path(os.environ["UDIHUB_REFERENCE"]) / "edi" / "x12"
SITE = Path(__file__).parent / "site"
STAGES = {"850": "ordered", "855": "confirmed", "856": "despatched", "810": "invoiced"}
DOCK = "8712345000011"


@dataclass(frozen=True)
class Line:
    """What the view must show of one line. `segment` stands at position `at` of its set and says the quantity in element 02."""

    at: int
    segment: str
    line: str
    item: str
    quantity: str
    unit: str
    price: str | None = None
    order: str | None = None
    ordered: str | None = None
    """What our ERP ordered, where it is not the same: beside `at` in the file (SN105) or in an example's own words (PO102)."""
    ordered_price: str | None = None
    gtin: str | None = None
    goods: dict[str, Any] = field(default_factory=dict)
    """Lot, serials, dates and logistic unit of a despatch advice."""


@dataclass(frozen=True)
class Paper:
    """One transaction set."""

    number: str
    lines: tuple[Line, ...]
    order: str | None = None
    issued_on: str | None = None
    total: str | None = None


@dataclass(frozen=True)
class Sample:
    """One file: who sends it, what it says, and the segments of our answer that speak of it."""

    file: str
    partner: str
    papers: tuple[Paper, ...]
    answer: tuple[str, ...]

    @property
    def set(self) -> str:
        """Its transaction set."""
        return self.file.replace("mockedi_", "")[:3]


def well(kind: str, group: str, *sets: str) -> tuple[str, ...]:
    """The 997 of a group in which all is well."""
    said = [segment for control in sets for segment in (f"AK2*{_SETS[kind]}*{control}", "AK5*A")]
    return (f"AK1*{kind}*{group}", *said, f"AK9*A*{len(sets)}*{len(sets)}*{len(sets)}")


_SETS = {"PO": "850", "PR": "855", "SH": "856", "IN": "810"}

SAMPLES = (
    # --- orders ---------------------------------------------------------------------------------------------------------
    Sample(  # Inteligenz/X12Parser
        "850_1.edi",
        "glass",
        (
            Paper(
                "S41000439",  # BEG03
                (
                    Line(11, "PO1*1*5*EA*5.09*UM*BP*0459001004", "1", "0459001004", "5", "EA", "5.09"),
                    Line(16, "PO1*2*12*EA*63.11*UM*BP*0650002027", "2", "0650002027", "12", "EA", "63.11"),
                    Line(23, "PO1*3*2*EA*8.02*UM*BP*0670104514", "3", "0670104514", "2", "EA", "8.02"),
                    Line(29, "PO1*4*1*EA*85.25*UM*BP*0684202074", "4", "0684202074", "1", "EA", "85.25"),
                ),
                issued_on="2010-08-10",  # BEG05
            ),
        ),
        well("PO", "245", "0001"),
    ),
    Sample(  # Inteligenz/X12Parser; two licences of one article, told apart by the maker's part number (MG)
        "850_2.edi",
        "reseller",
        (
            Paper(
                "ANSI-X12-CLP",
                (
                    Line(37, "PO1~1~1~EA~157.50~PE~BP~1733880~MG~64017422AB10A12", "1", "64017422AB10A12", "1", "EA", "157.50"),
                    Line(55, "PO1~2~1~EA~160~PE~BP~1733880~MG~54020587AA01A00", "2", "54020587AA01A00", "1", "EA", "160"),
                ),
                issued_on="2010-06-14",
            ),
        ),
        well("PO", "11464", "114640004"),
    ),
    Sample(  # kputnam/stupidedi; PO101 is empty: lines are counted
        "850_3.edi",
        "sender",
        (
            Paper(
                "PO12345",
                (Line(3, "PO1**1*EA*10.00**VN*VENDORSKU", "1", "VENDORSKU", "1", "EA", "10.00"),),
                issued_on="2026-07-09",
            ),
        ),
        ("TA1*000000001*260709*1200*A*000", *well("PO", "1", "0001")),
    ),
    Sample(  # kputnam/stupidedi; 003050, taken with errors
        "850_4.edi",
        "motors",
        (Paper("NP00001234", (Line(6, "PO1*1*3*EA*1.21**BP*12345", "1", "12345", "3", "EA", "1.21"),), issued_on="2001-06-14"),),
        ("AK1*PO*1", "AK2*850*0001", "AK3*NTE*3**6", "AK3*DTM*8*PO1*8", "AK4*6*1251*2", "AK5*E*5", "AK9*E*1*1*1"),
    ),
    Sample(  # kputnam/stupidedi
        "850_5.edi",
        "aerospace",
        (Paper("508517", (Line(6, "PO1*1*48*EA*3*PE*MG*R5656-2", "1", "R5656-2", "48", "EA", "3"),), issued_on="2000-05-06"),),
        ("AK1*SC*20213", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"),
    ),
    # --- answers to orders ----------------------------------------------------------------------------------------------
    Sample(  # Inteligenz/X12Parser; no ACK: PO1 and BAK02 AD (all as ordered) speak
        "855_1.edi",
        "software",
        (
            Paper(
                "0132710645",  # BAK03: there is no number of the answer itself
                (
                    Line(
                        39,
                        "PO1*000010*1*EA*369*CA*MG*00065008880AD01A00*BP*T05249",
                        "000010",
                        "T05249",
                        "1",
                        "EA",
                        "369",
                    ),
                ),
                order="0132710645",
            ),
        ),
        well("PR", "855336885", "852281220"),
    ),
    Sample(  # kputnam/stupidedi
        "855_2.edi",
        "castings",
        (
            Paper(
                "338093",  # BAK08
                (Line(6, "PO1*0001*72*EA*47.34*UM*BP*C000900237", "0001", "C000900237", "72", "EA", "47.34"),),
                order="1D711419",  # BAK03
            ),
        ),
        well("PR", "365", "000002015"),
    ),
    Sample(  # kputnam/stupidedi; line 1: 25 at 9.5 asked, 20 (ACK*IQ) at 9 (CTP03) promised; line 3 is refused (ACK*IR at 13)
        "855_4.edi",
        "aerospace",
        (
            Paper(
                "XX-1234",
                (
                    Line(8, "ACK*IQ*20", "1", "XX-1234", "20", "EA", "9", ordered="25", ordered_price="9.5"),
                    Line(10, "PO1*2*75*EA*6.95*CT*MG*LL-5678", "2", "LL-5678", "75", "EA", "6.95"),
                    Line(12, "PO1*3*48*EA*3*CT*MG*RR-1357*BP*AB123-2", "3", "AB123-2", "0", "EA", "3", ordered="48"),
                ),
                order="XX-1234",
            ),
        ),
        ("AK1*SC*20213", "AK2*855*0001", "AK3*ACK*8*ACK*8", "AK4*3*355*2", "AK5*E*5", "AK9*E*1*1*1"),
    ),
    Sample(  # mock-edi
        "mockedi_855.edi",
        "mockedi",
        (
            Paper(
                "5100002",
                (
                    # price and GTIN: PO1 at 11 `PO1*1*100*EA*12.50**VP*WIDGET-001*UP*076123400003`
                    Line(12, "ACK*IA*100*EA*067*20261124", "1", "WIDGET-001", "100", "EA", "12.50", gtin="076123400003"),
                    # PO1 at 14 `PO1*2*40*EA*4.15**VP*BRKT-050*UP*076123400041`
                    Line(15, "ACK*IA*40*EA*067*20261125", "2", "BRKT-050", "40", "EA", "4.15", gtin="076123400041"),
                ),
                order="4500000042",
            ),
        ),
        well("PR", "2", "0002"),
    ),
    # --- despatches -----------------------------------------------------------------------------------------------------
    Sample(  # Inteligenz/X12Parser; ISA14 asks for a TA1, and no 997 is agreed
        "856_1.edi",
        "electric",
        (
            Paper(
                "123456",
                (
                    Line(17, "SN1~~16~PC", "1", "1234-123456", "16", "EA"),  # LIN at 16: 001, CB
                    Line(20, "SN1~~23~LB", "2", "1234-654321", "23", "LB"),  # LIN at 19: 002
                    Line(23, "SN1~~16~PC", "4", "1234-223456", "16", "EA"),  # LIN at 22: 004
                ),
                order="123456",  # PRF01 at 14
            ),
        ),
        ("TA1*000000001*010420*1312*A*000",),
    ),
    Sample(  # Inteligenz/X12Parser; 003060 without BSN02: REF*BM*25673 at 11 is its number; orders below the items (PRF at 20 and 27)
        "856_2.edi",
        "electric",
        (
            Paper(
                "25673",
                (
                    Line(19, "SN1**1400*PC*6000", "1", "rt2371", "1400", "EA", order="B00000389", ordered="6000"),
                    Line(26, "SN1**1500*PC*6000", "1", "lt2372", "1500", "EA", order="B00003489", ordered="6000"),
                ),
            ),
        ),
        ("TA1*000000001*010420*1312*A*000",),
    ),
    Sample(  # Inteligenz/X12Parser; MAN at 19 `MAN*GM*00007121610006156802`: identifier 00, then the SSCC
        "856_3.edi",
        "jeweller",
        (
            Paper(
                "521649209219",
                (
                    Line(
                        22,
                        "SN1**1*EA*1*1*EA",
                        "1",
                        "883932284904",
                        "1",
                        "EA",
                        gtin="883932284904",
                        goods={"sscc": "007121610006156802"},
                    ),
                ),
                order="SO/VINCE1",  # PRF01 at 13
            ),
        ),
        well("SH", "5", "0001"),
    ),
    Sample(  # kputnam/stupidedi; 002001; CTT02 of the sets: 1432 and 259
        "856_4.edi",
        "axles",
        (
            Paper(
                "35100",
                (
                    Line(14, "SN1**1000*PC", "1", "7389141G01", "1000", "EA", order="RG61372"),  # LIN at 13
                    Line(24, "SN1**176*PC", "1", "6500012G00", "176", "EA", order="SH89457"),  # LIN at 23
                    Line(35, "SN1**100*PC", "1", "7340912G00", "100", "EA", order="SG88287"),  # LIN at 34
                    Line(39, "SN1**156*PC", "1", "7450013G00", "156", "EA", order="SH75457"),  # LIN at 38
                ),
            ),
            Paper(
                "02",
                (
                    Line(12, "SN1**234*PC", "1", "3104982G00", "234", "EA", order="SH34227"),  # LIN at 11
                    Line(16, "SN1**25*PC", "1", "8930212G01", "25", "EA", order="SG87362"),  # LIN at 15
                ),
            ),
        ),
        well("SH", "1", "0001", "0002"),
    ),
    Sample(  # own sample of the collection, after healthcare suppliers' guides; MAN at 14 `MAN*GM*00007612875950999180`
        "856_healthcare_udi.edi",
        "device",
        (
            Paper(
                "SH4500981",
                (
                    Line(
                        17,
                        "SN1*1*10*EA**10*EA",
                        "1",
                        "CS-4040-TI",
                        "10",
                        "EA",
                        gtin="00761208101110",
                        goods={
                            "lot": "A27K114",  # REF*LT at 19
                            "expires_on": "2031-04-30",  # DTM*036 at 20
                            "manufactured_on": "2026-05-01",  # DTM*094 at 21
                            "sscc": "007612875950999180",
                        },
                    ),
                    Line(
                        24,
                        "SN1*2*1*EA**1*EA",
                        "2",
                        "PM-8800",
                        "1",
                        "EA",
                        gtin="00761212152795",
                        goods={
                            "serials": ["SN00098211"],  # REF*SE at 26
                            "lot": "B26A002",  # REF*LT at 27
                            "expires_on": "2028-01-31",  # DTM*036 at 28
                            "sscc": "007612875950999180",
                        },
                    ),
                ),
                order="4500981",  # PRF01 at 12
            ),
        ),
        well("SH", "70240", "0001"),
    ),
    Sample(  # mock-edi
        "mockedi_856.edi",
        "mockedi",
        (
            Paper(
                "SHP8000002",
                (
                    Line(19, "SN1*1*100*EA**100*EA", "1", "WIDGET-001", "100", "EA", gtin="076123400003"),  # LIN at 18
                    Line(22, "SN1*2*40*EA**40*EA", "2", "BRKT-050", "40", "EA", gtin="076123400041"),  # LIN at 21
                ),
                order="4500000042",  # PRF01 at 16
            ),
        ),
        well("SH", "3", "0003"),
    ),
    # --- invoices -------------------------------------------------------------------------------------------------------
    Sample(  # Inteligenz/X12Parser; TDS at 19 `TDS*5635800`; the lines add up to the same
        "810_1.edi",
        "bedding",
        (
            Paper(
                "3323399",
                (
                    Line(11, "IT1*1*11*EA*1305**SK*10190150*VC*10190150", "1", "10190150", "11", "EA", "1305"),
                    Line(12, "IT1*2*8*EA*767**SK*10235150*VC*10235150", "2", "10235150", "8", "EA", "767"),
                    Line(13, "IT1*3*12*EA*1196**SK*10240150*VC*10240150", "3", "10240150", "12", "EA", "1196"),
                    Line(14, "IT1*4*6*EA*1800**SK*10245170*VC*10245170", "4", "10245170", "6", "EA", "1800"),
                    Line(15, "IT1*5*8*EA*930**SK*10250150*VC*10250150", "5", "10250150", "8", "EA", "930"),
                    Line(16, "IT1*6*20*EA*120**SK*21520120*VC*21520120", "6", "21520120", "20", "EA", "120"),
                    Line(17, "IT1*7*5*EA*175**SK*21520150*VC*21520150", "7", "21520150", "5", "EA", "175"),
                ),
                order="981903",  # BIG04
                total="56358.00",
            ),
        ),
        well("IN", "163", "0163"),
    ),
    Sample(  # Inteligenz/X12Parser; ISA14 asks for a TA1; TDS at 42 `TDS*16000`
        "810_3.edi",
        "software",
        (
            Paper(
                "0013833070",
                (
                    Line(
                        40,
                        "IT1*000010*1*EA*160*CP*VP*65008841AB02A00*BP*7167946*UP*883919019161",
                        "000010",
                        "7167946",
                        "1",
                        "EA",
                        "160",
                        gtin="883919019161",
                    ),
                ),
                order="V8748745",
                total="160.00",
            ),
        ),
        ("TA1*810000263*071214*1406*A*000", *well("IN", "810000263", "166061414")),
    ),
    Sample(  # kputnam/stupidedi; no units (taken with errors, single books); TDS at 11 `TDS|28566`
        "810_4.edi",
        "books",
        (
            Paper(
                "00237058",
                (
                    Line(7, "IT1||4||70||||EN|9781501331978|GC|01", "1", "9781501331978", "4", "EA", "70", gtin="9781501331978"),
                    Line(9, "IT1||1||5.66||||EN|9780316154680|GC|02", "2", "9780316154680", "1", "EA", "5.66", gtin="9780316154680"),
                ),
                order="0691-0014403",
                total="285.66",
            ),
        ),
        (
            "AK1*IN*5639689",
            "AK2*810*5639689",
            "AK3*IT1*7*IT1*8",
            "AK4*3*355*2",
            "AK3*IT1*9*IT1*8",
            "AK4*3*355*2",
            "AK5*E*5",
            "AK9*E*1*1*1",
        ),
    ),
    Sample(  # indice-co/EDI.Net; TDS at 57 `TDS*36596`: charges of 6.00 (SAC*C at 59) on top of the lines
        "810_5.edi",
        "music",
        (
            Paper(
                "DO091003TESTINV01",
                (
                    Line(25, "IT1*1*2*EA*99.99**VP*ID001", "1", "ID001", "2", "EA", "99.99"),
                    Line(41, "IT1*2*2*EA*79.99**VP*ID002", "2", "ID002", "2", "EA", "79.99"),
                ),
                order="DO091003",
                total="365.96",
            ),
        ),
        well("IN", "1", "0001"),
    ),
    Sample(  # xlate/staedi; two invoices of one number, for two orders; TDS at 28 and 18, both `TDS*255438`; CA is a case
        "810_6.edi",
        "snacks",
        (
            Paper(
                "00001/A99999-01",
                (
                    Line(14, "IT1**16*CA*12.34**UA*002840022222", "1", "002840022222", "16", "CS", "12.34"),
                    Line(16, "IT1**13*CA*12.34**UA*002840033333", "2", "002840033333", "13", "CS", "12.34"),
                    Line(18, "IT1**32*CA*12.34**UA*002840044444", "3", "002840044444", "32", "CS", "12.34"),
                    Line(20, "IT1**51*CA*12.34**UA*002840055555", "4", "002840055555", "51", "CS", "12.34"),
                    Line(22, "IT1**9*CA*12.34**UA*002840066666", "5", "002840066666", "9", "CS", "12.34"),
                    Line(24, "IT1**85*CA*12.34**UA*002840077777", "6", "002840077777", "85", "CS", "12.34"),
                    Line(26, "IT1**1*CA*12.34**UA*002840088888", "7", "002840088888", "1", "CS", "12.34"),
                ),
                order="A99999-01",
                total="2554.38",
            ),
            Paper(
                "00001/A99999-04",
                (
                    Line(14, "IT1**50*CA*12.34**UA*002840022222", "1", "002840022222", "50", "CS", "12.34"),
                    Line(16, "IT1**100*CA*12.34**UA*002840066666", "2", "002840066666", "100", "CS", "12.34"),
                ),
                order="A99999-04",
                total="2554.38",
            ),
        ),
        well("IN", "1", "000000001", "000000002"),
    ),
)
TERMINATORS = {"850_1": "|", "850_2": "*", "850_4": "!", "855_1": "\r", "856_1": "*", "856_4": "!", "810_3": "\r"}
BY_FILE = {sample.file: sample for sample in SAMPLES}


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
    for sample in samples:
        for paper in sample.papers if sample.set != "850" else ():
            for line in paper.lines:
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
            "supplier": {"code": "V1"},
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
COLLIDING = {"855_4.edi": "850_5.edi", "856_2.edi": "856_1.edi"}
"""Examples of one guide under one ISA: same sender, receiver and control number, other content. The second is refused as a duplicate."""


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
    assert rules(hub) == {"MAP-07", "ITM-01"}


def test_an_answer_without_lines_is_taken_and_says_nothing_of_any_line(hub: Hub) -> None:
    order_what(hub, BY_FILE["855_4.edi"])
    document_id, _ = take(hub, "855_3.edi", "aerospace")  # BAK02 AT, CTT*0
    assert states(hub, document_id) == ["applied"]
    assert answered(hub, document_id) == ("AK1*SC*20213", "AK2*855*0001", "AK5*A", "AK9*A*1*1*1")
    with hub.database.read() as connection:
        assert standing(connection, "order_response", "XX-1234").order_number == "XX-1234"
        assert [line["confirmed"]["sources"] for line in views.order(connection, "XX-1234")["lines"]] == [[], [], []]
