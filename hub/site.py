"""The site: a customer's own configuration, kept in its own git repository. Adding a partner touches nothing else.

    site.yaml            organisations: our own legal entities
    partners/<key>.yaml      who is on the other side: suppliers, customers, and our own ERP, WMS, MES
    agreements/<key>.yaml    partner x organisation x direction x messages: identities, dialect, acknowledgements, tolerances
    flows/<key>.yaml         where documents of an agreement come from or go to, and when
    mappings/ codes/ grammars/ contracts/    overlays; the shipped ones are the default

Every file is validated whole before the hub starts; a mistake is a `ConfigError` that names file and field.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from connectors import registry
from connectors.spec import Profile
from data_contracts.canonical.base import Amount
from data_contracts.errors import ConfigError
from data_contracts.rules.catalogue import all_rules
from hub.store.crosswalk import OWN_SYSTEMS

Model = TypeVar("Model", bound="_Part")
Severity = Literal["error", "warning", "info"]
RESPONSE = "response"
"""The route by which a partner fetches its answers itself."""
Action = Literal["none", "row", "message", "flow"]


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
        return _known_zone(value)


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
            raise ValueError(f"expected `qualifier:id`, e.g. ZZ:{value}, or `:{value}` where there is no qualifier (EDIFACT)")
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
        return value if value is None else _known_zone(value)


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
    test: bool = False
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
    """What moves when: source and agreement, or event, agreement and target."""

    version: Literal[1] = 1
    flow: str
    direction: Literal["in", "out"]
    agreement: str
    transport: dict[str, Any]
    contract: str | None = None
    schedule: str | None = None
    on: dict[str, str] = {}
    """Direction out: `entity`, issuing `partner`, and `supplier` (party code) the document must name."""
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
    ) -> None:
        self.folder = folder
        self.name = head.name
        self.name_zh = head.name_zh
        self.environment = head.environment
        self.organisations: Mapping[str, Organisation] = {o.key: o for o in head.organisations}
        self.partners: Mapping[str, Partner] = {p.partner: p for p in partners}
        self.agreements: Mapping[str, Agreement] = {a.agreement: a for a in agreements}
        self.flows: Mapping[str, Flow] = {f.flow: f for f in flows}
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
        """Read and cross-check a site folder. Raises ConfigError naming file and field."""
        head = _parse(_SiteFile, folder / "site.yaml")
        partners = [_parse(Partner, path) for path in _files(folder / "partners")]
        agreements = [_parse(Agreement, path, with_body=True) for path in _files(folder / "agreements")]
        flows = [_parse(Flow, path) for path in _files(folder / "flows")]
        site = cls(folder, head, partners, agreements, flows)
        site._cross_check()
        return site

    def _cross_check(self) -> None:
        erps = self._erps()
        for partner in self.partners.values():
            where = f"{self.folder / 'partners' / partner.partner}.yaml"
            if isinstance(partner.party, str) and len(erps) > 1:
                raise ConfigError(
                    f"{where}: party: say whose code it is, {{{', '.join(f'{erp}: …' for erp in erps)}}}: there are several ERPs"
                )
            for system in partner.party if isinstance(partner.party, dict) else ():
                if system not in self.partners or self.partners[system].kind not in OWN_SYSTEMS:
                    raise ConfigError(f"{where}: party: {system!r} is no system of ours")
        for agreement in self.agreements.values():
            where = f"{self.folder / 'agreements' / agreement.agreement}.yaml"
            if agreement.partner not in self.partners:
                raise ConfigError(f"{where}: partner {agreement.partner!r} has no file in partners/")
            if agreement.organisation not in self.organisations:
                raise ConfigError(f"{where}: organisation {agreement.organisation!r} is not in site.yaml")
            _known_plugin(registry.format_named, agreement.format, f"{where}: format")
            if agreement.acknowledge.route.get("use") != RESPONSE:
                _known_plugin(registry.transport_named, str(agreement.acknowledge.route.get("use")), f"{where}: acknowledge.route.use")
            for rule in agreement.rules:
                if rule not in all_rules():
                    raise ConfigError(f"{where}: rules: there is no rule {rule!r}")
        for flow in self.flows.values():
            agreement_of = self.agreements.get(flow.agreement)
            where = f"{self.folder / 'flows' / flow.flow}.yaml"
            _known_plugin(registry.transport_named, str(flow.transport.get("use")), f"{where}: transport.use")
            if agreement_of is None:
                raise ConfigError(f"{where}: agreement {flow.agreement!r} has no file in agreements/")
            if agreement_of.direction != flow.direction:
                raise ConfigError(f"{where}: direction is {flow.direction}, its agreement's is {agreement_of.direction}")

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
        found = [
            agreement
            for agreement in candidates
            if agreement.envelope is not None
            and agreement.envelope.sender == sender
            and agreement.envelope.receiver == receiver
            and agreement.valid.covers(day)
        ]
        return found[0] if len(found) == 1 else None

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


def _known_plugin(find: Callable[[str], object], name: str, where: str) -> None:
    try:
        find(name)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"no IANA time zone is named {value!r}") from error
    return value


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml")) if folder.is_dir() else []


def _parse(model: type[Model], path: Path, *, with_body: bool = False) -> Model:
    try:
        text = path.read_text(encoding="utf-8")
        data = yaml.load(text, Loader=yaml.CSafeLoader)
    except FileNotFoundError as error:
        hint = "; UDIHUB_SITE names the folder of your site (the demonstration's is deploy/site)" if path.name == "site.yaml" else ""
        raise ConfigError(f"{path}: there is no such file{hint}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected a mapping at the top")
    if "on" not in data and True in data:
        data["on"] = data.pop(True)  # YAML 1.1 reads a bare `on` as true
    try:
        return model.model_validate({**data, "body": text} if with_body else data)
    except ValidationError as error:
        raise ConfigError("; ".join(f"{path}: {_said(model, one)}" for one in error.errors())) from error


def _said(model: type[BaseModel], one: Any) -> str:
    """One mistake in words for whoever wrote the YAML."""
    field = ".".join(str(part) for part in one["loc"])
    if one["type"] == "extra_forbidden":
        near = get_close_matches(str(one["loc"][-1]), list(model.model_fields), n=1)
        return f"{field}: there is no such key" + (f"; did you mean {near[0]}?" if near else "")
    return f"{field}: {one['msg'].removeprefix('Value error, ')}"
