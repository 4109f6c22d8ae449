"""Own sample messages, one and more for every shipped mapping, as trees."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path

from connectors.formats.edifact import FORMAT as EDIFACT
from connectors.formats.x12 import FORMAT as X12
from connectors.spec import STRICT, Profile
from data_contracts.source import SourceRecord
from tests.mappings.samples_feeds import feed_samples
from tests.mappings.samples_idoc import idoc_samples
from tests.mappings.trees import named, segments
from tests.mappings.xml_samples import xml_samples

ORDER = """
BEG*00*SA*4500000123**20261122
CUR*BY*CNY
REF*PP*2
DTM*002*20261215
N1*BY*NovaMed*UL*6901234000009
N1*SU*Jiangnan Polymer*92*V1001
  N3*1 Canal Road
  N4*Wuxi**214000*CN
N1*ST*Suzhou plant*UL*6901234000016
PO1*10*1200*EA*3.25**BP*RM-0001*VP*JP-77*UK*06901234500014
  PID*F****Medical grade resin
  DTM*002*20261210
PO1*20*4.5*KG*18**BP*RM-0002
CTT*2
"""

RESPONSE = """
BAK*00*AC*4500000123*20261122****SO-881*20261123
CUR*SE*CNY
N1*SE*Jiangnan Polymer*92*V1001
PO1*10*1200*EA*3.25**BP*RM-0001*VP*JP-77
  ACK*IQ*1000*EA*067*20261212
PO1*20*4.5*KG*18**BP*RM-0002
  ACK*IB*4.5*KG*068*20270110
PO1*30*7*EA*2**BP*RM-0003
CTT*3
"""

DESPATCH = """
BSN*00*SHP00012*20261122*0830*0001
HL*1**S
  TD5*B*2*SFEX*M*SF EXPRESS
  REF*CN*SF1029
  DTM*011*20261122*0815
  DTM*017*20261124
  N1*SF*Jiangnan Polymer*UL*6901234000108
  N1*ST*Suzhou plant*UL*6901234000016
    N4*Suzhou**215000*CN
  HL*2*1*O
    PRF*4500000123***20261118
    HL*3*2*T
      MAN*GM*00069012340000000017
      HL*4*3*P
        MAN*GM*00069012340000000024
        HL*5*4*I
          LIN*10*BP*RM-0001*VP*JP-77*UK*06901234500014
          SN1*10*600*EA
          PID*F****Medical grade resin
          REF*LT*L26-0441
          REF*SE*S1
          REF*SE*S2
          DTM*036*20281130
          DTM*094*20261101
        HL*6*4*I
          LIN*10*BP*RM-0001*LT*L26-0442
          SN1*10*400*EA
    HL*7*2*I
      LIN*20*BP*RM-0002
      SN1*20*4.5*KG
CTT*7
"""

INVOICE = """
BIG*20261130*INV-5501*20261122*4500000123***DI
CUR*SE*CNY
N1*SE*Jiangnan Polymer*92*V1001
N1*BY*NovaMed*UL*6901234000009
IT1*10*1000*EA*3.25**BP*RM-0001*VP*JP-77
  TXI*VA*422.50*0.13
  PID*F****Medical grade resin
IT1*20*4.5*KG*18**BP*RM-0002
  REF*PO*4500000777
