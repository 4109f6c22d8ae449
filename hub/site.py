"""The site: a customer's own configuration, kept in its own git repository. Adding a partner touches nothing else.

    site.yaml            organisations: our own legal entities
    partners/<key>.yaml      who is on the other side: suppliers, customers, and our own ERP, WMS, MES
    agreements/<key>.yaml    partner x organisation x direction x messages: identities, dialect, acknowledgements, tolerances
    flows/<key>.yaml         where documents of an agreement come from or go to, and when
    labels.yaml          where whoever scans one of our labels is sent (hub/labels/settings.py); may be missing
    registers.yaml       under which names our companies publish devices (hub/registers/settings.py); may be missing
    masterdata.yaml      whose word counts in golden records, and what a second person approves (hub/masterdata/settings.py); may be missing
    epcis.yaml           to whom events are sent that they have subscribed to (hub/visibility/settings.py); may be missing
    cases.yaml           when cases are due, whose they are, what must be signed (hub/cases/settings.py); may be missing
    calendars.yaml       working days of years that the hub does not know (hub/recall/calendars.py); may be missing
    presets/<name>.yaml      products beside those that the hub knows (connectors/preset.py); may be missing
    mappings/ codes/ grammars/ contracts/    overlays; the shipped ones are the default

Every file is validated whole before the hub starts; mistakes are a `SiteError` that names file and key (hub/site_reading.py). What needs
more than the files themselves, mappings and grammars, `udihub partner check` looks at (hub/soundness.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from connectors import registry
from connectors.preset import Presets
from connectors.spec import Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding
from data_contracts.mistakes import meant
from data_contracts.rules.catalogue import all_rules
from hub.cases.settings import CaseSettings
from hub.labels.settings import LabelSettings
from hub.masterdata.settings import MasterSettings
from hub.recall.calendars import Calendars
from hub.registers.settings import RegisterSettings
from hub.site_parts import DUPLICATE_DAYS as DUPLICATE_DAYS
from hub.site_parts import RESPONSE as RESPONSE
from hub.site_parts import Acknowledge as Acknowledge
from hub.site_parts import AgreedMessage as AgreedMessage
from hub.site_parts import Agreement as Agreement
from hub.site_parts import DialectProfile as DialectProfile
from hub.site_parts import Flow as Flow
from hub.site_parts import Organisation, Part, SiteFile
from hub.site_parts import Partner as Partner
from hub.site_parts import RuleOverride as RuleOverride
from hub.site_parts import Tolerances as Tolerances
from hub.site_presets import FromPreset
from hub.site_reading import SiteError, fault, files, parsed, unloadable
from hub.store.crosswalk import OWN_SYSTEMS
from hub.visibility.settings import EventSettings

Kind = TypeVar("Kind", bound=Part)


class Site:
    """A loaded site. `Site.load` is the only way to one; what it holds is consistent."""

    def __init__(
        self,
        folder: Path,
        head: SiteFile,
        partners: Sequence[Partner],
        agreements: Sequence[Agreement],
        flows: Sequence[Flow],
        labels: LabelSettings | None = None,
        events: EventSettings | None = None,
        registers: RegisterSettings | None = None,
        masterdata: MasterSettings | None = None,
        calendars: Calendars | None = None,
        cases: CaseSettings | None = None,
    ) -> None:
        self.folder = folder
        self.name = head.name
        self.name_zh = head.name_zh
        self.environment = head.environment
        self.organisations: Mapping[str, Organisation] = {o.key: o for o in head.organisations}
        self.partners: Mapping[str, Partner] = {p.partner: p for p in partners}
        self.agreements: Mapping[str, Agreement] = {a.agreement: a for a in agreements}
        self.flows: Mapping[str, Flow] = {f.flow: f for f in flows}
        self.labels = labels or LabelSettings()
        self.events = events or EventSettings()
        self.registers = registers or RegisterSettings()
        self.masterdata = masterdata or MasterSettings()
        self.cases = cases or CaseSettings()
        self.calendars = (calendars or Calendars()).over(Calendars.known())
        """Working days by which a recall's clocks count: the site's own years before those that the hub knows."""
        self.mapping_folders: tuple[Path, ...] = _folder_if_there(folder / "mappings")
        """Where this site's own mappings lie; they win over the shipped ones."""
        self.grammar_folders: tuple[Path, ...] = _folder_if_there(folder / "grammars")
        """Where this site's own feed grammars lie."""
        self._profiles: dict[str, Profile] = {}

    @classmethod
    def empty(cls) -> Site:
        """No partners at all: enough to check a file by its standard alone."""
        return cls.without_partners(Path())

    @classmethod
    def without_partners(cls, folder: Path) -> Site:
        """The overlays of a site (mappings, grammars) and none of its partners, whose files may be at fault."""
        return cls(folder, SiteFile(name="none", organisations=()), (), (), ())

    @classmethod
    def load(cls, folder: Path) -> Site:
        """Read and cross-check a site folder. Raises SiteError with every fault, ConfigError when there is no site."""
        faults: list[Finding] = []
        head = parsed(SiteFile, folder / "site.yaml", folder, faults)
        partners = _keyed(Partner, folder, "partners", "partner", faults)
        presets = Presets.of(folder)
        agreements = _keyed(Agreement, folder, "agreements", "agreement", faults, presets)
        flows = _keyed(Flow, folder, "flows", "flow", faults, presets)
        for flow in flows:
            if flow.agreed is not None and any(flow.agreed.agreement == known.agreement for known in agreements):
                faults.append(fault("SIT-11", f"flows/{flow.flow}.yaml", "flow", f"agreements/{flow.agreement}.yaml", flow.flow))
        agreements += [flow.agreed for flow in flows if flow.agreed is not None]
        labels = parsed(LabelSettings, folder / "labels.yaml", folder, faults) if (folder / "labels.yaml").exists() else None
        events = parsed(EventSettings, folder / "epcis.yaml", folder, faults) if (folder / "epcis.yaml").exists() else None
        registers = parsed(RegisterSettings, folder / "registers.yaml", folder, faults) if (folder / "registers.yaml").exists() else None
        master = parsed(MasterSettings, folder / "masterdata.yaml", folder, faults) if (folder / "masterdata.yaml").exists() else None
        calendars = parsed(Calendars, folder / "calendars.yaml", folder, faults) if (folder / "calendars.yaml").exists() else None
        cases = parsed(CaseSettings, folder / "cases.yaml", folder, faults) if (folder / "cases.yaml").exists() else None
        if faults or head is None:
            raise SiteError(folder, faults)
        site = cls(folder, head, partners, agreements, flows, labels, events, registers, master, calendars, cases)
        faults = [*site._partner_faults(), *site._agreement_faults(), *site._flow_faults(), *site._label_faults()]
        if faults:
            raise SiteError(folder, faults)
        return site

    def _partner_faults(self) -> Iterator[Finding]:
        erps = self._erps()
        for partner in self.partners.values():
            where = f"partners/{partner.partner}.yaml"
            if isinstance(partner.party, str) and len(erps) > 1:
                yield fault("SIT-17", where, "party", f"{{{', '.join(f'{erp}: …' for erp in erps)}}}", partner.party)
            if (use := str(partner.notices.get("use"))) != RESPONSE:
                yield from _plugin_faults(registry.transport_named, registry.transport_names, use, where, "notices.use")
            for system in partner.party if isinstance(partner.party, dict) else ():
                own = [key for key, known in self.partners.items() if known.kind in OWN_SYSTEMS]
                if system not in own:
                    yield fault("SIT-10", where, "party", meant(system, own), system)

    def _agreement_faults(self) -> Iterator[Finding]:
        for agreement in self.agreements.values():
            where = agreement.place
            if agreement.partner not in self.partners:
                yield fault("SIT-10", where, "partner", meant(agreement.partner, self.partners), agreement.partner)
            if agreement.organisation not in self.organisations:
                yield fault("SIT-10", where, "organisation", meant(agreement.organisation, self.organisations), agreement.organisation)
            yield from _plugin_faults(registry.format_named, registry.format_names, agreement.format, where, "format")
            if (use := str(agreement.acknowledge.route.get("use"))) != RESPONSE:
                yield from _plugin_faults(registry.transport_named, registry.transport_names, use, where, "acknowledge.route.use")
            for rule in agreement.rules:
                if rule not in all_rules():
                    yield fault("SIT-10", where, f"rules.{rule}", meant(rule, all_rules()), rule)

    def _flow_faults(self) -> Iterator[Finding]:
        for flow in self.flows.values():
            agreement = self.agreements.get(flow.agreement)
            where = f"flows/{flow.flow}.yaml"
            use = str(flow.transport.get("use"))
            yield from _plugin_faults(registry.transport_named, registry.transport_names, use, where, "transport.use")
            if flow.approval is not None and flow.direction == "in":
                yield fault("SIT-03", where, "approval", "direction: out", "direction: in")
            if flow.compare is not None:
                if flow.direction == "out":
                    yield fault("SIT-15", where, "direction", "in", flow.direction)
                if flow.agreement:
                    yield fault("SIT-03", where, "agreement", f"compare: {flow.compare}", flow.agreement)
            elif agreement is None:
                yield fault("SIT-10", where, "agreement", meant(flow.agreement, self.agreements), flow.agreement)
            elif agreement.direction != flow.direction:
                yield fault("SIT-15", where, "direction", agreement.direction, flow.direction)

    def _label_faults(self) -> Iterator[Finding]:
        for place, first in self.labels.defaults_twice():
            yield fault("SIT-03", "labels.yaml", f"links[{place}].default", f"links[{first}].default: true", "true")

    def party_codes(self, partner: str) -> dict[str, str]:
        """The partner's code in each of our systems whose master data name it, as its file says; orders of that system call it so."""
        party = self.partners[partner].party
        if isinstance(party, dict):
            return dict(party)
        return dict.fromkeys(self._erps(), party) if party else {}

    def _erps(self) -> list[str]:
        return sorted(key for key, partner in self.partners.items() if partner.kind == "erp")

    def inbound(self, partner: str, organisations: Iterable[str] | None = None) -> list[Agreement]:
        """The agreements by which this partner may send to these organisations (all when None)."""
        allowed = None if organisations is None else set(organisations)
        return [
            agreement
            for agreement in self.agreements.values()
            if agreement.direction == "in" and agreement.partner == partner and (allowed is None or agreement.organisation in allowed)
        ]

    def by_envelope(self, candidates: Iterable[Agreement], sender: str | None, receiver: str | None, day: date) -> Agreement | None:
        """The one agreement that these envelope ids select among the candidates; None when none or several do."""
        found = self.all_by_envelope(candidates, sender, receiver, day)
        return found[0] if len(found) == 1 else None

    def all_by_envelope(self, candidates: Iterable[Agreement], sender: str | None, receiver: str | None, day: date) -> list[Agreement]:
        """The agreements that these envelope ids fit; more than one is a fault of the site (AGR-05)."""
        return [
            agreement
            for agreement in candidates
            if agreement.envelope is not None
            and agreement.envelope.sender == sender
            and agreement.envelope.receiver == receiver
            and agreement.valid.covers(day)
        ]

    def profile(self, agreement: Agreement) -> Profile:
        """The dialect for a format to read or write by: times without offset are the agreement's or the organisation's."""
        known = self._profiles.get(agreement.agreement)
        if known is None:
            known = self._profiles[agreement.agreement] = self._profile(agreement)
        return known

    def _profile(self, agreement: Agreement) -> Profile:
        given = agreement.profile
        options = dict(given.options)
        if self.grammar_folders:
            options["grammar_folders"] = [str(folder) for folder in self.grammar_folders]
        return Profile(
            charset=given.charset,
            time_zone=given.time_zone or self.organisations[agreement.organisation].time_zone,
            unpadded_isa=given.unpadded_isa,
            accept_with_errors=given.accept_with_errors,
            lenient=given.accept_with_errors or any(rule.severity or rule.action for rule in agreement.rules.values()),
            options=options,
        )


def _folder_if_there(folder: Path) -> tuple[Path, ...]:
    return (folder,) if folder.is_dir() else ()


def _keyed(model: type[Kind], folder: Path, room: str, key: str, faults: list[Finding], presets: Presets | None = None) -> list[Kind]:
    """The files of a folder, in order. A key that two files have is a fault: the last one would win in silence."""
    seen: dict[str, str] = {}
    found = []
    for path in files(folder / room):
        made = FromPreset(presets, room) if presets is not None else None
        read = parsed(model, path, folder, faults, with_body=model is Agreement, made=made)
        if read is not None:
            name = str(getattr(read, key))
            if name in seen:
                faults.append(fault("SIT-11", f"{room}/{path.name}", key, seen[name], name))
            seen.setdefault(name, f"{room}/{path.name}")
            found.append(read)
    return found


def _plugin_faults(find: Callable[[str], object], names: Callable[[], Sequence[str]], name: str, where: str, key: str) -> Iterator[Finding]:
    try:
        find(name)
    except ConfigError as error:
        lacks = isinstance(error.__cause__, ImportError)  # it is there, a package that it needs is not
        yield unloadable(where, key, error) if lacks else fault("SIT-10", where, key, meant(name, names()), name)
