"""Rules find what is wrong with a record, each by its own id, and agree with the models."""

from __future__ import annotations

import copy
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from data_contracts.canonical import ENTITIES
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding
from data_contracts.rules import ItemFacts, validate
from data_contracts.rules.shapes import Member, Shape, shape_of
from tests.effort import examples

TODAY = date(2026, 11, 22)
GTIN, OTHER_GTIN = "06926365598003", "00690521003156"
GLN, OTHER_GLN = "9520361285584", "9526662701136"
SSCC = "952122802711331229"


def despatch(**changes: Any) -> dict[str, Any]:
    line = {
        "line": "1", "order_number": "4500000123", "order_line": "10", "gtin": GTIN, "lot": "A17", "expires_on": "2028-05-31",
        "manufactured_on": "2026-05", "quantity": Decimal(120), "unit": "EA", "sscc": SSCC, "@": 14,
    }  # fmt: skip
    document = {
        "entity": "DespatchAdvice", "number": "SHP1", "issued_at": datetime(2026, 11, 20, 8, tzinfo=UTC),
        "ship_from": {"gln": GLN, "name": "江南高分子材料"}, "ship_to": {"gln": OTHER_GLN, "country": "NL"}, "lines": [line], "@": 1,
    }  # fmt: skip
    return changed(document, changes)


def invoice(**changes: Any) -> dict[str, Any]:
    line = {"line": "1", "gtin": GTIN, "quantity": Decimal(10), "unit": "BX", "unit_price": Decimal("2.50"), "amount": Decimal(25)}
    document = {
        "entity": "Invoice", "number": "INV1", "issued_at": datetime(2026, 11, 20, 8, tzinfo=UTC), "currency": "EUR",
        "supplier": {"code": "V1001", "name": "Rheintal Titan GmbH"}, "total": Decimal(25), "lines": [line],
    }  # fmt: skip
    return changed(document, changes)


def stock(**changes: Any) -> dict[str, Any]:
    line = {"line": "1", "item_code": "RM-1", "lot": "B2", "quantity": Decimal(5), "unit": "EA"}
    document = {
        "entity": "InventoryReport", "number": "X", "issued_at": datetime(2026, 11, 20, 8, tzinfo=UTC), "location": {"gln": GLN},
        "lines": [line],
    }  # fmt: skip
    return changed(document, changes)


def item(**changes: Any) -> dict[str, Any]:
    document = {
        "entity": "Item", "number": "FG-100", "name": "Bone screw", "name_zh": "骨螺钉", "base_unit": "EA", "gtin": GTIN,
        "issued_at": datetime(2026, 11, 20, 8, tzinfo=UTC),
        "trade_items": [{"gtin": "16926365598000", "unit": "CS", "quantity": Decimal(20)}],
    }  # fmt: skip
    return changed(document, changes)


def changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`lines_0__lot="x"` sets member lot of the first line; a value of `...` takes the member out."""
    for path, value in changes.items():
        target: Any = document
        *steps, last = path.split("__")
        for step in steps:
            member, _, index = step.rpartition("_")
            target = target[member][int(index)] if index.isdigit() and member else target[step]
        if value is ...:
            del target[last]
        else:
            target[last] = value
    return document


def said(findings: list[Finding]) -> list[tuple[str, str | None]]:
    return [(finding.rule, finding.place.path) for finding in findings]


def second(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The document with a second line like its first but for the changes."""
    document["lines"].append({**copy.deepcopy(document["lines"][0]), "line": "2", **changes})
    return document


