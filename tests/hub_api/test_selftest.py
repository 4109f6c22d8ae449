"""A partner tries documents out over the API: he is told what would come of them, in his language, and nothing of it stays."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter

from hub.store import tables
from hub_api.selftest_schemas import SelfTest
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, BOREALIS, WRONG_GTIN, despatch, interchange, orders, stock


def tried(api: Api, content: bytes, who: str = "acme", **more: Any) -> dict[str, Any]:
    answer = api.request("POST", "/v1/selftest", who, content=content, **more)
    assert answer.status_code == 200, answer.text
    TypeAdapter(SelfTest).validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


def everything(api: Api) -> dict[str, int]:
    """Rows of every table."""
    with api.hub.database.read() as connection:
        return {
            name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for name, table in tables.metadata.tables.items()
        }


def test_a_document_is_told_as_it_would_be_taken_and_nothing_is_kept(api: Api) -> None:
    before = everything(api)
    told = tried(api, interchange(ACME, 1, despatch("SHPA1", quantity="20"), despatch("SHPA2", gtin=WRONG_GTIN)))
    assert (told["partner"], told["format"], told["agreements"], told["count"]) == ("acme", "x12", ["acme_in"], 2)
    assert [one["outcome"] for one in told["messages"]] == ["taken", "held"] and told["verdict"] == "held"
    assert told["messages"][0]["understood"]["number"] == "SHPA1"
    assert any(one["rule"] == "GS1-01" for one in told["messages"][1]["findings"])
    assert "ST*997*" in told["acknowledgement"] and told["stored"] is False
    assert everything(api) == before, "a self-test leaves no row anywhere"
    assert tried(api, interchange(ACME, 1, despatch("SHPA1", quantity="20")))["verdict"] == "taken", "numbers are not used up by it"
    assert api.post(interchange(ACME, 1, despatch("SHPA1", quantity="20")), "acme").status_code == 200


def test_what_is_wrong_is_told_in_the_language_that_was_asked_for(api: Api) -> None:
    content = interchange(ACME, 1, despatch("SHPA2", gtin=WRONG_GTIN))
    english, chinese = (tried(api, content, headers={"Accept-Language": tag}) for tag in ("en", "zh-CN"))
    texts = [next(f["message"] for f in one["messages"][0]["findings"] if f["rule"] == "GS1-01") for one in (english, chinese)]
    assert texts[0].isascii() and not texts[1].isascii()
    page = api.request("POST", "/v1/selftest", "acme", content=content, headers={"Accept": "text/html", "Accept-Language": "zh-CN"})
    assert page.headers["content-type"].startswith("text/html") and "default-src 'none'" in page.headers["content-security-policy"]
    assert "自测报告" in page.text and texts[1].partition("，")[0] in page.text


def test_who_another_is_or_pretends_to_be_is_refused_as_it_would_be(api: Api) -> None:
    told = tried(api, interchange(BOREALIS, 1, despatch("SHPB1", "4599999999")))
    assert told["verdict"] == "refused" and any(one["rule"].startswith("SEC-") for one in told["findings"])
    assert told["possible"] == ["acme_in", "acme_south_in"], "his own and nobody else's"
    assert tried(api, b"\x00nothing" * 20)["verdict"] == "unreadable"
    assert api.request("POST", "/v1/selftest?partner=borealis", "acme", content=b"x").status_code == 404
    assert api.request("POST", "/v1/selftest?agreement=borealis_in", "acme", content=b"x").status_code == 404
    assert api.request("POST", "/v1/selftest", "auditor", content=b"x").status_code == 403
    assert api.request("POST", "/v1/selftest", "integration", content=b"x").status_code == 400, "own people name the partner"
    assert api.request("POST", "/v1/selftest", "acme", content=b"x" * 300_000).status_code == 413


def test_feeds_are_tried_by_their_agreement_and_a_page_shows_nothing_as_markup(api: Api) -> None:
    told = tried(api, orders("4500000001"), "erp", params={"agreement": "orders_north"})
    assert told["verdict"] == "taken" and told["acknowledgement"] is None
    bad = stock().replace(b"06901234000023", b"<script>x|y`z")
    page = api.request("POST", "/v1/selftest", "wms", content=bad, params={"agreement": "stock_north"}, headers={"Accept": "text/html"})
    assert page.status_code == 200 and "<script" not in page.text and "&lt;script&gt;x|y" in page.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_own_people_try_in_the_name_of_a_partner(api: Api) -> None:
    told = tried(api, interchange(ACME, 1, despatch("SHPA1", quantity="20")), "integration", params={"partner": "acme"})
    assert (told["partner"], told["verdict"]) == ("acme", "taken")
