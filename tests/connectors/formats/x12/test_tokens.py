"""Cutting: whatever layout, delimiters and charsets the field sends, places stay exact and nothing crashes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.x12 import FORMAT, scan, tokens
from connectors.formats.x12.delimiters import legible, parse_header
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding
from tests.connectors.formats.x12.samples import (
    DESPATCH,
    ORDER,
    envelope_findings,
    events,
    group,
    interchange,
    isa,
    messages,
    one,
    transaction,
)
from tests.effort import examples

GOOD = one("850", ORDER)
TWO = interchange([group([transaction("850", ORDER), transaction("850", ORDER, "0002")]), group([transaction("856", DESPATCH)], "SH", "2")])


def rules(document: bytes, profile: Profile = STRICT) -> list[str]:
    return [finding.rule for finding in envelope_findings(document, profile)]


def content(document: bytes, profile: Profile = STRICT) -> list[list[list[str]]]:
    """The segments of each set."""
    return [[list(record.values) for record in message.root.walk()] for message in messages(document, profile) if message.root]


def test_a_good_document_has_nothing_to_find() -> None:
    assert rules(GOOD) == []
    (message,) = messages(GOOD)
    assert message.findings == []
    assert (message.type, message.version, message.control) == ("850", "004010", "0001")
    assert GOOD[message.offset : message.offset + message.length] == ("~".join(transaction("850", ORDER)) + "~").encode()


def test_events_come_in_order() -> None:
    assert [event.kind for event in events(TWO)] == [
        *("interchange", "group", "message", "message", "group_end", "group", "message", "group_end", "interchange_end")
    ]
    assert [message.ordinal for message in messages(TWO)] == [1, 2, 3]


@pytest.mark.parametrize("layout", ["\r\n", "\n", "\n   ", "\r\n\t", " ", "\n\n\r\n"])
def test_layout_between_segments_means_nothing(layout: str) -> None:
    laid_out = GOOD.replace(b"~", b"~" + layout.encode())
    assert rules(laid_out) == []
    assert content(laid_out) == content(GOOD)
    (message,) = messages(laid_out)
    text = laid_out[message.offset : message.offset + message.length]
    assert text.startswith(b"ST*850") and text.endswith(b"SE*13*0001~")


def test_lines_are_counted() -> None:
    laid_out = GOOD.replace(b"~", b"~\r\n").replace(b"\nCUR*BY*EUR", b"\n\n\nCUR*BY*E")
    (finding,) = messages(laid_out)[0].findings
    assert (finding.rule, finding.place.position, finding.place.line) == ("X12-E04", 3, 7)
    assert messages(laid_out)[0].root.line == 3


@pytest.mark.parametrize("terminator", ["\r", "\n", "'", "\x1c", "|", "!"])
def test_any_character_may_end_segments(terminator: str) -> None:
    other = GOOD.replace(b"~", terminator.encode())
    assert rules(other) == [] and content(other) == content(GOOD)
    with_layout = other.replace(terminator.encode(), terminator.encode() + b"\n") if terminator != "\n" else other
    assert rules(with_layout) == [] and content(with_layout) == content(GOOD)
    assert messages(with_layout)[0].root.line == 3


def test_the_separators_of_ascii_separate() -> None:
    """FS, GS and US are white space to Python, and what X12.5 lets an ISA name as well as any mark."""
    other = GOOD.translate(bytes.maketrans(b"*>~", b"\x1d\x1f\x1c"))
    assert rules(other) == [] and content(other) == content(GOOD)
    assert rules(other + other.replace(b"000000001", b"000000002")) == [], "a second one is found behind it"
    assert "X12-I026" in rules(isa().encode() + b"~" + other.split(b"\x1c", 1)[1].replace(b"\x1c", b"~")), "told as any other mark is"


@pytest.mark.parametrize("order", ["utf-16-le", "utf-32-be"])
def test_a_document_that_ends_within_a_character_is_told_by_its_bytes(order: str) -> None:
    """Half a unit is no character that could be passed over: it was counted, and shown, as a whole one."""
    whole = ("\ufeff" + GOOD.decode()).encode(order)
    assert [(one.rule, one.got, one.params["bytes"]) for one in ends(whole + b"\x41")] == [("X12-I114", "41", "1")]
    assert [one.rule for one in ends(whole[:-1])] == ["X12-I105", "X12-I114"], "the terminator is what was cut"
    assert ends(whole) == []
    (end,) = [event.interchange for event in events(whole + b"\x41") if event.kind == "interchange_end" and event.interchange]
    assert end.offset + end.length == len(whole)


def ends(document: bytes) -> list[Finding]:
    """What is told of the envelope, the mark aside."""
    return [finding for finding in envelope_findings(document) if finding.rule != "X12-I107"]


def test_interchanges_of_a_file_have_their_own_delimiters() -> None:
    other = GOOD.replace(b"*", b"|").replace(b"~", b"\n").replace(b">", b"^").replace(b"000000001", b"000000002")
    both = GOOD + b"\r\n" + other + GOOD
    assert rules(both) == []
    assert content(both) == content(GOOD) * 3
    ends = [event.interchange for event in events(both) if event.kind == "interchange_end"]
    assert [both[one.offset : one.offset + one.length] for one in ends] == [GOOD, other, GOOD]
    assert [one.control for one in ends] == ["000000001", "000000002", "000000001"]


def test_foreign_bytes_are_passed_over_and_said() -> None:
    dirty = b"From: edi@example.org\n\n" + GOOD + b"\r\n-- \nsent by mail\x1a"
    assert [finding.rule for finding in envelope_findings(dirty)] == ["X12-I102", "X12-I103"]
    assert content(dirty) == content(GOOD)
    assert envelope_findings(dirty)[0].got == "From: edi@example.org"
    assert rules(b"\r\n \x00" + GOOD + b"\x1a\x1a\n") == []


@pytest.mark.parametrize("width", [40, 80, 100])
def test_a_folded_document_is_unfolded(width: int) -> None:
    text = GOOD.decode()
    folded = "\r\n".join(text[start : start + width] for start in range(0, len(text), width)).encode()
    assert rules(folded) == ["X12-I106"]
    assert content(folded) == content(GOOD)
    (message,) = messages(folded)
    assert folded[message.offset : message.offset + message.length].replace(b"\r\n", b"").startswith(b"ST*850*0001~BEG")


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_document_folded_behind_its_header_is_unfolded_and_said_to_be(end: str) -> None:
    text = (TWO + GOOD).decode()
    folded = end.join(text[start : start + 132] for start in range(0, len(text), 132)).encode()
    assert rules(folded) == ["X12-I106"] * 2 and content(folded) == content(TWO + GOOD)
    ragged = end.join((text[:132], text[132:270], text[270:390], text[390 : len(GOOD)], text[len(GOOD) :])).encode()
    assert "X12-I106" not in rules(ragged), "what is irregular is not repaired"


@pytest.mark.timeout(60)  # each of them was taken apart as if it were a header
@pytest.mark.parametrize("junk", [b"ISA*", b"ISA*00*", b"ISA\n*"])
def test_headers_that_are_none_are_tried_so_many_times(junk: bytes) -> None:
    document = GOOD + junk * 200_000 + GOOD
    assert [event.kind for event in events(document)].count("message") == 2


def test_a_line_break_inside_a_value_is_a_wrong_character() -> None:
    (finding,) = messages(GOOD.replace(b"BONE SCREW", b"BONE\nSCREW"))[0].findings
    assert (finding.rule, finding.code, finding.got) == ("X12-E06", "6", "BONE\\x0aSCREW 3.5MM TI")


def test_the_last_terminator_may_be_lost() -> None:
    assert rules(GOOD[:-1]) == ["X12-I105"]
    assert rules(GOOD[:-1] + b"\r\n") == ["X12-I105"]
    # ... but not characters of the control number with it
    assert rules(GOOD[:-3]) == ["X12-I023"]


@pytest.mark.parametrize("cut", range(107, len(GOOD) - 1, 7))
def test_a_truncated_document_is_never_taken(cut: int) -> None:
    (scanned,) = scan(io.BytesIO(GOOD[:cut]))
    assert not scanned.accepted
    assert "X12-I023" in rules(GOOD[:cut]) and "X12-I024" not in rules(GOOD[:cut])  # the rest of a segment is no wrong one


def test_an_interchange_that_another_one_interrupts_is_broken_the_other_is_not() -> None:
    for cut in (150, 300, 400):
        both = GOOD[:cut] + GOOD.replace(b"000000001", b"000000002")
        assert [(one.interchange.control, one.accepted) for one in scan(io.BytesIO(both))] == [("000000001", False), ("000000002", True)]
        assert "X12-I022" in rules(both)


def test_an_isa_without_padding_is_taken_only_where_agreed() -> None:
    bare = GOOD.replace(isa().encode(), b"ISA*00**00**ZZ*RHEINTAL*ZZ*NOVACARE*261122*1415*U*00401*000000001*0*P*>")
    assert rules(bare) == ["X12-I022"]
    assert messages(bare) == []
    lenient = Profile(unpadded_isa=True)
    assert rules(bare, lenient) == ["X12-I104"]
    assert content(bare, lenient) == content(GOOD)
    (end,) = [event.interchange for event in events(bare, lenient) if event.kind == "interchange_end"]
    assert (end.sender, end.receiver, end.length) == ("ZZ:RHEINTAL", "ZZ:NOVACARE", len(bare))
    # The next interchange of the file is found, whatever became of this one.
    assert [one.accepted for one in scan(io.BytesIO(bare + GOOD))] == [False, True]


@pytest.mark.parametrize(
    "document",
    [b"", b"   \r\n", b"ISA", b"ISA*00*", b"PK\x03\x04\x00\x00", b"<Order/>", b"UNA:+.? 'UNB", isa().encode()[:90], b"VISA" * 99],
)
def test_what_is_no_x12_is_unreadable(document: bytes) -> None:
    assert [event.kind for event in events(document)] == ["unreadable"]
    assert rules(document) == ["X12-I101"]
    assert scan(io.BytesIO(document)) == []
    assert not FORMAT.sniff(document)


def test_sniffing_sees_through_marks_and_mail() -> None:
    assert FORMAT.sniff(GOOD) and FORMAT.sniff(b"\xef\xbb\xbf" + GOOD) and FORMAT.sniff(b"Content: x\n\n" + GOOD)
    assert FORMAT.sniff(GOOD.decode().encode("utf-16"))


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "gbk", "utf-16", "latin-1"])
def test_charsets_of_the_agreement(charset: str) -> None:
    # U+4E82 and U+7A5A end in 0x79.. in GBK; 0x7E, the terminator's byte, is the second byte of U+4E63 there.
    name = "ENTREPÔT" if charset == "latin-1" else "中央仓库丣"
    text = one("850", ORDER).decode().replace("CENTRAL STORE", name)
    document = text.encode(charset)
    (message,) = messages(document, Profile(charset=charset))
    assert message.findings == []
    assert name in [value for record in message.root.walk() for value in record.values]
    inside = document[message.offset : message.offset + message.length]
    plain = inside.decode({"utf-16": "utf-16-le"}.get(charset, charset))
    assert plain == text[text.index("ST*850") : text.index("GE*")]


def test_a_charset_that_does_not_fit_leaves_storable_text_and_a_finding() -> None:
    document = GOOD.replace(b"CENTRAL STORE", "ENTREPÔT".encode("latin-1"))
    (message,) = messages(document, Profile(charset="utf-8"))
    assert [(finding.rule, finding.got) for finding in message.findings] == [("X12-E06", "ENTREP\\xd4T")]
    message.findings[0].text("zh-CN").encode()
    "".join(value for record in message.root.walk() for value in record.values).encode()


def test_an_unknown_charset_is_the_sites_mistake() -> None:
    with pytest.raises(ConfigError):
        events(GOOD, Profile(charset="klingon"))


def test_memory_does_not_grow_with_what_never_ends() -> None:
    class Endless(io.RawIOBase):
        """A header and then the same byte for 60 MB."""

        def __init__(self) -> None:
            self.left = 60_000_000
            self.at = 0

        def readable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            self.at = offset
            return offset

        def tell(self) -> int:
            return self.at

        def read(self, size: int = -1) -> bytes:
            if self.at < 106:
                piece = (isa() + "~").encode()[self.at : self.at + min(size, 106)]
            else:
                piece = b"A" * min(size, self.left)
                self.left -= len(piece)
            self.at += len(piece)
            return piece

    import tracemalloc

    tracemalloc.start()
    kinds = [event.kind for event in FORMAT.read(Endless(), STRICT)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kinds == ["interchange", "interchange_end"]
    assert peak < 12_000_000


@settings(max_examples=examples(150), deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_never_crash(data: bytes) -> None:
    for document in (data, GOOD[:106] + data, GOOD[:170] + data, GOOD + data):
        seen = events(document)
        assert seen[-1].kind in ("unreadable", "interchange_end")
        for event in seen:
            if event.message is not None:
                for finding in event.message.findings:
                    finding.text("en").encode()


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_mutations_of_a_good_document_never_crash_and_the_two_passes_agree(data: st.DataObject) -> None:
    document = bytearray(TWO)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(document) - 1))
        kind = data.draw(st.sampled_from(["set", "delete", "insert", "cut", "double"]))
        if kind == "set":
            document[at] = data.draw(st.sampled_from(list(b"*~>A0\r\n \x00\xff")))
        elif kind == "delete":
            del document[at : at + data.draw(st.integers(1, 40))]
        elif kind == "insert":
            document[at:at] = data.draw(st.sampled_from([b"~", b"*", b"ST*850*0009~", b"IEA*1*1~", b"ISA*", b"\r\n", b"GS*~", b"SE~"]))
        elif kind == "double":
            document[at:at] = document[at : at + 200]
        else:
            del document[at:]
        if not document:
            return
    for profile in (STRICT, Profile(unpadded_isa=True)):
        read = [event.interchange for event in events(bytes(document), profile) if event.kind == "interchange_end"]
        passed = scan(io.BytesIO(bytes(document)), profile)
        assert [one.findings for one in read] == [one.interchange.findings for one in passed]
        assert [(one.offset, one.length) for one in read] == [(one.interchange.offset, one.interchange.length) for one in passed]
        assert all(one.offset >= 0 and one.offset + one.length <= len(document) for one in read)


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(1, 300), st.sampled_from(["", "\r\n", "\n  "]), st.sampled_from([None, "utf-8", "gb18030"]))
def test_pieces_of_any_size_read_the_same(size: int, layout: str, charset: str | None) -> None:
    document = (TWO + GOOD).replace(b"~", b"~" + layout.encode())
    profile = Profile(charset=charset)
    whole = [(event.kind, event.message.offset if event.message else None) for event in events(document, profile)]
    kept = tokens.CHUNK
    try:
        tokens.CHUNK = size
        pieces = [(event.kind, event.message.offset if event.message else None) for event in events(document, profile)]
        assert content(document, profile) == content(TWO + GOOD, profile)
    finally:
        tokens.CHUNK = kept
    assert pieces == whole


def test_legible_text_is_storable() -> None:
    assert legible("a\x00\udc80\x85b") == "a\\x00\\x80\\x85b"
    assert len(legible("x" * 500)) == 80


def test_a_header_is_judged_only_with_enough_text() -> None:
    assert parse_header("ISA*00*", more=True) == "more"
    assert parse_header("ISA*00*", more=False) is None
    assert parse_header("ISABELLA" + " " * 600) is None
