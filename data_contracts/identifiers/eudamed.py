"""What EUDAMED itself issues for legacy devices, which have no Basic UDI-DI and often no UDI (EUDAMED business rules BR-UDID-640 to 644).

    B-06926365598003             EUDAMED DI made from the device's UDI-DI
    B-BEMF000000106CR023335WE    EUDAMED DI that the manufacturer chose: up to 21 characters and the pair of check characters of a GMN
    D-BEMF000000106CR023335WE    EUDAMED ID: the same for a device without UDI-DI, in its place

The EUDAMED DI stands where others have the Basic UDI-DI, the EUDAMED ID where they have the UDI-DI.
"""

from __future__ import annotations

import re

from data_contracts.identifiers import device_identifier
from data_contracts.identifiers.carrier import ParsedCarrier, Reading
from data_contracts.identifiers.check_pair import check_pair

ISSUER = "eudamed"
STARTS = ("B-", "D-")
_WHAT = {"B-": "EUDAMED DI", "D-": "EUDAMED ID"}
_CHOSEN = re.compile(r"[!-~]{1,21}..", re.ASCII)


def parse(text: str) -> ParsedCarrier:
    """Read an EUDAMED DI or ID. Findings UDI-10 (check characters), UDI-11 (form)."""
    start, rest = text[:2], text[2:]
    reading = Reading(ISSUER, _WHAT.get(start, "EUDAMED DI"), text)
    inner = device_identifier.read(rest) if start == "B-" else None
    expected = check_pair(rest[:-2]) if _CHOSEN.fullmatch(rest) is not None else None
    if start in STARTS and rest[-2:] == expected:
        reading.parts["form"] = "provided"
    elif inner is not None:
        reading.parts.update(form="generated", udi_di=inner.di, udi_di_issuer=inner.issuer)
    elif expected is None or start not in STARTS:
        reading.tell("UDI-11", text, "B- or D-, up to 21 characters, 2 check characters; or B- and a UDI-DI")
        return reading.done()
    else:
        reading.tell("UDI-10", rest[-2:], expected)
    if start == "D-":
        reading.di = text
    reading.parts["eudamed_id" if start == "D-" else "eudamed_di"] = text
    return reading.done()