TDS*376403
TXI*VA*433.03*0.13*****3331
CTT*2
"""

ITEM = {
    "item_code": "FG-100",
    "revision": "3",
    "updated_at": "2026-11-20T09:15:00+08:00",
    "name_en": "Bone screw 4.0",
    "name_zh": "骨螺钉 4.0",
    "kind": "finished",
    "base_unit": "EA",
    "gtin_each": "06901234500052",
    "gtin_case": "16901234500059",
    "case_quantity": "50",
    "lot_controlled": "Y",
    "serial_controlled": "N",
    "shelf_life_days": "1825",
    "supplier_code": "V1001",
    "supplier_item": "JP-77",
    "status": "active",
}

JSON_ORDER = {
    "number": "4500000123",
    "revision": "0",
    "purpose": "new",
    "issued_at": "2026-11-22T08:00:00+08:00",
    "currency": "CNY",
    "supplier": {"code": "V1001", "gln": "6901234000108", "name": "江南高分子材料"},
    "ship_to": {"gln": "6901234000016", "name": "Suzhou plant"},
    "requested_on": "2026-12-15",
    "lines": [
        {"line": "10", "item_code": "RM-0001", "gtin": "06901234500014", "quantity": "1200", "unit": "EA", "unit_price": "3.250"},
        {"line": "20", "item_code": "RM-0002", "quantity": "4.5", "unit": "公斤", "unit_price": "1.8e1", "requested_on": "2026-12-20"},
    ],
}

CSV_ORDER = {
    "order_no": "4500000124",
    "revision": "1",
    "purpose": "changed",
    "issued": "22.11.2026 08:05",
    "currency": "EUR",
    "supplier_code": "V2001",
    "ship_to_gln": "8712345000014",
    "row": [
        {"line": "10", "item_code": "RM-0007", "quantity": "12,50", "unit": "KGM", "unit_price": "1,075", "requested": "01.12.2026"},
        {"line": "20", "item_code": "RM-0008", "quantity": "3", "unit": "ST1"},
    ],
}

PARTY = {
    "code": "V1001",
    "revision": "1",
    "updated_at": "2026-10-01T00:00:00Z",
    "role": "vendor",
    "name": "Jiangnan Polymer",
    "name_zh": "江南高分子材料",
    "gln": "6901234000108",
    "country": "CN",
    "status": "inactive",
}

LOCATION = {
    "code": "W01",
    "revision": "2",
    "updated_at": "2026-10-01T00:00:00Z",
    "level": "仓库",
    "name": "Finished goods",
    "name_zh": "成品仓",
    "parent": "P01",
    "gln": "6901234000115",
    "city": "Suzhou",
    "country": "CN",
    "status": "active",
}

LOT = {
    "lot": "L26-0441",
    "revision": "1",
    "updated_at": "2026-10-01T00:00:00Z",
    "item": "RM-100",
    "gtin": "06901234500052",
    "expires_on": "2029-10",
    "manufactured_on": "2026-09-30",
    "supplier": "V1001",
    "supplier_lot": "JN-7",
    "status": "待检",
}

STOCK = {
    "warehouse_gln": "6901234000016",
    "counted_at": "2026-11-22T06:00:00+08:00",
    "stock": [
        {"gtin": "06901234500052", "lot": "L1", "expires_on": "2028-08", "status": "available", "quantity": "120", "unit": "EA"},
        {"gtin": "06901234500052", "lot": "L2", "expires_on": "2027-01-31", "status": "待检", "quantity": "8", "unit": "EA"},
    ],
}

READINGS = {
    "sensor": "S-17",
    "read_at": "2026-11-22T08:00:00+08:00",
    "gln": "6901234000016",
    "gtin": "06901234500052",
    "lot": "L1",
    "measured": [
        {"measure": "Temperature", "value": "-4.25", "unit": "CEL", "quality": "uncertain", "fault": "LOW-BATTERY", "alarm": "true"},
        {"measure": "RelativeHumidity", "value": "61", "unit": "P1"},
    ],
}

DESPATCHES = {
    "number": "D-1001",
    "purpose": "new",
    "issued_at": "2026-11-22T10:00:00+01:00",
    "despatched_at": "2026-11-22T12:30:00+01:00",
    "ship_from_gln": "8712345000014",
    "ship_to_gln": "4012345000009",
    "ship_to_name": "Stadtspital",
    "carrier": "DHL",
    "tracking": "T1",
    "lines": [
        {
            "line": "1",
            "gtin": "06901234500052",
            "lot": "L1",
            "expires_on": "2028-08-31",
            "serials": ["A1", "A2"],
            "quantity": "2",
            "unit": "EA",
        }
    ],
}

PRODUCTION = {
    "event_id": "MES-9",
    "occurred_at": "2026-11-22T14:00:00+08:00",
    "production_order": "PRD-4",
    "plant_gln": "6901234000016",
    "consumed": [{"item_code": "RM-0001", "lot": "L26-0441", "quantity": "3.5", "unit": "KG"}],
    "produced": [
        {"gtin": "06901234500052", "lot": "L1", "manufactured_on": "2026-11-22", "expires_on": "2031-11", "quantity": "200", "unit": "EA"}
    ],
}

RECEIPT = {
    "@number": "GR-1",
    "@purpose": "new",
    "OrderNumber": "4500000123",
    "DespatchNumber": "SHP00012",
    "ReceivedAt": "2026-11-24T09:00:00+08:00",
    "Warehouse": {"@gln": "6901234000016"},
    "Line": [
        {
            "@no": "1",
            "OrderLine": "10",
            "GTIN": "06901234500014",
            "Lot": "L26-0441",
            "Expiry": "2028-11-30",
            "Quantity": "600",
            # an XML leaf with attributes is a value and a record of that name
            "Rejected": "5",
            "SSCC": "069012340000000024",
        },
    ],
}

STOCK_ROWS = {
    "location_gln": "6901234000016",
    "counted_at": "2026-11-22T06:00:00",
    "row": [{"item_code": "FG-100", "gtin": "06901234500052", "lot": "L1", "status": "unrestricted", "quantity": "119", "unit": "EA"}],
}

SHIPMENTS = {
    "number": "SH-9001",
    "shipped_at": "20261122084500",
    "ship_from_gln": "8712345000014",
    "ship_to_gln": "4012345000009",
    "carrier": "DHL",
    "line": [
        {
            "line_no": "1",
            "order_number": "4500000123",
            "order_line": "10",
            "gtin": "06901234500052",
            "description": "Bone screw 4.0",
            "lot": [
                {"lot": "L26-0441", "expires": "20281130", "quantity": "000000120000", "unit": "EA", "sscc": "069012340000000024"},
                {"lot": "L26-0442", "quantity": "000000008000", "unit": "EA"},
            ],
        },
        {"line_no": "2", "gtin": "06901234500069", "lot": [{"lot": "P-77", "quantity": "000000002500", "unit": "EA"}]},
    ],
}

CONFIRMATIONS = {
    "order_no": "4500000123",
    "confirmed_on": "2026-11-23",
    "currency": "CNY",
    "supplier_code": "V1001",
    "row": [
        {"line": "10", "item_code": "RM-0001", "gtin": "06901234500014", "status": "确认", "quantity": "1200", "unit": "个"},
        {"line": "20", "item_code": "RM-0002", "status": "changed", "quantity": "4.5", "unit": "公斤", "unit_price": "18"},
        {"line": "30", "item_code": "RM-0003", "status": "欠货", "quantity": "7", "unit": "EA", "promised_on": "2026-12-20"},
    ],
}

STOCK_LIST = {
    "location": "6901234000016",
    "counted": "20261122",
    "row": [
        {"item": "FG-100", "name": "骨螺钉", "lot": "L1", "expires": "20311130", "status": "可用", "quantity": "1200", "unit": "个"},
        {"item": "RM-0001", "status": "blocked", "quantity": "-2.5", "unit": "KG"},
    ],
}


def receipt() -> SourceRecord:
    """The receipt with the unit as an attribute of Quantity, as the XML format yields it."""
    root = named("wms_receipts", RECEIPT)
    for line in root.children:
        if line.tag == "Line":
            line.children.append(SourceRecord("Quantity", {"@unit": "EA"}, line.position + 1, line))
    return root


X12_DOCUMENTS = (204, 214, 820, 830, 832, 846, 852, 860, 861, 862, 865, 867, 940, 943, 944, 945, 947, 990)
"""Sets whose sample is the document in `tests/samples/x12`, read by the format."""


def document(message: int, version: str = "004010") -> SourceRecord:
    """The tree of the message of a sample document."""
    with (Path(__file__).parents[1] / "samples" / "x12" / f"{message}_{version}.edi").open("rb") as stream:
        roots = [event.message.root for event in X12.read(stream, STRICT) if event.message is not None]
    assert len(roots) == 1 and roots[0] is not None
    return roots[0]


EDIFACT_SAMPLES = Path(__file__).parents[1] / "samples" / "edifact"


def edifact_sample(name: str) -> SourceRecord:
    """The message of a sample file, as the format reads it."""
    with (EDIFACT_SAMPLES / f"{name}.edi").open("rb") as document:
        (root,) = [event.message.root for event in EDIFACT.read(document, Profile()) if event.message is not None]
    assert root is not None
    return root


def sample(name: str) -> SourceRecord:
    """The message of a shipped mapping, a tree of the test's own that it may change."""
    return copy.deepcopy(_samples()[name])


