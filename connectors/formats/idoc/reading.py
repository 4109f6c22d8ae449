"""The events of a document that holds IDocs, whichever representation it has: each IDoc is an interchange with one group and one
message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.formats.idoc.control import grammar_of, group_of, interchange_of, message_of
from connectors.formats.idoc.grammar import Tables
from connectors.formats.idoc.tree import Tree
from data_contracts.findings import Finding
from data_contracts.source import Interchange, Message, ReadEvent


@dataclass(slots=True)
class Started:
    """An IDoc whose control record was read."""

    message: Message
    tree: Tree | None
    """Null where its basic type is unknown here: then nothing of it can be read."""


class Document:
    """Counts the IDocs of a document. The end of one is told when the next begins, so that what lies between is told with it."""

    def __init__(self, tables: Tables, representation: str) -> None:
        self.tables = tables
        self.representation = representation
        self.ordinal = 0
        self._last: Interchange | None = None

    def start(self, control: Mapping[str, str], offset: int, length: int, line: int) -> Started:
        """What is to be filled with the segments after this control record."""
        self.ordinal += 1
        message = message_of(control, self.ordinal, offset, length)
        grammar, finding = grammar_of(control, self.tables)
        if finding is not None:
            message.findings.append(finding)
            if grammar is None:
                return Started(message, None)
        return Started(message, Tree.of(self.tables, grammar, message.type or "IDOC", control, line))

    def events(self, control: Mapping[str, str], started: Started, findings: list[Finding]) -> Iterator[ReadEvent]:
        """One IDoc, complete. `findings` say why it could not be read to its end."""
        yield from self.end()
        message = started.message
        if started.tree is not None and not findings:
            message.root = started.tree.close()
            message.findings += started.tree.findings
        message.findings += findings
        interchange = interchange_of(control, self.ordinal, message.offset, message.length, self.representation)
        group = group_of(control)
        yield ReadEvent("interchange", interchange=interchange)
        yield ReadEvent("group", group=group)
        group.message_count = 1
        yield ReadEvent("message", message=message)
        yield ReadEvent("group_end", group=group)
        self._last = interchange

    def refused(self, control: Mapping[str, str], finding: Finding, offset: int, length: int) -> Iterator[ReadEvent]:
        """An IDoc of which only the control record could be read: refused whole, by its number, which the mended one may bear again."""
        yield from self.end()
        self.ordinal += 1
        interchange = interchange_of(control, self.ordinal, offset, length, self.representation)
        interchange.findings.append(finding)
        yield ReadEvent("interchange", interchange=interchange)
        yield ReadEvent("interchange_end", interchange=interchange)

    def note(self, finding: Finding) -> None:
        """Something that stands behind the last IDoc; nothing where there was none."""
        if self._last is not None:
            self._last.findings.append(finding)

    def end(self) -> Iterator[ReadEvent]:
        """The end of the IDoc before."""
        if self._last is not None:
            yield ReadEvent("interchange_end", interchange=self._last)
            self._last = None

    def stop(self, finding: Finding, offset: int, size: int) -> Iterator[ReadEvent]:
        """A fault from which reading cannot go on: unreadable when nothing was read, else an interchange that says so."""
        if not self.ordinal:
            yield ReadEvent("unreadable", finding=finding)
            return
        yield from self.end()
        self.ordinal += 1
        broken = Interchange(None, None, None, False, self.ordinal, offset, max(0, size - offset))
        broken.findings.append(finding)
        yield ReadEvent("interchange", interchange=broken)
        yield ReadEvent("interchange_end", interchange=broken)
