"""The EPCIS event hash (CBV 2.0 clause 8.9): one number for the same event, in whatever syntax and order it was written.

    ni:///sha-256;<64 hexadecimal digits>?ver=CBV2.0

The event is written as one text in a fixed order of fields, without separators: lists sorted, times in UTC with milliseconds, numbers
without trailing zeros, terms and identifiers as web addresses (`things.py`), users' fields with their name space in braces. eventID,
recordTime and the error declaration take no part, so that an error declaration has the hash of the event that it declares. The type of a
business transaction, source or destination stands before its identifier: the text of the clause has it behind, the published hashes and the
programs that made them have it in front.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from data_contracts.events.things import identify
from data_contracts.events.vocabulary import Kind, vocabularies, vocabulary

_NUMERAL = re.compile(r"[+-]?(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_CURIES = {"gs1:": "https://gs1.org/voc/", "cbv:": "https://ref.gs1.org/cbv/", "epcis:": "https://ref.gs1.org/epcis/"}
_HALF = timedelta(microseconds=500)

_METADATA = (
    ("time", "time"), ("startTime", "start_time"), ("endTime", "end_time"), ("deviceID", "device_id"),
    ("deviceMetadata", "device_metadata"), ("rawData", "raw_data"), ("dataProcessingMethod", "data_processing_method"),
    ("bizRules", "biz_rules"),
)  # fmt: skip
_REPORT: tuple[tuple[str, str, Kind | None], ...] = (
    ("type", "type", "measurement"), ("exception", "exception", "sensor_alert"), ("deviceID", "device_id", None),
    ("deviceMetadata", "device_metadata", None), ("rawData", "raw_data", None), ("dataProcessingMethod", "data_processing_method", None),
    ("time", "time", None), ("microorganism", "microorganism", None), ("chemicalSubstance", "chemical_substance", None),
    ("value", "value", None), ("component", "component", "component"), ("stringValue", "string_value", None),
    ("booleanValue", "boolean_value", None), ("hexBinaryValue", "hex_binary_value", None), ("uriValue", "uri_value", None),
    ("minValue", "min_value", None), ("maxValue", "max_value", None), ("meanValue", "mean_value", None), ("sDev", "s_dev", None),
    ("percRank", "perc_rank", None), ("percValue", "perc_value", None), ("uom", "unit", None),
    ("coordinateReferenceSystem", "coordinate_reference_system", None),
)  # fmt: skip
COMMENT = "{http://www.w3.org/2000/01/rdf-schema#}comment"
"""A remark for people: no part of what the event says."""
_CHILDREN = "AggregationEvent", "AssociationEvent"


def event_hash(event: Mapping[str, Any]) -> str:
    """The hash URI of a canonical event (plain dictionary)."""
    return f"ni:///sha-256;{hashlib.sha256(pre_hash(event).encode('utf-8', 'surrogatepass')).hexdigest()}?ver=CBV2.0"


def pre_hash(event: Mapping[str, Any]) -> str:
    """The text that is hashed."""
    get = event.get
    out = [f"eventType={event['entity']}eventTime={_instant(event['occurred_at'])}eventTimeZoneOffset={event['time_zone_offset']}"]
    children = event["entity"] in _CHILDREN
    out += _listed("epcList", "epc", get("epcs"))
    if get("parent"):
        out.append(f"parentID={_text(event['parent'])}")
    out += _listed("inputEPCList", "epc", get("input_epcs"))
    if children:
        out += _listed("childEPCs", "epc", get("child_epcs"))
    out += _quantities("quantityList", get("quantities"))
    out += _quantities("childQuantityList", get("child_quantities"))
    out += _quantities("inputQuantityList", get("input_quantities"))
    out += _listed("outputEPCList", "epc", get("output_epcs"))
    out += _quantities("outputQuantityList", get("output_quantities"))
    for name, member in (("action", "action"), ("transformationID", "transformation_id")):
        if get(member):
            out.append(f"{name}={_text(event[member])}")
    for name, kind in (("bizStep", "biz_step"), ("disposition", "disposition")):
        if get(kind):
            out.append(f"{name}={_term(kind, event[kind])}")
    out += _persistent(get("persistent_disposition"))
    for name, member in (("readPoint", "read_point"), ("bizLocation", "biz_location")):
        if get(member):
            out.append(f"{name}id={_text(event[member])}{_extensions(get(f'{member}_extensions'))}")
    out += _typed("bizTransactionList", "bizTransaction", "business_transaction", get("business_transactions"))
    out += _typed("sourceList", "source", "source_or_destination", get("sources"))
    out += _typed("destinationList", "destination", "source_or_destination", get("destinations"))
    if get("sensor_elements"):
        out.append("sensorElementList" + "".join(sorted(_sensor(one) for one in event["sensor_elements"])))
    if get("ilmd"):
        out.append("ilmd" + _extensions(event["ilmd"]))
    out.append(_extensions(get("extensions")))
    return "".join(out)


def _listed(name: str, item: str, values: Sequence[str] | None) -> list[str]:
    return [name, *sorted(f"{item}={_text(value)}" for value in values)] if values else []


def _quantities(name: str, rows: Sequence[Mapping[str, Any]] | None) -> list[str]:
    if not rows:
        return []
    said = []
    for row in rows:
        amount = f"quantity={_number(row['quantity'])}" if row.get("quantity") is not None else ""
        unit = f"uom={row['unit']}" if row.get("unit") else ""
        said.append(f"quantityElementepcClass={_text(row['epc_class'])}{amount}{unit}")
    return [name, *sorted(said)]


def _typed(name: str, item: str, kind: Kind, rows: Sequence[Mapping[str, Any]] | None) -> list[str]:
    if not rows:
        return []
    return [name, *sorted(f"{'type=' + _term(kind, row['type']) if row.get('type') else ''}{item}={_text(row['id'])}" for row in rows)]


def _persistent(said: Mapping[str, Any] | None) -> list[str]:
    if not said:
        return []
    out = ["persistentDisposition"]
    for name in ("set", "unset"):
        out += sorted(f"{name}={_term('disposition', term)}" for term in said.get(name) or ())
    return out


def _sensor(element: Mapping[str, Any]) -> str:
    out = ["sensorElement"]
    metadata = element.get("metadata")
    if metadata:
        fields = [f"{name}={_any(metadata[member])}" for name, member in _METADATA if metadata.get(member) is not None]
        out.append("sensorMetadata" + "".join(fields) + _extensions(metadata.get("extensions")))
    out += sorted(_report(report) for report in element.get("reports") or ())
    out.append(_extensions(element.get("extensions")))
    return "".join(out)


def _report(report: Mapping[str, Any]) -> str:
    out = ["sensorReport"]
    for name, member, kind in _REPORT:
        value = report.get(member)
        if value is not None:
            out.append(f"{name}={_term(kind, value) if kind is not None else _any(value)}")
    out.append(_extensions(report.get("extensions")))
    return "".join(out)


def _extensions(fields: Mapping[str, Any] | None) -> str:
    """Users' fields with everything below them, sorted as texts at each level."""
    return "".join(sorted(_fields(fields.items()))) if fields else ""


