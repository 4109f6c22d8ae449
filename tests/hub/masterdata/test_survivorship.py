"""Whose word counts: each criterion by itself, the rules of a site over those shipped, and what is told of the choice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from data_contracts.errors import NotFoundError
from hub.masterdata import shown
from hub.masterdata.decide import Asked, ask
from hub.masterdata.golden import Record, is_credit_code, names_of
from hub.masterdata.impact import impact
from hub.masterdata.settings import KindRules, MasterSettings
from hub.masterdata.survivorship import survive
from hub.reconcile.run import reconcile
from hub.store import views
from hub.store.database import Database
from hub.store.decisions import Word
from tests.effort import examples
from tests.hub.world import World, despatch, item, order, party

SHIPPED = MasterSettings().rules
TODAY = date(2026, 11, 22)


def record(system: str, code: str, keeper: str = "erp", at: int = 0, subject: int = 1, **body: Any) -> Record:
    return Record(subject, subject * 10, subject * 100, 1, system, code, body, keeper, at)


def word(number: int, value: Any, source: tuple[str, str] = ("erp", "A"), field: str = "city", from_on: str | None = None) -> Word:
    return Word(number, source, field, value, from_on, number, "Li", "telephoned")


def rules(by: tuple[Any, ...] = ("rank",), rank: tuple[str, ...] | None = None, **fields: tuple[Any, ...]) -> Any:
    return MasterSettings(rank=rank, kinds={"party": KindRules(by=by, fields=fields)}).rules


ONE = record("erp", "A", at=5, subject=1, name="Alpha", city="Suzhou")
OTHER = record("wms", "W", keeper="wms", at=9, subject=2, name="ALPHA CO", city="苏州", phone="1", address="x")


@pytest.mark.parametrize(
    ("chosen", "winner", "why"),
    [
        (rules(("rank",)), "Suzhou", "rank"),
        (rules(("rank",), rank=("wms", "*")), "苏州", "rank"),
        (rules(("recent", "rank")), "苏州", "recent"),
        (rules(("complete", "rank")), "苏州", "complete"),
        (rules(("rank",), city=("recent",)), "苏州", "recent"),
        (rules(("rank",), rank=()), "Suzhou", "rank"),  # an empty list is no list: as shipped
        (rules(("rank",), rank=("*",)), "Suzhou", "names"),
    ],
)
def test_each_criterion(chosen: Any, winner: str, why: str) -> None:
    for records in ([ONE, OTHER], [OTHER, ONE]):
        made = survive("party", records, [], chosen)
        (city,) = [one for one in made.choices if one.field == "city"]
        assert (city.value, city.why) == (winner, why)
        assert [(other.value, other.lost_by) for other in city.others] == [("苏州" if winner == "Suzhou" else "Suzhou", why)]


def test_a_blank_never_wins_and_one_that_is_alone_is_told_so() -> None:
    made = survive("party", [record("erp", "A", name="Alpha", phone=" ", licence=None), OTHER], [], SHIPPED)
    said = {one.field: (one.value, one.why) for one in made.choices}
    assert said["phone"] == ("1", "only") and "licence" not in said
    same = survive("party", [ONE, record("wms", "W", "wms", name="Alpha", subject=2)], [], SHIPPED)
    assert same.choices[1].why == "agreed" and len(same.choices[1].others) == 1


def test_a_persons_word_counts_until_it_is_taken_back_and_from_its_day() -> None:
    def city(words: list[Word], on: str | None = "2026-11-22", by: Any = SHIPPED) -> tuple[Any, str]:
        (found,) = [one for one in survive("party", [ONE, OTHER], words, by, on).choices if one.field == "city"]
        return found.value, found.why

    assert city([word(1, "Kunshan")]) == ("Kunshan", "verified")
    assert city([word(1, "Kunshan"), word(2, "Wuxi", ("wms", "W"))]) == ("Wuxi", "verified")
    assert city([word(1, "Kunshan"), word(2, None)]) == ("Suzhou", "rank")
    later = [word(1, "Kunshan"), word(2, "Wuxi", from_on="2026-12-01")]
    assert city(later) == ("Kunshan", "verified") and city(later, "2026-12-01") == ("Wuxi", "verified")
    later.append(word(3, "Kunshan SIP"))  # mended today: what is planned still holds from its day
    assert city(later)[0] == "Kunshan SIP" and city(later, "2026-12-01")[0] == "Wuxi"
    assert city([*later, word(4, None)], "2026-12-01") == ("Suzhou", "rank"), "taken back with what was planned"
    dated = [word(1, "NEW", from_on="2026-06-01"), word(2, "OLD", from_on="2025-01-01")]
    assert city(dated, "2026-01-01")[0] == "OLD" and city(dated)[0] == "NEW", "in whatever order they are said"


def test_lists_are_collected_with_each_thing_once() -> None:
    level = {"gtin": "06901234000016", "unit": "CS", "quantity": "24"}
    other = {"gtin": "06901234000023", "unit": "PAL", "quantity": "480"}
    records = [
        record("erp", "A", trade_items=[level]),
        record("wms", "W", "wms", subject=2, trade_items=[{**level, "quantity": "12"}, other]),
    ]
    made = survive("item", records, [], SHIPPED)
    assert made.body["trade_items"] == [level, other]
    odd = {"gtin": ["a"]}  # a person's word of before words were judged: it must not stop all others
    made = survive("item", records, [word(1, [odd], ("erp", "A"), "trade_items")], SHIPPED)
    assert made.body["trade_items"] == [odd, level, other]


@given(
    st.lists(
        st.tuples(st.sampled_from(["erp", "wms", "qms"]), st.sampled_from("AB"), st.integers(0, 2), st.sampled_from(["", "x", "y"])),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=examples(200))
def test_it_never_depends_on_order(entries: list[tuple[str, str, int, str]], random: Random) -> None:
    records = [record(system, code, system, at, place, name=name, city=code) for place, (system, code, at, name) in enumerate(entries, 1)]
    words = [word(place, value or None) for place, (_, _, _, value) in enumerate(entries, 1)]
    for by in (SHIPPED, rules(("recent", "complete")), rules(("verified", "complete"))):
        expected = survive("party", records, words, by)
        random.shuffle(records)
        random.shuffle(words)
        found = survive("party", records, words, by)
        assert (found.body, found.won) == (expected.body, expected.won)


def test_rules_that_make_no_sense_are_refused() -> None:
    refused: tuple[dict[str, Any], ...] = (
        {"kinds": {"party": {"by": ["newest"]}}},
        {"kinds": {"party": {"by": ["collect"]}}},
        {"kinds": {"person": {}}},
        {"ranks": []},
    )
    for wrong in refused:
        with pytest.raises(ValidationError):
            MasterSettings.model_validate({"version": 1, **wrong})


def test_names_of_a_party() -> None:
    body: dict[str, Any] = {"gln": "6901234500017", "tax_number": "91350100M000100Y43", "licence": "苏食药监械生产许20210001号"}
    named = {name for name, _, _ in names_of("party", record("erp", "V1", **body))}
    assert named == {
        ("code:erp", "V1"), ("gln", body["gln"]), ("tax", body["tax_number"]), ("licence", body["licence"]),
        ("credit_code", body["tax_number"]),
    }  # fmt: skip
    assert not is_credit_code("91350100M000100Y44") and not is_credit_code("DE123456789")


# --- the store ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.send(
        ("erp", party("V1001", city="Suzhou")),
        ("wms", party("W-7", name="Jiangnan Polymer", gln=None, tax_number=None, city="苏州", phone="0512-1")),
        ("erp", item()),
        ("erp", order()),
        ("jiangnan_polymer", despatch()),
    )
    decide(made, Asked("party", "merge", ("erp", "V1001"), "same papers", ("wms", "W-7")))
    return made


def decide(world: World, asked: Asked) -> None:
    renew(world)
    with world.database.begin("Li") as uow:
        ask(uow, asked, SHIPPED)
    renew(world)


def renew(world: World) -> None:
    with world.database.begin("reconcile") as uow:
        reconcile(uow)


def test_it_is_told_of_each_field_why_its_value_won(world: World) -> None:
    with world.database.read() as connection:
        told = shown.golden(connection, "party", "W-7", SHIPPED, TODAY)
        served = views.party(connection, "6901234500017")
    fields = {one["field"]: one for one in told["fields"]}
    city = fields["city"]
    assert (city["value"], city["why"], city["criteria"]) == ("Suzhou", "rank", ["verified", "rank", "complete", "recent"])
    assert city["said_by"]["code"] == "V1001" and city["said_by"]["exchange_id"] == world.exchanges[0]
    assert [(one["value"], one["code"], one["lost_by"]) for one in city["others"]] == [("苏州", "W-7", "rank")]
    assert fields["phone"]["why"] == "only"
    assert [(one["system"], one["code"], one["revision"]) for one in told["sources"]] == [("erp", "V1001", 1), ("wms", "W-7", 1)]
    assert [(one["action"], one["reason"]) for one in told["decisions"]] == [("merge", "same papers")]
    assert (served["city"], served["phone"], served["number"]) == ("Suzhou", "0512-1", "V1001")
    assert served["chosen"]["phone"] == {"why": "only", "system": "wms", "code": "W-7"}


def test_a_record_as_of_a_day(world: World) -> None:
    world.send(("erp", party("V1001", city="Kunshan", revision=2, issued_at=datetime(2026, 11, 5, tzinfo=UTC))))
    decide(world, Asked("party", "value", ("wms", "W-7"), "telephoned", field="phone", value="0512-2", from_on="2026-11-20"))

    def said(on: date | None) -> tuple[Any, Any]:
        with world.database.read() as connection:
            fields = {one["field"]: one["value"] for one in shown.golden(connection, "party", "V1001", SHIPPED, TODAY, on)["fields"]}
        return fields["city"], fields["phone"]

    assert said(date(2026, 11, 4)) == ("Suzhou", "0512-1")
    assert said(date(2026, 11, 5)) == ("Kunshan", "0512-1")
    decide(world, Asked("party", "value", ("wms", "W-7"), "moves", field="phone", value="010-9", from_on="2027-06-01"))
    assert said(None) == said(date(2026, 11, 22)) == ("Kunshan", "0512-2")
    with world.database.read() as connection, pytest.raises(NotFoundError, match="there was no party"):
        shown.golden(connection, "party", "V1001", SHIPPED, TODAY, date(2026, 9, 30))


def test_a_record_goes_by_its_own_code_before_what_suppliers_call_others(world: World) -> None:
    world.send(("erp", item("RM-1", supplier_items=[{"supplier": "V1001", "code": "HX-1002"}])), ("erp", item("HX-1002")))
    with world.database.begin("reconcile") as uow:
        reconcile(uow)
    with world.database.read() as connection:
        assert shown.source_named(connection, "item", "HX-1002") == ("erp", "HX-1002")


def test_sources_stay_as_they_came(world: World) -> None:
    world.send(("erp", party("V1001", city="Kunshan", revision=2)))
    renew(world)
    with world.database.read() as connection:
        every = shown.history(connection, "party", "W-7")
    assert [(one["code"], one["revision"], one["body"]["city"]) for one in every] == [
        ("V1001", 1, "Suzhou"), ("V1001", 2, "Kunshan"), ("W-7", 1, "苏州"),
    ]  # fmt: skip


def test_impact_names_maps_orders_lots_and_partners(world: World) -> None:
    with world.database.read() as connection:
        of_party = impact(connection, "party", [("wms", "W-7")])
        of_item = impact(connection, "item", [("erp", "RM-100")])
    assert of_party["orders"] == {"count": 1, "first": ["4500000123"]} == of_item["orders"]
    assert of_party["partners"]["first"] == ["erp", "jiangnan_polymer", "wms"]
    assert of_item["partners"]["first"] == ["erp", "jiangnan_polymer"]
    assert of_party["lots"]["count"] == of_item["lots"]["count"] == 1
    assert Decimal(of_party["maps"]["count"]) == 0  # nothing was read by a mapping in this test


def test_two_suspects_side_by_side(world: World) -> None:
    world.send(("erp", party("V2", name="Jiangnan Polymer Ltd", gln=None, city=None)))
    renew(world)
    with world.database.read() as connection:
        (case,) = shown.golden(connection, "party", "V2", SHIPPED, TODAY)["suspects"]
        seen = shown.beside(connection, case["id"], SHIPPED, TODAY)
    fields = {one["field"]: one for one in seen["fields"]}
    assert [one["field"] for one in seen["fields"]][:2] == ["name", "gln"]
    assert fields["name"]["differs"] and not fields["tax_number"]["differs"]
    assert seen["also"] == [[{"system": "wms", "code": "W-7"}], []]
