"""JSON feeds: one document that holds many business objects, or is one.

Messages are sliced out of the byte stream (`scanner`), each is parsed strictly (`parser`) and held against the feed's grammar,
so a file of any size takes the memory of its largest message, and a broken message is one finding and not the end of the rest.
`Message.offset` and `length` are its exact bytes. `profile.charset` names a charset other than UTF-8; such a document is
converted first and messages are found again by `connectors.feed_reading.reread`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

from connectors.byte_window import ByteWindow
from connectors.feed import FeedGrammar, grammar_for
from connectors.feed_check import Checker, pointer, shown
from connectors.feed_document import FeedGuides
from connectors.feed_reading import DEPTH, OPTIONS, Caps, FeedDocument, in_utf8, sniffable
from connectors.first_bytes import byte_order_mark, declared_charset, look, size_of, unreadable, wide_charset
from connectors.formats.json.columns import columns_of, row_messages
from connectors.formats.json.failure import failure_of
from connectors.formats.json.grouped import grouped_messages
from connectors.formats.json.parser import parse, parse_any
from connectors.formats.json.scanner import BrokenError, Scanner, Slice
from connectors.formats.json.writer import write_document
from connectors.spec import Envelope, Profile, Traits
from data_contracts.findings import Finding, Place
from data_contracts.source import Message, ReadEvent, SourceRecord

_UNGUIDED = FeedGrammar(name="", format="json", message="json", version=1, hash="", fields={}, whole=True)
_ARRAY, _ARRAY_ZH = (
    " It is an array: a grammar with `messages: []` reads each of its elements as a message.",
    "该文档为数组：使用 `messages: []` 的语法可将其每个元素读作一条报文。",
)
_BY_LINES = Finding(
    "FED-17",
    params={
        "shape": " It has a value a line: a grammar with `messages: lines` reads each line as a message.",
        "shape_zh": "该文档每行一个值：使用 `messages: lines` 的语法可将每行读作一条报文。",
    },
)


class _Reading:
    """One document being read."""

    def __init__(self, stream: BinaryIO, size: int, profile: Profile, grammar: FeedGrammar, exact: bool) -> None:
        self.stream = stream
        self.grammar = grammar
        self.columns = columns_of(grammar, profile) if grammar.columns else ()
        self.caps = Caps.of(profile)
        self.document = FeedDocument(size)
        self.size = size
        self.exact = exact
        self.checker = Checker(grammar.fields, pointer, others=grammar.open, nothing=grammar.nothing, lenient=profile.lenient)
        self.envelope_checker = Checker(grammar.envelope, pointer, others=grammar.open)
        self.scanner = Scanner(ByteWindow(stream), self.caps.message_bytes)
        self.ordinal = 0
        self.found = grammar.whole or grammar.lines
        """Whether the array of messages was met."""
        self.names_seen: frozenset[str] = frozenset()

    def events(self, head: bytes) -> Iterator[ReadEvent]:
        mark = byte_order_mark(head)
        if mark is not None:
            self.document.interchange.findings.append(Finding("JSN-07", place=Place(line=1), got="BOM"))
            self.scanner.at = mark[0]
        first = self.scanner.space()
        if first not in (ord("{"), ord("[")):
            looks = "xml" if first == ord("<") else self.scanner.window.glimpse(self.scanner.at)
            yield from self.document.stop(Finding("FED-03", expected="json", got=looks))
            return
        try:
            yield from (
                self.unguided()
                if self.grammar is _UNGUIDED
                else self.whole()
                if self.grammar.whole
                else self.by_lines()
                if self.grammar.lines
                else self.within(0, "")
            )
            if not self.found:
                steps = ".".join(self.grammar.path)
                found = ", ".join(sorted(self.names_seen)) if self.names_seen else "no such member"
                yield from self.document.stop(Finding("FED-04", expected=f"{steps}[]", got=shown(found)))
                return
            if self.scanner.space() >= 0:
                place = Place(line=self.scanner.window.line_at(self.scanner.at))
                glimpse = self.scanner.window.glimpse(self.scanner.at)
                self.document.interchange.findings.append(Finding("JSN-08", place=place, got=glimpse))
        except BrokenError as broken:
            yield from self.document.stop(broken.finding)
            return
        yield from self.document.close()

    def unguided(self) -> Iterator[ReadEvent]:
        """Of what no grammar describes, the elements of an array, or values on lines of their own, each by itself: each has its own faults.
        What stands there is told, for a grammar has to say it.
        """
        scanner, around = self.scanner, self.document.interchange.findings
        if scanner.space() == ord("["):
            around.append(Finding("FED-17", params={"shape": _ARRAY, "shape_zh": _ARRAY_ZH}))
            for index, part in enumerate(scanner.elements("")):
                yield from self.message(part, f"/{index}")
            return
        around.append(Finding("FED-17"))
        part = scanner.value("")
        yield from self.message(part, "")
        while scanner.space() in (ord("{"), ord("[")) and scanner.window.line_at(scanner.at) > part.line + part.content.count(b"\n"):
            around[:] = [found if found.rule != "FED-17" else _BY_LINES for found in around]
            part = scanner.value("")
            yield from self.message(part, "")

    def whole(self) -> Iterator[ReadEvent]:
        yield from self.message(self.scanner.value(""), "")

    def rows(self, messages: Iterator[Message]) -> Iterator[ReadEvent]:
        """Events of messages that rows were put together to."""
        for message in messages:
            if not self.exact:
                message.offset, message.length = 0, self.size
            yield from self.document.message(message)

    def line_rows(self, start: int) -> Iterator[tuple[Slice, str]]:
        """JSON lines as rows; of one that is too long only its beginning, one byte more than a row may have."""
        cap, offset = self.caps.message_bytes, start
        self.stream.seek(offset)
        number = 0
        while received := self.stream.readline(cap + 1):
            number += 1
            cut, begun = len(received) > cap and not received.endswith(b"\n"), offset
            line = received if cut else received.strip()
            offset += len(received)
            while cut and (rest := self.stream.readline(cap)):
                offset += len(rest)
                cut = not rest.endswith(b"\n")
            if line:
                begun += received.index(line)
                yield Slice(begun, begun + len(line), number, min(line.count(b"{") + line.count(b"["), DEPTH), line), ""

    def by_lines(self) -> Iterator[ReadEvent]:
        """JSON lines: each is read by itself, so that a broken one, or one that is cut off, is one finding."""
        cap, offset, number = self.caps.message_bytes, self.scanner.at, 0
        if self.grammar.group is not None:
            yield from self.rows(grouped_messages(self.line_rows(offset), self.line_rows(offset), self.grammar, self.caps))
            self.at_end()
            return
        self.stream.seek(offset)
        while received := self.stream.readline(cap + 1):
            number += 1
            line, start = received.strip(), offset
            offset += len(received)
            cut = len(received) > cap and not received.endswith(b"\n")
            while cut and (rest := self.stream.readline(cap)):
                offset += len(rest)
                if rest.endswith(b"\n"):
                    break
            if cut:
                self.ordinal += 1
                message = Message(self.grammar.message, None, None, None, self.ordinal, start if self.exact else 0, offset - start)
                message.findings.append(Finding("FED-14", place=Place(line=number), expected=str(cap), params={"what": "bytes"}))
                yield from self.document.message(message)
            elif line:
                start += received.index(line)
                yield from self.message(Slice(start, start + len(line), number, min(line.count(b"{") + line.count(b"["), DEPTH), line), "")
        self.at_end()

    def at_end(self) -> None:
        """Nothing is left to read. What was converted has another size than the document (`size`)."""
        self.scanner.at = size_of(self.stream)
        self.scanner.window = ByteWindow(self.stream, self.scanner.at)

    def within(self, level: int, path: str) -> Iterator[ReadEvent]:
        """Walk down to the array of messages; members beside it belong to the envelope."""
        steps, scanner = self.grammar.path, self.scanner
        if level == len(steps):
            if self.grammar.single and scanner.space() == ord("{"):
                self.found = True
                yield from self.message(scanner.value(path), path)
                return
            if scanner.space() != ord("["):
                raise scanner.broken("FED-04", scanner.at, ".".join(steps) + "[]", path)
            self.found = True
            slices = ((part, f"{path}/{index}") for index, part in enumerate(scanner.elements(path)))
            if self.columns:
                yield from self.rows(row_messages(slices, self.beforehand(path), self.grammar, self.columns, self.caps))
                return
            if self.grammar.group is not None:
                yield from self.rows(grouped_messages(slices, self.beforehand(path), self.grammar, self.caps))
                return
            for part, place in slices:
                yield from self.message(part, place)
            return
        if scanner.space() != ord("{"):
            raise scanner.broken("FED-04", scanner.at, ".".join(steps) + "[]", path)
        seen: set[str] = set()
        beside: list[tuple[str, Slice]] = []
        for name in scanner.members(path):
            if name in seen:
                raise scanner.broken("JSN-02", scanner.at, None, path, got=shown(name))
            if len(seen) < 1000:
                seen.add(name)
            if name == steps[level]:
                yield from self.within(level + 1, pointer(path, name, None))
            else:
                part = scanner.value(pointer(path, name, None))
                if level == 0 and len(beside) < 100 and part.stop - part.start <= 4096:
                    beside.append((name, part))
        if level == 0:
            self.names_seen = frozenset(seen)
            self.envelope(beside)

    def beforehand(self, path: str) -> Iterator[tuple[Slice, str]]:
        """The values of the array at hand, up to where it breaks; what reads them later goes on where it stands."""
        at = self.stream.tell()
        scanner = Scanner(ByteWindow(self.stream, self.scanner.at), self.caps.message_bytes)
        try:
            for index, part in enumerate(scanner.elements(path)):
                yield part, f"{path}/{index}"
        except BrokenError:
            pass  # told when it is read
        finally:
            self.stream.seek(at)

    def envelope(self, beside: list[tuple[str, Slice]]) -> None:
        """Hold the members beside the array against the grammar's envelope."""
        text = ",".join(f'"{name}":{part.content.decode("utf-8", "replace")}' for name, part in beside)
        line = beside[0][1].line if beside else 1
        root, finding = parse("{" + text + "}", "envelope", line, "", self.caps.message_records)
        findings = [finding] if finding is not None else self.envelope_checker.check(root, "") if root is not None else []
        self.document.interchange.findings += [replace(found, action="none") if found.severity != "error" else found for found in findings]

    def message(self, part: Slice, path: str) -> Iterator[ReadEvent]:
        """One message from its bytes."""
        self.ordinal += 1
        offset, length = (part.start, part.stop - part.start) if self.exact else (0, self.size)
        message = Message(self.grammar.message, None, None, None, self.ordinal, offset, length)
        if part.depth > DEPTH:
            place = Place(line=part.line, path=path or "/")
            message.findings.append(Finding("JSN-05", place=place, expected=str(DEPTH), got=str(part.depth)))
            yield from self.document.message(message)
            return
        try:
            text = part.content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = part.line + part.content.count(b"\n", 0, error.start)
            bad = part.content[error.start : error.start + 4].hex(" ")
            message.findings.append(Finding("FED-15", place=Place(line=line, path=path or "/"), expected="UTF-8", got=bad))
            yield from self.document.message(message)
            return
        read = parse_any if self.grammar is _UNGUIDED else parse
        message.root, finding = read(text, self.grammar.message, part.line, path, self.caps.message_records)
        if finding is not None:
            message.findings.append(finding)
        elif message.root is not None and (failed := failure_of(message.root, self.grammar, path)) is not None:
            message.root = None
            message.findings.append(failed)
        elif message.root is not None and self.grammar is not _UNGUIDED:
            message.findings += self.checker.check(message.root, path)
        yield from self.document.message(message)


