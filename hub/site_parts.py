"""What a site's files say, as models: organisations, partners, agreements, flows. `hub/site.py` reads them and holds them together."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from data_contracts.canonical.base import Amount
from data_contracts.registers import RegisterName
from hub.site_reading import QualifierError, known_zone

Severity = Literal["error", "warning", "info"]
RESPONSE = "response"
"""The route by which a partner fetches its answers itself."""
Action = Literal["none", "row", "message", "flow"]
DUPLICATE_DAYS = 396
"""Thirteen months: numbers of most partners begin anew with the year, and what is resent late must still be known."""


class Part(BaseModel):
    """A piece of site YAML: unknown members are refused, so that a typing error cannot pass for a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Organisation(Part):
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


class Partner(Part):
    """Any system or company on the other side."""

    version: Literal[1] = 1
    partner: str
    name: str
    name_zh: str | None = None
    kind: Literal["erp", "wms", "mes", "scm", "qms", "supplier", "customer", "carrier", "register"]
    gln: str | None = None
    party: str | dict[str, str] | None = None
    """Code of this party in our ERP's master data; by system (`{erp_north: V1, erp_south: V7}`) where the site has several ERPs."""
    places: tuple[str, ...] = ()
    """GLNs or codes of places at which it receives, beside its own GLN: whose goods a recall finds there."""
    notices: dict[str, Any] = Field(default_factory=lambda: {"use": "response"})
    """Route of recall notices and holds, as `transport:` of a flow; `use: response`: the partner fetches them (`/v1/recalls`)."""


class EnvelopeIdentity(Part):
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


class AgreedMessage(Part):
    """One message type that the partners agreed on, and the mapping that reads or writes it."""

    type: str
    version: str | None = Field(default=None, pattern=r"^([0-9]{6}|[A-Z0-9]{1,3}\.[A-Z0-9]{1,3}|[A-Z][A-Z0-9_]{3,29})$")
    """Base version (X12 `004010`, EDIFACT `D.96A`) or basic type (IDoc `ORDERS05`); null takes any version of the type."""
    mapping: str


class Acknowledge(Part):
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


class DialectProfile(Part):
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


class RuleOverride(Part):
    """What this agreement makes of a rule's finding."""

    severity: Severity | None = None
    action: Action | None = None


class Tolerances(Part):
    """Differences that are no discrepancy: price absolute in the order's currency, quantity in base units."""

    price: Amount = Decimal(0)
    quantity: Amount = Decimal(0)


class Validity(Part):
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


class Agreement(Part):
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
    preset: str | None = None
    """The product whose words stand below these (connectors/preset.py), and `resource`: which of its records."""
    resource: str | None = None
    file: str = Field(default="", exclude=True)
    """Where it stands in the site; empty: `agreements/` and its key."""
    body: str = Field(default="", exclude=True)
    """The YAML text as it stood when loaded; the store keeps it by its hash."""

    @property
    def place(self) -> str:
        """Its file, counted from the site's folder."""
        return self.file or f"agreements/{self.agreement}.yaml"

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


class Flow(Part):
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
    approval: Literal["required"] | None = None
    """Direction out: nothing is told before a steward has approved it (hub/approving.py)."""
    most_a_minute: int | None = Field(default=None, ge=1, le=6000)
    """Direction out: documents a minute that the destination takes at most."""
    enabled: bool = True
    preset: str | None = None
    """The product whose words stand below these (connectors/preset.py), and `resource`: which of its records."""
    resource: str | None = None
    given: dict[str, Any] = {}
    """What the preset asks for: address, account, time zone."""
    partner: str | None = None
    """With a preset and without an agreement: whose flow it is, and for which `organisation`."""
    organisation: str | None = None
    agreed: Agreement | None = None
    """The agreement that such a flow makes, under its own name; in the file only what differs from the preset."""


class SiteFile(Part):
    """The content of `site.yaml`."""

    version: Literal[1] = 1
    name: str
    name_zh: str | None = None
    environment: Literal["production", "test"] = "production"
    """In a test site, interchanges flagged as test reach the facts; in production never."""
    organisations: tuple[Organisation, ...]
