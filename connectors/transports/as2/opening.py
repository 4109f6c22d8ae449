"""Opening what came: decrypt, decompress, verify, in the order in which it was wrapped, and measure what the receipt must name.

    payload → (compress) → (sign) → (compress) → (encrypt)          RFC 4130 section 2.3, RFC 5402

The MIC of the receipt is taken over what was signed, headers of the part and all; of what is not signed over the payload with its headers,
and without them where nothing at all is wrapped around it (RFC 4130 section 7.3.1, RFC 5402 section 4).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from connectors.transports.as2 import mime
from connectors.transports.as2.compressed import decompress
from connectors.transports.as2.enveloped import decrypt
from connectors.transports.as2.faults import AUTHENTICATION, DECRYPTION, INTEGRITY, SECURITY, UNEXPECTED, FaultError
from connectors.transports.as2.mime import Entity
from connectors.transports.as2.signed import Verified, verify
from connectors.transports.as2.station import Station

SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature")


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that is taken."""

    payload: bytes
    name: str | None
    """File name that the sender gave it."""
    media_type: str
    measured: bytes
    """The bytes over which the receipt's MIC is taken."""
    signed: Verified | None
    encrypted: bool
    compressed: bool

    def mic(self, digest: str) -> str:
        """The MIC as receipts name it, in Base64."""
        return mic(self.measured, digest)


def mic(content: bytes, digest: str) -> str:
    """A digest in Base64.

    >>> mic(b"", "sha1")
    '2jmj7l5rSw0yVb/vlWAYkK/YBwk='
    """
    return base64.b64encode(hashlib.new(digest, content).digest()).decode("ascii")


def open_message(station: Station, request: Entity, now: datetime, limit: int) -> Opened:
    """Unwrap a message of this relation. `limit` bounds in bytes what is decompressed.

    Raises FaultError with what its sender is to be told. Nothing has been done then.
    """
    entity, encrypted, compressed = request, False, False
    if entity.is_cms("enveloped-data"):
        entity, encrypted = _decrypted(station, entity), True
    elif "unencrypted" not in station.allow:
        raise FaultError(SECURITY, "not encrypted", "encrypted")
    if entity.is_cms("compressed-data"):
        entity, compressed = mime.read(decompress(entity.content(), limit)), True
    signed: Verified | None = None
    measured: bytes | None = None
    if entity.media_type == "multipart/signed":
        entity, signed, measured = verified(station, entity, now)
    elif "unsigned" not in station.allow:
        raise FaultError(SECURITY, "not signed", "signed")
    if not compressed and entity.is_cms("compressed-data"):
        entity, compressed = mime.read(decompress(entity.content(), limit)), True
    if entity.media_type.startswith("multipart/") or "pkcs7" in entity.media_type:
        raise FaultError(UNEXPECTED, f"{entity.media_type} where the document should be", "one document")
    payload = entity.content()
    if not payload:
        raise FaultError(UNEXPECTED, "an empty document")
    if measured is None:
        wrapped = encrypted or compressed
        measured = (entity.raw if entity.encoding == "binary" else mime.canonical(entity.raw)) if wrapped else request.body
    return Opened(payload, _file_name(entity), entity.media_type, measured, signed, encrypted, compressed)


def _decrypted(station: Station, entity: Entity) -> Entity:
    content = decrypt(entity.content(), station.identities, station.ciphers)
    try:
        return mime.read(content)
    except FaultError as error:  # what a wrong key makes of it must look like a wrong key
        raise FaultError(DECRYPTION, "the content cannot be decrypted by any of our keys") from error


def verified(station: Station, entity: Entity, now: datetime) -> tuple[Entity, Verified, bytes]:
    """The part that the partner signed, by what, and the bytes that were signed. Raises FaultError where it did not sign them."""
    members = mime.parts(entity)
    if len(members) != 2:
        raise FaultError(AUTHENTICATION, f"{len(members)} parts in multipart/signed", "2")
    part, signature = members[0], mime.read(members[1])
    if signature.media_type not in SIGNATURES:
        raise FaultError(AUTHENTICATION, f"{signature.media_type} where the signature should be", SIGNATURES[0])
    data = signature.content()
    try:
        return mime.read(part), verify(part, data, station.partner, station.digests, now), part
    except FaultError as error:
        text = mime.canonical(part)
        if text == part or error.rule not in (AUTHENTICATION[0], INTEGRITY[0]):
            raise
        return mime.read(part), verify(text, data, station.partner, station.digests, now), text  # text was signed with CR LF


def _file_name(entity: Entity) -> str | None:
    """A file name from outside is a label and never a path."""
    label = (entity.head.get_filename() or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in label if character.isprintable())[:200] or None
