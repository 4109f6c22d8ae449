"""What public samples say, written by hand: each line beside the segment that says it, with its position in the set (ST is 1).

`test_whole_way.py` compares the segments with the files and everything else with what the hub shows. Of the 23 orders,
answers, despatch advices and invoices of the collection 20 go the whole way; the others stand in `STOPPED`, with
the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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
        (Paper("PO12345", (Line(3, "PO1**1*EA*10.00**VN*VENDORSKU", "1", "VENDORSKU", "1", "EA", "10.00"),), issued_on="2026-07-09"),),
        ("TA1*000000001*260709*1200*A*000", *well("PO", "1", "0001")),
    ),
    Sample(  # kputnam/stupidedi; 003050, taken with errors
        "850_4.edi",
        "motors",
        (Paper("NP00001234", (Line(6, "PO1*1*3*EA*1.21**BP*12345", "1", "12345", "3", "EA", "1.21"),), issued_on="2001-06-14"),),
        (
            "TA1*000000003*010614*1200*A*000",
            "AK1*PO*1",
            "AK2*850*0001",
            "AK3*NTE*3**6",
            "AK3*DTM*8*PO1*8",
            "AK4*6*1251*2",
            "AK5*E*5",
            "AK9*E*1*1*1",
        ),
    ),
    Sample(  # kputnam/stupidedi
        "850_5.edi",
        "aerospace",
        (Paper("508517/1001", (Line(6, "PO1*1*48*EA*3*PE*MG*R5656-2", "1", "R5656-2", "48", "EA", "3"),), issued_on="2000-05-06"),),
        ("AK1*SC*20213", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"),
    ),
    # --- answers to orders ----------------------------------------------------------------------------------------------
    Sample(  # Inteligenz/X12Parser; no ACK: PO1 and BAK02 AD (all as ordered) speak
        "855_1.edi",
        "software",
        (
            Paper(
                "0132710645",  # BAK03: there is no number of the answer itself
                (Line(39, "PO1*000010*1*EA*369*CA*MG*00065008880AD01A00*BP*T05249", "000010", "T05249", "1", "EA", "369"),),
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
                order="123456/1234",  # PRF01, PRF02 at 14
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
                    Line(19, "SN1**1400*PC*6000", "1", "rt2371", "1400", "EA", order="B00000389/0005", ordered="6000"),
                    Line(26, "SN1**1500*PC*6000", "1", "lt2372", "1500", "EA", order="B00003489/0002", ordered="6000"),
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
                (Line(22, "SN1**1*EA*1*1*EA", "1", "883932284904", "1", "EA", gtin="883932284904", goods={"sscc": "007121610006156802"}),),
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
        ("AK1*IN*5639689", "AK2*810*5639689", "AK3*IT1*7*IT1*8", "AK4*3*355*2", "AK3*IT1*9*IT1*8", "AK4*3*355*2", "AK5*E*5", "AK9*E*1*1*1"),
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
BY_FILE = {sample.file: sample for sample in SAMPLES}

STOPPED = {
    "810_2.edi": "held: BIG07 N6 settles energy, without an article or unit; the invoice mapping refuses to read it as goods (MAP-03)",
    "850_6.edi": "refused: IEA02 is not ISA13 (TA1 R 001)",
    "855_3.edi": "applied, but it has no lines: it accepts an order as a whole and says nothing of any line",
}
"""Samples of the four sets that do not come out as lines in the views."""

COLLIDING = {"855_4.edi": "850_5.edi", "856_2.edi": "856_1.edi"}
"""Examples under one ISA: same sender, receiver and control number, other content. Each goes the way; in one hub the second is refused."""

TERMINATORS = {"850_1": "|", "850_2": "*", "850_4": "!", "855_1": "\r", "856_1": "*", "856_4": "!", "810_3": "\r"}
"""Segment terminators by file; `~` where none is named."""
