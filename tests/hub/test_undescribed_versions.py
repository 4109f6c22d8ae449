"""A message of a version that no grammar describes is read by that of another, and that is told: with an agreement and without one."""

from __future__ import annotations

from io import BytesIO

import pytest

from hub.examine import Claimant, examine
from hub.site import Site
from tests.hub.conftest import SITE
from tests.hub.test_check import NOW
from tests.hub_api.papers import ACME, despatch, interchange

SAMPLES = SITE.parent
X12 = interchange(ACME, 1, despatch("D1"))
ORDERS = (SAMPLES / "edifact" / "ORDERS_D96A.edi").read_bytes()
CONTRL = (SAMPLES / "edifact" / "CONTRL_accepted.edi").read_bytes()


def told(content: bytes, site: Site, claimant: Claimant | None) -> list[tuple[str, str | None, str | None, str | None]]:
    """Severity, place, version that read and version that came of each AGR-09."""
    examination = examine(BytesIO(content), site, claimant, NOW.date())
    found = [finding for message in examination.messages for finding in message.findings if finding.rule == "AGR-09"]
    return [(finding.severity, finding.place.segment, finding.expected, finding.got) for finding in found]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (X12, []),
        (X12.replace(b"X*004010", b"X*004010VICS"), []),
        (X12.replace(b"X*004010", b"X*005030"), [("warning", "GS", "005010", "005030")]),
        (X12.replace(b"X*004010", b"X*003050"), [("warning", "GS", "004010", "003050")]),
        (X12.replace(b"X*004010", b"X*ABC"), []),  # its group is refused for that (X12-G02)
        (ORDERS, []),
        (ORDERS.replace(b":D:96A:", b":D:99A:"), [("warning", "UNH", "D.96A", "D.99A")]),
        (CONTRL, []),
    ],
)
def test_the_version_that_came_and_the_one_that_read_it_are_named(
    content: bytes, expected: list[tuple[str, str | None, str | None, str | None]]
) -> None:
    assert told(content, Site.empty(), None) == expected


def test_an_agreement_that_names_the_version_says_that_it_is_well() -> None:
    site, later = Site.load(SITE), X12.replace(b"X*004010", b"X*005030")
    agreement = site.agreements["acme_in"]
    named, any_version = (
        agreement.model_copy(update={"messages": [agreed.model_copy(update={"version": version}) for agreed in agreement.messages]})
        for version in ("005030", None)
    )
    for taken, severity in ((named, "info"), (any_version, "warning")):
        site.agreements["acme_in"] = taken
        assert told(later, site, Claimant("acme")) == [(severity, "GS", "005010", "005030")]
        (message,) = examine(BytesIO(later), site, Claimant("acme"), NOW.date()).messages
        assert message.fate == "ready"
