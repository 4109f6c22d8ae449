"""Certificates that end: told 30 days before (AS2-10), once for each agreement, and closed when a newer one is agreed
or nothing goes by AS2 any more.

`udihub partner check` tells the same, with whatever else of a relation cannot work: it loads the keys where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cryptography import x509

from connectors.transports.as2.certificates import ending, subject
from connectors.transports.as2.station import Station, answer_within, station
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place, Severity
from hub.as2.relations import flows, station_of
from hub.runtime import Hub, local
from hub.site import Site
from hub.site_reading import fault, unloadable
from hub.store import incidents

RULE = "AS2-10"


def ends(station: Station, now: datetime) -> x509.Certificate | None:
    """The first of both sides' certificates that ends within 30 days with no newer one behind it."""
    return ending([own.certificate for own in station.identities[:1]], now) or ending(station.partner, now)


def watch(hub: Hub) -> int:
    """Look at all relations, once a day; returns how many incidents began or ended. A relation that cannot be read stays as it is."""
    now = hub.clock.now()
    if hub.certificates_seen_on == now.date():
        return 0
    found: dict[str, x509.Certificate | None] = {}
    for flow in flows(hub.site):
        try:
            found[flow.agreement] = found.get(flow.agreement) or ends(station_of(hub, flow), now)
        except ConfigError:
            continue
    changed = 0
    with hub.database.begin("as2") as uow:
        known = {row.agreement: row for row in incidents.lasting(uow.connection, RULE)}
        for name, certificate in sorted(found.items()):
            if certificate is not None and name not in known:
                agreement = hub.site.agreements[name]
                whose = hub.organisation_id(agreement.organisation), hub.partner_id(agreement.partner)
                incidents.begin(uow, *whose, name, told(certificate))
                changed += 1
        agreed = {flow.agreement for flow in flows(hub.site)}
        for name, row in sorted(known.items()):
            if name not in agreed:
                reason = f"agreement {name} goes by AS2 no more"
            elif name in found and found[name] is None:
                reason = "a newer certificate is agreed"
            else:
                continue
            incidents.end(uow, row, reason)
            changed += 1
    hub.certificates_seen_on = now.date()
    return changed


def told(certificate: x509.Certificate) -> Finding:
    """The finding about one certificate."""
    return Finding(RULE, expected=certificate.not_valid_after_utc.date().isoformat(), got=subject(certificate))


def check(site: Site, home: Path, now: datetime) -> Iterator[Finding]:
    """What will keep AS2 flows from working on this machine: keys that cannot be read, certificates that end, addresses in the clear."""
    for flow in flows(site):
        where, settings = f"flows/{flow.flow}.yaml", local(flow.transport, home)
        if flow.direction == "out" and settings.get("url") in (None, ""):
            yield fault("SIT-19", where, "transport", "url", "as2")
        for key in ("url", "mdn_url", "answer_url"):
            address = str(settings.get(key) or "https://")
            if not address.startswith("https://") and settings.get("allow_plain") is not True:
                yield fault("SIT-03", where, f"transport.{key}", "https://…", address)
        try:
            agreed = station(settings)
            answer_within(settings)
        except ConfigError as error:
            yield unloadable(where, "transport", error)
            continue
        certificate = ends(agreed, now)
        if certificate is not None:
            severity: Severity = "error" if certificate.not_valid_after_utc < now else "warning"
            yield replace(told(certificate), place=Place(path=f"{where}: transport"), severity=severity)
