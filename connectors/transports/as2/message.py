"""A document as an AS2 message: compressed, signed and encrypted as agreed, the same bytes to be named by the receipt at every attempt."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import quote

from connectors.transports.as2.certificates import holds, newest, subject
from connectors.transports.as2.compressed import compress
from connectors.transports.as2.enveloped import encrypt
from connectors.transports.as2.mime import Headers, multipart, written
from connectors.transports.as2.names import DIGESTS, quoted
from connectors.transports.as2.opening import mic
from connectors.transports.as2.signed import sign
from connectors.transports.as2.station import Station
from data_contracts.errors import ConfigError

VERSION = "1.2"


@dataclass(frozen=True, slots=True)
class Built:
    """What is posted, and what its receipt must name."""

    headers: Headers
    body: bytes
    message_id: str
    mic: str
    digest: str


def build(station: Station, content: bytes, name: str, media_type: str, message_id: str, now: datetime) -> Built:
    """The message. Raises ConfigError when no certificate counts any more."""
    headers: Headers = [
        ("Content-Type", media_type),
        ("Content-Disposition", f"attachment; {_file_name(name)}"),
        ("Content-Transfer-Encoding", "binary"),
    ]
    entity, body = written(headers, content), content
    digest = station.sign or "sha256"
    measured = entity if station.compress or station.encrypt is not None else content
    if station.compress:
        headers, body = _cms(compress(entity), "compressed-data", "smime.p7z")
        entity = written(headers, body)
    if station.sign is not None:
        measured = entity
        headers, body = sealed(station, entity, station.sign, message_id, now)
        entity = written(headers, body)
    if station.encrypt is not None:
        certificate = newest(station.partner, now)
        if certificate is None:
            raise ConfigError(f"partner_certificate: none counts now; the last is {subject(station.partner[-1])}")
        headers, body = _cms(encrypt(entity, certificate, station.encrypt), "enveloped-data", "smime.p7m")
    return Built(
        [*addressed(station, message_id, now), *_receipt_wanted(station), *headers], body, message_id, mic(measured, digest), digest
    )


def sealed(station: Station, entity: bytes, digest: str, seed: str, now: datetime) -> tuple[Headers, bytes]:
    """Headers and body of `multipart/signed` over an entity. Raises ConfigError when our own certificate does not count now."""
    own = station.identities[0]
    if not holds(own.certificate, now):
        raise ConfigError(f"certificate: {subject(own.certificate)} does not count now")
    boundary = boundary_of(entity, seed)
    lines = base64.encodebytes(sign(entity, own, digest)).replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    signature = written(
        [
            ("Content-Type", 'application/pkcs7-signature; name="smime.p7s"; smime-type=signed-data'),
            ("Content-Transfer-Encoding", "base64"),
            ("Content-Disposition", 'attachment; filename="smime.p7s"'),
        ],
        lines,
    )
    kind = f'multipart/signed; protocol="application/pkcs7-signature"; micalg="{DIGESTS[digest]}"; boundary="{boundary}"'
    return [("Content-Type", kind)], multipart(boundary, [entity, signature])


def boundary_of(content: bytes, seed: str) -> str:
    """A boundary that the content does not hold, the same whenever the same is built."""
    return f"as2-{sha256(seed.encode() + sha256(content).digest()).hexdigest()[:48]}"


def addressed(station: Station, message_id: str, now: datetime) -> Headers:
    """What every message and receipt of ours begins with."""
    return [
        ("AS2-Version", VERSION),
        ("AS2-From", quoted(station.ours)),
        ("AS2-To", quoted(station.theirs)),
        ("Message-ID", f"<{message_id}>"),
        ("Date", format_datetime(now)),
        ("Subject", "Business document"),
        ("MIME-Version", "1.0"),
    ]


def _receipt_wanted(station: Station) -> Headers:
    digest = DIGESTS[station.sign or "sha256"]
    options = f"signed-receipt-protocol=required, pkcs7-signature; signed-receipt-micalg=required, {digest}"
    headers = [("Disposition-Notification-To", station.answer_url or quoted(station.ours)), ("Disposition-Notification-Options", options)]
    if station.asynchronous:
        headers.append(("Receipt-Delivery-Option", station.answer_url or ""))
    return headers


def _cms(data: bytes, kind: str, name: str) -> tuple[Headers, bytes]:
    return [
        ("Content-Type", f'application/pkcs7-mime; smime-type={kind}; name="{name}"'),
        ("Content-Transfer-Encoding", "binary"),
        ("Content-Disposition", f'attachment; filename="{name}"'),
    ], data


def _file_name(name: str) -> str:
    """A file name as Content-Disposition carries it; beyond ASCII as RFC 2231 says."""
    if name.isascii() and name.isprintable() and not set('"\\') & set(name):
        return f'filename="{name}"'
    return f"filename*=utf-8''{quote(name, safe='')}"
