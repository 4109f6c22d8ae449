"""Whose word an answer by HTTP is: the peer's own, or that of whatever stands before it.

A sign-on that redirects, a gateway that knows no such address, a maintenance page: none of them has seen the document, so none of them can
take it or refuse it. What they answer is a failure of the way, which is tried again. A page of HTML is the peer's own word only where the
site says so (`answers_html`), since interfaces for programs answer with none; SAP's port for IDocs is one that does.
"""

from __future__ import annotations

import re

_BLANK = b"\xef\xbb\xbf \r\n\t"
_PAGE = re.compile(rb"(?:<\?xml[^>]*\?>|<!--.*?-->|\s)*<(?:!doctype\s+html|html|head|body|title|h1|center)\b", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_LOOKED_AT = 2048
_DECIDES_ALONE = (401, 403, 413)
"""Statuses that say what to do, whoever says them: a person lets us in, or less is sent at once."""


def is_page(content: bytes) -> bool:
    """Whether a body is a page of HTML, whatever its media type says.

    >>> is_page(b"<!DOCTYPE html><html>"), is_page(b'{"html": 1}'), is_page(b"<response/>")
    (True, False, False)
    """
    return _PAGE.match(content[:_LOOKED_AT].lstrip(_BLANK)) is not None


def is_html(media_type: str, content: bytes) -> bool:
    """Whether an answer is HTML, by its bytes or by its media type; JSON under the name of HTML, as some frameworks send it, is none.

    >>> is_html("text/html", b""), is_html("text/html; charset=utf-8", b'{"code": 0}')
    (True, False)
    """
    if is_page(content):
        return True
    said = media_type.partition(";")[0].strip().lower()
    return said in ("text/html", "application/xhtml+xml") and content.lstrip(_BLANK)[:1] not in (b"{", b"[")


def title(content: bytes) -> str:
    """What a page calls itself, or nothing; whole, for secrets are taken out before it is cut."""
    found = _TITLE.search(content[: 4 * _LOOKED_AT].decode("utf-8", "replace"))
    return " ".join(found[1].split()) if found is not None else ""


def of_the_way(status: int, media_type: str, content: bytes) -> bool:
    """Whether a failure is not the peer's own word: a redirect, HTML, or a 404 or 405 that is neither JSON nor XML.

    >>> of_the_way(302, "", b""), of_the_way(404, "text/plain", b"default backend - 404"), of_the_way(404, "application/json", b"{}")
    (True, True, False)
    """
    if status < 300 or status >= 500 or status in _DECIDES_ALONE:
        return False
    if status < 400:
        return True
    if is_html(media_type, content):
        return True
    return status in (404, 405) and not _is_spoken(media_type, content)


def _is_spoken(media_type: str, content: bytes) -> bool:
    """Whether an answer is of a kind that interfaces for programs answer: JSON or XML."""
    said, begins = media_type.partition(";")[0].strip().lower(), content.lstrip(_BLANK)[:1]
    return said.endswith(("json", "xml")) or begins in (b"{", b"[", b"<")
