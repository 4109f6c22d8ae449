"""One event as JSON-LD or XML spell it → the canonical event, and everything that is wrong with it, with its place.

Both syntaxes arrive in the shape of JSON-LD: names of the standard, texts, numbers as `Decimal`, lists, objects; users' names have their
name space in braces. XML has no numbers, so that its texts are taken for them where one belongs. What the GS1 schemas ask is asked here,
and what they leave to the text of the standards: terms of the vocabulary, offsets, which action wants a parent, whether a thing or a class
of things is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.formats.epcis.judging_values import Path, Values
from connectors.formats.epcis.values import is_uri, shown
from data_contracts.events.event_hash import event_hash
from data_contracts.events.members import EVENT_TYPES, MEMBERS, METADATA, REPORT, Field
from data_contracts.events.things import Thing, identify
from data_contracts.events.vocabulary import Kind

_NAMES: dict[str, dict[str, tuple[str, str]]] = {
    kind: {name: (member, holds) for name, member, holds in rows} for kind, rows in MEMBERS.items()
}
_UNIT = re.compile(r"[A-Z0-9]{2,3}")


def _all_right(values: list[Any]) -> bool:
    """Whether these are things, each once: nearly all lists are, and then nothing is to be told of any place in them."""
    right = all(isinstance(one, str) and is_uri(one) and identify(one).level == "instance" for one in values)
    return right and len(set(values)) == len(values)


class Judge(Values):
    """Reads one event."""

    def event(self, raw: Mapping[str, Any]) -> dict[str, Any] | None:
        """The canonical event as a plain dictionary; null where too much of it lacks to be one. `faults` says what is wrong."""
        kind = raw.get("type")
        names = _NAMES.get(kind) if isinstance(kind, str) else None
        if names is None:
            rule = "EVT-23" if isinstance(kind, str) and is_uri(kind) else "EVT-04" if kind is None else "EVT-01"
            expected = "type" if kind is None else ", ".join(EVENT_TYPES)
            self.fault(rule, ("type",), expected=expected, got=None if kind is None else shown(kind))
            return None
        assert isinstance(kind, str)
        event: dict[str, Any] = {"entity": kind, "@": 1}
        extensions: dict[str, Any] = {}
        for name, value in raw.items():
            known = names.get(name)
            if known is None:
                if name.startswith("{"):
                    extensions[name] = value
                elif name not in ("type", "@context"):
                    self.fault("EVT-05", (name,), got=name, params={"what": kind})
                continue
            member, holds = known
            taken = getattr(self, holds)(value, (name,))
            if taken is None or taken == [] or taken == {}:
                continue
            if holds == "place":
                event[member], more = taken
                if more:
                    event[f"{member}_extensions"] = more
            else:
                event[member] = taken
        if extensions:
            event["extensions"] = extensions
        self._whole(event, raw, kind)
        return None if "occurred_at" not in event or "time_zone_offset" not in event else self._headed(event)

    def _headed(self, event: dict[str, Any]) -> dict[str, Any]:
        """With the words that every business document of the hub has in front."""
        declared = event.get("error_declaration")
        event["event_hash"] = event_hash(event)
        stated = event.get("number")
        if stated is None:
            event["number"] = event["event_hash"]
        elif stated.startswith("ni:///sha-256;") and stated.endswith("?ver=CBV2.0") and stated.lower() != event["event_hash"].lower():
            self.fault("EVT-26", ("eventID",), expected=event["event_hash"], got=stated)
        event["issued_at"] = declared["declared_at"] if declared else event["occurred_at"]
        if declared:
            event["purpose"] = "cancel"
            if declared["declared_at"] < event["occurred_at"]:
                self.fault("EVT-30", ("errorDeclaration", "declarationTime"), got=declared["declared_at"].isoformat())
        return event

    # --- the event as a whole ------------------------------------------------------------------------------------------
    def _whole(self, event: Mapping[str, Any], raw: Mapping[str, Any], kind: str) -> None:
        for name in ("eventTime", "eventTimeZoneOffset"):
            if raw.get(name) is None:
                self.fault("EVT-04", (name,), expected=name)
        action = raw.get("action")
        if kind == "TransformationEvent":
            ins = raw.get("inputEPCList") or raw.get("inputQuantityList")
            outs = raw.get("outputEPCList") or raw.get("outputQuantityList")
            if raw.get("transformationID") is None and not (ins and outs):
                self.fault("EVT-14", (), expected="inputs and outputs, or a transformationID")
            elif not ins and not outs:
                self.fault("EVT-14", (), expected="inputs or outputs")
            return
        if action is None:
            self.fault("EVT-04", ("action",), expected="action")
        if kind == "ObjectEvent":
            sensed = raw.get("sensorElementList") and raw.get("readPoint") is not None
            if "epcList" not in raw and not raw.get("quantityList") and not sensed:
                self.fault("EVT-14", (), expected="epcList, quantityList, or sensorElementList with readPoint")
            if raw.get("ilmd") is not None and action in ("OBSERVE", "DELETE"):
                self.fault("EVT-16", ("ilmd",), got=str(action))
        elif kind == "TransactionEvent":
            if not raw.get("bizTransactionList"):
                self.fault("EVT-04", ("bizTransactionList",), expected="bizTransactionList")
            if "epcList" not in raw and not raw.get("quantityList") and action != "DELETE":
                self.fault("EVT-14", (), expected="epcList or quantityList")
        else:
            if raw.get("parentID") is None:
                if kind == "AssociationEvent":
                    self.fault("EVT-04", ("parentID",), expected="parentID")
                elif action in ("ADD", "DELETE"):
                    self.fault("EVT-15", ("parentID",), expected="parentID", got=str(action))
            if not raw.get("childEPCs") and not raw.get("childQuantityList") and action != "DELETE":
                self.fault("EVT-14", (), expected="childEPCs or childQuantityList")

    # --- things --------------------------------------------------------------------------------------------------------
    def instance(self, value: Any, path: Path) -> str | None:
        """One thing."""
        uri = self.uri(value, path)
        if uri is None:
            return None
        thing = identify(uri)
        if thing.level != "instance":
            if thing.level == "class":
                self.fault("EVT-17", path, got=uri)
            self._claims(thing, path)
        return uri

    def instances(self, value: Any, path: Path) -> list[str] | None:
        """Things, each once."""
        if isinstance(value, list) and _all_right(value):
            return list(value)
        found = [taken for place, one in self.rows(value, path) if (taken := self.instance(one, place)) is not None]
        if len(set(found)) < len(found):
            seen: set[str] = set()
            for place, uri in enumerate(found):
                if uri in seen:
                    self.fault("EVT-21", (*path, place), got=uri)
                seen.add(uri)
        return found

    def _claims(self, thing: Thing, path: Path) -> None:
        if thing.faults and thing.uri.startswith("urn:epc:"):
            self.fault("EVT-24", path, got=thing.uri, params={"reason": thing.faults[0].text()})

    def quantities(self, value: Any, path: Path) -> list[dict[str, Any]] | None:
        """How much of which classes."""
        out = []
        for place, row in self.objects(value, path, ("epcClass", "quantity", "uom")):
            taken: dict[str, Any] = {}
            if row.get("epcClass") is None:
                self.fault("EVT-04", (*place, "epcClass"), expected="epcClass")
            elif (uri := self.uri(row["epcClass"], (*place, "epcClass"))) is not None:
                thing = identify(uri)
                if thing.level == "instance":
                    self.fault("EVT-18", (*place, "epcClass"), got=uri)
                self._claims(thing, (*place, "epcClass"))
                taken["epc_class"] = uri
            if row.get("quantity") is not None:
                amount = self.number(row["quantity"], (*place, "quantity"))
                if amount is not None and amount < 0:
                    self.fault("EVT-19", (*place, "quantity"), expected="0 or more", got=str(amount))
                elif amount is not None:
                    taken["quantity"] = amount
            elif "quantity" in row and not self.xml:
                self.fault("EVT-19", (*place, "quantity"), expected="number", got="null")
            if row.get("uom") is not None:
                if not isinstance(row["uom"], str) or not _UNIT.fullmatch(row["uom"]):
                    self.fault("EVT-20", (*place, "uom"), got=shown(row["uom"]))
                else:
                    taken["unit"] = row["uom"]
            if "epc_class" in taken:
                out.append(taken)
        return out

    # --- who, where, by which document ---------------------------------------------------------------------------------
    def place(self, value: Any, path: Path) -> tuple[str, dict[str, Any]] | None:
        """A read point or business location with what users add to it."""
        if not isinstance(value, Mapping):
            self.fault("EVT-06", path, expected="an object with an id", got=shown(value))
            return None
        extensions = self._beside(value, ("id",), path)
        if value.get("id") is None:
            self.fault("EVT-04", (*path, "id"), expected="id")
            return None
        uri = self.uri(value["id"], (*path, "id"))
        if uri is None:
            return None
        self._claims(identify(uri), (*path, "id"))
        return uri, extensions

    def transactions(self, value: Any, path: Path) -> list[dict[str, str]]:
        """Business documents."""
        return self._typed(value, path, "bizTransaction", "business_transaction", type_needed=False)

    def sources(self, value: Any, path: Path) -> list[dict[str, str]]:
        """Where things came from."""
        return self._typed(value, path, "source", "source_or_destination", type_needed=True)

    def destinations(self, value: Any, path: Path) -> list[dict[str, str]]:
        """Where things go."""
        return self._typed(value, path, "destination", "source_or_destination", type_needed=True)

    def _typed(self, value: Any, path: Path, name: str, kind: Kind, type_needed: bool) -> list[dict[str, str]]:
        out = []
        for place, row in self.objects(value, path, ("type", name)):
            taken: dict[str, str] = {}
            if "type" in row:
                if (term := self.term(kind, row["type"], (*place, "type"))) is not None:
                    taken["type"] = term
            elif type_needed:
                self.fault("EVT-04", (*place, "type"), expected="type")
            if row.get(name) is None:
                self.fault("EVT-04", (*place, name), expected=name)
            elif (uri := self.uri(row[name], (*place, name))) is not None:
                taken["id"] = uri
                out.append(taken)
        return out

    def persistent(self, value: Any, path: Path) -> dict[str, list[str]] | None:
        """Conditions that hold from now on, or no longer."""
        if not isinstance(value, Mapping):
            self.fault("EVT-06", path, expected="an object with set or unset", got=shown(value))
            return None
        self._only(value, ("set", "unset"), path, "persistentDisposition")
        out: dict[str, list[str]] = {}
        for name in ("set", "unset"):
            if name in value:
                out[name] = []
                for place, one in self.rows(value[name], (*path, name)):
                    term = self.disposition(one, place)
                    if term in out[name]:
                        self.fault("EVT-21", place, got=shown(one))
                    elif term is not None:
                        out[name].append(term)
        if not value.get("set") and not value.get("unset"):
            self.fault("EVT-04", path, expected="set or unset")
        return {name: terms for name, terms in out.items() if terms}

    def declaration(self, value: Any, path: Path) -> dict[str, Any] | None:
        """An error declaration."""
        if not isinstance(value, Mapping):
            self.fault("EVT-06", path, expected="an object with a declarationTime", got=shown(value))
            return None
        extensions = self._beside(value, ("declarationTime", "reason", "correctiveEventIDs"), path)
        if value.get("declarationTime") is None:
            self.fault("EVT-04", (*path, "declarationTime"), expected="declarationTime")
            return None
        declared = self.time(value["declarationTime"], (*path, "declarationTime"))
        if declared is None:
            return None
        out: dict[str, Any] = {"declared_at": declared}
        if value.get("reason") is not None and (reason := self.term("error_reason", value["reason"], (*path, "reason"))) is not None:
            out["reason"] = reason
        if "correctiveEventIDs" in value:
            found = [self.uri(one, place) for place, one in self.rows(value["correctiveEventIDs"], (*path, "correctiveEventIDs"))]
            if any(found):
                out["corrective_event_ids"] = [uri for uri in found if uri is not None]
        if extensions:
            out["extensions"] = extensions
        return out

    def certificates(self, value: Any, path: Path) -> list[str]:
        """Addresses of certificates."""
        several = value if isinstance(value, list) else [value]
        found = [self.uri(one, (*path, place) if isinstance(value, list) else path) for place, one in enumerate(several)]
        return [uri for uri in found if uri is not None]

    # --- sensors -------------------------------------------------------------------------------------------------------
    def sensors(self, value: Any, path: Path) -> list[dict[str, Any]]:
        """Measurements."""
        out = []
        for place, row in self.objects(value, path, ("sensorMetadata", "sensorReport"), extensible=True):
            taken: dict[str, Any] = {}
            if row.get("sensorMetadata") is not None:
                said = self._fields(row["sensorMetadata"], METADATA, (*place, "sensorMetadata"))
                taken |= {"metadata": said} if said else {}
            reports = self.rows(row.get("sensorReport"), (*place, "sensorReport")) if row.get("sensorReport") is not None else ()
            found = [self._fields(one, REPORT, below) for below, one in reports]
            if not found:
                self.fault("EVT-04", (*place, "sensorReport"), expected="sensorReport")
            taken["reports"] = [report for report in found if report is not None]
            if extensions := self._beside(row, ("sensorMetadata", "sensorReport"), place):
                taken["extensions"] = extensions
            out.append(taken)
        return out

    def _fields(self, value: Any, fields: Mapping[str, Field], path: Path) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            self.fault("EVT-06", path, expected="an object", got=shown(value))
            return None
        out: dict[str, Any] = {}
        for name, one in value.items():
            known = fields.get(name)
            if known is not None:
                taken = getattr(self, known.kind)(one, (*path, name))
                if taken is not None:
                    out[known.member] = taken
        if fields is REPORT and "type" not in value and not self.xml:
            self.fault("EVT-04", (*path, "type"), expected="type")
        if extensions := self._beside(value, tuple(fields), path):
            out["extensions"] = extensions
        return out

    # --- what users add ------------------------------------------------------------------------------------------------
    def ilmd(self, value: Any, path: Path) -> dict[str, Any] | None:
        """Master data of instances and lots."""
        if not isinstance(value, Mapping):
            self.fault("EVT-06", path, expected="an object", got=shown(value))
            return None
        return self._beside(value, (), path)

    def _beside(self, value: Mapping[str, Any], known: tuple[str, ...], path: Path) -> dict[str, Any]:
        """The users' members of an object; any other that is not known is a fault."""
        extensions = {}
        for name, one in value.items():
            if name.startswith("{"):
                extensions[name] = one
            elif name not in known:
                self.fault("EVT-05", (*path, name), got=name, params={"what": _named(path)})
        return extensions

    def _only(self, value: Mapping[str, Any], known: tuple[str, ...], path: Path, what: str) -> None:
        for name in value:
            if name not in known:
                self.fault("EVT-05", (*path, name), got=name, params={"what": what})

    def rows(self, value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
        """The elements of a list with their places."""
        if not isinstance(value, list):
            self.fault("EVT-06", path, expected="a list", got=shown(value))
            return
        for place, one in enumerate(value):
            yield (*path, place), one

    def objects(
        self, value: Any, path: Path, known: tuple[str, ...], *, extensible: bool = False
    ) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """The objects of a list, which have these members and, where `extensible`, users' ones."""
        for place, row in self.rows(value, path):
            if not isinstance(row, Mapping):
                self.fault("EVT-06", place, expected="an object", got=shown(row))
                continue
            if not extensible:
                self._only(row, known, place, _named(path))
            yield place, row


def _named(path: Path) -> str:
    """The member that a path leads to, or in whose list it ends."""
    return next(step for step in reversed(path) if isinstance(step, str))
