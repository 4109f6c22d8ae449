"""The console: what people see of the hub, in their language, at addresses that can be kept.

`mount(app, hub)` puts it at `/console`. Reading order: `gate` (who is let in) → `frame` (what all pages share) → `pages/<name>.py` (one
page each, found by being there) → `message_view`, `record_view` (how bytes and records are shown) → `markup`, `texts.yaml` (how and
in which words).
"""

from __future__ import annotations

from hub_api.console.mounting import mount

__all__ = ["mount"]
