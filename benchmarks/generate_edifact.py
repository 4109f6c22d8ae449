"""Load files for the EDIFACT benchmarks: despatch advices (DESADV D.96A, EANCOM) of a device maker, the same for the same seed.

Shipment, cartons with SSCC, items with GTIN, lot and expiry; a name holds a released separator. Every message is valid.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.generate_x12 import GOODS, PREFIX, checked, gtin

_SENDER, _RECEIVER = checked(f"{PREFIX}00001"), checked(f"{PREFIX}00002")


def _despatch(number: int, draw: random.Random) -> list[str]:
    body = [
        f"BGM+351+DA{number:08d}+9",
        "DTM+137:202611221415:203",
        "DTM+11:202611221415:203",
        f"RFF+ON:45{number:08d}",
        "DTM+171:20261118:102",
        f"NAD+SU+{_SENDER}::9++RHEINTAL TITAN",
        f"NAD+DP+{checked(f'{PREFIX}{number % 90:05d}')}::9++CENTRAL STORE ?+ DOCK {number % 7}",
        "TDT+20++30+31+:::DHL",
        "CPS+1",
        f"PAC+{draw.randint(1, 3)}++CT",
    ]
    line = 0
    for carton in range(draw.randint(1, 3)):
        sscc = checked(f"3{PREFIX}{draw.randrange(10**9):09d}")
        body += [f"CPS+{carton + 2}+1", "PAC+1++CT", "PCI+33E", f"GIN+BJ+{sscc}"]
        for _item in range(draw.randint(1, 3)):
            line += 1
            body += [
                f"LIN+{line}++{gtin(draw)}:EN",
                f"PIA+1+{draw.randrange(10**6):06d}:SA",
                f"IMD+F++:::{draw.choice(GOODS)}",
                f"QTY+12:{draw.randint(1, 30)}:PCE",
                "PCI+36E",
                f"DTM+361:20{draw.randint(28, 33)}0630:102",
                f"GIN+BX+L{draw.randrange(10**7):07d}",
            ]
    return [*body, f"CNT+2:{line}"]


def interchange(messages: int, seed: int = 1) -> Iterator[bytes]:
    """The pieces of one interchange of this many messages."""
    draw = random.Random(seed)
    yield f"UNA:+.? 'UNB+UNOC:3+{_SENDER}:14+{_RECEIVER}:14+261122:1415+1++DESADV'".encode()
    for number in range(1, messages + 1):
        body = _despatch(number, draw)
        yield "'".join([f"UNH+{number}+DESADV:D:96A:UN:EAN005", *body, f"UNT+{len(body) + 2}+{number}'"]).encode()
    yield f"UNZ+{messages}+1'".encode()
