"""Objects in a bucket of S3, or of whoever speaks as S3 does (MinIO, Ceph, OSS, COS and others).

    {use: s3, url: "https://minio.example:9000", bucket: exchange, folder: out/orders, pattern: "*.edi",
     access_key_env: S3_ACCESS_KEY, secret_key_env: S3_SECRET_KEY}

Without `url` it is Amazon's of the `region`. The folder is what keys begin with; what lies deeper is left alone. An object appears whole or
not at all, so none is looked at twice (`ready: rename`); `mark` and `stable` are as for files. There is no renaming: what was taken is
copied below `done_folder` and deleted, each only as the version that was read. A document is written where nothing bears its name yet
(`If-None-Match`). Credentials are those that are named here, never the machine's or the environment's own.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from email.utils import parsedate_to_datetime
from hashlib import md5, sha256
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, cast

import httpx

from connectors.credentials import refuse_unknown, required, seconds, secret
from connectors.file_names import hostile, safe_name
from connectors.http_peer import base_of
from connectors.spec import Delivered
from connectors.waiting_files import SETTINGS, Entry, Looks, Waiting
from data_contracts.errors import BusyError, ConfigError, ConflictError, HubError, RefusedError, RetriableError

_NAMED = frozenset(f"{name}_{place}" for name in ("access_key", "secret_key", "session_token") for place in ("env", "file"))
_SETTINGS = SETTINGS | _NAMED | {"url", "bucket", "region", "addressing", "ca_file", "allow_plain", "timeout_seconds"}
_NO_FILES = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
_ATTEMPTS = 3
_CHUNK = 256 * 1024
_GONE = frozenset({"NoSuchKey", "404", "NotFound"})
_CHANGED = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})
_UNKNOWN = frozenset({"NotImplemented", "501"})
_BUSY = frozenset({"SlowDown", "ServiceUnavailable", "TooManyRequests", "429", "503"})


class Bucket:
    """One folder of one bucket, and how it is asked."""

    def __init__(self, settings: Mapping[str, Any], client: Any) -> None:
        self.client = client
        self.name = required(settings, "bucket", "s3")
        folder = str(settings.get("folder", "")).strip("/")
        self.prefix = f"{folder}/" if folder else ""
        self.clock: float | None = None
        """The server's, as its last list said; seconds since 1970."""

    def entries(self) -> list[tuple[Entry, str]]:
        """What lies in the folder, page by page as the server gives it, each with its version (ETag)."""
        found: list[tuple[Entry, str]] = []
        asked: dict[str, Any] = {"Bucket": self.name, "Prefix": self.prefix, "Delimiter": "/"}
        while True:
            with explained(f"{self.name}/{self.prefix}"):
                page = self.client.list_objects_v2(**asked)
            self.clock = _clock(page)
            for one in page.get("Contents", ()):
                name = one["Key"][len(self.prefix) :]
                if name:  # a key that is the folder's own stands for it in consoles
                    found.append((Entry(name, one["Size"], _nanoseconds(one["LastModified"])), one["ETag"]))
            if not page.get("IsTruncated"):
                return found
            if not page.get("NextContinuationToken") or page["NextContinuationToken"] == asked.get("ContinuationToken"):
                raise RetriableError(f"{self.name}/{self.prefix}: the list goes on and does not say where")
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def look(self, name: str) -> tuple[int, str] | None:
        """Size and version of an object in the folder; None: there is none."""
        try:
            with explained(self.prefix + name):
                found = self.client.head_object(Bucket=self.name, Key=self.prefix + name)
        except FileNotFoundError:
            return None
        return found["ContentLength"], found["ETag"]

    def read(self, name: str, version: str, offset: int) -> Iterator[bytes]:
        """Bytes of that version from `offset` on. Raises ChangedError where another is there."""
        part = {"Range": f"bytes={offset}-"} if offset else {}
        with explained(self.prefix + name):
            answer = self.client.get_object(Bucket=self.name, Key=self.prefix + name, IfMatch=version, **part)
            with closing(answer["Body"]) as body:  # its own `with` would leave out whether all of it came
                while piece := body.read(_CHUNK):
                    yield piece

    def copy(self, name: str, version: str, target: str) -> None:
        """Copy that version below the folder."""
        source = {"Bucket": self.name, "Key": self.prefix + name}
        with explained(self.prefix + target):
            self.client.copy_object(Bucket=self.name, Key=self.prefix + target, CopySource=source, CopySourceIfMatch=version)

    def remove(self, name: str, version: str | None = None) -> None:
        """Delete an object; with `version` only that one, where the server knows such a condition."""
        asked = {"Bucket": self.name, "Key": self.prefix + name}
        with explained(self.prefix + name):
            try:
                self.client.delete_object(**asked, **({} if version is None else {"IfMatch": version}))
            except Exception as error:
                if version is None or _code(error) not in _UNKNOWN:
                    raise
                self.client.delete_object(**asked)

    def write(self, name: str, content: bytes, stable_id: str) -> bool:
        """Write an object that is not there yet; False: there is one. The server checks the bytes by their MD5 before they count."""
        asked: dict[str, Any] = {"Bucket": self.name, "Key": self.prefix + name, "Body": content, "ContentMD5": _md5(content)}
        if stable_id.isascii() and stable_id.isprintable():
            asked["Metadata"] = {"udihub-id": stable_id}
        with explained(self.prefix + name):
            try:
                self.client.put_object(**asked, IfNoneMatch="*")
            except Exception as error:
                if _code(error) in _CHANGED:
                    return False
                if _code(error) not in _UNKNOWN:
                    raise
                self.client.put_object(**asked)
        return True