@pytest.mark.parametrize("document", [despatch(), invoice(), stock(), item()], ids=lambda document: document["entity"])
def test_good_records_have_no_findings(document: dict[str, Any]) -> None:
    assert validate(document, None, TODAY) == []
    assert validate(document, None, TODAY) == [], "the memory of good values must not change the answer"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (despatch(lines_0__gtin="06926365598004"), [("GS1-01", "lines[0].gtin")]),
        (despatch(lines_0__gtin="0692636559800"), [("GS1-01", "lines[0].gtin")]),
        (despatch(lines_0__gtin="069263655980031"), [("GS1-02", "lines[0].gtin")]),
        (despatch(lines_0__gtin="０６９２６３６５５９８００３"), [("GS1-02", "lines[0].gtin")]),
        (despatch(lines_0__gtin="00000000000000"), [("GS1-15", "lines[0].gtin")]),
        (despatch(lines_0__gtin="2000000000008"), [("GS1-16", "lines[0].gtin")]),
        (despatch(ship_to__gln="9526662701137"), [("GLN-01", "ship_to.gln")]),
        (despatch(ship_to__gln="952666270113"), [("GLN-02", "ship_to.gln")]),
        (despatch(ship_to__country="XX"), [("CTY-01", "ship_to.country")]),
        (invoice(supplier__gln="9526662701137"), [("GLN-03", "supplier.gln")]),
        (despatch(lines_0__sscc="952122802711331228"), [("SSCC-01", "lines[0].sscc")]),
        (despatch(lines_0__sscc="00" + SSCC), [("SSCC-02", "lines[0].sscc")]),
        (despatch(lines_0__parent_sscc=SSCC), [("SSCC-03", "lines[0].parent_sscc")]),
        (despatch(lines_0__lot="A 17"), [("LOT-05", "lines[0].lot")]),
        (despatch(lines_0__lot="A" * 21), [("LOT-05", "lines[0].lot")]),
        (despatch(lines_0__lot="A\x0017"), [("TXT-01", "lines[0].lot")]),
        (despatch(lines_0__expires_on="2026-11-19"), [("LOT-02", "lines[0].expires_on")]),
        (despatch(lines_0__expires_on="2026-10"), [("LOT-02", "lines[0].expires_on")]),
        (despatch(lines_0__expires_on="2026-11"), []),
        (despatch(lines_0__expires_on="2026-11-20"), []),
        (
            despatch(lines_0__expires_on="2027-01-01", lines_0__manufactured_on="2027-02"),
            [("LOT-03", "lines[0].expires_on"), ("LOT-04", "lines[0].manufactured_on")],
        ),
        (despatch(lines_0__expires_on="2028-02-30"), [("DTE-01", "lines[0].expires_on")]),
        (despatch(lines_0__expires_on="280531"), [("DTE-01", "lines[0].expires_on")]),
        (despatch(lines_0__serials=["S1", "S1"], lines_0__quantity=Decimal(2)), [("SER-03", "lines[0].serials")]),
        (despatch(lines_0__serials=["S1", "S2"], lines_0__quantity=Decimal(3)), [("SER-02", "lines[0].serials")]),
        (despatch(lines_0__serials=["S 1"], lines_0__quantity=Decimal(1)), [("SER-01", "lines[0].serials")]),
        (second(despatch(lines_0__serials=["S1"], lines_0__quantity=Decimal(1))), [("SER-03", "lines[1].serials")]),
        (despatch(lines_0__quantity=Decimal(0)), [("QTY-01", "lines[0].quantity")]),
        (despatch(lines_0__quantity=Decimal(-1)), [("QTY-01", "lines[0].quantity")]),
        (despatch(lines_0__quantity="12"), [("QTY-01", "lines[0].quantity")]),
        (despatch(lines_0__quantity=12), [("QTY-01", "lines[0].quantity")]),
        (despatch(lines_0__quantity=Decimal("NaN")), [("QTY-01", "lines[0].quantity")]),
        (despatch(lines_0__quantity=Decimal("sNaN")), [("QTY-01", "lines[0].quantity")]),
        (despatch(lines_0__quantity=Decimal("1E12")), [("QTY-01", "lines[0].quantity")]),
        (despatch(lines_0__quantity=Decimal("1.2345678"), lines_0__unit="KG"), [("QTY-01", "lines[0].quantity")]),
        (despatch(lines_0__quantity=Decimal("1.500000000"), lines_0__unit="KG"), []),
        (despatch(lines_0__quantity=Decimal("1.5")), [("QTY-02", "lines[0].quantity")]),
        (stock(lines_0__quantity=Decimal(0)), []),
        (stock(lines_0__quantity=Decimal(-3)), [("QTY-03", "lines[0].quantity")]),
        (stock(lines_0__expires_on="2026-01-31"), [("LOT-02", "lines[0].expires_on")]),
        (stock(lines_0__expires_on="2026-01-31", lines_0__status="quarantine"), []),
        (stock(lines_0__status="lost"), [("DOC-07", "lines[0].status")]),
        (stock(lines=[]), [("DOC-08", "lines")]),
        (stock(location={}), [("PTY-01", "location")]),
        (stock(location=...), [("DOC-01", "location")]),
        (despatch(lines_0__unit="ZZZ"), [("UOM-01", "lines[0].unit")]),
        (despatch(lines_0__unit="盒"), []),
        (despatch(lines_0__unit=...), [("DOC-01", "lines[0].unit")]),
        (despatch(lines_0__gtin=...), [("ITM-01", "lines[0]")]),
        (despatch(lines_0__colour="red"), [("DOC-06", "lines[0].colour")]),
        (despatch(number="  "), [("DOC-01", "number")]),
        (despatch(lines=[]), [("DOC-02", "lines")]),
        (despatch(lines=[], purpose="cancel"), []),
        (despatch(issued_at=datetime(2026, 11, 20, 8)), [("DTE-03", "issued_at")]),  # noqa: DTZ001 - the fault under test
        (despatch(issued_at="2026-11-20"), [("DOC-07", "issued_at")]),
        (despatch(despatched_at=datetime(2026, 11, 24, 8, tzinfo=UTC)), [("DTE-02", "despatched_at")]),
        (second(despatch(), line="1"), [("DOC-09", "lines[1].line")]),
        (second(invoice(total=Decimal(50)), line="1"), [("DOC-03", "lines[1].line")]),
        (invoice(lines_0__amount=Decimal("25.02"), total=Decimal("25.02")), [("DOC-04", "lines[0].amount")]),
        (invoice(lines_0__amount=Decimal("25.01"), total=Decimal("25.01")), []),
        (invoice(total=Decimal(30)), [("DOC-05", "total")]),
        (invoice(lines_0__amount=...), []),
        (invoice(currency="EURO"), [("CUR-01", "currency")]),
        (invoice(currency=...), [("CUR-02", "currency")]),
        (invoice(lines_0__unit_price=Decimal(-1), lines_0__amount=..., total=...), [("PRC-01", "lines[0].unit_price")]),
        (invoice(lines_0__quantity=Decimal(-10), lines_0__amount=Decimal(-25), total=Decimal(-25)), [("QTY-03", "lines[0].quantity")]),
        (item(gtin="06926365598004"), [("GS1-01", "gtin")]),
        (item(udi_di="06926365598004"), [("UDI-04", "udi_di")]),
        (item(udi_di=OTHER_GTIN), [("UDI-05", "udi_di")]),
        (item(udi_di="A999123451"), []),
        (item(gtin=..., trade_items=...), [("UDI-06", "gtin")]),
        (item(trade_items_0__gtin=GTIN), [("ITM-02", "trade_items[0].gtin")]),
        (item(trade_items_0__quantity=Decimal(0)), [("QTY-01", "trade_items[0].quantity")]),
        (item(shelf_life_days=0), [("ITM-03", "shelf_life_days")]),
        (item(lot_controlled="Y"), [("DOC-07", "lot_controlled")]),
    ],
)  # fmt: skip
def test_rule(document: dict[str, Any], expected: list[tuple[str, str | None]]) -> None:
    assert said(validate(document, None, TODAY)) == expected


