"""Canonical record → bytes of a partner's syntax, and a look at the outcome with the partner's eyes before it may leave.

What a syntax cannot say, and what our own reader would refuse, is a finding and never a document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

from pydantic import ValidationError

from connectors.registry import format_named, traits_of
from connectors.spec import STRICT, Envelope, Fitting, Format, Profile
from data_contracts.canonical import CANONICAL
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, has_error
from data_contracts.mistakes import explained
from data_contracts.source import SourceRecord
from hub import pipeline
from hub.site import AgreedMessage, Agreement, Site
from mappings.engine import Context, Mapping, UnwritableError
from mappings.function_base import day_only


@dataclass(slots=True)
class Names:
    """By which a document calls itself, as our own reader finds them in what was written: a partner's answer names them."""

    interchange: str | None = None
    group: str | None = None
    message: str | None = None


@dataclass(slots=True)
class Written:
    """A document ready to leave, or why there is none."""

    content: bytes | None
    mapping: Mapping
    findings: list[Finding] = field(default_factory=list)
    names: Names = field(default_factory=Names)


def write(site: Site, agreement: Agreement, entity: dict[str, Any], envelope: Envelope | None) -> Written:
    """The document that says `entity` to the agreement's partner."""
    agreed, mapping = agreed_for(site, agreement, entity)
    return _write(format_named(agreement.format), mapping, agreed, entity, envelope, site.profile(agreement), agreement.grammar)


def agreed_for(site: Site, agreement: Agreement, entity: dict[str, Any]) -> tuple[AgreedMessage, Mapping]:
    """The agreed message whose mapping speaks of this kind of entity: one for its very purpose (UBL has a document of its own for
    cancellations) before one for any. Raises ConfigError when there is none.
    """
    fitting = [
        (agreed, mapping)
        for agreed in agreement.messages
        if (mapping := pipeline.mapping_of(site.mapping_folders, agreed)).entity == entity["entity"]
    ]
    fitting = _of_kind(fitting, entity)
    asked = entity.get("purpose")
    for purpose in (asked, None):
        for agreed, mapping in fitting:
            if mapping.purpose == purpose:
                return agreed, mapping
    if fitting and asked is None:
        return fitting[0]
    what = f"{entity['entity']} for the purpose {asked}" if fitting else entity["entity"]
    raise ConfigError(f"agreement {agreement.agreement} has no message that carries {what}")


def _of_kind(fitting: Sequence[tuple[AgreedMessage, Mapping]], entity: dict[str, Any]) -> list[tuple[AgreedMessage, Mapping]]:
    """The messages that can say this kind of invoice, one for nothing else (UBL CreditNote) first; any where no kind is asked."""
    if entity["entity"] != "Invoice" or "number" not in entity:
        return list(fitting)
    kind = entity.get("kind", "invoice")
    able = [one for one in fitting if kind in (one[1].kinds or {"invoice"})]
    return sorted(able, key=lambda one: kind != "invoice" and "invoice" in (one[1].kinds or {"invoice"}))


def carries_changes(site: Site, agreement: Agreement) -> bool:
    """Whether the agreement names a message by which an order's changes are told line by line (X12 860, ORDCHG, UBL OrderChange)."""
    return any(pipeline.mapping_of(site.mapping_folders, agreed).entity == "OrderChange" for agreed in agreement.messages)


def write_dry(site: Site, plain: dict[str, Any], to: str, partner: str | None, version: str | None, now: datetime) -> Written:
    """`udihub write`: a canonical JSON record as bytes, under the partner's outbound agreement or with placeholder identities, with all
    that the document does not say of it: what was cut or spelled otherwise (OUT-05), and members that it has no place for (MAP-06).

    Control numbers are 1. Raises ConfigError for an unknown entity or target, ValueError naming what cannot be written.
    """
    name = str(plain.get("entity", ""))
    if name not in CANONICAL:
        raise ConfigError(f"the record's entity is {name or 'missing'}; known are {', '.join(sorted(CANONICAL))}")
    try:
        entity = CANONICAL[name].model_validate({key: value for key, value in plain.items() if key != "entity"}).as_plain()
    except ValidationError as error:
        raise ConfigError(f"the record is no valid {name}: {explained(CANONICAL[name], error)}") from error
    syntax, _, message = to.partition("/")
    version = version or traits_of(syntax).base_version
    agreement = _outbound(site, partner, syntax, message)
    agreed = _agreed(message, version or None, to)
    identity = agreement.envelope if agreement is not None else None
    envelope = Envelope(
        sender=identity.sender if identity else "ZZ:SENDER",
        receiver=identity.receiver if identity else "ZZ:RECEIVER",
        control=1,
        group_control=1,
        first_message_control=1,
        created_at=now,
        version=version,
    )
    profile = site.profile(agreement) if agreement is not None else STRICT
    if agreement is not None:
        agreed = agreement.message(message, version) or agreed
    mapping = pipeline.mapping_of(site.mapping_folders, agreed)
    if mapping.entity != name:
        article = "an" if mapping.entity[0] in "AEIOU" else "a"
        raise ConfigError(f"{to} says {article} {mapping.entity}; the record is one of {name}")
    enveloped = traits_of(syntax).enveloped
    written = _write(
        format_named(syntax), mapping, agreed, entity, envelope if enveloped else None, profile, None if enveloped else message
    )
    if written.content is None:
        raise ConfigError("; ".join(f"{where}: {one.text()}" if (where := one.place.path) else one.text() for one in written.findings))
    told = {(one.rule, one.place.path) for one in written.findings}
    context = _context(syntax, profile, agreed)
    written.findings += [one for one in mapping.unwritten(_dated(entity), context) if (one.rule, one.place.path) not in told]
    return written


