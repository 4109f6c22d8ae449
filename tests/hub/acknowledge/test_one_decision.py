"""What is refused is told as refused, and nothing else is: the fate of a message and the answer to its syntax are one decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.answering import Received
from connectors.registry import answering_of, format_named
from connectors.spec import Envelope
from data_contracts.findings import Finding, Place
from hub.acknowledge import say
from hub.examine import ExaminedInterchange, examine_message
from hub.site import AgreedMessage, Agreement, DialectProfile, Site
from hub.store import tables
from tests.connectors.formats.edifact import samples as edifact
from tests.connectors.formats.x12 import samples as x12
from tests.hub.acknowledge.conftest import Open
from tests.hub.acknowledge.test_business import answers
from tests.hub.conftest import take
from tests.hub_api.papers import ACME, despatch, found, interchange

SAMPLES = Path(__file__).parents[2] / "samples"
SITE = Site.load(SAMPLES / "site")
BACK = Envelope("ZZ:NORTH", "ZZ:ACME", 501, 601, 701, datetime(2026, 11, 22, 15, 30, tzinfo=UTC), version="004010")


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


FORMATS = {
    # its answer to syntax, a document, a rule of its syntax, a code of its standard (none: faults are told in words), its frame
    "x12": ("997", x12.one("850", x12.ORDER), "X12-E07", "7", "ST"),
    "edifact": ("CONTRL", edifact.one("ORDERS", edifact.ORDER), "EDF-E12", "12", "UNH"),
    "idoc": ("STATUS", sample("idoc/ORDERS05.xml"), "IDC-10", None, "EDI_DC40"),
    "ubl": ("MessageLevelResponse", sample("ubl/Order.xml"), "UBL-02", None, None),
    "cxml": ("Response", sample("cxml/OrderRequest.xml"), "FED-02", None, None),
    "b2mml": ("ConfirmBOD", sample("b2mml/MaterialLot.xml"), "FED-02", None, None),
}


@pytest.mark.parametrize("syntax", FORMATS)
@pytest.mark.parametrize("accepts", [False, True], ids=["strict", "accept_with_errors"])
def test_a_message_is_refused_in_its_answer_exactly_when_nothing_of_it_is_applied(syntax: str, accepts: bool) -> None:
    kind, document, rule, code, frame = FORMATS[syntax]
    answering = answering_of(syntax)
    assert answering is not None
    events = list(format_named(syntax).read(BytesIO(document), SITE.profile(next(iter(SITE.agreements.values()))), None))
    opened = next(event.interchange for event in events if event.interchange is not None)
    groups = [event.group for event in events if event.kind == "group_end" and event.group is not None]
    event = next(event for event in events if event.message is not None)
    read = event.message
    assert read is not None and read.root is not None
    agreement = Agreement(
        agreement=f"one_decision_{syntax}_{accepts}", partner="acme", organisation="north", direction="in", format=syntax,
        messages=(AgreedMessage(type=read.type, mapping=f"{syntax}/{read.type}"),),
        profile=DialectProfile(accept_with_errors=accepts, time_zone="UTC"),
    )  # fmt: skip
    profile = SITE.profile(agreement)
    fates = set()
    for severity, action, coded, place, readable in product(
        ("error", "warning"), ("none", "message", "flow"), (True, False), (frame, "OTHER"), (True, False)
    ):
        wrong = Finding(rule, Place(place, 3), None, "x", code if coded else None, severity, action)  # type: ignore[arg-type]
        message = replace(read, findings=[wrong], root=read.root if readable else None)
        inside = ExaminedInterchange(replace(opened, findings=[]), agreement, profile, syntax, groups)
        examined = examine_message(message, event.group, inside, SITE, date(2026, 11, 22))
        say.remember(inside, examined)
        received = Received(inside.interchange, groups, inside.verdicts, [], False)
        word, content = answering.write(kind, received, BACK, profile)
        assert (word == "rejected") == (examined.fate == "rejected"), (wrong, readable, examined.fate, content)
        assert not (severity == "error" and examined.fate == "ready") or accepts, "what is wrong by agreement is held, if not refused"
        fates.add(examined.fate)
    assert "rejected" in fates and fates - {"rejected"}


@pytest.mark.parametrize("consequence", ["{action: message}", "{severity: error}"])
def test_a_count_that_the_agreement_gives_a_consequence_holds_what_the_syntax_answer_took(open_with: Open, consequence: str) -> None:
    old = "route: {use: response}}\nprofile: {time_zone: Europe/Berlin}\nrules:\n"
    new = old.replace("response}}", "response}, application: on_error}") + f"  X12-T01: {consequence}\n"
    hub = open_with({"agreements/acme_in.yaml": (old, new)})
    body = despatch("D1")
    body[-1] = "CTT*9"
    landing = take(hub, interchange(ACME, 1, body), "acme")
    said = answers(hub, landing.document_id)
    assert found(said["997"], "AK5") == [["AK5", "A"]] and found(said["997"], "AK9") == [["AK9", "A", "1", "1", "1"]]
    assert [segment[1] for segment in found(said["824"], "OTI")] == ["TR"]
    assert found(said["824"], "TED")[0][2].startswith("X12-T01 ")
    with hub.database.read() as connection:
        assert connection.execute(sa.select(tables.exchange.c.state)).scalars().all() == ["quarantined"]


def test_a_tree_that_nobody_needs_any_more_is_no_message_that_could_not_be_read(open_with: Open) -> None:
    hub = open_with({})
    good, held = despatch("D1"), despatch("D2", gtin="06901234000029")
    landing = take(hub, interchange(ACME, 1, good, held), "acme")
    said = answers(hub, landing.document_id)
    assert found(said["997"], "AK5") == [["AK5", "A"]] * 2 and found(said["997"], "AK9") == [["AK9", "A", "2", "2", "2"]]
    with hub.database.read() as connection:
        states = connection.execute(sa.select(tables.exchange.c.state).order_by(tables.exchange.c.id)).scalars().all()
    assert states == ["applied", "quarantined"]
