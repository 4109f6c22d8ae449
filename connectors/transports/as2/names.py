"""AS2 names, Message-IDs and algorithms as they stand in headers (RFC 4130 sections 6.2 and 7.3, RFC 5751 section 3.4.3.2)."""

from __future__ import annotations

import re
from hashlib import sha256

DIGESTS = {"sha1": "sha1", "sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}
"""Digests by our own word, and their name in `micalg` and receipts."""
_NAME = re.compile(r"[\x20-\x7e]{1,128}")
_MESSAGE_ID = re.compile(r"<?([\x21-\x3b\x3d\x3f-\x7e]{1,998})>?")


def quoted(name: str) -> str:
    """A name as it stands in AS2-From and AS2-To: in quotes where it holds a blank, a quote or a backslash.

    >>> quoted('Nova "Med"')
    '"Nova \\\\"Med\\\\""'
    """
    if not re.search(r'[\s"\\]', name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def plain(header: str | None) -> str | None:
    """The name that a header holds; None when it is none: printable ASCII, 1 to 128 characters, case counts."""
    text = (header or "").strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    return text if _NAME.fullmatch(text) else None


def message_id(header: str | None) -> str | None:
    """A Message-ID without its brackets; None when it is none."""
    found = _MESSAGE_ID.fullmatch((header or "").strip())
    return found[1] if found else None


def own_message_id(stable_id: str, content: bytes, ours: str, refused: int = 0) -> str:
    """The Message-ID of what we send: the same whenever the same parcel is sent again (RFC 4130bis: a retry reuses it).

    The content takes part, so that a hub that begins anew with its numbers does not repeat what a partner has seen. `refused`: how many
    times a receipt said no; behind each the next one is another message.
    """
    host = re.sub(r"[^A-Za-z0-9.-]+", "-", ours).strip(".-") or "udihub"
    again = b"" if refused == 0 else b"/%d" % refused
    return f"{sha256(stable_id.encode() + b'/' + sha256(content).digest() + again).hexdigest()[:40]}@{host}"


def digest_named(text: str | None) -> str | None:
    """Our word for a digest as headers and receipts spell it: `sha-256`, `SHA256`, `rsa-sha1` of old products; None for others.

    >>> digest_named(" SHA-256 ")
    'sha256'
    """
    word = re.sub(r"[^a-z0-9]", "", (text or "").lower()).removeprefix("rsa")
    return word if word in DIGESTS else None
