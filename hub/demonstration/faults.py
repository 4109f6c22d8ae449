"""The planted faults: which kinds there are, what the hub must show for each, and `faults.json`.

Nothing in the hub reads `faults.json`; the demonstration compares it with what the hub found, entry by entry: none missing, none
surplus. `RULES_OF_KIND` is the one table to change when a rule is renamed, `SHOWN_BY` says where the hub must show it.

    discrepancy   open rows of `discrepancy`, by rule and subject:
                  {order_number, order_line[, lot]}, {location, item, gtin, lot} or {tax_number, codes}
    finding       findings of a document, by rule and {document}, closed ones too (ORD-01 is closed when the original arrives);
                  ACK-01 by {order_number}, since our own 850 is meant
    exchange      state of the exchange of {document}; `rule` holds the state's name
    subject       state of the subject {despatch_number}; `rule` holds the state's name

An entry: {"kind", "rule", "shown_by", "subject", "values", "answer"}. `values` are what the two sides say, as exact text
(`12.5`, never `12.50`); `answer` is what the partner gets back, null where the route answers nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RULES_OF_KIND: Mapping[str, str] = {
    # two sources disagree
    "short_shipment": "ORD-10",
    "receipt_difference": "ORD-12",
    "lot_never_shipped": "ORD-13",
    "price_difference": "ORD-14",
    "unit_convertible": "ORD-15",
    "unit_not_convertible": "ORD-15",
    "invoiced_too_much": "ORD-16",
    "systems_disagree": "STK-01",
    "expired_available": "STK-02",
    "supplier_twice": "MDM-01",
    "acknowledgement_missing": "ACK-01",
    # what came is refused, held, late or superseded
    "wrong_check_digit": "GS1-01",
    "interchange_repeated": "DUP-02",
    "control_reused": "DUP-03",
    "change_before_original": "ORD-01",
    "older_snapshot_last": "STK-03",
    "despatch_replaced": "superseded",
    "despatch_cancelled": "cancelled",
    # documents that can't be taken
    "empty_file": "FED-01",
    "binary_file": "FED-02",
    "truncated_interchange": "X12-I023",
    "wrong_interchange_control": "X12-I001",
    "wrong_segment_count": "X12-M04",
    "unknown_set": "X12-M01",
    "unknown_version": "AGR-01",
    "unknown_partner": "SEC-01",
    "another_partners_envelope": "SEC-01",
    "wrong_receiver": "SEC-02",
    "xml_with_doctype": "XML-02",
    "json_duplicate_key": "JSN-02",
    "csv_missing_column": "CSV-01",
    "wrong_charset": "FED-15",
}
"""Kind of fault to the public rule id (or exchange state) by which the hub must show it."""

SHOWN_BY: Mapping[str, str] = {
    **dict.fromkeys(RULES_OF_KIND, "finding"),
    **dict.fromkeys(
        (
            "short_shipment",
            "receipt_difference",
            "lot_never_shipped",
            "price_difference",
            "unit_convertible",
            "unit_not_convertible",
            "invoiced_too_much",
            "systems_disagree",
            "expired_available",
            "supplier_twice",
        ),
        "discrepancy",
    ),
    "despatch_replaced": "exchange",
    "despatch_cancelled": "subject",
}
"""Kind of fault to where it must be seen."""

COMES_ALONG: Mapping[str, tuple[str, ...]] = {
    "expired_available": ("LOT-02",),
    "unknown_set": ("X12-G01",),
    "truncated_interchange": ("X12-M02", "X12-G03"),
}
"""Rules that the same fault breaks besides: counts that name an expired lot say so, a group of an unknown set is unknown
itself, a cut file lacks SE and GE, too."""

ON_ORDERS = (
    "short_shipment",
    "receipt_difference",
    "lot_never_shipped",
    "price_difference",
    "unit_convertible",
    "unit_not_convertible",
    "invoiced_too_much",
    "acknowledgement_missing",
    "wrong_check_digit",
    "change_before_original",
    "despatch_replaced",
    "despatch_cancelled",
)
"""Kinds that one order carries; an order carries one fault at most."""


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """One fault and what must be found for it."""

    kind: str
    subject: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)
    answer: str | None = None

    @property
    def rule(self) -> str:
        """The rule id, or exchange state, that must be shown."""
        return RULES_OF_KIND[self.kind]

    @property
    def shown_by(self) -> str:
        """`discrepancy`, `finding`, `exchange` or `subject`."""
        return SHOWN_BY[self.kind]

    def as_json(self) -> dict[str, Any]:
        """The entry of `faults.json`."""
        return {
            "kind": self.kind,
            "rule": self.rule,
            "shown_by": self.shown_by,
            "subject": dict(self.subject),
            "values": dict(self.values),
            "answer": self.answer,
        }


def in_order(faults: Iterable[PlantedFault]) -> tuple[PlantedFault, ...]:
    """By kind as in the table, then by subject: the same faults give the same file."""
    kinds = list(RULES_OF_KIND)
    return tuple(sorted(faults, key=lambda fault: (kinds.index(fault.kind), json.dumps(fault.subject, sort_keys=True, ensure_ascii=False))))


def write(faults: Iterable[PlantedFault], path: Path) -> None:
    """Write `faults.json`: a list of entries."""
    path.write_text(json.dumps([fault.as_json() for fault in faults], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