def test_zero_means_something_in_a_change_and_on_arrival() -> None:
    order = {
        "entity": "PurchaseOrder", "number": "1", "issued_at": datetime(2026, 11, 20, tzinfo=UTC), "purpose": "change",
        "lines": [{"line": "10", "item_code": "A", "quantity": Decimal(0), "unit": "EA"}],
    }  # fmt: skip
    assert validate(order, None, TODAY) == []
    assert said(validate({**order, "purpose": "original"}, None, TODAY)) == [("QTY-01", "lines[0].quantity")]
    receipt = {**order, "entity": "ReceivingAdvice", "purpose": "original"}
    assert validate(receipt, None, TODAY) == []
    too_many = {**receipt, "lines": [{**order["lines"][0], "quantity": Decimal(5), "rejected_quantity": Decimal(6)}]}  # type: ignore[index,dict-item]
    assert said(validate(too_many, None, TODAY)) == [("QTY-04", "lines[0].rejected_quantity")]


def test_a_header_has_no_row_to_quarantine() -> None:
    (on_line,) = validate(despatch(lines_0__gtin="06926365598004"), None, TODAY)
    (on_header,) = validate(item(gtin="06926365598004"), None, TODAY)
    assert (on_line.action, on_header.action) == ("row", "message")
    assert on_line.expected == "3"
    assert "06926365598004" in on_line.text("zh-CN")


