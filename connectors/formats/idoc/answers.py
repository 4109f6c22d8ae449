"""What SAP says of IDocs that we sent: STATUS (E1STATS) for each, or ALEAUD (E1STATE) for what was posted.

Numbers of both directions are understood. What says how far the document came (51, 53, 40, 41) is a business answer, what says
whether the IDoc could be taken (56, 60, 16, 17) one to its syntax; numbers on the way (50, 64, 12) say that it arrived.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.answering import Level, Said
from data_contracts.source import Message, SourceRecord

_DOCUMENT = {"53": "accepted", "41": "accepted", "52": "partly", "51": "rejected", "40": "rejected", "54": "rejected", "68": "rejected"}
_SYNTAX = {
    **dict.fromkeys(("16", "62", "64"), "accepted"),
    **dict.fromkeys(
        ("02", "04", "05", "07", "09", "11", "15", "17", "20", "23", "26", "29", "34", "37", "56", "60", "63", "65"), "rejected"
    ),
    **dict.fromkeys(("03", "06", "08", "10", "12", "13", "14", "18", "22", "24", "39", "50", "55", "58", "61", "66", "69"), "received"),
}


def statements(message: Message) -> list[Said]:
    """One statement for each IDoc that a status speaks of, by its last record; numbers that we do not know say nothing."""
    found: dict[str, Said] = {}
    for record in message.root.walk() if message.root is not None else ():
        if record.tag in ("E1STATS", "E1STATE") and isinstance(record.values, Mapping):
            for said in _said(record, record.values):
                found[said.message_control or ""] = said
    return list(found.values())


def _said(record: SourceRecord, values: Mapping[str, str]) -> Iterator[Said]:
    number, code = values.get("DOCNUM", ""), values.get("STATUS", "").rjust(2, "0")
    if not number:
        return
    level: Level
    verdict = _DOCUMENT.get(code)
    if verdict is not None:
        level = "document"
    elif (verdict := _SYNTAX.get(code)) is not None:
        level = "message"
    else:
        return
    yield Said(
        level,
        verdict,  # type: ignore[arg-type]  # words of the two tables above
        message_control=number,
        notes=_notes(record, values, code),
    )


def _notes(record: SourceRecord, values: Mapping[str, str], code: str) -> str:
    """Status, message and its text, with the placeholders of SAP's texts filled in; a posted document's key."""
    text = values.get("STATXT", "")
    for number in ("1", "2", "3", "4"):
        said = values.get(f"STAPA{number}", "")
        text = text.replace(f"&{number}", said).replace("&", said, 1) if f"&{number}" in text or "&" in text else text
    named = f"{values.get('STAMID', '')} {values.get('STAMNO', '')}".strip()
    posted = [child.values.get("OBJKEY", "") for child in record.children if child.tag == "E1PRTOB" and isinstance(child.values, Mapping)]
    return " ".join(part for part in (code, named, " ".join(text.split()), *posted) if part)[:200]
