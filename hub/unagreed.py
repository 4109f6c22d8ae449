"""`udihub check` and `udihub map` of a bare file, with no partner named: what can be said of its content all the same.

A message whose type has a shipped mapping is read by it, so that identifiers, dates, quantities and totals are judged by the rules; what
only an agreement knows (dialect, codes, which messages may come) is not asked, and that is said; where one could settle what was found, it
only warns. Of any other message the syntax alone is checked, and that is said too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from connectors import registry
from connectors.spec import STRICT
from data_contracts.findings import Finding, has_error
from data_contracts.rules import validate
from data_contracts.source import Message
from hub import pipeline
from hub.examine import Examination, ExaminedMessage
from hub.site import AgreedMessage
from mappings.resolve import SHIPPED


def look(examination: Examination, today: date, folders: Sequence[Path] = ()) -> None:
    """Add to each message what its shipped mapping and the rules find, and to the document how far that goes. `folders`: a site's mappings,
    which go before the shipped ones (of a feed whose grammar is named).
    """
    own = tuple(folders)
    read: set[str] = set()
    unread: set[str] = set()
    for interchange in examination.interchanges:
        answering = registry.answering_of(interchange.format)
        answers = answering.answers if answering is not None else frozenset()
        for examined in interchange.messages:
            if examined.message.root is None or examined.message.type in answers or has_error(examined.syntax):
                continue
            name = _known(interchange.format, examined.message, own)
            if name is not None:
                examined.content += _found(examined, name, today, own)
                read.add(name)
            elif not any(finding.rule == "FED-17" for finding in interchange.findings):  # which says it of feeds
                unread.add(f"{interchange.format}/{examined.message.type}")
    if read:
        examination.unreadable.append(Finding("AGR-07", got=", ".join(sorted(read))))
    if unread:
        examination.unreadable.append(Finding("AGR-08", got=", ".join(sorted(unread))))


def _known(format_name: str, message: Message, own: tuple[Path, ...]) -> str | None:
    """The mapping of a message's type, of its very version before any (`edifact/INVRPT_D01B`)."""
    version = (message.version or "").replace(".", "")
    names = (f"{format_name}/{message.type}_{version}", f"{format_name}/{message.type}")
    return next((name for name in names if any((folder / f"{name}.yaml").is_file() for folder in (*own, SHIPPED))), None)


def _found(examined: ExaminedMessage, name: str, today: date, own: tuple[Path, ...]) -> list[Finding]:
    message = examined.message
    assert message.root is not None
    mapping = pipeline.mapping_of(own, AgreedMessage(type=message.type, mapping=name))
    if mapping.direction == "out":
        return []
    mapped = pipeline.map(message, mapping, STRICT, None)
    examined.mapping, examined.entity = mapping, mapped.entity
    judged = validate(mapped.entity, None, today) if mapped.entity is not None else []
    lost = mapping.unmapped(message.root, mapped)
    return [_softened(finding) for finding in [*mapped.findings, *lost, *pipeline.placed(judged, mapping, message, STRICT)]]


_AGREED = frozenset(
    {"MAP-01", "MAP-03", "MAP-04", "MAP-05", "MAP-07", "MAP-11", "MAP-12", "MAP-13", "CUR-02", "PTY-01", "DOC-01", "DOC-10", "ITM-01"}
)
"""What an agreement may settle: its own codes and places, a currency that goes without saying, who is meant. A day that is none, a check
digit that does not fit and a document without lines are wrong whoever agreed on what."""


def _softened(finding: Finding) -> Finding:
    return replace(finding, severity="warning") if finding.severity == "error" and finding.rule in _AGREED else finding
