"""Words of an IDoc that is to be written, made fit for it: which fields hold words, and how long they are."""

from __future__ import annotations

from typing import Any

from connectors.formats.idoc.grammar import Tables
from connectors.words import changed, fitted
from data_contracts.findings import Finding, Place
from data_contracts.source import SourceRecord

WORDS = frozenset({"NAME1", "NAME2", "NAME3", "NAME4", "STRAS", "STRS2", "ORT01", "ORT02", "KTEXT", "ARKTX", "MAKTX", "TDLINE", "BNAME"})
"""Fields for people: names, streets, cities, short texts. No number or code is among them."""


def fit(root: SourceRecord, tables: Tables, charset: str) -> list[Finding]:
    """Cut the words of an IDoc and leave line breaks out of them, so that it carries them; what was changed."""
    findings = []
    for record in root.walk():
        segment, values = tables.segments.get(record.tag), record.values
        if segment is None or not isinstance(values, dict):
            continue
        texts: Any = values
        for name in WORDS & texts.keys() & segment.by_name.keys():
            text = texts[name]
            if text and (now := fitted(text, segment.by_name[name].length, charset, str.isprintable)) != text:
                findings.append(changed(Place(position=record.position, path=f"{record.tag}/{name}"), text, now))
                texts[name] = now
    return findings
