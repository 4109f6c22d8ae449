"""Presets: what every partner with the same product would write again, as one YAML file that a person reads.

A product is a preset and never a class. `connectors/presets/NAME.yaml` says how the product is asked (transport, paging, authorisation,
success, kind of delta, pauses) and, for each resource, what is asked for and by which feed and mapping it becomes a canonical record. A
partner's flow names preset and resource, and says what is its own: address, credentials by reference, time zone.

    version: 1
    preset: acme-erp                        # the file's name
    product: {en: ..., zh-CN: ...}
    kind: erp                               # what such a partner is
    sources: [...]                          # where the statements below can be read
    credentials: {en: ..., zh-CN: ...}      # how its administrator lets the hub in
    deltas: {en: ..., zh-CN: ...}           # how it tells what changed, and what that misses
    quirks: [{en: ..., zh-CN: ...}]
    verified: {real: [], vector: [], documented: [], unverified: []}   # each a list of statements, in both languages
    given: {address: {what: {...}, example: "https://erp.example", default: ...}}     # stands as <address> in the parts below
    needs: [auth.user, auth.password]       # settings of the transport that only the partner knows; a secret by _env or _file
    transport: {use: rest, url: "<address>/api/", ...}
    agreement: {format: json, ...}
    flow: {schedule: "*/10 * * * *"}
    example: {transport: {auth: {user: HUB, password_env: ERP_PASSWORD}}}
    resources:
      purchase_orders: {title: {...}, entity: PurchaseOrder, direction: in, transport: {...}, agreement: {grammar: ..., messages: [...]}}

What is said nearer to the partner wins: resource over product, the partner's file over both (`merged`, docs/decisions/0019).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data_contracts.errors import ConfigError
from data_contracts.findings import Language
from data_contracts.mistakes import explained, meant

SHIPPED = Path(__file__).parent / "presets"
_WHOLE = ("use", "kind", "style")
"""Where one of these differs, what stands beside it belongs to another scheme."""
_PLACE = re.compile(r"<([a-z][a-z0-9_]*)>")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Part):
    """A statement in both languages of the hub."""

    en: str
    zh: str = Field(alias="zh-CN")

    def text(self, language: Language) -> str:
        """The statement on one line."""
        return " ".join((self.en if language == "en" else self.zh).split())


class Given(_Part):
    """A value that a partner states, and the preset puts where it belongs."""

    what: Words
    example: str
    default: str | None = None
    """Where it is not stated; may name others (`https://<account>.example`)."""


class Verified(_Part):
    """How far the statements of a preset were held against anything but itself."""

    real: tuple[Words, ...] = ()
    """Against the product itself, or what was recorded of it."""
    vector: tuple[Words, ...] = ()
    """Against a published vector, an official client or another implementation."""
    documented: tuple[Words, ...] = ()
    """Stated by a source of the preset."""
    unverified: tuple[Words, ...] = ()
    """Known from practice; nobody has checked it."""


class Resource(_Part):
    """One kind of record of a product, and how it comes or goes."""

    title: Words
    entity: str | tuple[str, ...]
    """What it becomes; several where one place gives several kinds of document."""
    direction: Literal["in", "out"] = "in"
    transport: dict[str, Any] = {}
    agreement: dict[str, Any] = {}
    flow: dict[str, Any] = {}
    needs: tuple[str, ...] = ()
    """Settings of the transport that only the partner knows, beside those of the product."""
    notes: tuple[Words, ...] = ()


class Preset(_Part):
    """One product."""

    version: Literal[1]
    preset: str
    product: Words
    kind: Literal["erp", "wms", "mes", "scm", "qms", "supplier", "customer", "carrier", "register"]
    sources: tuple[str, ...] = Field(min_length=1)
    credentials: Words
    deltas: Words
    quirks: tuple[Words, ...]
    verified: Verified
    given: dict[str, Given] = {}
    needs: tuple[str, ...] = ()
    transport: dict[str, Any] = {}
    agreement: dict[str, Any] = {}
    flow: dict[str, Any] = {}
    example: dict[str, Any] = {}
    resources: dict[str, Resource] = Field(min_length=1)

    def entities(self, resource: str) -> tuple[str, ...]:
        """The canonical entities of a resource."""
        stated = self.resources[resource].entity
        return (stated,) if isinstance(stated, str) else stated

    def settings(self, resource: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The transport of a resource with what the partner gave in its places."""
        return self._filled(merged(self.transport, self.resources[resource].transport), given)

    def agreed(self, resource: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The words of the agreement of a resource."""
        found = self._filled(merged(self.agreement, self.resources[resource].agreement), given)
        return {"direction": self.resources[resource].direction, **found}

    def flowing(self, resource: str) -> dict[str, Any]:
        """The words of the flow of a resource, beside its transport."""
        found: dict[str, Any] = merged(self.flow, self.resources[resource].flow)
        return {"direction": self.resources[resource].direction, **found}

    def missing(self, given: Mapping[str, Any]) -> list[str]:
        """Names that must be given and are not."""
        return [name for name, one in self.given.items() if one.default is None and given.get(name) in (None, "")]

    def lacking(self, resource: str, settings: Mapping[str, Any]) -> Iterator[str]:
        """Settings that only the partner knows and that are not there; of another transport or authorisation nothing is known."""
        own = merged(self.transport, self.resources[resource].transport)
        if own.get("use") != settings.get("use"):
            return
        for need in (*self.needs, *self.resources[resource].needs):
            path, _, name = need.rpartition(".")
            here, theirs = (_at(one, path) for one in (own, settings))
            if not isinstance(theirs, Mapping) or (isinstance(here, Mapping) and here.get("kind") != theirs.get("kind")):
                continue
            if all(theirs.get(spelled) in (None, "") for spelled in (name, f"{name}_env", f"{name}_file")):
                yield need

    def _filled(self, template: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        values = {name: given.get(name, one.default) for name, one in self.given.items()}
        for name, value in values.items():  # a default names what was given before it
            values[name] = _put(value, values)
        found: dict[str, Any] = _put(template, values)
        return found


def _at(settings: Any, path: str) -> Any:
    for step in path.split(".") if path else ():
        settings = settings.get(step) if isinstance(settings, Mapping) else None
    return settings


def _put(template: Any, values: Mapping[str, Any]) -> Any:
    """A template with `<name>` replaced everywhere; a text that is one name alone becomes the value as it is."""
    if isinstance(template, Mapping):
        return {name: _put(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [_put(value, values) for value in template]
    if not isinstance(template, str):
        return template
    whole = _PLACE.fullmatch(template)
    if whole is not None and whole[1] in values:
        return values[whole[1]]
    return _PLACE.sub(lambda found: str(values[found[1]]) if found[1] in values else found[0], template)


def merged(base: Any, over: Any) -> Any:
    """What two files say together: the nearer one wins. Names within names are merged, lists and values replaced, null takes one away.

    Where `use`, `kind` or `style` differ, nothing of the base stays beside them.

    >>> merged({"page": 5, "auth": {"kind": "basic", "user": "A"}}, {"auth": {"user": "B"}, "page": None})
    {'auth': {'kind': 'basic', 'user': 'B'}}
    """
    if not isinstance(over, Mapping):
        return over
    kept: dict[str, Any] = dict(base) if isinstance(base, Mapping) else {}
    if any(name in kept and name in over and kept[name] != over[name] for name in _WHOLE):
        kept = {}
    for name, value in over.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = merged(kept.get(name), value)
    return kept


@dataclass(frozen=True, slots=True)
class Presets:
    """The presets that a site can name: those that are shipped, and its own in `presets/`, which win. Equal where they say the same."""

    own: tuple[tuple[str, str], ...] = ()
    """Name and text of each of the site's own."""

    @classmethod
    def of(cls, site: Path) -> Presets:
        """Those of a site's folder."""
        return cls(tuple((path.stem, path.read_text(encoding="utf-8")) for path in sorted((site / "presets").glob("*.yaml"))))

    def names(self) -> list[str]:
        """Their names, in order."""
        return sorted({*_shipped(), *(name for name, _ in self.own)})

    def named(self, name: str) -> Preset:
        """The preset of this name. Raises ConfigError where there is none, or its file is at fault."""
        text = dict(self.own).get(name)
        if text is None and name in _shipped():
            text = _text(name)
        if text is None:
            raise ConfigError(f"there is no preset {name}; did you mean {meant(name, self.names())}?")
        return _read(name, text)


@cache
def _shipped() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


@cache
def _text(name: str) -> str:
    return (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")


@lru_cache(maxsize=256)
def _read(name: str, text: str) -> Preset:
    try:
        data = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"preset {name} is no YAML: {' '.join(str(error).split())}") from error
    try:
        preset = Preset.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"preset {name}: {explained(Preset, error)}") from error
    if preset.preset != name:
        raise ConfigError(f"preset {name}: its file names it {preset.preset}")
    for place in sorted(set(_places(data.get("transport"))) | {one for part in data["resources"].values() for one in _places(part)}):
        if place not in preset.given:
            raise ConfigError(f"preset {name}: <{place}> stands for nothing that is given")
    return preset


def _places(template: Any) -> Iterator[str]:
    """The names in a template; words of XML in a body are no names, for they close."""
    if isinstance(template, Mapping):
        for name, value in template.items():
            if name not in ("title", "notes"):
                yield from _places(value)
    elif isinstance(template, list):
        for value in template:
            yield from _places(value)
    elif isinstance(template, str):
        yield from (name for name in _PLACE.findall(template) if f"</{name}>" not in template)
