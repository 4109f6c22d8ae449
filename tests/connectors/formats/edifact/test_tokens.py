"""Cutting: separators of every kind, released marks, dirt between segments, places in bytes and lines."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.edifact import FORMAT, interchange_starts, tokens
from connectors.formats.edifact.separators import COMPONENT, ELEMENT, REPETITION, Separators, Translation, released_in
from connectors.spec import Profile
from tests.connectors.formats.edifact.samples import (
    DESPATCH,
    ORDER,
    UNB,
    envelope_findings,
    events,
    interchange,
    message,
    messages,
    one,
)
from tests.effort import examples


def plainly(text: str, marks: Separators) -> list[str]:
    """The segments of a text, character by character: what `Translation` must agree with."""
    segments, current, at = [], "", 0
    special = {marks.release, marks.terminator, marks.element, marks.component, marks.repetition} - {""}
    ours = {marks.element: ELEMENT, marks.component: COMPONENT, marks.repetition: REPETITION}
    while at < len(text):
        mark = text[at]
        if mark == marks.release:
            if text[at + 1] in special:
                current += text[at + 1]
                at += 1
        elif mark == marks.terminator:
            segments.append(current)
            current = ""
        else:
            current += ours.get(mark, mark)
        at += 1
    return segments


@settings(max_examples=examples(300), deadline=None)
@given(st.text("?'+:*AB", max_size=30), st.booleans())
def test_released_marks_are_data_and_all_others_cut(text: str, repeats: bool) -> None:
    marks = Separators(repetition="*" if repeats else "")
    text = text[: marks.last_end(text)]
    if not text:
        return
    piece = Translation(marks).segments(text, None)
    assert piece.segments[:-1] == plainly(text, marks)
    assert len(piece.marked) + released_in(piece.marked) == len(text), "bytes can be counted"


@pytest.mark.parametrize(
    ("una", "marks", "written"),
    [
        ("", ":+.'", "A?+B?:C??D?'E"),
        ("UNA:+.? '", ":+.'", "A?+B?:C??D?'E"),
        ("UNA:+,? '\r\n", ":+,'", "A?+B?:C??D?'E"),
        ("UNA:+.?*'", ":+.'", "A?+B?:C??D?'E"),
        ("UNA:+.?'", ":+.'", "A?+B?:C??D?'E"),
        ("UNA|;.\\ ~", "|;.~", "A+B:C?D'E"),
        ("UNA\x1f\x1d.  \x1c", "\x1f\x1d.\x1c", "A+B:C?D'E"),
        ("UNA:+.? \n", ":+.\n", "A?+B?:C??D'E"),
    ],
)
def test_una_of_every_kind(una: str, marks: str, written: str) -> None:
    component, element, decimal, terminator = marks
    segments = [UNB, *message("ORDERS", [*ORDER[:4], "NAD+SU+++TEXT", *ORDER[5:]]), "UNZ+1+4711"]
    ours = {"+": element, ":": component, ".": decimal}
    text = "".join("".join(ours.get(mark, mark) for mark in segment) + terminator for segment in segments)
    text = una + text.replace("TEXT", written)
    (found,) = messages(text.encode())
    assert found.findings == [] and found.root is not None
    supplier = [record for record in found.root.children if record.tag == "NAD"][1]
    assert supplier.values[4] == "A+B:C?D'E"
    assert found.root.values[2] == COMPONENT.join(("ORDERS", "D", "96A", "UN", "EAN008")) and found.components == COMPONENT


def test_an_interchange_of_level_b_interrupts_as_any_other() -> None:
    """IS3 and IS1 are white space to Python, and the separators that ISO 9735 gives UNOB where no UNA names others."""
    marks = bytes.maketrans(b"+:'", b"\x1d\x1f\x1c")
    whole = interchange([message("ORDERS", ORDER[:4] + ORDER[5:])], UNB.replace("UNOC:3", "UNOB:1")).translate(marks)
    cut = whole[: whole.index(b"QTY")]
    assert [one.findings for one in messages(whole)] == [[]]
    first, second = [event.interchange for event in events(cut + whole) if event.kind == "interchange_end" and event.interchange]
    assert ([one.rule for one in first.findings], second.findings) == (["EDF-I13"], [])
    assert (first.length, second.offset) == (len(cut), len(cut))


def test_half_a_character_behind_the_end_is_told_by_its_bytes() -> None:
    whole = one("ORDERS", ORDER).decode().encode("utf-16")
    assert [(found.rule, found.got) for found in envelope_findings(whole + b"\x41")] == [("EDF-I107", None), ("EDF-I117", "41")]
    assert [found.rule for found in envelope_findings(whole)] == ["EDF-I107"]


def test_a_stray_release_character_is_told_and_dropped() -> None:
    document = one("ORDERS", [*ORDER[:4], "NAD+SU+++A?B", *ORDER[5:]])
    (found,) = messages(document)
    assert found.root is not None and found.findings == []
    assert [record.values[4] for record in found.root.children if record.tag == "NAD" and len(record.values) > 4] == ["AB"]
    assert [finding.rule for finding in envelope_findings(document)] == ["EDF-I108"]


@pytest.mark.parametrize(
    ("dirt", "rules"),
    [
        (lambda text: b"\xef\xbb\xbf" + text, ["EDF-I107"]),
        (lambda text: text.replace(b"'", b"'\r\n"), []),
        (lambda text: text.replace(b"'", b"'\n\t  "), []),
        (lambda text: b"".join(text[at : at + 80] + b"\r\n" for at in range(0, len(text), 80)), ["EDF-I106"]),
        (lambda text: b"From: edi@partner\r\n\r\n" + text, ["EDF-I102"]),
        (lambda text: text + b"\r\n-- end of file", ["EDF-I103"]),
        (lambda text: text + b"\x1a\x00\x00", []),
        (lambda text: text[:-1], ["EDF-I105"]),
        (lambda text: text.decode().encode("utf-16"), ["EDF-I107"]),
    ],
)
def test_dirt_is_taken_and_said(dirt: object, rules: list[str]) -> None:
    clean = interchange([message("ORDERS", ORDER), message("DESADV", DESPATCH, "2")], una="UNA:+.? '")
    dirty = dirt(clean)  # type: ignore[operator]
    found = messages(dirty)
    assert [(one.type, one.findings) for one in found] == [("ORDERS", []), ("DESADV", [])]
    assert [finding.rule for finding in envelope_findings(dirty)] == rules
    for wanted, got in zip(messages(clean), found, strict=True):
        text = dirty[got.offset : got.offset + got.length]
        text = text.decode("utf-16-le").encode() if dirty[:2] == b"\xff\xfe" else text
        plain = text.replace(b"\r", b"").replace(b"\n", b"").replace(b"\t", b"").replace(b"  ", b"")
        assert plain == clean[wanted.offset : wanted.offset + wanted.length]


def test_several_interchanges_each_with_its_own_una_and_charset() -> None:
    umlaut = [*ORDER[:4], "NAD+SU+++MÜLLER", *ORDER[5:]]
    first = interchange([message("ORDERS", umlaut)], una="UNA:+.? '").decode().encode("latin-1")
    other = interchange([message("ORDERS", umlaut)], UNB.replace("UNOC:3", "UNOW:4").replace("261122", "20261122"), una="UNA:+.?*'")
    second = other.replace(b"'", b"~").replace(b"+", b"|")
    found = messages(first + b"\r\n" + second)
    assert [message.findings for message in found] == [[], []]
    for one_ in found:
        assert one_.root is not None
        assert [record.values[4] for record in one_.root.children if record.tag == "NAD" and len(record.values) > 4] == ["MÜLLER"]
    assert list(interchange_starts(io.BytesIO(first + b"\r\n" + second))) == [9, len(first) + 2 + 9]


@pytest.mark.parametrize(
    ("declared", "written", "profile", "rules", "foreign"),
    [
        ("UNOC", "iso8859-1", Profile(), [], None),
        ("UNOC", "utf-8", Profile(), ["EDF-I111"], "上海"),
        ("UNOA", "utf-8", Profile(), ["EDF-I111"], "上海Ü"),
        ("UNOE", "iso8859-5", Profile(), [], None),
        ("UNOY", "utf-8", Profile(), [], None),
        ("UNOC", "gb18030", Profile(charset="gb18030"), [], None),
        ("IATB", "iso8859-1", Profile(), ["EDF-I110"], None),
    ],
)
def test_charsets_as_declared_as_they_are_or_as_agreed(
    declared: str, written: str, profile: Profile, rules: list[str], foreign: str | None
) -> None:
    name = {"iso8859-5": "ТИТАН", "gb18030": "上海钛业", "iso8859-1": "MÜLLER"}.get(written, "上海 MÜLLER")
    text = interchange([message("ORDERS", [*ORDER[:4], f"NAD+SU+++{name}", *ORDER[5:]])], UNB.replace("UNOC", declared)).decode()
    document = text.encode(written)
    (found,) = messages(document, profile)
    assert found.root is not None
    assert [(finding.rule, finding.got) for finding in found.findings] == ([("EDF-E101", " ".join(foreign))] if foreign else [])
    assert [record.values[4] for record in found.root.children if record.tag == "NAD" and len(record.values) > 4] == [name]
    assert [finding.rule for finding in envelope_findings(document, profile)] == rules
    assert document[found.offset : found.offset + found.length].startswith(b"UNH+1+") and found.offset + found.length < len(document)


def test_characters_beyond_ascii_are_told_before_lower_case() -> None:
    """They are what a partner's system may lose; ten letters of a name in lower case hid them, and looked like a word."""
    body = [*ORDER[:4], "NAD+SU+++Rheintal Medizintechnik", "NAD+DP+++中央仓库", *ORDER[5:]]
    (found,) = messages(interchange([message("ORDERS", body)], UNB.replace("UNOC", "UNOA")))
    assert [(one.rule, one.got) for one in found.findings] == [("EDF-E101", "中 央 仓 库 h e i n t a")]


