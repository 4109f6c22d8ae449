"""The door: who is let in, how cookies are set, and what other sites can't do."""

from __future__ import annotations

import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from hub.store import credentials
from hub.store.credentials import Role
from hub_api.app import create_app
from tests.hub_api.conftest import Api

SOCKET = "/console/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
PAGES = [
    "/console",
    "/console/",
    "/console/exchanges",
    "/console/orders/1",
    "/console/quarantine/1",
    "/console/recalls/RECALL-0001/report",
    "/console/_nicegui/x",
    "/console/nowhere",
]
OWN = {"Origin": "http://testserver"}


def link(api: Api, role: Role = "steward", partner: str | None = None, organisations: tuple[str, ...] = ("*",)) -> str:
    with api.hub.database.begin("test") as uow:
        return credentials.issue(
            uow,
            "somebody",
            role,
            kind="one_time_link",
            organisations=organisations,
            partner_id=None if partner is None else api.hub.partner_id(partner),
        ).secret


def sign_in(api: Api, role: Role = "steward", partner: str | None = None, organisations: tuple[str, ...] = ("*",)) -> None:
    made = api.client.post(f"/console/sign-in/{link(api, role, partner, organisations)}", headers=OWN, follow_redirects=False)
    assert made.status_code == 303


@pytest.mark.parametrize("path", PAGES)
def test_without_session_401(api: Api, path: str) -> None:
    answer = api.client.get(path, follow_redirects=False)
    assert answer.status_code == 401
    assert "no-store" in answer.headers["cache-control"]


def test_api_key_is_no_session(api: Api) -> None:
    api.client.cookies.set("udihub_session", api.keys["admin"], path="/console")
    assert api.client.get("/console").status_code == 401
    assert api.client.get("/console", headers={"Authorization": f"Bearer {api.keys['admin']}"}).status_code == 401


def test_looking_at_the_link_does_not_use_it_up(api: Api) -> None:
    secret = link(api)
    for _ in range(3):
        shown = api.client.get(f"/console/sign-in/{secret}")
        assert shown.status_code == 200
        assert "set-cookie" not in shown.headers
    opened = api.client.post(f"/console/sign-in/{secret}", headers=OWN, follow_redirects=False)
    assert opened.status_code == 303
    assert opened.headers["location"] == "/console"
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/console" in cookie and "secure" not in cookie
    again = api.client.post(f"/console/sign-in/{secret}", headers=OWN, follow_redirects=False)
    assert again.status_code == 401


def test_cookie_is_secure_over_https(api: Api) -> None:
    api.client.base_url = "https://testserver"
    opened = api.client.post(f"/console/sign-in/{link(api)}", headers={"Origin": "https://testserver"}, follow_redirects=False)
    assert "secure" in opened.headers["set-cookie"].lower()


def test_session_opens_the_pages(api: Api) -> None:
    sign_in(api)
    page = api.client.get("/console", follow_redirects=False)
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


def test_session_of_the_console_is_no_api_key(api: Api) -> None:
    sign_in(api)
    assert api.client.get("/v1/exchanges").status_code == 401


def test_partner_has_no_console(api: Api) -> None:
    sign_in(api, "partner", "acme")
    assert api.client.get("/console").status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://testserver.evil.example", "null", "https://testserver:444"])
def test_foreign_origin_changes_nothing(api: Api, origin: str) -> None:
    secret = link(api)
    assert api.client.post(f"/console/sign-in/{secret}", headers={"Origin": origin}).status_code == 403
    sign_in(api)
    assert api.client.post("/console/sign-out", headers={"Origin": origin}).status_code == 403
    assert api.client.post("/console/sign-out").status_code == 403
    assert api.client.get("/console").status_code == 200


def test_websocket_needs_session_and_own_origin(api: Api) -> None:
    refused = (WebSocketDisconnect, WebSocketDenialResponse)
    with pytest.raises(refused), api.client.websocket_connect(SOCKET, headers=OWN):
        pass
    sign_in(api)
    for headers in ({"Origin": "http://evil.example"}, {}):
        with pytest.raises(refused), api.client.websocket_connect(SOCKET, headers=headers):
            pass
    with api.client.websocket_connect(SOCKET, headers={**OWN, "Upgrade": "websocket"}) as socket:
        assert socket.receive_text().startswith("0{")


