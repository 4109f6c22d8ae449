"""A stopped flow as a steward meets it: on the attention page, with the way to resume it."""

from __future__ import annotations

import pytest

from hub import stopping
from hub.store import stops
from tests.hub_api.console.person import Person
from tests.hub_api.console.test_browser import no_complaints

pytestmark = pytest.mark.browser


def test_a_steward_sees_a_stopped_flow_and_resumes_it_with_a_reason(steward: Person) -> None:
    hub = steward.server.hub()
    stopping.stop(hub, "borealis_in", "Ann", "their lots came <twice>")
    assert steward.open("/console") == 200
    said = steward.text()
    assert "borealis_in is stopped, 0 documents wait" in said and "their lots came <twice>" in said and "Ann" in said
    steward.page.get_by_role("button", name="Resume").click()
    dialog = steward.page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("they mended it")
    dialog.get_by_role("button", name="Resume").click()
    steward.page.wait_for_function("!document.body.innerText.includes('is stopped')")
    with hub.database.read() as connection:
        assert stops.listed(connection) == []
        (kept,) = stops.listed(connection, all_of_them=True)
    hub.database.close()
    assert kept["resumed_reason"] == "they mended it" and "steward" in kept["resumed_by"]
    no_complaints(steward)
