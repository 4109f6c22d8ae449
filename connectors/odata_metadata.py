"""What an OData service says of itself (`$metadata`: EDMX of version 2, CSDL of version 4), held against what a flow asks of it.

A name that is spelled otherwise is answered by 400 at best, and by a field that is empty for ever at worst: so `partner check --reach`
reads the description before the first pull. Sources: OData 2.0 CSDL; OData CSDL XML 4.01; SAP annotations for OData 2.0 (`sap:filterable`,
`sap:sortable`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from data_contracts.errors import RetriableError

_SAP = "{http://www.sap.com/Protocols/SAPData}"
_TIMES = {"Edm.DateTimeOffset": ("datetimeoffset", "plain"), "Edm.DateTime": ("datetime",), "Edm.String": ("text",), "Edm.Date": ("plain",)}
"""How a stamp of this type is written in a filter (`literal`)."""


@dataclass(slots=True)
class EntityType:
    """A type of entities: its members by name with their types, and which of them nobody may ask by."""

    members: dict[str, str] = field(default_factory=dict)
    leads: set[str] = field(default_factory=set)
    """Members that lead to other entities (`expand`)."""
    unasked: set[str] = field(default_factory=set)
    base: str | None = None


@dataclass(slots=True)
class Service:
    """Entity sets by name with the types of their entities, and the types."""

    sets: dict[str, str] = field(default_factory=dict)
    types: dict[str, EntityType] = field(default_factory=dict)

    def type_of(self, entity: str) -> EntityType | None:
        """The type of an entity set, with all that it inherits; None where it is none of these."""
        name: str | None = self.sets.get(entity)
        whole, seen = EntityType(), set[str]()
        while name is not None and name not in seen and (own := self.types.get(_bare(name))) is not None:
            seen.add(name)
            whole.members = own.members | whole.members
            whole.leads |= own.leads
            whole.unasked |= own.unasked
            name = own.base
        return whole if seen else None


def read(content: bytes, where: str) -> Service:
    """The description. Raises RetriableError for what is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise RetriableError(f"{where}: $metadata is no XML") from error
    if root.getroottree().docinfo.internalDTD is not None or etree.QName(root).localname != "Edmx":
        raise RetriableError(f"{where}: $metadata is no EDMX")
    service = Service()
    for node in root.iter("{*}EntityType"):
        made = EntityType(base=node.get("BaseType"))
        for child in node.iterchildren("{*}Property"):
            made.members[str(child.get("Name"))] = str(child.get("Type"))
            if "false" in (child.get(f"{_SAP}filterable"), child.get(f"{_SAP}sortable")):
                made.unasked.add(str(child.get("Name")))
        made.leads = {str(child.get("Name")) for child in node.iterchildren("{*}NavigationProperty")}
        service.types[str(node.get("Name"))] = made
    for node in root.iter("{*}EntitySet"):
        service.sets[str(node.get("Name"))] = str(node.get("EntityType"))
    return service


def faults(
    service: Service, entity: str, names: Iterable[str], stamps: Iterable[str], expand: Iterable[str], literal: str
) -> Iterator[str]:
    """What a flow asks and the service does not have, as sentences. `names`: paths of members; `stamps`: those by which it filters and
    sorts, spelled as `literal`. Of entities below others (`companies(…)/items`) the last name is looked for, where it is a set."""
    last = re.sub(r"\(.*\)$", "", entity.rpartition("/")[2])
    kind = service.type_of(last)
    if kind is None:
        if "/" not in entity:
            yield f"the service has no entity set {last}{_near(last, service.sets)}"
        return
    known = kind.members.keys() | kind.leads
    for name in dict.fromkeys(re.split(r"[./]", path)[0] for path in (*names, *stamps)):
        if name not in known:
            yield f"{last} has no {name}{_near(name, known)}"
    for name in dict.fromkeys(re.split(r"[/(]", path)[0] for path in expand):
        if name not in kind.leads:
            yield f"{last} leads to no {name}{_near(name, kind.leads)}"
    for name in dict.fromkeys(stamps):
        said = kind.members.get(name)
        if name in kind.unasked:
            yield f"{last} is not asked by {name}: the service says that it is not filtered or sorted by"
        if said in _TIMES and literal not in _TIMES[said]:
            yield f"{name} is of the type {said}, which is asked for with literal: {_TIMES[said][0]}, not {literal}"


def _bare(name: str) -> str:
    return name.rpartition(".")[2]


def _near(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), 3, 0.6)
    return f"; did you mean {', '.join(found)}?" if found else ""
