from __future__ import annotations

import pytest

from connectors.first_bytes import binary_kind, byte_order_mark, charset_named, glimpsed, unreadable, unrecognised, wide_charset
from data_contracts.errors import ConfigError


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PK\x03\x04rest", "ZIP (XLSX, DOCX)"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"a\0b", "binary"),
        (bytes(range(1, 9)) * 8, "binary"),
        (b"plain text\n", None),
        ("中文".encode("gb18030"), None),
        ("text".encode("utf-16"), None),
        ("text".encode("utf-16-be"), None),
        (b"", None),
    ],
)
def test_binary_is_told_from_text(head: bytes, kind: str | None) -> None:
    assert binary_kind(head) == kind


def test_marks_and_wide_charsets() -> None:
    assert byte_order_mark(b"\xef\xbb\xbfa") == (3, "utf-8")
    assert byte_order_mark("a".encode("utf-32")) == (4, "utf-32-le")
    assert byte_order_mark("a".encode("utf-16")) == (2, "utf-16-le")
    assert byte_order_mark(b"a") is None
    for charset in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        assert wide_charset("abcd".encode(charset)) == charset
    assert wide_charset(b"abcd") is None and wide_charset(b"a") is None


def test_findings_for_nothing_and_for_noise() -> None:
    assert [finding.rule for finding in map(unreadable, (b"", b" \r\n\x1a", b"\x89PNG\r\n\x1a\n")) if finding] == [
        "FED-01",
        "FED-01",
        "FED-02",
    ]
    assert unreadable(b"a,b") is None
    assert unrecognised(b"hello").rule == "FED-02" and unrecognised(b"").rule == "FED-01"
    assert "hello" in unrecognised(b"hello").text("en")


def test_charsets_are_charsets() -> None:
    assert charset_named("GB2312") == "gb2312" and charset_named("UTF8") == "utf-8"
    for name in ("zip", "base64", "rot13", "no-such"):
        with pytest.raises(ConfigError, match=name):
            charset_named(name)


def test_a_glimpse_of_bytes_is_text_wherever_it_can_be() -> None:
    assert glimpsed("仓库编码,商品".encode()) == "仓库编码,商品"
    assert glimpsed("仓库编码,商品".encode("gb18030")) == "仓库编码,商品"
    assert glimpsed("仓库".encode()[:-1]) == "仓", "the last character may be cut"
    assert glimpsed(b"\x00\x01\xff\xfe") == "\x00\x01\\xff\\xfe"
