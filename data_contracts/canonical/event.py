"""Visibility events (EPCIS 2.0 clause 7): what happened to which things, where, when and why.

    ObjectEvent          things were seen, commissioned or destroyed
    AggregationEvent     things were packed into, or taken out of, a unit
    TransactionEvent     things belong to a business document
    TransformationEvent  things were used up and others came out
    AssociationEvent     a thing was fitted to a piece of equipment or a place

Names are the standard's in our spelling. Terms of the Core Business Vocabulary are bare (`shipping`), a partner's own are URIs; EPCs,
classes and places are URIs as stated. What the standard leaves to users stands in `ilmd` and `extensions`, by names with their name
space in braces (`{urn:epcglobal:cbv:mda}lotNumber`); a value is a text, number, truth value, list, or object of such.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Literal

from data_contracts.canonical.base import BusinessDocument, Entity, Instant

Action = Literal["ADD", "OBSERVE", "DELETE"]


class EventQuantity(Entity):
    """How much of a class: a lot (`urn:epc:class:lgtin:…`), or all of a GTIN. Without a quantity: some, nobody counted."""

    epc_class: str
    quantity: Decimal | None = None
    unit: str | None = None
    """UN/ECE Recommendation 20 code; null: pieces."""


class BusinessTransaction(Entity):
    """A business document that the event belongs to."""

    type: str | None = None
    id: str


class SourceOrDestination(Entity):
    """Who owned or held the things, or where they were."""

    type: str
    id: str


class PersistentDisposition(Entity):
    """Conditions that hold from now on, or no longer."""

    set: list[str] = []
    unset: list[str] = []


class ErrorDeclaration(Entity):
    """The event with the same content, captured before, was in error."""

    declared_at: Instant
    reason: str | None = None
    corrective_event_ids: list[str] = []
    extensions: dict[str, Any] = {}


class SensorMetadata(Entity):
    """What measured, when and by which rules; holds for all reports of its element."""

    time: Instant | None = None
    start_time: Instant | None = None
    end_time: Instant | None = None
    device_id: str | None = None
    device_metadata: str | None = None
    raw_data: str | None = None
    data_processing_method: str | None = None
    biz_rules: str | None = None
    extensions: dict[str, Any] = {}


class SensorReport(Entity):
    """One measurement."""

    type: str | None = None
    exception: str | None = None
    device_id: str | None = None
    device_metadata: str | None = None
    raw_data: str | None = None
    data_processing_method: str | None = None
    biz_rules: str | None = None
    time: Instant | None = None
    microorganism: str | None = None
    chemical_substance: str | None = None
    coordinate_reference_system: str | None = None
    value: Decimal | None = None
    component: str | None = None
    string_value: str | None = None
    boolean_value: bool | None = None
    hex_binary_value: str | None = None
    uri_value: str | None = None
    min_value: Decimal | None = None
    max_value: Decimal | None = None
    mean_value: Decimal | None = None
    s_dev: Decimal | None = None
    perc_rank: Decimal | None = None
    perc_value: Decimal | None = None
    unit: str | None = None
    extensions: dict[str, Any] = {}


class SensorElement(Entity):
    """Measurements that were taken together."""

    metadata: SensorMetadata | None = None
    reports: list[SensorReport] = []
    extensions: dict[str, Any] = {}


class Event(BusinessDocument):
    """What every event has. `number` is its eventID, else the hash of its content; `issued_at` when it happened or was declared wrong."""

    event_hash: str
    """CBV 2.0 clause 8.9: equal for equal content, whatever the syntax; without eventID, recordTime and error declaration."""
    occurred_at: Instant
    time_zone_offset: str
    """Of the place: `+08:00`."""
    recorded_at: Instant | None = None
    """When the sender's own repository recorded it."""
    certification: list[str] = []
    error_declaration: ErrorDeclaration | None = None
    biz_step: str | None = None
    disposition: str | None = None
    persistent_disposition: PersistentDisposition | None = None
    read_point: str | None = None
    """Where it was seen."""
    read_point_extensions: dict[str, Any] = {}
    biz_location: str | None = None
    """Where the things are from then on."""
    biz_location_extensions: dict[str, Any] = {}
    business_transactions: list[BusinessTransaction] = []
    sources: list[SourceOrDestination] = []
    destinations: list[SourceOrDestination] = []
    sensor_elements: list[SensorElement] = []
    extensions: dict[str, Any] = {}
    namespaces: dict[str, str] = {}
    """Prefixes that the sender uses for the name spaces of extensions."""

    things: ClassVar[tuple[str, ...]] = ()
    """Members that hold EPCs."""
    amounts: ClassVar[tuple[str, ...]] = ()
    """Members that hold quantities."""


class ObjectEvent(Event):
    """Things were seen (OBSERVE), came to be (ADD) or ceased to be (DELETE)."""

    action: Action
    epcs: list[str] = []
    quantities: list[EventQuantity] = []
    ilmd: dict[str, Any] = {}

    things: ClassVar[tuple[str, ...]] = ("epcs",)
    amounts: ClassVar[tuple[str, ...]] = ("quantities",)


class AggregationEvent(Event):
    """Things were put into (ADD) or taken out of (DELETE) a unit, or seen in it; with DELETE, no children means all of them."""

    action: Action
    parent: str | None = None
    child_epcs: list[str] = []
    child_quantities: list[EventQuantity] = []

    things: ClassVar[tuple[str, ...]] = ("parent", "child_epcs")
    amounts: ClassVar[tuple[str, ...]] = ("child_quantities",)


class AssociationEvent(AggregationEvent):
    """As an aggregation, but of things that are fitted to equipment or a place: a sensor on a container."""


class TransactionEvent(Event):
    """Things are tied to business documents (ADD), or no longer (DELETE)."""

    action: Action
    parent: str | None = None
    epcs: list[str] = []
    quantities: list[EventQuantity] = []

    things: ClassVar[tuple[str, ...]] = ("parent", "epcs")
    amounts: ClassVar[tuple[str, ...]] = ("quantities",)


class TransformationEvent(Event):
    """Inputs were used up, outputs came out. Several events with one `transformation_id` are one transformation."""

    transformation_id: str | None = None
    input_epcs: list[str] = []
    input_quantities: list[EventQuantity] = []
    output_epcs: list[str] = []
    output_quantities: list[EventQuantity] = []
    ilmd: dict[str, Any] = {}

    things: ClassVar[tuple[str, ...]] = ("input_epcs", "output_epcs")
    amounts: ClassVar[tuple[str, ...]] = ("input_quantities", "output_quantities")