class ChangedError(RetriableError):
    """Another version is there than the one that was meant."""


class S3:
    """The transport `s3`."""

    name = "s3"
    settings = _SETTINGS
    needs = frozenset({"bucket"})

    def __init__(self) -> None:
        self._looks = Looks()
        self._clients: dict[str, Any] = {}
        self._lock = Lock()

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for an address that is none, or words that mean nothing."""
        _address(settings)
        _waiting(settings)

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str:
        """List the folder, which proves bucket and credentials; whether we may write there is not tried. Raises as `fetch` does."""
        bucket = self._bucket(settings)
        count = sum(not entry.name.startswith(".") for entry, _ in bucket.entries())
        return f"{bucket.name} lets us in, {count} objects in {bucket.prefix or 'it'}"

    def fetch(self, settings: Mapping[str, Any]) -> Iterator[Delivered]:
        """Objects of the folder, oldest first. Raises ConfigError when the bucket does not exist or we may not list it."""
        bucket, waiting = self._bucket(settings), _waiting(settings)
        versions: dict[Entry, str] = {}

        def look() -> list[Entry]:
            versions.clear()
            versions.update(bucket.entries())
            return list(versions)

        for entry in self._looks.ready(f"{settings.get('url')} {bucket.name}/{bucket.prefix}", waiting, look, lambda: bucket.clock):
            yield _delivered(entry, versions[entry])

    def open(self, settings: Mapping[str, Any], delivered: Delivered) -> BinaryIO:
        """The object's bytes from a temporary file. A download that breaks goes on where it stopped, as the same version."""
        bucket, version = self._bucket(settings), _version(delivered)
        received = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # the caller closes it
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    if delivered.size > received.tell() or delivered.size == 0:
                        for piece in bucket.read(delivered.name, version, received.tell()):
                            received.write(piece)
                    break
                except (ChangedError, FileNotFoundError) as error:
                    raise RetriableError(f"{bucket.name}: {bucket.prefix}{delivered.name} changed since it was seen") from error
                except RetriableError:
                    if attempt == _ATTEMPTS:
                        raise
            if received.tell() != delivered.size:
                raise RetriableError(f"{bucket.name}: {delivered.name}: {received.tell()} of {delivered.size} bytes came")
            received.seek(0)
        except BaseException:
            received.close()
            raise
        return received

    def settle(self, settings: Mapping[str, Any], delivered: Delivered) -> None:
        """Copy and delete, or delete, the object and its mark. One that is gone, or another under the same name, is left as it is."""
        bucket, waiting, version = self._bucket(settings), _waiting(settings), _version(delivered)
        there = bucket.look(delivered.name)
        if there is None or there[1] != version:
            return
        with suppress(ChangedError, FileNotFoundError):  # a new one came under that name meanwhile: it is fetched by itself
            if waiting.settle == "move":
                target = f"{waiting.done_folder}/{delivered.name}"
                kept = bucket.look(target)
                if kept is not None and kept != there:
                    target = f"{target}~{delivered.delivery_key.rsplit('|', 2)[1]}-{there[0]}"
                if kept != there:
                    bucket.copy(delivered.name, version, target)
            bucket.remove(delivered.name, version)
        if waiting.ready == "mark":
            bucket.remove(delivered.name + waiting.mark)

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Write the object and return its name; durable when the server says so. The same bytes again change nothing.

        Raises ConflictError when other bytes wait under that name.
        """
        bucket = self._bucket(settings)
        there = bucket.look(safe_name(name))  # asked before, for there are servers that overlook the condition
        if there is None and bucket.write(name, content, stable_id):
            return f"{name}, {len(content)} bytes"
        there = there or bucket.look(name)
        if there is None:
            raise RetriableError(f"{bucket.name}: {name} was taken away meanwhile")
        if there[0] != len(content) or b"".join(bucket.read(name, there[1], 0)) != content:
            raise ConflictError(f"another {name} waits there")
        return f"{name}, {len(content)} bytes, was there"

    def _bucket(self, settings: Mapping[str, Any]) -> Bucket:
        refuse_unknown(settings, _SETTINGS, self.name)
        url, words = _address(settings), [secret(settings, name) for name in ("access_key", "secret_key", "session_token")]
        if not words[0] or not words[1]:
            raise ConfigError("transport s3: name the credentials by access_key_env|_file and secret_key_env|_file")
        kept = [settings.get(name) for name in ("region", "addressing", "timeout_seconds")]
        trusted = _trusted(settings)
        written = Path(trusted).stat().st_mtime_ns if isinstance(trusted, str) else None
        key = sha256(repr((url, words, kept, trusted, written)).encode()).hexdigest()
        with self._lock:  # making one reads all that is known of S3, which takes longer than to ask it
            if key not in self._clients:
                self._clients[key] = _client(settings, url, words, trusted)
            return Bucket(settings, self._clients[key])


def _client(settings: Mapping[str, Any], url: str | None, words: list[str | None], trusted: str | bool) -> Any:
    try:
        import botocore.session
        from botocore.config import Config
    except ImportError as error:
        raise ConfigError("transport s3 needs the extra `s3`: pip install 'udihub[s3]'") from error
    timeout = seconds(settings, "timeout_seconds", 30)
    config = Config(
        signature_version="s3v4",
        connect_timeout=timeout,
        read_timeout=timeout,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        s3={"addressing_style": str(settings.get("addressing", "virtual" if url is None else "path")), "payload_signing_enabled": True},
        proxies={},
        ignore_configured_endpoint_urls=True,
        request_checksum_calculation="when_required",  # newer sums are known to Amazon alone; MD5 is known to all
        response_checksum_validation="when_required",
    )
    session = botocore.session.Session(session_vars={**_NO_FILES, "profile": (None, None, None, None)})
    return session.create_client(
        "s3",
        region_name=str(settings.get("region", "us-east-1")),
        endpoint_url=url,
        aws_access_key_id=words[0],
        aws_secret_access_key=words[1],
        aws_session_token=words[2],
        verify=trusted,
        config=config,
    )


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Errors of S3 as the hub's. What is not there is a FileNotFoundError."""
    try:
        yield
    except (HubError, FileNotFoundError, GeneratorExit):
        raise
    except Exception as error:
        raise _meant(error, what) from error


