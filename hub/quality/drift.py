"""Whether a contract and the code that it describes say the same: its columns, the hub's dataset of that name, the canonical entity.

`udihub contract check` tells it, and the tests hold that the shipped contracts have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from data_contracts.canonical import master, operations, trade
from data_contracts.contract import Contract
from data_contracts.contract_legible import NAMELESS
from data_contracts.findings import Finding, Place
from data_contracts.mistakes import meant
from hub.quality.datasets import DATASETS
from hub.store.types import Exact

_MODELS: dict[str, Any] = {
    name: item for module in (trade, master, operations) for name, item in vars(module).items() if hasattr(item, "model_fields")
}


def drift(contract: Contract, path: Path | None = None) -> list[Finding]:
    """Where a contract says otherwise than the code. One of no dataset of ours (a feed's) is held against its entity alone."""
    lines = _lines(path)
    found = list(_entity(contract))
    if contract.name in DATASETS:
        found += _dataset(contract)
    return [finding.at(Place(line=lines.get(finding.place.path or ""), path=finding.place.path)) for finding in found]


def _entity(contract: Contract) -> Iterator[Finding]:
    names = [name for name in (contract.entity, contract.line_entity) if name]
    for name in names:
        if name not in _MODELS:
            yield Finding("CON-28", Place(path=name), expected=meant(name, _MODELS), got=name, params={"name": "-"})
            return
    members = {member for name in names for member in _MODELS[name].model_fields}
    for column in contract.columns if names else ():
        if not column.of_the_hub and column.name not in members:
            named = "/".join(names)
            yield Finding("CON-28", Place(path=column.name), expected=meant(column.name, members), got=column.name, params={"name": named})


def _dataset(contract: Contract) -> Iterator[Finding]:
    there = {column.name: column for column in DATASETS[contract.name](0).selected_columns}
    promised = {column.name: column for column in contract.columns}
    for name in promised:
        if name not in there:
            yield Finding("CON-25", Place(path=name), got=name)
    order = [name for name in promised if name in there]
    for told, name in zip([*order, *([""] * len(there))], there, strict=False):
        if name not in promised or (set(promised) == set(there) and told != name):
            yield Finding("CON-26", Place(path=name), expected=told or "-", got=name)
    for name, column in promised.items():
        if name in there and (kinds := _kinds(there[name].type)) and column.type not in (*kinds, NAMELESS):
            yield Finding("CON-27", Place(path=name), expected=column.type, got=", ".join(kinds), params={"path": name})


def _kinds(kind: Any) -> tuple[str, ...]:
    """Logical types that a column of the store may be called; days are kept as text. Empty where the store does not say."""
    if isinstance(kind, Exact):
        return ("number",)
    if isinstance(kind, sa.Integer):
        return ("integer", "boolean")
    if isinstance(kind, sa.Boolean):
        return ("boolean",)
    return ("string", "date") if isinstance(kind, sa.String) else ()


def _lines(path: Path | None) -> dict[str, int]:
    """Lines at which columns begin."""
    if path is None:
        return {}
    texts = path.read_text(encoding="utf-8").splitlines()
    return {text.strip().removeprefix("- name:").strip(): number for number, text in enumerate(texts, 1) if "- name:" in text}
