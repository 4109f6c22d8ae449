"""Finding what is overdue, and reading acknowledgements of both directions from the command line."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub import outbound
from hub.cli import application
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.store import listing
from tests.hub.conftest import SITE, take
from tests.hub_api.papers import ACME, despatch, interchange, orders


@pytest.fixture
def hub(sqlite_url: str, tmp_path: Path, clock: FrozenClock) -> Hub:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(sqlite_url.removeprefix("sqlite:///"), home / "udihub.db")
    return Hub.open(Settings(home, SITE, f"sqlite:///{home / 'udihub.db'}", "en", 1_000_000, clock))


def udihub(hub: Hub, *arguments: str) -> Result:
    environment = {"UDIHUB_HOME": str(hub.settings.home), "UDIHUB_SITE": str(SITE), "UDIHUB_CLOCK": hub.clock.now().isoformat()}
    return CliRunner().invoke(application(), list(arguments), env=environment)


def sent(hub: Hub) -> int:
    take(hub, orders("4500000001"), "erp", key="k1", agreement="orders_north")
    (exchange,) = outbound.push(hub, hub.site.flows["orders_to_acme"])
    outbound.send(hub)
    return exchange


def test_overdue_answers_are_listed_and_an_unknown_state_is_refused(hub: Hub) -> None:
    exchange = sent(hub)
    assert udihub(hub, "exchange", "list", "--state", "overdue", "--json").stdout == ""
    hub.clock.advance(timedelta(hours=25).total_seconds())  # type: ignore[attr-defined]
    outbound.watch(hub)
    (row,) = map(json.loads, udihub(hub, "exchange", "list", "--state", "overdue", "--json").stdout.splitlines())
    assert (row["id"], row["state"], row["acknowledgement"]) == (exchange, "sent", "overdue")
    assert "overdue" in udihub(hub, "exchange", "list").stdout
    refused = udihub(hub, "exchange", "list", "--state", "overdu")
    assert refused.exit_code != 0 and "did you mean overdue" in str(refused.exception)


def test_the_states_are_those_of_the_walk() -> None:
    walk = (SITE.parents[2] / "docs" / "walk.md").read_text().partition("## States of an exchange")[2]
    assert [state for state in listing.STATES if f"`{state}`" not in walk] == []


def test_what_the_partner_said_of_a_segment_can_be_read(hub: Hub) -> None:
    exchange = sent(hub)
    refusal = ["AK1*PO*1", "AK2*850*0001", "AK3*PO1*7**8", "AK4*3*355*7*EA", "AK5*R*5", "AK9*R*1*1*0"]
    take(hub, interchange(ACME, 7, refusal, code="997", group="FA"), "acme")
    shown = json.loads(udihub(hub, "exchange", "show", str(exchange), "--json").stdout)
    (answer,) = shown["answered_by"]
    assert (shown["acknowledgement"], answer["level"], answer["verdict"]) == ("rejected", "message", "rejected")
    told = udihub(hub, "exchange", "answers", str(exchange)).stdout
    assert told.startswith("997 rejected") and "  AK3*PO1*7**8~\n  AK4*3*355*7*EA~" in told


def test_our_own_acknowledgement_can_be_read(hub: Hub) -> None:
    landed = take(hub, interchange(ACME, 1, despatch("D1")), "acme")
    (row,) = map(json.loads, udihub(hub, "exchange", "list", "--json").stdout.splitlines())
    assert row["document_id"] == landed.document_id
    assert "AK5*A~" in udihub(hub, "exchange", "answers", str(row["id"])).stdout
