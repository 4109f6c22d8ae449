"""What every HTTP peer has in common, called or asked: a plain address, whom we trust, and how long it wants to be left alone."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx

from data_contracts.errors import ConfigError, RetriableError

_PIECE = 64 * 1024


def plain_address(text: str) -> httpx.URL:
    """The address that a site states. Raises ConfigError for one that holds a user or a fragment, or is none of HTTP."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise ConfigError(f"url: {text!r}: {error}") from error
    if url.scheme not in ("https", "http") or not url.host or url.userinfo or url.fragment:
        raise ConfigError(f"url: {text!r} is no plain http address (scheme, host, no user, no fragment)")
    return url


def trusted(settings: Mapping[str, Any]) -> ssl.SSLContext:
    """The system's authorities or those in `ca_file`, and with `certificate_file` and `key_file` who we are. Raises ConfigError."""
    path, certificate, key = (
        None if settings.get(name) is None else str(settings[name]) for name in ("ca_file", "certificate_file", "key_file")
    )
    system = ssl.get_default_verify_paths()
    files = [*([path] if path is not None else [system.cafile, system.capath]), certificate, key]
    try:
        return _context(path, certificate, key, tuple(Path(file).stat().st_mtime_ns for file in files if file is not None))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"ca_file: {path}: {error}" if certificate is None else f"certificate_file: {certificate}: {error}") from error


@lru_cache(maxsize=16)
def _context(path: str | None, certificate: str | None, key: str | None, _written: tuple[int, ...]) -> ssl.SSLContext:
    """Kept, for all certificates of a system take longer to read than a request; files that change are read anew."""
    context = ssl.create_default_context(cafile=path)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def unreached(error: httpx.HTTPError) -> str:
    """Why a peer was not reached, and what to do where nobody whom we trust signed its certificate."""
    why = str(error) or type(error).__name__
    return f"{why}; ca_file names who signed its certificate" if "CERTIFICATE_VERIFY_FAILED" in why else why


def retry_after(headers: httpx.Headers, now: float) -> float | None:
    """Seconds for which a peer asks us to wait (RFC 9110, 10.2.3): a number, or a moment by its own clock (`Date`), else by ours, `now`
    (seconds since 1970). None: it says nothing that can be used.
    """
    stated = headers.get("retry-after", "").strip()
    if stated.isascii() and stated.isdigit():
        return float(stated[:9])
    until = _moment(stated)
    return None if until is None else max(0.0, until - (_moment(headers.get("date", "")) or now))


def unpacked(response: httpx.Response) -> Iterator[bytes]:
    """The pieces of a body, unpacked where it is packed (gzip, deflate), none of them larger than 64 KiB however small it was.

    We ask for none to be packed. Tryton 8.2 calls an answer of more than 1,400 characters gzip all the same and sends it as it is
    (protocols/jsonrpc.py), so the bytes decide. Raises RetriableError for what is neither.
    """
    said = response.headers.get("content-encoding", "identity").strip().lower()
    pieces = response.iter_raw(_PIECE)
    first = next(pieces, b"")
    if not first:
        return  # of nothing there is nothing to unpack, whatever its header says (RFC 9110, 15.3.5)
    if said in ("", "identity") or first[:1] in (b"{", b"[", b"<"):
        yield first
        yield from pieces
        return
    if said not in ("gzip", "x-gzip", "deflate"):
        raise RetriableError(f"{response.url.host}: the answer is packed as {said[:40]!r}, which nobody asked for")
    bare = said == "deflate" and (first[0] & 0x0F != 8 or int.from_bytes(first[:2]) % 31 != 0)  # IIS leaves off the head of RFC 1950
    opened, rest = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32), first
    try:
        while rest := rest or next(pieces, b""):
            if opened.eof:  # one stream behind the other is one body
                opened = zlib.decompressobj(zlib.MAX_WBITS | 32)
            yield opened.decompress(rest, _PIECE)
            rest = opened.unused_data if opened.eof else opened.unconsumed_tail
        yield opened.flush()
    except zlib.error as error:
        raise RetriableError(f"{response.url.host}: the answer is no {said}") from error
    if not opened.eof:
        raise RetriableError(f"{response.url.host}: the answer ends in the middle")


def _moment(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
