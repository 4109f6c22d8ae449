"""A site whose files change while the hub runs: a new partner needs no restart.

The site is read anew as a whole, once its files have been still for one look (a file that is being written is half a file), and taken
only when nothing is wrong with it that was not wrong before (`partner check` names the same); else what is at work goes on by the site as
it was, and the log says what is wrong with the new one.
Taken means a new `Hub` over the same store: who is at work on a document, a request or a page goes on with the hub that it began with,
and never sees half of each. Grammars, mappings and code tables are not looked at here: they are loaded anew by themselves
(`connectors.freshness`, `hub.compiled`).
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import structlog

from data_contracts.errors import ConfigError, HubError
from hub.runtime import Hub
from hub.site import Site
from hub.site_reading import SiteError
from hub.soundness import faults

EVERY_SECONDS = 1.0
"""Between two looks at the files of a site."""
_APART = frozenset({"codes", "grammars", "mappings"})
_log = structlog.get_logger(__name__)

State = frozenset[tuple[str, int, int]]
"""Name, time of the last change and size of every file of a site."""


class Reloader:
    """The hub by its site's files as they are now. For one thread; `look` is cheap enough to be asked before each piece of work."""

    def __init__(self, hub: Hub, every: float = EVERY_SECONDS) -> None:
        self.hub = hub
        self.every = every
        """Seconds between two looks at least."""
        self._taken = self._seen = state_of(hub.settings.site)
        self._looked = time.monotonic()

    def look(self) -> Hub:
        """The same hub where nothing is new, or where what is new is not to be worked with."""
        if time.monotonic() - self._looked < self.every:
            return self.hub
        self._looked = time.monotonic()
        state = state_of(self.hub.settings.site)
        still, self._seen = state == self._seen, state
        if still and state != self._taken:
            self._take(state)
        return self.hub

    def _take(self, state: State) -> None:
        names = sorted({name for name, _, _ in state ^ self._taken})
        try:
            self.hub = self.hub.anew(self._judge)
        except ConfigError as error:
            text = error.text(self.hub.settings.language) if isinstance(error, SiteError) else str(error)
            _log.error("site is not taken, the one before stays", changed=names, reason=text)
        except HubError as error:
            _log.warning("site cannot be taken now", changed=names, reason=str(error))
            return  # asked again at the next look
        else:
            _log.info("site is taken as its files are now", changed=names)
        self._taken = state

    def _judge(self, site: Site) -> None:
        """Raises SiteError for what is wrong with a site and was not with the one at work: a fault that stands stops no other change."""
        wrong = [fault for fault in faults(site) if fault.severity == "error"]
        if wrong:
            known = {(fault.rule, fault.place.path, fault.got) for fault in faults(self.hub.site)}
            wrong = [fault for fault in wrong if (fault.rule, fault.place.path, fault.got) not in known]
        if wrong:
            raise SiteError(self.hub.settings.site, wrong)


def state_of(site: Path) -> State:
    """What can be seen of a site's files without reading them."""
    found: list[tuple[str, int, int]] = []
    for folder, inner, names in os.walk(site):
        if Path(folder) == site:
            inner[:] = [name for name in inner if name not in _APART]
        for name in names:
            if name.endswith(".yaml"):
                path = Path(folder) / name
                try:
                    status = path.stat()
                except FileNotFoundError:
                    continue  # it went while it was listed: the next look tells
                found.append((path.relative_to(site).as_posix(), status.st_mtime_ns, status.st_size))
    return frozenset(found)
