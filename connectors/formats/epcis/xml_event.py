"""One event's element in the shape of JSON-LD, from EPCIS 2.0 and from 1.0 to 1.2; and where in the element a member stands.

What was an extension in 1.x (`extension`, `baseExtension`) is a member of the event in 2.0, a QuantityEvent an ObjectEvent that observes a
quantity. Elements of other name spaces are users'; several of one name are a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from connectors.formats.epcis.judging_values import Fault, Path
from data_contracts.events.members import ITEMS, MEMBERS

_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_NIL = _INSTANCE + "nil"
_LOCAL = "urn:epcglobal:epcis:xsd:2"
_WRAPPERS = frozenset(("extension", "baseExtension"))
_ORDER = {kind: {name: place for place, (name, _, _) in enumerate(rows)} for kind, rows in MEMBERS.items()}
_PLAIN = frozenset(
    ("eventTime", "recordTime", "eventTimeZoneOffset", "eventID", "action", "bizStep", "disposition", "parentID", "transformationID")
)
_ATTRIBUTED = frozenset(("bizTransaction", "source", "destination", "sensorMetadata", "sensorReport"))
_NAMED = {"bizTransactionList": "bizTransaction", "sourceList": "source", "destinationList": "destination"}
Element = etree._Element


def local(element: Element) -> str:
    """The name of an element without its name space."""
    return str(element.tag).rpartition("}")[2]


def line_of(element: Element) -> int:
    """The text line of an element's start within what was parsed."""
    line = element.sourceline
    return line if isinstance(line, int) and line > 0 else 1


class XmlEvent:
    """The event of an element. `raw` is in the shape of JSON-LD; `faults` are what only XML can do wrong."""

    def __init__(self, element: Element, upgrade: bool) -> None:
        self.element = element
        self.upgrade = upgrade
        self.faults: list[Fault] = []
        self.kind = local(element)
        self.raw: dict[str, Any] = {"type": self.kind}
        self._members(element)
        if upgrade and self.kind == "QuantityEvent":
            self._quantity_event()
        if not upgrade:
            self._order()

    def _members(self, element: Element) -> None:
        """Children of the event, and of the wrappers in which 1.x keeps what came later."""
        raw = self.raw
        for name, value in element.attrib.items():
            if str(name).startswith("{") and not str(name).startswith(_INSTANCE):
                raw[str(name)] = str(value)
        for child in element:
            name = str(child.tag)
            if name.startswith("{"):
                _add(raw, name, _user_value(child))
            elif name in _WRAPPERS:
                self._members(child)
            elif name in raw:
                self.faults.append(Fault("EVT-21", (name,), got=name))
            else:
                raw[name] = self._member(child, name)

    def _member(self, child: Element, name: str) -> Any:
        if name in _PLAIN or (name in ("epcClass", "quantity") and self.upgrade):
            return _text(child)
        if not len(child) and (name in _NAMED or name == "sensorElementList"):
            self.faults.append(Fault("EVT-04", (name,), expected=ITEMS[name]))
        if name in _NAMED:
            return [_typed(one, name, _NAMED[name]) for one in child]
        if name == "sensorElementList":
            return [_sensor(one) for one in child if local(one) == "sensorElement"]
        if name == "persistentDisposition":
            return _grouped(child)
        if name == "errorDeclaration":
            return self._declaration(child)
        if name in ("readPoint", "bizLocation"):
            return self._place(child)
        if name == "ilmd":
            return self._ilmd(child)
        if name == "certificationInfo":
            return [_text(one) for one in child.iter() if not len(one) and _text(one)]
        if name.endswith("QuantityList") or name == "quantityList":
            return [_quantity(one) for one in child]
        if name in ITEMS:
            return [_text(one) for one in child]
        return _user_value(child)

    def _declaration(self, element: Element) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for child in element:
            name = str(child.tag)
            if name == "correctiveEventIDs":
                out[name] = [_text(one) for one in child]
            elif name == "extension":
                out |= {name: value for name, value in self._declaration(child).items() if name.startswith("{")}
            elif name.startswith("{"):
                _add(out, name, _user_value(child))
            else:
                out[name] = _text(child)
        return out

    def _place(self, element: Element) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for child in element:
            name = str(child.tag)
            if name == "extension":
                for one in child:
                    _add(out, _user_name(one), _user_value(one))
            elif name.startswith("{"):
                _add(out, name, _user_value(child))
            else:
                out[name] = _text(child)
        return out

    def _ilmd(self, element: Element) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for child in element:
            if child.tag == "extension":
                out |= self._ilmd(child)
            else:
                _add(out, _user_name(child), _user_value(child))
        return out

    def _quantity_event(self) -> None:
        raw = self.raw
        raw["type"] = self.kind = "ObjectEvent"
        raw["action"] = "OBSERVE"
        row = {name: raw.pop(name) for name in ("epcClass", "quantity") if name in raw}
        raw["quantityList"] = [row]

    def _order(self) -> None:
        """The schema wants elements in its order, users' ones last."""
        order = _ORDER.get(self.kind)
        if order is None:
            return
        highest, last = -1, ""
        for child in self.element:
            name = str(child.tag)
            place = order.get(name, len(order) if name.startswith("{") or name in _WRAPPERS else highest)
            if place < highest:
                self.faults.append(Fault("EVT-22", (name,), expected=last, got=name))
                return
            highest, last = place, local(child)

    # --- places ----------------------------------------------------------------------------------------------------------
    def place(self, path: Path) -> tuple[str, int]:
        """Where the element of a member stands: its steps below the event, and its line within what was parsed."""
        here, steps = self.element, ""
        for at, step in enumerate(path):
            if isinstance(step, int):
                found = _nth(here, str(path[at - 1]), step)
                if found is None:
                    break
                name = local(found)
                steps += f"/{name}[{step + 1}]"
                here = found
                continue
            if any(isinstance(below, int) for below in path[at + 1 : at + 2]) and step not in ITEMS:
                continue  # a list that has no element of its own
            found = _child(here, step)
            if found is None:
                attribute = local(here) in _ATTRIBUTED
                steps += f"/@{step}" if attribute else f"/{step}"
                break
            here, steps = found, f"{steps}/{local(found)}"
        return steps, line_of(here)


