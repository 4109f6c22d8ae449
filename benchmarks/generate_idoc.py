"""Load files for the IDoc benchmarks: purchase orders ORDERS05 as an SAP system sends them, in XML and flat, the same for the same seed."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.generate_x12 import GOODS, gtin
from connectors.registry import format_named
from connectors.spec import STRICT, Envelope, Profile


def _control(number: int) -> str:
    return (
        f"<TABNAM>EDI_DC40</TABNAM><MANDT>100</MANDT><DOCNUM>{number:016d}</DOCNUM><DOCREL>756</DOCREL><STATUS>30</STATUS>"
        "<DIRECT>1</DIRECT><OUTMOD>2</OUTMOD><IDOCTYP>ORDERS05</IDOCTYP><MESTYP>ORDERS</MESTYP><SNDPOR>SAPNMD</SNDPOR>"
        "<SNDPRT>LS</SNDPRT><SNDPRN>NMDCLNT100</SNDPRN><RCVPOR>HUB</RCVPOR><RCVPRT>LS</RCVPRT><RCVPRN>UDIHUB</RCVPRN>"
        "<CREDAT>20261122</CREDAT><CRETIM>083000</CRETIM>"
    )


def _order(number: int, draw: random.Random) -> Iterator[str]:
    yield f'<IDOC BEGIN="1"><EDI_DC40 SEGMENT="1">{_control(number)}</EDI_DC40>'
    yield f'<E1EDK01 SEGMENT="1"><ACTION>000</ACTION><CURCY>EUR</CURCY><BSART>NB</BSART><BELNR>45{number:08d}</BELNR></E1EDK01>'
    yield '<E1EDK03 SEGMENT="1"><IDDAT>012</IDDAT><DATUM>20261122</DATUM><UZEIT>081500</UZEIT></E1EDK03>'
    yield '<E1EDK03 SEGMENT="1"><IDDAT>002</IDDAT><DATUM>20261215</DATUM></E1EDK03>'
    yield '<E1EDKA1 SEGMENT="1"><PARVW>AG</PARVW><PARTN>1010</PARTN><NAME1>NOVACARE</NAME1><ILNNR>7640123000017</ILNNR></E1EDKA1>'
    yield (
        f'<E1EDKA1 SEGMENT="1"><PARVW>LF</PARVW><PARTN>V{1000 + number % 40}</PARTN><NAME1>RHEINTAL TITAN</NAME1><STRAS>Werkstr. 4</STRAS>'
        "<ORT01>Basel</ORT01><PSTLZ>4051</PSTLZ><LAND1>CH</LAND1></E1EDKA1>"
    )
    for line in range(1, draw.randint(2, 8) + 1):
        price = f"{draw.randint(200, 95000) / 100:.2f}"
        yield (
            f'<E1EDP01 SEGMENT="1"><POSEX>{line * 10:06d}</POSEX><MENGE>{draw.randint(1, 60)}.000</MENGE><MENEE>PCE</MENEE>'
            f"<VPREI>{price}</VPREI><PEINH>1</PEINH>"
            '<E1EDP20 SEGMENT="1"><WMENG>1.000</WMENG><EDATU>20261210</EDATU></E1EDP20>'
            f'<E1EDP19 SEGMENT="1"><QUALF>001</QUALF><IDTNR>{draw.randrange(10**6):06d}</IDTNR>'
            f"<KTEXT>{draw.choice(GOODS)}</KTEXT></E1EDP19>"
            f'<E1EDP19 SEGMENT="1"><QUALF>003</QUALF><IDTNR>{gtin(draw)}</IDTNR></E1EDP19></E1EDP01>'
        )
    yield "</IDOC>"


def markup(orders: int, seed: int = 1) -> Iterator[bytes]:
    """The pieces of one XML document with this many IDocs."""
    draw = random.Random(seed)
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<ORDERS05>'
    for number in range(1, orders + 1):
        yield "".join(_order(number, draw)).encode()
    yield b"</ORDERS05>\n"


def flat(orders: int, seed: int = 1) -> Iterator[bytes]:
    """The same orders in records of fixed columns, as our own writer puts them."""
    idoc, profile = format_named("idoc"), Profile(options={"representation": "flat"})
    envelope = Envelope("LS:NMDCLNT100", "LS:UDIHUB", 1, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC))
    for event in idoc.read(io.BytesIO(b"".join(markup(orders, seed))), STRICT):
        if event.message is not None and event.message.root is not None:
            yield idoc.write([(event.message.type, event.message.root)], envelope, profile)
