from __future__ import annotations

import pytest

from data_contracts.vocabulary import meaning_of


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("批号", "lot"),
        ("生产批号", "lot"),
        ("Exp. Date", "expires_on"),
        ("有效期至", "expires_on"),
        ("Qty (PCS)", "quantity"),
        ("Qty Received", "quantity"),
        ("订购数量", "quantity"),
        ("采购单号", "order_number"),
        ("PO-Number", "order_number"),
        ("purchaseOrder", "order_number"),
        ("PurchaseOrderQuantityUnit", "unit"),
        ("PurchaseOrderDate", "ordered_on"),
        ("UnitPrice", "unit_price"),
        ("供应商编码", "supplier"),
        ("物料编码", "item_code"),
        ("规格型号", "description"),
        ("ship_to_gln", "ship_to"),
        ("SSCC", "sscc"),
        ("Liefertermin", "requested_on"),
        ("colour", None),
        ("", None),
    ],
)
def test_what_a_name_means(name: str, concept: str | None) -> None:
    found = meaning_of(name)
    assert (found.concept if found is not None else None) == concept


def test_a_whole_word_is_surer_than_a_part() -> None:
    whole, part = meaning_of("quantity"), meaning_of("case_quantity")
    assert whole is not None and part is not None and whole.sure > part.sure and part.concept == "quantity"