def events_in(element: Element) -> Iterator[Element]:
    """The event elements that a slice of the event list holds: itself, or what an `extension` of 1.x wraps."""
    if element.tag == "extension":
        for child in element:
            yield from events_in(child)
    else:
        yield element


def _text(element: Element) -> str | None:
    if element.get(_NIL) in ("true", "1"):
        return None
    return (element.text or "").strip()


def _typed(element: Element, listed: str, name: str) -> dict[str, Any]:
    if local(element) != name:
        return {local(element): _text(element)}
    found = {str(key): str(value) for key, value in element.attrib.items() if not str(key).startswith("{")}
    return {**found, name: _text(element)}


def _quantity(element: Element) -> dict[str, Any]:
    return {local(child): _text(child) for child in element}


def _grouped(element: Element) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for child in element:
        out.setdefault(local(child), []).append(_text(child))
    return out


def _sensor(element: Element) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for child in element:
        name = str(child.tag)
        if name == "sensorReport":
            out.setdefault(name, []).append(_attributes(child))
        elif name == "sensorMetadata":
            out[name] = _attributes(child)
        elif name == "extension":
            for one in child:
                _add(out, _user_name(one), _user_value(one))
        elif name.startswith("{"):
            _add(out, name, _user_value(child))
        else:
            out[name] = _text(child)
    return out


def _attributes(element: Element) -> dict[str, Any]:
    return {str(name): str(value).strip() for name, value in element.attrib.items() if not str(name).startswith(_INSTANCE)}


def _user_name(element: Element) -> str:
    """A user's element that has no name space, where EPCIS leaves a place for such, goes by that of EPCIS."""
    name = str(element.tag)
    return name if name.startswith("{") else f"{{{_LOCAL}}}{name}"


def _user_value(element: Element) -> Any:
    """What a user's element holds: a text, or an object of what is below it and its attributes."""
    attributes = {"@" + str(name): str(value) for name, value in element.attrib.items() if not str(name).startswith(_INSTANCE)}
    if not len(element):
        text = _text(element)
        return {**attributes, "#text": text} if attributes else text
    out: dict[str, Any] = dict(attributes)
    for child in element:
        _add(out, str(child.tag), _user_value(child))
    return out


def _add(values: dict[str, Any], name: str, value: Any) -> None:
    """Several elements of one name are a list."""
    if name not in values:
        values[name] = value
    elif isinstance(values[name], list):
        values[name].append(value)
    else:
        values[name] = [values[name], value]


def _child(element: Element, name: str) -> Element | None:
    wrappers = []
    for child in element:
        if child.tag == name or local(child) == name:
            return child
        if child.tag in _WRAPPERS:
            wrappers.append(child)
    return next((found for wrapper in wrappers if (found := _child(wrapper, name)) is not None), None)


def _nth(element: Element, listed: str, place: int) -> Element | None:
    wanted = ITEMS.get(listed, listed)
    found = [child for child in element if local(child) == wanted] or [child for child in element if isinstance(child.tag, str)]
    return found[place] if place < len(found) else None


def crowded(element: Element, most: int) -> Element | None:
    """The first element with more attributes than `most`. They are asked by name, which takes minutes where a hostile tag has many."""
    return next((one for one in element.iter() if len(one.attrib) > most), None)


def spaces_used(element: Element, most: int) -> Mapping[str, str]:
    """The prefixes of users' name spaces that the elements and attributes of an event use; where they are more than `most`, one more."""
    used: dict[str, str] = {}
    known: set[str] = set()
    for one in element.iter():
        names = [name for name in map(str, (one.tag, *one.attrib)) if name[0] == "{" and not name.startswith(_INSTANCE)]
        new = {name[1:].partition("}")[0] for name in names} - known
        if not new:
            continue
        known |= new
        for prefix, space in one.nsmap.items():
            if prefix and space in new:
                used[prefix] = space
                new.discard(space)
        if len(used) > most:
            break
    return used
