"""A bucket of S3 that is as strict as Amazon's documents say, for whoever claims to speak S3.

Every request must be signed by AWS Signature Version 4 over what came on the wire: path as it is encoded, sorted query, signed headers
(host and all x-amz-*), the body's own hash, a time within 15 minutes. Lists are capped at `most` keys whatever is asked and go on by an
opaque token; times are of whole seconds; conditions (`If-Match`, `If-None-Match: *`, those of a copy) hold; a `Content-MD5` that does not
fit is refused. `faults` are what the next requests meet; `overlooks` are conditions that the server does not know, as older ones do not.
"""

from __future__ import annotations

import hmac
import re
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

ACCESS, SECRET, REGION, BUCKET = "AKIAHUB", "geheim/+冷", "cn-north-1", "exchange"
_SKEW = 900
_SCOPE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


@dataclass
class Stored:
    """An object."""

    content: bytes
    modified: float
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{md5(self.content).hexdigest()}"'


@dataclass
class S3Peer:
    """What lies in the bucket, and how it behaves."""

    objects: dict[str, Stored] = field(default_factory=dict)
    most: int = 1000
    faults: list[str] = field(default_factory=list)
    """`503`, `500`, `cut` (half of a body), each for one request."""
    overlooks: set[str] = field(default_factory=set)
    """`if-none-match`, `if-match`: not known and passed over; `refuses`: told to be not implemented."""
    before: Callable[[str, str], None] | None = None
    """Called with method and key before each request: what somebody else does meanwhile."""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, key: str, content: bytes, at: float | None = None) -> None:
        self.objects[key] = Stored(content, time.time() if at is None else at)


def bucket_of(peer: S3Peer, **more: Any) -> dict[str, Any]:
    """Settings of the transport `s3` for a folder of the bucket; the credentials stand in S3_ACCESS and S3_SECRET."""
    named = {"access_key_env": "S3_ACCESS", "secret_key_env": "S3_SECRET", "region": REGION}
    return {"use": "s3", "url": peer.url, "bucket": BUCKET, "folder": "partner/out", **named, "timeout_seconds": 5, **more}


