"""The attention page tells of stopped flows, to whoever may see their organisation; who may not mend gets no button."""

from __future__ import annotations

import pytest

from hub import stopping
from tests.hub_api.conftest import Api
from tests.hub_api.console.test_gate import sign_in


@pytest.mark.parametrize(("role", "button"), [("steward", True), ("auditor", False)])
def test_a_stopped_flow_stands_on_the_attention_page(api: Api, role: str, button: bool) -> None:
    sign_in(api, role)  # type: ignore[arg-type]
    assert "is stopped" not in api.client.get("/console").text
    stopping.stop(api.hub, "borealis_in", "Ann", "their lots came &twice")
    page = api.client.get("/console").text
    assert (
        "borealis_in is stopped, 0 documents wait" in page and "their lots came" in page and "&twice" not in page.replace("&amp;twice", "")
    )
    assert ('"label":"Resume"' in page) == button
    stopping.resume(api.hub, "borealis_in", "Ann", "mended")
    assert "is stopped" not in api.client.get("/console").text


def test_a_person_of_another_organisation_is_not_told(api: Api) -> None:
    stopping.stop(api.hub, "acme_in", "Ann", "r")
    sign_in(api, "steward", organisations=("south",))
    assert "is stopped" not in api.client.get("/console").text
