"""Golden records and duplicates, as pure functions of what stands."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.masterdata.duplicates import duplicates, normal_name
from hub.masterdata.golden import Record, rows_of


def record(subject: int, code: str, system: str = "erp", organisation: int = 1, **body: Any) -> Record:
    return Record(subject, subject * 10, subject * 100, organisation, system, code, {"name": code, "base_unit": "EA", **body})


def test_records_that_share_a_gtin_of_any_level_are_one_item() -> None:
    level = {"gtin": "1234567890128", "unit": "CS", "quantity": "24"}
    rows = rows_of("item", [record(7, "A", trade_items=[level]), record(3, "X-1", "mes", gtin="01234567890128"), record(5, "B")])
    assert {(row.scheme, row.value): row.golden_id for row in rows} == {
        ("code:erp", "A"): 3,
        ("code:erp", "B"): 5,
        ("code:mes", "X-1"): 3,
        ("gtin", "01234567890128"): 3,
    }
    (shared,) = [row for row in rows if row.scheme == "gtin"]
    assert (shared.base_quantity, shared.unit) == (Decimal(24), "CS")  # the ERP's word counts before the MES's


def test_one_code_kept_by_two_organisations_is_one_item_and_two_systems_codes_are_not() -> None:
    rows = rows_of("item", [record(1, "A"), record(2, "A", organisation=2), record(3, "A", "wms")])
    assert {row.scheme: row.golden_id for row in rows} == {"code:erp": 1, "code:wms": 3}


def test_suppliers_numbers_belong_to_the_supplier_that_gives_them() -> None:
    rows = rows_of("item", [record(1, "A", supplier_items=[{"supplier": "V1", "code": "22"}, {"supplier": "V2", "code": "22"}])])
    assert {(row.scheme, row.value) for row in rows} == {("code:erp", "A"), ("supplier:erp/V1", "22"), ("supplier:erp/V2", "22")}


@given(
    st.lists(
        st.tuples(
            st.integers(1, 9),
            st.sampled_from("ABC"),
            st.sampled_from(["erp", "mes"]),
            st.sampled_from(["", "00000000000017", "00000000000024"]),
        ),
        max_size=8,
        unique_by=lambda entry: entry[0],
    ),
    st.randoms(use_true_random=False),
)
def test_the_crosswalk_does_not_depend_on_order(entries: list[tuple[int, str, str, str]], random: Random) -> None:
    records = [record(subject, code, system, organisation=subject, gtin=gtin or None) for subject, code, system, gtin in entries]
    expected = rows_of("item", records)
    random.shuffle(records)
    assert rows_of("item", records) == expected
    names = [(row.scheme, row.value) for row in expected]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Rheintal-Titan GmbH & Co. KG", "RHEINTAL TITAN GMBH"),
        ("Maasland Steriel B.V.", "Maasland Steriel BV"),
        ("江南高分子材料有限公司", "江南高分子材料公司"),
        ("诺康医疗器械（苏州）股份有限公司", "诺康医疗器械(苏州)有限公司"),
        ("Ｊｉａｎｇｎａｎ Polymer Co., Ltd.", "jiangnan polymer"),
    ],
)
def test_names_are_equal_once_legal_forms_are_set_aside(left: str, right: str) -> None:
    assert normal_name(left) == normal_name(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [("诺康医疗（苏州）有限公司", "诺康医疗（上海）有限公司"), ("Klinik Heerlen", "Klinik Venlo"), ("Titan AG", "Titanium AG")],
)
def test_names_of_different_companies_stay_different(left: str, right: str) -> None:
    assert normal_name(left) != normal_name(right)


def test_a_name_that_is_all_legal_form_is_kept() -> None:
    assert normal_name("SA") == "sa"


def test_duplicates_are_of_one_system_and_role_and_told_once_with_all_reasons() -> None:
    found = duplicates(
        [
            record(1, "V1", role="supplier", tax_number="91 320", gln="6901234500017"),
            record(2, "V1", organisation=2, role="supplier", tax_number="91320"),
            record(3, "V2", role="supplier", tax_number="91320", gln="6901234500017", name_zh="V1 有限公司"),
            record(4, "C1", role="customer", tax_number="91320"),
            record(5, "V9", "wms", role="supplier", tax_number="91320"),
        ]
    )
    assert [(pair.first.code, pair.second.code, pair.reasons) for pair in found] == [("V1", "V2", ("gln", "name", "tax_number"))]


def test_devices_are_one_by_any_of_their_own_identifiers() -> None:
    levels = [
        {"di": "26901234500053", "contains": "16901234500056", "quantity": 4},
        {"di": "16901234500056", "contains": "6901234500059", "quantity": 10},
    ]
    ours = Record(11, 1, 1, 1, "erp", "06901234500059", {"base_quantity": 5, "packages": levels, "secondary_dis": [{"di": "A99912345"}]})
    theirs = Record(12, 2, 2, 1, "qms", "+A99912345", {"unit_of_use_di": "06901234500066"})
    other = Record(13, 3, 3, 1, "qms", "06901234500073", {"unit_of_use_di": "06901234500066", "direct_marks": [{"di": "06901234500066"}]})
    rows = {(row.scheme, row.value): row for row in rows_of("device", [other, theirs, ours])}
    assert rows["di", "06901234500059"].golden_id == rows["di", "A99912345"].golden_id == rows["code:qms", "+A99912345"].golden_id == 11
    assert rows["di", "06901234500073"].golden_id == 13, "a shared unit of use makes no devices one"
    assert [int(rows["package", di].base_quantity) for di in ("16901234500056", "26901234500053")] == [50, 200]
