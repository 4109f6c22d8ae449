"""What a partner is told of a file before he sends it: `udihub partner selftest` and `POST /v1/selftest`. Nothing is stored or sent.

The file is read as the hub reads what he sends: by his agreements, his syntax, his mapping. The report says what was recognised, what is
wrong and where, what would become of each message, the acknowledgement that he would get, and what the hub understood. What only the
store can tell is not judged, and the report says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO

from data_contracts.findings import Language
from hub import check
from hub.examine import ExaminedMessage, Fate, examine
from hub.site import Site
from hub.who import Claimant, candidates_of

TAKEN, REFUSED, UNREADABLE = 0, 1, 2
OUTCOMES: dict[Fate, str] = {"ready": "taken", "rejected": "refused", "quarantined": "held", "answer": "answer", "test": "test"}
"""What would become of a message, in words of the report."""
_WORST = ("refused", "held", "test", "answer", "taken")
MOST_MESSAGES = 200
"""Messages of one file that a report tells one by one; of the others it gives the count."""


def report(stream: BinaryIO, name: str, site: Site, claimant: Claimant, now: datetime, language: Language = "en") -> dict[str, Any]:
    """The report on one file, JSON-ready, findings in `language`.

    `verdict`: `taken`, `held`, `refused`, `test`, `answer` (the worst of its messages), or `unreadable`. Raises ConfigError for a faulty
    site only; bad data is in the report.
    """
    examination = examine(stream, site, claimant, now)
    check.tell_unmapped(examination)
    check.tell_unchecked(examination)
    answer = check.as_json(name, examination, now, language)
    messages = [_message(one, language) for one in examination.messages]
    outcomes = {one["outcome"] for one in messages}
    envelopes = [finding for interchange in answer["interchanges"] for finding in interchange["findings"]]
    groups = [finding for interchange in answer["interchanges"] for group in interchange["groups"] for finding in group["findings"]]
    return {
        "partner": claimant.partner,
        "file": name,
        "checked_at": now.isoformat(),
        "format": examination.format,
        "agreements": sorted({one.agreement.agreement for one in examination.interchanges if one.agreement is not None}),
        "possible": sorted(one.agreement for one in candidates_of(site, claimant)),
        "verdict": "unreadable" if not answer["interchanges"] else next((one for one in _WORST if one in outcomes), "refused"),
        "valid": answer["valid"],
        "findings": [*answer["findings"], *envelopes, *groups],
        "count": len(messages),
        "messages": messages[:MOST_MESSAGES],
        "acknowledgement": answer["acknowledgement"],
        "stored": False,
    }


def exit_code(told: dict[str, Any]) -> int:
    """0 all would be taken in, 1 something would be refused or held, 2 unreadable."""
    if told["verdict"] == "unreadable":
        return UNREADABLE
    return REFUSED if told["verdict"] in ("refused", "held") or not told["valid"] else TAKEN


def _message(examined: ExaminedMessage, language: Language) -> dict[str, Any]:
    """One message: what it is, what would become of it, what is wrong with it, and what the hub understood."""
    understood = examined.entity if examined.entity is not None else examined.mapped
    return {
        "type": examined.message.type,
        "version": examined.message.version,
        "control": examined.message.control,
        "agreement": examined.agreement.agreement if examined.agreement is not None else None,
        "outcome": OUTCOMES[examined.fate],
        "rows_left_out": examined.rows_left_out,
        "findings": [finding.as_json(language) for finding in examined.findings],
        "understood": check.plain(understood) if understood is not None else None,
    }