def test_sign_out_revokes(api: Api) -> None:
    sign_in(api)
    kept = api.client.cookies["udihub_session"]
    assert api.client.post("/console/sign-out", headers=OWN).status_code == 200
    api.client.cookies.set("udihub_session", kept, path="/console")
    assert api.client.get("/console").status_code == 401


@pytest.mark.parametrize(
    ("back", "where"),
    [
        ("/console/orders?all=1", "/console/orders?all=1"),
        ("https://evil.example", "/console"),
        ("//evil.example", "/console"),
        ("/consolevil", "/console"),
        ("/console/\\evil.example", "/console"),
    ],
)
def test_language_switch_stays_in_the_console(api: Api, back: str, where: str) -> None:
    answer = api.client.get("/console/language/zh-CN", params={"back": back}, follow_redirects=False)
    assert answer.headers["location"] == where
    assert "udihub_language=zh-CN" in answer.headers["set-cookie"]
    assert "尚未登录" in api.client.get("/console").text


def test_unknown_language_is_not_kept(api: Api) -> None:
    assert "set-cookie" not in api.client.get("/console/language/xx", follow_redirects=False).headers


def test_language_of_the_browser_counts_where_none_was_chosen(api: Api) -> None:
    assert "尚未登录" in api.client.get("/console", headers={"Accept-Language": "zh-TW,zh;q=0.9,en;q=0.5"}).text
    assert "Not signed in" in api.client.get("/console", headers={"Accept-Language": "de"}).text


@pytest.mark.parametrize("name", ["../gate.py", "%2e%2e/gate.py", "..%2fgate.py", "console.css/..", ""])
def test_assets_are_only_those(api: Api, name: str) -> None:
    assert api.client.get("/console/assets/console.css").status_code == 200
    assert api.client.get(f"/console/assets/{name}").status_code in (401, 404)


def test_other_organisations_stay_unseen(api: Api) -> None:
    from tests.hub_api.papers import ACME, despatch, interchange

    api.post(interchange(ACME, 5, despatch("SHP5")), "acme")
    sign_in(api, "auditor", organisations=("south",))
    assert api.client.get("/console/exchanges/1").status_code == 404
    assert api.client.get("/console/documents/1").status_code == 404
    assert "SHP5" not in api.client.get("/console/exchanges").text
    api.client.cookies.clear()
    sign_in(api, "auditor", organisations=("north",))
    assert api.client.get("/console/exchanges/1").status_code == 200
    assert "SHP5" in api.client.get("/console/exchanges").text


def test_hostile_addresses_get_a_page(api: Api) -> None:
    sign_in(api)
    for path in ("/exchanges/abc", "/exchanges/99999999999999999999", "/orders/<script>", "/documents/-1", "/quarantine/0"):
        answer = api.client.get(f"/console{path}")
        assert answer.status_code == 404, path
    for path in ("/exchanges?before=x&find=%01&partner=nobody&state='", "/inventory?cursor=%ff", "/orders?cursor=zz&find=%25"):
        assert api.client.get(f"/console{path}").status_code == 200, path


def test_nul_is_refused_before_it_reaches_a_store(api: Api) -> None:
    sign_in(api)
    for path in ("/orders/%00", "/exchanges?find=%00"):
        assert api.client.get(f"/console{path}").status_code in (400, 404), path


def test_a_second_application_of_the_process_has_its_own_hub(api: Api) -> None:
    """Tests and tools make several; NiceGUI's application is shared, what it shows is not."""
    create_app(api.hub)
    sign_in(api)
    assert api.client.get("/console").status_code == 200


def test_what_belongs_to_nobody_is_shown_to_who_sees_everything(api: Api) -> None:
    api.post(b"x" * 250_000, "acme")
    for organisations, seen in ((("*",), True), (("south",), False)):
        api.client.cookies.clear()
        sign_in(api, "auditor", organisations=organisations)
        assert ("SEC-03" in api.client.get("/console").text) is seen
