"""What is asked of the events: the parameters of EPCIS's simple event query (EPCIS 2.0 clause 8.2.7.1).

    eventType            ["ObjectEvent"]
    EQ_bizStep           ["shipping", "receiving"]      one of them
    GE_eventTime         "2026-11-01T00:00:00Z"
    MATCH_anyEPC         ["https://id.gs1.org/01/06926365598003/21/S0001", "urn:epc:idpat:sgtin:6926365.059800.*"]
    EQ_bizTransaction_po ["urn:epcglobal:cbv:bt:7640123000013:4500000017"]
    GE_value_CEL         8.5                            a sensor's
    EQ_ILMD_cbvmda:lotNumber ["F2611A"]                 a user's field: prefix, or name space and name joined by #

Values of one parameter are alternatives, all parameters must hold. What is asked of things, places, steps, times and documents is a
condition of the store (`asked`); the rest is looked up in the events that are left (`tests`). Two things are wider than the standard:
`WD_` takes the sub-locations of a GLN by its extension, since that is what an extension means, and master data are not asked (`HASATTR_`,
`EQATTR_`), which is refused openly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.formats.epcis.values import TIME
from data_contracts.errors import RefusedError
from data_contracts.events.members import EVENT_TYPES, PREFIXES
from data_contracts.events.things import identify
from data_contracts.events.vocabulary import Kind, vocabulary
from data_contracts.identifiers.digital_link import CANONICAL
from hub.apply.event_facts import mark_text
from hub.store.event_views import AskedThings, AskedWords, Conditions
from hub.store.keys import own_thing, thing_key
from hub.store.types import micros, storable
from hub.store.visibility import ACTIONS, CHILD, CLASS, EPC, INPUT, ITEM, OUTPUT, PARENT, TYPES, WORDS, mark
from hub.visibility.fields import COMPARED, Test, extension, has_row, marked, one_of, quantity, sensor, sensor_time, sensor_value, things

MOST_VALUES = 500
"""Values of one parameter."""
MOST_PARAMETERS = 60
_PARTS = {
    "epc": (EPC, CHILD), "parentID": (PARENT,), "inputEPC": (INPUT,), "outputEPC": (OUTPUT,),
    "anyEPC": (EPC, PARENT, CHILD, INPUT, OUTPUT),
}  # fmt: skip
_CLASS_PARTS = {
    "epcClass": (EPC, CHILD), "inputEPCClass": (INPUT,), "outputEPCClass": (OUTPUT,), "anyEPCClass": (EPC, CHILD, INPUT, OUTPUT),
}  # fmt: skip
_WORDS: dict[str, tuple[str, Kind | None]] = {
    "bizStep": ("step", "biz_step"), "disposition": ("disposition", "disposition"), "readPoint": ("read_point", None),
    "bizLocation": ("location", None),
}  # fmt: skip
_TIMES = {"eventTime": "occurred_at", "recordTime": "recorded_at", "errorDeclarationTime": "declared_at"}
_SENSOR_TIMES = {"startTime": "start_time", "endTime": "end_time"}
_SENSORS: dict[str, Kind | None] = {
    "type": "measurement", "deviceID": None, "dataProcessingMethod": None, "microorganism": None, "chemicalSubstance": None,
    "bizRules": None, "stringValue": None, "hexBinaryValue": None, "uriValue": None,
}  # fmt: skip
_SENSOR_VALUES = frozenset(("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"))
_TYPED: dict[str, tuple[str, Kind]] = {
    "bizTransaction": ("business_transactions", "business_transaction"),
    "source": ("sources", "source_or_destination"),
    "destination": ("destinations", "source_or_destination"),
}
_CONTROLS = frozenset(("orderBy", "orderDirection", "eventCountLimit", "maxEventCount"))
_ORDERS = {"eventTime": "occurred_at", "recordTime": "recorded_at"}
_NAME = re.compile(r"(EQ|GT|GE|LT|LE|WD|MATCH|EXISTS|HASATTR|EQATTR)_(.+)", re.ASCII)
_EXTENSION = re.compile(
    r"(INNER_)?(ILMD_|ERROR_DECLARATION_|SENSORELEMENT_|SENSORMETADATA_|SENSORREPORT_|readPoint_|bizLocation_)?(.+)", re.ASCII
)
_PATTERN = re.compile(r"urn:epc:idpat:(sgtin|sscc):([0-9]{4,12})\.\*(?:\.\*)?", re.ASCII)
_LINK_PATTERN = re.compile(r"(https?://[^\s?#]*/01/[0-9]{14})/21/\*", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,6})?", re.ASCII)


class QuestionError(RefusedError):
    """A question that cannot be answered, and why."""


class TooLargeError(RefusedError):
    """More events answer than the asker wants."""


class TooComplexError(TooLargeError):
    """More events would have to be looked through than the hub does at once."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read and checked."""

    asked: Conditions
    tests: tuple[Test, ...] = ()
    """What an event's canonical form must satisfy beside."""
    count_limit: int | None = None
    """The first so many are wanted."""
    max_count: int | None = None
    """More than so many are an error."""


