"""AS2 relations as the hub keeps them: certificates that end, what `udihub partner check` tells, and what a receipt is worth."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from connectors.transports.as2 import judged, mdn, mime
from connectors.transports.as2.message import Built, build
from connectors.transports.as2.station import station
from data_contracts.errors import AwaitedError, RefusedError, RetriableError
from hub import delivery
from hub.as2 import answers, expiry
from hub.as2.evidence import keep_sent
from hub.clock import FrozenClock
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Site
from hub.store import blobs, outbox, tables
from hub.store.as2_tables import as2_message
from tests.as2_keys import FROM, pair, settings

SITE = Path(__file__).parents[1] / "samples" / "site"
BYTES = b"ISA*00*~"


def hub_with(tmp_path: Path, database_url: str, clock: FrozenClock, **more: Any) -> Hub:
    """A hub that sends to Acme by AS2."""
    site, home = tmp_path / "site", tmp_path / "home"
    shutil.copytree(SITE, site)
    transport = {key: f"as2/{Path(str(value)).name}" if key.endswith("_file") else value for key, value in settings(home / "as2").items()}
    flow = yaml.safe_load((site / "flows" / "orders_to_acme.yaml").read_text())
    flow["on"] = flow.pop(True, None) or flow["on"]
    (site / "flows" / "orders_to_acme.yaml").write_text(
        yaml.safe_dump({**flow, "transport": {**transport, "url": "https://as2.acme.example/in", **more}})
    )
    return Hub.open(Settings(home, site, database_url, "en", 200_000, clock))


def test_a_certificate_that_ends_is_told_once_and_no_more_when_a_newer_one_is_agreed(
    tmp_path: Path, database_url: str, clock: FrozenClock
) -> None:
    hub = hub_with(tmp_path, database_url, clock)
    theirs, now = tmp_path / "home" / "as2" / "acme.pem", clock.now()
    site, home = Site.load(tmp_path / "site"), tmp_path / "home"
    assert (expiry.watch(hub), list(expiry.check(site, home, now))) == (0, [])
    old = pair("acme", FROM, datetime(2026, 12, 10, tzinfo=UTC)).certificate
    theirs.write_text(old)
    for expected in (1, 0, 0):
        hub.certificates_seen_on = None
        assert expiry.watch(hub) == expected
    with hub.database.read() as connection:
        (row,) = connection.execute(sa.select(tables.finding)).all()
    assert (row.rule, row.expected, row.closed_at) == ("AS2-10", "2026-12-10", None)
    (told,) = expiry.check(site, home, now)
    assert (told.rule, told.severity, told.place.path) == ("AS2-10", "warning", "flows/orders_to_acme.yaml: transport")
    assert [one.severity for one in expiry.check(site, home, datetime(2026, 12, 11, tzinfo=UTC))] == ["error"]
    theirs.write_text(old + pair("acme").certificate)
    hub.certificates_seen_on = None
    assert expiry.watch(hub) == 1
    with hub.database.read() as connection:
        assert connection.execute(sa.select(tables.finding.c.closed_at)).scalar_one() is not None
    theirs.write_text(old)
    hub.certificates_seen_on = None
    assert expiry.watch(hub) == 1, "the newer one is taken back"
    hub.site.flows.clear()
    hub.certificates_seen_on = None
    assert expiry.watch(hub) == 1, "nothing goes by AS2 any more"
    with hub.database.read() as connection:
        assert connection.execute(sa.select(tables.finding.c.id).where(tables.finding.c.closed_at.is_(None))).all() == []
    theirs.unlink()
    (missing,) = expiry.check(site, home, now)
    assert missing.rule == "SIT-14" and "cannot be read" in str(missing.got)
    hub.database.close()


@pytest.mark.parametrize(
    ("disposition", "change", "state"),
    [
        ("processed", None, "sent"),
        ("processed/warning: duplicate-document", None, "sent"),
        ("processed/error: decryption-failed", None, "dead"),
        ("failed/Failure: unsupported format", None, "dead"),
        ("processed/error: unexpected-processing-error", None, "waiting"),
        ("processed", lambda mic: ("AAAA", mic[1]), "dead"),
        ("processed", lambda mic: None, "dead"),
        ("processed/error: duplicate-document", None, "sent"),
        ("processed/warning: duplicate-document", lambda mic: None, "dead"),
    ],
    ids=[
        "processed",
        "duplicate",
        "decryption_failed",
        "unsupported_format",
        "may_heal",
        "another_mic",
        "no_mic",
        "duplicate_error",
        "duplicate_of_nothing",
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_receipt_decides_about_its_parcel_and_one_of_anybody_else_does_not(
    tmp_path: Path, database_url: str, clock: FrozenClock, disposition: str, change: Callable[[Any], Any] | None, state: str
) -> None:
    hub = hub_with(tmp_path, database_url, clock, mdn="async", answer_url="https://hub.example/as2")
    route = dict(hub.site.flows["orders_to_acme"].transport)
    with hub.database.begin("test") as uow:
        sha256, _ = blobs.keep(uow.connection, uow.home, BYTES)
        number = outbox.put(
            uow, outbox.Parcel("orders/1", 1, hub.partner_id("acme"), "document", route, "850.edi", "application/edi-x12", sha256)
        )
    (parcel,) = outbox.claim(hub.database, 1, 300)
    made = station(hub.route_settings(route))
    built: Built = build(made, BYTES, "850.edi", "application/edi-x12", "1@hub", clock.now())
    keep_sent(hub, parcel, route, built, None, None, False)
    delivery._awaited(hub, parcel, AwaitedError("200, the receipt is awaited", 3600))
    acme = station(settings(tmp_path / "acme", "acme", "hub"))
    mic = (built.mic, "sha-256")

    def hear(who: Any, original: str = "1@hub") -> bool:
        given = mdn.receipt(who, original, disposition, change(mic) if change else mic, "sha256", clock.now())
        return answers.hear(hub, mime.read(given), "ACME", "HUB")

    def stands() -> str:
        with hub.database.read() as connection:
            found: str = connection.execute(sa.select(tables.outbox.c.state).where(tables.outbox.c.id == number)).scalar_one()
        return found

    evil = station({**settings(tmp_path / "evil", "evil", "hub"), "ours": "ACME"})
    assert not hear(evil) and not hear(acme, "2@hub") and stands() == "waiting"
    assert hear(acme) and stands() == state
    with hub.database.read() as connection:
        rules = list(connection.execute(sa.select(tables.finding.c.rule).order_by(tables.finding.c.id)).scalars())
        row = connection.execute(sa.select(as2_message)).one()
    assert rules == ["AS2-09", "AS2-09", *(["OUT-02"] if state == "dead" else [])]
    assert row.disposition == disposition.lower() and row.receipt_sha256 is not None
    hub.database.close()


def test_a_receipt_for_another_message_is_no_answer() -> None:
    said = mdn.Receipt("2@hub", "processed", "", "AAAA", "sha256", None)
    with pytest.raises(RetriableError, match="another message"):
        judged(said, "1@hub", "AAAA", "sha256")
    with pytest.raises(RefusedError, match="names the MIC"):
        judged(said, "2@hub", "BBBB", "sha256")


@pytest.mark.parametrize("duplicate", ["processed/warning: duplicate-document", "processed/error: duplicate-document"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_repeat_whose_first_receipt_never_came_is_sent_by_the_word_duplicate_and_proven_when_that_one_comes_after_all(
    tmp_path: Path, database_url: str, clock: FrozenClock, duplicate: str
) -> None:
    hub = hub_with(tmp_path, database_url, clock, mdn="async", answer_url="https://hub.example/as2")
    route = dict(hub.site.flows["orders_to_acme"].transport)
    with hub.database.begin("test") as uow:
        sha256, _ = blobs.keep(uow.connection, uow.home, BYTES)
        outbox.put(uow, outbox.Parcel("orders/1", 1, hub.partner_id("acme"), "document", route, "850.edi", "application/edi-x12", sha256))
    built = build(station(hub.route_settings(route)), BYTES, "850.edi", "application/edi-x12", "1@hub", clock.now())
    for _ in range(2):
        (parcel,) = outbox.claim(hub.database, 1, 300)
        keep_sent(hub, parcel, route, built, None, None, False)
        delivery._awaited(hub, parcel, AwaitedError("200, the receipt is awaited", 3600))
        clock.advance(3601)
    acme = station(settings(tmp_path / "acme", "acme", "hub"))

    def hear(disposition: str, mic: tuple[str, str] | None) -> list[tuple[str, bool]]:
        given = mdn.receipt(acme, "1@hub", disposition, mic, "sha256", clock.now())
        assert answers.hear(hub, mime.read(given), "ACME", "HUB")
        with hub.database.read() as connection:
            assert connection.execute(sa.select(tables.outbox.c.state)).scalar_one() == "sent"
            return [(row.rule, row.closed_at is None) for row in connection.execute(sa.select(tables.finding))]

    assert hear(duplicate, None) == [("AS2-11", True)]
    assert hear(duplicate, None) == [("AS2-11", True)]
    assert hear("processed", (built.mic, "sha-256")) == [("AS2-11", False)]
    hub.database.close()


def test_a_reason_in_a_field_of_its_own_is_read_as_old_products_write_it(tmp_path: Path) -> None:
    """RFC 4130 section 7.5.6: `processed/warning`, and the field Warning."""
    hub, acme = station(settings(tmp_path, allow=["unsigned"])), station(settings(tmp_path, "acme", "hub"))
    given = mdn.receipt(acme, "1@hub", "processed/warning", None, None, datetime(2026, 11, 22, tzinfo=UTC))
    given = given.replace(b"processed/warning\r\n", b"processed/warning\r\nWarning: duplicate-document\r\n")
    assert mdn.understood(hub, mime.read(given), datetime(2026, 11, 22, tzinfo=UTC)).text == "processed/warning: duplicate-document"
