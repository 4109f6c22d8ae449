"""Where every canonical value came from: the mapping walked plainly, with places instead of speed.

`explain` and the places of findings rest on it. It is written apart from the compiled reader on purpose: the two are each
other's judge in a property test.
"""

from __future__ import annotations

from dataclasses import dataclass

from data_contracts.findings import Place
from data_contracts.source import SourceRecord
from mappings.context import Context, place_of, sent_at
from mappings.path import Located, locate, records
from mappings.plan import CAME, CURRENCY, SENT, Plan, Rule, Scope
from mappings.together import together


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one canonical value came from."""

    place: Place
    """Segment, position, element and component, or line and path; of several texts the first one's. For a constant, its record."""
    values: tuple[str, ...]
    """The texts of the source as they stand there; none for a constant or default."""
    row: str
    """The row of the mapping, as YAML."""
    function: str
    """Named function that made the value."""


def trace(plan: Plan, root: SourceRecord, context: Context) -> dict[str, Origin]:
    """Canonical path (`number`, `ship_to.gln`, `lines[2].quantity` counted from 0, `lines[2].serials[0]`) to where its value came from."""
    origins: dict[str, Origin] = {}
    _scope(plan.root, root, context, "", origins)
    return origins


def _scope(scope: Scope, record: SourceRecord, context: Context, prefix: str, origins: dict[str, Origin]) -> bool:
    """Add the scope's origins; false (and nothing added) where a member that it needs is absent."""
    own: dict[str, Origin] = {}
    refused: set[str] = set()
    for rule in scope.rules:
        if rule.reads:
            _rule(rule, record, context, prefix, own, refused)
    if any(f"{prefix}{name}" not in own for name in scope.needs):
        return False
    origins.update(own)
    counts: dict[str, int] = {}
    for child in scope.scopes:
        if not child.reads:
            continue
        begun: SourceRecord | None = None
        for element in records(child.at, record) if child.at is not None else (record,):
            if child.skips(element):
                continue
            if child.later and element.parent is not begun:
                begun = element.parent if _scope(child, element, context, "", {}) else begun
                continue
            number = counts.get(child.to, 0)
            if _scope(child, element, context, f"{prefix}{child.to}[{number}].", origins):
                counts[child.to] = number + 1
    return True


def _rule(rule: Rule, record: SourceRecord, context: Context, prefix: str, origins: dict[str, Origin], refused: set[str]) -> None:
    """Add the origin of a row's value; `refused`: members of which a text was there that could not be read."""
    name = f"{prefix}{'.'.join(rule.to)}"
    if name in origins or name in refused:
        return
    for when in rule.when:
        text = next((place.text for place in locate(when.path, record, context.components)), "")
        if not text or (when.values is not None and text not in when.values):
            return
    if rule.const is not None:
        origins[name] = Origin(place_of(record), (), rule.text, rule.function.name)
        return
    if rule.many:
        number = 0
        seen: set[tuple[int, int | str, int | None]] = set()
        for place in (place for path in rule.paths for place in locate(path, record, context.components)):
            if (at := (id(place.record), place.key, place.component)) in seen or not _readable(rule, [place.text], context):
                continue
            seen.add(at)
            value = rule.function.read(place.text)
            for _ in range(len(value) if value.__class__ is tuple else 1):
                origins[f"{name}[{number}]"] = _origin(rule, [place])
                number += 1
        return
    places = _places(rule, record, context)
    if places:
        texts = [place.text if place else "" for place in places]
        if _readable(rule, texts, context):
            origins[name] = _origin(rule, [place for place in places if place])
        else:
            refused.add(name)
    elif rule.default is not None and _defaults(rule, context):
        origins[name] = Origin(place_of(record), (), rule.text, rule.function.name)


def _places(rule: Rule, record: SourceRecord, context: Context) -> list[Located | None]:
    """The places of a row's texts: one, or one for each argument of its function; empty where the first is absent."""
    if rule.function.arguments == 1:
        return next(([place] for path in rule.paths for place in locate(path, record, context.components)), [])
    firsts = together(rule.paths, record, context.components) if rule.paths else []
    return [*firsts, *[None] * (rule.function.arguments - len(firsts))] if firsts and firsts[0] else []


def _defaults(rule: Rule, context: Context) -> bool:
    """Whether the default of a row gives a value here."""
    if rule.default == SENT:
        return sent_at(context) is not None
    if rule.default == CAME:
        return context.came is not None
    return rule.default != CURRENCY or bool(context.currency)


def _readable(rule: Rule, texts: list[str], context: Context) -> bool:
    if rule.table is not None:
        return texts[0] in rule.table.inward or rule.function.read(texts[0]) in rule.table.inward or rule.row.unknown == "keep"
    try:
        rule.function.read(*texts, *([context.time_zone] if rule.function.zoned else []))
    except ValueError:
        return False
    return True


def _origin(rule: Rule, places: list[Located]) -> Origin:
    first = places[0]
    return Origin(place_of(first.record, first.key, first.component), tuple(place.text for place in places), rule.text, rule.function.name)