@dataclass(slots=True)
class _Asking:
    """A question being read."""

    types: tuple[int, ...] | None = None
    actions: tuple[int, ...] | None = None
    times: list[tuple[str, str, int]] = field(default_factory=list)
    words: list[AskedWords] = field(default_factory=list)
    things: list[AskedThings] = field(default_factory=list)
    marks: list[frozenset[int]] = field(default_factory=list)
    numbers: frozenset[str] | None = None
    declared: bool = False
    tests: list[Test] = field(default_factory=list)
    spaces: Mapping[str, str] = field(default_factory=dict)


def read_question(parameters: Mapping[str, Any], spaces: Mapping[str, str] | None = None) -> Question:
    """The question of parameters as JSON states them; `spaces` are prefixes beside the standard's.

    Raises QuestionError with the parameter's name.
    """
    if len(parameters) > MOST_PARAMETERS:
        raise QuestionError(f"a question has at most {MOST_PARAMETERS} parameters")
    asking = _Asking(spaces={**PREFIXES, **(spaces or {})})
    for name, value in parameters.items():
        if any(storable(text) != text for text in (name, *(value if isinstance(value, list) else (value,))) if isinstance(text, str)):
            raise QuestionError("a zero byte, or half a character, is asked for")
        if name not in _CONTROLS and value is not None:
            _parameter(asking, name, value)
    order, descending = _order(parameters)
    limit, most = (_count(parameters, name) for name in ("eventCountLimit", "maxEventCount"))
    if limit is not None and most is not None:
        raise QuestionError("eventCountLimit and maxEventCount exclude each other")
    if limit is not None and parameters.get("orderBy") is None:
        raise QuestionError("eventCountLimit needs orderBy")
    asked = Conditions(
        asking.types, asking.actions, tuple(asking.times), tuple(asking.words), tuple(asking.things), tuple(asking.marks),
        asking.numbers, asking.declared, order, descending,
    )  # fmt: skip
    return Question(asked, tuple(asking.tests), limit, most)


