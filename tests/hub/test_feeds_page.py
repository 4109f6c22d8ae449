"""docs/feeds.md, followed to the letter: a site of its blocks is sound, and its sample becomes stock."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest

from connectors.feed_values import KINDS
from hub import soundness
from hub.examine import Claimant, examine
from hub.site import Site
from tests.hub.conftest import SITE

PAGE = (SITE.parents[2] / "docs" / "feeds.md").read_text(encoding="utf-8")
BLOCKS: dict[str, str] = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
FILES = {
    "grammar": "grammars/delimited/pudong_stock.yaml",
    "mapping": "mappings/delimited/pudong_stock.yaml",
    "codes": "codes/pudong_status.csv",
    **{name: f"{name}.yaml" for name in ("partners/pudong", "agreements/pudong_stock", "flows/pudong_stock")},
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = Path(shutil.copytree(SITE, tmp_path / "site"))
    for name, file in FILES.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(BLOCKS[name], encoding="utf-8")
    return Site.load(folder)


def test_the_site_of_the_page_is_sound(site: Site) -> None:
    assert [(one.place.path, one.text()) for one in soundness.faults(site)] == []


def test_the_sample_of_the_page_becomes_stock(site: Site) -> None:
    sample = BytesIO(BLOCKS["sample"].encode())
    (examined,) = examine(sample, site, Claimant("pudong"), datetime(2026, 11, 23, tzinfo=UTC).date()).messages
    assert [finding.text() for finding in examined.findings if finding.severity == "error"] == []
    assert examined.entity is not None
    assert [(line["item_code"], line["status"], line["quantity"]) for line in examined.entity["lines"]] == [
        ("RM-1", "available", Decimal(1200)),
        ("RM-2", "blocked", Decimal(50)),
    ]


def test_the_page_names_every_type() -> None:
    assert [kind for kind in KINDS if f"`{kind}`" not in PAGE] == []
