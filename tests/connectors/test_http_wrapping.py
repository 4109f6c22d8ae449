"""Documents put into what a peer wants around them: members, the delivery's id, a page for people, and nothing that one could break."""

from __future__ import annotations

import base64
import json

import pytest

from connectors.http_wrapping import FORM, wrapped
from data_contracts.errors import ConfigError, RefusedError

ORDER = '{"number": "4\\"5|<b>", "amount": 1.10, "lines": [{"item": "导丝 `x`", "quantity": 2}, {"item": "T|P"}]}'.encode()


def test_members_and_the_document_itself_stand_where_the_template_says() -> None:
    body, form, kind = wrapped(
        {"body": {"a": ["{document.number}", "{id}"], "b": "{document}", "c": "{document.lines.0.item}"}}, ORDER, "d-1"
    )
    assert form is None and kind.startswith("application/json")
    assert json.loads(body or b"") == {"a": ['4"5|<b>', "d-1"], "b": json.loads(ORDER), "c": "导丝 `x`"}
    assert b'"amount": 1.10' in (body or b""), "spelled as it came"


def test_a_field_of_a_form_may_be_a_template_of_json() -> None:
    _, form, kind = wrapped({"form": {"bizContent": {"subject": "Order {document.number}"}, "plain": "{id}"}}, ORDER, "d-1")
    assert kind == FORM and form is not None and form["plain"] == "d-1"
    assert json.loads(form["bizContent"]) == {"subject": 'Order 4"5|<b>'}


def test_a_page_shows_every_member_and_nothing_as_markup() -> None:
    body, _, _ = wrapped({"body": {"page": "{page}"}}, ORDER, "d-1")
    page = base64.b64decode(json.loads(body or b"")["page"]).decode()
    assert page.startswith("<!DOCTYPE html>") and "<b>" not in page.partition("<body>")[2]
    for told in ("4&quot;5|&lt;b&gt;", "amount", "1.10", "导丝 ´x´", "T|P", "quantity"):
        assert told in page, told


def test_what_is_not_there_or_no_json_is_refused() -> None:
    for template in ({"a": "{document.nothing}"}, {"a": "{document.lines}"}):
        with pytest.raises(RefusedError, match="the document has no"):
            wrapped({"body": template}, ORDER, "d-1")
    with pytest.raises(RefusedError, match="no JSON"):
        wrapped({"text": "{document.number}"}, b"<xml/>", "d-1")
    with pytest.raises(ConfigError, match="one of body, form and text"):
        wrapped({"body": {}, "form": {}}, ORDER, "d-1")
