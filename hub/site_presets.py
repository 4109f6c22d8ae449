"""A site's files that name a preset (connectors/preset.py) become whole: what the product says, and over it what the partner says.

    version: 1
    flow: s4_orders
    preset: sap-s4hana
    resource: purchase_orders
    partner: s4
    organisation: north
    given: {address: "https://s4.example"}
    transport: {auth: {user: HUB, password_env: S4_PASSWORD}}

Such a flow needs no agreement of its own: format, feed and mapping are the resource's, `agreed` says what differs (tolerances, rules),
and the agreement bears the flow's name. Or it names one with `agreement`, which may itself say `preset` and `resource` and only what
differs. A resource whose flow says `compare` (extracts of a register) has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from connectors.preset import Preset, Presets, merged
from data_contracts.errors import ConfigError
from data_contracts.findings import Finding
from data_contracts.mistakes import meant
from hub.site_reading import UnmadeError, fault, unloadable

_BESIDE = ("resource", "given", "partner", "organisation", "agreed")
"""Words of a flow that mean something beside `preset` alone."""


@dataclass(frozen=True, slots=True)
class FromPreset:
    """Makes the content of one file whole before it is read as a model. Equal where the presets are."""

    presets: Presets
    room: str
    """`flows` or `agreements`."""

    def __call__(self, data: dict[str, Any], file: str) -> dict[str, Any]:
        """The content with what its preset says below it. Raises UnmadeError with every mistake."""
        if "preset" not in data:
            stray = [name for name in _BESIDE if name in data and self.room == "flows"]
            if stray:
                raise UnmadeError([fault("SIT-02", file, "preset")])
            return data
        preset, resource = self._chosen(data, file)
        given = data.get("given") or {}
        found = [*_given(preset, given, file)]
        if found:
            raise UnmadeError(found)
        return self._flow(preset, resource, data, file) if self.room == "flows" else _agreement(preset, resource, data, file)

    def _chosen(self, data: Mapping[str, Any], file: str) -> tuple[Preset, str]:
        name, resource = str(data["preset"]), data.get("resource")
        if name not in self.presets.names():
            raise UnmadeError([fault("SIT-10", file, "preset", meant(name, self.presets.names()), name)])
        try:
            preset = self.presets.named(name)
        except ConfigError as error:
            raise UnmadeError([unloadable(file, "preset", error)]) from error
        if resource not in preset.resources:
            known = meant(resource, preset.resources)
            raise UnmadeError(
                [fault("SIT-22", file, "resource", known, name) if resource is None else fault("SIT-10", file, "resource", known, resource)]
            )
        return preset, str(resource)

    def _flow(self, preset: Preset, resource: str, data: dict[str, Any], file: str) -> dict[str, Any]:
        given = data.get("given") or {}
        said = {key: value for key, value in data.items() if key not in ("transport", "agreed")}
        transport = merged(preset.settings(resource, given), data.get("transport") or {})
        lacking = list(preset.lacking(resource, transport))
        if lacking:
            raise UnmadeError([fault("SIT-22", file, "transport", ", ".join(lacking), preset.preset)])
        whole = {**merged(preset.flowing(resource), said), "transport": transport}
        if data.get("agreement") or whole.get("compare"):
            return whole
        missing = [name for name in ("partner", "organisation") if not data.get(name)]
        if missing:
            raise UnmadeError([fault("SIT-02", file, name) for name in missing])
        key = str(data.get("flow"))
        own = {"agreement": key, "partner": data["partner"], "organisation": data["organisation"], **(data.get("agreed") or {})}
        return {**whole, "agreement": key, "agreed": _agreement(preset, resource, {**own, "given": given}, file)}


def _agreement(preset: Preset, resource: str, data: dict[str, Any], file: str) -> dict[str, Any]:
    """The agreement's words, and as its text all of them: what holds is kept by its hash."""
    given = data.get("given") or {}
    whole = merged(preset.agreed(resource, given), {key: value for key, value in data.items() if key != "given"})
    text = yaml.dump({**whole, "preset": preset.preset, "resource": resource}, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    return {**whole, "preset": preset.preset, "resource": resource, "file": file, "body": text}


def _given(preset: Preset, given: Any, file: str) -> Iterator[Finding]:
    if not isinstance(given, Mapping):
        yield fault("SIT-03", file, "given", "names and values", given)
        return
    for name in given:
        if name not in preset.given:
            yield fault("SIT-01", file, f"given.{name}", meant(name, preset.given))
    if missing := preset.missing(given):
        yield fault("SIT-22", file, "given", ", ".join(missing), preset.preset)
