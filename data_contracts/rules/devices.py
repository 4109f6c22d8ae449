"""Rules on a device's master record: its identifiers, how its packages nest, what contradicts itself.

What an authority asks beyond that is its own: a device that is sold in one market only is whole without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from data_contracts.findings import Finding
from data_contracts.identifiers import basic_udi_di, device_identifier, eudamed, gtin
from data_contracts.identifiers.device_identifier import normal
from data_contracts.rules.members import Fault

Placed = tuple[str, Fault]
_SCALARS = (("number", "issuer"), ("unit_of_use_di", "unit_of_use_issuer"), ("previous_di", "previous_issuer"))
_LISTS = ("direct_marks", "secondary_dis", "packages")
_UNCHECKED = frozenset({"ndc"})
"""Issuers whose identifiers nobody can check: US drug codes."""
LONGEST = 120
"""Characters of a DI that EUDAMED takes, which takes most (commonbasic:stringXSType)."""


def faults(device: Mapping[str, Any]) -> Iterator[Placed]:
    """Every rule on one device record."""
    yield from _identifiers(device)
    yield from _basic(device)
    yield from _packages(device)
    yield from _contradictions(device)


def _identifiers(device: Mapping[str, Any]) -> Iterator[Placed]:
    for member, issuer in _SCALARS:
        yield from _identifier(device.get(member), device.get(issuer), member)
    for member in _LISTS:
        for index, row in enumerate(_rows(device, member)):
            yield from _identifier(row.get("di"), row.get("issuer"), f"{member}[{index}].di")


def _identifier(value: Any, issuer: Any, path: str) -> Iterator[Placed]:
    if not isinstance(value, str) or not value:
        return  # told as a member that is absent or of a wrong type
    wrong = _wrong(value, issuer if isinstance(issuer, str) else None)
    if wrong is not None:
        yield path, Fault("DEV-01", wrong.expected, value, {"why": wrong.text("en"), "why_zh": wrong.text("zh-CN")})


def _wrong(di: str, issuer: str | None) -> Finding | None:
    """What is wrong with an identifier under its issuer's rule; without an issuer, under the one whose form it has."""
    if len(di) > LONGEST:
        return Finding("UDI-11", expected=f"1-{LONGEST}", got=di[:LONGEST], params={"what": "UDI-DI"})
    if issuer == "gs1" or (issuer is None and di.isdigit() and len(di) in gtin.LENGTHS):
        return next(iter(gtin.parse(di).findings), None)
    if issuer in _UNCHECKED or device_identifier.read(di, issuer) is not None:
        return None
    return None if device_identifier.read(di.removeprefix("+"), issuer) is not None else Finding("UDI-04", got=di)


def _basic(device: Mapping[str, Any]) -> Iterator[Placed]:
    basic, issuer = device.get("basic_udi_di"), device.get("basic_udi_di_issuer")
    if not isinstance(basic, str) or not basic:
        return
    own = issuer == eudamed.ISSUER or (issuer is None and basic.startswith(eudamed.STARTS))
    read = eudamed.parse(basic) if own else basic_udi_di.parse(basic, issuer if isinstance(issuer, str) else None)
    for finding in read.findings:
        if finding.severity == "error":
            params = {"why": finding.text("en"), "why_zh": finding.text("zh-CN")}
            yield "basic_udi_di", Fault("DEV-02", finding.expected, basic, params)


def _packages(device: Mapping[str, Any]) -> Iterator[Placed]:
    """Each package holds the device or another package, none holds itself, and a DI stands for one level only."""
    rows = [(index, row) for index, row in enumerate(_rows(device, "packages")) if isinstance(row.get("di"), str)]
    own = normal(str(device.get("number") or ""))
    by_di: dict[str, Mapping[str, Any]] = {}
    for index, row in rows:
        name = normal(row["di"])
        if name == own or name in by_di:
            yield f"packages[{index}].di", Fault("DEV-04", got=row["di"])
        by_di.setdefault(name, row)
        quantity = row.get("quantity")
        if isinstance(quantity, int) and quantity < 1:
            yield f"packages[{index}].quantity", Fault("DEV-05", got=str(quantity), params={"di": row["di"]})
    for index, row in rows:
        seen: set[str] = set()
        name = normal(row["di"])
        while name != own and name in by_di and name not in seen:
            seen.add(name)
            name = normal(str(by_di[name].get("contains") or ""))
        if name in seen:
            yield f"packages[{index}].contains", Fault("DEV-06", got=row["di"])
        elif name != own:
            yield f"packages[{index}].contains", Fault("DEV-03", expected=str(device.get("number")), got=str(row.get("contains")))


def _contradictions(device: Mapping[str, Any]) -> Iterator[Placed]:
    reuses = device.get("max_reuses")
    if device.get("single_use") is True and isinstance(reuses, int) and reuses != 0:
        yield "max_reuses", Fault("DEV-07", expected="0", got=str(reuses))
    if device.get("latex") is True and device.get("labelled_latex_free") is True:
        yield "labelled_latex_free", Fault("DEV-08")
    count = device.get("base_quantity")
    if isinstance(count, int) and count < 1:
        yield "base_quantity", Fault("DEV-05", got=str(count), params={"di": str(device.get("number"))})
    for member in ("storage", "sizes"):
        for index, row in enumerate(_rows(device, member)):
            low, high = row.get("low"), row.get("high")
            same = row.get("low_unit") == row.get("high_unit")
            if isinstance(low, Decimal) and isinstance(high, Decimal) and same and low.is_finite() and high.is_finite() and low > high:
                yield f"{member}[{index}].low", Fault("DEV-09", expected=f"≤ {high}", got=str(low))


def _rows(device: Mapping[str, Any], member: str) -> list[Mapping[str, Any]]:
    rows = device.get(member)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
