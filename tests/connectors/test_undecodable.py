"""Bytes that are no text: nothing raises, and what was decoded can be measured."""

from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.x12 import FORMAT as X12
from connectors.registry import format_named, format_names
from connectors.spec import Profile
from connectors.undecodable import UNDECODABLE, byte_ordered

CHARSETS = ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030", "ascii", "iso8859-1", "big5", "cp1252"]


@pytest.mark.parametrize("charset", CHARSETS)
@given(content=st.binary(max_size=60))
def test_any_bytes_are_decoded_to_their_end(charset: str, content: bytes) -> None:
    text = codecs.getincrementaldecoder(charset)(UNDECODABLE).decode(content, final=True)
    assert abs(len(text.encode(charset, UNDECODABLE)) - len(content)) <= 3 * max(1, text.count("\udcff"))


def test_what_is_text_stays_what_it_is() -> None:
    assert "ISA*甲~".encode("utf-16-le").decode("utf-16-le", UNDECODABLE) == "ISA*甲~"
    assert b"a\xffb".decode("utf-8", UNDECODABLE) == "a\udcffb"
    assert "a\udcffb".encode("utf-8", UNDECODABLE) == b"a\xffb"


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_missing_mark_is_told_by_zero_bytes(order: str) -> None:
    assert byte_ordered(order[:6], "ISA*".encode(order)) == order


def test_an_agreed_utf_16_needs_no_mark() -> None:
    isa = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'A':15}*ZZ*{'B':15}*261122*0830*U*00401*000000001*0*P*>~IEA*0*000000001~"
    kinds = [event.kind for event in X12.read(io.BytesIO(isa.encode("utf-16-be")), Profile(charset="utf-16"))]
    assert kinds == ["interchange", "interchange_end"]


@pytest.mark.parametrize("name", format_names())
@pytest.mark.parametrize("charset", ["utf-16", "utf-32", "gb18030", "utf-8"])
@given(content=st.binary(max_size=80))
def test_no_agreed_charset_makes_a_reader_raise(name: str, charset: str, content: bytes) -> None:
    assert list(format_named(name).read(io.BytesIO(content), Profile(charset=charset)))
