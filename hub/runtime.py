"""A running hub: one site, one store, one clock. Commands, API and DAG tasks all begin with `Hub.open`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from connectors import freshness, vault
from hub.clock import Clock
from hub.settings import Settings
from hub.site import Agreement, Flow, Site, Tolerances
from hub.store.database import Database
from hub.store.horizon import Horizon
from hub.store.registry import Registry, synchronise


class Hub:
    """Holds what every step needs; holds no state of its own that the store does not have."""

    def __init__(self, settings: Settings, site: Site, database: Database, registry: Registry) -> None:
        self.settings = settings
        self.site = site
        self.database = database
        self.registry = registry
        self.due_marked_on: dict[int, date] = {}
        """Organisation → its own day on which this process last marked what falls due by the passing of time.

        A new process marks anew, which harms nothing, and makes what a changed site file means for old orders come true."""
        self.certificates_seen_on: date | None = None
        """The day on which this process last looked at the certificates of AS2 relations."""
        self.events_settled = Horizon()
        """Up to which visibility event all have come that ever will, as far as this process knows."""
        self.folders = tuple(folder for folder in site.mapping_folders)

    @classmethod
    def open(cls, settings: Settings | None = None, clock: Clock | None = None) -> Hub:
        """Load the site, open and migrate the store, and write the site's organisations and partners into it.

        Raises ConfigError for a faulty site and RetriableError when the database cannot be reached.
        """
        settings = settings or Settings.from_environment()
        site = Site.load(settings.site)
        freshness.watch(site.grammar_folders)
        database = Database.open(settings.database_url, settings.home, clock or settings.clock)
        database.migrate()
        return cls(settings, site, database, _known(database, site))

    def anew(self, judge: Callable[[Site], None] | None = None) -> Hub:
        """Another hub over the same store, by the site as its files are now. Raises as `open`, or what `judge` raises of the site; then
        nothing has changed."""
        site = Site.load(self.settings.site)
        if judge is not None:
            judge(site)
        freshness.watch(site.grammar_folders)
        hub = Hub(self.settings, site, self.database, _known(self.database, site))
        hub.events_settled = self.events_settled
        return hub

    @property
    def clock(self) -> Clock:
        """The only source of now."""
        return self.database.clock

    @property
    def tolerances(self) -> Mapping[int, Tolerances]:
        """Tolerances by partner id, from the agreement by which the partner's documents come in."""
        return {
            self.partner_id(agreement.partner): agreement.tolerances
            for agreement in self.site.agreements.values()
            if agreement.direction == "in"
        }

    def organisation_id(self, key: str) -> int:
        """Store id of an own organisation. Raises ConfigError for an unknown key."""
        return self.registry.organisation_id(key)

    def partner_id(self, key: str) -> int:
        """Store id of a partner. Raises ConfigError for an unknown key."""
        return self.registry.partner_id(key)

    def currency(self, agreement: Agreement) -> str | None:
        """Currency to assume where a document names none: the receiving organisation's."""
        return self.site.organisations[agreement.organisation].currency

    def transport_settings(self, flow: Flow) -> dict[str, Any]:
        """The flow's transport settings; relative folders are below the home, so that a site holds no machine's paths."""
        return self.route_settings(flow.transport)

    def route_settings(self, route: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of a route or source; relative folders and files of this machine (keys, known hosts, secrets) are below the home."""
        return local(route, self.settings.home)


def _known(database: Database, site: Site) -> Registry:
    with database.begin("site") as uow:
        return synchronise(uow, site)


def local(route: Mapping[str, Any], home: Path) -> dict[str, Any]:
    """`Hub.route_settings`, for whoever has no open hub."""
    settings = dict(route)
    for name, value in settings.items():
        if (name == "folder" and settings.get("use") == "folder") or (name.endswith("_file") and isinstance(value, str)):
            settings[name] = value if str(value).startswith(vault.SCHEME) else str(home / value)
        elif isinstance(value, Mapping):
            settings[name] = local(value, home)
    return settings
