"""Who sends is asked of what could be read: damaged XML names nobody, which is no attempt to pass for another."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import check
from hub.clock import FrozenClock
from hub.examine import Claimant
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import tables
from tests.hub.conftest import SITE, take
from tests.hub.test_worker import rules, states

INVOICE = (SITE.parent / "ubl" / "Invoice.xml").read_bytes()
AGREEMENT = """
version: 1
agreement: borealis_ubl
partner: borealis
organisation: north
direction: in
format: ubl
envelope: {sender: "0088:9506000000022", receiver: "0088:9506000000015"}
messages: [{type: Invoice, mapping: ubl/Invoice}]
acknowledge: {functional: always}
"""


@pytest.fixture
def hub(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Hub]:
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    (site / "agreements" / "borealis_ubl.yaml").write_text(AGREEMENT)
    settings = Settings(home=tmp_path / "home", site=site, database_url=database_url, language="en", max_body=1_000_000, clock=clock)
    opened = Hub.open(settings)
    yield opened
    opened.database.close()


def test_malformed_xml_is_told_by_its_own_fault_alone(hub: Hub, tmp_path: Path) -> None:
    torn = INVOICE.replace(b"</cbc:PriceAmount>", b"</cbc:PriceAmout>")
    landed = take(hub, torn, "borealis")
    assert (rules(hub, landed.document_id), states(hub, landed.document_id)) == (["XML-01"], ["rejected"])
    with hub.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.outbox)).scalar_one() == 0, "nobody is named to answer"
    path = tmp_path / "torn.xml"
    path.write_bytes(torn)
    answer = check.check_file(path, hub.site, Claimant("borealis"), hub.clock.now())
    found = [finding["rule"] for i in answer["interchanges"] for finding in [*i["findings"], *i["groups"][0]["messages"][0]["findings"]]]
    assert (found, answer["acknowledgement"]) == (["XML-01"], None)


def test_a_sound_document_without_endpoints_is_no_security_event_either(hub: Hub) -> None:
    endpoint, identification = rb"<cbc:EndpointID[^>]*>[^<]*</cbc:EndpointID>", rb"<cac:PartyIdentification>.*?</cac:PartyIdentification>"
    nameless = re.sub(endpoint + b"|" + identification, b"", INVOICE, flags=re.DOTALL)
    landed = take(hub, nameless, "borealis")
    assert rules(hub, landed.document_id) == ["AGR-06"]