def _fields(items: Iterable[tuple[str, Any]]) -> list[str]:
    out = []
    for name, value in items:
        if name == COMMENT:
            continue
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, Mapping):
                text = one.get("#text")
                out.append(
                    (f"{name}={_any(text)}" if text is not None else name)
                    + "".join(sorted(_fields((key, below) for key, below in one.items() if key != "#text")))
                )
            elif isinstance(one, list):
                out.append(name + "".join(sorted(_fields([(name, one)]))))
            else:
                said = _any(one)
                out.append(f"{name}={said}" if said else name)
    return out


def _any(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | int):
        return _number(Decimal(value))
    return _text(str(value))


@lru_cache(maxsize=65_536)
def _text(text: str) -> str:
    """A text as it is hashed: identifiers as canonical Digital Links, numerals without zeros that say nothing."""
    text = text.strip()
    if ":" in text:
        prefix = text.partition(":")[0] + ":"
        if prefix in _CURIES:
            return _CURIES[prefix] + text[len(prefix) :]
        if text.startswith("urn:epcglobal:cbv:"):
            return _web_address(text)
        return identify(text).uri
    return _number(Decimal(text)) if _NUMERAL.fullmatch(text) else text


def _web_address(urn: str) -> str:
    for known in vocabularies().values():
        if known.urn is not None and urn.startswith(known.urn):
            return known.web + urn[len(known.urn) :]
    return urn


@lru_cache(maxsize=4096)
def _term(kind: Kind, term: str) -> str:
    known = vocabulary(kind)
    return known.address(term) if term in known.terms else _text(term)


def _number(value: Decimal) -> str:
    """`200.50` is 200.5, `1E+3` is 1000."""
    normal = value.normalize()
    return format(normal, "f") if normal else "0"


def _instant(value: datetime) -> str:
    """UTC with milliseconds; the third digit is rounded up from 5 on behind it."""
    utc = value.astimezone(UTC)
    if utc.microsecond % 1000:
        utc += _HALF
    return utc.isoformat(timespec="milliseconds")[:-6] + "Z"
