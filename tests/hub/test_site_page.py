"""docs/site.md: its agreement in B2MML, followed to the letter, is sound and takes a document of that MES."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

from hub import soundness
from hub.examine import Claimant, examine
from hub.site import Site
from tests.hub.conftest import SITE

PAGE = (SITE.parents[2] / "docs" / "site.md").read_text(encoding="utf-8")
STATED = (
    '<SyncProductionPerformance xmlns="http://www.mesa.org/xml/B2MML-V0600" releaseID="1"><ApplicationArea><Sender><LogicalID>MES-CORK'
    "</LogicalID></Sender><CreationDateTime>2026-11-21T14:00:00Z</CreationDateTime><BODID>B-1</BODID></ApplicationArea>"
    "<DataArea><Sync/>{}</DataArea></SyncProductionPerformance>"
)


def test_the_agreement_in_b2mml_takes_what_states_its_sender_and_what_a_flow_brings(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SITE, tmp_path / "site"))
    (shown,) = re.findall(r"^```yaml agreements/mes_cork\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (folder / "agreements" / "mes_cork.yaml").write_text(shown, encoding="utf-8")
    (folder / "partners" / "mes.yaml").write_text("version: 1\npartner: mes\nname: MES\nkind: mes\n", encoding="utf-8")
    site = Site.load(folder)
    assert [one.place.path for one in soundness.faults(site) if one.severity == "error"] == []
    bare = (SITE.parent / "b2mml" / "ProductionPerformance.xml").read_text(encoding="utf-8").partition("?>")[2]
    for text, claimant in ((STATED.format(bare), Claimant("mes")), (bare.strip(), Claimant("mes", agreement="mes_cork"))):
        (tmp_path / "f.xml").write_text(text, encoding="utf-8")
        with (tmp_path / "f.xml").open("rb") as stream:
            examination = examine(stream, site, claimant, date(2026, 11, 22))
        (one,) = examination.messages
        assert one.agreement is not None and one.agreement.agreement == "mes_cork"
        assert one.entity is not None and one.entity["entity"] == "ProductionEvent"