def test_unoa_that_holds_more_than_it_may_is_a_remark_or_by_agreement_an_error() -> None:
    document = interchange([message("ORDERS", [*ORDER[:4], "NAD+SU+++Rheintal", *ORDER[5:]])], UNB.replace("UNOC", "UNOA"))
    assert [(finding.rule, finding.got) for finding in envelope_findings(document)] == [("EDF-I109", "h e i n t a l")]
    (warned,) = messages(document)
    (told,) = warned.findings
    assert (told.rule, told.severity, told.got) == ("EDF-E101", "warning", "h e i n t a l")
    assert (told.place.segment, told.place.position, told.place.element) == ("NAD", 6, 4)
    (strict,) = messages(document, Profile(options={"characters": "declared"}))
    assert [(finding.rule, finding.place.position, finding.place.element) for finding in strict.findings] == [("EDF-E21", 6, 4)]


@pytest.mark.parametrize(
    ("declared", "text", "got"),
    [
        ("UNOB", "Rheintal & Co", None),
        ("UNOB", "Rheintal #7 @ Chur_2", "#@"),
        ("UNOE", "ТИТАН", None),
        ("UNOE", "ТИТАН MÜLLER", "Ü"),
        ("UNOC", "RHEINTAL €", "€"),
        ("UNOY", "上海 €", None),
    ],
)
def test_characters_beyond_the_declared_repertoire_are_told_with_their_place(declared: str, text: str, got: str | None) -> None:
    body = [*ORDER[:4], f"NAD+SU+X+{text}", ORDER[4], *ORDER[5:7], f"IMD+F++:::{text}", *ORDER[8:]]
    document = interchange([message("ORDERS", body)], UNB.replace("UNOC", declared))
    (found,) = messages(document)
    expected = [("EDF-E101", " ".join(got or ""), "NAD", 6, 3, None, "2")] if got else []
    told = [
        (one.rule, one.got, one.place.segment, one.place.position, one.place.element, one.place.component, one.params["count"])
        for one in found.findings
    ]
    assert told == expected
    (strict,) = messages(document, Profile(options={"characters": "declared"}))
    places = [(one.rule, one.place.segment, one.place.element, one.place.component) for one in strict.findings]
    assert places == ([("EDF-E21", "NAD", 3, 1), ("EDF-E21", "IMD", 3, 4)] if got else [])


