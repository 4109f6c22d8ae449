"""What goes wrong is told in the reader's language, and named the same in every language (RFC 9457)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml

from hub_api.languages import FILE, said
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, WRONG_GTIN, despatch, interchange

ROOT = Path(__file__).parents[2]
TEXTS: dict[str, str] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
HUB = {"NotFoundError", "ConflictError", "InvalidError", "RefusedError"}
EDGE = {"ProblemError": slice(1, 3), "answered": slice(2, 4), "problem": slice(2, 4)}
"""Where the texts stand among the arguments."""
OF_THE_MACHINE = ("hub/commands/", "hub/recall/proof.py", "hub/recall/report.py", "hub_api/console/")
"""Raised for the command line alone, or in the reader's language already."""
COMPOSED = {"say why {} may end{}{}"}
"""Put together of shapes that tests/hub/recall/test_refusals.py knows."""
ZH = {"Accept-Language": "zh-CN, en;q=0.5"}


def texts() -> Iterator[tuple[str, str]]:
    """Every text of a problem in the code, values as `{}`, and where it is said."""
    for path in (path for room in ("hub", "hub_api") for path in sorted((ROOT / room).rglob("*.py"))):
        where = path.relative_to(ROOT).as_posix()
        if where.startswith(OF_THE_MACHINE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", "")
            given = node.args[EDGE[name]] if name in EDGE else node.args[:1] if name in HUB else []
            for one in given:
                for text in filter(None, map(shape, [one.body, one.orelse] if isinstance(one, ast.IfExp) else [one])):
                    yield text, f"{where}:{node.lineno}"


def shape(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def test_every_text_of_a_problem_has_its_chinese() -> None:
    found = dict(texts())
    assert len(found) > 150
    missing = {}
    for text, where in found.items():
        if text in COMPOSED:
            continue
        values = tuple(f"v{number}" for number in range(text.count("{}")))
        spoken = text.replace("{}", "%s") % values if values else text
        chinese = said(spoken, "zh-CN")
        if chinese == spoken or any(value not in chinese for value in values) or said(spoken, "en") != spoken:
            missing[text] = where
    assert missing == {}, f"write their Chinese into {FILE.name}"


@pytest.mark.parametrize("english", sorted(TEXTS))
def test_a_translation_keeps_every_value(english: str) -> None:
    fields = [int(field) for _, field, _, _ in Formatter().parse(TEXTS[english]) if field is not None]
    assert sorted(fields) == list(range(english.count("{}"))) and TEXTS[english] != english


@pytest.mark.parametrize(
    ("path", "who", "status", "kind", "en", "zh"),
    [
        ("/v1/exchanges/999", "admin", 404, "not-found", ("Not found", "there is no exchange 999"), ("未找到", "没有交换记录 999")),
        ("/v1/exchanges/999", None, 401, "not-authenticated", ("Not authenticated", "Send a valid"), ("未通过认证", "API 密钥")),
        ("/v1/audit", "steward", 403, "refused", ("Refused", "This needs the role auditor or admin."), ("已拒绝", "角色 auditor 或 admin")),
        (
            "/v1/exchanges?limit=0",
            "admin",
            422,
            "not-processable",
            ("Not processable", "query.limit: Input"),
            ("无法处理", "应不小于 1"),
        ),
        ("/v1/exchanges?cursor=!", "admin", 400, "bad-cursor", ("Bad cursor", "Take the cursor"), ("游标有误", "上一页")),
        ("/v1/nothing", "admin", 404, "not-found", ("Not found", "Not Found"), ("未找到", "未找到")),
        ("/v1/recalls/RECALL-0009", "admin", 404, "not-found", ("Not found", "RECALL-0009"), ("未找到", "没有")),
        ("/v1/exchanges?cursor=%00", "admin", 400, "bad-request", ("Bad request", "zero byte"), ("请求有误", "零字节")),
    ],
)
def test_a_problem_comes_in_the_readers_language(
    api: Api, path: str, who: str | None, status: int, kind: str, en: tuple[str, str], zh: tuple[str, str]
) -> None:
    for headers, language, (title, detail) in (({}, "en", en), (ZH, "zh-CN", zh), ({"Accept-Language": "en, zh;q=0.9"}, "en", en)):
        answer = api.get(path, who, headers=headers)
        body: dict[str, Any] = answer.json()
        assert (answer.status_code, body["status"], body["type"]) == (status, status, f"urn:udihub:problem:{kind}"), body
        assert body["title"] == title and detail in body["detail"], body
        assert answer.headers["content-type"] == "application/problem+json" and answer.headers["content-language"] == language
        assert "Accept-Language" in answer.headers["vary"]


def test_epcis_names_the_kind_as_the_standard_does_in_json_and_xml(api: Api) -> None:
    for accept in ("application/json", "application/xml"):
        answer = api.get("/v1/epcis/events/urn:none", headers={**ZH, "Accept": accept})
        assert answer.status_code == 404 and "NoSuchNameException" in answer.text and "未找到" in answer.text
        assert answer.headers["content-language"] == "zh-CN"


def test_states_come_as_words_beside_their_codes(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)), "acme")
    api.settle()
    for headers, held, open_ in (({}, "held", "open"), (ZH, "已隔离", "待处理")):
        (one,) = api.get("/v1/exchanges?state=quarantined", headers=headers).json()["items"]
        whole = api.get(f"/v1/exchanges/{one['id']}", headers=headers).json()
        case = api.get("/v1/exceptions", headers=headers).json()["items"][0]
        document = api.get(f"/v1/documents/{one['document_id']}", headers=headers).json()
        told = [(each["state"], each["state_title"]) for each in (one, whole, case, document)]
        assert told == [("quarantined", held), ("quarantined", held), ("open", open_), ("quarantined", held)], told
