"""Where a written record is looked for in the tree, and where its slot alone tells whether it is there."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mappings.engine import Context, Mapping, load
from mappings.path import parse
from mappings.plan import Scope
from mappings.slots import Targets, not_there
from mappings.write import Writer
from tests.mappings.trees import shape

CONTEXT = Context(time_zone="UTC", components=":")
NOTICE = """
mapping: x12/T
version: 1
format: x12
message: "856"
entity: DespatchAdvice
fields:
  - {{to: number, from: BSN/02}}
  - {{to: issued_at, from: [BSN/03, BSN/04], as: x12_date_with_time}}
each:
  - to: lines
    at: //HL[03=I]
    fields:
      - {{to: line, default: "@ordinal"}}
      - {{to: quantity, from: SN1/02, as: decimal}}
      - {{to: unit, from: SN1/03, codes: units}}
      - {{to: lot, from: "REF[01=LT]/02"}}
      - {{to: "serials[]", from: "REF[01=SE]/02"}}
{more}
"""
ENTITY = {
    "number": "DA1",
    "issued_at": datetime(2026, 11, 22, tzinfo=UTC),
    "lines": [{"quantity": Decimal(3), "unit": "EA", "lot": "L1", "serials": ["S1", "S2"], "description": "Screw"}],
}


def mapping(folder: Path, *more: str) -> Mapping:
    path = folder / "mappings" / "x12" / "T.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(NOTICE.format(more="\n".join(f"      - {row}" for row in more)), encoding="utf-8")
    return load("x12/T", [folder / "mappings"])


def lines_of(made: Mapping) -> Scope:
    (scope,) = made.plan.root.scopes
    return scope


def is_looked_for(made: Mapping, path: str, unslotted: tuple[str, ...] | None = ()) -> bool:
    """Whether the record of a path is looked for in the tree where its slot is empty; `unslotted`: paths of rows that fill no slot."""
    rules = lines_of(made).rules
    others = None if unslotted is None else [rule for rule in rules if any(one.text in unslotted for one in rule.paths)]
    target = Targets(lines_of(made), rules, "x12", others).target(parse(path, "x12"))
    assert target is not None
    return target.find is not not_there


def test_a_record_that_only_its_own_row_makes_is_not_looked_for(tmp_path: Path) -> None:
    made = mapping(tmp_path)
    assert not is_looked_for(made, "SN1/02")
    assert not is_looked_for(made, "REF[01=LT]/02")  # the other REF has another qualifier, so neither is taken for the other


def test_where_the_record_at_hand_may_hold_something_everything_is_looked_for(tmp_path: Path) -> None:
    made = mapping(tmp_path)
    assert is_looked_for(made, "SN1/02", None)
    assert is_looked_for(made, "REF[01=LT]/02", None)


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ("{to: description, from: REF/03}", "REF[01=LT]/02"),  # a REF of any kind may be this one's
        ('{to: description, from: "REF[01=LT|LOT]/03"}', "REF[01=LT]/02"),
        ('{to: description, from: "REF[03=X]/04"}', "REF[01=LT]/02"),  # it says nothing about what the other asks
    ],
)
def test_a_record_that_another_row_may_make_is_looked_for(row: str, path: str, tmp_path: Path) -> None:
    made = mapping(tmp_path, row)
    assert is_looked_for(made, path)
    assert not is_looked_for(made, "SN1/02")


def test_a_record_that_a_row_without_slots_may_make_is_looked_for(tmp_path: Path) -> None:
    made = mapping(tmp_path)
    assert is_looked_for(made, "REF[01=LT]/02", ("REF[01=SE]/02",))  # whatever its qualifier: only walking the tree tells
    assert not is_looked_for(made, "SN1/02", ("REF[01=SE]/02",))


def test_a_path_that_goes_round_about_has_everything_looked_for(tmp_path: Path) -> None:
    made = mapping(tmp_path, "{to: description, from: //REF/03}")
    assert is_looked_for(made, "SN1/02")


@pytest.mark.parametrize(
    "row", ["{to: description, from: REF/03}", '{to: description, from: "REF[03=X]/04"}', "{to: description, from: PID/05}"]
)
def test_both_writers_make_the_same_of_rows_that_share_a_record(row: str, tmp_path: Path) -> None:
    made = mapping(tmp_path, row)
    assert shape(made.write(ENTITY, CONTEXT)) == shape(Writer(made.plan, CONTEXT).write(ENTITY))