def test_separators_of_its_own_are_no_characters_of_the_text() -> None:
    body = [*ORDER[:4], "NAD+SU+++RHEINTAL", *ORDER[5:]]
    plain = interchange([message("ORDERS", body)], UNB.replace("UNOC", "UNOA")).replace(b"?:", b"")
    document = b"UNA^|.~ #" + plain.replace(b"+", b"|").replace(b":", b"^").replace(b"'", b"#")
    assert [one.findings for one in messages(document)] == [[]]
    assert envelope_findings(document) == []


def test_lines_are_where_segments_begin() -> None:
    document = interchange([message("ORDERS", [*ORDER[:2], "ZZZ+1", *ORDER[2:]])]).replace(b"'", b"'\n")
    (found,) = messages(document)
    assert [(finding.rule, finding.place.line) for finding in found.findings] == [("EDF-S15", 5)]


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_where_a_piece_is_cut_does_not_matter(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = interchange(
        [message("ORDERS", [*ORDER[:4], "NAD+SU+++A??", *ORDER[5:]], str(number)) for number in range(1, 9)], una="UNA:+.? '"
    )
    document = b"junk\n" + text.replace(b"'", b"'\n") + text
    whole = [(one.control, one.offset, one.length, one.findings) for one in messages(document)]
    monkeypatch.setattr(tokens, "CHUNK", chunk)
    assert [(one.control, one.offset, one.length, one.findings) for one in messages(document)] == whole
    assert all(document[offset : offset + 3] == b"UNH" for _, offset, _, _ in whole)
    assert all(document[offset + length - 1 : offset + length] == b"'" for _, offset, length, _ in whole)


@pytest.mark.parametrize(
    "head", [b"", b"UNA", b"UNA:+.? '", b"UNB", b"UNB+", b"SUNBURN and LUNAR things", b"UNA+.? 'UNH+1", b"{}", b"ISA*00*"]
)
def test_what_is_no_edifact_is_not_taken_for_it(head: bytes) -> None:
    assert not FORMAT.sniff(head) and FORMAT.envelope_reference(head) is None
    assert [event.kind for event in events(head)] == ["unreadable"]


def test_the_reference_of_an_envelope() -> None:
    assert FORMAT.envelope_reference(one("ORDERS", ORDER)) == "14:7612345000008|14:7640123000001|4711"
    assert (
        FORMAT.envelope_reference(b"UNA:+.? '\r\n" + UNB.replace("4711", "A?'B?+1").encode() + b"'")
        == "14:7612345000008|14:7640123000001|A'B+1"
    )


def test_a_segment_without_end_is_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "CHUNK", 1000)
    monkeypatch.setattr(tokens, "LONGEST", 5000)
    document = interchange([message("ORDERS", ORDER)])[:-20] + b"X" * 20000
    found = events(document)
    assert [event.kind for event in found] == ["interchange", "group", "message", "group_end", "interchange_end"]
    assert "EDF-I13" in {finding.rule for finding in envelope_findings(document)}


