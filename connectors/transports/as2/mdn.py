"""Receipts (MDN, RFC 3798 and 8098 as RFC 4130 uses them): what one is asked for, what ours say, what the partner's prove."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser
from hashlib import sha256

from connectors.transports.as2 import mime
from connectors.transports.as2.faults import AUTHENTICATION, FORMAT, MIC_ALGORITHMS, UNEXPECTED, FaultError
from connectors.transports.as2.message import addressed, boundary_of, sealed
from connectors.transports.as2.mime import Entity, multipart, written
from connectors.transports.as2.names import digest_named, message_id, plain, quoted
from connectors.transports.as2.opening import verified
from connectors.transports.as2.signed import Verified
from connectors.transports.as2.station import Station

PROCESSED = "processed"
_DISPOSITION = re.compile(r"[^;]*;\s*(processed|failed|dispatched|displayed|deleted|denied)\s*(?:/\s*([a-z]+)\s*(?::\s*(.*?))?)?\s*", re.I)
_REPORT = "message/disposition-notification"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What kind of receipt the sender of a message asks for."""

    signed: bool
    digest: str
    spelled: str
    """The digest in the sender's own letters."""
    url: str | None
    """Where it is to be sent; None: the answer of the same connection."""


def wanted(station: Station, head: Message) -> Wanted | None:
    """The receipt that is asked for; None: none. Raises FaultError where what is required cannot be given."""
    if not (head.get("Disposition-Notification-To") or "").strip():
        return None
    options = dict(_options(str(head.get("Disposition-Notification-Options", ""))))
    url = (head.get("Receipt-Delivery-Option") or "").strip() or None
    required, protocols = options.get("signed-receipt-protocol", (False, []))
    signed = "pkcs7-signature" in [one.lower() for one in protocols]
    if required and not signed:
        raise FaultError(FORMAT, f"signed-receipt-protocol {', '.join(protocols)[:100]}", "pkcs7-signature")
    required, algorithms = options.get("signed-receipt-micalg", (False, []))
    for spelled in algorithms:
        digest = digest_named(spelled)
        if digest is not None and digest in station.digests:
            return Wanted(signed, digest, spelled, url)
    if required:
        raise FaultError(MIC_ALGORITHMS, f"signed-receipt-micalg {', '.join(algorithms)[:100]}", ", ".join(sorted(station.digests)))
    return Wanted(signed, "", "", url)


def _options(text: str) -> list[tuple[str, tuple[bool, list[str]]]]:
    found = []
    for part in text.split(";"):
        name, _, values = part.partition("=")
        importance, *rest = [value.strip().strip('"') for value in values.split(",")]
        found.append((name.strip().lower(), (importance.lower() == "required", [value for value in rest if value])))
    return found


def receipt(
    station: Station, original: str | None, disposition: str, mic: tuple[str, str] | None, sign: str | None, now: datetime
) -> bytes:
    """A receipt with its headers, as `mime.read` reads it. `mic`: Base64 and the digest's name; `sign`: the digest, None: unsigned.

    Raises ConfigError when it must be signed and our certificate does not count now.
    """
    seed = f"{station.ours}/{station.theirs}/{original}/{disposition}"
    text = "The message was received and is kept." if disposition == PROCESSED else "The message was received and is not taken; see below."
    lines = [
        "Reporting-UA: UDIHub",
        f"Original-Recipient: rfc822; {quoted(station.ours)}",
        f"Final-Recipient: rfc822; {quoted(station.ours)}",
        *([f"Original-Message-ID: <{original}>"] if original is not None else []),
        f"Disposition: automatic-action/MDN-sent-automatically; {disposition}",
        *([f"Received-Content-MIC: {mic[0]}, {mic[1]}"] if mic is not None else []),
    ]
    members = [
        written([("Content-Type", "text/plain; charset=us-ascii"), ("Content-Transfer-Encoding", "7bit")], f"{text}\r\n".encode("ascii")),
        written([("Content-Type", _REPORT), ("Content-Transfer-Encoding", "7bit")], "".join(f"{line}\r\n" for line in lines).encode()),
    ]
    boundary = boundary_of(b"".join(members), seed)
    headers = [("Content-Type", f'multipart/report; report-type=disposition-notification; boundary="{boundary}"')]
    body = multipart(boundary, members)
    if sign is not None:
        headers, body = sealed(station, written(headers, body), sign, seed, now)
    host = re.sub(r"[^A-Za-z0-9.-]+", "-", station.ours).strip(".-") or "udihub"
    own_id = f"{sha256(f'mdn/{seed}/{now.isoformat()}'.encode()).hexdigest()[:40]}@{host}"
    return written([*addressed(station, own_id, now), *headers], body)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a partner's receipt says."""

    original: str
    """Message-ID of what it is about; empty where that had none."""
    kind: str
    """processed or failed"""
    modifier: str
    """Empty, or `error: decryption-failed`, `warning: duplicate-document`."""
    mic: str | None
    digest: str | None
    signed: Verified | None

    @property
    def text(self) -> str:
        """As it stands in the receipt: `processed/error: decryption-failed`."""
        return f"{self.kind}/{self.modifier}" if self.modifier else self.kind


def is_receipt(entity: Entity) -> bool:
    """Whether this is a receipt and no message; judged by its outside alone."""
    try:
        inner = mime.read(mime.parts(entity)[0]) if entity.media_type == "multipart/signed" else entity
    except (FaultError, IndexError):
        return False
    return inner.media_type == "multipart/report"


def understood(station: Station, entity: Entity, now: datetime) -> Receipt:
    """Read a receipt of the partner. Raises FaultError for one that is none, or is not signed by the partner though it was asked to."""
    if (plain(entity.head.get("AS2-From")), plain(entity.head.get("AS2-To"))) != (station.theirs, station.ours):
        raise FaultError(AUTHENTICATION, f"a receipt of {entity.head.get('AS2-From')} to {entity.head.get('AS2-To')}", station.theirs)
    signed: Verified | None = None
    if entity.media_type == "multipart/signed":
        entity, signed, _ = verified(station, entity, now)
    elif "unsigned" not in station.allow:
        raise FaultError(AUTHENTICATION, "a receipt without the signature that was asked for", "multipart/signed")
    if entity.media_type != "multipart/report":
        raise FaultError(UNEXPECTED, f"{entity.media_type} where the receipt should be", "multipart/report")
    report = next((part for part in map(mime.read, mime.parts(entity)) if part.media_type == _REPORT), None)
    if report is None:
        raise FaultError(UNEXPECTED, f"no {_REPORT} in the receipt")
    fields = BytesHeaderParser().parsebytes(report.content().lstrip(b"\r\n") + b"\r\n\r\n")
    original, disposition = (
        message_id(fields.get("Original-Message-ID")),
        _DISPOSITION.fullmatch(str(fields.get("Disposition", "")).strip()),
    )
    if disposition is None:
        raise FaultError(UNEXPECTED, "a receipt without a disposition")
    mic, _, name = str(fields.get("Received-Content-MIC", "")).rpartition(",")
    why = disposition[3] or (fields.get(disposition[2], "") if disposition[2] else "")  # RFC 4130 7.5.6: a field of its own in old products
    modifier = ": ".join(part for part in (disposition[2], str(why).strip()) if part).lower()
    return Receipt(original or "", disposition[1].lower(), modifier, "".join(mic.split()) or None, digest_named(name), signed)
