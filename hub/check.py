"""`udihub check` and `udihub map`: hops 3 to 6 on a file, nothing stored. The JSON shape is public (design.md section 9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors import registry
from data_contracts.findings import Finding, Language, has_error
from hub import acknowledge, pipeline, unagreed
from hub.examine import Claimant, Examination, ExaminedInterchange, examine
from hub.site import Site

VALID, INVALID, UNREADABLE = 0, 1, 2


def check_file(
    path: Path, site: Site, claimant: Claimant | None, now: datetime, language: Language = "en", grammar: str | None = None
) -> dict[str, Any]:
    """The public answer for one file, also when it is unreadable. `grammar`: of a feed that no agreement is asked of (`fixed/erp_stock`).

    Raises OSError when the file itself can't be opened.
    """
    with path.open("rb") as stream:
        examination = examine(stream, site, claimant, now, grammar)
    tell_unmapped(examination)
    if claimant is None:
        unagreed.look(examination, now.date(), site.mapping_folders if grammar is not None else ())
    tell_unchecked(examination)
    return as_json(str(path), examination, now, language)


def tell_unmapped(examination: Examination) -> None:
    """Put in place of the one finding on all that a mapping neither maps nor ignores (MAP-14) each place by itself (MAP-01).

    It is the same with every document of a partner, so only dry runs tell it at length.
    """
    for examined in examination.messages:
        if examined.agreement is not None and examined.unmapped:
            told = [finding for finding in examined.content if finding.rule != "MAP-14"]
            examined.content = told + pipeline.with_overrides(examined.unmapped, examined.agreement)


def tell_unchecked(examination: Examination) -> None:
    """Say of how many messages nobody looked at the content, since their syntax or their envelope is wrong (AGR-10).

    Whoever mends a syntax fault and sees none left would take the document for right.
    """
    count = unchecked = 0
    for interchange in examination.interchanges:
        answering = registry.answering_of(interchange.format)
        for examined in interchange.messages:
            count += 1
            unread = examined.mapped is None and examined.entity is None
            answers = answering is not None and examined.message.type in answering.answers
            unchecked += unread and not answers and (interchange.refused or has_error(examined.syntax))
    if unchecked:
        examination.unreadable.append(Finding("AGR-10", got=str(unchecked), expected=str(count)))


def exit_code(answer: dict[str, Any]) -> int:
    """0 valid, 1 findings of severity error, 2 unreadable."""
    if answer["valid"]:
        return VALID
    return INVALID if answer["interchanges"] else UNREADABLE


def as_json(name: str, examination: Examination, now: datetime, language: Language = "en") -> dict[str, Any]:
    """One object a file: document, interchanges, groups, messages, each with its findings and whether it is valid."""
    interchanges = [_interchange(interchange, language) for interchange in examination.interchanges]
    valid = not has_error(examination.unreadable) and all(interchange["valid"] for interchange in interchanges) and bool(interchanges)
    return {
        "file": name,
        "format": examination.format,
        "valid": valid,
        "findings": _findings(examination.unreadable, language),
        "acknowledgement": acknowledge.preview(examination, now),
        "interchanges": interchanges,
    }


def entities(examination: Examination) -> Iterator[dict[str, Any]]:
    """The canonical entities of a document as JSON-ready dictionaries, in order; locators (`@`) are left out."""
    for examined in examination.messages:
        if examined.entity is not None:
            yield plain(examined.entity)


def plain(value: Any) -> Any:
    """A canonical dictionary with JSON types: exact numbers as strings, times in ISO 8601 with their offset."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items() if key != "@"}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _interchange(examined: ExaminedInterchange, language: Language) -> dict[str, Any]:
    groups: list[dict[str, Any]] = []
    for group in examined.groups or [None]:  # type: ignore[list-item]  # formats without groups have one of nulls
        messages = [
            {
                "type": message.message.type,
                "version": message.message.version,
                "control": message.message.control,
                "valid": not has_error(message.findings),
                "findings": _findings(message.findings, language),
            }
            for message in examined.messages
            if group is None or message.group is group
        ]
        findings = group.findings if group is not None else []
        groups.append(
            {
                "type": group.type if group is not None else None,
                "control": group.control if group is not None else None,
                "valid": not has_error(findings) and all(message["valid"] for message in messages),
                "findings": _findings(findings, language),
                "messages": messages,
            }
        )
    return {
        "sender": examined.interchange.sender,
        "receiver": examined.interchange.receiver,
        "control": examined.interchange.control,
        "valid": not has_error(examined.findings) and all(group["valid"] for group in groups),
        "findings": _findings(examined.findings, language),
        "groups": groups,
    }


def _findings(findings: list[Finding], language: Language) -> list[dict[str, Any]]:
    return [finding.as_json(language) for finding in findings]
