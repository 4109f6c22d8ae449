"""What makes a report more than paper: the evidence beside it, a hash of each file, one signature over all. Verified without the hub.

A report is a folder, or the ZIP archive of one that the API gives: `report.json`, `report.html`, `evidence/<sha256>` (the original bytes of
every document that the report relies on), `manifest.json` (SHA-256 of each of these files, and the heads of the audit chains when it was
made) and `manifest.sig` (Ed25519, RFC 8032, over the bytes of the manifest, with the public key, in base64). The private key is made at
first use and stays in the hub's home, readable by its owner alone; the public key is what the maker gives to authorities.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from connectors.archive import Archive, ArchiveError, Bounds
from data_contracts.errors import ConfigError, InvalidError

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
_KEY = "report_key.pem"
_BOUNDS = Bounds(parts=200_000, directory_bytes=64 * 1024 * 1024, ratio=1000)
"""What the archive of a report may hold: one file a document that it relies on."""
_LONGEST = 256 * 1024 * 1024
"""Bytes of a manifest or signature that are read."""


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


def signer(report: Path) -> str:
    """The public key that the report, a folder or its archive, says it is signed with. Raises InvalidError where there is none."""
    with _opened(report) as files:
        return str(_signature(report, files)["public_key"])


def verify(report: Path, key: str | None = None) -> list[str]:
    """What is not as it was signed, a line each; nothing: all is intact. With `key` (base64) the signature must be of that key.

    `report` is a folder or its ZIP archive, which is read where it lies and not unpacked. Raises InvalidError for what is no report.
    """
    with _opened(report) as files:
        return _faults(files, _signature(report, files), key)


def _faults(files: _Files, signature: dict[str, Any], key: str | None) -> list[str]:
    try:
        content = files.read(MANIFEST)
        Ed25519PublicKey.from_public_bytes(base64.b64decode(signature["public_key"])).verify(
            base64.b64decode(signature["signature"]), content
        )
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return [f"{MANIFEST}: the signature is not of these bytes"]
    except OSError as error:
        return [f"{MANIFEST}: {error.strerror or 'missing'}"]
    except ArchiveError as error:
        return [f"{MANIFEST}: {error.finding.text()}"]
    faults = []
    if key is not None and key.strip() != signature["public_key"]:
        faults.append(f"{SIGNATURE}: signed by {signature['public_key']}, expected {key.strip()}")
    try:
        signed = dict(json.loads(content)["files"])
    except (ValueError, KeyError, TypeError):
        return [*faults, f"{MANIFEST}: names no files"]
    found = files.names()
    for name, digest in signed.items():
        if name not in found:
            faults.append(f"{name}: missing")
            continue
        try:
            with files.open(name) as file:
                same = _digest(file) == digest
        except OSError as error:
            faults.append(f"{name}: {error.strerror or 'missing'}")
            continue
        except ArchiveError as error:
            faults.append(f"{name}: {error.finding.text()}")
            continue
        if not same:
            faults.append(f"{name}: changed since it was signed")
    faults += [f"{name}: added since it was signed" for name in sorted(found - signed.keys() - {MANIFEST, SIGNATURE})]
    return faults


class _Files(Protocol):
    """The files of a report by name."""

    def names(self) -> set[str]: ...

    def open(self, name: str) -> Any: ...

    def read(self, name: str) -> bytes: ...


class _Folder:
    """A report as it was written, or was unpacked by somebody."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> set[str]:
        return {path.relative_to(self._path).as_posix() for path in self._path.rglob("*") if path.is_file()}

    def open(self, name: str) -> IO[bytes]:
        return (self._path / name).open("rb")

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read(_LONGEST)


class _Packed:
    """A report in its archive: a folder of the recall's number, as the API gives it."""

    def __init__(self, archive: Archive) -> None:
        self._archive, self._all = archive, frozenset(archive.names)
        heads = {name.rpartition("/")[0] for name in archive.names if name.rpartition("/")[2] == SIGNATURE}
        self._head = f"{min(heads, key=len)}/" if heads and "" not in heads else ""

    def names(self) -> set[str]:
        """What lies beside the folder was added as well, and is none of its files whatever it is called."""
        return {name.removeprefix(self._head) if name.startswith(self._head) else f"../{name}" for name in self._all}

    def open(self, name: str) -> Any:
        return self._archive.part(self._whole(name))

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            content: bytes = file.read(_LONGEST)
            return content

    def _whole(self, name: str) -> str:
        if (whole := self._head + name) not in self._all:
            raise FileNotFoundError(name)
        return whole


@contextmanager
def _opened(report: Path) -> Iterator[_Files]:
    if not report.is_file():
        yield _Folder(report)
        return
    with report.open("rb") as stream:
        try:
            archive = Archive(stream, _BOUNDS)
        except ArchiveError as error:
            raise InvalidError(f"{report}: this is no report of a recall: {error.finding.text()}") from error
        yield _Packed(archive)


def _signature(report: Path, files: _Files) -> dict[str, Any]:
    try:
        said = json.loads(files.read(SIGNATURE).decode("ascii"))
    except (OSError, ValueError) as error:
        raise InvalidError(f"{report / SIGNATURE}: this is no report of a recall: {error}") from error
    except ArchiveError as error:
        raise InvalidError(f"{report / SIGNATURE}: this is no report of a recall: {error.finding.text()}") from error
    if not isinstance(said, dict) or not {"public_key", "signature"} <= said.keys():
        raise InvalidError(f"{report / SIGNATURE}: holds no signature")
    return said


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return _digest(file)


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()