def from_query_string(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Parameters of a query string: alternatives are separated by `|`. Raises QuestionError for a name that comes twice."""
    found: dict[str, Any] = {}
    for name, text in pairs:
        if name in found:
            raise QuestionError(f"{name} comes twice; alternatives are separated by |")
        found[name] = text if name in _CONTROLS else [part for part in text.split("|") if part] or text
    return found


def _order(parameters: Mapping[str, Any]) -> tuple[str, bool]:
    by, direction = parameters.get("orderBy"), parameters.get("orderDirection")
    if direction is not None and direction not in ("ASC", "DESC"):
        raise QuestionError("orderDirection is ASC or DESC")
    if by is None:
        return "id", True
    if not isinstance(by, str) or by not in _ORDERS:
        raise QuestionError("orderBy is eventTime or recordTime; users' fields give no order here")
    return _ORDERS[by], direction != "ASC"


def _count(parameters: Mapping[str, Any], name: str) -> int | None:
    value = parameters.get(name)
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) == 0:
        raise QuestionError(f"{name} is a whole number above 0, of nine digits at most")
    return int(text)


# --- one parameter -------------------------------------------------------------------------------------------------------
def _parameter(asking: _Asking, name: str, value: Any) -> None:
    if name == "eventType":
        asking.types = tuple(sorted(TYPES[one] for one in _texts(name, value, EVENT_TYPES)))
        return
    found = _NAME.fullmatch(name)
    if found is None:
        raise QuestionError(f"there is no parameter {name}")
    how, what = found.groups()
    if how in ("HASATTR", "EQATTR"):
        raise QuestionError(f"{name}: master data are not asked for with events here")
    if how == "MATCH":
        _match(asking, name, what, value)
    elif how in ("EQ", "WD") and what in _WORDS:
        _word(asking, name, how, what, value)
    elif how in ("GE", "LT") and what in _TIMES:
        asking.times.append((_TIMES[what], how, micros(read_instant(name, value))))
    elif how in ("GE", "LT") and what in _SENSOR_TIMES:
        asking.tests.append(sensor_time(_SENSOR_TIMES[what], how, read_instant(name, value)))
    elif how == "EXISTS" and what == "errorDeclaration":
        asking.declared = asking.declared or _truth(name, value)
    elif how == "EQ" and what in _EXACT:
        _EXACT[what](asking, name, value)
    elif how == "EQ" and what in _SENSORS:
        kind = _SENSORS[what]
        asking.tests.append(sensor(what, frozenset(_term(kind, one) for one in _texts(name, value))))
    elif how in COMPARED and what.partition("_")[0] in _SENSOR_VALUES:
        attribute, _, unit = what.partition("_")
        asking.tests.append(sensor_value(attribute, how, _numbers(name, value, how), unit or None))
    elif how in COMPARED and what == "quantity":
        asking.tests.append(quantity(how, _numbers(name, value, how)))
    elif how == "EQ" and what.partition("_")[0] in _TYPED and "_" in what:
        _typed(asking, name, what, value)
    else:
        _extension(asking, name, how, what, value)


def _word(asking: _Asking, name: str, how: str, what: str, value: Any) -> None:
    column, kind = _WORDS[what]
    if how == "WD" and kind is not None:
        raise QuestionError(f"there is no parameter {name}")
    values = frozenset(_term(kind, one) if kind is not None else identify(one).uri for one in _texts(name, value))
    asking.words.append(AskedWords(column, WORDS[column], values, below=how == "WD"))


def _match(asking: _Asking, name: str, what: str, value: Any) -> None:
    classes = what in _CLASS_PARTS
    parts = _CLASS_PARTS.get(what) or _PARTS.get(what)
    if parts is None:
        raise QuestionError(f"there is no parameter {name}")
    keys: set[tuple[str, int]] = set()
    ranges: set[tuple[str, str, int]] = set()
    exact: set[str] = set()
    beginnings: set[str] = set()
    for text in _texts(name, value):
        link = _LINK_PATTERN.fullmatch(text)
        thing = identify(link[1] if link else text)
        wide = _PATTERN.fullmatch(text)
        if link or (thing.pattern and thing.elements and thing.key == "01"):
            offset = CLASS if classes else ITEM
            keys.update((thing_key(thing), part + offset) for part in parts)
            beginnings.add(f"{thing.uri}/21/")
        elif wide is not None and not classes:
            kind, prefix = wide.groups()
            beginning, offset = ("item:", ITEM) if kind == "sgtin" else ("sscc:", 0)
            ranges.update((f"{beginning}{d}{prefix}", f"{beginning}{d}{prefix}:", part + offset) for d in range(10) for part in parts)
            space = "01" if kind == "sgtin" else "00"
            beginnings.update(f"{CANONICAL}/{space}/{d}{prefix}" for d in range(10))
        elif "*" in text:
            raise QuestionError(f"{name}: {text} is a pattern that is not understood here; known are …sgtin:P.I.*, …sgtin:P.*.*, …sscc:P.*")
        else:
            if thing.faults:
                raise QuestionError(f"{name}: {text} is no right EPC")
            keys.update((own_thing(thing_key(thing)), part + CLASS * classes) for part in parts)
            exact.add(thing.uri)
    asking.things.append(AskedThings(frozenset(keys), frozenset(ranges)))
    if beginnings and not classes:  # an item stands in an event also by a quantity of its lots
        asking.tests.append(things(parts, frozenset(exact), tuple(sorted(beginnings))))


def _typed(asking: _Asking, name: str, what: str, value: Any) -> None:
    """Business transactions, sources and destinations of a kind."""
    head, _, kind = what.partition("_")
    member, words = _TYPED[head]
    bare = _term(words, kind)
    texts = {mark_text(member, bare, one) for one in _texts(name, value)}
    asking.marks.append(frozenset(mark(text) for text in texts))
    asking.tests.append(marked(member, frozenset(texts)))


def _marked(member: str) -> Callable[[_Asking, str, Any], None]:
    def read(asking: _Asking, name: str, value: Any) -> None:
        texts = {mark_text(member, None, one) for one in _texts(name, value)}
        asking.marks.append(frozenset(mark(text) for text in texts))
        asking.tests.append(marked(member, frozenset(texts)))

    return read


def _action(asking: _Asking, name: str, value: Any) -> None:
    asking.actions = tuple(sorted(ACTIONS[one] for one in _texts(name, value, tuple(ACTIONS))))


def _event_id(asking: _Asking, name: str, value: Any) -> None:
    asking.numbers = frozenset(_texts(name, value))


def _reason(asking: _Asking, name: str, value: Any) -> None:
    asking.declared = True
    asking.tests.append(one_of(("error_declaration", "reason"), frozenset(_term("error_reason", one) for one in _texts(name, value))))


def _persistent(which: str) -> Callable[[_Asking, str, Any], None]:
    def read(asking: _Asking, name: str, value: Any) -> None:
        wanted = frozenset(_term("disposition", one) for one in _texts(name, value))
        asking.tests.append(one_of(("persistent_disposition", which), wanted))

    return read


def _boolean(asking: _Asking, name: str, value: Any) -> None:
    asking.tests.append(sensor("booleanValue", frozenset((_truth(name, value),))))


_EXACT: dict[str, Callable[[_Asking, str, Any], None]] = {
    "action": _action, "eventID": _event_id, "transformationID": _marked("transformation_id"),
    "correctiveEventID": _marked("corrective_event_ids"), "errorReason": _reason, "persistentDisposition_set": _persistent("set"),
    "persistentDisposition_unset": _persistent("unset"), "booleanValue": _boolean,
}  # fmt: skip


def _extension(asking: _Asking, name: str, how: str, what: str, value: Any) -> None:
    """A user's field, by prefix and name or by its name space."""
    found = _EXTENSION.fullmatch(what)
    named = None if found is None or how not in (*COMPARED, "EXISTS") else _expanded(found[3], asking.spaces)
    if found is None or named is None:
        raise QuestionError(f"there is no parameter {name}")
    inner, where = found[1] is not None, (found[2] or "").rstrip("_")
    if how == "EXISTS":
        if _truth(name, value):
            asking.tests.append(has_row(where, named, inner))
        return
    values: list[Any] = value if isinstance(value, list) else [value]
    if not values or any(isinstance(one, dict | list) for one in values):
        raise QuestionError(f"{name}: a text, number or time")
    asking.tests.append(extension(where, named, inner, how, tuple(values[:MOST_VALUES])))


def _expanded(text: str, spaces: Mapping[str, str]) -> tuple[str, str] | None:
    """Name space, without what separates it from the name, and name."""
    prefix, colon, local = text.partition(":")
    if colon and prefix in spaces and local and not local.startswith("//"):
        return spaces[prefix].rstrip("#/:"), local
    for separator in ("#", "/", ":"):
        space, found, local = text.rpartition(separator)
        if found and ":" in space and local:
            return space.rstrip("#/:"), local
    return None


# --- values --------------------------------------------------------------------------------------------------------------
def _texts(name: str, value: Any, known: tuple[str, ...] = ()) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values or len(values) > MOST_VALUES or not all(isinstance(one, str) and one for one in values):
        raise QuestionError(f"{name} is a list of 1 to {MOST_VALUES} texts")
    for one in values:
        if known and one not in known:
            raise QuestionError(f"{name}: expected {', '.join(known)}")
    return values


def _term(kind: Kind | None, text: str) -> str:
    if kind is None:
        return text
    return vocabulary(kind).term(text) or text


def _single(name: str, value: Any) -> Any:
    if isinstance(value, list):
        if len(value) != 1:
            raise QuestionError(f"{name} has one value")
        return value[0]
    return value


def _time(name: str, value: Any) -> str:
    text = _single(name, value)
    if not isinstance(text, str) or TIME.fullmatch(text) is None:
        raise QuestionError(f"{name} is a time with its offset, like 2026-11-22T08:00:00+08:00")
    return text


def read_instant(name: str, value: Any) -> datetime:
    """A moment as a parameter states it. Raises QuestionError without its offset, and for a day that its month does not have."""
    text = _time(name, value)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise QuestionError(f"{name}: {text[:40]} is no moment") from error


def _truth(name: str, value: Any) -> bool:
    one = _single(name, value)
    if one in (True, "true"):
        return True
    if one in (False, "false"):
        return False
    raise QuestionError(f"{name} is true or false")


def _numbers(name: str, value: Any, how: str) -> tuple[str, ...]:
    values = [str(one) for one in (value if isinstance(value, list) else [value]) if not isinstance(one, bool)]
    if not values or not all(_NUMBER.fullmatch(one) for one in values) or (how != "EQ" and len(values) > 1):
        raise QuestionError(f"{name} is a number")
    return tuple(values)
