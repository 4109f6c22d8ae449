"""Time codes of X12 (623): what they say of a moment, how it is written back, and what nobody knows."""

from __future__ import annotations

import pytest

from mappings.engine import Context
from mappings.functions import FUNCTIONS
from tests.mappings.shipped import load
from tests.mappings.trees import segments

ZONE = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("code", "offset", "written"),
    [
        ("ET", "-05:00", "20"), ("CT", "-06:00", "19"), ("CD", "-05:00", "20"), ("UT", "+00:00", "UT"), ("GM", "+00:00", "UT"),
        ("P8", "+08:00", "08"), ("08", "+08:00", "08"), ("M5", "-05:00", "20"), ("24", "-01:00", "24"), ("13", "-12:00", "13"),
    ],
)  # fmt: skip
def test_a_code_is_an_offset_and_goes_back_as_one(code: str, offset: str, written: str) -> None:
    function = FUNCTIONS["x12_date_time_coded"]
    moment = function.read("20261122", "0830", code, ZONE)
    assert (moment.at.isoformat(), moment.stated) == (f"2026-11-22T08:30:00{offset}", True)
    assert function.write is not None
    said = function.write(moment.at, ZONE)
    assert said == ("20261122", "0830", written)
    assert function.read(*said, ZONE).at == moment.at
    assert FUNCTIONS["x12_date_time_zone"].read(*FUNCTIONS["x12_date_time_zone"].write(moment.at, ZONE), ZONE).at == moment.at  # type: ignore[misc]


@pytest.mark.parametrize("code", ["P0", "25", "00", "XX", "Z"])
def test_a_code_that_nobody_knows_is_a_finding(code: str) -> None:
    with pytest.raises(ValueError, match="time code"):
        FUNCTIONS["x12_date_time_coded"].read("20261122", "0830", code, ZONE)
    tree = segments(f"W06*N*D1*20261122\nG62*09*20261122*W*0830*{code}\nLX*1\nW12*SH**5**EA**VN*X")
    told = [finding for finding in load("x12/945").read(tree, Context(time_zone=ZONE)).findings if finding.rule == "MAP-02"]
    assert [finding.got for finding in told] == [f"20261122 0830 {code.strip()}"]


def test_an_offset_of_half_an_hour_is_told_in_the_agreed_zone() -> None:
    function = FUNCTIONS["x12_date_time_coded"]
    assert function.write is not None
    assert function.write(function.read("20261122", "0830", "NS", ZONE).at, ZONE) == ("20261122", "2000", "")
