"""`udihub partner check`: what is certain to fail once documents come, told before the first one does.

`Site.load` knows that the files fit each other. This looks at what they name: mappings, grammars and code tables are loaded, options and
transport settings held against what their plug-ins read, numbers against their check digits, identities against each other. Nothing is
fetched, sent or stored, and secrets are not looked for: they belong to the machine that runs the hub.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from connectors import registry
from connectors.feed import grammar_for, grammar_names
from connectors.feed_document import FeedGuides
from connectors.guides import Guided
from connectors.spec import Cautious, Checked, Grammared, Guarded, Optioned, Profile
from data_contracts import contract
from data_contracts.canonical import ENTITIES
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding, Place
from data_contracts.identifiers import gln
from data_contracts.mistakes import meant
from hub import pipeline, promises, writing
from hub.polling import grouping_of
from hub.schedules import is_schedule
from hub.site import RESPONSE, AgreedMessage, Agreement, Flow, Site
from hub.site_reading import fault, unloadable
from hub.untold import receivers
from mappings.code_tables import load_table
from mappings.resolve import names

_ON = ("entity", "partner", "supplier", "ship_to")


def faults(site: Site) -> list[Finding]:
    """Everything that is wrong with a loaded site; `place.path` is `file: key`. Infos are remarks, warnings do no harm yet."""
    known = names(site.mapping_folders)
    found = [*_numbers(site)]
    for agreement in site.agreements.values():
        found += _agreement(site, agreement, known)
    for flow in site.flows.values():
        found += _flow(site, flow)
    found += _same_identities(site)
    found += _files_of_its_own(site, known, {one.got for one in found if one.rule == "SIT-14"})
    return found


def _numbers(site: Site) -> Iterator[Finding]:
    """GLNs of ours and of partners: 13 digits, the last one right."""
    holders = [("site.yaml", f"organisations[{place}].gln", one.gln) for place, one in enumerate(site.organisations.values())]
    holders += [(f"partners/{partner.partner}.yaml", "gln", partner.gln) for partner in site.partners.values()]
    for file, key, number in holders:
        for wrong in gln.parse(number).findings if number is not None else ():
            yield Finding(wrong.rule, Place(path=f"{file}: {key}"), wrong.expected, wrong.got, severity="error", params=wrong.params)


def _agreement(site: Site, agreement: Agreement, known: set[str]) -> Iterator[Finding]:
    where = agreement.place
    traits, profile = registry.traits_of(agreement.format), site.profile(agreement)
    for option in agreement.profile.options:
        if traits.options is not None and option not in traits.options:
            yield fault("SIT-01", where, f"profile.options.{option}", meant(option, traits.options))
    if isinstance(format_ := registry.format_named(agreement.format), Optioned):
        for key, expected, got in format_.wrong_options(agreement.profile.options):
            yield fault("SIT-01" if got is None else "SIT-03", where, f"profile.options.{key}", expected, got)
    route = agreement.acknowledge.route
    if route.get("use") != RESPONSE:
        yield from _settings(route, where, "acknowledge.route")
    if agreement.grammar is not None:
        yield from _grammar(agreement, profile, where)
    elif traits.messages is not None:
        for place, agreed in enumerate(agreement.messages):
            if agreed.type not in traits.messages:
                yield fault("SIT-10", where, f"messages[{place}].type", meant(agreed.type, traits.messages), agreed.type)
    elif not traits.enveloped and all(agreed.type != agreement.format for agreed in agreement.messages):
        yield fault("SIT-02", where, "grammar")
    if agreement.contract is not None:
        yield from _contract(site, agreement, agreement.contract, where)
    for place, agreed in enumerate(agreement.messages):
        where_in = f"messages[{place}]"
        if isinstance(format_, Grammared) and not isinstance(format_, FeedGuides):
            yield from _described(format_, agreement, agreed, profile, where, where_in)
        yield from _mapping(site, agreement, agreed, known, where, f"{where_in}.mapping")


def _grammar(agreement: Agreement, profile: Profile, where: str) -> Iterator[Finding]:
    """Of a feed: it is there, it can be loaded, and its messages are called as they were agreed."""
    folders = [Path(str(folder)) for folder in profile.options.get("grammar_folders", ())]
    known = grammar_names(agreement.format, folders)
    if agreement.grammar not in known:
        yield fault("SIT-10", where, "grammar", meant(agreement.grammar, known), agreement.grammar)
        return
    try:
        grammar = grammar_for(agreement.format, agreement.grammar, profile)
    except ConfigError as error:
        yield unloadable(where, "grammar", error)
        return
    for place, agreed in enumerate(agreement.messages):
        if agreed.type != grammar.message:
            yield fault("SIT-10", where, f"messages[{place}].type", grammar.message, agreed.type)


def _mapping(site: Site, agreement: Agreement, agreed: AgreedMessage, known: set[str], where: str, key: str) -> Iterator[Finding]:
    """Of a message: it is there, it can be loaded, and it is for this message and this direction."""
    if agreed.mapping not in known:
        yield fault("SIT-10", where, key, meant(agreed.mapping, known), agreed.mapping)
        return
    try:
        mapping = pipeline.mapping_of(site.mapping_folders, agreed)
    except ConfigError as error:
        yield unloadable(where, key, error)
        return
    if (mapping.format, mapping.message) != (agreement.format, agreed.type):
        yield fault("SIT-16", where, key, f"{mapping.format} {mapping.message}", agreed.mapping)
    if mapping.direction not in ("both", agreement.direction):
        yield fault("SIT-15", where, key, mapping.direction, agreement.direction)


def _contract(site: Site, agreement: Agreement, name: str, where: str) -> Iterator[Finding]:
    """Of an agreement or a flow: it is there, it can be loaded, and it speaks of an entity that a message of it becomes."""
    known = contract.names(promises.folders(site))
    if name not in known:
        yield fault("SIT-10", where, "contract", meant(name, known), name)
        return
    try:
        made = contract.named(name, promises.folders(site))
        entities = {pipeline.mapping_of(site.mapping_folders, agreed).entity for agreed in agreement.messages}
    except ConfigError as error:
        yield unloadable(where, "contract", error)
        return
    if made.entity not in entities:
        yield fault("SIT-16", where, "contract", str(made.entity), name)


def _described(
    format_: Grammared, agreement: Agreement, agreed: AgreedMessage, profile: Profile, where: str, key: str
) -> Iterator[Finding]:
    """A message that no grammar describes is refused whenever it comes."""
    folders = [str(folder) for folder in profile.options.get("grammar_folders", ())]
    version = agreed.version or registry.traits_of(agreement.format, profile).base_version
    if format_.grammar_used(agreed.type, version, folders) is None:
        known = format_.guided(profile, "en") if isinstance(format_, Guided) else {}
        yield fault("SIT-10", where, key, meant(agreed.type, known), f"{agreed.type} {version}".rstrip())


def _flow(site: Site, flow: Flow) -> Iterator[Finding]:
    where = f"flows/{flow.flow}.yaml"
    agreement = site.agreements.get(flow.agreement)
    told = agreement is not None and registry.traits_of(agreement.format).tells_repeats
    yield from _settings(flow.transport, where, "transport", asks=flow.direction == "in", told=told)
    if flow.schedule is not None and not is_schedule(flow.schedule):
        yield fault("SIT-03", where, "schedule", "cron, 5 fields", flow.schedule)
    if flow.contract is not None and flow.agreement:
        yield from _contract(site, site.agreements[flow.agreement], flow.contract, where)
    if flow.direction == "in":
        yield from _together(site, flow, where)
        return
    for key in flow.on:
        if key not in _ON:
            yield fault("SIT-01", where, f"on.{key}", meant(key, _ON))
    entity, partner = flow.on.get("entity"), flow.on.get("partner")
    for key, value, known in (("entity", entity, ENTITIES), ("partner", partner, site.partners)):
        if value is None:
            yield fault("SIT-02", where, f"on.{key}")
        elif value not in known:
            yield fault("SIT-10", where, f"on.{key}", meant(value, known), value)
    receiver = site.partners[site.agreements[flow.agreement].partner]
    if entity == "PurchaseOrder" and "supplier" not in flow.on and receiver.kind == "supplier":
        yield fault("SIT-20", where, "on.supplier", got=partner)
    if entity in ENTITIES and partner is not None and receivers(site, flow) == frozenset():
        yield fault("SIT-21", where, "on.ship_to", got=receiver.partner)
    if entity in ENTITIES:
        try:
            writing.agreed_for(site, site.agreements[flow.agreement], {"entity": entity})
        except ConfigError:
            yield fault("SIT-18", where, "agreement", entity, flow.agreement)


def _together(site: Site, flow: Flow, where: str) -> Iterator[Finding]:
    """A grammar that puts rows together, and a delta that brings only those that changed: the message would lack the others."""
    delta, agreement = flow.transport.get("delta"), site.agreements.get(flow.agreement)
    if agreement is None or not isinstance(delta, Mapping) or delta.get("kind") in (None, "whole"):
        return
    try:
        group = grouping_of(site, agreement)
    except ConfigError:
        return  # told of the agreement
    if group is not None and delta.get("rows") is not True:
        yield fault("SIT-23", where, "transport.delta", ", ".join(group.by), str(delta["kind"]))


def _settings(settings: Mapping[str, Any], where: str, key: str, *, asks: bool = False, told: bool = False) -> Iterator[Finding]:
    """What a transport does not read, what it does not work without, and what is wrong within its settings.

    `told`: what goes out itself says whether it is a repeat."""
    use = str(settings.get("use"))
    transport = registry.transport_named(use)
    known: frozenset[str] | None = getattr(transport, "settings", None)
    needs: frozenset[str] = getattr(transport, "needs", frozenset())
    for name in settings:
        if known is not None and name not in known | {"use"}:
            yield fault("SIT-01", where, f"{key}.{name}", meant(name, known))
    missing = sorted(name for name in needs if settings.get(name) in (None, ""))
    if missing:
        yield fault("SIT-19", where, key, ", ".join(missing), use)
    elif isinstance(transport, Checked):
        try:
            transport.check(settings, asks=asks)
            if key == "transport" and not (asks or told) and isinstance(transport, Guarded) and not transport.guards(settings):
                yield fault("SIT-26", where, f"{key}.send", got=use)
            if asks and isinstance(transport, Cautious):
                for rule, at, got in transport.cautions(settings):
                    yield fault(rule, where, f"{key}.{at}", got=got)
        except ConfigError as error:
            yield unloadable(where, key, error)


def _same_identities(site: Site) -> Iterator[Finding]:
    """Two agreements that one envelope fits. Those of one partner are told apart by the flow that brings a document, or not at all."""
    named = {flow.agreement for flow in site.flows.values() if flow.enabled and flow.direction == "in"}
    for one, other in combinations([known for known in site.agreements.values() if known.envelope is not None], 2):
        if (one.direction, one.format, one.envelope) != (other.direction, other.format, other.envelope) or not one.valid.meets(other.valid):
            continue
        where = other.place
        apart = one.partner != other.partner or one.direction == "out" or {one.agreement, other.agreement} <= named
        yield fault("SIT-13" if apart else "SIT-12", where, "envelope", one.agreement, other.agreement)


def _files_of_its_own(site: Site, known: set[str], told: set[str | None]) -> Iterator[Finding]:
    """Grammars, mappings and code tables in the site's folders that no agreement names: drafts may be unfinished, so this only warns."""

    def broken(path: Path, error: ConfigError) -> Iterator[Finding]:
        if str(error) not in told:
            file = path.relative_to(site.folder).as_posix()
            yield replace(unloadable(file, "", error), severity="warning", action="none")

    profile = Profile(options={"grammar_folders": [str(folder) for folder in site.grammar_folders]})
    for path in _below(site.grammar_folders, "*/*.yaml"):
        name = path.parent.name
        try:
            format_ = registry.format_named(name)
            if isinstance(format_, FeedGuides):
                grammar_for(name, path.stem, profile)
            elif isinstance(format_, Grammared):
                format_.grammar_used(path.stem, path.stem, profile.options["grammar_folders"])
        except ConfigError as error:
            yield from broken(path, error)
    for path in _below(site.mapping_folders, "*/*.yaml"):
        name = f"{path.parent.name}/{path.stem}"
        if name in known:
            try:
                pipeline.mapping_of(site.mapping_folders, AgreedMessage(type="", mapping=name))
            except ConfigError as error:
                yield from broken(path, error)
    tables = [folder for folder in (site.folder / "codes", *(folder / "codes" for folder in site.mapping_folders)) if folder.is_dir()]
    for path in _below(tables, "*.csv"):
        try:
            load_table(path.stem, [path.parent])
        except ConfigError as error:
            yield from broken(path, error)


def _below(folders: Sequence[Path], pattern: str) -> list[Path]:
    return sorted(path for folder in folders for path in folder.glob(pattern) if not path.name.startswith("_"))
