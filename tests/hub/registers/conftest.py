"""A hub that knows one device, and extracts made of what it says itself."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.canonical import CANONICAL
from data_contracts.registers import register_named
from hub import pipeline
from hub.registers.compare import Outcome, compare
from hub.registers.record import copied
from hub.registers.shaping import without_uncoded
from hub.runtime import Hub
from hub.store import differences as store
from hub.store import views
from mappings.engine import Context
from tests.hub.conftest import SITE, hub, take
from tests.mappings.shipped import load

__all__ = ["SITE", "hub"]

DEVICE = "06901234500059"
SAMPLE = Path(__file__).parents[2] / "samples" / "json" / "erp_devices.json"


@pytest.fixture
def keeper(hub: Hub) -> Hub:
    """The hub with the device of the sample."""
    take(hub, SAMPLE.read_bytes(), "erp", key="1", agreement="devices")
    pipeline.reconcile(hub)
    return hub


def device(hub: Hub, **changed: Any) -> dict[str, Any]:
    """Our device as a register could have it, with some members changed."""
    with hub.database.read() as connection:
        said = views.device(connection, DEVICE, on=hub.clock.now().date())
    members = CANONICAL["Device"].model_fields
    entity = CANONICAL["Device"].model_validate({name: value for name, value in said.items() if name in members}).as_plain()
    entity = copy.deepcopy(entity)
    entity["us"] |= {"version": 2, "version_on": "2026-10-05", "published_on": "2026-10-01"}
    for path, value in changed.items():
        at = entity
        *steps, last = path.split("__")
        for step in steps:
            at = at[step]
        at[last] = value
    return entity


def extract(*devices: dict[str, Any], mapping: str = "xml/gudid") -> bytes:
    """An extract of these devices."""
    name, _, grammar = mapping.partition("/")
    compiled = load(mapping)
    register = register_named(grammar.partition("_")[0])
    sayable = [copied(one) for one in devices]
    for one in sayable:
        without_uncoded(register, compiled.plan.root, one)
    records = [(grammar, compiled.write(one, Context(time_zone="Asia/Shanghai"))) for one in sayable]
    return format_named(name).write(records, None, STRICT, grammar)


def run(hub: Hub, content: bytes, name: str, **options: Any) -> Outcome:
    """Compare an extract."""
    return compare(hub, io.BytesIO(content), name, "test", **options)


def queue(hub: Hub, **filters: Any) -> dict[str, dict[str, Any]]:
    """Differences by member, or by kind where the whole device is meant."""
    with hub.database.read() as connection:
        return {row["member"] or row["kind"]: row for row in store.listed(connection, **filters)}