def test_many_small_interchanges_are_not_cut_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = 0
    batch = tokens.Segments._batch

    def counted(self: tokens.Segments, body: str, unterminated: bool) -> tokens.Batch:
        nonlocal cut
        cut += len(body)
        return batch(self, body, unterminated)

    monkeypatch.setattr(tokens.Segments, "_batch", counted)
    one = "UNB+UNOC:3+A+B+261122:0830+{}'UNZ+0+{}'"
    document = "".join(one.format(number, number) for number in range(3000)).encode()
    found = FORMAT.read(io.BytesIO(document), Profile())
    assert sum(event.kind == "interchange" for event in found) == 3000
    assert cut < 200 * len(document), "what is cut grows with the number of interchanges, not with its square"


@pytest.mark.timeout(60)  # it took minutes when each of them was looked for to the end of the document
@pytest.mark.parametrize("junk", ["UNB", "UNA", "UNA:+.? 'UNA"])
def test_beginnings_that_begin_nothing_take_the_time_of_their_bytes(junk: str) -> None:
    document = interchange([message("ORDERS", ORDER)]) + (junk * 250_000).encode()
    assert [event.kind for event in FORMAT.read(io.BytesIO(document), Profile())].count("message") == 1


def test_a_torn_character_is_found_where_it_stands_and_changes_no_other_name() -> None:
    lines = [part for number in range(1, 300) for part in (f"LIN+{number}++07640123000018:SRV", f"IMD+F++:::PRÜFGERÄT {number}")]
    body = [*ORDER[:2], *lines, "UNS+S", "CNT+2:299"]
    good = interchange([message("ORDERS", body)])
    last = good.rindex("Ä".encode())
    torn = good[: last + 1] + good[last + 2 :]
    (read,) = messages(torn)
    assert read.root is not None
    names = ["".join(str(value) for value in record.values) for record in read.root.walk() if record.tag == "IMD"]
    assert [number for number, name in enumerate(names) if "PRÜFGERÄT" not in name] == [298]
    assert [finding.rule for finding in read.findings if finding.severity == "error"] == ["EDF-E21"]
    assert "EDF-I111" in {finding.rule for finding in envelope_findings(torn)}


def test_an_interchange_in_two_charsets_is_told() -> None:
    text = interchange([message("ORDERS", [*ORDER[:2], *["FTX+AAI+++M#LLER"] * 300, *["FTX+AAI+++M%LLER"] * 1200, "UNS+S"])])
    mixed = text.replace(b"#", b"\xdc").replace(b"%", "Ü".encode())
    assert "EDF-I114" in {finding.rule for finding in envelope_findings(mixed)}
