"""`epcis.yaml` of a site: to whom events may be sent that subscribers ask for.

    version: 1
    documents: true                                      # despatches, receipts, production and movements are events too
    subscriptions:
      hosts: [hooks.partner.example, 10.20.0.0/16]     # nobody else is called; a network opens addresses that are not public
      most: 20                                         # of one subscriber

Without the file nobody subscribes to be called; whoever asks by `/queries/{name}/events` still polls.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

NETWORK = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*(?:/[0-9]{1,3})?", re.ASCII)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subscriptions(_Part):
    """Who may be called."""

    hosts: tuple[str, ...] = ()
    """Names of hosts, as a subscriber's address names them, or networks of addresses."""
    most: int = Field(default=20, ge=0, le=1000)

    @property
    def networks(self) -> list[str]:
        """What may be called although it is not of the open internet: networks only, since a name may lead anywhere tomorrow."""
        return [one for one in self.hosts if NETWORK.fullmatch(one)]


class EventSettings(_Part):
    """The whole of `epcis.yaml`."""

    version: Literal[1] = 1
    documents: bool = False
    """Whether events are derived from business documents."""
    subscriptions: Subscriptions = Subscriptions()
