"""The generated master data is what its truth says: as many copies as asked, right numbers, and neighbours that are other things."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

import pytest

from benchmarks.generate_masterdata import items, parties, write
from benchmarks.masterdata import item_twins, numbers, party_twins
from benchmarks.masterdata.items import item_records
from benchmarks.masterdata.parties import party_records
from benchmarks.masterdata.planting import Body, Record
from data_contracts.canonical.master import Item, Party
from data_contracts.identifiers.check_digit import has_right_check_digit

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 2500


@cache
def some(sort: str) -> list[Record]:
    return list((party_records if sort == "parties" else item_records)(COUNT, 5))


def by_truth(records: list[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record.truth].append(record)
    return found


@pytest.mark.parametrize("make", [parties, items])
def test_the_same_seed_gives_the_same_records_and_another_seed_others(make: Callable[..., Iterator[tuple[Body, str]]]) -> None:
    first = list(make(400, 1))
    assert list(make(400, 1)) == first
    assert [body for body, _ in make(400, 2)] != [body for body, _ in first]


@pytest.mark.parametrize("sort", ["parties", "items"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.2])
def test_as_many_copies_are_planted_as_were_asked_for(sort: str, share: float) -> None:
    records = list((party_records if sort == "parties" else item_records)(1000, 3, share))
    truths = {record.truth for record in records}
    copies = sum(bool(record.twin) for record in records)
    assert len(records) == 1000
    assert copies == len(records) - len(truths)
    assert abs(copies - share * 1000) <= share * 20


@pytest.mark.parametrize("sort", ["parties", "items"])
def test_copies_do_not_stand_beside_their_originals(sort: str) -> None:
    places = defaultdict(list)
    for place, record in enumerate(some(sort)):
        places[record.truth].append(place)
    apart = sorted(found[1] - found[0] for found in places.values() if len(found) > 1)
    assert apart[len(apart) // 2] > COUNT / 10


def test_bodies_have_the_members_of_the_canonical_entities() -> None:
    for body, _ in parties(500, 7):
        Party(issued_at=NOW, **body)
    for body, _ in items(500, 7):
        Item(issued_at=NOW, **body)


@pytest.mark.parametrize(("sort", "kinds"), [("parties", party_twins.KINDS), ("items", item_twins.KINDS)])
def test_every_kind_of_copy_comes_about(sort: str, kinds: dict[str, object]) -> None:
    records = (party_records if sort == "parties" else item_records)(6000, 11, 0.25)
    assert {kind for record in records for kind in record.twin} == set(kinds)


def test_a_credit_code_has_the_check_characters_of_the_standards() -> None:
    assert numbers.credit_check("91350100M000100Y4") == "3"  # the example of GB 32100-2015
    random = Random(1)
    for _ in range(50):
        code = numbers.credit_code(random, "3205")
        assert len(code) == 18
        assert numbers.credit_check(code[:17]) == code[17]
        assert numbers.old_tax_number(code) in code


def test_numbers_of_parties_are_right_but_where_a_copy_has_one_wrong() -> None:
    glns = codes = 0
    for record in some("parties"):
        if gln := record.body.get("gln"):
            glns += 1
            assert has_right_check_digit(gln)
        code = record.body.get("tax_number", "")
        if len(code) == 18 and code.isalnum() and "tax_number" not in record.twin:
            codes += 1
            assert numbers.credit_check(code[:17]) == code[17]
    assert glns > 100
    assert codes > 500


def test_packaging_levels_of_an_item_share_the_inner_digits_and_no_two_items_do() -> None:
    owner: dict[str, str] = {}
    levels = 0
    for record in some("items"):
        body = record.body
        stated = [one["gtin"] for one in (body, *body.get("trade_items", [])) if "gtin" in one]
        levels += len(stated) > 1
        inner = {gtin.zfill(14)[1:13] for gtin in stated}
        assert all(has_right_check_digit(gtin) for gtin in stated)
        assert len(inner) <= 1
        for digits in inner:
            assert owner.setdefault(digits, record.truth) == record.truth
    assert levels > 50


@pytest.mark.parametrize("sort", ["parties", "items"])
def test_no_two_things_read_alike(sort: str) -> None:
    """What a person sees of a record is never all that he sees of another thing's."""
    unseen = {"number", "status", "kind", "lot_controlled", "shelf_life_days"}
    seen: dict[str, str] = {}
    for record in some(sort):
        text = json.dumps({key: value for key, value in record.body.items() if key not in unseen}, sort_keys=True)
        assert seen.setdefault(text, record.truth) == record.truth


def test_parties_of_a_family_share_what_families_share_and_are_different_things() -> None:
    members: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in some("parties"):
        if record.family:
            members[record.family][record.truth].append(record)
    full = {family: truths for family, truths in members.items() if len(truths) > 1}
    kinds = {family.partition("/")[0] for family in full}
    assert kinds >= {"branches", "nearly_one_name", "one_brand", "clinics", "one_house", "holding", "western_group"}
    shared: dict[str, set[str]] = {"phone": set(), "tax_number": set()}
    for family, truths in full.items():
        for member, found in shared.items():
            owners = defaultdict(set)
            for truth, records in truths.items():
                for record in records:
                    digits = "".join(character for character in record.body.get(member, "") if character.isalnum())[-7:]
                    owners[digits].add(truth)
            owners.pop("", None)
            if any(len(one) > 1 for one in owners.values()):
                found.add(family.partition("/")[0])
    assert shared["phone"] >= {"one_house", "holding"}
    assert shared["tax_number"] <= {"stores"}


def test_a_third_of_the_parties_and_nearly_all_items_have_neighbours() -> None:
    for sort, least in (("parties", 0.25), ("items", 0.95)):
        records = some(sort)
        assert sum(bool(record.family) for record in records) / len(records) > least


def test_items_of_a_family_share_their_registration_and_differ_in_a_measure() -> None:
    numbers_of = defaultdict(set)
    models = defaultdict(set)
    for record in some("items"):
        if registration := record.body.get("registration_number"):
            numbers_of[record.family].add(registration)
        if model := record.body.get("model"):
            models[record.family].add(model)
    assert all(len(found) == 1 for family, found in numbers_of.items() if family)
    assert sum(len(found) > 3 for found in models.values()) > 20


@pytest.mark.parametrize("sort", ["parties", "items"])
def test_a_copy_is_no_verbatim_copy(sort: str) -> None:
    for records in by_truth(some(sort)).values():
        first, *others = sorted(records, key=lambda record: bool(record.twin))
        assert first.twin == ()
        for other in others:
            assert other.twin
            assert {**other.body, "number": ""} != {**first.body, "number": ""}


def test_the_files_hold_body_and_truth_a_line(tmp_path: Path) -> None:
    count, twins, families = write(party_records(300, 1), tmp_path / "parties.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "parties.jsonl").read_text(encoding="utf-8").splitlines()]
    assert count == len(lines) == 300
    assert [(line["body"], line["truth"]) for line in lines] == list(parties(300, 1))
    assert sum(twins.values()) == sum(bool(line["twin"]) for line in lines) == 15
    assert sum(families.values()) == sum(bool(line["family"]) for line in lines)
