"""Load files for the X12 benchmarks: purchase orders and despatch advices of a device maker, the same for the same seed.

    python benchmarks/generate_x12.py OUTDIR [--sets 10000] [--seed 1]

writes `orders.x12` (850) and `despatches.x12` (856: shipment, order, carton, item with GTIN, lot or serial and expiry), each
one interchange with one group. Every set is valid, so that a benchmark measures reading and not the reporting of faults.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator
from pathlib import Path

GOODS = (
    "BONE SCREW 3.5MM TI",
    "LOCKING PLATE 8 HOLE",
    "ACETABULAR CUP 52MM",
    "TIBIAL INSERT 12MM",
    "SUTURE ANCHOR 2.9MM",
    "GUIDE WIRE 1.6MM",
)
PREFIX = "7640123"


def checked(digits: str) -> str:
    """A GS1 key with its check digit (GS1 General Specifications 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def gtin(draw: random.Random) -> str:
    """A GTIN-14 of our prefix."""
    return checked(f"0{PREFIX}{draw.randrange(10**5):05d}")


def _order(number: int, draw: random.Random) -> Iterator[str]:
    yield f"BEG*00*SA*45{number:08d}**20261122"
    yield "CUR*BY*EUR"
    yield f"REF*CT*FRAME-{number % 29:03d}"
    yield "PER*BD*PROCUREMENT*TE*+31105550100"
    yield "DTM*002*20261215"
    yield f"N1*ST*CENTRAL STORE {number % 7}*UL*{checked(f'{PREFIX}{number % 90:05d}')}"
    yield "N3*HAVENWEG 12"
    yield "N4*ROTTERDAM**3088GA*NL"
    yield "N1*SU*RHEINTAL TITAN*92*V1002"
    lines = draw.randint(2, 8)
    for line in range(1, lines + 1):
        price = f"{draw.randint(200, 95000) / 100:.2f}"
        yield f"PO1*{line}*{draw.randint(1, 60)}*EA*{price}**UK*{gtin(draw)}*BP*{draw.randrange(10**6):06d}"
        yield f"PID*F****{draw.choice(GOODS)}"
        yield "DTM*002*20261215"
    yield f"CTT*{lines}"


def _despatch(number: int, draw: random.Random) -> Iterator[str]:
    yield f"BSN*00*DA{number:08d}*20261122*1415*0001"
    yield "HL*1**S"
    yield f"TD1*CTN25*2****G*{draw.randint(3, 40)}*KG"
    yield "TD5**2*DHLC*M*ROAD"
    yield f"REF*CN*{draw.randrange(10**12):012d}"
    yield "DTM*011*20261122*1415"
    yield "N1*SF*RHEINTAL TITAN*92*V1002"
    yield f"N1*ST*CENTRAL STORE*UL*{checked(f'{PREFIX}{number % 90:05d}')}"
    yield "HL*2*1*O"
    yield f"PRF*45{number:08d}***20261118"
    level, line = 2, 0
    for _carton in range(draw.randint(1, 3)):
        level += 1
        carton = level
        yield f"HL*{carton}*2*P"
        yield f"MAN*GM*00{checked(f'3{PREFIX}{draw.randrange(10**9):09d}')}"
        for _item in range(draw.randint(1, 3)):
            level, line = level + 1, line + 1
            yield f"HL*{level}*{carton}*I"
            yield f"LIN*{line}*UK*{gtin(draw)}*VN*{draw.randrange(10**6):06d}"
            yield f"SN1*{line}*{draw.randint(1, 30)}*EA"
            yield f"PID*F****{draw.choice(GOODS)}"
            yield f"REF*LT*L{draw.randrange(10**7):07d}"
            yield f"DTM*036*20{draw.randint(28, 33)}0630"
            yield f"DTM*094*2026{draw.randint(1, 9):02d}15"
    yield f"CTT*{level}"


def interchange(kind: str, sets: int, seed: int = 1, version: str = "004010") -> Iterator[bytes]:
    """The pieces of one interchange with this many sets of kind `850` or `856`."""
    draw = random.Random(seed)
    group, body = {"850": ("PO", _order), "856": ("SH", _despatch)}[kind]
    maker: Callable[[int, random.Random], Iterator[str]] = body
    mark = "^" if version >= "005010" else "U"
    header = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'RHEINTAL':15}*ZZ*{'NOVACARE':15}*261122*1415*{mark}*{version[:5]}*000000001*0*P*>~"
    yield f"{header}GS*{group}*RHEINTAL*NOVACARE*20261122*1415*1*X*{version}~".encode()
    for number in range(1, sets + 1):
        segments = list(maker(number, draw))
        control = f"{number:09d}"
        yield "~".join([f"ST*{kind}*{control}", *segments, f"SE*{len(segments) + 2}*{control}~"]).encode()
    yield f"GE*{sets}*1~IEA*1*000000001~".encode()


def write(path: Path, kind: str, sets: int, seed: int = 1) -> Path:
    """The same as a file."""
    with path.open("wb") as out:
        out.writelines(interchange(kind, sets, seed))
    return path


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--sets", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    chosen.outdir.mkdir(parents=True, exist_ok=True)
    for name, kind in (("orders.x12", "850"), ("despatches.x12", "856")):
        path = write(chosen.outdir / name, kind, chosen.sets, chosen.seed)
        print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
