"""An answer that waits for its partner to fetch it is held until then, and no longer."""

from __future__ import annotations

import sqlalchemy as sa

from hub.store import tables
from tests.hub_api.conftest import Api
from tests.hub_api.papers import ACME, despatch, interchange

X12 = {"Accept": "application/edi-x12"}


def states(api: Api) -> list[str]:
    with api.hub.database.read() as connection:
        return list(connection.execute(sa.select(tables.outbox.c.state).order_by(tables.outbox.c.id)).scalars())


def test_the_answer_to_a_post_that_waits_is_fetched_by_it(api: Api) -> None:
    assert api.post(interchange(ACME, 1, despatch("D1")), "acme").status_code == 200
    assert states(api) == ["sent"]
    assert api.post(interchange(ACME, 1, despatch("D1")), "acme").headers["UDIHub-Repeat"] == "true"
    assert states(api) == ["sent"]


def test_an_answer_is_held_until_its_partner_and_not_an_auditor_reads_it(api: Api) -> None:
    api.post(interchange(ACME, 1, despatch("D1")), "acme", wait=False)
    assert api.get("/v1/documents/1/acknowledgements", "acme").json() == []
    api.settle()
    assert states(api) == ["held"]
    assert api.get("/v1/documents/1/acknowledgements", "auditor").status_code == 200
    assert api.get("/v1/documents/1/acknowledgements", "borealis").status_code == 404
    assert states(api) == ["held"]
    first = api.get("/v1/documents/1/acknowledgements", "acme", headers=X12)
    assert first.status_code == 200 and states(api) == ["sent"]
    again = api.get("/v1/documents/1/acknowledgements", "acme", headers=X12 | {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    (listed,) = api.get("/v1/documents/1/acknowledgements", "acme").json()
    assert listed["state"] == "sent"


def test_an_answer_given_as_json_is_still_to_be_fetched(api: Api) -> None:
    shown = api.post(interchange(ACME, 1, despatch("D1")), "acme", headers={"Accept": "application/json"})
    assert shown.status_code == 200 and states(api) == ["held"]