@cache
def _samples() -> dict[str, SourceRecord]:
    """A message for every shipped mapping, read once in a process."""
    return {
        **feed_samples(),
        **{f"x12/{message}": document(message) for message in X12_DOCUMENTS},
        **{f"edifact/{path.stem.removesuffix('_D96A')}": edifact_sample(path.stem) for path in EDIFACT_SAMPLES.glob("*_D96A.edi")},
        **{f"edifact/{name}_D01B": edifact_sample(f"{name}_D01B") for name in ("DELFOR", "INVRPT")},
        "x12/850": segments(ORDER),
        "x12/855": segments(RESPONSE),
        "x12/856": segments(DESPATCH),
        "x12/810": segments(INVOICE),
        "delimited/erp_items": named("erp_items", ITEM),
        "delimited/erp_orders": named("erp_orders", {**CSV_ORDER, "row": CSV_ORDER["row"][:1]}),
        "delimited/erp_stock": named("erp_stock", STOCK_ROWS),
        "fixed/erp_stock": named("erp_stock", STOCK_LIST),
        "fixed/wms_shipments": named("wms_shipments", SHIPMENTS),
        "json/erp_orders": named("erp_orders", JSON_ORDER),
        "json/erp_parties": named("erp_parties", PARTY),
        "json/erp_locations": named("erp_locations", LOCATION),
        "json/erp_lots": named("erp_lots", LOT),
        "json/wms_stock": named("wms_stock", STOCK),
        "json/sensor_readings": named("sensor_readings", READINGS),
        "json/wms_despatches": named("wms_despatches", DESPATCHES),
        "json/mes_production": named("mes_production", PRODUCTION),
        "spreadsheet/supplier_confirmations": named("supplier_confirmations", CONFIRMATIONS),
        "xml/wms_receipts": receipt(),
        **idoc_samples(),
        **xml_samples(),
    }
