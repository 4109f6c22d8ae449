"""Pairs that people find hard, what reasons are given, and that nothing depends on the order of the records."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import yaml

from hub.masterdata.matching import parties
from hub.masterdata.matching.blocking import Keys, hashed
from hub.masterdata.matching.company_names import Trades
from hub.masterdata.matching.item_names import parted
from hub.masterdata.matching.matcher import match
from hub.masterdata.matching.party_records import PartyRecords
from hub.masterdata.matching.spelling import company, folded, place, sound
from hub.masterdata.matching.weights import FieldSpec, learn, taught, usual

HARD = yaml.safe_load(Path(__file__).with_name("hard_pairs.yaml").read_text(encoding="utf-8"))
CASES = [(kind, case) for kind, cases in HARD.items() for case in cases]


@pytest.mark.parametrize(("kind", "case"), CASES, ids=[case["why"] for _, case in CASES])
def test_a_hard_pair_is_judged_as_a_person_judged_it(kind: str, case: dict[str, Any]) -> None:
    bodies = case.get("same") or case["different"]
    found = list(match(kind, bodies).likely(0.0))
    chance = found[0].chance if found else 0.0
    assert (chance >= 0.5) == ("same" in case), (chance, found and found[0].reasons)


def test_each_match_says_why() -> None:
    found = next(match("party", HARD["party"][3]["same"]).likely())
    assert found.chance > 0.5 and {"name", "tax_number"} <= {reason.field for reason in found.reasons}
    assert next(reason for reason in found.reasons if reason.field == "tax_number").level == "near"
    assert [abs(reason.bits) for reason in found.reasons] == sorted((abs(reason.bits) for reason in found.reasons), reverse=True)


def test_the_order_of_records_changes_nothing() -> None:
    bodies = [body for case in HARD["party"] for body in (case.get("same") or case["different"])]
    shuffled = list(range(len(bodies)))
    Random(7).shuffle(shuffled)
    plain = {frozenset((one.first, one.second)): one.chance for one in match("party", bodies).likely()}
    again = match("party", [bodies[number] for number in shuffled]).likely()
    assert plain == {frozenset((shuffled[one.first], shuffled[one.second])): one.chance for one in again}


def test_no_records_and_empty_ones_match_nothing() -> None:
    assert list(match("party", []).likely()) == [] and list(match("item", [{}, {"name": ""}]).likely(0.0)) == []


def test_weights_are_learnt_from_pairs_that_tell_by_their_numbers() -> None:
    random = np.random.default_rng(3)
    count = 60_000
    same = random.random(count) < 0.02
    specs = (FieldSpec("tax_number", ("other", "same"), identity=True), *(FieldSpec(name, ("other", "same")) for name in ("phone", "city")))
    numbered = random.random(count) < 0.5
    number = np.where(numbered, np.where(same, 2, 1), 0)
    agree = [np.where(same, random.random(count) < m, random.random(count) < u) + 1 for m, u in ((0.9, 0.01), (0.8, 0.1))]
    levels = np.stack([number, *agree], axis=1).astype(np.int8)
    learnt = learn(levels, specs, "party", np.ones(count, dtype=bool))
    truth = [np.log2(0.9 / 0.01) + np.log2(0.99 / 0.1), np.log2(0.8 / 0.1) + np.log2(0.9 / 0.2)]
    assert all(abs(bits[2] - bits[1] - expected) < 1.0 for bits, expected in zip(learnt.bits[1:], truth, strict=True))
    unnumbered = ~numbered
    said = learnt.of(levels)[unnumbered] > 0
    assert (said == same[unnumbered]).mean() > 0.98
    assert learnt.bits[0].tolist() == usual("party", specs).bits[0].tolist()


def test_few_pairs_that_tell_leave_the_usual_weights() -> None:
    levels = np.ones((50, len(parties.SPECS)), dtype=np.int8)
    learnt = learn(levels, parties.SPECS, "party", np.ones(50, dtype=bool))
    assert all((one == other).all() for one, other in zip(learnt.bits, usual("party", parties.SPECS).bits, strict=True))


def test_a_branch_teaches_nothing_though_it_has_its_companys_number() -> None:
    names = [spec.name for spec in parties.SPECS]
    levels = np.zeros((2, len(names)), dtype=np.int8)
    levels[:, names.index("gln")] = 2
    levels[1, names.index("branch")] = 1
    one, two = taught(levels, parties.SPECS)
    assert one.tolist() == [True, False] and not two.any()


def test_a_member_without_value_says_nothing() -> None:
    levels = parties.Parties([{"name": "Delta Medical Ltd", "city": "Leeds"}, {"name": "Delta Medical Ltd"}]).compare(
        (np.array([0], dtype=np.int32), np.array([1], dtype=np.int32))
    )
    silent = {spec.name for spec, level in zip(parties.SPECS, levels[0], strict=True) if not level}
    assert silent == {"alike_there", "name_place", "licence", "tax_number", "gln", "phone", "address", "city", "postal_code", "country"}


def test_wide_blocks_are_cut_by_the_second_key() -> None:
    keys = Keys()
    keys.add(np.arange(60), hashed(["medical"] * 60))
    keys.add(np.array([0, 59]), hashed(["rare", "rare"]))
    firsts, seconds = keys.pairs(hashed(["leeds" if record < 3 else "" for record in range(60)]))
    assert list(zip(firsts.tolist(), seconds.tolist(), strict=True)) == [(0, 1), (0, 2), (0, 59), (1, 2)]


def test_keys_of_two_kinds_or_without_a_first_part_join_nothing() -> None:
    keys = Keys()
    keys.add(np.arange(3), hashed(["a", "a", ""]), hashed(["x", "y", "x"]))
    keys.add(np.arange(3), hashed(["b", "a", "a"]), where=np.array([True, False, True]))
    keys.add(np.arange(3), hashed(["", "", ""]))
    assert [len(side) for side in keys.pairs(hashed(["", "", ""]))] == [0, 0]
    keys.add(np.arange(3), hashed(["", "c", "c"]), hashed(["x", "", ""]))
    assert [side.tolist() for side in keys.pairs(hashed(["", "", ""]))] == [[1], [2]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("康瑞（苏州）醫療器械股份有限公司", "康瑞(苏州)医疗器械有限责任公司"),
        ("Rheintal-Titan GmbH & Co. KG", "RHEINTAL TITAN B.V."),
        ("Ｄｅｌｔａ Medical", "delta medical, inc."),
    ],
)
def test_companies_are_spelled_alike(first: str, second: str) -> None:
    assert company(first) == company(second) != ""


def test_places_and_sounds() -> None:
    assert [place(text) for text in ("苏州市", "蘇州", "Suzhou City", "")] == ["苏州", "苏州", "suzhou", ""]
    assert (sound("厦门"), sound("成都"), folded("ÅNGSTRÖM")) == ("xiamen", "chengdu", "angstrom")


@pytest.mark.parametrize("text", ["Cortical Screw, 3,5 x 32 MM", "皮质骨螺钉 Φ3.5×3.2cm", "screw Ø3.5*32mm", "3.5mm × 32mm screw"])
def test_measures_are_told_in_one_unit(text: str) -> None:
    assert parted(text).measures == ("3.5", "32")


@pytest.mark.parametrize(
    ("text", "words", "measures"),
    [
        ("干燥剂 5gCLY", ("干燥剂", "cly"), ("5g",)),  # a unit in small letters before a code in capitals
        ("Needle tubing, 27G, S/S", ("needle", "tubing", "ss"), ("27g",)),
        ("瓦楞纸箱 300×200mm/高250mm/3P", ("3p", "瓦楞纸箱"), ("200", "250", "300")),  # three plies, said as a code
        ("冠状动脉支架,Φ2,5mm,1,2cm,CoCr", ("冠状动脉支架", "cocr"), ("12", "2.5")),  # who writes one decimal comma writes all
        ("输液器2000mm23GFLT", ("输液器", "flt"), ("2000", "23g")),  # no blanks stand between
        ("直流电机Φ28mm6VB型", ("直流电机", "b"), ("28", "6v")),
        ("环氧胶 200ml CW760 A组分", ("环氧胶", "cw", "a", "组分"), ("200ml", "760")),
        ("Surgical gown, XX-large", ("surgical", "gown", "xxl"), ()),
    ],
)
def test_names_are_read_as_they_are_meant(text: str, words: tuple[str, ...], measures: tuple[str, ...]) -> None:
    assert (parted(text, 80).words, parted(text, 80).measures) == (words, measures)


def test_what_is_cut_at_the_end_of_a_name_is_no_measure() -> None:
    read = parted("FOAM DRESSING - 20CM×20CM - PLAIN - 10/B", 39)
    assert (read.measures, read.count, read.cut) == (("200", "200"), "", True)
    assert parted("FOAM DRESSING - 20CM×20CM - PLN - 10/BOX", 39).count == "10"


def test_a_pack_that_one_record_does_not_count_is_any_of_those_that_its_maker_sells() -> None:
    silent = {"name": "Surgical tape 12×9100 mm, paper", "manufacturer": "Renalab SL"}
    packs = [silent | {"name": f"Surgical tape 12×9100 mm, paper, {count}/box"} for count in (6, 12)]
    assert [(one.first, one.second) for one in match("item", [silent, packs[0]]).likely()] == [(0, 1)]
    assert not list(match("item", [silent, *packs]).likely())


@pytest.mark.parametrize(
    ("address", "street", "house"),
    [
        ("28 Church Lane", "church", "28"),
        ("No. 218 Xinghu Street", "xinghu", "218"),
        ("江苏省苏州市吴中区星湖街218号", "xinghu", "218"),
        ("Chezhan Road 53, Pidu District", "chezhan", "53"),
        ("Suite 600, 300 Elm Street", "elm", "300"),
        ("12a Main Street", "main", "12"),
        ("Hauptstraße 12", "hauptstr", "12"),
    ],
)
def test_a_house_is_read_before_and_behind_its_street(address: str, street: str, house: str) -> None:
    records = PartyRecords([{"name": "Delta", "address": address}])
    assert (records.street.texts[0], records.house.texts[0]) == (street, house)


def test_neighbours_in_one_street_are_two() -> None:
    bodies = [
        {"name": f"{name} Ltd", "address": f"{house} Church Lane", "city": "Leeds"} for name, house in (("Everett", 28), ("Everest", 21))
    ]
    assert not list(match("party", bodies).likely())


def test_the_first_letter_of_a_trade_that_is_spelled_right_is_the_companys_own() -> None:
    names = [f"{own}医疗器械厂" for own in ("康瑞", "德泰", "华洋", "福生", "凯泰", "悦旭", "和银")]
    assert [Trades([*names, "伊思艾医疗器械有限公司"], ()).parted(f"伊思{own}医疗器械有限公司").own for own in "艾雷"] == [
        "伊思艾",
        "伊思雷",
    ]
