"""Signed data (RFC 5652 section 5): a signature beside what it signs, judged by the certificates that were agreed and by no others.

Certificates that a message brings along are not looked at: whoever signs may bring what they like.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from connectors.transports.as2.certificates import Identity, holds, subject
from connectors.transports.as2.compressed import MALFORMED
from connectors.transports.as2.faults import AUTHENTICATION, INTEGRITY, SECURITY, FaultError

_HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_MOST_SIGNERS = 8


@dataclass(frozen=True, slots=True)
class Verified:
    """By which digest and which of the agreed certificates something is signed."""

    digest: str
    certificate: x509.Certificate


def sign(content: bytes, signer: Identity, digest: str) -> bytes:
    """A detached CMS SignedData over exactly these bytes, with the signer's certificate in it."""
    own = asn1_x509.Certificate.load(signer.certificate.public_bytes(Encoding.DER))
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.new(digest, content).digest()]}),
        ]
    )
    if isinstance(signer.key, rsa.RSAPrivateKey):
        signature = signer.key.sign(attributes.dump(), padding.PKCS1v15(), _HASHES[digest]())
        algorithm = "rsassa_pkcs1v15"
    else:
        signature = signer.key.sign(attributes.dump(), ec.ECDSA(_HASHES[digest]()))
        algorithm = f"{digest}_ecdsa"
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier("issuer_and_serial_number", {"issuer": own.issuer, "serial_number": own.serial_number}),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": algorithm}),
            "signature": signature,
        }
    )
    return bytes(
        cms.ContentInfo(
            {
                "content_type": "signed_data",
                "content": cms.SignedData(
                    {
                        "version": "v1",
                        "digest_algorithms": [algos.DigestAlgorithm({"algorithm": digest})],
                        "encap_content_info": {"content_type": "data"},
                        "certificates": [cms.CertificateChoices("certificate", own)],
                        "signer_infos": [info],
                    }
                ),
            }
        ).dump()
    )


def verify(content: bytes, data: bytes, known: Sequence[x509.Certificate], allowed: frozenset[str], now: datetime) -> Verified:
    """Who of the agreed signed these bytes. Signers that were not agreed do not count; one that was must be right.

    Raises FaultError: authentication for no agreed signer or a false signature, integrity where the content is not what was signed,
    security for a digest that was not agreed.
    """
    try:
        info = cms.ContentInfo.load(data)
        if info["content_type"].native != "signed_data":
            raise FaultError(AUTHENTICATION, f"a CMS object of type {info['content_type'].native}", "signed_data")
        signers = list(info["content"]["signer_infos"])
        if not signers:
            raise FaultError(AUTHENTICATION, "a signature without a signer")
        if len(signers) > _MOST_SIGNERS:
            raise FaultError(AUTHENTICATION, f"{len(signers)} signers")
        ours = [(signer, certificate) for signer in signers if (certificate := _agreed(signer, known)) is not None]
        if not ours:
            raise FaultError(AUTHENTICATION, "signed by a certificate that was not agreed", "; ".join(subject(one) for one in known))
        results = [_one(content, signer, certificate, allowed, now) for signer, certificate in ours]
    except MALFORMED as error:
        raise FaultError(AUTHENTICATION, "the signature cannot be read") from error
    return results[0]


def _agreed(signer: Any, known: Sequence[x509.Certificate]) -> x509.Certificate | None:
    sid = signer["sid"]
    for certificate in known:
        own = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        if sid.name == "subject_key_identifier":
            if own.key_identifier is not None and sid.chosen.native == own.key_identifier:
                return certificate
        elif sid.chosen["serial_number"].native == own.serial_number and sid.chosen["issuer"] == own.issuer:
            return certificate
    return None


def _one(content: bytes, signer: Any, certificate: x509.Certificate, allowed: frozenset[str], now: datetime) -> Verified:
    digest = signer["digest_algorithm"]["algorithm"].native
    if digest not in allowed:
        raise FaultError(SECURITY, f"signed by digest {digest}", ", ".join(sorted(allowed)))
    if not holds(certificate, now):
        raise FaultError(AUTHENTICATION, f"{subject(certificate)} counts from {_days(certificate)} only", now.date().isoformat())
    measured = hashlib.new(digest, content).digest()
    attributes = signer["signed_attrs"]
    if attributes.native is None or not len(attributes):
        if content[:1] == b"1":  # attributes of another signature, passed off as content (the digit is the tag of a set)
            raise FaultError(AUTHENTICATION, "signed without attributes, and the content is no MIME")
        _hold(certificate, signer, content, digest)
        return Verified(digest, certificate)
    if _attribute(attributes, "content_type") != "data":
        raise FaultError(AUTHENTICATION, "signed attributes of another type of content", "data")
    # As a set by itself: that is what was signed (RFC 5652 section 5.4).
    _hold(certificate, signer, b"\x31" + bytes(attributes.dump())[1:], digest)
    said = _attribute(attributes, "message_digest")
    if not isinstance(said, bytes) or not hmac.compare_digest(said, measured):
        raise FaultError(INTEGRITY, f"the content's digest is {measured.hex()}", said.hex() if isinstance(said, bytes) else None)
    return Verified(digest, certificate)


def _attribute(attributes: Any, name: str) -> Any:
    """The only value of an attribute that stands once; None else."""
    values = [one["values"] for one in attributes if one["type"].native == name]
    return values[0][0].native if len(values) == 1 and len(values[0]) == 1 else None


def _hold(certificate: x509.Certificate, signer: Any, signed: bytes, digest: str) -> None:
    """Raises FaultError where the signature is not the certificate's over these bytes."""
    public, signature = certificate.public_key(), bytes(signer["signature"].native)
    algorithm = signer["signature_algorithm"]
    name, hash_ = algorithm["algorithm"].native, _HASHES[digest]()
    try:
        if isinstance(public, rsa.RSAPublicKey) and name == "rsassa_pss":
            parameters = algorithm["parameters"]
            if {parameters["hash_algorithm"]["algorithm"].native, parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native} != {
                digest
            }:
                raise FaultError(AUTHENTICATION, "PSS with several digests")
            length = int(parameters["salt_length"].native)
            public.verify(signature, signed, padding.PSS(padding.MGF1(hash_), length), hash_)
        elif isinstance(public, rsa.RSAPublicKey) and name in ("rsassa_pkcs1v15", f"{digest}_rsa"):
            public.verify(signature, signed, padding.PKCS1v15(), hash_)
        elif isinstance(public, ec.EllipticCurvePublicKey) and name in ("ecdsa", f"{digest}_ecdsa"):
            public.verify(signature, signed, ec.ECDSA(hash_))
        else:
            raise FaultError(AUTHENTICATION, f"signature algorithm {name} does not fit certificate and digest {digest}")
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise FaultError(AUTHENTICATION, f"the signature is not that of {subject(certificate)}") from error


def _days(certificate: x509.Certificate) -> str:
    return f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
