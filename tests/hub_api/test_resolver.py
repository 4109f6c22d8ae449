"""The resolver of Digital Links: who is sent where, by which question, language and media, and what nobody without a key is told."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from httpx import Response

from hub.labels.settings import LabelSettings
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, DEVICE, GTIN, despatch, devices, interchange, orders

PRODUCT = f"https://www.example.com/products/{DEVICE}"
CHINESE = f"https://www.example.com/zh/products/{DEVICE}?from=label"
VOC = "https://ref.gs1.org/voc/"
SSCC = "106141412345678908"
LINKSET = "application/linkset+json"


@pytest.fixture
def told(api: Api) -> Api:
    """A device, and a lot of it that ACME sent."""
    assert api.post(devices(website="https://novamed.example/骨"), "erp", key="1", params={"agreement": "devices"}).status_code == 200
    assert api.post(orders("4500000001"), "erp", key="2", params={"agreement": "orders_north"}).status_code == 200
    assert api.post(interchange(ACME, 1, despatch("S1", gtin=DEVICE), despatch("S2", lot="R7")), "acme").status_code == 200
    api.settle()
    return api


def opened(api: Api, **more: Any) -> Api:
    """The same site with its resolver open to everybody."""
    said = api.hub.site.labels.model_dump(exclude_unset=True) | {"resolver": {"open": True}} | more
    api.hub.site.labels = LabelSettings.model_validate(said)
    return api


def ask(api: Api, path: str, who: str | None = "admin", **headers: str) -> Response:
    return api.request("GET", path, who, headers={name.replace("_", "-"): value for name, value in headers.items()}, follow_redirects=False)


def sent(api: Api, path: str, who: str | None = "admin", **headers: str) -> str:
    """Where a request is sent on to."""
    answer = ask(api, path, who, **headers)
    assert answer.status_code == 307, answer.text
    assert answer.text == answer.headers["Location"]
    return answer.headers["Location"]


def linkset(api: Api, path: str, who: str | None = "admin", **headers: str) -> list[dict[str, Any]]:
    answer = ask(api, path, who, **headers)
    assert answer.status_code == 200 and answer.headers["content-type"] == LINKSET, answer.text
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in answer.headers["Link"]
    found: list[dict[str, Any]] = answer.json()["linkset"]
    return found


def test_without_a_question_there_is_a_default(told: Api) -> None:
    for path in (f"/01/{DEVICE}", f"/01/{DEVICE}/", f"/01/{DEVICE}/10/L1", f"/01/{DEVICE}/10/L1/21/S%2F1", f"/01/{DEVICE[1:]}"):
        assert sent(told, path) == PRODUCT
    answer = ask(told, f"/01/{DEVICE}/10/L1")
    assert answer.headers["Link"] == f'</01/{DEVICE}/10/L1?linkType=linkset>; rel="linkset"; type="{LINKSET}"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_question_is_answered_by_type_language_and_media(told: Api) -> None:
    at = f"/01/{DEVICE}"
    for asked in ("gs1:pip", f"{VOC}pip", "https://gs1.org/voc/pip", "https://www.gs1.org/voc/pip"):
        assert sent(told, f"{at}?linkType={quote(asked, safe='')}") == PRODUCT
    for languages, target in (
        ("zh-CN", CHINESE),
        ("zh", CHINESE),
        ("zh-TW, en;q=0.5", CHINESE),
        ("fr, en;q=0.2", PRODUCT),
        ("fr", PRODUCT),
        ("zh;q=0, en", PRODUCT),
        ("*", PRODUCT),
    ):
        assert sent(told, f"{at}?linkType=gs1:pip", accept_language=languages) == target, languages
    ifu = f"https://www.example.com/ifu/{DEVICE}"
    for accepted, target in (
        ("application/pdf", f"{ifu}.pdf"),
        ("application/*", f"{ifu}.pdf"),
        ("text/html, application/pdf;q=0.9", ifu),
        ("image/png", ifu),
        ("*/*", ifu),
    ):
        assert sent(told, f"{at}?linkType=gs1:epil", accept=accepted) == target, accepted
    answer = ask(told, f"{at}?linkType=gs1:hasRetailers")
    assert answer.status_code == 404 and "gs1:hasRetailers" in answer.json()["detail"]
    assert ask(told, f"{at}?linkType=nonsense").status_code == 404


def test_what_nothing_tells_apart_is_left_to_the_reader(told: Api) -> None:
    twice = [{"type": "gs1:pip", "to": f"https://{name}.example.com/{{gtin}}", "title": name} for name in "ab"]
    api = opened(told, links=twice)
    answer = ask(api, f"/01/{DEVICE}?linkType=gs1:pip", None)
    assert answer.status_code == 300 and answer.headers["content-type"] == LINKSET
    (only,) = answer.json()["linkset"]
    assert [link["href"] for link in only[f"{VOC}pip"]] == [f"https://a.example.com/{DEVICE}", f"https://b.example.com/{DEVICE}", NOVAMED]


NOVAMED = "https://novamed.example/%E9%AA%A8"


def test_a_lot_has_links_of_its_own_and_those_of_its_device(told: Api) -> None:
    coa = f"https://www.example.com/coa/{DEVICE}/L%2F1"
    assert sent(told, f"/01/{DEVICE}/10/L%2F1?linkType=gs1:certificationInfo") == coa
    assert sent(told, f"/01/{DEVICE}/10/L%2F1/21/S1?linkType=gs1:certificationInfo") == coa
    assert ask(told, f"/01/{DEVICE}?linkType=gs1:certificationInfo").status_code == 404


def test_what_stood_behind_the_question_mark_goes_along(told: Api) -> None:
    at = f"/01/{DEVICE}/10/L1?17=281231&linkType="
    assert sent(told, f"/01/{DEVICE}?17=281231&utm=box") == f"{PRODUCT}?17=281231&utm=box"
    assert sent(told, f"{at}gs1:pip&a=b", accept_language="zh") == f"{CHINESE}&17=281231&a=b"
    assert sent(told, f"{at}gs1:certificationInfo") == f"https://www.example.com/coa/{DEVICE}/L1", "this one takes nothing along"


def test_all_links_are_told_as_a_linkset(told: Api) -> None:
    at = f"/01/{DEVICE}/10/L1"
    lot, device = linkset(told, f"{at}?linkType=linkset")
    assert linkset(told, f"{at}?linkType=all") == linkset(told, at, accept=LINKSET) == [lot, device]
    assert (lot["anchor"], device["anchor"]) == (f"https://id.example.com{at}", f"https://id.example.com/01/{DEVICE}")
    assert lot["description"] == device["description"] == "Orthia bone screw"
    for one in (lot, device):
        assert one[f"{VOC}defaultLink"] == [{"href": PRODUCT, "title": "Product"}]
    assert lot[f"{VOC}certificationInfo"] == [{"href": f"https://www.example.com/coa/{DEVICE}/L1", "title": "Certificate of a lot"}]
    assert device[f"{VOC}pip"] == [
        {
            "href": PRODUCT,
            "title": "Product",
            "title*": [{"value": "产品信息", "language": "zh-CN"}],
            "type": "text/html",
            "hreflang": ["en"],
        },
        {"href": CHINESE, "title": "产品", "type": "text/html", "hreflang": ["zh-CN"]},
        {"href": NOVAMED, "title": "Web site of the labeler", "title*": [{"value": "标识责任主体网站", "language": "zh-CN"}]},
    ]


def test_with_a_key_the_hub_answers_itself(told: Api) -> None:
    at = f"/01/{DEVICE}/10/L1"
    record = sent(told, f"{at}?linkType=gs1:masterData")
    assert record == f"http://testserver/v1/devices/{DEVICE}" and told.get(record).json()["number"] == DEVICE
    trace = sent(told, f"{at}?linkType=gs1:traceability")
    assert {node["kind"] for node in told.get(trace).json()["nodes"]} >= {"lot", "shipment"}
    assert ask(told, f"/01/{DEVICE}/10/L99?linkType=gs1:traceability").status_code == 404, "nobody has named it"
    assert ask(told, f"{at}?linkType=gs1:traceability", "south_auditor").status_code == 404, "traces need a key for all organisations"
    own = linkset(told, f"{at}?linkType=linkset", "erp")
    assert not any(f"{VOC}traceability" in one for one in own) and f"{VOC}masterData" in own[-1]


def test_no_key_no_answer_unless_the_site_opens_it(told: Api) -> None:
    paths = (f"/01/{DEVICE}", f"/01/{DEVICE}?linkType=linkset", "/01/nonsense", "/00/106141412345678908", "/.well-known/gs1resolver")
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS") if path.startswith("/0") else ("GET",):
            answer = told.request(method, path, None, follow_redirects=False)
            assert answer.status_code == 401 and "access-control-allow-origin" not in answer.headers, f"{method} {path}"
    assert ask(told, f"/01/{DEVICE}", "acme").status_code == 404, "a device that is not theirs"
    api = opened(told)
    assert sent(api, f"/01/{DEVICE}", None) == PRODUCT
    wrong = api.client.get(f"/01/{DEVICE}", headers={"Authorization": "Bearer udi_wrong"}, follow_redirects=False)
    assert wrong.status_code == 401, "a wrong key is no missing one"


def test_the_public_sees_what_the_site_publishes_and_no_more(told: Api) -> None:
    api = opened(told)
    text = json.dumps(linkset(api, f"/01/{DEVICE}/10/L1?linkType=linkset", None))
    assert "certificationInfo" in text and "masterData" not in text and "traceability" not in text and "/v1/" not in text
    for path in (f"/01/{GTIN}", f"/01/{GTIN}/10/R7", "/00/106141412345678908", "/414/8799999010009", "/417/8799999010009"):
        assert ask(api, path, None).status_code == 404, path
    for method in ("GET", "HEAD", "OPTIONS"):
        answer = api.request(method, f"/01/{DEVICE}", None, follow_redirects=False)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert api.get("/v1/devices", None).status_code == 401


def test_what_is_no_digital_link_is_said(told: Api) -> None:
    for path, rule in (
        ("/01/06901234500051", "GS1-01"),
        (f"/01/{DEVICE}/21/S1/10/L1", "DLK-04"),
        (f"/01/{DEVICE}?10=L1", "DLK-03"),
        (f"/01/{DEVICE}/10/{'L' * 21}", "GS1-04"),
        (f"/01/{DEVICE}/AQIDBAUGBwgJCg", "DLK-06"),
        ("/01/", "DLK-02"),
    ):
        answer = ask(told, path)
        assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json", f"{path}: {answer.text}"
        assert [finding["rule"] for finding in answer.json()["findings"]] == [rule], path
    assert ask(told, "/01/06901234000016").status_code == 404
    assert ask(told, "/8018/690123450000000005").status_code == 404


def test_logistic_units_are_for_those_who_see_their_papers(told: Api) -> None:
    plain = despatch("S9", gtin=DEVICE)
    packed = [*plain[:7], "HL*3*2*P", f"MAN*GM*00{SSCC}", "HL*4*3*I", *plain[8:-1], "CTT*4"]
    assert told.post(interchange(ACME, 2, packed), "acme").status_code == 200
    told.settle()
    at = f"/00/{SSCC}"
    assert sent(told, at) == sent(told, at, "acme") == f"https://www.example.com/cartons/{SSCC}"
    assert told.get(sent(told, f"{at}?linkType=gs1:traceability")).json()["key"] == f"sscc:{SSCC}"
    assert ask(told, f"{at}?linkType=gs1:traceability", "acme").status_code == 404
    assert ask(told, at, "borealis").status_code == ask(told, at, "south_auditor").status_code == 404
    assert ask(opened(told), at, None).status_code == 404, "cartons are nobody's business"
    label = told.get("/v1/labels", "acme", params={"of": SSCC}).json()
    assert label["hri"] == f"(00){SSCC}" and label["digital_link"] == f"https://id.example.com/00/{SSCC}"
    assert told.get("/v1/labels", "borealis", params={"of": SSCC}).status_code == 404
    assert ask(told, "/414/8799999010009").status_code == 404, "no party has this GLN"


def test_the_resolver_describes_itself(told: Api) -> None:
    said = told.get("/.well-known/gs1resolver").json()
    assert said["resolverRoot"] == "https://id.example.com" and said["name"] == "test site"
    assert said["supportedPrimaryKeys"] == ["01", "00", "414", "417"]
    assert said["supportedLinkType"] == [{"namespace": VOC, "prefix": "gs1:"}]
    told.hub.site.labels = LabelSettings()
    assert told.get("/.well-known/gs1resolver").json()["resolverRoot"] == "http://testserver"
    assert sent(told, f"/01/{DEVICE}") == NOVAMED, "without labels.yaml the labeler's web site answers"
