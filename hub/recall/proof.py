"""What makes a report more than paper: the evidence beside it, a hash of each file, one signature over all. Verified without the hub.

A report is a folder: `report.json`, `report.html`, `evidence/<sha256>` (the original bytes of every document that the report relies on),
`manifest.json` (SHA-256 of each of these files, and the heads of the audit chains when it was made) and `manifest.sig` (Ed25519, RFC 8032,
over the bytes of the manifest, with the public key, in base64). The private key is made at first use and stays in the hub's home, readable
by its owner alone; the public key is what the maker gives to authorities.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from data_contracts.errors import ConfigError, InvalidError

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
_KEY = "report_key.pem"


def signing_key(home: Path) -> Ed25519PrivateKey:
    """The hub's key for reports. Raises ConfigError when what lies there is none."""
    path = home / _KEY
    if not path.exists():
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return signing_key(home)  # another process was faster
        with os.fdopen(handle, "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: expected an Ed25519 key")
    return key


def public_key(key: Ed25519PrivateKey) -> str:
    """The public half, base64 of its 32 bytes."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def seal(folder: Path, home: Path, about: dict[str, Any]) -> None:
    """Write manifest and signature of all files in the folder; `about` is kept in the manifest."""
    files = {str(path.relative_to(folder)): _hash(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    files = {name: digest for name, digest in files.items() if name not in (MANIFEST, SIGNATURE)}
    content = json.dumps({**about, "files": files}, ensure_ascii=False, sort_keys=True, indent=1).encode()
    key = signing_key(home)
    (folder / MANIFEST).write_bytes(content)
    said = {"algorithm": "Ed25519", "public_key": public_key(key), "signature": base64.b64encode(key.sign(content)).decode()}
    (folder / SIGNATURE).write_text(json.dumps(said, indent=1), encoding="ascii")


def signer(folder: Path) -> str:
    """The public key that the report says it is signed with. Raises InvalidError where there is none."""
    return str(_signature(folder)["public_key"])


def verify(folder: Path, key: str | None = None) -> list[str]:
    """What is not as it was signed, a line each; nothing: all is intact. With `key` (base64) the signature must be of that key."""
    signature = _signature(folder)
    try:
        content = (folder / MANIFEST).read_bytes()
        Ed25519PublicKey.from_public_bytes(base64.b64decode(signature["public_key"])).verify(
            base64.b64decode(signature["signature"]), content
        )
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return [f"{MANIFEST}: the signature is not of these bytes"]
    except OSError as error:
        return [f"{MANIFEST}: {error.strerror}"]
    faults = []
    if key is not None and key.strip() != signature["public_key"]:
        faults.append(f"{SIGNATURE}: signed by {signature['public_key']}, expected {key.strip()}")
    files: dict[str, str] = json.loads(content)["files"]
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            faults.append(f"{name}: missing")
        elif _hash(path) != digest:
            faults.append(f"{name}: changed since it was signed")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    faults += [f"{name}: added since it was signed" for name in sorted(found - files.keys() - {MANIFEST, SIGNATURE})]
    return faults


def _signature(folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / SIGNATURE).read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise InvalidError(f"{folder / SIGNATURE}: this is no report of a recall: {error}") from error
    if not isinstance(said, dict) or not {"public_key", "signature"} <= said.keys():
        raise InvalidError(f"{folder / SIGNATURE}: holds no signature")
    return said


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
