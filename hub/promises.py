"""The data contract that an agreement's documents must keep, made ready once, and made anew when its file changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from weakref import WeakKeyDictionary

from data_contracts import contract
from data_contracts.findings import Finding
from data_contracts.inline import Promise
from hub.site import Agreement, Site

_of_flows: WeakKeyDictionary[Site, dict[str, str]] = WeakKeyDictionary()
"""By site: contracts that flows name, by agreement."""
_made: dict[Path, tuple[tuple[int, int], Promise]] = {}
"""By file: its time and size when it was read."""


def contract_name(site: Site, agreement: Agreement) -> str | None:
    """What the agreement names, else what a flow of it does."""
    if agreement.contract is not None:
        return agreement.contract
    by_flow = _of_flows.get(site)
    if by_flow is None:
        by_flow = _of_flows[site] = {flow.agreement: flow.contract for flow in site.flows.values() if flow.contract is not None}
    return by_flow.get(agreement.agreement)


def promise_of(site: Site, agreement: Agreement) -> Promise | None:
    """The contract as judge, null where none is agreed. Raises ConfigError for one that is not there, or at fault."""
    name = contract_name(site, agreement)
    if name is None:
        return None
    path = contract.path_of(name, folders(site))
    status = path.stat()
    state = (status.st_mtime_ns, status.st_size)
    known = _made.get(path)
    if known is None or known[0] != state:
        known = _made[path] = (state, Promise(contract.load(path)))
    return known[1]


def folders(site: Site) -> tuple[Path, ...]:
    """Where a site's own contracts lie."""
    folder = site.folder / "contracts"
    return (folder,) if folder.is_dir() else ()


def asked(findings: Sequence[Finding], agreement: Agreement, promise: Promise | None) -> list[Finding]:
    """Findings by which this agreement or its contract wants the flow to stop."""
    chosen = {rule for rule, override in agreement.rules.items() if override.action == "flow"}
    spared = {rule for rule, override in agreement.rules.items() if override.action not in (None, "flow")}
    chosen |= (promise.stops if promise is not None else frozenset()) - spared
    return [one for one in findings if one.severity == "error" and one.action == "flow" and one.rule in chosen]
