"""A look at the first control record of bytes that are not read, or cannot be: enough to know whose they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

from connectors.feed_reading import sniffable
from connectors.formats.idoc.grammar import CONTROL, tables_for
from connectors.spec import STRICT

_CONTROL = re.compile(r"<EDI_DC40\b[^>]*>(.{0,8000}?)</EDI_DC40>", re.DOTALL)
_FIELD = re.compile(r"<([A-Z0-9]{3,7})>\s*([^<]{0,70}?)\s*</\1>")


def control_in(text: str) -> Mapping[str, str]:
    """What can be seen of the first control record of an XML document; nothing where there is none."""
    found = _CONTROL.search(text[:16_384])
    return {name: said for name, said in _FIELD.findall(found[1]) if said.isprintable()} if found is not None else {}


def control_at_head(head: bytes) -> Mapping[str, str]:
    """The same of the head of a document in either representation. Numbers and partners are ASCII, whatever the charset is."""
    bare = sniffable(head)
    text = bare.decode("latin-1")
    if not text.startswith(CONTROL):
        return control_in(text)
    line = bare.splitlines()[0].decode("utf-8", "replace")
    return {name: line[start:stop].strip() for name, start, stop in tables_for(STRICT).segments[CONTROL].columns}
