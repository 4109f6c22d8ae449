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
    mappings/ codes/ grammars/ contracts/    overlays; the shipped ones are the default

Every file is validated whole before the hub starts; mistakes are a `SiteError` that names file and key (hub/site_reading.py). What needs
more than the files themselves, mappings and grammars, `udihub partner check` looks at (hub/soundness.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors import registry
from connectors.spec import Profile
from data_contracts.canonical.base import Amount
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding
from data_contracts.mistakes import meant
from data_contracts.registers import RegisterName
from data_contracts.rules.catalogue import all_rules
from hub.cases.settings import CaseSettings
from hub.labels.settings import LabelSettings
from hub.masterdata.settings import MasterSettings
from hub.recall.calendars import Calendars
from hub.registers.settings import RegisterSettings
from hub.site_reading import QualifierError, SiteError, fault, files, known_zone, parsed, unloadable
from hub.store.crosswalk import OWN_SYSTEMS
from hub.visibility.settings import EventSettings

Part = TypeVar("Part", bound="_Part")
Severity = Literal["error", "warning", "info"]
RESPONSE = "response"
"""The route by which a partner fetches its answers itself."""
Action = Literal["none", "row", "message", "flow"]
DUPLICATE_DAYS = 396
"""Thirteen months: numbers of most partners begin anew with the year, and what is resent late must still be known."""


class _Part(BaseModel):
    """A piece of site YAML: unknown members are refused, so that a typing error cannot pass for a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Organisation(_Part):
    """One of our own legal entities."""

    key: str
    name: str
    name_zh: str | None = None
    gln: str | None = None
    time_zone: str = "UTC"
    currency: str | None = None

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return known_zone(value)


class Partner(_Part):
    """Any system or company on the other side."""

    version: Literal[1] = 1
    partner: str
    name: str
    name_zh: str | None = None
    kind: Literal["erp", "wms", "mes", "scm", "qms", "supplier", "customer", "carrier"]
    gln: str | None = None
    party: str | dict[str, str] | None = None
    """Code of this party in our ERP's master data; by system (`{erp_north: V1, erp_south: V7}`) where the site has several ERPs."""
    places: tuple[str, ...] = ()
    """GLNs or codes of places at which it receives, beside its own GLN: whose goods a recall finds there."""
    notices: dict[str, Any] = Field(default_factory=lambda: {"use": "response"})
    """Route of recall notices and holds, as `transport:` of a flow; `use: response`: the partner fetches them (`/v1/recalls`)."""


class EnvelopeIdentity(_Part):
    """Envelope ids as `qualifier:id`, read from the document's own point of view: who sends, who receives."""

    sender: str
    receiver: str
    group_sender: str | None = None
    group_receiver: str | None = None

    @field_validator("sender", "receiver")
    @classmethod
    def _qualified(cls, value: str) -> str:
        _, mark, name = value.partition(":")
        if not (mark and name):
            raise QualifierError(f"expected `qualifier:id`, e.g. ZZ:{value}, or `:{value}` where there is no qualifier (EDIFACT)")
        return value


class AgreedMessage(_Part):
    """One message type that the partners agreed on, and the mapping that reads or writes it."""

    type: str
    version: str | None = Field(default=None, pattern=r"^([0-9]{6}|[A-Z0-9]{1,3}\.[A-Z0-9]{1,3}|[A-Z][A-Z0-9_]{3,29})$")
    """Base version (X12 `004010`, EDIFACT `D.96A`) or basic type (IDoc `ORDERS05`); null takes any version of the type."""
    mapping: str


class Acknowledge(_Part):
    """What is answered, by which route, and how long we wait for the other side's answer."""

    functional: Literal["always", "never"] = "never"
    functional_as: str | None = None
    """Which of the standard's acknowledgements (X12: `999`); null: the customary one (997, CONTRL)."""
    interchange: Literal["on_rejection", "requested", "always", "never"] = "on_rejection"
    application: Literal["on_error", "always", "never"] = "never"
    """Whether what mapping and rules found is answered too (824, APERAK, ApplicationResponse)."""
    route: dict[str, Any] = Field(default_factory=lambda: {"use": "response"})
    expect_within_hours: int | None = None
    """Direction out: hours until a 997 is overdue; null expects none."""


class DialectProfile(_Part):
    """The `profile:` of an agreement (connectors.spec.Profile)."""

    charset: str | None = None
    time_zone: str | None = None
    unpadded_isa: bool = False
    accept_with_errors: bool = False
    options: dict[str, Any] = {}

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return value if value is None else known_zone(value)


class RuleOverride(_Part):
    """What this agreement makes of a rule's finding."""

    severity: Severity | None = None
    action: Action | None = None


class Tolerances(_Part):
    """Differences that are no discrepancy: price absolute in the order's currency, quantity in base units."""

    price: Amount = Decimal(0)
    quantity: Amount = Decimal(0)


class Validity(_Part):
    """Days on which the agreement holds, both ends included; open where null."""

    since: date | None = Field(default=None, alias="from")
    until: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the agreement holds on this day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def meets(self, other: Validity) -> bool:
        """Whether both hold on any one day."""
        ends = ((self.since, other.until), (other.since, self.until))
        return all(since is None or until is None or since <= until for since, until in ends)


class Agreement(_Part):
    """Partner x own organisation x direction x messages."""

    version: Literal[1] = 1
    agreement: str
    partner: str
    organisation: str
    direction: Literal["in", "out"]
    format: str
    grammar: str | None = None
    """The feed's grammar, for syntaxes that do not name their message themselves."""
    envelope: EnvelopeIdentity | None = None
    messages: tuple[AgreedMessage, ...]
    acknowledge: Acknowledge = Acknowledge()
    profile: DialectProfile = DialectProfile()
    tolerances: Tolerances = Field(default_factory=Tolerances)
    rules: dict[str, RuleOverride] = {}
    contract: str | None = None
    """The data contract that its documents must keep."""
    test: bool = False
    duplicate_window_days: int = Field(default=DUPLICATE_DAYS, ge=1, le=36_500)
    """Days in which a control number of an interchange counts once; after them it is free again."""
    valid: Validity = Field(default_factory=Validity)
    body: str = Field(default="", exclude=True)
    """The YAML text as it stood when loaded; the store keeps it by its hash."""

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the YAML text, hexadecimal."""
        return hashlib.sha256(self.body.encode()).hexdigest()

    def message(self, type_: str | None, version: str | None) -> AgreedMessage | None:
        """The agreed message of this type; an industry suffix of the version (`004010VICS`) does not matter."""
        base = (version or "")[:6]
        for agreed in self.messages:
            if agreed.type == type_ and (agreed.version is None or agreed.version in (base, version)):
                return agreed
        return None


class Flow(_Part):
    """What moves when: source and agreement, or event, agreement and target; or published extracts of a register, to compare."""

    version: Literal[1] = 1
    flow: str
    direction: Literal["in", "out"]
    agreement: str = ""
    """Empty only where `compare` is set."""
    compare: RegisterName | None = None
    """Direction in: what comes is an extract of this register; it is compared with our devices, and its records are no documents."""
    scope: Literal["full", "changes"] | None = None
    """Of `compare`: whether extracts are of all devices; null: their names say so."""
    transport: dict[str, Any]
    contract: str | None = None
    schedule: str | None = None
    on: dict[str, str] = {}
    """Direction out: `entity`, issuing `partner`, and whom the document must name: `supplier` (party code), `ship_to` (GLNs or codes)."""
    ordered: bool = True
    """Direction out: later documents wait while an earlier one to the same destination is tried again."""
    most_a_minute: int | None = Field(default=None, ge=1, le=6000)
    """Direction out: documents a minute that the destination takes at most."""
    enabled: bool = True


class _SiteFile(_Part):
    version: Literal[1] = 1
    name: str
    name_zh: str | None = None
    environment: Literal["production", "test"] = "production"
    """In a test site, interchanges flagged as test reach the facts; in production never."""
    organisations: tuple[Organisation, ...]


class Site:
    """A loaded site. `Site.load` is the only way to one; what it holds is consistent."""

    def __init__(
        self,
        folder: Path,
        head: _SiteFile,
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
        return cls(Path(), _SiteFile(name="none", organisations=()), (), (), ())

    @classmethod
    def load(cls, folder: Path) -> Site:
        """Read and cross-check a site folder. Raises SiteError with every fault, ConfigError when there is no site."""
        faults: list[Finding] = []
        head = parsed(_SiteFile, folder / "site.yaml", folder, faults)
        partners = _keyed(Partner, folder, "partners", "partner", faults)
        agreements = _keyed(Agreement, folder, "agreements", "agreement", faults)
        flows = _keyed(Flow, folder, "flows", "flow", faults)
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
            where = f"agreements/{agreement.agreement}.yaml"
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
            options=options,
        )


def _folder_if_there(folder: Path) -> tuple[Path, ...]:
    return (folder,) if folder.is_dir() else ()


def _keyed(model: type[Part], folder: Path, room: str, key: str, faults: list[Finding]) -> list[Part]:
    """The files of a folder, in order. A key that two files have is a fault: the last one would win in silence."""
    seen: dict[str, str] = {}
    found = []
    for path in files(folder / room):
        read = parsed(model, path, folder, faults, with_body=model is Agreement)
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
