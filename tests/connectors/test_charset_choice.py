from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.charset_choice import choose_charset
from connectors.first_bytes import HEAD
from connectors.spec import STRICT, Profile
from tests.connectors.reading import read

CHINESE = "批号,数量,名称\nL1,5,骨螺钉（钛合金）\nL2,7,接骨板\n"
GERMAN = "Charge;Menge;Bezeichnung\nL1;5;Größe Ø 4,0 für Übergröße\n"
FRENCH = "lot;quantité;désignation\nL1;5;Prothèse fémorale cimentée, été\n"


def chosen(content: bytes, profile: Profile = STRICT, stated: tuple[str, ...] = ()) -> tuple[str, str | None]:
    found = choose_charset(io.BytesIO(content), content[:HEAD], profile, stated)
    return found.charset, found.finding.rule if found.finding is not None else None


@pytest.mark.parametrize(
    ("content", "charset", "rule"),
    [
        (CHINESE.encode(), "utf-8", None),
        (b"a,b\n1,2\n", "utf-8", None),
        (CHINESE.encode("utf-8-sig"), "utf-8", None),
        (CHINESE.encode("gb18030"), "gb18030", "FED-20"),
        (("x" * 5000 + CHINESE).encode("gb18030"), "gb18030", "FED-20"),
        (CHINESE.encode("utf-16"), "utf-16-le", "FED-16"),
        ("lot,qty\n批号,1\n".encode("utf-16-le"), "utf-16-le", "FED-16"),
        ("lot,qty\n批号,1\n".encode("utf-16-be"), "utf-16-be", "FED-16"),
        (GERMAN.encode("latin-1"), "iso8859-1", "FED-21"),
        (FRENCH.encode("latin-1"), "iso8859-1", "FED-21"),
        ("name;size\nGröße;1\n".encode("latin-1"), "iso8859-1", "FED-21"),
        ("price\n€ 5\n".encode("cp1252"), "cp1252", "FED-21"),
        (CHINESE.encode() * 5 + b"\xff\n", "utf-8", None),
        (b"\x81\x8d\x8f", "utf-8", None),
    ],
)
def test_what_the_bytes_tell(content: bytes, charset: str, rule: str | None) -> None:
    assert chosen(content) == (charset, rule)


def test_what_is_stated_is_not_doubted() -> None:
    german = GERMAN.encode("latin-1")
    assert chosen(german, Profile(charset="GBK")) == ("gb18030", None)
    assert chosen(german, stated=("utf-8",)) == ("utf-8", None)
    assert chosen(CHINESE.encode("gb18030"), stated=("utf-8", "gb18030")) == ("gb18030", "FED-16")


def test_the_finding_says_what_was_chosen_and_why() -> None:
    found = read("delimited", CHINESE.encode("gb18030"))
    (finding,) = [finding for finding in found.around if finding.rule == "FED-20"]
    assert finding.severity == "warning"
    assert (
        finding.text()
        == "Read as GB18030: not valid UTF-8, and 100 % of the multi-byte characters are Chinese. That is a guess: Korean and Greek bytes "
        "can look alike. State it as profile.charset in the agreement."
    )
    assert "汉字" in finding.text("zh-CN")
    assert found.messages[0].root is not None and found.messages[0].root.values == {"批号": "L1", "数量": "5", "名称": "骨螺钉（钛合金）"}
    latin = read("delimited", FRENCH.encode("latin-1"))
    assert latin.messages[0].root.values["désignation"] == "Prothèse fémorale cimentée, été"  # type: ignore[union-attr, call-overload]


WORDS = [
    "骨螺钉",
    "接骨板",
    "批号",
    "数量",
    "供应商",
    "苏州",
    "医疗器械",
    "有限公司",
    "灭菌",
    "一次性",
    "导管",
    "有效期至",
    "采购订单",
    "仓库",
]


@given(st.lists(st.sampled_from(WORDS), min_size=2, max_size=20))
def test_chinese_text_is_never_taken_for_another(words: list[str]) -> None:
    assert chosen(f"a,b\n{','.join(words)}\n".encode("gb18030")) == ("gb18030", "FED-20")


@given(st.binary(max_size=300))
def test_any_bytes_get_a_charset(content: bytes) -> None:
    charset, _ = chosen(content)
    content.decode(charset, "replace")
