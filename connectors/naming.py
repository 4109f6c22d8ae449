"""Where a document goes, by words of it: `orders/{number}` is a topic of its own for each order."""

from __future__ import annotations

import json
import re
from typing import Any

from connectors.deltas import value_at
from data_contracts.errors import RefusedError

_WORD = re.compile(r"\{([\w.]+)\}")


def named_by(pattern: str, content: bytes, never: str, what: str) -> str:
    """The pattern with its words filled in of the document; no value may hold what matches `never`, for it would be another place.

    Raises RefusedError where the document lacks one, or is no JSON.
    """
    words = set(_WORD.findall(pattern))
    if not words:
        return pattern
    try:
        body: Any = json.loads(content, parse_float=str)
    except ValueError as error:
        raise RefusedError(f"the document is no JSON, so its {what} cannot be made of it") from error
    values = {word: value_at(body, word) for word in words}
    for word, value in values.items():
        if value in (None, "") or isinstance(value, dict | list) or re.search(never, str(value)):
            raise RefusedError(f"the document's {word} cannot be a part of its {what}: {value!r}")
    return _WORD.sub(lambda found: str(values[found[1]]), pattern)
