"""Load files for the UBL benchmarks: orders in the shape of Peppol, a document each, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.generate_x12 import GOODS, gtin

_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_HEAD = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<Order xmlns="{_UBL}:Order-2" xmlns:cac="{_UBL}:CommonAggregateComponents-2" '
    f'xmlns:cbc="{_UBL}:CommonBasicComponents-2"><cbc:UBLVersionID>2.1</cbc:UBLVersionID>'
    "<cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order:3</cbc:CustomizationID>"
    "<cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:ordering:3</cbc:ProfileID>"
)


def _party(role: str, gln: str, name: str, street: str, city: str, country: str) -> str:
    return (
        f'<cac:{role}><cac:Party><cbc:EndpointID schemeID="0088">{gln}</cbc:EndpointID><cac:PartyIdentification>'
        f'<cbc:ID schemeID="0088">{gln}</cbc:ID></cac:PartyIdentification><cac:PartyName><cbc:Name>{name}</cbc:Name></cac:PartyName>'
        f"<cac:PostalAddress><cbc:StreetName>{street}</cbc:StreetName><cbc:CityName>{city}</cbc:CityName><cac:Country>"
        f"<cbc:IdentificationCode>{country}</cbc:IdentificationCode></cac:Country></cac:PostalAddress></cac:Party></cac:{role}>"
    )


def _line(line: int, draw: random.Random) -> str:
    price = f"{draw.randint(200, 95000) / 100:.2f}"
    return (
        f'<cac:OrderLine><cac:LineItem><cbc:ID>{line}</cbc:ID><cbc:Quantity unitCode="C62">{draw.randint(1, 60)}</cbc:Quantity>'
        f'<cac:Price><cbc:PriceAmount currencyID="EUR">{price}</cbc:PriceAmount></cac:Price><cac:Item>'
        f"<cbc:Name>{draw.choice(GOODS)}</cbc:Name><cac:BuyersItemIdentification><cbc:ID>{draw.randrange(10**6):06d}</cbc:ID>"
        "</cac:BuyersItemIdentification><cac:StandardItemIdentification>"
        f'<cbc:ID schemeID="0160">{gtin(draw)}</cbc:ID></cac:StandardItemIdentification></cac:Item></cac:LineItem></cac:OrderLine>'
    )


def orders(count: int, seed: int = 1) -> Iterator[bytes]:
    """So many documents of one order each."""
    draw = random.Random(seed)
    buyer = _party("BuyerCustomerParty", "7640123000017", "NOVACARE", "Havenweg 12", "Rotterdam", "NL")
    supplier = _party("SellerSupplierParty", "7640123000024", "RHEINTAL TITAN", "Werkstr. 4", "Basel", "CH")
    for number in range(1, count + 1):
        lines = "".join(_line(line, draw) for line in range(1, draw.randint(2, 8) + 1))
        yield (
            f"{_HEAD}<cbc:ID>45{number:08d}</cbc:ID><cbc:IssueDate>2026-11-22</cbc:IssueDate><cbc:IssueTime>09:15:00+00:00</cbc:IssueTime>"
            f"<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>{buyer}{supplier}"
            "<cac:Delivery><cac:RequestedDeliveryPeriod><cbc:EndDate>2026-12-08</cbc:EndDate></cac:RequestedDeliveryPeriod></cac:Delivery>"
            f"{lines}</Order>\n"
        ).encode()