class Json(FeedGuides):
    """The format `json`."""

    name = "json"
    traits = Traits("application/json", "json", options=OPTIONS | {"columns"})
    sniff_general = True

    def traits_for(self, profile: Profile, grammar: str | None = None) -> Traits:
        """Lines of JSON are no JSON document."""
        lines = grammar is not None and grammar_for(self.name, grammar, profile).lines
        return replace(self.traits, media_type="application/x-ndjson", suffix="jsonl") if lines else self.traits

    def sniff(self, head: bytes) -> bool:
        """A document that begins with an object or an array."""
        return sniffable(head)[:1] in (b"{", b"[")

    def read(self, stream: BinaryIO, profile: Profile, grammar: str | None = None) -> Iterator[ReadEvent]:
        """Events of one document. Without a grammar only its syntax is checked: the whole document is one message, or each element of
        an array, or each line that holds a value.
        """
        feed = grammar_for(self.name, grammar, profile) if grammar is not None else _UNGUIDED
        charset = declared_charset(profile) or "utf-8"
        head, size = look(stream), size_of(stream)
        refused = unreadable(head)
        if refused is not None:
            yield ReadEvent("unreadable", finding=refused)
            return
        mark = byte_order_mark(head)
        found = mark[1] if mark is not None else wide_charset(head)
        if found not in (None, "utf-8") and charset in ("utf-8", "ascii"):
            yield ReadEvent("unreadable", finding=Finding("JSN-06", expected="UTF-8", got=str(found).upper()))
            return
        if charset in ("utf-8", "ascii"):
            yield from _Reading(stream, size, profile, feed, exact=True).events(head)
            return
        converted, wrong = in_utf8(stream, charset)
        with converted:
            reading = _Reading(converted, size, profile, feed, exact=False)
            reading.document.interchange.findings.append(Finding("FED-16", got=charset, params={"reason": "profile.charset"}))
            if wrong is not None:
                reading.document.interchange.findings.append(wrong)
            yield from reading.events(look(converted))

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """A document of the feed's shape in UTF-8, members in the grammar's order. Raises ValueError for what it cannot carry."""
        feed = grammar_for(self.name, grammar, profile) if grammar is not None else None
        return write_document(messages, envelope, feed)


FORMAT = Json()
