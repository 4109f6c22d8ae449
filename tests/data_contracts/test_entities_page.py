"""docs/entities.md is written from the models, so that whoever writes a mapping reads what the engine takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data_contracts.canonical import ENTITIES
from data_contracts.canonical.document import markdown
from data_contracts.errors import ConfigError
from mappings.targets import member

PAGE = Path(__file__).parents[2] / "docs" / "entities.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run: python -m data_contracts.canonical.document > docs/entities.md"


def test_every_entity_and_every_record_below_it_has_its_section() -> None:
    page = markdown()
    headings = re.findall(r"^##+ (\w+)$", page, re.MULTILINE)
    assert set(ENTITIES) <= set(headings) and len(headings) == len(set(headings))
    assert set(re.findall(r"\]\(#(\w+)\)", page)) <= {heading.lower() for heading in headings}
    assert "| **issued_at** | time |" in page and "| valid_from_on | date |" in page


def test_a_member_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"has no member `valid_from`; did you mean valid_from_on"):
        member(ENTITIES["PriceCatalogue"], "valid_from", "here")
