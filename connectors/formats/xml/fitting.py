"""Words of a business document in XML, made fit for it: line breaks stay, what no XML can hold becomes a blank."""

from __future__ import annotations

import re
from typing import Any

from connectors.words import changed, fitted
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord

WORDS = frozenset(
    {"Name", "RegistrationName", "Description", "ShortName", "StreetName", "Street", "CityName", "City", "Note", "Comments", "Line"}
)
"""Elements of UBL and cXML for people. No number or code is among them."""
_BLANKS = " \t\r\n"
"""What XML itself calls white space: at the ends of a text nobody misses it."""
_CARRIED = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _carried(letter: str) -> bool:
    return _CARRIED.match(letter) is not None


def fit(root: SourceRecord) -> list[Finding]:
    """Take out of the words of a document what XML cannot hold; what was changed."""
    findings = []
    for record in root.walk():
        values: Any = record.values
        if not isinstance(values, dict):
            continue
        for name, text in values.items():
            word = name or record.tag
            if text and word in WORDS and (now := fitted(text, 0, "utf-8", _carried)) != text.strip(_BLANKS):
                findings.append(changed(Place(position=record.position, path=f"{record.tag}/{name}".rstrip("/")), text, now))
                values[name] = now
    return findings
