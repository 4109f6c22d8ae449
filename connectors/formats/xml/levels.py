"""A grammar laid out for reading and writing elements: by the parser's tag what may stand in an element, and in which order.

A feed has one namespace for all elements. UBL has one for records and one for values; `Qualify` says which a field has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connectors.feed import FeedGrammar, Field

Qualify = Callable[[Field], str | None]
"""Field → the namespace of its element; None for no namespace."""


class Known(NamedTuple):
    """One element that the grammar has at a place."""

    name: str
    position: int
    """Where it stands among its neighbours."""
    record: bool
    many: bool
    below: Level


@dataclass(frozen=True, slots=True)
class Level:
    """What may stand in an element."""

    by_tag: Mapping[str, Known]
    names: frozenset[str]


NOTHING = Level({}, frozenset())
"""Below an element that the grammar does not have."""


def clark(namespace: str | None, name: str) -> str:
    """The parser's tag of an element."""
    return f"{{{namespace}}}{name}" if namespace else name


def one_namespace(namespace: str | None) -> Qualify:
    """All elements are of one namespace, as in feeds."""
    return lambda _field: namespace


def spaces_of(grammar: FeedGrammar) -> Qualify:
    """Each element is of the namespace that its field names, else of the grammar's own."""
    if not grammar.spaces:
        return one_namespace(grammar.namespace)
    return lambda field: grammar.namespace if field.space is None else grammar.spaces[field.space]


def level_of(fields: Mapping[str, Field], qualify: Qualify, also: Sequence[str | None] = ()) -> Level:
    """The level of a message. Fields that stand at several places, as named types do, are laid out once.

    `also` are further namespaces in which every element may stand.
    """
    return _level(fields, qualify, also, {})


def _level(fields: Mapping[str, Field], qualify: Qualify, also: Sequence[str | None], done: dict[int, Level]) -> Level:
    known = done.get(id(fields))
    if known is None:
        by_tag = {}
        for position, (name, field) in enumerate(fields.items()):
            if name and name[0] != "@":
                below = _level(field.fields, qualify, also, done) if field.kind == "record" else NOTHING
                found = Known(name, position, field.kind == "record", field.many, below)
                for namespace in (*also, qualify(field)):
                    by_tag[clark(namespace, name)] = found
        known = done[id(fields)] = Level(by_tag, frozenset(fields))
    return known
