"""Master data judged: parties entered twice (MDM-01), a GTIN or DI that stands for two things of one system (MDM-02, MDM-03), systems
that contradict each other where they must not (MDM-04). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hub.masterdata.duplicates import Duplicate
from hub.masterdata.golden import Record, device_names, item_names
from hub.masterdata.kinds import Agreed, described
from hub.masterdata.survivorship import Candidate, Choice, Golden
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
    return _shared(records, item_names, frozenset({"gtin"}), "MDM-02", "item")


def shared_identifiers(records: Sequence[Record]) -> list[Discrepancy]:
    """MDM-03 for each pair of devices of one system that claim one DI, of the device or of a package. Units of use may be shared."""
    return _shared(records, device_names, frozenset({"di", "package"}), "MDM-03", "device")


def _shared(
    records: Sequence[Record], names: Callable[[Record], list[Any]], schemes: frozenset[str], rule: str, kind: str
) -> list[Discrepancy]:
    claims: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(records, key=lambda record: record.order):
        for (scheme, value), _, _ in names(record):
            known = claims.setdefault((record.system, value), []) if scheme in schemes else None
            if known is not None and all(other.code != record.code for other in known):
                known.append(record)
    found = []
    for (system, gtin), several in sorted(claims.items(), key=lambda entry: entry[0]):
        for other in several[1:]:
            first = several[0]
            found.append(
                Discrepancy(
                    rule=rule,
                    severity="warning",
                    organisation_id=0,
                    scope_kind=kind,
                    scope_key=SCOPE,
                    detail=f"{system}|{gtin}|{first.code}|{other.code}",
                    left_source=f"{system} {first.code}",
                    left_value=gtin,
                    right_source=f"{system} {other.code}",
                    right_value=gtin,
                    item=first.code,
                    evidence=(first.exchange_id, other.exchange_id),
                    params={"gtin": gtin, "di": gtin, "expected": first.code, "got": other.code},
                )
            )
    return found


def contradicted(kind: str, golden: Iterable[tuple[int, Golden]]) -> list[Discrepancy]:
    """Fields of golden records of which systems say what cannot both be, until a person has said which holds.

    A month and a day in it do not contradict each other. Each golden record is a scope, by the least of its subjects.
    """
    found = []
    for number, one in golden:
        for choice in one.choices:
            agreed = described()[kind].agree.get(choice.field)
            if agreed is None or choice.winner.by is not None:
                continue
            others = [other for other in choice.others if not _fits(str(other.value), str(choice.value))]
            for other in sorted(others, key=lambda other: (other.system, other.code, str(other.value)))[:1]:
                found.append(_contradiction(kind, agreed, number, choice, other))
    return found


def _fits(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _contradiction(kind: str, agreed: Agreed, number: int, choice: Choice, other: Candidate) -> Discrepancy:
    first = choice.winner
    item, _, lot = first.code.rpartition("|")
    said = {"expected": str(choice.value), "got": str(other.value), "source": first.system, "other": other.system}
    return Discrepancy(
        rule=agreed.rule,
        severity="error",
        organisation_id=0,
        scope_kind=kind,
        scope_key=str(number),
        detail=choice.field,
        left_source=f"{first.system} {first.code}",
        left_value=str(choice.value),
        right_source=f"{other.system} {other.code}",
        right_value=str(other.value),
        item=item,
        lot=lot,
        evidence=tuple(one.exchange_id for one in (first, other) if one.exchange_id is not None),
        params={**said, "lot": lot, "item": item, "field": agreed.en, "field_zh": agreed.zh},
    )
