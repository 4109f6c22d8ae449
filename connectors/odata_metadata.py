"""What an OData service says of itself (`$metadata`: EDMX of version 2, CSDL of version 4), held against what a flow asks of it.

A name that is spelled otherwise is answered by 400 at best, and by a field that is empty for ever at worst: so `partner check --reach`
reads the description before the first pull. Sources: OData 2.0 CSDL; OData CSDL XML 4.01. Annotations on what may be filtered by
(`sap:filterable`) are left alone: generated services say so of what they answer all the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from connectors.xml_answers import read_xml
from data_contracts.errors import RetriableError

_TIMES = {"Edm.DateTimeOffset": ("datetimeoffset", "plain"), "Edm.DateTime": ("datetime",), "Edm.String": ("text",), "Edm.Date": ("plain",)}
"""How a stamp of this type is written in a filter (`literal`)."""


@dataclass(slots=True)
class EntityType:
    """A type of entities: its members by name with their types."""

    members: dict[str, str] = field(default_factory=dict)
    leads: set[str] = field(default_factory=set)
    """Members that lead to other entities (`expand`)."""
    open: bool = False
    base: str | None = None


@dataclass(slots=True)
class Service:
    """Entity sets by name with the types of their entities, and the types by their whole names."""

    sets: dict[str, str] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    """What else may be asked for by its name: singletons and functions, whose answers are not described here."""
    types: dict[str, EntityType] = field(default_factory=dict)
    whole: bool = True
    """Whether all sets stand here; a container that extends another has the rest elsewhere."""

    def type_of(self, entity: str) -> EntityType | None:
        """The type of an entity set, with all that it inherits; None where it is none of these."""
        name: str | None = self.sets.get(entity)
        made, seen = EntityType(), set[str]()
        while name is not None and name not in seen and (own := self.types.get(name)) is not None:
            seen.add(name)
            made.members = own.members | made.members
            made.leads |= own.leads
            made.open |= own.open
            name = own.base
        return made if seen else None


def read(content: bytes, where: str) -> Service:
    """The description. Raises RetriableError for what is none, RefusedError for a DTD."""
    root = read_xml(content, where)
    if etree.QName(root).localname != "Edmx":
        raise RetriableError(f"{where}: $metadata is no EDMX")
    service = Service()
    schemas = list(root.iter("{*}Schema"))
    spaces = {str(schema.get("Alias")): str(schema.get("Namespace")) for schema in schemas if schema.get("Alias")}

    def whole(name: str | None) -> str | None:
        space, _, own = (name or "").rpartition(".")
        return None if name is None else f"{spaces.get(space, space)}.{own}"

    for schema in schemas:
        for node in schema.iterchildren("{*}EntityType"):
            made = EntityType(base=whole(node.get("BaseType")), open=node.get("OpenType") == "true")
            made.members = {str(one.get("Name")): str(one.get("Type")) for one in node.iterchildren("{*}Property")}
            made.leads = {str(one.get("Name")) for one in node.iterchildren("{*}NavigationProperty")}
            service.types[f"{schema.get('Namespace')}.{node.get('Name')}"] = made
        for container in schema.iterchildren("{*}EntityContainer"):
            service.whole = service.whole and container.get("Extends") is None
            service.sets |= {str(one.get("Name")): whole(one.get("EntityType")) or "" for one in container.iterchildren("{*}EntitySet")}
            service.others |= {str(one.get("Name")) for one in container.iterchildren("{*}Singleton", "{*}FunctionImport")}
    return service


def names_of(given: object) -> list[str]:
    """The names of a list, or of a text with commas; options in parentheses (`Lines($select=a,b)`) are no names."""
    parts = given if isinstance(given, list) else [given]
    text = ",".join(str(one) for one in parts)
    while (bare := re.sub(r"\([^()]*\)", "", text)) != text:
        text = bare
    return [name for one in text.split(",") if (name := one.strip())]


def faults(
    service: Service, entity: str, names: Iterable[str], stamps: Iterable[str], expand: Iterable[str], literal: str
) -> Iterator[str]:
    """What a flow asks and the service does not have, as sentences. `names`: paths of members; `stamps`: those by which it filters and
    sorts, spelled as `literal`. Of entities below others (`companies(…)/items`) the last name is looked for, where it is a set."""
    last = re.sub(r"\(.*\)$", "", entity.rpartition("/")[2])
    kind = service.type_of(last)
    if kind is None:
        if service.whole and "/" not in entity and last not in service.others and last not in service.sets:
            yield f"the service has no entity set {last}{_near(last, service.sets)}"
        return
    if kind.open:
        return  # its entities have members that no description names
    known = kind.members.keys() | kind.leads
    for name in dict.fromkeys(_first(path) for path in (*names, *stamps)):
        if name and name not in known:
            yield f"{last} has no {name}{_near(name, known)}"
    for name in dict.fromkeys(_first(path) for path in expand):
        if name and name not in kind.leads:
            yield f"{last} leads to no {name}{_near(name, kind.leads)}"
    for name in dict.fromkeys(stamps):
        said = kind.members.get(name)
        if said in _TIMES and literal not in _TIMES[said]:
            yield f"{name} is of the type {said}, which is asked for with literal: {_TIMES[said][0]}, not {literal}"


def _first(path: str) -> str:
    """The member that a path begins with; nothing of what is no name of one (`*`, `@odata.id`, a cast to another type)."""
    name = path.strip().partition("/")[0]
    return "" if name.startswith(("*", "@")) or ("." in name and "/" in path) else name.partition(".")[0]


def _near(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), 3, 0.6)
    return f"; did you mean {', '.join(found)}?" if found else ""
