"""What a mapping does not take: dry runs tell all of it, the worker what got lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from hub.check import check_file, exit_code
from hub.cli import application
from hub.examine import Claimant, ExaminedInterchange, examine
from hub.runtime import Hub
from hub.site import Site
from hub.store import tables
from tests.hub.conftest import SITE, take

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
DESPATCH = (
    "ISA*00*          *00*          *ZZ*ACME           *ZZ*NORTH          *261122*0830*U*00401*000000007*0*P*>~"
    "GS*SH*ACME*NORTH*20261122*0830*7*X*004010~"
    "ST*856*0001~BSN*00*SH7*20261122*0830~HL*1**S~TD1*CTN*1~REF*ZZ*first~REF*ZZ*second~"
    "HL*2*1*O~PRF*4500000007~HL*3*2*I~LIN*1*VP*A-1~SN1**5*EA~REF*LT*L1~DTM*036*20310630~DTM*036*20310731~CTT*3~SE*16*0001~"
    "GE*1*7~IEA*1*000000007~"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "despatch.edi"
    path.write_text(DESPATCH, encoding="ascii")
    return path


def test_a_dry_run_tells_what_the_mapping_does_not_take(file: Path) -> None:
    answer = check_file(file, Site.load(SITE), Claimant("acme"), NOW)
    (message,) = answer["interchanges"][0]["groups"][0]["messages"]
    told = [
        (finding["rule"], finding["severity"], finding["place"]["segment"], finding["place"]["position"]) for finding in message["findings"]
    ]
    # REF*ZZ is nothing the mapping knows; TD1 is ignored on purpose; of two days of expiry the second was not taken
    assert told == [("MAP-05", "warning", "DTM", 14), ("MAP-01", "info", "REF", 5)]
    assert (message["valid"], exit_code(answer)) == (True, 0)


def test_map_tells_it_beside_what_was_mapped(file: Path, tmp_path: Path) -> None:
    environment = {"UDIHUB_HOME": str(tmp_path), "UDIHUB_SITE": str(SITE), "UDIHUB_CLOCK": NOW.isoformat()}
    run = CliRunner().invoke(application(), ["map", str(file), "--partner", "acme"], env=environment)
    assert run.exit_code == 0
    (line,) = json.loads(run.stdout)["lines"]
    assert (line["quantity"], line["lot"]) == ("5", "L1")
    assert [text.split()[:3] for text in run.stderr.splitlines()] == [["warning", "MAP-05", "DTM02"], ["info", "MAP-01", "REF"]]


def test_map_without_a_partner_reads_by_the_shipped_mapping_and_says_so(file: Path, tmp_path: Path) -> None:
    environment = {"UDIHUB_HOME": str(tmp_path), "UDIHUB_SITE": str(SITE), "UDIHUB_CLOCK": NOW.isoformat()}
    run = CliRunner().invoke(application(), ["map", str(file)], env=environment)
    assert (run.exit_code, json.loads(run.stdout)["lines"][0]["lot"]) == (0, "L1")
    assert "x12/856" in next(line for line in run.stderr.splitlines() if "AGR-07" in line)


def test_the_worker_tells_what_got_lost_and_in_one_finding_all_that_nobody_maps(hub: Hub) -> None:
    take(hub, DESPATCH.encode(), "acme")
    with hub.database.read() as connection:
        assert connection.execute(sa.select(tables.exchange.c.state)).scalars().all() == ["applied"]
        found, left = connection.execute(sa.select(tables.finding).order_by(tables.finding.c.id)).all()
    assert (left.rule, left.severity, left.got, left.params["count"]) == ("MAP-14", "info", "HL/REF (ZZ)", "1")
    assert (found.rule, found.severity, found.expected, found.got) == ("MAP-05", "warning", "20310630", "20310731")
    assert (found.place["segment"], found.place["position"]) == ("DTM", 14)


PREMIUM = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PROVIDER       *261122*0830*^*00501*000000001*0*T*:~"
    "GS*HP*PAYER*PROVIDER*20261122*0830*1*X*005010X221A1~ST*835*0001~"
    "BPR*I*150*C*CHK************20261122~TRN*1*12345*1512345678~DTM*405*20261122~"
    "N1*PR*NORTH PAYER~N3*1 MAIN ST~N4*TOLEDO*OH*43604~PER*BL*DESK*TE*8005551234~N1*PE*SOUTH CLINIC*XX*1234567893~"
    "SE*10*0001~GE*1*1~IEA*1*000000001~"
)


STREETLESS = PREMIUM.replace("~N3*1 MAIN ST", "").replace("SE*10", "SE*9")


@pytest.mark.parametrize(("text", "accepted"), [(PREMIUM, True), (STREETLESS, False)])
def test_a_set_of_healthcare_that_we_do_not_know_gets_pyx12s_opinion(text: str, accepted: bool, tmp_path: Path) -> None:
    """We refuse an 835, since no grammar of ours describes it; the second judge reads it by its own map all the same."""
    path = tmp_path / "remittance.edi"
    path.write_text(text, encoding="ascii")
    environment = {"UDIHUB_HOME": str(tmp_path), "UDIHUB_CLOCK": NOW.isoformat()}
    run = CliRunner().invoke(application(), ["check", str(path), "--json", "--second-opinion"], env=environment)
    answer = json.loads(run.stdout)
    (message,) = answer["interchanges"][0]["groups"][0]["messages"]
    assert (run.exit_code, message["type"], [finding["rule"] for finding in message["findings"]]) == (1, "835", ["X12-M01"])
    assert answer["second_opinion"]["accepted"] is accepted


def test_interchanges_are_told_apart_by_what_they_are_and_not_by_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def compared(self: ExaminedInterchange, other: object) -> bool:
        raise AssertionError("comparing each interchange with all before it takes their square")

    monkeypatch.setattr(ExaminedInterchange, "__eq__", compared)
    examined = examine(BytesIO((DESPATCH * 3).encode()), Site.load(SITE), Claimant("acme"), NOW.date())
    assert [len(interchange.messages) for interchange in examined.interchanges] == [1, 1, 1]
