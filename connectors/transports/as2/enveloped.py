"""Enveloped data (RFC 5652 section 6): a fresh key for the content, and that key for the partner's certificate.

Whatever goes wrong on reading gives one and the same fault, before and behind the private key, so that answers tell nothing about it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding

from connectors.transports.as2.certificates import Identity
from connectors.transports.as2.compressed import MALFORMED
from connectors.transports.as2.faults import DECRYPTION, SECURITY, FaultError

CIPHERS = {"aes128": ("aes128_cbc", 16), "aes192": ("aes192_cbc", 24), "aes256": ("aes256_cbc", 32), "3des": ("tripledes_3key", 24)}
"""Our word, the name in ASN.1, and bytes of the key."""
_OWN = {name: word for word, (name, _) in CIPHERS.items()}
_SAME = "the content cannot be decrypted by any of our keys"
_OAEP: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


def encrypt(content: bytes, certificate: x509.Certificate, cipher: str) -> bytes:
    """A CMS EnvelopedData for one recipient, whose key must be RSA (`certificates` of a station sees to that)."""
    name, size = CIPHERS[cipher]
    key = secrets.token_bytes(size)
    block = 8 if cipher == "3des" else 16
    vector = secrets.token_bytes(block)
    padder = padding.PKCS7(block * 8).padder()
    encryptor = _cipher(cipher, key, vector).encryptor()
    padded = padder.update(content) + padder.finalize()
    public = certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    recipient = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    return bytes(
        cms.ContentInfo(
            {
                "content_type": "enveloped_data",
                "content": cms.EnvelopedData(
                    {
                        "version": "v0",
                        "recipient_infos": [
                            cms.KeyTransRecipientInfo(
                                {
                                    "version": "v0",
                                    "rid": cms.RecipientIdentifier(
                                        "issuer_and_serial_number",
                                        {"issuer": recipient.issuer, "serial_number": recipient.serial_number},
                                    ),
                                    "key_encryption_algorithm": {"algorithm": "rsaes_pkcs1v15"},
                                    "encrypted_key": public.encrypt(key, rsa_padding.PKCS1v15()),
                                }
                            )
                        ],
                        "encrypted_content_info": {
                            "content_type": "data",
                            "content_encryption_algorithm": algos.EncryptionAlgorithm({"algorithm": name, "parameters": vector}),
                            "encrypted_content": encryptor.update(padded) + encryptor.finalize(),
                        },
                    }
                ),
            }
        ).dump()
    )


def decrypt(data: bytes, identities: Sequence[Identity], allowed: frozenset[str]) -> bytes:
    """What an EnvelopedData holds, by whichever of our keys it is for.

    Raises FaultError: one text for whatever cannot be decrypted; another, before any key is used, for a cipher that was not agreed.
    """
    try:
        info = cms.ContentInfo.load(data)
        if info["content_type"].native != "enveloped_data":
            raise FaultError(DECRYPTION, _SAME)
        inner = info["content"]["encrypted_content_info"]
        algorithm = inner["content_encryption_algorithm"]
        cipher = _OWN.get(algorithm["algorithm"].native)
        vector = bytes(algorithm["parameters"].native) if cipher is not None else b""
        content = bytes(inner["encrypted_content"].native or b"")
        recipients = [one.chosen for one in info["content"]["recipient_infos"] if one.name == "ktri"]
    except MALFORMED as error:
        raise FaultError(DECRYPTION, _SAME) from error
    if cipher is None or cipher not in allowed:
        raise FaultError(SECURITY, f"content encryption {cipher or algorithm['algorithm'].native}", ", ".join(sorted(allowed)))
    for identity in identities:
        for recipient in recipients:
            if _is_for(recipient, identity):
                return _opened(_key(recipient, identity, CIPHERS[cipher][1]), cipher, vector, content)
    raise FaultError(DECRYPTION, _SAME)


def _is_for(recipient: Any, identity: Identity) -> bool:
    own = asn1_x509.Certificate.load(identity.certificate.public_bytes(Encoding.DER))
    try:
        rid = recipient["rid"]
        if rid.name == "subject_key_identifier":
            return bool(own.key_identifier is not None and rid.chosen.native == own.key_identifier)
        return bool(rid.chosen["serial_number"].native == own.serial_number and rid.chosen["issuer"] == own.issuer)
    except MALFORMED:
        return False


def _key(recipient: Any, identity: Identity, size: int) -> bytes:
    """The content's key. A wrong one is replaced by one of chance, and fails where every other wrong one fails."""
    chance = secrets.token_bytes(size)
    if not isinstance(identity.key, rsa.RSAPrivateKey):
        return chance
    try:
        algorithm = recipient["key_encryption_algorithm"]
        kind = algorithm["algorithm"].native
        if kind == "rsaes_oaep":
            found = identity.key.decrypt(bytes(recipient["encrypted_key"].native), _oaep(algorithm["parameters"]))
        elif kind in ("rsaes_pkcs1v15", "rsa"):
            found = identity.key.decrypt(bytes(recipient["encrypted_key"].native), rsa_padding.PKCS1v15())
        else:
            return chance
    except (*MALFORMED, UnsupportedAlgorithm):
        return chance
    return found if len(found) == size else chance


def _oaep(parameters: Any) -> rsa_padding.OAEP:
    digest = _OAEP[parameters["hash_algorithm"]["algorithm"].native]
    mask = _OAEP[parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native]
    return rsa_padding.OAEP(rsa_padding.MGF1(mask()), digest(), None)


def _opened(key: bytes, cipher: str, vector: bytes, content: bytes) -> bytes:
    block = 8 if cipher == "3des" else 16
    try:
        decryptor = _cipher(cipher, key, vector).decryptor()
        padded = decryptor.update(content) + decryptor.finalize()
        unpadder = padding.PKCS7(block * 8).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise FaultError(DECRYPTION, _SAME) from error


def _cipher(cipher: str, key: bytes, vector: bytes) -> Cipher[modes.CBC]:
    made = TripleDES(key) if cipher == "3des" else algorithms.AES(key)
    return Cipher(made, modes.CBC(vector))