def _agreed(message: str, version: str | None, mapping: str) -> AgreedMessage:
    try:
        return AgreedMessage(type=message, version=version, mapping=mapping)
    except ValidationError:
        raise ConfigError(f"--version: {Finding('SIT-06', got=version).text()}") from None


def _outbound(site: Site, partner: str | None, syntax: str, message: str) -> Agreement | None:
    for agreement in site.agreements.values():
        carries = any(agreed.type == message for agreed in agreement.messages)
        if agreement.direction == "out" and agreement.partner == partner and agreement.format == syntax and carries:
            return agreement
    return None


def _write(
    syntax: Format,
    mapping: Mapping,
    agreed: AgreedMessage,
    entity: dict[str, Any],
    envelope: Envelope | None,
    profile: Profile,
    grammar: str | None,
) -> Written:
    context, entity = _context(syntax.name, profile, agreed), _dated(entity)
    try:
        tree = mapping.write(entity, context)
    except UnwritableError as error:
        return Written(None, mapping, list(error.findings))
    except ValueError as error:
        return Written(None, mapping, [Finding("OUT-01", got=str(error))])
    lost = mapping.unwritten(entity, context) if entity.get("purpose") == "cancel" != mapping.purpose else ()
    if any(finding.place.path == "purpose" for finding in lost):
        # without its purpose a cancellation would read as the order that it takes back
        named = f"{entity['entity']} {entity.get('number', '')}".rstrip()
        return Written(None, mapping, [Finding("OUT-04", expected=named, got=mapping.name)])

    def attempt() -> Written:
        try:
            content = syntax.write([(agreed.type, tree)], envelope, profile, grammar)
        except ValueError as error:
            return Written(None, mapping, [Finding("OUT-01", got=str(error))])
        found, names = _read_back(syntax, content, profile, grammar)
        told = [finding for finding in found if finding.severity != "info"]
        return Written(None if has_error(found) else content, mapping, told, names)

    written = attempt()
    if written.content is None and isinstance(syntax, Fitting) and (changed := _fitted(syntax, agreed.type, tree, envelope, profile)):
        written = attempt()
        if written.content is not None:
            written.findings = [*written.findings, *changed]
    return written


def _context(syntax: str, profile: Profile, agreed: AgreedMessage) -> Context:
    return Context(time_zone=profile.time_zone, components=traits_of(syntax).components, message_version=agreed.version)


def _dated(entity: dict[str, Any]) -> dict[str, Any]:
    """The entity, of which one says that its moment is a day: it may have been JSON in between."""
    return {**entity, "issued_at": day_only(entity["issued_at"])} if entity.get("issued_at_source") == "day" else entity


def _fitted(syntax: Fitting, message: str, tree: SourceRecord, envelope: Envelope | None, profile: Profile) -> list[Finding]:
    """What of a tree that cannot be written was made fit: an order must not stay at home for its description."""
    try:
        return syntax.fit(message, tree, envelope, profile)
    except ValueError:
        return []  # what writing said first is the reason


def _read_back(syntax: Format, content: bytes, profile: Profile, grammar: str | None) -> tuple[Sequence[Finding], Names]:
    """What our own reader finds in what we are about to send, and by what names."""
    found: list[Finding] = []
    names = Names()
    for event in syntax.read(BytesIO(content), profile, grammar):
        if event.kind == "message" and event.message is not None:
            found += event.message.findings
            names.message = event.message.control
        elif event.kind == "group_end" and event.group is not None:
            found += event.group.findings
            names.group = event.group.control
        elif event.kind == "interchange_end" and event.interchange is not None:
            found += event.interchange.findings
            names.interchange = event.interchange.control
        elif event.kind == "unreadable" and event.finding is not None:
            found.append(event.finding)
    return found, names