def _meant(error: Exception, what: str) -> Exception:
    code, status = _code(error), _status(error)
    text = f"{what}: {error}"
    if code is None:
        mistaken = type(error).__name__ in ("ParamValidationError", "InvalidRegionError", "UnsupportedS3ConfigurationError")
        return ConfigError(text) if mistaken else RetriableError(text)
    if code in _GONE and code != "NoSuchBucket":
        return FileNotFoundError(what)
    if code in _CHANGED:
        return ChangedError(text)
    if code in _BUSY:
        return BusyError(text, 0)
    if status >= 500 or code in ("RequestTimeout", "OperationAborted"):
        return RetriableError(text)
    if status in (301, 401, 403, 404) or code == "NoSuchBucket":
        return ConfigError(text)
    return RefusedError(text)


def _code(error: Exception) -> str | None:
    """What S3 calls an error; None where it is none of S3's."""
    answer = getattr(error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, Mapping) else None


def _status(error: Exception) -> int:
    answer = getattr(error, "response", None)
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) if isinstance(answer, Mapping) else 0


def _address(settings: Mapping[str, Any]) -> str | None:
    if settings.get("addressing", "path") not in ("path", "virtual"):
        raise ConfigError(f"addressing is path or virtual, not {settings['addressing']!r}")
    if settings.get("url") is None:
        return None
    url: httpx.URL = base_of(str(settings["url"]), settings)
    return str(url)


def _trusted(settings: Mapping[str, Any]) -> str | bool:
    """The file of authorities: the site's, else the system's."""
    given = settings.get("ca_file")
    if given is not None:
        if not Path(str(given)).is_file():
            raise ConfigError(f"ca_file: {given} is no file")
        return str(given)
    return ssl.get_default_verify_paths().cafile or True


def _waiting(settings: Mapping[str, Any]) -> Waiting:
    return Waiting.of({"ready": "rename", **settings})


def _delivered(entry: Entry, version: str) -> Delivered:
    """Its key also holds the version, for times are of whole seconds."""
    seen = entry.delivered()
    return Delivered(seen.name, f"{seen.delivery_key}|{version}", seen.size, seen.modified_at)


def _version(delivered: Delivered) -> str:
    if hostile(delivered.name):
        raise RefusedError(f"{delivered.name!r} is no name for an object")
    return delivered.delivery_key.rpartition("|")[2]


def _md5(content: bytes) -> str:
    return b64encode(md5(content, usedforsecurity=False).digest()).decode()


def _clock(page: Mapping[str, Any]) -> float | None:
    told = page.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        return None if told is None else parsedate_to_datetime(told).timestamp()
    except ValueError:
        return None


def _nanoseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1000) * 1_000_000


TRANSPORT = S3()
