"""Which material of a B2MML object belongs together: what is one stock list, what is one run of production."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.formats.xml.places import text_at
from data_contracts.source import SourceRecord

_RESPONSES = ("OperationsResponse", "ProductionResponse")
_ACTUALS = ("MaterialActual", "MaterialProducedActual", "MaterialConsumedActual")


def places_of(record: SourceRecord, kind: str) -> set[str]:
    """Where the lots of a data area lie."""
    places = [
        text_at(location, "EquipmentID")
        for lot in record.children
        if lot.tag == kind
        for location in lot.children
        if location.tag in ("StorageLocation", "Location")
    ]
    return set(places)


def mixed_material(record: SourceRecord) -> str | None:
    """Why inputs and outputs of a performance cannot be laid to each other; null where they can.

    Several responses are several runs. A segment sums up those within it, so that a material that both state would count twice.
    """
    told = [child for child in record.children if child.tag in _RESPONSES and next(_material(child), None) is not None]
    if len(told) > 1:
        return f"{len(told)} responses"
    for segment in record.walk():
        if segment.tag != "SegmentResponse":
            continue
        own = {_name(actual) for actual in segment.children if actual.tag in _ACTUALS}
        inner = (_name(actual) for child in segment.children if child.tag == "SegmentResponse" for actual in _material(child))
        twice = next((name for name in inner if name in own), None)
        if twice is not None:
            return f"segment {text_at(segment, 'ID')} and one within it both state {' '.join(part for part in twice if part)}"
    return None


def _material(record: SourceRecord) -> Iterator[SourceRecord]:
    return (found for found in record.walk() if found.tag in _ACTUALS)


def _name(actual: SourceRecord) -> tuple[str, str, str]:
    definition = text_at(actual, "MaterialDefinitionID")
    return text_at(actual, "MaterialUse") or actual.tag, definition, text_at(actual, "MaterialLotID")
