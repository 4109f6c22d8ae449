"""What is written can be read back as the same tree, and what could not be is refused."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.formats.x12 import FORMAT
from connectors.formats.x12.grammar import BASE_VERSIONS, known_messages, load
from connectors.formats.x12.writer import write
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.source import Message, SourceRecord
from tests.connectors.formats.x12.instances import comparable, instance
from tests.effort import examples


def envelope(version: str = "004010", **changes: Any) -> Envelope:
    settings: dict[str, Any] = {
        "sender": "ZZ:NOVAMEDSZ",
        "receiver": "ZZ:JNPOLY",
        "control": 42,
        "group_control": 7,
        "first_message_control": 1,
        "created_at": datetime(2026, 11, 22, 8, 30, tzinfo=ZoneInfo("Asia/Shanghai")),
        "version": version,
    }
    return Envelope(**{**settings, **changes})


def tree(*rows: Sequence[Any]) -> SourceRecord:
    """`("PO1", "1", "10", [("PID", "F")])` -> records: strings are elements, a list holds the children."""
    root = SourceRecord("ST", ["ST"], 1)
    root.children = [record(row) for row in rows]
    return root


def record(row: Sequence[Any]) -> SourceRecord:
    made = SourceRecord(row[0], [part for part in row if isinstance(part, str)], 0)
    made.children = [record(child) for part in row if isinstance(part, list) for child in part]
    return made


ORDER = tree(
    ("PO1", "1", "10", "EA", "12.5", "", "UK", "06901234000016", [("PID", "F", "", "", "", "Catheter 7F"), ("REF", "LT", "A27")]),
    ("CUR", "BY", "CNY"),
    ("BEG", "00", "NE", "4500000123", "", "20261122", "", ""),
    ("PO1", "2", "4", "EA"),
)


def text(messages: Sequence[tuple[str, SourceRecord]], around: Envelope | None = None, profile: Profile = STRICT) -> str:
    return write(messages, around or envelope(), profile).decode("ascii")


def messages(data: bytes, profile: Profile = STRICT) -> list[Message]:
    events = list(FORMAT.read(io.BytesIO(data), profile))
    found = [event.message for event in events if event.message is not None]
    for event in events:
        for part in (event.interchange, event.group, event.message):
            assert part is None or not [finding for finding in part.findings if finding.severity == "error"], (part, data)
    return found


def test_order_is_put_in_the_order_of_the_set() -> None:
    assert text([("850", ORDER)]) == (
        "ISA*00*          *00*          *ZZ*NOVAMEDSZ      *ZZ*JNPOLY         *261122*0830*U*00401*000000042*0*P*:~"
        "GS*PO*NOVAMEDSZ*JNPOLY*20261122*0830*7*X*004010~"
        "ST*850*0001~"
        "BEG*00*NE*4500000123**20261122~"
        "CUR*BY*CNY~"
        "PO1*1*10*EA*12.5**UK*06901234000016~"
        "PID*F****Catheter 7F~"
        "REF*LT*A27~"
        "PO1*2*4*EA~"
        "CTT*2~"
        "SE*9*0001~GE*1*7~IEA*1*000000042~"
    )


def test_levels_are_numbered_and_counted() -> None:
    despatch = tree(
        ("BSN", "00", "SH1", "20261122", "0830"),
        (
            "HL", "", "", "S",
            [
                ("HL", "", "", "O", [("HL", "", "", "I", [("LIN", "1", "UK", "06901234000016"), ("SN1", "1", "4", "EA")]), ("PRF", "45")]),
                ("HL", "", "", "O"),
                ("TD5", "", "2", "FDEG"),
            ],
        ),
        ("CTT", "99", "4"),
    )  # fmt: skip
    written = text([("856", despatch)])
    assert "HL*1**S*1~TD5**2*FDEG~HL*2*1*O*1~PRF*45~HL*3*2*I*0~LIN*1*UK*06901234000016~SN1*1*4*EA~HL*4*1*O*0~CTT*4*4~SE*12*" in written


def test_a_later_version_repeats_and_names_its_guide() -> None:
    guide = tree(*[(child.tag, *list(child.values)[1:]) for child in ORDER.children])
    guide.values = ["ST", "850", "9", "GUIDE1"]
    written = text([("850", guide)], envelope("005010", delimiters={"component": ">"}))
    assert "*^*00501*000000042*0*P*>~" in written
    assert "ST*850*0001*GUIDE1~" in written
    assert "*X*005010~" in written


def test_a_six_digit_release_has_six_digit_dates() -> None:
    assert "GS*PO*NOVAMEDSZ*JNPOLY*261122*0830*7*X*003060~" in text([("850", ORDER)], envelope("003060"))


def test_sets_of_two_groups() -> None:
    answer = tree(("AK1", "IN", "7"), ("AK9", "A", "1", "1", "1"))
    written = text([("850", ORDER), ("997", answer), ("850", ORDER)])
    assert [line.split("*")[:3] for line in written.split("~") if line[:2] in ("GS", "ST", "GE", "SE") or line.startswith("IEA")] == [
        ["GS", "PO", "NOVAMEDSZ"],
        ["ST", "850", "0001"],
        ["SE", "9", "0001"],
        ["ST", "850", "0002"],
        ["SE", "9", "0002"],
        ["GE", "2", "7"],
        ["GS", "FA", "NOVAMEDSZ"],
        ["ST", "997", "0003"],
        ["SE", "4", "0003"],
        ["GE", "1", "8"],
        ["IEA", "2", "000000042"],
    ]


def test_each_set_may_be_made_when_it_is_asked_for_and_then_let_go() -> None:
    def made() -> Iterator[tuple[str, SourceRecord]]:
        for _ in range(3):
            order = deepcopy(ORDER)
            yield "850", order
            order.release()

    assert FORMAT.write(made(), envelope(), STRICT) == FORMAT.write([("850", ORDER)] * 3, envelope(), STRICT)


def test_flags_and_group_names() -> None:
    written = text([("850", ORDER)], envelope(test=True, acknowledgement_requested=True, group_sender="SZBUY", group_receiver="JNSELL"))
    assert "*000000042*1*T*:~GS*PO*SZBUY*JNSELL*" in written


def test_line_ends_and_delimiters_of_the_profile() -> None:
    profile = Profile(options={"delimiters": {"element": "|", "segment": "!"}, "line_end": "\n"})
    lines = text([("850", ORDER)], profile=profile).split("\n")
    assert lines[0].startswith("ISA|00|") and lines[0].endswith("|:!") and lines[-1] == ""
    assert lines[3] == "BEG|00|NE|4500000123||20261122!"


def test_an_answer_may_repeat_the_delimiters_of_what_it_answers() -> None:
    received = {"element": "^", "component": ":", "repetition": "", "segment": "~"}
    assert text([("850", ORDER)], envelope("005010", delimiters=received)).startswith("ISA^00^")
    assert "^261122^0830^!^00501^" in text([("850", ORDER)], envelope("005010", delimiters=received))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("BEG", "00", "NE", "45*1", "", "20261122")], r"850 BEG03 \(Purchase Order Number\) holds '\*'"),
        ([("BEG", "00", "NE", "45:1", "", "20261122")], r"BEG03 .* holds ':'"),
        ([("BEG", "00", "NE", "45~1", "", "20261122")], r"BEG03 .* holds '~'"),
        ([("BEG", "00", "NE", "45\n1", "", "20261122")], r"BEG03 .* holds '\\n'"),
        ([("N1", "ST", "医院")], r"N102 \(Name\) holds '医'"),
        ([("N1", "ST", "é")], r"N102 \(Name\) holds 'é'"),
        ([("HL", "1", "", "S")], "no place for segment HL"),
        ([("PO1", "1", [("BEG", "00")])], "no place for segment BEG"),
        ([("CUR", "BY", "CNY", [("REF", "LT", "1")])], "segment CUR opens no loop"),
        ([("N3", "1 Main Street", "", "", "x")], "no place for segment N3"),
        ([("REF", "LT", "1", "", "", "x")], "segment REF has 4 elements, got 5"),
    ],
)
def test_refused(rows: list[Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        text([("850", tree(*rows))])


def test_only_text_is_taken() -> None:
    odd = tree(("BEG", "00", "NE", "45", "", "20261122"))
    odd.children[0].values = ["BEG", "00", "NE", 45]  # type: ignore[list-item]
    with pytest.raises(ValueError, match="BEG03: values are text, got 45"):
        text([("850", odd)])


@pytest.mark.parametrize(
    ("around", "said"),
    [
        (envelope(sender="NOVAMEDSZ"), "qualifier:id"),
        (envelope(sender="QQ:NOVAMEDSZ"), "ISA05"),
        (envelope(receiver="ZZ:ABCDEFGHIJKLMNOP"), "ISA08"),
        (envelope(receiver="ZZ:A*B"), "ISA08"),
        (envelope(receiver="ZZ:A"), "GS03"),
        (envelope(control=0), "ISA13"),
        (envelope(control=1_000_000_000), "ISA13"),
        (envelope(group_control=-1), "GS06"),
        (envelope(delimiters={"segment": "*", "element": "*"}), "different"),
        (envelope(delimiters={"segment": "A"}), "neither letter"),
        (envelope(delimiters={"segment": "~~"}), "single marks"),
        (envelope(delimiters={"escape": "?"}), "delimiters are"),
        (envelope(version="0040"), "ISA12"),
        (envelope(group_sender="A*B"), "GS02"),
    ],
)
def test_refused_envelopes(around: Envelope, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        text([("850", ORDER)], around)


def test_unknown_set() -> None:
    with pytest.raises(ValueError, match="no grammar for set 837"):
        text([("837", ORDER)])


def test_repetition_mark_is_data_before_it_was_one() -> None:
    named = tree(("BEG", "00", "NE", "45^1", "", "20261122"))
    assert "45^1" in text([("850", named)])
    with pytest.raises(ValueError, match=r"holds '\^'"):
        text([("850", named)], envelope("005010"))


def test_charset_of_the_profile() -> None:
    party = tree(("BEG", "00", "NE", "45", "", "20261122"), ("N1", "ST", "苏州医院"))
    assert "苏州医院" in write([("850", party)], envelope(), Profile(charset="gb18030")).decode("gb18030")
    with pytest.raises(ValueError, match="which charset latin-1 cannot carry"):
        write([("850", party)], envelope(), Profile(charset="latin-1"))
    with pytest.raises(ValueError, match="single bytes"):
        write([("850", party)], envelope(), Profile(charset="utf-16"))
    # The second byte of 巭 in GBK is a vertical bar: a reader that cuts before it decodes would see a delimiter.
    odd = next(chr(code) for code in range(0x4E00, 0x9FFF) if chr(code).encode("gbk", "ignore")[1:] == b"|")
    with pytest.raises(ValueError, match="contain a delimiter"):
        write([("850", tree(("N1", "ST", odd)))], envelope(delimiters={"element": "|"}), Profile(charset="gbk"))


# --- every grammar -----------------------------------------------------------------------------------------------------
SEEDS, FULLNESS = st.integers(0, 2**32), st.floats(0.02, 0.5)
UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large]


def comes_back(message: str, version: str, seed: int, fullness: float) -> None:
    """Two random trees that the grammar takes, written, read without a finding and equal, and written again to the same bytes."""
    grammar = load(message, version)
    if grammar is None:
        return
    first, second = (instance(grammar, Random(seed + offset), fullness) for offset in (0, 1))
    data = write([(message, first), (message, second)], envelope(version), STRICT)
    found = messages(data)
    assert [(one.type, one.control) for one in found] == [(message, "0001"), (message, "0002")]
    for written, read in zip((first, second), found, strict=True):
        assert read.root is not None
        assert comparable(read.root, grammar) == comparable(written, grammar)
    again = [(one.type, one.root) for one in found if one.root is not None]
    assert write(again, envelope(version), STRICT) == data


@pytest.mark.parametrize("version", ["004010", "005010"])
@pytest.mark.parametrize("message", known_messages())
@settings(max_examples=15, deadline=None, suppress_health_check=UNHURRIED)
@given(seed=SEEDS, fullness=FULLNESS)
def test_read_gives_back_what_was_written(message: str, version: str, seed: int, fullness: float) -> None:
    comes_back(message, version, seed, fullness)


@pytest.mark.parametrize("message", known_messages())
@settings(max_examples=4, deadline=None, suppress_health_check=UNHURRIED)
@given(version=st.sampled_from((*BASE_VERSIONS, "003060", "004060", "006020X304")), seed=SEEDS, fullness=FULLNESS)
def test_so_it_does_in_every_version(message: str, version: str, seed: int, fullness: float) -> None:
    comes_back(message, version, seed, fullness)


@pytest.mark.slow
@pytest.mark.parametrize("version", [*BASE_VERSIONS, "003060"])
@pytest.mark.parametrize("message", known_messages())
@settings(max_examples=examples(150), deadline=None, suppress_health_check=UNHURRIED)
@given(seed=SEEDS, fullness=st.floats(0.02, 0.9))
def test_however_full_the_set(message: str, version: str, seed: int, fullness: float) -> None:
    comes_back(message, version, seed, fullness)


def test_a_hash_total_is_written_where_the_agreement_asks() -> None:
    wanted = Profile(options={"hash_total": True})
    assert "CTT*2*14~" in text([("850", ORDER)], profile=wanted)
    assert "CTT*2~" in text([("850", ORDER)])
    totals = ("CTT", "2", "99")
    assert "CTT*2*99~" in text(
        [("850", tree(("BEG", "00", "NE", "1", "", "20261122"), ("PO1", "1", "4", "EA"), ("PO1", "2", "5", "EA"), totals))], profile=wanted
    )
