"""Pages of cases and golden records as they are served: both sides of what is about master data, paths in words, records of one name."""

from __future__ import annotations

import pytest

from hub import pipeline
from tests.hub.world import party
from tests.hub_api.conftest import Api
from tests.hub_api.console.test_gate import sign_in
from tests.hub_api.masters import say
from tests.hub_api.papers import ACME, WRONG_GTIN, despatch, interchange


def of(api: Api, kind: str) -> int:
    pipeline.reconcile(api.hub)
    return int(api.get(f"/v1/exceptions?kind={kind}").json()["items"][0]["id"])


@pytest.mark.parametrize(("language", "path"), [("en", "line 1: gtin"), ("zh-CN", "第 1 行：gtin")])
def test_a_case_shows_both_records_and_says_paths_in_words(api: Api, language: str, path: str) -> None:
    say(api.hub, "erp", party("V1", name="Acme GmbH", city="Berlin"))
    say(api.hub, "erp", party("V9", name="ACME", gln=None, city="Bonn"))
    api.post(interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)), "acme")
    duplicate, held = of(api, "duplicate"), of(api, "held")
    sign_in(api, "steward")
    headers = {"Accept-Language": language}
    page = api.client.get(f"/console/cases/{duplicate}", headers=headers)
    assert page.status_code == 200
    for text in ("Berlin", "Bonn", "erp/V1", "erp/V9"):
        assert text in page.text, text
    page = api.client.get(f"/console/cases/{held}", headers=headers)
    assert page.status_code == 200 and path in page.text and "lines[0].gtin = " in page.text
    page = api.client.get(f"/console/cases/{held}/fix?kind=codes", headers=headers)
    assert page.status_code == 200 and page.text.count("chips") > 0, "messages to replay too are ticked off a list"


def test_a_golden_record_names_others_that_are_called_the_same(api: Api) -> None:
    say(api.hub, "erp", party("V1", name="Acme GmbH", city="Berlin"))
    say(api.hub, "wms", party("V1", name="Quite another Ltd", gln=None, tax_number="GB1"))
    api.settle()
    sign_in(api, "steward")
    page = api.client.get("/console/masterdata/party/V1").text
    assert "Other records of this name" in page and "/masterdata/party/wms/V1" in page and "Quite another Ltd" in page
    assert "Other records of this name" not in api.client.get("/console/masterdata/party/wms/V1").text
