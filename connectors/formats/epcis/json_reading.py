"""Reads an EPCIS document in JSON-LD, event by event, at flat memory: EPCISDocument, EPCISQueryDocument, or one event alone.

Members may stand in any order, the context behind the events too. So the document is looked over first as far as what is around the
events needs it, which for documents in their usual order ends where the events begin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from connectors.byte_window import ByteWindow
from connectors.feed_check import shown
from connectors.feed_reading import DEPTH, Caps, FeedDocument
from connectors.formats.epcis.json_event import NotStrictError, Spaces, lines_of, loads, spaced, spaces_of, stored_spaces
from connectors.formats.epcis.judging import Judge
from connectors.formats.epcis.judging_values import Fault, Path
from connectors.formats.epcis.values import TIME, is_uri
from connectors.formats.json.parser import parse
from connectors.formats.json.scanner import BrokenError, Scanner, Slice
from connectors.spec import Profile
from data_contracts.events.members import EVENT_TYPES
from data_contracts.events.record import EventRecord
from data_contracts.findings import Finding, Place
from data_contracts.source import Message, ReadEvent

VERSIONS = ("2.0", "2.0.0", "2.0.1", "2.1")
_DOCUMENT = frozenset(
    ("@context", "id", "type", "schemaVersion", "creationDate", "instanceIdentifier", "sender", "receiver", "epcisHeader", "epcisBody")
)
_AROUND = 256 * 1024
"""Bytes of one member beside the events that are looked at."""


class JsonReading:
    """One document being read."""

    def __init__(self, stream: BinaryIO, size: int, profile: Profile, start: int) -> None:
        self.stream = stream
        self.start = start
        self.caps = Caps.of(profile)
        self.document = FeedDocument(size)
        self.top: dict[str, Any] = {}
        """Members around the events; what is no sound JSON is null."""
        self.places: dict[str, int] = {}
        self.spaces: Spaces = {}
        self.ordinal = 0
        self.version: str | None = None

    def events(self) -> Iterator[ReadEvent]:
        """Events of the document in order."""
        scanner = self._scanner()
        if scanner.space() != ord("{"):
            found = scanner.window.glimpse(scanner.at)
            yield from self.document.stop(Finding("EVT-01", expected="an EPCIS document", got=shown(found)))
            return
        try:
            self._look_over(scanner)
            kind = self.top.get("type")
            alone = "epcisBody" not in self.places and "@context" in self.places
            if kind in EVENT_TYPES or (alone and isinstance(kind, str) and is_uri(kind)):
                yield from self._alone()
            elif kind in ("EPCISDocument", "EPCISQueryDocument"):
                yield from self._document(kind)
            else:
                place = Place(line=self.places.get("type"), path="/type")
                got = shown(str(kind)) if "type" in self.places else "no type"
                yield from self.document.stop(Finding("EVT-01", place=place, expected="EPCISDocument or EPCISQueryDocument", got=got))
                return
        except BrokenError as broken:
            yield from self.document.stop(broken.finding)
            return
        yield from self.document.close()

    def _scanner(self) -> Scanner:
        scanner = Scanner(ByteWindow(self.stream), self.caps.message_bytes)
        scanner.at = self.start  # behind a byte order mark
        scanner.space()
        return scanner

    # --- around the events -----------------------------------------------------------------------------------------------
    def _look_over(self, scanner: Scanner) -> None:
        """Read the members around the events; stop at the events once type and context are known."""
        for name in scanner.members(""):
            if name in self.places:
                raise scanner.broken("JSN-02", scanner.at, None, "", got=shown(name))
            self.places[name] = scanner.window.line_at(scanner.at)
            if name != "epcisBody":
                self._keep(name, scanner.value(f"/{name}"))
            elif "@context" in self.top and "type" in self.top:
                break
            else:
                for _ in self._slices(scanner):
                    pass
        self.spaces, foreign = spaces_of(self.top.get("@context"))
        place = Place(line=self.places.get("@context"), path="/@context")
        self.document.interchange.findings += [Finding("EVT-29", place=place, got=shown(one)) for one in foreign]

    def _keep(self, name: str, part: Slice) -> None:
        self.top[name] = None
        if part.stop - part.start <= _AROUND and part.depth <= DEPTH:
            try:
                self.top[name] = loads(part.content.decode("utf-8"))
            except (ValueError, RecursionError):
                place = Place(line=part.line, path=f"/{name}")
                self.document.interchange.findings.append(Finding("JSN-01", place=place, expected="value", got=shown(name)))
        elif name == "epcisHeader":
            self.top[name] = {}

    def _slices(self, scanner: Scanner) -> Iterator[tuple[Slice, str]]:
        """The events of `epcisBody`, at which the scanner stands, with their places."""
        yield from self._below(scanner, "/epcisBody", ("eventList", "queryResults", "event"))

    def _below(self, scanner: Scanner, path: str, wanted: tuple[str, ...]) -> Iterator[tuple[Slice, str]]:
        if scanner.space() != ord("{"):
            raise scanner.broken("EVT-01", scanner.at, "an object", path)
        seen: set[str] = set()
        for name in scanner.members(path):
            here = f"{path}/{name}"
            if name in seen:
                raise scanner.broken("JSN-02", scanner.at, None, path, got=shown(name))
            if len(seen) < 1000:
                seen.add(name)
            if name == "eventList" and name in wanted:
                if scanner.space() != ord("["):
                    raise scanner.broken("EVT-01", scanner.at, "a list of events", here)
                yield from ((part, f"{here}/{place}") for place, part in enumerate(scanner.elements(here)))
            elif name == "event" and name in wanted:
                yield scanner.value(here), here
            elif name == "queryResults" and name in wanted:
                yield from self._below(scanner, here, ("resultsBody",))
            elif name == "resultsBody" and name in wanted:
                yield from self._below(scanner, here, ("eventList",))
            else:
                scanner.value(here)

    def _document(self, kind: str) -> Iterator[ReadEvent]:
        self.version = str(self.top["schemaVersion"]) if self.top.get("schemaVersion") is not None else None
        if self.version is not None and self.version not in VERSIONS:
            place = Place(line=self.places["schemaVersion"], path="/schemaVersion")
            yield from self.document.stop(Finding("EVT-02", place=place, expected="2.0", got=shown(self.version)))
            return
        scanner = self._scanner()
        seen: set[str] = set()
        for name in scanner.members(""):
            if name in seen:
                raise scanner.broken("JSN-02", scanner.at, None, "", got=shown(name))
            seen.add(name)
            if name == "epcisBody":
                for part, path in self._slices(scanner):
                    yield from self._message(part, path)
            else:
                line = scanner.window.line_at(scanner.at)
                part = scanner.value(f"/{name}")
                if name not in self.places:
                    self.places[name] = line
                    self._keep(name, part)
        if scanner.space() >= 0:
            place = Place(line=scanner.window.line_at(scanner.at))
            self.document.interchange.findings.append(Finding("JSN-08", place=place, got=scanner.window.glimpse(scanner.at)))
        self.document.interchange.findings += self._judged(kind)

    def _judged(self, kind: str) -> Iterator[Finding]:
        """What is wrong around the events."""
        needed = ("@context", "schemaVersion", "creationDate", "epcisBody") if kind == "EPCISDocument" else ("@context", "epcisBody")
        for name in needed:
            if name not in self.places:
                yield Finding("EVT-03", place=Place(line=1, path="/"), expected=name)
        for name, line in self.places.items():
            if name not in _DOCUMENT and not is_uri(name):
                place = Place(line=line, path=f"/{name}")
                yield Finding("EVT-05", place=place, got=shown(name), action="flow", params={"what": kind})
        created = self.top.get("creationDate")
        if "creationDate" in self.places and not (isinstance(created, str) and TIME.fullmatch(created)):
            place = Place(line=self.places["creationDate"], path="/creationDate")
            yield Finding("EVT-07", place=place, got=shown(str(created)), action="flow")
        header = self.top.get("epcisHeader")
        if isinstance(header, Mapping) and "epcisMasterData" in header:
            yield Finding("EVT-28", place=Place(line=self.places["epcisHeader"], path="/epcisHeader/epcisMasterData"))

    def _alone(self) -> Iterator[ReadEvent]:
        if "@context" not in self.places:
            self.document.interchange.findings.append(Finding("EVT-03", place=Place(line=1, path="/"), expected="@context"))
        scanner = self._scanner()
        yield from self._message(scanner.value(""), "")

    # --- one event -----------------------------------------------------------------------------------------------------
    def _message(self, part: Slice, path: str) -> Iterator[ReadEvent]:
        self.ordinal += 1
        message = Message("event", self.version, None, None, self.ordinal, part.start, part.stop - part.start)
        if part.depth > DEPTH:
            message.findings.append(Finding("JSN-05", place=Place(line=part.line, path=path), expected=str(DEPTH), got=str(part.depth)))
        else:
            self._read(message, part, path)
        yield from self.document.message(message)

    def _read(self, message: Message, part: Slice, path: str) -> None:
        try:
            text = part.content.decode("utf-8")
            raw = loads(text)
        except UnicodeDecodeError as error:
            line = part.line + part.content.count(b"\n", 0, error.start)
            bad = part.content[error.start : error.start + 4].hex(" ")
            message.findings.append(Finding("FED-15", place=Place(line=line, path=path or "/"), expected="UTF-8", got=bad))
            return
        except (ValueError, RecursionError) as error:
            message.findings.append(self._broken(part, path, error))
            return
        found = parse(text, "event", part.line, path, self.caps.message_records)[1] if "\\u" in text else None
        if found is not None and found.rule in ("JSN-09", "FED-18"):  # half a character, or one that no text has
            message.findings.append(found)
            return
        if not isinstance(raw, dict):
            place = Place(line=part.line, path=path or "/")
            message.findings.append(Finding("EVT-06", place=place, expected="an event", got=shown(str(raw))))
            return
        spaces, foreign = spaces_of(raw["@context"], self.spaces) if "@context" in raw and path else (self.spaces, [])
        used: dict[str, str] = {}
        said, strangers = spaced(raw, spaces, used)
        judge = Judge(xml=False)
        event = judge.event(said)
        judge.faults += [Fault("EVT-13", place, got=str(place[-1])) for place in strangers[:100]]
        judge.faults += [Fault("EVT-29", ("@context",), got=shown(one)) for one in foreign]
        if event is not None:
            if used:
                event["namespaces"] = used
            message.control = event["number"]
        if isinstance(raw.get("type"), str):
            message.type = raw["type"]
        message.root = EventRecord(message.type, said, event, part.line)
        if judge.faults:
            message.findings += _placed(judge.faults, text, part.line, path)

    def _broken(self, part: Slice, path: str, error: Exception) -> Finding:
        """Why a text is no strict JSON: the hub's own parser knows the place."""
        _, found = parse(part.content.decode("utf-8"), "event", part.line, path, self.caps.message_records)
        if found is not None:
            return found
        reason = str(error) if isinstance(error, NotStrictError) else "value"
        return Finding("JSN-01", place=Place(line=part.line, path=path or "/"), expected="value", got=reason)


def event_of(text: str) -> dict[str, Any]:
    """The canonical event of a text that `writing.event_json` wrote. Raises ValueError for any other."""
    raw = loads(text)
    used: dict[str, str] = {}
    said, strangers = spaced(raw, stored_spaces(raw.get("@context")), used)
    event = Judge(xml=False).event(said)
    if event is None or strangers:
        raise ValueError("this is no stored event")
    return {**event, "namespaces": used} if used else event


def _placed(faults: list[Fault], text: str, line: int, path: str) -> list[Finding]:
    lines = lines_of(text, {fault.path for fault in faults}, line)
    return [fault.finding(_pointer(path, fault.path), lines[fault.path]) for fault in faults]


def _pointer(path: str, steps: Path) -> str:
    """A JSON pointer (RFC 6901)."""
    return (path + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)) or "/"
