"""Own X12 and JSON texts for the site in tests/samples/site."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GTIN = "06901234000023"
WRONG_GTIN = "06901234000029"


@dataclass(frozen=True)
class Channel:
    """One supplier's envelope."""

    partner: str
    sender: str
    receiver: str
    version: str
    organisation: str
    ship_to: str


ACME = Channel("acme", "ACME", "NORTH", "004010", "north", "8799999010009")
BOREALIS = Channel("borealis", "BOREALIS", "SOUTH", "005010", "south", "6999999010005")


def despatch(number: str, order: str = "4500000001", quantity: str = "24", gtin: str = GTIN, lot: str = "L1", line: str = "1") -> list[str]:
    """Body segments of an 856 with one line."""
    return [
        f"BSN*00*{number}*20261122*0800*0001",
        "HL*1**S",
        "DTM*011*20261122*0800",
        "N1*SF*SUPPLIER*UL*6999999020004",
        "N1*ST*SITE*UL*8799999010009",
        "HL*2*1*O",
        f"PRF*{order}***20261101",
        "HL*3*2*I",
        f"LIN*{line}*UK*{gtin}",
        f"SN1*{line}*{quantity}*EA",
        f"REF*LT*{lot}",
        "DTM*036*20281231",
        "CTT*3",
    ]


def interchange(
    channel: Channel, control: int, *sets: list[str], code: str = "856", group: str = "SH", miscounted: int = -1, sender: str | None = None
) -> bytes:
    """ISA to IEA with one group. The set with index `miscounted` states one segment too many; `sender` stands in ISA06 and GS02."""
    five = channel.version >= "005010"
    name = sender or channel.sender
    repetition, component = ("^", ":") if five else ("U", ">")
    segments = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{name:<15}*ZZ*{channel.receiver:<15}*261122*0800*{repetition}*{channel.version[:5]}*{control:09d}*0*P*{component}",
        f"GS*{group}*{name}*{channel.receiver}*20261122*0800*{control}*X*{channel.version}",
    ]
    for ordinal, body in enumerate(sets, start=1):
        count = len(body) + 2 + (1 if ordinal - 1 == miscounted else 0)
        segments += [f"ST*{code}*{ordinal:04d}", *body, f"SE*{count}*{ordinal:04d}"]
    segments += [f"GE*{len(sets)}*{control}", f"IEA*1*{control:09d}"]
    return "".join(f"{segment}~" for segment in segments).encode("ascii")


def segments(content: bytes) -> list[list[str]]:
    """An answer of ours, cut by hand."""
    text = content.decode("ascii")
    return [part.strip("\r\n").split(text[3]) for part in text.split(text[105]) if part.strip()]


def found(content: bytes, tag: str) -> list[list[str]]:
    """Segments with this tag."""
    return [segment for segment in segments(content) if segment[0] == tag]


def orders(number: str, supplier: str = "V1", quantity: int = 24) -> bytes:
    """One purchase order with one line as the ERP exports it."""
    return json.dumps(
        {
            "exported_at": "2026-11-20T08:00:00+01:00",
            "orders": [
                {
                    "number": number,
                    "revision": 0,
                    "purpose": "new",
                    "issued_at": "2026-11-01T08:00:00+01:00",
                    "currency": "EUR",
                    "supplier": {"code": supplier, "name": "Supplier"},
                    "ship_to": {"gln": "8799999010009", "name": "Site"},
                    "requested_on": "2026-11-30",
                    "lines": [
                        {
                            "line": "1",
                            "item_code": "RM-1",
                            "gtin": GTIN,
                            "description": "Polymer",
                            "quantity": quantity,
                            "unit": "EA",
                            "unit_price": 1.5,
                            "requested_on": "2026-11-30",
                        }
                    ],
                }
            ],
        }
    ).encode()


DEVICES = Path(__file__).parents[1] / "samples" / "json" / "erp_devices.json"
DEVICE = "06901234500059"


def devices(**changes: Any) -> bytes:
    """The device master's sample, with some members changed."""
    said = json.loads(DEVICES.read_text(encoding="utf-8"))
    said["devices"][0].update(changes)
    return json.dumps(said).encode()


def stock(quantity: int = 10, gln: str = "8799999010009", counted_at: str = "2026-11-22T07:00:00+01:00", **more: Any) -> bytes:
    """The warehouse's count of one lot."""
    row = {"gtin": GTIN, "lot": "L1", "expires_on": "2028-12-31", "status": "available", "quantity": quantity, "unit": "EA", **more}
    return json.dumps({"warehouse_gln": gln, "counted_at": counted_at, "stock": [row]}).encode()
