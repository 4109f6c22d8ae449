"""Which syntaxes a partner agreed on is said whole, whichever of them a file is not."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

from hub.examine import Claimant, examine
from hub.site import RuleOverride, Site
from hub.who import tolerant_profile
from tests.hub.conftest import SITE
from tests.hub.test_check import NOW


def test_a_partner_with_x12_and_a_feed_is_told_both(tmp_path: Path) -> None:
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    agreed = (site / "agreements" / "stock_north.yaml").read_text().replace("wms_stock", "supplier_confirmations")
    for old, new in (("stock_north", "prices"), ("partner: wms", "partner: acme"), ("json", "spreadsheet")):
        agreed = agreed.replace(old, new)
    (site / "agreements" / "prices.yaml").write_text(agreed)
    order = (SITE.parent / "edifact" / "ORDERS_D96A.edi").read_bytes()
    (finding,) = examine(BytesIO(order), Site.load(site), Claimant("acme"), NOW.date()).unreadable
    assert (finding.rule, finding.expected, finding.got) == ("AGR-03", "spreadsheet, x12", "edifact")


def test_an_agreement_that_thinks_less_of_a_rule_is_told_of_each_message_in_full(tmp_path: Path) -> None:
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    plain = Site.load(site)
    agreement = next(one for one in plain.agreements.values() if one.format == "x12" and not one.rules)
    lenient = agreement.model_copy(update={"rules": {"X12-E07": RuleOverride(severity="warning")}})
    for one, told in ((agreement, False), (lenient, True)):
        loaded = Site.load(site)
        assert loaded.profile(one).lenient is told and tolerant_profile(loaded, [one]).lenient is told
