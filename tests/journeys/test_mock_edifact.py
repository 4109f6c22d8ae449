"""The same live partner in EDIFACT: ORDERS goes out, CONTRL, ORDRSP, DESADV and INVOIC come back, and each is answered with a CONTRL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.journeys.mock_edi import SITE, Trade

pytestmark = pytest.mark.slow
PLACED = "4500000042"
FULL = [(100, 100, 100, 100), (40, 40, 40, 40)]
TAKEN = ("acknowledged", "accepted")
TRADED = {"ORDRSP": ["applied"], "DESADV": ["applied"], "INVOIC": ["applied"]}
LATE_TOTALS = "EDF-S15"
"""Its INVOIC counts lines behind the amounts, where the directory has no place for a count: told, and taken as agreed."""


@pytest.fixture
def trade(tmp_path: Path, database_url: str) -> Iterator[Trade]:
    opened = Trade.open(tmp_path, database_url, site=SITE.parent / "mock_edifact")
    opened.mock.become("EURODIS", test=False)
    yield opened
    opened.close()


def test_an_order_is_confirmed_shipped_and_billed(trade: Trade) -> None:
    trade.place(PLACED)
    trade.talk()
    assert trade.sent() == [TAKEN]
    assert trade.states() == {"CONTRL": ["acknowledged"], **TRADED}
    assert trade.lines(PLACED) == FULL
    assert trade.answers() == [("CONTRL", "accepted")] * 3
    assert trade.findings() == [LATE_TOTALS] and trade.discrepancies() == []
    assert trade.mock.ask("GET", "/_mock/unacknowledged") == [], "each of its documents has our CONTRL"


@dataclass(frozen=True)
class Ending:
    """Where a behaviour leaves the hub."""

    lines: list[tuple[int | None, ...]]
    sent: tuple[str, str] = TAKEN
    states: dict[str, list[str]] = field(default_factory=lambda: {"CONTRL": ["acknowledged"], **TRADED})
    answers: tuple[str, ...] = ("accepted",) * 3
    findings: tuple[str, ...] = (LATE_TOTALS,)
    discrepancies: tuple[tuple[str, str], ...] = ()


NOTHING = [(100, None, None, None), (40, None, None, None)]
REASONS = ("EDF-S15", "EDF-S15")
"""Its reasons stand in an FTX behind PRI, where an ORDRSP has no place for one."""
ENDINGS = {
    "short-ship": Ending(
        [(100, 80, 80, 80), (40, 32, 32, 32)], findings=(*REASONS, LATE_TOTALS), discrepancies=(("ORD-17", "1"), ("ORD-17", "2"))
    ),
    "reject-all": Ending(
        [(100, 0, None, None), (40, 0, None, None)],
        states={"CONTRL": ["acknowledged"], "ORDRSP": ["applied"]},
        answers=("accepted",),
        findings=REASONS,
        discrepancies=(("ORD-17", "1"), ("ORD-17", "2")),
    ),
    # INVOIC, DESADV, ORDRSP: order does not matter.
    "out-of-order": Ending(FULL),
    # UNT is one out in all that it says: refused by our CONTRL, nothing is applied.
    "corrupt": Ending(
        NOTHING,
        states={"CONTRL": ["acknowledged"], "ORDRSP": ["rejected"], "DESADV": ["rejected"], "INVOIC": ["rejected"]},
        answers=("rejected",) * 3,
        findings=("EDF-M29", "EDF-M29", "EDF-M29", LATE_TOTALS),
    ),
    "reject-ack": Ending(NOTHING, sent=("failed", "rejected"), states={"CONTRL": ["acknowledged"]}, answers=(), findings=("ACK-02",)),
    "no-ack": Ending(NOTHING, sent=("sent", "awaited"), states={}, answers=(), findings=()),
}


@pytest.mark.parametrize("behaviour", sorted(ENDINGS))
def test_each_misbehaviour_ends_where_a_person_finds_it(trade: Trade, behaviour: str) -> None:
    ending = ENDINGS[behaviour]
    trade.mock.become("EURODIS", behaviour=behaviour)
    trade.place(PLACED)
    trade.talk()
    assert trade.sent() == [ending.sent] and trade.states() == ending.states
    assert trade.lines(PLACED) == ending.lines and trade.discrepancies() == sorted(ending.discrepancies)
    assert trade.answers() == [("CONTRL", word) for word in ending.answers]
    assert sorted(trade.findings()) == sorted(ending.findings)


def test_what_is_never_answered_is_overdue(trade: Trade) -> None:
    trade.mock.become("EURODIS", behaviour="no-ack")
    trade.place(PLACED)
    trade.talk()
    trade.wait(2 * 3600)
    trade.talk()
    assert "ACK-01" in trade.findings()
