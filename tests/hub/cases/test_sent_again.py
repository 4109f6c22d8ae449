"""What a partner sends again corrected ends the case of what was held or refused, and opens it again when it is taken back."""

from __future__ import annotations

import sqlalchemy as sa

from hub import exchange, pipeline
from hub.cases import shown as opened
from hub.cases.acts import Who
from hub.runtime import Hub
from hub.store import cases, evidence, listing
from hub.store.settled import decided
from hub.store.tables import exchange as exchanges
from tests.hub.cases.test_following import listed, only, steps
from tests.hub.conftest import take
from tests.hub_api.papers import ACME, BOREALIS, WRONG_GTIN, despatch, interchange


def _number(hub: Hub, subject: str) -> int:
    """The newest exchange that speaks of it."""
    with hub.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.max(exchanges.c.id)).where(exchanges.c.business_key == subject)).scalar_one())


def _held(hub: Hub, number: int) -> tuple[str, list[int], list[int]]:
    """How an exchange stands by itself, which are held, and which are settled."""
    with hub.database.read() as connection:
        rows = [[one["id"] for one in listing.exchanges(connection, state=state)] for state in ("quarantined", "settled")]
        return evidence.show(connection, number)["state"], rows[0], rows[1]


def test_a_held_message_that_is_sent_again_corrected_is_settled_until_that_is_taken_back(hub: Hub) -> None:
    take(hub, interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN), despatch("D2", gtin=WRONG_GTIN)), "acme")
    first = next(one for one in listed(hub, kinds=("held",)) if one["subject"] == "despatch_advice/D1")
    take(hub, interchange(BOREALIS, 1, despatch("D1")), "borealis")  # another partner's number is another document
    assert len(listed(hub, kinds=("held",))) == 2
    take(hub, interchange(ACME, 2, despatch("D1")), "acme")
    again = _number(hub, "despatch_advice/D1")
    assert [one["subject"] for one in listed(hub, kinds=("held",))] == ["despatch_advice/D2"]
    second = only(hub, kinds=("held",))["exchange_id"]
    with hub.database.read() as connection:  # what the page of what needs attention leaves out
        assert decided(connection, {first["exchange_id"], second, again}) == {first["exchange_id"]}
    assert _held(hub, first["exchange_id"])[0] == "settled" and _held(hub, first["exchange_id"])[2] == [first["exchange_id"]]
    for language, words in (("en", f"superseded by exchange {again}"), ("zh-CN", f"已由报文 {again} 取代")):
        with hub.database.read() as connection:
            last = opened.shown(hub, connection, first["id"], Who("Ann"), language)["story"][-1]  # type: ignore[arg-type]
        assert (last["action"], last["reason"], last["after"]) == ("closed", words, {"state": "closed", "superseded_by": again})
    held = exchange.correct(hub, again, {"lines[0].lot": "L9"}, "Ann", "they said so")
    assert [one["subject"] for one in listed(hub, kinds=("held",))] == ["despatch_advice/D2"]  # a correction of it settles as well
    with hub.database.begin("Ann") as uow:  # taken back: what it said is held now
        uow.connection.execute(sa.update(exchanges).where(exchanges.c.id == held).values(state="quarantined"))
    back = next(one for one in listed(hub, kinds=("held",)) if one["id"] == first["id"])
    assert (back["times"], steps(hub, first["id"])) == (2, ["opened", "closed", "reopened"])
    assert _held(hub, back["exchange_id"])[0] == "quarantined" and back["exchange_id"] in _held(hub, back["exchange_id"])[1]


def test_an_older_version_that_comes_late_settles_nothing(hub: Hub) -> None:
    late = [part.replace("20261122*0800*0001", "20261101*0800*0001") for part in despatch("D1")]
    take(hub, interchange(ACME, 1, despatch("D1", gtin=WRONG_GTIN)), "acme")
    take(hub, interchange(ACME, 2, late), "acme")
    assert only(hub, kinds=("held",))["subject"] == "despatch_advice/D1"


def test_an_envelope_that_was_refused_is_settled_when_all_its_messages_came_again(hub: Hub) -> None:
    take(hub, interchange(ACME, 1, despatch("D1"), despatch("D2"), miscounted=0), "acme")
    wrong = interchange(ACME, 2, despatch("D3"), despatch("D4")).replace(b"GE*2*2~", b"GE*7*2~")
    take(hub, wrong, "acme")
    before = {one["subject"]: one["id"] for one in listed(hub, kinds=("refused",))}
    assert len(before) == 2
    take(hub, interchange(ACME, 3, despatch("D1"), despatch("D3")), "acme")
    left = listed(hub, kinds=("refused",))
    assert [one["cause"] for one in left] == ["document"]
    take(hub, interchange(ACME, 4, despatch("D4")), "acme")
    assert listed(hub, kinds=("refused",)) == []
    with hub.database.read() as connection:
        assert cases.steps(connection, left[0]["id"])[-1]["after"]["superseded_by"] == _number(hub, "despatch_advice/D3")
    pipeline.reconcile(hub)
    assert steps(hub, left[0]["id"]) == ["opened", "closed"]
