"""Namespaces of UBL 2.1 and who says what to whom in it."""

from __future__ import annotations

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
AGGREGATES = f"{UBL}CommonAggregateComponents-2"
BASICS = f"{UBL}CommonBasicComponents-2"
SBDH = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
PEPPOL_AUTHORITY = "iso6523-actorid-upis"

_BUYER, _SELLER = ("BuyerCustomerParty", "Party"), ("SellerSupplierParty", "Party")
_DESPATCHER, _RECIPIENT = ("DespatchSupplierParty", "Party"), ("DeliveryCustomerParty", "Party")
_PAYEE, _PAYER = ("AccountingSupplierParty", "Party"), ("AccountingCustomerParty", "Party")

_PARTIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Order": (_BUYER, _SELLER),
    "OrderChange": (_BUYER, _SELLER),
    "OrderCancellation": (_BUYER, _SELLER),
    "OrderResponse": (_SELLER, _BUYER),
    "OrderResponseSimple": (_SELLER, _BUYER),
    "DespatchAdvice": (_DESPATCHER, _RECIPIENT),
    "ReceiptAdvice": (_RECIPIENT, _DESPATCHER),
    "Invoice": (_PAYEE, _PAYER),
    "CreditNote": (_PAYEE, _PAYER),
    "Catalogue": (("ProviderParty",), ("ReceiverParty",)),
}


def parties_of(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where the sender and the receiver of a document stand. Most that are not listed name them so."""
    return _PARTIES.get(kind, (("SenderParty",), ("ReceiverParty",)))
