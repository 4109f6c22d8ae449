"""What GUDID publishes of NovaMed's devices when the demonstration ends: as they were filed, but for two values that are otherwise there.

So the queue of differences has something to look at, to decide and to close; the file stays, to be compared again or changed by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

from hub.registers.compare import compare
from hub.registers.export import export
from hub.runtime import Hub

_OTHERWISE = ((r"<MRISafetyStatus>MR Conditional<", "<MRISafetyStatus>MR Unsafe<"), (r"<pkgQuantity>\d+<", "<pkgQuantity>999<"))
"""The first of each is published otherwise."""


def publish(hub: Hub, folder: Path) -> Path:
    """Write the release into a folder and compare it, as the flow of a site would; returns the file."""
    [document] = export(hub, "gudid", None, "xml").documents
    text = document.content.decode()
    for ours, theirs in _OTHERWISE:
        text = re.sub(ours, theirs, text, count=1)
    path = folder / f"gudid_full_release_{hub.clock.now():%Y%m%d}.xml"
    path.write_text(text, encoding="utf-8")
    with path.open("rb") as stream:
        compare(hub, stream, path.name, "demo", register="gudid")
    return path
