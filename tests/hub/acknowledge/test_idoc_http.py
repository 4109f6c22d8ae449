"""IDocs over HTTP by the preset `sap-idoc`: SAP posts, and is told by a STATUS that is posted back; a busy SAP gets it later, once."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
import yaml

from connectors.formats.idoc import FORMAT
from connectors.spec import STRICT
from hub import outbound
from hub.clock import FrozenClock
from tests.hub.acknowledge.conftest import Open
from tests.hub.conftest import take
from tests.peers.rest_peer import running
from tests.peers.sap_port import Port, PortHandler

SAMPLES = Path(__file__).parents[2] / "samples" / "idoc"


def codes(content: bytes) -> list[tuple[str, str]]:
    """The IDocs that a STATUS speaks of, and what it says of each."""
    trees = [event.message.root for event in FORMAT.read(BytesIO(content), STRICT) if event.message is not None]
    return [(one.values["DOCNUM"], one.values["STATUS"]) for tree in trees if tree for one in tree.children if one.tag == "E1STATS"]


def test_sap_posts_and_a_status_is_posted_back(open_with: Open, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAP_PASSWORD", "geheim")
    lets_in = {"user": "HUB", "password_env": "SAP_PASSWORD"}
    with running(PortHandler, Port("HUB", "geheim")) as port:
        flow = {
            "version": 1,
            "flow": "sap_in",
            "preset": "sap-idoc",
            "resource": "documents_answered",
            "partner": "clinic",
            "organisation": "north",
            "given": {"address": port.url, "ours": "LS:UDIHUB", "theirs": "LI:V1001"},
            "transport": {"auth": lets_in},
            "agreed": {"acknowledge": {"route": {"auth": lets_in}}},
        }
        partner = "version: 1\npartner: clinic\nname: Clinic\nkind: supplier\n"
        hub = open_with({"partners/clinic.yaml": ("_", partner), "flows/sap_in.yaml": ("_", yaml.safe_dump(flow))})
        content = (SAMPLES / "DELVRY07.xml").read_bytes()
        port.busy = 1
        take(hub, content, "clinic")
        outbound.send(hub)
        assert port.taken == [], "SAP is busy: the answer waits"
        clock.advance(3600)
        outbound.send(hub)
        (status,) = port.taken
        assert port.clients == ["100"] and {code for _, code in codes(status)} == {"52"}, "taken, with what is said of it"
        take(hub, content, "clinic")
        clock.advance(3600)
        outbound.send(hub)
        assert len(port.taken) == 1, "the same IDoc again is answered in its response, and not posted once more"
        wrong = content.replace(b"0000000000005001", b"0000000000005009").replace(b"<MESTYP>DESADV<", b"<MESTYP>ORDCHG<")
        take(hub, wrong, "clinic")
        outbound.send(hub)
        assert len(port.taken) == 2 and {code for _, code in codes(port.taken[-1])} == {"56"}, (
            "what was not agreed is refused by a STATUS as well"
        )