class RefusalError(Exception):
    """An answer that is an error: status and Amazon's word for it."""

    def __init__(self, status: int, code: str, text: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.text = status, code, text


class S3Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    peer: S3Peer

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def handle_expect_100(self) -> bool:
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.peer.asked.append(f"{self.command} {self.path}")
        fault = self.peer.faults.pop(0) if self.peer.faults else ""
        try:
            proved(self, parts.path, parts.query, body)
            if fault in ("500", "503"):
                raise RefusalError(int(fault), "InternalError" if fault == "500" else "SlowDown")
            bucket, _, key = unquote(parts.path[1:]).partition("/")
            if bucket != BUCKET:
                raise RefusalError(404, "NoSuchBucket")
            if self.peer.before is not None:
                self.peer.before(self.command, key)
            status, headers, content = self._done(key, query, body)
        except RefusalError as error:
            text = f"<Error><Code>{error.code}</Code><Message>{escape(error.text or error.code)}</Message></Error>"
            status, headers, content = error.status, {"Content-Type": "application/xml"}, text.encode()
        self.send_response(status)
        size = headers.pop("Content-Length", str(len(content)))
        for name, value in {**headers, "Content-Length": size, "x-amz-request-id": "1"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            if fault == "cut" and status < 300:
                content = content[: len(content) // 2]
                self.close_connection = True
            self.wfile.write(content)

    def _done(self, key: str, query: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if key == "":
            if self.command == "GET" and "location" in query:
                return 200, {}, f"<LocationConstraint>{REGION}</LocationConstraint>".encode()
            if self.command == "GET" and query.get("list-type") == "2":
                return 200, {"Content-Type": "application/xml"}, self._listed(query)
            if self.command == "HEAD":
                return 200, {}, b""
            raise RefusalError(501, "NotImplemented")
        there = self.peer.objects.get(key)
        if self.command == "PUT":
            return self._put(key, there, body)
        if self.command == "DELETE":
            wanted = self._condition("If-Match", "if-match")
            if wanted is not None and there is None:
                raise RefusalError(404, "NoSuchKey")
            if wanted is not None and there is not None and wanted != there.etag:
                raise RefusalError(412, "PreconditionFailed")
            self.peer.objects.pop(key, None)
            return 204, {}, b""
        if there is None:
            raise RefusalError(404, "NoSuchKey")
        if self.headers.get("If-Match") not in (None, there.etag):
            raise RefusalError(412, "PreconditionFailed")
        headers = {"ETag": there.etag, "Last-Modified": formatted(there.modified), "Accept-Ranges": "bytes"}
        headers |= {f"x-amz-meta-{name}": value for name, value in there.metadata.items()}
        if self.command == "HEAD":
            return 200, {**headers, "Content-Length": str(len(there.content))}, b""
        if (part := self.headers.get("Range")) is not None:
            start = int(re.fullmatch(r"bytes=(\d+)-\d*", part)[1])  # type: ignore[index]
            if start >= len(there.content):
                raise RefusalError(416, "InvalidRange")
            place = f"bytes {start}-{len(there.content) - 1}/{len(there.content)}"
            return 206, {**headers, "Content-Range": place}, there.content[start:]
        return 200, headers, there.content

    def _put(self, key: str, there: Stored | None, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if (source := self.headers.get("x-amz-copy-source")) is not None:
            found = self.peer.objects.get(unquote(source).lstrip("/").partition("/")[2])
            if found is None:
                raise RefusalError(404, "NoSuchKey")
            if self.headers.get("x-amz-copy-source-if-match") not in (None, found.etag):
                raise RefusalError(412, "PreconditionFailed")
            self.peer.objects[key] = Stored(found.content, time.time(), dict(found.metadata))
            return 200, {}, f"<CopyObjectResult><ETag>{found.etag}</ETag></CopyObjectResult>".encode()
        if self._condition("If-None-Match", "if-none-match") == "*" and there is not None:
            raise RefusalError(412, "PreconditionFailed")
        stated = self.headers.get("Content-MD5")
        if stated is not None and b64decode(stated) != md5(body).digest():
            raise RefusalError(400, "BadDigest")
        named = {name.lower()[11:]: value for name, value in self.headers.items() if name.lower().startswith("x-amz-meta-")}
        self.peer.objects[key] = made = Stored(body, time.time(), named)
        return 200, {"ETag": made.etag}, b""

    def _condition(self, name: str, word: str) -> str | None:
        stated = self.headers.get(name)
        if stated is not None and "refuses" in self.peer.overlooks:
            raise RefusalError(501, "NotImplemented", f"A header you provided implies functionality that is not implemented: {name}")
        return None if word in self.peer.overlooks else stated

    def _listed(self, query: dict[str, str]) -> bytes:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = b64decode(query["continuation-token"]).decode() if "continuation-token" in query else query.get("start-after", "")
        most = min(int(query.get("max-keys", "1000")), self.peer.most)
        names: list[tuple[str, bool]] = []
        for key in sorted(self.peer.objects, key=lambda one: one.encode()):
            if not key.startswith(prefix):
                continue
            rest = key[len(prefix) :]
            together = prefix + rest[: rest.index(delimiter) + 1] if delimiter and delimiter in rest else None
            if (together or key) > after and (not names or names[-1][0] != together):
                names.append((together or key, together is not None))
        shown = names[:most]
        spelled: Callable[[str], str] = (lambda text: quote(text, safe="/")) if query.get("encoding-type") == "url" else escape
        said = [f"<Name>{BUCKET}</Name><KeyCount>{len(shown)}</KeyCount><IsTruncated>{str(len(names) > most).lower()}</IsTruncated>"]
        if query.get("encoding-type"):
            said.append("<EncodingType>url</EncodingType>")
        if len(names) > most:
            said.append(f"<NextContinuationToken>{b64encode(shown[-1][0].encode()).decode()}</NextContinuationToken>")
        for name, is_prefix in shown:
            if is_prefix:
                said.append(f"<CommonPrefixes><Prefix>{spelled(name)}</Prefix></CommonPrefixes>")
                continue
            one = self.peer.objects[name]
            at = datetime.fromtimestamp(int(one.modified), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            said.append(
                f"<Contents><Key>{spelled(name)}</Key><LastModified>{at}</LastModified><ETag>{escape(one.etag)}</ETag>"
                f"<Size>{len(one.content)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            )
        return f'<?xml version="1.0"?><ListBucketResult>{"".join(said)}</ListBucketResult>'.encode()


def proved(request: BaseHTTPRequestHandler, path: str, query: str, body: bytes) -> None:
    """Whether a request is signed as "Authenticating Requests (AWS Signature Version 4)" says. Raises RefusalError."""
    found = _SCOPE.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        raise RefusalError(403, "AccessDenied")
    access, day, region, names, stated = found.groups()
    if access != ACCESS:
        raise RefusalError(403, "InvalidAccessKeyId")
    if region != REGION:
        raise RefusalError(400, "AuthorizationHeaderMalformed", f"expecting '{REGION}'")
    signed = names.split(";")
    told = {name.lower() for name in request.headers if name.lower().startswith("x-amz-")} | {"host"}
    if signed != sorted(signed) or not told <= set(signed):
        raise RefusalError(403, "AccessDenied", "there were headers present in the request which were not signed")
    moment = request.headers.get("x-amz-date", "")
    try:
        at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise RefusalError(403, "AccessDenied", "a valid date is required") from error
    if abs(at.timestamp() - time.time()) > _SKEW or not moment.startswith(day):
        raise RefusalError(403, "RequestTimeTooSkewed")
    payload = request.headers.get("x-amz-content-sha256", "")
    if payload != sha256(body).hexdigest():
        raise RefusalError(400, "XAmzContentSHA256Mismatch")
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parse_qsl(query, keep_blank_values=True))
    headers = "".join(f"{name}:{' '.join(str(request.headers.get(name, '')).split())}\n" for name in signed)
    asked = [request.command, path, "&".join(f"{name}={value}" for name, value in pairs), headers, names, payload]
    scope = f"{day}/{region}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", moment, scope, sha256("\n".join(asked).encode()).hexdigest()))
    key = b"AWS4" + SECRET.encode()
    for word in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, word.encode(), sha256).digest()
    if not hmac.compare_digest(hmac.new(key, text.encode(), sha256).hexdigest(), stated):
        raise RefusalError(403, "SignatureDoesNotMatch")


def formatted(moment: float) -> str:
    return datetime.fromtimestamp(int(moment), UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


@contextmanager
def running_s3(context: Any = None) -> Iterator[S3Peer]:
    """A peer that lives as long as the block; with a TLS context by HTTPS."""
    peer = S3Peer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (S3Handler,), {"peer": peer}))
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    peer.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
