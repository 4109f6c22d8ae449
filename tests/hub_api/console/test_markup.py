"""Text never becomes markup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_api.console.markup import address, el, field, link, number, row, table, when


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.said += data


def read(markup: str) -> _Reader:
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return reader


texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)


@given(texts, texts)
def test_what_is_said_is_read_back_and_nothing_else(shown: str, attribute: str) -> None:
    reader = read(el("p", shown, title=attribute))
    assert reader.tags == ["p"]
    assert reader.said == shown
    assert reader.attributes == [("title", attribute)]


@given(texts)
def test_tables_and_fields_escape_too(hostile: str) -> None:
    assert read(table([hostile], [row(hostile, (hostile, "num"))])).said == hostile * 3
    assert ("value", hostile) in read(field("x", "x", hostile)).attributes


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '" onload="x', "'><img src=x onerror=y>", "&lt;b&gt;"])
def test_known_tricks(hostile: str) -> None:
    assert read(link(hostile, f"/orders/{hostile}")).tags == ["a"]
    assert read(link(hostile, f"/orders/{hostile}")).said == hostile


def test_addresses_leave_out_what_is_not_asked() -> None:
    assert address("/orders/A B/1") == "/console/orders/A%20B/1"
    assert address("/exchanges", find="PO&1", state=None, before=7) == "/console/exchanges?find=PO%261&before=7"
    assert address("//evil.example").startswith("/console//")


@pytest.mark.parametrize(
    ("value", "shown"), [(Decimal("12.500000"), "12.5"), (Decimal("100"), "100"), (Decimal("1E+3"), "1000"), (0, "0"), (None, "–")]
)
def test_numbers(value: Decimal | int | None, shown: str) -> None:
    assert number(value) == shown


def test_times_are_shown_in_utc() -> None:
    moment = datetime(2026, 11, 22, 8, 30, 5, tzinfo=timezone(timedelta(hours=8)))
    assert read(when(moment)).said == "2026-11-22 00:30"
    assert read(when(moment.astimezone(UTC).isoformat())).said == "2026-11-22 00:30"
