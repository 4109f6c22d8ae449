"""Shorthand for tests: a document's bytes in, what the reader said out."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from connectors.registry import format_named
from connectors.spec import STRICT, Profile
from data_contracts.findings import Finding
from data_contracts.source import Interchange, Message, SourceRecord


@dataclass
class Read:
    """Everything that one document yielded."""

    kinds: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    unreadable: Finding | None = None
    interchange: Interchange | None = None
    """The last one."""
    around: list[Finding] = field(default_factory=list)
    """Findings of the interchange."""

    @property
    def rules(self) -> list[str]:
        """Rules of all messages' findings, in order."""
        return [finding.rule for message in self.messages for finding in message.findings]

    @property
    def rules_around(self) -> list[str]:
        return [finding.rule for finding in self.around]


def read(format_name: str, content: bytes, grammar: str | None = None, profile: Profile = STRICT) -> Read:
    result = Read()
    for event in format_named(format_name).read(io.BytesIO(content), profile, grammar):
        result.kinds.append(event.kind)
        if event.message is not None:
            result.messages.append(event.message)
        if event.kind == "unreadable":
            result.unreadable = event.finding
        if event.kind == "interchange_end" and event.interchange is not None:
            result.interchange, result.around = event.interchange, event.interchange.findings
    return result


def tree(record: SourceRecord) -> tuple[object, ...]:
    """A record and all below it as a value that compares by content; positions and lines left out."""
    assert not isinstance(record.values, list | tuple)
    return (record.tag, dict(record.values), [tree(child) for child in record.children])
