"""The samples of business XML as trees, read by their formats: what mappings of ubl, cxml, b2mml and EUDAMED are tested on."""

from __future__ import annotations

import io
from pathlib import Path

from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.source import SourceRecord

SAMPLES = Path(__file__).parents[1] / "samples"
FORMATS = ("b2mml", "cxml", "eudamed", "ubl")


def xml_samples() -> dict[str, SourceRecord]:
    """The message of every sample by `format/name of its file`, which for mapped messages is the mapping's name."""
    found = {}
    for name in FORMATS:
        for path in sorted((SAMPLES / name).glob("*.xml")):
            events = format_named(name).read(io.BytesIO(path.read_bytes()), STRICT)
            (message,) = [event.message for event in events if event.message is not None]
            assert message.root is not None
            found[f"{name}/{path.stem}"] = message.root
    return found
