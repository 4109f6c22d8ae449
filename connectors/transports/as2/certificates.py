"""Keys and certificates of an AS2 relation: named in the site's files, never written there, and never logged.

A partner is known by its certificates as they were agreed, one or two of them while it changes to a new one; who issued them is not asked,
because most are self-signed. A certificate counts from its first to its last day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from data_contracts.errors import ConfigError

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
SHORTEST_RSA = 2048
NOTICE = timedelta(days=30)
"""So long before its end a certificate is told of."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key of ours and its certificate."""

    key: PrivateKey
    certificate: x509.Certificate

    def __repr__(self) -> str:
        return f"Identity({subject(self.certificate)})"


def subject(certificate: x509.Certificate) -> str:
    """How people call a certificate: its subject and serial number."""
    return f"{certificate.subject.rfc4514_string() or '-'} ({certificate.serial_number:x})"


def certificates(text: str, where: str) -> list[x509.Certificate]:
    """The certificates of a PEM text, in its order. Raises ConfigError that names `where` when there is none or one cannot serve."""
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError as error:
        raise ConfigError(f"{where}: no certificate in PEM") from error
    for certificate in found:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            if key.key_size < SHORTEST_RSA:
                raise ConfigError(f"{where}: an RSA key of {key.key_size} bits is too short; {SHORTEST_RSA} is the least")
        elif not isinstance(key, ec.EllipticCurvePublicKey):
            raise ConfigError(f"{where}: the key of {subject(certificate)} is neither RSA nor elliptic curve")
    return found


def identity(key_text: str, certificate_text: str, password: str | None, where: str) -> Identity:
    """A private key in PEM with its certificate. Raises ConfigError, which never quotes the key, when they cannot be read or do not fit."""
    try:
        key = serialization.load_pem_private_key(key_text.encode(), None if password is None else password.encode())
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{where}: no private key in PEM, or its password is missing or wrong") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ConfigError(f"{where}: the private key is neither RSA nor elliptic curve")
    (certificate, *_) = certificates(certificate_text, where)
    if _public(key.public_key()) != _public(certificate.public_key()):
        raise ConfigError(f"{where}: the certificate is not that of the private key")
    return Identity(key, certificate)


def _public(key: object) -> bytes:
    written: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return written


def holds(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether a certificate counts now."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def newest(known: Sequence[x509.Certificate], now: datetime) -> x509.Certificate | None:
    """Of those that count now the one that began last: what is encrypted for a partner that changes its certificate is for the new one."""
    counting = [certificate for certificate in known if holds(certificate, now)]
    return max(counting, key=lambda certificate: certificate.not_valid_before_utc, default=None)


def ending(known: Sequence[x509.Certificate], now: datetime) -> x509.Certificate | None:
    """The certificate with which all end, if that is within 30 days or past; None while a newer one is there already."""
    last = max(known, key=lambda certificate: certificate.not_valid_after_utc, default=None)
    return last if last is not None and last.not_valid_after_utc - now < NOTICE else None
