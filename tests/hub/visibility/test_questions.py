"""What is asked of events finds those that answer, and no others: by things, words, times, documents, sensors and users' fields."""

from __future__ import annotations

from typing import Any

import pytest

from hub.runtime import Hub
from hub.store import event_views
from hub.store.lots import Sight
from hub.visibility import answers
from hub.visibility.question import QuestionError, TooLargeError, from_query_string, read_question
from tests.connectors.formats.epcis.documents import COMMISSIONED, FITTED, LOT, MADE, PACKED, SERIAL, TIED, UNIT, document, with_
from tests.hub.conftest import take

CORRECTED = "urn:uuid:6b1f0c1e-3f57-4c0a-9d0b-2f3f5a8f0001"
SHIPPED: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-11-21T07:30:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "epcList": [UNIT, "urn:epc:id:sgtin:6926365.059800.S0009"],
    "action": "OBSERVE",
    "bizStep": "shipping",
    "disposition": "in_transit",
    "persistentDisposition": {"set": ["completeness_verified"]},
    "readPoint": {"id": "urn:epc:id:sgln:6926365.00001.gate-2"},
    "bizTransactionList": [{"type": "desadv", "bizTransaction": "urn:epcglobal:cbv:bt:6926365000018:DN-5001"}],
    "destinationList": [{"type": "location", "destination": "https://id.gs1.org/414/7640123009998"}],
    "nova:route": {"nova:van": "V-7"},
    "nova:weight": 12.5,
}
WARM: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-11-21T09:00:00Z",
    "eventTimeZoneOffset": "+01:00",
    "epcList": [UNIT],
    "action": "OBSERVE",
    "bizLocation": {"id": "https://id.gs1.org/414/7640123009998"},
    "sensorElementList": [
        {
            "sensorMetadata": {
                "startTime": "2026-11-21T08:00:00Z",
                "endTime": "2026-11-21T09:00:00Z",
                "deviceID": "urn:epc:id:giai:4000001.111",
            },
            "sensorReport": [{"type": "Temperature", "value": 8.5, "uom": "CEL"}, {"type": "RelativeHumidity", "value": 40, "uom": "A93"}],
        }
    ],
}
LOTTED = with_(COMMISSIONED, ilmd={"cbvmda:lotNumber": "F2611A"})
WRONG = with_(
    TIED,
    errorDeclaration={"declarationTime": "2026-11-22T00:00:00Z", "reason": "incorrect_data", "correctiveEventIDs": [CORRECTED]},
)  # fmt: skip
EVENTS = {
    "lotted": LOTTED,
    "packed": PACKED,
    "made": MADE,
    "tied": TIED,
    "fitted": FITTED,
    "shipped": SHIPPED,
    "warm": WARM,
    "wrong": WRONG,
}
"""By name; `wrong` declares `tied` in error."""
EVERYBODY = Sight()
DESPATCH = "urn:epcglobal:cbv:bt:6926365000018:DN-5001"


@pytest.fixture
def asked(hub: Hub) -> Any:
    """Names of the events that answer, in order of arrival."""
    take(hub, document(*EVENTS.values()), "plant")
    names: dict[bytes, str] = {}
    with hub.database.read() as connection:
        every = answers.answer(connection, Sight(), read_question({"orderBy": "recordTime", "orderDirection": "ASC"}), None, 100)
        assert len(every.events) == len(EVENTS)
        for name, one in zip(EVENTS, every.events, strict=True):
            names[one.body.encode()] = name

    def ask(sight: Sight = EVERYBODY, **parameters: Any) -> list[str]:
        question = read_question(parameters, {"nova": "https://ns.novamed.example/epcis/"})
        with hub.database.read() as connection:
            found = answers.answer(connection, sight, question, None, 100)
        return sorted(names[one.body.encode()] for one in found.events)

    return ask


CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({"eventType": ["TransformationEvent", "AssociationEvent"]}, ["fitted", "made"]),
    ({"EQ_action": ["OBSERVE"]}, ["shipped", "warm"]),
    ({"GE_eventTime": "2026-11-21T09:00:00Z"}, ["warm"]),
    ({"LT_eventTime": "2026-11-20T00:15:00Z"}, ["made"]),
    ({"GE_recordTime": "2036-01-01T00:00:00Z"}, []),
    ({"EQ_bizStep": ["shipping", "receiving"]}, ["shipped"]),
    ({"EQ_bizStep": ["urn:epcglobal:cbv:bizstep:commissioning"]}, ["lotted"]),
    ({"EQ_disposition": ["https://ref.gs1.org/cbv/Disp-in_transit"]}, ["shipped"]),
    ({"EQ_persistentDisposition_set": ["completeness_verified"]}, ["shipped"]),
    ({"EQ_persistentDisposition_unset": ["completeness_verified"]}, []),
    ({"EQ_readPoint": ["https://id.gs1.org/414/6926365000018/254/gate-2"]}, ["shipped"]),
    ({"EQ_readPoint": ["https://id.gs1.org/414/6926365000018"]}, []),
    ({"WD_readPoint": ["https://id.gs1.org/414/6926365000018"]}, ["shipped"]),
    ({"EQ_bizLocation": ["urn:epc:id:sgln:7640123.00999.0"]}, ["warm"]),
    ({"MATCH_epc": ["urn:epc:id:sgtin:6926365.059800.S0001"]}, ["fitted", "lotted", "packed", "tied", "wrong"]),
    ({"MATCH_epc": [SERIAL], "eventType": ["ObjectEvent"]}, ["lotted"]),
    ({"MATCH_parentID": [UNIT]}, ["fitted", "packed"]),
    ({"MATCH_anyEPC": [UNIT]}, ["fitted", "packed", "shipped", "warm"]),
    ({"MATCH_anyEPC": ["urn:epc:id:sscc:0692636.1500000001"]}, ["fitted", "packed", "shipped", "warm"]),
    ({"MATCH_epc": ["urn:epc:idpat:sgtin:6926365.059800.*"], "EQ_action": ["OBSERVE"]}, ["shipped"]),
    ({"MATCH_epc": ["https://id.gs1.org/01/06926365598003/21/*"], "EQ_action": ["OBSERVE"]}, ["shipped"]),
    ({"MATCH_epc": ["urn:epc:idpat:sgtin:6926365.*.*"], "EQ_action": ["OBSERVE"]}, ["shipped"]),
    ({"MATCH_anyEPC": ["urn:epc:idpat:sscc:0692636.*"]}, ["fitted", "packed", "shipped", "warm"]),
    ({"MATCH_outputEPC": ["urn:epc:idpat:sgtin:6926365.059800.*"]}, []),
    ({"MATCH_epc": ["https://id.gs1.org/01/06926365598003/21/NONE"]}, []),
    ({"MATCH_outputEPCClass": [LOT]}, ["made"]),
    ({"MATCH_anyEPCClass": ["urn:epc:class:lgtin:6926365.059800.F2611A"]}, ["made"]),
    ({"MATCH_inputEPCClass": [LOT]}, []),
    ({"MATCH_anyEPCClass": ["urn:epc:idpat:sgtin:6926365.059800.*"]}, []),
    ({"EQ_bizTransaction_desadv": [DESPATCH]}, ["shipped"]),
    ({"EQ_bizTransaction_po": [DESPATCH]}, []),
    ({"EQ_bizTransaction_urn:epcglobal:cbv:btt:desadv": [DESPATCH]}, ["shipped"]),
    ({"EQ_destination_location": ["urn:epc:id:sgln:7640123.00999.0"]}, ["shipped"]),
    ({"EQ_source_location": ["urn:epc:id:sgln:7640123.00999.0"]}, []),
    ({"EXISTS_errorDeclaration": True}, ["wrong"]),
    ({"EXISTS_errorDeclaration": "false", "eventType": ["TransactionEvent"]}, ["tied", "wrong"]),
    ({"EQ_errorReason": ["incorrect_data"]}, ["wrong"]),
    ({"EQ_errorReason": ["did_not_occur"]}, []),
    ({"GE_errorDeclarationTime": "2026-11-21T00:00:00Z"}, ["wrong"]),
    ({"EQ_correctiveEventID": [CORRECTED]}, ["wrong"]),
    ({"GT_quantity": 1000}, ["made"]),
    ({"EQ_quantity": "12.5"}, ["made"]),
    ({"LT_quantity": 12}, []),
    ({"EQ_type": ["Temperature"]}, ["warm"]),
    ({"GE_value_CEL": 8.5}, ["warm"]),
    ({"GT_value_CEL": 8.5}, []),
    ({"GE_value_FAH": 1}, []),
    ({"EQ_deviceID": ["urn:epc:id:giai:4000001.111"]}, ["warm"]),
    ({"GE_startTime": "2026-11-21T08:00:00Z", "LT_endTime": "2026-11-21T09:00:01Z"}, ["warm"]),
    ({"LT_startTime": "2026-11-21T08:00:00Z"}, []),
    ({"EQ_ILMD_cbvmda:lotNumber": ["F2611A", "F2611B"]}, ["lotted"]),
    ({"EQ_ILMD_urn:epcglobal:cbv:mda#lotNumber": ["F2611A"]}, ["lotted"]),
    ({"EXISTS_ILMD_cbvmda:lotNumber": True}, ["lotted"]),
    ({"EQ_nova:weight": "12.50"}, ["shipped"]),
    ({"GT_https://ns.novamed.example/epcis#weight": 12}, ["shipped"]),
    ({"EXISTS_nova:van": True}, []),
    ({"EQ_INNER_nova:van": "V-7"}, ["shipped"]),
    ({"EQ_INNER_nova:van": "V-8"}, []),
    ({"EQ_bizStep": ["shipping"], "MATCH_epc": [UNIT], "GE_eventTime": "2026-11-20T23:30:00Z"}, ["shipped"]),
]


def test_every_parameter_finds_what_it_should(asked: Any) -> None:
    wrong = [(parameters, found, expected) for parameters, expected in CASES if (found := asked(**parameters)) != expected]
    assert not wrong


