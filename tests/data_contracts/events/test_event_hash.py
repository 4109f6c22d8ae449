"""The hash of an event is the same for the same content, and another for any other."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from data_contracts.events.event_hash import event_hash, pre_hash

NS = "{https://ns.example/epcis/}"


def event(**more: Any) -> dict[str, Any]:
    return {
        "entity": "ObjectEvent",
        "number": "urn:uuid:1",
        "occurred_at": datetime(2026, 11, 20, 8, 15, tzinfo=timezone(timedelta(hours=8))),
        "time_zone_offset": "+08:00",
        "action": "ADD",
        "epcs": ["urn:epc:id:sgtin:0614141.107346.2", "urn:epc:id:sgtin:0614141.107346.1"],
        **more,
    }


def test_the_text_that_is_hashed() -> None:
    said = event(
        biz_step="commissioning",
        disposition="https://own.example/disp/cured",
        read_point="urn:epc:id:sgln:0614141.00777.0",
        quantities=[{"epc_class": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": Decimal("200.50"), "unit": "KGM"}],
        business_transactions=[{"id": "urn:epcglobal:cbv:bt:5200001000008:4711", "type": "desadv"}],
        ilmd={"{urn:epcglobal:cbv:mda}lotNumber": "A1"},
        extensions={f"{NS}b": [{f"{NS}x": "2"}, {f"{NS}x": "1"}], f"{NS}a": Decimal("1.0")},
    )
    assert pre_hash(said) == (
        "eventType=ObjectEventeventTime=2026-11-20T00:15:00.000ZeventTimeZoneOffset=+08:00"
        "epcListepc=https://id.gs1.org/01/10614141073464/21/1epc=https://id.gs1.org/01/10614141073464/21/2"
        "quantityListquantityElementepcClass=https://id.gs1.org/01/04012345123456/10/998877quantity=200.5uom=KGM"
        "action=ADDbizStep=https://ref.gs1.org/cbv/BizStep-commissioningdisposition=https://own.example/disp/cured"
        "readPointid=https://id.gs1.org/414/0614141007776"
        "bizTransactionListtype=https://ref.gs1.org/cbv/BTT-desadvbizTransaction=urn:epcglobal:cbv:bt:5200001000008:4711"
        "ilmd{urn:epcglobal:cbv:mda}lotNumber=A1"
        f"{NS}a=1{NS}b{NS}x=1{NS}b{NS}x=2"
    )


@pytest.mark.parametrize(
    "same",
    [
        {"number": "urn:uuid:2"},
        {"recorded_at": datetime(2026, 11, 22, tzinfo=UTC)},
        {"error_declaration": {"declared_at": datetime(2026, 11, 22, tzinfo=UTC)}, "purpose": "cancel"},
        {"occurred_at": datetime(2026, 11, 20, 0, 15, tzinfo=UTC)},
        {"epcs": ["https://any.example/01/10614141073464/21/1?17=271231", "https://id.gs1.org/01/10614141073464/21/2"]},
        {"namespaces": {"nova": "https://ns.example/epcis/"}},
    ],
)
def test_what_does_not_change_the_event_does_not_change_its_hash(same: dict[str, Any]) -> None:
    assert event_hash(event(**same)) == event_hash(event())


def test_whatever_changes_the_event_changes_its_hash() -> None:
    whole = event(
        biz_step="commissioning",
        sensor_elements=[{"metadata": {"device_id": "urn:x:1"}, "reports": [{"type": "Temperature", "value": Decimal(4), "unit": "CEL"}]}],
        persistent_disposition={"set": ["recalled"]},
        sources=[{"type": "location", "id": "urn:x:s"}],
        extensions={f"{NS}a": {f"{NS}b": ["1", "2"]}},
    )
    seen = {event_hash(whole)}
    for change in (
        lambda e: e.update(action="OBSERVE"),
        lambda e: e.update(time_zone_offset="+09:00"),
        lambda e: e["epcs"].pop(),
        lambda e: e["sensor_elements"][0]["reports"][0].update(value=Decimal(5)),
        lambda e: e["sensor_elements"][0]["metadata"].update(device_id="urn:x:2"),
        lambda e: e.update(persistent_disposition={"unset": ["recalled"]}),
        lambda e: e["sources"][0].update(type="owning_party"),
        lambda e: e["extensions"][f"{NS}a"][f"{NS}b"].append("3"),
        lambda e: e.update(entity="TransactionEvent"),
    ):
        changed = deepcopy(whole)
        change(changed)
        seen.add(event_hash(changed))
    assert len(seen) == 10


@pytest.mark.parametrize(("micro", "milli"), [(141_400, "141"), (141_500, "142"), (999_600, "000"), (141_000, "141"), (0, "000")])
def test_times_are_rounded_to_milliseconds(micro: int, milli: str) -> None:
    said = pre_hash(event(occurred_at=datetime(2026, 11, 20, 8, 15, 1, micro, tzinfo=UTC)))
    assert f".{milli}Z" in said


def test_a_remark_is_no_content() -> None:
    remark = {"{http://www.w3.org/2000/01/rdf-schema#}comment": "for people"}
    assert event_hash(event(extensions=remark)) == event_hash(event())
