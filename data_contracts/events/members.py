"""Which members each event type has, in the order in which XML writes them (EPCIS 2.0 clauses 7.4, 9 and 10).

Left the standard's name, as JSON-LD writes it; right the canonical member and what it holds. The format `epcis` reads and writes by this
table, and the mappings of events state it.
"""

from __future__ import annotations

from dataclasses import dataclass

EVENT_TYPES = ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent")

Row = tuple[str, str, str]
"""Standard's name, canonical member, what it holds (a method of the format's `Judge`)."""

_HEAD: tuple[Row, ...] = (
    ("eventTime", "occurred_at", "time"),
    ("recordTime", "recorded_at", "time"),
    ("eventTimeZoneOffset", "time_zone_offset", "offset"),
    ("eventID", "number", "uri"),
    ("errorDeclaration", "error_declaration", "declaration"),
    ("certificationInfo", "certification", "certificates"),
)
_STEP: tuple[Row, ...] = (
    ("bizStep", "biz_step", "biz_step"),
    ("disposition", "disposition", "disposition"),
    ("readPoint", "read_point", "place"),
    ("bizLocation", "biz_location", "place"),
)
_PARTIES: tuple[Row, ...] = (
    ("sourceList", "sources", "sources"),
    ("destinationList", "destinations", "destinations"),
    ("sensorElementList", "sensor_elements", "sensors"),
    ("persistentDisposition", "persistent_disposition", "persistent"),
)
_ACTION: Row = ("action", "action", "action")
_TRANSACTIONS: Row = ("bizTransactionList", "business_transactions", "transactions")
_PARENT: Row = ("parentID", "parent", "instance")
_CHILDREN: tuple[Row, ...] = (("childEPCs", "child_epcs", "instances"),)
_CHILD_QUANTITIES: Row = ("childQuantityList", "child_quantities", "quantities")

MEMBERS: dict[str, tuple[Row, ...]] = {
    "ObjectEvent": (
        *_HEAD, ("epcList", "epcs", "instances"), _ACTION, *_STEP, _TRANSACTIONS, ("quantityList", "quantities", "quantities"),
        *_PARTIES, ("ilmd", "ilmd", "ilmd"),
    ),
    "AggregationEvent": (*_HEAD, _PARENT, *_CHILDREN, _ACTION, *_STEP, _TRANSACTIONS, _CHILD_QUANTITIES, *_PARTIES),
    "AssociationEvent": (*_HEAD, _PARENT, *_CHILDREN, _CHILD_QUANTITIES, _ACTION, *_STEP, _TRANSACTIONS, *_PARTIES),
    "TransactionEvent": (
        *_HEAD, _TRANSACTIONS, _PARENT, ("epcList", "epcs", "instances"), _ACTION, *_STEP, ("quantityList", "quantities", "quantities"),
        *_PARTIES,
    ),
    "TransformationEvent": (
        *_HEAD, ("inputEPCList", "input_epcs", "instances"), ("inputQuantityList", "input_quantities", "quantities"),
        ("outputEPCList", "output_epcs", "instances"), ("outputQuantityList", "output_quantities", "quantities"),
        ("transformationID", "transformation_id", "uri"), *_STEP, _TRANSACTIONS, *_PARTIES, ("ilmd", "ilmd", "ilmd"),
    ),
}  # fmt: skip
"""By event type."""

ITEMS = {
    "epcList": "epc", "childEPCs": "epc", "inputEPCList": "epc", "outputEPCList": "epc",
    "quantityList": "quantityElement", "childQuantityList": "quantityElement",
    "inputQuantityList": "quantityElement", "outputQuantityList": "quantityElement",
    "bizTransactionList": "bizTransaction", "sourceList": "source", "destinationList": "destination",
    "sensorElementList": "sensorElement", "correctiveEventIDs": "correctiveEventID",
}  # fmt: skip
"""What XML calls the elements of a list."""


@dataclass(frozen=True, slots=True)
class Field:
    """A plain field of a nested record: canonical member and what it holds."""

    member: str
    kind: str


METADATA: dict[str, Field] = {
    "time": Field("time", "time"), "startTime": Field("start_time", "time"), "endTime": Field("end_time", "time"),
    "deviceID": Field("device_id", "uri"), "deviceMetadata": Field("device_metadata", "uri"), "rawData": Field("raw_data", "uri"),
    "dataProcessingMethod": Field("data_processing_method", "uri"), "bizRules": Field("biz_rules", "uri"),
}  # fmt: skip
REPORT: dict[str, Field] = {
    "type": Field("type", "measurement"), "exception": Field("exception", "sensor_alert"), "deviceID": Field("device_id", "uri"),
    "deviceMetadata": Field("device_metadata", "uri"), "rawData": Field("raw_data", "uri"),
    "dataProcessingMethod": Field("data_processing_method", "uri"), "bizRules": Field("biz_rules", "uri"), "time": Field("time", "time"),
    "microorganism": Field("microorganism", "uri"), "chemicalSubstance": Field("chemical_substance", "uri"),
    "coordinateReferenceSystem": Field("coordinate_reference_system", "uri"), "value": Field("value", "number"),
    "component": Field("component", "component"), "stringValue": Field("string_value", "text"),
    "booleanValue": Field("boolean_value", "truth"), "hexBinaryValue": Field("hex_binary_value", "hexadecimal"),
    "uriValue": Field("uri_value", "uri"), "minValue": Field("min_value", "number"), "maxValue": Field("max_value", "number"),
    "meanValue": Field("mean_value", "number"), "sDev": Field("s_dev", "number"), "percRank": Field("perc_rank", "number"),
    "percValue": Field("perc_value", "number"), "uom": Field("unit", "text"),
}  # fmt: skip

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
PREFIXES = {
    "epcis": "https://ref.gs1.org/epcis/", "cbv": "https://ref.gs1.org/cbv/", "cbvmda": "urn:epcglobal:cbv:mda", "gs1": "https://gs1.org/voc/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#", "owl": "http://www.w3.org/2002/07/owl#", "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}  # fmt: skip
"""Prefixes that the context of the standard declares; an event may use them without declaring them itself."""