def test_who_asks_sees_its_own_events_only(hub: Hub, asked: Any) -> None:
    mine = Sight(frozenset((hub.organisation_id("north"),)), hub.partner_id("plant"))
    assert len(asked(mine)) == len(EVENTS)
    assert asked(Sight(frozenset((hub.organisation_id("south"),)))) == []
    assert asked(Sight(None, hub.partner_id("depot"))) == [] == asked(Sight(None, hub.partner_id("depot")), GT_quantity=0)
    for name in ("step", "location", "read_point", "disposition"):
        with hub.database.read() as connection:
            assert event_views.words(connection, mine, name, None, 10)
            assert event_views.words(connection, Sight(None, hub.partner_id("depot")), name, None, 10) == []


@pytest.mark.parametrize(
    "parameters", [{}, {"EQ_type": ["Temperature"]}, {"orderBy": "eventTime", "orderDirection": "ASC"}, {"GE_quantity": 0}]
)
def test_pages_give_every_event_once_while_others_come(hub: Hub, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LOOKED_AT", 6)
    monkeypatch.setattr(answers, "_CHUNK", 3)
    times = [f"2026-11-21T07:{minute:02}:00Z" for minute in (5, 1, 5, 3, 5, 2, 9, 4)]
    events = [with_(WARM, eventTime=at, epcList=[f"{SERIAL}{place}"]) for place, at in enumerate(times)]
    take(hub, document(*events, MADE), "plant")
    question, token, seen = read_question(parameters), None, []
    while True:
        with hub.database.read() as connection:
            page = answers.answer(connection, Sight(), question, token, 2)
        seen += [one.id for one in page.events]
        if len(seen) <= 2:  # somebody captures more meanwhile
            take(
                hub,
                document(with_(WARM, eventTime="2026-11-20T07:00:00Z", epcList=[f"{SERIAL}-new-{len(seen)}"])),
                "plant",
                key=f"n{len(seen)}",
            )
        token = page.next
        if token is None:
            break
    expected = {"EQ_type": 8, "GE_quantity": 1}.get(next(iter(parameters), ""), 9)
    assert len(seen) == len(set(seen)) >= expected
    if parameters.get("orderBy"):
        with hub.database.read() as connection:
            rows = event_views.page(connection, Sight(), question.asked, None, 100)
        assert [row.position for row in rows] == sorted(row.position for row in rows)


def test_the_first_so_many_and_no_more_than_so_many(asked: Any) -> None:
    assert asked(orderBy="eventTime", eventCountLimit=1) == ["warm"]
    assert asked(orderBy="eventTime", orderDirection="ASC", eventCountLimit=1) == ["made"]
    assert asked(EQ_action=["OBSERVE"], maxEventCount=2) == ["shipped", "warm"]
    for parameters in ({"EQ_action": ["OBSERVE"]}, {"GE_quantity": 0}, {"EQ_type": ["Temperature"]}):
        with pytest.raises(TooLargeError):
            asked(**{**parameters, "maxEventCount": 1}) if "EQ_action" in parameters else asked(maxEventCount=1)


@pytest.mark.parametrize(
    "parameters",
    [
        {"EQ_nothing": ["x"]}, {"nothing": "x"}, {"EQ_action": ["TAKE"]}, {"eventType": ["QuantityEvent"]}, {"eventType": []},
        {"GE_eventTime": "2026-11-21"}, {"GE_eventTime": "2026-11-21T00:00:00"}, {"MATCH_epc": ["urn:epc:id:sgtin:1.2"]},
        {"MATCH_epc": ["urn:epc:idpat:sgln:*.*.*"]}, {"MATCH_thing": ["x"]}, {"eventCountLimit": 3}, {"maxEventCount": 0},
        {"orderBy": "eventTime", "eventCountLimit": 1, "maxEventCount": 1}, {"orderBy": "nova:weight"}, {"orderDirection": "UP"},
        {"HASATTR_bizLocation": ["x"]}, {"EQ_quantity": "many"}, {"GT_quantity": [1, 2]}, {"EXISTS_errorDeclaration": "maybe"},
        {"EQ_ILMD_cbvmda:lotNumber": [{"a": 1}]}, {"EQ_eventID": [1]}, {"WD_bizStep": ["shipping"]}, {"EQ_deviceID": [""]},
        {f"EQ_INNER_nova:f{number}": "x" for number in range(61)},
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(QuestionError):
        read_question(parameters, {"nova": "https://ns.novamed.example/epcis/"})


def test_a_query_string_separates_alternatives_by_bars() -> None:
    found = from_query_string([("EQ_bizStep", "shipping|receiving"), ("eventCountLimit", "5"), ("orderBy", "eventTime")])
    assert found == {"EQ_bizStep": ["shipping", "receiving"], "eventCountLimit": "5", "orderBy": "eventTime"}
    with pytest.raises(QuestionError):
        from_query_string([("EQ_bizStep", "a"), ("EQ_bizStep", "b")])
