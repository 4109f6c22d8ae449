"""Which application identifiers belong together on one item, and which exclude each other (GS1 General Specifications 4.13, 4.14).

GS1 means the rules for all that is marked on a physical item together: where a product carries two symbols, judge
their elements as one message.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from data_contracts.findings import Finding
from data_contracts.identifiers.application_identifiers import table

Elements = Sequence[tuple[str, str]]

_SERIALISED = {"253": 13, "255": 13, "8003": 14}
"""Keys whose serial number is an optional tail: the length of the key without it."""


def judge(elements: Elements) -> tuple[Finding, ...]:
    """All rules on pairs: repeats, exclusions, requisites, and the serialised key that a digital signature needs."""
    findings, again, signed = _by_names(tuple([ai for ai, _ in elements]))
    if again:
        findings = (*repeats(elements), *findings)
    if signed:
        findings = (*findings, *signed_key(elements))
    return findings


@lru_cache(maxsize=4096)
def _by_names(names: tuple[str, ...]) -> tuple[tuple[Finding, ...], bool, bool]:
    """Which AIs are there settles exclusions and requisites, and a site's labels carry few different sets of them.

    Beside the findings: whether an AI comes again, and whether there is a signature.
    """
    elements = tuple((name, "") for name in names)
    return (*exclusions(elements), *requisites(elements)), len(set(names)) != len(names), "8030" in names


def repeats(elements: Elements) -> list[Finding]:
    """An AI may come again only with the same value: finding GS1-09."""
    seen: dict[str, str] = {}
    return [
        Finding("GS1-09", expected=seen[ai], got=value, params={"what": f"({ai})"})
        for ai, value in elements
        if seen.setdefault(ai, value) != value
    ]


def exclusions(elements: Elements) -> list[Finding]:
    """Two AIs that contradict each other: finding GS1-08."""
    present = _present(elements)
    findings = []
    for ai in present:
        for other in _excluded(ai):
            if other in present:
                findings.append(Finding("GS1-08", got=f"({other})", params={"what": f"({ai})"}))
    return findings


def requisites(elements: Elements) -> list[Finding]:
    """An AI that says nothing without another, such as a lot without its item: finding GS1-07."""
    present = _present(elements)
    findings = []
    for ai in present:
        for groups in _needed(ai):
            if not any(all(not choice.isdisjoint(present) for choice in group) for group in groups):
                wanted = ", ".join("+".join(group) for group in table()[ai].needs[_needed(ai).index(groups)])
                findings.append(Finding("GS1-07", expected=wanted, params={"what": f"({ai})"}))
    return findings


def signed_key(elements: Elements) -> list[Finding]:
    """A digital signature, AI (8030), signs one thing: a GDTI, GCN or GRAI beside it must have its serial. Finding GS1-07."""
    if not any(ai == "8030" for ai, _ in elements):
        return []
    return [
        Finding("GS1-07", expected=f"({ai}) + serial", params={"what": "(8030)"})
        for ai, value in elements
        if ai in _SERIALISED and len(value) <= _SERIALISED[ai]
    ]


def _present(elements: Elements) -> dict[str, None]:
    """The AIs in order, each once, without those that the table does not know."""
    known = table()
    return {ai: None for ai, _ in elements if ai in known}


@cache
def _matching(pattern: str) -> frozenset[str]:
    """The AIs that a pattern such as `31nn` means."""
    return frozenset(ai for ai in table() if len(ai) == len(pattern) and all(p in ("n", c) for p, c in zip(pattern, ai, strict=True)))


@cache
def _excluded(ai: str) -> tuple[str, ...]:
    """AIs that may not stand beside this one; never itself, though a pattern may cover it."""
    return tuple(sorted({other for pattern in table()[ai].excludes for other in _matching(pattern)} - {ai}))


@cache
def _needed(ai: str) -> tuple[tuple[tuple[frozenset[str], ...], ...], ...]:
    """The requisites of an AI with patterns spelled out."""
    return tuple(tuple(tuple(_matching(name) for name in group) for group in groups) for groups in table()[ai].needs)
