"""A canonical record: every value has its path, and the path leads to the value."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hub.exchange import corrected
from hub_api.console.record_view import draw, marks, paths, spelled

ENTITY = {
    "entity": "DespatchAdvice",
    "@": 1,
    "purpose": "original",
    "number": "SHP1",
    "issued_at": datetime(2026, 11, 22, 8, tzinfo=UTC),
    "ship_to": {"gln": "8799999010009", "name": "A & B"},
    "lines": [
        {"@": 9, "line": "1", "gtin": "06901234000029", "quantity": Decimal("24"), "unit": "EA", "serials": ["S1", "S2"]},
        {"@": 12, "line": "2", "quantity": Decimal("0.5"), "unit": "KG"},
    ],
}


def test_paths_name_every_value_but_locators() -> None:
    found = {path: spelled(value) for path, value in paths(ENTITY)}
    assert found["ship_to.gln"] == "8799999010009"
    assert found["lines[0].serials[1]"] == "S2"
    assert found["lines[1].quantity"] == "0.5"
    assert found["issued_at"] == "2026-11-22T08:00:00+00:00"
    assert not any("@" in path or path == "entity" for path in found)


def test_a_path_of_the_form_is_a_path_of_the_correction() -> None:
    """What the form offers is what `exchange.correct` takes."""
    once = corrected(ENTITY, {path: spelled(value) for path, value in paths(ENTITY)})
    assert dict(paths(once)) == dict(paths(corrected(ENTITY, {})))
    assert corrected(ENTITY, {"lines[0].gtin": "06901234000023"})["lines"][0]["gtin"] == "06901234000023"


def test_marked_fields_stand_beside_the_line_number() -> None:
    found = [{"severity": "error", "place": {"path": "lines[1].unit"}}, {"severity": "warning", "place": {"path": None}}]
    assert marks(found) == {"lines[1].unit": "error"}
    drawn = draw(ENTITY, found)
    assert '<td class="error">KG</td>' in drawn
    assert drawn.index(">unit<") < drawn.index(">gtin<")
    assert "A &amp; B" in drawn
