"""The demonstration: a fictional device maker, the papers it exchanged in the last weeks, and the faults hidden in them.

`generate` writes the files as the partners' own systems would have written them. Nothing of it imports the hub's readers,
writers or checks, so that the demonstration judges the hub instead of repeating it. `published` makes, when all is judged, a
register's release of our own filings.
"""

from __future__ import annotations

from hub.demonstration.generate import generate
from hub.demonstration.story import Arrival, Story

__all__ = ["Arrival", "Story", "generate"]
