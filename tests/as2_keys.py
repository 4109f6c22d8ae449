"""Keys and certificates of two AS2 partners, made once a run: RSA of 2048 bits takes its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate in PEM."""

    name: str
    key: str
    certificate: str

    def write(self, folder: Path) -> None:
        """As `<name>.key` and `<name>.pem`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.key").write_text(self.key)
        (folder / f"{self.name}.pem").write_text(self.certificate)


@cache
def _key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def pair(name: str, since: datetime = FROM, until: datetime = UNTIL) -> Pair:
    """A self-signed certificate; certificates of one name share their key."""
    key = _key(name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(int(since.timestamp()) + int((until - since) / timedelta(seconds=1)))
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(name, private.decode(), made.public_bytes(serialization.Encoding.PEM).decode())


def settings(folder: Path, ours: str = "hub", theirs: str = "acme", **more: object) -> dict[str, object]:
    """Settings of one side's station, with its keys in `folder`."""
    for name in (ours, theirs):
        pair(name).write(folder)
    return {
        "use": "as2",
        "ours": ours.upper(),
        "theirs": theirs.upper(),
        "key_file": str(folder / f"{ours}.key"),
        "certificate_file": str(folder / f"{ours}.pem"),
        "partner_certificate_file": str(folder / f"{theirs}.pem"),
        **more,
    }
