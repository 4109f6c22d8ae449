"""The root element of a document, out of its first bytes: its name and namespace say what the document is."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ROOT = re.compile(rb"<([A-Za-z_][^\s/>]{0,200})([^<>]{0,60000})>")
_BEFORE = re.compile(rb"\s*(?:<\?[^>]{0,4000}\?>|<!--.*?-->|<!DOCTYPE[^>\[]{0,4000}>)", re.DOTALL)
_DECLARED = re.compile(rb"\sxmlns(?::([^\s=]{1,200}))?\s*=\s*(?:\"([^\"]{0,2000})\"|'([^']{0,2000})')")


@dataclass(frozen=True, slots=True)
class RootTag:
    """Local name and namespace of the root, and every namespace that its tag declares."""

    local: str
    namespace: str | None
    declared: frozenset[str]


def root_tag(head: bytes) -> RootTag | None:
    """The root element's tag; None where none is complete here. Whether it is well-formed, the parser says."""
    at = 0
    while (before := _BEFORE.match(head, at)) is not None:
        at = before.end()
    match = _ROOT.match(head, at + len(head[at:]) - len(head[at:].lstrip()))
    if match is None:
        return None
    prefix, _, local = match[1].rpartition(b":")
    declared = {
        found[1] or b"": (found[2] if found[2] is not None else found[3]).decode("utf-8", "replace")
        for found in _DECLARED.finditer(match[2])
    }
    return RootTag(local.decode("utf-8", "replace"), declared.get(prefix) or None, frozenset(declared.values()))