class Books:
    """References of a test: one item, kept by lot and serial."""

    def item(
        self, *, gtin: str | None = None, item_code: str | None = None, buyer_item: str | None = None, supplier_item: str | None = None
    ) -> ItemFacts | None:
        return ItemFacts("FG-100", "finished", True, True, "EA") if gtin == GTIN or item_code == "FG-100" else None


def test_references_tell_what_must_be_on_the_line() -> None:
    assert said(validate(despatch(lines_0__lot=...), Books(), TODAY)) == [("LOT-01", "lines[0].lot"), ("SER-04", "lines[0].serials")]
    assert said(validate(stock(lines_0__lot=..., lines_0__item_code="FG-100"), Books(), TODAY)) == [("LOT-06", "lines[0].lot")]
    assert validate(despatch(lines_0__lot=..., lines_0__gtin=OTHER_GTIN), Books(), TODAY) == []
    assert validate(despatch(lines_0__lot=...), None, TODAY) == []


def test_production_judges_what_goes_in_and_comes_out() -> None:
    use = {"line": "1", "item_code": "RM-1", "lot": "R1", "quantity": Decimal("1.5"), "unit": "KG", "expires_on": "2026-11-01"}
    event = {
        "entity": "ProductionEvent", "number": "E1", "issued_at": datetime(2026, 11, 20, tzinfo=UTC),
        "occurred_at": datetime(2026, 11, 20, tzinfo=UTC), "inputs": [use], "outputs": [],
    }  # fmt: skip
    assert said(validate(event, None, TODAY)) == [("LOT-02", "inputs[0].expires_on")]
    assert said(validate({**event, "inputs": []}, None, TODAY)) == [("DOC-02", "outputs")]


def test_an_unknown_entity_is_an_error_of_the_mapping() -> None:
    with pytest.raises(ConfigError, match="Pallet"):
        validate({"entity": "Pallet"}, None, TODAY)


# --- models and dictionaries agree ----------------------------------------------------------------------------------
_WORDS = [
    "",
    "A",
    "10",
    "PO-7",
    "名称",
    "x" * 30,
    GTIN,
    GLN,
    SSCC,
    "06926365598004",
    "2026-08",
    "2026-08-31",
    "2026-02-30",
    "EA",
    "KG",
    "EUR",
    "NL",
    "?",
]
_GOOD = {
    "gtin": st.sampled_from([GTIN, OTHER_GTIN, "40170725"]), "gln_place": st.sampled_from([GLN, OTHER_GLN]),
    "gln_party": st.sampled_from([GLN, OTHER_GLN]), "sscc": st.just(SSCC), "date": st.sampled_from(["2026-08", "2026-08-31", "2028-02-29"]),
    "unit": st.sampled_from(["EA", "KG", "CS"]), "currency": st.sampled_from(["EUR", "CNY"]), "country": st.sampled_from(["CN", "NL"]),
}  # fmt: skip
_TEXT = st.sampled_from(_WORDS)
_NUMBERS = st.one_of(
    st.sampled_from(
        [Decimal(0), Decimal(1), Decimal(12), Decimal("2.5"), Decimal(-1), Decimal("1E12"), Decimal("0.1234567"), Decimal("1.0000000")]
    ),
    st.decimals(allow_nan=True, allow_infinity=True),
)
_TIMES = st.sampled_from([datetime(2026, 11, day, 8, tzinfo=UTC) for day in (1, 20, 30)])
_TODAY_WITHOUT_ZONE = datetime(2026, 1, 1)  # noqa: DTZ001 - the fault under test
_JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), _TEXT, _NUMBERS, st.just([]), st.just({}), st.just(["S"]), st.just(_TODAY_WITHOUT_ZONE)
)


def value_of(member: Member, junk: bool) -> st.SearchStrategy[Any]:
    """Values of the member's own type, right or wrong in content; with `junk`, sometimes of another type."""
    if member.shape is not None:
        inner = record_of(member.shape, junk)
        own: st.SearchStrategy[Any] = st.lists(inner, max_size=3) if member.kind == "records" else inner
    elif member.kind == "choice":
        own = st.sampled_from([*sorted(member.choices), "no such"])
    elif member.kind == "serials":
        own = st.lists(st.sampled_from(["S1", "S2", "S 3"]), max_size=3)
    elif member.type is datetime:
        own = _TIMES
    elif member.type is Decimal:
        own = _NUMBERS
    elif member.type is bool:
        own = st.booleans()
    elif member.type is int:
        own = st.integers(-2, 1000)
    else:
        own = st.one_of(_GOOD.get(member.kind, _TEXT), _TEXT)
    return st.one_of(own, own, own, own, _JUNK) if junk else own


