"""MIME as AS2 needs it: headers read, bytes left exactly as they came, because they were signed so."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

from connectors.transports.as2.faults import UNEXPECTED, FaultError

_HEAD = re.compile(rb"\r?\n\r?\n")
_LONGEST_HEAD = 64 * 1024
_MOST_PARTS = 16
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Entity:
    """Headers and body; `raw` is both, byte for byte."""

    head: Message
    body: bytes
    raw: bytes

    @property
    def media_type(self) -> str:
        """`application/pkcs7-mime`, in small letters; text/plain where nothing is said."""
        return self.head.get_content_type()

    def parameter(self, name: str) -> str:
        """A parameter of Content-Type, in its own letters; empty when there is none."""
        value = self.head.get_param(name)
        return value if isinstance(value, str) else ""

    @property
    def encoding(self) -> str:
        """Content-Transfer-Encoding in small letters; `binary` where nothing is said, as HTTP carries it."""
        return str(self.head.get("Content-Transfer-Encoding", "binary")).strip().lower()

    def content(self) -> bytes:
        """The body without its transfer encoding. Raises FaultError for one that is not what it says."""
        if self.encoding in ("binary", "8bit", "7bit"):
            return self.body
        if self.encoding == "quoted-printable":
            return quopri.decodestring(self.body)
        if self.encoding != "base64":
            raise FaultError(UNEXPECTED, f"Content-Transfer-Encoding {self.encoding[:40]}", "binary, base64")
        try:
            return base64.b64decode(b"".join(self.body.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise FaultError(UNEXPECTED, "the body is no base64") from error

    def is_cms(self, kind: str) -> bool:
        """Whether this is `application/pkcs7-mime` of this smime-type, or says nothing of its type and is asked for as it is."""
        return self.media_type in ("application/pkcs7-mime", "application/x-pkcs7-mime") and (self.parameter("smime-type").lower() == kind)


def read(raw: bytes) -> Entity:
    """Headers, an empty line, the body. Raises FaultError for what has none of these."""
    if raw[:1] in (b"\r", b"\n"):
        head, start = b"", 2 if raw.startswith(b"\r\n") else 1
    else:
        found = _HEAD.search(raw, 0, _LONGEST_HEAD)
        if found is None:
            raise FaultError(UNEXPECTED, "no MIME headers, or very long ones")
        head, start = raw[: found.start()], found.end()
    return Entity(_headers(head), raw[start:], raw)


def of_request(headers: Headers, body: bytes) -> Entity:
    """The entity that an HTTP request or answer is; kept so that `read` gives it back.

    Raises FaultError for headers that would not be read back as they are.
    """
    if any(re.search(r"[\r\n\x00]", name + value) for name, value in headers):
        raise FaultError(UNEXPECTED, "a line end within a header")
    raw = written(headers, body)
    if raw.find(b"\r\n\r\n") > _LONGEST_HEAD - 4:
        raise FaultError(UNEXPECTED, "no MIME headers, or very long ones")
    return read(raw)


def written(headers: Headers, body: bytes) -> bytes:
    """An entity as bytes."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return head.encode("utf-8", "surrogateescape") + b"\r\n" + body


def parts(entity: Entity) -> list[bytes]:
    """The parts of a multipart entity, byte for byte: the line end before a boundary belongs to the boundary (RFC 2046 section 5.1.1).

    Raises FaultError without boundary or end, and for too many of them.
    """
    boundary = entity.parameter("boundary")
    if not boundary or len(boundary) > 200:
        raise FaultError(UNEXPECTED, f"{entity.media_type} without a boundary")
    mark = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    found: list[bytes] = []
    start: int | None = None
    for delimiter in mark.finditer(entity.body):
        if start is not None:
            found.append(entity.body[start : delimiter.start()] if delimiter.start() > start else b"")
        if delimiter[1]:
            return found
        line = re.compile(rb"\r?\n").match(entity.body, delimiter.end())
        start = line.end() if line is not None else len(entity.body)
        if len(found) >= _MOST_PARTS:
            raise FaultError(UNEXPECTED, f"more than {_MOST_PARTS} parts")
    raise FaultError(UNEXPECTED, "the last boundary is missing")


def multipart(boundary: str, members: list[bytes]) -> bytes:
    """The body of a multipart entity."""
    mark = b"--" + boundary.encode()
    return b"".join(mark + b"\r\n" + member + b"\r\n" for member in members) + mark + b"--\r\n"


def canonical(raw: bytes) -> bytes:
    """Every line end as CR LF: what senders sign whose text had others."""
    return re.sub(rb"\r\n|\r|\n", b"\r\n", raw)


def _headers(head: bytes) -> Message:
    return BytesHeaderParser().parsebytes(head + b"\r\n\r\n")
