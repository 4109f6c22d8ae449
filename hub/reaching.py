"""`udihub partner check --reach`: whether the peers of flows are there and let us in, told before the first document is to move.

Only transports that can prove it without moving anything are asked (`connectors.spec.Reachable`); of the others nothing is said. What a
peer says of itself (OData's `$metadata`) is held against what the flow asks. Of a
system that is asked for what changed, the first page is a sample: it is read, mapped and checked as what comes will be, and thrown away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from connectors.pulling import told_of
from connectors.registry import transport_named
from connectors.spec import Described, Page, Reachable, Sampling
from data_contracts.errors import HubError
from data_contracts.findings import Finding, Language
from hub.examine import Fate, examine
from hub.runtime import local
from hub.site import Flow, Site
from hub.who import Claimant

_TOLD = 5
"""Findings of a sample that are told."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of one flow's peer."""

    flow: str
    reached: bool
    said: str
    """What the peer said, or why it could not be reached."""
    sample: Mapping[Fate, int] = field(default_factory=dict)
    """What would become of the messages of a first page, where one came."""
    findings: tuple[Finding, ...] = ()
    """The first of what is wrong with them."""

    @property
    def usable(self) -> bool:
        """Whether anything of the sample would be taken in, where there is one."""
        return not (self.sample or self.findings) or any(self.sample.get(fate) for fate in ("ready", "answer", "test"))

    def as_json(self, language: Language) -> dict[str, Any]:
        """For programs."""
        wrong = [finding.as_json(language) for finding in self.findings]
        return {"flow": self.flow, "reached": self.reached, "said": self.said, "sample": dict(self.sample), "findings": wrong}


def reached(site: Site, home: Path, now: datetime) -> Iterator[Reached]:
    """Each flow whose transport can be asked, in the order of their names. Secrets are looked for; nothing is fetched, sent or kept."""
    for flow in sorted(site.flows.values(), key=lambda flow: flow.flow):
        transport = transport_named(flow.transport["use"])
        if not flow.enabled or not isinstance(transport, Reachable):
            continue
        settings = local(flow.transport, home)
        try:
            lacks = transport.described(settings) if flow.direction == "in" and isinstance(transport, Described) else None
            if lacks:
                yield Reached(flow.flow, False, "; ".join(lacks))
            elif flow.direction == "in" and flow.agreement in site.agreements and isinstance(transport, Sampling):
                page = transport.sample(settings)
                if page is not None:
                    yield _sampled(site, flow, page, now)
            elif (said := transport.reach(settings, asks=flow.direction == "in")) is not None:
                yield Reached(flow.flow, True, said)
        except HubError as error:
            yield Reached(flow.flow, False, str(error))
        except Exception as error:  # noqa: BLE001 - a transport may be anybody's, and the peers of other flows are to be asked all the same
            yield Reached(flow.flow, False, f"{type(error).__name__}: {error}")


def _sampled(site: Site, flow: Flow, page: Page, now: datetime) -> Reached:
    """What would become of a first page."""
    if not page.records:
        return Reached(flow.flow, True, told_of(page))
    agreement = site.agreements[flow.agreement]
    claimant = Claimant(agreement.partner, frozenset({agreement.organisation}), agreement.agreement)
    examination = examine(BytesIO(page.content), site, claimant, now)
    messages = list(examination.messages)
    wrong = [*examination.unreadable, *(finding for one in messages for finding in one.findings)]
    wrong = [finding for finding in wrong if finding.severity == "error"]
    return Reached(flow.flow, True, told_of(page), Counter(one.fate for one in messages), tuple(wrong[:_TOLD]))
