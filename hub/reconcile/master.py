"""Master data judged: parties that are entered twice (MDM-01), a GTIN that stands for two items of one system (MDM-02). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.masterdata.duplicates import Duplicate
from hub.masterdata.golden import Record, item_names
from hub.store.discrepancies import Discrepancy

SCOPE = "all"
"""Duplicates are looked for among all records: they are one scope."""
_WHY = {"gln": ("same GLN", "GLN 相同"), "tax_number": ("same tax number", "税号相同"), "name": ("same name", "名称相同")}


def same_parties(pairs: Iterable[Duplicate]) -> list[Discrepancy]:
    """MDM-01 for each pair."""
    found = []
    for pair in pairs:
        first, second = pair.first, pair.second
        found.append(
            Discrepancy(
                rule="MDM-01",
                severity="warning",
                organisation_id=0,
                scope_kind="party",
                scope_key=SCOPE,
                detail=f"{first.system}|{first.code}|{second.code}",
                left_source=f"{first.system} {first.code}",
                left_value=str(first.body.get("name", "")),
                right_source=f"{second.system} {second.code}",
                right_value=str(second.body.get("name", "")),
                evidence=(first.exchange_id, second.exchange_id),
                params={
                    "expected": f"{first.code} {first.body.get('name', '')}".strip(),
                    "got": f"{second.code} {second.body.get('name', '')}".strip(),
                    "codes": f"{first.code}, {second.code}",
                    "tax_number": str(first.body.get("tax_number") or second.body.get("tax_number") or ""),
                    "gln": str(first.body.get("gln") or second.body.get("gln") or ""),
                    "reasons": ", ".join(pair.reasons),
                    "why": ", ".join(_WHY[reason][0] for reason in pair.reasons),
                    "why_zh": "、".join(_WHY[reason][1] for reason in pair.reasons),
                },
            )
        )
    return found


def shared_gtins(records: Sequence[Record]) -> list[Discrepancy]:
    """MDM-02 for each pair of items of one system that claim one GTIN."""
    claims: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(records, key=lambda record: record.order):
        for (scheme, value), _, _ in item_names(record):
            known = claims.setdefault((record.system, value), []) if scheme == "gtin" else None
            if known is not None and all(other.code != record.code for other in known):
                known.append(record)
    found = []
    for (system, gtin), several in sorted(claims.items(), key=lambda entry: entry[0]):
        for other in several[1:]:
            first = several[0]
            found.append(
                Discrepancy(
                    rule="MDM-02",
                    severity="warning",
                    organisation_id=0,
                    scope_kind="item",
                    scope_key=SCOPE,
                    detail=f"{system}|{gtin}|{first.code}|{other.code}",
                    left_source=f"{system} {first.code}",
                    left_value=gtin,
                    right_source=f"{system} {other.code}",
                    right_value=gtin,
                    item=first.code,
                    evidence=(first.exchange_id, other.exchange_id),
                    params={"gtin": gtin, "expected": first.code, "got": other.code},
                )
            )
    return found
