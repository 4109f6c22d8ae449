"""Every flow that docs/connectors.md shows is one that its transport takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.deltas import Delta
from connectors.registry import transport_named
from connectors.spec import Polling
from hub.site import Flow
from tests.conformance.test_transports import ASKED, HEARD

PAGE = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")
SHOWN: list[dict[str, Any]] = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
FLOWS = [block for block in SHOWN if "flow" in block]


@pytest.mark.parametrize("shown", FLOWS, ids=lambda shown: str(shown["flow"]))
def test_an_example_is_a_flow(shown: dict[str, Any]) -> None:
    flow = Flow.model_validate({("on" if key is True else key): value for key, value in shown.items()})
    transport: Any = transport_named(flow.transport["use"])
    assert set(flow.transport) - {"use"} <= transport.settings and transport.needs <= set(flow.transport) | {"delta"}
    if flow.direction == "in":
        assert isinstance(transport, Polling)
    if flow.transport["use"] in HEARD | {"soap"}:
        transport.check(flow.transport, asks=flow.direction == "in")
    elif flow.direction == "in":
        assert Delta.of(flow.transport, transport.name).kind in PAGE


def test_every_family_is_shown() -> None:
    assert {shown["transport"]["use"] for shown in FLOWS} == ASKED | HEARD


def test_a_part_of_a_flow_is_named_as_its_transport_names_it() -> None:
    for block in SHOWN:
        assert "flow" in block or any(block.keys() <= transport_named(name).settings for name in ASKED | HEARD), sorted(block)
