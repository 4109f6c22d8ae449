"""Findings as a person reads them on the command line: severity, rule, where, and the sentence, in the reader's language.

Where: as the syntax's own people say it. X12 `PO102`, EDIFACT `QTY/01-2` (element, component), each with its segment's number in the
message (IDoc: SEGNUM); a path and the line of XML and JSON; row and column of delimited files; sheet and cell of a workbook.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data_contracts import cells
from data_contracts.findings import Language
from hub.commands.words import word


def all_of(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The findings of every level of a public answer (`check --json`), the outer ones first; of several messages each says whose it is."""
    found: list[dict[str, Any]] = list(answer["findings"])
    interchanges = answer["interchanges"]
    alone = sum(len(group["messages"]) for interchange in interchanges for group in interchange["groups"]) < 2
    for interchange in interchanges:
        found += interchange["findings"]
        among = f"{interchange['control']}/" if len(interchanges) > 1 and interchange.get("control") else ""
        for group in interchange["groups"]:
            found += group["findings"]
            for message in group["messages"]:
                whose = "" if alone or not message.get("control") else f"{among}{message['type']} {message['control']} "
                found += ({**finding, "whose": whose} for finding in message["findings"])
    return found


def lines(findings: Sequence[Mapping[str, Any]], format_name: str | None, language: Language) -> Iterator[str]:
    """One line a finding; the same said again, of another line of the same carton or of another message say, is counted at the first."""
    counted: dict[tuple[str, str, str], tuple[str, int]] = {}
    for finding in findings:
        where = spot(finding["place"], format_name, language)
        said = (f"{word(finding['severity'], language):7} {finding['rule']:8}", where, finding["message"])
        first, count = counted.get(said, (finding.get("whose", ""), 0))
        counted[said] = first, count + 1
    for (kind, where, message), (whose, count) in counted.items():
        place = f"{whose}{where}".strip()
        text = f"{kind} {place}{'  ' if place else ''}{message}"
        yield text if count == 1 else f"{text} ({word('times', language).format(count=count)})"


def spot(place: Mapping[str, Any], format_name: str | None, language: Language) -> str:
    """Where a finding stands; empty where nothing is known of it."""
    if format_name == "spreadsheet" and (place["segment"] is not None or place["path"]):
        return cells.named(place)
    if place["segment"] is not None:
        return _segment(place, format_name, language)
    if format_name in ("delimited", "fixed") and place["position"] is not None:
        return ", ".join(_said(language, row=place["position"], column=place["element"]))
    named = [str(place["path"])] if place["path"] else []
    around = ", ".join(_said(language, line=place["line"]))
    return f"{named[0]} ({around})" if named and around else "".join(named) or around


def _segment(place: Mapping[str, Any], format_name: str | None, language: Language) -> str:
    name = str(place["segment"])
    if place["element"] is not None:
        name += f"{place['element']:02}" if format_name == "x12" else f"/{place['element']:02}"
    if place["component"] is not None:
        name += f"-{place['component']}"
    path = str(place["path"] or "")
    if place["element"] is None and path.startswith(f"{name}/"):
        name = path  # a field by its name (IDoc)
    line = place["line"] if place["line"] not in (None, 1) else None  # all of a document may stand in its first line
    number = {"segment": place["position"]}
    if format_name == "idoc" and place["position"] is not None:  # behind the IDoc itself and its control record, which SAP does not count
        number = {"segnum": place["position"] - 2 if place["position"] > 2 else None}
    around = ", ".join(_said(language, **number, line=line))
    return f"{name} ({around})" if around else name


def _said(language: Language, **numbers: int | None) -> Iterator[str]:
    return (word(f"at_{name}", language).format(number=number) for name, number in numbers.items() if number is not None)
