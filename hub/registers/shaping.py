"""The last touches before a device goes to a register: what its message says twice, or only one of, and words without a code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from data_contracts.findings import Finding, Place, Severity
from data_contracts.identifiers.device_identifier import normal
from data_contracts.registers import Register
from hub.registers.record import member_of
from mappings.plan import Rule, Scope

_WORD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
"""A canonical word; a code that came from a register and is in no table of ours goes back as it came."""


def completed(register: Register, entity: dict[str, Any]) -> list[Finding]:
    """Fill in, in place, what EUDAMED asks in words of its own: who issued the DI that a package holds, a No for each market but the
    first, and the trade name as one for all languages where none is said by language.

    Its message names a direct mark or a unit of use, not both: of a device with both the unit goes out where several are under one
    UDI-DI. The finding says what is left.
    """
    if register.name != "eudamed":
        return []
    packages = entity.get("packages", ())
    issuers = {normal(one["di"]): one.get("issuer") for one in packages} | {normal(str(entity["number"])): entity.get("issuer")}
    for package in packages:
        issuer = package.get("contains_issuer") or issuers.get(normal(package["contains"]))
        if issuer:
            package["contains_issuer"] = issuer
    for market in entity.get("markets", ()):
        market.setdefault("first", False)
    if entity.get("name") and not entity.get("trade_names"):
        entity["trade_names"] = [{"language": "any", "text": entity["name"]}]
    return list(_either(register, entity))


def _either(register: Register, entity: dict[str, Any]) -> Iterator[Finding]:
    unit, marks = entity.get("unit_of_use_di"), list(entity.get("direct_marks", ()))
    if unit and marks and int(entity.get("base_quantity", 1)) > 1:
        entity.pop("direct_marks")
        left = [("direct_marks", marks)]
    else:
        left = [("unit_of_use_di", [{"di": unit}])] if unit and marks else []
        for member in ("unit_of_use_di", "unit_of_use_issuer") if left else ():
            entity.pop(member, None)
        if len(marks) > 1:
            entity["direct_marks"] = marks[:1]
            left.append(("direct_marks", marks[1:]))
    for path, rows in left:
        other = "unit_of_use_di" if path == "direct_marks" else "direct_marks"
        params = {"register": register.name.upper(), "name": register.named(path)}
        yield Finding("REG-07", Place(path=path), register.named(other), ", ".join(row["di"] for row in rows), params=params)


def in_its_words(register: Register, entity: dict[str, Any]) -> list[Finding]:
    """Put, in place, the register's own words where rows say the same in another language (箱: Case). What it would not understand is
    taken out and told.
    """
    found: list[Finding] = []
    for member in register.members.values() if entity else ():
        top, _, name = member.path.partition(".")
        rows = entity.get(top) if member.says else None
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            word = row.get(name)
            if word in member.says:
                row[name] = member.says[word]
            elif isinstance(word, str) and not word.isascii():
                del row[name]
                known = ", ".join(dict.fromkeys(member.says.values()))
                found.append(_no_word(register, f"{top}[{index}].{name}", known, word, "warning"))
    return found


def without_uncoded(register: Register, scope: Scope, entity: dict[str, Any], prefix: str = "") -> list[Finding]:
    """Take out, in place, words that the register has no code for, since a mapping would write them as they are; each is told.

    In a row of a list the whole row goes; a word that stands alone is an error, since what it says may be asked.
    """
    found: list[Finding] = []
    for rule in scope.rules:
        if rule.table is None or rule.row.unknown != "keep" or rule.row.direction == "in" or not rule.to:
            continue
        path = ".".join(rule.to)
        value = member_of(entity, path)
        strange = [one for one in (value if isinstance(value, list) else [value]) if _is_strange(one, rule)]
        for one in strange:
            known = ", ".join(list(rule.table.outward)[:12])
            severity: Severity = "warning" if prefix or isinstance(value, list) else "error"
            found.append(_no_word(register, f"{prefix}{path}", known, one, severity))
        if isinstance(value, list) and strange:
            value[:] = [one for one in value if one not in strange]
    for inner in scope.scopes:
        rows = member_of(entity, inner.to) if inner.to else None
        if isinstance(rows, list):
            kept = []
            for index, row in enumerate(rows):
                wrong = without_uncoded(register, inner, row, f"{prefix}{inner.to}[{index}].") if isinstance(row, dict) else []
                found += wrong
                kept += [] if wrong else [row]
            rows[:] = kept
    return found


def _is_strange(word: Any, rule: Rule) -> bool:
    return isinstance(word, str) and rule.table is not None and word not in rule.table.outward and _WORD.fullmatch(word) is not None


def _no_word(register: Register, path: str, known: str, word: str, severity: Severity) -> Finding:
    params = {"register": register.name.upper(), "name": register.named(re.sub(r"\[\d+\]", "", path))}
    return Finding("REG-08", Place(path=path), known, word, severity=severity, params=params)