def record_of(shape: Shape, junk: bool) -> st.SearchStrategy[dict[str, Any]]:
    required = {name: value_of(member, junk) for name, member in shape.members.items() if member.required}
    optional = {name: value_of(member, junk) for name, member in shape.members.items() if not member.required}
    whole = st.fixed_dictionaries(required, optional=optional)
    if not junk:
        return whole
    gone, more = st.sampled_from(sorted(shape.members)), st.sampled_from([{}, {}, {"colour": "red"}])
    return st.builds(_spoilt, whole, gone, more)


def _spoilt(record: dict[str, Any], gone: str, more: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**record, **more}.items() if name != gone}


def with_places(value: Any) -> Any:
    """As a mapping yields it: with the place of origin, members in another order."""
    if isinstance(value, dict):
        pairs = [(name, with_places(inner)) for name, inner in value.items()]
        random.Random(len(pairs)).shuffle(pairs)
        return {**dict(pairs), "@": 7}
    if isinstance(value, list):
        return [with_places(inner) for inner in value]
    return value


@pytest.mark.parametrize("entity", sorted(ENTITIES))
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_model_and_dictionary_give_equal_findings(entity: str, data: st.DataObject) -> None:
    record = data.draw(record_of(shape_of(entity), junk=False))
    try:
        model = ENTITIES[entity].model_validate(record)
    except ValidationError:
        return
    assert validate(model.as_plain(), None, TODAY) == validate({"entity": entity, **with_places(record)}, None, TODAY)


@pytest.mark.parametrize("entity", sorted(ENTITIES))
@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_the_model_refuses_the_rules_find(entity: str, data: st.DataObject) -> None:
    record = data.draw(record_of(shape_of(entity), junk=True))
    findings = validate({"entity": entity, **record}, None, TODAY)
    try:
        ENTITIES[entity].model_validate(record)
    except ValidationError as refusal:
        for error in refusal.errors():
            path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error["loc"]).lstrip(".")
            places = [finding.place.path or "" for finding in findings if finding.severity == "error"]
            assert any(path.startswith(place) for place in places), (path, error["msg"], findings)


@settings(max_examples=examples(40), deadline=None)
@given(days=st.integers(-400, 400))
def test_goods_are_expired_from_the_day_after(days: int) -> None:
    handled = datetime(2026, 11, 20, 8, tzinfo=UTC)
    expiry = (handled + timedelta(days=days)).date().isoformat()
    found = validate(despatch(lines_0__expires_on=expiry, lines_0__manufactured_on="2020-01"), None, TODAY)
    assert (said(found) == [("LOT-02", "lines[0].expires_on")]) is (days < 0)


def test_a_number_that_is_no_number_breaks_no_rule_on_any_member() -> None:
    line = {name: Decimal("sNaN") for name in ("line", "quantity", "unit", "gtin", "sscc", "parent_sscc", "lot", "expires_on", "serials")}
    found = validate({"entity": "DespatchAdvice", "number": "D1", "lines": [line]}, None, TODAY)
    assert {finding.place.path for finding in found} >= {"lines[0].quantity", "lines[0].sscc", "lines[0].parent_sscc"}


def test_a_line_of_a_rejected_order_that_is_not_rejected_is_told() -> None:
    line = {"line": "1", "gtin": GTIN, "quantity": Decimal(1), "unit": "EA"}
    lines = [line, {**line, "line": "2", "status": "rejected"}, {**line, "line": "3", "status": "backordered"}]
    response = {
        "entity": "OrderResponse", "number": "R1", "issued_at": datetime(2026, 11, 20, 8, tzinfo=UTC), "order_number": "4500000123",
        "status": "rejected", "lines": lines,
    }  # fmt: skip
    (finding,) = validate(response, None, TODAY)
    assert (finding.rule, finding.place.path, finding.got, finding.severity) == ("DOC-12", "lines[2].status", "backordered", "warning")
    assert validate({**response, "status": "changed"}, None, TODAY) == []
