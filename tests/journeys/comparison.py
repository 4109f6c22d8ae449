"""Holds what the hub found against what was planted, entry by entry: nothing may be missing, nothing surplus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hub.demonstration.faults import COMES_ALONG

Entry = dict[str, Any]


def compare(home: Path) -> list[str]:
    """What differs between `faults.json` and `found.json` of a demonstration's home; empty when they are equal."""
    planted: list[Entry] = json.loads((home / "story" / "faults.json").read_text(encoding="utf-8"))
    found: dict[str, list[Entry]] = json.loads((home / "found.json").read_text(encoding="utf-8"))
    problems: list[str] = []
    used: set[tuple[str, int]] = set()
    for fault in planted:
        matches = _matches(fault, found)
        if not matches:
            problems.append(f"missing: {fault['kind']} {fault['rule']} {fault['subject']}")
        used.update(matches)
        problems += _wrong_values(fault, [found[room][at] for room, at in matches])
        problems += _wrong_answer(fault, found["answers"])
    along = {(fault["kind"], rule) for fault in planted for rule in COMES_ALONG.get(fault["kind"], ())}
    for room, rows in found.items():
        if room == "answers":
            continue
        for at, row in enumerate(rows):
            if (room, at) not in used and not _explained(room, row, planted, along):
                problems.append(f"surplus in {room}: {row}")
    return problems


def _name(subject: Entry) -> str:
    return str(subject.get("document", "")).rpartition("/")[2]


def _matches(fault: Entry, found: dict[str, list[Entry]]) -> set[tuple[str, int]]:
    subject, rule = fault["subject"], fault["rule"]
    if fault["shown_by"] == "discrepancy":
        return {
            ("discrepancies", at) for at, row in enumerate(found["discrepancies"]) if row["rule"] == rule and _same_subject(subject, row)
        }
    if fault["shown_by"] == "finding":
        if "document" not in subject:
            key = f"purchase_order/{subject['order_number']}"
            return {("findings", at) for at, row in enumerate(found["findings"]) if row["rule"] == rule and row["business_key"] == key}
        return {("findings", at) for at, row in enumerate(found["findings"]) if row["rule"] == rule and row["document"] == _name(subject)}
    if fault["shown_by"] == "exchange":
        return {
            ("exchanges", at) for at, row in enumerate(found["exchanges"]) if row["state"] == rule and row["document"] == _name(subject)
        }
    return {
        ("subjects", at) for at, row in enumerate(found["subjects"]) if row["state"] == rule and row["key"] == subject["despatch_number"]
    }


def _same_subject(subject: Entry, row: Entry) -> bool:
    if "order_number" in subject:
        wanted = {key: subject.get(key) for key in ("order_number", "order_line")}
        return all(row[key] == value for key, value in wanted.items()) and ("lot" not in subject or subject["lot"] in _texts(row))
    if "tax_number" in subject:
        return set(subject["codes"]) <= {word for text in _texts(row) for word in text.split()}
    return row["location"] == subject["location"] and row["lot"] == subject["lot"] and row["item"] in (subject["item"], subject["gtin"])


def _texts(row: Entry) -> list[str]:
    sides = [row["left"]["source"], row["left"]["value"], row["right"]["source"], row["right"]["value"], row["lot"]]
    return [text for text in (*sides, *map(str, row["params"].values())) if text]


def _wrong_values(fault: Entry, rows: list[Entry]) -> list[str]:
    """The two numbers (or units, or prices) of a discrepancy must be the planted ones."""
    if fault["shown_by"] != "discrepancy" or not rows:
        return []
    values = fault["values"]
    pairs = {
        "short_shipment": ("ordered", "despatched"),
        "receipt_difference": ("despatched", "received"),
        "price_difference": ("ordered", "invoiced"),
        "unit_convertible": ("ordered_unit", "stated_unit"),
        "unit_not_convertible": ("ordered_unit", "stated_unit"),
        "invoiced_too_much": ("received", "invoiced"),
        "systems_disagree": ("erp", "wms"),
        "expired_available": ("expires_on", "quantity"),
    }
    if fault["kind"] not in pairs:
        return []
    left, right = pairs[fault["kind"]]
    wanted = (values[left], values[right])
    said = [(row["left"]["value"], row["right"]["value"]) for row in rows]
    return [] if wanted in said else [f"wrong values: {fault['kind']} {fault['subject']}: expected {wanted}, got {said}"]


def _wrong_answer(fault: Entry, answers: list[Entry]) -> list[str]:
    """The partner must have got what the fault deserves: `TA1 R 023`, `997 A`, `997 AK9*P*2*2*1`."""
    said = [answer for answer in answers if answer["document"] == _name(fault["subject"])]
    wanted = fault["answer"]
    if wanted is None or wanted == "the first answer again":
        return [f"an answer that nobody expected: {fault['kind']} {said}"] if wanted and said else []
    kind, _, rest = wanted.partition(" ")
    if kind == "TA1":
        code, _, note = rest.partition(" ")
        good = len(said) == 1 and said[0]["kind"] == "TA1" and f"*{code}*{note}" in said[0]["content"]
    else:
        good = len(said) == 1 and said[0]["kind"] == "997" and (rest if rest.startswith("AK9") else f"AK9*{rest}*") in said[0]["content"]
    return [] if good else [f"wrong answer: {fault['kind']} {fault['subject']}: expected {wanted}, got {said}"]


def _explained(room: str, row: Entry, planted: list[Entry], along: set[tuple[str, str]]) -> bool:
    """A consequence of a planted fault: the states of its own messages, and rules that its kind brings along."""
    if room == "findings":
        documents = {_name(fault["subject"]) for fault in planted if row["rule"] in COMES_ALONG.get(fault["kind"], ())}
        return row["document"] in documents or any(kind == "expired_available" and row["rule"] == rule for kind, rule in along)
    if room == "exchanges":
        faulty = {_name(fault["subject"]): fault for fault in planted}
        fault = faulty.get(row["document"])
        if fault is not None:
            return row["state"] in {"rejected", "quarantined", "superseded", "cancelled"} and fault["kind"] not in ("interchange_repeated",)
        if row["direction"] == "out":  # the supplier was told the change; when the original comes at last, there is nothing to tell
            late = [fault["subject"]["order_number"] for fault in planted if fault["kind"] == "change_before_original"]
            return row["state"] == "superseded" and row["business_key"] in {f"purchase_order/{number}" for number in late}
        return row["state"] == "superseded" and _has_successor(row, planted)
    return False


def _has_successor(row: Entry, planted: list[Entry]) -> bool:
    """Superseded without a fault of its own: an order that was changed, a snapshot that a newer one replaced."""
    return row["type"] in ("erp_orders", "erp_stock", "wms_stock", "erp_items", "erp_parties") or any(
        fault["kind"] in ("despatch_replaced", "despatch_cancelled") and row["type"] == "856" for fault in planted
    )
